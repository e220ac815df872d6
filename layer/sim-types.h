/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

typedef struct _SimInstance SimInstance;
typedef struct _SimDevice SimDevice;
typedef struct _SimInstanceTable SimInstanceTable;
typedef struct _SimDeviceTable SimDeviceTable;
