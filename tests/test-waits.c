/* SPDX-License-Identifier: MIT */

/* What the library waits for before it goes on, and how. */

#include "rill-test-compute.h"
#include "rill-test-gate.h"

#include "transfer/rill-staging-private.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define SIZE 4096
#define SHADER GLSL ("layout (local_size_x = 8, local_size_y = 8) in;\n" \
                     "layout (set = 0, binding = 0, r32ui) uniform uimage2D picture;\n" \
                     "void main () { imageStore (picture, ivec2 (gl_GlobalInvocationID.xy), uvec4 (7)); }")

static gint n_waits;             /* (atomic) for semaphores, by the host */
static gint n_destroyed_views;   /* (atomic) */
static gint held;                /* (atomic) threads that wait do so until it is FALSE */
static gint deaf;                /* (atomic) every wait and every question fails */
static gint lost;                /* (atomic) the next question is answered so */

#define REAL(name) ((PFN_##name) dlsym (RTLD_NEXT, #name))

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkWaitSemaphores (VkDevice                   device,
                  const VkSemaphoreWaitInfo *info,
                  uint64_t                   timeout)
{
  g_atomic_int_inc (&n_waits);
  while (g_atomic_int_get (&held))
    g_usleep (100);
  if (g_atomic_int_get (&deaf))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  return REAL (vkWaitSemaphores) (device, info, timeout);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkGetSemaphoreCounterValue (VkDevice     device,
                            VkSemaphore  semaphore,
                            uint64_t    *value)
{
  if (g_atomic_int_get (&deaf))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  if (g_atomic_int_compare_and_exchange (&lost, TRUE, FALSE))
    return VK_ERROR_DEVICE_LOST;
  return REAL (vkGetSemaphoreCounterValue) (device, semaphore, value);
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyImageView (VkDevice                     device,
                    VkImageView                  view,
                    const VkAllocationCallbacks *allocator)
{
  g_atomic_int_inc (&n_destroyed_views);
  REAL (vkDestroyImageView) (device, view, allocator);
}

/* TRUE once a thread has begun to wait in the driver. */
static gboolean
is_waited (void)
{
  for (guint i = 0; i < 10000 && g_atomic_int_get (&n_waits) == 0; i++)
    g_usleep (1000);
  return g_atomic_int_get (&n_waits) > 0;
}

static gpointer
open_when_waiting (gpointer gate)
{
  gboolean waited = is_waited ();

  rill_test_gate_open (gate);
  return GUINT_TO_POINTER (waited);
}

typedef struct
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillBuffer *from;
  RillBuffer *to;
  RillTestGate *gate; /* (nullable) */
  RillSyncPoint last; /* behind it */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (SIZE, 1);

  fixture->session = rill_test_session_new ();
  fixture->context = rill_session_ref_context (fixture->session, NULL);
  fixture->memory = rill_test_device_memory_new (fixture->session);
  fixture->from = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->to = rill_test_buffer_new (fixture->memory, SIZE);
  rill_test_write (fixture->from, 0, bytes);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
}

/* Leaves the device with a copy that it cannot begin. */
static void
hold_up (Fixture *fixture)
{
  GError *error = NULL;

  g_clear_pointer (&fixture->gate, rill_test_gate_free);
  fixture->gate = rill_test_gate_new (fixture->session);
  rill_buffer_copy_to (fixture->from, 0, fixture->to, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_context_get_last (fixture->context, &fixture->last);
  g_atomic_int_set (&n_waits, 0);
}

static void
assert_begun (Fixture *fixture)
{
  g_assert_cmpint (vkGetEventStatus (fixture->context->device, fixture->gate->event), ==, VK_EVENT_SET);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_test_gate_free (fixture->gate);
  g_clear_object (&fixture->to);
  g_object_unref (fixture->from);
  g_object_unref (fixture->memory);
  rill_context_unref (fixture->context);
  rill_test_session_end (fixture->session);
}

/* A call that blocks for long leaves the processor to others: it waits in the driver. */
static void
test_sleeps (Fixture       *fixture,
             gconstpointer  data)
{
  GThread *opening;

  hold_up (fixture);
  opening = g_thread_new ("opening", open_when_waiting, fixture->gate);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_true (GPOINTER_TO_UINT (g_thread_join (opening)));
}

/* So does the thread that frees what the device has used. */
static void
test_deferred_sleeps (Fixture       *fixture,
                      gconstpointer  data)
{
  hold_up (fixture);
  g_clear_object (&fixture->to);
  g_assert_true (is_waited ());
  rill_test_gate_open (fixture->gate);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
}

static gpointer
open_later (gpointer gate)
{
  g_usleep (200 * 1000);
  rill_test_gate_open (gate);
  return NULL;
}

/* What has to wait and cannot fail comes to its end also where nothing can be waited for or asked, and no
 * earlier than the device. */
static void
test_deaf (Fixture       *fixture,
           gconstpointer  data)
{
  for (guint i = 0; i < 2; i++)
    {
      GThread *opening;

      hold_up (fixture);
      opening = g_thread_new ("opening", open_later, fixture->gate);
      g_atomic_int_set (&deaf, TRUE);
      rill_context_wait_end (fixture->context, &fixture->last);
      g_assert_true (rill_context_is_reached (fixture->context, &fixture->last));
      g_atomic_int_set (&deaf, FALSE);
      assert_begun (fixture);
      g_thread_join (opening);
    }
}

/* The ring goes only when the device is done with it. */
static void
test_ring_ends (Fixture       *fixture,
                gconstpointer  data)
{
  GError *error = NULL;
  RillStaging *staging = rill_staging_new (fixture->context, &error);
  RillStagingRegion *region;
  GThread *opening;

  g_assert_no_error (error);
  region = rill_staging_acquire (staging, SIZE, FALSE, NULL, &error);
  g_assert_no_error (error);
  hold_up (fixture);
  rill_staging_release (staging, region, &fixture->last);
  opening = g_thread_new ("opening", open_later, fixture->gate);
  rill_staging_free (staging);
  assert_begun (fixture);
  g_thread_join (opening);
}

/* A device that is lost may still be at work, for a while: what it uses is not taken for done before. */
static void
test_lost (Fixture       *fixture,
           gconstpointer  data)
{
  GThread *opening;

  hold_up (fixture);
  opening = g_thread_new ("opening", open_later, fixture->gate);
  g_atomic_int_set (&lost, TRUE);
  g_assert_true (rill_context_is_reached (fixture->context, &fixture->last));
  g_assert_true (rill_context_is_lost (fixture->context));
  assert_begun (fixture);
  g_thread_join (opening);
}

/* What the device has done with is free for who asks, though the thread that frees it has not woken. */
static void
test_collects (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  GError *error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      RillMemory *memory = rill_test_device_memory_new (session);
      RillBuffer *from = rill_test_buffer_new (memory, SIZE);
      RillBuffer *to = rill_test_buffer_new (memory, SIZE);
      RillMemoryStatistics *statistics = NULL;
      RillSyncPoint last;
      RillTestGate *gate;

      g_assert_true (rill_session_wait_idle (session, NULL, NULL));
      gate = rill_test_gate_new (session);
      rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &error);
      g_assert_no_error (error);
      rill_context_get_last (context, &last);
      g_atomic_int_set (&n_waits, 0);
      g_atomic_int_set (&held, TRUE);
      g_object_unref (from);
      g_object_unref (to);
      g_assert_true (is_waited ());
      rill_test_gate_open (gate);
      while (!rill_context_is_reached (context, &last))
        g_usleep (100);
      if (i == 0)
        {
          g_assert_true (rill_memory_trim (memory, &error));
          g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
        }
      else
        {
          statistics = rill_memory_calculate_statistics (memory, &error);
          g_assert_no_error (error);
          g_assert_cmpuint (statistics->object_count, ==, 0);
          rill_memory_statistics_free (statistics);
        }
      g_atomic_int_set (&held, FALSE);
      rill_test_gate_free (gate);
      g_object_unref (memory);
    }
  rill_context_unref (context);
  rill_test_session_end (session);
}

/* A view that is closed while the device uses it is destroyed afterwards. */
static void
test_closed_view (void)
{
  static const guint shape[] = { 8, 8 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillImage *image = rill_test_image_new (memory, shape, 2, RILL_CHANNEL_TYPE_UINT32);
  RillComputeNode *node = rill_test_node_new (session, SHADER);
  RillCommandBuffer *commands = rill_test_command_buffer_new (session);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;
  RillImageView *view = rill_image_create_view (image, RILL_FILTER_MODE_NEAREST,
                                                RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, &error);
  RillTestGate *gate;
  gint before;

  g_assert_no_error (error);
  rill_test_bind (node, "picture", view);
  rill_test_dispatch (commands, node);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  gate = rill_test_gate_new (session);
  before = g_atomic_int_get (&n_destroyed_views);
  rill_command_buffer_run_async (commands, NULL, rill_test_async_cb, &async);
  rill_image_view_close (view);
  g_assert_cmpint (g_atomic_int_get (&n_destroyed_views), ==, before);
  rill_test_gate_open (gate);
  result = rill_test_wait (&async);
  g_assert_true (rill_command_buffer_run_finish (commands, result, &error));
  g_assert_no_error (error);
  g_object_unref (result);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  g_assert_cmpint (g_atomic_int_get (&n_destroyed_views), ==, before + 1);
  rill_test_gate_free (gate);
  g_object_unref (view);
  g_object_unref (commands);
  g_object_unref (node);
  g_object_unref (image);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Nothing comes for a while. */
static void
assert_pending (RillTestAsync *async)
{
  for (guint i = 0; i < 50; i++)
    {
      g_usleep (1000);
      rill_test_iterate ();
      g_assert_null (async->result);
    }
}

/* A copy to another session is done when the other device is. */
static void
test_other_session (void)
{
  RillSession *session = rill_test_session_new ();
  RillSession *other = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillMemory *other_memory = rill_test_device_memory_new (other);
  RillBuffer *from = rill_test_buffer_new (memory, SIZE);
  RillBuffer *to = rill_test_buffer_new (other_memory, SIZE);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (SIZE, 1);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;
  RillTestGate *gate;

  rill_test_write (from, 0, bytes);
  rill_test_write (to, 0, bytes);
  gate = rill_test_gate_new (other);
  rill_buffer_copy_to_async (from, 0, to, 0, -1, NULL, rill_test_async_cb, &async);
  assert_pending (&async);
  rill_test_gate_open (gate);
  result = rill_test_wait (&async);
  g_assert_true (rill_buffer_copy_to_finish (from, result, &error));
  g_assert_no_error (error);
  g_object_unref (result);
  rill_test_gate_free (gate);
  g_object_unref (to);
  g_object_unref (from);
  g_object_unref (other_memory);
  g_object_unref (memory);
  /* Its thread has run the copy, and may still hold the buffers of both. */
  rill_session_close (session);
  rill_test_session_end (other);
  rill_test_session_end (session);
}

/* So is a write that is asynchronous. */
static void
test_image_write (void)
{
  static const guint shape[] = { 8, 8, 4 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillImage *image = rill_test_image_new (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (8 * 8 * 4, 1);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;
  RillTestGate *gate;

  g_assert_true (rill_image_clear (image, NULL, NULL));
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  gate = rill_test_gate_new (session);
  rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &async);
  assert_pending (&async);
  rill_test_gate_open (gate);
  result = rill_test_wait (&async);
  g_assert_true (rill_image_write_bytes_finish (image, result, &error));
  g_assert_no_error (error);
  g_object_unref (result);
  rill_test_gate_free (gate);
  g_object_unref (image);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Who needs room in the staging ring sleeps as well. */
static void
test_ring_sleeps (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *from = rill_test_buffer_new (memory, SIZE);
  RillBuffer *to = rill_test_buffer_new (memory, SIZE);
  RillTestGate *gate = rill_test_gate_new (session);
  GError *error = NULL;
  RillStaging *staging = rill_staging_new (context, &error);
  RillStagingRegion *region;
  RillSyncPoint last;
  GThread *opening;
  guint64 size;

  g_assert_no_error (error);
  rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &error);
  g_assert_no_error (error);
  rill_context_get_last (context, &last);
  size = rill_staging_get_size (staging) / 4;
  while ((region = rill_staging_acquire (staging, size, FALSE, NULL, &error)) != NULL)
    rill_staging_release (staging, region, &last);
  g_assert_no_error (error);
  g_atomic_int_set (&n_waits, 0);
  opening = g_thread_new ("opening", open_when_waiting, gate);
  region = rill_staging_acquire (staging, size, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (GPOINTER_TO_UINT (g_thread_join (opening)));
  rill_staging_release (staging, region, NULL);
  rill_staging_free (staging);
  rill_test_gate_free (gate);
  g_object_unref (to);
  g_object_unref (from);
  g_object_unref (memory);
  rill_context_unref (context);
  rill_test_session_end (session);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/waits/sleeps", test_sleeps);
  ADD ("/waits/deferred-sleeps", test_deferred_sleeps);
  ADD ("/waits/deaf", test_deaf);
  ADD ("/waits/ring-ends", test_ring_ends);
  ADD ("/waits/lost", test_lost);
  g_test_add_func ("/waits/collects", test_collects);
  g_test_add_func ("/waits/closed-view", test_closed_view);
  g_test_add_func ("/waits/other-session", test_other_session);
  g_test_add_func ("/waits/image-write", test_image_write);
  g_test_add_func ("/waits/ring-sleeps", test_ring_sleeps);
  return g_test_run ();
}
