/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

/* What the loader and the program find in the library; all else is hidden. */
#define SIM_EXPORT __attribute__ ((visibility ("default")))

typedef struct _SimInstance SimInstance;
typedef struct _SimDevice SimDevice;
typedef struct _SimInstanceTable SimInstanceTable;
typedef struct _SimDeviceTable SimDeviceTable;
