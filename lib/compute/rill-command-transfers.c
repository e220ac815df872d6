/* SPDX-License-Identifier: MIT */
#include "compute/rill-command-buffer-private.h"

#include "transfer/rill-image-transfer-private.h"

static gboolean
check_buffer (RillCommandBuffer     *self,
              RillBuffer            *buffer,
              RillBufferUsageFlags   usage,
              GError               **error)
{
  return rill_resource_check_open (buffer, error)
         && rill_resource_check_session (buffer, rill_command_buffer_get_context (self), error)
         && rill_buffer_check_usage (buffer, usage, error);
}

static gboolean
check_image (RillCommandBuffer  *self,
             RillImage          *image,
             GError            **error)
{
  return rill_resource_check_open (image, error)
         && rill_resource_check_session (image, rill_command_buffer_get_context (self), error)
         && rill_image_check_transfer (image, error);
}

static gboolean
overlaps (guint64 a,
          guint64 b,
          guint64 size)
{
  return a < b ? b - a < size : a - b < size;
}

static gboolean
check_copy_buffer (RillCommandBuffer  *self,
                   RillBuffer         *from,
                   guint64             from_offset,
                   RillBuffer         *to,
                   guint64             to_offset,
                   gint64              size,
                   guint64            *actual,
                   GError            **error)
{
  if (!check_buffer (self, from, RILL_BUFFER_USAGE_TRANSFER_SRC, error)
      || !check_buffer (self, to, RILL_BUFFER_USAGE_TRANSFER_DST, error)
      || !rill_resource_check_range ("copy", rill_resource_get_size (RILL_RESOURCE (from)),
                                     from_offset, size, actual, error)
      || !rill_resource_check_range ("copy", rill_resource_get_size (RILL_RESOURCE (to)), to_offset,
                                     (gint64) *actual, actual, error))
    return FALSE;
  if (from != to || !overlaps (from_offset, to_offset, *actual))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not copy: %" G_GUINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
               " and at offset %" G_GUINT64_FORMAT " of one buffer overlap",
               *actual, from_offset, to_offset);
  return FALSE;
}

/**
 * rill_command_buffer_copy_buffer:
 * @self: a command buffer
 * @from: a buffer with %RILL_BUFFER_USAGE_TRANSFER_SRC
 * @from_offset: offset in @from in bytes
 * @to: a buffer with %RILL_BUFFER_USAGE_TRANSFER_DST
 * @to_offset: offset in @to in bytes
 * @size: how many bytes; -1 for the rest of @from
 * @error: return location for an error
 *
 * Records a copy from a buffer to another, or to another place of the same (`vkCmdCopyBuffer`).
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a range that does not lie in its buffer, ranges that
 * overlap, and a buffer of another usage or session; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_copy_buffer (RillCommandBuffer  *self,
                                 RillBuffer         *from,
                                 guint64             from_offset,
                                 RillBuffer         *to,
                                 guint64             to_offset,
                                 gint64              size,
                                 GError            **error)
{
  RillRecording *recording;
  gboolean valid;
  guint64 actual;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (from), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (to), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_copy_buffer (self, from, from_offset, to, to_offset, size, &actual, error);
  if (valid && actual > 0)
    rill_recording_add_copy_buffer (recording, from, from_offset, to, to_offset, actual);
  rill_command_buffer_release (self, recording);
  return valid;
}

static gboolean
check_fill_buffer (RillCommandBuffer  *self,
                   RillBuffer         *buffer,
                   guint64             offset,
                   gint64              size,
                   guint64            *actual,
                   GError            **error)
{
  if (!check_buffer (self, buffer, RILL_BUFFER_USAGE_TRANSFER_DST, error)
      || !rill_resource_check_range ("fill", rill_resource_get_size (RILL_RESOURCE (buffer)),
                                     offset, size, actual, error))
    return FALSE;
  if (offset % 4 == 0 && *actual % 4 == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not fill %" G_GUINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
               ": in a command buffer both are multiples of 4",
               *actual, offset);
  return FALSE;
}

/**
 * rill_command_buffer_fill_buffer:
 * @self: a command buffer
 * @buffer: a buffer with %RILL_BUFFER_USAGE_TRANSFER_DST
 * @offset: offset in bytes, a multiple of 4
 * @size: how many bytes, a multiple of 4; -1 for the rest
 * @value: value of each byte
 * @error: return location for an error
 *
 * Records that a range of a buffer is filled with a byte (`vkCmdFillBuffer`).
 *
 * Unlike [method@Buffer.fill] it takes ranges of whole words only. Errors:
 * %G_IO_ERROR_INVALID_ARGUMENT for a range that does not lie in the buffer or is not made of whole
 * words, and a buffer of another usage or session; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_fill_buffer (RillCommandBuffer  *self,
                                 RillBuffer         *buffer,
                                 guint64             offset,
                                 gint64              size,
                                 guint8              value,
                                 GError            **error)
{
  RillRecording *recording;
  gboolean valid;
  guint64 actual;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_fill_buffer (self, buffer, offset, size, &actual, error);
  if (valid && actual > 0)
    rill_recording_add_fill_buffer (recording, buffer, offset, actual, value);
  rill_command_buffer_release (self, recording);
  return valid;
}

static gboolean
check_copy_image (RillCommandBuffer  *self,
                  RillImage          *from,
                  RillImage          *to,
                  GError            **error)
{
  if (!check_image (self, from, error) || !check_image (self, to, error)
      || !rill_image_check_copy (from, to, error))
    return FALSE;
  if (rill_image_can_record_copy (from, to))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "Could not record a copy: the images are not stored alike, and only "
                       "rill_image_copy_to() converts");
  return FALSE;
}

/**
 * rill_command_buffer_copy_image:
 * @self: a command buffer
 * @from: an image
 * @to: another image, with the same width, height, depth, channels and channel type
 * @error: return location for an error
 *
 * Records a copy of the whole content of an image to another (`vkCmdCopyImage`).
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when @to is @from, has another size or type, or one is of
 * another session; %G_IO_ERROR_NOT_SUPPORTED for images that are not stored alike, which
 * [method@Image.copy_to] converts, and for transient ones; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_copy_image (RillCommandBuffer  *self,
                                RillImage          *from,
                                RillImage          *to,
                                GError            **error)
{
  RillRecording *recording;
  gboolean valid;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (from), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (to), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_copy_image (self, from, to, error);
  if (valid)
    rill_recording_add_copy_image (recording, from, to);
  rill_command_buffer_release (self, recording);
  return valid;
}

/* The bytes of the image's texels as they are stored, which must lie in the buffer. */
static gboolean
check_buffer_and_image (RillCommandBuffer     *self,
                        RillBuffer            *buffer,
                        RillBufferUsageFlags   usage,
                        guint64                offset,
                        RillImage             *image,
                        guint64               *size,
                        GError               **error)
{
  guint texel_size;

  if (!check_buffer (self, buffer, usage, error) || !check_image (self, image, error))
    return FALSE;
  texel_size = rill_image_get_texel_size (image);
  *size = (guint64) rill_image_get_width (image) * rill_image_get_height (image)
          * rill_image_get_depth (image) * texel_size;
  if (!rill_resource_check_range ("copy", rill_resource_get_size (RILL_RESOURCE (buffer)), offset,
                                  (gint64) *size, size, error))
    return FALSE;
  if (offset % texel_size == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not copy: offset %" G_GUINT64_FORMAT " is no multiple of the %u bytes of a "
               "texel",
               offset, texel_size);
  return FALSE;
}

/**
 * rill_command_buffer_copy_buffer_to_image:
 * @self: a command buffer
 * @from: a buffer with %RILL_BUFFER_USAGE_TRANSFER_SRC
 * @from_offset: offset in bytes, a multiple of the size of a texel
 * @to: an image
 * @error: return location for an error
 *
 * Records a copy from a buffer to the whole of an image (`vkCmdCopyBufferToImage`).
 *
 * The buffer has the texels row after row without gaps, as they are stored: with
 * [property@Image:storage-channels] channels, where [method@Image.write_bytes] takes
 * [property@Image:channels].
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a range that does not lie in the buffer or is not
 * aligned, a buffer of another usage, and what is of another session; %G_IO_ERROR_NOT_SUPPORTED
 * for a transient image; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_copy_buffer_to_image (RillCommandBuffer  *self,
                                          RillBuffer         *from,
                                          guint64             from_offset,
                                          RillImage          *to,
                                          GError            **error)
{
  RillRecording *recording;
  gboolean valid;
  guint64 size;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (from), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (to), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_buffer_and_image (self, from, RILL_BUFFER_USAGE_TRANSFER_SRC, from_offset, to,
                                  &size, error);
  if (valid)
    rill_recording_add_copy_buffer_to_image (recording, from, from_offset, size, to);
  rill_command_buffer_release (self, recording);
  return valid;
}

/**
 * rill_command_buffer_copy_image_to_buffer:
 * @self: a command buffer
 * @from: an image
 * @to: a buffer with %RILL_BUFFER_USAGE_TRANSFER_DST
 * @to_offset: offset in bytes, a multiple of the size of a texel
 * @error: return location for an error
 *
 * Records a copy of the whole of an image to a buffer (`vkCmdCopyImageToBuffer`).
 *
 * The buffer receives the texels as [method@CommandBuffer.copy_buffer_to_image] takes them, and
 * the errors are the same.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_copy_image_to_buffer (RillCommandBuffer  *self,
                                          RillImage          *from,
                                          RillBuffer         *to,
                                          guint64             to_offset,
                                          GError            **error)
{
  RillRecording *recording;
  gboolean valid;
  guint64 size;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (from), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (to), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_buffer_and_image (self, to, RILL_BUFFER_USAGE_TRANSFER_DST, to_offset, from, &size,
                                  error);
  if (valid)
    rill_recording_add_copy_image_to_buffer (recording, from, to, to_offset, size);
  rill_command_buffer_release (self, recording);
  return valid;
}

static gboolean
check_clear_image (RillCommandBuffer  *self,
                   RillImage          *image,
                   GError            **error)
{
  if (!check_image (self, image, error))
    return FALSE;
  if (rill_image_can_record_clear (image))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "Could not record a clear: the image's storage adds a channel of 64 bits, "
                       "which only rill_image_clear() sets");
  return FALSE;
}

/**
 * rill_command_buffer_clear_image:
 * @self: a command buffer
 * @image: an image
 * @error: return location for an error
 *
 * Records that every channel of every texel is set to zero (`vkCmdClearColorImage`).
 *
 * Channels that storage adds are set to one. Errors: %G_IO_ERROR_INVALID_ARGUMENT for an image of
 * another session; %G_IO_ERROR_NOT_SUPPORTED for a transient one, and for 64-bit channels to which
 * storage adds another; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_clear_image (RillCommandBuffer  *self,
                                 RillImage          *image,
                                 GError            **error)
{
  RillRecording *recording;
  gboolean valid;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = check_clear_image (self, image, error);
  if (valid)
    rill_recording_add_clear_image (recording, image);
  rill_command_buffer_release (self, recording);
  return valid;
}

/**
 * rill_command_buffer_change_image_layout:
 * @self: a command buffer
 * @image: an image
 * @layout: a layout for which the image has a usage
 * @error: return location for an error
 *
 * Records the layout that an image has after the run (`VkImageLayout`).
 *
 * While commands run, images are in %RILL_IMAGE_LAYOUT_GENERAL, whatever layout they have before
 * and after: so it is the same where among the commands this stands, and of several for one image
 * the last counts. [property@Image:layout] changes when the command buffer is run.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a layout that is unknown, undefined or without its
 * usage, and an image of another session; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_change_image_layout (RillCommandBuffer  *self,
                                         RillImage          *image,
                                         RillImageLayout     layout,
                                         GError            **error)
{
  RillRecording *recording;
  gboolean valid;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  valid = rill_resource_check_open (image, error)
          && rill_resource_check_session (image, rill_command_buffer_get_context (self), error)
          && rill_image_check_layout (image, layout, error);
  if (valid)
    rill_recording_set_final_layout (recording, image, layout);
  rill_command_buffer_release (self, recording);
  return valid;
}
