/* SPDX-License-Identifier: MIT */
#include "resource/rill-resource-private.h"

#include "core/rill-error-private.h"

/**
 * RillResource:
 *
 * What lies in a [class@Memory]: a [class@Buffer] or an [class@Image].
 *
 * A resource keeps the order of what is done with it: work on the device that reads it waits for
 * earlier work that writes it, and so on, in the order of the calls.
 *
 * Every method may be called from any thread.
 */

typedef struct
{
  RillResourceState state;
} RillResourcePrivate;

typedef enum
{
  PROP_MEMORY = 1,
  PROP_SIZE,
  PROP_ALLOCATION_INFO,
  PROP_MAPPABLE,
  PROP_CLOSED,
  PROP_NAME,
} RillResourceProperty;

static GParamSpec *properties[PROP_NAME + 1];
static guint relocated_signal;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RillResource, rill_resource, G_TYPE_OBJECT)

RillResourceState *
rill_resource_get_state (gpointer resource)
{
  RillResourcePrivate *private = rill_resource_get_instance_private (resource);

  return &private->state;
}

RillContext *
rill_resource_get_context (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);

  return state->memory != NULL ? rill_memory_get_context (state->memory) : NULL;
}

static const char *
get_kind (gpointer resource)
{
  return rill_resource_get_state (resource)->object_type == VK_OBJECT_TYPE_IMAGE ? "image" : "buffer";
}

gboolean
rill_resource_set_closed_error (gpointer   resource,
                                GError   **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The %s is closed", get_kind (resource));
  return FALSE;
}

gboolean
rill_resource_check_initialized (gpointer   resource,
                                 GError   **error)
{
  if (rill_resource_get_state (resource)->memory != NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
               "The %s was not initialised: make it with a method of RillMemory",
               G_OBJECT_TYPE_NAME (resource));
  return FALSE;
}

gboolean
rill_resource_check_open (gpointer   resource,
                          GError   **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gboolean closed;

  if (!rill_resource_check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  closed = state->closed;
  g_mutex_unlock (&state->lock);
  if (closed)
    return rill_resource_set_closed_error (resource, error);
  return rill_context_check_lost (rill_memory_get_context (state->memory), error);
}

gboolean
rill_resource_check_session (gpointer      resource,
                             RillContext  *context,
                             GError      **error)
{
  if (rill_resource_get_context (resource) == context)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The %s belongs to another session",
               get_kind (resource));
  return FALSE;
}

static VkResult
bind_memory (RillContext          *context,
             VkObjectType          object_type,
             guint64               handle,
             const RillAllocation *allocation,
             const char          **call)
{
  RillDriverPass pass;
  VkResult result;

  if (object_type != VK_OBJECT_TYPE_BUFFER)
    {
      *call = "vkBindImageMemory";
      return vkBindImageMemory (context->device, (VkImage) (guintptr) handle, allocation->page->handle,
                                allocation->range.offset);
    }
  *call = "vkBindBufferMemory";
  pass = rill_driver_gate_enter (context->gate, RILL_DRIVER_CALL_BIND_BUFFER);
  result = vkBindBufferMemory (context->device, (VkBuffer) (guintptr) handle, allocation->page->handle,
                               allocation->range.offset);
  rill_driver_gate_leave (context->gate, pass);
  return result;
}

static gboolean
bind_handle (RillMemory                   *memory,
             VkObjectType                  object_type,
             guint64                       handle,
             const RillAllocationRequest  *request,
             const RillAllocation         *allocation,
             GError                      **error)
{
  RillContext *context = rill_memory_get_context (memory);
  g_autofree char *text = NULL;
  const char *call;
  VkResult result = bind_memory (context, object_type, handle, allocation, &call);

  if (result == VK_SUCCESS)
    return TRUE;
  text = rill_format_size (allocation->range.size);
  rill_context_check (context, result, error, call, "Could not create %s (%s)", request->what, text);
  rill_remains_destroy_handle (context, object_type, handle);
  return FALSE;
}

gboolean
rill_resource_place (RillMemory                   *memory,
                     guint                         page,
                     VkObjectType                  object_type,
                     guint64                       handle,
                     const RillAllocationRequest  *request,
                     RillAllocation               *allocation,
                     guint64                      *largest,
                     GError                      **error)
{
  if (!rill_pages_allocate_in (rill_memory_peek_pages (memory), page, request, allocation, largest))
    {
      rill_remains_destroy_handle (rill_memory_get_context (memory), object_type, handle);
      return FALSE;
    }
  if (bind_handle (memory, object_type, handle, request, allocation, error))
    return TRUE;
  rill_memory_release (memory, allocation, NULL);
  return FALSE;
}

gboolean
rill_resource_reserve (gpointer                      resource,
                       RillMemory                   *memory,
                       VkObjectType                  object_type,
                       guint64                       size,
                       RillAllocationRequest        *request,
                       RillAllocation               *allocation,
                       GError                      **error)
{
  RillResourceState *state = rill_resource_get_state (resource);

  request->child = &state->child;
  request->object = resource;
  request->close = (void (*) (GObject *)) rill_resource_close;
  state->memory = g_object_ref (memory);
  state->object_type = object_type;
  state->size = size;
  state->pins = 1; /* who closes the memory finds the resource from now on */
  if (rill_memory_allocate (memory, request, allocation, error))
    return TRUE;
  state->pins = 0;
  state->closed = state->released = TRUE;
  return FALSE;
}

void
rill_resource_abandon (gpointer        resource,
                       RillAllocation *allocation)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  state->pins = 0;
  state->closed = state->released = TRUE;
  g_mutex_unlock (&state->lock);
  rill_memory_release (state->memory, allocation, &state->child);
}

gboolean
rill_resource_bind (gpointer                      resource,
                    guint64                       handle,
                    const RillAllocationRequest  *request,
                    RillAllocation               *allocation,
                    GError                      **error)
{
  RillResourceState *state = rill_resource_get_state (resource);

  if (!bind_handle (state->memory, state->object_type, handle, request, allocation, error))
    {
      rill_resource_abandon (resource, allocation);
      return FALSE;
    }
  g_mutex_lock (&state->lock);
  state->handle = handle;
  state->allocation = *allocation;
  state->pins--;
  rill_resource_release_if_unused_and_unlock (state); /* if it was closed since */
  return TRUE;
}

gboolean
rill_resource_reserve_and_bind (gpointer                      resource,
                                RillMemory                   *memory,
                                VkObjectType                  object_type,
                                guint64                       handle,
                                guint64                       size,
                                RillAllocationRequest        *request,
                                GError                      **error)
{
  RillAllocation allocation;

  if (rill_resource_reserve (resource, memory, object_type, size, request, &allocation, error))
    return rill_resource_bind (resource, handle, request, &allocation, error);
  rill_remains_destroy_handle (rill_memory_get_context (memory), object_type, handle);
  return FALSE;
}

/* What closed views of an open image have left. */
typedef struct
{
  RillContext *context; /* (owned) */
  RillRetiredView *retired;
} RetiredViews;

static void
retired_views_free (gpointer data)
{
  RetiredViews *views = data;

  rill_remains_destroy_views (views->context, views->retired);
  rill_context_unref (views->context);
  g_free (views);
}

/* One who has pinned the image may have taken the handles of a view that was closed since, and not
 * have submitted them yet. Once there is no pin, every use is noted. */
static void
release_retired_and_unlock (RillResourceState *state)
{
  RetiredViews *views = g_new (RetiredViews, 1);
  RillSyncPoint last = { { 0 } };

  views->context = rill_context_ref (rill_memory_get_context (state->memory));
  views->retired = g_steal_pointer (&state->retired);
  rill_sync_get_dependencies (&state->sync, TRUE, &last);
  g_mutex_unlock (&state->lock);
  rill_context_defer (views->context, &last, retired_views_free, views);
}

void
rill_resource_release_if_unused_and_unlock (RillResourceState *state)
{
  RillSyncPoint last;
  RillRemains remains;

  if (state->pins > 0 || state->released || (!state->closed && state->retired == NULL))
    {
      g_mutex_unlock (&state->lock);
      return;
    }
  if (!state->closed)
    {
      release_retired_and_unlock (state);
      return;
    }
  state->released = TRUE;
  remains = (RillRemains) {
    .memory = state->memory,
    .allocation = state->allocation,
    .object_type = state->object_type,
    .handle = state->handle,
    .view = state->view,
    .retired = g_steal_pointer (&state->retired),
  };
  state->handle = 0;
  state->view = VK_NULL_HANDLE;
  state->allocation.page = NULL;
  last = state->sync.written;
  rill_sync_point_merge (&last, &state->sync.read);
  g_mutex_unlock (&state->lock);

  if (rill_context_is_reached (rill_memory_get_context (remains.memory), &last))
    {
      rill_remains_destroy (&remains, &state->child);
      return;
    }
  g_object_ref (remains.memory);
  rill_remains_release (&remains, &last);
}

gboolean
rill_resource_pin (gpointer   resource,
                   GError   **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gboolean closed;

  if (!rill_resource_check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  closed = state->closed;
  if (!closed)
    {
      state->pins++;
      state->n_pinned++;
    }
  g_mutex_unlock (&state->lock);
  return closed ? rill_resource_set_closed_error (resource, error) : TRUE;
}

void
rill_resource_unpin (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  g_assert (state->pins > 0);
  state->pins--;
  rill_resource_release_if_unused_and_unlock (state);
}

void
rill_resource_begin_recording (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  state->recordings++;
}

void
rill_resource_end_recording (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  g_assert (state->recordings > 0);
  state->recordings--;
}

guint64
rill_resource_give_handle (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  state->handle_given = TRUE;
  return state->handle;
}

void
rill_resource_emit_relocated (gpointer resource)
{
  RillEmitter *emitter = rill_resource_get_context (resource)->emitter;

  rill_emitter_emit (emitter, resource, relocated_signal);
  rill_emitter_notify (emitter, resource, properties[PROP_ALLOCATION_INFO]);
}

gboolean
rill_resource_add_child (gpointer    resource,
                         RillChild  *child,
                         gpointer    object,
                         void      (*close) (GObject *object))
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  if (state->children == NULL && !state->closed)
    {
      state->children = g_new (RillChildren, 1);
      rill_children_init (state->children, NULL);
    }
  g_mutex_unlock (&state->lock);
  return state->children != NULL && rill_children_add (state->children, child, object, close);
}

gboolean
rill_resource_leave (gpointer   resource,
                     RillChild *child)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillChildren *children;

  g_mutex_lock (&state->lock);
  children = state->children; /* another thread may just make it */
  g_mutex_unlock (&state->lock);
  return children == NULL || rill_children_leave (children, child);
}

static gboolean
close_resource (RillResource *self)
{
  RillResourceState *state = rill_resource_get_state (self);

  if (state->memory == NULL)
    return FALSE;
  g_mutex_lock (&state->lock);
  if (state->closed)
    {
      g_mutex_unlock (&state->lock);
      return FALSE;
    }
  state->closed = TRUE;
  rill_resource_wake_waiting_locked (state);
  if (state->children == NULL)
    {
      rill_resource_release_if_unused_and_unlock (state);
      return TRUE;
    }
  state->pins++; /* for the children, which still need handle and range to end */
  g_mutex_unlock (&state->lock);
  rill_children_close (state->children);
  rill_resource_unpin (self);
  return TRUE;
}

/* No notification would reach its handler any more. */
static void
rill_resource_dispose (GObject *object)
{
  RillResourceState *state = rill_resource_get_state (object);

  close_resource ((RillResource *) object);
  if (state->memory != NULL && !rill_memory_leave (state->memory, &state->child))
    return;
  G_OBJECT_CLASS (rill_resource_parent_class)->dispose (object);
}

static void
rill_resource_finalize (GObject *object)
{
  RillResourceState *state = rill_resource_get_state (object);

  g_assert (state->pins == 0);
  if (state->children != NULL)
    rill_children_clear (state->children);
  g_free (state->children);
  g_clear_object (&state->memory);
  g_free (state->name);
  g_clear_pointer (&state->unflushed, g_array_unref);
  g_cond_clear (&state->changed);
  g_mutex_clear (&state->lock);
  G_OBJECT_CLASS (rill_resource_parent_class)->finalize (object);
}

static void
rill_resource_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  RillResource *self = RILL_RESOURCE (object);

  switch ((RillResourceProperty) prop_id)
    {
    case PROP_MEMORY:
      g_value_set_object (value, rill_resource_get_memory (self));
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, rill_resource_get_size (self));
      break;
    case PROP_ALLOCATION_INFO:
      g_value_take_boxed (value, rill_resource_get_allocation_info (self));
      break;
    case PROP_MAPPABLE:
      g_value_set_boolean (value, rill_resource_get_mappable (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_resource_get_closed (self));
      break;
    case PROP_NAME:
      g_value_take_string (value, rill_resource_dup_name (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_resource_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  if (prop_id == PROP_NAME)
    rill_resource_set_name (RILL_RESOURCE (object), g_value_get_string (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillResource:memory: (getter get_memory)
   *
   * The memory that the resource lies in.
   */
  properties[PROP_MEMORY] = g_param_spec_object ("memory", NULL, NULL, RILL_TYPE_MEMORY, flags);
  /**
   * RillResource:size: (getter get_size)
   *
   * Size in bytes: of a buffer as it was asked for, of an image what the device requires for it.
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillResource:allocation-info: (getter get_allocation_info)
   *
   * Where the resource lies in its memory.
   */
  properties[PROP_ALLOCATION_INFO]
    = g_param_spec_boxed ("allocation-info", NULL, NULL, RILL_TYPE_ALLOCATION_INFO, flags);
  /**
   * RillResource:mappable: (getter get_mappable)
   *
   * Whether the resource lies in memory that the host can map.
   */
  properties[PROP_MAPPABLE] = g_param_spec_boolean ("mappable", NULL, NULL, FALSE, flags);
  /**
   * RillResource:closed: (getter get_closed)
   *
   * Whether the resource was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  /**
   * RillResource:name: (getter dup_name) (setter set_name)
   *
   * A name for messages and debuggers.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags | G_PARAM_WRITABLE);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_resource_class_init (RillResourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rill_resource_dispose;
  object_class->finalize = rill_resource_finalize;
  object_class->get_property = rill_resource_get_property;
  object_class->set_property = rill_resource_set_property;
  install_properties (object_class);

  /**
   * RillResource::relocated:
   * @self: the resource
   *
   * The resource has moved: its allocation info is another one. Arrives in the session's main context.
   */
  relocated_signal = g_signal_new ("relocated", RILL_TYPE_RESOURCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
rill_resource_init (RillResource *self)
{
  RillResourceState *state = rill_resource_get_state (self);

  g_mutex_init (&state->lock);
  g_cond_init (&state->changed);
  g_queue_init (&state->tickets);
}

/**
 * rill_resource_get_memory: (get-property memory)
 * @self: a resource
 *
 * Gets the memory that the resource lies in.
 *
 * Returns: (transfer none) (nullable): the memory; %NULL if the resource was never initialised
 */
RillMemory *
rill_resource_get_memory (RillResource *self)
{
  g_return_val_if_fail (RILL_IS_RESOURCE (self), NULL);

  return rill_resource_get_state (self)->memory;
}

/**
 * rill_resource_get_size: (get-property size)
 * @self: a resource
 *
 * Gets the size of the resource.
 *
 * Returns: bytes: of a buffer as it was asked for, of an image what the device requires for it
 *   (`VkMemoryRequirements`)
 */
guint64
rill_resource_get_size (RillResource *self)
{
  g_return_val_if_fail (RILL_IS_RESOURCE (self), 0);

  return rill_resource_get_state (self)->size;
}

/**
 * rill_resource_get_allocation_info: (get-property allocation-info)
 * @self: a resource
 *
 * Gets where the resource lies in its memory.
 *
 * Returns: (transfer full) (nullable): the page, the offset and the size; %NULL if the resource was never
 *   initialised
 */
RillAllocationInfo *
rill_resource_get_allocation_info (RillResource *self)
{
  RillResourceState *state;
  g_autoptr (GMutexLocker) locker = NULL;
  RillAllocationInfo info;

  g_return_val_if_fail (RILL_IS_RESOURCE (self), NULL);

  state = rill_resource_get_state (self);
  if (state->memory == NULL)
    return NULL;
  locker = g_mutex_locker_new (&state->lock);
  info = (RillAllocationInfo) {
    .page = state->allocation.range.block,
    .offset = state->allocation.range.offset,
    .left_padding = state->allocation.range.left_padding,
    .size = state->allocation.range.size,
  };
  return rill_allocation_info_copy (&info);
}

/**
 * rill_resource_get_mappable: (get-property mappable)
 * @self: a resource
 *
 * Gets whether the resource lies in memory that the host can map.
 *
 * Returns: %TRUE if it does
 */
gboolean
rill_resource_get_mappable (RillResource *self)
{
  RillMemory *memory;

  g_return_val_if_fail (RILL_IS_RESOURCE (self), FALSE);

  memory = rill_resource_get_state (self)->memory;
  return memory != NULL && rill_memory_get_mappable (memory);
}

/**
 * rill_resource_get_closed: (get-property closed)
 * @self: a resource
 *
 * Gets whether the resource was closed.
 *
 * Returns: %TRUE after [method@Resource.close], also when its memory or session was closed
 */
gboolean
rill_resource_get_closed (RillResource *self)
{
  RillResourceState *state;
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_RESOURCE (self), FALSE);

  state = rill_resource_get_state (self);
  locker = g_mutex_locker_new (&state->lock);
  return state->closed;
}

/**
 * rill_resource_dup_name: (get-property name)
 * @self: a resource
 *
 * Gets the name of the resource.
 *
 * Returns: (transfer full) (nullable): the name
 */
char *
rill_resource_dup_name (RillResource *self)
{
  RillResourceState *state;
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_RESOURCE (self), NULL);

  state = rill_resource_get_state (self);
  locker = g_mutex_locker_new (&state->lock);
  return g_strdup (state->name);
}

/**
 * rill_resource_set_name: (set-property name)
 * @self: a resource
 * @name: (nullable): a name
 *
 * Names the resource, for error messages and for Vulkan's debugging tools (`VK_EXT_debug_utils`).
 */
void
rill_resource_set_name (RillResource *self,
                        const char   *name)
{
  RillResourceState *state;
  RillContext *context;

  g_return_if_fail (RILL_IS_RESOURCE (self));

  state = rill_resource_get_state (self);
  context = rill_resource_get_context (self);
  g_mutex_lock (&state->lock);
  if (g_strcmp0 (state->name, name) == 0)
    {
      g_mutex_unlock (&state->lock);
      return;
    }
  g_free (state->name);
  state->name = g_strdup (name);
  if (context != NULL && state->handle != 0)
    rill_context_set_name (context, state->object_type, state->handle, name);
  g_mutex_unlock (&state->lock);

  if (context != NULL)
    rill_emitter_notify (context->emitter, self, properties[PROP_NAME]);
}

/**
 * rill_resource_close:
 * @self: a resource
 *
 * Gives the resource's memory back.
 *
 * Does not block: what submitted work or a live view of a [class@Mapping] still uses goes when they
 * end. From now on every method of the resource fails with %G_IO_ERROR_CLOSED. Closing again does
 * nothing.
 */
void
rill_resource_close (RillResource *self)
{
  g_return_if_fail (RILL_IS_RESOURCE (self));

  if (close_resource (self))
    rill_emitter_notify (rill_resource_get_context (self)->emitter, self, properties[PROP_CLOSED]);
}
