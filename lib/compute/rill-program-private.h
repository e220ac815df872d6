/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-program.h"
#include "session/rill-session-private.h"

/* NOT_INITIALIZED, CLOSED, DEVICE_LOST, or TRUE. */
gboolean     rill_program_check_open  (RillProgram  *self,
                                       GError      **error);
RillContext *rill_program_get_context (RillProgram  *self); /* (transfer none) (nullable) */
