/* SPDX-License-Identifier: MIT */
#pragma once

/* For C programs that use Vulkan themselves beside Rill; rill.h does not include it. The handles are
 * owned by the objects: they are valid until those are closed, and VK_NULL_HANDLE afterwards.
 *
 * A buffer or image whose handle was asked for, or that of a view of it, is never moved by
 * rill_memory_compact() any more, so that the handle stays what it is. Ask for those that you need. */

#include <rill.h>
#include <vulkan/vulkan.h>

G_BEGIN_DECLS

RILL_API
VkInstance       rill_session_get_vk_instance        (RillSession   *session);
RILL_API
VkPhysicalDevice rill_session_get_vk_physical_device (RillSession   *session);
RILL_API
VkDevice         rill_session_get_vk_device          (RillSession   *session);
RILL_API
VkBuffer         rill_buffer_get_vk_buffer           (RillBuffer    *buffer);
RILL_API
VkImage          rill_image_get_vk_image             (RillImage     *image);
RILL_API
VkImageView      rill_image_view_get_vk_image_view   (RillImageView *view);

G_END_DECLS
