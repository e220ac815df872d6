/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>

#include "core/rill-error-private.h"

#define RILL_MAX_QUEUES 2

typedef struct _RillContext RillContext;
typedef struct _RillQueue RillQueue;

/* A moment in the work of all queues: for each the value of its timeline semaphore; 0 is always reached. */
typedef struct
{
  guint64 values[RILL_MAX_QUEUES];
} RillSyncPoint;

static inline void
rill_sync_point_merge (RillSyncPoint       *self,
                       const RillSyncPoint *other)
{
  for (guint i = 0; i < RILL_MAX_QUEUES; i++)
    self->values[i] = MAX (self->values[i], other->values[i]);
}

/* One VkQueue with a timeline semaphore that each submission raises by one. */
struct _RillQueue
{
  RillContext *context; /* (unowned) */
  guint index;
  guint32 family;
  guint timestamp_valid_bits;
  VkQueue handle;
  VkSemaphore timeline;

  /* Under the context's submit lock. */
  guint64 submitted;
  VkCommandPool pool;
  GQueue recycled; /* (element-type RillRecycled): command buffers in the order of their submission */

  guint64 reached; /* (atomic) at least this value was reached */
  gint drained;    /* (atomic) after the loss of the device: it was waited for once more */

  /* What waits for a value: run by a thread that starts with the first of it. */
  GMutex lock;
  GCond changed;
  GQueue deferred; /* (element-type RillDeferred) */
  GThread *thread;
  guint running;     /* threads that run what they took */
  gboolean waiting;  /* the thread is in the driver */
  gboolean at_rest;  /* nothing is run any more */
  gboolean stopping;
};

gboolean        rill_queue_init               (RillQueue     *self,
                                               RillContext   *context,
                                               guint          index,
                                               guint32        family,
                                               guint          timestamp_valid_bits,
                                               GError       **error);
void            rill_queue_clear              (RillQueue     *self);
gboolean        rill_queue_is_reached         (RillQueue     *self,
                                               guint64        value);
/* The device was waited for: it has come to the value. */
void            rill_queue_set_reached        (RillQueue     *self,
                                               guint64        value);
void            rill_queue_defer              (RillQueue     *self,
                                               guint64        value,
                                               void         (*func) (gpointer data),
                                               gpointer       data);
/* Runs what is reached in the calling thread, and waits for what the queue's thread runs now until the
 * deadline, in monotonic time. */
void            rill_queue_collect            (RillQueue     *self,
                                               gint64         deadline);
/* From here on nothing that was deferred is run: at the end of the process. */
void            rill_queue_rest               (RillQueue     *self);

/* The following are called with the context's submit lock held. */
VkCommandBuffer rill_queue_begin_locked       (RillQueue              *self,
                                               GError                **error);
/* Ends and submits @first, then @recorded (of the caller's own pool) and @last where they are not
 * VK_NULL_HANDLE; waits on the device for the values of other queues in @wait. @first and @last are of
 * rill_queue_begin_locked() and are consumed in any case. On success @value is the queue's timeline
 * value of the work. */
gboolean        rill_queue_submit_locked      (RillQueue              *self,
                                               VkCommandBuffer         first,
                                               VkCommandBuffer         recorded,
                                               VkCommandBuffer         last,
                                               const RillSyncPoint    *wait,
                                               guint64                *value,
                                               GError                **error);
void            rill_queue_discard_locked     (RillQueue              *self,
                                               VkCommandBuffer         command);
