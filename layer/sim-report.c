/* SPDX-License-Identifier: MIT */
#include "sim-layer.h"

typedef struct
{
  VkDebugUtilsMessengerEXT handle;
  VkDebugUtilsMessengerCreateInfoEXT info; /* without its pNext */
} SimMessenger;

VkResult
sim_vkCreateDebugUtilsMessengerEXT (SimInstance                              *instance,
                                    const VkDebugUtilsMessengerCreateInfoEXT *pCreateInfo,
                                    const VkAllocationCallbacks              *pAllocator,
                                    VkDebugUtilsMessengerEXT                 *pMessenger)
{
  VkResult result = instance->next.vkCreateDebugUtilsMessengerEXT (instance->handle, pCreateInfo,
                                                                   pAllocator, pMessenger);
  SimMessenger *messenger;

  if (result != VK_SUCCESS)
    return result;
  messenger = g_new0 (SimMessenger, 1);
  messenger->handle = *pMessenger;
  messenger->info = *pCreateInfo;
  messenger->info.pNext = NULL;
  g_mutex_lock (&instance->lock);
  g_ptr_array_add (instance->messengers, messenger);
  g_mutex_unlock (&instance->lock);
  return VK_SUCCESS;
}

void
sim_vkDestroyDebugUtilsMessengerEXT (SimInstance                 *instance,
                                     VkDebugUtilsMessengerEXT     messenger,
                                     const VkAllocationCallbacks *pAllocator)
{
  g_mutex_lock (&instance->lock);
  for (guint i = 0; i < instance->messengers->len; i++)
    if (((SimMessenger *) instance->messengers->pdata[i])->handle == messenger)
      {
        g_ptr_array_remove_index (instance->messengers, i);
        break;
      }
  g_mutex_unlock (&instance->lock);
  instance->next.vkDestroyDebugUtilsMessengerEXT (instance->handle, messenger, pAllocator);
}

/* Those that want errors of validation, as a copy: a callback may do anything. */
static GArray *
copy_listeners (SimInstance *instance)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&instance->lock);
  GArray *listeners = g_array_new (FALSE, FALSE, sizeof (VkDebugUtilsMessengerCreateInfoEXT));

  for (guint i = 0; i < instance->messengers->len; i++)
    {
      const SimMessenger *messenger = instance->messengers->pdata[i];

      if (messenger->info.messageSeverity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT
          && messenger->info.messageType & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)
        g_array_append_val (listeners, messenger->info);
    }
  return listeners;
}

void
sim_report (SimInstance *instance,
            const char  *id,
            const char  *format,
            ...)
{
  g_autoptr (GArray) listeners = copy_listeners (instance);
  g_autofree char *text = NULL;
  VkDebugUtilsMessengerCallbackDataEXT data = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
    .pMessageIdName = id,
  };
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  sim_faults_count_report ();
  data.pMessage = text;

  if (listeners->len == 0)
    g_printerr ("VK_LAYER_RILL_simulation: %s: %s\n", id, text);
  for (guint i = 0; i < listeners->len; i++)
    {
      const VkDebugUtilsMessengerCreateInfoEXT *info =
        &g_array_index (listeners, VkDebugUtilsMessengerCreateInfoEXT, i);

      info->pfnUserCallback (VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                             VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT, &data,
                             info->pUserData);
    }
}
