/* SPDX-License-Identifier: MIT */
#include "memory/rill-ranges-nodes-private.h"

#include <string.h>

/* Requests from this size on choose among several gaps. Gaps for them are few and matter: with
 * sizes up to 16 MiB in blocks of 32 MiB it saves up to a tenth of the blocks. Smaller requests find
 * plenty of like gaps, and looking at more than one would only cost cache misses. */
#define CAREFUL_SIZE (G_GUINT64_CONSTANT (64) << 10)
#define N_CANDIDATES 8u

G_STATIC_ASSERT (CAREFUL_SIZE > SPLIT_SIZE);

/* Of blocks, requests and alignments, so that no sum of two overflows. */
#define MAX_SIZE ((guint64) G_MAXINT64)

/* Up to here the nodes fit into a processor's own cache, and fetching them ahead only costs. */
#define MAX_CACHED_NODES (1u << 14)

static inline guint64
get_padding (guint64 offset,
             guint64 alignment)
{
  return -offset & (alignment - 1);
}

static inline void
set_bin (RillRanges *self,
         guint32     head)
{
  guint kind = head / N_BINS, word = head % N_BINS / BINS_PER_WORD;

  self->bins[kind][word] |= G_GUINT64_CONSTANT (1) << (head % BINS_PER_WORD);
  self->words[kind] |= G_GUINT64_CONSTANT (1) << word;
}

static inline void
clear_bin (RillRanges *self,
           guint32     head)
{
  guint kind = head / N_BINS, word = head % N_BINS / BINS_PER_WORD;

  self->bins[kind][word] &= ~(G_GUINT64_CONSTANT (1) << (head % BINS_PER_WORD));
  if (self->bins[kind][word] == 0)
    self->words[kind] &= ~(G_GUINT64_CONSTANT (1) << word);
}

G_STATIC_ASSERT (N_BINS % BINS_PER_WORD == 0);

/* Into the dummy list: the word that points at the node is NIL's own, which stays NIL. */
static inline void
link_nowhere (RillRanges *self,
              guint32     index)
{
  self->links[LINK_NEXT (index)] = NIL;
  self->links[LINK_PLACE (index)] = LINK_NEXT (NIL);
}

/* In front, as what was released last is most likely still in a cache. */
static inline void
link_gap (RillRanges *self,
          guint32     index,
          guint64     gap,
          Kind        kind)
{
  guint32 *links = self->links;
  guint32 head = kind * N_BINS + get_bin (gap);
  guint32 next = links[head];

  links[LINK_NEXT (index)] = next;
  links[LINK_PLACE (index)] = head;
  links[LINK_PLACE (next)] = LINK_NEXT (index);
  links[head] = index;
  if (G_UNLIKELY (next == NIL))
    set_bin (self, head);
}

/* Also right for a node that is linked nowhere. */
static inline void
unlink_gap (RillRanges *self,
            guint32     index)
{
  guint32 *links = self->links;
  guint32 next = links[LINK_NEXT (index)];
  guint32 place = links[LINK_PLACE (index)];

  links[place] = next;
  links[LINK_PLACE (next)] = place;
  if (G_UNLIKELY ((next == NIL) & (place < N_HEADS)))
    clear_bin (self, place);
}

/* Pointers to nodes do not survive it. */
static inline guint32
take_node (RillRanges *self)
{
  guint32 index = self->unused;

  if (G_LIKELY (index != NIL))
    {
      self->unused = self->nodes[index].next;
      return index;
    }
  if (G_UNLIKELY (self->n_nodes == self->capacity))
    rill_ranges_grow (self);
  index = self->n_nodes++;
  if (index == self->n_lives)
    {
      self->lives[index] = self->first_life;
      self->n_lives++;
    }
  return index;
}

static inline void
give_node (RillRanges *self,
           guint32     index)
{
  self->nodes[index].next = self->unused;
  self->unused = index;
}

Block *
rill_ranges_get_block (RillRanges *self,
                       guint32     block)
{
  if (block >= self->n_blocks || self->blocks[block].anchor == NIL)
    g_error ("Ranges: there is no block %u", block);
  return &self->blocks[block];
}

/* Of no node that was ever used. */
static guint32
choose_first_life (void)
{
  static gint n_made; /* (atomic) */

  return ((guint32) g_atomic_int_add (&n_made, 1) * 2654435761u >> 6) & LIFE_MASK & ~1u;
}

RillRanges *
rill_ranges_new (RillAllocationStrategy strategy)
{
  RillRanges *self = g_new0 (RillRanges, 1);

  rill_ranges_grow (self);
  memset (self->links, 0, N_HEADS * sizeof (guint32));
  self->nodes[NIL] = (Node) { .prev = NIL };
  self->lives[NIL] = 0;
  link_nowhere (self, NIL);
  self->n_nodes = 1;
  self->n_lives = 1;
  self->first_life = choose_first_life ();
  self->strategy = strategy;
  self->oldest = NO_BLOCK;
  self->newest = NO_BLOCK;
  return self;
}

void
rill_ranges_set_strategy (RillRanges             *self,
                          RillAllocationStrategy  strategy)
{
  for (guint32 i = 0; i < self->n_blocks; i++)
    g_assert (self->blocks[i].anchor == NIL);
  self->strategy = strategy;
}

static void
add_anchor (RillRanges *self,
            guint32     block,
            guint64     size)
{
  guint32 index = take_node (self);

  self->nodes[index] = (Node) { .gap = size, .block = block };
  self->lives[index] = NEXT_UNUSED_LIFE (self->lives[index]);
  link_gap (self, index, size, EMPTY);
  self->blocks[block] = (Block) { .size = size, .anchor = index };
}

void
rill_ranges_add_block (RillRanges *self,
                       guint32     block,
                       guint64     size)
{
  g_assert (size > 0 && size <= MAX_SIZE);

  if (block >= self->n_blocks)
    {
      guint32 n_blocks = MAX (block + 1, self->n_blocks * 2);

      g_assert (block < G_MAXUINT32 / 2);
      self->blocks = g_renew (Block, self->blocks, n_blocks);
      memset (self->blocks + self->n_blocks, 0, (n_blocks - self->n_blocks) * sizeof (Block));
      self->n_blocks = n_blocks;
    }
  if (self->blocks[block].anchor != NIL)
    g_error ("Ranges: block %u was added twice", block);

  add_anchor (self, block, size);
}

void
rill_ranges_remove_block (RillRanges *self,
                          guint32     block)
{
  Block *removed = rill_ranges_get_block (self, block);

  rill_ranges_settle (self);
  if (removed->n_ranges != 0)
    g_error ("Ranges: block %u was removed with live ranges", block);

  if (self->cursor == removed->anchor)
    self->cursor = NIL;
  unlink_gap (self, removed->anchor);
  give_node (self, removed->anchor);
  *removed = (Block) { .anchor = NIL };
}

/* Every handle goes stale by this: the nodes are dropped, and their lives go on from where they are. */
void
rill_ranges_clear (RillRanges *self)
{
  memset (self->links, 0, N_HEADS * sizeof (guint32));
  memset (self->bins, 0, sizeof self->bins);
  memset (self->words, 0, sizeof self->words);
  self->n_nodes = 1;
  self->unused = NIL;
  self->n_worn = 0;
  self->n_settled = self->n_retired;
  self->cursor = NIL;
  self->oldest = NO_BLOCK;
  self->newest = NO_BLOCK;
  self->used = 0;
  self->n_ranges = 0;
  for (guint32 i = 0; i < self->n_blocks; i++)
    if (self->blocks[i].anchor != NIL)
      add_anchor (self, i, self->blocks[i].size);
}

/* The first gap of the first list from the bin on, or NIL. */
static inline guint32
find_from (RillRanges *self,
           Kind        kind,
           guint32     bin)
{
  guint32 word = bin / BINS_PER_WORD;
  guint64 bits = self->bins[kind][word] & (~G_GUINT64_CONSTANT (0) << (bin % BINS_PER_WORD));

  if (G_UNLIKELY (bits == 0))
    {
      guint64 words = self->words[kind] & (~G_GUINT64_CONSTANT (1) << word);

      if (words == 0)
        return NIL;
      word = (guint32) __builtin_ctzll (words);
      bits = self->bins[kind][word];
    }
  return self->links[kind * N_BINS + word * BINS_PER_WORD + (guint32) __builtin_ctzll (bits)];
}

/* NIL has no gap, so nothing fits it. */
static inline gboolean
fits (RillRanges *self,
      guint32     index,
      guint64     size,
      guint64     alignment)
{
  const Node *node = &self->nodes[index];

  return get_padding (node->end, alignment) + size <= node->gap;
}

/* Good fit: the first gap of the request's own bin if it happens to do, which also serves
 * requests that are all of one size; else a gap that fits wherever it begins. Both are looked up
 * without asking whether the first did, since that cannot be predicted. */
static inline guint32
find_quickly (RillRanges *self,
              guint64     size,
              guint64     alignment)
{
  guint32 tight = self->links[PARTIAL * N_BINS + get_bin (size)];
  guint32 sure = find_from (self, PARTIAL, get_bin (size + alignment - 1) + 1);

  return fits (self, tight, size, alignment) ? tight : sure;
}

/* The lowest block among the first few gaps of a list, so that high blocks drain. */
static guint32
find_lowest (RillRanges *self,
             guint32     index,
             guint64     size,
             guint64     alignment)
{
  guint32 lowest = NIL;

  for (guint i = 0; i < N_CANDIDATES && index != NIL; i++)
    {
      if (fits (self, index, size, alignment)
          && (lowest == NIL || self->nodes[index].block < self->nodes[lowest].block))
        lowest = index;
      index = self->links[LINK_NEXT (index)];
    }
  return lowest;
}

/* First the request's own bin, then the next, where only padding can be in the way; at last one
 * where not even that can. An empty block begins aligned, so of these the next bin always does. */
static guint32
find_carefully (RillRanges *self,
                Kind        kind,
                guint64     size,
                guint64     alignment)
{
  guint32 own = self->links[kind * N_BINS + get_bin (size)];
  guint32 index = find_lowest (self, own, size, alignment);

  if (index == NIL)
    index = find_lowest (self, find_from (self, kind, get_bin (size) + 1), size, alignment);
  if (index == NIL)
    index = find_from (self, kind, get_bin (size + alignment - 1) + 1);
  return index;
}

/* Good fit, in a block that is in use if there is one. */
static inline guint32
find_general (RillRanges *self,
              guint64     size,
              guint64     alignment)
{
  guint32 host = NIL;

  if (G_LIKELY (size < CAREFUL_SIZE))
    host = find_quickly (self, size, alignment);
  if (G_UNLIKELY (host == NIL))
    host = find_carefully (self, PARTIAL, size, alignment);
  if (G_UNLIKELY (host == NIL))
    host = find_carefully (self, EMPTY, size, alignment);
  return host;
}

/* A few steps on from a node, so that a range that stays does not hold up those that go. */
static guint32
find_ahead (RillRanges *self,
            guint32     index,
            guint64     size,
            guint64     alignment)
{
  for (guint i = 0; i < N_CANDIDATES && index != NIL; i++, index = self->nodes[index].next)
    if (fits (self, index, size, alignment))
      return index;
  return NIL;
}

/* Wherever in the block: before another one is begun, which for as many ranges takes as long. */
static guint32
find_anywhere (RillRanges *self,
               guint32     index,
               guint64     size,
               guint64     alignment)
{
  while (index != NIL && !fits (self, index, size, alignment))
    index = self->nodes[index].next;
  return index;
}

/* A ring goes on at the start of its block, or of the one that was begun first; else a new block
 * is begun. */
static guint32
find_elsewhere (RillRanges *self,
                guint64     size,
                guint64     alignment)
{
  guint32 host = NIL;

  if (self->cursor != NIL)
    {
      const Node *node = &self->nodes[self->cursor];

      host = find_ahead (self, node->next, size, alignment);
      if (host == NIL)
        host = find_ahead (self, self->blocks[node->block].anchor, size, alignment);
    }
  if (host == NIL && self->oldest != NO_BLOCK)
    host = find_ahead (self, self->blocks[self->oldest].anchor, size, alignment);
  if (host == NIL && self->cursor != NIL)
    host = find_anywhere (self, self->blocks[self->nodes[self->cursor].block].anchor, size, alignment);
  if (host == NIL)
    host = find_carefully (self, EMPTY, size, alignment);
  return host;
}

/* Next fit: behind the range that was placed last. */
static inline guint32
find_linear (RillRanges *self,
             guint64     size,
             guint64     alignment)
{
  if (G_LIKELY (fits (self, self->cursor, size, alignment)))
    return self->cursor;
  return find_elsewhere (self, size, alignment);
}

static void
leave_order (RillRanges *self,
             guint32     block)
{
  Block *left = &self->blocks[block];

  *(left->older != NO_BLOCK ? &self->blocks[left->older].newer : &self->oldest) = left->newer;
  *(left->newer != NO_BLOCK ? &self->blocks[left->newer].older : &self->newest) = left->older;
}

static void
enter_order (RillRanges *self,
             guint32     block)
{
  Block *entered = &self->blocks[block];

  entered->older = self->newest;
  entered->newer = NO_BLOCK;
  *(self->newest != NO_BLOCK ? &self->blocks[self->newest].newer : &self->oldest) = block;
  self->newest = block;
}

/* Before a range is placed behind the host. */
static inline void
go_to (RillRanges *self,
       guint32     host)
{
  guint32 block = self->nodes[host].block;

  if (G_LIKELY (block == self->newest))
    return;
  if (self->newest != NO_BLOCK)
    self->blocks[self->newest].top = self->cursor;
  if (get_kind (&self->nodes[host]) == EMPTY)
    unlink_gap (self, host);
  else
    leave_order (self, block);
  enter_order (self, block);
}

static inline void
keep_gap (RillRanges *self,
          guint32     index,
          guint64     gap)
{
  if (G_LIKELY (gap != 0))
    link_gap (self, index, gap, PARTIAL);
  else
    link_nowhere (self, index);
}

/* Cuts the range out of the gap of `host`, whose node stays for what is left before the range. */
static inline guint32
place (RillRanges *self,
       guint32     host,
       guint64     size,
       guint64     alignment,
       gboolean    listed)
{
  guint32 index = take_node (self);
  Node *before = &self->nodes[host], *node = &self->nodes[index];
  guint64 padding = get_padding (before->end, alignment);
  guint64 offset = before->end + padding;
  guint64 rest = before->gap - padding - size;
  guint64 split = padding >= SPLIT_SIZE ? padding : 0;
  guint32 next = before->next, block = before->block;

  if (listed)
    {
      unlink_gap (self, host);
      keep_gap (self, host, split);
      keep_gap (self, index, rest);
    }
  before->next = index;
  before->gap = split;
  *node = (Node) {
    .end = offset + size,
    .gap = rest,
    .prev = host,
    .next = next,
    .block = block,
    .padding = (guint32) (padding - split),
  };
  self->nodes[next].prev = index;
  self->lives[index] = NEXT_USED_LIFE (self->lives[index]);
  self->blocks[block].used += size;
  self->blocks[block].n_ranges++;
  self->used += size;
  self->n_ranges++;
  return index;
}

static inline guint32
allocate (RillRanges *self,
          guint64     size,
          guint64     alignment)
{
  guint32 host;

  if (G_UNLIKELY (size - 1 >= MAX_SIZE || alignment - 1 >= MAX_SIZE
                  || (alignment & (alignment - 1)) != 0))
    return NIL;

  if (self->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
    {
      host = find_linear (self, size, alignment);
      if (G_UNLIKELY (host == NIL))
        return NIL;
      go_to (self, host);
      self->cursor = place (self, host, size, alignment, FALSE);
      return self->cursor;
    }

  host = find_general (self, size, alignment);
  if (G_UNLIKELY (host == NIL && self->n_settled != self->n_retired))
    {
      rill_ranges_settle (self);
      host = find_general (self, size, alignment);
    }
  return G_LIKELY (host != NIL) ? place (self, host, size, alignment, TRUE) : NIL;
}

static inline void
describe (RillRanges *self,
          guint32     index,
          guint64     size,
          RillRange  *range)
{
  const Node *node = &self->nodes[index];

  *range = (RillRange) {
    .handle = get_handle (self, index),
    .block = node->block,
    .offset = node->end - size,
    .left_padding = node->padding,
    .size = size,
  };
}

gboolean
rill_ranges_allocate (RillRanges *self,
                      guint64     size,
                      guint64     alignment,
                      RillRange  *range)
{
  guint32 index = allocate (self, size, alignment);

  if (G_UNLIKELY (index == NIL))
    return FALSE;
  describe (self, index, size, range);
  return TRUE;
}

/* From a node on, up to another one: *largest is raised to that of the gaps that have not fitted. */
static guint32
find_between (RillRanges *self,
              guint32     from,
              guint32     to,
              guint64     size,
              guint64     alignment,
              guint64    *largest)
{
  for (guint32 i = from; i != to; i = self->nodes[i].next)
    {
      if (fits (self, i, size, alignment))
        return i;
      *largest = MAX (*largest, self->nodes[i].gap);
    }
  return NIL;
}

gboolean
rill_ranges_allocate_in (RillRanges *self,
                         guint32     block,
                         guint64     size,
                         guint64     alignment,
                         RillRange  *range,
                         guint64    *largest)
{
  Block *in = rill_ranges_get_block (self, block);
  guint32 start = in->rover, host;

  *largest = 0;
  rill_ranges_settle (self);
  if (self->strategy != RILL_ALLOCATION_STRATEGY_GENERAL || size - 1 >= MAX_SIZE
      || alignment - 1 >= MAX_SIZE || (alignment & (alignment - 1)) != 0)
    return FALSE;
  if (start >= self->n_nodes || self->nodes[start].block != block || (self->lives[start] & 1) == 0)
    start = in->anchor;
  host = find_between (self, start, NIL, size, alignment, largest);
  if (host == NIL)
    host = find_between (self, in->anchor, start, size, alignment, largest);
  if (host == NIL)
    return FALSE;
  in->rover = place (self, host, size, alignment, TRUE);
  describe (self, in->rover, size, range);
  return TRUE;
}

guint64
rill_ranges_take (RillRanges *self,
                  guint64     size,
                  guint64     alignment,
                  guint64    *offset)
{
  guint32 index = allocate (self, size, alignment);

  if (G_UNLIKELY (index == NIL))
    return 0;
  *offset = self->nodes[index].end - size;
  return get_handle (self, index);
}

/* A stack that has left a block goes on where it was in the one before. */
static inline void
go_back (RillRanges *self,
         guint32     block,
         guint32     index,
         guint32     prev,
         guint64     gap,
         gboolean    empty)
{
  if (self->cursor == index)
    self->cursor = prev;
  if (self->blocks[block].top == index)
    self->blocks[block].top = prev;
  if (!empty)
    return;
  leave_order (self, block);
  link_gap (self, prev, gap, EMPTY);
  if (self->cursor == prev && self->newest != NO_BLOCK)
    self->cursor = self->blocks[self->newest].top;
}

/* The node's life has ended already. */
static inline gboolean
release_node (RillRanges *self,
              guint32     index)
{
  Node *node = &self->nodes[index];
  guint32 prev = node->prev, next = node->next, block = node->block;
  guint64 start = get_start (self, node);
  guint64 size = node->end - start - node->padding;
  guint64 gap = node->end + node->gap - self->nodes[prev].end;
  gboolean empty = --self->blocks[block].n_ranges == 0;

  self->blocks[block].used -= size;
  self->used -= size;
  self->n_ranges--;
  self->nodes[prev].gap = gap;
  self->nodes[prev].next = next;
  self->nodes[next].prev = prev;
  if (self->strategy != RILL_ALLOCATION_STRATEGY_LINEAR)
    {
      unlink_gap (self, index);
      unlink_gap (self, prev);
      link_gap (self, prev, gap, empty ? EMPTY : PARTIAL);
    }
  else
    go_back (self, block, index, prev, gap, empty);
  if (G_LIKELY (self->lives[index] != self->first_life))
    give_node (self, index);
  else
    self->n_worn++;
  return empty;
}

static G_GNUC_NORETURN G_NO_INLINE void
abort_release (const RillRange *range)
{
  g_error ("Ranges: released what is not allocated: block %u, offset %" G_GUINT64_FORMAT
           ", %" G_GUINT64_FORMAT " bytes; was it released before?",
           range->block, range->offset, range->size);
}

/* The node of a live range, or NIL. */
static inline guint32
find_live (const RillRanges *self,
           guint64           handle)
{
  guint32 index = INDEX_OF (handle);

  return G_LIKELY (index < self->n_nodes && self->lives[index] == LIFE_OF (handle)
                   && (self->lives[index] & 1) != 0)
           ? index
           : NIL;
}

gboolean
rill_ranges_release (RillRanges      *self,
                     const RillRange *range)
{
  guint32 index = find_live (self, range->handle);
  const Node *node = &self->nodes[index];

  if (G_UNLIKELY (index == NIL || node->block != range->block
                  || node->end != range->offset + range->size))
    abort_release (range);

  self->lives[index] = NEXT_UNUSED_LIFE (self->lives[index]);
  return release_node (self, index);
}

static inline void
fetch (const void *address)
{
  __builtin_prefetch (address, 1);
}

static inline void
fetch_links (RillRanges *self,
             guint32     index)
{
  const guint32 *links = self->links;

  fetch (&links[links[LINK_PLACE (index)]]);
  fetch (&links[LINK_PLACE (links[LINK_NEXT (index)])]);
}

static inline guint32
get_retired (RillRanges *self,
             guint32     number)
{
  return self->retired[number & RETIRED_MASK];
}

/* What is fetched may have changed before it is used: then it was fetched in vain. */
static void
retire (RillRanges *self,
        guint32     index)
{
  guint32 n = self->n_retired++;
  guint32 n_on_way = n - self->n_settled;

  self->retired[n & RETIRED_MASK] = index;
  fetch (&self->nodes[index]);
  fetch (&self->links[LINK_NEXT (index)]);
  if (n_on_way >= FETCH_STEP)
    {
      guint32 near = get_retired (self, n - FETCH_STEP);

      fetch (&self->nodes[self->nodes[near].prev]);
      fetch (&self->nodes[self->nodes[near].next]);
      fetch (&self->links[LINK_NEXT (self->nodes[near].prev)]);
      fetch_links (self, near);
    }
  if (n_on_way >= 2 * FETCH_STEP)
    fetch_links (self, self->nodes[get_retired (self, n - 2 * FETCH_STEP)].prev);
  if (n_on_way >= MAX_RETIRED)
    release_node (self, get_retired (self, self->n_settled++));
}

gboolean
rill_ranges_retire (RillRanges *self,
                    guint64     handle)
{
  guint32 index = find_live (self, handle);

  if (G_UNLIKELY (index == NIL))
    return FALSE;
  self->lives[index] = NEXT_UNUSED_LIFE (self->lives[index]);
  if (self->n_nodes <= MAX_CACHED_NODES || self->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
    release_node (self, index);
  else
    retire (self, index);
  return TRUE;
}

void
rill_ranges_settle (RillRanges *self)
{
  while (self->n_settled != self->n_retired)
    release_node (self, get_retired (self, self->n_settled++));
}

gboolean
rill_ranges_lookup (RillRanges *self,
                    guint64     handle,
                    guint64    *offset,
                    guint64    *size)
{
  guint32 index = find_live (self, handle);
  const Node *node = &self->nodes[index];

  if (index == NIL)
    return FALSE;
  *offset = get_start (self, node) + node->padding;
  *size = node->end - *offset;
  return TRUE;
}
