/* SPDX-License-Identifier: MIT */
#include "memory/rill-page-list-private.h"

#include "memory/rill-memory-page-private.h"
#include "memory/rill-memory-private.h"

static GWeakRef *
weak_new (gpointer object)
{
  GWeakRef *weak = g_new (GWeakRef, 1);

  g_weak_ref_init (weak, object);
  return weak;
}

static void
weak_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* From a position on, which goes to where the page is or would be. */
static RillMemoryPage *
find_item (GListModel           *model,
           guint                *position,
           const RillPageRecord *record)
{
  RillMemoryPage *page;

  while ((page = g_list_model_get_item (model, *position)) != NULL)
    {
      gboolean passed = rill_memory_page_get_index (page) >= record->index;
      if (rill_memory_page_is (page, record))
        return page;
      g_object_unref (page);
      if (passed)
        return NULL;
      (*position)++;
    }
  return NULL;
}

/* (element-type RillMemoryPage): those of @store where they are still there, new ones where they are not. */
static GPtrArray *
make_items (GListStore *store,
            RillMemory *memory,
            GArray     *records)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);
  GListModel *model = G_LIST_MODEL (store);
  guint position = 0;

  for (guint i = 0; i < records->len; i++)
    {
      const RillPageRecord *record = &g_array_index (records, RillPageRecord, i);
      RillMemoryPage *page = find_item (model, &position, record);

      g_ptr_array_add (items, page != NULL ? page : rill_memory_page_new (memory, record));
    }
  return items;
}

static gboolean
is_item (GListModel *model,
         guint       position,
         gpointer    item)
{
  g_autoptr (GObject) there = g_list_model_get_item (model, position);

  return there == item;
}

static GPtrArray *
find_removed (GListModel *model,
              guint       first,
              guint       end,
              GPtrArray  *items)
{
  g_autoptr (GHashTable) kept = g_hash_table_new (NULL, NULL);
  GPtrArray *removed = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < items->len; i++)
    g_hash_table_add (kept, g_ptr_array_index (items, i));
  for (guint i = first; i < end; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (model, i);
      if (!g_hash_table_contains (kept, item))
        g_ptr_array_add (removed, g_steal_pointer (&item));
    }
  return removed;
}

/* In one step, because handlers of the list may come here again. */
static void
replace_items (GListStore *store,
               GPtrArray  *items)
{
  GListModel *model = G_LIST_MODEL (store);
  guint n_old = g_list_model_get_n_items (model);
  guint n_new = items->len;
  guint first = 0;
  g_autoptr (GPtrArray) removed = NULL;

  while (first < n_old && first < n_new && is_item (model, first, g_ptr_array_index (items, first)))
    first++;
  while (n_old > first && n_new > first && is_item (model, n_old - 1, g_ptr_array_index (items, n_new - 1)))
    {
      n_old--;
      n_new--;
    }
  if (n_old == first && n_new == first)
    return;
  removed = find_removed (model, first, n_old, items);
  g_list_store_splice (store, first, n_old - first, items->pdata + first, n_new - first);
  for (guint i = 0; i < removed->len; i++)
    rill_memory_page_notify_live (g_ptr_array_index (removed, i));
}

/* In the main context. */
static void
update_cb (gpointer object,
           gpointer data)
{
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (RillPageRecord));
  g_autoptr (RillMemory) memory = g_weak_ref_get (data);
  g_autoptr (GPtrArray) items = NULL;

  if (memory != NULL)
    {
      RillPages *pages = rill_memory_peek_pages (memory);
      g_mutex_lock (&pages->lock);
      pages->list_pending = FALSE;
      rill_pages_record_locked (pages, records, NULL);
      g_mutex_unlock (&pages->lock);
    }
  items = make_items (object, memory, records);
  replace_items (object, items);
}

void
rill_page_list_update_locked (RillMemory *memory)
{
  RillPages *pages = rill_memory_peek_pages (memory);

  if (pages->list == NULL || pages->list_pending)
    return;
  pages->list_pending = TRUE;
  rill_emitter_run (rill_memory_get_context (memory)->emitter, pages->list, update_cb, weak_new (memory),
                    weak_free);
}

/* Nobody knows the list yet, so it may be filled in any thread. */
static GListStore *
make_list_locked (RillMemory *memory,
                  RillPages  *pages)
{
  GListStore *store = g_list_store_new (RILL_TYPE_MEMORY_PAGE);
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (RillPageRecord));
  g_autoptr (GPtrArray) items = NULL;

  rill_pages_record_locked (pages, records, NULL);
  items = make_items (store, memory, records);
  replace_items (store, items);
  return store;
}

/**
 * rill_memory_get_pages: (get-property pages)
 * @self: a memory
 *
 * Gets the live pages.
 *
 * The list, a [class@Gio.ListStore], is in the order of the pages' indices. It changes in the session's
 * main context, soon after the pages do, and is to be used there. It is empty once the memory was closed and
 * nothing holds its pages any more.
 *
 * Returns: (transfer none): a list of [class@MemoryPage]
 */
GListModel *
rill_memory_get_pages (RillMemory *self)
{
  RillPages *pages;
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (self), NULL);

  pages = rill_memory_peek_pages (self);
  locker = g_mutex_locker_new (&pages->lock);
  if (pages->list == NULL)
    pages->list = make_list_locked (self, pages);
  return G_LIST_MODEL (pages->list);
}
