/* SPDX-License-Identifier: MIT */

/* The inputs of a corpus as a test, without libFuzzer: replay FOLDER. With the path of a single
 * file: that one. */

#include "rill-fuzz.h"

#include <string.h>

static const char *corpus;

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static GPtrArray *
list_files (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (g_file_test (corpus, G_FILE_TEST_IS_REGULAR))
    {
      g_ptr_array_add (names, g_strdup (corpus));
      return names;
    }
  dir = g_dir_open (corpus, 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (corpus, name, NULL));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
test_corpus (void)
{
  g_autoptr (GPtrArray) names = list_files ();

  g_assert_cmpuint (names->len, >, 0);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr (GError) error = NULL;
      g_autofree char *content = NULL;
      g_autofree guint8 *data = NULL;
      gsize size;

      g_file_get_contents (name, &content, &size, &error);
      g_assert_no_error (error);
      g_test_message ("%s", name); /* before, as what fails ends the program */
      /* Of its size, so that a sanitizer sees the end; but there, even when empty. */
      data = g_memdup2 (content, MAX (size, 1));
      LLVMFuzzerTestOneInput (data, size);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    g_error ("usage: %s FOLDER", argv[0]);
  corpus = argv[1];
  LLVMFuzzerInitialize (&argc, &argv);
  g_test_add_func ("/fuzz/corpus", test_corpus);
  return g_test_run ();
}
