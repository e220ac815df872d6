/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory-statistics.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_SUBALLOCATOR (rill_suballocator_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillSuballocator, rill_suballocator, RILL, SUBALLOCATOR, GObject)

/**
 * RillSuballocatorWalkFunc:
 * @offset: where the part begins
 * @size: its size, at least 1
 * @used: whether it cannot be allocated
 * @handle: the handle of an allocated range, else 0
 * @user_data: data of the caller's
 *
 * Sees one part of a [class@Suballocator]: an allocated range, which has a handle; padding before one,
 * which is used but has none; or a free range.
 */
typedef void (*RillSuballocatorWalkFunc) (guint64  offset,
                                          guint64  size,
                                          gboolean used,
                                          guint64  handle,
                                          gpointer user_data);

RILL_API
RillSuballocator       *rill_suballocator_new                  (guint64                   size,
                                                                RillAllocationStrategy    strategy,
                                                                GError                  **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
guint64                 rill_suballocator_get_size             (RillSuballocator         *self);
RILL_API
RillAllocationStrategy  rill_suballocator_get_strategy         (RillSuballocator         *self);
RILL_API
guint64                 rill_suballocator_get_used_size        (RillSuballocator         *self);
RILL_API
guint                   rill_suballocator_get_range_count      (RillSuballocator         *self);

RILL_API
guint64                 rill_suballocator_allocate             (RillSuballocator         *self,
                                                                guint64                   size,
                                                                guint64                   alignment,
                                                                guint64                  *offset,
                                                                GError                  **error);
RILL_API
gboolean                rill_suballocator_free                 (RillSuballocator         *self,
                                                                guint64                   handle,
                                                                GError                  **error);
RILL_API
void                    rill_suballocator_clear                (RillSuballocator         *self);
RILL_API
gboolean                rill_suballocator_lookup               (RillSuballocator         *self,
                                                                guint64                   handle,
                                                                guint64                  *offset,
                                                                guint64                  *size,
                                                                GError                  **error);
RILL_API
RillMemoryStatistics   *rill_suballocator_calculate_statistics (RillSuballocator         *self,
                                                                GError                  **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void                    rill_suballocator_walk                 (RillSuballocator         *self,
                                                                RillSuballocatorWalkFunc  func,
                                                                gpointer                  user_data);

G_END_DECLS
