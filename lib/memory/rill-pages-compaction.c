/* SPDX-License-Identifier: MIT */

/* What a compaction has to know of the pages. */

#include "memory/rill-pages-private.h"

/* Between looks at the cancellable while a thread waits for another one's compaction. */
#define WAIT_SLICE_US (10 * 1000)

gboolean
rill_pages_begin_compaction (RillPages     *self,
                             GCancellable  *cancellable,
                             GError       **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (self->compacting && !self->closed && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait_until (&self->grown, &self->lock, g_get_monotonic_time () + WAIT_SLICE_US);
  if (self->closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The memory is closed");
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (rill_ranges_get_strategy (self->ranges) != RILL_ALLOCATION_STRATEGY_GENERAL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "Only a memory of the strategy GENERAL can be compacted: the order of what lies in a "
                           "LINEAR one would be lost");
      return FALSE;
    }
  self->compacting = TRUE;
  return TRUE;
}

void
rill_pages_end_compaction (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->compacting = FALSE;
  g_cond_broadcast (&self->grown);
}

GArray *
rill_pages_list (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GArray *list = g_array_new (FALSE, FALSE, sizeof (RillPageInfo));

  for (guint i = 0; i < self->pages->len; i++)
    {
      RillPage *page = g_ptr_array_index (self->pages, i);
      RillPageInfo info = { .index = i };

      if (page == NULL || page->own)
        continue;
      info.size = page->size;
      info.n_objects = page->n_objects;
      info.used = rill_ranges_get_block_used (self->ranges, i);
      g_array_append_val (list, info);
    }
  return list;
}
