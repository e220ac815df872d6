/* SPDX-License-Identifier: MIT */

/* What the gate learns of a driver, and how it lets threads in. */

#include "rill-test-driver-gate.h"

#define CREATE RILL_DRIVER_CALL_CREATE_BUFFER
#define BIND RILL_DRIVER_CALL_BIND_BUFFER
#define DESTROY RILL_DRIVER_CALL_DESTROY_BUFFER

#define N_THREADS 6

typedef struct
{
  RillDriverGate *gate;
} Fixture;

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  f->gate = rill_driver_gate_new ();
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  rill_test_clock_stands = FALSE;
  rill_driver_gate_free (f->gate);
}

static void
pass_timed (Fixture        *f,
            guint           n,
            RillDriverCall  call,
            gint64          duration_ns)
{
  for (guint i = 0; i < n; i++)
    rill_test_gate_pass_timed (f->gate, call, duration_ns);
}

static void
assert_states (Fixture         *f,
               RillDriverState  create,
               RillDriverState  bind,
               RillDriverState  destroy)
{
  g_assert_cmpint (rill_driver_gate_get_state (f->gate, CREATE), ==, create);
  g_assert_cmpint (rill_driver_gate_get_state (f->gate, BIND), ==, bind);
  g_assert_cmpint (rill_driver_gate_get_state (f->gate, DESTROY), ==, destroy);
}

/* The clock is read for the samples, and seldom later. */
static void
test_clock (Fixture       *f,
            gconstpointer  data)
{
  guint n_read = rill_test_clock_n_read;

  rill_test_gate_learn_alone (f->gate, 100);
  g_assert_cmpuint (rill_test_clock_n_read - n_read, ==, 2 * RILL_TEST_GATE_SAMPLES * RILL_N_DRIVER_CALLS);
  n_read = rill_test_clock_n_read;
  for (guint i = 0; i < 10 * RILL_TEST_GATE_INTERVAL; i++)
    for (guint call = 0; call < RILL_N_DRIVER_CALLS; call++)
      rill_test_gate_pass (f->gate, call, 100);
  g_assert_cmpuint (rill_test_clock_n_read - n_read, ==, 2 * 10 * RILL_N_DRIVER_CALLS);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
}

static void
test_serial (Fixture       *f,
             gconstpointer  data)
{
  guint n_read;

  assert_states (f, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN);
  rill_test_gate_learn_alone (f->gate, 300);
  pass_timed (f, RILL_TEST_GATE_TIMED - 1, DESTROY, 1201);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
  pass_timed (f, 1, DESTROY, 1201);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_SERIAL);

  n_read = rill_test_clock_n_read;
  for (guint i = 0; i < 2 * RILL_TEST_GATE_INTERVAL * RILL_TEST_GATE_TIMED; i++)
    rill_test_gate_pass (f->gate, DESTROY, 0);
  g_assert_cmpuint (rill_test_clock_n_read, ==, n_read);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_SERIAL);
}

static void
test_free (Fixture       *f,
           gconstpointer  data)
{
  rill_test_gate_learn_alone (f->gate, 300);
  pass_timed (f, 2 * RILL_TEST_GATE_TIMED, CREATE, 1200);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
}

/* Two threads do no harm, but four do, which come long after. */
static void
test_later (Fixture       *f,
            gconstpointer  data)
{
  rill_test_gate_learn_alone (f->gate, 100);
  pass_timed (f, 100 * RILL_TEST_GATE_TIMED, BIND, 300);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
  pass_timed (f, RILL_TEST_GATE_TIMED, BIND, 20000);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_SERIAL, RILL_DRIVER_FREE);
}

/* Many times as long, and still no longer than the wait for a lock may be. */
static void
test_short_calls (Fixture       *f,
                  gconstpointer  data)
{
  rill_test_gate_learn_alone (f->gate, 10);
  pass_timed (f, RILL_TEST_GATE_TIMED, CREATE, 1000);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
}

/* Half of the calls lose their processor. */
static void
test_interrupted_calls (Fixture       *f,
                        gconstpointer  data)
{
  rill_test_gate_learn_alone (f->gate, 100);
  pass_timed (f, RILL_TEST_GATE_TIMED / 2, CREATE, G_GINT64_CONSTANT (10000000000));
  pass_timed (f, RILL_TEST_GATE_TIMED / 2, CREATE, 100);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
}

/* Few calls get their processor for as long as they need. */
static void
test_interrupted_samples (Fixture       *f,
                          gconstpointer  data)
{
  rill_test_clock_stands = TRUE;
  rill_test_gate_pass (f->gate, CREATE, G_GINT64_CONSTANT (10000000000));
  rill_test_gate_pass (f->gate, CREATE, 100);
  for (guint i = 2; i < RILL_TEST_GATE_SAMPLES; i++)
    rill_test_gate_pass (f->gate, CREATE, G_GINT64_CONSTANT (10000000000));
  pass_timed (f, RILL_TEST_GATE_TIMED, CREATE, 10000);
  assert_states (f, RILL_DRIVER_SERIAL, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN);
}

/* To create takes longer than to bind, with nobody beside. */
static void
test_durations_of_calls (Fixture       *f,
                         gconstpointer  data)
{
  rill_test_clock_stands = TRUE;
  for (guint i = 0; i < RILL_TEST_GATE_SAMPLES; i++)
    {
      rill_test_gate_pass (f->gate, CREATE, 2000);
      rill_test_gate_pass (f->gate, BIND, 100);
    }
  pass_timed (f, RILL_TEST_GATE_TIMED, CREATE, 5000);
  pass_timed (f, RILL_TEST_GATE_TIMED, BIND, 5000);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_SERIAL, RILL_DRIVER_UNKNOWN);
}

typedef struct
{
  RillDriverGate *gate;
  gint has_entered; /* (atomic) */
} Passer;

static gpointer
pass_thread (gpointer data)
{
  Passer *passer = data;
  RillDriverPass pass = rill_driver_gate_enter (passer->gate, CREATE);

  g_atomic_int_set (&passer->has_entered, TRUE);
  rill_driver_gate_leave (passer->gate, pass);
  return NULL;
}

/* Calls that last while the state becomes another leave as they have entered. */
static void
test_decided_within_calls (Fixture       *f,
                           gconstpointer  data)
{
  Passer passer = { .gate = f->gate };
  RillDriverPass sample, timed, free, serial;
  GThread *thread;
  guint n_read;

  rill_test_clock_stands = TRUE;
  for (guint i = 0; i < RILL_TEST_GATE_SAMPLES; i++)
    rill_test_gate_pass (f->gate, CREATE, 100);
  sample = rill_driver_gate_enter (f->gate, DESTROY); /* holds the lock */
  n_read = rill_test_clock_n_read;
  do
    {
      timed = rill_driver_gate_enter (f->gate, CREATE);
    }
  while (n_read == rill_test_clock_n_read); /* those before have nothing to leave */
  free = rill_driver_gate_enter (f->gate, CREATE);
  pass_timed (f, RILL_TEST_GATE_TIMED, CREATE, 10000);
  assert_states (f, RILL_DRIVER_SERIAL, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN);

  rill_driver_gate_leave (f->gate, sample);
  serial = rill_driver_gate_enter (f->gate, CREATE);
  rill_driver_gate_leave (f->gate, timed);
  rill_driver_gate_leave (f->gate, free);
  assert_states (f, RILL_DRIVER_SERIAL, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN);
  thread = g_thread_new ("pass", pass_thread, &passer);
  g_usleep (5000); /* in which it falls asleep */
  g_assert_false (g_atomic_int_get (&passer.has_entered));
  rill_driver_gate_leave (f->gate, serial);
  g_thread_join (thread);
  g_assert_true (passer.has_entered);
}

/* Threads in a driver that is not one: what they meet in, and how long that takes by their clocks. */
typedef struct
{
  RillDriverGate *gate;
  gboolean collapses; /* calls that meet take longer */
  gboolean must_be_alone;
  guint n_calls;      /* of each thread; 0: until the gate has found all calls to be serial */
  gint n_near;        /* (atomic) inside, about to enter, or just out */
  gint n_inside;      /* (atomic) */
  guint n_done;       /* of those who are alone: no atomic, so that a sanitizer sees who is not */
} Driver;

static gboolean
are_all_serial (RillDriverGate *gate)
{
  for (guint call = 0; call < RILL_N_DRIVER_CALLS; call++)
    if (rill_driver_gate_get_state (gate, call) != RILL_DRIVER_SERIAL)
      return FALSE;
  return TRUE;
}

static void
call_driver (Driver *driver,
             guint   n)
{
  gint n_inside = g_atomic_int_add (&driver->n_inside, 1) + 1;

  if (driver->must_be_alone)
    {
      g_assert_cmpint (n_inside, ==, 1);
      driver->n_done++;
    }
  /* Others come meanwhile; now and then so late that they have gone to sleep. */
  if (n % 64 == 0)
    g_usleep (500);
  else if (n % 4 == 0)
    g_thread_yield ();
  rill_test_clock_ns += driver->collapses && g_atomic_int_get (&driver->n_near) > 1 ? 3000 : 100;
  g_atomic_int_add (&driver->n_inside, -1);
}

static gpointer
driver_thread (gpointer data)
{
  Driver *driver = data;

  rill_test_clock_stands = TRUE;
  for (guint n = 0; driver->n_calls > 0 ? n < driver->n_calls : !are_all_serial (driver->gate); n++)
    {
      RillDriverPass pass;

      g_atomic_int_inc (&driver->n_near);
      pass = rill_driver_gate_enter (driver->gate, n % RILL_N_DRIVER_CALLS);
      call_driver (driver, n);
      rill_driver_gate_leave (driver->gate, pass);
      g_atomic_int_add (&driver->n_near, -1);
    }
  return NULL;
}

static void
run_threads (Driver *driver)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("driver", driver_thread, driver);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (driver->n_inside, ==, 0);
}

/* Threads that come and go, in a driver that cannot bear them: they meet until that is known, then no
 * more. */
static void
test_threads_serial (Fixture       *f,
                     gconstpointer  data)
{
  Driver driver = { .gate = f->gate, .collapses = TRUE };

  rill_test_gate_learn_alone (f->gate, 100);
  rill_test_clock_stands = FALSE;
  run_threads (&driver);
  driver.must_be_alone = TRUE;
  driver.n_calls = 300;
  for (guint i = 0; i < 5; i++)
    run_threads (&driver);
  g_assert_cmpuint (driver.n_done, ==, 5 * N_THREADS * 300);
}

static void
test_threads_free (Fixture       *f,
                   gconstpointer  data)
{
  Driver driver = { .gate = f->gate, .n_calls = 3000 };

  run_threads (&driver);
  assert_states (f, RILL_DRIVER_FREE, RILL_DRIVER_FREE, RILL_DRIVER_FREE);
}

/* What a call takes by itself is measured with nobody beside, even where many threads are there from the
 * start. */
static void
test_threads_while_sampled (Fixture       *f,
                            gconstpointer  data)
{
  Driver driver = { .gate = f->gate, .must_be_alone = TRUE };

  driver.n_calls = RILL_N_DRIVER_CALLS * (RILL_TEST_GATE_SAMPLES / N_THREADS);
  run_threads (&driver);
  g_assert_cmpuint (driver.n_done, ==, N_THREADS * driver.n_calls);
  assert_states (f, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN, RILL_DRIVER_UNKNOWN);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/driver-gate/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("clock", test_clock);
  ADD ("serial", test_serial);
  ADD ("free", test_free);
  ADD ("later", test_later);
  ADD ("short-calls", test_short_calls);
  ADD ("interrupted-calls", test_interrupted_calls);
  ADD ("interrupted-samples", test_interrupted_samples);
  ADD ("durations-of-calls", test_durations_of_calls);
  ADD ("decided-within-calls", test_decided_within_calls);
  ADD ("threads-serial", test_threads_serial);
  ADD ("threads-free", test_threads_free);
  ADD ("threads-while-sampled", test_threads_while_sampled);
#undef ADD
  return g_test_run ();
}
