/* SPDX-License-Identifier: MIT */
#include "resource/rill-resource-private.h"

/* Between looks at the cancellable while a thread waits for a mapping or for earlier transfers. */
#define WAIT_SLICE_US (10 * 1000)

/* @end: monotonic time in µs, -1: for ever. */
static void
wait_until_locked (RillResourceState *state,
                   gint64             end)
{
  state->n_waiting++;
  if (end < 0)
    g_cond_wait (&state->changed, &state->lock);
  else
    g_cond_wait_until (&state->changed, &state->lock, end);
  state->n_waiting--;
}

/* To wake nobody costs a system call too. */
void
rill_resource_wake_waiting_locked (RillResourceState *state)
{
  if (state->n_waiting > 0)
    g_cond_broadcast (&state->changed);
}

/* Set in the threads that run queued transfers. */
static GPrivate runs_queue;

void
rill_resource_run_queue_here (void)
{
  g_private_set (&runs_queue, GINT_TO_POINTER (TRUE));
}

gsize
rill_resource_take_ticket (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  g_queue_push_tail (&state->tickets, GSIZE_TO_POINTER (++state->last_ticket));
  g_atomic_int_inc (&state->queued);
  return state->last_ticket;
}

void
rill_resource_wait_ticket (gpointer resource,
                           gsize    ticket)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  while (GPOINTER_TO_SIZE (g_queue_peek_head (&state->tickets)) != ticket)
    wait_until_locked (state, -1);
}

void
rill_resource_give_ticket (gpointer resource,
                           gsize    ticket)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  g_queue_remove (&state->tickets, GSIZE_TO_POINTER (ticket));
  g_atomic_int_add (&state->queued, -1);
  rill_resource_wake_waiting_locked (state);
}

/* A slice of a wait for the condition. FALSE once it is cancelled or too late. */
static gboolean
wait_changed_locked (RillResourceState  *state,
                     gint64              deadline,
                     GCancellable       *cancellable,
                     GError            **error)
{
  gint64 now = g_get_monotonic_time ();

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (deadline >= 0 && now >= deadline)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "Earlier transfers did not end in the given time");
      return FALSE;
    }
  now += WAIT_SLICE_US;
  wait_until_locked (state, deadline >= 0 ? MIN (deadline, now) : now);
  return TRUE;
}

gboolean
rill_resource_wait_turn (gpointer       resource,
                         gint64         deadline,
                         GCancellable  *cancellable,
                         GError       **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gboolean good = TRUE;
  gsize last;

  if (g_atomic_int_get (&state->queued) == 0 || g_private_get (&runs_queue) != NULL)
    return TRUE;
  g_mutex_lock (&state->lock);
  last = state->last_ticket;
  while (good && state->tickets.length > 0
         && GPOINTER_TO_SIZE (g_queue_peek_head (&state->tickets)) <= last)
    good = wait_changed_locked (state, deadline, cancellable, error);
  g_mutex_unlock (&state->lock);
  return good;
}

gboolean
rill_resource_check_range (const char  *what,
                           guint64      limit,
                           guint64      offset,
                           gint64       size,
                           guint64     *actual,
                           GError     **error)
{
  if (size < -1)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: a size of %" G_GINT64_FORMAT " is neither a number of bytes nor -1 for the rest",
                 what, size);
  else if (offset > limit)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: offset %" G_GUINT64_FORMAT " is beyond the buffer's %" G_GUINT64_FORMAT " bytes",
                 what, offset, limit);
  else if (size != -1 && (guint64) size > limit - offset)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: %" G_GINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
                 " do not fit into the buffer's %" G_GUINT64_FORMAT " bytes",
                 what, size, offset, limit);
  else
    {
      *actual = size == -1 ? limit - offset : (guint64) size;
      return TRUE;
    }
  return FALSE;
}

static gboolean
overlaps (const RillHostAccess *access,
          guint64               offset,
          guint64               size)
{
  return size > 0 && access->size > 0 && offset < access->end && access->start < offset + size;
}

/* It is enough to widen what is registered: what comes is compared with that. */
static void
widen_to_atoms (RillResourceState *state,
                RillHostAccess    *access)
{
  const RillPage *page = state->allocation.page;
  guint64 atom = page->map != NULL && !page->coherent
                   ? page->context->properties.limits.nonCoherentAtomSize
                   : 1;

  access->start = access->offset / atom * atom;
  access->end = (access->offset + access->size + atom - 1) / atom * atom;
}

RillHostAccess *
rill_resource_find_conflict_locked (RillResourceState *state,
                                    guint64            offset,
                                    guint64            size,
                                    gboolean           write)
{
  for (RillHostAccess *access = state->host_accesses; access != NULL; access = access->next)
    if (!access->staged && (write || access->write) && overlaps (access, offset, size))
      return access;
  return NULL;
}

/* The same for another access. */
static RillHostAccess *
find_access_conflict_locked (RillResourceState    *state,
                             const RillHostAccess *access)
{
  for (RillHostAccess *other = state->host_accesses; other != NULL; other = other->next)
    if (!(other->staged && access->staged) && (other->write || access->write)
        && overlaps (other, access->offset, access->size))
      return other;
  return NULL;
}

void
rill_resource_set_busy_error (gpointer              resource,
                              const RillHostAccess *conflict,
                              GError              **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  guint64 end = MIN (conflict->end, state->size);
  g_autofree char *atoms = NULL;

  if (conflict->start < conflict->offset || end > conflict->offset + conflict->size)
    atoms = g_strdup_printf (" (%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                             " in whole atoms of its memory, which is not coherent)",
                             conflict->start, end - 1);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               "The buffer %s%s%sis mapped for %s: bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
               "%s, by a RillMapping that has been open for %.3f s",
               state->name != NULL ? "“" : "", state->name != NULL ? state->name : "",
               state->name != NULL ? "” " : "", conflict->write ? "writing" : "reading",
               conflict->offset, conflict->offset + conflict->size - 1, atoms != NULL ? atoms : "",
               (double) (g_get_monotonic_time () - conflict->since) / G_USEC_PER_SEC);
}

static gboolean
wait_for_mapping_locked (gpointer              resource,
                         const RillHostAccess *conflict,
                         gint64                deadline,
                         GCancellable         *cancellable,
                         GError              **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gint64 now = g_get_monotonic_time ();

  if (deadline == 0)
    {
      rill_resource_set_busy_error (resource, conflict, error);
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (deadline > 0 && now >= deadline)
    {
      g_autoptr (GError) busy = NULL;
      rill_resource_set_busy_error (resource, conflict, &busy);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Could not map in the given time: %s",
                   busy->message);
      return FALSE;
    }
  wait_until_locked (state, deadline > 0 ? MIN (deadline, now + WAIT_SLICE_US) : now + WAIT_SLICE_US);
  return TRUE;
}

static gboolean
register_access_locked (gpointer         resource,
                        RillHostAccess  *access,
                        gint64           deadline,
                        GCancellable    *cancellable,
                        GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillHostAccess *conflict;

  while (!state->closed)
    {
      conflict = find_access_conflict_locked (state, access);
      if (conflict == NULL && (access->staged || state->submitting == 0))
        break;
      if (conflict == NULL || !conflict->mapping)
        {
          if (!wait_changed_locked (state, deadline > 0 ? deadline : -1, cancellable, error))
            return FALSE;
        }
      else if (!wait_for_mapping_locked (resource, conflict, deadline, cancellable, error))
        return FALSE;
    }
  if (state->closed)
    return rill_resource_set_closed_error (resource, error);
  access->since = g_get_monotonic_time ();
  widen_to_atoms (state, access);
  access->next = state->host_accesses;
  state->host_accesses = access;
  state->pins++;
  state->n_pinned++;
  return TRUE;
}

/* In the resource. */
typedef struct
{
  guint64 offset;
  guint64 size;
} RillUnflushed;

static gboolean
flush_range (RillResourceState  *state,
             guint64             offset,
             guint64             size,
             GError            **error)
{
  return rill_page_flush (state->allocation.page, state->allocation.range.offset + offset, size, error);
}

void
rill_resource_flush_mapping (gpointer resource,
                             guint64  offset,
                             guint64  size)
{
  RillResourceState *state = rill_resource_get_state (resource);
  const RillUnflushed range = { offset, size };
  g_autoptr (GMutexLocker) locker = NULL;

  if (flush_range (state, offset, size, NULL))
    return;
  locker = g_mutex_locker_new (&state->lock);
  if (state->unflushed == NULL)
    state->unflushed = g_array_new (FALSE, FALSE, sizeof (RillUnflushed));
  g_array_append_val (state->unflushed, range);
}

gboolean
rill_resource_flush_locked (RillResourceState  *state,
                            GError            **error)
{
  while (state->unflushed != NULL && state->unflushed->len > 0)
    {
      const RillUnflushed *last = &g_array_index (state->unflushed, RillUnflushed, state->unflushed->len - 1);

      if (!flush_range (state, last->offset, last->size, error))
        return FALSE;
      g_array_set_size (state->unflushed, state->unflushed->len - 1);
    }
  return TRUE;
}

gboolean
rill_resource_begin_host_access (gpointer         resource,
                                 RillHostAccess  *access,
                                 gint64           deadline,
                                 GCancellable    *cancellable,
                                 GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillSyncPoint point = { { 0 } };
  gboolean registered, flushed;

  if (!rill_resource_check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  registered = register_access_locked (resource, access, deadline, cancellable, error);
  flushed = registered && rill_resource_flush_locked (state, error);
  rill_sync_get_dependencies (&state->sync, access->write, &point);
  g_mutex_unlock (&state->lock);
  if (!registered)
    return FALSE;

  if (flushed
      && rill_context_wait (rill_memory_get_context (state->memory), &point,
                            deadline > 0 ? deadline : -1, cancellable, error))
    return TRUE;
  rill_resource_end_host_access (resource, access);
  return FALSE;
}

gboolean
rill_resource_begin_staged_access (gpointer         resource,
                                   RillHostAccess  *access,
                                   GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = NULL;

  if (!rill_resource_check_initialized (resource, error))
    return FALSE;
  locker = g_mutex_locker_new (&state->lock);
  access->staged = TRUE;
  return register_access_locked (resource, access, 0, NULL, error);
}

void
rill_resource_end_host_access (gpointer        resource,
                               RillHostAccess *access)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillHostAccess **link = &state->host_accesses;

  g_mutex_lock (&state->lock);
  while (*link != access)
    link = &(*link)->next;
  *link = access->next;
  rill_resource_wake_waiting_locked (state);
  state->pins--;
  rill_resource_release_if_unused_and_unlock (state);
}

static gboolean
has_own_access_locked (RillResourceState *state)
{
  for (RillHostAccess *access = state->host_accesses; access != NULL; access = access->next)
    if (!access->mapping && !access->staged)
      return TRUE;
  return FALSE;
}

void
rill_resource_wait_host_access (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  if (has_own_access_locked (state))
    wait_until_locked (state, -1);
  g_mutex_unlock (&state->lock);
}
