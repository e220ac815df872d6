/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-resource.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_BUFFER (rill_buffer_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillBuffer, rill_buffer, RILL, BUFFER, RillResource)

RILL_API
RillBuffer           *rill_memory_create_buffer      (RillMemory            *memory,
                                                      guint64                size,
                                                      RillBufferUsageFlags   usage,
                                                      GError               **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillBuffer           *rill_memory_create_buffer_like (RillMemory            *memory,
                                                      RillResource          *other,
                                                      RillBufferUsageFlags   usage,
                                                      GError               **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillBufferUsageFlags  rill_buffer_get_usage          (RillBuffer            *self);

G_END_DECLS
