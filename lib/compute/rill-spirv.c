/* SPDX-License-Identifier: MIT */
#include "compute/rill-spirv-private.h"

#include <spirv-tools/libspirv.h>
#include <spirv_cross/spirv.h>
#include <stddef.h>
#include <string.h>

#define HEADER_WORDS 5

/* Nesting of types that is followed; the validator allows structures 255. */
#define MAX_TYPE_DEPTH 256

/* What decides about capabilities. Queried each time, as programs are made rarely. */
typedef struct
{
  VkPhysicalDeviceFeatures core;
  VkPhysicalDeviceVulkan11Features v11;
  VkPhysicalDeviceVulkan12Features v12;
  VkPhysicalDeviceVulkan13Features v13;
  VkPhysicalDeviceVulkan12Properties float_controls;
} DeviceSupport;

typedef struct
{
  SpvCapability capability;
  const char *name;
  gsize feature;             /* offset of a VkBool32, or ALWAYS */
  gsize other;               /* of another one that does as well, or 0 */
  VkSubgroupFeatureFlags subgroup;
} CapabilityInfo;

#define ALWAYS G_MAXSIZE
#define CORE(name) { SpvCapability##name, #name, ALWAYS, 0, 0 }
#define NEEDS(name, member) { SpvCapability##name, #name, offsetof (DeviceSupport, member), 0, 0 }
#define EITHER(name, member, second) \
  { \
    SpvCapability##name, #name, offsetof (DeviceSupport, member), \
      offsetof (DeviceSupport, second), 0 \
  }
#define SUBGROUP(name, bit) \
  { \
    SpvCapability##name, #name, ALWAYS, 0, VK_SUBGROUP_FEATURE_##bit##_BIT \
  }

/* Every capability that compute shaders can use without an extension of the device; see
 * "Capabilities" in the Vulkan specification's SPIR-V environment. */
static const CapabilityInfo capability_infos[] = {
  CORE (Matrix),
  CORE (Shader),
  CORE (Sampled1D),
  CORE (Image1D),
  CORE (SampledBuffer),
  CORE (ImageBuffer),
  CORE (ImageQuery),
  CORE (DeviceGroup),
  CORE (ShaderNonUniform),
  NEEDS (Float16, v12.shaderFloat16),
  NEEDS (Float64, core.shaderFloat64),
  NEEDS (Int8, v12.shaderInt8),
  NEEDS (Int16, core.shaderInt16),
  NEEDS (Int64, core.shaderInt64),
  EITHER (Int64Atomics, v12.shaderBufferInt64Atomics, v12.shaderSharedInt64Atomics),
  NEEDS (ImageGatherExtended, core.shaderImageGatherExtended),
  NEEDS (StorageImageMultisample, core.shaderStorageImageMultisample),
  NEEDS (UniformBufferArrayDynamicIndexing, core.shaderUniformBufferArrayDynamicIndexing),
  NEEDS (SampledImageArrayDynamicIndexing, core.shaderSampledImageArrayDynamicIndexing),
  NEEDS (StorageBufferArrayDynamicIndexing, core.shaderStorageBufferArrayDynamicIndexing),
  NEEDS (StorageImageArrayDynamicIndexing, core.shaderStorageImageArrayDynamicIndexing),
  NEEDS (ImageCubeArray, core.imageCubeArray),
  NEEDS (SampledCubeArray, core.imageCubeArray),
  NEEDS (SparseResidency, core.shaderResourceResidency),
  NEEDS (MinLod, core.shaderResourceMinLod),
  NEEDS (StorageImageExtendedFormats, core.shaderStorageImageExtendedFormats),
  NEEDS (StorageImageReadWithoutFormat, core.shaderStorageImageReadWithoutFormat),
  NEEDS (StorageImageWriteWithoutFormat, core.shaderStorageImageWriteWithoutFormat),
  NEEDS (StorageBuffer16BitAccess, v11.storageBuffer16BitAccess),
  NEEDS (UniformAndStorageBuffer16BitAccess, v11.uniformAndStorageBuffer16BitAccess),
  NEEDS (StoragePushConstant16, v11.storagePushConstant16),
  NEEDS (VariablePointersStorageBuffer, v11.variablePointersStorageBuffer),
  NEEDS (VariablePointers, v11.variablePointers),
  NEEDS (StorageBuffer8BitAccess, v12.storageBuffer8BitAccess),
  NEEDS (UniformAndStorageBuffer8BitAccess, v12.uniformAndStorageBuffer8BitAccess),
  NEEDS (StoragePushConstant8, v12.storagePushConstant8),
  NEEDS (RuntimeDescriptorArray, v12.runtimeDescriptorArray),
  NEEDS (UniformTexelBufferArrayDynamicIndexing, v12.shaderUniformTexelBufferArrayDynamicIndexing),
  NEEDS (StorageTexelBufferArrayDynamicIndexing, v12.shaderStorageTexelBufferArrayDynamicIndexing),
  NEEDS (UniformBufferArrayNonUniformIndexing, v12.shaderUniformBufferArrayNonUniformIndexing),
  NEEDS (SampledImageArrayNonUniformIndexing, v12.shaderSampledImageArrayNonUniformIndexing),
  NEEDS (StorageBufferArrayNonUniformIndexing, v12.shaderStorageBufferArrayNonUniformIndexing),
  NEEDS (StorageImageArrayNonUniformIndexing, v12.shaderStorageImageArrayNonUniformIndexing),
  NEEDS (VulkanMemoryModel, v12.vulkanMemoryModel),
  NEEDS (VulkanMemoryModelDeviceScope, v12.vulkanMemoryModelDeviceScope),
  NEEDS (PhysicalStorageBufferAddresses, v12.bufferDeviceAddress),
  NEEDS (DotProduct, v13.shaderIntegerDotProduct),
  NEEDS (DotProductInputAll, v13.shaderIntegerDotProduct),
  NEEDS (DotProductInput4x8Bit, v13.shaderIntegerDotProduct),
  NEEDS (DotProductInput4x8BitPacked, v13.shaderIntegerDotProduct),
  EITHER (DenormPreserve, float_controls.shaderDenormPreserveFloat32,
          float_controls.shaderDenormPreserveFloat16),
  EITHER (DenormFlushToZero, float_controls.shaderDenormFlushToZeroFloat32,
          float_controls.shaderDenormFlushToZeroFloat16),
  EITHER (SignedZeroInfNanPreserve, float_controls.shaderSignedZeroInfNanPreserveFloat32,
          float_controls.shaderSignedZeroInfNanPreserveFloat16),
  EITHER (RoundingModeRTE, float_controls.shaderRoundingModeRTEFloat32,
          float_controls.shaderRoundingModeRTEFloat16),
  EITHER (RoundingModeRTZ, float_controls.shaderRoundingModeRTZFloat32,
          float_controls.shaderRoundingModeRTZFloat16),
  SUBGROUP (GroupNonUniform, BASIC),
  SUBGROUP (GroupNonUniformVote, VOTE),
  SUBGROUP (GroupNonUniformArithmetic, ARITHMETIC),
  SUBGROUP (GroupNonUniformBallot, BALLOT),
  SUBGROUP (GroupNonUniformShuffle, SHUFFLE),
  SUBGROUP (GroupNonUniformShuffleRelative, SHUFFLE_RELATIVE),
  SUBGROUP (GroupNonUniformClustered, CLUSTERED),
  SUBGROUP (GroupNonUniformQuad, QUAD),
};

static gboolean
set_invalid_error (GError     **error,
                   const char  *text)
{
  g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
               "The data are not valid SPIR-V: %s", text);
  return FALSE;
}

static gboolean
check_header (GBytes  *spirv,
              GError **error)
{
  gsize size;
  const guint32 *words = g_bytes_get_data (spirv, &size);
  g_autofree char *text = NULL;

  if (size % sizeof (guint32) != 0)
    text = g_strdup_printf ("their size of %" G_GSIZE_FORMAT " bytes is no multiple of 4", size);
  else if (size < HEADER_WORDS * sizeof (guint32))
    text = g_strdup_printf ("%" G_GSIZE_FORMAT " bytes are less than a header of %u bytes", size,
                            (guint) (HEADER_WORDS * sizeof (guint32)));
  else if (words[0] == GUINT32_SWAP_LE_BE (SpvMagicNumber))
    text = g_strdup ("the bytes of the words are in the wrong order for this machine");
  else if (words[0] != SpvMagicNumber)
    text = g_strdup_printf ("they start with 0x%08x, not with the magic number 0x%08x", words[0],
                            SpvMagicNumber);
  return text == NULL || set_invalid_error (error, text);
}

static gboolean
validate (RillContext  *context,
          GBytes       *spirv,
          GError      **error)
{
  gsize size;
  const guint32 *words = g_bytes_get_data (spirv, &size);
  struct spv_const_binary_t binary = { words, size / sizeof (guint32) };
  spv_context tools = spvContextCreate (SPV_ENV_VULKAN_1_3);
  spv_validator_options options = spvValidatorOptionsCreate ();
  spv_diagnostic diagnostic = NULL;
  spv_result_t result;

  spvValidatorOptionsSetAllowLocalSizeId (options, true); /* maintenance4 */
  spvValidatorOptionsSetScalarBlockLayout (options, context->features12.scalarBlockLayout);
  spvValidatorOptionsSetUniformBufferStandardLayout (
    options, context->features12.uniformBufferStandardLayout);
  spvValidatorOptionsSetFriendlyNames (options, true);
  result = spvValidateWithOptions (tools, options, &binary, &diagnostic);
  if (result != SPV_SUCCESS)
    {
      const char *message = diagnostic != NULL ? diagnostic->error : NULL;
      g_autofree char *text =
        g_utf8_make_valid (message != NULL ? message : "it breaks a rule", -1);
      set_invalid_error (error, g_strstrip (text));
    }
  spvDiagnosticDestroy (diagnostic);
  spvValidatorOptionsDestroy (options);
  spvContextDestroy (tools);
  return result == SPV_SUCCESS;
}

static void
query_support (RillContext   *context,
               DeviceSupport *support)
{
  VkPhysicalDeviceFeatures2 features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &support->v11,
  };
  VkPhysicalDeviceProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &support->float_controls,
  };

  *support = (DeviceSupport) {
    .v11 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
             .pNext = &support->v12 },
    .v12 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
             .pNext = &support->v13 },
    .v13 = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES },
    .float_controls = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES },
  };
  vkGetPhysicalDeviceFeatures2 (context->physical_device, &features);
  vkGetPhysicalDeviceProperties2 (context->physical_device, &properties);
  support->core = features.features;
}

static gboolean
has_capability (RillContext          *context,
                const DeviceSupport  *support,
                const CapabilityInfo *info)
{
  const guint8 *base = (const guint8 *) support;

  if (info->subgroup != 0)
    return (context->properties11.subgroupSupportedOperations & info->subgroup) != 0
           && (context->properties11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
  return info->feature == ALWAYS || *(const VkBool32 *) (base + info->feature)
         || (info->other != 0 && *(const VkBool32 *) (base + info->other));
}

static const CapabilityInfo *
find_capability (guint32 capability)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capability_infos); i++)
    if (capability_infos[i].capability == (SpvCapability) capability)
      return &capability_infos[i];
  return NULL;
}

static gboolean
check_capabilities (RillContext  *context,
                    GBytes       *spirv,
                    GError      **error)
{
  gsize size;
  const guint32 *words = g_bytes_get_data (spirv, &size);
  DeviceSupport support;

  query_support (context, &support);
  /* They stand before everything else. */
  for (gsize i = HEADER_WORDS; i < size / sizeof (guint32); i += words[i] >> SpvWordCountShift)
    {
      const CapabilityInfo *info;
      g_autofree char *name = NULL;

      if ((words[i] & SpvOpCodeMask) != SpvOpCapability)
        break;
      info = find_capability (words[i + 1]);
      if (info != NULL && has_capability (context, &support, info))
        continue;
      name = info != NULL ? g_strdup (info->name) : g_strdup_printf ("number %u", words[i + 1]);
      g_set_error (
        error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT,
        "The shader needs the SPIR-V capability %s, which the device “%s” lacks in compute shaders",
        name, context->properties.deviceName);
      return FALSE;
    }
  return TRUE;
}

gboolean
rill_spirv_check (RillContext  *context,
                  GBytes       *spirv,
                  GError      **error)
{
  return check_header (spirv, error) && validate (context, spirv, error)
         && check_capabilities (context, spirv, error);
}

static gboolean
is_constant (const guint32 *words,
             gsize          n_words,
             guint32        id)
{
  for (gsize i = HEADER_WORDS; i < n_words; i += words[i] >> SpvWordCountShift)
    {
      guint32 op = words[i] & SpvOpCodeMask;
      if ((op == SpvOpConstant || op == SpvOpSpecConstant) && words[i + 2] == id)
        return TRUE;
    }
  return FALSE;
}

gboolean
rill_spirv_has_plain_local_size (GBytes     *spirv,
                                 const char *entry_point)
{
  gsize size;
  const guint32 *words = g_bytes_get_data (spirv, &size);
  gsize n_words = size / sizeof (guint32);
  guint32 function = 0;

  for (gsize i = HEADER_WORDS; i < n_words; i += words[i] >> SpvWordCountShift)
    {
      guint32 op = words[i] & SpvOpCodeMask;
      if (op == SpvOpEntryPoint && words[i + 1] == SpvExecutionModelGLCompute
          && strcmp ((const char *) &words[i + 3], entry_point) == 0)
        function = words[i + 2];
      else if (op == SpvOpExecutionModeId && words[i + 1] == function
               && words[i + 2] == SpvExecutionModeLocalSizeId
               && !(is_constant (words, n_words, words[i + 3])
                    && is_constant (words, n_words, words[i + 4])
                    && is_constant (words, n_words, words[i + 5])))
        return FALSE;
    }
  return TRUE;
}

/* A module with its ids looked up. */
typedef struct
{
  const guint32 *words;
  gsize n_words;
  guint32 *defined; /* (owned) by id: where its instruction stands, or 0 */
  guint32 *spec_id; /* (owned) by id: SpecId + 1, or 0 */
  guint64 *sizes;   /* (owned) by id: of structures that were looked at, or 0 */
  RillSpirvConstantFunc get_constant;
  gpointer data;
} Module;

/* Types, constants and variables have their result in the first or second operand. */
static guint32
get_result (const guint32 *instruction)
{
  guint32 op = instruction[0] & SpvOpCodeMask;

  if (op >= SpvOpTypeVoid && op <= SpvOpTypeFunction)
    return instruction[1];
  if ((op >= SpvOpConstantTrue && op <= SpvOpSpecConstantOp) || op == SpvOpVariable)
    return instruction[2];
  return 0;
}

static void
module_init (Module *self,
             GBytes *spirv)
{
  gsize size;

  self->words = g_bytes_get_data (spirv, &size);
  self->n_words = size / sizeof (guint32);
  self->defined = g_new0 (guint32, self->words[3]);
  self->spec_id = g_new0 (guint32, self->words[3]);
  self->sizes = g_new0 (guint64, self->words[3]);
  for (gsize i = HEADER_WORDS; i < self->n_words; i += self->words[i] >> SpvWordCountShift)
    {
      const guint32 *instruction = &self->words[i];
      guint32 id = get_result (instruction);

      if (id != 0)
        self->defined[id] = (guint32) i;
      else if ((instruction[0] & SpvOpCodeMask) == SpvOpDecorate
               && instruction[2] == SpvDecorationSpecId)
        self->spec_id[instruction[1]] = instruction[3] + 1;
    }
}

static void
module_clear (Module *self)
{
  g_free (self->defined);
  g_free (self->spec_id);
  g_free (self->sizes);
}

/* Of an array; 1 where it is computed, which is not followed. */
static guint64
get_length (const Module *self,
            guint32       id)
{
  const guint32 *instruction = &self->words[self->defined[id]];
  guint32 op = instruction[0] & SpvOpCodeMask;
  guint32 value;

  if (self->spec_id[id] != 0
      && self->get_constant (self->spec_id[id] - 1, &value, self->data))
    return value;
  return op == SpvOpConstant || op == SpvOpSpecConstant ? instruction[3] : 1;
}

static guint64
multiply (guint64 a,
          guint64 b)
{
  guint64 product;

  return g_uint64_checked_mul (&product, a, b) ? product : G_MAXUINT64;
}

/* @depth: how far it may go into types of types. */
static guint64
get_type_size (const Module *self,
               guint32       id,
               guint         depth)
{
  const guint32 *instruction = &self->words[self->defined[id]];
  guint64 size = 0;

  if (depth == 0)
    return 0;
  switch (instruction[0] & SpvOpCodeMask)
    {
    case SpvOpTypeBool:
      return 4;
    case SpvOpTypeInt:
    case SpvOpTypeFloat:
      return instruction[2] / 8;
    case SpvOpTypeVector:
    case SpvOpTypeMatrix:
      return multiply (get_type_size (self, instruction[2], depth - 1), instruction[3]);
    case SpvOpTypeArray:
      return multiply (get_type_size (self, instruction[2], depth - 1),
                       get_length (self, instruction[3]));
    case SpvOpTypeStruct:
      if (self->sizes[id] != 0)
        return self->sizes[id];
      for (guint32 i = 2; i < instruction[0] >> SpvWordCountShift; i++)
        size = MIN (size, G_MAXUINT64 / 2)
               + MIN (get_type_size (self, instruction[i], depth - 1), G_MAXUINT64 / 2);
      self->sizes[id] = size;
      return size;
    default:
      return 0;
    }
}

/* The variables that the entry point names: from version 1.4 on all that it uses. */
static gboolean
is_named (const Module *self,
          const char   *entry_point,
          guint32       variable)
{
  if (self->words[1] < 0x00010400)
    return TRUE;
  for (gsize i = HEADER_WORDS; i < self->n_words; i += self->words[i] >> SpvWordCountShift)
    {
      const guint32 *instruction = &self->words[i];
      const char *name = (const char *) &instruction[3];

      if ((instruction[0] & SpvOpCodeMask) != SpvOpEntryPoint
          || instruction[1] != SpvExecutionModelGLCompute || strcmp (name, entry_point) != 0)
        continue;
      for (guint32 j = 3 + (guint32) strlen (name) / 4 + 1; j < instruction[0] >> SpvWordCountShift;
           j++)
        if (instruction[j] == variable)
          return TRUE;
    }
  return FALSE;
}

guint64
rill_spirv_get_shared_size (GBytes                *spirv,
                            const char            *entry_point,
                            RillSpirvConstantFunc  get_constant,
                            gpointer               data)
{
  Module module = { .get_constant = get_constant, .data = data };
  guint64 size = 0;

  module_init (&module, spirv);
  for (gsize i = HEADER_WORDS; i < module.n_words; i += module.words[i] >> SpvWordCountShift)
    {
      const guint32 *variable = &module.words[i];
      const guint32 *pointer;

      if ((variable[0] & SpvOpCodeMask) != SpvOpVariable || variable[3] != SpvStorageClassWorkgroup
          || !is_named (&module, entry_point, variable[2]))
        continue;
      pointer = &module.words[module.defined[variable[1]]];
      size = MIN (size, G_MAXUINT64 / 2)
             + MIN (get_type_size (&module, pointer[3], MAX_TYPE_DEPTH), G_MAXUINT64 / 2);
    }
  module_clear (&module);
  return size;
}
