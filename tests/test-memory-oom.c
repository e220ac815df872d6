/* SPDX-License-Identifier: MIT */

/* Memory that runs out: on a device with two small heaps, which is forged over the one that is
 * there. */

#include "rill-test-gate.h"
#include "rill-test-heaps.h"

#include "core/rill-error-private.h"
#include "transfer/rill-staging-private.h"

#define KIB 1024
#define MIB (1024 * KIB)
#define N_SMALLER 3 /* pages of 1/2, 1/4 and 1/8 */
#define DL RILL_MEMORY_PROPERTY_DEVICE_LOCAL
#define HV RILL_MEMORY_PROPERTY_HOST_VISIBLE

typedef struct
{
  RillSession *session;
  RillMemory *memory;   /* of the device, with pages of 1 MiB */
  RillMemory *other;    /* likewise */
  RillMemory *host;
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
  fixture->other = rill_test_memory_new (fixture->session, DL, MIB);
  fixture->host = rill_test_memory_new (fixture->session, HV, MIB);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_test_finalize_soon (fixture->memory);
  rill_test_finalize_soon (fixture->other);
  rill_test_finalize_soon (fixture->host);
  rill_test_session_end (fixture->session);
  g_assert_cmpuint (g_hash_table_size (rill_test_heaps.allocations), ==, 0);
  g_hash_table_unref (rill_test_heaps.allocations);
}

/* As far as the memory can, it now has a page with nothing in it. */
static void
leave_empty_page (RillMemory *memory)
{
  RillBuffer *buffer = rill_test_buffer_new (memory, 100);

  rill_resource_close (RILL_RESOURCE (buffer));
  g_object_unref (buffer);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
}

static void
assert_refused (RillMemory      *memory,
                guint64          size,
                RillVulkanError  code,
                const char      *part)
{
  GError *error = NULL;
  RillBuffer *buffer = rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);

  g_assert_null (buffer);
  rill_test_assert_error (error, RILL_VULKAN_ERROR, (gint) code, part);
}

static void
removed_cb (RillMemory *memory,
            guint       index,
            guint      *n_removed)
{
  g_assert_cmpuint (index, ==, 0);
  (*n_removed)++;
}

/* The page that another memory keeps makes room; its loss is told of as any other. */
static void
test_other (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffer;
  guint n_removed = 0;

  leave_empty_page (fixture->other);
  leave_empty_page (fixture->host);
  g_signal_connect (fixture->other, "page-removed", G_CALLBACK (removed_cb), &n_removed);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.n_calls = 0;
  buffer = rill_test_buffer_new (fixture->memory, 600 * KIB);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 0);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->host), ==, 1);
  rill_test_iterate ();
  g_assert_cmpuint (n_removed, ==, 1);

  rill_test_finalize_soon (buffer);
  buffer = rill_test_buffer_new (fixture->other, 600 * KIB);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
  rill_test_finalize_soon (buffer);
}

/* Another session's memories are its own affair. */
static void
test_other_session (Fixture       *fixture,
                    gconstpointer  data)
{
  RillSession *session;
  RillMemory *memory;

  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, DL, MIB);
  leave_empty_page (memory);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, 100, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, "usage 1.0 MB; ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 1 + N_SMALLER);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

/* Pages with something in them stay. */
static void
test_in_use (Fixture       *fixture,
             gconstpointer  data)
{
  RillBuffer *there;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);

  there = rill_test_buffer_new (fixture->other, 1000);
  rill_test_write (there, 0, bytes);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, 100, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                  "Could not create a buffer (");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 1 + N_SMALLER);
  rill_test_assert_content (there, 0, bytes);
  rill_test_finalize_soon (there);
}

/* The memory's own empty page, for an object that is too large for it. */
static void
test_own (Fixture       *fixture,
          gconstpointer  data)
{
  RillBuffer *buffer;

  leave_empty_page (fixture->memory);
  rill_test_heaps.capacity[0] = 3 * MIB / 2;
  rill_test_heaps.n_calls = 0;
  buffer = rill_test_buffer_new (fixture->memory, 5 * MIB / 4);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  rill_test_finalize_soon (buffer);
}

static void
test_dedicated (Fixture       *fixture,
                gconstpointer  data)
{
  GError *error = NULL;
  RillBuffer *buffer;

  leave_empty_page (fixture->other);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.dedicated = TRUE;
  rill_test_heaps.n_calls = 0;
  buffer = rill_memory_create_buffer (fixture->memory, 100 * KIB, RILL_BUFFER_USAGE_UNIFORM, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_test_heaps.n_dedicated, ==, 1);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 0);
  rill_test_finalize_soon (buffer);
}

/* A page of another heap would make no room, so it stays and nothing is tried again. */
static void
test_other_heap (Fixture       *fixture,
                 gconstpointer  data)
{
  leave_empty_page (fixture->host);
  rill_test_heaps.capacity[0] = 1000;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, 100, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, "heap 0: ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 1 + N_SMALLER);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->host), ==, 1);
}

/* Every allocation counts, whichever heap it is of. */
static void
test_too_many (Fixture       *fixture,
               gconstpointer  data)
{
  RillBuffer *buffer, *second;

  leave_empty_page (fixture->host);
  rill_test_heaps.max_count = 1;
  rill_test_heaps.n_calls = 0;
  buffer = rill_test_buffer_new (fixture->memory, 100);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->host), ==, 0);

  assert_refused (fixture->other, 100, RILL_VULKAN_ERROR_TOO_MANY_OBJECTS,
                  "_TOO_MANY_OBJECTS); heap 0: size 1.0 GB, budget 1.0 GB, usage 1.0 MB; ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 3);
  second = rill_test_buffer_new (fixture->memory, 100);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (second);
}

static void
test_host_memory (Fixture       *fixture,
                  gconstpointer  data)
{
  RillBuffer *buffer;

  leave_empty_page (fixture->other);
  rill_test_heaps.result = VK_ERROR_OUT_OF_HOST_MEMORY;
  rill_test_heaps.capacity[1] = 1000;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->host, 100, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY, "heap 1: ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 0);

  /* A page that cannot be mapped is no page either, but none that was released. */
  rill_test_heaps.capacity[1] = RILL_TEST_HEAP_SIZE;
  rill_test_heaps.n_map_failures = 1;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->host, 100, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY, "vkMapMemory: ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 1);
  leave_empty_page (fixture->other);
  rill_test_heaps.n_map_failures = 1;
  buffer = rill_test_buffer_new (fixture->host, 100);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 0);
  rill_test_finalize_soon (buffer);
}

/* Too large for all that could be released: one error, and everything works as before. */
static void
test_retry_fails (Fixture       *fixture,
                  gconstpointer  data)
{
  RillBuffer *there, *buffer;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);

  there = rill_test_buffer_new (fixture->memory, 600 * KIB);
  rill_test_write (there, 0, bytes);
  leave_empty_page (fixture->other);
  rill_test_heaps.capacity[0] = 2 * MIB;
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, 3 * MIB / 2, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                  "usage 1.0 MB; ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 0);

  rill_test_assert_content (there, 0, bytes);
  buffer = rill_test_buffer_new (fixture->other, 600 * KIB);
  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  assert_refused (fixture->memory, 600 * KIB, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                  "usage 2.1 MB; ");
  rill_test_finalize_soon (buffer);
  buffer = rill_test_buffer_new (fixture->memory, 600 * KIB);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (there);
}

/* What is needed to see how it came to that: the first line, then the pages. */
static void
test_text (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *expected = NULL;
  RillBuffer *small, *large, *elsewhere;
  GError *error = NULL;

  small = rill_test_buffer_new (fixture->memory, 256 * KIB);
  large = rill_test_buffer_new (fixture->memory, 2 * MIB);
  elsewhere = rill_test_buffer_new (fixture->other, 100);
  rill_test_heaps.capacity[0] = 4500 * 1000;
  g_assert_null (
    rill_memory_create_buffer (fixture->memory, 900 * KIB, RILL_BUFFER_USAGE_NONE, &error));
  expected = g_strdup_printf (
    "Could not create a buffer (921.6 kB): Could not allocate a page of 921.6 kB of "
    "memory type 0 in heap 0: vkAllocateMemory: A device memory allocation has failed "
    "(VK_ERROR_OUT_OF_DEVICE_MEMORY); heap 0: size 1.0 GB, budget %s, usage 4.2 MB; largest free "
    "range in this memory's pages: 786.4 kB\n"
    "page 0: 1.0 MB, 786.4 kB free, largest range 786.4 kB\n"
    "page 1: 2.1 MB, for one object",
    rill_test_heaps.has_budget ? "4.5 MB" : "800.0 MB");
  g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY);
  g_assert_cmpstr (error->message, ==, expected);
  g_clear_error (&error);
  rill_test_finalize_soon (small);
  rill_test_finalize_soon (large);
  rill_test_finalize_soon (elsewhere);
}

/* Of many pages only some are told of. */
static void
test_text_of_many (Fixture       *fixture,
                   gconstpointer  data)
{
  RillMemory *memory;
  RillBuffer *buffers[10];

  memory = rill_test_memory_new (fixture->session, DL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    buffers[i] = rill_test_buffer_new (memory, 64 * KIB);
  rill_test_heaps.capacity[0] = 1000;
  assert_refused (memory, 2000, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                  "\npage 7: 65.5 kB, for one object\nand 2 more");
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    g_object_unref (buffers[i]);
  rill_test_finalize_soon (memory);
}

/* More than the whole heap: nothing can help, so nothing is taken away. */
static void
test_over_heap (Fixture       *fixture,
                gconstpointer  data)
{
  leave_empty_page (fixture->other);
  rill_test_heaps.n_calls = 0;
  assert_refused (fixture->memory, RILL_TEST_HEAP_SIZE + 1, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                  "(1.0 GB): It is larger than the whole heap 0; heap 0: size 1.0 GB, budget ");
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 0);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 1);
}

static void
dawdle_cb (gpointer data)
{
  g_usleep (50 * 1000);
}

/* What was closed while the device used it goes before anything is refused, once the device is done
 * with it, also where the thread that cleans up has not come to it; but the device is not waited
 * for. */
static void
test_remains (Fixture       *fixture,
              gconstpointer  data)
{
  RillContext *context;
  RillTestGate *gate;
  RillBuffer *buffer;
  RillSyncPoint last;
  GError *error = NULL;

  context = rill_session_ref_context (fixture->session, NULL);
  buffer = rill_test_buffer_new (fixture->memory, 2 * MIB);
  rill_test_heaps.capacity[0] = 2 * MIB;
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_fill (buffer, 0, -1, 7, NULL, &error);
  g_assert_no_error (error);
  rill_context_get_last (context, &last);
  rill_context_defer (context, &last, dawdle_cb, NULL);
  rill_test_finalize_soon (buffer);
  assert_refused (fixture->other, 2 * MIB, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, "heap 0: ");

  rill_test_gate_open (gate);
  rill_context_wait (context, &last, -1, NULL, &error);
  g_assert_no_error (error);
  buffer = rill_test_buffer_new (fixture->other, 2 * MIB);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
  rill_test_finalize_soon (buffer);
  rill_test_gate_free (gate);
  rill_context_unref (context);
}

/* The same in a page that something else is in too: its range is room enough. */
static void
test_remains_in_page (Fixture       *fixture,
                      gconstpointer  data)
{
  RillContext *context;
  RillTestGate *gate;
  RillBuffer *small, *buffer;
  RillSyncPoint last;
  GError *error = NULL;

  context = rill_session_ref_context (fixture->session, NULL);
  small = rill_test_buffer_new (fixture->memory, 100);
  buffer = rill_test_buffer_new (fixture->memory, 600 * KIB);
  rill_test_heaps.capacity[0] = MIB;
  gate = rill_test_gate_new (fixture->session);
  rill_buffer_fill (buffer, 0, -1, 7, NULL, &error);
  g_assert_no_error (error);
  rill_context_get_last (context, &last);
  rill_context_defer (context, &last, dawdle_cb, NULL);
  rill_test_finalize_soon (buffer);
  rill_test_gate_open (gate);
  rill_context_wait (context, &last, -1, NULL, &error);
  g_assert_no_error (error);
  rill_test_heaps.n_calls = 0;
  buffer = rill_test_buffer_new (fixture->memory, 600 * KIB);
  g_assert_cmpuint (rill_test_heaps.n_calls, <=, 1);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (small);
  rill_test_gate_free (gate);
  rill_context_unref (context);
}

/* A ring of the whole size is worth a page that nobody uses. */
static void
test_staging (Fixture       *fixture,
              gconstpointer  data)
{
  RillMemory *upload;
  RillBuffer *buffer;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);

  upload = rill_session_get_memory_for_usage (fixture->session, RILL_MEMORY_USAGE_UPLOAD, NULL);
  leave_empty_page (upload);
  buffer = rill_test_buffer_new (fixture->memory, 1000);
  rill_test_heaps.capacity[1] = RILL_STAGING_SIZE + MIB;
  rill_test_heaps.n_calls = 0;
  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  g_assert_cmpuint (rill_test_heaps.usage[1], >=, RILL_STAGING_SIZE);
  g_assert_cmpuint (rill_memory_get_page_count (upload), ==, 0);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (upload);
}

/* Without such a page it is smaller, which is not tried twice. */
static void
test_small_staging (Fixture       *fixture,
                    gconstpointer  data)
{
  RillBuffer *buffer;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  GError *error = NULL;

  buffer = rill_test_buffer_new (fixture->memory, 1000);
  rill_test_heaps.capacity[1] = 1000;
  g_assert_false (rill_buffer_write_bytes (buffer, 0, bytes, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                          "Could not create the staging ring: Could not allocate a page of 1.0 MB "
                          "of memory type 1 in heap 1: vkAllocateMemory: A device memory allocation has failed "
                          "(VK_ERROR_OUT_OF_DEVICE_MEMORY); heap 1: size 1.0 GB, budget 1.0 kB, usage 0 bytes");
  rill_test_heaps.capacity[1] = RILL_STAGING_SIZE - MIB;
  rill_test_heaps.n_calls = 0;
  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  g_assert_cmpuint (rill_test_heaps.n_calls, ==, 2);
  rill_test_finalize_soon (buffer);
}

static GThread *second;
static RillMemory *second_memory;

static gpointer
second_thread (gpointer data)
{
  rill_test_finalize_soon (rill_test_buffer_new (second_memory, 400 * KIB));
  return NULL;
}

/* The page is being released: until it is gone, a second thread runs out of memory too. */
static void
freeing_cb (void)
{
  guint n_failed = rill_test_heaps_get_n_failed ();

  rill_test_heaps.freeing = NULL;
  second = g_thread_new ("second", second_thread, NULL);
  while (rill_test_heaps_get_n_failed () == n_failed)
    g_usleep (100);
  g_usleep (20 * 1000);
}

/* Who comes while another makes room gets of it, and no error. */
static void
test_room_for_two (Fixture       *fixture,
                   gconstpointer  data)
{
  RillMemory *memory;
  RillBuffer *buffer;

  leave_empty_page (fixture->other);
  memory = rill_test_memory_new (fixture->session, DL, 500 * KIB);
  second_memory = rill_test_memory_new (fixture->session, DL, 500 * KIB);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.freeing = freeing_cb;
  buffer = rill_test_buffer_new (memory, 400 * KIB);
  g_thread_join (second);
  g_assert_null (rill_test_heaps.freeing);
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (memory);
  rill_test_finalize_soon (second_memory);
}

static gint trimming; /* (atomic) */

static void
trimming_cb (void)
{
  guint n_failed = rill_test_heaps_get_n_failed ();

  rill_test_heaps.freeing = NULL;
  g_atomic_int_set (&trimming, TRUE);
  while (rill_test_heaps_get_n_failed () == n_failed)
    g_usleep (100);
  g_usleep (20 * 1000);
}

static gpointer
trim_thread (gpointer data)
{
  rill_memory_trim (data, NULL);
  return NULL;
}

/* The only page that there is to release is on its way already, in another thread. */
static void
test_being_released (Fixture       *fixture,
                     gconstpointer  data)
{
  RillBuffer *buffer;
  GThread *trimmer;

  leave_empty_page (fixture->other);
  rill_test_heaps.capacity[0] = MIB;
  rill_test_heaps.freeing = trimming_cb;
  trimmer = g_thread_new ("trim", trim_thread, fixture->other);
  while (!g_atomic_int_get (&trimming))
    g_usleep (100);
  buffer = rill_test_buffer_new (fixture->memory, 400 * KIB);
  g_thread_join (trimmer);
  rill_test_finalize_soon (buffer);
}

static gpointer dropped; /* (weak) */

static GThread *dropper;

static gpointer
drop_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
drop_cb (void)
{
  rill_test_heaps.freeing = NULL;
  dropper = g_thread_new ("drop", drop_thread, dropped);
}

/* Its last reference goes while its page is about to be asked for: it ends when that is done. */
static void
test_drop (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *buffer;

  dropped = rill_test_memory_new (fixture->session, DL, MIB);
  g_object_add_weak_pointer (dropped, &dropped);
  leave_empty_page (fixture->other);
  leave_empty_page (dropped);
  rill_test_heaps.capacity[0] = 2 * MIB;
  rill_test_heaps.freeing = drop_cb;
  buffer = rill_test_buffer_new (fixture->memory, 2 * MIB);
  g_assert_null (rill_test_heaps.freeing);
  g_thread_join (dropper);
  g_assert_null (dropped);
  rill_test_finalize_soon (buffer);
}

typedef struct
{
  RillMemory *memory;
  guint n_made;
} Contender;

static gpointer
contend_thread (gpointer data)
{
  Contender *contender = data;

  for (guint i = 0; i < 2000; i++)
    {
      guint64 size = i % 3 == 0 ? 5 * MIB / 4 : 600 * KIB;
      GError *error = NULL;
      RillBuffer *buffer =
        rill_memory_create_buffer (contender->memory, size, RILL_BUFFER_USAGE_NONE, &error);

      if (buffer == NULL)
        rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                                "heap 0: ");
      contender->n_made += buffer != NULL;
      g_clear_object (&buffer);
    }
  return NULL;
}

/* Memories that trim one another at the same time. */
static void
test_two_threads (Fixture       *fixture,
                  gconstpointer  data)
{
  Contender contenders[2] = { { .memory = fixture->memory }, { .memory = fixture->other } };
  GThread *threads[2];

  rill_test_heaps.capacity[0] = 9 * MIB / 4;
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("contend", contend_thread, &contenders[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (rill_test_heaps_get_n_failed (), >, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (contenders[i].n_made, >, 0);
      g_assert_cmpuint (rill_memory_get_used_size (contenders[i].memory), ==, 0);
      rill_test_finalize_soon (rill_test_buffer_new (contenders[i].memory, 2 * MIB));
    }
}

static void
notify_cb (RillMemory *memory,
           GParamSpec *pspec,
           gpointer    data)
{
}

typedef struct
{
  RillSession *session;
  gint done; /* (atomic) */
} Flow;

static gpointer
come_and_go_thread (gpointer data)
{
  Flow *flow = data;

  for (guint i = 0; i < 1000; i++)
    {
      RillMemory *memory = rill_test_memory_new (flow->session, DL, 64 * KIB);
      RillBuffer *buffer;

      g_signal_connect (memory, "notify::page-count", G_CALLBACK (notify_cb), NULL);
      buffer = rill_test_buffer_new (memory, 100);
      g_object_unref (buffer);
      g_object_unref (memory);
    }
  g_atomic_int_set (&flow->done, TRUE);
  return NULL;
}

/* Memories whose last reference goes while their pages are asked for. */
static void
test_come_and_go (Fixture       *fixture,
                  gconstpointer  data)
{
  Flow flow = { .session = fixture->session };
  GThread *thread;

  rill_test_heaps.capacity[0] = MIB;
  thread = g_thread_new ("come-and-go", come_and_go_thread, &flow);
  while (!g_atomic_int_get (&flow.done))
    assert_refused (fixture->memory, 2 * MIB, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, "heap 0: ");
  g_thread_join (thread);
  rill_test_iterate ();
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
  add_test ("/memory-oom/other", test_other);
  add_test ("/memory-oom/other-session", test_other_session);
  add_test ("/memory-oom/in-use", test_in_use);
  add_test ("/memory-oom/own", test_own);
  add_test ("/memory-oom/dedicated", test_dedicated);
  add_test ("/memory-oom/other-heap", test_other_heap);
  add_test ("/memory-oom/too-many", test_too_many);
  add_test ("/memory-oom/host-memory", test_host_memory);
  add_test ("/memory-oom/retry-fails", test_retry_fails);
  add_test ("/memory-oom/text", test_text);
  g_test_add ("/memory-oom/text/no-budget", Fixture, "no budget", set_up, test_text, tear_down);
  add_test ("/memory-oom/text/many-pages", test_text_of_many);
  add_test ("/memory-oom/over-heap", test_over_heap);
  add_test ("/memory-oom/remains", test_remains);
  add_test ("/memory-oom/remains/in-page", test_remains_in_page);
  add_test ("/memory-oom/staging", test_staging);
  add_test ("/memory-oom/staging/small", test_small_staging);
  add_test ("/memory-oom/room-for-two", test_room_for_two);
  add_test ("/memory-oom/being-released", test_being_released);
  add_test ("/memory-oom/drop", test_drop);
  add_test ("/memory-oom/two-threads", test_two_threads);
  add_test ("/memory-oom/come-and-go", test_come_and_go);
  return g_test_run ();
}
