/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-compute-node.h"
#include "compute/rill-duration.h"
#include "resource/rill-image.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_COMMAND_BUFFER (rill_command_buffer_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillCommandBuffer, rill_command_buffer, RILL, COMMAND_BUFFER, GObject)

RILL_API
RillCommandBuffer *rill_session_create_command_buffer      (RillSession          *session,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillSession       *rill_command_buffer_get_session         (RillCommandBuffer    *self);
RILL_API
gboolean           rill_command_buffer_get_closed          (RillCommandBuffer    *self);

RILL_API
gboolean           rill_command_buffer_reset               (RillCommandBuffer    *self,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_dispatch            (RillCommandBuffer    *self,
                                                            RillComputeNode      *node,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_copy_buffer         (RillCommandBuffer    *self,
                                                            RillBuffer           *from,
                                                            guint64               from_offset,
                                                            RillBuffer           *to,
                                                            guint64               to_offset,
                                                            gint64                size,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_fill_buffer         (RillCommandBuffer    *self,
                                                            RillBuffer           *buffer,
                                                            guint64               offset,
                                                            gint64                size,
                                                            guint8                value,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_copy_image          (RillCommandBuffer    *self,
                                                            RillImage            *from,
                                                            RillImage            *to,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_copy_buffer_to_image (RillCommandBuffer   *self,
                                                            RillBuffer           *from,
                                                            guint64               from_offset,
                                                            RillImage            *to,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_copy_image_to_buffer (RillCommandBuffer   *self,
                                                            RillImage            *from,
                                                            RillBuffer           *to,
                                                            guint64               to_offset,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_clear_image         (RillCommandBuffer    *self,
                                                            RillImage            *image,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_change_image_layout (RillCommandBuffer    *self,
                                                            RillImage            *image,
                                                            RillImageLayout       layout,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_barrier             (RillCommandBuffer    *self,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_begin_duration      (RillCommandBuffer    *self,
                                                            RillDuration         *duration,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_end_duration        (RillCommandBuffer    *self,
                                                            RillDuration         *duration,
                                                            GError              **error);
RILL_API
gboolean           rill_command_buffer_run                 (RillCommandBuffer    *self,
                                                            GCancellable         *cancellable,
                                                            GError              **error);
RILL_API
void               rill_command_buffer_run_async           (RillCommandBuffer    *self,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);
RILL_API
gboolean           rill_command_buffer_run_finish          (RillCommandBuffer    *self,
                                                            GAsyncResult         *result,
                                                            GError              **error);
RILL_API
void               rill_command_buffer_close               (RillCommandBuffer    *self);

G_END_DECLS
