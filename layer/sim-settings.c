/* SPDX-License-Identifier: MIT */
#include "sim-settings.h"

#include "sim-layer.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_HEAP (G_GUINT64_CONSTANT (1) << 48)
#define MAX_GRANULARITY 131072
#define MAX_ATOM 256

static const struct
{
  const char *word;
  SimTopology topology;
} topologies[] = {
  { "discrete", SIM_TOPOLOGY_DISCRETE },
  { "host-visible", SIM_TOPOLOGY_HOST_VISIBLE },
  { "integrated", SIM_TOPOLOGY_INTEGRATED },
  { "non-coherent", SIM_TOPOLOGY_NON_COHERENT },
};

static gboolean
parse_number (const char  *word,
              const char  *text,
              guint64      max,
              guint64     *value,
              GError     **error)
{
  if (g_ascii_string_to_unsigned (text, 10, 1, max, value, NULL))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "\"%s\": \"%s\" is no number from 1 to %" G_GUINT64_FORMAT, word, text, max);
  return FALSE;
}

/* Bytes, with K, M or G for powers of 1024. */
static gboolean
parse_size (const char  *word,
            const char  *text,
            guint64      max,
            guint64     *value,
            GError     **error)
{
  static const char suffixes[] = "KMG";
  gsize length = strlen (text);
  const char *suffix = length > 1 ? strchr (suffixes, text[length - 1]) : NULL;
  guint shift = suffix != NULL ? 10 * (guint) (suffix - suffixes + 1) : 0;
  g_autofree char *digits = g_strndup (text, suffix != NULL ? length - 1 : length);

  if (!g_ascii_string_to_unsigned (digits, 10, 1, MAX (1, max >> shift), value, NULL)
      || *value << shift > max)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "\"%s\": \"%s\" is no size from 1 to %" G_GUINT64_FORMAT " bytes", word, text,
                   max);
      return FALSE;
    }
  *value <<= shift;
  return TRUE;
}

/* No device has more than Vulkan's limit on it. */
static gboolean
parse_alignment (const char  *word,
                 const char  *text,
                 guint64      max,
                 guint64     *value,
                 GError     **error)
{
  if (!parse_size (word, text, max, value, error))
    return FALSE;
  if ((*value & (*value - 1)) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "\"%s\": %" G_GUINT64_FORMAT " is no power of two", word, *value);
  return FALSE;
}

static gboolean
find_result (const char *name,
             VkResult   *result)
{
  for (gsize i = 0; i < sim_n_result_names; i++)
    if (strcmp (sim_result_names[i].name, name) == 0)
      {
        *result = sim_result_names[i].result;
        return TRUE;
      }
  return FALSE;
}

static gboolean
find_fallible (const char  *word,
               const char  *name,
               SimCall     *call,
               GError     **error)
{
  if (!sim_call_find (name, call))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\": the layer sees no command \"%s\"", word, name);
  else if (sim_calls[*call].errors[0] == VK_SUCCESS)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\": \"%s\" has no error to fail with", word, name);
  else
    return TRUE;
  return FALSE;
}

/* COMMAND:N[+][:RESULT] */
static gboolean
parse_fault (const char   *word,
             const char   *text,
             SimSettings  *settings,
             GError      **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint n = g_strv_length (parts);
  SimFault fault = { 0 };
  SimCall call;
  guint64 first;

  if (settings->n_faults == SIM_MAX_FAULTS || n < 2 || n > 3)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "\"%s\": want fail=COMMAND:N[+][:RESULT], at most %d of them", word,
                   SIM_MAX_FAULTS);
      return FALSE;
    }
  if (!find_fallible (word, parts[0], &call, error))
    return FALSE;
  if (g_str_has_suffix (parts[1], "+"))
    {
      fault.all_after = TRUE;
      parts[1][strlen (parts[1]) - 1] = '\0';
    }
  if (!parse_number (word, parts[1], G_MAXINT, &first, error))
    return FALSE;

  fault.call = call;
  fault.first = (guint) first;
  fault.result = sim_calls[call].errors[0];
  if (n == 3 && !find_result (parts[2], &fault.result))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "\"%s\": \"%s\" is no result of Vulkan's", word, parts[2]);
      return FALSE;
    }
  settings->faults[settings->n_faults++] = fault;
  return TRUE;
}

static gboolean
parse_choice (const char  *word,
              const char  *text,
              const char  *choice,
              gboolean    *chosen,
              GError     **error)
{
  if (strcmp (text, choice) == 0)
    {
      *chosen = TRUE;
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "\"%s\": only \"%s\" is known", word, choice);
  return FALSE;
}

static gboolean
parse_pair (const char   *word,
            const char   *key,
            const char   *text,
            SimSettings  *settings,
            GError      **error)
{
  guint64 number = 0;

  if (strcmp (key, "small-heap") == 0)
    return parse_size (word, text, MAX_HEAP, &settings->small_heap, error);
  if (strcmp (key, "granularity") == 0)
    return parse_alignment (word, text, MAX_GRANULARITY, &settings->granularity, error);
  if (strcmp (key, "atom") == 0)
    return parse_alignment (word, text, MAX_ATOM, &settings->atom, error);
  if (strcmp (key, "queues") == 0)
    return parse_choice (word, text, "split", &settings->split_queues, error);
  if (strcmp (key, "schedule") == 0)
    return parse_choice (word, text, "late", &settings->late, error);
  if (strcmp (key, "overlap") == 0)
    return parse_choice (word, text, "report", &settings->report_overlaps, error);
  if (strcmp (key, "fail") == 0)
    return parse_fault (word, text, settings, error);
  if (strcmp (key, "count") == 0 && *text != '\0')
    {
      g_free (settings->count_file);
      settings->count_file = g_strdup (text);
      return TRUE;
    }
  if (strcmp (key, "few-allocations") == 0)
    {
      if (!parse_number (word, text, G_MAXINT, &number, error))
        return FALSE;
      settings->few_allocations = (guint) number;
      return TRUE;
    }
  if (strcmp (key, "lose") == 0)
    {
      if (!parse_number (word, text, G_MAXINT, &number, error))
        return FALSE;
      settings->lose = (guint) number;
      return TRUE;
    }
  if (strcmp (key, "delay-ms") == 0)
    {
      if (!parse_number (word, text, 60 * 1000, &number, error))
        return FALSE;
      settings->delay_ms = (guint) number;
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not understood", word);
  return FALSE;
}

static gboolean
parse_word (const char   *word,
            SimSettings  *settings,
            GError      **error)
{
  const char *equals = strchr (word, '=');
  g_autofree char *key = NULL;

  if (equals != NULL)
    {
      key = g_strndup (word, (gsize) (equals - word));
      return parse_pair (word, key, equals + 1, settings, error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (topologies); i++)
    if (strcmp (topologies[i].word, word) == 0)
      {
        if (settings->topology != SIM_TOPOLOGY_NONE)
          break;
        settings->topology = topologies[i].topology;
        return TRUE;
      }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               settings->topology != SIM_TOPOLOGY_NONE ? "\"%s\": there is a topology already"
                                                       : "\"%s\" is not understood",
               word);
  return FALSE;
}

gboolean
sim_settings_parse (const char   *text,
                    SimSettings  *settings,
                    GError      **error)
{
  g_auto (GStrv) words = NULL;

  *settings = (SimSettings) { 0 };
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the text is not UTF-8");
      return FALSE;
    }
  words = g_strsplit_set (text, ",; \t\n", -1);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0' && !parse_word (*word, settings, error))
      {
        sim_settings_clear (settings);
        return FALSE;
      }
  return TRUE;
}

void
sim_settings_copy (const SimSettings *self,
                   SimSettings       *copy)
{
  *copy = *self;
  copy->count_file = g_strdup (self->count_file);
}

void
sim_settings_clear (SimSettings *settings)
{
  g_free (settings->count_file);
  *settings = (SimSettings) { 0 };
}
