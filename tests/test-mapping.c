/* SPDX-License-Identifier: MIT */
#include "rill-test-gate.h"

#define PAGE (256 * 1024)
#define SIZE 1000

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  GBytes *content;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  fixture->buffer = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->content = rill_test_bytes_new (SIZE, 1);
  rill_test_write (fixture->buffer, 0, fixture->content);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_bytes_unref (fixture->content);
  if (!rill_session_get_closed (fixture->session))
    g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  rill_test_finalize_soon (fixture->buffer);
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, 0);
  rill_test_finalize_soon (fixture->memory);
  rill_test_session_end (fixture->session);
}

static RillMapping *
map (RillBuffer   *buffer,
     RillMapFlags  flags,
     guint64       offset,
     gint64        size)
{
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map_range (buffer, flags, offset, size, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_MAPPING (mapping));
  return mapping;
}

static guint8 *
get_address (RillMapping *mapping)
{
  GError *error = NULL;
  guint8 *address = (guint8 *) rill_mapping_get_address (mapping, &error);

  g_assert_no_error (error);
  g_assert_nonnull (address);
  return address;
}

static void
test_properties (Fixture       *fixture,
                 gconstpointer  data)
{
  RillMapping *mapping = map (fixture->buffer, RILL_MAP_READ, 10, 20);
  g_autoptr (RillBuffer) buffer = NULL;
  g_autoptr (GBytes) view = rill_mapping_get_bytes (mapping, NULL);
  const guint8 *content = g_bytes_get_data (fixture->content, NULL);
  RillMapFlags flags;
  guint64 offset, size;
  gboolean closed;

  g_object_get (mapping, "buffer", &buffer, "flags", &flags, "offset", &offset, "size", &size,
                "closed", &closed, NULL);
  g_assert_true (buffer == fixture->buffer);
  g_assert_true (rill_mapping_get_buffer (mapping) == buffer);
  g_assert_cmpuint (flags, ==, RILL_MAP_READ);
  g_assert_cmpuint (rill_mapping_get_flags (mapping), ==, RILL_MAP_READ);
  g_assert_cmpuint (offset, ==, 10);
  g_assert_cmpuint (rill_mapping_get_offset (mapping), ==, 10);
  g_assert_cmpuint (size, ==, 20);
  g_assert_cmpuint (rill_mapping_get_size (mapping), ==, 20);
  g_assert_false (closed);
  g_assert_cmpmem (get_address (mapping), 20, content + 10, 20);
  g_assert_cmpmem (g_bytes_get_data (view, NULL), g_bytes_get_size (view), content + 10, 20);
  g_assert_true (g_bytes_get_data (view, NULL) == get_address (mapping)); /* nothing was copied */
  g_clear_pointer (&view, g_bytes_unref);
  g_object_unref (mapping);

  mapping = rill_buffer_map (fixture->buffer, RILL_MAP_WRITE | RILL_MAP_READ, NULL);
  g_assert_cmpuint (rill_mapping_get_offset (mapping), ==, 0);
  g_assert_cmpuint (rill_mapping_get_size (mapping), ==, SIZE);
  g_object_unref (mapping);
}

/* What is written through a mapping is what the device reads afterwards. */
static void
test_write (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *other = rill_test_buffer_new (fixture->memory, SIZE);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (SIZE, 2);
  RillMapping *mapping = map (fixture->buffer, RILL_MAP_WRITE, 0, -1);

  memcpy (get_address (mapping), g_bytes_get_data (bytes, NULL), SIZE);
  rill_mapping_close (mapping);
  g_assert_true (rill_buffer_copy_to (fixture->buffer, 0, other, 0, -1, NULL, NULL));
  rill_test_assert_content (other, 0, bytes);
  rill_test_assert_content (fixture->buffer, 0, bytes);
  g_object_unref (mapping);
  g_object_unref (other);
}

static void
test_bad_flags (Fixture       *fixture,
                gconstpointer  data)
{
  GError *error = NULL;

  g_assert_null (rill_buffer_map (fixture->buffer, RILL_MAP_NONE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "READ, WRITE");
  for (guint bit = 2; bit < 31; bit++)
    {
      g_assert_null (
        rill_buffer_map (fixture->buffer, (RillMapFlags) (1u << bit | RILL_MAP_READ), &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "READ, WRITE");
    }
}

/* One pair of mappings of one buffer. */
typedef struct
{
  RillMapFlags flags;
  guint64 offset;
  gint64 size;
  gboolean good;
} Second;

/* In memory that is not coherent, what is one byte elsewhere is one atom: no device has larger ones. */
#define UNIT 256

/* The first has bytes 100 to 199; all in units. */
static void
check_seconds (RillBuffer   *buffer,
               RillMapFlags  flags,
               const Second *seconds,
               guint         n)
{
  guint64 unit = rill_resource_get_size (RILL_RESOURCE (buffer)) / SIZE;
  g_autofree char *range =
    g_strdup_printf ("bytes %u to %u", (guint) (100 * unit), (guint) (200 * unit - 1));
  RillMapping *first = map (buffer, flags, 100 * unit, (gint64) (100 * unit));

  for (guint i = 0; i < n; i++)
    {
      GError *error = NULL;
      gint64 size = seconds[i].size < 0 ? -1 : seconds[i].size * (gint64) unit;
      RillMapping *second = rill_buffer_map_range (buffer, seconds[i].flags,
                                                   seconds[i].offset * unit, size, &error);

      g_assert_cmpint (second != NULL, ==, seconds[i].good);
      if (!seconds[i].good)
        rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, range);
      g_clear_object (&second);
    }
  g_object_unref (first);
}

static gboolean
is_coherent (RillMemory *memory)
{
  return (rill_memory_get_flags (memory) & RILL_MEMORY_PROPERTY_HOST_COHERENT) != 0;
}

/* Reading is shared, writing exclusive, per byte. */
static void
test_rules (Fixture       *fixture,
            gconstpointer  data)
{
  static const Second beside_read[] = {
    { RILL_MAP_READ, 0, -1, TRUE },     { RILL_MAP_READ, 100, 100, TRUE },
    { RILL_MAP_WRITE, 0, 100, TRUE },   { RILL_MAP_WRITE, 200, -1, TRUE },
    { RILL_MAP_WRITE, 0, 101, FALSE },  { RILL_MAP_WRITE, 199, 1, FALSE },
    { RILL_MAP_WRITE, 100, 1, FALSE },  { RILL_MAP_WRITE, 0, -1, FALSE },
    { RILL_MAP_WRITE, 150, 10, FALSE }, { RILL_MAP_READ | RILL_MAP_WRITE, 150, 1, FALSE },
    { RILL_MAP_WRITE, 150, 0, TRUE },   { RILL_MAP_WRITE, 100, 0, TRUE },
    { RILL_MAP_WRITE, 200, 0, TRUE },
  };
  static const Second beside_write[] = {
    { RILL_MAP_READ, 0, 100, TRUE },  { RILL_MAP_READ, 200, 1, TRUE },
    { RILL_MAP_READ, 199, 2, FALSE }, { RILL_MAP_READ, 0, 101, FALSE },
    { RILL_MAP_READ, 0, -1, FALSE },  { RILL_MAP_WRITE, 99, 2, FALSE },
    { RILL_MAP_WRITE, 0, 100, TRUE }, { RILL_MAP_WRITE, 100, 100, FALSE },
    { RILL_MAP_READ, 150, 0, TRUE },  { RILL_MAP_READ | RILL_MAP_WRITE, 0, 50, TRUE },
  };

  RillBuffer *buffer = rill_test_buffer_new (
    fixture->memory, SIZE * (guint64) (is_coherent (fixture->memory) ? 1 : UNIT));

  check_seconds (buffer, RILL_MAP_READ, beside_read, G_N_ELEMENTS (beside_read));
  check_seconds (buffer, RILL_MAP_WRITE, beside_write, G_N_ELEMENTS (beside_write));
  check_seconds (buffer, RILL_MAP_READ | RILL_MAP_WRITE, beside_write, G_N_ELEMENTS (beside_write));
  g_object_unref (map (buffer, RILL_MAP_WRITE, 0, -1));
  g_object_unref (buffer);
}

typedef gboolean (
  *Operation) (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error);

static gboolean
do_read (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  g_autoptr (GBytes) bytes = rill_buffer_read_bytes (buffer, offset, size, NULL, error);

  return bytes != NULL;
}

static gboolean
do_copy_from (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  return rill_buffer_copy_to (buffer, offset, other, 0, size, NULL, error);
}

static gboolean
do_write (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new ((gsize) size, 9);

  return rill_buffer_write_bytes (buffer, offset, bytes, NULL, error);
}

static gboolean
do_copy_to (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  return rill_buffer_copy_to (other, 0, buffer, offset, size, NULL, error);
}

static gboolean
do_fill (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  return rill_buffer_fill (buffer, offset, size, 0xdd, NULL, error);
}

static gboolean
do_write_async (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  g_autoptr (GBytes) bytes = rill_test_bytes_new ((gsize) size, 9);
  g_autoptr (GAsyncResult) result = NULL;
  RillTestAsync async = { NULL };

  rill_buffer_write_bytes_async (buffer, offset, bytes, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  return rill_buffer_write_bytes_finish (buffer, result, error);
}

static gboolean
do_read_async (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  RillTestAsync async = { NULL };

  rill_buffer_read_bytes_async (buffer, offset, size, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  bytes = rill_buffer_read_bytes_finish (buffer, result, error);
  return bytes != NULL;
}

static gboolean
do_copy_async (RillBuffer *buffer, RillBuffer *other, guint64 offset, gint64 size, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  RillTestAsync async = { NULL };

  rill_buffer_copy_to_async (other, 0, buffer, offset, size, NULL, rill_test_async_cb, &async);
  result = rill_test_wait (&async);
  return rill_buffer_copy_to_finish (other, result, error);
}

static const struct
{
  Operation func;
  gboolean write;
} operations[] = {
  { do_read, FALSE },   { do_copy_from, FALSE }, { do_read_async, FALSE }, { do_write, TRUE },
  { do_copy_to, TRUE }, { do_fill, TRUE },       { do_write_async, TRUE }, { do_copy_async, TRUE },
};

/* What reads goes on beside a mapping for reading, what writes does not; beside one for writing
 * nothing does; outside of the range everything does. What is refused changes nothing and says who
 * is in the way. */
static void
test_operations (Fixture       *fixture,
                 gconstpointer  data)
{
  /* What is mapped is whole atoms, also where the memory is not coherent. */
  RillBuffer *other = rill_test_buffer_new (fixture->memory, SIZE);

  rill_resource_set_name (RILL_RESOURCE (fixture->buffer), "the buffer’s name");
  for (guint i = 0; i < 2 * G_N_ELEMENTS (operations); i++)
    {
      RillMapFlags flags = i % 2 == 0 ? RILL_MAP_READ : RILL_MAP_WRITE;
      gboolean write = operations[i / 2].write;
      Operation func = operations[i / 2].func;
      RillMapping *mapping = map (fixture->buffer, flags, 256, 256);
      GError *error = NULL;

      g_assert_true (func (fixture->buffer, other, 0, 256, &error));
      g_assert_true (func (fixture->buffer, other, 512, SIZE - 512, &error));
      g_assert_no_error (error);
      rill_mapping_close (mapping);
      rill_test_write (fixture->buffer, 0, fixture->content);
      g_object_unref (mapping);

      mapping = map (fixture->buffer, flags, 256, 256);
      for (guint j = 0; j < 3; j++)
        {
          guint64 offset = j == 0 ? 0 : j == 1 ? 511 : 300;
          gint64 size = j == 0 ? SIZE : 1;
          gboolean done = func (fixture->buffer, other, offset, size, &error);
          g_assert_cmpint (done, ==, !write && flags == RILL_MAP_READ);
          if (done)
            continue;
          g_assert_nonnull (strstr (error->message, "the buffer’s name"));
          g_assert_nonnull (strstr (error->message, "RillMapping"));
          g_assert_nonnull (
            strstr (error->message, flags == RILL_MAP_READ ? "for reading" : "for writing"));
          rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "bytes 256 to 511");
        }
      rill_mapping_close (mapping);
      g_object_unref (mapping);
      rill_test_assert_content (fixture->buffer, 0, fixture->content);
      g_assert_true (func (fixture->buffer, other, 0, SIZE, &error));
      g_assert_no_error (error);
      rill_test_write (fixture->buffer, 0, fixture->content);
    }
  g_object_unref (other);
}

/* One byte in the way of a large operation: refused as a whole. */
static void
test_all_or_nothing (Fixture       *fixture,
                     gconstpointer  data)
{
  static const guint64 offsets[] = { 0, 1, 70000, 199998, 199999 };
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 200000);
  RillBuffer *other = rill_test_buffer_new (fixture->memory, 200000);
  g_autoptr (GBytes) content = rill_test_bytes_new (200000, 5);

  rill_test_write (buffer, 0, content);
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    for (guint j = 0; operations[i].write && j < G_N_ELEMENTS (offsets); j++)
      {
        RillMapping *mapping = map (buffer, RILL_MAP_READ, offsets[j], 1);
        GError *error = NULL;

        g_assert_false (operations[i].func (buffer, other, 0, 200000, &error));
        rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "");
        if (offsets[j] > 0)
          {
            g_assert_false (operations[i].func (buffer, other, 1, 199999, &error));
            rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "");
          }
        g_object_unref (mapping);
        rill_test_assert_content (buffer, 0, content);
      }
  g_object_unref (buffer);
  g_object_unref (other);
}

static void
closed_cb (GObject    *object,
           GParamSpec *pspec,
           guint      *count)
{
  (*count)++;
}

static void
assert_unusable (RillMapping *mapping,
                 gint         code)
{
  GError *error = NULL;

  g_assert_cmpuint (rill_mapping_get_address (mapping, &error), ==, 0);
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  g_assert_null (rill_mapping_get_bytes (mapping, &error));
  rill_test_assert_error (error, G_IO_ERROR, code, "");
  rill_mapping_close (mapping);
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  RillMapping *mapping = map (fixture->buffer, RILL_MAP_WRITE, 100, 100);
  guint n_closed = 0;

  g_signal_connect (mapping, "notify::closed", G_CALLBACK (closed_cb), &n_closed);
  rill_mapping_close (mapping);
  g_assert_true (rill_mapping_get_closed (mapping));
  assert_unusable (mapping, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (rill_mapping_get_size (mapping), ==, 100);
  g_assert_cmpuint (rill_mapping_get_flags (mapping), ==, RILL_MAP_WRITE);
  g_assert_true (rill_mapping_get_buffer (mapping) == fixture->buffer);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);
  g_object_unref (mapping);
}

/* The end of the buffer is the end of its mappings, which tell of it; but a thread that is using one is
 * not left without memory, until the mapping itself is closed. */
static void
test_close_buffer (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, SIZE);
  RillMapping *mapping = map (buffer, RILL_MAP_WRITE, 0, -1);
  guint8 *address = get_address (mapping);
  guint64 used = rill_memory_get_used_size (fixture->memory);
  guint n_closed = 0;

  g_signal_connect (mapping, "notify::closed", G_CALLBACK (closed_cb), &n_closed);
  rill_resource_close (RILL_RESOURCE (buffer));
  rill_resource_close (RILL_RESOURCE (buffer));
  g_assert_true (rill_mapping_get_closed (mapping));
  g_assert_cmpuint (rill_mapping_get_address (mapping, NULL), ==, 0);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);
  memset (address, 1, SIZE);
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), ==, used);
  assert_unusable (mapping, G_IO_ERROR_CLOSED); /* closes it */
  g_assert_cmpuint (rill_memory_get_used_size (fixture->memory), <, used);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);
  g_object_unref (buffer);
  g_object_unref (mapping);
}

static void
test_uninitialized (Fixture       *fixture,
                    gconstpointer  data)
{
  RillMapping *mapping = g_object_new (RILL_TYPE_MAPPING, NULL);

  assert_unusable (mapping, G_IO_ERROR_NOT_INITIALIZED);
  g_assert_null (rill_mapping_get_buffer (mapping));
  g_assert_cmpuint (rill_mapping_get_flags (mapping), ==, 0);
  g_assert_cmpuint (rill_mapping_get_offset (mapping), ==, 0);
  g_assert_cmpuint (rill_mapping_get_size (mapping), ==, 0);
  g_assert_false (rill_mapping_get_closed (mapping));
  g_assert_finalize_object (mapping);
}

/* Nothing of a buffer is in nobody's way. */
static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  RillMapping *write = map (fixture->buffer, RILL_MAP_WRITE, 500, 0);
  RillMapping *end = map (fixture->buffer, RILL_MAP_WRITE, SIZE, -1);
  RillMapping *all = map (fixture->buffer, RILL_MAP_WRITE, 0, -1);
  g_autoptr (GBytes) view = rill_mapping_get_bytes (write, NULL);

  g_assert_cmpuint (rill_mapping_get_size (end), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (view), ==, 0);
  g_object_unref (all);
  rill_test_write (fixture->buffer, 0, fixture->content);
  g_object_unref (write);
  g_object_unref (end);
}

/* Any number of objects of a page at once. */
static void
test_together (Fixture       *fixture,
               gconstpointer  data)
{
  RillBuffer *buffers[50];
  RillMapping *mappings[50];

  for (guint i = 0; i < 50; i++)
    {
      buffers[i] = rill_test_buffer_new (fixture->memory, 100 + i);
      mappings[i] = map (buffers[i], RILL_MAP_WRITE, 0, -1);
      memset (get_address (mappings[i]), (gint) i, 100 + i);
    }
  g_assert_cmpuint (rill_memory_get_page_count (fixture->memory), ==, 1);
  g_assert_true (rill_memory_is_page_mappable (fixture->memory, 0));
  for (guint i = 0; i < 50; i++)
    {
      for (guint j = 0; j < 100 + i; j++)
        g_assert_cmpuint (get_address (mappings[i])[j], ==, i);
      g_object_unref (mappings[i]);
      g_object_unref (buffers[i]);
    }
}

static RillMapping *
finish (RillBuffer    *buffer,
        RillTestAsync *async,
        GError       **error)
{
  g_autoptr (GAsyncResult) result = rill_test_wait (async);

  return rill_buffer_map_finish (buffer, result, error);
}

static void
iterate_for (guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * 1000;

  while (g_get_monotonic_time () < end)
    {
      rill_test_iterate ();
      g_usleep (1000);
    }
}

/* Waits for what is in the way: with a timeout of 0 for as long as it takes. */
static void
test_async_waits (Fixture       *fixture,
                  gconstpointer  data)
{
  RillTestAsync write = { NULL }, read[2] = { { NULL } };
  RillMapping *holder = map (fixture->buffer, RILL_MAP_READ, 999, 1);
  RillMapping *mapping, *readers[2];
  GError *error = NULL;

  rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &read[0]);
  readers[0] = finish (fixture->buffer, &read[0], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_mapping_get_size (readers[0]), ==, SIZE);
  g_object_unref (readers[0]);

  rill_buffer_map_async (fixture->buffer, RILL_MAP_WRITE, 0, NULL, rill_test_async_cb, &write);
  iterate_for (30);
  g_assert_null (write.result);
  rill_mapping_close (holder);
  mapping = finish (fixture->buffer, &write, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_mapping_get_flags (mapping), ==, RILL_MAP_WRITE);

  for (guint i = 0; i < 2; i++)
    rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 60 * 1000, NULL, rill_test_async_cb,
                           &read[i]);
  iterate_for (20);
  g_assert_true (read[0].result == NULL && read[1].result == NULL);
  g_object_unref (mapping);
  for (guint i = 0; i < 2; i++)
    {
      readers[i] = finish (fixture->buffer, &read[i], &error);
      g_assert_no_error (error);
    }
  g_object_unref (readers[0]);
  g_object_unref (readers[1]);
  g_object_unref (holder);
}

static void
count_mapped_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      data)
{
  guint *count = data;
  GError *error = NULL;
  RillMapping *mapping = rill_buffer_map_finish (RILL_BUFFER (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (get_address (mapping)[0], ==, *count);
  get_address (mapping)[0] = (guint8) ++*count;
  g_object_unref (mapping);
}

/* Many that wait: one after another. More than a pool of threads would hold. */
static void
test_async_many (Fixture       *fixture,
                 gconstpointer  data)
{
  RillMapping *holder = map (fixture->buffer, RILL_MAP_WRITE, 0, -1);
  guint count = 0;

  get_address (holder)[0] = 0;
  for (guint i = 0; i < 40; i++)
    rill_buffer_map_async (fixture->buffer,
                           i % 2 == 0 ? RILL_MAP_WRITE : RILL_MAP_READ | RILL_MAP_WRITE, 0, NULL,
                           count_mapped_cb, &count);
  iterate_for (20);
  g_assert_cmpuint (count, ==, 0);
  g_object_unref (holder);
  rill_test_iterate_until (count == 40);
}

static void
test_async_times_out (Fixture       *fixture,
                      gconstpointer  data)
{
  RillTestAsync async = { NULL };
  RillMapping *holder = map (fixture->buffer, RILL_MAP_WRITE, 100, 100);
  gint64 start = g_get_monotonic_time ();
  GError *error = NULL;

  rill_resource_set_name (RILL_RESOURCE (fixture->buffer), "held");
  rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 30, NULL, rill_test_async_cb, &async);
  g_assert_null (finish (fixture->buffer, &async, &error));
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 30 * 1000);
  g_assert_nonnull (strstr (error->message, "held"));
  g_assert_nonnull (strstr (error->message, "RillMapping"));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "bytes 100 to 199");
  rill_mapping_close (holder);
  g_object_unref (holder);
  g_object_unref (map (fixture->buffer, RILL_MAP_WRITE, 0, -1));
}

static void
test_async_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  RillTestAsync async = { NULL };
  RillMapping *holder = map (fixture->buffer, RILL_MAP_WRITE, 0, -1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;

  rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 0, cancellable, rill_test_async_cb,
                         &async);
  iterate_for (20);
  g_assert_null (async.result);
  g_cancellable_cancel (cancellable);
  g_assert_null (finish (fixture->buffer, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_object_unref (holder);

  /* Cancelled before it began, with nothing in the way. */
  rill_buffer_map_async (fixture->buffer, RILL_MAP_WRITE, 0, cancellable, rill_test_async_cb,
                         &async);
  g_assert_null (finish (fixture->buffer, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  rill_test_iterate ();
  while (TRUE) /* nothing has stayed mapped; the task that took the mapping may still be dying */
    {
      RillMapping *mapping = rill_buffer_map (fixture->buffer, RILL_MAP_WRITE, NULL);
      if (mapping == NULL)
        continue;
      g_object_unref (mapping);
      break;
    }
}

/* The end of the buffer, or of the session, ends the wait. */
static void
test_async_closed (Fixture       *fixture,
                   gconstpointer  data)
{
  RillTestAsync async = { NULL };
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, SIZE);
  RillMapping *holder = map (buffer, RILL_MAP_WRITE, 0, -1);
  RillMapping *second_holder = map (fixture->buffer, RILL_MAP_WRITE, 0, -1);
  GError *error = NULL;

  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async);
  iterate_for (20);
  rill_resource_close (RILL_RESOURCE (buffer));
  g_assert_null (finish (buffer, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_object_unref (holder);
  rill_test_finalize_soon (buffer);

  rill_buffer_map_async (fixture->buffer, RILL_MAP_READ, 0, NULL, rill_test_async_cb, &async);
  iterate_for (20);
  rill_session_close (fixture->session);
  g_assert_null (finish (fixture->buffer, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_object_unref (second_holder);
}

/* The wait for the device's work counts as well. */
static void
test_async_device (Fixture       *fixture,
                   gconstpointer  data)
{
  RillTestAsync async = { NULL };
  RillBuffer *other = rill_test_buffer_new (fixture->memory, SIZE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestGate *gate = rill_test_gate_new (fixture->session);
  RillMapping *mapping;
  GError *error = NULL;

  g_assert_true (rill_buffer_copy_to (fixture->buffer, 0, other, 0, -1, NULL, NULL));
  rill_buffer_map_async (other, RILL_MAP_READ, 30, NULL, rill_test_async_cb, &async);
  g_assert_null (finish (other, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "");
  rill_buffer_map_async (other, RILL_MAP_READ, 0, cancellable, rill_test_async_cb, &async);
  iterate_for (10);
  g_cancellable_cancel (cancellable);
  g_assert_null (finish (other, &async, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");

  /* The device reads the source only: reading it needs no wait, writing does. */
  mapping = map (fixture->buffer, RILL_MAP_READ, 0, -1);
  g_object_unref (mapping);
  rill_buffer_map_async (fixture->buffer, RILL_MAP_WRITE, 0, NULL, rill_test_async_cb, &async);
  iterate_for (20);
  g_assert_null (async.result);
  rill_test_gate_open (gate);
  mapping = finish (fixture->buffer, &async, &error);
  g_assert_no_error (error);
  g_object_unref (mapping);
  rill_test_gate_free (gate);
  g_object_unref (other);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/mapping/properties", test_properties);
  add ("/mapping/write", test_write);
  add ("/mapping/bad-flags", test_bad_flags);
  add ("/mapping/rules", test_rules);
  add ("/mapping/operations", test_operations);
  add ("/mapping/all-or-nothing", test_all_or_nothing);
  add ("/mapping/close", test_close);
  add ("/mapping/close-buffer", test_close_buffer);
  add ("/mapping/uninitialized", test_uninitialized);
  add ("/mapping/nothing", test_nothing);
  add ("/mapping/together", test_together);
  add ("/mapping/async-waits", test_async_waits);
  add ("/mapping/async-many", test_async_many);
  add ("/mapping/async-times-out", test_async_times_out);
  add ("/mapping/async-cancelled", test_async_cancelled);
  add ("/mapping/async-closed", test_async_closed);
  add ("/mapping/async-device", test_async_device);
  return g_test_run ();
}
