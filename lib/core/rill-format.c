/* SPDX-License-Identifier: MIT */
#include "core/rill-format-private.h"

#include <string.h>

/* Public enumerations are passed to Vulkan as they are. */
#define SAME(rill, vulkan) G_STATIC_ASSERT ((int) RILL_##rill == (int) VK_##vulkan)
#define SAME_NAME(name) SAME (name, name)
#define SAME_BIT(name) SAME (name, name##_BIT)

SAME (DEVICE_TYPE_OTHER, PHYSICAL_DEVICE_TYPE_OTHER);
SAME (DEVICE_TYPE_INTEGRATED_GPU, PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU);
SAME (DEVICE_TYPE_DISCRETE_GPU, PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
SAME (DEVICE_TYPE_VIRTUAL_GPU, PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU);
SAME (DEVICE_TYPE_CPU, PHYSICAL_DEVICE_TYPE_CPU);

SAME_BIT (MEMORY_PROPERTY_DEVICE_LOCAL);
SAME_BIT (MEMORY_PROPERTY_HOST_VISIBLE);
SAME_BIT (MEMORY_PROPERTY_HOST_COHERENT);
SAME_BIT (MEMORY_PROPERTY_HOST_CACHED);
SAME_BIT (MEMORY_PROPERTY_LAZILY_ALLOCATED);
SAME_BIT (MEMORY_PROPERTY_PROTECTED);
SAME (MEMORY_PROPERTY_DEVICE_COHERENT, MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD);
SAME (MEMORY_PROPERTY_DEVICE_UNCACHED, MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD);
SAME (MEMORY_PROPERTY_RDMA_CAPABLE, MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV);

SAME_BIT (BUFFER_USAGE_TRANSFER_SRC);
SAME_BIT (BUFFER_USAGE_TRANSFER_DST);
SAME (BUFFER_USAGE_UNIFORM_TEXEL, BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT);
SAME (BUFFER_USAGE_STORAGE_TEXEL, BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT);
SAME (BUFFER_USAGE_UNIFORM, BUFFER_USAGE_UNIFORM_BUFFER_BIT);
SAME (BUFFER_USAGE_STORAGE, BUFFER_USAGE_STORAGE_BUFFER_BIT);
SAME (BUFFER_USAGE_INDEX, BUFFER_USAGE_INDEX_BUFFER_BIT);
SAME (BUFFER_USAGE_VERTEX, BUFFER_USAGE_VERTEX_BUFFER_BIT);
SAME (BUFFER_USAGE_INDIRECT, BUFFER_USAGE_INDIRECT_BUFFER_BIT);

SAME_BIT (IMAGE_USAGE_TRANSFER_SRC);
SAME_BIT (IMAGE_USAGE_TRANSFER_DST);
SAME_BIT (IMAGE_USAGE_SAMPLED);
SAME_BIT (IMAGE_USAGE_STORAGE);
SAME_BIT (IMAGE_USAGE_COLOR_ATTACHMENT);
SAME_BIT (IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT);
SAME_BIT (IMAGE_USAGE_TRANSIENT_ATTACHMENT);
SAME_BIT (IMAGE_USAGE_INPUT_ATTACHMENT);

SAME_NAME (IMAGE_LAYOUT_UNDEFINED);
SAME_NAME (IMAGE_LAYOUT_GENERAL);
SAME_NAME (IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_PREINITIALIZED);
SAME_NAME (IMAGE_LAYOUT_DEPTH_READ_ONLY_STENCIL_ATTACHMENT_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_DEPTH_ATTACHMENT_STENCIL_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_STENCIL_ATTACHMENT_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_STENCIL_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_READ_ONLY_OPTIMAL);
SAME_NAME (IMAGE_LAYOUT_ATTACHMENT_OPTIMAL);

SAME_NAME (IMAGE_TILING_OPTIMAL);
SAME_NAME (IMAGE_TILING_LINEAR);
SAME (FILTER_MODE_NEAREST, FILTER_NEAREST);
SAME (FILTER_MODE_LINEAR, FILTER_LINEAR);

SAME (ADDRESS_MODE_REPEAT, SAMPLER_ADDRESS_MODE_REPEAT);
SAME (ADDRESS_MODE_MIRRORED_REPEAT, SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT);
SAME (ADDRESS_MODE_CLAMP_TO_EDGE, SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
SAME (ADDRESS_MODE_CLAMP_TO_BORDER, SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER);
SAME (ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE, SAMPLER_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE);

#define MAX_CHANNELS 4
#define MAX_CHANNEL_SIZE 8

typedef struct
{
  const char *name;
  guint size;
  gboolean integer;
  guint64 one; /* in the bytes of the host's order, the low ones first */
  VkFormat formats[MAX_CHANNELS];
} ChannelInfo;

#define FORMATS(bits, suffix) \
  { \
    VK_FORMAT_R##bits##_##suffix, \
    VK_FORMAT_R##bits##G##bits##_##suffix, \
    VK_FORMAT_R##bits##G##bits##B##bits##_##suffix, \
    VK_FORMAT_R##bits##G##bits##B##bits##A##bits##_##suffix, \
  }
#define CHANNEL(name, bits, suffix, integer, one) \
  [RILL_CHANNEL_TYPE_##name] = { #name, bits / 8, integer, one, FORMATS (bits, suffix) }

static const ChannelInfo channel_infos[] = {
  CHANNEL (UINT8, 8, UINT, TRUE, 1),
  CHANNEL (INT8, 8, SINT, TRUE, 1),
  CHANNEL (UINT16, 16, UINT, TRUE, 1),
  CHANNEL (INT16, 16, SINT, TRUE, 1),
  CHANNEL (FLOAT16, 16, SFLOAT, FALSE, 0x3c00),
  CHANNEL (UINT32, 32, UINT, TRUE, 1),
  CHANNEL (INT32, 32, SINT, TRUE, 1),
  CHANNEL (FLOAT32, 32, SFLOAT, FALSE, 0x3f800000),
  CHANNEL (UINT64, 64, UINT, TRUE, 1),
  CHANNEL (INT64, 64, SINT, TRUE, 1),
  CHANNEL (FLOAT64, 64, SFLOAT, TRUE, G_GUINT64_CONSTANT (0x3ff0000000000000)),
  CHANNEL (UNORM8, 8, UNORM, FALSE, 0xff),
  CHANNEL (UNORM16, 16, UNORM, FALSE, 0xffff),
  CHANNEL (SRGB8, 8, SRGB, FALSE, 0xff),
};

G_STATIC_ASSERT (G_N_ELEMENTS (channel_infos) == RILL_CHANNEL_TYPE_SRGB8 + 1);

gboolean
rill_channel_type_is_valid (RillChannelType type)
{
  return (guint) type < G_N_ELEMENTS (channel_infos);
}

const char *
rill_channel_type_get_name (RillChannelType type)
{
  g_assert (rill_channel_type_is_valid (type));
  return channel_infos[type].name;
}

guint
rill_channel_type_get_size (RillChannelType type)
{
  g_assert (rill_channel_type_is_valid (type));
  return channel_infos[type].size;
}

gboolean
rill_channel_type_is_integer (RillChannelType type)
{
  g_assert (rill_channel_type_is_valid (type));
  return channel_infos[type].integer;
}

VkFormat
rill_channel_type_get_format (RillChannelType type,
                              guint           channels)
{
  g_assert (rill_channel_type_is_valid (type));
  g_assert (channels >= 1 && channels <= MAX_CHANNELS);
  return channel_infos[type].formats[channels - 1];
}

void
rill_channel_type_get_one (RillChannelType type,
                           guint8          one[8])
{
  g_assert (rill_channel_type_is_valid (type));
  memset (one, 0, MAX_CHANNEL_SIZE);
  for (guint i = 0; i < channel_infos[type].size; i++)
    {
      guint shift = G_BYTE_ORDER == G_LITTLE_ENDIAN ? i : channel_infos[type].size - 1 - i;
      one[i] = (guint8) (channel_infos[type].one >> (8 * shift));
    }
}

/* Inlined with constant sizes, so that each copy becomes a few moves. */
static inline void
repack (const guint8 *restrict from,
        gsize                  from_size,
        guint8 *restrict       to,
        gsize                  to_size,
        const guint8 *restrict ones,
        gsize                  n_texels)
{
  for (gsize i = 0; i < n_texels; i++, from += from_size, to += to_size)
    {
      memcpy (to, from, MIN (from_size, to_size));
      if (to_size > from_size)
        memcpy (to + from_size, ones, to_size - from_size);
    }
}

/* Photographs: four texels of three bytes are three words; many times as fast as byte by byte. The
 * rest of up to three texels is left to repack(). */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
static gsize
repack_bytes_3_to_4 (const guint8 *restrict from,
                     guint8 *restrict       to,
                     guint8                 one,
                     gsize                  n_texels)
{
  const guint32 added = (guint32) one << 24;
  gsize n_groups = n_texels / 4;

  for (gsize i = 0; i < n_groups; i++)
    {
      guint32 in[3];
      guint32 out[4];

      memcpy (in, from + i * sizeof in, sizeof in);
      out[0] = (in[0] & 0xffffff) | added;
      out[1] = (in[0] >> 24) | (in[1] & 0xffff) << 8 | added;
      out[2] = in[1] >> 16 | (in[2] & 0xff) << 16 | added;
      out[3] = in[2] >> 8 | added;
      memcpy (to + i * sizeof out, out, sizeof out);
    }
  return n_groups * 4;
}

static gsize
repack_bytes_4_to_3 (const guint8 *restrict from,
                     guint8 *restrict       to,
                     gsize                  n_texels)
{
  gsize n_groups = n_texels / 4;

  for (gsize i = 0; i < n_groups; i++)
    {
      guint64 in[2];
      guint64 first;
      guint32 last;

      memcpy (in, from + i * 16, 16);
      first = (in[0] & 0xffffff) | (in[0] >> 32 & 0xffffff) << 24 | in[1] << 48;
      last = (guint32) (in[1] >> 16 & 0xff) | (guint32) (in[1] >> 32) << 8;
      memcpy (to + i * 12, &first, 8);
      memcpy (to + i * 12 + 8, &last, 4);
    }
  return n_groups * 4;
}
#endif

#define PAIR(from_channels, to_channels) ((from_channels) * (MAX_CHANNELS + 1) + (to_channels))

static inline void
repack_sized (guint         size,
              guint         pair,
              const guint8 *from,
              guint8       *to,
              const guint8 *ones,
              gsize         n_texels)
{
  switch (pair)
    {
#define CASE(a, b) \
    case PAIR (a, b): \
      repack (from, (a) * size, to, (b) * size, ones, n_texels); \
      break
    CASE (1, 2);
    CASE (1, 3);
    CASE (1, 4);
    CASE (2, 1);
    CASE (2, 3);
    CASE (2, 4);
    CASE (3, 1);
    CASE (3, 2);
    CASE (3, 4);
    CASE (4, 1);
    CASE (4, 2);
    CASE (4, 3);
#undef CASE
    default:
      g_assert_not_reached ();
    }
}

void
rill_format_repack (RillChannelType type,
                    guint           from_channels,
                    gconstpointer   from,
                    guint           to_channels,
                    gpointer        to,
                    gsize           n_texels)
{
  guint8 ones[MAX_CHANNELS * MAX_CHANNEL_SIZE] = { 0 };
  guint pair = PAIR (from_channels, to_channels);
  guint size = rill_channel_type_get_size (type);
  gsize done = 0;

  g_assert (from_channels >= 1 && from_channels <= MAX_CHANNELS);
  g_assert (to_channels >= 1 && to_channels <= MAX_CHANNELS);
  if (n_texels == 0)
    return;
  if (from_channels == to_channels)
    {
      memcpy (to, from, n_texels * from_channels * size);
      return;
    }

  /* Each write of a whole element overlaps the zeros of the one before. */
  for (guint i = 0; i + 1 < MAX_CHANNELS; i++)
    rill_channel_type_get_one (type, ones + i * size);

  switch (size)
    {
    case 1:
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
      if (pair == PAIR (3, 4))
        done = repack_bytes_3_to_4 (from, to, ones[0], n_texels);
      else if (pair == PAIR (4, 3))
        done = repack_bytes_4_to_3 (from, to, n_texels);
#endif
      repack_sized (1, pair, (const guint8 *) from + done * from_channels,
                    (guint8 *) to + done * to_channels, ones, n_texels - done);
      break;
    case 2:
      repack_sized (2, pair, from, to, ones, n_texels);
      break;
    case 4:
      repack_sized (4, pair, from, to, ones, n_texels);
      break;
    case 8:
      repack_sized (8, pair, from, to, ones, n_texels);
      break;
    default:
      g_assert_not_reached ();
    }
}
