/* SPDX-License-Identifier: MIT */
#include "memory/rill-suballocator-private.h"

#include <string.h>

/* Free ranges are kept in lists by size: a class for each power of two, cut into 32 equal parts, so that a
 * range found is at most 1/32 larger than what would have sufficed. Sizes up to LINEAR_SIZE have lists
 * that are 16 bytes wide instead. */
#define SUBCLASS_BITS 5
#define N_SUBCLASSES (1u << SUBCLASS_BITS)
#define LINEAR_BITS 9
#define LINEAR_SIZE (1u << LINEAR_BITS)
#define LINEAR_STEP (LINEAR_SIZE / N_SUBCLASSES)
#define N_CLASSES (64 - LINEAR_BITS + 1)

/* One word of bits for the classes, one for the subclasses of each. */
G_STATIC_ASSERT (N_CLASSES <= 64);
G_STATIC_ASSERT (N_SUBCLASSES <= 32);
G_STATIC_ASSERT (LINEAR_STEP == 16);

/* A gap before an aligned range that is at least this large is worth a free range of its own; a smaller one
 * would only lengthen the lists. No alignment of ordinary buffers makes larger gaps than a few of these. */
#define MIN_GAP 64

/* Ranges of a list that are tried as they are before one is taken that fits with any padding. */
#define MAX_CANDIDATES 4

/* The same where the alternative is that there is no room: still much less work than a new block. */
#define MAX_LAST_CANDIDATES 64

#define NONE G_MAXUINT32

typedef enum
{
  NODE_UNUSED,
  NODE_FREE,
  NODE_USED,
} NodeState;

/* A range of a block. prev and next are its neighbours in the block; the others are for the list of free
 * ranges, or next_free for that of unused nodes. */
typedef struct
{
  guint64 offset;
  guint64 size; /* padding included */
  guint32 prev;
  guint32 next;
  guint32 prev_free;
  guint32 next_free;
  guint32 block;
  guint16 padding;
  guint16 state;
} Node;

G_STATIC_ASSERT (sizeof (Node) == 40);

typedef struct
{
  guint32 first; /* node; NONE: there is no such block */
  guint32 n_ranges;
  guint64 size;
  guint64 used;
} Block;

struct _RillSuballocator
{
  Node *nodes;
  guint32 n_nodes;
  guint32 n_allocated;
  guint32 unused; /* first of the list */

  Block *blocks;
  guint32 n_blocks;

  guint64 used;

  guint64 class_bits;
  guint32 subclass_bits[N_CLASSES];
  guint32 lists[N_CLASSES][N_SUBCLASSES];
};

typedef struct
{
  guint class;
  guint subclass;
} Bin;

static inline guint
get_log2 (guint64 size)
{
  return 63u - (guint) __builtin_clzll (size);
}

/* The list that a range of the size belongs to: every range in it is at least as large as its bound. */
static inline Bin
get_bin (guint64 size)
{
  guint log2;

  if (size < LINEAR_SIZE)
    return (Bin) { 0, (guint) size / LINEAR_STEP };
  log2 = get_log2 (size);
  return (Bin) { log2 - LINEAR_BITS + 1, (guint) (size >> (log2 - SUBCLASS_BITS)) & (N_SUBCLASSES - 1) };
}

/* The first list all of whose ranges are at least as large as the size. */
static inline Bin
get_sufficient_bin (guint64 size)
{
  guint64 step = size < LINEAR_SIZE ? LINEAR_STEP : (guint64) 1 << (get_log2 (size) - SUBCLASS_BITS);

  return get_bin (size + step - 1);
}

/* The first list that is not empty from the bin on. */
static inline gboolean
find_list (RillSuballocator *self,
           Bin              *bin)
{
  guint32 subclasses = self->subclass_bits[bin->class] & (~0u << bin->subclass);
  guint64 classes;

  if (subclasses == 0)
    {
      classes = bin->class + 1 < 64 ? self->class_bits & (~(guint64) 0 << (bin->class + 1)) : 0;
      if (classes == 0)
        return FALSE;
      bin->class = (guint) __builtin_ctzll (classes);
      subclasses = self->subclass_bits[bin->class];
    }
  bin->subclass = (guint) __builtin_ctz (subclasses);
  return TRUE;
}

static inline void
link_free (RillSuballocator *self,
           guint32           index)
{
  Node *node = &self->nodes[index];
  Bin bin = get_bin (node->size);
  guint32 head = self->lists[bin.class][bin.subclass];

  node->state = NODE_FREE;
  node->padding = 0;
  node->prev_free = NONE;
  node->next_free = head;
  if (head != NONE)
    self->nodes[head].prev_free = index;
  self->lists[bin.class][bin.subclass] = index;
  self->subclass_bits[bin.class] |= 1u << bin.subclass;
  self->class_bits |= (guint64) 1 << bin.class;
}

static inline void
unlink_free (RillSuballocator *self,
             guint32           index)
{
  const Node *node = &self->nodes[index];

  if (node->next_free != NONE)
    self->nodes[node->next_free].prev_free = node->prev_free;
  if (node->prev_free != NONE)
    {
      self->nodes[node->prev_free].next_free = node->next_free;
      return;
    }

  Bin bin = get_bin (node->size);
  self->lists[bin.class][bin.subclass] = node->next_free;
  if (node->next_free != NONE)
    return;
  self->subclass_bits[bin.class] &= ~(1u << bin.subclass);
  if (self->subclass_bits[bin.class] == 0)
    self->class_bits &= ~((guint64) 1 << bin.class);
}

static void
grow_nodes (RillSuballocator *self)
{
  g_assert (self->n_allocated < NONE / 2);
  self->n_allocated = MAX (64, self->n_allocated * 2);
  self->nodes = g_renew (Node, self->nodes, self->n_allocated);
}

/* Pointers to nodes do not survive it. */
static inline guint32
take_node (RillSuballocator *self)
{
  guint32 index = self->unused;

  if (index != NONE)
    {
      self->unused = self->nodes[index].next_free;
      return index;
    }
  if (G_UNLIKELY (self->n_nodes == self->n_allocated))
    grow_nodes (self);
  return self->n_nodes++;
}

static inline void
give_node (RillSuballocator *self,
           guint32           index)
{
  self->nodes[index].state = NODE_UNUSED;
  self->nodes[index].next_free = self->unused;
  self->unused = index;
}

RillSuballocator *
rill_suballocator_new (void)
{
  RillSuballocator *self = g_new0 (RillSuballocator, 1);

  self->unused = NONE;
  memset (self->lists, 0xff, sizeof (self->lists));
  return self;
}

void
rill_suballocator_free (RillSuballocator *self)
{
  g_free (self->nodes);
  g_free (self->blocks);
  g_free (self);
}

static Block *
get_block (RillSuballocator *self,
           guint32           block)
{
  g_assert (block < self->n_blocks && self->blocks[block].first != NONE);
  return &self->blocks[block];
}

void
rill_suballocator_add_block (RillSuballocator *self,
                             guint32           block,
                             guint64           size)
{
  guint32 index;

  g_assert (size > 0 && size <= G_MAXINT64);
  if (block >= self->n_blocks)
    {
      guint32 n = MAX (block + 1, self->n_blocks * 2);
      self->blocks = g_renew (Block, self->blocks, n);
      for (guint32 i = self->n_blocks; i < n; i++)
        self->blocks[i] = (Block) { .first = NONE };
      self->n_blocks = n;
    }
  g_assert (self->blocks[block].first == NONE);

  index = take_node (self);
  self->nodes[index] = (Node) { .size = size, .prev = NONE, .next = NONE, .block = block };
  link_free (self, index);
  self->blocks[block] = (Block) { .first = index, .size = size };
}

void
rill_suballocator_remove_block (RillSuballocator *self,
                                guint32           block)
{
  Block *removed = get_block (self, block);

  g_assert (removed->n_ranges == 0);
  unlink_free (self, removed->first);
  give_node (self, removed->first);
  *removed = (Block) { .first = NONE };
}

/* Whether a range of the size at the alignment fits, and where. */
static inline gboolean
fits (const Node *node,
      guint64     size,
      guint64     alignment,
      guint64    *offset)
{
  *offset = (node->offset + alignment - 1) & ~(alignment - 1);
  return *offset - node->offset <= node->size && size <= node->size - (*offset - node->offset);
}

static inline guint32
try_list (RillSuballocator *self,
          Bin               bin,
          guint64           size,
          guint64           alignment,
          guint             max_candidates,
          guint64          *offset)
{
  guint32 index = self->lists[bin.class][bin.subclass];

  for (guint i = 0; i < max_candidates && index != NONE; i++)
    {
      if (fits (&self->nodes[index], size, alignment, offset))
        return index;
      index = self->nodes[index].next_free;
    }
  return NONE;
}

/* A free range for the size: from the tightest list if one of its first happens to fit, else from the
 * first whose ranges are large enough but for the padding, else from one where any fits. */
static inline guint32
find_free (RillSuballocator *self,
           guint64           size,
           guint64           alignment,
           guint64          *offset)
{
  Bin tightest = get_bin (size);
  Bin bin = get_sufficient_bin (size);
  guint32 index = try_list (self, tightest, size, alignment, MAX_CANDIDATES, offset);

  if (index == NONE && find_list (self, &bin))
    {
      index = try_list (self, bin, size, alignment, MAX_CANDIDATES, offset);
      if (index != NONE)
        return index;
      bin = get_sufficient_bin (size + alignment - 1);
      if (find_list (self, &bin))
        index = try_list (self, bin, size, alignment, 1, offset);
    }
  if (index == NONE)
    index = try_list (self, tightest, size, alignment, MAX_LAST_CANDIDATES, offset);
  return index;
}

/* Makes a free range of the first @size bytes of the node, and lets the node begin behind it. */
static inline void
split_before (RillSuballocator *self,
              guint32           index,
              guint64           size)
{
  guint32 gap = take_node (self);
  Node *node = &self->nodes[index];

  self->nodes[gap] = (Node) {
    .offset = node->offset, .size = size, .prev = node->prev, .next = index, .block = node->block,
  };
  if (node->prev != NONE)
    self->nodes[node->prev].next = gap;
  else
    self->blocks[node->block].first = gap;
  node->prev = gap;
  node->offset += size;
  node->size -= size;
  link_free (self, gap);
}

/* Cuts the node after @size bytes, and makes a free range of the rest. */
static inline void
split_after (RillSuballocator *self,
             guint32           index,
             guint64           size)
{
  guint32 rest = take_node (self);
  Node *node = &self->nodes[index];

  self->nodes[rest] = (Node) {
    .offset = node->offset + size, .size = node->size - size, .prev = index, .next = node->next,
    .block = node->block,
  };
  if (node->next != NONE)
    self->nodes[node->next].prev = rest;
  node->next = rest;
  node->size = size;
  link_free (self, rest);
}

gboolean
rill_suballocator_allocate (RillSuballocator *self,
                            guint64           size,
                            guint64           alignment,
                            RillRange        *range)
{
  guint64 offset;
  guint32 index;
  Node *node;

  if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0 || size > G_MAXINT64
      || alignment > G_MAXINT64 / 2)
    return FALSE;
  index = find_free (self, size, alignment, &offset);
  if (index == NONE)
    return FALSE;

  unlink_free (self, index);
  if (offset - self->nodes[index].offset >= MIN_GAP)
    split_before (self, index, offset - self->nodes[index].offset);
  node = &self->nodes[index];
  node->padding = (guint16) (offset - node->offset);
  if (node->size > node->padding + size)
    {
      split_after (self, index, node->padding + size);
      node = &self->nodes[index];
    }
  node->state = NODE_USED;

  self->blocks[node->block].n_ranges++;
  self->blocks[node->block].used += size;
  self->used += size;
  *range = (RillRange) {
    .block = node->block,
    .node = index,
    .offset = offset,
    .left_padding = node->padding,
    .size = size,
  };
  return TRUE;
}

/* Joins the node with the one behind it. */
static inline void
absorb_next (RillSuballocator *self,
             guint32           index)
{
  Node *node = &self->nodes[index];
  guint32 gone = node->next;

  node->size += self->nodes[gone].size;
  node->next = self->nodes[gone].next;
  if (node->next != NONE)
    self->nodes[node->next].prev = index;
  give_node (self, gone);
}

gboolean
rill_suballocator_release (RillSuballocator *self,
                           const RillRange  *range)
{
  guint32 index = range->node;
  Node *node = index < self->n_nodes ? &self->nodes[index] : NULL;
  Block *block;

  if (node == NULL || node->state != NODE_USED || node->block != range->block
      || node->offset + node->padding != range->offset || node->size - node->padding != range->size)
    g_error ("released what is not allocated: block %u, offset %" G_GUINT64_FORMAT, range->block, range->offset);

  block = &self->blocks[node->block];
  block->n_ranges--;
  block->used -= range->size;
  self->used -= range->size;

  if (node->next != NONE && self->nodes[node->next].state == NODE_FREE)
    {
      unlink_free (self, node->next);
      absorb_next (self, index);
    }
  if (node->prev != NONE && self->nodes[node->prev].state == NODE_FREE)
    {
      index = node->prev;
      unlink_free (self, index);
      absorb_next (self, index);
    }
  link_free (self, index);
  return block->n_ranges == 0;
}

guint64
rill_suballocator_get_used (RillSuballocator *self)
{
  return self->used;
}

guint64
rill_suballocator_get_block_used (RillSuballocator *self,
                                  guint32           block)
{
  return get_block (self, block)->used;
}

void
rill_suballocator_calculate_block_statistics (RillSuballocator    *self,
                                              guint32              block,
                                              RillBlockStatistics *statistics)
{
  *statistics = (RillBlockStatistics) { 0 };
  for (guint32 i = get_block (self, block)->first; i != NONE; i = self->nodes[i].next)
    {
      const Node *node = &self->nodes[i];
      if (node->state == NODE_USED)
        {
          statistics->n_ranges++;
          statistics->used += node->size - node->padding;
        }
      else
        {
          statistics->n_free_ranges++;
          statistics->free += node->size;
          statistics->largest_free = MAX (statistics->largest_free, node->size);
        }
    }
}

void
rill_suballocator_walk (RillSuballocator         *self,
                        guint32                   block,
                        RillSuballocatorWalkFunc  func,
                        gpointer                  user_data)
{
  guint32 next;

  for (guint32 i = get_block (self, block)->first; i != NONE; i = next)
    {
      const Node *node = &self->nodes[i];
      next = node->next;
      func (block, node->offset, node->size, node->state == NODE_USED, user_data);
    }
}

static const char *
check_block (RillSuballocator *self,
             guint32           block,
             guint            *n_free)
{
  const Block *checked = &self->blocks[block];
  guint64 offset = 0, used = 0;
  guint32 prev = NONE, n_ranges = 0;

  for (guint32 i = checked->first; i != NONE; prev = i, i = self->nodes[i].next)
    {
      const Node *node = &self->nodes[i];
      if (node->offset != offset || node->size == 0)
        return "ranges do not follow one another";
      if (node->prev != prev || node->block != block)
        return "a range does not know its neighbour or its block";
      if (node->state == NODE_UNUSED)
        return "an unused node is part of a block";
      if (node->state == NODE_FREE && prev != NONE && self->nodes[prev].state == NODE_FREE)
        return "two free ranges are not joined";
      offset += node->size;
      n_ranges += node->state == NODE_USED;
      used += node->state == NODE_USED ? node->size - node->padding : 0;
      *n_free += node->state == NODE_FREE;
    }
  if (offset != checked->size)
    return "the ranges do not cover the block";
  if (n_ranges != checked->n_ranges || used != checked->used)
    return "a block's counts are wrong";
  return NULL;
}

static const char *
check_list (RillSuballocator *self,
            guint             class,
            guint             subclass,
            guint            *n_free)
{
  guint32 head = self->lists[class][subclass];

  if ((head != NONE) != ((self->subclass_bits[class] >> subclass & 1) != 0))
    return "a list's bit is wrong";
  for (guint32 i = head, prev = NONE; i != NONE; prev = i, i = self->nodes[i].next_free)
    {
      Bin bin = get_bin (self->nodes[i].size);
      if (self->nodes[i].state != NODE_FREE || self->nodes[i].prev_free != prev)
        return "a list of free ranges is broken";
      if (bin.class != class || bin.subclass != subclass)
        return "a free range is in the wrong list";
      (*n_free)++;
    }
  return NULL;
}

gboolean
rill_suballocator_check (RillSuballocator  *self,
                         char             **message)
{
  const char *broken = NULL;
  guint in_blocks = 0, in_lists = 0;
  guint64 used = 0;

  for (guint32 i = 0; i < self->n_blocks && broken == NULL; i++)
    if (self->blocks[i].first != NONE)
      {
        broken = check_block (self, i, &in_blocks);
        used += self->blocks[i].used;
      }
  for (guint class = 0; class < N_CLASSES && broken == NULL; class++)
    {
      if ((self->subclass_bits[class] != 0) != ((self->class_bits >> class & 1) != 0))
        broken = "a class's bit is wrong";
      for (guint subclass = 0; subclass < N_SUBCLASSES && broken == NULL; subclass++)
        broken = check_list (self, class, subclass, &in_lists);
    }
  if (broken == NULL && in_blocks != in_lists)
    broken = "a free range is in no list";
  if (broken == NULL && used != self->used)
    broken = "the total of used bytes is wrong";
  if (message != NULL)
    *message = g_strdup (broken);
  return broken == NULL;
}
