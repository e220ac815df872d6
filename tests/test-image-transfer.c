/* SPDX-License-Identifier: MIT */
#include "rill-test-image.h"

#include <string.h>

#define N_TYPES (RILL_CHANNEL_TYPE_SRGB8 + 1)

static void
check_round_trip (RillMemory      *memory,
                  const guint     *shape,
                  gsize            n_dims,
                  RillChannelType  type)
{
  g_autoptr (RillImage) image =
    rill_memory_create_image (memory, shape, n_dims, type, RILL_IMAGE_USAGE_NONE, NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (image == NULL)
    return; /* test-image.c: said to be NOT_SUPPORTED */
  bytes = make_image_bytes (image, (guint) type);
  write_bytes (image, bytes);
  assert_content (image, bytes);
  assert_storage (image, bytes);

  g_assert_true (rill_image_clear (image, NULL, NULL));
  assert_storage (image, NULL);
}

static void
test_shapes (void)
{
  static const struct
  {
    gsize n_dims;
    guint shape[4];
  } cases[] = {
    { 1, { 13 } },
    { 2, { 5, 13 } },
    { 3, { 1, 13, 3 } },
    { 3, { 5, 13, 2 } },
    { 3, { 13, 1, 3 } },
    { 4, { 3, 5, 13, 3 } },
    { 4, { 13, 1, 1, 4 } },
    { 4, { 1, 5, 13, 1 } },
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check_round_trip (memory, cases[i].shape, cases[i].n_dims, RILL_CHANNEL_TYPE_UINT16);
  end_test (session, memory);
}

static void
test_types (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (RillChannelType type = 0; type < N_TYPES; type++)
    for (guint channels = 1; channels <= 4; channels++)
      check_round_trip (memory, (guint[]) { 3, 7, channels }, 3, type);
  end_test (session, memory);
}

static void
check_large (RillMemory  *memory,
             const guint *shape,
             gsize        n_dims)
{
  RillImage *image =
    create_image (memory, shape, n_dims, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_SAMPLED);
  g_autoptr (GBytes) bytes = make_image_bytes (image, 1);
  g_autoptr (GBytes) other = make_image_bytes (image, 2);

  /* Twice, and the last is what counts. */
  write_bytes (image, other);
  write_bytes (image, bytes);
  assert_content (image, bytes);
  g_assert_finalize_object (image);
}

/* Several chunks, the last one of another size; and images that are larger than the ring. */
static void
test_chunks (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  check_large (memory, (guint[]) { 4001, 3 }, 2);
  check_large (memory, (guint[]) { 3, 4001, 3 }, 3);
  check_large (memory, (guint[]) { 1009, 1013, 4 }, 3);
  check_large (memory, (guint[]) { 61, 127, 131, 3 }, 4);
  if (rill_memory_type_get_heap_size (rill_memory_get_memory_type (memory)) > 256 * 1024 * 1024)
    check_large (memory, (guint[]) { 4099, 4111, 4 }, 3);
  end_test (session, memory);
}

static guint64 split_limit;
static void (*split_inner) (RillStagedTransfer *transfer, guint64 first, guint64 max_units,
                            RillChunk *chunk);

static void
split_small (RillStagedTransfer *transfer,
             guint64             first,
             guint64             max_units,
             RillChunk          *chunk)
{
  split_inner (transfer, first, MIN (max_units, split_limit), chunk);
  g_assert_cmpuint (chunk->n_units, <=, split_limit);
}

static void
run_small (RillImage *image,
           gboolean   upload,
           guint8    *host,
           guint64    limit)
{
  g_autoptr (GError) error = NULL;
  RillStagedTransfer staged;

  g_assert_true (rill_resource_pin (image, NULL));
  rill_image_transfer_init (&staged, image, upload, host);
  split_limit = limit;
  split_inner = staged.split;
  staged.split = split_small;
  g_assert_true (rill_staged_transfer_run (&staged, NULL, NULL, &error));
  g_assert_no_error (error);
  rill_resource_unpin (image);
}

/* Parts of rows, rows, slices, and what they leave at the ends. */
static void
test_split (void)
{
  static const guint64 limits[] = { 1, 3, 6, 7, 8, 14, 20, 21, 22, 41, 42, 43, 100 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_image (memory, (guint[]) { 4, 3, 7, 3 }, 4, RILL_CHANNEL_TYPE_UINT8,
                                   RILL_IMAGE_USAGE_NONE);

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (GBytes) bytes = make_image_bytes (image, i);
      gsize size = g_bytes_get_size (bytes);
      g_autofree guint8 *host = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

      run_small (image, TRUE, host, limits[i]);
      assert_content (image, bytes);
      memset (host, 0, size);
      run_small (image, FALSE, host, limits[i]);
      g_assert_cmpmem (host, size, g_bytes_get_data (bytes, NULL), size);
    }
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_sizes (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  static const gsize sizes[] = { 0, 1, 59, 61, 3 * 5 * 3 };
  guint8 data[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, sizes[i]);
      g_autofree char *given = g_strdup_printf ("%u", (guint) sizes[i]);
      g_autoptr (GError) error = NULL;

      g_assert_false (rill_image_write_bytes (image, bytes, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, given));
      g_assert_nonnull (strstr (error->message, "60"));
      g_assert_nonnull (strstr (error->message, "[3, 5, 4]"));
      g_clear_error (&error);

      g_assert_false (rill_image_write_address (image, (guintptr) data, sizes[i], NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
      g_assert_false (rill_image_read_address (image, (guintptr) data, sizes[i], NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_address (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  g_autoptr (GBytes) bytes = make_image_bytes (image, 3);
  g_autoptr (GError) error = NULL;
  guint8 data[60];
  guint8 back[60] = { 0 };

  memcpy (data, g_bytes_get_data (bytes, NULL), sizeof data);
  g_assert_true (rill_image_write_address (image, (guintptr) data, sizeof data, NULL, &error));
  memset (data, 0xff, sizeof data); /* taken already */
  g_assert_true (rill_image_read_address (image, (guintptr) back, sizeof back, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (back, sizeof back, g_bytes_get_data (bytes, NULL), sizeof back);

  g_assert_false (rill_image_write_address (image, 0, sizeof data, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (rill_image_read_address (image, 0, sizeof back, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_from_bytes (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  const guint shape[] = { 3, 5, 3 };
  g_autoptr (GBytes) bytes = rill_test_bytes_new (45, 4);
  g_autoptr (GBytes) short_bytes = rill_test_bytes_new (44, 4);
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image_from_bytes (
    memory, bytes, shape, 3, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE, &error);

  g_assert_no_error (error);
  assert_content (image, bytes);
  g_assert_finalize_object (image);

  g_assert_null (rill_memory_create_image_from_bytes (
    memory, short_bytes, shape, 3, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  end_test (session, memory);
}

static void
test_view_from_bytes (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  const guint shape[] = { 3, 5, 4 };
  g_autoptr (GBytes) bytes = rill_test_bytes_new (60, 5);
  g_autoptr (GError) error = NULL;
  RillImageView *view = rill_memory_create_image_view_from_bytes (
    memory, bytes, shape, 3, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE,
    RILL_FILTER_MODE_LINEAR, RILL_ADDRESS_MODE_REPEAT, TRUE, TRUE, &error);

  g_assert_no_error (error);
  assert_content (rill_image_view_get_image (view), bytes);
  g_assert_finalize_object (view);

  /* The rule comes before the data, which are wrong too. */
  g_assert_null (rill_memory_create_image_view_from_bytes (
    memory, bytes, (guint[]) { 9, 9 }, 2, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
    RILL_FILTER_MODE_LINEAR, RILL_ADDRESS_MODE_REPEAT, TRUE, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "LINEAR"));
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  end_test (session, memory);
}

/* Every way to use an image that is closed or was never initialised. */
static void
assert_unusable (RillImage    *image,
                 GIOErrorEnum  code)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (60, 11);
  RillTestAsync written_async = { NULL };
  g_autoptr (GAsyncResult) written = NULL;
  RillTestAsync read_async = { NULL };
  g_autoptr (GAsyncResult) read = NULL;
  guint8 data[60] = { 0 };
  GError *error = NULL;

#define ASSERT_FAILS(call) \
  g_assert_false (call); \
  g_assert_error (error, G_IO_ERROR, (gint) code); \
  g_clear_error (&error)

  ASSERT_FAILS (rill_image_write_bytes (image, bytes, NULL, &error));
  ASSERT_FAILS (rill_image_read_bytes (image, NULL, &error) != NULL);
  ASSERT_FAILS (rill_image_write_address (image, (guintptr) data, 60, NULL, &error));
  ASSERT_FAILS (rill_image_read_address (image, (guintptr) data, 60, NULL, &error));
  ASSERT_FAILS (rill_image_clear (image, NULL, &error));
  ASSERT_FAILS (rill_image_change_layout (image, RILL_IMAGE_LAYOUT_GENERAL, NULL, &error));

  rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &written_async);
  rill_image_read_bytes_async (image, NULL, rill_test_async_cb, &read_async);
  g_assert_null (written_async.result); /* never before the call returns */
  written = rill_test_wait (&written_async);
  read = rill_test_wait (&read_async);
  ASSERT_FAILS (rill_image_write_bytes_finish (image, written, &error));
  ASSERT_FAILS (rill_image_read_bytes_finish (image, read, &error) != NULL);
}

static void
test_unusable (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  RillImage *raw = g_object_new (RILL_TYPE_IMAGE, NULL);

  assert_unusable (raw, G_IO_ERROR_NOT_INITIALIZED);
  rill_resource_close (RILL_RESOURCE (image));
  assert_unusable (image, G_IO_ERROR_CLOSED);
  g_assert_finalize_object (raw);
  wait_idle (session);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_transient (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (60, 12);
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (
    memory, (guint[]) { 3, 5, 4 }, 3, RILL_CHANNEL_TYPE_UNORM8,
    RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT | RILL_IMAGE_USAGE_COLOR_ATTACHMENT, &error);

  g_assert_no_error (error);
  g_assert_false (rill_image_write_bytes (image, bytes, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (rill_image_read_bytes (image, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (rill_image_clear (image, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_true (
    rill_image_change_layout (image, RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, NULL, NULL));
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_async (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_image (memory, (guint[]) { 701, 1013, 3 }, 3, RILL_CHANNEL_TYPE_UINT8,
                                   RILL_IMAGE_USAGE_NONE);
  GBytes *bytes = make_image_bytes (image, 13);
  g_autoptr (GBytes) expected = make_image_bytes (image, 13);
  g_autoptr (GBytes) content = NULL;
  RillTestAsync written_async = { NULL };
  g_autoptr (GAsyncResult) written = NULL;
  RillTestAsync read_async = { NULL };
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GError) error = NULL;

  rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &written_async);
  g_bytes_unref (bytes);
  rill_image_read_bytes_async (image, NULL, rill_test_async_cb, &read_async);
  assert_content (image, expected); /* comes after what was queued before */

  written = rill_test_wait (&written_async);
  read = rill_test_wait (&read_async);
  g_assert_true (g_task_is_valid (written, image));
  g_assert_true (rill_image_write_bytes_finish (image, written, &error));
  g_assert_no_error (error);
  content = rill_image_read_bytes_finish (image, read, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (content, expected));
  g_clear_object (&written);
  g_clear_object (&read);
  wait_idle (session);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_async_size (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (59, 14);
  RillTestAsync written_async = { NULL };
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GError) error = NULL;

  rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &written_async);
  written = rill_test_wait (&written_async);
  g_assert_false (rill_image_write_bytes_finish (image, written, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_object (&written);
  wait_idle (session);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_cancelled (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  RillImage *other = create_small (memory);
  g_autoptr (GBytes) content = make_image_bytes (image, 15);
  g_autoptr (GBytes) bytes = make_image_bytes (image, 16);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestAsync written_async = { NULL };
  g_autoptr (GAsyncResult) written = NULL;
  RillTestAsync read_async = { NULL };
  g_autoptr (GAsyncResult) read = NULL;
  const GIOErrorEnum code = G_IO_ERROR_CANCELLED;
  GError *error = NULL;

  write_bytes (image, content);
  g_cancellable_cancel (cancellable);
  ASSERT_FAILS (rill_image_write_bytes (image, bytes, cancellable, &error));
  ASSERT_FAILS (rill_image_read_bytes (image, cancellable, &error) != NULL);
  ASSERT_FAILS (rill_image_clear (image, cancellable, &error));
  ASSERT_FAILS (rill_image_copy_to (other, image, cancellable, &error));
  ASSERT_FAILS (rill_image_change_layout (image, RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                                          cancellable, &error));
  rill_image_write_bytes_async (image, bytes, cancellable, rill_test_async_cb, &written_async);
  rill_image_read_bytes_async (image, cancellable, rill_test_async_cb, &read_async);
  written = rill_test_wait (&written_async);
  read = rill_test_wait (&read_async);
  ASSERT_FAILS (rill_image_write_bytes_finish (image, written, &error));
  ASSERT_FAILS (rill_image_read_bytes_finish (image, read, &error) != NULL);

  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_GENERAL);
  assert_content (image, content);
  g_clear_object (&written);
  g_clear_object (&read);
  wait_idle (session);
  g_assert_finalize_object (image);
  g_assert_finalize_object (other);
  end_test (session, memory);
}

/* What is in flight when an image is closed ends well, or says why not. */
static void
test_close_in_flight (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint i = 0; i < 8; i++)
    {
      RillImage *image = create_image (memory, (guint[]) { 256, 256, 4 }, 3,
                                       RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE);
      g_autoptr (GBytes) bytes = make_image_bytes (image, i);
      RillTestAsync written_async = { NULL };
      g_autoptr (GAsyncResult) written = NULL;
      g_autoptr (GError) error = NULL;

      write_bytes (image, bytes);
      rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &written_async);
      rill_resource_close (RILL_RESOURCE (image));
      written = rill_test_wait (&written_async);
      if (!rill_image_write_bytes_finish (image, written, &error))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_clear_object (&written);
      g_object_unref (image);
    }
  end_test (session, memory);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/image-transfer/shapes", test_shapes);
  g_test_add_func ("/image-transfer/types", test_types);
  g_test_add_func ("/image-transfer/chunks", test_chunks);
  g_test_add_func ("/image-transfer/split", test_split);
  g_test_add_func ("/image-transfer/sizes", test_sizes);
  g_test_add_func ("/image-transfer/address", test_address);
  g_test_add_func ("/image-transfer/from-bytes", test_from_bytes);
  g_test_add_func ("/image-transfer/view-from-bytes", test_view_from_bytes);
  g_test_add_func ("/image-transfer/unusable", test_unusable);
  g_test_add_func ("/image-transfer/transient", test_transient);
  g_test_add_func ("/image-transfer/async", test_async);
  g_test_add_func ("/image-transfer/async-size", test_async_size);
  g_test_add_func ("/image-transfer/cancelled", test_cancelled);
  g_test_add_func ("/image-transfer/close-in-flight", test_close_in_flight);

  return g_test_run ();
}
