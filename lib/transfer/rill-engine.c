/* SPDX-License-Identifier: MIT */
#include "transfer/rill-engine-private.h"

#include "core/rill-task-private.h"
#include "session/rill-exit-private.h"

/* Between looks at the cancellable while a thread waits for queued transfers. */
#define WAIT_SLICE_US (10 * 1000)

/* The most that the thread is waited for at the end of the process. */
#define REST_US (1000 * 1000)

typedef enum
{
  GOING_ON,
  AT_REST,  /* no other job is begun */
  STOPPING, /* what was not begun is returned with CLOSED */
} State;

typedef struct
{
  gpointer resource; /* (owned) */
  gsize ticket;
} Ticket;

typedef struct
{
  GTask *task; /* (owned) */
  RillEngineFunc func;
  RillEngineFunc closed; /* (nullable) */
  gboolean given;        /* the tickets, before its end */
  guint n_tickets;
  Ticket tickets[];
} Job;

struct _RillEngine
{
  gatomicrefcount ref_count;
  RillContext *context; /* (owned) */
  RillCopyPool *copy_pool;

  GMutex staging_lock;
  GCond staging_made;
  GThread *staging_maker;  /* (unowned) (nullable) is at it, without the lock */
  RillStaging *staging;    /* (nullable) */

  GMutex lock;
  GCond changed;
  GQueue jobs; /* (element-type Job) */
  gboolean running;
  gint state; /* (atomic) State */
  GThread *thread; /* (nullable) */
};

static void
job_give_tickets (Job *job)
{
  if (job->given)
    return;
  job->given = TRUE;
  for (guint i = 0; i < job->n_tickets; i++)
    rill_resource_give_ticket (job->tickets[i].resource, job->tickets[i].ticket);
}

/* May drop the last reference of the resources and of their session. */
static void
job_free (Job *job)
{
  job_give_tickets (job);
  for (guint i = 0; i < job->n_tickets; i++)
    g_object_unref (job->tickets[i].resource);
  g_object_unref (job->task);
  g_free (job);
}

static Job *
job_new (GTask          *task,
         RillEngineFunc  func,
         RillEngineFunc  closed,
         gpointer const *resources,
         guint           n_resources)
{
  Job *job = g_malloc (sizeof (Job) + n_resources * sizeof (Ticket));

  job->task = g_object_ref (task);
  job->func = func;
  job->closed = closed;
  job->given = FALSE;
  job->n_tickets = n_resources;
  for (guint i = 0; i < n_resources; i++)
    job->tickets[i] = (Ticket) {
      .resource = g_object_ref (resources[i]),
      .ticket = rill_resource_take_ticket (resources[i]),
    };
  return job;
}

/* A job that uses resources of two sessions waits for jobs of both threads. Tickets are taken and jobs queued
 * in one order everywhere, so the oldest of all never waits, and none does for ever. */
static GMutex queue_order;

static void
return_closed (GTask          *task,
               RillEngineFunc  closed)
{
  if (closed != NULL)
    closed (task);
  else
    rill_task_return (task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed"));
}

static void
run_job (RillEngine *self,
         Job        *job)
{
  for (guint i = 0; i < job->n_tickets && !job->given; i++)
    rill_resource_wait_ticket (job->tickets[i].resource, job->tickets[i].ticket);
  if (rill_engine_is_stopping (self))
    return_closed (job->task, job->closed);
  else if (!g_task_return_error_if_cancelled (job->task))
    {
      /* From here on the transfer itself knows whether it was cancelled in time. */
      g_task_set_check_cancellable (job->task, FALSE);
      job->func (job->task);
    }
}

static gpointer
transfer_thread (gpointer user_data)
{
  RillEngine *self = user_data;

  rill_resource_run_queue_here ();
  g_mutex_lock (&self->lock);
  while (TRUE)
    {
      State state = g_atomic_int_get (&self->state);
      Job *job = state != AT_REST ? g_queue_pop_head (&self->jobs) : NULL;

      if (job == NULL && state == STOPPING)
        break;
      if (job == NULL)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      self->running = TRUE;
      g_mutex_unlock (&self->lock);
      run_job (self, job);
      job_free (job);
      g_mutex_lock (&self->lock);
      self->running = FALSE;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  rill_engine_unref (self);
  return NULL;
}

static void
engine_ref (gpointer engine)
{
  g_atomic_ref_count_inc (&((RillEngine *) engine)->ref_count);
}

static void
engine_stop (gpointer engine)
{
  RillEngine *self = engine;
  GThread *thread;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->state, STOPPING);
  thread = g_steal_pointer (&self->thread);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  if (thread == g_thread_self ())
    g_thread_unref (thread);
  else if (thread != NULL)
    g_thread_join (thread);
}

static void
engine_rest (gpointer engine)
{
  RillEngine *self = engine;
  gint64 deadline = g_get_monotonic_time () + REST_US;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_atomic_int_compare_and_exchange (&self->state, GOING_ON, AT_REST);
  while (self->running && self->thread != g_thread_self ()
         && g_cond_wait_until (&self->changed, &self->lock, deadline))
    ;
  /* Whoever waits for a turn after these need not wait for ever; the jobs themselves are not begun. */
  for (GList *l = self->jobs.head; l != NULL; l = l->next)
    job_give_tickets (l->data);
}

static gboolean
engine_wait_idle (gpointer       engine,
                  GCancellable  *cancellable,
                  GError       **error)
{
  RillEngine *self = engine;
  gboolean idle = TRUE;

  g_mutex_lock (&self->lock);
  while (self->thread != g_thread_self () && (self->running || self->jobs.length > 0))
    {
      if (g_atomic_int_get (&self->state) == AT_REST)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The process is about to exit");
          idle = FALSE;
          break;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          idle = FALSE;
          break;
        }
      g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + WAIT_SLICE_US);
    }
  g_mutex_unlock (&self->lock);
  return idle;
}

static void
engine_unref (gpointer engine)
{
  rill_engine_unref (engine);
}

void
rill_engine_unref (RillEngine *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->thread == NULL && self->jobs.length == 0);
  g_clear_pointer (&self->staging, rill_staging_free);
  rill_copy_pool_free (self->copy_pool);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->staging_made);
  g_mutex_clear (&self->staging_lock);
  rill_context_unref (self->context);
  g_free (self);
}

static RillEngine *
engine_new (RillContext *context)
{
  RillEngine *self = g_new0 (RillEngine, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->staging_lock);
  g_cond_init (&self->staging_made);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->jobs);
  self->context = rill_context_ref (context); /* until Session.close drops the engine */
  self->copy_pool = rill_copy_pool_new ();
  return self;
}

RillEngine *
rill_engine_ref (RillContext  *context,
                 GError      **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&context->engine_lock);

  if (context->engine_closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed");
      return NULL;
    }
  if (context->engine == NULL)
    {
      context->engine = engine_new (context);
      context->engine_ref = engine_ref;
      context->engine_unref = engine_unref;
      context->engine_stop = engine_stop;
      context->engine_rest = engine_rest;
      context->engine_wait_idle = engine_wait_idle;
    }
  engine_ref (context->engine);
  return context->engine;
}

RillCopyPool *
rill_engine_get_copy_pool (RillEngine *self)
{
  return self->copy_pool;
}

RillStaging *
rill_engine_get_staging (RillEngine  *self,
                         GError     **error)
{
  RillStaging *staging;

  g_mutex_lock (&self->staging_lock);
  while (self->staging_maker != NULL && self->staging_maker != g_thread_self ())
    g_cond_wait (&self->staging_made, &self->staging_lock);
  staging = self->staging;
  if (self->staging_maker == g_thread_self ())
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         "The staging ring is just being made, by what has called this");
  else if (staging == NULL)
    {
      /* Without the lock: to make room for the ring may drop what runs a program's code. */
      self->staging_maker = g_thread_self ();
      g_mutex_unlock (&self->staging_lock);
      staging = rill_staging_new (self->context, error);
      g_mutex_lock (&self->staging_lock);
      self->staging_maker = NULL;
      self->staging = staging;
      g_cond_broadcast (&self->staging_made);
    }
  g_mutex_unlock (&self->staging_lock);
  return staging;
}

gboolean
rill_engine_is_stopping (RillEngine *self)
{
  return g_atomic_int_get (&self->state) != GOING_ON;
}

void
rill_engine_queue_task (RillContext    *context,
                        GTask          *task,
                        RillEngineFunc  func)
{
  gpointer resource = g_task_get_source_object (task);

  rill_engine_queue_task_with (context, task, &resource, 1, func, NULL);
}

static void
push_job_locked (RillEngine *self,
                 Job        *job)
{
  g_queue_push_tail (&self->jobs, job);
  if (self->thread == NULL)
    {
      engine_ref (self); /* the thread's own */
      self->thread = g_thread_new ("rill-transfer", transfer_thread, self);
    }
  g_cond_broadcast (&self->changed);
}

void
rill_engine_queue_task_with (RillContext    *context,
                             GTask          *task,
                             gpointer const *resources,
                             guint           n_resources,
                             RillEngineFunc  func,
                             RillEngineFunc  closed)
{
  RillEngine *self = rill_engine_ref (context, NULL);
  gboolean stopping;

  rill_exit_prepare ();
  if (self == NULL)
    {
      return_closed (task, closed);
      return;
    }
  g_mutex_lock (&queue_order);
  g_mutex_lock (&self->lock);
  stopping = rill_engine_is_stopping (self);
  if (!stopping)
    push_job_locked (self, job_new (task, func, closed, resources, n_resources));
  g_mutex_unlock (&self->lock);
  g_mutex_unlock (&queue_order);
  if (stopping)
    return_closed (task, closed);
  rill_engine_unref (self);
}

gboolean
rill_engine_wait_turn (gpointer       resource,
                       GCancellable  *cancellable,
                       GError       **error)
{
  return rill_resource_wait_turn (resource, -1, cancellable, error);
}

static void
return_reached (gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  rill_context_check_lost (rill_resource_get_context (g_task_get_source_object (task)), &error);
  rill_task_return (task, error);
}

void
rill_engine_return_when_reached (GTask               *task,
                                 const RillSyncPoint *point)
{
  rill_context_defer (rill_resource_get_context (g_task_get_source_object (task)), point, return_reached,
                      g_object_ref (task));
}
