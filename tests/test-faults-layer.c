/* SPDX-License-Identifier: MIT */

/* Steers the simulation layer, and stands before the loader for calls that do not come to the layer
 * from the library alone: that the loader answers itself, that the validation layer makes too,
 * without a look at the result, or for which Vulkan lists no error. */

#include "test-faults.h"

#include "rill-simulation.h"

#include <dlfcn.h>

static struct
{
  PFN_rill_simulation_configure configure;
  PFN_rill_simulation_get_calls get_calls;
  PFN_rill_simulation_get_faults get_faults;
  PFN_rill_simulation_get_alive get_alive;
  PFN_rill_simulation_get_reports get_reports;
  PFN_rill_simulation_get_entry_point get_entry_point;
} layer;

static const VkResult host_errors[] = { VK_ERROR_OUT_OF_HOST_MEMORY, VK_SUCCESS };
static const VkResult init_errors[] = { VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY,
                                        VK_ERROR_INITIALIZATION_FAILED, VK_SUCCESS };
static const VkResult memory_errors[] = { VK_ERROR_OUT_OF_HOST_MEMORY,
                                          VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_SUCCESS };
static const VkResult unknown_errors[] = { VK_ERROR_UNKNOWN, VK_SUCCESS };

/* What does not come to the layer. */
typedef struct
{
  const char *name;
  const VkResult *errors;
  gint calls; /* (atomic) */
} LoaderCall;

static LoaderCall loader_calls[] = {
  { "vkEnumerateInstanceVersion", host_errors, 0 },
  { "vkEnumerateInstanceExtensionProperties", memory_errors, 0 },
  { "vkEnumerateInstanceLayerProperties", memory_errors, 0 },
  { "vkEnumerateDeviceExtensionProperties", memory_errors, 0 },
  { "vkEnumeratePhysicalDevices", init_errors, 0 },
  { "vkResetDescriptorPool", unknown_errors, 0 },
};
static Fault loader_fault;
static gint loader_hits; /* (atomic) */

static const struct
{
  VkResult result;
  const char *name;
} result_names[] = {
#define NAME(name) { name, #name }
  NAME (VK_ERROR_OUT_OF_HOST_MEMORY),
  NAME (VK_ERROR_OUT_OF_DEVICE_MEMORY),
  NAME (VK_ERROR_INITIALIZATION_FAILED),
  NAME (VK_ERROR_DEVICE_LOST),
  NAME (VK_ERROR_MEMORY_MAP_FAILED),
  NAME (VK_ERROR_LAYER_NOT_PRESENT),
  NAME (VK_ERROR_EXTENSION_NOT_PRESENT),
  NAME (VK_ERROR_FEATURE_NOT_PRESENT),
  NAME (VK_ERROR_INCOMPATIBLE_DRIVER),
  NAME (VK_ERROR_TOO_MANY_OBJECTS),
  NAME (VK_ERROR_FORMAT_NOT_SUPPORTED),
  NAME (VK_ERROR_FRAGMENTED_POOL),
  NAME (VK_ERROR_UNKNOWN),
  NAME (VK_ERROR_OUT_OF_POOL_MEMORY),
  NAME (VK_ERROR_INVALID_EXTERNAL_HANDLE),
  NAME (VK_ERROR_FRAGMENTATION),
  NAME (VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS),
  NAME (VK_ERROR_INVALID_SHADER_NV),
  NAME (VK_ERROR_COMPRESSION_EXHAUSTED_EXT),
#undef NAME
};

const char *
faults_get_result_name (VkResult result)
{
  for (guint i = 0; i < G_N_ELEMENTS (result_names); i++)
    if (result_names[i].result == result)
      return result_names[i].name;
  return NULL;
}

const char *
faults_get_topology (void)
{
  const char *text = g_getenv ("RILL_SIMULATION");

  return text != NULL ? text : "";
}

static gpointer
find_function (gpointer    library,
               const char *name)
{
  gpointer function = dlsym (library, name);

  if (function == NULL)
    g_error ("there is no %s", name);
  return function;
}

gboolean
faults_open (void)
{
  gpointer library = dlopen (RILL_SIMULATION_LIBRARY, RTLD_NOW | RTLD_NOLOAD);

  if (library == NULL)
    return FALSE;
#define FIND(name) \
  layer.name = (PFN_rill_simulation_##name) find_function (library, "rill_simulation_" #name)
  FIND (configure);
  FIND (get_calls);
  FIND (get_faults);
  FIND (get_alive);
  FIND (get_reports);
  FIND (get_entry_point);
#undef FIND
  return TRUE;
}

static LoaderCall *
find_loader_call (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (loader_calls); i++)
    if (g_str_equal (loader_calls[i].name, name))
      return &loader_calls[i];
  return NULL;
}

void
faults_arm (const Fault *fault,
            const char  *also)
{
  g_autoptr (GString) text = g_string_new (faults_get_topology ());

  for (guint i = 0; i < G_N_ELEMENTS (loader_calls); i++)
    g_atomic_int_set (&loader_calls[i].calls, 0);
  g_atomic_int_set (&loader_hits, 0);
  loader_fault = (Fault) { 0 };
  if (fault != NULL && find_loader_call (fault->call) != NULL)
    loader_fault = *fault;
  else if (fault != NULL && g_str_equal (fault->call, "lose"))
    g_string_append_printf (text, ",lose=%u", fault->n);
  else if (fault != NULL)
    g_string_append_printf (text, ",fail=%s:%u%s:%s", fault->call, fault->n,
                            fault->all_after ? "+" : "", faults_get_result_name (fault->result));
  g_string_append (text, also);
  if (layer.configure (text->str) != 0)
    g_error ("the simulation layer refuses “%s”", text->str);
}

gboolean
faults_hit (void)
{
  return g_atomic_int_get (&loader_hits) > 0 || layer.get_faults () > 0;
}

guint
faults_get_calls (const char *call)
{
  LoaderCall *loader_call = find_loader_call (call);

  return loader_call != NULL ? (guint) g_atomic_int_get (&loader_call->calls)
                             : (guint) layer.get_calls (call);
}

guint
faults_get_reports (void)
{
  return (guint) layer.get_reports ();
}

gint64
faults_get_alive (void)
{
  return layer.get_alive (NULL);
}

char *
faults_list_alive (void)
{
  static const char * const types[] = {
    "VkBuffer",         "VkCommandPool",         "VkDebugUtilsMessengerEXT",
    "VkDescriptorPool", "VkDescriptorSetLayout", "VkDevice",
    "VkDeviceMemory",   "VkImage",               "VkImageView",
    "VkInstance",       "VkPipeline",            "VkPipelineCache",
    "VkPipelineLayout", "VkQueryPool",           "VkSampler",
    "VkSemaphore",      "VkShaderModule",
  };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (layer.get_alive (types[i]) != 0)
      g_string_append_printf (text, "%s%s %" G_GINT64_FORMAT, text->len > 0 ? ", " : "", types[i],
                              (gint64) layer.get_alive (types[i]));
  return g_string_free (text, FALSE);
}

GArray *
faults_list_calls (void)
{
  GArray *calls = g_array_new (FALSE, FALSE, sizeof (FaultCall));
  FaultCall call;

  for (guint i = 0; (call.name = layer.get_entry_point (i, &call.errors)) != NULL; i++)
    {
      if (call.errors[0] != VK_SUCCESS && find_loader_call (call.name) == NULL)
        g_array_append_val (calls, call);
    }
  for (guint i = 0; i < G_N_ELEMENTS (loader_calls); i++)
    {
      call = (FaultCall) { loader_calls[i].name, loader_calls[i].errors };
      g_array_append_val (calls, call);
    }
  return calls;
}

/* TRUE: the call shall fail, with loader_fault.result. */
static gboolean
loader_call_fails (guint index)
{
  LoaderCall *call = &loader_calls[index];
  guint n = 1 + (guint) g_atomic_int_add (&call->calls, 1);

  if (loader_fault.call == NULL || !g_str_equal (loader_fault.call, call->name)
      || !(n == loader_fault.n || (loader_fault.all_after && n > loader_fault.n)))
    return FALSE;
  g_atomic_int_inc (&loader_hits);
  return TRUE;
}

#define LOADER_CALL(index, name, parameters, arguments)                    \
  VKAPI_ATTR VkResult VKAPI_CALL name parameters                           \
  {                                                                        \
    if (loader_call_fails (index))                                         \
      return loader_fault.result;                                          \
    return ((PFN_##name) find_function (RTLD_NEXT, #name)) arguments;      \
  }

LOADER_CALL (0, vkEnumerateInstanceVersion, (uint32_t *version), (version))
LOADER_CALL (1, vkEnumerateInstanceExtensionProperties,
             (const char *layer_name, uint32_t *n, VkExtensionProperties *properties),
             (layer_name, n, properties))
LOADER_CALL (2, vkEnumerateInstanceLayerProperties, (uint32_t *n, VkLayerProperties *properties),
             (n, properties))
LOADER_CALL (3, vkEnumerateDeviceExtensionProperties,
             (VkPhysicalDevice device, const char *layer_name, uint32_t *n,
              VkExtensionProperties *properties),
             (device, layer_name, n, properties))
LOADER_CALL (4, vkEnumeratePhysicalDevices,
             (VkInstance instance, uint32_t *n, VkPhysicalDevice *devices), (instance, n, devices))
LOADER_CALL (5, vkResetDescriptorPool,
             (VkDevice device, VkDescriptorPool pool, VkDescriptorPoolResetFlags flags),
             (device, pool, flags))
