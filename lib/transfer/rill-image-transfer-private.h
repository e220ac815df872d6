/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer/rill-image-transfer.h"
#include "transfer/rill-staged-transfer-private.h"
#include "transfer/rill-submission-private.h"

/* A transfer of the whole image from or to host memory of its minimum size. */
void     rill_image_transfer_init (RillStagedTransfer *self,
                                  RillImage          *image,
                                  gboolean            upload,
                                  guint8             *host);
/* Makes such a transfer, after the asynchronous ones that were queued on the image. An upload
 * returns when every byte was taken; @point (nullable) receives the moment of the arrival. */
gboolean rill_image_transfer_run (RillImage        *image,
                                  gboolean          upload,
                                  guint8           *host,
                                  RillSyncPoint    *point,
                                  GCancellable     *cancellable,
                                  GError          **error);
/* NULL and OUT_OF_HOST_MEMORY instead of an abort. */
guint8  *rill_image_allocate_host (RillImage       *image,
                                   GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/* INVALID_ARGUMENT unless the content of one can be copied to the other. */
gboolean rill_image_check_copy   (RillImage        *from,
                                  RillImage        *to,
                                  GError          **error);
/* FALSE where the content has to be converted on its way. */
gboolean rill_image_can_record_copy (RillImage     *from,
                                     RillImage     *to);
void     rill_image_record_copy  (RillImage        *from,
                                  RillImage        *to,
                                  VkCommandBuffer   command);
/* FALSE where Vulkan has no value for an added channel of the image's type. */
gboolean rill_image_can_record_clear (RillImage    *image);
void     rill_image_record_clear (RillImage        *image,
                                  VkCommandBuffer   command);
