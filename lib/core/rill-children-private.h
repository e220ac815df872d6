/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>

/* What an owner closes when it is closed itself: objects that it does not reference. A child leaves the list in
 * its dispose; so an object that is found there under the lock is alive, even while its last reference
 * is being dropped elsewhere.
 *
 * To go on with a child without the lock, it is held. A reference would not do: to take one calls the
 * bindings, which wait for locks of their own, and these a thread may have that drops a child and waits for
 * the list's. Instead a child that is dropped while it is held gives the reference that is being dropped to
 * those who hold it.
 *
 * The list is an array of slots and a child knows its slot: to leave touches no other child, which with many
 * of them would be in no cache. */

typedef struct
{
  GObject *object; /* (unowned) */
  void   (*close) (GObject *object);
  guint    place;  /* (atomic, written under the lock) number of its slot from 1 on; 0 while in no list */
  guint    n_holds; /* (atomic, written under the lock) */
  gboolean adopted; /* those who hold it have a reference */
} RillChild;

typedef struct
{
  GMutex   own_lock;
  GMutex  *lock;
  GArray  *slots; /* (owned) (element-type guintptr) */
  guint    free;  /* the first free slot, from 1 on; 0: none */
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
/* For the child's dispose. FALSE: those who hold it have taken the reference; dispose returns, and is called
 * again when they drop it. */
gboolean rill_children_leave  (RillChildren *self,
                               RillChild    *child);
/* The child is found no more; it still has to leave. */
void     rill_children_remove_locked (RillChildren *self,
                               RillChild    *child);
/* All of them, each to be let go of: (transfer container) (element-type RillChild) */
GPtrArray *rill_children_hold (RillChildren *self);
/* Not under a lock: it may drop the last reference. */
void     rill_children_unhold (RillChildren *self,
                               RillChild    *child);
/* Refuses later additions and closes each child, without the lock. */
void     rill_children_close  (RillChildren *self);
/* Calls func (object, data) for each under the lock, which keeps those alive that are about to go: func looks
 * at them, and neither references nor closes one. */
void     rill_children_foreach (RillChildren *self,
                                void        (*func) (gpointer object, gpointer data),
                                gpointer      data);
