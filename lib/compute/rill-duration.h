/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-session.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_DURATION (rill_duration_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillDuration, rill_duration, RILL, DURATION, GObject)

RILL_API
RillDuration *rill_session_create_duration (RillSession   *session,
                                            GError       **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillSession  *rill_duration_get_session     (RillDuration  *self);
RILL_API
gint64        rill_duration_get_nanoseconds (RillDuration  *self,
                                             GError       **error);
RILL_API
gboolean      rill_duration_get_closed      (RillDuration  *self);
RILL_API
void          rill_duration_close           (RillDuration  *self);

G_END_DECLS
