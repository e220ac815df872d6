/* SPDX-License-Identifier: MIT */
#include "session/rill-device-private.h"

#include "core/rill-error-private.h"
#include "rill-enum-types.h"
#include "session/rill-instance-private.h"
#include "session/rill-memory-type-private.h"

#include <string.h>

/**
 * RillDevice:
 *
 * A device that Vulkan can use (`VkPhysicalDevice`): a GPU, or the processor by a driver for it.
 *
 * [func@Device.enumerate] lists the devices; a [class@Session] opens one. A device costs nothing
 * but its description: nothing is allocated on it before a session opens it.
 *
 * What is listed can be too old to be used; the session says so then. All properties but those of
 * the memory types' heaps stay as they are. All methods can be called from any thread.
 */
struct _RillDevice
{
  GObject parent_instance;

  RillInstance *instance; /* (owned), NULL before initialisation */
  VkPhysicalDevice handle;
  guint index;
  RillHeaps *heaps;       /* (owned), NULL before initialisation */

  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceIDProperties id;         /* from Vulkan 1.1 on, else zero */
  VkPhysicalDeviceDriverProperties driver; /* from Vulkan 1.2 on, else zero */

  char *name;           /* (owned), as all these; NULL before initialisation */
  char *uuid;
  char *pci_bus;        /* (nullable) */
  char *driver_name;
  char *driver_version;
  char *api_version;

  GListStore *memory_types; /* (owned) (element-type RillMemoryType) */
  /* (owned) Kept beside the list, which bindings could change. */
  RillMemoryType *types[VK_MAX_MEMORY_TYPES];
};

typedef enum
{
  PROP_INDEX = 1,
  PROP_NAME,
  PROP_DEVICE_TYPE,
  PROP_UUID,
  PROP_VENDOR_ID,
  PROP_DEVICE_ID,
  PROP_PCI_BUS,
  PROP_DRIVER_NAME,
  PROP_DRIVER_VERSION,
  PROP_API_VERSION,
  PROP_MEMORY_TYPES,
} RillDeviceProperty;

G_DEFINE_FINAL_TYPE (RillDevice, rill_device, G_TYPE_OBJECT)

static GParamSpec *properties[PROP_MEMORY_TYPES + 1];

#define VENDOR_ID_NVIDIA 0x10de

/* What describes a physical device, as Vulkan tells it. */
typedef struct
{
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceIDProperties id;
  VkPhysicalDeviceDriverProperties driver;
  VkPhysicalDevicePCIBusInfoPropertiesEXT pci;
  gboolean has_pci;
  gboolean has_budget;
} Description;

static gboolean
list_extensions (VkPhysicalDevice   handle,
                 Description       *description,
                 GError           **error)
{
  g_autofree VkExtensionProperties *extensions = NULL;
  guint32 n_extensions = 0;
  VkResult result;

  do
    {
      result = vkEnumerateDeviceExtensionProperties (handle, NULL, &n_extensions, NULL);
      if (result != VK_SUCCESS)
        break;
      g_free (extensions);
      extensions = g_new0 (VkExtensionProperties, n_extensions + 1);
      result = vkEnumerateDeviceExtensionProperties (handle, NULL, &n_extensions, extensions);
    }
  while (result == VK_INCOMPLETE);

  if (result != VK_SUCCESS)
    {
      rill_set_vulkan_error (error, result, "vkEnumerateDeviceExtensionProperties",
                             "Could not describe the device “%s”",
                             description->properties.deviceName);
      return FALSE;
    }
  for (guint32 i = 0; i < n_extensions; i++)
    {
      const char *name = extensions[i].extensionName;
      description->has_pci |= strcmp (name, VK_EXT_PCI_BUS_INFO_EXTENSION_NAME) == 0;
      description->has_budget |= strcmp (name, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) == 0;
    }
  return TRUE;
}

/* Asks only for what the device's version of Vulkan and its extensions know. */
static gboolean
describe (VkPhysicalDevice   handle,
          Description       *description,
          GError           **error)
{
  VkPhysicalDeviceProperties2 chain = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &description->id,
  };

  *description = (Description) {
    .id = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES },
    .driver = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES },
    .pci = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT },
  };
  vkGetPhysicalDeviceProperties (handle, &description->properties);
  if (description->properties.apiVersion < VK_API_VERSION_1_1)
    return TRUE;

  if (!list_extensions (handle, description, error))
    return FALSE;
  if (description->properties.apiVersion >= VK_API_VERSION_1_2)
    {
      description->driver.pNext = chain.pNext;
      chain.pNext = &description->driver;
    }
  if (description->has_pci)
    {
      description->pci.pNext = chain.pNext;
      chain.pNext = &description->pci;
    }
  vkGetPhysicalDeviceProperties2 (handle, &chain);
  description->driver.pNext = NULL;
  description->pci.pNext = NULL;
  return TRUE;
}

static char *
format_uuid (const guint8 uuid[VK_UUID_SIZE])
{
  GString *text = g_string_sized_new (36);

  for (guint i = 0; i < VK_UUID_SIZE; i++)
    {
      gboolean new_group = i == 4 || i == 6 || i == 8 || i == 10;
      g_string_append_printf (text, new_group ? "-%02x" : "%02x", uuid[i]);
    }
  return g_string_free (text, FALSE);
}

static char *
format_pci_bus (const Description *description)
{
  const VkPhysicalDevicePCIBusInfoPropertiesEXT *pci = &description->pci;

  if (!description->has_pci)
    return NULL;
  return g_strdup_printf ("%04x:%02x:%02x.%x", pci->pciDomain, pci->pciBus, pci->pciDevice,
                          pci->pciFunction);
}

static char *
format_api_version (guint32 version)
{
  return g_strdup_printf ("%u.%u.%u", VK_API_VERSION_MAJOR (version),
                          VK_API_VERSION_MINOR (version), VK_API_VERSION_PATCH (version));
}

/* The driver's own text is what its users know; the number's meaning is the vendor's affair. */
static char *
format_driver_version (const Description *description)
{
  guint32 version = description->properties.driverVersion;
  gboolean nvidia = description->driver.driverID != 0
                    ? description->driver.driverID == VK_DRIVER_ID_NVIDIA_PROPRIETARY
                    : description->properties.vendorID == VENDOR_ID_NVIDIA;

  if (description->driver.driverInfo[0] != '\0')
    return g_utf8_make_valid (description->driver.driverInfo, -1);
  if (nvidia)
    return g_strdup_printf ("%u.%u.%u.%u", version >> 22, (version >> 14) & 0xff,
                            (version >> 6) & 0xff, version & 0x3f);
  return format_api_version (version);
}

/* The same in every list, whatever object stands for the device. */
static RillHeaps *
get_heaps (RillDevice *self)
{
  g_autofree char *name = g_strdup_printf ("%u %s %s %s", self->index, self->uuid,
                                           self->pci_bus != NULL ? self->pci_bus : "",
                                           self->driver_name);

  return rill_heaps_get (name);
}

static void
list_memory_types (RillDevice *self,
                   gboolean    has_budget)
{
  VkPhysicalDeviceMemoryProperties memory;

  vkGetPhysicalDeviceMemoryProperties (self->handle, &memory);
  self->heaps = get_heaps (self);
  self->memory_types = g_list_store_new (RILL_TYPE_MEMORY_TYPE);
  for (guint i = 0; i < memory.memoryTypeCount; i++)
    {
      self->types[i] = rill_memory_type_new (self->instance, self->handle, self->heaps, &memory, i,
                                             has_budget);
      g_list_store_append (self->memory_types, self->types[i]);
    }
}

static RillDevice *
device_new (RillInstance      *instance,
            VkPhysicalDevice   handle,
            guint              index,
            GError           **error)
{
  Description description;
  RillDevice *self;

  if (!describe (handle, &description, error))
    return NULL;

  self = g_object_new (RILL_TYPE_DEVICE, NULL);
  self->instance = rill_instance_ref (instance);
  self->handle = handle;
  self->index = index;
  self->properties = description.properties;
  self->id = description.id;
  self->driver = description.driver;
  self->name = g_utf8_make_valid (description.properties.deviceName, -1);
  self->uuid = description.properties.apiVersion >= VK_API_VERSION_1_1
                 ? format_uuid (description.id.deviceUUID)
                 : g_strdup ("");
  self->pci_bus = format_pci_bus (&description);
  self->driver_name = g_utf8_make_valid (description.driver.driverName, -1);
  self->driver_version = format_driver_version (&description);
  self->api_version = format_api_version (description.properties.apiVersion);
  list_memory_types (self, description.has_budget);
  return self;
}

static const char *
find_missing_feature (VkPhysicalDevice handle)
{
  VkPhysicalDeviceVulkan13Features features13 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
  };
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = &features13,
  };
  VkPhysicalDeviceFeatures2 features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features12,
  };

  vkGetPhysicalDeviceFeatures2 (handle, &features);
  if (!features12.timelineSemaphore)
    return "timelineSemaphore";
  if (!features13.synchronization2)
    return "synchronization2";
  if (!features13.maintenance4)
    return "maintenance4";
  return NULL;
}

static gboolean
has_compute_queue (VkPhysicalDevice handle)
{
  g_autofree VkQueueFamilyProperties *families = NULL;
  guint32 n_families = 0;

  vkGetPhysicalDeviceQueueFamilyProperties (handle, &n_families, NULL);
  families = g_new0 (VkQueueFamilyProperties, n_families + 1);
  vkGetPhysicalDeviceQueueFamilyProperties (handle, &n_families, families);
  for (guint32 i = 0; i < n_families; i++)
    if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)
      return TRUE;
  return FALSE;
}

static void
rill_device_finalize (GObject *object)
{
  RillDevice *self = RILL_DEVICE (object);

  for (guint i = 0; i < G_N_ELEMENTS (self->types); i++)
    g_clear_object (&self->types[i]);
  g_clear_object (&self->memory_types);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->uuid, g_free);
  g_clear_pointer (&self->pci_bus, g_free);
  g_clear_pointer (&self->driver_name, g_free);
  g_clear_pointer (&self->driver_version, g_free);
  g_clear_pointer (&self->api_version, g_free);
  g_clear_pointer (&self->heaps, rill_heaps_unref);
  g_clear_pointer (&self->instance, rill_instance_unref);

  G_OBJECT_CLASS (rill_device_parent_class)->finalize (object);
}

static void
rill_device_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  RillDevice *self = RILL_DEVICE (object);

  switch ((RillDeviceProperty) prop_id)
    {
    case PROP_INDEX:
      g_value_set_uint (value, self->index);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_DEVICE_TYPE:
      g_value_set_enum (value, rill_device_get_device_type (self));
      break;
    case PROP_UUID:
      g_value_set_string (value, self->uuid);
      break;
    case PROP_VENDOR_ID:
      g_value_set_uint (value, self->properties.vendorID);
      break;
    case PROP_DEVICE_ID:
      g_value_set_uint (value, self->properties.deviceID);
      break;
    case PROP_PCI_BUS:
      g_value_set_string (value, self->pci_bus);
      break;
    case PROP_DRIVER_NAME:
      g_value_set_string (value, self->driver_name);
      break;
    case PROP_DRIVER_VERSION:
      g_value_set_string (value, self->driver_version);
      break;
    case PROP_API_VERSION:
      g_value_set_string (value, self->api_version);
      break;
    case PROP_MEMORY_TYPES:
      g_value_set_object (value, self->memory_types);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_identity_properties (GParamFlags flags)
{
  /**
   * RillDevice:index: (getter get_index)
   *
   * Place of the device in the order of [func@Device.enumerate].
   */
  properties[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RillDevice:name: (getter get_name)
   *
   * Name of the device (`deviceName`).
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * RillDevice:device-type: (getter get_device_type)
   *
   * Kind of the device (`VkPhysicalDeviceType`).
   */
  properties[PROP_DEVICE_TYPE]
    = g_param_spec_enum ("device-type", NULL, NULL, RILL_TYPE_DEVICE_TYPE, RILL_DEVICE_TYPE_OTHER,
                         flags);

  /**
   * RillDevice:uuid: (getter get_uuid)
   *
   * Unique identifier of the device (`deviceUUID`), such as "a3e4c1d2-0f5b-46c7-9d8e-112233445566".
   *
   * It is the same in every process and after a restart. It is empty for a device below
   * Vulkan 1.1, which has none.
   */
  properties[PROP_UUID] = g_param_spec_string ("uuid", NULL, NULL, NULL, flags);

  /**
   * RillDevice:vendor-id: (getter get_vendor_id)
   *
   * Number of the device's vendor: its PCI number or one that Khronos has given (`vendorID`).
   */
  properties[PROP_VENDOR_ID] = g_param_spec_uint ("vendor-id", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RillDevice:device-id: (getter get_device_id)
   *
   * Number of the device's model among those of its vendor (`deviceID`).
   */
  properties[PROP_DEVICE_ID] = g_param_spec_uint ("device-id", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RillDevice:pci-bus: (getter get_pci_bus)
   *
   * Where the device is plugged in, such as "0000:3b:00.0" (`VK_EXT_pci_bus_info`).
   *
   * It is %NULL for a device that is on no PCI bus or does not tell.
   */
  properties[PROP_PCI_BUS] = g_param_spec_string ("pci-bus", NULL, NULL, NULL, flags);
}

static void
install_driver_properties (GParamFlags flags)
{
  /**
   * RillDevice:driver-name: (getter get_driver_name)
   *
   * Name of the driver (`driverName`).
   *
   * It is empty for a device below Vulkan 1.2, whose driver does not tell.
   */
  properties[PROP_DRIVER_NAME] = g_param_spec_string ("driver-name", NULL, NULL, NULL, flags);

  /**
   * RillDevice:driver-version: (getter get_driver_version)
   *
   * Version of the driver as its maker writes it (`driverInfo`, else `driverVersion`).
   */
  properties[PROP_DRIVER_VERSION] = g_param_spec_string ("driver-version", NULL, NULL, NULL, flags);

  /**
   * RillDevice:api-version: (getter get_api_version)
   *
   * Version of Vulkan that the device supports, such as "1.3.230" (`apiVersion`).
   */
  properties[PROP_API_VERSION] = g_param_spec_string ("api-version", NULL, NULL, NULL, flags);

  /**
   * RillDevice:memory-types: (getter get_memory_types)
   *
   * The device's types of memory, a list of [class@MemoryType].
   *
   * It has every type that Vulkan lists, in Vulkan's order.
   */
  properties[PROP_MEMORY_TYPES]
    = g_param_spec_object ("memory-types", NULL, NULL, G_TYPE_LIST_MODEL, flags);
}

static void
rill_device_class_init (RillDeviceClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rill_device_finalize;
  object_class->get_property = rill_device_get_property;

  install_identity_properties (flags);
  install_driver_properties (flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_device_init (RillDevice *self)
{
}

const VkPhysicalDeviceProperties *
rill_device_get_properties (RillDevice *self)
{
  return &self->properties;
}

RillHeaps *
rill_device_get_heaps (RillDevice *self)
{
  return self->heaps;
}

RillMemoryType *
rill_device_get_memory_type (RillDevice *self,
                             guint       index)
{
  return index < G_N_ELEMENTS (self->types) ? self->types[index] : NULL;
}

gboolean
rill_device_check_usable (RillDevice  *self,
                          GError     **error)
{
  const char *feature;

  if (self->instance == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                           "The device was not initialised: it comes from no list of devices");
      return FALSE;
    }
  if (self->properties.apiVersion < VK_API_VERSION_1_3
      || VK_API_VERSION_VARIANT (self->properties.apiVersion) != 0)
    {
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER,
                   "The device “%s” has version %s of Vulkan, but 1.3 is needed; a newer driver "
                   "may have it", self->name, self->api_version);
      return FALSE;
    }
  feature = find_missing_feature (self->handle);
  if (feature != NULL)
    {
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT,
                   "The device “%s” lacks the feature %s, which is needed", self->name, feature);
      return FALSE;
    }
  if (!has_compute_queue (self->handle))
    {
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT,
                   "The device “%s” has no queue that can compute, which is needed", self->name);
      return FALSE;
    }
  return TRUE;
}

/* One processor may be driven by two drivers, and appear twice with one UUID. */
static gboolean
is_same_device (RillDevice        *self,
                const Description *description)
{
  g_autofree char *pci_bus = format_pci_bus (description);

  return description->properties.apiVersion >= VK_API_VERSION_1_1
         && memcmp (description->id.deviceUUID, self->id.deviceUUID, VK_UUID_SIZE) == 0
         && memcmp (description->id.driverUUID, self->id.driverUUID, VK_UUID_SIZE) == 0
         && description->driver.driverID == self->driver.driverID
         && g_strcmp0 (pci_bus, self->pci_bus) == 0;
}

VkPhysicalDevice
rill_device_find_in_instance (RillDevice  *self,
                              VkInstance   instance,
                              GError     **error)
{
  g_autofree VkPhysicalDevice *handles = NULL;
  VkPhysicalDevice found = VK_NULL_HANDLE;
  guint n_handles = 0;

  if (self->instance != NULL
      && (handles = rill_instance_get_physical_devices (instance, &n_handles, error)) == NULL)
    return VK_NULL_HANDLE;
  for (guint i = 0; i < n_handles; i++)
    {
      Description description;
      if (!describe (handles[i], &description, error))
        return VK_NULL_HANDLE;
      /* Of devices that are equal in all this, the one at the same place. */
      if (is_same_device (self, &description) && (found == VK_NULL_HANDLE || i == self->index))
        found = handles[i];
    }
  if (found == VK_NULL_HANDLE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "Could not open the device “%s”: it is not there any more", rill_device_get_name (self));
  return found;
}

/**
 * rill_device_enumerate:
 * @error: return location for an error, or %NULL
 *
 * Lists the devices that Vulkan can use.
 *
 * The list is one of the moment: a later call makes a new one. It has every device of every driver,
 * also those that are too old for a session to open. A [class@Session] that is opened without a
 * device takes the one that the environment variable `RILL_DEVICE` names (an index in this list, a
 * UUID, a type such as "discrete" or "cpu", or part of a name), else a discrete GPU before an
 * integrated one, a virtual one and the processor.
 *
 * It may be called from any thread; the drivers are loaded by it, which takes some time.
 *
 * The error is %RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER or %RILL_VULKAN_ERROR_INITIALIZATION_FAILED
 * when there is no driver or no device, and what Vulkan gives for the rest.
 *
 * Returns: (transfer full): a list of [class@Device], never empty
 */
GListModel *
rill_device_enumerate (GError **error)
{
  g_autoptr (RillInstance) instance = rill_instance_get_shared (error);
  g_autoptr (GListStore) devices = g_list_store_new (RILL_TYPE_DEVICE);
  g_autofree VkPhysicalDevice *handles = NULL;
  guint n_handles;

  if (instance != NULL)
    handles = rill_instance_get_physical_devices (instance->handle, &n_handles, error);
  if (handles == NULL)
    return NULL;
  for (guint i = 0; i < n_handles; i++)
    {
      g_autoptr (RillDevice) device = device_new (instance, handles[i], i, error);
      if (device == NULL)
        return NULL;
      g_list_store_append (devices, device);
    }
  return G_LIST_MODEL (g_steal_pointer (&devices));
}

/**
 * rill_device_get_index: (get-property index)
 * @self: a device
 *
 * Gets the place of the device in the order of [func@Device.enumerate].
 *
 * Returns: the index
 */
guint
rill_device_get_index (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), 0);

  return self->index;
}

/**
 * rill_device_get_name: (get-property name)
 * @self: a device
 *
 * Gets the name of the device (`deviceName`).
 *
 * Returns: (transfer none): the name
 */
const char *
rill_device_get_name (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->name;
}

/**
 * rill_device_get_device_type: (get-property device-type)
 * @self: a device
 *
 * Gets the kind of the device (`VkPhysicalDeviceType`).
 *
 * Returns: the type
 */
RillDeviceType
rill_device_get_device_type (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), RILL_DEVICE_TYPE_OTHER);

  return (guint) self->properties.deviceType <= RILL_DEVICE_TYPE_CPU
           ? (RillDeviceType) self->properties.deviceType
           : RILL_DEVICE_TYPE_OTHER;
}

/**
 * rill_device_get_uuid: (get-property uuid)
 * @self: a device
 *
 * Gets the unique identifier of the device (`deviceUUID`).
 *
 * Returns: (transfer none): the identifier in lower-case hexadecimal digits in five groups; empty
 *   for a device below Vulkan 1.1
 */
const char *
rill_device_get_uuid (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->uuid;
}

/**
 * rill_device_get_vendor_id: (get-property vendor-id)
 * @self: a device
 *
 * Gets the number of the device's vendor (`vendorID`).
 *
 * Returns: the number
 */
guint
rill_device_get_vendor_id (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), 0);

  return self->properties.vendorID;
}

/**
 * rill_device_get_device_id: (get-property device-id)
 * @self: a device
 *
 * Gets the number of the device's model among those of its vendor (`deviceID`).
 *
 * Returns: the number
 */
guint
rill_device_get_device_id (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), 0);

  return self->properties.deviceID;
}

/**
 * rill_device_get_pci_bus: (get-property pci-bus)
 * @self: a device
 *
 * Gets where the device is plugged in (`VK_EXT_pci_bus_info`).
 *
 * Returns: (transfer none) (nullable): domain, bus, device and function, such as "0000:3b:00.0"
 */
const char *
rill_device_get_pci_bus (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->pci_bus;
}

/**
 * rill_device_get_driver_name: (get-property driver-name)
 * @self: a device
 *
 * Gets the name of the driver (`driverName`).
 *
 * Returns: (transfer none): the name; empty for a device below Vulkan 1.2
 */
const char *
rill_device_get_driver_name (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->driver_name;
}

/**
 * rill_device_get_driver_version: (get-property driver-version)
 * @self: a device
 *
 * Gets the version of the driver as its maker writes it (`driverInfo`, else `driverVersion`).
 *
 * Returns: (transfer none): the version
 */
const char *
rill_device_get_driver_version (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->driver_version;
}

/**
 * rill_device_get_api_version: (get-property api-version)
 * @self: a device
 *
 * Gets the version of Vulkan that the device supports (`apiVersion`).
 *
 * Returns: (transfer none): the version, such as "1.3.230"
 */
const char *
rill_device_get_api_version (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->api_version;
}

/**
 * rill_device_get_memory_types: (get-property memory-types)
 * @self: a device
 *
 * Gets the device's types of memory, a list of [class@MemoryType] in Vulkan's order.
 *
 * Returns: (transfer none): the list
 */
GListModel *
rill_device_get_memory_types (RillDevice *self)
{
  g_return_val_if_fail (RILL_IS_DEVICE (self), NULL);

  return self->memory_types != NULL ? G_LIST_MODEL (self->memory_types) : NULL;
}
