/* SPDX-License-Identifier: MIT */
#include "memory/rill-page-private.h"

#include "core/rill-error-private.h"

/* Vulkan leaves an allocation over the limit undefined instead of refusing it. */
static gboolean
count_allocation (RillContext  *context,
                  GError      **error)
{
  guint limit = context->properties.limits.maxMemoryAllocationCount;
  gint n;

  do
    {
      n = g_atomic_int_get (&context->n_allocations);
      if ((guint) n >= limit)
        {
          g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_TOO_MANY_OBJECTS,
                       "vkAllocateMemory: there are %u allocations of memory, the most that the device "
                       "allows (maxMemoryAllocationCount)",
                       limit);
          return FALSE;
        }
    }
  while (!g_atomic_int_compare_and_exchange (&context->n_allocations, n, n + 1));
  return TRUE;
}

static VkResult
allocate (RillContext                 *context,
          guint                        heap,
          const VkMemoryAllocateInfo  *info,
          VkDeviceMemory              *handle)
{
  VkResult result = vkAllocateMemory (context->device, info, NULL, handle);

  if (result == VK_SUCCESS)
    rill_heaps_add (context->heaps, heap, info->allocationSize);
  else
    g_atomic_int_add (&context->n_allocations, -1);
  return result;
}

RillPage *
rill_page_new (RillContext  *context,
               guint         type_index,
               guint64       size,
               float         priority,
               VkBuffer      buffer,
               VkImage       image,
               GError      **error)
{
  const VkMemoryPriorityAllocateInfoEXT with_priority = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_PRIORITY_ALLOCATE_INFO_EXT,
    .priority = priority,
  };
  const VkMemoryDedicatedAllocateInfo dedicated = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
    .pNext = context->has_memory_priority ? &with_priority : NULL,
    .buffer = buffer,
    .image = image,
  };
  const VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .pNext = buffer != VK_NULL_HANDLE || image != VK_NULL_HANDLE ? &dedicated : dedicated.pNext,
    .allocationSize = size,
    .memoryTypeIndex = type_index,
  };
  VkMemoryPropertyFlags flags = context->memory.memoryTypes[type_index].propertyFlags;
  guint heap = context->memory.memoryTypes[type_index].heapIndex;
  g_autofree char *text = rill_format_size (size);
  RillPage *self;
  void *map = NULL;

  if (!count_allocation (context, error))
    return NULL;
  self = g_new0 (RillPage, 1);
  self->context = rill_context_ref (context);
  self->heap = heap;
  self->size = size;
  self->coherent = (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;
  if (!rill_context_check (context, allocate (context, heap, &info, &self->handle), error,
                           "vkAllocateMemory",
                           "Could not allocate a page of %s of memory type %u in heap %u", text,
                           type_index, heap)
      || (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
          && !rill_context_check (context,
                                  vkMapMemory (context->device, self->handle, 0, VK_WHOLE_SIZE, 0, &map),
                                  error, "vkMapMemory", "Could not map a page of %s", text)))
    g_clear_pointer (&self, rill_page_free);
  else
    {
      self->map = map;
      rill_budget_watch_page_added (context->budget_watch, context, type_index);
    }
  return self;
}

void
rill_page_free (RillPage *self)
{
  g_assert (self->n_objects == 0);
  if (self->handle != VK_NULL_HANDLE)
    {
      vkFreeMemory (self->context->device, self->handle, NULL);
      g_atomic_int_add (&self->context->n_allocations, -1);
      rill_heaps_remove (self->context->heaps, self->heap, self->size);
      rill_budget_watch_page_removed (self->context->budget_watch, self->context, self->heap);
    }
  rill_context_unref (self->context);
  g_free (self);
}

static VkMappedMemoryRange
get_atoms (RillPage *self,
           guint64   offset,
           guint64   size)
{
  guint64 atom = self->context->properties.limits.nonCoherentAtomSize;
  guint64 start = offset / atom * atom;
  guint64 end = (offset + size + atom - 1) / atom * atom;

  return (VkMappedMemoryRange) {
    .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
    .memory = self->handle,
    .offset = start,
    .size = MIN (end, self->size) - start,
  };
}

static gboolean
invalidate (RillPage                   *self,
            const VkMappedMemoryRange  *ranges,
            guint                       n_ranges,
            GError                    **error)
{
  VkResult result;

  if (!rill_context_begin_host_call (self->context, error))
    return FALSE;
  result = vkInvalidateMappedMemoryRanges (self->context->device, n_ranges, ranges);
  rill_context_end_host_call (self->context);
  return rill_context_check (self->context, result, error, "vkInvalidateMappedMemoryRanges",
                             "Could not make the device's writes visible to the host");
}

gboolean
rill_page_prepare_write (RillPage  *self,
                         guint64    offset,
                         guint64    size,
                         GError   **error)
{
  VkMappedMemoryRange ends[2];
  VkMappedMemoryRange whole;
  guint n = 0;

  if (self->coherent || size == 0)
    return TRUE;
  whole = get_atoms (self, offset, size);
  if (whole.offset < offset)
    ends[n++] = get_atoms (self, offset, 1);
  if (whole.offset + whole.size > offset + size)
    ends[n++] = get_atoms (self, offset + size - 1, 1);
  return n == 0 || invalidate (self, ends, n, error);
}

gboolean
rill_page_flush (RillPage  *self,
                 guint64    offset,
                 guint64    size,
                 GError   **error)
{
  VkMappedMemoryRange range;
  VkResult result;

  if (self->coherent || size == 0)
    return TRUE;
  range = get_atoms (self, offset, size);
  if (!rill_context_begin_host_call (self->context, error))
    return FALSE;
  result = vkFlushMappedMemoryRanges (self->context->device, 1, &range);
  rill_context_end_host_call (self->context);
  return rill_context_check (self->context, result, error, "vkFlushMappedMemoryRanges",
                             "Could not make the host's writes visible to the device");
}

gboolean
rill_page_invalidate (RillPage  *self,
                      guint64    offset,
                      guint64    size,
                      GError   **error)
{
  VkMappedMemoryRange range;

  if (self->coherent || size == 0)
    return TRUE;
  range = get_atoms (self, offset, size);
  return invalidate (self, &range, 1, error);
}
