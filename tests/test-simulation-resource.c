/* SPDX-License-Identifier: MIT */

/* Buffers and images over the memory of the simulation layer: which types they may be in, and what
 * is wrong with where they are bound. */

#include "rill-test-rig.h"

typedef struct
{
  const char *settings;
  guint32 all;            /* memoryTypeBits of buffers and of images of linear tiling */
  guint32 optimal;
} Types;

/* Requirements */

static void
assert_same (const VkMemoryRequirements *one,
             const VkMemoryRequirements *other)
{
  g_assert_cmpuint (one->size, ==, other->size);
  g_assert_cmpuint (one->alignment, ==, other->alignment);
  g_assert_cmphex (one->memoryTypeBits, ==, other->memoryTypeBits);
}

static void
assert_buffer_types (Rig     *rig,
                     guint32  types)
{
  VkBufferCreateInfo info = describe_buffer (1000);
  VkDeviceBufferMemoryRequirements device_info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS,
    .pCreateInfo = &info,
  };
  VkBufferMemoryRequirementsInfo2 info2 = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
    .buffer = create_buffer (rig, 1000),
  };
  VkMemoryRequirements2 requirements = { .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2 };
  VkMemoryRequirements first;

  vkGetBufferMemoryRequirements (rig->device, info2.buffer, &first);
  g_assert_cmphex (first.memoryTypeBits, ==, types);
  g_assert_cmpuint (first.size, >=, 1000);
  vkGetBufferMemoryRequirements2 (rig->device, &info2, &requirements);
  assert_same (&requirements.memoryRequirements, &first);
  memset (&requirements.memoryRequirements, 0, sizeof first);
  vkGetDeviceBufferMemoryRequirements (rig->device, &device_info, &requirements);
  assert_same (&requirements.memoryRequirements, &first);
  vkDestroyBuffer (rig->device, info2.buffer, NULL);
}

static void
assert_image_types (Rig           *rig,
                    VkImageTiling  tiling,
                    guint32        types)
{
  VkImageCreateInfo info = describe_image (tiling, 0);
  VkDeviceImageMemoryRequirements device_info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS,
    .pCreateInfo = &info,
  };
  VkImageMemoryRequirementsInfo2 info2 = {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
    .image = create_image (rig, tiling, 0),
  };
  VkMemoryRequirements2 requirements = { .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2 };
  VkMemoryRequirements first;

  vkGetImageMemoryRequirements (rig->device, info2.image, &first);
  g_assert_cmphex (first.memoryTypeBits, ==, types);
  vkGetImageMemoryRequirements2 (rig->device, &info2, &requirements);
  assert_same (&requirements.memoryRequirements, &first);
  memset (&requirements.memoryRequirements, 0, sizeof first);
  vkGetDeviceImageMemoryRequirements (rig->device, &device_info, &requirements);
  assert_same (&requirements.memoryRequirements, &first);
  vkDestroyImage (rig->device, info2.image, NULL);
}

static void
test_types (gconstpointer data)
{
  const Types *types = data;
  Rig *rig = rig_open (types->settings);

  assert_buffer_types (rig, types->all);
  assert_image_types (rig, VK_IMAGE_TILING_LINEAR, types->all);
  assert_image_types (rig, VK_IMAGE_TILING_OPTIMAL, types->optimal);
  rig_close (rig);
}

/* The driver has not the families that the program sees. */
static void
test_sharing (void)
{
  static const guint32 families[] = { 0, 1 };
  Rig *rig = rig_open ("discrete,queues=split");
  VkBufferCreateInfo buffer_info = describe_buffer (1000);
  VkImageCreateInfo image_info = describe_image (VK_IMAGE_TILING_OPTIMAL, 0);
  VkDeviceBufferMemoryRequirements buffer_requirements = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS,
    .pCreateInfo = &buffer_info,
  };
  VkDeviceImageMemoryRequirements image_requirements = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS,
    .pCreateInfo = &image_info,
  };
  VkMemoryRequirements2 requirements = { .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2 };
  VkBuffer buffer;
  VkImage image;

  g_assert_cmpuint (rig->n_families, ==, 2);
  buffer_info.sharingMode = VK_SHARING_MODE_CONCURRENT;
  buffer_info.queueFamilyIndexCount = 2;
  buffer_info.pQueueFamilyIndices = families;
  image_info.sharingMode = VK_SHARING_MODE_CONCURRENT;
  image_info.queueFamilyIndexCount = 2;
  image_info.pQueueFamilyIndices = families;
  check (vkCreateBuffer (rig->device, &buffer_info, NULL, &buffer));
  check (vkCreateImage (rig->device, &image_info, NULL, &image));
  vkGetDeviceBufferMemoryRequirements (rig->device, &buffer_requirements, &requirements);
  g_assert_cmphex (requirements.memoryRequirements.memoryTypeBits, ==, 0xf);
  vkGetDeviceImageMemoryRequirements (rig->device, &image_requirements, &requirements);
  g_assert_cmphex (requirements.memoryRequirements.memoryTypeBits, ==, 0x3);
  vkDestroyBuffer (rig->device, buffer, NULL);
  vkDestroyImage (rig->device, image, NULL);
  rig_close (rig);
}

/* Neighbours */

static VkBuffer
place_buffer (Rig            *rig,
              VkDeviceMemory  memory,
              VkDeviceSize    offset,
              VkDeviceSize    size)
{
  VkBuffer buffer = create_buffer (rig, size);

  check (vkBindBufferMemory (rig->device, buffer, memory, offset));
  return buffer;
}

static VkImage
place_image (Rig                *rig,
             VkDeviceMemory      memory,
             VkDeviceSize        offset,
             VkImageTiling       tiling,
             VkImageCreateFlags  flags)
{
  VkImage image = create_image (rig, tiling, flags);
  VkMemoryRequirements requirements;

  vkGetImageMemoryRequirements (rig->device, image, &requirements);
  g_assert_cmpuint (requirements.size, ==, 1024);
  check (vkBindImageMemory (rig->device, image, memory, offset));
  return image;
}

static void
test_granularity (void)
{
  Rig *rig = rig_open ("discrete,granularity=4096");
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 65536);
  VkImage image = place_image (rig, memory, 4096, VK_IMAGE_TILING_OPTIMAL, 0);
  VkImage beside = place_image (rig, memory, 5120, VK_IMAGE_TILING_OPTIMAL, 0);
  VkImage linear;
  VkBuffer buffers[6];

  /* Before and behind it, on other pages. */
  buffers[0] = place_buffer (rig, memory, 3840, 256);
  buffers[1] = place_buffer (rig, memory, 8192, 256);
  assert_reports (rig, "");
  /* On its page, with another image or buffer between them. */
  buffers[2] = place_buffer (rig, memory, 6144, 256);
  assert_reports (rig, "RILL-granularity RILL-granularity ");
  buffers[3] = place_buffer (rig, memory, 6400, 256);
  assert_reports (rig, "RILL-granularity RILL-granularity ");
  linear = place_image (rig, memory, 7168, VK_IMAGE_TILING_LINEAR, 0);
  assert_reports (rig, "RILL-granularity RILL-granularity ");
  vkDestroyImage (rig->device, beside, NULL);
  vkDestroyImage (rig->device, image, NULL);
  buffers[4] = place_buffer (rig, memory, 6656, 256);
  assert_reports (rig, "");
  /* A buffer that ends on the page where the image begins. */
  buffers[5] = place_buffer (rig, memory, 12288, 4096 + 256);
  image = place_image (rig, memory, 17408, VK_IMAGE_TILING_OPTIMAL, 0);
  assert_reports (rig, "RILL-granularity ");
  beside = place_image (rig, memory, 20480, VK_IMAGE_TILING_OPTIMAL, 0);
  assert_reports (rig, "");

  for (gsize i = 0; i < G_N_ELEMENTS (buffers); i++)
    vkDestroyBuffer (rig->device, buffers[i], NULL);
  vkDestroyImage (rig->device, image, NULL);
  vkDestroyImage (rig->device, beside, NULL);
  vkDestroyImage (rig->device, linear, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

static void
test_overlap (gconstpointer data)
{
  Rig *rig = rig_open (data);
  VkDeviceMemory memory = allocate (rig, 0, 65536);
  VkBuffer low = place_buffer (rig, memory, 0, 4096);
  VkBuffer high = place_buffer (rig, memory, 4096, 4096);
  VkBuffer across;
  VkBuffer all;
  VkBuffer late;

  assert_reports (rig, "");
  across = place_buffer (rig, memory, 4096 - 256, 512);
  assert_reports (rig, "RILL-overlap RILL-overlap ");
  all = place_buffer (rig, memory, 0, 32768);
  assert_reports (rig, "RILL-overlap RILL-overlap RILL-overlap ");
  /* Not with its neighbour, but with one that begins long before. */
  late = place_buffer (rig, memory, 16384, 256);
  assert_reports (rig, "RILL-overlap ");
  vkDestroyBuffer (rig->device, late, NULL);
  vkDestroyBuffer (rig->device, all, NULL);
  late = place_buffer (rig, memory, 16384, 256);
  assert_reports (rig, "");
  vkDestroyBuffer (rig->device, late, NULL);
  late = place_buffer (rig, memory, 0, 256);
  assert_reports (rig, "RILL-overlap ");

  /* Resources may outlive their memory. */
  vkFreeMemory (rig->device, memory, NULL);
  memory = allocate (rig, 0, 65536);
  all = place_buffer (rig, memory, 0, 65536);
  assert_reports (rig, "");
  vkDestroyBuffer (rig->device, low, NULL);
  vkDestroyBuffer (rig->device, high, NULL);
  vkDestroyBuffer (rig->device, across, NULL);
  vkDestroyBuffer (rig->device, late, NULL);
  vkDestroyBuffer (rig->device, all, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

/* Vulkan allows resources to take turns in the same memory, whatever their tiling. */
static void
test_turns (void)
{
  Rig *rig = rig_open ("discrete,granularity=4096");
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 65536);
  VkBuffer buffers[2] = {
    place_buffer (rig, memory, 0, 4096),
    place_buffer (rig, memory, 1024, 1024),
  };
  VkImage images[2] = {
    place_image (rig, memory, 2048, VK_IMAGE_TILING_OPTIMAL, 0),
    place_image (rig, memory, 2048, VK_IMAGE_TILING_OPTIMAL, 0),
  };

  /* The image has the page of the first buffer, which it overlaps, and of the second, which not. */
  assert_reports (rig, "RILL-granularity RILL-granularity ");
  for (guint i = 0; i < 2; i++)
    {
      vkDestroyBuffer (rig->device, buffers[i], NULL);
      vkDestroyImage (rig->device, images[i], NULL);
    }
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

static void
test_alias (void)
{
  Rig *rig = rig_open ("discrete,granularity=4096,overlap=report");
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 65536);
  VkImage images[4];
  VkBuffer buffer;

  for (guint i = 0; i < 2; i++)
    images[i] = place_image (rig, memory, 512 * i, VK_IMAGE_TILING_OPTIMAL,
                             VK_IMAGE_CREATE_ALIAS_BIT);
  assert_reports (rig, "");
  images[2] = place_image (rig, memory, 4096, VK_IMAGE_TILING_OPTIMAL, 0);
  vkDestroyImage (rig->device, images[0], NULL);
  images[0] = place_image (rig, memory, 4608, VK_IMAGE_TILING_OPTIMAL, 0);
  assert_reports (rig, "RILL-overlap ");

  /* Those after them are looked at as before. */
  buffer = place_buffer (rig, memory, 16384 - 256, 256);
  images[3] = place_image (rig, memory, 16384, VK_IMAGE_TILING_OPTIMAL, 0);
  assert_reports (rig, "");
  for (guint i = 0; i < 4; i++)
    vkDestroyImage (rig->device, images[i], NULL);
  vkDestroyBuffer (rig->device, buffer, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

/* Binding */

static void
test_past_the_end (void)
{
  Rig *rig = rig_open ("discrete");
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 4096);
  VkBuffer buffer = create_buffer (rig, 1024);
  VkImage image = create_image (rig, VK_IMAGE_TILING_OPTIMAL, 0);

  g_assert_cmpint (vkBindBufferMemory (rig->device, buffer, memory, 3072 + 256), ==,
                   VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-binding ");
  g_assert_cmpint (vkBindBufferMemory (rig->device, buffer, memory, 65536), ==,
                   VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-binding ");
  g_assert_cmpint (vkBindImageMemory (rig->device, image, memory, 3072 + 256), ==,
                   VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-binding ");
  /* Neither of these has been recorded. */
  check (vkBindBufferMemory (rig->device, buffer, memory, 3072));
  assert_reports (rig, "");
  vkDestroyBuffer (rig->device, buffer, NULL);
  vkDestroyImage (rig->device, image, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

static void
test_binding (void)
{
  Rig *rig = rig_open ("discrete");
  VkDeviceMemory local = allocate (rig, find_type (rig, DEVICE), 65536);
  VkDeviceMemory host = allocate (rig, find_type (rig, VISIBLE), 65536);
  VkBuffer buffers[2] = { create_buffer (rig, 1024), create_buffer (rig, 1024) };
  VkImage images[2] = {
    create_image (rig, VK_IMAGE_TILING_OPTIMAL, 0),
    create_image (rig, VK_IMAGE_TILING_LINEAR, 0),
  };

  rig->is_wrong = TRUE;
  vkBindBufferMemory (rig->device, buffers[0], local, 1);
  assert_reports (rig, "RILL-binding ");
  check (vkBindBufferMemory (rig->device, buffers[1], local, 4096));
  assert_reports (rig, "");
  vkBindBufferMemory (rig->device, buffers[1], local, 8192);
  assert_reports (rig, "RILL-binding ");
  vkBindImageMemory (rig->device, images[0], host, 0);
  assert_reports (rig, "RILL-binding ");
  vkBindImageMemory (rig->device, images[1], host, 4096);
  assert_reports (rig, "");
  for (guint i = 0; i < 2; i++)
    {
      vkDestroyBuffer (rig->device, buffers[i], NULL);
      vkDestroyImage (rig->device, images[i], NULL);
    }
  vkFreeMemory (rig->device, local, NULL);
  vkFreeMemory (rig->device, host, NULL);
  rig_close (rig);
}

static void
test_several (void)
{
  Rig *rig = rig_open ("discrete,granularity=4096,overlap=report");
  VkDeviceMemory memory = allocate (rig, find_type (rig, DEVICE), 65536);
  VkBuffer buffers[2] = { create_buffer (rig, 1024), create_buffer (rig, 1024) };
  VkImage image = create_image (rig, VK_IMAGE_TILING_OPTIMAL, 0);
  VkBindBufferMemoryInfo infos[2] = {
    { VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO, NULL, buffers[0], memory, 0 },
    { VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO, NULL, buffers[1], memory, 65536 },
  };
  VkBindImageMemoryInfo image_info = {
    VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO, NULL, image, memory, 65536,
  };

  g_assert_cmpint (vkBindBufferMemory2 (rig->device, 2, infos), ==, VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-binding ");
  infos[1].memoryOffset = 512;
  check (vkBindBufferMemory2 (rig->device, 2, infos));
  assert_reports (rig, "RILL-overlap ");
  g_assert_cmpint (vkBindImageMemory2 (rig->device, 1, &image_info), ==,
                   VK_ERROR_OUT_OF_DEVICE_MEMORY);
  assert_reports (rig, "RILL-binding ");
  image_info.memoryOffset = 2048;
  check (vkBindImageMemory2 (rig->device, 1, &image_info));
  assert_reports (rig, "RILL-granularity RILL-granularity ");
  for (guint i = 0; i < 2; i++)
    vkDestroyBuffer (rig->device, buffers[i], NULL);
  vkDestroyImage (rig->device, image, NULL);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

/* Threads */

typedef struct
{
  Rig *rig;
  VkDeviceMemory memory;
  VkDeviceSize offset;
} Worker;

static gpointer
work (gpointer data)
{
  const Worker *self = data;
  Rig *rig = self->rig;

  for (guint i = 0; i < 200; i++)
    {
      VkBuffer buffer = place_buffer (rig, self->memory, self->offset + 256 * (i % 4), 256);
      VkDeviceMemory own = allocate (rig, rig->memory.memoryTypeCount - 1, 4096);
      guint32 *words = map (rig, own, 0, VK_WHOLE_SIZE);

      words[i] = i;
      flush (rig, own, 0, VK_WHOLE_SIZE);
      words[i] = 0;
      invalidate (rig, own, 0, VK_WHOLE_SIZE);
      g_assert_cmpuint (words[i], ==, i);
      vkUnmapMemory (rig->device, own);
      vkFreeMemory (rig->device, own, NULL);
      vkDestroyBuffer (rig->device, buffer, NULL);
    }
  return NULL;
}

static void
test_threads (void)
{
  Rig *rig = rig_open ("non-coherent,granularity=1024");
  Worker workers[4];
  GThread *threads[G_N_ELEMENTS (workers)];
  VkDeviceMemory memory = allocate (rig, 0, 65536);

  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      workers[i] = (Worker) { rig, memory, i * 1024 };
      threads[i] = g_thread_new (NULL, work, &workers[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    g_thread_join (threads[i]);
  vkFreeMemory (rig->device, memory, NULL);
  rig_close (rig);
}

int
main (int    argc,
      char **argv)
{
  static const Types types[] = {
    { "discrete", 0xf, 0x3 },
    { "host-visible", 0x1f, 0x3 },
    { "integrated", 0x7, 0x7 },
    { "non-coherent", 0x7, 0x7 },
    { "small-heap=64M", 0xf, 0x3 },
  };

  g_test_init (&argc, &argv, NULL);
  if (!rig_prepare ())
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *path =
        g_strdup_printf ("/simulation-resource/types/%s", types[i].settings);

      g_test_add_data_func (path, &types[i], test_types);
    }
  g_test_add_func ("/simulation-resource/sharing", test_sharing);
  g_test_add_func ("/simulation-resource/granularity", test_granularity);
  g_test_add_data_func ("/simulation-resource/overlap/plain", "overlap=report",
                        test_overlap);
  g_test_add_data_func ("/simulation-resource/overlap/discrete", "discrete,overlap=report",
                        test_overlap);
  g_test_add_func ("/simulation-resource/turns", test_turns);
  g_test_add_func ("/simulation-resource/alias", test_alias);
  g_test_add_func ("/simulation-resource/past-the-end", test_past_the_end);
  g_test_add_func ("/simulation-resource/binding", test_binding);
  g_test_add_func ("/simulation-resource/several", test_several);
  g_test_add_func ("/simulation-resource/threads", test_threads);
  return g_test_run ();
}
