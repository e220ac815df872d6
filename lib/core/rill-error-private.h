/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <vulkan/vulkan.h>

#include "core/rill-error.h"

/* The text becomes "<attempt>: <call>: <sentence> (VK_ERROR_X)". */
void        rill_set_vulkan_error     (GError     **error,
                                       VkResult     result,
                                       const char  *call,
                                       const char  *attempt,
                                       ...) G_GNUC_PRINTF (4, 5);
const char *rill_vk_result_get_name   (VkResult     result);
char       *rill_format_size          (guint64      size) G_GNUC_WARN_UNUSED_RESULT; /* "4.2 MB" */
