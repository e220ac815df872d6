/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-resource-private.h"
#include "transfer/rill-copy-pool-private.h"
#include "transfer/rill-staging-private.h"

/* What the transfers of one session share: the staging ring, the pool of copying threads and the
 * thread that runs asynchronous transfers one after another. Made on first use, held by the context. */
typedef struct _RillEngine RillEngine;

typedef void (*RillEngineFunc) (GTask *task);

RillEngine *rill_engine_ref        (RillContext    *context, /* (transfer full) */
                                    GError        **error);  /* CLOSED after Session.close */
void        rill_engine_unref      (RillEngine     *self);

RillCopyPool *rill_engine_get_copy_pool (RillEngine *self);
/* The ring, made on first use. */
RillStaging *rill_engine_get_staging (RillEngine   *self,
                                    GError        **error);
/* TRUE once the session is closing: work stops between chunks. */
gboolean    rill_engine_is_stopping (RillEngine    *self);

/* Runs func (task), which returns the task, in the session's transfer thread, after all that was
 * queued before. The task's source object is the resource; once the session closes, tasks that have
 * not begun are returned with CLOSED. */
void        rill_engine_queue_task (RillContext    *context,
                                    GTask          *task,
                                    RillEngineFunc  func);
/* The same for a task that uses other resources than its source object, each named once. @closed
 * (nullable): what returns the task in place of CLOSED. */
void        rill_engine_queue_task_with (RillContext *context,
                                    GTask          *task,
                                    gpointer const *resources,
                                    guint           n_resources,
                                    RillEngineFunc  func,
                                    RillEngineFunc  closed);
/* Returns TRUE for the task once the device has come to the point, or DEVICE_LOST. */
void        rill_engine_return_when_reached (GTask *task,
                                    const RillSyncPoint *point);
/* Called by every synchronous operation before it uses a resource: waits until the asynchronous
 * transfers that were queued on it before have run, so that calls keep their order. No-op in the
 * transfer thread itself and, with one atomic read, where nothing is queued. */
gboolean    rill_engine_wait_turn  (gpointer        resource,
                                    GCancellable   *cancellable,
                                    GError        **error);
