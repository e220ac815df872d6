/* SPDX-License-Identifier: MIT */

/* The queues of the simulation layer: families that are split, what is held back and what lets it
 * go, in every mode. Plain Vulkan. */

#include "rill-test-queues.h"

/* Families */

static void
test_families (void)
{
  Fixture f;
  VkQueueFamilyProperties families[3];
  VkQueueFamilyProperties2 families2[3];
  guint32 n = G_N_ELEMENTS (families);

  open_fixture (&f, "queues=split");
  vkGetPhysicalDeviceQueueFamilyProperties (f.physical_device, &n, families);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmphex (families[0].queueFlags & VK_QUEUE_COMPUTE_BIT, !=, 0);
  g_assert_cmphex (families[1].queueFlags, ==, VK_QUEUE_TRANSFER_BIT);
  g_assert_cmpuint (families[1].queueCount, ==, 1);
  g_assert_cmpuint (families[1].timestampValidBits, ==, families[0].timestampValidBits);
  g_assert_cmpuint (families[1].minImageTransferGranularity.width, ==, 1);
  g_assert_cmpuint (families[1].minImageTransferGranularity.height, ==, 1);
  g_assert_cmpuint (families[1].minImageTransferGranularity.depth, ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (families2); i++)
    families2[i] = (VkQueueFamilyProperties2) {
      .sType = VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2,
    };
  n = G_N_ELEMENTS (families2);
  vkGetPhysicalDeviceQueueFamilyProperties2 (f.physical_device, &n, families2);
  g_assert_cmpuint (n, ==, 2);
  for (guint i = 0; i < n; i++)
    g_assert_cmpmem (&families2[i].queueFamilyProperties, sizeof families[i], &families[i],
                     sizeof families[i]);

  n = 1;
  families[1].queueCount = 77;
  vkGetPhysicalDeviceQueueFamilyProperties (f.physical_device, &n, families);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (families[1].queueCount, ==, 77);
  n = 0;
  vkGetPhysicalDeviceQueueFamilyProperties2 (f.physical_device, &n, NULL);
  g_assert_cmpuint (n, ==, 2);
  close_fixture (&f);
}

static void
test_get_queue (void)
{
  Fixture f;
  const VkDeviceQueueInfo2 info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
    .queueFamilyIndex = 1,
  };
  VkQueue queue;

  open_fixture (&f, "queues=split");
  g_assert_true (f.queues[0] != f.queues[1]);
  vkGetDeviceQueue (f.device, 1, 0, &queue);
  g_assert_true (queue == f.queues[1]);
  vkGetDeviceQueue2 (f.device, &info, &queue);
  g_assert_true (queue == f.queues[1]);

  for (guint i = 0; i < 2; i++)
    {
      submit (&f, i, new_fill (&f, i, i, 10 + i), nothing, nothing, VK_NULL_HANDLE);
      check (vkQueueWaitIdle (f.queues[i]));
      g_assert_cmphex (f.words[i], ==, 10 + i);
    }
  close_fixture (&f);
}

/* A device of the transfer family alone, for which the driver is asked for its own. */
static void
test_transfer_family_alone (void)
{
  Fixture f = { 0 };

  rill_test_simulation_configure ("queues=split");
  f.semaphores = g_array_new (FALSE, FALSE, sizeof (VkSemaphore));
  f.fences = g_array_new (FALSE, FALSE, sizeof (VkFence));
  open_instance (&f);
  open_device (&f, 1);
  f.n_families = 1; /* of the buffer */
  open_memory (&f);
  submit (&f, 1, new_fill (&f, 1, 0, 42), nothing, nothing, VK_NULL_HANDLE);
  check (vkDeviceWaitIdle (f.device));
  g_assert_cmphex (f.words[0], ==, 42);
  close_fixture (&f);
}

/* The two halves of a change of ownership, by the older and by the newer command. */
static VkCommandBuffer
new_half (Fixture  *f,
          guint     family,
          VkBuffer  buffer,
          gboolean  newer)
{
  VkCommandBuffer commands = begin_commands (f, family);
  const VkBufferMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
    .srcAccessMask = family == 0 ? VK_ACCESS_TRANSFER_WRITE_BIT : 0,
    .dstAccessMask = family == 1 ? VK_ACCESS_TRANSFER_READ_BIT : 0,
    .srcQueueFamilyIndex = 0,
    .dstQueueFamilyIndex = 1,
    .buffer = buffer,
    .size = VK_WHOLE_SIZE,
  };
  const VkBufferMemoryBarrier2 barrier2 = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
    .srcStageMask = family == 0 ? VK_PIPELINE_STAGE_2_TRANSFER_BIT : VK_PIPELINE_STAGE_2_NONE,
    .srcAccessMask = barrier.srcAccessMask,
    .dstStageMask = family == 1 ? VK_PIPELINE_STAGE_2_TRANSFER_BIT : VK_PIPELINE_STAGE_2_NONE,
    .dstAccessMask = barrier.dstAccessMask,
    .srcQueueFamilyIndex = 0,
    .dstQueueFamilyIndex = 1,
    .buffer = buffer,
    .size = VK_WHOLE_SIZE,
  };
  const VkDependencyInfo dependency = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .bufferMemoryBarrierCount = 1,
    .pBufferMemoryBarriers = &barrier2,
  };
  const VkBufferCopy region = { 0, 3 * sizeof (guint32), sizeof (guint32) };

  if (family == 0)
    vkCmdFillBuffer (commands, buffer, 0, VK_WHOLE_SIZE, 0xabcd);
  if (newer)
    vkCmdPipelineBarrier2 (commands, &dependency);
  else
    vkCmdPipelineBarrier (commands,
                          family == 0 ? VK_PIPELINE_STAGE_TRANSFER_BIT
                                      : VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
                          family == 1 ? VK_PIPELINE_STAGE_TRANSFER_BIT
                                      : VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                          0, 0, NULL, 1, &barrier, 0, NULL);
  if (family == 1)
    vkCmdCopyBuffer (commands, buffer, f->buffer, 1, &region);
  return end_commands (commands);
}

static void
test_ownership (void)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = 256,
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  };
  VkMemoryAllocateInfo memory_info = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
  Fixture f;
  VkSemaphore semaphore;
  VkBuffer buffer;
  VkDeviceMemory memory;
  VkMemoryRequirements requirements;

  open_fixture (&f, "queues=split");
  semaphore = new_timeline (&f);
  check (vkCreateBuffer (f.device, &info, NULL, &buffer));
  vkGetBufferMemoryRequirements (f.device, buffer, &requirements);
  memory_info.allocationSize = requirements.size;
  memory_info.memoryTypeIndex = (guint32) g_bit_nth_lsf (requirements.memoryTypeBits, -1);
  check (vkAllocateMemory (f.device, &memory_info, NULL, &memory));
  check (vkBindBufferMemory (f.device, buffer, memory, 0));

  for (guint64 newer = 0; newer < 2; newer++)
    {
      f.words[3] = UNTOUCHED;
      submit (&f, 0, new_half (&f, 0, buffer, newer == 1), nothing,
              (Moment) { semaphore, 2 * newer + 1 }, VK_NULL_HANDLE);
      submit (&f, 1, new_half (&f, 1, buffer, newer == 1),
              (Moment) { semaphore, 2 * newer + 1 }, (Moment) { semaphore, 2 * newer + 2 },
              VK_NULL_HANDLE);
      check (wait_value (&f, (Moment) { semaphore, 2 * newer + 2 }, FOR_EVER));
      g_assert_cmphex (f.words[3], ==, 0xabcd);
    }
  vkDestroyBuffer (f.device, buffer, NULL);
  vkFreeMemory (f.device, memory, NULL);
  close_fixture (&f);
}

/* Events have barriers too, which are between the families as well. */
static void
test_events (void)
{
  const VkEventCreateInfo info = { .sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO };
  const VkMemoryBarrier2 barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT,
    .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT,
    .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
  };
  const VkDependencyInfo dependency = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier,
  };
  const VkBufferCopy region = { 0, 4, 4 };
  Fixture f;
  VkEvent event;
  VkCommandBuffer commands;

  open_fixture (&f, "queues=split");
  check (vkCreateEvent (f.device, &info, NULL, &event));
  commands = begin_commands (&f, 0);
  vkCmdFillBuffer (commands, f.buffer, 0, 4, 5);
  vkCmdSetEvent2 (commands, event, &dependency);
  vkCmdWaitEvents2 (commands, 1, &event, &dependency);
  vkCmdCopyBuffer (commands, f.buffer, f.buffer, 1, &region);
  submit (&f, 0, end_commands (commands), nothing, nothing, VK_NULL_HANDLE);
  check (vkDeviceWaitIdle (f.device));
  g_assert_cmphex (f.words[1], ==, 5);
  g_assert_cmpint (vkGetEventStatus (f.device, event), ==, VK_EVENT_SET);
  check (vkResetEvent (f.device, event));
  g_assert_cmpint (vkGetEventStatus (f.device, event), ==, VK_EVENT_RESET);
  check (vkSetEvent (f.device, event));
  g_assert_cmpint (vkGetEventStatus (f.device, event), ==, VK_EVENT_SET);
  vkDestroyEvent (f.device, event, NULL);
  close_fixture (&f);
}

/* What waits for something later is held, in every mode that tells. */

static const char *const modes[] = {
  "", "queues=split", "schedule=late", "queues=split,schedule=late", "queues=split,delay-ms=2",
  "queues=split,schedule=late,delay-ms=2",
};

static void
test_wait_before_signal (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;
  guint other;

  open_fixture (&f, mode);
  other = f.n_families - 1;
  semaphore = new_timeline (&f);
  submit (&f, 0, new_copy (&f, 0, 0, 1), (Moment) { semaphore, 1 }, (Moment) { semaphore, 2 },
          VK_NULL_HANDLE);
  g_usleep (A_WHILE_US);
  g_assert_cmphex (f.words[1], ==, UNTOUCHED);
  if (other != 0)
    submit (&f, other, new_fill (&f, other, 0, 7), nothing, (Moment) { semaphore, 1 },
            VK_NULL_HANDLE);
  else
    {
      f.words[0] = 7;
      signal_value (&f, (Moment) { semaphore, 1 });
    }
  check (wait_value (&f, (Moment) { semaphore, 2 }, FOR_EVER));
  g_assert_cmphex (f.words[1], ==, 7);
  close_fixture (&f);
}

/* The first queue has all of its submissions before the second has its first; each waits for one of
 * the other's. */
static void
test_ping_pong (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;

  open_fixture (&f, mode);
  semaphore = new_timeline (&f);
  f.words[0] = 99;
  for (guint queue = 0; queue < 2; queue++)
    for (guint64 i = 1 - queue; i < 20; i += 2)
      submit (&f, queue, new_copy (&f, queue, i, i + 1), (Moment) { semaphore, i },
              (Moment) { semaphore, i + 1 }, VK_NULL_HANDLE);
  check (wait_value (&f, (Moment) { semaphore, 20 }, FOR_EVER));
  for (guint i = 1; i <= 20; i++)
    g_assert_cmphex (f.words[i], ==, 99);
  close_fixture (&f);
}

/* Without asking Vulkan. */
static void
wait_for_word (Fixture *f,
               guint    word,
               guint32  value)
{
  for (guint i = 0; i < 5000 && f->words[word] != value; i++)
    g_usleep (1000);
  g_assert_cmphex (f->words[word], ==, value);
}

static void
test_host_signal (gconstpointer mode)
{
  Fixture f;
  VkSemaphore host, device;
  VkFence fence;

  open_fixture (&f, mode);
  host = new_timeline (&f);
  device = new_timeline (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), (Moment) { host, 5 }, (Moment) { device, 1 }, fence);
  g_assert_cmpint (wait_value (&f, (Moment) { device, 1 }, MS), ==, VK_TIMEOUT);
  g_assert_cmpint (vkWaitForFences (f.device, 1, &fence, VK_TRUE, MS), ==, VK_TIMEOUT);
  signal_value (&f, (Moment) { host, 4 });
  g_usleep (A_WHILE_US);
  g_assert_cmpint (vkGetFenceStatus (f.device, fence), ==, VK_NOT_READY);
  g_assert_cmphex (f.words[0], ==, UNTOUCHED);
  signal_value (&f, (Moment) { host, 5 });
  if (strstr (mode, "late") == NULL)
    wait_for_word (&f, 0, 1);
  else
    g_assert_cmphex (f.words[0], ==, UNTOUCHED);
  check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
  g_assert_cmphex (f.words[0], ==, 1);
  close_fixture (&f);
}

/* What one vkQueueSubmit is given: gone after the call. */
typedef struct
{
  VkSubmitInfo infos[3];
  VkTimelineSemaphoreSubmitInfo timelines[3];
  VkDeviceGroupSubmitInfo groups[3];
  VkSemaphore semaphores[2]; /* of the host and of the device */
  VkCommandBuffer commands[3];
  VkPipelineStageFlags stages;
  guint64 waits[3];
  guint64 signals[3];
  guint32 zero;
  guint32 one;
} Batches;

/* The first waits for the host, the others for the one before. */
static void
fill_batch (Batches *self,
            guint    i)
{
  self->waits[i] = MAX (1, i);
  self->signals[i] = i + 1;
  self->groups[i] = (VkDeviceGroupSubmitInfo) {
    .sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO,
    .waitSemaphoreCount = 1,
    .pWaitSemaphoreDeviceIndices = &self->zero,
    .commandBufferCount = 1,
    .pCommandBufferDeviceMasks = &self->one,
    .signalSemaphoreCount = 1,
    .pSignalSemaphoreDeviceIndices = &self->zero,
  };
  self->timelines[i] = (VkTimelineSemaphoreSubmitInfo) {
    .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
    .pNext = &self->groups[i],
    .waitSemaphoreValueCount = 1,
    .pWaitSemaphoreValues = &self->waits[i],
    .signalSemaphoreValueCount = 1,
    .pSignalSemaphoreValues = &self->signals[i],
  };
  self->infos[i] = (VkSubmitInfo) {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .pNext = &self->timelines[i],
    .waitSemaphoreCount = 1,
    .pWaitSemaphores = &self->semaphores[i > 0],
    .pWaitDstStageMask = &self->stages,
    .commandBufferCount = 1,
    .pCommandBuffers = &self->commands[i],
    .signalSemaphoreCount = 1,
    .pSignalSemaphores = &self->semaphores[1],
  };
}

/* Batches of one call, which wait for each other, and a fence that is for all of them; then a fence
 * alone. */
static void
test_batches (gconstpointer mode)
{
  Fixture f;
  VkSemaphore host;
  VkFence fences[2];
  Batches *batches = g_new0 (Batches, 1);

  open_fixture (&f, mode);
  host = new_timeline (&f);
  fences[0] = new_fence (&f);
  fences[1] = new_fence (&f);
  batches->semaphores[0] = host;
  batches->semaphores[1] = new_timeline (&f);
  batches->stages = VK_PIPELINE_STAGE_TRANSFER_BIT;
  batches->one = 1;
  for (guint i = 0; i < 3; i++)
    {
      batches->commands[i] = i == 0 ? new_fill (&f, 0, 0, 3) : new_copy (&f, 0, i - 1, i);
      fill_batch (batches, i);
    }
  check (vkQueueSubmit (f.queues[0], 3, batches->infos, fences[0]));
  check (vkQueueSubmit2 (f.queues[0], 0, NULL, fences[1]));
  memset (batches, 0xff, sizeof *batches);
  g_free (batches);

  g_assert_cmpint (vkWaitForFences (f.device, 2, fences, VK_FALSE, MS), ==, VK_TIMEOUT);
  signal_value (&f, (Moment) { host, 1 });
  check (vkWaitForFences (f.device, 1, &fences[0], VK_TRUE, FOR_EVER));
  for (guint i = 0; i < 3; i++)
    g_assert_cmphex (f.words[i], ==, 3);
  check (vkWaitForFences (f.device, 1, &fences[1], VK_TRUE, FOR_EVER));
  close_fixture (&f);
}

/* A fence is of use again after its reset. */
static void
test_fences (gconstpointer mode)
{
  Fixture f;
  VkFence fence;

  open_fixture (&f, mode);
  fence = new_fence (&f);
  for (guint i = 0; i < 3; i++)
    {
      guint queue = i % f.n_families;
      submit (&f, queue, new_fill (&f, queue, i, i), nothing, nothing, fence);
      check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
      check (vkGetFenceStatus (f.device, fence));
      g_assert_cmphex (f.words[i], ==, i);
      check (vkResetFences (f.device, 1, &fence));
      g_assert_cmpint (vkGetFenceStatus (f.device, fence), ==, VK_NOT_READY);
    }
  close_fixture (&f);
}

/* Each signal has its own wait, again and again with the same semaphores. */
static void
test_binary (gconstpointer mode)
{
  Fixture f;
  VkSemaphore there, back;
  guint other;

  open_fixture (&f, mode);
  other = f.n_families - 1;
  there = new_binary (&f);
  back = new_binary (&f);
  for (guint i = 0; i < 12; i += 2)
    {
      submit (&f, 0, i == 0 ? new_fill (&f, 0, 0, 55) : new_copy (&f, 0, i - 1, i),
              i == 0 ? nothing : (Moment) { back, 0 }, (Moment) { there, 0 }, VK_NULL_HANDLE);
      submit (&f, other, new_copy (&f, other, i, i + 1), (Moment) { there, 0 },
              (Moment) { back, 0 }, VK_NULL_HANDLE);
    }
  check (vkQueueWaitIdle (f.queues[other]));
  for (guint i = 0; i < 12; i++)
    g_assert_cmphex (f.words[i], ==, 55);
  close_fixture (&f);
}

/* The layer cannot copy what it does not know; validation would leave it out. */
static void
test_unknown_structure (gconstpointer mode)
{
  const VkBaseInStructure unknown = { .sType = VK_STRUCTURE_TYPE_MAX_ENUM };
  Fixture f;
  VkCommandBuffer commands;
  VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .pNext = &unknown,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
  };

  open_fixture_without_validation (&f, mode);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  commands = new_copy (&f, 0, 0, 1);
  check (vkQueueSubmit (f.queues[0], 1, &info, VK_NULL_HANDLE));
  wait_for_word (&f, 1, 1);
  check (vkDeviceWaitIdle (f.device));
  close_fixture (&f);
}

static void
test_queries (gconstpointer mode)
{
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = 1,
  };
  Fixture f;
  VkQueryPool pool;
  VkCommandBuffer commands;
  guint64 result = 0;

  open_fixture (&f, mode);
  check (vkCreateQueryPool (f.device, &info, NULL, &pool));
  vkResetQueryPool (f.device, pool, 0, 1);
  commands = begin_commands (&f, 0);
  vkCmdFillBuffer (commands, f.buffer, 0, 4, 1);
  vkCmdWriteTimestamp (commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, pool, 0);
  submit (&f, 0, end_commands (commands), nothing, nothing, VK_NULL_HANDLE);
  /* Lavapipe 22.3 does not wait for what it has not begun. */
  for (guint i = 0; i < 5000 && result == 0; i++)
    {
      check (vkGetQueryPoolResults (f.device, pool, 0, 1, sizeof result, &result, sizeof result,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
      g_usleep (1000);
    }
  g_assert_cmpuint (result, >, 0);
  check (vkDeviceWaitIdle (f.device));
  g_assert_cmphex (f.words[0], ==, 1);
  vkDestroyQueryPool (f.device, pool, NULL);
  close_fixture (&f);
}

/* Threads */

/* What it needs comes later, and where there are two queues in two parts, the second first. */
static void
test_wait_before_submit (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;
  Waiter waiter;
  GThread *thread;

  open_fixture_without_validation (&f, mode);
  semaphore = new_timeline (&f);
  f.words[0] = 8;
  waiter = (Waiter) { .f = &f, .moment = { semaphore, 2 } };
  thread = start_waiter (&waiter);
  submit (&f, 0, new_copy (&f, 0, 0, 1), (Moment) { semaphore, f.n_families - 1 },
          (Moment) { semaphore, 2 }, VK_NULL_HANDLE);
  if (f.n_families > 1)
    {
      g_usleep (A_WHILE_US);
      g_assert_cmphex (f.words[1], ==, UNTOUCHED);
      submit (&f, 1, new_fill (&f, 1, 0, 9), nothing, (Moment) { semaphore, 1 }, VK_NULL_HANDLE);
    }
  g_thread_join (thread);
  check (waiter.result);
  g_assert_cmphex (waiter.seen, ==, 7 + f.n_families);
  close_fixture (&f);
}

#define N_THREADS 4
#define N_ROUNDS 40

typedef struct
{
  Fixture *f;
  GMutex *locks; /* of the queues */
  VkSemaphore semaphore;
  VkCommandBuffer fills[N_ROUNDS];
  VkCommandBuffer copies[N_ROUNDS];
  guint index;
} Worker;

/* Fills in one queue, copies in the other; the copy may be submitted first. */
static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;
  guint other = self->f->n_families - 1;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      gboolean copy_first = other != 0 && i % 2 == 1;
      for (guint j = 0; j < 2; j++)
        {
          gboolean copy = (j == 0) == copy_first;
          guint queue = copy ? other : 0;
          g_mutex_lock (&self->locks[queue]);
          submit (self->f, queue, copy ? self->copies[i] : self->fills[i],
                  (Moment) { self->semaphore, 2 * i + copy },
                  (Moment) { self->semaphore, 2 * i + copy + 1 }, VK_NULL_HANDLE);
          g_mutex_unlock (&self->locks[queue]);
        }
      check (wait_value (self->f, (Moment) { self->semaphore, 2 * i + 2 }, FOR_EVER));
      g_assert_cmphex (self->f->words[8 + self->index], ==, 100 * self->index + i);
    }
  return NULL;
}

static void
test_threads (gconstpointer mode)
{
  Fixture f;
  Worker workers[N_THREADS];
  GThread *threads[N_THREADS];
  GMutex locks[2];

  open_fixture_without_validation (&f, mode);
  g_mutex_init (&locks[0]);
  g_mutex_init (&locks[1]);
  for (guint i = 0; i < N_THREADS; i++)
    {
      workers[i] = (Worker) { &f, locks, new_timeline (&f), .index = i };
      for (guint j = 0; j < N_ROUNDS; j++)
        {
          workers[i].fills[j] = new_fill (&f, 0, i, 100 * i + j);
          workers[i].copies[j] = new_copy (&f, f.n_families - 1, i, 8 + i);
        }
    }
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("worker", worker_thread, &workers[i]);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_mutex_clear (&locks[0]);
  g_mutex_clear (&locks[1]);
  close_fixture (&f);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    GTestDataFunc func;
    gboolean split; /* only where there are two queues */
  } tests[] = {
    { "wait-before-signal", test_wait_before_signal, FALSE },
    { "ping-pong", test_ping_pong, TRUE },
    { "host-signal", test_host_signal, FALSE },
    { "batches", test_batches, FALSE },
    { "fences", test_fences, FALSE },
    { "binary", test_binary, FALSE },
    { "unknown-structure", test_unknown_structure, FALSE },
    { "queries", test_queries, FALSE },
    { "wait-before-submit", test_wait_before_submit, FALSE },
    { "threads", test_threads, FALSE },
  };

  g_test_init (&argc, &argv, NULL);
  if (!load_layer ())
    return 0;
  g_test_add_func ("/simulation-queue/families", test_families);
  g_test_add_func ("/simulation-queue/get-queue", test_get_queue);
  g_test_add_func ("/simulation-queue/transfer-family-alone", test_transfer_family_alone);
  g_test_add_func ("/simulation-queue/ownership", test_ownership);
  g_test_add_func ("/simulation-queue/events", test_events);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
      if (!tests[j].split || strstr (modes[i], "split") != NULL)
        {
          g_autofree char *path =
            g_strdup_printf ("/simulation-queue/%s/%s", tests[j].name,
                             modes[i][0] != '\0' ? modes[i] : "plain");
          g_test_add_data_func (path, modes[i], tests[j].func);
        }
  return g_test_run ();
}
