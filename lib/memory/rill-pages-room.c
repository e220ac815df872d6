/* SPDX-License-Identifier: MIT */

/* Where memory has run out: the empty pages of others, and pages that are on their way to the driver. */

#include "memory/rill-pages-room-private.h"

#include "core/rill-error-private.h"

/* (element-type RillPages) of every session; few, so a search is no loss. */
static GMutex enlisted_lock;
static GCond enlisted_released;
static GQueue enlisted = G_QUEUE_INIT;

/* Pages that are on their way to the driver: a thread whose allocation fails meanwhile waits for them,
 * instead of finding neither the pages nor the room. */
static GMutex released_lock;
static GCond released;
static GQueue leaving = G_QUEUE_INIT; /* their departures, in order */
static gsize last_departure;
static gint n_released; /* (atomic) ever */

void
rill_pages_begin_release (RillPage *page)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&released_lock);

  page->departure = ++last_departure;
  g_queue_push_tail (&leaving, GSIZE_TO_POINTER (page->departure));
}

void
rill_pages_release_page (RillPage *page)
{
  RillContext *context = rill_context_ref (page->context);
  gsize departure = page->departure;

  rill_page_free (page);
  g_mutex_lock (&released_lock);
  g_queue_remove (&leaving, GSIZE_TO_POINTER (departure));
  g_atomic_int_inc (&n_released);
  g_cond_broadcast (&released);
  g_mutex_unlock (&released_lock);
  rill_context_unref (context); /* may end the device: nobody waits for that */
}

static void
wait_for_released (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&released_lock);
  gsize last = last_departure;

  while (leaving.length > 0 && GPOINTER_TO_SIZE (g_queue_peek_head (&leaving)) <= last)
    g_cond_wait (&released, &released_lock);
}

gint
rill_pages_get_n_released (void)
{
  return g_atomic_int_get (&n_released);
}

gboolean
rill_pages_is_out_of_memory (const GError *error)
{
  return g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY)
         || g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY)
         || g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_TOO_MANY_OBJECTS);
}

static guint
get_heap (RillContext *context,
          guint        type_index)
{
  return context->memory.memoryTypes[type_index].heapIndex;
}

static void
release_enlisted (gpointer data)
{
  RillPages *self = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&enlisted_lock);

  if (--self->n_holders == 0)
    g_cond_broadcast (&enlisted_released);
}

/* What is in the result stays enlisted, and so alive: its owner may be about to go. (To reference the owner
 * would call the bindings, which have locks of their own.) */
static GPtrArray *
hold_enlisted (RillContext *context,
              guint        heap,
              gboolean     any_heap)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&enlisted_lock);
  GPtrArray *found = g_ptr_array_new_with_free_func (release_enlisted);

  for (GList *l = enlisted.head; l != NULL; l = l->next)
    {
      RillPages *pages = l->data;
      if (pages->context != context || (!any_heap && get_heap (context, pages->type_index) != heap))
        continue;
      pages->n_holders++;
      g_ptr_array_add (found, pages);
    }
  return found;
}

/* A page of one heap leaves room in no other, but every allocation counts, and takes memory of the
 * host's. */
gboolean
rill_pages_make_room (RillContext  *context,
                      guint         type_index,
                      const GError *error,
                      gint          n_before)
{
  gboolean any_heap =
    !g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY);
  g_autoptr (GPtrArray) found = NULL;

  rill_context_try_collect (context);
  found = hold_enlisted (context, get_heap (context, type_index), any_heap);
  for (guint i = 0; i < found->len; i++)
    rill_pages_trim (g_ptr_array_index (found, i));
  wait_for_released ();
  return g_atomic_int_get (&n_released) != n_before;
}

static char *
describe_heap (RillContext *context,
               guint        heap)
{
  RillHeapState state = rill_context_query_heap (context, heap);
  g_autofree char *size_text = rill_format_size (context->memory.memoryHeaps[heap].size);
  g_autofree char *budget_text = rill_format_size (state.budget);
  g_autofree char *usage_text = rill_format_size (state.usage);

  return g_strdup_printf ("heap %u: size %s, budget %s, usage %s", heap, size_text, budget_text,
                          usage_text);
}

void
rill_pages_add_heap (RillContext *context,
                     guint        type_index,
                     GError      *error)
{
  g_autofree char *heap = describe_heap (context, get_heap (context, type_index));
  char *message = g_strdup_printf ("%s; %s", error->message, heap);

  g_free (error->message);
  error->message = message;
}

RillPage *
rill_pages_allocate_page (RillContext  *context,
                          guint         type_index,
                          guint64       size,
                          GError      **error)
{
  gint n_before = rill_pages_get_n_released ();
  GError *local_error = NULL;
  RillPage *page =
    rill_page_new (context, type_index, size, RILL_PAGE_DEFAULT_PRIORITY, VK_NULL_HANDLE,
                   VK_NULL_HANDLE, &local_error);

  if (rill_pages_is_out_of_memory (local_error)
      && rill_pages_make_room (context, type_index, local_error, n_before))
    {
      g_clear_error (&local_error);
      page = rill_page_new (context, type_index, size, RILL_PAGE_DEFAULT_PRIORITY, VK_NULL_HANDLE,
                            VK_NULL_HANDLE, &local_error);
    }
  if (page == NULL)
    {
      if (rill_pages_is_out_of_memory (local_error))
        rill_pages_add_heap (context, type_index, local_error);
      g_propagate_error (error, local_error);
    }
  return page;
}

void
rill_pages_enlist (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&enlisted_lock);

  self->link.data = self;
  g_queue_push_tail_link (&enlisted, &self->link);
}

void
rill_pages_delist (RillPages *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&enlisted_lock);

  if (self->link.data == NULL)
    return;
  while (self->n_holders > 0)
    g_cond_wait (&enlisted_released, &enlisted_lock);
  g_queue_unlink (&enlisted, &self->link);
  self->link.data = NULL;
}
