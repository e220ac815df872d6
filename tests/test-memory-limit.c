/* SPDX-License-Identifier: MIT */

/* What a memory may take, and what it takes where there is little: on a device with two small heaps,
 * which is forged over the one that is there. */

#include "rill-test-heaps.h"
#include "rill-test-util.h"

#include <math.h>

#define KIB 1024
#define MIB (1024 * KIB)
#define DL RILL_MEMORY_PROPERTY_DEVICE_LOCAL
#define N_SMALLER 3 /* pages of 1/2, 1/4 and 1/8 */

typedef struct
{
  RillSession *session;
  RillMemory *memory; /* of heap 0, with pages of 1 MiB */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  rill_test_heaps_reset ();
  rill_test_heaps.has_budget = TRUE;
  rill_test_heaps.has_priority = data != NULL;
  rill_test_heaps.allocations = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_memory_new (fixture->session, DL, MIB);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
  g_assert_cmpuint (g_hash_table_size (rill_test_heaps.allocations), ==, 0);
  g_hash_table_unref (rill_test_heaps.allocations);
}

static void
set_limit (RillMemory *memory,
           guint64     limit)
{
  GError *error = NULL;

  g_assert_true (rill_memory_set_size_limit (memory, limit, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (rill_memory_get_size_limit (memory), ==, limit);
}

static void
assert_refused (RillMemory *memory,
                guint64     size,
                const char *part)
{
  GError *error = NULL;
  guint64 reserved = rill_memory_get_reserved_size (memory);
  RillBuffer *buffer = rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);

  g_assert_null (buffer);
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, part);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, reserved);
}

static void
free_all (RillBuffer **buffers,
          guint        n)
{
  for (guint i = 0; i < n; i++)
    rill_test_finalize_soon (buffers[i]);
}

/* Up to the last byte: the last page is what is left. */
static void
test_limit (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffers[4];

  g_assert_cmpuint (rill_memory_get_size_limit (fixture->memory), ==, 0);
  set_limit (fixture->memory, 5 * MIB / 2);
  buffers[0] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  buffers[1] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, 900 * KIB,
                  "Could not create a buffer (921.6 kB): A page of 921.6 kB would take the memory over its "
                  "size-limit of 2.6 MB, of which 2.1 MB are reserved; heap 0: ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 0);
  buffers[2] = rill_test_buffer_new (fixture->memory, 400 * KIB);
  buffers[3] = rill_test_buffer_new (fixture->memory, 100 * KIB);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 3);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 5 * MIB / 2);
  assert_refused (fixture->memory, 200 * KIB, "of which 2.6 MB are reserved");
  free_all (buffers, G_N_ELEMENTS (buffers));
}

static void
test_limit_below_page (Fixture       *fixture,
                       gconstpointer  data)
{
  RillBuffer *buffers[2];

  set_limit (fixture->memory, 256 * KIB);
  assert_refused (fixture->memory, 300 * KIB, "A page of 307.2 kB");
  assert_refused (fixture->memory, 2 * MIB, "A page of 2.1 MB");
  buffers[0] = rill_test_buffer_new (fixture->memory, 100 * KIB);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 256 * KIB);
  buffers[1] = rill_test_buffer_new (fixture->memory, 156 * KIB);
  assert_refused (fixture->memory, 1, "size-limit of 262.1 kB, of which 262.1 kB are reserved");
  free_all (buffers, G_N_ELEMENTS (buffers));

  /* What is kept of it serves the next. */
  rill_test_heaps.n_calls = 0;
  buffers[0] = rill_test_buffer_new (fixture->memory, 256 * KIB);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 0);
  free_all (buffers, 1);
}

/* Objects with pages of their own count the same. */
static void
test_limit_own (Fixture       *fixture,
                gconstpointer  data)
{
  RillMemory *memory = rill_test_memory_new (fixture->session, DL, 0);
  RillBuffer *buffers[3];

  set_limit (memory, 100 * KIB);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    buffers[i] = rill_test_buffer_new (memory, 30 * KIB);
  assert_refused (memory, 30 * KIB, "of which 92.2 kB are reserved");
  g_clear_object (&buffers[1]);
  buffers[1] = rill_test_buffer_new (memory, 40 * KIB);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 100 * KIB);
  free_all (buffers, G_N_ELEMENTS (buffers));
  rill_test_finalize_soon (memory);
}

/* The memory's own empty page is in the way, another's is not. */
static void
test_limit_trims (Fixture       *fixture,
                  gconstpointer  data)
{
  RillMemory *other = rill_test_memory_new (fixture->session, DL, MIB);
  RillBuffer *buffer;

  set_limit (fixture->memory, 2 * MIB);
  rill_test_finalize_soon (rill_test_buffer_new (fixture->memory, 1000));
  rill_test_finalize_soon (rill_test_buffer_new (other, 1000));
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  buffer = rill_test_buffer_new (fixture->memory, 3 * MIB / 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_refused (fixture->memory, MIB, "");
  g_assert_cmpuint (rill_memory_get_page_count (other), ==, 1);
  rill_test_finalize_soon (buffer);

  /* Behind the limit is that of the heap: two retries, each with a cause of its own. */
  rill_test_finalize_soon (rill_test_buffer_new (fixture->memory, 1000));
  rill_test_heaps.capacity[0] = 2 * MIB;
  buffer = rill_test_buffer_new (fixture->memory, 3 * MIB / 2);
  g_assert_cmpuint (rill_memory_get_page_count (other), ==, 0);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

static GThread *second;
static RillMemory *second_memory;

static gpointer
second_thread (gpointer data)
{
  return rill_test_buffer_new (second_memory, 600 * KIB);
}

static void
allocating_cb (void)
{
  rill_test_heaps.allocating = NULL;
  second = g_thread_new ("second", second_thread, NULL);
  g_usleep (20 * 1000);
}

/* While a page is being made nobody knows whether it takes room: who needs that waits. */
static void
test_limit_waits (Fixture       *fixture,
                  gconstpointer  data)
{
  GError *error = NULL;

  second_memory = rill_test_memory_new (fixture->session, DL, 0);
  set_limit (second_memory, MIB);
  rill_test_heaps.capacity[0] = 650 * KIB;
  rill_test_heaps.allocating = allocating_cb;
  g_assert_null (
    rill_memory_create_buffer (second_memory, 700 * KIB, RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                          "vkAllocateMemory");
  rill_test_finalize_soon (g_thread_join (second));
  rill_test_finalize_soon (second_memory);
}

static void
dawdle_cb (void)
{
  g_usleep (20);
}

static gpointer
contend_thread (gpointer data)
{
  RillMemory *memory = data;
  guint n_made = 0;

  for (guint i = 0; i < 1000; i++)
    {
      guint64 size = i % 3 == 0 ? 80 * KIB : 40 * KIB;
      GError *error = NULL;
      RillBuffer *buffer = rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);

      g_assert_cmpuint (rill_memory_get_reserved_size (memory), <=, 200 * KIB);
      if (buffer == NULL)
        rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                                "size-limit");
      n_made += buffer != NULL;
      g_clear_object (&buffer);
    }
  return GUINT_TO_POINTER (n_made);
}

static void
test_limit_threads (Fixture       *fixture,
                    gconstpointer  data)
{
  RillMemory *memory = rill_test_memory_new (fixture->session, DL, 64 * KIB);
  GThread *threads[4];

  set_limit (memory, 200 * KIB);
  rill_test_heaps.allocating = dawdle_cb;
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("contend", contend_thread, memory);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (threads[i])), >, 0);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  rill_test_finalize_soon (rill_test_buffer_new (memory, 200 * KIB));
  rill_test_finalize_soon (memory);
}

static void
notify_cb (RillMemory *memory,
           GParamSpec *pspec,
           GString    *seen)
{
  g_string_append_printf (seen, "%s ", pspec->name);
}

/* Before the first page, and when there is none any more. */
static void
test_settable (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  RillBuffer *buffer;
  GError *error = NULL;

  g_assert_cmpfloat (rill_memory_get_priority (fixture->memory), ==, 0.5f);
  g_signal_connect (fixture->memory, "notify::size-limit", G_CALLBACK (notify_cb), seen);
  g_signal_connect (fixture->memory, "notify::priority", G_CALLBACK (notify_cb), seen);
  set_limit (fixture->memory, 3 * MIB);
  g_assert_true (rill_memory_set_priority (fixture->memory, 1, NULL));
  rill_test_iterate ();
  g_assert_cmpstr (seen->str, ==, "size-limit priority ");

  buffer = rill_test_buffer_new (fixture->memory, 1000);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (rill_memory_set_size_limit (fixture->memory, 5 * MIB, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "size limit of a memory that has pages");
      g_assert_false (rill_memory_set_priority (fixture->memory, 0.25f, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "priority of a memory that has pages");
      if (i == 0)
        rill_test_finalize_soon (buffer);
    }
  g_assert_cmpuint (rill_memory_get_size_limit (fixture->memory), ==, 3 * MIB);
  g_assert_cmpfloat (rill_memory_get_priority (fixture->memory), ==, 1);
  g_assert_true (rill_memory_trim (fixture->memory, NULL));
  set_limit (fixture->memory, 0);
  g_assert_true (rill_memory_set_priority (fixture->memory, 0, NULL));
  rill_test_finalize_soon (rill_test_buffer_new (fixture->memory, 20 * MIB));
}

static void
test_unsettable (Fixture       *fixture,
                 gconstpointer  data)
{
  static const float wrong[] = { -0.1f, 1.1f, NAN, INFINITY, -INFINITY };
  g_autoptr (RillMemory) raw = g_object_new (RILL_TYPE_MEMORY, NULL);
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (rill_memory_set_priority (fixture->memory, wrong[i], &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "between 0 and 1");
    }
  g_assert_cmpfloat (rill_memory_get_priority (fixture->memory), ==, 0.5f);

  g_assert_false (rill_memory_set_size_limit (raw, 1, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "");
  g_assert_false (rill_memory_set_priority (raw, 1, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "");
  g_assert_cmpfloat (rill_memory_get_priority (raw), ==, 0);
  g_assert_cmpuint (rill_memory_get_size_limit (raw), ==, 0);

  rill_memory_close (fixture->memory);
  g_assert_false (rill_memory_set_size_limit (fixture->memory, 1, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
  g_assert_false (rill_memory_set_priority (fixture->memory, 1, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
}

/* Each allocation has it, if the device has the extension. */
static void
test_priority (Fixture       *fixture,
               gconstpointer  data)
{
  gboolean has = data != NULL;
  RillBuffer *buffers[3];

  buffers[0] = rill_test_buffer_new (fixture->memory, 1000);
  g_assert_cmpfloat (rill_test_heaps.priority, ==, has ? 0.5f : -1);
  rill_test_finalize_soon (buffers[0]);
  g_assert_true (rill_memory_trim (fixture->memory, NULL));
  g_assert_true (rill_memory_set_priority (fixture->memory, 0.75f, NULL));

  buffers[0] = rill_test_buffer_new (fixture->memory, 1000);
  g_assert_cmpfloat (rill_test_heaps.priority, ==, has ? 0.75f : -1);
  rill_test_heaps.priority = 0;
  buffers[1] = rill_test_buffer_new (fixture->memory, 2 * MIB);
  g_assert_cmpfloat (rill_test_heaps.priority, ==, has ? 0.75f : -1);
  rill_test_heaps.priority = 0;
  /* What a usage needs is asked for once. */
  rill_test_heaps.dedicated = TRUE;
  buffers[2] = rill_memory_create_buffer (fixture->memory, 1000, RILL_BUFFER_USAGE_UNIFORM, NULL);
  g_assert_nonnull (buffers[2]);
  g_assert_cmpfloat (rill_test_heaps.priority, ==, has ? 0.75f : -1);
  g_assert_cmpuint (rill_test_heaps.n_dedicated, ==, 1);
  free_all (buffers, G_N_ELEMENTS (buffers));
}

/* A heap without room for a page has some for a smaller one. */
static void
test_smaller (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *buffers[4];

  rill_test_heaps.capacity[0] = 1300 * KIB;
  buffers[0] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  rill_test_heaps.n_calls = 0;
  buffers[1] = rill_test_buffer_new (fixture->memory, 200 * KIB);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 3);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 2);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 1280 * KIB);
  buffers[2] = rill_test_buffer_new (fixture->memory, 50 * KIB);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 3);

  /* Not as small as an object may be. */
  assert_refused (fixture->memory, 125 * KIB, "Could not allocate a page of 131.1 kB of memory type 0 in heap 0");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 3 + 1 + N_SMALLER);

  /* But not smaller than the object. */
  rill_test_heaps.capacity[0] = (1280 + 400) * KIB;
  buffers[3] = rill_test_buffer_new (fixture->memory, 400 * KIB);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 1680 * KIB);
  free_all (buffers, G_N_ELEMENTS (buffers));
}

/* Of two empty pages the smaller goes, whichever has become empty first. */
static void
test_smaller_goes (Fixture       *fixture,
                   gconstpointer  data)
{
  for (guint i = 0; i < 2; i++)
    {
      RillBuffer *buffers[2];

      rill_test_heaps.capacity[0] = 1300 * KIB;
      buffers[0] = rill_test_buffer_new (fixture->memory, 900 * KIB);
      buffers[1] = rill_test_buffer_new (fixture->memory, 200 * KIB);
      g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, 1280 * KIB);
      rill_test_finalize_soon (buffers[i]);
      rill_test_finalize_soon (buffers[1 - i]);
      g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
      g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, MIB);
    }
}

/* What others have left empty is more than a smaller page. */
static void
test_smaller_last (Fixture       *fixture,
                   gconstpointer  data)
{
  RillMemory *other = rill_test_memory_new (fixture->session, DL, MIB);
  RillBuffer *buffer;

  rill_test_heaps.capacity[0] = 3 * MIB / 2;
  rill_test_finalize_soon (rill_test_buffer_new (other, 1000));
  buffer = rill_test_buffer_new (fixture->memory, 1000);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, MIB);
  g_assert_cmpuint (rill_memory_get_page_count (other), ==, 0);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (other);
}

static void
add_test (const char *name,
          void      (*func) (Fixture *fixture, gconstpointer data))
{
  g_test_add (name, Fixture, NULL, set_up, func, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_test ("/memory-limit/size", test_limit);
  add_test ("/memory-limit/size/below-page", test_limit_below_page);
  add_test ("/memory-limit/size/own", test_limit_own);
  add_test ("/memory-limit/size/trims", test_limit_trims);
  add_test ("/memory-limit/size/waits", test_limit_waits);
  add_test ("/memory-limit/size/threads", test_limit_threads);
  add_test ("/memory-limit/settable", test_settable);
  add_test ("/memory-limit/unsettable", test_unsettable);
  add_test ("/memory-limit/priority/without", test_priority);
  g_test_add ("/memory-limit/priority", Fixture, "priority", set_up, test_priority, tear_down);
  add_test ("/memory-limit/smaller", test_smaller);
  add_test ("/memory-limit/smaller/goes", test_smaller_goes);
  add_test ("/memory-limit/smaller/last", test_smaller_last);
  return g_test_run ();
}
