/* SPDX-License-Identifier: MIT */
#include "core/rill-children-private.h"

/* A slot holds a RillChild or, while it is free, the next free place and a set lowest bit. */
static guintptr *
get_slot (RillChildren *self,
          guint         place)
{
  return &g_array_index (self->slots, guintptr, place - 1);
}

static RillChild *
get_child (RillChildren *self,
           guint         place)
{
  guintptr slot = *get_slot (self, place);

  return (slot & 1) == 0 ? (RillChild *) slot : NULL;
}

void
rill_children_init (RillChildren *self,
                    GMutex       *lock)
{
  g_mutex_init (&self->own_lock);
  g_cond_init (&self->let_go);
  self->lock = lock != NULL ? lock : &self->own_lock;
  self->slots = g_array_new (FALSE, FALSE, sizeof (guintptr));
  self->free = 0;
  self->last_serial = 0;
  self->closed = FALSE;
}

void
rill_children_clear (RillChildren *self)
{
  for (guint place = self->slots->len; place > 0; place--)
    g_assert (get_child (self, place) == NULL);
  g_array_unref (self->slots);
  g_cond_clear (&self->let_go);
  g_mutex_clear (&self->own_lock);
}

gboolean
rill_children_add_locked (RillChildren *self,
                          RillChild    *child,
                          GObject      *object,
                          void        (*close) (GObject *object))
{
  guint place = self->free;

  g_assert (child->object == NULL);
  if (self->closed)
    return FALSE;
  if (place != 0)
    self->free = (guint) (*get_slot (self, place) >> 1);
  else
    {
      g_array_set_size (self->slots, self->slots->len + 1);
      place = self->slots->len;
    }
  *get_slot (self, place) = (guintptr) child;
  child->object = object;
  child->close = close;
  child->serial = ++self->last_serial;
  __atomic_store_n (&child->place, place, __ATOMIC_RELAXED);
  return TRUE;
}

gboolean
rill_children_add (RillChildren *self,
                   RillChild    *child,
                   GObject      *object,
                   void        (*close) (GObject *object))
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (self->lock);

  return rill_children_add_locked (self, child, object, close);
}

void
rill_children_remove_locked (RillChildren *self,
                             RillChild    *child)
{
  guint place = child->place;

  if (place == 0)
    return;
  *get_slot (self, place) = (guintptr) self->free << 1 | 1;
  self->free = place;
  __atomic_store_n (&child->place, 0, __ATOMIC_RELEASE);
}

/* What the calling thread holds; few at a time. */
static GPrivate held_here = G_PRIVATE_INIT ((GDestroyNotify) g_ptr_array_unref);

static gboolean
is_held_here (RillChild *child)
{
  GPtrArray *held = g_private_get (&held_here);

  return held != NULL && g_ptr_array_find (held, child, NULL);
}

static void
note_held_here (RillChild *child)
{
  GPtrArray *held = g_private_get (&held_here);

  if (held == NULL)
    {
      held = g_ptr_array_new ();
      g_private_set (&held_here, held);
    }
  g_ptr_array_add (held, child);
}

gboolean
rill_children_leave (RillChildren *self,
                     RillChild    *child)
{
  g_autoptr (GMutexLocker) locker = NULL;

  /* Once it has no place, as it is added once, nobody begins to hold it; and what those did who held it is
   * before what the child does now, which may be its end. */
  if (__atomic_load_n (&child->place, __ATOMIC_ACQUIRE) == 0
      && __atomic_load_n (&child->n_holds, __ATOMIC_ACQUIRE) == 0)
    return TRUE;
  locker = g_mutex_locker_new (self->lock);
  rill_children_remove_locked (self, child);
  if (child->n_holds > 0 && is_held_here (child))
    {
      if (child->adopter == NULL)
        g_object_ref (child->object);
      child->adopter = g_thread_self ();
      return FALSE;
    }
  while (child->n_holds > 0)
    g_cond_wait (&self->let_go, self->lock);
  return TRUE;
}

static void
hold_locked (RillChild *child)
{
  __atomic_store_n (&child->n_holds, child->n_holds + 1, __ATOMIC_RELAXED);
  note_held_here (child);
}

RillChildRef
rill_child_get_ref (const RillChild *child)
{
  return (RillChildRef) { .serial = child->serial, .place = child->place };
}

GArray *
rill_children_list (RillChildren *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (self->lock);
  GArray *refs = g_array_new (FALSE, FALSE, sizeof (RillChildRef));

  for (guint place = self->slots->len; place > 0; place--)
    {
      const RillChild *child = get_child (self, place);

      if (child != NULL)
        {
          const RillChildRef ref = rill_child_get_ref (child);
          g_array_append_val (refs, ref);
        }
    }
  return refs;
}

RillChild *
rill_children_hold (RillChildren       *self,
                    const RillChildRef *ref)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (self->lock);
  RillChild *child;

  if (ref->place == 0 || ref->place > self->slots->len)
    return NULL;
  child = get_child (self, ref->place);
  if (child == NULL || child->serial != ref->serial)
    return NULL;
  hold_locked (child);
  return child;
}

void
rill_children_unhold (RillChildren *self,
                      RillChild    *child)
{
  GObject *dropped = NULL;

  g_mutex_lock (self->lock);
  g_assert (child->n_holds > 0);
  g_ptr_array_remove_fast (g_private_get (&held_here), child);
  if (child->adopter == g_thread_self () && !is_held_here (child))
    {
      /* Nobody else may have it any more when it ends. */
      while (child->n_holds > 1)
        g_cond_wait (&self->let_go, self->lock);
      child->adopter = NULL;
      dropped = child->object;
    }
  __atomic_store_n (&child->n_holds, child->n_holds - 1, __ATOMIC_RELEASE);
  g_cond_broadcast (&self->let_go);
  g_mutex_unlock (self->lock);
  if (dropped != NULL)
    g_object_unref (dropped);
}

/* The last place first, which for few children is the order that they came in, reversed. Nothing is added any
 * more, so the slots behind are dropped. */
static RillChild *
steal_last (RillChildren *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (self->lock);
  RillChild *child = NULL;

  self->closed = TRUE;
  while (child == NULL && self->slots->len > 0)
    {
      child = get_child (self, self->slots->len);
      g_array_set_size (self->slots, self->slots->len - 1);
    }
  if (child != NULL)
    {
      hold_locked (child);
      __atomic_store_n (&child->place, 0, __ATOMIC_RELEASE);
    }
  return child;
}

void
rill_children_close (RillChildren *self)
{
  RillChild *child;

  while ((child = steal_last (self)) != NULL)
    {
      child->close (child->object);
      rill_children_unhold (self, child);
    }
}

void
rill_children_foreach (RillChildren *self,
                       void        (*func) (RillChild *child, gpointer data),
                       gpointer      data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (self->lock);

  for (guint place = self->slots->len; place > 0; place--)
    {
      RillChild *child = get_child (self, place);
      if (child != NULL)
        func (child, data);
    }
}
