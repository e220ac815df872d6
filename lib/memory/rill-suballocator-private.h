/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * RillSuballocator:
 *
 * Book-keeping of offsets in any number of blocks, which stand for the pages of one Memory. It
 * never looks at the memory that the offsets belong to, so it needs no device and can be tested
 * alone.
 *
 * There is one search structure over all blocks: an allocation costs the same with one block as
 * with thousands, and with ten live ranges as with a million. Ranges in blocks that are in use
 * are preferred to empty blocks, and large ones go to the lowest block index that offers itself,
 * so blocks at the end drain and can be given back.
 *
 * Not thread-safe: the caller holds one lock around every call, also around the getters.
 */
typedef struct _RillSuballocator RillSuballocator;

typedef struct
{
  guint32 block;        /* index that the caller gave to the block */
  guint32 node;         /* private handle */
  guint64 offset;       /* already past the padding, a multiple of the alignment */
  guint64 left_padding; /* bytes before offset that belong to this range only by alignment */
  guint64 size;         /* as asked */
} RillRange;

/*
 * Bytes lost to alignment inside ranges are neither `used` nor `free`: they are what remains of
 * the size of the block. Use it to tell padding from fragmentation.
 */
typedef struct
{
  guint n_ranges;
  guint n_free_ranges;
  guint64 used; /* sum of the sizes as asked */
  guint64 free;
  guint64 largest_free;
} RillBlockStatistics;

/*
 * One part of a block; `used` parts include the padding before the range. The suballocator must
 * not be changed from inside.
 */
typedef void (*RillSuballocatorWalkFunc) (guint32  block,
                                          guint64  offset,
                                          guint64  size,
                                          gboolean used,
                                          gpointer user_data);

RillSuballocator *rill_suballocator_new (void) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Legal with live ranges: closing a Memory drops its pages at once, and telling the suballocator
 * about every range first would cost a pass over all of them for nothing.
 */
void rill_suballocator_free (RillSuballocator *self);

/*
 * Call it when rill_suballocator_allocate() found nothing. The block counts as aligned to
 * anything at its offset 0. An allocation of at most `size` bytes then succeeds at any alignment,
 * so the caller need not loop.
 *
 * Indices should be small, as a table as long as the largest one is kept; reuse those of removed
 * blocks. The largest size is G_MAXINT64.
 */
void rill_suballocator_add_block (RillSuballocator *self,
                                  guint32           block,
                                  guint64           size);

/*
 * Only for an empty block, as rill_suballocator_release() or a use of 0 tell; a block with live
 * ranges ends the program, since their release would write to freed nodes.
 */
void rill_suballocator_remove_block (RillSuballocator *self,
                                     guint32           block);

/*
 * FALSE means: add a block, or report out of memory. It is also the answer to a size of 0 or one
 * that no block can have, so callers need not check for overflow first, and to an alignment that
 * is no power of two that a block can have room for.
 *
 * The search is bounded, so FALSE does not prove that nothing fits. It does prove that no free
 * range has `size + alignment - 1` bytes and 1/32 more, and no empty block `size` bytes and 1/32
 * more.
 *
 * `range` is left alone on failure.
 */
gboolean rill_suballocator_allocate (RillSuballocator *self,
                                     guint64           size,
                                     guint64           alignment,
                                     RillRange        *range) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The same in one block, in the smallest gap that will do. Takes time in the number of the block's
 * ranges.
 */
gboolean rill_suballocator_allocate_in (RillSuballocator *self,
                                        guint32           block,
                                        guint64           size,
                                        guint64           alignment,
                                        RillRange        *range) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Returns TRUE when this was the last range of its block, which may then be removed.
 *
 * A range that is not live (released before, or of another suballocator) ends the program with a
 * message in every build: going on would hand the same bytes to two owners.
 */
gboolean rill_suballocator_release (RillSuballocator *self,
                                    const RillRange  *range);

/* Kept while allocating, so that properties can be read as often as one likes. */
guint64 rill_suballocator_get_used (RillSuballocator *self);
guint64 rill_suballocator_get_block_used (RillSuballocator *self,
                                          guint32           block);

/* Walks the block: for reports and dumps, not for decisions on a hot path. */
void rill_suballocator_calculate_block_statistics (RillSuballocator    *self,
                                                   guint32              block,
                                                   RillBlockStatistics *statistics);

/* In order of offset, and without holes: the parts add up to the size of the block. */
void rill_suballocator_walk (RillSuballocator        *self,
                             guint32                  block,
                             RillSuballocatorWalkFunc func,
                             gpointer                 user_data);

/*
 * For tests and debugging, after any call: visits everything. `message` may be NULL; it names
 * the first broken invariant and is freed with g_free().
 */
gboolean rill_suballocator_check (RillSuballocator *self,
                                  char            **message) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
