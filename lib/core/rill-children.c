/* SPDX-License-Identifier: MIT */
#include "core/rill-children-private.h"

void
rill_children_init (RillChildren *self)
{
  g_mutex_init (&self->lock);
  self->first = NULL;
  self->closed = FALSE;
}

void
rill_children_clear (RillChildren *self)
{
  g_assert (self->first == NULL);
  g_mutex_clear (&self->lock);
}

gboolean
rill_children_add (RillChildren *self,
                   RillChild    *child,
                   GObject      *object,
                   void        (*close) (GObject *object))
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_assert (child->object == NULL);
  if (self->closed)
    return FALSE;
  child->object = object;
  child->close = close;
  child->previous = NULL;
  child->next = self->first;
  if (self->first != NULL)
    self->first->previous = child;
  self->first = child;
  return TRUE;
}

static void
unlink_locked (RillChildren *self,
               RillChild    *child)
{
  if (child->previous != NULL)
    child->previous->next = child->next;
  else
    self->first = child->next;
  if (child->next != NULL)
    child->next->previous = child->previous;
  *child = (RillChild) { NULL };
}

void
rill_children_remove (RillChildren *self,
                      RillChild    *child)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (child->object != NULL)
    unlink_locked (self, child);
}

GPtrArray *
rill_children_list (RillChildren *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *objects = g_ptr_array_new_with_free_func (g_object_unref);

  for (RillChild *child = self->first; child != NULL; child = child->next)
    g_ptr_array_add (objects, g_object_ref (child->object));
  return objects;
}

static GObject *
steal_first (RillChildren  *self,
             void         (**close) (GObject *object))
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GObject *object = NULL;

  self->closed = TRUE;
  if (self->first != NULL)
    {
      object = g_object_ref (self->first->object);
      *close = self->first->close;
      unlink_locked (self, self->first);
    }
  return object;
}

void
rill_children_close (RillChildren *self)
{
  void (*close) (GObject *object);
  GObject *object;

  while ((object = steal_first (self, &close)) != NULL)
    {
      close (object);
      g_object_unref (object);
    }
}

void
rill_children_foreach (RillChildren *self,
                       void        (*func) (gpointer object, gpointer data),
                       gpointer      data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (RillChild *child = self->first; child != NULL; child = child->next)
    func (child->object, data);
}
