/* SPDX-License-Identifier: MIT */

/* Runs each scenario again and again, each time with another fault: for every Vulkan call that it
 * makes and every error that the call can have, call 1, 2, 3, … fails, until the scenario ends
 * without having come so far. Each time it must end in success by a fallback of the list below
 * (doc/errors.md has it too) or in one error that tells what was wrong, and must leave nothing. */

#include "test-faults.h"

#include "session/rill-instance-private.h"

#include <stdio.h>

/* By then they have come to rest without any doubt. */
#define REST_US (200 * 1000)

/* After so many the number of the call that fails is doubled: polls are made in any number. */
#define MAX_POLLS 3

/* Where a fault may end in success, and does in some scenario. */
static struct
{
  const char *scenario; /* a pattern */
  const char *call;
  VkResult result;      /* VK_SUCCESS: any, but for the loss of the device */
  gboolean used;
} fallbacks[] = {
  { "*", "vkEnumerateDeviceExtensionProperties", VK_SUCCESS },
  { "*", "vkSetDebugUtilsObjectNameEXT", VK_SUCCESS },
  { "*", "vkGetSemaphoreCounterValue", VK_SUCCESS },
  { "*", "vkWaitSemaphores", VK_SUCCESS },
  { "*", "vkGetPhysicalDeviceImageFormatProperties2", VK_ERROR_FORMAT_NOT_SUPPORTED },
  { "*", "vkAllocateDescriptorSets", VK_ERROR_OUT_OF_POOL_MEMORY },
  { "*", "vkAllocateDescriptorSets", VK_ERROR_FRAGMENTED_POOL },
  { "*", "vkResetDescriptorPool", VK_SUCCESS },
  { "*", "vkAllocateMemory", VK_ERROR_OUT_OF_HOST_MEMORY },
  { "*", "vkAllocateMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY },
  { "*", "vkMapMemory", VK_ERROR_OUT_OF_HOST_MEMORY },
  { "*", "vkMapMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY },
  { "map", "vkFlushMappedMemoryRanges", VK_SUCCESS },
  { "first-transfer", "vkCreateBuffer", VK_SUCCESS },
  { "first-transfer", "vkAllocateMemory", VK_SUCCESS },
  { "first-transfer", "vkMapMemory", VK_SUCCESS },
  { "first-transfer", "vkBindBufferMemory", VK_SUCCESS },
};

/* While a session is closed they may fail before, for work that then ends as closed, or within. */
static const char * const closing_calls[] = {
  "vkAllocateMemory",           "vkBindBufferMemory", "vkCreateBuffer",   "vkDeviceWaitIdle",
  "vkFlushMappedMemoryRanges",  "vkMapMemory",        "vkWaitSemaphores",
  "vkGetSemaphoreCounterValue", NULL,
};

typedef struct
{
  const FaultScenario *scenario;
  FaultRun run;
  GArray *calls;        /* (element-type FaultCall) */
  gboolean *seen;       /* for each of the calls: the scenario makes it */
  gint64 outside;       /* what is alive without a session */
  gint64 inside;        /* and with it, between attempts */
  guint n_injected;
  guint n_fallbacks;
  guint n_closing;      /* faults that were met by close */
  gboolean may_be_lost; /* the last fault was a loss */
} Sweep;

static guint n_injected;  /* of all scenarios */
static GHashTable *reached; /* names of calls that were made to fail */
static guint n_swept;     /* scenarios */
static guint n_scenarios;
static GHashTable *library_calls; /* names of what the library's sources call */

static void
open_sessions (Sweep *sweep)
{
  FaultRun *run = &sweep->run;

  run->n_lost = 0;
  if (sweep->scenario->sessions == FAULTS_NO_SESSION)
    return;
  run->session = faults_open_session (run);
  if (sweep->scenario->sessions == FAULTS_TWO)
    run->other = faults_open_session (run);
  if (run->session == NULL)
    g_error ("no session to test with: %s", ((GError *) run->errors->pdata[0])->message);
}

static void
drop_sessions (Sweep *sweep)
{
  faults_drop_session (&sweep->run.session);
  faults_drop_session (&sweep->run.other);
  rill_test_iterate ();
  /* Opening fails before or after it has made the instance for enumeration. */
  if (sweep->scenario->sessions == FAULTS_NO_SESSION)
    rill_instance_drop_shared ();
}

static gboolean
keeps_sessions (Sweep *sweep)
{
  return sweep->scenario->sessions == FAULTS_SHARED || sweep->scenario->sessions == FAULTS_TWO;
}

/* Those since the last faults_arm(). */
static void
note_calls (Sweep *sweep)
{
  for (guint i = 0; i < sweep->calls->len; i++)
    sweep->seen[i] |= faults_get_calls (g_array_index (sweep->calls, FaultCall, i).name) > 0;
  if (faults_get_reports () > 0)
    faults_problem ("the simulation layer has reported something");
}

static void
run_scenario (Sweep *sweep)
{
  FaultRun *run = &sweep->run;

  sweep->scenario->run (run);
  faults_wait (run);
  faults_wait_idle (run, run->session);
  faults_wait_idle (run, run->other);
  note_calls (sweep);
}

/* Runs the scenario without a fault. */
static void
run_well (Sweep      *sweep,
          const char *when)
{
  FaultRun *run = &sweep->run;

  g_ptr_array_set_size (run->errors, 0);
  faults_arm (NULL, "");
  run_scenario (sweep);
  for (guint i = 0; i < run->errors->len; i++)
    faults_problem ("%s: %s", when, ((GError *) run->errors->pdata[i])->message);
  g_ptr_array_set_size (run->errors, 0);
  if (!keeps_sessions (sweep) && sweep->scenario->sessions == FAULTS_NO_SESSION)
    drop_sessions (sweep);
}

/* Opens the session that attempts share, and lets it come to rest. */
static void
prepare (Sweep *sweep)
{
  if (!keeps_sessions (sweep))
    return;
  faults_arm (NULL, "");
  open_sessions (sweep);
  run_well (sweep, "in a new session");
  if (sweep->inside == 0)
    {
      /* It takes a moment until threads have dropped what they have done. */
      run_well (sweep, "in a new session");
      g_usleep (REST_US);
      sweep->inside = faults_get_alive ();
    }
  sweep->inside = faults_wait_alive (sweep->inside);
}

static void
assert_lost (gboolean     good,
             GError     **error,
             const char  *call)
{
  if (good || !g_error_matches (*error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST))
    faults_problem ("%s after the loss of the device: %s", call,
                    *error != NULL ? (*error)->message : "success");
  g_clear_error (error);
}

/* Every call says so. */
static void
check_lost_session (RillSession *session)
{
  g_autoptr (RillMemory) memory = NULL;
  g_autoptr (RillCommandBuffer) command_buffer = NULL;
  g_autoptr (RillDuration) duration = NULL;
  g_autoptr (RillProgram) program = NULL;
  GError *error = NULL;

  assert_lost (rill_session_wait_idle (session, NULL, &error), &error, "wait_idle");
  memory = rill_session_create_memory (session, RILL_MEMORY_PROPERTY_NONE, 4096, FALSE, &error);
  assert_lost (memory != NULL, &error, "create_memory");
  command_buffer = rill_session_create_command_buffer (session, &error);
  assert_lost (command_buffer != NULL, &error, "create_command_buffer");
  duration = rill_session_create_duration (session, &error);
  assert_lost (duration != NULL, &error, "create_duration");
  program = rill_session_create_program_from_glsl (session, "#version 450\nvoid main () {}", "x",
                                                   NULL, &error);
  assert_lost (program != NULL, &error, "create_program_from_glsl");
}

static gboolean
is_lost (RillSession *session)
{
  g_autoptr (GError) error = NULL;

  return session != NULL && !rill_session_get_closed (session)
         && !rill_session_wait_idle (session, NULL, &error)
         && g_error_matches (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST);
}

/* Of two sessions one has lost its device. */
static void
check_lost (Sweep *sweep)
{
  FaultRun *run = &sweep->run;
  gint64 end = g_get_monotonic_time () + FAULTS_SETTLE_US;

  if (run->session == NULL || rill_session_get_closed (run->session))
    return;
  if (is_lost (run->session) == is_lost (run->other))
    faults_problem ("%s session is lost", is_lost (run->session) ? "another" : "no");
  if (is_lost (run->session))
    check_lost_session (run->session);
  while (run->n_lost == 0 && g_get_monotonic_time () < end)
    {
      rill_test_iterate ();
      g_usleep (100);
    }
  rill_test_iterate ();
  if (run->n_lost != 1)
    faults_problem ("the signal device-lost came %u times", run->n_lost);
}

/* The name of a code of RillVulkanError is that of Vulkan's. */
static gint
get_expected_code (VkResult result)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (RILL_TYPE_VULKAN_ERROR);
  const char *name = faults_get_result_name (result) + strlen ("VK_ERROR_");
  g_autofree char *nick = g_strdelimit (g_ascii_strdown (name, -1), "_", '-');
  const GEnumValue *value = g_enum_get_value_by_nick (class, nick);

  return value != NULL ? value->value : RILL_VULKAN_ERROR_FAILED;
}

/* The right domain and code, and a text that names the call and the result. */
static gboolean
tells (const GError *error,
       const Fault  *fault)
{
  g_autofree char *number = g_strdup_printf ("(VkResult %d)", (int) fault->result);

  if (fault->result == VK_ERROR_FORMAT_NOT_SUPPORTED)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  if (!g_error_matches (error, RILL_VULKAN_ERROR, get_expected_code (fault->result))
      || (strstr (error->message, faults_get_result_name (fault->result)) == NULL
          && strstr (error->message, number) == NULL))
    return FALSE;
  /* Whoever comes later, or has only looked whether the device is done, can say no more. */
  if (fault->result == VK_ERROR_DEVICE_LOST && strstr (error->message, "has been lost") != NULL)
    return TRUE;
  return strstr (error->message, fault->call) != NULL || g_str_equal (fault->call, "lose");
}

static gboolean
matches_fallback (guint        index,
                  const Fault *fault)
{
  VkResult result = fallbacks[index].result;

  return g_str_equal (fallbacks[index].call, fault->call)
         && (result == VK_SUCCESS ? fault->result != VK_ERROR_DEVICE_LOST
                                  : fault->result == result);
}

static gboolean
is_fallback (Sweep       *sweep,
             const Fault *fault)
{
  const char *name = sweep->scenario->name;
  gboolean found = g_str_equal (name, "close") && g_strv_contains (closing_calls, fault->call);

  for (guint i = 0; i < G_N_ELEMENTS (fallbacks); i++)
    if (matches_fallback (i, fault) && g_pattern_match_simple (fallbacks[i].scenario, name))
      found = fallbacks[i].used = TRUE;
  return found;
}

/* Other errors of the call have none. */
static gboolean
has_own_fallback (const Fault *fault)
{
  for (guint i = 0; i < G_N_ELEMENTS (fallbacks); i++)
    if (fallbacks[i].result != VK_SUCCESS && matches_fallback (i, fault))
      return TRUE;
  return FALSE;
}

/* The error is that of the fault that the scenario always has. */
static gboolean
tells_base (const FaultScenario *scenario,
            const GError        *error)
{
  return scenario->base != NULL && tells (error, &scenario->base_fault);
}

/* @fault was met before close. */
static void
judge (Sweep       *sweep,
       const Fault *fault)
{
  GPtrArray *errors = sweep->run.errors;
  const FaultScenario *scenario = sweep->scenario;
  gboolean lost = fault->result == VK_ERROR_DEVICE_LOST;

  for (guint i = 0; i < errors->len; i++)
    if (!tells_base (scenario, errors->pdata[i]) && !tells (errors->pdata[i], fault))
      {
        const GError *error = errors->pdata[i];
        faults_problem ("the error is %s %d: %s", g_quark_to_string (error->domain), error->code,
                        error->message);
      }
  if (errors->len > 1 && !lost && !fault->all_after)
    faults_problem ("%u errors instead of one: %s", errors->len,
                    ((GError *) errors->pdata[1])->message);
  /* When all is done, the loss is for the next call to tell. */
  if (errors->len == 0 && lost && g_str_equal (fault->call, "vkGetSemaphoreCounterValue"))
    return;
  if (errors->len == 0 && is_fallback (sweep, fault))
    sweep->n_fallbacks++;
  else if (errors->len == 0)
    faults_problem ("success, which is not among the fallbacks");
}

/* What comes after an attempt whose fault was met before close: the session works as before, or
 * says that it is lost. */
static void
check_session (Sweep       *sweep,
               const Fault *fault)
{
  FaultRun *run = &sweep->run;
  gboolean lost = fault->result == VK_ERROR_DEVICE_LOST;
  g_autoptr (GPtrArray) errors = g_steal_pointer (&run->errors);

  run->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  if (lost)
    check_lost (sweep);
  else if (run->session != NULL && !rill_session_get_closed (run->session)
           && sweep->scenario->sessions != FAULTS_NO_SESSION)
    run_well (sweep, "again in the same session");
  g_ptr_array_unref (run->errors);
  run->errors = g_steal_pointer (&errors);
}

/* The fault was met. */
static gboolean
is_hit (Sweep       *sweep,
        const Fault *fault)
{
  return sweep->scenario->only != NULL ? faults_get_calls (fault->call) >= fault->n : faults_hit ();
}

/* A thread of the library has met the fault after all was done; no fault comes any more. */
static gboolean
is_lost_late (Sweep *sweep)
{
  faults_arm (NULL, "");
  return is_lost (sweep->run.session) || is_lost (sweep->run.other);
}

/* Returns whether the fault was met. */
static gboolean
attempt (Sweep       *sweep,
         const Fault *fault)
{
  FaultRun *run = &sweep->run;
  gboolean lost = fault->result == VK_ERROR_DEVICE_LOST;
  gboolean hit, hit_closing = FALSE, keeps = keeps_sessions (sweep);
  g_autofree char *also = g_strconcat (
    sweep->scenario->base != NULL ? sweep->scenario->base : "",
    /* The device is never done before somebody waits. */
    g_str_equal (fault->call, "vkWaitSemaphores") ? ",delay-ms=1" : "", NULL);

  faults_set_current (sweep->scenario->name, fault);
  g_ptr_array_set_size (run->errors, 0);
  faults_arm (NULL, "");
  /* The thread that met the last fault late may have told of it later still. */
  if (keeps && sweep->may_be_lost && is_lost_late (sweep))
    {
      drop_sessions (sweep);
      prepare (sweep);
    }
  sweep->may_be_lost = lost;
  if (!keeps)
    open_sessions (sweep);
  faults_arm (fault, also);
  run_scenario (sweep);
  if (keeps && !fault->all_after)
    sweep->inside = faults_wait_alive (sweep->inside);
  hit = is_hit (sweep, fault);
  if (hit)
    {
      judge (sweep, fault);
      if (keeps || !fault->all_after)
        faults_arm (NULL, "");
      if (keeps || lost || !fault->all_after)
        check_session (sweep, fault);
    }
  else
    for (guint i = 0; i < run->errors->len; i++)
      if (!tells_base (sweep->scenario, run->errors->pdata[i]))
        faults_problem ("without the fault: %s", ((GError *) run->errors->pdata[i])->message);
  if (!hit && keeps && lost && is_lost_late (sweep))
    {
      hit = TRUE;
      check_session (sweep, fault);
    }
  if (!keeps || (hit && lost))
    {
      drop_sessions (sweep);
      note_calls (sweep);
      hit_closing = !hit && is_hit (sweep, fault);
      sweep->outside = faults_wait_alive (sweep->outside);
    }
  faults_set_current (sweep->scenario->name, NULL);
  if (keeps && hit && lost)
    prepare (sweep);
  else if (keeps)
    sweep->inside = faults_wait_alive (sweep->inside);
  faults_arm (NULL, "");
  sweep->n_closing += hit_closing;
  return hit || hit_closing;
}

static guint
get_next (const char *call,
          guint       n)
{
  gboolean polls = g_str_equal (call, "vkGetSemaphoreCounterValue");

  return polls && n >= MAX_POLLS ? 2 * n : n + 1;
}

/* The first call fails with each error, the later ones with the first of them, with the loss of the
 * device, and with errors that have a fallback. */
static void
sweep_call (Sweep           *sweep,
            const FaultCall *call)
{
  guint hits = 1;

  for (guint n = 1; hits > 0; n = get_next (call->name, n))
    {
      hits = 0;
      for (guint i = 0; call->errors[i] != VK_SUCCESS; i++)
        {
          Fault fault = { call->name, n, FALSE, call->errors[i] };

          if (faults_get_result_name (fault.result) == NULL
              || (n > 1 && i > 0 && fault.result != VK_ERROR_DEVICE_LOST
                  && !has_own_fallback (&fault)))
            continue;
          if (!attempt (sweep, &fault))
            break;
          hits++;
          if (n > 1 || fault.result == VK_ERROR_DEVICE_LOST)
            continue;
          fault.all_after = TRUE;
          hits += attempt (sweep, &fault);
        }
      sweep->n_injected += hits;
      if (hits > 0 && !g_str_equal (call->name, "lose"))
        g_hash_table_add (reached, (gpointer) call->name);
    }
}

static gboolean
is_swept (Sweep *sweep,
          guint  index)
{
  const char *only = sweep->scenario->only;

  return only == NULL ? sweep->seen[index]
                      : g_str_equal (g_array_index (sweep->calls, FaultCall, index).name, only);
}

static void
sweep_calls (Sweep *sweep)
{
  static const VkResult lost_errors[] = { VK_ERROR_DEVICE_LOST, VK_SUCCESS };
  const FaultCall lose = { "lose", lost_errors };
  g_autofree gboolean *done = g_new0 (gboolean, sweep->calls->len);
  gboolean found = TRUE;

  /* A failure can lead to calls that success does not make. */
  while (found)
    {
      found = FALSE;
      for (guint i = 0; i < sweep->calls->len; i++)
        {
          const FaultCall *call = &g_array_index (sweep->calls, FaultCall, i);

          if (done[i] || !is_swept (sweep, i))
            continue;
          done[i] = found = TRUE;
          sweep_call (sweep, call);
          if (g_str_equal (call->name, "vkQueueSubmit2") && sweep->scenario->base == NULL)
            sweep_call (sweep, &lose);
        }
    }
}

/* Called, or looked up by name. */
static void
find_calls (const char *text,
            GHashTable *names)
{
  g_autoptr (GRegex) regex = g_regex_new ("\\bvk[A-Z]\\w+", 0, 0, NULL);
  g_autoptr (GMatchInfo) info = NULL;

  for (g_regex_match (regex, text, 0, &info); g_match_info_matches (info);
       g_match_info_next (info, NULL))
    g_hash_table_add (names, g_match_info_fetch (info, 0));
}

static void
find_calls_below (const char *folder,
                  GHashTable *names)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        find_calls_below (path, names);
      else if (g_str_has_suffix (name, ".c") && g_file_get_contents (path, &text, NULL, NULL))
        find_calls (text, names);
    }
}

/* Those that the library makes; the layer of validation makes others. */
static GArray *
list_calls (void)
{
  GArray *calls = faults_list_calls ();

  for (guint i = calls->len; i > 0; i--)
    if (!g_hash_table_contains (library_calls, g_array_index (calls, FaultCall, i - 1).name))
      g_array_remove_index (calls, i - 1);
  return calls;
}

static void
test_scenario (gconstpointer data)
{
  Sweep sweep = { .scenario = data, .calls = list_calls () };
  FaultRun *run = &sweep.run;

  run->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  sweep.seen = g_new0 (gboolean, sweep.calls->len);
  faults_begin (sweep.scenario->name);
  faults_arm (NULL, "");
  open_sessions (&sweep);
  run_well (&sweep, "in a new session");
  drop_sessions (&sweep);
  if (!keeps_sessions (&sweep))
    note_calls (&sweep);
  /* The instance for enumeration stays. */
  sweep.outside = faults_wait_alive (sweep.scenario->sessions == FAULTS_NO_SESSION ? 0 : 1);
  prepare (&sweep);
  sweep_calls (&sweep);

  faults_arm (NULL, "");
  drop_sessions (&sweep);
  faults_wait_alive (sweep.outside);
  faults_end ();
  g_test_message ("%s: %u faults injected, %u of them met by close; %u ended in success",
                  sweep.scenario->name, sweep.n_injected, sweep.n_closing, sweep.n_fallbacks);
  n_injected += sweep.n_injected;
  n_swept++;
  g_ptr_array_unref (run->errors);
  g_array_unref (sweep.calls);
  g_free (sweep.seen);
}

/* Flushes are made for memory that needs them only. */
static gboolean
is_reachable (const char *call)
{
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, NULL);
  GListModel *types = rill_device_get_memory_types (rill_session_get_device (session));

  if (strstr (call, "MappedMemoryRanges") == NULL)
    return TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (types); i++)
    {
      g_autoptr (RillMemoryType) type = g_list_model_get_item (types, i);
      RillMemoryPropertyFlags flags = rill_memory_type_get_flags (type);

      if (flags & RILL_MEMORY_PROPERTY_HOST_VISIBLE
          && !(flags & RILL_MEMORY_PROPERTY_HOST_COHERENT))
        return TRUE;
    }
  return FALSE;
}

static void
check_fallbacks (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "doc", "errors.md", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (fallbacks); i++)
    {
      g_autofree char *name = g_strdup_printf ("`%s`", fallbacks[i].call);

      if (fallbacks[i].used ? strstr (text, name) == NULL : is_reachable (fallbacks[i].call))
        {
          g_test_fail ();
          g_test_message (fallbacks[i].used ? "%s: %s is not in doc/errors.md"
                                            : "%s: no failure of %s has ended in success",
                          fallbacks[i].scenario, fallbacks[i].call);
        }
    }
}

static void
test_reached (void)
{
  g_autoptr (GArray) calls = list_calls ();

  if (n_swept < n_scenarios)
    {
      g_test_skip ("not every scenario was swept");
      return;
    }
  for (guint i = 0; i < calls->len; i++)
    {
      const char *name = g_array_index (calls, FaultCall, i).name;

      if (!g_hash_table_contains (reached, name) && is_reachable (name))
        {
          g_test_fail ();
          g_test_message ("no scenario lets %s fail", name);
        }
    }
  check_fallbacks ();
  g_assert_cmpuint (calls->len, >, 30);
  g_test_message ("%u of %u calls that can fail were made to", g_hash_table_size (reached),
                  calls->len);
}

static void
test_no_layer (void)
{
  g_test_skip ("there is no simulation layer");
}

static void
add_scenarios (const FaultScenario *scenarios)
{
  for (; scenarios->name != NULL; scenarios++)
    {
      g_autofree char *path = g_strconcat ("/faults/", scenarios->name, NULL);

      g_test_add_data_func (path, scenarios, test_scenario);
      n_scenarios++;
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *folder = NULL;
  RillSession *session;
  int status;

  g_test_init (&argc, &argv, NULL);
  session = rill_test_session_new ();
  if (!faults_open ())
    {
      g_test_add_func ("/faults/no-layer", test_no_layer);
      return g_test_run ();
    }
  rill_test_session_end (session);
  folder = g_test_build_filename (G_TEST_DIST, "..", "lib", NULL);
  library_calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  find_calls_below (folder, library_calls);
  reached = g_hash_table_new (g_str_hash, g_str_equal);
  add_scenarios (faults_memory_scenarios);
  add_scenarios (faults_transfer_scenarios);
  add_scenarios (faults_compute_scenarios);
  g_test_add_func ("/faults/reached", test_reached);
  status = g_test_run ();
  printf ("# faults injected: %u\n", n_injected);
  g_hash_table_unref (library_calls);
  g_hash_table_unref (reached);
  return status;
}
