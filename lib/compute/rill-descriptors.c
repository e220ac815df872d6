/* SPDX-License-Identifier: MIT */
#include "compute/rill-descriptors-private.h"

#include "core/rill-error-private.h"

/* Sets of the first pool, and descriptors of each kind: enough for a small program, and little to
 * waste. Each further pool has twice as many, up to the largest. */
#define FIRST_POOL_SIZE 16
#define MAX_POOL_SIZE 1024

void
rill_descriptors_init (RillDescriptors *self,
                       RillContext     *context)
{
  self->context = context;
  self->pools = g_array_new (FALSE, FALSE, sizeof (VkDescriptorPool));
  self->pool_size = 0;
}

void
rill_descriptors_clear (RillDescriptors *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    vkDestroyDescriptorPool (self->context->device,
                             g_array_index (self->pools, VkDescriptorPool, i), NULL);
  g_array_unref (self->pools);
}

void
rill_descriptors_reset (RillDescriptors *self)
{
  while (self->pools->len > 1)
    {
      vkDestroyDescriptorPool (self->context->device,
                               g_array_index (self->pools, VkDescriptorPool, 0), NULL);
      g_array_remove_index (self->pools, 0);
    }
  if (self->pools->len > 0) /* the largest; its reset cannot fail */
    vkResetDescriptorPool (self->context->device, g_array_index (self->pools, VkDescriptorPool, 0),
                           0);
}

static gboolean
add_pool (RillDescriptors     *self,
          const RillDispatch  *dispatch,
          GError             **error)
{
  guint size = CLAMP (2 * self->pool_size, FIRST_POOL_SIZE, MAX_POOL_SIZE);
  VkDescriptorPoolSize sizes[RILL_N_BINDING_KINDS];
  const VkDescriptorPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
    .maxSets = MAX (size, dispatch->pipeline->layout->n_sets),
    .poolSizeCount = RILL_N_BINDING_KINDS,
    .pPoolSizes = sizes,
  };
  VkDescriptorPool pool;

  for (guint i = 0; i < RILL_N_BINDING_KINDS; i++)
    {
      guint needed = 0;

      for (guint j = 0; j < dispatch->reflection->descriptors->len; j++)
        {
          const RillDescriptor *descriptor = rill_reflection_descriptor (dispatch->reflection, j);
          if (descriptor->used && descriptor->kind == (RillBindingKind) i)
            needed += descriptor->count;
        }
      sizes[i] = (VkDescriptorPoolSize) {
        .type = rill_binding_kind_get_type ((RillBindingKind) i),
        .descriptorCount = MAX (size, needed),
      };
    }
  if (!rill_context_check (self->context,
                           vkCreateDescriptorPool (self->context->device, &info, NULL, &pool),
                           error, "vkCreateDescriptorPool", "Could not record a dispatch"))
    return FALSE;
  g_array_append_val (self->pools, pool);
  self->pool_size = size;
  return TRUE;
}

static VkResult
allocate_from_last_pool (RillDescriptors    *self,
                         const RillDispatch *dispatch,
                         VkDescriptorSet    *sets)
{
  const RillPipelineLayout *layout = dispatch->pipeline->layout;
  VkDescriptorSetAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
    .descriptorSetCount = layout->n_sets,
    .pSetLayouts = layout->sets,
  };

  if (self->pools->len == 0)
    return VK_ERROR_OUT_OF_POOL_MEMORY;
  info.descriptorPool = g_array_index (self->pools, VkDescriptorPool, self->pools->len - 1);
  return vkAllocateDescriptorSets (self->context->device, &info, sets);
}

static gboolean
allocate_sets (RillDescriptors     *self,
               const RillDispatch  *dispatch,
               VkDescriptorSet     *sets,
               GError             **error)
{
  VkResult result = allocate_from_last_pool (self, dispatch, sets);

  if (result == VK_ERROR_OUT_OF_POOL_MEMORY || result == VK_ERROR_FRAGMENTED_POOL)
    {
      if (!add_pool (self, dispatch, error))
        return FALSE;
      result = allocate_from_last_pool (self, dispatch, sets);
    }
  return rill_context_check (self->context, result, error, "vkAllocateDescriptorSets",
                             "Could not record a dispatch");
}

static gboolean
fill_image_info (const RillBound        *bound,
                 VkDescriptorImageInfo  *info,
                 GError                **error)
{
  info->imageLayout = VK_IMAGE_LAYOUT_GENERAL;
  if (RILL_IS_IMAGE_VIEW (bound->object))
    {
      RillImageView *view = RILL_IMAGE_VIEW (bound->object);
      info->imageView = rill_image_view_get_handle (view);
      info->sampler = rill_image_view_get_sampler (view);
      /* It may have been closed in the meantime. */
      return rill_image_view_check_open (view, error);
    }
  info->imageView = rill_image_ensure_default_view (RILL_IMAGE (bound->object), error);
  return info->imageView != VK_NULL_HANDLE;
}

static gboolean
write_sets (RillDescriptors        *self,
            const RillDispatch     *dispatch,
            const VkDescriptorSet  *sets,
            GError                **error)
{
  const RillReflection *reflection = dispatch->reflection;
  g_autofree VkDescriptorBufferInfo *buffers
    = g_new0 (VkDescriptorBufferInfo, reflection->n_elements + 1);
  g_autofree VkDescriptorImageInfo *images
    = g_new0 (VkDescriptorImageInfo, reflection->n_elements + 1);
  g_autofree VkWriteDescriptorSet *writes
    = g_new0 (VkWriteDescriptorSet, reflection->descriptors->len + 1);
  guint n_writes = 0;

  for (guint i = 0; i < reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, i);

      for (guint j = descriptor->first_element;
           descriptor->used && j < descriptor->first_element + descriptor->count; j++)
        {
          const RillBound *bound = &dispatch->bounds[j];

          if (!RILL_IS_BUFFER (bound->object))
            {
              if (!fill_image_info (bound, &images[j], error))
                return FALSE;
            }
          else
            buffers[j] = (VkDescriptorBufferInfo) {
              .buffer = rill_buffer_get_handle (RILL_BUFFER (bound->object)),
              .offset = bound->offset,
              .range = bound->size,
            };
        }
      if (descriptor->used)
        writes[n_writes++] = (VkWriteDescriptorSet) {
          .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
          .dstSet = sets[descriptor->set],
          .dstBinding = descriptor->binding,
          .descriptorCount = descriptor->count,
          .descriptorType = rill_binding_kind_get_type (descriptor->kind),
          .pImageInfo = &images[descriptor->first_element],
          .pBufferInfo = &buffers[descriptor->first_element],
        };
    }
  vkUpdateDescriptorSets (self->context->device, n_writes, writes, 0, NULL);
  return TRUE;
}

gboolean
rill_descriptors_make_sets (RillDescriptors     *self,
                            const RillDispatch  *dispatch,
                            VkDescriptorSet     *sets,
                            GError             **error)
{
  return allocate_sets (self, dispatch, sets, error) && write_sets (self, dispatch, sets, error);
}
