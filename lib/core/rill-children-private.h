/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>

/* What an owner closes when it is closed itself: a list of objects that it does not hold. A child
 * embeds the link and leaves the list in its dispose; so an object that is found in the list under
 * the lock can still be referenced, even while its last reference is being dropped elsewhere. */

typedef struct _RillChild RillChild;

struct _RillChild
{
  GObject   *object; /* (unowned), NULL while in no list */
  void     (*close) (GObject *object);
  RillChild *previous;
  RillChild *next;
};

typedef struct
{
  GMutex     lock;
  RillChild *first;
  gboolean   closed;
} RillChildren;

void     rill_children_init   (RillChildren *self);
void     rill_children_clear  (RillChildren *self);
/* FALSE when the owner was closed in the meantime: the caller then closes the child. */
gboolean rill_children_add    (RillChildren *self,
                               RillChild    *child,
                               GObject      *object,
                               void        (*close) (GObject *object));
void     rill_children_remove (RillChildren *self,
                               RillChild    *child);
/* (transfer full) (element-type GObject) */
GPtrArray *rill_children_list (RillChildren *self);
/* Refuses later additions and closes each child, without the lock. */
void     rill_children_close  (RillChildren *self);
/* Calls func (object, data) for each under the lock, which keeps those alive that are about to go: func looks
 * at them, and neither references nor closes one. */
void     rill_children_foreach (RillChildren *self,
                                void        (*func) (gpointer object, gpointer data),
                                gpointer      data);
