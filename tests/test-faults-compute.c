/* SPDX-License-Identifier: MIT */

/* Scenarios that compute. */

#include "test-faults.h"

#define PAGE_SIZE (256 * 1024)
#define N 256
#define SIZE (N * sizeof (guint32))

/* Doubles numbers, and draws a point. */
static const char shader[] =
  "#version 460\n"
  "layout (local_size_x = 64) in;\n"
  "layout (set = 0, binding = 0) buffer Numbers { uint number[]; };\n"
  "layout (set = 0, binding = 1, rgba8ui) uniform uimage2D drawing;\n"
  "layout (constant_id = 1) const uint factor = 1;\n"
  "layout (push_constant) uniform Parameters { uint offset; };\n"
  "void main ()\n"
  "{\n"
  "  number[gl_GlobalInvocationID.x] = number[gl_GlobalInvocationID.x] * factor + offset;\n"
  "  imageStore (drawing, ivec2 (0, 0), uvec4 (1, 2, 3, 4));\n"
  "}\n";

typedef struct
{
  FaultRun *run;
  RillMemory *memory;         /* (owned) (nullable) */
  RillBuffer *buffer;         /* (owned) (nullable) */
  RillBuffer *other;          /* (owned) (nullable) */
  RillImage *image;           /* (owned) (nullable) */
  RillProgram *program;       /* (owned) (nullable) */
  RillComputeNode *node;      /* (owned) (nullable) */
} Compute;

static void
compute_clear (Compute *self)
{
  g_clear_object (&self->node);
  g_clear_object (&self->program);
  g_clear_object (&self->image);
  g_clear_object (&self->other);
  g_clear_object (&self->buffer);
  g_clear_object (&self->memory);
}

static GBytes *
numbers (guint32 factor,
         guint32 offset)
{
  guint32 data[N];

  for (guint32 i = 0; i < N; i++)
    data[i] = i * factor + offset;
  return g_bytes_new (data, sizeof data);
}

static RillProgram *
new_program (FaultRun *run)
{
  return FAULTS_NEW (run, rill_session_create_program_from_glsl (run->session, shader, NULL, NULL,
                                                                 &run->error));
}

/* The compiler's result is the same each time. */
static RillProgram *
new_program_from_bytes (FaultRun *run)
{
  static GBytes *spirv;

  if (spirv == NULL)
    {
      g_autoptr (RillProgram) program = new_program (run);
      spirv = program != NULL ? g_bytes_ref (rill_program_get_spirv (program)) : NULL;
    }
  return spirv == NULL ? NULL
                       : FAULTS_NEW (run, rill_session_create_program_from_bytes (
                           run->session, spirv, &run->error));
}

static gboolean
configure (Compute *self)
{
  FaultRun *run = self->run;
  const guint32 offset = 5;
  g_autoptr (GBytes) constants = g_bytes_new (&offset, sizeof offset);

  return FAULTS_DO (run, rill_compute_node_bind (self->node, "Numbers", G_OBJECT (self->buffer),
                                                 &run->error))
         && FAULTS_DO (run, rill_compute_node_bind (self->node, "drawing", G_OBJECT (self->image),
                                                    &run->error))
         && FAULTS_DO (run, rill_compute_node_set_push_constants (self->node, constants,
                                                                  &run->error))
         && FAULTS_DO (run, rill_compute_node_set_specialization_constant (
                              self->node, 1, g_variant_new_uint32 (2), &run->error))
         && FAULTS_DO (run, rill_compute_node_set_global_size (self->node, N, 1, 1, &run->error));
}

/* Makes what a dispatch needs. */
static gboolean
compute_init (Compute  *self,
              FaultRun *run)
{
  g_autoptr (GBytes) input = numbers (1, 0);

  *self = (Compute) { .run = run };
  self->memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE_SIZE);
  self->buffer = faults_buffer (run, self->memory, SIZE);
  self->other = faults_buffer (run, self->memory, SIZE);
  if (self->memory != NULL)
    self->image = FAULTS_NEW (run, rill_memory_create_image (
                                     self->memory, (guint[]) { 16, 16, 4 }, 3,
                                     RILL_CHANNEL_TYPE_UINT8, RILL_IMAGE_USAGE_NONE, &run->error));
  self->program = new_program_from_bytes (run);
  if (self->program != NULL)
    self->node = FAULTS_NEW (run, rill_session_create_compute_node (run->session, self->program,
                                                                    NULL, &run->error));
  return self->buffer != NULL && self->other != NULL && self->image != NULL && self->node != NULL
         && FAULTS_DO (run, rill_buffer_write_bytes (self->buffer, 0, input, NULL, &run->error))
         && configure (self);
}

static void
check_numbers (FaultRun   *run,
               RillBuffer *buffer,
               guint32     factor,
               guint32     offset)
{
  g_autoptr (GBytes) expected = numbers (factor, offset);
  g_autoptr (GBytes) content =
    FAULTS_NEW (run, rill_buffer_read_bytes (buffer, 0, -1, NULL, &run->error));

  if (content != NULL)
    faults_expect (g_bytes_equal (content, expected), "the device has computed something else");
}

static void
run_program (FaultRun *run)
{
  g_autoptr (RillProgram) from_glsl = new_program (run);
  g_autoptr (RillProgram) from_bytes = new_program_from_bytes (run);
  g_autoptr (RillComputeNode) node = NULL;

  if (from_glsl != NULL)
    node = FAULTS_NEW (run, rill_session_create_compute_node (run->session, from_glsl, NULL,
                                                              &run->error));
}

static void
run_node (FaultRun *run)
{
  Compute compute;
  g_autoptr (RillCommandBuffer) commands = NULL;

  if (compute_init (&compute, run)
      && (commands = FAULTS_NEW (run, rill_session_create_command_buffer (run->session,
                                                                          &run->error))) != NULL
      && FAULTS_DO (run, rill_command_buffer_dispatch (commands, compute.node, &run->error))
      && FAULTS_DO (run, rill_command_buffer_run (commands, NULL, &run->error)))
    check_numbers (run, compute.buffer, 2, 5);
  compute_clear (&compute);
}

/* Leaves in compute->other what compute->buffer has. */
static gboolean
record (Compute           *compute,
        RillCommandBuffer *commands,
        RillDuration      *duration)
{
  FaultRun *run = compute->run;
  GError **error = &run->error;

  return FAULTS_DO (run, rill_command_buffer_begin_duration (commands, duration, error))
         && FAULTS_DO (run, rill_command_buffer_fill_buffer (commands, compute->other, 0, -1, 7,
                                                             error))
         && FAULTS_DO (run, rill_command_buffer_copy_buffer (commands, compute->buffer, 0,
                                                             compute->other, 0, 500, error))
         && FAULTS_DO (run, rill_command_buffer_clear_image (commands, compute->image, error))
         && FAULTS_DO (run, rill_command_buffer_copy_buffer_to_image (commands, compute->buffer, 0,
                                                                      compute->image, error))
         && FAULTS_DO (run, rill_command_buffer_barrier (commands, error))
         && FAULTS_DO (run, rill_command_buffer_copy_image_to_buffer (commands, compute->image,
                                                                      compute->other, 0, error))
         && FAULTS_DO (run, rill_command_buffer_dispatch (commands, compute->node, error))
         && FAULTS_DO (run, rill_command_buffer_end_duration (commands, duration, error))
         && FAULTS_DO (run, rill_command_buffer_change_image_layout (
                              commands, compute->image, RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                              error));
}

static void
run_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  FaultRun *run = user_data;

  FAULTS_DO (run, rill_command_buffer_run_finish (RILL_COMMAND_BUFFER (source), result,
                                                  &run->error));
  run->pending--;
}

/* The recording is run, measured, and run again as it is. */
static void
run_recording (Compute           *compute,
               RillCommandBuffer *commands,
               RillDuration      *duration)
{
  FaultRun *run = compute->run;
  guint n_errors;

  if (!FAULTS_DO (run, rill_command_buffer_run (commands, NULL, &run->error)))
    return;
  check_numbers (run, compute->other, 1, 0);
  FAULTS_DO (run, rill_duration_get_nanoseconds (duration, &run->error) >= 0);
  n_errors = run->errors->len;
  run->pending++;
  rill_command_buffer_run_async (commands, NULL, run_cb, run);
  faults_wait (run);
  if (run->errors->len == n_errors)
    check_numbers (run, compute->buffer, 4, 15);
}

static void
run_commands (FaultRun *run)
{
  Compute compute;
  g_autoptr (RillCommandBuffer) commands = NULL;
  g_autoptr (RillDuration) duration = NULL;

  if (compute_init (&compute, run))
    {
      commands = FAULTS_NEW (run, rill_session_create_command_buffer (run->session, &run->error));
      duration = FAULTS_NEW (run, rill_session_create_duration (run->session, &run->error));
    }
  if (commands != NULL && duration != NULL && record (&compute, commands, duration))
    run_recording (&compute, commands, duration);
  compute_clear (&compute);
}

/* What is recorded after a reset takes the descriptor sets of before. */
static void
run_reset (FaultRun *run)
{
  Compute compute;
  g_autoptr (RillCommandBuffer) commands = NULL;

  if (compute_init (&compute, run)
      && (commands = FAULTS_NEW (run, rill_session_create_command_buffer (run->session,
                                                                          &run->error))) != NULL
      && FAULTS_DO (run, rill_command_buffer_dispatch (commands, compute.node, &run->error))
      && FAULTS_DO (run, rill_command_buffer_reset (commands, &run->error))
      && FAULTS_DO (run, rill_command_buffer_dispatch (commands, compute.node, &run->error))
      && FAULTS_DO (run, rill_command_buffer_run (commands, NULL, &run->error)))
    check_numbers (run, compute.buffer, 2, 5);
  compute_clear (&compute);
}

const FaultScenario faults_compute_scenarios[] = {
  { .name = "program", .run = run_program },
  { .name = "node", .run = run_node },
  { .name = "commands", .run = run_commands },
  { .name = "reset", .run = run_reset },
  { .name = NULL },
};
