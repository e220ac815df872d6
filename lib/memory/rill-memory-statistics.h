/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_MEMORY_STATISTICS (rill_memory_statistics_get_type ())

/**
 * RillMemoryStatistics:
 * @page_count: number of live pages
 * @object_count: number of live objects, those included whose range is still held
 * @free_range_count: number of free ranges in all pages
 * @reserved_size: bytes of all pages
 * @used_size: bytes of all objects
 * @free_size: bytes in free ranges
 * @largest_free_size: bytes of the largest free range
 * @fragmentation: how far the free bytes are from being one range, from 0 to 1: 1 less the part that the
 *   largest free range has of them; 0 when nothing is free
 *
 * State of a [class@Memory] or of one of its pages at one moment; see
 * [method@Memory.calculate_statistics] and [method@Memory.calculate_page_statistics].
 */
struct _RillMemoryStatistics
{
  guint   page_count;
  guint   object_count;
  guint   free_range_count;
  guint64 reserved_size;
  guint64 used_size;
  guint64 free_size;
  guint64 largest_free_size;
  double  fragmentation;
};

RILL_API
GType                 rill_memory_statistics_get_type (void) G_GNUC_CONST;

RILL_API
RillMemoryStatistics *rill_memory_statistics_copy     (const RillMemoryStatistics *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void                  rill_memory_statistics_free     (RillMemoryStatistics       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillMemoryStatistics, rill_memory_statistics_free)

G_END_DECLS
