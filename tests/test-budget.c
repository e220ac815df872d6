/* SPDX-License-Identifier: MIT */

/* What heaps have and what is taken of them: on a device with two small heaps, which is forged over
 * the one that is there. */

#include "rill-test-heaps.h"
#include "rill-test-util.h"

#include "session/rill-device-private.h"

#include <math.h>

#define KIB 1024
#define MIB (1024 * KIB)
#define DL RILL_MEMORY_PROPERTY_DEVICE_LOCAL
#define HV RILL_MEMORY_PROPERTY_HOST_VISIBLE

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
  rill_test_heaps.has_budget = data == NULL;
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

/* Of the device as another list has it. */
static RillMemoryType *
find_type (RillSession *session,
           guint        index)
{
  g_autoptr (GListModel) devices = rill_device_enumerate (NULL);
  guint place = rill_device_get_index (rill_session_get_device (session));
  g_autoptr (RillDevice) device = g_list_model_get_item (devices, place);

  return g_object_ref (rill_device_get_memory_type (device, index));
}

/* Where the driver says nothing, all sessions' pages and rings are counted. */
static void
test_accounting (Fixture       *fixture,
                 gconstpointer  data)
{
  RillMemoryType *local = rill_memory_get_memory_type (fixture->memory);
  g_autoptr (RillMemoryType) host = find_type (fixture->session, 1);
  g_autoptr (RillMemoryType) listed = find_type (fixture->session, 0);
  RillSession *other = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (other, DL, 2 * MIB);
  RillBuffer *buffers[3];
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);

  g_assert_cmpuint (rill_memory_type_get_heap_usage (local), ==, 0);
  g_assert_cmpuint (rill_memory_type_get_heap_budget (local), ==, RILL_TEST_HEAP_SIZE / 100 * 80);
  buffers[0] = rill_test_buffer_new (fixture->memory, 1000);
  buffers[1] = rill_test_buffer_new (fixture->memory, 3 * MIB);
  buffers[2] = rill_test_buffer_new (memory, 1000);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (local), ==, 6 * MIB);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (listed), ==, 6 * MIB);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (host), ==, 0);

  rill_test_write (buffers[0], 0, bytes);
  g_assert_cmpuint (rill_test_heaps.usage[1], >, 0);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (host), ==, rill_test_heaps.usage[1]);

  rill_test_heaps.capacity[0] = 0;
  g_assert_null (rill_memory_create_buffer (memory, 3 * MIB, RILL_BUFFER_USAGE_NONE, NULL));
  g_assert_cmpuint (rill_memory_type_get_heap_usage (local), ==, 6 * MIB);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    rill_test_finalize_soon (buffers[i]);
  rill_test_finalize_soon (memory);
  rill_test_session_end (other);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (local), ==, MIB);
}

/* A page that cannot be mapped is given back, and counted no more. */
static void
test_unmapped (Fixture       *fixture,
               gconstpointer  data)
{
  RillMemory *memory = rill_test_memory_new (fixture->session, HV, MIB);

  rill_test_heaps.n_map_failures = 10;
  g_assert_null (rill_memory_create_buffer (memory, 1000, RILL_BUFFER_USAGE_NONE, NULL));
  g_assert_cmpuint (
    rill_memory_type_get_heap_usage (rill_memory_get_memory_type (memory)), ==, 0);
  rill_test_heaps.n_map_failures = 0;
  rill_test_finalize_soon (memory);
}

/* The driver's word goes before, and it is asked each time; unless it counts nothing. */
static void
test_driver (Fixture       *fixture,
             gconstpointer  data)
{
  RillMemoryType *type = rill_memory_get_memory_type (fixture->memory);
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);

  g_assert_cmpuint (rill_memory_type_get_heap_budget (type), ==, RILL_TEST_HEAP_SIZE);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, MIB);
  rill_test_heaps.capacity[0] = 5 * MIB;
  rill_test_heaps.usage[0] += 2 * MIB;
  g_assert_cmpuint (rill_memory_type_get_heap_budget (type), ==, 5 * MIB);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, 3 * MIB);
  rill_test_heaps.usage[0] = 0;
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, MIB);
  rill_test_heaps.usage[0] = MIB;
  rill_test_finalize_soon (buffer);
}

typedef struct
{
  guint n;
  GThread *thread;
  guint type_index;
} Seen;

static void
low_cb (RillSession    *session,
        RillMemoryType *memory_type,
        Seen           *seen)
{
  seen->n++;
  seen->thread = g_thread_self ();
  seen->type_index = rill_memory_type_get_index (memory_type);
}

static void
assert_seen (Seen  *seen,
             guint  n)
{
  rill_test_iterate ();
  g_assert_cmpuint (seen->n, ==, n);
}

static void
set_threshold (RillSession *session,
               double       threshold)
{
  GError *error = NULL;

  g_assert_true (rill_session_set_budget_threshold (session, threshold, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (rill_session_get_budget_threshold (session), ==, threshold);
}

static gpointer
fill_thread (gpointer data)
{
  return rill_test_buffer_new (data, 900 * KIB);
}

/* Once on the way up, in the main context, whatever thread made the page; again when it was below. */
static void
test_low (Fixture       *fixture,
          gconstpointer  data)
{
  RillBuffer *buffers[10];
  Seen seen = { 0 };

  rill_test_heaps.capacity[0] = 10 * MIB;
  g_signal_connect (fixture->session, "budget-low", G_CALLBACK (low_cb), &seen);
  for (guint i = 0; i < 8; i++)
    buffers[i] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 0);
  buffers[8] = g_thread_join (g_thread_new ("fill", fill_thread, fixture->memory));
  g_assert_cmpuint (seen.n, ==, 0);
  assert_seen (&seen, 1);
  g_assert_true (seen.thread == g_thread_self ());
  g_assert_cmpuint (seen.type_index, ==, 0);
  buffers[9] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 1);

  /* Nine pages and a kept one are still too many. */
  g_clear_object (&buffers[9]);
  buffers[9] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 1);
  for (guint i = 7; i < 10; i++)
    g_clear_object (&buffers[i]);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 8);
  buffers[7] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 1);
  buffers[8] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 2);
  for (guint i = 0; i < 9; i++)
    rill_test_finalize_soon (buffers[i]);
}

/* Each heap has its own budget; the staging ring comes out of it too. */
static void
test_low_ring (Fixture       *fixture,
               gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  Seen seen = { 0 };

  set_threshold (fixture->session, 0.001);
  g_signal_connect (fixture->session, "budget-low", G_CALLBACK (low_cb), &seen);
  rill_test_write (buffer, 0, bytes);
  assert_seen (&seen, 1);
  g_assert_cmpuint (seen.type_index, ==, 1);
  rill_test_finalize_soon (buffer);
}

static void
notify_cb (RillSession *session,
           GParamSpec  *pspec,
           guint       *n)
{
  (*n)++;
}

static void
test_threshold (Fixture       *fixture,
                gconstpointer  data)
{
  RillBuffer *buffers[3];
  Seen seen = { 0 };
  guint n = 0;

  g_assert_cmpfloat (rill_session_get_budget_threshold (fixture->session), ==, 0.9);
  g_signal_connect (fixture->session, "budget-low", G_CALLBACK (low_cb), &seen);
  g_signal_connect (fixture->session, "notify::budget-threshold", G_CALLBACK (notify_cb), &n);
  rill_test_heaps.capacity[0] = 10 * MIB;
  set_threshold (fixture->session, 0.2);
  set_threshold (fixture->session, 0.2);
  rill_test_iterate ();
  g_assert_cmpuint (n, ==, 1);
  for (guint i = 0; i < 2; i++)
    {
      assert_seen (&seen, 0);
      buffers[i] = rill_test_buffer_new (fixture->memory, 900 * KIB);
    }
  assert_seen (&seen, 1);

  /* Another threshold is another matter. */
  set_threshold (fixture->session, 0.25);
  assert_seen (&seen, 1);
  buffers[2] = rill_test_buffer_new (fixture->memory, 900 * KIB);
  assert_seen (&seen, 2);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    rill_test_finalize_soon (buffers[i]);
}

static void
test_threshold_errors (Fixture       *fixture,
                       gconstpointer  data)
{
  static const double wrong[] = { -0.1, 1.1, NAN, INFINITY, -INFINITY };
  g_autoptr (RillSession) raw = g_object_new (RILL_TYPE_SESSION, NULL);
  RillSession *closed = rill_test_session_new ();
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (rill_session_set_budget_threshold (fixture->session, wrong[i], &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "between 0 and 1");
    }
  g_assert_cmpfloat (rill_session_get_budget_threshold (fixture->session), ==, 0.9);
  set_threshold (fixture->session, 0);
  set_threshold (fixture->session, 1);

  g_assert_cmpfloat (rill_session_get_budget_threshold (raw), ==, 0);
  g_assert_false (rill_session_set_budget_threshold (raw, 0.5, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "");
  rill_session_close (closed);
  g_assert_false (rill_session_set_budget_threshold (closed, 0.5, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
  g_assert_cmpfloat (rill_session_get_budget_threshold (closed), ==, 0.9);
  rill_test_session_end (closed);
}

/* The driver is asked for pages, not for objects, and not when nobody listens. */
static void
test_low_costs (Fixture       *fixture,
                gconstpointer  data)
{
  RillBuffer *buffers[100];
  Seen seen = { 0 };

  rill_test_heaps.n_queries = 0;
  for (guint i = 0; i < 2; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        buffers[j] = rill_test_buffer_new (fixture->memory, 15 * KIB);
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        rill_test_finalize_soon (buffers[j]);
      g_assert_cmpuint (rill_test_heaps.n_queries, ==, i * 2);
      g_assert_true (rill_memory_trim (fixture->memory, NULL));
      g_signal_connect (fixture->session, "budget-low", G_CALLBACK (low_cb), &seen);
    }
  assert_seen (&seen, 0);
}

/* A page that a view holds goes when its session has ended. */
static void
test_low_outlives (Fixture       *fixture,
                   gconstpointer  data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, HV, MIB);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_READ, NULL);
  g_autoptr (GBytes) bytes = rill_mapping_get_bytes (mapping, NULL);
  RillBuffer *second;
  Seen seen = { 0 };

  set_threshold (session, 0);
  g_signal_connect (session, "budget-low", G_CALLBACK (low_cb), &seen);
  second = rill_test_buffer_new (memory, 2 * MIB);
  assert_seen (&seen, 1);
  rill_session_close (session);
  g_assert_cmpuint (rill_test_heaps.usage[1], ==, MIB);
  rill_test_finalize_soon (second);
  rill_test_finalize_soon (mapping);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_cmpuint (rill_test_heaps.usage[1], ==, 0);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

static void
add_test (const char *name,
          const char *data,
          void      (*func) (Fixture *fixture, gconstpointer data))
{
  g_test_add (name, Fixture, data, set_up, func, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_test ("/budget/accounting", "no budget", test_accounting);
  add_test ("/budget/accounting/unmapped", "no budget", test_unmapped);
  add_test ("/budget/driver", NULL, test_driver);
  add_test ("/budget/low", NULL, test_low);
  add_test ("/budget/low/ring", "no budget", test_low_ring);
  add_test ("/budget/low/costs", NULL, test_low_costs);
  add_test ("/budget/low/outlives", NULL, test_low_outlives);
  add_test ("/budget/threshold", NULL, test_threshold);
  add_test ("/budget/threshold/errors", NULL, test_threshold_errors);
  return g_test_run ();
}
