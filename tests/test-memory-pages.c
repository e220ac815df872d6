/* SPDX-License-Identifier: MIT */

/* The list of a memory's pages, and the statistics of one page. */

#include "rill-test-util.h"

#include "memory/rill-memory-private.h"

#define PAGE 4096

typedef struct
{
  RillSession *session;
  RillMemory *memory;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_NONE, PAGE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->memory);
  rill_test_session_end (fixture->session);
}

/* "0:4096 1:8192": indices and sizes. */
static void
assert_list (GListModel *pages,
             const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (pages); i++)
    {
      g_autoptr (RillMemoryPage) page = g_list_model_get_item (pages, i);
      g_string_append_printf (text, "%s%u:%" G_GUINT64_FORMAT, i > 0 ? " " : "",
                              rill_memory_page_get_index (page), rill_memory_page_get_size (page));
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
count_cb (GListModel *pages,
          guint       position,
          guint       removed,
          guint       added,
          guint      *n)
{
  (*n)++;
}

static void
test_follows (Fixture       *fixture,
              gconstpointer  data)
{
  GListModel *pages = rill_memory_get_pages (fixture->memory);
  guint n_changes = 0;
  RillBuffer *buffers[4];

  g_assert_true (G_IS_LIST_STORE (pages));
  g_assert_true (g_list_model_get_item_type (pages) == RILL_TYPE_MEMORY_PAGE);
  g_assert_true (rill_memory_get_pages (fixture->memory) == pages);
  g_signal_connect (pages, "items-changed", G_CALLBACK (count_cb), &n_changes);
  for (guint i = 0; i < 4; i++)
    buffers[i] = rill_test_buffer_new (fixture->memory, i == 2 ? 2 * PAGE : PAGE);
  assert_list (pages, ""); /* only in the main context */
  rill_test_iterate ();
  assert_list (pages, "0:4096 1:4096 2:8192 3:4096");
  g_assert_cmpuint (n_changes, ==, 1);

  g_object_unref (buffers[2]);
  g_object_unref (buffers[1]);
  g_assert_true (rill_memory_trim (fixture->memory, NULL));
  rill_test_iterate ();
  assert_list (pages, "0:4096 3:4096");
  g_assert_cmpuint (n_changes, ==, 2);

  /* What comes and goes in between is not seen; the lowest index is used again. */
  g_object_unref (rill_test_buffer_new (fixture->memory, 3 * PAGE));
  rill_test_iterate ();
  g_assert_cmpuint (n_changes, ==, 2);
  buffers[1] = rill_test_buffer_new (fixture->memory, 3 * PAGE);
  rill_test_iterate ();
  assert_list (pages, "0:4096 1:12288 3:4096");

  g_object_unref (buffers[0]);
  g_object_unref (buffers[1]);
  g_object_unref (buffers[3]);
}

/* Pages that are there before the list is asked for. */
static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE);
  RillBuffer *large = rill_test_buffer_new (fixture->memory, 5 * PAGE);
  g_autoptr (GListModel) pages = NULL;

  g_object_get (fixture->memory, "pages", &pages, NULL);
  assert_list (pages, "0:4096 1:20480");
  rill_memory_close (fixture->memory);
  assert_list (pages, "0:4096 1:20480");
  rill_test_iterate ();
  assert_list (pages, "");
  g_object_unref (buffer);
  g_object_unref (large);
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE);

  rill_memory_close (fixture->memory);
  assert_list (rill_memory_get_pages (fixture->memory), "");
  g_object_unref (buffer);
}

static void
live_cb (RillMemoryPage *page,
         GParamSpec     *pspec,
         GThread       **thread)
{
  g_assert_false (rill_memory_page_get_live (page));
  *thread = g_thread_self ();
}

static void
assert_state (RillMemoryPage *page,
              gboolean        live,
              guint           object_count,
              guint64         used,
              guint64         free)
{
  g_assert_cmpint (rill_memory_page_get_live (page), ==, live);
  g_assert_cmpuint (rill_memory_page_get_object_count (page), ==, object_count);
  g_assert_cmpuint (rill_memory_page_get_used_size (page), ==, used);
  g_assert_cmpuint (rill_memory_page_get_free_size (page), ==, free);
}

static void
test_page (Fixture       *fixture,
           gconstpointer  data)
{
  GListModel *pages = rill_memory_get_pages (fixture->memory);
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE / 2);
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (buffer));
  g_autoptr (RillMemoryPage) page = NULL;
  g_autoptr (RillMemoryPage) next = NULL;
  g_autoptr (RillMemory) memory = NULL;
  GThread *thread = NULL;

  rill_test_iterate ();
  page = g_list_model_get_item (pages, 0);
  g_signal_connect (page, "notify::live", G_CALLBACK (live_cb), &thread);
  memory = rill_memory_page_get_memory (page);
  g_assert_true (memory == fixture->memory);
  g_assert_cmpint (rill_memory_page_get_mappable (page), ==, rill_memory_get_mappable (memory));
  g_assert_cmpuint (rill_memory_page_get_size (page), ==, PAGE);
  assert_state (page, TRUE, 1, info->size, PAGE - info->size);

  g_object_unref (buffer);
  assert_state (page, TRUE, 0, 0, PAGE);
  g_assert_true (rill_memory_trim (memory, NULL));
  buffer = rill_test_buffer_new (fixture->memory, PAGE);
  /* Another page has its index by now, and is not taken for it. */
  assert_state (page, FALSE, 0, 0, 0);
  g_assert_null (thread);
  rill_test_iterate ();
  g_assert_true (thread == g_thread_self ());
  next = g_list_model_get_item (pages, 0);
  g_assert_true (next != page);
  g_assert_cmpuint (rill_memory_page_get_index (next), ==, rill_memory_page_get_index (page));
  assert_state (next, TRUE, 1, PAGE, 0);

  g_object_unref (buffer);
  buffer = rill_test_buffer_new (fixture->memory, 2 * PAGE);
  rill_test_iterate ();
  g_clear_object (&next);
  next = g_list_model_get_item (pages, g_list_model_get_n_items (pages) - 1);
  assert_state (next, TRUE, 1, 2 * PAGE, 0);
  g_object_unref (buffer);
}

/* A list or a page that is held keeps no memory alive, and says that the memory is gone. */
static void
test_outlives (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GListModel) pages = g_object_ref (rill_memory_get_pages (fixture->memory));
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE);
  g_autoptr (RillMemoryPage) page = NULL;

  rill_test_iterate ();
  page = g_list_model_get_item (pages, 0);
  g_object_unref (buffer);
  g_assert_finalize_object (g_steal_pointer (&fixture->memory));
  assert_state (page, FALSE, 0, 0, 0);
  g_assert_null (rill_memory_page_get_memory (page));
  rill_test_iterate ();
  assert_list (pages, "");
}

static void
close_cb (GListModel *pages,
          guint       position,
          guint       removed,
          guint       added,
          RillMemory *memory)
{
  rill_memory_close (memory);
  rill_test_iterate ();
}

/* A handler may change the pages, and run the loop itself. */
static void
test_reentered (Fixture       *fixture,
                gconstpointer  data)
{
  GListModel *pages = rill_memory_get_pages (fixture->memory);
  RillBuffer *buffers[] = { rill_test_buffer_new (fixture->memory, PAGE),
                            rill_test_buffer_new (fixture->memory, PAGE) };

  g_signal_connect (pages, "items-changed", G_CALLBACK (close_cb), fixture->memory);
  rill_test_iterate ();
  assert_list (pages, "");
  g_object_unref (buffers[0]);
  g_object_unref (buffers[1]);
}

#define N_THREADS 4
#define N_ROUNDS 200

static gpointer
churn_thread (gpointer memory)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      GListModel *pages = rill_memory_get_pages (memory);
      g_object_unref (rill_test_buffer_new (memory, PAGE + 1));
      g_assert_nonnull (pages);
    }
  return NULL;
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  GThread *threads[N_THREADS];
  GListModel *pages;

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("churn", churn_thread, fixture->memory);
  for (guint i = 0; i < N_THREADS; i++)
    {
      rill_test_iterate ();
      g_thread_join (threads[i]);
    }
  pages = rill_memory_get_pages (fixture->memory);
  rill_test_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (pages), ==, rill_memory_get_page_count (fixture->memory));
}

static void
test_uninitialized (void)
{
  g_autoptr (RillMemory) memory = g_object_new (RILL_TYPE_MEMORY, NULL);
  g_autoptr (RillMemoryPage) page = g_object_new (RILL_TYPE_MEMORY_PAGE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (rill_memory_get_pages (memory)), ==, 0);
  g_assert_null (rill_memory_calculate_page_statistics (memory, 0, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "rill_session_create_memory");
  assert_state (page, FALSE, 0, 0, 0);
  g_assert_null (rill_memory_page_get_memory (page));
}

static RillMemoryStatistics *
get_statistics (RillMemory *memory,
                gint        page)
{
  g_autoptr (GError) error = NULL;
  RillMemoryStatistics *statistics = page < 0
                                       ? rill_memory_calculate_statistics (memory, &error)
                                       : rill_memory_calculate_page_statistics (memory, (guint) page, &error);

  g_assert_no_error (error);
  return statistics;
}

static void
assert_fragmentation (const RillMemoryStatistics *statistics)
{
  double expected = 1.0 - (double) statistics->largest_free_size / (double) statistics->free_size;

  g_assert_cmpfloat_with_epsilon (statistics->fragmentation, expected, 1e-9);
}

/* Page 0 has a gap of a quarter and one of a half, page 1 has nothing free, page 2 is an object's own. */
static void
test_statistics (Fixture       *fixture,
                 gconstpointer  data)
{
  RillBuffer *quarters[4];
  RillBuffer *whole, *own;
  g_autoptr (RillMemoryStatistics) all = NULL;
  g_autoptr (RillMemoryStatistics) first = NULL;
  g_autoptr (RillMemoryStatistics) second = NULL;
  g_autoptr (RillMemoryStatistics) third = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    quarters[i] = rill_test_buffer_new (fixture->memory, PAGE / 4);
  whole = rill_test_buffer_new (fixture->memory, PAGE);
  own = rill_test_buffer_new (fixture->memory, 2 * PAGE);
  g_object_unref (quarters[0]);
  g_object_unref (quarters[2]);
  g_object_unref (quarters[3]);

  first = get_statistics (fixture->memory, 0);
  g_assert_cmpuint (first->page_count, ==, 1);
  g_assert_cmpuint (first->object_count, ==, 1);
  g_assert_cmpuint (first->free_range_count, ==, 2);
  g_assert_cmpuint (first->reserved_size, ==, PAGE);
  g_assert_cmpuint (first->used_size, ==, PAGE / 4);
  g_assert_cmpuint (first->free_size, ==, PAGE / 4 * 3);
  g_assert_cmpuint (first->largest_free_size, ==, PAGE / 2);
  g_assert_cmpfloat_with_epsilon (first->fragmentation, 1.0 / 3.0, 1e-9);
  second = get_statistics (fixture->memory, 1);
  g_assert_cmpuint (second->free_size, ==, 0);
  g_assert_cmpfloat (second->fragmentation, ==, 0.0);
  third = get_statistics (fixture->memory, 2);
  g_assert_cmpuint (third->used_size, ==, 2 * PAGE);
  g_assert_cmpuint (third->object_count, ==, 1);
  all = get_statistics (fixture->memory, -1);
  g_assert_cmpuint (all->page_count, ==, 3);
  g_assert_cmpuint (all->object_count, ==, 3);
  g_assert_cmpuint (all->used_size, ==, PAGE / 4 + PAGE + 2 * PAGE);
  assert_fragmentation (all);

  g_assert_null (rill_memory_calculate_page_statistics (fixture->memory, 3, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "page 3");
  g_object_unref (own);
  g_assert_null (rill_memory_calculate_page_statistics (fixture->memory, 2, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "page 2");
  g_assert_null (rill_memory_calculate_page_statistics (fixture->memory, G_MAXUINT, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "4294967295");
  g_object_unref (quarters[1]);
  g_object_unref (whole);
  rill_memory_close (fixture->memory);
  g_assert_null (rill_memory_calculate_page_statistics (fixture->memory, 0, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/memory-pages/follows", test_follows);
  add ("/memory-pages/late", test_late);
  add ("/memory-pages/closed", test_closed);
  add ("/memory-pages/page", test_page);
  add ("/memory-pages/outlives", test_outlives);
  add ("/memory-pages/reentered", test_reentered);
  add ("/memory-pages/threads", test_threads);
  g_test_add_func ("/memory-pages/uninitialized", test_uninitialized);
  add ("/memory-pages/statistics", test_statistics);
  return g_test_run ();
}
