/* SPDX-License-Identifier: MIT */
#include "rill-test-util.h"

#include "memory/rill-memory-private.h"
#include "resource/rill-buffer-private.h"
#include "session/rill-context-private.h"
#include "session/rill-memory-type.h"

#define PAGE 4096

static void
assert_statistics (RillMemory *memory,
                   guint       page_count,
                   guint       object_count,
                   guint64     reserved,
                   guint64     used)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillMemoryStatistics) statistics = rill_memory_calculate_statistics (memory, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (statistics->page_count, ==, page_count);
  g_assert_cmpuint (statistics->object_count, ==, object_count);
  g_assert_cmpuint (statistics->reserved_size, ==, reserved);
  g_assert_cmpuint (statistics->used_size, ==, used);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, page_count);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, reserved);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, used);
}

static guint
get_page (gpointer resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return info->page;
}

static guint64
get_used (gpointer resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return info->size;
}

/* What the device wants for a buffer. */
static VkMemoryRequirements
get_requirements (RillBuffer *buffer)
{
  RillContext *context = rill_resource_get_context (buffer);
  VkMemoryRequirements requirements;

  vkGetBufferMemoryRequirements (context->device, rill_buffer_get_handle (buffer), &requirements);
  return requirements;
}

static void
close_and_unref (gpointer resource)
{
  rill_resource_close (resource);
  g_object_unref (resource);
}

static void
test_properties (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 12345);
  g_autoptr (RillSession) of_session = NULL;
  g_autoptr (RillMemoryType) type = NULL;
  RillMemoryPropertyFlags flags;
  guint64 page_size, used, reserved;
  guint page_count;
  gboolean mappable, closed;

  g_object_get (memory, "session", &of_session, "memory-type", &type, "flags", &flags, "page-size",
                &page_size, "page-count", &page_count, "mappable", &mappable, "used-size", &used,
                "reserved-size", &reserved, "closed", &closed, NULL);
  g_assert_true (of_session == session);
  g_assert_true (rill_memory_get_session (memory) == session);
  g_assert_true (rill_memory_get_memory_type (memory) == type);
  g_assert_cmpuint (rill_memory_type_get_flags (type), ==, flags);
  g_assert_cmpuint (rill_memory_get_flags (memory), ==, flags);
  g_assert_true (flags & RILL_MEMORY_PROPERTY_HOST_VISIBLE);
  g_assert_cmpuint (page_size, ==, 12345);
  g_assert_cmpuint (rill_memory_get_page_size (memory), ==, 12345);
  g_assert_true (mappable);
  g_assert_true (rill_memory_get_mappable (memory));
  g_assert_false (closed);
  g_assert_false (rill_memory_get_closed (memory));

  /* No page until the first object. */
  g_assert_cmpuint (page_count + used + reserved, ==, 0);
  assert_statistics (memory, 0, 0, 0, 0);
  g_assert_false (rill_memory_is_page_mappable (memory, 0));
  g_assert_false (rill_memory_is_page_mappable (memory, G_MAXUINT));
  g_assert_true (rill_memory_trim (memory, NULL));

  g_clear_object (&of_session);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* The types of the device: each is found by exactly its flags, and what is not there is refused. */
static void
test_exact (void)
{
  RillSession *session = rill_test_session_new ();
  GListModel *types = rill_device_get_memory_types (rill_session_get_device (session));
  g_autoptr (GError) error = NULL;
  RillMemory *memory;

  for (guint i = 0; i < g_list_model_get_n_items (types); i++)
    {
      g_autoptr (RillMemoryType) type = g_list_model_get_item (types, i);
      memory =
        rill_session_create_memory (session, rill_memory_type_get_flags (type), PAGE, TRUE, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_memory_get_flags (memory), ==, rill_memory_type_get_flags (type));
      g_assert_cmpuint (rill_memory_type_get_index (rill_memory_get_memory_type (memory)), <=, i);
      g_object_unref (memory);
    }
  memory = rill_session_create_memory (
    session, RILL_MEMORY_PROPERTY_PROTECTED | RILL_MEMORY_PROPERTY_HOST_CACHED, PAGE, TRUE, &error);
  g_assert_null (memory);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "[HOST_CACHED | PROTECTED]");
  memory =
    rill_session_create_memory (session, (RillMemoryPropertyFlags) (1 << 20), PAGE, FALSE, &error);
  g_assert_null (memory);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "0x100000");
  rill_test_session_end (session);
}

static void
test_page_size_limit (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillContext) context = rill_session_ref_context (session, NULL);
  g_autoptr (GError) error = NULL;
  RillMemory *memory;

  memory = rill_session_create_memory (session, RILL_MEMORY_PROPERTY_NONE,
                                       context->max_allocation_size + 1, FALSE, &error);
  g_assert_null (memory);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                          "maxMemoryAllocationSize");
  memory =
    rill_session_create_memory (session, RILL_MEMORY_PROPERTY_NONE, G_MAXUINT64, FALSE, &error);
  g_assert_null (memory);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "18446744073709551615");
  g_clear_pointer (&context, rill_context_unref);
  rill_test_session_end (session);
}

static void
test_first_page (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *one = rill_test_buffer_new (memory, 100);
  RillBuffer *two = rill_test_buffer_new (memory, 1000);
  g_autoptr (RillAllocationInfo) info = NULL;

  g_object_get (one, "allocation-info", &info, NULL);
  g_assert_cmpuint (info->page, ==, 0);
  g_assert_cmpuint (info->size, >=, 100);
  g_assert_cmpuint (get_page (two), ==, 0);
  assert_statistics (memory, 1, 2, 64 * 1024, get_used (one) + get_used (two));
  g_assert_cmpint (rill_memory_is_page_mappable (memory, 0), ==, rill_memory_get_mappable (memory));
  g_assert_false (rill_memory_is_page_mappable (memory, 1));

  /* The last object leaves an empty page behind, which trim releases. */
  close_and_unref (one);
  assert_statistics (memory, 1, 1, 64 * 1024, get_used (two));
  close_and_unref (two);
  assert_statistics (memory, 1, 0, 64 * 1024, 0);
  g_assert_true (rill_memory_trim (memory, NULL));
  assert_statistics (memory, 0, 0, 0, 0);
  g_assert_false (rill_memory_is_page_mappable (memory, 0));

  g_object_unref (memory);
  rill_test_session_end (session);
}

static guint64
round_up (guint64 value,
          guint64 step)
{
  return (value + step - 1) / step * step;
}

/* What sizes are multiples of. */
static guint64
get_atom (RillSession *session,
          RillMemory  *memory)
{
  RillContext *context = rill_session_ref_context (session, NULL);
  guint64 atom = context->properties.limits.nonCoherentAtomSize;

  rill_context_unref (context);
  return rill_memory_get_mappable (memory)
             && !(rill_memory_get_flags (memory) & RILL_MEMORY_PROPERTY_HOST_COHERENT)
           ? atom
           : 1;
}

static void
test_page_size_zero (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 0);
  RillBuffer *buffers[3];
  guint64 sum = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (RillAllocationInfo) info = NULL;
      buffers[i] = rill_test_buffer_new (memory, 10 + 1000 * i);
      info = rill_resource_get_allocation_info (RILL_RESOURCE (buffers[i]));
      g_assert_cmpuint (info->page, ==, i);
      g_assert_cmpuint (info->offset, ==, 0);
      g_assert_cmpuint (info->left_padding, ==, 0);
      g_assert_cmpuint (info->size, ==,
                        round_up (get_requirements (buffers[i]).size, get_atom (session, memory)));
      sum += info->size;
      assert_statistics (memory, i + 1, i + 1, sum, sum);
    }

  /* No page of such a memory is kept, and the others keep their index. */
  sum -= get_used (buffers[1]);
  close_and_unref (buffers[1]);
  assert_statistics (memory, 2, 2, sum, sum);
  g_assert_true (rill_memory_is_page_mappable (memory, 0));
  g_assert_false (rill_memory_is_page_mappable (memory, 1));
  g_assert_true (rill_memory_is_page_mappable (memory, 2));
  buffers[1] = rill_test_buffer_new (memory, 7);
  g_assert_cmpuint (get_page (buffers[1]), ==, 1);

  for (guint i = 0; i < 3; i++)
    close_and_unref (buffers[i]);
  assert_statistics (memory, 0, 0, 0, 0);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* An object larger than a page: a page of exactly its size, released with it. */
static void
test_larger_than_page (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *large = rill_test_buffer_new (memory, 100000);
  RillBuffer *small = rill_test_buffer_new (memory, 100);
  guint64 size = get_used (large);

  g_assert_cmpuint (size, ==, get_requirements (large).size);
  g_assert_cmpuint (get_page (large), ==, 0);
  g_assert_cmpuint (get_page (small), ==, 1);
  assert_statistics (memory, 2, 2, size + 64 * 1024, size + get_used (small));

  close_and_unref (large);
  assert_statistics (memory, 1, 1, 64 * 1024, get_used (small));
  close_and_unref (small);
  assert_statistics (memory, 1, 0, 64 * 1024, 0);

  /* It does not go to the page that is kept, and does not touch it. */
  large = rill_test_buffer_new (memory, 64 * 1024 + 1);
  g_assert_cmpuint (get_page (large), ==, 0);
  assert_statistics (memory, 2, 1, get_used (large) + 64 * 1024, get_used (large));
  close_and_unref (large);
  assert_statistics (memory, 1, 0, 64 * 1024, 0);

  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Page indices are stable and used again from the lowest; of empty pages one is kept. */
static void
test_page_indices (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffers[7];

  for (guint i = 0; i < 5; i++)
    {
      buffers[i] = rill_test_buffer_new (memory, PAGE);
      g_assert_cmpuint (get_page (buffers[i]), ==, i);
      g_assert_cmpuint (get_used (buffers[i]), ==, PAGE);
    }
  close_and_unref (buffers[3]);
  assert_statistics (memory, 5, 4, 5 * PAGE, 4 * PAGE);
  close_and_unref (buffers[1]);
  assert_statistics (memory, 4, 3, 4 * PAGE, 3 * PAGE);
  g_assert_cmpint (
    rill_memory_is_page_mappable (memory, 1) + rill_memory_is_page_mappable (memory, 3), ==, 1);
  g_assert_cmpuint (get_page (buffers[2]), ==, 2);
  g_assert_cmpuint (get_page (buffers[4]), ==, 4);

  buffers[1] = rill_test_buffer_new (memory, PAGE);
  buffers[3] = rill_test_buffer_new (memory, PAGE);
  g_assert_cmpuint (get_page (buffers[1]) + get_page (buffers[3]), ==, 1 + 3);
  buffers[5] = rill_test_buffer_new (memory, PAGE);
  g_assert_cmpuint (get_page (buffers[5]), ==, 5);
  assert_statistics (memory, 6, 6, 6 * PAGE, 6 * PAGE);

  /* Trim takes the empty ones only; then the lowest index comes first. */
  close_and_unref (buffers[4]);
  close_and_unref (buffers[0]);
  close_and_unref (buffers[2]);
  g_assert_true (rill_memory_trim (memory, NULL));
  assert_statistics (memory, 3, 3, 3 * PAGE, 3 * PAGE);
  for (guint i = 0; i < 3; i++)
    {
      buffers[2 * i] = rill_test_buffer_new (memory, PAGE);
      g_assert_cmpuint (get_page (buffers[2 * i]), ==, 2 * i);
    }
  buffers[6] = rill_test_buffer_new (memory, PAGE);
  g_assert_cmpuint (get_page (buffers[6]), ==, 6);

  for (guint i = 0; i < 7; i++)
    close_and_unref (buffers[i]);
  assert_statistics (memory, 1, 0, PAGE, 0);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* The page that is kept serves the next object, of whatever size up to its own. */
static void
test_kept_page (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1024 * 1024);

  for (guint i = 0; i < 64; i++)
    {
      guint64 size = 1024 * 1024 - i * 4099;
      RillBuffer *buffer = rill_test_buffer_new (memory, size);
      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
      close_and_unref (buffer);
      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
    }
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Sizes that are no multiple of anything; a buffer as large as the page must fit into one or get
 * its own. */
static void
test_odd_page_sizes (void)
{
  static const guint64 sizes[] = {
    1,   2,   3,    15,   17,   63,   64,   65,   100,   127,   255,
    257, 999, 1000, 1023, 1025, 4095, 4097, 5000, 65521, 65537, 999983,
  };
  RillSession *session = rill_test_session_new ();

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, sizes[i]);
      RillBuffer *same = rill_test_buffer_new (memory, sizes[i]);
      RillBuffer *again = rill_test_buffer_new (memory, sizes[i]);
      RillBuffer *half = rill_test_buffer_new (memory, (sizes[i] + 1) / 2);
      RillBuffer *larger = rill_test_buffer_new (memory, sizes[i] + 1);
      g_autoptr (GBytes) bytes = rill_test_bytes_new (sizes[i], i);

      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 4);
      rill_test_write (same, 0, bytes);
      rill_test_write (again, 0, bytes);
      rill_test_assert_content (same, 0, bytes);
      rill_test_assert_content (again, 0, bytes);
      close_and_unref (same);
      close_and_unref (again);
      close_and_unref (half);
      close_and_unref (larger);
      g_assert_true (rill_session_wait_idle (session, NULL, NULL));
      g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
      g_assert_true (rill_memory_trim (memory, NULL));
      g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 0);
      rill_test_finalize_soon (memory);
    }
  rill_test_session_end (session);
}

/* One part of a page, for checks of all of them. */
typedef struct
{
  guint page;
  guint64 start; /* with the padding */
  guint64 offset;
  guint64 end;
  gboolean image;
} Part;

static gint
compare_parts (gconstpointer a,
               gconstpointer b)
{
  const Part *x = a, *y = b;

  if (x->page != y->page)
    return x->page < y->page ? -1 : 1;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static GArray *
get_parts (GPtrArray *resources)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));

  for (guint i = 0; i < resources->len; i++)
    {
      RillResource *resource = g_ptr_array_index (resources, i);
      g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);
      Part part = {
        info->page,
        info->offset - info->left_padding,
        info->offset,
        info->offset + info->size,
        RILL_IS_IMAGE (resource)
          && rill_image_get_tiling (RILL_IMAGE (resource)) == RILL_IMAGE_TILING_OPTIMAL,
      };
      g_assert_cmpuint (info->left_padding, <=, info->offset);
      g_assert_cmpuint (info->size, >=,
                        RILL_IS_IMAGE (resource) ? 1 : rill_resource_get_size (resource));
      g_array_append_val (parts, part);
    }
  g_array_sort (parts, compare_parts);
  return parts;
}

/* Nothing overlaps, and what Vulkan calls linear and optimal resources never share @granularity
 * bytes. */
static void
assert_parts (GPtrArray *resources,
              guint64    granularity)
{
  g_autoptr (GArray) parts = get_parts (resources);

  for (guint i = 1; i < parts->len; i++)
    {
      const Part *a = &g_array_index (parts, Part, i - 1), *b = &g_array_index (parts, Part, i);
      if (a->page != b->page)
        continue;
      g_assert_cmpuint (a->end, <=, b->start);
      if (a->image != b->image)
        g_assert_cmpuint ((a->end - 1) / granularity, <, b->offset / granularity);
    }
}

static void
assert_all_statistics (RillMemory *memory,
                       GPtrArray  *resources)
{
  g_autoptr (RillMemoryStatistics) statistics = rill_memory_calculate_statistics (memory, NULL);
  guint64 used = 0, padding = 0;

  for (guint i = 0; i < resources->len; i++)
    {
      g_autoptr (RillAllocationInfo) info
        = rill_resource_get_allocation_info (g_ptr_array_index (resources, i));
      used += info->size;
      padding += info->left_padding;
      g_assert_cmpint (rill_memory_is_page_mappable (memory, info->page), ==,
                       rill_memory_get_mappable (memory));
    }
  assert_statistics (memory, statistics->page_count, resources->len, statistics->reserved_size,
                     used);
  g_assert_cmpuint (statistics->used_size + statistics->free_size + padding, ==,
                    statistics->reserved_size);
  g_assert_cmpuint (statistics->largest_free_size, <=, statistics->free_size);
  g_assert_cmpuint (statistics->free_range_count, <=,
                    statistics->object_count + statistics->page_count);
  g_assert_cmpint (statistics->free_range_count > 0, ==, statistics->free_size > 0);
  g_assert_cmpint (statistics->largest_free_size > 0, ==, statistics->free_size > 0);
}

static RillResource *
create_random (RillMemory *memory,
               GRand      *rand)
{
  guint shape[3] = {
    (guint) g_rand_int_range (rand, 1, 40),
    (guint) g_rand_int_range (rand, 1, 40),
    (guint) g_rand_int_range (rand, 1, 5),
  };
  g_autoptr (GError) error = NULL;
  RillResource *resource;

  if (g_rand_int_range (rand, 0, 3) > 0)
    return RILL_RESOURCE (rill_test_buffer_new (
      memory, (guint64) 1 << g_rand_int_range (rand, 0, 14) | g_rand_int (rand) % 64));
  resource = RILL_RESOURCE (rill_memory_create_image (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8,
                                                      RILL_IMAGE_USAGE_NONE, &error));
  g_assert_no_error (error);
  return resource;
}

/* Churn of buffers and images in small pages. */
static void
churn (guint64 at_least)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  g_autoptr (GPtrArray) resources = g_ptr_array_new_with_free_func (close_and_unref);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) at_least + 7);
  guint64 granularity = MAX (at_least, context->properties.limits.bufferImageGranularity);
  guint n_neighbours = 0;

  context->properties.limits.bufferImageGranularity = granularity;
  rill_context_unref (context);
  for (guint i = 0; i < 600; i++)
    {
      if (resources->len < 20 || (resources->len < 200 && g_rand_int_range (rand, 0, 5) > 1))
        g_ptr_array_add (resources, create_random (memory, rand));
      else
        g_ptr_array_remove_index_fast (resources,
                                       (guint) g_rand_int_range (rand, 0, (gint) resources->len));
      if (i % 20 == 0)
        {
          assert_parts (resources, granularity);
          assert_all_statistics (memory, resources);
        }
    }
  {
    /* The test is of worth only if buffers and images were neighbours. */
    g_autoptr (GArray) parts = get_parts (resources);
    for (guint i = 1; i < parts->len; i++)
      n_neighbours +=
        g_array_index (parts, Part, i - 1).image != g_array_index (parts, Part, i).image;
    g_assert_cmpuint (n_neighbours, >, 10);
  }
  g_ptr_array_set_size (resources, 0);
  assert_statistics (memory, 1, 0, 64 * 1024, 0);
  g_object_unref (memory);
  rill_test_session_end (session);
}

static void
test_churn (void)
{
  churn (1);
}

static void
test_granularity (void)
{
  churn (1024);
}

/* Buffers begin where the device wants them to. */
static void
test_alignment (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  g_autoptr (GPtrArray) buffers = g_ptr_array_new_with_free_func (close_and_unref);

  for (guint i = 0; i < 100; i++)
    {
      RillBuffer *buffer = rill_test_buffer_new (memory, 1 + i * 7 % 61);
      g_autoptr (RillAllocationInfo) info =
        rill_resource_get_allocation_info (RILL_RESOURCE (buffer));
      VkMemoryRequirements requirements = get_requirements (buffer);

      g_assert_cmpuint (info->offset % requirements.alignment, ==, 0);
      g_assert_cmpuint (info->size, >=, requirements.size);
      g_ptr_array_add (buffers, buffer);
    }
  assert_parts (buffers, 1);
  assert_all_statistics (memory, buffers);
  g_ptr_array_set_size (buffers, 0);
  g_object_unref (memory);
  rill_test_session_end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/properties", test_properties);
  g_test_add_func ("/memory/exact", test_exact);
  g_test_add_func ("/memory/page-size-limit", test_page_size_limit);
  g_test_add_func ("/memory/first-page", test_first_page);
  g_test_add_func ("/memory/page-size-zero", test_page_size_zero);
  g_test_add_func ("/memory/larger-than-page", test_larger_than_page);
  g_test_add_func ("/memory/page-indices", test_page_indices);
  g_test_add_func ("/memory/kept-page", test_kept_page);
  g_test_add_func ("/memory/odd-page-sizes", test_odd_page_sizes);
  g_test_add_func ("/memory/churn", test_churn);
  g_test_add_func ("/memory/granularity", test_granularity);
  g_test_add_func ("/memory/alignment", test_alignment);
  return g_test_run ();
}
