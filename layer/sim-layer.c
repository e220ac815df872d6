/* SPDX-License-Identifier: MIT */
#include "sim-layer.h"

#include <string.h>

/* By the pointer that the loader writes into each dispatchable handle of one instance or device. */
static GRWLock objects_lock;
static GHashTable *instances; /* (objects_lock) to SimInstance */
static GHashTable *devices;   /* (objects_lock) to SimDevice */

static gpointer
dispatch_key (gconstpointer dispatchable)
{
  return *(gpointer const *) dispatchable;
}

static gpointer
find_object (GHashTable    **table,
             gconstpointer   dispatchable)
{
  gpointer object;

  g_rw_lock_reader_lock (&objects_lock);
  object = *table != NULL ? g_hash_table_lookup (*table, dispatch_key (dispatchable)) : NULL;
  g_rw_lock_reader_unlock (&objects_lock);
  return object;
}

static void
add_object (GHashTable    **table,
            gconstpointer   dispatchable,
            gpointer        object)
{
  g_rw_lock_writer_lock (&objects_lock);
  if (*table == NULL)
    *table = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (*table, dispatch_key (dispatchable), object);
  g_rw_lock_writer_unlock (&objects_lock);
}

static void
remove_object (GHashTable    **table,
               gconstpointer   dispatchable)
{
  g_rw_lock_writer_lock (&objects_lock);
  g_hash_table_remove (*table, dispatch_key (dispatchable));
  g_rw_lock_writer_unlock (&objects_lock);
}

SimInstance *
sim_instance_find (gconstpointer dispatchable)
{
  return find_object (&instances, dispatchable);
}

SimDevice *
sim_device_find (gconstpointer dispatchable)
{
  return find_object (&devices, dispatchable);
}

/* Instances */

static VkLayerInstanceCreateInfo *
find_instance_link (const VkInstanceCreateInfo *info)
{
  const VkLayerInstanceCreateInfo *link = info->pNext;

  while (link != NULL
         && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO
              && link->function == VK_LAYER_LINK_INFO))
    link = link->pNext;
  return (VkLayerInstanceCreateInfo *) link;
}

static void
instance_free (SimInstance *self)
{
  g_hash_table_unref (self->physical_devices);
  g_ptr_array_unref (self->messengers);
  g_mutex_clear (&self->lock);
  sim_settings_clear (&self->settings);
  g_free (self);
}

static SimInstance *
instance_new (const SimSettings *settings)
{
  SimInstance *self = g_new0 (SimInstance, 1);

  g_mutex_init (&self->lock);
  self->settings = *settings;
  self->messengers = g_ptr_array_new_with_free_func (g_free);
  self->physical_devices =
    g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) sim_physical_device_free);
  return self;
}

static VKAPI_ATTR VkResult VKAPI_CALL
entry_vkCreateInstance (const VkInstanceCreateInfo  *pCreateInfo,
                        const VkAllocationCallbacks *pAllocator,
                        VkInstance                  *pInstance)
{
  VkLayerInstanceCreateInfo *link = find_instance_link (pCreateInfo);
  SimSettings settings;
  SimInstance *self;
  PFN_vkCreateInstance create;
  VkResult result;

  if (link == NULL || !sim_faults_copy_settings (&settings))
    return VK_ERROR_INITIALIZATION_FAILED;
  self = instance_new (&settings);
  if (!sim_call_begin (SIM_CALL_vkCreateInstance, NULL, &result))
    {
      instance_free (self);
      return result;
    }
  self->get_proc_addr = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  self->get_physical_device_proc_addr = link->u.pLayerInfo->pfnNextGetPhysicalDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  create = (PFN_vkCreateInstance) self->get_proc_addr (VK_NULL_HANDLE, "vkCreateInstance");
  result = create != NULL ? create (pCreateInfo, pAllocator, pInstance)
                          : VK_ERROR_INITIALIZATION_FAILED;
  if (result != VK_SUCCESS)
    {
      instance_free (self);
      return result;
    }
  self->handle = *pInstance;
  /* Asked later, the loader's end of the chain would answer with the chain's top. */
  sim_instance_table_load (&self->next, self->handle, self->get_proc_addr);
  self->destroy = (PFN_vkDestroyInstance) self->get_proc_addr (self->handle, "vkDestroyInstance");
  add_object (&instances, self->handle, self);
  sim_balance_created ("VkInstance", 1, pInstance, sizeof *pInstance, result);
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL
entry_vkDestroyInstance (VkInstance                   instance,
                         const VkAllocationCallbacks *pAllocator)
{
  SimInstance *self;

  sim_call_count (SIM_CALL_vkDestroyInstance);
  if (instance == VK_NULL_HANDLE)
    return;
  self = sim_instance_find (instance);
  remove_object (&instances, instance);
  self->destroy (instance, pAllocator);
  sim_balance_destroyed ("VkInstance", TRUE);
  instance_free (self);
}

/* Devices */

static VkLayerDeviceCreateInfo *
find_device_link (const VkDeviceCreateInfo *info,
                  VkLayerFunction           function)
{
  const VkLayerDeviceCreateInfo *link = info->pNext;

  while (link != NULL
         && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO
              && link->function == function))
    link = link->pNext;
  return (VkLayerDeviceCreateInfo *) link;
}

/* What the driver is asked for: without what only the layer has. */
static VkResult
create_real_device (SimDevice                   *self,
                    PFN_vkCreateDevice           create,
                    const VkDeviceCreateInfo    *info,
                    const VkAllocationCallbacks *allocator)
{
  g_autofree const char **extensions = NULL;
  g_autofree VkDeviceQueueCreateInfo *queues = NULL;
  VkDeviceCreateInfo real = *info;

  sim_topology_filter_extensions (self->physical, info, &extensions, &real.enabledExtensionCount);
  if (extensions != NULL)
    real.ppEnabledExtensionNames = extensions;
  sim_queues_filter_create_infos (self->instance, self->physical_device, info, &queues,
                                  &real.queueCreateInfoCount);
  if (queues != NULL)
    real.pQueueCreateInfos = queues;
  return create (self->physical_device, &real, allocator, &self->handle);
}

static VkResult
device_new (SimInstance                 *instance,
            VkPhysicalDevice             physical_device,
            const VkDeviceCreateInfo    *info,
            const VkAllocationCallbacks *allocator,
            VkDevice                    *handle)
{
  VkLayerDeviceCreateInfo *link = find_device_link (info, VK_LAYER_LINK_INFO);
  VkLayerDeviceCreateInfo *data = find_device_link (info, VK_LOADER_DATA_CALLBACK);
  PFN_vkGetInstanceProcAddr get;
  PFN_vkCreateDevice create;
  SimDevice *self;
  VkResult result;

  if (link == NULL || data == NULL)
    return VK_ERROR_INITIALIZATION_FAILED;
  get = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  create = (PFN_vkCreateDevice) get (instance->handle, "vkCreateDevice");
  if (create == NULL)
    return VK_ERROR_INITIALIZATION_FAILED;

  self = g_new0 (SimDevice, 1);
  self->instance = instance;
  self->physical_device = physical_device;
  self->physical = sim_physical_device_get (instance, physical_device);
  self->settings = &instance->settings;
  self->get_proc_addr = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  self->set_loader_data = data->u.pfnSetDeviceLoaderData;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  self->handle = *handle; /* the loader's own, which its end of the chain expects there */
  result = create_real_device (self, create, info, allocator);
  if (result != VK_SUCCESS)
    {
      g_free (self);
      return result;
    }
  sim_device_table_load (&self->next, self->handle, self->get_proc_addr);
  self->memory = sim_memory_new (self);
  self->queues = sim_queues_new (self, info);
  self->transfer_data = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  add_object (&devices, self->handle, self);
  *handle = self->handle;
  return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL
entry_vkCreateDevice (VkPhysicalDevice             physicalDevice,
                      const VkDeviceCreateInfo    *pCreateInfo,
                      const VkAllocationCallbacks *pAllocator,
                      VkDevice                    *pDevice)
{
  SimInstance *instance = sim_instance_find (physicalDevice);
  VkResult result;

  if (!sim_call_begin (SIM_CALL_vkCreateDevice, NULL, &result))
    return result;
  result = device_new (instance, physicalDevice, pCreateInfo, pAllocator, pDevice);
  sim_balance_created ("VkDevice", 1, pDevice, sizeof *pDevice, result);
  return result;
}

static VKAPI_ATTR void VKAPI_CALL
entry_vkDestroyDevice (VkDevice                     device,
                       const VkAllocationCallbacks *pAllocator)
{
  SimDevice *self;
  PFN_vkDestroyDevice destroy;

  sim_call_count (SIM_CALL_vkDestroyDevice);
  if (device == VK_NULL_HANDLE)
    return;
  self = sim_device_find (device);
  destroy = (PFN_vkDestroyDevice) self->get_proc_addr (device, "vkDestroyDevice");
  sim_queues_free (self->queues);
  sim_memory_free (self->memory);
  remove_object (&devices, device);
  destroy (device, pAllocator);
  g_hash_table_unref (self->transfer_data);
  sim_balance_destroyed ("VkDevice", TRUE);
  g_free (self);
}

/* Finding entry points */

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL entry_vkGetDeviceProcAddr   (VkDevice    device,
                                                                             const char *pName);
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL entry_vkGetInstanceProcAddr (VkInstance  instance,
                                                                             const char *pName);

static PFN_vkVoidFunction
find_by_hand (const char *name)
{
  static const struct
  {
    const char *name;
    PFN_vkVoidFunction function;
  } by_hand[] = {
    { "vkCreateDevice", (PFN_vkVoidFunction) entry_vkCreateDevice },
    { "vkCreateInstance", (PFN_vkVoidFunction) entry_vkCreateInstance },
    { "vkDestroyDevice", (PFN_vkVoidFunction) entry_vkDestroyDevice },
    { "vkDestroyInstance", (PFN_vkVoidFunction) entry_vkDestroyInstance },
    { "vkGetDeviceProcAddr", (PFN_vkVoidFunction) entry_vkGetDeviceProcAddr },
    { "vkGetInstanceProcAddr", (PFN_vkVoidFunction) entry_vkGetInstanceProcAddr },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (by_hand); i++)
    if (strcmp (by_hand[i].name, name) == 0)
      return by_hand[i].function;
  return NULL;
}

/* Ours in the place of what the next one has; nothing where it has nothing. */
static PFN_vkVoidFunction
replace (const char         *name,
         PFN_vkVoidFunction  next)
{
  const SimEntryPoint *entry = next != NULL ? sim_entry_point_find (name) : NULL;

  return entry != NULL ? entry->function : next;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
entry_vkGetDeviceProcAddr (VkDevice    device,
                           const char *pName)
{
  SimDevice *self = sim_device_find (device);

  if (strcmp (pName, "vkDestroyDevice") == 0 || strcmp (pName, "vkGetDeviceProcAddr") == 0)
    return find_by_hand (pName);
  return replace (pName, self->get_proc_addr (device, pName));
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
entry_vkGetInstanceProcAddr (VkInstance  instance,
                             const char *pName)
{
  PFN_vkVoidFunction own = find_by_hand (pName);
  SimInstance *self;

  if (own != NULL || instance == VK_NULL_HANDLE)
    return own;
  self = sim_instance_find (instance);
  return self != NULL ? replace (pName, self->get_proc_addr (instance, pName)) : NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
get_physical_device_proc_addr (VkInstance  instance,
                               const char *pName)
{
  SimInstance *self = sim_instance_find (instance);

  if (self == NULL || self->get_physical_device_proc_addr == NULL)
    return NULL;
  return replace (pName, self->get_physical_device_proc_addr (instance, pName));
}

SIM_EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion (VkNegotiateLayerInterface *pVersionStruct)
{
  if (pVersionStruct->loaderLayerInterfaceVersion < 2)
    return VK_ERROR_INITIALIZATION_FAILED;
  pVersionStruct->loaderLayerInterfaceVersion = 2;
  pVersionStruct->pfnGetInstanceProcAddr = entry_vkGetInstanceProcAddr;
  pVersionStruct->pfnGetDeviceProcAddr = entry_vkGetDeviceProcAddr;
  pVersionStruct->pfnGetPhysicalDeviceProcAddr = get_physical_device_proc_addr;
  return VK_SUCCESS;
}
