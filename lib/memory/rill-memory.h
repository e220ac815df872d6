/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-session.h"
#include "memory/rill-memory-statistics.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

/**
 * RILL_MEMORY_DEFAULT_PAGE_SIZE:
 *
 * Size of a page in bytes, unless one asks for another: 32 MiB.
 */
#define RILL_MEMORY_DEFAULT_PAGE_SIZE 33554432

#define RILL_TYPE_MEMORY (rill_memory_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillMemory, rill_memory, RILL, MEMORY, GObject)

RILL_API
RillMemory              *rill_session_create_memory         (RillSession              *session,
                                                             RillMemoryPropertyFlags   flags,
                                                             guint64                   page_size,
                                                             gboolean                  exact_flags_match,
                                                             GError                  **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillMemory              *rill_session_get_memory_for_usage  (RillSession              *session,
                                                             RillMemoryUsage           usage,
                                                             GError                  **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
char                    *rill_session_explain_memory        (RillSession              *session,
                                                             RillMemoryPropertyFlags   flags,
                                                             gboolean                  exact_flags_match,
                                                             GError                  **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillSession             *rill_memory_get_session            (RillMemory               *self);
RILL_API
RillMemoryPropertyFlags  rill_memory_get_flags              (RillMemory               *self);
RILL_API
RillMemoryType          *rill_memory_get_memory_type        (RillMemory               *self);
RILL_API
guint64                  rill_memory_get_page_size          (RillMemory               *self);
RILL_API
guint                    rill_memory_get_page_count         (RillMemory               *self);
RILL_API
GListModel              *rill_memory_get_pages              (RillMemory               *self);
RILL_API
gboolean                 rill_memory_get_mappable           (RillMemory               *self);
RILL_API
guint64                  rill_memory_get_used_size          (RillMemory               *self);
RILL_API
guint64                  rill_memory_get_reserved_size      (RillMemory               *self);
RILL_API
guint64                  rill_memory_get_size_limit         (RillMemory               *self);
RILL_API
gboolean                 rill_memory_set_size_limit         (RillMemory               *self,
                                                             guint64                   size_limit,
                                                             GError                  **error);
RILL_API
float                    rill_memory_get_priority           (RillMemory               *self);
RILL_API
gboolean                 rill_memory_set_priority           (RillMemory               *self,
                                                             float                     priority,
                                                             GError                  **error);
RILL_API
RillAllocationStrategy   rill_memory_get_strategy           (RillMemory               *self);
RILL_API
gboolean                 rill_memory_set_strategy           (RillMemory               *self,
                                                             RillAllocationStrategy    strategy,
                                                             GError                  **error);
RILL_API
gboolean                 rill_memory_get_closed             (RillMemory               *self);

RILL_API
gboolean                 rill_memory_is_page_mappable       (RillMemory               *self,
                                                             guint                     page);
RILL_API
gboolean                 rill_memory_trim                   (RillMemory               *self,
                                                             GError                  **error);
RILL_API
RillMemoryStatistics    *rill_memory_calculate_statistics   (RillMemory               *self,
                                                             GError                  **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillMemoryStatistics    *rill_memory_calculate_page_statistics (RillMemory            *self,
                                                             guint                     page,
                                                             GError                  **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void                     rill_memory_close                  (RillMemory               *self);

G_END_DECLS
