/* SPDX-License-Identifier: MIT */
#pragma once

/* The scheduler, private to sim-queue*.c. What the program submits is passed to the driver at once
 * where all that it waits for has been passed before; otherwise, or where submissions are to be
 * late, a copy is held. So the driver never has a submission that waits for a later one: several
 * queues can run over one, and what the driver has always ends. */

#include "sim-layer.h"

typedef struct _SimQueue SimQueue;
typedef struct _SimSubmission SimSubmission;

/* What one vkQueueSubmit or vkQueueSubmit2 has: one of the two, or none. */
typedef struct
{
  guint n;
  const VkSubmitInfo *infos;
  const VkSubmitInfo2 *infos2;
} SimBatches;

/* The value means something for a timeline semaphore only. */
typedef struct
{
  VkSemaphore semaphore;
  guint64 value;
} SimSemaphoreValue;

/* sim-queue-submission.c */

guint             sim_batches_count_waits   (const SimBatches *self, guint batch);
SimSemaphoreValue sim_batches_get_wait      (const SimBatches *self, guint batch, guint index);
guint             sim_batches_count_signals (const SimBatches *self, guint batch);
SimSemaphoreValue sim_batches_get_signal    (const SimBatches *self, guint batch, guint index);
/* FALSE where a structure is unknown, which could point anywhere; copies are without those. */
gboolean          sim_batches_can_copy      (const SimBatches *self);
VkResult          sim_batches_pass          (const SimBatches *self, SimDevice *device,
                                             VkQueue real, VkFence fence);

/* One batch, or none, and a fence where it is the last of its call. */
struct _SimSubmission
{
  guint64 serial; /* later submissions have higher ones */
  SimQueue *queue;
  SimBatches batches;
  VkFence fence;
  GPtrArray *copies;    /* (owned) what the batch points to */
  guint64 *signallers;  /* (owned) of each wait: what is held and signals its binary semaphore */
  gboolean can_overtake; /* nothing orders its commands and others' */
  gboolean begun;       /* its commands have been passed on */
  guint visit;          /* the last walk that came here */
  gboolean wanted;      /* something waits for it */
  gint64 due;           /* when the driver gets it, in monotonic time */
};

guint             sim_batches_count_commands (const SimBatches *self, guint batch);
VkCommandBuffer   sim_batches_get_commands   (const SimBatches *self, guint batch, guint index);
/* Of the first batch. */
gboolean          sim_batches_can_split      (const SimBatches *self);

SimSubmission *sim_submission_new  (SimQueue *queue, const SimBatches *batches, guint batch);
void           sim_submission_free (SimSubmission *self);
/* What it waits for and its commands, without its signals and its fence; then the rest. */
VkResult       sim_submission_pass_commands (SimSubmission *self, SimDevice *device);
VkResult       sim_submission_pass          (SimSubmission *self, SimDevice *device);

/* sim-queue.c */

/* What the program takes for a VkQueue. The first word of one of the layer's own is what the loader
 * dispatches by. */
struct _SimQueue
{
  gpointer loader_data;
  VkQueue handle;
  VkQueue real;
  GQueue held; /* SimSubmission, in their order */
};

struct _SimDeviceQueues
{
  SimDevice *device; /* (unowned) */
  /* For what follows and for every submission to a VkQueue of the driver's; not held while anything
   * is waited for, except at the end of a wait for a queue, when the driver has nothing left. */
  GMutex lock;
  GCond changed;          /* there is something new for the thread */
  GPtrArray *queues;      /* SimQueue */
  GHashTable *timelines;  /* handle to SimTimeline */
  GPtrArray *demands;     /* SimDemand, of the threads that wait now */
  GArray *fences;         /* all VkFences of the layer's own */
  GArray *idle_fences;    /* those of them that are not in use */
  guint64 serial;
  guint visit;
  guint n_polls;          /* that told nothing new, since one made progress */
  gboolean late;          /* as at the last submission */

  GQueue delayed;         /* SimSubmission, which count as passed */
  gint64 last_due;
  GThread *thread;        /* (nullable) passes on what was delayed */
  gboolean stopping;

  gint n_held;            /* (atomic) in all queues */

  GMutex commands_lock;
  GHashTable *unordered;  /* (commands_lock) the VkCommandBuffers that nothing orders */
  gint n_unordered;       /* (atomic) */
  GHashTable *transfer_pools;    /* (commands_lock) of the transfer family: VkCommandPool */
  GHashTable *transfer_commands; /* (commands_lock) VkCommandBuffer to its VkCommandPool */
};

SimQueue    *sim_queues_find_locked          (SimDeviceQueues *self, VkQueue handle);
/* A submission of the layer's own. */
void         sim_queues_submit_fence_locked  (SimDeviceQueues *self, SimQueue *queue,
                                              VkFence fence);

/* sim-queue-schedule.c */

/* A timeline semaphore. */
typedef struct
{
  guint64 handle;
  guint64 passed; /* the driver reaches this value without anything else */
} SimTimeline;

/* What a thread waits for: semaphores or fences. */
typedef struct
{
  const VkSemaphoreWaitInfo *semaphores; /* (nullable) */
  const VkFence *fences;                 /* (nullable) */
  guint n;
  gboolean any;                          /* one of them is enough */
} SimDemand;

SimTimeline *sim_queues_find_timeline_locked (SimDeviceQueues *self, VkSemaphore semaphore);
void         sim_queues_note_signal_locked   (SimDeviceQueues *self, SimSemaphoreValue signal);
/* The held submission that signals a binary semaphore, or 0. */
guint64      sim_queues_find_binary_locked   (SimDeviceQueues *self, VkSemaphore semaphore);
gboolean     sim_queues_is_met_locked        (SimDeviceQueues *self, SimSemaphoreValue wait,
                                              guint64 signaller);
void         sim_queues_hold_locked          (SimDeviceQueues *self, SimSubmission *submission);
/* Passes on what is demanded and ready; without late submissions, what is ready. */
void         sim_queues_run_locked           (SimDeviceQueues *self);
/* Passes on all that is ready. */
void         sim_queues_run_all_locked       (SimDeviceQueues *self);
void         sim_queues_end_delays_locked    (SimDeviceQueues *self);
/* For a poll that has told nothing new of what is demanded, or of anything where that is NULL. */
void         sim_queues_poll_failed          (SimDeviceQueues *self, const SimDemand *demand);
gboolean     sim_queues_lose_locked          (SimDeviceQueues *self);
void         sim_queues_stop                 (SimDeviceQueues *self);

/* sim-queue-commands.c */
void         sim_commands_note_barrier       (SimDevice *device, VkCommandBuffer commands,
                                              VkPipelineStageFlags dst_stages,
                                              guint n_image_barriers);
void         sim_commands_note_dependency    (SimDevice *device, VkCommandBuffer commands,
                                              const VkDependencyInfo *info);
gboolean     sim_queues_can_overtake         (SimDeviceQueues *self, const SimBatches *batches);

/* sim-queue-family.c */
guint32      sim_queue_family_get_real       (SimDevice *device, guint32 family);
