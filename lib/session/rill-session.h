/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_SESSION (rill_session_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillSession, rill_session, RILL, SESSION, GObject)

RILL_API
RillSession     *rill_session_new           (RillDevice          *device,
                                             RillSessionFlags     flags,
                                             GCancellable        *cancellable,
                                             GError             **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void             rill_session_open_async    (RillDevice          *device,
                                             RillSessionFlags     flags,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data);
RILL_API
RillSession     *rill_session_open_finish   (GAsyncResult        *result,
                                             GError             **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillDevice      *rill_session_get_device    (RillSession         *self);
RILL_API
RillSessionFlags rill_session_get_flags     (RillSession         *self);
RILL_API
gboolean         rill_session_get_closed    (RillSession         *self);
RILL_API
GListModel      *rill_session_get_transfers (RillSession         *self);
RILL_API
double           rill_session_get_budget_threshold (RillSession  *self);
RILL_API
gboolean         rill_session_set_budget_threshold (RillSession  *self,
                                             double               threshold,
                                             GError             **error);

RILL_API
gboolean         rill_session_wait_idle     (RillSession         *self,
                                             GCancellable        *cancellable,
                                             GError             **error);
RILL_API
void             rill_session_close         (RillSession         *self);

G_END_DECLS
