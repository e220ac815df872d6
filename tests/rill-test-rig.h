/* SPDX-License-Identifier: MIT */

#pragma once

/* A simulated device for tests of the layer itself. The validation layer runs below it here and
 * sees what reaches the driver: legal calls must become legal calls. */

#include "rill-test-simulation.h"

#include <string.h>

#define DEVICE VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define VISIBLE VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED VK_MEMORY_PROPERTY_HOST_CACHED_BIT
#define MIB ((VkDeviceSize) 1 << 20)

#define check(call) g_assert_cmpint (call, ==, VK_SUCCESS)

typedef struct
{
  VkInstance instance;
  VkDebugUtilsMessengerEXT messenger;
  VkPhysicalDevice physical_device;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceMemoryProperties memory;
  VkDevice device;
  VkQueue queue;
  VkCommandPool pool;
  guint n_families;
  GMutex lock;
  GString *reports;      /* (lock) of the simulation: an id and a space for each */
  guint n_others;        /* (lock) messages of the validation layer */
  gboolean is_wrong;     /* the test does what it must not, so those are expected */
} Rig;

static inline VKAPI_ATTR VkBool32 VKAPI_CALL
message_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
            VkDebugUtilsMessageTypeFlagsEXT             types,
            const VkDebugUtilsMessengerCallbackDataEXT *data,
            void                                       *user_data)
{
  Rig *self = user_data;

  g_test_message ("%s: %s", data->pMessageIdName, data->pMessage);
  g_mutex_lock (&self->lock);
  if (g_str_has_prefix (data->pMessageIdName, "RILL-"))
    g_string_append_printf (self->reports, "%s ", data->pMessageIdName);
  else
    self->n_others++;
  g_mutex_unlock (&self->lock);
  return VK_FALSE;
}

static inline VkInstance
create_instance (void)
{
  const char *extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .apiVersion = VK_API_VERSION_1_3,
  };
  VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &application,
    .enabledExtensionCount = 1,
    .ppEnabledExtensionNames = &extension,
  };
  VkInstance instance;

  check (vkCreateInstance (&info, NULL, &instance));
  return instance;
}

static inline VkPhysicalDevice
find_physical_device (VkInstance instance)
{
  guint32 n = 1;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;

  vkEnumeratePhysicalDevices (instance, &n, &physical_device);
  if (n == 0)
    g_error ("No Vulkan driver found");
  return physical_device;
}

static inline void
open_device (Rig *self)
{
  static const float priority = 1.0f;
  const char *extensions[] = {
    VK_EXT_MEMORY_BUDGET_EXTENSION_NAME,
    VK_KHR_EXTERNAL_MEMORY_EXTENSION_NAME,
    VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME,
  };
  VkDeviceQueueCreateInfo queues[2];
  VkPhysicalDeviceVulkan13Features features13 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
    .privateData = VK_TRUE,
    .synchronization2 = VK_TRUE,
  };
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = &features13,
    .timelineSemaphore = VK_TRUE,
  };
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &features12,
    .pQueueCreateInfos = queues,
    .enabledExtensionCount = G_N_ELEMENTS (extensions),
    .ppEnabledExtensionNames = extensions,
  };
  VkCommandPoolCreateInfo pool = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO };

  vkGetPhysicalDeviceQueueFamilyProperties (self->physical_device, &self->n_families, NULL);
  info.queueCreateInfoCount = MIN (self->n_families, G_N_ELEMENTS (queues));
  for (guint32 i = 0; i < info.queueCreateInfoCount; i++)
    queues[i] = (VkDeviceQueueCreateInfo) {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = i,
      .queueCount = 1,
      .pQueuePriorities = &priority,
    };
  check (vkCreateDevice (self->physical_device, &info, NULL, &self->device));
  vkGetDeviceQueue (self->device, 0, 0, &self->queue);
  check (vkCreateCommandPool (self->device, &pool, NULL, &self->pool));
}

static inline Rig *
rig_open (const char *settings)
{
  Rig *self = g_new0 (Rig, 1);
  VkDebugUtilsMessengerCreateInfoEXT info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT
                       | VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = message_cb,
    .pUserData = self,
  };
  PFN_vkCreateDebugUtilsMessengerEXT create;

  rill_test_simulation_configure (settings);
  g_mutex_init (&self->lock);
  self->reports = g_string_new (NULL);
  self->instance = create_instance ();
  create = (PFN_vkCreateDebugUtilsMessengerEXT)
    vkGetInstanceProcAddr (self->instance, "vkCreateDebugUtilsMessengerEXT");
  check (create (self->instance, &info, NULL, &self->messenger));
  self->physical_device = find_physical_device (self->instance);
  vkGetPhysicalDeviceProperties (self->physical_device, &self->properties);
  vkGetPhysicalDeviceMemoryProperties (self->physical_device, &self->memory);
  open_device (self);
  return self;
}

/* These were reported, in this order, and are forgotten. */
static inline void
assert_reports (Rig        *self,
                const char *reports)
{
  g_assert_cmpstr (self->reports->str, ==, reports);
  g_string_truncate (self->reports, 0);
}

static inline void
rig_close (Rig *self)
{
  PFN_vkDestroyDebugUtilsMessengerEXT destroy = (PFN_vkDestroyDebugUtilsMessengerEXT)
    vkGetInstanceProcAddr (self->instance, "vkDestroyDebugUtilsMessengerEXT");

  vkDestroyCommandPool (self->device, self->pool, NULL);
  vkDestroyDevice (self->device, NULL);
  destroy (self->instance, self->messenger, NULL);
  vkDestroyInstance (self->instance, NULL);
  assert_reports (self, "");
  if (!self->is_wrong)
    g_assert_cmpuint (self->n_others, ==, 0);
  g_assert_cmpint (rill_test_simulation (get_alive) (NULL), ==, 0);
  g_string_free (self->reports, TRUE);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The first that has the flags. */
static inline guint32
find_type (Rig                   *self,
           VkMemoryPropertyFlags  flags)
{
  for (guint32 i = 0; i < self->memory.memoryTypeCount; i++)
    if ((self->memory.memoryTypes[i].propertyFlags & flags) == flags)
      return i;
  g_error ("no memory type with flags %x", flags);
}

static inline VkResult
try_allocate (Rig            *self,
              guint32         type,
              VkDeviceSize    size,
              VkDeviceMemory *memory)
{
  VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .allocationSize = size,
    .memoryTypeIndex = type,
  };

  return vkAllocateMemory (self->device, &info, NULL, memory);
}

static inline VkDeviceMemory
allocate (Rig          *self,
          guint32       type,
          VkDeviceSize  size)
{
  VkDeviceMemory memory;

  check (try_allocate (self, type, size, &memory));
  return memory;
}

static inline VkBufferCreateInfo
describe_buffer (VkDeviceSize size)
{
  return (VkBufferCreateInfo) {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  };
}

static inline VkImageCreateInfo
describe_image (VkImageTiling      tiling,
                VkImageCreateFlags flags)
{
  return (VkImageCreateInfo) {
    .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
    .flags = flags,
    .imageType = VK_IMAGE_TYPE_2D,
    .format = VK_FORMAT_R8G8B8A8_UNORM,
    .extent = { 16, 16, 1 },
    .mipLevels = 1,
    .arrayLayers = 1,
    .samples = VK_SAMPLE_COUNT_1_BIT,
    .tiling = tiling,
    .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
  };
}

static inline VkBuffer
create_buffer (Rig          *self,
               VkDeviceSize  size)
{
  VkBufferCreateInfo info = describe_buffer (size);
  VkBuffer buffer;

  check (vkCreateBuffer (self->device, &info, NULL, &buffer));
  return buffer;
}

static inline VkImage
create_image (Rig                *self,
              VkImageTiling       tiling,
              VkImageCreateFlags  flags)
{
  VkImageCreateInfo info = describe_image (tiling, flags);
  VkImage image;

  check (vkCreateImage (self->device, &info, NULL, &image));
  return image;
}

/* A buffer that is all of a memory. */
typedef struct
{
  VkDeviceMemory memory;
  VkBuffer buffer;
  VkDeviceSize size;
} Block;

static inline Block
block_new (Rig          *self,
           guint32       type,
           VkDeviceSize  size)
{
  Block block = { allocate (self, type, size), create_buffer (self, size), size };
  VkMemoryRequirements requirements;

  vkGetBufferMemoryRequirements (self->device, block.buffer, &requirements);
  g_assert_cmpuint (requirements.size, ==, size);
  check (vkBindBufferMemory (self->device, block.buffer, block.memory, 0));
  return block;
}

static inline void
block_free (Rig   *self,
            Block *block)
{
  vkDestroyBuffer (self->device, block->buffer, NULL);
  vkFreeMemory (self->device, block->memory, NULL);
}

static inline VkCommandBuffer
begin (Rig *self)
{
  VkCommandBufferAllocateInfo allocation = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = self->pool,
    .commandBufferCount = 1,
  };
  VkCommandBufferBeginInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };
  VkCommandBuffer commands;

  check (vkAllocateCommandBuffers (self->device, &allocation, &commands));
  check (vkBeginCommandBuffer (commands, &info));
  return commands;
}

static inline void
finish (Rig             *self,
        VkCommandBuffer  commands)
{
  VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT,
  };
  VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
  };

  vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                        VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &barrier,
                        0, NULL, 0, NULL);
  check (vkEndCommandBuffer (commands));
  check (vkQueueSubmit (self->queue, 1, &info, VK_NULL_HANDLE));
  check (vkQueueWaitIdle (self->queue));
  vkFreeCommandBuffers (self->device, self->pool, 1, &commands);
}

/* The device writes. */
static inline void
fill (Rig          *self,
      const Block  *block,
      VkDeviceSize  offset,
      VkDeviceSize  size,
      guint32       value)
{
  VkCommandBuffer commands = begin (self);

  vkCmdFillBuffer (commands, block->buffer, offset, size, value);
  finish (self, commands);
}

/* What the device finds in it. */
static inline guint32 *
look (Rig         *self,
      const Block *block)
{
  Block copy = block_new (self, find_type (self, VISIBLE | COHERENT), block->size);
  VkBufferCopy region = { .size = block->size };
  VkCommandBuffer commands = begin (self);
  guint32 *words;
  void *data;

  vkCmdCopyBuffer (commands, block->buffer, copy.buffer, 1, &region);
  finish (self, commands);
  check (vkMapMemory (self->device, copy.memory, 0, VK_WHOLE_SIZE, 0, &data));
  words = g_memdup2 (data, block->size);
  vkUnmapMemory (self->device, copy.memory);
  block_free (self, &copy);
  return words;
}

static inline gpointer
map (Rig            *self,
     VkDeviceMemory  memory,
     VkDeviceSize    offset,
     VkDeviceSize    size)
{
  void *data;

  check (vkMapMemory (self->device, memory, offset, size, 0, &data));
  return data;
}

static inline VkMappedMemoryRange
range (VkDeviceMemory memory,
       VkDeviceSize   offset,
       VkDeviceSize   size)
{
  return (VkMappedMemoryRange) {
    .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
    .memory = memory,
    .offset = offset,
    .size = size,
  };
}

static inline void
flush (Rig            *self,
       VkDeviceMemory  memory,
       VkDeviceSize    offset,
       VkDeviceSize    size)
{
  VkMappedMemoryRange flushed = range (memory, offset, size);

  check (vkFlushMappedMemoryRanges (self->device, 1, &flushed));
}

static inline void
invalidate (Rig            *self,
            VkDeviceMemory  memory,
            VkDeviceSize    offset,
            VkDeviceSize    size)
{
  VkMappedMemoryRange invalidated = range (memory, offset, size);

  check (vkInvalidateMappedMemoryRanges (self->device, 1, &invalidated));
}

/* All of these words are the value. */
static inline void
assert_words (const guint32 *words,
              gsize          first,
              gsize          n,
              guint32        value)
{
  for (gsize i = first; i < first + n; i++)
    if (words[i] != value)
      g_error ("word %" G_GSIZE_FORMAT " is %x, not %x", i, words[i], value);
}

/* For main(): the layers of this test, whatever surrounds it. FALSE without the simulation. */
static inline gboolean
rig_prepare (void)
{
  const char *path = g_getenv ("RILL_TEST_LAYER_PATH");
  g_auto (GStrv) folders = NULL;
  g_autoptr (GString) reversed = g_string_new (NULL);
  VkInstance instance;

  if (path == NULL)
    {
      g_print ("1..0 # SKIP RILL_TEST_LAYER_PATH does not say where the simulation layer is\n");
      return FALSE;
    }
  /* The layers are stacked as the folders are listed, and validation comes first there. */
  folders = g_strsplit (path, ":", -1);
  for (guint i = g_strv_length (folders); i > 0; i--)
    g_string_append_printf (reversed, "%s%s", reversed->len > 0 ? ":" : "", folders[i - 1]);
  g_setenv ("VK_LAYER_PATH", reversed->str, TRUE);
  g_setenv ("VK_INSTANCE_LAYERS", "VK_LAYER_RILL_simulation:VK_LAYER_KHRONOS_validation", TRUE);
  g_setenv ("RILL_SIMULATION", "", TRUE);

  /* The layer's functions are there once it is loaded. */
  instance = create_instance ();
  vkDestroyInstance (instance, NULL);
  return TRUE;
}
