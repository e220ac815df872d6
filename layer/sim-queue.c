/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

static void
queue_free (SimQueue *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) sim_submission_free);
  g_free (self);
}

SimDeviceQueues *
sim_queues_new (SimDevice                *device,
                const VkDeviceCreateInfo *info)
{
  SimDeviceQueues *self = g_new0 (SimDeviceQueues, 1);

  self->device = device;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->queues = g_ptr_array_new_with_free_func ((GDestroyNotify) queue_free);
  self->timelines = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  self->demands = g_ptr_array_new ();
  self->fences = g_array_new (FALSE, FALSE, sizeof (VkFence));
  self->idle_fences = g_array_new (FALSE, FALSE, sizeof (VkFence));
  g_queue_init (&self->delayed);
  g_mutex_init (&self->commands_lock);
  self->unordered = g_hash_table_new (NULL, NULL);
  self->transfer_pools = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->transfer_commands = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
sim_queues_free (SimDeviceQueues *self)
{
  SimDevice *device = self->device;

  sim_queues_stop (self);
  for (guint i = 0; i < self->fences->len; i++)
    device->next.vkDestroyFence (device->handle, g_array_index (self->fences, VkFence, i), NULL);
  g_array_unref (self->idle_fences);
  g_array_unref (self->fences);
  g_ptr_array_unref (self->demands);
  g_hash_table_unref (self->timelines);
  g_ptr_array_unref (self->queues);
  g_hash_table_unref (self->transfer_commands);
  g_hash_table_unref (self->transfer_pools);
  g_hash_table_unref (self->unordered);
  g_mutex_clear (&self->commands_lock);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
sim_queues_lose (SimDevice *device)
{
  SimDeviceQueues *self = device->queues;
  gboolean first;

  g_mutex_lock (&self->lock);
  first = sim_queues_lose_locked (self);
  g_mutex_unlock (&self->lock);
  /* It has nothing that waits for what was dropped. */
  if (first)
    device->next.vkDeviceWaitIdle (device->handle);
}

/* Queues */

SimQueue *
sim_queues_find_locked (SimDeviceQueues *self,
                        VkQueue          handle)
{
  for (guint i = 0; i < self->queues->len; i++)
    if (((SimQueue *) self->queues->pdata[i])->handle == handle)
      return self->queues->pdata[i];
  return NULL;
}

static SimQueue *
add_queue_locked (SimDeviceQueues *self,
                  VkQueue          real)
{
  SimQueue *queue = g_new0 (SimQueue, 1);

  queue->handle = real;
  queue->real = real;
  g_queue_init (&queue->held);
  g_ptr_array_add (self->queues, queue);
  return queue;
}

/* The one queue of the transfer family: an object of the layer's over a queue of the driver's. */
static VkQueue
get_transfer_queue (SimDevice *device)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SimQueue *queue;
  VkQueue real;

  for (guint i = 0; i < self->queues->len; i++)
    {
      queue = self->queues->pdata[i];
      if (queue->handle != queue->real)
        return queue->handle;
    }
  device->next.vkGetDeviceQueue (device->handle, 0, 0, &real);
  device->set_loader_data (device->handle, real);
  queue = add_queue_locked (self, real);
  queue->handle = (VkQueue) queue;
  device->set_loader_data (device->handle, queue);
  return queue->handle;
}

static void
remember_queue (SimDevice *device,
                VkQueue    queue)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (queue != VK_NULL_HANDLE && sim_queues_find_locked (self, queue) == NULL)
    add_queue_locked (self, queue);
}

void
sim_vkGetDeviceQueue (SimDevice *device,
                      uint32_t   queueFamilyIndex,
                      uint32_t   queueIndex,
                      VkQueue   *pQueue)
{
  if (sim_queue_family_get_real (device, queueFamilyIndex) != queueFamilyIndex)
    {
      *pQueue = get_transfer_queue (device);
      return;
    }
  device->next.vkGetDeviceQueue (device->handle, queueFamilyIndex, queueIndex, pQueue);
  remember_queue (device, *pQueue);
}

void
sim_vkGetDeviceQueue2 (SimDevice                *device,
                       const VkDeviceQueueInfo2 *pQueueInfo,
                       VkQueue                  *pQueue)
{
  guint32 family = pQueueInfo->queueFamilyIndex;

  if (sim_queue_family_get_real (device, family) != family)
    {
      *pQueue = get_transfer_queue (device);
      return;
    }
  device->next.vkGetDeviceQueue2 (device->handle, pQueueInfo, pQueue);
  remember_queue (device, *pQueue);
}

VkQueue
sim_queue_get_real (SimDevice *device,
                    VkQueue    queue)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SimQueue *found = sim_queues_find_locked (self, queue);

  return found != NULL ? found->real : queue;
}

/* Submissions */

static gboolean
is_signalled_before (const SimBatches *batches,
                     guint             batch,
                     SimSemaphoreValue wait)
{
  for (guint i = 0; i < batch; i++)
    for (guint j = 0; j < sim_batches_count_signals (batches, i); j++)
      {
        SimSemaphoreValue signal = sim_batches_get_signal (batches, i, j);
        if (signal.semaphore == wait.semaphore && signal.value >= wait.value)
          return TRUE;
      }
  return FALSE;
}

/* Nothing is before it, and the driver comes to the end of it without anything else. */
static gboolean
can_pass_locked (SimDeviceQueues  *self,
                 SimQueue         *queue,
                 const SimBatches *batches)
{
  if (queue->held.length > 0)
    return FALSE;
  for (guint i = 0; i < batches->n; i++)
    for (guint j = 0; j < sim_batches_count_waits (batches, i); j++)
      {
        SimSemaphoreValue wait = sim_batches_get_wait (batches, i, j);
        if (!is_signalled_before (batches, i, wait)
            && !sim_queues_is_met_locked (self, wait,
                                          sim_queues_find_binary_locked (self, wait.semaphore)))
          return FALSE;
      }
  return TRUE;
}

static gboolean
is_direct_locked (SimDeviceQueues  *self,
                  SimQueue         *queue,
                  const SimBatches *batches)
{
  return !self->late && sim_faults_get_delay () == 0 && self->delayed.length == 0
         && can_pass_locked (self, queue, batches);
}

static VkResult
pass_direct_locked (SimDeviceQueues  *self,
                    SimQueue         *queue,
                    const SimBatches *batches,
                    VkFence           fence)
{
  VkResult result = sim_batches_pass (batches, self->device, queue->real, fence);

  if (result != VK_SUCCESS)
    return result;
  for (guint i = 0; i < batches->n; i++)
    for (guint j = 0; j < sim_batches_count_signals (batches, i); j++)
      sim_queues_note_signal_locked (self, sim_batches_get_signal (batches, i, j));
  return VK_SUCCESS;
}

static void
hold_all_locked (SimDeviceQueues  *self,
                 SimQueue         *queue,
                 const SimBatches *batches,
                 VkFence           fence)
{
  SimSubmission *submission = NULL;

  for (guint i = 0; i < MAX (1, batches->n); i++)
    {
      submission = sim_submission_new (queue, batches, i);
      if (i + 1 >= batches->n)
        submission->fence = fence;
      sim_queues_hold_locked (self, submission);
    }
}

static void
run_everything_locked (SimDeviceQueues *self)
{
  sim_queues_run_all_locked (self);
  sim_queues_end_delays_locked (self);
}

/* As little as possible is held of what cannot be copied as a whole. */
static gboolean
is_direct_unknown_locked (SimDeviceQueues  *self,
                          SimQueue         *queue,
                          const SimBatches *batches)
{
  static gint told;

  run_everything_locked (self);
  if (can_pass_locked (self, queue, batches))
    return TRUE;
  if (g_atomic_int_compare_and_exchange (&told, FALSE, TRUE))
    g_printerr ("VK_LAYER_RILL_simulation: A submission that has to wait for a later one has "
                "structures that the layer does not know, which are left out.\n");
  return FALSE;
}

static VkResult
submit_locked (SimDeviceQueues  *self,
               SimQueue         *queue,
               const SimBatches *batches,
               VkFence           fence)
{
  VkResult result = VK_SUCCESS;
  gboolean direct;

  if (g_atomic_int_get (&self->device->lost))
    return VK_ERROR_DEVICE_LOST;
  self->late = sim_faults_is_late ();
  direct = sim_batches_can_copy (batches) ? is_direct_locked (self, queue, batches)
                                          : is_direct_unknown_locked (self, queue, batches);
  if (direct)
    result = pass_direct_locked (self, queue, batches, fence);
  else
    hold_all_locked (self, queue, batches, fence);
  sim_queues_run_locked (self);
  return g_atomic_int_get (&self->device->lost) ? VK_ERROR_DEVICE_LOST : result;
}

static VkResult
submit (SimDevice        *device,
        VkQueue           handle,
        const SimBatches *batches,
        VkFence           fence)
{
  SimDeviceQueues *self = device->queues;
  VkResult result;

  if (sim_faults_lose_now ())
    {
      sim_queues_lose (device);
      return VK_ERROR_DEVICE_LOST;
    }
  g_mutex_lock (&self->lock);
  result = submit_locked (self, sim_queues_find_locked (self, handle), batches, fence);
  g_mutex_unlock (&self->lock);
  return result;
}

VkResult
sim_vkQueueSubmit (SimDevice          *device,
                   VkQueue             queue,
                   uint32_t            submitCount,
                   const VkSubmitInfo *pSubmits,
                   VkFence             fence)
{
  const SimBatches batches = { .n = submitCount, .infos = pSubmits };

  return submit (device, queue, &batches, fence);
}

VkResult
sim_vkQueueSubmit2 (SimDevice           *device,
                    VkQueue              queue,
                    uint32_t             submitCount,
                    const VkSubmitInfo2 *pSubmits,
                    VkFence              fence)
{
  const SimBatches batches = { .n = submitCount, .infos2 = pSubmits };

  return submit (device, queue, &batches, fence);
}

void
sim_queues_submit_fence_locked (SimDeviceQueues *self,
                                SimQueue        *queue,
                                VkFence          fence)
{
  const SimBatches nothing = { 0 };

  hold_all_locked (self, queue, &nothing, fence);
  sim_queues_run_locked (self);
}

/* What has rules of its own comes after all that is held. */

static void
note_sparse_signals_locked (SimDeviceQueues        *self,
                            const VkBindSparseInfo *info)
{
  const VkBaseInStructure *next = info->pNext;
  const VkTimelineSemaphoreSubmitInfo *values;

  while (next != NULL && next->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
    next = next->pNext;
  values = (const VkTimelineSemaphoreSubmitInfo *) next;
  for (guint i = 0; values != NULL && i < values->signalSemaphoreValueCount; i++)
    sim_queues_note_signal_locked (self, (SimSemaphoreValue) { info->pSignalSemaphores[i],
                                                               values->pSignalSemaphoreValues[i] });
}

VkResult
sim_vkQueueBindSparse (SimDevice              *device,
                       VkQueue                 queue,
                       uint32_t                bindInfoCount,
                       const VkBindSparseInfo *pBindInfo,
                       VkFence                 fence)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  VkResult result;

  run_everything_locked (self);
  if (g_atomic_int_get (&device->lost))
    return VK_ERROR_DEVICE_LOST;
  result = device->next.vkQueueBindSparse (sim_queues_find_locked (self, queue)->real,
                                           bindInfoCount, pBindInfo, fence);
  if (result != VK_SUCCESS)
    return result;
  for (guint i = 0; i < bindInfoCount; i++)
    note_sparse_signals_locked (self, &pBindInfo[i]);
  sim_queues_run_locked (self);
  return VK_SUCCESS;
}

VkResult
sim_vkQueuePresentKHR (SimDevice              *device,
                       VkQueue                 queue,
                       const VkPresentInfoKHR *pPresentInfo)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  run_everything_locked (self);
  if (g_atomic_int_get (&device->lost))
    return VK_ERROR_DEVICE_LOST;
  return device->next.vkQueuePresentKHR (sim_queues_find_locked (self, queue)->real, pPresentInfo);
}
