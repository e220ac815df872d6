/* SPDX-License-Identifier: MIT */
#include "memory/rill-allocation-info.h"

G_DEFINE_BOXED_TYPE (RillAllocationInfo, rill_allocation_info, rill_allocation_info_copy, rill_allocation_info_free)

/**
 * rill_allocation_info_copy:
 * @self: an allocation info
 *
 * Copies an allocation info.
 *
 * Returns: (transfer full): the copy
 */
RillAllocationInfo *
rill_allocation_info_copy (const RillAllocationInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof (*self));
}

/**
 * rill_allocation_info_free:
 * @self: (transfer full): an allocation info
 *
 * Frees an allocation info.
 */
void
rill_allocation_info_free (RillAllocationInfo *self)
{
  g_free (self);
}
