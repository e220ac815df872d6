/* SPDX-License-Identifier: MIT */
#include "sim-memory.h"

#include <string.h>

#define DEVICE_LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define HOST_VISIBLE VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED VK_MEMORY_PROPERTY_HOST_CACHED_BIT
#define MAX_TYPES 5

typedef struct
{
  const char *name;
  VkPhysicalDeviceType device_type;
  gboolean optimal_is_hidden; /* images of optimal tiling are in no memory that the host can map */
  guint n_heaps;              /* the first is local to the device */
  guint n_types;
  VkMemoryType types[MAX_TYPES];
} Topology;

static const Topology topologies[] = {
  [SIM_TOPOLOGY_DISCRETE] = {
    "discrete", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, TRUE, 2, 4,
    { { 0, 1 },
      { DEVICE_LOCAL, 0 },
      { HOST_VISIBLE | COHERENT, 1 },
      { HOST_VISIBLE | COHERENT | CACHED, 1 } },
  },
  [SIM_TOPOLOGY_HOST_VISIBLE] = {
    "host-visible", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, TRUE, 2, 5,
    { { 0, 1 },
      { DEVICE_LOCAL, 0 },
      { HOST_VISIBLE | COHERENT, 1 },
      { HOST_VISIBLE | COHERENT | CACHED, 1 },
      { DEVICE_LOCAL | HOST_VISIBLE | COHERENT, 0 } },
  },
  [SIM_TOPOLOGY_INTEGRATED] = {
    "integrated", VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, FALSE, 1, 3,
    { { DEVICE_LOCAL, 0 },
      { DEVICE_LOCAL | HOST_VISIBLE | COHERENT, 0 },
      { DEVICE_LOCAL | HOST_VISIBLE | COHERENT | CACHED, 0 } },
  },
  [SIM_TOPOLOGY_NON_COHERENT] = {
    "non-coherent", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, FALSE, 2, 3,
    { { DEVICE_LOCAL, 0 },
      { HOST_VISIBLE | COHERENT, 1 },
      { HOST_VISIBLE | CACHED, 1 } },
  },
};

/* What the process has allocated of a device, which all its instances see. */
typedef struct
{
  guint8 uuid[VK_UUID_SIZE];
  VkPhysicalDeviceMemoryProperties simulated;
  guint64 usage[VK_MAX_MEMORY_HEAPS];
} Heaps;

typedef struct
{
  SimPhysicalDevice parent;
  SimSettings *settings;    /* (unowned) */
  const Topology *topology; /* (nullable) where the device's own memory shows */
  Heaps *heaps;             /* (unowned) */
} PhysicalDevice;

static GMutex heaps_lock;
static GPtrArray *all_heaps; /* (heaps_lock) of Heaps, as long as the process */

static SimTopology
get_topology (const SimSettings *settings)
{
  if (settings->topology == SIM_TOPOLOGY_NONE && settings->small_heap > 0)
    return SIM_TOPOLOGY_DISCRETE;
  return settings->topology;
}

/* Memory types */

/* The nearest of the real types that have the flags needed; those that want a feature of their own
 * come last. */
static guint32
choose_real_type (const VkPhysicalDeviceMemoryProperties *real,
                  VkMemoryPropertyFlags                   flags,
                  VkMemoryPropertyFlags                   needed,
                  guint32                                 bits,
                  guint32                                 otherwise)
{
  guint32 best = otherwise;
  guint best_score = 0;

  for (guint32 i = 0; i < real->memoryTypeCount; i++)
    {
      VkMemoryPropertyFlags has = real->memoryTypes[i].propertyFlags;
      guint score = 1;

      if ((bits & (1u << i)) == 0 || (has & needed) != needed)
        continue;
      if ((has & ~(VkMemoryPropertyFlags) (DEVICE_LOCAL | HOST_VISIBLE | COHERENT | CACHED)) == 0)
        score += 4;
      if (((has ^ flags) & DEVICE_LOCAL) == 0)
        score += 2;
      if (((has ^ flags) & CACHED) == 0)
        score += 1;
      if (score > best_score)
        {
          best = i;
          best_score = score;
        }
    }
  return best;
}

/* The largest heap of the kind, or of any where there is none. */
static guint64
get_heap_size (const VkPhysicalDeviceMemoryProperties *real,
               VkMemoryHeapFlags                       flags)
{
  guint64 size = 0;
  guint64 any = 0;

  for (guint i = 0; i < real->memoryHeapCount; i++)
    {
      const VkMemoryHeap *heap = &real->memoryHeaps[i];

      any = MAX (any, heap->size);
      if ((heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == flags)
        size = MAX (size, heap->size);
    }
  return size > 0 ? size : any;
}

static void
simulate_memory (PhysicalDevice *self)
{
  const Topology *topology = self->topology;
  VkPhysicalDeviceMemoryProperties *simulated = &self->parent.simulated;

  if (topology == NULL)
    {
      *simulated = self->parent.real;
      for (guint32 i = 0; i < simulated->memoryTypeCount; i++)
        self->parent.real_types[i] = i;
      return;
    }

  simulated->memoryHeapCount = topology->n_heaps;
  for (guint i = 0; i < topology->n_heaps; i++)
    {
      VkMemoryHeapFlags flags = i == 0 ? VK_MEMORY_HEAP_DEVICE_LOCAL_BIT : 0;

      simulated->memoryHeaps[i].flags = flags;
      simulated->memoryHeaps[i].size = get_heap_size (&self->parent.real, flags);
    }
  if (self->settings->small_heap > 0)
    simulated->memoryHeaps[0].size = self->settings->small_heap;

  simulated->memoryTypeCount = topology->n_types;
  for (guint i = 0; i < topology->n_types; i++)
    {
      simulated->memoryTypes[i] = topology->types[i];
      /* One that the layer can map, so that it can fill it and copy from and to it. */
      self->parent.real_types[i] =
        choose_real_type (&self->parent.real, topology->types[i].propertyFlags,
                          HOST_VISIBLE | COHERENT, G_MAXUINT32, 0);
    }
}

guint32
sim_physical_device_simulate_types (const SimPhysicalDevice *self,
                                    guint32                  real_bits,
                                    gboolean                 optimal_image)
{
  const Topology *topology = ((const PhysicalDevice *) self)->topology;
  guint32 bits = 0;

  if (topology == NULL)
    return real_bits;
  for (guint i = 0; i < topology->n_types; i++)
    {
      gboolean hidden = optimal_image && topology->optimal_is_hidden
                        && topology->types[i].propertyFlags & HOST_VISIBLE;

      if (!hidden && real_bits & (1u << self->real_types[i]))
        bits |= 1u << i;
    }
  return bits;
}

/* The host's own memory is not on the device, and nothing stands between it and its user, so it is
 * coherent. Where the device has no other memory, it is all of the host. */
guint32
sim_topology_get_import_types (const SimPhysicalDevice *self,
                               guint32                  real_bits)
{
  const Topology *topology = ((const PhysicalDevice *) self)->topology;
  guint32 bits = sim_physical_device_simulate_types (self, real_bits, FALSE);

  if (topology == NULL)
    return bits;
  for (guint i = 0; i < topology->n_types; i++)
    {
      VkMemoryPropertyFlags flags = topology->types[i].propertyFlags;

      if (!(flags & COHERENT) || (topology->n_heaps > 1 && flags & DEVICE_LOCAL))
        bits &= ~(1u << i);
    }
  return bits;
}

gboolean
sim_topology_is_simulated (const SimPhysicalDevice *self)
{
  return ((const PhysicalDevice *) self)->topology != NULL;
}

static guint32
get_image_types (SimDevice *device)
{
  static const VkImageCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
    .imageType = VK_IMAGE_TYPE_2D,
    .format = VK_FORMAT_R8G8B8A8_UNORM,
    .extent = { 16, 16, 1 },
    .mipLevels = 1,
    .arrayLayers = 1,
    .samples = VK_SAMPLE_COUNT_1_BIT,
    .tiling = VK_IMAGE_TILING_OPTIMAL,
    .usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_SAMPLED_BIT,
  };
  VkMemoryRequirements requirements;
  VkImage image;

  if (device->next.vkCreateImage (device->handle, &info, NULL, &image) != VK_SUCCESS)
    return G_MAXUINT32;
  device->next.vkGetImageMemoryRequirements (device->handle, image, &requirements);
  device->next.vkDestroyImage (device->handle, image, NULL);
  return requirements.memoryTypeBits;
}

void
sim_topology_probe_images (SimDevice *device)
{
  SimPhysicalDevice *self = device->physical;
  guint32 bits = sim_topology_is_simulated (self) ? get_image_types (device) : G_MAXUINT32;
  gboolean changed = FALSE;

  g_mutex_lock (&device->instance->lock);
  for (guint i = 0; i < self->simulated.memoryTypeCount; i++)
    {
      VkMemoryPropertyFlags flags = self->simulated.memoryTypes[i].propertyFlags;

      if (bits & (1u << self->real_types[i]) || flags & HOST_VISIBLE)
        continue;
      self->real_types[i] = choose_real_type (&self->real, flags, 0, bits, self->real_types[i]);
      changed = TRUE;
    }
  g_mutex_unlock (&device->instance->lock);
  if (changed)
    g_printerr ("VK_LAYER_RILL_simulation: The device takes images only into memory that cannot be "
                "mapped, so memory that is not host-visible starts as the device leaves it.\n");
}

/* Heaps */

static Heaps *
find_heaps_locked (const guint8                           *uuid,
                   const VkPhysicalDeviceMemoryProperties *simulated)
{
  Heaps *heaps;

  if (all_heaps == NULL)
    all_heaps = g_ptr_array_new ();
  for (guint i = 0; i < all_heaps->len; i++)
    {
      heaps = all_heaps->pdata[i];
      if (memcmp (heaps->uuid, uuid, VK_UUID_SIZE) == 0
          && memcmp (&heaps->simulated, simulated, sizeof *simulated) == 0)
        return heaps;
    }
  heaps = g_new0 (Heaps, 1);
  memcpy (heaps->uuid, uuid, VK_UUID_SIZE);
  heaps->simulated = *simulated;
  g_ptr_array_add (all_heaps, heaps);
  return heaps;
}

gboolean
sim_topology_reserve (SimPhysicalDevice *self,
                      guint32            type,
                      guint64            size)
{
  guint heap = self->simulated.memoryTypes[type].heapIndex;
  guint64 *usage = &((PhysicalDevice *) self)->heaps->usage[heap];
  guint64 limit =
    sim_topology_is_simulated (self) ? self->simulated.memoryHeaps[heap].size : G_MAXUINT64;
  gboolean fits;

  g_mutex_lock (&heaps_lock);
  fits = *usage <= limit && size <= limit - *usage;
  if (fits)
    *usage += size;
  g_mutex_unlock (&heaps_lock);
  return fits;
}

void
sim_topology_release (SimPhysicalDevice *self,
                      guint32            type,
                      guint64            size)
{
  guint heap = self->simulated.memoryTypes[type].heapIndex;

  g_mutex_lock (&heaps_lock);
  ((PhysicalDevice *) self)->heaps->usage[heap] -= size;
  g_mutex_unlock (&heaps_lock);
}

/* Extensions */

/* Ways to map that the layer does not see. */
static const char * const hidden_extensions[] = {
  "VK_KHR_map_memory2",
  "VK_EXT_map_memory_placed",
  NULL,
};

/* What has requirements of its own, which tell of the driver's types of memory. A star stands for
 * any end. */
static const char * const untranslated_extensions[] = {
  "VK_KHR_video_*",
  "VK_EXT_video_*",
  "VK_VALVE_video_*",
  "VK_NV_ray_tracing",
  "VK_NV_device_generated_commands*",
  "VK_EXT_device_generated_commands",
  "VK_ARM_tensors",
  "VK_ARM_data_graph*",
  NULL,
};

static VkResult
get_real_extensions (SimInstance       *instance,
                     VkPhysicalDevice   handle,
                     GArray           **extensions)
{
  VkResult result;

  *extensions = g_array_new (FALSE, TRUE, sizeof (VkExtensionProperties));
  do
    {
      guint32 n = 0;

      result = instance->next.vkEnumerateDeviceExtensionProperties (handle, NULL, &n, NULL);
      if (result != VK_SUCCESS)
        break;
      g_array_set_size (*extensions, n);
      result = instance->next.vkEnumerateDeviceExtensionProperties (
        handle, NULL, &n, (VkExtensionProperties *) (gpointer) (*extensions)->data);
      g_array_set_size (*extensions, n);
    }
  while (result == VK_INCOMPLETE);
  return result;
}

static gboolean
has_extension (GArray     *extensions,
               const char *name)
{
  for (guint i = 0; i < extensions->len; i++)
    if (strcmp (g_array_index (extensions, VkExtensionProperties, i).extensionName, name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_hidden (const char *name,
           gboolean    is_simulated)
{
  if (g_strv_contains (hidden_extensions, name))
    return TRUE;
  for (guint i = 0; is_simulated && untranslated_extensions[i] != NULL; i++)
    if (g_pattern_match_simple (untranslated_extensions[i], name))
      return TRUE;
  return FALSE;
}

static void
simulate_extensions (const SimPhysicalDevice *self,
                     GArray                  *extensions)
{
  const VkExtensionProperties budget = { VK_EXT_MEMORY_BUDGET_EXTENSION_NAME,
                                         VK_EXT_MEMORY_BUDGET_SPEC_VERSION };

  if (!has_extension (extensions, budget.extensionName))
    g_array_append_val (extensions, budget);
  for (guint i = extensions->len; i > 0; i--)
    if (is_hidden (g_array_index (extensions, VkExtensionProperties, i - 1).extensionName,
                   sim_topology_is_simulated (self)))
      g_array_remove_index (extensions, i - 1);
}

VkResult
sim_vkEnumerateDeviceExtensionProperties (SimInstance           *instance,
                                          VkPhysicalDevice       physicalDevice,
                                          const char            *pLayerName,
                                          uint32_t              *pPropertyCount,
                                          VkExtensionProperties *pProperties)
{
  g_autoptr (GArray) extensions = NULL;
  VkResult result;
  guint32 n;

  if (pLayerName != NULL)
    return instance->next.vkEnumerateDeviceExtensionProperties (physicalDevice, pLayerName,
                                                                pPropertyCount, pProperties);
  result = get_real_extensions (instance, physicalDevice, &extensions);
  if (result != VK_SUCCESS)
    return result;
  simulate_extensions (sim_physical_device_get (instance, physicalDevice), extensions);

  n = pProperties != NULL ? MIN (*pPropertyCount, extensions->len) : extensions->len;
  if (pProperties != NULL && n > 0)
    memcpy (pProperties, extensions->data, n * sizeof *pProperties);
  *pPropertyCount = n;
  return n < extensions->len ? VK_INCOMPLETE : VK_SUCCESS;
}

void
sim_topology_filter_extensions (const SimPhysicalDevice   *self,
                                const VkDeviceCreateInfo  *info,
                                const char              ***extensions,
                                guint32                   *n_extensions)
{
  *extensions = NULL;
  *n_extensions = info->enabledExtensionCount;
  if (self->has_memory_budget || info->enabledExtensionCount == 0)
    return;

  *extensions = g_new (const char *, info->enabledExtensionCount);
  *n_extensions = 0;
  for (guint32 i = 0; i < info->enabledExtensionCount; i++)
    if (strcmp (info->ppEnabledExtensionNames[i], VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) != 0)
      (*extensions)[(*n_extensions)++] = info->ppEnabledExtensionNames[i];
}

/* Properties */

static char *
describe (const PhysicalDevice *self)
{
  const SimSettings *settings = self->settings;
  const char *words[7] = { NULL };
  guint n = 0;

  if (self->topology != NULL)
    words[n++] = self->topology->name;
  if (settings->small_heap > 0)
    words[n++] = "small-heap";
  if (settings->few_allocations > 0)
    words[n++] = "few-allocations";
  if (settings->granularity > 0)
    words[n++] = "granularity";
  if (settings->atom > 0)
    words[n++] = "atom";
  if (settings->split_queues)
    words[n++] = "queues";
  return g_strjoinv (" ", (char **) words);
}

static void
simulate_name (const PhysicalDevice *self,
               char                 *name)
{
  g_autofree char *words = describe (self);
  g_autofree char *suffix = g_strdup_printf (" (simulated: %s)", words);
  gsize length = MIN (strlen (name), VK_MAX_PHYSICAL_DEVICE_NAME_SIZE - 1 - strlen (suffix));

  if (words[0] == '\0')
    return;
  /* Not in the middle of a character. */
  while (length > 0 && ((guint8) name[length] & 0xc0) == 0x80)
    length--;
  strcpy (name + length, suffix);
}

/* The program may be stricter with itself than the device needs, not laxer. */
static void
simulate_limits (const PhysicalDevice   *self,
                 VkPhysicalDeviceLimits *limits)
{
  const SimSettings *settings = self->settings;

  limits->bufferImageGranularity = MAX (limits->bufferImageGranularity, settings->granularity);
  if (self->topology == NULL)
    limits->nonCoherentAtomSize = MAX (limits->nonCoherentAtomSize, settings->atom);
  else if (settings->atom > 0)
    limits->nonCoherentAtomSize = settings->atom;
  else if (get_topology (settings) == SIM_TOPOLOGY_NON_COHERENT)
    limits->nonCoherentAtomSize = 256;
  if (settings->few_allocations > 0)
    limits->maxMemoryAllocationCount =
      MIN (limits->maxMemoryAllocationCount, settings->few_allocations);
}

static void
simulate_properties (const PhysicalDevice       *self,
                     VkPhysicalDeviceProperties *properties)
{
  /* Later versions have ways to memory that the layer does not see. */
  if (VK_API_VERSION_MINOR (properties->apiVersion) > 3)
    properties->apiVersion = VK_MAKE_API_VERSION (0, 1, 3, VK_HEADER_VERSION);
  if (self->topology != NULL)
    properties->deviceType = self->topology->device_type;
  simulate_name (self, properties->deviceName);
  simulate_limits (self, &properties->limits);
}

void
sim_vkGetPhysicalDeviceProperties (SimInstance                *instance,
                                   VkPhysicalDevice            physicalDevice,
                                   VkPhysicalDeviceProperties *pProperties)
{
  const SimPhysicalDevice *self = sim_physical_device_get (instance, physicalDevice);

  instance->next.vkGetPhysicalDeviceProperties (physicalDevice, pProperties);
  simulate_properties ((const PhysicalDevice *) self, pProperties);
}

void
sim_vkGetPhysicalDeviceProperties2 (SimInstance                 *instance,
                                    VkPhysicalDevice             physicalDevice,
                                    VkPhysicalDeviceProperties2 *pProperties)
{
  const SimPhysicalDevice *self = sim_physical_device_get (instance, physicalDevice);

  instance->next.vkGetPhysicalDeviceProperties2 (physicalDevice, pProperties);
  simulate_properties ((const PhysicalDevice *) self, &pProperties->properties);
}

void
sim_vkGetPhysicalDeviceMemoryProperties (SimInstance                      *instance,
                                         VkPhysicalDevice                  physicalDevice,
                                         VkPhysicalDeviceMemoryProperties *pMemoryProperties)
{
  *pMemoryProperties = sim_physical_device_get (instance, physicalDevice)->simulated;
}

static void
simulate_budget (const SimPhysicalDevice                   *self,
                 VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget)
{
  const Heaps *heaps = ((const PhysicalDevice *) self)->heaps;

  memset (budget->heapBudget, 0, sizeof budget->heapBudget);
  memset (budget->heapUsage, 0, sizeof budget->heapUsage);
  g_mutex_lock (&heaps_lock);
  for (guint i = 0; i < self->simulated.memoryHeapCount; i++)
    {
      budget->heapBudget[i] = self->simulated.memoryHeaps[i].size;
      budget->heapUsage[i] = heaps->usage[i];
    }
  g_mutex_unlock (&heaps_lock);
}

void
sim_vkGetPhysicalDeviceMemoryProperties2 (SimInstance                       *instance,
                                          VkPhysicalDevice                   physicalDevice,
                                          VkPhysicalDeviceMemoryProperties2 *pMemoryProperties)
{
  const SimPhysicalDevice *self = sim_physical_device_get (instance, physicalDevice);

  instance->next.vkGetPhysicalDeviceMemoryProperties2 (physicalDevice, pMemoryProperties);
  pMemoryProperties->memoryProperties = self->simulated;
  if (self->has_memory_budget && !sim_topology_is_simulated (self))
    return;
  for (VkBaseOutStructure *next = pMemoryProperties->pNext; next != NULL; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
      simulate_budget (self, (VkPhysicalDeviceMemoryBudgetPropertiesEXT *) next);
}

/* Physical devices */

static void
get_uuid (SimInstance                      *instance,
          VkPhysicalDevice                  handle,
          const VkPhysicalDeviceProperties *properties,
          guint8                           *uuid)
{
  VkPhysicalDeviceIDProperties id = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
  };
  VkPhysicalDeviceProperties2 properties2 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &id,
  };

  memcpy (id.deviceUUID, properties->pipelineCacheUUID, VK_UUID_SIZE);
  if (instance->next.vkGetPhysicalDeviceProperties2 != NULL)
    instance->next.vkGetPhysicalDeviceProperties2 (handle, &properties2);
  memcpy (uuid, id.deviceUUID, VK_UUID_SIZE);
}

static PhysicalDevice *
physical_device_new (SimInstance      *instance,
                     VkPhysicalDevice  handle)
{
  PhysicalDevice *self = g_new0 (PhysicalDevice, 1);
  SimTopology topology = get_topology (&instance->settings);
  g_autoptr (GArray) extensions = NULL;
  VkPhysicalDeviceProperties properties;
  guint8 uuid[VK_UUID_SIZE];

  self->parent.handle = handle;
  self->settings = &instance->settings;
  self->topology = topology != SIM_TOPOLOGY_NONE ? &topologies[topology] : NULL;

  instance->next.vkGetPhysicalDeviceProperties (handle, &properties);
  get_uuid (instance, handle, &properties, uuid);
  self->parent.limits = properties.limits;
  simulate_limits (self, &self->parent.limits);
  get_real_extensions (instance, handle, &extensions);
  self->parent.has_memory_budget = has_extension (extensions, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  instance->next.vkGetPhysicalDeviceMemoryProperties (handle, &self->parent.real);
  simulate_memory (self);

  g_mutex_lock (&heaps_lock);
  self->heaps = find_heaps_locked (uuid, &self->parent.simulated);
  g_mutex_unlock (&heaps_lock);
  return self;
}

SimPhysicalDevice *
sim_physical_device_get (SimInstance      *instance,
                         VkPhysicalDevice  handle)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&instance->lock);
  PhysicalDevice *self = g_hash_table_lookup (instance->physical_devices, handle);

  if (self == NULL)
    {
      self = physical_device_new (instance, handle);
      g_hash_table_insert (instance->physical_devices, handle, self);
    }
  return &self->parent;
}

void
sim_physical_device_free (SimPhysicalDevice *self)
{
  g_free (self);
}
