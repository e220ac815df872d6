/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory.h"
#include "rill-types.h"

G_BEGIN_DECLS

/* What lies in a memory, to be looked at. */

RILL_API
char *rill_memory_to_json (RillMemory  *memory,
                           GError     **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
char *rill_memory_to_svg  (RillMemory  *memory,
                           GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
