/* SPDX-License-Identifier: MIT */
#include "rill-test-compute.h"
#include "rill-test-faults.h"
#include "rill-test-gate.h"

#include "compute/rill-duration-private.h"

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillCommandBuffer *command_buffer;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_device_memory_new (fixture->session);
  fixture->command_buffer = rill_test_command_buffer_new (fixture->session);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->command_buffer);
  g_clear_object (&fixture->memory);
  rill_test_session_end (fixture->session);
}

#define assert_fails(call, code, text) rill_test_assert_failure (call, G_IO_ERROR, code, text)
#define assert_succeeds(call) \
  G_STMT_START \
  { \
    GError *failure = NULL; \
    gboolean success = (call); \
    g_assert_no_error (failure); \
    g_assert_true (success); \
  } \
  G_STMT_END

/* Adds one to each element of a, and the sum of b to the first. */
static const char step_shader[] = GLSL ("layout (local_size_x = 64) in;\n"
                                        "layout (binding = 0) buffer A { uint data[]; } a;\n"
                                        "void main ()\n"
                                        "{\n"
                                        "  if (gl_GlobalInvocationID.x < a.data.length ())\n"
                                        "    a.data[gl_GlobalInvocationID.x] += 1u;\n"
                                        "}\n");

/* b = a reversed, plus one. */
static const char reverse_shader[] =
  GLSL ("layout (local_size_x = 64) in;\n"
        "layout (binding = 0) readonly buffer A { uint data[]; } a;\n"
        "layout (binding = 1) writeonly buffer B { uint data[]; } b;\n"
        "void main ()\n"
        "{\n"
        "  uint i = gl_GlobalInvocationID.x, n = a.data.length ();\n"
        "  if (i < n)\n"
        "    b.data[n - 1u - i] = a.data[i] + 1u;\n"
        "}\n");

/* Runs for a while. */
static const char slow_shader[] = GLSL ("layout (local_size_x = 64) in;\n"
                                        "layout (push_constant) uniform Push { uint n; } push;\n"
                                        "layout (binding = 0) buffer A { uint data[]; } a;\n"
                                        "void main ()\n"
                                        "{\n"
                                        "  uint x = gl_GlobalInvocationID.x;\n"
                                        "  for (uint i = 0; i < push.n; i++)\n"
                                        "    x = x * 1664525u + 1013904223u;\n"
                                        "  a.data[gl_GlobalInvocationID.x] = x;\n"
                                        "}\n");

static RillComputeNode *
create_step (Fixture    *fixture,
             RillBuffer *buffer)
{
  RillComputeNode *node = rill_test_node_new (fixture->session, step_shader);

  rill_test_bind (node, "a", buffer);
  assert_succeeds (rill_compute_node_set_global_size (
    node, (guint) (rill_resource_get_size (RILL_RESOURCE (buffer)) / 4), 1, 1, &failure));
  return node;
}

static void
set_iterations (RillComputeNode *node,
                guint32          n)
{
  g_autoptr (GBytes) push = g_bytes_new (&n, sizeof (n));

  assert_succeeds (rill_compute_node_set_push_constants (node, push, &failure));
}

static gint64
measure (Fixture         *fixture,
         RillComputeNode *node)
{
  g_autoptr (RillCommandBuffer) command_buffer = rill_test_command_buffer_new (fixture->session);
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (GError) error = NULL;
  gint64 ns;

  assert_succeeds (rill_command_buffer_begin_duration (command_buffer, duration, &failure));
  rill_test_dispatch (command_buffer, node);
  assert_succeeds (rill_command_buffer_end_duration (command_buffer, duration, &failure));
  rill_test_run (command_buffer);
  ns = rill_duration_get_nanoseconds (duration, &error);
  g_assert_no_error (error);
  return ns;
}

/* A node that keeps this device, whatever it is, busy for about so long. */
static RillComputeNode *
create_slow (Fixture    *fixture,
             RillBuffer *buffer,
             guint       milliseconds)
{
  RillComputeNode *node = rill_test_node_new (fixture->session, slow_shader);
  guint32 n = 64;
  gint64 ns;

  rill_test_bind (node, "a", buffer);
  assert_succeeds (rill_compute_node_set_global_size (
    node, (guint) (rill_resource_get_size (RILL_RESOURCE (buffer)) / 4), 1, 1, &failure));
  do
    {
      n *= 4;
      set_iterations (node, n);
      ns = measure (fixture, node);
    }
  while (ns < 2000000 && n < G_MAXUINT32 / 4);
  set_iterations (node,
                  (guint32) MIN (milliseconds * 1e6 / (gdouble) MAX (ns, 1) * n, G_MAXUINT32));
  return node;
}

static RillBuffer *
create_zeros (Fixture *fixture,
              gsize    n)
{
  g_autofree guint32 *zeros = g_new0 (guint32, n);

  return rill_test_data_buffer_new (fixture->memory, zeros, n * 4);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  rill_test_run (fixture->command_buffer);
  rill_test_run (fixture->command_buffer);
  assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
  rill_test_run (fixture->command_buffer);
  assert_succeeds (rill_command_buffer_barrier (fixture->command_buffer, &failure));
  rill_test_run (fixture->command_buffer);
  g_assert_true (rill_command_buffer_get_session (fixture->command_buffer) == fixture->session);
}

static void
test_rerun (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);

  rill_test_dispatch (fixture->command_buffer, node);
  for (guint i = 1; i <= 5; i++)
    {
      rill_test_run (fixture->command_buffer);
      g_assert_cmpuint (rill_test_read_uint (buffer, 99), ==, i);
    }
  /* Commands come after those that there are. */
  rill_test_dispatch (fixture->command_buffer, node);
  rill_test_run (fixture->command_buffer);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 7);

  assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
  rill_test_run (fixture->command_buffer);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 7);
  rill_test_dispatch (fixture->command_buffer, node);
  rill_test_run (fixture->command_buffer);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 8);
}

/* A long chain in which every dispatch depends on the one before, by reading and by writing. */
static void
test_chain (Fixture       *fixture,
            gconstpointer  data)
{
  enum { N = 10000, STEPS = 100 };
  g_autoptr (RillBuffer) a = NULL;
  g_autoptr (RillBuffer) b = create_zeros (fixture, N);
  g_autoptr (RillComputeNode) forth = rill_test_node_new (fixture->session, reverse_shader);
  g_autoptr (RillComputeNode) back = rill_test_node_new (fixture->session, reverse_shader);
  g_autoptr (RillComputeNode) step = NULL;
  g_autofree guint32 *values = g_new (guint32, N);

  for (guint i = 0; i < N; i++)
    values[i] = i * 7;
  a = rill_test_data_buffer_new (fixture->memory, values, N * 4);
  step = create_step (fixture, a);
  rill_test_bind (forth, "a", a);
  rill_test_bind (forth, "b", b);
  rill_test_bind (back, "a", b);
  rill_test_bind (back, "b", a);
  assert_succeeds (rill_compute_node_set_global_size (forth, N, 1, 1, &failure));
  assert_succeeds (rill_compute_node_set_global_size (back, N, 1, 1, &failure));
  for (guint i = 0; i < STEPS; i++)
    {
      rill_test_dispatch (fixture->command_buffer, forth);
      rill_test_dispatch (fixture->command_buffer, back);
      rill_test_dispatch (fixture->command_buffer, step);
    }
  rill_test_run (fixture->command_buffer);
  rill_test_run (fixture->command_buffer);

  rill_test_read (a, values, N * 4);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (values[i], ==, i * 7 + 6 * STEPS);
}

/* Copies, fills and dispatches in one recording, each of which needs the one before. */
static void
test_transfers (Fixture       *fixture,
                gconstpointer  data)
{
  enum { N = 256 };
  g_autoptr (RillBuffer) a = rill_test_buffer_new (fixture->memory, N * 4);
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, N * 4);
  g_autoptr (RillComputeNode) step = create_step (fixture, a);
  RillCommandBuffer *command_buffer = fixture->command_buffer;
  guint32 values[N];

  assert_succeeds (rill_command_buffer_fill_buffer (command_buffer, a, 0, -1, 0, &failure));
  rill_test_dispatch (command_buffer, step);
  assert_succeeds (rill_command_buffer_copy_buffer (command_buffer, a, 0, b, 0, -1, &failure));
  assert_succeeds (rill_command_buffer_fill_buffer (command_buffer, a, 0, N * 2, 0x11, &failure));
  rill_test_dispatch (command_buffer, step);
  assert_succeeds (
    rill_command_buffer_copy_buffer (command_buffer, a, 0, b, N * 2, N * 2, &failure));
  assert_succeeds (rill_command_buffer_copy_buffer (command_buffer, b, 0, b, 64, 64, &failure));
  assert_succeeds (rill_command_buffer_fill_buffer (command_buffer, b, 4, 4, 0xff, &failure));
  /* Nothing, within the bounds, is nothing to do. */
  assert_succeeds (
    rill_command_buffer_copy_buffer (command_buffer, a, N * 4, b, N * 4, -1, &failure));
  assert_succeeds (rill_command_buffer_fill_buffer (command_buffer, a, N * 4, 0, 1, &failure));
  rill_test_run (command_buffer);

  rill_test_read (b, values, sizeof (values));
  for (guint i = 0; i < N; i++)
    g_assert_cmphex (values[i], ==, i == 1 ? 0xffffffff : i < N / 2 ? 1 : 0x11111112);
  rill_test_read (a, values, sizeof (values));
  for (guint i = 0; i < N; i++)
    g_assert_cmphex (values[i], ==, i < N / 2 ? 0x11111112 : 2);
}

static void
test_transfer_errors (Fixture       *fixture,
                      gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) a = rill_test_buffer_new (fixture->memory, 64);
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, 32);
  g_autoptr (RillBuffer) storage
    = rill_memory_create_buffer (fixture->memory, 64, RILL_BUFFER_USAGE_STORAGE, NULL);

  assert_fails (rill_command_buffer_copy_buffer (c, a, 65, b, 0, -1, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "65");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, b, 0, -1, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "64");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, b, 0, 33, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "33");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, b, 0, -2, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "-2");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, a, 16, 17, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "overlap");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 16, a, 0, 17, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "overlap");
  assert_fails (rill_command_buffer_copy_buffer (c, storage, 0, b, 0, 8, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "was created for");
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, storage, 0, 8, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "was created for");
  assert_fails (rill_command_buffer_fill_buffer (c, a, 2, 4, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "multiples of 4");
  assert_fails (rill_command_buffer_fill_buffer (c, a, 0, 3, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "multiples of 4");
  assert_fails (rill_command_buffer_fill_buffer (c, a, 0, 68, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "68");
  assert_fails (rill_command_buffer_fill_buffer (c, storage, 0, 8, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "was created for");
  rill_resource_close (RILL_RESOURCE (b));
  assert_fails (rill_command_buffer_copy_buffer (c, a, 0, b, 0, 8, &failure), G_IO_ERROR_CLOSED,
                "closed");
  assert_fails (rill_command_buffer_fill_buffer (c, b, 0, 8, 0, &failure), G_IO_ERROR_CLOSED,
                "closed");

  /* None of that was recorded. */
  assert_succeeds (rill_command_buffer_fill_buffer (c, a, 0, 8, 1, &failure));
  rill_test_run (c);
  g_assert_cmphex (rill_test_read_uint (a, 0), ==, 0x01010101);
}

static void
test_images (Fixture       *fixture,
             gconstpointer  data)
{
  enum { W = 5, H = 3 };
  const guint shape[] = { H, W, 4 };
  RillCommandBuffer *c = fixture->command_buffer;
  guint8 texels[H * W * 4], result[H * W * 4];
  g_autoptr (RillImage) a =
    rill_test_image_new (fixture->memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) b =
    rill_test_image_new (fixture->memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillBuffer) from = NULL;
  g_autoptr (RillBuffer) to = rill_test_buffer_new (fixture->memory, 4 + sizeof (texels));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < sizeof (texels); i++)
    texels[i] = (guint8) (i + 1);
  from = rill_test_data_buffer_new (fixture->memory, texels, sizeof (texels));
  assert_succeeds (rill_command_buffer_clear_image (c, a, &failure));
  assert_succeeds (rill_command_buffer_copy_buffer_to_image (c, from, 0, a, &failure));
  assert_succeeds (rill_command_buffer_copy_image (c, a, b, &failure));
  assert_succeeds (rill_command_buffer_copy_image_to_buffer (c, b, to, 4, &failure));
  assert_succeeds (rill_command_buffer_clear_image (c, b, &failure));
  rill_test_run (c);

  assert_succeeds (rill_buffer_read_data (to, 4, result, sizeof (result), NULL, &failure));
  g_assert_cmpmem (result, sizeof (result), texels, sizeof (texels));
  bytes = rill_image_read_bytes (a, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), texels,
                   sizeof (texels));
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = rill_image_read_bytes (b, NULL, &error);
  g_assert_no_error (error);
  memset (texels, 0, sizeof (texels));
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), texels,
                   sizeof (texels));
}

static void
test_image_errors (Fixture       *fixture,
                   gconstpointer  data)
{
  const guint shape[] = { 3, 5, 4 }, wide[] = { 3, 6, 4 };
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillImage) a =
    rill_test_image_new (fixture->memory, shape, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) b = rill_test_image_new (fixture->memory, wide, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) signed_image
    = rill_test_image_new (fixture->memory, shape, 3, RILL_CHANNEL_TYPE_INT8);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 64);

  assert_fails (rill_command_buffer_copy_image (c, a, a, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "itself");
  assert_fails (rill_command_buffer_copy_image (c, a, b, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "6 × 3");
  assert_fails (rill_command_buffer_copy_image (c, a, signed_image, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "INT8");
  assert_fails (rill_command_buffer_copy_buffer_to_image (c, buffer, 8, a, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "60 bytes at offset 8");
  assert_fails (rill_command_buffer_copy_buffer_to_image (c, buffer, 2, a, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "4 bytes of a texel");
  assert_fails (rill_command_buffer_copy_image_to_buffer (c, b, buffer, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "72 bytes");
  assert_fails (
    rill_command_buffer_change_image_layout (c, a, RILL_IMAGE_LAYOUT_UNDEFINED, &failure),
    G_IO_ERROR_INVALID_ARGUMENT, "");
  assert_fails (rill_command_buffer_change_image_layout (
                  c, a, RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "");
  rill_resource_close (RILL_RESOURCE (b));
  assert_fails (rill_command_buffer_clear_image (c, b, &failure), G_IO_ERROR_CLOSED, "closed");
  assert_fails (rill_command_buffer_copy_image_to_buffer (c, b, buffer, 0, &failure),
                G_IO_ERROR_CLOSED, "closed");
  assert_fails (rill_command_buffer_change_image_layout (c, b, RILL_IMAGE_LAYOUT_GENERAL, &failure),
                G_IO_ERROR_CLOSED, "closed");
}

static void
test_image_layout (Fixture       *fixture,
                   gconstpointer  data)
{
  const guint shape[] = { 4, 4 };
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillImage) image =
    rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) other =
    rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT8);

  assert_succeeds (rill_command_buffer_change_image_layout (
    c, image, RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &failure));
  assert_succeeds (rill_command_buffer_change_image_layout (
    c, image, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, &failure));
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_GENERAL);
  rill_test_run (c);
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);

  /* Commands after it work, and others leave the layout alone. */
  assert_succeeds (rill_command_buffer_clear_image (c, image, &failure));
  rill_test_run (c);
  assert_succeeds (rill_command_buffer_reset (c, &failure));
  assert_succeeds (rill_command_buffer_copy_image (c, image, other, &failure));
  rill_test_run (c);
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
  g_assert_cmpint (rill_image_get_layout (other), ==, RILL_IMAGE_LAYOUT_GENERAL);
}

/* Dispatches of storage and sampled images between transfers. */
static void
test_image_dispatches (Fixture       *fixture,
                       gconstpointer  data)
{
  enum { N = 16 };
  const guint shape[] = { N, N };
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillComputeNode) add = rill_test_node_new (
    fixture->session, GLSL ("layout (binding = 0, r32ui) uniform uimage2D image;\n"
                            "void main ()\n"
                            "{\n"
                            "  ivec2 at = ivec2 (gl_WorkGroupID.xy);\n"
                            "  imageStore (image, at, imageLoad (image, at) + 1u);\n"
                            "}\n"));
  g_autoptr (RillComputeNode) sample = rill_test_node_new (
    fixture->session, GLSL ("layout (binding = 0) uniform usampler2D image;\n"
                            "layout (binding = 1) buffer Out { uint data[]; };\n"
                            "void main ()\n"
                            "{\n"
                            "  ivec2 at = ivec2 (gl_WorkGroupID.xy);\n"
                            "  data[at.y * 16 + at.x] += texelFetch (image, at, 0).x;\n"
                            "}\n"));
  g_autoptr (RillImage) image =
    rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT32);
  g_autoptr (RillImageView) view = rill_image_create_view (
    image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, TRUE, NULL);
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, N * N);
  guint32 values[N * N];

  rill_test_bind (add, "image", image);
  rill_test_bind (sample, "image", view);
  rill_test_bind (sample, "Out", buffer);
  assert_succeeds (rill_compute_node_set_grid_size (add, N, N, 1, &failure));
  assert_succeeds (rill_compute_node_set_grid_size (sample, N, N, 1, &failure));
  assert_succeeds (rill_command_buffer_clear_image (c, image, &failure));
  for (guint i = 0; i < 4; i++)
    {
      rill_test_dispatch (c, add);
      rill_test_dispatch (c, sample);
    }
  rill_test_run (c);
  rill_test_read (buffer, values, sizeof (values));
  for (guint i = 0; i < N * N; i++)
    g_assert_cmpuint (values[i], ==, 1 + 2 + 3 + 4);

  rill_image_view_close (view);
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_CLOSED, "view is closed");
}

/* Many bindings: more descriptor sets than one pool has. */
static void
test_many_sets (Fixture       *fixture,
                gconstpointer  data)
{
  enum { N = 300 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, step_shader);
  g_autoptr (GPtrArray) buffers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N; i++)
    g_ptr_array_add (buffers, create_zeros (fixture, 1));
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < N; i++)
        {
          rill_test_bind (node, "a", g_ptr_array_index (buffers, i));
          rill_test_dispatch (fixture->command_buffer, node);
        }
      rill_test_run (fixture->command_buffer);
      for (guint i = 0; i < N; i++)
        g_assert_cmpuint (rill_test_read_uint (g_ptr_array_index (buffers, i), 0), ==, round + 1);
      assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
    }
}

/* A reference of everything is held until reset. */
static void
test_holds (Fixture       *fixture,
            gconstpointer  data)
{
  RillBuffer *buffer = create_zeros (fixture, 1);
  RillBuffer *copy = create_zeros (fixture, 1);
  RillComputeNode *node = create_step (fixture, buffer);
  RillDuration *duration = rill_session_create_duration (fixture->session, NULL);
  guint32 value;

  assert_succeeds (
    rill_command_buffer_begin_duration (fixture->command_buffer, duration, &failure));
  rill_test_dispatch (fixture->command_buffer, node);
  assert_succeeds (rill_command_buffer_end_duration (fixture->command_buffer, duration, &failure));
  assert_succeeds (
    rill_command_buffer_copy_buffer (fixture->command_buffer, buffer, 0, copy, 0, -1, &failure));
  g_object_unref (node);
  g_object_unref (duration);
  g_object_unref (buffer);
  rill_test_run (fixture->command_buffer);
  value = rill_test_read_uint (copy, 0);
  g_assert_cmpuint (value, ==, 1);

  g_object_add_weak_pointer (G_OBJECT (buffer), (gpointer *) &buffer);
  g_object_add_weak_pointer (G_OBJECT (node), (gpointer *) &node);
  g_object_add_weak_pointer (G_OBJECT (duration), (gpointer *) &duration);
  assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
  g_assert_null (buffer);
  g_assert_null (node);
  g_assert_null (duration);
  g_assert_finalize_object (copy);
}

static void
test_closed_resource (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (RillBuffer) a = create_zeros (fixture, 1);
  g_autoptr (RillBuffer) b = create_zeros (fixture, 1);

  rill_resource_set_name (RILL_RESOURCE (b), "second");
  assert_succeeds (
    rill_command_buffer_fill_buffer (fixture->command_buffer, a, 0, -1, 1, &failure));
  assert_succeeds (
    rill_command_buffer_fill_buffer (fixture->command_buffer, b, 0, -1, 1, &failure));
  rill_resource_close (RILL_RESOURCE (b));
  assert_fails (rill_command_buffer_run (fixture->command_buffer, NULL, &failure),
                G_IO_ERROR_CLOSED, "“second”");
  g_assert_cmphex (rill_test_read_uint (a, 0), ==, 0);

  /* The command buffer itself is as good as before. */
  assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
  assert_succeeds (
    rill_command_buffer_fill_buffer (fixture->command_buffer, a, 0, -1, 1, &failure));
  rill_test_run (fixture->command_buffer);
  g_assert_cmphex (rill_test_read_uint (a, 0), ==, 0x01010101);
}

static void
test_foreign (Fixture       *fixture,
              gconstpointer  data)
{
  const guint shape[] = { 4 };
  RillCommandBuffer *c = fixture->command_buffer;
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillMemory) memory = rill_test_device_memory_new (session);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (memory, 16);
  g_autoptr (RillBuffer) own = rill_test_buffer_new (fixture->memory, 16);
  g_autoptr (RillImage) image = rill_test_image_new (memory, shape, 1, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillDuration) duration = rill_session_create_duration (session, NULL);

  assert_fails (rill_command_buffer_copy_buffer (c, buffer, 0, own, 0, -1, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "another session");
  assert_fails (rill_command_buffer_copy_buffer (c, own, 0, buffer, 0, -1, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "another session");
  assert_fails (rill_command_buffer_fill_buffer (c, buffer, 0, -1, 0, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "another session");
  assert_fails (rill_command_buffer_clear_image (c, image, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "another session");
  assert_fails (
    rill_command_buffer_change_image_layout (c, image, RILL_IMAGE_LAYOUT_GENERAL, &failure),
    G_IO_ERROR_INVALID_ARGUMENT, "another session");
  assert_fails (rill_command_buffer_begin_duration (c, duration, &failure),
                G_IO_ERROR_INVALID_ARGUMENT, "another session");

  g_clear_object (&duration);
  g_clear_object (&image);
  g_clear_object (&buffer);
  g_clear_object (&memory);
  rill_test_session_end (session);
}

static void
test_mapped (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (RillMemory) memory = rill_session_create_memory (
    fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE | RILL_MEMORY_PROPERTY_HOST_COHERENT,
    1 << 20, FALSE, NULL);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (memory, 1024);
  g_autoptr (RillMapping) mapping = NULL;
  g_autoptr (GError) error = NULL;
  guint32 *words;

  assert_succeeds (
    rill_command_buffer_fill_buffer (fixture->command_buffer, buffer, 0, 512, 7, &failure));
  mapping = rill_buffer_map_range (buffer, RILL_MAP_READ, 256, 256, &error);
  g_assert_no_error (error);
  assert_fails (rill_command_buffer_run (fixture->command_buffer, NULL, &failure), G_IO_ERROR_BUSY,
                "mapped");
  rill_mapping_close (mapping);
  g_clear_object (&mapping);
  /* Elsewhere it does not matter. */
  mapping = rill_buffer_map_range (buffer, RILL_MAP_WRITE, 512, 512, &error);
  g_assert_no_error (error);
  rill_test_run (fixture->command_buffer);
  rill_mapping_close (mapping);
  g_clear_object (&mapping);

  mapping = rill_buffer_map (buffer, RILL_MAP_READ, &error);
  g_assert_no_error (error);
  words = (guint32 *) rill_mapping_get_address (mapping, &error);
  g_assert_no_error (error);
  g_assert_cmphex (words[0], ==, 0x07070707);
  g_assert_cmphex (words[127], ==, 0x07070707);
  rill_mapping_close (mapping);
}

static void
test_duration (Fixture       *fixture,
               gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 4096);
  g_autoptr (RillComputeNode) slow = create_slow (fixture, buffer, 20);
  g_autoptr (RillComputeNode) fast = create_slow (fixture, buffer, 1);
  g_autoptr (RillDuration) all = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (RillDuration) part = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (GError) error = NULL;
  gint64 all_ns, part_ns, start, elapsed;

  g_assert_true (rill_duration_get_session (all) == fixture->session);
  assert_fails (rill_duration_get_nanoseconds (all, &failure) >= 0, G_IO_ERROR_NOT_INITIALIZED,
                "not been measured");
  assert_succeeds (rill_command_buffer_begin_duration (c, all, &failure));
  assert_fails (rill_command_buffer_begin_duration (c, all, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "already begun");
  assert_fails (rill_command_buffer_end_duration (c, part, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "not begun");
  rill_test_dispatch (c, slow);
  assert_succeeds (rill_command_buffer_begin_duration (c, part, &failure));
  rill_test_dispatch (c, fast);
  assert_succeeds (rill_command_buffer_end_duration (c, part, &failure));
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_INVALID_ARGUMENT,
                "not ended");
  assert_succeeds (rill_command_buffer_end_duration (c, all, &failure));
  assert_fails (rill_duration_get_nanoseconds (all, &failure) >= 0, G_IO_ERROR_NOT_INITIALIZED,
                "not been measured");

  for (guint i = 0; i < 3; i++)
    {
      start = g_get_monotonic_time ();
      rill_test_run (c);
      elapsed = g_get_monotonic_time () - start;
      all_ns = rill_duration_get_nanoseconds (all, &error);
      g_assert_no_error (error);
      part_ns = rill_duration_get_nanoseconds (part, &error);
      g_assert_no_error (error);
      g_assert_cmpint (part_ns, >, 0);
      g_assert_cmpint (all_ns, >, part_ns);
      g_assert_cmpint (all_ns, <=, elapsed * 1000 + 1000000);
    }

  rill_duration_close (all);
  rill_duration_close (all);
  g_assert_true (rill_duration_get_closed (all));
  assert_fails (rill_duration_get_nanoseconds (all, &failure) >= 0, G_IO_ERROR_CLOSED, "closed");
  rill_test_run (c);
  assert_succeeds (rill_command_buffer_reset (c, &failure));
  assert_fails (rill_command_buffer_begin_duration (c, all, &failure), G_IO_ERROR_CLOSED, "closed");
}

static void
test_duration_ticks (Fixture       *fixture,
                     gconstpointer  data)
{
  const guint64 ticks[2] = { 100, 350 }, wrapped[2] = { (1ULL << 36) - 10, 15 },
                full[2] = { G_MAXUINT64, 9 }, dirty[2] = { 7ULL << 36 | 100, 350 };

  g_assert_cmpint (rill_timestamps_to_nanoseconds (ticks, 64, 1.0), ==, 250);
  g_assert_cmpint (rill_timestamps_to_nanoseconds (ticks, 36, 52.08), ==, 13020);
  g_assert_cmpint (rill_timestamps_to_nanoseconds (ticks, 64, 0.5), ==, 125);
  g_assert_cmpint (rill_timestamps_to_nanoseconds (wrapped, 36, 1.0), ==, 25);
  g_assert_cmpint (rill_timestamps_to_nanoseconds (full, 64, 1.0), ==, 10);
  g_assert_cmpint (rill_timestamps_to_nanoseconds (dirty, 36, 1.0), ==, 250);
}

/* One duration in several places: the last one counts. */
static void
test_duration_again (Fixture       *fixture,
                     gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 64);
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      assert_succeeds (rill_command_buffer_begin_duration (c, duration, &failure));
      assert_succeeds (rill_command_buffer_fill_buffer (c, buffer, 0, -1, 1, &failure));
      assert_succeeds (rill_command_buffer_end_duration (c, duration, &failure));
    }
  rill_test_run (c);
  g_assert_cmpint (rill_duration_get_nanoseconds (duration, &error), >=, 0);
  g_assert_no_error (error);
}

typedef struct
{
  Fixture *fixture;
  RillBuffer *buffer;
} Runner;

static gpointer
run_thread (gpointer data)
{
  Runner *runner = data;
  g_autoptr (RillComputeNode) node = create_step (runner->fixture, runner->buffer);
  g_autoptr (RillCommandBuffer) command_buffer =
    rill_test_command_buffer_new (runner->fixture->session);

  rill_test_dispatch (command_buffer, node);
  rill_test_dispatch (command_buffer, node);
  for (guint i = 0; i < 50; i++)
    rill_test_run (command_buffer);
  return NULL;
}

/* Several threads, each with a command buffer of its own, write the same buffer. */
static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 1000);
  Runner runner = { fixture, buffer };
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("run", run_thread, &runner);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 300);
  g_assert_cmpuint (rill_test_read_uint (buffer, 999), ==, 300);
}

static gpointer
share_thread (gpointer data)
{
  Runner *runner = data;
  guint n_done = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean done = i % 8 == 7
                        ? rill_command_buffer_barrier (runner->fixture->command_buffer, &error)
                        : rill_command_buffer_run (runner->fixture->command_buffer, NULL, &error);

      g_assert_true (done == (error == NULL));
      if (error != NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      else if (i % 8 != 7)
        n_done++;
    }
  return GUINT_TO_POINTER (n_done);
}

/* One command buffer for several threads: a run is a run, or BUSY. */
static void
test_threads_shared (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  Runner runner = { fixture, buffer };
  GThread *threads[3];
  guint n_done = 0;

  rill_test_dispatch (fixture->command_buffer, node);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("run", share_thread, &runner);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    n_done += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  g_assert_cmpuint (n_done, >, 0);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, n_done);
}

static void
assert_run_result (RillTestAsync     *async,
                   RillCommandBuffer *command_buffer,
                   GError           **error)
{
  g_autoptr (GAsyncResult) result = rill_test_wait (async);
  gboolean done = rill_command_buffer_run_finish (command_buffer, result, error);

  g_assert_true (done == (*error == NULL));
}

static void
test_async (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 4096);
  g_autoptr (RillComputeNode) node = create_slow (fixture, buffer, 20);
  g_autoptr (RillComputeNode) step = create_step (fixture, buffer);
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  RillTestAsync async = { NULL };
  g_autoptr (GError) error = NULL;
  guint32 first;

  /* Nothing recorded. */
  rill_command_buffer_run_async (fixture->command_buffer, NULL, rill_test_async_cb, &async);
  g_assert_null (async.result);
  assert_run_result (&async, fixture->command_buffer, &error);
  g_assert_no_error (error);

  assert_succeeds (
    rill_command_buffer_begin_duration (fixture->command_buffer, duration, &failure));
  rill_command_buffer_run_async (fixture->command_buffer, NULL, rill_test_async_cb, &async);
  assert_run_result (&async, fixture->command_buffer, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  assert_succeeds (rill_command_buffer_end_duration (fixture->command_buffer, duration, &failure));

  rill_test_dispatch (fixture->command_buffer, node);
  rill_test_dispatch (fixture->command_buffer, step);
  rill_command_buffer_run_async (fixture->command_buffer, NULL, rill_test_async_cb, &async);
  g_assert_null (async.result);
  assert_run_result (&async, fixture->command_buffer, &error);
  g_assert_no_error (error);
  first = rill_test_read_uint (buffer, 0);
  g_assert_cmpint (rill_duration_get_nanoseconds (duration, &error), >=, 0);
  g_assert_no_error (error);

  /* Later calls come after it without waiting for the callback. */
  rill_command_buffer_run_async (fixture->command_buffer, NULL, rill_test_async_cb, &async);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, first);
  assert_run_result (&async, fixture->command_buffer, &error);
  g_assert_no_error (error);
}

static void
test_async_busy (Fixture       *fixture,
                 gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL }, second = { NULL };
  RillTestGate *gate;

  assert_succeeds (rill_command_buffer_begin_duration (c, duration, &failure));
  rill_test_dispatch (c, node);
  assert_succeeds (rill_command_buffer_end_duration (c, duration, &failure));
  gate = rill_test_gate_new (fixture->session);
  rill_command_buffer_run_async (c, NULL, rill_test_async_cb, &async);
  rill_command_buffer_run_async (c, NULL, rill_test_async_cb, &second);
  assert_fails (rill_duration_get_nanoseconds (duration, &failure) >= 0, G_IO_ERROR_BUSY,
                "being measured");
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_BUSY, "running");
  assert_fails (rill_command_buffer_barrier (c, &failure), G_IO_ERROR_BUSY, "running");
  assert_fails (rill_command_buffer_reset (c, &failure), G_IO_ERROR_BUSY, "running");
  assert_run_result (&second, c, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_null (async.result);

  rill_test_gate_open (gate);
  assert_run_result (&async, c, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rill_duration_get_nanoseconds (duration, &error), >=, 0);
  g_assert_no_error (error);
  rill_test_run (c);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 2);
  rill_test_gate_free (gate);
}

/* The wait ends, the work goes on. */
static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL };
  RillTestGate *gate = rill_test_gate_new (fixture->session);

  rill_test_dispatch (c, node);
  rill_command_buffer_run_async (c, cancellable, rill_test_async_cb, &async);
  rill_test_iterate ();
  g_assert_null (async.result);
  g_cancellable_cancel (cancellable);
  assert_run_result (&async, c, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_BUSY, "running");
  assert_fails (rill_command_buffer_run (c, cancellable, &failure), G_IO_ERROR_CANCELLED, "");
  rill_test_gate_open (gate);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 1); /* waits for the work */
  rill_test_run (c);

  /* What is cancelled before it begins does not. */
  rill_command_buffer_run_async (c, cancellable, rill_test_async_cb, &async);
  assert_run_result (&async, c, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 2);
  rill_test_gate_free (gate);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (5000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel_sync (Fixture       *fixture,
                  gconstpointer  data)
{
  RillCommandBuffer *c = fixture->command_buffer;
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestGate *gate = rill_test_gate_new (fixture->session);
  GThread *thread;

  rill_test_dispatch (c, node);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  assert_fails (rill_command_buffer_run (c, cancellable, &failure), G_IO_ERROR_CANCELLED, "");
  g_thread_join (thread);
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_BUSY, "running");
  rill_test_gate_open (gate);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 1);
  rill_test_run (c);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 2);
  rill_test_gate_free (gate);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  rill_buffer_write_bytes_finish (RILL_BUFFER (source), result, &error);
  if (user_data == NULL)
    g_assert_no_error (error);
}

/* Queued transfers come first, whatever comes later waits for the run. */
static void
test_async_after_transfers (Fixture       *fixture,
                            gconstpointer  data)
{
  enum { N = 1 << 20, N_BUFFERS = 5 };
  RillCommandBuffer *c = fixture->command_buffer;
  g_autofree guint32 *values = g_new (guint32, N);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  RillBuffer *buffers[N_BUFFERS];
  RillTestAsync async = { NULL };

  for (guint i = 0; i < N; i++)
    values[i] = i;
  bytes = g_bytes_new (values, N * 4);
  for (guint i = 0; i < N_BUFFERS; i++)
    buffers[i] = create_zeros (fixture, N);
  for (guint i = 1; i < N_BUFFERS; i++)
    assert_succeeds (
      rill_command_buffer_copy_buffer (c, buffers[0], 0, buffers[i], 0, -1, &failure));

  for (guint i = 0; i < 3; i++)
    {
      rill_buffer_write_bytes_async (buffers[0], 0, bytes, NULL, written_cb, NULL);
      rill_command_buffer_run_async (c, NULL, rill_test_async_cb, &async);
      for (guint j = N_BUFFERS - 1; j > 0; j--)
        {
          g_assert_cmpuint (rill_test_read_uint (buffers[j], N - 1), ==, N - 1);
          assert_succeeds (rill_buffer_fill (buffers[j], 0, -1, 0, NULL, &failure));
        }
      assert_run_result (&async, c, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < N_BUFFERS; i++)
    g_object_unref (buffers[i]);
}

/* Without iterating the main loop in between: the session ends what has not begun. */
static void
test_async_session_close (Fixture       *fixture,
                          gconstpointer  data)
{
  enum { N = 1 << 20 };
  RillCommandBuffer *c = fixture->command_buffer;
  g_autofree guint32 *values = g_new0 (guint32, N);
  g_autoptr (GBytes) bytes = g_bytes_new (values, N * 4);
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, N);
  g_autoptr (RillBuffer) other = create_zeros (fixture, N);
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL };

  assert_succeeds (rill_command_buffer_copy_buffer (c, buffer, 0, other, 0, -1, &failure));
  for (guint i = 0; i < 20; i++)
    rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, written_cb, (gpointer) 1);
  rill_command_buffer_run_async (c, NULL, rill_test_async_cb, &async);
  rill_session_close (fixture->session);
  assert_run_result (&async, c, &error);
  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_CLOSED, "closed");
  rill_test_iterate ();
}

/* Closing while the device works: what it uses lives until it is done. */
static void
test_close_running (Fixture       *fixture,
                    gconstpointer  data)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (RillCommandBuffer) command_buffer
        = rill_test_command_buffer_new (fixture->session);
      g_autoptr (RillBuffer) buffer = create_zeros (fixture, 100);
      g_autoptr (RillBuffer) copy = create_zeros (fixture, 100);
      g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
      g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
      g_autoptr (GError) error = NULL;
      RillTestAsync async = { NULL };
      RillTestGate *gate = rill_test_gate_new (fixture->session);

      assert_succeeds (rill_command_buffer_begin_duration (command_buffer, duration, &failure));
      rill_test_dispatch (command_buffer, node);
      assert_succeeds (rill_command_buffer_end_duration (command_buffer, duration, &failure));
      assert_succeeds (
        rill_command_buffer_copy_buffer (command_buffer, buffer, 0, copy, 0, -1, &failure));
      rill_command_buffer_run_async (command_buffer, NULL, rill_test_async_cb, &async);
      rill_command_buffer_close (command_buffer);
      rill_compute_node_close (node);
      rill_duration_close (duration);
      if (i % 2 == 0)
        rill_resource_close (RILL_RESOURCE (buffer));
      g_assert_true (rill_command_buffer_get_closed (command_buffer));
      rill_test_gate_open (gate);
      assert_run_result (&async, command_buffer, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rill_test_read_uint (copy, 99), ==, 1);
      assert_fails (rill_command_buffer_barrier (command_buffer, &failure), G_IO_ERROR_CLOSED,
                    "closed");
      assert_fails (rill_command_buffer_run (command_buffer, NULL, &failure), G_IO_ERROR_CLOSED,
                    "closed");
      rill_test_gate_free (gate);
    }
}

/* Dropped while the device works, with nobody to wait. */
static void
test_drop_running (Fixture       *fixture,
                   gconstpointer  data)
{
  RillCommandBuffer *command_buffer = rill_test_command_buffer_new (fixture->session);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillBuffer *buffer = create_zeros (fixture, 100);
  g_autoptr (RillBuffer) copy = create_zeros (fixture, 100);
  RillComputeNode *node = create_step (fixture, buffer);
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL };
  RillTestGate *gate = rill_test_gate_new (fixture->session);

  rill_test_dispatch (command_buffer, node);
  assert_succeeds (
    rill_command_buffer_copy_buffer (command_buffer, buffer, 0, copy, 0, -1, &failure));
  g_object_unref (node);
  g_object_unref (buffer);
  rill_command_buffer_run_async (command_buffer, cancellable, rill_test_async_cb, &async);
  g_cancellable_cancel (cancellable);
  assert_run_result (&async, command_buffer, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_object_unref (command_buffer);
  rill_test_gate_open (gate);
  g_assert_cmpuint (rill_test_read_uint (copy, 99), ==, 1);
  rill_test_gate_free (gate);
}

static void
test_uninitialized (Fixture       *fixture,
                    gconstpointer  data)
{
  RillCommandBuffer *c = g_object_new (RILL_TYPE_COMMAND_BUFFER, NULL);
  RillDuration *duration = g_object_new (RILL_TYPE_DURATION, NULL);
  gpointer image = g_object_new (RILL_TYPE_IMAGE, NULL);
  gpointer buffer = g_object_new (RILL_TYPE_BUFFER, NULL);
  gpointer node = g_object_new (RILL_TYPE_COMPUTE_NODE, NULL);
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL };

  g_assert_null (rill_command_buffer_get_session (c));
  g_assert_false (rill_command_buffer_get_closed (c));
  rill_command_buffer_close (c);
  for (guint i = 0; i < 2; i++)
    {
      RillCommandBuffer *self = i == 0 ? c : fixture->command_buffer;

      assert_fails (rill_command_buffer_dispatch (self, node, &failure), G_IO_ERROR_NOT_INITIALIZED,
                    "");
      assert_fails (rill_command_buffer_copy_buffer (self, buffer, 0, buffer, 0, -1, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_fill_buffer (self, buffer, 0, -1, 0, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_copy_image (self, image, image, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_copy_buffer_to_image (self, buffer, 0, image, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_copy_image_to_buffer (self, image, buffer, 0, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_clear_image (self, image, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (
        rill_command_buffer_change_image_layout (self, image, RILL_IMAGE_LAYOUT_GENERAL, &failure),
        G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_begin_duration (self, duration, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
      assert_fails (rill_command_buffer_end_duration (self, duration, &failure),
                    G_IO_ERROR_NOT_INITIALIZED, "");
    }
  assert_fails (rill_command_buffer_barrier (c, &failure), G_IO_ERROR_NOT_INITIALIZED,
                "RillCommandBuffer");
  assert_fails (rill_command_buffer_reset (c, &failure), G_IO_ERROR_NOT_INITIALIZED,
                "RillCommandBuffer");
  assert_fails (rill_command_buffer_run (c, NULL, &failure), G_IO_ERROR_NOT_INITIALIZED,
                "RillCommandBuffer");
  rill_command_buffer_run_async (c, NULL, rill_test_async_cb, &async);
  assert_run_result (&async, c, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);

  g_assert_null (rill_duration_get_session (duration));
  g_assert_false (rill_duration_get_closed (duration));
  assert_fails (rill_duration_get_nanoseconds (duration, &failure) >= 0, G_IO_ERROR_NOT_INITIALIZED,
                "RillDuration");
  rill_duration_close (duration);
  g_assert_finalize_object (duration);
  g_assert_finalize_object (image);
  g_assert_finalize_object (buffer);
  g_assert_finalize_object (node);
  g_assert_finalize_object (c);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  (*(guint *) user_data)++;
}

static void
test_session_close (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  guint n_notified = 0;

  g_signal_connect (fixture->command_buffer, "notify::closed", G_CALLBACK (count_cb), &n_notified);
  g_signal_connect (duration, "notify::closed", G_CALLBACK (count_cb), &n_notified);
  rill_session_close (fixture->session);
  rill_test_iterate ();
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_true (rill_command_buffer_get_closed (fixture->command_buffer));
  g_assert_true (rill_duration_get_closed (duration));
  assert_fails (rill_session_create_command_buffer (fixture->session, &failure) != NULL,
                G_IO_ERROR_CLOSED, "closed");
  assert_fails (rill_session_create_duration (fixture->session, &failure) != NULL,
                G_IO_ERROR_CLOSED, "closed");
}

/* Everything once: what it makes is dropped again, and what fails is said. */
static gboolean
run_everything (Fixture    *fixture,
                RillBuffer *buffer,
                RillImage  *image,
                GError    **error)
{
  const char *source = GLSL ("layout (set = 0, binding = 0) buffer A { uint data[]; } a;\n"
                             "layout (set = 1, binding = 0, r32ui) uniform uimage2D image;\n"
                             "void main ()\n"
                             "{\n"
                             "  a.data[0] += 1u;\n"
                             "  imageStore (image, ivec2 (0), uvec4 (a.data[0]));\n"
                             "}\n");
  g_autoptr (RillProgram) program
    = rill_session_create_program_from_glsl (fixture->session, source, NULL, NULL, error);
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillDuration) duration = NULL;
  g_autoptr (RillCommandBuffer) c = NULL;

  if (program == NULL)
    return FALSE;
  node = rill_session_create_compute_node (fixture->session, program, NULL, error);
  if (node == NULL || !rill_compute_node_bind (node, "a", G_OBJECT (buffer), error)
      || !rill_compute_node_bind (node, "image", G_OBJECT (image), error))
    return FALSE;
  duration = rill_session_create_duration (fixture->session, error);
  if (duration == NULL)
    return FALSE;
  c = rill_session_create_command_buffer (fixture->session, error);
  return c != NULL && rill_command_buffer_begin_duration (c, duration, error)
         && rill_command_buffer_dispatch (c, node, error)
         && rill_command_buffer_dispatch (c, node, error)
         && rill_command_buffer_end_duration (c, duration, error)
         && rill_command_buffer_run (c, NULL, error)
         && rill_duration_get_nanoseconds (duration, error) >= 0;
}

/* Call 1, 2, 3, … fails until none does: always with an error, and the session goes on. */
static void
sweep (Fixture  *fixture,
       VkResult  result,
       gint      code)
{
  const guint shape[] = { 1, 1 };
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 1);
  guint n_failed = 0;

  for (gint n = 1;; n++)
    {
      /* A new one, so that its default view is made again. */
      g_autoptr (RillImage) image
        = rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT32);
      g_autoptr (GError) error = NULL;
      gboolean done;

      rill_test_faults_arm (n, result);
      done = run_everything (fixture, buffer, image, &error);
      g_assert_true (done == (error == NULL));
      if (!g_atomic_int_get (&rill_test_faults.hit))
        {
          g_assert_no_error (error);
          break;
        }
      rill_test_faults_arm (0, VK_SUCCESS);
      if (error != NULL)
        {
          g_assert_error (error, RILL_VULKAN_ERROR, code);
          g_assert_nonnull (strstr (error->message, rill_test_faults.call));
          n_failed++;
        }
      assert_succeeds (run_everything (fixture, buffer, image, &failure));
    }
  rill_test_faults_arm (0, VK_SUCCESS);
  g_assert_cmpuint (n_failed, >, 15);
}

static void
test_faults (Fixture       *fixture,
             gconstpointer  data)
{
  sweep (fixture, VK_ERROR_OUT_OF_HOST_MEMORY, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY);
}

/* A failed run leaves the recording as it was. */
static void
test_faults_run (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 1);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  guint n_run = 0;

  for (gint n = 1;; n++)
    {
      g_autoptr (GError) error = NULL;

      assert_succeeds (rill_command_buffer_reset (fixture->command_buffer, &failure));
      rill_test_dispatch (fixture->command_buffer, node);
      rill_test_faults_arm (n, VK_ERROR_OUT_OF_DEVICE_MEMORY);
      rill_command_buffer_run (fixture->command_buffer, NULL, &error);
      if (!g_atomic_int_get (&rill_test_faults.hit))
        {
          g_assert_no_error (error);
          n_run++;
          break;
        }
      rill_test_faults_arm (0, VK_SUCCESS);
      g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY);
      /* The wait is the last to fail, and the work was submitted then. */
      n_run += strstr (error->message, "vkWaitSemaphores") != NULL;
      g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, n_run);
      rill_test_run (fixture->command_buffer);
      n_run++;
      g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, n_run);
    }
  rill_test_faults_arm (0, VK_SUCCESS);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, n_run);
}

/* When the device is lost, all that follows says so, and nothing hangs. */
static void
test_lost (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (RillBuffer) buffer = create_zeros (fixture, 1);
  g_autoptr (RillComputeNode) node = create_step (fixture, buffer);
  g_autoptr (RillDuration) duration = rill_session_create_duration (fixture->session, NULL);
  g_autoptr (GError) error = NULL;
  RillTestAsync async = { NULL };

  assert_succeeds (
    rill_command_buffer_begin_duration (fixture->command_buffer, duration, &failure));
  rill_test_dispatch (fixture->command_buffer, node);
  assert_succeeds (rill_command_buffer_end_duration (fixture->command_buffer, duration, &failure));
  rill_test_faults_arm (1, VK_ERROR_DEVICE_LOST);
  rill_test_assert_failure (rill_command_buffer_run (fixture->command_buffer, NULL, &failure),
                            RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  rill_test_faults_arm (0, VK_SUCCESS);
  rill_test_assert_failure (rill_command_buffer_run (fixture->command_buffer, NULL, &failure),
                            RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  rill_test_assert_failure (
    rill_command_buffer_dispatch (fixture->command_buffer, node, &failure), RILL_VULKAN_ERROR,
    RILL_VULKAN_ERROR_DEVICE_LOST, "");
  rill_test_assert_failure (rill_compute_node_bind (node, "a", G_OBJECT (buffer), &failure),
                            RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  rill_command_buffer_run_async (fixture->command_buffer, NULL, rill_test_async_cb, &async);
  assert_run_result (&async, fixture->command_buffer, &error);
  g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST);
}

#define ADD(name, function) \
  g_test_add ("/command-buffer/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("empty", test_empty);
  ADD ("rerun", test_rerun);
  ADD ("chain", test_chain);
  ADD ("transfers", test_transfers);
  ADD ("transfers/errors", test_transfer_errors);
  ADD ("images", test_images);
  ADD ("images/errors", test_image_errors);
  ADD ("images/layout", test_image_layout);
  ADD ("images/dispatches", test_image_dispatches);
  ADD ("many-sets", test_many_sets);
  ADD ("holds", test_holds);
  ADD ("closed-resource", test_closed_resource);
  ADD ("foreign", test_foreign);
  ADD ("mapped", test_mapped);
  ADD ("duration", test_duration);
  ADD ("duration/again", test_duration_again);
  ADD ("duration/ticks", test_duration_ticks);
  ADD ("threads", test_threads);
  ADD ("threads/shared", test_threads_shared);
  ADD ("async", test_async);
  ADD ("async/busy", test_async_busy);
  ADD ("async/after-transfers", test_async_after_transfers);
  ADD ("async/session-close", test_async_session_close);
  ADD ("cancel", test_cancel);
  ADD ("cancel/sync", test_cancel_sync);
  ADD ("close/running", test_close_running);
  ADD ("close/drop-running", test_drop_running);
  ADD ("close/session", test_session_close);
  ADD ("uninitialized", test_uninitialized);
  ADD ("faults", test_faults);
  ADD ("faults/run", test_faults_run);
  ADD ("faults/lost", test_lost);

  return g_test_run ();
}
