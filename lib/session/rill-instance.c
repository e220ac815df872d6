/* SPDX-License-Identifier: MIT */
#include "session/rill-instance-private.h"

#include "core/rill-error-private.h"

#include <string.h>

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

static GMutex shared_lock;

/* (owned) under shared_lock. It is never dropped: with the last instance the loader unloads the driver, and
 * a driver of NVIDIA's that was loaded thirty times finds no room for its thread-local data any more. */
static RillInstance *shared_instance;

static gboolean
check_loader_version (GError **error)
{
  guint32 version = 0;
  VkResult result = vkEnumerateInstanceVersion (&version);

  if (result != VK_SUCCESS)
    {
      rill_set_vulkan_error (error, result, "vkEnumerateInstanceVersion",
                             "Could not create a Vulkan instance");
      return FALSE;
    }
  if (version < VK_API_VERSION_1_3)
    {
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER,
                   "Could not create a Vulkan instance: the Vulkan loader has version %u.%u.%u, "
                   "but 1.3 is needed; install a newer one (package libvulkan1, or vulkan-loader "
                   "on Fedora)",
                   VK_API_VERSION_MAJOR (version), VK_API_VERSION_MINOR (version),
                   VK_API_VERSION_PATCH (version));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_validation_layer (GError **error)
{
  g_autofree VkLayerProperties *layers = NULL;
  guint32 n_layers = 0;
  VkResult result;

  do
    {
      result = vkEnumerateInstanceLayerProperties (&n_layers, NULL);
      if (result != VK_SUCCESS)
        break;
      g_free (layers);
      layers = g_new0 (VkLayerProperties, n_layers + 1);
      result = vkEnumerateInstanceLayerProperties (&n_layers, layers);
    }
  while (result == VK_INCOMPLETE);

  if (result != VK_SUCCESS)
    {
      rill_set_vulkan_error (error, result, "vkEnumerateInstanceLayerProperties",
                             "Could not look for the validation layer");
      return FALSE;
    }
  for (guint32 i = 0; i < n_layers; i++)
    if (strcmp (layers[i].layerName, VALIDATION_LAYER) == 0)
      return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       "Could not find the validation layer " VALIDATION_LAYER ": install it "
                       "(package vulkan-validationlayers, or vulkan-validation-layers on Fedora) "
                       "or set VK_LAYER_PATH to the folder of its .json file");
  return FALSE;
}

/* The loader or a driver offers it, or the validation layer. */
static gboolean
has_debug_utils (const char  *layer,
                 gboolean    *found,
                 GError     **error)
{
  g_autofree VkExtensionProperties *extensions = NULL;
  guint32 n_extensions = 0;
  VkResult result;

  *found = FALSE;
  do
    {
      result = vkEnumerateInstanceExtensionProperties (layer, &n_extensions, NULL);
      if (result != VK_SUCCESS)
        break;
      g_free (extensions);
      extensions = g_new0 (VkExtensionProperties, n_extensions + 1);
      result = vkEnumerateInstanceExtensionProperties (layer, &n_extensions, extensions);
    }
  while (result == VK_INCOMPLETE);

  if (result != VK_SUCCESS)
    {
      rill_set_vulkan_error (error, result, "vkEnumerateInstanceExtensionProperties",
                             "Could not create a Vulkan instance");
      return FALSE;
    }
  for (guint32 i = 0; i < n_extensions && !*found; i++)
    *found = strcmp (extensions[i].extensionName, VK_EXT_DEBUG_UTILS_EXTENSION_NAME) == 0;
  return TRUE;
}

/* Completes the message of an error that means: there is no driver. */
static void
add_driver_hint (GError **error)
{
  static const char * const variables[] = { "VK_DRIVER_FILES", "VK_ICD_FILENAMES" };
  GString *text;

  if (error == NULL || *error == NULL)
    return;

  text = g_string_new ((*error)->message);
  g_string_append (text, "; install a Vulkan driver (package mesa-vulkan-drivers, which has one "
                         "for the CPU too, or the vendor's) or set VK_DRIVER_FILES to the driver's "
                         ".json file");
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);
      g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;
      if (valid != NULL)
        g_string_append_printf (text, "; %s is now “%s”", variables[i], valid);
    }
  g_free ((*error)->message);
  (*error)->message = g_string_free (text, FALSE);
}

static gboolean
create_handle (RillInstance                              *self,
               const VkDebugUtilsMessengerCreateInfoEXT  *messenger_info,
               GError                                   **error)
{
  const char *layer = VALIDATION_LAYER;
  const char *extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  const VkApplicationInfo application_info = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = g_get_prgname (),
    .pEngineName = "Rill",
    .apiVersion = VK_API_VERSION_1_3,
  };
  const VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pNext = messenger_info, /* hears what creation and destruction of the instance have to say */
    .pApplicationInfo = &application_info,
    .enabledLayerCount = messenger_info != NULL ? 1 : 0,
    .ppEnabledLayerNames = &layer,
    .enabledExtensionCount = self->debug_utils ? 1 : 0,
    .ppEnabledExtensionNames = &extension,
  };
  VkResult result = vkCreateInstance (&info, NULL, &self->handle);

  if (result == VK_SUCCESS)
    return TRUE;
  self->handle = VK_NULL_HANDLE;
  rill_set_vulkan_error (error, result, "vkCreateInstance", "Could not create a Vulkan instance");
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    add_driver_hint (error);
  return FALSE;
}

static gboolean
create_messenger (RillInstance                              *self,
                  const VkDebugUtilsMessengerCreateInfoEXT  *info,
                  GError                                   **error)
{
  PFN_vkCreateDebugUtilsMessengerEXT create
    = (PFN_vkCreateDebugUtilsMessengerEXT) vkGetInstanceProcAddr (self->handle,
                                                                  "vkCreateDebugUtilsMessengerEXT");
  VkResult result = VK_ERROR_EXTENSION_NOT_PRESENT;

  if (create != NULL && self->destroy_messenger != NULL)
    result = create (self->handle, info, NULL, &self->messenger);
  if (result == VK_SUCCESS)
    return TRUE;
  self->messenger = VK_NULL_HANDLE;
  rill_set_vulkan_error (error, result, "vkCreateDebugUtilsMessengerEXT",
                         "Could not listen to the validation layer");
  return FALSE;
}

static void
instance_free (RillInstance *self)
{
  if (self->messenger != VK_NULL_HANDLE)
    self->destroy_messenger (self->handle, self->messenger, NULL);
  if (self->handle != VK_NULL_HANDLE)
    vkDestroyInstance (self->handle, NULL);
  g_free (self);
}

static gboolean
instance_init (RillInstance                              *self,
               const VkDebugUtilsMessengerCreateInfoEXT  *messenger_info,
               GError                                   **error)
{
  if (!check_loader_version (error)
      || (messenger_info != NULL && !check_validation_layer (error))
      || !has_debug_utils (NULL, &self->debug_utils, error)
      || (messenger_info != NULL && !self->debug_utils
          && !has_debug_utils (VALIDATION_LAYER, &self->debug_utils, error)))
    return FALSE;
  if (messenger_info != NULL && !self->debug_utils)
    {
      rill_set_vulkan_error (error, VK_ERROR_EXTENSION_NOT_PRESENT, "vkCreateInstance",
                             "Could not listen to the validation layer without %s",
                             VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
      return FALSE;
    }
  if (!create_handle (self, messenger_info, error))
    return FALSE;

  if (self->debug_utils)
    {
      self->set_object_name = (PFN_vkSetDebugUtilsObjectNameEXT)
        vkGetInstanceProcAddr (self->handle, "vkSetDebugUtilsObjectNameEXT");
      self->destroy_messenger = (PFN_vkDestroyDebugUtilsMessengerEXT)
        vkGetInstanceProcAddr (self->handle, "vkDestroyDebugUtilsMessengerEXT");
    }
  return messenger_info == NULL || create_messenger (self, messenger_info, error);
}

RillInstance *
rill_instance_get_shared (GError **error)
{
  RillInstance *instance;

  g_mutex_lock (&shared_lock);
  if (shared_instance == NULL)
    shared_instance = rill_instance_new (NULL, NULL, error);
  instance = shared_instance != NULL ? rill_instance_ref (shared_instance) : NULL;
  g_mutex_unlock (&shared_lock);
  return instance;
}

void
rill_instance_drop_shared (void)
{
  g_autoptr (RillInstance) dropped = NULL;

  g_mutex_lock (&shared_lock);
  dropped = g_steal_pointer (&shared_instance);
  g_mutex_unlock (&shared_lock);
}

RillInstance *
rill_instance_new (PFN_vkDebugUtilsMessengerCallbackEXT   callback,
                   gpointer                               user_data,
                   GError                               **error)
{
  const VkDebugUtilsMessengerCreateInfoEXT messenger_info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                       | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                   | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = callback,
    .pUserData = user_data,
  };
  RillInstance *self = g_new0 (RillInstance, 1);

  g_atomic_ref_count_init (&self->ref_count);
  if (instance_init (self, callback != NULL ? &messenger_info : NULL, error))
    return self;
  instance_free (self);
  return NULL;
}

RillInstance *
rill_instance_ref (RillInstance *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_instance_unref (RillInstance *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    instance_free (self);
}

VkPhysicalDevice *
rill_instance_get_physical_devices (VkInstance   handle,
                                    guint       *n_devices,
                                    GError     **error)
{
  g_autofree VkPhysicalDevice *devices = NULL;
  guint32 n = 0;
  VkResult result;

  do
    {
      result = vkEnumeratePhysicalDevices (handle, &n, NULL);
      if (result != VK_SUCCESS)
        break;
      g_free (devices);
      devices = g_new0 (VkPhysicalDevice, n + 1);
      result = vkEnumeratePhysicalDevices (handle, &n, devices);
    }
  while (result == VK_INCOMPLETE);

  *n_devices = result == VK_SUCCESS ? n : 0;
  if (*n_devices > 0)
    return g_steal_pointer (&devices);
  /* A loader may also answer with no device and no error: that means the same. */
  if (result == VK_SUCCESS)
    result = VK_ERROR_INITIALIZATION_FAILED;
  rill_set_vulkan_error (error, result, "vkEnumeratePhysicalDevices",
                         "Could not find a Vulkan device");
  if (result == VK_ERROR_INITIALIZATION_FAILED || result == VK_ERROR_INCOMPATIBLE_DRIVER)
    add_driver_hint (error);
  return NULL;
}
