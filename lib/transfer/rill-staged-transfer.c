/* SPDX-License-Identifier: MIT */
#include "transfer/rill-staged-transfer-private.h"

#include "core/rill-format-private.h"
#include "transfer/rill-engine-private.h"

/* Large enough that a submission costs nothing beside it, small enough that the host's copying and the
 * device's overlap soon: both measured. */
#define MAX_CHUNK (8 * 1024 * 1024)
#define MIN_CHUNK (512 * 1024)

/* From here on a queue with copy engines of its own is worth a semaphore between the queues. */
#define TRANSFER_QUEUE_SIZE (1024 * 1024)

/* Downloads wait for the device with the oldest chunk while it works on the others. */
#define MAX_IN_FLIGHT 16

/* Texels that one thread repacks at a time. */
#define REPACK_PART (128 * 1024)

typedef struct
{
  RillStagedTransfer *transfer;
  RillEngine *engine;   /* (owned) */
  RillStaging *staging; /* (unowned) */
  RillContext *context; /* (unowned) */
  RillQueue *queue;
  RillUse use;
  guint64 chunk_units;
} Run;

typedef struct
{
  RillChunk chunk;
  RillStagingRegion *region;
  RillSyncPoint point;
} InFlight;

typedef struct
{
  const RillStagedTransfer *transfer;
  guint8 *host;
  guint8 *staging;
  gsize n_units;
} Repack;

static void
repack_part (guint    part,
             gpointer data)
{
  const Repack *repack = data;
  const RillStagedTransfer *transfer = repack->transfer;
  gsize first = (gsize) part * REPACK_PART;
  gsize n = MIN (REPACK_PART, repack->n_units - first);
  guint8 *host = repack->host + first * transfer->host_unit;
  guint8 *staging = repack->staging + first * transfer->staging_unit;

  if (transfer->upload)
    rill_format_repack (transfer->channel_type, transfer->host_channels, host, transfer->staging_channels,
                        staging, n);
  else
    rill_format_repack (transfer->channel_type, transfer->staging_channels, staging,
                        transfer->host_channels, host, n);
}

/* Between the host's memory and a region of the ring. */
static void
copy_chunk (Run                     *run,
            const RillChunk         *chunk,
            const RillStagingRegion *region)
{
  RillStagedTransfer *transfer = run->transfer;
  RillCopyPool *pool = rill_engine_get_copy_pool (run->engine);
  guint8 *host = transfer->host + chunk->host_offset;
  Repack repack = { .transfer = transfer, .host = host, .staging = region->map, .n_units = chunk->n_units };

  if (transfer->host_unit != transfer->staging_unit)
    rill_copy_pool_run (pool, (guint) ((chunk->n_units + REPACK_PART - 1) / REPACK_PART), repack_part, &repack);
  else if (transfer->upload)
    rill_copy_pool_copy (pool, region->map, host, chunk->n_units * transfer->host_unit);
  else
    rill_copy_pool_copy (pool, host, region->map, chunk->n_units * transfer->host_unit);
}

static gboolean
submit_chunk (Run                      *run,
              const RillChunk          *chunk,
              const RillStagingRegion  *region,
              RillSyncPoint            *point,
              GError                  **error)
{
  RillSubmission submission;

  if (!rill_submission_begin (&submission, run->context, run->queue, &run->use, 1, error))
    return FALSE;
  run->transfer->record (run->transfer, chunk, submission.command, rill_staging_get_buffer (run->staging),
                         region->offset);
  if (!run->transfer->upload)
    submission.to_host = TRUE;
  if (!rill_submission_end (&submission, VK_NULL_HANDLE, point, error))
    return FALSE;
  rill_sync_point_merge (&run->transfer->point, point);
  return TRUE;
}

static void
get_chunk (Run       *run,
           guint64    first,
           RillChunk *chunk)
{
  RillStagedTransfer *transfer = run->transfer;
  guint64 max_units = MIN (run->chunk_units, transfer->n_units - first);

  *chunk = (RillChunk) { .host_offset = first * transfer->host_unit, .n_units = max_units };
  if (transfer->split != NULL)
    transfer->split (transfer, first, max_units, chunk);
  g_assert (chunk->n_units > 0 && chunk->n_units <= max_units);
}

static gboolean
check_going_on (Run           *run,
                GCancellable  *cancellable,
                GError       **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!rill_engine_is_stopping (run->engine))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The session is closed");
  return FALSE;
}

static gboolean
upload_chunk (Run              *run,
              const RillChunk  *chunk,
              GCancellable     *cancellable,
              GError          **error)
{
  RillStagingRegion *region = rill_staging_acquire (run->staging, chunk->n_units * run->transfer->staging_unit,
                                                    TRUE, cancellable, error);
  RillSyncPoint point = { { 0 } };
  gboolean submitted;

  if (region == NULL)
    return FALSE;
  copy_chunk (run, chunk, region);
  submitted = rill_staging_flush (run->staging, region, error)
              && submit_chunk (run, chunk, region, &point, error);
  rill_staging_release (run->staging, region, submitted ? &point : NULL);
  return submitted;
}

static gboolean
upload (Run           *run,
        RillTransfer  *progress,
        GCancellable  *cancellable,
        GError       **error)
{
  RillChunk chunk;

  for (guint64 first = 0; first < run->transfer->n_units; first += chunk.n_units)
    {
      get_chunk (run, first, &chunk);
      if (!check_going_on (run, cancellable, error) || !upload_chunk (run, &chunk, cancellable, error))
        return FALSE;
      rill_transfer_advance (progress, chunk.n_units * run->transfer->host_unit);
    }
  return TRUE;
}

/* Starts chunks for as long as the ring has room. FALSE on an error. */
static gboolean
start_downloads (Run           *run,
                 GQueue        *in_flight,
                 guint64       *next,
                 GCancellable  *cancellable,
                 GError       **error)
{
  while (*next < run->transfer->n_units && in_flight->length < MAX_IN_FLIGHT)
    {
      GError *local_error = NULL;
      InFlight *item = g_new0 (InFlight, 1);

      get_chunk (run, *next, &item->chunk);
      item->region = rill_staging_acquire (run->staging, item->chunk.n_units * run->transfer->staging_unit,
                                           in_flight->length == 0, cancellable, &local_error);
      if (item->region == NULL)
        {
          g_free (item);
          if (local_error != NULL)
            g_propagate_error (error, local_error);
          return local_error == NULL;
        }
      if (!submit_chunk (run, &item->chunk, item->region, &item->point, error))
        {
          rill_staging_release (run->staging, item->region, NULL);
          g_free (item);
          return FALSE;
        }
      *next += item->chunk.n_units;
      g_queue_push_tail (in_flight, item);
    }
  return TRUE;
}

static gboolean
finish_download (Run           *run,
                 InFlight      *item,
                 GCancellable  *cancellable,
                 GError       **error)
{
  gboolean arrived = rill_context_wait (run->context, &item->point, -1, cancellable, error)
                     && rill_staging_invalidate (run->staging, item->region, error);

  if (arrived)
    copy_chunk (run, &item->chunk, item->region);
  rill_staging_release (run->staging, item->region, &item->point);
  return arrived;
}

static gboolean
download (Run           *run,
          RillTransfer  *progress,
          GCancellable  *cancellable,
          GError       **error)
{
  GQueue in_flight = G_QUEUE_INIT;
  gboolean good = TRUE;
  guint64 next = 0;

  while (good && (next < run->transfer->n_units || in_flight.length > 0))
    {
      InFlight *item;

      good = check_going_on (run, cancellable, error)
             && start_downloads (run, &in_flight, &next, cancellable, error);
      if (!good || (item = g_queue_pop_head (&in_flight)) == NULL)
        continue;
      good = finish_download (run, item, cancellable, error);
      rill_transfer_advance (progress, item->chunk.n_units * run->transfer->host_unit);
      g_free (item);
    }

  for (InFlight *item; (item = g_queue_pop_head (&in_flight)) != NULL; g_free (item))
    rill_staging_release (run->staging, item->region, &item->point);
  return good;
}

/* A short transfer is cut as well, so that its halves overlap. */
static guint64
choose_chunk_units (Run *run)
{
  RillStagedTransfer *transfer = run->transfer;
  guint64 size = transfer->n_units * transfer->staging_unit;
  guint64 chunk = CLAMP (size / 8, MIN_CHUNK, MAX_CHUNK);

  chunk = MIN (chunk, rill_staging_get_size (run->staging) / 4);
  return MAX (1, chunk / transfer->staging_unit);
}

gboolean
rill_staged_transfer_run (RillStagedTransfer  *self,
                          RillTransfer        *transfer,
                          GCancellable        *cancellable,
                          GError             **error)
{
  gboolean is_buffer = RILL_IS_BUFFER (self->resource);
  guint64 size = self->n_units * self->host_unit;
  Run run = {
    .transfer = self,
    .context = rill_resource_get_context (self->resource),
    .use = {
      .resource = self->resource,
      .offset = is_buffer ? self->offset : 0,
      .size = is_buffer ? size : 0,
      .write = self->upload,
    },
  };
  RillHostAccess access = { .offset = run.use.offset, .size = run.use.size, .write = self->upload };
  gboolean done;

  self->point = (RillSyncPoint) { { 0 } };
  if (transfer != NULL)
    cancellable = rill_transfer_get_cancellable (transfer);
  run.engine = rill_engine_ref (run.context, error);
  if (run.engine == NULL)
    return FALSE;
  run.queue = is_buffer && size >= TRANSFER_QUEUE_SIZE ? run.context->transfer_queue : run.context->compute_queue;
  run.staging = rill_engine_get_staging (run.engine, error);
  if (run.staging == NULL)
    {
      rill_engine_unref (run.engine);
      return FALSE;
    }
  if (!rill_resource_begin_staged_access (self->resource, &access, error))
    {
      rill_engine_unref (run.engine);
      return FALSE;
    }
  run.chunk_units = choose_chunk_units (&run);
  done = self->upload ? upload (&run, transfer, cancellable, error)
                      : download (&run, transfer, cancellable, error);
  rill_resource_end_host_access (self->resource, &access);
  rill_engine_unref (run.engine);
  return done;
}
