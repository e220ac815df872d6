/* SPDX-License-Identifier: MIT */

/* The memories of a trace are replayed one after another, each as the library would serve it: what is larger
 * than a page gets one of its own, pages are added on demand, and one empty page is kept. */

#include "bench-replay.h"

#include "bench-util.h"
#include "memory/rill-ranges-private.h"

/* A pass is repeated until so much time has been measured. */
#define MIN_NS (50 * 1000 * 1000)

typedef struct
{
  guint slot;        /* of the memory */
  guint64 size;      /* 0: the slot is emptied */
  guint64 alignment;
} Op;

/* A memory of the trace. */
typedef struct
{
  guint64 page_size;
  char *strategy;        /* (owned) */
  GArray *ops;           /* (element-type Op) */
  GHashTable *slots;     /* (element-type guint64 guint) of live ranges, by page and offset */
  GArray *unused;        /* (element-type guint) slots */
  guint n_slots;
} Memory;

typedef struct
{
  const Memory *memory;
  guint64 page_size;
  RillRanges *ranges;
  RillRange *slots;      /* (owned) those with a page of their own have a size only */
  GArray *n_objects;     /* (element-type guint) of each page */
  guint n_pages;
  guint n_empty;
  guint64 own;           /* bytes of pages for one object */
  guint64 peak_reserved;
  guint64 peak_used;
  guint64 n_added;       /* pages, ever */
} Replay;

static const struct
{
  RillAllocationStrategy strategy;
  const char *name;
} strategies[] = {
  { RILL_ALLOCATION_STRATEGY_GENERAL, "general" },
  { RILL_ALLOCATION_STRATEGY_LINEAR, "linear" },
};

static void
memory_free (gpointer data)
{
  Memory *memory = data;

  if (memory == NULL) /* of which the trace does not tell */
    return;
  g_free (memory->strategy);
  g_array_unref (memory->ops);
  g_hash_table_unref (memory->slots);
  g_array_unref (memory->unused);
  g_free (memory);
}

static Memory *
memory_new (guint64     page_size,
            const char *strategy)
{
  Memory *memory = g_new0 (Memory, 1);

  memory->page_size = page_size;
  memory->strategy = g_strdup (strategy);
  memory->ops = g_array_new (FALSE, FALSE, sizeof (Op));
  memory->slots = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  memory->unused = g_array_new (FALSE, FALSE, sizeof (guint));
  return memory;
}

/* Pages have fewer than 2^40 bytes. */
static guint64
get_place (guint   page,
           guint64 offset)
{
  return ((guint64) page << 40) ^ offset;
}

static void
add_allocation (Memory  *memory,
                guint64  place,
                guint64  size,
                guint64  alignment)
{
  Op op = { .size = size, .alignment = alignment };

  if (memory->unused->len > 0)
    {
      op.slot = g_array_index (memory->unused, guint, memory->unused->len - 1);
      g_array_set_size (memory->unused, memory->unused->len - 1);
    }
  else
    op.slot = memory->n_slots++;
  g_array_append_val (memory->ops, op);
  g_hash_table_replace (memory->slots, g_memdup2 (&place, sizeof place), GUINT_TO_POINTER (op.slot));
}

static gboolean
add_release (Memory  *memory,
             guint64  place)
{
  Op op = { 0 };
  gpointer slot;

  if (!g_hash_table_lookup_extended (memory->slots, &place, NULL, &slot))
    return FALSE;
  g_hash_table_remove (memory->slots, &place);
  op.slot = GPOINTER_TO_UINT (slot);
  g_array_append_val (memory->ops, op);
  g_array_append_val (memory->unused, op.slot);
  return TRUE;
}

/* FALSE: it is no line of a trace. */
static gboolean
parse_line (GPtrArray  *memories,
            const char *line)
{
  guint64 page_size, offset, size, alignment;
  guint number, page;
  char strategy[16];
  char kind;

  if (sscanf (line, "%c %u", &kind, &number) != 2 || number == 0 || number > 1u << 24)
    return FALSE;
  if (kind == 'm')
    {
      if (sscanf (line, "m %*u %" G_GUINT64_FORMAT " %15s", &page_size, strategy) != 2)
        return FALSE;
      if (memories->len < number)
        g_ptr_array_set_size (memories, (gint) number);
      /* It may have begun anew with another strategy. */
      if (memories->pdata[number - 1] == NULL)
        memories->pdata[number - 1] = memory_new (page_size, strategy);
      return TRUE;
    }
  if (number > memories->len || memories->pdata[number - 1] == NULL)
    return FALSE;
  if (kind == 'f')
    return sscanf (line, "f %*u %u %" G_GUINT64_FORMAT, &page, &offset) == 2
           && add_release (memories->pdata[number - 1], get_place (page, offset));
  if (kind != 'a'
      || sscanf (line, "a %*u %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &page, &offset,
                 &size, &alignment) != 4
      || size == 0 || size > G_MAXINT64 || alignment == 0 || (alignment & (alignment - 1)) != 0)
    return FALSE;
  add_allocation (memories->pdata[number - 1], get_place (page, offset), size, alignment);
  return TRUE;
}

/* (element-type Memory) (nullable) */
static GPtrArray *
read_trace (const char  *path,
            GError     **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autoptr (GDataInputStream) lines = NULL;
  GPtrArray *memories;

  if (stream == NULL)
    return NULL;
  lines = g_data_input_stream_new (G_INPUT_STREAM (stream));
  memories = g_ptr_array_new_with_free_func (memory_free);
  for (guint n = 1;; n++)
    {
      GError *local_error = NULL;
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &local_error);

      if (local_error == NULL && n > 1 && line == NULL)
        return memories;
      if (local_error == NULL
          && (n == 1 ? g_strcmp0 (line, "rill-trace 1") != 0 : !parse_line (memories, line)))
        g_set_error (&local_error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                     n == 1 ? "%s:%u: this is no trace that RILL_TRACE has made"
                            : "%s:%u: this is no line of a trace, or none that can come here",
                     path, n);
      if (local_error != NULL)
        {
          g_propagate_error (error, local_error);
          g_ptr_array_unref (memories);
          return NULL;
        }
    }
}

static void
note_peak (Replay *replay)
{
  guint64 reserved = replay->n_pages * replay->page_size + replay->own;

  replay->peak_reserved = MAX (replay->peak_reserved, reserved);
  replay->peak_used = MAX (replay->peak_used, rill_ranges_get_used (replay->ranges) + replay->own);
}

static guint
add_page (Replay *replay)
{
  const guint none = 0;
  guint index = 0;

  while (index < replay->n_objects->len && g_array_index (replay->n_objects, guint, index) != G_MAXUINT)
    index++;
  if (index == replay->n_objects->len)
    g_array_append_val (replay->n_objects, none);
  g_array_index (replay->n_objects, guint, index) = 0;
  rill_ranges_add_block (replay->ranges, index, replay->page_size);
  replay->n_pages++;
  replay->n_empty++;
  replay->n_added++;
  return index;
}

static void
allocate (Replay   *replay,
          const Op *op)
{
  RillRange *range = &replay->slots[op->slot];

  if (op->size > replay->page_size)
    {
      *range = (RillRange) { .size = op->size };
      replay->own += op->size;
    }
  else
    {
      while (!rill_ranges_allocate (replay->ranges, op->size, op->alignment, range))
        add_page (replay);
      if (g_array_index (replay->n_objects, guint, range->block)++ == 0)
        replay->n_empty--;
    }
}

static void
release (Replay   *replay,
         const Op *op)
{
  const RillRange *range = &replay->slots[op->slot];

  if (range->size > replay->page_size)
    {
      replay->own -= range->size;
      return;
    }
  rill_ranges_release (replay->ranges, range);
  if (--g_array_index (replay->n_objects, guint, range->block) > 0 || ++replay->n_empty == 1)
    return;
  rill_ranges_remove_block (replay->ranges, range->block);
  g_array_index (replay->n_objects, guint, range->block) = G_MAXUINT;
  replay->n_pages--;
  replay->n_empty--;
}

/* Returns the nanoseconds that it has taken, which are of no use with @peaks. */
static double
run_pass (Replay   *replay,
          gboolean  peaks)
{
  const GArray *ops = replay->memory->ops;
  guint64 start = bench_now_ns ();

  for (guint i = 0; i < ops->len; i++)
    {
      const Op *op = &g_array_index (ops, Op, i);

      if (op->size > 0)
        allocate (replay, op);
      else
        release (replay, op);
      if (peaks)
        note_peak (replay);
    }
  return (double) (bench_now_ns () - start);
}

static Replay *
replay_new (const Memory           *memory,
            guint64                 page_size,
            RillAllocationStrategy  strategy)
{
  Replay *replay = g_new0 (Replay, 1);

  replay->memory = memory;
  replay->page_size = page_size;
  replay->ranges = rill_ranges_new (strategy);
  replay->slots = g_new0 (RillRange, memory->n_slots + 1);
  replay->n_objects = g_array_new (FALSE, FALSE, sizeof (guint));
  return replay;
}

static void
replay_free (Replay *replay)
{
  g_array_unref (replay->n_objects);
  g_free (replay->slots);
  rill_ranges_free (replay->ranges);
  g_free (replay);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Replay, replay_free)

static double
measure_ns (const Memory           *memory,
            guint64                 page_size,
            RillAllocationStrategy  strategy)
{
  double total = 0;
  guint n = 0;

  while (total < MIN_NS && memory->ops->len > 0)
    {
      g_autoptr (Replay) replay = replay_new (memory, page_size, strategy);

      total += run_pass (replay, FALSE);
      n++;
    }
  return n > 0 ? total / n / memory->ops->len : 0;
}

static void
print_case (const char *trace,
            guint       number,
            const char *strategy,
            guint64     page_size,
            const char *what,
            double      value,
            const char *unit)
{
  g_autofree char *name = g_strdup_printf ("replay/%s/memory-%u/%s/%" G_GUINT64_FORMAT "/%s", trace, number,
                                           strategy, page_size, what);

  bench_print ("alloc", name, value, unit, "host");
}

static void
replay_memory (const Memory *memory,
               const char   *trace,
               guint         number,
               guint64       page_size)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      const char *name = strategies[i].name;
      g_autoptr (Replay) replay = replay_new (memory, page_size, strategies[i].strategy);

      run_pass (replay, TRUE);
      print_case (trace, number, name, page_size, "mean", measure_ns (memory, page_size, strategies[i].strategy),
                  "ns/op");
      print_case (trace, number, name, page_size, "pages-added", (double) replay->n_added, "pages");
      print_case (trace, number, name, page_size, "peak-reserved", (double) replay->peak_reserved, "B");
      print_case (trace, number, name, page_size, "peak-reserved-over-used",
                  replay->peak_used > 0 ? (double) replay->peak_reserved / (double) replay->peak_used : 0, "ratio");
    }
}

gboolean
bench_replay (const char  *path,
              guint64      page_size,
              GError     **error)
{
  g_autoptr (GPtrArray) memories = read_trace (path, error);
  g_autofree char *trace = g_path_get_basename (path);

  if (memories == NULL)
    return FALSE;
  for (guint i = 0; i < memories->len; i++)
    {
      const Memory *memory = memories->pdata[i];

      if (memory == NULL)
        continue;
      g_printerr ("memory %u: %u operations, %u objects at most, pages of %" G_GUINT64_FORMAT " bytes, %s\n", i + 1,
                  memory->ops->len, memory->n_slots, memory->page_size, memory->strategy);
      replay_memory (memory, trace, i + 1, memory->page_size);
      if (page_size > 0 && page_size != memory->page_size)
        replay_memory (memory, trace, i + 1, page_size);
    }
  return TRUE;
}
