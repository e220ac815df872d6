/* SPDX-License-Identifier: MIT */

/* To be preloaded under ThreadSanitizer, which sees the synchronisation of instrumented code and
 * of pthreads only. GLib is neither: its mutexes are futexes, and what it hands from one thread
 * to another is ordered by atomics of its own. Here its functions say what they order, and
 * nothing more: a release before a hand-over, an acquire behind it. What GLib's documentation
 * does not promise is not claimed. */

#include "interposed.h"

#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#undef g_atomic_ref_count_dec
#undef g_object_unref
#undef g_once_init_leave

/* Locks */

INTERPOSED (g_mutex_lock);
INTERPOSED (g_mutex_trylock);
INTERPOSED (g_mutex_unlock);
INTERPOSED (g_mutex_clear);
INTERPOSED (g_cond_wait);
INTERPOSED (g_cond_wait_until);

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  NEXT (g_mutex_lock) (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  locked = NEXT (g_mutex_trylock) (mutex);
  __tsan_mutex_post_lock (mutex,
                          locked ? __tsan_mutex_try_lock
                                 : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
                          0);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  NEXT (g_mutex_unlock) (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

void
g_mutex_clear (GMutex *mutex)
{
  NEXT (g_mutex_clear) (mutex);
  __tsan_mutex_destroy (mutex, 0);
}

INTERPOSED (g_rw_lock_reader_lock);
INTERPOSED (g_rw_lock_reader_unlock);
INTERPOSED (g_rw_lock_writer_lock);
INTERPOSED (g_rw_lock_writer_unlock);

void
g_rw_lock_reader_lock (GRWLock *lock)
{
  __tsan_mutex_pre_lock (lock, __tsan_mutex_read_lock);
  NEXT (g_rw_lock_reader_lock) (lock);
  __tsan_mutex_post_lock (lock, __tsan_mutex_read_lock, 0);
}

void
g_rw_lock_reader_unlock (GRWLock *lock)
{
  __tsan_mutex_pre_unlock (lock, __tsan_mutex_read_lock);
  NEXT (g_rw_lock_reader_unlock) (lock);
  __tsan_mutex_post_unlock (lock, __tsan_mutex_read_lock);
}

void
g_rw_lock_writer_lock (GRWLock *lock)
{
  __tsan_mutex_pre_lock (lock, 0);
  NEXT (g_rw_lock_writer_lock) (lock);
  __tsan_mutex_post_lock (lock, 0, 0);
}

void
g_rw_lock_writer_unlock (GRWLock *lock)
{
  __tsan_mutex_pre_unlock (lock, 0);
  NEXT (g_rw_lock_writer_unlock) (lock);
  __tsan_mutex_post_unlock (lock, 0);
}

static void
before_wait (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
}

static void
after_wait (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  before_wait (mutex);
  NEXT (g_cond_wait) (cond, mutex);
  after_wait (mutex);
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end_time)
{
  gboolean signalled;

  before_wait (mutex);
  signalled = NEXT (g_cond_wait_until) (cond, mutex, end_time);
  after_wait (mutex);
  return signalled;
}

/* Types: what the first thread has initialised, all others find done. */

INTERPOSED (g_once_init_leave);
INTERPOSED (g_type_register_static_simple);

void
g_once_init_leave (volatile void *location,
                   gsize          result)
{
  __tsan_release ((gpointer) location);
  NEXT (g_once_init_leave) (location, result);
}

typedef struct
{
  GClassInitFunc class_init;
  GInstanceInitFunc instance_init;
  void (*dispose) (GObject *object);
  void (*finalize) (GObject *object);
} TypeFunctions;

static char classes;

static G_DEFINE_QUARK (rill-tsan-functions, functions);

static TypeFunctions *
type_functions (GType type)
{
  return g_type_get_qdata (type, functions_quark ());
}

/* The last reference: whoever has dropped another one before was done with the object. */
static void
object_dispose (GObject *object)
{
  __tsan_acquire (object);
  type_functions (G_OBJECT_TYPE (object))->dispose (object);
}

/* Somebody may have found it, used it and dropped it again while it was disposed of. */
static void
object_finalize (GObject *object)
{
  __tsan_acquire (object);
  type_functions (G_OBJECT_TYPE (object))->finalize (object);
}

static void
class_init (gpointer klass,
            gpointer class_data)
{
  GType type = G_TYPE_FROM_CLASS (klass);
  TypeFunctions *functions = type_functions (type);

  functions->class_init (klass, class_data);
  if (!G_TYPE_IS_ABSTRACT (type))
    {
      functions->dispose = G_OBJECT_CLASS (klass)->dispose;
      functions->finalize = G_OBJECT_CLASS (klass)->finalize;
      G_OBJECT_CLASS (klass)->dispose = object_dispose;
      G_OBJECT_CLASS (klass)->finalize = object_finalize;
    }
  __tsan_release (&classes);
}

static void
instance_init (GTypeInstance *instance,
               gpointer       klass)
{
  __tsan_acquire (&classes);
  type_functions (G_TYPE_FROM_INSTANCE (instance))->instance_init (instance, klass);
}

/* Of Rill's own types, which are objects, and final where they are not abstract. */
GType
g_type_register_static_simple (GType             parent,
                               const char       *name,
                               guint             class_size,
                               GClassInitFunc    real_class_init,
                               guint             instance_size,
                               GInstanceInitFunc real_instance_init,
                               GTypeFlags        flags)
{
  gboolean is_own = g_str_has_prefix (name, "Rill");
  GType type = NEXT (g_type_register_static_simple) (
    parent, name, class_size, is_own ? class_init : real_class_init, instance_size,
    is_own ? instance_init : real_instance_init, flags);

  if (is_own)
    {
      TypeFunctions *functions = g_new0 (TypeFunctions, 1);
      functions->class_init = real_class_init;
      functions->instance_init = real_instance_init;
      g_type_set_qdata (type, functions_quark (), functions);
    }
  return type;
}

/* References */

INTERPOSED (g_object_unref);
INTERPOSED (g_weak_ref_init);
INTERPOSED (g_weak_ref_set);
INTERPOSED (g_weak_ref_get);
INTERPOSED (g_atomic_ref_count_dec);
INTERPOSED (g_bytes_new_with_free_func);
INTERPOSED (g_bytes_unref);

void
g_object_unref (gpointer object)
{
  __tsan_release (object);
  NEXT (g_object_unref) (object);
}

void
g_weak_ref_init (GWeakRef *weak_ref,
                 gpointer  object)
{
  __tsan_release (weak_ref);
  NEXT (g_weak_ref_init) (weak_ref, object);
}

void
g_weak_ref_set (GWeakRef *weak_ref,
                gpointer  object)
{
  __tsan_release (weak_ref);
  NEXT (g_weak_ref_set) (weak_ref, object);
}

gpointer
g_weak_ref_get (GWeakRef *weak_ref)
{
  gpointer object = NEXT (g_weak_ref_get) (weak_ref);

  __tsan_acquire (weak_ref);
  return object;
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean is_last;

  __tsan_release (count);
  is_last = NEXT (g_atomic_ref_count_dec) (count);
  if (is_last)
    __tsan_acquire (count);
  return is_last;
}

/* A function that GLib calls later, perhaps on another thread. */
typedef struct
{
  gpointer owner; /* (unowned) what is released before the call and acquired in it */
  gpointer data;
  GDestroyNotify destroy; /* (nullable) */
  GSourceFunc func;       /* (nullable) */
} Call;

static Call *
call_new (gpointer       owner,
          gpointer       data,
          GDestroyNotify destroy)
{
  Call *call = g_new0 (Call, 1);

  call->owner = owner;
  call->data = data;
  call->destroy = destroy;
  return call;
}

static void
call_destroy (gpointer data)
{
  Call *call = data;

  __tsan_acquire (call->owner);
  if (call->destroy != NULL)
    call->destroy (call->data);
  g_free (call);
}

GBytes *
g_bytes_new_with_free_func (gconstpointer  data,
                            gsize          size,
                            GDestroyNotify free_func,
                            gpointer       user_data)
{
  Call *call = call_new (NULL, user_data, free_func);
  GBytes *bytes = NEXT (g_bytes_new_with_free_func) (data, size, call_destroy, call);

  call->owner = bytes;
  return bytes;
}

void
g_bytes_unref (GBytes *bytes)
{
  if (bytes != NULL)
    __tsan_release (bytes);
  NEXT (g_bytes_unref) (bytes);
}

/* Queues */

INTERPOSED (g_async_queue_push);
INTERPOSED (g_async_queue_pop);
INTERPOSED (g_async_queue_try_pop);
INTERPOSED (g_async_queue_timeout_pop);

void
g_async_queue_push (GAsyncQueue *queue,
                    gpointer     data)
{
  __tsan_release (queue);
  NEXT (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = NEXT (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = NEXT (g_async_queue_try_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue,
                           guint64      timeout_us)
{
  gpointer data = NEXT (g_async_queue_timeout_pop) (queue, timeout_us);

  __tsan_acquire (queue);
  return data;
}

/* Tasks: what was done before the result was returned is seen by who propagates it, and by what
 * frees the task's data. */

INTERPOSED (g_task_new);
INTERPOSED (g_task_return_pointer);
INTERPOSED (g_task_return_boolean);
INTERPOSED (g_task_return_int);
INTERPOSED (g_task_return_error);
INTERPOSED (g_task_propagate_pointer);
INTERPOSED (g_task_propagate_boolean);
INTERPOSED (g_task_propagate_int);
INTERPOSED (g_task_run_in_thread);

static G_DEFINE_QUARK (rill-tsan-thread-func, thread_func);

static void
task_disposed (gpointer  data,
               GObject  *task)
{
  __tsan_acquire (task);
}

GTask *
g_task_new (gpointer             source_object,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data)
{
  GTask *task = NEXT (g_task_new) (source_object, cancellable, callback, callback_data);

  g_object_weak_ref (G_OBJECT (task), task_disposed, NULL);
  return task;
}

void
g_task_return_pointer (GTask          *task,
                       gpointer        result,
                       GDestroyNotify  destroy)
{
  __tsan_release (task);
  NEXT (g_task_return_pointer) (task, result, destroy);
}

void
g_task_return_boolean (GTask    *task,
                       gboolean  result)
{
  __tsan_release (task);
  NEXT (g_task_return_boolean) (task, result);
}

void
g_task_return_int (GTask  *task,
                   gssize  result)
{
  __tsan_release (task);
  NEXT (g_task_return_int) (task, result);
}

void
g_task_return_error (GTask  *task,
                     GError *error)
{
  __tsan_release (task);
  NEXT (g_task_return_error) (task, error);
}

gpointer
g_task_propagate_pointer (GTask   *task,
                          GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_pointer) (task, error);
}

gboolean
g_task_propagate_boolean (GTask   *task,
                          GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_boolean) (task, error);
}

gssize
g_task_propagate_int (GTask   *task,
                      GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_int) (task, error);
}

static void
task_thread (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  GTaskThreadFunc func = g_object_get_qdata (G_OBJECT (task), thread_func_quark ());

  __tsan_acquire (task);
  func (task, source_object, task_data, cancellable);
  __tsan_release (task);
}

void
g_task_run_in_thread (GTask           *task,
                      GTaskThreadFunc  func)
{
  g_object_set_qdata (G_OBJECT (task), thread_func_quark (), func);
  __tsan_release (task);
  NEXT (g_task_run_in_thread) (task, task_thread);
}

/* Sources: what was done before one was attached is seen by its callback, and what that did, and
 * who has destroyed the source, by what frees the callback's data. */

INTERPOSED (g_source_set_callback);
INTERPOSED (g_source_attach);
INTERPOSED (g_source_destroy);
INTERPOSED (g_source_unref);

static gboolean
call_source (gpointer data)
{
  Call *call = data;
  gpointer source = call->owner;
  gboolean result;

  __tsan_acquire (source);
  result = call->func (call->data);
  __tsan_release (source);
  return result;
}

/* The arguments of the callback of another kind of source are not known here. */
void
g_source_set_callback (GSource        *source,
                       GSourceFunc     func,
                       gpointer        data,
                       GDestroyNotify  notify)
{
  if (source->source_funcs == &g_idle_funcs || source->source_funcs == &g_timeout_funcs)
    {
      Call *call = call_new (source, data, notify);
      call->func = func;
      func = call_source;
      data = call;
      notify = call_destroy;
    }
  NEXT (g_source_set_callback) (source, func, data, notify);
}

guint
g_source_attach (GSource      *source,
                 GMainContext *context)
{
  __tsan_release (source);
  return NEXT (g_source_attach) (source, context);
}

void
g_source_destroy (GSource *source)
{
  __tsan_release (source);
  NEXT (g_source_destroy) (source);
}

void
g_source_unref (GSource *source)
{
  __tsan_release (source);
  NEXT (g_source_unref) (source);
}
