/* SPDX-License-Identifier: MIT */
#pragma once

#include <vulkan/vulkan.h>

#include "session/rill-heaps-private.h"
#include "session/rill-instance-private.h"
#include "session/rill-memory-type.h"

RillMemoryType *rill_memory_type_new (RillInstance                           *instance,
                                      VkPhysicalDevice                        physical_device,
                                      RillHeaps                              *heaps,
                                      const VkPhysicalDeviceMemoryProperties *memory,
                                      guint                                   index,
                                      gboolean                                has_budget);
