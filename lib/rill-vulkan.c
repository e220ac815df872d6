/* SPDX-License-Identifier: MIT */
#include "rill-vulkan.h"

#include "resource/rill-buffer-private.h"
#include "resource/rill-image-view-private.h"
#include "session/rill-session-private.h"

VkInstance
rill_session_get_vk_instance (RillSession *session)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), VK_NULL_HANDLE);

  context = rill_session_ref_context (session, NULL);
  return context != NULL ? context->instance->handle : VK_NULL_HANDLE;
}

VkPhysicalDevice
rill_session_get_vk_physical_device (RillSession *session)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), VK_NULL_HANDLE);

  context = rill_session_ref_context (session, NULL);
  return context != NULL ? context->physical_device : VK_NULL_HANDLE;
}

VkDevice
rill_session_get_vk_device (RillSession *session)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), VK_NULL_HANDLE);

  context = rill_session_ref_context (session, NULL);
  return context != NULL ? context->device : VK_NULL_HANDLE;
}

VkBuffer
rill_buffer_get_vk_buffer (RillBuffer *buffer)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), VK_NULL_HANDLE);

  return (VkBuffer) (guintptr) rill_resource_give_handle (buffer);
}

VkImage
rill_image_get_vk_image (RillImage *image)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), VK_NULL_HANDLE);

  return (VkImage) (guintptr) rill_resource_give_handle (image);
}

VkImageView
rill_image_view_get_vk_image_view (RillImageView *view)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (view), VK_NULL_HANDLE);

  if (!rill_image_view_check_open (view, NULL))
    return VK_NULL_HANDLE;
  rill_resource_give_handle (rill_image_view_get_image (view));
  return rill_image_view_get_handle (view);
}
