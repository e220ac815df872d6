/* SPDX-License-Identifier: MIT */

/* RILL_TRACE records what memories allocate and release. */

#include "rill-test-util.h"

#include <glib/gstdio.h>

#define PAGE 65536

static char *path;

/* (transfer full) */
static GStrv
read_trace (void)
{
  g_autofree char *text = NULL;
  GError *error = NULL;

  fflush (NULL);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (text, "\n", -1);
}

static char *
describe (gpointer    resource,
          const char *kind,
          guint       memory)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (resource);

  return g_strdup_printf ("%s %u %u %" G_GUINT64_FORMAT, kind, memory, info->page, info->offset);
}

static void
assert_line (const char *line,
             const char *start)
{
  if (!g_str_has_prefix (line, start))
    g_error ("“%s” does not begin with “%s”", line, start);
}

static void
test_lines (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
  RillMemory *other = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE);
  RillBuffer *buffers[3] = { rill_test_buffer_new (memory, 1000),
                             rill_test_buffer_new (other, 2000),
                             rill_test_buffer_new (memory, 2 * PAGE) };
  const guint memories[3] = { 1, 2, 1 };
  char *allocated[3], *released[3];
  g_auto (GStrv) lines = NULL;
  guint64 size;
  guint page;

  for (guint i = 0; i < 3; i++)
    {
      allocated[i] = describe (buffers[i], "a", memories[i]);
      released[i] = describe (buffers[i], "f", memories[i]);
    }
  for (guint i = 0; i < 3; i++)
    g_object_unref (buffers[i]);
  lines = read_trace ();
  g_assert_cmpstr (lines[0], ==, "rill-trace 1");
  g_assert_cmpstr (lines[1], ==, "m 1 65536 general");
  assert_line (lines[2], allocated[0]);
  g_assert_cmpint (sscanf (lines[2], "a %*u %u %*u %" G_GUINT64_FORMAT, &page, &size), ==, 2);
  g_assert_cmpuint (size, >=, 1000);
  g_assert_cmpstr (lines[3], ==, "m 2 65536 general");
  assert_line (lines[4], allocated[1]);
  assert_line (lines[5], allocated[2]);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (lines[6 + i], ==, released[i]);
  g_assert_cmpstr (lines[9], ==, "");
  for (guint i = 0; i < 3; i++)
    {
      g_free (allocated[i]);
      g_free (released[i]);
    }
  g_object_unref (memory);
  g_object_unref (other);
  rill_test_session_end (session);
}

/* Nobody is hindered by a name that cannot be written. */
static void
test_unwritable (void)
{
  if (g_test_subprocess ())
    {
      RillSession *session;
      RillMemory *memory;

      g_setenv ("RILL_TRACE", "/nowhere/at/all", TRUE);
      session = rill_test_session_new ();
      memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE);
      g_object_unref (rill_test_buffer_new (memory, 100));
      g_object_unref (memory);
      rill_test_session_end (session);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*RILL_TRACE*/nowhere/at/all*cannot be written*");
}

int
main (int   argc,
      char *argv[])
{
  int status;
  int file;

  g_test_init (&argc, &argv, NULL);
  if (!g_test_subprocess ())
    {
      file = g_file_open_tmp ("rill-trace-XXXXXX", &path, NULL);
      g_assert_cmpint (file, >=, 0);
      g_close (file, NULL);
      g_setenv ("RILL_TRACE", path, TRUE);
    }
  g_test_add_func ("/trace/lines", test_lines);
  g_test_add_func ("/trace/unwritable", test_unwritable);
  status = g_test_run ();
  if (path != NULL)
    g_remove (path);
  g_free (path);
  return status;
}
