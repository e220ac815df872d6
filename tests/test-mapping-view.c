/* SPDX-License-Identifier: MIT */

/* Views of mapped memory, which outlive everything; and mappings on devices that are unlike
 * lavapipe. */

#include "rill-test-gate.h"
#include "rill-test-vulkan.h"

#include "memory/rill-memory-private.h"

#define PAGE (64 * 1024)

static RillSession *
open_session (void)
{
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  return rill_test_session_new ();
}

/* The number of devices comes to 0 with the last holder, which may be one of the library's
 * threads. */
static void
assert_all_gone (void)
{
  for (guint i = 0; i < 5000 && g_atomic_int_get (&rill_test_vulkan.devices) > 0; i++)
    g_usleep (1000);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
}

static RillBuffer *
create_filled (RillMemory *memory,
               guint64     size,
               guint       seed)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (size, seed);
  GError *error = NULL;
  RillBuffer *buffer =
    rill_memory_create_buffer_from_bytes (memory, bytes, RILL_BUFFER_USAGE_NONE, &error);

  g_assert_no_error (error);
  return buffer;
}

static guint64
get_used (gpointer resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return info->size;
}

static GBytes *
get_view (RillBuffer *buffer)
{
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);
  GBytes *view;

  g_assert_no_error (error);
  view = rill_mapping_get_bytes (mapping, &error);
  g_assert_no_error (error);
  rill_mapping_close (mapping);
  g_object_unref (mapping);
  return view;
}

static void
assert_view (GBytes *view,
             guint64 size,
             guint   seed)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (size, seed);

  g_assert_true (g_bytes_equal (view, bytes));
}

/* After the close of mapping, buffer, memory and session, step by step. */
static void
test_outlives_all (void)
{
  RillSession *session = open_session ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffer = create_filled (memory, 1000, 1);
  RillBuffer *other = create_filled (memory, 1000, 2);
  GBytes *view = get_view (buffer);
  guint64 used = rill_memory_get_used_size (memory);

  assert_view (view, 1000, 1);
  rill_resource_close (RILL_RESOURCE (buffer));
  assert_view (view, 1000, 1);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, used);
  rill_memory_close (memory);
  assert_view (view, 1000, 1);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_assert_true (rill_memory_is_page_mappable (memory, 0));
  rill_session_close (session);
  assert_view (view, 1000, 1);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 1);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 1);

  g_object_unref (buffer);
  g_object_unref (other);
  g_bytes_unref (view);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_object_unref (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

static gpointer
unref_bytes_thread (gpointer data)
{
  g_bytes_unref (data);
  return NULL;
}

/* Only the view is left, and goes in another thread. */
static void
test_outlives_references (void)
{
  RillSession *session = open_session ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffer = create_filled (memory, 1000, 1);
  GBytes *view = get_view (buffer);

  rill_session_close (session);
  g_object_unref (buffer);
  g_object_unref (memory);
  g_object_unref (session);
  rill_test_iterate ();
  assert_view (view, 1000, 1);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 1);
  g_thread_join (g_thread_new ("unref", unref_bytes_thread, view));
  assert_all_gone ();
}

/* The range of a view is nobody else's, and its page is not trimmed; once it is gone both are. */
static void
test_range_not_reused (void)
{
  RillSession *session = open_session ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffer = create_filled (memory, PAGE, 1);
  GBytes *view = get_view (buffer);
  GBytes *second = get_view (buffer);
  RillBuffer *later;

  g_object_unref (buffer);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  later = create_filled (memory, PAGE, 2);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 2);
  assert_view (view, PAGE, 1);
  g_bytes_unref (view);
  g_object_unref (later);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  assert_view (second, PAGE, 1);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_bytes_unref (second);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

/* A view does not keep the range from others once its mapping is closed: it shows what they do. */
static void
test_view_after_close (void)
{
  RillSession *session = open_session ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffer = create_filled (memory, 1000, 1);
  GBytes *view = get_view (buffer);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 2);

  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  assert_view (view, 1000, 2);
  g_bytes_unref (view);
  g_object_unref (buffer);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

/* The offset in the page is already past the padding: what is mapped is the buffer itself. */
static void
test_padded (void)
{
  RillSession *session = open_session ();
  /* Elsewhere every offset is a whole atom's. */
  RillMemory *memory = rill_test_memory_new (
    session, RILL_MEMORY_PROPERTY_HOST_VISIBLE | RILL_MEMORY_PROPERTY_HOST_COHERENT, PAGE);
  RillBuffer *first = create_filled (memory, 100, 1);
  const RillAllocationRequest hole = {
    .requirements = { .size = 4096 - 40 - get_used (first),
                      .alignment = 1,
                      .memoryTypeBits = G_MAXUINT32 },
    .what = "what leaves 40 bytes",
  };
  g_autoptr (RillAllocationInfo) info = NULL;
  RillAllocation allocation;
  RillBuffer *padded, *behind;
  GBytes *view;

  g_assert_true (rill_memory_allocate (memory, &hole, &allocation, NULL));
  rill_test_vulkan.alignment = 4096;
  padded = create_filled (memory, 1000, 2);
  rill_test_vulkan.alignment = 0;
  behind = create_filled (memory, 5000, 3);
  info = rill_resource_get_allocation_info (RILL_RESOURCE (padded));
  g_assert_cmpuint (info->offset, ==, 4096);
  g_assert_cmpuint (info->left_padding, ==, 40);

  view = get_view (padded);
  assert_view (view, 1000, 2);
  g_bytes_unref (view);
  view = get_view (first);
  assert_view (view, 100, 1);
  g_bytes_unref (view);
  view = get_view (behind);
  assert_view (view, 5000, 3);
  g_bytes_unref (view);
  {
    /* And to the device it is the same range. */
    RillMapping *mapping = rill_buffer_map (padded, RILL_MAP_WRITE, NULL);
    memset ((gpointer) rill_mapping_get_address (mapping, NULL), 0x5a, 1000);
    g_object_unref (mapping);
    g_assert_true (rill_buffer_copy_to (padded, 0, behind, 100, -1, NULL, NULL));
    view = get_view (behind);
    for (guint i = 100; i < 1100; i++)
      g_assert_cmpuint (((const guint8 *) g_bytes_get_data (view, NULL))[i], ==, 0x5a);
    g_bytes_unref (view);
  }
  rill_memory_release (memory, &allocation, NULL);
  g_object_unref (first);
  g_object_unref (padded);
  g_object_unref (behind);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

static const VkMemoryPropertyFlags discrete[] = {
  0,
  VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
    | VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
};

/* Memory that the host cannot touch: mapping says what to do instead, transfers go through the
 * ring. */
static void
test_not_mappable (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillTestAsync async = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000001, 1);
  GError *error = NULL;

  if (!rill_test_want_unmappable (discrete, G_N_ELEMENTS (discrete)))
    return;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
  buffer = rill_test_buffer_new (memory, 1000003);
  g_assert_null (rill_buffer_map (buffer, RILL_MAP_READ, &error));
  g_assert_nonnull (strstr (error->message, "[DEVICE_LOCAL]"));
  g_assert_nonnull (strstr (error->message, "HOST_VISIBLE"));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "rill_buffer_read_bytes");
  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  g_assert_null (rill_buffer_map_finish (buffer, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "HOST_VISIBLE");
  g_clear_object (&result);

  rill_test_write (buffer, 1, bytes);
  rill_test_assert_content (buffer, 1, bytes);
  g_assert_true (rill_buffer_fill (buffer, 3, 17, 1, NULL, NULL));
  g_assert_true (rill_buffer_copy_to (buffer, 3, buffer, 100, 5, NULL, NULL));
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

/* A mapping that fails at its last step holds nothing. */
static void
test_invalidate_fails (void)
{
  static const VkMemoryPropertyFlags types[] = { VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
                                                 | VK_MEMORY_PROPERTY_HOST_CACHED_BIT };
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillMapping *mapping;
  GError *error = NULL;

  if (!rill_test_can_forge ())
    return;
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  rill_test_vulkan.types = types;
  rill_test_vulkan.n_types = G_N_ELEMENTS (types);
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  buffer = rill_test_buffer_new (memory, 1000);
  rill_test_vulkan.fail_result = VK_ERROR_OUT_OF_HOST_MEMORY;
  rill_test_vulkan.fail_call = RILL_TEST_CALL_INVALIDATE;
  g_assert_null (rill_buffer_map (buffer, RILL_MAP_WRITE | RILL_MAP_READ, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                          "vkInvalidateMappedMemoryRanges");
  mapping = rill_buffer_map (buffer, RILL_MAP_WRITE, &error);
  g_assert_no_error (error);
  g_object_unref (mapping);
  g_object_unref (buffer);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

/* Where memory is flushed by whole atoms, what shares one with a mapping is in its way, and the
 * error says so. */
static void
test_atoms (void)
{
  static const VkMemoryPropertyFlags types[] = { VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
                                                 | VK_MEMORY_PROPERTY_HOST_CACHED_BIT };
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillMapping *mapping, *nothing;
  g_autoptr (GBytes) bytes = rill_test_bytes_new (100, 1);
  GError *error = NULL;

  if (!rill_test_can_forge ())
    return;
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  rill_test_vulkan.types = types;
  rill_test_vulkan.n_types = G_N_ELEMENTS (types);
  rill_test_vulkan.atom = 256;
  session = rill_test_session_new ();
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  buffer = rill_test_buffer_new (memory, 2000);
  nothing = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 1000, 0, &error);
  g_assert_no_error (error);
  mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 300, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_mapping_get_offset (mapping), ==, 300);
  g_assert_cmpuint (rill_mapping_get_size (mapping), ==, 10);
  g_assert_false (rill_buffer_write_bytes (buffer, 400, bytes, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "256 to 511");
  rill_test_write (buffer, 156, bytes);
  rill_test_write (buffer, 512, bytes);
  rill_test_write (buffer, 950, bytes);
  g_object_unref (mapping);
  rill_test_write (buffer, 400, bytes);
  g_object_unref (nothing);
  rill_test_assert_content (buffer, 400, bytes);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  g_object_unref (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
  assert_all_gone ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mapping-view/outlives-all", test_outlives_all);
  g_test_add_func ("/mapping-view/outlives-references", test_outlives_references);
  g_test_add_func ("/mapping-view/range-not-reused", test_range_not_reused);
  g_test_add_func ("/mapping-view/view-after-close", test_view_after_close);
  g_test_add_func ("/mapping-view/padded", test_padded);
  g_test_add_func ("/mapping-view/not-mappable", test_not_mappable);
  g_test_add_func ("/mapping-view/invalidate-fails", test_invalidate_fails);
  g_test_add_func ("/mapping-view/atoms", test_atoms);
  return g_test_run ();
}
