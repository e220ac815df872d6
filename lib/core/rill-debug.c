/* SPDX-License-Identifier: MIT */
#include "core/rill-debug-private.h"

static const GDebugKey debug_keys[] = {
  { "staging", RILL_DEBUG_STAGING },
};

RillDebugFlags
rill_debug_get_flags (void)
{
  return g_parse_debug_string (g_getenv ("RILL_DEBUG"), debug_keys, G_N_ELEMENTS (debug_keys));
}
