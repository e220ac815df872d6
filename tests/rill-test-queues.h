/* SPDX-License-Identifier: MIT */
#pragma once

/* A device with the simulation layer, in plain Vulkan: a queue of each family, a mapped buffer of
 * words that commands fill and copy, and semaphores and fences that end with the device. A message
 * of the layers that is not expected fails the test. */

#include "rill-test-simulation.h"

#include <string.h>
#include <vulkan/vulkan.h>

#define N_WORDS 64
#define FOR_EVER G_MAXUINT64
#define MS 1000000

/* Long enough for anything that should not happen to happen. */
#define A_WHILE_US 20000

/* What a word is before anything has been written there. */
#define UNTOUCHED 0x11111111u

typedef struct
{
  VkInstance instance;
  VkDebugUtilsMessengerEXT messenger;
  VkPhysicalDevice physical_device;
  VkDevice device;
  guint n_families;
  VkQueue queues[2];
  VkCommandPool pools[2];
  VkBuffer buffer;
  VkDeviceMemory memory;
  volatile guint32 *words;
  GArray *semaphores;
  GArray *fences;
  const char *expected_message; /* (nullable) its id */
  guint n_expected;
  gboolean lost; /* and validation still takes for pending what the device had */
} Fixture;

/* A semaphore and its value, or nothing. */
typedef struct
{
  VkSemaphore semaphore;
  guint64 value;
} Moment;

static const Moment nothing;

#define check(result) g_assert_cmpint (result, ==, VK_SUCCESS)

/* The layer's functions are there from the first instance on. FALSE, and the test is skipped, where
 * there is no layer. */
static inline gboolean
load_layer (void)
{
  const VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO };
  const char *path = g_getenv ("RILL_TEST_LAYER_PATH");
  VkInstance instance;

  if (path == NULL)
    {
      g_print ("1..0 # SKIP RILL_TEST_LAYER_PATH does not say where the simulation layer is\n");
      return FALSE;
    }
  g_setenv ("VK_LAYER_PATH", path, TRUE);
  g_setenv ("VK_INSTANCE_LAYERS",
            strstr (path, "explicit_layer.d") != NULL
              ? "VK_LAYER_KHRONOS_validation:VK_LAYER_RILL_simulation"
              : "VK_LAYER_RILL_simulation",
            TRUE);
  g_setenv ("RILL_SIMULATION", "", TRUE);
  check (vkCreateInstance (&info, NULL, &instance));
  vkDestroyInstance (instance, NULL);
  return TRUE;
}

static inline VKAPI_ATTR VkBool32 VKAPI_CALL
message_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
            VkDebugUtilsMessageTypeFlagsEXT             types,
            const VkDebugUtilsMessengerCallbackDataEXT *message,
            void                                       *data)
{
  Fixture *self = data;

  if (self->lost && strstr (message->pMessage, "in use") != NULL)
    return VK_FALSE;
  if (self->expected_message == NULL
      || g_strcmp0 (message->pMessageIdName, self->expected_message) != 0)
    g_error ("%s: %s", message->pMessageIdName, message->pMessage);
  self->n_expected++;
  return VK_FALSE;
}

static inline void
open_instance (Fixture *self)
{
  static const char *extensions[] = { VK_EXT_DEBUG_UTILS_EXTENSION_NAME };
  const VkDebugUtilsMessengerCreateInfoEXT messenger_info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                       | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                   | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = message_cb,
    .pUserData = self,
  };
  const VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .apiVersion = VK_API_VERSION_1_3,
  };
  const VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &application,
    .enabledExtensionCount = G_N_ELEMENTS (extensions),
    .ppEnabledExtensionNames = extensions,
  };
  PFN_vkCreateDebugUtilsMessengerEXT create;
  guint32 n_devices = 1;

  check (vkCreateInstance (&info, NULL, &self->instance));
  create = (PFN_vkCreateDebugUtilsMessengerEXT) vkGetInstanceProcAddr (
    self->instance, "vkCreateDebugUtilsMessengerEXT");
  check (create (self->instance, &messenger_info, NULL, &self->messenger));
  vkEnumeratePhysicalDevices (self->instance, &n_devices, &self->physical_device);
  g_assert_cmpuint (n_devices, ==, 1);
}

/* With one queue of each of the families from the first on. */
static inline void
open_device (Fixture *self,
             guint    first_family)
{
  const float priority = 1.0f;
  const VkPhysicalDeviceVulkan13Features features13 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
    .synchronization2 = VK_TRUE,
  };
  const VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = (void *) &features13,
    .timelineSemaphore = VK_TRUE,
    .hostQueryReset = VK_TRUE,
  };
  VkDeviceQueueCreateInfo queue_infos[2];
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &features12,
    .pQueueCreateInfos = queue_infos,
  };

  vkGetPhysicalDeviceQueueFamilyProperties (self->physical_device, &self->n_families, NULL);
  self->n_families = MIN (self->n_families, 2);
  for (guint i = first_family; i < self->n_families; i++)
    queue_infos[info.queueCreateInfoCount++] = (VkDeviceQueueCreateInfo) {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = i,
      .queueCount = 1,
      .pQueuePriorities = &priority,
    };
  check (vkCreateDevice (self->physical_device, &info, NULL, &self->device));
  for (guint i = first_family; i < self->n_families; i++)
    {
      const VkCommandPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = i,
      };
      vkGetDeviceQueue (self->device, i, 0, &self->queues[i]);
      check (vkCreateCommandPool (self->device, &pool_info, NULL, &self->pools[i]));
    }
}

static inline void
open_memory (Fixture *self)
{
  const guint32 wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = N_WORDS * sizeof (guint32),
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    .sharingMode = self->n_families > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
    .queueFamilyIndexCount = self->n_families,
    .pQueueFamilyIndices = (const guint32[]) { 0, 1 },
  };
  VkMemoryAllocateInfo memory_info = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
  VkPhysicalDeviceMemoryProperties memory;
  VkMemoryRequirements requirements;

  check (vkCreateBuffer (self->device, &info, NULL, &self->buffer));
  vkGetBufferMemoryRequirements (self->device, self->buffer, &requirements);
  vkGetPhysicalDeviceMemoryProperties (self->physical_device, &memory);
  memory_info.allocationSize = requirements.size;
  while ((memory.memoryTypes[memory_info.memoryTypeIndex].propertyFlags & wanted) != wanted)
    memory_info.memoryTypeIndex++;
  check (vkAllocateMemory (self->device, &memory_info, NULL, &self->memory));
  check (vkBindBufferMemory (self->device, self->buffer, self->memory, 0));
  check (vkMapMemory (self->device, self->memory, 0, VK_WHOLE_SIZE, 0, (void **) &self->words));
  for (guint i = 0; i < N_WORDS; i++)
    self->words[i] = UNTOUCHED;
}

static inline void
open_fixture (Fixture    *self,
              const char *settings)
{
  *self = (Fixture) { 0 };
  rill_test_simulation_configure (settings);
  self->semaphores = g_array_new (FALSE, FALSE, sizeof (VkSemaphore));
  self->fences = g_array_new (FALSE, FALSE, sizeof (VkFence));
  open_instance (self);
  open_device (self, 0);
  open_memory (self);
}

/* For what validation does not pass on as it is, or loses track of: of values that threads wait for
 * before they are submitted, or that are never signalled themselves but passed by. */
static inline void
open_fixture_without_validation (Fixture    *self,
                                 const char *settings)
{
  g_autofree char *layers = g_strdup (g_getenv ("VK_INSTANCE_LAYERS"));

  g_setenv ("VK_INSTANCE_LAYERS", "VK_LAYER_RILL_simulation", TRUE);
  open_fixture (self, settings);
  g_setenv ("VK_INSTANCE_LAYERS", layers, TRUE);
}

static inline void
close_fixture (Fixture *self)
{
  PFN_vkDestroyDebugUtilsMessengerEXT destroy = (PFN_vkDestroyDebugUtilsMessengerEXT)
    vkGetInstanceProcAddr (self->instance, "vkDestroyDebugUtilsMessengerEXT");

  /* A driver may be busy with a semaphore for a moment after its value was reached. */
  if (self->expected_message == NULL)
    vkDeviceWaitIdle (self->device);
  for (guint i = 0; i < 2; i++)
    vkDestroyCommandPool (self->device, self->pools[i], NULL);
  for (guint i = 0; i < self->semaphores->len; i++)
    vkDestroySemaphore (self->device, g_array_index (self->semaphores, VkSemaphore, i), NULL);
  for (guint i = 0; i < self->fences->len; i++)
    vkDestroyFence (self->device, g_array_index (self->fences, VkFence, i), NULL);
  vkDestroyBuffer (self->device, self->buffer, NULL);
  vkFreeMemory (self->device, self->memory, NULL);
  vkDestroyDevice (self->device, NULL);
  destroy (self->instance, self->messenger, NULL);
  vkDestroyInstance (self->instance, NULL);
  g_array_unref (self->semaphores);
  g_array_unref (self->fences);
}

static inline VkSemaphore
new_semaphore (Fixture         *self,
               VkSemaphoreType  type)
{
  const VkSemaphoreTypeCreateInfo type_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = type,
  };
  const VkSemaphoreCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
    .pNext = &type_info,
  };
  VkSemaphore semaphore;

  check (vkCreateSemaphore (self->device, &info, NULL, &semaphore));
  g_array_append_val (self->semaphores, semaphore);
  return semaphore;
}

static inline VkSemaphore
new_timeline (Fixture *self)
{
  return new_semaphore (self, VK_SEMAPHORE_TYPE_TIMELINE);
}

static inline VkSemaphore
new_binary (Fixture *self)
{
  return new_semaphore (self, VK_SEMAPHORE_TYPE_BINARY);
}

static inline VkFence
new_fence (Fixture *self)
{
  const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
  VkFence fence;

  check (vkCreateFence (self->device, &info, NULL, &fence));
  g_array_append_val (self->fences, fence);
  return fence;
}

/* Commands, for the queue of a family */

static inline VkCommandBuffer
begin_commands (Fixture *self,
                guint    family)
{
  const VkCommandBufferAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = self->pools[family],
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
  };
  VkCommandBuffer commands;

  check (vkAllocateCommandBuffers (self->device, &info, &commands));
  check (vkBeginCommandBuffer (commands, &begin_info));
  return commands;
}

static inline VkCommandBuffer
end_commands (VkCommandBuffer commands)
{
  const VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
  };

  vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                        &barrier, 0, NULL, 0, NULL);
  check (vkEndCommandBuffer (commands));
  return commands;
}

static inline VkCommandBuffer
new_fill (Fixture *self,
          guint    family,
          guint    word,
          guint32  value)
{
  VkCommandBuffer commands = begin_commands (self, family);

  vkCmdFillBuffer (commands, self->buffer, word * sizeof (guint32), sizeof (guint32), value);
  return end_commands (commands);
}

static inline VkCommandBuffer
new_copy (Fixture *self,
          guint    family,
          guint    from,
          guint    to)
{
  const VkBufferCopy region = { from * sizeof (guint32), to * sizeof (guint32), sizeof (guint32) };
  VkCommandBuffer commands = begin_commands (self, family);

  vkCmdCopyBuffer (commands, self->buffer, self->buffer, 1, &region);
  return end_commands (commands);
}

static inline VkResult
try_submit (Fixture         *self,
            guint            family,
            VkCommandBuffer  commands,
            Moment           wait,
            Moment           signal,
            VkFence          fence)
{
  const VkCommandBufferSubmitInfo command_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
    .commandBuffer = commands,
  };
  const VkSemaphoreSubmitInfo wait_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
    .semaphore = wait.semaphore,
    .value = wait.value,
    .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  };
  const VkSemaphoreSubmitInfo signal_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
    .semaphore = signal.semaphore,
    .value = signal.value,
    .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  };
  const VkSubmitInfo2 info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
    .waitSemaphoreInfoCount = wait.semaphore != VK_NULL_HANDLE,
    .pWaitSemaphoreInfos = &wait_info,
    .commandBufferInfoCount = commands != VK_NULL_HANDLE,
    .pCommandBufferInfos = &command_info,
    .signalSemaphoreInfoCount = signal.semaphore != VK_NULL_HANDLE,
    .pSignalSemaphoreInfos = &signal_info,
  };

  return vkQueueSubmit2 (self->queues[family], 1, &info, fence);
}

static inline void
submit (Fixture         *self,
        guint            family,
        VkCommandBuffer  commands,
        Moment           wait,
        Moment           signal,
        VkFence          fence)
{
  check (try_submit (self, family, commands, wait, signal, fence));
}

/* Host */

static inline VkResult
wait_value (Fixture *self,
            Moment   moment,
            guint64  timeout)
{
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .semaphoreCount = 1,
    .pSemaphores = &moment.semaphore,
    .pValues = &moment.value,
  };

  return vkWaitSemaphores (self->device, &info, timeout);
}

static inline void
signal_value (Fixture *self,
              Moment   moment)
{
  const VkSemaphoreSignalInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
    .semaphore = moment.semaphore,
    .value = moment.value,
  };

  check (vkSignalSemaphore (self->device, &info));
}

/* Threads */

typedef struct
{
  Fixture *f;
  Moment moment;
  VkFence fence;
  guint queue;
  VkResult result;
  guint32 seen;
} Waiter;

static inline gpointer
waiter_thread (gpointer data)
{
  Waiter *self = data;

  if (self->moment.semaphore != VK_NULL_HANDLE)
    self->result = wait_value (self->f, self->moment, FOR_EVER);
  else if (self->fence != VK_NULL_HANDLE)
    self->result = vkWaitForFences (self->f->device, 1, &self->fence, VK_TRUE, FOR_EVER);
  else
    self->result = vkQueueWaitIdle (self->f->queues[self->queue]);
  self->seen = self->f->words[1];
  return NULL;
}

static inline GThread *
start_waiter (Waiter *self)
{
  GThread *thread = g_thread_new ("waiter", waiter_thread, self);

  g_usleep (A_WHILE_US);
  return thread;
}
