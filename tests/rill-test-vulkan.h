/* SPDX-License-Identifier: MIT */
#pragma once

/* Stands between the library and the Vulkan loader: counts what is made and destroyed, lets calls
 * fail, and can make the device show other memory types. A program that includes this once takes
 * precedence over the loader with these functions. */

#include <rill.h>

#include "session/rill-session-private.h"

#include <dlfcn.h>
#include <string.h>
#include <vulkan/vulkan.h>

typedef enum
{
  RILL_TEST_CALL_NONE,
  RILL_TEST_CALL_ALLOCATE_MEMORY,
  RILL_TEST_CALL_MAP_MEMORY,
  RILL_TEST_CALL_CREATE_BUFFER,
  RILL_TEST_CALL_BIND_BUFFER,
  RILL_TEST_CALL_BIND_IMAGE,
  RILL_TEST_CALL_SUBMIT,
  RILL_TEST_CALL_BEGIN,
  RILL_TEST_CALL_END,
  RILL_TEST_CALL_FLUSH,
  RILL_TEST_CALL_INVALIDATE,
} RillTestCall;

static struct
{
  /* Alive now (atomic). */
  gint memories;
  gint buffers;
  gint images;
  gint devices;
  gint instances;

  gint n_allocations;   /* (atomic) that succeeded, ever */
  gint n_dedicated;     /* (atomic) of them dedicated */
  gint n_submissions;   /* (atomic) */

  /* The next such call fails, once. */
  gint fail_call; /* (atomic) RillTestCall */
  VkResult fail_result;

  /* Cancelled by the submission after so many. */
  GCancellable *cancellable; /* (unowned) */
  gint cancel_after;

  /* What the device seems to have; NULL and 0 for what it has. */
  const VkMemoryPropertyFlags *types;
  guint n_types;
  guint64 heap_size;
  guint64 atom;
  guint64 alignment;          /* of buffers, at least */
  guint64 allocation_limit;   /* larger allocations fail */
  guint64 pretended_size;     /* of the buffer that was created last */
  guint64 pretend;            /* buffers and pages only seem to be larger than this */
  guint32 type_bits;          /* that buffers may be in */
  gboolean dedicated_required;
  gboolean dedicated_preferred;

  /* Of the last flush and invalidation (lock), as offsets in the VkDeviceMemory. */
  GMutex lock;
  VkMappedMemoryRange flushed;
  VkMappedMemoryRange invalidated;
  gint n_flushes;
  gint n_invalidations;
} rill_test_vulkan;

#define rill_test_real(name) ((PFN_##name) rill_test_find (#name))

/* A processor takes any memory for any type; a real GPU does not, nor one that the simulation layer
 * makes of it. Otherwise the test is skipped. */
static inline gboolean
rill_test_can_forge (void)
{
  GError *error = NULL;
  RillSession *session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  gboolean can;

  g_assert_no_error (error);
  can = g_getenv ("RILL_SIMULATION") == NULL
        && rill_device_get_device_type (rill_session_get_device (session)) == RILL_DEVICE_TYPE_CPU;

  g_object_unref (session);
  if (!can)
    g_test_skip ("a device can be forged over a plain processor only");
  return can;
}

static inline gboolean
rill_test_has_types (const VkMemoryPropertyFlags *types,
                     guint                        n_types,
                     guint64                      atom)
{
  RillSession *session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, NULL);
  RillContext *context = rill_session_ref_context (session, NULL);
  gboolean has = context->memory.memoryTypeCount == n_types
                 && (atom == 0 || context->properties.limits.nonCoherentAtomSize == atom);

  for (guint i = 0; i < n_types && has; i++)
    has = context->memory.memoryTypes[i].propertyFlags == types[i];
  rill_context_unref (context);
  g_object_unref (session);
  return has;
}

static inline gboolean
rill_test_has_unmappable (void)
{
  RillSession *session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, NULL);
  RillMemory *memory =
    rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_DEVICE_ONLY, NULL);
  gboolean has = memory != NULL && !rill_memory_get_mappable (memory);

  g_clear_object (&memory);
  g_object_unref (session);
  return has;
}

static inline gboolean
rill_test_forge_types (const VkMemoryPropertyFlags *types,
                       guint                        n_types,
                       guint64                      atom)
{
  if (!rill_test_can_forge ())
    return FALSE;
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  rill_test_vulkan.types = types;
  rill_test_vulkan.n_types = n_types;
  rill_test_vulkan.atom = atom;
  return TRUE;
}

static inline gboolean
rill_test_use_simulated (gboolean suits)
{
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  if (!suits)
    g_test_skip ("the device that is simulated has other types of memory");
  return suits;
}

/* The device has these types of memory: simulated, or forged over a processor. Otherwise the test is
 * skipped. @atom 0 is any. */
static inline gboolean
rill_test_want_types (const VkMemoryPropertyFlags *types,
                      guint                        n_types,
                      guint64                      atom)
{
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  if (g_getenv ("RILL_SIMULATION") != NULL)
    return rill_test_use_simulated (rill_test_has_types (types, n_types, atom));
  return rill_test_forge_types (types, n_types, atom);
}

/* The device has memory of its own that the host cannot map: simulated, or forged as these types. */
static inline gboolean
rill_test_want_unmappable (const VkMemoryPropertyFlags *types,
                           guint                        n_types)
{
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  if (g_getenv ("RILL_SIMULATION") != NULL)
    return rill_test_use_simulated (rill_test_has_unmappable ());
  return rill_test_forge_types (types, n_types, 0);
}

static gpointer
rill_test_find (const char *name)
{
  gpointer real = dlsym (RTLD_NEXT, name);

  if (real == NULL)
    g_error ("no %s", name);
  return real;
}

static gboolean
rill_test_fails (RillTestCall call)
{
  return g_atomic_int_compare_and_exchange (&rill_test_vulkan.fail_call, (gint) call,
                                            RILL_TEST_CALL_NONE);
}

static void
rill_test_forge_memory (VkPhysicalDeviceMemoryProperties *properties)
{
  if (rill_test_vulkan.heap_size > 0)
    properties->memoryHeaps[0].size = rill_test_vulkan.heap_size;
  if (rill_test_vulkan.types == NULL)
    return;
  properties->memoryTypeCount = rill_test_vulkan.n_types;
  for (guint i = 0; i < rill_test_vulkan.n_types; i++)
    properties->memoryTypes[i] = (VkMemoryType) { rill_test_vulkan.types[i], 0 };
}

static void
rill_test_forge_requirements (VkMemoryRequirements *requirements)
{
  if (rill_test_vulkan.types != NULL)
    requirements->memoryTypeBits = (1u << rill_test_vulkan.n_types) - 1;
  if (rill_test_vulkan.type_bits != 0)
    requirements->memoryTypeBits = rill_test_vulkan.type_bits;
  requirements->alignment = MAX (requirements->alignment, rill_test_vulkan.alignment);
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties (VkPhysicalDevice                  physical_device,
                                     VkPhysicalDeviceMemoryProperties *properties)
{
  rill_test_real (vkGetPhysicalDeviceMemoryProperties) (physical_device, properties);
  rill_test_forge_memory (properties);
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceMemoryProperties2 (VkPhysicalDevice                   physical_device,
                                      VkPhysicalDeviceMemoryProperties2 *properties)
{
  rill_test_real (vkGetPhysicalDeviceMemoryProperties2) (physical_device, properties);
  rill_test_forge_memory (&properties->memoryProperties);
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceProperties2 (VkPhysicalDevice             physical_device,
                                VkPhysicalDeviceProperties2 *properties)
{
  rill_test_real (vkGetPhysicalDeviceProperties2) (physical_device, properties);
  if (rill_test_vulkan.atom > 0)
    properties->properties.limits.nonCoherentAtomSize = rill_test_vulkan.atom;
}

VKAPI_ATTR void VKAPI_CALL
vkGetBufferMemoryRequirements (VkDevice              device,
                               VkBuffer              buffer,
                               VkMemoryRequirements *requirements)
{
  rill_test_real (vkGetBufferMemoryRequirements) (device, buffer, requirements);
  rill_test_forge_requirements (requirements);
}

VKAPI_ATTR void VKAPI_CALL
vkGetBufferMemoryRequirements2 (VkDevice                               device,
                                const VkBufferMemoryRequirementsInfo2 *info,
                                VkMemoryRequirements2                 *requirements)
{
  VkMemoryDedicatedRequirements *dedicated = requirements->pNext;

  rill_test_real (vkGetBufferMemoryRequirements2) (device, info, requirements);
  rill_test_forge_requirements (&requirements->memoryRequirements);
  if (rill_test_vulkan.pretend > 0)
    requirements->memoryRequirements.size = rill_test_vulkan.pretended_size;
  if (dedicated != NULL && dedicated->sType == VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS)
    {
      dedicated->requiresDedicatedAllocation |= rill_test_vulkan.dedicated_required;
      dedicated->prefersDedicatedAllocation |= rill_test_vulkan.dedicated_preferred;
    }
}

VKAPI_ATTR void VKAPI_CALL
vkGetImageMemoryRequirements2 (VkDevice                              device,
                               const VkImageMemoryRequirementsInfo2 *info,
                               VkMemoryRequirements2                *requirements)
{
  rill_test_real (vkGetImageMemoryRequirements2) (device, info, requirements);
  rill_test_forge_requirements (&requirements->memoryRequirements);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateMemory (VkDevice                     device,
                  const VkMemoryAllocateInfo  *info,
                  const VkAllocationCallbacks *allocator,
                  VkDeviceMemory              *memory)
{
  const VkMemoryDedicatedAllocateInfo *dedicated = info->pNext;
  VkMemoryAllocateInfo real_info = *info;
  VkResult result;

  if (rill_test_vulkan.pretend > 0)
    real_info.allocationSize = MIN (info->allocationSize, rill_test_vulkan.pretend);

  if (rill_test_fails (RILL_TEST_CALL_ALLOCATE_MEMORY))
    return rill_test_vulkan.fail_result;
  if (rill_test_vulkan.allocation_limit > 0
      && info->allocationSize > rill_test_vulkan.allocation_limit)
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  if (rill_test_vulkan.types != NULL)
    real_info.memoryTypeIndex = 0;
  result = rill_test_real (vkAllocateMemory) (device, &real_info, allocator, memory);
  if (result != VK_SUCCESS)
    return result;
  g_atomic_int_inc (&rill_test_vulkan.memories);
  g_atomic_int_inc (&rill_test_vulkan.n_allocations);
  if (dedicated != NULL && dedicated->sType == VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO)
    g_atomic_int_inc (&rill_test_vulkan.n_dedicated);
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
vkFreeMemory (VkDevice                     device,
              VkDeviceMemory               memory,
              const VkAllocationCallbacks *allocator)
{
  if (memory != VK_NULL_HANDLE)
    g_atomic_int_add (&rill_test_vulkan.memories, -1);
  rill_test_real (vkFreeMemory) (device, memory, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkMapMemory (VkDevice         device,
             VkDeviceMemory   memory,
             VkDeviceSize     offset,
             VkDeviceSize     size,
             VkMemoryMapFlags flags,
             void           **data)
{
  if (rill_test_fails (RILL_TEST_CALL_MAP_MEMORY))
    return rill_test_vulkan.fail_result;
  return rill_test_real (vkMapMemory) (device, memory, offset, size, flags, data);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkFlushMappedMemoryRanges (VkDevice                   device,
                           uint32_t                   n_ranges,
                           const VkMappedMemoryRange *ranges)
{
  if (rill_test_fails (RILL_TEST_CALL_FLUSH))
    return rill_test_vulkan.fail_result;
  g_mutex_lock (&rill_test_vulkan.lock);
  rill_test_vulkan.flushed = ranges[0];
  g_mutex_unlock (&rill_test_vulkan.lock);
  g_atomic_int_inc (&rill_test_vulkan.n_flushes);
  return rill_test_real (vkFlushMappedMemoryRanges) (device, n_ranges, ranges);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkInvalidateMappedMemoryRanges (VkDevice                   device,
                                uint32_t                   n_ranges,
                                const VkMappedMemoryRange *ranges)
{
  if (rill_test_fails (RILL_TEST_CALL_INVALIDATE))
    return rill_test_vulkan.fail_result;
  g_mutex_lock (&rill_test_vulkan.lock);
  rill_test_vulkan.invalidated = ranges[0];
  g_mutex_unlock (&rill_test_vulkan.lock);
  g_atomic_int_inc (&rill_test_vulkan.n_invalidations);
  return rill_test_real (vkInvalidateMappedMemoryRanges) (device, n_ranges, ranges);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateBuffer (VkDevice                     device,
                const VkBufferCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkBuffer                    *buffer)
{
  VkBufferCreateInfo real_info = *info;
  VkResult result;

  if (rill_test_fails (RILL_TEST_CALL_CREATE_BUFFER))
    return rill_test_vulkan.fail_result;
  if (rill_test_vulkan.pretend > 0)
    {
      rill_test_vulkan.pretended_size = info->size;
      real_info.size = MIN (info->size, rill_test_vulkan.pretend);
    }
  result = rill_test_real (vkCreateBuffer) (device, &real_info, allocator, buffer);
  if (result == VK_SUCCESS)
    g_atomic_int_inc (&rill_test_vulkan.buffers);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyBuffer (VkDevice                     device,
                 VkBuffer                     buffer,
                 const VkAllocationCallbacks *allocator)
{
  if (buffer != VK_NULL_HANDLE)
    g_atomic_int_add (&rill_test_vulkan.buffers, -1);
  rill_test_real (vkDestroyBuffer) (device, buffer, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkBindBufferMemory (VkDevice       device,
                    VkBuffer       buffer,
                    VkDeviceMemory memory,
                    VkDeviceSize   offset)
{
  if (rill_test_fails (RILL_TEST_CALL_BIND_BUFFER))
    return rill_test_vulkan.fail_result;
  return rill_test_real (vkBindBufferMemory) (device, buffer, memory,
                                              rill_test_vulkan.pretend > 0 ? 0 : offset);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateImage (VkDevice                     device,
               const VkImageCreateInfo     *info,
               const VkAllocationCallbacks *allocator,
               VkImage                     *image)
{
  VkResult result = rill_test_real (vkCreateImage) (device, info, allocator, image);

  if (result == VK_SUCCESS)
    g_atomic_int_inc (&rill_test_vulkan.images);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyImage (VkDevice                     device,
                VkImage                      image,
                const VkAllocationCallbacks *allocator)
{
  if (image != VK_NULL_HANDLE)
    g_atomic_int_add (&rill_test_vulkan.images, -1);
  rill_test_real (vkDestroyImage) (device, image, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkBindImageMemory (VkDevice       device,
                   VkImage        image,
                   VkDeviceMemory memory,
                   VkDeviceSize   offset)
{
  if (rill_test_fails (RILL_TEST_CALL_BIND_IMAGE))
    return rill_test_vulkan.fail_result;
  return rill_test_real (vkBindImageMemory) (device, image, memory, offset);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkQueueSubmit2 (VkQueue              queue,
                uint32_t             n_submits,
                const VkSubmitInfo2 *submits,
                VkFence              fence)
{
  if (rill_test_fails (RILL_TEST_CALL_SUBMIT))
    return rill_test_vulkan.fail_result;
  if (g_atomic_int_add (&rill_test_vulkan.n_submissions, 1) == rill_test_vulkan.cancel_after
      && rill_test_vulkan.cancellable != NULL)
    g_cancellable_cancel (rill_test_vulkan.cancellable);
  return rill_test_real (vkQueueSubmit2) (queue, n_submits, submits, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkBeginCommandBuffer (VkCommandBuffer                 command,
                      const VkCommandBufferBeginInfo *info)
{
  if (rill_test_fails (RILL_TEST_CALL_BEGIN))
    return rill_test_vulkan.fail_result;
  return rill_test_real (vkBeginCommandBuffer) (command, info);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkEndCommandBuffer (VkCommandBuffer command)
{
  VkResult result = rill_test_real (vkEndCommandBuffer) (command);

  return rill_test_fails (RILL_TEST_CALL_END) ? rill_test_vulkan.fail_result : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
vkCreateDevice (VkPhysicalDevice             physical_device,
                const VkDeviceCreateInfo    *info,
                const VkAllocationCallbacks *allocator,
                VkDevice                    *device)
{
  VkResult result = rill_test_real (vkCreateDevice) (physical_device, info, allocator, device);

  if (result == VK_SUCCESS)
    g_atomic_int_inc (&rill_test_vulkan.devices);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkDestroyDevice (VkDevice                     device,
                 const VkAllocationCallbacks *allocator)
{
  if (device != VK_NULL_HANDLE)
    g_atomic_int_add (&rill_test_vulkan.devices, -1);
  rill_test_real (vkDestroyDevice) (device, allocator);
}
