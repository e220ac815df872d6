/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-program.h"
#include "resource/rill-buffer.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_COMPUTE_NODE (rill_compute_node_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillComputeNode, rill_compute_node, RILL, COMPUTE_NODE, GObject)

RILL_API
RillComputeNode *rill_session_create_compute_node              (RillSession      *session,
                                                                RillProgram      *program,
                                                                const char       *entry_point,
                                                                GError          **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillProgram     *rill_compute_node_get_program                 (RillComputeNode  *self);
RILL_API
const char      *rill_compute_node_get_entry_point             (RillComputeNode  *self);
RILL_API
char           **rill_compute_node_get_binding_names           (RillComputeNode  *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
guint            rill_compute_node_get_push_constants_size     (RillComputeNode  *self);
RILL_API
gboolean         rill_compute_node_get_closed                  (RillComputeNode  *self);
RILL_API
gboolean         rill_compute_node_bind                        (RillComputeNode  *self,
                                                                const char       *name,
                                                                GObject          *resource_or_view,
                                                                GError          **error);
RILL_API
gboolean         rill_compute_node_bind_range                  (RillComputeNode  *self,
                                                                const char       *name,
                                                                RillBuffer       *buffer,
                                                                guint64           offset,
                                                                gint64            size,
                                                                GError          **error);
RILL_API
gboolean         rill_compute_node_set_local_size              (RillComputeNode  *self,
                                                                guint             x,
                                                                guint             y,
                                                                guint             z,
                                                                GError          **error);
RILL_API
void             rill_compute_node_get_local_size              (RillComputeNode  *self,
                                                                guint            *x,
                                                                guint            *y,
                                                                guint            *z);
RILL_API
gboolean         rill_compute_node_set_grid_size               (RillComputeNode  *self,
                                                                guint             x,
                                                                guint             y,
                                                                guint             z,
                                                                GError          **error);
RILL_API
gboolean         rill_compute_node_set_global_size             (RillComputeNode  *self,
                                                                guint             x,
                                                                guint             y,
                                                                guint             z,
                                                                GError          **error);
RILL_API
void             rill_compute_node_get_grid_size               (RillComputeNode  *self,
                                                                guint            *x,
                                                                guint            *y,
                                                                guint            *z);
RILL_API
gboolean         rill_compute_node_set_push_constants          (RillComputeNode  *self,
                                                                GBytes           *bytes,
                                                                GError          **error);
RILL_API
gboolean         rill_compute_node_set_specialization_constant (RillComputeNode  *self,
                                                                guint             constant_id,
                                                                GVariant         *value,
                                                                GError          **error);
RILL_API
void             rill_compute_node_close                       (RillComputeNode  *self);

G_END_DECLS
