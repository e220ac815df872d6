/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "rill-enums.h"

G_BEGIN_DECLS

/*
 * RillRanges:
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
 * With LINEAR a range is placed behind the one before: a stack, a ring or an arena, if it is freed
 * like that. Room that comes back elsewhere is used when the ring comes round to it.
 *
 * Not thread-safe: the caller holds one lock around every call, also around the getters.
 */
typedef struct _RillRanges RillRanges;

typedef struct
{
  guint64 handle;
  guint32 block;        /* index that the caller gave to the block */
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
 * One part of a block; `used` parts include the padding before the range. They must not be
 * changed from inside.
 */
typedef void (*RillRangesWalkFunc) (guint32  block,
                                          guint64  offset,
                                          guint64  size,
                                          gboolean used,
                                          gpointer user_data);

RillRanges *rill_ranges_new (RillAllocationStrategy strategy) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Legal with live ranges: closing a Memory drops its pages at once, and telling them
 * about every range first would cost a pass over all of them for nothing.
 */
void rill_ranges_free (RillRanges *self);

/* Only without blocks. */
void rill_ranges_set_strategy (RillRanges             *self,
                               RillAllocationStrategy  strategy);
RillAllocationStrategy rill_ranges_get_strategy (RillRanges *self);

/* FALSE with an error if it is none: from a binding, any number may come. */
gboolean rill_ranges_check_strategy (RillAllocationStrategy   strategy,
                                     const char              *what,
                                     GError                 **error);

/*
 * Call it when rill_ranges_allocate() found nothing. The block counts as aligned to
 * anything at its offset 0. An allocation of at most `size` bytes then succeeds at any alignment,
 * so the caller need not loop.
 *
 * Indices should be small, as a table as long as the largest one is kept; reuse those of removed
 * blocks. The largest size is G_MAXINT64.
 */
void rill_ranges_add_block (RillRanges *self,
                            guint32     block,
                            guint64     size);

/*
 * Only for an empty block, as rill_ranges_release() or a use of 0 tell; a block with live
 * ranges ends the program, since their release would write to freed nodes.
 */
void rill_ranges_remove_block (RillRanges *self,
                               guint32     block);

/*
 * FALSE means: add a block, or report out of memory. It is also the answer to a size of 0 or one
 * that no block can have, so callers need not check for overflow first, and to an alignment that
 * is no power of two that a block can have room for.
 *
 * The search is bounded, so FALSE does not prove that nothing fits. It does prove that no free
 * range has `size + alignment - 1` bytes and 1/32 more (with LINEAR that is said of no range), and no
 * empty block `size` bytes and 1/32 more.
 *
 * `range` is left alone on failure.
 */
gboolean rill_ranges_allocate (RillRanges *self,
                               guint64     size,
                               guint64     alignment,
                               RillRange  *range) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The same in one block, in the next gap that will do behind the one that was found last. With LINEAR nothing
 * will. FALSE takes time in the number of the block's ranges, and sets the largest gap, in which other
 * requests may fit.
 */
gboolean rill_ranges_allocate_in (RillRanges *self,
                                  guint32     block,
                                  guint64     size,
                                  guint64     alignment,
                                  RillRange  *range,
                                  guint64    *largest) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Returns TRUE when this was the last range of its block, which may then be removed.
 *
 * A range that is not live (released before, or of others) ends the program with a
 * message in every build: going on would hand the same bytes to two owners.
 */
gboolean rill_ranges_release (RillRanges      *self,
                              const RillRange *range);

/*
 * The same without a struct: a handle of at most 53 bits, 0 if there is no room. Such ranges are
 * freed by rill_ranges_retire(): FALSE is the answer to a handle that is not live. With many ranges
 * the room comes back some calls later, when it has come into a cache; whoever finds none, or asks
 * for numbers, gets it at once.
 */
guint64 rill_ranges_take (RillRanges *self,
                          guint64     size,
                          guint64     alignment,
                          guint64    *offset) G_GNUC_WARN_UNUSED_RESULT;
gboolean rill_ranges_retire (RillRanges *self,
                             guint64     handle) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE if the handle is not live. */
gboolean rill_ranges_lookup (RillRanges *self,
                             guint64     handle,
                             guint64    *offset,
                             guint64    *size);

/* Releases all ranges of all blocks at once, whatever their number. */
void rill_ranges_clear (RillRanges *self);

/*
 * In constant time, so it is a range that is at most 1/32 smaller than the largest; with LINEAR, the one
 * behind the range that was placed last.
 */
guint64 rill_ranges_get_largest_free (RillRanges *self);

/* Kept while allocating, so that properties can be read as often as one likes. */
guint64 rill_ranges_get_used (RillRanges *self);
guint32 rill_ranges_get_n_ranges (RillRanges *self);
guint64 rill_ranges_get_block_used (RillRanges *self,
                                    guint32     block);

/* Walks the block: for reports and dumps, not for decisions on a hot path. */
void rill_ranges_calculate_block_statistics (RillRanges          *self,
                                             guint32              block,
                                             RillBlockStatistics *statistics);

/* In order of offset, and without holes: the parts add up to the size of the block. */
void rill_ranges_walk (RillRanges         *self,
                       guint32             block,
                       RillRangesWalkFunc  func,
                       gpointer            user_data);

/* A part of a block: a range; padding, which is used and has no handle; or a free range. */
typedef struct
{
  guint64 offset;
  guint64 size;
  guint64 handle;
  gboolean used;
} RillPart;

/* Returns: (element-type RillPart) (transfer full): those of the block, in order of offset */
GArray *rill_ranges_list_parts (RillRanges *self,
                                guint32     block) G_GNUC_WARN_UNUSED_RESULT;

/*
 * For tests and debugging, after any call: visits everything. `message` may be NULL; it names
 * the first broken invariant and is freed with g_free().
 */
gboolean rill_ranges_check (RillRanges  *self,
                            char       **message) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
