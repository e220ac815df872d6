/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_MAPPING (rill_mapping_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillMapping, rill_mapping, RILL, MAPPING, GObject)

RILL_API
RillMapping  *rill_buffer_map               (RillBuffer           *buffer,
                                             RillMapFlags          flags,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillMapping  *rill_buffer_map_range         (RillBuffer           *buffer,
                                             RillMapFlags          flags,
                                             guint64               offset,
                                             gint64                size,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void          rill_buffer_map_async         (RillBuffer           *buffer,
                                             RillMapFlags          flags,
                                             guint                 timeout_ms,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
RILL_API
RillMapping  *rill_buffer_map_finish        (RillBuffer           *buffer,
                                             GAsyncResult         *result,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillBuffer   *rill_mapping_get_buffer       (RillMapping          *self);
RILL_API
RillMapFlags  rill_mapping_get_flags        (RillMapping          *self);
RILL_API
guint64       rill_mapping_get_offset       (RillMapping          *self);
RILL_API
guint64       rill_mapping_get_size         (RillMapping          *self);
RILL_API
gboolean      rill_mapping_get_closed       (RillMapping          *self);
RILL_API
guintptr      rill_mapping_get_address      (RillMapping          *self,
                                             GError              **error);
RILL_API
GBytes       *rill_mapping_get_bytes        (RillMapping          *self,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void          rill_mapping_close            (RillMapping          *self);

G_END_DECLS
