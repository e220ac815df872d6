/* SPDX-License-Identifier: MIT */
#include "memory/rill-ranges-nodes-private.h"

/* What check() counts on its way, to compare at the end. */
typedef struct
{
  guint64 used;
  guint32 n_nodes;
  guint32 n_ranges;
  guint32 n_gaps; /* that belong into lists */
} Census;

static gboolean
is_listed (const RillRanges *self,
           guint32           index)
{
  return self->strategy != RILL_ALLOCATION_STRATEGY_LINEAR
         || get_kind (&self->nodes[index]) == EMPTY;
}

static const char *
check_node (RillRanges *self,
            guint32     index,
            guint32     prev,
            guint32     block,
            guint64     offset)
{
  const Node *node = &self->nodes[index];

  if (index >= self->n_nodes || (self->lives[index] & 1) != (prev != NIL))
    return "a node in a block is in a life, an anchor is not";
  if (node->prev != prev)
    return "neighbours point at each other";
  if (node->block != block)
    return "a node knows its block";
  if (prev == NIL ? node->end != 0 : node->end <= offset)
    return "an anchor has no size, every other range has one";
  if (prev != NIL && (node->padding >= SPLIT_SIZE || node->padding >= node->end - offset))
    return "padding is a small part of a range";
  if (self->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
    return NULL;
  if (node->gap == 0 && self->links[LINK_PLACE (index)] != LINK_NEXT (NIL))
    return "a gap of no size is in no list";
  return NULL;
}

static const char *
check_block (RillRanges *self,
             guint32     block,
             Census     *census)
{
  const Block *checked = &self->blocks[block];
  guint64 offset = 0, used = 0;
  guint32 prev = NIL, n_ranges = 0;

  for (guint32 i = checked->anchor; i != NIL; prev = i, i = self->nodes[i].next)
    {
      const char *broken = check_node (self, i, prev, block, offset);

      if (broken != NULL)
        return broken;
      if (++census->n_nodes >= self->n_nodes)
        return "the nodes of a block form no circle";
      n_ranges += prev != NIL;
      used += self->nodes[i].end - offset - self->nodes[i].padding;
      census->n_gaps += self->nodes[i].gap != 0 && is_listed (self, i);
      offset = self->nodes[i].end + self->nodes[i].gap;
    }

  if (offset != checked->size)
    return "ranges and gaps cover their block";
  if (checked->used != used || checked->n_ranges != n_ranges)
    return "a block's counts are those of its ranges without padding";
  census->n_ranges += n_ranges;
  census->used += checked->used;
  return NULL;
}

static const char *
check_list (RillRanges *self,
            Kind        kind,
            guint32     bin,
            Census     *census)
{
  guint32 place = kind * N_BINS + bin;
  gboolean bit = (self->bins[kind][bin / BINS_PER_WORD] >> (bin % BINS_PER_WORD)) & 1;

  if (bit != (self->links[place] != NIL))
    return "a bin's bit says whether its list has a node";

  for (guint32 i = self->links[place]; i != NIL; i = self->links[place])
    {
      if (i >= self->n_nodes || self->links[LINK_PLACE (i)] != place)
        return "a node in a list knows the word that points at it";
      if (get_bin (self->nodes[i].gap) != bin || get_kind (&self->nodes[i]) != kind)
        return "a gap is in the list for its size, apart if its block is empty";
      if (census->n_gaps-- == 0)
        return "every gap is in one list";
      place = LINK_NEXT (i);
    }
  return NULL;
}

static const char *
check_lists (RillRanges *self,
             Census     *census)
{
  const char *broken = NULL;

  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      for (guint32 bin = 0; bin < N_BINS && broken == NULL; bin++)
        broken = check_list (self, kind, bin, census);
      for (guint32 word = 0; word < N_WORDS && broken == NULL; word++)
        if (((self->words[kind] >> word) & 1) != (self->bins[kind][word] != 0))
          broken = "a word's bit says whether the word has one";
    }
  if (broken == NULL && census->n_gaps != 0)
    broken = "every gap is in a list";
  return broken;
}

static const char *
check_unused (RillRanges *self,
              Census     *census)
{
  for (guint32 i = self->unused; i != NIL; i = self->nodes[i].next)
    if (i >= self->n_nodes || (self->lives[i] & 1) != 0 || ++census->n_nodes >= self->n_nodes)
      return "a node is unused or in a block, once";
  return census->n_nodes + 1 + self->n_worn == self->n_nodes ? NULL : "no node is lost";
}

/* LINEAR's blocks with ranges, and where it goes on. */
static const char *
check_order (RillRanges *self)
{
  guint32 n_ranges = 0, older = NO_BLOCK;

  for (guint32 i = self->oldest; i != NO_BLOCK; older = i, i = self->blocks[i].newer)
    {
      if (i >= self->n_blocks || self->blocks[i].older != older || self->blocks[i].n_ranges == 0)
        return "blocks with ranges are in their order, and know both neighbours";
      n_ranges += self->blocks[i].n_ranges;
      if (n_ranges > self->n_ranges)
        return "the order of blocks is no circle";
    }
  if (self->newest != older)
    return "the last block in the order is the newest";
  if (self->strategy == RILL_ALLOCATION_STRATEGY_LINEAR && n_ranges != self->n_ranges)
    return "every block with ranges is in the order";
  if (self->cursor == NIL)
    return NULL;
  if (self->cursor >= self->n_nodes || self->nodes[self->cursor].block >= self->n_blocks
      || self->blocks[self->nodes[self->cursor].block].anchor == NIL)
    return "the cursor is in a block";
  if (self->nodes[self->cursor].prev == NIL
        ? self->blocks[self->nodes[self->cursor].block].anchor != self->cursor
        : (self->lives[self->cursor] & 1) == 0)
    return "the cursor is an anchor or a range";
  return NULL;
}

gboolean
rill_ranges_check (RillRanges  *self,
                   char       **message)
{
  const char *broken = NULL;
  Census census = { 0 };

  rill_ranges_settle (self);
  for (guint32 i = 0; i < self->n_blocks && broken == NULL; i++)
    if (self->blocks[i].anchor != NIL)
      broken = check_block (self, i, &census);
  if (broken == NULL)
    broken = check_lists (self, &census);
  if (broken == NULL)
    broken = check_unused (self, &census);
  if (broken == NULL)
    broken = check_order (self);
  if (broken == NULL && (census.used != self->used || census.n_ranges != self->n_ranges))
    broken = "the counts of all blocks add up to the total";
  if (broken == NULL
      && (self->links[LINK_NEXT (NIL)] != NIL || self->nodes[NIL].gap != 0
          || self->lives[NIL] != 0))
    broken = "no node stays no node";

  if (message != NULL)
    *message = broken != NULL ? g_strdup_printf ("broken: %s", broken) : NULL;
  return broken == NULL;
}
