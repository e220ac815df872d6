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

/* Between looks at the cancellable while a thread waits for a mapping. */
#define WAIT_SLICE_US (10 * 1000)

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

/* What is left of a resource when it is closed, until the device's work with it has ended. */
typedef struct
{
  RillMemory *memory; /* (owned) */
  RillAllocation allocation;
  VkObjectType object_type;
  guint64 handle;
  VkImageView view;
} Remains;

static void
destroy_handle (RillContext  *context,
                VkObjectType  object_type,
                guint64       handle)
{
  if (object_type == VK_OBJECT_TYPE_BUFFER)
    vkDestroyBuffer (context->device, (VkBuffer) (guintptr) handle, NULL);
  else
    vkDestroyImage (context->device, (VkImage) (guintptr) handle, NULL);
}

/* The handle goes before its range can be used again. */
static void
remains_clear (Remains *remains)
{
  RillContext *context = rill_memory_get_context (remains->memory);

  if (remains->view != VK_NULL_HANDLE)
    vkDestroyImageView (context->device, remains->view, NULL);
  destroy_handle (context, remains->object_type, remains->handle);
  rill_memory_release (remains->memory, &remains->allocation);
  g_object_unref (remains->memory);
}

static void
remains_free (gpointer data)
{
  remains_clear (data);
  g_free (data);
}

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

static gboolean
set_closed_error (gpointer   resource,
                  GError   **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The %s is closed", get_kind (resource));
  return FALSE;
}

static gboolean
check_initialized (gpointer   resource,
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

  if (!check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  closed = state->closed;
  g_mutex_unlock (&state->lock);
  if (closed)
    return set_closed_error (resource, error);
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
  if (object_type == VK_OBJECT_TYPE_BUFFER)
    {
      *call = "vkBindBufferMemory";
      return vkBindBufferMemory (context->device, (VkBuffer) (guintptr) handle, allocation->page->handle,
                                 allocation->range.offset);
    }
  *call = "vkBindImageMemory";
  return vkBindImageMemory (context->device, (VkImage) (guintptr) handle, allocation->page->handle,
                            allocation->range.offset);
}

gboolean
rill_resource_bind (gpointer                      resource,
                    RillMemory                   *memory,
                    VkObjectType                  object_type,
                    guint64                       handle,
                    guint64                       size,
                    const RillAllocationRequest  *request,
                    GError                      **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillContext *context = rill_memory_get_context (memory);
  RillAllocation allocation;
  const char *call;
  VkResult result;

  if (!rill_memory_allocate (memory, request, &allocation, error))
    {
      destroy_handle (context, object_type, handle);
      return FALSE;
    }
  result = bind_memory (context, object_type, handle, &allocation, &call);
  if (result != VK_SUCCESS)
    {
      g_autofree char *text = rill_format_size (request->requirements.size);
      rill_context_check (context, result, error, call, "Could not create %s (%s)", request->what, text);
      destroy_handle (context, object_type, handle);
      rill_memory_release (memory, &allocation);
      return FALSE;
    }

  state->memory = g_object_ref (memory);
  state->object_type = object_type;
  state->handle = handle;
  state->size = size;
  state->allocation = allocation;
  if (!rill_memory_add_child (memory, &state->child, resource, (void (*) (GObject *)) rill_resource_close))
    rill_resource_close (resource);
  return TRUE;
}

/* Unlocks. Gives the remains to the device's completion once nobody needs them. */
static void
release_if_unused_and_unlock (RillResourceState *state)
{
  RillContext *context;
  RillSyncPoint last;
  Remains remains;

  if (!state->closed || state->pins > 0 || state->released)
    {
      g_mutex_unlock (&state->lock);
      return;
    }
  state->released = TRUE;
  remains = (Remains) {
    .memory = g_object_ref (state->memory),
    .allocation = state->allocation,
    .object_type = state->object_type,
    .handle = state->handle,
    .view = state->view,
  };
  state->handle = 0;
  state->view = VK_NULL_HANDLE;
  state->allocation.page = NULL;
  last = state->sync.written;
  rill_sync_point_merge (&last, &state->sync.read);
  g_mutex_unlock (&state->lock);

  context = rill_memory_get_context (remains.memory);
  if (rill_context_is_reached (context, &last))
    remains_clear (&remains);
  else
    rill_context_defer (context, &last, remains_free, g_memdup2 (&remains, sizeof (remains)));
}

gboolean
rill_resource_pin (gpointer   resource,
                   GError   **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gboolean closed;

  if (!check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  closed = state->closed;
  if (!closed)
    state->pins++;
  g_mutex_unlock (&state->lock);
  return closed ? set_closed_error (resource, error) : TRUE;
}

void
rill_resource_unpin (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  g_assert (state->pins > 0);
  state->pins--;
  release_if_unused_and_unlock (state);
}

/* Set in the threads that run queued transfers. */
static GPrivate runs_queue;

void
rill_resource_run_queue_here (void)
{
  g_private_set (&runs_queue, GINT_TO_POINTER (TRUE));
}

gsize
rill_resource_take_ticket (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  g_queue_push_tail (&state->tickets, GSIZE_TO_POINTER (++state->last_ticket));
  g_atomic_int_inc (&state->queued);
  return state->last_ticket;
}

void
rill_resource_wait_ticket (gpointer resource,
                           gsize    ticket)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  while (GPOINTER_TO_SIZE (g_queue_peek_head (&state->tickets)) != ticket)
    g_cond_wait (&state->changed, &state->lock);
}

void
rill_resource_give_ticket (gpointer resource,
                           gsize    ticket)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  g_queue_remove (&state->tickets, GSIZE_TO_POINTER (ticket));
  g_atomic_int_add (&state->queued, -1);
  g_cond_broadcast (&state->changed);
}

/* A slice of a wait for the condition. FALSE once it is cancelled or too late. */
static gboolean
wait_changed_locked (RillResourceState  *state,
                     gint64              deadline,
                     GCancellable       *cancellable,
                     GError            **error)
{
  gint64 now = g_get_monotonic_time ();

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (deadline >= 0 && now >= deadline)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "Earlier transfers did not end in the given time");
      return FALSE;
    }
  now += WAIT_SLICE_US;
  g_cond_wait_until (&state->changed, &state->lock, deadline >= 0 ? MIN (deadline, now) : now);
  return TRUE;
}

gboolean
rill_resource_wait_turn (gpointer       resource,
                         gint64         deadline,
                         GCancellable  *cancellable,
                         GError       **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gboolean good = TRUE;
  gsize last;

  if (g_atomic_int_get (&state->queued) == 0 || g_private_get (&runs_queue) != NULL)
    return TRUE;
  g_mutex_lock (&state->lock);
  last = state->last_ticket;
  while (good && state->tickets.length > 0
         && GPOINTER_TO_SIZE (g_queue_peek_head (&state->tickets)) <= last)
    good = wait_changed_locked (state, deadline, cancellable, error);
  g_mutex_unlock (&state->lock);
  return good;
}

gboolean
rill_resource_check_range (const char  *what,
                           guint64      limit,
                           guint64      offset,
                           gint64       size,
                           guint64     *actual,
                           GError     **error)
{
  if (size < -1)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: a size of %" G_GINT64_FORMAT " is neither a number of bytes nor -1 for the rest",
                 what, size);
  else if (offset > limit)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: offset %" G_GUINT64_FORMAT " is beyond the buffer's %" G_GUINT64_FORMAT " bytes",
                 what, offset, limit);
  else if (size != -1 && (guint64) size > limit - offset)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not %s: %" G_GINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
                 " do not fit into the buffer's %" G_GUINT64_FORMAT " bytes",
                 what, size, offset, limit);
  else
    {
      *actual = size == -1 ? limit - offset : (guint64) size;
      return TRUE;
    }
  return FALSE;
}

static gboolean
overlaps (const RillHostAccess *access,
          guint64               offset,
          guint64               size)
{
  return size > 0 && access->size > 0 && offset < access->end && access->start < offset + size;
}

/* It is enough to widen what is registered: what comes is compared with that. */
static void
widen_to_atoms (RillResourceState *state,
                RillHostAccess    *access)
{
  const RillPage *page = state->allocation.page;
  guint64 atom = page->map != NULL && !page->coherent
                   ? page->context->properties.limits.nonCoherentAtomSize
                   : 1;

  access->start = access->offset / atom * atom;
  access->end = (access->offset + access->size + atom - 1) / atom * atom;
}

RillHostAccess *
rill_resource_find_conflict_locked (RillResourceState *state,
                                    guint64            offset,
                                    guint64            size,
                                    gboolean           write)
{
  for (RillHostAccess *access = state->host_accesses; access != NULL; access = access->next)
    if (!access->staged && (write || access->write) && overlaps (access, offset, size))
      return access;
  return NULL;
}

/* The same for another access. */
static RillHostAccess *
find_access_conflict_locked (RillResourceState    *state,
                             const RillHostAccess *access)
{
  for (RillHostAccess *other = state->host_accesses; other != NULL; other = other->next)
    if (!(other->staged && access->staged) && (other->write || access->write)
        && overlaps (other, access->offset, access->size))
      return other;
  return NULL;
}

void
rill_resource_set_busy_error (gpointer              resource,
                              const RillHostAccess *conflict,
                              GError              **error)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               "The buffer %s%s%sis mapped for %s: bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
               ", by a RillMapping that has been open for %.3f s",
               state->name != NULL ? "“" : "", state->name != NULL ? state->name : "",
               state->name != NULL ? "” " : "", conflict->write ? "writing" : "reading", conflict->start,
               MIN (conflict->end, state->size) - 1,
               (double) (g_get_monotonic_time () - conflict->since) / G_USEC_PER_SEC);
}

static gboolean
wait_for_mapping_locked (gpointer              resource,
                         const RillHostAccess *conflict,
                         gint64                deadline,
                         GCancellable         *cancellable,
                         GError              **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  gint64 now = g_get_monotonic_time ();

  if (deadline == 0)
    {
      rill_resource_set_busy_error (resource, conflict, error);
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (deadline > 0 && now >= deadline)
    {
      g_autoptr (GError) busy = NULL;
      rill_resource_set_busy_error (resource, conflict, &busy);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Could not map in the given time: %s",
                   busy->message);
      return FALSE;
    }
  g_cond_wait_until (&state->changed, &state->lock,
                     deadline > 0 ? MIN (deadline, now + WAIT_SLICE_US) : now + WAIT_SLICE_US);
  return TRUE;
}

static gboolean
register_access_locked (gpointer         resource,
                        RillHostAccess  *access,
                        gint64           deadline,
                        GCancellable    *cancellable,
                        GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillHostAccess *conflict;

  while (!state->closed)
    {
      conflict = find_access_conflict_locked (state, access);
      if (conflict == NULL && (access->staged || state->submitting == 0))
        break;
      if (conflict == NULL || !conflict->mapping)
        {
          if (!wait_changed_locked (state, deadline > 0 ? deadline : -1, cancellable, error))
            return FALSE;
        }
      else if (!wait_for_mapping_locked (resource, conflict, deadline, cancellable, error))
        return FALSE;
    }
  if (state->closed)
    return set_closed_error (resource, error);
  access->since = g_get_monotonic_time ();
  widen_to_atoms (state, access);
  access->next = state->host_accesses;
  state->host_accesses = access;
  state->pins++;
  return TRUE;
}

gboolean
rill_resource_begin_host_access (gpointer         resource,
                                 RillHostAccess  *access,
                                 gint64           deadline,
                                 GCancellable    *cancellable,
                                 GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillSyncPoint point = { { 0 } };
  gboolean registered;

  if (!check_initialized (resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  registered = register_access_locked (resource, access, deadline, cancellable, error);
  rill_sync_get_dependencies (&state->sync, access->write, &point);
  g_mutex_unlock (&state->lock);
  if (!registered)
    return FALSE;

  if (rill_context_wait (rill_memory_get_context (state->memory), &point, deadline > 0 ? deadline : -1,
                         cancellable, error))
    return TRUE;
  rill_resource_end_host_access (resource, access);
  return FALSE;
}

gboolean
rill_resource_begin_staged_access (gpointer         resource,
                                   RillHostAccess  *access,
                                   GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = NULL;

  if (!check_initialized (resource, error))
    return FALSE;
  locker = g_mutex_locker_new (&state->lock);
  access->staged = TRUE;
  return register_access_locked (resource, access, 0, NULL, error);
}

void
rill_resource_end_host_access (gpointer        resource,
                               RillHostAccess *access)
{
  RillResourceState *state = rill_resource_get_state (resource);
  RillHostAccess **link = &state->host_accesses;

  g_mutex_lock (&state->lock);
  while (*link != access)
    link = &(*link)->next;
  *link = access->next;
  g_cond_broadcast (&state->changed);
  state->pins--;
  release_if_unused_and_unlock (state);
}

static gboolean
has_own_access_locked (RillResourceState *state)
{
  for (RillHostAccess *access = state->host_accesses; access != NULL; access = access->next)
    if (!access->mapping && !access->staged)
      return TRUE;
  return FALSE;
}

void
rill_resource_wait_host_access (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);

  g_mutex_lock (&state->lock);
  if (has_own_access_locked (state))
    g_cond_wait (&state->changed, &state->lock);
  g_mutex_unlock (&state->lock);
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
  g_cond_broadcast (&state->changed);
  release_if_unused_and_unlock (state);
  return TRUE;
}

/* No notification would reach its handler any more. */
static void
rill_resource_dispose (GObject *object)
{
  RillResource *self = RILL_RESOURCE (object);
  RillResourceState *state = rill_resource_get_state (self);

  close_resource (self);
  if (state->memory != NULL)
    rill_memory_remove_child (state->memory, &state->child);
  G_OBJECT_CLASS (rill_resource_parent_class)->dispose (object);
}

static void
rill_resource_finalize (GObject *object)
{
  RillResourceState *state = rill_resource_get_state (object);

  g_assert (state->pins == 0);
  g_clear_object (&state->memory);
  g_free (state->name);
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
