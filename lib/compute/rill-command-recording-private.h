/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-compute-node-private.h"
#include "compute/rill-duration-private.h"
#include "transfer/rill-submission-private.h"

/* The commands of a command buffer, with everything that they use. They are kept as they were asked
 * for and written into a VkCommandBuffer when they are run for the first time; so they can be added
 * to after a run, and nothing is lost when Vulkan fails.
 *
 * One thread at a time adds, clears or submits, and none while work is not done; references may be
 * taken and dropped by any. The arguments of the add functions are checked by the caller. */
typedef struct _RillRecording RillRecording;

RillRecording *rill_recording_new              (RillContext          *context,
                                                GError              **error);
RillRecording *rill_recording_ref              (RillRecording        *self);
/* The last one waits, in the background, for the device to be done. */
void           rill_recording_unref            (RillRecording        *self);

gboolean       rill_recording_is_empty         (RillRecording        *self);
/* Whether the last submission is done. */
gboolean       rill_recording_is_reached       (RillRecording        *self);
void           rill_recording_clear            (RillRecording        *self);

gboolean       rill_recording_add_dispatch     (RillRecording        *self,
                                                RillComputeNode      *node,
                                                const RillDispatch   *dispatch,
                                                GError              **error);
void           rill_recording_add_copy_buffer  (RillRecording        *self,
                                                RillBuffer           *from,
                                                guint64               from_offset,
                                                RillBuffer           *to,
                                                guint64               to_offset,
                                                guint64               size);
void           rill_recording_add_fill_buffer  (RillRecording        *self,
                                                RillBuffer           *buffer,
                                                guint64               offset,
                                                guint64               size,
                                                guint8                value);
void           rill_recording_add_copy_image   (RillRecording        *self,
                                                RillImage            *from,
                                                RillImage            *to);
void           rill_recording_add_copy_buffer_to_image (RillRecording *self,
                                                RillBuffer           *from,
                                                guint64               from_offset,
                                                guint64               size,
                                                RillImage            *to);
void           rill_recording_add_copy_image_to_buffer (RillRecording *self,
                                                RillImage            *from,
                                                RillBuffer           *to,
                                                guint64               to_offset,
                                                guint64               size);
void           rill_recording_add_clear_image  (RillRecording        *self,
                                                RillImage            *image);
void           rill_recording_add_barrier      (RillRecording        *self);
/* Takes the reference of the timestamps. */
void           rill_recording_add_timestamp    (RillRecording        *self,
                                                RillDuration         *duration,
                                                RillTimestamps       *timestamps,
                                                gboolean              end);
gboolean       rill_recording_is_measuring     (RillRecording        *self,
                                                RillDuration         *duration); /* NULL: any */
void           rill_recording_set_final_layout (RillRecording        *self,
                                                RillImage            *image,
                                                RillImageLayout       layout);

/* Blocks until what was queued on the resources has run, see rill_engine_wait_turn(). */
gboolean       rill_recording_wait_turn        (RillRecording        *self,
                                                GCancellable         *cancellable,
                                                GError              **error);
/* Whether a submission would have to wait for transfers or the host. */
gboolean       rill_recording_must_wait        (RillRecording        *self);
GPtrArray     *rill_recording_get_resources    (RillRecording        *self); /* (transfer none) */
/* CLOSED when a resource or view was closed, BUSY for a conflict with a mapping, and what Vulkan
 * says; the recording is as good as before. */
gboolean       rill_recording_submit           (RillRecording        *self,
                                                RillSyncPoint        *point,
                                                GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillRecording, rill_recording_unref)
