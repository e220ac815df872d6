/* SPDX-License-Identifier: MIT */
#include "transfer/rill-buffer-transfer.h"

#include "resource/rill-buffer-private.h"
#include "transfer/rill-buffer-move-private.h"
#include "transfer/rill-engine-private.h"
#include "transfer/rill-submission-private.h"

#include <string.h>

/* Below this a fill of mapped memory is done before a submission would be; above it the device is faster
 * where the host does not cache the memory. */
#define HOST_FILL_SIZE (64 * 1024)

/* Bytes that one thread sets at a time. */
#define FILL_PART (512 * 1024)

static gboolean
is_filled_by_host (RillBuffer *buffer,
                   guint64     size)
{
  RillMemory *memory = rill_resource_get_memory (RILL_RESOURCE (buffer));
  RillContext *context = rill_resource_get_context (buffer);

  return rill_memory_get_mappable (memory) && !(context->debug & RILL_DEBUG_STAGING)
         && (size <= HOST_FILL_SIZE || rill_memory_get_flags (memory) & RILL_MEMORY_PROPERTY_HOST_CACHED);
}

typedef struct
{
  guint8 *to;
  gsize size;
  guint8 value;
} Fill;

static void
fill_part (guint    part,
           gpointer data)
{
  const Fill *fill = data;
  gsize offset = (gsize) part * FILL_PART;

  memset (fill->to + offset, fill->value, MIN (FILL_PART, fill->size - offset));
}

static gboolean
fill_by_host (RillBuffer    *buffer,
              guint64        offset,
              guint64        size,
              guint8         value,
              GCancellable  *cancellable,
              GError       **error)
{
  RillResourceState *state = rill_resource_get_state (buffer);
  RillHostAccess access = { .offset = offset, .size = size, .write = TRUE };
  guint64 page_offset;
  RillEngine *engine = rill_engine_ref (rill_resource_get_context (buffer), error);
  Fill fill = { .size = size, .value = value };
  gboolean good;

  if (engine == NULL)
    return FALSE;
  good = rill_resource_begin_host_access (buffer, &access, 0, cancellable, error);
  if (good)
    {
      /* Not before: until then the buffer may be moved. */
      page_offset = state->allocation.range.offset + offset;
      fill.to = rill_buffer_get_map (buffer) + offset;
      good = rill_page_prepare_write (state->allocation.page, page_offset, size, error);
      if (good)
        rill_copy_pool_run (rill_engine_get_copy_pool (engine),
                            (guint) ((size + FILL_PART - 1) / FILL_PART), fill_part, &fill);
      good = good && rill_page_flush (state->allocation.page, page_offset, size, error);
      rill_resource_end_host_access (buffer, &access);
    }
  rill_engine_unref (engine);
  return good;
}

/* Whole words, as Vulkan asks for: offset and size are multiples of 4. */
static gboolean
fill_on_device (RillBuffer  *buffer,
                guint64      offset,
                guint64      size,
                guint8       value,
                GError     **error)
{
  RillContext *context = rill_resource_get_context (buffer);
  const RillUse use = { .resource = buffer, .offset = offset, .size = size, .write = TRUE };
  RillSubmission submission;

  if (size == 0)
    return TRUE;
  if (!rill_submission_begin (&submission, context, context->compute_queue, &use, 1, error))
    return FALSE;
  vkCmdFillBuffer (submission.command, rill_buffer_get_handle (buffer), offset, size, value * 0x01010101u);
  return rill_submission_end (&submission, VK_NULL_HANDLE, NULL, error);
}

/* The few bytes before and behind whole words. */
static gboolean
fill_edge (RillBuffer    *buffer,
           guint64        offset,
           guint64        size,
           guint8         value,
           GCancellable  *cancellable,
           GError       **error)
{
  guint8 bytes[8];

  if (size == 0)
    return TRUE;
  g_assert (size <= sizeof (bytes));
  memset (bytes, value, sizeof (bytes));
  return rill_buffer_move (buffer, offset, bytes, size, TRUE, RILL_MOVE_BY_STAGING, NULL, NULL, cancellable, error);
}

/* The access keeps mappings out of the whole range from the first part to the last. */
static gboolean
fill_staged (RillBuffer    *buffer,
             guint64        offset,
             guint64        size,
             guint8         value,
             GCancellable  *cancellable,
             GError       **error)
{
  RillHostAccess access = { .offset = offset, .size = size, .write = TRUE };
  guint64 start = MIN ((offset + 3) / 4 * 4, offset + size);
  guint64 end = MAX ((offset + size) / 4 * 4, start);
  gboolean good;

  if (!rill_resource_begin_staged_access (buffer, &access, error))
    return FALSE;
  good = fill_edge (buffer, offset, start - offset, value, cancellable, error)
         && fill_on_device (buffer, start, end - start, value, error)
         && fill_edge (buffer, end, offset + size - end, value, cancellable, error);
  rill_resource_end_host_access (buffer, &access);
  return good;
}

/**
 * rill_buffer_fill:
 * @buffer: a buffer
 * @offset: where to begin, in bytes; any
 * @size: how many bytes, -1 for the rest; any
 * @value: the value of every byte
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Fills a range of a buffer with one byte.
 *
 * Returns when the fill was submitted; it is ordered before everything later on the buffer.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a range that is not within the buffer and for a buffer that was
 * not created for transfers; %G_IO_ERROR_BUSY while a [class@Mapping] excludes it;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; any of
 * [error@VulkanError].
 *
 * Returns: %TRUE if the fill was submitted
 */
gboolean
rill_buffer_fill (RillBuffer    *buffer,
                  guint64        offset,
                  gint64         size,
                  guint8         value,
                  GCancellable  *cancellable,
                  GError       **error)
{
  guint64 actual;

  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  if (!rill_resource_check_open (buffer, error)
      || !rill_buffer_check_usage (buffer, RILL_BUFFER_USAGE_TRANSFER_DST, error)
      || !rill_resource_check_range ("fill the buffer", rill_resource_get_size (RILL_RESOURCE (buffer)), offset, size,
                                     &actual, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (actual == 0)
    return TRUE;
  if (!rill_engine_wait_turn (buffer, cancellable, error))
    return FALSE;
  if (is_filled_by_host (buffer, actual))
    return fill_by_host (buffer, offset, actual, value, cancellable, error);
  return fill_staged (buffer, offset, actual, value, cancellable, error);
}
