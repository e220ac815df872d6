/* SPDX-License-Identifier: MIT */
#include "compute/rill-duration-private.h"

#include "core/rill-error-private.h"
#include "transfer/rill-submission-private.h"

/**
 * RillDuration:
 *
 * A duration measures how long a part of a [class@CommandBuffer] takes on the device.
 *
 * It is recorded around commands with [method@CommandBuffer.begin_duration] and
 * [method@CommandBuffer.end_duration], and can be read when the command buffer has run. What stands
 * between the two is kept apart from what is before and after, so that it is measured alone.
 *
 * Every method may be called from any thread.
 */

struct _RillDuration
{
  GObject parent_instance;

  RillSession *session;       /* (owned) (nullable) NULL: never initialised */
  RillContext *context;       /* (owned) (nullable) weak once closed */
  RillChild child;

  GMutex lock;
  RillTimestamps *timestamps; /* (owned) (nullable) until closed */
  gboolean closed;
};

typedef enum
{
  PROP_SESSION = 1,
  PROP_CLOSED,
} RillDurationProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillDuration, rill_duration, G_TYPE_OBJECT)

static RillTimestamps *
timestamps_new (RillContext  *context,
                GError      **error)
{
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = 2,
  };
  VkQueryPool pool;
  RillTimestamps *self;

  if (context->compute_queue->timestamp_valid_bits == 0)
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "Could not create a duration: the device “%s” has no timestamps (timestampValidBits)",
        context->properties.deviceName);
      return NULL;
    }
  if (!rill_context_check (context, vkCreateQueryPool (context->device, &info, NULL, &pool), error,
                           "vkCreateQueryPool", "Could not create a duration"))
    return NULL;

  self = g_new0 (RillTimestamps, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->context = rill_context_ref (context);
  self->pool = pool;
  self->valid_bits = context->compute_queue->timestamp_valid_bits;
  return self;
}

RillTimestamps *
rill_timestamps_ref (RillTimestamps *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* Recordings hold it until the device is done with them. */
void
rill_timestamps_unref (RillTimestamps *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vkDestroyQueryPool (self->context->device, self->pool, NULL);
  rill_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
rill_timestamps_record (RillTimestamps  *self,
                        VkCommandBuffer  command,
                        gboolean         end)
{
  rill_command_barrier (command);
  if (!end)
    vkCmdResetQueryPool (command, self->pool, 0, 2);
  vkCmdWriteTimestamp2 (command, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, self->pool, end ? 1 : 0);
}

void
rill_timestamps_announce (RillTimestamps *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->n_announced++;
}

void
rill_timestamps_note (RillTimestamps      *self,
                      const RillSyncPoint *point)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->n_announced--;
  if (point == NULL)
    return;
  self->measured = TRUE;
  rill_sync_point_merge (&self->point, point);
}

/* FALSE with an error when there is nothing to read yet. */
static gboolean
check_measured_locked (RillTimestamps  *self,
                       GError         **error)
{
  if (!self->measured)
    g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
      "The duration has not been measured yet: no command buffer with it was run");
  else if (self->n_announced > 0 || !rill_context_is_reached (self->context, &self->point))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         "The duration is still being measured: the device is not done");
  else
    return rill_context_check_lost (self->context, error);
  return FALSE;
}

gint64
rill_timestamps_to_nanoseconds (const guint64 ticks[2],
                                guint         valid_bits,
                                double        period)
{
  guint64 mask = valid_bits < 64 ? (G_GUINT64_CONSTANT (1) << valid_bits) - 1 : G_MAXUINT64;
  guint64 difference = (ticks[1] - ticks[0]) & mask;

  return (gint64) ((double) difference * period + 0.5);
}

/* Under the lock no run begins, which would reset the queries while they are read. */
static gint64
read_timestamps (RillTimestamps  *self,
                 GError         **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 ticks[2];
  VkResult result;

  if (!check_measured_locked (self, error))
    return -1;
  result = vkGetQueryPoolResults (self->context->device, self->pool, 0, 2, sizeof (ticks), ticks,
                                  sizeof (ticks[0]), VK_QUERY_RESULT_64_BIT);
  if (result == VK_NOT_READY)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           "The duration is being measured again: the device is not done");
      return -1;
    }
  if (!rill_context_check (self->context, result, error, "vkGetQueryPoolResults",
                           "Could not read a duration"))
    return -1;
  return rill_timestamps_to_nanoseconds (
    ticks, self->valid_bits, (double) self->context->properties.limits.timestampPeriod);
}

gboolean
rill_duration_check_open (RillDuration  *self,
                          GError       **error)
{
  if (self->context == NULL)
    g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
      "The RillDuration was not initialised: make it with a method of RillSession");
  else if (rill_duration_get_closed (self))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The duration is closed");
  else
    return rill_context_check_lost (self->context, error);
  return FALSE;
}

RillTimestamps *
rill_duration_ref_timestamps (RillDuration *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->timestamps != NULL ? rill_timestamps_ref (self->timestamps) : NULL;
}

static void
rill_duration_dispose (GObject *object)
{
  RillDuration *self = RILL_DURATION (object);

  rill_duration_close (self);
  if (self->session != NULL && !rill_session_leave (self->session, &self->child))
    return;
  G_OBJECT_CLASS (rill_duration_parent_class)->dispose (object);
}

static void
rill_duration_finalize (GObject *object)
{
  RillDuration *self = RILL_DURATION (object);

  g_clear_pointer (&self->context, rill_context_unref_weak);
  g_clear_object (&self->session);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (rill_duration_parent_class)->finalize (object);
}

static void
rill_duration_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  RillDuration *self = RILL_DURATION (object);

  switch ((RillDurationProperty) prop_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, rill_duration_get_session (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_duration_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_duration_class_init (RillDurationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_duration_dispose;
  object_class->finalize = rill_duration_finalize;
  object_class->get_property = rill_duration_get_property;

  /**
   * RillDuration:session: (getter get_session)
   *
   * The session that the duration belongs to.
   */
  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, RILL_TYPE_SESSION, flags);
  /**
   * RillDuration:closed: (getter get_closed)
   *
   * Whether the duration was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_duration_init (RillDuration *self)
{
  g_mutex_init (&self->lock);
}

/**
 * rill_session_create_duration:
 * @session: a session
 * @error: return location for an error
 *
 * Creates a duration, which has measured nothing yet.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for a device without timestamps (`timestampValidBits`);
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED and those of [error@VulkanError].
 *
 * Returns: (transfer full): the duration
 */
RillDuration *
rill_session_create_duration (RillSession  *session,
                              GError      **error)
{
  g_autoptr (RillContext) context = NULL;
  RillTimestamps *timestamps;
  RillDuration *self;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL)
    return NULL;
  timestamps = timestamps_new (context, error);
  if (timestamps == NULL)
    return NULL;

  self = g_object_new (RILL_TYPE_DURATION, NULL);
  self->session = g_object_ref (session);
  self->context = g_steal_pointer (&context);
  self->timestamps = timestamps;
  if (!rill_session_add_child (session, &self->child, self,
                               (void (*) (GObject *)) rill_duration_close))
    rill_duration_close (self);
  return self;
}

/**
 * rill_duration_get_session: (get-property session)
 * @self: a duration
 *
 * Gets the session that the duration belongs to.
 *
 * Returns: (transfer none) (nullable): the session; %NULL if the duration was never initialised
 */
RillSession *
rill_duration_get_session (RillDuration *self)
{
  g_return_val_if_fail (RILL_IS_DURATION (self), NULL);

  return self->session;
}

/**
 * rill_duration_get_nanoseconds:
 * @self: a duration
 * @error: return location for an error
 *
 * Gets how long the commands took on the device, when they were run for the last time.
 *
 * The device's ticks are scaled by its `timestampPeriod`, whose resolution the value has. See
 * "Timestamp Queries" in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_NOT_INITIALIZED when nothing was measured yet; %G_IO_ERROR_BUSY while the
 * command buffer runs; %G_IO_ERROR_CLOSED and those of [error@VulkanError].
 *
 * Returns: nanoseconds; -1 on failure
 */
gint64
rill_duration_get_nanoseconds (RillDuration  *self,
                               GError       **error)
{
  g_autoptr (RillTimestamps) timestamps = NULL;

  g_return_val_if_fail (RILL_IS_DURATION (self), -1);

  timestamps = rill_duration_ref_timestamps (self);
  if (timestamps != NULL)
    return read_timestamps (timestamps, error);
  rill_duration_check_open (self, error);
  return -1;
}

/**
 * rill_duration_get_closed: (get-property closed)
 * @self: a duration
 *
 * Gets whether the duration was closed.
 *
 * Returns: %TRUE after [method@Duration.close], also when its session was closed
 */
gboolean
rill_duration_get_closed (RillDuration *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_DURATION (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);
  return self->closed;
}

/**
 * rill_duration_close:
 * @self: a duration
 *
 * Closes the duration: it can be read and recorded no more.
 *
 * A command buffer that it is recorded in goes on to run. Does not block. Closing again does
 * nothing.
 */
void
rill_duration_close (RillDuration *self)
{
  RillTimestamps *timestamps;

  g_return_if_fail (RILL_IS_DURATION (self));

  if (self->context == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  timestamps = g_steal_pointer (&self->timestamps);
  g_mutex_unlock (&self->lock);
  if (timestamps == NULL)
    return;
  rill_timestamps_unref (timestamps);
  rill_emitter_notify (self->context->emitter, self, properties[PROP_CLOSED]);
  rill_context_weaken (self->context);
}
