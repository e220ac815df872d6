/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image-private.h"
#include "resource/rill-image-view.h"

/* Pins are on the image: see rill_resource_pin(). */
VkImageView rill_image_view_get_handle  (RillImageView *self);
VkSampler   rill_image_view_get_sampler (RillImageView *self); /* VK_NULL_HANDLE if not sampled */
gboolean    rill_image_view_check_open  (RillImageView *self,
                                         GError       **error);
