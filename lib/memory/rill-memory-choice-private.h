/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enums.h"
#include "session/rill-context-private.h"

/* The index of the memory type for the flags, or -1 with NOT_SUPPORTED, which names the sets there are,
 * or INVALID_ARGUMENT. */
gint rill_memory_choose_type (RillContext              *context,
                              RillMemoryPropertyFlags   flags,
                              gboolean                  exact_flags_match,
                              GError                  **error);

/* "DEVICE_LOCAL | HOST_VISIBLE", "none" */
char                   *rill_memory_flags_to_string (RillMemoryPropertyFlags       flags);
/* The sets of the device's types in @type_bits, for errors: "[DEVICE_LOCAL], [HOST_VISIBLE | …]". */
char                   *rill_memory_types_to_string (RillContext                  *context,
                                                    guint32                       type_bits);
