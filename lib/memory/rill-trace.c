/* SPDX-License-Identifier: MIT */
#include "memory/rill-trace-private.h"

#include <errno.h>
#include <glib/gstdio.h>

static FILE *
open_trace (void)
{
  const char *name = g_getenv ("RILL_TRACE");
  FILE *file;

  if (name == NULL || *name == '\0')
    return NULL;
  file = g_fopen (name, "we");
  if (file == NULL)
    g_message ("RILL_TRACE: “%s” cannot be written: %s", name, g_strerror (errno));
  if (file == NULL)
    return NULL;
  setvbuf (file, NULL, _IOLBF, 0); /* so that what was recorded is there, however the program ends */
  fputs ("rill-trace 1\n", file);
  return file;
}

/* Never closed. */
static FILE *
get_trace (void)
{
  static gsize opened;
  static FILE *file;

  if (g_once_init_enter (&opened))
    {
      file = open_trace ();
      g_once_init_leave (&opened, 1);
    }
  return file;
}

guint
rill_trace_begin_memory (void)
{
  static gint n_memories; /* (atomic) */

  return get_trace () != NULL ? 1 + (guint) g_atomic_int_add (&n_memories, 1) : 0;
}

void
rill_trace_memory (guint       memory,
                   guint64     page_size,
                   const char *strategy)
{
  fprintf (get_trace (), "m %u %" G_GUINT64_FORMAT " %s\n", memory, page_size, strategy);
}

void
rill_trace_allocate (guint   memory,
                     guint   page,
                     guint64 offset,
                     guint64 size,
                     guint64 alignment)
{
  fprintf (get_trace (), "a %u %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", memory,
           page, offset, size, alignment);
}

void
rill_trace_release (guint   memory,
                    guint   page,
                    guint64 offset)
{
  fprintf (get_trace (), "f %u %u %" G_GUINT64_FORMAT "\n", memory, page, offset);
}
