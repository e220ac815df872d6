/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/rill-children-private.h"
#include "session/rill-context-private.h"
#include "session/rill-session.h"

/* NULL before initialisation and after close; hold the result. */
RillContext *rill_session_ref_context (RillSession  *self,
                                       GError      **error); /* NOT_INITIALIZED, CLOSED, DEVICE_LOST */
gboolean     rill_session_check_open  (RillSession  *self,
                                       GError      **error);
/* Objects that Session.close closes, by their own close function. */
gboolean     rill_session_add_child   (RillSession  *self,
                                       RillChild    *child,
                                       gpointer      object,
                                       void        (*close) (GObject *object));
gboolean     rill_session_leave        (RillSession *self, /* see rill_children_leave() */
                                       RillChild    *child);
/* The memories of rill_session_get_memory_for_usage(), under the lock. */
GWeakRef    *rill_session_lock_usage_memory (RillSession     *self,
                                             RillMemoryUsage  usage);
void         rill_session_unlock_usage_memory (RillSession   *self);
/* (transfer none) */
RillBudgetWatch *rill_session_get_budget_watch (RillSession *self);
/* The list behind the property "transfers"; changed only from the session's main context. */
GListStore  *rill_session_get_transfer_store (RillSession *self);
