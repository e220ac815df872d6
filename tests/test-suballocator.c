/* SPDX-License-Identifier: MIT */
#include <rill.h>

#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define MAX_HANDLE (G_GUINT64_CONSTANT (1) << 53)

static const RillAllocationStrategy strategies[] = {
  RILL_ALLOCATION_STRATEGY_GENERAL,
  RILL_ALLOCATION_STRATEGY_LINEAR,
};

static RillSuballocator *
create (guint64                size,
        RillAllocationStrategy strategy)
{
  g_autoptr (GError) error = NULL;
  RillSuballocator *suballocator = rill_suballocator_new (size, strategy, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_SUBALLOCATOR (suballocator));
  return suballocator;
}

static guint64
allocate (RillSuballocator *suballocator,
          guint64           size,
          guint64           alignment,
          guint64          *offset)
{
  g_autoptr (GError) error = NULL;
  guint64 handle = rill_suballocator_allocate (suballocator, size, alignment, offset, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (handle, >, 0);
  g_assert_cmpuint (handle, <, MAX_HANDLE);
  g_assert_cmpuint (*offset % alignment, ==, 0);
  return handle;
}

static void
free_range (RillSuballocator *suballocator,
            guint64           handle)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_suballocator_free (suballocator, handle, &error));
  g_assert_no_error (error);
}

static void
assert_refused (RillSuballocator *suballocator,
                guint64           size,
                guint64           alignment,
                gint              code,
                const char       *text)
{
  g_autoptr (GError) error = NULL;
  guint64 offset = 7;

  g_assert_cmpuint (rill_suballocator_allocate (suballocator, size, alignment, &offset, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_cmpuint (offset, ==, 0);
  g_assert_cmpuint (rill_suballocator_allocate (suballocator, size, alignment, NULL, NULL), ==, 0);
}

static void
assert_no_handle (RillSuballocator *suballocator,
                  guint64           handle)
{
  g_autoptr (GError) free_error = NULL;
  g_autoptr (GError) lookup_error = NULL;
  guint64 offset = 7, size = 7;

  g_assert_false (rill_suballocator_free (suballocator, handle, &free_error));
  g_assert_error (free_error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (rill_suballocator_lookup (suballocator, handle, &offset, &size, &lookup_error));
  g_assert_error (lookup_error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (offset + size, ==, 0);
}

/* Every test ends here. */
static void
finish (RillSuballocator *suballocator)
{
  guint64 size = rill_suballocator_get_size (suballocator), offset;

  g_assert_cmpuint (rill_suballocator_get_used_size (suballocator), ==, 0);
  g_assert_cmpuint (rill_suballocator_get_range_count (suballocator), ==, 0);
  allocate (suballocator, size, 1, &offset);
  g_assert_cmpuint (offset, ==, 0);
  g_object_unref (suballocator);
}

static void
test_new (void)
{
  static const struct
  {
    guint64 size;
    int strategy;
  } wrong[] = { { 0, 0 }, { (guint64) G_MAXINT64 + 1, 0 }, { G_MAXUINT64, 0 }, { 1, 2 }, { 1, -1 } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rill_suballocator_new (wrong[i].size, (RillAllocationStrategy) wrong[i].strategy, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      RillSuballocator *suballocator = create (G_MAXINT64, strategies[i]);

      g_assert_cmpint (rill_suballocator_get_strategy (suballocator), ==, (int) strategies[i]);
      g_assert_cmpuint (rill_suballocator_get_size (suballocator), ==, G_MAXINT64);
      finish (suballocator);
      finish (create (1, strategies[i]));
    }
}

static void
test_properties (void)
{
  RillSuballocator *suballocator = create (1000, RILL_ALLOCATION_STRATEGY_LINEAR);
  RillAllocationStrategy strategy;
  guint64 size, used_size, offset, handle;
  guint range_count;

  handle = allocate (suballocator, 100, 1, &offset);
  g_object_get (suballocator, "size", &size, "strategy", &strategy, "used-size", &used_size, "range-count",
                &range_count, NULL);
  g_assert_cmpuint (size, ==, 1000);
  g_assert_cmpint (strategy, ==, RILL_ALLOCATION_STRATEGY_LINEAR);
  g_assert_cmpuint (used_size, ==, 100);
  g_assert_cmpuint (range_count, ==, 1);
  free_range (suballocator, handle);
  finish (suballocator);
}

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      RillSuballocator *suballocator = create (MIB, strategies[i]);
      guint64 offset, handle;

      assert_refused (suballocator, 0, 1, G_IO_ERROR_INVALID_ARGUMENT, "size");
      assert_refused (suballocator, 0, 0, G_IO_ERROR_INVALID_ARGUMENT, "size");
      assert_refused (suballocator, 1, 0, G_IO_ERROR_INVALID_ARGUMENT, "power of two");
      assert_refused (suballocator, 1, 3, G_IO_ERROR_INVALID_ARGUMENT, "power of two");
      assert_refused (suballocator, 1, G_MAXUINT64, G_IO_ERROR_INVALID_ARGUMENT, "power of two");
      assert_refused (suballocator, MIB + 1, 1, G_IO_ERROR_NO_SPACE, "of 1048576 there are");
      assert_refused (suballocator, G_MAXUINT64, 1, G_IO_ERROR_NO_SPACE, "of 1048576 there are");

      handle = allocate (suballocator, MIB / 4, 1, &offset);
      assert_refused (suballocator, 1, MIB, G_IO_ERROR_NO_SPACE, "786432");
      assert_refused (suballocator, 1, G_GUINT64_CONSTANT (1) << 63, G_IO_ERROR_NO_SPACE, "786432");
      free_range (suballocator, handle);
      finish (suballocator);
    }
}

static void
test_handles (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      RillSuballocator *suballocator = create (MIB, strategies[i]);
      RillSuballocator *other = create (MIB, strategies[i]);
      guint64 first, second, offset, size, other_offset;

      assert_no_handle (suballocator, 0);
      first = allocate (suballocator, 1000, 256, &offset);
      g_assert_true (rill_suballocator_lookup (suballocator, first, &other_offset, &size, NULL));
      g_assert_cmpuint (other_offset, ==, offset);
      g_assert_cmpuint (size, ==, 1000);
      second = allocate (other, 1000, 256, &other_offset);
      assert_no_handle (suballocator, second);
      free_range (other, second);
      assert_no_handle (other, second);
      assert_no_handle (suballocator, G_MAXUINT64);
      for (guint bit = 0; bit < 64; bit++)
        assert_no_handle (suballocator, first ^ G_GUINT64_CONSTANT (1) << bit);

      free_range (suballocator, first);
      for (guint j = 0; j < 100000; j++)
        {
          guint64 handle = allocate (suballocator, 1000, 256, &offset);

          g_assert_cmpuint (handle, !=, first);
          if (j % 1000 == 0)
            assert_no_handle (suballocator, first);
          free_range (suballocator, handle);
        }
      finish (other);
      finish (suballocator);
    }
}

/* Numbers that nobody gave out free nothing, whatever they are. */
static void
test_guessed_handles (void)
{
  const guint n = 1000;
  RillSuballocator *suballocator = create (MIB, RILL_ALLOCATION_STRATEGY_GENERAL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree guint64 *handles = g_new (guint64, n);
  guint64 offset;

  for (guint i = 0; i < n; i++)
    handles[i] = allocate (suballocator, 1 + i, 16, &offset);
  for (guint i = 0; i < n; i += 2)
    free_range (suballocator, handles[i]);
  for (guint i = 0; i < n; i += 2)
    assert_no_handle (suballocator, handles[i]);
  for (guint64 i = 0; i < 200000; i++)
    {
      guint64 handle = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

      g_assert_false (rill_suballocator_free (suballocator, handle >> 11, NULL));
      g_assert_false (rill_suballocator_free (suballocator, i, NULL));
    }
  g_assert_cmpuint (rill_suballocator_get_range_count (suballocator), ==, n / 2);
  for (guint i = 1; i < n; i += 2)
    free_range (suballocator, handles[i]);
  finish (suballocator);
}

static void
test_clear (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      RillSuballocator *suballocator = create (MIB, strategies[i]);
      guint64 handles[100], offset;

      rill_suballocator_clear (suballocator);
      for (guint round = 0; round < 3; round++)
        {
          for (guint j = 0; j < G_N_ELEMENTS (handles); j++)
            handles[j] = allocate (suballocator, 1000, 16, &offset);
          rill_suballocator_clear (suballocator);
          for (guint j = 0; j < G_N_ELEMENTS (handles); j++)
            assert_no_handle (suballocator, handles[j]);
          g_assert_cmpuint (rill_suballocator_get_range_count (suballocator), ==, 0);
        }
      finish (suballocator);
    }
}

/* What a walk saw, and what it does meanwhile. */
typedef struct
{
  RillSuballocator *suballocator;
  gboolean changes;
  guint64 end, used, free, padding, largest;
  guint n_ranges, n_free;
} Walk;

static void
walk_cb (guint64  offset,
         guint64  size,
         gboolean used,
         guint64  handle,
         gpointer user_data)
{
  Walk *walk = user_data;
  guint64 found_offset, found_size;

  g_assert_cmpuint (offset, ==, walk->end);
  g_assert_cmpuint (size, >, 0);
  walk->end += size;
  if (!used)
    {
      g_assert_cmpuint (handle, ==, 0);
      walk->n_free++;
      walk->free += size;
      walk->largest = MAX (walk->largest, size);
      return;
    }
  if (handle == 0)
    {
      walk->padding += size;
      return;
    }
  walk->n_ranges++;
  walk->used += size;
  g_assert_true (rill_suballocator_lookup (walk->suballocator, handle, &found_offset, &found_size, NULL));
  g_assert_cmpuint (found_offset, ==, offset);
  g_assert_cmpuint (found_size, ==, size);
  if (walk->changes)
    {
      free_range (walk->suballocator, handle);
      allocate (walk->suballocator, 1, 1, &found_offset);
    }
}

static void
test_walk (void)
{
  RillSuballocator *suballocator = create (MIB, RILL_ALLOCATION_STRATEGY_GENERAL);
  g_autoptr (RillMemoryStatistics) statistics = NULL;
  g_autoptr (GError) error = NULL;
  guint64 handles[200], offset;
  Walk walk = { .suballocator = suballocator };

  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    handles[i] = allocate (suballocator, 10 + i * 7, 1u << (i % 10), &offset);
  for (guint i = 0; i < G_N_ELEMENTS (handles); i += 3)
    free_range (suballocator, handles[i]);
  rill_suballocator_walk (suballocator, walk_cb, &walk);
  statistics = rill_suballocator_calculate_statistics (suballocator, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (walk.end, ==, MIB);
  g_assert_cmpuint (walk.padding, >, 0);
  g_assert_cmpuint (statistics->page_count, ==, 1);
  g_assert_cmpuint (statistics->reserved_size, ==, MIB);
  g_assert_cmpuint (statistics->object_count, ==, walk.n_ranges);
  g_assert_cmpuint (statistics->object_count, ==, rill_suballocator_get_range_count (suballocator));
  g_assert_cmpuint (statistics->used_size, ==, walk.used);
  g_assert_cmpuint (statistics->used_size, ==, rill_suballocator_get_used_size (suballocator));
  g_assert_cmpuint (statistics->free_size, ==, walk.free);
  g_assert_cmpuint (statistics->free_range_count, ==, walk.n_free);
  g_assert_cmpuint (statistics->largest_free_size, ==, walk.largest);

  walk = (Walk) { .suballocator = suballocator, .changes = TRUE };
  rill_suballocator_walk (suballocator, walk_cb, &walk);
  g_assert_cmpuint (walk.end, ==, MIB);
  g_assert_cmpuint (rill_suballocator_get_used_size (suballocator), ==, walk.n_ranges);
  rill_suballocator_clear (suballocator);
  finish (suballocator);
}

#define N_THREADS 4
#define N_SLOTS 200
#define N_CALLS 50000

/* The bytes that a thread writes stay its own. */
typedef struct
{
  RillSuballocator *suballocator;
  guint8 *bytes;
  guint8 number;
} Worker;

static gpointer
work (gpointer data)
{
  const Worker *worker = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (worker->number);
  guint64 handles[N_SLOTS] = { 0 }, offset, size;

  for (guint i = 0; i < N_CALLS + N_SLOTS; i++)
    {
      guint slot = i < N_CALLS ? (guint) g_rand_int_range (rand, 0, N_SLOTS) : i - N_CALLS;

      if (handles[slot] != 0)
        {
          g_assert_true (rill_suballocator_lookup (worker->suballocator, handles[slot], &offset, &size, NULL));
          for (guint64 j = 0; j < size; j++)
            g_assert_cmpuint (worker->bytes[offset + j], ==, worker->number);
          memset (worker->bytes + offset, 0, size);
          free_range (worker->suballocator, handles[slot]);
          handles[slot] = 0;
        }
      else if (i < N_CALLS)
        {
          size = (guint64) g_rand_int_range (rand, 1, 100);
          handles[slot] = allocate (worker->suballocator, size, 1u << (slot % 8), &offset);
          for (guint64 j = 0; j < size; j++)
            g_assert_cmpuint (worker->bytes[offset + j], ==, 0);
          memset (worker->bytes + offset, worker->number, size);
        }
    }
  return NULL;
}

static void
test_threads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      RillSuballocator *suballocator = create (8 * MIB, strategies[i]);
      g_autofree guint8 *bytes = g_malloc0 (8 * MIB);
      GThread *threads[N_THREADS];
      Worker workers[N_THREADS];

      for (guint j = 0; j < N_THREADS; j++)
        {
          workers[j] = (Worker) { suballocator, bytes, (guint8) (j + 1) };
          threads[j] = g_thread_new ("work", work, &workers[j]);
        }
      for (guint j = 0; j < N_THREADS; j++)
        g_thread_join (threads[j]);
      finish (suballocator);
    }
}

/* With so many ranges a freed one comes back some calls later; nobody who needs it notices. */
static void
test_many (void)
{
  const guint n = 100000;
  RillSuballocator *suballocator = create (n * 32, RILL_ALLOCATION_STRATEGY_GENERAL);
  g_autofree guint64 *handles = g_new (guint64, n);
  guint64 offset;

  for (guint i = 0; i < n; i++)
    handles[i] = allocate (suballocator, 32, 1, &offset);
  for (guint i = 0; i < 2 * n; i++)
    {
      guint slot = (guint) (i * G_GUINT64_CONSTANT (7919) % n);

      free_range (suballocator, handles[slot]);
      handles[slot] = allocate (suballocator, 32, 1, &offset);
    }
  assert_refused (suballocator, 1, 1, G_IO_ERROR_NO_SPACE, "there are 0 not used");
  for (guint i = 0; i < n; i++)
    free_range (suballocator, handles[i]);
  finish (suballocator);
}

static void
test_uninitialized (void)
{
  g_autoptr (RillSuballocator) suballocator = g_object_new (RILL_TYPE_SUBALLOCATOR, NULL);
  g_autoptr (GError) error = NULL;
  Walk walk = { .suballocator = suballocator };

  assert_refused (suballocator, 1, 1, G_IO_ERROR_NOT_INITIALIZED, "initialised");
  g_assert_false (rill_suballocator_free (suballocator, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_false (rill_suballocator_lookup (suballocator, 1, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_null (rill_suballocator_calculate_statistics (suballocator, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  rill_suballocator_clear (suballocator);
  rill_suballocator_walk (suballocator, walk_cb, &walk);
  g_assert_cmpuint (walk.end, ==, 0);
  g_assert_cmpuint (rill_suballocator_get_size (suballocator), ==, 0);
  g_assert_cmpuint (rill_suballocator_get_used_size (suballocator), ==, 0);
  g_assert_cmpuint (rill_suballocator_get_range_count (suballocator), ==, 0);
  g_assert_cmpint (rill_suballocator_get_strategy (suballocator), ==, RILL_ALLOCATION_STRATEGY_GENERAL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/suballocator/new", test_new);
  g_test_add_func ("/suballocator/properties", test_properties);
  g_test_add_func ("/suballocator/refused", test_refused);
  g_test_add_func ("/suballocator/handles", test_handles);
  g_test_add_func ("/suballocator/guessed-handles", test_guessed_handles);
  g_test_add_func ("/suballocator/clear", test_clear);
  g_test_add_func ("/suballocator/walk", test_walk);
  g_test_add_func ("/suballocator/threads", test_threads);
  g_test_add_func ("/suballocator/many", test_many);
  g_test_add_func ("/suballocator/uninitialized", test_uninitialized);
  return g_test_run ();
}
