/* SPDX-License-Identifier: MIT */
#include "resource/rill-image-format-private.h"

#include "core/rill-format-private.h"

#include <string.h>

#define MAX_CHANNELS 4
#define MAX_TEXEL_SIZE 32

#define ALL_USAGES \
  (RILL_IMAGE_USAGE_TRANSFER_SRC | RILL_IMAGE_USAGE_TRANSFER_DST | RILL_IMAGE_USAGE_SAMPLED \
   | RILL_IMAGE_USAGE_STORAGE | RILL_IMAGE_USAGE_COLOR_ATTACHMENT \
   | RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT | RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT \
   | RILL_IMAGE_USAGE_INPUT_ATTACHMENT)
#define TRANSFER_USAGES (RILL_IMAGE_USAGE_TRANSFER_SRC | RILL_IMAGE_USAGE_TRANSFER_DST)
#define ATTACHMENT_USAGES \
  (RILL_IMAGE_USAGE_COLOR_ATTACHMENT | RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT \
   | RILL_IMAGE_USAGE_INPUT_ATTACHMENT)

typedef struct
{
  RillImageUsageFlags usage;
  const char *name;
  VkFormatFeatureFlags features; /* any of them is enough */
} UsageInfo;

#define USAGE(name, features) { RILL_IMAGE_USAGE_##name, #name, features }
#define FEATURE(name) VK_FORMAT_FEATURE_##name##_BIT

static const UsageInfo usage_infos[] = {
  USAGE (TRANSFER_SRC, FEATURE (TRANSFER_SRC)),
  USAGE (TRANSFER_DST, FEATURE (TRANSFER_DST)),
  USAGE (SAMPLED, FEATURE (SAMPLED_IMAGE)),
  USAGE (STORAGE, FEATURE (STORAGE_IMAGE)),
  USAGE (COLOR_ATTACHMENT, FEATURE (COLOR_ATTACHMENT)),
  USAGE (DEPTH_STENCIL_ATTACHMENT, FEATURE (DEPTH_STENCIL_ATTACHMENT)),
  USAGE (TRANSIENT_ATTACHMENT, FEATURE (COLOR_ATTACHMENT) | FEATURE (DEPTH_STENCIL_ATTACHMENT)),
  USAGE (INPUT_ATTACHMENT, FEATURE (COLOR_ATTACHMENT) | FEATURE (DEPTH_STENCIL_ATTACHMENT)),
};

char *
rill_image_usage_to_string (RillImageUsageFlags usage)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (usage_infos); i++)
    if (usage & usage_infos[i].usage)
      g_string_append_printf (text, "%s%s", text->len > 0 ? " | " : "", usage_infos[i].name);
  return g_string_free (text, FALSE);
}

gboolean
rill_image_usage_resolve (RillImageUsageFlags   usage,
                          RillChannelType       type,
                          RillImageUsageFlags  *resolved,
                          GError              **error)
{
  if (usage & ~(guint) ALL_USAGES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image: unknown usage flags 0x%x",
                   usage & ~(guint) ALL_USAGES);
      return FALSE;
    }
  if (usage & RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT
      && ((usage & ATTACHMENT_USAGES) == 0
          || (usage & ~(guint) (ATTACHMENT_USAGES | RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT)) != 0))
    {
      g_autofree char *asked = rill_image_usage_to_string (usage);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image for %s: TRANSIENT_ATTACHMENT goes together with "
                   "COLOR_ATTACHMENT, DEPTH_STENCIL_ATTACHMENT or INPUT_ATTACHMENT, and with "
                   "nothing else", asked);
      return FALSE;
    }

  *resolved = usage;
  if (usage == RILL_IMAGE_USAGE_NONE)
    {
      *resolved = RILL_IMAGE_USAGE_SAMPLED | TRANSFER_USAGES;
      if (type != RILL_CHANNEL_TYPE_SRGB8) /* Few devices store sRGB, and it is never needed. */
        *resolved |= RILL_IMAGE_USAGE_STORAGE;
    }
  return TRUE;
}

static gboolean
check_dimensions (const guint  *shape,
                  gsize         n_dims,
                  GError      **error)
{
  if (shape == NULL || n_dims < 1 || n_dims > 4)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image: its shape has 1 to 4 dimensions, not %"
                   G_GSIZE_FORMAT, shape != NULL ? n_dims : 0);
      return FALSE;
    }
  for (gsize i = 0; i < n_dims; i++)
    if (shape[i] < 1)
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     "Could not create an image: each number of its shape is at least 1, but "
                     "number %" G_GSIZE_FORMAT " is 0", i + 1);
        return FALSE;
      }
  if (n_dims >= 3 && shape[n_dims - 1] > MAX_CHANNELS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image: the last number of its shape is that of its "
                   "channels, 1 to 4, not %u", shape[n_dims - 1]);
      return FALSE;
    }
  return TRUE;
}

gboolean
rill_image_shape_init (RillImageShape  *self,
                       const guint     *shape,
                       gsize            n_dims,
                       GError         **error)
{
  guint64 size = MAX_TEXEL_SIZE;

  if (!check_dimensions (shape, n_dims, error))
    return FALSE;

  *self = (RillImageShape) {
    .n_dims = (guint) n_dims,
    .width = n_dims == 1 ? shape[0] : shape[n_dims <= 3 ? 1 : 2],
    .height = n_dims == 1 ? 1 : shape[n_dims <= 3 ? 0 : 1],
    .depth = n_dims == 4 ? shape[0] : 1,
    .channels = n_dims >= 3 ? shape[n_dims - 1] : 1,
  };
  memcpy (self->dims, shape, n_dims * sizeof *shape);

  if (!g_uint64_checked_mul (&size, size, self->width)
      || !g_uint64_checked_mul (&size, size, self->height)
      || !g_uint64_checked_mul (&size, size, self->depth))
    {
      g_autofree char *text = rill_image_shape_to_string (self);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image of %s: its size in bytes does not fit in 64 bits",
                   text);
      return FALSE;
    }
  return TRUE;
}

char *
rill_image_shape_to_string (const RillImageShape *self)
{
  switch (rill_image_shape_get_image_type (self))
    {
    case VK_IMAGE_TYPE_1D:
      return g_strdup_printf ("%u", self->width);
    case VK_IMAGE_TYPE_2D:
      return g_strdup_printf ("%u × %u", self->width, self->height);
    default:
      return g_strdup_printf ("%u × %u × %u", self->width, self->height, self->depth);
    }
}

VkImageType
rill_image_shape_get_image_type (const RillImageShape *self)
{
  switch (self->n_dims)
    {
    case 1:
      return VK_IMAGE_TYPE_1D;
    case 4:
      return VK_IMAGE_TYPE_3D;
    default:
      return VK_IMAGE_TYPE_2D;
    }
}

static VkFormatFeatureFlags
get_features (RillContext *context,
              VkFormat     format)
{
  VkFormatProperties2 properties = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2 };

  vkGetPhysicalDeviceFormatProperties2 (context->physical_device, format, &properties);
  return properties.formatProperties.optimalTilingFeatures;
}

static RillImageUsageFlags
get_supported_usages (VkFormatFeatureFlags features)
{
  RillImageUsageFlags usage = RILL_IMAGE_USAGE_NONE;

  for (guint i = 0; i < G_N_ELEMENTS (usage_infos); i++)
    if (features & usage_infos[i].features)
      usage |= usage_infos[i].usage;
  return usage;
}

/* VK_ERROR_FORMAT_NOT_SUPPORTED when the device lacks the format for the usage. */
static VkResult
try_format (RillImageFormat       *self,
            VkImageFormatProperties *limits,
            RillContext           *context,
            VkImageType            image_type,
            RillChannelType        type,
            guint                  channels,
            RillImageUsageFlags    usage)
{
  VkFormat format = rill_channel_type_get_format (type, channels);
  RillImageUsageFlags supported = get_supported_usages (get_features (context, format));
  VkPhysicalDeviceImageFormatInfo2 info = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
    .format = format,
    .type = image_type,
    .tiling = VK_IMAGE_TILING_OPTIMAL,
    .usage = usage,
  };
  VkImageFormatProperties2 properties = { .sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2 };
  VkResult result;

  if (usage & ~(guint) supported)
    return VK_ERROR_FORMAT_NOT_SUPPORTED;
  if ((usage & RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT) == 0)
    info.usage |= supported & TRANSFER_USAGES;
  result = vkGetPhysicalDeviceImageFormatProperties2 (context->physical_device, &info, &properties);
  if (result == VK_SUCCESS)
    {
      *self = (RillImageFormat) { .format = format, .channels = channels, .usage = info.usage };
      *limits = properties.imageFormatProperties;
    }
  return result;
}

static VkResult
find_format (RillImageFormat       *self,
             VkImageFormatProperties *limits,
             RillContext           *context,
             const RillImageShape  *shape,
             RillChannelType        type,
             RillImageUsageFlags    usage)
{
  VkResult result = VK_ERROR_FORMAT_NOT_SUPPORTED;

  for (guint channels = shape->channels;
       channels <= MAX_CHANNELS && result == VK_ERROR_FORMAT_NOT_SUPPORTED; channels++)
    result = try_format (self, limits, context, rill_image_shape_get_image_type (shape), type,
                         channels, usage);
  return result;
}

typedef enum
{
  CHANNEL_KIND_UNSIGNED,
  CHANNEL_KIND_SIGNED,
  CHANNEL_KIND_FLOAT,
  CHANNEL_KIND_NORMALIZED,
} ChannelKind;

static ChannelKind
get_kind (RillChannelType type)
{
  switch (type)
    {
    case RILL_CHANNEL_TYPE_UINT8:
    case RILL_CHANNEL_TYPE_UINT16:
    case RILL_CHANNEL_TYPE_UINT32:
    case RILL_CHANNEL_TYPE_UINT64:
      return CHANNEL_KIND_UNSIGNED;
    case RILL_CHANNEL_TYPE_INT8:
    case RILL_CHANNEL_TYPE_INT16:
    case RILL_CHANNEL_TYPE_INT32:
    case RILL_CHANNEL_TYPE_INT64:
      return CHANNEL_KIND_SIGNED;
    case RILL_CHANNEL_TYPE_UNORM8:
    case RILL_CHANNEL_TYPE_UNORM16:
    case RILL_CHANNEL_TYPE_SRGB8:
      return CHANNEL_KIND_NORMALIZED;
    case RILL_CHANNEL_TYPE_FLOAT16:
    case RILL_CHANNEL_TYPE_FLOAT32:
    case RILL_CHANNEL_TYPE_FLOAT64:
    default:
      return CHANNEL_KIND_FLOAT;
    }
}

/* How far a type is from another: first by kind, then by size, and wider before narrower. */
static guint
get_distance (RillChannelType from,
              RillChannelType to)
{
  guint from_size = rill_channel_type_get_size (from);
  guint to_size = rill_channel_type_get_size (to);
  guint distance = get_kind (from) == get_kind (to) ? 0 : 1000;

  distance += to_size >= from_size ? 10 * (to_size - from_size) : 10 * (from_size - to_size) + 5;
  return distance + (to == RILL_CHANNEL_TYPE_SRGB8); /* reads other values than UNORM8 */
}

static gboolean
find_nearest_type (RillContext           *context,
                   const RillImageShape  *shape,
                   RillChannelType        type,
                   RillImageUsageFlags    usage,
                   RillChannelType       *nearest)
{
  guint best = G_MAXUINT;

  for (RillChannelType other = 0; rill_channel_type_is_valid (other); other++)
    {
      RillImageFormat format;
      VkImageFormatProperties limits;

      if (other == type || get_distance (type, other) >= best
          || find_format (&format, &limits, context, shape, other, usage) != VK_SUCCESS)
        continue;
      best = get_distance (type, other);
      *nearest = other;
    }
  return best != G_MAXUINT;
}

/* The largest part of the usage that a format of the type has. */
static RillImageUsageFlags
find_nearest_usage (RillContext           *context,
                    const RillImageShape  *shape,
                    RillChannelType        type,
                    RillImageUsageFlags    usage)
{
  RillImageUsageFlags nearest = RILL_IMAGE_USAGE_NONE;

  for (guint channels = shape->channels; channels <= MAX_CHANNELS; channels++)
    {
      VkFormat format = rill_channel_type_get_format (type, channels);
      RillImageUsageFlags part = usage & get_supported_usages (get_features (context, format));
      RillImageFormat found;
      VkImageFormatProperties limits;

      if (__builtin_popcount (part) > __builtin_popcount (nearest)
          && find_format (&found, &limits, context, shape, type, part) == VK_SUCCESS)
        nearest = part;
    }
  return nearest;
}

static void
set_format_error (RillContext           *context,
                  const RillImageShape  *shape,
                  RillChannelType        type,
                  RillImageUsageFlags    usage,
                  const char            *what,
                  GError               **error)
{
  g_autofree char *asked = rill_image_usage_to_string (usage);
  RillImageUsageFlags nearest_usage = find_nearest_usage (context, shape, type, usage);
  const char *name = rill_channel_type_get_name (type);
  GString *text = g_string_new (NULL);
  RillChannelType nearest;

  if (find_nearest_type (context, shape, type, usage, &nearest))
    g_string_append_printf (text, "; %s works with this usage",
                            rill_channel_type_get_name (nearest));
  else
    g_string_append (text, "; no channel type works with this usage");
  if (nearest_usage != RILL_IMAGE_USAGE_NONE)
    {
      g_autofree char *part = rill_image_usage_to_string (nearest_usage);
      g_string_append_printf (text, ", and %s works with %s", name, part);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create %s for %s: the device has no format of %s with %u or more "
               "channels for this usage%s", what, asked, name, shape->channels, text->str);
  g_string_free (text, TRUE);
}

static gboolean
check_extent (const char   *what,
              const char   *dimension,
              guint         value,
              guint         limit,
              GError      **error)
{
  if (value <= limit)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create %s: a %s of %u is over the device's limit of %u", what, dimension,
               value, limit);
  return FALSE;
}

static gboolean
check_limits (const RillImageFormat         *format,
              RillContext                   *context,
              const RillImageShape          *shape,
              guint                          texel_size,
              const VkImageFormatProperties *limits,
              const char                    *what,
              GError                       **error)
{
  const VkPhysicalDeviceLimits *device = &context->properties.limits;
  guint64 size = (guint64) shape->width * shape->height * shape->depth * texel_size;
  VkExtent3D max = limits->maxExtent;

  if (format->usage & (ATTACHMENT_USAGES | RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT))
    {
      max.width = MIN (max.width, device->maxFramebufferWidth);
      max.height = MIN (max.height, device->maxFramebufferHeight);
    }
  if (!check_extent (what, "width", shape->width, max.width, error)
      || !check_extent (what, "height", shape->height, max.height, error)
      || !check_extent (what, "depth", shape->depth, max.depth, error))
    return FALSE;

  if (size > limits->maxResourceSize)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Could not create %s: its %" G_GUINT64_FORMAT
                   " bytes are over the device's limit of %" G_GUINT64_FORMAT
                   " bytes (maxResourceSize)",
                   what, size, (guint64) limits->maxResourceSize);
      return FALSE;
    }
  return TRUE;
}

gboolean
rill_image_format_choose (RillImageFormat       *self,
                          RillContext           *context,
                          const RillImageShape  *shape,
                          RillChannelType        type,
                          RillImageUsageFlags    usage,
                          const char            *what,
                          GError               **error)
{
  VkImageFormatProperties limits;
  VkResult result = find_format (self, &limits, context, shape, type, usage);

  if (result == VK_ERROR_FORMAT_NOT_SUPPORTED)
    {
      set_format_error (context, shape, type, usage, what, error);
      return FALSE;
    }
  return rill_context_check (context, result, error, "vkGetPhysicalDeviceImageFormatProperties2",
                             "Could not create %s", what)
         && check_limits (self, context, shape, self->channels * rill_channel_type_get_size (type),
                          &limits, what, error);
}

gboolean
rill_image_format_filters_linear (RillContext *context,
                                  VkFormat     format)
{
  return (get_features (context, format) & VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT) != 0;
}

gboolean
rill_image_format_check_transfer (const RillImageFormat  *self,
                                  GError                **error)
{
  const VkImageUsageFlags needed = VK_IMAGE_USAGE_TRANSFER_SRC_BIT
                                   | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

  if ((self->usage & needed) == needed)
    return TRUE;
  if (self->usage & VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "An image of usage TRANSIENT_ATTACHMENT cannot be transferred: its "
                         "content does not last");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "The device does not transfer images of this format");
  return FALSE;
}

/* Any of the usages is enough; 0 for what is never the target of a change. */
static VkImageUsageFlags
get_layout_usage (RillImageLayout layout)
{
  switch (layout)
    {
    case RILL_IMAGE_LAYOUT_GENERAL:
      return ~0u;
    case RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL:
      return VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    case RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL:
      return VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT;
    case RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL:
      return VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
    case RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL:
      return VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    case RILL_IMAGE_LAYOUT_READ_ONLY_OPTIMAL:
      return VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT
             | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
    case RILL_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL:
      return VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
    case RILL_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL:
    case RILL_IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL:
    case RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_STENCIL_ATTACHMENT_OPTIMAL:
    case RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_STENCIL_READ_ONLY_OPTIMAL:
    case RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL:
    case RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL:
    case RILL_IMAGE_LAYOUT_STENCIL_ATTACHMENT_OPTIMAL:
    case RILL_IMAGE_LAYOUT_STENCIL_READ_ONLY_OPTIMAL:
      return VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
    case RILL_IMAGE_LAYOUT_UNDEFINED:
    case RILL_IMAGE_LAYOUT_PREINITIALIZED:
    default:
      return 0;
    }
}

gboolean
rill_image_format_check_layout (const RillImageFormat  *self,
                                RillImageLayout         layout,
                                GError                **error)
{
  VkImageUsageFlags needed = get_layout_usage (layout);
  g_autofree char *usages = NULL;

  if (needed & self->usage)
    return TRUE;

  if (layout == RILL_IMAGE_LAYOUT_UNDEFINED || layout == RILL_IMAGE_LAYOUT_PREINITIALIZED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not change the layout of an image to %s: an image can only start with it",
                 layout == RILL_IMAGE_LAYOUT_UNDEFINED ? "UNDEFINED" : "PREINITIALIZED");
  else if (needed == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not change the layout of an image: %d is no layout", (int) layout);
  else
    {
      usages = rill_image_usage_to_string ((RillImageUsageFlags) needed);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not change the layout of an image: the layout is for images of usage %s, "
                   "for which this one was not created", usages);
    }
  return FALSE;
}
