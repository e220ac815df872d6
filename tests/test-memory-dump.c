/* SPDX-License-Identifier: MIT */

/* What the dumps of a memory say of it. */

#include "rill-test-gate.h"

#include "memory/rill-memory-private.h"
#include "resource/rill-resource-private.h"

#include <json-glib/json-glib.h>

#define PAGE (256 * 1024)

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
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->memory);
  rill_test_session_end (fixture->session);
}

static RillImage *
image_new (RillMemory *memory,
           guint       height,
           guint       width)
{
  const guint shape[] = { height, width, 4 };
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8,
                                               RILL_IMAGE_USAGE_NONE, &error);

  g_assert_no_error (error);
  return image;
}

static JsonObject *
to_json (RillMemory *memory)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = rill_memory_to_json (memory, &error);
  g_autoptr (JsonNode) root = NULL;

  g_assert_no_error (error);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  root = json_from_string (text, &error);
  g_assert_no_error (error);
  return json_node_dup_object (root);
}

static JsonObject *
get_pool (JsonObject *json,
          RillMemory *memory)
{
  guint type = rill_memory_type_get_index (rill_memory_get_memory_type (memory));
  g_autofree char *name = g_strdup_printf ("Type %u", type);

  return json_object_get_object_member (json_object_get_object_member (json, "DefaultPools"), name);
}

/* The parts of a page: of a shared one without holes. */
static JsonArray *
get_parts (JsonObject *json,
           RillMemory *memory,
           guint       page)
{
  g_autofree char *index = g_strdup_printf ("%u", page);
  JsonObject *blocks = json_object_get_object_member (get_pool (json, memory), "Blocks");
  JsonObject *block = json_object_get_object_member (blocks, index);
  JsonArray *parts = json_object_get_array_member (block, "Suballocations");
  gint64 end = 0;

  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonObject *part = json_array_get_object_element (parts, i);
      g_assert_cmpint (json_object_get_int_member (part, "Offset"), ==, end);
      end += json_object_get_int_member (part, "Size");
    }
  g_assert_cmpint (end, ==, json_object_get_int_member (block, "TotalBytes"));
  return parts;
}

/* The part at an offset; NULL where it is that of an object with a page of its own. */
static JsonObject *
find_part (JsonArray *parts,
           guint64    offset)
{
  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonObject *part = json_array_get_object_element (parts, i);
      if ((guint64) json_object_get_int_member (part, "Offset") == offset)
        return part;
    }
  g_assert_not_reached ();
}

static JsonObject *
find_resource (JsonObject *json,
               gpointer    resource)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);
  RillMemory *memory = rill_resource_get_memory (resource);
  JsonObject *part = find_part (get_parts (json, memory, info->page), info->offset);

  g_assert_cmpuint (json_object_get_int_member (part, "Size"), ==, info->size);
  return part;
}

static void
assert_string (JsonObject *object,
               const char *key,
               const char *expected)
{
  g_assert_cmpstr (json_object_get_string_member (object, key), ==, expected);
}

/* Every key that the Vulkan Memory Allocator's tool reads. */
static void
assert_vma (JsonObject *part)
{
  const char *type = json_object_get_string_member (part, "Type");
  const char * const types[] = { "FREE", "UNKNOWN", "BUFFER", "IMAGE_OPTIMAL", NULL };

  g_assert_true (g_strv_contains (types, type));
  g_assert_cmpint (json_object_get_int_member (part, "Size"), >, 0);
  g_assert_true (g_str_equal (type, "FREE") != json_object_has_member (part, "Usage"));
}

static void
test_objects (Fixture       *fixture,
              gconstpointer  data)
{
  RillBuffer *gone = rill_test_buffer_new (fixture->memory, 3000);
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  RillImage *image = image_new (fixture->memory, 30, 40);
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (image));
  g_autoptr (RillAllocationInfo) gone_info = rill_resource_get_allocation_info (RILL_RESOURCE (gone));
  g_autoptr (JsonObject) json = NULL;
  JsonArray *parts, *shape;
  JsonObject *part;

  rill_resource_set_name (RILL_RESOURCE (buffer), "Größe “網點” \\ \"\n");
  g_object_unref (gone);
  json = to_json (fixture->memory);
  assert_string (json_object_get_object_member (json, "General"), "API", "Vulkan");
  g_assert_true (json_object_has_member (json, "CustomPools"));

  part = find_resource (json, buffer);
  assert_string (part, "Type", "BUFFER");
  assert_string (part, "Kind", "buffer");
  assert_string (part, "Name", "Größe “網點” \\ \"\n");
  assert_string (part, "UsageFlags", "TRANSFER_SRC | TRANSFER_DST | STORAGE");
  g_assert_cmpint (json_object_get_int_member (part, "Usage"), ==, rill_buffer_get_usage (buffer));
  part = find_resource (json, image);
  assert_string (part, "Type", "IMAGE_OPTIMAL");
  assert_string (part, "Kind", "image");
  assert_string (part, "ChannelType", "UINT8");
  g_assert_false (json_object_has_member (part, "Name"));
  g_assert_cmpint (json_object_get_int_member (part, "Usage"), ==, rill_image_get_usage (image));
  g_assert_cmpint (json_object_get_int_member (part, "LeftPadding"), ==, info->left_padding);
  shape = json_object_get_array_member (part, "Shape");
  g_assert_cmpuint (json_array_get_length (shape), ==, 3);
  g_assert_cmpint (json_array_get_int_element (shape, 1), ==, 40);

  parts = get_parts (json, fixture->memory, 0);
  assert_string (find_part (parts, gone_info->offset), "Kind", "free");
  for (guint i = 0; i < json_array_get_length (parts); i++)
    assert_vma (json_array_get_object_element (parts, i));
  g_object_unref (image);
  g_object_unref (buffer);
}

static void
assert_statistics (JsonObject                 *object,
                   const RillMemoryStatistics *statistics)
{
  g_assert_cmpint (json_object_get_int_member (object, "TotalBytes"), ==, statistics->reserved_size);
  g_assert_cmpint (json_object_get_int_member (object, "UsedBytes"), ==, statistics->used_size);
  g_assert_cmpint (json_object_get_int_member (object, "UnusedBytes"), ==, statistics->free_size);
  g_assert_cmpint (json_object_get_int_member (object, "LargestUnusedBytes"), ==,
                   statistics->largest_free_size);
  g_assert_cmpint (json_object_get_int_member (object, "Allocations"), ==, statistics->object_count);
  g_assert_cmpint (json_object_get_int_member (object, "UnusedRanges"), ==, statistics->free_range_count);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (object, "Fragmentation"),
                                  statistics->fragmentation, 1e-9);
}

/* Several pages, one of an object's own: the totals are those of the statistics. */
static void
test_totals (Fixture       *fixture,
             gconstpointer  data)
{
  RillBuffer *buffers[] = {
    rill_test_buffer_new (fixture->memory, PAGE / 2), rill_test_buffer_new (fixture->memory, PAGE / 4),
    rill_test_buffer_new (fixture->memory, PAGE / 2), rill_test_buffer_new (fixture->memory, 2 * PAGE),
  };
  g_autoptr (RillMemoryStatistics) all = NULL;
  g_autoptr (RillMemoryStatistics) first = NULL;
  g_autoptr (JsonObject) json = NULL;
  g_autofree char *flags = rill_memory_flags_to_string (rill_memory_get_flags (fixture->memory));
  JsonObject *memory, *pool, *part;
  JsonArray *dedicated;

  json = to_json (fixture->memory);
  memory = json_object_get_object_member (json, "Memory");
  all = rill_memory_calculate_statistics (fixture->memory, NULL);
  first = rill_memory_calculate_page_statistics (fixture->memory, 0, NULL);
  assert_statistics (memory, all);
  assert_string (memory, "Flags", flags);
  g_assert_cmpint (json_object_get_int_member (memory, "PageSize"), ==, PAGE);
  g_assert_cmpint (json_object_get_int_member (memory, "Pages"), ==, 3);
  pool = get_pool (json, fixture->memory);
  assert_statistics (
    json_object_get_object_member (json_object_get_object_member (pool, "Blocks"), "0"), first);
  dedicated = json_object_get_array_member (pool, "DedicatedAllocations");
  g_assert_cmpuint (json_array_get_length (dedicated), ==, 1);
  part = json_array_get_object_element (dedicated, 0);
  assert_vma (part);
  assert_string (part, "Kind", "buffer");
  g_assert_cmpint (json_object_get_int_member (part, "Page"), ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    g_object_unref (buffers[i]);
}

/* A name that is no UTF-8 comes from C only. */
static void
test_invalid_name (Fixture       *fixture,
                   gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, PAGE);
  g_autoptr (JsonObject) json = NULL;
  g_autofree char *svg = NULL;

  rill_resource_set_name (RILL_RESOURCE (buffer), "a\xff" "b");
  json = to_json (fixture->memory);
  assert_string (find_resource (json, buffer), "Name", "a\xef\xbf\xbd" "b");
  svg = rill_memory_to_svg (fixture->memory, NULL);
  g_assert_true (g_utf8_validate (svg, -1, NULL));
  g_object_unref (buffer);
}

/* Closed, but something still needs its range. */
static void
test_closed_object (Fixture       *fixture,
                    gconstpointer  data)
{
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);
  g_autoptr (JsonObject) json = NULL;
  g_autoptr (JsonObject) after = NULL;
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (buffer));
  g_autofree char *svg = NULL;
  JsonObject *part;

  rill_resource_set_name (RILL_RESOURCE (buffer), "late");
  g_assert_true (rill_resource_pin (buffer, NULL));
  rill_resource_close (RILL_RESOURCE (buffer));
  json = to_json (fixture->memory);
  part = find_resource (json, buffer);
  assert_string (part, "Kind", "held");
  assert_string (part, "Type", "BUFFER");
  assert_string (part, "Name", "late");
  svg = rill_memory_to_svg (fixture->memory, NULL);
  g_assert_nonnull (strstr (svg, "late\nclosed buffer, still held, "));
  rill_resource_unpin (buffer);
  after = to_json (fixture->memory);
  assert_string (find_part (get_parts (after, fixture->memory, info->page), 0), "Kind", "free");
  g_object_unref (buffer);
}

/* Gone, but the device still uses its range. */
static void
test_in_flight (Fixture       *fixture,
                gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, 4096);
  RillBuffer *to = rill_test_buffer_new (fixture->memory, 4096);
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (to));
  RillTestGate *gate = rill_test_gate_new (fixture->session);
  g_autoptr (JsonObject) json = NULL;
  g_autoptr (JsonObject) after = NULL;
  JsonObject *part;

  g_assert_true (rill_buffer_copy_to (from, 0, to, 0, -1, NULL, NULL));
  g_object_unref (to);
  json = to_json (fixture->memory);
  part = find_part (get_parts (json, fixture->memory, info->page), info->offset);
  assert_string (part, "Kind", "held");
  assert_string (part, "Type", "UNKNOWN");
  g_assert_cmpint (json_object_get_int_member (part, "Size"), ==, info->size);
  rill_test_gate_open (gate);
  rill_test_gate_free (gate);
  g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
  after = to_json (fixture->memory);
  assert_string (find_part (get_parts (after, fixture->memory, info->page), info->offset), "Kind", "free");
  g_object_unref (from);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (JsonObject) json = to_json (fixture->memory);
  g_autofree char *svg = rill_memory_to_svg (fixture->memory, NULL);
  JsonObject *pool = get_pool (json, fixture->memory);

  g_assert_cmpint (
    json_object_get_int_member (json_object_get_object_member (json, "Memory"), "TotalBytes"), ==,
    0);
  g_assert_cmpuint (json_object_get_size (json_object_get_object_member (pool, "Blocks")), ==, 0);
  g_assert_cmpuint (
    json_array_get_length (json_object_get_array_member (pool, "DedicatedAllocations")), ==, 0);
  g_assert_nonnull (strstr (svg, "There is no page."));
  g_assert_nonnull (strstr (svg, "0 pages, 0 bytes: no object, nothing free"));
}

/* What a picture is made of. */
typedef struct
{
  guint n_rects;
  guint n_titles;
  guint n_texts;
  double row;  /* of the last part: its y */
  double end;  /* and where it ends */
  gboolean has_name;
} Picture;

static double
get_number (const char **names,
            const char **values,
            const char  *name)
{
  for (; *names != NULL; names++, values++)
    if (g_str_equal (*names, name))
      return g_ascii_strtod (*values, NULL);
  return 0.0;
}

/* Inside the picture, and not over the one before in the same bar. */
static void
start_cb (GMarkupParseContext  *context,
          const char           *element,
          const char          **names,
          const char          **values,
          gpointer              user_data,
          GError              **error)
{
  Picture *picture = user_data;
  double x = get_number (names, values, "x");
  double y = get_number (names, values, "y");
  double width = get_number (names, values, "width");
  gboolean is_part = g_str_equal (element, "rect") && g_strv_contains (names, "fill")
                     && !g_strv_contains (values, "none") && x >= 20.0 && width != 12.0;

  picture->n_titles += g_str_equal (element, "title");
  picture->n_texts += g_str_equal (element, "text");
  if (!is_part)
    return;
  picture->n_rects++;
  g_assert_cmpfloat (x + width, <=, 980.02);
  if (y == picture->row)
    g_assert_cmpfloat (x, >=, picture->end - 0.02);
  picture->row = y;
  picture->end = x + width;
}

static void
text_cb (GMarkupParseContext  *context,
         const char           *text,
         gsize                 size,
         gpointer              user_data,
         GError              **error)
{
  Picture *picture = user_data;

  if (g_str_equal (g_markup_parse_context_get_element (context), "title"))
    picture->has_name |= g_str_has_prefix (text, "<a> & \"b\" ü\xef\xbf\xbd\nbuffer, 1.0 kB (1024 bytes)");
}

static Picture
parse_svg (RillMemory *memory)
{
  const GMarkupParser parser = { .start_element = start_cb, .text = text_cb };
  Picture picture = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *svg = rill_memory_to_svg (memory, &error);
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &picture, NULL);

  g_assert_no_error (error);
  for (const char *c = svg; *c != '\0'; c++)
    g_assert_true ((guchar) *c >= 0x20 || *c == '\n');
  g_markup_parse_context_parse (context, svg, -1, &error);
  g_assert_no_error (error);
  g_assert_true (g_markup_parse_context_end_parse (context, &error));
  return picture;
}

static void
test_svg (Fixture       *fixture,
          gconstpointer  data)
{
  RillMemory *memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 4096);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1024);
  RillBuffer *own = rill_test_buffer_new (memory, 8192);
  Picture picture;

  rill_resource_set_name (RILL_RESOURCE (buffer), "<a> & \"b\" ü\x01");
  picture = parse_svg (memory);
  g_assert_true (picture.has_name);
  g_assert_cmpuint (picture.n_rects, ==, 3); /* two buffers, the free range */
  g_assert_cmpuint (picture.n_titles, ==, 3);
  g_assert_cmpuint (picture.n_texts, >=, 5);
  g_object_unref (own);
  g_object_unref (buffer);
  g_object_unref (memory);
}

#define N_MANY 20000

/* So many that most are thinner than what can be seen. */
static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  RillMemory *memory =
    rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, 16 * 1024 * 1024);
  g_autoptr (GPtrArray) buffers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (JsonObject) json = NULL;
  JsonArray *parts;
  Picture picture;
  guint n_buffers = 0;

  for (guint i = 0; i < N_MANY; i++)
    g_ptr_array_add (buffers, rill_test_buffer_new (memory, 64 + i % 256));
  for (guint i = 0; i < N_MANY; i += 3)
    rill_resource_close (g_ptr_array_index (buffers, i));
  picture = parse_svg (memory);
  g_assert_cmpuint (picture.n_rects, >, 200);
  g_assert_cmpuint (picture.n_rects, <, 4000);
  json = to_json (memory);
  parts = get_parts (json, memory, 0);
  for (guint i = 0; i < json_array_get_length (parts); i++)
    n_buffers += g_str_equal (
      json_object_get_string_member (json_array_get_object_element (parts, i), "Kind"), "buffer");
  g_assert_cmpuint (n_buffers, ==, N_MANY - (N_MANY + 2) / 3);
  g_clear_pointer (&buffers, g_ptr_array_unref);
  g_object_unref (memory);
}

typedef struct
{
  RillMemory *memory;
  gint stop; /* (atomic) */
} Churn;

static gpointer
churn_thread (gpointer data)
{
  Churn *churn = data;

  while (!g_atomic_int_get (&churn->stop))
    {
      RillBuffer *buffer = rill_test_buffer_new (churn->memory, 500);
      RillBuffer *other = rill_test_buffer_new (churn->memory, PAGE + 1);
      rill_resource_set_name (RILL_RESOURCE (buffer), "churn");
      rill_resource_close (RILL_RESOURCE (other));
      g_object_unref (buffer);
      g_object_unref (other);
    }
  return NULL;
}

/* Each dump is whole, whatever others do. */
static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  Churn churn = { .memory = fixture->memory };
  GThread *threads[3];
  RillBuffer *buffer = rill_test_buffer_new (fixture->memory, 1000);

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("churn", churn_thread, &churn);
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (JsonObject) json = to_json (fixture->memory);
      assert_string (find_resource (json, buffer), "Kind", "buffer");
      parse_svg (fixture->memory);
    }
  g_atomic_int_set (&churn.stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_object_unref (buffer);
}

static void
test_errors (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (RillMemory) raw = g_object_new (RILL_TYPE_MEMORY, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (rill_memory_to_json (raw, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "rill_session_create_memory");
  g_assert_null (rill_memory_to_svg (raw, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "rill_session_create_memory");
  rill_memory_close (fixture->memory);
  g_assert_null (rill_memory_to_json (fixture->memory, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_assert_null (rill_memory_to_svg (fixture->memory, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
}

/* The device's own types, as it has them. */
static void
test_explain (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = rill_session_explain_memory (
    fixture->session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, FALSE, &error);
  guint type = rill_memory_type_get_index (rill_memory_get_memory_type (fixture->memory));
  g_autofree char *result = g_strdup_printf ("\nType %u is chosen.", type);

  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (text, result));
  g_assert_null (rill_session_explain_memory (fixture->session, (RillMemoryPropertyFlags) (1 << 20),
                                              TRUE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "0x100000");
  rill_session_close (fixture->session);
  g_assert_null (rill_session_explain_memory (fixture->session, RILL_MEMORY_PROPERTY_NONE, FALSE, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/memory-dump/objects", test_objects);
  add ("/memory-dump/totals", test_totals);
  add ("/memory-dump/invalid-name", test_invalid_name);
  add ("/memory-dump/closed-object", test_closed_object);
  add ("/memory-dump/in-flight", test_in_flight);
  add ("/memory-dump/empty", test_empty);
  add ("/memory-dump/svg", test_svg);
  add ("/memory-dump/many", test_many);
  add ("/memory-dump/threads", test_threads);
  add ("/memory-dump/errors", test_errors);
  add ("/memory-dump/explain", test_explain);
  return g_test_run ();
}
