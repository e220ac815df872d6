/* SPDX-License-Identifier: MIT */

/* The text that configures the simulation layer: what is accepted is in its range, and says the
 * same when it is written down again. */

#include "rill-fuzz.h"

#include "sim-layer.h"

#include <string.h>

#define MAX_BYTES (G_GUINT64_CONSTANT (1) << 48)
#define MAX_GRANULARITY 131072
#define MAX_ATOM 256

static gboolean
is_alignment (guint64 value,
              guint64 max)
{
  return value <= max && (value & (value - 1)) == 0;
}

static const char *
find_result_name (VkResult result)
{
  for (gsize i = 0; i < sim_n_result_names; i++)
    if (sim_result_names[i].result == result)
      return sim_result_names[i].name;
  g_error ("a fault's result is %d, which has no name", result);
}

static void
check_values (const SimSettings *settings)
{
  g_assert_cmpuint (settings->topology, <=, SIM_TOPOLOGY_NON_COHERENT);
  g_assert_true (is_alignment (settings->granularity, MAX_GRANULARITY));
  g_assert_true (is_alignment (settings->atom, MAX_ATOM));
  g_assert_cmpuint (settings->small_heap, <=, MAX_BYTES);
  g_assert_cmpuint (settings->few_allocations, <=, G_MAXINT);
  g_assert_cmpuint (settings->lose, <=, G_MAXINT);
  g_assert_cmpuint (settings->delay_ms, <=, 60 * 1000);
  g_assert_cmpuint (settings->n_faults, <=, SIM_MAX_FAULTS);
  for (guint i = 0; i < settings->n_faults; i++)
    {
      const SimFault *fault = &settings->faults[i];

      g_assert_cmpuint (fault->call, <, SIM_N_CALLS);
      g_assert_cmpint (sim_calls[fault->call].errors[0], !=, VK_SUCCESS);
      g_assert_cmpuint (fault->first, >=, 1);
      g_assert_cmpuint (fault->first, <=, G_MAXINT);
      g_assert_cmpint (fault->result, !=, VK_SUCCESS);
    }
}

/* COMMAND:N[+][:RESULT] */
static void
check_fault (const char     *word,
             const SimFault *fault)
{
  g_auto (GStrv) parts = g_strsplit (word, ":", -1);

  g_assert_cmpuint (g_strv_length (parts), >=, 2);
  g_assert_cmpstr (parts[0], ==, sim_calls[fault->call].name);
  g_assert_cmpuint (g_ascii_strtoull (parts[1], NULL, 10), ==, fault->first);
  g_assert_cmpint (g_str_has_suffix (parts[1], "+"), ==, fault->all_after);
  if (parts[2] != NULL)
    g_assert_cmpstr (parts[2], ==, find_result_name (fault->result));
}

static guint64
read_number (const char *text)
{
  char *end;
  guint64 number = g_ascii_strtoull (text, &end, 10);

  return number << (*end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0);
}

/* Each word of a text that was accepted is in the settings, of several of a kind the last one. */
static void
check_words (const char        *text,
             const SimSettings *settings)
{
  const struct
  {
    const char *key;
    guint64 value;
  } numbers[] = {
    { "granularity=", settings->granularity },
    { "atom=", settings->atom },
    { "small-heap=", settings->small_heap },
    { "few-allocations=", settings->few_allocations },
    { "lose=", settings->lose },
    { "delay-ms=", settings->delay_ms },
  };
  guint64 expected[G_N_ELEMENTS (numbers)] = { 0 };
  g_auto (GStrv) words = g_strsplit_set (text, ",; \t\n", -1);
  guint n_faults = 0;

  for (char **word = words; *word != NULL; word++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
        if (g_str_has_prefix (*word, numbers[i].key))
          expected[i] = read_number (*word + strlen (numbers[i].key));
      if (g_str_has_prefix (*word, "fail="))
        check_fault (*word + strlen ("fail="), &settings->faults[n_faults++]);
    }
  g_assert_cmpuint (n_faults, ==, settings->n_faults);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_cmpuint (numbers[i].value, ==, expected[i]);
  g_assert_cmpint (settings->split_queues, ==,
                   g_strv_contains ((const char * const *) words, "queues=split"));
  g_assert_cmpint (settings->late, ==,
                   g_strv_contains ((const char * const *) words, "schedule=late"));
}

static char *
write_settings (const SimSettings *settings)
{
  static const char * const topologies[] = {
    "", "discrete", "host-visible", "integrated", "non-coherent",
  };
  GString *text = g_string_new (topologies[settings->topology]);

  if (settings->granularity != 0)
    g_string_append_printf (text, ",granularity=%" G_GUINT64_FORMAT, settings->granularity);
  if (settings->atom != 0)
    g_string_append_printf (text, ";atom=%" G_GUINT64_FORMAT, settings->atom);
  if (settings->small_heap != 0)
    g_string_append_printf (text, " small-heap=%" G_GUINT64_FORMAT, settings->small_heap);
  if (settings->few_allocations != 0)
    g_string_append_printf (text, "\nfew-allocations=%u", settings->few_allocations);
  if (settings->split_queues)
    g_string_append (text, "\tqueues=split");
  if (settings->late)
    g_string_append (text, ", schedule=late");
  if (settings->lose != 0)
    g_string_append_printf (text, ",lose=%u", settings->lose);
  if (settings->delay_ms != 0)
    g_string_append_printf (text, ",delay-ms=%u", settings->delay_ms);
  if (settings->count_file != NULL)
    g_string_append_printf (text, ",count=%s", settings->count_file);
  for (guint i = 0; i < settings->n_faults; i++)
    {
      const SimFault *fault = &settings->faults[i];

      g_string_append_printf (text, ",fail=%s:%u%s:%s", sim_calls[fault->call].name, fault->first,
                              fault->all_after ? "+" : "", find_result_name (fault->result));
    }
  return g_string_free (text, FALSE);
}

static void
assert_equal (const SimSettings *settings,
              const SimSettings *again)
{
  g_assert_cmpint (settings->topology, ==, again->topology);
  g_assert_cmpuint (settings->granularity, ==, again->granularity);
  g_assert_cmpuint (settings->atom, ==, again->atom);
  g_assert_cmpuint (settings->small_heap, ==, again->small_heap);
  g_assert_cmpuint (settings->few_allocations, ==, again->few_allocations);
  g_assert_cmpint (settings->split_queues, ==, again->split_queues);
  g_assert_cmpint (settings->late, ==, again->late);
  g_assert_cmpuint (settings->lose, ==, again->lose);
  g_assert_cmpuint (settings->delay_ms, ==, again->delay_ms);
  g_assert_cmpstr (settings->count_file, ==, again->count_file);
  g_assert_cmpuint (settings->n_faults, ==, again->n_faults);
  for (guint i = 0; i < settings->n_faults; i++)
    {
      g_assert_cmpuint (settings->faults[i].call, ==, again->faults[i].call);
      g_assert_cmpuint (settings->faults[i].first, ==, again->faults[i].first);
      g_assert_cmpint (settings->faults[i].all_after, ==, again->faults[i].all_after);
      g_assert_cmpint (settings->faults[i].result, ==, again->faults[i].result);
    }
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const SimSettings nothing;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *written = NULL;
  g_autoptr (GError) error = NULL;
  SimSettings settings, again;

  memset (&settings, 0xa5, sizeof settings);
  if (!sim_settings_parse (text, &settings, &error))
    {
      fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpmem (&settings, sizeof settings, &nothing, sizeof nothing);
      return 0;
    }
  g_assert_no_error (error);
  check_values (&settings);
  check_words (text, &settings);
  written = write_settings (&settings);
  g_assert_true (sim_settings_parse (written, &again, &error));
  g_assert_no_error (error);
  assert_equal (&settings, &again);
  sim_settings_clear (&settings);
  sim_settings_clear (&again);
  return 0;
}
