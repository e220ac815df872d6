/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

static const VkBaseInStructure *
find_structure (const void      *chain,
                VkStructureType  type)
{
  const VkBaseInStructure *next = chain;

  while (next != NULL && next->sType != type)
    next = next->pNext;
  return next;
}

static const VkTimelineSemaphoreSubmitInfo *
find_values (const void *chain)
{
  return (const VkTimelineSemaphoreSubmitInfo *)
    find_structure (chain, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
}

guint
sim_batches_count_waits (const SimBatches *self,
                         guint             batch)
{
  if (batch >= self->n)
    return 0;
  if (self->infos2 != NULL)
    return self->infos2[batch].waitSemaphoreInfoCount;
  return self->infos[batch].waitSemaphoreCount;
}

SimSemaphoreValue
sim_batches_get_wait (const SimBatches *self,
                      guint             batch,
                      guint             index)
{
  const VkTimelineSemaphoreSubmitInfo *values;

  if (self->infos2 != NULL)
    {
      const VkSemaphoreSubmitInfo *info = &self->infos2[batch].pWaitSemaphoreInfos[index];
      return (SimSemaphoreValue) { info->semaphore, info->value };
    }
  values = find_values (self->infos[batch].pNext);
  return (SimSemaphoreValue) {
    .semaphore = self->infos[batch].pWaitSemaphores[index],
    .value = values != NULL && index < values->waitSemaphoreValueCount
               ? values->pWaitSemaphoreValues[index]
               : 0,
  };
}

guint
sim_batches_count_signals (const SimBatches *self,
                           guint             batch)
{
  if (batch >= self->n)
    return 0;
  if (self->infos2 != NULL)
    return self->infos2[batch].signalSemaphoreInfoCount;
  return self->infos[batch].signalSemaphoreCount;
}

SimSemaphoreValue
sim_batches_get_signal (const SimBatches *self,
                        guint             batch,
                        guint             index)
{
  const VkTimelineSemaphoreSubmitInfo *values;

  if (self->infos2 != NULL)
    {
      const VkSemaphoreSubmitInfo *info = &self->infos2[batch].pSignalSemaphoreInfos[index];
      return (SimSemaphoreValue) { info->semaphore, info->value };
    }
  values = find_values (self->infos[batch].pNext);
  return (SimSemaphoreValue) {
    .semaphore = self->infos[batch].pSignalSemaphores[index],
    .value = values != NULL && index < values->signalSemaphoreValueCount
               ? values->pSignalSemaphoreValues[index]
               : 0,
  };
}

guint
sim_batches_count_commands (const SimBatches *self,
                            guint             batch)
{
  if (batch >= self->n)
    return 0;
  return self->infos2 != NULL ? self->infos2[batch].commandBufferInfoCount
                              : self->infos[batch].commandBufferCount;
}

VkCommandBuffer
sim_batches_get_commands (const SimBatches *self,
                          guint             batch,
                          guint             index)
{
  return self->infos2 != NULL ? self->infos2[batch].pCommandBufferInfos[index].commandBuffer
                              : self->infos[batch].pCommandBuffers[index];
}

static void
note_execution (const SimBatches *self,
                SimDevice        *device)
{
  for (guint i = 0; i < self->n; i++)
    {
      for (guint j = 0; j < sim_batches_count_commands (self, i); j++)
        sim_domain_execute (device, sim_batches_get_commands (self, i, j));
      sim_domain_end_batch (device);
    }
}

VkResult
sim_batches_pass (const SimBatches *self,
                  SimDevice        *device,
                  VkQueue           real,
                  VkFence           fence)
{
  note_execution (self, device);
  if (self->infos2 != NULL)
    return device->next.vkQueueSubmit2 (real, self->n, self->infos2, fence);
  return device->next.vkQueueSubmit (real, self->n, self->infos, fence);
}

/* Structures beside the values of semaphores count what a part has not. */
gboolean
sim_batches_can_split (const SimBatches *self)
{
  const VkBaseInStructure *next = self->infos != NULL ? self->infos->pNext : NULL;

  while (next != NULL && next->sType == VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
    next = next->pNext;
  return next == NULL;
}

/* Copies */

static gboolean
is_chain_known (const void *chain)
{
  for (const VkBaseInStructure *next = chain; next != NULL; next = next->pNext)
    switch ((guint) next->sType)
      {
      case VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO:
      case VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO:
      case VK_STRUCTURE_TYPE_PROTECTED_SUBMIT_INFO:
      case VK_STRUCTURE_TYPE_PERFORMANCE_QUERY_SUBMIT_INFO_KHR:
        break;
      default:
        return FALSE;
      }
  return TRUE;
}

static gboolean
is_info2_known (const VkSubmitInfo2 *info)
{
  gboolean known = is_chain_known (info->pNext);

  for (guint i = 0; i < info->waitSemaphoreInfoCount; i++)
    known &= info->pWaitSemaphoreInfos[i].pNext == NULL;
  for (guint i = 0; i < info->commandBufferInfoCount; i++)
    known &= info->pCommandBufferInfos[i].pNext == NULL;
  for (guint i = 0; i < info->signalSemaphoreInfoCount; i++)
    known &= info->pSignalSemaphoreInfos[i].pNext == NULL;
  return known;
}

gboolean
sim_batches_can_copy (const SimBatches *self)
{
  gboolean known = TRUE;

  for (guint i = 0; i < self->n; i++)
    known &= self->infos2 != NULL ? is_info2_known (&self->infos2[i])
                                  : is_chain_known (self->infos[i].pNext);
  return known;
}

static gpointer
copy_array (SimSubmission *self,
            const void    *data,
            gsize          n,
            gsize          size)
{
  gpointer copy = g_memdup2 (data, n * size);

  if (copy != NULL)
    g_ptr_array_add (self->copies, copy);
  return copy;
}

static VkBaseOutStructure *
copy_structure (SimSubmission           *self,
                const VkBaseInStructure *structure)
{
  switch ((guint) structure->sType)
    {
    case VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO:
      {
        VkTimelineSemaphoreSubmitInfo *copy = copy_array (self, structure, 1, sizeof *copy);

        copy->pWaitSemaphoreValues = copy_array (self, copy->pWaitSemaphoreValues,
                                                 copy->waitSemaphoreValueCount, sizeof (guint64));
        copy->pSignalSemaphoreValues = copy_array (self, copy->pSignalSemaphoreValues,
                                                   copy->signalSemaphoreValueCount,
                                                   sizeof (guint64));
        return (VkBaseOutStructure *) copy;
      }
    case VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO:
      {
        VkDeviceGroupSubmitInfo *copy = copy_array (self, structure, 1, sizeof *copy);

        copy->pWaitSemaphoreDeviceIndices = copy_array (self, copy->pWaitSemaphoreDeviceIndices,
                                                        copy->waitSemaphoreCount, sizeof (guint32));
        copy->pCommandBufferDeviceMasks = copy_array (self, copy->pCommandBufferDeviceMasks,
                                                      copy->commandBufferCount, sizeof (guint32));
        copy->pSignalSemaphoreDeviceIndices = copy_array (self, copy->pSignalSemaphoreDeviceIndices,
                                                          copy->signalSemaphoreCount,
                                                          sizeof (guint32));
        return (VkBaseOutStructure *) copy;
      }
    case VK_STRUCTURE_TYPE_PROTECTED_SUBMIT_INFO:
      return copy_array (self, structure, 1, sizeof (VkProtectedSubmitInfo));
    case VK_STRUCTURE_TYPE_PERFORMANCE_QUERY_SUBMIT_INFO_KHR:
      return copy_array (self, structure, 1, sizeof (VkPerformanceQuerySubmitInfoKHR));
    default:
      return NULL;
    }
}

static const void *
copy_chain (SimSubmission *self,
            const void    *chain)
{
  const void *first = NULL;
  VkBaseOutStructure *last = NULL;

  for (const VkBaseInStructure *next = chain; next != NULL; next = next->pNext)
    {
      VkBaseOutStructure *copy = copy_structure (self, next);

      if (copy == NULL)
        continue;
      copy->pNext = NULL;
      if (last != NULL)
        last->pNext = copy;
      else
        first = copy;
      last = copy;
    }
  return first;
}

static void
copy_info (SimSubmission      *self,
           const VkSubmitInfo *info)
{
  VkSubmitInfo *copy = copy_array (self, info, 1, sizeof *info);

  copy->pNext = copy_chain (self, info->pNext);
  copy->pWaitSemaphores = copy_array (self, info->pWaitSemaphores, info->waitSemaphoreCount,
                                      sizeof *info->pWaitSemaphores);
  copy->pWaitDstStageMask = copy_array (self, info->pWaitDstStageMask, info->waitSemaphoreCount,
                                        sizeof *info->pWaitDstStageMask);
  copy->pCommandBuffers = copy_array (self, info->pCommandBuffers, info->commandBufferCount,
                                      sizeof *info->pCommandBuffers);
  copy->pSignalSemaphores = copy_array (self, info->pSignalSemaphores, info->signalSemaphoreCount,
                                        sizeof *info->pSignalSemaphores);
  self->batches = (SimBatches) { .n = 1, .infos = copy };
}

static void
copy_info2 (SimSubmission       *self,
            const VkSubmitInfo2 *info)
{
  VkSubmitInfo2 *copy = copy_array (self, info, 1, sizeof *info);
  VkSemaphoreSubmitInfo *waits =
    copy_array (self, info->pWaitSemaphoreInfos, info->waitSemaphoreInfoCount, sizeof *waits);
  VkCommandBufferSubmitInfo *commands =
    copy_array (self, info->pCommandBufferInfos, info->commandBufferInfoCount, sizeof *commands);
  VkSemaphoreSubmitInfo *signals =
    copy_array (self, info->pSignalSemaphoreInfos, info->signalSemaphoreInfoCount, sizeof *signals);

  /* No structure is known to extend these. */
  for (guint i = 0; i < info->waitSemaphoreInfoCount; i++)
    waits[i].pNext = NULL;
  for (guint i = 0; i < info->commandBufferInfoCount; i++)
    commands[i].pNext = NULL;
  for (guint i = 0; i < info->signalSemaphoreInfoCount; i++)
    signals[i].pNext = NULL;
  copy->pNext = copy_chain (self, info->pNext);
  copy->pWaitSemaphoreInfos = waits;
  copy->pCommandBufferInfos = commands;
  copy->pSignalSemaphoreInfos = signals;
  self->batches = (SimBatches) { .n = 1, .infos2 = copy };
}

/* One of the batches, or nothing but what a fence is for where there are none. */
SimSubmission *
sim_submission_new (SimQueue         *queue,
                    const SimBatches *batches,
                    guint             batch)
{
  SimSubmission *self = g_new0 (SimSubmission, 1);

  self->queue = queue;
  self->copies = g_ptr_array_new_with_free_func (g_free);
  if (batches->n == 0)
    return self;
  if (batches->infos2 != NULL)
    copy_info2 (self, &batches->infos2[batch]);
  else
    copy_info (self, &batches->infos[batch]);
  self->signallers = g_new0 (guint64, sim_batches_count_waits (&self->batches, 0));
  return self;
}

void
sim_submission_free (SimSubmission *self)
{
  g_ptr_array_unref (self->copies);
  g_free (self->signallers);
  g_free (self);
}

/* Passing on */

/* A part of the batch: the commands and what they wait for, or the signals. */
static VkResult
pass_part (SimSubmission *self,
           SimDevice     *device,
           gboolean       commands,
           VkFence        fence)
{
  const SimBatches *batches = &self->batches;
  const VkTimelineSemaphoreSubmitInfo *values =
    batches->infos != NULL ? find_values (batches->infos->pNext) : NULL;
  VkTimelineSemaphoreSubmitInfo part_values;
  VkSubmitInfo part;
  VkSubmitInfo2 part2;

  if (batches->infos2 != NULL)
    {
      part2 = batches->infos2[0];
      part2.waitSemaphoreInfoCount = commands ? part2.waitSemaphoreInfoCount : 0;
      part2.commandBufferInfoCount = commands ? part2.commandBufferInfoCount : 0;
      part2.signalSemaphoreInfoCount = commands ? 0 : part2.signalSemaphoreInfoCount;
      return device->next.vkQueueSubmit2 (self->queue->real, 1, &part2, fence);
    }
  part = batches->infos[0];
  part.waitSemaphoreCount = commands ? part.waitSemaphoreCount : 0;
  part.commandBufferCount = commands ? part.commandBufferCount : 0;
  part.signalSemaphoreCount = commands ? 0 : part.signalSemaphoreCount;
  if (values != NULL)
    {
      part_values = *values;
      part_values.waitSemaphoreValueCount = commands ? values->waitSemaphoreValueCount : 0;
      part_values.signalSemaphoreValueCount = commands ? 0 : values->signalSemaphoreValueCount;
      part.pNext = &part_values;
    }
  return device->next.vkQueueSubmit (self->queue->real, 1, &part, fence);
}

VkResult
sim_submission_pass_commands (SimSubmission *self,
                              SimDevice     *device)
{
  self->begun = TRUE;
  return pass_part (self, device, TRUE, VK_NULL_HANDLE);
}

VkResult
sim_submission_pass (SimSubmission *self,
                     SimDevice     *device)
{
  if (self->begun)
    {
      /* In its turn: a barrier that has overtaken what it is for is behind that for Vulkan. */
      note_execution (&self->batches, device);
      return pass_part (self, device, FALSE, self->fence);
    }
  return sim_batches_pass (&self->batches, device, self->queue->real, self->fence);
}
