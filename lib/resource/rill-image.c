/* SPDX-License-Identifier: MIT */
#include "resource/rill-image-private.h"

#include "core/rill-error-private.h"
#include "core/rill-format-private.h"
#include "resource/rill-image-format-private.h"
#include "rill-enum-types.h"

#include <string.h>

/**
 * RillImage:
 *
 * An image is an array of texels of 1 to 4 channels in a [class@Memory].
 *
 * Its shape is a list of numbers as of a C-contiguous array: `[width]` is a 1-D image,
 * `[height, width]` and `[height, width, channels]` are 2-D images, and
 * `[depth, height, width, channels]` is a 3-D image. The shape reads back as it was given.
 *
 * Where the device has no format with that many channels for the usage that was asked for, the
 * image is stored with more ([property@Image:storage-channels]). The data of the host keep their
 * channels: what is written gets one in the added channel (255 for %RILL_CHANNEL_TYPE_UNORM8), and
 * what is read leaves it out. A shader that declares the format of a storage image declares the
 * stored one, such as `rgba8ui` for three channels of %RILL_CHANNEL_TYPE_UINT8.
 *
 * The content of an image is undefined until it is written or cleared.
 *
 * An image has a layout (`VkImageLayout`), %RILL_IMAGE_LAYOUT_GENERAL from the start. Every
 * operation takes the image to the layout that it needs and back, so only programs that use the
 * image with other code than this library's need [method@Image.change_layout].
 *
 * Every method may be called from any thread.
 */

struct _RillImage
{
  RillResource parent_instance;

  /* Written before anyone else sees the image. */
  RillImageShape shape;
  RillChannelType channel_type;
  RillImageUsageFlags usage;
  RillImageFormat format;
  guint64 minimum_size;

  gint vk_layout; /* (atomic) written under the submit lock */
};

typedef enum
{
  PROP_WIDTH = 1,
  PROP_HEIGHT,
  PROP_DEPTH,
  PROP_CHANNELS,
  PROP_STORAGE_CHANNELS,
  PROP_CHANNEL_TYPE,
  PROP_USAGE,
  PROP_LAYOUT,
  PROP_TILING,
  PROP_MINIMUM_SIZE,
} RillImageProperty;

static GParamSpec *properties[PROP_MINIMUM_SIZE + 1];

G_DEFINE_FINAL_TYPE (RillImage, rill_image, RILL_TYPE_RESOURCE)

static void
rill_image_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  RillImage *self = RILL_IMAGE (object);

  switch ((RillImageProperty) prop_id)
    {
    case PROP_WIDTH:
      g_value_set_uint (value, rill_image_get_width (self));
      break;
    case PROP_HEIGHT:
      g_value_set_uint (value, rill_image_get_height (self));
      break;
    case PROP_DEPTH:
      g_value_set_uint (value, rill_image_get_depth (self));
      break;
    case PROP_CHANNELS:
      g_value_set_uint (value, rill_image_get_channels (self));
      break;
    case PROP_STORAGE_CHANNELS:
      g_value_set_uint (value, rill_image_get_storage_channels (self));
      break;
    case PROP_CHANNEL_TYPE:
      g_value_set_enum (value, rill_image_get_channel_type (self));
      break;
    case PROP_USAGE:
      g_value_set_flags (value, rill_image_get_usage (self));
      break;
    case PROP_LAYOUT:
      g_value_set_enum (value, rill_image_get_layout (self));
      break;
    case PROP_TILING:
      g_value_set_enum (value, rill_image_get_tiling (self));
      break;
    case PROP_MINIMUM_SIZE:
      g_value_set_uint64 (value, rill_image_get_minimum_size (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_extent_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillImage:width: (getter get_width)
   *
   * Texels in a row.
   */
  properties[PROP_WIDTH] = g_param_spec_uint ("width", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillImage:height: (getter get_height)
   *
   * Rows of a slice; 1 for a 1-D image.
   */
  properties[PROP_HEIGHT] = g_param_spec_uint ("height", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillImage:depth: (getter get_depth)
   *
   * Slices; 1 but for a 3-D image.
   */
  properties[PROP_DEPTH] = g_param_spec_uint ("depth", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillImage:channels: (getter get_channels)
   *
   * Channels of a texel in the data of the host, 1 to 4.
   */
  properties[PROP_CHANNELS] = g_param_spec_uint ("channels", NULL, NULL, 0, 4, 0, flags);
  /**
   * RillImage:storage-channels: (getter get_storage_channels)
   *
   * Channels of a texel on the device: at least [property@Image:channels], and more where the
   * device has no such format for the usage.
   */
  properties[PROP_STORAGE_CHANNELS] = g_param_spec_uint ("storage-channels", NULL, NULL, 0, 4, 0,
                                                         flags);
  /**
   * RillImage:minimum-size: (getter get_minimum_size)
   *
   * Bytes of the data of the host, without any padding between texels or rows.
   */
  properties[PROP_MINIMUM_SIZE] =
    g_param_spec_uint64 ("minimum-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
install_kind_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillImage:channel-type: (getter get_channel_type)
   *
   * Type of a channel.
   */
  properties[PROP_CHANNEL_TYPE] = g_param_spec_enum (
    "channel-type", NULL, NULL, RILL_TYPE_CHANNEL_TYPE, RILL_CHANNEL_TYPE_UINT8, flags);
  /**
   * RillImage:usage: (getter get_usage)
   *
   * What the image was created for, with the default set in place of %RILL_IMAGE_USAGE_NONE.
   */
  properties[PROP_USAGE] = g_param_spec_flags ("usage", NULL, NULL, RILL_TYPE_IMAGE_USAGE_FLAGS,
                                               RILL_IMAGE_USAGE_NONE, flags);
  /**
   * RillImage:layout: (getter get_layout)
   *
   * Layout in which submitted work leaves the image (`VkImageLayout`), %RILL_IMAGE_LAYOUT_GENERAL
   * from the start.
   */
  properties[PROP_LAYOUT] = g_param_spec_enum ("layout", NULL, NULL, RILL_TYPE_IMAGE_LAYOUT,
                                               RILL_IMAGE_LAYOUT_UNDEFINED, flags);
  /**
   * RillImage:tiling: (getter get_tiling)
   *
   * Arrangement of the texels in memory (`VkImageTiling`).
   */
  properties[PROP_TILING] = g_param_spec_enum ("tiling", NULL, NULL, RILL_TYPE_IMAGE_TILING,
                                               RILL_IMAGE_TILING_OPTIMAL, flags);
}

static void
rill_image_class_init (RillImageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = rill_image_get_property;

  install_extent_properties ();
  install_kind_properties ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_image_init (RillImage *self)
{
}

static VkResult
create_vk_image (RillImage   *self,
                 RillContext *context,
                 VkImage     *image)
{
  gboolean concurrent = context->n_families > 1;
  const VkImageCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
    .imageType = rill_image_shape_get_image_type (&self->shape),
    .format = self->format.format,
    .extent = { self->shape.width, self->shape.height, self->shape.depth },
    .mipLevels = 1,
    .arrayLayers = 1,
    .samples = VK_SAMPLE_COUNT_1_BIT,
    .tiling = VK_IMAGE_TILING_OPTIMAL,
    .usage = self->format.usage,
    .sharingMode = concurrent ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
    .queueFamilyIndexCount = concurrent ? context->n_families : 0,
    .pQueueFamilyIndices = context->families,
    .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
  };

  return vkCreateImage (context->device, &info, NULL, image);
}

static RillAllocationRequest
get_request (RillContext *context,
             VkImage      image,
             const char  *what)
{
  const VkImageMemoryRequirementsInfo2 info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
    .image = image,
  };
  VkMemoryDedicatedRequirements dedicated = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
  };
  VkMemoryRequirements2 requirements = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
    .pNext = &dedicated,
  };

  vkGetImageMemoryRequirements2 (context->device, &info, &requirements);
  return (RillAllocationRequest) {
    .requirements = requirements.memoryRequirements,
    .dedicated_required = dedicated.requiresDedicatedAllocation,
    .dedicated_preferred = dedicated.prefersDedicatedAllocation,
    .optimal_image = TRUE,
    .image = image,
    .what = what,
  };
}

static gboolean
image_create (RillImage    *self,
              RillMemory   *memory,
              GError      **error)
{
  RillContext *context = rill_memory_get_context (memory);
  g_autofree char *extent = rill_image_shape_to_string (&self->shape);
  g_autofree char *what =
    g_strdup_printf ("an image of %s with %u %s of %s", extent, self->shape.channels,
                     self->shape.channels == 1 ? "channel" : "channels",
                     rill_channel_type_get_name (self->channel_type));
  RillAllocationRequest request;
  VkImage image = VK_NULL_HANDLE;

  self->minimum_size = (guint64) self->shape.width * self->shape.height * self->shape.depth
                       * rill_image_get_host_texel_size (self);
  if (!rill_image_format_choose (&self->format, context, &self->shape, self->channel_type,
                                 self->usage, what, error)
      || !rill_context_check (context, create_vk_image (self, context, &image), error,
                              "vkCreateImage", "Could not create %s", what))
    return FALSE;
  request = get_request (context, image, what);
  return rill_resource_reserve_and_bind (self, memory, VK_OBJECT_TYPE_IMAGE, (guint64) (guintptr) image,
                                         request.requirements.size, &request, error);
}

gboolean
rill_image_create_twin (RillImage              *self,
                        RillAllocationRequest  *request,
                        GError                **error)
{
  RillContext *context = rill_resource_get_context (self);
  VkImage image;

  if (!rill_context_check (context, create_vk_image (self, context, &image), error,
                           "vkCreateImage", "Could not move an image"))
    return FALSE;
  *request = get_request (context, image, "an image");
  return TRUE;
}

/**
 * rill_memory_create_image:
 * @memory: a memory
 * @shape: (array length=n_dims): `[width]`, `[height, width]`, `[height, width, channels]` or
 *   `[depth, height, width, channels]`; each at least 1, channels at most 4
 * @n_dims: number of dimensions of the shape, 1 to 4
 * @channel_type: type of a channel
 * @usage: what the image is for; %RILL_IMAGE_USAGE_NONE for the default set
 * @error: return location for an error
 *
 * Creates an image in the memory.
 *
 * The image is stored with the fewest channels, of at least those asked for, that the device has
 * for the usage with optimal tiling; see [property@Image:storage-channels] and "Required Format
 * Support" in the Vulkan specification. Besides @usage the image can be transferred where the
 * device allows it.
 *
 * %RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT goes together with other attachment usages only. No
 * channel type has a format for depth, so %RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT is supported
 * by no device.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a shape, type or usage that is not valid;
 * %G_IO_ERROR_NOT_SUPPORTED when the shape is over a limit of the device, when the device has no
 * such format for the usage (the message names the nearest that works), or when the memory's type
 * cannot hold the image; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED; and
 * %RILL_VULKAN_ERROR for what Vulkan refuses, such as %RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY.
 *
 * Returns: (transfer full): the image; its content is undefined
 */
RillImage *
rill_memory_create_image (RillMemory           *memory,
                          const guint          *shape,
                          gsize                 n_dims,
                          RillChannelType       channel_type,
                          RillImageUsageFlags   usage,
                          GError              **error)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (RillImage) self = NULL;
  RillImageShape checked;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);

  context = rill_memory_ref_context (memory, error);
  if (context == NULL || !rill_image_shape_init (&checked, shape, n_dims, error))
    return NULL;
  if (!rill_channel_type_is_valid (channel_type))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create an image: %d is no channel type", (int) channel_type);
      return NULL;
    }
  if (!rill_image_usage_resolve (usage, channel_type, &usage, error))
    return NULL;

  self = g_object_new (RILL_TYPE_IMAGE, NULL);
  self->shape = checked;
  self->channel_type = channel_type;
  self->usage = usage;
  return image_create (self, memory, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * rill_image_get_shape:
 * @self: an image
 * @n_dims: (out): number of dimensions of the shape
 *
 * Gets the shape as it was given when the image was created.
 *
 * Returns: (transfer full) (array length=n_dims) (nullable): the dimensions; %NULL if the image was
 *   never initialised
 */
guint *
rill_image_get_shape (RillImage *self,
                      gsize     *n_dims)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), NULL);
  g_return_val_if_fail (n_dims != NULL, NULL);

  *n_dims = self->shape.n_dims;
  return g_memdup2 (self->shape.dims, self->shape.n_dims * sizeof *self->shape.dims);
}

/**
 * rill_image_get_width: (get-property width)
 * @self: an image
 *
 * Gets the number of texels in a row.
 *
 * Returns: texels
 */
guint
rill_image_get_width (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->shape.width;
}

/**
 * rill_image_get_height: (get-property height)
 * @self: an image
 *
 * Gets the number of rows of a slice.
 *
 * Returns: rows; 1 for a 1-D image
 */
guint
rill_image_get_height (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->shape.height;
}

/**
 * rill_image_get_depth: (get-property depth)
 * @self: an image
 *
 * Gets the number of slices.
 *
 * Returns: slices; 1 but for a 3-D image
 */
guint
rill_image_get_depth (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->shape.depth;
}

/**
 * rill_image_get_channels: (get-property channels)
 * @self: an image
 *
 * Gets the number of channels of a texel in the data of the host.
 *
 * Returns: channels, 1 to 4
 */
guint
rill_image_get_channels (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->shape.channels;
}

/**
 * rill_image_get_storage_channels: (get-property storage-channels)
 * @self: an image
 *
 * Gets the number of channels of a texel on the device.
 *
 * Returns: channels, at least those of the data of the host
 */
guint
rill_image_get_storage_channels (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->format.channels;
}

/**
 * rill_image_get_channel_type: (get-property channel-type)
 * @self: an image
 *
 * Gets the type of a channel.
 *
 * Returns: the type
 */
RillChannelType
rill_image_get_channel_type (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->channel_type;
}

/**
 * rill_image_get_usage: (get-property usage)
 * @self: an image
 *
 * Gets what the image was created for.
 *
 * Returns: the usage that was asked for, with the default set in place of %RILL_IMAGE_USAGE_NONE
 */
RillImageUsageFlags
rill_image_get_usage (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->usage;
}

/* What the user sees: that nothing was submitted yet is the library's own concern. */
static RillImageLayout
get_visible_layout (VkImageLayout layout)
{
  return layout == VK_IMAGE_LAYOUT_UNDEFINED ? RILL_IMAGE_LAYOUT_GENERAL : (RillImageLayout) layout;
}

/**
 * rill_image_get_layout: (get-property layout)
 * @self: an image
 *
 * Gets the layout in which submitted work leaves the image (`VkImageLayout`).
 *
 * It changes when a submission that changes it is made, not when it is recorded.
 *
 * Returns: the layout, %RILL_IMAGE_LAYOUT_GENERAL from the start
 */
RillImageLayout
rill_image_get_layout (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  if (self->shape.n_dims == 0)
    return RILL_IMAGE_LAYOUT_UNDEFINED;
  return get_visible_layout ((VkImageLayout) g_atomic_int_get (&self->vk_layout));
}

/**
 * rill_image_get_tiling: (get-property tiling)
 * @self: an image
 *
 * Gets the arrangement of the texels in memory (`VkImageTiling`).
 *
 * Returns: %RILL_IMAGE_TILING_OPTIMAL
 */
RillImageTiling
rill_image_get_tiling (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return RILL_IMAGE_TILING_OPTIMAL;
}

/**
 * rill_image_get_minimum_size: (get-property minimum-size)
 * @self: an image
 *
 * Gets the size of the data of the host, without any padding between texels or rows.
 *
 * [method@Resource.get_size] is what the device requires instead.
 *
 * Returns: bytes
 */
guint64
rill_image_get_minimum_size (RillImage *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE (self), 0);

  return self->minimum_size;
}

VkImage
rill_image_get_handle (RillImage *self)
{
  return (VkImage) (guintptr) rill_resource_get_state (self)->handle;
}

VkFormat
rill_image_get_format (RillImage *self)
{
  return self->format.format;
}

VkImageType
rill_image_get_image_type (RillImage *self)
{
  return rill_image_shape_get_image_type (&self->shape);
}

guint
rill_image_get_texel_size (RillImage *self)
{
  return self->format.channels * rill_channel_type_get_size (self->channel_type);
}

guint
rill_image_get_host_texel_size (RillImage *self)
{
  return self->shape.channels * rill_channel_type_get_size (self->channel_type);
}

gboolean
rill_image_check_usage (RillImage            *self,
                        RillImageUsageFlags   usage,
                        GError              **error)
{
  g_autofree char *missing = NULL;
  g_autofree char *own = NULL;

  if ((usage & ~(guint) self->usage) == 0)
    return TRUE;
  missing = rill_image_usage_to_string (usage & ~(guint) self->usage);
  own = rill_image_usage_to_string (self->usage);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The image was not created for the usage %s, only for %s", missing, own);
  return FALSE;
}

gboolean
rill_image_check_transfer (RillImage  *self,
                           GError    **error)
{
  return rill_image_format_check_transfer (&self->format, error);
}

gboolean
rill_image_check_layout (RillImage        *self,
                         RillImageLayout   layout,
                         GError          **error)
{
  return rill_image_format_check_layout (&self->format, layout, error);
}

VkImageLayout
rill_image_get_vk_layout_locked (RillImage *self)
{
  return (VkImageLayout) g_atomic_int_get (&self->vk_layout);
}

void
rill_image_set_vk_layout_locked (RillImage     *self,
                                 VkImageLayout  layout)
{
  VkImageLayout old = rill_image_get_vk_layout_locked (self);

  g_atomic_int_set (&self->vk_layout, (gint) layout);
  if (get_visible_layout (old) != get_visible_layout (layout))
    rill_emitter_notify (rill_resource_get_context (self)->emitter, self, properties[PROP_LAYOUT]);
}

static VkImageViewType
get_view_type (RillImage *self)
{
  switch (rill_image_get_image_type (self))
    {
    case VK_IMAGE_TYPE_1D:
      return VK_IMAGE_VIEW_TYPE_1D;
    case VK_IMAGE_TYPE_2D:
      return VK_IMAGE_VIEW_TYPE_2D;
    default:
      return VK_IMAGE_VIEW_TYPE_3D;
    }
}

static VkComponentSwizzle
get_swizzle (RillImage *self,
             guint      channel,
             gboolean   ones)
{
  return ones && channel >= self->shape.channels && channel < self->format.channels
           ? VK_COMPONENT_SWIZZLE_ONE
           : VK_COMPONENT_SWIZZLE_IDENTITY;
}

VkImageView
rill_image_create_twin_view (RillImage  *self,
                             VkImage     twin,
                             gboolean    sampled,
                             GError    **error)
{
  RillContext *context = rill_resource_get_context (self);
  const VkImageUsageFlags usages = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT;
  const VkImageViewUsageCreateInfo usage_info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_USAGE_CREATE_INFO,
    .usage = sampled ? VK_IMAGE_USAGE_SAMPLED_BIT : self->usage & usages,
  };
  gboolean ones = (usage_info.usage & VK_IMAGE_USAGE_STORAGE_BIT) == 0;
  const VkImageViewCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
    .pNext = &usage_info,
    .image = twin,
    .viewType = get_view_type (self),
    .format = self->format.format,
    .components = { get_swizzle (self, 0, ones), get_swizzle (self, 1, ones),
                    get_swizzle (self, 2, ones), get_swizzle (self, 3, ones) },
    .subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
  };
  VkImageView view = VK_NULL_HANDLE;

  rill_context_check (context, vkCreateImageView (context->device, &info, NULL, &view), error,
                      "vkCreateImageView", "Could not create a view of an image");
  return view;
}

VkImageView
rill_image_create_vk_view (RillImage  *self,
                           gboolean    sampled,
                           GError    **error)
{
  return rill_image_create_twin_view (self, rill_image_get_handle (self), sampled, error);
}

VkImageView
rill_image_ensure_default_view (RillImage  *self,
                                GError    **error)
{
  RillResourceState *state = rill_resource_get_state (self);
  g_autoptr (GMutexLocker) locker = NULL;

  if ((self->usage & (RILL_IMAGE_USAGE_SAMPLED | RILL_IMAGE_USAGE_STORAGE)) == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "No shader can use the image: it was created neither for SAMPLED nor "
                           "for STORAGE");
      return VK_NULL_HANDLE;
    }
  locker = g_mutex_locker_new (&state->lock);
  if (state->view == VK_NULL_HANDLE)
    state->view = rill_image_create_vk_view (self, FALSE, error);
  return state->view;
}
