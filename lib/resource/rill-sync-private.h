/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-queue-private.h"

/* The last uses of a resource by the device. Within a queue a submission starts with a barrier that
 * orders it after all before; between queues the points here are waited for by semaphores. */
typedef struct
{
  RillSyncPoint written; /* last write on each queue */
  RillSyncPoint read;    /* last read on each queue */
} RillSync;

/* What must be reached before the host or another queue may read, or write. */
static inline void
rill_sync_get_dependencies (const RillSync *self,
                            gboolean        write,
                            RillSyncPoint  *point)
{
  rill_sync_point_merge (point, &self->written);
  if (write)
    rill_sync_point_merge (point, &self->read);
}

static inline void
rill_sync_note (RillSync *self,
                guint     queue,
                guint64   value,
                gboolean  write)
{
  RillSyncPoint *point = write ? &self->written : &self->read;

  point->values[queue] = MAX (point->values[queue], value);
}
