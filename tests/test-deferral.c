/* SPDX-License-Identifier: MIT */

/* What is left until the device has come to a value: by whom it is run, and who waits for that. The
 * device has nothing to do here; its progress is told by rill_queue_set_reached(). */

#include "rill-test-util.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define VALUE 1000

static gint n_waits;   /* (atomic) for semaphores, ever */
static gint held;      /* (atomic) such a wait does not end */
static gint n_waiting; /* (atomic) threads that look around from time to time */

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkWaitSemaphores (VkDevice                   device,
                  const VkSemaphoreWaitInfo *info,
                  uint64_t                   timeout)
{
  g_atomic_int_inc (&n_waits);
  while (g_atomic_int_get (&held))
    g_usleep (100);
  return ((PFN_vkWaitSemaphores) dlsym (RTLD_NEXT, "vkWaitSemaphores")) (device, info, timeout);
}

/* And over GLib. A thread that nobody wakes stays here. */
gboolean
g_cond_wait_until (GCond  *condition,
                   GMutex *mutex,
                   gint64  end)
{
  g_atomic_int_inc (&n_waiting);
  g_cond_wait (condition, mutex);
  g_atomic_int_add (&n_waiting, -1);
  return TRUE;
}

#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_usleep (100);                                                                              \
  }                                                                                                \
  G_STMT_END

typedef struct
{
  RillSession *session;
  RillContext *context;
  RillQueue *queue;
  gint started; /* (atomic) */
  gint ended;   /* (atomic) */
  GThread *by;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  GError *error = NULL;

  fixture->session = rill_test_session_new ();
  fixture->context = rill_session_ref_context (fixture->session, &error);
  g_assert_no_error (error);
  fixture->queue = fixture->context->compute_queue;
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rill_context_unref (fixture->context);
  rill_test_session_end (fixture->session);
}

/* Leaves @func, with the queue's own thread held up. */
static void
defer_held (Fixture *fixture,
            void   (*func) (gpointer data))
{
  g_atomic_int_set (&n_waits, 0);
  g_atomic_int_set (&held, TRUE);
  rill_queue_defer (fixture->queue, VALUE, func, fixture);
  wait_for (g_atomic_int_get (&n_waits) > 0);
  rill_queue_set_reached (fixture->queue, VALUE);
}

static void
note_cb (gpointer data)
{
  Fixture *fixture = data;

  fixture->by = g_thread_self ();
  g_atomic_int_inc (&fixture->ended);
}

static void
collect_cb (gpointer data)
{
  Fixture *fixture = data;

  rill_context_collect (fixture->context);
  note_cb (data);
}

/* It does not wait for itself, in whatever thread. */
static void
test_collect_within (Fixture       *fixture,
                     gconstpointer  data)
{
  rill_queue_defer (fixture->queue, VALUE, collect_cb, fixture);
  rill_queue_set_reached (fixture->queue, VALUE);
  wait_for (g_atomic_int_get (&fixture->ended) == 1);
  g_assert_true (fixture->by != g_thread_self ());
}

static void
test_collect_within_collect (Fixture       *fixture,
                             gconstpointer  data)
{
  defer_held (fixture, collect_cb);
  rill_context_collect (fixture->context);
  g_assert_cmpint (g_atomic_int_get (&fixture->ended), ==, 1);
  g_assert_true (fixture->by == g_thread_self ());
  g_atomic_int_set (&held, FALSE);
}

static void
slow_cb (gpointer data)
{
  Fixture *fixture = data;

  g_atomic_int_set (&fixture->started, TRUE);
  wait_for (g_atomic_int_get (&n_waiting) > 0);
  g_usleep (20 * 1000);
  note_cb (data);
}

/* What another thread is at has ended too, also for one who has run such work before. */
static void
test_collect_after (Fixture       *fixture,
                    gconstpointer  data)
{
  defer_held (fixture, note_cb);
  rill_context_collect (fixture->context);
  g_assert_true (fixture->by == g_thread_self ());
  g_atomic_int_set (&held, FALSE);
  rill_queue_defer (fixture->queue, VALUE, slow_cb, fixture);
  wait_for (g_atomic_int_get (&fixture->started));
  rill_context_collect (fixture->context);
  g_assert_cmpint (g_atomic_int_get (&fixture->ended), ==, 2);
}

static gpointer
collect_thread (gpointer data)
{
  Fixture *fixture = data;

  rill_context_collect (fixture->context);
  return NULL;
}

/* Who waits for another that collects is woken. */
static void
test_two_collect (Fixture       *fixture,
                  gconstpointer  data)
{
  GThread *thread;

  defer_held (fixture, slow_cb);
  thread = g_thread_new ("collect", collect_thread, fixture);
  wait_for (g_atomic_int_get (&fixture->started));
  rill_context_collect (fixture->context);
  g_assert_cmpint (g_atomic_int_get (&fixture->ended), ==, 1);
  g_assert_true (fixture->by == thread);
  g_thread_join (thread);
  g_atomic_int_set (&held, FALSE);
}

static gpointer
rest_thread (gpointer data)
{
  Fixture *fixture = data;

  rill_queue_rest (fixture->queue);
  return NULL;
}

/* At rest the queue's own thread is out of the driver, and nothing is run. */
static void
test_rest (Fixture       *fixture,
           gconstpointer  data)
{
  RillQueue *queue = fixture->queue;
  GThread *thread;

  defer_held (fixture, note_cb);
  thread = g_thread_new ("rest", rest_thread, fixture);
  wait_for (g_atomic_int_get (&n_waiting) > 0);
  g_atomic_int_set (&held, FALSE);
  g_thread_join (thread);
  for (guint i = 0; i < 2; i++)
    rill_context_collect (fixture->context);
  g_assert_cmpint (g_atomic_int_get (&fixture->ended), ==, 0);

  g_mutex_lock (&queue->lock);
  queue->at_rest = FALSE;
  g_cond_broadcast (&queue->changed);
  g_mutex_unlock (&queue->lock);
  wait_for (g_atomic_int_get (&fixture->ended) == 1);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/deferral/collect-within", test_collect_within);
  ADD ("/deferral/collect-within/collect", test_collect_within_collect);
  ADD ("/deferral/collect-after", test_collect_after);
  ADD ("/deferral/two-collect", test_two_collect);
  ADD ("/deferral/rest", test_rest);
  return g_test_run ();
}
