/* SPDX-License-Identifier: MIT */
#include "session/rill-device-private.h"

#include "core/rill-error-private.h"

#include <string.h>

/* The lower, the sooner it is the default. */
static guint
get_rank (RillDevice *device)
{
  switch (rill_device_get_device_type (device))
    {
    case RILL_DEVICE_TYPE_DISCRETE_GPU:
      return 0;
    case RILL_DEVICE_TYPE_INTEGRATED_GPU:
      return 1;
    case RILL_DEVICE_TYPE_VIRTUAL_GPU:
      return 2;
    case RILL_DEVICE_TYPE_CPU:
      return 3;
    case RILL_DEVICE_TYPE_OTHER:
    default:
      return 4;
    }
}

static const char *
get_type_name (RillDevice *device)
{
  switch (rill_device_get_device_type (device))
    {
    case RILL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete-gpu";
    case RILL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated-gpu";
    case RILL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual-gpu";
    case RILL_DEVICE_TYPE_CPU:
      return "cpu";
    case RILL_DEVICE_TYPE_OTHER:
    default:
      return "other";
    }
}

static gboolean
matches_index (RillDevice *device,
               const char *wanted)
{
  guint64 index;

  return g_ascii_string_to_unsigned (wanted, 10, 0, G_MAXUINT, &index, NULL)
         && index == rill_device_get_index (device);
}

static gboolean
matches_uuid (RillDevice *device,
              const char *wanted)
{
  return strcmp (wanted, rill_device_get_uuid (device)) == 0;
}

/* "discrete-gpu", "discrete_gpu" and "discrete" are the same. */
static gboolean
matches_type (RillDevice *device,
              const char *wanted)
{
  const char *name = get_type_name (device);
  g_autofree char *type = g_strdelimit (g_strdup (wanted), "_ ", '-');
  g_autofree char *long_type = g_strconcat (type, "-gpu", NULL);

  return strcmp (type, name) == 0 || strcmp (long_type, name) == 0;
}

static gboolean
matches_name (RillDevice *device,
              const char *wanted)
{
  g_autofree char *name = g_ascii_strdown (rill_device_get_name (device), -1);

  return strstr (name, wanted) != NULL;
}

static char *
devices_to_string (GListModel *devices)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (RillDevice) device = g_list_model_get_item (devices, i);
      g_string_append_printf (text, "%s%u: “%s” (%s, %s)", i > 0 ? "; " : "", i,
                              rill_device_get_name (device), get_type_name (device),
                              rill_device_get_uuid (device));
    }
  return g_string_free (text, FALSE);
}

static GListModel *
filter_by_test (GListModel  *devices,
                gboolean   (*test) (RillDevice *device, const char *wanted),
                const char  *wanted)
{
  GListStore *matching = g_list_store_new (RILL_TYPE_DEVICE);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (RillDevice) device = g_list_model_get_item (devices, i);
      if (test (device, wanted))
        g_list_store_append (matching, device);
    }
  return G_LIST_MODEL (matching);
}

/* The devices that RILL_DEVICE means: several where it is a type or part of a name. */
static GListModel *
filter_devices (GListModel  *devices,
                const char  *value,
                GError     **error)
{
  gboolean (* const tests[]) (RillDevice *, const char *)
    = { matches_index, matches_uuid, matches_type, matches_name };
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  g_autofree char *wanted = g_strstrip (g_ascii_strdown (valid, -1));
  g_autofree char *list = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autoptr (GListModel) matching = filter_by_test (devices, tests[i], wanted);
      if (g_list_model_get_n_items (matching) > 0)
        return g_steal_pointer (&matching);
    }

  list = devices_to_string (devices);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "Could not find the device that RILL_DEVICE names, “%s”: it is neither index, UUID, "
               "type nor part of the name of any of these: %s", valid, list);
  return NULL;
}

static RillDevice *
choose_usable (GListModel  *devices,
               GError     **error)
{
  g_autoptr (GString) reasons = g_string_new ("Could not find a device that can be used");
  g_autoptr (GError) reason = NULL;
  RillDevice *best = NULL; /* (unowned), of the list */

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (RillDevice) device = g_list_model_get_item (devices, i);
      g_clear_error (&reason);
      if (!rill_device_check_usable (device, &reason))
        g_string_append_printf (reasons, "%s%s", i == 0 ? ": " : "; ", reason->message);
      else if (best == NULL || get_rank (device) < get_rank (best))
        best = device;
    }
  if (best != NULL)
    return g_object_ref (best);
  if (g_list_model_get_n_items (devices) == 1)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER,
                         reasons->str);
  return NULL;
}

RillDevice *
rill_device_choose (GError **error)
{
  g_autoptr (GListModel) devices = rill_device_enumerate (error);
  g_autoptr (GListModel) wanted = NULL;
  const char *value = g_getenv ("RILL_DEVICE");

  if (devices == NULL)
    return NULL;
  if (value == NULL || *value == '\0')
    return choose_usable (devices, error);
  wanted = filter_devices (devices, value, error);
  return wanted != NULL ? choose_usable (wanted, error) : NULL;
}
