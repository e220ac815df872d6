/* SPDX-License-Identifier: MIT */
#include "rill-test-image.h"

#include <string.h>

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  (*count)++;
}

static void
assert_layout (RillImage       *image,
               RillImageLayout  layout)
{
  RillImageLayout property;

  g_object_get (image, "layout", &property, NULL);
  g_assert_cmpint (property, ==, layout);
  g_assert_cmpint (rill_image_get_layout (image), ==, layout);
}

static void
change_layout (RillImage       *image,
               RillImageLayout  layout)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_image_change_layout (image, layout, NULL, &error));
  g_assert_no_error (error);
  assert_layout (image, layout);
}

static void
test_layouts (void)
{
  static const RillImageLayout layouts[] = {
    RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
    RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,     RILL_IMAGE_LAYOUT_READ_ONLY_OPTIMAL,
    RILL_IMAGE_LAYOUT_GENERAL,
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  RillImage *other = create_small (memory);
  g_autoptr (GBytes) first = make_image_bytes (image, 6);
  guint count = 0;

  g_signal_connect (image, "notify::layout", G_CALLBACK (count_cb), &count);
  assert_layout (image, RILL_IMAGE_LAYOUT_GENERAL);
  write_bytes (image, first);
  assert_layout (image, RILL_IMAGE_LAYOUT_GENERAL);
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      g_autoptr (GBytes) bytes = make_image_bytes (image, 7 + i);

      count = 0;
      change_layout (image, layouts[i]);
      g_assert_cmpuint (count, ==, 0);
      rill_test_iterate ();
      g_assert_cmpuint (count, ==, 1);
      assert_content (image, first);

      /* Every operation takes the image back. */
      write_bytes (image, bytes);
      assert_layout (image, layouts[i]);
      g_assert_true (rill_image_copy_to (image, other, NULL, NULL));
      assert_content (other, bytes);
      g_assert_true (rill_image_clear (image, NULL, NULL));
      g_assert_true (rill_image_copy_to (other, image, NULL, NULL));
      assert_content (image, bytes);
      assert_layout (image, layouts[i]);
      write_bytes (image, first);
    }
  g_assert_finalize_object (image);
  g_assert_finalize_object (other);
  end_test (session, memory);
}

static void
test_layout_first (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  g_autoptr (GBytes) bytes = make_image_bytes (image, 8);
  g_autoptr (GError) error = NULL;

  change_layout (image, RILL_IMAGE_LAYOUT_GENERAL);
  change_layout (image, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
  write_bytes (image, bytes);
  assert_content (image, bytes);

  g_assert_false (rill_image_change_layout (image, RILL_IMAGE_LAYOUT_UNDEFINED, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (
    rill_image_change_layout (image, RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_layout (image, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

/* A submission that is given up leaves what the image was. */
static void
test_abort (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillContext *context = rill_memory_get_context (memory);
  RillImage *image = create_small (memory);
  const RillUse use = {
    .resource = image,
    .write = TRUE,
    .final_layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
  };
  g_autoptr (GBytes) bytes = make_image_bytes (image, 9);
  RillSubmission submission;

  g_assert_true (
    rill_submission_begin (&submission, context, context->compute_queue, &use, 1, NULL));
  rill_submission_abort (&submission);
  assert_layout (image, RILL_IMAGE_LAYOUT_GENERAL);
  write_bytes (image, bytes);

  g_assert_true (
    rill_submission_begin (&submission, context, context->compute_queue, &use, 1, NULL));
  rill_image_record_clear (image, submission.command);
  rill_submission_abort (&submission);
  assert_layout (image, RILL_IMAGE_LAYOUT_GENERAL);
  assert_content (image, bytes);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
check_copy (RillMemory          *memory,
            const guint         *from_shape,
            gsize                from_dims,
            RillImageUsageFlags  from_usage,
            const guint         *to_shape,
            gsize                to_dims,
            RillImageUsageFlags  to_usage)
{
  RillImage *from = create_image (memory, from_shape, from_dims, RILL_CHANNEL_TYPE_FLOAT32,
                                  from_usage);
  RillImage *to = create_image (memory, to_shape, to_dims, RILL_CHANNEL_TYPE_FLOAT32, to_usage);
  g_autoptr (GBytes) bytes = make_image_bytes (from, 10);
  g_autoptr (GError) error = NULL;

  write_bytes (from, bytes);
  g_assert_true (rill_image_clear (to, NULL, NULL));
  g_assert_true (rill_image_copy_to (from, to, NULL, &error));
  g_assert_no_error (error);
  assert_content (to, bytes);
  assert_storage (to, bytes);
  assert_content (from, bytes);
  g_assert_finalize_object (from);
  g_assert_finalize_object (to);
}

static void
test_copy (void)
{
  const RillImageUsageFlags sampled = RILL_IMAGE_USAGE_SAMPLED;
  const RillImageUsageFlags storage = RILL_IMAGE_USAGE_STORAGE;
  const guint image[] = { 3, 5, 3 };
  const guint slice[] = { 1, 3, 5, 3 };
  const guint volume[] = { 2, 3, 5, 3 };
  const guint line[] = { 5 };
  const guint row[] = { 1, 5 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  check_copy (memory, image, 3, sampled, image, 3, sampled);
  check_copy (memory, volume, 4, storage, volume, 4, storage);
  check_copy (memory, image, 3, storage, slice, 4, storage);
  check_copy (memory, slice, 4, storage, image, 3, storage);
  check_copy (memory, line, 1, storage, line, 1, storage);
  check_copy (memory, line, 1, storage, row, 2, storage);
  check_copy (memory, row, 2, storage, line, 1, storage);
  /* Where the device samples three channels but stores four, these convert. */
  check_copy (memory, image, 3, sampled, image, 3, storage);
  check_copy (memory, image, 3, storage, image, 3, sampled);
  end_test (session, memory);
}

static void
assert_not_copied (RillImage    *from,
                   RillImage    *to,
                   GIOErrorEnum  code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (rill_image_copy_to (from, to, NULL, &error));
  g_assert_error (error, G_IO_ERROR, (gint) code);
}

static void
test_copy_errors (void)
{
  static const struct
  {
    guint shape[3];
    RillChannelType type;
  } others[] = {
    { { 3, 6, 4 }, RILL_CHANNEL_TYPE_UINT8 },
    { { 5, 3, 4 }, RILL_CHANNEL_TYPE_UINT8 },
    { { 3, 5, 3 }, RILL_CHANNEL_TYPE_UINT8 },
    { { 3, 5, 4 }, RILL_CHANNEL_TYPE_INT8 },
    { { 3, 5, 4 }, RILL_CHANNEL_TYPE_UNORM8 },
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_small (memory);
  RillImage *closed = create_small (memory);
  RillImage *raw = g_object_new (RILL_TYPE_IMAGE, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (RillImage) other =
        create_image (memory, others[i].shape, 3, others[i].type, RILL_IMAGE_USAGE_NONE);
      assert_not_copied (image, other, G_IO_ERROR_INVALID_ARGUMENT);
    }
  assert_not_copied (image, image, G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_copied (image, raw, G_IO_ERROR_NOT_INITIALIZED);
  assert_not_copied (raw, image, G_IO_ERROR_NOT_INITIALIZED);
  rill_resource_close (RILL_RESOURCE (closed));
  assert_not_copied (image, closed, G_IO_ERROR_CLOSED);
  assert_not_copied (closed, image, G_IO_ERROR_CLOSED);
  g_assert_finalize_object (raw);
  g_assert_finalize_object (closed);
  g_assert_finalize_object (image);
  end_test (session, memory);
}

static void
test_foreign (void)
{
  RillSession *session = rill_test_session_new ();
  RillSession *other_session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillMemory *other_memory = create_memory (other_session);
  RillImage *image = create_small (memory);
  RillImage *other = create_small (other_memory);

  assert_not_copied (image, other, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_finalize_object (image);
  g_assert_finalize_object (other);
  end_test (session, memory);
  end_test (other_session, other_memory);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/image-copy/layouts", test_layouts);
  g_test_add_func ("/image-copy/layout-first", test_layout_first);
  g_test_add_func ("/image-copy/abort", test_abort);
  g_test_add_func ("/image-copy/copy", test_copy);
  g_test_add_func ("/image-copy/copy-errors", test_copy_errors);
  g_test_add_func ("/image-copy/foreign", test_foreign);

  return g_test_run ();
}
