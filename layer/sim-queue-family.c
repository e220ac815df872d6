/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

#include <string.h>

/* With separate queue families the program sees two: the driver's first as it is, and one that can
 * only transfer. For the driver both are the first. */
#define N_FAMILIES 2
#define TRANSFER_FAMILY 1

guint32
sim_queue_family_get_real (SimDevice *device,
                           guint32    family)
{
  return device->settings->split_queues && family == TRANSFER_FAMILY ? 0 : family;
}

static void
make_transfer_family (VkQueueFamilyProperties *properties)
{
  properties->queueFlags = VK_QUEUE_TRANSFER_BIT;
  properties->queueCount = 1;
  properties->minImageTransferGranularity = (VkExtent3D) { 1, 1, 1 };
}

void
sim_vkGetPhysicalDeviceQueueFamilyProperties (SimInstance             *instance,
                                              VkPhysicalDevice         physicalDevice,
                                              uint32_t                *pQueueFamilyPropertyCount,
                                              VkQueueFamilyProperties *pQueueFamilyProperties)
{
  PFN_vkGetPhysicalDeviceQueueFamilyProperties get =
    instance->next.vkGetPhysicalDeviceQueueFamilyProperties;
  guint32 one = 1;

  if (!instance->settings.split_queues)
    {
      get (physicalDevice, pQueueFamilyPropertyCount, pQueueFamilyProperties);
      return;
    }
  if (pQueueFamilyProperties == NULL)
    {
      *pQueueFamilyPropertyCount = N_FAMILIES;
      return;
    }
  *pQueueFamilyPropertyCount = MIN (*pQueueFamilyPropertyCount, N_FAMILIES);
  for (guint i = 0; i < *pQueueFamilyPropertyCount; i++)
    get (physicalDevice, &one, &pQueueFamilyProperties[i]);
  if (*pQueueFamilyPropertyCount == N_FAMILIES)
    make_transfer_family (&pQueueFamilyProperties[TRANSFER_FAMILY]);
}

void
sim_vkGetPhysicalDeviceQueueFamilyProperties2 (SimInstance              *instance,
                                               VkPhysicalDevice          physicalDevice,
                                               uint32_t                 *pQueueFamilyPropertyCount,
                                               VkQueueFamilyProperties2 *pQueueFamilyProperties)
{
  PFN_vkGetPhysicalDeviceQueueFamilyProperties2 get =
    instance->next.vkGetPhysicalDeviceQueueFamilyProperties2;
  guint32 one = 1;

  if (!instance->settings.split_queues)
    {
      get (physicalDevice, pQueueFamilyPropertyCount, pQueueFamilyProperties);
      return;
    }
  if (pQueueFamilyProperties == NULL)
    {
      *pQueueFamilyPropertyCount = N_FAMILIES;
      return;
    }
  *pQueueFamilyPropertyCount = MIN (*pQueueFamilyPropertyCount, N_FAMILIES);
  for (guint i = 0; i < *pQueueFamilyPropertyCount; i++)
    get (physicalDevice, &one, &pQueueFamilyProperties[i]);
  if (*pQueueFamilyPropertyCount == N_FAMILIES)
    make_transfer_family (&pQueueFamilyProperties[TRANSFER_FAMILY].queueFamilyProperties);
}

void
sim_queues_filter_create_infos (SimInstance              *instance,
                                VkPhysicalDevice          physical_device,
                                const VkDeviceCreateInfo *info,
                                VkDeviceQueueCreateInfo **infos,
                                guint32                  *n_infos)
{
  static const float priority = 1.0f;
  guint n = 0;

  if (!instance->settings.split_queues)
    return;
  *infos = g_new0 (VkDeviceQueueCreateInfo, info->queueCreateInfoCount + 1);
  for (guint i = 0; i < info->queueCreateInfoCount; i++)
    if (info->pQueueCreateInfos[i].queueFamilyIndex != TRANSFER_FAMILY)
      (*infos)[n++] = info->pQueueCreateInfos[i];
  if (n == 0)
    (*infos)[n++] = (VkDeviceQueueCreateInfo) {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueCount = 1,
      .pQueuePriorities = &priority,
    };
  *n_infos = n;
}

/* Command pools and their buffers: those of the transfer family are remembered. */

VkResult
sim_vkCreateCommandPool (SimDevice                     *device,
                         const VkCommandPoolCreateInfo *pCreateInfo,
                         const VkAllocationCallbacks   *pAllocator,
                         VkCommandPool                 *pCommandPool)
{
  SimDeviceQueues *self = device->queues;
  VkCommandPoolCreateInfo info = *pCreateInfo;
  guint64 pool;
  VkResult result;

  info.queueFamilyIndex = sim_queue_family_get_real (device, info.queueFamilyIndex);
  result = device->next.vkCreateCommandPool (device->handle, &info, pAllocator, pCommandPool);
  if (result != VK_SUCCESS || info.queueFamilyIndex == pCreateInfo->queueFamilyIndex)
    return result;
  pool = (guint64) *pCommandPool;
  g_mutex_lock (&self->commands_lock);
  g_hash_table_add (self->transfer_pools, g_memdup2 (&pool, sizeof pool));
  g_mutex_unlock (&self->commands_lock);
  return VK_SUCCESS;
}

static gboolean
is_of_pool (gpointer commands,
            gpointer pool,
            gpointer wanted)
{
  return *(const guint64 *) pool == *(const guint64 *) wanted;
}

void
sim_vkDestroyCommandPool (SimDevice                   *device,
                          VkCommandPool                commandPool,
                          const VkAllocationCallbacks *pAllocator)
{
  SimDeviceQueues *self = device->queues;
  guint64 pool = (guint64) commandPool;

  g_mutex_lock (&self->commands_lock);
  if (g_hash_table_remove (self->transfer_pools, &pool))
    g_hash_table_foreach_remove (self->transfer_commands, is_of_pool, &pool);
  g_mutex_unlock (&self->commands_lock);
  device->next.vkDestroyCommandPool (device->handle, commandPool, pAllocator);
}

VkResult
sim_vkAllocateCommandBuffers (SimDevice                         *device,
                              const VkCommandBufferAllocateInfo *pAllocateInfo,
                              VkCommandBuffer                   *pCommandBuffers)
{
  SimDeviceQueues *self = device->queues;
  guint64 pool = (guint64) pAllocateInfo->commandPool;
  VkResult result = device->next.vkAllocateCommandBuffers (device->handle, pAllocateInfo,
                                                           pCommandBuffers);

  if (result != VK_SUCCESS)
    return result;
  g_mutex_lock (&self->commands_lock);
  if (g_hash_table_contains (self->transfer_pools, &pool))
    for (guint i = 0; i < pAllocateInfo->commandBufferCount; i++)
      g_hash_table_insert (self->transfer_commands, pCommandBuffers[i],
                           g_memdup2 (&pool, sizeof pool));
  g_mutex_unlock (&self->commands_lock);
  return VK_SUCCESS;
}

void
sim_vkFreeCommandBuffers (SimDevice             *device,
                          VkCommandPool          commandPool,
                          uint32_t               commandBufferCount,
                          const VkCommandBuffer *pCommandBuffers)
{
  SimDeviceQueues *self = device->queues;

  g_mutex_lock (&self->commands_lock);
  for (guint i = 0; i < commandBufferCount; i++)
    g_hash_table_remove (self->transfer_commands, pCommandBuffers[i]);
  g_mutex_unlock (&self->commands_lock);
  for (guint i = 0; i < commandBufferCount; i++)
    sim_domain_forget_commands (device, pCommandBuffers[i]);
  device->next.vkFreeCommandBuffers (device->handle, commandPool, commandBufferCount,
                                     pCommandBuffers);
}

static guint32
get_family (SimDevice       *device,
            VkCommandBuffer  commands)
{
  SimDeviceQueues *self = device->queues;
  gboolean is_transfer;

  g_mutex_lock (&self->commands_lock);
  is_transfer = g_hash_table_contains (self->transfer_commands, commands);
  g_mutex_unlock (&self->commands_lock);
  return is_transfer ? TRANSFER_FAMILY : 0;
}

/* Barriers: between families that are one for the driver there is no change of ownership. */

static void
translate_families (SimDevice *device,
                    guint32   *src,
                    guint32   *dst)
{
  *src = sim_queue_family_get_real (device, *src);
  *dst = sim_queue_family_get_real (device, *dst);
  if (*src == *dst)
    *src = *dst = VK_QUEUE_FAMILY_IGNORED;
}

/* The layout changes once in a change of ownership, though both halves name it: here in the second.
 * What is not kept needs no care. */
static gboolean
is_release (SimDevice     *device,
            guint32        family,
            guint32        src,
            guint32        dst,
            VkImageLayout  old_layout)
{
  return src == family && src != dst
         && sim_queue_family_get_real (device, src) == sim_queue_family_get_real (device, dst)
         && old_layout != VK_IMAGE_LAYOUT_UNDEFINED
         && old_layout != VK_IMAGE_LAYOUT_PREINITIALIZED;
}

/* A copy of the barriers in the place of *barriers, to be freed. */
#define COPY_BARRIERS(device, type, n, barriers)                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    type *copies_ = g_memdup2 (*(barriers), (n) * sizeof (type));                                  \
    for (guint i_ = 0; i_ < (n); i_++)                                                             \
      translate_families (device, &copies_[i_].srcQueueFamilyIndex,                                \
                          &copies_[i_].dstQueueFamilyIndex);                                       \
    *(barriers) = copies_;                                                                         \
  }                                                                                                \
  G_STMT_END

#define COPY_IMAGE_BARRIERS(device, family, type, n, barriers)                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    type *copies_ = g_memdup2 (*(barriers), (n) * sizeof (type));                                  \
    for (guint i_ = 0; i_ < (n); i_++)                                                             \
      {                                                                                            \
        type *copy_ = &copies_[i_];                                                                \
        if (is_release (device, family, copy_->srcQueueFamilyIndex, copy_->dstQueueFamilyIndex,    \
                        copy_->oldLayout))                                                         \
          copy_->newLayout = copy_->oldLayout;                                                     \
        translate_families (device, &copy_->srcQueueFamilyIndex, &copy_->dstQueueFamilyIndex);     \
      }                                                                                            \
    *(barriers) = copies_;                                                                         \
  }                                                                                                \
  G_STMT_END

void
sim_vkCmdPipelineBarrier (SimDevice                   *device,
                          VkCommandBuffer              commandBuffer,
                          VkPipelineStageFlags         srcStageMask,
                          VkPipelineStageFlags         dstStageMask,
                          VkDependencyFlags            dependencyFlags,
                          uint32_t                     memoryBarrierCount,
                          const VkMemoryBarrier       *pMemoryBarriers,
                          uint32_t                     bufferMemoryBarrierCount,
                          const VkBufferMemoryBarrier *pBufferMemoryBarriers,
                          uint32_t                     imageMemoryBarrierCount,
                          const VkImageMemoryBarrier  *pImageMemoryBarriers)
{
  gboolean split = device->settings->split_queues;
  guint32 family = get_family (device, commandBuffer);

  sim_commands_note_barrier (device, commandBuffer, dstStageMask, imageMemoryBarrierCount);
  sim_domain_note_barriers (device, commandBuffer, dstStageMask, memoryBarrierCount,
                            pMemoryBarriers, bufferMemoryBarrierCount, pBufferMemoryBarriers);
  if (split)
    {
      COPY_BARRIERS (device, VkBufferMemoryBarrier, bufferMemoryBarrierCount,
                     &pBufferMemoryBarriers);
      COPY_IMAGE_BARRIERS (device, family, VkImageMemoryBarrier,
                           imageMemoryBarrierCount, &pImageMemoryBarriers);
    }
  device->next.vkCmdPipelineBarrier (commandBuffer, srcStageMask, dstStageMask, dependencyFlags,
                                     memoryBarrierCount, pMemoryBarriers, bufferMemoryBarrierCount,
                                     pBufferMemoryBarriers, imageMemoryBarrierCount,
                                     pImageMemoryBarriers);
  if (split)
    {
      g_free ((gpointer) pBufferMemoryBarriers);
      g_free ((gpointer) pImageMemoryBarriers);
    }
}

void
sim_vkCmdWaitEvents (SimDevice                   *device,
                     VkCommandBuffer              commandBuffer,
                     uint32_t                     eventCount,
                     const VkEvent               *pEvents,
                     VkPipelineStageFlags         srcStageMask,
                     VkPipelineStageFlags         dstStageMask,
                     uint32_t                     memoryBarrierCount,
                     const VkMemoryBarrier       *pMemoryBarriers,
                     uint32_t                     bufferMemoryBarrierCount,
                     const VkBufferMemoryBarrier *pBufferMemoryBarriers,
                     uint32_t                     imageMemoryBarrierCount,
                     const VkImageMemoryBarrier  *pImageMemoryBarriers)
{
  gboolean split = device->settings->split_queues;
  guint32 family = get_family (device, commandBuffer);

  sim_commands_order (device, commandBuffer);
  sim_domain_note_barriers (device, commandBuffer, dstStageMask, memoryBarrierCount,
                            pMemoryBarriers, bufferMemoryBarrierCount, pBufferMemoryBarriers);
  if (split)
    {
      COPY_BARRIERS (device, VkBufferMemoryBarrier, bufferMemoryBarrierCount,
                     &pBufferMemoryBarriers);
      COPY_IMAGE_BARRIERS (device, family, VkImageMemoryBarrier,
                           imageMemoryBarrierCount, &pImageMemoryBarriers);
    }
  device->next.vkCmdWaitEvents (commandBuffer, eventCount, pEvents, srcStageMask, dstStageMask,
                                memoryBarrierCount, pMemoryBarriers, bufferMemoryBarrierCount,
                                pBufferMemoryBarriers, imageMemoryBarrierCount,
                                pImageMemoryBarriers);
  if (split)
    {
      g_free ((gpointer) pBufferMemoryBarriers);
      g_free ((gpointer) pImageMemoryBarriers);
    }
}

static VkDependencyInfo *
copy_dependencies (SimDevice              *device,
                   VkCommandBuffer         commands,
                   const VkDependencyInfo *infos,
                   guint                   n)
{
  VkDependencyInfo *copies = g_memdup2 (infos, n * sizeof *infos);
  guint32 family = get_family (device, commands);

  for (guint i = 0; i < n; i++)
    {
      COPY_BARRIERS (device, VkBufferMemoryBarrier2, copies[i].bufferMemoryBarrierCount,
                     &copies[i].pBufferMemoryBarriers);
      COPY_IMAGE_BARRIERS (device, family, VkImageMemoryBarrier2,
                           copies[i].imageMemoryBarrierCount, &copies[i].pImageMemoryBarriers);
    }
  return copies;
}

static void
free_dependencies (VkDependencyInfo *copies,
                   guint             n)
{
  for (guint i = 0; i < n; i++)
    {
      g_free ((gpointer) copies[i].pBufferMemoryBarriers);
      g_free ((gpointer) copies[i].pImageMemoryBarriers);
    }
  g_free (copies);
}

void
sim_vkCmdPipelineBarrier2 (SimDevice              *device,
                           VkCommandBuffer         commandBuffer,
                           const VkDependencyInfo *pDependencyInfo)
{
  VkDependencyInfo *copy;

  sim_commands_note_dependency (device, commandBuffer, pDependencyInfo);
  sim_domain_note_dependency (device, commandBuffer, pDependencyInfo);
  if (!device->settings->split_queues)
    {
      device->next.vkCmdPipelineBarrier2 (commandBuffer, pDependencyInfo);
      return;
    }
  copy = copy_dependencies (device, commandBuffer, pDependencyInfo, 1);
  device->next.vkCmdPipelineBarrier2 (commandBuffer, copy);
  free_dependencies (copy, 1);
}

void
sim_vkCmdSetEvent2 (SimDevice              *device,
                    VkCommandBuffer         commandBuffer,
                    VkEvent                 event,
                    const VkDependencyInfo *pDependencyInfo)
{
  VkDependencyInfo *copy;

  sim_commands_order (device, commandBuffer);
  if (!device->settings->split_queues)
    {
      device->next.vkCmdSetEvent2 (commandBuffer, event, pDependencyInfo);
      return;
    }
  copy = copy_dependencies (device, commandBuffer, pDependencyInfo, 1);
  device->next.vkCmdSetEvent2 (commandBuffer, event, copy);
  free_dependencies (copy, 1);
}

void
sim_vkCmdWaitEvents2 (SimDevice              *device,
                      VkCommandBuffer         commandBuffer,
                      uint32_t                eventCount,
                      const VkEvent          *pEvents,
                      const VkDependencyInfo *pDependencyInfos)
{
  VkDependencyInfo *copies;

  sim_commands_order (device, commandBuffer);
  for (guint i = 0; i < eventCount; i++)
    sim_domain_note_dependency (device, commandBuffer, &pDependencyInfos[i]);
  if (!device->settings->split_queues)
    {
      device->next.vkCmdWaitEvents2 (commandBuffer, eventCount, pEvents, pDependencyInfos);
      return;
    }
  copies = copy_dependencies (device, commandBuffer, pDependencyInfos, eventCount);
  device->next.vkCmdWaitEvents2 (commandBuffer, eventCount, pEvents, copies);
  free_dependencies (copies, eventCount);
}
