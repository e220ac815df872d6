/* SPDX-License-Identifier: MIT */
#include "memory/rill-ranges-private.h"

#include <string.h>

#define KIB (G_GUINT64_CONSTANT (1) << 10)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* Alignment gaps from this size on are free ranges, smaller ones are padding. */
#define SPLIT_SIZE 64

static void
assert_sound (RillRanges *book)
{
  g_autofree char *message = NULL;

  if (!rill_ranges_check (book, &message))
    g_error ("%s", message);
  g_assert_null (message);
}

static RillRange
allocate (RillRanges *book,
          guint64           size,
          guint64           alignment)
{
  RillRange range;

  g_assert_true (rill_ranges_allocate (book, size, alignment, &range));
  g_assert_cmpuint (range.size, ==, size);
  g_assert_cmpuint (range.offset & (alignment - 1), ==, 0);
  g_assert_cmpuint (range.left_padding, <, MIN (alignment, SPLIT_SIZE));
  g_assert_cmpuint (range.left_padding, <=, range.offset);
  return range;
}

static void
assert_refused (RillRanges *book,
                guint64           size,
                guint64           alignment)
{
  RillRange range, before;

  memset (&range, 0xa5, sizeof range);
  before = range;
  g_assert_false (rill_ranges_allocate (book, size, alignment, &range));
  g_assert_cmpmem (&range, sizeof range, &before, sizeof before);
}

static RillBlockStatistics
get_statistics (RillRanges *book,
                guint32           block)
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

static void
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
static RillBlockStatistics
confirm_statistics (RillRanges *book,
                    guint32           block,
                    guint64           size,
                    guint64           padding)
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
static void
finish (RillRanges *book,
        const guint64    *sizes,
        guint32           n_blocks)
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

static RillRanges *
open_block (guint64 size)
{
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);

  rill_ranges_add_block (book, 0, size);
  assert_sound (book);
  return book;
}

static void
finish_block (RillRanges *book,
              guint64           size)
{
  finish (book, &size, 1);
}

static void
test_refused (void)
{
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  RillRange range;

  assert_sound (book);
  assert_refused (book, 1, 1);
  rill_ranges_add_block (book, 0, MIB);

  assert_refused (book, 0, 1);
  assert_refused (book, 0, MIB);
  assert_refused (book, 1, 0);
  assert_refused (book, 1, 3);
  assert_refused (book, 1, G_GUINT64_CONSTANT (1) << 63);
  assert_refused (book, MIB + 1, 1);
  assert_refused (book, G_MAXINT64, 1);
  assert_refused (book, (guint64) G_MAXINT64 + 1, 1);
  assert_refused (book, G_MAXUINT64, 1);

  range = allocate (book, 1, 1);
  for (guint bit = 20; bit < 64; bit++)
    assert_refused (book, 1, G_GUINT64_CONSTANT (1) << bit);
  assert_refused (book, G_MAXUINT64 - 10, 256);
  assert_refused (book, G_MAXUINT64, G_GUINT64_CONSTANT (1) << 63);
  assert_refused (book, MIB, 1);
  g_assert_true (rill_ranges_release (book, &range));

  finish_block (book, MIB);
}

/* A range of `size`, then one byte at `alignment`: where it lies, and what is left before it. */
static void
test_padding (void)
{
  static const struct
  {
    guint64 size, alignment, offset, left_padding;
    guint n_free_ranges;
  } cases[] = {
    { 1, 1, 1, 0, 1 },
    { 1, 2, 2, 1, 1 },
    { 1, 64, 64, 63, 1 },
    { 16, 64, 64, 48, 1 },
    { 64, 64, 64, 0, 1 },
    { 64, 128, 128, 0, 2 },
    { 65, 128, 128, 63, 1 },
    { 1, 128, 128, 0, 2 },
    { 1, 256, 256, 0, 2 },
    { 255, 256, 256, 1, 1 },
    { 1, 64 * KIB, 64 * KIB, 0, 2 },
    { 64 * KIB - 1, 128 * KIB, 128 * KIB, 0, 2 },
    { 1, MIB, MIB, 0, 2 },
    { MIB - 63, MIB, MIB, 63, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RillRanges *book = open_block (4 * MIB);
      RillRange first = allocate (book, cases[i].size, 1);
      RillRange range = allocate (book, 1, cases[i].alignment);
      RillBlockStatistics statistics;

      g_test_message ("1 byte at %" G_GUINT64_FORMAT " after %" G_GUINT64_FORMAT,
                      cases[i].alignment, cases[i].size);
      g_assert_cmpuint (range.offset, ==, cases[i].offset);
      g_assert_cmpuint (range.left_padding, ==, cases[i].left_padding);
      statistics = confirm_statistics (book, 0, 4 * MIB, range.left_padding);
      g_assert_cmpuint (statistics.n_ranges, ==, 2);
      g_assert_cmpuint (statistics.n_free_ranges, ==, cases[i].n_free_ranges);
      g_assert_cmpuint (statistics.used, ==, cases[i].size + 1);
      assert_sound (book);

      g_assert_false (rill_ranges_release (book, &first));
      assert_sound (book);
      g_assert_true (rill_ranges_release (book, &range));
      finish_block (book, 4 * MIB);
    }
}

/* What an alignment leaves free is used by what fits there. */
static void
test_alignment_gap (void)
{
  RillRanges *book = open_block (64 * KIB);
  RillRange first = allocate (book, 100, 1);
  RillRange aligned = allocate (book, 64 * KIB - 4096, 4096);
  RillRange inside = allocate (book, 4096 - 100, 4);

  g_assert_cmpuint (aligned.offset, ==, 4096);
  g_assert_cmpuint (inside.offset, ==, 100);
  assert_refused (book, 1, 1);
  assert_sound (book);
  g_assert_false (rill_ranges_release (book, &aligned));
  g_assert_false (rill_ranges_release (book, &first));
  assert_sound (book);
  g_assert_true (rill_ranges_release (book, &inside));
  finish_block (book, 64 * KIB);
}

/* Whatever the order of the releases, neighbours are joined at once. */
static void
test_coalescing (void)
{
  static const guint orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
  static const guint n_free[][3] = { { 1, 1, 1 }, { 1, 2, 1 }, { 1, 1, 1 },
                                     { 1, 1, 1 }, { 1, 2, 1 }, { 1, 1, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      RillRanges *book = open_block (3000);
      RillRange ranges[3];

      for (guint j = 0; j < 3; j++)
        ranges[j] = allocate (book, 1000, 1);
      assert_refused (book, 1, 1);
      for (guint j = 0; j < 3; j++)
        {
          gboolean empty = rill_ranges_release (book, &ranges[orders[i][j]]);

          g_assert_true (empty == (j == 2));
          g_assert_cmpuint (get_statistics (book, 0).n_free_ranges, ==, n_free[i][j]);
          assert_sound (book);
        }
      finish_block (book, 3000);
    }
}

/* A block of like ranges can be refilled to the last byte, whatever is released: holes of exactly
 * the size asked are found, also for sizes that are not the least of their bin. */
static void
test_equal_sizes (void)
{
  static const guint64 sizes[] = { 1, 7, 33, 256, 1000, 4097, 65535, 100000, 3 * MIB + 1 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const guint n = 50;
      RillRanges *book = open_block (n * sizes[i]);
      RillRange ranges[50];

      for (guint j = 0; j < n; j++)
        ranges[j] = allocate (book, sizes[i], 1);
      for (guint j = 0; j < 1000; j++)
        {
          guint slot = j * 37 % n;

          assert_refused (book, 1, 1);
          rill_ranges_release (book, &ranges[slot]);
          ranges[slot] = allocate (book, sizes[i], 1);
        }
      assert_sound (book);
      for (guint j = 0; j < n; j++)
        g_assert_true (rill_ranges_release (book, &ranges[j]) == (j == n - 1));
      finish_block (book, n * sizes[i]);
    }
}

/* An empty block is the last to be used, also if it is the tighter fit or has the lower index. */
static void
test_prefers_used_blocks (void)
{
  static const guint64 sizes[] = { 64 * MIB, 4 * MIB, MIB };
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  RillRange first, ranges[63];

  rill_ranges_add_block (book, 0, sizes[0]);
  first = allocate (book, 1, 1);
  rill_ranges_add_block (book, 1, sizes[1]);
  rill_ranges_add_block (book, 2, sizes[2]);
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      ranges[i] = allocate (book, MIB, MIB);
      g_assert_cmpuint (ranges[i].block, ==, 0);
    }
  assert_sound (book);
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    g_assert_false (rill_ranges_release (book, &ranges[i]));
  g_assert_true (rill_ranges_release (book, &first));
  finish (book, sizes, 3);
}

/* A block that was just added serves at once, among whatever else is there. */
static void
test_added_block_serves (void)
{
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  g_autofree guint64 *sizes = g_new (guint64, 200);
  g_autofree RillRange *ranges = g_new (RillRange, 200);

  for (guint32 i = 0; i < 200; i++)
    {
      guint64 size = MIB + 16 * i;

      rill_ranges_add_block (book, i, size);
      ranges[i] = allocate (book, size, G_GUINT64_CONSTANT (1) << (i % 60));
      g_assert_cmpuint (ranges[i].block, ==, i);
      g_assert_cmpuint (ranges[i].offset, ==, 0);
    }
  assert_refused (book, 1, 1);
  for (guint32 i = 0; i < 200; i++)
    {
      g_assert_true (rill_ranges_release (book, &ranges[i]));
      rill_ranges_remove_block (book, i);
      sizes[i] = 5 * KIB;
      rill_ranges_add_block (book, i, sizes[i]);
    }
  finish (book, sizes, 200);
}

static void
test_remove (void)
{
  static const guint64 sizes[] = { 8 * KIB, 3 * KIB, 2 * KIB };
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  RillRange range;

  rill_ranges_add_block (book, 1000, MIB);
  rill_ranges_add_block (book, 2, 2 * KIB);
  rill_ranges_remove_block (book, 1000);
  assert_sound (book);
  assert_refused (book, MIB, 1);
  range = allocate (book, 2 * KIB, 1);
  g_assert_cmpuint (range.block, ==, 2);
  rill_ranges_add_block (book, 1, 4 * KIB);
  rill_ranges_remove_block (book, 1);
  rill_ranges_add_block (book, 1, 3 * KIB);
  rill_ranges_add_block (book, 0, 8 * KIB);
  assert_sound (book);
  g_assert_true (rill_ranges_release (book, &range));
  finish (book, sizes, 3);
}

/* Offsets beyond 32 bits, and up to the largest block there can be. */
static void
test_large (void)
{
  static const guint64 sizes[] = { G_MAXINT64, G_GUINT64_CONSTANT (1) << 48,
                                   (G_GUINT64_CONSTANT (1) << 48) - 1, 8 * GIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillRanges *book = open_block (sizes[i]);
      RillRange most = allocate (book, sizes[i] - 4 * GIB, 1);
      RillRange aligned = allocate (book, GIB, GIB);
      RillRange range = allocate (book, 3, 1);

      g_assert_cmpuint (aligned.offset, >=, sizes[i] - 4 * GIB);
      confirm_statistics (book, 0, sizes[i], aligned.left_padding);
      assert_sound (book);
      g_assert_false (rill_ranges_release (book, &aligned));
      g_assert_false (rill_ranges_release (book, &most));
      g_assert_true (rill_ranges_release (book, &range));
      finish_block (book, sizes[i]);
    }
}

static void
test_free_with_live_ranges (void)
{
  RillRanges *book = open_block (MIB);

  for (guint i = 0; i < 100; i++)
    (void) allocate (book, 1000, 16);
  rill_ranges_free (book);

  finish_block (open_block (MIB), MIB);
}

/* Each ends the program, with a message. */
static const char *misuses[] = {
  "/ranges/misuse/release-twice",       "/ranges/misuse/release-after-reuse",
  "/ranges/misuse/release-garbage",     "/ranges/misuse/release-zeros",
  "/ranges/misuse/release-other-size",  "/ranges/misuse/release-other-offset",
  "/ranges/misuse/release-other-block", "/ranges/misuse/remove-used",
};

static void
misuse (RillRanges *book,
        const char       *kind)
{
  RillRange range = allocate (book, 1000, 1);

  rill_ranges_add_block (book, 1, MIB);
  if (g_str_has_suffix (kind, "twice") || g_str_has_suffix (kind, "reuse"))
    rill_ranges_release (book, &range);
  if (g_str_has_suffix (kind, "reuse"))
    g_assert_cmpuint (allocate (book, 1000, 1).offset, ==, range.offset);
  else if (g_str_has_suffix (kind, "garbage"))
    memset (&range, 0xff, sizeof range);
  else if (g_str_has_suffix (kind, "zeros"))
    memset (&range, 0, sizeof range);
  else if (g_str_has_suffix (kind, "size"))
    range.size++;
  else if (g_str_has_suffix (kind, "offset"))
    range.offset += 16;
  else if (g_str_has_suffix (kind, "block"))
    range.block = 1;

  if (g_str_has_suffix (kind, "used"))
    rill_ranges_remove_block (book, range.block);
  else
    rill_ranges_release (book, &range);
}

static void
test_misuse (gconstpointer data)
{
  RillRanges *book = open_block (MIB);

  if (g_test_subprocess ())
    {
      (void) allocate (book, 1000, 1);
      misuse (book, data);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (strstr (data, "used") ? "*live ranges*" : "*not allocated: block *");
  finish_block (book, MIB);
}

/* Random calls, compared with a model that searches plain lists. */

#define N_OPS 50000
#define CHECK_EVERY 500
#define MAX_LIVE 1500

typedef struct
{
  const char *name;
  guint64 block_size; /* of the first third; the others have 3/4 and 1/2 of it */
  guint n_blocks;
  guint max_size_bits;
  guint max_alignment_bits;
} RandomCase;

typedef struct
{
  const RandomCase *parameters;
  GRand *rand;
  RillRanges *book;
  GArray **ranges; /* of each block: RillRange by offset; NULL while it is removed */
  GArray *live;    /* RillRange */
  guint64 *sizes;
} Model;

/* Any size up to 1 << max_bits, each power of two equally likely. */
static guint64
random_size (Model *model,
             guint  max_bits)
{
  guint64 value = (guint64) g_rand_int (model->rand) << 32 | g_rand_int (model->rand);
  gint32 bits = g_rand_int_range (model->rand, 0, (gint32) max_bits + 1);

  return 1 + (bits == 0 ? 0 : value >> (64 - bits));
}

static guint64
get_start (const RillRange *range)
{
  return range->offset - range->left_padding;
}

/* The position of the first range at or after the offset. */
static guint
find_position (GArray *ranges,
               guint64 offset)
{
  guint low = 0, high = ranges->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (ranges, RillRange, middle).offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* The new range must lie in a free part, and its padding must be what the rule says. */
static void
model_add (Model           *model,
           const RillRange *range)
{
  GArray *ranges = model->ranges[range->block];
  guint position;
  guint64 free_start = 0, free_end = model->sizes[range->block];

  g_assert_nonnull (ranges);
  position = find_position (ranges, range->offset);
  if (position > 0)
    {
      RillRange *before = &g_array_index (ranges, RillRange, position - 1);

      free_start = before->offset + before->size;
    }
  if (position < ranges->len)
    free_end = get_start (&g_array_index (ranges, RillRange, position));

  g_assert_cmpuint (free_start, <=, get_start (range));
  g_assert_cmpuint (range->offset + range->size, <=, free_end);
  if (range->offset - free_start < SPLIT_SIZE)
    g_assert_cmpuint (range->left_padding, ==, range->offset - free_start);
  else
    g_assert_cmpuint (range->left_padding, ==, 0);

  g_array_insert_val (ranges, position, *range);
  g_array_append_val (model->live, *range);
}

static gsize
model_remove (Model *model,
              guint  index)
{
  RillRange range = g_array_index (model->live, RillRange, index);
  GArray *ranges = model->ranges[range.block];
  guint position = find_position (ranges, range.offset);

  g_assert_cmpuint (g_array_index (ranges, RillRange, position).offset, ==, range.offset);
  g_array_remove_index (ranges, position);
  g_array_remove_index_fast (model->live, index);
  return ranges->len;
}

/* A refusal is right if no free part has what the header promises to find. */
static void
assert_no_room (Model  *model,
                guint64 size,
                guint64 alignment)
{
  guint64 padded = size + alignment - 1;

  for (guint32 i = 0; i < model->parameters->n_blocks; i++)
    {
      GArray *ranges = model->ranges[i];
      guint64 end = 0;

      if (ranges == NULL)
        continue;
      if (ranges->len == 0)
        g_assert_cmpuint (model->sizes[i], <, size + size / 32 + 1);
      for (guint j = 0; j < ranges->len; j++)
        {
          RillRange *range = &g_array_index (ranges, RillRange, j);

          g_assert_cmpuint (get_start (range) - end, <, padded + padded / 32 + 1);
          end = range->offset + range->size;
        }
      g_assert_cmpuint (model->sizes[i] - end, <, padded + padded / 32 + 1);
    }
}

static void
model_check (Model *model)
{
  guint64 total = 0;

  assert_sound (model->book);
  for (guint32 i = 0; i < model->parameters->n_blocks; i++)
    {
      RillBlockStatistics statistics;
      guint64 used = 0, padding = 0;

      if (model->ranges[i] == NULL)
        continue;
      for (guint j = 0; j < model->ranges[i]->len; j++)
        {
          used += g_array_index (model->ranges[i], RillRange, j).size;
          padding += g_array_index (model->ranges[i], RillRange, j).left_padding;
        }
      statistics = confirm_statistics (model->book, i, model->sizes[i], padding);
      g_assert_cmpuint (statistics.n_ranges, ==, model->ranges[i]->len);
      g_assert_cmpuint (statistics.used, ==, used);
      total += used;
    }
  g_assert_cmpuint (rill_ranges_get_used (model->book), ==, total);
}

static void
random_allocate (Model *model)
{
  guint64 size = random_size (model, model->parameters->max_size_bits);
  gint32 max_bits = (gint32) model->parameters->max_alignment_bits;
  guint64 alignment = G_GUINT64_CONSTANT (1) << g_rand_int_range (model->rand, 0, max_bits + 1);
  RillRange range;

  if (!rill_ranges_allocate (model->book, size, alignment, &range))
    {
      assert_no_room (model, size, alignment);
      return;
    }
  g_assert_cmpuint (range.size, ==, size);
  g_assert_cmpuint (range.offset & (alignment - 1), ==, 0);
  model_add (model, &range);
}

static void
random_release (Model *model)
{
  guint index = (guint) g_rand_int_range (model->rand, 0, (gint32) model->live->len);
  RillRange range = g_array_index (model->live, RillRange, index);
  gboolean last = model_remove (model, index) == 0;

  g_assert_true (rill_ranges_release (model->book, &range) == last);
}

/* Takes an empty block away, or brings one back. */
static void
random_toggle (Model *model)
{
  guint32 block = (guint32) g_rand_int_range (model->rand, 0, (gint32) model->parameters->n_blocks);

  if (model->ranges[block] == NULL)
    {
      rill_ranges_add_block (model->book, block, model->sizes[block]);
      model->ranges[block] = g_array_new (FALSE, FALSE, sizeof (RillRange));
    }
  else if (model->ranges[block]->len == 0)
    {
      rill_ranges_remove_block (model->book, block);
      g_clear_pointer (&model->ranges[block], g_array_unref);
    }
}

static void
model_init (Model            *model,
            const RandomCase *parameters,
            guint32           seed)
{
  *model = (Model) {
    .parameters = parameters,
    .rand = g_rand_new_with_seed (seed),
    .book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL),
    .ranges = g_new0 (GArray *, parameters->n_blocks),
    .live = g_array_new (FALSE, FALSE, sizeof (RillRange)),
    .sizes = g_new (guint64, parameters->n_blocks),
  };
  for (guint i = 0; i < parameters->n_blocks; i++)
    model->sizes[i] = parameters->block_size * (4 - 3 * i / parameters->n_blocks) / 4;
}

static void
model_finish (Model *model)
{
  while (model->live->len > 0)
    random_release (model);
  for (guint32 i = 0; i < model->parameters->n_blocks; i++)
    if (model->ranges[i] == NULL)
      rill_ranges_add_block (model->book, i, model->sizes[i]);
    else
      g_array_unref (model->ranges[i]);
  finish (model->book, model->sizes, model->parameters->n_blocks);
  g_free (model->ranges);
  g_free (model->sizes);
  g_array_unref (model->live);
  g_rand_free (model->rand);
}

/* The number of live ranges swings between few and many, so that blocks fill up and drain. */
static void
test_random (gconstpointer data)
{
  for (guint32 seed = 1; seed <= 4; seed++)
    {
      Model model;

      model_init (&model, data, seed);
      for (guint i = 0; i < N_OPS; i++)
        {
          gboolean filling = i / (N_OPS / 5) % 2 == 0;
          gboolean grow = g_rand_int_range (model.rand, 0, 100) < (filling ? 65 : 35);

          if (i % 16 == 0)
            random_toggle (&model);
          if (model.live->len == 0 || (grow && model.live->len < MAX_LIVE))
            random_allocate (&model);
          else
            random_release (&model);
          if (i % CHECK_EVERY == 0)
            model_check (&model);
        }
      model_check (&model);
      model_finish (&model);
    }
}

static const RandomCase random_cases[] = {
  { "/ranges/random/bytes", 4 * KIB, 3, 5, 8 },
  { "/ranges/random/one-block", 16 * MIB, 1, 16, 8 },
  { "/ranges/random/many-blocks", MIB, 200, 16, 12 },
  { "/ranges/random/aligned", 4 * MIB, 40, 18, 20 },
  { "/ranges/random/large-ranges", 32 * MIB, 60, 24, 16 },
  { "/ranges/random/large-blocks", 8 * GIB, 4, 33, 20 },
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ranges/refused", test_refused);
  g_test_add_func ("/ranges/padding", test_padding);
  g_test_add_func ("/ranges/alignment-gap", test_alignment_gap);
  g_test_add_func ("/ranges/coalescing", test_coalescing);
  g_test_add_func ("/ranges/equal-sizes", test_equal_sizes);
  g_test_add_func ("/ranges/prefers-used-blocks", test_prefers_used_blocks);
  g_test_add_func ("/ranges/added-block-serves", test_added_block_serves);
  g_test_add_func ("/ranges/remove", test_remove);
  g_test_add_func ("/ranges/large", test_large);
  g_test_add_func ("/ranges/free-with-live-ranges", test_free_with_live_ranges);
  for (guint i = 0; i < G_N_ELEMENTS (misuses); i++)
    g_test_add_data_func (misuses[i], misuses[i], test_misuse);
  for (guint i = 0; i < G_N_ELEMENTS (random_cases); i++)
    g_test_add_data_func (random_cases[i].name, &random_cases[i], test_random);
  return g_test_run ();
}
