/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-resource.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_IMAGE (rill_image_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillImage, rill_image, RILL, IMAGE, RillResource)

RILL_API
RillImage           *rill_memory_create_image        (RillMemory             *memory,
                                                      const guint            *shape,
                                                      gsize                   n_dims,
                                                      RillChannelType         channel_type,
                                                      RillImageUsageFlags     usage,
                                                      GError                **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
guint               *rill_image_get_shape            (RillImage              *self,
                                                      gsize                  *n_dims) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
guint                rill_image_get_width            (RillImage              *self);
RILL_API
guint                rill_image_get_height           (RillImage              *self);
RILL_API
guint                rill_image_get_depth            (RillImage              *self);
RILL_API
guint                rill_image_get_channels         (RillImage              *self);
RILL_API
guint                rill_image_get_storage_channels (RillImage              *self);
RILL_API
RillChannelType      rill_image_get_channel_type     (RillImage              *self);
RILL_API
RillImageUsageFlags  rill_image_get_usage            (RillImage              *self);
RILL_API
RillImageLayout      rill_image_get_layout           (RillImage              *self);
RILL_API
RillImageTiling      rill_image_get_tiling           (RillImage              *self);
RILL_API
guint64              rill_image_get_minimum_size     (RillImage              *self);

G_END_DECLS
