/* SPDX-License-Identifier: MIT */

/* How much a memory may take, and how its pages are made; set before there are any. */

#include "memory/rill-pages-private.h"

#include "core/rill-error-private.h"

/* Of errors that have yet to be told as Vulkan's: the device has room. */
static GQuark
get_limit_quark (void)
{
  return g_quark_from_static_string ("rill-size-limit");
}

static guint64
get_room_locked (RillPages *self)
{
  guint64 taken = self->reserved_size + self->making_size;

  if (self->size_limit == 0)
    return G_MAXUINT64;
  return self->size_limit - MIN (taken, self->size_limit);
}

gboolean
rill_pages_must_wait_locked (RillPages *self,
                             guint64    least)
{
  return self->making_size > 0 && least > get_room_locked (self);
}

guint64
rill_pages_begin_page_locked (RillPages  *self,
                              guint64     least,
                              guint64     most,
                              GError    **error)
{
  guint64 size = MIN (most, get_room_locked (self));
  g_autofree char *asked = NULL;
  g_autofree char *limit = NULL;
  g_autofree char *reserved = NULL;

  if (size >= least)
    {
      self->making_size += size;
      return size;
    }
  asked = rill_format_size (least);
  limit = rill_format_size (self->size_limit);
  reserved = rill_format_size (self->reserved_size + self->making_size);
  g_set_error (error, get_limit_quark (), 0,
               "A page of %s would take the memory over its size-limit of %s, of which %s are reserved",
               asked, limit, reserved);
  return 0;
}

void
rill_pages_end_page_locked (RillPages *self,
                            guint64    size)
{
  self->making_size -= size;
  g_cond_broadcast (&self->grown);
}

gboolean
rill_pages_is_over_limit (const GError *error)
{
  return error->domain == get_limit_quark ();
}

/* There is a page, or will be. */
static gboolean
check_no_page_locked (RillPages   *self,
                      const char  *what,
                      GError     **error)
{
  if (self->page_count == 0 && self->making_size == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               "Could not set the %s of a memory that has pages: it can be set when nothing lies in it, after "
               "rill_memory_trim()", what);
  return FALSE;
}

gboolean
rill_pages_set_size_limit (RillPages  *self,
                           guint64     size_limit,
                           GError    **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!check_no_page_locked (self, "size limit", error))
    return FALSE;
  self->size_limit = size_limit;
  return TRUE;
}

guint64
rill_pages_get_size_limit (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->size_limit;
}

gboolean
rill_pages_set_priority (RillPages  *self,
                         float       priority,
                         GError    **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!check_no_page_locked (self, "priority", error))
    return FALSE;
  self->priority = priority;
  return TRUE;
}

float
rill_pages_get_priority (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->priority;
}
