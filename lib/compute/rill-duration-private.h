/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-duration.h"
#include "session/rill-session-private.h"

/* The two queries of a duration: held by it and by the recordings that write them, so that they
 * outlive the duration's close; destroyed when the last work that writes them has ended. */
typedef struct
{
  gatomicrefcount ref_count;
  RillContext *context; /* (owned) */
  VkQueryPool pool;
  guint valid_bits;

  GMutex lock;
  guint n_announced;    /* submissions that write them and have no point yet */
  gboolean measured;    /* work that writes them was submitted */
  RillSyncPoint point;
} RillTimestamps;

RillTimestamps *rill_timestamps_ref        (RillTimestamps       *self);
void            rill_timestamps_unref      (RillTimestamps       *self);
/* Records a query between barriers, so that it stands between what is before and after. */
void            rill_timestamps_record     (RillTimestamps       *self,
                                            VkCommandBuffer       command,
                                            gboolean              end);
/* Before a submission that writes them, and after it; NULL when it has failed. */
void            rill_timestamps_announce   (RillTimestamps       *self);
void            rill_timestamps_note       (RillTimestamps       *self,
                                            const RillSyncPoint  *point);
/* A counter of fewer than 64 bits wraps around. */
gint64          rill_timestamps_to_nanoseconds (const guint64     ticks[2],
                                            guint                 valid_bits,
                                            double                period);

/* NOT_INITIALIZED, CLOSED, DEVICE_LOST, or TRUE. */
gboolean        rill_duration_check_open   (RillDuration         *self,
                                            GError              **error);
/* NULL: never initialised or closed. */
RillTimestamps *rill_duration_ref_timestamps (RillDuration       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillTimestamps, rill_timestamps_unref)
