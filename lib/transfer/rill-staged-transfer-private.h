/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer/rill-submission-private.h"
#include "transfer/rill-transfer-private.h"

/* A contiguous part of the host data that goes through the staging ring at once. */
typedef struct
{
  guint64 host_offset;      /* bytes from the start of the host data */
  guint64 n_units;
  VkBufferImageCopy region; /* images; bufferOffset is set when it is recorded */
} RillChunk;

typedef struct _RillStagedTransfer RillStagedTransfer;

/* A transfer between host memory and a resource through the staging ring: chunk after chunk, the
 * host's copying overlapped with the device's. The host data are an array of units of host_unit
 * bytes; in staging memory a unit has staging_unit bytes, repacked where the two differ. */
struct _RillStagedTransfer
{
  gpointer resource;        /* (unowned) */
  gboolean upload;
  guint8 *host;             /* (unowned) read only for an upload */
  guint64 n_units;
  guint host_unit;
  guint staging_unit;
  guint64 offset;           /* buffers: of the first byte in the buffer */

  /* Repacking, where host_unit and staging_unit differ: channels of a texel. */
  RillChannelType channel_type;
  guint host_channels;
  guint staging_channels;

  RillSyncPoint point;      /* set by run: when the device has done all of it */

  /* Sets n_units and region of the chunk that starts at unit @first, of at most @max_units. NULL: as
   * many as may be (buffers). */
  void (* split)  (RillStagedTransfer *self, guint64 first, guint64 max_units, RillChunk *chunk);
  /* Records the copy between @staging at @staging_offset and the resource (GENERAL layout). */
  void (* record) (RillStagedTransfer *self, const RillChunk *chunk, VkCommandBuffer command,
                   VkBuffer staging, guint64 staging_offset);
};

/* The resource is pinned by the caller. An upload returns when every byte was taken and submitted, a
 * download when every byte has arrived. Cancellation takes effect between chunks. */
gboolean rill_staged_transfer_run (RillStagedTransfer  *self,
                                   RillTransfer        *transfer, /* (nullable): progress */
                                   GCancellable        *cancellable,
                                   GError             **error);
