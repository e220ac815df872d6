/* SPDX-License-Identifier: MIT */

/* Late submissions: what is executed, when, and in which order. Each in a word of its own, so that
 * the words tell what has been. */

#include "rill-test-queues.h"

/* Where a poll of so many without success makes progress. */
#define POLLS 64

/* What is marked with X has been written, or is about to be; the others are not. */
static void
assert_words (Fixture    *f,
              const char *written)
{
  gint64 end = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  for (guint i = 0; written[i] != '\0'; i++)
    while (written[i] != '-' && f->words[i] == UNTOUCHED)
      if (g_get_monotonic_time () > end)
        g_error ("word %u is not written; expected %s", i, written);
  g_usleep (A_WHILE_US);
  for (guint i = 0; written[i] != '\0'; i++)
    if (written[i] == '-' && f->words[i] != UNTOUCHED)
      g_error ("word %u is written; expected %s", i, written);
}

/* Fills the word of a number and signals that value, after one of another number. */
static void
submit_step (Fixture     *f,
             guint        family,
             VkSemaphore  semaphore,
             guint        number,
             Moment       wait)
{
  submit (f, family, new_fill (f, family, number, 1), wait, (Moment) { semaphore, number + 1 },
          VK_NULL_HANDLE);
}

/* What signals the value, what is before that in its queue, what these wait for; no more. */
static void
test_closure (void)
{
  Fixture f;
  VkSemaphore first, second;

  open_fixture (&f, "queues=split,schedule=late");
  first = new_timeline (&f);
  second = new_timeline (&f);
  submit_step (&f, 0, first, 0, nothing);
  submit_step (&f, 0, first, 1, nothing);
  submit_step (&f, 0, first, 2, nothing);
  submit_step (&f, 1, second, 3, nothing);
  submit_step (&f, 1, second, 4, (Moment) { first, 2 });
  submit_step (&f, 1, second, 5, nothing);
  submit_step (&f, 0, first, 6, (Moment) { second, 6 });
  assert_words (&f, "-------");
  check (wait_value (&f, (Moment) { first, 1 }, FOR_EVER));
  assert_words (&f, "X------");
  check (wait_value (&f, (Moment) { second, 4 }, FOR_EVER));
  assert_words (&f, "X--X---");
  check (wait_value (&f, (Moment) { second, 5 }, FOR_EVER));
  assert_words (&f, "XX-XX--");
  check (wait_value (&f, (Moment) { first, 2 }, FOR_EVER));
  assert_words (&f, "XX-XX--");
  check (wait_value (&f, (Moment) { first, 7 }, FOR_EVER));
  assert_words (&f, "XXXXXXX");
  close_fixture (&f);
}

/* A value may be passed by: the lowest that is enough is executed. */
static void
test_lowest_value (void)
{
  Fixture f;
  VkSemaphore semaphore;

  open_fixture_without_validation (&f, "queues=split,schedule=late");
  semaphore = new_timeline (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, (Moment) { semaphore, 10 }, VK_NULL_HANDLE);
  submit (&f, 0, new_fill (&f, 0, 1, 1), nothing, (Moment) { semaphore, 20 }, VK_NULL_HANDLE);
  check (wait_value (&f, (Moment) { semaphore, 5 }, FOR_EVER));
  assert_words (&f, "X-");
  check (wait_value (&f, (Moment) { semaphore, 11 }, FOR_EVER));
  assert_words (&f, "XX");
  close_fixture (&f);
}

static void
test_fence_closure (void)
{
  Fixture f;
  VkFence fences[3];

  open_fixture (&f, "queues=split,schedule=late");
  for (guint i = 0; i < 3; i++)
    fences[i] = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, fences[0]);
  submit (&f, 1, new_fill (&f, 1, 1, 1), nothing, nothing, fences[1]);
  submit (&f, 0, new_fill (&f, 0, 2, 1), nothing, nothing, VK_NULL_HANDLE);
  submit (&f, 0, new_fill (&f, 0, 3, 1), nothing, nothing, fences[2]);
  assert_words (&f, "----");
  check (vkWaitForFences (f.device, 1, &fences[1], VK_TRUE, FOR_EVER));
  assert_words (&f, "-X--");
  check (vkWaitForFences (f.device, 1, &fences[0], VK_TRUE, FOR_EVER));
  assert_words (&f, "XX--");
  check (vkWaitForFences (f.device, 3, fences, VK_TRUE, FOR_EVER));
  assert_words (&f, "XXXX");
  close_fixture (&f);
}

static void
test_idle (void)
{
  Fixture f;
  VkSemaphore semaphore;

  open_fixture (&f, "queues=split,schedule=late");
  semaphore = new_timeline (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, (Moment) { semaphore, 1 }, VK_NULL_HANDLE);
  submit (&f, 0, new_fill (&f, 0, 1, 1), nothing, nothing, VK_NULL_HANDLE);
  submit (&f, 1, new_fill (&f, 1, 2, 1), (Moment) { semaphore, 1 }, nothing, VK_NULL_HANDLE);
  check (vkQueueWaitIdle (f.queues[1]));
  assert_words (&f, "X-X");
  submit (&f, 1, new_fill (&f, 1, 3, 1), nothing, nothing, VK_NULL_HANDLE);
  check (vkDeviceWaitIdle (f.device));
  assert_words (&f, "XXXX");
  close_fixture (&f);
}

/* One of several is enough: the first that nothing is missing of. */
static void
test_any (void)
{
  Fixture f;
  VkSemaphore semaphores[3];
  VkSemaphore host;
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .flags = VK_SEMAPHORE_WAIT_ANY_BIT,
    .semaphoreCount = 3,
    .pSemaphores = semaphores,
    .pValues = (const guint64[]) { 1, 2, 3 },
  };

  open_fixture (&f, "queues=split,schedule=late");
  host = new_timeline (&f);
  for (guint i = 0; i < 3; i++)
    semaphores[i] = new_timeline (&f);
  submit_step (&f, 0, semaphores[0], 0, (Moment) { host, 1 });
  submit_step (&f, 1, semaphores[1], 1, nothing);
  submit_step (&f, 1, semaphores[2], 2, nothing);
  check (vkWaitSemaphores (f.device, &info, FOR_EVER));
  assert_words (&f, "-X-");
  check (vkWaitSemaphores (f.device, &info, FOR_EVER));
  assert_words (&f, "-X-");
  signal_value (&f, (Moment) { host, 1 });
  assert_words (&f, "-X-");
  check (vkDeviceWaitIdle (f.device));
  assert_words (&f, "XXX");
  close_fixture (&f);
}

static void
test_any_fence (void)
{
  Fixture f;
  VkSemaphore host;
  VkFence fences[2];

  open_fixture (&f, "queues=split,schedule=late");
  host = new_timeline (&f);
  fences[0] = new_fence (&f);
  fences[1] = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), (Moment) { host, 1 }, nothing, fences[0]);
  submit (&f, 1, new_fill (&f, 1, 1, 1), nothing, nothing, fences[1]);
  submit (&f, 1, new_fill (&f, 1, 2, 1), nothing, nothing, VK_NULL_HANDLE);
  check (vkWaitForFences (f.device, 2, fences, VK_FALSE, FOR_EVER));
  assert_words (&f, "-X-");
  signal_value (&f, (Moment) { host, 1 });
  check (vkWaitForFences (f.device, 2, fences, VK_FALSE, FOR_EVER));
  assert_words (&f, "-X-");
  check (vkDeviceWaitIdle (f.device));
  assert_words (&f, "XXX");
  close_fixture (&f);
}

static void
test_binary (void)
{
  Fixture f;
  VkSemaphore semaphore;
  VkFence fence;

  open_fixture (&f, "queues=split,schedule=late");
  semaphore = new_binary (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, (Moment) { semaphore, 0 }, VK_NULL_HANDLE);
  submit (&f, 0, new_fill (&f, 0, 1, 1), nothing, nothing, VK_NULL_HANDLE);
  submit (&f, 1, new_fill (&f, 1, 2, 1), (Moment) { semaphore, 0 }, nothing, fence);
  assert_words (&f, "---");
  check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
  assert_words (&f, "X-X");
  submit (&f, 1, VK_NULL_HANDLE, nothing, (Moment) { semaphore, 0 }, VK_NULL_HANDLE);
  check (vkResetFences (f.device, 1, &fence));
  submit (&f, 0, new_fill (&f, 0, 3, 1), (Moment) { semaphore, 0 }, nothing, fence);
  check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
  assert_words (&f, "XXXX");
  close_fixture (&f);
}

/* Without a semaphore between them the queues run in the order that does most harm, the same each
 * time; with one they do not. */
static void
test_order (gconstpointer with_semaphore)
{
  Fixture f;
  Moment moment = nothing;

  open_fixture (&f, "queues=split,schedule=late");
  if (with_semaphore != NULL)
    moment = (Moment) { new_timeline (&f), 1 };
  submit (&f, 0, new_fill (&f, 0, 0, 6), nothing, moment, VK_NULL_HANDLE);
  submit (&f, 1, new_copy (&f, 1, 0, 1), moment, nothing, VK_NULL_HANDLE);
  check (vkDeviceWaitIdle (f.device));
  g_assert_cmphex (f.words[0], ==, 6);
  g_assert_cmphex (f.words[1], ==, with_semaphore != NULL ? 6 : UNTOUCHED);
  close_fixture (&f);
}

typedef enum
{
  NO_ORDER,
  BARRIER,
  BARRIER_BEFORE, /* in what is overtaken otherwise */
  BARRIER_2,
  QUERY,
} Order;

static void
record_order (Fixture         *f,
              VkCommandBuffer  commands,
              Order            order,
              VkQueryPool      queries)
{
  const VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
  };
  const VkMemoryBarrier2 barrier2 = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT,
  };
  const VkDependencyInfo dependency = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier2,
  };

  if (order == BARRIER || order == BARRIER_BEFORE)
    vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
                          0, 1, &barrier, 0, NULL, 0, NULL);
  if (order == BARRIER_2)
    vkCmdPipelineBarrier2 (commands, &dependency);
  if (order == QUERY)
    vkCmdResetQueryPool (commands, queries, 0, 1);
}

/* In one queue a later submission overtakes where nothing is between them; its signal waits for
 * both all the same. */
static void
test_overtake (gconstpointer data)
{
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = 1,
  };
  const VkBufferCopy region = { 0, 4, 4 };
  Order order = GPOINTER_TO_INT (data);
  Fixture f;
  VkQueryPool queries;
  VkCommandBuffer commands;
  VkSemaphore semaphore;
  guint64 value;

  open_fixture (&f, "schedule=late");
  check (vkCreateQueryPool (f.device, &info, NULL, &queries));
  semaphore = new_timeline (&f);
  for (guint i = 0; i < 2; i++)
    {
      commands = begin_commands (&f, 0);
      if (order == BARRIER_BEFORE ? i == 0 : i == 1)
        record_order (&f, commands, order, queries);
      if (i == 0)
        vkCmdFillBuffer (commands, f.buffer, 0, 4, 6);
      else
        vkCmdCopyBuffer (commands, f.buffer, f.buffer, 1, &region);
      submit (&f, 0, end_commands (commands), nothing, (Moment) { semaphore, i + 1 },
              VK_NULL_HANDLE);
    }
  check (wait_value (&f, (Moment) { semaphore, 2 }, FOR_EVER));
  g_assert_cmphex (f.words[0], ==, 6);
  g_assert_cmphex (f.words[1], ==, order == NO_ORDER ? UNTOUCHED : 6);
  check (vkGetSemaphoreCounterValue (f.device, semaphore, &value));
  g_assert_cmpuint (value, ==, 2);
  vkDestroyQueryPool (f.device, queries, NULL);
  close_fixture (&f);
}

/* By the older command, with a fence, and with a third that waits for what is not there yet. */
static void
test_overtake_parts (void)
{
  Fixture f;
  VkSemaphore semaphore, host;
  VkFence fence;
  VkCommandBuffer commands[3];
  const VkPipelineStageFlags stages[] = { VK_PIPELINE_STAGE_TRANSFER_BIT };
  guint64 waits[3] = { 1, 1, 2 };
  guint64 signals[3] = { 1, 2, 3 };
  VkTimelineSemaphoreSubmitInfo values[3];
  VkSubmitInfo infos[3];

  open_fixture (&f, "schedule=late");
  semaphore = new_timeline (&f);
  host = new_timeline (&f);
  fence = new_fence (&f);
  for (guint i = 0; i < 3; i++)
    {
      commands[i] = i == 0 ? new_fill (&f, 0, 0, 6) : new_copy (&f, 0, i - 1, i);
      values[i] = (VkTimelineSemaphoreSubmitInfo) {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = 1,
        .pWaitSemaphoreValues = &waits[i],
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &signals[i],
      };
      infos[i] = (VkSubmitInfo) {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &values[i],
        .waitSemaphoreCount = 1,
        .pWaitSemaphores = &host,
        .pWaitDstStageMask = stages,
        .commandBufferCount = 1,
        .pCommandBuffers = &commands[i],
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &semaphore,
      };
    }
  signal_value (&f, (Moment) { host, 1 });
  check (vkQueueSubmit (f.queues[0], 2, infos, fence));
  check (vkQueueSubmit (f.queues[0], 1, &infos[2], VK_NULL_HANDLE));
  check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
  assert_words (&f, "X--"); /* the copy came first */
  check (wait_value (&f, (Moment) { semaphore, 1 }, FOR_EVER));
  check (wait_value (&f, (Moment) { semaphore, 2 }, FOR_EVER));
  f.words[1] = 7;
  signal_value (&f, (Moment) { host, 2 });
  check (wait_value (&f, (Moment) { semaphore, 3 }, FOR_EVER));
  g_assert_cmphex (f.words[2], ==, 7);
  close_fixture (&f);
}

/* A program may become late and stop to be. */
static void
test_change (void)
{
  Fixture f;
  VkSemaphore semaphore;

  open_fixture (&f, "queues=split");
  semaphore = new_timeline (&f);
  submit_step (&f, 0, semaphore, 0, nothing);
  assert_words (&f, "X--");
  rill_test_simulation_configure ("queues=split,schedule=late");
  submit_step (&f, 0, semaphore, 1, (Moment) { semaphore, 1 });
  assert_words (&f, "X--");
  rill_test_simulation_configure ("queues=split");
  submit_step (&f, 0, semaphore, 2, nothing);
  assert_words (&f, "XXX");
  check (vkDeviceWaitIdle (f.device));
  close_fixture (&f);
}

/* Polls */

static void
test_poll_counter (void)
{
  Fixture f;
  VkSemaphore semaphore, other;
  guint64 value = 0;

  open_fixture (&f, "queues=split,schedule=late");
  semaphore = new_timeline (&f);
  other = new_timeline (&f);
  submit_step (&f, 1, other, 0, nothing);
  submit_step (&f, 0, semaphore, 1, nothing);
  submit_step (&f, 0, semaphore, 2, nothing);
  for (guint i = 0; i < POLLS - 1; i++)
    {
      check (vkGetSemaphoreCounterValue (f.device, semaphore, &value));
      g_assert_cmpuint (value, ==, 0);
    }
  assert_words (&f, "---");
  check (vkGetSemaphoreCounterValue (f.device, semaphore, &value));
  assert_words (&f, "-X-");
  while (value < 3)
    check (vkGetSemaphoreCounterValue (f.device, semaphore, &value));
  assert_words (&f, "-XX");
  check (vkDeviceWaitIdle (f.device));
  close_fixture (&f);
}

static VkResult
poll_fence (Fixture  *f,
            VkFence   fence,
            gboolean  by_wait)
{
  VkResult result = by_wait ? vkWaitForFences (f->device, 1, &fence, VK_TRUE, 0)
                            : vkGetFenceStatus (f->device, fence);

  if (result != VK_SUCCESS)
    g_assert_cmpint (result, ==, by_wait ? VK_TIMEOUT : VK_NOT_READY);
  return result;
}

/* To wait for no time is to poll. */
static void
test_poll_fence (gconstpointer data)
{
  gboolean by_wait = data != NULL;
  Fixture f;
  VkFence fence;

  open_fixture (&f, "queues=split,schedule=late");
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  submit (&f, 1, new_fill (&f, 1, 1, 1), nothing, nothing, fence);
  for (guint i = 0; i < POLLS - 1; i++)
    g_assert_cmpint (poll_fence (&f, fence, by_wait), !=, VK_SUCCESS);
  assert_words (&f, "--");
  while (poll_fence (&f, fence, by_wait) != VK_SUCCESS)
    g_thread_yield ();
  assert_words (&f, "-X");
  check (vkDeviceWaitIdle (f.device));
  close_fixture (&f);
}

/* A poll of what nothing is held for takes no other poll's turn. */
static void
test_poll_in_turns (void)
{
  Fixture f;
  VkSemaphore never;
  VkFence fence;
  guint64 value;

  open_fixture (&f, "queues=split,schedule=late");
  never = new_timeline (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, fence);
  while (vkGetFenceStatus (f.device, fence) == VK_NOT_READY)
    check (vkGetSemaphoreCounterValue (f.device, never, &value));
  assert_words (&f, "X");
  close_fixture (&f);
}

/* Nothing tells what sets an event: the oldest comes first. */
static void
test_poll_event (void)
{
  const VkEventCreateInfo info = { .sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO };
  Fixture f;
  VkEvent event;
  VkCommandBuffer commands;

  open_fixture (&f, "queues=split,schedule=late");
  check (vkCreateEvent (f.device, &info, NULL, &event));
  submit (&f, 1, new_fill (&f, 1, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  commands = begin_commands (&f, 0);
  vkCmdSetEvent (commands, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  submit (&f, 0, end_commands (commands), nothing, nothing, VK_NULL_HANDLE);
  for (guint i = 0; i < POLLS; i++)
    g_assert_cmpint (vkGetEventStatus (f.device, event), ==, VK_EVENT_RESET);
  assert_words (&f, "X");
  while (vkGetEventStatus (f.device, event) == VK_EVENT_RESET)
    g_thread_yield ();
  check (vkDeviceWaitIdle (f.device));
  vkDestroyEvent (f.device, event, NULL);
  close_fixture (&f);
}

static void
test_poll_query (void)
{
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = 1,
  };
  Fixture f;
  VkQueryPool pool;
  VkCommandBuffer commands;
  guint64 results[2] = { 0 };
  VkResult result = VK_NOT_READY;

  open_fixture (&f, "queues=split,schedule=late");
  check (vkCreateQueryPool (f.device, &info, NULL, &pool));
  vkResetQueryPool (f.device, pool, 0, 1);
  submit (&f, 1, new_fill (&f, 1, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  commands = begin_commands (&f, 0);
  vkCmdWriteTimestamp (commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, pool, 0);
  submit (&f, 0, end_commands (commands), nothing, nothing, VK_NULL_HANDLE);
  for (guint i = 0; i < POLLS; i++)
    g_assert_cmpint (vkGetQueryPoolResults (f.device, pool, 0, 1, sizeof results, results,
                                            sizeof results, VK_QUERY_RESULT_64_BIT),
                     ==, VK_NOT_READY);
  assert_words (&f, "X");
  while (result == VK_NOT_READY)
    result = vkGetQueryPoolResults (f.device, pool, 0, 1, sizeof results, results, sizeof results,
                                    VK_QUERY_RESULT_64_BIT);
  check (result);
  check (vkDeviceWaitIdle (f.device));
  vkDestroyQueryPool (f.device, pool, NULL);
  close_fixture (&f);
}

/* What a thread waits for is executed as it comes, and only that. */
static void
test_demand (void)
{
  Fixture f;
  VkSemaphore semaphore, host, other;
  Waiter waiter;
  GThread *thread;

  open_fixture_without_validation (&f, "queues=split,schedule=late");
  semaphore = new_timeline (&f);
  host = new_timeline (&f);
  other = new_timeline (&f);
  waiter = (Waiter) { .f = &f, .moment = { semaphore, 2 } };
  thread = start_waiter (&waiter);
  submit_step (&f, 0, other, 0, nothing);
  assert_words (&f, "---");
  submit_step (&f, 1, semaphore, 1, (Moment) { host, 1 });
  assert_words (&f, "---");
  signal_value (&f, (Moment) { host, 1 });
  g_thread_join (thread);
  check (waiter.result);
  assert_words (&f, "-X-");
  submit_step (&f, 1, semaphore, 2, nothing);
  assert_words (&f, "-X-");
  check (vkDeviceWaitIdle (f.device));
  assert_words (&f, "XXX");
  close_fixture (&f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  if (!load_layer ())
    return 0;
  g_test_add_func ("/simulation-late/closure", test_closure);
  g_test_add_func ("/simulation-late/lowest-value", test_lowest_value);
  g_test_add_func ("/simulation-late/fence-closure", test_fence_closure);
  g_test_add_func ("/simulation-late/idle", test_idle);
  g_test_add_func ("/simulation-late/any", test_any);
  g_test_add_func ("/simulation-late/any-fence", test_any_fence);
  g_test_add_func ("/simulation-late/binary", test_binary);
  g_test_add_data_func ("/simulation-late/order/none", NULL, test_order);
  g_test_add_data_func ("/simulation-late/order/semaphore", "semaphore", test_order);
  for (Order order = NO_ORDER; order <= QUERY; order++)
    {
      g_autofree char *path = g_strdup_printf ("/simulation-late/overtake/%u", order);
      g_test_add_data_func (path, GINT_TO_POINTER (order), test_overtake);
    }
  g_test_add_func ("/simulation-late/overtake/parts", test_overtake_parts);
  g_test_add_func ("/simulation-late/change", test_change);
  g_test_add_func ("/simulation-late/poll-counter", test_poll_counter);
  g_test_add_data_func ("/simulation-late/poll-fence/status", NULL, test_poll_fence);
  g_test_add_data_func ("/simulation-late/poll-fence/wait", "wait", test_poll_fence);
  g_test_add_func ("/simulation-late/poll-in-turns", test_poll_in_turns);
  g_test_add_func ("/simulation-late/poll-event", test_poll_event);
  g_test_add_func ("/simulation-late/poll-query", test_poll_query);
  g_test_add_func ("/simulation-late/demand", test_demand);
  return g_test_run ();
}
