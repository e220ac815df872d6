/* SPDX-License-Identifier: MIT */
#include "compute/rill-shader-format-private.h"

typedef struct
{
  SpvImageFormat spirv;
  VkFormat vulkan;
  const char *glsl;
} ShaderFormat;

#define FORMAT(spirv, vulkan, glsl) { SpvImageFormat##spirv, VK_FORMAT_##vulkan, glsl }

static const ShaderFormat formats[] = {
  FORMAT (Rgba32f, R32G32B32A32_SFLOAT, "rgba32f"),
  FORMAT (Rgba16f, R16G16B16A16_SFLOAT, "rgba16f"),
  FORMAT (R32f, R32_SFLOAT, "r32f"),
  FORMAT (Rgba8, R8G8B8A8_UNORM, "rgba8"),
  FORMAT (Rgba8Snorm, R8G8B8A8_SNORM, "rgba8_snorm"),
  FORMAT (Rg32f, R32G32_SFLOAT, "rg32f"),
  FORMAT (Rg16f, R16G16_SFLOAT, "rg16f"),
  FORMAT (R11fG11fB10f, B10G11R11_UFLOAT_PACK32, "r11f_g11f_b10f"),
  FORMAT (R16f, R16_SFLOAT, "r16f"),
  FORMAT (Rgba16, R16G16B16A16_UNORM, "rgba16"),
  FORMAT (Rgb10A2, A2B10G10R10_UNORM_PACK32, "rgb10_a2"),
  FORMAT (Rg16, R16G16_UNORM, "rg16"),
  FORMAT (Rg8, R8G8_UNORM, "rg8"),
  FORMAT (R16, R16_UNORM, "r16"),
  FORMAT (R8, R8_UNORM, "r8"),
  FORMAT (Rgba16Snorm, R16G16B16A16_SNORM, "rgba16_snorm"),
  FORMAT (Rg16Snorm, R16G16_SNORM, "rg16_snorm"),
  FORMAT (Rg8Snorm, R8G8_SNORM, "rg8_snorm"),
  FORMAT (R16Snorm, R16_SNORM, "r16_snorm"),
  FORMAT (R8Snorm, R8_SNORM, "r8_snorm"),
  FORMAT (Rgba32i, R32G32B32A32_SINT, "rgba32i"),
  FORMAT (Rgba16i, R16G16B16A16_SINT, "rgba16i"),
  FORMAT (Rgba8i, R8G8B8A8_SINT, "rgba8i"),
  FORMAT (R32i, R32_SINT, "r32i"),
  FORMAT (Rg32i, R32G32_SINT, "rg32i"),
  FORMAT (Rg16i, R16G16_SINT, "rg16i"),
  FORMAT (Rg8i, R8G8_SINT, "rg8i"),
  FORMAT (R16i, R16_SINT, "r16i"),
  FORMAT (R8i, R8_SINT, "r8i"),
  FORMAT (Rgba32ui, R32G32B32A32_UINT, "rgba32ui"),
  FORMAT (Rgba16ui, R16G16B16A16_UINT, "rgba16ui"),
  FORMAT (Rgba8ui, R8G8B8A8_UINT, "rgba8ui"),
  FORMAT (R32ui, R32_UINT, "r32ui"),
  FORMAT (Rgb10a2ui, A2B10G10R10_UINT_PACK32, "rgb10_a2ui"),
  FORMAT (Rg32ui, R32G32_UINT, "rg32ui"),
  FORMAT (Rg16ui, R16G16_UINT, "rg16ui"),
  FORMAT (Rg8ui, R8G8_UINT, "rg8ui"),
  FORMAT (R16ui, R16_UINT, "r16ui"),
  FORMAT (R8ui, R8_UINT, "r8ui"),
  FORMAT (R64ui, R64_UINT, "r64ui"),
  FORMAT (R64i, R64_SINT, "r64i"),
};

VkFormat
rill_shader_format_get_vk_format (SpvImageFormat format)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].spirv == format)
      return formats[i].vulkan;
  return VK_FORMAT_UNDEFINED;
}

const char *
rill_shader_format_get_glsl_name (VkFormat format)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].vulkan == format)
      return formats[i].glsl;
  return NULL;
}
