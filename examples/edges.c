/* SPDX-License-Identifier: MIT */

/* edges INPUT OUTPUT.png: finds the edges of a picture on the GPU. The same program stands beside
 * this one in Python, JavaScript and Vala. */

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <rill.h>
#include <stdio.h>

/* The shader lies in the folder that RILL_EXAMPLES_DIR names, or beside the program. */
static char *
load_shader (const char  *program,
             GError     **error)
{
  g_autofree char *program_path = g_find_program_in_path (program);
  g_autofree char *program_dir = g_path_get_dirname (program_path != NULL ? program_path : program);
  const char *dir = g_getenv ("RILL_EXAMPLES_DIR");
  g_autofree char *path = g_build_filename (dir != NULL ? dir : program_dir, "edges.comp", NULL);
  char *source = NULL;

  return g_file_get_contents (path, &source, NULL, error) ? source : NULL;
}

/* The picture as rows of RGB without gaps; its shape is [height, width, 3]. */
static GBytes *
load_picture (const char  *path,
              guint       *shape,
              GError     **error)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new_from_file (path, error);
  gsize width, height, rowstride, n_channels;
  const guchar *pixels;
  guchar *rgb;

  if (pixbuf == NULL)
    return NULL;
  width = gdk_pixbuf_get_width (pixbuf);
  height = gdk_pixbuf_get_height (pixbuf);
  rowstride = gdk_pixbuf_get_rowstride (pixbuf);
  n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  pixels = gdk_pixbuf_read_pixels (pixbuf);

  rgb = g_malloc_n (height, width * 3);
  for (gsize y = 0; y < height; y++)
    for (gsize x = 0; x < width; x++)
      for (gsize c = 0; c < 3; c++)
        rgb[(y * width + x) * 3 + c] = pixels[y * rowstride + x * n_channels + c];
  shape[0] = height;
  shape[1] = width;
  shape[2] = 3;
  return g_bytes_new_take (rgb, height * width * 3);
}

/* gdk-pixbuf writes no grey PNG: red, green and blue are the value. */
static gboolean
save_picture (const char   *path,
              GBytes       *edges,
              const guint  *shape,
              GError      **error)
{
  gsize size;
  const guint8 *grey = g_bytes_get_data (edges, &size);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  guint8 *rgb = g_malloc_n (size, 3);

  for (gsize i = 0; i < size * 3; i++)
    rgb[i] = grey[i / 3];
  bytes = g_bytes_new_take (rgb, size * 3);
  pixbuf = gdk_pixbuf_new_from_bytes (bytes, GDK_COLORSPACE_RGB, FALSE, 8, shape[1], shape[0],
                                      shape[1] * 3);
  return gdk_pixbuf_savev (pixbuf, path, "png", NULL, NULL, error);
}

/* The time that the device takes, in nanoseconds; -1 for an error. */
static gint64
run_shader (RillSession  *session,
            const char   *shader,
            RillImage    *picture,
            RillImage    *edges,
            GError      **error)
{
  g_autoptr (RillProgram) program = NULL;
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillCommandBuffer) commands = NULL;
  g_autoptr (RillDuration) duration = NULL;

  program = rill_session_create_program_from_glsl (session, shader, "edges.comp", NULL, error);
  if (program == NULL)
    return -1;
  node = rill_session_create_compute_node (session, program, NULL, error);
  if (node == NULL
      || !rill_compute_node_bind (node, "picture", G_OBJECT (picture), error)
      || !rill_compute_node_bind (node, "edges", G_OBJECT (edges), error)
      || !rill_compute_node_set_global_size (node, rill_image_get_width (edges),
                                             rill_image_get_height (edges), 1, error))
    return -1;

  commands = rill_session_create_command_buffer (session, error);
  duration = commands != NULL ? rill_session_create_duration (session, error) : NULL;
  if (duration == NULL
      || !rill_command_buffer_begin_duration (commands, duration, error)
      || !rill_command_buffer_dispatch (commands, node, error)
      || !rill_command_buffer_end_duration (commands, duration, error)
      || !rill_command_buffer_run (commands, NULL, error))
    return -1;
  return rill_duration_get_nanoseconds (duration, error);
}

static void
print_rate (const char *label,
            gsize       size,
            gint64      microseconds)
{
  g_autofree char *moved = g_format_size (size);
  g_autofree char *rate = g_format_size (size * (guint64) 1000000 / MAX (microseconds, 1));

  printf ("%s %s, %s/s\n", label, moved, rate);
}

/* The edges, a byte for each pixel. */
static GBytes *
find_edges (RillSession  *session,
            const char   *shader,
            GBytes       *pixels,
            const guint  *shape,
            GError      **error)
{
  g_autoptr (RillMemory) memory = rill_session_create_memory (
    session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, RILL_MEMORY_DEFAULT_PAGE_SIZE, FALSE, error);
  g_autoptr (RillImage) picture = NULL;
  g_autoptr (RillImage) edges = NULL;
  g_autoptr (GBytes) result = NULL;
  g_autofree char *used = NULL;
  gint64 start, uploaded, downloaded, gpu_time;
  guint n_pages;

  if (memory == NULL)
    return NULL;
  picture = rill_memory_create_image (memory, shape, 3, RILL_CHANNEL_TYPE_UINT8,
                                      RILL_IMAGE_USAGE_NONE, error);
  if (picture == NULL)
    return NULL;
  edges = rill_memory_create_image (memory, shape, 2, RILL_CHANNEL_TYPE_UINT8,
                                    RILL_IMAGE_USAGE_NONE, error);
  if (edges == NULL)
    return NULL;

  start = g_get_monotonic_time ();
  if (!rill_image_write_bytes (picture, pixels, NULL, error)
      || !rill_session_wait_idle (session, NULL, error))
    return NULL;
  uploaded = g_get_monotonic_time () - start;

  gpu_time = run_shader (session, shader, picture, edges, error);
  if (gpu_time < 0)
    return NULL;

  start = g_get_monotonic_time ();
  result = rill_image_read_bytes (edges, NULL, error);
  if (result == NULL)
    return NULL;
  downloaded = g_get_monotonic_time () - start;

  n_pages = rill_memory_get_page_count (memory);
  used = g_format_size (rill_memory_get_used_size (memory));
  printf ("Device:   %s\n", rill_device_get_name (rill_session_get_device (session)));
  printf ("Memory:   %u page%s, %s used\n", n_pages, n_pages == 1 ? "" : "s", used);
  print_rate ("Upload:  ", g_bytes_get_size (pixels), uploaded);
  print_rate ("Download:", g_bytes_get_size (result), downloaded);
  printf ("GPU time: %.3f ms\n", gpu_time / 1e6);
  return g_steal_pointer (&result);
}

static gboolean
process (const char  *program,
         const char  *input,
         const char  *output,
         GError     **error)
{
  g_autofree char *shader = NULL;
  g_autoptr (GBytes) pixels = NULL;
  g_autoptr (RillSession) session = NULL;
  g_autoptr (GBytes) edges = NULL;
  guint shape[3];

  pixels = load_picture (input, shape, error);
  if (pixels == NULL)
    return FALSE;
  shader = load_shader (program, error);
  if (shader == NULL)
    return FALSE;
  session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, error);
  if (session == NULL)
    return FALSE;
  edges = find_edges (session, shader, pixels, shape, error);
  if (edges == NULL || !save_picture (output, edges, shape, error))
    return FALSE;
  printf ("Wrote %s: %u × %u pixels\n", output, shape[1], shape[0]);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 3)
    {
      fprintf (stderr, "usage: edges INPUT OUTPUT.png\n");
      return 1;
    }
  if (!process (argv[0], argv[1], argv[2], &error))
    {
      fprintf (stderr, "edges: %s\n", error->message);
      return 1;
    }
  return 0;
}
