/* SPDX-License-Identifier: MIT */
/* y = a x + y for 16 Mi floats on the GPU, checked against the CPU. */

#include <rill.h>
#include <stdio.h>

#define N (16 * 1024 * 1024)
#define SIZE (N * sizeof (float))

static gboolean
saxpy (const char *source, float a, float *x, float *y, GError **error)
{
  g_autoptr (GBytes) constants = g_bytes_new (&a, sizeof a), result = NULL;
  g_autoptr (GBytes) x_bytes = g_bytes_new_static (x, SIZE), y_bytes = g_bytes_new_static (y, SIZE);
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, error);
  g_autoptr (RillMemory) memory = NULL;
  g_autoptr (RillBuffer) x_buffer = NULL, y_buffer = NULL;
  g_autoptr (RillProgram) program = NULL;
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillCommandBuffer) commands = NULL;
  gsize wrong = 0;

  if (session == NULL
      || (memory = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_DEVICE_ONLY, error)) == NULL
      || (x_buffer = rill_memory_create_buffer_from_bytes (memory, x_bytes, 0, error)) == NULL
      || (y_buffer = rill_memory_create_buffer_from_bytes (memory, y_bytes, 0, error)) == NULL
      || (program = rill_session_create_program_from_glsl (session, source, "saxpy.comp", NULL, error)) == NULL
      || (node = rill_session_create_compute_node (session, program, NULL, error)) == NULL
      || !rill_compute_node_bind (node, "x", G_OBJECT (x_buffer), error)
      || !rill_compute_node_bind (node, "y", G_OBJECT (y_buffer), error)
      || !rill_compute_node_set_push_constants (node, constants, error)
      || !rill_compute_node_set_global_size (node, N / 4, 1, 1, error)
      || (commands = rill_session_create_command_buffer (session, error)) == NULL
      || !rill_command_buffer_dispatch (commands, node, error) || !rill_command_buffer_run (commands, NULL, error)
      || (result = rill_buffer_read_bytes (y_buffer, 0, -1, NULL, error)) == NULL)
    return FALSE;

  for (gsize i = 0; i < N; i++)
    wrong += ((const float *) g_bytes_get_data (result, NULL))[i] != a * x[i] + y[i];
  printf ("%s: %zu of %d elements differ\n", rill_device_get_name (rill_session_get_device (session)), wrong, N);
  return wrong == 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *dir = g_path_get_dirname (argv[0]);
  g_autofree char *path = g_build_filename (g_getenv ("RILL_EXAMPLES_DIR") ?: dir, "saxpy.comp", NULL);
  g_autofree char *source = NULL;
  g_autofree float *x = g_new (float, N), *y = g_new (float, N);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < N; i++)
    x[i] = i % 1000, y[i] = i % 7;
  if (g_file_get_contents (path, &source, NULL, &error) && saxpy (source, 0.5f, x, y, &error))
    return 0;
  fprintf (stderr, "saxpy: %s\n", error != NULL ? error->message : "the GPU is wrong");
  return 1;
}
