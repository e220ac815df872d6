/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_MEMORY_TYPE (rill_memory_type_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillMemoryType, rill_memory_type, RILL, MEMORY_TYPE, GObject)

RILL_API
guint                   rill_memory_type_get_index       (RillMemoryType *self);
RILL_API
guint                   rill_memory_type_get_heap_index  (RillMemoryType *self);
RILL_API
RillMemoryPropertyFlags rill_memory_type_get_flags       (RillMemoryType *self);
RILL_API
guint64                 rill_memory_type_get_heap_size   (RillMemoryType *self);
RILL_API
guint64                 rill_memory_type_get_heap_budget (RillMemoryType *self);
RILL_API
guint64                 rill_memory_type_get_heap_usage  (RillMemoryType *self);

G_END_DECLS
