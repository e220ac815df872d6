/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

/**
 * RILL_VULKAN_ERROR:
 *
 * Error domain of what Vulkan, the device or a shader refuses; its codes are [error@VulkanError].
 */
#define RILL_VULKAN_ERROR (rill_vulkan_error_quark ())

RILL_API
GQuark rill_vulkan_error_quark (void);

G_END_DECLS
