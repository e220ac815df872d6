/* SPDX-License-Identifier: MIT */

/* Memories on devices that are unlike lavapipe, and where Vulkan refuses: made by standing between
 * the library and the loader. */

#include "rill-test-util.h"
#include "rill-test-vulkan.h"

#include "core/rill-error-private.h"
#include "memory/rill-memory-private.h"
#include "resource/rill-resource-private.h"

#define DL RILL_MEMORY_PROPERTY_DEVICE_LOCAL
#define HV RILL_MEMORY_PROPERTY_HOST_VISIBLE
#define HC RILL_MEMORY_PROPERTY_HOST_COHERENT
#define CA RILL_MEMORY_PROPERTY_HOST_CACHED

static const VkMemoryPropertyFlags discrete[] = { 0, DL, HV | HC, HV | HC | CA };
static const VkMemoryPropertyFlags non_coherent[] = { DL, HV | HC, HV | CA };

/* Everything that was made is gone, and the device is forged no more. */
static void
end (RillSession *session)
{
  rill_test_session_end (session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
}

static guint64
get_used (gpointer resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return info->size;
}

static void
test_discrete (void)
{
  RillSession *session;
  RillMemory *device_only, *upload, *download;
  RillBuffer *buffer;

  if (!rill_test_want_types (discrete, G_N_ELEMENTS (discrete), 0))
    return;
  session = rill_test_session_new ();
  device_only = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_DEVICE_ONLY, NULL);
  upload = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_UPLOAD, NULL);
  download = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_DOWNLOAD, NULL);
  g_assert_cmpuint (rill_memory_get_flags (device_only), ==, DL);
  g_assert_cmpuint (rill_memory_get_flags (upload), ==, HV | HC);
  g_assert_cmpuint (rill_memory_get_flags (download), ==, HV | HC | CA);

  g_assert_false (rill_memory_get_mappable (device_only));
  buffer = rill_test_buffer_new (device_only, 100);
  g_assert_false (rill_resource_get_mappable (RILL_RESOURCE (buffer)));
  g_assert_cmpuint (rill_memory_get_page_count (device_only), ==, 1);
  g_assert_false (rill_memory_is_page_mappable (device_only, 0));
  g_object_unref (buffer);
  g_object_unref (device_only);
  g_object_unref (upload);
  g_object_unref (download);
  end (session);
}

/* Where a wish cannot be fulfilled, what is nearest serves. */
static void
test_poor_device (void)
{
  static const VkMemoryPropertyFlags types[] = { 0, HV };
  RillSession *session;

  if (!rill_test_want_types (types, G_N_ELEMENTS (types), 0))
    return;
  session = rill_test_session_new ();
  for (guint usage = 0; usage < 3; usage++)
    {
      g_autoptr (GError) error = NULL;
      RillMemory *memory = rill_session_get_memory_for_usage (session, usage, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_memory_get_flags (memory), ==,
                        usage == RILL_MEMORY_USAGE_DEVICE_ONLY ? 0 : HV);
      g_object_unref (memory);
    }
  end (session);
}

/* Offsets and sizes are whole atoms, so that no flush of one object touches another. */
static void
test_atoms (void)
{
  static const guint64 page_sizes[] = { 64 * 1024, 0 };
  RillSession *session;

  if (!rill_test_want_types (non_coherent, G_N_ELEMENTS (non_coherent), 256))
    return;
  session = rill_test_session_new ();
  for (guint i = 0; i < G_N_ELEMENTS (page_sizes); i++)
    {
      RillMemory *memory = rill_test_memory_new (session, HV | CA, page_sizes[i]);
      RillBuffer *buffers[40];
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        {
          g_autoptr (RillAllocationInfo) info = NULL;
          buffers[j] = rill_test_buffer_new (memory, 1 + j * 37);
          info = rill_resource_get_allocation_info (RILL_RESOURCE (buffers[j]));
          g_assert_cmpuint (info->offset % 256, ==, 0);
          g_assert_cmpuint (info->size % 256, ==, 0);
          g_assert_cmpuint (info->size, >=, 1 + j * 37);
        }
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        g_object_unref (buffers[j]);
      g_object_unref (memory);
    }
  end (session);
}

/* Host accesses of non-coherent memory are flushed and invalidated, by whole atoms or to the
 * page's end. */
static void
test_flush (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *first, *buffer;
  RillMapping *mapping;
  g_autoptr (RillAllocationInfo) info = NULL;

  if (!rill_test_want_types (non_coherent, G_N_ELEMENTS (non_coherent), 256))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, HV | CA, 64 * 1024);
  first = rill_test_buffer_new (memory, 300);
  buffer = rill_test_buffer_new (memory, 1000);
  info = rill_resource_get_allocation_info (RILL_RESOURCE (buffer));

  mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 300, 10, NULL);
  g_assert_cmpint (rill_test_vulkan.n_flushes, ==, 0);
  rill_mapping_close (mapping);
  g_object_unref (mapping);
  g_assert_cmpint (rill_test_vulkan.n_flushes, ==, 1);
  g_assert_cmpuint (rill_test_vulkan.flushed.offset, ==, info->offset + 256);
  g_assert_cmpuint (rill_test_vulkan.flushed.size, ==, 256);

  rill_test_vulkan.n_invalidations = 0;
  mapping = rill_buffer_map_range (buffer, RILL_MAP_READ, 255, 2, NULL);
  g_assert_cmpint (rill_test_vulkan.n_invalidations, ==, 1);
  g_assert_cmpuint (rill_test_vulkan.invalidated.offset, ==, info->offset);
  g_assert_cmpuint (rill_test_vulkan.invalidated.size, ==, 512);
  rill_test_vulkan.n_flushes = 0;
  rill_mapping_close (mapping);
  g_object_unref (mapping);
  g_assert_cmpint (rill_test_vulkan.n_flushes, ==, 0);

  g_object_unref (first);
  g_object_unref (buffer);
  g_object_unref (memory);
  end (session);
}

static void
assert_busy (RillBuffer *buffer,
             guint64     offset,
             gboolean    busy)
{
  GError *error = NULL;

  g_assert_true (rill_buffer_fill (buffer, offset, 4, 1, NULL, &error) == !busy);
  if (busy)
    rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "");
}

/* What is mapped for writing is flushed by whole atoms: the device must not write into those. */
static void
test_shared_atoms (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillMapping *mapping;

  if (!rill_test_want_types (non_coherent, G_N_ELEMENTS (non_coherent), 256))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, HV | CA, 64 * 1024);
  buffer = rill_test_buffer_new (memory, 1024);
  mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 300, 10, NULL);
  assert_busy (buffer, 252, FALSE);
  assert_busy (buffer, 256, TRUE);
  assert_busy (buffer, 508, TRUE);
  assert_busy (buffer, 512, FALSE);
  rill_mapping_close (mapping);
  assert_busy (buffer, 256, FALSE);
  g_object_unref (mapping);
  g_object_unref (buffer);
  g_object_unref (memory);
  end (session);
}

/* What could not be flushed, and is never used again. */
static void
test_never_flushed (void)
{
  RillSession *session;
  RillMemory *memory;

  if (!rill_test_want_types (non_coherent, G_N_ELEMENTS (non_coherent), 256))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, HV | CA, 64 * 1024);
  for (guint i = 0; i < 20; i++)
    {
      RillBuffer *buffer = rill_test_buffer_new (memory, 1024);
      RillMapping *mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 0, 10, NULL);

      rill_test_vulkan.fail_result = VK_ERROR_OUT_OF_HOST_MEMORY;
      g_atomic_int_set (&rill_test_vulkan.fail_call, RILL_TEST_CALL_FLUSH);
      rill_mapping_close (mapping);
      g_assert_cmpint (g_atomic_int_get (&rill_test_vulkan.fail_call), ==, RILL_TEST_CALL_NONE);
      g_object_unref (mapping);
      g_object_unref (buffer);
    }
  g_object_unref (memory);
  end (session);
}

/* Writes that go to the memory straight are flushed, reads invalidated; the end of a page is no
 * atom's. */
static void
test_flush_transfers (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);

  if (!rill_test_want_types (non_coherent, G_N_ELEMENTS (non_coherent), 256))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, HV | CA, 1000); /* so the buffer has a page of its own */
  buffer = rill_test_buffer_new (memory, 1000);
  rill_test_write (buffer, 0, bytes);
  g_assert_cmpint (rill_test_vulkan.n_flushes, >, 0);
  rill_test_vulkan.n_invalidations = 0;
  rill_test_assert_content (buffer, 0, bytes);
  g_assert_cmpint (rill_test_vulkan.n_invalidations, >, 0);
  g_object_unref (buffer);
  rill_test_finalize_soon (memory);
  end (session);
}

/* memoryTypeBits that exclude the type: the sets that fit are named. */
static void
test_type_bits (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  GError *error = NULL;

  if (!rill_test_want_types (discrete, G_N_ELEMENTS (discrete), 0))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, DL, 4096);
  rill_test_vulkan.type_bits = 1 << 2 | 1 << 3;
  for (guint i = 0; i < 2; i++) /* the second time it is known */
    {
      buffer = rill_memory_create_buffer (memory, 100, RILL_BUFFER_USAGE_NONE, &error);
      g_assert_null (buffer);
      g_assert_nonnull (strstr (error->message, "[DEVICE_LOCAL]"));
      g_assert_nonnull (strstr (error->message, "[HOST_VISIBLE | HOST_COHERENT]"));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                              "[HOST_VISIBLE | HOST_COHERENT | HOST_CACHED]");
      g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
    }

  /* Of another usage: what a device says of one holds. */
  rill_test_vulkan.type_bits = 1 << 1;
  buffer = rill_memory_create_buffer (memory, 100, RILL_BUFFER_USAGE_UNIFORM, &error);
  g_assert_no_error (error);
  g_object_unref (buffer);
  g_object_unref (memory);
  end (session);
}

static void
test_dedicated (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *small, *half, *larger;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);

  /* Required: always. */
  rill_test_vulkan.dedicated_required = TRUE;
  small = rill_test_buffer_new (memory, 100);
  g_assert_cmpint (rill_test_vulkan.n_dedicated, ==, 1);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, get_used (small));
  g_object_unref (small);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);

  /* Preferred: above half a page. */
  rill_test_vulkan.dedicated_required = FALSE;
  rill_test_vulkan.dedicated_preferred = TRUE;
  rill_test_vulkan.n_dedicated = 0;
  half = rill_test_buffer_new (memory, 32 * 1024);
  g_assert_cmpint (rill_test_vulkan.n_dedicated, ==, 0);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 64 * 1024);
  larger = rill_test_buffer_new (memory, 32 * 1024 + 1);
  g_assert_cmpint (rill_test_vulkan.n_dedicated, ==, 1);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 64 * 1024 + get_used (larger));
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, get_used (half) + get_used (larger));
  g_object_unref (half);
  g_object_unref (larger);

  /* Neither: not even a page of its own is. */
  rill_test_vulkan.dedicated_preferred = FALSE;
  larger = rill_test_buffer_new (memory, 100 * 1024);
  g_assert_cmpint (rill_test_vulkan.n_dedicated, ==, 1);
  g_object_unref (larger);
  g_object_unref (memory);
  end (session);
}

/* Each call of creating a buffer fails once: an error that names it, and nothing is left behind. */
static void
test_create_fails (void)
{
  static const struct
  {
    RillTestCall call;
    const char *name;
  } calls[] = {
    { RILL_TEST_CALL_CREATE_BUFFER, "vkCreateBuffer" },
    { RILL_TEST_CALL_ALLOCATE_MEMORY, "vkAllocateMemory" },
    { RILL_TEST_CALL_MAP_MEMORY, "vkMapMemory" },
    { RILL_TEST_CALL_BIND_BUFFER, "vkBindBufferMemory" },
  };
  static const guint64 sizes[] = { 100, 100 * 1024 };
  RillSession *session;
  RillMemory *memory;
  GError *error = NULL;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 64 * 1024);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (calls); i++)
    {
      guint64 size = sizes[i % 2];
      g_autofree char *asked = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes", size);
      g_autofree char *needed = NULL;
      RillBuffer *buffer = rill_test_buffer_new (memory, size);

      needed = rill_format_size (get_used (buffer));
      g_object_unref (buffer);
      g_assert_true (rill_memory_trim (memory, NULL));

      rill_test_vulkan.fail_result = VK_ERROR_OUT_OF_HOST_MEMORY;
      rill_test_vulkan.fail_call = (gint) calls[i / 2].call;
      buffer = rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);
      g_assert_null (buffer);
      g_assert_nonnull (strstr (error->message, "VK_ERROR_OUT_OF_HOST_MEMORY"));
      g_assert_true (strstr (error->message, asked) != NULL
                     || strstr (error->message, needed) != NULL);
      rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                              calls[i / 2].name);
      g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
      g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
      g_assert_true (rill_memory_trim (memory, NULL));
      g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
      g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 0);
    }
  g_object_unref (memory);
  end (session);
}

/* Out of memory says what was asked; with pages already there, these go on. */
static void
test_out_of_memory (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *there, *buffer;
  GError *error = NULL;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1024 * 1024);
  there = rill_test_buffer_new (memory, 800 * 1024);
  rill_test_vulkan.allocation_limit = 1000;
  buffer = rill_memory_create_buffer (memory, 500 * 1000, RILL_BUFFER_USAGE_NONE, &error);
  g_assert_null (buffer);
  g_assert_nonnull (strstr (error->message, "0: 1.0 MB")); /* the state of the page that is there */
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY, "500");
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  buffer = rill_test_buffer_new (memory, 100 * 1024);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_object_unref (buffer);
  g_object_unref (there);
  g_object_unref (memory);
  end (session);
}

/* An object over the limit of one allocation is tried, and the refusal names the limit. */
static void
test_over_allocation_limit (void)
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillBuffer *buffer;
  GError *error = NULL;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  session = rill_test_session_new ();
  context = rill_session_ref_context (session, NULL);
  context->max_allocation_size = 1000 * 1000;
  rill_context_unref (context);
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1000 * 1000);
  buffer = rill_test_buffer_new (memory, 2000 * 1000);
  g_object_unref (buffer);

  rill_test_vulkan.fail_result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
  rill_test_vulkan.fail_call = RILL_TEST_CALL_ALLOCATE_MEMORY;
  buffer = rill_memory_create_buffer (memory, 2000 * 1000, RILL_BUFFER_USAGE_NONE, &error);
  g_assert_null (buffer);
  g_assert_nonnull (strstr (error->message, "2.0"));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                          "limit of 1.0");
  g_object_unref (memory);
  end (session);
}

/* What is larger than its heap cannot be asked of Vulkan at all: no message of the validation
 * layer. */
static void
test_over_heap (void)
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillBuffer *buffer;
  GError *error = NULL;

  if (!rill_test_can_forge ())
    return;
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  rill_test_vulkan.heap_size = 10 * 1000 * 1000;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1000 * 1000);
  buffer = rill_memory_create_buffer (memory, 20 * 1000 * 1000, RILL_BUFFER_USAGE_NONE, &error);
  g_assert_null (buffer);
  g_assert_nonnull (error);
  g_assert_cmpint (rill_test_vulkan.n_allocations, ==, 0);
  g_assert_nonnull (strstr (error->message, "20.0"));
  g_assert_nonnull (strstr (error->message, "10.0"));
  g_clear_error (&error);

  context = rill_session_ref_context (session, NULL);
  buffer = rill_memory_create_buffer (memory, MIN (context->max_buffer_size, G_MAXINT64),
                                      RILL_BUFFER_USAGE_NONE, &error);
  g_assert_null (buffer);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (rill_test_vulkan.n_allocations, ==, 0);
  rill_context_unref (context);
  g_object_unref (memory);
  end (session);
}

/* Every vkAllocateMemory has its vkFreeMemory at the end of the session, also of what is still
 * held then. */
static void
test_session_frees_all (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffers[10];
  RillImage *image;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (300000, 1);

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 1024 * 1024);
  for (guint i = 0; i < 10; i++)
    {
      buffers[i] = rill_test_buffer_new (memory, 300000);
      rill_test_write (buffers[i], 0, bytes);
      g_assert_true (
        rill_buffer_copy_to (buffers[i], 0, buffers[0], 0, i == 0 ? 0 : -1, NULL, NULL));
    }
  image = rill_memory_create_image (memory, (guint[]) { 100, 100 }, 2, RILL_CHANNEL_TYPE_UINT8,
                                    RILL_IMAGE_USAGE_NONE, NULL);
  g_assert_true (rill_image_clear (image, NULL, NULL));
  g_assert_cmpint (rill_test_vulkan.memories, >=, 4);
  rill_session_close (session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);

  for (guint i = 0; i < 10; i++)
    g_object_unref (buffers[i]);
  g_object_unref (image);
  g_object_unref (memory);
  end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-faults/discrete", test_discrete);
  g_test_add_func ("/memory-faults/poor-device", test_poor_device);
  g_test_add_func ("/memory-faults/atoms", test_atoms);
  g_test_add_func ("/memory-faults/flush", test_flush);
  g_test_add_func ("/memory-faults/shared-atoms", test_shared_atoms);
  g_test_add_func ("/memory-faults/never-flushed", test_never_flushed);
  g_test_add_func ("/memory-faults/flush-transfers", test_flush_transfers);
  g_test_add_func ("/memory-faults/type-bits", test_type_bits);
  g_test_add_func ("/memory-faults/dedicated", test_dedicated);
  g_test_add_func ("/memory-faults/create-fails", test_create_fails);
  g_test_add_func ("/memory-faults/out-of-memory", test_out_of_memory);
  g_test_add_func ("/memory-faults/over-allocation-limit", test_over_allocation_limit);
  g_test_add_func ("/memory-faults/over-heap", test_over_heap);
  g_test_add_func ("/memory-faults/session-frees-all", test_session_frees_all);
  return g_test_run ();
}
