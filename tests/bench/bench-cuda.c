/* SPDX-License-Identifier: MIT */
#include "bench-cuda.h"

#include <dlfcn.h>

/* The few entry points of CUDA's driver interface that are called, by its documentation. */
typedef int CUresult;
typedef int CUdevice;
typedef void *CUcontext;
typedef unsigned long long CUdeviceptr;

struct _BenchCuda
{
  void *library;
  CUdevice device;
  CUdeviceptr memory;
  CUdeviceptr other;
  void *pinned;

  CUresult (*init) (unsigned flags);
  CUresult (*device_get) (CUdevice *device, int ordinal);
  CUresult (*retain) (CUcontext *context, CUdevice device);
  CUresult (*release) (CUdevice device);
  CUresult (*set_current) (CUcontext context);
  CUresult (*synchronize) (void);
  CUresult (*alloc) (CUdeviceptr *memory, size_t size);
  CUresult (*free) (CUdeviceptr memory);
  CUresult (*host_alloc) (void **memory, size_t size, unsigned flags);
  CUresult (*host_free) (void *memory);
  CUresult (*upload) (CUdeviceptr to, const void *from, size_t size);
  CUresult (*download) (void *to, CUdeviceptr from, size_t size);
  CUresult (*copy) (CUdeviceptr to, CUdeviceptr from, size_t size);
};

static gboolean
load (BenchCuda *self)
{
  const struct
  {
    const char *name;
    void *pointer;
  } symbols[] = {
    { "cuInit", &self->init },
    { "cuDeviceGet", &self->device_get },
    { "cuDevicePrimaryCtxRetain", &self->retain },
    { "cuDevicePrimaryCtxRelease", &self->release },
    { "cuCtxSetCurrent", &self->set_current },
    { "cuCtxSynchronize", &self->synchronize },
    { "cuMemAlloc_v2", &self->alloc },
    { "cuMemFree_v2", &self->free },
    { "cuMemHostAlloc", &self->host_alloc },
    { "cuMemFreeHost", &self->host_free },
    { "cuMemcpyHtoD_v2", &self->upload },
    { "cuMemcpyDtoH_v2", &self->download },
    { "cuMemcpyDtoD_v2", &self->copy },
  };

  self->library = dlopen ("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (self->library == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      void *symbol = dlsym (self->library, symbols[i].name);
      if (symbol == NULL)
        return FALSE;
      *(void **) symbols[i].pointer = symbol;
    }
  return TRUE;
}

BenchCuda *
bench_cuda_open (gsize size)
{
  BenchCuda *self = g_new0 (BenchCuda, 1);
  CUcontext context;

  if (load (self) && self->init (0) == 0 && self->device_get (&self->device, 0) == 0
      && self->retain (&context, self->device) == 0 && self->set_current (context) == 0
      && self->alloc (&self->memory, size) == 0 && self->alloc (&self->other, size) == 0
      && self->host_alloc (&self->pinned, size, 0) == 0)
    return self;
  g_free (self); /* a program that has no CUDA goes on without */
  return NULL;
}

void
bench_cuda_close (BenchCuda *self)
{
  if (self == NULL)
    return;
  self->host_free (self->pinned);
  self->free (self->memory);
  self->free (self->other);
  self->release (self->device);
  g_free (self);
}

gpointer
bench_cuda_pinned (BenchCuda *self)
{
  return self->pinned;
}

gboolean
bench_cuda_upload (BenchCuda     *self,
                   gconstpointer  from,
                   gsize          size)
{
  return self->upload (self->memory, from, size) == 0 && self->synchronize () == 0;
}

gboolean
bench_cuda_download (BenchCuda *self,
                     gpointer   to,
                     gsize      size)
{
  return self->download (to, self->memory, size) == 0 && self->synchronize () == 0;
}

gboolean
bench_cuda_copy (BenchCuda *self,
                 gsize      size)
{
  return self->copy (self->other, self->memory, size) == 0 && self->synchronize () == 0;
}
