/* SPDX-License-Identifier: MIT */
#include "memory/rill-suballocator-private.h"

#define MIB ((guint64) 1 << 20)
#define GIB ((guint64) 1 << 30)

static void
check (RillSuballocator *suballocator)
{
  g_autofree char *message = NULL;

  if (!rill_suballocator_check (suballocator, &message))
    g_error ("invariant: %s", message);
}

/* Ends every test: with nothing left the whole of each block can be had again. */
static void
assert_whole (RillSuballocator *suballocator,
              guint             n_blocks,
              guint64           size)
{
  g_autofree RillRange *ranges = g_new (RillRange, n_blocks);

  g_assert_cmpuint (rill_suballocator_get_used (suballocator), ==, 0);
  for (guint i = 0; i < n_blocks; i++)
    {
      g_assert_true (rill_suballocator_allocate (suballocator, size, 1, &ranges[i]));
      g_assert_cmpuint (ranges[i].offset, ==, 0);
    }
  check (suballocator);
  for (guint i = 0; i < n_blocks; i++)
    g_assert_true (rill_suballocator_release (suballocator, &ranges[i]));
  check (suballocator);
}

static void
test_whole (void)
{
  static const guint64 sizes[] = { 1, 15, 16, 17, 511, 512, 513, 1000, MIB, MIB + 1, 5 * GIB + 3, (guint64) 1 << 48 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillSuballocator *suballocator = rill_suballocator_new ();
      RillRange range;

      rill_suballocator_add_block (suballocator, 0, sizes[i]);
      g_assert_false (rill_suballocator_allocate (suballocator, sizes[i] + 1, 1, &range));
      assert_whole (suballocator, 1, sizes[i]);
      rill_suballocator_free (suballocator);
    }
}

static void
test_refused (void)
{
  RillSuballocator *suballocator = rill_suballocator_new ();
  RillRange range;

  g_assert_false (rill_suballocator_allocate (suballocator, 1, 1, &range)); /* there is no block */
  rill_suballocator_add_block (suballocator, 0, MIB);
  g_assert_false (rill_suballocator_allocate (suballocator, 0, 1, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, 16, 0, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, 16, 24, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, G_MAXUINT64, 1, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, G_MAXUINT64 - 100, 256, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, G_MAXINT64, 4096, &range));
  g_assert_false (rill_suballocator_allocate (suballocator, 16, (guint64) 1 << 63, &range));
  check (suballocator);
  assert_whole (suballocator, 1, MIB);
  rill_suballocator_free (suballocator);
}

static void
test_padding (void)
{
  RillSuballocator *suballocator = rill_suballocator_new ();
  RillRange first, second, third;

  rill_suballocator_add_block (suballocator, 0, MIB);
  g_assert_true (rill_suballocator_allocate (suballocator, 1, 1, &first));
  g_assert_cmpuint (first.left_padding, ==, 0);

  /* A small gap is padding, … */
  g_assert_true (rill_suballocator_allocate (suballocator, 100, 32, &second));
  g_assert_cmpuint (second.offset, ==, 32);
  g_assert_cmpuint (second.left_padding, ==, 31);

  /* … a large one is a range that others get. */
  g_assert_true (rill_suballocator_allocate (suballocator, 100, 65536, &third));
  g_assert_cmpuint (third.offset, ==, 65536);
  g_assert_cmpuint (third.left_padding, ==, 0);
  check (suballocator);

  RillBlockStatistics statistics;
  rill_suballocator_calculate_block_statistics (suballocator, 0, &statistics);
  g_assert_cmpuint (statistics.n_ranges, ==, 3);
  g_assert_cmpuint (statistics.used, ==, 201);
  g_assert_cmpuint (statistics.used, ==, rill_suballocator_get_block_used (suballocator, 0));
  g_assert_cmpuint (statistics.free, ==, MIB - 201 - 31);
  g_assert_cmpuint (statistics.n_free_ranges, ==, 2);
  g_assert_cmpuint (statistics.largest_free, ==, MIB - 65536 - 100);

  g_assert_false (rill_suballocator_release (suballocator, &second));
  g_assert_false (rill_suballocator_release (suballocator, &first));
  g_assert_true (rill_suballocator_release (suballocator, &third));
  assert_whole (suballocator, 1, MIB);
  rill_suballocator_free (suballocator);
}

static void
test_blocks (void)
{
  RillSuballocator *suballocator = rill_suballocator_new ();
  RillRange small, large, again;

  rill_suballocator_add_block (suballocator, 0, MIB);
  rill_suballocator_add_block (suballocator, 7, MIB);
  g_assert_true (rill_suballocator_allocate (suballocator, 4096, 16, &small));
  g_assert_true (rill_suballocator_allocate (suballocator, 4096, 16, &again));
  g_assert_cmpuint (again.block, ==, small.block); /* the block that is in use is preferred */
  g_assert_true (rill_suballocator_allocate (suballocator, MIB, 16, &large));
  g_assert_cmpuint (large.block, !=, small.block);

  g_assert_true (rill_suballocator_release (suballocator, &large));
  rill_suballocator_remove_block (suballocator, large.block);
  g_assert_false (rill_suballocator_allocate (suballocator, MIB, 16, &large));
  rill_suballocator_add_block (suballocator, large.block, 2 * MIB);
  g_assert_true (rill_suballocator_allocate (suballocator, 2 * MIB, 16, &large));
  check (suballocator);

  g_assert_true (rill_suballocator_release (suballocator, &large));
  g_assert_false (rill_suballocator_release (suballocator, &small));
  g_assert_true (rill_suballocator_release (suballocator, &again));
  rill_suballocator_remove_block (suballocator, large.block);
  assert_whole (suballocator, 1, MIB);
  rill_suballocator_free (suballocator);
}

static void
test_double_release (void)
{
  if (g_test_subprocess ())
    {
      RillSuballocator *suballocator = rill_suballocator_new ();
      RillRange range;

      rill_suballocator_add_block (suballocator, 0, MIB);
      g_assert_true (rill_suballocator_allocate (suballocator, 4096, 16, &range));
      rill_suballocator_release (suballocator, &range);
      rill_suballocator_release (suballocator, &range);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*not allocated: block 0, offset 0*");
}

typedef struct
{
  guint64 offset;
  guint64 free;
  guint64 used;
  guint n_used;
} Walk;

static void
walk_cb (guint32  block,
         guint64  offset,
         guint64  size,
         gboolean used,
         gpointer user_data)
{
  Walk *walk = user_data;

  g_assert_cmpuint (offset, ==, walk->offset);
  walk->offset += size;
  *(used ? &walk->used : &walk->free) += size;
  walk->n_used += used;
}

/* The model: a byte for each byte of each block. */
#define N_BLOCKS 5

typedef struct
{
  RillSuballocator *suballocator;
  guint64 block_size;
  guint8 *bytes[N_BLOCKS]; /* 1 where a live range is */
  GArray *live;            /* (element-type RillRange) */
  guint64 used;
} Model;

static void
mark (Model           *model,
      const RillRange *range,
      guint8           value)
{
  for (guint64 i = range->offset; i < range->offset + range->size; i++)
    {
      g_assert_cmpuint (model->bytes[range->block][i], ==, !value);
      model->bytes[range->block][i] = value;
    }
  model->used = value ? model->used + range->size : model->used - range->size;
}

static void
release_one (Model *model,
             guint  index)
{
  RillRange range = g_array_index (model->live, RillRange, index);
  gboolean empty = TRUE;

  mark (model, &range, 0);
  g_array_remove_index_fast (model->live, index);
  for (guint i = 0; i < model->live->len; i++)
    empty &= g_array_index (model->live, RillRange, i).block != range.block;
  g_assert_cmpint (rill_suballocator_release (model->suballocator, &range), ==, empty);
}

static void
allocate_one (Model *model,
              GRand *rand)
{
  guint64 alignment = (guint64) 1 << g_rand_int_range (rand, 0, 13);
  guint64 size = (guint64) 1 << g_rand_int_range (rand, 0, 13);
  RillRange range;

  size += (guint64) g_rand_int_range (rand, 0, (gint) size);
  if (!rill_suballocator_allocate (model->suballocator, size, alignment, &range))
    return;
  g_assert_cmpuint (range.size, ==, size);
  g_assert_cmpuint (range.offset % alignment, ==, 0);
  g_assert_cmpuint (range.left_padding, <, 64);
  g_assert_cmpuint (range.left_padding, <=, range.offset);
  g_assert_cmpuint (range.offset + size, <=, model->block_size);
  mark (model, &range, 1);
  for (guint64 i = range.offset - range.left_padding; i < range.offset; i++)
    g_assert_cmpuint (model->bytes[range.block][i], ==, 0);
  g_array_append_val (model->live, range);
}

static void
check_model (Model *model)
{
  guint64 used = 0;

  check (model->suballocator);
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      RillBlockStatistics statistics;
      Walk walk = { 0 };

      rill_suballocator_walk (model->suballocator, i, walk_cb, &walk);
      rill_suballocator_calculate_block_statistics (model->suballocator, i, &statistics);
      g_assert_cmpuint (walk.offset, ==, model->block_size);
      g_assert_cmpuint (walk.free, ==, statistics.free);
      g_assert_cmpuint (walk.n_used, ==, statistics.n_ranges);
      g_assert_cmpuint (walk.used, >=, statistics.used);
      used += statistics.used;
    }
  g_assert_cmpuint (used, ==, model->used);
  g_assert_cmpuint (rill_suballocator_get_used (model->suballocator), ==, model->used);
}

static void
test_random (gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (GPOINTER_TO_UINT (data));
  Model model = { .suballocator = rill_suballocator_new (), .block_size = 60000 + 7 };

  model.live = g_array_new (FALSE, FALSE, sizeof (RillRange));
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      model.bytes[i] = g_new0 (guint8, model.block_size);
      rill_suballocator_add_block (model.suballocator, i, model.block_size);
    }
  for (guint step = 0; step < 4000; step++)
    {
      gboolean grow = step / 500 % 2 == 0;
      if (model.live->len == 0 || g_rand_int_range (rand, 0, 10) < (grow ? 7 : 3))
        allocate_one (&model, rand);
      else
        release_one (&model, (guint) g_rand_int_range (rand, 0, (gint) model.live->len));
      if (step % 64 == 0)
        check_model (&model);
    }
  while (model.live->len > 0)
    release_one (&model, model.live->len - 1);
  check_model (&model);
  assert_whole (model.suballocator, N_BLOCKS, model.block_size);

  for (guint i = 0; i < N_BLOCKS; i++)
    g_free (model.bytes[i]);
  g_array_unref (model.live);
  rill_suballocator_free (model.suballocator);
}

/* Ranges that end beyond 32 bits, in many blocks, without a model of each byte. */
static void
test_large (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  RillSuballocator *suballocator = rill_suballocator_new ();
  RillRange ranges[1200];
  guint64 used = 0;
  guint n = 0;

  for (guint i = 0; i < 1000; i++)
    rill_suballocator_add_block (suballocator, i, 8 * GIB);
  while (n < G_N_ELEMENTS (ranges))
    {
      guint64 size = ((guint64) g_rand_int (rand) << 1) + 1;
      g_assert_true (rill_suballocator_allocate (suballocator, size, MIB, &ranges[n]));
      g_assert_cmpuint (ranges[n].offset % MIB, ==, 0);
      g_assert_cmpuint (ranges[n].offset + size, <=, 8 * GIB);
      used += size;
      n++;
    }
  g_assert_cmpuint (rill_suballocator_get_used (suballocator), ==, used);
  check (suballocator);
  while (n > 0)
    rill_suballocator_release (suballocator, &ranges[--n]);
  assert_whole (suballocator, 1000, 8 * GIB);
  rill_suballocator_free (suballocator);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/suballocator/whole", test_whole);
  g_test_add_func ("/suballocator/refused", test_refused);
  g_test_add_func ("/suballocator/padding", test_padding);
  g_test_add_func ("/suballocator/blocks", test_blocks);
  g_test_add_func ("/suballocator/double-release", test_double_release);
  for (guint seed = 1; seed <= 6; seed++)
    {
      g_autofree char *path = g_strdup_printf ("/suballocator/random/%u", seed);
      g_test_add_data_func (path, GUINT_TO_POINTER (seed), test_random);
    }
  g_test_add_func ("/suballocator/large", test_large);
  return g_test_run ();
}
