/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <spirv_cross/spirv_cross_c.h>
#include <vulkan/vulkan.h>

/* The formats that a shader can declare an image with. */

/* VK_FORMAT_UNDEFINED where Vulkan has none. */
VkFormat    rill_shader_format_get_vk_format (SpvImageFormat format);
/* "rgba8ui"; NULL if GLSL has no name for it. */
const char *rill_shader_format_get_glsl_name (VkFormat       format);
