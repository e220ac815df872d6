/* SPDX-License-Identifier: MIT */
#include "session/rill-exit-private.h"

#include <stdlib.h>
#include <unistd.h>

/* Of the C library, for the destructors of C++'s thread-local variables: exit() runs those of its thread before
 * all that was registered with atexit(). */
extern int __cxa_thread_atexit_impl (void (*func) (void *data),
                                     void  *data,
                                     void  *dso) __attribute__ ((weak));
extern char __dso_handle[] __attribute__ ((visibility ("hidden")));

static GMutex contexts_lock;
static GCond contexts_changed;
static GList *contexts;       /* (element-type RillContext) (unowned) */
static GList *rest_contexts;  /* (element-type RillContext) (owned) at rest */
static pid_t contexts_pid;
static gboolean registered;
static guint n_opening;      /* threads that open a session */
static gboolean exiting;

/* Loading a driver takes some tenths of a second; this is for one that never ends. */
#define OPENING_US (20 * G_USEC_PER_SEC)

/* The next context to bring to rest, with a reference. */
static RillContext *
take_next (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  /* A child of fork() has none of the threads that it would wait for. */
  while (contexts != NULL && getpid () == contexts_pid)
    {
      RillContext *context = contexts->data;

      if (rill_context_try_ref (context))
        {
          contexts = g_list_remove (contexts, context);
          rest_contexts = g_list_prepend (rest_contexts, context);
          return context;
        }
      /* Another thread is ending it just now. */
      g_cond_wait (&contexts_changed, &contexts_lock);
    }
  return NULL;
}

/* What a child of fork() finds here is its parent's. */
static void
know_process_locked (void)
{
  if (getpid () == contexts_pid)
    return;
  contexts = NULL;
  n_opening = 0;
  contexts_pid = getpid ();
}

/* In the middle of it, a thread would be left with a driver half loaded. */
static void
end_opening (void)
{
  gint64 deadline = g_get_monotonic_time () + OPENING_US;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  know_process_locked ();
  exiting = TRUE;
  while (n_opening > 0 && g_cond_wait_until (&contexts_changed, &contexts_lock, deadline))
    ;
}

static void
exit_cb (void)
{
  RillContext *context;

  end_opening ();
  while ((context = take_next ()) != NULL)
    rill_context_rest (context);
}

/* A driver that compiles registers destructors as it goes, and what is newer than exit_cb() runs before it. At
 * the end of the thread that exits nothing is newer any more. Where only the thread ends, it is for later. */
static void
thread_end_cb (void *data)
{
  (void) atexit (exit_cb);
}

void
rill_exit_prepare (void)
{
  static _Thread_local gboolean prepared;

  if (prepared)
    return;
  prepared = TRUE;
  /* The thread of main(): few programs exit in another one, and the others end earlier. */
  if (__cxa_thread_atexit_impl != NULL && gettid () == getpid ())
    __cxa_thread_atexit_impl (thread_end_cb, NULL, __dso_handle);
}

gboolean
rill_exit_begin_opening (GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  know_process_locked ();
  if (exiting)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           "Could not open a session: the process is about to exit");
      return FALSE;
    }
  n_opening++;
  return TRUE;
}

void
rill_exit_end_opening (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  n_opening--;
  g_cond_broadcast (&contexts_changed);
}

void
rill_exit_add (RillContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  rill_exit_prepare ();
  know_process_locked ();
  contexts = g_list_prepend (contexts, context);
  /* The last handler runs first. The drivers stay loaded from the first session on, but the validation
   * layer comes anew with each session that has it, and its destructors with it. Where no handler can be
   * had, exit() is as unsafe as without. */
  if (!registered || context->instance->messenger != VK_NULL_HANDLE)
    registered = atexit (exit_cb) == 0;
}

void
rill_exit_remove (RillContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  contexts = g_list_remove (contexts, context);
  g_cond_broadcast (&contexts_changed);
}
