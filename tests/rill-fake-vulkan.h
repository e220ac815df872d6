/* SPDX-License-Identifier: MIT */
#pragma once

/* The functions of Vulkan that finding a device needs, of a machine that is described by variables.
 * A program that includes this once takes precedence over the loader with them. */

#include <gio/gio.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define LAYER "VK_LAYER_KHRONOS_validation"
#define N_FAKES 5

typedef struct
{
  const char *name;
  VkPhysicalDeviceType type;
  guint32 api_version;
  guint32 vendor_id;
  guint32 driver_version;
  VkDriverId driver_id;
  const char *driver_info;
  guint8 uuid;              /* of every byte */
  guint8 driver_uuid;
  gboolean pci;
  guint32 pci_bus;
  gboolean budget;
  VkQueueFlags queues;
  gboolean no_timeline;
  gboolean no_synchronization2;
  gboolean no_maintenance4;
} FakeDevice;

typedef enum
{
  CALL_VERSION,
  CALL_LAYERS,
  CALL_EXTENSIONS,
  CALL_CREATE_INSTANCE,
  CALL_CREATE_MESSENGER,
  CALL_DEVICES,
  CALL_DEVICE_EXTENSIONS,
  N_CALLS,
} Call;

static struct
{
  FakeDevice devices[N_FAKES];
  guint order[N_FAKES];
  guint n_devices;
  guint32 loader_version;
  gboolean has_layer;
  gboolean loader_has_debug_utils;
  gboolean layer_has_debug_utils;
  VkResult results[N_CALLS];
  guint n_incomplete;    /* times that a list grows between asking for its length and for itself */
  guint n_complete;      /* lists that are given before that */
  guint n_instances;
  guint n_messengers;
  gboolean heard_creation;
  gboolean says_goodbye; /* the validation layer, when the instance ends */
  VkDebugUtilsMessengerCreateInfoEXT creation;
} fake;

static guint instance_memory;
static guint messenger_memory;

static void
reset (void)
{
  static const VkPhysicalDeviceType types[N_FAKES] = {
    VK_PHYSICAL_DEVICE_TYPE_OTHER,
    VK_PHYSICAL_DEVICE_TYPE_CPU,
    VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU,
    VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
    VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
  };
  static const char * const names[N_FAKES] = {
    "Oddity", "Slow Processor", "Rented Card", "Small Card 12", "Large Card 3070",
  };

  rill_instance_drop_shared ();
  g_unsetenv ("RILL_DEVICE");
  memset (&fake, 0, sizeof fake);
  fake.n_devices = N_FAKES;
  fake.loader_version = VK_MAKE_API_VERSION (0, 1, 3, 239);
  fake.has_layer = TRUE;
  fake.loader_has_debug_utils = TRUE;
  for (guint i = 0; i < N_FAKES; i++)
    {
      fake.order[i] = i;
      fake.devices[i] = (FakeDevice) {
        .name = names[i],
        .type = types[i],
        .api_version = VK_MAKE_API_VERSION (0, 1, 3, 230),
        .vendor_id = 0x1002,
        .driver_version = VK_MAKE_API_VERSION (0, 22, 3, 6),
        .driver_id = VK_DRIVER_ID_MESA_RADV,
        .driver_info = "",
        .uuid = (guint8) (0xa0 + i),
        .driver_uuid = 0xdd,
        .queues = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
      };
    }
}

static const FakeDevice *
get_fake (VkPhysicalDevice handle)
{
  return (const FakeDevice *) (gpointer) handle;
}

/* The two calls of a list; @n of them are there. */
static VkResult
give_length (guint32  *n_given,
             gpointer  list,
             guint32   n)
{
  if (list != NULL && fake.n_complete > 0)
    fake.n_complete--;
  else if (list != NULL && fake.n_incomplete > 0)
    {
      fake.n_incomplete--;
      return VK_INCOMPLETE;
    }
  if (list != NULL && *n_given < n)
    return VK_INCOMPLETE;
  *n_given = n;
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEnumerateInstanceVersion (uint32_t *version)
{
  *version = fake.loader_version;
  return fake.results[CALL_VERSION];
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEnumerateInstanceLayerProperties (uint32_t          *n_layers,
                                    VkLayerProperties *layers)
{
  VkResult result = give_length (n_layers, layers, fake.has_layer ? 2 : 1);

  if (layers != NULL && result == VK_SUCCESS)
    {
      g_strlcpy (layers[0].layerName, "VK_LAYER_MESA_overlay", VK_MAX_EXTENSION_NAME_SIZE);
      if (fake.has_layer)
        g_strlcpy (layers[1].layerName, LAYER, VK_MAX_EXTENSION_NAME_SIZE);
    }
  return fake.results[CALL_LAYERS] != VK_SUCCESS ? fake.results[CALL_LAYERS] : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEnumerateInstanceExtensionProperties (const char            *layer,
                                        uint32_t              *n_extensions,
                                        VkExtensionProperties *extensions)
{
  gboolean found = layer == NULL ? fake.loader_has_debug_utils : fake.layer_has_debug_utils;
  VkResult result = give_length (n_extensions, extensions, found ? 1 : 0);

  if (extensions != NULL && result == VK_SUCCESS && found)
    g_strlcpy (extensions[0].extensionName, VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
               VK_MAX_EXTENSION_NAME_SIZE);
  return fake.results[CALL_EXTENSIONS] != VK_SUCCESS ? fake.results[CALL_EXTENSIONS] : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateInstance (const VkInstanceCreateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkInstance                  *instance)
{
  const VkDebugUtilsMessengerCreateInfoEXT *messenger = info->pNext;

  if (fake.results[CALL_CREATE_INSTANCE] != VK_SUCCESS)
    return fake.results[CALL_CREATE_INSTANCE];
  g_assert_cmpuint (info->pApplicationInfo->apiVersion, >=, VK_API_VERSION_1_3);
  if (info->enabledLayerCount > 0)
    g_assert_cmpstr (info->ppEnabledLayerNames[0], ==, LAYER);
  if (info->enabledExtensionCount > 0)
    g_assert_cmpstr (info->ppEnabledExtensionNames[0], ==, VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
  fake.heard_creation = messenger != NULL
                        && messenger->sType
                             == VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
  if (fake.heard_creation)
    fake.creation = *messenger;
  fake.n_instances++;
  *instance = (VkInstance) (gpointer) &instance_memory;
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyInstance (VkInstance                   instance,
                   const VkAllocationCallbacks *allocator)
{
  g_assert_cmpuint (fake.n_instances, >, 0);
  const VkDebugUtilsMessengerCallbackDataEXT data = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
    .pMessageIdName = "goodbye",
    .pMessage = "The instance ends",
  };

  g_assert_cmpuint (fake.n_messengers, ==, 0);
  if (fake.says_goodbye)
    fake.creation.pfnUserCallback (VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                   VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT, &data,
                                   fake.creation.pUserData);
  fake.n_instances--;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateDevice (VkPhysicalDevice             handle,
                const VkDeviceCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkDevice                    *device)
{
  return VK_ERROR_TOO_MANY_OBJECTS;
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_messenger (VkInstance                                instance,
                  const VkDebugUtilsMessengerCreateInfoEXT *info,
                  const VkAllocationCallbacks              *allocator,
                  VkDebugUtilsMessengerEXT                 *messenger)
{
  if (fake.results[CALL_CREATE_MESSENGER] != VK_SUCCESS)
    return fake.results[CALL_CREATE_MESSENGER];
  g_assert_cmpuint (info->messageType, ==,
                    VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                      | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT);
  g_assert_cmpuint (info->messageSeverity, ==,
                    VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                      | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT);
  fake.n_messengers++;
  *messenger = (VkDebugUtilsMessengerEXT) &messenger_memory;
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_messenger (VkInstance                   instance,
                   VkDebugUtilsMessengerEXT     messenger,
                   const VkAllocationCallbacks *allocator)
{
  fake.n_messengers--;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr (VkInstance  instance,
                       const char *name)
{
  if (g_str_equal (name, "vkCreateDebugUtilsMessengerEXT"))
    return (PFN_vkVoidFunction) create_messenger;
  if (g_str_equal (name, "vkDestroyDebugUtilsMessengerEXT"))
    return (PFN_vkVoidFunction) destroy_messenger;
  return NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEnumeratePhysicalDevices (VkInstance        instance,
                            uint32_t         *n_devices,
                            VkPhysicalDevice *devices)
{
  VkResult result = give_length (n_devices, devices, fake.n_devices);

  if (devices != NULL && result == VK_SUCCESS)
    for (guint i = 0; i < fake.n_devices; i++)
      devices[i] = (VkPhysicalDevice) (gpointer) &fake.devices[fake.order[i]];
  return fake.results[CALL_DEVICES] != VK_SUCCESS ? fake.results[CALL_DEVICES] : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEnumerateDeviceExtensionProperties (VkPhysicalDevice       handle,
                                      const char            *layer,
                                      uint32_t              *n_extensions,
                                      VkExtensionProperties *extensions)
{
  const FakeDevice *device = get_fake (handle);
  guint32 n = (device->pci ? 1 : 0) + (device->budget ? 1 : 0);
  VkResult result = give_length (n_extensions, extensions, n);

  if (extensions != NULL && result == VK_SUCCESS && device->pci)
    g_strlcpy ((extensions++)->extensionName, VK_EXT_PCI_BUS_INFO_EXTENSION_NAME,
               VK_MAX_EXTENSION_NAME_SIZE);
  if (extensions != NULL && result == VK_SUCCESS && device->budget)
    g_strlcpy (extensions->extensionName, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME,
               VK_MAX_EXTENSION_NAME_SIZE);
  return fake.results[CALL_DEVICE_EXTENSIONS] != VK_SUCCESS ? fake.results[CALL_DEVICE_EXTENSIONS]
                                                            : result;
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceProperties (VkPhysicalDevice            handle,
                               VkPhysicalDeviceProperties *properties)
{
  const FakeDevice *device = get_fake (handle);

  *properties = (VkPhysicalDeviceProperties) {
    .apiVersion = device->api_version,
    .driverVersion = device->driver_version,
    .vendorID = device->vendor_id,
    .deviceID = 0x1234,
    .deviceType = device->type,
  };
  g_strlcpy (properties->deviceName, device->name, VK_MAX_PHYSICAL_DEVICE_NAME_SIZE);
}

static void
fill_property (const FakeDevice    *device,
               VkBaseOutStructure  *property)
{
  VkPhysicalDeviceIDProperties *id = (gpointer) property;
  VkPhysicalDeviceDriverProperties *driver = (gpointer) property;
  VkPhysicalDevicePCIBusInfoPropertiesEXT *pci = (gpointer) property;

  switch ((guint) property->sType)
    {
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES:
      memset (id->deviceUUID, device->uuid, VK_UUID_SIZE);
      memset (id->driverUUID, device->driver_uuid, VK_UUID_SIZE);
      break;
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES:
      g_assert_cmpuint (device->api_version, >=, VK_API_VERSION_1_2);
      driver->driverID = device->driver_id;
      g_strlcpy (driver->driverName, "driver of fakes", VK_MAX_DRIVER_NAME_SIZE);
      g_strlcpy (driver->driverInfo, device->driver_info, VK_MAX_DRIVER_INFO_SIZE);
      break;
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT:
      g_assert_true (device->pci);
      pci->pciBus = device->pci_bus;
      pci->pciFunction = 1;
      break;
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES:
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES:
      g_assert_cmpuint (device->api_version, >=, VK_API_VERSION_1_3);
      break;
    default:
      g_assert_not_reached ();
    }
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceProperties2 (VkPhysicalDevice             handle,
                                VkPhysicalDeviceProperties2 *properties)
{
  const FakeDevice *device = get_fake (handle);

  g_assert_cmpuint (device->api_version, >=, VK_API_VERSION_1_1);
  vkGetPhysicalDeviceProperties (handle, &properties->properties);
  for (VkBaseOutStructure *next = properties->pNext; next != NULL; next = next->pNext)
    fill_property (device, next);
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties (VkPhysicalDevice                  handle,
                                     VkPhysicalDeviceMemoryProperties *memory)
{
  *memory = (VkPhysicalDeviceMemoryProperties) {
    .memoryTypeCount = 3,
    .memoryTypes = {
      { .propertyFlags = 0, .heapIndex = 1 },
      { .propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, .heapIndex = 0 },
      { .propertyFlags = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | 1u << 30, .heapIndex = 1 },
    },
    .memoryHeapCount = 2,
    .memoryHeaps = { { .size = 1000 }, { .size = G_GUINT64_CONSTANT (1) << 40 } },
  };
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties2 (VkPhysicalDevice                   handle,
                                      VkPhysicalDeviceMemoryProperties2 *memory)
{
  VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = memory->pNext;

  g_assert_true (get_fake (handle)->budget);
  vkGetPhysicalDeviceMemoryProperties (handle, &memory->memoryProperties);
  budget->heapBudget[0] = 900;
  budget->heapUsage[0] = 50;
  budget->heapBudget[1] = 800;
  budget->heapUsage[1] = 60;
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceFeatures2 (VkPhysicalDevice           handle,
                              VkPhysicalDeviceFeatures2 *features)
{
  const FakeDevice *device = get_fake (handle);

  g_assert_cmpuint (device->api_version, >=, VK_API_VERSION_1_3);
  for (VkBaseOutStructure *next = features->pNext; next != NULL; next = next->pNext)
    {
      VkPhysicalDeviceVulkan12Features *features12 = (gpointer) next;
      VkPhysicalDeviceVulkan13Features *features13 = (gpointer) next;

      if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
        features12->timelineSemaphore = !device->no_timeline;
      else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES)
        {
          features13->synchronization2 = !device->no_synchronization2;
          features13->maintenance4 = !device->no_maintenance4;
        }
    }
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceQueueFamilyProperties (VkPhysicalDevice         handle,
                                          uint32_t                *n_families,
                                          VkQueueFamilyProperties *families)
{
  *n_families = 1;
  if (families != NULL)
    families[0] = (VkQueueFamilyProperties) { .queueFlags = get_fake (handle)->queues };
}
