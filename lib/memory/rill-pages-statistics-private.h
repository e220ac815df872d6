/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-pages-private.h"

/* FALSE if there is no page of the index. */
gboolean rill_pages_calculate_page_statistics (RillPages                    *self,
                                               guint                         index,
                                               RillMemoryStatistics         *statistics);

/* Sums up, as for another page. */
void     rill_memory_statistics_add           (RillMemoryStatistics         *self,
                                               const RillMemoryStatistics   *other);

typedef struct
{
  guint object_count;
  guint64 used_size;
} RillPageState;

/* In constant time; FALSE if the page is gone. */
gboolean rill_pages_query_page                (RillPages                    *self,
                                               guint                         index,
                                               guint64                       serial,
                                               RillPageState                *state);
/* 0 if the page is gone. */
guint64  rill_pages_calculate_free_size       (RillPages                    *self,
                                               guint                         index,
                                               guint64                       serial);

/* A page, and what lies in it. */
typedef struct
{
  guint index;
  guint64 serial;
  guint64 size;
  gboolean own;
  guint n_ranges; /* if there is a list of ranges */
  RillMemoryStatistics statistics; /* the same */
} RillPageRecord;

/* A part of a page: free, or used with the padding before it. */
typedef struct
{
  guint64 offset;
  guint64 size;
  gboolean used;
} RillRangeRecord;

/* Appends all pages in order, as one moment has them, and to @ranges (nullable) their parts: by page, then
 * by offset, without holes. */
void     rill_pages_record                    (RillPages                    *self,
                                               GArray                       *pages,
                                               GArray                       *ranges);
void     rill_pages_record_locked             (RillPages                    *self,
                                               GArray                       *pages,
                                               GArray                       *ranges);
