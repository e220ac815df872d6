/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer-private.h"
#include "resource/rill-image-private.h"

/* One use of a resource by a submission. */
typedef struct
{
  gpointer resource;          /* (unowned) RillBuffer or RillImage */
  guint64 offset;             /* buffers: the range, against mappings */
  guint64 size;
  gboolean write;
  /* Images: commands always find and leave them in VK_IMAGE_LAYOUT_GENERAL. Afterwards an image goes
   * to this layout, or with UNDEFINED back to the one that it had. */
  VkImageLayout final_layout;
} RillUse;

/* A submission in the making. Between begin and end the context's submit lock is held: record,
 * do not block, do not call out. */
typedef struct
{
  RillContext *context;       /* (unowned) */
  RillQueue *queue;
  VkCommandBuffer command;
  const RillUse *uses;        /* (unowned) */
  guint n_uses;
  RillSyncPoint wait;
  guint64 value;              /* of the queue, once it is submitted */
  gboolean to_host;           /* set before end: commands have written memory that the host will read */
} RillSubmission;

/* Checks that every resource is open and free of conflicting mappings (CLOSED, BUSY), waits for the
 * library's own host accesses, takes the submit lock, and records the barrier that orders the
 * submission after all earlier work and brings each image to GENERAL. A resource may be named more
 * than once, an image then with the same final layout. @uses must live until end or abort. On failure no lock is held. */
gboolean rill_submission_begin (RillSubmission  *self,
                                RillContext     *context,
                                RillQueue       *queue,
                                const RillUse   *uses,
                                guint            n_uses,
                                GError         **error);
/* Ends with a barrier to the host where mappable memory is written, submits, notes the uses and
 * unlocks. @recorded: a command buffer to run after the one recorded here, or VK_NULL_HANDLE.
 * @point (nullable) receives the moment of its completion. */
gboolean rill_submission_end   (RillSubmission  *self,
                                VkCommandBuffer  recorded,
                                RillSyncPoint   *point,
                                GError         **error);
/* The two halves of it, for what must happen to the resources between: the first submits, and leaves the
 * lock to the second in any case. */
gboolean rill_submission_submit (RillSubmission  *self,
                                 VkCommandBuffer  recorded,
                                 RillSyncPoint   *point,
                                 GError         **error);
void     rill_submission_finish (RillSubmission  *self);
void     rill_submission_abort (RillSubmission  *self);

/* For an image that no use names: as if it were one. */
void     rill_command_change_layout (VkCommandBuffer command,
                                     VkImage         image,
                                     VkImageLayout   from,
                                     VkImageLayout   to);
/* A full memory barrier from earlier commands of the queue to later ones. */
void     rill_command_barrier  (VkCommandBuffer  command);
