/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>

/* What this process has taken of the heaps of a device, in all sessions: a device need not tell. Shared by
 * all who name the same device. Safe from any thread. */
typedef struct _RillHeaps RillHeaps;

/* Of one heap, in bytes. */
typedef struct
{
  guint64 budget;
  guint64 usage;
} RillHeapState;

RillHeaps    *rill_heaps_get    (const char       *device);
RillHeaps    *rill_heaps_ref    (RillHeaps        *self);
void          rill_heaps_unref  (RillHeaps        *self);

/* A page is there; a page is gone. */
void          rill_heaps_add    (RillHeaps        *self,
                                 guint             heap,
                                 guint64           size);
void          rill_heaps_remove (RillHeaps        *self,
                                 guint             heap,
                                 guint64           size);

/* What the driver says now (@has_budget: VK_EXT_memory_budget), or what is known here where it says
 * nothing. */
RillHeapState rill_heaps_query  (RillHeaps        *self,
                                 VkPhysicalDevice  physical_device,
                                 gboolean          has_budget,
                                 guint             heap,
                                 guint64           heap_size);
