/* SPDX-License-Identifier: MIT */
#include "session/rill-context-private.h"

#include "session/rill-device-private.h"
#include "session/rill-exit-private.h"

#include <string.h>

/* How long one wait in the driver lasts before cancellation, deadline and loss are looked at again. */
#define WAIT_SLICE_NS (10 * 1000 * 1000)
#define LONG_WAIT_SLICE_NS (100 * 1000 * 1000)

/* Small transfers end within some tens of microseconds; to sleep and be woken takes longer than that. */
#define SPIN_US 60

/* Far more than what a queue's thread runs takes, unless it waits for something itself. */
#define TRY_COLLECT_US (100 * 1000)

/* The most that the end of the process waits for a device: one that has not ended by then may never end. */
#define REST_US (10 * G_USEC_PER_SEC)

typedef struct
{
  guint32 family;
  guint timestamp_valid_bits;
} FamilyChoice;

/* Such families copy too, but with engines that are made for something else. */
#define SPECIAL_QUEUES                                                                             \
  (VK_QUEUE_VIDEO_DECODE_BIT_KHR | 0x40u /* VK_QUEUE_VIDEO_ENCODE_BIT_KHR */                      \
   | 0x100u /* VK_QUEUE_OPTICAL_FLOW_BIT_NV */ | VK_QUEUE_PROTECTED_BIT)

/* A family with compute that has graphics too can do every kind of work; a family with nothing but
 * transfers drives copy engines of its own. */
static guint
choose_families (VkPhysicalDevice physical_device,
                 FamilyChoice     choices[RILL_MAX_QUEUES])
{
  VkQueueFamilyProperties families[32];
  guint32 n_families = G_N_ELEMENTS (families);
  guint n = 0;
  gint compute = -1;

  vkGetPhysicalDeviceQueueFamilyProperties (physical_device, &n_families, families);
  for (guint32 i = 0; i < n_families; i++)
    if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT
        && (compute < 0
            || (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT
                && !(families[compute].queueFlags & VK_QUEUE_GRAPHICS_BIT))))
      compute = (gint) i;
  if (compute < 0)
    return 0;
  choices[n++] = (FamilyChoice) { (guint32) compute, families[compute].timestampValidBits };

  for (guint32 i = 0; i < n_families; i++)
    if (families[i].queueFlags & VK_QUEUE_TRANSFER_BIT
        && !(families[i].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | SPECIAL_QUEUES)))
      {
        choices[n++] = (FamilyChoice) { i, families[i].timestampValidBits };
        break;
      }
  return n;
}

static gboolean
has_extension (VkPhysicalDevice  physical_device,
               const char       *name)
{
  guint32 n = 0;
  g_autofree VkExtensionProperties *extensions = NULL;

  if (vkEnumerateDeviceExtensionProperties (physical_device, NULL, &n, NULL) != VK_SUCCESS)
    return FALSE;
  extensions = g_new0 (VkExtensionProperties, n + 1);
  if (vkEnumerateDeviceExtensionProperties (physical_device, NULL, &n, extensions) != VK_SUCCESS)
    return FALSE;
  for (guint32 i = 0; i < n; i++)
    if (strcmp (extensions[i].extensionName, name) == 0)
      return TRUE;
  return FALSE;
}

/* What the device reports of shader, storage and sampler features; nothing for rendering, and the
 * costly bounds checks only to validate. */
typedef struct
{
  VkPhysicalDeviceFeatures2 features;
  VkPhysicalDeviceVulkan11Features features11;
  VkPhysicalDeviceVulkan12Features features12;
  VkPhysicalDeviceVulkan13Features features13;
  VkPhysicalDeviceMemoryPriorityFeaturesEXT priority;
} FeatureChain;

/* Of an extension, so it is there only if the device has that. */
static void
query_priority (VkPhysicalDevice  physical_device,
                FeatureChain     *chain)
{
  chain->priority = (VkPhysicalDeviceMemoryPriorityFeaturesEXT) {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT,
  };
  if (has_extension (physical_device, VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME))
    {
      VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &chain->priority,
      };
      vkGetPhysicalDeviceFeatures2 (physical_device, &features);
    }
  if (chain->priority.memoryPriority)
    chain->features13.pNext = &chain->priority;
}

static void
query_features (VkPhysicalDevice  physical_device,
                gboolean          validation,
                FeatureChain     *chain)
{
  *chain = (FeatureChain) {
    .features = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &chain->features11 },
    .features11 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
                    .pNext = &chain->features12 },
    .features12 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                    .pNext = &chain->features13 },
    .features13 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES },
  };
  vkGetPhysicalDeviceFeatures2 (physical_device, &chain->features);

  chain->features.features.robustBufferAccess &= validation;
  chain->features13.robustImageAccess &= validation;
  chain->features.features.sparseBinding = VK_FALSE;
  chain->features.features.sparseResidencyBuffer = VK_FALSE;
  chain->features.features.sparseResidencyImage2D = VK_FALSE;
  chain->features.features.sparseResidencyImage3D = VK_FALSE;
  chain->features.features.sparseResidency2Samples = VK_FALSE;
  chain->features.features.sparseResidency4Samples = VK_FALSE;
  chain->features.features.sparseResidency8Samples = VK_FALSE;
  chain->features.features.sparseResidency16Samples = VK_FALSE;
  chain->features.features.sparseResidencyAliased = VK_FALSE;
  chain->features11.protectedMemory = VK_FALSE;
  chain->features12.bufferDeviceAddressCaptureReplay = VK_FALSE;
  chain->features12.bufferDeviceAddressMultiDevice = VK_FALSE;
  chain->features13.privateData = VK_FALSE;
  query_priority (physical_device, chain);
}

static void
query_properties (RillContext *self)
{
  VkPhysicalDeviceVulkan13Properties properties13 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES,
  };
  VkPhysicalDeviceProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &self->properties11,
  };

  self->properties11 = (VkPhysicalDeviceVulkan11Properties) {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
    .pNext = &properties13,
  };
  vkGetPhysicalDeviceProperties2 (self->physical_device, &properties);
  self->properties = properties.properties;
  self->properties11.pNext = NULL;
  self->max_buffer_size = properties13.maxBufferSize;
  self->max_allocation_size = self->properties11.maxMemoryAllocationSize;
  vkGetPhysicalDeviceMemoryProperties (self->physical_device, &self->memory);
}

static gboolean
create_device (RillContext         *self,
               const FamilyChoice  *choices,
               guint                n_choices,
               GError             **error)
{
  static const float priority = 1.0f;
  VkDeviceQueueCreateInfo queue_infos[RILL_MAX_QUEUES];
  FeatureChain chain;
  const char *extensions[3];
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &chain.features,
    .queueCreateInfoCount = n_choices,
    .pQueueCreateInfos = queue_infos,
    .ppEnabledExtensionNames = extensions,
  };

  for (guint i = 0; i < n_choices; i++)
    queue_infos[i] = (VkDeviceQueueCreateInfo) {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = choices[i].family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
    };
  self->has_memory_budget = has_extension (self->physical_device, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (self->has_memory_budget)
    extensions[info.enabledExtensionCount++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;

  query_features (self->physical_device, self->instance->messenger != VK_NULL_HANDLE, &chain);
  self->has_memory_priority = chain.priority.memoryPriority;
  if (self->has_memory_priority)
    extensions[info.enabledExtensionCount++] = VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME;
  self->features = chain.features.features;
  self->features12 = chain.features12;
  self->features12.pNext = NULL;
  return rill_context_check (self, vkCreateDevice (self->physical_device, &info, NULL, &self->device),
                             error, "vkCreateDevice", "Could not open the device “%s”",
                             self->properties.deviceName);
}

static gboolean
context_init (RillContext  *self,
              RillDevice   *device,
              GError      **error)
{
  FamilyChoice choices[RILL_MAX_QUEUES];
  guint n_choices;

  self->physical_device = rill_device_find_in_instance (device, self->instance->handle, error);
  if (self->physical_device == VK_NULL_HANDLE)
    return FALSE;
  query_properties (self);
  n_choices = choose_families (self->physical_device, choices);
  g_assert (n_choices > 0); /* rill_device_check_usable() */
  if (!create_device (self, choices, n_choices, error))
    return FALSE;

  for (guint i = 0; i < n_choices; i++)
    {
      self->n_queues++;
      self->families[self->n_families++] = choices[i].family;
      if (!rill_queue_init (&self->queues[i], self, i, choices[i].family,
                            choices[i].timestamp_valid_bits, error))
        return FALSE;
    }
  self->compute_queue = &self->queues[0];
  self->transfer_queue = &self->queues[self->n_queues - 1];
  return TRUE;
}

RillContext *
rill_context_new (RillDevice       *device,
                  RillInstance     *instance,
                  RillEmitter      *emitter,
                  RillBudgetWatch  *budget_watch,
                  GError          **error)
{
  RillContext *self = g_new0 (RillContext, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_init (&self->weak_count);
  g_mutex_init (&self->submit_lock);
  g_mutex_init (&self->host_lock);
  g_cond_init (&self->host_done);
  g_mutex_init (&self->engine_lock);
  g_mutex_init (&self->lost_lock);
  self->instance = rill_instance_ref (instance);
  self->emitter = rill_emitter_ref (emitter);
  self->heaps = rill_heaps_ref (rill_device_get_heaps (device));
  self->budget_watch = rill_budget_watch_ref (budget_watch);
  self->gate = rill_driver_gate_new ();
  self->debug = rill_debug_get_flags ();
  if (context_init (self, device, error))
    rill_exit_add (self);
  else
    g_clear_pointer (&self, rill_context_unref);
  return self;
}

RillContext *
rill_context_ref (RillContext *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_context_unref_weak (RillContext *self)
{
  if (!g_atomic_ref_count_dec (&self->weak_count))
    return;
  rill_emitter_unref (self->emitter);
  rill_heaps_unref (self->heaps);
  rill_budget_watch_unref (self->budget_watch);
  rill_driver_gate_free (self->gate);
  g_mutex_clear (&self->lost_lock);
  g_mutex_clear (&self->engine_lock);
  g_mutex_clear (&self->submit_lock);
  g_mutex_clear (&self->host_lock);
  g_cond_clear (&self->host_done);
  g_free (self);
}

static gpointer
end_device (gpointer user_data)
{
  RillContext *self = user_data;

  if (self->device != VK_NULL_HANDLE)
    vkDeviceWaitIdle (self->device);
  for (guint i = 0; i < self->n_queues; i++)
    rill_queue_clear (&self->queues[i]);
  if (self->device != VK_NULL_HANDLE)
    vkDestroyDevice (self->device, NULL);
  self->device = VK_NULL_HANDLE;
  self->physical_device = VK_NULL_HANDLE;
  g_clear_pointer (&self->instance, rill_instance_unref);
  rill_exit_remove (self);
  if (self->validation_data != NULL)
    self->validation_data_free (self->validation_data);
  rill_context_unref_weak (self);
  return NULL;
}

void
rill_context_unref (RillContext *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  /* Deferred work may drop the last reference in a queue's own thread, which cannot join itself. */
  for (guint i = 0; i < self->n_queues; i++)
    if (self->queues[i].thread == g_thread_self ())
      {
        g_thread_unref (g_thread_new ("rill-close", end_device, self));
        return;
      }
  end_device (self);
}

void
rill_context_weaken (RillContext *self)
{
  g_atomic_ref_count_inc (&self->weak_count);
  rill_context_unref (self);
}

gboolean
rill_context_try_ref (RillContext *self)
{
  gint count = g_atomic_int_get (&self->ref_count);

  while (count > 0)
    {
      if (g_atomic_int_compare_and_exchange (&self->ref_count, count, count + 1))
        return TRUE;
      count = g_atomic_int_get (&self->ref_count);
    }
  return FALSE;
}

gboolean
rill_context_is_lost (RillContext *self)
{
  return g_atomic_int_get (&self->lost);
}

void
rill_context_mark_lost (RillContext *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->lost, FALSE, TRUE))
    return;
  g_mutex_lock (&self->lost_lock);
  if (self->lost_func != NULL)
    self->lost_func (self->lost_data);
  g_mutex_unlock (&self->lost_lock);
}

void
rill_context_set_lost_func (RillContext *self,
                            void       (*func) (gpointer data),
                            gpointer     data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lost_lock);

  self->lost_func = func;
  self->lost_data = data;
}

gboolean
rill_context_check_lost (RillContext  *self,
                         GError      **error)
{
  if (!rill_context_is_lost (self))
    return TRUE;
  g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST,
               "The device “%s” has been lost: open a new session (VK_ERROR_DEVICE_LOST)",
               self->properties.deviceName);
  return FALSE;
}

gboolean
rill_context_check (RillContext  *self,
                    VkResult      result,
                    GError      **error,
                    const char   *call,
                    const char   *attempt,
                    ...)
{
  va_list args;
  g_autofree char *text = NULL;

  if (G_LIKELY (result == VK_SUCCESS))
    return TRUE;
  if (result == VK_ERROR_DEVICE_LOST)
    rill_context_mark_lost (self);
  va_start (args, attempt);
  text = g_strdup_vprintf (attempt, args);
  va_end (args);
  rill_set_vulkan_error (error, result, call, "%s", text);
  return FALSE;
}

gboolean
rill_context_is_reached (RillContext         *self,
                         const RillSyncPoint *point)
{
  for (guint i = 0; i < self->n_queues; i++)
    if (!rill_queue_is_reached (&self->queues[i], point->values[i]))
      return FALSE;
  return TRUE;
}

static VkResult
wait_once (RillContext         *self,
           const RillSyncPoint *point,
           guint64              timeout_ns)
{
  RillQueue *queues[RILL_MAX_QUEUES];
  VkSemaphore semaphores[RILL_MAX_QUEUES];
  guint64 values[RILL_MAX_QUEUES];
  VkResult result = VK_SUCCESS;
  VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .pSemaphores = semaphores,
    .pValues = values,
  };

  for (guint i = 0; i < self->n_queues; i++)
    if (!rill_queue_is_reached (&self->queues[i], point->values[i]))
      {
        queues[info.semaphoreCount] = &self->queues[i];
        semaphores[info.semaphoreCount] = self->queues[i].timeline;
        values[info.semaphoreCount++] = point->values[i];
      }
  if (info.semaphoreCount > 0)
    result = vkWaitSemaphores (self->device, &info, timeout_ns);
  /* To ask for the value could fail. */
  for (guint i = 0; i < info.semaphoreCount && result == VK_SUCCESS; i++)
    rill_queue_set_reached (queues[i], values[i]);
  return result;
}

static void
spin (RillContext         *self,
      const RillSyncPoint *point)
{
  gint64 end = g_get_monotonic_time () + SPIN_US;

  while (!rill_context_is_reached (self, point) && g_get_monotonic_time () < end)
    ;
}

gboolean
rill_context_wait (RillContext          *self,
                   const RillSyncPoint  *point,
                   gint64                deadline,
                   GCancellable         *cancellable,
                   GError              **error)
{
  guint64 slice = cancellable != NULL ? WAIT_SLICE_NS : LONG_WAIT_SLICE_NS;

  spin (self, point);
  while (TRUE)
    {
      gboolean reached = rill_context_is_reached (self, point);
      guint64 timeout = slice;
      VkResult result;

      if (!rill_context_check_lost (self, error))
        return FALSE;
      if (reached)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (deadline >= 0)
        {
          gint64 left = deadline - g_get_monotonic_time ();
          if (left <= 0)
            {
              g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                   "The device did not finish its work in the given time");
              return FALSE;
            }
          timeout = MIN (slice, (guint64) left * 1000);
        }
      result = wait_once (self, point, timeout);
      if (result != VK_TIMEOUT
          && !rill_context_check (self, result, error, "vkWaitSemaphores", "Could not wait for the device"))
        return FALSE;
    }
}

/* Where neither waits nor questions get through. */
static gboolean
wait_device_idle (RillContext *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->submit_lock);
  VkResult result = vkDeviceWaitIdle (self->device);

  if (result == VK_ERROR_DEVICE_LOST)
    rill_context_mark_lost (self);
  for (guint i = 0; i < self->n_queues && result == VK_SUCCESS; i++)
    rill_queue_set_reached (&self->queues[i], self->queues[i].submitted);
  return result == VK_SUCCESS;
}

void
rill_context_wait_end (RillContext         *self,
                       const RillSyncPoint *point)
{
  guint n_failures = 0;

  while (!rill_context_wait (self, point, -1, NULL, NULL) && !rill_context_is_lost (self))
    {
      if (++n_failures > 20 && wait_device_idle (self))
        return;
      g_usleep (1000);
    }
}

typedef struct
{
  RillContext *context; /* (owned) */
  RillSyncPoint point;
  void (*func) (gpointer data);
  gpointer data;
} Deferral;

static void
deferral_step (gpointer data)
{
  Deferral *deferral = data;
  RillContext *self = deferral->context;

  for (guint i = 0; i < self->n_queues; i++)
    if (!rill_queue_is_reached (&self->queues[i], deferral->point.values[i]))
      {
        rill_queue_defer (&self->queues[i], deferral->point.values[i], deferral_step, deferral);
        return;
      }
  deferral->func (deferral->data);
  g_free (deferral);
  rill_context_unref (self);
}

void
rill_context_defer (RillContext          *self,
                    const RillSyncPoint  *point,
                    void                (*func) (gpointer data),
                    gpointer              data)
{
  Deferral *deferral;

  if (rill_context_is_reached (self, point))
    {
      func (data);
      return;
    }
  deferral = g_new (Deferral, 1);
  *deferral = (Deferral) {
    .context = rill_context_ref (self),
    .point = *point,
    .func = func,
    .data = data,
  };
  deferral_step (deferral);
}

void
rill_context_collect (RillContext *self)
{
  for (guint i = 0; i < self->n_queues; i++)
    rill_queue_collect (&self->queues[i], G_MAXINT64);
}

void
rill_context_try_collect (RillContext *self)
{
  gint64 deadline = g_get_monotonic_time () + TRY_COLLECT_US;

  for (guint i = 0; i < self->n_queues; i++)
    rill_queue_collect (&self->queues[i], deadline);
}

gpointer
rill_context_ref_engine (RillContext *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->engine_lock);

  if (self->engine != NULL)
    self->engine_ref (self->engine);
  return self->engine;
}

void
rill_context_stop_engine (RillContext *self)
{
  gpointer engine;

  g_mutex_lock (&self->engine_lock);
  self->engine_closed = TRUE;
  g_mutex_unlock (&self->engine_lock);

  engine = rill_context_ref_engine (self);
  if (engine == NULL)
    return;
  self->engine_stop (engine);
  self->engine_unref (engine);
}

void
rill_context_drop_engine (RillContext *self)
{
  gpointer engine;

  g_mutex_lock (&self->engine_lock);
  engine = g_steal_pointer (&self->engine);
  g_mutex_unlock (&self->engine_lock);
  if (engine != NULL)
    self->engine_unref (engine);
}

void
rill_context_get_last (RillContext   *self,
                       RillSyncPoint *point)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->submit_lock);

  *point = (RillSyncPoint) { 0 };
  for (guint i = 0; i < self->n_queues; i++)
    point->values[i] = self->queues[i].submitted;
}

RillHeapState
rill_context_query_heap (RillContext *self,
                         guint        heap)
{
  return rill_heaps_query (self->heaps, self->physical_device, self->has_memory_budget, heap,
                           self->memory.memoryHeaps[heap].size);
}

gboolean
rill_context_begin_host_call (RillContext  *self,
                              GError      **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->host_lock);

  if (self->host_at_rest)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           "Could not access memory: the process is about to exit");
      return FALSE;
    }
  self->n_host_calls++;
  return TRUE;
}

void
rill_context_end_host_call (RillContext *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->host_lock);

  self->n_host_calls--;
  if (self->n_host_calls == 0)
    g_cond_broadcast (&self->host_done);
}

static void
rest_host_calls (RillContext *self,
                 gint64       deadline)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->host_lock);

  self->host_at_rest = TRUE;
  while (self->n_host_calls > 0 && g_cond_wait_until (&self->host_done, &self->host_lock, deadline))
    ;
}

void
rill_context_rest (RillContext *self)
{
  gint64 deadline = g_get_monotonic_time () + REST_US;
  RillSyncPoint last;
  gpointer engine;

  g_mutex_lock (&self->submit_lock);
  self->at_rest = TRUE;
  g_mutex_unlock (&self->submit_lock);
  rill_context_get_last (self, &last);
  while (!rill_context_wait (self, &last, deadline, NULL, NULL) && !rill_context_is_lost (self)
         && g_get_monotonic_time () < deadline)
    g_usleep (1000); /* out of memory */

  engine = rill_context_ref_engine (self);
  if (engine != NULL)
    {
      self->engine_rest (engine);
      self->engine_unref (engine);
    }
  for (guint i = 0; i < self->n_queues; i++)
    rill_queue_rest (&self->queues[i]);
  rest_host_calls (self, deadline);
}

void
rill_context_set_name (RillContext  *self,
                       VkObjectType  type,
                       guint64       handle,
                       const char   *name)
{
  const VkDebugUtilsObjectNameInfoEXT info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
    .objectType = type,
    .objectHandle = handle,
    .pObjectName = name,
  };

  if (self->instance->set_object_name != NULL)
    self->instance->set_object_name (self->device, &info); /* a name that is lost harms nothing */
}
