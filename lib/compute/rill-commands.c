/* SPDX-License-Identifier: MIT */
#include "compute/rill-commands-private.h"

#include "transfer/rill-image-transfer-private.h"

/* When a resource was read and written last, in numbers of barriers. */
typedef struct
{
  guint64 read;
  guint64 written;
} LastUse;

typedef struct
{
  const RillCommands *commands;
  VkCommandBuffer command_buffer;
  LastUse *uses;   /* (owned) one for each resource */
  guint64 barrier; /* number of the last one */
  const RillPipeline *pipeline; /* that is bound */
  guint first_set;              /* that is bound, or G_MAXUINT */
} Writer;

static void
command_clear (gpointer data)
{
  RillCommand *command = data;

  if (command->kind == RILL_COMMAND_DISPATCH)
    rill_pipeline_unref (command->u.dispatch.pipeline);
  else if (command->kind == RILL_COMMAND_TIMESTAMP)
    rill_timestamps_unref (command->u.timestamp.timestamps);
}

void
rill_commands_init (RillCommands *self)
{
  self->commands = g_array_new (FALSE, FALSE, sizeof (RillCommand));
  g_array_set_clear_func (self->commands, command_clear);
  self->accesses = g_array_new (FALSE, FALSE, sizeof (RillCommandAccess));
  self->sets = g_array_new (FALSE, FALSE, sizeof (VkDescriptorSet));
  self->push_constants = g_byte_array_new ();
  self->n_resources = 0;
}

void
rill_commands_clear (RillCommands *self)
{
  g_array_unref (self->commands);
  g_array_unref (self->accesses);
  g_array_unref (self->sets);
  g_byte_array_unref (self->push_constants);
}

/* Narrower than rill_command_barrier(): nothing else but shaders and transfers is recorded here. */
static void
write_hazard_barrier (Writer *writer)
{
  const VkMemoryBarrier2 barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
    .srcAccessMask = VK_ACCESS_2_SHADER_WRITE_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
    .dstAccessMask = VK_ACCESS_2_SHADER_READ_BIT | VK_ACCESS_2_SHADER_WRITE_BIT
                     | VK_ACCESS_2_UNIFORM_READ_BIT | VK_ACCESS_2_TRANSFER_READ_BIT
                     | VK_ACCESS_2_TRANSFER_WRITE_BIT,
  };
  const VkDependencyInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier,
  };

  vkCmdPipelineBarrier2 (writer->command_buffer, &info);
  writer->barrier++;
}

static gboolean
has_hazard (const Writer      *writer,
            const RillCommand *command)
{
  for (guint i = 0; i < command->n_accesses; i++)
    {
      const RillCommandAccess *access = &g_array_index (
        writer->commands->accesses, RillCommandAccess, command->first_access + i);
      const LastUse *last = &writer->uses[access->resource];

      if (last->written == writer->barrier || (access->write && last->read == writer->barrier))
        return TRUE;
    }
  return FALSE;
}

static void
note_accesses (Writer            *writer,
               const RillCommand *command)
{
  for (guint i = 0; i < command->n_accesses; i++)
    {
      const RillCommandAccess *access = &g_array_index (
        writer->commands->accesses, RillCommandAccess, command->first_access + i);

      if (access->write)
        writer->uses[access->resource].written = writer->barrier;
      else
        writer->uses[access->resource].read = writer->barrier;
    }
}

static void
write_dispatch (Writer            *writer,
                const RillCommand *command)
{
  const RillPipeline *pipeline = command->u.dispatch.pipeline;
  const RillPipelineLayout *layout = pipeline->layout;
  guint first_set = command->u.dispatch.first_set;

  if (writer->pipeline != pipeline)
    vkCmdBindPipeline (writer->command_buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->handle);
  if (layout->n_sets > 0 && writer->first_set != first_set)
    {
      vkCmdBindDescriptorSets (writer->command_buffer, VK_PIPELINE_BIND_POINT_COMPUTE,
                               layout->handle, 0, layout->n_sets,
                               &g_array_index (writer->commands->sets, VkDescriptorSet, first_set),
                               0, NULL);
      writer->first_set = first_set;
    }
  if (command->u.dispatch.push_size > 0)
    vkCmdPushConstants (writer->command_buffer, layout->handle, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                        command->u.dispatch.push_size,
                        writer->commands->push_constants->data + command->u.dispatch.push_offset);
  vkCmdDispatch (writer->command_buffer, command->u.dispatch.grid[0], command->u.dispatch.grid[1],
                 command->u.dispatch.grid[2]);
  writer->pipeline = pipeline;
}

static VkBufferImageCopy
get_buffer_image_region (RillImage *image,
                         guint64    offset)
{
  return (VkBufferImageCopy) {
    .bufferOffset = offset,
    .imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
    .imageExtent = { rill_image_get_width (image), rill_image_get_height (image),
                     rill_image_get_depth (image) },
  };
}

static void
write_transfer (Writer            *writer,
                const RillCommand *command)
{
  VkCommandBuffer command_buffer = writer->command_buffer;
  VkBufferImageCopy region;

  switch ((int) command->kind)
    {
    case RILL_COMMAND_COPY_BUFFER:
      {
        const VkBufferCopy copy = {
          .srcOffset = command->u.copy.from_offset,
          .dstOffset = command->u.copy.to_offset,
          .size = command->u.copy.size,
        };
        vkCmdCopyBuffer (command_buffer, rill_buffer_get_handle (command->u.copy.from),
                         rill_buffer_get_handle (command->u.copy.to), 1, &copy);
        break;
      }
    case RILL_COMMAND_FILL_BUFFER:
      vkCmdFillBuffer (command_buffer, rill_buffer_get_handle (command->u.fill.to),
                       command->u.fill.offset, command->u.fill.size,
                       command->u.fill.value * 0x01010101u);
      break;
    case RILL_COMMAND_COPY_IMAGE:
      rill_image_record_copy (command->u.copy.from, command->u.copy.to, command_buffer);
      break;
    case RILL_COMMAND_COPY_BUFFER_TO_IMAGE:
      region = get_buffer_image_region (command->u.copy.to, command->u.copy.from_offset);
      vkCmdCopyBufferToImage (command_buffer, rill_buffer_get_handle (command->u.copy.from),
                              rill_image_get_handle (command->u.copy.to), VK_IMAGE_LAYOUT_GENERAL,
                              1, &region);
      break;
    case RILL_COMMAND_COPY_IMAGE_TO_BUFFER:
      region = get_buffer_image_region (command->u.copy.from, command->u.copy.to_offset);
      vkCmdCopyImageToBuffer (command_buffer, rill_image_get_handle (command->u.copy.from),
                              VK_IMAGE_LAYOUT_GENERAL, rill_buffer_get_handle (command->u.copy.to),
                              1, &region);
      break;
    case RILL_COMMAND_CLEAR_IMAGE:
      rill_image_record_clear (command->u.fill.to, command_buffer);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
write_command (Writer            *writer,
               const RillCommand *command)
{
  if (has_hazard (writer, command))
    write_hazard_barrier (writer);
  note_accesses (writer, command);

  switch ((int) command->kind)
    {
    case RILL_COMMAND_DISPATCH:
      write_dispatch (writer, command);
      break;
    case RILL_COMMAND_BARRIER:
      rill_command_barrier (writer->command_buffer);
      writer->barrier++;
      break;
    case RILL_COMMAND_TIMESTAMP:
      rill_timestamps_record (command->u.timestamp.timestamps, writer->command_buffer,
                              command->u.timestamp.end);
      writer->barrier++;
      break;
    default:
      write_transfer (writer, command);
    }
}

void
rill_commands_write (const RillCommands *self,
                     VkCommandBuffer     command_buffer)
{
  g_autofree LastUse *uses = g_new0 (LastUse, self->n_resources + 1);
  Writer writer = {
    .commands = self,
    .command_buffer = command_buffer,
    .uses = uses,
    .barrier = 1,
    .first_set = G_MAXUINT,
  };

  for (guint i = 0; i < self->commands->len; i++)
    write_command (&writer, &g_array_index (self->commands, RillCommand, i));
}
