/* SPDX-License-Identifier: MIT */
#include "rill-test-image.h"

#include "resource/rill-image-view-private.h"

#include <string.h>

static RillImage *
create_ranked (RillMemory          *memory,
               guint                n_dims,
               RillChannelType      type,
               RillImageUsageFlags  usage)
{
  static const guint shapes[][4] = { { 8 }, { 4, 8 }, { 4, 8, 4 }, { 2, 4, 8, 4 } };
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (memory, shapes[n_dims - 1], n_dims, type, usage,
                                               &error);

  g_assert_no_error (error);
  return image;
}

typedef struct
{
  const char *text; /* in the message; NULL: it works */
  guint n_dims;
  RillChannelType type;
  RillImageUsageFlags usage;
  RillFilterMode filter_mode;
  RillAddressMode modes[3];
  gboolean normalized;
  gboolean sampled;
} RuleCase;

#define ALL(mode) { RILL_ADDRESS_MODE_##mode, RILL_ADDRESS_MODE_##mode, RILL_ADDRESS_MODE_##mode }
#define NONE RILL_IMAGE_USAGE_NONE
#define NEAREST RILL_FILTER_MODE_NEAREST
#define LINEAR RILL_FILTER_MODE_LINEAR
#define UINT8 RILL_CHANNEL_TYPE_UINT8
#define UNORM8 RILL_CHANNEL_TYPE_UNORM8

static const RuleCase rule_cases[] = {
  /* Storage views. */
  { NULL, 3, UINT8, NONE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { NULL, 1, UINT8, NONE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { NULL, 4, UINT8, NONE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { NULL, 3, UINT8, NONE, LINEAR, ALL (REPEAT), TRUE, FALSE },
  { NULL, 3, UINT8, RILL_IMAGE_USAGE_STORAGE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { "STORAGE", 3, UINT8, RILL_IMAGE_USAGE_SAMPLED, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { "normalised", 3, UINT8, NONE, NEAREST, ALL (REPEAT), FALSE, FALSE },
  { "normalised", 3, UINT8, NONE, NEAREST, ALL (MIRRORED_REPEAT), FALSE, FALSE },
  { "normalised", 3, UINT8, NONE, NEAREST, ALL (MIRROR_CLAMP_TO_EDGE), FALSE, FALSE },

  /* Sampled views without normalised coordinates. */
  { NULL, 1, UINT8, NONE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, TRUE },
  { NULL, 2, UINT8, NONE, NEAREST, ALL (CLAMP_TO_BORDER), FALSE, TRUE },
  { NULL, 3, UNORM8, NONE, LINEAR, ALL (CLAMP_TO_BORDER), FALSE, TRUE },
  { NULL, 3, UINT8, RILL_IMAGE_USAGE_SAMPLED, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, TRUE },
  { "SAMPLED", 3, UINT8, RILL_IMAGE_USAGE_STORAGE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, TRUE },
  { "1-D or 2-D", 4, UINT8, NONE, NEAREST, ALL (CLAMP_TO_EDGE), FALSE, TRUE },
  { "CLAMP_TO_BORDER", 3, UINT8, NONE, NEAREST, ALL (REPEAT), FALSE, TRUE },
  { "CLAMP_TO_BORDER", 3, UINT8, NONE, NEAREST,
    { RILL_ADDRESS_MODE_CLAMP_TO_EDGE, RILL_ADDRESS_MODE_REPEAT, RILL_ADDRESS_MODE_CLAMP_TO_EDGE },
    FALSE, TRUE },
  { NULL, 3, UINT8, NONE, NEAREST,
    { RILL_ADDRESS_MODE_CLAMP_TO_EDGE, RILL_ADDRESS_MODE_CLAMP_TO_BORDER,
      RILL_ADDRESS_MODE_REPEAT },
    FALSE, TRUE },

  /* Sampled views with normalised coordinates. */
  { NULL, 1, UINT8, NONE, NEAREST, ALL (REPEAT), TRUE, TRUE },
  { NULL, 3, UINT8, NONE, NEAREST, ALL (MIRRORED_REPEAT), TRUE, TRUE },
  { NULL, 4, UINT8, NONE, NEAREST, ALL (CLAMP_TO_BORDER), TRUE, TRUE },
  { NULL, 4, UNORM8, NONE, LINEAR, ALL (REPEAT), TRUE, TRUE },
  { NULL, 3, RILL_CHANNEL_TYPE_SRGB8, NONE, LINEAR, ALL (REPEAT), TRUE, TRUE },
  { "integer", 3, UINT8, NONE, LINEAR, ALL (REPEAT), TRUE, TRUE },
  { "integer", 3, RILL_CHANNEL_TYPE_INT32, NONE, LINEAR, ALL (CLAMP_TO_EDGE), FALSE, TRUE },

  /* Values that are none. */
  { "filter mode", 3, UINT8, NONE, (RillFilterMode) 2, ALL (CLAMP_TO_EDGE), FALSE, FALSE },
  { "filter mode", 3, UINT8, NONE, (RillFilterMode) -1, ALL (CLAMP_TO_EDGE), FALSE, TRUE },
  { "address mode", 3, UINT8, NONE, NEAREST, { (RillAddressMode) 5, 0, 0 }, TRUE, FALSE },
  { "address mode", 3, UINT8, NONE, NEAREST, { 0, 0, (RillAddressMode) -1 }, TRUE, TRUE },
};

static void
check_properties (RillImageView  *view,
                  RillImage      *image,
                  const RuleCase *rule)
{
  g_autoptr (RillImage) got_image = NULL;
  RillFilterMode filter_mode;
  RillAddressMode modes[3];
  gboolean normalized, sampled, closed;

  g_object_get (view, "image", &got_image, "filter-mode", &filter_mode, "address-mode-u", &modes[0],
                "address-mode-v", &modes[1], "address-mode-w", &modes[2], "normalized-coordinates",
                &normalized, "sampled", &sampled, "closed", &closed, NULL);
  g_assert_true (got_image == image);
  g_assert_cmpint (filter_mode, ==, rule->filter_mode);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (modes[i], ==, rule->modes[i]);
  g_assert_cmpint (normalized, ==, rule->normalized);
  g_assert_cmpint (sampled, ==, rule->sampled);
  g_assert_false (closed);
  g_assert_true (rill_image_view_get_handle (view) != VK_NULL_HANDLE);
  g_assert_true ((rill_image_view_get_sampler (view) != VK_NULL_HANDLE) == rule->sampled);
}

static void
check_rule (RillMemory     *memory,
            const RuleCase *rule)
{
  RillImage *image = create_ranked (memory, rule->n_dims, rule->type, rule->usage);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImageView) view = rill_image_create_view_with_address_modes (
    image, rule->filter_mode, rule->modes[0], rule->modes[1], rule->modes[2], rule->normalized,
    rule->sampled, &error);

  if (rule->text == NULL)
    {
      g_assert_no_error (error);
      check_properties (view, image, rule);
      g_assert_finalize_object (g_steal_pointer (&view));
    }
  else
    {
      g_assert_null (view);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      if (strstr (error->message, rule->text) == NULL)
        g_error ("“%s” is not in “%s”", rule->text, error->message);
    }
  g_assert_finalize_object (image);
}

static void
test_rules (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (guint i = 0; i < G_N_ELEMENTS (rule_cases); i++)
    check_rule (memory, &rule_cases[i]);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* What depends on the device: works where the device says so, else NOT_SUPPORTED. */
static void
test_device_rules (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillContext *context = rill_memory_get_context (memory);
  RillImage *image = create_ranked (memory, 3, UINT8, NONE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImageView) view = rill_image_create_view (
    image, NEAREST, RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE, TRUE, TRUE, &error);

  if (context->features12.samplerMirrorClampToEdge)
    g_assert_no_error (error);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_clear_object (&view);
  g_clear_object (&image);

  image = create_ranked (memory, 3, RILL_CHANNEL_TYPE_FLOAT32, RILL_IMAGE_USAGE_SAMPLED);
  view = rill_image_create_view (image, LINEAR, RILL_ADDRESS_MODE_REPEAT, TRUE, TRUE, &error);
  if (view == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_nonnull (strstr (error->message, "FLOAT32"));
    }
  g_clear_object (&view);
  g_clear_object (&image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* Three channels in storage of four: a sampled view swizzles, a storage view must not. */
static void
test_added_channel (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);

  for (RillChannelType type = 0; type <= RILL_CHANNEL_TYPE_SRGB8; type++)
    for (guint channels = 1; channels <= 4; channels++)
      {
        const guint shape[] = { 4, 8, channels };
        g_autoptr (GError) error = NULL;
        g_autoptr (RillImage) image = rill_memory_create_image (memory, shape, 3, type, NONE, NULL);
        g_autoptr (RillImageView) sampled = NULL;
        g_autoptr (RillImageView) storage = NULL;

        if (image == NULL)
          continue;
        sampled = rill_image_create_view (image, NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_BORDER, FALSE,
                                          TRUE, &error);
        g_assert_no_error (error);
        if ((rill_image_get_usage (image) & RILL_IMAGE_USAGE_STORAGE) == 0)
          continue;
        storage = rill_image_create_view (image, NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_BORDER, FALSE,
                                          FALSE, &error);
        g_assert_no_error (error);
      }
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static RillImageView *
create_view (RillImage *image,
             gboolean   sampled)
{
  g_autoptr (GError) error = NULL;
  RillImageView *view = rill_image_create_view (image, NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE,
                                                FALSE, sampled, &error);

  g_assert_no_error (error);
  return view;
}

static void
assert_closed (RillImageView *view)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_image_view_get_closed (view));
  g_assert_false (rill_image_view_check_open (view, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
closed_cb (guint *count)
{
  (*count)++;
}

static void
test_close (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_ranked (memory, 3, UINT8, NONE);
  RillImageView *view = create_view (image, TRUE);
  RillImageView *other = create_view (image, FALSE);
  guint n_closed = 0;

  g_signal_connect_swapped (view, "notify::closed", G_CALLBACK (closed_cb), &n_closed);
  g_signal_connect_swapped (other, "notify::closed", G_CALLBACK (closed_cb), &n_closed);
  g_assert_true (rill_image_view_check_open (view, NULL));
  rill_image_view_close (view);
  rill_image_view_close (view);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);
  assert_closed (view);
  g_assert_true (rill_image_view_get_handle (view) == VK_NULL_HANDLE);
  g_assert_true (rill_image_view_get_sampler (view) == VK_NULL_HANDLE);
  g_assert_true (rill_image_view_get_image (view) == image);
  g_assert_true (rill_image_view_check_open (other, NULL));

  rill_resource_close (RILL_RESOURCE (image));
  assert_closed (other);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 2); /* by its image */
  rill_image_view_close (other);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 2);
  g_assert_null (
    rill_image_create_view (image, NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, NULL));
  g_assert_finalize_object (view);
  g_assert_finalize_object (other);
  g_assert_finalize_object (image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* The view holds its image, and the memory's end is the view's. */
static void
test_owners (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_ranked (memory, 3, UINT8, NONE);
  RillImageView *view = create_view (image, TRUE);

  g_object_unref (image);
  g_assert_cmpuint (rill_image_get_width (rill_image_view_get_image (view)), ==, 8);
  g_assert_cmpuint (rill_memory_get_used_size (memory), >, 0);

  rill_memory_close (memory);
  assert_closed (view);
  g_assert_true (rill_image_view_get_handle (view) == VK_NULL_HANDLE);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  g_assert_finalize_object (view);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

/* One who has pinned the image may still submit what he has taken from the view. */
static void
test_close_while_pinned (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_ranked (memory, 3, UINT8, NONE);
  RillImageView *first = create_view (image, TRUE);
  RillImageView *second = create_view (image, TRUE);

  g_assert_true (rill_resource_pin (image, NULL));
  rill_image_view_close (first);
  rill_image_view_close (second);
  rill_resource_unpin (image);
  g_assert_finalize_object (first);
  g_assert_finalize_object (second);
  g_assert_finalize_object (image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session); /* the layer tells of views that are left */
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  (*count)++;
}

static void
test_notify (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session);
  RillImage *image = create_ranked (memory, 3, UINT8, NONE);
  RillImageView *view = create_view (image, FALSE);
  guint count = 0;

  g_signal_connect (view, "notify::closed", G_CALLBACK (count_cb), &count);
  rill_image_view_close (view);
  g_assert_cmpuint (count, ==, 0);
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 1);
  rill_image_view_close (view);
  rill_test_iterate ();
  g_assert_cmpuint (count, ==, 1);
  g_assert_finalize_object (view);
  g_assert_finalize_object (image);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static void
test_uninitialized (void)
{
  RillImageView *view = g_object_new (RILL_TYPE_IMAGE_VIEW, NULL);
  RillImage *image = g_object_new (RILL_TYPE_IMAGE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (rill_image_view_get_image (view));
  g_assert_cmpint (rill_image_view_get_filter_mode (view), ==, 0);
  g_assert_cmpint (rill_image_view_get_address_mode_u (view), ==, 0);
  g_assert_false (rill_image_view_get_normalized_coordinates (view));
  g_assert_false (rill_image_view_get_sampled (view));
  g_assert_false (rill_image_view_get_closed (view));
  rill_image_view_close (view);
  g_assert_false (rill_image_view_check_open (view, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);

  g_assert_null (rill_image_create_view (image, NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE,
                                         FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_finalize_object (view);
  g_assert_finalize_object (image);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/image-view/rules", test_rules);
  g_test_add_func ("/image-view/device-rules", test_device_rules);
  g_test_add_func ("/image-view/added-channel", test_added_channel);
  g_test_add_func ("/image-view/close", test_close);
  g_test_add_func ("/image-view/owners", test_owners);
  g_test_add_func ("/image-view/close-while-pinned", test_close_while_pinned);
  g_test_add_func ("/image-view/notify", test_notify);
  g_test_add_func ("/image-view/uninitialized", test_uninitialized);

  return g_test_run ();
}
