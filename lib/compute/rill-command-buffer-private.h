/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-command-buffer.h"
#include "compute/rill-command-recording-private.h"

/* Takes the recording for the calling thread until release, to add to it or to run it:
 * NOT_INITIALIZED, CLOSED, BUSY, DEVICE_LOST. It stays whole when the command buffer is closed in
 * the meantime. */
RillRecording *rill_command_buffer_acquire     (RillCommandBuffer  *self,
                                                gboolean            run,
                                                GError            **error);
/* Takes the reference of the recording. */
void           rill_command_buffer_release     (RillCommandBuffer  *self,
                                                RillRecording      *recording);
/* (transfer none) (nullable) */
RillContext   *rill_command_buffer_get_context (RillCommandBuffer  *self);
