/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

typedef enum
{
  RILL_DEBUG_NONE = 0,
  RILL_DEBUG_STAGING = 1 << 0, /* every transfer goes through the staging ring, also where memory is mappable */
} RillDebugFlags;

/* Parsed from RILL_DEBUG each time a session opens, so that a program can set it. */
RillDebugFlags rill_debug_get_flags (void);
