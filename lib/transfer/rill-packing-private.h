/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What is to go into a page. */
typedef struct
{
  gpointer object;   /* (unowned) */
  guint64 size;
  guint64 alignment; /* a power of two */
} RillPackingItem;

/* Sorts the items, the largest first, and tells whether they fit into so many empty pages when each goes to the
 * first that has room behind what is there. */
gboolean rill_packing_fits (GArray  *items,     /* (element-type RillPackingItem) */
                            guint64  page_size,
                            guint    n_pages);
