/* SPDX-License-Identifier: MIT */

/* A memory is compacted: fewer pages, every byte as before, and nothing moves that somebody needs where it
 * is. */

#include "rill-test-compute.h"
#include "rill-test-gate.h"

#include "rill-vulkan.h"

#include <dlfcn.h>

#define PAGE (256 * 1024)
#define N_BUFFERS 1200

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffers[N_BUFFERS];
  guint n_relocated;
  RillCommandBuffer *commands; /* (unowned) (nullable) */
} Fixture;

/* What happens just before work is submitted; the library holds the lock for submissions then. */
static void (*submit_func) (Fixture *fixture);
static Fixture *submit_fixture;

static void
at_next_submit (void    (*func) (Fixture *fixture),
                Fixture  *fixture)
{
  submit_func = func;
  submit_fixture = fixture;
}

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkQueueSubmit2 (VkQueue              queue,
                uint32_t             n,
                const VkSubmitInfo2 *infos,
                VkFence              fence)
{
  PFN_vkQueueSubmit2 real = (PFN_vkQueueSubmit2) dlsym (RTLD_NEXT, "vkQueueSubmit2");
  void (*func) (Fixture *fixture) = submit_func;

  submit_func = NULL;
  if (func != NULL)
    func (submit_fixture);
  return real (queue, n, infos, fence);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  for (guint i = 0; i < N_BUFFERS; i++)
    g_clear_object (&fixture->buffers[i]);
  g_object_unref (fixture->memory);
  rill_test_session_end (fixture->session);
}

/* Log-uniform, 64 bytes to 16 KiB. */
static gsize
random_size (GRand *rand)
{
  gsize base = (gsize) 64 << g_rand_int_range (rand, 0, 8);

  return base + (gsize) g_rand_int_range (rand, 0, (gint) base);
}

static GBytes *
content_of (Fixture *fixture,
            guint    i)
{
  return rill_test_bytes_new (rill_resource_get_size (RILL_RESOURCE (fixture->buffers[i])), i);
}

static void
relocated_cb (RillResource *resource,
              guint        *n)
{
  (*n)++;
}

static void
add_buffer (Fixture *fixture,
            guint    i,
            gsize    size)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new (size, i);

  fixture->buffers[i] = rill_test_buffer_new (fixture->memory, size);
  rill_test_write (fixture->buffers[i], 0, bytes);
  g_signal_connect (fixture->buffers[i], "relocated", G_CALLBACK (relocated_cb),
                    &fixture->n_relocated);
}

/* Fills the memory, replaces at random, and drops three of four. */
static void
churn (Fixture *fixture)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (guint i = 0; i < N_BUFFERS; i++)
    add_buffer (fixture, i, random_size (rand));
  for (guint n = 0; n < N_BUFFERS; n++)
    {
      guint i = (guint) g_rand_int_range (rand, 0, N_BUFFERS);
      g_clear_object (&fixture->buffers[i]);
      add_buffer (fixture, i, random_size (rand));
    }
  for (guint i = 0; i < N_BUFFERS; i++)
    if (g_rand_int_range (rand, 0, 4) > 0)
      g_clear_object (&fixture->buffers[i]);
}

static void
assert_contents (Fixture *fixture)
{
  for (guint i = 0; i < N_BUFFERS; i++)
    if (fixture->buffers[i] != NULL)
      {
        g_autoptr (GBytes) bytes = content_of (fixture, i);
        rill_test_assert_content (fixture->buffers[i], 0, bytes);
      }
}

static void
compact (RillMemory *memory)
{
  GError *error = NULL;
  gboolean done = rill_memory_compact (memory, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (done);
}

/* ⌈1.02 × used / page-size⌉ */
static guint
get_most_pages (Fixture *fixture)
{
  guint64 used = rill_memory_get_used_size (fixture->memory) * 102 / 100;

  return (guint) ((used + PAGE - 1) / PAGE);
}

static guint
count_pages (Fixture *fixture)
{
  GError *error = NULL;

  rill_memory_trim (fixture->memory, &error);
  g_assert_no_error (error);
  return rill_memory_get_page_count (fixture->memory);
}

static void
test_tight (Fixture       *fixture,
            gconstpointer  data)
{
  guint before;

  churn (fixture);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  before = count_pages (fixture);
  compact (fixture->memory);
  g_test_message ("%u pages, of %u before", rill_memory_get_page_count (fixture->memory), before);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), <=, get_most_pages (fixture));
  g_assert_cmpuint (before, >, get_most_pages (fixture));
  assert_contents (fixture);
  rill_test_iterate ();
  g_assert_cmpuint (fixture->n_relocated, >, 0);
}

/* Objects of a tenth to a quarter of a page, images among them, of seeds where filling gaps is not enough: they
 * have to be packed. */
static void
test_large (Fixture       *fixture,
            gconstpointer  data)
{
  static const guint32 seeds[] = { 10, 27, 70, 111, 127, 139, 142, 147 };

  for (guint s = 0; s < G_N_ELEMENTS (seeds); s++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seeds[s]);
      g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (RillMemory) memory =
        rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
      guint64 used;
      guint most;

      for (guint i = 0; i < 72; i++)
        {
          guint size = (guint) g_rand_int_range (rand, PAGE / 10, PAGE / 4);

          g_ptr_array_add (objects,
                           i % 3 == 0
                             ? (gpointer) rill_test_image_new (memory, (guint[]) { size / 400, 100, 4 },
                                                               3, RILL_CHANNEL_TYPE_UINT8)
                             : (gpointer) rill_test_buffer_new (memory, size));
        }
      for (guint i = objects->len; i > 0; i--)
        if (g_rand_int_range (rand, 0, 4) > 0)
          g_ptr_array_remove_index (objects, i - 1);
      compact (memory);
      used = rill_memory_get_used_size (memory);
      most = (guint) ((used * 102 / 100 + PAGE - 1) / PAGE);
      g_test_message ("seed %u: %u pages, %.2f used", seeds[s], rill_memory_get_page_count (memory),
                      (double) used / PAGE);
      g_assert_cmpuint (rill_memory_get_page_count (memory), <=, most);
    }
}

/* Pages below the memory's page size are emptied as well. */
static void
test_small_page (Fixture       *fixture,
                 gconstpointer  data)
{
  GError *error = NULL;

  g_assert_true (rill_memory_set_size_limit (fixture->memory, PAGE * 3 / 2, &error));
  add_buffer (fixture, 0, PAGE * 7 / 8);
  add_buffer (fixture, 1, PAGE / 3);
  g_assert_cmpuint (rill_memory_get_reserved_size (fixture->memory), ==, PAGE * 3 / 2);
  g_clear_object (&fixture->buffers[0]);
  add_buffer (fixture, 2, 1000);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (count_pages (fixture), <=, 2);
  add_buffer (fixture, 3, PAGE / 3);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_contents (fixture);
}

typedef struct
{
  RillMemory *memory;
  gint stop; /* (atomic) */
} Dropper;

static gpointer
drop_thread (gpointer data)
{
  Dropper *dropper = data;

  while (!g_atomic_int_get (&dropper->stop))
    {
      RillBuffer *buffers[20];

      for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
        buffers[i] = rill_test_buffer_new (dropper->memory, 100 * (i + 1));
      for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
        g_object_unref (buffers[i]);
    }
  return NULL;
}

/* Objects end in one thread while another one moves them. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  Dropper dropper = { .memory = fixture->memory };
  g_autoptr (RillCommandBuffer) commands = rill_test_command_buffer_new (fixture->session);
  GThread *threads[3];

  /* What is recorded stays, so there is always something to win. */
  for (guint i = 0; i < 6; i++)
    {
      add_buffer (fixture, 2 * i, 1000);
      add_buffer (fixture, 2 * i + 1, PAGE - 1500);
    }
  for (guint i = 0; i < 6; i++)
    {
      g_clear_object (&fixture->buffers[2 * i + 1]);
      g_assert_true (
        rill_command_buffer_fill_buffer (commands, fixture->buffers[2 * i], 0, -1, 7, NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("dropper", drop_thread, &dropper);
  for (guint i = 0; i < 300; i++)
    compact (fixture->memory);
  g_atomic_int_set (&dropper.stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_contents (fixture);
}

/* Nothing is moved for nothing. */
static void
test_again (Fixture       *fixture,
            gconstpointer  data)
{
  churn (fixture);
  compact (fixture->memory);
  rill_test_iterate ();
  fixture->n_relocated = 0;
  compact (fixture->memory);
  rill_test_iterate ();
  g_assert_cmpuint (fixture->n_relocated, ==, 0);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
  add_buffer (fixture, 0, 100);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_contents (fixture);
}

/* One small object of each page stays. */
static void
make_sparse (Fixture *fixture,
             guint    n_pages)
{
  for (guint i = 0; i < n_pages; i++)
    {
      add_buffer (fixture, 2 * i, 1000);
      add_buffer (fixture, 2 * i + 1, PAGE - 1500);
    }
  for (guint i = 0; i < n_pages; i++)
    g_clear_object (&fixture->buffers[2 * i + 1]);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (count_pages (fixture), ==, n_pages);
}

static guint
get_page (gpointer resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return info->page;
}

static void
test_sparse (Fixture       *fixture,
             gconstpointer  data)
{
  make_sparse (fixture, 5);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_contents (fixture);
  rill_test_iterate ();
  g_assert_cmpuint (fixture->n_relocated, ==, 4);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (get_page (fixture->buffers[2 * i]), ==, get_page (fixture->buffers[0]));
}

/* The allocation info that handlers see is the new one. */
static void
info_cb (GObject    *object,
         GParamSpec *pspec,
         guint      *page)
{
  *page = get_page (object);
}

static void
test_notified (Fixture       *fixture,
               gconstpointer  data)
{
  guint pages[2] = { 99, 99 };
  guint now[2];

  make_sparse (fixture, 2);
  for (guint i = 0; i < 2; i++)
    g_signal_connect (fixture->buffers[2 * i], "notify::allocation-info", G_CALLBACK (info_cb),
                      &pages[i]);
  compact (fixture->memory);
  for (guint i = 0; i < 2; i++)
    now[i] = get_page (fixture->buffers[2 * i]);
  g_assert_true (pages[0] == 99 && pages[1] == 99);
  rill_test_iterate ();
  g_assert_cmpuint (now[0], ==, now[1]);
  g_assert_true ((pages[0] == now[0]) != (pages[1] == now[1]));
}

static RillMapping *
map (RillBuffer *buffer)
{
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);

  g_assert_no_error (error);
  return mapping;
}

/* Whoever is needed where it is stays, the others come to it. */
static void
assert_stays (Fixture *fixture,
              guint    i)
{
  guint page = get_page (fixture->buffers[i]);

  compact (fixture->memory);
  g_assert_cmpuint (get_page (fixture->buffers[i]), ==, page);
  assert_contents (fixture);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
}

static void
test_mapped (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (RillMapping) mapping = NULL;
  g_autoptr (GBytes) view = NULL;
  GError *error = NULL;

  g_clear_object (&fixture->memory);
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  make_sparse (fixture, 3);
  mapping = map (fixture->buffers[2]);
  assert_stays (fixture, 2);
  view = rill_mapping_get_bytes (mapping, &error);
  g_assert_no_error (error);
  rill_mapping_close (mapping);
  for (guint i = 3; i < 6; i++)
    add_buffer (fixture, 2 * i, PAGE - 8192);
  for (guint i = 3; i < 6; i++)
    g_clear_object (&fixture->buffers[2 * i]);
  assert_stays (fixture, 2);
}

static void
test_recorded (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (RillCommandBuffer) commands = rill_test_command_buffer_new (fixture->session);
  GError *error = NULL;
  guint pages[2];

  make_sparse (fixture, 4);
  g_assert_true (rill_command_buffer_copy_buffer (commands, fixture->buffers[2], 0,
                                                  fixture->buffers[4], 0, -1, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    pages[i] = get_page (fixture->buffers[2 + 2 * i]);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (get_page (fixture->buffers[2 + 2 * i]), ==, pages[i]);
  rill_test_run (commands);
  rill_test_run (commands);
  g_assert_true (rill_command_buffer_reset (commands, &error));
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
}

static void
test_handle (Fixture       *fixture,
             gconstpointer  data)
{
  VkBuffer handle;

  make_sparse (fixture, 3);
  handle = rill_buffer_get_vk_buffer (fixture->buffers[4]);
  assert_stays (fixture, 4);
  g_assert_true (rill_buffer_get_vk_buffer (fixture->buffers[4]) == handle);
}

#define DOUBLE_IT                                                                                  \
  GLSL ("layout(local_size_x = 64) in;\n"                                                          \
        "layout(set = 0, binding = 0) buffer Data { uint data[]; };\n"                             \
        "void main () {\n"                                                                         \
        "  uint i = gl_GlobalInvocationID.x;\n"                                                    \
        "  if (i < data.length ())\n"                                                              \
        "    data[i] *= 2;\n"                                                                      \
        "}\n")

/* A node was bound before, and what it is bound to has moved. */
static void
test_node_follows (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, DOUBLE_IT);
  guint32 numbers[250];

  make_sparse (fixture, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) bytes = NULL;
      for (guint j = 0; j < G_N_ELEMENTS (numbers); j++)
        numbers[j] = 1000 * i + j;
      bytes = g_bytes_new (numbers, sizeof numbers);
      rill_test_write (fixture->buffers[2 * i], 0, bytes);
    }
  g_assert_true (rill_compute_node_set_grid_size (node, 4, 1, 1, NULL));
  for (guint i = 0; i < 3; i++)
    {
      rill_test_bind (node, "Data", fixture->buffers[2 * i]);
      if (i == 0)
        compact (fixture->memory);
      rill_test_run_node (fixture->session, node);
      rill_test_read (fixture->buffers[2 * i], numbers, sizeof numbers);
      for (guint j = 0; j < G_N_ELEMENTS (numbers); j++)
        g_assert_cmpuint (numbers[j], ==, 2 * (1000 * i + j));
    }
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
}

/* Work that the device has not done yet, on what moves: the copies come after it. */
static void
test_in_flight (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GBytes) bytes = NULL;
  RillTestAsync async = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  RillTestGate *gate;
  GError *error = NULL;

  make_sparse (fixture, 4);
  bytes = content_of (fixture, 0);
  gate = rill_test_gate_new (fixture->session);
  for (guint i = 1; i < 4; i++)
    g_assert_true (rill_buffer_copy_to (fixture->buffers[0], 0, fixture->buffers[2 * i], 0, -1,
                                        NULL, &error));
  g_assert_no_error (error);
  rill_memory_compact_async (fixture->memory, NULL, rill_test_async_cb, &async);
  g_usleep (20 * 1000);
  rill_test_gate_open (gate);
  result = rill_test_wait (&async);
  g_assert_true (rill_memory_compact_finish (fixture->memory, result, &error));
  g_assert_no_error (error);
  rill_test_gate_free (gate);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  for (guint i = 0; i < 4; i++)
    rill_test_assert_content (fixture->buffers[2 * i], 0, bytes);
}

typedef struct
{
  RillBuffer *buffer;
  guint seed;
  gint stop; /* (atomic) */
  guint n_rounds;
} Worker;

/* Writes, copies by the device and reads, without a rest. */
static gpointer
worker_thread (gpointer data)
{
  Worker *worker = data;
  guint64 size = rill_resource_get_size (RILL_RESOURCE (worker->buffer)) / 2;

  while (!g_atomic_int_get (&worker->stop))
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new (size, worker->seed++);
      GError *error = NULL;
      guint8 filled;

      rill_buffer_fill (worker->buffer, 0, -1, (guint8) worker->seed, NULL, &error);
      g_assert_no_error (error);
      rill_buffer_copy_to (worker->buffer, 0, worker->buffer, size, (gint64) size, NULL, &error);
      g_assert_no_error (error);
      rill_buffer_read_data (worker->buffer, size, &filled, 1, NULL, &error);
      g_assert_cmpuint (filled, ==, (guint8) worker->seed);
      rill_test_write (worker->buffer, 0, bytes);
      rill_buffer_copy_to (worker->buffer, 0, worker->buffer, size, (gint64) size, NULL, &error);
      g_assert_no_error (error);
      rill_test_assert_content (worker->buffer, size, bytes);
      rill_test_assert_content (worker->buffer, 0, bytes);
      worker->n_rounds++;
      g_usleep (worker->seed % 8 * 100);
    }
  return NULL;
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  Worker workers[3] = { { NULL } };
  GThread *threads[3];

  if (data != NULL)
    {
      g_clear_object (&fixture->memory);
      fixture->memory =
        rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
    }
  make_sparse (fixture, 6);
  for (guint i = 0; i < 3; i++)
    {
      workers[i] = (Worker) { .buffer = fixture->buffers[2 * i], .seed = 1000 * (i + 1) };
      threads[i] = g_thread_new ("worker", worker_thread, &workers[i]);
    }
  /* Each time they go to the page of the new large one. */
  for (guint n = 0; n < 150; n++)
    {
      add_buffer (fixture, 100 + n, PAGE - 9000);
      if (n > 0)
        g_clear_object (&fixture->buffers[100 + n - 1]);
      compact (fixture->memory);
    }
  rill_test_iterate ();
  g_test_message ("%u objects were moved", fixture->n_relocated);
  for (guint i = 0; i < 3; i++)
    {
      g_atomic_int_set (&workers[i].stop, TRUE);
      g_thread_join (threads[i]);
      g_assert_cmpuint (workers[i].n_rounds, >, 0);
      g_clear_object (&fixture->buffers[2 * i]);
    }
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_contents (fixture);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;

  make_sparse (fixture, 3);
  g_cancellable_cancel (cancellable);
  g_assert_false (rill_memory_compact (fixture->memory, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 3);
  assert_contents (fixture);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

static gpointer
compact_thread (gpointer data)
{
  compact (data);
  return NULL;
}

static gpointer
cancelled_thread (gpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GThread) canceller = NULL;
  GError *error = NULL;

  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_false (rill_memory_compact (data, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_thread_join (g_steal_pointer (&canceller));
  return NULL;
}

static GThread *second;

static void
start_second (Fixture *fixture)
{
  second = g_thread_new ("compact", compact_thread, fixture->memory);
  g_thread_join (g_thread_new ("cancelled", cancelled_thread, fixture->memory));
}

/* One waits for the other, but not if it is cancelled. */
static void
test_two (Fixture       *fixture,
          gconstpointer  data)
{
  make_sparse (fixture, 3);
  at_next_submit (start_second, fixture);
  compact (fixture->memory);
  g_assert_null (submit_func);
  g_thread_join (g_steal_pointer (&second));
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_contents (fixture);
}

static void
test_states (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (RillMemory) none = g_object_new (RILL_TYPE_MEMORY, NULL);
  RillTestAsync async = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  g_assert_false (rill_memory_compact (none, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "");
  rill_memory_compact_async (none, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  g_assert_false (rill_memory_compact_finish (none, result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "");
  g_assert_true (
    rill_memory_set_strategy (fixture->memory, RILL_ALLOCATION_STRATEGY_LINEAR, &error));
  g_assert_false (rill_memory_compact (fixture->memory, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "LINEAR");
  rill_memory_close (fixture->memory);
  g_assert_false (rill_memory_compact (fixture->memory, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
}

/* Of four pages the last is emptied first. */
static void
close_one (Fixture *fixture)
{
  rill_resource_close (RILL_RESOURCE (fixture->buffers[6]));
}

/* The others move on. */
static void
test_closed_meanwhile (Fixture       *fixture,
                       gconstpointer  data)
{
  make_sparse (fixture, 4);
  at_next_submit (close_one, fixture);
  compact (fixture->memory);
  g_assert_null (submit_func);
  g_clear_object (&fixture->buffers[6]);
  g_assert_cmpuint (count_pages (fixture), ==, 1);
  assert_contents (fixture);
}

static void
close_memory (Fixture *fixture)
{
  rill_memory_close (fixture->memory);
}

static void
test_memory_closed_meanwhile (Fixture       *fixture,
                              gconstpointer  data)
{
  GError *error = NULL;

  make_sparse (fixture, 4);
  at_next_submit (close_memory, fixture);
  g_assert_false (rill_memory_compact (fixture->memory, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "");
  g_assert_null (submit_func);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 0);
}

static void
record_one (Fixture *fixture)
{
  GError *error = NULL;

  g_assert_true (rill_command_buffer_copy_buffer (fixture->commands, fixture->buffers[6], 0,
                                                  fixture->buffers[4], 0, -1, &error));
  g_assert_no_error (error);
}

/* Who records it at the last moment has the handle that it keeps. */
static void
test_recorded_meanwhile (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (RillCommandBuffer) commands = rill_test_command_buffer_new (fixture->session);
  g_autoptr (GBytes) bytes = NULL;
  guint pages[2];

  fixture->commands = commands;
  make_sparse (fixture, 4);
  for (guint i = 0; i < 2; i++)
    pages[i] = get_page (fixture->buffers[4 + 2 * i]);
  at_next_submit (record_one, fixture);
  compact (fixture->memory);
  g_assert_null (submit_func);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (get_page (fixture->buffers[4 + 2 * i]), ==, pages[i]);
  bytes = content_of (fixture, 6);
  rill_test_run (commands);
  rill_test_assert_content (fixture->buffers[4], 0, bytes);
}

#define N_IMAGES 4

static const guint shapes[N_IMAGES][4] = { { 61, 67, 3 }, { 1000 }, { 40, 50 }, { 5, 9, 11, 4 } };
static const gsize ranks[N_IMAGES] = { 3, 1, 2, 4 };
static const RillChannelType types[N_IMAGES] = { RILL_CHANNEL_TYPE_UINT8, RILL_CHANNEL_TYPE_FLOAT32,
                                                 RILL_CHANNEL_TYPE_UINT16,
                                                 RILL_CHANNEL_TYPE_UINT8 };

static void
assert_images (RillImage *images[N_IMAGES])
{
  for (guint i = 0; i < N_IMAGES; i++)
    {
      GError *error = NULL;
      g_autoptr (GBytes) content = rill_image_read_bytes (images[i], NULL, &error);
      g_autoptr (GBytes) bytes = NULL;

      g_assert_no_error (error);
      bytes = rill_test_bytes_new (rill_image_get_minimum_size (images[i]), 70 + i);
      g_assert_true (g_bytes_equal (content, bytes));
    }
}

/* Each in a page of its own, and one that was never written. */
static RillImage *
make_images (Fixture   *fixture,
             RillImage *images[N_IMAGES])
{
  RillImage *unused;
  GError *error = NULL;

  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autoptr (GBytes) bytes = NULL;

      images[i] = rill_test_image_new (fixture->memory, shapes[i], ranks[i], types[i]);
      bytes = rill_test_bytes_new (rill_image_get_minimum_size (images[i]), 70 + i);
      g_assert_true (rill_image_write_bytes (images[i], bytes, NULL, &error));
      add_buffer (fixture, i,
                  PAGE - 1100 - rill_resource_get_size (RILL_RESOURCE (images[i])));
    }
  unused = rill_test_image_new (fixture->memory, shapes[0], ranks[0], types[0]);
  g_assert_true (
    rill_image_change_layout (images[1], RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < N_IMAGES; i++)
    g_clear_object (&fixture->buffers[i]);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (count_pages (fixture), >, 3);
  return unused;
}

#define SUM_UP                                                                                     \
  GLSL ("layout(set = 0, binding = 0) uniform sampler2D photo;\n"                                  \
        "layout(set = 0, binding = 1) buffer Sum { float sum; };\n"                                \
        "layout(set = 0, binding = 2, r16ui) uniform readonly uimage2D plain;\n"                   \
        "void main () {\n"                                                                         \
        "  sum = texelFetch (photo, ivec2 (3, 5), 0).r + float (imageLoad (plain, ivec2 (2, 1)).r);\n" \
        "}\n")

/* Layouts, contents and views are as before, also for a node that was bound before. */
static void
test_images (Fixture       *fixture,
             gconstpointer  data)
{
  RillImage *images[N_IMAGES + 1];
  g_autoptr (RillImage) sampled = NULL;
  g_autoptr (RillImageView) view = NULL;
  g_autoptr (RillImageView) closed = NULL;
  g_autoptr (RillBuffer) sum = NULL;
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, SUM_UP);
  const float zero = 0;
  float before, after;
  GError *error = NULL;

  images[N_IMAGES] = make_images (fixture, images);
  sampled = rill_test_image_new (fixture->memory, (guint[]) { 16, 16, 1 }, 3,
                                 RILL_CHANNEL_TYPE_UNORM8);
  g_assert_true (rill_image_clear (sampled, NULL, &error));
  view = rill_image_create_view (sampled, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE,
                                 FALSE, TRUE, &error);
  g_assert_no_error (error);
  closed = rill_image_create_view (images[2], RILL_FILTER_MODE_NEAREST,
                                   RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, &error);
  g_assert_no_error (error);
  rill_image_view_close (closed);
  sum = rill_test_data_buffer_new (fixture->memory, &zero, sizeof zero);
  rill_test_bind (node, "photo", view);
  rill_test_bind (node, "Sum", sum);
  rill_test_bind (node, "plain", images[2]);
  g_assert_true (rill_compute_node_set_grid_size (node, 1, 1, 1, NULL));
  rill_test_run_node (fixture->session, node);
  rill_test_read (sum, &before, sizeof before);
  compact (fixture->memory);
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  assert_images (images);
  g_assert_cmpint (rill_image_get_layout (images[1]), ==, RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
  g_assert_cmpint (rill_image_get_layout (images[N_IMAGES]), ==, RILL_IMAGE_LAYOUT_GENERAL);
  rill_test_run_node (fixture->session, node);
  rill_test_read (sum, &after, sizeof after);
  g_assert_cmpfloat (before, ==, after);
  g_assert_cmpfloat (before, >, 0);
  for (guint i = 0; i <= N_IMAGES; i++)
    g_object_unref (images[i]);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name, function, data) \
  g_test_add ("/compaction/" name, Fixture, data, set_up, function, tear_down)
  TEST ("tight", test_tight, NULL);
  TEST ("large", test_large, NULL);
  TEST ("small-page", test_small_page, NULL);
  TEST ("dropped", test_dropped, NULL);
  TEST ("again", test_again, NULL);
  TEST ("empty", test_empty, NULL);
  TEST ("sparse", test_sparse, NULL);
  TEST ("notified", test_notified, NULL);
  TEST ("mapped", test_mapped, NULL);
  TEST ("recorded", test_recorded, NULL);
  TEST ("handle", test_handle, NULL);
  TEST ("node-follows", test_node_follows, NULL);
  TEST ("images", test_images, NULL);
  TEST ("in-flight", test_in_flight, NULL);
  TEST ("threads", test_threads, NULL);
  TEST ("threads-and-host", test_threads, "host");
  TEST ("cancelled", test_cancelled, NULL);
  TEST ("two", test_two, NULL);
  TEST ("states", test_states, NULL);
  TEST ("closed-meanwhile", test_closed_meanwhile, NULL);
  TEST ("memory-closed-meanwhile", test_memory_closed_meanwhile, NULL);
  TEST ("recorded-meanwhile", test_recorded_meanwhile, NULL);
#undef TEST
  return g_test_run ();
}
