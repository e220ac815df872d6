/* SPDX-License-Identifier: MIT */

/* What scenarios and the sweep share: the state of an attempt, and what goes wrong in it. */

#include "test-faults.h"

#include <signal.h>
#include <unistd.h>

/* An attempt takes milliseconds: by then it hangs. */
#define WATCHDOG_S 60

/* Of a scenario, so that one mistake does not fill the log. */
#define MAX_PROBLEMS 50

/* The validation layer takes the submissions of a lost device for pending for ever, and parts of
 * one that has failed until the next. It says so where what they use is used again or destroyed. */
static const char * const pending_messages[] = {
  "VUID-vkResetCommandBuffer-commandBuffer-00045",
  "VUID-vkBeginCommandBuffer-commandBuffer-00049",
  "VUID-vkFreeCommandBuffers-pCommandBuffers-00047",
  "VUID-vkResetCommandPool-commandPool-00040",
  "VUID-vkResetDescriptorPool-descriptorPool-00313",
  "VUID-vkQueueSubmit2-commandBuffer-03875",
  "VUID-VkSubmitInfo2-semaphore-03882",
  "VUID-vkDestroyBuffer-buffer-00922",
  "VUID-vkDestroyCommandPool-commandPool-00041",
  "VUID-vkDestroyDescriptorPool-descriptorPool-00303",
  "VUID-vkDestroyImage-image-01000",
  "VUID-vkDestroyImageView-imageView-01026",
  "VUID-vkDestroyPipeline-pipeline-00765",
  "VUID-vkDestroyQueryPool-queryPool-00793",
  "VUID-vkDestroySampler-sampler-01082",
  "VUID-vkDestroySemaphore-semaphore-01137",
  "VUID-vkFreeMemory-memory-00677",
  NULL,
};

static const Fault *current; /* (nullable) */
static char context[256]; /* for the messages of problems and of the watchdog */
static guint n_problems;


static void
watchdog_cb (int signal_number)
{
  static const char text[] = "\n# the sweep hangs or has crashed in ";

  if (write (STDOUT_FILENO, text, sizeof text - 1) < 0
      || write (STDOUT_FILENO, context, strlen (context)) < 0
      || write (STDOUT_FILENO, "\n", 1) < 0)
    _exit (2);
  signal (SIGABRT, SIG_DFL);
  signal (SIGSEGV, SIG_DFL);
  abort ();
}

void
faults_problem (const char *format,
                ...)
{
  g_autofree char *text = NULL;
  va_list args;

  g_test_fail ();
  if (++n_problems > MAX_PROBLEMS)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_test_message ("problem: %s: %s", context, text);
}

gboolean
faults_note (FaultRun *run,
             gboolean  good)
{
  GError *error = g_steal_pointer (&run->error);

  if (good && error != NULL)
    faults_problem ("success with an error: %s", error->message);
  if (!good && error == NULL)
    faults_problem ("a failure without an error");
  if (error != NULL)
    g_ptr_array_add (run->errors, error);
  return good;
}

void
faults_expect (gboolean    condition,
               const char *what)
{
  if (!condition)
    faults_problem ("%s", what);
}

void
faults_wait (FaultRun *run)
{
  while (run->pending > 0)
    g_main_context_iteration (NULL, TRUE);
  rill_test_iterate ();
}

static void
message_cb (RillSession            *session,
            RillValidationSeverity  severity,
            const char             *id,
            const char             *text,
            gpointer                user_data)
{
  if (current == NULL
      || !(g_str_has_prefix (current->call, "vkQueue") || current->result == VK_ERROR_DEVICE_LOST)
      || !g_strv_contains (pending_messages, id))
    faults_problem ("validation: %s: %s", id, text);
}

static void
lost_cb (RillSession *session,
         FaultRun    *run)
{
  run->n_lost++;
}

void
faults_watch (FaultRun    *run,
              RillSession *session)
{
  g_signal_connect (session, "validation-message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (session, "device-lost", G_CALLBACK (lost_cb), run);
}

RillSession *
faults_open_session (FaultRun *run)
{
  RillSession *session = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, &run->error);

  if (!faults_note (run, session != NULL))
    return NULL;
  faults_watch (run, session);
  return session;
}

void
faults_drop_session (RillSession **session)
{
  gpointer weak = *session;
  gint64 end = g_get_monotonic_time () + FAULTS_SETTLE_US;

  if (*session == NULL)
    return;
  rill_session_close (*session);
  rill_test_iterate ();
  g_object_add_weak_pointer (G_OBJECT (*session), &weak);
  g_clear_object (session);
  while (g_atomic_pointer_get (&weak) != NULL && g_get_monotonic_time () < end)
    {
      rill_test_iterate ();
      g_usleep (200);
    }
  if (weak != NULL)
    {
      faults_problem ("the session is not finalised");
      g_object_remove_weak_pointer (weak, &weak);
    }
}

void
faults_wait_idle (FaultRun    *run,
                  RillSession *session)
{
  if (session != NULL && !rill_session_get_closed (session))
    FAULTS_DO (run, rill_session_wait_idle (session, NULL, &run->error));
}

gint64
faults_wait_alive (gint64 expected)
{
  gint64 end = g_get_monotonic_time () + FAULTS_SETTLE_US;
  g_autofree char *list = NULL;
  gint64 alive;

  while (faults_get_alive () != expected && g_get_monotonic_time () < end)
    {
      rill_test_iterate ();
      g_usleep (100);
    }
  alive = faults_get_alive ();
  if (alive == expected)
    return alive;
  list = faults_list_alive ();
  faults_problem ("%" G_GINT64_FORMAT " objects are alive instead of %" G_GINT64_FORMAT ": %s",
                  alive, expected, list);
  return alive;
}

void
faults_begin (const char *scenario)
{
  signal (SIGALRM, watchdog_cb);
  signal (SIGABRT, watchdog_cb);
  signal (SIGSEGV, watchdog_cb);
  n_problems = 0;
  faults_set_current (scenario, NULL);
}

void
faults_end (void)
{
  alarm (0);
}

void
faults_set_current (const char  *scenario,
                    const Fault *fault)
{
  current = fault;
  if (fault == NULL)
    g_snprintf (context, sizeof context, "%s without a fault", scenario);
  else
    g_snprintf (context, sizeof context, "%s: %s:%u%s:%s with '%s'", scenario, fault->call,
                fault->n, fault->all_after ? "+" : "", faults_get_result_name (fault->result),
                faults_get_topology ());
  alarm (WATCHDOG_S);
}
