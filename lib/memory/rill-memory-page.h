/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_MEMORY_PAGE (rill_memory_page_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillMemoryPage, rill_memory_page, RILL, MEMORY_PAGE, GObject)

RILL_API
RillMemory *rill_memory_page_get_memory       (RillMemoryPage *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
guint       rill_memory_page_get_index        (RillMemoryPage *self);
RILL_API
guint64     rill_memory_page_get_size         (RillMemoryPage *self);
RILL_API
gboolean    rill_memory_page_get_mappable     (RillMemoryPage *self);
RILL_API
gboolean    rill_memory_page_get_live         (RillMemoryPage *self);
RILL_API
guint       rill_memory_page_get_object_count (RillMemoryPage *self);
RILL_API
guint64     rill_memory_page_get_used_size    (RillMemoryPage *self);
RILL_API
guint64     rill_memory_page_get_free_size    (RillMemoryPage *self);

G_END_DECLS
