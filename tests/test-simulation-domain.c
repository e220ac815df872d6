/* SPDX-License-Identifier: MIT */

/* The host's domain, as the simulation layer keeps it: what the device has written to memory that is
 * not coherent is there for the host after a barrier and an invalidation, and not after one of them. */

#include "rill-test-rig.h"

#define POISON 0xfff5fde5
#define SIZE 4096

typedef struct
{
  Rig *rig;
  Block block;
  guint32 *host;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->rig = rig_open ("non-coherent");
  fixture->block = block_new (fixture->rig, find_type (fixture->rig, VISIBLE | CACHED), SIZE);
  fixture->host = map (fixture->rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  block_free (fixture->rig, &fixture->block);
  rig_close (fixture->rig);
}

/* Without any barrier, unlike finish(). */
static void
submit (Rig             *rig,
        VkCommandBuffer  commands)
{
  const VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
  };

  check (vkEndCommandBuffer (commands));
  check (vkQueueSubmit (rig->queue, 1, &info, VK_NULL_HANDLE));
  check (vkQueueWaitIdle (rig->queue));
  vkFreeCommandBuffers (rig->device, rig->pool, 1, &commands);
}

static void
fill_without_barrier (Fixture *fixture,
                      guint32  value)
{
  VkCommandBuffer commands = begin (fixture->rig);

  vkCmdFillBuffer (commands, fixture->block.buffer, 0, VK_WHOLE_SIZE, value);
  submit (fixture->rig, commands);
}

static void
assert_hidden (Fixture *fixture)
{
  invalidate (fixture->rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 0, SIZE / 4, POISON);
}

static void
assert_shown (Fixture *fixture,
              guint32  value)
{
  invalidate (fixture->rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 0, SIZE / 4, value);
}

static void
record_barrier (VkCommandBuffer        commands,
                VkPipelineStageFlags2  stage,
                VkAccessFlags2         from,
                VkAccessFlags2         to)
{
  const VkMemoryBarrier2 barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .srcAccessMask = from,
    .dstStageMask = stage,
    .dstAccessMask = to,
  };
  const VkDependencyInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier,
  };

  vkCmdPipelineBarrier2 (commands, &info);
}

static void
submit_barrier (Fixture               *fixture,
                VkPipelineStageFlags2  stage,
                VkAccessFlags2         from,
                VkAccessFlags2         to)
{
  VkCommandBuffer commands = begin (fixture->rig);

  record_barrier (commands, stage, from, to);
  submit (fixture->rig, commands);
}

/* Nothing but a barrier to the host counts. What it brings there is what the end of the submission has made
 * available, whatever writes of its own it names. */
static void
test_barrier (Fixture       *fixture,
              gconstpointer  data)
{
  const VkPipelineStageFlags2 host = VK_PIPELINE_STAGE_2_HOST_BIT;
  const VkAccessFlags2 write = VK_ACCESS_2_TRANSFER_WRITE_BIT, read = VK_ACCESS_2_HOST_READ_BIT;

  fill_without_barrier (fixture, 5);
  assert_hidden (fixture);
  submit_barrier (fixture, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, write, VK_ACCESS_2_MEMORY_READ_BIT);
  assert_hidden (fixture);
  submit_barrier (fixture, host, VK_ACCESS_2_SHADER_WRITE_BIT, read);
  assert_shown (fixture, 5);

  /* It holds for what was before. */
  fill_without_barrier (fixture, 6);
  assert_hidden (fixture);
  submit_barrier (fixture, host, VK_ACCESS_2_MEMORY_WRITE_BIT, VK_ACCESS_2_MEMORY_READ_BIT);
  assert_shown (fixture, 6);
}

static void
test_order_in_commands (Fixture       *fixture,
                        gconstpointer  data)
{
  VkCommandBuffer commands = begin (fixture->rig);

  record_barrier (commands, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
                  VK_ACCESS_2_HOST_READ_BIT);
  vkCmdFillBuffer (commands, fixture->block.buffer, 0, VK_WHOLE_SIZE, 7);
  submit (fixture->rig, commands);
  assert_hidden (fixture);
}

typedef struct
{
  VkPipelineStageFlags2 stage;
  VkAccessFlags2 from;
  VkAccessFlags2 to;
} Barrier;

typedef struct
{
  const char *name;
  Barrier barriers[2];
  gboolean shows;
} Chain;

#define TRANSFER VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT
#define HOST VK_PIPELINE_STAGE_2_HOST_BIT
#define WRITES VK_ACCESS_2_TRANSFER_WRITE_BIT
#define HOST_READS VK_ACCESS_2_HOST_READ_BIT

/* Within one submission, where no semaphore makes anything available. */
static const Chain chains[] = {
  { "both", { { HOST, WRITES, HOST_READS } }, TRUE },
  { "one-after-the-other",
    { { TRANSFER, WRITES, VK_ACCESS_2_TRANSFER_READ_BIT }, { HOST, 0, HOST_READS } }, TRUE },
  { "host-writes", { { HOST, WRITES, VK_ACCESS_2_HOST_WRITE_BIT } }, TRUE },
  { "other-writes", { { HOST, VK_ACCESS_2_SHADER_WRITE_BIT, HOST_READS } }, FALSE },
  { "not-for-the-host", { { TRANSFER, WRITES, VK_ACCESS_2_TRANSFER_READ_BIT } }, FALSE },
};

static void
test_chain (Fixture       *fixture,
            gconstpointer  data)
{
  const Chain *chain = data;
  VkCommandBuffer commands = begin (fixture->rig);

  vkCmdFillBuffer (commands, fixture->block.buffer, 0, VK_WHOLE_SIZE, 7);
  for (guint i = 0; i < G_N_ELEMENTS (chain->barriers); i++)
    if (chain->barriers[i].stage != 0)
      record_barrier (commands, chain->barriers[i].stage, chain->barriers[i].from,
                      chain->barriers[i].to);
  submit (fixture->rig, commands);
  if (chain->shows)
    assert_shown (fixture, 7);
  else
    assert_hidden (fixture);
}

/* The first Vulkan's barriers, of one buffer. */
static void
test_buffer_barrier (Fixture       *fixture,
                     gconstpointer  data)
{
  const VkBufferMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .buffer = fixture->block.buffer,
    .offset = 1024,
    .size = 1024,
  };
  VkCommandBuffer commands = begin (fixture->rig);

  vkCmdFillBuffer (commands, fixture->block.buffer, 0, VK_WHOLE_SIZE, 8);
  vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 0,
                        NULL, 1, &barrier, 0, NULL);
  submit (fixture->rig, commands);
  invalidate (fixture->rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 0, 256, POISON);
  assert_words (fixture->host, 256, 256, 8);
  assert_words (fixture->host, 512, 512, POISON);
}

/* The host has written over what it could not see. */
static void
test_flush (Fixture       *fixture,
            gconstpointer  data)
{
  fill_without_barrier (fixture, 9);
  for (guint i = 0; i < 256; i++)
    fixture->host[i] = 10;
  flush (fixture->rig, fixture->block.memory, 0, 1024);
  invalidate (fixture->rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 0, 256, 10);
  assert_words (fixture->host, 256, 768, POISON);
}

/* What else writes. */
static void
test_writers (Fixture       *fixture,
              gconstpointer  data)
{
  Rig *rig = fixture->rig;
  Block source = block_new (rig, find_type (rig, DEVICE), SIZE);
  const VkBufferCopy region = { .dstOffset = 256, .size = 512 };
  const VkBufferCopy2 region2 = { .sType = VK_STRUCTURE_TYPE_BUFFER_COPY_2, .dstOffset = 1024, .size = 4 };
  const VkCopyBufferInfo2 copy = {
    .sType = VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2,
    .srcBuffer = source.buffer,
    .dstBuffer = fixture->block.buffer,
    .regionCount = 1,
    .pRegions = &region2,
  };
  const guint32 words[4] = { 3, 3, 3, 3 };
  VkCommandBuffer commands;

  fill (rig, &source, 0, SIZE, 2);
  fill (rig, &fixture->block, 0, SIZE, 1);
  commands = begin (rig);
  vkCmdCopyBuffer (commands, source.buffer, fixture->block.buffer, 1, &region);
  vkCmdCopyBuffer2 (commands, &copy);
  vkCmdUpdateBuffer (commands, fixture->block.buffer, 2048, sizeof words, words);
  submit (rig, commands);
  invalidate (rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 0, 64, 1);
  assert_words (fixture->host, 64, 128, POISON);
  assert_words (fixture->host, 192, 64, 1);
  assert_words (fixture->host, 256, 1, POISON);
  assert_words (fixture->host, 257, 255, 1);
  assert_words (fixture->host, 512, 4, POISON);
  assert_words (fixture->host, 516, 508, 1);

  submit_barrier (fixture, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
                  VK_ACCESS_2_HOST_READ_BIT);
  invalidate (rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 64, 128, 2);
  assert_words (fixture->host, 256, 1, 2);
  assert_words (fixture->host, 512, 4, 3);
  block_free (rig, &source);
}

/* The first row of it at least. */
static void
test_image (Fixture       *fixture,
            gconstpointer  data)
{
  Rig *rig = fixture->rig;
  VkImage image = create_image (rig, VK_IMAGE_TILING_OPTIMAL, 0);
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 65536);
  const VkImageSubresourceRange all = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 };
  const VkImageMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
    .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .newLayout = VK_IMAGE_LAYOUT_GENERAL,
    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .image = image,
    .subresourceRange = all,
  };
  const VkBufferImageCopy region = {
    .bufferOffset = 512,
    .imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
    .imageExtent = { 16, 16, 1 },
  };
  const VkMemoryBarrier written = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
  };
  const VkClearColorValue ones = { .float32 = { 1, 1, 1, 1 } };
  VkCommandBuffer commands;

  check (vkBindImageMemory (rig->device, image, memory, 0));
  commands = begin (rig);
  vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
                        0, 0, NULL, 0, NULL, 1, &barrier);
  vkCmdClearColorImage (commands, image, VK_IMAGE_LAYOUT_GENERAL, &ones, 1, &all);
  vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0,
                        1, &written, 0, NULL, 0, NULL);
  vkCmdCopyImageToBuffer (commands, image, VK_IMAGE_LAYOUT_GENERAL, fixture->block.buffer, 1, &region);
  submit (rig, commands);
  invalidate (rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 128, 4, POISON);
  submit_barrier (fixture, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
                  VK_ACCESS_2_HOST_READ_BIT);
  invalidate (rig, fixture->block.memory, 0, VK_WHOLE_SIZE);
  assert_words (fixture->host, 128, 256, 0xffffffff);
  vkDestroyImage (rig->device, image, NULL);
  vkFreeMemory (rig->device, memory, NULL);
}

/* What a secondary command buffer does is done by who executes it. */
static void
test_secondary (Fixture       *fixture,
                gconstpointer  data)
{
  Rig *rig = fixture->rig;
  const VkCommandBufferAllocateInfo allocation = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = rig->pool,
    .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY,
    .commandBufferCount = 1,
  };
  const VkCommandBufferInheritanceInfo inheritance = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
  };
  const VkCommandBufferBeginInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    .pInheritanceInfo = &inheritance,
  };
  VkCommandBuffer secondary, commands;

  check (vkAllocateCommandBuffers (rig->device, &allocation, &secondary));
  check (vkBeginCommandBuffer (secondary, &info));
  vkCmdFillBuffer (secondary, fixture->block.buffer, 0, VK_WHOLE_SIZE, 4);
  check (vkEndCommandBuffer (secondary));
  commands = begin (rig);
  vkCmdExecuteCommands (commands, 1, &secondary);
  submit (rig, commands);
  assert_hidden (fixture);
  commands = begin (rig);
  vkCmdExecuteCommands (commands, 1, &secondary);
  finish (rig, commands);
  assert_shown (fixture, 4);
  vkFreeCommandBuffers (rig->device, rig->pool, 1, &secondary);
}

/* Recorded anew, a command buffer does what it does now. */
static void
test_again (Fixture       *fixture,
            gconstpointer  data)
{
  Rig *rig = fixture->rig;
  const VkCommandBufferBeginInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };
  VkCommandBuffer commands;

  fill (rig, &fixture->block, 0, SIZE, 1);
  commands = begin (rig);
  vkCmdFillBuffer (commands, fixture->block.buffer, 0, VK_WHOLE_SIZE, 2);
  check (vkEndCommandBuffer (commands));
  check (vkResetCommandPool (rig->device, rig->pool, 0));
  check (vkBeginCommandBuffer (commands, &info));
  submit (rig, commands);
  assert_shown (fixture, 1);
}

/* Late submissions are the same, and a barrier of one's own is behind what was submitted before, though the
 * commands may overtake each other. */
static void
test_late (void)
{
  Fixture fixture;
  VkCommandBuffer commands[2];
  VkSubmitInfo info = { .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1 };

  fixture.rig = rig_open ("non-coherent,schedule=late");
  fixture.block = block_new (fixture.rig, find_type (fixture.rig, VISIBLE | CACHED), SIZE);
  fixture.host = map (fixture.rig, fixture.block.memory, 0, VK_WHOLE_SIZE);
  fill_without_barrier (&fixture, 5);
  assert_hidden (&fixture);
  fill (fixture.rig, &fixture.block, 0, SIZE, 6);
  assert_shown (&fixture, 6);

  for (guint i = 0; i < 2; i++)
    {
      commands[i] = begin (fixture.rig);
      if (i == 0)
        vkCmdFillBuffer (commands[i], fixture.block.buffer, 0, VK_WHOLE_SIZE, 7);
      else
        record_barrier (commands[i], HOST, WRITES, HOST_READS);
      check (vkEndCommandBuffer (commands[i]));
      info.pCommandBuffers = &commands[i];
      check (vkQueueSubmit (fixture.rig->queue, 1, &info, VK_NULL_HANDLE));
    }
  check (vkQueueWaitIdle (fixture.rig->queue));
  assert_shown (&fixture, 7);
  vkFreeCommandBuffers (fixture.rig->device, fixture.rig->pool, 2, commands);
  tear_down (&fixture, NULL);
}

static void
add (const char *path,
     void (*test) (Fixture       *fixture,
                   gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!rig_prepare ())
    return 0;

  add ("/simulation-domain/barrier", test_barrier);
  add ("/simulation-domain/order-in-commands", test_order_in_commands);
  for (gsize i = 0; i < G_N_ELEMENTS (chains); i++)
    {
      g_autofree char *path = g_strdup_printf ("/simulation-domain/chain/%s", chains[i].name);

      g_test_add (path, Fixture, &chains[i], set_up, test_chain, tear_down);
    }
  add ("/simulation-domain/buffer-barrier", test_buffer_barrier);
  add ("/simulation-domain/flush", test_flush);
  add ("/simulation-domain/writers", test_writers);
  add ("/simulation-domain/image", test_image);
  add ("/simulation-domain/secondary", test_secondary);
  add ("/simulation-domain/again", test_again);
  g_test_add_func ("/simulation-domain/late", test_late);
  return g_test_run ();
}
