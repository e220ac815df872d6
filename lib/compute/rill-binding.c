/* SPDX-License-Identifier: MIT */
#include "compute/rill-binding-private.h"

#include "compute/rill-shader-format-private.h"
#include "core/rill-error-private.h"
#include "core/rill-format-private.h"

/* Everything that the checks need, so that they can be short. */
typedef struct
{
  RillContext *context;
  const RillBinding *binding;
  RillBindingKind kind;
  const char *name;
} Check;

gpointer
rill_bound_get_resource (const RillBound *self)
{
  if (RILL_IS_IMAGE_VIEW (self->object))
    return rill_image_view_get_image (RILL_IMAGE_VIEW (self->object));
  return self->object;
}

static gboolean
check_kind (const Check  *check,
            GObject      *object,
            GError      **error)
{
  gboolean is_buffer = check->kind == RILL_BINDING_STORAGE_BUFFER
                       || check->kind == RILL_BINDING_UNIFORM_BUFFER;
  const char *given;

  if (RILL_IS_BUFFER (object) ? is_buffer
      : RILL_IS_IMAGE (object) ? check->kind == RILL_BINDING_STORAGE_IMAGE
                               : RILL_IS_IMAGE_VIEW (object) && !is_buffer)
    return TRUE;
  if (RILL_IS_BUFFER (object))
    given = "a buffer";
  else if (RILL_IS_IMAGE (object))
    given = check->kind == RILL_BINDING_SAMPLED_IMAGE
              ? "an image without a sampler: bind a sampled view of it" : "an image";
  else
    given = RILL_IS_IMAGE_VIEW (object) ? "an image view" : G_OBJECT_TYPE_NAME (object);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not bind “%s”: the shader expects a %s, not %s", check->name,
               rill_binding_kind_get_name (check->kind), given);
  return FALSE;
}

static gboolean
check_resource (const Check  *check,
                gpointer      resource,
                GError      **error)
{
  gboolean usable = FALSE;

  if (rill_resource_check_open (resource, error)
      && rill_resource_check_session (resource, check->context, error))
    switch (check->kind)
      {
      case RILL_BINDING_STORAGE_BUFFER:
        usable = rill_buffer_check_usage (resource, RILL_BUFFER_USAGE_STORAGE, error);
        break;
      case RILL_BINDING_UNIFORM_BUFFER:
        usable = rill_buffer_check_usage (resource, RILL_BUFFER_USAGE_UNIFORM, error);
        break;
      case RILL_BINDING_STORAGE_IMAGE:
        usable = rill_image_check_usage (resource, RILL_IMAGE_USAGE_STORAGE, error);
        break;
      case RILL_BINDING_SAMPLED_IMAGE:
        usable = rill_image_check_usage (resource, RILL_IMAGE_USAGE_SAMPLED, error);
        break;
      default:
        g_assert_not_reached ();
      }
  if (!usable)
    g_prefix_error (error, "Could not bind “%s”: ", check->name);
  return usable;
}

static gboolean
check_alignment (const Check  *check,
                 guint64       offset,
                 GError      **error)
{
  const VkPhysicalDeviceLimits *limits = &check->context->properties.limits;
  gboolean uniform = check->kind == RILL_BINDING_UNIFORM_BUFFER;
  guint64 alignment = uniform ? limits->minUniformBufferOffsetAlignment
                              : limits->minStorageBufferOffsetAlignment;

  if (offset % alignment == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not bind “%s”: offset %" G_GUINT64_FORMAT
               " is no multiple of %" G_GUINT64_FORMAT " (%s)",
               check->name, offset, alignment,
               uniform ? "minUniformBufferOffsetAlignment" : "minStorageBufferOffsetAlignment");
  return FALSE;
}

static gboolean
check_range_size (const Check  *check,
                  guint64       size,
                  GError      **error)
{
  const VkPhysicalDeviceLimits *limits = &check->context->properties.limits;
  gboolean uniform = check->kind == RILL_BINDING_UNIFORM_BUFFER;
  guint64 limit = uniform ? limits->maxUniformBufferRange : limits->maxStorageBufferRange;

  if (size == 0 || size < check->binding->minimum_size)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not bind “%s”: a range of %" G_GUINT64_FORMAT " bytes is less than the %"
                 G_GUINT64_FORMAT " bytes that the shader declares",
                 check->name, size, MAX (1, check->binding->minimum_size));
  else if (size > limit)
    g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "Could not bind “%s”: a range of %" G_GUINT64_FORMAT " bytes is over the device's limit "
      "of %" G_GUINT64_FORMAT " bytes (%s); bind a part of the buffer",
      check->name, size, limit, uniform ? "maxUniformBufferRange" : "maxStorageBufferRange");
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_buffer (const Check  *check,
              RillBuffer   *buffer,
              guint64       offset,
              gint64        size,
              RillBound    *bound,
              GError      **error)
{
  g_autofree char *what = NULL;

  if (!check_resource (check, buffer, error))
    return FALSE;
  what = g_strdup_printf ("bind “%s”", check->name);
  if (!rill_resource_check_range (what, rill_resource_get_size (RILL_RESOURCE (buffer)), offset,
                                  size, &bound->size, error)
      || !check_alignment (check, offset, error) || !check_range_size (check, bound->size, error))
    return FALSE;
  bound->offset = offset;
  return TRUE;
}

static gboolean
check_view (const Check    *check,
            RillImageView  *view,
            GError        **error)
{
  gboolean sampled = check->kind == RILL_BINDING_SAMPLED_IMAGE;

  if (!rill_image_view_check_open (view, error))
    {
      g_prefix_error (error, "Could not bind “%s”: ", check->name);
      return FALSE;
    }
  if (rill_image_view_get_sampled (view) == sampled)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not bind “%s”: the shader expects a %s, but the view %s", check->name,
               rill_binding_kind_get_name (check->kind),
               sampled ? "has no sampler" : "was created to be sampled");
  return FALSE;
}

static gboolean
check_dimension (const Check  *check,
                 RillImage    *image,
                 GError      **error)
{
  static const char * const names[] = {
    [VK_IMAGE_TYPE_1D] = "1-D",
    [VK_IMAGE_TYPE_2D] = "2-D",
    [VK_IMAGE_TYPE_3D] = "3-D",
  };
  VkImageType type = rill_image_get_image_type (image);

  if (type == check->binding->image_type)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not bind “%s”: the shader expects a %s image, not a %s one", check->name,
               names[check->binding->image_type], names[type]);
  return FALSE;
}

/* What a shader must declare to read channels of the type; FALSE if no shader can. */
static gboolean
get_component (RillChannelType  type,
               RillComponent   *component)
{
  switch (type)
    {
    case RILL_CHANNEL_TYPE_UINT8:
    case RILL_CHANNEL_TYPE_UINT16:
    case RILL_CHANNEL_TYPE_UINT32:
      *component = RILL_COMPONENT_UINT;
      return TRUE;
    case RILL_CHANNEL_TYPE_INT8:
    case RILL_CHANNEL_TYPE_INT16:
    case RILL_CHANNEL_TYPE_INT32:
      *component = RILL_COMPONENT_INT;
      return TRUE;
    case RILL_CHANNEL_TYPE_UINT64:
      *component = RILL_COMPONENT_UINT64;
      return TRUE;
    case RILL_CHANNEL_TYPE_INT64:
      *component = RILL_COMPONENT_INT64;
      return TRUE;
    case RILL_CHANNEL_TYPE_FLOAT16:
    case RILL_CHANNEL_TYPE_FLOAT32:
    case RILL_CHANNEL_TYPE_UNORM8:
    case RILL_CHANNEL_TYPE_UNORM16:
    case RILL_CHANNEL_TYPE_SRGB8:
      *component = RILL_COMPONENT_FLOAT;
      return TRUE;
    case RILL_CHANNEL_TYPE_FLOAT64:
    default:
      return FALSE;
    }
}

static gboolean
check_component (const Check  *check,
                 RillImage    *image,
                 GError      **error)
{
  static const char * const names[] = {
    [RILL_COMPONENT_FLOAT] = "float",
    [RILL_COMPONENT_INT] = "int",
    [RILL_COMPONENT_UINT] = "uint",
    [RILL_COMPONENT_INT64] = "int64_t",
    [RILL_COMPONENT_UINT64] = "uint64_t",
  };
  RillChannelType type = rill_image_get_channel_type (image);
  RillComponent component;

  if (!get_component (type, &component))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not bind “%s”: shaders have no access to %s channels", check->name,
                 rill_channel_type_get_name (type));
  else if (component != check->binding->component)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not bind “%s”: the shader expects components of type %s, but %s channels "
                 "are %s to it",
                 check->name, names[check->binding->component], rill_channel_type_get_name (type),
                 names[component]);
  else
    return TRUE;
  return FALSE;
}

/* A storage image whose format the shader leaves open. */
static gboolean
check_without_format (const Check  *check,
                      VkFormat      format,
                      GError      **error)
{
  VkFormatProperties3 properties3 = { .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3 };
  VkFormatProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2,
    .pNext = &properties3,
  };
  VkFormatFeatureFlags2 needed = 0;

  if (check->binding->reads)
    needed |= VK_FORMAT_FEATURE_2_STORAGE_READ_WITHOUT_FORMAT_BIT;
  if (check->binding->writes)
    needed |= VK_FORMAT_FEATURE_2_STORAGE_WRITE_WITHOUT_FORMAT_BIT;
  vkGetPhysicalDeviceFormatProperties2 (check->context->physical_device, format, &properties);
  if ((properties3.optimalTilingFeatures & needed) == needed)
    return TRUE;
  g_set_error (
    error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
    "Could not bind “%s”: for images of this type the device needs a shader that declares their "
    "format, such as layout (%s)",
    check->name,
    rill_shader_format_get_glsl_name (format) != NULL ? rill_shader_format_get_glsl_name (format)
                                                      : "rgba8");
  return FALSE;
}

static gboolean
check_format (const Check  *check,
              RillImage    *image,
              GError      **error)
{
  VkFormat format = rill_image_get_format (image);
  guint channels = rill_image_get_storage_channels (image);
  const char *name = rill_shader_format_get_glsl_name (format);

  if (check->kind != RILL_BINDING_STORAGE_IMAGE || format == check->binding->format)
    return TRUE;
  if (check->binding->format == VK_FORMAT_UNDEFINED)
    return check_without_format (check, format, error);
  g_set_error (
    error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
    "Could not bind “%s”: the shader declares the format %s, but the image is stored as %s "
    "(%u %s of %s)",
    check->name, rill_shader_format_get_glsl_name (check->binding->format),
    name != NULL ? name : "one that shaders cannot declare", channels,
    channels == 1 ? "channel" : "channels",
    rill_channel_type_get_name (rill_image_get_channel_type (image)));
  return FALSE;
}

static gboolean
check_object (const Check  *check,
              GObject      *object,
              guint64       offset,
              gint64        size,
              RillBound    *bound,
              GError      **error)
{
  RillImage *image;

  if (!check_kind (check, object, error))
    return FALSE;
  if (RILL_IS_BUFFER (object))
    return check_buffer (check, RILL_BUFFER (object), offset, size, bound, error);

  if (RILL_IS_IMAGE_VIEW (object) && !check_view (check, RILL_IMAGE_VIEW (object), error))
    return FALSE;
  image = rill_bound_get_resource (bound);
  return check_resource (check, image, error) && check_dimension (check, image, error)
         && check_component (check, image, error) && check_format (check, image, error);
}

gboolean
rill_binding_check (RillContext           *context,
                    const RillReflection  *reflection,
                    const RillBinding     *binding,
                    const char            *name,
                    GObject               *object,
                    guint64                offset,
                    gint64                 size,
                    RillBound             *bound,
                    GError               **error)
{
  const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, binding->descriptor);

  *bound = (RillBound) { .object = object };
  /* Variables that share the descriptor see the same object. */
  for (guint i = 0; i < reflection->bindings->len; i++)
    {
      const Check check = {
        .context = context,
        .binding = rill_reflection_binding (reflection, i),
        .kind = descriptor->kind,
        .name = name,
      };

      if (check.binding->descriptor == binding->descriptor
          && (check.binding == binding || check.binding->used)
          && !check_object (&check, object, offset, size, bound, error))
        return FALSE;
    }
  return TRUE;
}
