/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-context-private.h"

/* exit() runs the destructors of drivers and layers while threads are at work: those of the driver, which
 * compile and run what was submitted, and the library's own. Before that, the contexts that are in here are
 * brought to rest, and then held, so that no thread ends them any more. */

void     rill_exit_add           (RillContext  *context); /* when its device is open */
void     rill_exit_remove        (RillContext  *context); /* when nothing is left of it */
void     rill_exit_prepare       (void);                  /* in each thread that opens a session or submits */

/* Around all that opens a session: exit() waits for the end, as far as rill_exit_prepare() was called in the
 * thread that exits, or a session was open before. CLOSED from then on. */
gboolean rill_exit_begin_opening (GError      **error);
void     rill_exit_end_opening   (void);
