/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

/* How long the driver is waited for before the layer looks around: for the loss of the device, and
 * for values that others than the device have signalled. */
#define WAIT_SLICE_NS (20 * 1000 * 1000)

/* Semaphores */

VkResult
sim_vkCreateSemaphore (SimDevice                   *device,
                       const VkSemaphoreCreateInfo *pCreateInfo,
                       const VkAllocationCallbacks *pAllocator,
                       VkSemaphore                 *pSemaphore)
{
  SimDeviceQueues *self = device->queues;
  const VkBaseInStructure *next = pCreateInfo->pNext;
  const VkSemaphoreTypeCreateInfo *type;
  VkResult result = device->next.vkCreateSemaphore (device->handle, pCreateInfo, pAllocator,
                                                    pSemaphore);
  SimTimeline *timeline;

  while (next != NULL && next->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
    next = next->pNext;
  type = (const VkSemaphoreTypeCreateInfo *) next;
  if (result != VK_SUCCESS || type == NULL || type->semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE)
    return result;

  timeline = g_new0 (SimTimeline, 1);
  timeline->handle = (guint64) *pSemaphore;
  timeline->passed = type->initialValue;
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->timelines, &timeline->handle, timeline);
  g_mutex_unlock (&self->lock);
  return VK_SUCCESS;
}

void
sim_vkDestroySemaphore (SimDevice                   *device,
                        VkSemaphore                  semaphore,
                        const VkAllocationCallbacks *pAllocator)
{
  SimDeviceQueues *self = device->queues;
  guint64 handle = (guint64) semaphore;

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->timelines, &handle);
  g_mutex_unlock (&self->lock);
  device->next.vkDestroySemaphore (device->handle, semaphore, pAllocator);
}

VkResult
sim_vkSignalSemaphore (SimDevice                   *device,
                       const VkSemaphoreSignalInfo *pSignalInfo)
{
  SimDeviceQueues *self = device->queues;
  VkResult result = device->next.vkSignalSemaphore (device->handle, pSignalInfo);

  if (result != VK_SUCCESS)
    return result;
  g_mutex_lock (&self->lock);
  sim_queues_note_signal_locked (self, (SimSemaphoreValue) { pSignalInfo->semaphore,
                                                             pSignalInfo->value });
  sim_queues_run_locked (self);
  g_mutex_unlock (&self->lock);
  return VK_SUCCESS;
}

/* Waits */

static VkResult
wait_once (SimDevice       *device,
           const SimDemand *demand,
           guint64          timeout)
{
  if (demand->semaphores != NULL)
    return device->next.vkWaitSemaphores (device->handle, demand->semaphores, timeout);
  return device->next.vkWaitForFences (device->handle, demand->n, demand->fences, !demand->any,
                                       timeout);
}

static void
update_demands (SimDeviceQueues *self,
                SimDemand       *add,
                SimDemand       *remove)
{
  g_mutex_lock (&self->lock);
  if (add != NULL)
    g_ptr_array_add (self->demands, add);
  if (remove != NULL)
    g_ptr_array_remove_fast (self->demands, remove);
  else
    sim_queues_run_locked (self);
  g_mutex_unlock (&self->lock);
}

static VkResult
wait_for (SimDevice *device,
          SimDemand *demand,
          guint64    timeout)
{
  SimDeviceQueues *self = device->queues;
  gint64 begin = g_get_monotonic_time ();
  guint64 left = timeout;
  VkResult result = VK_TIMEOUT;

  update_demands (self, demand, NULL);
  while (result == VK_TIMEOUT && left > 0)
    {
      guint64 elapsed;

      if (g_atomic_int_get (&device->lost))
        result = VK_ERROR_DEVICE_LOST;
      else
        result = wait_once (device, demand, MIN (left, WAIT_SLICE_NS));
      if (result != VK_TIMEOUT)
        break;
      elapsed = (guint64) (g_get_monotonic_time () - begin) * 1000;
      left = timeout == G_MAXUINT64 ? timeout : timeout - MIN (timeout, elapsed);
      update_demands (self, NULL, NULL);
    }
  update_demands (self, NULL, demand);
  return result;
}

/* Without time it is a poll. */
static VkResult
wait_or_poll (SimDevice *device,
              SimDemand *demand,
              guint64    timeout)
{
  VkResult result;

  if (timeout > 0)
    return wait_for (device, demand, timeout);
  result = wait_once (device, demand, 0);
  if (result == VK_TIMEOUT)
    sim_queues_poll_failed (device->queues, demand);
  return result;
}

VkResult
sim_vkWaitSemaphores (SimDevice                 *device,
                      const VkSemaphoreWaitInfo *pWaitInfo,
                      uint64_t                   timeout)
{
  SimDemand demand = {
    .semaphores = pWaitInfo,
    .n = pWaitInfo->semaphoreCount,
    .any = (pWaitInfo->flags & VK_SEMAPHORE_WAIT_ANY_BIT) != 0,
  };

  return wait_or_poll (device, &demand, timeout);
}

VkResult
sim_vkWaitForFences (SimDevice     *device,
                     uint32_t       fenceCount,
                     const VkFence *pFences,
                     VkBool32       waitAll,
                     uint64_t       timeout)
{
  SimDemand demand = { .fences = pFences, .n = fenceCount, .any = !waitAll };

  return wait_or_poll (device, &demand, timeout);
}

/* Idle: a fence of the layer's own after all that each queue has. */

static gboolean
take_fences_locked (SimDeviceQueues *self,
                    guint            n,
                    VkFence         *fences)
{
  const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
  SimDevice *device = self->device;
  VkFence fence;

  while (self->idle_fences->len < n)
    {
      if (device->next.vkCreateFence (device->handle, &info, NULL, &fence) != VK_SUCCESS)
        return FALSE;
      g_array_append_val (self->fences, fence);
      g_array_append_val (self->idle_fences, fence);
    }
  for (guint i = 0; i < n; i++)
    {
      fences[i] = g_array_index (self->idle_fences, VkFence, self->idle_fences->len - 1);
      g_array_set_size (self->idle_fences, self->idle_fences->len - 1);
    }
  return TRUE;
}

static VkResult
submit_fences_locked (SimDeviceQueues *self,
                      guint            n,
                      SimQueue       **queues,
                      VkFence         *fences)
{
  if (g_atomic_int_get (&self->device->lost))
    return VK_ERROR_DEVICE_LOST;
  if (!take_fences_locked (self, n, fences))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  for (guint i = 0; i < n; i++)
    sim_queues_submit_fence_locked (self, queues[i], fences[i]);
  return VK_SUCCESS;
}

/* All is done, but the driver may have to put it away: only then can semaphores be destroyed. */
static VkResult
settle_locked (SimDeviceQueues *self,
               guint            n,
               SimQueue       **queues)
{
  VkResult result = VK_SUCCESS;

  for (guint i = 0; i < n && result == VK_SUCCESS; i++)
    result = self->device->next.vkQueueWaitIdle (queues[i]->real);
  return result;
}

/* After a loss the fences stay aside: nobody knows whether the driver still has them. */
static VkResult
wait_idle (SimDevice *device,
           GPtrArray *queues)
{
  SimDeviceQueues *self = device->queues;
  g_autofree VkFence *fences = g_new0 (VkFence, queues->len);
  SimDemand demand = { .fences = fences, .n = queues->len };
  VkResult result;

  if (queues->len == 0)
    return VK_SUCCESS;
  g_mutex_lock (&self->lock);
  result = submit_fences_locked (self, queues->len, (SimQueue **) queues->pdata, fences);
  g_mutex_unlock (&self->lock);
  if (result == VK_SUCCESS)
    result = wait_for (device, &demand, G_MAXUINT64);
  if (result == VK_SUCCESS)
    result = device->next.vkResetFences (device->handle, demand.n, fences);
  if (result != VK_SUCCESS)
    return result;

  g_mutex_lock (&self->lock);
  g_array_append_vals (self->idle_fences, fences, demand.n);
  result = settle_locked (self, demand.n, (SimQueue **) queues->pdata);
  g_mutex_unlock (&self->lock);
  return result;
}

VkResult
sim_vkQueueWaitIdle (SimDevice *device,
                     VkQueue    queue)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GPtrArray) queues = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  g_ptr_array_add (queues, sim_queues_find_locked (self, queue));
  g_mutex_unlock (&self->lock);
  return wait_idle (device, queues);
}

VkResult
sim_vkDeviceWaitIdle (SimDevice *device)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GPtrArray) queues = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  g_ptr_array_extend (queues, self->queues, NULL, NULL);
  g_mutex_unlock (&self->lock);
  return wait_idle (device, queues);
}

/* Polls */

/* Nothing new is a value that something held is going to raise. */
VkResult
sim_vkGetSemaphoreCounterValue (SimDevice   *device,
                                VkSemaphore  semaphore,
                                uint64_t    *pValue)
{
  VkResult result = device->next.vkGetSemaphoreCounterValue (device->handle, semaphore, pValue);
  guint64 value;
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .semaphoreCount = 1,
    .pSemaphores = &semaphore,
    .pValues = &value,
  };
  const SimDemand demand = { .semaphores = &info, .n = 1 };

  if (result != VK_SUCCESS || *pValue == G_MAXUINT64)
    return result;
  value = *pValue + 1;
  sim_queues_poll_failed (device->queues, &demand);
  return VK_SUCCESS;
}

VkResult
sim_vkGetFenceStatus (SimDevice *device,
                      VkFence    fence)
{
  VkResult result = device->next.vkGetFenceStatus (device->handle, fence);
  const SimDemand demand = { .fences = &fence, .n = 1 };

  if (result == VK_NOT_READY)
    sim_queues_poll_failed (device->queues, &demand);
  return result;
}

VkResult
sim_vkGetEventStatus (SimDevice *device,
                      VkEvent    event)
{
  VkResult result = device->next.vkGetEventStatus (device->handle, event);

  sim_queues_poll_failed (device->queues, NULL);
  return result;
}

/* Which submission writes a query is not known, so all run; TRUE when none is left. */
static gboolean
run_for_queries (SimDeviceQueues *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  sim_queues_run_all_locked (self);
  return g_atomic_int_get (&self->n_held) == 0 && self->delayed.length == 0;
}

VkResult
sim_vkGetQueryPoolResults (SimDevice          *device,
                           VkQueryPool         queryPool,
                           uint32_t            firstQuery,
                           uint32_t            queryCount,
                           size_t              dataSize,
                           void               *pData,
                           VkDeviceSize        stride,
                           VkQueryResultFlags  flags)
{
  VkQueryResultFlags unfinished =
    VK_QUERY_RESULT_PARTIAL_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT;
  VkQueryResultFlags poll = flags & ~(VK_QUERY_RESULT_WAIT_BIT | VK_QUERY_RESULT_PARTIAL_BIT);
  VkResult result;

  while (flags & VK_QUERY_RESULT_WAIT_BIT && !run_for_queries (device->queues))
    {
      result = device->next.vkGetQueryPoolResults (device->handle, queryPool, firstQuery,
                                                   queryCount, dataSize, pData, stride, poll);
      if (result != VK_NOT_READY)
        return result;
      if (g_atomic_int_get (&device->lost))
        return VK_ERROR_DEVICE_LOST;
      g_usleep (1000);
    }
  result = device->next.vkGetQueryPoolResults (device->handle, queryPool, firstQuery, queryCount,
                                               dataSize, pData, stride, flags);
  if (result == VK_NOT_READY || (result == VK_SUCCESS && flags & unfinished))
    sim_queues_poll_failed (device->queues, NULL);
  return result;
}

/* What the host does to these no submission waits for. */

VkResult
sim_vkResetFences (SimDevice     *device,
                   uint32_t       fenceCount,
                   const VkFence *pFences)
{
  return device->next.vkResetFences (device->handle, fenceCount, pFences);
}

VkResult
sim_vkSetEvent (SimDevice *device,
                VkEvent    event)
{
  return device->next.vkSetEvent (device->handle, event);
}
