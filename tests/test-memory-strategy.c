/* SPDX-License-Identifier: MIT */
#include "rill-test-util.h"

#define PAGE (64 * 1024)
#define N_BUFFERS 16
#define N_ROUNDS 50

static const RillAllocationStrategy strategies[] = {
  RILL_ALLOCATION_STRATEGY_GENERAL,
  RILL_ALLOCATION_STRATEGY_LINEAR,
};

static RillMemory *
create_memory (RillSession            *session,
               RillAllocationStrategy  strategy)
{
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_memory_set_strategy (memory, strategy, &error));
  g_assert_no_error (error);
  g_assert_cmpint (rill_memory_get_strategy (memory), ==, (int) strategy);
  return memory;
}

static RillAllocationInfo *
get_info (RillBuffer *buffer)
{
  return rill_resource_get_allocation_info (RILL_RESOURCE (buffer));
}

static void
close_and_unref (RillBuffer *buffer)
{
  rill_resource_close (RILL_RESOURCE (buffer));
  g_object_unref (buffer);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    data)
{
  ++*(guint *) data;
}

static void
count_page_cb (RillMemory *memory,
               guint       index,
               guint64     size,
               gpointer    data)
{
  ++*(guint *) data;
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
test_property (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  RillAllocationStrategy strategy = RILL_ALLOCATION_STRATEGY_LINEAR;
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;
  RillBuffer *buffer;

  g_object_get (memory, "strategy", &strategy, NULL);
  g_assert_cmpint (strategy, ==, RILL_ALLOCATION_STRATEGY_GENERAL);
  g_signal_connect (memory, "notify::strategy", G_CALLBACK (count_cb), &n_notified);
  g_assert_true (rill_memory_set_strategy (memory, RILL_ALLOCATION_STRATEGY_LINEAR, &error));
  iterate ();
  g_assert_cmpuint (n_notified, ==, 1);
  for (int wrong = -1; wrong < 4; wrong += 3)
    {
      g_assert_false (rill_memory_set_strategy (memory, (RillAllocationStrategy) wrong, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "strategy");
    }

  buffer = rill_test_buffer_new (memory, 100);
  g_assert_false (rill_memory_set_strategy (memory, RILL_ALLOCATION_STRATEGY_GENERAL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "pages");
  close_and_unref (buffer);
  g_assert_false (rill_memory_set_strategy (memory, RILL_ALLOCATION_STRATEGY_GENERAL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "pages");
  g_assert_cmpint (rill_memory_get_strategy (memory), ==, RILL_ALLOCATION_STRATEGY_LINEAR);
  g_assert_true (rill_memory_trim (memory, NULL));
  g_assert_true (rill_memory_set_strategy (memory, RILL_ALLOCATION_STRATEGY_GENERAL, &error));

  rill_memory_close (memory);
  g_assert_false (rill_memory_set_strategy (memory, RILL_ALLOCATION_STRATEGY_GENERAL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Each behind the one before; all freed, it begins where it was, and no page comes or goes. */
static void
test_arena (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session, RILL_ALLOCATION_STRATEGY_LINEAR);
  RillBuffer *buffers[N_BUFFERS];
  guint n_added = 0;

  g_signal_connect (memory, "page-added", G_CALLBACK (count_page_cb), &n_added);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      guint64 end = 0;

      for (guint i = 0; i < N_BUFFERS; i++)
        {
          g_autoptr (RillAllocationInfo) info = NULL;

          buffers[i] = rill_test_buffer_new (memory, 100 + 100 * i);
          info = get_info (buffers[i]);
          g_assert_cmpuint (info->offset, >=, end);
          g_assert_cmpuint (info->page, ==, 0);
          end = info->offset + info->size;
        }
      for (guint i = 0; i < N_BUFFERS; i++)
        close_and_unref (buffers[(i * 5 + round) % N_BUFFERS]);
      g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
    }
  iterate ();
  g_assert_cmpuint (n_added, ==, 1);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* A ring over several pages comes round to those that it has. */
static void
test_ring (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session, RILL_ALLOCATION_STRATEGY_LINEAR);
  RillBuffer *buffers[N_BUFFERS];
  guint n_added = 0;

  g_signal_connect (memory, "page-added", G_CALLBACK (count_page_cb), &n_added);
  for (guint i = 0; i < N_BUFFERS; i++)
    buffers[i] = rill_test_buffer_new (memory, PAGE / 8);
  for (guint i = 0; i < N_ROUNDS * N_BUFFERS; i++)
    {
      close_and_unref (buffers[i % N_BUFFERS]);
      buffers[i % N_BUFFERS] = rill_test_buffer_new (memory, PAGE / 8);
    }
  iterate ();
  g_assert_cmpuint (n_added, ==, N_BUFFERS / 8);
  for (guint i = 0; i < N_BUFFERS; i++)
    close_and_unref (buffers[i]);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* An object that comes and goes where a page is full does not make a page each time. */
static void
test_edge (gconstpointer data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session, (RillAllocationStrategy) GPOINTER_TO_INT (data));
  RillBuffer *full = rill_test_buffer_new (memory, PAGE);
  guint n_added = 0;

  g_signal_connect (memory, "page-added", G_CALLBACK (count_page_cb), &n_added);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      RillBuffer *more = rill_test_buffer_new (memory, i % 2 == 0 ? PAGE : 100);

      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 2);
      close_and_unref (more);
      g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 2);
    }
  close_and_unref (full);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  for (guint i = 0; i < N_ROUNDS; i++)
    close_and_unref (rill_test_buffer_new (memory, PAGE));
  iterate ();
  g_assert_cmpuint (n_added, ==, 1);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* Whatever comes and goes, bytes are counted right, and at the end every page can be had whole. */
static void
test_churn (gconstpointer data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = create_memory (session, (RillAllocationStrategy) GPOINTER_TO_INT (data));
  RillBuffer *buffers[64] = { NULL };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint64 used = 0;

  for (guint i = 0; i < 3000; i++)
    {
      RillBuffer **slot = &buffers[g_rand_int_range (rand, 0, G_N_ELEMENTS (buffers))];
      g_autoptr (RillAllocationInfo) info = NULL;

      if (*slot == NULL)
        {
          *slot = rill_test_buffer_new (memory, 1u << g_rand_int_range (rand, 0, 13));
          info = get_info (*slot);
          used += info->size;
        }
      else
        {
          info = get_info (*slot);
          used -= info->size;
          close_and_unref (g_steal_pointer (slot));
        }
      g_assert_cmpuint (rill_memory_get_used_size (memory), ==, used);
      g_assert_cmpuint (rill_memory_get_page_count (memory), <=, 8);
    }
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    if (buffers[i] != NULL)
      close_and_unref (buffers[i]);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  close_and_unref (rill_test_buffer_new (memory, PAGE));
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_object_unref (memory);
  rill_test_session_end (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-strategy/property", test_property);
  g_test_add_func ("/memory-strategy/arena", test_arena);
  g_test_add_func ("/memory-strategy/ring", test_ring);
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++)
    {
      const char *name = strategies[i] == RILL_ALLOCATION_STRATEGY_LINEAR ? "linear" : "general";
      g_autofree char *edge = g_strdup_printf ("/memory-strategy/edge/%s", name);
      g_autofree char *churn = g_strdup_printf ("/memory-strategy/churn/%s", name);

      g_test_add_data_func (edge, GINT_TO_POINTER (strategies[i]), test_edge);
      g_test_add_data_func (churn, GINT_TO_POINTER (strategies[i]), test_churn);
    }
  return g_test_run ();
}
