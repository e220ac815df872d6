/* SPDX-License-Identifier: MIT */

/* What a recording becomes in Vulkan. */

#include "rill-test-compute.h"
#include "rill-test-gate.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define SIZE 4096

/* Barriers that were recorded (atomic): of memory, for everything; to the host; all. */
static gint n_full;
static gint n_host;
static gint n_barriers;

static gint n_pools; /* (atomic) of descriptors, that were made */

/* What is left in each, by its handle: a driver may give more sets than a pool is for, as lavapipe does. */
static GMutex pools_lock;
static GHashTable *pools;

typedef struct
{
  guint size;
  guint n_left;
} Pool;

/* The program takes precedence over the loader. */
VKAPI_ATTR void VKAPI_CALL
vkCmdPipelineBarrier2 (VkCommandBuffer         command_buffer,
                       const VkDependencyInfo *info)
{
  const VkMemoryBarrier2 *barrier = info->pMemoryBarriers;

  g_atomic_int_inc (&n_barriers);
  if (info->memoryBarrierCount > 0 && (barrier->dstStageMask & VK_PIPELINE_STAGE_2_HOST_BIT) != 0
      && (barrier->dstAccessMask & VK_ACCESS_2_HOST_READ_BIT) != 0)
    g_atomic_int_inc (&n_host);
  else if (info->memoryBarrierCount > 0
           && (barrier->srcStageMask & VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT) != 0
           && (barrier->dstStageMask & VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT) != 0)
    g_atomic_int_inc (&n_full);
  ((PFN_vkCmdPipelineBarrier2) dlsym (RTLD_NEXT, "vkCmdPipelineBarrier2")) (command_buffer, info);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateDescriptorPool (VkDevice                          device,
                        const VkDescriptorPoolCreateInfo *info,
                        const VkAllocationCallbacks      *allocator,
                        VkDescriptorPool                 *pool)
{
  const Pool created = { info->maxSets, info->maxSets };
  VkResult result =
    ((PFN_vkCreateDescriptorPool) dlsym (RTLD_NEXT, "vkCreateDescriptorPool")) (device, info, allocator, pool);

  g_atomic_int_inc (&n_pools);
  g_mutex_lock (&pools_lock);
  g_hash_table_insert (pools, (gpointer) *pool, g_memdup2 (&created, sizeof created));
  g_mutex_unlock (&pools_lock);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyDescriptorPool (VkDevice                     device,
                         VkDescriptorPool             pool,
                         const VkAllocationCallbacks *allocator)
{
  g_mutex_lock (&pools_lock);
  g_hash_table_remove (pools, (gpointer) pool);
  g_mutex_unlock (&pools_lock);
  ((PFN_vkDestroyDescriptorPool) dlsym (RTLD_NEXT, "vkDestroyDescriptorPool")) (device, pool, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkResetDescriptorPool (VkDevice                   device,
                       VkDescriptorPool           pool,
                       VkDescriptorPoolResetFlags flags)
{
  Pool *reset;

  g_mutex_lock (&pools_lock);
  reset = g_hash_table_lookup (pools, (gpointer) pool);
  reset->n_left = reset->size;
  g_mutex_unlock (&pools_lock);
  return ((PFN_vkResetDescriptorPool) dlsym (RTLD_NEXT, "vkResetDescriptorPool")) (device, pool, flags);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateDescriptorSets (VkDevice                           device,
                          const VkDescriptorSetAllocateInfo *info,
                          VkDescriptorSet                   *sets)
{
  gboolean has_room;
  Pool *pool;

  g_mutex_lock (&pools_lock);
  pool = g_hash_table_lookup (pools, (gpointer) info->descriptorPool);
  has_room = pool->n_left >= info->descriptorSetCount;
  if (has_room)
    pool->n_left -= info->descriptorSetCount;
  g_mutex_unlock (&pools_lock);
  if (!has_room)
    return VK_ERROR_OUT_OF_POOL_MEMORY;
  return ((PFN_vkAllocateDescriptorSets) dlsym (RTLD_NEXT, "vkAllocateDescriptorSets")) (device, info, sets);
}

/* How many barriers there are in two fills of different buffers, which need none between them. */
static gint
count_barriers (RillSession *session,
                RillBuffer  *first,
                RillBuffer  *second,
                gboolean     explicit)
{
  g_autoptr (RillCommandBuffer) commands = rill_test_command_buffer_new (session);
  gint before = g_atomic_int_get (&n_barriers);
  GError *error = NULL;

  rill_command_buffer_fill_buffer (commands, first, 0, -1, 1, &error);
  g_assert_no_error (error);
  if (explicit)
    rill_command_buffer_barrier (commands, &error);
  g_assert_no_error (error);
  rill_command_buffer_fill_buffer (commands, second, 0, -1, 2, &error);
  g_assert_no_error (error);
  rill_test_run (commands);
  return g_atomic_int_get (&n_barriers) - before;
}

/* One that is asked for is recorded, also where the library sees no need for it. */
static void
test_barrier (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *first = rill_test_buffer_new (memory, SIZE);
  RillBuffer *second = rill_test_buffer_new (memory, SIZE);
  gint implicit = count_barriers (session, first, second, FALSE);

  g_assert_cmpint (count_barriers (session, first, second, TRUE), ==, implicit + 1);
  g_object_unref (first);
  g_object_unref (second);
  g_object_unref (memory);
  rill_test_session_end (session);
}

static void
reset_counts (void)
{
  g_atomic_int_set (&n_full, 0);
  g_atomic_int_set (&n_host, 0);
}

/* Of one submission. */
static void
assert_counts (gint full,
               gint host)
{
  g_assert_cmpint (g_atomic_int_get (&n_full), ==, full);
  g_assert_cmpint (g_atomic_int_get (&n_host), ==, host);
}

/* What was submitted before comes first, and what the host may map is there for it. The commands of a command
 * buffer have this around them. */
static void
test_around (void)
{
  RillSession *session = rill_test_session_new ();

  for (guint usage = RILL_MEMORY_USAGE_DEVICE_ONLY; usage <= RILL_MEMORY_USAGE_DOWNLOAD; usage++)
    {
      GError *error = NULL;
      g_autoptr (RillMemory) memory =
        rill_session_get_memory_for_usage (session, (RillMemoryUsage) usage, &error);
      RillBuffer *first = rill_test_buffer_new (memory, SIZE);
      RillBuffer *second = rill_test_buffer_new (memory, SIZE);
      RillCommandBuffer *commands = rill_test_command_buffer_new (session);
      gint mappable = rill_memory_get_mappable (memory) ? 1 : 0;

      rill_command_buffer_copy_buffer (commands, second, 0, first, 0, -1, &error);
      g_assert_no_error (error);
      reset_counts ();
      rill_buffer_copy_to (first, 0, second, 0, -1, NULL, &error);
      g_assert_no_error (error);
      assert_counts (1, mappable);
      reset_counts ();
      rill_test_run (commands);
      assert_counts (1, mappable);
      g_object_unref (commands);
      g_object_unref (second);
      g_object_unref (first);
    }
  rill_test_session_end (session);
}

#define N_IMAGES 40

/* However many images change their layout for it. */
static void
test_many_images (void)
{
  static const guint shape[] = { 4, 4, 4 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillCommandBuffer *commands = rill_test_command_buffer_new (session);
  RillImage *images[N_IMAGES];
  GError *error = NULL;

  for (guint i = 0; i < N_IMAGES; i++)
    {
      images[i] = rill_test_image_new (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
      rill_command_buffer_clear_image (commands, images[i], &error);
      g_assert_no_error (error);
    }
  rill_test_run (commands);
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autoptr (GBytes) bytes = rill_image_read_bytes (images[i], NULL, &error);
      const guint8 *data;

      g_assert_no_error (error);
      data = g_bytes_get_data (bytes, NULL);
      for (guint j = 0; j < 4 * 4 * 4; j++)
        g_assert_cmpuint (data[j], ==, 0);
      g_object_unref (images[i]);
    }
  g_object_unref (commands);
  g_object_unref (memory);
  rill_test_session_end (session);
}

#define ADD_SHADER \
  GLSL ("layout (local_size_x = 1) in;\n" \
        "layout (set = 0, binding = 0) buffer Data { uint data[]; };\n" \
        "void main () { data[0] += 1; }")

/* Records a dispatch for each buffer. */
static void
record_dispatches (RillCommandBuffer *commands,
                   RillComputeNode   *node,
                   RillBuffer       **buffers,
                   guint              n_buffers)
{
  GError *error = NULL;

  rill_command_buffer_reset (commands, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_buffers; i++)
    {
      rill_test_bind (node, "Data", buffers[i]);
      rill_test_dispatch (commands, node);
    }
}

#define N_BUFFERS 100

/* Recordings of the same size need no more of the device than the first ones. */
static void
test_reset (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillComputeNode *node = rill_test_node_new (session, ADD_SHADER);
  RillCommandBuffer *commands = rill_test_command_buffer_new (session);
  RillBuffer *buffers[N_BUFFERS];
  gint n_made = 0;

  for (guint i = 0; i < N_BUFFERS; i++)
    {
      buffers[i] = rill_test_buffer_new (memory, SIZE);
      g_assert_true (rill_buffer_fill (buffers[i], 0, -1, 0, NULL, NULL));
    }
  for (guint i = 0; i < 20; i++)
    {
      record_dispatches (commands, node, buffers, N_BUFFERS);
      rill_test_run (commands);
      if (i == 2)
        n_made = g_atomic_int_get (&n_pools);
    }
  g_assert_cmpint (g_atomic_int_get (&n_pools), ==, n_made);
  rill_command_buffer_reset (commands, NULL);
  g_assert_cmpuint (g_hash_table_size (pools), ==, 1);
  for (guint i = 0; i < N_BUFFERS; i++)
    {
      g_assert_cmpuint (rill_test_read_uint (buffers[i], 0), ==, 20);
      g_object_unref (buffers[i]);
    }
  g_object_unref (commands);
  g_object_unref (node);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A run that has ended holds nothing any more, though its cancellable lives on; nor is anything left in its main
 * context, which ends. */
static void
test_cancellable (void)
{
  RillSession *session = rill_test_session_new ();
  GMainContext *context = g_main_context_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE);
  RillCommandBuffer *commands = rill_test_command_buffer_new (session);
  GCancellable *cancellable = g_cancellable_new ();
  GError *error = NULL;

  rill_command_buffer_fill_buffer (commands, buffer, 0, -1, 1, &error);
  g_assert_no_error (error);
  g_main_context_push_thread_default (context);
  for (guint i = 0; i < 20; i++)
    {
      RillTestAsync async = { NULL };

      rill_command_buffer_run_async (commands, cancellable, rill_test_async_cb, &async);
      while (async.result == NULL)
        g_main_context_iteration (context, TRUE);
      g_assert_true (rill_command_buffer_run_finish (commands, async.result, &error));
      g_assert_no_error (error);
      g_object_unref (async.result);
    }
  g_main_context_pop_thread_default (context);
  rill_test_iterate ();
  rill_test_finalize_soon (commands);
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
  g_main_context_unref (context);
  g_assert_finalize_object (cancellable); /* which a source would hold */
}

/* The first result of a run is the one that counts, whatever comes after it. */
static void
test_lost_after_cancelling (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE);
  RillCommandBuffer *commands = rill_test_command_buffer_new (session);
  RillTestGate *gate = rill_test_gate_new (session);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestAsync async = { NULL };
  GAsyncResult *result;
  GError *error = NULL;

  rill_command_buffer_fill_buffer (commands, buffer, 0, -1, 1, &error);
  g_assert_no_error (error);
  rill_command_buffer_run_async (commands, cancellable, rill_test_async_cb, &async);
  g_cancellable_cancel (cancellable);
  result = rill_test_wait (&async);
  rill_context_mark_lost (context);
  rill_test_gate_open (gate);
  g_assert_false (rill_command_buffer_run_finish (commands, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_object_unref (result);
  rill_test_gate_free (gate);
  g_object_unref (commands);
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_context_unref (context);
  rill_test_session_end (session);
}

#define PUSH_SHADER \
  GLSL ("#extension GL_EXT_shader_8bit_storage : require\n" \
        "layout (local_size_x = 1) in;\n" \
        "layout (set = 0, binding = 0) buffer Data { uint data[]; };\n" \
        "layout (push_constant) uniform Push { uint8_t bytes[3]; };\n" \
        "void main () { for (uint i = 0; i < 3; i++) data[i] = uint (bytes[i]); }")

/* Vulkan takes push constants by four bytes; a block may have any size. */
static void
test_push_constants (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_device_memory_new (session);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE);
  g_autoptr (RillProgram) program = NULL;
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\x0b\x16\x21", 3);
  g_autoptr (GError) error = NULL;

  program = rill_session_create_program_from_glsl (session, PUSH_SHADER, NULL, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    g_test_skip (error->message);
  else
    {
      g_assert_no_error (error);
      node = rill_session_create_compute_node (session, program, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_compute_node_get_push_constants_size (node), ==, 3);
      rill_test_bind (node, "Data", buffer);
      rill_compute_node_set_push_constants (node, bytes, &error);
      g_assert_no_error (error);
      rill_test_run_node (session, node);
      for (guint i = 0; i < 3; i++)
        g_assert_cmpuint (rill_test_read_uint (buffer, i), ==, (i + 1) * 11);
    }
  g_clear_object (&node);
  g_clear_object (&program);
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  pools = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  g_test_add_func ("/commands/barrier", test_barrier);
  g_test_add_func ("/commands/around", test_around);
  g_test_add_func ("/commands/many-images", test_many_images);
  g_test_add_func ("/commands/reset", test_reset);
  g_test_add_func ("/commands/cancellable", test_cancellable);
  g_test_add_func ("/commands/lost-after-cancelling", test_lost_after_cancelling);
  g_test_add_func ("/commands/push-constants", test_push_constants);
  return g_test_run ();
}
