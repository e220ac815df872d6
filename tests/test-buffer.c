/* SPDX-License-Identifier: MIT */
#include "rill-test-gate.h"

#define PAGE (256 * 1024)

typedef struct
{
  RillSession *session;
  RillMemory *memory;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 0);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
}

static void
test_properties (Fixture       *fixture,
                 gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1001);
  g_autoptr (RillMemory) memory = NULL;
  g_autoptr (RillAllocationInfo) info = NULL;
  g_autofree char *name = NULL;
  RillBufferUsageFlags usage;
  gboolean mappable, closed;
  guint64 size;

  g_object_get (buffer, "memory", &memory, "size", &size, "allocation-info", &info, "mappable",
                &mappable, "closed", &closed, "name", &name, "usage", &usage, NULL);
  g_assert_true (memory == fixture->memory);
  g_assert_true (rill_resource_get_memory (RILL_RESOURCE (buffer)) == memory);
  g_assert_cmpuint (size, ==, 1001);
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (buffer)), ==, 1001);
  g_assert_cmpuint (info->size, >=, 1001);
  g_assert_true (mappable);
  g_assert_true (rill_resource_get_mappable (RILL_RESOURCE (buffer)));
  g_assert_false (closed);
  g_assert_null (name);
  g_assert_cmpuint (usage, ==,
                    RILL_BUFFER_USAGE_STORAGE | RILL_BUFFER_USAGE_TRANSFER_SRC
                      | RILL_BUFFER_USAGE_TRANSFER_DST);
  g_assert_cmpuint (rill_buffer_get_usage (buffer), ==, usage);
  g_object_unref (buffer);
}

/* All nine usages of the reference, read back as they were asked for. */
static void
test_usages (Fixture       *fixture,
             gconstpointer  data)
{
  for (guint usage = 1; usage < 512; usage = usage < 256 ? usage + 1 : usage + 51)
    {
      g_autoptr (GError) error = NULL;
      RillBuffer *buffer = rill_memory_create_buffer (fixture->memory, 16, usage, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_buffer_get_usage (buffer), ==, usage);
      g_object_unref (buffer);
    }
}

static void
assert_not_created (RillMemory           *memory,
                    guint64               size,
                    guint                 usage,
                    gint                  code,
                    const char           *part)
{
  GError *error = NULL;
  RillBuffer *buffer = rill_memory_create_buffer (memory, size, usage, &error);

  g_assert_null (buffer);
  rill_test_assert_error (error, G_IO_ERROR, code, part);
}

static void
test_bad_arguments (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (RillContext) context = rill_session_ref_context (fixture->session, NULL);
  g_autofree char *limit = g_strdup_printf ("%" G_GUINT64_FORMAT, context->max_buffer_size);

  assert_not_created (fixture->memory, 0, 0, G_IO_ERROR_INVALID_ARGUMENT, "0 bytes");
  assert_not_created (fixture->memory, context->max_buffer_size + 1, 0, G_IO_ERROR_NOT_SUPPORTED,
                      limit);
  assert_not_created (fixture->memory, context->max_buffer_size + 1, 0, G_IO_ERROR_NOT_SUPPORTED,
                      "maxBufferSize");
  assert_not_created (fixture->memory, (guint64) 1 << 63, 0, G_IO_ERROR_NOT_SUPPORTED,
                      "9223372036854775808");
  assert_not_created (fixture->memory, G_MAXUINT64, 0, G_IO_ERROR_NOT_SUPPORTED,
                      "18446744073709551615");
  for (guint bit = 9; bit < 31; bit++)
    assert_not_created (fixture->memory, 1, 1u << bit | RILL_BUFFER_USAGE_STORAGE,
                        G_IO_ERROR_INVALID_ARGUMENT, "usage");
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
}

static void
name_cb (GObject    *object,
         GParamSpec *pspec,
         guint      *count)
{
  (*count)++;
}

static void
test_name (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 16);
  g_autofree char *name = NULL;
  guint count = 0;

  g_signal_connect (buffer, "notify::name", G_CALLBACK (name_cb), &count);
  g_object_set (buffer, "name", "first", NULL);
  rill_resource_set_name (RILL_RESOURCE (buffer), "first");
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 1);
  rill_resource_set_name (RILL_RESOURCE (buffer), "second");
  rill_resource_set_name (RILL_RESOURCE (buffer), "third");
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 2);
  name = rill_resource_dup_name (RILL_RESOURCE (buffer));
  g_assert_cmpstr (name, ==, "third");
  rill_resource_set_name (RILL_RESOURCE (buffer), NULL);
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 3);
  g_assert_null (rill_resource_dup_name (RILL_RESOURCE (buffer)));
  rill_resource_close (RILL_RESOURCE (buffer));
  rill_resource_set_name (RILL_RESOURCE (buffer), "late");
  g_object_unref (buffer);
}

static void
test_like (Fixture       *fixture,
           gconstpointer  data)
{
  RillSession *foreign = rill_test_session_new ();
  RillMemory *foreign_memory = rill_test_memory_new (foreign, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillBuffer *buffer =
    rill_memory_create_buffer (fixture->memory, 777, RILL_BUFFER_USAGE_UNIFORM, NULL);
  RillMemory *image_memory =
    rill_session_get_memory_for_usage (fixture->session, RILL_MEMORY_USAGE_DEVICE_ONLY, NULL);
  RillImage *image = rill_memory_create_image (
    image_memory, (guint[]) { 5, 7, 3 }, 3, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE, NULL);
  RillBuffer *never = g_object_new (RILL_TYPE_BUFFER, NULL);
  g_autoptr (RillBuffer) like = NULL;
  g_autoptr (RillBuffer) like_image = NULL;
  GError *error = NULL;

  like = rill_memory_create_buffer_like (fixture->memory, RILL_RESOURCE (buffer),
                                         RILL_BUFFER_USAGE_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (like)), ==, 777);
  g_assert_cmpuint (rill_buffer_get_usage (like) & RILL_BUFFER_USAGE_STORAGE, !=, 0);
  /* An image counts with the bytes of its texels on the host, not with the device's. */
  like_image = rill_memory_create_buffer_like (fixture->memory, RILL_RESOURCE (image),
                                               RILL_BUFFER_USAGE_INDEX, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (like_image)), ==, 5 * 7 * 3);
  g_assert_cmpuint (rill_buffer_get_usage (like_image), ==, RILL_BUFFER_USAGE_INDEX);

  g_assert_null (rill_memory_create_buffer_like (foreign_memory, RILL_RESOURCE (buffer),
                                                 RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "another session");
  g_assert_null (rill_memory_create_buffer_like (fixture->memory, RILL_RESOURCE (never),
                                                 RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "not initialised");
  rill_resource_close (RILL_RESOURCE (buffer));
  g_assert_null (rill_memory_create_buffer_like (fixture->memory, RILL_RESOURCE (buffer),
                                                 RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");

  g_object_unref (never);
  g_object_unref (image);
  g_object_unref (image_memory);
  g_object_unref (buffer);
  g_object_unref (foreign_memory);
  rill_test_session_end (foreign);
}

static void
test_from_bytes (Fixture       *fixture,
                 gconstpointer  data)
{
  static const gsize sizes[] = { 1, 2, 3, 4, 5, 63, 65, 1000, 65537, 1000003 };
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new (sizes[i], i);
      RillBuffer *buffer = rill_memory_create_buffer_from_bytes (
        fixture->memory, bytes, i % 2 ? RILL_BUFFER_USAGE_NONE : RILL_BUFFER_USAGE_UNIFORM, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (buffer)), ==, sizes[i]);
      rill_test_assert_content (buffer, 0, bytes);
      g_object_unref (buffer);
    }
  g_assert_null (
    rill_memory_create_buffer_from_bytes (fixture->memory, empty, RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "0 bytes");
}

/* Every alignment of offset and size, against a model on the host. */
static void
test_odd_offsets (Fixture       *fixture,
                  gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 64);
  g_autoptr (GBytes) start = rill_test_bytes_new (64, 1);
  guint8 model[64], out[66];
  GError *error = NULL;

  rill_test_write (buffer, 0, start);
  memcpy (model, g_bytes_get_data (start, NULL), 64);
  for (guint offset = 0; offset < 9; offset++)
    for (guint size = 1; size < 18; size += 1 + offset % 3)
      {
        g_autoptr (GBytes) bytes = rill_test_bytes_new (size, 100 + offset * 18 + size);
        g_assert_true (rill_buffer_write_data (buffer, offset, g_bytes_get_data (bytes, NULL), size,
                                               NULL, &error));
        g_assert_no_error (error);
        memcpy (model + offset, g_bytes_get_data (bytes, NULL), size);
        memset (out, 0xee, sizeof out);
        g_assert_true (
          rill_buffer_read_data (buffer, 64 - size - offset, out + 1, size, NULL, &error));
        g_assert_no_error (error);
        g_assert_cmpmem (out + 1, size, model + 64 - size - offset, size);
        g_assert_cmpuint (out[0], ==, 0xee);
        g_assert_cmpuint (out[size + 1], ==, 0xee);
      }
  g_assert_true (rill_buffer_read_address (buffer, 0, (guintptr) out, 64, NULL, &error));
  g_assert_cmpmem (out, 64, model, 64);
  g_assert_true (rill_buffer_write_address (buffer, 3, (guintptr) model, 7, NULL, &error));
  memmove (model + 3, model, 7);
  g_assert_true (rill_buffer_read_data (buffer, 0, out, 64, NULL, &error));
  g_assert_cmpmem (out, 64, model, 64);
  g_object_unref (buffer);
}

static void
test_addresses (Fixture       *fixture,
                gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 64);
  GError *error = NULL;

  g_assert_false (rill_buffer_write_address (buffer, 0, 0, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "address 0");
  g_assert_false (rill_buffer_read_address (buffer, 0, 0, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "address 0");
  g_assert_true (rill_buffer_write_address (buffer, 64, 0, 0, NULL, &error));
  g_assert_true (rill_buffer_read_address (buffer, 0, 0, 0, NULL, &error));
  g_assert_true (rill_buffer_write_data (buffer, 0, NULL, 0, NULL, &error));
  g_assert_true (rill_buffer_read_data (buffer, 64, NULL, 0, NULL, &error));
  g_assert_false (rill_buffer_write_address (buffer, 0, 4096, G_MAXSIZE, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "18446744073709551615");
  g_assert_false (rill_buffer_read_address (buffer, 1, 4096, G_MAXSIZE, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "18446744073709551615");
  g_assert_false (rill_buffer_write_address (buffer, 1, 4096, 64, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "64");
  g_object_unref (buffer);
}

/* A range of a buffer of 100 bytes; @actual -1: it is not inside. */
typedef struct
{
  guint64 offset;
  gint64 size;
  gint actual;
} Range;

static const Range ranges[] = {
  { 0, 0, 0 },
  { 0, -1, 100 },
  { 0, 100, 100 },
  { 99, 1, 1 },
  { 99, -1, 1 },
  { 100, 0, 0 },
  { 100, -1, 0 },
  { 50, 50, 50 },
  { 0, 101, -1 },
  { 1, 100, -1 },
  { 100, 1, -1 },
  { 101, 0, -1 },
  { 101, -1, -1 },
  { 0, -2, -1 },
  { 100, -2, -1 },
  { 0, G_MININT64, -1 },
  { 0, G_MAXINT64, -1 },
  { 1, G_MAXINT64, -1 },
  { G_MAXUINT64, 0, -1 },
  { G_MAXUINT64, 1, -1 },
  { G_MAXUINT64, -1, -1 },
  { G_MAXUINT64 - 49, 100, -1 },
  { G_MAXUINT64 - 1, G_MAXINT64, -1 },
  { (guint64) G_MAXINT64 + 1, 0, -1 },
  { (guint64) 1 << 32, 1, -1 },
};

static void
check_range (gboolean      done,
             const Range  *range,
             GError      **error)
{
  if (range->actual >= 0)
    {
      g_assert_no_error (*error);
      g_assert_true (done);
      return;
    }
  g_assert_false (done);
  rill_test_assert_error (*error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                          range->size < -1 ? "-1" : "100");
}

static void
test_ranges (Fixture       *fixture,
             gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 100);
  g_autoptr (GBytes) zeros = g_bytes_new_take (g_malloc0 (100), 100);

  rill_test_write (buffer, 0, zeros);
  rill_test_write (other, 0, zeros);
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      const Range *range = &ranges[i];
      GError *error = NULL;
      g_autoptr (GBytes) bytes =
        rill_buffer_read_bytes (buffer, range->offset, range->size, NULL, &error);
      RillMapping *mapping;

      check_range (bytes != NULL, range, &error);
      if (bytes != NULL)
        g_assert_cmpuint (g_bytes_get_size (bytes), ==, (guint) range->actual);
      check_range (rill_buffer_fill (buffer, range->offset, range->size, 1, NULL, &error), range,
                   &error);
      check_range (rill_buffer_copy_to (buffer, range->offset, other, 0, range->size, NULL, &error),
                   range, &error);
      mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, range->offset, range->size, &error);
      check_range (mapping != NULL, range, &error);
      if (mapping != NULL)
        g_assert_cmpuint (rill_mapping_get_size (mapping), ==, (guint) range->actual);
      g_clear_object (&mapping);
      if (range->size < 0 || range->size > 200)
        continue;
      check_range (rill_buffer_copy_to (other, 0, buffer, range->offset, range->size, NULL, &error),
                   range, &error);
      g_clear_pointer (&bytes, g_bytes_unref);
      bytes = g_bytes_new_take (g_malloc0 (200), (gsize) range->size);
      check_range (rill_buffer_write_bytes (buffer, range->offset, bytes, NULL, &error), range,
                   &error);
    }
  g_object_unref (buffer);
  g_object_unref (other);
}

/* What is refused has changed nothing. */
static void
test_refused_changes_nothing (Fixture       *fixture,
                              gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *small = rill_test_buffer_new (fixture->memory, 500);
  g_autoptr (GBytes) content = rill_test_bytes_new (1000, 1);
  g_autoptr (GBytes) other = rill_test_bytes_new (501, 2);
  g_autoptr (GBytes) small_content = rill_test_bytes_new (500, 3);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  GError *error = NULL;

  rill_test_write (buffer, 0, content);
  rill_test_write (small, 0, small_content);
  g_cancellable_cancel (cancelled);
  g_assert_false (rill_buffer_write_bytes (buffer, 500, other, NULL, NULL));
  g_assert_false (rill_buffer_fill (buffer, 999, 2, 0, NULL, NULL));
  g_assert_false (rill_buffer_copy_to (buffer, 0, small, 0, -1, NULL, NULL));
  g_assert_false (rill_buffer_copy_to (buffer, 0, small, 499, 2, NULL, NULL));
  g_assert_false (rill_buffer_copy_to (small, 0, buffer, 501, -1, NULL, NULL));
  g_assert_false (rill_buffer_copy_to (buffer, 0, buffer, 999, 1000, NULL, NULL));

  g_assert_false (rill_buffer_write_bytes (buffer, 0, other, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_null (rill_buffer_read_bytes (buffer, 0, -1, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_false (rill_buffer_fill (buffer, 0, -1, 0, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_false (rill_buffer_copy_to (small, 0, buffer, 0, -1, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  rill_test_assert_content (buffer, 0, content);
  rill_test_assert_content (small, 0, small_content);
  g_object_unref (buffer);
  g_object_unref (small);
}

/* The usage that was asked for counts; write and read always work. */
static void
test_usage_counts (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *uniform =
    rill_memory_create_buffer (fixture->memory, 100, RILL_BUFFER_USAGE_UNIFORM, NULL);
  RillBuffer *source =
    rill_memory_create_buffer (fixture->memory, 100, RILL_BUFFER_USAGE_TRANSFER_SRC, NULL);
  RillBuffer *target =
    rill_memory_create_buffer (fixture->memory, 100, RILL_BUFFER_USAGE_TRANSFER_DST, NULL);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (100, 1);
  GError *error = NULL;

  rill_test_write (uniform, 0, bytes);
  rill_test_assert_content (uniform, 0, bytes);
  rill_test_write (source, 0, bytes);
  rill_test_assert_content (source, 0, bytes);
  g_assert_false (rill_buffer_copy_to (uniform, 0, target, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "TRANSFER_SRC");
  g_assert_false (rill_buffer_copy_to (source, 0, uniform, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "TRANSFER_DST");
  g_assert_false (rill_buffer_copy_to (target, 0, source, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "TRANSFER_SRC");
  g_assert_false (rill_buffer_fill (source, 0, -1, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "TRANSFER_DST");
  g_assert_true (rill_buffer_copy_to (source, 0, target, 0, -1, NULL, &error));
  rill_test_assert_content (target, 0, bytes);
  g_assert_true (rill_buffer_fill (target, 0, -1, 0, NULL, &error));
  g_assert_no_error (error);
  g_object_unref (uniform);
  g_object_unref (source);
  g_object_unref (target);
}

static void
assert_unusable (RillBuffer *buffer,
                 RillBuffer *good,
                 gint        code)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  guint8 byte = 0;
  GError *error = NULL;

  g_assert_false (rill_buffer_write_bytes (buffer, 0, bytes, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_write_bytes (buffer, 0, empty, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_buffer_read_bytes (buffer, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_write_data (buffer, 0, &byte, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_read_data (buffer, 0, &byte, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_write_address (buffer, 0, (guintptr) &byte, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_read_address (buffer, 0, (guintptr) &byte, 1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_fill (buffer, 0, -1, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_copy_to (buffer, 0, good, 0, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_copy_to (good, 0, buffer, 0, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_buffer_map (buffer, RILL_MAP_READ, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_buffer_map_range (buffer, RILL_MAP_WRITE, 0, 0, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
}

static void
assert_unusable_async (RillBuffer *buffer,
                       RillBuffer *good,
                       gint        code)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  RillTestAsync async[5] = { { NULL } };
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  GError *error = NULL;

  rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async[0]);
  rill_buffer_read_bytes_async (buffer, 0, -1, NULL, rill_test_async_cb, &async[1]);
  rill_buffer_copy_to_async (buffer, 0, good, 0, -1, NULL, rill_test_async_cb, &async[2]);
  rill_buffer_copy_to_async (good, 0, buffer, 0, -1, NULL, rill_test_async_cb, &async[3]);
  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async[4]);
  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (results, rill_test_wait (&async[i]));
  g_assert_false (rill_buffer_write_bytes_finish (buffer, results->pdata[0], &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_buffer_read_bytes_finish (buffer, results->pdata[1], &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_copy_to_finish (buffer, results->pdata[2], &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_false (rill_buffer_copy_to_finish (good, results->pdata[3], &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_buffer_map_finish (buffer, results->pdata[4], &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  RillBuffer *good = rill_test_buffer_new (fixture->memory, 100);
  guint n_closed = 0;

  g_signal_connect (buffer, "notify::closed", G_CALLBACK (name_cb), &n_closed);
  rill_resource_close (RILL_RESOURCE (buffer));
  rill_resource_close (RILL_RESOURCE (buffer));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  assert_unusable (buffer, good, G_IO_ERROR_CLOSED);
  assert_unusable_async (buffer, good, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (buffer)), ==, 100);
  g_assert_true (rill_resource_get_memory (RILL_RESOURCE (buffer)) == fixture->memory);
  g_assert_true (rill_resource_get_mappable (RILL_RESOURCE (buffer)));
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);
  g_object_unref (buffer);
  g_object_unref (good);
}

static void
test_uninitialized (Fixture       *fixture,
                    gconstpointer  data)
{
  RillBuffer *buffer = g_object_new (RILL_TYPE_BUFFER, "name", "orphan", NULL);
  RillBuffer *good = rill_test_buffer_new (fixture->memory, 100);
  g_autofree char *name = rill_resource_dup_name (RILL_RESOURCE (buffer));

  assert_unusable (buffer, good, G_IO_ERROR_NOT_INITIALIZED);
  assert_unusable_async (buffer, good, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_cmpstr (name, ==, "orphan");
  g_assert_null (rill_resource_get_memory (RILL_RESOURCE (buffer)));
  g_assert_null (rill_resource_get_allocation_info (RILL_RESOURCE (buffer)));
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (buffer)), ==, 0);
  g_assert_cmpuint (rill_buffer_get_usage (buffer), ==, 0);
  g_assert_false (rill_resource_get_mappable (RILL_RESOURCE (buffer)));
  rill_resource_close (RILL_RESOURCE (buffer));
  g_assert_false (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  rill_test_finalize_soon (buffer); /* map_async had a thread */
  g_object_unref (good);
}

/* What the device still uses is not given to anyone else, though it is closed and dropped. */
static void
test_range_in_use (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, PAGE);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, PAGE);
  RillTestGate *gate = rill_test_gate_new (fixture->session);
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (to));
  g_autoptr (RillAllocationInfo) later_info = NULL;
  RillBuffer *later;

  g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, NULL));
  g_object_unref (to);
  later = rill_test_buffer_new (fixture->memory, PAGE);
  later_info = rill_resource_get_allocation_info (RILL_RESOURCE (later));
  g_assert_cmpuint (later_info->page, !=, info->page);
  rill_test_gate_open (gate);
  rill_test_gate_free (gate);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 2 * PAGE);
  g_object_unref (later);
  g_object_unref (from);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/buffer/properties", test_properties);
  add ("/buffer/usages", test_usages);
  add ("/buffer/bad-arguments", test_bad_arguments);
  add ("/buffer/name", test_name);
  add ("/buffer/like", test_like);
  add ("/buffer/from-bytes", test_from_bytes);
  add ("/buffer/odd-offsets", test_odd_offsets);
  add ("/buffer/addresses", test_addresses);
  add ("/buffer/ranges", test_ranges);
  add ("/buffer/refused-changes-nothing", test_refused_changes_nothing);
  add ("/buffer/usage-counts", test_usage_counts);
  add ("/buffer/close", test_close);
  add ("/buffer/uninitialized", test_uninitialized);
  add ("/buffer/range-in-use", test_range_in_use);
  return g_test_run ();
}
