/* SPDX-License-Identifier: MIT */

/* Fills and copies of any range, and the order of everything that is done with buffers. */

#include "rill-test-gate.h"

#define PAGE (4 * 1024 * 1024)

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
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 0);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
}

static void
fill (RillBuffer *buffer,
      guint64     offset,
      gint64      size,
      guint8      value)
{
  GError *error = NULL;
  gboolean filled = rill_buffer_fill (buffer, offset, size, value, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (filled);
}

static void
copy (RillBuffer *from,
      guint64     offset,
      RillBuffer *to,
      guint64     to_offset,
      gint64      size)
{
  GError *error = NULL;
  gboolean copied = rill_buffer_copy_to (from, offset, to, to_offset, size, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (copied);
}

static void
assert_model (RillBuffer   *buffer,
              const guint8 *model,
              gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (model, size);

  rill_test_assert_content (buffer, 0, bytes);
}

static void
test_fill_alignments (Fixture       *fixture,
                      gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 32);
  guint8 model[32] = { 0 };

  fill (buffer, 0, -1, 0);
  for (guint offset = 0; offset <= 8; offset++)
    for (guint size = 0; size <= 16; size++)
      {
        guint8 value = (guint8) (1 + offset * 17 + size);
        fill (buffer, offset, size, value);
        memset (model + offset, value, size);
        assert_model (buffer, model, sizeof model);
      }
  g_object_unref (buffer);
}

static void
test_fill_large (Fixture       *fixture,
                 gconstpointer  data)
{
  static const guint64 sizes[] = { 65535, 65536, 65537, 262143, 1000001, 3 * 1024 * 1024 };
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE - 1);
  g_autofree guint8 *model = g_malloc0 (PAGE);

  fill (buffer, 0, -1, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint offset = 4096; offset < 4100; offset++)
      {
        guint8 value = (guint8) (37 * i + offset);
        fill (buffer, offset, (gint64) sizes[i], value);
        memset (model + offset, value, sizes[i]);
      }
  assert_model (buffer, model, PAGE - 1);
  fill (buffer, 1, -1, 255);
  memset (model + 1, 255, PAGE - 2);
  assert_model (buffer, model, PAGE - 1);
  g_object_unref (buffer);
}

static void
test_copy_alignments (Fixture       *fixture,
                      gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 40);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 40);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (40, 1);
  const guint8 *source = g_bytes_get_data (bytes, NULL);
  guint8 model[40] = { 0 };

  rill_test_write (from, 0, bytes);
  fill (to, 0, -1, 0);
  for (guint offset = 0; offset < 5; offset++)
    for (guint to_offset = 0; to_offset < 5; to_offset++)
      for (guint size = 0; size < 10; size++)
        {
          copy (from, offset, to, to_offset + size, size);
          memcpy (model + to_offset + size, source + offset, size);
        }
  assert_model (to, model, sizeof model);
  rill_test_assert_content (from, 0, bytes);
  g_object_unref (from);
  g_object_unref (to);
}

/* Within one buffer: ranges side by side are copied, ranges that overlap are refused. */
static void
test_copy_within (Fixture       *fixture,
                  gconstpointer  data)
{
  static const struct
  {
    guint offset, to_offset, size;
    gboolean good;
  } copies[] = {
    { 0, 50, 50, TRUE },  { 50, 0, 50, TRUE },  { 0, 1, 1, TRUE },   { 99, 0, 1, TRUE },
    { 10, 10, 0, TRUE },  { 5, 0, 0, TRUE },    { 0, 5, 0, TRUE },   { 0, 0, 1, FALSE },
    { 0, 49, 50, FALSE }, { 49, 0, 50, FALSE }, { 10, 5, 6, FALSE }, { 5, 10, 6, FALSE },
    { 0, 0, 100, FALSE }, { 5, 10, 5, TRUE },
  };
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  guint8 model[100];
  g_autoptr (GBytes) bytes = rill_test_bytes_new (100, 1);
  GError *error = NULL;

  rill_test_write (buffer, 0, bytes);
  memcpy (model, g_bytes_get_data (bytes, NULL), 100);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    if (copies[i].good)
      {
        copy (buffer, copies[i].offset, buffer, copies[i].to_offset, copies[i].size);
        memcpy (model + copies[i].to_offset, model + copies[i].offset, copies[i].size);
      }
    else
      {
        g_assert_false (rill_buffer_copy_to (buffer, copies[i].offset, buffer, copies[i].to_offset,
                                             copies[i].size, NULL, &error));
        rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "overlap");
      }
  assert_model (buffer, model, sizeof model);
  g_object_unref (buffer);
}

/* Transfers of nothing inside the bounds succeed, whatever is mapped. */
static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 100);
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_WRITE, NULL);
  g_autoptr (GBytes) empty = g_bytes_new_static (NULL, 0);
  GError *error = NULL;

  for (guint offset = 0; offset <= 100; offset += 50)
    {
      g_autoptr (GBytes) bytes = rill_buffer_read_bytes (buffer, offset, 0, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
      rill_test_write (buffer, offset, empty);
      fill (buffer, offset, 0, 1);
      copy (buffer, offset, buffer, 0, 0);
    }
  g_object_unref (mapping);
  g_object_unref (buffer);
}

/* The bytes of a write are the caller's again when it returns, whatever the device is at. */
static void
test_write_takes (Fixture       *fixture,
                  gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000001);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000001, 1);
  g_autofree guint8 *mine = g_memdup2 (g_bytes_get_data (bytes, NULL), 1000001);
  RillTestGate *gate = rill_test_gate_new (fixture->session);

  g_assert_true (rill_buffer_write_data (buffer, 0, mine, 1000001, NULL, NULL));
  memset (mine, 0xee, 1000001);
  rill_test_gate_open (gate);
  rill_test_assert_content (buffer, 0, bytes);
  rill_test_gate_free (gate);
  g_object_unref (buffer);
}

/* A read and a mapping wait for the device's work before them. */
static void
test_waits_for_device (Fixture       *fixture,
                       gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 5000);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 5000);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) bytes = rill_test_bytes_new (5000, i);
      RillMapping *mapping = NULL;
      RillTestGate *gate;
      GThread *thread;

      rill_test_write (from, 0, bytes);
      gate = rill_test_gate_new (fixture->session);
      copy (from, 0, to, 0, -1);
      thread = rill_test_gate_open_later (gate);
      if (i == 0)
        rill_test_assert_content (to, 0, bytes);
      else
        {
          mapping = rill_buffer_map (to, RILL_MAP_READ, NULL);
          g_assert_cmpmem ((gpointer) rill_mapping_get_address (mapping, NULL), 5000,
                           g_bytes_get_data (bytes, NULL), 5000);
        }
      g_clear_object (&mapping);
      g_thread_join (thread);
      rill_test_gate_free (gate);
    }
  g_object_unref (from);
  g_object_unref (to);
}

/* A copy that waits reads what was there when it was asked for: its source is overwritten later. */
static void
test_write_after_read (Fixture       *fixture,
                       gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 5000);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 5000);
  g_autoptr (GBytes) first = rill_test_bytes_new (5000, 1);
  g_autoptr (GBytes) second = rill_test_bytes_new (5000, 2);
  RillTestGate *gate;
  GThread *thread;

  rill_test_write (from, 0, first);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  gate = rill_test_gate_new (fixture->session);
  copy (from, 0, to, 0, -1);
  thread = rill_test_gate_open_later (gate);
  rill_test_write (from, 0, second);
  rill_test_assert_content (to, 0, first);
  rill_test_assert_content (from, 0, second);
  g_thread_join (thread);
  rill_test_gate_free (gate);
  g_object_unref (from);
  g_object_unref (to);
}

#define N_BUFFERS 3
#define MODEL_SIZE 300000

typedef struct
{
  RillBuffer *buffers[N_BUFFERS];
  guint8 *models[N_BUFFERS];
  GRand *rand;
} Model;

static gsize
random_up_to (Model *model,
              gsize  limit)
{
  /* Small and large ones alike. */
  gsize size = (gsize) 1 << g_rand_int_range (model->rand, 0, 19);

  size += g_rand_int (model->rand) % size;
  return MIN (limit, size);
}

static void
do_mapping (Model *model,
            guint  i,
            gsize  offset,
            gsize  size)
{
  gboolean write = g_rand_boolean (model->rand);
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map_range (
    model->buffers[i], write ? RILL_MAP_WRITE : RILL_MAP_READ, offset, (gint64) size, &error);
  guint8 *address;

  g_assert_no_error (error);
  address = (guint8 *) rill_mapping_get_address (mapping, &error);
  g_assert_cmpmem (address, size, model->models[i] + offset, size);
  if (write)
    {
      memset (address, (gint) (size & 255), size);
      memset (model->models[i] + offset, (gint) (size & 255), size);
    }
  g_object_unref (mapping);
}

static void
do_random (Model *model)
{
  guint i = g_rand_int (model->rand) % N_BUFFERS,
        j = (i + 1 + g_rand_int (model->rand) % (N_BUFFERS - 1)) % N_BUFFERS;
  gsize offset = g_rand_int (model->rand) % MODEL_SIZE,
        to_offset = g_rand_int (model->rand) % MODEL_SIZE;
  gsize size = random_up_to (model, MODEL_SIZE - MAX (offset, to_offset));
  g_autoptr (GBytes) bytes = NULL;

  switch (g_rand_int (model->rand) % 6)
    {
    case 0:
    case 1:
      bytes = rill_test_bytes_new (size, g_rand_int (model->rand));
      rill_test_write (model->buffers[i], offset, bytes);
      memcpy (model->models[i] + offset, g_bytes_get_data (bytes, NULL), size);
      break;
    case 2:
    case 3:
      copy (model->buffers[i], offset, model->buffers[j], to_offset, (gint64) size);
      memcpy (model->models[j] + to_offset, model->models[i] + offset, size);
      break;
    case 4:
      fill (model->buffers[i], offset, (gint64) size, (guint8) size);
      memset (model->models[i] + offset, (gint) (size & 255), size);
      break;
    default:
      do_mapping (model, i, offset, size);
    }
}

/* Hundreds of operations of all kinds, in the order of the calls. */
static void
test_model (Fixture       *fixture,
            gconstpointer  data)
{
  Model model = { .rand = g_rand_new_with_seed (g_test_rand_int ()) };

  for (guint i = 0; i < N_BUFFERS; i++)
    {
      model.buffers[i] = rill_test_buffer_new (fixture->memory, MODEL_SIZE);
      model.models[i] = g_malloc0 (MODEL_SIZE);
      fill (model.buffers[i], 0, -1, 0);
    }
  for (guint round = 0; round < 10; round++)
    {
      for (guint i = 0; i < 40; i++)
        do_random (&model);
      for (guint i = 0; i < N_BUFFERS; i++)
        assert_model (model.buffers[i], model.models[i], MODEL_SIZE);
    }
  for (guint i = 0; i < N_BUFFERS; i++)
    {
      g_object_unref (model.buffers[i]);
      g_free (model.models[i]);
    }
  g_rand_free (model.rand);
}

/* Between two sessions: any size, in the order of what is done on either. */
static void
test_sessions (Fixture       *fixture,
               gconstpointer  data)
{
  static const gsize sizes[] = { 1, 3, 4097, 1000003, 8 * 1024 * 1024 + 3 };
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, PAGE);
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RillBuffer *from = rill_test_buffer_new (fixture->memory, sizes[i] + 5);
      RillBuffer *to = rill_test_buffer_new (memory, sizes[i] + 7);
      g_autoptr (GBytes) bytes = rill_test_bytes_new (sizes[i], i);
      g_autoptr (GBytes) edge = g_bytes_new_static ("\x7\x7\x7", 3);

      fill (from, 0, -1, 9);
      fill (to, 0, -1, 7);
      rill_test_write (from, 5, bytes);
      copy (from, 5, to, 3, -1);
      fill (from, 0, -1, 1);
      rill_test_assert_content (to, 3, bytes);
      rill_test_assert_content (to, 0, edge);
      rill_test_assert_content (to, 3 + sizes[i], edge);
      copy (to, 3, from, 1, (gint64) sizes[i]);
      rill_test_assert_content (from, 1, bytes);
      g_assert_false (rill_buffer_copy_to (from, 0, to, 3, -1, NULL, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "fit");
      g_assert_true (rill_session_wait_idle (session, NULL, NULL));
      g_object_unref (from);
      g_object_unref (to);
    }
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

static void
test_sessions_errors (Fixture       *fixture,
                      gconstpointer  data)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 1000);
  RillBuffer *to = rill_test_buffer_new (memory, 1000);
  RillBuffer *uniform = rill_memory_create_buffer (memory, 1000, RILL_BUFFER_USAGE_UNIFORM, NULL);
  RillMapping *mapping = rill_buffer_map_range (to, RILL_MAP_READ, 768, 232, NULL);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  GError *error = NULL;

  g_cancellable_cancel (cancelled);
  g_assert_false (rill_buffer_copy_to (from, 0, uniform, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "TRANSFER_DST");
  g_assert_false (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "768");
  g_assert_false (rill_buffer_copy_to (from, 0, to, 0, 10, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  copy (from, 0, to, 0, 768); /* beside it, in atoms of any size */
  rill_session_close (session);
  g_assert_false (rill_buffer_copy_to (from, 0, to, 0, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_assert_false (rill_buffer_copy_to (to, 0, from, 0, 0, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_object_unref (mapping);
  g_object_unref (from);
  g_object_unref (to);
  g_object_unref (uniform);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/buffer-copy/fill-alignments", test_fill_alignments);
  add ("/buffer-copy/fill-large", test_fill_large);
  add ("/buffer-copy/copy-alignments", test_copy_alignments);
  add ("/buffer-copy/copy-within", test_copy_within);
  add ("/buffer-copy/nothing", test_nothing);
  add ("/buffer-copy/write-takes", test_write_takes);
  add ("/buffer-copy/waits-for-device", test_waits_for_device);
  add ("/buffer-copy/write-after-read", test_write_after_read);
  add ("/buffer-copy/model", test_model);
  add ("/buffer-copy/sessions", test_sessions);
  add ("/buffer-copy/sessions-errors", test_sessions_errors);
  return g_test_run ();
}
