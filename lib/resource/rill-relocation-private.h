/* SPDX-License-Identifier: MIT */
#pragma once

#include "resource/rill-resource-private.h"

/* The way of a resource to another place: a twin of it is made there, the caller lets the device copy into
 * it, and handle and range are exchanged behind the object. Nobody is kept from using the resource
 * meanwhile; if somebody did, it stays where it is. */

typedef enum
{
  RILL_RELOCATION_READY,
  RILL_RELOCATION_PINNED,  /* somebody needs the resource where it is */
  RILL_RELOCATION_NO_ROOM,
  RILL_RELOCATION_FAILED,  /* with an error */
} RillRelocationResult;

typedef struct
{
  gpointer resource;       /* (unowned) */
  guint n_pinned;          /* of the resource, when it began */
  gboolean exchanged;
  guint64 largest;         /* free range of the page, when that had no room */
  RillRemains twin;        /* once they are exchanged what the resource was */
  GPtrArray *children;     /* (owned) (nullable) (element-type RillChild) held */
  VkImageView *twin_views; /* (owned) (nullable) one for each of those; VK_NULL_HANDLE for what is no view */
} RillRelocation;

/* Whether nobody needs the resource where it is, at this moment. */
gboolean             rill_relocation_is_movable (gpointer              resource);

/* Of its place in a page, whatever the memory wishes for itself; 0 if it is closed. */
guint64              rill_relocation_get_alignment (gpointer           resource);

/* Makes the twin, in the page of the index. The caller holds the resource until the relocation is cleared. Unless READY nothing is to be cleared. */
RillRelocationResult rill_relocation_begin      (RillRelocation       *self,
                                                 gpointer              resource,
                                                 guint                 page,
                                                 GError              **error);
/* After the copy was submitted, under the lock of the submission, which has pinned the resource. FALSE when
 * the resource was used meanwhile, or closed. */
gboolean             rill_relocation_exchange   (RillRelocation       *self);
/* What is left, the twin or what the resource was, goes when the device has come to the point. */
void                 rill_relocation_clear      (RillRelocation       *self,
                                                 const RillSyncPoint  *last);
