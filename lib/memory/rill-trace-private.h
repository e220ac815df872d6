/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Allocations and releases of all memories of the process, in the file that RILL_TRACE names, for replay
 * by rill-bench-alloc. doc/memory.md has the format. The calls for one memory come under its lock. */

/* The number of a new memory in the trace; 0 when nothing is recorded. */
guint rill_trace_begin_memory (void);

/* Not to be called with a memory of 0. */
void  rill_trace_memory       (guint       memory,
                               guint64     page_size,
                               const char *strategy);
void  rill_trace_allocate     (guint       memory,
                               guint       page,
                               guint64     offset,
                               guint64     size,
                               guint64     alignment);
void  rill_trace_release      (guint       memory,
                               guint       page,
                               guint64     offset);
