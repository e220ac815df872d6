/* SPDX-License-Identifier: MIT */

/* Sizes over 32 bits, by numbers only, and one gigabyte in earnest. */

#include "rill-test-util.h"
#include "rill-test-vulkan.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

#define GIB ((guint64) 1 << 30)

/* By the limits of the device that is there: refused above them, with the limit. */
static void
test_limits (void)
{
  RillSession *session = rill_test_session_new ();
  RillContext *context = rill_session_ref_context (session, NULL);
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 4096);
  const guint64 sizes[] = { 4 * GIB - 1,       4 * GIB,           4 * GIB + 1, 5 * GIB,
                            (guint64) 1 << 40, (guint64) 1 << 62, G_MAXINT64 };
  g_autofree char *limit = g_strdup_printf ("%" G_GUINT64_FORMAT, context->max_buffer_size);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      GError *error = NULL;
      RillBuffer *buffer;

      if (sizes[i] <= context->max_buffer_size && sizes[i] <= context->memory.memoryHeaps[0].size)
        continue; /* it works, and would take the memory */
      buffer = rill_memory_create_buffer (memory, sizes[i], RILL_BUFFER_USAGE_NONE, &error);
      g_assert_null (buffer);
      if (sizes[i] > context->max_buffer_size)
        rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, limit);
      else
        rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
                                "heap");
    }
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  rill_context_unref (context);
  g_object_unref (memory);
  rill_test_session_end (session);
}

static void
assert_refused (gboolean  done,
                GError  **error)
{
  g_assert_false (done);
  rill_test_assert_error (*error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "5368709121");
}

static void
check_ranges (RillBuffer *buffer,
              RillBuffer *other)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("xy", 2);
  g_autoptr (GBytes) empty = NULL;
  guint64 size = 5 * GIB + 1;
  GError *error = NULL;

  assert_refused (rill_buffer_write_bytes (buffer, size - 1, bytes, NULL, &error), &error);
  assert_refused (rill_buffer_write_bytes (buffer, size + 1, bytes, NULL, &error), &error);
  assert_refused (rill_buffer_fill (buffer, 4 * GIB, (gint64) GIB + 2, 0, NULL, &error), &error);
  assert_refused (rill_buffer_copy_to (buffer, 1, other, 0, (gint64) size, NULL, &error), &error);
  assert_refused (rill_buffer_copy_to (other, 0, buffer, 2, (gint64) size - 1, NULL, &error),
                  &error);
  assert_refused (rill_buffer_map_range (buffer, RILL_MAP_READ, 5 * GIB, 2, &error) != NULL,
                  &error);
  g_assert_false (
    rill_buffer_copy_to (buffer, 0, buffer, GIB, (gint64) (4 * GIB + 1), NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "overlap");
  empty = rill_buffer_read_bytes (buffer, size, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (empty), ==, 0);
}

/* A device of the future: everything is counted in 64 bits. */
static void
test_numbers (void)
{
  RillSession *session;
  RillContext *context;
  RillMemory *memory;
  RillBuffer *buffers[3], *large;
  g_autoptr (RillMemoryStatistics) statistics = NULL;

  if (!rill_test_can_forge ())
    return;
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  rill_test_vulkan.heap_size = (guint64) 1 << 44;
  rill_test_vulkan.pretend = 64 * 1024;
  session = rill_test_session_new ();
  context = rill_session_ref_context (session, NULL);
  context->max_allocation_size = (guint64) 1 << 43;
  context->max_buffer_size = (guint64) 1 << 43;
  rill_context_unref (context);

  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 16 * GIB);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (RillAllocationInfo) info = NULL;
      buffers[i] = rill_test_buffer_new (memory, 5 * GIB + 1);
      info = rill_resource_get_allocation_info (RILL_RESOURCE (buffers[i]));
      g_assert_cmpuint (info->page, ==, 0);
      g_assert_cmpuint (info->offset, >=, i * 5 * GIB);
      g_assert_cmpuint (info->offset, <, i * 5 * GIB + 4096);
      g_assert_cmpuint (info->size, ==, 5 * GIB + 1);
      g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (buffers[i])), ==, 5 * GIB + 1);
    }
  check_ranges (buffers[0], buffers[1]);
  large = rill_test_buffer_new (memory, (guint64) 1 << 42);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==,
                    3 * (5 * GIB + 1) + ((guint64) 1 << 42));
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 16 * GIB + ((guint64) 1 << 42));
  statistics = rill_memory_calculate_statistics (memory, NULL);
  g_assert_cmpuint (statistics->used_size, ==, rill_memory_get_used_size (memory));
  g_assert_cmpuint (statistics->largest_free_size, >, GIB - 8192);
  for (guint i = 0; i < 3; i++)
    g_object_unref (buffers[i]);
  g_object_unref (large);
  g_assert_cmpuint (rill_memory_get_reserved_size (memory), ==, 16 * GIB);
  g_object_unref (memory);
  rill_test_session_end (session);
  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
}

static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL)
      || (line = strstr (text, "MemAvailable:")) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
}

#define WORD(i) (((guint64) (i) + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15))

static void
check_large (RillBuffer *buffer,
             guint64     size)
{
  const guint64 part = 64 * 1024 * 1024;
  g_autofree guint64 *content = g_malloc (part);

  for (guint64 offset = 0; offset < size; offset += part)
    {
      g_assert_true (rill_buffer_read_data (buffer, offset, (guint8 *) content, part, NULL, NULL));
      for (guint64 i = 0; i < part / 8; i++)
        if (content[i] != WORD (offset / 8 + i))
          g_error ("the word at byte %" G_GUINT64_FORMAT " is wrong", offset + 8 * i);
    }
}

/* One write of a gigabyte through the ring of 64 MiB. */
static void
test_gigabyte (void)
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  g_autofree char *debug = g_strdup (g_getenv ("RILL_DEBUG"));
  g_autofree guint64 *words = NULL;
  GError *error = NULL;

  if (get_available_memory () < 4 * GIB)
    {
      g_test_skip ("less than 4 GiB of memory are available");
      return;
    }
  g_setenv ("RILL_DEBUG", "staging", TRUE);
  session = rill_test_session_new ();
  if (debug != NULL)
    g_setenv ("RILL_DEBUG", debug, TRUE);
  else
    g_unsetenv ("RILL_DEBUG");
  memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 0);
  buffer = rill_memory_create_buffer (memory, GIB, RILL_BUFFER_USAGE_NONE, &error);
  g_assert_no_error (error);
  words = g_malloc (GIB);
  for (guint64 i = 0; i < GIB / 8; i++)
    words[i] = WORD (i);
  rill_test_vulkan.n_submissions = 0;
  g_assert_true (rill_buffer_write_data (buffer, 0, (const guint8 *) words, GIB, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (rill_test_vulkan.n_submissions, >=, 16); /* no chunk is larger than the ring */
  memset (words, 0, 1024 * 1024);
  check_large (buffer, GIB);
  g_object_unref (buffer);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (2000);
  g_cancellable_cancel (data);
  return NULL;
}

/* A direct write is cut as well: what was not begun when it was cancelled is untouched. */
static void
test_cancel_direct (void)
{
  const gsize size = 256 * 1024 * 1024;
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 0);
  RillBuffer *buffer;
  g_autofree guint8 *bytes = NULL;
  gboolean cancelled = FALSE;
  GError *error = NULL;

  if (get_available_memory () < 2 * GIB)
    g_test_skip ("less than 2 GiB of memory are available");
  else
    {
      buffer = rill_test_buffer_new (memory, size);
      bytes = g_malloc0 (size);
      g_assert_true (rill_buffer_fill (buffer, 0, -1, 0, NULL, NULL));
      for (guint i = 1; i < 50 && !cancelled; i++)
        {
          g_autoptr (GCancellable) cancellable = g_cancellable_new ();
          guint8 first = 0, last = 0;
          GThread *thread;
          gboolean written;

          memset (bytes, (gint) i, size);
          thread = g_thread_new ("cancel", cancel_thread, cancellable);
          written = rill_buffer_write_data (buffer, 0, bytes, size, cancellable, &error);
          g_thread_join (thread);
          g_assert_true (rill_buffer_read_data (buffer, 0, &first, 1, NULL, NULL));
          g_assert_true (rill_buffer_read_data (buffer, size - 1, &last, 1, NULL, NULL));
          g_assert_cmpuint (last, ==, written ? i : i - 1);
          if (!written)
            rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
          cancelled = !written && first == i; /* after it began */
          g_assert_true (rill_buffer_fill (buffer, 0, -1, (guint8) i, NULL, NULL));
        }
      g_assert_true (cancelled);
      g_object_unref (buffer);
    }
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/large/limits", test_limits);
  g_test_add_func ("/large/numbers", test_numbers);
  g_test_add_func ("/large/gigabyte", test_gigabyte);
  g_test_add_func ("/large/cancel-direct", test_cancel_direct);
  return g_test_run ();
}
