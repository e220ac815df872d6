/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer/rill-transfer.h"

/* NULL for transfers too small to last (then advance and end do nothing). */
RillTransfer *rill_transfer_begin   (gpointer               resource,
                                     RillTransferDirection  direction,
                                     guint64                bytes_total,
                                     GCancellable          *cancellable);
/* Shows the transfer in the session's list once it has run for 100 ms. Any thread. */
void          rill_transfer_advance (RillTransfer          *self,
                                     guint64                bytes);
/* Takes it out of the list and drops the reference. */
void          rill_transfer_end     (RillTransfer          *self);
