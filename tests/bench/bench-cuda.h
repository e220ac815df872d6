/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* CUDA's own copies, to compare with: libcuda is looked for at run time, so nothing depends on it. */
typedef struct _BenchCuda BenchCuda;

BenchCuda *bench_cuda_open   (gsize       size);   /* NULL without CUDA or memory */
void       bench_cuda_close  (BenchCuda  *self);
gpointer   bench_cuda_pinned (BenchCuda  *self);   /* @size bytes of pinned host memory */
/* Synchronous; TRUE on success. */
gboolean   bench_cuda_upload   (BenchCuda *self, gconstpointer from, gsize size);
gboolean   bench_cuda_download (BenchCuda *self, gpointer to, gsize size);
gboolean   bench_cuda_copy     (BenchCuda *self, gsize size);  /* on the device */
