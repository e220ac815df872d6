/* SPDX-License-Identifier: MIT */
#pragma once

/* Resources whose content is known, in the hands of several threads. An item belongs to one
 * thread at a time. */

#include "rill-test-compute.h"

#define N_KEPT 5       /* items of a thread */
#define MAX_WORDS 4096 /* of a buffer */

/* A resource and what must be in it. */
typedef struct
{
  RillResource *resource;
  GBytes *content;
} Item;

typedef struct
{
  RillSession *session;
  RillMemory *memories[2];
  RillProgram *program;
  RillComputeNode *node; /* everybody configures it */
  RillDuration *duration; /* everybody measures with it */
  RillImage *picture;    /* everybody copies from it */
  GBytes *painted;       /* what is in it */
  RillBuffer *parts;     /* everybody has a part of it */
  RillBuffer *contested; /* everybody maps the same cells of it, each of which has one value */

  GAsyncQueue *exchange; /* (element-type Item) */
  GAsyncQueue *trash;    /* (element-type GObject) is dropped by who looks there next */

  gint n_alive;    /* (atomic) of all that the threads have made */
  gint n_borrowed; /* (atomic) */
  gint n_shared;   /* (atomic) uses of what one at a time may use, */
  gint n_busy;     /* (atomic) and those that were refused */
  gint n_closed;   /* (atomic) threads that ended so */
  guint n_notified;
  gboolean closes; /* one thread closes the session */
} Stress;

typedef struct
{
  Stress *stress;
  GThread *thread;
  guint index;
  guint32 seed;
  GRand *rand;
  GMainContext *context;
  RillComputeNode *node;
  Item *items[N_KEPT];
} Worker;

typedef struct
{
  const guint shape[4];
  gsize n_dims;
  RillChannelType type;
  gsize size;
} Picture;

static const Picture pictures[] = {
  { { 7, 5, 3 }, 3, RILL_CHANNEL_TYPE_UINT8, 7 * 5 * 3 },
  { { 16, 9 }, 2, RILL_CHANNEL_TYPE_FLOAT32, 16 * 9 * 4 },
  { { 2, 3, 4, 4 }, 4, RILL_CHANNEL_TYPE_UINT8, 2 * 3 * 4 * 4 },
  { { 64, 64, 4 }, 3, RILL_CHANNEL_TYPE_UINT8, 64 * 64 * 4 },
};

static inline guint
random_below (Worker *self,
              guint   end)
{
  return g_rand_int (self->rand) % end;
}

static inline GBytes *
random_bytes (Worker *self,
              gsize   size)
{
  return rill_test_bytes_new (size, g_rand_int (self->rand));
}

/* Objects */

static inline void
gone_cb (gpointer  count,
         GObject  *object)
{
  g_atomic_int_add ((gint *) count, -1);
}

/* Counts it until it is disposed of, on whichever thread. */
static inline void
watch (gpointer  object,
       gint     *count)
{
  g_atomic_int_inc (count);
  g_object_weak_ref (object, gone_cb, count);
}

/* Takes the resource. */
static inline Item *
item_new (Worker   *self,
          gpointer  resource,
          GBytes   *content)
{
  Item *item = g_new0 (Item, 1);

  watch (resource, &self->stress->n_alive);
  item->resource = resource;
  item->content = g_bytes_ref (content);
  return item;
}

static inline void
item_free (Item *item)
{
  g_object_unref (item->resource);
  g_bytes_unref (item->content);
  g_free (item);
}

/* Somebody else drops it. */
static inline void
item_discard (Worker *self,
              Item   *item)
{
  g_async_queue_push (self->stress->trash, g_steal_pointer (&item->resource));
  g_bytes_unref (item->content);
  g_free (item);
}

static inline void
set_content (Item   *item,
             GBytes *content)
{
  g_bytes_unref (item->content);
  item->content = g_bytes_ref (content);
}

static inline Item *
create_buffer (Worker      *self,
               RillMemory  *memory,
               GError     **error)
{
  g_autoptr (GBytes) bytes = random_bytes (self, 4 * (1 + random_below (self, MAX_WORDS)));
  RillBuffer *buffer =
    rill_memory_create_buffer_from_bytes (memory, bytes, RILL_BUFFER_USAGE_NONE, error);

  return buffer != NULL ? item_new (self, buffer, bytes) : NULL;
}

/* Not every device puts images in host-visible memory. */
static inline Item *
create_image (Worker  *self,
              GError **error)
{
  const Picture *picture = &pictures[random_below (self, G_N_ELEMENTS (pictures))];
  g_autoptr (GBytes) bytes = random_bytes (self, picture->size);
  RillImage *image = rill_memory_create_image_from_bytes (
    self->stress->memories[1], bytes, picture->shape, picture->n_dims, picture->type,
    RILL_IMAGE_USAGE_NONE, error);

  return image != NULL ? item_new (self, image, bytes) : NULL;
}

static inline gboolean
create (Worker  *self,
        Item   **item,
        GError **error)
{
  RillMemory *memory = self->stress->memories[random_below (self, 2)];

  *item = random_below (self, 3) == 0 ? create_image (self, error)
                                      : create_buffer (self, memory, error);
  return *item != NULL;
}

/* Reading and writing. Two in three are synchronous. */

static inline GAsyncResult *
wait_async (Worker        *self,
            RillTestAsync *async)
{
  while (async->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  return async->result;
}

static inline GBytes *
read_item (Worker  *self,
           Item    *item,
           GError **error)
{
  gboolean is_async = random_below (self, 3) == 0;
  RillTestAsync async = { NULL };
  GBytes *content;

  if (RILL_IS_IMAGE (item->resource))
    {
      RillImage *image = RILL_IMAGE (item->resource);
      if (!is_async)
        return rill_image_read_bytes (image, NULL, error);
      rill_image_read_bytes_async (image, NULL, rill_test_async_cb, &async);
      content = rill_image_read_bytes_finish (image, wait_async (self, &async), error);
    }
  else
    {
      RillBuffer *buffer = RILL_BUFFER (item->resource);
      if (!is_async)
        return rill_buffer_read_bytes (buffer, 0, -1, NULL, error);
      rill_buffer_read_bytes_async (buffer, 0, -1, NULL, rill_test_async_cb, &async);
      content = rill_buffer_read_bytes_finish (buffer, wait_async (self, &async), error);
    }
  g_object_unref (async.result);
  return content;
}

static inline gboolean
verify (Worker  *self,
        Item    *item,
        GError **error)
{
  g_autoptr (GBytes) content = read_item (self, item, error);

  g_assert_true (content == NULL || g_bytes_equal (content, item->content));
  return content != NULL;
}

static inline gboolean
write_image (Worker     *self,
             RillImage  *image,
             GBytes     *bytes,
             GError    **error)
{
  RillTestAsync async = { NULL };
  gboolean written;

  if (random_below (self, 3) > 0)
    return rill_image_write_bytes (image, bytes, NULL, error);
  rill_image_write_bytes_async (image, bytes, NULL, rill_test_async_cb, &async);
  written = rill_image_write_bytes_finish (image, wait_async (self, &async), error);
  g_object_unref (async.result);
  return written;
}

static inline gboolean
write_buffer (Worker      *self,
              RillBuffer  *buffer,
              guint64      offset,
              GBytes      *bytes,
              GError     **error)
{
  RillTestAsync async = { NULL };
  gboolean written;

  if (random_below (self, 3) > 0)
    return rill_buffer_write_bytes (buffer, offset, bytes, NULL, error);
  rill_buffer_write_bytes_async (buffer, offset, bytes, NULL, rill_test_async_cb, &async);
  written = rill_buffer_write_bytes_finish (buffer, wait_async (self, &async), error);
  g_object_unref (async.result);
  return written;
}

static inline gboolean
rewrite (Worker  *self,
         Item    *item,
         GError **error)
{
  g_autoptr (GBytes) bytes = random_bytes (self, g_bytes_get_size (item->content));

  set_content (item, bytes);
  if (RILL_IS_IMAGE (item->resource))
    return write_image (self, RILL_IMAGE (item->resource), bytes, error);
  return write_buffer (self, RILL_BUFFER (item->resource), 0, bytes, error);
}

/* Mapping */

/* Reads the view after the mapping has gone, and hands it on, sometimes. */
static inline gboolean
map_to_read (Worker  *self,
             Item    *item,
             GError **error)
{
  RillMapping *mapping = rill_buffer_map (RILL_BUFFER (item->resource), RILL_MAP_READ, error);
  GBytes *view;

  if (mapping == NULL)
    return FALSE;
  watch (mapping, &self->stress->n_alive);
  view = rill_mapping_get_bytes (mapping, error);
  g_async_queue_push (self->stress->trash, mapping);
  if (view == NULL)
    return FALSE;
  g_assert_true (g_bytes_equal (view, item->content));
  g_bytes_unref (view);
  return TRUE;
}

static inline gboolean
map_to_write (Worker  *self,
              Item    *item,
              GError **error)
{
  gsize size = g_bytes_get_size (item->content);
  gsize offset = random_below (self, (guint) size);
  g_autoptr (GBytes) bytes = random_bytes (self, 1 + random_below (self, (guint) (size - offset)));
  gsize n = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (item->content, NULL), size);
  g_autoptr (GBytes) content = NULL;
  g_autoptr (RillMapping) mapping = rill_buffer_map_range (
    RILL_BUFFER (item->resource), RILL_MAP_WRITE, offset, (gint64) n, error);
  guintptr address;

  if (mapping == NULL)
    return FALSE;
  address = rill_mapping_get_address (mapping, error);
  if (address == 0)
    return FALSE;
  memcpy ((gpointer) address, g_bytes_get_data (bytes, NULL), n);
  rill_mapping_close (mapping);

  memcpy (data + offset, g_bytes_get_data (bytes, NULL), n);
  content = g_bytes_new_take (g_steal_pointer (&data), size);
  set_content (item, content);
  return TRUE;
}

static inline gboolean
map (Worker  *self,
     Item    *item,
     GError **error)
{
  if (!RILL_IS_BUFFER (item->resource) || !rill_resource_get_mappable (item->resource))
    return verify (self, item, error);
  if (random_below (self, 2) == 0)
    return map_to_read (self, item, error);
  return map_to_write (self, item, error) && verify (self, item, error);
}
