/* SPDX-License-Identifier: MIT */

/* Asynchronous transfers: order, completion, cancellation, the end of the session. */

#include "rill-test-gate.h"

#define MIB (1024 * 1024)

typedef struct
{
  RillSession *session;
  RillMemory *memory;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 32 * MIB);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (!rill_session_get_closed (fixture->session))
    g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  rill_test_iterate ();
  for (guint i = 0; i < 5000 && rill_memory_get_used_size (fixture->memory) > 0; i++)
    g_usleep (1000); /* a task that has returned is still dying */
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 0);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
}

/* As rill_test_wait(), but what never ends is a failure that says where. */
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

static void
assert_written (RillBuffer    *buffer,
                RillTestAsync *async)
{
  g_autoptr (GAsyncResult) result = wait_for (async);
  GError *error = NULL;
  gboolean written = rill_buffer_write_bytes_finish (buffer, result, &error);

  g_assert_no_error (error);
  g_assert_true (written);
}

static void
assert_copied (RillBuffer    *buffer,
               RillTestAsync *async)
{
  g_autoptr (GAsyncResult) result = wait_for (async);
  GError *error = NULL;
  gboolean copied = rill_buffer_copy_to_finish (buffer, result, &error);

  g_assert_no_error (error);
  g_assert_true (copied);
}

static void
assert_read (RillBuffer    *buffer,
             RillTestAsync *async,
             GBytes        *expected)
{
  g_autoptr (GAsyncResult) result = wait_for (async);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = rill_buffer_read_bytes_finish (buffer, result, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, expected));
}

static GBytes *
make_fill (gsize  size,
           guint8 value)
{
  guint8 *data = g_malloc (size);

  memset (data, value, size);
  return g_bytes_new_take (data, size);
}

static void
test_round_trip (Fixture       *fixture,
                 gconstpointer  data)
{
  static const gsize sizes[] = { 1, 3, 4096, 1000001, 3 * MIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillBuffer *buffer = rill_test_buffer_new (fixture->memory, sizes[i] + 10);
      RillBuffer *other = rill_test_buffer_new (fixture->memory, sizes[i]);
      GBytes *bytes = rill_test_bytes_new (sizes[i], i);
      g_autoptr (GBytes) expected = rill_test_bytes_new (sizes[i], i);
      RillTestAsync async[3] = { { NULL } };

      rill_buffer_write_bytes_async (buffer, 7, bytes, NULL, rill_test_async_cb, &async[0]);
      g_bytes_unref (bytes); /* the transfer has its own reference */
      rill_buffer_copy_to_async (buffer, 7, other, 0, (gint64) sizes[i], NULL, rill_test_async_cb,
                                 &async[1]);
      rill_buffer_read_bytes_async (other, 0, -1, NULL, rill_test_async_cb, &async[2]);
      g_assert_true (async[0].result == NULL && async[1].result == NULL && async[2].result == NULL);
      assert_read (other, &async[2], expected);
      assert_written (buffer, &async[0]);
      assert_copied (buffer, &async[1]);
      rill_test_finalize_soon (buffer);
      rill_test_finalize_soon (other);
    }
}

static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  g_autoptr (GBytes) empty = g_bytes_new_static (NULL, 0);
  RillTestAsync async[3] = { { NULL } };

  rill_buffer_write_bytes_async (buffer, 100, empty, NULL, rill_test_async_cb, &async[0]);
  rill_buffer_read_bytes_async (buffer, 100, -1, NULL, rill_test_async_cb, &async[1]);
  rill_buffer_copy_to_async (buffer, 100, buffer, 100, -1, NULL, rill_test_async_cb, &async[2]);
  assert_written (buffer, &async[0]);
  assert_read (buffer, &async[1], empty);
  assert_copied (buffer, &async[2]);
  rill_test_finalize_soon (buffer);
}

static void
test_bad_ranges (Fixture       *fixture,
                 gconstpointer  data)
{
  static const struct
  {
    guint64 offset;
    gint64 size;
  } ranges[] = { { 0, 101 }, { 101, 0 },         { 1, 100 },
                 { 0, -2 },  { G_MAXUINT64, 1 }, { G_MAXUINT64 - 50, 100 } };
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 100);
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new ((gsize) MAX (ranges[i].size, 0), 1);
      g_autoptr (GAsyncResult) read_result = NULL;
      g_autoptr (GAsyncResult) copy_result = NULL;
      g_autoptr (GAsyncResult) write_result = NULL;
      RillTestAsync async[3] = { { NULL } };

      rill_buffer_read_bytes_async (buffer, ranges[i].offset, ranges[i].size, NULL,
                                    rill_test_async_cb, &async[0]);
      rill_buffer_copy_to_async (buffer, ranges[i].offset, other, 0, ranges[i].size, NULL,
                                 rill_test_async_cb, &async[1]);
      rill_buffer_write_bytes_async (buffer, ranges[i].offset, bytes, NULL, rill_test_async_cb,
                                     &async[2]);
      read_result = wait_for (&async[0]);
      copy_result = wait_for (&async[1]);
      write_result = wait_for (&async[2]);
      g_assert_null (rill_buffer_read_bytes_finish (buffer, read_result, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "");
      g_assert_false (rill_buffer_copy_to_finish (buffer, copy_result, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "");
      if (ranges[i].size < 0)
        continue;
      g_assert_false (rill_buffer_write_bytes_finish (buffer, write_result, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "");
    }
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

static void
count_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  guint **next = data;

  g_assert_true (g_task_is_valid (result, source));
  **next += 1;
}

/* Many transfers of one buffer take effect in the order of the calls, and synchronous ones wait
 * for them. */
static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 2 * MIB);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 2 * MIB);
  g_autoptr (GBytes) last = NULL;
  guint n_done = 0, *next = &n_done, n = 0;

  for (guint round = 0; round < 12; round++)
    {
      RillMapping *mapping;

      for (guint i = 0; i < 4; i++, n++)
        {
          g_autoptr (GBytes) bytes = make_fill (2 * MIB, (guint8) (round * 4 + i));
          rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, count_cb, &next);
        }
      g_clear_pointer (&last, g_bytes_unref);
      last = make_fill (2 * MIB, (guint8) (round * 4 + 3));
      switch (round % 6)
        {
        case 0:
          rill_test_assert_content (buffer, 0, last);
          break;
        case 1:
          g_assert_true (rill_buffer_copy_to (buffer, 0, other, 0, -1, NULL, NULL));
          rill_test_assert_content (other, 0, last);
          break;
        case 2:
          g_assert_true (rill_buffer_fill (buffer, 0, -1, 0xaa, NULL, NULL));
          g_clear_pointer (&last, g_bytes_unref);
          last = make_fill (2 * MIB, 0xaa);
          rill_test_assert_content (buffer, 0, last);
          break;
        case 3:
          mapping = rill_buffer_map (buffer, RILL_MAP_READ, NULL);
          g_assert_cmpmem ((gpointer) rill_mapping_get_address (mapping, NULL), 2 * MIB,
                           g_bytes_get_data (last, NULL), 2 * MIB);
          g_object_unref (mapping);
          break;
        case 4:
          rill_buffer_copy_to_async (buffer, 0, other, 0, -1, NULL, count_cb, &next);
          n++;
          rill_test_assert_content (other, 0, last);
          break;
        default:
          g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
          rill_test_assert_content (buffer, 0, last);
        }
    }
  rill_test_iterate_until (n_done == n);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

/* Both ranges in one buffer. */
static void
test_copy_within (Fixture       *fixture,
                  gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 2000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  RillTestAsync async[2] = { { NULL } };
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  rill_test_write (buffer, 0, bytes);
  rill_buffer_copy_to_async (buffer, 0, buffer, 1000, 1000, NULL, rill_test_async_cb, &async[0]);
  assert_copied (buffer, &async[0]);
  rill_test_assert_content (buffer, 1000, bytes);
  rill_buffer_copy_to_async (buffer, 0, buffer, 999, 1000, NULL, rill_test_async_cb, &async[1]);
  result = wait_for (&async[1]);
  g_assert_false (rill_buffer_copy_to_finish (buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "overlap");
  g_clear_object (&result);
  rill_test_finalize_soon (buffer);
}

/* Transfers back and forth between two sessions keep the order of the calls on both. */
static void
test_sessions (Fixture       *fixture,
               gconstpointer  data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 32 * MIB);
  RillBuffer *here = rill_test_buffer_new (fixture->memory, 3 * MIB);
  RillBuffer *there = rill_test_buffer_new (memory, 3 * MIB);
  guint n_done = 0, *next = &n_done, n = 0;

  for (guint round = 0; round < 8; round++)
    {
      g_autoptr (GBytes) first = make_fill (3 * MIB, (guint8) (2 * round));
      g_autoptr (GBytes) second = make_fill (3 * MIB, (guint8) (2 * round + 1));

      rill_buffer_write_bytes_async (there, 0, first, NULL, count_cb, &next);
      rill_buffer_write_bytes_async (here, 0, second, NULL, count_cb, &next);
      rill_buffer_copy_to_async (here, 0, there, 0, -1, NULL, count_cb, &next);
      rill_buffer_write_bytes_async (here, 0, first, NULL, count_cb, &next);
      rill_test_assert_content (there, 0, second);
      rill_buffer_copy_to_async (there, 0, here, 0, -1, NULL, count_cb, &next);
      rill_buffer_write_bytes_async (there, 0, first, NULL, count_cb, &next);
      rill_test_assert_content (here, 0, second);
      rill_test_assert_content (there, 0, first);
      n += 6;
    }
  rill_test_iterate_until (n_done == n);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (here);
  rill_test_finalize_soon (there);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

static gpointer
private_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  RillTestAsync async[4] = { { NULL } };

  g_main_context_push_thread_default (context);
  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async[0]);
  rill_buffer_read_bytes_async (buffer, 0, -1, NULL, rill_test_async_cb, &async[1]);
  rill_buffer_copy_to_async (buffer, 0, buffer, 500, 500, NULL, rill_test_async_cb, &async[2]);
  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async[3]);
  for (guint i = 0; i < 4; i++)
    while (async[i].result == NULL)
      g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  for (guint i = 0; i < 4; i++)
    g_object_unref (async[i].result);
  g_object_unref (buffer);
  return NULL;
}

/* Callbacks come in the context that was thread-default at the call. */
static void
test_context (Fixture       *fixture,
              gconstpointer  data)
{
  g_thread_join (g_thread_new ("private", private_thread, fixture));
}

/* The callback of a write or copy says that it has arrived, not only that it was taken. */
static void
test_arrival (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  RillTestAsync async[2] = { { NULL } };
  RillTestGate *gate;

  rill_test_write (from, 0, bytes);
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to_async (from, 0, to, 0, -1, NULL, rill_test_async_cb, &async[0]);
  rill_buffer_write_bytes_async (to, 0, bytes, NULL, rill_test_async_cb, &async[1]);
  for (guint i = 0; i < 30; i++)
    {
      rill_test_iterate ();
      g_usleep (1000);
    }
  g_assert_true (async[0].result == NULL && async[1].result == NULL);
  rill_test_gate_open (gate);
  assert_copied (from, &async[0]);
  assert_written (to, &async[1]);
  rill_test_gate_free (gate);
  rill_test_finalize_soon (from);
  rill_test_finalize_soon (to);
}

/* A transfer that holds up all later ones: it reads what the device is not yet done with. */
typedef struct
{
  RillBuffer *from;
  RillBuffer *to;
  RillTestGate *gate;
  RillTestAsync async;
  gint opened; /* (atomic) */
} Plug;

static void
plug_queue (Plug    *plug,
            Fixture *fixture)
{
  plug->from = rill_test_buffer_new (fixture->memory, 100);
  plug->to = rill_test_buffer_new (fixture->memory, 100);
  plug->async.result = NULL;
  plug->opened = FALSE;
  plug->gate = rill_test_gate_new (fixture->session);
  g_assert_true (rill_buffer_copy_to (plug->from, 0, plug->to, 0, -1, NULL, NULL));
  rill_buffer_read_bytes_async (plug->to, 0, -1, NULL, rill_test_async_cb, &plug->async);
  g_usleep (5000);
}

static void
unplug_queue (Plug *plug)
{
  rill_test_gate_free (plug->gate);
  rill_test_finalize_soon (plug->from);
  rill_test_finalize_soon (plug->to);
}

/* Cancelled before it began: nothing is touched, what comes later goes on. */
static void
test_cancelled_in_queue (Fixture       *fixture,
                         gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 2 * MIB);
  g_autoptr (GBytes) old = rill_test_bytes_new (2 * MIB, 1);
  g_autoptr (GBytes) new = rill_test_bytes_new (2 * MIB, 2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestAsync async[4] = { { NULL } };
  GAsyncResult *results[4];
  Plug plug;
  GError *error = NULL;

  rill_test_write (buffer, 0, old);
  plug_queue (&plug, fixture);
  rill_buffer_write_bytes_async (buffer, 0, new, cancellable, rill_test_async_cb, &async[0]);
  rill_buffer_read_bytes_async (buffer, 0, -1, cancellable, rill_test_async_cb, &async[1]);
  rill_buffer_copy_to_async (buffer, 0, buffer, MIB, MIB, cancellable, rill_test_async_cb,
                             &async[2]);
  rill_buffer_read_bytes_async (buffer, 0, -1, NULL, rill_test_async_cb, &async[3]);
  g_cancellable_cancel (cancellable);
  rill_test_gate_open (plug.gate);
  for (guint i = 0; i < 3; i++)
    results[i] = wait_for (&async[i]);
  g_assert_false (rill_buffer_write_bytes_finish (buffer, results[0], &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_null (rill_buffer_read_bytes_finish (buffer, results[1], &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_false (rill_buffer_copy_to_finish (buffer, results[2], &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  assert_read (buffer, &async[3], old);
  g_object_unref (wait_for (&plug.async));
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
  unplug_queue (&plug);
  rill_test_finalize_soon (buffer);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

/* Without it a failure of the next test would be a test that hangs. */
static gpointer
watch_thread (gpointer data)
{
  Plug *plug = data;

  for (guint i = 0; i < 200 && !g_atomic_int_get (&plug->opened); i++)
    g_usleep (10 * 1000);
  if (g_atomic_int_compare_and_exchange (&plug->opened, FALSE, TRUE))
    rill_test_gate_open (plug->gate);
  return NULL;
}

/* What waits for queued transfers can be cancelled meanwhile, and times out. */
static void
test_cancelled_waiting (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestAsync async = { NULL };
  Plug plug;
  GThread *watcher, *canceller;
  GError *error = NULL;

  plug_queue (&plug, fixture);
  watcher = g_thread_new ("watch", watch_thread, &plug);
  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  rill_buffer_map_async (plug.to, RILL_MAP_READ, 20, NULL, rill_test_async_cb, &async);
  g_assert_null (rill_buffer_read_bytes (plug.to, 0, -1, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_thread_join (canceller);
  {
    g_autoptr (GAsyncResult) result = wait_for (&async);
    g_assert_null (rill_buffer_map_finish (plug.to, result, &error));
    rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "");
  }
  g_assert_true (g_atomic_int_compare_and_exchange (&plug.opened, FALSE, TRUE));
  rill_test_gate_open (plug.gate);
  g_object_unref (wait_for (&plug.async));
  g_thread_join (watcher);
  unplug_queue (&plug);
}

static void
test_cancelled_waiting_for_device (Fixture       *fixture,
                                   gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (GBytes) old = rill_test_bytes_new (1000, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestGate *gate;
  GThread *canceller;
  GError *error = NULL;

  rill_test_write (from, 0, old);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  gate = rill_test_gate_new (fixture->session);
  g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, NULL));
  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_null (rill_buffer_read_bytes (to, 0, -1, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_thread_join (canceller);
  rill_test_gate_open (gate);
  rill_test_assert_content (to, 0, old);
  rill_test_gate_free (gate);
  rill_test_finalize_soon (from);
  rill_test_finalize_soon (to);
}

static void
assert_closed_or_done (GAsyncResult *result,
                       gboolean      must_be_closed)
{
  GError *error = NULL;
  gpointer value;
  gboolean done;

  if (g_task_get_source_tag (G_TASK (result)) == (gpointer) rill_buffer_read_bytes_async)
    {
      value = g_task_propagate_pointer (G_TASK (result), &error);
      done = value != NULL;
      g_clear_pointer (&value, g_bytes_unref);
    }
  else
    done = g_task_propagate_boolean (G_TASK (result), &error);
  if (done && !must_be_closed)
    return;
  g_assert_false (done);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
}

/* Session.close ends what was not submitted with CLOSED; every callback comes, and nothing hangs.
 */
static void
test_session_close (Fixture       *fixture,
                    gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 2 * MIB);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 2 * MIB);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (2 * MIB, 1);
  RillTestAsync async[30] = { { NULL } };
  g_autoptr (GAsyncResult) first = NULL;
  GThread *opener;
  Plug plug;

  plug_queue (&plug, fixture);
  for (guint i = 0; i < 30; i += 3)
    {
      rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async[i]);
      rill_buffer_copy_to_async (buffer, 0, other, 0, -1, NULL, rill_test_async_cb, &async[i + 1]);
      rill_buffer_read_bytes_async (other, 0, -1, NULL, rill_test_async_cb, &async[i + 2]);
    }
  opener = rill_test_gate_open_later (plug.gate);
  rill_session_close (fixture->session);
  g_thread_join (opener);
  for (guint i = 0; i < 30; i++)
    {
      g_autoptr (GAsyncResult) result = wait_for (&async[i]);
      assert_closed_or_done (result, TRUE);
    }
  first = wait_for (&plug.async);
  assert_closed_or_done (first, FALSE);
  g_clear_object (&first);

  /* And what is asked for afterwards. */
  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async[0]);
  first = wait_for (&async[0]);
  assert_closed_or_done (first, TRUE);
  g_clear_object (&first);
  unplug_queue (&plug);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

/* A buffer that is closed with transfers queued: they end with CLOSED, the others go on. */
static void
test_buffer_close (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  RillTestAsync async[3] = { { NULL } };
  Plug plug;

  plug_queue (&plug, fixture);
  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async[0]);
  rill_buffer_write_bytes_async (other, 0, bytes, NULL, rill_test_async_cb, &async[1]);
  rill_buffer_read_bytes_async (other, 0, -1, NULL, rill_test_async_cb, &async[2]);
  rill_resource_close (RILL_RESOURCE (buffer));
  rill_test_gate_open (plug.gate);
  {
    g_autoptr (GAsyncResult) result = wait_for (&async[0]);
    assert_closed_or_done (result, TRUE);
  }
  assert_written (other, &async[1]);
  assert_read (other, &async[2], bytes);
  g_object_unref (wait_for (&plug.async));
  unplug_queue (&plug);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

/* The caller's references may all go: transfers hold what they need. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 32 * MIB);
  RillBuffer *buffer = rill_test_buffer_new (memory, 2 * MIB);
  RillBuffer *other = rill_test_buffer_new (memory, 2 * MIB);
  GBytes *bytes = rill_test_bytes_new (2 * MIB, 1);
  guint n_done = 0, *next = &n_done;
  gpointer weak = session;

  g_object_add_weak_pointer (G_OBJECT (session), &weak);
  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, count_cb, &next);
  rill_buffer_copy_to_async (buffer, 0, other, 0, -1, NULL, count_cb, &next);
  rill_buffer_write_bytes_async (other, 0, bytes, NULL, NULL, NULL);
  g_bytes_unref (bytes);
  g_object_unref (buffer);
  g_object_unref (other);
  g_object_unref (memory);
  g_object_unref (session);
  rill_test_iterate_until (n_done == 2);
  rill_test_iterate_until (g_atomic_pointer_get (&weak) == NULL);
}

static void
test_uninitialized_transfer (Fixture       *fixture,
                             gconstpointer  data)
{
  RillTransfer *transfer = g_object_new (RILL_TYPE_TRANSFER, NULL);
  guint64 total, done;
  double progress;

  g_object_get (transfer, "bytes-total", &total, "bytes-done", &done, "progress", &progress, NULL);
  g_assert_cmpuint (total + done, ==, 0);
  g_assert_cmpfloat (progress, ==, 0.0);
  g_assert_null (rill_transfer_get_resource (transfer));
  g_assert_null (rill_transfer_get_cancellable (transfer));
  g_assert_cmpint (rill_transfer_get_direction (transfer), ==, RILL_TRANSFER_DIRECTION_UPLOAD);
  g_assert_finalize_object (transfer);
}

typedef struct
{
  Fixture *fixture;
  RillTestGate *gate;
  RillTestAsync async;
  gint blocking; /* (atomic) */
  gboolean seen;
} Trimming;

static void
block_cb (gpointer data)
{
  Trimming *trimming = data;

  g_atomic_int_set (&trimming->blocking, TRUE);
  g_usleep (100 * 1000);
}

/* Keeps the thread busy that would otherwise find out that the device is done. */
static void
block_thread (Trimming   *trimming,
              RillBuffer *from,
              RillBuffer *to)
{
  RillTestGate *gate = rill_test_gate_new (trimming->fixture->session);
  RillSyncPoint point;

  g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, NULL));
  rill_context_get_last (gate->context, &point);
  rill_context_defer (gate->context, &point, block_cb, trimming);
  rill_test_gate_open (gate);
  while (!g_atomic_int_get (&trimming->blocking))
    g_usleep (100);
  rill_test_gate_free (gate);
}

/* Comes to see it in a dispatch of the task's own context. */
static gboolean
trim_cb (gpointer data)
{
  Trimming *trimming = data;

  rill_test_gate_open (trimming->gate);
  g_usleep (20 * 1000);
  g_assert_true (rill_memory_trim (trimming->fixture->memory, NULL));
  g_assert_null (trimming->async.result);
  trimming->seen = TRUE;
  return G_SOURCE_REMOVE;
}

/* A callback comes from the main loop, never from within another call. */
static void
test_not_within_calls (Fixture       *fixture,
                       gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 1000);
  Trimming trimming = { .fixture = fixture };
  g_autoptr (GAsyncResult) result = NULL;

  block_thread (&trimming, from, to);
  trimming.gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to_async (from, 0, to, 0, -1, NULL, rill_test_async_cb, &trimming.async);
  g_usleep (20 * 1000); /* until it is submitted */
  g_idle_add_full (G_PRIORITY_HIGH, trim_cb, &trimming, NULL);
  rill_test_iterate_until (trimming.seen);
  result = wait_for (&trimming.async);
  g_assert_true (rill_buffer_copy_to_finish (from, result, NULL));
  rill_test_gate_free (trimming.gate);
  g_object_unref (from);
  g_object_unref (to);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/transfer/round-trip", test_round_trip);
  add ("/transfer/nothing", test_nothing);
  add ("/transfer/bad-ranges", test_bad_ranges);
  add ("/transfer/order", test_order);
  add ("/transfer/copy-within", test_copy_within);
  add ("/transfer/sessions", test_sessions);
  add ("/transfer/context", test_context);
  add ("/transfer/arrival", test_arrival);
  add ("/transfer/cancelled-in-queue", test_cancelled_in_queue);
  add ("/transfer/cancelled-waiting", test_cancelled_waiting);
  add ("/transfer/cancelled-waiting-for-device", test_cancelled_waiting_for_device);
  add ("/transfer/session-close", test_session_close);
  add ("/transfer/buffer-close", test_buffer_close);
  add ("/transfer/dropped", test_dropped);
  add ("/transfer/not-within-calls", test_not_within_calls);
  add ("/transfer/uninitialized", test_uninitialized_transfer);
  return g_test_run ();
}
