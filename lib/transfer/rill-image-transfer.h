/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image.h"
#include "resource/rill-image-view.h"

G_BEGIN_DECLS

RILL_API
RillImage     *rill_memory_create_image_from_bytes      (RillMemory           *memory,
                                                         GBytes               *bytes,
                                                         const guint          *shape,
                                                         gsize                 n_dims,
                                                         RillChannelType       channel_type,
                                                         RillImageUsageFlags   usage,
                                                         GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillImageView *rill_memory_create_image_view_from_bytes (RillMemory           *memory,
                                                         GBytes               *bytes,
                                                         const guint          *shape,
                                                         gsize                 n_dims,
                                                         RillChannelType       channel_type,
                                                         RillImageUsageFlags   usage,
                                                         RillFilterMode        filter_mode,
                                                         RillAddressMode       address_mode,
                                                         gboolean              normalized_coordinates,
                                                         gboolean              sampled,
                                                         GError              **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
gboolean       rill_image_write_bytes                   (RillImage            *image,
                                                         GBytes               *bytes,
                                                         GCancellable         *cancellable,
                                                         GError              **error);
RILL_API
void           rill_image_write_bytes_async             (RillImage            *image,
                                                         GBytes               *bytes,
                                                         GCancellable         *cancellable,
                                                         GAsyncReadyCallback   callback,
                                                         gpointer              user_data);
RILL_API
gboolean       rill_image_write_bytes_finish            (RillImage            *image,
                                                         GAsyncResult         *result,
                                                         GError              **error);
RILL_API
GBytes        *rill_image_read_bytes                    (RillImage            *image,
                                                         GCancellable         *cancellable,
                                                         GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void           rill_image_read_bytes_async              (RillImage            *image,
                                                         GCancellable         *cancellable,
                                                         GAsyncReadyCallback   callback,
                                                         gpointer              user_data);
RILL_API
GBytes        *rill_image_read_bytes_finish             (RillImage            *image,
                                                         GAsyncResult         *result,
                                                         GError              **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
gboolean       rill_image_write_address                 (RillImage            *image,
                                                         guintptr              address,
                                                         gsize                 size,
                                                         GCancellable         *cancellable,
                                                         GError              **error);
RILL_API
gboolean       rill_image_read_address                  (RillImage            *image,
                                                         guintptr              address,
                                                         gsize                 size,
                                                         GCancellable         *cancellable,
                                                         GError              **error);
RILL_API
gboolean       rill_image_copy_to                       (RillImage            *image,
                                                         RillImage            *to,
                                                         GCancellable         *cancellable,
                                                         GError              **error);
RILL_API
gboolean       rill_image_clear                         (RillImage            *image,
                                                         GCancellable         *cancellable,
                                                         GError              **error);
RILL_API
gboolean       rill_image_change_layout                 (RillImage            *image,
                                                         RillImageLayout       layout,
                                                         GCancellable         *cancellable,
                                                         GError              **error);

G_END_DECLS
