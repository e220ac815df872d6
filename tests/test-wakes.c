/* SPDX-License-Identifier: MIT */

/* Who waits for another thread looks around from time to time. It is woken all the same, at once: here a
 * look comes only after that. */

#include "rill-test-compute.h"
#include "rill-test-gate.h"

#include "resource/rill-resource-private.h"
#include "transfer/rill-staging-private.h"
#include "transfer/rill-submission-private.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define SIZE 4096

static gint n_waiting; /* (atomic) threads, now */
static gint growing;   /* (atomic) 1: the next allocation is waited for; 2: it is going on */

/* Also its plain waits count. */
static _Thread_local gboolean is_watched;

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

/* The program takes precedence over GLib. A test in which nobody wakes the thread does not end. */
gboolean
g_cond_wait_until (GCond  *condition,
                   GMutex *mutex,
                   gint64  end)
{
  g_atomic_int_inc (&n_waiting);
  REAL (g_cond_wait) (condition, mutex);
  g_atomic_int_add (&n_waiting, -1);
  return TRUE;
}

void
g_cond_wait (GCond  *condition,
             GMutex *mutex)
{
  if (is_watched)
    g_atomic_int_inc (&n_waiting);
  REAL (g_cond_wait) (condition, mutex);
  if (is_watched)
    g_atomic_int_add (&n_waiting, -1);
}

/* And over the loader: it takes until another thread wants what is being made. */
VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateMemory (VkDevice                     device,
                  const VkMemoryAllocateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkDeviceMemory              *memory)
{
  if (g_atomic_int_compare_and_exchange (&growing, 1, 2))
    while (g_atomic_int_get (&n_waiting) == 0)
      g_usleep (100);
  return REAL (vkAllocateMemory) (device, info, allocator, memory);
}

static void
wait_until_waiting (void)
{
  while (g_atomic_int_get (&n_waiting) == 0)
    g_usleep (100);
}

typedef struct
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillMemory *other;
  RillBuffer *buffer;
  RillStaging *staging;
  GThread *thread;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  GError *error = NULL;

  fixture->session = rill_test_session_new ();
  fixture->context = rill_session_ref_context (fixture->session, &error);
  g_assert_no_error (error);
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 1024 * 1024);
  fixture->buffer = rill_test_buffer_new (fixture->memory, SIZE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_test_finalize_soon (fixture->buffer);
  g_object_unref (fixture->memory);
  rill_context_unref (fixture->context);
  rill_test_session_end (fixture->session);
}

static gpointer
acquire_thread (gpointer data)
{
  Fixture *fixture = data;
  GError *error = NULL;
  RillStagingRegion *region = rill_staging_acquire (
    fixture->staging, rill_staging_get_size (fixture->staging) / 4, TRUE, NULL, &error);

  g_assert_no_error (error);
  rill_staging_release (fixture->staging, region, NULL);
  return NULL;
}

/* Room in the staging ring that another thread gives back. */
static void
test_staging (Fixture       *fixture,
              gconstpointer  data)
{
  RillStagingRegion *regions[4];
  guint n = 0;
  GError *error = NULL;

  fixture->staging = rill_staging_new (fixture->context, &error);
  g_assert_no_error (error);
  while (n < 4
         && (regions[n] = rill_staging_acquire (fixture->staging, rill_staging_get_size (fixture->staging) / 4,
                                                FALSE, NULL, &error))
              != NULL)
    n++;
  g_assert_no_error (error);
  fixture->thread = g_thread_new ("acquire", acquire_thread, fixture);
  wait_until_waiting ();
  for (guint i = 0; i < n; i++)
    rill_staging_release (fixture->staging, regions[i], NULL);
  g_thread_join (fixture->thread);
  rill_staging_free (fixture->staging);
}

static gpointer
map_thread (gpointer data)
{
  Fixture *fixture = data;

  return rill_buffer_map (fixture->buffer, RILL_MAP_READ, NULL);
}

static gpointer
create_thread (gpointer data)
{
  Fixture *fixture = data;
  RillBuffer *buffer;

  is_watched = TRUE;
  buffer = rill_test_buffer_new (fixture->other, SIZE);
  is_watched = FALSE;
  return buffer;
}

/* A page that another thread is making. */
static void
test_growing (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *buffer;

  fixture->other = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 1024 * 1024);
  g_atomic_int_set (&growing, 1);
  fixture->thread = g_thread_new ("first", create_thread, fixture);
  while (g_atomic_int_get (&growing) != 2)
    g_usleep (100);
  buffer = create_thread (fixture);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->other), ==, 1);
  g_object_unref (g_thread_join (fixture->thread));
  g_object_unref (buffer);
  g_object_unref (fixture->other);
}

static gpointer
copy_thread (gpointer data)
{
  Fixture *fixture = data;
  RillBuffer *from = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  is_watched = TRUE;
  rill_buffer_copy_to (from, 0, fixture->buffer, 0, -1, NULL, &error);
  is_watched = FALSE;
  g_assert_no_error (error);
  g_object_unref (from);
  return NULL;
}

/* An access of the library's own, in another thread, which a submission waits for. */
static void
test_access (Fixture       *fixture,
             gconstpointer  data)
{
  RillHostAccess access = { .size = SIZE, .write = TRUE };
  GError *error = NULL;

  rill_resource_begin_host_access (fixture->buffer, &access, -1, NULL, &error);
  g_assert_no_error (error);
  fixture->thread = g_thread_new ("copy", copy_thread, fixture);
  wait_until_waiting ();
  rill_resource_end_host_access (fixture->buffer, &access);
  g_thread_join (fixture->thread);
}

/* A submission that another thread makes. */
static void
test_submission (Fixture       *fixture,
                 gconstpointer  data)
{
  const RillUse use = { .resource = fixture->buffer, .size = SIZE };
  RillSubmission submission;
  GError *error = NULL;

  g_assert_true (rill_submission_begin (&submission, fixture->context, fixture->context->compute_queue, &use,
                                        1, &error));
  g_assert_no_error (error);
  fixture->thread = g_thread_new ("map", map_thread, fixture);
  wait_until_waiting ();
  rill_submission_abort (&submission);
  g_object_unref (g_thread_join (fixture->thread));
}

/* A mapping that another holds, on a buffer that is closed. */
static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  RillMapping *mapping = rill_buffer_map (fixture->buffer, RILL_MAP_WRITE, NULL);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;

  rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async);
  wait_until_waiting ();
  rill_resource_close (RILL_RESOURCE (fixture->buffer));
  result = rill_test_wait (&async);
  g_assert_null (rill_buffer_map_finish (fixture->buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
  g_object_unref (result);
  g_object_unref (mapping);
}

/* What is queued for the session's thread of transfers. */
static void
test_idle (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, SIZE);
  RillTestGate *gate = rill_test_gate_new (fixture->session);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GBytes *bytes;
  GError *error = NULL;

  rill_buffer_copy_to (from, 0, fixture->buffer, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_buffer_read_bytes_async (fixture->buffer, 0, -1, NULL, rill_test_async_cb, &async);
  fixture->thread = rill_test_gate_open_later (gate);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, &error));
  g_assert_no_error (error);
  result = rill_test_wait (&async);
  bytes = rill_buffer_read_bytes_finish (fixture->buffer, result, &error);
  g_assert_no_error (error);
  g_bytes_unref (bytes);
  g_object_unref (result);
  g_thread_join (fixture->thread);
  rill_test_gate_free (gate);
  g_object_unref (from);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/wakes/staging", test_staging);
  ADD ("/wakes/growing", test_growing);
  ADD ("/wakes/access", test_access);
  ADD ("/wakes/submission", test_submission);
  ADD ("/wakes/close", test_close);
  ADD ("/wakes/idle", test_idle);
  return g_test_run ();
}
