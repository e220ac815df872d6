/* SPDX-License-Identifier: MIT */
#include "core/rill-error-private.h"

typedef struct
{
  VkResult result;
  RillVulkanError code;
  const char *name;
  const char *sentence;
} ResultInfo;

#define RESULT(name, sentence) { VK_##name, RILL_VULKAN_ERROR_FAILED, "VK_" #name, sentence }
#define ERROR(name, sentence) \
  { VK_ERROR_##name, RILL_VULKAN_ERROR_##name, "VK_ERROR_" #name, sentence }

/* A code that a driver or an extension adds goes here; without an entry it is shown as a number. */
static const ResultInfo result_infos[] = {
  ERROR (OUT_OF_HOST_MEMORY, "A host memory allocation has failed"),
  ERROR (OUT_OF_DEVICE_MEMORY, "A device memory allocation has failed"),
  ERROR (INITIALIZATION_FAILED, "An object could not be initialised"),
  ERROR (DEVICE_LOST, "The device has been lost; only a new session helps"),
  ERROR (MEMORY_MAP_FAILED, "Mapping of a memory object has failed"),
  ERROR (LAYER_NOT_PRESENT, "A requested layer is not present or could not be loaded"),
  ERROR (EXTENSION_NOT_PRESENT, "A requested extension is not supported"),
  ERROR (FEATURE_NOT_PRESENT, "A requested feature is not supported"),
  ERROR (INCOMPATIBLE_DRIVER, "No driver supports the requested version of Vulkan"),
  ERROR (TOO_MANY_OBJECTS, "Too many objects of the type have been created"),
  ERROR (FORMAT_NOT_SUPPORTED, "The format is not supported on this device"),
  ERROR (FRAGMENTED_POOL, "A pool allocation has failed, because the pool's memory is fragmented"),
  ERROR (OUT_OF_POOL_MEMORY, "A pool memory allocation has failed"),
  ERROR (INVALID_EXTERNAL_HANDLE, "An external handle is not valid for the given type"),
  ERROR (FRAGMENTATION, "A descriptor pool could not be created because of fragmentation"),
  ERROR (INVALID_OPAQUE_CAPTURE_ADDRESS, "A requested address is not available"),
  ERROR (UNKNOWN, "The driver reports an unknown error"),
  RESULT (SUCCESS, "The command has completed"),
  RESULT (NOT_READY, "The work has not yet completed"),
  RESULT (TIMEOUT, "A wait has not completed in the given time"),
  RESULT (EVENT_SET, "The event is set"),
  RESULT (EVENT_RESET, "The event is not set"),
  RESULT (INCOMPLETE, "The list was too long for the space that was given"),
  RESULT (PIPELINE_COMPILE_REQUIRED, "A pipeline would have to be compiled"),
  RESULT (ERROR_VALIDATION_FAILED_EXT, "A layer has refused an invalid use of Vulkan"),
  RESULT (ERROR_NOT_PERMITTED_KHR, "The process has not the right to do this"),
  RESULT (ERROR_INVALID_SHADER_NV, "A shader could not be compiled or linked"),
};

#undef ERROR
#undef RESULT

/**
 * rill_vulkan_error_quark:
 *
 * Gets the domain of errors of what Vulkan, the device or a shader refuses, %RILL_VULKAN_ERROR.
 *
 * Returns: the quark
 */
G_DEFINE_QUARK (rill-vulkan-error-quark, rill_vulkan_error)

static const ResultInfo *
find_info (VkResult result)
{
  for (guint i = 0; i < G_N_ELEMENTS (result_infos); i++)
    if (result_infos[i].result == result)
      return &result_infos[i];
  return NULL;
}

void
rill_set_vulkan_error (GError     **error,
                       VkResult     result,
                       const char  *call,
                       const char  *attempt,
                       ...)
{
  const ResultInfo *info = find_info (result);
  g_autofree char *text = NULL;
  va_list args;

  if (error == NULL)
    return;

  va_start (args, attempt);
  text = g_strdup_vprintf (attempt, args);
  va_end (args);

  if (info != NULL)
    g_set_error (error, RILL_VULKAN_ERROR, info->code, "%s: %s: %s (%s)", text, call,
                 info->sentence, info->name);
  else
    g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FAILED,
                 "%s: %s: An error of Vulkan that has no name here (VkResult %d)", text, call,
                 (int) result);
}

const char *
rill_vk_result_get_name (VkResult result)
{
  const ResultInfo *info = find_info (result);

  return info != NULL ? info->name : "unknown VkResult";
}

char *
rill_format_size (guint64 size)
{
  static const char * const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
  guint64 tenth = 100;
  guint64 tenths;

  if (size < 1000)
    return g_strdup_printf ("%u %s", (guint) size, size == 1 ? "byte" : "bytes");

  for (guint i = 0;; i++, tenth *= 1000)
    {
      /* Rounded without a sum that could overflow. */
      tenths = size / tenth + (size % tenth >= tenth / 2);
      if (tenths < 10000 || i + 1 == G_N_ELEMENTS (units))
        return g_strdup_printf ("%u.%u %s", (guint) (tenths / 10), (guint) (tenths % 10), units[i]);
    }
}
