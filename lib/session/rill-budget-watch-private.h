/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-types.h"
#include "session/rill-queue-private.h"

/* Tells a session when the usage of a heap comes to a part of its budget. The driver is asked when a page
 * comes while somebody listens, and when one goes after the session was told. The session ends it; what still
 * has pages holds it for longer. Safe from any thread. */
typedef struct _RillBudgetWatch RillBudgetWatch;

/* @signal: of the session, with a RillMemoryType. The threshold is 0 until it is set. */
RillBudgetWatch *rill_budget_watch_new           (RillSession     *session,
                                                  guint            signal);
RillBudgetWatch *rill_budget_watch_ref           (RillBudgetWatch *self);
void             rill_budget_watch_unref         (RillBudgetWatch *self);
void             rill_budget_watch_end           (RillBudgetWatch *self);

double           rill_budget_watch_get_threshold (RillBudgetWatch *self);
/* FALSE when it was that already. */
gboolean         rill_budget_watch_set_threshold (RillBudgetWatch *self,
                                                  double           threshold);

void             rill_budget_watch_page_added    (RillBudgetWatch *self,
                                                  RillContext     *context,
                                                  guint            type_index);
void             rill_budget_watch_page_removed  (RillBudgetWatch *self,
                                                  RillContext     *context,
                                                  guint            heap);
