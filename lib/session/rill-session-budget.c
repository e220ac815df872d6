/* SPDX-License-Identifier: MIT */

/* When a session tells that memory is running out. */

#include "session/rill-session-private.h"

/**
 * rill_session_get_budget_threshold: (get-property budget-threshold)
 * @self: a session
 *
 * Gets the part of a heap's budget from which on [signal@Session::budget-low] comes.
 *
 * Returns: a part between 0 and 1, at first 0.9
 */
double
rill_session_get_budget_threshold (RillSession *self)
{
  g_return_val_if_fail (RILL_IS_SESSION (self), 0);

  return rill_budget_watch_get_threshold (rill_session_get_budget_watch (self));
}

/**
 * rill_session_set_budget_threshold:
 * @self: a session
 * @threshold: a part between 0 and 1
 * @error: return location for an error
 *
 * Sets the part of a heap's budget from which on [signal@Session::budget-low] comes.
 *
 * A heap whose usage is over the new one already is told of with its next page, also if it was told of
 * with the old one.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for what is not between 0 and 1; %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE if it is set
 */
gboolean
rill_session_set_budget_threshold (RillSession  *self,
                                   double        threshold,
                                   GError      **error)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (self), FALSE);

  context = rill_session_ref_context (self, error);
  if (context == NULL)
    return FALSE;
  if (!(threshold >= 0 && threshold <= 1)) /* nor is NaN */
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not set the budget's threshold: %g is not between 0 and 1", threshold);
      return FALSE;
    }
  if (rill_budget_watch_set_threshold (context->budget_watch, threshold))
    rill_emitter_notify (context->emitter, self,
                         g_object_class_find_property (G_OBJECT_GET_CLASS (self), "budget-threshold"));
  return TRUE;
}
