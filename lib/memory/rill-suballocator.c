/* SPDX-License-Identifier: MIT */
#include "memory/rill-suballocator.h"

#include "core/rill-error-private.h"
#include "memory/rill-pages-statistics-private.h"
#include "memory/rill-ranges-private.h"
#include "rill-enum-types.h"

/**
 * RillSuballocator:
 *
 * A suballocator divides a range of numbers, and knows nothing of what they number.
 *
 * It keeps the books for whatever you divide yourself: a buffer that many objects share, a file, an array of
 * descriptors. It needs no device. A [class@Memory] finds the places of its objects by the same means.
 *
 * An allocation or a release costs the same with a million live ranges as with ten, but for what a
 * processor's caches cost. A range is known by its handle, a number other than 0 that JavaScript's
 * numbers hold too. A handle is not used again for a long time, so one that was freed before is
 * refused, and so is, almost surely, one of another suballocator.
 *
 * Changes of the properties are not notified, so that allocation stays cheap.
 *
 * Every method may be called from any thread.
 */

struct _RillSuballocator
{
  GObject parent_instance;

  gint locked; /* (atomic) */
  guint64 size;
  RillRanges *ranges; /* (owned) (nullable) with one block, of index 0 */
};

typedef enum
{
  PROP_SIZE = 1,
  PROP_STRATEGY,
  PROP_USED_SIZE,
  PROP_RANGE_COUNT,
} RillSuballocatorProperty;

static GParamSpec *properties[PROP_RANGE_COUNT + 1];

G_DEFINE_FINAL_TYPE (RillSuballocator, rill_suballocator, G_TYPE_OBJECT)

#define N_SPINS 100
#define N_YIELDS 100
#define SLEEP_US 50

static G_NO_INLINE void
wait_for_lock (RillSuballocator *self)
{
  for (guint n = 0; __atomic_load_n (&self->locked, __ATOMIC_RELAXED); n++)
    if (n >= N_SPINS + N_YIELDS)
      g_usleep (SLEEP_US);
    else if (n >= N_SPINS)
      g_thread_yield ();
}

/* A mutex would be half of the cost of an allocation. This is held for some nanoseconds, or while all
 * ranges are looked at, and never while anything waits or is called that is not ours. */
static inline void
lock (RillSuballocator *self)
{
  while (G_UNLIKELY (__atomic_exchange_n (&self->locked, TRUE, __ATOMIC_ACQUIRE)))
    wait_for_lock (self);
}

static inline void
unlock (RillSuballocator *self)
{
  __atomic_store_n (&self->locked, FALSE, __ATOMIC_RELEASE);
}

static gboolean
set_uninitialized_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       "The suballocator was not initialised: make it with rill_suballocator_new()");
  return FALSE;
}

static void
rill_suballocator_finalize (GObject *object)
{
  RillSuballocator *self = RILL_SUBALLOCATOR (object);

  g_clear_pointer (&self->ranges, rill_ranges_free);
  G_OBJECT_CLASS (rill_suballocator_parent_class)->finalize (object);
}

static void
rill_suballocator_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  RillSuballocator *self = RILL_SUBALLOCATOR (object);

  switch ((RillSuballocatorProperty) prop_id)
    {
    case PROP_SIZE:
      g_value_set_uint64 (value, rill_suballocator_get_size (self));
      break;
    case PROP_STRATEGY:
      g_value_set_enum (value, rill_suballocator_get_strategy (self));
      break;
    case PROP_USED_SIZE:
      g_value_set_uint64 (value, rill_suballocator_get_used_size (self));
      break;
    case PROP_RANGE_COUNT:
      g_value_set_uint (value, rill_suballocator_get_range_count (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_suballocator_class_init (RillSuballocatorClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rill_suballocator_finalize;
  object_class->get_property = rill_suballocator_get_property;

  /**
   * RillSuballocator:size: (getter get_size)
   *
   * Size of the range that is divided.
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillSuballocator:strategy: (getter get_strategy)
   *
   * How the place of a new range is chosen.
   */
  properties[PROP_STRATEGY]
    = g_param_spec_enum ("strategy", NULL, NULL, RILL_TYPE_ALLOCATION_STRATEGY,
                         RILL_ALLOCATION_STRATEGY_GENERAL, flags);
  /**
   * RillSuballocator:used-size: (getter get_used_size)
   *
   * Sum of the sizes of the live ranges, without padding.
   */
  properties[PROP_USED_SIZE] = g_param_spec_uint64 ("used-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillSuballocator:range-count: (getter get_range_count)
   *
   * Number of live ranges.
   */
  properties[PROP_RANGE_COUNT] = g_param_spec_uint ("range-count", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_suballocator_init (RillSuballocator *self)
{
}

/**
 * rill_suballocator_new:
 * @size: size of the range, 1 to 2⁶³ - 1
 * @strategy: how the place of a new range is chosen
 * @error: return location for an error
 *
 * Creates a suballocator over the offsets from 0 to @size - 1.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a size of 0 or over the limit, or an unknown strategy.
 *
 * Returns: (transfer full): the suballocator, in which all is free
 */
RillSuballocator *
rill_suballocator_new (guint64                  size,
                       RillAllocationStrategy   strategy,
                       GError                 **error)
{
  RillSuballocator *self;

  if (size == 0 || size > G_MAXINT64)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create a suballocator of %" G_GUINT64_FORMAT ": the size is 1 to %" G_GINT64_FORMAT,
                   size, G_MAXINT64);
      return NULL;
    }
  if (!rill_ranges_check_strategy (strategy, "create a suballocator", error))
    return NULL;

  self = g_object_new (RILL_TYPE_SUBALLOCATOR, NULL);
  self->size = size;
  self->ranges = rill_ranges_new (strategy);
  rill_ranges_add_block (self->ranges, 0, size);
  return self;
}

/**
 * rill_suballocator_get_size: (get-property size)
 * @self: a suballocator
 *
 * Gets the size of the range that is divided.
 *
 * Returns: as it was given
 */
guint64
rill_suballocator_get_size (RillSuballocator *self)
{
  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), 0);

  return self->size;
}

/**
 * rill_suballocator_get_strategy: (get-property strategy)
 * @self: a suballocator
 *
 * Gets how the place of a new range is chosen.
 *
 * Returns: the strategy
 */
RillAllocationStrategy
rill_suballocator_get_strategy (RillSuballocator *self)
{
  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), RILL_ALLOCATION_STRATEGY_GENERAL);

  return self->ranges != NULL ? rill_ranges_get_strategy (self->ranges) : RILL_ALLOCATION_STRATEGY_GENERAL;
}

/**
 * rill_suballocator_get_used_size: (get-property used-size)
 * @self: a suballocator
 *
 * Gets the sum of the sizes of the live ranges, without padding.
 *
 * Returns: the sum
 */
guint64
rill_suballocator_get_used_size (RillSuballocator *self)
{
  guint64 used;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), 0);

  if (self->ranges == NULL)
    return 0;
  lock (self);
  used = rill_ranges_get_used (self->ranges);
  unlock (self);
  return used;
}

/**
 * rill_suballocator_get_range_count: (get-property range-count)
 * @self: a suballocator
 *
 * Gets the number of live ranges.
 *
 * Returns: the number
 */
guint
rill_suballocator_get_range_count (RillSuballocator *self)
{
  guint n_ranges;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), 0);

  if (self->ranges == NULL)
    return 0;
  lock (self);
  n_ranges = rill_ranges_get_n_ranges (self->ranges);
  unlock (self);
  return n_ranges;
}

/* Why there is no room, as it was a moment ago. */
static G_NO_INLINE void
set_allocate_error (RillSuballocator  *self,
                    guint64            size,
                    guint64            alignment,
                    GError           **error)
{
  const char *where = rill_suballocator_get_strategy (self) == RILL_ALLOCATION_STRATEGY_LINEAR
                        ? "behind the last range there are"
                        : "the largest free range has at least";
  guint64 free_size, largest_size;

  if (error == NULL)
    return;
  if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not allocate a range of %" G_GUINT64_FORMAT " with an alignment of %" G_GUINT64_FORMAT
                   ": %s", size, alignment,
                   size == 0 ? "a size is at least 1" : "an alignment is a power of two");
      return;
    }

  lock (self);
  free_size = self->size - rill_ranges_get_used (self->ranges);
  largest_size = rill_ranges_get_largest_free (self->ranges);
  unlock (self);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "Could not allocate a range of %" G_GUINT64_FORMAT " with an alignment of %" G_GUINT64_FORMAT
               ": of %" G_GUINT64_FORMAT " there are %" G_GUINT64_FORMAT " not used, and %s %" G_GUINT64_FORMAT,
               size, alignment, self->size, free_size, where, largest_size);
}

/**
 * rill_suballocator_allocate:
 * @self: a suballocator
 * @size: size of the range, at least 1
 * @alignment: a power of two that the offset is a multiple of; 1 for any offset
 * @offset: (out) (optional): return location for the offset of the range
 * @error: return location for an error
 *
 * Allocates a range.
 *
 * The search is bounded: it may miss a free range that is less than 1/32 larger than @size and @alignment
 * together, and with %RILL_ALLOCATION_STRATEGY_LINEAR one that is not where the next range would go.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a size of 0 or an alignment that is no power of two;
 * %G_IO_ERROR_NO_SPACE if nothing fits; %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: the handle of the range, or 0 with an error
 */
guint64
rill_suballocator_allocate (RillSuballocator  *self,
                            guint64            size,
                            guint64            alignment,
                            guint64           *offset,
                            GError           **error)
{
  guint64 handle, place = 0;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), 0);

  if (offset != NULL)
    *offset = 0;
  if (G_UNLIKELY (self->ranges == NULL))
    {
      set_uninitialized_error (error);
      return 0;
    }

  lock (self);
  handle = rill_ranges_take (self->ranges, size, alignment, &place);
  unlock (self);
  if (G_UNLIKELY (handle == 0))
    set_allocate_error (self, size, alignment, error);
  else if (offset != NULL)
    *offset = place;
  return handle;
}

static G_NO_INLINE gboolean
set_handle_error (guint64   handle,
                  GError  **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "No live range of the suballocator has the handle %" G_GUINT64_FORMAT
               "; was it freed before?",
               handle);
  return FALSE;
}

/**
 * rill_suballocator_free:
 * @self: a suballocator
 * @handle: the handle of a range, from [method@Suballocator.allocate]
 * @error: return location for an error
 *
 * Frees a range.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT if no live range has the handle, so that nothing is freed;
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE if the range was freed
 */
gboolean
rill_suballocator_free (RillSuballocator  *self,
                        guint64            handle,
                        GError           **error)
{
  gboolean was_live;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), FALSE);

  if (G_UNLIKELY (self->ranges == NULL))
    return set_uninitialized_error (error);

  lock (self);
  was_live = rill_ranges_retire (self->ranges, handle);
  unlock (self);
  return G_LIKELY (was_live) ? TRUE : set_handle_error (handle, error);
}

/**
 * rill_suballocator_clear:
 * @self: a suballocator
 *
 * Frees all ranges at once, in a time that does not grow with their number. Their handles are not live
 * any more.
 */
void
rill_suballocator_clear (RillSuballocator *self)
{
  g_return_if_fail (RILL_IS_SUBALLOCATOR (self));

  if (self->ranges == NULL)
    return;
  lock (self);
  rill_ranges_clear (self->ranges);
  unlock (self);
}

/**
 * rill_suballocator_lookup:
 * @self: a suballocator
 * @handle: the handle of a range, from [method@Suballocator.allocate]
 * @offset: (out) (optional): return location for the offset of the range
 * @size: (out) (optional): return location for its size, as it was asked for
 * @error: return location for an error
 *
 * Looks up where a range is.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT if no live range has the handle; %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE if the range is live
 */
gboolean
rill_suballocator_lookup (RillSuballocator  *self,
                          guint64            handle,
                          guint64           *offset,
                          guint64           *size,
                          GError           **error)
{
  guint64 found_offset = 0, found_size = 0;
  gboolean is_live;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), FALSE);

  if (self->ranges == NULL)
    return set_uninitialized_error (error);

  lock (self);
  is_live = rill_ranges_lookup (self->ranges, handle, &found_offset, &found_size);
  unlock (self);
  if (offset != NULL)
    *offset = found_offset;
  if (size != NULL)
    *size = found_size;
  return is_live ? TRUE : set_handle_error (handle, error);
}

/**
 * rill_suballocator_calculate_statistics:
 * @self: a suballocator
 * @error: return location for an error
 *
 * Walks the range and sums up what it holds, as one page whose objects are the live ranges.
 *
 * Takes time in the number of ranges; the properties of the same names do not.
 *
 * Errors: %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: (transfer full): the statistics
 */
RillMemoryStatistics *
rill_suballocator_calculate_statistics (RillSuballocator  *self,
                                        GError           **error)
{
  RillBlockStatistics block;
  RillMemoryStatistics *statistics;

  g_return_val_if_fail (RILL_IS_SUBALLOCATOR (self), NULL);

  if (self->ranges == NULL)
    {
      set_uninitialized_error (error);
      return NULL;
    }

  lock (self);
  rill_ranges_calculate_block_statistics (self->ranges, 0, &block);
  unlock (self);
  statistics = g_new0 (RillMemoryStatistics, 1);
  rill_memory_statistics_add (statistics, &(const RillMemoryStatistics) {
                                            .page_count = 1,
                                            .object_count = block.n_ranges,
                                            .free_range_count = block.n_free_ranges,
                                            .reserved_size = self->size,
                                            .used_size = block.used,
                                            .free_size = block.free,
                                            .largest_free_size = block.largest_free,
                                          });
  return statistics;
}

/**
 * rill_suballocator_walk:
 * @self: a suballocator
 * @func: (scope call) (closure user_data): sees each part
 * @user_data: data for @func
 *
 * Shows every part of the range, used or free, in order of offset and without holes.
 *
 * What is shown is how it was when the walk began, so @func may allocate and free.
 */
void
rill_suballocator_walk (RillSuballocator         *self,
                        RillSuballocatorWalkFunc  func,
                        gpointer                  user_data)
{
  g_autoptr (GArray) parts = NULL;

  g_return_if_fail (RILL_IS_SUBALLOCATOR (self));
  g_return_if_fail (func != NULL);

  if (self->ranges == NULL)
    return;
  lock (self);
  parts = rill_ranges_list_parts (self->ranges, 0);
  unlock (self);
  for (guint i = 0; i < parts->len; i++)
    {
      const RillPart *part = &g_array_index (parts, RillPart, i);

      func (part->offset, part->size, part->used, part->handle, user_data);
    }
}
