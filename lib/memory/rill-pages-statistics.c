/* SPDX-License-Identifier: MIT */

/* What is to be seen of the pages: for reports, not for decisions on a hot path. */

#include "memory/rill-pages-statistics-private.h"

void
rill_memory_statistics_add (RillMemoryStatistics       *self,
                            const RillMemoryStatistics *other)
{
  self->page_count += other->page_count;
  self->object_count += other->object_count;
  self->free_range_count += other->free_range_count;
  self->reserved_size += other->reserved_size;
  self->used_size += other->used_size;
  self->free_size += other->free_size;
  self->largest_free_size = MAX (self->largest_free_size, other->largest_free_size);
  self->fragmentation =
    self->free_size > 0 ? 1.0 - (double) self->largest_free_size / (double) self->free_size : 0.0;
}

static void
add_page_locked (RillPages            *self,
                 const RillPage       *page,
                 RillMemoryStatistics *statistics)
{
  RillMemoryStatistics of_page = {
    .page_count = 1,
    .object_count = page->n_objects,
    .reserved_size = page->size,
    .used_size = page->size,
  };

  if (!page->own)
    {
      RillBlockStatistics block;
      rill_ranges_calculate_block_statistics (self->ranges, page->index, &block);
      of_page.used_size = block.used;
      of_page.free_size = block.free;
      of_page.free_range_count = block.n_free_ranges;
      of_page.largest_free_size = block.largest_free;
    }
  rill_memory_statistics_add (statistics, &of_page);
}

void
rill_pages_calculate_statistics (RillPages            *self,
                                 RillMemoryStatistics *statistics)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->pages->len; i++)
    if (g_ptr_array_index (self->pages, i) != NULL)
      add_page_locked (self, g_ptr_array_index (self->pages, i), statistics);
}

static RillPage *
get_page_locked (RillPages *self,
                 guint      index)
{
  return index < self->pages->len ? g_ptr_array_index (self->pages, index) : NULL;
}

static RillPage *
find_page_locked (RillPages *self,
                  guint      index,
                  guint64    serial)
{
  RillPage *page = get_page_locked (self, index);

  return page != NULL && page->serial == serial ? page : NULL;
}

gboolean
rill_pages_calculate_page_statistics (RillPages            *self,
                                      guint                 index,
                                      RillMemoryStatistics *statistics)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RillPage *page = get_page_locked (self, index);

  if (page == NULL)
    return FALSE;
  add_page_locked (self, page, statistics);
  return TRUE;
}

gboolean
rill_pages_query_page (RillPages     *self,
                       guint          index,
                       guint64        serial,
                       RillPageState *state)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RillPage *page = find_page_locked (self, index, serial);

  if (page == NULL)
    return FALSE;
  state->object_count = page->n_objects;
  state->used_size = page->own ? page->size : rill_ranges_get_block_used (self->ranges, index);
  return TRUE;
}

guint64
rill_pages_calculate_free_size (RillPages *self,
                                guint      index,
                                guint64    serial)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RillPage *page = find_page_locked (self, index, serial);
  RillMemoryStatistics statistics = { 0 };

  if (page != NULL)
    add_page_locked (self, page, &statistics);
  return statistics.free_size;
}

static void
add_range (guint32  block,
           guint64  offset,
           guint64  size,
           gboolean used,
           gpointer user_data)
{
  const RillRangeRecord range = { .offset = offset, .size = size, .used = used };

  g_array_append_val ((GArray *) user_data, range);
}

static void
record_page_locked (RillPages      *self,
                    const RillPage *page,
                    GArray         *pages,
                    GArray         *ranges)
{
  RillPageRecord record = {
    .index = page->index,
    .serial = page->serial,
    .size = page->size,
    .own = page->own,
  };

  if (ranges != NULL)
    {
      guint n_before = ranges->len;
      if (page->own)
        add_range (page->index, 0, page->size, TRUE, ranges);
      else
        rill_ranges_walk (self->ranges, page->index, add_range, ranges);
      record.n_ranges = ranges->len - n_before;
      add_page_locked (self, page, &record.statistics);
    }
  g_array_append_val (pages, record);
}

void
rill_pages_record_locked (RillPages *self,
                          GArray    *pages,
                          GArray    *ranges)
{
  for (guint i = 0; i < self->pages->len; i++)
    if (g_ptr_array_index (self->pages, i) != NULL)
      record_page_locked (self, g_ptr_array_index (self->pages, i), pages, ranges);
}

void
rill_pages_record (RillPages *self,
                   GArray    *pages,
                   GArray    *ranges)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  rill_pages_record_locked (self, pages, ranges);
}
