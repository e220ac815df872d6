/* SPDX-License-Identifier: MIT */

/* Private functions where what is public does not show whether they do all that they should. */

#include "rill-test-compute.h"

#include "compute/rill-command-recording-private.h"
#include "resource/rill-resource-private.h"
#include "transfer/rill-copy-pool-private.h"
#include "transfer/rill-staging-private.h"

#include <dlfcn.h>

#define SIZE 4096

/* Closed by the next allocation of device memory. */
static RillMemory *closed_by_allocation;

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateMemory (VkDevice                     device,
                  const VkMemoryAllocateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkDeviceMemory              *memory)
{
  RillMemory *closed = g_steal_pointer (&closed_by_allocation);

  if (closed != NULL)
    rill_memory_close (closed);
  return ((PFN_vkAllocateMemory) dlsym (RTLD_NEXT, "vkAllocateMemory")) (device, info, allocator, memory);
}

/* Closed when the library makes an object of the type. */
static RillSession *closed_by_object;
static GType closed_by_type;

gpointer
g_object_new (GType       type,
              const char *first,
              ...)
{
  gpointer object;
  va_list args;

  va_start (args, first);
  object = g_object_new_valist (type, first, args);
  va_end (args);
  if (closed_by_object != NULL && type == closed_by_type)
    rill_session_close (g_steal_pointer (&closed_by_object));
  return object;
}

static gboolean no_threads;

GThread *
g_thread_try_new (const char   *name,
                  GThreadFunc   func,
                  gpointer      data,
                  GError      **error)
{
  __typeof__ (&g_thread_try_new) real;

  if (no_threads)
    {
      g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "There are enough threads");
      return NULL;
    }
  real = (__typeof__ (real)) dlsym (RTLD_NEXT, "g_thread_try_new");
  return real (name, func, data, error);
}

static gboolean is_protected; /* the first type of memory */

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties (VkPhysicalDevice                  physical_device,
                                     VkPhysicalDeviceMemoryProperties *properties)
{
  ((PFN_vkGetPhysicalDeviceMemoryProperties) dlsym (RTLD_NEXT, "vkGetPhysicalDeviceMemoryProperties")) (
    physical_device, properties);
  if (is_protected)
    properties->memoryTypes[0].propertyFlags |= VK_MEMORY_PROPERTY_PROTECTED_BIT;
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties2 (VkPhysicalDevice                   physical_device,
                                      VkPhysicalDeviceMemoryProperties2 *properties)
{
  ((PFN_vkGetPhysicalDeviceMemoryProperties2) dlsym (RTLD_NEXT, "vkGetPhysicalDeviceMemoryProperties2")) (
    physical_device, properties);
  if (is_protected)
    properties->memoryProperties.memoryTypes[0].propertyFlags |= VK_MEMORY_PROPERTY_PROTECTED_BIT;
}

/* A memory may be closed by another thread while it has a page made. */
static void
test_closed_while_growing (void)
{
  static const guint64 sizes[] = { SIZE, 4 * 1024 * 1024 };
  RillSession *session = rill_test_session_new ();
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillMemory *memory =
        rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 1024 * 1024);

      closed_by_allocation = memory;
      g_assert_null (rill_memory_create_buffer (memory, sizes[i], RILL_BUFFER_USAGE_NONE, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
      g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 0);
      g_object_unref (memory);
    }
  rill_test_session_end (session);
}

typedef struct
{
  gint n_started; /* (atomic) */
  gint n_met;     /* (atomic) */
} Meeting;

/* Waits until two parts are at work at the same time. */
static void
meet (guint    part,
      gpointer data)
{
  Meeting *meeting = data;

  g_atomic_int_inc (&meeting->n_started);
  for (guint i = 0; i < 10000 && g_atomic_int_get (&meeting->n_started) < 2; i++)
    g_usleep (1000);
  if (g_atomic_int_get (&meeting->n_started) == 2)
    g_atomic_int_inc (&meeting->n_met);
}

/* The helpers wake for every copy, not only for the first. */
static void
test_copy_helpers (void)
{
  RillCopyPool *pool = rill_copy_pool_new ();

  for (guint i = 0; i < 10 && g_get_num_processors () > 1; i++)
    {
      Meeting meeting = { 0 };

      rill_copy_pool_run (pool, 2, meet, &meeting);
      g_assert_cmpint (meeting.n_met, ==, 2);
      g_usleep (1000);
    }
  rill_copy_pool_free (pool);
}

/* Regions begin at whole texels of every size, also in the ring's later rounds. */
static void
test_ring_alignment (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  GError *error = NULL;
  RillStaging *staging = rill_staging_new (context, &error);
  RillStagingRegion *last = NULL;
  guint64 size;

  g_assert_no_error (error);
  size = rill_staging_get_size (staging) / 5 + 1;
  for (guint i = 0; i < 50; i++)
    {
      RillStagingRegion *region = rill_staging_acquire (staging, size, TRUE, NULL, &error);

      g_assert_no_error (error);
      for (guint channels = 1; channels <= 4; channels++)
        for (guint bytes = 1; bytes <= 8; bytes *= 2)
          g_assert_cmpuint (region->offset % (channels * bytes), ==, 0);
      g_assert_cmpuint (region->offset + region->size, <=, rill_staging_get_size (staging));
      /* As long as there is one, the next lies behind it, and the ring goes round. */
      if (last != NULL)
        rill_staging_release (staging, last, NULL);
      last = region;
    }
  rill_staging_release (staging, last, NULL);
  rill_staging_free (staging);
  rill_context_unref (context);
  rill_test_session_end (session);
}

#define SHADER GLSL ("layout (local_size_x = 1) in;\n" \
                     "layout (set = 0, binding = 0) buffer First { uint first[]; };\n" \
                     "layout (set = 0, binding = 1) buffer Second { uint second[]; };\n" \
                     "void main () { first[0] = second[0]; }")

/* What is bound may be closed by another thread when a dispatch has been checked. */
static void
test_closed_while_binding (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *first = rill_test_buffer_new (memory, SIZE);
  RillBuffer *second = rill_test_buffer_new (memory, SIZE);
  RillComputeNode *node = rill_test_node_new (session, SHADER);
  RillDispatch dispatch = { NULL };
  RillRecording *recording;
  GError *error = NULL;

  rill_test_bind (node, "First", first);
  rill_test_bind (node, "Second", second);
  g_assert_true (rill_compute_node_prepare (node, context, &dispatch, &error));
  g_assert_no_error (error);
  rill_resource_close (RILL_RESOURCE (second));
  recording = rill_recording_new (context, &error);
  g_assert_no_error (error);
  g_assert_false (rill_recording_add_dispatch (recording, node, &dispatch, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
  g_assert_cmpuint (rill_resource_get_state (first)->pins, ==, 0);
  g_assert_cmpuint (rill_resource_get_state (first)->recordings, ==, 0);
  rill_recording_unref (recording);
  rill_dispatch_clear (&dispatch);
  g_object_unref (node);
  g_object_unref (second);
  g_object_unref (first);
  g_object_unref (memory);
  rill_context_unref (context);
  rill_test_session_end (session);
}

static RillMemory *closed_when_bound; /* (unowned) (nullable) */

VKAPI_ATTR VkResult VKAPI_CALL
vkBindBufferMemory (VkDevice       device,
                    VkBuffer       buffer,
                    VkDeviceMemory memory,
                    VkDeviceSize   offset)
{
  VkResult result = ((PFN_vkBindBufferMemory) dlsym (RTLD_NEXT, "vkBindBufferMemory")) (device, buffer,
                                                                                        memory, offset);

  if (closed_when_bound != NULL)
    rill_memory_close (g_steal_pointer (&closed_when_bound));
  return result;
}

/* A buffer of a memory that is closed just before it is one of its own is closed too. */
static void
test_closed_while_bound (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer;

  closed_when_bound = memory;
  buffer = rill_test_buffer_new (memory, SIZE);
  g_assert_null (closed_when_bound);
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A node that is closed while another thread configures it lets go of what is bound when that ends. */
static void
test_closed_while_configured (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE);
  RillComputeNode *node = rill_test_node_new (session, SHADER);
  GError *error = NULL;

  rill_test_bind (node, "First", buffer);
  g_assert_true (rill_compute_node_begin_configure (node, &error));
  g_assert_no_error (error);
  rill_compute_node_close (node);
  rill_compute_node_end_configure (node);
  g_assert_finalize_object (buffer);
  g_object_unref (node);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A file that is there, but cannot be read. */
static void
test_unreadable_include (void)
{
  RillSession *session = rill_test_session_new ();
  GError *error = NULL;

  g_assert_null (rill_session_create_program_from_glsl (
    session, GLSL ("#include \"/proc/self/mem\"\n"), NULL, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION, "/proc/self/mem");
  rill_test_session_end (session);
}

/* What objects are made from. */
typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillImage *image;
  RillProgram *program;
} Parents;

static gpointer
make_memory (Parents  *parents,
             GError  **error)
{
  return rill_session_create_memory (parents->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 1024 * 1024, FALSE,
                                     error);
}

static gpointer
make_buffer (Parents  *parents,
             GError  **error)
{
  return rill_memory_create_buffer (parents->memory, SIZE, RILL_BUFFER_USAGE_NONE, error);
}

static gpointer
make_image (Parents  *parents,
            GError  **error)
{
  static const guint shape[] = { 8, 8 };

  return rill_memory_create_image (parents->memory, shape, 2, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
                                   error);
}

static gpointer
make_view (Parents  *parents,
           GError  **error)
{
  return rill_image_create_view (parents->image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE,
                                 FALSE, FALSE, error);
}

static gpointer
make_program (Parents  *parents,
              GError  **error)
{
  return rill_session_create_program_from_glsl (parents->session, SHADER, NULL, NULL, error);
}

static gpointer
make_node (Parents  *parents,
           GError  **error)
{
  return rill_session_create_compute_node (parents->session, parents->program, NULL, error);
}

static gpointer
make_command_buffer (Parents  *parents,
                     GError  **error)
{
  return rill_session_create_command_buffer (parents->session, error);
}

static gpointer
make_duration (Parents  *parents,
               GError  **error)
{
  return rill_session_create_duration (parents->session, error);
}

/* An object that is made while another thread closes the session is closed as well, or is not made. */
static void
test_closed_while_made (void)
{
  const struct
  {
    GType type;
    gpointer (*make) (Parents *parents, GError **error);
  } objects[] = {
    { RILL_TYPE_MEMORY, make_memory },
    { RILL_TYPE_BUFFER, make_buffer },
    { RILL_TYPE_IMAGE, make_image },
    { RILL_TYPE_IMAGE_VIEW, make_view },
    { RILL_TYPE_PROGRAM, make_program },
    { RILL_TYPE_COMPUTE_NODE, make_node },
    { RILL_TYPE_COMMAND_BUFFER, make_command_buffer },
    { RILL_TYPE_DURATION, make_duration },
  };

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      Parents parents = { .session = rill_test_session_new () };
      GError *error = NULL;
      gboolean closed = FALSE;
      GObject *object;

      parents.memory = rill_test_device_memory_new (parents.session);
      parents.image = make_image (&parents, NULL);
      parents.program = make_program (&parents, NULL);
      closed_by_type = objects[i].type;
      closed_by_object = parents.session;
      object = objects[i].make (&parents, &error);
      g_assert_null (closed_by_object);
      if (object != NULL)
        {
          g_object_get (object, "closed", &closed, NULL);
          g_assert_true (closed);
          g_assert_finalize_object (object);
        }
      else
        rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
      g_object_unref (parents.program);
      g_object_unref (parents.image);
      g_object_unref (parents.memory);
      rill_test_session_end (parents.session);
    }
}

static void
test_no_threads (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 1024 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE);
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;

  no_threads = TRUE;
  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async);
  no_threads = FALSE;
  result = rill_test_wait (&async);
  g_assert_null (rill_buffer_map_finish (buffer, result, &error));
  rill_test_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "");
  g_object_unref (result);
  g_assert_finalize_object (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A type of memory that needs what the library does not ask of devices. */
static void
test_protected (void)
{
  RillSession *session;
  GError *error = NULL;

  is_protected = TRUE;
  session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (rill_session_create_memory (session, RILL_MEMORY_PROPERTY_PROTECTED, 1024, FALSE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "feature");
  is_protected = FALSE;
  rill_test_session_end (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/internals/closed-while-growing", test_closed_while_growing);
  g_test_add_func ("/internals/copy-helpers", test_copy_helpers);
  g_test_add_func ("/internals/ring-alignment", test_ring_alignment);
  g_test_add_func ("/internals/closed-while-binding", test_closed_while_binding);
  g_test_add_func ("/internals/closed-while-bound", test_closed_while_bound);
  g_test_add_func ("/internals/closed-while-configured", test_closed_while_configured);
  g_test_add_func ("/internals/closed-while-made", test_closed_while_made);
  g_test_add_func ("/internals/unreadable-include", test_unreadable_include);
  g_test_add_func ("/internals/no-threads", test_no_threads);
  g_test_add_func ("/internals/protected", test_protected);
  return g_test_run ();
}
