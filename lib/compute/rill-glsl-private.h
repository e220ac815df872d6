/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <vulkan/vulkan.h>

/* Compiles a compute shader to SPIR-V 1.6 for Vulkan 1.3; on failure the error is
 * SHADER_COMPILATION with the compiler's text. Names are kept for reflection, and so are bindings
 * that no statement uses. @name NULL: the source is no file. Any thread, without locks. */
GBytes *rill_glsl_compile (const VkPhysicalDeviceLimits  *limits,
                           const char                    *source,
                           const char                    *name,
                           const char * const            *include_dirs,
                           GError                       **error);
