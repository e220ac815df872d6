/* SPDX-License-Identifier: MIT */

/* The simulation layer below the validation layer: canaries, which show that the validation layer
 * sees the simulated device and not the real one, and the control of faults and counts. */

#include "rill-test-simulation.h"

#include <string.h>

typedef struct
{
  VkInstance instance;
  VkDebugUtilsMessengerEXT messenger;
  VkPhysicalDevice physical_device;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceMemoryProperties memory;
  VkDevice device;
  VkQueue queue;
  GString *messages;
} Fixture;

static VKAPI_ATTR VkBool32 VKAPI_CALL
message_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
            VkDebugUtilsMessageTypeFlagsEXT             types,
            const VkDebugUtilsMessengerCallbackDataEXT *data,
            void                                       *user_data)
{
  Fixture *self = user_data;

  g_string_append_printf (self->messages, "%s: %s\n", data->pMessageIdName, data->pMessage);
  return VK_FALSE;
}

static void
open_instance (Fixture *self)
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
  VkDebugUtilsMessengerCreateInfoEXT messenger = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = message_cb,
    .pUserData = self,
  };
  PFN_vkCreateDebugUtilsMessengerEXT create;

  g_assert_cmpint (vkCreateInstance (&info, NULL, &self->instance), ==, VK_SUCCESS);
  create = (PFN_vkCreateDebugUtilsMessengerEXT)
    vkGetInstanceProcAddr (self->instance, "vkCreateDebugUtilsMessengerEXT");
  g_assert_cmpint (create (self->instance, &messenger, NULL, &self->messenger), ==, VK_SUCCESS);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  static const float priority = 1.0f;
  VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
  };
  guint32 n = 1;

  self->messages = g_string_new (NULL);
  open_instance (self);
  g_assert_cmpint (vkEnumeratePhysicalDevices (self->instance, &n, &self->physical_device), >=, 0);
  g_assert_cmpuint (n, ==, 1);
  vkGetPhysicalDeviceProperties (self->physical_device, &self->properties);
  vkGetPhysicalDeviceMemoryProperties (self->physical_device, &self->memory);
  g_assert_cmpint (vkCreateDevice (self->physical_device, &info, NULL, &self->device), ==,
                   VK_SUCCESS);
  vkGetDeviceQueue (self->device, 0, 0, &self->queue);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  PFN_vkDestroyDebugUtilsMessengerEXT destroy = (PFN_vkDestroyDebugUtilsMessengerEXT)
    vkGetInstanceProcAddr (self->instance, "vkDestroyDebugUtilsMessengerEXT");

  /* The faults of one test are not those of the next. */
  rill_test_simulation_configure (g_getenv ("RILL_SIMULATION"));
  vkDestroyDevice (self->device, NULL);
  destroy (self->instance, self->messenger, NULL);
  vkDestroyInstance (self->instance, NULL);
  g_assert_cmpint (rill_test_simulation (get_alive) (NULL), ==, 0);
  g_assert_cmpstr (self->messages->str, ==, "");
  g_string_free (self->messages, TRUE);
}

/* Exactly that was said, and is forgotten. */
static void
assert_message (Fixture    *self,
                const char *id)
{
  if (strstr (self->messages->str, id) == NULL)
    g_error ("%s is not in “%s”", id, self->messages->str);
  g_string_truncate (self->messages, 0);
}

static gint
find_type (Fixture               *self,
           VkMemoryPropertyFlags  with,
           VkMemoryPropertyFlags  without)
{
  for (guint i = 0; i < self->memory.memoryTypeCount; i++)
    if ((self->memory.memoryTypes[i].propertyFlags & with) == with
        && !(self->memory.memoryTypes[i].propertyFlags & without))
      return (gint) i;
  return -1;
}

static VkResult
allocate (Fixture        *self,
          gint            type,
          VkDeviceSize    size,
          VkDeviceMemory *memory)
{
  VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .allocationSize = size,
    .memoryTypeIndex = (guint32) type,
  };

  return vkAllocateMemory (self->device, &info, NULL, memory);
}

static void
test_canary_map (Fixture       *self,
                 gconstpointer  data)
{
  gint type = find_type (self, 0, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT);
  VkDeviceMemory memory;
  void *address;

  if (type < 0)
    {
      g_test_skip ("every type of memory of this topology is visible to the host");
      return;
    }
  g_assert_cmpint (allocate (self, type, 4096, &memory), ==, VK_SUCCESS);
  g_assert_cmpint (vkMapMemory (self->device, memory, 0, 4096, 0, &address), !=, VK_SUCCESS);
  assert_message (self, "VUID-vkMapMemory-memory-00682");
  vkFreeMemory (self->device, memory, NULL);
}

static void
test_canary_flush (Fixture       *self,
                   gconstpointer  data)
{
  gint type = find_type (self, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, 0);
  VkMappedMemoryRange range = { .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .offset = 64 };
  void *address;

  if (self->properties.limits.nonCoherentAtomSize <= 64)
    {
      g_test_skip ("this topology has the driver's own atom");
      return;
    }
  g_assert_cmpuint (self->properties.limits.nonCoherentAtomSize, ==, 256);
  g_assert_cmpint (allocate (self, type, 4096, &range.memory), ==, VK_SUCCESS);
  g_assert_cmpint (vkMapMemory (self->device, range.memory, 0, 4096, 0, &address), ==, VK_SUCCESS);
  range.size = 256;
  vkFlushMappedMemoryRanges (self->device, 1, &range);
  assert_message (self, "VUID-VkMappedMemoryRange-offset-00687");
  vkUnmapMemory (self->device, range.memory);
  vkFreeMemory (self->device, range.memory, NULL);
}

static void
test_canary_count (Fixture       *self,
                   gconstpointer  data)
{
  guint limit = self->properties.limits.maxMemoryAllocationCount;
  g_autofree VkDeviceMemory *memories = NULL;

  if (limit > 1000)
    {
      g_test_skip ("this topology has the driver's own number of allocations");
      return;
    }
  memories = g_new0 (VkDeviceMemory, limit + 1);
  for (guint i = 0; i < limit; i++)
    g_assert_cmpint (allocate (self, 0, 4096, &memories[i]), ==, VK_SUCCESS);
  g_assert_cmpint (allocate (self, 0, 4096, &memories[limit]), !=, VK_SUCCESS);
  assert_message (self, "VUID-vkAllocateMemory-maxMemoryAllocationCount-04101");
  for (guint i = 0; i < limit; i++)
    vkFreeMemory (self->device, memories[i], NULL);
}

/* A topology that does not show would leave every other test on the driver's own memory. */
static void
test_canary_name (Fixture       *self,
                  gconstpointer  data)
{
  const char *settings = g_getenv ("RILL_SIMULATION");
  VkPhysicalDeviceType type = self->properties.deviceType;
  guint32 n = 0;

  if (strstr (settings, "integrated") != NULL)
    g_assert_cmpint (type, ==, VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU);
  else if (strstr (settings, "few-allocations") == NULL)
    g_assert_cmpint (type, ==, VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
  if (strstr (settings, "granularity=1024") != NULL)
    g_assert_cmpuint (self->properties.limits.bufferImageGranularity, ==, 1024);
  if (strstr (settings, "small-heap=64M") != NULL)
    g_assert_cmpuint (self->memory.memoryHeaps[0].size, ==, 64 << 20);
  vkGetPhysicalDeviceQueueFamilyProperties (self->physical_device, &n, NULL);
  if (strstr (settings, "queues=split") != NULL)
    g_assert_cmpuint (n, ==, 2);
}

static void
test_settings (Fixture       *self,
               gconstpointer  data)
{
  static const char *const wrong[] = {
    "continuous", "discrete,integrated", "atom=3", "atom=0", "small-heap=1T", "small-heap=-1",
    "fail=vkAllocateMemory", "fail=vkAllocateMemory:0", "fail=vkAllocateMemory:1:VK_ERROR",
    "fail=vkFreeMemory:1", "fail=vkNothing:1", "lose=x", "queues=joined", "=", "count=", "\xff",
    "atom=512", "atom=1M", "atom=1K", "granularity=256K", "granularity=131073", "granularity=3K",
    "overlap=allow", "fail=vkEnumerateInstanceVersion:1", "fail=vkCmdDraw:1:VK_ERROR_DEVICE_LOST",
  };
  PFN_rill_simulation_configure configure = rill_test_simulation (configure);

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpint (configure (wrong[i]), ==, -1);
  g_assert_cmpint (configure (" discrete;granularity=4K \n atom=64,small-heap=1G,,lose=5"), ==, 0);
  g_assert_cmpint (configure ("granularity=128K,atom=256,overlap=report"), ==, 0);
}

static void
test_fail_nth (Fixture       *self,
               gconstpointer  data)
{
  VkDeviceMemory memories[4] = { VK_NULL_HANDLE };
  static const VkResult expected[] = {
    VK_SUCCESS, VK_SUCCESS, VK_ERROR_TOO_MANY_OBJECTS, VK_SUCCESS,
  };

  rill_test_simulation_configure ("fail=vkAllocateMemory:3:VK_ERROR_TOO_MANY_OBJECTS");
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (allocate (self, 0, 4096, &memories[i]), ==, expected[i]);
  g_assert_cmpuint (rill_test_simulation (get_faults) (), ==, 1);
  g_assert_cmpuint (rill_test_simulation (get_calls) ("vkAllocateMemory"), ==, 4);
  g_assert_cmpint (rill_test_simulation (get_alive) ("VkDeviceMemory"), ==, 3);
  for (guint i = 0; i < 4; i++)
    if (expected[i] == VK_SUCCESS)
      vkFreeMemory (self->device, memories[i], NULL);
  g_assert_cmpint (rill_test_simulation (get_alive) ("VkDeviceMemory"), ==, 0);
}

static void
test_fail_all_after (Fixture       *self,
                     gconstpointer  data)
{
  VkDeviceMemory memory;
  VkDeviceMemory none;

  rill_test_simulation_configure ("fail=vkAllocateMemory:2+");
  g_assert_cmpint (allocate (self, 0, 4096, &memory), ==, VK_SUCCESS);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (allocate (self, 0, 4096, &none), ==, VK_ERROR_OUT_OF_HOST_MEMORY);
  g_assert_cmpuint (rill_test_simulation (get_faults) (), ==, 3);
  vkFreeMemory (self->device, memory, NULL);
}

static void
test_lose (Fixture       *self,
           gconstpointer  data)
{
  rill_test_simulation_configure ("lose=2");
  g_assert_cmpint (vkQueueSubmit (self->queue, 0, NULL, VK_NULL_HANDLE), ==, VK_SUCCESS);
  g_assert_cmpint (vkQueueWaitIdle (self->queue), ==, VK_SUCCESS);
  g_assert_cmpint (vkQueueSubmit (self->queue, 0, NULL, VK_NULL_HANDLE), ==, VK_ERROR_DEVICE_LOST);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (vkQueueWaitIdle (self->queue), ==, VK_ERROR_DEVICE_LOST);
      g_assert_cmpint (vkDeviceWaitIdle (self->device), ==, VK_ERROR_DEVICE_LOST);
    }
  g_assert_cmpuint (rill_test_simulation (get_faults) (), ==, 1);
}

static void
test_entry_points (Fixture       *self,
                   gconstpointer  data)
{
  PFN_rill_simulation_get_entry_point get = rill_test_simulation (get_entry_point);
  const VkResult *errors;
  const char *name;
  guint n = 0;
  gboolean found = FALSE;

  while ((name = get (n, &errors)) != NULL)
    {
      n++;
      if (strcmp (name, "vkFreeMemory") == 0)
        g_assert_cmpint (errors[0], ==, VK_SUCCESS);
      if (strcmp (name, "vkQueueSubmit2") == 0)
        for (guint i = 0; errors[i] != VK_SUCCESS; i++)
          found |= errors[i] == VK_ERROR_DEVICE_LOST;
    }
  g_assert_cmpuint (n, >, 300);
  g_assert_true (found);
}

/* Whatever can fail by Vulkan can be made to, and what cannot is refused; of those a few, since
 * each is a line on standard error. */
static void
test_fail_which (Fixture       *self,
                 gconstpointer  data)
{
  PFN_rill_simulation_configure configure = rill_test_simulation (configure);
  PFN_rill_simulation_get_entry_point get = rill_test_simulation (get_entry_point);
  const VkResult *errors;
  const char *name;

  for (guint i = 0; (name = get (i, &errors)) != NULL; i++)
    {
      g_autofree char *settings = g_strdup_printf ("fail=%s:1000", name);

      if (errors[0] != VK_SUCCESS)
        g_assert_cmpint (configure (settings), ==, 0);
      else if (g_str_has_prefix (name, "vkReset") || g_str_has_prefix (name, "vkFree"))
        g_assert_cmpint (configure (settings), ==, -1);
    }
}

#define add(path, func) g_test_add ("/simulation/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (g_getenv ("RILL_SIMULATION") == NULL)
    {
      g_printerr ("RILL_SIMULATION is not set: nothing is simulated\n");
      return 77;
    }
  add ("canary/map", test_canary_map);
  add ("canary/flush", test_canary_flush);
  add ("canary/count", test_canary_count);
  add ("canary/name", test_canary_name);
  add ("settings", test_settings);
  add ("fail/nth", test_fail_nth);
  add ("fail/all-after", test_fail_all_after);
  add ("fail/which", test_fail_which);
  add ("lose", test_lose);
  add ("entry-points", test_entry_points);
  return g_test_run ();
}
