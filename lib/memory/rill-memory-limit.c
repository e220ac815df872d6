/* SPDX-License-Identifier: MIT */

/* What a memory is told before it has pages. */

#include "memory/rill-memory-private.h"

static void
notify (RillMemory *self,
        const char *property)
{
  rill_emitter_notify (rill_memory_get_context (self)->emitter, self,
                       g_object_class_find_property (G_OBJECT_GET_CLASS (self), property));
}

/**
 * rill_memory_get_size_limit: (get-property size-limit)
 * @self: a memory
 *
 * Gets the most that the memory's pages may take together.
 *
 * Returns: bytes; 0 when there is no limit
 */
guint64
rill_memory_get_size_limit (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return rill_pages_get_size_limit (rill_memory_peek_pages (self));
}

/**
 * rill_memory_set_size_limit:
 * @self: a memory
 * @size_limit: the most that the memory's pages may take together, in bytes; 0 for no limit
 * @error: return location for an error
 *
 * Sets a limit for [property@Memory:reserved-size], which is kept whatever threads make pages.
 *
 * The last page before the limit may be smaller than [property@Memory:page-size], and the only one is
 * when the limit itself is. What would need a page over the limit has the memory's own empty pages
 * released; if that does not help it fails with %RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY.
 *
 * Errors: %G_IO_ERROR_BUSY while the memory has a page; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE if it is set
 */
gboolean
rill_memory_set_size_limit (RillMemory  *self,
                            guint64      size_limit,
                            GError     **error)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  if (!rill_memory_check_open (self, error)
      || !rill_pages_set_size_limit (rill_memory_peek_pages (self), size_limit, error))
    return FALSE;
  notify (self, "size-limit");
  return TRUE;
}

/**
 * rill_memory_get_priority: (get-property priority)
 * @self: a memory
 *
 * Gets how much the memory's pages should stay on the device when it is full.
 *
 * Returns: a number between 0 and 1, at first 0.5
 */
float
rill_memory_get_priority (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return rill_pages_get_priority (rill_memory_peek_pages (self));
}

/**
 * rill_memory_set_priority:
 * @self: a memory
 * @priority: a number between 0 and 1; the higher, the more
 * @error: return location for an error
 *
 * Sets how much the memory's pages should stay on the device when more is allocated than it has room for.
 *
 * It is for the driver to follow (`VK_EXT_memory_priority`), and of no effect where the device cannot.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for what is not between 0 and 1; %G_IO_ERROR_BUSY while the memory
 * has a page; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE if it is set
 */
gboolean
rill_memory_set_priority (RillMemory  *self,
                          float        priority,
                          GError     **error)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  if (!rill_memory_check_open (self, error))
    return FALSE;
  if (!(priority >= 0 && priority <= 1)) /* nor is NaN */
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not set the priority: %g is not between 0 and 1", (double) priority);
      return FALSE;
    }
  if (!rill_pages_set_priority (rill_memory_peek_pages (self), priority, error))
    return FALSE;
  notify (self, "priority");
  return TRUE;
}
