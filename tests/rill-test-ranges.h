/* SPDX-License-Identifier: MIT */
#pragma once

/* What the tests of RillRanges share. */

#include "memory/rill-ranges-private.h"

#include <string.h>

#define KIB (G_GUINT64_CONSTANT (1) << 10)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* Alignment gaps from this size on are free ranges, smaller ones are padding. */
#define SPLIT_SIZE 64

static inline void
assert_sound (RillRanges *book)
{
  g_autofree char *message = NULL;

  if (!rill_ranges_check (book, &message))
    g_error ("%s", message);
  g_assert_null (message);
}

static inline RillRange
allocate (RillRanges *book,
          guint64     size,
          guint64     alignment)
{
  RillRange range;

  g_assert_true (rill_ranges_allocate (book, size, alignment, &range));
  g_assert_cmpuint (range.size, ==, size);
  g_assert_cmpuint (range.offset & (alignment - 1), ==, 0);
  g_assert_cmpuint (range.left_padding, <, MIN (alignment, SPLIT_SIZE));
  g_assert_cmpuint (range.left_padding, <=, range.offset);
  return range;
}

static inline void
assert_refused (RillRanges *book,
                guint64     size,
                guint64     alignment)
{
  RillRange range, before;

  memset (&range, 0xa5, sizeof range);
  before = range;
  g_assert_false (rill_ranges_allocate (book, size, alignment, &range));
  g_assert_cmpmem (&range, sizeof range, &before, sizeof before);
}

static inline RillBlockStatistics
get_statistics (RillRanges *book,
                guint32     block)
{
  RillBlockStatistics statistics;

  memset (&statistics, 0xa5, sizeof statistics);
  rill_ranges_calculate_block_statistics (book, block, &statistics);
  return statistics;
}

/* What a walk saw, to compare with the statistics. */
typedef struct
{
  RillBlockStatistics counted; /* used: with padding */
  guint32 block;
  guint64 end;
  gboolean last_used;
} Walk;

static inline void
walk_part (guint32  block,
           guint64  offset,
           guint64  size,
           gboolean used,
           gpointer user_data)
{
  Walk *walk = user_data;

  g_assert_cmpuint (block, ==, walk->block);
  g_assert_cmpuint (offset, ==, walk->end);
  g_assert_cmpuint (size, >, 0);
  if (used)
    {
      walk->counted.n_ranges++;
      walk->counted.used += size;
    }
  else
    {
      g_assert_true (offset == 0 || walk->last_used);
      walk->counted.n_free_ranges++;
      walk->counted.free += size;
      walk->counted.largest_free = MAX (walk->counted.largest_free, size);
    }
  walk->end = offset + size;
  walk->last_used = used;
}

/* The block's statistics, after a walk has confirmed them. */
static inline RillBlockStatistics
confirm_statistics (RillRanges *book,
                    guint32     block,
                    guint64     size,
                    guint64     padding)
{
  RillBlockStatistics statistics = get_statistics (book, block);
  Walk walk = { .block = block };

  rill_ranges_walk (book, block, walk_part, &walk);
  g_assert_cmpuint (walk.end, ==, size);
  g_assert_cmpuint (statistics.n_ranges, ==, walk.counted.n_ranges);
  g_assert_cmpuint (statistics.n_free_ranges, ==, walk.counted.n_free_ranges);
  g_assert_cmpuint (statistics.free, ==, walk.counted.free);
  g_assert_cmpuint (statistics.largest_free, ==, walk.counted.largest_free);
  g_assert_cmpuint (statistics.used, ==, walk.counted.used - padding);
  g_assert_cmpuint (statistics.used, ==, rill_ranges_get_block_used (book, block));
  g_assert_cmpuint (statistics.used + statistics.free + padding, ==, size);
  return statistics;
}

/* Every test ends here: all is free, so each block is one range again and can be had whole. The
 * sizes go down, so that no request takes the block that a larger one needs. */
static inline void
finish (RillRanges    *book,
        const guint64 *sizes,
        guint32        n_blocks)
{
  g_autofree RillRange *ranges = g_new (RillRange, n_blocks);
  guint64 total = 0;

  assert_sound (book);
  g_assert_cmpuint (rill_ranges_get_used (book), ==, 0);
  for (guint32 i = 0; i < n_blocks; i++)
    {
      RillBlockStatistics statistics = confirm_statistics (book, i, sizes[i], 0);

      g_assert_cmpuint (statistics.n_free_ranges, ==, 1);
      g_assert_cmpuint (statistics.largest_free, ==, sizes[i]);
      g_assert_true (i == 0 || sizes[i] <= sizes[i - 1]);
    }

  for (guint32 i = 0; i < n_blocks; i++)
    {
      ranges[i] = allocate (book, sizes[i], MIB);
      g_assert_cmpuint (ranges[i].offset, ==, 0);
      total += sizes[i];
    }
  assert_sound (book);
  assert_refused (book, 1, 1);
  g_assert_cmpuint (rill_ranges_get_used (book), ==, total);
  for (guint32 i = 0; i < n_blocks; i++)
    g_assert_true (rill_ranges_release (book, &ranges[i]));
  assert_sound (book);
  rill_ranges_free (book);
}
