/* SPDX-License-Identifier: MIT */
#include "session/rill-memory-type-private.h"

#include "rill-enum-types.h"

#define KNOWN_FLAGS (((guint) RILL_MEMORY_PROPERTY_RDMA_CAPABLE << 1) - 1)

/**
 * RillMemoryType:
 *
 * One type of memory that a [class@Device] offers (`VkMemoryType`).
 *
 * Its properties say what the memory is good for, and from which heap of how many bytes it comes.
 * Several types may share a heap. Every type of the device is listed by
 * [property@Device:memory-types], none is dropped or merged; its index there is Vulkan's.
 *
 * All methods can be called from any thread.
 */
struct _RillMemoryType
{
  GObject parent_instance;

  RillInstance *instance; /* (owned), of the physical device; NULL before initialisation */
  VkPhysicalDevice physical_device;
  RillHeaps *heaps;       /* (owned) (nullable) likewise */
  gboolean has_budget;

  guint index;
  guint heap_index;
  RillMemoryPropertyFlags flags;
  guint64 heap_size;
};

typedef enum
{
  PROP_INDEX = 1,
  PROP_HEAP_INDEX,
  PROP_FLAGS,
  PROP_HEAP_SIZE,
  PROP_HEAP_BUDGET,
  PROP_HEAP_USAGE,
} RillMemoryTypeProperty;

G_DEFINE_FINAL_TYPE (RillMemoryType, rill_memory_type, G_TYPE_OBJECT)

static GParamSpec *properties[PROP_HEAP_USAGE + 1];

static RillHeapState
query_heap (RillMemoryType *self)
{
  if (self->heaps == NULL)
    return (RillHeapState) { 0 };
  return rill_heaps_query (self->heaps, self->physical_device, self->has_budget, self->heap_index,
                           self->heap_size);
}

static void
rill_memory_type_finalize (GObject *object)
{
  RillMemoryType *self = RILL_MEMORY_TYPE (object);

  g_clear_pointer (&self->heaps, rill_heaps_unref);
  g_clear_pointer (&self->instance, rill_instance_unref);

  G_OBJECT_CLASS (rill_memory_type_parent_class)->finalize (object);
}

static void
rill_memory_type_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  RillMemoryType *self = RILL_MEMORY_TYPE (object);

  switch ((RillMemoryTypeProperty) prop_id)
    {
    case PROP_INDEX:
      g_value_set_uint (value, self->index);
      break;
    case PROP_HEAP_INDEX:
      g_value_set_uint (value, self->heap_index);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    case PROP_HEAP_SIZE:
      g_value_set_uint64 (value, self->heap_size);
      break;
    case PROP_HEAP_BUDGET:
      g_value_set_uint64 (value, rill_memory_type_get_heap_budget (self));
      break;
    case PROP_HEAP_USAGE:
      g_value_set_uint64 (value, rill_memory_type_get_heap_usage (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_memory_type_class_init (RillMemoryTypeClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rill_memory_type_finalize;
  object_class->get_property = rill_memory_type_get_property;

  /**
   * RillMemoryType:index: (getter get_index)
   *
   * Index of the type among the device's types, as Vulkan numbers them.
   */
  properties[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RillMemoryType:heap-index: (getter get_heap_index)
   *
   * Index of the heap that memory of this type comes from.
   */
  properties[PROP_HEAP_INDEX]
    = g_param_spec_uint ("heap-index", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RillMemoryType:flags: (getter get_flags)
   *
   * Properties of the type (`VkMemoryPropertyFlags`).
   */
  properties[PROP_FLAGS] = g_param_spec_flags ("flags", NULL, NULL, RILL_TYPE_MEMORY_PROPERTY_FLAGS,
                                               RILL_MEMORY_PROPERTY_NONE, flags);

  /**
   * RillMemoryType:heap-size: (getter get_heap_size)
   *
   * Size of the heap in bytes.
   */
  properties[PROP_HEAP_SIZE]
    = g_param_spec_uint64 ("heap-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * RillMemoryType:heap-budget: (getter get_heap_budget)
   *
   * How many bytes of the heap this process can use at present.
   *
   * It changes at any time, without notification. For a device that does not tell
   * (`VK_EXT_memory_budget`) it is 80 % of the heap's size.
   */
  properties[PROP_HEAP_BUDGET]
    = g_param_spec_uint64 ("heap-budget", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * RillMemoryType:heap-usage: (getter get_heap_usage)
   *
   * How many bytes of the heap this process uses at present.
   *
   * It changes at any time, without notification. For a device that does not tell
   * (`VK_EXT_memory_budget`) it is what this library has allocated, in all sessions.
   */
  properties[PROP_HEAP_USAGE]
    = g_param_spec_uint64 ("heap-usage", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_memory_type_init (RillMemoryType *self)
{
}

RillMemoryType *
rill_memory_type_new (RillInstance                           *instance,
                      VkPhysicalDevice                        physical_device,
                      RillHeaps                              *heaps,
                      const VkPhysicalDeviceMemoryProperties *memory,
                      guint                                   index,
                      gboolean                                has_budget)
{
  const VkMemoryType *type = &memory->memoryTypes[index];
  RillMemoryType *self = g_object_new (RILL_TYPE_MEMORY_TYPE, NULL);

  g_assert (index < memory->memoryTypeCount);
  self->instance = rill_instance_ref (instance);
  self->physical_device = physical_device;
  self->heaps = rill_heaps_ref (heaps);
  self->has_budget = has_budget;
  self->index = index;
  self->heap_index = type->heapIndex;
  self->flags = type->propertyFlags & KNOWN_FLAGS;
  self->heap_size = memory->memoryHeaps[type->heapIndex].size;
  return self;
}

/**
 * rill_memory_type_get_index: (get-property index)
 * @self: a memory type
 *
 * Gets the index of the type among the device's types, as Vulkan numbers them.
 *
 * Returns: the index
 */
guint
rill_memory_type_get_index (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), 0);

  return self->index;
}

/**
 * rill_memory_type_get_heap_index: (get-property heap-index)
 * @self: a memory type
 *
 * Gets the index of the heap that memory of this type comes from.
 *
 * Returns: the index
 */
guint
rill_memory_type_get_heap_index (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), 0);

  return self->heap_index;
}

/**
 * rill_memory_type_get_flags: (get-property flags)
 * @self: a memory type
 *
 * Gets the properties of the type (`VkMemoryPropertyFlags`).
 *
 * Returns: the flags; bits that are not in [flags@MemoryPropertyFlags] are left out
 */
RillMemoryPropertyFlags
rill_memory_type_get_flags (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), RILL_MEMORY_PROPERTY_NONE);

  return self->flags;
}

/**
 * rill_memory_type_get_heap_size: (get-property heap-size)
 * @self: a memory type
 *
 * Gets the size of the heap in bytes.
 *
 * Returns: the size
 */
guint64
rill_memory_type_get_heap_size (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), 0);

  return self->heap_size;
}

/**
 * rill_memory_type_get_heap_budget: (get-property heap-budget)
 * @self: a memory type
 *
 * Gets how many bytes of the heap this process can use at present.
 *
 * The device is asked each time. For one that does not tell (`VK_EXT_memory_budget`) it is 80 % of
 * the heap's size.
 *
 * Returns: the budget
 */
guint64
rill_memory_type_get_heap_budget (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), 0);

  return query_heap (self).budget;
}

/**
 * rill_memory_type_get_heap_usage: (get-property heap-usage)
 * @self: a memory type
 *
 * Gets how many bytes of the heap this process uses at present.
 *
 * The device is asked each time. For one that does not tell (`VK_EXT_memory_budget`) it is what this
 * library has allocated, in all sessions: pages and staging rings.
 *
 * Returns: the usage
 */
guint64
rill_memory_type_get_heap_usage (RillMemoryType *self)
{
  g_return_val_if_fail (RILL_IS_MEMORY_TYPE (self), 0);

  return query_heap (self).usage;
}
