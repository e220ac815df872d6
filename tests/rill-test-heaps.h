/* SPDX-License-Identifier: MIT */
#pragma once

/* Stands between the library and the Vulkan loader: any device seems to have two small heaps.
 * Heap 0 is the device's, heap 1 the host's; there is a type of memory in each, and both are host
 * memory in truth. A program that includes this once takes precedence over the loader. */

#include <dlfcn.h>
#include <glib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define RILL_TEST_HEAP_SIZE (G_GUINT64_CONSTANT (1000) * 1000 * 1000)
#define RILL_TEST_N_HEAPS 2

static struct
{
  GMutex lock;
  GHashTable *allocations; /* (element-type VkDeviceMemory RillTestAllocation) (owned) */
  guint64 usage[RILL_TEST_N_HEAPS];
  guint n_calls;
  guint n_failed;
  guint n_dedicated;
  guint n_queries; /* of the budget */

  guint64 capacity[RILL_TEST_N_HEAPS];
  VkResult result; /* of an allocation that does not fit */
  guint max_count; /* of allocations; 0: no limit */
  guint n_map_failures;
  gboolean dedicated;
  gboolean has_budget; /* VK_EXT_memory_budget */
  gboolean has_priority; /* VK_EXT_memory_priority */
  float priority;      /* of the last allocation; -1: none was given */
  void (*allocating) (void);
  void (*freeing) (void);
  guint32 real_type; /* that takes the place of both */
} rill_test_heaps;

typedef struct
{
  guint heap;
  guint64 size;
} RillTestAllocation;

#define rill_test_real(name) ((PFN_##name) rill_test_find (#name))

static gpointer
rill_test_find (const char *name)
{
  gpointer real = dlsym (RTLD_NEXT, name);

  if (real == NULL)
    g_error ("no %s", name);
  return real;
}

static void
rill_test_forge_heaps_locked (VkPhysicalDeviceMemoryProperties *properties)
{
  const VkMemoryPropertyFlags mappable =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkMemoryHeapFlags heap_flags[] = { VK_MEMORY_HEAP_DEVICE_LOCAL_BIT, 0 };
  guint32 i = 0;

  while (i + 1 < properties->memoryTypeCount
         && (properties->memoryTypes[i].propertyFlags & mappable) != mappable)
    i++;
  rill_test_heaps.real_type = i;
  properties->memoryTypeCount = 2;
  properties->memoryTypes[0] = (VkMemoryType) { VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0 };
  properties->memoryTypes[1] = (VkMemoryType) { mappable, 1 };
  properties->memoryHeapCount = RILL_TEST_N_HEAPS;
  for (i = 0; i < RILL_TEST_N_HEAPS; i++)
    properties->memoryHeaps[i] = (VkMemoryHeap) { RILL_TEST_HEAP_SIZE, heap_flags[i] };
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties (VkPhysicalDevice                  physical_device,
                                     VkPhysicalDeviceMemoryProperties *properties)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&rill_test_heaps.lock);

  rill_test_real (vkGetPhysicalDeviceMemoryProperties) (physical_device, properties);
  rill_test_forge_heaps_locked (properties);
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties2 (VkPhysicalDevice                   physical_device,
                                      VkPhysicalDeviceMemoryProperties2 *properties)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&rill_test_heaps.lock);
  VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = properties->pNext;

  rill_test_real (vkGetPhysicalDeviceMemoryProperties)
  (physical_device, &properties->memoryProperties);
  rill_test_forge_heaps_locked (&properties->memoryProperties);
  if (budget == NULL)
    return;
  g_assert_cmpint (budget->sType, ==,
                   VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
  g_assert_true (rill_test_heaps.has_budget);
  rill_test_heaps.n_queries++;
  for (guint i = 0; i < RILL_TEST_N_HEAPS; i++)
    {
      budget->heapBudget[i] = rill_test_heaps.capacity[i];
      budget->heapUsage[i] = rill_test_heaps.usage[i];
    }
}

/* No extensions but those that the forged device may have. */
VKAPI_ATTR VkResult VKAPI_CALL
vkEnumerateDeviceExtensionProperties (VkPhysicalDevice       physical_device,
                                      const char            *layer,
                                      uint32_t              *n,
                                      VkExtensionProperties *properties)
{
  *n = 0;
  if (rill_test_heaps.has_budget && (*n)++ == 0 && properties != NULL)
    properties[0] = (VkExtensionProperties) { VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, 1 };
  if (rill_test_heaps.has_priority && ++*n > 0 && properties != NULL)
    properties[*n - 1] = (VkExtensionProperties) { VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME, 1 };
  return VK_SUCCESS;
}

/* What the driver does not know, taken out of a chain of structures: (nullable) */
static gpointer
rill_test_unlink (const void      *chain,
                  VkStructureType  type)
{
  VkBaseOutStructure *before = (gpointer) chain;
  VkBaseOutStructure *found;

  while (before->pNext != NULL && before->pNext->sType != type)
    before = before->pNext;
  found = before->pNext;
  if (found != NULL)
    before->pNext = found->pNext;
  return found;
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceFeatures2 (VkPhysicalDevice           physical_device,
                              VkPhysicalDeviceFeatures2 *features)
{
  VkPhysicalDeviceMemoryPriorityFeaturesEXT *priority = rill_test_unlink (
    features, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT);

  rill_test_real (vkGetPhysicalDeviceFeatures2) (physical_device, features);
  if (priority == NULL)
    return;
  g_assert_true (rill_test_heaps.has_priority);
  priority->memoryPriority = VK_TRUE;
  priority->pNext = features->pNext;
  features->pNext = priority;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateDevice (VkPhysicalDevice             physical_device,
                const VkDeviceCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkDevice                    *handle)
{
  VkDeviceCreateInfo real_info = *info;

  g_assert_cmpuint (info->enabledExtensionCount, ==,
                    (rill_test_heaps.has_budget ? 1 : 0) + (rill_test_heaps.has_priority ? 1 : 0));
  real_info.enabledExtensionCount = 0;
  g_assert_true (
    (rill_test_unlink (&real_info, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT) != NULL)
    == rill_test_heaps.has_priority);
  return rill_test_real (vkCreateDevice) (physical_device, &real_info, allocator, handle);
}

VKAPI_ATTR void VKAPI_CALL
vkGetBufferMemoryRequirements (VkDevice              handle,
                               VkBuffer              buffer,
                               VkMemoryRequirements *requirements)
{
  rill_test_real (vkGetBufferMemoryRequirements) (handle, buffer, requirements);
  requirements->memoryTypeBits = 3;
}

VKAPI_ATTR void VKAPI_CALL
vkGetBufferMemoryRequirements2 (VkDevice                               handle,
                                const VkBufferMemoryRequirementsInfo2 *info,
                                VkMemoryRequirements2                 *requirements)
{
  VkMemoryDedicatedRequirements *dedicated = requirements->pNext;

  rill_test_real (vkGetBufferMemoryRequirements2) (handle, info, requirements);
  requirements->memoryRequirements.memoryTypeBits = 3;
  if (dedicated != NULL)
    dedicated->requiresDedicatedAllocation |= rill_test_heaps.dedicated;
}

static VkResult
rill_test_count_call_locked (const VkMemoryAllocateInfo *info)
{
  guint count = g_hash_table_size (rill_test_heaps.allocations);
  guint heap = info->memoryTypeIndex;
  VkResult result = VK_SUCCESS;

  rill_test_heaps.n_calls++;
  if (rill_test_heaps.max_count > 0 && count >= rill_test_heaps.max_count)
    result = VK_ERROR_TOO_MANY_OBJECTS;
  else if (rill_test_heaps.usage[heap] + info->allocationSize > rill_test_heaps.capacity[heap])
    result = rill_test_heaps.result;
  if (result != VK_SUCCESS)
    rill_test_heaps.n_failed++;
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateMemory (VkDevice                     handle,
                  const VkMemoryAllocateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkDeviceMemory              *memory)
{
  g_autoptr (GMutexLocker) locker = NULL;
  VkMemoryAllocateInfo real_info = *info;
  const VkMemoryPriorityAllocateInfoEXT *priority =
    rill_test_unlink (&real_info, VK_STRUCTURE_TYPE_MEMORY_PRIORITY_ALLOCATE_INFO_EXT);
  VkResult result;
  RillTestAllocation *allocation;

  if (rill_test_heaps.allocating != NULL)
    rill_test_heaps.allocating ();
  locker = g_mutex_locker_new (&rill_test_heaps.lock);
  rill_test_heaps.priority = priority != NULL ? priority->priority : -1;
  result = rill_test_count_call_locked (info);
  if (result != VK_SUCCESS)
    return result;
  real_info.memoryTypeIndex = rill_test_heaps.real_type;
  result = rill_test_real (vkAllocateMemory) (handle, &real_info, allocator, memory);
  g_assert_cmpint (result, ==, VK_SUCCESS);
  allocation = g_new (RillTestAllocation, 1);
  *allocation = (RillTestAllocation) { info->memoryTypeIndex, info->allocationSize };
  g_hash_table_insert (rill_test_heaps.allocations, (gpointer) *memory, allocation);
  rill_test_heaps.usage[allocation->heap] += allocation->size;
  rill_test_heaps.n_dedicated += real_info.pNext != NULL;
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
vkFreeMemory (VkDevice                     handle,
              VkDeviceMemory               memory,
              const VkAllocationCallbacks *allocator)
{
  g_autoptr (GMutexLocker) locker = NULL;
  RillTestAllocation *allocation;

  if (memory == VK_NULL_HANDLE)
    return;
  if (rill_test_heaps.freeing != NULL)
    rill_test_heaps.freeing ();
  locker = g_mutex_locker_new (&rill_test_heaps.lock);
  allocation = g_hash_table_lookup (rill_test_heaps.allocations, (gpointer) memory);
  g_assert_nonnull (allocation);
  rill_test_heaps.usage[allocation->heap] -= allocation->size;
  g_hash_table_remove (rill_test_heaps.allocations, (gpointer) memory);
  rill_test_real (vkFreeMemory) (handle, memory, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkMapMemory (VkDevice         handle,
             VkDeviceMemory   memory,
             VkDeviceSize     offset,
             VkDeviceSize     size,
             VkMemoryMapFlags flags,
             void           **data)
{
  if (rill_test_heaps.n_map_failures > 0)
    {
      rill_test_heaps.n_map_failures--;
      return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
  return rill_test_real (vkMapMemory) (handle, memory, offset, size, flags, data);
}

static inline guint
rill_test_heaps_get_n_failed (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&rill_test_heaps.lock);

  return rill_test_heaps.n_failed;
}

static inline void
rill_test_heaps_reset (void)
{
  memset (&rill_test_heaps, 0, sizeof rill_test_heaps);
  rill_test_heaps.capacity[0] = rill_test_heaps.capacity[1] = RILL_TEST_HEAP_SIZE;
  rill_test_heaps.result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
}
