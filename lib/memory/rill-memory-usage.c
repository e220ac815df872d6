/* SPDX-License-Identifier: MIT */

/* The memories that a session has for usages. */

#include "memory/rill-memory-private.h"

static RillMemory *
create_memory_for_usage (RillSession      *session,
                         RillMemoryUsage   usage,
                         GError          **error)
{
  static const RillMemoryPropertyFlags wishes[][2] = {
    [RILL_MEMORY_USAGE_DEVICE_ONLY] = { RILL_MEMORY_PROPERTY_DEVICE_LOCAL, RILL_MEMORY_PROPERTY_NONE },
    [RILL_MEMORY_USAGE_UPLOAD] = { RILL_MEMORY_PROPERTY_HOST_VISIBLE | RILL_MEMORY_PROPERTY_HOST_COHERENT,
                                   RILL_MEMORY_PROPERTY_HOST_VISIBLE },
    [RILL_MEMORY_USAGE_DOWNLOAD] = { RILL_MEMORY_PROPERTY_HOST_VISIBLE | RILL_MEMORY_PROPERTY_HOST_CACHED,
                                     RILL_MEMORY_PROPERTY_HOST_VISIBLE },
  };
  GError *local_error = NULL;
  RillMemory *memory = rill_session_create_memory (session, wishes[usage][0], RILL_MEMORY_DEFAULT_PAGE_SIZE,
                                                   FALSE, &local_error);

  if (memory == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_clear_error (&local_error);
      memory = rill_session_create_memory (session, wishes[usage][1], RILL_MEMORY_DEFAULT_PAGE_SIZE, FALSE,
                                           &local_error);
    }
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  return memory;
}

static RillMemory *
get_usage_memory (RillSession     *session,
                  RillMemoryUsage  usage,
                  RillMemory      *replacement)
{
  GWeakRef *weak = rill_session_lock_usage_memory (session, usage);
  RillMemory *memory = g_weak_ref_get (weak);
  gboolean closed = memory == NULL || rill_memory_get_closed (memory);

  if (closed && replacement != NULL)
    g_weak_ref_set (weak, replacement);
  rill_session_unlock_usage_memory (session);
  if (closed)
    g_clear_object (&memory);
  if (memory == NULL && replacement != NULL)
    memory = g_object_ref (replacement);
  return memory;
}

/**
 * rill_session_get_memory_for_usage:
 * @session: a session
 * @usage: what the memory is for
 * @error: return location for an error
 *
 * Gets the session's memory for a usage, instead of one for certain property flags.
 *
 * There is one for each usage, shared by all who ask while any of them holds it. Its page size is
 * %RILL_MEMORY_DEFAULT_PAGE_SIZE. Data that the host writes in sequence belong into UPLOAD; DOWNLOAD is
 * cached, for what the host reads back.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for an unknown usage, and those of
 * [method@Session.create_memory].
 *
 * Returns: (transfer full): the memory
 */
RillMemory *
rill_session_get_memory_for_usage (RillSession      *session,
                                   RillMemoryUsage   usage,
                                   GError          **error)
{
  g_autoptr (RillMemory) made = NULL;
  RillMemory *memory;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);

  if ((guint) usage > RILL_MEMORY_USAGE_DOWNLOAD)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "There is no memory usage %d", (int) usage);
      return NULL;
    }
  if (!rill_session_check_open (session, error))
    return NULL;
  memory = get_usage_memory (session, usage, NULL);
  if (memory != NULL)
    return memory;
  made = create_memory_for_usage (session, usage, error);
  return made != NULL ? get_usage_memory (session, usage, made) : NULL;
}
