/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-page-private.h"

#define RILL_STAGING_SIZE (64 * 1024 * 1024)

/* A ring of mapped host memory through which data go to and from memory that the host cannot touch.
 * Regions are handed out in order, and used again in order once their holder has given them back and
 * the device has done with them. */
typedef struct _RillStaging RillStaging;

typedef struct
{
  guint64 offset; /* in the ring's buffer */
  guint64 size;
  guint8 *map;

  /*< private >*/
  guint64 end; /* on the endless line that the ring is wound from */
  gboolean held;
  RillSyncPoint point;
} RillStagingRegion;

RillStaging       *rill_staging_new        (RillContext             *context,
                                            GError                 **error);
/* Waits for the device's work on regions that were given back. */
void               rill_staging_free       (RillStaging             *self);

VkBuffer           rill_staging_get_buffer (RillStaging             *self);
guint64            rill_staging_get_size   (RillStaging             *self);

/* A region of @size bytes, at most a quarter of the ring, aligned for every texel. With @wait it blocks
 * until there is room: then the caller must hold no other region, or two callers could wait for
 * each other. Without, NULL with no error says that there is none now. */
RillStagingRegion *rill_staging_acquire    (RillStaging             *self,
                                            guint64                  size,
                                            gboolean                 wait,
                                            GCancellable            *cancellable,
                                            GError                 **error);
/* @point: when the device has done with it; NULL: it has. */
void               rill_staging_release    (RillStaging             *self,
                                            RillStagingRegion       *region,
                                            const RillSyncPoint     *point);

gboolean           rill_staging_flush      (RillStaging             *self,
                                            const RillStagingRegion *region,
                                            GError                 **error);
gboolean           rill_staging_invalidate (RillStaging             *self,
                                            const RillStagingRegion *region,
                                            GError                 **error);
