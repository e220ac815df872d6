/* SPDX-License-Identifier: MIT */
#include "transfer/rill-buffer-transfer.h"

#include "core/rill-error-private.h"
#include "resource/rill-buffer-private.h"
#include "transfer/rill-buffer-move-private.h"
#include "transfer/rill-engine-private.h"
#include "transfer/rill-staged-transfer-private.h"

#include <string.h>

/* Direct copies are cut for progress and cancellation. */
#define DIRECT_CHUNK (16 * 1024 * 1024)

/* The host reads memory that it does not cache at some MB/s; writing it in sequence is fast. */
static gboolean
is_direct (RillBuffer *buffer,
           gboolean    upload)
{
  RillMemory *memory = rill_resource_get_memory (RILL_RESOURCE (buffer));
  RillContext *context = rill_resource_get_context (buffer);

  return rill_memory_get_mappable (memory) && !(context->debug & RILL_DEBUG_STAGING)
         && (upload || rill_memory_get_flags (memory) & RILL_MEMORY_PROPERTY_HOST_CACHED);
}

/* Each chunk by itself, so that of what is not copied any more nothing is flushed. */
static gboolean
copy_chunk (RillBuffer    *buffer,
            guint64        offset,
            guint8        *host,
            guint64        size,
            gboolean       upload,
            RillCopyPool  *pool,
            GError       **error)
{
  RillResourceState *state = rill_resource_get_state (buffer);
  RillPage *page = state->allocation.page;
  guint64 page_offset = state->allocation.range.offset + offset;
  guint8 *map = rill_buffer_get_map (buffer) + offset;

  if (upload)
    {
      if (!rill_page_prepare_write (page, page_offset, size, error))
        return FALSE;
      rill_copy_pool_copy (pool, map, host, size);
      return rill_page_flush (page, page_offset, size, error);
    }
  if (!rill_page_invalidate (page, page_offset, size, error))
    return FALSE;
  rill_copy_pool_copy (pool, host, map, size);
  return TRUE;
}

static gboolean
copy_directly (RillBuffer    *buffer,
               guint64        offset,
               guint8        *host,
               guint64        size,
               gboolean       upload,
               RillTransfer  *transfer,
               GCancellable  *cancellable,
               GError       **error)
{
  RillEngine *engine = rill_engine_ref (rill_resource_get_context (buffer), error);
  gboolean good = engine != NULL;

  for (guint64 done = 0; good && done < size;)
    {
      guint64 n = MIN (DIRECT_CHUNK, size - done);

      good = copy_chunk (buffer, offset + done, host + done, n, upload,
                         rill_engine_get_copy_pool (engine), error);
      if (!good)
        break;
      done += n;
      rill_transfer_advance (transfer, n);
      good = done == size || !g_cancellable_set_error_if_cancelled (cancellable, error);
      if (good && done < size && rill_engine_is_stopping (engine))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed");
          good = FALSE;
        }
    }
  g_clear_pointer (&engine, rill_engine_unref);
  return good;
}

static gboolean
transfer_directly (RillBuffer    *buffer,
                   guint64        offset,
                   guint8        *host,
                   guint64        size,
                   gboolean       upload,
                   RillTransfer  *transfer,
                   GCancellable  *cancellable,
                   GError       **error)
{
  RillHostAccess access = { .offset = offset, .size = size, .write = upload };
  gboolean good;

  if (!rill_resource_begin_host_access (buffer, &access, 0, cancellable, error))
    return FALSE;
  good = copy_directly (buffer, offset, host, size, upload, transfer, cancellable, error);
  rill_resource_end_host_access (buffer, &access);
  return good;
}

static void
record_buffer (RillStagedTransfer *self,
               const RillChunk    *chunk,
               VkCommandBuffer     command,
               VkBuffer            staging,
               guint64             staging_offset)
{
  VkBuffer buffer = rill_buffer_get_handle (self->resource);
  guint64 buffer_offset = self->offset + chunk->host_offset;
  const VkBufferCopy region = {
    .srcOffset = self->upload ? staging_offset : buffer_offset,
    .dstOffset = self->upload ? buffer_offset : staging_offset,
    .size = chunk->n_units,
  };

  if (self->upload)
    vkCmdCopyBuffer (command, staging, buffer, 1, &region);
  else
    vkCmdCopyBuffer (command, buffer, staging, 1, &region);
}

gboolean
rill_buffer_move (RillBuffer     *buffer,
                  guint64         offset,
                  gpointer        host,
                  guint64         size,
                  gboolean        upload,
                  RillMovePath    path,
                  RillTransfer   *transfer,
                  RillSyncPoint  *point,
                  GCancellable   *cancellable,
                  GError        **error)
{
  RillStagedTransfer staged = {
    .resource = buffer,
    .upload = upload,
    .host = host,
    .n_units = size,
    .host_unit = 1,
    .staging_unit = 1,
    .offset = offset,
    .record = record_buffer,
  };
  gboolean good;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !rill_resource_pin (buffer, error))
    return FALSE;
  if (path == RILL_MOVE_BY_BEST && is_direct (buffer, upload))
    good = transfer_directly (buffer, offset, host, size, upload, transfer, cancellable, error);
  else
    good = rill_staged_transfer_run (&staged, transfer, cancellable, error);
  rill_resource_unpin (buffer);
  if (point != NULL)
    *point = staged.point;
  return good;
}

/* Between host memory and a checked range of a buffer, shown as a transfer of its own. */
static gboolean
transfer_range (RillBuffer     *buffer,
                guint64         offset,
                gpointer        host,
                guint64         size,
                gboolean        upload,
                RillSyncPoint  *point,
                GCancellable   *cancellable,
                GError        **error)
{
  RillTransfer *transfer = rill_transfer_begin (
    buffer, upload ? RILL_TRANSFER_DIRECTION_UPLOAD : RILL_TRANSFER_DIRECTION_DOWNLOAD, size, cancellable);
  gboolean good;

  if (transfer != NULL)
    cancellable = rill_transfer_get_cancellable (transfer);
  good = rill_buffer_move (buffer, offset, host, size, upload, RILL_MOVE_BY_BEST, transfer, point, cancellable,
                           error);
  rill_transfer_end (transfer);
  return good;
}

static gboolean
check_range (RillBuffer  *buffer,
             const char  *what,
             guint64      offset,
             gint64       size,
             guint64     *actual,
             GError     **error)
{
  return rill_resource_check_open (buffer, error)
         && rill_resource_check_range (what, rill_resource_get_size (RILL_RESOURCE (buffer)), offset, size,
                                       actual, error);
}

static gboolean
transfer_checked (RillBuffer    *buffer,
                  guint64        offset,
                  gpointer       host,
                  guint64        size,
                  gboolean       upload,
                  GCancellable  *cancellable,
                  GError       **error)
{
  guint64 actual;

  if (size > G_MAXINT64)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not %s the buffer: a size of %" G_GUINT64_FORMAT " bytes is too large",
                   upload ? "write" : "read", size);
      return FALSE;
    }
  if (!check_range (buffer, upload ? "write the buffer" : "read the buffer", offset, (gint64) size, &actual,
                    error))
    return FALSE;
  if (size == 0)
    return TRUE;
  if (!rill_engine_wait_turn (buffer, cancellable, error))
    return FALSE;
  return transfer_range (buffer, offset, host, size, upload, NULL, cancellable, error);
}

static gboolean
check_address (guintptr   address,
               gsize      size,
               GError   **error)
{
  if (address != 0 || size == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "There are no %" G_GSIZE_FORMAT " bytes at address 0", size);
  return FALSE;
}

/**
 * rill_memory_create_buffer_from_bytes:
 * @memory: a memory
 * @bytes: the content, at least 1 byte
 * @usage: what the buffer is used for; %RILL_BUFFER_USAGE_NONE for storage and transfers
 * @error: return location for an error
 *
 * Creates a buffer with the size and the content of bytes.
 *
 * Errors are those of [method@Memory.create_buffer] and [method@Buffer.write_bytes].
 *
 * Returns: (transfer full): the buffer
 */
RillBuffer *
rill_memory_create_buffer_from_bytes (RillMemory            *memory,
                                      GBytes                *bytes,
                                      RillBufferUsageFlags   usage,
                                      GError               **error)
{
  g_autoptr (RillBuffer) buffer = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  buffer = rill_memory_create_buffer (memory, g_bytes_get_size (bytes), usage, error);
  if (buffer == NULL || !rill_buffer_write_bytes (buffer, 0, bytes, NULL, error))
    return NULL;
  return g_steal_pointer (&buffer);
}

/**
 * rill_buffer_write_bytes:
 * @buffer: a buffer
 * @offset: where to write, in bytes
 * @bytes: what to write
 * @cancellable: (nullable): a cancellable; it takes effect between chunks of some MiB
 * @error: return location for an error
 *
 * Writes bytes into a buffer.
 *
 * Returns when the bytes have been taken, and is ordered before everything later on the buffer. They
 * need not have arrived on the device by then: [method@Session.wait_idle], a read or the asynchronous form
 * say so. Memory that the host can map is written directly, after the device's work on the buffer; all
 * other through the session's staging ring.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a range that is not within the buffer; %G_IO_ERROR_BUSY while
 * a [class@Mapping] of the range is open; %G_IO_ERROR_CANCELLED, after which a part may be written;
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; any of [error@VulkanError].
 *
 * Returns: %TRUE if the bytes were taken
 */
gboolean
rill_buffer_write_bytes (RillBuffer    *buffer,
                         guint64        offset,
                         GBytes        *bytes,
                         GCancellable  *cancellable,
                         GError       **error)
{
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  data = g_bytes_get_data (bytes, &size);
  return transfer_checked (buffer, offset, (gpointer) data, size, TRUE, cancellable, error);
}

/**
 * rill_buffer_read_bytes:
 * @buffer: a buffer
 * @offset: where to read, in bytes
 * @size: how many bytes, -1 for the rest
 * @cancellable: (nullable): a cancellable; it takes effect between chunks of some MiB
 * @error: return location for an error
 *
 * Reads bytes from a buffer, as all earlier work on it leaves them.
 *
 * Blocks until they have arrived. Reading into memory that one has already is faster for large sizes.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a range that is not within the buffer; %G_IO_ERROR_BUSY while
 * a [class@Mapping] of the range is open for writing; %RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; any of
 * [error@VulkanError].
 *
 * Returns: (transfer full): the bytes
 */
GBytes *
rill_buffer_read_bytes (RillBuffer    *buffer,
                        guint64        offset,
                        gint64         size,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autofree guint8 *data = NULL;
  guint64 actual;

  g_return_val_if_fail (RILL_IS_BUFFER (buffer), NULL);

  if (!check_range (buffer, "read the buffer", offset, size, &actual, error))
    return NULL;
  data = g_try_malloc (MAX (1, actual));
  if (data == NULL)
    {
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                   "Could not read the buffer: there is no memory for %" G_GUINT64_FORMAT " bytes", actual);
      return NULL;
    }
  if (!transfer_checked (buffer, offset, data, actual, FALSE, cancellable, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), actual);
}

/**
 * rill_buffer_write_data: (skip)
 * @buffer: a buffer
 * @offset: where to write, in bytes
 * @data: (array length=size) (element-type guint8): what to write
 * @size: how many bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes a C or Vala array into a buffer, as [method@Buffer.write_bytes] writes bytes.
 *
 * Returns: %TRUE if the bytes were taken
 */
gboolean
rill_buffer_write_data (RillBuffer    *buffer,
                        guint64        offset,
                        const guint8  *data,
                        gsize          size,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  return rill_buffer_write_address (buffer, offset, (guintptr) data, size, cancellable, error);
}

/**
 * rill_buffer_read_data: (skip)
 * @buffer: a buffer
 * @offset: where to read, in bytes
 * @data: (array length=size) (element-type guint8): where to put the bytes
 * @size: how many bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a buffer into a C or Vala array, as [method@Buffer.read_bytes] reads bytes.
 *
 * Returns: %TRUE if the bytes have arrived
 */
gboolean
rill_buffer_read_data (RillBuffer    *buffer,
                       guint64        offset,
                       guint8        *data,
                       gsize          size,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  return rill_buffer_read_address (buffer, offset, (guintptr) data, size, cancellable, error);
}

/**
 * rill_buffer_write_address:
 * @buffer: a buffer
 * @offset: where to write, in bytes
 * @address: address of the first byte in the host's memory
 * @size: how many bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes host memory into a buffer, as [method@Buffer.write_bytes] writes bytes.
 *
 * For language bindings, which know the address of an array: @size bytes at @address are read during the
 * call. An address of 0 is %G_IO_ERROR_INVALID_ARGUMENT, unless @size is 0.
 *
 * Returns: %TRUE if the bytes were taken
 */
gboolean
rill_buffer_write_address (RillBuffer    *buffer,
                           guint64        offset,
                           guintptr       address,
                           gsize          size,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  return check_address (address, size, error)
         && transfer_checked (buffer, offset, (gpointer) address, size, TRUE, cancellable, error);
}

/**
 * rill_buffer_read_address:
 * @buffer: a buffer
 * @offset: where to read, in bytes
 * @address: address in the host's memory, of @size writable bytes
 * @size: how many bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a buffer into host memory, as [method@Buffer.read_bytes] reads bytes.
 *
 * For language bindings, which know the address of an array: @size bytes at @address are written during
 * the call. An address of 0 is %G_IO_ERROR_INVALID_ARGUMENT, unless @size is 0.
 *
 * Returns: %TRUE if the bytes have arrived
 */
gboolean
rill_buffer_read_address (RillBuffer    *buffer,
                          guint64        offset,
                          guintptr       address,
                          gsize          size,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  return check_address (address, size, error)
         && transfer_checked (buffer, offset, (gpointer) address, size, FALSE, cancellable, error);
}

typedef struct
{
  guint64 offset;
  guint64 size;
  GBytes *bytes; /* (owned) (nullable): what to write */
} Range;

static void
range_free (gpointer data)
{
  Range *range = data;

  g_clear_pointer (&range->bytes, g_bytes_unref);
  g_free (range);
}

static GTask *
new_range_task (RillBuffer          *buffer,
                gpointer             tag,
                guint64              offset,
                guint64              size,
                GBytes              *bytes,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  GTask *task = g_task_new (buffer, cancellable, callback, user_data);
  Range *range = g_new (Range, 1);

  *range = (Range) { .offset = offset, .size = size, .bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL };
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, range, range_free);
  return task;
}

static void
run_write (GTask *task)
{
  RillBuffer *buffer = g_task_get_source_object (task);
  const Range *range = g_task_get_task_data (task);
  RillSyncPoint point = { { 0 } };
  GError *error = NULL;

  if (transfer_range (buffer, range->offset, (gpointer) g_bytes_get_data (range->bytes, NULL), range->size, TRUE,
                      &point, g_task_get_cancellable (task), &error))
    rill_engine_return_when_reached (task, &point);
  else
    g_task_return_error (task, error);
}

/**
 * rill_buffer_write_bytes_async:
 * @buffer: a buffer
 * @offset: where to write, in bytes
 * @bytes: what to write; a reference is held until it is done
 * @cancellable: (nullable): a cancellable; it takes effect between chunks of some MiB
 * @callback: (scope async): called when the bytes have arrived
 * @user_data: data for @callback
 *
 * Writes bytes into a buffer without blocking.
 *
 * Asynchronous transfers of a session run in the order of the calls; what is called later on the buffer
 * waits for them.
 */
void
rill_buffer_write_bytes_async (RillBuffer          *buffer,
                               guint64              offset,
                               GBytes              *bytes,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  guint64 size;

  g_return_if_fail (RILL_IS_BUFFER (buffer));
  g_return_if_fail (bytes != NULL);

  size = g_bytes_get_size (bytes);
  task = new_range_task (buffer, rill_buffer_write_bytes_async, offset, size, bytes, cancellable, callback,
                         user_data);
  if (!check_range (buffer, "write the buffer", offset, (gint64) size, &size, &error))
    g_task_return_error (task, error);
  else if (size == 0)
    g_task_return_boolean (task, TRUE);
  else
    rill_engine_queue_task (rill_resource_get_context (buffer), task, run_write);
}

/**
 * rill_buffer_write_bytes_finish:
 * @buffer: a buffer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Buffer.write_bytes_async].
 *
 * Errors are those of [method@Buffer.write_bytes].
 *
 * Returns: %TRUE if the bytes have arrived
 */
gboolean
rill_buffer_write_bytes_finish (RillBuffer    *buffer,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, buffer), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
run_read (GTask *task)
{
  RillBuffer *buffer = g_task_get_source_object (task);
  const Range *range = g_task_get_task_data (task);
  GError *error = NULL;
  GBytes *bytes = rill_buffer_read_bytes (buffer, range->offset, (gint64) range->size,
                                          g_task_get_cancellable (task), &error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/**
 * rill_buffer_read_bytes_async:
 * @buffer: a buffer
 * @offset: where to read, in bytes
 * @size: how many bytes, -1 for the rest
 * @cancellable: (nullable): a cancellable; it takes effect between chunks of some MiB
 * @callback: (scope async): called when the bytes have arrived
 * @user_data: data for @callback
 *
 * Reads bytes from a buffer without blocking.
 *
 * Asynchronous transfers of a session run in the order of the calls.
 */
void
rill_buffer_read_bytes_async (RillBuffer          *buffer,
                              guint64              offset,
                              gint64               size,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  guint64 actual = 0;
  gboolean valid;

  g_return_if_fail (RILL_IS_BUFFER (buffer));

  valid = check_range (buffer, "read the buffer", offset, size, &actual, &error);
  task = new_range_task (buffer, rill_buffer_read_bytes_async, offset, actual, NULL, cancellable, callback,
                         user_data);
  if (valid)
    rill_engine_queue_task (rill_resource_get_context (buffer), task, run_read);
  else
    g_task_return_error (task, error);
}

/**
 * rill_buffer_read_bytes_finish:
 * @buffer: a buffer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Buffer.read_bytes_async].
 *
 * Errors are those of [method@Buffer.read_bytes].
 *
 * Returns: (transfer full): the bytes
 */
GBytes *
rill_buffer_read_bytes_finish (RillBuffer    *buffer,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, buffer), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
