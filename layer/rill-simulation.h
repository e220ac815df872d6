/* SPDX-License-Identifier: MIT */
#pragma once

/* For a program that runs with VK_LAYER_RILL_simulation and wants to steer it while it runs. The
 * functions are the layer's: a program finds them in the loaded library, as
 *
 *   void *layer = dlopen (RILL_SIMULATION_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
 *   PFN_rill_simulation_configure configure = dlsym (layer, "rill_simulation_configure");
 *
 * The library is NULL before the first VkInstance with the layer, and in a process without it; do not
 * give that to dlsym(). All may be called by any thread. */

#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

#define RILL_SIMULATION_LIBRARY "libVkLayer_RILL_simulation.so"

/* Takes settings in the place of those of RILL_SIMULATION: what describes a device (topology,
 * granularity, atom, small-heap, few-allocations, queues, overlap) for instances created from now
 * on, the rest (schedule, fail, lose, delay-ms, count) at once. Counts of calls and faults begin
 * anew. Returns 0, or -1 where the text is NULL or not understood, with the reason on standard error;
 * nothing has changed then. What was set stays when the last VkInstance goes. */
typedef int (*PFN_rill_simulation_configure) (const char *settings);

/* How often an entry point was called since the settings were taken; 0 for an unknown one. The name of
 * an extension's command that has become a core command counts as that. */
typedef uint64_t (*PFN_rill_simulation_get_calls) (const char *entry_point);

/* How many calls were made to fail since the settings were taken. */
typedef uint64_t (*PFN_rill_simulation_get_faults) (void);

/* How many objects of a type ("VkBuffer"), or of all where NULL, were created and not destroyed, in
 * the whole process. Handles that end with their pool are not counted, nor surfaces, which the
 * platform's own commands create. */
typedef int64_t (*PFN_rill_simulation_get_alive) (const char *type);

/* How many messages the layer has reported since the settings were taken. */
typedef uint64_t (*PFN_rill_simulation_get_reports) (void);

/* The entry points that the layer has, by number: NULL after the last. *errors is the list of the
 * errors that the registry names, up to VK_SUCCESS; empty for one that returns no VkResult. @errors may
 * be NULL. */
typedef const char *(*PFN_rill_simulation_get_entry_point) (unsigned int     index,
                                                            const VkResult **errors);
