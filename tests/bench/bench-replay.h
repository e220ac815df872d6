/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* Replays what RILL_TRACE has recorded, without a device: with each strategy, in pages of the recorded size and of
 * @page_size (0: only of that). */
gboolean bench_replay (const char  *path,
                       guint64      page_size,
                       GError     **error);
