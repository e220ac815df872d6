/* SPDX-License-Identifier: MIT */

/* Random calls of RillRanges, compared with a model that searches plain lists. RILL_TEST_OPERATIONS is the
 * number of them in each case. */

#include "rill-test-ranges.h"

#define DEFAULT_OPERATIONS 200000
#define CHECK_EVERY 1000
#define MAX_LIVE 1500
#define N_PHASES 6

typedef struct
{
  const char *name;
  guint64 block_size; /* of the first third; the others have 3/4 and 1/2 of it */
  guint n_blocks;
  guint max_size_bits;
  guint max_alignment_bits;
  guint n_before;     /* ranges that come and go before, so that there are as many nodes */
  guint64 granularity; /* 0: all is of one kind */
  guint64 atom;
} Parameters;

typedef struct
{
  const Parameters *parameters;
  RillAllocationStrategy strategy;
} Case;

typedef struct
{
  RillRange range;
  gboolean is_image;
} Entry;

typedef struct
{
  const Parameters *parameters;
  RillAllocationStrategy strategy;
  GRand *rand;
  RillRanges *book;
  GArray **ranges; /* of each block: Entry by offset; NULL while it is removed */
  GArray *live;    /* Entry */
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

static guint64
get_end (const RillRange *range)
{
  return range->offset + range->size;
}

static const Entry *
get_entry (GArray *ranges,
           guint   position)
{
  return position < ranges->len ? &g_array_index (ranges, Entry, position) : NULL;
}

/* The position of the first range at or after the offset. */
static guint
find_position (GArray  *ranges,
               guint64  offset)
{
  guint low = 0, high = ranges->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (get_entry (ranges, middle)->range.offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* A buffer and an image share no part that the device takes for one; and nobody shares an atom. */
static void
assert_apart (Model       *model,
              const Entry *first,
              const Entry *second)
{
  guint64 end = get_end (&first->range) - 1, start = second->range.offset;

  if (model->parameters->granularity == 0)
    return;
  g_assert_cmpuint (end / model->parameters->atom, <, start / model->parameters->atom);
  if (first->is_image != second->is_image)
    g_assert_cmpuint (end / model->parameters->granularity, <, start / model->parameters->granularity);
}

/* The new range must lie in a free part, and its padding must be what the rule says; where released ranges
 * come back later, some of the free part may not be known yet. */
static void
model_add (Model       *model,
           const Entry *entry)
{
  const RillRange *range = &entry->range;
  GArray *ranges = model->ranges[range->block];
  const Entry *before = NULL, *after;
  guint64 free_start = 0, free_end = model->sizes[range->block];
  guint position;

  g_assert_nonnull (ranges);
  position = find_position (ranges, range->offset);
  if (position > 0)
    {
      before = get_entry (ranges, position - 1);
      free_start = get_end (&before->range);
      assert_apart (model, before, entry);
    }
  after = get_entry (ranges, position);
  if (after != NULL)
    {
      free_end = get_start (&after->range);
      assert_apart (model, entry, after);
    }

  g_assert_cmpuint (free_start, <=, get_start (range));
  g_assert_cmpuint (get_end (range), <=, free_end);
  if (model->parameters->n_before == 0)
    g_assert_cmpuint (range->left_padding, ==,
                      range->offset - free_start < SPLIT_SIZE ? range->offset - free_start : 0);

  g_array_insert_val (ranges, position, *entry);
  g_array_append_val (model->live, *entry);
}

static gsize
model_remove (Model *model,
              guint  index)
{
  const RillRange range = g_array_index (model->live, Entry, index).range;
  GArray *ranges = model->ranges[range.block];
  guint position = find_position (ranges, range.offset);

  g_assert_cmpuint (get_entry (ranges, position)->range.offset, ==, range.offset);
  g_array_remove_index (ranges, position);
  if (model->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
    g_array_remove_index (model->live, index);
  else
    g_array_remove_index_fast (model->live, index);
  return ranges->len;
}

/* A refusal is right if no free part has what the header promises to find. */
static void
assert_no_room (Model   *model,
                guint64  size,
                guint64  alignment)
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
      if (model->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
        continue;
      for (guint j = 0; j < ranges->len; j++)
        {
          const RillRange *range = &get_entry (ranges, j)->range;

          g_assert_cmpuint (get_start (range) - end, <, padded + padded / 32 + 1);
          end = get_end (range);
        }
      g_assert_cmpuint (model->sizes[i] - end, <, padded + padded / 32 + 1);
    }
}

/* Each part that is listed is a range with its handle, its padding, or what is between. */
static void
check_parts (Model *model,
             guint  block)
{
  g_autoptr (GArray) parts = rill_ranges_list_parts (model->book, block);
  GArray *ranges = model->ranges[block];
  guint64 end = 0;
  guint position = 0;

  for (guint i = 0; i < parts->len; i++)
    {
      const RillPart *part = &g_array_index (parts, RillPart, i);
      const Entry *entry = get_entry (ranges, position);

      g_assert_cmpuint (part->offset, ==, end);
      end += part->size;
      if (part->handle != 0)
        {
          g_assert_cmpuint (part->handle, ==, entry->range.handle);
          g_assert_cmpuint (part->offset, ==, entry->range.offset);
          g_assert_cmpuint (part->size, ==, entry->range.size);
          g_assert_true (part->used);
          position++;
        }
      else if (part->used)
        g_assert_cmpuint (part->size, ==, entry->range.left_padding);
    }
  g_assert_cmpuint (position, ==, ranges->len);
  g_assert_cmpuint (end, ==, model->sizes[block]);
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
          used += get_entry (model->ranges[i], j)->range.size;
          padding += get_entry (model->ranges[i], j)->range.left_padding;
        }
      statistics = confirm_statistics (model->book, i, model->sizes[i], padding);
      g_assert_cmpuint (statistics.n_ranges, ==, model->ranges[i]->len);
      g_assert_cmpuint (statistics.used, ==, used);
      check_parts (model, i);
      total += used;
    }
  g_assert_cmpuint (rill_ranges_get_used (model->book), ==, total);
  g_assert_cmpuint (rill_ranges_get_n_ranges (model->book), ==, model->live->len);
}

/* As the pages of a memory round what a buffer or an image needs. */
static void
round_request (Model    *model,
               gboolean  is_image,
               guint64  *size,
               guint64  *alignment)
{
  guint64 step = model->parameters->atom;

  if (model->parameters->granularity == 0)
    return;
  if (is_image)
    step = MAX (step, model->parameters->granularity);
  *size = (*size + step - 1) / step * step;
  *alignment = MAX (*alignment, step);
}

static gboolean
try_allocate (Model     *model,
              guint64    size,
              guint64    alignment,
              RillRange *range)
{
  guint64 offset, found_size;

  if (model->parameters->n_blocks > 1 || model->parameters->n_before > 0 || g_rand_boolean (model->rand))
    return rill_ranges_allocate (model->book, size, alignment, range);

  *range = (RillRange) { .size = size };
  range->handle = rill_ranges_take (model->book, size, alignment, &range->offset);
  if (range->handle == 0)
    return FALSE;
  g_assert_cmpuint (range->handle, <, G_GUINT64_CONSTANT (1) << 53);
  g_assert_true (rill_ranges_lookup (model->book, range->handle, &offset, &found_size));
  g_assert_cmpuint (offset, ==, range->offset);
  g_assert_cmpuint (found_size, ==, size);
  return TRUE;
}

/* Of a range that was taken by its handle, the model has to find out the padding. */
static void
add_padding (Model     *model,
             RillRange *range)
{
  GArray *ranges = model->ranges[range->block];
  guint position = find_position (ranges, range->offset);
  guint64 start = position > 0 ? get_end (&get_entry (ranges, position - 1)->range) : 0;

  if (model->parameters->n_before == 0 && range->offset - start < SPLIT_SIZE)
    range->left_padding = range->offset - start;
}

static void
random_allocate (Model *model)
{
  guint64 size = random_size (model, model->parameters->max_size_bits);
  gint32 max_bits = (gint32) model->parameters->max_alignment_bits;
  guint64 alignment = G_GUINT64_CONSTANT (1) << g_rand_int_range (model->rand, 0, max_bits + 1);
  Entry entry = { .is_image = g_rand_int_range (model->rand, 0, 3) == 0 };

  round_request (model, entry.is_image, &size, &alignment);
  if (!try_allocate (model, size, alignment, &entry.range))
    {
      assert_no_room (model, size, alignment);
      return;
    }
  g_assert_cmpuint (entry.range.size, ==, size);
  g_assert_cmpuint (entry.range.offset & (alignment - 1), ==, 0);
  add_padding (model, &entry.range);
  model_add (model, &entry);
}

/* Linear ranges mostly go in the order in which they came, or back. */
static guint
choose_released (Model *model)
{
  gint32 dice = g_rand_int_range (model->rand, 0, 10);

  if (model->strategy == RILL_ALLOCATION_STRATEGY_LINEAR && dice < 8)
    return dice < 5 ? 0 : model->live->len - 1;
  return (guint) g_rand_int_range (model->rand, 0, (gint32) model->live->len);
}

static void
random_release (Model *model)
{
  guint index = choose_released (model);
  RillRange range = g_array_index (model->live, Entry, index).range;
  gboolean last = model_remove (model, index) == 0;

  if (g_rand_boolean (model->rand))
    {
      gboolean is_empty = rill_ranges_release (model->book, &range);

      g_assert_true (is_empty == last || (last && model->parameters->n_before > 0));
      return;
    }
  g_assert_true (rill_ranges_retire (model->book, range.handle));
  g_assert_false (rill_ranges_retire (model->book, range.handle));
}

/* Takes an empty block away, or brings one back. */
static void
random_toggle (Model *model)
{
  guint32 block = (guint32) g_rand_int_range (model->rand, 0, (gint32) model->parameters->n_blocks);

  if (model->ranges[block] == NULL)
    {
      rill_ranges_add_block (model->book, block, model->sizes[block]);
      model->ranges[block] = g_array_new (FALSE, FALSE, sizeof (Entry));
    }
  else if (model->ranges[block]->len == 0)
    {
      rill_ranges_remove_block (model->book, block);
      g_clear_pointer (&model->ranges[block], g_array_unref);
    }
}

/* With enough nodes, released ranges come back some calls later. */
static void
use_nodes (Model *model)
{
  g_autofree RillRange *ranges = g_new (RillRange, model->parameters->n_before);

  rill_ranges_add_block (model->book, 0, GIB);
  for (guint i = 0; i < model->parameters->n_before; i++)
    ranges[i] = allocate (model->book, 1, 1);
  for (guint i = 0; i < model->parameters->n_before; i++)
    rill_ranges_release (model->book, &ranges[i]);
  rill_ranges_remove_block (model->book, 0);
}

static void
model_init (Model      *model,
            const Case *test_case,
            guint32     seed)
{
  const Parameters *parameters = test_case->parameters;

  *model = (Model) {
    .parameters = parameters,
    .strategy = test_case->strategy,
    .rand = g_rand_new_with_seed (seed),
    .book = rill_ranges_new (test_case->strategy),
    .ranges = g_new0 (GArray *, parameters->n_blocks),
    .live = g_array_new (FALSE, FALSE, sizeof (Entry)),
    .sizes = g_new (guint64, parameters->n_blocks),
  };
  for (guint i = 0; i < parameters->n_blocks; i++)
    model->sizes[i] = parameters->block_size * (4 - 3 * i / parameters->n_blocks) / 4;
  use_nodes (model);
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

static guint64
get_n_operations (void)
{
  const char *text = g_getenv ("RILL_TEST_OPERATIONS");

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : DEFAULT_OPERATIONS;
}

/* The number of live ranges swings between few and many, so that blocks fill up and drain. */
static void
test_random (gconstpointer data)
{
  guint64 n = get_n_operations (), phase = n / N_PHASES + 1;
  guint n_refused = 0, n_allocated = 0;
  Model model;

  model_init (&model, data, 1);
  for (guint64 i = 0; i < n; i++)
    {
      gboolean filling = i / phase % 2 == 0;
      gboolean grow = g_rand_int_range (model.rand, 0, 100) < (filling ? 65 : 35);

      if (i % 16 == 0)
        random_toggle (&model);
      if (model.live->len == 0 || (grow && model.live->len < MAX_LIVE))
        {
          guint n_live = model.live->len;

          random_allocate (&model);
          n_allocated += model.live->len > n_live;
          n_refused += model.live->len == n_live;
        }
      else
        random_release (&model);
      if (i % CHECK_EVERY == 0)
        model_check (&model);
    }
  model_check (&model);
  g_test_message ("%" G_GUINT64_FORMAT " operations: %u ranges, %u refused", n, n_allocated, n_refused);
  model_finish (&model);
}

#define PAGES MIB, 8, 16, 8, 0

static const Parameters random_cases[] = {
  { "bytes", 4 * KIB, 3, 5, 8, 0, 0, 0 },
  { "one-block", 16 * MIB, 1, 16, 8, 0, 0, 0 },
  { "many-nodes", 16 * MIB, 1, 16, 8, 40000, 0, 0 },
  { "many-blocks", MIB, 200, 16, 12, 0, 0, 0 },
  { "aligned", 4 * MIB, 40, 18, 20, 20000, 0, 0 },
  { "large-ranges", 32 * MIB, 60, 24, 16, 0, 0, 0 },
  { "large-blocks", 8 * GIB, 4, 33, 20, 0, 0, 0 },
  { "granularity-1-atom-64", PAGES, 1, 64 },
  { "granularity-64-atom-64", PAGES, 64, 64 },
  { "granularity-1024-atom-64", PAGES, 1024, 64 },
  { "granularity-1-atom-256", PAGES, 1, 256 },
  { "granularity-64-atom-256", PAGES, 64, 256 },
  { "granularity-1024-atom-256", PAGES, 1024, 256 },
};

static void
add_cases (RillAllocationStrategy  strategy,
           const char             *name)
{
  static Case cases[2 * G_N_ELEMENTS (random_cases)];
  static guint n_cases;

  for (guint i = 0; i < G_N_ELEMENTS (random_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ranges-model/%s/%s", name, random_cases[i].name);

      cases[n_cases] = (Case) { &random_cases[i], strategy };
      g_test_add_data_func (path, &cases[n_cases++], test_random);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_cases (RILL_ALLOCATION_STRATEGY_GENERAL, "general");
  add_cases (RILL_ALLOCATION_STRATEGY_LINEAR, "linear");
  return g_test_run ();
}
