/* SPDX-License-Identifier: MIT */
#include "transfer/rill-image-transfer-private.h"

#include "core/rill-error-private.h"
#include "core/rill-format-private.h"
#include "resource/rill-image-view-private.h"
#include "transfer/rill-engine-private.h"

/* A copy takes a box: whole slices, else whole rows of one slice, else a part of a row. */
static void
split_image (RillStagedTransfer *transfer,
             guint64             first,
             guint64             max_units,
             RillChunk          *chunk)
{
  guint64 width = rill_image_get_width (transfer->resource);
  guint64 height = rill_image_get_height (transfer->resource);
  guint64 depth = rill_image_get_depth (transfer->resource);
  guint64 x = first % width;
  guint64 y = first / width % height;
  guint64 z = first / (width * height);
  VkExtent3D extent = { (guint32) width, 1, 1 };

  if (x != 0 || max_units < width)
    extent.width = (guint32) MIN (width - x, max_units);
  else if (y != 0 || max_units < width * height)
    extent.height = (guint32) MIN (height - y, max_units / width);
  else
    {
      extent.height = (guint32) height;
      extent.depth = (guint32) MIN (depth - z, max_units / (width * height));
    }

  chunk->n_units = (guint64) extent.width * extent.height * extent.depth;
  chunk->region = (VkBufferImageCopy) {
    .imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
    .imageOffset = { (gint32) x, (gint32) y, (gint32) z },
    .imageExtent = extent,
  };
}

static void
record_image (RillStagedTransfer *transfer,
              const RillChunk    *chunk,
              VkCommandBuffer     command,
              VkBuffer            staging,
              guint64             staging_offset)
{
  VkImage image = rill_image_get_handle (transfer->resource);
  VkBufferImageCopy region = chunk->region;

  region.bufferOffset = staging_offset;
  if (transfer->upload)
    vkCmdCopyBufferToImage (command, staging, image, VK_IMAGE_LAYOUT_GENERAL, 1, &region);
  else
    vkCmdCopyImageToBuffer (command, image, VK_IMAGE_LAYOUT_GENERAL, staging, 1, &region);
}

static gboolean
check_transferable (RillImage  *image,
                    GError    **error)
{
  return rill_resource_check_open (image, error) && rill_image_check_transfer (image, error);
}

void
rill_image_transfer_init (RillStagedTransfer *self,
                          RillImage          *image,
                          gboolean            upload,
                          guint8             *host)
{
  guint texel_size = rill_image_get_host_texel_size (image);

  *self = (RillStagedTransfer) {
    .resource = image,
    .upload = upload,
    .host = host,
    .n_units = rill_image_get_minimum_size (image) / texel_size,
    .host_unit = texel_size,
    .staging_unit = rill_image_get_texel_size (image),
    .channel_type = rill_image_get_channel_type (image),
    .host_channels = rill_image_get_channels (image),
    .staging_channels = rill_image_get_storage_channels (image),
    .split = split_image,
    .record = record_image,
  };
}

gboolean
rill_image_transfer_run (RillImage      *image,
                         gboolean        upload,
                         guint8         *host,
                         RillSyncPoint  *point,
                         GCancellable   *cancellable,
                         GError        **error)
{
  RillStagedTransfer staged;
  RillTransfer *progress;
  gboolean done;

  if (!rill_engine_wait_turn (image, cancellable, error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !rill_resource_pin (image, error))
    return FALSE;
  rill_image_transfer_init (&staged, image, upload, host);
  progress = rill_transfer_begin (
    image, upload ? RILL_TRANSFER_DIRECTION_UPLOAD : RILL_TRANSFER_DIRECTION_DOWNLOAD,
    rill_image_get_minimum_size (image), cancellable);
  done = rill_staged_transfer_run (&staged, progress, cancellable, error);
  rill_transfer_end (progress);
  rill_resource_unpin (image);
  if (point != NULL)
    *point = staged.point;
  return done;
}

guint8 *
rill_image_allocate_host (RillImage  *image,
                          GError    **error)
{
  guint64 size = rill_image_get_minimum_size (image);
  guint8 *host = size <= G_MAXSIZE ? g_try_malloc ((gsize) size) : NULL;

  if (host == NULL)
    {
      g_autofree char *text = rill_format_size (size);
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                   "There are not %s of host memory for the data of an image", text);
    }
  return host;
}

static gboolean
check_size (RillImage  *image,
            gsize       size,
            GError    **error)
{
  GString *shape;
  g_autofree guint *dims = NULL;
  gsize n_dims;

  if (size == rill_image_get_minimum_size (image))
    return TRUE;
  shape = g_string_new (NULL);
  dims = rill_image_get_shape (image, &n_dims);
  for (gsize i = 0; i < n_dims; i++)
    g_string_append_printf (shape, "%s%u", i > 0 ? ", " : "", dims[i]);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The data of an image of shape [%s] of %s are %" G_GUINT64_FORMAT
               " bytes, not %" G_GSIZE_FORMAT,
               shape->str, rill_channel_type_get_name (rill_image_get_channel_type (image)),
               rill_image_get_minimum_size (image), size);
  g_string_free (shape, TRUE);
  return FALSE;
}

/**
 * rill_memory_create_image_from_bytes:
 * @memory: a memory
 * @bytes: data of the image: rows without padding, of exactly the size that shape and type give
 * @shape: (array length=n_dims): `[width]`, `[height, width]`, `[height, width, channels]` or
 *   `[depth, height, width, channels]`
 * @n_dims: number of dimensions of the shape, 1 to 4
 * @channel_type: type of a channel
 * @usage: what the image is for; %RILL_IMAGE_USAGE_NONE for the default set
 * @error: return location for an error
 *
 * Creates an image and writes its data.
 *
 * See [method@Memory.create_image] and [method@Image.write_bytes] for the errors.
 *
 * Returns: (transfer full): the image
 */
RillImage *
rill_memory_create_image_from_bytes (RillMemory           *memory,
                                     GBytes               *bytes,
                                     const guint          *shape,
                                     gsize                 n_dims,
                                     RillChannelType       channel_type,
                                     RillImageUsageFlags   usage,
                                     GError              **error)
{
  g_autoptr (RillImage) image = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  image = rill_memory_create_image (memory, shape, n_dims, channel_type, usage, error);
  if (image == NULL || !rill_image_write_bytes (image, bytes, NULL, error))
    return NULL;
  return g_steal_pointer (&image);
}

/**
 * rill_memory_create_image_view_from_bytes:
 * @memory: a memory
 * @bytes: data of the image: rows without padding, of exactly the size that shape and type give
 * @shape: (array length=n_dims): `[width]`, `[height, width]`, `[height, width, channels]` or
 *   `[depth, height, width, channels]`
 * @n_dims: number of dimensions of the shape, 1 to 4
 * @channel_type: type of a channel
 * @usage: what the image is for; %RILL_IMAGE_USAGE_NONE for the default set
 * @filter_mode: how the sampler reads between texels
 * @address_mode: how the sampler reads outside of the image, in every direction
 * @normalized_coordinates: whether the sampler's coordinates go from 0 to 1 instead of to the
 *   number of texels
 * @sampled: whether shaders read the image through a sampler, instead of as a storage image
 * @error: return location for an error
 *
 * Creates an image, writes its data, and creates a view of it.
 *
 * The view holds the image, [property@ImageView:image]. See [method@Memory.create_image],
 * [method@Image.write_bytes] and [method@Image.create_view_with_address_modes] for the errors.
 *
 * Returns: (transfer full): the view
 */
RillImageView *
rill_memory_create_image_view_from_bytes (RillMemory           *memory,
                                          GBytes               *bytes,
                                          const guint          *shape,
                                          gsize                 n_dims,
                                          RillChannelType       channel_type,
                                          RillImageUsageFlags   usage,
                                          RillFilterMode        filter_mode,
                                          RillAddressMode       address_mode,
                                          gboolean              normalized_coordinates,
                                          gboolean              sampled,
                                          GError              **error)
{
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImageView) view = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  image = rill_memory_create_image (memory, shape, n_dims, channel_type, usage, error);
  if (image == NULL)
    return NULL;
  view = rill_image_create_view (image, filter_mode, address_mode, normalized_coordinates, sampled,
                                 error);
  if (view == NULL || !rill_image_write_bytes (image, bytes, NULL, error))
    return NULL;
  return g_steal_pointer (&view);
}

/**
 * rill_image_write_bytes:
 * @image: an image
 * @bytes: data: texel after texel without padding, [property@Image:minimum-size] bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes the whole image.
 *
 * Returns when the bytes were taken, so that they may be changed or dropped. What is done with the
 * image later comes after the write. Channels that storage adds are set to one.
 *
 * After cancellation a part of the image may have been written.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the size is not the image's minimum size;
 * %G_IO_ERROR_NOT_SUPPORTED for an image of usage %RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; and %RILL_VULKAN_ERROR
 * for what Vulkan refuses.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_write_bytes (RillImage     *image,
                        GBytes        *bytes,
                        GCancellable  *cancellable,
                        GError       **error)
{
  gsize size;
  gconstpointer data;

  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  data = g_bytes_get_data (bytes, &size);
  return check_transferable (image, error) && check_size (image, size, error)
         && rill_image_transfer_run (image, TRUE, (guint8 *) data, NULL, cancellable, error);
}

/* Runs in the transfer thread, which does not wait for the device. */
static void
write_bytes_run (GTask *task)
{
  RillImage *image = g_task_get_source_object (task);
  GBytes *bytes = g_task_get_task_data (task);
  RillSyncPoint point;
  GError *error = NULL;

  if (rill_image_transfer_run (image, TRUE, (guint8 *) g_bytes_get_data (bytes, NULL), &point,
                               g_task_get_cancellable (task), &error))
    rill_engine_return_when_reached (task, &point);
  else
    g_task_return_error (task, error);
}

/**
 * rill_image_write_bytes_async:
 * @image: an image
 * @bytes: data: texel after texel without padding, [property@Image:minimum-size] bytes; a reference
 *   is held
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the bytes have arrived on the device
 * @user_data: data for @callback
 *
 * Writes the whole image without blocking the calling thread.
 *
 * What is done with the image after this call comes after the write. The result is for
 * [method@Image.write_bytes_finish], in the calling thread's default main context.
 */
void
rill_image_write_bytes_async (RillImage            *image,
                              GBytes               *bytes,
                              GCancellable         *cancellable,
                              GAsyncReadyCallback   callback,
                              gpointer              user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (RILL_IS_IMAGE (image));
  g_return_if_fail (bytes != NULL);

  task = g_task_new (image, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_image_write_bytes_async);
  g_task_set_name (task, "[rill] rill_image_write_bytes_async");
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  if (check_transferable (image, &error) && check_size (image, g_bytes_get_size (bytes), &error))
    rill_engine_queue_task (rill_resource_get_context (image), task, write_bytes_run);
  else
    g_task_return_error (task, error);
}

/**
 * rill_image_write_bytes_finish:
 * @image: an image
 * @result: result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Image.write_bytes_async].
 *
 * Errors: as of [method@Image.write_bytes].
 *
 * Returns: %TRUE when the bytes have arrived on the device
 */
gboolean
rill_image_write_bytes_finish (RillImage     *image,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, image), FALSE);
  g_return_val_if_fail (g_task_get_source_tag (G_TASK (result)) == rill_image_write_bytes_async,
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static GBytes *
read_data (RillImage     *image,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autofree guint8 *host = rill_image_allocate_host (image, error);

  if (host == NULL || !rill_image_transfer_run (image, FALSE, host, NULL, cancellable, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&host), (gsize) rill_image_get_minimum_size (image));
}

/**
 * rill_image_read_bytes:
 * @image: an image
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads the whole image.
 *
 * The result is what all earlier work leaves: texel after texel without padding,
 * [property@Image:minimum-size] bytes, without the channels that storage adds.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for an image of usage %RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT;
 * %RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY; %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED; and others of %RILL_VULKAN_ERROR for what Vulkan refuses.
 *
 * Returns: (transfer full): the data
 */
GBytes *
rill_image_read_bytes (RillImage     *image,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), NULL);

  return check_transferable (image, error) ? read_data (image, cancellable, error) : NULL;
}

static void
read_bytes_run (GTask *task)
{
  GError *error = NULL;
  GBytes *bytes = read_data (g_task_get_source_object (task), g_task_get_cancellable (task),
                             &error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/**
 * rill_image_read_bytes_async:
 * @image: an image
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the data have arrived
 * @user_data: data for @callback
 *
 * Reads the whole image without blocking the calling thread.
 *
 * The result is what the work before this call leaves. It is for
 * [method@Image.read_bytes_finish], in the calling thread's default main context.
 */
void
rill_image_read_bytes_async (RillImage            *image,
                             GCancellable         *cancellable,
                             GAsyncReadyCallback   callback,
                             gpointer              user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (RILL_IS_IMAGE (image));

  task = g_task_new (image, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_image_read_bytes_async);
  g_task_set_name (task, "[rill] rill_image_read_bytes_async");
  if (check_transferable (image, &error))
    rill_engine_queue_task (rill_resource_get_context (image), task, read_bytes_run);
  else
    g_task_return_error (task, error);
}

/**
 * rill_image_read_bytes_finish:
 * @image: an image
 * @result: result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Image.read_bytes_async].
 *
 * Errors: as of [method@Image.read_bytes].
 *
 * Returns: (transfer full): the data
 */
GBytes *
rill_image_read_bytes_finish (RillImage     *image,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), NULL);
  g_return_val_if_fail (g_task_is_valid (result, image), NULL);
  g_return_val_if_fail (g_task_get_source_tag (G_TASK (result)) == rill_image_read_bytes_async,
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
check_address (RillImage  *image,
               guintptr    address,
               gsize       size,
               GError    **error)
{
  if (!check_transferable (image, error) || !check_size (image, size, error))
    return FALSE;
  if (address == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "There are no %" G_GSIZE_FORMAT " bytes at the address 0", size);
      return FALSE;
    }
  return TRUE;
}

/**
 * rill_image_write_address:
 * @image: an image
 * @address: address of the data: texel after texel without padding
 * @size: bytes at the address, [property@Image:minimum-size]
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes the whole image from memory at an address, for language bindings.
 *
 * Nothing is kept of the memory when the call returns. See [method@Image.write_bytes].
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for the address 0, and as of [method@Image.write_bytes].
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_write_address (RillImage     *image,
                          guintptr       address,
                          gsize          size,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  return check_address (image, address, size, error)
         && rill_image_transfer_run (image, TRUE, (guint8 *) address, NULL, cancellable, error);
}

/**
 * rill_image_read_address:
 * @image: an image
 * @address: address of the memory that receives the data: texel after texel without padding
 * @size: bytes at the address, [property@Image:minimum-size]
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads the whole image into memory at an address, for language bindings.
 *
 * Nothing is kept of the memory when the call returns. See [method@Image.read_bytes].
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for the address 0 or another size than the image's minimum
 * size, and as of [method@Image.read_bytes].
 *
 * Returns: %TRUE on success
 */
gboolean
rill_image_read_address (RillImage     *image,
                         guintptr       address,
                         gsize          size,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), FALSE);

  return check_address (image, address, size, error)
         && rill_image_transfer_run (image, FALSE, (guint8 *) address, NULL, cancellable, error);
}
