/* SPDX-License-Identifier: MIT */
#include "sim-memory.h"

/* A buffer or an image. */
typedef struct
{
  guint64 handle;
  gboolean is_image;
  gboolean linear;      /* buffers are */
  gboolean alias;       /* made to share memory */
  GPtrArray *bindings;  /* (owned) of SimBinding: one, or one for each plane of a disjoint image */
} SimResource;

typedef struct
{
  SimResource *resource;
  SimMemory *memory;            /* NULL once it is freed */
  guint64 offset;
  guint64 size;
  guint64 serial;               /* apart from others at the same offset */
  VkImageAspectFlags plane;     /* 0: all of the resource */
} SimBinding;

/* What a program asks to bind. */
typedef struct
{
  const char *call;
  gboolean is_image;
  guint64 handle;
  VkDeviceMemory memory;
  guint64 offset;
  VkImageAspectFlags plane;
  VkMemoryRequirements requirements; /* the driver's */
} Bind;

static int
compare_bindings (gconstpointer a,
                  gconstpointer b)
{
  const SimBinding *one = a;
  const SimBinding *other = b;

  if (one->offset != other->offset)
    return one->offset < other->offset ? -1 : 1;
  return (one->serial > other->serial) - (one->serial < other->serial);
}

GTree *
sim_bindings_new (void)
{
  return g_tree_new (compare_bindings);
}

void
sim_bindings_forget_locked (GTree *bindings)
{
  for (GTreeNode *node = g_tree_node_first (bindings); node != NULL; node = g_tree_node_next (node))
    ((SimBinding *) g_tree_node_key (node))->memory = NULL;
  g_tree_remove_all (bindings);
}

static void
binding_free (SimBinding *binding)
{
  if (binding->memory != NULL)
    g_tree_remove (binding->memory->bindings, binding);
  g_free (binding);
}

static void
resource_free (SimResource *resource)
{
  g_ptr_array_unref (resource->bindings);
  g_free (resource);
}

GHashTable *
sim_resources_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) resource_free);
}

static void
add_resource (SimDeviceMemory *self,
              guint64          handle,
              gboolean         is_image,
              gboolean         linear,
              gboolean         alias)
{
  SimResource *resource = g_new0 (SimResource, 1);

  resource->handle = handle;
  resource->is_image = is_image;
  resource->linear = linear;
  resource->alias = alias;
  resource->bindings = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_free);
  g_mutex_lock (&self->lock);
  g_hash_table_insert (is_image ? self->images : self->buffers, &resource->handle, resource);
  g_mutex_unlock (&self->lock);
}

static void
remove_resource (SimDeviceMemory *self,
                 guint64          handle,
                 gboolean         is_image)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove (is_image ? self->images : self->buffers, &handle);
  g_mutex_unlock (&self->lock);
}

static SimResource *
find_resource_locked (SimDeviceMemory *self,
                      guint64          handle,
                      gboolean         is_image)
{
  return g_hash_table_lookup (is_image ? self->images : self->buffers, &handle);
}

SimMemory *
sim_memory_find_buffer_locked (SimDeviceMemory *self,
                               VkBuffer         buffer,
                               guint64          offset,
                               guint64          size,
                               guint64         *start,
                               guint64         *end)
{
  const SimResource *resource = find_resource_locked (self, SIM_HANDLE (buffer), FALSE);
  const SimBinding *binding;

  if (resource == NULL || resource->bindings->len == 0)
    return NULL;
  binding = resource->bindings->pdata[0];
  if (offset > binding->size)
    return NULL;
  *start = binding->offset + offset;
  *end = *start + MIN (size, binding->size - offset);
  return binding->memory;
}

/* Creation: the driver has one queue family where the program sees several. */

static VkBufferCreateInfo
get_real_buffer_info (SimDevice                *device,
                      const VkBufferCreateInfo *info)
{
  VkBufferCreateInfo real = *info;

  if (device->settings->split_queues)
    {
      real.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
      real.queueFamilyIndexCount = 0;
      real.pQueueFamilyIndices = NULL;
    }
  return real;
}

static VkImageCreateInfo
get_real_image_info (SimDevice               *device,
                     const VkImageCreateInfo *info)
{
  VkImageCreateInfo real = *info;

  if (device->settings->split_queues)
    {
      real.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
      real.queueFamilyIndexCount = 0;
      real.pQueueFamilyIndices = NULL;
    }
  return real;
}

VkResult
sim_vkCreateBuffer (SimDevice                   *device,
                    const VkBufferCreateInfo    *pCreateInfo,
                    const VkAllocationCallbacks *pAllocator,
                    VkBuffer                    *pBuffer)
{
  VkBufferCreateInfo real = get_real_buffer_info (device, pCreateInfo);
  VkResult result = device->next.vkCreateBuffer (device->handle, &real, pAllocator, pBuffer);

  if (result == VK_SUCCESS)
    add_resource (device->memory, SIM_HANDLE (*pBuffer), FALSE, TRUE, FALSE);
  return result;
}

void
sim_vkDestroyBuffer (SimDevice                   *device,
                     VkBuffer                     buffer,
                     const VkAllocationCallbacks *pAllocator)
{
  remove_resource (device->memory, SIM_HANDLE (buffer), FALSE);
  device->next.vkDestroyBuffer (device->handle, buffer, pAllocator);
}

VkResult
sim_vkCreateImage (SimDevice                   *device,
                   const VkImageCreateInfo     *pCreateInfo,
                   const VkAllocationCallbacks *pAllocator,
                   VkImage                     *pImage)
{
  VkImageCreateInfo real = get_real_image_info (device, pCreateInfo);
  VkResult result = device->next.vkCreateImage (device->handle, &real, pAllocator, pImage);

  if (result == VK_SUCCESS)
    add_resource (device->memory, SIM_HANDLE (*pImage), TRUE,
                  pCreateInfo->tiling == VK_IMAGE_TILING_LINEAR,
                  (pCreateInfo->flags & VK_IMAGE_CREATE_ALIAS_BIT) != 0);
  return result;
}

void
sim_vkDestroyImage (SimDevice                   *device,
                    VkImage                      image,
                    const VkAllocationCallbacks *pAllocator)
{
  remove_resource (device->memory, SIM_HANDLE (image), TRUE);
  device->next.vkDestroyImage (device->handle, image, pAllocator);
}

/* Requirements */

static gboolean
is_optimal (SimDevice *device,
            VkImage    image)
{
  SimDeviceMemory *self = device->memory;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const SimResource *resource = find_resource_locked (self, SIM_HANDLE (image), TRUE);

  return resource == NULL || !resource->linear;
}

static void
simulate_requirements (SimDevice            *device,
                       gboolean              optimal_image,
                       VkMemoryRequirements *requirements)
{
  requirements->memoryTypeBits = sim_physical_device_simulate_types (
    device->physical, requirements->memoryTypeBits, optimal_image);
}

void
sim_vkGetBufferMemoryRequirements (SimDevice            *device,
                                   VkBuffer              buffer,
                                   VkMemoryRequirements *pMemoryRequirements)
{
  device->next.vkGetBufferMemoryRequirements (device->handle, buffer, pMemoryRequirements);
  simulate_requirements (device, FALSE, pMemoryRequirements);
}

void
sim_vkGetBufferMemoryRequirements2 (SimDevice                             *device,
                                    const VkBufferMemoryRequirementsInfo2 *pInfo,
                                    VkMemoryRequirements2                 *pMemoryRequirements)
{
  device->next.vkGetBufferMemoryRequirements2 (device->handle, pInfo, pMemoryRequirements);
  simulate_requirements (device, FALSE, &pMemoryRequirements->memoryRequirements);
}

void
sim_vkGetDeviceBufferMemoryRequirements (SimDevice                              *device,
                                         const VkDeviceBufferMemoryRequirements *pInfo,
                                         VkMemoryRequirements2                  *pRequirements)
{
  VkBufferCreateInfo create_info = get_real_buffer_info (device, pInfo->pCreateInfo);
  VkDeviceBufferMemoryRequirements info = *pInfo;

  info.pCreateInfo = &create_info;
  device->next.vkGetDeviceBufferMemoryRequirements (device->handle, &info, pRequirements);
  simulate_requirements (device, FALSE, &pRequirements->memoryRequirements);
}

void
sim_vkGetImageMemoryRequirements (SimDevice            *device,
                                  VkImage               image,
                                  VkMemoryRequirements *pMemoryRequirements)
{
  device->next.vkGetImageMemoryRequirements (device->handle, image, pMemoryRequirements);
  simulate_requirements (device, is_optimal (device, image), pMemoryRequirements);
}

void
sim_vkGetImageMemoryRequirements2 (SimDevice                            *device,
                                   const VkImageMemoryRequirementsInfo2 *pInfo,
                                   VkMemoryRequirements2                *pMemoryRequirements)
{
  device->next.vkGetImageMemoryRequirements2 (device->handle, pInfo, pMemoryRequirements);
  simulate_requirements (device, is_optimal (device, pInfo->image),
                         &pMemoryRequirements->memoryRequirements);
}

void
sim_vkGetDeviceImageMemoryRequirements (SimDevice                             *device,
                                        const VkDeviceImageMemoryRequirements *pInfo,
                                        VkMemoryRequirements2                 *pRequirements)
{
  VkImageCreateInfo create_info = get_real_image_info (device, pInfo->pCreateInfo);
  VkDeviceImageMemoryRequirements info = *pInfo;

  info.pCreateInfo = &create_info;
  device->next.vkGetDeviceImageMemoryRequirements (device->handle, &info, pRequirements);
  simulate_requirements (device, create_info.tiling != VK_IMAGE_TILING_LINEAR,
                         &pRequirements->memoryRequirements);
}

/* Reports, collected under the lock and made without it: they call into the program. */

typedef struct
{
  const char *id;
  char *text;
} Report;

static void
report_clear (gpointer data)
{
  g_free (((Report *) data)->text);
}

static GArray *
reports_new (void)
{
  GArray *reports = g_array_new (FALSE, FALSE, sizeof (Report));

  g_array_set_clear_func (reports, report_clear);
  return reports;
}

static void
send_reports (SimDevice *device,
              GArray    *reports)
{
  for (guint i = 0; i < reports->len; i++)
    {
      const Report *report = &g_array_index (reports, Report, i);

      sim_report (device->instance, report->id, "%s", report->text);
    }
}

static void
add_report (GArray     *reports,
            const char *id,
            const Bind *bind,
            const char *fault)
{
  Report report = { .id = id };

  report.text = g_strdup_printf (
    "%s: %s 0x%" G_GINT64_MODIFIER "x (%" G_GUINT64_FORMAT " bytes) at %" G_GUINT64_FORMAT
    " of memory 0x%" G_GINT64_MODIFIER "x: %s",
    bind->call, bind->is_image ? "image" : "buffer", bind->handle,
    (guint64) bind->requirements.size, bind->offset, SIM_HANDLE (bind->memory), fault);
  g_array_append_val (reports, report);
}

/* Binding */

static void
get_requirements (SimDevice *device,
                  Bind      *bind)
{
  VkImagePlaneMemoryRequirementsInfo plane = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO,
    .planeAspect = (VkImageAspectFlagBits) bind->plane,
  };
  VkImageMemoryRequirementsInfo2 info = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
    .pNext = &plane,
    .image = (VkImage) bind->handle,
  };
  VkMemoryRequirements2 requirements = { .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2 };

  if (!bind->is_image)
    device->next.vkGetBufferMemoryRequirements (device->handle, (VkBuffer) bind->handle,
                                                &bind->requirements);
  else if (bind->plane == 0)
    device->next.vkGetImageMemoryRequirements (device->handle, (VkImage) bind->handle,
                                               &bind->requirements);
  else
    {
      device->next.vkGetImageMemoryRequirements2 (device->handle, &info, &requirements);
      bind->requirements = requirements.memoryRequirements;
    }
}

static gboolean
is_bound (const SimResource  *resource,
          VkImageAspectFlags  plane)
{
  for (guint i = 0; i < resource->bindings->len; i++)
    if (((const SimBinding *) resource->bindings->pdata[i])->plane == plane)
      return TRUE;
  return FALSE;
}

/* FALSE where the driver would write where nothing is. */
static gboolean
check_bind_locked (SimDeviceMemory *self,
                   const Bind      *bind,
                   GArray          *reports)
{
  const SimResource *resource = find_resource_locked (self, bind->handle, bind->is_image);
  const SimMemory *memory = sim_memory_find_locked (self, bind->memory);
  const VkMemoryRequirements *requirements = &bind->requirements;
  guint32 types;

  if (resource == NULL || memory == NULL)
    {
      add_report (reports, "RILL-binding", bind,
                  memory == NULL ? "there is no such memory" : "there is no such resource");
      return FALSE;
    }
  if (is_bound (resource, bind->plane))
    add_report (reports, "RILL-binding", bind, "it is bound already");
  types = sim_physical_device_simulate_types (self->device->physical, requirements->memoryTypeBits,
                                              !resource->linear);
  if (!(types & (1u << memory->type)))
    add_report (reports, "RILL-binding", bind, "the memory's type is not in its memoryTypeBits");
  if (bind->offset % requirements->alignment != 0)
    add_report (reports, "RILL-binding", bind, "off its alignment");
  if (bind->offset > memory->size || requirements->size > memory->size - bind->offset)
    {
      add_report (reports, "RILL-binding", bind, "past the end of the memory");
      return FALSE;
    }
  return TRUE;
}

/* How two ranges of one memory, the second of which is new, offend each other. Vulkan allows them
 * to overlap, so that is reported only to who has asked for it. */
static void
check_pair (SimDevice        *device,
            const SimBinding *other,
            const SimBinding *binding,
            const Bind       *bind,
            GArray           *reports)
{
  const SimBinding *low = other->offset < binding->offset ? other : binding;
  const SimBinding *high = low == other ? binding : other;
  guint64 granularity = device->physical->limits.bufferImageGranularity;
  gboolean overlaps = low->offset + low->size > high->offset;
  const char *id;
  g_autofree char *fault = NULL;

  if (overlaps && device->settings->report_overlaps)
    id = "RILL-overlap";
  else if (!overlaps && low->resource->linear != high->resource->linear
           && (low->offset + low->size - 1) / granularity == high->offset / granularity)
    id = "RILL-granularity";
  else
    return;
  if (other->resource->alias || binding->resource->alias)
    return;
  fault = g_strdup_printf ("%s %s 0x%" G_GINT64_MODIFIER "x (%" G_GUINT64_FORMAT
                           " bytes) at %" G_GUINT64_FORMAT,
                           overlaps ? "overlaps" : "is within bufferImageGranularity of",
                           other->resource->is_image ? "image" : "buffer", other->resource->handle,
                           other->size, other->offset);
  add_report (reports, id, bind, fault);
}

/* Before the new one the walk ends at the first that ends on an earlier page, as long as none has
 * overlapped another; then one further back may reach further. */
static void
check_neighbours_locked (SimDeviceMemory *self,
                         GTreeNode       *node,
                         const Bind      *bind,
                         GArray          *reports)
{
  guint64 granularity = self->device->physical->limits.bufferImageGranularity;
  const SimBinding *binding = g_tree_node_key (node);
  SimMemory *memory = binding->memory;
  guint64 first_page = binding->offset / granularity;
  guint64 last_page = (binding->offset + binding->size - 1) / granularity;
  gboolean overlaps = FALSE;

  for (GTreeNode *at = g_tree_node_previous (node); at != NULL; at = g_tree_node_previous (at))
    {
      const SimBinding *other = g_tree_node_key (at);
      guint64 reach = memory->has_overlaps ? memory->largest_binding : other->size;

      if ((other->offset + reach - 1) / granularity < first_page)
        break;
      overlaps |= other->offset + other->size > binding->offset;
      check_pair (self->device, other, binding, bind, reports);
    }
  for (GTreeNode *at = g_tree_node_next (node); at != NULL; at = g_tree_node_next (at))
    {
      const SimBinding *other = g_tree_node_key (at);

      if (other->offset / granularity > last_page)
        break;
      overlaps |= binding->offset + binding->size > other->offset;
      check_pair (self->device, other, binding, bind, reports);
    }
  memory->has_overlaps |= overlaps;
}

static void
record_bind_locked (SimDeviceMemory *self,
                    const Bind      *bind,
                    GArray          *reports)
{
  SimResource *resource = find_resource_locked (self, bind->handle, bind->is_image);
  SimMemory *memory = sim_memory_find_locked (self, bind->memory);
  SimBinding *binding;

  if (resource == NULL || memory == NULL)
    return;
  binding = g_new0 (SimBinding, 1);
  binding->resource = resource;
  binding->memory = memory;
  binding->offset = bind->offset;
  binding->size = bind->requirements.size;
  binding->serial = self->n_bindings++;
  binding->plane = bind->plane;
  g_ptr_array_add (resource->bindings, binding);
  memory->largest_binding = MAX (memory->largest_binding, binding->size);
  check_neighbours_locked (self, g_tree_insert_node (memory->bindings, binding, binding), bind,
                           reports);
}

/* Those of swapchains have no memory that the program has seen. */
static gboolean
check_binds (SimDevice *device,
             Bind      *binds,
             guint32    n_binds)
{
  SimDeviceMemory *self = device->memory;
  g_autoptr (GArray) reports = reports_new ();
  gboolean possible = TRUE;

  for (guint32 i = 0; i < n_binds; i++)
    if (binds[i].memory != VK_NULL_HANDLE)
      {
        get_requirements (device, &binds[i]);
        g_mutex_lock (&self->lock);
        possible &= check_bind_locked (self, &binds[i], reports);
        g_mutex_unlock (&self->lock);
      }
  send_reports (device, reports);
  return possible;
}

static void
record_binds (SimDevice  *device,
              const Bind *binds,
              guint32     n_binds)
{
  SimDeviceMemory *self = device->memory;
  g_autoptr (GArray) reports = reports_new ();

  g_mutex_lock (&self->lock);
  for (guint32 i = 0; i < n_binds; i++)
    if (binds[i].memory != VK_NULL_HANDLE)
      record_bind_locked (self, &binds[i], reports);
  g_mutex_unlock (&self->lock);
  send_reports (device, reports);
}

VkResult
sim_vkBindBufferMemory (SimDevice      *device,
                        VkBuffer        buffer,
                        VkDeviceMemory  memory,
                        VkDeviceSize    memoryOffset)
{
  Bind bind = {
    .call = "vkBindBufferMemory",
    .handle = SIM_HANDLE (buffer),
    .memory = memory,
    .offset = memoryOffset,
  };
  VkResult result;

  if (!check_binds (device, &bind, 1))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  result = device->next.vkBindBufferMemory (device->handle, buffer, memory, memoryOffset);
  if (result == VK_SUCCESS)
    record_binds (device, &bind, 1);
  return result;
}

VkResult
sim_vkBindImageMemory (SimDevice      *device,
                       VkImage         image,
                       VkDeviceMemory  memory,
                       VkDeviceSize    memoryOffset)
{
  Bind bind = {
    .call = "vkBindImageMemory",
    .is_image = TRUE,
    .handle = SIM_HANDLE (image),
    .memory = memory,
    .offset = memoryOffset,
  };
  VkResult result;

  if (!check_binds (device, &bind, 1))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  result = device->next.vkBindImageMemory (device->handle, image, memory, memoryOffset);
  if (result == VK_SUCCESS)
    record_binds (device, &bind, 1);
  return result;
}

VkResult
sim_vkBindBufferMemory2 (SimDevice                    *device,
                         uint32_t                      bindInfoCount,
                         const VkBindBufferMemoryInfo *pBindInfos)
{
  g_autofree Bind *binds = g_new0 (Bind, bindInfoCount);
  VkResult result;

  for (guint32 i = 0; i < bindInfoCount; i++)
    {
      binds[i].call = "vkBindBufferMemory2";
      binds[i].handle = SIM_HANDLE (pBindInfos[i].buffer);
      binds[i].memory = pBindInfos[i].memory;
      binds[i].offset = pBindInfos[i].memoryOffset;
    }
  if (!check_binds (device, binds, bindInfoCount))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  result = device->next.vkBindBufferMemory2 (device->handle, bindInfoCount, pBindInfos);
  if (result == VK_SUCCESS)
    record_binds (device, binds, bindInfoCount);
  return result;
}

static VkImageAspectFlags
get_plane (const VkBindImageMemoryInfo *info)
{
  for (const VkBaseInStructure *next = info->pNext; next != NULL; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO)
      return ((const VkBindImagePlaneMemoryInfo *) next)->planeAspect;
  return 0;
}

VkResult
sim_vkBindImageMemory2 (SimDevice                   *device,
                        uint32_t                     bindInfoCount,
                        const VkBindImageMemoryInfo *pBindInfos)
{
  g_autofree Bind *binds = g_new0 (Bind, bindInfoCount);
  VkResult result;

  for (guint32 i = 0; i < bindInfoCount; i++)
    {
      binds[i].call = "vkBindImageMemory2";
      binds[i].is_image = TRUE;
      binds[i].handle = SIM_HANDLE (pBindInfos[i].image);
      binds[i].memory = pBindInfos[i].memory;
      binds[i].offset = pBindInfos[i].memoryOffset;
      binds[i].plane = get_plane (&pBindInfos[i]);
    }
  if (!check_binds (device, binds, bindInfoCount))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  result = device->next.vkBindImageMemory2 (device->handle, bindInfoCount, pBindInfos);
  if (result == VK_SUCCESS)
    record_binds (device, binds, bindInfoCount);
  return result;
}
