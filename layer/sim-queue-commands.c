/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

/* Vulkan lets the commands of a queue overlap and overtake each other, whatever submission they are
 * of, where no barrier, event, query or render pass is between them. While submissions are late,
 * the command buffers that have nothing of the kind are remembered; a barrier that only the host
 * waits for does not count. */

static void
set_unordered (SimDeviceQueues *self,
               VkCommandBuffer  commands,
               gboolean         unordered)
{
  if (!unordered && g_atomic_int_get (&self->n_unordered) == 0)
    return;
  g_mutex_lock (&self->commands_lock);
  if (unordered)
    g_hash_table_add (self->unordered, commands);
  else
    g_hash_table_remove (self->unordered, commands);
  g_atomic_int_set (&self->n_unordered, (gint) g_hash_table_size (self->unordered));
  g_mutex_unlock (&self->commands_lock);
}

VkResult
sim_vkBeginCommandBuffer (SimDevice                      *device,
                          VkCommandBuffer                 commandBuffer,
                          const VkCommandBufferBeginInfo *pBeginInfo)
{
  VkResult result = device->next.vkBeginCommandBuffer (commandBuffer, pBeginInfo);

  set_unordered (device->queues, commandBuffer, result == VK_SUCCESS && sim_faults_is_late ());
  sim_domain_forget_commands (device, commandBuffer);
  return result;
}

void
sim_commands_order (SimDevice       *device,
                    VkCommandBuffer  commands)
{
  set_unordered (device->queues, commands, FALSE);
}

static gboolean
orders_stages (VkPipelineStageFlags2 stages)
{
  return (stages & ~(VK_PIPELINE_STAGE_2_HOST_BIT | VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT)) != 0;
}

void
sim_commands_note_barrier (SimDevice            *device,
                           VkCommandBuffer       commands,
                           VkPipelineStageFlags  dst_stages,
                           guint                 n_image_barriers)
{
  if (orders_stages (dst_stages) || n_image_barriers > 0)
    sim_commands_order (device, commands);
}

void
sim_commands_note_dependency (SimDevice              *device,
                              VkCommandBuffer         commands,
                              const VkDependencyInfo *info)
{
  VkPipelineStageFlags2 stages = 0;

  for (guint i = 0; i < info->memoryBarrierCount; i++)
    stages |= info->pMemoryBarriers[i].dstStageMask;
  for (guint i = 0; i < info->bufferMemoryBarrierCount; i++)
    stages |= info->pBufferMemoryBarriers[i].dstStageMask;
  if (orders_stages (stages) || info->imageMemoryBarrierCount > 0)
    sim_commands_order (device, commands);
}

/* Of structures that name command buffers by number nothing is split. */
gboolean
sim_queues_can_overtake (SimDeviceQueues  *self,
                         const SimBatches *batches)
{
  gboolean unordered = sim_batches_can_split (batches);

  g_mutex_lock (&self->commands_lock);
  for (guint i = 0; i < sim_batches_count_commands (batches, 0) && unordered; i++)
    unordered = g_hash_table_contains (self->unordered, sim_batches_get_commands (batches, 0, i));
  g_mutex_unlock (&self->commands_lock);
  return unordered;
}
