/* SPDX-License-Identifier: MIT */

/* What a memory tells of, in which thread and context; and its end. */

#include "rill-test-util.h"

#include "memory/rill-memory-private.h"

#define PAGE 4096

typedef struct
{
  GThread *thread;      /* where handlers have to run */
  GArray *added;        /* (element-type guint) */
  GArray *removed;      /* (element-type guint) */
  guint64 last_size;
  guint n_page_count;   /* notifications */
  guint n_used_size;
  guint n_reserved_size;
  guint n_closed;
} Log;

static void
added_cb (RillMemory *memory,
          guint       index,
          guint64     size,
          Log        *log)
{
  g_assert_true (g_thread_self () == log->thread);
  g_array_append_val (log->added, index);
  log->last_size = size;
}

static void
removed_cb (RillMemory *memory,
            guint       index,
            Log        *log)
{
  g_assert_true (g_thread_self () == log->thread);
  g_array_append_val (log->removed, index);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           Log        *log)
{
  g_assert_true (g_thread_self () == log->thread);
  log->n_page_count += g_str_equal (pspec->name, "page-count");
  log->n_used_size += g_str_equal (pspec->name, "used-size");
  log->n_reserved_size += g_str_equal (pspec->name, "reserved-size");
  log->n_closed += g_str_equal (pspec->name, "closed");
}

static Log *
log_new (RillMemory *memory)
{
  Log *log = g_new0 (Log, 1);

  log->thread = g_thread_self ();
  log->added = g_array_new (FALSE, FALSE, sizeof (guint));
  log->removed = g_array_new (FALSE, FALSE, sizeof (guint));
  g_signal_connect (memory, "page-added", G_CALLBACK (added_cb), log);
  g_signal_connect (memory, "page-removed", G_CALLBACK (removed_cb), log);
  g_signal_connect (memory, "notify", G_CALLBACK (notify_cb), log);
  return log;
}

static void
log_free (Log *log)
{
  g_array_unref (log->added);
  g_array_unref (log->removed);
  g_free (log);
}

static void
assert_log (Log        *log,
            const char *added,
            const char *removed)
{
  GArray *lists[] = { log->added, log->removed };
  const char *expected[] = { added, removed };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      for (guint j = 0; j < lists[i]->len; j++)
        g_string_append_printf (text, "%s%u", j > 0 ? " " : "", g_array_index (lists[i], guint, j));
      g_assert_cmpstr (text->str, ==, expected[i]);
      g_array_set_size (lists[i], 0);
    }
}

/* Nothing arrives before the context runs; then all, in order, and notifications once. */
static void
test_pages (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  Log *log = log_new (memory);
  RillBuffer *buffers[4];

  for (guint i = 0; i < 4; i++)
    buffers[i] = rill_test_buffer_new (memory, PAGE);
  assert_log (log, "", "");
  rill_test_iterate ();
  assert_log (log, "0 1 2 3", "");
  g_assert_cmpuint (log->last_size, ==, PAGE);
  g_assert_cmpuint (log->n_page_count, ==, 1);
  g_assert_cmpuint (log->n_used_size, ==, 1);
  g_assert_cmpuint (log->n_reserved_size, ==, 1);

  g_object_unref (buffers[2]);
  rill_test_iterate ();
  assert_log (log, "", "");
  g_object_unref (buffers[0]);
  rill_test_iterate ();
  assert_log (log, "", "0");
  g_assert_cmpuint (log->n_page_count, ==, 2);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_true (rill_memory_trim (memory, NULL));
  buffers[0] = rill_test_buffer_new (memory, 10 * PAGE);
  rill_test_iterate ();
  assert_log (log, "0", "2");
  g_assert_cmpuint (log->last_size, ==, 10 * PAGE);
  g_assert_cmpuint (log->n_page_count, ==, 3);

  rill_memory_close (memory);
  rill_memory_close (memory);
  rill_test_iterate ();
  g_assert_cmpuint (log->added->len, ==, 0);
  g_assert_cmpuint (log->removed->len, ==, 3);
  g_assert_cmpuint (log->n_closed, ==, 1);
  g_object_unref (buffers[0]);
  g_object_unref (buffers[1]);
  g_object_unref (buffers[3]);
  g_object_unref (memory);
  log_free (log);
  rill_test_session_end (session);
}

/* None per allocation. */
static void
test_no_page_no_signal (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1024 * 1024);
  RillBuffer *first = rill_test_buffer_new (memory, 100);
  Log *log = log_new (memory);

  rill_test_iterate ();
  for (guint i = 0; i < 100; i++)
    g_object_unref (rill_test_buffer_new (memory, 100));
  g_assert_false (g_main_context_pending (NULL));
  rill_test_iterate ();
  assert_log (log, "", "");
  g_assert_cmpuint (log->n_page_count + log->n_used_size + log->n_reserved_size, ==, 0);
  g_object_unref (first);
  g_object_unref (memory);
  log_free (log);
  rill_test_session_end (session);
}

/* No handler, no cost: nothing is queued. */
static void
test_no_handler (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);

  rill_test_iterate ();
  for (guint i = 0; i < 4; i++)
    {
      RillBuffer *buffer = rill_test_buffer_new (memory, 2 * PAGE);
      rill_resource_set_name (RILL_RESOURCE (buffer), "name");
      rill_resource_close (RILL_RESOURCE (buffer));
      g_object_unref (buffer);
    }
  rill_memory_close (memory);
  g_assert_false (g_main_context_pending (NULL));
  g_object_unref (memory);
  rill_test_session_end (session);
}

static gpointer
make_pages_thread (gpointer data)
{
  for (guint i = 0; i < 3; i++)
    g_object_unref (rill_test_buffer_new (data, 2 * PAGE));
  return NULL;
}

/* Pages that other threads make are told of in the session's thread. */
static void
test_other_thread (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  Log *log = log_new (memory);
  g_autoptr (GMainContext) other = g_main_context_new ();
  RillBuffer *buffer;

  g_thread_join (g_thread_new ("pages", make_pages_thread, memory));
  rill_test_iterate ();
  assert_log (log, "0 0 0", "0 0 0");

  /* What is thread-default later does not matter. */
  g_main_context_push_thread_default (other);
  buffer = rill_test_buffer_new (memory, PAGE);
  while (g_main_context_iteration (other, FALSE))
    ;
  assert_log (log, "", "");
  g_main_context_pop_thread_default (other);
  rill_test_iterate ();
  assert_log (log, "0", "");
  g_object_unref (buffer);
  g_object_unref (memory);
  log_free (log);
  rill_test_session_end (session);
}

typedef struct
{
  GMainLoop *loop;
  RillSession *session;
  RillMemory *memory;
  Log *log;
  GMutex lock;
  GCond changed;
  gboolean ready;
} Private;

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static gpointer
private_context_thread (gpointer data)
{
  Private *private = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  private->loop = g_main_loop_new (context, FALSE);
  private->session = rill_test_session_new ();
  private->memory = rill_test_memory_new (private->session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  private->log = log_new (private->memory);
  g_mutex_lock (&private->lock);
  private->ready = TRUE;
  g_cond_signal (&private->changed);
  g_mutex_unlock (&private->lock);
  g_main_loop_run (private->loop);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* A session that was made where a private context was thread-default: its signals arrive there. */
static void
test_private_context (void)
{
  Private private = { NULL };
  g_autoptr (GSource) source = g_idle_source_new ();
  GThread *thread = g_thread_new ("private", private_context_thread, &private);

  g_mutex_lock (&private.lock);
  while (!private.ready)
    g_cond_wait (&private.changed, &private.lock);
  g_mutex_unlock (&private.lock);

  make_pages_thread (private.memory);
  rill_test_iterate ();
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_set_callback (source, quit_cb, private.loop, NULL);
  g_source_attach (source, g_main_loop_get_context (private.loop));
  g_thread_join (thread);
  assert_log (private.log, "0 0 0", "0 0 0");
  g_assert_cmpuint (private.log->n_page_count, >, 0);

  g_object_unref (private.memory);
  rill_test_session_end (private.session);
  log_free (private.log);
  g_main_loop_unref (private.loop);
}

/* Signals that are pending when their object dies are dropped with it. */
static void
test_gone (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillBuffer *buffer = rill_test_buffer_new (memory, PAGE);
  Log *log = log_new (memory);

  g_signal_connect (buffer, "notify", G_CALLBACK (notify_cb), log);
  rill_resource_set_name (RILL_RESOURCE (buffer), "name");
  g_assert_finalize_object (buffer);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_finalize_object (memory);
  rill_test_iterate ();
  assert_log (log, "", "");
  g_assert_cmpuint (log->n_closed, ==, 0);
  log_free (log);
  rill_test_session_end (session);
}

static void
close_in_handler_cb (RillMemory *memory,
                     guint       index,
                     guint64     size,
                     gpointer    data)
{
  rill_memory_close (memory);
}

/* Handlers may call anything. */
static void
test_reentrant (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillBuffer *buffer;
  Log *log = log_new (memory);

  g_signal_connect (memory, "page-added", G_CALLBACK (close_in_handler_cb), NULL);
  buffer = rill_test_buffer_new (memory, PAGE);
  rill_test_iterate ();
  assert_log (log, "0", "0");
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  g_assert_cmpuint (log->n_closed, ==, 1);
  g_object_unref (buffer);
  g_object_unref (memory);
  log_free (log);
  rill_test_session_end (session);
}

typedef struct
{
  RillMemory *memory;
  RillBuffer *buffer; /* (owned) */
  guint n_added;
  guint n_removed;
} Nested;

static void
nested_removed_cb (RillMemory *memory,
                   guint       index,
                   Nested     *nested)
{
  nested->n_removed++;
}

/* As a handler that shows a dialog and waits for its answer does. */
static void
nested_added_cb (RillMemory *memory,
                 guint       index,
                 guint64     size,
                 Nested     *nested)
{
  gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC;

  if (nested->n_added++ > 0)
    return;
  g_clear_object (&nested->buffer);
  while (nested->n_removed == 0 && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_cmpuint (nested->n_removed, ==, 1);
  rill_test_iterate ();
  nested->buffer = rill_test_buffer_new (memory, PAGE);
}

/* Signals go on arriving while a handler of one runs the main loop itself. */
static void
test_nested_loop (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 0);
  Nested nested = { .memory = memory };

  g_signal_connect (memory, "page-added", G_CALLBACK (nested_added_cb), &nested);
  g_signal_connect (memory, "page-removed", G_CALLBACK (nested_removed_cb), &nested);
  nested.buffer = rill_test_buffer_new (memory, PAGE);
  rill_test_iterate ();
  g_assert_cmpuint (nested.n_added, ==, 2);
  g_object_unref (nested.buffer);
  rill_test_iterate ();
  g_assert_cmpuint (nested.n_removed, ==, 2);
  g_object_unref (memory);
  rill_test_session_end (session);
}

static void
assert_closed (RillMemory *memory,
               gint        code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

  g_assert_null (rill_memory_create_buffer (memory, 1, RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_null (
    rill_memory_create_buffer_from_bytes (memory, bytes, RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_null (rill_memory_create_image (memory, (guint[]) { 4, 4 }, 2, RILL_CHANNEL_TYPE_UINT8,
                                           RILL_IMAGE_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_null (rill_memory_create_image_from_bytes (
    memory, bytes, (guint[]) { 1 }, 1, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_null (rill_memory_create_image_view_from_bytes (
    memory, bytes, (guint[]) { 1 }, 1, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
    RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_false (rill_memory_trim (memory, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_null (rill_memory_calculate_statistics (memory, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "memory");
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 0);
  g_assert_false (rill_memory_is_page_mappable (memory, 0));
  rill_memory_close (memory);
}

static void
test_close (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillMemory *other = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillBuffer *inside = rill_test_buffer_new (memory, 100);
  RillBuffer *outside = rill_test_buffer_new (other, 100);
  RillBuffer *like;
  GError *error = NULL;

  g_assert_false (rill_memory_get_closed (memory));
  rill_memory_close (memory);
  g_assert_true (rill_memory_get_closed (memory));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (inside)));
  assert_closed (memory, G_IO_ERROR_CLOSED);
  like = rill_memory_create_buffer_like (memory, RILL_RESOURCE (outside), RILL_BUFFER_USAGE_NONE,
                                         &error);
  g_assert_null (like);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "memory");

  /* Getters of what does not change go on, and the other memory does. */
  g_assert_true (rill_memory_get_session (memory) == session);
  g_assert_cmpuint (rill_memory_get_page_size (memory), ==, PAGE);
  g_assert_nonnull (rill_memory_get_memory_type (memory));
  g_assert_false (rill_memory_get_closed (other));
  g_assert_false (rill_resource_get_closed (RILL_RESOURCE (outside)));
  g_assert_cmpuint (rill_memory_get_page_count (other), ==, 1);

  rill_session_close (session);
  g_assert_true (rill_memory_get_closed (other));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (outside)));
  assert_closed (other, G_IO_ERROR_CLOSED);
  g_object_unref (inside);
  g_object_unref (outside);
  g_object_unref (memory);
  g_object_unref (other);
  rill_test_session_end (session);
}

static void
test_uninitialized (void)
{
  RillMemory *memory = g_object_new (RILL_TYPE_MEMORY, NULL);
  RillBuffer *buffer = g_object_new (RILL_TYPE_BUFFER, NULL);
  GError *error = NULL;

  assert_closed (memory, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_null (rill_memory_create_buffer_like (memory, RILL_RESOURCE (buffer),
                                                 RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "memory");
  g_assert_finalize_object (buffer);
  g_assert_false (rill_memory_get_closed (memory));
  g_assert_null (rill_memory_get_session (memory));
  g_assert_null (rill_memory_get_memory_type (memory));
  g_assert_cmpuint (rill_memory_get_flags (memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_page_size (memory), ==, 0);
  g_assert_false (rill_memory_get_mappable (memory));
  g_assert_finalize_object (memory);
}

/* A session's memories for usages: one each, as long as somebody holds it and it is open. */
static void
test_usage (void)
{
  static const RillMemoryPropertyFlags expected[] = {
    [RILL_MEMORY_USAGE_DEVICE_ONLY] = RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
    [RILL_MEMORY_USAGE_UPLOAD] = RILL_MEMORY_PROPERTY_HOST_VISIBLE,
    [RILL_MEMORY_USAGE_DOWNLOAD] =
      RILL_MEMORY_PROPERTY_HOST_VISIBLE | RILL_MEMORY_PROPERTY_HOST_CACHED,
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memories[3];
  RillMemory *again;
  GError *error = NULL;

  for (guint usage = 0; usage < 3; usage++)
    {
      memories[usage] = rill_session_get_memory_for_usage (session, usage, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_memory_get_flags (memories[usage]) & expected[usage], ==,
                        expected[usage]);
      g_assert_cmpuint (rill_memory_get_page_size (memories[usage]), ==,
                        RILL_MEMORY_DEFAULT_PAGE_SIZE);
      again = rill_session_get_memory_for_usage (session, usage, NULL);
      g_assert_true (again == memories[usage]);
      g_object_unref (again);
    }
  g_assert_true (memories[0] != memories[1] && memories[1] != memories[2]
                 && memories[0] != memories[2]);

  /* One that was closed is replaced; the session holds none. */
  rill_memory_close (memories[1]);
  again = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_UPLOAD, &error);
  g_assert_no_error (error);
  g_assert_true (again != memories[1]);
  g_assert_false (rill_memory_get_closed (again));
  for (guint i = 0; i < 3; i++)
    g_assert_finalize_object (memories[i]);
  g_assert_finalize_object (again);

  g_assert_null (rill_session_get_memory_for_usage (session, 3, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "3");
  g_assert_null (rill_session_get_memory_for_usage (session, (RillMemoryUsage) -1, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "-1");
  rill_session_close (session);
  g_assert_null (rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_UPLOAD, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "session");
  rill_test_session_end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-signals/pages", test_pages);
  g_test_add_func ("/memory-signals/no-page-no-signal", test_no_page_no_signal);
  g_test_add_func ("/memory-signals/no-handler", test_no_handler);
  g_test_add_func ("/memory-signals/other-thread", test_other_thread);
  g_test_add_func ("/memory-signals/private-context", test_private_context);
  g_test_add_func ("/memory-signals/gone", test_gone);
  g_test_add_func ("/memory-signals/reentrant", test_reentrant);
  g_test_add_func ("/memory-signals/nested-loop", test_nested_loop);
  g_test_add_func ("/memory-signals/close", test_close);
  g_test_add_func ("/memory-signals/uninitialized", test_uninitialized);
  g_test_add_func ("/memory-signals/usage", test_usage);
  return g_test_run ();
}
