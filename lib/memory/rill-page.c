/* SPDX-License-Identifier: MIT */
#include "memory/rill-page-private.h"

#include "core/rill-error-private.h"

RillPage *
rill_page_new (RillContext  *context,
               guint         type_index,
               guint64       size,
               VkBuffer      buffer,
               VkImage       image,
               GError      **error)
{
  const VkMemoryDedicatedAllocateInfo dedicated = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
    .buffer = buffer,
    .image = image,
  };
  const VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .pNext = buffer != VK_NULL_HANDLE || image != VK_NULL_HANDLE ? &dedicated : NULL,
    .allocationSize = size,
    .memoryTypeIndex = type_index,
  };
  VkMemoryPropertyFlags flags = context->memory.memoryTypes[type_index].propertyFlags;
  g_autofree char *text = rill_format_size (size);
  RillPage *self = g_new0 (RillPage, 1);
  void *map = NULL;

  self->context = rill_context_ref (context);
  self->size = size;
  self->coherent = (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;
  if (!rill_context_check (context, vkAllocateMemory (context->device, &info, NULL, &self->handle), error,
                           "vkAllocateMemory", "Could not allocate a page of %s of memory type %u", text,
                           type_index)
      || (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
          && !rill_context_check (context,
                                  vkMapMemory (context->device, self->handle, 0, VK_WHOLE_SIZE, 0, &map),
                                  error, "vkMapMemory", "Could not map a page of %s", text)))
    g_clear_pointer (&self, rill_page_free);
  else
    self->map = map;
  return self;
}

void
rill_page_free (RillPage *self)
{
  g_assert (self->n_objects == 0);
  if (self->map != NULL)
    vkUnmapMemory (self->context->device, self->handle);
  vkFreeMemory (self->context->device, self->handle, NULL);
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

gboolean
rill_page_flush (RillPage  *self,
                 guint64    offset,
                 guint64    size,
                 GError   **error)
{
  VkMappedMemoryRange range;

  if (self->coherent || size == 0)
    return TRUE;
  range = get_atoms (self, offset, size);
  return rill_context_check (self->context,
                             vkFlushMappedMemoryRanges (self->context->device, 1, &range), error,
                             "vkFlushMappedMemoryRanges",
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
  return rill_context_check (self->context,
                             vkInvalidateMappedMemoryRanges (self->context->device, 1, &range), error,
                             "vkInvalidateMappedMemoryRanges",
                             "Could not make the device's writes visible to the host");
}
