/* SPDX-License-Identifier: MIT */

/* The loss of the simulated device, and what happens to work that has not begun: dropped, delayed,
 * or left behind. */

#include "rill-test-queues.h"

#define A_MINUTE "delay-ms=60000"

static const char *const modes[] = {
  "",
  "queues=split",
  "queues=split,schedule=late",
  "delay-ms=60000",
  "queues=split,schedule=late,delay-ms=60000",
};

/* By a call that needs no queue, in which threads may wait. */
static void
lose (Fixture *f)
{
  VkFence fence = new_fence (f);

  rill_test_simulation_configure ("fail=vkGetFenceStatus:1:VK_ERROR_DEVICE_LOST");
  g_assert_cmpint (vkGetFenceStatus (f->device, fence), ==, VK_ERROR_DEVICE_LOST);
}

/* Vulkan lets a lost device say that it is idle: then validation knows that nothing is in use. */
static void
close_lost (Fixture *f)
{
  f->lost = vkDeviceWaitIdle (f->device) != VK_SUCCESS;
  close_fixture (f);
}

static void
assert_lost (Fixture     *f,
             VkSemaphore  semaphore,
             VkFence      fence)
{
  guint64 value;

  for (guint i = 0; i < f->n_families; i++)
    g_assert_cmpint (try_submit (f, i, VK_NULL_HANDLE, nothing, nothing, VK_NULL_HANDLE), ==,
                     VK_ERROR_DEVICE_LOST);
  g_assert_cmpint (vkGetSemaphoreCounterValue (f->device, semaphore, &value), ==,
                   VK_ERROR_DEVICE_LOST);
  g_assert_cmpint (vkGetFenceStatus (f->device, fence), ==, VK_ERROR_DEVICE_LOST);
  g_assert_cmpint (wait_value (f, (Moment) { semaphore, 1 }, FOR_EVER), ==, VK_ERROR_DEVICE_LOST);
  g_assert_cmpint (vkWaitForFences (f->device, 1, &fence, VK_TRUE, FOR_EVER), ==,
                   VK_ERROR_DEVICE_LOST);
}

/* The n-th submission is the one: what was before it is done, what was held never is. */
static void
test_lose (void)
{
  Fixture f;
  VkSemaphore semaphore;
  VkFence fence;

  open_fixture (&f, "queues=split,lose=3");
  semaphore = new_timeline (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  submit (&f, 1, new_fill (&f, 1, 1, 1), (Moment) { semaphore, 1 }, nothing, fence);
  g_assert_cmpint (try_submit (&f, 0, new_fill (&f, 0, 2, 1), nothing,
                               (Moment) { semaphore, 1 }, VK_NULL_HANDLE),
                   ==, VK_ERROR_DEVICE_LOST);
  assert_lost (&f, semaphore, fence);
  g_assert_cmphex (f.words[0], ==, 1);
  g_assert_cmphex (f.words[1], ==, UNTOUCHED);
  g_assert_cmphex (f.words[2], ==, UNTOUCHED);
  close_lost (&f);
}

/* A submission that is told to fail so loses the device as well. */
static void
test_fault (void)
{
  Fixture f;

  open_fixture (&f, "schedule=late,fail=vkQueueSubmit2:2:VK_ERROR_DEVICE_LOST");
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  g_assert_cmpint (try_submit (&f, 0, VK_NULL_HANDLE, nothing, nothing, VK_NULL_HANDLE), ==,
                   VK_ERROR_DEVICE_LOST);
  assert_lost (&f, new_timeline (&f), new_fence (&f));
  g_assert_cmphex (f.words[0], ==, UNTOUCHED);
  close_lost (&f);
}

/* Threads wait for what never comes: values, a fence, a queue. */
static void
test_waiters (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;
  VkFence fence;
  Waiter waiters[4];
  GThread *threads[4];

  open_fixture (&f, mode);
  semaphore = new_timeline (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 1, 1), (Moment) { semaphore, 1 }, (Moment) { semaphore, 2 },
          fence);
  waiters[0] = (Waiter) { .f = &f, .moment = { semaphore, 2 } };
  waiters[1] = (Waiter) { .f = &f, .moment = { semaphore, 7 } };
  waiters[2] = (Waiter) { .f = &f, .fence = fence };
  waiters[3] = (Waiter) { .f = &f };
  for (guint i = 0; i < 4; i++)
    threads[i] = start_waiter (&waiters[i]);
  lose (&f);
  for (guint i = 0; i < 4; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpint (waiters[i].result, ==, VK_ERROR_DEVICE_LOST);
      g_assert_cmphex (waiters[i].seen, ==, UNTOUCHED);
    }
  assert_lost (&f, semaphore, fence);
  close_lost (&f);
}

/* Where one device is lost, another is not. */
static void
test_other_device (void)
{
  Fixture f, other;

  open_fixture (&f, "queues=split");
  open_fixture (&other, "queues=split");
  lose (&f);
  submit (&other, 1, new_fill (&other, 1, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  check (vkDeviceWaitIdle (other.device));
  g_assert_cmphex (other.words[0], ==, 1);
  close_lost (&f);
  close_fixture (&other);
}

/* Delays */

static void
test_delay (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;
  VkFence fence;
  g_autofree char *settings = g_strconcat (mode, "," A_MINUTE, NULL);

  open_fixture (&f, settings);
  semaphore = new_timeline (&f);
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, (Moment) { semaphore, 1 }, fence);
  g_assert_cmpint (vkGetFenceStatus (f.device, fence), ==, VK_NOT_READY);
  g_assert_cmpint (wait_value (&f, (Moment) { semaphore, 1 }, 30 * MS), ==, VK_TIMEOUT);
  g_assert_cmpint (vkWaitForFences (f.device, 1, &fence, VK_TRUE, 30 * MS), ==, VK_TIMEOUT);
  g_assert_cmphex (f.words[0], ==, UNTOUCHED);
  lose (&f);
  assert_lost (&f, semaphore, fence);
  g_assert_cmphex (f.words[0], ==, UNTOUCHED);
  close_lost (&f);
}

/* What comes after the delays does not overtake what is delayed, in any queue. */
static void
test_delayed_order (void)
{
  Fixture f;
  VkFence fence;

  open_fixture (&f, "queues=split,delay-ms=40");
  fence = new_fence (&f);
  submit (&f, 0, new_fill (&f, 0, 0, 1), nothing, nothing, VK_NULL_HANDLE);
  rill_test_simulation_configure ("queues=split");
  submit (&f, 0, new_copy (&f, 0, 0, 1), nothing, nothing, fence);
  check (vkWaitForFences (f.device, 1, &fence, VK_TRUE, FOR_EVER));
  g_assert_cmphex (f.words[1], ==, 1);
  check (vkDeviceWaitIdle (f.device));
  close_fixture (&f);
}

/* The device begins late, but at last. */
static void
test_delay_ends (gconstpointer mode)
{
  Fixture f;
  VkSemaphore semaphore;

  open_fixture (&f, mode);
  semaphore = new_timeline (&f);
  for (guint64 i = 0; i < 4; i++)
    submit (&f, 0, new_fill (&f, 0, i, i), nothing, (Moment) { semaphore, i + 1 },
            VK_NULL_HANDLE);
  check (wait_value (&f, (Moment) { semaphore, 4 }, FOR_EVER));
  for (guint i = 0; i < 4; i++)
    g_assert_cmphex (f.words[i], ==, i);
  close_fixture (&f);
}

/* A device that is destroyed with work that has not begun says so. */
static void
test_left (gconstpointer mode)
{
  Fixture f;
  guint64 n;

  open_fixture (&f, mode);
  f.expected_message = "RILL-held";
  submit (&f, 0, VK_NULL_HANDLE, nothing, nothing, VK_NULL_HANDLE);
  n = rill_test_simulation (get_reports) ();
  close_fixture (&f);
  g_assert_cmpuint (f.n_expected, ==, 1);
  g_assert_cmpuint (rill_test_simulation (get_reports) (), ==, n + 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  if (!load_layer ())
    return 0;
  g_test_add_func ("/simulation-loss/lose", test_lose);
  g_test_add_func ("/simulation-loss/fault", test_fault);
  g_test_add_func ("/simulation-loss/other-device", test_other_device);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/simulation-loss/waiters/%u", i);
      g_test_add_data_func (path, modes[i], test_waiters);
    }
  g_test_add_data_func ("/simulation-loss/delay/plain", "", test_delay);
  g_test_add_data_func ("/simulation-loss/delay/split", "queues=split", test_delay);
  g_test_add_data_func ("/simulation-loss/delay/late", "schedule=late", test_delay);
  g_test_add_func ("/simulation-loss/delayed-order", test_delayed_order);
  g_test_add_data_func ("/simulation-loss/delay-ends/plain", "delay-ms=3", test_delay_ends);
  g_test_add_data_func ("/simulation-loss/delay-ends/late", "schedule=late,delay-ms=3",
                        test_delay_ends);
  g_test_add_data_func ("/simulation-loss/left/late", "schedule=late", test_left);
  g_test_add_data_func ("/simulation-loss/left/delay", A_MINUTE, test_left);
  return g_test_run ();
}
