/* SPDX-License-Identifier: MIT */
#include "session/rill-driver-gate-private.h"

#include <time.h>

/* A call is timed this often with nobody else in it, for the time that it takes by itself. */
#define N_SAMPLES 64

/* Later a thread times one of so many calls, and of so many timed ones most decide. The first is prime, since
 * calls come in turns. */
#define INTERVAL 61
#define N_TIMED 16

/* How much longer a call takes when threads hinder each other in it. What takes less than the second, in
 * nanoseconds, is not much longer than the wait for a lock of ours would be. */
#define SLOWER 4
#define SHORT_NS 1000

/* A holder that runs is out within some hundreds of nanoseconds; one that does not has to get a processor. */
#define N_SPINS 100
#define N_YIELDS 50

#define CACHE_LINE 64

typedef struct
{
  gint state;        /* (atomic) RillDriverState */
  guint timed;       /* (atomic) calls timed of late; from bit 16 on, those of them that took long */

  /* (atomic) Written under the lock. */
  guint n_samples;
  guint shortest_ns;
} Call;

struct _RillDriverGate
{
  Call calls[RILL_N_DRIVER_CALLS];

  /* In lines of its own: the calls are hardly ever written to once they are known. */
  gint locked __attribute__ ((aligned (CACHE_LINE))); /* (atomic) LockState */
  GMutex sleep_lock;
  GCond unlocked;
};

typedef enum
{
  UNLOCKED,
  LOCKED,
  LOCKED_AND_AWAITED, /* somebody may be asleep until it is unlocked */
} LockState;

typedef enum
{
  PASS_FREE,   /* nothing to undo */
  PASS_TIMED,
  PASS_LOCKED,
  PASS_SAMPLE, /* locked, and timed */
} PassKind;

/* Of this thread, since one was timed. */
static _Thread_local guint n_untimed;

RillDriverGate *
rill_driver_gate_new (void)
{
  RillDriverGate *self;

  self = g_aligned_alloc0 (1, sizeof *self, CACHE_LINE);
  g_mutex_init (&self->sleep_lock);
  g_cond_init (&self->unlocked);
  return self;
}

void
rill_driver_gate_free (RillDriverGate *self)
{
  g_cond_clear (&self->unlocked);
  g_mutex_clear (&self->sleep_lock);
  g_aligned_free (self);
}

/* GLib's clock counts microseconds. */
static gint64
get_time_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static inline gboolean
try_lock (RillDriverGate *self)
{
  gint expected = UNLOCKED;

  return __atomic_load_n (&self->locked, __ATOMIC_RELAXED) == UNLOCKED
         && __atomic_compare_exchange_n (&self->locked, &expected, LOCKED, FALSE, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED);
}

static inline void
pause_shortly (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

/* Who wakes cannot know whether others sleep on, so it takes the lock as awaited. */
static void
sleep_until_locked (RillDriverGate *self)
{
  g_mutex_lock (&self->sleep_lock);
  while (__atomic_exchange_n (&self->locked, LOCKED_AND_AWAITED, __ATOMIC_ACQUIRE) != UNLOCKED)
    g_cond_wait (&self->unlocked, &self->sleep_lock);
  g_mutex_unlock (&self->sleep_lock);
}

static G_NO_INLINE void
wait_and_lock (RillDriverGate *self)
{
  for (guint n = 0; n < N_SPINS + N_YIELDS; n++)
    {
      if (try_lock (self))
        return;
      if (n < N_SPINS)
        pause_shortly ();
      else
        g_thread_yield ();
    }
  sleep_until_locked (self);
}

static inline void
lock (RillDriverGate *self)
{
  if (G_UNLIKELY (!try_lock (self)))
    wait_and_lock (self);
}

/* One is woken, who wakes the next. The mutex: who has marked the lock as awaited sleeps by then. */
static G_NO_INLINE void
wake_one (RillDriverGate *self)
{
  g_mutex_lock (&self->sleep_lock);
  g_cond_signal (&self->unlocked);
  g_mutex_unlock (&self->sleep_lock);
}

static inline void
unlock (RillDriverGate *self)
{
  if (G_UNLIKELY (__atomic_exchange_n (&self->locked, UNLOCKED, __ATOMIC_RELEASE) == LOCKED_AND_AWAITED))
    wake_one (self);
}

/* Under the lock, so that what is measured is a call by itself. The shortest, since any may be
 * interrupted. */
static void
note_sample (Call   *call,
             gint64  elapsed_ns)
{
  guint n = __atomic_load_n (&call->n_samples, __ATOMIC_RELAXED);
  guint shortest_ns = __atomic_load_n (&call->shortest_ns, __ATOMIC_RELAXED);

  if (n == 0 || elapsed_ns < shortest_ns)
    __atomic_store_n (&call->shortest_ns, (guint) MIN (elapsed_ns, G_MAXINT), __ATOMIC_RELAXED);
  __atomic_store_n (&call->n_samples, n + 1, __ATOMIC_RELAXED);
  if (n + 1 == N_SAMPLES)
    __atomic_store_n (&call->state, RILL_DRIVER_FREE, __ATOMIC_RELEASE);
}

/* By majority, since a thread that loses its processor within a call takes thousands of times as long. Of late
 * only: threads that do not meet today may meet tomorrow. */
static void
note_timed (Call   *call,
            gint64  elapsed_ns)
{
  gint64 limit_ns = (gint64) SLOWER * __atomic_load_n (&call->shortest_ns, __ATOMIC_RELAXED);
  guint timed = 1 + (elapsed_ns > MAX (limit_ns, SHORT_NS) ? 1u << 16 : 0);

  timed += __atomic_fetch_add (&call->timed, timed, __ATOMIC_RELAXED);
  if ((timed & 0xffff) < N_TIMED)
    return;
  __atomic_store_n (&call->timed, 0, __ATOMIC_RELAXED);
  if (timed >> 16 > N_TIMED / 2)
    __atomic_store_n (&call->state, RILL_DRIVER_SERIAL, __ATOMIC_RELAXED);
}

RillDriverPass
rill_driver_gate_enter (RillDriverGate *self,
                        RillDriverCall  call)
{
  RillDriverPass pass = { .call = call, .how = PASS_FREE };

  switch (rill_driver_gate_get_state (self, call))
    {
    case RILL_DRIVER_FREE:
      if (G_LIKELY (++n_untimed < INTERVAL))
        return pass;
      n_untimed = 0;
      pass.how = PASS_TIMED;
      pass.start_ns = get_time_ns ();
      break;
    case RILL_DRIVER_SERIAL:
      lock (self);
      pass.how = PASS_LOCKED;
      break;
    case RILL_DRIVER_UNKNOWN:
      lock (self);
      pass.how = PASS_SAMPLE;
      pass.start_ns = get_time_ns ();
      break;
    }
  return pass;
}

void
rill_driver_gate_leave (RillDriverGate *self,
                        RillDriverPass  pass)
{
  switch ((PassKind) pass.how)
    {
    case PASS_FREE:
      break;
    case PASS_TIMED:
      note_timed (&self->calls[pass.call], get_time_ns () - pass.start_ns);
      break;
    case PASS_LOCKED:
      unlock (self);
      break;
    case PASS_SAMPLE:
      note_sample (&self->calls[pass.call], get_time_ns () - pass.start_ns);
      unlock (self);
      break;
    }
}

RillDriverState
rill_driver_gate_get_state (RillDriverGate *self,
                            RillDriverCall  call)
{
  return (RillDriverState) __atomic_load_n (&self->calls[call].state, __ATOMIC_ACQUIRE);
}
