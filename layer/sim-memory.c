/* SPDX-License-Identifier: MIT */
#include "sim-memory.h"

#include <stdlib.h>
#include <string.h>

/* What fresh memory holds: no number as half, float or double, and no likely integer. */
#define POISON G_GUINT64_CONSTANT (0xfff5fde5fff5fde5)
#define POISON_BLOCK 65536

#define COMPARED_BLOCK 256

void
sim_memory_poison (gpointer data,
                   guint64  size)
{
  static guint64 block[POISON_BLOCK / sizeof (guint64)];
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (block); i++)
        block[i] = POISON;
      g_once_init_leave (&ready, 1);
    }
  for (guint64 at = 0; at < size; at += sizeof block)
    memcpy ((guint8 *) data + at, block, MIN (sizeof block, size - at));
}

SimMemory *
sim_memory_find_locked (SimDeviceMemory *self,
                        VkDeviceMemory   handle)
{
  guint64 key = SIM_HANDLE (handle);

  return g_hash_table_lookup (self->memories, &key);
}

static SimMemory *
find_memory (SimDeviceMemory *self,
             VkDeviceMemory   handle)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return sim_memory_find_locked (self, handle);
}

static void
memory_free (SimMemory *memory)
{
  sim_bindings_forget_locked (memory->bindings);
  g_tree_unref (memory->bindings);
  g_array_unref (memory->unavailable);
  free (memory->shadow);
  g_free (memory);
}

static gboolean
needs_shadow (const SimPhysicalDevice *physical,
              guint32                  type)
{
  VkMemoryPropertyFlags flags = physical->simulated.memoryTypes[type].propertyFlags;

  return sim_topology_is_simulated (physical)
         && (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0
         && (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) == 0;
}

SimDeviceMemory *
sim_memory_new (SimDevice *device)
{
  SimDeviceMemory *self = g_new0 (SimDeviceMemory, 1);

  self->device = device;
  g_mutex_init (&self->lock);
  self->memories = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                          (GDestroyNotify) memory_free);
  self->buffers = sim_resources_new ();
  self->images = sim_resources_new ();
  self->events = sim_domain_events_new ();
  for (guint i = 0; i < device->physical->simulated.memoryTypeCount; i++)
    self->has_shadows |= needs_shadow (device->physical, i);
  sim_topology_probe_images (device);
  return self;
}

void
sim_memory_free (SimDeviceMemory *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->memories);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SimMemory *memory = value;

      if (!memory->imported)
        sim_topology_release (self->device->physical, memory->type, memory->size);
    }
  g_hash_table_unref (self->memories);
  g_hash_table_unref (self->buffers);
  g_hash_table_unref (self->images);
  g_hash_table_unref (self->events);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Allocation */

static gboolean
is_import (const VkMemoryAllocateInfo *info)
{
  for (const VkBaseInStructure *next = info->pNext; next != NULL; next = next->pNext)
    switch ((guint) next->sType)
      {
      case VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR:
        if (((const VkImportMemoryFdInfoKHR *) next)->handleType != 0)
          return TRUE;
        break;
      case VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT:
        if (((const VkImportMemoryHostPointerInfoEXT *) next)->handleType != 0)
          return TRUE;
        break;
      }
  return FALSE;
}

static VkResult
reserve (SimDeviceMemory *self,
         const SimMemory *memory)
{
  SimDevice *device = self->device;
  guint limit = device->settings->few_allocations > 0
                  ? device->physical->limits.maxMemoryAllocationCount
                  : G_MAXUINT;
  gboolean counted;

  g_mutex_lock (&self->lock);
  counted = self->n_allocations < limit;
  if (counted)
    self->n_allocations++;
  g_mutex_unlock (&self->lock);
  if (!counted)
    return VK_ERROR_TOO_MANY_OBJECTS;
  if (memory->imported || sim_topology_reserve (device->physical, memory->type, memory->size))
    return VK_SUCCESS;
  g_mutex_lock (&self->lock);
  self->n_allocations--;
  g_mutex_unlock (&self->lock);
  return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static void
release (SimDeviceMemory *self,
         const SimMemory *memory)
{
  if (!memory->imported)
    sim_topology_release (self->device->physical, memory->type, memory->size);
  g_mutex_lock (&self->lock);
  self->n_allocations--;
  g_mutex_unlock (&self->lock);
}

static VkMemoryPropertyFlags
get_real_flags (const SimPhysicalDevice *physical,
                guint32                  type)
{
  return physical->real.memoryTypes[physical->real_types[type]].propertyFlags;
}

/* As long as it lives, whatever the program maps of it. */
static VkResult
map_real (SimDeviceMemory *self,
          SimMemory       *memory,
          VkDeviceMemory   handle)
{
  SimDevice *device = self->device;
  gpointer data;
  VkResult result;

  if (memory->real != NULL
      || !(get_real_flags (device->physical, memory->type) & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT))
    return VK_SUCCESS;
  result = device->next.vkMapMemory (device->handle, handle, 0, VK_WHOLE_SIZE, 0, &data);
  if (result == VK_SUCCESS)
    memory->real = data;
  return result;
}

static VkResult
poison_real (SimDeviceMemory *self,
             SimMemory       *memory,
             VkDeviceMemory   handle)
{
  SimDevice *device = self->device;
  const VkMappedMemoryRange range = {
    .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
    .memory = handle,
    .size = VK_WHOLE_SIZE,
  };
  VkResult result = map_real (self, memory, handle);

  if (result != VK_SUCCESS || memory->real == NULL)
    return result;
  sim_memory_poison (memory->real, memory->size);
  if (get_real_flags (device->physical, memory->type) & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)
    return VK_SUCCESS;
  return device->next.vkFlushMappedMemoryRanges (device->handle, 1, &range);
}

static VkResult
allocate (SimDeviceMemory             *self,
          SimMemory                   *memory,
          const VkMemoryAllocateInfo  *info,
          const VkAllocationCallbacks *allocator,
          VkDeviceMemory              *handle)
{
  SimDevice *device = self->device;
  VkMemoryAllocateInfo real = *info;
  VkResult result;

  real.memoryTypeIndex = device->physical->real_types[memory->type];
  result = device->next.vkAllocateMemory (device->handle, &real, allocator, handle);
  if (result == VK_SUCCESS && !memory->imported
      && poison_real (self, memory, *handle) != VK_SUCCESS)
    {
      device->next.vkFreeMemory (device->handle, *handle, allocator);
      return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
  return result;
}

VkResult
sim_vkAllocateMemory (SimDevice                   *device,
                      const VkMemoryAllocateInfo  *pAllocateInfo,
                      const VkAllocationCallbacks *pAllocator,
                      VkDeviceMemory              *pMemory)
{
  SimDeviceMemory *self = device->memory;
  SimPhysicalDevice *physical = device->physical;
  guint32 type = pAllocateInfo->memoryTypeIndex;
  SimMemory *memory;
  VkResult result;

  if (type >= physical->simulated.memoryTypeCount)
    {
      sim_report (device->instance, "RILL-memory-type",
                  "vkAllocateMemory: there is no memory type %u", type);
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    }
  memory = g_new0 (SimMemory, 1);
  memory->size = pAllocateInfo->allocationSize;
  memory->type = type;
  memory->flags = physical->simulated.memoryTypes[type].propertyFlags;
  memory->imported = is_import (pAllocateInfo);
  memory->has_shadow = needs_shadow (physical, type);
  memory->bindings = sim_bindings_new ();
  memory->unavailable = sim_domain_ranges_new ();

  result = reserve (self, memory);
  if (result == VK_SUCCESS)
    {
      result = allocate (self, memory, pAllocateInfo, pAllocator, pMemory);
      if (result != VK_SUCCESS)
        release (self, memory);
    }
  if (result != VK_SUCCESS)
    {
      memory_free (memory);
      return result;
    }
  memory->handle = SIM_HANDLE (*pMemory);
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->memories, &memory->handle, memory);
  g_mutex_unlock (&self->lock);
  return VK_SUCCESS;
}

void
sim_vkFreeMemory (SimDevice                   *device,
                  VkDeviceMemory               memory,
                  const VkAllocationCallbacks *pAllocator)
{
  SimDeviceMemory *self = device->memory;
  guint64 key = SIM_HANDLE (memory);
  SimMemory *freed = NULL;

  g_mutex_lock (&self->lock);
  if (g_hash_table_steal_extended (self->memories, &key, NULL, (gpointer *) &freed))
    sim_bindings_forget_locked (freed->bindings);
  g_mutex_unlock (&self->lock);
  device->next.vkFreeMemory (device->handle, memory, pAllocator);
  if (freed == NULL)
    return;
  release (self, freed);
  memory_free (freed);
}

VkResult
sim_vkGetMemoryHostPointerPropertiesEXT (SimDevice                          *device,
                                         VkExternalMemoryHandleTypeFlagBits  handleType,
                                         const void                         *pHostPointer,
                                         VkMemoryHostPointerPropertiesEXT   *pProperties)
{
  VkResult result = device->next.vkGetMemoryHostPointerPropertiesEXT (device->handle, handleType,
                                                                      pHostPointer, pProperties);

  if (result == VK_SUCCESS)
    pProperties->memoryTypeBits =
      sim_topology_get_import_types (device->physical, pProperties->memoryTypeBits);
  return result;
}

VkResult
sim_vkGetMemoryFdPropertiesKHR (SimDevice                          *device,
                                VkExternalMemoryHandleTypeFlagBits  handleType,
                                int                                 fd,
                                VkMemoryFdPropertiesKHR            *pProperties)
{
  VkResult result = device->next.vkGetMemoryFdPropertiesKHR (device->handle, handleType, fd,
                                                             pProperties);

  if (result == VK_SUCCESS)
    pProperties->memoryTypeBits = sim_physical_device_simulate_types (
      device->physical, pProperties->memoryTypeBits, FALSE);
  return result;
}

/* Mapping */

/* The reason why it cannot be mapped; NULL where it can. */
static const char *
find_fault (const SimMemory *memory,
            guint64          offset,
            guint64          size)
{
  if (memory == NULL)
    return "there is no such memory";
  if (!(memory->flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT))
    return "memory of a type that is not HOST_VISIBLE";
  if (memory->mapped)
    return "the memory is mapped already";
  if (offset >= memory->size || size == 0
      || (size != VK_WHOLE_SIZE && size > memory->size - offset))
    return "the range is not within the memory";
  return NULL;
}

/* As the host's cache it outlives a mapping: what the host has written it sees again, and what the
 * device has written only after an invalidation. */
static gboolean
create_shadow (SimDeviceMemory *self,
               SimMemory       *memory)
{
  gsize alignment = self->device->physical->limits.minMemoryMapAlignment;
  void *shadow;

  if (memory->shadow != NULL)
    return TRUE;
  if (posix_memalign (&shadow, MAX (alignment, sizeof (gpointer)), memory->size) != 0)
    return FALSE;
  sim_memory_poison (shadow, memory->size);
  memory->shadow = shadow;
  return TRUE;
}

VkResult
sim_vkMapMemory (SimDevice         *device,
                 VkDeviceMemory     memory,
                 VkDeviceSize       offset,
                 VkDeviceSize       size,
                 VkMemoryMapFlags   flags,
                 void             **ppData)
{
  SimDeviceMemory *self = device->memory;
  SimMemory *found = find_memory (self, memory);
  const char *fault = find_fault (found, offset, size);
  VkResult result;

  if (fault != NULL)
    {
      sim_report (device->instance, "RILL-map",
                  "vkMapMemory: %" G_GUINT64_FORMAT " bytes at %" G_GUINT64_FORMAT
                  " of memory 0x%" G_GINT64_MODIFIER "x: %s",
                  (guint64) size, (guint64) offset, SIM_HANDLE (memory), fault);
      return VK_ERROR_MEMORY_MAP_FAILED;
    }
  result = map_real (self, found, memory);
  if (result != VK_SUCCESS)
    return result;
  found->map_offset = offset;
  found->map_size = size == VK_WHOLE_SIZE ? found->size - offset : size;
  if (found->has_shadow && !create_shadow (self, found))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  found->mapped = TRUE;
  *ppData = (found->has_shadow ? found->shadow : found->real) + offset;
  return VK_SUCCESS;
}

void
sim_vkUnmapMemory (SimDevice      *device,
                   VkDeviceMemory  memory)
{
  SimMemory *found = find_memory (device->memory, memory);

  if (found == NULL || !found->mapped)
    {
      sim_report (device->instance, "RILL-map",
                  "vkUnmapMemory: memory 0x%" G_GINT64_MODIFIER "x is not mapped",
                  SIM_HANDLE (memory));
      return;
    }
  found->mapped = FALSE;
}

/* Flushes and invalidations */

static void
report_range (SimDevice                 *device,
              const char                *id,
              const char                *call,
              const VkMappedMemoryRange *range,
              const char                *fault)
{
  sim_report (device->instance, id,
              "%s: %" G_GINT64_FORMAT " bytes at %" G_GUINT64_FORMAT
              " of memory 0x%" G_GINT64_MODIFIER "x: %s",
              call, (gint64) range->size, (guint64) range->offset, SIM_HANDLE (range->memory),
              fault);
}

/* The range's end; what is wrong with it is reported, and what is mapped of it remains. */
static gboolean
check_range (SimDevice                 *device,
             const SimMemory           *memory,
             const char                *call,
             const VkMappedMemoryRange *range,
             guint64                   *start,
             guint64                   *end)
{
  guint64 atom = device->physical->limits.nonCoherentAtomSize;
  guint64 map_end;

  if (memory == NULL || !memory->mapped)
    {
      report_range (device, "RILL-range", call, range, "the memory is not mapped");
      return FALSE;
    }
  map_end = memory->map_offset + memory->map_size;
  *start = range->offset;
  *end = map_end;
  if (range->size != VK_WHOLE_SIZE)
    *end = range->size > G_MAXUINT64 - *start ? G_MAXUINT64 : *start + range->size;

  if (*start % atom != 0 || (*end % atom != 0 && *end != memory->size))
    report_range (device, "RILL-atom", call, range, "off nonCoherentAtomSize");
  if (*start < memory->map_offset || *start > map_end || *end > map_end)
    report_range (device, "RILL-range", call, range, "not within what is mapped");
  *start = MAX (*start, memory->map_offset);
  *end = MIN (*end, map_end);
  return *start < *end;
}

/* As a cache's line is filled anew: what has not changed is not written, and may be read meanwhile. */
static void
copy_changes (guint8       *to,
              const guint8 *from,
              guint64       size)
{
  for (guint64 start = 0; start < size; start += COMPARED_BLOCK)
    {
      guint64 n = MIN (COMPARED_BLOCK, size - start);

      if (memcmp (to + start, from + start, n) == 0)
        continue;
      for (guint64 i = start; i < start + n; i++)
        if (to[i] != from[i])
          to[i] = from[i];
    }
}

static void
copy_range (SimDeviceMemory *self,
            SimMemory       *memory,
            guint64          start,
            guint64          end,
            gboolean         to_device)
{
  guint8 *real = memory->real + start;
  guint8 *shadow = memory->shadow + start;

  if (to_device)
    {
      memcpy (real, shadow, end - start);
      sim_domain_flushed (self, memory, start, end);
    }
  else
    {
      g_mutex_lock (&self->lock); /* two threads may invalidate the same */
      copy_changes (shadow, real, end - start);
      g_mutex_unlock (&self->lock);
      sim_domain_invalidated (self, memory, start, end);
    }
}

static void
copy_ranges (SimDevice                 *device,
             guint32                    n_ranges,
             const VkMappedMemoryRange *ranges,
             gboolean                   to_device)
{
  const char *call = to_device ? "vkFlushMappedMemoryRanges" : "vkInvalidateMappedMemoryRanges";

  for (guint32 i = 0; i < n_ranges; i++)
    {
      SimMemory *memory = find_memory (device->memory, ranges[i].memory);
      guint64 start;
      guint64 end;

      if (check_range (device, memory, call, &ranges[i], &start, &end) && memory->has_shadow)
        copy_range (device->memory, memory, start, end, to_device);
    }
}

VkResult
sim_vkFlushMappedMemoryRanges (SimDevice                 *device,
                               uint32_t                   memoryRangeCount,
                               const VkMappedMemoryRange *pMemoryRanges)
{
  copy_ranges (device, memoryRangeCount, pMemoryRanges, TRUE);
  /* Behind a simulated topology all that the driver has mapped is coherent. */
  if (sim_topology_is_simulated (device->physical))
    return VK_SUCCESS;
  return device->next.vkFlushMappedMemoryRanges (device->handle, memoryRangeCount, pMemoryRanges);
}

VkResult
sim_vkInvalidateMappedMemoryRanges (SimDevice                 *device,
                                    uint32_t                   memoryRangeCount,
                                    const VkMappedMemoryRange *pMemoryRanges)
{
  VkResult result = VK_SUCCESS;

  if (!sim_topology_is_simulated (device->physical))
    result = device->next.vkInvalidateMappedMemoryRanges (device->handle, memoryRangeCount,
                                                          pMemoryRanges);
  if (result == VK_SUCCESS)
    copy_ranges (device, memoryRangeCount, pMemoryRanges, FALSE);
  return result;
}
