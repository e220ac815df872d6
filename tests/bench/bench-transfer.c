/* SPDX-License-Identifier: MIT */

/* Rates and latencies of transfers: sizes × directions × memory types, with memcpy and, where there is
 * one, CUDA beside them in the same run. An upload includes the wait for its arrival; a download goes into
 * memory that was touched before. */

#include <rill.h>

#include "bench-cuda.h"
#include "bench-util.h"

#include <string.h>

#define MAX_SIZE (512u * 1024 * 1024)

/* Each case runs for about this long, and at least twice. */
#define CASE_US (200 * 1000)
#define MAX_SAMPLES 2000

static const gsize sizes[] = { 64, 4096, 65536, 1u << 20, 16u << 20, 256u << 20, MAX_SIZE };

typedef gboolean (*BenchFunc) (gpointer data, gsize size);

typedef struct
{
  const char *device;
  RillSession *session;
  BenchCuda *cuda;
  RillBuffer *buffer;
  RillBuffer *other;
  guint8 *from; /* touched, MAX_SIZE bytes each */
  guint8 *to;
} Bench;

static void
measure (Bench      *bench,
         const char *name,
         gsize       size,
         BenchFunc   func)
{
  double samples[MAX_SAMPLES];
  guint n = 0;
  gint64 end;
  g_autofree char *p50 = g_strdup_printf ("%s/%" G_GSIZE_FORMAT "/p50", name, size);
  g_autofree char *p99 = g_strdup_printf ("%s/%" G_GSIZE_FORMAT "/p99", name, size);
  g_autofree char *rate = g_strdup_printf ("%s/%" G_GSIZE_FORMAT "/rate", name, size);

  if (!func (bench, size)) /* warms up: pages, threads, the ring */
    return;
  end = g_get_monotonic_time () + CASE_US;
  while (n < MAX_SAMPLES && (n < 2 || g_get_monotonic_time () < end))
    {
      guint64 start = bench_now_ns ();
      if (!func (bench, size))
        return;
      samples[n++] = (double) (bench_now_ns () - start);
    }
  bench_sort (samples, n);
  bench_print ("transfer", p50, bench_percentile (samples, n, 50) / 1000.0, "us", bench->device);
  bench_print ("transfer", p99, bench_percentile (samples, n, 99) / 1000.0, "us", bench->device);
  bench_print ("transfer", rate, (double) size / bench_percentile (samples, n, 50), "GB/s", bench->device);
}

static gboolean
report (gboolean  good,
        GError   *error)
{
  if (!good)
    {
      g_printerr ("bench-transfer: %s\n", error->message);
      g_error_free (error);
    }
  return good;
}

static gboolean
upload (gpointer data,
        gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;

  return report (rill_buffer_write_data (bench->buffer, 0, bench->from, size, NULL, &error)
                   && rill_session_wait_idle (bench->session, NULL, &error),
                 error);
}

static gboolean
write_only (gpointer data,
            gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;

  return report (rill_buffer_write_data (bench->buffer, 0, bench->from, size, NULL, &error), error);
}

static gboolean
download (gpointer data,
          gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;

  return report (rill_buffer_read_data (bench->buffer, 0, bench->to, size, NULL, &error), error);
}

static gboolean
read_bytes (gpointer data,
            gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;
  g_autoptr (GBytes) bytes = rill_buffer_read_bytes (bench->buffer, 0, (gint64) size, NULL, &error);

  return report (bytes != NULL, error);
}

static gboolean
copy (gpointer data,
      gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;

  return report (rill_buffer_copy_to (bench->buffer, 0, bench->other, 0, (gint64) size, NULL, &error)
                   && rill_session_wait_idle (bench->session, NULL, &error),
                 error);
}

static gboolean
fill (gpointer data,
      gsize    size)
{
  Bench *bench = data;
  GError *error = NULL;

  return report (rill_buffer_fill (bench->buffer, 0, (gint64) size, 7, NULL, &error)
                   && rill_session_wait_idle (bench->session, NULL, &error),
                 error);
}

static gboolean
memcpy_one (gpointer data,
            gsize    size)
{
  Bench *bench = data;

  memcpy (bench->to, bench->from, size);
  return TRUE;
}

typedef struct
{
  guint8 *to;
  const guint8 *from;
  gsize size;
} Part;

static void
memcpy_part (gpointer data,
             gpointer user_data)
{
  Part *part = data;

  memcpy (part->to, part->from, part->size);
}

/* As many threads as the library would use, at most. */
static gboolean
memcpy_parallel (gpointer data,
                 gsize    size)
{
  Bench *bench = data;
  guint n = MIN (8, g_get_num_processors ());
  Part parts[8];
  GThreadPool *pool = g_thread_pool_new (memcpy_part, NULL, (gint) n, TRUE, NULL);

  for (guint i = 0; i < n; i++)
    {
      gsize start = size / n * i;
      parts[i] = (Part) { bench->to + start, bench->from + start, i + 1 < n ? size / n : size - start };
      g_thread_pool_push (pool, &parts[i], NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  return TRUE;
}

static gboolean
cuda_upload_pageable (gpointer data,
                      gsize    size)
{
  Bench *bench = data;

  return bench_cuda_upload (bench->cuda, bench->from, size);
}

static gboolean
cuda_download_pageable (gpointer data,
                        gsize    size)
{
  Bench *bench = data;

  return bench_cuda_download (bench->cuda, bench->to, size);
}

static gboolean
cuda_upload_pinned (gpointer data,
                    gsize    size)
{
  Bench *bench = data;

  return bench_cuda_upload (bench->cuda, bench_cuda_pinned (bench->cuda), size);
}

static gboolean
cuda_download_pinned (gpointer data,
                      gsize    size)
{
  Bench *bench = data;

  return bench_cuda_download (bench->cuda, bench_cuda_pinned (bench->cuda), size);
}

static gboolean
cuda_copy (gpointer data,
           gsize    size)
{
  Bench *bench = data;

  return bench_cuda_copy (bench->cuda, size);
}

static void
measure_sizes (Bench      *bench,
               const char *name,
               BenchFunc   func)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    measure (bench, name, sizes[i], func);
}

static void
measure_memory (Bench                   *bench,
                const char              *name,
                RillMemoryPropertyFlags  flags)
{
  static const struct
  {
    const char *direction;
    BenchFunc func;
  } cases[] = {
    { "upload", upload }, { "write", write_only }, { "download", download }, { "read-bytes", read_bytes },
    { "copy", copy },     { "fill", fill },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RillMemory) memory = rill_session_create_memory (bench->session, flags, 0, TRUE, &error);

  if (memory == NULL)
    return; /* the device has no such type: no figures */
  bench->buffer = rill_memory_create_buffer (memory, MAX_SIZE, RILL_BUFFER_USAGE_NONE, &error);
  bench->other = bench->buffer != NULL
                   ? rill_memory_create_buffer (memory, MAX_SIZE, RILL_BUFFER_USAGE_NONE, &error)
                   : NULL;
  if (bench->other == NULL)
    g_printerr ("bench-transfer: %s\n", error->message);
  for (guint i = 0; bench->other != NULL && i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *title = g_strdup_printf ("%s/%s", cases[i].direction, name);
      measure_sizes (bench, title, cases[i].func);
    }
  rill_memory_close (memory);
  g_clear_object (&bench->buffer);
  g_clear_object (&bench->other);
}

static void
measure_memories (Bench *bench)
{
  enum
  {
    DEVICE = RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
    VISIBLE = RILL_MEMORY_PROPERTY_HOST_VISIBLE,
    COHERENT = RILL_MEMORY_PROPERTY_HOST_COHERENT,
    CACHED = RILL_MEMORY_PROPERTY_HOST_CACHED,
  };

  measure_memory (bench, "device-local", (RillMemoryPropertyFlags) DEVICE);
  measure_memory (bench, "device-local-host-visible", (RillMemoryPropertyFlags) (DEVICE | VISIBLE | COHERENT));
  measure_memory (bench, "device-local-host-cached",
                  (RillMemoryPropertyFlags) (DEVICE | VISIBLE | COHERENT | CACHED));
  measure_memory (bench, "host-cached", (RillMemoryPropertyFlags) (VISIBLE | COHERENT | CACHED));
}

static void
measure_baselines (Bench *bench)
{
  measure_sizes (bench, "memcpy/one-thread", memcpy_one);
  measure_sizes (bench, "memcpy/parallel", memcpy_parallel);
  if (bench->cuda == NULL)
    return;
  measure_sizes (bench, "cuda-pageable/upload", cuda_upload_pageable);
  measure_sizes (bench, "cuda-pageable/download", cuda_download_pageable);
  measure_sizes (bench, "cuda-pinned/upload", cuda_upload_pinned);
  measure_sizes (bench, "cuda-pinned/download", cuda_download_pinned);
  measure_sizes (bench, "cuda/copy", cuda_copy);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  Bench bench = { .session = session };

  if (session == NULL)
    {
      g_printerr ("bench-transfer: %s\n", error->message);
      return 1;
    }
  bench.device = rill_device_get_name (rill_session_get_device (session));
  bench.from = g_malloc (MAX_SIZE);
  bench.to = g_malloc (MAX_SIZE);
  for (gsize i = 0; i < MAX_SIZE; i++)
    bench.from[i] = (guint8) (i * 2654435761u >> 13);
  memset (bench.to, 0, MAX_SIZE);
  bench.cuda = bench_cuda_open (MAX_SIZE);

  measure_baselines (&bench);
  measure_memories (&bench);

  bench_cuda_close (bench.cuda);
  g_free (bench.from);
  g_free (bench.to);
  rill_session_close (session);
  return 0;
}
