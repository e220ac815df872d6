/* SPDX-License-Identifier: MIT */

/* Scenarios that move data. */

#include "test-faults.h"

#define PAGE_SIZE (4 * 1024 * 1024)

/* Three chunks of the staging ring, for the queue of large transfers, and no round number. */
#define LARGE_SIZE (1280 * 1024 + 13)

static GBytes *
large_bytes (void)
{
  static GBytes *bytes;

  if (bytes == NULL)
    bytes = rill_test_bytes_new (LARGE_SIZE, 1);
  return bytes;
}

static RillMemory *
device_memory (FaultRun *run)
{
  return faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE_SIZE);
}

static gboolean
write_all (FaultRun   *run,
           RillBuffer *buffer,
           GBytes     *bytes)
{
  return FAULTS_DO (run, rill_buffer_write_bytes (buffer, 0, bytes, NULL, &run->error));
}

/* The buffer has the bytes, unless reading fails. */
static void
check_content (FaultRun   *run,
               RillBuffer *buffer,
               guint64     offset,
               GBytes     *bytes)
{
  g_autoptr (GBytes) content =
    FAULTS_NEW (run, rill_buffer_read_bytes (buffer, offset, (gint64) g_bytes_get_size (bytes),
                                             NULL, &run->error));

  if (content != NULL)
    faults_expect (g_bytes_equal (content, bytes), "a buffer does not have what was written");
}

static void
check_image (FaultRun  *run,
             RillImage *image,
             GBytes    *bytes)
{
  g_autoptr (GBytes) content = FAULTS_NEW (run, rill_image_read_bytes (image, NULL, &run->error));

  if (content != NULL)
    faults_expect (g_bytes_equal (content, bytes), "an image does not have what was written");
}

static void
run_transfer (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, LARGE_SIZE);
  g_autoptr (GBytes) small = rill_test_bytes_new (77, 2);

  if (buffer == NULL)
    return;
  if (write_all (run, buffer, large_bytes ()))
    check_content (run, buffer, 0, large_bytes ());
  if (FAULTS_DO (run, rill_buffer_write_bytes (buffer, 1001, small, NULL, &run->error)))
    check_content (run, buffer, 1001, small);
}

/* The session's first: it makes the staging ring, with 64 MiB if they are there. An image needs it
 * on every device. */
static void
run_first_transfer (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillImage) image = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (20 * 30 * 4, 3);

  if (memory != NULL)
    image = FAULTS_NEW (run, rill_memory_create_image (memory, (guint[]) { 20, 30, 4 }, 3,
                                                       RILL_CHANNEL_TYPE_UINT8,
                                                       RILL_IMAGE_USAGE_NONE, &run->error));
  if (image != NULL && FAULTS_DO (run, rill_image_write_bytes (image, bytes, NULL, &run->error)))
    check_image (run, image, bytes);
}

static void
run_from_bytes (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillBuffer) buffer = NULL;
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImageView) view = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (5 * 6 * 4, 4);
  const guint shape[] = { 5, 6, 4 };

  if (memory == NULL)
    return;
  buffer = FAULTS_NEW (run, rill_memory_create_buffer_from_bytes (
                              memory, bytes, RILL_BUFFER_USAGE_NONE, &run->error));
  image = FAULTS_NEW (run, rill_memory_create_image_from_bytes (
                             memory, bytes, shape, G_N_ELEMENTS (shape), RILL_CHANNEL_TYPE_UINT8,
                             RILL_IMAGE_USAGE_NONE, &run->error));
  view = FAULTS_NEW (run, rill_memory_create_image_view_from_bytes (
                            memory, bytes, shape, G_N_ELEMENTS (shape), RILL_CHANNEL_TYPE_UNORM8,
                            RILL_IMAGE_USAGE_SAMPLED, RILL_FILTER_MODE_LINEAR,
                            RILL_ADDRESS_MODE_REPEAT, TRUE, TRUE, &run->error));
  if (buffer != NULL)
    check_content (run, buffer, 0, bytes);
}

/* What asynchronous calls have come to. */
typedef struct
{
  FaultRun *run;
  gboolean may_end; /* they may be cancelled or closed */
  gboolean failed;
  GBytes *content;  /* (owned) (nullable) */
} Async;

static void
end_async (Async    *async,
           gboolean  good)
{
  FaultRun *run = async->run;

  run->pending--;
  async->failed |= !good;
  if (async->may_end
      && (g_error_matches (run->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
          || g_error_matches (run->error, G_IO_ERROR, G_IO_ERROR_CLOSED)))
    g_clear_error (&run->error);
  else
    faults_note (run, good);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Async *async = user_data;

  end_async (async, rill_buffer_write_bytes_finish (RILL_BUFFER (source), result,
                                                    &async->run->error));
}

static void
copied_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Async *async = user_data;

  end_async (async, rill_buffer_copy_to_finish (RILL_BUFFER (source), result, &async->run->error));
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Async *async = user_data;

  g_clear_pointer (&async->content, g_bytes_unref);
  async->content = rill_buffer_read_bytes_finish (RILL_BUFFER (source), result, &async->run->error);
  end_async (async, async->content != NULL);
}

static void
image_written_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Async *async = user_data;

  end_async (async, rill_image_write_bytes_finish (RILL_IMAGE (source), result,
                                                   &async->run->error));
}

static void
image_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Async *async = user_data;

  async->content = rill_image_read_bytes_finish (RILL_IMAGE (source), result, &async->run->error);
  end_async (async, async->content != NULL);
}

/* All are called before the first is done; the last one sees what the others have left. */
static void
finish_async (Async  *async,
              GBytes *expected)
{
  faults_wait (async->run);
  if (!async->failed && async->content != NULL)
    faults_expect (g_bytes_equal (async->content, expected),
                   "asynchronous calls have left other data");
  g_clear_pointer (&async->content, g_bytes_unref);
}

static void
run_async (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, LARGE_SIZE);
  g_autoptr (RillBuffer) to = faults_buffer (run, memory, LARGE_SIZE);
  Async async = { .run = run };

  if (buffer == NULL || to == NULL)
    return;
  run->pending += 3;
  rill_buffer_write_bytes_async (buffer, 0, large_bytes (), NULL, written_cb, &async);
  rill_buffer_copy_to_async (buffer, 0, to, 0, -1, NULL, copied_cb, &async);
  rill_buffer_read_bytes_async (to, 0, -1, NULL, read_cb, &async);
  finish_async (&async, large_bytes ());
}

static void
run_image_async (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillImage) image = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (31 * 17 * 2, 5);
  Async async = { .run = run };

  if (memory != NULL)
    image = FAULTS_NEW (run, rill_memory_create_image (memory, (guint[]) { 31, 17, 2 }, 3,
                                                       RILL_CHANNEL_TYPE_UINT8,
                                                       RILL_IMAGE_USAGE_NONE, &run->error));
  if (image == NULL)
    return;
  run->pending += 2;
  rill_image_write_bytes_async (image, bytes, NULL, image_written_cb, &async);
  rill_image_read_bytes_async (image, NULL, image_read_cb, &async);
  finish_async (&async, bytes);
}

/* Cancelled before, and in flight. */
static void
run_cancelled (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, LARGE_SIZE);
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Async async = { .run = run, .may_end = TRUE };

  g_cancellable_cancel (before);
  if (buffer == NULL)
    return;
  run->pending += 4;
  rill_buffer_write_bytes_async (buffer, 0, large_bytes (), cancellable, written_cb, &async);
  rill_buffer_write_bytes_async (buffer, 0, large_bytes (), before, written_cb, &async);
  rill_buffer_read_bytes_async (buffer, 0, -1, cancellable, read_cb, &async);
  g_cancellable_cancel (cancellable);
  rill_buffer_read_bytes_async (buffer, 7, 1000, NULL, read_cb, &async);
  faults_wait (run);
  g_clear_pointer (&async.content, g_bytes_unref);
}

static RillImage *
new_photograph (FaultRun   *run,
                RillMemory *memory)
{
  return FAULTS_NEW (run, rill_memory_create_image (memory, (guint[]) { 23, 29, 3 }, 3,
                                                    RILL_CHANNEL_TYPE_UINT8,
                                                    RILL_IMAGE_USAGE_NONE, &run->error));
}

/* Three channels, which are stored as four. */
static void
run_image (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImage) to = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (23 * 29 * 3, 6);
  gboolean copied;

  if (memory == NULL || (image = new_photograph (run, memory)) == NULL
      || (to = new_photograph (run, memory)) == NULL)
    return;
  if (!FAULTS_DO (run, rill_image_write_bytes (image, bytes, NULL, &run->error)))
    return;
  check_image (run, image, bytes);
  FAULTS_DO (run, rill_image_change_layout (image, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, NULL,
                                            &run->error));
  copied = FAULTS_DO (run, rill_image_copy_to (image, to, NULL, &run->error));
  FAULTS_DO (run, rill_image_clear (image, NULL, &run->error));
  if (copied)
    check_image (run, to, bytes);
}

/* Between memories. */
static void
run_copy (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillMemory) host = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE_SIZE);
  g_autoptr (RillBuffer) from = faults_buffer (run, host, 5000);
  g_autoptr (RillBuffer) to = faults_buffer (run, memory, 5000);
  g_autoptr (RillBuffer) back = faults_buffer (run, host, 5000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (5000, 7);

  if (from == NULL || to == NULL || back == NULL || !write_all (run, from, bytes))
    return;
  if (FAULTS_DO (run, rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &run->error))
      && FAULTS_DO (run, rill_buffer_copy_to (to, 0, back, 0, -1, NULL, &run->error)))
    check_content (run, back, 0, bytes);
}

/* From the device of one session to that of another. */
static void
run_sessions (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillMemory) other = NULL;
  g_autoptr (RillBuffer) from = faults_buffer (run, memory, 4000);
  g_autoptr (RillBuffer) to = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (4000, 8);
  Async async = { .run = run };

  other = FAULTS_NEW (run, rill_session_create_memory (run->other,
                                                       RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                       PAGE_SIZE, FALSE, &run->error));
  to = faults_buffer (run, other, 4000);
  if (from == NULL || to == NULL || !write_all (run, from, bytes))
    return;
  if (FAULTS_DO (run, rill_buffer_copy_to (from, 0, to, 0, 2000, NULL, &run->error)))
    {
      g_autoptr (GBytes) half = g_bytes_new_from_bytes (bytes, 0, 2000);
      check_content (run, to, 0, half);
    }
  run->pending++;
  rill_buffer_copy_to_async (from, 0, to, 0, -1, NULL, copied_cb, &async);
  faults_wait (run);
  if (!async.failed)
    check_content (run, to, 0, bytes);
}

/* Whole words by the device, the edges through the ring; mapped memory by the host. */
static void
run_fill (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillMemory) host = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE_SIZE);
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, 1000);
  g_autoptr (RillBuffer) mappable = faults_buffer (run, host, 1000);
  guint8 data[] = { 0, 9, 9, 9 };
  g_autoptr (GBytes) start = g_bytes_new (data, sizeof data);

  if (buffer == NULL || mappable == NULL)
    return;
  if (FAULTS_DO (run, rill_buffer_fill (buffer, 0, -1, 0, NULL, &run->error))
      && FAULTS_DO (run, rill_buffer_fill (buffer, 1, 998, 9, NULL, &run->error)))
    check_content (run, buffer, 0, start);
  if (FAULTS_DO (run, rill_buffer_fill (mappable, 0, -1, 0, NULL, &run->error))
      && FAULTS_DO (run, rill_buffer_fill (mappable, 1, -1, 9, NULL, &run->error)))
    check_content (run, mappable, 0, start);
}

/* With transfers in flight, and with a view of mapped memory that is held. */
static void
run_close (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillMemory) host = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE_SIZE);
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, LARGE_SIZE);
  g_autoptr (RillBuffer) mappable = faults_buffer (run, host, 100);
  g_autoptr (RillMapping) mapping = NULL;
  g_autoptr (GBytes) view = NULL;
  Async async = { .run = run, .may_end = TRUE };

  if (buffer == NULL || mappable == NULL)
    return;
  mapping = FAULTS_NEW (run, rill_buffer_map (mappable, RILL_MAP_WRITE, &run->error));
  if (mapping != NULL)
    view = FAULTS_NEW (run, rill_mapping_get_bytes (mapping, &run->error));
  if (view != NULL)
    memset ((gpointer) g_bytes_get_data (view, NULL), 3, 100);
  run->pending += 2;
  rill_buffer_write_bytes_async (buffer, 0, large_bytes (), NULL, written_cb, &async);
  rill_buffer_read_bytes_async (buffer, 0, -1, NULL, read_cb, &async);
  rill_session_close (run->session);
  faults_wait (run);
  g_clear_pointer (&async.content, g_bytes_unref);
  if (view != NULL)
    faults_expect (((const guint8 *) g_bytes_get_data (view, NULL))[99] == 3,
                   "a view is gone with the session");
}

/* A submission, which fails. */
static void
run_submission (FaultRun *run)
{
  g_autoptr (RillMemory) memory = device_memory (run);
  g_autoptr (RillBuffer) from = faults_buffer (run, memory, 100);
  g_autoptr (RillBuffer) to = faults_buffer (run, memory, 100);

  if (from != NULL && to != NULL)
    FAULTS_DO (run, rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &run->error));
}

const FaultScenario faults_transfer_scenarios[] = {
  { .name = "transfer", .run = run_transfer },
  { .name = "first-transfer", .sessions = FAULTS_FRESH, .run = run_first_transfer },
  { .name = "from-bytes", .run = run_from_bytes },
  { .name = "async", .run = run_async },
  { .name = "image-async", .run = run_image_async },
  { .name = "cancelled", .run = run_cancelled },
  { .name = "image", .run = run_image },
  { .name = "copy", .run = run_copy },
  { .name = "sessions", .sessions = FAULTS_TWO, .run = run_sessions },
  { .name = "fill", .run = run_fill },
  { .name = "close", .sessions = FAULTS_FRESH, .run = run_close },
  { .name = "failed-recording",
    .run = run_submission,
    .base = ",fail=vkEndCommandBuffer:1:VK_ERROR_OUT_OF_HOST_MEMORY",
    .base_fault = { .call = "vkEndCommandBuffer", .result = VK_ERROR_OUT_OF_HOST_MEMORY },
    .only = "vkResetCommandBuffer" },
  { .name = NULL },
};
