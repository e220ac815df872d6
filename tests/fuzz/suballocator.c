/* SPDX-License-Identifier: MIT */

/* Calls of the suballocator as the input says, next to a model that keeps plain lists. */

#include "rill-fuzz.h"

#include "memory/rill-ranges-private.h"

#include <string.h>

#define N_BLOCKS 6
#define MAX_OPS 600
#define CHECK_EVERY 64
#define MAX_SIZE ((guint64) G_MAXINT64)

typedef enum
{
  OP_ALLOCATE,
  OP_ALLOCATE_SAME,  /* the size of the last one, so that releases leave what fits */
  OP_ALLOCATE_MANY,
  OP_RELEASE,
  OP_RELEASE_NEXT,   /* to the one released last, so that gaps grow together */
  OP_TOGGLE_BLOCK,
  OP_ALLOCATE_RAW,   /* any numbers at all */
  OP_COMPARE,
  N_OPS,
} Op;

typedef struct
{
  RillRanges *book;
  RillAllocationStrategy strategy;
  guint64 sizes[N_BLOCKS];
  GArray *ranges[N_BLOCKS]; /* RillRange in order of offset; NULL: there is no such block */
  guint spread;             /* between the indices of blocks */
  guint n_live;
  guint last;               /* released */
  guint64 last_size;        /* allocated */
} Model;

static guint32
get_index (const Model *model,
           guint        block)
{
  return block << model->spread;
}

static void
add_block (Model *model,
           guint  block)
{
  rill_ranges_add_block (model->book, get_index (model, block), model->sizes[block]);
  model->ranges[block] = g_array_new (FALSE, FALSE, sizeof (RillRange));
}

static void
model_init (Model                  *model,
            RillAllocationStrategy  strategy,
            FuzzInput              *input)
{
  guint8 shape = fuzz_take_byte (input);

  *model = (Model) {
    .book = rill_ranges_new (strategy),
    .strategy = strategy,
    .spread = shape >> 6,
    .last_size = 1,
  };
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      guint64 size = fuzz_take_size (input);

      model->sizes[i] = MIN (size, MAX_SIZE);
      if (shape >> i & 1)
        add_block (model, i);
    }
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

static void
model_insert (Model           *model,
              const RillRange *range)
{
  guint block = range->block >> model->spread, position = 0;
  GArray *ranges;

  g_assert_cmpuint (block, <, N_BLOCKS);
  g_assert_cmpuint (get_index (model, block), ==, range->block);
  ranges = model->ranges[block];
  g_assert_nonnull (ranges);
  g_assert_cmpuint (range->offset, <=, model->sizes[block]);
  g_assert_cmpuint (range->size, <=, model->sizes[block] - range->offset);

  while (position < ranges->len
         && g_array_index (ranges, RillRange, position).offset < range->offset)
    position++;
  if (position > 0)
    g_assert_cmpuint (get_end (&g_array_index (ranges, RillRange, position - 1)), <=,
                      get_start (range));
  if (position < ranges->len)
    g_assert_cmpuint (get_end (range), <=,
                      get_start (&g_array_index (ranges, RillRange, position)));
  g_array_insert_val (ranges, position, *range);
  model->n_live++;
}

/* A refusal is right where no free part has what the header promises to find. */
static void
assert_no_room (const Model *model,
                guint64      size,
                guint64      alignment)
{
  guint64 padded = size + alignment - 1;

  for (guint i = 0; i < N_BLOCKS; i++)
    {
      const GArray *ranges = model->ranges[i];
      guint64 end = 0;

      if (ranges == NULL)
        continue;
      if (ranges->len == 0)
        g_assert_cmpuint (model->sizes[i], <, size + size / 32 + 1);
      if (model->strategy == RILL_ALLOCATION_STRATEGY_LINEAR)
        continue;
      for (guint j = 0; j < ranges->len; j++)
        {
          const RillRange *range = &g_array_index (ranges, RillRange, j);

          g_assert_cmpuint (get_start (range) - end, <, padded + padded / 32 + 1);
          end = get_end (range);
        }
      g_assert_cmpuint (model->sizes[i] - end, <, padded + padded / 32 + 1);
    }
}

static gboolean
model_allocate (Model   *model,
                guint64  size,
                guint64  alignment)
{
  RillRange range, before;

  memset (&range, 0xa5, sizeof range);
  before = range;
  model->last_size = size;
  if (!rill_ranges_allocate (model->book, size, alignment, &range))
    {
      g_assert_cmpmem (&range, sizeof range, &before, sizeof before);
      if (size > 0 && size <= MAX_SIZE && alignment <= MAX_SIZE && alignment > 0
          && (alignment & (alignment - 1)) == 0)
        assert_no_room (model, size, alignment);
      return FALSE;
    }
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (alignment, >, 0);
  g_assert_cmpuint (alignment & (alignment - 1), ==, 0);
  g_assert_cmpuint (range.size, ==, size);
  g_assert_cmpuint (range.offset & (alignment - 1), ==, 0);
  g_assert_cmpuint (range.left_padding, <, alignment);
  g_assert_cmpuint (range.left_padding, <=, range.offset);
  model_insert (model, &range);
  return TRUE;
}

/* The number counts through the blocks. */
static void
model_release (Model *model,
               guint  number)
{
  guint block = 0;
  RillRange range;
  gboolean last;

  if (model->n_live == 0)
    return;
  number %= model->n_live;
  model->last = number;
  for (; model->ranges[block] == NULL || number >= model->ranges[block]->len; block++)
    if (model->ranges[block] != NULL)
      number -= model->ranges[block]->len;

  range = g_array_index (model->ranges[block], RillRange, number);
  g_array_remove_index (model->ranges[block], number);
  model->n_live--;
  if (model->n_live % 2 == 0)
    {
      last = rill_ranges_release (model->book, &range);
      g_assert_cmpint (last, ==, model->ranges[block]->len == 0);
    }
  else
    g_assert_true (rill_ranges_retire (model->book, range.handle));
  g_assert_false (rill_ranges_retire (model->book, range.handle));
}

static void
toggle_block (Model *model,
              guint  block)
{
  if (model->ranges[block] == NULL)
    add_block (model, block);
  else if (model->ranges[block]->len == 0)
    {
      rill_ranges_remove_block (model->book, get_index (model, block));
      g_clear_pointer (&model->ranges[block], g_array_unref);
    }
}

typedef struct
{
  const GArray *ranges;
  RillBlockStatistics counted;
  guint64 end;
  gboolean last_used;
} Walk;

static void
walk_cb (guint32  block,
         guint64  offset,
         guint64  size,
         gboolean used,
         gpointer user_data)
{
  Walk *walk = user_data;

  g_assert_cmpuint (offset, ==, walk->end);
  g_assert_cmpuint (size, >, 0);
  if (used)
    {
      const RillRange *range;

      g_assert_cmpuint (walk->counted.n_ranges, <, walk->ranges->len);
      range = &g_array_index (walk->ranges, RillRange, walk->counted.n_ranges);
      g_assert_cmpuint (offset, ==, get_start (range));
      g_assert_cmpuint (offset + size, ==, get_end (range));
      walk->counted.n_ranges++;
      walk->counted.used += range->size;
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

/* What can be asked with what the model has. */
static void
model_compare (Model *model)
{
  guint64 total = 0;

  for (guint i = 0; i < N_BLOCKS; i++)
    {
      Walk walk = { .ranges = model->ranges[i] };
      RillBlockStatistics statistics;

      if (walk.ranges == NULL)
        continue;
      rill_ranges_walk (model->book, get_index (model, i), walk_cb, &walk);
      g_assert_cmpuint (walk.end, ==, model->sizes[i]);
      g_assert_cmpuint (walk.counted.n_ranges, ==, walk.ranges->len);

      rill_ranges_calculate_block_statistics (model->book, get_index (model, i),
                                                    &statistics);
      g_assert_cmpuint (statistics.n_ranges, ==, walk.counted.n_ranges);
      g_assert_cmpuint (statistics.n_free_ranges, ==, walk.counted.n_free_ranges);
      g_assert_cmpuint (statistics.used, ==, walk.counted.used);
      g_assert_cmpuint (statistics.free, ==, walk.counted.free);
      g_assert_cmpuint (statistics.largest_free, ==, walk.counted.largest_free);
      g_assert_cmpuint (
        statistics.used, ==,
        rill_ranges_get_block_used (model->book, get_index (model, i)));
      total += statistics.used;
    }
  g_assert_cmpuint (rill_ranges_get_used (model->book), ==, total);
}

/* Takes as long as a hundred other calls, as it looks into every bin. */
static void
model_check (Model *model)
{
  g_autofree char *message = NULL;

  if (!rill_ranges_check (model->book, &message))
    g_error ("%s", message);
  model_compare (model);
}

static void
model_step (Model     *model,
            FuzzInput *input)
{
  guint8 code = fuzz_take_byte (input);
  guint argument = code / N_OPS;
  guint64 size;

  switch ((Op) (code % N_OPS))
    {
    case OP_ALLOCATE:
      model_allocate (model, fuzz_take_size (input), G_GUINT64_CONSTANT (1) << argument);
      break;
    case OP_ALLOCATE_SAME:
      model_allocate (model, model->last_size, G_GUINT64_CONSTANT (1) << (argument / 2));
      break;
    case OP_ALLOCATE_MANY:
      size = fuzz_take_size (input);
      for (guint i = 0; i <= argument % 8; i++)
        model_allocate (model, size, 1);
      break;
    case OP_RELEASE:
      model_release (model, fuzz_take_byte (input) << 5 | argument);
      break;
    case OP_RELEASE_NEXT:
      for (guint i = 0; i <= argument % 8; i++)
        model_release (model, model->last);
      break;
    case OP_TOGGLE_BLOCK:
      toggle_block (model, argument % N_BLOCKS);
      break;
    case OP_ALLOCATE_RAW:
      size = fuzz_take (input, 8);
      model_allocate (model, size, fuzz_take (input, 8));
      break;
    case OP_COMPARE:
    default:
      model_compare (model);
    }
}

/* All is free again: each block is one range, and can be had whole. The largest first, so that no
 * request takes the block that another one needs. */
static void
model_finish (Model *model,
              guint  stride)
{
  while (model->n_live > 0)
    model_release (model, model->last + stride);
  for (guint i = 0; i < N_BLOCKS; i++)
    if (model->ranges[i] == NULL)
      add_block (model, i);
  model_check (model);
  g_assert_cmpuint (rill_ranges_get_used (model->book), ==, 0);

  for (guint n = 0; n < N_BLOCKS; n++)
    {
      guint largest = N_BLOCKS;

      for (guint i = 0; i < N_BLOCKS; i++)
        if (model->ranges[i]->len == 0
            && (largest == N_BLOCKS || model->sizes[i] > model->sizes[largest]))
          largest = i;
      g_assert_true (model_allocate (model, model->sizes[largest], 1));
    }
  g_assert_false (model_allocate (model, 1, 1));
  model_compare (model);
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  return 0;
}

static void
test_strategy (RillAllocationStrategy  strategy,
               const guint8           *data,
               gsize                   size)
{
  FuzzInput input = { data, size };
  Model model;

  model_init (&model, strategy, &input);
  for (guint i = 0; i < MAX_OPS && input.size > 0; i++)
    {
      model_step (&model, &input);
      if (i % CHECK_EVERY == CHECK_EVERY - 1)
        model_check (&model);
    }
  model_check (&model);
  model_finish (&model, size > 0 ? data[size - 1] : 0);

  rill_ranges_free (model.book);
  for (guint i = 0; i < N_BLOCKS; i++)
    g_array_unref (model.ranges[i]);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  test_strategy (RILL_ALLOCATION_STRATEGY_GENERAL, data, size);
  test_strategy (RILL_ALLOCATION_STRATEGY_LINEAR, data, size);
  return 0;
}
