/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-private.h"

static RillAllocationStrategy
get_strategy (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return rill_ranges_get_strategy (self->ranges);
}

static gboolean
set_strategy (RillPages              *self,
              RillAllocationStrategy  strategy)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->page_count > 0)
    return FALSE;
  rill_ranges_set_strategy (self->ranges, strategy);
  self->traced = FALSE;
  return TRUE;
}

/**
 * rill_memory_get_strategy: (get-property strategy)
 * @self: a memory
 *
 * Gets how the place of a new object is chosen.
 *
 * Returns: the strategy, %RILL_ALLOCATION_STRATEGY_GENERAL unless another was set
 */
RillAllocationStrategy
rill_memory_get_strategy (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), RILL_ALLOCATION_STRATEGY_GENERAL);

  return get_strategy (rill_memory_peek_pages (self));
}

/**
 * rill_memory_set_strategy:
 * @self: a memory
 * @strategy: how the place of a new object is chosen
 * @error: return location for an error
 *
 * Chooses how objects are placed, before the first page is made. When all pages are
 * released it can be chosen again.
 *
 * Errors: %G_IO_ERROR_BUSY while there is a page; %G_IO_ERROR_INVALID_ARGUMENT for an unknown strategy;
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE if it was set
 */
gboolean
rill_memory_set_strategy (RillMemory              *self,
                          RillAllocationStrategy   strategy,
                          GError                 **error)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  if (!rill_memory_check_open (self, error)
      || !rill_ranges_check_strategy (strategy, "set the strategy of a memory", error))
    return FALSE;
  if (!set_strategy (rill_memory_peek_pages (self), strategy))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           "Could not set the strategy of a memory that has pages: it can be set when nothing lies "
                           "in it, after rill_memory_trim()");
      return FALSE;
    }
  rill_emitter_notify (rill_memory_get_context (self)->emitter, self,
                       g_object_class_find_property (G_OBJECT_GET_CLASS (self), "strategy"));
  return TRUE;
}
