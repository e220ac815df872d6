/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

/* Of so many polls that tell nothing new one executes what is polled for, for a program that only
 * polls; where that cannot be told, the oldest submission. */
#define POLLS_PER_STEP 64

SimTimeline *
sim_queues_find_timeline_locked (SimDeviceQueues *self,
                                 VkSemaphore      semaphore)
{
  guint64 handle = (guint64) semaphore;

  return g_hash_table_lookup (self->timelines, &handle);
}

void
sim_queues_note_signal_locked (SimDeviceQueues   *self,
                               SimSemaphoreValue  signal)
{
  SimTimeline *timeline = sim_queues_find_timeline_locked (self, signal.semaphore);

  if (timeline != NULL)
    timeline->passed = MAX (timeline->passed, signal.value);
}

static gboolean
signals_semaphore (const SimSubmission *submission,
                   VkSemaphore          semaphore)
{
  guint n = sim_batches_count_signals (&submission->batches, 0);

  for (guint i = 0; i < n; i++)
    if (sim_batches_get_signal (&submission->batches, 0, i).semaphore == semaphore)
      return TRUE;
  return FALSE;
}

/* Of several the last: each is waited for before the next. */
guint64
sim_queues_find_binary_locked (SimDeviceQueues *self,
                               VkSemaphore      semaphore)
{
  guint64 serial = 0;

  if (sim_queues_find_timeline_locked (self, semaphore) != NULL)
    return 0;
  for (guint i = 0; i < self->queues->len; i++)
    for (GList *l = ((SimQueue *) self->queues->pdata[i])->held.head; l != NULL; l = l->next)
      if (signals_semaphore (l->data, semaphore))
        serial = MAX (serial, ((SimSubmission *) l->data)->serial);
  return serial;
}

static SimSubmission *
find_serial_locked (SimDeviceQueues *self,
                    guint64          serial)
{
  for (guint i = 0; i < self->queues->len; i++)
    for (GList *l = ((SimQueue *) self->queues->pdata[i])->held.head; l != NULL; l = l->next)
      if (((SimSubmission *) l->data)->serial == serial)
        return l->data;
  return NULL;
}

/* The lowest of the values that are enough, or 0. */
static guint64
get_signalled_value (const SimSubmission *submission,
                     SimSemaphoreValue    wait)
{
  guint n = sim_batches_count_signals (&submission->batches, 0);
  guint64 lowest = 0;

  for (guint i = 0; i < n; i++)
    {
      SimSemaphoreValue signal = sim_batches_get_signal (&submission->batches, 0, i);

      if (signal.semaphore == wait.semaphore && signal.value >= wait.value
          && (lowest == 0 || signal.value < lowest))
        lowest = signal.value;
    }
  return lowest;
}

static SimSubmission *
find_timeline_signaller_locked (SimDeviceQueues   *self,
                                SimSemaphoreValue  wait)
{
  SimSubmission *signaller = NULL;
  guint64 lowest = 0;

  for (guint i = 0; i < self->queues->len; i++)
    for (GList *l = ((SimQueue *) self->queues->pdata[i])->held.head; l != NULL; l = l->next)
      {
        guint64 value = get_signalled_value (l->data, wait);

        if (value != 0 && (lowest == 0 || value < lowest))
          {
            lowest = value;
            signaller = l->data;
          }
      }
  return signaller;
}

static SimSubmission *
find_fence_locked (SimDeviceQueues *self,
                   VkFence          fence)
{
  for (guint i = 0; i < self->queues->len; i++)
    for (GList *l = ((SimQueue *) self->queues->pdata[i])->held.head; l != NULL; l = l->next)
      if (((SimSubmission *) l->data)->fence == fence)
        return l->data;
  return NULL;
}

/* The driver is asked too: a semaphore may be another process's as well. */
gboolean
sim_queues_is_met_locked (SimDeviceQueues   *self,
                          SimSemaphoreValue  wait,
                          guint64            signaller)
{
  SimTimeline *timeline = sim_queues_find_timeline_locked (self, wait.semaphore);
  SimDevice *device = self->device;
  guint64 value;

  if (timeline == NULL)
    return signaller == 0 || find_serial_locked (self, signaller) == NULL;
  if (timeline->passed < wait.value
      && device->next.vkGetSemaphoreCounterValue (device->handle, wait.semaphore, &value)
           == VK_SUCCESS)
    timeline->passed = MAX (timeline->passed, value);
  return timeline->passed >= wait.value;
}

void
sim_queues_hold_locked (SimDeviceQueues *self,
                        SimSubmission   *submission)
{
  guint n = sim_batches_count_waits (&submission->batches, 0);

  submission->serial = ++self->serial;
  submission->can_overtake = sim_queues_can_overtake (self, &submission->batches);
  for (guint i = 0; i < n; i++)
    {
      SimSemaphoreValue wait = sim_batches_get_wait (&submission->batches, 0, i);
      submission->signallers[i] = sim_queues_find_binary_locked (self, wait.semaphore);
    }
  g_queue_push_tail (&submission->queue->held, submission);
  g_atomic_int_inc (&self->n_held);
}

static gboolean
is_ready_locked (SimDeviceQueues     *self,
                 const SimSubmission *submission)
{
  guint n = sim_batches_count_waits (&submission->batches, 0);

  for (guint i = 0; i < n; i++)
    if (!sim_queues_is_met_locked (self, sim_batches_get_wait (&submission->batches, 0, i),
                                   submission->signallers[i]))
      return FALSE;
  return TRUE;
}

/* Passing on */

static void
pass_locked (SimDeviceQueues *self,
             SimSubmission   *submission)
{
  VkResult result = sim_submission_pass (submission, self->device);

  sim_submission_free (submission);
  /* The program was told long ago that it would run. */
  if (result != VK_SUCCESS)
    sim_queues_lose_locked (self);
}

static gpointer
delay_thread (gpointer user_data)
{
  SimDeviceQueues *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->stopping)
    {
      SimSubmission *first = g_queue_peek_head (&self->delayed);

      if (first == NULL)
        g_cond_wait (&self->changed, &self->lock);
      else if (first->due > g_get_monotonic_time ())
        g_cond_wait_until (&self->changed, &self->lock, first->due);
      else
        pass_locked (self, g_queue_pop_head (&self->delayed));
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* The device takes its time before each submission, one after the other; none for a fence alone. */
static void
delay_locked (SimDeviceQueues *self,
              SimSubmission   *submission,
              guint            delay_ms)
{
  gint64 time = submission->batches.n > 0 ? (gint64) delay_ms * 1000 : 0;

  submission->due = MAX (self->last_due, g_get_monotonic_time ()) + time;
  self->last_due = submission->due;
  g_queue_push_tail (&self->delayed, submission);
  if (self->thread == NULL)
    self->thread = g_thread_new ("sim-delay", delay_thread, self);
  g_cond_signal (&self->changed);
}

static void
execute_locked (SimDeviceQueues *self,
                SimSubmission   *submission)
{
  guint delay_ms = sim_faults_get_delay ();
  guint n = sim_batches_count_signals (&submission->batches, 0);

  if (submission != g_queue_peek_head (&submission->queue->held))
    {
      if (sim_submission_pass_commands (submission, self->device) != VK_SUCCESS)
        sim_queues_lose_locked (self);
      return;
    }
  g_queue_remove (&submission->queue->held, submission);
  g_atomic_int_add (&self->n_held, -1);
  for (guint i = 0; i < n; i++)
    sim_queues_note_signal_locked (self, sim_batches_get_signal (&submission->batches, 0, i));
  if (delay_ms > 0 || self->delayed.length > 0)
    delay_locked (self, submission, delay_ms);
  else
    pass_locked (self, submission);
}

/* What is demanded */

static void
visit_until (SimSubmission *last,
             guint          visit,
             GPtrArray     *visited)
{
  for (GList *l = last->queue->held.head; l != NULL; l = l->next)
    {
      SimSubmission *submission = l->data;

      if (submission->visit != visit)
        {
          submission->visit = visit;
          g_ptr_array_add (visited, submission);
        }
      if (submission == last)
        break;
    }
}

/* All that must be passed on for the target, and itself. FALSE where something of it waits for what
 * nobody has submitted. */
static gboolean
collect_locked (SimDeviceQueues *self,
                SimSubmission   *target,
                GPtrArray       *closure)
{
  gboolean complete = TRUE;

  self->visit++;
  visit_until (target, self->visit, closure);
  for (guint i = 0; i < closure->len; i++)
    {
      const SimSubmission *submission = closure->pdata[i];
      guint n = sim_batches_count_waits (&submission->batches, 0);

      for (guint j = 0; j < n; j++)
        {
          SimSemaphoreValue wait = sim_batches_get_wait (&submission->batches, 0, j);
          SimSubmission *signaller;

          if (sim_queues_is_met_locked (self, wait, submission->signallers[j]))
            continue;
          signaller = sim_queues_find_timeline_locked (self, wait.semaphore) != NULL
                        ? find_timeline_signaller_locked (self, wait)
                        : find_serial_locked (self, submission->signallers[j]);
          if (signaller != NULL)
            visit_until (signaller, self->visit, closure);
          else
            complete = FALSE;
        }
    }
  return complete;
}

static SimSemaphoreValue
get_demanded (const SimDemand *demand,
              guint            index)
{
  return (SimSemaphoreValue) { demand->semaphores->pSemaphores[index],
                               demand->semaphores->pValues[index] };
}

static gboolean
is_demand_met_locked (SimDeviceQueues *self,
                      const SimDemand *demand,
                      guint            index)
{
  SimDevice *device = self->device;

  if (demand->semaphores != NULL)
    return sim_queues_is_met_locked (self, get_demanded (demand, index), 0);
  return device->next.vkGetFenceStatus (device->handle, demand->fences[index]) == VK_SUCCESS;
}

static SimSubmission *
find_demanded_locked (SimDeviceQueues *self,
                      const SimDemand *demand,
                      guint            index)
{
  if (demand->semaphores != NULL)
    return find_timeline_signaller_locked (self, get_demanded (demand, index));
  return find_fence_locked (self, demand->fences[index]);
}

static gboolean
is_any_met_locked (SimDeviceQueues *self,
                   const SimDemand *demand)
{
  for (guint i = 0; i < demand->n; i++)
    if (is_demand_met_locked (self, demand, i))
      return TRUE;
  return FALSE;
}

/* Where any one is enough, the first that can be had. */
static void
want_demanded_locked (SimDeviceQueues *self,
                      const SimDemand *demand)
{
  if (demand->any && is_any_met_locked (self, demand))
    return;
  for (guint i = 0; i < demand->n; i++)
    {
      g_autoptr (GPtrArray) closure = g_ptr_array_new ();
      SimSubmission *target = NULL;
      gboolean complete;

      if (demand->any || !is_demand_met_locked (self, demand, i))
        target = find_demanded_locked (self, demand, i);
      if (target == NULL)
        continue;
      complete = collect_locked (self, target, closure);
      if (demand->any && !complete)
        continue;
      for (guint j = 0; j < closure->len; j++)
        ((SimSubmission *) closure->pdata[j])->wanted = TRUE;
      if (demand->any)
        return;
    }
}

static void
set_wanted_locked (SimDeviceQueues *self,
                   gboolean         wanted)
{
  for (guint i = 0; i < self->queues->len; i++)
    for (GList *l = ((SimQueue *) self->queues->pdata[i])->held.head; l != NULL; l = l->next)
      ((SimSubmission *) l->data)->wanted = wanted;
}

/* The first, or to do more harm the commands of a later one that may overtake all before it. */
static SimSubmission *
find_next_in_queue_locked (SimDeviceQueues *self,
                           SimQueue        *queue,
                           gboolean         newest)
{
  gboolean overtake = newest && sim_faults_get_delay () == 0 && self->delayed.length == 0;
  SimSubmission *next = NULL;

  for (GList *l = queue->held.head; l != NULL; l = l->next)
    {
      SimSubmission *submission = l->data;

      if (!submission->wanted || !is_ready_locked (self, submission))
        break;
      if (next == NULL)
        next = submission;
      else if (!submission->can_overtake)
        break;
      else if (!submission->begun && sim_batches_count_commands (&submission->batches, 0) > 0)
        next = submission;
      if (!overtake || !submission->can_overtake)
        break;
    }
  return next;
}

/* Of those that may come next the newest where it can do harm, otherwise the oldest. */
static SimSubmission *
find_next_locked (SimDeviceQueues *self,
                  gboolean         newest)
{
  SimSubmission *next = NULL;

  for (guint i = 0; i < self->queues->len; i++)
    {
      SimSubmission *first = find_next_in_queue_locked (self, self->queues->pdata[i], newest);

      if (first != NULL && (next == NULL || (first->serial > next->serial) == newest))
        next = first;
    }
  return next;
}

static gboolean
run_wanted_locked (SimDeviceQueues *self)
{
  SimSubmission *next;
  gboolean any = FALSE;

  while ((next = find_next_locked (self, self->late)) != NULL)
    {
      execute_locked (self, next);
      any = TRUE;
    }
  return any;
}

void
sim_queues_run_locked (SimDeviceQueues *self)
{
  if (g_atomic_int_get (&self->n_held) == 0)
    return;
  set_wanted_locked (self, !self->late);
  if (self->late)
    for (guint i = 0; i < self->demands->len; i++)
      want_demanded_locked (self, self->demands->pdata[i]);
  run_wanted_locked (self);
}

void
sim_queues_run_all_locked (SimDeviceQueues *self)
{
  set_wanted_locked (self, TRUE);
  run_wanted_locked (self);
}

void
sim_queues_end_delays_locked (SimDeviceQueues *self)
{
  while (self->delayed.length > 0)
    pass_locked (self, g_queue_pop_head (&self->delayed));
}

/* FALSE where there is nothing to run. */
static gboolean
step_locked (SimDeviceQueues *self,
             const SimDemand *demand)
{
  SimSubmission *oldest;

  set_wanted_locked (self, demand == NULL);
  if (demand != NULL)
    {
      want_demanded_locked (self, demand);
      return run_wanted_locked (self);
    }
  oldest = find_next_locked (self, FALSE);
  if (oldest != NULL)
    execute_locked (self, oldest);
  return oldest != NULL;
}

void
sim_queues_poll_failed (SimDeviceQueues *self,
                        const SimDemand *demand)
{
  if (g_atomic_int_get (&self->n_held) == 0)
    return;
  g_mutex_lock (&self->lock);
  if (++self->n_polls >= POLLS_PER_STEP && step_locked (self, demand))
    self->n_polls = 0;
  g_mutex_unlock (&self->lock);
}

/* The end */

static void
drop_locked (SimDeviceQueues *self)
{
  for (guint i = 0; i < self->queues->len; i++)
    g_queue_clear_full (&((SimQueue *) self->queues->pdata[i])->held,
                        (GDestroyNotify) sim_submission_free);
  g_queue_clear_full (&self->delayed, (GDestroyNotify) sim_submission_free);
  g_atomic_int_set (&self->n_held, 0);
}

/* FALSE where it was lost before. */
gboolean
sim_queues_lose_locked (SimDeviceQueues *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->device->lost, FALSE, TRUE))
    return FALSE;
  drop_locked (self);
  g_cond_signal (&self->changed);
  return TRUE;
}

void
sim_queues_stop (SimDeviceQueues *self)
{
  guint n_left;

  g_mutex_lock (&self->lock);
  n_left = (guint) g_atomic_int_get (&self->n_held) + self->delayed.length;
  drop_locked (self);
  self->stopping = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  if (n_left > 0)
    sim_report (self->device->instance, "RILL-held",
                "The device is destroyed before %u of its submissions have begun", n_left);
}
