/* SPDX-License-Identifier: MIT */
#include "resource/rill-image-view-private.h"

#include "core/rill-error-private.h"
#include "core/rill-format-private.h"
#include "resource/rill-image-format-private.h"
#include "rill-enum-types.h"

/**
 * RillImageView:
 *
 * An image view is how a shader sees an [class@Image]: as a storage image, or through a sampler.
 *
 * A view that is sampled goes with a sampler of its own (`VkSampler`), whose filter and address
 * modes are the view's. Channels that the image's storage adds read as one through it.
 *
 * A view holds its image. It is closed when its image is closed.
 *
 * Every method may be called from any thread.
 */

struct _RillImageView
{
  GObject parent_instance;

  RillImage *image; /* (owned) (nullable) NULL: never initialised */
  RillChild child;
  RillFilterMode filter_mode;
  RillAddressMode address_modes[3];
  gboolean normalized_coordinates;
  gboolean sampled;

  /* Under the image's lock. */
  gboolean closed;
  VkImageView view;
  VkSampler sampler;
};

typedef enum
{
  PROP_IMAGE = 1,
  PROP_FILTER_MODE,
  PROP_ADDRESS_MODE_U,
  PROP_ADDRESS_MODE_V,
  PROP_ADDRESS_MODE_W,
  PROP_NORMALIZED_COORDINATES,
  PROP_SAMPLED,
  PROP_CLOSED,
} RillImageViewProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillImageView, rill_image_view, G_TYPE_OBJECT)

static void
rill_image_view_dispose (GObject *object)
{
  RillImageView *self = RILL_IMAGE_VIEW (object);

  rill_image_view_close (self);
  if (self->image != NULL && !rill_resource_leave (self->image, &self->child))
    return;
  G_OBJECT_CLASS (rill_image_view_parent_class)->dispose (object);
}

static void
rill_image_view_finalize (GObject *object)
{
  RillImageView *self = RILL_IMAGE_VIEW (object);

  g_clear_object (&self->image);
  G_OBJECT_CLASS (rill_image_view_parent_class)->finalize (object);
}

static void
rill_image_view_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  RillImageView *self = RILL_IMAGE_VIEW (object);

  switch ((RillImageViewProperty) prop_id)
    {
    case PROP_IMAGE:
      g_value_set_object (value, rill_image_view_get_image (self));
      break;
    case PROP_FILTER_MODE:
      g_value_set_enum (value, rill_image_view_get_filter_mode (self));
      break;
    case PROP_ADDRESS_MODE_U:
      g_value_set_enum (value, rill_image_view_get_address_mode_u (self));
      break;
    case PROP_ADDRESS_MODE_V:
      g_value_set_enum (value, rill_image_view_get_address_mode_v (self));
      break;
    case PROP_ADDRESS_MODE_W:
      g_value_set_enum (value, rill_image_view_get_address_mode_w (self));
      break;
    case PROP_NORMALIZED_COORDINATES:
      g_value_set_boolean (value, rill_image_view_get_normalized_coordinates (self));
      break;
    case PROP_SAMPLED:
      g_value_set_boolean (value, rill_image_view_get_sampled (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_image_view_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_sampler_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * RillImageView:filter-mode: (getter get_filter_mode)
   *
   * How the sampler reads between texels (`VkFilter`).
   */
  properties[PROP_FILTER_MODE] = g_param_spec_enum (
    "filter-mode", NULL, NULL, RILL_TYPE_FILTER_MODE, RILL_FILTER_MODE_NEAREST, flags);
  /**
   * RillImageView:address-mode-u: (getter get_address_mode_u)
   *
   * How the sampler reads left and right of the image (`VkSamplerAddressMode`).
   */
  properties[PROP_ADDRESS_MODE_U] = g_param_spec_enum (
    "address-mode-u", NULL, NULL, RILL_TYPE_ADDRESS_MODE, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, flags);
  /**
   * RillImageView:address-mode-v: (getter get_address_mode_v)
   *
   * How the sampler reads above and below the image (`VkSamplerAddressMode`).
   */
  properties[PROP_ADDRESS_MODE_V] = g_param_spec_enum (
    "address-mode-v", NULL, NULL, RILL_TYPE_ADDRESS_MODE, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, flags);
  /**
   * RillImageView:address-mode-w: (getter get_address_mode_w)
   *
   * How the sampler reads before and behind the image (`VkSamplerAddressMode`).
   */
  properties[PROP_ADDRESS_MODE_W] = g_param_spec_enum (
    "address-mode-w", NULL, NULL, RILL_TYPE_ADDRESS_MODE, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, flags);
  /**
   * RillImageView:normalized-coordinates: (getter get_normalized_coordinates)
   *
   * Whether the sampler's coordinates go from 0 to 1 instead of to the number of texels.
   */
  properties[PROP_NORMALIZED_COORDINATES] =
    g_param_spec_boolean ("normalized-coordinates", NULL, NULL, FALSE, flags);
}

static void
rill_image_view_class_init (RillImageViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_image_view_dispose;
  object_class->finalize = rill_image_view_finalize;
  object_class->get_property = rill_image_view_get_property;

  /**
   * RillImageView:image: (getter get_image)
   *
   * The image that is viewed.
   */
  properties[PROP_IMAGE] = g_param_spec_object ("image", NULL, NULL, RILL_TYPE_IMAGE, flags);
  install_sampler_properties ();
  /**
   * RillImageView:sampled: (getter get_sampled)
   *
   * Whether shaders read the image through a sampler, instead of as a storage image.
   */
  properties[PROP_SAMPLED] = g_param_spec_boolean ("sampled", NULL, NULL, FALSE, flags);
  /**
   * RillImageView:closed: (getter get_closed)
   *
   * Whether the view or its image was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_image_view_init (RillImageView *self)
{
}

static gboolean
set_rule_error (GError     **error,
                const char  *rule)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not create a view of an image: %s", rule);
  return FALSE;
}

/* What holds also for views that are not sampled, so that a mistake does not hide. */
static gboolean
check_values (RillFilterMode         filter_mode,
              const RillAddressMode  address_modes[3],
              gboolean               normalized_coordinates,
              GError               **error)
{
  if ((guint) filter_mode > RILL_FILTER_MODE_LINEAR)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create a view of an image: %d is no filter mode", (int) filter_mode);
      return FALSE;
    }
  for (guint i = 0; i < 3; i++)
    if ((guint) address_modes[i] > RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE)
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     "Could not create a view of an image: %d is no address mode",
                     (int) address_modes[i]);
        return FALSE;
      }

  /* Vulkan has no rule for the third direction, which unnormalised coordinates do not have. */
  for (guint i = 0; i < 2 && !normalized_coordinates; i++)
    if (address_modes[i] != RILL_ADDRESS_MODE_CLAMP_TO_EDGE
        && address_modes[i] != RILL_ADDRESS_MODE_CLAMP_TO_BORDER)
      return set_rule_error (error, "without normalised coordinates the address mode must be "
                                    "CLAMP_TO_EDGE or CLAMP_TO_BORDER");
  return TRUE;
}

static gboolean
check_filter (RillImage  *image,
              GError    **error)
{
  RillChannelType type = rill_image_get_channel_type (image);

  if (rill_channel_type_is_integer (type))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not create a view of an image: the filter LINEAR is not for integer and "
                   "64-bit channels such as %s", rill_channel_type_get_name (type));
      return FALSE;
    }
  if (!rill_image_format_filters_linear (rill_resource_get_context (image),
                                         rill_image_get_format (image)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Could not create a view of an image: the device does not filter %u channels of "
                   "%s (VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT)",
                   rill_image_get_storage_channels (image), rill_channel_type_get_name (type));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_sampled (RillImage              *image,
               RillFilterMode          filter_mode,
               const RillAddressMode   address_modes[3],
               gboolean                normalized_coordinates,
               GError                **error)
{
  gboolean mirrors = FALSE;

  if ((rill_image_get_usage (image) & RILL_IMAGE_USAGE_SAMPLED) == 0)
    return set_rule_error (error, "a sampled view needs an image that was created for SAMPLED");
  if (!normalized_coordinates && rill_image_get_image_type (image) == VK_IMAGE_TYPE_3D)
    return set_rule_error (error, "without normalised coordinates the image must be 1-D or 2-D");
  if (filter_mode == RILL_FILTER_MODE_LINEAR && !check_filter (image, error))
    return FALSE;

  for (guint i = 0; i < 3; i++)
    mirrors |= address_modes[i] == RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE;
  if (mirrors && !rill_resource_get_context (image)->features12.samplerMirrorClampToEdge)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "Could not create a view of an image: the device lacks the address mode "
                           "MIRROR_CLAMP_TO_EDGE (samplerMirrorClampToEdge)");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_usable (RillImage              *image,
              RillFilterMode          filter_mode,
              const RillAddressMode   address_modes[3],
              gboolean                normalized_coordinates,
              gboolean                sampled,
              GError                **error)
{
  if (!check_values (filter_mode, address_modes, normalized_coordinates, error))
    return FALSE;
  if (sampled)
    return check_sampled (image, filter_mode, address_modes, normalized_coordinates, error);
  if ((rill_image_get_usage (image) & RILL_IMAGE_USAGE_STORAGE) == 0)
    return set_rule_error (error, "a view that is not sampled needs an image that was created for "
                                  "STORAGE");
  return TRUE;
}

static gboolean
create_sampler (RillImageView  *self,
                RillContext    *context,
                GError        **error)
{
  gboolean is_integer = rill_channel_type_is_integer (rill_image_get_channel_type (self->image))
                        && rill_image_get_channel_type (self->image) != RILL_CHANNEL_TYPE_FLOAT64;
  const VkSamplerCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
    .magFilter = (VkFilter) self->filter_mode,
    .minFilter = (VkFilter) self->filter_mode,
    .mipmapMode = VK_SAMPLER_MIPMAP_MODE_NEAREST,
    .addressModeU = (VkSamplerAddressMode) self->address_modes[0],
    .addressModeV = (VkSamplerAddressMode) self->address_modes[1],
    .addressModeW = (VkSamplerAddressMode) self->address_modes[2],
    .borderColor = is_integer ? VK_BORDER_COLOR_INT_TRANSPARENT_BLACK
                              : VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK,
    .unnormalizedCoordinates = !self->normalized_coordinates,
  };

  return rill_context_check (context,
                             vkCreateSampler (context->device, &info, NULL, &self->sampler), error,
                             "vkCreateSampler", "Could not create a sampler");
}

/* The image is pinned. What was made before a failure goes with the view. */
static gboolean
create_handles (RillImageView  *self,
                GError        **error)
{
  self->view = rill_image_create_vk_view (self->image, self->sampled, error);
  return self->view != VK_NULL_HANDLE
         && (!self->sampled
             || create_sampler (self, rill_resource_get_context (self->image), error));
}

/* The image is pinned: the device is asked before the view is made. */
static RillImageView *
create_view (RillImage              *image,
             RillFilterMode          filter_mode,
             const RillAddressMode   address_modes[3],
             gboolean                normalized_coordinates,
             gboolean                sampled,
             GError                **error)
{
  g_autoptr (RillImageView) self = NULL;

  if (!check_usable (image, filter_mode, address_modes, normalized_coordinates, sampled, error))
    return NULL;
  self = g_object_new (RILL_TYPE_IMAGE_VIEW, NULL);
  self->image = g_object_ref (image);
  self->filter_mode = filter_mode;
  for (guint i = 0; i < 3; i++)
    self->address_modes[i] = address_modes[i];
  self->normalized_coordinates = normalized_coordinates != FALSE;
  self->sampled = sampled != FALSE;
  if (!create_handles (self, error))
    return NULL;
  if (!rill_resource_add_child (image, &self->child, self,
                                (void (*) (GObject *)) rill_image_view_close))
    rill_image_view_close (self);
  return g_steal_pointer (&self);
}

/**
 * rill_image_create_view:
 * @image: an image
 * @filter_mode: how the sampler reads between texels
 * @address_mode: how the sampler reads outside of the image, in every direction
 * @normalized_coordinates: whether the sampler's coordinates go from 0 to 1 instead of to the
 *   number of texels
 * @sampled: whether shaders read the image through a sampler, instead of as a storage image
 * @error: return location for an error
 *
 * Creates a view of the image.
 *
 * See [method@Image.create_view_with_address_modes] for the rules and the errors.
 *
 * Returns: (transfer full): the view
 */
RillImageView *
rill_image_create_view (RillImage        *image,
                        RillFilterMode    filter_mode,
                        RillAddressMode   address_mode,
                        gboolean          normalized_coordinates,
                        gboolean          sampled,
                        GError          **error)
{
  g_return_val_if_fail (RILL_IS_IMAGE (image), NULL);

  return rill_image_create_view_with_address_modes (image, filter_mode, address_mode, address_mode,
                                                    address_mode, normalized_coordinates, sampled,
                                                    error);
}

/**
 * rill_image_create_view_with_address_modes:
 * @image: an image
 * @filter_mode: how the sampler reads between texels
 * @address_mode_u: how the sampler reads left and right of the image
 * @address_mode_v: how the sampler reads above and below the image
 * @address_mode_w: how the sampler reads before and behind the image
 * @normalized_coordinates: whether the sampler's coordinates go from 0 to 1 instead of to the
 *   number of texels
 * @sampled: whether shaders read the image through a sampler, instead of as a storage image
 * @error: return location for an error
 *
 * Creates a view of the image, with an address mode for each direction.
 *
 * Without normalised coordinates the first two address modes must be
 * %RILL_ADDRESS_MODE_CLAMP_TO_EDGE or %RILL_ADDRESS_MODE_CLAMP_TO_BORDER, and a sampled image must
 * be 1-D or 2-D. A sampled view needs an image that was created for %RILL_IMAGE_USAGE_SAMPLED, and
 * one that is not sampled needs %RILL_IMAGE_USAGE_STORAGE. %RILL_FILTER_MODE_LINEAR is for channels
 * that are neither integers nor of 64 bits. See "Samplers" in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for what breaks these rules; %G_IO_ERROR_NOT_SUPPORTED for a
 * filter or address mode that the device lacks; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED;
 * and %RILL_VULKAN_ERROR for what Vulkan refuses.
 *
 * Returns: (transfer full): the view
 */
RillImageView *
rill_image_create_view_with_address_modes (RillImage        *image,
                                           RillFilterMode    filter_mode,
                                           RillAddressMode   address_mode_u,
                                           RillAddressMode   address_mode_v,
                                           RillAddressMode   address_mode_w,
                                           gboolean          normalized_coordinates,
                                           gboolean          sampled,
                                           GError          **error)
{
  const RillAddressMode address_modes[3] = { address_mode_u, address_mode_v, address_mode_w };
  RillImageView *self;

  g_return_val_if_fail (RILL_IS_IMAGE (image), NULL);

  if (!rill_resource_check_open (image, error) || !rill_resource_pin (image, error))
    return NULL;
  self = create_view (image, filter_mode, address_modes, normalized_coordinates, sampled, error);
  rill_resource_unpin (image);
  return self;
}

/**
 * rill_image_view_get_image: (get-property image)
 * @self: an image view
 *
 * Gets the image that is viewed.
 *
 * Returns: (transfer none) (nullable): the image; %NULL if the view was never initialised
 */
RillImage *
rill_image_view_get_image (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), NULL);

  return self->image;
}

/**
 * rill_image_view_get_filter_mode: (get-property filter-mode)
 * @self: an image view
 *
 * Gets how the sampler reads between texels (`VkFilter`).
 *
 * Returns: the filter mode
 */
RillFilterMode
rill_image_view_get_filter_mode (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), 0);

  return self->filter_mode;
}

/**
 * rill_image_view_get_address_mode_u: (get-property address-mode-u)
 * @self: an image view
 *
 * Gets how the sampler reads left and right of the image (`VkSamplerAddressMode`).
 *
 * Returns: the address mode
 */
RillAddressMode
rill_image_view_get_address_mode_u (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), 0);

  return self->address_modes[0];
}

/**
 * rill_image_view_get_address_mode_v: (get-property address-mode-v)
 * @self: an image view
 *
 * Gets how the sampler reads above and below the image (`VkSamplerAddressMode`).
 *
 * Returns: the address mode
 */
RillAddressMode
rill_image_view_get_address_mode_v (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), 0);

  return self->address_modes[1];
}

/**
 * rill_image_view_get_address_mode_w: (get-property address-mode-w)
 * @self: an image view
 *
 * Gets how the sampler reads before and behind the image (`VkSamplerAddressMode`).
 *
 * Returns: the address mode
 */
RillAddressMode
rill_image_view_get_address_mode_w (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), 0);

  return self->address_modes[2];
}

/**
 * rill_image_view_get_normalized_coordinates: (get-property normalized-coordinates)
 * @self: an image view
 *
 * Gets whether the sampler's coordinates go from 0 to 1 instead of to the number of texels.
 *
 * Returns: %TRUE if they are normalised
 */
gboolean
rill_image_view_get_normalized_coordinates (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), FALSE);

  return self->normalized_coordinates;
}

/**
 * rill_image_view_get_sampled: (get-property sampled)
 * @self: an image view
 *
 * Gets whether shaders read the image through a sampler, instead of as a storage image.
 *
 * Returns: %TRUE if the view has a sampler
 */
gboolean
rill_image_view_get_sampled (RillImageView *self)
{
  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), FALSE);

  return self->sampled;
}

/**
 * rill_image_view_get_closed: (get-property closed)
 * @self: an image view
 *
 * Gets whether the view or its image was closed.
 *
 * Returns: %TRUE if it was
 */
gboolean
rill_image_view_get_closed (RillImageView *self)
{
  RillResourceState *state;
  gboolean closed;

  g_return_val_if_fail (RILL_IS_IMAGE_VIEW (self), FALSE);

  if (self->image == NULL)
    return FALSE;
  state = rill_resource_get_state (self->image);
  g_mutex_lock (&state->lock);
  closed = self->closed || state->closed;
  g_mutex_unlock (&state->lock);
  return closed;
}

/**
 * rill_image_view_close:
 * @self: an image view
 *
 * Gives back what the view takes on the device.
 *
 * It goes when the work that was submitted with it ends. The image stays as it is. Closing again
 * does nothing.
 */
void
rill_image_view_close (RillImageView *self)
{
  RillResourceState *state;
  RillRetiredView *retired;

  g_return_if_fail (RILL_IS_IMAGE_VIEW (self));

  if (self->image == NULL)
    return;
  state = rill_resource_get_state (self->image);
  g_mutex_lock (&state->lock);
  if (self->closed)
    {
      g_mutex_unlock (&state->lock);
      return;
    }
  self->closed = TRUE;
  if (self->view != VK_NULL_HANDLE || self->sampler != VK_NULL_HANDLE)
    {
      retired = g_new (RillRetiredView, 1);
      *retired = (RillRetiredView) {
        .view = self->view,
        .sampler = self->sampler,
        .next = state->retired,
      };
      state->retired = retired;
      self->view = VK_NULL_HANDLE;
      self->sampler = VK_NULL_HANDLE;
    }
  rill_resource_release_if_unused_and_unlock (state);
  rill_emitter_notify (rill_resource_get_context (self->image)->emitter, self,
                       properties[PROP_CLOSED]);
}

VkImageView
rill_image_view_get_handle (RillImageView *self)
{
  RillResourceState *state = rill_resource_get_state (self->image);
  VkImageView view;

  g_mutex_lock (&state->lock);
  view = self->view;
  g_mutex_unlock (&state->lock);
  return view;
}

VkImageView
rill_image_view_exchange_locked (RillImageView *self,
                                 VkImageView    handle)
{
  VkImageView old = self->view;

  if (!self->closed)
    self->view = handle;
  return old;
}

VkSampler
rill_image_view_get_sampler (RillImageView *self)
{
  RillResourceState *state = rill_resource_get_state (self->image);
  VkSampler sampler;

  g_mutex_lock (&state->lock);
  sampler = self->sampler;
  g_mutex_unlock (&state->lock);
  return sampler;
}

gboolean
rill_image_view_check_open (RillImageView  *self,
                            GError        **error)
{
  if (self->image == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                           "The RillImageView was not initialised: make it with a method of "
                           "RillImage");
      return FALSE;
    }
  if (!rill_resource_check_open (self->image, error))
    return FALSE;
  if (rill_image_view_get_closed (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The image view is closed");
      return FALSE;
    }
  return TRUE;
}
