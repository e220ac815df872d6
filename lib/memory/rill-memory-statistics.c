/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-statistics.h"

G_DEFINE_BOXED_TYPE (RillMemoryStatistics, rill_memory_statistics, rill_memory_statistics_copy, rill_memory_statistics_free)

/**
 * rill_memory_statistics_copy:
 * @self: the statistics
 *
 * Copies statistics.
 *
 * Returns: (transfer full): the copy
 */
RillMemoryStatistics *
rill_memory_statistics_copy (const RillMemoryStatistics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof (*self));
}

/**
 * rill_memory_statistics_free:
 * @self: (transfer full): statistics
 *
 * Frees statistics.
 */
void
rill_memory_statistics_free (RillMemoryStatistics *self)
{
  g_free (self);
}
