/* SPDX-License-Identifier: MIT */
#include "resource/rill-mapping.h"

#include "resource/rill-buffer-private.h"
#include "rill-enum-types.h"

/**
 * RillMapping:
 *
 * A mapping gives the host access to a range of a buffer, with nothing copied.
 *
 * Reading is shared, writing is exclusive, for each byte of the range: while a mapping for reading is
 * open, what would write the range is refused with %G_IO_ERROR_BUSY; while one for writing is open,
 * every other use of the range is. [method@Mapping.close] ends the access.
 *
 * A view of the memory, from [method@Mapping.get_bytes], may outlive the mapping and even the buffer:
 * the memory stays mapped and is not used for anything else until the last view is gone. What
 * it shows after the end of the access is undefined.
 *
 * A mapping is closed when its buffer is. Its memory stays mapped even so, for a thread that is just
 * using it, until the mapping itself is closed or dropped.
 *
 * One mapping may be used from any thread; the bytes that it shows are the program's to guard.
 */

struct _RillMapping
{
  GObject parent_instance;

  RillBuffer *buffer; /* (owned) (nullable) */
  RillChild child;
  RillMapFlags flags;
  RillHostAccess access;
  gboolean valid; /* the host sees what is in the range */
  GMutex lock;
  gboolean closed; /* also by the buffer */
  gboolean ended;  /* the access */
};

typedef enum
{
  PROP_BUFFER = 1,
  PROP_FLAGS,
  PROP_OFFSET,
  PROP_SIZE,
  PROP_CLOSED,
} RillMappingProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillMapping, rill_mapping, G_TYPE_OBJECT)

static void
rill_mapping_dispose (GObject *object)
{
  RillMapping *self = RILL_MAPPING (object);

  rill_mapping_close (self);
  if (self->buffer != NULL && !rill_resource_leave (self->buffer, &self->child))
    return;
  G_OBJECT_CLASS (rill_mapping_parent_class)->dispose (object);
}

static void
rill_mapping_finalize (GObject *object)
{
  RillMapping *self = RILL_MAPPING (object);

  g_clear_object (&self->buffer);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (rill_mapping_parent_class)->finalize (object);
}

static void
rill_mapping_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  RillMapping *self = RILL_MAPPING (object);

  switch ((RillMappingProperty) prop_id)
    {
    case PROP_BUFFER:
      g_value_set_object (value, rill_mapping_get_buffer (self));
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, rill_mapping_get_flags (self));
      break;
    case PROP_OFFSET:
      g_value_set_uint64 (value, rill_mapping_get_offset (self));
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, rill_mapping_get_size (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_mapping_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_mapping_class_init (RillMappingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_mapping_dispose;
  object_class->finalize = rill_mapping_finalize;
  object_class->get_property = rill_mapping_get_property;

  /**
   * RillMapping:buffer: (getter get_buffer)
   *
   * The buffer whose range is mapped.
   */
  properties[PROP_BUFFER] = g_param_spec_object ("buffer", NULL, NULL, RILL_TYPE_BUFFER, flags);
  /**
   * RillMapping:flags: (getter get_flags)
   *
   * The access that the mapping gives.
   */
  properties[PROP_FLAGS]
    = g_param_spec_flags ("flags", NULL, NULL, RILL_TYPE_MAP_FLAGS, RILL_MAP_NONE, flags);
  /**
   * RillMapping:offset: (getter get_offset)
   *
   * Where the range begins in the buffer, in bytes.
   */
  properties[PROP_OFFSET] = g_param_spec_uint64 ("offset", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMapping:size: (getter get_size)
   *
   * Size of the range in bytes.
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMapping:closed: (getter get_closed)
   *
   * Whether the access has ended.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_mapping_init (RillMapping *self)
{
  g_mutex_init (&self->lock);
  self->closed = TRUE; /* until it maps something */
  self->ended = TRUE;
}

static void
buffer_closed (GObject *object)
{
  RillMapping *self = RILL_MAPPING (object);
  gboolean was_closed;

  g_mutex_lock (&self->lock);
  was_closed = self->closed;
  self->closed = TRUE;
  g_mutex_unlock (&self->lock);
  if (!was_closed)
    rill_emitter_notify (rill_resource_get_context (self->buffer)->emitter, self, properties[PROP_CLOSED]);
}

static gboolean
check_flags (RillMapFlags   flags,
             GError       **error)
{
  if (flags != RILL_MAP_NONE && (flags & ~(guint) (RILL_MAP_READ | RILL_MAP_WRITE)) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not map the buffer: flags 0x%x are not READ, WRITE or both", (guint) flags);
  return FALSE;
}

static gboolean
check_mappable (RillBuffer  *buffer,
                GError     **error)
{
  g_autofree char *flags = NULL;

  if (rill_resource_get_mappable (RILL_RESOURCE (buffer)))
    return TRUE;
  flags = rill_memory_flags_to_string (
    rill_memory_get_flags (rill_resource_get_memory (RILL_RESOURCE (buffer))));
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not map the buffer: memory of type [%s] is not host-visible; use "
               "rill_buffer_write_bytes() and rill_buffer_read_bytes(), or create the buffer in "
               "HOST_VISIBLE memory", flags);
  return FALSE;
}

/* @deadline: as of rill_resource_begin_host_access(). */
static RillMapping *
map_range (RillBuffer    *buffer,
           RillMapFlags   flags,
           guint64        offset,
           gint64         size,
           gint64         deadline,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autoptr (RillMapping) self = NULL;
  RillResourceState *state = rill_resource_get_state (buffer);
  guint64 actual;

  if (!rill_resource_check_open (buffer, error) || !check_flags (flags, error)
      || !check_mappable (buffer, error)
      || !rill_resource_check_range ("map the buffer", state->size, offset, size, &actual, error))
    return NULL;

  if (!rill_resource_wait_turn (buffer, deadline > 0 ? deadline : -1, cancellable, error))
    return NULL;
  self = g_object_new (RILL_TYPE_MAPPING, NULL);
  self->flags = flags;
  self->access = (RillHostAccess) {
    .offset = offset,
    .size = actual,
    .write = (flags & RILL_MAP_WRITE) != 0,
    .mapping = TRUE,
  };
  if (!rill_resource_begin_host_access (buffer, &self->access, deadline, cancellable, error))
    return NULL;
  self->buffer = g_object_ref (buffer);
  self->closed = FALSE;
  self->ended = FALSE;
  if (!rill_page_invalidate (state->allocation.page, state->allocation.range.offset + offset, actual, error))
    return NULL;
  self->valid = TRUE;
  if (rill_resource_add_child (buffer, &self->child, self, buffer_closed))
    return g_steal_pointer (&self);
  rill_resource_set_closed_error (buffer, error);
  return NULL;
}

/**
 * rill_buffer_map:
 * @buffer: a buffer in mappable memory
 * @flags: whether to read, to write or both
 * @error: return location for an error
 *
 * Maps a whole buffer.
 *
 * Waits for the device's work on the buffer. See [method@Buffer.map_range] for the errors.
 *
 * Returns: (transfer full): the mapping
 */
RillMapping *
rill_buffer_map (RillBuffer    *buffer,
                 RillMapFlags   flags,
                 GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), NULL);

  return map_range (buffer, flags, 0, -1, 0, NULL, error);
}

/**
 * rill_buffer_map_range:
 * @buffer: a buffer in mappable memory
 * @flags: whether to read, to write or both
 * @offset: where the range begins, in bytes
 * @size: size of the range in bytes, -1 for the rest
 * @error: return location for an error
 *
 * Maps a range of a buffer.
 *
 * Waits for the device's work on the buffer.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED if the memory is not mappable; %G_IO_ERROR_BUSY if another mapping
 * excludes this one: the message names it; %G_IO_ERROR_INVALID_ARGUMENT for flags or a range that are
 * not valid; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the mapping
 */
RillMapping *
rill_buffer_map_range (RillBuffer    *buffer,
                       RillMapFlags   flags,
                       guint64        offset,
                       gint64         size,
                       GError       **error)
{
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), NULL);

  return map_range (buffer, flags, offset, size, 0, NULL, error);
}

typedef struct
{
  RillMapFlags flags;
  gint64 deadline;
} MapData;

/* A thread of its own, since it may wait for ever: the few that GTask has are for all of the program. */
static gpointer
map_thread (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const MapData *data = g_task_get_task_data (task);
  GError *error = NULL;
  RillMapping *mapping = map_range (g_task_get_source_object (task), data->flags, 0, -1, data->deadline,
                                    g_task_get_cancellable (task), &error);

  if (mapping != NULL)
    g_task_return_pointer (task, mapping, g_object_unref);
  else
    g_task_return_error (task, error);
  return NULL;
}

/**
 * rill_buffer_map_async:
 * @buffer: a buffer in mappable memory
 * @flags: whether to read, to write or both
 * @timeout_ms: how long to wait, in milliseconds; 0 for ever
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the buffer is mapped or could not be
 * @user_data: data for @callback
 *
 * Maps a whole buffer, waiting for mappings that exclude this one and for the device's work.
 */
void
rill_buffer_map_async (RillBuffer          *buffer,
                       RillMapFlags         flags,
                       guint                timeout_ms,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GThread *thread;
  GError *error = NULL;
  MapData *data;

  g_return_if_fail (RILL_IS_BUFFER (buffer));

  task = g_task_new (buffer, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_buffer_map_async);
  data = g_new (MapData, 1);
  *data = (MapData) {
    .flags = flags,
    .deadline = timeout_ms > 0 ? g_get_monotonic_time () + (gint64) timeout_ms * 1000 : -1,
  };
  g_task_set_task_data (task, data, g_free);
  thread = g_thread_try_new ("rill-map", map_thread, g_object_ref (task), &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  g_object_unref (task);
  g_task_return_error (task, error);
}

/**
 * rill_buffer_map_finish:
 * @buffer: a buffer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Buffer.map_async].
 *
 * Errors: %G_IO_ERROR_TIMED_OUT with the name of the holder, %G_IO_ERROR_CANCELLED, and those of
 * [method@Buffer.map_range] but for BUSY.
 *
 * Returns: (transfer full): the mapping
 */
RillMapping *
rill_buffer_map_finish (RillBuffer    *buffer,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, buffer), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * rill_mapping_get_buffer: (get-property buffer)
 * @self: a mapping
 *
 * Gets the buffer whose range is mapped.
 *
 * Returns: (transfer none) (nullable): the buffer; %NULL if the mapping was never initialised
 */
RillBuffer *
rill_mapping_get_buffer (RillMapping *self)
{
  g_return_val_if_fail (RILL_IS_MAPPING (self), NULL);

  return self->buffer;
}

/**
 * rill_mapping_get_flags: (get-property flags)
 * @self: a mapping
 *
 * Gets the access that the mapping gives.
 *
 * Returns: the flags
 */
RillMapFlags
rill_mapping_get_flags (RillMapping *self)
{
  g_return_val_if_fail (RILL_IS_MAPPING (self), RILL_MAP_NONE);

  return self->flags;
}

/**
 * rill_mapping_get_offset: (get-property offset)
 * @self: a mapping
 *
 * Gets where the range begins in the buffer.
 *
 * Returns: bytes
 */
guint64
rill_mapping_get_offset (RillMapping *self)
{
  g_return_val_if_fail (RILL_IS_MAPPING (self), 0);

  return self->access.offset;
}

/**
 * rill_mapping_get_size: (get-property size)
 * @self: a mapping
 *
 * Gets the size of the range.
 *
 * Returns: bytes
 */
guint64
rill_mapping_get_size (RillMapping *self)
{
  g_return_val_if_fail (RILL_IS_MAPPING (self), 0);

  return self->access.size;
}

/**
 * rill_mapping_get_closed: (get-property closed)
 * @self: a mapping
 *
 * Gets whether the access has ended.
 *
 * Returns: %TRUE after [method@Mapping.close], or after its buffer was closed
 */
gboolean
rill_mapping_get_closed (RillMapping *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_MAPPING (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);
  return self->buffer != NULL && (self->closed || rill_resource_get_closed (RILL_RESOURCE (self->buffer)));
}

/* Under the lock the access does not end, so that the page lives. */
static guint8 *
get_pointer_locked (RillMapping  *self,
                    GError      **error)
{
  if (self->buffer == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                         "The mapping was not initialised: make it with rill_buffer_map()");
  else if (self->closed || rill_resource_get_closed (RILL_RESOURCE (self->buffer)))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The mapping is closed");
  else
    return rill_buffer_get_map (self->buffer) + self->access.offset;
  return NULL;
}

/**
 * rill_mapping_get_address:
 * @self: a mapping
 * @error: return location for an error
 *
 * Gets the address of the first byte of the range.
 *
 * It is valid as long as the caller holds the mapping and nobody calls [method@Mapping.close]; the
 * close of the buffer, its memory or its session leaves it valid.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: the address; 0 on error
 */
guintptr
rill_mapping_get_address (RillMapping  *self,
                          GError      **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_MAPPING (self), 0);

  locker = g_mutex_locker_new (&self->lock);
  return (guintptr) get_pointer_locked (self, error);
}

/* A view pins the buffer's handle and range, and holds the buffer. */
static void
view_gone (gpointer data)
{
  RillBuffer *buffer = data;

  rill_resource_unpin (buffer);
  g_object_unref (buffer);
}

/**
 * rill_mapping_get_bytes:
 * @self: a mapping
 * @error: return location for an error
 *
 * Gets the mapped memory itself, as a view.
 *
 * Nothing is copied. With %RILL_MAP_WRITE the bytes may be written through the view, unlike those of
 * other [struct@GLib.Bytes]: do not give it to code that takes them for constant. The view may outlive
 * the mapping and the buffer.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: (transfer full): a view of the range
 */
GBytes *
rill_mapping_get_bytes (RillMapping  *self,
                        GError      **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  guint8 *pointer;

  g_return_val_if_fail (RILL_IS_MAPPING (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  pointer = get_pointer_locked (self, error);
  if (pointer == NULL || !rill_resource_pin (self->buffer, error))
    return NULL;
  return g_bytes_new_with_free_func (pointer, self->access.size, view_gone, g_object_ref (self->buffer));
}

/**
 * rill_mapping_close:
 * @self: a mapping
 *
 * Ends the access: what was written becomes visible to the device, and others may use the range.
 *
 * Closing again does nothing. Dropping the last reference closes as well. It cannot fail: where host
 * memory is too short to make it visible, the next use of the buffer does so or reports the failure.
 */
void
rill_mapping_close (RillMapping *self)
{
  gboolean was_closed;

  g_return_if_fail (RILL_IS_MAPPING (self));

  g_mutex_lock (&self->lock);
  if (self->ended)
    {
      g_mutex_unlock (&self->lock);
      return;
    }
  was_closed = self->closed;
  self->closed = TRUE;
  self->ended = TRUE;
  g_mutex_unlock (&self->lock);

  if (self->access.write && self->valid)
    rill_resource_flush_mapping (self->buffer, self->access.offset, self->access.size);
  rill_resource_end_host_access (self->buffer, &self->access);
  if (!was_closed)
    rill_emitter_notify (rill_resource_get_context (self->buffer)->emitter, self, properties[PROP_CLOSED]);
}
