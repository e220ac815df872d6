/* SPDX-License-Identifier: MIT */
#include "rill-test-compute.h"

#include <glib/gstdio.h>

#define PLAIN \
  "layout (local_size_x = 1) in;\n" \
  "layout (binding = 0) buffer A { uint data[]; } a;\n" \
  "void main () { a.data[0] = 1u; }\n"

#define assert_glsl_fails(session, source, name, dirs, text) \
  rill_test_assert_failure ( \
    rill_session_create_program_from_glsl (session, source, name, dirs, &failure) != NULL, \
    RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION, text)

static void
assert_bytes_fail (RillSession *session,
                   GBytes      *bytes,
                   GQuark       domain,
                   gint         code,
                   const char  *text)
{
  rill_test_assert_failure (
    rill_session_create_program_from_bytes (session, bytes, &failure) != NULL, domain, code, text);
}

/* Files in a folder of their own, which goes with it. */
static char *
create_folder (void)
{
  GError *error = NULL;
  char *folder = g_dir_make_tmp ("rill-program-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static char *
write_file (const char *folder,
            const char *name,
            const char *content)
{
  GError *error = NULL;
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_folder (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

static void
test_glsl (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) program = rill_test_program_new (session, GLSL (PLAIN));
  g_auto (GStrv) entry_points = rill_program_get_entry_points (program);
  GBytes *spirv = rill_program_get_spirv (program);
  const guint32 *words = g_bytes_get_data (spirv, NULL);

  g_assert_cmpuint (g_strv_length (entry_points), ==, 1);
  g_assert_cmpstr (entry_points[0], ==, "main");
  g_assert_true (rill_program_get_session (program) == session);
  g_assert_false (rill_program_get_closed (program));
  g_assert_cmphex (words[0], ==, 0x07230203);
  g_assert_cmphex (words[1], ==, 0x00010600);

  g_assert_finalize_object (g_steal_pointer (&program));
  rill_test_session_end (session);
}

static void
test_glsl_errors (void)
{
  RillSession *session = rill_test_session_new ();

  assert_glsl_fails (session, GLSL ("void main () { x = 1; }\n"), NULL, NULL,
                     "shader:2: error: 'x'");
  assert_glsl_fails (session, GLSL ("\n\nvoid main () { x = 1; }\n"), "dir/blur.comp", NULL,
                     "dir/blur.comp:4: error: 'x'");
  assert_glsl_fails (session, GLSL ("int x = ;\n"), "", NULL, "shader:2:");
  assert_glsl_fails (session, GLSL ("int x = ;\n"), "two\nlines", NULL, "two lines:2:");
  assert_glsl_fails (session, GLSL ("void other () { }\n"), NULL, NULL, "entry point");
  assert_glsl_fails (session, GLSL ("#error caf\xe9 \n"), "\xff", NULL, "caf");
  assert_glsl_fails (session, GLSL ("#line 1 \"\"\nint x = ;\n"), NULL, NULL, "error");

  rill_test_session_end (session);
}

/* What makes the compiler itself fall over is kept from it. */
static void
test_glsl_version (void)
{
  static const char * const without[] = {
    "",
    "void main () { }\n",
    "// nothing",
    "/* nothing",
    "#",
    "#version",
    "#version \n450\nvoid main () { }\n",
    "#version450\nvoid main () { }\n",
    "#450\nvoid main () { }\n",
    "#version 110\nvoid main () { }\n",
    "#version 140\nvoid main () { }\n",
    "#version 300 es\nvoid main () { }\n",
    "#extension GL_EXT_debug_printf: enable\n#version 450\nvoid main () { }\n",
  };
  RillSession *session = rill_test_session_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (without); i++)
    assert_glsl_fails (session, without[i], NULL, NULL, "'#version'");
  assert_glsl_fails (session, "\n// one\n/* two\n*/ x", NULL, NULL, "shader:4: error: '#version'");
  assert_glsl_fails (session, "#version 330\nvoid main () { }\n", NULL, NULL, "compute");
  assert_glsl_fails (session, "#version 999\nvoid main () { }\n", NULL, NULL, "version");

  program = rill_session_create_program_from_glsl (
    session, "// one\n/* two */ # \t version \t 430\nvoid main () { }\n", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (program);
  g_clear_object (&program);
  rill_test_session_end (session);
}

static void
test_include (void)
{
  RillSession *session = rill_test_session_new ();
  g_autofree char *folder = create_folder ();
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autofree char *name = write_file (folder, "sub/main.comp", "");
  g_autofree char *a =
    write_file (folder, "sub/a.glsl", "#include \"deep/b.glsl\"\n#define A 1u\n");
  g_autofree char *b =
    write_file (folder, "sub/deep/b.glsl", "#include \"c.glsl\"\n#define B 2u\n");
  g_autofree char *c = write_file (folder, "sub/deep/c.glsl", "#include <d.glsl>\n#define C 3u\n");
  g_autofree char *d = write_file (folder, "other/d.glsl", "#define D 4u\n");
  /* Next to the file comes before the folders. */
  g_autofree char *c2 = write_file (folder, "other/c.glsl", "#error wrong one\n");
  const char *dirs[] = { "/nonexistent", other, NULL };
  const char *source = GLSL ("#include \"a.glsl\"\n"
                             "layout (binding = 0) buffer Out { uint data[]; };\n"
                             "void main () { data[0] = A + B * 10u + C * 100u + D * 1000u; }\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program =
    rill_session_create_program_from_glsl (session, source, name, dirs, &error);
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillMemory) memory = rill_test_device_memory_new (session);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (memory, 4);

  g_assert_no_error (error);
  node = rill_session_create_compute_node (session, program, "main", &error);
  g_assert_no_error (error);
  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (session, node);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 4321);

  g_clear_object (&node);
  g_clear_object (&program);
  g_clear_object (&buffer);
  g_clear_object (&memory);
  rill_test_session_end (session);
  remove_folder (folder);
}

static void
test_include_errors (void)
{
  RillSession *session = rill_test_session_new ();
  g_autofree char *folder = create_folder ();
  g_autofree char *name = g_build_filename (folder, "main.comp", NULL);
  g_autofree char *self = write_file (folder, "self.glsl", "#include \"self.glsl\"\n");
  g_autofree char *bad = write_file (folder, "bad.glsl", "\n\nint x = ;\n");
  const char *dirs[] = { folder, NULL };
  g_autofree char *bad_line = g_strdup_printf ("%s:3: error", bad);

  assert_glsl_fails (session, GLSL ("#include \"none.glsl\"\n"), NULL, NULL,
                     "shader:2: error: '#include'");
  assert_glsl_fails (session, GLSL ("#include \"none.glsl\"\n"), NULL, dirs, folder);
  assert_glsl_fails (session, GLSL ("#include <none.glsl>\n"), name, NULL, "no folder");
  assert_glsl_fails (session, GLSL ("#include \"/nonexistent/none.glsl\"\n"), name, NULL,
                     "not found");
  /* Without a name there is no file next to which another could lie. */
  assert_glsl_fails (session, GLSL ("#include \"bad.glsl\"\n"), NULL, NULL, "no folder");
  assert_glsl_fails (session, GLSL ("#include \"bad.glsl\"\n"), name, NULL, bad_line);
  assert_glsl_fails (session, GLSL ("#include \"self.glsl\"\n"), name, NULL,
                     "nested more than 64 deep");
  assert_glsl_fails (session, GLSL ("#include \".\"\n"), name, NULL, "not found");
  g_assert_cmpint (g_file_set_contents (bad, "a\0b", 3, NULL), ==, TRUE);
  assert_glsl_fails (session, GLSL ("#include \"bad.glsl\"\n"), name, NULL, "is no text");

  rill_test_session_end (session);
  remove_folder (folder);
}

static void
test_bytes (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) compiled = rill_test_program_new (session, GLSL (PLAIN));
  GBytes *spirv = rill_program_get_spirv (compiled);
  gsize size = g_bytes_get_size (spirv);
  g_autofree guint8 *shifted = g_malloc (size + 1);
  g_autoptr (GBytes) unaligned = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program = NULL;

  memcpy (shifted + 1, g_bytes_get_data (spirv, NULL), size);
  unaligned = g_bytes_new_static (shifted + 1, size);
  program = rill_session_create_program_from_bytes (session, unaligned, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (rill_program_get_spirv (program), spirv));
  g_assert_cmpuint ((guintptr) g_bytes_get_data (rill_program_get_spirv (program), NULL) % 4, ==,
                    0);

  g_clear_object (&program);
  g_clear_object (&compiled);
  rill_test_session_end (session);
}

static void
test_bytes_invalid (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) compiled = rill_test_program_new (session, GLSL (PLAIN));
  GBytes *spirv = rill_program_get_spirv (compiled);
  gsize size = g_bytes_get_size (spirv);
  g_autofree guint32 *words = g_memdup2 (g_bytes_get_data (spirv, NULL), size);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) text = g_bytes_new_static ("void main () { }....", 20);
  g_autoptr (GBytes) odd = g_bytes_new_from_bytes (spirv, 0, size - 1);
  g_autoptr (GBytes) header = g_bytes_new_from_bytes (spirv, 0, 16);
  g_autoptr (GBytes) half = g_bytes_new_from_bytes (spirv, 0, size / 8 * 4);
  g_autoptr (GBytes) swapped = NULL;

  assert_bytes_fail (session, empty, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "header");
  assert_bytes_fail (session, text, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "0x07230203");
  assert_bytes_fail (session, odd, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "multiple of 4");
  assert_bytes_fail (session, header, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "header");
  assert_bytes_fail (session, half, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "not valid");
  for (gsize i = 0; i < size / 4; i++)
    words[i] = GUINT32_SWAP_LE_BE (words[i]);
  swapped = g_bytes_new (words, size);
  assert_bytes_fail (session, swapped, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "order");

  g_clear_object (&compiled);
  rill_test_session_end (session);
}

/* Words changed at random are refused, or are a program: nothing else happens. */
static void
test_bytes_random (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) compiled = rill_test_program_new (session, GLSL (PLAIN));
  GBytes *spirv = rill_program_get_spirv (compiled);
  gsize size = g_bytes_get_size (spirv);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint n_refused = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autofree guint32 *words = g_memdup2 (g_bytes_get_data (spirv, NULL), size);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (RillProgram) program = NULL;
      g_autoptr (GError) error = NULL;

      for (gint n = g_rand_int_range (rand, 1, 4); n > 0; n--)
        words[g_rand_int_range (rand, 1, (gint32) (size / 4))] ^= 1u
                                                                  << g_rand_int_range (rand, 0, 32);
      bytes = g_bytes_new (words, size);
      program = rill_session_create_program_from_bytes (session, bytes, &error);
      g_assert_true ((program == NULL) == (error != NULL));
      if (error != NULL)
        {
          g_assert_true (error->domain == RILL_VULKAN_ERROR);
          g_assert_true (g_utf8_validate (error->message, -1, NULL));
          n_refused++;
        }
      else
        {
          g_autoptr (RillComputeNode) node =
            rill_session_create_compute_node (session, program, NULL, NULL);
          g_assert_true (node == NULL || RILL_IS_COMPUTE_NODE (node));
        }
    }
  g_assert_cmpuint (n_refused, >, 50);

  g_clear_object (&compiled);
  rill_test_session_end (session);
}

/* A fragment shader that does nothing. */
static const guint32 fragment_words[] = {
  0x07230203, 0x00010000, 0, 5, 0,
  (2 << 16) | 17, 1,                                /* OpCapability Shader */
  (3 << 16) | 14, 0, 1,                             /* OpMemoryModel Logical GLSL450 */
  (5 << 16) | 15, 4, 1, 0x6e69616d, 0,              /* OpEntryPoint Fragment %1 "main" */
  (3 << 16) | 16, 1, 7,                             /* OpExecutionMode %1 OriginUpperLeft */
  (2 << 16) | 19, 2,                                /* %2 = OpTypeVoid */
  (3 << 16) | 33, 3, 2,                             /* %3 = OpTypeFunction %2 */
  (5 << 16) | 54, 2, 1, 0, 3,                       /* %1 = OpFunction %2 None %3 */
  (2 << 16) | 248, 4,                               /* %4 = OpLabel */
  (1 << 16) | 253,                                  /* OpReturn */
  (1 << 16) | 56,                                   /* OpFunctionEnd */
};

static void
test_no_compute_shader (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static (fragment_words, sizeof (fragment_words));

  assert_bytes_fail (session, bytes, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "no compute shader");
  rill_test_session_end (session);
}

/* Nobody can ask for it. */
static void
test_entry_point_no_text (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) compiled = rill_test_program_new (session, GLSL (PLAIN));
  GBytes *spirv = rill_program_get_spirv (compiled);
  gsize size = g_bytes_get_size (spirv);
  guint32 *words = g_memdup2 (g_bytes_get_data (spirv, NULL), size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (words, size);

  for (gsize i = 5; i < size / 4; i += words[i] >> 16)
    if ((words[i] & 0xffff) == 15) /* OpEntryPoint */
      memcpy (&words[i + 3], "\xed" "ain", 4);
  assert_bytes_fail (session, bytes, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                     "no compute shader");

  g_clear_object (&compiled);
  rill_test_session_end (session);
}

/* Ray queries need an extension that no session opens its device with. */
static void
test_capability (void)
{
  RillSession *session = rill_test_session_new ();

  rill_test_assert_failure (
    rill_session_create_program_from_glsl (
      session,
      GLSL ("#extension GL_EXT_ray_query: require\n"
            "layout (binding = 0) uniform accelerationStructureEXT s;\n"
            "void main () { rayQueryEXT q; rayQueryInitializeEXT (q, s, 0, 0,"
            " vec3 (0), 0.0, vec3 (1), 1.0); }\n"),
      NULL, NULL, &failure)
      != NULL,
    RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT, "capability");
  rill_test_session_end (session);
}

static void
test_file (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) compiled = rill_test_program_new (session, GLSL (PLAIN));
  GBytes *spirv = rill_program_get_spirv (compiled);
  g_autofree char *folder = create_folder ();
  g_autofree char *text = write_file (folder, "text.spv", "this is text");
  g_autofree char *path = g_build_filename (folder, "plain.spv", NULL);
  g_autofree char *none = g_build_filename (folder, "none.spv", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) text_file = g_file_new_for_path (text);
  g_autoptr (GFile) none_file = g_file_new_for_path (none);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program = NULL;

  g_file_set_contents (path, g_bytes_get_data (spirv, NULL), (gssize) g_bytes_get_size (spirv),
                       &error);
  g_assert_no_error (error);
  program = rill_session_create_program_from_file (session, file, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (rill_program_get_spirv (program), spirv));

  rill_test_assert_failure (rill_session_create_program_from_file (session, none_file, &failure)
                              != NULL,
                            G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "");
  rill_test_assert_failure (rill_session_create_program_from_file (session, text_file, &failure)
                              != NULL,
                            RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION, "text.spv");

  g_clear_object (&program);
  g_clear_object (&compiled);
  rill_test_session_end (session);
  remove_folder (folder);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  (*(guint *) user_data)++;
}

static void
test_close (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillProgram) program = rill_test_program_new (session, GLSL (PLAIN));
  g_autoptr (RillProgram) other = rill_test_program_new (session, GLSL (PLAIN));
  guint n_notified = 0;

  g_signal_connect (program, "notify::closed", G_CALLBACK (count_cb), &n_notified);
  rill_program_close (program);
  rill_program_close (program);
  rill_test_iterate ();
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_true (rill_program_get_closed (program));
  g_assert_nonnull (rill_program_get_spirv (program));
  rill_test_assert_failure (rill_session_create_compute_node (session, program, NULL, &failure)
                              != NULL,
                            G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_clear_object (&program);

  rill_session_close (session);
  g_assert_true (rill_program_get_closed (other));
  rill_test_assert_failure (
    rill_session_create_program_from_glsl (session, GLSL (PLAIN), NULL, NULL, &failure) != NULL,
    G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  rill_test_assert_failure (
    rill_session_create_program_from_bytes (session, rill_program_get_spirv (other), &failure)
      != NULL,
    G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_clear_object (&other);
  rill_test_session_end (session);
}

static void
test_uninitialized (void)
{
  RillSession *session = rill_test_session_new ();
  RillProgram *program = g_object_new (RILL_TYPE_PROGRAM, NULL);
  g_auto (GStrv) entry_points = rill_program_get_entry_points (program);

  g_assert_null (rill_program_get_session (program));
  g_assert_null (rill_program_get_spirv (program));
  g_assert_cmpuint (g_strv_length (entry_points), ==, 0);
  g_assert_false (rill_program_get_closed (program));
  rill_program_close (program);
  rill_test_assert_failure (rill_session_create_compute_node (session, program, NULL, &failure)
                              != NULL,
                            G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "RillProgram");

  g_assert_finalize_object (program);
  rill_test_session_end (session);
}

static gpointer
compile_thread (gpointer data)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (RillProgram) program = rill_test_program_new (data, GLSL (PLAIN));
      assert_glsl_fails (data, GLSL ("x"), NULL, NULL, "shader:2:");
    }
  return NULL;
}

static void
test_threads (void)
{
  RillSession *session = rill_test_session_new ();
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("compile", compile_thread, session);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  rill_test_session_end (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/program/glsl", test_glsl);
  g_test_add_func ("/program/glsl-errors", test_glsl_errors);
  g_test_add_func ("/program/glsl-version", test_glsl_version);
  g_test_add_func ("/program/include", test_include);
  g_test_add_func ("/program/include-errors", test_include_errors);
  g_test_add_func ("/program/bytes", test_bytes);
  g_test_add_func ("/program/bytes-invalid", test_bytes_invalid);
  g_test_add_func ("/program/bytes-random", test_bytes_random);
  g_test_add_func ("/program/no-compute-shader", test_no_compute_shader);
  g_test_add_func ("/program/entry-point-no-text", test_entry_point_no_text);
  g_test_add_func ("/program/capability", test_capability);
  g_test_add_func ("/program/file", test_file);
  g_test_add_func ("/program/close", test_close);
  g_test_add_func ("/program/uninitialized", test_uninitialized);
  g_test_add_func ("/program/threads", test_threads);

  return g_test_run ();
}
