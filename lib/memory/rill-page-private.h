/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-context-private.h"

/* One VkDeviceMemory. */
typedef struct
{
  RillContext *context;  /* (owned) */
  guint index;           /* in its memory: stable while the page lives */
  guint64 serial;        /* tells it from earlier pages of the same index */
  VkDeviceMemory handle;
  guint heap;
  guint64 size;
  guint8 *map;           /* the whole page, for the page's life; NULL when not host-visible */
  gboolean own;          /* holds one object only and is no block of the ranges */
  gboolean coherent;
  guint n_objects;
  gsize departure;       /* of its memory, on the way to the driver */
} RillPage;

/* What Vulkan takes where nothing is said. */
#define RILL_PAGE_DEFAULT_PRIORITY 0.5f

/* @buffer or @image: the object of a dedicated allocation, else VK_NULL_HANDLE. */
RillPage *rill_page_new        (RillContext  *context,
                                guint         type_index,
                                guint64       size,
                                float         priority,
                                VkBuffer      buffer,
                                VkImage       image,
                                GError      **error);
void      rill_page_free       (RillPage     *self);

/* Before the host writes a range: of the atoms at its ends a flush writes back the rest as well, so the
 * host has to know that rest. No-op on coherent memory. */
gboolean  rill_page_prepare_write (RillPage  *self,
                                   guint64    offset,
                                   guint64    size,
                                   GError   **error);

/* No-ops on coherent memory; rounded to nonCoherentAtomSize and clamped to the page. */
gboolean  rill_page_flush      (RillPage     *self,
                                guint64       offset,
                                guint64       size,
                                GError      **error);
gboolean  rill_page_invalidate (RillPage     *self,
                                guint64       offset,
                                guint64       size,
                                GError      **error);
