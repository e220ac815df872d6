/* SPDX-License-Identifier: MIT */

#include "core/rill-error-private.h"
#include "resource/rill-buffer-private.h"
#include "transfer/rill-buffer-move-private.h"
#include "transfer/rill-buffer-transfer.h"
#include "transfer/rill-engine-private.h"
#include "transfer/rill-submission-private.h"

/* Host memory for a copy between two sessions. */
#define BOUNCE_SIZE (8 * 1024 * 1024)

typedef struct
{
  RillBuffer *from; /* (unowned): the task's source */
  RillBuffer *to;   /* (owned) */
  guint64 offset;
  guint64 to_offset;
  guint64 size;
} Copy;

static void
copy_free (gpointer data)
{
  Copy *copy = data;

  g_object_unref (copy->to);
  g_free (copy);
}

static gboolean
check_overlap (const Copy  *copy,
               GError     **error)
{
  if (copy->from != copy->to || copy->offset >= copy->to_offset + copy->size
      || copy->to_offset >= copy->offset + copy->size)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not copy within the buffer: %" G_GUINT64_FORMAT " bytes at %" G_GUINT64_FORMAT " and at %"
               G_GUINT64_FORMAT " overlap",
               copy->size, copy->offset, copy->to_offset);
  return FALSE;
}

/* Fills in the size. */
static gboolean
check_copy (Copy    *copy,
            gint64   size,
            GError **error)
{
  guint64 limit = rill_resource_get_size (RILL_RESOURCE (copy->from));
  guint64 to_limit = rill_resource_get_size (RILL_RESOURCE (copy->to));

  return rill_resource_check_open (copy->from, error) && rill_resource_check_open (copy->to, error)
         && rill_buffer_check_usage (copy->from, RILL_BUFFER_USAGE_TRANSFER_SRC, error)
         && rill_buffer_check_usage (copy->to, RILL_BUFFER_USAGE_TRANSFER_DST, error)
         && rill_resource_check_range ("copy from the buffer", limit, copy->offset, size, &copy->size, error)
         && rill_resource_check_range ("copy to the buffer", to_limit, copy->to_offset, (gint64) copy->size,
                                       &copy->size, error)
         && check_overlap (copy, error);
}

static gboolean
copy_on_device (const Copy     *copy,
                RillSyncPoint  *point,
                GError        **error)
{
  RillContext *context = rill_resource_get_context (copy->from);
  const RillUse uses[] = {
    { .resource = copy->from, .offset = copy->offset, .size = copy->size },
    { .resource = copy->to, .offset = copy->to_offset, .size = copy->size, .write = TRUE },
  };
  const VkBufferCopy region = { copy->offset, copy->to_offset, copy->size };
  RillSubmission submission;

  if (!rill_submission_begin (&submission, context, context->compute_queue, uses, G_N_ELEMENTS (uses), error))
    return FALSE;
  vkCmdCopyBuffer (submission.command, rill_buffer_get_handle (copy->from), rill_buffer_get_handle (copy->to), 1,
                   &region);
  return rill_submission_end (&submission, VK_NULL_HANDLE, point, error);
}

/* Returns when the bytes have arrived: the completion of another session's device is not the task's. */
static gboolean
bounce_chunks (const Copy    *copy,
               guint8        *memory,
               RillTransfer  *transfer,
               GCancellable  *cancellable,
               GError       **error)
{
  RillSyncPoint last = { { 0 } };

  for (guint64 done = 0; done < copy->size;)
    {
      guint64 n = MIN (copy->size - done, BOUNCE_SIZE);
      RillSyncPoint point;

      if (!rill_buffer_move (copy->from, copy->offset + done, memory, n, FALSE, RILL_MOVE_BY_STAGING, NULL, NULL,
                             cancellable, error)
          || !rill_buffer_move (copy->to, copy->to_offset + done, memory, n, TRUE, RILL_MOVE_BY_STAGING, NULL,
                                &point, cancellable, error))
        return FALSE;
      rill_sync_point_merge (&last, &point);
      rill_transfer_advance (transfer, n);
      done += n;
    }
  return rill_context_wait (rill_resource_get_context (copy->to), &last, -1, cancellable, error);
}

/* The accesses keep mappings and direct writes out of both ranges from the first chunk to the last. */
static gboolean
bounce (const Copy    *copy,
        guint8        *memory,
        RillTransfer  *transfer,
        GCancellable  *cancellable,
        GError       **error)
{
  RillHostAccess from = { .offset = copy->offset, .size = copy->size };
  RillHostAccess to = { .offset = copy->to_offset, .size = copy->size, .write = TRUE };
  gboolean good;

  if (!rill_resource_begin_staged_access (copy->from, &from, error))
    return FALSE;
  good = rill_resource_begin_staged_access (copy->to, &to, error);
  if (good)
    {
      good = bounce_chunks (copy, memory, transfer, cancellable, error);
      rill_resource_end_host_access (copy->to, &to);
    }
  rill_resource_end_host_access (copy->from, &from);
  return good;
}

static gboolean
copy_through_host (const Copy    *copy,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autofree guint8 *memory = g_try_malloc (MIN (copy->size, BOUNCE_SIZE));
  RillTransfer *transfer;
  gboolean good;

  if (memory == NULL)
    {
      g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                           "Could not copy between two sessions: there is no host memory");
      return FALSE;
    }
  transfer = rill_transfer_begin (copy->from, RILL_TRANSFER_DIRECTION_COPY, copy->size, cancellable);
  if (transfer != NULL)
    cancellable = rill_transfer_get_cancellable (transfer);
  good = bounce (copy, memory, transfer, cancellable, error);
  rill_transfer_end (transfer);
  return good;
}

static gboolean
run_copy (const Copy     *copy,
          RillSyncPoint  *point,
          GCancellable   *cancellable,
          GError        **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (copy->size == 0)
    return TRUE;
  if (rill_resource_get_context (copy->from) == rill_resource_get_context (copy->to))
    return copy_on_device (copy, point, error);
  return copy_through_host (copy, cancellable, error);
}

/**
 * rill_buffer_copy_to:
 * @buffer: the buffer to copy from
 * @offset: where to read, in bytes
 * @to: the buffer to copy to, also of another session
 * @to_offset: where to write, in bytes
 * @size: how many bytes, -1 for the rest of @buffer
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Copies a range of a buffer into another one, on the device.
 *
 * Returns when the copy was submitted; it is ordered before everything later on both buffers. Between two
 * sessions the bytes go through the host, and it returns when they have arrived.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for ranges that are not within the buffers or overlap in one, and for
 * buffers that were not created for transfers; %G_IO_ERROR_BUSY while a [class@Mapping] excludes
 * it; %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; any of
 * [error@VulkanError].
 *
 * Returns: %TRUE if the copy was submitted
 */
gboolean
rill_buffer_copy_to (RillBuffer    *buffer,
                     guint64        offset,
                     RillBuffer    *to,
                     guint64        to_offset,
                     gint64         size,
                     GCancellable  *cancellable,
                     GError       **error)
{
  Copy copy = { .from = buffer, .to = to, .offset = offset, .to_offset = to_offset };

  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (to), FALSE);

  if (!check_copy (&copy, size, error))
    return FALSE;
  if (!rill_engine_wait_turn (buffer, cancellable, error) || !rill_engine_wait_turn (to, cancellable, error))
    return FALSE;
  return run_copy (&copy, NULL, cancellable, error);
}

static void
run_copy_task (GTask *task)
{
  const Copy *copy = g_task_get_task_data (task);
  RillSyncPoint point = { { 0 } };
  GError *error = NULL;

  if (run_copy (copy, &point, g_task_get_cancellable (task), &error))
    rill_engine_return_when_reached (task, &point);
  else
    g_task_return_error (task, error);
}

/**
 * rill_buffer_copy_to_async:
 * @buffer: the buffer to copy from
 * @offset: where to read, in bytes
 * @to: the buffer to copy to, also of another session
 * @to_offset: where to write, in bytes
 * @size: how many bytes, -1 for the rest of @buffer
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the copy is complete
 * @user_data: data for @callback
 *
 * Copies a range of a buffer into another one without blocking.
 *
 * Asynchronous transfers of a session run in the order of the calls; what is called later on the buffers
 * waits for them.
 */
void
rill_buffer_copy_to_async (RillBuffer          *buffer,
                           guint64              offset,
                           RillBuffer          *to,
                           guint64              to_offset,
                           gint64               size,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Copy *copy;

  g_return_if_fail (RILL_IS_BUFFER (buffer));
  g_return_if_fail (RILL_IS_BUFFER (to));

  task = g_task_new (buffer, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_buffer_copy_to_async);
  copy = g_new (Copy, 1);
  *copy = (Copy) { .from = buffer, .to = g_object_ref (to), .offset = offset, .to_offset = to_offset };
  g_task_set_task_data (task, copy, copy_free);
  if (check_copy (copy, size, &error))
    rill_engine_queue_task_with (rill_resource_get_context (buffer), task, (gpointer[]) { buffer, to },
                                 to != buffer ? 2 : 1, run_copy_task, NULL);
  else
    g_task_return_error (task, error);
}

/**
 * rill_buffer_copy_to_finish:
 * @buffer: the buffer to copy from
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Buffer.copy_to_async].
 *
 * Errors are those of [method@Buffer.copy_to].
 *
 * Returns: %TRUE if the copy is complete
 */
gboolean
rill_buffer_copy_to_finish (RillBuffer    *buffer,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, buffer), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
