/* SPDX-License-Identifier: MIT */
#include "core/rill-format-private.h"
#include "rill-enum-types.h"

#include <string.h>

#define N_TYPES (RILL_CHANNEL_TYPE_SRGB8 + 1)
#define GUARD 0xa5

static void
test_names (void)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (RILL_TYPE_CHANNEL_TYPE);

  g_assert_cmpuint (klass->n_values, ==, N_TYPES);
  for (guint i = 0; i < klass->n_values; i++)
    {
      RillChannelType type = (RillChannelType) klass->values[i].value;
      const char *name = klass->values[i].value_name + strlen ("RILL_CHANNEL_TYPE_");

      g_assert_true (rill_channel_type_is_valid (type));
      g_assert_cmpstr (rill_channel_type_get_name (type), ==, name);
    }
  g_assert_false (rill_channel_type_is_valid ((RillChannelType) N_TYPES));
  g_assert_false (rill_channel_type_is_valid ((RillChannelType) -1));
}

/* The width is the number in the name. */
static void
test_sizes (void)
{
  for (RillChannelType type = 0; type < N_TYPES; type++)
    {
      const char *digits = strpbrk (rill_channel_type_get_name (type), "0123456789");
      guint64 bits = g_ascii_strtoull (digits, NULL, 10);

      g_assert_cmpuint (rill_channel_type_get_size (type), ==, bits / 8);
    }
}

static void
test_formats (void)
{
  static const VkFormat expected[N_TYPES][4] = {
    { VK_FORMAT_R8_UINT, VK_FORMAT_R8G8_UINT, VK_FORMAT_R8G8B8_UINT, VK_FORMAT_R8G8B8A8_UINT },
    { VK_FORMAT_R8_SINT, VK_FORMAT_R8G8_SINT, VK_FORMAT_R8G8B8_SINT, VK_FORMAT_R8G8B8A8_SINT },
    { VK_FORMAT_R16_UINT, VK_FORMAT_R16G16_UINT, VK_FORMAT_R16G16B16_UINT,
      VK_FORMAT_R16G16B16A16_UINT },
    { VK_FORMAT_R16_SINT, VK_FORMAT_R16G16_SINT, VK_FORMAT_R16G16B16_SINT,
      VK_FORMAT_R16G16B16A16_SINT },
    { VK_FORMAT_R16_SFLOAT, VK_FORMAT_R16G16_SFLOAT, VK_FORMAT_R16G16B16_SFLOAT,
      VK_FORMAT_R16G16B16A16_SFLOAT },
    { VK_FORMAT_R32_UINT, VK_FORMAT_R32G32_UINT, VK_FORMAT_R32G32B32_UINT,
      VK_FORMAT_R32G32B32A32_UINT },
    { VK_FORMAT_R32_SINT, VK_FORMAT_R32G32_SINT, VK_FORMAT_R32G32B32_SINT,
      VK_FORMAT_R32G32B32A32_SINT },
    { VK_FORMAT_R32_SFLOAT, VK_FORMAT_R32G32_SFLOAT, VK_FORMAT_R32G32B32_SFLOAT,
      VK_FORMAT_R32G32B32A32_SFLOAT },
    { VK_FORMAT_R64_UINT, VK_FORMAT_R64G64_UINT, VK_FORMAT_R64G64B64_UINT,
      VK_FORMAT_R64G64B64A64_UINT },
    { VK_FORMAT_R64_SINT, VK_FORMAT_R64G64_SINT, VK_FORMAT_R64G64B64_SINT,
      VK_FORMAT_R64G64B64A64_SINT },
    { VK_FORMAT_R64_SFLOAT, VK_FORMAT_R64G64_SFLOAT, VK_FORMAT_R64G64B64_SFLOAT,
      VK_FORMAT_R64G64B64A64_SFLOAT },
    { VK_FORMAT_R8_UNORM, VK_FORMAT_R8G8_UNORM, VK_FORMAT_R8G8B8_UNORM, VK_FORMAT_R8G8B8A8_UNORM },
    { VK_FORMAT_R16_UNORM, VK_FORMAT_R16G16_UNORM, VK_FORMAT_R16G16B16_UNORM,
      VK_FORMAT_R16G16B16A16_UNORM },
    { VK_FORMAT_R8_SRGB, VK_FORMAT_R8G8_SRGB, VK_FORMAT_R8G8B8_SRGB, VK_FORMAT_R8G8B8A8_SRGB },
  };

  for (RillChannelType type = 0; type < N_TYPES; type++)
    for (guint channels = 1; channels <= 4; channels++)
      g_assert_cmpint (rill_channel_type_get_format (type, channels), ==,
                       expected[type][channels - 1]);
}

static void
test_integer (void)
{
  for (RillChannelType type = 0; type < N_TYPES; type++)
    {
      const char *name = rill_channel_type_get_name (type);
      gboolean integer = strstr (name, "INT") != NULL || g_str_has_suffix (name, "64");

      g_assert_cmpint (rill_channel_type_is_integer (type), ==, integer);
    }
}

#define ASSERT_ONE(type, ctype, value) \
  G_STMT_START \
  { \
    const ctype expected_ = (value); \
    guint8 one_[8]; \
    rill_channel_type_get_one (RILL_CHANNEL_TYPE_##type, one_); \
    g_assert_cmpmem (one_, rill_channel_type_get_size (RILL_CHANNEL_TYPE_##type), &expected_, \
                     sizeof expected_); \
  } \
  G_STMT_END

static void
test_one (void)
{
  ASSERT_ONE (UINT8, guint8, 1);
  ASSERT_ONE (INT8, gint8, 1);
  ASSERT_ONE (UINT16, guint16, 1);
  ASSERT_ONE (INT16, gint16, 1);
  ASSERT_ONE (FLOAT16, guint16, 0x3c00);
  ASSERT_ONE (UINT32, guint32, 1);
  ASSERT_ONE (INT32, gint32, 1);
  ASSERT_ONE (FLOAT32, float, 1.0f);
  ASSERT_ONE (UINT64, guint64, 1);
  ASSERT_ONE (INT64, gint64, 1);
  ASSERT_ONE (FLOAT64, double, 1.0);
  ASSERT_ONE (UNORM8, guint8, G_MAXUINT8);
  ASSERT_ONE (UNORM16, guint16, G_MAXUINT16);
  ASSERT_ONE (SRGB8, guint8, G_MAXUINT8);
}

/* One texel after the other, one channel after the other. */
static void
repack_slowly (RillChannelType  type,
               guint            from_channels,
               const guint8    *from,
               guint            to_channels,
               guint8          *to,
               gsize            n_texels)
{
  guint size = rill_channel_type_get_size (type);
  guint8 one[8];

  rill_channel_type_get_one (type, one);
  for (gsize i = 0; i < n_texels; i++)
    for (guint channel = 0; channel < to_channels; channel++)
      memcpy (to + (i * to_channels + channel) * size,
              channel < from_channels ? from + (i * from_channels + channel) * size : one, size);
}

static void
check_repack (RillChannelType type,
              guint           from_channels,
              guint           to_channels,
              gsize           n_texels,
              gsize           shift)
{
  guint size = rill_channel_type_get_size (type);
  gsize from_size = n_texels * from_channels * size;
  gsize to_size = n_texels * to_channels * size;
  /* Blocks of exactly the right size, so that a sanitizer sees what goes beyond. */
  g_autofree guint8 *from = g_malloc (shift + from_size);
  g_autofree guint8 *to = g_malloc (shift + to_size);
  g_autofree guint8 *expected = g_malloc (shift + to_size);

  if (n_texels == 0 && shift == 0)
    {
      rill_format_repack (type, from_channels, NULL, to_channels, NULL, 0);
      return;
    }

  for (gsize i = 0; i < shift + from_size; i++)
    from[i] = (guint8) g_test_rand_int ();
  memset (to, GUARD, shift + to_size);
  memset (expected, GUARD, shift + to_size);

  repack_slowly (type, from_channels, from + shift, to_channels, expected + shift, n_texels);
  rill_format_repack (type, from_channels, from + shift, to_channels, to + shift, n_texels);
  g_assert_cmpmem (to, shift + to_size, expected, shift + to_size);
}

static void
test_repack (void)
{
  static const gsize counts[] = { 0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 100 };

  for (RillChannelType type = 0; type < N_TYPES; type++)
    for (guint from_channels = 1; from_channels <= 4; from_channels++)
      for (guint to_channels = 1; to_channels <= 4; to_channels++)
        for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
          {
            check_repack (type, from_channels, to_channels, counts[i], 0);
            check_repack (type, from_channels, to_channels, counts[i], 1);
          }
}

/* What is added going up is dropped coming back. */
static void
test_repack_round_trip (void)
{
  const guint16 host[] = { 1, 2, 3, 65535, 0, 7 };
  guint16 stored[8];
  guint16 back[6];

  rill_format_repack (RILL_CHANNEL_TYPE_UNORM16, 3, host, 4, stored, 2);
  g_assert_cmpuint (stored[3], ==, 65535);
  g_assert_cmpuint (stored[4], ==, 65535);
  g_assert_cmpuint (stored[7], ==, 65535);
  rill_format_repack (RILL_CHANNEL_TYPE_UNORM16, 4, stored, 3, back, 2);
  g_assert_cmpmem (back, sizeof back, host, sizeof host);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/format/names", test_names);
  g_test_add_func ("/format/sizes", test_sizes);
  g_test_add_func ("/format/formats", test_formats);
  g_test_add_func ("/format/integer", test_integer);
  g_test_add_func ("/format/one", test_one);
  g_test_add_func ("/format/repack", test_repack);
  g_test_add_func ("/format/repack-round-trip", test_repack_round_trip);

  return g_test_run ();
}
