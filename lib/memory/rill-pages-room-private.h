/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-pages-private.h"

/* A page leaves its memory, under that one's lock, and goes to the driver, without it. */
void     rill_pages_begin_release    (RillPage     *page);
void     rill_pages_release_page     (RillPage     *page);

/* How many have gone, ever. */
gint     rill_pages_get_n_released   (void);

gboolean rill_pages_is_out_of_memory (const GError *error);
/* What can go for the lack that @error tells of does. TRUE if pages have been released since @n_before
 * was read. */
gboolean rill_pages_make_room        (RillContext  *context,
                                      guint         type_index,
                                      const GError *error,
                                      gint          n_before);
/* To the text: what the heap has. */
void     rill_pages_add_heap         (RillContext  *context,
                                      guint         type_index,
                                      GError       *error);
