/* SPDX-License-Identifier: MIT */
#include "transfer/rill-packing-private.h"

static int
compare_size (gconstpointer a,
              gconstpointer b)
{
  const RillPackingItem *x = a;
  const RillPackingItem *y = b;

  return x->size == y->size ? 0 : x->size > y->size ? -1 : 1;
}

static gboolean
place (const RillPackingItem *item,
       guint64               *ends,
       guint64                page_size,
       guint                  n_pages)
{
  for (guint i = 0; i < n_pages; i++)
    {
      guint64 offset = (ends[i] + item->alignment - 1) & ~(item->alignment - 1);

      if (offset > page_size || item->size > page_size - offset)
        continue;
      ends[i] = offset + item->size;
      return TRUE;
    }
  return FALSE;
}

gboolean
rill_packing_fits (GArray  *items,
                   guint64  page_size,
                   guint    n_pages)
{
  g_autofree guint64 *ends = g_new0 (guint64, n_pages + 1);

  g_array_sort (items, compare_size);
  for (guint i = 0; i < items->len; i++)
    if (!place (&g_array_index (items, RillPackingItem, i), ends, page_size, n_pages))
      return FALSE;
  return TRUE;
}
