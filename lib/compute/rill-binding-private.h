/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-reflection-private.h"
#include "resource/rill-buffer-private.h"
#include "resource/rill-image-view-private.h"

/* What one element of a descriptor is bound to. */
typedef struct
{
  GObject *object;  /* (owned) (nullable) RillBuffer, RillImage or RillImageView */
  guint64 offset;   /* buffers: the range in bytes */
  guint64 size;
} RillBound;

/* Checks that a shader's variable can be bound to the object, which may be anything: its kind,
 * session, state, usage, and all that the variable declares. @size -1: the rest of a buffer. On
 * success @bound holds no reference. @name is for errors. */
gboolean rill_binding_check      (RillContext           *context,
                                  const RillReflection  *reflection,
                                  const RillBinding     *binding,
                                  const char            *name,
                                  GObject               *object,
                                  guint64                offset,
                                  gint64                 size,
                                  RillBound             *bound,
                                  GError               **error);
/* The buffer or image behind it. */
gpointer rill_bound_get_resource (const RillBound       *self); /* (transfer none) */
