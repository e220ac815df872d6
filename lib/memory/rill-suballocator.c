/* SPDX-License-Identifier: MIT */

#include "memory/rill-suballocator-private.h"

#include <string.h>

/*
 * A node is a used range together with the gap that follows it, and every block begins with a
 * node of no size, its anchor. Free ranges thus need no nodes of their own: allocating adds one
 * node, releasing removes one, and coalescing with both neighbours is one addition to the gap of
 * the node before. That is a third fewer nodes, and fewer cache lines per call, than one node for
 * each used and each free range; with many live ranges, cache misses are the whole cost.
 *
 * Gaps are kept in lists by size (bins), found through two levels of bitmaps. The list of a gap
 * of no size is a dummy, which makes most of rill_suballocator_release() free of branches that a
 * processor cannot predict: it runs ahead while the cold neighbours are still being loaded.
 */

/* Each power of two is cut into 32 bins, so a gap that fits for sure is mostly within 1/16 of what
 * was asked. With 16, blocks of 1 MiB lose about one percent more; 64 hardly gain anything. */
#define BIN_BITS 5
#define N_BINS_PER_OCTAVE (1u << BIN_BITS)

/* Any 64-bit size has a bin, and the bin after it exists, so no search needs a bounds check. */
#define BINS_PER_WORD 64u
#define N_WORDS 31u
#define N_BINS (N_WORDS * BINS_PER_WORD)

G_STATIC_ASSERT (N_BINS > (64 - BIN_BITS + 1) * N_BINS_PER_OCTAVE);
G_STATIC_ASSERT (N_WORDS < 64);

/* An alignment gap from this size on becomes a free range, as it is as large as small uniform
 * buffers are; a smaller one would cost list work on every call and hardly ever be of use. */
#define SPLIT_SIZE G_GUINT64_CONSTANT (64)

/* Requests from this size on choose among several gaps. Gaps for them are few and matter: with
 * sizes up to 16 MiB in blocks of 32 MiB it saves up to a tenth of the blocks. Smaller requests find
 * plenty of like gaps, and looking at more than one would only cost cache misses. */
#define CAREFUL_SIZE (G_GUINT64_CONSTANT (64) << 10)
#define N_CANDIDATES 8u

G_STATIC_ASSERT (CAREFUL_SIZE > SPLIT_SIZE);

/* A handle is an index and the number of the node's life, so that releasing twice is noticed
 * even if the node lives again. */
#define INDEX_BITS 28
#define MAX_NODES (1u << INDEX_BITS)
#define INDEX_OF(handle) ((handle) & (MAX_NODES - 1))
#define NEXT_LIFE MAX_NODES

/* Of blocks, requests and alignments, so that no sum of two overflows. */
#define MAX_SIZE ((guint64) G_MAXINT64)

/* Two nodes to a cache line, none across two. */
#define CACHE_LINE 64u
#define MIN_CAPACITY 64u

/* Node 0 is no node, but may be written to: so "no neighbour" needs no branch. */
#define NIL 0u

typedef struct
{
  guint64 end;  /* where the range ends and its gap begins */
  guint64 gap;  /* bytes from there to the next range, or to the end of the block */
  guint32 prev; /* neighbours by offset; NIL for the one before an anchor */
  guint32 next; /* NIL after the last; next in the list of unused nodes */
  guint32 block;
  guint32 handle; /* of this life while used, else of the next one */
} Node;

G_STATIC_ASSERT (sizeof (Node) == CACHE_LINE / 2);

/* Empty blocks have bins of their own, which are searched only if no other gap fits: so they stay
 * empty, and can be given back, whatever their size. */
typedef enum
{
  PARTIAL,
  EMPTY,
  N_KINDS
} Kind;

/* One array of words holds the heads of all lists, and behind them two words for each node: the
 * node after it in its list, and the word that points at it. So the first of a list is unlinked
 * like any other, and lists are dense: eight nodes to a cache line. */
#define N_HEADS (N_KINDS * N_BINS)
#define LINK_NEXT(index) (N_HEADS + 2 * (index))
#define LINK_PLACE(index) (N_HEADS + 2 * (index) + 1)

G_STATIC_ASSERT (N_HEADS + 2 * (guint64) MAX_NODES <= G_MAXUINT32);

typedef struct
{
  guint64 size;
  guint64 used;
  guint32 anchor; /* NIL: there is no such block */
} Block;

struct _RillSuballocator
{
  Node *nodes;       /* within memory, from a cache line on */
  guint32 *links;    /* (owned) */
  guint32 n_nodes;   /* ever used, NIL included */
  guint32 capacity;
  guint32 unused;    /* first of the nodes between two lives */
  guint32 n_blocks;  /* length of blocks, live or not */
  Block *blocks;     /* (owned) */
  gpointer memory;   /* (owned) */
  guint64 used;
  guint64 words[N_KINDS];         /* which words of bins have a bit set */
  guint64 bins[N_KINDS][N_WORDS]; /* which lists have a node */
};

static inline guint
highest_bit (guint64 value)
{
  return 63u - (guint) __builtin_clzll (value);
}

/* Sizes below 32 have a bin each; from there on the bits after the highest choose within it. */
static inline guint32
get_bin (guint64 size)
{
  guint shift = highest_bit (size | N_BINS_PER_OCTAVE) - BIN_BITS;

  return (shift << BIN_BITS) + (guint32) (size >> shift);
}

static inline guint64
get_padding (guint64 offset,
             guint64 alignment)
{
  return -offset & (alignment - 1);
}

static inline Kind
get_kind (const Node *node)
{
  return node->prev == NIL && node->next == NIL ? EMPTY : PARTIAL;
}

static inline void
set_bin (RillSuballocator *self,
         guint32           head)
{
  guint kind = head / N_BINS, word = head % N_BINS / BINS_PER_WORD;

  self->bins[kind][word] |= G_GUINT64_CONSTANT (1) << (head % BINS_PER_WORD);
  self->words[kind] |= G_GUINT64_CONSTANT (1) << word;
}

static inline void
clear_bin (RillSuballocator *self,
           guint32           head)
{
  guint kind = head / N_BINS, word = head % N_BINS / BINS_PER_WORD;

  self->bins[kind][word] &= ~(G_GUINT64_CONSTANT (1) << (head % BINS_PER_WORD));
  if (self->bins[kind][word] == 0)
    self->words[kind] &= ~(G_GUINT64_CONSTANT (1) << word);
}

G_STATIC_ASSERT (N_BINS % BINS_PER_WORD == 0);

/* Into the dummy list: the word that points at the node is NIL's own, which stays NIL. */
static inline void
link_nowhere (RillSuballocator *self,
              guint32           index)
{
  self->links[LINK_NEXT (index)] = NIL;
  self->links[LINK_PLACE (index)] = LINK_NEXT (NIL);
}

/* In front, as what was released last is most likely still in a cache. */
static inline void
link_gap (RillSuballocator *self,
          guint32           index,
          guint64           gap,
          Kind              kind)
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
unlink_gap (RillSuballocator *self,
            guint32           index)
{
  guint32 *links = self->links;
  guint32 next = links[LINK_NEXT (index)];
  guint32 place = links[LINK_PLACE (index)];

  links[place] = next;
  links[LINK_PLACE (next)] = place;
  if (G_UNLIKELY ((next == NIL) & (place < N_HEADS)))
    clear_bin (self, place);
}

/* By realloc, not by an aligned allocation and a copy: for a large array, C libraries move its
 * pages, so that not even a call that meets the growth of a million nodes takes long. */
static void
grow (RillSuballocator *self)
{
  guint32 capacity = MAX (self->capacity * 2, MIN_CAPACITY);
  gsize old_shift = self->memory ? (gsize) ((guint8 *) self->nodes - (guint8 *) self->memory) : 0;
  gsize shift;

  if (capacity > MAX_NODES)
    g_error ("Suballocator: more than %u live ranges and blocks", MAX_NODES);

  self->links = g_realloc_n (self->links, N_HEADS + 2 * (gsize) capacity, sizeof (guint32));
  self->memory = g_realloc (self->memory, capacity * sizeof (Node) + CACHE_LINE);
  shift = -GPOINTER_TO_SIZE (self->memory) & (CACHE_LINE - 1);
  if (shift != old_shift)
    memmove ((guint8 *) self->memory + shift,
             (guint8 *) self->memory + old_shift,
             self->capacity * sizeof (Node));
  self->nodes = (Node *) ((guint8 *) self->memory + shift);
  self->capacity = capacity;
}

/* Pointers to nodes do not survive it. */
static inline guint32
take_node (RillSuballocator *self)
{
  guint32 index = self->unused;

  if (G_LIKELY (index != NIL))
    {
      self->unused = self->nodes[index].next;
      return index;
    }
  if (G_UNLIKELY (self->n_nodes == self->capacity))
    grow (self);
  index = self->n_nodes++;
  self->nodes[index].handle = index;
  return index;
}

static inline void
give_node (RillSuballocator *self,
           guint32           index)
{
  self->nodes[index].handle += NEXT_LIFE;
  self->nodes[index].next = self->unused;
  self->unused = index;
}

static Block *
get_block (RillSuballocator *self,
           guint32           block)
{
  if (block >= self->n_blocks || self->blocks[block].anchor == NIL)
    g_error ("Suballocator: there is no block %u", block);
  return &self->blocks[block];
}

RillSuballocator *
rill_suballocator_new (void)
{
  RillSuballocator *self = g_new0 (RillSuballocator, 1);

  grow (self);
  memset (self->links, 0, N_HEADS * sizeof (guint32));
  self->nodes[NIL] = (Node) { .handle = G_MAXUINT32 };
  link_nowhere (self, NIL);
  self->n_nodes = 1;
  return self;
}

void
rill_suballocator_free (RillSuballocator *self)
{
  g_free (self->memory);
  g_free (self->links);
  g_free (self->blocks);
  g_free (self);
}

void
rill_suballocator_add_block (RillSuballocator *self,
                             guint32           block,
                             guint64           size)
{
  guint32 index;

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
    g_error ("Suballocator: block %u was added twice", block);

  index = take_node (self);
  self->nodes[index] = (Node) {
    .gap = size,
    .block = block,
    .handle = self->nodes[index].handle,
  };
  link_gap (self, index, size, EMPTY);
  self->blocks[block] = (Block) { .size = size, .anchor = index };
}

void
rill_suballocator_remove_block (RillSuballocator *self,
                                guint32           block)
{
  Block *removed = get_block (self, block);

  if (self->nodes[removed->anchor].next != NIL)
    g_error ("Suballocator: block %u was removed with live ranges", block);

  unlink_gap (self, removed->anchor);
  give_node (self, removed->anchor);
  *removed = (Block) { .anchor = NIL };
}

/* The first gap of the first list from the bin on, or NIL. */
static inline guint32
find_from (RillSuballocator *self,
           Kind              kind,
           guint32           bin)
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
fits (RillSuballocator *self,
      guint32           index,
      guint64           size,
      guint64           alignment)
{
  const Node *node = &self->nodes[index];

  return get_padding (node->end, alignment) + size <= node->gap;
}

/* Good fit: the first gap of the request's own bin if it happens to do, which also serves
 * requests that are all of one size; else a gap that fits wherever it begins. Both are looked up
 * without asking whether the first did, since that cannot be predicted. */
static inline guint32
find_quickly (RillSuballocator *self,
              guint64           size,
              guint64           alignment)
{
  guint32 tight = self->links[PARTIAL * N_BINS + get_bin (size)];
  guint32 sure = find_from (self, PARTIAL, get_bin (size + alignment - 1) + 1);

  return fits (self, tight, size, alignment) ? tight : sure;
}

/* The lowest block among the first few gaps of a list, so that high blocks drain. */
static guint32
find_lowest (RillSuballocator *self,
             guint32           index,
             guint64           size,
             guint64           alignment)
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
find_carefully (RillSuballocator *self,
                Kind              kind,
                guint64           size,
                guint64           alignment)
{
  guint32 own = self->links[kind * N_BINS + get_bin (size)];
  guint32 index = find_lowest (self, own, size, alignment);

  if (index == NIL)
    index = find_lowest (self, find_from (self, kind, get_bin (size) + 1), size, alignment);
  if (index == NIL)
    index = find_from (self, kind, get_bin (size + alignment - 1) + 1);
  return index;
}

/* Cuts the range out of the gap of `host`, whose node stays for what is left before the range. */
static inline void
place (RillSuballocator *self,
       guint32           host,
       guint64           size,
       guint64           alignment,
       RillRange        *range)
{
  guint32 index = take_node (self);
  Node *before = &self->nodes[host], *node = &self->nodes[index];
  guint64 padding = get_padding (before->end, alignment);
  guint64 offset = before->end + padding;
  guint64 rest = before->gap - padding - size;
  guint32 next = before->next, block = before->block;

  unlink_gap (self, host);
  before->next = index;
  if (padding >= SPLIT_SIZE)
    {
      before->gap = padding;
      link_gap (self, host, padding, PARTIAL);
      padding = 0;
    }
  else
    {
      before->gap = 0;
      link_nowhere (self, host);
    }

  node->end = offset + size;
  node->gap = rest;
  node->prev = host;
  node->next = next;
  node->block = block;
  self->nodes[next].prev = index;
  if (G_LIKELY (rest != 0))
    link_gap (self, index, rest, PARTIAL);
  else
    link_nowhere (self, index);

  *range = (RillRange) {
    .block = block,
    .node = node->handle,
    .offset = offset,
    .left_padding = padding,
    .size = size,
  };
}

gboolean
rill_suballocator_allocate (RillSuballocator *self,
                            guint64           size,
                            guint64           alignment,
                            RillRange        *range)
{
  guint32 host = NIL;

  if (G_UNLIKELY (size - 1 >= MAX_SIZE || alignment - 1 >= MAX_SIZE
                  || (alignment & (alignment - 1)) != 0))
    return FALSE;

  if (G_LIKELY (size < CAREFUL_SIZE))
    host = find_quickly (self, size, alignment);
  if (G_UNLIKELY (host == NIL))
    host = find_carefully (self, PARTIAL, size, alignment);
  if (G_UNLIKELY (host == NIL))
    host = find_carefully (self, EMPTY, size, alignment);
  if (G_UNLIKELY (host == NIL))
    return FALSE;

  place (self, host, size, alignment, range);
  self->blocks[range->block].used += size;
  self->used += size;
  return TRUE;
}

gboolean
rill_suballocator_allocate_in (RillSuballocator *self,
                               guint32           block,
                               guint64           size,
                               guint64           alignment,
                               RillRange        *range)
{
  guint32 best = NIL;

  if (size - 1 >= MAX_SIZE || alignment - 1 >= MAX_SIZE || (alignment & (alignment - 1)) != 0)
    return FALSE;
  for (guint32 i = get_block (self, block)->anchor; i != NIL; i = self->nodes[i].next)
    if (fits (self, i, size, alignment)
        && (best == NIL || self->nodes[i].gap < self->nodes[best].gap))
      best = i;
  if (best == NIL)
    return FALSE;

  place (self, best, size, alignment, range);
  self->blocks[block].used += size;
  self->used += size;
  return TRUE;
}

static G_GNUC_NORETURN G_NO_INLINE void
abort_release (const RillRange *range)
{
  g_error ("Suballocator: released what is not allocated: block %u, offset %" G_GUINT64_FORMAT
           ", %" G_GUINT64_FORMAT " bytes; was it released before?",
           range->block, range->offset, range->size);
}

gboolean
rill_suballocator_release (RillSuballocator *self,
                           const RillRange  *range)
{
  guint32 index = INDEX_OF (range->node), prev, next;
  Node *node = &self->nodes[index];
  guint64 gap, left;

  if (G_UNLIKELY (index >= self->n_nodes || node->handle != range->node
                  || node->block != range->block || node->end != range->offset + range->size))
    abort_release (range);

  left = self->blocks[range->block].used -= range->size;
  self->used -= range->size;

  prev = node->prev;
  next = node->next;
  gap = node->end + node->gap - self->nodes[prev].end;
  unlink_gap (self, index);
  unlink_gap (self, prev);
  give_node (self, index);

  self->nodes[prev].gap = gap;
  self->nodes[prev].next = next;
  self->nodes[next].prev = prev;
  link_gap (self, prev, gap, left == 0 ? EMPTY : PARTIAL);
  return left == 0;
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
rill_suballocator_walk (RillSuballocator        *self,
                        guint32                  block,
                        RillSuballocatorWalkFunc func,
                        gpointer                 user_data)
{
  guint64 offset = 0;

  for (guint32 i = get_block (self, block)->anchor; i != NIL; i = self->nodes[i].next)
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
rill_suballocator_calculate_block_statistics (RillSuballocator    *self,
                                              guint32              block,
                                              RillBlockStatistics *statistics)
{
  const Block *counted = get_block (self, block);

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

/* What check() counts on its way, to compare at the end. */
typedef struct
{
  guint64 used;
  guint32 n_nodes;
  guint32 n_gaps;
} Census;

static const char *
check_node (RillSuballocator *self,
            guint32           index,
            guint32           prev,
            guint32           block,
            guint64           offset)
{
  const Node *node = &self->nodes[index];

  if (index >= self->n_nodes || INDEX_OF (node->handle) != index)
    return "a node's handle is its index and its life";
  if (node->prev != prev)
    return "neighbours point at each other";
  if (node->block != block)
    return "a node knows its block";
  if (prev == NIL ? node->end != 0 : node->end <= offset)
    return "an anchor has no size, every other range has one";
  if (node->gap == 0 && self->links[LINK_PLACE (index)] != LINK_NEXT (NIL))
    return "a gap of no size is in no list";
  return NULL;
}

static const char *
check_block (RillSuballocator *self,
             guint32           block,
             Census           *census)
{
  const Block *checked = &self->blocks[block];
  guint64 offset = 0, gaps = 0;
  guint32 prev = NIL, n_ranges = 0;

  for (guint32 i = checked->anchor; i != NIL; prev = i, i = self->nodes[i].next)
    {
      const char *broken = check_node (self, i, prev, block, offset);

      if (broken != NULL)
        return broken;
      if (++census->n_nodes >= self->n_nodes)
        return "the nodes of a block form no circle";
      n_ranges += prev != NIL;
      gaps += self->nodes[i].gap;
      census->n_gaps += self->nodes[i].gap != 0;
      offset = self->nodes[i].end + self->nodes[i].gap;
    }

  if (offset != checked->size)
    return "ranges and gaps cover their block";
  if (checked->used > checked->size - gaps
      || checked->size - gaps - checked->used > n_ranges * (SPLIT_SIZE - 1))
    return "a block's used bytes are those of its ranges without padding";
  census->used += checked->used;
  return NULL;
}

static const char *
check_list (RillSuballocator *self,
            Kind              kind,
            guint32           bin,
            Census           *census)
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
check_lists (RillSuballocator *self,
             Census           *census)
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
check_unused (RillSuballocator *self,
              Census           *census)
{
  for (guint32 i = self->unused; i != NIL; i = self->nodes[i].next)
    if (i >= self->n_nodes || ++census->n_nodes >= self->n_nodes)
      return "a node is unused or in a block, once";
  return census->n_nodes + 1 == self->n_nodes ? NULL : "no node is lost";
}

gboolean
rill_suballocator_check (RillSuballocator *self,
                         char            **message)
{
  const char *broken = NULL;
  Census census = { 0 };

  for (guint32 i = 0; i < self->n_blocks && broken == NULL; i++)
    if (self->blocks[i].anchor != NIL)
      broken = check_block (self, i, &census);
  if (broken == NULL)
    broken = check_lists (self, &census);
  if (broken == NULL)
    broken = check_unused (self, &census);
  if (broken == NULL && census.used != self->used)
    broken = "the used bytes of all blocks add up to the total";
  if (broken == NULL
      && (self->links[LINK_NEXT (NIL)] != NIL || self->nodes[NIL].gap != 0
          || self->nodes[NIL].handle != G_MAXUINT32))
    broken = "no node stays no node";

  if (message != NULL)
    *message = broken != NULL ? g_strdup_printf ("broken: %s", broken) : NULL;
  return broken == NULL;
}
