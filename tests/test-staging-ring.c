/* SPDX-License-Identifier: MIT */

/* Transfers through the staging ring, to memory that the host cannot touch: on a device that is
 * simulated or forged, with a ring of the smallest size, so that few bytes fill it. */

#include "rill-test-gate.h"
#include "rill-test-vulkan.h"

#define MIB (1024 * 1024)
#define SIZE (6 * MIB + 12345)

static const VkMemoryPropertyFlags discrete[] = {
  0,
  VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
    | VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
};

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  GBytes *old;
  GBytes *new;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = NULL;
  if (!rill_test_want_unmappable (discrete, G_N_ELEMENTS (discrete)))
    return;
  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 0);
  fixture->buffer = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->old = rill_test_bytes_new (SIZE, 1);
  fixture->new = rill_test_bytes_new (SIZE, 2);
  rill_test_vulkan.allocation_limit = MIB + 64 * 1024;
  rill_test_write (fixture->buffer, 0, fixture->old);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 2);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->session == NULL)
    return;
  g_bytes_unref (fixture->old);
  g_bytes_unref (fixture->new);
  if (!rill_session_get_closed (fixture->session))
    g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  rill_test_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (rill_session_get_transfers (fixture->session)), ==,
                    0);
  rill_test_finalize_soon (fixture->buffer);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
}

static GAsyncResult *
wait_for (RillTestAsync *async)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (async->result == NULL)
    {
      if (g_get_monotonic_time () > end)
        g_error ("an asynchronous transfer does not end");
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (100);
    }
  return g_steal_pointer (&async->result);
}

/* Steady state: the ring is all that is ever allocated. */
static void
test_ring (Fixture       *fixture,
           gconstpointer  data)
{
  static const gsize sizes[] = { 1, 767, 768, 769, 262143, 262144, 262145, MIB, 3 * MIB + 1, SIZE };
  gint n_allocations;

  if (fixture->session == NULL)
    return;
  rill_test_assert_content (fixture->buffer, 0, fixture->old);
  n_allocations = rill_test_vulkan.n_allocations;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new (sizes[i], 10 + i);
      rill_test_write (fixture->buffer, SIZE - sizes[i], bytes);
      rill_test_assert_content (fixture->buffer, SIZE - sizes[i], bytes);
    }
  g_assert_cmpint (rill_test_vulkan.n_allocations, ==, n_allocations);
}

/* How many bytes from the start are new; all others must be old. */
static gsize
count_new (Fixture *fixture)
{
  g_autoptr (GBytes) bytes = rill_buffer_read_bytes (fixture->buffer, 0, -1, NULL, NULL);
  const guint8 *now = g_bytes_get_data (bytes, NULL), *new = g_bytes_get_data (fixture->new, NULL),
               *old = g_bytes_get_data (fixture->old, NULL);
  gsize size = 0;

  while (size < SIZE && now[size] == new[size])
    size++;
  while (size > 0 && now[size - 1] == old[size - 1]) /* equal by chance */
    size--;
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (now[i], ==, new[i]);
  g_assert_true (memcmp (now + size, old + size, SIZE - size) == 0);
  return size;
}

/* Between chunks: what was taken arrives, the rest is untouched, the session goes on. */
static void
test_cancel_write (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  RillTestAsync async = { NULL };
  RillTestGate *gate;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_write_bytes_async (fixture->buffer, 0, fixture->new, cancellable, rill_test_async_cb,
                                 &async);
  g_usleep (20 * 1000); /* the ring is full */
  rill_test_iterate ();
  g_assert_null (async.result);
  g_cancellable_cancel (cancellable);
  result = wait_for (&async);
  g_assert_false (rill_buffer_write_bytes_finish (fixture->buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  rill_test_gate_open (gate);
  g_assert_cmpuint (count_new (fixture), <=, MIB);
  rill_test_gate_free (gate);
  g_clear_object (&result);

  rill_test_write (fixture->buffer, 0, fixture->new);
  g_assert_cmpuint (count_new (fixture), ==, SIZE);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

/* The synchronous form, and a read: the ring's regions come back though the device is not done
 * with them. */
static void
test_cancel_sync (Fixture       *fixture,
                  gconstpointer  data)
{
  RillTestGate *gate;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GThread *thread;

      gate = rill_test_gate_new (fixture->session);
      thread = g_thread_new ("cancel", cancel_thread, cancellable);
      if (i == 0)
        g_assert_null (rill_buffer_read_bytes (fixture->buffer, 0, -1, cancellable, &error));
      else
        g_assert_false (
          rill_buffer_write_bytes (fixture->buffer, 0, fixture->new, cancellable, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
      g_thread_join (thread);
      rill_test_gate_open (gate);
      if (i == 0)
        rill_test_assert_content (fixture->buffer, 0, fixture->old);
      else
        g_assert_cmpuint (count_new (fixture), <=, MIB);
      rill_test_gate_free (gate);
    }
}

/* Where nothing waits: looked at before each chunk. Of a write the first three arrive. */
static void
test_cancel_between_chunks (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  gsize size;

  if (fixture->session == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_cancellable_reset (cancellable);
      rill_test_vulkan.cancellable = cancellable;
      rill_test_vulkan.cancel_after = 2;
      rill_test_vulkan.n_submissions = 0;
      if (i == 0)
        g_assert_null (rill_buffer_read_bytes (fixture->buffer, 0, -1, cancellable, &error));
      else
        g_assert_false (
          rill_buffer_write_bytes (fixture->buffer, 0, fixture->new, cancellable, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
      rill_test_vulkan.cancellable = NULL;
    }
  g_assert_cmpint (rill_test_vulkan.n_submissions, ==, 3);
  size = count_new (fixture);
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size, <=, MIB);
}

static gpointer
read_thread (gpointer data)
{
  Fixture *fixture = data;

  rill_test_assert_content (fixture->buffer, 0, fixture->old);
  return NULL;
}

typedef struct
{
  RillTestGate *gate;
  gint opened; /* (atomic) */
} Watch;

/* Without it a failure of the next test would be a test that hangs. */
static gpointer
watch_thread (gpointer data)
{
  Watch *watch = data;

  for (guint i = 0; i < 200 && !g_atomic_int_get (&watch->opened); i++)
    g_usleep (10 * 1000);
  if (g_atomic_int_compare_and_exchange (&watch->opened, FALSE, TRUE))
    rill_test_gate_open (watch->gate);
  return NULL;
}

/* A write that waits for the part of the ring that another thread's read holds can be cancelled. */
static void
test_cancel_waiting_for_ring (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watch watch = { NULL };
  GThread *reader, *watcher, *canceller;
  RillBuffer *other;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  rill_test_vulkan.allocation_limit = 0;
  other = rill_test_buffer_new (fixture->memory, MIB);
  watch.gate = rill_test_gate_new (fixture->session);
  reader = g_thread_new ("read", read_thread, fixture);
  watcher = g_thread_new ("watch", watch_thread, &watch);
  g_usleep (20 * 1000); /* the ring is full */
  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_false (rill_buffer_write_data (other, 0, g_bytes_get_data (fixture->new, NULL), MIB,
                                          cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_true (
    g_atomic_int_compare_and_exchange (&watch.opened, FALSE, TRUE)); /* before the device went on */
  rill_test_gate_open (watch.gate);
  g_thread_join (reader);
  g_thread_join (watcher);
  g_thread_join (canceller);
  rill_test_gate_free (watch.gate);
  rill_test_finalize_soon (other);
}

typedef struct
{
  GThread *thread;
  guint n_bytes_done;
  guint n_progress;
  guint64 bytes_done;
} Progress;

static void
progress_cb (RillTransfer *transfer,
             GParamSpec   *pspec,
             Progress     *progress)
{
  g_assert_true (g_thread_self () == progress->thread);
  progress->n_bytes_done += g_str_equal (pspec->name, "bytes-done");
  progress->n_progress += g_str_equal (pspec->name, "progress");
  g_assert_cmpuint (rill_transfer_get_bytes_done (transfer), >=, progress->bytes_done);
  progress->bytes_done = rill_transfer_get_bytes_done (transfer);
}

/* Two gates, one behind the other: the second is closed when the first opens. */
typedef struct
{
  RillTestGate *first;
  RillTestGate *second;
} Lock;

/* Brings a write to where it has run for 100 ms, has moved something and waits. */
static void
start_slow_write (Fixture       *fixture,
                  Lock          *lock,
                  RillTestAsync *async,
                  GCancellable  *cancellable)
{
  lock->first = rill_test_gate_new (fixture->session);
  rill_buffer_write_bytes_async (fixture->buffer, 0, fixture->new, cancellable, rill_test_async_cb,
                                 async);
  g_usleep (120 * 1000);
  rill_test_iterate ();
  lock->second = rill_test_gate_new (fixture->session);
  rill_test_gate_open (lock->first);
  rill_test_iterate_until (g_list_model_get_n_items (rill_session_get_transfers (fixture->session))
                           == 1);
}

static void
lock_free (Lock *lock)
{
  rill_test_gate_free (lock->second);
  rill_test_gate_free (lock->first);
}

static void
test_progress (Fixture       *fixture,
               gconstpointer  data)
{
  GListModel *transfers;
  g_autoptr (RillTransfer) transfer = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  Progress progress = { .thread = g_thread_self () };
  RillTestAsync async = { NULL };
  Lock lock;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  transfers = rill_session_get_transfers (fixture->session);
  g_assert_cmpuint (g_list_model_get_n_items (transfers), ==, 0);
  start_slow_write (fixture, &lock, &async, NULL);
  transfer = g_list_model_get_item (transfers, 0);
  g_assert_true (RILL_IS_TRANSFER (transfer));
  {
    g_autoptr (RillResource) resource = rill_transfer_get_resource (transfer);
    g_assert_true (resource == RILL_RESOURCE (fixture->buffer));
  }
  g_assert_cmpint (rill_transfer_get_direction (transfer), ==, RILL_TRANSFER_DIRECTION_UPLOAD);
  g_assert_cmpuint (rill_transfer_get_bytes_total (transfer), ==, SIZE);
  g_assert_cmpuint (rill_transfer_get_bytes_done (transfer), >, 0);
  g_assert_cmpuint (rill_transfer_get_bytes_done (transfer), <, SIZE);
  g_assert_cmpfloat (rill_transfer_get_progress (transfer), >, 0.0);
  g_assert_cmpfloat (rill_transfer_get_progress (transfer), <, 1.0);
  g_assert_true (G_IS_CANCELLABLE (rill_transfer_get_cancellable (transfer)));
  g_signal_connect (transfer, "notify", G_CALLBACK (progress_cb), &progress);

  rill_test_gate_open (lock.second);
  result = wait_for (&async);
  g_assert_true (rill_buffer_write_bytes_finish (fixture->buffer, result, &error));
  g_assert_no_error (error);
  rill_test_iterate_until (g_list_model_get_n_items (transfers) == 0);
  g_assert_cmpuint (progress.n_bytes_done, >, 0);
  g_assert_cmpuint (progress.n_progress, >, 0);
  g_assert_cmpuint (progress.bytes_done, ==, SIZE);
  g_assert_cmpfloat (rill_transfer_get_progress (transfer), ==, 1.0);
  lock_free (&lock);
  g_assert_cmpuint (count_new (fixture), ==, SIZE);
}

/* A progress bar's cancel button: the transfer's own cancellable, or the caller's. */
static void
test_cancel_by_transfer (Fixture       *fixture,
                         gconstpointer  data)
{
  GListModel *transfers;

  if (fixture->session == NULL)
    return;
  transfers = rill_session_get_transfers (fixture->session);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GCancellable) cancellable = i == 0 ? NULL : g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      RillTestAsync async = { NULL };
      RillTransfer *transfer;
      Lock lock;
      GError *error = NULL;

      start_slow_write (fixture, &lock, &async, cancellable);
      transfer = g_list_model_get_item (transfers, 0);
      if (cancellable != NULL)
        g_assert_true (rill_transfer_get_cancellable (transfer) == cancellable);
      g_cancellable_cancel (rill_transfer_get_cancellable (transfer));
      g_object_unref (transfer);
      result = wait_for (&async);
      g_assert_false (rill_buffer_write_bytes_finish (fixture->buffer, result, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
      rill_test_iterate_until (g_list_model_get_n_items (transfers) == 0);
      rill_test_gate_open (lock.second);
      lock_free (&lock);
      g_assert_cmpuint (count_new (fixture), <, SIZE);
      rill_test_write (fixture->buffer, 0, fixture->old);
    }
}

/* Closing the session under a transfer: it ends between chunks, and the list is empty in the end.
 */
static void
test_close_during_write (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;
  RillTestAsync async = { NULL };
  Lock lock;
  GThread *opener;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  start_slow_write (fixture, &lock, &async, NULL);
  opener = rill_test_gate_open_later (lock.second);
  rill_session_close (fixture->session);
  g_thread_join (opener);
  result = wait_for (&async);
  g_assert_false (rill_buffer_write_bytes_finish (fixture->buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  rill_test_iterate_until (g_list_model_get_n_items (rill_session_get_transfers (fixture->session))
                           == 0);
  lock_free (&lock);
}

/* A transfer that has not moved anything yet is in the list as well. */
static void
test_progress_while_waiting (Fixture       *fixture,
                             gconstpointer  data)
{
  GListModel *transfers;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  RillTestAsync async = { NULL };
  RillTestGate *gate;
  gint64 end;

  if (fixture->session == NULL)
    return;
  transfers = rill_session_get_transfers (fixture->session);
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_read_bytes_async (fixture->buffer, 0, -1, NULL, rill_test_async_cb, &async);
  for (end = g_get_monotonic_time () + G_USEC_PER_SEC;
       g_get_monotonic_time () < end && g_list_model_get_n_items (transfers) == 0;)
    {
      rill_test_iterate ();
      g_usleep (1000);
    }
  g_assert_cmpuint (g_list_model_get_n_items (transfers), ==, 1);
  {
    g_autoptr (RillTransfer) transfer = g_list_model_get_item (transfers, 0);
    g_assert_cmpint (rill_transfer_get_direction (transfer), ==, RILL_TRANSFER_DIRECTION_DOWNLOAD);
    g_assert_cmpuint (rill_transfer_get_bytes_done (transfer), ==, 0);
  }
  rill_test_gate_open (gate);
  result = wait_for (&async);
  bytes = rill_buffer_read_bytes_finish (fixture->buffer, result, NULL);
  g_assert_true (g_bytes_equal (bytes, fixture->old));
  rill_test_iterate_until (g_list_model_get_n_items (transfers) == 0);
  rill_test_gate_free (gate);
}

/* Small or quick transfers are never shown. */
static void
test_quick_is_not_shown (Fixture       *fixture,
                         gconstpointer  data)
{
  guint n_changes = 0;

  if (fixture->session == NULL)
    return;
  g_signal_connect_swapped (rill_session_get_transfers (fixture->session), "items-changed",
                            G_CALLBACK (g_atomic_int_inc), &n_changes);
  for (guint i = 0; i < 50; i++)
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, i);
      rill_test_write (fixture->buffer, i, bytes);
    }
  rill_test_iterate ();
  g_assert_cmpuint (n_changes, ==, 0);
}

/* Each call that a transfer makes fails once: an error, nothing hangs, and the next transfer
 * works. */
static void
test_faults (Fixture       *fixture,
             gconstpointer  data)
{
  static const struct
  {
    RillTestCall call;
    const char *name;
  } calls[] = {
    { RILL_TEST_CALL_BEGIN, "vkBeginCommandBuffer" },
    { RILL_TEST_CALL_END, "vkEndCommandBuffer" },
    { RILL_TEST_CALL_SUBMIT, "vkQueueSubmit2" },
  };
  RillBuffer *other;

  if (fixture->session == NULL)
    return;
  rill_test_vulkan.allocation_limit = 0;
  other = rill_test_buffer_new (fixture->memory, SIZE);
  rill_test_write (other, 0, fixture->new);
  for (guint i = 0; i < 5 * G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GBytes) bytes = NULL;
      GError *error = NULL;
      gboolean done;

      g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
      rill_test_vulkan.fail_result = VK_ERROR_OUT_OF_HOST_MEMORY;
      g_atomic_int_set (&rill_test_vulkan.fail_call, (gint) calls[i / 5].call);
      switch (i % 5)
        {
        case 0:
          done = rill_buffer_write_bytes (fixture->buffer, 0, fixture->old, NULL, &error);
          break;
        case 1:
          bytes = rill_buffer_read_bytes (fixture->buffer, 0, -1, NULL, &error);
          done = bytes != NULL;
          break;
        case 2:
          done = rill_buffer_copy_to (other, 0, fixture->buffer, 0, -1, NULL, &error);
          break;
        case 3:
          done = rill_buffer_fill (fixture->buffer, 1, -1, 1, NULL, &error);
          break;
        default:
          {
            g_autoptr (GAsyncResult) result = NULL;
            RillTestAsync async = { NULL };
            rill_buffer_write_bytes_async (fixture->buffer, 0, fixture->new, NULL,
                                           rill_test_async_cb, &async);
            result = wait_for (&async);
            done = rill_buffer_write_bytes_finish (fixture->buffer, result, &error);
          }
        }
      g_assert_false (done);
      rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                              calls[i / 5].name);
      rill_test_write (fixture->buffer, 0, fixture->old);
      rill_test_assert_content (fixture->buffer, 0, fixture->old);
    }
  rill_test_finalize_soon (other);
}

/* A copy between two sessions is one transfer, with one cancellable. */
static void
test_cancel_copy (Fixture       *fixture,
                  gconstpointer  data)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *to;
  GListModel *transfers;
  RillTransfer *transfer;
  RillTestGate *gate;
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;

  if (fixture->session == NULL)
    return;
  rill_test_vulkan.allocation_limit = 0;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 0);
  to = rill_test_buffer_new (memory, SIZE);
  rill_test_write (to, 0, fixture->new);
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to_async (fixture->buffer, 0, to, 0, -1, NULL, rill_test_async_cb, &async);
  transfers = rill_session_get_transfers (fixture->session);
  rill_test_iterate_until (g_list_model_get_n_items (transfers) == 1);
  transfer = g_list_model_get_item (transfers, 0);
  g_assert_cmpint (rill_transfer_get_direction (transfer), ==, RILL_TRANSFER_DIRECTION_COPY);
  g_assert_cmpuint (rill_transfer_get_bytes_total (transfer), ==, SIZE);
  g_cancellable_cancel (rill_transfer_get_cancellable (transfer));
  g_object_unref (transfer);
  result = wait_for (&async);
  g_assert_false (rill_buffer_copy_to_finish (fixture->buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_object_unref (result);
  rill_test_gate_open (gate);
  rill_test_gate_free (gate);
  rill_test_assert_content (to, 0, fixture->new);
  rill_test_iterate_until (g_list_model_get_n_items (transfers) == 0);
  g_assert_true (rill_buffer_copy_to (fixture->buffer, 0, to, 0, -1, NULL, &error));
  rill_test_assert_content (to, 0, fixture->old);
  rill_test_finalize_soon (to);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

static gpointer
map_thread (gpointer buffer)
{
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);

  g_assert_no_error (error);
  return mapping;
}

/* Mappable memory, written through the ring: a mapping waits for all of it, and does not come in
 * between. */
static void
test_map_during_write (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillMapping *mapping;
  RillTestGate *gate;
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GThread *thread;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (SIZE, 3);
  g_autofree char *debug = g_strdup (g_getenv ("RILL_DEBUG"));
  GError *error = NULL;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  g_setenv ("RILL_DEBUG", "staging", TRUE);
  session = rill_test_session_new ();
  g_setenv ("RILL_DEBUG", debug != NULL ? debug : "", TRUE);
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 0);
  buffer = rill_test_buffer_new (memory, SIZE);
  rill_test_vulkan.allocation_limit = MIB + 64 * 1024;
  gate = rill_test_gate_new (session);
  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async);
  g_usleep (20 * 1000);
  thread = g_thread_new ("map", map_thread, buffer);
  g_usleep (20 * 1000);
  rill_test_gate_open (gate);
  mapping = g_thread_join (thread);
  g_assert_cmpmem ((gpointer) rill_mapping_get_address (mapping, NULL), SIZE,
                   g_bytes_get_data (bytes, NULL), SIZE);
  g_object_unref (mapping);
  result = wait_for (&async);
  g_assert_true (rill_buffer_write_bytes_finish (buffer, result, &error));
  g_assert_no_error (error);
  g_object_unref (result);
  rill_test_gate_free (gate);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
}

/* Where there is no memory for any ring at all: an error, until there is. */
static void
test_no_ring (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  GError *error = NULL;

  if (!rill_test_want_unmappable (discrete, G_N_ELEMENTS (discrete)))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 4096);
  buffer = rill_test_buffer_new (memory, 1000);
  rill_test_vulkan.allocation_limit = 4096;
  g_assert_false (rill_buffer_write_bytes (buffer, 0, bytes, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                          "vkAllocateMemory");
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 1);
  rill_test_vulkan.allocation_limit = 0;
  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/staging-ring/ring", test_ring);
  add ("/staging-ring/cancel-write", test_cancel_write);
  add ("/staging-ring/cancel-sync", test_cancel_sync);
  add ("/staging-ring/cancel-between-chunks", test_cancel_between_chunks);
  add ("/staging-ring/cancel-waiting-for-ring", test_cancel_waiting_for_ring);
  add ("/staging-ring/progress", test_progress);
  add ("/staging-ring/cancel-by-transfer", test_cancel_by_transfer);
  add ("/staging-ring/close-during-write", test_close_during_write);
  add ("/staging-ring/progress-while-waiting", test_progress_while_waiting);
  add ("/staging-ring/quick-is-not-shown", test_quick_is_not_shown);
  add ("/staging-ring/faults", test_faults);
  add ("/staging-ring/cancel-copy", test_cancel_copy);
  g_test_add_func ("/staging-ring/map-during-write", test_map_during_write);
  g_test_add_func ("/staging-ring/no-ring", test_no_ring);
  return g_test_run ();
}
