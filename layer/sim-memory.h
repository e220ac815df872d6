/* SPDX-License-Identifier: MIT */
#pragma once

/* What the parts of the simulated memory share. */

#include "sim-layer.h"

/* Handles of both widths as one key. */
#define SIM_HANDLE(handle) ((guint64) (handle))

/* A VkDeviceMemory. Its mapping is used by the calls that the program must keep apart itself. */
typedef struct
{
  guint64 handle;
  guint64 size;
  guint32 type;                 /* simulated */
  VkMemoryPropertyFlags flags;  /* of that type */
  gboolean imported;            /* takes nothing from the heap, and keeps its content */
  gboolean has_shadow;          /* the program gets a copy in the place of the memory */
  guint8 *real;                 /* (nullable) where the driver has mapped all of it */

  gboolean mapped;              /* by the program */
  guint64 map_offset;
  guint64 map_size;
  guint8 *shadow;               /* (owned) (nullable) of all of it, once it has been mapped */

  GTree *bindings;              /* (lock) (owned) of SimBinding, by offset */
  gboolean has_overlaps;        /* (lock) or had them */
  guint64 largest_binding;      /* (lock) ever */
  GArray *unavailable;          /* (lock) (owned) ranges that the host cannot see yet */
} SimMemory;

struct _SimDeviceMemory
{
  SimDevice *device;
  GMutex lock;
  GHashTable *memories;   /* (lock) VkDeviceMemory to SimMemory */
  GHashTable *buffers;    /* (lock) VkBuffer to SimResource */
  GHashTable *images;     /* (lock) VkImage to SimResource */
  guint n_allocations;    /* (lock) */
  guint64 n_bindings;     /* (lock) ever */
  gboolean has_shadows;   /* some memory may be mapped as a copy */
  GHashTable *events;     /* (lock) VkCommandBuffer to what it does with the host's domain */
};

/* sim-topology.c */
gboolean   sim_topology_is_simulated     (const SimPhysicalDevice *self);
guint32    sim_topology_get_import_types (const SimPhysicalDevice *self, guint32 real_bits);
gboolean   sim_topology_reserve          (SimPhysicalDevice *self, guint32 type, guint64 size);
void       sim_topology_release          (SimPhysicalDevice *self, guint32 type, guint64 size);
/* Moves simulated types to real ones that can hold images of optimal tiling. */
void       sim_topology_probe_images     (SimDevice *device);

/* sim-memory.c; (nullable) */
SimMemory *sim_memory_find_locked        (SimDeviceMemory *self, VkDeviceMemory handle);
void       sim_memory_poison             (gpointer data, guint64 size);

/* sim-memory-resource.c */
GHashTable *sim_resources_new            (void);
GTree      *sim_bindings_new             (void);
/* The memory is freed, which its resources may survive. */
void        sim_bindings_forget_locked   (GTree *bindings);
/* Where a range of a buffer is; (nullable) */
SimMemory  *sim_memory_find_buffer_locked (SimDeviceMemory *self, VkBuffer buffer,
                                           guint64 offset, guint64 size,
                                           guint64 *start, guint64 *end);

/* sim-memory-domain.c */
GHashTable *sim_domain_events_new        (void);
GArray     *sim_domain_ranges_new        (void);
void        sim_domain_flushed           (SimDeviceMemory *self, SimMemory *memory,
                                          guint64 start, guint64 end);
void        sim_domain_invalidated       (SimDeviceMemory *self, SimMemory *memory,
                                          guint64 start, guint64 end);
