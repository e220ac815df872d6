/* SPDX-License-Identifier: MIT */
#pragma once

/* Holds up a session's device, so that a test can look at work that has been submitted and is not
 * done. */

#include "rill-test-util.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

/* The compute queue waits for a VkEvent that the host sets: the validation layer of Debian 12
 * takes a timeline semaphore in this place for a deadlock. Other queues, which may have no events,
 * wait for it. */
typedef struct
{
  RillContext *context; /* (owned) */
  VkEvent event;
  VkSemaphore passed;
  VkCommandPool pool;
} RillTestGate;

static inline void
rill_test_gate_record (RillTestGate    *gate,
                       VkCommandBuffer  command)
{
  const VkMemoryBarrier2 barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  };
  const VkDependencyInfo dependency = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier,
  };
  const VkCommandBufferBeginInfo begin_info = { .sType =
                                                  VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };

  g_assert_cmpint (vkBeginCommandBuffer (command, &begin_info), ==, VK_SUCCESS);
  vkCmdWaitEvents2 (command, 1, &gate->event, &dependency);
  g_assert_cmpint (vkEndCommandBuffer (command), ==, VK_SUCCESS);
}

static inline void
rill_test_gate_submit (RillTestGate *gate)
{
  RillContext *context = gate->context;
  const VkCommandPoolCreateInfo pool_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .queueFamilyIndex = context->compute_queue->family,
  };
  VkCommandBufferAllocateInfo allocate_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandBufferCount = 1,
  };
  VkCommandBufferSubmitInfo command_info = { .sType =
                                               VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO };
  const VkSemaphoreSubmitInfo passed_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
    .semaphore = gate->passed,
    .value = 1,
    .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  };
  const VkSubmitInfo2 submit = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
    .commandBufferInfoCount = 1,
    .pCommandBufferInfos = &command_info,
    .signalSemaphoreInfoCount = 1,
    .pSignalSemaphoreInfos = &passed_info,
  };
  const VkSubmitInfo2 follow = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
    .waitSemaphoreInfoCount = 1,
    .pWaitSemaphoreInfos = &passed_info,
  };

  g_assert_cmpint (vkCreateCommandPool (context->device, &pool_info, NULL, &gate->pool), ==,
                   VK_SUCCESS);
  allocate_info.commandPool = gate->pool;
  g_assert_cmpint (
    vkAllocateCommandBuffers (context->device, &allocate_info, &command_info.commandBuffer), ==,
    VK_SUCCESS);
  rill_test_gate_record (gate, command_info.commandBuffer);
  g_mutex_lock (&context->submit_lock);
  g_assert_cmpint (vkQueueSubmit2 (context->compute_queue->handle, 1, &submit, VK_NULL_HANDLE), ==,
                   VK_SUCCESS);
  for (guint i = 0; i < context->n_queues; i++)
    if (&context->queues[i] != context->compute_queue)
      g_assert_cmpint (vkQueueSubmit2 (context->queues[i].handle, 1, &follow, VK_NULL_HANDLE), ==,
                       VK_SUCCESS);
  g_mutex_unlock (&context->submit_lock);
}

/* What is submitted from here on waits for rill_test_gate_open(). */
static inline RillTestGate *
rill_test_gate_new (RillSession *session)
{
  const VkEventCreateInfo info = { .sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO };
  const VkSemaphoreTypeCreateInfo type_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
  };
  const VkSemaphoreCreateInfo semaphore_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
    .pNext = &type_info,
  };
  RillTestGate *gate = g_new0 (RillTestGate, 1);

  gate->context = rill_session_ref_context (session, NULL);
  g_assert_cmpint (vkCreateEvent (gate->context->device, &info, NULL, &gate->event), ==,
                   VK_SUCCESS);
  g_assert_cmpint (vkCreateSemaphore (gate->context->device, &semaphore_info, NULL, &gate->passed),
                   ==, VK_SUCCESS);
  rill_test_gate_submit (gate);
  return gate;
}

static inline void
rill_test_gate_open (RillTestGate *gate)
{
  g_assert_cmpint (vkSetEvent (gate->context->device, gate->event), ==, VK_SUCCESS);
}

/* After it was opened. */
static inline void
rill_test_gate_free (RillTestGate *gate)
{
  g_mutex_lock (&gate->context->submit_lock);
  g_assert_cmpint (vkDeviceWaitIdle (gate->context->device), ==, VK_SUCCESS);
  g_mutex_unlock (&gate->context->submit_lock);
  vkDestroyCommandPool (gate->context->device, gate->pool, NULL);
  vkDestroySemaphore (gate->context->device, gate->passed, NULL);
  vkDestroyEvent (gate->context->device, gate->event, NULL);
  rill_context_unref (gate->context);
  g_free (gate);
}

static inline gpointer
rill_test_gate_open_thread (gpointer gate)
{
  g_usleep (20 * 1000);
  rill_test_gate_open (gate);
  return NULL;
}

/* Opens it in a while, from another thread, for calls that block until then. */
static inline GThread *
rill_test_gate_open_later (RillTestGate *gate)
{
  return g_thread_new ("gate", rill_test_gate_open_thread, gate);
}
