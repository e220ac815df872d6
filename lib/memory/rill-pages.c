/* SPDX-License-Identifier: MIT */
#include "memory/rill-pages-private.h"

#include "core/rill-error-private.h"
#include "memory/rill-memory-choice-private.h"

#define MAX_PAGES_IN_ERROR 8

static void
add_page_locked (RillPages *self,
                 RillPage   *page)
{
  guint index = self->lowest_free;

  while (index < self->pages->len && g_ptr_array_index (self->pages, index) != NULL)
    index++;
  if (index == self->pages->len)
    g_ptr_array_add (self->pages, page);
  else
    g_ptr_array_index (self->pages, index) = page;
  page->index = index;
  self->lowest_free = index + 1;
  self->page_count++;
  self->reserved_size += page->size;
  if (!page->own)
    {
      rill_suballocator_add_block (self->suballocator, index, page->size);
      self->n_empty++;
    }
  self->added (self->owner, index, page->size);
}

static void
remove_page_locked (RillPages *self,
                    RillPage   *page)
{
  if (!page->own)
    {
      rill_suballocator_remove_block (self->suballocator, page->index);
      self->n_empty--;
    }
  g_ptr_array_index (self->pages, page->index) = NULL;
  self->lowest_free = MIN (self->lowest_free, page->index);
  self->page_count--;
  self->reserved_size -= page->size;
  self->removed (self->owner, page->index);
}

/* Pages that were taken out of the memory are released without the lock. */
static void
release_pages (GPtrArray *removed)
{
  for (guint i = 0; i < removed->len; i++)
    rill_page_free (g_ptr_array_index (removed, i));
  g_ptr_array_unref (removed);
}

static GPtrArray *
take_empty_pages_locked (RillPages *self)
{
  GPtrArray *removed = g_ptr_array_new ();

  for (guint i = 0; i < self->pages->len && self->n_empty > 0; i++)
    {
      RillPage *page = g_ptr_array_index (self->pages, i);
      if (page == NULL || page->own || page->n_objects > 0)
        continue;
      remove_page_locked (self, page);
      g_ptr_array_add (removed, page);
    }
  return removed;
}

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The memory is closed");
  return FALSE;
}

static guint64
round_up (guint64 value,
          guint64 step)
{
  return (value + step - 1) / step * step;
}

/* Images that take whole multiples of the granularity at both ends share no part of one with a
 * neighbour; so it is kept against both, at no cost in the search. */
static gboolean
adjust_requirements (RillPages                    *self,
                     const RillAllocationRequest  *request,
                     guint64                      *size,
                     guint64                      *alignment,
                     GError                      **error)
{
  const VkPhysicalDeviceLimits *limits = &self->context->properties.limits;
  guint64 step = 1;

  *alignment = MAX (1, request->requirements.alignment);
  if (self->mappable && !self->coherent)
    step = MAX (step, limits->nonCoherentAtomSize);
  if (request->optimal_image)
    step = MAX (step, limits->bufferImageGranularity);
  *alignment = MAX (*alignment, step);
  if (request->requirements.size > G_MAXINT64 - step)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Could not create %s: it needs %" G_GUINT64_FORMAT " bytes", request->what,
                   (guint64) request->requirements.size);
      return FALSE;
    }
  *size = round_up (request->requirements.size, step);
  return TRUE;
}

static char *
describe (const RillAllocationRequest *request)
{
  g_autofree char *size = rill_format_size (request->requirements.size);

  return g_strdup_printf ("%s (%s)", request->what, size);
}

static gboolean
check_type (RillPages                    *self,
            const RillAllocationRequest  *request,
            GError                      **error)
{
  g_autofree char *types = NULL;
  g_autofree char *flags = NULL;
  g_autofree char *what = NULL;

  if (request->requirements.memoryTypeBits & (1u << self->type_index))
    return TRUE;
  types = rill_memory_types_to_string (self->context, request->requirements.memoryTypeBits);
  flags = rill_memory_flags_to_string (
    (RillMemoryPropertyFlags) self->context->memory.memoryTypes[self->type_index].propertyFlags);
  what = describe (request);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create %s in memory of type [%s]: the device allows it in %s", what, flags, types);
  return FALSE;
}

static void
append_page_locked (RillPages *self,
                    RillPage  *page,
                    GString   *text)
{
  RillBlockStatistics block = { .used = page->size };
  g_autofree char *size = rill_format_size (page->size);
  g_autofree char *free = NULL;
  g_autofree char *largest = NULL;

  if (!page->own)
    rill_suballocator_calculate_block_statistics (self->suballocator, page->index, &block);
  free = rill_format_size (block.free);
  largest = rill_format_size (block.largest_free);
  g_string_append_printf (text, "%s %u: %s, %s free, largest range %s", text->len > 0 ? ";" : "", page->index, size,
                          free, largest);
}

/* For an error: the state of every page, of many only the first. */
static char *
describe_pages (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < self->pages->len && n < MAX_PAGES_IN_ERROR; i++)
    if (g_ptr_array_index (self->pages, i) != NULL)
      {
        append_page_locked (self, g_ptr_array_index (self->pages, i), text);
        n++;
      }
  if (n == 0)
    g_string_append (text, " none");
  else if (n < self->page_count)
    g_string_append_printf (text, "; and %u more", self->page_count - n);
  return g_string_free (text, FALSE);
}

/* Vulkan leaves a size over that of the heap undefined instead of refusing it. */
static gboolean
check_heap (RillPages                    *self,
            const RillAllocationRequest  *request,
            guint64                       size,
            GError                      **error)
{
  const VkPhysicalDeviceMemoryProperties *memory = &self->context->memory;
  guint heap_index = memory->memoryTypes[self->type_index].heapIndex;
  g_autofree char *what = NULL;
  g_autofree char *heap = NULL;

  if (size <= memory->memoryHeaps[heap_index].size)
    return TRUE;
  what = describe (request);
  heap = rill_format_size (memory->memoryHeaps[heap_index].size);
  g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
               "Could not create %s: the whole heap %u has %s", what, heap_index, heap);
  return FALSE;
}

static RillPage *
make_page (RillPages                    *self,
           const RillAllocationRequest  *request,
           guint64                       size,
           gboolean                      own,
           GError                      **error)
{
  g_autofree char *limit = NULL;
  g_autofree char *what = NULL;
  GError *local_error = NULL;
  RillPage *page;

  if (!check_heap (self, request, size, error))
    return NULL;
  page = rill_page_new (self->context, self->type_index, size, own ? request->buffer : VK_NULL_HANDLE,
                        own ? request->image : VK_NULL_HANDLE, &local_error);
  if (page != NULL)
    {
      page->own = own;
      return page;
    }
  if (g_error_matches (local_error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY))
    {
      g_autofree char *pages = describe_pages (self);
      char *message = g_strdup_printf ("%s; pages of the memory:%s", local_error->message, pages);
      g_free (local_error->message);
      local_error->message = message;
    }
  limit = rill_format_size (self->context->max_allocation_size);
  what = describe (request);
  if (size > self->context->max_allocation_size)
    g_prefix_error (&local_error, "Could not create %s, over the device's limit of %s for one allocation: ",
                    what, limit);
  else
    g_prefix_error (&local_error, "Could not create %s: ", what);
  g_propagate_error (error, local_error);
  return NULL;
}

static gboolean
allocate_own (RillPages                    *self,
              const RillAllocationRequest  *request,
              guint64                       size,
              RillAllocation               *allocation,
              GError                      **error)
{
  gboolean dedicated = request->dedicated_required || request->dedicated_preferred;
  RillAllocationRequest plain = *request;
  RillPage *page;

  if (!dedicated)
    {
      plain.buffer = VK_NULL_HANDLE;
      plain.image = VK_NULL_HANDLE;
    }
  page = make_page (self, &plain, dedicated ? request->requirements.size : size, TRUE, error);
  if (page == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  if (self->closed)
    {
      g_mutex_unlock (&self->lock);
      rill_page_free (page);
      return set_closed_error (error);
    }
  add_page_locked (self, page);
  page->n_objects = 1;
  self->own_used_size += page->size;
  *allocation = (RillAllocation) {
    .page = page,
    .range = { .block = page->index, .size = page->size },
  };
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Makes a page without the lock, or waits for a thread that is at it. */
static gboolean
grow_locked (RillPages                    *self,
             const RillAllocationRequest  *request,
             GError                      **error)
{
  RillPage *page;

  if (self->growing)
    {
      g_cond_wait (&self->grown, &self->lock);
      return TRUE;
    }
  self->growing = TRUE;
  g_mutex_unlock (&self->lock);
  page = make_page (self, request, self->page_size, FALSE, error);
  g_mutex_lock (&self->lock);
  self->growing = FALSE;
  g_cond_broadcast (&self->grown);
  if (page == NULL)
    return FALSE;
  if (self->closed)
    {
      g_mutex_unlock (&self->lock);
      rill_page_free (page);
      g_mutex_lock (&self->lock);
      return set_closed_error (error);
    }
  add_page_locked (self, page);
  return TRUE;
}

static gboolean
allocate_shared (RillPages                    *self,
                 const RillAllocationRequest  *request,
                 guint64                       size,
                 guint64                       alignment,
                 RillAllocation               *allocation,
                 GError                      **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RillPage *page;

  if (self->closed)
    return set_closed_error (error);
  while (!rill_suballocator_allocate (self->suballocator, size, alignment, &allocation->range))
    {
      if (!grow_locked (self, request, error))
        return FALSE;
      if (self->closed)
        return set_closed_error (error);
    }
  page = g_ptr_array_index (self->pages, allocation->range.block);
  if (page->n_objects++ == 0)
    self->n_empty--;
  allocation->page = page;
  return TRUE;
}

gboolean
rill_pages_allocate (RillPages                    *self,
                      const RillAllocationRequest  *request,
                      RillAllocation               *allocation,
                      GError                      **error)
{
  guint64 size, alignment;

  if (!check_type (self, request, error)
      || !adjust_requirements (self, request, &size, &alignment, error))
    return FALSE;
  if (size > self->page_size || request->dedicated_required
      || (request->dedicated_preferred && size > self->page_size / 2))
    return allocate_own (self, request, size, allocation, error);
  return allocate_shared (self, request, size, alignment, allocation, error);
}

void
rill_pages_release (RillPages      *self,
                     RillAllocation *allocation)
{
  RillPage *page = g_steal_pointer (&allocation->page);
  gboolean remove;

  g_mutex_lock (&self->lock);
  g_assert (page->n_objects > 0);
  page->n_objects--;
  if (page->own)
    {
      self->own_used_size -= page->size;
      remove = TRUE;
    }
  else
    {
      gboolean empty = rill_suballocator_release (self->suballocator, &allocation->range);
      g_assert (empty == (page->n_objects == 0));
      if (empty)
        self->n_empty++;
      remove = empty && (self->n_empty > 1 || self->closed);
    }
  if (remove)
    remove_page_locked (self, page);
  g_mutex_unlock (&self->lock);

  if (remove)
    rill_page_free (page);
}

static void
add_page_statistics_locked (RillPages            *self,
                            RillPage             *page,
                            RillMemoryStatistics *statistics)
{
  RillBlockStatistics block;

  statistics->page_count++;
  statistics->reserved_size += page->size;
  statistics->object_count += page->n_objects;
  if (page->own)
    {
      statistics->used_size += page->size;
      return;
    }
  rill_suballocator_calculate_block_statistics (self->suballocator, page->index, &block);
  statistics->used_size += block.used;
  statistics->free_size += block.free;
  statistics->free_range_count += block.n_free_ranges;
  statistics->largest_free_size = MAX (statistics->largest_free_size, block.largest_free);
}

void
rill_pages_calculate_statistics (RillPages            *self,
                                 RillMemoryStatistics *statistics)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->pages->len; i++)
    if (g_ptr_array_index (self->pages, i) != NULL)
      add_page_statistics_locked (self, g_ptr_array_index (self->pages, i), statistics);
}

void
rill_pages_trim (RillPages *self)
{
  GPtrArray *removed;

  g_mutex_lock (&self->lock);
  removed = take_empty_pages_locked (self);
  g_mutex_unlock (&self->lock);
  release_pages (removed);
}

gboolean
rill_pages_close (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean was_open = !self->closed;

  self->closed = TRUE;
  return was_open;
}

gboolean
rill_pages_is_closed (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->closed;
}

gboolean
rill_pages_is_live (RillPages *self,
                    guint      index)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return index < self->pages->len && g_ptr_array_index (self->pages, index) != NULL;
}

guint
rill_pages_get_count (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->page_count;
}

guint64
rill_pages_get_used_size (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return rill_suballocator_get_used (self->suballocator) + self->own_used_size;
}

guint64
rill_pages_get_reserved_size (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->reserved_size;
}

void
rill_pages_init (RillPages *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->grown);
  self->suballocator = rill_suballocator_new ();
  self->pages = g_ptr_array_new ();
}

void
rill_pages_clear (RillPages *self)
{
  g_assert (self->page_count == 0);
  g_ptr_array_unref (self->pages);
  rill_suballocator_free (self->suballocator);
  g_cond_clear (&self->grown);
  g_mutex_clear (&self->lock);
}
