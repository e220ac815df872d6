/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>

#include "rill-enums.h"

gboolean    rill_channel_type_is_valid   (RillChannelType type);
const char *rill_channel_type_get_name   (RillChannelType type); /* "UINT8" */
guint       rill_channel_type_get_size   (RillChannelType type); /* bytes of one channel */
/* TRUE where Vulkan has no linear filter by definition: the *INT and 64-bit types. */
gboolean    rill_channel_type_is_integer (RillChannelType type);
VkFormat    rill_channel_type_get_format (RillChannelType type,
                                          guint           channels); /* 1..4 */
/* The bytes of the value that reads as one in a shader; 8 bytes are enough for any type. */
void        rill_channel_type_get_one    (RillChannelType type,
                                          guint8          one[8]);

/* Repacking between host texels of from_channels and storage texels of to_channels of the same
 * type; channels that are added are set to one. Both directions; used on staging memory. */
void        rill_format_repack           (RillChannelType type,
                                          guint           from_channels,
                                          gconstpointer   from,
                                          guint           to_channels,
                                          gpointer        to,
                                          gsize           n_texels);
