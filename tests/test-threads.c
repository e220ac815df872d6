/* SPDX-License-Identifier: MIT */

/* Everything at once from several threads; what was made is counted. */

#include "rill-test-util.h"
#include "rill-test-vulkan.h"

#define N_THREADS 4
#define KIB 1024
#define MIB (1024 * KIB)

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  gint stop;   /* (atomic) */
  gint n_done; /* (atomic) */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  fixture->session = rill_test_session_new ();
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 4 * MIB);
}

/* Every vkAllocateMemory has its vkFreeMemory, and so on. */
static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (!rill_session_get_closed (fixture->session))
    {
      g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
      rill_test_iterate ();
      for (guint i = 0; i < 5000 && rill_memory_get_used_size (fixture->memory) > 0; i++)
        g_usleep (1000);
      g_assert_true (rill_memory_trim (fixture->memory, NULL));
    }
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
}

static void
run_threads (GThreadFunc func,
             gpointer    data)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("test", func, data);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

static void
use_buffer (RillBuffer *buffer,
            RillBuffer *other,
            GRand      *rand)
{
  guint64 size = rill_resource_get_size (RILL_RESOURCE (buffer));
  GError *error = NULL;

  switch (g_rand_int (rand) % 8)
    {
    case 0:
      {
        g_autoptr (GBytes) bytes = rill_test_bytes_new (size, g_rand_int (rand));
        rill_test_write (buffer, 0, bytes);
        rill_test_assert_content (buffer, 0, bytes);
        break;
      }
    case 1:
      g_assert_true (rill_buffer_fill (buffer, 0, -1, 5, NULL, &error));
      break;
    case 2:
      if (other != NULL)
        g_assert_true (rill_buffer_copy_to (
          buffer, 0, other, 0, (gint64) MIN (size, rill_resource_get_size (RILL_RESOURCE (other))),
          NULL, &error));
      break;
    case 3:
      {
        RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_WRITE, &error);
        g_assert_no_error (error);
        memset ((gpointer) rill_mapping_get_address (mapping, NULL), 1, size);
        g_object_unref (mapping);
        break;
      }
    default:
      break;
    }
  g_assert_no_error (error);
}

static gpointer
churn_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GRand) rand =
    g_rand_new_with_seed (1 + (guint32) g_atomic_int_add (&fixture->n_done, 1));
  RillBuffer *buffers[16] = { NULL };

  for (guint i = 0; i < 10000 / N_THREADS; i++)
    {
      guint slot = g_rand_int (rand) % G_N_ELEMENTS (buffers);
      guint64 size = 1 + g_rand_int (rand) % (i % 100 == 0 ? 6 * MIB : 16 * KIB);

      g_clear_object (&buffers[slot]);
      buffers[slot] = rill_test_buffer_new (fixture->memory, size);
      if (size <= 16 * KIB)
        use_buffer (buffers[slot], buffers[(slot + 1) % G_N_ELEMENTS (buffers)], rand);
    }
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    g_clear_object (&buffers[i]);
  return NULL;
}

static void
count_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  (*(guint *) data)++;
}

static gpointer
transfers_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 3 * MIB);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (3 * MIB, 7);
  guint n = 0, n_done = 0;

  g_main_context_push_thread_default (context);
  while (!g_atomic_int_get (&fixture->stop))
    {
      rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, count_cb, &n_done);
      rill_buffer_read_bytes_async (buffer, 0, -1, NULL, count_cb, &n_done);
      n += 2;
      while (n_done < n)
        g_main_context_iteration (context, TRUE);
      rill_test_assert_content (buffer, 0, bytes);
    }
  g_main_context_pop_thread_default (context);
  g_object_unref (buffer);
  return NULL;
}

/* 10 000 buffers of random sizes from four threads, with transfers running. */
static void
test_churn (Fixture       *fixture,
            gconstpointer  data)
{
  GThread *transfers = g_thread_new ("transfers", transfers_thread, fixture);

  run_threads (churn_thread, fixture);
  g_atomic_int_set (&fixture->stop, TRUE);
  g_thread_join (transfers);
}

typedef struct
{
  GHashTable *pages;
  guint n_wrong;
} Pages;

static void
added_cb (RillMemory *memory,
          guint       index,
          guint64     size,
          Pages      *pages)
{
  pages->n_wrong += !g_hash_table_add (pages->pages, GUINT_TO_POINTER (index));
}

static void
removed_cb (RillMemory *memory,
            guint       index,
            Pages      *pages)
{
  pages->n_wrong += !g_hash_table_remove (pages->pages, GUINT_TO_POINTER (index));
}

static gpointer
pages_thread (gpointer memory)
{
  for (guint i = 0; i < 200; i++)
    g_object_unref (rill_test_buffer_new (memory, 100));
  return NULL;
}

/* The signals of pages tell the same story whoever makes and releases them. */
static void
test_page_signals (Fixture       *fixture,
                   gconstpointer  data)
{
  RillMemory *memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_NONE, 0);
  Pages pages = { g_hash_table_new (NULL, NULL), 0 };
  RillBuffer *rest;

  g_signal_connect (memory, "page-added", G_CALLBACK (added_cb), &pages);
  g_signal_connect (memory, "page-removed", G_CALLBACK (removed_cb), &pages);
  run_threads (pages_thread, memory);
  rest = rill_test_buffer_new (memory, 100);
  rill_test_iterate ();
  g_assert_cmpuint (pages.n_wrong, ==, 0);
  g_assert_cmpuint (g_hash_table_size (pages.pages), ==, 1);
  g_assert_true (g_hash_table_contains (pages.pages, GUINT_TO_POINTER (0)));
  g_object_unref (rest);
  g_object_unref (memory);
  g_hash_table_unref (pages.pages);
}

#define PART (64 * KIB)

typedef struct
{
  RillBuffer *buffers[2];
  gint next; /* (atomic) */
} Shared;

/* Each thread has a part of both buffers of its own. */
static gpointer
shared_thread (gpointer data)
{
  Shared *shared = data;
  guint me = (guint) g_atomic_int_add (&shared->next, 1);
  guint64 offset = me * PART;
  GError *error = NULL;

  for (guint i = 0; i < 40; i++)
    {
      RillBuffer *from = shared->buffers[i % 2], *to = shared->buffers[(i + 1) % 2];
      g_autoptr (GBytes) bytes = rill_test_bytes_new (PART, me * 100 + i);
      RillMapping *mapping;

      rill_test_write (from, offset, bytes);
      g_assert_true (rill_buffer_copy_to (from, offset, to, offset, PART, NULL, &error));
      g_assert_no_error (error);
      rill_test_assert_content (to, offset, bytes);
      mapping = rill_buffer_map_range (to, i % 4 < 2 ? RILL_MAP_READ : RILL_MAP_WRITE, offset, PART,
                                       &error);
      g_assert_no_error (error);
      g_assert_cmpmem ((gpointer) rill_mapping_get_address (mapping, NULL), PART,
                       g_bytes_get_data (bytes, NULL), PART);
      g_object_unref (mapping);
    }
  return NULL;
}

static void
test_shared_buffers (Fixture       *fixture,
                     gconstpointer  data)
{
  Shared shared = { { NULL } };

  for (guint i = 0; i < 2; i++)
    shared.buffers[i] = rill_test_buffer_new (fixture->memory, N_THREADS * PART);
  run_threads (shared_thread, &shared);
  for (guint i = 0; i < 2; i++)
    g_object_unref (shared.buffers[i]);
}

typedef struct
{
  RillBuffer *buffer;
  gint n_mapped; /* (atomic) */
  gint n_busy;   /* (atomic) */
} Counter;

/* Counts in mapped memory, which only one at a time may have. */
static gpointer
exclusive_thread (gpointer data)
{
  Counter *counter = data;

  for (guint i = 0; i < 2000; i++)
    {
      GError *error = NULL;
      RillMapping *mapping =
        rill_buffer_map_range (counter->buffer, RILL_MAP_WRITE, i % 2, 8, &error);

      if (mapping == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
          g_error_free (error);
          g_atomic_int_inc (&counter->n_busy);
          continue;
        }
      ((guint8 *) rill_mapping_get_address (mapping, NULL))[3 - i % 2]++;
      g_atomic_int_inc (&counter->n_mapped);
      g_object_unref (mapping);
    }
  return NULL;
}

static void
test_exclusive (Fixture       *fixture,
                gconstpointer  data)
{
  Counter counter = { rill_test_buffer_new (fixture->memory, 16), 0, 0 };
  guint8 value = 0;

  g_assert_true (rill_buffer_fill (counter.buffer, 0, -1, 0, NULL, NULL));
  run_threads (exclusive_thread, &counter);
  g_assert_true (rill_buffer_read_data (counter.buffer, 3, &value, 1, NULL, NULL));
  g_assert_cmpint (counter.n_mapped + counter.n_busy, ==, N_THREADS * 2000);
  g_assert_cmpuint (value, ==, counter.n_mapped % 256);
  g_object_unref (counter.buffer);
}

/* Whole buffers, in all directions at once: nobody waits for ever. */
static gpointer
crossing_thread (gpointer data)
{
  Shared *shared = data;
  guint me = (guint) g_atomic_int_add (&shared->next, 1);
  RillBuffer *from = shared->buffers[me % 2], *to = shared->buffers[(me + 1) % 2];
  g_autoptr (GBytes) bytes =
    rill_test_bytes_new (rill_resource_get_size (RILL_RESOURCE (from)), me);

  for (guint i = 0; i < 30; i++)
    {
      g_autoptr (GBytes) content = NULL;
      GError *error = NULL;

      if (i % 3 == me % 3)
        rill_test_write (from, 0, bytes);
      g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &error));
      g_assert_no_error (error);
      if (i % 5 == me % 5)
        g_assert_true (rill_buffer_fill (to, 1, -1, (guint8) i, NULL, &error));
      content = rill_buffer_read_bytes (to, 0, -1, NULL, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_crossing (Fixture       *fixture,
               gconstpointer  data)
{
  Shared shared = { { NULL } };

  for (guint i = 0; i < 2; i++)
    shared.buffers[i] = rill_test_buffer_new (fixture->memory, 700001);
  run_threads (crossing_thread, &shared);
  for (guint i = 0; i < 2; i++)
    g_object_unref (shared.buffers[i]);
}

/* The same between two sessions, also asynchronously. */
static void
test_crossing_sessions (Fixture       *fixture,
                        gconstpointer  data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 4 * MIB);
  Shared shared = { { NULL } };
  guint n_done = 0;

  shared.buffers[0] = rill_test_buffer_new (fixture->memory, 700001);
  shared.buffers[1] = rill_test_buffer_new (memory, 700001);
  for (guint i = 0; i < 20; i++)
    rill_buffer_copy_to_async (shared.buffers[i % 2], 0, shared.buffers[(i + 1) % 2], 0, -1, NULL,
                               count_cb, &n_done);
  run_threads (crossing_thread, &shared);
  rill_test_iterate_until (n_done == 20);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (shared.buffers[0]);
  rill_test_finalize_soon (shared.buffers[1]);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

/* TRUE while there is no error; the only one that may come is CLOSED. */
static gboolean
goes_on (GError *error)
{
  if (error == NULL)
    return TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_error_free (error);
  return FALSE;
}

static gpointer
until_closed_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (100000, 1);

  while (TRUE)
    {
      GError *error = NULL;
      g_autoptr (RillBuffer) buffer = rill_memory_create_buffer_from_bytes (
        fixture->memory, bytes, RILL_BUFFER_USAGE_NONE, &error);
      g_autoptr (GBytes) content = NULL;
      g_autoptr (RillMapping) mapping = NULL;
      g_autoptr (GBytes) view = NULL;

      if (!goes_on (error))
        return NULL;
      g_atomic_int_inc (&fixture->n_done);
      rill_buffer_fill (buffer, 0, 1000, 1, NULL, &error);
      if (!goes_on (error))
        return NULL;
      rill_buffer_copy_to (buffer, 0, buffer, 50000, 50000, NULL, &error);
      if (!goes_on (error))
        return NULL;
      rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, NULL, NULL);
      content = rill_buffer_read_bytes (buffer, 0, -1, NULL, &error);
      if (!goes_on (error))
        return NULL;
      mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);
      if (!goes_on (error))
        return NULL;
      view = rill_mapping_get_bytes (mapping, &error);
      if (!goes_on (error))
        return NULL;
    }
}

static gpointer
close_session_thread (gpointer data)
{
  Fixture *fixture = data;

  while (g_atomic_int_get (&fixture->n_done) < 50)
    g_usleep (500);
  rill_session_close (fixture->session);
  return NULL;
}

static gpointer
close_memory_thread (gpointer data)
{
  Fixture *fixture = data;

  while (g_atomic_int_get (&fixture->n_done) < 50)
    g_usleep (500);
  rill_memory_close (fixture->memory);
  return NULL;
}

static void
test_close_session (Fixture       *fixture,
                    gconstpointer  data)
{
  GThread *closers[2] = {
    g_thread_new ("close", close_session_thread, fixture),
    g_thread_new ("close", close_session_thread, fixture),
  };

  run_threads (until_closed_thread, fixture);
  g_thread_join (closers[0]);
  g_thread_join (closers[1]);
  rill_test_iterate ();
  for (guint i = 0; i < 5000 && rill_memory_get_page_count (fixture->memory) > 0; i++)
    g_usleep (1000);
}

static void
test_close_memory (Fixture       *fixture,
                   gconstpointer  data)
{
  GThread *closer = g_thread_new ("close", close_memory_thread, fixture);

  run_threads (until_closed_thread, fixture);
  g_thread_join (closer);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  rill_session_close (fixture->session);
  rill_test_iterate ();
  for (guint i = 0; i < 5000 && rill_memory_get_page_count (fixture->memory) > 0; i++)
    g_usleep (1000);
}

static gpointer
collector_thread (gpointer queue)
{
  gpointer object;

  while ((object = g_async_queue_pop (queue)) != queue)
    g_object_unref (object);
  return NULL;
}

/* A garbage collector's thread drops everything, while work with it is submitted. */
static void
test_collector (Fixture       *fixture,
                gconstpointer  data)
{
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *collector = g_thread_new ("collector", collector_thread, queue);

  for (guint i = 0; i < 300; i++)
    {
      RillMemory *memory =
        i % 10 == 0
          ? rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 64 * KIB)
          : g_object_ref (fixture->memory);
      RillBuffer *from = rill_test_buffer_new (memory, 10000);
      RillBuffer *to = rill_test_buffer_new (memory, 10000);
      RillMapping *mapping = rill_buffer_map (from, RILL_MAP_READ, NULL);

      g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, NULL));
      g_async_queue_push (queue, memory);
      g_async_queue_push (queue, mapping);
      g_async_queue_push (queue, from);
      g_async_queue_push (queue, to);
      /* No more memories at a time than a device with few allocations has. */
      while (g_async_queue_length (queue) > 100)
        g_usleep (100);
      if (i % 20 == 19)
        g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
    }
  g_async_queue_push (queue, queue);
  g_thread_join (collector);
  g_async_queue_unref (queue);
}

static gpointer
closing_thread (gpointer data)
{
  rill_resource_close (data);
  return NULL;
}

/* A buffer that is closed by one thread while others are at it. */
static void
test_close_buffer (Fixture       *fixture,
                   gconstpointer  data)
{
  for (guint i = 0; i < 30; i++)
    {
      RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000000);
      g_autoptr (GBytes) bytes = rill_test_bytes_new (1000000, i);
      GThread *thread = g_thread_new ("close", closing_thread, buffer);
      GError *error = NULL;

      while (error == NULL)
        {
          g_autoptr (GBytes) content = NULL;
          if (rill_buffer_write_bytes (buffer, 0, bytes, NULL, &error)
              && rill_buffer_copy_to (buffer, 0, buffer, 500000, 500000, NULL, &error))
            content = rill_buffer_read_bytes (buffer, 0, -1, NULL, &error);
        }
      g_assert_false (goes_on (error));
      g_thread_join (thread);
      g_object_unref (buffer);
    }
}

static gpointer
wait_idle_thread (gpointer data)
{
  Fixture *fixture = data;
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100000);

  for (guint i = 0; i < 50; i++)
    {
      GError *error = NULL;
      g_assert_true (rill_buffer_copy_to (buffer, 0, buffer, 50000, 50000, NULL, &error));
      g_assert_true (rill_session_wait_idle (fixture->session, NULL, &error));
      g_assert_no_error (error);
    }
  g_object_unref (buffer);
  return NULL;
}

static void
test_wait_idle (Fixture       *fixture,
                gconstpointer  data)
{
  run_threads (wait_idle_thread, fixture);
}

/* Another thread may have closed the memory. */
static void
create_and_drop (RillMemory *memory)
{
  RillBuffer *buffer = rill_memory_create_buffer (memory, 100, RILL_BUFFER_USAGE_NONE, NULL);

  g_clear_object (&buffer);
}

static gpointer
usage_thread (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 200; i++)
    {
      GError *error = NULL;
      RillMemory *memory = rill_session_get_memory_for_usage (fixture->session, i % 3, &error);

      g_assert_no_error (error);
      if (i % 7 == 0)
        rill_memory_close (memory);
      else if (i % 5 == 0)
        create_and_drop (memory);
      g_object_unref (memory);
    }
  return NULL;
}

static void
test_usage_memories (Fixture       *fixture,
                     gconstpointer  data)
{
  run_threads (usage_thread, fixture);
}

static gpointer
sessions_thread (gpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      GError *error = NULL;
      RillSession *session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
      RillMemory *memory;
      RillBuffer *buffer;

      g_assert_no_error (error);
      memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * KIB);
      buffer = rill_test_buffer_new (memory, 1000);
      g_assert_true (rill_buffer_fill (buffer, 0, -1, 1, NULL, NULL));
      if (i % 2 == 0)
        rill_session_close (session);
      g_object_unref (session);
      g_object_unref (memory);
      g_object_unref (buffer);
    }
  return NULL;
}

static void
test_sessions (Fixture       *fixture,
               gconstpointer  data)
{
  run_threads (sessions_thread, fixture);
  rill_test_iterate ();
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/threads/churn", test_churn);
  add ("/threads/page-signals", test_page_signals);
  add ("/threads/shared-buffers", test_shared_buffers);
  add ("/threads/exclusive", test_exclusive);
  add ("/threads/crossing", test_crossing);
  add ("/threads/crossing-sessions", test_crossing_sessions);
  add ("/threads/close-session", test_close_session);
  add ("/threads/close-memory", test_close_memory);
  add ("/threads/close-buffer", test_close_buffer);
  add ("/threads/collector", test_collector);
  add ("/threads/wait-idle", test_wait_idle);
  add ("/threads/usage-memories", test_usage_memories);
  add ("/threads/sessions", test_sessions);
  return g_test_run ();
}
