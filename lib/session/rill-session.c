/* SPDX-License-Identifier: MIT */
#include "session/rill-session-private.h"

#include "core/rill-error-private.h"
#include "rill-enum-types.h"
#include "session/rill-device-private.h"
#include "session/rill-exit-private.h"
#include "session/rill-memory-type.h"

#include <string.h>

/**
 * RillSession:
 *
 * A session opens a device and owns everything that is made on it.
 *
 * Its signals, and the notifications of its objects' properties, arrive in the main context that was
 * the thread's default when the session was made; see [func@GLib.MainContext.ref_thread_default].
 *
 * A session stays open until [method@Session.close] or until the last reference of it and of the
 * objects made from it goes. Garbage collectors do not see device memory: programs in such
 * languages close what they no longer need.
 *
 * Every method may be called from any thread.
 */

#define N_USAGES (RILL_MEMORY_USAGE_DOWNLOAD + 1)

#define DEFAULT_BUDGET_THRESHOLD 0.9

/* Of a layer above: the list of transfers says what its items are. */
GType rill_transfer_get_type (void);

/* What the messenger's callback gets. The context holds it as long as its Vulkan instance lives. */
typedef struct
{
  gatomicrefcount ref_count;
  GMutex lock;
  RillSession *session; /* (unowned) */
  gint lost;            /* (atomic) the device is */
} ValidationSink;

struct _RillSession
{
  GObject parent_instance;

  RillDevice *device; /* (owned) (nullable) until initialised: the default */
  RillSessionFlags flags;
  RillEmitter *emitter;   /* (owned) */
  RillBudgetWatch *budget_watch; /* (owned) */
  GListStore *transfers;  /* (owned) */
  RillChildren children;
  ValidationSink *sink;   /* (owned) (nullable) */

  GMutex init_lock; /* one thread initialises, others wait for its result */
  GMutex lock;
  RillContext *context; /* (owned) (nullable) */
  gboolean initialized;
  gboolean closed;
  GWeakRef usage_memories[N_USAGES];
};

typedef enum
{
  PROP_DEVICE = 1,
  PROP_FLAGS,
  PROP_CLOSED,
  PROP_TRANSFERS,
  PROP_BUDGET_THRESHOLD,
} RillSessionProperty;

enum
{
  SIGNAL_VALIDATION_MESSAGE,
  SIGNAL_DEVICE_LOST,
  SIGNAL_BUDGET_LOW,
  N_SIGNALS,
};

static GParamSpec *properties[PROP_BUDGET_THRESHOLD + 1];
static guint signals[N_SIGNALS];

static void rill_session_initable_init (GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RillSession, rill_session, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, rill_session_initable_init))

/* A device that is lost does not get to the end of what was submitted, so the validation layer takes all
 * of it for pending for ever, although Vulkan allows it to be destroyed. */
static gboolean
is_about_lost_work (ValidationSink *sink,
                    const char     *text)
{
  return g_atomic_int_get (&sink->lost) && strstr (text, "in use") != NULL;
}

static VkBool32 VKAPI_PTR
validation_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
               VkDebugUtilsMessageTypeFlagsEXT             types,
               const VkDebugUtilsMessengerCallbackDataEXT *data,
               void                                       *user_data)
{
  ValidationSink *sink = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&sink->lock);

  if (sink->session != NULL && !is_about_lost_work (sink, data->pMessage))
    rill_emitter_emit (sink->session->emitter, sink->session, signals[SIGNAL_VALIDATION_MESSAGE],
                       severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT
                         ? RILL_VALIDATION_SEVERITY_ERROR
                         : RILL_VALIDATION_SEVERITY_WARNING,
                       data->pMessageIdName != NULL ? data->pMessageIdName : "", data->pMessage);
  return VK_FALSE;
}

static void
validation_sink_unref (gpointer data)
{
  ValidationSink *sink = data;

  if (!g_atomic_ref_count_dec (&sink->ref_count))
    return;
  g_mutex_clear (&sink->lock);
  g_free (sink);
}

static void
device_lost_cb (gpointer data)
{
  RillSession *self = data;

  if (self->sink != NULL)
    g_atomic_int_set (&self->sink->lost, TRUE);
  rill_emitter_emit (self->emitter, self, signals[SIGNAL_DEVICE_LOST]);
}

static gboolean
check_flags (RillSessionFlags   flags,
             GError           **error)
{
  if ((flags & ~(guint) RILL_SESSION_VALIDATION) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not open a session: unknown flags 0x%x", flags & ~(guint) RILL_SESSION_VALIDATION);
  return FALSE;
}

static RillContext *
open_context (RillSession  *self,
              RillDevice   *device,
              GError      **error)
{
  g_autoptr (RillInstance) instance = NULL;
  ValidationSink *sink = NULL;
  RillContext *context;

  if (self->flags & RILL_SESSION_VALIDATION)
    {
      sink = g_new0 (ValidationSink, 1);
      g_atomic_ref_count_init (&sink->ref_count);
      g_mutex_init (&sink->lock);
      sink->session = self;
    }
  instance = rill_instance_new (sink != NULL ? validation_cb : NULL, sink, error);
  context = instance != NULL
              ? rill_context_new (device, instance, self->emitter, self->budget_watch, error)
              : NULL;
  if (context == NULL)
    {
      g_clear_pointer (&instance, rill_instance_unref);
      g_clear_pointer (&sink, validation_sink_unref);
      return NULL;
    }
  rill_budget_watch_set_threshold (self->budget_watch, DEFAULT_BUDGET_THRESHOLD);
  rill_context_set_lost_func (context, device_lost_cb, self);
  context->validation_data = sink;
  context->validation_data_free = validation_sink_unref;
  self->sink = sink;
  if (sink != NULL)
    g_atomic_ref_count_inc (&sink->ref_count);
  return context;
}

static gboolean
rill_session_initable_init_cb (GInitable     *initable,
                               GCancellable  *cancellable,
                               GError       **error)
{
  RillSession *self = RILL_SESSION (initable);
  g_autoptr (RillDevice) device = self->device != NULL ? g_object_ref (self->device) : NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->init_lock);
  RillContext *context;

  if (self->initialized)
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !check_flags (self->flags, error))
    return FALSE;
  if (!rill_exit_begin_opening (error))
    return FALSE;
  if (device == NULL)
    device = rill_device_choose (error);
  context = device != NULL && rill_device_check_usable (device, error)
              ? open_context (self, device, error)
              : NULL;
  rill_exit_end_opening ();
  if (context == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  self->context = context;
  self->initialized = TRUE;
  g_set_object (&self->device, device);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
rill_session_initable_init (GInitableIface *iface)
{
  iface->init = rill_session_initable_init_cb;
}

static void
rill_session_dispose (GObject *object)
{
  RillSession *self = RILL_SESSION (object);

  rill_session_close (self);
  G_OBJECT_CLASS (rill_session_parent_class)->dispose (object);
}

static void
rill_session_finalize (GObject *object)
{
  RillSession *self = RILL_SESSION (object);

  for (guint i = 0; i < N_USAGES; i++)
    g_weak_ref_clear (&self->usage_memories[i]);
  rill_children_clear (&self->children);
  g_clear_object (&self->device);
  g_clear_object (&self->transfers);
  rill_budget_watch_unref (self->budget_watch);
  rill_emitter_drop_gone (self->emitter);
  rill_emitter_unref (self->emitter);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->init_lock);
  G_OBJECT_CLASS (rill_session_parent_class)->finalize (object);
}

static void
rill_session_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  RillSession *self = RILL_SESSION (object);

  switch ((RillSessionProperty) prop_id)
    {
    case PROP_DEVICE:
      g_value_set_object (value, rill_session_get_device (self));
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, rill_session_get_flags (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_session_get_closed (self));
      break;
    case PROP_TRANSFERS:
      g_value_set_object (value, rill_session_get_transfers (self));
      break;
    case PROP_BUDGET_THRESHOLD:
      g_value_set_double (value, rill_session_get_budget_threshold (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_session_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  RillSession *self = RILL_SESSION (object);

  switch ((RillSessionProperty) prop_id)
    {
    case PROP_DEVICE:
      self->device = g_value_dup_object (value);
      break;
    case PROP_FLAGS:
      self->flags = g_value_get_flags (value);
      break;
    case PROP_CLOSED:
    case PROP_TRANSFERS:
    case PROP_BUDGET_THRESHOLD:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_session_class_init (RillSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  /* Sessions may be opened in other threads only: bindings have the class in the main one before. */
  rill_exit_prepare ();
  object_class->dispose = rill_session_dispose;
  object_class->finalize = rill_session_finalize;
  object_class->get_property = rill_session_get_property;
  object_class->set_property = rill_session_set_property;

  /**
   * RillSession:device: (getter get_device)
   *
   * The device that the session has opened. When a session is constructed without one, the default
   * device is chosen as [ctor@Session.new] says.
   */
  properties[PROP_DEVICE] = g_param_spec_object (
    "device", NULL, NULL, RILL_TYPE_DEVICE,
    G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * RillSession:flags: (getter get_flags)
   *
   * How the session was opened.
   */
  properties[PROP_FLAGS] = g_param_spec_flags (
    "flags", NULL, NULL, RILL_TYPE_SESSION_FLAGS, RILL_SESSION_NONE,
    G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * RillSession:closed: (getter get_closed)
   *
   * Whether the session was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean (
    "closed", NULL, NULL, FALSE,
    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * RillSession:transfers: (getter get_transfers)
   *
   * The transfers in flight that have run for 100 ms or longer: a list of [class@Transfer].
   *
   * It changes in the session's main context only, so that a list view can show it as it is.
   */
  properties[PROP_TRANSFERS] = g_param_spec_object (
    "transfers", NULL, NULL, G_TYPE_LIST_MODEL,
    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * RillSession:budget-threshold: (getter get_budget_threshold)
   *
   * The part of a heap's budget from which on [signal@Session::budget-low] comes, between 0 and 1. See
   * [method@Session.set_budget_threshold].
   */
  properties[PROP_BUDGET_THRESHOLD] = g_param_spec_double (
    "budget-threshold", NULL, NULL, 0, 1, DEFAULT_BUDGET_THRESHOLD,
    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * RillSession::validation-message:
   * @self: the session
   * @severity: how bad it is
   * @id: the message's identifier, for a violated rule its VUID (`VUID-vkCmdCopyBuffer-…`)
   * @text: the message
   *
   * The validation layer has something to say; with %RILL_SESSION_VALIDATION only.
   *
   * Subscribed are the general and validation messages of severity warning and error
   * (`VK_EXT_debug_utils`).
   */
  signals[SIGNAL_VALIDATION_MESSAGE] = g_signal_new (
    "validation-message", RILL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
    RILL_TYPE_VALIDATION_SEVERITY, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * RillSession::device-lost:
   * @self: the session
   *
   * The device has been lost (`VK_ERROR_DEVICE_LOST`): from now on every call on the session and its
   * objects answers with %RILL_VULKAN_ERROR_DEVICE_LOST. Close the session and open a new one.
   */
  signals[SIGNAL_DEVICE_LOST] = g_signal_new ("device-lost", RILL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0,
                                              NULL, NULL, NULL, G_TYPE_NONE, 0);
  /**
   * RillSession::budget-low:
   * @self: the session
   * @memory_type: the type whose page has brought it there
   *
   * The usage of a memory type's heap has reached [property@Session:budget-threshold] of its budget.
   *
   * It is looked at when the session allocates a page or its staging ring, and comes once for a heap,
   * whichever of its types; again after pages were released and the usage was below. Other sessions count
   * too.
   */
  signals[SIGNAL_BUDGET_LOW] = g_signal_new ("budget-low", RILL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
                                             NULL, NULL, G_TYPE_NONE, 1, RILL_TYPE_MEMORY_TYPE);
}

static void
rill_session_init (RillSession *self)
{
  g_mutex_init (&self->init_lock);
  g_mutex_init (&self->lock);
  rill_children_init (&self->children, NULL);
  self->emitter = rill_emitter_new ();
  self->budget_watch = rill_budget_watch_new (self, signals[SIGNAL_BUDGET_LOW]);
  self->transfers = g_list_store_new (rill_transfer_get_type ());
  for (guint i = 0; i < N_USAGES; i++)
    g_weak_ref_init (&self->usage_memories[i], NULL);
}

/**
 * rill_session_new:
 * @device: (nullable): the device to open, or %NULL for the default
 * @flags: how to open it
 * @cancellable: (nullable): a cancellable, looked at before the device is opened
 * @error: return location for an error
 *
 * Opens a session on a device.
 *
 * The default device is the one that the environment variable `RILL_DEVICE` names (tried as an index,
 * a UUID, a type such as `discrete`, then a part of the name), else the first usable one in the
 * order discrete GPU, integrated GPU, virtual GPU, CPU.
 *
 * Errors: %G_IO_ERROR_NOT_FOUND when `RILL_DEVICE` names no device, or with
 * %RILL_SESSION_VALIDATION when the validation layer is not installed;
 * %G_IO_ERROR_INVALID_ARGUMENT for unknown flags; %RILL_VULKAN_ERROR_INITIALIZATION_FAILED
 * or %RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER when no Vulkan driver is installed, no
 * device is there or the device is older than Vulkan 1.3; any other of [error@VulkanError].
 *
 * Returns: (transfer full): the open session
 */
RillSession *
rill_session_new (RillDevice        *device,
                  RillSessionFlags   flags,
                  GCancellable      *cancellable,
                  GError           **error)
{
  RillSession *self;

  g_return_val_if_fail (device == NULL || RILL_IS_DEVICE (device), NULL);
  /* GObject would warn of unknown bits instead of giving an error. */
  if (!check_flags (flags, error))
    return NULL;

  self = g_object_new (RILL_TYPE_SESSION, "device", device, "flags", flags, NULL);
  if (!g_initable_init (G_INITABLE (self), cancellable, error))
    g_clear_object (&self);
  return self;
}

static void
open_thread (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  g_autoptr (RillSession) session = g_object_ref (task_data);
  GError *error = NULL;

  /* This thread may hold the task for longer than the caller holds the session. */
  g_task_set_task_data (task, NULL, NULL);
  if (g_initable_init (G_INITABLE (session), cancellable, &error))
    g_task_return_pointer (task, g_steal_pointer (&session), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * rill_session_open_async:
 * @device: (nullable): the device to open, or %NULL for the default
 * @flags: how to open it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the session is open or could not be opened
 * @user_data: data for @callback
 *
 * Opens a session on a device without blocking: loading a driver can take a tenth of a second.
 *
 * The session's signals arrive in the main context that is the thread's default now. See
 * [ctor@Session.new] for the meaning of the arguments and for the errors.
 */
void
rill_session_open_async (RillDevice          *device,
                         RillSessionFlags     flags,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (device == NULL || RILL_IS_DEVICE (device));

  rill_exit_prepare (); /* the session is opened in another thread */
  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_session_open_async);
  if (!check_flags (flags, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, g_object_new (RILL_TYPE_SESSION, "device", device, "flags", flags, NULL),
                        g_object_unref);
  g_task_run_in_thread (task, open_thread);
}

/**
 * rill_session_open_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [func@Session.open_async].
 *
 * Errors are those of [ctor@Session.new], and %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the open session
 */
RillSession *
rill_session_open_finish (GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * rill_session_get_device: (get-property device)
 * @self: a session
 *
 * Gets the device that the session has opened.
 *
 * Returns: (transfer none) (nullable): the device; %NULL if the session was never initialised
 *   and none was given
 */
RillDevice *
rill_session_get_device (RillSession *self)
{
  g_return_val_if_fail (RILL_IS_SESSION (self), NULL);

  return self->device;
}

/**
 * rill_session_get_flags: (get-property flags)
 * @self: a session
 *
 * Gets how the session was opened.
 *
 * Returns: the flags
 */
RillSessionFlags
rill_session_get_flags (RillSession *self)
{
  g_return_val_if_fail (RILL_IS_SESSION (self), RILL_SESSION_NONE);

  return self->flags;
}

/**
 * rill_session_get_closed: (get-property closed)
 * @self: a session
 *
 * Gets whether the session was closed.
 *
 * Returns: %TRUE after [method@Session.close]
 */
gboolean
rill_session_get_closed (RillSession *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);
  return self->closed;
}

/**
 * rill_session_get_transfers: (get-property transfers)
 * @self: a session
 *
 * Gets the transfers in flight that have run for 100 ms or longer.
 *
 * Returns: (transfer none): a list of [class@Transfer], which changes in the session's main
 *   context only
 */
GListModel *
rill_session_get_transfers (RillSession *self)
{
  g_return_val_if_fail (RILL_IS_SESSION (self), NULL);

  return G_LIST_MODEL (self->transfers);
}

/**
 * rill_session_wait_idle:
 * @self: a session
 * @cancellable: (nullable): a cancellable: ends the wait, not the work
 * @error: return location for an error
 *
 * Waits until the device has done all that was submitted, asynchronous transfers included.
 *
 * Blocks the calling thread. Errors: %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE when the device is idle
 */
gboolean
rill_session_wait_idle (RillSession   *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr (RillContext) context = NULL;
  gpointer engine = NULL;
  RillSyncPoint last;
  gboolean idle = TRUE;

  g_return_val_if_fail (RILL_IS_SESSION (self), FALSE);

  context = rill_session_ref_context (self, error);
  if (context == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  engine = rill_context_ref_engine (context);
  if (engine != NULL)
    {
      idle = context->engine_wait_idle (engine, cancellable, error);
      context->engine_unref (engine);
    }
  rill_context_get_last (context, &last);
  if (!idle || !rill_context_wait (context, &last, -1, cancellable, error))
    return FALSE;
  rill_context_collect (context);
  return TRUE;
}

static void
close_context (RillSession *self,
               RillContext *context)
{
  RillSyncPoint last;

  rill_context_stop_engine (context);
  rill_children_close (&self->children);
  rill_context_get_last (context, &last);
  rill_context_wait_end (context, &last);
  rill_context_collect (context);
  rill_context_drop_engine (context);
  rill_context_set_lost_func (context, NULL, NULL);
  rill_budget_watch_end (self->budget_watch);
}

/**
 * rill_session_close:
 * @self: a session
 *
 * Closes the session and everything that was made from it.
 *
 * Asynchronous work that was not submitted yet ends with %G_IO_ERROR_CLOSED; what was submitted
 * is waited for. Device memory is given back, but for pages that a [class@Mapping] or a live view of one
 * still shows. Without any, the `VkDevice` itself has ended; else it ends with the last of them. Closing
 * again does nothing.
 */
void
rill_session_close (RillSession *self)
{
  RillContext *context;

  g_return_if_fail (RILL_IS_SESSION (self));

  g_mutex_lock (&self->lock);
  if (self->closed || !self->initialized)
    {
      g_mutex_unlock (&self->lock);
      return;
    }
  self->closed = TRUE;
  context = g_steal_pointer (&self->context);
  g_mutex_unlock (&self->lock);

  close_context (self, context);
  rill_emitter_notify (self->emitter, self, properties[PROP_CLOSED]);

  /* What the layer says at the end of the device is still to be heard; but where a view keeps the
   * context alive, the session is out of its reach from here on. */
  rill_context_unref (context);
  if (self->sink != NULL)
    {
      g_mutex_lock (&self->sink->lock);
      self->sink->session = NULL;
      g_mutex_unlock (&self->sink->lock);
      g_clear_pointer (&self->sink, validation_sink_unref);
    }
}

RillContext *
rill_session_ref_context (RillSession  *self,
                          GError      **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->closed)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed");
  else if (!self->initialized)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                         "The session was not initialised: make it with rill_session_new()");
  else if (rill_context_check_lost (self->context, error))
    return rill_context_ref (self->context);
  return NULL;
}

gboolean
rill_session_check_open (RillSession  *self,
                         GError      **error)
{
  g_autoptr (RillContext) context = rill_session_ref_context (self, error);

  return context != NULL;
}

gboolean
rill_session_add_child (RillSession  *self,
                        RillChild    *child,
                        gpointer      object,
                        void        (*close) (GObject *object))
{
  return rill_children_add (&self->children, child, object, close);
}

gboolean
rill_session_leave (RillSession *self,
                           RillChild   *child)
{
  return rill_children_leave (&self->children, child);
}

GWeakRef *
rill_session_lock_usage_memory (RillSession     *self,
                                RillMemoryUsage  usage)
{
  g_mutex_lock (&self->lock);
  return &self->usage_memories[usage];
}

void
rill_session_unlock_usage_memory (RillSession *self)
{
  g_mutex_unlock (&self->lock);
}

RillBudgetWatch *
rill_session_get_budget_watch (RillSession *self)
{
  return self->budget_watch;
}

GListStore *
rill_session_get_transfer_store (RillSession *self)
{
  return self->transfers;
}
