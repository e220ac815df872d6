/* SPDX-License-Identifier: MIT */
#include "sim-queue.h"

/* What a program hangs on its queues. One of the layer's own is nothing that the driver knows: its
 * names and labels go to the real queue behind it, its data stay here. */

guint32
sim_queue_family_translate (SimInstance *instance,
                            guint32      family)
{
  return instance->settings.split_queues && family == 1 ? 0 : family;
}

static guint64
get_real_handle (SimDevice *device,
                 gboolean   is_queue,
                 guint64    handle)
{
  if (!is_queue)
    return handle;
  return (guint64) (gsize) sim_queue_get_real (device, (VkQueue) (gsize) handle);
}

VkResult
sim_vkSetDebugUtilsObjectNameEXT (SimDevice                           *device,
                                  const VkDebugUtilsObjectNameInfoEXT *pNameInfo)
{
  VkDebugUtilsObjectNameInfoEXT info = *pNameInfo;

  info.objectHandle = get_real_handle (device, info.objectType == VK_OBJECT_TYPE_QUEUE,
                                       info.objectHandle);
  return device->next.vkSetDebugUtilsObjectNameEXT (device->handle, &info);
}

VkResult
sim_vkSetDebugUtilsObjectTagEXT (SimDevice                          *device,
                                 const VkDebugUtilsObjectTagInfoEXT *pTagInfo)
{
  VkDebugUtilsObjectTagInfoEXT info = *pTagInfo;

  info.objectHandle = get_real_handle (device, info.objectType == VK_OBJECT_TYPE_QUEUE,
                                       info.objectHandle);
  return device->next.vkSetDebugUtilsObjectTagEXT (device->handle, &info);
}

VkResult
sim_vkDebugMarkerSetObjectNameEXT (SimDevice                            *device,
                                   const VkDebugMarkerObjectNameInfoEXT *pNameInfo)
{
  VkDebugMarkerObjectNameInfoEXT info = *pNameInfo;

  info.object = get_real_handle (device, info.objectType == VK_DEBUG_REPORT_OBJECT_TYPE_QUEUE_EXT,
                                 info.object);
  return device->next.vkDebugMarkerSetObjectNameEXT (device->handle, &info);
}

VkResult
sim_vkDebugMarkerSetObjectTagEXT (SimDevice                           *device,
                                  const VkDebugMarkerObjectTagInfoEXT *pTagInfo)
{
  VkDebugMarkerObjectTagInfoEXT info = *pTagInfo;

  info.object = get_real_handle (device, info.objectType == VK_DEBUG_REPORT_OBJECT_TYPE_QUEUE_EXT,
                                 info.object);
  return device->next.vkDebugMarkerSetObjectTagEXT (device->handle, &info);
}

/* Private data */

static gboolean
is_own_queue_locked (SimDeviceQueues *self,
                     VkObjectType     type,
                     guint64          handle)
{
  const SimQueue *queue = type == VK_OBJECT_TYPE_QUEUE
                            ? sim_queues_find_locked (self, (VkQueue) (gsize) handle)
                            : NULL;

  return queue != NULL && queue->handle != queue->real;
}

VkResult
sim_vkSetPrivateData (SimDevice         *device,
                      VkObjectType       objectType,
                      uint64_t           objectHandle,
                      VkPrivateDataSlot  privateDataSlot,
                      uint64_t           data)
{
  SimDeviceQueues *self = device->queues;
  guint64 slot = (guint64) privateDataSlot;
  gboolean is_own;

  g_mutex_lock (&self->lock);
  is_own = is_own_queue_locked (self, objectType, objectHandle);
  if (is_own)
    g_hash_table_insert (device->transfer_data, g_memdup2 (&slot, sizeof slot),
                         g_memdup2 (&data, sizeof data));
  g_mutex_unlock (&self->lock);
  if (is_own)
    return VK_SUCCESS;
  return device->next.vkSetPrivateData (device->handle, objectType, objectHandle, privateDataSlot,
                                        data);
}

void
sim_vkGetPrivateData (SimDevice         *device,
                      VkObjectType       objectType,
                      uint64_t           objectHandle,
                      VkPrivateDataSlot  privateDataSlot,
                      uint64_t          *pData)
{
  SimDeviceQueues *self = device->queues;
  guint64 slot = (guint64) privateDataSlot;
  gboolean is_own;

  g_mutex_lock (&self->lock);
  is_own = is_own_queue_locked (self, objectType, objectHandle);
  if (is_own)
    {
      const guint64 *data = g_hash_table_lookup (device->transfer_data, &slot);
      *pData = data != NULL ? *data : 0;
    }
  g_mutex_unlock (&self->lock);
  if (!is_own)
    device->next.vkGetPrivateData (device->handle, objectType, objectHandle, privateDataSlot,
                                   pData);
}

void
sim_vkDestroyPrivateDataSlot (SimDevice                   *device,
                              VkPrivateDataSlot            privateDataSlot,
                              const VkAllocationCallbacks *pAllocator)
{
  SimDeviceQueues *self = device->queues;
  guint64 slot = (guint64) privateDataSlot;

  g_mutex_lock (&self->lock);
  g_hash_table_remove (device->transfer_data, &slot);
  g_mutex_unlock (&self->lock);
  device->next.vkDestroyPrivateDataSlot (device->handle, privateDataSlot, pAllocator);
}

/* Labels: the program keeps the users of one of its queues apart, but two of them can be one. */

void
sim_vkQueueBeginDebugUtilsLabelEXT (SimDevice                  *device,
                                    VkQueue                     queue,
                                    const VkDebugUtilsLabelEXT *pLabelInfo)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  device->next.vkQueueBeginDebugUtilsLabelEXT (sim_queues_find_locked (self, queue)->real,
                                               pLabelInfo);
}

void
sim_vkQueueEndDebugUtilsLabelEXT (SimDevice *device,
                                  VkQueue    queue)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  device->next.vkQueueEndDebugUtilsLabelEXT (sim_queues_find_locked (self, queue)->real);
}

void
sim_vkQueueInsertDebugUtilsLabelEXT (SimDevice                  *device,
                                     VkQueue                     queue,
                                     const VkDebugUtilsLabelEXT *pLabelInfo)
{
  SimDeviceQueues *self = device->queues;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  device->next.vkQueueInsertDebugUtilsLabelEXT (sim_queues_find_locked (self, queue)->real,
                                                pLabelInfo);
}
