/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image.h"
#include "resource/rill-resource-private.h"

/* What a shape says, checked. */
typedef struct
{
  guint n_dims;
  guint dims[4];
  guint width, height, depth, channels;
} RillImageShape;

gboolean      rill_image_shape_init          (RillImageShape         *self,
                                              const guint            *shape,
                                              gsize                   n_dims,
                                              GError                **error);

VkImage       rill_image_get_handle          (RillImage              *self);
VkFormat      rill_image_get_format          (RillImage              *self);
VkImageType   rill_image_get_image_type      (RillImage              *self);
guint         rill_image_get_texel_size      (RillImage              *self); /* bytes in storage */
guint         rill_image_get_host_texel_size (RillImage              *self); /* bytes on the host */
gboolean      rill_image_check_usage         (RillImage              *self,
                                              RillImageUsageFlags     usage,
                                              GError                **error);
/* NOT_SUPPORTED for transient images. */
gboolean      rill_image_check_transfer      (RillImage              *self,
                                              GError                **error);
/* INVALID_ARGUMENT for UNDEFINED, PREINITIALIZED, unknown ones, and those whose usage the image
 * lacks. */
gboolean      rill_image_check_layout        (RillImage              *self,
                                              RillImageLayout         layout,
                                              GError                **error);

/* The layout as submitted work leaves it; the submit lock is held. UNDEFINED until first used. */
VkImageLayout rill_image_get_vk_layout_locked (RillImage             *self);
void          rill_image_set_vk_layout_locked (RillImage             *self,
                                              VkImageLayout           layout);

/* A view of the whole image. The channels that storage adds read as one in a sampled view; in
 * others they read as they are stored, because Vulkan allows storage views no other. The caller has
 * pinned the image. */
VkImageView   rill_image_create_vk_view      (RillImage              *self,
                                              gboolean                sampled,
                                              GError                **error);

/* An image like this one, without memory. */
gboolean      rill_image_create_twin         (RillImage              *self,
                                              RillAllocationRequest  *request,
                                              GError                **error);
/* The same view of that one. */
VkImageView   rill_image_create_twin_view    (RillImage              *self,
                                              VkImage                 twin,
                                              gboolean                sampled,
                                              GError                **error);

/* The default view, of the whole image without a sampler: made on first use, lives with the image.
 * The caller has pinned the image. */
VkImageView   rill_image_ensure_default_view (RillImage              *self,
                                              GError                **error);
