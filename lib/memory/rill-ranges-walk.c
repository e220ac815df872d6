/* SPDX-License-Identifier: MIT */
#include "memory/rill-ranges-nodes-private.h"

void
rill_ranges_walk (RillRanges         *self,
                  guint32             block,
                  RillRangesWalkFunc  func,
                  gpointer            user_data)
{
  guint64 offset = 0;

  rill_ranges_settle (self);
  for (guint32 i = rill_ranges_get_block (self, block)->anchor; i != NIL; i = self->nodes[i].next)
    {
      const Node *node = &self->nodes[i];

      if (node->end > offset)
        func (block, offset, node->end - offset, TRUE, user_data);
      if (node->gap > 0)
        func (block, node->end, node->gap, FALSE, user_data);
      offset = node->end + node->gap;
    }
}

void
rill_ranges_calculate_block_statistics (RillRanges          *self,
                                        guint32              block,
                                        RillBlockStatistics *statistics)
{
  const Block *counted = rill_ranges_get_block (self, block);

  rill_ranges_settle (self);
  *statistics = (RillBlockStatistics) { .used = counted->used };
  for (guint32 i = counted->anchor; i != NIL; i = self->nodes[i].next)
    {
      guint64 gap = self->nodes[i].gap;

      statistics->n_ranges += i != counted->anchor;
      statistics->n_free_ranges += gap != 0;
      statistics->free += gap;
      statistics->largest_free = MAX (statistics->largest_free, gap);
    }
}

static void
add_part (GArray   *parts,
          guint64   offset,
          guint64   size,
          guint64   handle,
          gboolean  used)
{
  const RillPart part = { .offset = offset, .size = size, .handle = handle, .used = used };

  if (size > 0)
    g_array_append_val (parts, part);
}

GArray *
rill_ranges_list_parts (RillRanges *self,
                        guint32     block)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (RillPart));
  guint64 offset = 0;

  rill_ranges_settle (self);
  for (guint32 i = rill_ranges_get_block (self, block)->anchor; i != NIL; i = self->nodes[i].next)
    {
      const Node *node = &self->nodes[i];

      add_part (parts, offset, node->padding, 0, TRUE);
      offset += node->padding;
      add_part (parts, offset, node->end - offset, get_handle (self, i), TRUE);
      add_part (parts, node->end, node->gap, 0, FALSE);
      offset = node->end + node->gap;
    }
  return parts;
}

guint64
rill_ranges_get_largest_free (RillRanges *self)
{
  rill_ranges_settle (self);
  if (self->strategy == RILL_ALLOCATION_STRATEGY_LINEAR && self->n_ranges > 0)
    return self->nodes[self->cursor].gap;
  for (guint kind = N_KINDS; kind-- > 0;)
    if (self->words[kind] != 0)
      {
        guint word = highest_bit (self->words[kind]);
        guint bin = word * BINS_PER_WORD + highest_bit (self->bins[kind][word]);

        return self->nodes[self->links[kind * N_BINS + bin]].gap;
      }
  return 0;
}

guint64
rill_ranges_get_used (RillRanges *self)
{
  rill_ranges_settle (self);
  return self->used;
}

guint32
rill_ranges_get_n_ranges (RillRanges *self)
{
  rill_ranges_settle (self);
  return self->n_ranges;
}

guint64
rill_ranges_get_block_used (RillRanges *self,
                            guint32     block)
{
  rill_ranges_settle (self);
  return rill_ranges_get_block (self, block)->used;
}

RillAllocationStrategy
rill_ranges_get_strategy (RillRanges *self)
{
  return self->strategy;
}

gboolean
rill_ranges_check_strategy (RillAllocationStrategy   strategy,
                            const char              *what,
                            GError                 **error)
{
  if (strategy == RILL_ALLOCATION_STRATEGY_GENERAL || strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not %s: there is no strategy %d", what, (int) strategy);
  return FALSE;
}
