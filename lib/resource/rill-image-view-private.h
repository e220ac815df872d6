/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image-private.h"
#include "resource/rill-image-view.h"

/* Pins are on the image: see rill_resource_pin(). */
VkImageView rill_image_view_get_handle  (RillImageView *self);
VkSampler   rill_image_view_get_sampler (RillImageView *self); /* VK_NULL_HANDLE if not sampled */
/* Under the image's lock: takes another handle, and returns the old one; VK_NULL_HANDLE, and takes nothing,
 * once it is closed. */
VkImageView rill_image_view_exchange_locked (RillImageView *self,
                                         VkImageView    handle);
gboolean    rill_image_view_check_open  (RillImageView *self,
                                         GError       **error);
