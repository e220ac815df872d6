/* SPDX-License-Identifier: MIT */

/* To be preloaded under ThreadSanitizer, which does not see what GLib does with its containers: here
 * each function says whether it reads or writes the one that it is given, so that using one without
 * its lock is found. Only calls of instrumented code count. */

#include "interposed.h"

#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

static gpointer
get_tag (void)
{
  static gpointer tag;
  gpointer known = __atomic_load_n (&tag, __ATOMIC_RELAXED);

  if (known == NULL)
    {
      known = __tsan_external_register_tag ("GLib container");
      __atomic_store_n (&tag, known, __ATOMIC_RELAXED);
    }
  return known;
}

#define MARKED(access, type, name, parameters, container, arguments) \
  INTERPOSED (name); \
  type name parameters \
  { \
    __tsan_external_##access (container, __builtin_return_address (0), get_tag ()); \
    return NEXT (name) arguments; \
  }

#define READS(type, name, parameters, container, arguments) \
  MARKED (read, type, name, parameters, container, arguments)
#define WRITES(type, name, parameters, container, arguments) \
  MARKED (write, type, name, parameters, container, arguments)

/* clang-format off */

READS (gboolean, g_queue_is_empty, (GQueue *queue), queue, (queue))
READS (gpointer, g_queue_peek_head, (GQueue *queue), queue, (queue))
READS (gpointer, g_queue_peek_tail, (GQueue *queue), queue, (queue))
WRITES (void, g_queue_push_head, (GQueue *queue, gpointer data), queue, (queue, data))
WRITES (void, g_queue_push_tail, (GQueue *queue, gpointer data), queue, (queue, data))
WRITES (void, g_queue_push_head_link, (GQueue *queue, GList *link), queue, (queue, link))
WRITES (void, g_queue_push_tail_link, (GQueue *queue, GList *link), queue, (queue, link))
WRITES (gpointer, g_queue_pop_head, (GQueue *queue), queue, (queue))
WRITES (gpointer, g_queue_pop_tail, (GQueue *queue), queue, (queue))
WRITES (gboolean, g_queue_remove, (GQueue *queue, gconstpointer data), queue, (queue, data))
WRITES (void, g_queue_unlink, (GQueue *queue, GList *link), queue, (queue, link))
WRITES (void, g_queue_delete_link, (GQueue *queue, GList *link), queue, (queue, link))
WRITES (void, g_queue_clear_full, (GQueue *queue, GDestroyNotify func), queue, (queue, func))

READS (gboolean, g_ptr_array_find, (GPtrArray *array, gconstpointer data, guint *index), array,
       (array, data, index))
WRITES (void, g_ptr_array_add, (GPtrArray *array, gpointer data), array, (array, data))
WRITES (void, g_ptr_array_set_size, (GPtrArray *array, gint size), array, (array, size))
WRITES (gboolean, g_ptr_array_remove, (GPtrArray *array, gpointer data), array, (array, data))
WRITES (gboolean, g_ptr_array_remove_fast, (GPtrArray *array, gpointer data), array, (array, data))
WRITES (gpointer, g_ptr_array_remove_index, (GPtrArray *array, guint index), array,
        (array, index))
WRITES (gpointer, g_ptr_array_remove_index_fast, (GPtrArray *array, guint index), array,
        (array, index))

WRITES (GArray *, g_array_append_vals, (GArray *array, gconstpointer data, guint n), array,
        (array, data, n))
WRITES (GArray *, g_array_remove_index, (GArray *array, guint index), array, (array, index))
WRITES (GArray *, g_array_set_size, (GArray *array, guint size), array, (array, size))
WRITES (void, g_array_sort_with_data, (GArray *array, GCompareDataFunc func, gpointer data), array,
        (array, func, data))

READS (guint, g_hash_table_size, (GHashTable *table), table, (table))
READS (gpointer, g_hash_table_lookup, (GHashTable *table, gconstpointer key), table, (table, key))
READS (gboolean, g_hash_table_contains, (GHashTable *table, gconstpointer key), table,
       (table, key))
WRITES (gboolean, g_hash_table_add, (GHashTable *table, gpointer key), table, (table, key))
WRITES (gboolean, g_hash_table_insert, (GHashTable *table, gpointer key, gpointer value), table,
        (table, key, value))
WRITES (gboolean, g_hash_table_replace, (GHashTable *table, gpointer key, gpointer value), table,
        (table, key, value))
WRITES (gboolean, g_hash_table_remove, (GHashTable *table, gconstpointer key), table, (table, key))
WRITES (gboolean, g_hash_table_steal, (GHashTable *table, gconstpointer key), table, (table, key))
WRITES (void, g_hash_table_remove_all, (GHashTable *table), table, (table))

READS (guint, g_list_model_get_n_items, (GListModel *model), model, (model))
READS (gpointer, g_list_model_get_item, (GListModel *model, guint index), model, (model, index))
READS (gboolean, g_list_store_find, (GListStore *store, gpointer item, guint *index), store,
       (store, item, index))
WRITES (void, g_list_store_append, (GListStore *store, gpointer item), store, (store, item))
WRITES (void, g_list_store_remove, (GListStore *store, guint index), store, (store, index))
