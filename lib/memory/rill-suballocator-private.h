/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

typedef struct _RillSuballocator RillSuballocator;

typedef struct
{
  guint32 block;
  guint32 node;
  guint64 offset;
  guint64 left_padding;
  guint64 size;
} RillRange;

typedef struct
{
  guint n_ranges;
  guint n_free_ranges;
  guint64 used;
  guint64 free;
  guint64 largest_free;
} RillBlockStatistics;

RillSuballocator *rill_suballocator_new (void);
void     rill_suballocator_free (RillSuballocator *self);
void     rill_suballocator_add_block (RillSuballocator *self, guint32 block, guint64 size);
void     rill_suballocator_remove_block (RillSuballocator *self, guint32 block);
gboolean rill_suballocator_allocate (RillSuballocator *self, guint64 size, guint64 alignment, RillRange *range);
gboolean rill_suballocator_release (RillSuballocator *self, const RillRange *range);
guint64  rill_suballocator_get_used (RillSuballocator *self);
guint64  rill_suballocator_get_block_used (RillSuballocator *self, guint32 block);
void     rill_suballocator_calculate_block_statistics (RillSuballocator *self, guint32 block, RillBlockStatistics *statistics);
