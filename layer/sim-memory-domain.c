/* SPDX-License-Identifier: MIT */
#include "sim-memory.h"

/* What the device has written becomes available in its domain by a barrier behind the writes, or by the
 * fence or semaphore of their submission. Before the host can see it, a later barrier has to bring it to
 * the host's domain, whatever that one's own writes are; no fence and no semaphore does. Of memory that is
 * mapped as a copy, the ranges are remembered that copies, fills and updates have written since; an
 * invalidation poisons them. What shaders write is not known. */

typedef enum
{
  EVENT_WRITE,
  EVENT_AVAILABLE, /* to the device */
  EVENT_HOST       /* what is available to the device is to the host as well */
} EventKind;

/* What a command buffer does, in the order of its commands. */
typedef struct
{
  EventKind kind;
  VkBuffer buffer; /* none: a barrier for all memory */
  guint64 offset;
  guint64 size;
} Event;

typedef struct
{
  guint64 start;
  guint64 end;
  gboolean available; /* in the device's domain */
} Range;

GHashTable *
sim_domain_events_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
}

/* Recording */

static void
add_event (SimDevice       *device,
           VkCommandBuffer  commands,
           EventKind        kind,
           VkBuffer         buffer,
           guint64          offset,
           guint64          size)
{
  const Event event = { kind, buffer, offset, size };
  SimDeviceMemory *self = device->memory;
  GArray *events;

  if (!self->has_shadows)
    return;
  g_mutex_lock (&self->lock);
  events = g_hash_table_lookup (self->events, commands);
  if (events == NULL)
    {
      events = g_array_new (FALSE, FALSE, sizeof (Event));
      g_hash_table_insert (self->events, commands, events);
    }
  g_array_append_val (events, event);
  g_mutex_unlock (&self->lock);
}

void
sim_domain_forget_commands (SimDevice       *device,
                            VkCommandBuffer  commands)
{
  SimDeviceMemory *self = device->memory;

  if (!self->has_shadows)
    return;
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->events, commands);
  g_mutex_unlock (&self->lock);
}

static void
note_barrier (SimDevice             *device,
              VkCommandBuffer        commands,
              VkPipelineStageFlags2  dst_stages,
              VkAccessFlags2         src_access,
              VkAccessFlags2         dst_access,
              VkBuffer               buffer,
              guint64                offset,
              guint64                size)
{
  const VkAccessFlags2 writes = VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
  const VkAccessFlags2 host = VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT
                              | VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;

  if (src_access & writes)
    add_event (device, commands, EVENT_AVAILABLE, buffer, offset, size);
  if (dst_stages & VK_PIPELINE_STAGE_2_HOST_BIT && dst_access & host)
    add_event (device, commands, EVENT_HOST, buffer, offset, size);
}

void
sim_domain_note_barriers (SimDevice                   *device,
                          VkCommandBuffer              commands,
                          VkPipelineStageFlags         dst_stages,
                          guint                        n,
                          const VkMemoryBarrier       *barriers,
                          guint                        n_buffers,
                          const VkBufferMemoryBarrier *buffers)
{
  for (guint i = 0; i < n; i++)
    note_barrier (device, commands, dst_stages, barriers[i].srcAccessMask,
                  barriers[i].dstAccessMask, VK_NULL_HANDLE, 0, 0);
  for (guint i = 0; i < n_buffers; i++)
    note_barrier (device, commands, dst_stages, buffers[i].srcAccessMask,
                  buffers[i].dstAccessMask, buffers[i].buffer, buffers[i].offset, buffers[i].size);
}

void
sim_domain_note_dependency (SimDevice              *device,
                            VkCommandBuffer         commands,
                            const VkDependencyInfo *info)
{
  for (guint i = 0; i < info->memoryBarrierCount; i++)
    {
      const VkMemoryBarrier2 *barrier = &info->pMemoryBarriers[i];

      note_barrier (device, commands, barrier->dstStageMask, barrier->srcAccessMask,
                    barrier->dstAccessMask, VK_NULL_HANDLE, 0, 0);
    }
  for (guint i = 0; i < info->bufferMemoryBarrierCount; i++)
    {
      const VkBufferMemoryBarrier2 *barrier = &info->pBufferMemoryBarriers[i];

      note_barrier (device, commands, barrier->dstStageMask, barrier->srcAccessMask,
                    barrier->dstAccessMask, barrier->buffer, barrier->offset, barrier->size);
    }
}

void
sim_vkCmdFillBuffer (SimDevice       *device,
                     VkCommandBuffer  commandBuffer,
                     VkBuffer         dstBuffer,
                     VkDeviceSize     dstOffset,
                     VkDeviceSize     size,
                     uint32_t         data)
{
  add_event (device, commandBuffer, EVENT_WRITE, dstBuffer, dstOffset, size);
  device->next.vkCmdFillBuffer (commandBuffer, dstBuffer, dstOffset, size, data);
}

void
sim_vkCmdUpdateBuffer (SimDevice       *device,
                       VkCommandBuffer  commandBuffer,
                       VkBuffer         dstBuffer,
                       VkDeviceSize     dstOffset,
                       VkDeviceSize     dataSize,
                       const void      *pData)
{
  add_event (device, commandBuffer, EVENT_WRITE, dstBuffer, dstOffset, dataSize);
  device->next.vkCmdUpdateBuffer (commandBuffer, dstBuffer, dstOffset, dataSize, pData);
}

void
sim_vkCmdCopyBuffer (SimDevice          *device,
                     VkCommandBuffer     commandBuffer,
                     VkBuffer            srcBuffer,
                     VkBuffer            dstBuffer,
                     uint32_t            regionCount,
                     const VkBufferCopy *pRegions)
{
  for (guint32 i = 0; i < regionCount; i++)
    add_event (device, commandBuffer, EVENT_WRITE, dstBuffer, pRegions[i].dstOffset,
               pRegions[i].size);
  device->next.vkCmdCopyBuffer (commandBuffer, srcBuffer, dstBuffer, regionCount, pRegions);
}

void
sim_vkCmdCopyBuffer2 (SimDevice               *device,
                      VkCommandBuffer          commandBuffer,
                      const VkCopyBufferInfo2 *pCopyBufferInfo)
{
  for (guint32 i = 0; i < pCopyBufferInfo->regionCount; i++)
    add_event (device, commandBuffer, EVENT_WRITE, pCopyBufferInfo->dstBuffer,
               pCopyBufferInfo->pRegions[i].dstOffset, pCopyBufferInfo->pRegions[i].size);
  device->next.vkCmdCopyBuffer2 (commandBuffer, pCopyBufferInfo);
}

/* The first row of an image has a byte or more for each texel, whatever its format. */

void
sim_vkCmdCopyImageToBuffer (SimDevice               *device,
                            VkCommandBuffer          commandBuffer,
                            VkImage                  srcImage,
                            VkImageLayout            srcImageLayout,
                            VkBuffer                 dstBuffer,
                            uint32_t                 regionCount,
                            const VkBufferImageCopy *pRegions)
{
  for (guint32 i = 0; i < regionCount; i++)
    add_event (device, commandBuffer, EVENT_WRITE, dstBuffer, pRegions[i].bufferOffset,
               pRegions[i].imageExtent.width);
  device->next.vkCmdCopyImageToBuffer (commandBuffer, srcImage, srcImageLayout, dstBuffer,
                                       regionCount, pRegions);
}

void
sim_vkCmdCopyImageToBuffer2 (SimDevice                      *device,
                             VkCommandBuffer                 commandBuffer,
                             const VkCopyImageToBufferInfo2 *pCopyImageToBufferInfo)
{
  const VkCopyImageToBufferInfo2 *info = pCopyImageToBufferInfo;

  for (guint32 i = 0; i < info->regionCount; i++)
    add_event (device, commandBuffer, EVENT_WRITE, info->dstBuffer,
               info->pRegions[i].bufferOffset, info->pRegions[i].imageExtent.width);
  device->next.vkCmdCopyImageToBuffer2 (commandBuffer, info);
}

void
sim_vkCmdExecuteCommands (SimDevice             *device,
                          VkCommandBuffer        commandBuffer,
                          uint32_t               commandBufferCount,
                          const VkCommandBuffer *pCommandBuffers)
{
  SimDeviceMemory *self = device->memory;

  sim_commands_order (device, commandBuffer);
  for (guint32 i = 0; i < commandBufferCount && self->has_shadows; i++)
    {
      g_autoptr (GArray) events = NULL;

      g_mutex_lock (&self->lock);
      events = g_hash_table_lookup (self->events, pCommandBuffers[i]);
      if (events != NULL)
        g_array_ref (events);
      g_mutex_unlock (&self->lock);
      for (guint j = 0; events != NULL && j < events->len; j++)
        {
          const Event *event = &g_array_index (events, Event, j);

          add_event (device, commandBuffer, event->kind, event->buffer, event->offset, event->size);
        }
    }
  device->next.vkCmdExecuteCommands (commandBuffer, commandBufferCount, pCommandBuffers);
}

/* Execution */

/* Those that are not @available stay, where only those that are go. */
static void
remove_range (GArray   *ranges,
              guint64   start,
              guint64   end,
              gboolean  only_available)
{
  for (guint i = ranges->len; i-- > 0;)
    {
      Range *range = &g_array_index (ranges, Range, i);
      const Range rest = { end, range->end, range->available };

      if (range->start >= end || range->end <= start || (only_available && !range->available))
        continue;
      if (range->start < start)
        range->end = start;
      else
        g_array_remove_index_fast (ranges, i);
      if (rest.start < rest.end)
        g_array_append_val (ranges, rest);
    }
}

static void
apply_locked (SimMemory *memory,
              EventKind  kind,
              guint64    start,
              guint64    end)
{
  const Range written = { start, end, FALSE };

  if (kind != EVENT_AVAILABLE)
    remove_range (memory->unavailable, start, end, kind == EVENT_HOST);
  if (kind == EVENT_WRITE)
    g_array_append_val (memory->unavailable, written);
  for (guint i = 0; kind == EVENT_AVAILABLE && i < memory->unavailable->len; i++)
    {
      Range *range = &g_array_index (memory->unavailable, Range, i);

      range->available |= range->start < end && start < range->end;
    }
}

static void
apply_to_all_locked (SimDeviceMemory *self,
                     EventKind        kind)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->memories);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    apply_locked (value, kind, 0, G_MAXUINT64);
}

static void
execute_locked (SimDeviceMemory *self,
                const Event     *event)
{
  SimMemory *memory;
  guint64 start;
  guint64 end;

  if (event->buffer == VK_NULL_HANDLE)
    {
      apply_to_all_locked (self, event->kind);
      return;
    }
  memory = sim_memory_find_buffer_locked (self, event->buffer, event->offset, event->size, &start,
                                          &end);
  if (memory != NULL && memory->has_shadow)
    apply_locked (memory, event->kind, start, end);
}

void
sim_domain_execute (SimDevice       *device,
                    VkCommandBuffer  commands)
{
  SimDeviceMemory *self = device->memory;
  const GArray *events;

  if (!self->has_shadows)
    return;
  g_mutex_lock (&self->lock);
  events = g_hash_table_lookup (self->events, commands);
  for (guint i = 0; events != NULL && i < events->len; i++)
    execute_locked (self, &g_array_index (events, Event, i));
  g_mutex_unlock (&self->lock);
}

/* Its fence and its semaphores make available to the device what it has written. */
void
sim_domain_end_batch (SimDevice *device)
{
  SimDeviceMemory *self = device->memory;

  if (!self->has_shadows)
    return;
  g_mutex_lock (&self->lock);
  apply_to_all_locked (self, EVENT_AVAILABLE);
  g_mutex_unlock (&self->lock);
}

/* Of mapped memory */

GArray *
sim_domain_ranges_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (Range));
}

/* What the host has flushed comes after what the device had written there. */
void
sim_domain_flushed (SimDeviceMemory *self,
                    SimMemory       *memory,
                    guint64          start,
                    guint64          end)
{
  g_mutex_lock (&self->lock);
  remove_range (memory->unavailable, start, end, FALSE);
  g_mutex_unlock (&self->lock);
}

void
sim_domain_invalidated (SimDeviceMemory *self,
                        SimMemory       *memory,
                        guint64          start,
                        guint64          end)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < memory->unavailable->len; i++)
    {
      const Range *range = &g_array_index (memory->unavailable, Range, i);
      guint64 low = MAX (range->start, start);
      guint64 high = MIN (range->end, end);

      if (low < high)
        sim_memory_poison (memory->shadow + low, high - low);
    }
  g_mutex_unlock (&self->lock);
}
