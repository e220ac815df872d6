/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <vulkan/vulkan.h>

#include "core/rill-debug-private.h"
#include "core/rill-emitter-private.h"
#include "session/rill-budget-watch-private.h"
#include "session/rill-device.h"
#include "session/rill-driver-gate-private.h"
#include "session/rill-heaps-private.h"
#include "session/rill-instance-private.h"
#include "session/rill-queue-private.h"

/* The VkDevice with its queues. It is not the session itself, because it outlives a closed session
 * while a view of mapped memory or a submission lives: pages and deferred work hold it.
 *
 * A reference holds the device; the last one ends it, and what was loaded for it. A weak reference, into
 * which objects turn theirs when they are closed, holds this struct alone: what the device is like, whether
 * it was lost, the emitter. A call on an object that another thread may close takes a reference of its own,
 * or has one of something that holds the device (a pin: the page). */
struct _RillContext
{
  gatomicrefcount ref_count;
  gatomicrefcount weak_count;   /* and one for all who hold the device */
  RillInstance *instance;       /* (owned) until the device has ended */
  RillEmitter *emitter;         /* (owned) */
  VkPhysicalDevice physical_device;
  RillHeaps *heaps;             /* (owned) of the device */
  RillBudgetWatch *budget_watch; /* (owned) */
  VkDevice device;
  RillDriverGate *gate;         /* (owned) around calls that create, bind and destroy buffers */

  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceFeatures features;
  VkPhysicalDeviceVulkan11Properties properties11;
  VkPhysicalDeviceVulkan12Features features12;
  VkPhysicalDeviceMemoryProperties memory;
  guint64 max_buffer_size;
  gboolean has_memory_budget;   /* VK_EXT_memory_budget */
  gboolean has_memory_priority; /* VK_EXT_memory_priority, and its feature */
  guint64 max_allocation_size;  /* maxMemoryAllocationSize */
  guint64 buffer_requirements[512]; /* (atomic) of resource/, see rill-buffer.c: by usage */
  RillDebugFlags debug;

  RillQueue queues[RILL_MAX_QUEUES];
  guint n_queues;
  guint32 families[RILL_MAX_QUEUES]; /* one each: resources are shared by them */
  guint n_families;
  RillQueue *compute_queue;     /* every kind of work */
  RillQueue *transfer_queue;    /* large buffer transfers; may be the compute queue */

  /* Order of submissions: taken to record, submit and note what a submission used. */
  GMutex submit_lock;
  gboolean at_rest;             /* under it: the process ends, nothing is submitted any more */

  /* Calls for the host's domain, which threads make on their own. */
  GMutex host_lock;
  GCond host_done;
  guint n_host_calls;
  gboolean host_at_rest;        /* the process ends, none is begun any more */

  gint n_allocations;           /* (atomic) VkDeviceMemory objects alive */
  gint lost;                    /* (atomic) */
  GMutex lost_lock;
  void (*lost_func) (gpointer data); /* called once, from any thread */
  gpointer lost_data;

  gpointer validation_data;     /* (owned) what the messenger's callback gets: outlives the instance */
  GDestroyNotify validation_data_free;

  /* Of transfer/, made on first use, see rill-engine-private.h. Session.close stops it (work that has
   * not begun is returned with CLOSED) and drops it; wait_idle waits until it is idle. */
  GMutex engine_lock;
  gpointer engine;
  gboolean engine_closed;
  void (*engine_ref) (gpointer engine);
  void (*engine_stop) (gpointer engine);
  void (*engine_rest) (gpointer engine);
  gboolean (*engine_wait_idle) (gpointer engine, GCancellable *cancellable, GError **error);
  void (*engine_unref) (gpointer engine);
};

RillContext *rill_context_new         (RillDevice           *device,
                                       RillInstance         *instance,
                                       RillEmitter          *emitter,
                                       RillBudgetWatch      *budget_watch,
                                       GError              **error);
RillContext *rill_context_ref         (RillContext          *self);
void         rill_context_unref       (RillContext          *self);
/* FALSE when the last reference has gone already. */
gboolean     rill_context_try_ref     (RillContext          *self);
/* Makes a weak reference of one. */
void         rill_context_weaken      (RillContext          *self);
void         rill_context_unref_weak  (RillContext          *self);

/* TRUE for VK_SUCCESS. Otherwise sets the error and, for VK_ERROR_DEVICE_LOST, marks the device lost. */
gboolean     rill_context_check       (RillContext          *self,
                                       VkResult              result,
                                       GError              **error,
                                       const char           *call,
                                       const char           *attempt,
                                       ...) G_GNUC_PRINTF (5, 6);
gboolean     rill_context_is_lost     (RillContext          *self);
void         rill_context_mark_lost   (RillContext          *self);
void         rill_context_set_lost_func (RillContext        *self,
                                         void              (*func) (gpointer data),
                                         gpointer            data);
gboolean     rill_context_check_lost  (RillContext          *self,
                                       GError              **error);

/* (transfer full) (nullable): given back by context->engine_unref. */
gpointer     rill_context_ref_engine  (RillContext          *self);
void         rill_context_stop_engine (RillContext          *self);
void         rill_context_drop_engine (RillContext          *self);

gboolean     rill_context_is_reached  (RillContext          *self,
                                       const RillSyncPoint  *point);
/* Blocks the calling thread; on device loss the error is DEVICE_LOST. With a deadline
 * (monotonic time in µs, -1 for none) the error is TIMED_OUT. */
gboolean     rill_context_wait        (RillContext          *self,
                                       const RillSyncPoint  *point,
                                       gint64                deadline,
                                       GCancellable         *cancellable,
                                       GError              **error);
/* Before what the device uses is destroyed: a wait that fails is tried again, until the point is reached
 * or the device is lost. */
void         rill_context_wait_end    (RillContext          *self,
                                       const RillSyncPoint  *point);
/* Calls func (data) once the point is reached or the device is lost: at once in this thread when
 * it is, else in a thread of the queue's. func must not block. */
void         rill_context_defer       (RillContext          *self,
                                       const RillSyncPoint  *point,
                                       void                (*func) (gpointer data),
                                       gpointer              data);
/* Returns when all that was deferred and is reached has run: before counting what is left. */
void         rill_context_collect     (RillContext          *self);
/* The same for who holds something that may be waited for in what other threads run: it gives up. */
void         rill_context_try_collect (RillContext          *self);
/* All that was submitted so far. */
void         rill_context_get_last    (RillContext          *self,
                                       RillSyncPoint        *point);

/* Asks the driver. */
RillHeapState rill_context_query_heap (RillContext          *self,
                                       guint                 heap);

/* Around a call of the driver that a thread of the library makes without submitting anything. FALSE when the
 * process is about to exit: the driver may be half destroyed by then. */
gboolean     rill_context_begin_host_call (RillContext   *self,
                                           GError       **error);
void         rill_context_end_host_call   (RillContext   *self);

/* At the end of the process: waits for all that was submitted, but not for ever, and refuses more; threads
 * sleep. */
void         rill_context_rest        (RillContext          *self);

void         rill_context_set_name    (RillContext          *self,
                                       VkObjectType          type,
                                       guint64               handle,
                                       const char           *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillContext, rill_context_unref)
