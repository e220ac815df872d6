/* SPDX-License-Identifier: MIT */

/* What the transfers of a session share: the thread, the staging ring, memory of the host. */

#include "rill-test-compute.h"

#include "session/rill-session-private.h"
#include "transfer/rill-engine-private.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define SIZE 4096

static gint making;     /* (atomic) 1: the next allocation is waited for; 2: it is going on */
static gint n_waiting;  /* (atomic) of the threads that are watched */
static gint no_memory;  /* (atomic) of the host, for who can do without */

static _Thread_local gboolean is_watched;

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

/* The program takes precedence over GLib, and over the loader. */
void
g_cond_wait (GCond  *condition,
             GMutex *mutex)
{
  if (is_watched)
    g_atomic_int_inc (&n_waiting);
  REAL (g_cond_wait) (condition, mutex);
}

gpointer
g_try_malloc (gsize size)
{
  return g_atomic_int_get (&no_memory) ? NULL : REAL (g_try_malloc) (size);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateMemory (VkDevice                     device,
                  const VkMemoryAllocateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkDeviceMemory              *memory)
{
  if (g_atomic_int_compare_and_exchange (&making, 1, 2))
    while (g_atomic_int_get (&n_waiting) == 0)
      g_usleep (100);
  return REAL (vkAllocateMemory) (device, info, allocator, memory);
}

typedef struct
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillBuffer *buffer;
  RillEngine *engine;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  GError *error = NULL;

  fixture->session = rill_test_session_new ();
  fixture->context = rill_session_ref_context (fixture->session, &error);
  g_assert_no_error (error);
  fixture->memory = rill_test_device_memory_new (fixture->session);
  fixture->buffer = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->engine = rill_engine_ref (fixture->context, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_engine_unref (fixture->engine);
  rill_test_finalize_soon (fixture->buffer);
  g_object_unref (fixture->memory);
  rill_context_unref (fixture->context);
  rill_test_session_end (fixture->session);
}

static gpointer
staging_thread (gpointer data)
{
  Fixture *fixture = data;
  GError *error = NULL;
  RillStaging *staging = rill_engine_get_staging (fixture->engine, &error);

  g_assert_no_error (error);
  return staging;
}

/* Two threads want the ring that is not there yet: one makes it, the other gets the same. */
static void
test_ring (Fixture       *fixture,
           gconstpointer  data)
{
  GThread *thread;
  RillStaging *staging;

  g_atomic_int_set (&making, 1);
  thread = g_thread_new ("ring", staging_thread, fixture);
  while (g_atomic_int_get (&making) != 2)
    g_usleep (100);
  is_watched = TRUE;
  staging = staging_thread (fixture);
  is_watched = FALSE;
  g_assert_true (staging == g_thread_join (thread));
}

/* At the end of the process nothing is begun any more, and nobody is kept waiting for it. */
static void
test_rest (Fixture       *fixture,
           gconstpointer  data)
{
  fixture->context->engine_rest (fixture->engine);
  for (guint i = 0; i < 2; i++)
    {
      RillTestAsync async = { NULL };
      GAsyncResult *result;
      GError *error = NULL;

      rill_buffer_read_bytes_async (fixture->buffer, 0, -1, NULL, rill_test_async_cb, &async);
      result = rill_test_wait (&async);
      g_assert_null (rill_buffer_read_bytes_finish (fixture->buffer, result, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
      g_object_unref (result);
    }
}

static void
close_func (GTask *task)
{
  rill_session_close (g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

/* The session is closed in the thread of its transfers, where a program's bytes may be freed. */
static void
test_closed_here (Fixture       *fixture,
                  gconstpointer  data)
{
  RillTestAsync async = { NULL };
  GTask *task = g_task_new (fixture->buffer, NULL, rill_test_async_cb, &async);

  g_task_set_task_data (task, g_object_ref (fixture->session), g_object_unref);
  rill_engine_queue_task (fixture->context, task, close_func);
  g_object_unref (rill_test_wait (&async));
  g_assert_true (rill_session_get_closed (fixture->session));
  g_object_unref (task);
  rill_test_iterate ();
}

static RillImage *
image_new (Fixture *fixture)
{
  static const guint shape[] = { 16, 16 };

  return rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT8);
}

/* Results that nobody asks for go. */
static void
test_nobody_asks (Fixture       *fixture,
                  gconstpointer  data)
{
  RillImage *image = image_new (fixture);
  GError *error = NULL;

  rill_image_clear (image, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 10; i++)
    {
      rill_image_read_bytes_async (image, NULL, NULL, NULL);
      rill_buffer_read_bytes_async (fixture->buffer, 0, -1, NULL, NULL, NULL);
    }
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  rill_test_iterate ();
  rill_test_finalize_soon (image);
}

/* The host has no memory for the content of an image. */
static void
test_no_memory (Fixture       *fixture,
                gconstpointer  data)
{
  RillImage *image = image_new (fixture);

  g_atomic_int_set (&no_memory, TRUE);
  for (guint i = 0; i < 10; i++)
    {
      GError *error = NULL;

      g_assert_null (rill_image_read_bytes (image, NULL, &error));
      rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                              "There are not 256 bytes of host memory");
    }
  g_atomic_int_set (&no_memory, FALSE);
  rill_test_finalize_soon (image);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/engine/ring", test_ring);
  ADD ("/engine/rest", test_rest);
  ADD ("/engine/closed-here", test_closed_here);
  ADD ("/engine/nobody-asks", test_nobody_asks);
  ADD ("/engine/no-memory", test_no_memory);
  return g_test_run ();
}
