/* SPDX-License-Identifier: MIT */
#include "session/rill-driver-gate-private.h"

#include <time.h>

/* A call is timed this often with nobody else in it, for the time that it takes by itself; and this many
 * that go in beside another make the decision. */
#define N_SAMPLES 64

/* How much longer a call may take beside another. What takes less than the second, in nanoseconds, is no
 * longer than the wait for a lock of ours would be. */
#define SLOWER 4
#define SHORT_NS 250

/* A holder that runs is out within some hundreds of nanoseconds; one that does not has to get a processor. */
#define N_SPINS 100
#define N_YIELDS 50

#define CACHE_LINE 64

struct _RillDriverGate
{
  gint state;  /* (atomic) RillDriverState, set once */
  gint locked; /* (atomic) LockState */
  gint inside; /* (atomic) somebody has gone in first */
  guint met;   /* (atomic) calls beside another; from bit 16 on, those of them that took long */

  /* (atomic) Written under the lock. */
  guint n_alone[RILL_N_DRIVER_CALLS];
  guint shortest_ns[RILL_N_DRIVER_CALLS];

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
  PASS_LOCKED,
  PASS_SAMPLE, /* locked, and timed */
  PASS_FIRST,  /* has set inside */
  PASS_BESIDE, /* timed */
} PassKind;

RillDriverGate *
rill_driver_gate_new (void)
{
  RillDriverGate *self;

  /* With nothing else in its lines: once it is known to be free it is only read, by every thread. */
  self = g_aligned_alloc0 (1, (sizeof *self + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE, CACHE_LINE);
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
note_alone (RillDriverGate *self,
            guint           call,
            gint64          elapsed_ns)
{
  guint n = __atomic_load_n (&self->n_alone[call], __ATOMIC_RELAXED);
  guint shortest_ns = __atomic_load_n (&self->shortest_ns[call], __ATOMIC_RELAXED);

  if (n == 0 || elapsed_ns < shortest_ns)
    __atomic_store_n (&self->shortest_ns[call], (guint) MIN (elapsed_ns, G_MAXINT), __ATOMIC_RELAXED);
  __atomic_store_n (&self->n_alone[call], n + 1, __ATOMIC_RELEASE);
}

/* By majority, since a thread that loses its processor within a call takes thousands of times as long. */
static void
note_beside (RillDriverGate *self,
             guint           call,
             gint64          elapsed_ns)
{
  gint64 limit_ns = (gint64) SLOWER * __atomic_load_n (&self->shortest_ns[call], __ATOMIC_RELAXED);
  guint met = 1 + (elapsed_ns > MAX (limit_ns, SHORT_NS) ? 1u << 16 : 0);

  met += __atomic_fetch_add (&self->met, met, __ATOMIC_RELAXED);
  if ((met & 0xffff) == N_SAMPLES)
    __atomic_store_n (&self->state, met >> 16 > N_SAMPLES / 2 ? RILL_DRIVER_SERIAL : RILL_DRIVER_FREE,
                      __ATOMIC_RELAXED);
}

/* Who is first need not be known for sure, so no atomic operation but loads and stores is spent on it: a call
 * beside another that is not taken for one is not counted, that is all. */
static PassKind
enter_unknown (RillDriverGate *self,
               RillDriverCall  call)
{
  if (__atomic_load_n (&self->n_alone[call], __ATOMIC_ACQUIRE) < N_SAMPLES)
    {
      lock (self);
      return PASS_SAMPLE;
    }
  if (__atomic_load_n (&self->inside, __ATOMIC_RELAXED))
    return PASS_BESIDE;
  __atomic_store_n (&self->inside, TRUE, __ATOMIC_RELAXED);
  return PASS_FIRST;
}

RillDriverPass
rill_driver_gate_enter (RillDriverGate *self,
                        RillDriverCall  call)
{
  RillDriverPass pass = { .call = call, .how = PASS_FREE };

  switch (rill_driver_gate_get_state (self))
    {
    case RILL_DRIVER_FREE:
      break;
    case RILL_DRIVER_SERIAL:
      lock (self);
      pass.how = PASS_LOCKED;
      break;
    case RILL_DRIVER_UNKNOWN:
      pass.how = enter_unknown (self, call);
      if (pass.how == PASS_SAMPLE || pass.how == PASS_BESIDE)
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
    case PASS_SAMPLE:
      note_alone (self, pass.call, get_time_ns () - pass.start_ns);
      unlock (self);
      break;
    case PASS_LOCKED:
      unlock (self);
      break;
    case PASS_FIRST:
      __atomic_store_n (&self->inside, FALSE, __ATOMIC_RELAXED);
      break;
    case PASS_BESIDE:
      note_beside (self, pass.call, get_time_ns () - pass.start_ns);
      break;
    }
}

RillDriverState
rill_driver_gate_get_state (RillDriverGate *self)
{
  return (RillDriverState) __atomic_load_n (&self->state, __ATOMIC_RELAXED);
}
