/* SPDX-License-Identifier: MIT */
#pragma once

/* Holds up a session's device, so that a test can look at work that has been submitted and is not done. */

#include "rill-test-util.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

typedef struct
{
  RillContext *context; /* (owned) */
  VkSemaphore semaphore;
} RillTestGate;

/* What is submitted from here on waits for rill_test_gate_open(). */
static inline RillTestGate *
rill_test_gate_new (RillSession *session)
{
  const VkSemaphoreTypeCreateInfo type_info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
  };
  const VkSemaphoreCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type_info };
  RillTestGate *gate = g_new0 (RillTestGate, 1);

  gate->context = rill_session_ref_context (session, NULL);
  g_assert_cmpint (vkCreateSemaphore (gate->context->device, &info, NULL, &gate->semaphore), ==, VK_SUCCESS);
  g_mutex_lock (&gate->context->submit_lock);
  for (guint i = 0; i < gate->context->n_queues; i++)
    {
      const VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = gate->semaphore,
        .value = 1,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
      };
      const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = 1,
        .pWaitSemaphoreInfos = &wait,
      };
      g_assert_cmpint (vkQueueSubmit2 (gate->context->queues[i].handle, 1, &submit, VK_NULL_HANDLE), ==, VK_SUCCESS);
    }
  g_mutex_unlock (&gate->context->submit_lock);
  return gate;
}

static inline void
rill_test_gate_open (RillTestGate *gate)
{
  const VkSemaphoreSignalInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
    .semaphore = gate->semaphore,
    .value = 1,
  };

  g_assert_cmpint (vkSignalSemaphore (gate->context->device, &info), ==, VK_SUCCESS);
}

/* After it was opened. */
static inline void
rill_test_gate_free (RillTestGate *gate)
{
  g_mutex_lock (&gate->context->submit_lock);
  g_assert_cmpint (vkDeviceWaitIdle (gate->context->device), ==, VK_SUCCESS);
  g_mutex_unlock (&gate->context->submit_lock);
  vkDestroySemaphore (gate->context->device, gate->semaphore, NULL);
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
