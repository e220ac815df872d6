/* SPDX-License-Identifier: MIT */
#include "memory/rill-ranges-nodes-private.h"

#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

/*
 * The arrays of a RillRanges, which double. From some size on they are mappings of their own, whose pages
 * are moved and not copied: so not even the call that meets the growth of a million nodes takes long.
 * They are aligned to what one page table maps, so that the kernel moves whole tables.
 *
 * Huge pages would save a tenth of the time with a million nodes, but each is cleared at its first touch,
 * and that call takes milliseconds.
 */

#define CACHE_LINE 64u
#define MIN_CAPACITY 64u
#define MIN_MAPPED_SIZE ((gsize) 256 << 10)
#define TABLE_SIZE ((gsize) 2 << 20)

static gboolean
is_mapped (gsize size)
{
#ifdef __linux__
  return size >= MIN_MAPPED_SIZE;
#else
  return FALSE;
#endif
}

static void
free_array (gpointer array,
            gsize    size)
{
#ifdef __linux__
  if (is_mapped (size))
    {
      munmap (array, size);
      return;
    }
#endif
  g_aligned_free (array);
}

#ifdef __linux__
/* More is mapped than needed, and what stands out at both ends is given back. */
static gpointer
map_aligned (gsize size)
{
  gsize mapped_size = size + TABLE_SIZE, before;
  guint8 *mapped = mmap (NULL, mapped_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (mapped == MAP_FAILED)
    g_error ("Ranges: could not map %" G_GSIZE_FORMAT " bytes", size);
  before = -GPOINTER_TO_SIZE (mapped) & (TABLE_SIZE - 1);
  if (before > 0)
    munmap (mapped, before);
  munmap (mapped + before + size, TABLE_SIZE - before);
  return mapped + before;
}

static gpointer
map_array (gpointer old,
           gsize    old_size,
           gsize    size)
{
  gpointer array = map_aligned (size);

  if (!is_mapped (old_size))
    {
      if (old_size > 0)
        memcpy (array, old, old_size);
      free_array (old, old_size);
    }
  else if (mremap (old, old_size, old_size, MREMAP_MAYMOVE | MREMAP_FIXED, array) == MAP_FAILED)
    g_error ("Ranges: could not move %" G_GSIZE_FORMAT " bytes", old_size);
  return array;
}
#endif

static gpointer
grow_array (gpointer old,
            gsize    old_size,
            gsize    size)
{
  gpointer array;

#ifdef __linux__
  if (is_mapped (size))
    return map_array (old, old_size, size);
#endif
  array = g_aligned_alloc (1, size, CACHE_LINE);
  if (old_size > 0)
    memcpy (array, old, old_size);
  free_array (old, old_size);
  return array;
}

/* Whole pages, as mappings have them. */
static gsize
get_links_size (guint32 capacity)
{
  gsize size = capacity > 0 ? (N_HEADS + 2 * (gsize) capacity) * sizeof (guint32) : 0;

  return (size + 4095) & ~(gsize) 4095;
}

void
rill_ranges_grow (RillRanges *self)
{
  guint32 old = self->capacity;
  guint32 capacity = MAX (old * 2, MIN_CAPACITY);

  if (capacity > MAX_NODES)
    g_error ("Ranges: more than %u live ranges and blocks", MAX_NODES);

  self->nodes = grow_array (self->nodes, old * sizeof (Node), capacity * sizeof (Node));
  self->lives = grow_array (self->lives, old * sizeof (guint32), capacity * sizeof (guint32));
  self->links = grow_array (self->links, get_links_size (old), get_links_size (capacity));
  self->capacity = capacity;
}

void
rill_ranges_free_arrays (RillRanges *self)
{
  guint32 capacity = self->capacity;

  free_array (self->nodes, capacity * sizeof (Node));
  free_array (self->lives, capacity * sizeof (guint32));
  free_array (self->links, get_links_size (capacity));
}

void
rill_ranges_free (RillRanges *self)
{
  rill_ranges_free_arrays (self);
  g_free (self->blocks);
  g_free (self);
}
