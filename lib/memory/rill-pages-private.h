/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/rill-children-private.h"
#include "memory/rill-memory-statistics.h"
#include "memory/rill-page-private.h"
#include "memory/rill-ranges-private.h"
#include "session/rill-memory-type.h"

/* Where an object lies. The page lives at least as long as the allocation. */
typedef struct
{
  RillPage *page; /* (unowned) NULL: no allocation */
  RillRange range;
} RillAllocation;

typedef struct
{
  VkMemoryRequirements requirements;
  gboolean dedicated_required;
  gboolean dedicated_preferred;
  gboolean optimal_image; /* bufferImageGranularity is to be kept */
  VkBuffer buffer;        /* one of both, for a dedicated allocation */
  VkImage image;
  const char *what;       /* for errors, which add the size: "a buffer", "an image of 40 × 30" */

  /* Enters the children together with the allocation, under one lock. */
  RillChild *child;       /* (nullable) */
  GObject *object;
  void (*close) (GObject *object);
} RillAllocationRequest;

/* Of a page at one moment. */
typedef struct
{
  guint index;
  guint n_objects;
  guint64 size;
  guint64 used;
} RillPageInfo;

/* The pages of a memory and what is allocated in them. Safe from any thread; Vulkan is never called with
 * the lock held. */
typedef struct
{
  RillContext *context; /* (unowned) NULL: never initialised */
  guint type_index;
  guint64 page_size;
  gboolean mappable;
  gboolean coherent;

  /* Told of each page that comes and goes, under the lock, so that it is told in order; they only queue
   * signals. */
  void (*added) (gpointer owner, guint index, guint64 size);
  void (*removed) (gpointer owner, guint index);
  gpointer owner; /* (unowned) a GObject */
  GList link;     /* among those that make room for others; without data while it is not there */
  guint n_holders;   /* threads that trim it now, under the list's lock */

  GMutex lock;
  GCond grown;      /* or a page could not be made */
  gboolean growing; /* a thread makes a page for several objects, without the lock */
  guint64 making_size; /* of all pages that are being made */
  guint64 size_limit;  /* 0: none */
  float priority;
  gboolean closed;     /* (atomic, written under the lock) */
  gboolean compacting;
  RillChildren children; /* what lies in the pages; under the same lock */
  RillRanges *ranges;
  GPtrArray *pages;      /* (element-type RillPage) (owned), NULL where an index is free */
  guint lowest_free;     /* no index below it is free */
  guint64 last_serial;
  guint page_count;
  guint n_empty;         /* shared pages that hold nothing */
  guint n_small;         /* shared pages below page_size */
  guint64 reserved_size;
  guint trace;           /* its number in the trace; 0: none is recorded */
  gboolean traced;       /* and it has been introduced there */
  guint64 own_used_size; /* of objects with a page of their own */

  GListStore *list;      /* (owned) (nullable): the user's; changed in the main context only */
  gboolean list_pending; /* it will be, there */
} RillPages;

void     rill_pages_init                 (RillPages                    *self);
void     rill_pages_clear                (RillPages                    *self);

/* Between these two the empty pages serve whoever else runs out of the device's memory. The owner
 * calls the second in its dispose, which waits for those who are at it. */
void     rill_pages_enlist               (RillPages                    *self);
void     rill_pages_delist               (RillPages                    *self);

/* Where memory has run out, what the device is done with and the empty pages that are enlisted for
 * it are released; if that helped, it is tried once more. The caller holds no lock: what goes may
 * be the last reference of an object. */
gboolean rill_pages_allocate             (RillPages                    *self,
                                          const RillAllocationRequest  *request,
                                          RillAllocation               *allocation,
                                          GError                      **error);
/* The same for a page that belongs to no memory. */
RillPage *rill_pages_allocate_page       (RillContext                  *context,
                                          guint                         type_index,
                                          guint64                       size,
                                          GError                      **error);
/* In a free range of one page. FALSE, without an error, where none will do, and then @largest is set to the
 * largest of them; where the page has gone, or the object would have a page of its own, to 0. */
gboolean rill_pages_allocate_in          (RillPages                    *self,
                                          guint                         index,
                                          const RillAllocationRequest  *request,
                                          RillAllocation               *allocation,
                                          guint64                      *largest);
/* What sizes and alignments are rounded up to. */
guint64  rill_pages_get_step             (RillPages                    *self,
                                          gboolean                      optimal_image);
/* The index of a page that holds nothing, and is none of the others (element-type guint). It is made if there
 * is none. */
gboolean rill_pages_ensure_empty         (RillPages                    *self,
                                          GArray                       *others,
                                          guint                        *index,
                                          GError                      **error);
/* @child leaves the children. */
void     rill_pages_release              (RillPages                    *self,
                                          RillAllocation               *allocation,
                                          RillChild                    *child /* nullable */);
/* One at a time: waits for another. CANCELLED, CLOSED, NOT_SUPPORTED for another strategy than GENERAL. */
gboolean rill_pages_begin_compaction     (RillPages                    *self,
                                          GCancellable                 *cancellable,
                                          GError                      **error);
void     rill_pages_end_compaction       (RillPages                    *self);
/* Releases all empty pages. */
void     rill_pages_trim                 (RillPages                    *self);
/* From here on nothing is allocated, and a page that becomes empty is released at once. FALSE if it was
 * closed already. */
gboolean rill_pages_close                (RillPages                    *self);

/* Of the pages that objects share, by index: (transfer full) (element-type RillPageInfo) */
GArray  *rill_pages_list                 (RillPages                    *self);
gboolean rill_pages_is_closed            (RillPages                    *self);
gboolean rill_pages_is_live              (RillPages                    *self,
                                          guint                         index);
guint    rill_pages_get_count            (RillPages                    *self);
guint64  rill_pages_get_used_size        (RillPages                    *self);
guint64  rill_pages_get_reserved_size    (RillPages                    *self);
void     rill_pages_calculate_statistics (RillPages                    *self,
                                          RillMemoryStatistics         *statistics);
/* rill-pages-limit.c */

/* BUSY while there are pages. */
gboolean rill_pages_set_size_limit       (RillPages                    *self,
                                          guint64                       size_limit,
                                          GError                      **error);
guint64  rill_pages_get_size_limit       (RillPages                    *self);
gboolean rill_pages_set_priority         (RillPages                    *self,
                                          float                         priority,
                                          GError                      **error);
float    rill_pages_get_priority         (RillPages                    *self);
/* Before a page of @least to @most bytes is made without the lock, and when it is there or is not to
 * be: returns its size under the limit, or 0 and an error. */
guint64  rill_pages_begin_page_locked    (RillPages                    *self,
                                          guint64                       least,
                                          guint64                       most,
                                          GError                      **error);
void     rill_pages_end_page_locked      (RillPages                    *self,
                                          guint64                       size);
/* Whether what other threads make now decides if there is room. */
gboolean rill_pages_must_wait_locked     (RillPages                    *self,
                                          guint64                       least);
/* Such an error is no one's but the limit's. */
gboolean rill_pages_is_over_limit        (const GError                 *error);
