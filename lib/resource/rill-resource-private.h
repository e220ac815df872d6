/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory-private.h"
#include "resource/rill-resource.h"
#include "resource/rill-sync-private.h"

typedef struct _RillHostAccess RillHostAccess;

/* An access to a byte range that lasts longer than a submission: a mapping of the user's; a copy by the
 * host of the library's own, which others wait for instead of being refused; or one through the staging
 * ring, which excludes the other two but no submission. Lives on its owner's stack or in its owner. */
struct _RillHostAccess
{
  guint64 offset;
  guint64 size;
  gboolean write;
  gboolean mapping;
  gboolean staged;
  gint64 since; /* monotonic time in µs */
  guint64 start; /* what it excludes others from: in memory that is not coherent, whole atoms, */
  guint64 end;   /* because they are flushed and invalidated as a whole */
  RillHostAccess *next;
};

/* What a closed view of an image leaves. */
typedef struct _RillRetiredView RillRetiredView;

struct _RillRetiredView
{
  VkImageView view;
  VkSampler sampler;
  RillRetiredView *next;
};

/* Common state, for the layers above. It ends where the object begins, so what is used when the object goes
 * stands last: with many objects each line of memory that is touched then is fetched from far away. */
typedef struct
{
  GQueue tickets;       /* of asynchronous transfers that have not run yet, in their order */
  gsize last_ticket;
  GCond changed;        /* a host access has ended */
  gint queued;          /* (atomic, written under the lock) length of tickets */
  guint recordings;     /* command buffers that have recorded the handle */
  guint submitting;     /* submissions that were checked, but are not noted in sync yet */
  guint n_pinned;       /* how often a pin was taken: tells who looks twice whether one came and went */
  RillHostAccess *host_accesses; /* (unowned) */

  GArray *unflushed;    /* (owned) (nullable) (element-type RillUnflushed) what mappings that were closed have written */
  char *name;           /* (owned) (nullable) */
  guint64 size;
  RillChild child;
  RillSync sync;
  VkImageView view;     /* images: the default view, if it was made */
  RillRetiredView *retired; /* (owned) images: destroyed once nobody has a pin */
  RillAllocation allocation;
  guint64 handle;       /* VkBuffer or VkImage */
  VkObjectType object_type;
  guint pins;           /* views and operations that need the handle and the range */
  RillChildren *children; /* (owned) (nullable) views and mappings; made for the first */
  RillMemory *memory;   /* (owned) NULL: never initialised */
  guint closed : 1;
  guint released : 1;
  guint handle_given : 1; /* to the program, which may keep it */
  guint n_waiting;      /* threads that wait for changed */
  GMutex lock;
} RillResourceState;

/* What is left of a resource when it is closed or has moved. */
typedef struct
{
  RillMemory *memory; /* (owned) */
  RillAllocation allocation;
  VkObjectType object_type;
  guint64 handle;
  VkImageView view;
  RillRetiredView *retired; /* (owned) */
} RillRemains;

void               rill_remains_destroy_handle  (RillContext          *context,
                                                 VkObjectType          object_type,
                                                 guint64               handle);
/* Takes all of the list. */
void               rill_remains_destroy_views   (RillContext          *context,
                                                 RillRetiredView      *retired);
/* The handle goes before its range can be used again, with which @child (nullable) leaves the memory's children.
 * The reference of the memory stays. */
void               rill_remains_destroy         (RillRemains          *self,
                                                 RillChild            *child);
/* Takes what is in it; it goes when the device has come to the point. */
void               rill_remains_release         (RillRemains          *self,
                                                 const RillSyncPoint  *last);

RillResourceState *rill_resource_get_state      (gpointer              resource);
RillContext       *rill_resource_get_context    (gpointer              resource); /* (transfer none) (nullable) */

void               rill_resource_emit_relocated (gpointer              resource);

gboolean           rill_resource_check_initialized (gpointer           resource,
                                                 GError              **error);
gboolean           rill_resource_set_closed_error (gpointer            resource,
                                                 GError              **error); /* FALSE */
/* Unlocks the state. Gives what is left of a closed resource, or of its closed views, to the device's
 * completion, once nobody needs it. */
void               rill_resource_release_if_unused_and_unlock (RillResourceState *state);
/* NOT_INITIALIZED, CLOSED, DEVICE_LOST, or TRUE. */
gboolean           rill_resource_check_open     (gpointer              resource,
                                                 GError              **error);
/* INVALID_ARGUMENT unless both belong to one session. */
gboolean           rill_resource_check_session  (gpointer              resource,
                                                 RillContext          *context,
                                                 GError              **error);
/* Allocates in a page and binds the handle; on failure the handle is destroyed. FALSE without an error:
 * there is no room in that page, whose largest free range is told. */
gboolean           rill_resource_place          (RillMemory                   *memory,
                                                 guint                         page,
                                                 VkObjectType                  object_type,
                                                 guint64                       handle,
                                                 const RillAllocationRequest  *request,
                                                 RillAllocation               *allocation,
                                                 guint64                      *largest,
                                                 GError                      **error);

/* Makes the resource one of the memory's, with a range but without a handle. Then it is bound or abandoned. The
 * range holds the device meanwhile, even if the memory is closed. */
gboolean           rill_resource_reserve        (gpointer                      resource,
                                                 RillMemory                   *memory,
                                                 VkObjectType                  object_type,
                                                 guint64                       size,
                                                 RillAllocationRequest        *request,
                                                 RillAllocation               *allocation,
                                                 GError                      **error);
void               rill_resource_abandon        (gpointer                      resource,
                                                 RillAllocation               *allocation);
/* Takes the handle; on failure it is destroyed and the resource abandoned. */
gboolean           rill_resource_bind           (gpointer                      resource,
                                                 guint64                       handle,
                                                 const RillAllocationRequest  *request,
                                                 RillAllocation               *allocation,
                                                 GError                      **error);
/* Both. On failure the handle is destroyed. */
gboolean           rill_resource_reserve_and_bind (gpointer                    resource,
                                                 RillMemory                   *memory,
                                                 VkObjectType                  object_type,
                                                 guint64                       handle,
                                                 guint64                       size,
                                                 RillAllocationRequest        *request,
                                                 GError                      **error);

/* What is closed with the resource, by its own close function. FALSE when the resource was closed in the
 * meantime: the caller then closes the child. */
gboolean           rill_resource_add_child      (gpointer              resource,
                                                 RillChild            *child,
                                                 gpointer              object,
                                                 void                (*close) (GObject *object));
gboolean           rill_resource_leave          (gpointer              resource, /* see rill_children_leave() */
                                                 RillChild            *child);

/* A pin keeps handle and range while the object may be closed. FALSE and CLOSED if it is. */
gboolean           rill_resource_pin            (gpointer              resource,
                                                 GError              **error);
void               rill_resource_unpin          (gpointer              resource);

/* While a command buffer has recorded the handle, which stays the same for so long. The caller has pinned the
 * resource for the first. */
void               rill_resource_begin_recording (gpointer            resource);
void               rill_resource_end_recording  (gpointer              resource);
/* The program has been given the handle: it stays the same from now on. */
guint64            rill_resource_give_handle    (gpointer              resource);

/* What is queued by an asynchronous call keeps its place before later calls: it takes a ticket, and those
 * wait for it by rill_resource_wait_turn(), which is one atomic read where nothing is queued, and
 * nothing at all in a thread that runs what is queued. There each waits for earlier tickets. */
gsize              rill_resource_take_ticket    (gpointer              resource);
void               rill_resource_wait_ticket    (gpointer              resource,
                                                 gsize                 ticket);
void               rill_resource_give_ticket    (gpointer              resource,
                                                 gsize                 ticket);
gboolean           rill_resource_wait_turn      (gpointer              resource,
                                                 gint64                deadline, /* -1: for ever */
                                                 GCancellable         *cancellable,
                                                 GError              **error);
void               rill_resource_run_queue_here (void);

/* Checks [offset, offset + size) with size -1 for the rest; sets the actual size. */
gboolean           rill_resource_check_range    (const char           *what,
                                                 guint64               limit,
                                                 guint64               offset,
                                                 gint64                size,
                                                 guint64              *actual,
                                                 GError              **error);

/* Host access. begin pins, refuses what conflicts with a mapping (BUSY), waits for other accesses
 * of the library's own and then for the device's work on the resource. A mapping that conflicts
 * with a mapping waits only when @deadline is not 0 (-1: for ever). */
gboolean           rill_resource_begin_host_access (gpointer          resource,
                                                 RillHostAccess       *access,
                                                 gint64                deadline,
                                                 GCancellable         *cancellable,
                                                 GError              **error);
/* The same for a staged access, which does not wait for the device: its submissions are ordered. */
gboolean           rill_resource_begin_staged_access (gpointer       resource,
                                                 RillHostAccess       *access,
                                                 GError              **error);
void               rill_resource_end_host_access (gpointer            resource,
                                                 RillHostAccess       *access);

/* The end of a mapping, which cannot fail: what it has written is flushed now, or if that fails by the next
 * use of the resource, which reports the failure. */
void               rill_resource_flush_mapping  (gpointer              resource,
                                                 guint64               offset,
                                                 guint64               size);

/* For rill-submission.c, under the resource's lock: a use begins. FALSE: what must be flushed before cannot
 * be. */
gboolean           rill_resource_flush_locked   (RillResourceState    *state,
                                                 GError              **error);
/* For rill-submission.c, under the resource's lock. A conflict with a mapping is BUSY; one with an access of
 * the library's own is waited for. */
RillHostAccess    *rill_resource_find_conflict_locked (RillResourceState *state,
                                                 guint64               offset,
                                                 guint64               size,
                                                 gboolean              write);
/* The state has changed that others may wait for. */
void               rill_resource_wake_waiting_locked (RillResourceState *state);
/* Waits until some host access of the resource has ended, if there is one of the library's own. */
void               rill_resource_wait_host_access (gpointer            resource);
void               rill_resource_set_busy_error (gpointer              resource,
                                                 const RillHostAccess *conflict,
                                                 GError              **error);
