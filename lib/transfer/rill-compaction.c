/* SPDX-License-Identifier: MIT */
#include "transfer/rill-compaction.h"

#include "core/rill-error-private.h"
#include "resource/rill-relocation-private.h"
#include "transfer/rill-engine-private.h"
#include "transfer/rill-packing-private.h"
#include "transfer/rill-submission-private.h"

/* Of resources that move by one submission. */
#define BATCH_COUNT 64

/* An object that fits nowhere else is tried in so many of the pages that are filled anew. */
#define MAX_TRIES 64

/* Each wins a page. */
#define MAX_PACKINGS 16

/*
 * Pages are emptied one after another, the sparsest first, as long as one page less can hold what there is.
 * What is in one goes, large objects first, to the fullest of those pages that could hold all, and where these
 * have no room to a new page, which is filled without gaps. If the gaps of the full ones are too small for
 * what is left, they are emptied in their turn, again the sparsest first. So an object moves
 * once, seldom twice, and the memory takes no more than one or two pages more meanwhile.
 *
 * Where the objects are large, gaps are left in which none of them fits. Then the objects of some pages are
 * packed anew into one page less, if it is known before that they will fit.
 */

/* A buffer or image that lies in a page, and may have gone. */
typedef struct
{
  RillChildRef ref;
  guint64 size;
} Object;

/* A page that the memory had in the beginning, or one that was added. */
typedef struct
{
  guint index;
  guint64 size;
  guint64 used;
  guint64 room;       /* no free range is larger, as far as is known */
  guint n_objects;
  guint n_movable;
  gboolean stays;
  GArray *objects;    /* (owned) (nullable) (element-type Object) also those that have come */
} Page;

typedef struct
{
  RillMemory *memory;
  RillContext *context;      /* (owned) */
  RillPages *pages;
  GCancellable *cancellable;
  RillEngine *engine;        /* (owned) (nullable) where it runs in the session's transfer thread */
  GHashTable *by_index;      /* (element-type guint Page) of the sources */
  GArray *sources;           /* (element-type Page) small and sparse ones first, at last those that stay */
  GPtrArray *targets;        /* (element-type Page) the same, the last first */
  guint n_targets;           /* so many of them could hold all that there is; 0: only added ones are used */
  GPtrArray *added;          /* (owned) (element-type Page) */
  GArray *batch;             /* (element-type RillRelocation) */
  GPtrArray *held;           /* (element-type RillChild) one for each of those */
  RillSyncPoint last;        /* of the device's copies */
  gboolean grows;            /* pages may be added */
} Compaction;

static void
page_clear (gpointer data)
{
  Page *page = data;

  g_clear_pointer (&page->objects, g_array_unref);
}

/* In the order in which they are emptied: smaller ones first, as they hold less of what others could. */
static int
compare_use (gconstpointer a,
             gconstpointer b)
{
  const Page *x = a;
  const Page *y = b;

  if (x->stays != y->stays)
    return x->stays ? 1 : -1;
  if (x->size != y->size)
    return x->size < y->size ? -1 : 1;
  if (x->used != y->used)
    return x->used < y->used ? -1 : 1;
  return x->index > y->index ? -1 : 1;
}

static int
compare_size (gconstpointer a,
              gconstpointer b)
{
  const Object *x = a;
  const Object *y = b;

  return x->size == y->size ? 0 : x->size > y->size ? -1 : 1;
}

/* Under the lock of the memory's children. */
static void
add_object (RillChild *child,
            gpointer   data)
{
  Compaction *self = data;
  RillResourceState *state = rill_resource_get_state (child->object);
  Object object = { .ref = rill_child_get_ref (child) };
  Page *page = NULL;

  g_mutex_lock (&state->lock);
  object.size = state->allocation.range.size;
  if (state->allocation.page != NULL && !state->allocation.page->own)
    page = g_hash_table_lookup (self->by_index, GUINT_TO_POINTER (state->allocation.range.block));
  g_mutex_unlock (&state->lock);
  if (page == NULL)
    return;
  page->n_movable += rill_relocation_is_movable (child->object);
  g_array_append_val (page->objects, object);
}

/* Sorts the objects into the pages that they lie in. */
static void
find_objects (Compaction *self)
{
  g_hash_table_remove_all (self->by_index);
  for (guint i = 0; i < self->sources->len; i++)
    {
      Page *page = &g_array_index (self->sources, Page, i);
      page->objects = g_array_new (FALSE, FALSE, sizeof (Object));
      g_hash_table_insert (self->by_index, GUINT_TO_POINTER (page->index), page);
    }
  rill_memory_foreach_child (self->memory, add_object, self);
  g_hash_table_remove_all (self->by_index); /* they are sorted now, and lie elsewhere */
}

static void
find_pages (Compaction *self)
{
  g_autoptr (GArray) list = rill_pages_list (self->pages);
  guint64 used = 0, size = 0;

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
      page->stays = page->n_movable != page->n_objects; /* with one object that stays, so does the page */
    }
  g_array_sort (self->sources, compare_use);
  for (guint i = self->sources->len; i > 0; i--)
    {
      Page *page = &g_array_index (self->sources, Page, i - 1);

      g_ptr_array_add (self->targets, page);
      used += page->used;
    }
  for (self->n_targets = 0; size < used; self->n_targets++)
    size += ((Page *) self->targets->pdata[self->n_targets])->size;
}

/* Before the pages are looked at anew. */
static void
forget_pages (Compaction *self)
{
  g_ptr_array_set_size (self->targets, 0);
  g_ptr_array_set_size (self->added, 0);
  g_array_set_size (self->sources, 0);
}

static void
compaction_init (Compaction   *self,
                 RillMemory   *memory,
                 RillContext  *context,
                 RillEngine   *engine,
                 GCancellable *cancellable)
{
  *self = (Compaction) {
    .memory = memory,
    .context = context,
    .pages = rill_memory_peek_pages (memory),
    .engine = engine,
    .cancellable = cancellable,
    .by_index = g_hash_table_new (NULL, NULL),
    .held = g_ptr_array_new (),
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
  g_ptr_array_unref (self->held);
  g_hash_table_unref (self->by_index);
  g_clear_pointer (&self->engine, rill_engine_unref);
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
  guint64 free = 0, least = G_MAXUINT64;
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const RillPageInfo *info = &g_array_index (list, RillPageInfo, i);

      if (info->used == 0)
        continue;
      free += info->size - info->used;
      least = MIN (least, info->size);
      n++;
    }
  return n > 1 && free >= least;
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
               guint           first,
               guint           n,
               RillSubmission *submission)
{
  for (guint i = first; i < first + n; i++)
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
    {
      rill_relocation_clear (&g_array_index (self->batch, RillRelocation, i), &self->last);
      rill_memory_unhold_child (self->memory, self->held->pdata[i]);
    }
  g_array_set_size (self->batch, 0);
  g_ptr_array_set_size (self->held, 0);
}

/* So many of the batch, by one submission. */
static gboolean
submit (Compaction  *self,
        guint        first,
        guint        n,
        GError     **error)
{
  g_autofree RillUse *uses = g_new0 (RillUse, n);
  RillSubmission submission;
  RillSyncPoint point;
  gboolean submitted;

  for (guint i = 0; i < n; i++)
    {
      uses[i].resource = g_array_index (self->batch, RillRelocation, first + i).resource;
      uses[i].size = rill_resource_get_size (uses[i].resource);
      uses[i].write = TRUE;
    }
  if (!rill_submission_begin (&submission, self->context, self->context->compute_queue, uses, n,
                              error))
    return FALSE;
  record_copies (self, first, n, &submission);
  submitted = rill_submission_submit (&submission, VK_NULL_HANDLE, &point, error);
  if (submitted)
    {
      rill_sync_point_merge (&self->last, &point);
      for (guint i = first; i < first + n; i++)
        rill_relocation_exchange (&g_array_index (self->batch, RillRelocation, i));
    }
  rill_submission_finish (&submission);
  return submitted;
}

/* What has been mapped or closed meanwhile refuses a submission. */
static gboolean
is_refused (Compaction   *self,
            const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY)
         || (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
             && !rill_memory_get_closed (self->memory));
}

/* One that is refused refuses the whole batch: then each is submitted by itself. */
static void
submit_batch (Compaction  *self,
              GError     **error)
{
  GError *local_error = NULL;

  submit (self, 0, self->batch->len, &local_error);
  for (guint i = 0; i < self->batch->len && self->batch->len > 1 && is_refused (self, local_error); i++)
    {
      GError *own_error = NULL;

      if (submit (self, i, 1, &own_error) || is_refused (self, own_error))
        {
          g_clear_error (&own_error);
          continue;
        }
      g_clear_error (&local_error);
      local_error = own_error;
    }
  if (local_error != NULL && !is_refused (self, local_error))
    g_propagate_error (error, g_steal_pointer (&local_error));
  g_clear_error (&local_error);
}

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
      rill_resource_emit_relocated (g_array_index (self->batch, RillRelocation, i).resource);
  clear_batch (self);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

/* A page to fill anew; without one the others must do. */
static Page *
add_target (Compaction *self)
{
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (guint));
  Page *page;
  guint index;

  for (guint i = 0; i < self->added->len; i++)
    g_array_append_val (others, ((Page *) self->added->pdata[i])->index);
  if (!self->grows || !rill_pages_ensure_empty (self->pages, others, &index, NULL))
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
            const Object    *object,
            gpointer         resource,
            RillRelocation  *relocation,
            GError         **error)
{
  RillRelocationResult result;

  if (target->room < object->size)
    return RILL_RELOCATION_NO_ROOM;
  result = rill_relocation_begin (relocation, resource, target->index, error);
  if (result == RILL_RELOCATION_NO_ROOM)
    target->room = MIN (object->size - 1, relocation->largest);
  if (result == RILL_RELOCATION_READY && target->objects != NULL)
    g_array_append_val (target->objects, *object);
  return result;
}

/* @n_after: how many pages come after the source. */
static RillRelocationResult
find_place (Compaction      *self,
            const Object    *object,
            gpointer         resource,
            guint            n_after,
            RillRelocation  *relocation,
            GError         **error)
{
  RillRelocationResult result = RILL_RELOCATION_NO_ROOM;
  guint first = self->added->len > MAX_TRIES ? self->added->len - MAX_TRIES : 0;
  Page *page;

  for (guint i = 0; i < MIN (n_after, self->n_targets) && result == RILL_RELOCATION_NO_ROOM; i++)
    result = try_target (self->targets->pdata[i], object, resource, relocation, error);
  for (guint i = first; i < self->added->len && result == RILL_RELOCATION_NO_ROOM; i++)
    result = try_target (self->added->pdata[i], object, resource, relocation, error);
  if (result != RILL_RELOCATION_NO_ROOM)
    return result;
  page = add_target (self);
  return page != NULL ? try_target (page, object, resource, relocation, error) : result;
}

/* Into the batch; one that has gone is as good as moved. */
static RillRelocationResult
begin_move (Compaction    *self,
            const Object  *object,
            guint          n_after,
            GError       **error)
{
  RillChild *child = rill_memory_hold_child (self->memory, &object->ref);
  RillRelocation relocation;
  RillRelocationResult result;

  if (child == NULL)
    return RILL_RELOCATION_READY;
  result = find_place (self, object, child->object, n_after, &relocation, error);
  if (result != RILL_RELOCATION_READY)
    {
      rill_memory_unhold_child (self->memory, child);
      return result;
    }
  g_array_append_val (self->batch, relocation);
  g_ptr_array_add (self->held, child);
  return result;
}

/* Between two batches. */
static gboolean
check_state (Compaction  *self,
             GError     **error)
{
  if (self->engine != NULL && rill_engine_is_stopping (self->engine))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed");
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error)
         && rill_memory_check_open (self->memory, error);
}

/* FALSE with an error. That an object stays is none. */
static gboolean
empty_page (Compaction  *self,
            Page        *page,
            guint        n_after,
            GError     **error)
{
  RillRelocationResult result = RILL_RELOCATION_READY;

  g_array_sort (page->objects, compare_size);
  for (guint i = 0; i < page->objects->len && result == RILL_RELOCATION_READY; i++)
    {
      const Object object = g_array_index (page->objects, Object, i);

      result = begin_move (self, &object, n_after, error);
      if (self->batch->len == BATCH_COUNT && (!flush_batch (self, error) || !check_state (self, error)))
        return FALSE;
    }
  g_array_set_size (page->objects, 0);
  if (result == RILL_RELOCATION_FAILED)
    {
      flush_batch (self, NULL);
      return FALSE;
    }
  return flush_batch (self, error)
         && rill_context_wait (self->context, &self->last, -1, self->cancellable, error);
}

/* Empties pages until there is nothing to be won by it. */
static gboolean
empty_pages (Compaction  *self,
             GError     **error)
{
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
  return TRUE;
}

static void
add_items (Compaction *self,
           const Page *page,
           GArray     *items)
{
  for (guint i = 0; i < page->objects->len; i++)
    {
      const Object *object = &g_array_index (page->objects, Object, i);
      RillChild *child = rill_memory_hold_child (self->memory, &object->ref);
      RillPackingItem item = { .object = (gpointer) object, .size = object->size };

      if (child == NULL)
        continue;
      item.alignment = rill_relocation_get_alignment (child->object);
      item.alignment = MAX (item.alignment, rill_pages_get_step (self->pages, RILL_IS_IMAGE (child->object)));
      rill_memory_unhold_child (self->memory, child);
      g_array_append_val (items, item);
    }
}

/* The objects of the sparsest pages, which fit into one page less: @n_pages. */
static gboolean
find_packing (Compaction *self,
              GArray     *items,
              guint      *n_pages)
{
  guint64 page_size = rill_memory_get_page_size (self->memory);
  guint next = 2;

  for (guint n = 0; n < self->sources->len; n++)
    {
      const Page *page = &g_array_index (self->sources, Page, n);
      gboolean last = n + 1 == self->sources->len || (page + 1)->stays;

      if (page->stays)
        break;
      add_items (self, page, items);
      if (n + 1 < next && !last)
        continue;
      *n_pages = n;
      if (n > 0 && rill_packing_fits (items, page_size, n))
        return TRUE;
      next = n + 2 + n / 4;
    }
  return FALSE;
}

/* Sets *packed when there was something to pack, and it had room. */
static gboolean
pack_pages (Compaction  *self,
            gboolean    *packed,
            GError     **error)
{
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (RillPackingItem));
  Page all = { .objects = NULL };
  gboolean good = TRUE;
  guint n_pages;

  *packed = FALSE;
  forget_pages (self);
  find_pages (self);
  self->n_targets = 0;
  if (!find_packing (self, items, &n_pages))
    return TRUE;
  while (self->added->len < n_pages)
    if (add_target (self) == NULL)
      return TRUE;

  self->grows = FALSE;
  all.objects = g_array_new (FALSE, FALSE, sizeof (Object));
  for (guint i = 0; i < items->len; i++)
    g_array_append_vals (all.objects, g_array_index (items, RillPackingItem, i).object, 1);
  good = empty_page (self, &all, 0, error);
  page_clear (&all);
  self->grows = TRUE;
  rill_context_collect (self->context);
  *packed = good;
  return good;
}

static gboolean
compaction_run (Compaction  *self,
                GError     **error)
{
  gboolean packed = TRUE;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  /* What was closed before is to go, and the copies will come after all that was submitted. */
  rill_context_get_last (self->context, &self->last);
  if (!rill_context_wait (self->context, &self->last, -1, self->cancellable, error))
    return FALSE;
  rill_context_collect (self->context);
  if (!is_worth_while (self))
    return TRUE;
  if (!empty_pages (self, error))
    return FALSE;
  for (guint i = 0; i < MAX_PACKINGS && packed && self->grows && is_worth_while (self); i++)
    if (!check_state (self, error) || !pack_pages (self, &packed, error))
      return FALSE;
  return rill_memory_check_open (self->memory, error);
}

static gboolean
compact (RillMemory    *memory,
         gboolean       in_engine,
         GCancellable  *cancellable,
         GError       **error)
{
  RillContext *context = rill_memory_ref_context (memory, error);
  RillPages *pages = rill_memory_peek_pages (memory);
  RillEngine *engine = NULL;
  Compaction compaction;
  gboolean good;

  if (context == NULL)
    return FALSE;
  if (!rill_pages_begin_compaction (pages, cancellable, error))
    {
      rill_context_unref (context);
      return FALSE;
    }
  if (in_engine)
    engine = rill_engine_ref (context, NULL);
  compaction_init (&compaction, memory, context, engine, cancellable);
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

  return compact (self, FALSE, cancellable, error);
}

static void
run_task (GTask *task)
{
  GError *error = NULL;

  if (compact (g_task_get_source_object (task), TRUE, g_task_get_cancellable (task), &error))
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
