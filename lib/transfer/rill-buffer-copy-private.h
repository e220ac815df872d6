/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-buffer.h"

/* Checks the range, keeps the order with queued transfers, and moves the bytes. */
gboolean rill_buffer_transfer (RillBuffer    *buffer,
                               guint64        offset,
                               gpointer       host,
                               guint64        size,
                               gboolean       upload,
                               GCancellable  *cancellable,
                               GError       **error);
