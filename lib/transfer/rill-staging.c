/* SPDX-License-Identifier: MIT */
#include "transfer/rill-staging-private.h"

#include "core/rill-error-private.h"
#include "memory/rill-pages-private.h"

/* Where there is not memory enough for the whole ring, a smaller one serves as well, only slower. */
#define MIN_SIZE (1024 * 1024)

/* Between looks at the cancellable while another transfer holds the oldest region. */
#define WAIT_SLICE_US (10 * 1000)

/* A multiple of every texel size with 1, 2, 3 or 4 channels of up to 8 bytes (bufferOffset must be one),
 * and of the largest nonCoherentAtomSize that Vulkan allows. */
#define ALIGNMENT 768

struct _RillStaging
{
  RillContext *context; /* (unowned) */
  VkBuffer buffer;
  RillPage *page; /* (owned) */
  guint64 size;

  GMutex lock;
  GCond changed;
  GQueue regions; /* (element-type RillStagingRegion), the oldest first */
  guint64 head;   /* on the endless line */
  guint64 tail;
};

/* The lower, the better; -1: it cannot be the ring's. The host reads cached memory faster by far, and the
 * device's own memory is for other things. */
static gint
rank_type (RillContext *context,
           guint        type_index,
           guint32      type_bits)
{
  VkMemoryPropertyFlags flags = context->memory.memoryTypes[type_index].propertyFlags;
  const VkMemoryPropertyFlags plain
    = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
      | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

  if (!(type_bits & (1u << type_index)) || !(flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) || flags & ~plain)
    return -1;
  return (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT ? 0 : 4)
         + (flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT ? 2 : 0)
         + (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT ? 0 : 1);
}

/* The best of the types that have not been tried, or -1. */
static gint
choose_type (RillContext *context,
             guint32      type_bits,
             guint32      tried)
{
  gint best = -1, best_rank = G_MAXINT;

  for (guint i = 0; i < context->memory.memoryTypeCount; i++)
    {
      gint rank = rank_type (context, i, type_bits & ~tried);
      if (rank >= 0 && rank < best_rank)
        {
          best = (gint) i;
          best_rank = rank;
        }
    }
  return best;
}

/* On the first type that has room. */
static gboolean
allocate_page (RillStaging                 *self,
               const VkMemoryRequirements  *requirements,
               GError                     **error)
{
  guint32 tried = 0;
  gint type_index;
  GError *local_error = NULL;

  while ((type_index = choose_type (self->context, requirements->memoryTypeBits, tried)) >= 0)
    {
      g_clear_error (&local_error);
      self->page = rill_pages_allocate_page (self->context, (guint) type_index, requirements->size,
                                             &local_error);
      if (self->page != NULL || rill_context_is_lost (self->context))
        break;
      tried |= 1u << type_index;
    }
  if (local_error != NULL)
    g_propagate_prefixed_error (error, local_error, "Could not create the staging ring: ");
  else if (self->page == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "Could not create the staging ring: the device has no host-visible memory for it");
  return self->page != NULL;
}

static gboolean
create_ring (RillStaging  *self,
             guint64       size,
             GError      **error)
{
  RillContext *context = self->context;
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    .sharingMode = context->n_families > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
    .queueFamilyIndexCount = context->n_families > 1 ? context->n_families : 0,
    .pQueueFamilyIndices = context->families,
  };
  VkMemoryRequirements requirements;

  if (!rill_context_check (context, vkCreateBuffer (context->device, &info, NULL, &self->buffer), error,
                           "vkCreateBuffer", "Could not create the staging ring"))
    return FALSE;
  vkGetBufferMemoryRequirements (context->device, self->buffer, &requirements);
  self->size = size / ALIGNMENT * ALIGNMENT; /* so that offsets stay aligned where the ring starts anew */
  if (allocate_page (self, &requirements, error)
      && rill_context_check (context, vkBindBufferMemory (context->device, self->buffer, self->page->handle, 0),
                             error, "vkBindBufferMemory", "Could not create the staging ring"))
    return TRUE;
  vkDestroyBuffer (context->device, self->buffer, NULL);
  self->buffer = VK_NULL_HANDLE;
  g_clear_pointer (&self->page, rill_page_free);
  return FALSE;
}

RillStaging *
rill_staging_new (RillContext  *context,
                  GError      **error)
{
  RillStaging *self = g_new0 (RillStaging, 1);
  GError *local_error = NULL;

  self->context = context;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->regions);
  for (guint64 size = RILL_STAGING_SIZE; size >= MIN_SIZE; size /= 2)
    {
      g_clear_error (&local_error);
      if (create_ring (self, size, &local_error))
        return self;
      if (rill_context_is_lost (context))
        break;
    }
  g_propagate_error (error, local_error);
  rill_staging_free (self);
  return NULL;
}

void
rill_staging_free (RillStaging *self)
{
  RillStagingRegion *region;

  while ((region = g_queue_pop_head (&self->regions)) != NULL)
    {
      g_assert (!region->held);
      rill_context_wait_end (self->context, &region->point);
      g_free (region);
    }
  if (self->buffer != VK_NULL_HANDLE)
    vkDestroyBuffer (self->context->device, self->buffer, NULL);
  g_clear_pointer (&self->page, rill_page_free);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

VkBuffer
rill_staging_get_buffer (RillStaging *self)
{
  return self->buffer;
}

guint64
rill_staging_get_size (RillStaging *self)
{
  return self->size;
}

static void
reclaim_locked (RillStaging *self)
{
  RillStagingRegion *oldest;

  while ((oldest = g_queue_peek_head (&self->regions)) != NULL && !oldest->held
         && rill_context_is_reached (self->context, &oldest->point))
    {
      self->tail = oldest->end;
      g_free (g_queue_pop_head (&self->regions));
    }
  if (oldest == NULL)
    self->head = self->tail = 0;
}

static RillStagingRegion *
take_locked (RillStaging *self,
             guint64      size)
{
  guint64 start = (self->head + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  RillStagingRegion *region;

  if (start % self->size + size > self->size)
    start = (start / self->size + 1) * self->size;
  if (start + size - self->tail > self->size)
    return NULL;

  region = g_new (RillStagingRegion, 1);
  *region = (RillStagingRegion) {
    .offset = start % self->size,
    .size = size,
    .map = self->page->map + start % self->size,
    .end = start + size,
    .held = TRUE,
  };
  self->head = region->end;
  g_queue_push_tail (&self->regions, region);
  return region;
}

/* Waits for the oldest region: for its holder, or without the lock for the device. */
static gboolean
wait_for_oldest_locked (RillStaging   *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  RillStagingRegion *oldest = g_queue_peek_head (&self->regions);
  RillSyncPoint point = oldest->point;
  gboolean reached;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (oldest->held)
    {
      g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + WAIT_SLICE_US);
      return TRUE;
    }
  g_mutex_unlock (&self->lock);
  reached = rill_context_wait (self->context, &point, -1, cancellable, error);
  g_mutex_lock (&self->lock);
  return reached;
}

RillStagingRegion *
rill_staging_acquire (RillStaging   *self,
                      guint64        size,
                      gboolean       wait,
                      GCancellable  *cancellable,
                      GError       **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_assert (size > 0 && size <= self->size / 4);
  while (TRUE)
    {
      RillStagingRegion *region;

      reclaim_locked (self);
      region = take_locked (self, size);
      if (region != NULL || !wait)
        return region;
      if (!wait_for_oldest_locked (self, cancellable, error))
        return NULL;
    }
}

void
rill_staging_release (RillStaging         *self,
                      RillStagingRegion   *region,
                      const RillSyncPoint *point)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  region->held = FALSE;
  if (point != NULL)
    region->point = *point;
  g_cond_broadcast (&self->changed);
}

gboolean
rill_staging_flush (RillStaging              *self,
                    const RillStagingRegion  *region,
                    GError                  **error)
{
  return rill_page_flush (self->page, region->offset, region->size, error);
}

gboolean
rill_staging_invalidate (RillStaging              *self,
                         const RillStagingRegion  *region,
                         GError                  **error)
{
  return rill_page_invalidate (self->page, region->offset, region->size, error);
}
