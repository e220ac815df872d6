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

/* The same, but where no type matches it is -1 without an error. */
gint rill_memory_find_type   (RillContext              *context,
                              RillMemoryPropertyFlags   flags,
                              gboolean                  exact_flags_match,
                              GError                  **error);

/* What is thought of a type for certain flags. Of those that fit, the first of the lowest rank is chosen. */
typedef struct
{
  VkMemoryPropertyFlags missing; /* asked for, and not there */
  VkMemoryPropertyFlags extra;   /* not asked for */
  VkMemoryPropertyFlags special; /* of these, what has to be asked for */
  gboolean windowed;             /* the device's memory in the host's window, without both asked for */
  gboolean uncached;             /* slow to read for the host */
  gboolean fits;
  guint rank;
} RillMemoryVerdict;

void rill_memory_judge_type  (RillContext              *context,
                              guint                     index,
                              RillMemoryPropertyFlags   flags,
                              gboolean                  exact_flags_match,
                              RillMemoryVerdict        *verdict);

/* The flags of a type that keep it from being used, because they need a feature that is not enabled. */
RillMemoryPropertyFlags rill_memory_get_disabled_flags (RillContext *context,
                                                        guint        index);

/* "DEVICE_LOCAL | HOST_VISIBLE", "none" */
char                   *rill_memory_flags_to_string (RillMemoryPropertyFlags       flags);
/* The sets of the device's types in @type_bits, for errors: "[DEVICE_LOCAL], [HOST_VISIBLE | …]". */
char                   *rill_memory_types_to_string (RillContext                  *context,
                                                    guint32                       type_bits);
/* What is chosen and why, type by type, for the user. NULL and INVALID_ARGUMENT for unknown flags. */
char                   *rill_memory_explain_choice  (RillContext                  *context,
                                                    RillMemoryPropertyFlags       flags,
                                                    gboolean                      exact_flags_match,
                                                    GError                      **error);
