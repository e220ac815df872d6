/* SPDX-License-Identifier: MIT */
#include "transfer/rill-image-transfer-private.h"

#include "core/rill-format-private.h"
#include "transfer/rill-engine-private.h"

#include <string.h>

static const VkImageSubresourceLayers all_layers = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 };

static char *
describe (RillImage *image)
{
  return g_strdup_printf ("%u × %u × %u with %u channels of %s", rill_image_get_width (image),
                          rill_image_get_height (image), rill_image_get_depth (image),
                          rill_image_get_channels (image),
                          rill_channel_type_get_name (rill_image_get_channel_type (image)));
}

gboolean
rill_image_check_copy (RillImage  *from,
                       RillImage  *to,
                       GError    **error)
{
  g_autofree char *from_text = NULL;
  g_autofree char *to_text = NULL;

  if (from == to)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "Could not copy an image to itself");
      return FALSE;
    }
  if (rill_image_get_width (from) == rill_image_get_width (to)
      && rill_image_get_height (from) == rill_image_get_height (to)
      && rill_image_get_depth (from) == rill_image_get_depth (to)
      && rill_image_get_channels (from) == rill_image_get_channels (to)
      && rill_image_get_channel_type (from) == rill_image_get_channel_type (to))
    return TRUE;

  from_text = describe (from);
  to_text = describe (to);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not copy an image of %s to one of %s", from_text, to_text);
  return FALSE;
}

/* A copy command has no conversion, and none between a 1-D image and another. */
gboolean
rill_image_can_record_copy (RillImage *from,
                            RillImage *to)
{
  gboolean from_line = rill_image_get_image_type (from) == VK_IMAGE_TYPE_1D;
  gboolean to_line = rill_image_get_image_type (to) == VK_IMAGE_TYPE_1D;

  return rill_image_get_format (from) == rill_image_get_format (to) && from_line == to_line;
}

void
rill_image_record_copy (RillImage       *from,
                        RillImage       *to,
                        VkCommandBuffer  command)
{
  const VkImageCopy region = {
    .srcSubresource = all_layers,
    .dstSubresource = all_layers,
    .extent = { rill_image_get_width (from), rill_image_get_height (from),
                rill_image_get_depth (from) },
  };

  vkCmdCopyImage (command, rill_image_get_handle (from), VK_IMAGE_LAYOUT_GENERAL,
                  rill_image_get_handle (to), VK_IMAGE_LAYOUT_GENERAL, 1, &region);
}

/* A clear value has 32 bits for each channel. */
gboolean
rill_image_can_record_clear (RillImage *image)
{
  return rill_channel_type_get_size (rill_image_get_channel_type (image)) <= 4
         || rill_image_get_storage_channels (image) == rill_image_get_channels (image);
}

void
rill_image_record_clear (RillImage       *image,
                         VkCommandBuffer  command)
{
  const VkImageSubresourceRange range = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
  RillChannelType type = rill_image_get_channel_type (image);
  VkClearColorValue value = { { 0 } };

  for (guint i = rill_image_get_channels (image); i < rill_image_get_storage_channels (image); i++)
    {
      if (rill_channel_type_is_integer (type))
        value.uint32[i] = 1;
      else
        value.float32[i] = 1.0f;
    }
  vkCmdClearColorImage (command, rill_image_get_handle (image), VK_IMAGE_LAYOUT_GENERAL, &value, 1,
                        &range);
}

static gboolean
copy_on_device (RillImage  *from,
                RillImage  *to,
                GError    **error)
{
  RillContext *context = rill_resource_get_context (from);
  const RillUse uses[] = { { .resource = from }, { .resource = to, .write = TRUE } };
  RillSubmission submission;

  if (!rill_submission_begin (&submission, context, context->compute_queue, uses,
                              G_N_ELEMENTS (uses), error))
    return FALSE;
  rill_image_record_copy (from, to, submission.command);
  return rill_submission_end (&submission, VK_NULL_HANDLE, NULL, error);
}

static gboolean
copy_through_host (RillImage     *from,
                   RillImage     *to,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autofree guint8 *host = rill_image_allocate_host (from, error);

  return host != NULL && rill_image_transfer_run (from, FALSE, host, NULL, cancellable, error)
         && rill_image_transfer_run (to, TRUE, host, NULL, cancellable, error);
}

/**
 * rill_image_copy_to:
 * @image: an image
 * @to: another image of the same session, with the same width, height, depth, channels and channel
 *   type
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Copies the whole content to another image.
 *
 * Returns when the copy was submitted; what is done with the images later comes after it. Where the
 * two are not stored alike, the content is converted by way of the host, and the call blocks until
 * it was read.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when @to is the image itself, is of another session, or has
 * another size or type; %G_IO_ERROR_NOT_SUPPORTED for an image of usage
 * %RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT; %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED; and %RILL_VULKAN_ERROR for what Vulkan refuses.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_copy_to (RillImage     *image,
                    RillImage     *to,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (to), FALSE);

  if (!rill_resource_check_open (image, error) || !rill_resource_check_open (to, error)
      || !rill_resource_check_session (to, rill_resource_get_context (image), error)
      || !rill_image_check_copy (image, to, error) || !rill_image_check_transfer (image, error)
      || !rill_image_check_transfer (to, error))
    return FALSE;

  if (!rill_engine_wait_turn (image, cancellable, error) || !rill_engine_wait_turn (to, cancellable, error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return rill_image_can_record_copy (image, to) ? copy_on_device (image, to, error)
                                                : copy_through_host (image, to, cancellable, error);
}

static gboolean
clear_through_host (RillImage     *image,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autofree guint8 *host = rill_image_allocate_host (image, error);

  if (host == NULL)
    return FALSE;
  memset (host, 0, rill_image_get_minimum_size (image));
  return rill_image_transfer_run (image, TRUE, host, NULL, cancellable, error);
}

/**
 * rill_image_clear:
 * @image: an image
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sets every channel of every texel to zero.
 *
 * Channels that storage adds are set to one. Returns when the work was submitted; what is done with
 * the image later comes after it. See `vkCmdClearColorImage` in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for an image of usage %RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; and %RILL_VULKAN_ERROR
 * for what Vulkan refuses.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_clear (RillImage     *image,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const RillUse use = { .resource = image, .write = TRUE };
  RillSubmission submission;
  RillContext *context;

  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  if (!rill_resource_check_open (image, error) || !rill_image_check_transfer (image, error))
    return FALSE;
  if (!rill_engine_wait_turn (image, cancellable, error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!rill_image_can_record_clear (image))
    return clear_through_host (image, cancellable, error);

  context = rill_resource_get_context (image);
  if (!rill_submission_begin (&submission, context, context->compute_queue, &use, 1, error))
    return FALSE;
  rill_image_record_clear (image, submission.command);
  return rill_submission_end (&submission, VK_NULL_HANDLE, NULL, error);
}

/**
 * rill_image_change_layout:
 * @image: an image
 * @layout: the layout to leave the image in
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Changes the layout in which submitted work leaves the image (`VkImageLayout`).
 *
 * Returns when the change was submitted. No method of this library needs it: each takes the image
 * to the layout that it uses and back. See "Image Layouts" in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for %RILL_IMAGE_LAYOUT_UNDEFINED,
 * %RILL_IMAGE_LAYOUT_PREINITIALIZED, and a layout for a usage that the image was not created for;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; and %RILL_VULKAN_ERROR
 * for what Vulkan refuses.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_change_layout (RillImage        *image,
                          RillImageLayout   layout,
                          GCancellable     *cancellable,
                          GError          **error)
{
  const RillUse use = { .resource = image, .write = TRUE, .final_layout = (VkImageLayout) layout };
  RillSubmission submission;
  RillContext *context;

  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  if (!rill_resource_check_open (image, error) || !rill_image_check_layout (image, layout, error))
    return FALSE;
  if (!rill_engine_wait_turn (image, cancellable, error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (rill_image_get_layout (image) == layout)
    return TRUE;

  context = rill_resource_get_context (image);
  return rill_submission_begin (&submission, context, context->compute_queue, &use, 1, error)
         && rill_submission_end (&submission, VK_NULL_HANDLE, NULL, error);
}
