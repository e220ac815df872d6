/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory-private.h"
#include "memory/rill-pages-statistics-private.h"

/* What lies in a memory at one moment, for pictures of it: the same for all of them. */

typedef enum
{
  RILL_PART_BUFFER,
  RILL_PART_IMAGE,
  RILL_PART_HELD, /* of an object that is closed, or is just being made */
  RILL_PART_PADDING,
  RILL_PART_FREE,
} RillPartKind;

#define RILL_N_PART_KINDS (RILL_PART_FREE + 1)

/* A buffer or an image. */
typedef struct
{
  guint page;
  guint64 offset;
  guint64 left_padding;
  guint64 size;
  gboolean is_image;
  gboolean closed;
  guint32 usage;           /* as it was asked for */
  const char *usage_names; /* "STORAGE | TRANSFER_SRC" */
  char *name;              /* (owned) (nullable) valid UTF-8 */
  guint n_dims;            /* of images */
  guint dims[4];
  const char *channel_type;
} RillObjectRecord;

/* The parts of a page are without holes, in order. */
typedef struct
{
  RillPartKind kind;
  guint64 offset;
  guint64 size;
  const RillObjectRecord *object; /* (nullable) */
} RillSnapshotPart;

typedef struct
{
  guint count;
  guint64 size;
} RillPartSum;

typedef struct
{
  const RillPageRecord *page;
  const RillSnapshotPart *parts;
  guint n_parts;
} RillSnapshotPage;

typedef struct
{
  char *device;         /* (owned) */
  char *flags;          /* (owned) "DEVICE_LOCAL | HOST_VISIBLE" */
  guint type_index;
  guint heap_index;
  guint64 page_size;
  RillMemoryStatistics statistics;
  RillPartSum sums[RILL_N_PART_KINDS];
  GArray *pages;        /* (element-type RillSnapshotPage) */

  GArray *page_records; /* (element-type RillPageRecord) */
  GArray *parts;        /* (element-type RillSnapshotPart) */
  GArray *objects;      /* (element-type RillObjectRecord) */
  GHashTable *usages;   /* (element-type guint utf8) of buffers and images */
} RillMemorySnapshot;

/* NULL with an error of rill_memory_check_open(). */
RillMemorySnapshot *rill_memory_snapshot_new  (RillMemory          *memory,
                                               GError             **error);
void                rill_memory_snapshot_free (RillMemorySnapshot  *self);

const char         *rill_part_kind_get_name   (RillPartKind         kind); /* "buffer" */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillMemorySnapshot, rill_memory_snapshot_free)
