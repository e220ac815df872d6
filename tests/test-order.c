/* SPDX-License-Identifier: MIT */

/* What is called after something that waits in the queue of asynchronous work takes effect after it,
 * whatever the call. */

#include "rill-test-compute.h"
#include "rill-test-gate.h"

#include "resource/rill-resource-private.h"

#define WIDTH 64
#define SIZE (WIDTH * WIDTH * 4)

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  GBytes *late;       /* what arrives from the queue */
  GBytes *later;      /* what the call behind it writes */
  RillBuffer *source; /* has the late bytes, once the device has come to it */
  RillCommandBuffer *queued;
  RillTestGate *gate;
  GThread *opening;
  RillTestAsync plug;
  RillTestAsync run;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 4 << 20);
  fixture->late = rill_test_bytes_new (SIZE, 1);
  fixture->later = rill_test_bytes_new (SIZE, 2);
  fixture->source = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->queued = rill_test_command_buffer_new (fixture->session);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_object_unref (fixture->queued);
  g_object_unref (fixture->source);
  g_bytes_unref (fixture->later);
  g_bytes_unref (fixture->late);
  g_object_unref (fixture->memory);
  rill_test_session_end (fixture->session);
}

/* Queues what the command buffer has recorded: the session's thread of transfers is about to read the
 * source, which waits for the device, which waits for the gate. It opens soon. */
static void
queue (Fixture *fixture)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  rill_test_write (from, 0, fixture->late);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  fixture->gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to (from, 0, fixture->source, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_buffer_read_bytes_async (fixture->source, 0, -1, NULL, rill_test_async_cb, &fixture->plug);
  rill_command_buffer_run_async (fixture->queued, NULL, rill_test_async_cb, &fixture->run);
  fixture->opening = rill_test_gate_open_later (fixture->gate);
  g_object_unref (from);
}

static void
finish (Fixture *fixture)
{
  g_autoptr (GAsyncResult) read = rill_test_wait (&fixture->plug);
  g_autoptr (GAsyncResult) run = rill_test_wait (&fixture->run);
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;

  bytes = rill_buffer_read_bytes_finish (fixture->source, read, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, fixture->late));
  rill_command_buffer_run_finish (fixture->queued, run, &error);
  g_assert_no_error (error);
  g_thread_join (fixture->opening);
  rill_test_gate_free (fixture->gate);
}

static RillBuffer *
record_to_buffer (Fixture *fixture)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  rill_command_buffer_copy_buffer (fixture->queued, fixture->source, 0, buffer, 0, -1, &error);
  g_assert_no_error (error);
  return buffer;
}

static RillImage *
make_image (Fixture *fixture)
{
  static const guint shape[] = { WIDTH, WIDTH, 4 };
  RillImage *image = rill_test_image_new (fixture->memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  GError *error = NULL;

  rill_image_write_bytes (image, fixture->later, NULL, &error);
  g_assert_no_error (error);
  return image;
}

static RillImage *
record_to_image (Fixture *fixture)
{
  RillImage *image = make_image (fixture);
  GError *error = NULL;

  rill_command_buffer_copy_buffer_to_image (fixture->queued, fixture->source, 0, image, &error);
  g_assert_no_error (error);
  return image;
}

static void
assert_image (RillImage *image,
              GBytes    *bytes)
{
  g_autoptr (GBytes) content = NULL;
  GError *error = NULL;

  content = rill_image_read_bytes (image, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (content, bytes));
}

static void
test_fill (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);
  g_autofree guint8 *filled = g_malloc (SIZE);
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;

  memset (filled, 0xee, SIZE);
  bytes = g_bytes_new (filled, SIZE);
  queue (fixture);
  rill_buffer_fill (buffer, 0, -1, 0xee, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  rill_test_assert_content (buffer, 0, bytes);
  g_object_unref (buffer);
}

static void
test_write (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);

  queue (fixture);
  rill_test_write (buffer, 0, fixture->later);
  finish (fixture);
  rill_test_assert_content (buffer, 0, fixture->later);
  g_object_unref (buffer);
}

static void
test_read (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);

  queue (fixture);
  rill_test_assert_content (buffer, 0, fixture->late);
  finish (fixture);
  g_object_unref (buffer);
}

static void
test_copy_from (Fixture       *fixture,
                gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  queue (fixture);
  rill_buffer_copy_to (buffer, 0, to, 0, -1, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  rill_test_assert_content (to, 0, fixture->late);
  g_object_unref (to);
  g_object_unref (buffer);
}

static void
test_copy_to (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);
  RillBuffer *from = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  rill_test_write (from, 0, fixture->later);
  queue (fixture);
  rill_buffer_copy_to (from, 0, buffer, 0, -1, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  rill_test_assert_content (buffer, 0, fixture->later);
  g_object_unref (from);
  g_object_unref (buffer);
}

static void
test_image_read (Fixture       *fixture,
                 gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);

  queue (fixture);
  assert_image (image, fixture->late);
  finish (fixture);
  g_object_unref (image);
}

static void
test_image_write (Fixture       *fixture,
                  gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);
  GError *error = NULL;

  queue (fixture);
  rill_image_write_bytes (image, fixture->later, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  assert_image (image, fixture->later);
  g_object_unref (image);
}

static void
test_image_copy_from (Fixture       *fixture,
                      gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);
  RillImage *to = make_image (fixture);
  GError *error = NULL;

  queue (fixture);
  rill_image_copy_to (image, to, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  assert_image (to, fixture->late);
  g_object_unref (to);
  g_object_unref (image);
}

static void
test_image_copy_to (Fixture       *fixture,
                    gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);
  RillImage *from = make_image (fixture);
  GError *error = NULL;

  queue (fixture);
  rill_image_copy_to (from, image, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  assert_image (image, fixture->later);
  g_object_unref (from);
  g_object_unref (image);
}

static void
test_image_clear (Fixture       *fixture,
                  gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);
  g_autoptr (GBytes) cleared = g_bytes_new_take (g_malloc0 (SIZE), SIZE);
  GError *error = NULL;

  queue (fixture);
  rill_image_clear (image, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  assert_image (image, cleared);
  g_object_unref (image);
}

static void
test_image_layout (Fixture       *fixture,
                   gconstpointer  data)
{
  RillImage *image = record_to_image (fixture);
  GError *error = NULL;

  rill_command_buffer_change_image_layout (fixture->queued, image,
                                           RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &error);
  g_assert_no_error (error);
  queue (fixture);
  rill_image_change_layout (image, RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, NULL, &error);
  g_assert_no_error (error);
  finish (fixture);
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
  g_object_unref (image);
}

static void
test_run (Fixture       *fixture,
          gconstpointer  data)
{
  RillBuffer *buffer = record_to_buffer (fixture);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, SIZE);
  RillCommandBuffer *commands = rill_test_command_buffer_new (fixture->session);
  GError *error = NULL;

  rill_command_buffer_copy_buffer (commands, buffer, 0, to, 0, -1, &error);
  g_assert_no_error (error);
  queue (fixture);
  rill_test_run (commands);
  finish (fixture);
  rill_test_assert_content (to, 0, fixture->late);
  g_object_unref (commands);
  g_object_unref (to);
  g_object_unref (buffer);
}

static gpointer
read_thread (gpointer buffer)
{
  return rill_buffer_read_bytes (buffer, 0, -1, NULL, NULL);
}

static gboolean
is_read (RillBuffer *buffer)
{
  RillResourceState *state = rill_resource_get_state (buffer);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  return state->host_accesses != NULL;
}

/* The device's work on a buffer comes after a read by another thread that has begun. */
static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *first = rill_test_buffer_new (fixture->memory, SIZE);
  RillBuffer *second = rill_test_buffer_new (fixture->memory, SIZE);
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  GThread *reading;

  rill_test_write (first, 0, fixture->late);
  rill_test_write (second, 0, fixture->later);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  fixture->gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to (first, 0, fixture->source, 0, -1, NULL, &error);
  g_assert_no_error (error);
  reading = g_thread_new ("reading", read_thread, fixture->source);
  while (!is_read (fixture->source))
    g_usleep (100);
  fixture->opening = rill_test_gate_open_later (fixture->gate);
  rill_buffer_copy_to (second, 0, fixture->source, 0, -1, NULL, &error);
  g_assert_no_error (error);
  bytes = g_thread_join (reading);
  g_assert_true (g_bytes_equal (bytes, fixture->late));
  rill_test_assert_content (fixture->source, 0, fixture->later);
  g_thread_join (fixture->opening);
  rill_test_gate_free (fixture->gate);
  g_object_unref (second);
  g_object_unref (first);
}

#define LARGE (2 * 1024 * 1024)

/* Large transfers may have a queue of their own. What commands read has arrived before, and what is
 * written has been read. */
static void
test_queues (Fixture       *fixture,
             gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, LARGE);
  RillBuffer *copy = rill_test_buffer_new (fixture->memory, LARGE);
  g_autoptr (GBytes) first = rill_test_bytes_new (LARGE, 1);
  g_autoptr (GBytes) second = rill_test_bytes_new (LARGE, 2);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (first, 0, 1000);
  GError *error = NULL;

  rill_test_write (buffer, 0, first);
  rill_buffer_copy_to (buffer, 0, copy, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_test_assert_content (copy, 0, part);
  rill_test_write (buffer, 0, second);
  rill_buffer_copy_to (buffer, 0, copy, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_test_write (buffer, 0, first);
  rill_test_assert_content (buffer, 0, first);
  rill_test_assert_content (copy, 0, second);
  g_object_unref (copy);
  g_object_unref (buffer);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/order/fill", test_fill);
  ADD ("/order/write", test_write);
  ADD ("/order/read", test_read);
  ADD ("/order/copy-from", test_copy_from);
  ADD ("/order/copy-to", test_copy_to);
  ADD ("/order/image/read", test_image_read);
  ADD ("/order/image/write", test_image_write);
  ADD ("/order/image/copy-from", test_image_copy_from);
  ADD ("/order/image/copy-to", test_image_copy_to);
  ADD ("/order/image/clear", test_image_clear);
  ADD ("/order/image/layout", test_image_layout);
  ADD ("/order/run", test_run);
  ADD ("/order/other-thread", test_other_thread);
  ADD ("/order/queues", test_queues);
  return g_test_run ();
}
