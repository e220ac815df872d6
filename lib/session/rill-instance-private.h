/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <vulkan/vulkan.h>

/* A VkInstance, shared by those that hold it. */
typedef struct
{
  gatomicrefcount ref_count;
  VkInstance handle;
  gboolean debug_utils;                                       /* VK_EXT_debug_utils is enabled */
  VkDebugUtilsMessengerEXT messenger;                         /* with VALIDATION only */
  PFN_vkSetDebugUtilsObjectNameEXT set_object_name;           /* NULL without debug_utils */
  PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
} RillInstance;

/* The plain one for enumeration: made on first use, and kept so that the driver stays loaded. */
RillInstance *rill_instance_get_shared (GError **error);
/* For tests: lets the next user make another one. */
void          rill_instance_drop_shared (void);
/* One of a session's own. With a callback the Khronos validation layer is loaded and reports
 * GENERAL and VALIDATION messages of WARNING and ERROR to it. */
RillInstance *rill_instance_new        (PFN_vkDebugUtilsMessengerCallbackEXT callback,
                                        gpointer                             user_data,
                                        GError                             **error);
RillInstance *rill_instance_ref        (RillInstance *self);
void          rill_instance_unref      (RillInstance *self);

/* At least one (transfer full), else an error that says what to install. */
VkPhysicalDevice *rill_instance_get_physical_devices (VkInstance   handle,
                                                      guint       *n_devices,
                                                      GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillInstance, rill_instance_unref)
