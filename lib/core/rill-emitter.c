/* SPDX-License-Identifier: MIT */
#include "core/rill-emitter-private.h"

#include <gobject/gvaluecollector.h>

/* One pending call. Exactly one of pspec, signal_id and func is set. */
typedef struct
{
  GWeakRef object;
  GParamSpec *pspec;
  guint signal_id;
  GArray *values; /* (element-type GValue) */
  void (*func) (gpointer object, gpointer data);
  gpointer data;
  GDestroyNotify destroy;
} Pending;

struct _RillEmitter
{
  gatomicrefcount ref_count;
  GMainContext *context; /* (owned) */
  GMutex lock;
  GQueue pending;  /* (element-type Pending) */
  GSource *source; /* (owned) (nullable) while something is pending */
};

static Pending *
pending_new (gpointer object)
{
  Pending *pending = g_new0 (Pending, 1);

  g_weak_ref_init (&pending->object, object);
  return pending;
}

static void
pending_free (Pending *pending)
{
  g_weak_ref_clear (&pending->object);
  g_clear_pointer (&pending->values, g_array_unref);
  if (pending->destroy != NULL)
    pending->destroy (pending->data);
  g_free (pending);
}

/* Names of properties are unique in an object. */
static GQuark
get_pending_quark (GParamSpec *pspec)
{
  g_autofree char *name = g_strconcat ("rill-pending-", pspec->name, NULL);

  return g_quark_from_string (name);
}

static void
pending_deliver (Pending *pending)
{
  g_autoptr (GObject) object = g_weak_ref_get (&pending->object);

  if (object == NULL)
    return;
  if (pending->pspec != NULL)
    {
      g_object_set_qdata (object, get_pending_quark (pending->pspec), NULL);
      g_object_notify_by_pspec (object, pending->pspec);
    }
  else if (pending->func != NULL)
    pending->func (object, pending->data);
  else
    {
      GValue *instance = &g_array_index (pending->values, GValue, 0);
      g_value_init (instance, G_OBJECT_TYPE (object));
      g_value_set_object (instance, object);
      g_signal_emitv (instance, pending->signal_id, 0, NULL);
    }
}

RillEmitter *
rill_emitter_new (void)
{
  RillEmitter *self = g_new0 (RillEmitter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_queue_init (&self->pending);
  self->context = g_main_context_ref_thread_default ();
  return self;
}

RillEmitter *
rill_emitter_ref (RillEmitter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_emitter_unref (RillEmitter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->pending.length == 0); /* or the source would hold it */
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Pending *
pop (RillEmitter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_queue_pop_head (&self->pending);
}

/* Delivers as many as were there when the source was dispatched. What handlers and other threads add meanwhile
 * waits for the next turn of the loop, so that it never starves. A handler may run the loop itself: the
 * source recurs, and the order stays. */
static gboolean
deliver_cb (gpointer user_data)
{
  RillEmitter *self = user_data;
  Pending *pending;
  guint n;
  g_autoptr (GSource) done = NULL;
  gboolean more;

  g_mutex_lock (&self->lock);
  n = self->pending.length;
  g_mutex_unlock (&self->lock);

  while (n-- > 0 && (pending = pop (self)) != NULL)
    {
      pending_deliver (pending);
      pending_free (pending);
    }

  g_mutex_lock (&self->lock);
  more = self->pending.length > 0;
  if (!more)
    done = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
attach_locked (RillEmitter *self)
{
  if (self->source != NULL)
    return;
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->source, "[rill] signals");
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, deliver_cb, rill_emitter_ref (self),
                         (GDestroyNotify) rill_emitter_unref);
  g_source_attach (self->source, self->context);
}

static void
push (RillEmitter *self,
      Pending     *pending)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_queue_push_tail (&self->pending, pending);
  attach_locked (self);
}

void
rill_emitter_drop_gone (RillEmitter *self)
{
  g_autoptr (GPtrArray) alive = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSource) source = NULL;
  GQueue gone = G_QUEUE_INIT;
  GList *next;

  g_mutex_lock (&self->lock);
  for (GList *l = self->pending.head; l != NULL; l = next)
    {
      GObject *object = g_weak_ref_get (&((Pending *) l->data)->object);

      next = l->next;
      if (object != NULL)
        g_ptr_array_add (alive, object); /* dropped without the lock: it may be the last reference */
      else
        {
          g_queue_unlink (&self->pending, l);
          g_queue_push_tail_link (&gone, l);
        }
    }
  if (self->pending.length == 0)
    source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);

  g_queue_clear_full (&gone, (GDestroyNotify) pending_free);
  if (source != NULL)
    g_source_destroy (source);
}

/* The object itself knows: to look for it would need a reference, which could be the last, and callers have
 * locks. FALSE if a notification is pending already. */
static gboolean
mark_pending (RillEmitter *self,
              gpointer     object,
              GParamSpec  *pspec)
{
  GQuark quark = get_pending_quark (pspec);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_object_get_qdata (object, quark) != NULL)
    return FALSE;
  g_object_set_qdata (object, quark, pspec);
  return TRUE;
}

void
rill_emitter_notify (RillEmitter *self,
                     gpointer     object,
                     GParamSpec  *pspec)
{
  static guint notify_signal;
  GQuark detail;
  Pending *pending;

  if (notify_signal == 0)
    notify_signal = g_signal_lookup ("notify", G_TYPE_OBJECT);
  /* Mostly nobody listens, and this asks once, for any detail. */
  if (g_signal_handler_find (object, G_SIGNAL_MATCH_ID, notify_signal, 0, NULL, NULL, NULL) == 0)
    return;
  /* It finds handlers of exactly one detail: those of all properties have none. */
  detail = g_param_spec_get_name_quark (pspec);
  if (!g_signal_has_handler_pending (object, notify_signal, detail, FALSE)
      && !g_signal_has_handler_pending (object, notify_signal, 0, FALSE))
    return;

  if (!mark_pending (self, object, pspec))
    return;
  pending = pending_new (object);
  pending->pspec = pspec;
  push (self, pending);
}

void
rill_emitter_emit (RillEmitter *self,
                   gpointer     object,
                   guint        signal_id,
                   ...)
{
  GSignalQuery query;
  Pending *pending;
  va_list args;

  if (!g_signal_has_handler_pending (object, signal_id, 0, FALSE))
    return;

  pending = pending_new (object);
  pending->signal_id = signal_id;
  g_signal_query (signal_id, &query);
  pending->values = g_array_sized_new (FALSE, TRUE, sizeof (GValue), query.n_params + 1);
  g_array_set_size (pending->values, query.n_params + 1);
  g_array_set_clear_func (pending->values, (GDestroyNotify) g_value_unset);

  va_start (args, signal_id);
  for (guint i = 0; i < query.n_params; i++)
    {
      char *message = NULL;
      G_VALUE_COLLECT_INIT (&g_array_index (pending->values, GValue, i + 1),
                            query.param_types[i] & ~G_SIGNAL_TYPE_STATIC_SCOPE, args, 0, &message);
      g_assert (message == NULL);
    }
  va_end (args);
  push (self, pending);
}

void
rill_emitter_run (RillEmitter     *self,
                  gpointer         object,
                  void           (*func) (gpointer object, gpointer data),
                  gpointer         data,
                  GDestroyNotify   destroy)
{
  Pending *pending = pending_new (object);

  pending->func = func;
  pending->data = data;
  pending->destroy = destroy;
  push (self, pending);
}

typedef struct
{
  GWeakRef object;
  void (*func) (gpointer object);
} Later;

static gboolean
later_cb (gpointer user_data)
{
  Later *later = user_data;
  g_autoptr (GObject) object = g_weak_ref_get (&later->object);

  if (object != NULL)
    later->func (object);
  return G_SOURCE_REMOVE;
}

static void
later_free (gpointer user_data)
{
  Later *later = user_data;

  g_weak_ref_clear (&later->object);
  g_free (later);
}

GSource *
rill_emitter_run_later (RillEmitter  *self,
                        gpointer      object,
                        guint         delay_ms,
                        void        (*func) (gpointer object))
{
  GSource *source = g_timeout_source_new (delay_ms);
  Later *later = g_new0 (Later, 1);

  g_weak_ref_init (&later->object, object);
  later->func = func;
  g_source_set_static_name (source, "[rill] later");
  g_source_set_callback (source, later_cb, later, later_free);
  g_source_attach (source, self->context);
  return source;
}
