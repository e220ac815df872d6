/* SPDX-License-Identifier: MIT */
#pragma once

#include <vulkan/vulkan.h>

#include "session/rill-device.h"
#include "session/rill-heaps-private.h"

const VkPhysicalDeviceProperties *rill_device_get_properties     (RillDevice *self);
RillMemoryType                   *rill_device_get_memory_type    (RillDevice *self,
                                                                  guint       index); /* (transfer none) */
RillHeaps                        *rill_device_get_heaps          (RillDevice *self); /* (transfer none) */

/* The default choice: RILL_DEVICE, else discrete > integrated > virtual > CPU among the usable. */
RillDevice                       *rill_device_choose             (GError    **error);
/* What makes the device unusable (below Vulkan 1.3, no compute queue, a needed feature missing):
 * an error, else TRUE. */
gboolean                          rill_device_check_usable       (RillDevice *self,
                                                                  GError    **error);
/* The same device in another instance, matched by UUID and PCI bus; VK_NULL_HANDLE and an error, which
 * is NOT_FOUND if there is none, otherwise. */
VkPhysicalDevice                  rill_device_find_in_instance   (RillDevice *self,
                                                                  VkInstance  instance,
                                                                  GError    **error);
