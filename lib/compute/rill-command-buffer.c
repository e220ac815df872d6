/* SPDX-License-Identifier: MIT */
#include "compute/rill-command-buffer-private.h"

/**
 * RillCommandBuffer:
 *
 * A command buffer records work for the device, and runs it as often as one likes.
 *
 * The first command begins the recording; [method@CommandBuffer.reset] begins a new one. A command
 * that fails is not recorded, and the recording goes on without it. Commands can be added between
 * runs. What a recorded command uses is held until the command buffer is reset or closed: buffers,
 * images, views, nodes and durations. When one of the resources or views is closed all the same,
 * running fails with %G_IO_ERROR_CLOSED.
 *
 * Commands take effect in the order in which they were recorded: where one reads or writes what an
 * earlier one has written, or writes what an earlier one has read, the device waits in between.
 * Which bindings a shader reads or writes is taken from its declarations, so that `readonly` and
 * `writeonly` let independent dispatches run side by side. Between runs, and between them and
 * transfers, the order of the calls counts for each resource.
 *
 * Methods may be called from any thread, but only one thread at a time may record or run a command
 * buffer, and a recording cannot be changed while the device runs it: otherwise the error is
 * %G_IO_ERROR_BUSY.
 */

typedef enum
{
  IDLE,
  RECORDING,
  RUNNING,
} Activity;

struct _RillCommandBuffer
{
  GObject parent_instance;

  RillSession *session;     /* (owned) (nullable) NULL: never initialised */
  RillContext *context;     /* (owned) (nullable) weak once closed */
  RillChild child;

  GMutex lock;
  gboolean closed;
  Activity activity;        /* of some thread */
  RillRecording *recording; /* (owned) (nullable) until closed */
};

typedef enum
{
  PROP_SESSION = 1,
  PROP_CLOSED,
} RillCommandBufferProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillCommandBuffer, rill_command_buffer, G_TYPE_OBJECT)

RillRecording *
rill_command_buffer_acquire (RillCommandBuffer  *self,
                             gboolean            run,
                             GError            **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->context == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                         "The RillCommandBuffer was not initialised: make it with a method of "
                         "RillSession");
  else if (self->closed)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The command buffer is closed");
  else if (self->activity == RECORDING)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         "The command buffer is being recorded by another thread");
  else if (self->activity == RUNNING || !rill_recording_is_reached (self->recording))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "The command buffer is running");
  else if (rill_context_check_lost (self->context, error))
    {
      self->activity = run ? RUNNING : RECORDING;
      return rill_recording_ref (self->recording);
    }
  return NULL;
}

void
rill_command_buffer_release (RillCommandBuffer *self,
                             RillRecording     *recording)
{
  g_mutex_lock (&self->lock);
  self->activity = IDLE;
  g_mutex_unlock (&self->lock);
  rill_recording_unref (recording);
}

RillContext *
rill_command_buffer_get_context (RillCommandBuffer *self)
{
  return self->context;
}

static void
rill_command_buffer_dispose (GObject *object)
{
  RillCommandBuffer *self = RILL_COMMAND_BUFFER (object);

  rill_command_buffer_close (self);
  if (self->session != NULL && !rill_session_leave (self->session, &self->child))
    return;
  G_OBJECT_CLASS (rill_command_buffer_parent_class)->dispose (object);
}

static void
rill_command_buffer_finalize (GObject *object)
{
  RillCommandBuffer *self = RILL_COMMAND_BUFFER (object);

  g_clear_pointer (&self->context, rill_context_unref_weak);
  g_clear_object (&self->session);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (rill_command_buffer_parent_class)->finalize (object);
}

static void
rill_command_buffer_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  RillCommandBuffer *self = RILL_COMMAND_BUFFER (object);

  switch ((RillCommandBufferProperty) prop_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, rill_command_buffer_get_session (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_command_buffer_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_command_buffer_class_init (RillCommandBufferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_command_buffer_dispose;
  object_class->finalize = rill_command_buffer_finalize;
  object_class->get_property = rill_command_buffer_get_property;

  /**
   * RillCommandBuffer:session: (getter get_session)
   *
   * The session that the command buffer belongs to.
   */
  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, RILL_TYPE_SESSION, flags);
  /**
   * RillCommandBuffer:closed: (getter get_closed)
   *
   * Whether the command buffer was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_command_buffer_init (RillCommandBuffer *self)
{
  g_mutex_init (&self->lock);
}

/**
 * rill_session_create_command_buffer:
 * @session: a session
 * @error: return location for an error
 *
 * Creates an empty command buffer.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED and those of [error@VulkanError].
 *
 * Returns: (transfer full): the command buffer
 */
RillCommandBuffer *
rill_session_create_command_buffer (RillSession  *session,
                                    GError      **error)
{
  g_autoptr (RillContext) context = NULL;
  RillRecording *recording;
  RillCommandBuffer *self;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL)
    return NULL;
  recording = rill_recording_new (context, error);
  if (recording == NULL)
    return NULL;

  self = g_object_new (RILL_TYPE_COMMAND_BUFFER, NULL);
  self->session = g_object_ref (session);
  self->context = g_steal_pointer (&context);
  self->recording = recording;
  if (!rill_session_add_child (session, &self->child, self,
                               (void (*) (GObject *)) rill_command_buffer_close))
    rill_command_buffer_close (self);
  return self;
}

/**
 * rill_command_buffer_get_session: (get-property session)
 * @self: a command buffer
 *
 * Gets the session that the command buffer belongs to.
 *
 * Returns: (transfer none) (nullable): the session; %NULL if the command buffer was never
 *   initialised
 */
RillSession *
rill_command_buffer_get_session (RillCommandBuffer *self)
{
  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), NULL);

  return self->session;
}

/**
 * rill_command_buffer_get_closed: (get-property closed)
 * @self: a command buffer
 *
 * Gets whether the command buffer was closed.
 *
 * Returns: %TRUE after [method@CommandBuffer.close], also when its session was closed
 */
gboolean
rill_command_buffer_get_closed (RillCommandBuffer *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);
  return self->closed;
}

/**
 * rill_command_buffer_reset:
 * @self: a command buffer
 * @error: return location for an error
 *
 * Empties the command buffer, and drops what its commands hold.
 *
 * Errors: %G_IO_ERROR_BUSY while it runs or is recorded by another thread; %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_reset (RillCommandBuffer  *self,
                           GError            **error)
{
  RillRecording *recording;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  rill_recording_clear (recording);
  rill_command_buffer_release (self, recording);
  return TRUE;
}

/**
 * rill_command_buffer_dispatch:
 * @self: a command buffer
 * @node: a compute node of the same session
 * @error: return location for an error
 *
 * Records a run of a compute node, as it is bound and set now (`vkCmdDispatch`).
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when something that the shader uses is not bound, its push
 * constants are not set, or the node is of another session; %G_IO_ERROR_NOT_SUPPORTED for more
 * workgroups, a larger local size or more shared memory than the device allows;
 * %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED (also of what is bound), %G_IO_ERROR_NOT_INITIALIZED and
 * those of [error@VulkanError], when the pipeline cannot be made.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_dispatch (RillCommandBuffer  *self,
                              RillComputeNode    *node,
                              GError            **error)
{
  g_auto (RillDispatch) dispatch = { NULL };
  RillRecording *recording;
  gboolean recorded;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (node), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  recorded = rill_compute_node_prepare (node, self->context, &dispatch, error)
             && rill_recording_add_dispatch (recording, node, &dispatch, error);
  rill_command_buffer_release (self, recording);
  return recorded;
}

/**
 * rill_command_buffer_barrier:
 * @self: a command buffer
 * @error: return location for an error
 *
 * Records that everything before is done before anything later begins (`vkCmdPipelineBarrier2`).
 *
 * It is rarely needed: commands that depend on each other are kept apart without it. Shaders that
 * reach memory by an address are an exception.
 *
 * Errors: %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_barrier (RillCommandBuffer  *self,
                             GError            **error)
{
  RillRecording *recording;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);

  recording = rill_command_buffer_acquire (self, FALSE, error);
  if (recording == NULL)
    return FALSE;
  rill_recording_add_barrier (recording);
  rill_command_buffer_release (self, recording);
  return TRUE;
}

static gboolean
check_duration (RillCommandBuffer  *self,
                RillDuration       *duration,
                RillRecording      *recording,
                gboolean            end,
                GError            **error)
{
  if (!rill_duration_check_open (duration, error))
    return FALSE;
  if (rill_duration_get_session (duration) != self->session)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The duration belongs to another session");
  else if (end && !rill_recording_is_measuring (recording, duration))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The duration was not begun in this command buffer");
  else if (!end && rill_recording_is_measuring (recording, duration))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The duration was already begun in this command buffer, and not ended");
  else
    return TRUE;
  return FALSE;
}

static gboolean
record_timestamp (RillCommandBuffer  *self,
                  RillDuration       *duration,
                  gboolean            end,
                  GError            **error)
{
  RillRecording *recording = rill_command_buffer_acquire (self, FALSE, error);
  RillTimestamps *timestamps = NULL;

  if (recording == NULL)
    return FALSE;
  if (check_duration (self, duration, recording, end, error))
    {
      timestamps = rill_duration_ref_timestamps (duration);
      if (timestamps != NULL)
        rill_recording_add_timestamp (recording, duration, timestamps, end);
      else /* closed in the meantime */
        rill_duration_check_open (duration, error);
    }
  rill_command_buffer_release (self, recording);
  return timestamps != NULL;
}

/**
 * rill_command_buffer_begin_duration:
 * @self: a command buffer
 * @duration: a duration of the same session
 * @error: return location for an error
 *
 * Records that a duration begins: what is recorded until it ends is measured.
 *
 * The device waits here until all before is done (`vkCmdWriteTimestamp2`). Durations may lie in one
 * another, and a duration may be used again after its end: what it was used for last counts.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when it has begun already, or is of another session;
 * %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_begin_duration (RillCommandBuffer  *self,
                                    RillDuration       *duration,
                                    GError            **error)
{
  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_DURATION (duration), FALSE);

  return record_timestamp (self, duration, FALSE, error);
}

/**
 * rill_command_buffer_end_duration:
 * @self: a command buffer
 * @duration: a duration that was begun in this command buffer
 * @error: return location for an error
 *
 * Records that a duration ends. A command buffer with one that does not cannot be run.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when it has not begun; %G_IO_ERROR_BUSY,
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_command_buffer_end_duration (RillCommandBuffer  *self,
                                  RillDuration       *duration,
                                  GError            **error)
{
  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (RILL_IS_DURATION (duration), FALSE);

  return record_timestamp (self, duration, TRUE, error);
}

/**
 * rill_command_buffer_close:
 * @self: a command buffer
 *
 * Closes the command buffer: it can be recorded and run no more, and drops what its commands hold.
 *
 * Does not block: a run goes on to its end, and what it uses goes afterwards. Closing again does
 * nothing.
 */
void
rill_command_buffer_close (RillCommandBuffer *self)
{
  RillRecording *recording;

  g_return_if_fail (RILL_IS_COMMAND_BUFFER (self));

  if (self->context == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  recording = g_steal_pointer (&self->recording);
  g_mutex_unlock (&self->lock);
  if (recording == NULL)
    return;
  rill_recording_unref (recording);
  rill_emitter_notify (self->context->emitter, self, properties[PROP_CLOSED]);
  rill_context_weaken (self->context);
}
