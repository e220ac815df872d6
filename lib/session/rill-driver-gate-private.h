/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Around calls of the driver that need no order of ours, and that some drivers take far longer for when
 * threads meet in them than when they come one by one: their own lock is to blame. Whether this one does is
 * learned from how long calls take, and then they are let in one by one, or go freely.
 *
 * Within it nothing but the driver is called. What the driver calls, such as a messenger's callback, does not
 * enter. Safe from any thread. */
typedef struct _RillDriverGate RillDriverGate;

/* Each has a duration of its own. */
typedef enum
{
  RILL_DRIVER_CALL_CREATE_BUFFER,
  RILL_DRIVER_CALL_BIND_BUFFER,
  RILL_DRIVER_CALL_DESTROY_BUFFER,
} RillDriverCall;

#define RILL_N_DRIVER_CALLS (RILL_DRIVER_CALL_DESTROY_BUFFER + 1)

typedef enum
{
  RILL_DRIVER_UNKNOWN, /* threads have not met in it, or not often */
  RILL_DRIVER_FREE,    /* threads do not hinder each other more than is worth a lock */
  RILL_DRIVER_SERIAL,  /* one thread at a time */
} RillDriverState;

/* What leaving has to undo: the state may be another by then. */
typedef struct
{
  gint64 start_ns; /* if it is timed */
  guint16 call;
  guint16 how;     /* private */
} RillDriverPass;

RillDriverGate *rill_driver_gate_new       (void);
void            rill_driver_gate_free      (RillDriverGate *self);

RillDriverPass  rill_driver_gate_enter     (RillDriverGate *self,
                                            RillDriverCall  call);
void            rill_driver_gate_leave     (RillDriverGate *self,
                                            RillDriverPass  pass);

RillDriverState rill_driver_gate_get_state (RillDriverGate *self);
