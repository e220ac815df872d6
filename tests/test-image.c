/* SPDX-License-Identifier: MIT */
#include "rill-test-image.h"

#include "resource/rill-image-private.h"
#include "resource/rill-image-view.h"

#include <string.h>

#define N_TYPES (RILL_CHANNEL_TYPE_SRGB8 + 1)
#define DEFAULT_USAGE                                                                              \
  (RILL_IMAGE_USAGE_STORAGE | RILL_IMAGE_USAGE_SAMPLED | RILL_IMAGE_USAGE_TRANSFER_SRC             \
   | RILL_IMAGE_USAGE_TRANSFER_DST)

static void
assert_contains (const GError *error,
                 const char   *text)
{
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, error->message);
}

static void
assert_not_created (RillMemory          *memory,
                    const guint         *shape,
                    gsize                n_dims,
                    RillChannelType      type,
                    RillImageUsageFlags  usage,
                    GIOErrorEnum         code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) image =
    rill_memory_create_image (memory, shape, n_dims, type, usage, &error);

  g_assert_error (error, G_IO_ERROR, (gint) code);
  g_assert_null (image);
}

typedef struct
{
  gsize n_dims;
  guint shape[4];
  guint width, height, depth, channels;
  VkImageType image_type;
} ShapeCase;

static const ShapeCase shape_cases[] = {
  { 1, { 5 }, 5, 1, 1, 1, VK_IMAGE_TYPE_1D },
  { 1, { 1 }, 1, 1, 1, 1, VK_IMAGE_TYPE_1D },
  { 2, { 3, 7 }, 7, 3, 1, 1, VK_IMAGE_TYPE_2D },
  { 2, { 1, 7 }, 7, 1, 1, 1, VK_IMAGE_TYPE_2D },
  { 3, { 3, 7, 2 }, 7, 3, 1, 2, VK_IMAGE_TYPE_2D },
  { 3, { 1, 7, 4 }, 7, 1, 1, 4, VK_IMAGE_TYPE_2D },
  { 3, { 3, 7, 1 }, 7, 3, 1, 1, VK_IMAGE_TYPE_2D },
  { 4, { 2, 3, 7, 4 }, 7, 3, 2, 4, VK_IMAGE_TYPE_3D },
  { 4, { 9, 1, 1, 2 }, 1, 1, 9, 2, VK_IMAGE_TYPE_3D },
  { 4, { 1, 1, 1, 1 }, 1, 1, 1, 1, VK_IMAGE_TYPE_3D },
};

static void
check_shape_case (RillMemory      *memory,
                  const ShapeCase *shape_case)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) image =
    rill_memory_create_image (memory, shape_case->shape, shape_case->n_dims,
                              RILL_CHANNEL_TYPE_UINT16, RILL_IMAGE_USAGE_NONE, &error);
  g_autofree guint *shape = NULL;
  gsize n_dims = 99;
  guint width, height, depth, channels;
  guint64 minimum_size;

  g_assert_no_error (error);
  shape = rill_image_get_shape (image, &n_dims);
  g_assert_cmpuint (n_dims, ==, shape_case->n_dims);
  g_assert_cmpmem (shape, n_dims * sizeof *shape, shape_case->shape, n_dims * sizeof *shape);
  g_assert_cmpint (rill_image_get_image_type (image), ==, shape_case->image_type);

  g_object_get (image, "width", &width, "height", &height, "depth", &depth, "channels", &channels,
                "minimum-size", &minimum_size, NULL);
  g_assert_cmpuint (width, ==, shape_case->width);
  g_assert_cmpuint (height, ==, shape_case->height);
  g_assert_cmpuint (depth, ==, shape_case->depth);
  g_assert_cmpuint (channels, ==, shape_case->channels);
  g_assert_cmpuint (minimum_size, ==, 2 * width * height * depth * channels);
  g_assert_cmpuint (rill_image_get_host_texel_size (image), ==, 2 * channels);
  g_assert_cmpuint (rill_image_get_texel_size (image), ==,
                    2 * rill_image_get_storage_channels (image));
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (image)), >=, minimum_size);
  g_assert_finalize_object (g_steal_pointer (&image));
}

static void
test_shapes (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint i = 0; i < G_N_ELEMENTS (shape_cases); i++)
    check_shape_case (memory, &shape_cases[i]);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_bad_shapes (void)
{
  static const struct
  {
    gsize n_dims;
    guint shape[5];
  } cases[] = {
    { 0, { 4 } },
    { 5, { 1, 2, 3, 4, 1 } },
    { 1, { 0 } },
    { 2, { 0, 4 } },
    { 2, { 4, 0 } },
    { 3, { 4, 4, 0 } },
    { 3, { 4, 4, 5 } },
    { 4, { 0, 4, 4, 1 } },
    { 4, { 4, 4, 4, 5 } },
    { 4, { 4, 4, 4, G_MAXUINT } },
    { 4, { G_MAXUINT, G_MAXUINT, G_MAXUINT, 4 } },
    { 3, { G_MAXUINT, G_MAXUINT, 4 } },
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_not_created (memory, cases[i].shape, cases[i].n_dims, RILL_CHANNEL_TYPE_UINT8,
                        RILL_IMAGE_USAGE_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_created (memory, NULL, 0, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
                      G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_limits (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  const VkPhysicalDeviceLimits *limits = &rill_memory_get_context (memory)->properties.limits;
  const struct
  {
    gsize n_dims;
    guint shape[4];
    guint limit;
  } cases[] = {
    { 1, { 1u << 31 }, limits->maxImageDimension1D },
    { 2, { 1, 1u << 31 }, limits->maxImageDimension2D },
    { 2, { 1u << 31, 1 }, limits->maxImageDimension2D },
    { 4, { 1u << 31, 1, 1, 1 }, limits->maxImageDimension3D },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *limit = g_strdup_printf ("%u", cases[i].limit);
      g_assert_null (rill_memory_create_image (memory, cases[i].shape, cases[i].n_dims,
                                               RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
                                               &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      assert_contains (error, "2147483648");
      assert_contains (error, limit);
    }
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* Each combination works with a format of that many channels or more, or says what does. */
static gboolean
check_type (RillMemory      *memory,
            RillChannelType  type,
            guint            channels)
{
  const guint shape[] = { 3, 5, channels };
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) image =
    rill_memory_create_image (memory, shape, 3, type, RILL_IMAGE_USAGE_NONE, &error);
  guint storage;

  if (image == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      assert_contains (error, rill_channel_type_get_name (type));
      assert_contains (error, " works with ");
      return FALSE;
    }
  storage = rill_image_get_storage_channels (image);
  g_assert_cmpuint (rill_image_get_channels (image), ==, channels);
  g_assert_cmpuint (storage, >=, channels);
  g_assert_cmpuint (storage, <=, 4);
  g_assert_cmpint (rill_image_get_channel_type (image), ==, type);
  g_assert_cmpint (rill_image_get_format (image), ==, rill_channel_type_get_format (type, storage));
  g_assert_cmpuint (rill_image_get_minimum_size (image), ==,
                    15 * channels * rill_channel_type_get_size (type));
  return TRUE;
}

static void
test_types (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  guint n_supported = 0;

  for (RillChannelType type = 0; type < N_TYPES; type++)
    for (guint channels = 1; channels <= 4; channels++)
      n_supported += check_type (memory, type, channels);

  /* Required by Vulkan for storage: four channels of these; for SRGB8, sampled. */
  g_assert_true (check_type (memory, RILL_CHANNEL_TYPE_UINT8, 4));
  g_assert_true (check_type (memory, RILL_CHANNEL_TYPE_UINT8, 3));
  g_assert_true (check_type (memory, RILL_CHANNEL_TYPE_FLOAT32, 4));
  g_assert_true (check_type (memory, RILL_CHANNEL_TYPE_UNORM8, 1));
  g_assert_true (check_type (memory, RILL_CHANNEL_TYPE_SRGB8, 3));
  g_assert_cmpuint (n_supported, >=, 4 * 8);

  assert_not_created (memory, (guint[]) { 4 }, 1, (RillChannelType) N_TYPES, RILL_IMAGE_USAGE_NONE,
                      G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_created (memory, (guint[]) { 4 }, 1, (RillChannelType) -1, RILL_IMAGE_USAGE_NONE,
                      G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static RillImage *
create_square (RillMemory          *memory,
               RillChannelType      type,
               RillImageUsageFlags  usage)
{
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (memory, (guint[]) { 8, 8, 4 }, 3, type, usage,
                                               &error);

  g_assert_no_error (error);
  return image;
}

static void
assert_usage (RillMemory          *memory,
              RillChannelType      type,
              RillImageUsageFlags  asked,
              RillImageUsageFlags  expected)
{
  g_autoptr (RillImage) image = create_square (memory, type, asked);
  RillImageUsageFlags usage;

  g_object_get (image, "usage", &usage, NULL);
  g_assert_cmphex (usage, ==, expected);
  g_assert_cmphex (rill_image_get_usage (image), ==, expected);
}

static void
test_usage (void)
{
  static const RillImageUsageFlags bad[] = {
    (RillImageUsageFlags) (1u << 8),
    (RillImageUsageFlags) (1u << 30 | RILL_IMAGE_USAGE_STORAGE),
    RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT,
    RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT | RILL_IMAGE_USAGE_STORAGE,
    RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT | RILL_IMAGE_USAGE_COLOR_ATTACHMENT
        | RILL_IMAGE_USAGE_SAMPLED,
    RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT | RILL_IMAGE_USAGE_COLOR_ATTACHMENT
        | RILL_IMAGE_USAGE_TRANSFER_DST,
  };
  const guint shape[] = { 8, 8, 4 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  assert_usage (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE, DEFAULT_USAGE);
  assert_usage (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_STORAGE,
                RILL_IMAGE_USAGE_STORAGE);
  assert_usage (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_SAMPLED,
                RILL_IMAGE_USAGE_SAMPLED);
  assert_usage (memory, RILL_CHANNEL_TYPE_SRGB8, RILL_IMAGE_USAGE_NONE,
                DEFAULT_USAGE & ~RILL_IMAGE_USAGE_STORAGE);
  assert_usage (memory, RILL_CHANNEL_TYPE_UNORM8,
                RILL_IMAGE_USAGE_COLOR_ATTACHMENT | RILL_IMAGE_USAGE_INPUT_ATTACHMENT,
                RILL_IMAGE_USAGE_COLOR_ATTACHMENT | RILL_IMAGE_USAGE_INPUT_ATTACHMENT);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_not_created (memory, shape, 3, RILL_CHANNEL_TYPE_UNORM8, bad[i],
                        G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_created (memory, shape, 3, RILL_CHANNEL_TYPE_FLOAT32,
                      RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* What no format has is refused with the nearest type and the nearest usage. */
static void
test_alternatives (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) image = NULL;

  image = rill_memory_create_image (memory, (guint[]) { 8, 8, 4 }, 3, RILL_CHANNEL_TYPE_SRGB8,
                                    RILL_IMAGE_USAGE_STORAGE | RILL_IMAGE_USAGE_SAMPLED, &error);
  if (image == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      assert_contains (error, "UNORM8 works with this usage");
      assert_contains (error, "SRGB8 works with SAMPLED");
    }
  else
    g_test_skip ("the device has storage images of SRGB8");
  g_clear_error (&error);
  g_clear_object (&image);

  image = rill_memory_create_image (
    memory, (guint[]) { 8, 8, 4 }, 3, RILL_CHANNEL_TYPE_UNORM8,
    RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT | RILL_IMAGE_USAGE_SAMPLED, &error);
  g_assert_null (image);
  assert_contains (error, "DEPTH_STENCIL_ATTACHMENT");
  assert_contains (error, "UNORM8 works with SAMPLED");
  assert_contains (error, "no channel type works with this usage");
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_layouts (void)
{
  static const struct
  {
    RillImageLayout layout;
    RillImageUsageFlags usages; /* that allow it */
  } cases[] = {
    { RILL_IMAGE_LAYOUT_GENERAL, DEFAULT_USAGE | RILL_IMAGE_USAGE_COLOR_ATTACHMENT },
    { RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, RILL_IMAGE_USAGE_SAMPLED },
    { RILL_IMAGE_LAYOUT_READ_ONLY_OPTIMAL, RILL_IMAGE_USAGE_SAMPLED },
    { RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, RILL_IMAGE_USAGE_COLOR_ATTACHMENT },
    { RILL_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL, RILL_IMAGE_USAGE_COLOR_ATTACHMENT },
    /* The library adds the transfers. */
    { RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, ~0u },
    { RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, ~0u },
    { RILL_IMAGE_LAYOUT_UNDEFINED, 0 },
    { RILL_IMAGE_LAYOUT_PREINITIALIZED, 0 },
    { RILL_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL, 0 },
    { RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL, 0 },
    { RILL_IMAGE_LAYOUT_STENCIL_ATTACHMENT_OPTIMAL, 0 },
    { (RillImageLayout) 12345, 0 },
    { (RillImageLayout) -1, 0 },
  };
  static const RillImageUsageFlags usages[] = {
    RILL_IMAGE_USAGE_STORAGE,
    RILL_IMAGE_USAGE_SAMPLED,
    RILL_IMAGE_USAGE_COLOR_ATTACHMENT,
  };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint u = 0; u < G_N_ELEMENTS (usages); u++)
    {
      g_autoptr (RillImage) image = create_square (memory, RILL_CHANNEL_TYPE_UNORM8, usages[u]);
      g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_GENERAL);
      for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autoptr (GError) error = NULL;
          gboolean allowed = (cases[i].usages & usages[u]) != 0;
          g_assert_true (rill_image_check_layout (image, cases[i].layout, &error) == allowed);
          if (!allowed)
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        }
    }
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_default_view (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_square (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE);
  RillImage *attachment =
    create_square (memory, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_COLOR_ATTACHMENT);
  g_autoptr (GError) error = NULL;
  VkImageView view = rill_image_ensure_default_view (image, &error);

  g_assert_no_error (error);
  g_assert_true (view != VK_NULL_HANDLE);
  g_assert_true (rill_image_ensure_default_view (image, &error) == view);
  g_assert_no_error (error);

  g_assert_true (rill_image_ensure_default_view (attachment, &error) == VK_NULL_HANDLE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_true (rill_image_check_usage (image, RILL_IMAGE_USAGE_STORAGE, &error));
  g_assert_false (rill_image_check_usage (attachment, RILL_IMAGE_USAGE_STORAGE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_finalize_object (image);
  g_assert_finalize_object (attachment);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* A sampled view swizzles the channel that storage adds; the layer checks what is created. */
static void
test_default_view_added_channel (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  static const RillImageUsageFlags usages[] = {
    RILL_IMAGE_USAGE_SAMPLED,
    RILL_IMAGE_USAGE_STORAGE,
    RILL_IMAGE_USAGE_SAMPLED | RILL_IMAGE_USAGE_STORAGE,
  };

  for (guint i = 0; i < G_N_ELEMENTS (usages); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RillImage) image = rill_memory_create_image (
        memory, (guint[]) { 2, 3, 4, 3 }, 4, RILL_CHANNEL_TYPE_UNORM8, usages[i], &error);
      g_assert_no_error (error);
      g_assert_true (rill_image_ensure_default_view (image, &error) != VK_NULL_HANDLE);
      g_assert_no_error (error);
    }
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_allocation (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_square (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE);
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (image));

  g_assert_true (rill_resource_get_memory (RILL_RESOURCE (image)) == memory);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_assert_cmpuint (info->size, >=, rill_resource_get_size (RILL_RESOURCE (image)));
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, info->size);

  rill_resource_set_name (RILL_RESOURCE (image), "square");
  rill_resource_close (RILL_RESOURCE (image));
  rill_resource_close (RILL_RESOURCE (image));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (image)));
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  g_assert_cmpuint (rill_image_get_width (image), ==, 8);
  g_assert_cmpuint (rill_image_get_minimum_size (image), ==, 8 * 8 * 4);
  g_assert_finalize_object (image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_closed_parents (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_square (memory, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE);
  RillMemory *raw = g_object_new (RILL_TYPE_MEMORY, NULL);

  rill_memory_close (memory);
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (image)));
  assert_not_created (memory, (guint[]) { 4 }, 1, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
                      G_IO_ERROR_CLOSED);
  assert_not_created (raw, (guint[]) { 4 }, 1, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE,
                      G_IO_ERROR_NOT_INITIALIZED);
  g_assert_finalize_object (raw);
  g_assert_finalize_object (image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_uninitialized (void)
{
  RillImage *image = g_object_new (RILL_TYPE_IMAGE, NULL);
  gsize n_dims = 99;

  g_assert_null (rill_image_get_shape (image, &n_dims));
  g_assert_cmpuint (n_dims, ==, 0);
  g_assert_cmpuint (rill_image_get_width (image), ==, 0);
  g_assert_cmpuint (rill_image_get_height (image), ==, 0);
  g_assert_cmpuint (rill_image_get_depth (image), ==, 0);
  g_assert_cmpuint (rill_image_get_channels (image), ==, 0);
  g_assert_cmpuint (rill_image_get_storage_channels (image), ==, 0);
  g_assert_cmpint (rill_image_get_channel_type (image), ==, 0);
  g_assert_cmphex (rill_image_get_usage (image), ==, 0);
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_UNDEFINED);
  g_assert_cmpint (rill_image_get_tiling (image), ==, RILL_IMAGE_TILING_OPTIMAL);
  g_assert_cmpuint (rill_image_get_minimum_size (image), ==, 0);
  rill_resource_close (RILL_RESOURCE (image));
  g_assert_finalize_object (image);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/image/shapes", test_shapes);
  g_test_add_func ("/image/bad-shapes", test_bad_shapes);
  g_test_add_func ("/image/limits", test_limits);
  g_test_add_func ("/image/types", test_types);
  g_test_add_func ("/image/usage", test_usage);
  g_test_add_func ("/image/alternatives", test_alternatives);
  g_test_add_func ("/image/layouts", test_layouts);
  g_test_add_func ("/image/default-view", test_default_view);
  g_test_add_func ("/image/default-view-added-channel", test_default_view_added_channel);
  g_test_add_func ("/image/allocation", test_allocation);
  g_test_add_func ("/image/closed-parents", test_closed_parents);
  g_test_add_func ("/image/uninitialized", test_uninitialized);

  return g_test_run ();
}
