/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-resource.h"
#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_TRANSFER (rill_transfer_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillTransfer, rill_transfer, RILL, TRANSFER, GObject)

RILL_API
RillResource          *rill_transfer_get_resource    (RillTransfer *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillTransferDirection  rill_transfer_get_direction   (RillTransfer *self);
RILL_API
guint64                rill_transfer_get_bytes_total (RillTransfer *self);
RILL_API
guint64                rill_transfer_get_bytes_done  (RillTransfer *self);
RILL_API
double                 rill_transfer_get_progress    (RillTransfer *self);
RILL_API
GCancellable          *rill_transfer_get_cancellable (RillTransfer *self);

G_END_DECLS
