/* SPDX-License-Identifier: MIT */

/* Late submissions: what is executed, when, and in which order. Each in a word of its own, so that the
 * words tell what has been. */

#include "rill-test-queues.h"

/* Where a poll of so many without success makes progress. */
#define POLLS 64

static void
assert_words (Fixture    *f,
              const char *written)
{
  g_usleep (A_WHILE_US);
  for (guint i = 0; written[i] != '\0'; i++)
    if ((f->words[i] == UNTOUCHED) != (written[i] == '-'))
      g_error ("word %u is %s; expected %s", i, written[i] == '-' ? "written" : "not written",
               written);
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

/* A value may be passed by: the lowest that is enough is executed. Validation waits for the very one. */
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
