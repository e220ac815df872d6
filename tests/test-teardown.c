/* SPDX-License-Identifier: MIT */

/* A session that has done everything leaves nothing behind that no tool for leaks would see: on Linux,
 * locks, conditions and weak references own no memory; and a device may be found by others. */

#include "rill-test-compute.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <vulkan/vulkan.h>

#define SIZE (4 * 1024 * 1024)
#define SHADER GLSL ("layout (local_size_x = 64) in;\n" \
                     "layout (set = 0, binding = 0) buffer Data { uint data[]; };\n" \
                     "layout (set = 0, binding = 1, rgba8ui) uniform readonly uimage2D picture;\n" \
                     "void main () { data[gl_GlobalInvocationID.x] += imageLoad (picture, ivec2 (0)).x; }")

/* Initialised and not cleared, by whomever (atomic). */
static gint n_mutexes;
static gint n_conditions;
static gint n_weak_refs;
static gint n_classes;
static gint n_devices;

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))
#define COUNTED(name, type, n, step) \
  void name (type *it) \
  { \
    g_atomic_int_add (n, step); \
    REAL (name) (it); \
  }

/* The program takes precedence over the libraries that it is linked with. */
COUNTED (g_mutex_init, GMutex, &n_mutexes, 1)
COUNTED (g_mutex_clear, GMutex, &n_mutexes, -1)
COUNTED (g_cond_init, GCond, &n_conditions, 1)
COUNTED (g_cond_clear, GCond, &n_conditions, -1)
COUNTED (g_weak_ref_clear, GWeakRef, &n_weak_refs, -1)
COUNTED (g_type_class_unref, void, &n_classes, -1)

gpointer
g_type_class_ref (GType type)
{
  g_atomic_int_inc (&n_classes);
  return REAL (g_type_class_ref) (type);
}

void
g_weak_ref_init (GWeakRef *weak_ref,
                 gpointer  object)
{
  g_atomic_int_inc (&n_weak_refs);
  REAL (g_weak_ref_init) (weak_ref, object);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateDevice (VkPhysicalDevice             physical_device,
                const VkDeviceCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkDevice                    *device)
{
  VkResult result =
    ((PFN_vkCreateDevice) dlsym (RTLD_NEXT, "vkCreateDevice")) (physical_device, info, allocator, device);

  if (result == VK_SUCCESS)
    g_atomic_int_inc (&n_devices);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyDevice (VkDevice                     device,
                 const VkAllocationCallbacks *allocator)
{
  g_atomic_int_add (&n_devices, -1);
  ((PFN_vkDestroyDevice) dlsym (RTLD_NEXT, "vkDestroyDevice")) (device, allocator);
}

static void
use_transfers (RillBuffer *buffer)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (SIZE, 1);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (RillMapping) mapping = NULL;
  RillTestAsync async = { NULL };
  GError *error = NULL;

  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  rill_buffer_write_bytes_finish (buffer, result, &error);
  g_assert_no_error (error);
  rill_test_assert_content (buffer, 0, bytes);
  if (rill_resource_get_mappable (RILL_RESOURCE (buffer)))
    mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);
  g_assert_no_error (error);
}

/* The program, by way of a file. */
static void
use_program (RillSession *session)
{
  g_autoptr (RillProgram) program = rill_test_program_new (session, SHADER);
  GBytes *spirv = rill_program_get_spirv (program);
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "rill-teardown-XXXXXX", NULL);
  gint descriptor = g_mkstemp (path);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (RillProgram) from_file = NULL;
  g_autoptr (RillProgram) from_bytes = NULL;
  GError *error = NULL;

  g_assert_cmpint (descriptor, >=, 0);
  g_assert_true (g_close (descriptor, NULL));
  g_file_replace_contents (file, g_bytes_get_data (spirv, NULL), g_bytes_get_size (spirv), NULL, FALSE,
                           G_FILE_CREATE_NONE, NULL, NULL, &error);
  g_assert_no_error (error);
  from_file = rill_session_create_program_from_file (session, file, &error);
  g_assert_no_error (error);
  from_bytes = rill_session_create_program_from_bytes (session, spirv, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_delete (file, NULL, NULL));
}

static void
use_compute (RillSession *session,
             RillBuffer  *buffer,
             RillImage   *image)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (session, SHADER);
  g_autoptr (RillCommandBuffer) commands = rill_test_command_buffer_new (session);
  g_autoptr (RillDuration) duration = rill_session_create_duration (session, NULL);

  rill_test_bind (node, "Data", buffer);
  rill_test_bind (node, "picture", image);
  if (duration != NULL)
    g_assert_true (rill_command_buffer_begin_duration (commands, duration, NULL));
  rill_test_dispatch (commands, node);
  if (duration != NULL)
    g_assert_true (rill_command_buffer_end_duration (commands, duration, NULL));
  rill_test_run (commands);
}

static void
page_added_cb (RillMemory *memory,
               guint       index,
               guint64     size,
               guint      *n)
{
  (*n)++;
}

/* Signals that are delivered, and an error that lists flags. */
static void
use_signals (RillSession *session)
{
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer;
  guint n_added = 0;
  GError *error = NULL;

  g_signal_connect (memory, "page-added", G_CALLBACK (page_added_cb), &n_added);
  buffer = rill_test_buffer_new (memory, 1024);
  rill_test_iterate ();
  g_assert_cmpuint (n_added, ==, 1);
  g_object_unref (buffer);
  g_object_unref (memory);
  g_assert_null (
    rill_session_create_memory (session, RILL_MEMORY_PROPERTY_RDMA_CAPABLE, 1024, TRUE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "RDMA_CAPABLE");
}

static void
use_everything (void)
{
  static const guint shape[] = { 8, 8, 4 };
  RillSession *session = rill_test_session_new ();
  GError *error = NULL;

  use_signals (session);

  for (guint usage = RILL_MEMORY_USAGE_DEVICE_ONLY; usage <= RILL_MEMORY_USAGE_DOWNLOAD; usage++)
    {
      g_autoptr (RillMemory) memory =
        rill_session_get_memory_for_usage (session, (RillMemoryUsage) usage, &error);
      g_autoptr (RillBuffer) buffer = NULL;
      g_autoptr (RillImage) image = NULL;

      g_assert_no_error (error);
      buffer = rill_test_buffer_new (memory, SIZE);
      use_transfers (buffer);
      if (usage != RILL_MEMORY_USAGE_DEVICE_ONLY)
        continue;
      image = rill_test_image_new (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
      g_assert_true (rill_image_clear (image, NULL, NULL));
      use_compute (session, buffer, image);
      use_program (session);
    }
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_session_end (session);
}

static void
test_balance (void)
{
  gint mutexes, conditions, weak_refs, classes;

  use_everything (); /* after which GLib keeps no more than it does now */
  mutexes = g_atomic_int_get (&n_mutexes);
  conditions = g_atomic_int_get (&n_conditions);
  weak_refs = g_atomic_int_get (&n_weak_refs);
  classes = g_atomic_int_get (&n_classes);
  use_everything ();
  g_assert_cmpint (g_atomic_int_get (&n_mutexes), ==, mutexes);
  g_assert_cmpint (g_atomic_int_get (&n_conditions), ==, conditions);
  g_assert_cmpint (g_atomic_int_get (&n_weak_refs), ==, weak_refs);
  g_assert_cmpint (g_atomic_int_get (&n_classes), ==, classes);
  g_assert_cmpint (g_atomic_int_get (&n_devices), ==, 0);
}

/* They are counted at all. */
static void
test_count (void)
{
  gint mutexes = g_atomic_int_get (&n_mutexes);
  gint conditions = g_atomic_int_get (&n_conditions);
  gint weak_refs = g_atomic_int_get (&n_weak_refs);
  RillSession *session = rill_test_session_new ();

  g_assert_cmpint (g_atomic_int_get (&n_mutexes), >, mutexes);
  g_assert_cmpint (g_atomic_int_get (&n_conditions), >, conditions);
  g_assert_cmpint (g_atomic_int_get (&n_weak_refs), >, weak_refs);
  g_assert_cmpint (g_atomic_int_get (&n_devices), ==, 1);
  rill_test_session_end (session);
}

/* A main context that goes before the session's signals are delivered takes them with it. */
static void
test_context (void)
{
  GMainContext *context = g_main_context_new ();
  RillSession *session;
  RillMemory *memory;
  guint n_added = 0;

  g_main_context_push_thread_default (context);
  session = rill_test_session_new ();
  memory = rill_test_device_memory_new (session);
  g_signal_connect (memory, "page-added", G_CALLBACK (page_added_cb), &n_added);
  g_object_unref (rill_test_buffer_new (memory, 1024));
  g_main_context_pop_thread_default (context);
  g_object_unref (memory);
  rill_session_close (session);
  g_main_context_unref (context);
  g_assert_finalize_object (session);
  g_assert_cmpuint (n_added, ==, 0);
}

static void
gone_cb (gpointer  n_gone,
         GObject  *object)
{
  (*(guint *) n_gone)++;
}

/* Takes the object. When it is disposed it is closed, and those who watch it are told; not only when it
 * goes. */
static void
dispose (gpointer object)
{
  gboolean closed = FALSE;
  guint n_gone = 0;

  g_object_weak_ref (object, gone_cb, &n_gone);
  g_object_run_dispose (object);
  g_assert_cmpuint (n_gone, ==, 1);
  g_object_get (object, "closed", &closed, NULL);
  g_assert_true (closed);
  g_assert_finalize_object (object);
}

static void
test_dispose (void)
{
  static const guint shape[] = { 8, 8, 4 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 1024 * 1024);
  RillMemory *device_memory = rill_test_device_memory_new (session);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1024);
  RillImage *image = rill_test_image_new (device_memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  RillProgram *program = rill_test_program_new (session, SHADER);
  RillDuration *duration = rill_session_create_duration (session, NULL);
  GError *error = NULL;

  dispose (rill_session_create_compute_node (session, program, NULL, &error));
  dispose (program);
  dispose (rill_test_command_buffer_new (session));
  if (duration != NULL)
    dispose (duration);
  dispose (rill_buffer_map (buffer, RILL_MAP_READ, &error));
  dispose (rill_image_create_view (image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE,
                                   FALSE, &error));
  g_assert_no_error (error);
  dispose (image);
  dispose (buffer);
  dispose (device_memory);
  dispose (memory);
  dispose (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/teardown/count", test_count);
  g_test_add_func ("/teardown/balance", test_balance);
  g_test_add_func ("/teardown/context", test_context);
  g_test_add_func ("/teardown/dispose", test_dispose);
  return g_test_run ();
}
