/* SPDX-License-Identifier: MIT */

/* The handles that the simulation layer gives out: its own queue, which the driver must never see
 * and which has a family of its own, and those of calls that fail. */

#include "rill-test-rig.h"

#define find(rig, name) ((PFN_##name) vkGetDeviceProcAddr ((rig)->device, #name))

static VkQueue
get_transfer_queue (Rig *rig)
{
  VkQueue queue;

  vkGetDeviceQueue (rig->device, 1, 0, &queue);
  g_assert_true (queue != rig->queue);
  return queue;
}

static void
test_names (void)
{
  Rig *rig = rig_open ("queues=split");
  VkQueue queues[2] = { rig->queue, get_transfer_queue (rig) };
  VkDebugUtilsObjectNameInfoEXT name = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
    .objectType = VK_OBJECT_TYPE_QUEUE,
  };
  VkDebugUtilsObjectTagInfoEXT tag = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_TAG_INFO_EXT,
    .objectType = VK_OBJECT_TYPE_QUEUE,
    .tagSize = sizeof name,
    .pTag = &name,
  };

  /* More than once: the driver frees the earlier name. */
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *text = g_strdup_printf ("the queue of family %u, name %u", i % 2, i);

      name.objectHandle = (guint64) (gsize) queues[i % 2];
      name.pObjectName = text;
      check (find (rig, vkSetDebugUtilsObjectNameEXT) (rig->device, &name));
      tag.objectHandle = name.objectHandle;
      check (find (rig, vkSetDebugUtilsObjectTagEXT) (rig->device, &tag));
    }
  name.objectType = VK_OBJECT_TYPE_COMMAND_POOL;
  name.objectHandle = (guint64) rig->pool;
  name.pObjectName = "a pool";
  check (find (rig, vkSetDebugUtilsObjectNameEXT) (rig->device, &name));
  for (guint i = 0; i < 2; i++)
    check (vkQueueWaitIdle (queues[i]));
  rig_close (rig);
}

/* The program keeps the calls for each of its queues apart; the driver has one queue for both. */
typedef struct
{
  Rig *rig;
  VkQueue queue;
} Labeller;

static gpointer
put_labels (gpointer data)
{
  const Labeller *self = data;
  Rig *rig = self->rig;
  VkDebugUtilsLabelEXT info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT,
    .pLabelName = "a label",
  };

  for (guint i = 0; i < 500; i++)
    {
      find (rig, vkQueueBeginDebugUtilsLabelEXT) (self->queue, &info);
      find (rig, vkQueueInsertDebugUtilsLabelEXT) (self->queue, &info);
      check (vkQueueSubmit (self->queue, 0, NULL, VK_NULL_HANDLE));
      find (rig, vkQueueEndDebugUtilsLabelEXT) (self->queue);
    }
  return NULL;
}

static void
test_labels (void)
{
  Rig *rig = rig_open ("queues=split");
  Labeller labellers[2] = { { rig, rig->queue }, { rig, get_transfer_queue (rig) } };
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new (NULL, put_labels, &labellers[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  check (vkDeviceWaitIdle (rig->device));
  rig_close (rig);
}

static VkPrivateDataSlot
create_slot (Rig *rig)
{
  const VkPrivateDataSlotCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO,
  };
  VkPrivateDataSlot slot;

  check (vkCreatePrivateDataSlot (rig->device, &info, NULL, &slot));
  return slot;
}

static guint64
get_data (Rig               *rig,
          VkObjectType       type,
          guint64            handle,
          VkPrivateDataSlot  slot)
{
  guint64 data = 77;

  vkGetPrivateData (rig->device, type, handle, slot, &data);
  return data;
}

static Rig *
open_with_layers (const char *layers)
{
  g_autofree char *all_layers = g_strdup (g_getenv ("VK_INSTANCE_LAYERS"));
  Rig *rig;

  g_setenv ("VK_INSTANCE_LAYERS", layers != NULL ? layers : all_layers, TRUE);
  rig = rig_open ("queues=split");
  g_setenv ("VK_INSTANCE_LAYERS", all_layers, TRUE);
  return rig;
}

/* Each object has its own, in each slot. Without validation the handle of a slot comes again. */
static void
test_private_data (gconstpointer layers)
{
  Rig *rig = open_with_layers (layers);
  const struct
  {
    VkObjectType type;
    guint64 handle;
  } objects[] = {
    { VK_OBJECT_TYPE_QUEUE, (guint64) (gsize) rig->queue },
    { VK_OBJECT_TYPE_QUEUE, (guint64) (gsize) get_transfer_queue (rig) },
    { VK_OBJECT_TYPE_COMMAND_POOL, (guint64) rig->pool },
  };
  VkPrivateDataSlot slots[2] = { create_slot (rig), create_slot (rig) };

  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (get_data (rig, objects[i].type, objects[i].handle, slots[0]), ==, 0);
  for (guint i = 0; i < 6; i++)
    check (vkSetPrivateData (rig->device, objects[i / 2].type, objects[i / 2].handle, slots[i % 2],
                             100 + i));
  for (guint i = 0; i < 6; i++)
    g_assert_cmpuint (get_data (rig, objects[i / 2].type, objects[i / 2].handle, slots[i % 2]), ==,
                      100 + i);

  /* A slot that is gone takes its data along; a new one may have its handle. */
  vkDestroyPrivateDataSlot (rig->device, slots[0], NULL);
  slots[0] = create_slot (rig);
  g_assert_cmpuint (get_data (rig, VK_OBJECT_TYPE_QUEUE, objects[1].handle, slots[0]), ==, 0);
  g_assert_cmpuint (get_data (rig, VK_OBJECT_TYPE_QUEUE, objects[1].handle, slots[1]), ==, 103);
  for (guint i = 0; i < 2; i++)
    vkDestroyPrivateDataSlot (rig->device, slots[i], NULL);
  rig_close (rig);
}

/* Vulkan says of arrays of these that a failure makes them NULL. */
static void
test_failed_handles (void)
{
  Rig *rig = rig_open ("");
  VkCommandBufferAllocateInfo commands_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = rig->pool,
    .commandBufferCount = 2,
  };
  VkDescriptorSetAllocateInfo sets_info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
    .descriptorSetCount = 2,
  };
  const VkComputePipelineCreateInfo pipeline_infos[2] = {
    { .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO },
    { .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO },
  };
  VkCommandBuffer commands[3];
  VkDescriptorSet sets[3];
  VkPipeline pipelines[3];

  rill_test_simulation_configure ("fail=vkAllocateCommandBuffers:1,fail=vkAllocateDescriptorSets:1,"
                                  "fail=vkCreateComputePipelines:1");
  memset (commands, 0x11, sizeof commands);
  memset (sets, 0x11, sizeof sets);
  memset (pipelines, 0x11, sizeof pipelines);
  g_assert_cmpint (vkAllocateCommandBuffers (rig->device, &commands_info, commands), <, 0);
  g_assert_cmpint (vkAllocateDescriptorSets (rig->device, &sets_info, sets), <, 0);
  g_assert_cmpint (vkCreateComputePipelines (rig->device, VK_NULL_HANDLE, 2, pipeline_infos, NULL,
                                             pipelines), <, 0);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true ((commands[i] == VK_NULL_HANDLE) == (i < 2));
      g_assert_true ((sets[i] == VK_NULL_HANDLE) == (i < 2));
      g_assert_true ((pipelines[i] == VK_NULL_HANDLE) == (i < 2));
    }
  rig_close (rig);
}

/* Structures that the layer does not know */

static VkSubmitInfo2
describe_submission (const VkSemaphoreSubmitInfo *wait,
                     const VkSemaphoreSubmitInfo *signal,
                     gconstpointer                more)
{
  return (VkSubmitInfo2) {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
    .pNext = more,
    .waitSemaphoreInfoCount = wait != NULL,
    .pWaitSemaphoreInfos = wait,
    .signalSemaphoreInfoCount = signal != NULL,
    .pSignalSemaphoreInfos = signal,
  };
}

/* It waits for what is submitted later, to a queue that is the same for the driver; so does what is
 * behind it in its own. */
static void
test_unknown_structure (gconstpointer data)
{
  Rig *rig = rig_open (data);
  VkQueue queues[2] = { rig->queue, get_transfer_queue (rig) };
  const VkBaseInStructure unknown = { .sType = VK_STRUCTURE_TYPE_MAX_ENUM };
  const VkFenceCreateInfo fence_info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
  const VkSemaphoreTypeCreateInfo type_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
  };
  const VkSemaphoreCreateInfo semaphore_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
    .pNext = &type_info,
  };
  VkSemaphoreSubmitInfo moments[2] = {
    { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO, .value = 1 },
  };
  VkSubmitInfo2 info;
  VkFence fences[2];
  guint64 value;

  check (vkCreateSemaphore (rig->device, &semaphore_info, NULL, &moments[0].semaphore));
  moments[0].stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  moments[1] = moments[0];
  moments[1].value = 2;
  for (guint i = 0; i < 2; i++)
    check (vkCreateFence (rig->device, &fence_info, NULL, &fences[i]));

  info = describe_submission (&moments[0], &moments[1], &unknown);
  check (vkQueueSubmit2 (queues[1], 1, &info, fences[0]));
  info = describe_submission (NULL, NULL, &unknown);
  check (vkQueueSubmit2 (queues[1], 1, &info, fences[1]));
  g_usleep (20000);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (vkGetFenceStatus (rig->device, fences[i]), ==, VK_NOT_READY);
  info = describe_submission (NULL, &moments[0], NULL);
  check (vkQueueSubmit2 (queues[0], 1, &info, VK_NULL_HANDLE));
  check (vkWaitForFences (rig->device, 2, fences, VK_TRUE, G_MAXUINT64));
  check (vkGetSemaphoreCounterValue (rig->device, moments[0].semaphore, &value));
  g_assert_cmpuint (value, ==, 2);
  check (vkDeviceWaitIdle (rig->device));
  for (guint i = 0; i < 2; i++)
    vkDestroyFence (rig->device, fences[i], NULL);
  vkDestroySemaphore (rig->device, moments[0].semaphore, NULL);
  rig_close (rig);
}

/* Changes of ownership */

static VkImageMemoryBarrier2
describe_barrier (VkImage        image,
                  VkImageLayout  from,
                  VkImageLayout  to,
                  guint32        src,
                  guint32        dst)
{
  return (VkImageMemoryBarrier2) {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
    .oldLayout = from,
    .newLayout = to,
    .srcQueueFamilyIndex = src,
    .dstQueueFamilyIndex = dst,
    .image = image,
    .subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
  };
}

static void
run_barrier (Rig                         *rig,
             VkQueue                      queue,
             VkCommandPool                pool,
             const VkImageMemoryBarrier2 *barrier,
             gboolean                     newer)
{
  const VkCommandBufferAllocateInfo allocation = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = pool,
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
  };
  const VkDependencyInfo dependency = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .imageMemoryBarrierCount = 1,
    .pImageMemoryBarriers = barrier,
  };
  const VkImageMemoryBarrier older = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
    .srcAccessMask = (VkAccessFlags) barrier->srcAccessMask,
    .dstAccessMask = (VkAccessFlags) barrier->dstAccessMask,
    .oldLayout = barrier->oldLayout,
    .newLayout = barrier->newLayout,
    .srcQueueFamilyIndex = barrier->srcQueueFamilyIndex,
    .dstQueueFamilyIndex = barrier->dstQueueFamilyIndex,
    .image = barrier->image,
    .subresourceRange = barrier->subresourceRange,
  };
  VkCommandBuffer commands;
  const VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
  };

  check (vkAllocateCommandBuffers (rig->device, &allocation, &commands));
  check (vkBeginCommandBuffer (commands, &begin_info));
  if (newer)
    vkCmdPipelineBarrier2 (commands, &dependency);
  else
    vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                          VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &older);
  check (vkEndCommandBuffer (commands));
  check (vkQueueSubmit (queue, 1, &info, VK_NULL_HANDLE));
  check (vkQueueWaitIdle (queue));
  vkFreeCommandBuffers (rig->device, pool, 1, &commands);
}

/* Both halves name the change of the layout, which happens once: validation, which is below the
 * layer, tracks the layouts of what reaches the driver. */
static void
test_ownership (gconstpointer data)
{
  const gboolean newer = GPOINTER_TO_INT (data);
  const VkImageLayout layouts[] = {
    VK_IMAGE_LAYOUT_GENERAL,
    VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
    VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
    VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
  };
  Rig *rig = rig_open ("queues=split");
  VkQueue queues[2] = { rig->queue, get_transfer_queue (rig) };
  VkCommandPool pools[2] = { rig->pool };
  const VkCommandPoolCreateInfo pool_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .queueFamilyIndex = 1,
  };
  VkDeviceMemory memory = allocate (rig, 0, 65536);
  VkImage image = create_image (rig, VK_IMAGE_TILING_OPTIMAL, 0);
  VkImageMemoryBarrier2 barrier;

  check (vkCreateCommandPool (rig->device, &pool_info, NULL, &pools[1]));
  check (vkBindImageMemory (rig->device, image, memory, 0));
  barrier = describe_barrier (image, VK_IMAGE_LAYOUT_UNDEFINED, layouts[0], VK_QUEUE_FAMILY_IGNORED,
                              VK_QUEUE_FAMILY_IGNORED);
  run_barrier (rig, queues[0], pools[0], &barrier, newer);
  /* There, back and there again. */
  for (guint32 i = 0; i + 1 < G_N_ELEMENTS (layouts); i++)
    {
      barrier = describe_barrier (image, layouts[i], layouts[i + 1], i % 2, (i + 1) % 2);
      run_barrier (rig, queues[i % 2], pools[i % 2], &barrier, newer);
      run_barrier (rig, queues[(i + 1) % 2], pools[(i + 1) % 2], &barrier, newer);
    }
  barrier = describe_barrier (image, layouts[3], layouts[0], VK_QUEUE_FAMILY_IGNORED,
                              VK_QUEUE_FAMILY_IGNORED);
  run_barrier (rig, queues[1], pools[1], &barrier, newer);
  vkDestroyCommandPool (rig->device, pools[1], NULL);
  vkDestroyImage (rig->device, image, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!rig_prepare ())
    return 0;
  g_test_add_func ("/simulation-objects/names", test_names);
  g_test_add_func ("/simulation-objects/labels", test_labels);
  g_test_add_data_func ("/simulation-objects/private-data/validated", NULL, test_private_data);
  g_test_add_data_func ("/simulation-objects/private-data/alone", "VK_LAYER_RILL_simulation",
                        test_private_data);
  g_test_add_func ("/simulation-objects/failed-handles", test_failed_handles);
  g_test_add_data_func ("/simulation-objects/unknown-structure/at-once", "queues=split",
                        test_unknown_structure);
  g_test_add_data_func ("/simulation-objects/unknown-structure/late", "queues=split,schedule=late",
                        test_unknown_structure);
  g_test_add_data_func ("/simulation-objects/ownership/older", GINT_TO_POINTER (FALSE),
                        test_ownership);
  g_test_add_data_func ("/simulation-objects/ownership/newer", GINT_TO_POINTER (TRUE),
                        test_ownership);
  return g_test_run ();
}
