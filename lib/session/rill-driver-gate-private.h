/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Around calls of the driver that need no order of ours, and that some drivers take far longer for when
 * threads meet in them than when they come one by one: their own lock is to blame. Which calls those are is
 * learned from how long they take now and then; from there on they are let in one by one, the others go freely.
 *
 * Within it nothing but the driver is called. What the driver calls, such as a messenger's callback, does not
 * enter. Safe from any thread. */
typedef struct _RillDriverGate RillDriverGate;

typedef enum
{
  RILL_DRIVER_CALL_CREATE_BUFFER,
  RILL_DRIVER_CALL_BIND_BUFFER,
  RILL_DRIVER_CALL_DESTROY_BUFFER,
} RillDriverCall;

#define RILL_N_DRIVER_CALLS (RILL_DRIVER_CALL_DESTROY_BUFFER + 1)

typedef enum
{
  RILL_DRIVER_UNKNOWN, /* how long the call takes by itself is being measured: one thread at a time */
  RILL_DRIVER_FREE,    /* threads have not hindered each other in it more than is worth a lock */
  RILL_DRIVER_SERIAL,  /* they have: one thread at a time, for good */
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

RillDriverState rill_driver_gate_get_state (RillDriverGate *self,
                                            RillDriverCall  call);
