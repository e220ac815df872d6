/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-private.h"

#include "core/rill-error-private.h"
#include "memory/rill-memory-choice-private.h"
#include "memory/rill-page-list-private.h"
#include "rill-enum-types.h"
#include "session/rill-device-private.h"
#include "session/rill-memory-type.h"

/**
 * RillMemory:
 *
 * A memory hands out ranges of pages of one Vulkan memory type to buffers and images.
 *
 * A page is one allocation of device memory (`VkDeviceMemory`). The first object makes the first page;
 * pages that have become empty are released, but for one that is kept for the next object. An object that
 * is larger than a page gets a page of its own, of exactly its size; with a page size of 0 every
 * object does. The index of a page is stable while the page lives, and is used again afterwards.
 *
 * When the device has no room for a new page, the empty pages of all memories of the session are
 * released, and it is tried again, at last with smaller pages.
 *
 * Pages of host-visible memory are mapped once and stay mapped, so any number of objects in a
 * page can be mapped at the same time.
 *
 * Every method may be called from any thread.
 */

struct _RillMemory
{
  GObject parent_instance;

  RillSession *session;   /* (owned) (nullable) */
  RillContext *context;   /* (owned) (nullable) weak once closed */
  RillMemoryType *type;   /* (owned) (nullable) */
  RillPages pages;
  RillChild child;
};

typedef enum
{
  PROP_SESSION = 1,
  PROP_FLAGS,
  PROP_MEMORY_TYPE,
  PROP_PAGE_SIZE,
  PROP_PAGE_COUNT,
  PROP_PAGES,
  PROP_MAPPABLE,
  PROP_USED_SIZE,
  PROP_RESERVED_SIZE,
  PROP_STRATEGY,
  PROP_CLOSED,
  PROP_SIZE_LIMIT,
  PROP_PRIORITY,
} RillMemoryProperty;

enum
{
  SIGNAL_PAGE_ADDED,
  SIGNAL_PAGE_REMOVED,
  N_SIGNALS,
};

static GParamSpec *properties[PROP_PRIORITY + 1];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RillMemory, rill_memory, G_TYPE_OBJECT)

static void
notify_pages (RillMemory *self)
{
  RillEmitter *emitter = self->context->emitter;

  rill_emitter_notify (emitter, self, properties[PROP_PAGE_COUNT]);
  rill_emitter_notify (emitter, self, properties[PROP_USED_SIZE]);
  rill_emitter_notify (emitter, self, properties[PROP_RESERVED_SIZE]);
}

static void
page_added (gpointer owner,
            guint    index,
            guint64  size)
{
  RillMemory *self = owner;

  rill_emitter_emit (self->context->emitter, self, signals[SIGNAL_PAGE_ADDED], index, size);
  rill_page_list_update_locked (self);
  notify_pages (self);
}

static void
page_removed (gpointer owner,
              guint    index)
{
  RillMemory *self = owner;

  rill_emitter_emit (self->context->emitter, self, signals[SIGNAL_PAGE_REMOVED], index);
  rill_page_list_update_locked (self);
  notify_pages (self);
}

gboolean
rill_memory_check_open (RillMemory  *self,
                        GError     **error)
{
  if (self->context == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                           "The memory was not initialised: make it with rill_session_create_memory()");
      return FALSE;
    }
  if (rill_pages_is_closed (&self->pages))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The memory is closed");
      return FALSE;
    }
  return rill_context_check_lost (self->context, error);
}

RillContext *
rill_memory_ref_context (RillMemory  *self,
                         GError     **error)
{
  if (!rill_memory_check_open (self, error))
    return NULL;
  if (rill_context_try_ref (self->context))
    return self->context;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The memory is closed");
  return NULL;
}

RillContext *
rill_memory_get_context (RillMemory *self)
{
  return self->context;
}

RillPages *
rill_memory_peek_pages (RillMemory *self)
{
  return &self->pages;
}

RillChild *
rill_memory_hold_child (RillMemory         *self,
                        const RillChildRef *ref)
{
  return rill_children_hold (&self->pages.children, ref);
}

void
rill_memory_unhold_child (RillMemory *self,
                          RillChild  *child)
{
  rill_children_unhold (&self->pages.children, child);
}

gboolean
rill_memory_allocate (RillMemory                   *self,
                      const RillAllocationRequest  *request,
                      RillAllocation               *allocation,
                      GError                      **error)
{
  return rill_pages_allocate (&self->pages, request, allocation, error);
}

void
rill_memory_release (RillMemory     *self,
                     RillAllocation *allocation,
                     RillChild      *child)
{
  rill_pages_release (&self->pages, allocation, child);
}

gboolean
rill_memory_leave (RillMemory *self,
                   RillChild  *child)
{
  return rill_children_leave (&self->pages.children, child);
}

void
rill_memory_foreach_child (RillMemory  *self,
                           void       (*func) (RillChild *child, gpointer data),
                           gpointer     data)
{
  rill_children_foreach (&self->pages.children, func, data);
}

static void
rill_memory_dispose (GObject *object)
{
  RillMemory *self = RILL_MEMORY (object);

  rill_memory_close (self);
  rill_pages_delist (&self->pages);
  if (self->session != NULL && !rill_session_leave (self->session, &self->child))
    return;
  G_OBJECT_CLASS (rill_memory_parent_class)->dispose (object);
}

static void
rill_memory_finalize (GObject *object)
{
  RillMemory *self = RILL_MEMORY (object);

  rill_pages_clear (&self->pages);
  g_clear_object (&self->type);
  g_clear_pointer (&self->context, rill_context_unref_weak);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (rill_memory_parent_class)->finalize (object);
}

static void
rill_memory_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  RillMemory *self = RILL_MEMORY (object);

  switch ((RillMemoryProperty) prop_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, rill_memory_get_session (self));
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, rill_memory_get_flags (self));
      break;
    case PROP_MEMORY_TYPE:
      g_value_set_object (value, rill_memory_get_memory_type (self));
      break;
    case PROP_PAGE_SIZE:
      g_value_set_uint64 (value, rill_memory_get_page_size (self));
      break;
    case PROP_PAGE_COUNT:
      g_value_set_uint (value, rill_memory_get_page_count (self));
      break;
    case PROP_PAGES:
      g_value_set_object (value, rill_memory_get_pages (self));
      break;
    case PROP_MAPPABLE:
      g_value_set_boolean (value, rill_memory_get_mappable (self));
      break;
    case PROP_USED_SIZE:
      g_value_set_uint64 (value, rill_memory_get_used_size (self));
      break;
    case PROP_RESERVED_SIZE:
      g_value_set_uint64 (value, rill_memory_get_reserved_size (self));
      break;
    case PROP_STRATEGY:
      g_value_set_enum (value, rill_memory_get_strategy (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_memory_get_closed (self));
      break;
    case PROP_SIZE_LIMIT:
      g_value_set_uint64 (value, rill_memory_get_size_limit (self));
      break;
    case PROP_PRIORITY:
      g_value_set_float (value, rill_memory_get_priority (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static GParamSpec *
make_pages_property (void)
{
  /**
   * RillMemory:pages: (getter get_pages)
   *
   * The live pages: a list of [class@MemoryPage], which changes in the session's main context.
   */
  return g_param_spec_object ("pages", NULL, NULL, G_TYPE_LIST_MODEL,
                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillMemory:session: (getter get_session)
   *
   * The session that the memory belongs to.
   */
  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, RILL_TYPE_SESSION, flags);
  /**
   * RillMemory:flags: (getter get_flags)
   *
   * The property flags of the chosen memory type: at least those that were asked for.
   */
  properties[PROP_FLAGS] = g_param_spec_flags ("flags", NULL, NULL, RILL_TYPE_MEMORY_PROPERTY_FLAGS,
                                               RILL_MEMORY_PROPERTY_NONE, flags);
  /**
   * RillMemory:memory-type: (getter get_memory_type)
   *
   * The Vulkan memory type of the pages.
   */
  properties[PROP_MEMORY_TYPE] = g_param_spec_object ("memory-type", NULL, NULL, RILL_TYPE_MEMORY_TYPE, flags);
  /**
   * RillMemory:page-size: (getter get_page_size)
   *
   * Size of a page in bytes; 0 gives every object a page of its own.
   */
  properties[PROP_PAGE_SIZE] = g_param_spec_uint64 ("page-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemory:page-count: (getter get_page_count)
   *
   * Number of live pages: 0 until the first object.
   */
  properties[PROP_PAGE_COUNT] = g_param_spec_uint ("page-count", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_PAGES] = make_pages_property ();
  /**
   * RillMemory:mappable: (getter get_mappable)
   *
   * Whether the host can map the memory (`VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT`).
   */
  properties[PROP_MAPPABLE] = g_param_spec_boolean ("mappable", NULL, NULL, FALSE, flags);
  /**
   * RillMemory:used-size: (getter get_used_size)
   *
   * Bytes that objects take. To keep allocation cheap, its change is notified when pages come and go,
   * not with every object.
   */
  properties[PROP_USED_SIZE] = g_param_spec_uint64 ("used-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemory:reserved-size: (getter get_reserved_size)
   *
   * Bytes of all pages.
   */
  properties[PROP_RESERVED_SIZE]
    = g_param_spec_uint64 ("reserved-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemory:strategy: (getter get_strategy)
   *
   * How the place of a new object is chosen; see [method@Memory.set_strategy].
   */
  properties[PROP_STRATEGY]
    = g_param_spec_enum ("strategy", NULL, NULL, RILL_TYPE_ALLOCATION_STRATEGY,
                         RILL_ALLOCATION_STRATEGY_GENERAL, flags);
  /**
   * RillMemory:closed: (getter get_closed)
   *
   * Whether the memory was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  /**
   * RillMemory:size-limit: (getter get_size_limit)
   *
   * The most that all pages may take, in bytes; 0 for no limit. See [method@Memory.set_size_limit].
   */
  properties[PROP_SIZE_LIMIT] = g_param_spec_uint64 ("size-limit", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemory:priority: (getter get_priority)
   *
   * How much the pages should stay on the device when it is full. See [method@Memory.set_priority].
   */
  properties[PROP_PRIORITY] = g_param_spec_float ("priority", NULL, NULL, 0, 1, RILL_PAGE_DEFAULT_PRIORITY,
                                                  flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_memory_class_init (RillMemoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rill_memory_dispose;
  object_class->finalize = rill_memory_finalize;
  object_class->get_property = rill_memory_get_property;
  install_properties (object_class);

  /**
   * RillMemory::page-added:
   * @self: the memory
   * @index: index of the page
   * @size: its size in bytes
   *
   * A page was allocated. Arrives in the session's main context.
   */
  signals[SIGNAL_PAGE_ADDED] = g_signal_new ("page-added", RILL_TYPE_MEMORY, G_SIGNAL_RUN_LAST, 0, NULL,
                                             NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT64);
  /**
   * RillMemory::page-removed:
   * @self: the memory
   * @index: index that the page had
   *
   * A page was released. Arrives in the session's main context.
   */
  signals[SIGNAL_PAGE_REMOVED] = g_signal_new ("page-removed", RILL_TYPE_MEMORY, G_SIGNAL_RUN_LAST, 0,
                                               NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
rill_memory_init (RillMemory *self)
{
  rill_pages_init (&self->pages);
  self->pages.added = page_added;
  self->pages.removed = page_removed;
  self->pages.owner = self;
}

static gboolean
check_page_size (guint64       page_size,
                 guint64       limit,
                 const char   *of_what,
                 GError      **error)
{
  g_autofree char *text = NULL;

  if (page_size <= limit)
    return TRUE;
  text = rill_format_size (limit);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not create a memory: a page size of %" G_GUINT64_FORMAT " bytes is over the %s of %s",
               page_size, of_what, text);
  return FALSE;
}

static gboolean
check_type_enabled (RillContext  *context,
                    guint         type_index,
                    GError      **error)
{
  VkMemoryPropertyFlags flags = context->memory.memoryTypes[type_index].propertyFlags;
  g_autofree char *text = NULL;

  if (rill_memory_get_disabled_flags (context, type_index) == RILL_MEMORY_PROPERTY_NONE)
    return TRUE;
  text = rill_memory_flags_to_string ((RillMemoryPropertyFlags) flags);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create a memory: type %u [%s] needs a feature of the device that Rill does not enable",
               type_index, text);
  return FALSE;
}

/**
 * rill_session_create_memory:
 * @session: a session
 * @flags: property flags that the memory type must have
 * @page_size: size of a page in bytes, usually %RILL_MEMORY_DEFAULT_PAGE_SIZE; 0 gives every object a
 *   page of its own
 * @exact_flags_match: whether the memory type must have no other flags than @flags
 * @error: return location for an error
 *
 * Creates a memory over one of the device's memory types.
 *
 * Without @exact_flags_match, of the types that contain @flags the first is chosen in this order:
 * one that is not device-local and host-visible together, unless both were asked for; a cached one, if
 * host-visible was asked for without coherent; one with the fewest other flags; the one of the
 * lowest index. Types for protected, lazily allocated and vendors' special memory are chosen only when
 * asked for. See "Device Memory Properties" in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED when no type matches, with the sets that there are, and for types of
 * PROTECTED, DEVICE_COHERENT, DEVICE_UNCACHED and RDMA_CAPABLE, whose features are not enabled;
 * %G_IO_ERROR_INVALID_ARGUMENT for unknown flags or a page size over the device's
 * `maxMemoryAllocationSize` or over the size of the heap; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the memory, which has no page yet
 */
RillMemory *
rill_session_create_memory (RillSession              *session,
                            RillMemoryPropertyFlags   flags,
                            guint64                   page_size,
                            gboolean                  exact_flags_match,
                            GError                  **error)
{
  g_autoptr (RillContext) context = NULL;
  RillMemory *self;
  gint type_index;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL
      || !check_page_size (page_size, context->max_allocation_size,
                           "device's limit for one allocation (maxMemoryAllocationSize)", error))
    return NULL;
  type_index = rill_memory_choose_type (context, flags, exact_flags_match, error);
  if (type_index < 0 || !check_type_enabled (context, (guint) type_index, error)
      || !check_page_size (page_size,
                           context->memory.memoryHeaps[context->memory.memoryTypes[type_index].heapIndex].size,
                           "size of the heap", error))
    return NULL;

  self = g_object_new (RILL_TYPE_MEMORY, NULL);
  self->session = g_object_ref (session);
  self->context = g_steal_pointer (&context);
  self->type = g_object_ref (
    rill_device_get_memory_type (rill_session_get_device (session), (guint) type_index));
  self->pages.context = self->context;
  self->pages.type_index = (guint) type_index;
  self->pages.page_size = page_size;
  self->pages.priority = RILL_PAGE_DEFAULT_PRIORITY;
  self->pages.mappable = (rill_memory_get_flags (self) & RILL_MEMORY_PROPERTY_HOST_VISIBLE) != 0;
  self->pages.coherent = (rill_memory_get_flags (self) & RILL_MEMORY_PROPERTY_HOST_COHERENT) != 0;
  rill_pages_enlist (&self->pages);
  if (!rill_session_add_child (session, &self->child, self, (void (*) (GObject *)) rill_memory_close))
    rill_memory_close (self);
  return self;
}

/**
 * rill_memory_get_session: (get-property session)
 * @self: a memory
 *
 * Gets the session that the memory belongs to.
 *
 * Returns: (transfer none) (nullable): the session; %NULL if the memory was never initialised
 */
RillSession *
rill_memory_get_session (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), NULL);

  return self->session;
}

/**
 * rill_memory_get_flags: (get-property flags)
 * @self: a memory
 *
 * Gets the property flags of the chosen memory type.
 *
 * Returns: the flags, at least those that were asked for
 */
RillMemoryPropertyFlags
rill_memory_get_flags (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), RILL_MEMORY_PROPERTY_NONE);

  return self->type != NULL ? rill_memory_type_get_flags (self->type) : RILL_MEMORY_PROPERTY_NONE;
}

/**
 * rill_memory_get_memory_type: (get-property memory-type)
 * @self: a memory
 *
 * Gets the Vulkan memory type of the pages.
 *
 * Returns: (transfer none) (nullable): the memory type; %NULL if the memory was never initialised
 */
RillMemoryType *
rill_memory_get_memory_type (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), NULL);

  return self->type;
}

/**
 * rill_memory_get_page_size: (get-property page-size)
 * @self: a memory
 *
 * Gets the size of a page.
 *
 * Returns: bytes; 0 when every object has a page of its own
 */
guint64
rill_memory_get_page_size (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return self->pages.page_size;
}

/**
 * rill_memory_get_page_count: (get-property page-count)
 * @self: a memory
 *
 * Gets the number of live pages.
 *
 * Returns: the number, 0 until the first object
 */
guint
rill_memory_get_page_count (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return rill_pages_get_count (&self->pages);
}

/**
 * rill_memory_get_mappable: (get-property mappable)
 * @self: a memory
 *
 * Gets whether the host can map the memory.
 *
 * Returns: %TRUE if the memory type is host-visible
 */
gboolean
rill_memory_get_mappable (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  return self->pages.mappable;
}

/**
 * rill_memory_get_used_size: (get-property used-size)
 * @self: a memory
 *
 * Gets the bytes that objects take: the sum of the sizes in their [struct@AllocationInfo].
 *
 * Returns: bytes
 */
guint64
rill_memory_get_used_size (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return rill_pages_get_used_size (&self->pages);
}

/**
 * rill_memory_get_reserved_size: (get-property reserved-size)
 * @self: a memory
 *
 * Gets the bytes of all pages.
 *
 * Returns: bytes
 */
guint64
rill_memory_get_reserved_size (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), 0);

  return rill_pages_get_reserved_size (&self->pages);
}

/**
 * rill_memory_get_closed: (get-property closed)
 * @self: a memory
 *
 * Gets whether the memory was closed.
 *
 * Returns: %TRUE after [method@Memory.close]
 */
gboolean
rill_memory_get_closed (RillMemory *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  return rill_pages_is_closed (&self->pages);
}

/**
 * rill_memory_is_page_mappable:
 * @self: a memory
 * @page: index of a page
 *
 * Tells whether objects in a page can be mapped.
 *
 * Pages stay mapped as long as they live and any number of objects in one can be mapped at the same time,
 * so this is so for every live page of a mappable memory.
 *
 * Returns: %TRUE for a live page of a mappable memory, %FALSE for any other index
 */
gboolean
rill_memory_is_page_mappable (RillMemory *self,
                              guint       page)
{
  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  return self->pages.mappable && rill_pages_is_live (&self->pages, page);
}

/**
 * rill_memory_trim:
 * @self: a memory
 * @error: return location for an error
 *
 * Releases all empty pages, also the one that is kept otherwise.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE if it was done, also when there was nothing to release
 */
gboolean
rill_memory_trim (RillMemory  *self,
                  GError     **error)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (self), FALSE);

  context = rill_memory_ref_context (self, error);
  if (context == NULL)
    return FALSE;
  rill_context_collect (context);
  rill_pages_trim (&self->pages);
  return TRUE;
}

/**
 * rill_memory_close:
 * @self: a memory
 *
 * Closes the memory and every buffer and image in it, and releases its pages.
 *
 * Does not block: what submitted work still uses goes when that work ends, and a page that a live view of
 * a [class@Mapping] shows lives until the last view goes. Closing again does nothing.
 */
void
rill_memory_close (RillMemory *self)
{
  g_return_if_fail (RILL_IS_MEMORY (self));

  if (self->context == NULL || !rill_pages_close (&self->pages))
    return;
  rill_children_close (&self->pages.children);
  rill_pages_trim (&self->pages);
  rill_emitter_notify (self->context->emitter, self, properties[PROP_CLOSED]);
  rill_context_weaken (self->context);
}
