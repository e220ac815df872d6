/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image-private.h"

/* How an image is stored. */
typedef struct
{
  VkFormat format;
  guint channels;          /* in storage: as many as the image has, or more */
  VkImageUsageFlags usage; /* with the transfers that the library adds */
} RillImageFormat;

/* Checks the usage and replaces NONE by the default set. */
gboolean    rill_image_usage_resolve         (RillImageUsageFlags    usage,
                                              RillChannelType        type,
                                              RillImageUsageFlags   *resolved,
                                              GError               **error);
/* "SAMPLED | STORAGE" */
char       *rill_image_usage_to_string       (RillImageUsageFlags   usage) G_GNUC_WARN_UNUSED_RESULT;

/* "4001 × 3" */
char       *rill_image_shape_to_string       (const RillImageShape *self) G_GNUC_WARN_UNUSED_RESULT;
VkImageType rill_image_shape_get_image_type  (const RillImageShape  *self);

/* Chooses the format with the fewest channels that the device has for the usage. @what is for
 * errors. */
gboolean    rill_image_format_choose         (RillImageFormat       *self,
                                              RillContext           *context,
                                              const RillImageShape  *shape,
                                              RillChannelType        type,
                                              RillImageUsageFlags    usage,
                                              const char            *what,
                                              GError               **error);
/* NOT_SUPPORTED for what cannot be transferred. */
gboolean    rill_image_format_check_transfer (const RillImageFormat *self,
                                              GError               **error);
/* See rill_image_check_layout(). */
gboolean    rill_image_format_check_layout   (const RillImageFormat *self,
                                              RillImageLayout        layout,
                                              GError               **error);
gboolean    rill_image_format_filters_linear (RillContext           *context,
                                              VkFormat               format);
