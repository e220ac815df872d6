/* SPDX-License-Identifier: MIT */
#pragma once

/* What the parts of the layer share. The registry's entry points (generate.py) find the instance or
 * device of a call here, and each part overrides the commands that it has something to say to. */

#include "sim-entry-points.h"
#include "sim-settings.h"

typedef struct _SimDeviceMemory SimDeviceMemory; /* sim-memory.c */
typedef struct _SimDeviceQueues SimDeviceQueues; /* sim-queue.c */
typedef struct _SimPhysicalDevice SimPhysicalDevice; /* sim-topology.c */

struct _SimInstance
{
  VkInstance handle;
  PFN_vkGetInstanceProcAddr get_proc_addr;
  PFN_GetPhysicalDeviceProcAddr get_physical_device_proc_addr; /* (nullable) */
  PFN_vkDestroyInstance destroy;
  SimInstanceTable next;
  SimSettings settings;
  GMutex lock;
  GHashTable *physical_devices; /* (lock) VkPhysicalDevice to SimPhysicalDevice */
  GPtrArray *messengers;        /* (lock) SimMessenger */
};

struct _SimDevice
{
  VkDevice handle;
  VkPhysicalDevice physical_device;
  SimInstance *instance;
  PFN_vkGetDeviceProcAddr get_proc_addr;
  PFN_vkSetDeviceLoaderData set_loader_data;
  SimDeviceTable next;
  const SimSettings *settings;  /* (unowned) the instance's: what describes the device */
  SimPhysicalDevice *physical;  /* (unowned) */
  SimDeviceMemory *memory;
  SimDeviceQueues *queues;
  GHashTable *transfer_data;    /* VkPrivateDataSlot to guint64: sim-queue-names.c */
  gint lost;                    /* (atomic) */
};

/* sim-layer.c: by any handle that is dispatched by it. */
SimInstance *sim_instance_find (gconstpointer dispatchable);
SimDevice   *sim_device_find   (gconstpointer dispatchable);

/* sim-entry-points.c */
typedef struct
{
  const char *name;
  gboolean can_lose;        /* VK_ERROR_DEVICE_LOST is among its errors */
  const VkResult *errors;   /* to VK_SUCCESS; none where there is no VkResult */
} SimCallInfo;

typedef struct
{
  const char *name;
  PFN_vkVoidFunction function;
  SimCall call;
} SimEntryPoint;

typedef struct
{
  const char *name;
  VkResult result;
} SimResultName;

extern const SimCallInfo sim_calls[SIM_N_CALLS];
extern const SimResultName sim_result_names[];
extern const gsize sim_n_result_names;
extern const SimEntryPoint sim_entry_points[]; /* sorted by name */
extern const gsize sim_n_entry_points;

void sim_instance_table_load (SimInstanceTable *table, VkInstance handle,
                              PFN_vkGetInstanceProcAddr get);
void sim_device_table_load   (SimDeviceTable *table, VkDevice handle, PFN_vkGetDeviceProcAddr get);

/* sim-faults.c: the process's settings, faults, counts and balance. */
/* FALSE where RILL_SIMULATION is wrong. */
gboolean sim_faults_copy_settings (SimSettings *settings);
gboolean sim_faults_is_late    (void);
guint    sim_faults_get_delay  (void);                 /* in milliseconds */
gboolean sim_faults_lose_now   (void);                 /* asked once for each submission */
const SimEntryPoint *sim_entry_point_find (const char *name); /* (nullable) */
gboolean sim_call_find         (const char *name, SimCall *call);
void     sim_call_count        (SimCall call);
gboolean sim_call_begin        (SimCall call, SimDevice *device /* nullable */, VkResult *result);
void     sim_call_end          (SimDevice *device /* nullable */, VkResult result);
void     sim_faults_count_report (void);
void     sim_balance_created   (const char *kind, guint n, const void *handles, gsize size,
                                VkResult result);
void     sim_balance_destroyed (const char *kind, gboolean any);

/* sim-report.c: to the program's debug messengers, or to standard error where there is none. */
void     sim_report            (SimInstance *instance, const char *id, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* sim-topology.c: what a physical device seems to be. */
struct _SimPhysicalDevice
{
  VkPhysicalDevice handle;
  VkPhysicalDeviceMemoryProperties real;
  VkPhysicalDeviceMemoryProperties simulated;     /* equal to real without a topology */
  guint32 real_types[VK_MAX_MEMORY_TYPES];        /* simulated type to real type */
  VkPhysicalDeviceLimits limits;                  /* as simulated */
  gboolean has_memory_budget;                     /* the driver itself */
};

SimPhysicalDevice *sim_physical_device_get  (SimInstance *instance, VkPhysicalDevice handle);
void               sim_physical_device_free (SimPhysicalDevice *self);
/* The memory types of requirements, from the driver's to the simulated. */
guint32            sim_physical_device_simulate_types (const SimPhysicalDevice *self,
                                                       guint32 real_bits, gboolean optimal_image);
/* Takes from the extensions and features asked of vkCreateDevice what only the layer has;
 * *extensions is then a new array (free) or NULL when nothing had to change. */
void               sim_topology_filter_extensions (const SimPhysicalDevice *self,
                                                   const VkDeviceCreateInfo *info,
                                                   const char ***extensions, guint32 *n_extensions);

/* sim-memory.c */
SimDeviceMemory *sim_memory_new  (SimDevice *device);
void             sim_memory_free (SimDeviceMemory *self);

/* sim-memory-domain.c: what a command buffer writes, and makes available to the host. */
void             sim_domain_forget_commands (SimDevice *device, VkCommandBuffer commands);
void             sim_domain_execute         (SimDevice *device, VkCommandBuffer commands);
void             sim_domain_end_batch       (SimDevice *device);
void             sim_domain_note_dependency (SimDevice *device, VkCommandBuffer commands,
                                             const VkDependencyInfo *info);
void             sim_domain_note_barriers   (SimDevice *device, VkCommandBuffer commands,
                                             VkPipelineStageFlags dst_stages,
                                             guint n, const VkMemoryBarrier *barriers,
                                             guint n_buffers, const VkBufferMemoryBarrier *buffers);

/* sim-queue.c */
SimDeviceQueues *sim_queues_new  (SimDevice *device, const VkDeviceCreateInfo *info);
void             sim_queues_free (SimDeviceQueues *self);
/* The queues to ask the driver for: *infos is a new array (free) or NULL when nothing had to
 * change. */
void             sim_queues_filter_create_infos (SimInstance *instance,
                                                 VkPhysicalDevice physical_device,
                                                 const VkDeviceCreateInfo *info,
                                                 VkDeviceQueueCreateInfo **infos, guint32 *n_infos);
/* Something was recorded that may order what is before and behind it. */
void             sim_commands_order (SimDevice *device, VkCommandBuffer commands);
VkQueue          sim_queue_get_real (SimDevice *device, VkQueue queue);
/* The driver's queue family, of one that the program sees. */
guint32          sim_queue_family_translate (SimInstance *instance, guint32 family);
/* The device is lost now: what is held is dropped, what the driver has is waited for, every wait in
 * progress ends. Idempotent. */
void             sim_queues_lose (SimDevice *device);
