/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer-private.h"
#include "transfer/rill-transfer-private.h"

typedef enum
{
  RILL_MOVE_BY_BEST,    /* directly where the memory is mappable and fast to touch, else staged */
  RILL_MOVE_BY_STAGING, /* also where a staged access of the caller's excludes direct ones */
} RillMovePath;

/* Moves bytes between host memory and a checked, non-empty range of a buffer. @transfer (nullable) is
 * advanced; @point (nullable) receives when the device has done all of it. */
gboolean rill_buffer_move (RillBuffer     *buffer,
                           guint64         offset,
                           gpointer        host,
                           guint64         size,
                           gboolean        upload,
                           RillMovePath    path,
                           RillTransfer   *transfer,
                           RillSyncPoint  *point,
                           GCancellable   *cancellable,
                           GError        **error);
