/* SPDX-License-Identifier: MIT */

/* Devices and faults that no machine has all of. */

#include "core/rill-error-private.h"
#include "session/rill-device-private.h"
#include "session/rill-instance-private.h"
#include "session/rill-memory-type-private.h"
#include "session/rill-session-private.h"

#include "rill-fake-vulkan.h"

static RillDevice *
get_device (guint index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) devices = rill_device_enumerate (&error);

  g_assert_no_error (error);
  return g_list_model_get_item (devices, index);
}

static void
assert_all_gone (void)
{
  rill_instance_drop_shared ();
  g_assert_cmpuint (fake.n_instances, ==, 0);
  g_assert_cmpuint (fake.n_messengers, ==, 0);
}

static void
test_enumerate (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) devices = NULL;

  reset ();
  fake.n_incomplete = 2;
  devices = rill_device_enumerate (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (fake.n_incomplete, ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (devices), ==, N_FAKES);
  for (guint i = 0; i < N_FAKES; i++)
    {
      g_autoptr (RillDevice) device = g_list_model_get_item (devices, i);
      g_assert_cmpuint (rill_device_get_index (device), ==, i);
      g_assert_cmpstr (rill_device_get_name (device), ==, fake.devices[i].name);
      g_assert_cmpint ((int) rill_device_get_device_type (device), ==, (int) fake.devices[i].type);
    }
  g_clear_object (&devices);
  assert_all_gone ();
}

static void
test_shared_instance (void)
{
  RillDevice *first;
  RillDevice *second;

  reset ();
  first = get_device (0);
  second = get_device (1);
  g_assert_cmpuint (fake.n_instances, ==, 1);
  g_object_unref (first);
  g_assert_cmpuint (fake.n_instances, ==, 1);
  g_object_unref (second);
  assert_all_gone ();

  first = get_device (0);
  g_assert_cmpuint (fake.n_instances, ==, 1);
  g_object_unref (first);
  assert_all_gone ();
}

static void
test_strings (void)
{
  g_autoptr (RillDevice) device = NULL;

  reset ();
  fake.devices[1].pci = TRUE;
  fake.devices[1].pci_bus = 0x3b;
  device = get_device (1);
  g_assert_cmpstr (rill_device_get_uuid (device), ==, "a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1");
  g_assert_cmpstr (rill_device_get_pci_bus (device), ==, "0000:3b:00.1");
  g_assert_cmpstr (rill_device_get_driver_name (device), ==, "driver of fakes");
  g_assert_cmpstr (rill_device_get_driver_version (device), ==, "22.3.6");
  g_assert_cmpstr (rill_device_get_api_version (device), ==, "1.3.230");
  g_assert_cmpuint (rill_device_get_vendor_id (device), ==, 0x1002);
  g_assert_cmpuint (rill_device_get_device_id (device), ==, 0x1234);
  g_clear_object (&device);

  device = get_device (0);
  g_assert_null (rill_device_get_pci_bus (device));
}

static void
assert_driver_version (const char *expected)
{
  g_autoptr (RillDevice) device = get_device (0);

  g_assert_cmpstr (rill_device_get_driver_version (device), ==, expected);
}

static void
test_driver_version (void)
{
  reset ();
  fake.devices[0].vendor_id = 0x10de;
  fake.devices[0].driver_id = VK_DRIVER_ID_NVIDIA_PROPRIETARY;
  fake.devices[0].driver_version = 570u << 22 | 124 << 14 | 6 << 6 | 1;
  assert_driver_version ("570.124.6.1");
  fake.devices[0].driver_info = "570.124.06";
  assert_driver_version ("570.124.06");

  /* Another driver for the same vendor's devices. */
  fake.devices[0].driver_id = VK_DRIVER_ID_MESA_RADV;
  fake.devices[0].driver_info = "";
  fake.devices[0].driver_version = VK_MAKE_API_VERSION (0, 24, 1, 2);
  assert_driver_version ("24.1.2");

  /* Before drivers told who they are. */
  fake.devices[0].api_version = VK_MAKE_API_VERSION (0, 1, 1, 5);
  fake.devices[0].driver_version = 390u << 22 | 77 << 14;
  assert_driver_version ("390.77.0.0");
}

static void
test_bad_text (void)
{
  g_autoptr (RillDevice) device = NULL;

  reset ();
  fake.devices[0].name = "Card \xff\xfe";
  fake.devices[0].type = (VkPhysicalDeviceType) 77;
  device = get_device (0);
  g_assert_true (g_utf8_validate (rill_device_get_name (device), -1, NULL));
  g_assert_cmpint (rill_device_get_device_type (device), ==, RILL_DEVICE_TYPE_OTHER);
}

static void
assert_unusable (RillVulkanError  code,
                 const char      *word)
{
  g_autoptr (RillDevice) device = get_device (0);
  g_autoptr (GError) error = NULL;

  g_assert_false (rill_device_check_usable (device, &error));
  g_assert_error (error, RILL_VULKAN_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_nonnull (strstr (error->message, fake.devices[0].name));
}

static void
test_old_device (void)
{
  g_autoptr (RillDevice) device = NULL;

  reset ();
  fake.devices[0].api_version = VK_MAKE_API_VERSION (0, 1, 0, 61);
  fake.devices[0].pci = TRUE;
  device = get_device (0);
  g_assert_cmpstr (rill_device_get_uuid (device), ==, "");
  g_assert_null (rill_device_get_pci_bus (device));
  g_assert_cmpstr (rill_device_get_driver_name (device), ==, "");
  g_assert_cmpstr (rill_device_get_driver_version (device), ==, "22.3.6");
  g_assert_cmpstr (rill_device_get_api_version (device), ==, "1.0.61");
  g_assert_cmpuint (g_list_model_get_n_items (rill_device_get_memory_types (device)), ==, 3);
  assert_unusable (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "1.0.61");

  fake.devices[0].api_version = VK_MAKE_API_VERSION (0, 1, 2, 131);
  assert_unusable (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "1.3");
  fake.devices[0].api_version = VK_MAKE_API_VERSION (1, 1, 3, 0);
  assert_unusable (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "1.3");
}

static void
test_missing_features (void)
{
  reset ();
  fake.devices[0].no_timeline = TRUE;
  assert_unusable (RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT, "timelineSemaphore");
  fake.devices[0].no_timeline = FALSE;
  fake.devices[0].no_synchronization2 = TRUE;
  assert_unusable (RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT, "synchronization2");
  fake.devices[0].no_synchronization2 = FALSE;
  fake.devices[0].no_maintenance4 = TRUE;
  assert_unusable (RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT, "maintenance4");
  fake.devices[0].no_maintenance4 = FALSE;
  fake.devices[0].queues = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_TRANSFER_BIT;
  assert_unusable (RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT, "compute");
}

static void
test_memory_types (void)
{
  g_autoptr (RillDevice) device = NULL;
  RillMemoryType *type;

  reset ();
  device = get_device (0);
  type = rill_device_get_memory_type (device, 0);
  g_assert_cmpuint (rill_memory_type_get_flags (type), ==, RILL_MEMORY_PROPERTY_NONE);
  g_assert_cmpuint (rill_memory_type_get_heap_size (type), ==, G_GUINT64_CONSTANT (1) << 40);
  g_assert_cmpuint (rill_memory_type_get_heap_budget (type), ==,
                    (G_GUINT64_CONSTANT (1) << 40) / 100 * 80);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, 0);

  /* A bit that nobody knows is not shown. */
  type = rill_device_get_memory_type (device, 2);
  g_assert_cmpuint (rill_memory_type_get_flags (type), ==, RILL_MEMORY_PROPERTY_HOST_VISIBLE);
  g_assert_cmpuint (rill_memory_type_get_index (type), ==, 2);
  g_assert_null (rill_device_get_memory_type (device, 3));
  g_assert_null (rill_device_get_memory_type (device, G_MAXUINT));
}

static void
test_budget (void)
{
  g_autoptr (RillDevice) device = NULL;
  RillMemoryType *type;

  reset ();
  fake.devices[0].budget = TRUE;
  device = get_device (0);
  type = rill_device_get_memory_type (device, 1);
  g_assert_cmpuint (rill_memory_type_get_heap_size (type), ==, 1000);
  g_assert_cmpuint (rill_memory_type_get_heap_budget (type), ==, 900);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, 50);
  type = rill_device_get_memory_type (device, 2);
  g_assert_cmpuint (rill_memory_type_get_heap_budget (type), ==, 800);
  g_assert_cmpuint (rill_memory_type_get_heap_usage (type), ==, 60);
}

static void
assert_chosen (const char *value,
               guint       index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillDevice) device = NULL;

  if (value != NULL)
    g_setenv ("RILL_DEVICE", value, TRUE);
  device = rill_device_choose (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (rill_device_get_index (device), ==, index);
}

static void
test_default (void)
{
  reset ();
  assert_chosen (NULL, 4);
  fake.devices[4].api_version = VK_API_VERSION_1_2;
  assert_chosen (NULL, 3);
  fake.devices[3].no_timeline = TRUE;
  assert_chosen (NULL, 2);
  fake.devices[2].queues = VK_QUEUE_TRANSFER_BIT;
  assert_chosen (NULL, 1);
  fake.devices[1].no_maintenance4 = TRUE;
  assert_chosen (NULL, 0);
  assert_chosen ("", 0);
}

static void
test_default_of_equals (void)
{
  reset ();
  fake.devices[2].type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
  assert_chosen (NULL, 2);
}

static void
test_variable (void)
{
  reset ();
  assert_chosen ("0", 0);
  assert_chosen ("2", 2);
  assert_chosen ("a3a3a3a3-a3a3-a3a3-a3a3-a3a3a3a3a3a3", 3);
  assert_chosen ("A3A3A3A3-A3A3-a3a3-a3a3-a3a3a3a3a3a3", 3);
  assert_chosen ("cpu", 1);
  assert_chosen ("CPU", 1);
  assert_chosen ("other", 0);
  assert_chosen ("virtual", 2);
  assert_chosen ("integrated-gpu", 3);
  assert_chosen ("Discrete_GPU", 4);
  assert_chosen ("rent", 2);
  assert_chosen ("  rented card\n", 2);
  assert_chosen ("PROCESSOR", 1);
  assert_chosen ("3070", 4);

  /* Several match: as if there were only these. */
  assert_chosen ("card", 4);
  fake.devices[4].api_version = VK_API_VERSION_1_1;
  assert_chosen ("card", 3);

  /* An index comes before a name, a type too. */
  fake.devices[0].name = "1 virtual";
  assert_chosen ("1", 1);
  assert_chosen ("virtual", 2);
}

static void
assert_not_chosen (const char *value,
                   GQuark      domain,
                   int         code,
                   const char *word)
{
  g_autoptr (GError) error = NULL;

  if (value != NULL)
    g_setenv ("RILL_DEVICE", value, TRUE);
  g_assert_null (rill_device_choose (&error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_variable_unknown (void)
{
  static const char * const values[] = { "8", "-1", "no such card", "gpu", "a3a3a3a3", "\xff" };

  reset ();
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    for (guint d = 0; d < N_FAKES; d++)
      assert_not_chosen (values[i], G_IO_ERROR, G_IO_ERROR_NOT_FOUND, fake.devices[d].name);
}

static void
test_variable_unusable (void)
{
  reset ();
  fake.devices[4].api_version = VK_API_VERSION_1_1;
  assert_not_chosen ("4", RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "Large Card");
  fake.devices[4].api_version = VK_API_VERSION_1_3;
  fake.devices[4].no_timeline = TRUE;
  assert_not_chosen ("large", RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT,
                     "timelineSemaphore");
}

static void
test_none_usable (void)
{
  reset ();
  for (guint i = 0; i < N_FAKES; i++)
    fake.devices[i].api_version = VK_API_VERSION_1_2;
  for (guint i = 0; i < N_FAKES; i++)
    assert_not_chosen (NULL, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER,
                       fake.devices[i].name);
}

static VkPhysicalDevice
find (RillDevice *device)
{
  return rill_device_find_in_instance (device, (VkInstance) (gpointer) &instance_memory, NULL);
}

static void
test_find (void)
{
  g_autoptr (RillDevice) device = NULL;

  reset ();
  device = get_device (3);
  g_assert_true (get_fake (find (device)) == &fake.devices[3]);
  for (guint i = 0; i < N_FAKES; i++)
    fake.order[i] = N_FAKES - 1 - i;
  g_assert_true (get_fake (find (device)) == &fake.devices[3]);

  fake.devices[3].uuid = 0;
  g_assert_true (find (device) == VK_NULL_HANDLE);
  fake.n_devices = 0;
  g_assert_true (find (device) == VK_NULL_HANDLE);
}

static void
test_find_twins (void)
{
  g_autoptr (RillDevice) device = NULL;

  reset ();
  for (guint i = 0; i < N_FAKES; i++)
    {
      fake.devices[i].uuid = 7;
      fake.devices[i].pci = TRUE;
    }
  /* Equal in everything: the same place. */
  device = get_device (3);
  g_assert_true (get_fake (find (device)) == &fake.devices[3]);
  g_clear_object (&device);

  /* One in another slot. */
  fake.devices[1].pci_bus = 5;
  device = get_device (1);
  fake.order[0] = 1;
  fake.order[1] = 0;
  g_assert_true (get_fake (find (device)) == &fake.devices[1]);
  g_clear_object (&device);

  /* One by another driver. */
  fake.devices[4].driver_uuid = 5;
  device = get_device (4);
  fake.order[4] = 3;
  fake.order[3] = 4;
  g_assert_true (get_fake (find (device)) == &fake.devices[4]);
}

static void
assert_enumerate_fails (RillVulkanError  code,
                        const char      *word)
{
  g_autoptr (GError) error = NULL;

  rill_instance_drop_shared ();
  g_assert_null (rill_device_enumerate (&error));
  g_assert_error (error, RILL_VULKAN_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);
  g_assert_null (rill_device_choose (&error));
  g_assert_error (error, RILL_VULKAN_ERROR, (int) code);
  g_assert_null (rill_device_enumerate (NULL));
  assert_all_gone ();
}

static void
test_old_loader (void)
{
  reset ();
  fake.loader_version = VK_MAKE_API_VERSION (0, 1, 2, 131);
  assert_enumerate_fails (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "1.2.131");
  assert_enumerate_fails (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "libvulkan1");
}

static void
test_no_devices (void)
{
  reset ();
  fake.n_devices = 0;
  assert_enumerate_fails (RILL_VULKAN_ERROR_INITIALIZATION_FAILED, "mesa-vulkan-drivers");
  reset ();
  fake.results[CALL_DEVICES] = VK_ERROR_INITIALIZATION_FAILED;
  assert_enumerate_fails (RILL_VULKAN_ERROR_INITIALIZATION_FAILED, "VK_DRIVER_FILES");
  reset ();
  fake.results[CALL_CREATE_INSTANCE] = VK_ERROR_INCOMPATIBLE_DRIVER;
  assert_enumerate_fails (RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER, "mesa-vulkan-drivers");
}

static void
test_faults (void)
{
  static const struct
  {
    Call call;
    const char *name;
  } cases[] = {
    { CALL_VERSION, "vkEnumerateInstanceVersion" },
    { CALL_EXTENSIONS, "vkEnumerateInstanceExtensionProperties" },
    { CALL_CREATE_INSTANCE, "vkCreateInstance" },
    { CALL_DEVICES, "vkEnumeratePhysicalDevices" },
    { CALL_DEVICE_EXTENSIONS, "vkEnumerateDeviceExtensionProperties" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      reset ();
      fake.results[cases[i].call] = VK_ERROR_OUT_OF_HOST_MEMORY;
      assert_enumerate_fails (RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY, cases[i].name);
    }
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
message_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
            VkDebugUtilsMessageTypeFlagsEXT             types,
            const VkDebugUtilsMessengerCallbackDataEXT *data,
            void                                       *user_data)
{
  return VK_FALSE;
}

/* A session that could not be opened is told of nothing, and nobody asks it: what the layer says comes to
 * where it still is. */
static void
test_not_opened (void)
{
  for (guint i = 0; i < 2; i++)
    {
      RillDevice *device;
      GError *error = NULL;

      reset ();
      fake.says_goodbye = i == 1;
      device = get_device (N_FAKES - 1);
      g_assert_null (rill_session_new (device, RILL_SESSION_VALIDATION, NULL, &error));
      g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_TOO_MANY_OBJECTS);
      g_clear_error (&error);
      fake.says_goodbye = FALSE;
      g_object_unref (device);
      assert_all_gone ();
    }
}

/* Each of the lists may have become longer between the two calls, again and again. */
static void
test_incomplete (void)
{
  for (guint n = 0; n < 8; n++)
    {
      g_autoptr (GError) error = NULL;
      RillInstance *instance;

      reset ();
      fake.n_complete = n;
      fake.n_incomplete = 20;
      g_object_unref (get_device (0));
      assert_all_gone ();

      fake.n_complete = n;
      fake.n_incomplete = 20;
      instance = rill_instance_new (message_cb, NULL, &error);
      g_assert_no_error (error);
      rill_instance_unref (instance);
      assert_all_gone ();
    }
}

static void
test_validation (void)
{
  g_autoptr (GError) error = NULL;
  RillInstance *instance;

  reset ();
  instance = rill_instance_new (message_cb, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (fake.heard_creation);
  g_assert_cmpuint (fake.n_messengers, ==, 1);
  rill_instance_unref (rill_instance_ref (instance));
  g_assert_cmpuint (fake.n_instances, ==, 1);
  rill_instance_unref (instance);
  assert_all_gone ();

  instance = rill_instance_new (NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (fake.heard_creation);
  g_assert_cmpuint (fake.n_messengers, ==, 0);
  rill_instance_unref (instance);
  assert_all_gone ();
}

static void
assert_validation_fails (GQuark      domain,
                         int         code,
                         const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rill_instance_new (message_cb, NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
  assert_all_gone ();
}

static void
test_validation_faults (void)
{
  reset ();
  fake.has_layer = FALSE;
  assert_validation_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "vulkan-validationlayers");
  reset ();
  fake.results[CALL_LAYERS] = VK_ERROR_OUT_OF_HOST_MEMORY;
  assert_validation_fails (RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                           "vkEnumerateInstanceLayerProperties");
  reset ();
  fake.loader_has_debug_utils = FALSE;
  assert_validation_fails (RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_EXTENSION_NOT_PRESENT,
                           VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
  reset ();
  fake.results[CALL_CREATE_MESSENGER] = VK_ERROR_OUT_OF_HOST_MEMORY;
  assert_validation_fails (RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                           "vkCreateDebugUtilsMessengerEXT");
}

/* The layer brings the extension where the loader does not. */
static void
test_debug_utils_of_layer (void)
{
  g_autoptr (GError) error = NULL;
  RillInstance *instance;

  reset ();
  fake.loader_has_debug_utils = FALSE;
  fake.layer_has_debug_utils = TRUE;
  instance = rill_instance_new (message_cb, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (instance->debug_utils);
  rill_instance_unref (instance);

  instance = rill_instance_new (NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (instance->debug_utils);
  g_assert_null ((gpointer) instance->set_object_name);
  rill_instance_unref (instance);
  assert_all_gone ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/device-fake/enumerate", test_enumerate);
  g_test_add_func ("/device-fake/incomplete", test_incomplete);
  g_test_add_func ("/device-fake/not-opened", test_not_opened);
  g_test_add_func ("/device-fake/shared-instance", test_shared_instance);
  g_test_add_func ("/device-fake/strings", test_strings);
  g_test_add_func ("/device-fake/driver-version", test_driver_version);
  g_test_add_func ("/device-fake/bad-text", test_bad_text);
  g_test_add_func ("/device-fake/old-device", test_old_device);
  g_test_add_func ("/device-fake/missing-features", test_missing_features);
  g_test_add_func ("/device-fake/memory-types", test_memory_types);
  g_test_add_func ("/device-fake/budget", test_budget);
  g_test_add_func ("/device-fake/default", test_default);
  g_test_add_func ("/device-fake/default-of-equals", test_default_of_equals);
  g_test_add_func ("/device-fake/variable", test_variable);
  g_test_add_func ("/device-fake/variable-unknown", test_variable_unknown);
  g_test_add_func ("/device-fake/variable-unusable", test_variable_unusable);
  g_test_add_func ("/device-fake/none-usable", test_none_usable);
  g_test_add_func ("/device-fake/find", test_find);
  g_test_add_func ("/device-fake/find-twins", test_find_twins);
  g_test_add_func ("/device-fake/old-loader", test_old_loader);
  g_test_add_func ("/device-fake/no-devices", test_no_devices);
  g_test_add_func ("/device-fake/faults", test_faults);
  g_test_add_func ("/device-fake/validation", test_validation);
  g_test_add_func ("/device-fake/validation-faults", test_validation_faults);
  g_test_add_func ("/device-fake/debug-utils-of-layer", test_debug_utils_of_layer);

  return g_test_run ();
}
