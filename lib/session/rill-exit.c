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

static void
exit_cb (void)
{
  RillContext *context;

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

void
rill_exit_add (RillContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&contexts_lock);

  rill_exit_prepare ();
  if (getpid () != contexts_pid)
    contexts = NULL; /* the parent's */
  contexts = g_list_prepend (contexts, context);
  contexts_pid = getpid ();
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
