/* SPDX-License-Identifier: MIT */

/* Buffers go through the gate of their device: where the driver is known to bear one thread only, no two
 * threads meet in what it does for them. */

#include "rill-test-driver-gate.h"
#include "rill-test-util.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

#include <dlfcn.h>

#define N_THREADS 4
#define N_ROUNDS 100

static gboolean is_watched;
static gint n_inside;  /* (atomic) */
static guint n_calls[RILL_N_DRIVER_CALLS]; /* by who is inside alone: no atomic */

static void
come (RillDriverCall call)
{
  if (!is_watched)
    return;
  g_assert_cmpint (g_atomic_int_add (&n_inside, 1), ==, 0);
  g_thread_yield ();
  n_calls[call]++;
}

static void
go (void)
{
  if (is_watched)
    g_atomic_int_add (&n_inside, -1);
}

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkCreateBuffer (VkDevice                     device,
                const VkBufferCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkBuffer                    *buffer)
{
  VkResult result;

  come (RILL_DRIVER_CALL_CREATE_BUFFER);
  result = ((PFN_vkCreateBuffer) dlsym (RTLD_NEXT, "vkCreateBuffer")) (device, info, allocator, buffer);
  go ();
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkBindBufferMemory (VkDevice       device,
                    VkBuffer       buffer,
                    VkDeviceMemory memory,
                    VkDeviceSize   offset)
{
  VkResult result;

  come (RILL_DRIVER_CALL_BIND_BUFFER);
  result = ((PFN_vkBindBufferMemory) dlsym (RTLD_NEXT, "vkBindBufferMemory")) (device, buffer, memory,
                                                                               offset);
  go ();
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyBuffer (VkDevice                     device,
                 VkBuffer                     buffer,
                 const VkAllocationCallbacks *allocator)
{
  come (RILL_DRIVER_CALL_DESTROY_BUFFER);
  ((PFN_vkDestroyBuffer) dlsym (RTLD_NEXT, "vkDestroyBuffer")) (device, buffer, allocator);
  go ();
}

static gpointer
buffer_thread (gpointer memory)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      RillBuffer *first = rill_test_buffer_new (memory, 256);
      RillBuffer *second = rill_test_buffer_new (memory, 4096);

      rill_resource_close (RILL_RESOURCE (first));
      g_object_unref (second);
      g_object_unref (first);
    }
  return NULL;
}

static void
test_serial (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 0);
  RillContext *context = rill_session_ref_context (session, NULL);
  GThread *threads[N_THREADS];

  rill_test_gate_make_serial (context->gate);
  is_watched = TRUE;
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("buffers", buffer_thread, memory);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  is_watched = FALSE;
  for (guint call = 0; call < RILL_N_DRIVER_CALLS; call++)
    g_assert_cmpuint (n_calls[call], ==, 2 * N_THREADS * N_ROUNDS);
  rill_context_unref (context);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A refusal of the driver's leaves the gate too. */
static void
test_refused (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 0);
  RillContext *context = rill_session_ref_context (session, NULL);
  RillBuffer *buffer;

  rill_test_gate_make_serial (context->gate);
  for (guint i = 0; i < 2; i++)
    {
      buffer = rill_memory_create_buffer (memory, context->max_buffer_size, RILL_BUFFER_USAGE_NONE, NULL);
      g_clear_object (&buffer);
    }
  g_object_unref (rill_test_buffer_new (memory, 256));
  rill_context_unref (context);
  g_object_unref (memory);
  rill_test_session_end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/driver-gate-buffer/serial", test_serial);
  g_test_add_func ("/driver-gate-buffer/refused", test_refused);
  return g_test_run ();
}
