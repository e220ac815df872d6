/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory.h"

G_BEGIN_DECLS

RILL_API
gboolean rill_memory_compact        (RillMemory          *self,
                                     GCancellable        *cancellable,
                                     GError             **error);
RILL_API
void     rill_memory_compact_async  (RillMemory          *self,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
RILL_API
gboolean rill_memory_compact_finish (RillMemory          *self,
                                     GAsyncResult        *result,
                                     GError             **error);

G_END_DECLS
