/* SPDX-License-Identifier: MIT */
#pragma once

/* For libraries that are preloaded, whose functions take the place of others. */

#include <dlfcn.h>
#include <glib.h>

/* At file scope, before the function of this name. */
#define INTERPOSED(name) static gpointer next_##name
/* The function that it takes the place of. */
#define NEXT(name) ((__typeof__ (&name)) next_function (G_STRINGIFY (name), &next_##name))

static inline gpointer
next_function (const char *name,
               gpointer   *cache)
{
  gpointer function = __atomic_load_n (cache, __ATOMIC_RELAXED);

  if (function == NULL)
    {
      function = dlsym (RTLD_NEXT, name);
      __atomic_store_n (cache, function, __ATOMIC_RELAXED);
    }
  return function;
}
