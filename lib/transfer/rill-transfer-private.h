/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer/rill-transfer.h"

/* NULL for transfers too small to last (then advance and end do nothing). The session's list shows it once
 * it has run for 100 ms. */
RillTransfer *rill_transfer_begin   (gpointer               resource,
                                     RillTransferDirection  direction,
                                     guint64                bytes_total,
                                     GCancellable          *cancellable);
void          rill_transfer_advance (RillTransfer          *self,
                                     guint64                bytes);
/* Takes it out of the list and drops the reference. */
void          rill_transfer_end     (RillTransfer          *self);
