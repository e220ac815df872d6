/* SPDX-License-Identifier: MIT */
#pragma once

/* Images for tests, and what is in them. */

#include "rill-test-util.h"

#include "core/rill-format-private.h"
#include "memory/rill-memory-private.h"
#include "transfer/rill-buffer-transfer.h"
#include "transfer/rill-image-transfer-private.h"

static inline RillMemory *
create_memory (RillSession *session)
{
  return rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                               RILL_MEMORY_DEFAULT_PAGE_SIZE);
}

/* After this nothing is held any more by the library's threads. */
static inline void
wait_idle (RillSession *session)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_session_wait_idle (session, NULL, &error));
  g_assert_no_error (error);
}

static inline void
end_test (RillSession *session,
          RillMemory  *memory)
{
  wait_idle (session);
  g_assert_finalize_object (memory);
  rill_test_session_end (session);
}

static inline RillImage *
create_image (RillMemory          *memory,
              const guint         *shape,
              gsize                n_dims,
              RillChannelType      type,
              RillImageUsageFlags  usage)
{
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (memory, shape, n_dims, type, usage, &error);

  g_assert_no_error (error);
  return image;
}

static inline RillImage *
create_small (RillMemory *memory)
{
  return create_image (memory, (guint[]) { 3, 5, 4 }, 3, RILL_CHANNEL_TYPE_UINT8,
                       RILL_IMAGE_USAGE_NONE);
}

static inline GBytes *
make_image_bytes (RillImage *image,
                  guint      seed)
{
  return rill_test_bytes_new ((gsize) rill_image_get_minimum_size (image), seed);
}

static inline void
write_bytes (RillImage *image,
             GBytes    *bytes)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rill_image_write_bytes (image, bytes, NULL, &error));
  g_assert_no_error (error);
}

static inline void
assert_content (RillImage *image,
                GBytes    *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = rill_image_read_bytes (image, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, expected));
}

/* The texels as the device has them, with the channels that storage adds. */
static inline GBytes *
read_storage (RillImage *image)
{
  RillMemory *memory = rill_resource_get_memory (RILL_RESOURCE (image));
  RillContext *context = rill_memory_get_context (memory);
  gsize size = (gsize) rill_image_get_width (image) * rill_image_get_height (image)
               * rill_image_get_depth (image) * rill_image_get_texel_size (image);
  g_autoptr (GError) error = NULL;
  g_autoptr (RillBuffer) buffer =
    rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);
  const RillUse uses[] = { { .resource = image },
                           { .resource = buffer, .size = size, .write = TRUE } };
  const VkBufferImageCopy region = {
    .imageSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
    .imageExtent = { rill_image_get_width (image), rill_image_get_height (image),
                     rill_image_get_depth (image) },
  };
  RillSubmission submission;
  GBytes *bytes;

  g_assert_no_error (error);
  g_assert_true (
    rill_submission_begin (&submission, context, context->compute_queue, uses, 2, &error));
  vkCmdCopyImageToBuffer (submission.command, rill_image_get_handle (image),
                          VK_IMAGE_LAYOUT_GENERAL, rill_buffer_get_handle (buffer), 1, &region);
  g_assert_true (rill_submission_end (&submission, VK_NULL_HANDLE, NULL, &error));
  bytes = rill_buffer_read_bytes (buffer, 0, -1, NULL, &error);
  g_assert_no_error (error);
  return bytes;
}

/* NULL: zeros. */
static inline void
assert_storage (RillImage *image,
                GBytes    *host)
{
  g_autoptr (GBytes) storage = read_storage (image);
  const guint8 *bytes = g_bytes_get_data (storage, NULL);
  const guint8 *expected = host != NULL ? g_bytes_get_data (host, NULL) : NULL;
  guint texel_size = rill_image_get_texel_size (image);
  guint host_texel_size = rill_image_get_host_texel_size (image);
  gsize n_texels = g_bytes_get_size (storage) / texel_size;
  guint channel_size = rill_channel_type_get_size (rill_image_get_channel_type (image));
  const guint8 zeros[32] = { 0 };
  guint8 one[8];

  rill_channel_type_get_one (rill_image_get_channel_type (image), one);
  for (gsize i = 0; i < n_texels; i++)
    {
      g_assert_cmpmem (bytes + i * texel_size, host_texel_size,
                       expected != NULL ? expected + i * host_texel_size : zeros, host_texel_size);
      for (guint at = host_texel_size; at < texel_size; at += channel_size)
        g_assert_cmpmem (bytes + i * texel_size + at, channel_size, one, channel_size);
    }
}
