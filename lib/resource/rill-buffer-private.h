/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer.h"
#include "resource/rill-resource-private.h"

VkBuffer rill_buffer_get_handle    (RillBuffer            *self);
/* INVALID_ARGUMENT when the buffer was not created for the usage. */
gboolean rill_buffer_check_usage   (RillBuffer            *self,
                                    RillBufferUsageFlags   usage,
                                    GError               **error);
/* A buffer like this one, without memory. */
gboolean rill_buffer_create_twin   (RillBuffer            *self,
                                    RillAllocationRequest *request,
                                    GError               **error);
/* The host address of the first byte; NULL if the memory is not mappable. */
guint8  *rill_buffer_get_map       (RillBuffer            *self);
