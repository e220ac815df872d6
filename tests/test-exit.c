/* SPDX-License-Identifier: MIT */

/* The end of the process, with whatever is alive, at work, being opened or being ended. */

#include "rill-test-scene.h"

#include <stdlib.h>

/* What the process has at its end. */
static struct
{
  Scene *scene;
  RillContext *context;
  GBytes *view;
  Outcome outcome;
} last;

static gint ending;  /* (atomic) 1: the next device to end is waited for; 2: it is just ending */
static gint at_exit; /* (atomic) */

/* Runs after the destructors of the driver and of the layer, because they are registered later:
 * what is still at work then has the time to find out. */
static void
linger_cb (void)
{
  g_usleep (50 * 1000);
}

/* Bits of what to do before. */
enum
{
  CLOSE = 1,
  RUN_COMMANDS = 2,
  TRANSFERS = 4,
  N_BITS = 8
};

/* What was submitted has ended, as far as anybody can know without the layers, which have ended too. Nothing
 * is left to run. */
static void
at_rest_cb (void)
{
  for (guint i = 0; i < last.context->n_queues; i++)
    g_assert_cmpuint (last.context->queues[i].reached, >=, last.context->queues[i].submitted);
  for (guint i = 0; i < 2; i++)
    rill_context_collect (last.context);
}

static void
exit_with (guint bits)
{
  atexit (linger_cb);
  atexit (at_rest_cb);
  last.scene = scene_new (TRUE);
  last.context = rill_session_ref_context (last.scene->objects[SESSION], NULL);
  last.view = rill_mapping_get_bytes (last.scene->objects[MAPPING], NULL);
  if (bits & RUN_COMMANDS)
    scene_leave_running (last.scene);
  if (bits & TRANSFERS)
    scene_start_all (last.scene, NULL, &last.outcome);
  if (bits & CLOSE)
    rill_session_close (last.scene->objects[SESSION]);
  exit (0);
}

/* A hang would be killed, and a wait that only its limit ends. */
static void
assert_exits (void)
{
  g_test_trap_subprocess (NULL, 15 * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");
}

static void
test_exit (gconstpointer data)
{
  if (g_test_subprocess ())
    exit_with (GPOINTER_TO_UINT (data));
  assert_exits ();
}

/* In the middle of loading a driver, or just before: as the first call of the process. */
static void
test_opening (gconstpointer wait)
{
  if (g_test_subprocess ())
    {
      atexit (linger_cb);
      rill_session_open_async (NULL, RILL_SESSION_VALIDATION, NULL, NULL, NULL);
      if (wait != NULL)
        g_usleep (10 * 1000);
      exit (0);
    }
  assert_exits ();
}

static void
refused_cb (void)
{
  GError *error = NULL;

  g_assert_null (rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "about to exit");
}

/* What is registered earlier runs later. */
static void
test_too_late (void)
{
  if (g_test_subprocess ())
    {
      atexit (refused_cb);
      last.scene = scene_new (TRUE);
      exit (0);
    }
  assert_exits ();
}

/* A part of the device's end. */
VKAPI_ATTR void VKAPI_CALL
vkDestroyCommandPool (VkDevice                     device,
                      VkCommandPool                pool,
                      const VkAllocationCallbacks *allocator)
{
  if (g_atomic_int_compare_and_exchange (&ending, 1, 2))
    {
      while (!g_atomic_int_get (&at_exit))
        g_usleep (100);
      g_usleep (20 * 1000);
    }
  rill_test_real (vkDestroyCommandPool) (device, pool, allocator);
}

static gpointer
close_thread (gpointer session)
{
  rill_session_close (session);
  return NULL;
}

static void
ended_cb (void)
{
  g_assert_cmpint (g_atomic_int_get (&rill_test_vulkan.devices), ==, 0);
}

/* Another thread is in the middle of ending the device: it comes to the end of that. */
static void
test_ending (void)
{
  if (g_test_subprocess ())
    {
      GError *error = NULL;
      RillSession *session;

      atexit (ended_cb);
      session = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, &error);
      g_assert_no_error (error);
      g_atomic_int_set (&ending, 1);
      g_thread_unref (g_thread_new ("close", close_thread, session));
      while (g_atomic_int_get (&ending) != 2)
        g_usleep (100);
      g_atomic_int_set (&at_exit, TRUE);
      exit (0);
    }
  assert_exits ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint bits = 0; bits < N_BITS; bits++)
    {
      g_autofree char *path =
        g_strdup_printf ("/exit/%s%s%s", bits & CLOSE ? "closed" : "open",
                         bits & RUN_COMMANDS ? "-run" : "", bits & TRANSFERS ? "-transfers" : "");
      g_test_add_data_func (path, GUINT_TO_POINTER (bits), test_exit);
    }
  g_test_add_data_func ("/exit/opening", GINT_TO_POINTER (TRUE), test_opening);
  g_test_add_data_func ("/exit/opening/not-yet", NULL, test_opening);
  g_test_add_func ("/exit/too-late", test_too_late);
  g_test_add_func ("/exit/ending", test_ending);
  return g_test_run ();
}
