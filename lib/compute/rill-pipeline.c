/* SPDX-License-Identifier: MIT */
#include "compute/rill-pipeline-private.h"

#include "core/rill-error-private.h"

VkDescriptorType
rill_binding_kind_get_type (RillBindingKind kind)
{
  static const VkDescriptorType types[RILL_N_BINDING_KINDS] = {
    [RILL_BINDING_STORAGE_BUFFER] = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
    [RILL_BINDING_UNIFORM_BUFFER] = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
    [RILL_BINDING_STORAGE_IMAGE] = VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
    [RILL_BINDING_SAMPLED_IMAGE] = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  };

  return types[kind];
}

static gboolean
check_limit (const char  *what,
             guint64      count,
             guint64      limit,
             const char  *limit_name,
             GError     **error)
{
  if (count <= limit)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create a compute node: the shader needs %" G_GUINT64_FORMAT
               " %s, but the device's limit "
               "is %" G_GUINT64_FORMAT " (%s)",
               count, what, limit, limit_name);
  return FALSE;
}

static gboolean
check_limits (RillContext           *context,
              const RillReflection  *reflection,
              guint                  n_sets,
              GError               **error)
{
  const VkPhysicalDeviceLimits *limits = &context->properties.limits;
  guint64 counts[RILL_N_BINDING_KINDS] = { 0 };
  guint64 total = 0;

  for (guint i = 0; i < reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, i);
      if (descriptor->used)
        {
          counts[descriptor->kind] += descriptor->count;
          total += descriptor->count;
        }
    }
  return check_limit ("descriptor sets", n_sets, limits->maxBoundDescriptorSets,
                      "maxBoundDescriptorSets", error)
         && check_limit ("storage buffers", counts[RILL_BINDING_STORAGE_BUFFER],
                         limits->maxPerStageDescriptorStorageBuffers,
                         "maxPerStageDescriptorStorageBuffers", error)
         && check_limit ("uniform buffers", counts[RILL_BINDING_UNIFORM_BUFFER],
                         limits->maxPerStageDescriptorUniformBuffers,
                         "maxPerStageDescriptorUniformBuffers", error)
         && check_limit ("storage images", counts[RILL_BINDING_STORAGE_IMAGE],
                         limits->maxPerStageDescriptorStorageImages,
                         "maxPerStageDescriptorStorageImages", error)
         && check_limit (
           "sampled images", counts[RILL_BINDING_SAMPLED_IMAGE],
           MIN (limits->maxPerStageDescriptorSampledImages, limits->maxPerStageDescriptorSamplers),
           "maxPerStageDescriptorSampledImages", error)
         && check_limit ("resources", total, limits->maxPerStageResources, "maxPerStageResources",
                         error)
         && check_limit ("bytes of push constants", reflection->push_constants_size,
                         limits->maxPushConstantsSize, "maxPushConstantsSize", error);
}

static gboolean
create_set_layout (RillPipelineLayout    *self,
                   const RillReflection  *reflection,
                   guint                  set,
                   GError               **error)
{
  g_autofree VkDescriptorSetLayoutBinding *bindings
    = g_new0 (VkDescriptorSetLayoutBinding, reflection->descriptors->len + 1);
  VkDescriptorSetLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
    .pBindings = bindings,
  };

  for (guint i = 0; i < reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, i);
      if (descriptor->used && descriptor->set == set)
        bindings[info.bindingCount++] = (VkDescriptorSetLayoutBinding) {
          .binding = descriptor->binding,
          .descriptorType = rill_binding_kind_get_type (descriptor->kind),
          .descriptorCount = descriptor->count,
          .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    }
  return rill_context_check (
    self->context,
    vkCreateDescriptorSetLayout (self->context->device, &info, NULL, &self->sets[set]), error,
    "vkCreateDescriptorSetLayout", "Could not create a compute node");
}

static gboolean
create_layout (RillPipelineLayout    *self,
               const RillReflection  *reflection,
               GError               **error)
{
  const VkPushConstantRange range = {
    .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    .size = (reflection->push_constants_size + 3) / 4 * 4,
  };
  const VkPipelineLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .setLayoutCount = self->n_sets,
    .pSetLayouts = self->sets,
    .pushConstantRangeCount = range.size > 0,
    .pPushConstantRanges = &range,
  };

  for (guint i = 0; i < self->n_sets; i++)
    if (!create_set_layout (self, reflection, i, error))
      return FALSE;
  return rill_context_check (
    self->context, vkCreatePipelineLayout (self->context->device, &info, NULL, &self->handle),
    error, "vkCreatePipelineLayout", "Could not create a compute node");
}

RillPipelineLayout *
rill_pipeline_layout_new (RillContext           *context,
                          const RillReflection  *reflection,
                          GError               **error)
{
  RillPipelineLayout *self;
  guint64 n_sets = 0;

  for (guint i = 0; i < reflection->descriptors->len; i++)
    if (rill_reflection_descriptor (reflection, i)->used)
      n_sets = MAX (n_sets, (guint64) rill_reflection_descriptor (reflection, i)->set + 1);
  if (!check_limits (context, reflection, n_sets, error))
    return NULL;

  self = g_new0 (RillPipelineLayout, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->context = rill_context_ref (context);
  self->n_sets = (guint) n_sets;
  self->sets = g_new0 (VkDescriptorSetLayout, n_sets + 1);
  if (!create_layout (self, reflection, error))
    g_clear_pointer (&self, rill_pipeline_layout_unref);
  return self;
}

RillPipelineLayout *
rill_pipeline_layout_ref (RillPipelineLayout *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_pipeline_layout_unref (RillPipelineLayout *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vkDestroyPipelineLayout (self->context->device, self->handle, NULL);
  for (guint i = 0; i < self->n_sets; i++)
    vkDestroyDescriptorSetLayout (self->context->device, self->sets[i], NULL);
  rill_context_unref (self->context);
  g_free (self->sets);
  g_free (self);
}

static guint
fill_specialization (const RillReflection      *reflection,
                     const RillConstantValue   *values,
                     VkSpecializationMapEntry  *entries)
{
  guint n = 0;

  for (guint i = 0; i < reflection->constants->len; i++)
    if (values[i].set)
      entries[n++] = (VkSpecializationMapEntry) {
        .constantID = rill_reflection_constant (reflection, i)->id,
        .offset =
          (guint32) (i * sizeof (RillConstantValue) + G_STRUCT_OFFSET (RillConstantValue, bytes)),
        .size = rill_reflection_constant (reflection, i)->size,
      };
  return n;
}

RillPipeline *
rill_pipeline_new (RillPipelineLayout       *layout,
                   GBytes                   *spirv,
                   const char               *entry_point,
                   const RillReflection     *reflection,
                   const RillConstantValue  *values,
                   GError                  **error)
{
  RillContext *context = layout->context;
  g_autofree VkSpecializationMapEntry *entries
    = g_new0 (VkSpecializationMapEntry, reflection->constants->len + 1);
  const VkSpecializationInfo specialization = {
    .mapEntryCount = fill_specialization (reflection, values, entries),
    .pMapEntries = entries,
    .dataSize = reflection->constants->len * sizeof (RillConstantValue),
    .pData = values,
  };
  const VkShaderModuleCreateInfo module_info = {
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    .codeSize = g_bytes_get_size (spirv),
    .pCode = g_bytes_get_data (spirv, NULL),
  };
  VkComputePipelineCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .stage = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
      .stage = VK_SHADER_STAGE_COMPUTE_BIT,
      .pName = entry_point,
      .pSpecializationInfo = &specialization,
    },
    .layout = layout->handle,
  };
  VkPipeline handle = VK_NULL_HANDLE;
  gboolean created;
  RillPipeline *self;

  if (!rill_context_check (
        context, vkCreateShaderModule (context->device, &module_info, NULL, &info.stage.module),
        error, "vkCreateShaderModule", "Could not create a pipeline of “%s”", entry_point))
    return NULL;
  created = rill_context_check (
    context, vkCreateComputePipelines (context->device, VK_NULL_HANDLE, 1, &info, NULL, &handle),
    error, "vkCreateComputePipelines", "Could not create a pipeline of “%s”", entry_point);
  vkDestroyShaderModule (context->device, info.stage.module, NULL);
  if (!created)
    return NULL;

  self = g_new0 (RillPipeline, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->layout = rill_pipeline_layout_ref (layout);
  self->handle = handle;
  return self;
}

RillPipeline *
rill_pipeline_ref (RillPipeline *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_pipeline_unref (RillPipeline *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vkDestroyPipeline (self->layout->context->device, self->handle, NULL);
  rill_pipeline_layout_unref (self->layout);
  g_free (self);
}
