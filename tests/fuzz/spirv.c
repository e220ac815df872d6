/* SPDX-License-Identifier: MIT */

/* Bytes from anywhere as SPIR-V, up to where a driver would see them: the validator, the
 * capabilities, the reflection, the size of shared variables. The device has every feature. */

#include "rill-fuzz.h"

#include "compute/rill-reflection-private.h"
#include "compute/rill-spirv-private.h"
#include "core/rill-error-private.h"

#include <string.h>

static void
set_all (gpointer data,
         gsize    from,
         gsize    to)
{
  VkBool32 *values = (VkBool32 *) ((guint8 *) data + from);

  for (gsize i = 0; i < (to - from) / sizeof *values; i++)
    values[i] = VK_TRUE;
}

#define SET_ALL(type, data, first, last) \
  set_all (data, G_STRUCT_OFFSET (type, first), G_STRUCT_OFFSET (type, last) + sizeof (VkBool32))

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceFeatures2 (VkPhysicalDevice           physical_device,
                              VkPhysicalDeviceFeatures2 *features)
{
  SET_ALL (VkPhysicalDeviceFeatures, &features->features, robustBufferAccess, inheritedQueries);
  for (VkBaseOutStructure *next = features->pNext; next != NULL; next = next->pNext)
    switch ((int) next->sType)
      {
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES:
        SET_ALL (VkPhysicalDeviceVulkan11Features, next, storageBuffer16BitAccess,
                 shaderDrawParameters);
        break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
        SET_ALL (VkPhysicalDeviceVulkan12Features, next, samplerMirrorClampToEdge,
                 subgroupBroadcastDynamicId);
        break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES:
        SET_ALL (VkPhysicalDeviceVulkan13Features, next, robustImageAccess, maintenance4);
        break;
      default:
        g_assert_not_reached ();
      }
}

VKAPI_ATTR void VKAPI_CALL
vkGetPhysicalDeviceProperties2 (VkPhysicalDevice             physical_device,
                                VkPhysicalDeviceProperties2 *properties)
{
  VkBaseOutStructure *next = properties->pNext;

  g_assert_cmpint (next->sType, ==, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES);
  SET_ALL (VkPhysicalDeviceVulkan12Properties, next, shaderSignedZeroInfNanPreserveFloat16,
           shaderRoundingModeRTZFloat64);
}

static RillContext context;

static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION)
         || g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT)
         || g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void
check_refusal (const GError *error)
{
  g_assert_nonnull (error);
  if (!is_refusal (error))
    g_error ("%s, %d: %s", g_quark_to_string (error->domain), error->code, error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
check_bindings (const RillReflection *reflection)
{
  for (guint i = 0; i < reflection->bindings->len; i++)
    {
      const RillBinding *binding = rill_reflection_binding (reflection, i);
      gint found;

      g_assert_cmpuint (binding->descriptor, <, reflection->descriptors->len);
      g_assert_cmpstr (binding->name, !=, "");
      g_assert_true (g_utf8_validate (binding->name, -1, NULL));
      g_assert_true (binding->block_name == NULL
                     || g_utf8_validate (binding->block_name, -1, NULL));
      /* Variables without a name that share a binding share the name that it gives them. */
      found = rill_reflection_find_binding (reflection, binding->name);
      g_assert_cmpint (found, >=, 0);
      g_assert_cmpuint (rill_reflection_binding (reflection, found)->descriptor, ==,
                        binding->descriptor);
    }
}

static void
check_descriptors (const RillReflection *reflection)
{
  guint n_elements = 0;

  for (guint i = 0; i < reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (reflection, i);

      g_assert_cmpuint (descriptor->kind, <, RILL_N_BINDING_KINDS);
      g_assert_cmpuint (descriptor->first_element, ==, n_elements);
      g_assert_cmpuint (descriptor->count, >, 0);
      n_elements += descriptor->count;
      for (guint j = 0; j < i; j++)
        {
          const RillDescriptor *other = rill_reflection_descriptor (reflection, j);
          g_assert_false (other->set == descriptor->set && other->binding == descriptor->binding);
        }
    }
  g_assert_cmpuint (n_elements, ==, reflection->n_elements);
}

static void
check_constants (const RillReflection *reflection)
{
  for (guint i = 0; i < reflection->constants->len; i++)
    {
      const RillConstant *constant = rill_reflection_constant (reflection, i);

      g_assert_cmpint (rill_reflection_find_constant (reflection, constant->id), ==, (gint) i);
      g_assert_nonnull (constant->type_name);
      g_assert_cmpuint (constant->size, >=, 1);
      g_assert_cmpuint (constant->size, <=, 8);
    }
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (reflection->local_size_constants[i], <, (gint) reflection->constants->len);
}

static gboolean
get_constant_cb (guint32   spec_id,
                 guint32  *value,
                 gpointer  data)
{
  *value = spec_id * 0x9e3779b9u;
  return (spec_id & 1) != 0;
}

static void
reflect (GBytes     *spirv,
         const char *entry_point)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillReflection) reflection = rill_reflection_new (spirv, entry_point, &error);

  if (reflection == NULL)
    {
      check_refusal (error);
      return;
    }
  g_assert_no_error (error);
  check_bindings (reflection);
  check_descriptors (reflection);
  check_constants (reflection);
  (void) rill_spirv_get_shared_size (spirv, entry_point, get_constant_cb, NULL);
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  SET_ALL (VkPhysicalDeviceVulkan12Features, &context.features12, samplerMirrorClampToEdge,
           subgroupBroadcastDynamicId);
  context.properties11.subgroupSupportedStages = VK_SHADER_STAGE_COMPUTE_BIT;
  context.properties11.subgroupSupportedOperations = ~0u;
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GBytes) spirv = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) entry_points = NULL;

  if (rill_spirv_check (&context, spirv, &error))
    {
      g_assert_cmpuint (size % sizeof (guint32), ==, 0);
      entry_points = rill_reflection_list_entry_points (spirv, &error);
    }
  g_assert_cmpint (entry_points != NULL, ==, error == NULL);
  if (entry_points == NULL)
    {
      check_refusal (error);
      return 0;
    }
  g_assert_cmpuint (g_strv_length (entry_points), >, 0);
  for (guint i = 0; entry_points[i] != NULL; i++)
    reflect (spirv, entry_points[i]);
  return 0;
}
