/* SPDX-License-Identifier: MIT */
#pragma once

/* Stands between the library and the Vulkan loader: lets the n-th call of all those that compute/
 * makes, and that can fail, fail. A program that includes this once takes precedence over the
 * loader. */

#include <dlfcn.h>
#include <glib.h>
#include <vulkan/vulkan.h>

static struct
{
  gint countdown;   /* (atomic) 1: the next call fails; 0: none does */
  gint hit;         /* (atomic) one has failed */
  VkResult result;
  const char *call; /* that has failed */
} rill_test_faults;

static inline void
rill_test_faults_arm (gint     n,
                      VkResult result)
{
  rill_test_faults.result = result;
  g_atomic_int_set (&rill_test_faults.hit, FALSE);
  g_atomic_int_set (&rill_test_faults.countdown, n);
}

static gboolean
rill_test_faults_hits (const char *call)
{
  if (g_atomic_int_get (&rill_test_faults.countdown) <= 0
      || g_atomic_int_add (&rill_test_faults.countdown, -1) != 1)
    return FALSE;
  rill_test_faults.call = call;
  g_atomic_int_set (&rill_test_faults.hit, TRUE);
  return TRUE;
}

#define RILL_TEST_FAULT(name, parameters, arguments) \
  VKAPI_ATTR VkResult VKAPI_CALL name parameters \
  { \
    static PFN_##name real; \
    if (rill_test_faults_hits (#name)) \
      return rill_test_faults.result; \
    if (real == NULL) \
      real = (PFN_##name) dlsym (RTLD_NEXT, #name); \
    return real arguments; \
  }

/* The real call is made all the same. */
#define RILL_TEST_LATE_FAULT(name, parameters, arguments) \
  VKAPI_ATTR VkResult VKAPI_CALL name parameters \
  { \
    static PFN_##name real; \
    VkResult result; \
    if (real == NULL) \
      real = (PFN_##name) dlsym (RTLD_NEXT, #name); \
    result = real arguments; \
    return rill_test_faults_hits (#name) ? rill_test_faults.result : result; \
  }

#define RILL_TEST_CREATE_FAULT(name, info_type, handle_type) \
  RILL_TEST_FAULT (name, \
                   (VkDevice device, const info_type *info, \
                    const VkAllocationCallbacks *allocator, handle_type *handle), \
                   (device, info, allocator, handle))

RILL_TEST_CREATE_FAULT (vkCreateShaderModule, VkShaderModuleCreateInfo, VkShaderModule)
RILL_TEST_CREATE_FAULT (vkCreateDescriptorSetLayout,
                        VkDescriptorSetLayoutCreateInfo,
                        VkDescriptorSetLayout)
RILL_TEST_CREATE_FAULT (vkCreatePipelineLayout, VkPipelineLayoutCreateInfo, VkPipelineLayout)
RILL_TEST_CREATE_FAULT (vkCreateDescriptorPool, VkDescriptorPoolCreateInfo, VkDescriptorPool)
RILL_TEST_CREATE_FAULT (vkCreateQueryPool, VkQueryPoolCreateInfo, VkQueryPool)
RILL_TEST_CREATE_FAULT (vkCreateCommandPool, VkCommandPoolCreateInfo, VkCommandPool)
RILL_TEST_CREATE_FAULT (vkCreateImageView, VkImageViewCreateInfo, VkImageView)

RILL_TEST_FAULT (vkCreateComputePipelines,
                 (VkDevice device, VkPipelineCache cache, uint32_t n,
                  const VkComputePipelineCreateInfo *infos,
                  const VkAllocationCallbacks *allocator, VkPipeline *pipelines),
                 (device, cache, n, infos, allocator, pipelines))
RILL_TEST_FAULT (vkAllocateDescriptorSets,
                 (VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *sets),
                 (device, info, sets))
RILL_TEST_FAULT (vkAllocateCommandBuffers,
                 (VkDevice device, const VkCommandBufferAllocateInfo *info,
                  VkCommandBuffer *command_buffers),
                 (device, info, command_buffers))
RILL_TEST_FAULT (vkResetCommandPool,
                 (VkDevice device, VkCommandPool pool, VkCommandPoolResetFlags flags),
                 (device, pool, flags))
RILL_TEST_FAULT (vkBeginCommandBuffer,
                 (VkCommandBuffer command_buffer, const VkCommandBufferBeginInfo *info),
                 (command_buffer, info))
RILL_TEST_LATE_FAULT (vkEndCommandBuffer, (VkCommandBuffer command_buffer), (command_buffer))
RILL_TEST_FAULT (vkQueueSubmit2,
                 (VkQueue queue, uint32_t n, const VkSubmitInfo2 *submits, VkFence fence),
                 (queue, n, submits, fence))
RILL_TEST_FAULT (vkWaitSemaphores,
                 (VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout),
                 (device, info, timeout))
RILL_TEST_FAULT (vkGetQueryPoolResults,
                 (VkDevice device, VkQueryPool pool, uint32_t first, uint32_t n, size_t size,
                  void *data, VkDeviceSize stride, VkQueryResultFlags flags),
                 (device, pool, first, n, size, data, stride, flags))
