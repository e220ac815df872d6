/* SPDX-License-Identifier: MIT */
/* y = a x + y for 16 Mi floats on the GPU, checked against the CPU. */
#include <rill.h>
#include <stdio.h>

#define N (16 * 1024 * 1024)
static float x[N], y[N];

static gboolean
saxpy (const char *source, float a, GError **error)
{
  g_autoptr (GBytes) constants = g_bytes_new (&a, sizeof a), result = NULL;
  g_autoptr (GBytes) xs = g_bytes_new_static (x, sizeof x), ys = g_bytes_new_static (y, sizeof y);
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, error);
  g_autoptr (RillMemory) memory = session ? rill_session_get_memory_for_usage (
    session, RILL_MEMORY_USAGE_DEVICE_ONLY, error) : NULL;
  g_autoptr (RillBuffer) x_buffer = NULL, y_buffer = NULL;
  g_autoptr (RillProgram) program = NULL;
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillCommandBuffer) commands = NULL;
  gsize wrong = 0;

  if (!memory
      || !(x_buffer = rill_memory_create_buffer_from_bytes (memory, xs, 0, error))
      || !(y_buffer = rill_memory_create_buffer_from_bytes (memory, ys, 0, error))
      || !(program = rill_session_create_program_from_glsl (session, source, "saxpy", NULL, error))
      || !(node = rill_session_create_compute_node (session, program, NULL, error))
      || !rill_compute_node_bind (node, "x", G_OBJECT (x_buffer), error)
      || !rill_compute_node_bind (node, "y", G_OBJECT (y_buffer), error)
      || !rill_compute_node_set_push_constants (node, constants, error)
      || !rill_compute_node_set_global_size (node, N / 4, 1, 1, error)
      || !(commands = rill_session_create_command_buffer (session, error))
      || !rill_command_buffer_dispatch (commands, node, error)
      || !rill_command_buffer_run (commands, NULL, error)
      || !(result = rill_buffer_read_bytes (y_buffer, 0, -1, NULL, error)))
    return FALSE;

  for (gsize i = 0; i < N; i++)
    wrong += ((const float *) g_bytes_get_data (result, NULL))[i] != a * x[i] + y[i];
  printf ("%s: %zu of %d elements differ\n",
          rill_device_get_name (rill_session_get_device (session)), wrong, N);
  return wrong == 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *program = g_find_program_in_path (argv[0]);
  g_autofree char *folder = g_path_get_dirname (program ? program : argv[0]), *source = NULL;
  g_autofree char *path = g_build_filename (g_getenv ("RILL_EXAMPLES_DIR") ?: folder, "saxpy.comp", NULL);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < N; i++)
    x[i] = i % 1000, y[i] = i % 7;
  if (g_file_get_contents (path, &source, NULL, &error) && saxpy (source, 0.5f, &error))
    return 0;
  fprintf (stderr, "saxpy: %s\n", error ? error->message : "the GPU is wrong");
  return 1;
}
