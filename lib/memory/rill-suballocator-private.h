/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Offsets in any number of blocks, such as the pages of a memory: a two-level segregated fit with one
 * search structure over all blocks, so that its cost depends neither on their number nor on that of
 * the live ranges. It knows nothing of Vulkan, and is not safe from several threads: the caller locks. */
typedef struct _RillSuballocator RillSuballocator;

typedef struct
{
  guint32 block;        /* index that the caller gave to the block */
  guint32 node;         /*< private >*/
  guint64 offset;       /* already past the padding; a multiple of the alignment */
  guint64 left_padding; /* bytes before offset that belong to the range only because of its alignment */
  guint64 size;         /* as asked */
} RillRange;

/* Padding counts neither as used nor as free. */
typedef struct
{
  guint n_ranges;
  guint n_free_ranges;
  guint64 used;
  guint64 free;
  guint64 largest_free;
} RillBlockStatistics;

RillSuballocator *rill_suballocator_new             (void);
/* Also with live ranges, which are gone then. */
void              rill_suballocator_free            (RillSuballocator         *self);

/* Indices should be small: they are those of an array. */
void              rill_suballocator_add_block       (RillSuballocator         *self,
                                                     guint32                   block,
                                                     guint64                   size);
/* Only for a block without live ranges. */
void              rill_suballocator_remove_block    (RillSuballocator         *self,
                                                     guint32                   block);

/* FALSE if no block has room, for a size of 0 and for an alignment that is no power of two. Prefers blocks
 * that are in use: the free range of an empty one is the last that fits. */
gboolean          rill_suballocator_allocate        (RillSuballocator         *self,
                                                     guint64                   size,
                                                     guint64                   alignment,
                                                     RillRange                *range);
/* TRUE if the block holds nothing any more. A range that is not live ends the program: going on would hand
 * out memory twice. */
gboolean          rill_suballocator_release         (RillSuballocator         *self,
                                                     const RillRange          *range);

guint64           rill_suballocator_get_used        (RillSuballocator         *self);
guint64           rill_suballocator_get_block_used  (RillSuballocator         *self,
                                                     guint32                   block);
void              rill_suballocator_calculate_block_statistics (RillSuballocator    *self,
                                                     guint32                   block,
                                                     RillBlockStatistics      *statistics);

typedef void (*RillSuballocatorWalkFunc) (guint32  block,
                                          guint64  offset,
                                          guint64  size,
                                          gboolean used,
                                          gpointer user_data);

/* Calls func for each range of a block in the order of offsets; together they cover it. A used range
 * includes its padding. */
void              rill_suballocator_walk            (RillSuballocator         *self,
                                                     guint32                   block,
                                                     RillSuballocatorWalkFunc  func,
                                                     gpointer                  user_data);
/* For tests: looks at every invariant. The message (nullable) names the first that is broken. */
gboolean          rill_suballocator_check           (RillSuballocator         *self,
                                                     char                    **message);
