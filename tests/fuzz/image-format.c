/* SPDX-License-Identifier: MIT */

/* Shapes, formats and texels of images on a device that the input describes: which formats it has,
 * and its limits. */

#include "rill-fuzz.h"

#include "core/rill-error-private.h"
#include "core/rill-format-private.h"
#include "resource/rill-image-format-private.h"

#include <string.h>

#define MAX_CHANNELS 4
#define N_TYPES (RILL_CHANNEL_TYPE_SRGB8 + 1)
#define N_FORMATS (N_TYPES * MAX_CHANNELS)
#define MAX_TEXELS 64

/* Of one format, in a byte. */
typedef enum
{
  HAS_TRANSFER_SRC = 1 << 0,
  HAS_TRANSFER_DST = 1 << 1,
  HAS_SAMPLED = 1 << 2,
  HAS_STORAGE = 1 << 3,
  HAS_COLOR_ATTACHMENT = 1 << 4,
  HAS_DEPTH_STENCIL_ATTACHMENT = 1 << 5,
  HAS_LINEAR = 1 << 6,
  HAS_NO_IMAGES = 1 << 7,   /* of any kind, whatever the other bits promise */
} Features;

static struct
{
  guint8 features[N_FORMATS];
  guint failing;            /* format that cannot be asked about */
  VkImageFormatProperties limits;
} device;

static const struct
{
  RillImageUsageFlags usage;
  guint features;           /* any of them */
} usages[] = {
  { RILL_IMAGE_USAGE_TRANSFER_SRC, HAS_TRANSFER_SRC },
  { RILL_IMAGE_USAGE_TRANSFER_DST, HAS_TRANSFER_DST },
  { RILL_IMAGE_USAGE_SAMPLED, HAS_SAMPLED },
  { RILL_IMAGE_USAGE_STORAGE, HAS_STORAGE },
  { RILL_IMAGE_USAGE_COLOR_ATTACHMENT, HAS_COLOR_ATTACHMENT },
  { RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT, HAS_DEPTH_STENCIL_ATTACHMENT },
  { RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT, HAS_COLOR_ATTACHMENT | HAS_DEPTH_STENCIL_ATTACHMENT },
  { RILL_IMAGE_USAGE_INPUT_ATTACHMENT, HAS_COLOR_ATTACHMENT | HAS_DEPTH_STENCIL_ATTACHMENT },
};

static const guint attachments = RILL_IMAGE_USAGE_COLOR_ATTACHMENT
                                 | RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT
                                 | RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT
                                 | RILL_IMAGE_USAGE_INPUT_ATTACHMENT;

/* N_FORMATS if it is none of a channel type. */
static guint
find_format (VkFormat format)
{
  for (guint i = 0; i < N_FORMATS; i++)
    if (rill_channel_type_get_format (i / MAX_CHANNELS, i % MAX_CHANNELS + 1) == format)
      return i;
  return N_FORMATS;
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceFormatProperties2 (VkPhysicalDevice     physical_device,
                                      VkFormat             format,
                                      VkFormatProperties2 *properties)
{
  static const VkFormatFeatureFlags bits[] = {
    VK_FORMAT_FEATURE_TRANSFER_SRC_BIT,
    VK_FORMAT_FEATURE_TRANSFER_DST_BIT,
    VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT,
    VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT,
    VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT,
    VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT,
    VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT,
  };
  guint index = find_format (format);

  g_assert_cmpuint (index, <, N_FORMATS);
  properties->formatProperties = (VkFormatProperties) { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++)
    if (device.features[index] >> i & 1)
      properties->formatProperties.optimalTilingFeatures |= bits[i];
}

VKAPI_ATTR VkResult VKAPI_CALL
vkGetPhysicalDeviceImageFormatProperties2 (VkPhysicalDevice                        physical_device,
                                           const VkPhysicalDeviceImageFormatInfo2 *info,
                                           VkImageFormatProperties2               *properties)
{
  guint index = find_format (info->format);

  g_assert_cmpuint (index, <, N_FORMATS);
  g_assert_cmpuint (info->usage, !=, 0);
  if (index == device.failing)
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  if (device.features[index] & HAS_NO_IMAGES)
    return VK_ERROR_FORMAT_NOT_SUPPORTED;
  properties->imageFormatProperties = device.limits;
  return VK_SUCCESS;
}

static guint
get_index (RillChannelType type,
           guint           channels)
{
  return (guint) type * MAX_CHANNELS + channels - 1;
}

/* What the device has at most a format for, whether or not it makes images of it. */
static gboolean
has_features (guint               index,
              RillImageUsageFlags usage)
{
  for (guint i = 0; i < G_N_ELEMENTS (usages); i++)
    if ((usage & usages[i].usage) && (device.features[index] & usages[i].features) == 0)
      return FALSE;
  return TRUE;
}

static gboolean
is_usable (guint               index,
           RillImageUsageFlags usage)
{
  return has_features (index, usage) && (device.features[index] & HAS_NO_IMAGES) == 0;
}

static void
check_shape (const RillImageShape *shape,
             const guint          *dims,
             gsize                 n_dims,
             gboolean              accepted,
             const GError         *error)
{
  g_autofree char *text = NULL;
  unsigned __int128 size = 32;
  gboolean valid = n_dims >= 1 && n_dims <= 4;

  for (gsize i = 0; i < n_dims && valid; i++)
    valid = dims[i] >= 1;
  if (valid && n_dims >= 3)
    valid = dims[n_dims - 1] <= MAX_CHANNELS;
  for (gsize i = 0; i < MIN (n_dims, n_dims == 4 ? 3 : 2) && valid; i++)
    size *= dims[i];
  valid = valid && size <= G_MAXUINT64;

  g_assert_cmpint (accepted, ==, valid);
  if (!valid)
    {
      fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         G_IO_ERROR_INVALID_ARGUMENT);
      return;
    }
  g_assert_cmpmem (shape->dims, n_dims * sizeof *dims, dims, n_dims * sizeof *dims);
  g_assert_cmpuint (shape->channels, ==, n_dims >= 3 ? dims[n_dims - 1] : 1);
  g_assert_cmpuint (shape->depth, ==, n_dims == 4 ? dims[0] : 1);
  g_assert_cmpuint (shape->height, ==, n_dims == 4 ? dims[1] : n_dims >= 2 ? dims[0] : 1);
  g_assert_cmpuint (shape->width, ==, n_dims == 4 ? dims[2] : n_dims >= 2 ? dims[1] : dims[0]);
  g_assert_cmpint (rill_image_shape_get_image_type (shape), ==,
                   n_dims == 1   ? VK_IMAGE_TYPE_1D
                   : n_dims == 4 ? VK_IMAGE_TYPE_3D
                                 : VK_IMAGE_TYPE_2D);
  text = rill_image_shape_to_string (shape);
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

/* What the message recommends works. */
static void
check_advice (const char           *message,
              const RillImageShape *shape,
              RillImageUsageFlags   usage)
{
  gboolean advised = FALSE, any = FALSE;

  for (RillChannelType type = 0; type < N_TYPES; type++)
    {
      g_autofree char *advice =
        g_strdup_printf ("; %s works with this usage", rill_channel_type_get_name (type));
      gboolean usable = FALSE;

      for (guint c = shape->channels; c <= MAX_CHANNELS; c++)
        usable |= is_usable (get_index (type, c), usage);
      any |= usable;
      if (strstr (message, advice) != NULL)
        {
          g_assert_true (usable);
          advised = TRUE;
        }
    }
  if (device.failing >= N_FORMATS)
    g_assert_cmpint (advised, ==, any);
}

static gboolean
is_over_limits (const RillImageShape   *shape,
                const RillImageFormat  *format,
                RillChannelType         type,
                const RillContext      *context)
{
  const VkPhysicalDeviceLimits *limits = &context->properties.limits;
  unsigned __int128 size = (unsigned __int128) shape->width * shape->height * shape->depth
                           * format->channels * rill_channel_type_get_size (type);

  return shape->width > device.limits.maxExtent.width
         || shape->height > device.limits.maxExtent.height
         || shape->depth > device.limits.maxExtent.depth
         || ((format->usage & attachments)
             && (shape->width > limits->maxFramebufferWidth
                 || shape->height > limits->maxFramebufferHeight))
         || size > device.limits.maxResourceSize;
}

static void
check_choice (RillContext          *context,
              const RillImageShape *shape,
              RillChannelType       type,
              RillImageUsageFlags   usage)
{
  g_autoptr (GError) error = NULL;
  RillImageFormat format = { 0 };
  gboolean chosen = rill_image_format_choose (&format, context, shape, type, usage, "it", &error);
  guint channels = shape->channels;

  g_assert_cmpint (chosen, ==, error == NULL);
  while (channels <= MAX_CHANNELS && !is_usable (get_index (type, channels), usage)
         && (get_index (type, channels) != device.failing
             || !has_features (get_index (type, channels), usage)))
    channels++;

  if (channels > MAX_CHANNELS)
    {
      fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_NOT_SUPPORTED);
      check_advice (error->message, shape, usage);
      return;
    }
  if (get_index (type, channels) == device.failing)
    {
      fuzz_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                         RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY);
      return;
    }
  g_assert_cmpuint (format.channels, ==, channels);
  g_assert_cmpint (format.format, ==, rill_channel_type_get_format (type, channels));
  g_assert_cmpuint (format.usage & usage, ==, usage);
  g_assert_true (has_features (get_index (type, channels), format.usage));
  if (is_over_limits (shape, &format, type, context))
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_NOT_SUPPORTED);
  else
    g_assert_no_error (error);
}

static void
check_usage (RillImageUsageFlags  usage,
             RillImageUsageFlags  resolved,
             const GError        *error)
{
  g_autofree char *text = NULL;
  gboolean transient = (usage & RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT) != 0;
  guint others = attachments & ~(guint) RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT;

  if (usage > 0xff || (transient && ((usage & others) == 0 || (usage & ~attachments) != 0)))
    {
      fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         G_IO_ERROR_INVALID_ARGUMENT);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (resolved, !=, RILL_IMAGE_USAGE_NONE);
  if (usage != RILL_IMAGE_USAGE_NONE)
    g_assert_cmpuint (resolved, ==, usage);
  text = rill_image_usage_to_string (resolved);
  g_assert_cmpstr (text, !=, "");
}

static void
check_repack (RillChannelType  type,
              guint            from_channels,
              guint            to_channels,
              gsize            n_texels,
              FuzzInput       *input)
{
  guint size = rill_channel_type_get_size (type);
  gsize from_size = from_channels * size, to_size = to_channels * size;
  g_autofree guint8 *from = g_malloc (MAX (1, n_texels * from_size));
  g_autofree guint8 *to = g_malloc (n_texels * to_size + 1);
  guint8 one[8];

  rill_channel_type_get_one (type, one);
  for (gsize i = 0; i < n_texels * from_size; i++)
    from[i] = (guint8) (fuzz_take_byte (input) + i);
  to[n_texels * to_size] = 0x5a;
  rill_format_repack (type, from_channels, from, to_channels, to, n_texels);
  g_assert_cmpuint (to[n_texels * to_size], ==, 0x5a);

  for (gsize i = 0; i < n_texels; i++)
    for (guint c = 0; c < to_channels; c++)
      g_assert_cmpmem (to + i * to_size + c * size, size,
                       c < from_channels ? from + i * from_size + c * size : one, size);
}

static void
check_layout (RillImageUsageFlags usage,
              guint32             layout)
{
  const RillImageFormat format = { .usage = (VkImageUsageFlags) usage };
  g_autoptr (GError) error = NULL;
  gboolean allowed = rill_image_format_check_layout (&format, (RillImageLayout) layout, &error);

  g_assert_cmpint (allowed, ==, error == NULL);
  if (layout == RILL_IMAGE_LAYOUT_GENERAL)
    g_assert_true (allowed);
  if (layout == RILL_IMAGE_LAYOUT_UNDEFINED || layout == RILL_IMAGE_LAYOUT_PREINITIALIZED)
    g_assert_false (allowed);
  if (!allowed)
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, G_IO_ERROR_INVALID_ARGUMENT);
  else
    g_assert_true (layout <= RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL || layout >= 1000000000);
}

/* Formats that the input does not speak of have everything. */
static void
describe_device (FuzzInput   *input,
                 RillContext *context)
{
  VkPhysicalDeviceLimits *limits = &context->properties.limits;
  guint64 extent = fuzz_take_size (input);

  device.failing = fuzz_take_byte (input);
  device.limits.maxResourceSize = fuzz_take_size (input);
  device.limits.maxExtent = (VkExtent3D) {
    .width = (guint32) extent,
    .height = (guint32) (extent >> (fuzz_take_byte (input) & 15)),
    .depth = (guint32) (extent >> (fuzz_take_byte (input) & 15)),
  };
  limits->maxFramebufferWidth = (guint32) fuzz_take_size (input);
  limits->maxFramebufferHeight = (guint32) fuzz_take_size (input);
  for (guint i = 0; i < N_FORMATS; i++)
    device.features[i] = fuzz_take_byte (input) ^ (0xff & ~HAS_NO_IMAGES);
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input = { data, size };
  static RillContext context;
  g_autoptr (GError) shape_error = NULL;
  g_autoptr (GError) usage_error = NULL;
  gsize n_dims = fuzz_take_byte (&input) % 7;
  RillChannelType type = (RillChannelType) fuzz_take_byte (&input);
  RillImageUsageFlags usage = (RillImageUsageFlags) fuzz_take (&input, 2);
  RillImageUsageFlags resolved = RILL_IMAGE_USAGE_NONE;
  guint8 channels = fuzz_take_byte (&input);
  gsize n_texels = fuzz_take_byte (&input) % MAX_TEXELS;
  guint32 layout = (guint32) fuzz_take (&input, 4);
  guint dims[6];
  RillImageShape shape;
  gboolean accepted;

  for (gsize i = 0; i < n_dims; i++)
    dims[i] = (guint) fuzz_take_size (&input) - 1;
  describe_device (&input, &context);

  accepted = rill_image_shape_init (&shape, dims, n_dims, &shape_error);
  check_shape (&shape, dims, n_dims, accepted, shape_error);
  g_assert_cmpint (rill_channel_type_is_valid (type), ==, (guint) type < N_TYPES);
  if (!rill_channel_type_is_valid (type))
    return 0;
  if (rill_image_usage_resolve (usage, type, &resolved, &usage_error) && accepted)
    check_choice (&context, &shape, type, resolved);
  check_usage (usage, resolved, usage_error);
  if (usage_error == NULL)
    check_layout (resolved, layout);
  check_repack (type, channels % 4 + 1, channels / 4 % 4 + 1, n_texels, &input);
  return 0;
}
