/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-private.h"
#include "memory/rill-pages-statistics-private.h"

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

/**
 * rill_memory_calculate_statistics:
 * @self: a memory
 * @error: return location for an error
 *
 * Walks all pages and sums up what they hold.
 *
 * Takes time in the number of objects; the properties of the same names do not.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the statistics
 */
RillMemoryStatistics *
rill_memory_calculate_statistics (RillMemory  *self,
                                  GError     **error)
{
  g_autoptr (RillContext) context = NULL;
  RillMemoryStatistics *statistics;

  g_return_val_if_fail (RILL_IS_MEMORY (self), NULL);

  context = rill_memory_ref_context (self, error);
  if (context == NULL)
    return NULL;
  rill_context_collect (context);
  statistics = g_new0 (RillMemoryStatistics, 1);
  rill_pages_calculate_statistics (rill_memory_peek_pages (self), statistics);
  return statistics;
}

/**
 * rill_memory_calculate_page_statistics:
 * @self: a memory
 * @page: index of a page
 * @error: return location for an error
 *
 * Walks one page and sums up what it holds, in bytes.
 *
 * Takes time in the number of objects in the page. The statistics are those of the page alone: their
 * number of pages is 1.
 *
 * Errors: %G_IO_ERROR_NOT_FOUND if there is no page of this index; %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the statistics
 */
RillMemoryStatistics *
rill_memory_calculate_page_statistics (RillMemory  *self,
                                       guint        page,
                                       GError     **error)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (RillMemoryStatistics) statistics = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (self), NULL);

  context = rill_memory_ref_context (self, error);
  if (context == NULL)
    return NULL;
  rill_context_collect (context);
  statistics = g_new0 (RillMemoryStatistics, 1);
  if (rill_pages_calculate_page_statistics (rill_memory_peek_pages (self), page, statistics))
    return g_steal_pointer (&statistics);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The memory has no page %u", page);
  return NULL;
}
