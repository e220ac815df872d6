/* SPDX-License-Identifier: MIT */
#pragma once

/* The simulation layer's functions, of the library that the loader has opened: NULL without the
 * layer, or before the first instance. */

#include "rill-simulation.h"

#include <dlfcn.h>
#include <glib.h>

static inline gpointer
rill_test_simulation_find (const char *name)
{
  gpointer library = dlopen (RILL_SIMULATION_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
  gpointer function = library != NULL ? dlsym (library, name) : NULL;

  if (library != NULL)
    dlclose (library);
  return function;
}

#define rill_test_simulation(name) ((PFN_rill_simulation_##name) rill_test_simulation_find ("rill_simulation_" #name))

static inline void
rill_test_simulation_configure (const char *settings)
{
  g_assert_cmpint (rill_test_simulation (configure) (settings), ==, 0);
}
