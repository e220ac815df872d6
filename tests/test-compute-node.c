/* SPDX-License-Identifier: MIT */
#include "rill-test-compute.h"

#include "compute/rill-reflection-private.h"
#include "session/rill-session-private.h"

#define assert_bind_fails(node, name, object, code, text) \
  rill_test_assert_failure (rill_compute_node_bind (node, name, G_OBJECT (object), &failure), \
                            G_IO_ERROR, code, text)

#define assert_dispatch_fails(session, node, code, text) \
  G_STMT_START \
  { \
    g_autoptr (RillCommandBuffer) recording = rill_test_command_buffer_new (session); \
    rill_test_assert_failure (rill_command_buffer_dispatch (recording, node, &failure), \
                              G_IO_ERROR, code, text); \
  } \
  G_STMT_END

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
  fixture->memory = rill_test_device_memory_new (fixture->session);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->memory);
  rill_test_session_end (fixture->session);
}

static RillContext *
get_context (Fixture *fixture)
{
  RillContext *context = rill_session_ref_context (fixture->session, NULL);

  rill_context_unref (context); /* the session holds it */
  return context;
}

static const VkPhysicalDeviceLimits *
get_limits (Fixture *fixture)
{
  return &get_context (fixture)->properties.limits;
}

static void
set_uint_constant (RillComputeNode *node,
                   guint            id,
                   guint32          value)
{
  GError *error = NULL;

  rill_compute_node_set_specialization_constant (node, id, g_variant_new_uint32 (value), &error);
  g_assert_no_error (error);
}

static void
set_push_constants (RillComputeNode *node,
                    gconstpointer    data,
                    gsize            size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  GError *error = NULL;

  rill_compute_node_set_push_constants (node, bytes, &error);
  g_assert_no_error (error);
}

static void
set_global_size (RillComputeNode *node,
                 guint            x,
                 guint            y,
                 guint            z)
{
  GError *error = NULL;

  rill_compute_node_set_global_size (node, x, y, z, &error);
  g_assert_no_error (error);
}

static void
test_saxpy (Fixture       *fixture,
            gconstpointer  data)
{
  enum { N = 1000 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (local_size_x = 64) in;\n"
          "layout (push_constant) uniform Parameters { float a; uint n; } parameters;\n"
          "layout (binding = 0) readonly buffer X { float data[]; } x;\n"
          "layout (binding = 1) buffer Y { float data[]; } y;\n"
          "void main ()\n"
          "{\n"
          "  uint i = gl_GlobalInvocationID.x;\n"
          "  if (i < parameters.n)\n"
          "    y.data[i] = parameters.a * x.data[i] + y.data[i];\n"
          "}\n"));
  const struct { float a; guint32 n; } parameters = { 2.5f, N - 1 };
  float x[N], y[N], result[N];
  g_autoptr (RillBuffer) x_buffer = NULL;
  g_autoptr (RillBuffer) y_buffer = NULL;
  guint groups[3];

  for (guint i = 0; i < N; i++)
    {
      x[i] = (float) i * 0.25f;
      y[i] = 1000.0f - (float) i;
    }
  x_buffer = rill_test_data_buffer_new (fixture->memory, x, sizeof (x));
  y_buffer = rill_test_data_buffer_new (fixture->memory, y, sizeof (y));
  rill_test_bind (node, "x", x_buffer);
  rill_test_bind (node, "y", y_buffer);
  set_global_size (node, N, 1, 1);
  set_push_constants (node, &parameters, sizeof (parameters));
  rill_compute_node_get_grid_size (node, &groups[0], &groups[1], &groups[2]);
  g_assert_cmpuint (groups[0], ==, 16);
  g_assert_cmpuint (groups[1], ==, 1);
  g_assert_cmpuint (groups[2], ==, 1);
  rill_test_run_node (fixture->session, node);

  rill_test_read (y_buffer, result, sizeof (result));
  for (guint i = 0; i < N - 1; i++)
    g_assert_cmpfloat (result[i], ==, 2.5f * x[i] + y[i]);
  g_assert_cmpfloat (result[N - 1], ==, y[N - 1]);
}

static const char everything[] = GLSL (
  "layout (local_size_x_id = 3, local_size_y = 2, local_size_z_id = 4) in;\n"
  "layout (constant_id = 0) const bool flag = true;\n"
  "layout (constant_id = 1) const int number = -7;\n"
  "layout (constant_id = 2) const float factor = 0.5;\n"
  "layout (push_constant) uniform Push { vec3 a; float b; uint c; } push;\n"
  "layout (set = 0, binding = 0) readonly buffer Input { uint n; float data[]; } source;\n"
  "layout (set = 0, binding = 1) writeonly buffer Output { float data[]; };\n"
  "layout (set = 0, binding = 5) uniform Parameters { mat4 m; vec3 v; } parameters;\n"
  "layout (set = 0, binding = 6) buffer Unused { float data[]; } unused;\n"
  "layout (set = 2, binding = 0, rgba8ui) readonly uniform uimage2D images[3];\n"
  "layout (set = 2, binding = 1) writeonly uniform iimage1D line;\n"
  "layout (set = 2, binding = 7) uniform sampler3D volume;\n"
  "void main ()\n"
  "{\n"
  "  uint i = gl_GlobalInvocationID.x;\n"
  "  vec4 t = textureLod (volume, vec3 (0.5), 0.0);\n"
  "  float f = source.data[i] * factor + parameters.v.x + push.b + t.x + float (push.c);\n"
  "  if (flag)\n"
  "    f += float (imageLoad (images[1], ivec2 (0)).x) + float (number);\n"
  "  data[i] = f;\n"
  "  imageStore (line, 0, ivec4 (1));\n"
  "}\n");

static const RillBinding *
find_binding (const RillReflection *reflection,
              const char           *name)
{
  gint index = rill_reflection_find_binding (reflection, name);

  g_assert_cmpint (index, >=, 0);
  return rill_reflection_binding (reflection, index);
}

static void
assert_descriptor (const RillReflection *reflection,
                   const char           *name,
                   guint                 set,
                   guint                 binding,
                   RillBindingKind       kind,
                   guint                 count,
                   gboolean              used,
                   gboolean              reads,
                   gboolean              writes)
{
  const RillBinding *found = find_binding (reflection, name);
  const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, found->descriptor);

  g_assert_cmpuint (descriptor->set, ==, set);
  g_assert_cmpuint (descriptor->binding, ==, binding);
  g_assert_cmpint (descriptor->kind, ==, kind);
  g_assert_cmpuint (descriptor->count, ==, count);
  g_assert_cmpint (descriptor->used, ==, used);
  g_assert_cmpint (found->used, ==, used);
  g_assert_cmpint (found->reads, ==, reads);
  g_assert_cmpint (found->writes, ==, writes);
  g_assert_cmpint (descriptor->writes, ==, used && writes);
}

static void
test_reflection_bindings (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr (RillProgram) program = rill_test_program_new (fixture->session, everything);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillReflection) reflection
    = rill_reflection_new (rill_program_get_spirv (program), "main", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (reflection->bindings->len, ==, 7);
  g_assert_cmpuint (reflection->n_elements, ==, 9);
  assert_descriptor (reflection, "source", 0, 0, RILL_BINDING_STORAGE_BUFFER, 1, TRUE, TRUE, FALSE);
  assert_descriptor (reflection, "Output", 0, 1, RILL_BINDING_STORAGE_BUFFER, 1, TRUE, FALSE, TRUE);
  assert_descriptor (reflection, "parameters", 0, 5, RILL_BINDING_UNIFORM_BUFFER, 1, TRUE, TRUE,
                     FALSE);
  assert_descriptor (reflection, "unused", 0, 6, RILL_BINDING_STORAGE_BUFFER, 1, FALSE, TRUE, TRUE);
  assert_descriptor (reflection, "images", 2, 0, RILL_BINDING_STORAGE_IMAGE, 3, TRUE, TRUE, FALSE);
  assert_descriptor (reflection, "line", 2, 1, RILL_BINDING_STORAGE_IMAGE, 1, TRUE, FALSE, TRUE);
  assert_descriptor (reflection, "volume", 2, 7, RILL_BINDING_SAMPLED_IMAGE, 1, TRUE, TRUE, FALSE);

  g_assert_true (find_binding (reflection, "Input") == find_binding (reflection, "source"));
  g_assert_cmpuint (find_binding (reflection, "source")->minimum_size, ==, 4);
  g_assert_cmpuint (find_binding (reflection, "Output")->minimum_size, ==, 0);
  g_assert_cmpuint (find_binding (reflection, "parameters")->minimum_size, ==, 76);
  g_assert_cmpint (find_binding (reflection, "images")->format, ==, VK_FORMAT_R8G8B8A8_UINT);
  g_assert_cmpint (find_binding (reflection, "images")->component, ==, RILL_COMPONENT_UINT);
  g_assert_cmpint (find_binding (reflection, "images")->image_type, ==, VK_IMAGE_TYPE_2D);
  g_assert_cmpint (find_binding (reflection, "line")->format, ==, VK_FORMAT_UNDEFINED);
  g_assert_cmpint (find_binding (reflection, "line")->component, ==, RILL_COMPONENT_INT);
  g_assert_cmpint (find_binding (reflection, "line")->image_type, ==, VK_IMAGE_TYPE_1D);
  g_assert_cmpint (find_binding (reflection, "volume")->component, ==, RILL_COMPONENT_FLOAT);
  g_assert_cmpint (find_binding (reflection, "volume")->image_type, ==, VK_IMAGE_TYPE_3D);
  g_assert_cmpint (rill_reflection_find_binding (reflection, "Push"), ==, -1);
  g_assert_cmpint (rill_reflection_find_binding (reflection, ""), ==, -1);
}

static void
test_reflection_constants (Fixture       *fixture,
                           gconstpointer  data)
{
  static const char * const types[] = { "bool", "int", "float", "uint", "uint" };
  g_autoptr (RillProgram) program = rill_test_program_new (fixture->session, everything);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillReflection) reflection
    = rill_reflection_new (rill_program_get_spirv (program), "main", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (reflection->push_constants_size, ==, 20);
  g_assert_cmpuint (reflection->constants->len, ==, 5);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      gint index = rill_reflection_find_constant (reflection, i);
      g_assert_cmpint (index, >=, 0);
      g_assert_cmpstr (rill_reflection_constant (reflection, index)->type_name, ==, types[i]);
      g_assert_cmpuint (rill_reflection_constant (reflection, index)->size, ==, 4);
    }
  g_assert_cmpint (rill_reflection_find_constant (reflection, 5), ==, -1);
  g_assert_cmpuint (reflection->local_size[0], ==, 1);
  g_assert_cmpuint (reflection->local_size[1], ==, 2);
  g_assert_cmpuint (reflection->local_size[2], ==, 1);
  g_assert_cmpint (reflection->local_size_constants[0], ==,
                   rill_reflection_find_constant (reflection, 3));
  g_assert_cmpint (reflection->local_size_constants[1], ==, -1);
  g_assert_cmpint (reflection->local_size_constants[2], ==,
                   rill_reflection_find_constant (reflection, 4));
}

static void
test_names (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, everything);
  g_auto (GStrv) names = rill_compute_node_get_binding_names (node);
  g_autofree char *list = g_strjoinv (" ", names);

  g_assert_cmpstr (list, ==,
                   "source Output parameters unused images[0] images[1] images[2] line volume");
  g_assert_cmpstr (rill_compute_node_get_entry_point (node), ==, "main");
  g_assert_cmpuint (rill_compute_node_get_push_constants_size (node), ==, 20);
  g_assert_true (RILL_IS_PROGRAM (rill_compute_node_get_program (node)));
}

/* Modules without names, as optimising compilers leave them, have numbers. */
static void
test_names_stripped (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (RillProgram) compiled = rill_test_program_new (
    fixture->session, GLSL ("layout (set = 0, binding = 3) buffer A { uint data[]; } a;\n"
                            "layout (set = 1, binding = 2) buffer B { uint data[]; } b;\n"
                            "void main () { b.data[0] = a.data[0] + 1u; }\n"));
  GBytes *spirv = rill_program_get_spirv (compiled);
  gsize n_words = g_bytes_get_size (spirv) / 4;
  const guint32 *words = g_bytes_get_data (spirv, NULL);
  g_autoptr (GByteArray) stripped = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program = NULL;
  g_autoptr (RillComputeNode) node = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *list = NULL;
  const guint32 seven = 7;
  g_autoptr (RillBuffer) a = rill_test_data_buffer_new (fixture->memory, &seven, sizeof (seven));
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, 4);

  g_byte_array_append (stripped, (const guint8 *) words, 20);
  for (gsize i = 5; i < n_words; i += words[i] >> 16)
    if ((words[i] & 0xffff) != 5 && (words[i] & 0xffff) != 6) /* OpName, OpMemberName */
      g_byte_array_append (stripped, (const guint8 *) &words[i], (words[i] >> 16) * 4);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&stripped));
  program = rill_session_create_program_from_bytes (fixture->session, bytes, &error);
  g_assert_no_error (error);
  node = rill_session_create_compute_node (fixture->session, program, NULL, &error);
  g_assert_no_error (error);
  names = rill_compute_node_get_binding_names (node);
  list = g_strjoinv (" ", names);
  g_assert_cmpstr (list, ==, "0.3 1.2");
  rill_test_bind (node, "0.3", a);
  rill_test_bind (node, "1.2", b);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (b, 0), ==, 8);
}

/* Two blocks at one binding are one descriptor with two names. */
static void
test_aliased_binding (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (binding = 0) readonly buffer Floats { float data[]; } floats;\n"
          "layout (binding = 0) buffer Words { uint a, b; } words;\n"
          "void main () { words.b = uint (floats.data[0]); }\n"));
  const float values[2] = { 42.0f, 0.0f };
  g_autoptr (RillBuffer) buffer =
    rill_test_data_buffer_new (fixture->memory, values, sizeof (values));
  g_autoptr (RillBuffer) other = rill_test_buffer_new (fixture->memory, 4);

  /* Too small for one of the two. */
  assert_bind_fails (node, "floats", other, G_IO_ERROR_INVALID_ARGUMENT, "8 bytes");
  rill_test_bind (node, "floats", buffer);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 42);
}

static void
test_bind_errors (Fixture       *fixture,
                  gconstpointer  data)
{
  const guint line[] = { 8 }, plane[] = { 4, 4, 4 }, volume[] = { 2, 4, 4, 4 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, everything);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 256);
  g_autoptr (RillBuffer) small = rill_test_buffer_new (fixture->memory, 2);
  g_autoptr (RillImage) line_image
    = rill_test_image_new (fixture->memory, line, 1, RILL_CHANNEL_TYPE_INT32);
  g_autoptr (RillImage) image
    = rill_test_image_new (fixture->memory, plane, 3, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) wide_image
    = rill_test_image_new (fixture->memory, plane, 3, RILL_CHANNEL_TYPE_UINT32);
  g_autoptr (RillImage) float_image
    = rill_test_image_new (fixture->memory, volume, 4, RILL_CHANNEL_TYPE_FLOAT32);
  g_autoptr (RillImageView) sampled = rill_image_create_view (
    image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, TRUE, NULL);
  g_autoptr (RillImageView) stored = rill_image_create_view (
    float_image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, NULL);

  assert_bind_fails (node, "nothing", buffer, G_IO_ERROR_NOT_FOUND, "“source”, “Output”");
  assert_bind_fails (node, "", buffer, G_IO_ERROR_NOT_FOUND, "source");
  assert_bind_fails (node, "]", buffer, G_IO_ERROR_NOT_FOUND, "source");
  assert_bind_fails (node, "[0]", buffer, G_IO_ERROR_NOT_FOUND, "source");
  assert_bind_fails (node, "push", buffer, G_IO_ERROR_NOT_FOUND, "source");
  assert_bind_fails (node, "images", image, G_IO_ERROR_INVALID_ARGUMENT,
                     "“images[0]” to “images[2]”");
  assert_bind_fails (node, "images[3]", image, G_IO_ERROR_INVALID_ARGUMENT, "“images[2]”");
  assert_bind_fails (node, "images[-1]", image, G_IO_ERROR_INVALID_ARGUMENT, "“images[2]”");
  assert_bind_fails (node, "images[]", image, G_IO_ERROR_INVALID_ARGUMENT, "“images[2]”");
  assert_bind_fails (node, "source[1]", buffer, G_IO_ERROR_INVALID_ARGUMENT, "“source[0]”");

  assert_bind_fails (node, "source", image, G_IO_ERROR_INVALID_ARGUMENT,
                     "a storage buffer, not an image");
  assert_bind_fails (node, "source", sampled, G_IO_ERROR_INVALID_ARGUMENT, "not an image view");
  assert_bind_fails (node, "source", node, G_IO_ERROR_INVALID_ARGUMENT, "RillComputeNode");
  assert_bind_fails (node, "images[0]", buffer, G_IO_ERROR_INVALID_ARGUMENT,
                     "a storage image, not a buffer");
  assert_bind_fails (node, "images[0]", sampled, G_IO_ERROR_INVALID_ARGUMENT,
                     "created to be sampled");
  assert_bind_fails (node, "volume", float_image, G_IO_ERROR_INVALID_ARGUMENT, "sampled view");
  assert_bind_fails (node, "volume", stored, G_IO_ERROR_INVALID_ARGUMENT, "no sampler");
  assert_bind_fails (node, "images[0]", line_image, G_IO_ERROR_INVALID_ARGUMENT,
                     "2-D image, not a 1-D");
  assert_bind_fails (node, "volume", sampled, G_IO_ERROR_INVALID_ARGUMENT, "3-D image, not a 2-D");
  assert_bind_fails (node, "line", image, G_IO_ERROR_INVALID_ARGUMENT, "1-D");
  assert_bind_fails (node, "images[0]", wide_image, G_IO_ERROR_INVALID_ARGUMENT,
                     "rgba8ui, but the image is stored as rgba32ui");
  assert_bind_fails (node, "source", small, G_IO_ERROR_INVALID_ARGUMENT,
                     "2 bytes is less than the 4 bytes");
  assert_bind_fails (node, "parameters", buffer, G_IO_ERROR_INVALID_ARGUMENT, "UNIFORM");

  rill_test_bind (node, "images[0]", image);
  rill_test_bind (node, "images[2]", image);
  rill_test_bind (node, "line", line_image);
  rill_test_bind (node, "source[0]", buffer);
  rill_test_bind (node, "Input", buffer);
  rill_test_bind (node, "unused", buffer);
}

static void
test_bind_components (Fixture       *fixture,
                      gconstpointer  data)
{
  const guint shape[] = { 4, 4 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session, GLSL ("layout (binding = 0) writeonly uniform image2D floats;\n"
                            "layout (binding = 1) uniform usampler2D uints;\n"
                            "void main () { imageStore (floats, ivec2 (0), vec4 (texelFetch "
                            "(uints, ivec2 (0), 0))); }\n"));
  g_autoptr (RillImage) uint_image
    = rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UINT8);
  g_autoptr (RillImage) unorm_image
    = rill_test_image_new (fixture->memory, shape, 2, RILL_CHANNEL_TYPE_UNORM8);
  g_autoptr (RillImageView) unorm_view = rill_image_create_view (
    unorm_image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, TRUE, NULL);
  g_autoptr (RillImageView) uint_view = rill_image_create_view (
    uint_image, RILL_FILTER_MODE_NEAREST, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, TRUE, NULL);

  assert_bind_fails (node, "floats", uint_image, G_IO_ERROR_INVALID_ARGUMENT,
                     "type float, but UINT8 channels are uint");
  assert_bind_fails (node, "uints", unorm_view, G_IO_ERROR_INVALID_ARGUMENT,
                     "type uint, but UNORM8");
  rill_test_bind (node, "floats", unorm_image);
  rill_test_bind (node, "uints", uint_view);
}

static void
test_bind_usage (Fixture       *fixture,
                 gconstpointer  data)
{
  const guint shape[] = { 4, 4, 4 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, everything);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillBuffer) transfer
    = rill_memory_create_buffer (fixture->memory, 256, RILL_BUFFER_USAGE_TRANSFER_SRC, &error);
  g_autoptr (RillBuffer) uniform
    = rill_memory_create_buffer (fixture->memory, 256, RILL_BUFFER_USAGE_UNIFORM, &error);
  g_autoptr (RillImage) sampled = rill_memory_create_image (
    fixture->memory, shape, 3, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_SAMPLED, &error);

  g_assert_no_error (error);
  assert_bind_fails (node, "source", transfer, G_IO_ERROR_INVALID_ARGUMENT, "was created for");
  assert_bind_fails (node, "images[0]", sampled, G_IO_ERROR_INVALID_ARGUMENT, "STORAGE");
  rill_test_bind (node, "parameters", uniform);
}

static void
test_bind_foreign (Fixture       *fixture,
                   gconstpointer  data)
{
  RillSession *other = rill_test_session_new ();
  g_autoptr (RillMemory) memory = rill_test_device_memory_new (other);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (memory, 256);
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, everything);
  g_autoptr (RillProgram) program = rill_test_program_new (other, everything);

  assert_bind_fails (node, "source", buffer, G_IO_ERROR_INVALID_ARGUMENT, "another session");
  rill_test_assert_failure (
    rill_session_create_compute_node (fixture->session, program, NULL, &failure) != NULL,
    G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "another session");
  assert_dispatch_fails (other, node, G_IO_ERROR_INVALID_ARGUMENT, "another session");

  g_clear_object (&program);
  g_clear_object (&buffer);
  g_clear_object (&memory);
  rill_test_session_end (other);
}

static const char copy_shader[] =
  GLSL ("layout (local_size_x = 1) in;\n"
        "layout (binding = 0) readonly buffer A { uint data[]; } a;\n"
        "layout (binding = 1) buffer B { uint n; uint data[]; } b;\n"
        "void main ()\n"
        "{\n"
        "  b.n = uint (a.data.length ());\n"
        "  for (int i = 0; i < a.data.length (); i++)\n"
        "    b.data[i] = a.data[i];\n"
        "}\n");

static void
test_bind_range (Fixture       *fixture,
                 gconstpointer  data)
{
  const guint64 alignment = get_limits (fixture)->minStorageBufferOffsetAlignment;
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, copy_shader);
  g_autofree guint32 *values = g_new (guint32, 1024);
  g_autoptr (RillBuffer) a = NULL;
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, 1024 * 4);
  g_autoptr (GError) error = NULL;
  const guint64 offset = 512;

  for (guint i = 0; i < 1024; i++)
    values[i] = i * i;
  a = rill_test_data_buffer_new (fixture->memory, values, 4096);
  rill_test_bind (node, "b", b);

  g_assert_cmpuint (offset % alignment, ==, 0);
  rill_compute_node_bind_range (node, "a", a, offset, 16, &error);
  g_assert_no_error (error);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (b, 0), ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (rill_test_read_uint (b, 1 + i), ==, values[128 + i]);

  rill_compute_node_bind_range (node, "a", a, 4096 - 256, -1, &error);
  g_assert_no_error (error);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (b, 0), ==, 64);
  g_assert_cmpuint (rill_test_read_uint (b, 64), ==, values[1023]);
}

#define assert_range_fails(node, buffer, offset, size, code, text) \
  rill_test_assert_failure ( \
    rill_compute_node_bind_range (node, "b", buffer, offset, size, &failure), G_IO_ERROR, code, \
    text)

static void
test_bind_range_errors (Fixture       *fixture,
                        gconstpointer  data)
{
  const guint64 limit = get_limits (fixture)->maxStorageBufferRange;
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, copy_shader);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 1024);
  g_autoptr (GError) error = NULL;

  assert_range_fails (node, buffer, 1025, -1, G_IO_ERROR_INVALID_ARGUMENT, "1025");
  assert_range_fails (node, buffer, 0, 1025, G_IO_ERROR_INVALID_ARGUMENT, "1025 bytes");
  assert_range_fails (node, buffer, 512, 513, G_IO_ERROR_INVALID_ARGUMENT, "513 bytes");
  assert_range_fails (node, buffer, 0, -2, G_IO_ERROR_INVALID_ARGUMENT, "-2");
  assert_range_fails (node, buffer, 1024, -1, G_IO_ERROR_INVALID_ARGUMENT, "0 bytes");
  assert_range_fails (node, buffer, 0, 0, G_IO_ERROR_INVALID_ARGUMENT,
                      "0 bytes is less than the 4 bytes");
  assert_range_fails (node, buffer, 0, 3, G_IO_ERROR_INVALID_ARGUMENT, "3 bytes");
  assert_range_fails (node, buffer, G_MAXUINT64, 8, G_IO_ERROR_INVALID_ARGUMENT, "beyond");
  if (get_limits (fixture)->minStorageBufferOffsetAlignment > 2)
    assert_range_fails (node, buffer, 2, 8, G_IO_ERROR_INVALID_ARGUMENT,
                        "minStorageBufferOffsetAlignment");

  if (limit <= 256 * 1024 * 1024
      && limit < rill_memory_type_get_heap_size (rill_memory_get_memory_type (fixture->memory)) / 2)
    {
      g_autoptr (RillBuffer) huge = rill_test_buffer_new (fixture->memory, limit + 256);

      assert_bind_fails (node, "b", huge, G_IO_ERROR_NOT_SUPPORTED, "maxStorageBufferRange");
      rill_compute_node_bind_range (node, "b", huge, 256, (gint64) limit, &error);
      g_assert_no_error (error);
      assert_range_fails (node, huge, 0, (gint64) limit + 1, G_IO_ERROR_NOT_SUPPORTED,
                          "maxStorageBufferRange");
    }
}

/* A new binding takes the place of the old one, in later recordings only. */
static void
test_rebind (Fixture       *fixture,
             gconstpointer  data)
{
  const guint32 one = 1, two = 2;
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, copy_shader);
  g_autoptr (RillBuffer) a = rill_test_data_buffer_new (fixture->memory, &one, 4);
  g_autoptr (RillBuffer) a2 = rill_test_data_buffer_new (fixture->memory, &two, 4);
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, 8);
  g_autoptr (RillBuffer) b2 = rill_test_buffer_new (fixture->memory, 8);
  g_autoptr (RillCommandBuffer) command_buffer = rill_test_command_buffer_new (fixture->session);

  rill_test_bind (node, "a", a);
  rill_test_bind (node, "b", b);
  rill_test_dispatch (command_buffer, node);
  rill_test_bind (node, "a", a2);
  rill_test_bind (node, "b", b2);
  rill_test_dispatch (command_buffer, node);
  rill_test_run (command_buffer);
  g_assert_cmpuint (rill_test_read_uint (b, 1), ==, 1);
  g_assert_cmpuint (rill_test_read_uint (b2, 1), ==, 2);

  /* The node holds what is bound, and the recording what was. */
  g_clear_object (&command_buffer);
  g_assert_finalize_object (g_steal_pointer (&a));
  g_assert_finalize_object (g_steal_pointer (&b));
}

static void
test_unbound (Fixture       *fixture,
              gconstpointer  data)
{
  const guint32 values[5] = { 1, 2, 3, 4, 5 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, copy_shader);
  g_autoptr (RillBuffer) buffer =
    rill_test_data_buffer_new (fixture->memory, values, sizeof (values));
  g_autoptr (RillBuffer) other = rill_test_buffer_new (fixture->memory, 256);

  rill_test_bind (node, "a", buffer);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_INVALID_ARGUMENT,
                         "nothing is bound to “b”");
  rill_test_bind (node, "b", other);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (other, 5), ==, 5);

  rill_resource_close (RILL_RESOURCE (buffer));
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_CLOSED, "“a”");
  assert_bind_fails (node, "a", buffer, G_IO_ERROR_CLOSED, "closed");
}

static const char size_shader[] =
  GLSL ("layout (local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;\n"
        "layout (binding = 0) buffer Out { uint count; uvec3 size; uvec3 groups; };\n"
        "void main ()\n"
        "{\n"
        "  atomicAdd (count, 1u);\n"
        "  if (gl_GlobalInvocationID == uvec3 (0))\n"
        "    {\n"
        "      size = gl_WorkGroupSize;\n"
        "      groups = gl_NumWorkGroups;\n"
        "    }\n"
        "}\n");

static void
run_sizes (Fixture         *fixture,
           RillComputeNode *node,
           guint32          result[12])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 48);

  rill_buffer_fill (buffer, 0, -1, 0, NULL, &error);
  g_assert_no_error (error);
  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (fixture->session, node);
  rill_test_read (buffer, result, 48);
}

static void
assert_sizes (const guint32 result[12],
              guint         x,
              guint         y,
              guint         z,
              guint         groups_x,
              guint         groups_y,
              guint         groups_z)
{
  g_assert_cmpuint (result[4], ==, x);
  g_assert_cmpuint (result[5], ==, y);
  g_assert_cmpuint (result[6], ==, z);
  g_assert_cmpuint (result[8], ==, groups_x);
  g_assert_cmpuint (result[9], ==, groups_y);
  g_assert_cmpuint (result[10], ==, groups_z);
  g_assert_cmpuint (result[0], ==, x * y * z * groups_x * groups_y * groups_z);
}

static void
test_local_size (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, size_shader);
  g_autoptr (GError) error = NULL;
  guint32 result[12];
  guint x, y, z;

  run_sizes (fixture, node, result);
  assert_sizes (result, 1, 1, 1, 1, 1, 1);
  rill_compute_node_set_local_size (node, 8, 4, 2, &error);
  g_assert_no_error (error);
  rill_compute_node_get_local_size (node, &x, &y, &z);
  g_assert_cmpuint (x * 100 + y * 10 + z, ==, 842);
  rill_compute_node_set_grid_size (node, 3, 2, 5, &error);
  g_assert_no_error (error);
  run_sizes (fixture, node, result);
  assert_sizes (result, 8, 4, 2, 3, 2, 5);

  /* The order of the calls does not matter. */
  set_global_size (node, 17, 4, 1);
  rill_compute_node_get_grid_size (node, &x, &y, &z);
  g_assert_cmpuint (x * 100 + y * 10 + z, ==, 311);
  rill_compute_node_set_local_size (node, 4, 3, 1, &error);
  g_assert_no_error (error);
  rill_compute_node_get_grid_size (node, &x, &y, &z);
  g_assert_cmpuint (x * 100 + y * 10 + z, ==, 521);
  run_sizes (fixture, node, result);
  assert_sizes (result, 4, 3, 1, 5, 2, 1);

  /* The constant is the same by its number. */
  set_uint_constant (node, 0, 2);
  rill_compute_node_get_local_size (node, &x, NULL, NULL);
  g_assert_cmpuint (x, ==, 2);
  run_sizes (fixture, node, result);
  assert_sizes (result, 2, 3, 1, 9, 2, 1);
}

#define assert_local_fails(node, x, y, z, code, text) \
  rill_test_assert_failure (rill_compute_node_set_local_size (node, x, y, z, &failure), \
                            G_IO_ERROR, code, text)
#define assert_grid_fails(node, x, y, z, code, text) \
  rill_test_assert_failure (rill_compute_node_set_grid_size (node, x, y, z, &failure), G_IO_ERROR, \
                            code, text)

static void
test_size_errors (Fixture       *fixture,
                  gconstpointer  data)
{
  const VkPhysicalDeviceLimits *limits = get_limits (fixture);
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, size_shader);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 48);
  g_autoptr (GError) error = NULL;
  guint x;

  rill_test_bind (node, "Out", buffer);
  assert_local_fails (node, 1, 0, 1, G_IO_ERROR_INVALID_ARGUMENT, "1 × 0 × 1");
  assert_local_fails (node, limits->maxComputeWorkGroupSize[0] + 1, 1, 1, G_IO_ERROR_NOT_SUPPORTED,
                      "maxComputeWorkGroupSize");
  assert_local_fails (node, 1, 1, G_MAXUINT, G_IO_ERROR_NOT_SUPPORTED, "maxComputeWorkGroupSize");
  assert_local_fails (node, limits->maxComputeWorkGroupSize[0], limits->maxComputeWorkGroupSize[1],
                      1, G_IO_ERROR_NOT_SUPPORTED, "maxComputeWorkGroupInvocations");
  rill_compute_node_get_local_size (node, &x, NULL, NULL);
  g_assert_cmpuint (x, ==, 1);

  assert_grid_fails (node, 0, 1, 1, G_IO_ERROR_INVALID_ARGUMENT, "0 × 1 × 1");
  if (limits->maxComputeWorkGroupCount[1] < G_MAXUINT)
    assert_grid_fails (node, 1, limits->maxComputeWorkGroupCount[1] + 1, 1,
                       G_IO_ERROR_NOT_SUPPORTED, "maxComputeWorkGroupCount");
  rill_test_assert_failure (rill_compute_node_set_global_size (node, 1, 1, 0, &failure), G_IO_ERROR,
                            G_IO_ERROR_INVALID_ARGUMENT, "1 × 1 × 0");
  if (limits->maxComputeWorkGroupCount[1] < G_MAXUINT)
    {
      set_global_size (node, 1, G_MAXUINT, 1);
      assert_dispatch_fails (fixture->session, node, G_IO_ERROR_NOT_SUPPORTED,
                             "maxComputeWorkGroupCount");
    }
  set_global_size (node, 1, 1, 1);

  /* By its number a constant can be anything; the dispatch says so. */
  set_uint_constant (node, 0, 0);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_INVALID_ARGUMENT, "0 × 1 × 1");
  set_uint_constant (node, 0, G_MAXUINT);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_NOT_SUPPORTED,
                         "maxComputeWorkGroupSize");
  set_uint_constant (node, 0, 1);
  rill_test_run_node (fixture->session, node);
}

static void
test_shared_size (Fixture       *fixture,
                  gconstpointer  data)
{
  const guint32 limit = get_limits (fixture)->maxComputeSharedMemorySize;
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (local_size_x = 2) in;\n"
          "layout (constant_id = 5) const uint n = 2;\n"
          "struct Pair { vec2 a; uint b; };\n"
          "shared Pair pairs[n][2];\n"
          "layout (binding = 0) buffer Out { uint data; };\n"
          "void main ()\n"
          "{\n"
          "  pairs[n - 1][gl_LocalInvocationID.x].b = gl_LocalInvocationID.x + 7;\n"
          "  barrier ();\n"
          "  if (gl_LocalInvocationID.x == 0)\n"
          "    data = pairs[n - 1][1].b;\n"
          "}\n"));
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 4);
  g_autofree char *text = g_strdup_printf ("take %u bytes", (limit / 24 + 1) * 24);

  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 8);
  set_uint_constant (node, 5, limit / 24 + 1);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_NOT_SUPPORTED, text);
  set_uint_constant (node, 5, G_MAXUINT32);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_NOT_SUPPORTED,
                         "maxComputeSharedMemorySize");
  set_uint_constant (node, 5, limit / 32);
  rill_test_run_node (fixture->session, node);
}

static void
test_fixed_local_size (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (RillComputeNode) node =
    rill_test_node_new (fixture->session, GLSL ("layout (local_size_x = 8, local_size_y = 4) in;\n"
                                                "void main () { }\n"));
  g_autoptr (RillComputeNode) shared = rill_test_node_new (
    fixture->session, GLSL ("layout (local_size_x_id = 0, local_size_y_id = 0) in;\n"
                            "void main () { }\n"));
  const guint32 *limits = get_limits (fixture)->maxComputeWorkGroupSize;
  g_autofree char *large_source =
    g_strdup_printf (GLSL ("layout (local_size_x = %u, local_size_y = %u) in;\nvoid main () { }\n"),
                     limits[0], limits[1]);
  g_autoptr (RillProgram) large = rill_test_program_new (fixture->session, large_source);
  g_autoptr (GError) error = NULL;

  rill_compute_node_set_local_size (node, 8, 4, 1, &error);
  g_assert_no_error (error);
  assert_local_fails (node, 8, 8, 1, G_IO_ERROR_INVALID_ARGUMENT, "fixes it to 4");
  rill_test_run_node (fixture->session, node);

  rill_compute_node_set_local_size (shared, 4, 4, 1, &error);
  g_assert_no_error (error);
  assert_local_fails (shared, 4, 8, 1, G_IO_ERROR_INVALID_ARGUMENT, "same constant");
  rill_test_run_node (fixture->session, shared);

  rill_test_assert_failure (
    rill_session_create_compute_node (fixture->session, large, NULL, &failure) != NULL, G_IO_ERROR,
    G_IO_ERROR_NOT_SUPPORTED, "maxComputeWorkGroupInvocations");
}

static void
test_push_constants (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (push_constant) uniform Push { layout (offset = 4) uint a; uint b; } push;\n"
          "layout (binding = 0) buffer Out { uint data[2]; };\n"
          "void main () { data[0] = push.a; data[1] = push.b; }\n"));
  g_autoptr (RillComputeNode) none
    = rill_test_node_new (fixture->session, GLSL ("void main () { }\n"));
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 8);
  g_autoptr (GBytes) wrong = g_bytes_new_static ("1234567", 7);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (RillCommandBuffer) command_buffer = rill_test_command_buffer_new (fixture->session);
  g_autoptr (GError) error = NULL;
  const guint32 first[3] = { 0, 10, 11 }, second[3] = { 0, 20, 21 };

  g_assert_cmpuint (rill_compute_node_get_push_constants_size (node), ==, 12);
  g_assert_cmpuint (rill_compute_node_get_push_constants_size (none), ==, 0);
  rill_test_bind (node, "Out", buffer);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_INVALID_ARGUMENT,
                         "12 bytes of push constants");
  rill_test_assert_failure (rill_compute_node_set_push_constants (node, wrong, &failure),
                            G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "7 bytes");
  rill_test_assert_failure (rill_compute_node_set_push_constants (none, wrong, &failure),
                            G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "has 0");
  rill_compute_node_set_push_constants (none, empty, &error);
  g_assert_no_error (error);
  rill_test_run_node (fixture->session, none);

  set_push_constants (node, first, sizeof (first));
  rill_test_dispatch (command_buffer, node);
  set_push_constants (node, second, sizeof (second));
  rill_test_run (command_buffer);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 10);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 11);
  rill_test_dispatch (command_buffer, node);
  rill_test_run (command_buffer);
  g_assert_cmpuint (rill_test_read_uint (buffer, 0), ==, 20);
  g_assert_cmpuint (rill_test_read_uint (buffer, 1), ==, 21);
}

static void
set_constant (RillComputeNode *node,
              guint            id,
              GVariant        *value)
{
  GError *error = NULL;

  g_assert_true (rill_compute_node_set_specialization_constant (node, id, value, &error));
  g_assert_no_error (error);
}

static void
test_specialization (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("#extension GL_EXT_shader_explicit_arithmetic_types: require\n"
          "layout (constant_id = 0) const bool a = false;\n"
          "layout (constant_id = 7) const int b = -1;\n"
          "layout (constant_id = 2) const uint c = 1u;\n"
          "layout (constant_id = 3) const float d = 0.5;\n"
          "layout (constant_id = 4) const double e = 0.25LF;\n"
          "layout (constant_id = 5) const int64_t f = -1L;\n"
          "layout (constant_id = 6) const uint64_t g = 1UL;\n"
          "layout (binding = 0) buffer Out { uint a_; int b_; uint c_; float d_; double e_;\n"
          "                                  int64_t f_; uint64_t g_; };\n"
          "void main () { a_ = a ? 1 : 0; b_ = b; c_ = c; d_ = d; e_ = e; f_ = f; g_ = g; }\n"));
  struct { guint32 a; gint32 b; guint32 c; float d; double e; gint64 f; guint64 g; } result;
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, sizeof (result));

  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (fixture->session, node);
  rill_test_read (buffer, &result, sizeof (result));
  g_assert_cmpuint (result.a, ==, 0);
  g_assert_cmpint (result.b, ==, -1);
  g_assert_cmpfloat (result.e, ==, 0.25);
  g_assert_cmpint (result.f, ==, -1);

  set_constant (node, 0, g_variant_new_boolean (TRUE));
  set_constant (node, 7, g_variant_new_int32 (-77));
  set_constant (node, 2, g_variant_new_uint32 (G_MAXUINT32));
  set_constant (node, 3, g_variant_new_double (1.5));
  set_constant (node, 4, g_variant_new_double (1.0 / 3.0));
  set_constant (node, 5, g_variant_new_int64 (G_MININT64));
  set_constant (node, 6, g_variant_new_uint64 (G_MAXUINT64));
  rill_test_run_node (fixture->session, node);
  rill_test_read (buffer, &result, sizeof (result));
  g_assert_cmpuint (result.a, ==, 1);
  g_assert_cmpint (result.b, ==, -77);
  g_assert_cmpuint (result.c, ==, G_MAXUINT32);
  g_assert_cmpfloat (result.d, ==, 1.5f);
  g_assert_cmpfloat (result.e, ==, 1.0 / 3.0);
  g_assert_cmpint (result.f, ==, G_MININT64);
  g_assert_cmpuint (result.g, ==, G_MAXUINT64);
}

#define assert_constant_fails(node, id, value, text) \
  rill_test_assert_failure ( \
    rill_compute_node_set_specialization_constant (node, id, value, &failure), G_IO_ERROR, \
    G_IO_ERROR_INVALID_ARGUMENT, text)

static void
test_specialization_errors (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, everything);

  assert_constant_fails (node, 99, g_variant_new_uint32 (1), "no specialisation constant 99");
  assert_constant_fails (node, 0, g_variant_new_uint32 (1),
                         "type bool, for which a GVariant of type “b” is needed, not “u”");
  assert_constant_fails (node, 1, g_variant_new_uint32 (1), "“i”");
  assert_constant_fails (node, 2, g_variant_new_string ("x"), "“d”");
  assert_constant_fails (node, 3, g_variant_new_int32 (1), "“u”");
}

/* Types that not every device has. */
static void
test_specialization_small (Fixture       *fixture,
                           gconstpointer  data)
{
  const char *source =
    GLSL ("#extension GL_EXT_shader_explicit_arithmetic_types: require\n"
          "layout (constant_id = 0) const uint8_t a = uint8_t (1);\n"
          "layout (constant_id = 1) const int16_t b = -1s;\n"
          "layout (constant_id = 2) const uint16_t c = 1us;\n"
          "layout (constant_id = 3) const int8_t d = int8_t (1);\n"
          "layout (binding = 0) buffer Out { int data[4]; };\n"
          "void main () { data[0] = a; data[1] = b; data[2] = c; data[3] = d; }\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (RillProgram) program
    = rill_session_create_program_from_glsl (fixture->session, source, NULL, NULL, &error);
  g_autoptr (RillComputeNode) node = NULL;
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 16);
  gint32 result[4];

  if (g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  node = rill_session_create_compute_node (fixture->session, program, NULL, &error);
  g_assert_no_error (error);
  rill_test_bind (node, "Out", buffer);
  set_constant (node, 0, g_variant_new_byte (200));
  set_constant (node, 1, g_variant_new_int16 (-3000));
  set_constant (node, 2, g_variant_new_uint16 (60000));
  rill_test_assert_failure (
    rill_compute_node_set_specialization_constant (node, 3, g_variant_new_byte (1), &failure),
    G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "int8_t");
  rill_test_run_node (fixture->session, node);
  rill_test_read (buffer, result, sizeof (result));
  g_assert_cmpint (result[0], ==, 200);
  g_assert_cmpint (result[1], ==, -3000);
  g_assert_cmpint (result[2], ==, 60000);
  g_assert_cmpint (result[3], ==, 1);
}

static RillImageView *
create_linear_view (RillMemory    *memory,
                    const guint8  *texels,
                    gsize          size,
                    const guint   *shape,
                    gsize          n_dims)
{
  g_autoptr (GBytes) bytes = g_bytes_new (texels, size);
  GError *error = NULL;
  RillImageView *view = rill_memory_create_image_view_from_bytes (
    memory, bytes, shape, n_dims, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE,
    RILL_FILTER_MODE_LINEAR, RILL_ADDRESS_MODE_CLAMP_TO_EDGE, TRUE, TRUE, &error);

  g_assert_no_error (error);
  return view;
}

static void
test_sampled_image (Fixture       *fixture,
                    gconstpointer  data)
{
  const guint8 texels[4] = { 0, 255, 255, 0 };
  const guint shape[] = { 2, 2 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session, GLSL ("layout (binding = 0) uniform sampler2D image;\n"
                            "layout (binding = 1) buffer Out { float data[]; };\n"
                            "void main ()\n"
                            "{\n"
                            "  data[0] = textureLod (image, vec2 (0.25, 0.25), 0.0).r;\n"
                            "  data[1] = textureLod (image, vec2 (0.75, 0.25), 0.0).r;\n"
                            "  data[2] = textureLod (image, vec2 (0.5, 0.5), 0.0).r;\n"
                            "  data[3] = textureLod (image, vec2 (0.5, 0.25), 0.0).r;\n"
                            "  data[4] = textureLod (image, vec2 (2.0, -2.0), 0.0).r;\n"
                            "}\n"));
  g_autoptr (RillImageView) view
    = create_linear_view (fixture->memory, texels, sizeof (texels), shape, G_N_ELEMENTS (shape));
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 20);
  float result[5];

  rill_test_bind (node, "image", view);
  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (fixture->session, node);
  rill_test_read (buffer, result, sizeof (result));
  g_assert_cmpfloat (result[0], ==, 0.0f);
  g_assert_cmpfloat (result[1], ==, 1.0f);
  g_assert_cmpfloat_with_epsilon (result[2], 0.5f, 0.01f);
  g_assert_cmpfloat_with_epsilon (result[3], 0.5f, 0.01f);
  g_assert_cmpfloat (result[4], ==, 1.0f);

  rill_image_view_close (view);
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_CLOSED, "“image”");
  assert_bind_fails (node, "image", view, G_IO_ERROR_CLOSED, "closed");
}

/* Horizontal difference of an image with three channels, which storage may make four. */
static void
test_three_channels (Fixture       *fixture,
                     gconstpointer  data)
{
  enum { W = 7, H = 5 };
  const guint shape[] = { H, W, 3 }, out_shape[] = { H, W };
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (local_size_x = 4, local_size_y = 4) in;\n"
          "layout (binding = 0, rgba8ui) readonly uniform uimage2D image;\n"
          "layout (binding = 1, r32i) writeonly uniform iimage2D edges;\n"
          "void main ()\n"
          "{\n"
          "  ivec2 at = ivec2 (gl_GlobalInvocationID.xy), size = imageSize (image);\n"
          "  if (any (greaterThanEqual (at, size)))\n"
          "    return;\n"
          "  uvec4 l = imageLoad (image, ivec2 (max (at.x - 1, 0), at.y));\n"
          "  uvec4 r = imageLoad (image, ivec2 (min (at.x + 1, size.x - 1), at.y));\n"
          "  ivec3 d = abs (ivec3 (r.rgb) - ivec3 (l.rgb));\n"
          "  imageStore (edges, at, ivec4 (d.r + d.g + d.b + int (l.a) * 1000));\n"
          "}\n"));
  guint8 texels[H][W][3];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImage) edges
    = rill_test_image_new (fixture->memory, out_shape, 2, RILL_CHANNEL_TYPE_INT32);
  const gint32 *values;

  for (guint i = 0; i < sizeof (texels); i++)
    ((guint8 *) texels)[i] = (guint8) (i * i * 31 + i);
  bytes = g_bytes_new (texels, sizeof (texels));
  image = rill_memory_create_image_from_bytes (
    fixture->memory, bytes, shape, 3, RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE, &error);
  g_assert_no_error (error);
  rill_test_bind (node, "image", image);
  rill_test_bind (node, "edges", edges);
  set_global_size (node, W, H, 1);
  rill_test_run_node (fixture->session, node);

  result = rill_image_read_bytes (edges, NULL, &error);
  g_assert_no_error (error);
  values = g_bytes_get_data (result, NULL);
  for (gint y = 0; y < H; y++)
    for (gint x = 0; x < W; x++)
      {
        gint sum = 1000;
        for (guint c = 0; c < 3; c++)
          sum += ABS (texels[y][MIN (x + 1, W - 1)][c] - texels[y][MAX (x - 1, 0)][c]);
        g_assert_cmpint (values[y * W + x], ==, sum);
      }
}

static void
test_image_kinds (Fixture       *fixture,
                  gconstpointer  data)
{
  const guint line[] = { 5 }, volume[] = { 2, 3, 4, 1 };
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (binding = 0, r32ui) uniform uimage1D line;\n"
          "layout (binding = 1, r32ui) uniform uimage3D volume;\n"
          "void main ()\n"
          "{\n"
          "  uvec3 at = gl_WorkGroupID;\n"
          "  imageStore (volume, ivec3 (at), uvec4 (at.x + at.y * 10u + at.z * 100u));\n"
          "  imageAtomicAdd (line, int (at.x), 1u);\n"
          "}\n"));
  g_autoptr (RillImage) line_image
    = rill_test_image_new (fixture->memory, line, 1, RILL_CHANNEL_TYPE_UINT32);
  g_autoptr (RillImage) volume_image
    = rill_test_image_new (fixture->memory, volume, 4, RILL_CHANNEL_TYPE_UINT32);
  g_autoptr (RillImageView) view = NULL;
  g_autoptr (GBytes) result = NULL;
  g_autoptr (GError) error = NULL;
  const guint32 *values;

  view = rill_image_create_view (volume_image, RILL_FILTER_MODE_NEAREST,
                                 RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, &error);
  g_assert_no_error (error);
  rill_image_clear (line_image, NULL, &error);
  g_assert_no_error (error);
  rill_test_bind (node, "line", line_image);
  rill_test_bind (node, "volume", view);
  rill_compute_node_set_grid_size (node, 4, 3, 2, &error);
  g_assert_no_error (error);
  rill_test_run_node (fixture->session, node);

  result = rill_image_read_bytes (volume_image, NULL, &error);
  g_assert_no_error (error);
  values = g_bytes_get_data (result, NULL);
  for (guint i = 0; i < 24; i++)
    g_assert_cmpuint (values[i], ==, i % 4 + i / 4 % 3 * 10 + i / 12 * 100);
  g_clear_pointer (&result, g_bytes_unref);
  result = rill_image_read_bytes (line_image, NULL, &error);
  g_assert_no_error (error);
  values = g_bytes_get_data (result, NULL);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (values[i], ==, i < 4 ? 6 : 0);
}

/* Several sets with a gap, and an array of buffers. */
static void
test_sets_and_arrays (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (
    fixture->session,
    GLSL ("layout (set = 0, binding = 4) readonly buffer A { uint value; } a[3];\n"
          "layout (set = 3, binding = 1) buffer Out { uint sum; };\n"
          "void main () { sum = a[0].value + a[1].value * 10u + a[2].value * 100u; }\n"));
  g_autoptr (RillBuffer) out = rill_test_buffer_new (fixture->memory, 4);

  rill_test_bind (node, "Out", out);
  for (guint32 i = 0; i < 3; i++)
    {
      const guint32 value = i + 1;
      g_autofree char *name = g_strdup_printf ("a[%u]", i);
      g_autoptr (RillBuffer) buffer =
        rill_test_data_buffer_new (fixture->memory, &value, sizeof (value));

      if (i == 2)
        assert_dispatch_fails (fixture->session, node, G_IO_ERROR_INVALID_ARGUMENT, "“a[2]”");
      rill_test_bind (node, name, buffer);
    }
  rill_test_run_node (fixture->session, node);
  g_assert_cmpuint (rill_test_read_uint (out, 0), ==, 321);
}

static const struct
{
  const char *source;
  const char *text;
} unsupported[] = {
  { GLSL ("layout (binding = 0) uniform texture2D t; layout (binding = 1) uniform sampler s;\n"
          "layout (binding = 2) buffer O { vec4 o; };\n"
          "void main () { o = textureLod (sampler2D (t, s), vec2 (0), 0.0); }\n"),
    "without its sampler" },
  { GLSL ("layout (binding = 0, r32f) uniform imageBuffer t;\n"
          "void main () { imageStore (t, 0, vec4 (0)); }\n"),
    "a texel buffer" },
  { GLSL (
      "layout (binding = 0) uniform samplerBuffer t;\nlayout (binding = 2) buffer O { vec4 o; };\n"
      "void main () { o = texelFetch (t, 0); }\n"),
    "a texel buffer" },
  { GLSL ("layout (binding = 0, r32f) uniform image2DArray t;\n"
          "void main () { imageStore (t, ivec3 (0), vec4 (0)); }\n"),
    "layers" },
  { GLSL (
      "layout (binding = 0) uniform samplerCube t;\nlayout (binding = 2) buffer O { vec4 o; };\n"
      "void main () { o = textureLod (t, vec3 (1), 0.0); }\n"),
    "cube" },
  { GLSL ("layout (binding = 0) uniform sampler2DShadow t;\nlayout (binding = 2) buffer O { float "
          "o; };\n"
          "void main () { o = textureLod (t, vec3 (1), 0.0); }\n"),
    "shadow" },
  { GLSL (
      "layout (binding = 0) uniform sampler2DMS t;\nlayout (binding = 2) buffer O { vec4 o; };\n"
      "void main () { o = texelFetch (t, ivec2 (0), 0); }\n"),
    "several samples" },
  { GLSL ("#extension GL_EXT_nonuniform_qualifier: require\n"
          "layout (binding = 0) buffer A { uint x; } a[];\nvoid main () { a[gl_WorkGroupID.x].x = "
          "1u; }\n"),
    "without a length" },
  { GLSL ("layout (constant_id = 0) const uint n = 3;\n"
          "layout (binding = 0) buffer A { uint x; } a[n];\nvoid main () { a[2].x = 1u; }\n"),
    "specialisation constant" },
  { GLSL ("layout (set = 40, binding = 0) buffer A { uint x; };\nvoid main () { x = 1u; }\n"),
    "maxBoundDescriptorSets" },
  { GLSL ("layout (push_constant) uniform P { uint x[4096]; };\nlayout (binding = 0) buffer O { "
          "uint o; };\n"
          "void main () { o = x[1]; }\n"),
    "maxPushConstantsSize" },
};

static void
test_unsupported (Fixture       *fixture,
                  gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RillProgram) program = rill_session_create_program_from_glsl (
        fixture->session, unsupported[i].source, NULL, NULL, &error);

      if (g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT))
        continue; /* the device comes first */
      g_assert_no_error (error);
      rill_test_assert_failure (
        rill_session_create_compute_node (fixture->session, program, NULL, &failure) != NULL,
        G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, unsupported[i].text);
    }
}

static void
test_entry_point (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (RillProgram) program
    = rill_test_program_new (fixture->session, GLSL ("void main () { }\n"));

  rill_test_assert_failure (
    rill_session_create_compute_node (fixture->session, program, "other", &failure) != NULL,
    G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no compute entry point “other”; it has “main”");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  const guint32 one = 1;
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, copy_shader);
  g_autoptr (RillBuffer) a = rill_test_data_buffer_new (fixture->memory, &one, 4);
  g_autoptr (RillBuffer) b = rill_test_buffer_new (fixture->memory, 8);
  g_autoptr (RillCommandBuffer) command_buffer = rill_test_command_buffer_new (fixture->session);
  guint x;

  rill_test_bind (node, "a", a);
  rill_test_bind (node, "b", b);
  /* The node goes on without its program's consent. */
  rill_program_close (rill_compute_node_get_program (node));
  rill_test_dispatch (command_buffer, node);
  rill_compute_node_close (node);
  rill_compute_node_close (node);
  g_assert_true (rill_compute_node_get_closed (node));
  rill_test_run (command_buffer);
  g_assert_cmpuint (rill_test_read_uint (b, 1), ==, 1);

  assert_bind_fails (node, "a", a, G_IO_ERROR_CLOSED, "closed");
  assert_local_fails (node, 1, 1, 1, G_IO_ERROR_CLOSED, "closed");
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_CLOSED, "closed");
  rill_compute_node_get_local_size (node, &x, NULL, NULL);
  g_assert_cmpuint (x, ==, 1);

  /* It holds nothing any more. */
  g_clear_object (&command_buffer);
  g_assert_finalize_object (g_steal_pointer (&a));
  g_assert_finalize_object (g_steal_pointer (&b));
}

static void
test_uninitialized (Fixture       *fixture,
                    gconstpointer  data)
{
  RillComputeNode *node = g_object_new (RILL_TYPE_COMPUTE_NODE, NULL);
  g_auto (GStrv) names = rill_compute_node_get_binding_names (node);
  g_autoptr (RillComputeNode) good = rill_test_node_new (fixture->session, copy_shader);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 16);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("", 0);
  gpointer empty_buffer = g_object_new (RILL_TYPE_BUFFER, NULL);
  gpointer empty_image = g_object_new (RILL_TYPE_IMAGE, NULL);
  gpointer empty_view = g_object_new (RILL_TYPE_IMAGE_VIEW, NULL);
  g_autoptr (RillComputeNode) images = rill_test_node_new (fixture->session, everything);
  guint x = 5, y = 5, z = 5;

  g_assert_cmpuint (g_strv_length (names), ==, 0);
  g_assert_null (rill_compute_node_get_program (node));
  g_assert_null (rill_compute_node_get_entry_point (node));
  g_assert_cmpuint (rill_compute_node_get_push_constants_size (node), ==, 0);
  g_assert_false (rill_compute_node_get_closed (node));
  rill_compute_node_get_local_size (node, &x, &y, &z);
  g_assert_cmpuint (x + y + z, ==, 0);
  rill_compute_node_get_grid_size (node, &x, &y, &z);
  g_assert_cmpuint (x + y + z, ==, 0);
  assert_bind_fails (node, "a", buffer, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  assert_local_fails (node, 1, 1, 1, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  assert_grid_fails (node, 1, 1, 1, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  rill_test_assert_failure (rill_compute_node_set_global_size (node, 1, 1, 1, &failure), G_IO_ERROR,
                            G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  rill_test_assert_failure (rill_compute_node_set_push_constants (node, bytes, &failure),
                            G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  rill_test_assert_failure (
    rill_compute_node_set_specialization_constant (node, 0, g_variant_new_uint32 (0), &failure),
    G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  assert_dispatch_fails (fixture->session, node, G_IO_ERROR_NOT_INITIALIZED, "RillComputeNode");
  rill_compute_node_close (node);
  g_assert_finalize_object (node);

  assert_bind_fails (good, "a", empty_buffer, G_IO_ERROR_NOT_INITIALIZED, "RillBuffer");
  assert_bind_fails (images, "line", empty_image, G_IO_ERROR_NOT_INITIALIZED, "RillImage");
  assert_bind_fails (images, "volume", empty_view, G_IO_ERROR_NOT_INITIALIZED, "RillImageView");
  g_assert_finalize_object (empty_buffer);
  g_assert_finalize_object (empty_image);
  g_assert_finalize_object (empty_view);
}

typedef struct
{
  RillComputeNode *node;
  RillBuffer *buffer;
  gint *stop;
  guint n_busy;
} Configurer;

static gpointer
configure_thread (gpointer data)
{
  Configurer *configurer = data;

  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GError) error = NULL;

      switch (i % 4)
        {
        case 0:
          rill_compute_node_bind (configurer->node, "Out", G_OBJECT (configurer->buffer), &error);
          break;
        case 1:
          rill_compute_node_set_local_size (configurer->node, 1 + i % 3, 1, 1, &error);
          break;
        case 2:
          rill_compute_node_set_global_size (configurer->node, 1 + i % 100, 1, 1, &error);
          break;
        default:
          {
            guint x;
            rill_compute_node_get_grid_size (configurer->node, &x, NULL, NULL);
            g_assert_cmpuint (x, >=, 1);
          }
        }
      if (error != NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
          configurer->n_busy++;
        }
    }
  return NULL;
}

/* Overlap is refused, never harmful. */
static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (RillComputeNode) node = rill_test_node_new (fixture->session, size_shader);
  g_autoptr (RillBuffer) buffer = rill_test_buffer_new (fixture->memory, 48);
  Configurer configurers[3];
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    {
      configurers[i] = (Configurer) { .node = node, .buffer = buffer };
      threads[i] = g_thread_new ("configure", configure_thread, &configurers[i]);
    }
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  rill_test_bind (node, "Out", buffer);
  rill_test_run_node (fixture->session, node);
}

#define ADD(name, function) \
  g_test_add ("/compute-node/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("saxpy", test_saxpy);
  ADD ("reflection/bindings", test_reflection_bindings);
  ADD ("reflection/constants", test_reflection_constants);
  ADD ("names", test_names);
  ADD ("names/stripped", test_names_stripped);
  ADD ("names/aliased-binding", test_aliased_binding);
  ADD ("bind/errors", test_bind_errors);
  ADD ("bind/components", test_bind_components);
  ADD ("bind/usage", test_bind_usage);
  ADD ("bind/foreign", test_bind_foreign);
  ADD ("bind/range", test_bind_range);
  ADD ("bind/range-errors", test_bind_range_errors);
  ADD ("bind/again", test_rebind);
  ADD ("bind/unbound", test_unbound);
  ADD ("size/local", test_local_size);
  ADD ("size/errors", test_size_errors);
  ADD ("size/fixed", test_fixed_local_size);
  ADD ("size/shared", test_shared_size);
  ADD ("push-constants", test_push_constants);
  ADD ("specialization", test_specialization);
  ADD ("specialization/errors", test_specialization_errors);
  ADD ("specialization/small", test_specialization_small);
  ADD ("image/sampled", test_sampled_image);
  ADD ("image/three-channels", test_three_channels);
  ADD ("image/kinds", test_image_kinds);
  ADD ("sets-and-arrays", test_sets_and_arrays);
  ADD ("unsupported", test_unsupported);
  ADD ("entry-point", test_entry_point);
  ADD ("close", test_close);
  ADD ("uninitialized", test_uninitialized);
  ADD ("threads", test_threads);

  return g_test_run ();
}
