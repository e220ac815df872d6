/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer.h"

G_BEGIN_DECLS

RILL_API
RillBuffer *rill_memory_create_buffer_from_bytes (RillMemory            *memory,
                                                  GBytes                *bytes,
                                                  RillBufferUsageFlags   usage,
                                                  GError               **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
gboolean    rill_buffer_write_bytes              (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  GBytes               *bytes,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
void        rill_buffer_write_bytes_async        (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  GBytes               *bytes,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);
RILL_API
gboolean    rill_buffer_write_bytes_finish       (RillBuffer           *buffer,
                                                  GAsyncResult         *result,
                                                  GError              **error);
RILL_API
GBytes     *rill_buffer_read_bytes               (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  gint64                size,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void        rill_buffer_read_bytes_async         (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  gint64                size,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);
RILL_API
GBytes     *rill_buffer_read_bytes_finish        (RillBuffer           *buffer,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
gboolean    rill_buffer_write_data               (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  const guint8         *data,
                                                  gsize                 size,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
gboolean    rill_buffer_read_data                (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  guint8               *data,
                                                  gsize                 size,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
gboolean    rill_buffer_write_address            (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  guintptr              address,
                                                  gsize                 size,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
gboolean    rill_buffer_read_address             (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  guintptr              address,
                                                  gsize                 size,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
gboolean    rill_buffer_copy_to                  (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  RillBuffer           *to,
                                                  guint64               to_offset,
                                                  gint64                size,
                                                  GCancellable         *cancellable,
                                                  GError              **error);
RILL_API
void        rill_buffer_copy_to_async            (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  RillBuffer           *to,
                                                  guint64               to_offset,
                                                  gint64                size,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);
RILL_API
gboolean    rill_buffer_copy_to_finish           (RillBuffer           *buffer,
                                                  GAsyncResult         *result,
                                                  GError              **error);
RILL_API
gboolean    rill_buffer_fill                     (RillBuffer           *buffer,
                                                  guint64               offset,
                                                  gint64                size,
                                                  guint8                value,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

G_END_DECLS
