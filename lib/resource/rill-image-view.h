/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-image.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_IMAGE_VIEW (rill_image_view_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillImageView, rill_image_view, RILL, IMAGE_VIEW, GObject)

RILL_API
RillImageView   *rill_image_create_view                     (RillImage        *image,
                                                             RillFilterMode    filter_mode,
                                                             RillAddressMode   address_mode,
                                                             gboolean          normalized_coordinates,
                                                             gboolean          sampled,
                                                             GError          **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillImageView   *rill_image_create_view_with_address_modes  (RillImage        *image,
                                                             RillFilterMode    filter_mode,
                                                             RillAddressMode   address_mode_u,
                                                             RillAddressMode   address_mode_v,
                                                             RillAddressMode   address_mode_w,
                                                             gboolean          normalized_coordinates,
                                                             gboolean          sampled,
                                                             GError          **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillImage       *rill_image_view_get_image                  (RillImageView    *self);
RILL_API
RillFilterMode   rill_image_view_get_filter_mode            (RillImageView    *self);
RILL_API
RillAddressMode  rill_image_view_get_address_mode_u         (RillImageView    *self);
RILL_API
RillAddressMode  rill_image_view_get_address_mode_v         (RillImageView    *self);
RILL_API
RillAddressMode  rill_image_view_get_address_mode_w         (RillImageView    *self);
RILL_API
gboolean         rill_image_view_get_normalized_coordinates (RillImageView    *self);
RILL_API
gboolean         rill_image_view_get_sampled                (RillImageView    *self);
RILL_API
gboolean         rill_image_view_get_closed                 (RillImageView    *self);
RILL_API
void             rill_image_view_close                      (RillImageView    *self);

G_END_DECLS
