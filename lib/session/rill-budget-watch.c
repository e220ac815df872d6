/* SPDX-License-Identifier: MIT */
#include "session/rill-budget-watch-private.h"

#include "session/rill-context-private.h"
#include "session/rill-device-private.h"
#include "session/rill-session.h"

struct _RillBudgetWatch
{
  gatomicrefcount ref_count;
  GMutex lock;
  RillSession *session; /* (unowned) NULL: nobody is told any more */
  guint signal;
  double threshold;
  gboolean low[VK_MAX_MEMORY_HEAPS]; /* the usage was over it when last seen, which has been told */
};

RillBudgetWatch *
rill_budget_watch_new (RillSession *session,
                       guint        signal)
{
  RillBudgetWatch *self = g_new0 (RillBudgetWatch, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->session = session;
  self->signal = signal;
  return self;
}

RillBudgetWatch *
rill_budget_watch_ref (RillBudgetWatch *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_budget_watch_unref (RillBudgetWatch *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
rill_budget_watch_end (RillBudgetWatch *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->session = NULL;
}

double
rill_budget_watch_get_threshold (RillBudgetWatch *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->threshold;
}

gboolean
rill_budget_watch_set_threshold (RillBudgetWatch *self,
                                 double           threshold)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->threshold == threshold)
    return FALSE;
  self->threshold = threshold;
  memset (self->low, 0, sizeof self->low); /* what is over the new one has yet to be told */
  return TRUE;
}

static gboolean
is_low_locked (RillBudgetWatch *self,
               RillContext     *context,
               guint            heap)
{
  RillHeapState state = rill_context_query_heap (context, heap);

  return (double) state.usage >= self->threshold * (double) state.budget;
}

void
rill_budget_watch_page_added (RillBudgetWatch *self,
                              RillContext     *context,
                              guint            type_index)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint heap = context->memory.memoryTypes[type_index].heapIndex;
  gboolean low;

  if (self->session == NULL || !g_signal_has_handler_pending (self->session, self->signal, 0, FALSE))
    return;
  low = is_low_locked (self, context, heap);
  if (low && !self->low[heap])
    rill_emitter_emit (context->emitter, self->session, self->signal,
                       rill_device_get_memory_type (rill_session_get_device (self->session), type_index));
  self->low[heap] = low;
}

void
rill_budget_watch_page_removed (RillBudgetWatch *self,
                                RillContext     *context,
                                guint            heap)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->low[heap])
    self->low[heap] = is_low_locked (self, context, heap);
}
