/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>

/* What an owner closes when it is closed itself: objects that it does not reference. A child leaves the list in
 * its dispose; so an object that is found there under the lock is alive, even while its last reference
 * is being dropped elsewhere.
 *
 * To go on with a child without the lock, it is held, for a moment: its dispose waits meanwhile. A reference
 * would not do: to take one calls the bindings, which wait for locks of their own, and these a thread may have
 * that drops a child and waits for the list's; and an object that comes back to life in its dispose must not go
 * in another thread before the first has come out of g_object_unref(). So who holds a child neither waits for
 * the device nor calls out. If it drops the child's last reference itself, that is dropped when it lets go.
 *
 * The list is an array of slots and a child knows its slot: to leave touches no other child, which with many
 * of them would be in no cache. */

typedef struct
{
  GObject *object; /* (unowned) */
  void   (*close) (GObject *object);
  guint64  serial; /* no other child has the same */
  guint    place;  /* (atomic, written under the lock) number of its slot from 1 on; 0 while in no list */
  guint    n_holds; /* (atomic, written under the lock) */
  GThread *adopter; /* (unowned) (nullable) who holds it, and has its last reference */
} RillChild;

/* A child that may have gone. */
typedef struct
{
  guint64 serial;
  guint   place;
} RillChildRef;

typedef struct
{
  GMutex   own_lock;
  GMutex  *lock;
  GCond    let_go;
  GArray  *slots; /* (owned) (element-type guintptr) */
  guint    free;  /* the first free slot, from 1 on; 0: none */
  guint64  last_serial;
  gboolean closed;
} RillChildren;

/* @lock: (unowned) (nullable): one of the owner's, which then guards the list too. */
void     rill_children_init   (RillChildren *self,
                               GMutex       *lock);
void     rill_children_clear  (RillChildren *self);
/* A child is added once. FALSE when the owner was closed in the meantime: the caller then closes the
 * child. */
gboolean rill_children_add    (RillChildren *self,
                               RillChild    *child,
                               GObject      *object,
                               void        (*close) (GObject *object));
gboolean rill_children_add_locked (RillChildren *self,
                               RillChild    *child,
                               GObject      *object,
                               void        (*close) (GObject *object));
/* For the child's dispose: returns when nobody holds it. FALSE: the calling thread does, and has taken the
 * reference; dispose returns, and is called again when it lets go. */
gboolean rill_children_leave  (RillChildren *self,
                               RillChild    *child);
/* The child is found no more; it still has to leave. */
void     rill_children_remove_locked (RillChildren *self,
                               RillChild    *child);
/* (element-type RillChildRef) (transfer full) all of them */
GArray  *rill_children_list   (RillChildren *self);
RillChildRef rill_child_get_ref (const RillChild *child); /* under the lock, or while it is held */
/* NULL if it has gone. */
RillChild *rill_children_hold (RillChildren       *self,
                               const RillChildRef *ref);
/* Not under a lock: it may drop the last reference. */
void     rill_children_unhold (RillChildren *self,
                               RillChild    *child);
/* Refuses later additions and closes each child, without the lock. */
void     rill_children_close  (RillChildren *self);
/* Calls func (child, data) for each under the lock, which keeps those alive that are about to go: func looks
 * at them, and neither references nor closes one. */
void     rill_children_foreach (RillChildren *self,
                                void        (*func) (RillChild *child, gpointer data),
                                gpointer      data);
