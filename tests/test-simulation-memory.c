/* SPDX-License-Identifier: MIT */

/* The memory of the simulation layer: what it shows of a device, and whether that is kept to. */

#include "rill-test-rig.h"

#include <math.h>

#define POISON 0xfff5fde5

typedef struct
{
  const char *name;
  VkPhysicalDeviceType device_type;
  guint n_heaps;
  guint n_types;
  VkMemoryType types[5];
  guint32 optimal;        /* types for images of optimal tiling */
  guint32 imported;       /* types for memory of the host */
  VkDeviceSize atom;      /* 0: the device's */
} Expected;

static const Expected expected[] = {
  { "discrete", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 2, 4,
    { { 0, 1 }, { DEVICE, 0 }, { VISIBLE | COHERENT, 1 }, { VISIBLE | COHERENT | CACHED, 1 } },
    0x3, 0xc, 0 },
  { "host-visible", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 2, 5,
    { { 0, 1 }, { DEVICE, 0 }, { VISIBLE | COHERENT, 1 }, { VISIBLE | COHERENT | CACHED, 1 },
      { DEVICE | VISIBLE | COHERENT, 0 } },
    0x3, 0xc, 0 },
  { "integrated", VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, 1, 3,
    { { DEVICE, 0 }, { DEVICE | VISIBLE | COHERENT, 0 },
      { DEVICE | VISIBLE | COHERENT | CACHED, 0 } },
    0x7, 0x6, 0 },
  { "non-coherent", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, 2, 3,
    { { DEVICE, 0 }, { VISIBLE | COHERENT, 1 }, { VISIBLE | CACHED, 1 } },
    0x7, 0x2, 256 },
};

/* Queries */

static void
assert_same (const VkPhysicalDeviceMemoryProperties *one,
             const VkPhysicalDeviceMemoryProperties *other)
{
  g_assert_cmpuint (one->memoryTypeCount, ==, other->memoryTypeCount);
  for (guint i = 0; i < one->memoryTypeCount; i++)
    {
      g_assert_cmphex (one->memoryTypes[i].propertyFlags, ==, other->memoryTypes[i].propertyFlags);
      g_assert_cmpuint (one->memoryTypes[i].heapIndex, ==, other->memoryTypes[i].heapIndex);
    }
  g_assert_cmpuint (one->memoryHeapCount, ==, other->memoryHeapCount);
  for (guint i = 0; i < one->memoryHeapCount; i++)
    {
      g_assert_cmphex (one->memoryHeaps[i].flags, ==, other->memoryHeaps[i].flags);
      g_assert_cmpuint (one->memoryHeaps[i].size, ==, other->memoryHeaps[i].size);
    }
}

static void
assert_order (const VkPhysicalDeviceMemoryProperties *memory)
{
  for (guint i = 0; i < memory->memoryTypeCount; i++)
    for (guint j = 0; j < i; j++)
      {
        VkMemoryPropertyFlags earlier = memory->memoryTypes[j].propertyFlags;
        VkMemoryPropertyFlags later = memory->memoryTypes[i].propertyFlags;

        /* None before one that has a part of its flags. */
        g_assert_false ((earlier & later) == later && earlier != later);
      }
}

static void
test_types (gconstpointer data)
{
  const Expected *topology = data;
  Rig *rig = rig_open (topology->name);
  VkPhysicalDeviceMemoryProperties2 again = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
  };

  g_assert_cmpuint (rig->memory.memoryTypeCount, ==, topology->n_types);
  for (guint i = 0; i < topology->n_types; i++)
    {
      g_assert_cmpuint (rig->memory.memoryTypes[i].propertyFlags, ==,
                        topology->types[i].propertyFlags);
      g_assert_cmpuint (rig->memory.memoryTypes[i].heapIndex, ==, topology->types[i].heapIndex);
    }
  assert_order (&rig->memory);
  g_assert_cmpuint (rig->memory.memoryHeapCount, ==, topology->n_heaps);
  for (guint i = 0; i < topology->n_heaps; i++)
    {
      g_assert_cmpuint (rig->memory.memoryHeaps[i].flags, ==,
                        i == 0 ? VK_MEMORY_HEAP_DEVICE_LOCAL_BIT : 0);
      g_assert_cmpuint (rig->memory.memoryHeaps[i].size, >=, 64 * MIB);
    }
  vkGetPhysicalDeviceMemoryProperties2 (rig->physical_device, &again);
  assert_same (&again.memoryProperties, &rig->memory);
  rig_close (rig);
}

static void
test_properties (gconstpointer data)
{
  const Expected *topology = data;
  Rig *rig = rig_open (topology->name);
  g_autofree char *suffix = g_strdup_printf (" (simulated: %s)", topology->name);
  VkPhysicalDeviceVulkan11Properties more = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
  };
  VkPhysicalDeviceProperties2 again = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &more,
  };

  vkGetPhysicalDeviceProperties2 (rig->physical_device, &again);
  g_assert_cmpint (again.properties.deviceType, ==, topology->device_type);
  g_assert_true (g_str_has_suffix (again.properties.deviceName, suffix));
  g_assert_cmpstr (again.properties.deviceName, ==, rig->properties.deviceName);
  g_assert_cmpint (rig->properties.deviceType, ==, topology->device_type);
  g_assert_cmpuint (again.properties.limits.nonCoherentAtomSize, ==,
                    rig->properties.limits.nonCoherentAtomSize);
  g_assert_cmpuint (more.maxMemoryAllocationSize, >, 0);
  if (topology->atom > 0)
    g_assert_cmpuint (rig->properties.limits.nonCoherentAtomSize, ==, topology->atom);
  rig_close (rig);
}

/* What is not named is the device's, and nothing is below what the device needs. */
static void
test_limits (void)
{
  Rig *rig = rig_open ("");
  const VkPhysicalDeviceProperties plain = rig->properties;
  const VkPhysicalDeviceMemoryProperties memory = rig->memory;
  const VkPhysicalDeviceLimits *limits;

  g_assert_null (strstr (plain.deviceName, "simulated"));
  rig_close (rig);
  rig = rig_open ("granularity=8K,atom=256,few-allocations=5");
  limits = &rig->properties.limits;
  g_assert_cmpuint (limits->bufferImageGranularity, ==, 8192);
  g_assert_cmpuint (limits->nonCoherentAtomSize, ==, 256);
  g_assert_cmpuint (limits->maxMemoryAllocationCount, ==, 5);
  g_assert_cmpuint (limits->minMemoryMapAlignment, ==, plain.limits.minMemoryMapAlignment);
  g_assert_true (g_str_has_suffix (rig->properties.deviceName,
                                   " (simulated: few-allocations granularity atom)"));
  g_assert_cmpint (rig->properties.deviceType, ==, plain.deviceType);
  assert_same (&rig->memory, &memory);
  rig_close (rig);

  rig = rig_open ("granularity=1,atom=1");
  limits = &rig->properties.limits;
  g_assert_cmpuint (limits->bufferImageGranularity, ==, plain.limits.bufferImageGranularity);
  g_assert_cmpuint (limits->nonCoherentAtomSize, ==, plain.limits.nonCoherentAtomSize);
  rig_close (rig);

  rig = rig_open ("non-coherent,atom=16");
  limits = &rig->properties.limits;
  g_assert_cmpuint (limits->nonCoherentAtomSize, ==, 16);
  g_assert_cmpuint (limits->maxMemoryAllocationCount, ==, plain.limits.maxMemoryAllocationCount);
  rig_close (rig);
}

static void
test_extensions (void)
{
  Rig *rig = rig_open ("discrete");
  g_autofree VkExtensionProperties *list = NULL;
  guint32 n;
  guint32 n_given;
  guint n_found = 0;
  VkResult result;

  check (vkEnumerateDeviceExtensionProperties (rig->physical_device, NULL, &n, NULL));
  list = g_new0 (VkExtensionProperties, n + 1);
  n_given = n + 1;
  check (vkEnumerateDeviceExtensionProperties (rig->physical_device, NULL, &n_given, list));
  g_assert_cmpuint (n_given, ==, n);
  for (guint i = 0; i < n; i++)
    {
      n_found += g_str_equal (list[i].extensionName, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
      g_assert_cmpstr (list[i].extensionName, !=, "VK_KHR_map_memory2");
    }
  g_assert_cmpuint (n_found, ==, 1);
  n_given = n - 1;
  result = vkEnumerateDeviceExtensionProperties (rig->physical_device, NULL, &n_given, list);
  g_assert_cmpint (result, ==, VK_INCOMPLETE);
  g_assert_cmpuint (n_given, ==, n - 1);
  rig_close (rig);
}

/* Heaps */

static void
assert_usage (VkPhysicalDevice device,
              VkDeviceSize     local,
              VkDeviceSize     host)
{
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
    .heapBudget[2] = 1,
    .heapUsage[2] = 1,
  };
  VkPhysicalDeviceMemoryProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    .pNext = &budget,
  };

  vkGetPhysicalDeviceMemoryProperties2 (device, &properties);
  g_assert_cmpuint (budget.heapUsage[0], ==, local);
  g_assert_cmpuint (budget.heapUsage[1], ==, host);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (budget.heapBudget[i], ==, properties.memoryProperties.memoryHeaps[i].size);
  g_assert_cmpuint (budget.heapBudget[2], ==, 0);
  g_assert_cmpuint (budget.heapUsage[2], ==, 0);
}

/* Every instance sees what the process has taken. */
static void
test_heap (void)
{
  Rig *rig = rig_open ("small-heap=8M");
  VkInstance other = create_instance ();
  VkPhysicalDevice device = find_physical_device (other);
  const VkDeviceSize too_much[] = { 3 * MIB + 1, G_MAXUINT64 - 5 * MIB + 1 };
  VkDeviceMemory local;
  VkDeviceMemory host;
  VkDeviceMemory none;

  g_assert_cmpuint (rig->memory.memoryTypeCount, ==, 4);
  g_assert_cmpuint (rig->memory.memoryHeaps[0].size, ==, 8 * MIB);
  assert_usage (device, 0, 0);
  local = allocate (rig, find_type (rig, DEVICE), 5 * MIB);
  assert_usage (device, 5 * MIB, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (too_much); i++)
    g_assert_cmpint (try_allocate (rig, find_type (rig, DEVICE), too_much[i], &none), ==,
                     VK_ERROR_OUT_OF_DEVICE_MEMORY);
  host = allocate (rig, find_type (rig, VISIBLE | COHERENT), 9 * MIB);
  assert_usage (device, 5 * MIB, 9 * MIB);
  assert_usage (rig->physical_device, 5 * MIB, 9 * MIB);
  vkFreeMemory (rig->device, local, NULL);
  assert_usage (device, 0, 9 * MIB);
  local = allocate (rig, find_type (rig, DEVICE), 8 * MIB);
  vkFreeMemory (rig->device, local, NULL);
  vkFreeMemory (rig->device, host, NULL);
  vkFreeMemory (rig->device, VK_NULL_HANDLE, NULL);
  assert_usage (device, 0, 0);
  vkDestroyInstance (other, NULL);
  rig_close (rig);
}

static void
test_count (gconstpointer data)
{
  Rig *rig = rig_open (data);
  VkDeviceMemory memories[3];
  VkDeviceMemory none;

  for (guint i = 0; i < 3; i++)
    memories[i] = allocate (rig, 0, 4096);
  g_assert_cmpint (try_allocate (rig, 0, 4096, &none), ==, VK_ERROR_TOO_MANY_OBJECTS);
  vkFreeMemory (rig->device, memories[0], NULL);
  memories[0] = allocate (rig, 0, 4096);
  for (guint i = 0; i < 3; i++)
    vkFreeMemory (rig->device, memories[i], NULL);
  rig_close (rig);
}

static void
test_no_type (void)
{
  Rig *rig = rig_open ("discrete");
  VkDeviceMemory none;

  g_assert_cmpint (try_allocate (rig, 4, 4096, &none), ==, VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-memory-type ");
  rig_close (rig);
}

/* Fresh and imported memory */

static void
test_poison (gconstpointer data)
{
  Rig *rig = rig_open (data);
  const VkDeviceSize size = MIB + 4096;
  guint64 twice = ((guint64) POISON << 32) | POISON;
  guint32 poison = POISON;
  float single;
  double precise;

  for (guint i = 0; i < rig->memory.memoryTypeCount; i++)
    {
      Block block = block_new (rig, i, size);
      g_autofree guint32 *words = look (rig, &block);

      assert_words (words, 0, size / 4, POISON);
      if (rig->memory.memoryTypes[i].propertyFlags & VISIBLE)
        assert_words (map (rig, block.memory, 0, VK_WHOLE_SIZE), 0, size / 4, POISON);
      block_free (rig, &block);
    }
  memcpy (&single, &poison, sizeof single);
  memcpy (&precise, &twice, sizeof precise);
  g_assert_true (isnan (single));
  g_assert_true (isnan (precise));
  rig_close (rig);
}

/* It keeps its content, and takes nothing from a heap. */
static void
test_import (gconstpointer data)
{
  const Expected *topology = data;
  Rig *rig = rig_open (topology->name);
  PFN_vkGetMemoryHostPointerPropertiesEXT get = (PFN_vkGetMemoryHostPointerPropertiesEXT)
    vkGetDeviceProcAddr (rig->device, "vkGetMemoryHostPointerPropertiesEXT");
  const VkExternalMemoryHandleTypeFlagBits kind =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  const VkDeviceSize size = 65536;
  VkMemoryHostPointerPropertiesEXT properties = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT,
  };
  VkImportMemoryHostPointerInfoEXT import = {
    .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
    .handleType = kind,
    .pHostPointer = g_aligned_alloc0 (1, size, 65536),
  };
  VkExternalMemoryBufferCreateInfo external = {
    .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
    .handleTypes = kind,
  };
  VkMemoryAllocateInfo allocation = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .pNext = &import,
    .allocationSize = size,
  };
  VkBufferCreateInfo info = describe_buffer (size);
  Block block = { .size = size };
  g_autofree guint32 *words = NULL;

  memset (import.pHostPointer, 0x5a, size);
  check (get (rig->device, kind, import.pHostPointer, &properties));
  g_assert_cmpuint (properties.memoryTypeBits, ==, topology->imported);
  allocation.memoryTypeIndex = (guint32) g_bit_nth_msf (properties.memoryTypeBits, -1);
  check (vkAllocateMemory (rig->device, &allocation, NULL, &block.memory));
  if (topology->n_heaps == 2)
    assert_usage (rig->physical_device, 0, 0);
  info.pNext = &external;
  check (vkCreateBuffer (rig->device, &info, NULL, &block.buffer));
  check (vkBindBufferMemory (rig->device, block.buffer, block.memory, 0));
  words = look (rig, &block);
  assert_words (words, 0, size / 4, 0x5a5a5a5a);
  g_assert_true (map (rig, block.memory, 64, 64) == (guint8 *) import.pHostPointer + 64);
  block_free (rig, &block);
  g_aligned_free (import.pHostPointer);
  rig_close (rig);
}

/* Mapping */

static void
test_map_hidden (void)
{
  Rig *rig = rig_open ("discrete");

  for (guint32 i = 0; i < 2; i++)
    {
      VkDeviceMemory memory = allocate (rig, i, 4096);
      void *address;

      g_assert_cmpint (vkMapMemory (rig->device, memory, 0, VK_WHOLE_SIZE, 0, &address), ==,
                       VK_ERROR_MEMORY_MAP_FAILED);
      assert_reports (rig, "RILL-map ");
      vkFreeMemory (rig->device, memory, NULL);
    }
  rig_close (rig);
}

static void
test_map_wrong (gconstpointer data)
{
  Rig *rig = rig_open (data);
  VkDeviceMemory memory = allocate (rig, rig->memory.memoryTypeCount - 1, 4096);
  const VkDeviceSize ranges[][2] = {
    { 4096, VK_WHOLE_SIZE }, { 4096, 1 }, { 0, 0 },
    { 0, 4097 }, { 1, 4096 }, { 8, G_MAXUINT64 - 1 },
  };
  void *address;

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_assert_cmpint (
        vkMapMemory (rig->device, memory, ranges[i][0], ranges[i][1], 0, &address), ==,
        VK_ERROR_MEMORY_MAP_FAILED);
      assert_reports (rig, "RILL-map ");
    }
  vkUnmapMemory (rig->device, memory);
  assert_reports (rig, "RILL-map ");
  map (rig, memory, 1024, 1024);
  g_assert_cmpint (vkMapMemory (rig->device, memory, 0, 512, 0, &address), ==,
                   VK_ERROR_MEMORY_MAP_FAILED);
  assert_reports (rig, "RILL-map ");
  vkUnmapMemory (rig->device, memory);
  map (rig, memory, 0, 4096);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

/* Coherent memory is the device's own. */
static void
test_coherent (gconstpointer data)
{
  Rig *rig = rig_open (data);

  for (guint i = 0; i < rig->memory.memoryTypeCount; i++)
    if (rig->memory.memoryTypes[i].propertyFlags & COHERENT)
      {
        Block block = block_new (rig, i, 4096);
        guint32 *host = map (rig, block.memory, 1024, 2048);
        g_autofree guint32 *words = NULL;

        host[3] = 42;
        words = look (rig, &block);
        g_assert_cmpuint (words[256 + 3], ==, 42);
        fill (rig, &block, 1024, 64, 7);
        assert_words (host, 0, 16, 7);
        assert_words (host, 16, 496, POISON);
        block_free (rig, &block);
      }
  rig_close (rig);
}

/* Memory that is not coherent */

static void
test_address (void)
{
  Rig *rig = rig_open ("non-coherent");
  gsize alignment = rig->properties.limits.minMemoryMapAlignment;
  VkDeviceMemory memory = allocate (rig, find_type (rig, VISIBLE | CACHED), 65536);

  for (VkDeviceSize offset = 0; offset < 1000; offset += 37)
    {
      guint8 *address = map (rig, memory, offset, 65536 - offset);

      g_assert_cmpuint (((gsize) address - offset) % alignment, ==, 0);
      memset (address, 1, 65536 - offset);
      vkUnmapMemory (rig->device, memory);
    }
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

static void
test_flush (void)
{
  Rig *rig = rig_open ("non-coherent");
  Block block = block_new (rig, find_type (rig, VISIBLE | CACHED), 4096);
  guint32 *host = map (rig, block.memory, 0, VK_WHOLE_SIZE);
  g_autofree guint32 *before = NULL;
  g_autofree guint32 *after = NULL;
  g_autofree guint32 *all = NULL;

  for (guint i = 0; i < 1024; i++)
    host[i] = 1;
  before = look (rig, &block);
  assert_words (before, 0, 1024, POISON);
  flush (rig, block.memory, 1024, 512);
  after = look (rig, &block);
  assert_words (after, 0, 256, POISON);
  assert_words (after, 256, 128, 1);
  assert_words (after, 384, 640, POISON);

  /* A flush takes all of its range along, also what the device has written since. */
  fill (rig, &block, 0, 4096, 2);
  host[512] = 3;
  flush (rig, block.memory, 2048, VK_WHOLE_SIZE);
  all = look (rig, &block);
  assert_words (all, 0, 512, 2);
  g_assert_cmpuint (all[512], ==, 3);
  assert_words (all, 513, 511, 1);
  block_free (rig, &block);
  rig_close (rig);
}

static void
test_invalidate (void)
{
  Rig *rig = rig_open ("non-coherent");
  Block block = block_new (rig, find_type (rig, VISIBLE | CACHED), 4096);
  guint32 *host = map (rig, block.memory, 0, VK_WHOLE_SIZE);
  g_autofree guint32 *words = NULL;

  fill (rig, &block, 0, 4096, 5);
  assert_words (host, 0, 1024, POISON);
  invalidate (rig, block.memory, 1024, 512);
  assert_words (host, 0, 256, POISON);
  assert_words (host, 256, 128, 5);
  assert_words (host, 384, 640, POISON);

  /* What was not flushed before is overwritten. */
  host[0] = 6;
  invalidate (rig, block.memory, 0, VK_WHOLE_SIZE);
  assert_words (host, 0, 1024, 5);
  words = look (rig, &block);
  assert_words (words, 0, 1024, 5);
  block_free (rig, &block);
  rig_close (rig);
}

static void
test_unmap (void)
{
  Rig *rig = rig_open ("non-coherent");
  Block block = block_new (rig, find_type (rig, VISIBLE | CACHED), 4096);
  guint32 *host = map (rig, block.memory, 0, VK_WHOLE_SIZE);
  g_autofree guint32 *words = NULL;

  for (guint i = 0; i < 1024; i++)
    host[i] = 8;
  flush (rig, block.memory, 0, 256);
  vkUnmapMemory (rig->device, block.memory);
  words = look (rig, &block);
  assert_words (words, 0, 64, 8);
  assert_words (words, 64, 960, POISON);

  /* Only a part, which the host finds as it has left it. */
  host = map (rig, block.memory, 128, 1024);
  assert_words (host, 0, 256, 8);
  invalidate (rig, block.memory, 256, 256);
  assert_words (host, 0, 32, 8);
  assert_words (host, 32, 64, POISON);
  assert_words (host, 96, 160, 8);
  vkUnmapMemory (rig->device, block.memory);
  host = map (rig, block.memory, 0, 1024);
  invalidate (rig, block.memory, 0, VK_WHOLE_SIZE);
  assert_words (host, 0, 64, 8);
  assert_words (host, 64, 192, POISON);
  block_free (rig, &block);
  rig_close (rig);
}

/* What the host has flushed it need not invalidate to see again; what the device has written since
 * it must. */
static void
test_remap (void)
{
  Rig *rig = rig_open ("non-coherent");
  Block block = block_new (rig, find_type (rig, VISIBLE | CACHED), 4096);
  guint32 *host = map (rig, block.memory, 0, VK_WHOLE_SIZE);

  for (guint i = 0; i < 1024; i++)
    host[i] = 9;
  flush (rig, block.memory, 0, VK_WHOLE_SIZE);
  vkUnmapMemory (rig->device, block.memory);
  host = map (rig, block.memory, 1024, 2048);
  assert_words (host, 0, 512, 9);
  vkUnmapMemory (rig->device, block.memory);
  fill (rig, &block, 0, 2048, 4);
  host = map (rig, block.memory, 0, VK_WHOLE_SIZE);
  assert_words (host, 0, 1024, 9);
  invalidate (rig, block.memory, 0, VK_WHOLE_SIZE);
  assert_words (host, 0, 512, 4);
  assert_words (host, 512, 512, 9);
  block_free (rig, &block);
  rig_close (rig);
}

/* Coherent or not, ranges are whole atoms of what is mapped. */
static void
test_ranges (gconstpointer data)
{
  static const struct
  {
    VkDeviceSize offset, size;
    const char *reports;
  } cases[] = {
    { 256, 256, "" },
    { 512, 4096 - 512 - 100, "" },
    { 512, VK_WHOLE_SIZE, "" },
    { 300, 256 - 44, "RILL-atom " },
    { 256, 100, "RILL-atom " },
    { 300, VK_WHOLE_SIZE, "RILL-atom " },
    { 0, 512, "RILL-range " },
    { 512, 4096, "RILL-range " },
    { 512, G_MAXUINT64 - 1, "RILL-atom RILL-range " },
    { 8192, VK_WHOLE_SIZE, "RILL-range " },
  };
  Rig *rig = rig_open (data);
  VkDeviceMemory memory = allocate (rig, rig->memory.memoryTypeCount - 1, 4096 - 100);

  rig->is_wrong = TRUE;
  map (rig, memory, 256, VK_WHOLE_SIZE);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VkMappedMemoryRange wrong = range (memory, cases[i].offset, cases[i].size);

      vkFlushMappedMemoryRanges (rig->device, 1, &wrong);
      assert_reports (rig, cases[i].reports);
      vkInvalidateMappedMemoryRanges (rig->device, 1, &wrong);
      assert_reports (rig, cases[i].reports);
    }
  vkUnmapMemory (rig->device, memory);
  flush (rig, memory, 0, 256);
  assert_reports (rig, "RILL-range ");
  map (rig, memory, 0, 700);
  flush (rig, memory, 0, VK_WHOLE_SIZE);
  assert_reports (rig, "RILL-atom ");
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

static void
add_test (const char    *name,
          const char    *variant,
          gconstpointer  data,
          GTestDataFunc  function)
{
  g_autofree char *path = g_strdup_printf ("/simulation-memory/%s/%s", name, variant);

  g_test_add_data_func (path, data, function);
}

int
main (int    argc,
      char **argv)
{
  static const char * const settings[] = { "discrete", "host-visible", "integrated", "non-coherent",
                                           "" };

  g_test_init (&argc, &argv, NULL);
  if (!rig_prepare ())
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      add_test ("types", expected[i].name, &expected[i], test_types);
      add_test ("properties", expected[i].name, &expected[i], test_properties);
      add_test ("import", expected[i].name, &expected[i], test_import);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      const char *name = settings[i][0] != '\0' ? settings[i] : "plain";

      add_test ("poison", name, settings[i], test_poison);
      add_test ("coherent", name, settings[i], test_coherent);
      add_test ("map/wrong", name, settings[i], test_map_wrong);
    }
  add_test ("count", "plain", "few-allocations=3", test_count);
  add_test ("count", "integrated", "integrated,few-allocations=3", test_count);
  add_test ("ranges", "plain", "atom=256", test_ranges);
  add_test ("ranges", "discrete", "discrete,atom=256", test_ranges);
  add_test ("ranges", "non-coherent", "non-coherent", test_ranges);
  g_test_add_func ("/simulation-memory/limits", test_limits);
  g_test_add_func ("/simulation-memory/extensions", test_extensions);
  g_test_add_func ("/simulation-memory/heap", test_heap);
  g_test_add_func ("/simulation-memory/no-type", test_no_type);
  g_test_add_func ("/simulation-memory/map/hidden", test_map_hidden);
  g_test_add_func ("/simulation-memory/non-coherent/address", test_address);
  g_test_add_func ("/simulation-memory/non-coherent/flush", test_flush);
  g_test_add_func ("/simulation-memory/non-coherent/invalidate", test_invalidate);
  g_test_add_func ("/simulation-memory/non-coherent/unmap", test_unmap);
  g_test_add_func ("/simulation-memory/non-coherent/remap", test_remap);
  return g_test_run ();
}
