/* SPDX-License-Identifier: MIT */
#include "memory/rill-pages-private.h"

#include "core/rill-error-private.h"
#include "memory/rill-memory-choice-private.h"
#include "memory/rill-pages-room-private.h"
#include "memory/rill-trace-private.h"

#define MAX_PAGES_IN_ERROR 8

/* Where there is no room for a page of page_size, a smaller one is made, but no smaller than this part. */
#define MAX_PAGE_PARTS 8

/* What was released may be taken by others, and behind the memory's own limit may be that of the heap. */
#define MAX_RETRIES 2

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
  page->serial = ++self->last_serial;
  self->lowest_free = index + 1;
  self->page_count++;
  self->reserved_size += page->size;
  if (!page->own)
    {
      rill_ranges_add_block (self->ranges, index, page->size);
      self->n_empty++;
      self->n_small += page->size < self->page_size;
    }
  self->added (self->owner, index, page->size);
}

static void
remove_page_locked (RillPages *self,
                    RillPage   *page)
{
  if (!page->own)
    {
      rill_ranges_remove_block (self->ranges, page->index);
      self->n_empty--;
      self->n_small -= page->size < self->page_size;
    }
  g_ptr_array_index (self->pages, page->index) = NULL;
  self->lowest_free = MIN (self->lowest_free, page->index);
  self->page_count--;
  self->reserved_size -= page->size;
  rill_pages_begin_release (page);
  self->removed (self->owner, page->index);
}

/* Pages that were taken out of the memory are released without the lock. */
static void
release_pages (GPtrArray *removed)
{
  for (guint i = 0; i < removed->len; i++)
    rill_pages_release_page (g_ptr_array_index (removed, i));
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

/* Vulkan's limits are powers of two. */
static guint64
round_up (guint64 value,
          guint64 step)
{
  return (value + step - 1) & ~(step - 1);
}

/* Images that take whole multiples of the granularity at both ends share no part of one with a
 * neighbour; so it is kept against both, at no cost in the search. */
guint64
rill_pages_get_step (RillPages *self,
                     gboolean   optimal_image)
{
  const VkPhysicalDeviceLimits *limits = &self->context->properties.limits;
  guint64 step = 1;

  if (self->mappable && !self->coherent)
    step = MAX (step, limits->nonCoherentAtomSize);
  if (optimal_image)
    step = MAX (step, limits->bufferImageGranularity);
  return step;
}

static gboolean
adjust_requirements (RillPages                    *self,
                     const RillAllocationRequest  *request,
                     guint64                      *size,
                     guint64                      *alignment,
                     GError                      **error)
{
  guint64 step = rill_pages_get_step (self, request->optimal_image);

  *alignment = MAX (step, request->requirements.alignment);
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
describe (const RillAllocationRequest *request,
          guint64                      size)
{
  g_autofree char *text = rill_format_size (size);

  return g_strdup_printf ("%s (%s)", request->what, text);
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
  what = describe (request, request->requirements.size);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create %s in memory of type [%s]: the device allows it in %s", what, flags, types);
  return FALSE;
}

static void
append_page_locked (RillPages *self,
                    RillPage  *page,
                    GString   *text)
{
  g_autofree char *size = rill_format_size (page->size);
  g_autofree char *free = NULL;
  g_autofree char *largest = NULL;
  RillBlockStatistics block;

  g_string_append_printf (text, "\npage %u: %s, ", page->index, size);
  if (page->own)
    {
      g_string_append (text, "for one object");
      return;
    }
  rill_ranges_calculate_block_statistics (self->ranges, page->index, &block);
  free = rill_format_size (block.free);
  largest = rill_format_size (block.largest_free);
  g_string_append_printf (text, "%s free, largest range %s", free, largest);
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
  if (n < self->page_count)
    g_string_append_printf (text, "\nand %u more", self->page_count - n);
  return g_string_free (text, FALSE);
}

/* What to know for whom memory has run out: in short on the first line, then page by page. */
static void
add_state (RillPages *self,
           GError    *error)
{
  RillMemoryStatistics statistics = { 0 };
  g_autofree char *pages = describe_pages (self);
  g_autofree char *largest = NULL;
  char *message;

  rill_pages_calculate_statistics (self, &statistics);
  largest = rill_format_size (statistics.largest_free_size);
  rill_pages_add_heap (self->context, self->type_index, error);
  message = g_strdup_printf ("%s; largest free range in this memory's pages: %s%s", error->message,
                             largest, pages);
  g_free (error->message);
  error->message = message;
}

/* @local_error is why there is no page. */
static gboolean
set_error (RillPages                    *self,
           const RillAllocationRequest  *request,
           guint64                       size,
           GError                       *local_error,
           GError                      **error)
{
  g_autofree char *what = describe (request, size);
  g_autofree char *limit = rill_format_size (self->context->max_allocation_size);

  if (rill_pages_is_out_of_memory (local_error))
    add_state (self, local_error);
  if (size > self->context->max_allocation_size)
    g_propagate_prefixed_error (
      error, local_error, "Could not create %s, over the device's limit of %s for one allocation: ",
      what, limit);
  else
    g_propagate_prefixed_error (error, local_error, "Could not create %s: ", what);
  return FALSE;
}

/* Vulkan leaves a size over that of the heap undefined instead of refusing it. */
static gboolean
check_heap (RillPages                    *self,
            const RillAllocationRequest  *request,
            guint64                       size,
            GError                      **error)
{
  guint heap_index = self->context->memory.memoryTypes[self->type_index].heapIndex;

  if (size <= self->context->memory.memoryHeaps[heap_index].size)
    return TRUE;
  return set_error (self, request, size,
                    g_error_new (RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                                 "It is larger than the whole heap %u", heap_index),
                    error);
}

static void
trace_range_locked (RillPages            *self,
                    const RillAllocation *allocation,
                    guint64               alignment)
{
  if (!self->traced)
    rill_trace_memory (self->trace, self->page_size,
                       rill_ranges_get_strategy (self->ranges) == RILL_ALLOCATION_STRATEGY_LINEAR ? "linear"
                                                                                                  : "general");
  self->traced = TRUE;
  rill_trace_allocate (self->trace, allocation->range.block, allocation->range.offset, allocation->range.size,
                       alignment);
}

/* It cannot fail: these are closed after the pages are. */
static void
add_child_locked (RillPages                    *self,
                  const RillAllocationRequest  *request)
{
  if (request->child != NULL
      && !rill_children_add_locked (&self->children, request->child, request->object, request->close))
    g_assert_not_reached ();
}

/* Without the lock, for a while. What is begun is ended. */
static RillPage *
make_page_locked (RillPages                    *self,
                  guint64                       size,
                  const RillAllocationRequest  *dedicated, /* (nullable) */
                  GError                      **error)
{
  RillPage *page;

  g_mutex_unlock (&self->lock);
  page = rill_page_new (self->context, self->type_index, size, self->priority,
                        dedicated != NULL ? dedicated->buffer : VK_NULL_HANDLE,
                        dedicated != NULL ? dedicated->image : VK_NULL_HANDLE, error);
  g_mutex_lock (&self->lock);
  rill_pages_end_page_locked (self, size);
  if (page == NULL || !self->closed)
    return page;

  g_mutex_unlock (&self->lock);
  rill_pages_release_page (page);
  g_mutex_lock (&self->lock);
  set_closed_error (error);
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
  guint64 page_size = dedicated ? request->requirements.size : size;
  RillPage *page = NULL;

  g_mutex_lock (&self->lock);
  while (rill_pages_must_wait_locked (self, page_size))
    g_cond_wait (&self->grown, &self->lock);
  if (rill_pages_begin_page_locked (self, page_size, page_size, error) > 0)
    page = make_page_locked (self, page_size, dedicated ? request : NULL, error);
  if (page == NULL)
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  page->own = TRUE;
  add_page_locked (self, page);
  page->n_objects = 1;
  self->own_used_size += page->size;
  *allocation = (RillAllocation) {
    .page = page,
    .range = { .block = page->index, .size = page->size },
  };
  if (G_UNLIKELY (self->trace != 0))
    trace_range_locked (self, allocation, 1);
  add_child_locked (self, request);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Makes a page without the lock, or waits for a thread that is at it. */
static gboolean
grow_locked (RillPages  *self,
             guint64     least,
             guint64     most,
             GError    **error)
{
  RillPage *page;
  guint64 size;

  if (self->growing || rill_pages_must_wait_locked (self, least))
    {
      g_cond_wait (&self->grown, &self->lock);
      return TRUE;
    }
  size = rill_pages_begin_page_locked (self, least, most, error);
  if (size == 0)
    return FALSE;
  self->growing = TRUE;
  page = make_page_locked (self, size, NULL, error);
  self->growing = FALSE;
  if (page != NULL)
    add_page_locked (self, page);
  return page != NULL;
}

static void
note_range_locked (RillPages      *self,
                   RillAllocation *allocation,
                   guint64         alignment)
{
  if (G_UNLIKELY (self->trace != 0))
    trace_range_locked (self, allocation, alignment);
  allocation->page = g_ptr_array_index (self->pages, allocation->range.block);
  if (allocation->page->n_objects++ == 0)
    self->n_empty--;
}

static gboolean
take_range_locked (RillPages      *self,
                   guint64         size,
                   guint64         alignment,
                   RillAllocation *allocation)
{
  if (!rill_ranges_allocate (self->ranges, size, alignment, &allocation->range))
    return FALSE;
  note_range_locked (self, allocation, alignment);
  return TRUE;
}

static gboolean
allocate_shared (RillPages                    *self,
                 const RillAllocationRequest  *request,
                 guint64                       size,
                 guint64                       alignment,
                 guint64                       page_size,
                 RillAllocation               *allocation,
                 GError                      **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->closed)
    return set_closed_error (error);
  while (!take_range_locked (self, size, alignment, allocation))
    {
      if (!grow_locked (self, size, page_size, error))
        return FALSE;
      if (self->closed)
        return set_closed_error (error);
    }
  add_child_locked (self, request);
  return TRUE;
}

static gboolean
try_allocate (RillPages                    *self,
              const RillAllocationRequest  *request,
              guint64                       size,
              guint64                       alignment,
              gboolean                      own,
              RillAllocation               *allocation,
              GError                      **error)
{
  return own ? allocate_own (self, request, size, allocation, error)
             : allocate_shared (self, request, size, alignment, self->page_size, allocation, error);
}

/* What was collected may have left room in a page that is there. */
static gboolean
take_range (RillPages                    *self,
            const RillAllocationRequest  *request,
            guint64                       size,
            guint64                       alignment,
            RillAllocation               *allocation)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->closed || !take_range_locked (self, size, alignment, allocation))
    return FALSE;
  add_child_locked (self, request);
  return TRUE;
}

static gboolean
needs_own_page (RillPages                    *self,
                const RillAllocationRequest  *request,
                guint64                       size)
{
  return size > self->page_size || request->dedicated_required
         || (request->dedicated_preferred && size > self->page_size / 2);
}

/* TRUE if it is worth another try. */
static gboolean
make_room_again (RillPages    *self,
                 const GError *error,
                 gint          n_before)
{
  if (rill_pages_is_over_limit (error))
    {
      rill_context_try_collect (self->context);
      rill_pages_trim (self);
      return TRUE;
    }
  return rill_pages_is_out_of_memory (error)
         && rill_pages_make_room (self->context, self->type_index, error, n_before);
}

static gboolean
try_until_no_room (RillPages                    *self,
                   const RillAllocationRequest  *request,
                   guint64                       size,
                   guint64                       alignment,
                   gboolean                      own,
                   RillAllocation               *allocation,
                   GError                      **error)
{
  GError *local_error = NULL;

  for (guint i = 0;; i++)
    {
      gint n_before = rill_pages_get_n_released ();

      g_clear_error (&local_error);
      if (try_allocate (self, request, size, alignment, own, allocation, &local_error))
        return TRUE;
      if (i == MAX_RETRIES || !make_room_again (self, local_error, n_before))
        break;
    }
  if (!own && rill_pages_is_out_of_memory (local_error)
      && take_range (self, request, size, alignment, allocation))
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

/* What is left of a heap may be less than a page. @error is why there is none, and then why there is no
 * smaller one. */
static gboolean
allocate_in_smaller (RillPages                    *self,
                     const RillAllocationRequest  *request,
                     guint64                       size,
                     guint64                       alignment,
                     RillAllocation               *allocation,
                     GError                      **error)
{
  guint64 least = MAX (size, self->page_size / MAX_PAGE_PARTS);
  guint64 page_size = self->page_size;

  while (page_size > least
         && g_error_matches (*error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY))
    {
      page_size = MAX (page_size / 2, least);
      g_clear_error (error);
      if (allocate_shared (self, request, size, alignment, page_size, allocation, error))
        return TRUE;
    }
  return FALSE;
}

/* For who has no interest in the difference to a full heap. */
static void
tell_limit (GError *error)
{
  if (error == NULL || !rill_pages_is_over_limit (error))
    return;
  error->domain = RILL_VULKAN_ERROR;
  error->code = RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY;
}

gboolean
rill_pages_allocate (RillPages                    *self,
                     const RillAllocationRequest  *request,
                     RillAllocation               *allocation,
                     GError                      **error)
{
  GError *local_error = NULL;
  guint64 size, alignment;
  gboolean own;

  if (!check_type (self, request, error)
      || !adjust_requirements (self, request, &size, &alignment, error)
      || !check_heap (self, request, size, error))
    return FALSE;
  own = needs_own_page (self, request, size);
  if (try_until_no_room (self, request, size, alignment, own, allocation, &local_error)
      || (!own && allocate_in_smaller (self, request, size, alignment, allocation, &local_error)))
    return TRUE;

  tell_limit (local_error);
  if (local_error->domain == RILL_VULKAN_ERROR)
    return set_error (self, request, size, local_error, error);
  g_propagate_error (error, local_error);
  return FALSE;
}

gboolean
rill_pages_allocate_in (RillPages                    *self,
                        guint                         index,
                        const RillAllocationRequest  *request,
                        RillAllocation               *allocation,
                        guint64                      *largest)
{
  g_autoptr (GMutexLocker) locker = NULL;
  guint64 size, alignment;
  RillPage *page;

  *largest = 0;
  if (!adjust_requirements (self, request, &size, &alignment, NULL)
      || needs_own_page (self, request, size))
    return FALSE;
  locker = g_mutex_locker_new (&self->lock);
  page = index < self->pages->len ? g_ptr_array_index (self->pages, index) : NULL;
  if (self->closed || page == NULL || page->own
      || !rill_ranges_allocate_in (self->ranges, index, size, alignment, &allocation->range, largest))
    return FALSE;
  note_range_locked (self, allocation, alignment);
  return TRUE;
}

static gboolean
is_among (GArray *indices,
          guint   index)
{
  for (guint i = 0; i < indices->len; i++)
    if (g_array_index (indices, guint, i) == index)
      return TRUE;
  return FALSE;
}

static gboolean
find_empty_locked (RillPages *self,
                   GArray    *others,
                   guint     *index)
{
  for (guint i = 0; i < self->pages->len && self->n_empty > 0; i++)
    {
      RillPage *page = g_ptr_array_index (self->pages, i);
      if (page == NULL || page->own || page->n_objects > 0 || page->size < self->page_size
          || is_among (others, i))
        continue;
      *index = i;
      return TRUE;
    }
  return FALSE;
}

gboolean
rill_pages_ensure_empty (RillPages  *self,
                         GArray     *others,
                         guint      *index,
                         GError    **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (!self->closed && !find_empty_locked (self, others, index))
    if (!grow_locked (self, self->page_size, self->page_size, error))
      {
        tell_limit (error != NULL ? *error : NULL);
        return FALSE;
      }
  return !self->closed || set_closed_error (error);
}

/* A page of page_size is good for more than a smaller one. */
static RillPage *
choose_empty_locked (RillPages *self,
                     RillPage  *page)
{
  for (guint i = 0; i < self->pages->len && page->size == self->page_size; i++)
    {
      RillPage *other = g_ptr_array_index (self->pages, i);
      if (other != NULL && !other->own && other->n_objects == 0 && other->size < page->size)
        page = other;
    }
  return page;
}

void
rill_pages_release (RillPages      *self,
                    RillAllocation *allocation,
                    RillChild      *child)
{
  RillPage *page = g_steal_pointer (&allocation->page);
  gboolean remove;

  g_mutex_lock (&self->lock);
  if (child != NULL)
    rill_children_remove_locked (&self->children, child);
  g_assert (page->n_objects > 0);
  page->n_objects--;
  if (G_UNLIKELY (self->trace != 0))
    rill_trace_release (self->trace, page->index, allocation->range.offset);
  if (page->own)
    {
      self->own_used_size -= page->size;
      remove = TRUE;
    }
  else
    {
      gboolean empty = rill_ranges_release (self->ranges, &allocation->range);
      g_assert (empty == (page->n_objects == 0));
      if (empty)
        self->n_empty++;
      remove = empty && (self->n_empty > 1 || self->closed);
      if (remove && self->n_small > 0 && !self->closed)
        page = choose_empty_locked (self, page);
    }
  if (remove)
    remove_page_locked (self, page);
  g_mutex_unlock (&self->lock);

  if (remove)
    rill_pages_release_page (page);
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

  g_atomic_int_set (&self->closed, TRUE);
  return was_open;
}

gboolean
rill_pages_is_closed (RillPages *self)
{
  return g_atomic_int_get (&self->closed);
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

  return rill_ranges_get_used (self->ranges) + self->own_used_size;
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
  rill_children_init (&self->children, &self->lock);
  self->ranges = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  self->pages = g_ptr_array_new ();
  self->trace = rill_trace_begin_memory ();
}

void
rill_pages_clear (RillPages *self)
{
  g_assert (self->page_count == 0);
  g_clear_object (&self->list);
  rill_children_clear (&self->children);
  g_ptr_array_unref (self->pages);
  rill_ranges_free (self->ranges);
  g_cond_clear (&self->grown);
  g_mutex_clear (&self->lock);
}
