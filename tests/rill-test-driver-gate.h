/* SPDX-License-Identifier: MIT */
#pragma once

/* A clock that stands still until a test moves it, one for each thread, and drivers that the gate learns to
 * know by it. */

#include <glib.h>

#include "session/rill-driver-gate-private.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RILL_TEST_GATE_SAMPLES 64
#define RILL_TEST_GATE_INTERVAL 61
#define RILL_TEST_GATE_TIMED 16

/* In a thread that has it count. */
static __thread gboolean rill_test_clock_stands;
static __thread gint64 rill_test_clock_ns;
static __thread guint rill_test_clock_n_read;

/* The program takes precedence over the C library. */
int
clock_gettime (clockid_t        clock,
               struct timespec *now)
{
  if (!rill_test_clock_stands)
    return (int) syscall (SYS_clock_gettime, clock, now);
  rill_test_clock_n_read++;
  now->tv_sec = rill_test_clock_ns / 1000000000;
  now->tv_nsec = rill_test_clock_ns % 1000000000;
  return 0;
}

static inline void
rill_test_gate_pass (RillDriverGate *gate,
                     RillDriverCall  call,
                     gint64          duration_ns)
{
  RillDriverPass pass = rill_driver_gate_enter (gate, call);

  rill_test_clock_ns += duration_ns;
  rill_driver_gate_leave (gate, pass);
}

/* Until one of them is timed, which is the one that lasts. */
static inline void
rill_test_gate_pass_timed (RillDriverGate *gate,
                           RillDriverCall  call,
                           gint64          duration_ns)
{
  guint n_read = rill_test_clock_n_read;

  for (guint i = 0; i < RILL_TEST_GATE_INTERVAL && n_read == rill_test_clock_n_read; i++)
    {
      RillDriverPass pass = rill_driver_gate_enter (gate, call);

      if (n_read < rill_test_clock_n_read)
        rill_test_clock_ns += duration_ns;
      rill_driver_gate_leave (gate, pass);
    }
  g_assert_cmpuint (rill_test_clock_n_read - n_read, ==, 2);
}

/* The clock stands from here on. */
static inline void
rill_test_gate_learn_alone (RillDriverGate *gate,
                            gint64          duration_ns)
{
  rill_test_clock_stands = TRUE;
  for (guint i = 0; i < RILL_TEST_GATE_SAMPLES; i++)
    for (guint call = 0; call < RILL_N_DRIVER_CALLS; call++)
      rill_test_gate_pass (gate, call, duration_ns);
}

static inline void
rill_test_gate_make_serial (RillDriverGate *gate)
{
  rill_test_gate_learn_alone (gate, 100);
  for (guint call = 0; call < RILL_N_DRIVER_CALLS; call++)
    {
      for (guint i = 0; i < RILL_TEST_GATE_TIMED; i++)
        rill_test_gate_pass_timed (gate, call, 10000);
      g_assert_cmpint (rill_driver_gate_get_state (gate, call), ==, RILL_DRIVER_SERIAL);
    }
  rill_test_clock_stands = FALSE;
}
