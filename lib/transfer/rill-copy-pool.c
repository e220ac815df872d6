/* SPDX-License-Identifier: MIT */
#include "transfer/rill-copy-pool-private.h"

#include <string.h>

#define MAX_THREADS 8

/* Waking a thread costs tens of microseconds; a copy of a part takes as long. */
#define PART_SIZE (512 * 1024)

struct _RillCopyPool
{
  GMutex busy; /* held by the caller that has the helpers */

  GMutex lock;
  GCond wake;
  GCond done;
  GThread *threads[MAX_THREADS - 1];
  guint n_threads;
  gboolean started;
  gboolean stopping;
  guint generation;
  guint active; /* helpers that work on the job */

  /* The job. func is NULL when no helper may join any more. */
  void (*func) (guint part, gpointer data);
  gpointer data;
  guint n_parts;
  guint next_part; /* (atomic) */
};

static void
run_parts (RillCopyPool  *self,
           void         (*func) (guint part, gpointer data),
           gpointer       data,
           guint          n_parts)
{
  guint part;

  while ((part = (guint) g_atomic_int_add ((gint *) &self->next_part, 1)) < n_parts)
    func (part, data);
}

static gpointer
helper_thread (gpointer user_data)
{
  RillCopyPool *self = user_data;
  guint seen = 0;

  g_mutex_lock (&self->lock);
  while (!self->stopping)
    {
      void (*func) (guint part, gpointer data) = self->func;
      gpointer data = self->data;
      guint n_parts = self->n_parts;

      if (seen == self->generation || func == NULL)
        {
          seen = self->generation;
          g_cond_wait (&self->wake, &self->lock);
          continue;
        }
      seen = self->generation;
      self->active++;
      g_mutex_unlock (&self->lock);
      run_parts (self, func, data, n_parts);
      g_mutex_lock (&self->lock);
      if (--self->active == 0)
        g_cond_signal (&self->done);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

RillCopyPool *
rill_copy_pool_new (void)
{
  RillCopyPool *self = g_new0 (RillCopyPool, 1);

  g_mutex_init (&self->busy);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->done);
  return self;
}

void
rill_copy_pool_free (RillCopyPool *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->n_threads; i++)
    g_thread_join (self->threads[i]);
  g_cond_clear (&self->done);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->busy);
  g_free (self);
}

/* Fewer threads than wanted only make it slower. */
static void
ensure_threads (RillCopyPool *self)
{
  guint wanted = MIN (MAX_THREADS, g_get_num_processors ()) - 1;

  if (self->started)
    return;
  self->started = TRUE;
  while (self->n_threads < wanted)
    {
      GThread *thread = g_thread_try_new ("rill-copy", helper_thread, self, NULL);
      if (thread == NULL)
        break;
      self->threads[self->n_threads++] = thread;
    }
}

static void
run_with_helpers (RillCopyPool  *self,
                  guint          n_parts,
                  void         (*func) (guint part, gpointer data),
                  gpointer       data)
{
  g_mutex_lock (&self->lock);
  ensure_threads (self);
  self->func = func;
  self->data = data;
  self->n_parts = n_parts;
  self->next_part = 0;
  self->generation++;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);

  run_parts (self, func, data, n_parts);

  g_mutex_lock (&self->lock);
  self->func = NULL;
  while (self->active > 0)
    g_cond_wait (&self->done, &self->lock);
  g_mutex_unlock (&self->lock);
}

void
rill_copy_pool_run (RillCopyPool *self,
                    guint         n_parts,
                    void        (*func) (guint part, gpointer data),
                    gpointer      data)
{
  if (n_parts > 1 && g_mutex_trylock (&self->busy))
    {
      run_with_helpers (self, n_parts, func, data);
      g_mutex_unlock (&self->busy);
      return;
    }
  for (guint part = 0; part < n_parts; part++)
    func (part, data);
}

typedef struct
{
  guint8 *to;
  const guint8 *from;
  gsize size;
} Copy;

static void
copy_part (guint    part,
           gpointer data)
{
  const Copy *copy = data;
  gsize offset = (gsize) part * PART_SIZE;

  memcpy (copy->to + offset, copy->from + offset, MIN (PART_SIZE, copy->size - offset));
}

void
rill_copy_pool_copy (RillCopyPool  *self,
                     gpointer       to,
                     gconstpointer  from,
                     gsize          size)
{
  Copy copy = { .to = to, .from = from, .size = size };

  if (size > 0)
    rill_copy_pool_run (self, (guint) ((size + PART_SIZE - 1) / PART_SIZE), copy_part, &copy);
}
