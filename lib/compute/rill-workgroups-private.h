/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-pipeline-private.h"

/* Sizes of workgroups and numbers of them. */

/* The constant's value, its default, or what is fixed. */
guint    rill_workgroups_get_local   (const RillReflection     *reflection,
                                      const RillConstantValue  *values,
                                      guint                     dimension);
/* @size in workgroups, or with @is_global in invocations, for which whole workgroups are counted.
 * */
void     rill_workgroups_get_grid    (const RillReflection     *reflection,
                                      const RillConstantValue  *values,
                                      const guint               size[3],
                                      gboolean                  is_global,
                                      guint64                   grid[3]);

/* INVALID_ARGUMENT for 0, NOT_SUPPORTED over a limit. */
gboolean rill_workgroups_check_local (RillContext              *context,
                                      const guint               size[3],
                                      GError                  **error);
gboolean rill_workgroups_check_grid  (RillContext              *context,
                                      const guint64             grid[3],
                                      GError                  **error);
