/* SPDX-License-Identifier: MIT */

/* Canary: with the tests' settings the validation layer does see a hazard within a command buffer.
 * Plain Vulkan, so that nothing of Rill stands between. */

#include <gio/gio.h>
#include <vulkan/vulkan.h>

#define HAZARD "SYNC-HAZARD-WRITE-AFTER-WRITE"

typedef struct
{
  VkInstance instance;
  VkDebugUtilsMessengerEXT messenger;
  VkDevice device;
  VkBuffer buffer;
  VkDeviceMemory memory;
  VkCommandPool pool;
  guint n_hazards;
  guint n_others;
} Canary;

static void
check (VkResult    result,
       const char *call)
{
  if (result != VK_SUCCESS)
    g_error ("%s: VkResult %d", call, (int) result);
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
message_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
            VkDebugUtilsMessageTypeFlagsEXT             types,
            const VkDebugUtilsMessengerCallbackDataEXT *message,
            void                                       *data)
{
  Canary *self = data;

  g_test_message ("%s", message->pMessage);
  if (g_strcmp0 (message->pMessageIdName, HAZARD) == 0)
    self->n_hazards++;
  else
    self->n_others++;
  return VK_FALSE;
}

static void
open_instance (Canary *self)
{
  VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .apiVersion = VK_API_VERSION_1_3,
  };
  VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &application,
    .enabledLayerCount = 1,
    .ppEnabledLayerNames = (const char *[]) { "VK_LAYER_KHRONOS_validation" },
    .enabledExtensionCount = 1,
    .ppEnabledExtensionNames = (const char *[]) { VK_EXT_DEBUG_UTILS_EXTENSION_NAME },
  };
  VkDebugUtilsMessengerCreateInfoEXT messenger_info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                       | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                   | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = message_cb,
    .pUserData = self,
  };
  PFN_vkCreateDebugUtilsMessengerEXT create_messenger;

  check (vkCreateInstance (&info, NULL, &self->instance), "vkCreateInstance");
  create_messenger = (PFN_vkCreateDebugUtilsMessengerEXT)
      vkGetInstanceProcAddr (self->instance, "vkCreateDebugUtilsMessengerEXT");
  check (create_messenger (self->instance, &messenger_info, NULL, &self->messenger),
         "vkCreateDebugUtilsMessengerEXT");
}

static void
open_device (Canary *self)
{
  guint32 n_devices = 1;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDeviceQueueCreateInfo queue_info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueCount = 1,
    .pQueuePriorities = (const float[]) { 1.0f },
  };
  VkDeviceCreateInfo device_info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue_info,
  };
  VkBufferCreateInfo buffer_info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = 1024,
    .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  };
  VkMemoryAllocateInfo memory_info = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
  VkMemoryRequirements requirements;

  vkEnumeratePhysicalDevices (self->instance, &n_devices, &physical_device);
  if (n_devices == 0)
    g_error ("No Vulkan driver found");
  check (vkCreateDevice (physical_device, &device_info, NULL, &self->device), "vkCreateDevice");
  check (vkCreateBuffer (self->device, &buffer_info, NULL, &self->buffer), "vkCreateBuffer");
  vkGetBufferMemoryRequirements (self->device, self->buffer, &requirements);
  memory_info.allocationSize = requirements.size;
  memory_info.memoryTypeIndex = (guint32) g_bit_nth_lsf (requirements.memoryTypeBits, -1);
  check (vkAllocateMemory (self->device, &memory_info, NULL, &self->memory), "vkAllocateMemory");
  check (vkBindBufferMemory (self->device, self->buffer, self->memory, 0), "vkBindBufferMemory");
}

static void
record_two_writes (Canary   *self,
                   gboolean  with_barrier)
{
  VkCommandPoolCreateInfo pool_info = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO };
  VkCommandBufferAllocateInfo commands_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandBufferCount = 1,
  };
  VkCommandBufferBeginInfo begin_info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };
  VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
  };
  VkCommandBuffer commands;

  check (vkCreateCommandPool (self->device, &pool_info, NULL, &self->pool), "vkCreateCommandPool");
  commands_info.commandPool = self->pool;
  check (vkAllocateCommandBuffers (self->device, &commands_info, &commands), "vkAllocateCommandBuffers");
  check (vkBeginCommandBuffer (commands, &begin_info), "vkBeginCommandBuffer");
  vkCmdFillBuffer (commands, self->buffer, 0, 1024, 1);
  if (with_barrier)
    vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0,
                          1, &barrier, 0, NULL, 0, NULL);
  vkCmdFillBuffer (commands, self->buffer, 0, 1024, 2);
  check (vkEndCommandBuffer (commands), "vkEndCommandBuffer");
}

static void
close_all (Canary *self)
{
  PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger = (PFN_vkDestroyDebugUtilsMessengerEXT)
      vkGetInstanceProcAddr (self->instance, "vkDestroyDebugUtilsMessengerEXT");

  vkDestroyCommandPool (self->device, self->pool, NULL);
  vkDestroyBuffer (self->device, self->buffer, NULL);
  vkFreeMemory (self->device, self->memory, NULL);
  vkDestroyDevice (self->device, NULL);
  destroy_messenger (self->instance, self->messenger, NULL);
  vkDestroyInstance (self->instance, NULL);
}

static void
test_hazard (gconstpointer data)
{
  gboolean with_barrier = GPOINTER_TO_INT (data);
  Canary canary = { 0 };

  open_instance (&canary);
  open_device (&canary);
  record_two_writes (&canary, with_barrier);
  close_all (&canary);

  g_assert_cmpuint (canary.n_hazards, ==, with_barrier ? 0 : 1);
  g_assert_cmpuint (canary.n_others, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/validation-layer/hazard", GINT_TO_POINTER (FALSE), test_hazard);
  g_test_add_data_func ("/validation-layer/no-hazard", GINT_TO_POINTER (TRUE), test_hazard);
  return g_test_run ();
}
