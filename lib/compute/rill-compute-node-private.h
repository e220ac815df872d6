/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-binding-private.h"
#include "compute/rill-compute-node.h"
#include "compute/rill-pipeline-private.h"
#include "session/rill-session-private.h"

/* Shared by rill-compute-node.c and rill-compute-node-config.c; nobody else looks inside. */
struct _RillComputeNode
{
  GObject parent_instance;

  RillSession *session;         /* (owned) (nullable) NULL: never initialised */
  RillContext *context;         /* (owned) (nullable) weak once closed */
  RillChild child;
  RillProgram *program;         /* (owned) (nullable) */
  char *entry_point;            /* (owned) (nullable) */
  RillReflection *reflection;   /* (owned) (nullable) */

  GMutex lock;
  gboolean closed;
  gboolean busy;                /* a thread configures the node */

  /* Written by the thread that configures, under the lock; so that one may read without. Close
   * leaves what it drops to that thread. */
  RillPipelineLayout *layout;   /* (owned) (nullable) until closed */
  RillPipeline *pipeline;       /* (owned) (nullable) NULL: to be made for the constants */
  RillBound *bounds;            /* (owned) (nullable) one for each element */
  guint64 serial;               /* changes with the bindings */
  RillConstantValue *constants; /* (owned) (nullable) one for each constant */
  GBytes *push_constants;       /* (owned) (nullable) */
  gboolean is_global;           /* size counts invocations, not workgroups */
  guint size[3];
};

/* A snapshot of a node, for one dispatch: what a recording needs to know of it. */
typedef struct
{
  RillPipeline *pipeline;            /* (owned) */
  const RillReflection *reflection;  /* (unowned) lives with the node */
  RillBound *bounds;                 /* (owned) one for each element; empty if it is not used */
  guint64 serial;                    /* of the bindings: the same one, the same bindings */
  GBytes *push_constants;            /* (owned) (nullable) */
  guint grid[3];                     /* workgroups */
} RillDispatch;

/* Until end_configure no other thread configures the node. NOT_INITIALIZED, CLOSED, BUSY,
 * DEVICE_LOST, or TRUE. */
gboolean rill_compute_node_begin_configure (RillComputeNode  *self,
                                            GError          **error);
void     rill_compute_node_end_configure (RillComputeNode  *self);
/* Checks that the node is of the context and complete, and makes its pipeline if that is not there:
 * NOT_INITIALIZED, CLOSED, BUSY, INVALID_ARGUMENT for what is not set, NOT_SUPPORTED for limits. */
gboolean rill_compute_node_prepare (RillComputeNode  *self,
                                    RillContext      *context,
                                    RillDispatch     *dispatch,
                                    GError          **error);
void     rill_dispatch_clear       (RillDispatch     *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RillDispatch, rill_dispatch_clear)
