/* SPDX-License-Identifier: MIT */
#include "core/rill-debug-private.h"
#include "core/rill-error-private.h"
#include "rill-enum-types.h"

#include <string.h>

static void
test_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (RILL_VULKAN_ERROR), ==, "rill-vulkan-error-quark");
}

static const VkResult named_errors[] = {
  VK_ERROR_OUT_OF_HOST_MEMORY,
  VK_ERROR_OUT_OF_DEVICE_MEMORY,
  VK_ERROR_INITIALIZATION_FAILED,
  VK_ERROR_DEVICE_LOST,
  VK_ERROR_MEMORY_MAP_FAILED,
  VK_ERROR_LAYER_NOT_PRESENT,
  VK_ERROR_EXTENSION_NOT_PRESENT,
  VK_ERROR_FEATURE_NOT_PRESENT,
  VK_ERROR_INCOMPATIBLE_DRIVER,
  VK_ERROR_TOO_MANY_OBJECTS,
  VK_ERROR_FORMAT_NOT_SUPPORTED,
  VK_ERROR_FRAGMENTED_POOL,
  VK_ERROR_OUT_OF_POOL_MEMORY,
  VK_ERROR_INVALID_EXTERNAL_HANDLE,
  VK_ERROR_FRAGMENTATION,
  VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS,
  VK_ERROR_UNKNOWN,
};

/* Every code but FAILED and SHADER_COMPILATION is one of a VkResult of the same name. */
static void
test_codes (void)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (RILL_TYPE_VULKAN_ERROR);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (named_errors); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = NULL;

      rill_set_vulkan_error (&error, named_errors[i], "vkCall", "Could not test");
      g_assert_nonnull (error);
      g_assert_true (error->domain == RILL_VULKAN_ERROR);
      name = g_strconcat ("VK_", g_enum_get_value (klass, error->code)->value_name
                                 + strlen ("RILL_VULKAN_"), NULL);
      g_assert_cmpstr (rill_vk_result_get_name (named_errors[i]), ==, name);
      g_assert_true (g_hash_table_add (seen, GINT_TO_POINTER (error->code)));
    }
  g_assert_cmpuint (g_hash_table_size (seen), ==, klass->n_values - 2);
}

static void
test_message (void)
{
  g_autoptr (GError) error = NULL;

  rill_set_vulkan_error (&error, VK_ERROR_MEMORY_MAP_FAILED, "vkMapMemory",
                         "Could not map %s of page %u", "4.2 MB", 3);
  g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_MEMORY_MAP_FAILED);
  g_assert_cmpstr (error->message, ==,
                   "Could not map 4.2 MB of page 3: vkMapMemory: Mapping of a memory object has "
                   "failed (VK_ERROR_MEMORY_MAP_FAILED)");
}

static void
test_other_results (void)
{
  g_autoptr (GError) error = NULL;

  rill_set_vulkan_error (&error, VK_TIMEOUT, "vkWaitSemaphores", "Could not wait");
  g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "(VK_TIMEOUT)"));
  g_clear_error (&error);

  rill_set_vulkan_error (&error, (VkResult) -1234567, "vkCall", "Could not test");
  g_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "-1234567"));
  g_assert_nonnull (rill_vk_result_get_name ((VkResult) -1234567));
}

static void
test_no_error_wanted (void)
{
  rill_set_vulkan_error (NULL, VK_ERROR_DEVICE_LOST, "vkCall", "Could not test %d", 1);
}

static void
test_format_size (void)
{
  static const struct
  {
    guint64 size;
    const char *text;
  } cases[] = {
    { 0, "0 bytes" },
    { 1, "1 byte" },
    { 512, "512 bytes" },
    { 999, "999 bytes" },
    { 1000, "1.0 kB" },
    { 1049, "1.0 kB" },
    { 1050, "1.1 kB" },
    { 999949, "999.9 kB" },
    { 999950, "1.0 MB" },
    { 4194304, "4.2 MB" },
    { 33554432, "33.6 MB" },
    { 999950000, "1.0 GB" },
    { G_GUINT64_CONSTANT (150754820096), "150.8 GB" },
    { G_GUINT64_CONSTANT (5000000000000), "5.0 TB" },
    { G_GUINT64_CONSTANT (7250000000000000), "7.3 PB" },
    { G_MAXUINT64, "18.4 EB" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = rill_format_size (cases[i].size);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_debug (void)
{
  g_unsetenv ("RILL_DEBUG");
  g_assert_cmpuint (rill_debug_get_flags (), ==, RILL_DEBUG_NONE);
  g_setenv ("RILL_DEBUG", "staging", TRUE);
  g_assert_cmpuint (rill_debug_get_flags (), ==, RILL_DEBUG_STAGING);
  g_setenv ("RILL_DEBUG", "nothing-known", TRUE);
  g_assert_cmpuint (rill_debug_get_flags (), ==, RILL_DEBUG_NONE);
  g_setenv ("RILL_DEBUG", "nothing-known,STAGING", TRUE);
  g_assert_cmpuint (rill_debug_get_flags (), ==, RILL_DEBUG_STAGING);
  g_setenv ("RILL_DEBUG", "", TRUE);
  g_assert_cmpuint (rill_debug_get_flags (), ==, RILL_DEBUG_NONE);
  g_unsetenv ("RILL_DEBUG");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/error/domain", test_domain);
  g_test_add_func ("/error/codes", test_codes);
  g_test_add_func ("/error/message", test_message);
  g_test_add_func ("/error/other-results", test_other_results);
  g_test_add_func ("/error/no-error-wanted", test_no_error_wanted);
  g_test_add_func ("/error/format-size", test_format_size);
  g_test_add_func ("/error/debug", test_debug);

  return g_test_run ();
}
