/* SPDX-License-Identifier: MIT */

/* What heaps have and what is taken of them: on a device with two small heaps, which is forged over
 * the one that is there. */

#include "rill-test-heaps.h"
#include "rill-test-util.h"

#include "session/rill-device-private.h"

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
  return g_test_run ();
}
