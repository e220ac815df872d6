/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-allocation-info.h"
#include "memory/rill-memory.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_RESOURCE (rill_resource_get_type ())

RILL_API
G_DECLARE_DERIVABLE_TYPE (RillResource, rill_resource, RILL, RESOURCE, GObject)

struct _RillResourceClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer reserved[4];
};

RILL_API
RillMemory         *rill_resource_get_memory          (RillResource *self);
RILL_API
guint64             rill_resource_get_size            (RillResource *self);
RILL_API
RillAllocationInfo *rill_resource_get_allocation_info (RillResource *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
gboolean            rill_resource_get_mappable        (RillResource *self);
RILL_API
gboolean            rill_resource_get_closed          (RillResource *self);
RILL_API
char               *rill_resource_dup_name            (RillResource *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void                rill_resource_set_name            (RillResource *self,
                                                       const char   *name);
RILL_API
void                rill_resource_close               (RillResource *self);

G_END_DECLS
