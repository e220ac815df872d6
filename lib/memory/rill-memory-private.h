/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory-choice-private.h"
#include "memory/rill-memory.h"
#include "memory/rill-pages-private.h"
#include "session/rill-session-private.h"

gboolean                rill_memory_check_open     (RillMemory                   *self,
                                                    GError                      **error);
/* The same, with a reference, for calls that use the device without an object that holds it. */
RillContext            *rill_memory_ref_context    (RillMemory                   *self,
                                                    GError                      **error);
/* (transfer none), weak once the memory is closed, NULL if never initialised */
RillContext            *rill_memory_get_context    (RillMemory                   *self);
RillPages              *rill_memory_peek_pages     (RillMemory                   *self);
/* As rill_children_hold(), rill_children_unhold(). */
RillChild              *rill_memory_hold_child     (RillMemory                   *self,
                                                    const RillChildRef           *ref);
void                    rill_memory_unhold_child   (RillMemory                   *self,
                                                    RillChild                    *child);

gboolean                rill_memory_allocate       (RillMemory                   *self,
                                                    const RillAllocationRequest  *request,
                                                    RillAllocation               *allocation,
                                                    GError                      **error);
void                    rill_memory_release        (RillMemory                   *self,
                                                    RillAllocation               *allocation,
                                                    RillChild                    *child);

gboolean                rill_memory_leave          (RillMemory                   *self, /* see rill_children_leave() */
                                                    RillChild                    *child);
/* As rill_children_foreach(). */
void                    rill_memory_foreach_child  (RillMemory                   *self,
                                                    void (*func) (RillChild *child, gpointer data),
                                                    gpointer                      data);
