/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_ALLOCATION_INFO (rill_allocation_info_get_type ())

/**
 * RillAllocationInfo:
 * @page: index of the page in its memory
 * @offset: offset in the page in bytes, already past the padding
 * @left_padding: bytes before @offset that are lost to alignment
 * @size: bytes that the object takes, at least as many as were asked for
 *
 * Where a [class@Resource] lies in its [class@Memory].
 */
struct _RillAllocationInfo
{
  guint   page;
  guint64 offset;
  guint64 left_padding;
  guint64 size;
};

RILL_API
GType               rill_allocation_info_get_type (void) G_GNUC_CONST;

RILL_API
RillAllocationInfo *rill_allocation_info_copy     (const RillAllocationInfo *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
void                rill_allocation_info_free     (RillAllocationInfo       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillAllocationInfo, rill_allocation_info_free)

G_END_DECLS
