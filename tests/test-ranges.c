/* SPDX-License-Identifier: MIT */
#include "rill-test-ranges.h"

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
              guint64     size)
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
        const char *kind)
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

static RillRanges *
open_linear (guint64 size,
             guint32 n_blocks)
{
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_LINEAR);

  for (guint32 i = 0; i < n_blocks; i++)
    rill_ranges_add_block (book, i, size);
  assert_sound (book);
  return book;
}

/* Each range lies right behind the one before, and goes back to where that began. */
static void
test_linear_stack (void)
{
  RillRanges *book = open_linear (MIB, 1);
  RillRange ranges[100];

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 100; i++)
        {
          ranges[i] = allocate (book, 1000 + i, 16);
          if (i > 0)
            g_assert_cmpuint (ranges[i].offset - ranges[i].left_padding, ==,
                              ranges[i - 1].offset + ranges[i - 1].size);
        }
      assert_sound (book);
      for (guint i = 100; i-- > 30;)
        rill_ranges_release (book, &ranges[i]);
      assert_sound (book);
      for (guint i = 30; i < 100; i++)
        {
          guint64 offset = ranges[i].offset;

          ranges[i] = allocate (book, 1000 + i, 16);
          g_assert_cmpuint (ranges[i].offset, ==, offset);
        }
      for (guint i = 100; i-- > 0;)
        g_assert_true (rill_ranges_release (book, &ranges[i]) == (i == 0));
    }
  finish_block (book, MIB);
}

/* First in, first out: the ring goes round for ever, and may be full to the last byte. */
static void
test_linear_ring (void)
{
  RillRanges *book = open_linear (10 * KIB, 1);
  RillRange ranges[10];

  for (guint i = 0; i < 10; i++)
    ranges[i] = allocate (book, KIB, 256);
  for (guint i = 0; i < 1000; i++)
    {
      RillRange *oldest = &ranges[i % 10];
      guint64 offset = oldest->offset;

      assert_refused (book, 1, 1);
      g_assert_false (rill_ranges_release (book, oldest));
      assert_refused (book, KIB + 1, 1);
      *oldest = allocate (book, KIB, 256);
      g_assert_cmpuint (oldest->offset, ==, offset);
    }
  assert_sound (book);
  for (guint i = 0; i < 10; i++)
    g_assert_true (rill_ranges_release (book, &ranges[i]) == (i == 9));
  finish_block (book, 10 * KIB);
}

/* A ring of several blocks enters the one that it left first, and takes no other. */
static void
test_linear_ring_of_blocks (void)
{
  static const guint64 sizes[] = { 4 * KIB, 4 * KIB, 4 * KIB, 4 * KIB };
  RillRanges *book = open_linear (4 * KIB, 4);
  RillRange ranges[12];
  guint32 blocks[3];

  for (guint i = 0; i < 12; i++)
    {
      ranges[i] = allocate (book, KIB, 1);
      blocks[i / 4] = ranges[i].block;
      g_assert_cmpuint (ranges[i].block, ==, blocks[i / 4]);
    }
  for (guint i = 0; i < 120; i++)
    {
      RillRange *oldest = &ranges[i % 12];

      g_assert_false (rill_ranges_release (book, oldest));
      *oldest = allocate (book, KIB, 1);
      g_assert_cmpuint (oldest->block, ==, blocks[i % 12 / 4]);
      assert_sound (book);
    }
  for (guint i = 0; i < 12; i++)
    rill_ranges_release (book, &ranges[i]);
  finish (book, sizes, 4);
}

/* In one block, behind what was placed there last; where nothing fits, the largest gap is told. */
static void
test_allocate_in (void)
{
  static const guint64 sizes[] = { MIB, 1000 };
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  RillRange ranges[10], range;
  guint64 largest;

  for (guint i = 0; i < 2; i++)
    rill_ranges_add_block (book, i, sizes[i]);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_true (rill_ranges_allocate_in (book, 1, 100, 4, &ranges[i], &largest));
      g_assert_cmpuint (ranges[i].block, ==, 1);
      g_assert_cmpuint (ranges[i].offset, ==, 100 * i);
    }
  g_assert_false (rill_ranges_allocate_in (book, 1, 1, 1, &range, &largest));
  g_assert_cmpuint (largest, ==, 0);
  for (guint i = 2; i < 9; i += 3)
    rill_ranges_release (book, &ranges[i]);
  rill_ranges_release (book, &ranges[6]);
  rill_ranges_release (book, &ranges[9]); /* where it has placed the last */
  g_assert_false (rill_ranges_allocate_in (book, 1, 201, 1, &range, &largest));
  g_assert_cmpuint (largest, ==, 200);
  g_assert_false (rill_ranges_allocate_in (book, 1, 100, 1024, &range, &largest));
  g_assert_false (rill_ranges_allocate_in (book, 1, 0, 1, &range, &largest));
  g_assert_true (rill_ranges_allocate_in (book, 1, 50, 1, &ranges[2], &largest));
  g_assert_cmpuint (ranges[2].offset, ==, 200);
  g_assert_true (rill_ranges_allocate_in (book, 1, 150, 1, &ranges[5], &largest));
  g_assert_cmpuint (ranges[5].offset, ==, 500);
  assert_sound (book);
  for (guint i = 0; i < 10; i++)
    if (i != 6 && i != 8 && i != 9)
      rill_ranges_release (book, &ranges[i]);
  finish (book, sizes, 2);
}

/* However many stay: room of the same block is found before another one is begun. */
static void
test_linear_obstacles (void)
{
  RillRanges *book = open_linear (100 * KIB, 1);
  RillRange kept[50], ring[5];

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    kept[i] = allocate (book, 10, 1);
  for (guint i = 0; i < G_N_ELEMENTS (ring); i++)
    ring[i] = allocate (book, 10 * KIB, 1);
  for (guint i = 0; i < 1000; i++)
    {
      rill_ranges_release (book, &ring[i % G_N_ELEMENTS (ring)]);
      ring[i % G_N_ELEMENTS (ring)] = allocate (book, 10 * KIB, 1);
    }
  assert_sound (book);
  for (guint i = 0; i < G_N_ELEMENTS (ring); i++)
    rill_ranges_release (book, &ring[i]);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    rill_ranges_release (book, &kept[i]);
  finish_block (book, 100 * KIB);
}

/* What goes back over a block's edge goes on in the block before. */
static void
test_linear_stack_of_blocks (void)
{
  static const guint64 sizes[] = { 64 * KIB, 64 * KIB, 64 * KIB };
  RillRanges *book = open_linear (64 * KIB, 3);
  RillRange ranges[150];

  for (guint round = 0; round < 3; round++)
    {
      guint32 block;

      for (guint i = 0; i < 150; i++)
        ranges[i] = allocate (book, KIB, 1);
      g_assert_cmpuint (ranges[149].block, !=, ranges[0].block);
      for (guint i = 150; i-- > 32;)
        rill_ranges_release (book, &ranges[i]);
      assert_sound (book);
      block = ranges[31].block;
      for (guint i = 32; i < 60; i++)
        {
          ranges[i] = allocate (book, KIB, 1);
          g_assert_cmpuint (ranges[i].block, ==, block);
          g_assert_cmpuint (ranges[i].offset, ==, i * KIB);
        }
      for (guint i = 60; i-- > 0;)
        rill_ranges_release (book, &ranges[i]);
      assert_sound (book);
    }
  finish (book, sizes, 3);
}

/* A handle never comes back to life, as often as its node does. */
static void
test_worn (void)
{
  RillRanges *book = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL);
  guint64 offset, first;

  rill_ranges_add_block (book, 0, MIB);
  first = rill_ranges_take (book, 100, 1, &offset);
  g_assert_true (rill_ranges_retire (book, first));
  for (guint i = 0; i < (1u << 24) + 2; i++)
    {
      guint64 handle = rill_ranges_take (book, 100, 1, &offset);

      if (handle == first || !rill_ranges_retire (book, handle))
        g_error ("handle %" G_GUINT64_FORMAT " after %u", handle, i);
    }
  g_assert_false (rill_ranges_retire (book, first));
  finish_block (book, MIB);
}

/* A range that stays does not stop a ring: what is behind it is used too. */
static void
test_linear_obstacle (void)
{
  RillRanges *book = open_linear (10 * KIB, 1);
  RillRange ranges[10], kept;

  for (guint i = 0; i < 10; i++)
    ranges[i] = allocate (book, KIB, 1);
  kept = ranges[1];
  for (guint i = 0; i < 10; i++)
    if (i != 1)
      rill_ranges_release (book, &ranges[i]);
  assert_sound (book);
  for (guint i = 0; i < 100; i++)
    {
      RillRange range = allocate (book, KIB, 1);

      g_assert_cmpuint (range.offset, !=, kept.offset);
      g_assert_false (rill_ranges_release (book, &range));
    }
  assert_sound (book);
  ranges[0] = allocate (book, 8 * KIB, 1);
  g_assert_cmpuint (ranges[0].offset, ==, 2 * KIB);
  ranges[1] = allocate (book, KIB, 1);
  g_assert_cmpuint (ranges[1].offset, ==, 0);
  assert_refused (book, 1, 1);
  for (guint i = 0; i < 2; i++)
    g_assert_false (rill_ranges_release (book, &ranges[i]));
  g_assert_true (rill_ranges_release (book, &kept));
  finish_block (book, 10 * KIB);
}

/* Nor does one that stays right behind the last range, however many there are before. */
static void
test_linear_step (void)
{
  RillRanges *book = open_linear (20 * KIB, 1);
  RillRange ranges[20];

  for (guint i = 0; i < 20; i++)
    ranges[i] = allocate (book, KIB, 1);
  for (guint i = 0; i <= 10; i++)
    {
      rill_ranges_release (book, &ranges[i]);
      ranges[i] = allocate (book, KIB, 1);
      g_assert_cmpuint (ranges[i].offset, ==, i * KIB);
    }
  for (guint i = 12; i < 16; i++)
    rill_ranges_release (book, &ranges[i]);
  ranges[12] = allocate (book, 4 * KIB, 1);
  g_assert_cmpuint (ranges[12].offset, ==, 12 * KIB);
  assert_sound (book);
  for (guint i = 0; i < 20; i++)
    if (i < 13 || i > 15)
      rill_ranges_release (book, &ranges[i]);
  finish_block (book, 20 * KIB);
}

/* Out of order: the room comes back when its neighbours are free. */
static void
test_linear_out_of_order (void)
{
  RillRanges *book = open_linear (4 * KIB, 1);
  RillRange ranges[4], large;

  for (guint i = 0; i < 4; i++)
    ranges[i] = allocate (book, KIB, 1);
  g_assert_false (rill_ranges_release (book, &ranges[1]));
  g_assert_false (rill_ranges_release (book, &ranges[2]));
  assert_sound (book);
  assert_refused (book, 3 * KIB, 1);
  g_assert_false (rill_ranges_release (book, &ranges[0]));
  large = allocate (book, 3 * KIB, 1);
  g_assert_cmpuint (large.offset, ==, 0);
  assert_sound (book);
  g_assert_false (rill_ranges_release (book, &large));
  g_assert_true (rill_ranges_release (book, &ranges[3]));
  finish_block (book, 4 * KIB);
}

/* The block of the last range is removed: the next range goes to one that is there. */
static void
test_linear_remove (void)
{
  static const guint64 sizes[] = { 4 * KIB, 4 * KIB };
  RillRanges *book = open_linear (4 * KIB, 2);
  RillRange range = allocate (book, KIB, 1), other;
  guint32 removed = range.block;

  g_assert_true (rill_ranges_release (book, &range));
  rill_ranges_remove_block (book, removed);
  assert_sound (book);
  other = allocate (book, 4 * KIB, 1);
  g_assert_cmpuint (other.block, ==, 1 - removed);
  assert_refused (book, 1, 1);
  rill_ranges_add_block (book, removed, 4 * KIB);
  range = allocate (book, 1, 1);
  g_assert_cmpuint (range.block, ==, removed);
  assert_sound (book);
  g_assert_true (rill_ranges_release (book, &other));
  g_assert_true (rill_ranges_release (book, &range));
  finish (book, sizes, 2);
}

/* No number near that of a handle is one: neither another life nor another node, nor an anchor's. */
static void
test_forged (void)
{
  RillRanges *book = open_block (MIB);
  guint64 offset, handle;

  for (guint round = 0; round < 2; round++)
    {
      handle = rill_ranges_take (book, 100, 1, &offset);
      for (gint64 life = -3; life <= 3; life++)
        for (gint64 node = -3; node <= 3; node++)
          {
            guint64 forged = handle + (guint64) (life * (G_GINT64_CONSTANT (1) << 28) + node);

            if (forged != handle)
              g_assert_false (rill_ranges_retire (book, forged));
          }
      assert_sound (book);
      rill_ranges_clear (book);
    }
  finish_block (book, MIB);
}

/* All at once, also with what was retired and is on its way; no handle survives. */
static void
test_clear (gconstpointer data)
{
  static const guint64 sizes[] = { MIB, MIB, MIB };
  const guint n = 30000;
  RillRanges *book = rill_ranges_new ((RillAllocationStrategy) GPOINTER_TO_INT (data));
  g_autofree guint64 *handles = g_new (guint64, n);
  guint64 offset;

  for (guint32 i = 0; i < 3; i++)
    rill_ranges_add_block (book, i, MIB);
  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < n; i++)
        handles[i] = rill_ranges_take (book, 100, 4, &offset);
      for (guint i = 0; i < n; i += 7)
        g_assert_true (rill_ranges_retire (book, handles[i]));
      rill_ranges_clear (book);
      g_assert_cmpuint (rill_ranges_get_used (book), ==, 0);
      g_assert_cmpuint (rill_ranges_get_n_ranges (book), ==, 0);
      assert_sound (book);
      for (guint i = 0; i < n; i++)
        g_assert_false (rill_ranges_retire (book, handles[i]));
      g_assert_cmpuint (rill_ranges_take (book, 100, 4, &offset), !=, 0);
      for (guint i = 0; i < n; i++)
        g_assert_false (rill_ranges_retire (book, handles[i]));
      rill_ranges_clear (book);
    }
  finish (book, sizes, 3);
}

/* With many nodes a retired range comes back later, but not too late for who needs the room. */
static void
test_retire (void)
{
  const guint n = 40000;
  RillRanges *book = open_block (n * 16);
  g_autofree guint64 *handles = g_new (guint64, n);
  guint64 offset, size;

  for (guint i = 0; i < n; i++)
    handles[i] = rill_ranges_take (book, 16, 1, &offset);
  for (guint i = 0; i < n; i++)
    {
      guint slot = i * 7919 % n;

      assert_refused (book, 1, 1);
      g_assert_true (rill_ranges_retire (book, handles[slot]));
      g_assert_false (rill_ranges_retire (book, handles[slot]));
      g_assert_false (rill_ranges_lookup (book, handles[slot], &offset, &size));
      handles[slot] = rill_ranges_take (book, 16, 1, &offset);
      g_assert_cmpuint (handles[slot], !=, 0);
    }
  for (guint i = 0; i < n; i++)
    {
      g_assert_true (rill_ranges_retire (book, handles[i]));
      if (i % 5000 == 0)
        g_assert_cmpuint (rill_ranges_get_used (book), ==, (n - i - 1) * 16);
    }
  finish_block (book, n * 16);
}

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
  g_test_add_func ("/ranges/linear/stack", test_linear_stack);
  g_test_add_func ("/ranges/linear/ring", test_linear_ring);
  g_test_add_func ("/ranges/linear/ring-of-blocks", test_linear_ring_of_blocks);
  g_test_add_func ("/ranges/linear/obstacle", test_linear_obstacle);
  g_test_add_func ("/ranges/linear/obstacles", test_linear_obstacles);
  g_test_add_func ("/ranges/linear/stack-of-blocks", test_linear_stack_of_blocks);
  g_test_add_func ("/ranges/allocate-in", test_allocate_in);
  g_test_add_func ("/ranges/worn", test_worn);
  g_test_add_func ("/ranges/linear/step", test_linear_step);
  g_test_add_func ("/ranges/linear/out-of-order", test_linear_out_of_order);
  g_test_add_func ("/ranges/linear/remove", test_linear_remove);
  g_test_add_data_func ("/ranges/clear/general",
                        GINT_TO_POINTER (RILL_ALLOCATION_STRATEGY_GENERAL), test_clear);
  g_test_add_data_func ("/ranges/clear/linear",
                        GINT_TO_POINTER (RILL_ALLOCATION_STRATEGY_LINEAR), test_clear);
  g_test_add_func ("/ranges/retire", test_retire);
  g_test_add_func ("/ranges/forged", test_forged);
  for (guint i = 0; i < G_N_ELEMENTS (misuses); i++)
    g_test_add_data_func (misuses[i], misuses[i], test_misuse);
  return g_test_run ();
}
