/* SPDX-License-Identifier: MIT */
#include "transfer/rill-compaction.h"

#include "core/rill-error-private.h"
#include "resource/rill-relocation-private.h"
#include "transfer/rill-engine-private.h"
#include "transfer/rill-submission-private.h"

/* Of resources that move by one submission. */
#define BATCH_COUNT 64

/* An object that fits nowhere else is tried in so many of the pages that are filled anew. */
#define MAX_TRIES 64

/*
 * Pages are emptied one after another, the sparsest first, as long as one page less can hold what there is.
 * What is in one goes, large objects first, to the fullest of those pages that could hold all, and where these
 * have no room to a new page, which is filled without gaps. If the gaps of the full ones are too small for
 * what is left, they are emptied in their turn, again the sparsest first. So an object moves
 * once, seldom twice, and the memory takes no more than one or two pages more meanwhile.
 */

/* A page that the memory had in the beginning, or one that was added. */
typedef struct
{
  guint index;
  guint64 size;
  guint64 used;
  guint64 room;       /* no free range is larger, as far as is known */
  guint n_objects;
  gboolean stays;
  GPtrArray *objects; /* (owned) (nullable) (element-type RillResource) unowned; also those that have come */
} Page;

typedef struct
{
  RillMemory *memory;
  RillContext *context;      /* (owned) */
  RillPages *pages;
  GCancellable *cancellable;
  GPtrArray *held;           /* (owned) (nullable) (element-type RillChild) what lies in the memory, held */
  GArray *sources;           /* (element-type Page) the sparsest first, at last those that stay */
  GPtrArray *targets;        /* (element-type Page) the same, the last first */
  guint n_targets;           /* so many of them could hold all that there is */
  GPtrArray *added;          /* (owned) (element-type Page) */
  GArray *batch;             /* (element-type RillRelocation) */
  RillSyncPoint last;        /* of the device's copies */
  gboolean grows;            /* pages may be added */
} Compaction;

static void
page_clear (gpointer data)
{
  Page *page = data;

  g_clear_pointer (&page->objects, g_ptr_array_unref);
}

/* In the order in which they are emptied. */
static int
compare_use (gconstpointer a,
             gconstpointer b)
{
  const Page *x = a;
  const Page *y = b;

  if (x->stays != y->stays)
    return x->stays ? 1 : -1;
  if (x->used != y->used)
    return x->used < y->used ? -1 : 1;
  return x->index > y->index ? -1 : 1;
}

static guint64
get_used (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  return state->allocation.range.size;
}

static int
compare_size (gconstpointer a,
              gconstpointer b)
{
  guint64 x = get_used (*(gpointer const *) a);
  guint64 y = get_used (*(gpointer const *) b);

  return x == y ? 0 : x > y ? -1 : 1;
}

/* Sorts the objects into the pages that they lie in. */
static void
find_objects (Compaction *self)
{
  g_autoptr (GHashTable) by_index = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->sources->len; i++)
    {
      Page *page = &g_array_index (self->sources, Page, i);
      page->objects = g_ptr_array_new ();
      g_hash_table_insert (by_index, GUINT_TO_POINTER (page->index), page);
    }
  self->held = rill_memory_hold_children (self->memory);
  for (guint i = 0; i < self->held->len; i++)
    {
      GObject *object = ((RillChild *) self->held->pdata[i])->object;
      RillResourceState *state = rill_resource_get_state (object);
      Page *page = NULL;

      g_mutex_lock (&state->lock);
      if (state->allocation.page != NULL && !state->allocation.page->own)
        page = g_hash_table_lookup (by_index, GUINT_TO_POINTER (state->allocation.range.block));
      g_mutex_unlock (&state->lock);
      if (page != NULL)
        g_ptr_array_add (page->objects, object);
    }
}

/* With one object that stays, so does the page. */
static gboolean
stays (const Page *page)
{
  if (page->objects->len != page->n_objects)
    return TRUE;
  for (guint i = 0; i < page->objects->len; i++)
    if (!rill_relocation_is_movable (page->objects->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
find_pages (Compaction *self)
{
  g_autoptr (GArray) list = rill_pages_list (self->pages);
  guint64 page_size = rill_memory_get_page_size (self->memory);
  guint64 used = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const RillPageInfo *info = &g_array_index (list, RillPageInfo, i);
      Page page = {
        .index = info->index,
        .size = info->size,
        .used = info->used,
        .room = info->size,
        .n_objects = info->n_objects,
      };

      if (info->used > 0)
        g_array_append_val (self->sources, page);
    }
  find_objects (self);
  for (guint i = 0; i < self->sources->len; i++)
    {
      Page *page = &g_array_index (self->sources, Page, i);
      page->stays = stays (page);
    }
  g_array_sort (self->sources, compare_use);
  for (guint i = self->sources->len; i > 0; i--)
    {
      Page *page = &g_array_index (self->sources, Page, i - 1);

      g_ptr_array_add (self->targets, page);
      used += page->used;
    }
  self->n_targets = (guint) ((used + page_size - 1) / page_size);
}

static void
compaction_init (Compaction   *self,
                 RillMemory   *memory,
                 RillContext  *context,
                 GCancellable *cancellable)
{
  *self = (Compaction) {
    .memory = memory,
    .context = context,
    .pages = rill_memory_peek_pages (memory),
    .cancellable = cancellable,
    .sources = g_array_new (FALSE, FALSE, sizeof (Page)),
    .targets = g_ptr_array_new (),
    .added = g_ptr_array_new_with_free_func (g_free),
    .batch = g_array_new (FALSE, FALSE, sizeof (RillRelocation)),
    .grows = TRUE,
  };
  g_array_set_clear_func (self->sources, page_clear);
}

static void
compaction_clear (Compaction *self)
{
  g_assert (self->batch->len == 0);
  for (guint i = 0; self->held != NULL && i < self->held->len; i++)
    rill_memory_unhold_child (self->memory, self->held->pdata[i]);
  g_clear_pointer (&self->held, g_ptr_array_unref);
  g_array_unref (self->batch);
  g_ptr_array_unref (self->targets);
  g_ptr_array_unref (self->added);
  g_array_unref (self->sources);
  rill_context_unref (self->context);
}

/* Whether a page less can hold what there is: pages are emptied as long as it can. */
static gboolean
is_worth_while (Compaction *self)
{
  g_autoptr (GArray) list = rill_pages_list (self->pages);
  guint64 free = 0;
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const RillPageInfo *info = &g_array_index (list, RillPageInfo, i);

      free += info->used > 0 ? info->size - info->used : 0;
      n += info->used > 0;
    }
  return n > 1 && free >= rill_memory_get_page_size (self->memory);
}

static void
record_copy (const RillRelocation *relocation,
             VkCommandBuffer       command)
{
  const VkBufferCopy region = { .size = rill_resource_get_size (relocation->resource) };

  vkCmdCopyBuffer (command, rill_buffer_get_handle (relocation->resource),
                   (VkBuffer) (guintptr) relocation->twin.handle, 1, &region);
}

/* An image that was never used has no content; the submission takes also that one to its final layout. */
static void
record_image_copy (const RillRelocation *relocation,
                   VkImageLayout         final_layout,
                   VkCommandBuffer       command)
{
  const VkImageSubresourceLayers layers = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 };
  RillImage *image = relocation->resource;
  VkImage twin = (VkImage) (guintptr) relocation->twin.handle;
  const VkImageCopy region = {
    .srcSubresource = layers,
    .dstSubresource = layers,
    .extent = { rill_image_get_width (image), rill_image_get_height (image),
                rill_image_get_depth (image) },
  };

  rill_command_change_layout (command, twin, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
  vkCmdCopyImage (command, rill_image_get_handle (image), VK_IMAGE_LAYOUT_GENERAL, twin,
                  VK_IMAGE_LAYOUT_GENERAL, 1, &region);
  rill_command_change_layout (command, twin, VK_IMAGE_LAYOUT_GENERAL, final_layout);
}

/* The submit lock is held: layouts stay. */
static void
record_copies (Compaction     *self,
               RillSubmission *submission)
{
  for (guint i = 0; i < self->batch->len; i++)
    {
      const RillRelocation *relocation = &g_array_index (self->batch, RillRelocation, i);
      VkImageLayout layout;

      if (RILL_IS_BUFFER (relocation->resource))
        {
          record_copy (relocation, submission->command);
          continue;
        }
      layout = rill_image_get_vk_layout_locked (relocation->resource);
      record_image_copy (relocation,
                         layout != VK_IMAGE_LAYOUT_UNDEFINED ? layout : VK_IMAGE_LAYOUT_GENERAL,
                         submission->command);
    }
}

static void
clear_batch (Compaction *self)
{
  for (guint i = 0; i < self->batch->len; i++)
    rill_relocation_clear (&g_array_index (self->batch, RillRelocation, i), &self->last);
  g_array_set_size (self->batch, 0);
}

static gboolean
submit_batch (Compaction  *self,
              GError     **error)
{
  g_autofree RillUse *uses = g_new0 (RillUse, self->batch->len);
  RillSubmission submission;
  RillSyncPoint point;
  gboolean submitted;

  for (guint i = 0; i < self->batch->len; i++)
    {
      uses[i].resource = g_array_index (self->batch, RillRelocation, i).resource;
      uses[i].size = rill_resource_get_size (uses[i].resource);
      uses[i].write = TRUE;
    }
  if (!rill_submission_begin (&submission, self->context, self->context->compute_queue, uses,
                              self->batch->len, error))
    return FALSE;
  record_copies (self, &submission);
  submitted = rill_submission_submit (&submission, VK_NULL_HANDLE, &point, error);
  if (submitted)
    {
      rill_sync_point_merge (&self->last, &point);
      for (guint i = 0; i < self->batch->len; i++)
        rill_relocation_exchange (&g_array_index (self->batch, RillRelocation, i));
    }
  rill_submission_finish (&submission);
  return submitted;
}

/* The signal takes a weak reference, for which one must have a strong one. */
static void
emit_relocated (gpointer resource)
{
  g_object_ref (resource);
  rill_resource_emit_relocated (resource);
  g_object_unref (resource);
}

/* What has been mapped or closed meanwhile refuses the whole batch: nothing of it moves. */
static gboolean
flush_batch (Compaction  *self,
             GError     **error)
{
  GError *local_error = NULL;

  if (self->batch->len == 0)
    return TRUE;
  submit_batch (self, &local_error);
  for (guint i = 0; i < self->batch->len; i++)
    if (g_array_index (self->batch, RillRelocation, i).exchanged)
      emit_relocated (g_array_index (self->batch, RillRelocation, i).resource);
  clear_batch (self);
  if (local_error == NULL)
    return TRUE;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_BUSY)
      || (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CLOSED)
          && !rill_memory_get_closed (self->memory)))
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

/* A page to fill anew; without one the others must do. */
static Page *
add_target (Compaction *self)
{
  Page *page;
  guint index;

  if (!self->grows || !rill_pages_ensure_empty (self->pages, &index, NULL))
    {
      self->grows = FALSE;
      return NULL;
    }
  page = g_new0 (Page, 1);
  page->index = index;
  page->size = page->room = rill_memory_get_page_size (self->memory);
  g_ptr_array_add (self->added, page);
  return page;
}

static RillRelocationResult
try_target (Page            *target,
            gpointer         resource,
            guint64          size,
            RillRelocation  *relocation,
            GError         **error)
{
  RillRelocationResult result;

  if (target->room < size)
    return RILL_RELOCATION_NO_ROOM;
  result = rill_relocation_begin (relocation, resource, target->index, error);
  if (result == RILL_RELOCATION_NO_ROOM)
    target->room = size - 1;
  if (result == RILL_RELOCATION_READY && target->objects != NULL)
    g_ptr_array_add (target->objects, resource);
  return result;
}

/* @n_after: how many pages come after the source. */
static RillRelocationResult
find_place (Compaction      *self,
            gpointer         resource,
            guint            n_after,
            RillRelocation  *relocation,
            GError         **error)
{
  guint64 size = get_used (resource);
  RillRelocationResult result = RILL_RELOCATION_NO_ROOM;
  guint first = self->added->len > MAX_TRIES ? self->added->len - MAX_TRIES : 0;
  Page *page;

  for (guint i = 0; i < MIN (n_after, self->n_targets) && result == RILL_RELOCATION_NO_ROOM; i++)
    result = try_target (self->targets->pdata[i], resource, size, relocation, error);
  for (guint i = first; i < self->added->len && result == RILL_RELOCATION_NO_ROOM; i++)
    result = try_target (self->added->pdata[i], resource, size, relocation, error);
  if (result != RILL_RELOCATION_NO_ROOM)
    return result;
  page = add_target (self);
  return page != NULL ? try_target (page, resource, size, relocation, error) : result;
}

/* FALSE with an error, or when the page cannot be emptied. */
static gboolean
empty_page (Compaction  *self,
            Page        *page,
            guint        n_after,
            GError     **error)
{
  gboolean all = TRUE;

  g_ptr_array_sort (page->objects, compare_size);
  for (guint i = 0; i < page->objects->len && all; i++)
    {
      RillRelocation relocation;
      RillRelocationResult result = find_place (self, page->objects->pdata[i], n_after, &relocation, error);

      if (result == RILL_RELOCATION_FAILED)
        {
          flush_batch (self, NULL);
          return FALSE;
        }
      all = result == RILL_RELOCATION_READY;
      if (all)
        g_array_append_val (self->batch, relocation);
      if (self->batch->len == BATCH_COUNT && !flush_batch (self, error))
        return FALSE;
    }
  g_ptr_array_set_size (page->objects, 0);
  return flush_batch (self, error)
         && rill_context_wait (self->context, &self->last, -1, self->cancellable, error);
}

/* Between two pages. */
static gboolean
check_state (Compaction  *self,
             GError     **error)
{
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error)
         && rill_memory_check_open (self->memory, error);
}

static gboolean
compaction_run (Compaction  *self,
                GError     **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  /* What was closed before is to go, and the copies will come after all that was submitted. */
  rill_context_get_last (self->context, &self->last);
  if (!rill_context_wait (self->context, &self->last, -1, self->cancellable, error))
    return FALSE;
  rill_context_collect (self->context);
  if (!is_worth_while (self))
    return TRUE;
  find_pages (self);
  for (guint i = 0; i < self->sources->len; i++)
    {
      Page *page = &g_array_index (self->sources, Page, i);

      if (!check_state (self, error))
        return FALSE;
      if (page->stays || (i == self->sources->len - 1 && self->added->len == 0))
        break;
      if (!empty_page (self, page, self->sources->len - 1 - i, error))
        return FALSE;
      rill_context_collect (self->context);
      if (!is_worth_while (self))
        break;
    }
  return rill_memory_check_open (self->memory, error);
}

static gboolean
compact (RillMemory    *memory,
         GCancellable  *cancellable,
         GError       **error)
{
  RillContext *context = rill_memory_ref_context (memory, error);
  RillPages *pages = rill_memory_peek_pages (memory);
  Compaction compaction;
  gboolean good;

  if (context == NULL)
    return FALSE;
  if (!rill_pages_begin_compaction (pages, cancellable, error))
    {
      rill_context_unref (context);
      return FALSE;
    }
  compaction_init (&compaction, memory, context, cancellable);
  good = compaction_run (&compaction, error);
  rill_context_collect (context);
  rill_pages_trim (pages);
  rill_pages_end_compaction (pages);
  compaction_clear (&compaction);
  return good;
}

/**
 * rill_memory_compact:
 * @self: a memory
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Moves buffers and images together, so that they take as few pages as possible, and releases the rest.
 *
 * Sparse pages are emptied: what lies in them is copied, on the device, to free ranges of other pages. The
 * objects stay as they are, with their content, their views and their place in compute nodes; only the
 * Vulkan handle and the [property@Resource:allocation-info] behind them change, which
 * [signal@Resource::relocated] tells. Work that was submitted before is respected, and what comes later is
 * ordered after the copies.
 *
 * Where it is stays what somebody needs there: an object that is mapped or has a live view of a mapping;
 * one that a transfer uses just now; one that a [class@CommandBuffer] has recorded; one whose handle the
 * program has been given by `rill-vulkan.h`; a transient image; and what has a page of its own. The pages
 * of these stay too, and take up others.
 *
 * Blocks the calling thread until the copies are done. Meanwhile the memory takes about one page more; where there
 * is none to be had, it does without. After a cancellation or an error, what has moved has moved, and
 * nothing is lost.
 *
 * Where another thread compacts the memory, it waits for that first. The signals arrive in the session's
 * main context, so after a call from there not before it is iterated again.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for a memory of the strategy LINEAR, where the order counts;
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; any of [error@VulkanError].
 *
 * Returns: %TRUE if the memory is as compact as it can be
 */
gboolean
rill_memory_compact (RillMemory    *self,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return compact (self, cancellable, error);
}

static void
run_task (GTask *task)
{
  GError *error = NULL;

  if (compact (g_task_get_source_object (task), g_task_get_cancellable (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * rill_memory_compact_async:
 * @self: a memory
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the memory is compact
 * @user_data: data for @callback
 *
 * Compacts the memory without blocking, as [method@Memory.compact] does.
 *
 * It runs after the asynchronous transfers of the session that were called before, and those that are called
 * later run after it.
 */
void
rill_memory_compact_async (RillMemory          *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (RILL_IS_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_memory_compact_async);
  context = rill_memory_ref_context (self, &error);
  if (context != NULL)
    rill_engine_queue_task_with (context, task, NULL, 0, run_task, NULL);
  else
    g_task_return_error (task, error);
}

/**
 * rill_memory_compact_finish:
 * @self: a memory
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Memory.compact_async].
 *
 * Errors are those of [method@Memory.compact].
 *
 * Returns: %TRUE if the memory is as compact as it can be
 */
gboolean
rill_memory_compact_finish (RillMemory    *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
