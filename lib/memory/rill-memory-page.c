/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-page-private.h"

#include "memory/rill-memory-private.h"

/**
 * RillMemoryPage:
 *
 * A page of a memory, in the list [property@Memory:pages].
 *
 * Index, size and whether it is mappable stay. What lies in the page is asked for at the time of the
 * call, and is 0 once the page was released; its change is not notified, to keep allocation cheap. A page
 * object keeps neither the page nor the memory alive, and stands for one page only: a later page of the
 * same index has an object of its own.
 *
 * Every method may be called from any thread.
 */

struct _RillMemoryPage
{
  GObject parent_instance;

  GWeakRef memory;
  guint index;
  guint64 serial; /* 0: never initialised */
  guint64 size;
  gboolean mappable;
};

typedef enum
{
  PROP_MEMORY = 1,
  PROP_INDEX,
  PROP_SIZE,
  PROP_MAPPABLE,
  PROP_LIVE,
  PROP_OBJECT_COUNT,
  PROP_USED_SIZE,
  PROP_FREE_SIZE,
} RillMemoryPageProperty;

static GParamSpec *properties[PROP_FREE_SIZE + 1];

G_DEFINE_FINAL_TYPE (RillMemoryPage, rill_memory_page, G_TYPE_OBJECT)

static void
rill_memory_page_finalize (GObject *object)
{
  RillMemoryPage *self = RILL_MEMORY_PAGE (object);

  g_weak_ref_clear (&self->memory);
  G_OBJECT_CLASS (rill_memory_page_parent_class)->finalize (object);
}

static void
rill_memory_page_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  RillMemoryPage *self = RILL_MEMORY_PAGE (object);

  switch ((RillMemoryPageProperty) prop_id)
    {
    case PROP_MEMORY:
      g_value_take_object (value, rill_memory_page_get_memory (self));
      break;
    case PROP_INDEX:
      g_value_set_uint (value, rill_memory_page_get_index (self));
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, rill_memory_page_get_size (self));
      break;
    case PROP_MAPPABLE:
      g_value_set_boolean (value, rill_memory_page_get_mappable (self));
      break;
    case PROP_LIVE:
      g_value_set_boolean (value, rill_memory_page_get_live (self));
      break;
    case PROP_OBJECT_COUNT:
      g_value_set_uint (value, rill_memory_page_get_object_count (self));
      break;
    case PROP_USED_SIZE:
      g_value_set_uint64 (value, rill_memory_page_get_used_size (self));
      break;
    case PROP_FREE_SIZE:
      g_value_set_uint64 (value, rill_memory_page_get_free_size (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillMemoryPage:memory: (getter get_memory)
   *
   * The memory that the page is of.
   */
  properties[PROP_MEMORY] = g_param_spec_object ("memory", NULL, NULL, RILL_TYPE_MEMORY, flags);
  /**
   * RillMemoryPage:index: (getter get_index)
   *
   * Index of the page in its memory.
   */
  properties[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillMemoryPage:size: (getter get_size)
   *
   * Size of the page in bytes.
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemoryPage:mappable: (getter get_mappable)
   *
   * Whether objects in the page can be mapped.
   */
  properties[PROP_MAPPABLE] = g_param_spec_boolean ("mappable", NULL, NULL, FALSE, flags);
  /**
   * RillMemoryPage:live: (getter get_live)
   *
   * Whether the page is there; notified when it has left the list.
   */
  properties[PROP_LIVE] = g_param_spec_boolean ("live", NULL, NULL, FALSE, flags);
  /**
   * RillMemoryPage:object-count: (getter get_object_count)
   *
   * Number of objects in the page.
   */
  properties[PROP_OBJECT_COUNT] = g_param_spec_uint ("object-count", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillMemoryPage:used-size: (getter get_used_size)
   *
   * Bytes that objects take in the page.
   */
  properties[PROP_USED_SIZE] = g_param_spec_uint64 ("used-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillMemoryPage:free-size: (getter get_free_size)
   *
   * Bytes in free ranges of the page.
   */
  properties[PROP_FREE_SIZE] = g_param_spec_uint64 ("free-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_memory_page_class_init (RillMemoryPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rill_memory_page_finalize;
  object_class->get_property = rill_memory_page_get_property;
  install_properties (object_class);
}

static void
rill_memory_page_init (RillMemoryPage *self)
{
  g_weak_ref_init (&self->memory, NULL);
}

RillMemoryPage *
rill_memory_page_new (RillMemory           *memory,
                      const RillPageRecord *record)
{
  RillMemoryPage *self = g_object_new (RILL_TYPE_MEMORY_PAGE, NULL);

  g_weak_ref_set (&self->memory, memory);
  self->index = record->index;
  self->serial = record->serial;
  self->size = record->size;
  self->mappable = rill_memory_get_mappable (memory);
  return self;
}

gboolean
rill_memory_page_is (RillMemoryPage       *self,
                     const RillPageRecord *record)
{
  return self->index == record->index && self->serial == record->serial;
}

void
rill_memory_page_notify_live (RillMemoryPage *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LIVE]);
}

/**
 * rill_memory_page_get_memory: (get-property memory)
 * @self: a page
 *
 * Gets the memory that the page is of.
 *
 * Returns: (transfer full) (nullable): the memory; %NULL once it is gone, or if the page was never
 *   initialised
 */
RillMemory *
rill_memory_page_get_memory (RillMemoryPage *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), NULL);

  return g_weak_ref_get (&self->memory);
}

/**
 * rill_memory_page_get_index: (get-property index)
 * @self: a page
 *
 * Gets the index of the page in its memory, as [struct@AllocationInfo] has it.
 *
 * Returns: the index; it may be that of another page by now if the page is not live
 */
guint
rill_memory_page_get_index (RillMemoryPage *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), 0);

  return self->index;
}

/**
 * rill_memory_page_get_size: (get-property size)
 * @self: a page
 *
 * Gets the size of the page.
 *
 * Returns: bytes
 */
guint64
rill_memory_page_get_size (RillMemoryPage *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), 0);

  return self->size;
}

/**
 * rill_memory_page_get_mappable: (get-property mappable)
 * @self: a page
 *
 * Gets whether objects in the page can be mapped.
 *
 * Returns: %TRUE if its memory is mappable
 */
gboolean
rill_memory_page_get_mappable (RillMemoryPage *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), FALSE);

  return self->mappable;
}

static gboolean
query (RillMemoryPage *self,
       RillPageState  *state)
{
  g_autoptr (RillMemory) memory = g_weak_ref_get (&self->memory);

  *state = (RillPageState) { 0 };
  return memory != NULL
         && rill_pages_query_page (rill_memory_peek_pages (memory), self->index, self->serial, state);
}

/**
 * rill_memory_page_get_live: (get-property live)
 * @self: a page
 *
 * Gets whether the page is there.
 *
 * Returns: %TRUE until it is released, which may be before it leaves the list
 */
gboolean
rill_memory_page_get_live (RillMemoryPage *self)
{
  RillPageState state;

  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), FALSE);

  return query (self, &state);
}

/**
 * rill_memory_page_get_object_count: (get-property object-count)
 * @self: a page
 *
 * Gets the number of objects in the page, those included whose range is still held.
 *
 * Returns: the number; 0 if the page is not live
 */
guint
rill_memory_page_get_object_count (RillMemoryPage *self)
{
  RillPageState state;

  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), 0);

  query (self, &state);
  return state.object_count;
}

/**
 * rill_memory_page_get_used_size: (get-property used-size)
 * @self: a page
 *
 * Gets the bytes that objects take in the page: the sum of the sizes in their [struct@AllocationInfo].
 *
 * Returns: bytes; 0 if the page is not live
 */
guint64
rill_memory_page_get_used_size (RillMemoryPage *self)
{
  RillPageState state;

  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), 0);

  query (self, &state);
  return state.used_size;
}

/**
 * rill_memory_page_get_free_size: (get-property free-size)
 * @self: a page
 *
 * Gets the bytes in free ranges of the page.
 *
 * Padding is neither free nor used. What there is more to know of free ranges is in
 * [method@Memory.calculate_page_statistics].
 *
 * Takes time in the number of objects in the page.
 *
 * Returns: bytes; 0 if the page is not live
 */
guint64
rill_memory_page_get_free_size (RillMemoryPage *self)
{
  g_autoptr (RillMemory) memory = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY_PAGE (self), 0);

  memory = g_weak_ref_get (&self->memory);
  if (memory == NULL)
    return 0;
  return rill_pages_calculate_free_size (rill_memory_peek_pages (memory), self->index, self->serial);
}
