/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside of RillRanges: for the files that look at nodes, which are those named rill-ranges-*. */

#include "memory/rill-ranges-private.h"

/*
 * A node is a used range together with the gap that follows it, and every block begins with a
 * node of no size, its anchor. Free ranges thus need no nodes of their own: allocating adds one
 * node, releasing removes one, and coalescing with both neighbours is one addition to the gap of
 * the node before. That is a third fewer nodes, and fewer cache lines per call, than one node for
 * each used and each free range; with many live ranges, cache misses are the whole cost.
 *
 * Gaps are kept in lists by size (bins), found through two levels of bitmaps. The list of a gap
 * of no size is a dummy, which makes most of a release free of branches that a processor cannot
 * predict: it runs ahead while the cold neighbours are still being loaded. LINEAR keeps only empty
 * blocks in lists, as it looks nowhere but where it placed the last range.
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

/* A handle is an index and the number of the node's life, in 53 bits, which JavaScript's numbers
 * hold. So a handle that was released is told apart even if the node lives again; a node that has had
 * all its lives is used no more. As each RillRanges counts from another number, a handle of another's
 * is mostly told apart too. */
#define INDEX_BITS 28
#define MAX_NODES (1u << INDEX_BITS)
#define INDEX_OF(handle) ((guint32) ((handle) & (MAX_NODES - 1)))
#define LIFE_OF(handle) ((handle) >> INDEX_BITS)
#define LIFE_MASK ((1u << 25) - 1)

/* Used nodes have odd numbers, so no handle is 0, and none is that of an anchor. */
#define NEXT_USED_LIFE(life) ((((life) + 1) | 1) & LIFE_MASK)
#define NEXT_UNUSED_LIFE(life) (((life) + 1) & ~1u & LIFE_MASK)

/* Node 0 is no node, but may be written to: so "no neighbour" needs no branch. */
#define NIL 0u
#define NO_BLOCK G_MAXUINT32

typedef struct
{
  guint64 end;  /* where the range ends and its gap begins */
  guint64 gap;  /* bytes from there to the next range, or to the end of the block */
  guint32 prev; /* neighbours by offset; NIL for the one before an anchor */
  guint32 next; /* NIL after the last; next in the list of unused nodes */
  guint32 block;
  guint32 padding; /* before the range */
} Node;

/* Two to a cache line, none across two. */
G_STATIC_ASSERT (sizeof (Node) == 32);

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
  guint32 n_ranges;
  guint32 older;  /* of LINEAR's blocks with ranges, in the order in which they were begun */
  guint32 newer;
  guint32 top;    /* the cursor when LINEAR left the block */
  guint32 rover;  /* where rill_ranges_allocate_in() has placed the last range, which may have gone */
} Block;

/* With many nodes, what a release touches is in no cache. So a retired node is on its way for a
 * while before it is released: first it is fetched itself, then its neighbours, then theirs. */
#define FETCH_STEP 4u
#define MAX_RETIRED (3 * FETCH_STEP)
#define RETIRED_MASK 15u

G_STATIC_ASSERT (MAX_RETIRED <= RETIRED_MASK);

struct _RillRanges
{
  Node *nodes;      /* (owned) */
  guint32 *links;   /* (owned) */
  guint32 *lives;   /* (owned) the life of each node: apart, so that a handle is checked in few cache lines */
  guint32 n_nodes;  /* in use or unused; NIL included */
  guint32 n_lives;  /* that were ever set, which is more after all nodes were dropped */
  guint32 capacity;
  guint32 unused;   /* first of the nodes between two lives */
  guint32 n_worn;   /* nodes that have had all of them */
  guint32 first_life;
  RillAllocationStrategy strategy;
  guint32 cursor;   /* LINEAR: the range placed last, or what came before it */
  guint32 oldest;   /* LINEAR: blocks, NO_BLOCK if there is none */
  guint32 newest;
  guint32 n_blocks; /* length of blocks, live or not */
  guint32 n_ranges;
  Block *blocks;    /* (owned) */
  guint64 used;
  guint32 n_retired; /* ever, as is the next */
  guint32 n_settled;
  guint32 retired[RETIRED_MASK + 1];
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

static inline Kind
get_kind (const Node *node)
{
  return node->prev == NIL && node->next == NIL ? EMPTY : PARTIAL;
}

static inline guint64
get_handle (const RillRanges *self,
            guint32           index)
{
  return (guint64) self->lives[index] << INDEX_BITS | index;
}

/* Where the padding of a range begins; not for anchors. */
static inline guint64
get_start (const RillRanges *self,
           const Node       *node)
{
  const Node *prev = &self->nodes[node->prev];

  return prev->end + prev->gap;
}

Block *rill_ranges_get_block   (RillRanges *self,
                                guint32     block);

/* Releases what was retired and is still on its way. */
void   rill_ranges_settle      (RillRanges *self);

/* Room for twice as many nodes. */
void   rill_ranges_grow        (RillRanges *self);
void   rill_ranges_free_arrays (RillRanges *self);
