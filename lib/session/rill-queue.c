/* SPDX-License-Identifier: MIT */
#include "session/rill-queue-private.h"

#include "session/rill-context-private.h"
#include "session/rill-exit-private.h"

/* How long the waiting thread sleeps in the driver before it looks around: only a device that never
 * answers makes it matter. */
#define WAIT_SLICE_NS (100 * 1000 * 1000)

/* The most that other threads are waited for at the end of the process: one may be held up in what a
 * program frees, where its language has ended already. */
#define REST_US (1000 * 1000)

/* The most that a device which is lost is waited for. */
#define DRAIN_NS (G_GUINT64_CONSTANT (5) * 1000 * 1000 * 1000)

typedef struct
{
  VkCommandBuffer command;
  guint64 value;
} RillRecycled;

typedef struct
{
  guint64 value;
  void (*func) (gpointer data);
  gpointer data;
} RillDeferred;

gboolean
rill_queue_init (RillQueue    *self,
                 RillContext  *context,
                 guint         index,
                 guint32       family,
                 guint         timestamp_valid_bits,
                 GError      **error)
{
  const VkSemaphoreTypeCreateInfo type_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
  };
  const VkSemaphoreCreateInfo semaphore_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
    .pNext = &type_info,
  };
  const VkCommandPoolCreateInfo pool_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT | VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
    .queueFamilyIndex = family,
  };

  self->context = context;
  self->index = index;
  self->family = family;
  self->timestamp_valid_bits = timestamp_valid_bits;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->deferred);
  g_queue_init (&self->recycled);
  vkGetDeviceQueue (context->device, family, 0, &self->handle);

  return rill_context_check (context,
                             vkCreateSemaphore (context->device, &semaphore_info, NULL, &self->timeline),
                             error, "vkCreateSemaphore", "Could not create a timeline semaphore")
         && rill_context_check (context,
                                vkCreateCommandPool (context->device, &pool_info, NULL, &self->pool),
                                error, "vkCreateCommandPool", "Could not create a command pool");
}

/* Set while a thread runs what was deferred. */
static GPrivate runs_deferred;

static void
run_deferred (RillDeferred *deferred)
{
  gpointer outer = g_private_get (&runs_deferred);

  g_private_set (&runs_deferred, deferred);
  deferred->func (deferred->data);
  g_private_set (&runs_deferred, outer);
  g_free (deferred);
}

void
rill_queue_clear (RillQueue *self)
{
  if (self->context == NULL)
    return;

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);

  /* Objects that are closed may still ask. */
  rill_queue_set_reached (self, G_MAXUINT64);
  g_assert (g_queue_is_empty (&self->deferred));
  g_queue_clear_full (&self->recycled, g_free);
  vkDestroyCommandPool (self->context->device, self->pool, NULL);
  vkDestroySemaphore (self->context->device, self->timeline, NULL);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
rill_queue_set_reached (RillQueue *self,
                        guint64    value)
{
  guint64 old = __atomic_load_n (&self->reached, __ATOMIC_ACQUIRE);

  while (old < value
         && !__atomic_compare_exchange_n (&self->reached, &old, value, TRUE, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE))
    ;
}

/* A lost device may still be at work that was submitted before; its waits end in finite time. */
static void
drain (RillQueue *self)
{
  guint64 value = __atomic_load_n (&self->submitted, __ATOMIC_ACQUIRE);
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .semaphoreCount = 1,
    .pSemaphores = &self->timeline,
    .pValues = &value,
  };

  if (g_atomic_int_get (&self->drained))
    return;
  vkWaitSemaphores (self->context->device, &info, DRAIN_NS);
  g_atomic_int_set (&self->drained, TRUE);
}

/* The value that the device has come to; all of them when it is lost. */
static guint64
get_reached (RillQueue *self)
{
  guint64 now;
  VkResult result;

  if (rill_context_is_lost (self->context))
    {
      drain (self);
      return G_MAXUINT64;
    }
  result = vkGetSemaphoreCounterValue (self->context->device, self->timeline, &now);
  if (result == VK_ERROR_DEVICE_LOST)
    {
      rill_context_mark_lost (self->context);
      drain (self);
      return G_MAXUINT64;
    }
  if (result == VK_SUCCESS)
    rill_queue_set_reached (self, now);
  return __atomic_load_n (&self->reached, __ATOMIC_ACQUIRE);
}

gboolean
rill_queue_is_reached (RillQueue *self,
                       guint64    value)
{
  return value <= __atomic_load_n (&self->reached, __ATOMIC_ACQUIRE) || value <= get_reached (self);
}

/* Takes what can run; sets the lowest value of the rest. */
static void
take_reached_locked (RillQueue *self,
                     GQueue    *ready,
                     guint64   *lowest)
{
  guint64 reached = get_reached (self);
  GList *next;

  *lowest = G_MAXUINT64;
  for (GList *l = self->deferred.head; l != NULL; l = next)
    {
      RillDeferred *deferred = l->data;
      next = l->next;
      if (deferred->value <= reached)
        {
          g_queue_unlink (&self->deferred, l);
          g_queue_push_tail_link (ready, l);
        }
      else
        *lowest = MIN (*lowest, deferred->value);
    }
}

static void
wait_value (RillQueue *self,
            guint64    value)
{
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .semaphoreCount = 1,
    .pSemaphores = &self->timeline,
    .pValues = &value,
  };
  VkResult result = vkWaitSemaphores (self->context->device, &info, WAIT_SLICE_NS);

  if (result == VK_SUCCESS)
    rill_queue_set_reached (self, value);
  else if (result == VK_ERROR_DEVICE_LOST)
    rill_context_mark_lost (self->context);
  else if (result < 0)
    g_usleep (1000); /* out of memory: nothing else to do than to try again */
}

static gpointer
deferred_thread (gpointer user_data)
{
  RillQueue *self = user_data;

  g_mutex_lock (&self->lock);
  while (TRUE)
    {
      GQueue ready = G_QUEUE_INIT;
      guint64 lowest;

      if (self->at_rest)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      take_reached_locked (self, &ready, &lowest);
      if (ready.length == 0 && lowest == G_MAXUINT64)
        {
          if (self->stopping)
            break;
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      if (ready.length == 0)
        {
          self->waiting = TRUE;
          g_mutex_unlock (&self->lock);
          wait_value (self, lowest);
          g_mutex_lock (&self->lock);
          self->waiting = FALSE;
          g_cond_broadcast (&self->changed);
          continue;
        }
      self->running++;
      g_mutex_unlock (&self->lock);
      for (RillDeferred *deferred; (deferred = g_queue_pop_head (&ready)) != NULL;)
        run_deferred (deferred);
      g_mutex_lock (&self->lock);
      self->running--;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

void
rill_queue_defer (RillQueue  *self,
                  guint64     value,
                  void      (*func) (gpointer data),
                  gpointer    data)
{
  RillDeferred *deferred = g_new (RillDeferred, 1);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  *deferred = (RillDeferred) { .value = value, .func = func, .data = data };
  g_queue_push_tail (&self->deferred, deferred);
  if (self->thread == NULL)
    self->thread = g_thread_new ("rill-deferred", deferred_thread, self);
  g_cond_broadcast (&self->changed);
}

void
rill_queue_collect (RillQueue *self,
                    gint64     deadline)
{
  GQueue ready = G_QUEUE_INIT;
  guint64 lowest;

  g_mutex_lock (&self->lock);
  if (self->at_rest)
    {
      g_mutex_unlock (&self->lock);
      return;
    }
  take_reached_locked (self, &ready, &lowest);
  self->running++;
  g_mutex_unlock (&self->lock);
  for (RillDeferred *deferred; (deferred = g_queue_pop_head (&ready)) != NULL;)
    run_deferred (deferred);

  g_mutex_lock (&self->lock);
  self->running--;
  g_cond_broadcast (&self->changed);
  /* What runs in this very thread, further up, cannot be waited for. */
  while (self->running > 0 && g_private_get (&runs_deferred) == NULL
         && g_cond_wait_until (&self->changed, &self->lock, deadline))
    ;
  g_mutex_unlock (&self->lock);
}

void
rill_queue_rest (RillQueue *self)
{
  gint64 deadline = g_get_monotonic_time () + REST_US;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->at_rest = TRUE;
  while ((self->running > 0 || self->waiting) && g_private_get (&runs_deferred) == NULL
         && g_cond_wait_until (&self->changed, &self->lock, deadline))
    ;
}

static VkCommandBuffer
take_recycled_locked (RillQueue *self)
{
  RillRecycled *oldest = g_queue_peek_head (&self->recycled);
  VkCommandBuffer command;

  if (oldest == NULL || !rill_queue_is_reached (self, oldest->value))
    return VK_NULL_HANDLE;
  command = oldest->command;
  g_free (g_queue_pop_head (&self->recycled));
  return command;
}

static void
recycle_locked (RillQueue       *self,
                VkCommandBuffer  command,
                guint64          value)
{
  RillRecycled *recycled;

  if (command == VK_NULL_HANDLE)
    return;
  recycled = g_new (RillRecycled, 1);
  *recycled = (RillRecycled) { .command = command, .value = value };
  if (value == 0)
    g_queue_push_head (&self->recycled, recycled);
  else
    g_queue_push_tail (&self->recycled, recycled);
}

VkCommandBuffer
rill_queue_begin_locked (RillQueue  *self,
                         GError    **error)
{
  const VkCommandBufferAllocateInfo allocate_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = self->pool,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  };
  VkCommandBuffer command;

  if (self->context->at_rest)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           "Could not begin a submission: the process is about to exit");
      return VK_NULL_HANDLE;
    }
  command = take_recycled_locked (self);
  if (command == VK_NULL_HANDLE
      && !rill_context_check (self->context,
                              vkAllocateCommandBuffers (self->context->device, &allocate_info, &command),
                              error, "vkAllocateCommandBuffers", "Could not begin a submission"))
    return VK_NULL_HANDLE;

  if (!rill_context_check (self->context, vkBeginCommandBuffer (command, &begin_info), error,
                           "vkBeginCommandBuffer", "Could not begin a submission"))
    {
      rill_queue_discard_locked (self, command);
      return VK_NULL_HANDLE;
    }
  return command;
}

void
rill_queue_discard_locked (RillQueue       *self,
                           VkCommandBuffer  command)
{
  if (command == VK_NULL_HANDLE)
    return;
  /* A buffer that is recording may be begun again only after a reset. */
  if (vkResetCommandBuffer (command, 0) == VK_SUCCESS)
    recycle_locked (self, command, 0);
  else
    vkFreeCommandBuffers (self->context->device, self->pool, 1, &command);
}

static guint
fill_waits (RillQueue             *self,
            const RillSyncPoint   *wait,
            VkSemaphoreSubmitInfo *infos)
{
  guint n = 0;

  for (guint i = 0; i < self->context->n_queues; i++)
    {
      RillQueue *other = &self->context->queues[i];
      if (other == self || rill_queue_is_reached (other, wait->values[i]))
        continue;
      infos[n++] = (VkSemaphoreSubmitInfo) {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = other->timeline,
        .value = wait->values[i],
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
      };
    }
  return n;
}

static VkResult
submit_locked (RillQueue           *self,
               const VkCommandBuffer *commands,
               guint                n_commands,
               const RillSyncPoint *wait)
{
  VkCommandBufferSubmitInfo command_infos[3];
  VkSemaphoreSubmitInfo waits[RILL_MAX_QUEUES];
  const VkSemaphoreSubmitInfo signal = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
    .semaphore = self->timeline,
    .value = self->submitted + 1,
    .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  };
  VkSubmitInfo2 submit = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
    .waitSemaphoreInfoCount = fill_waits (self, wait, waits),
    .pWaitSemaphoreInfos = waits,
    .commandBufferInfoCount = n_commands,
    .pCommandBufferInfos = command_infos,
    .signalSemaphoreInfoCount = 1,
    .pSignalSemaphoreInfos = &signal,
  };

  for (guint i = 0; i < n_commands; i++)
    command_infos[i] = (VkCommandBufferSubmitInfo) {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
      .commandBuffer = commands[i],
    };
  return vkQueueSubmit2 (self->handle, 1, &submit, VK_NULL_HANDLE);
}

gboolean
rill_queue_submit_locked (RillQueue            *self,
                          VkCommandBuffer       first,
                          VkCommandBuffer       recorded,
                          VkCommandBuffer       last,
                          const RillSyncPoint  *wait,
                          guint64              *value,
                          GError              **error)
{
  VkCommandBuffer commands[3] = { first };
  guint n_commands = 1;
  const char *call = "vkEndCommandBuffer";
  VkResult result = vkEndCommandBuffer (first);

  if (recorded != VK_NULL_HANDLE)
    commands[n_commands++] = recorded;
  if (last != VK_NULL_HANDLE)
    {
      commands[n_commands++] = last;
      if (result == VK_SUCCESS)
        result = vkEndCommandBuffer (last);
    }
  if (result == VK_SUCCESS)
    {
      call = "vkQueueSubmit2";
      result = submit_locked (self, commands, n_commands, wait);
    }
  if (!rill_context_check (self->context, result, error, call, "Could not submit work to the device"))
    {
      rill_queue_discard_locked (self, first);
      rill_queue_discard_locked (self, last);
      return FALSE;
    }

  rill_exit_prepare ();
  *value = self->submitted + 1;
  __atomic_store_n (&self->submitted, *value, __ATOMIC_RELEASE);
  recycle_locked (self, first, *value);
  recycle_locked (self, last, *value);
  return TRUE;
}
