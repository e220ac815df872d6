/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Threads that help to copy host memory, since one core cannot fill a bus. They start with the first
 * large copy and sleep when idle; with the caller they are at most 8, and never more than the cores. */
typedef struct _RillCopyPool RillCopyPool;

RillCopyPool *rill_copy_pool_new  (void);
void          rill_copy_pool_free (RillCopyPool *self);

/* Calls func (part, data) for each part, in the caller's thread and the helpers, and returns when all
 * are done. While another caller has the helpers, the caller does all alone. */
void          rill_copy_pool_run  (RillCopyPool *self,
                                   guint         n_parts,
                                   void        (*func) (guint part, gpointer data),
                                   gpointer      data);
void          rill_copy_pool_copy (RillCopyPool  *self,
                                   gpointer       to,
                                   gconstpointer  from,
                                   gsize          size);
