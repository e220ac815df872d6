/* SPDX-License-Identifier: MIT */

/* What is pending in the emitter, without any device. */

#include "core/rill-emitter-private.h"

#include <gio/gio.h>

static void
count_cb (gpointer object,
          gpointer n)
{
  (*(guint *) n)++;
}

/* What is pending for objects that are gone goes; it takes and keeps nothing of the others. */
static void
test_drop_gone (void)
{
  RillEmitter *emitter = rill_emitter_new ();
  guint n = 0;

  for (guint i = 0; i < 10; i++)
    {
      GObject *alive = g_object_new (G_TYPE_OBJECT, NULL);
      GObject *gone = g_object_new (G_TYPE_OBJECT, NULL);

      rill_emitter_run (emitter, alive, count_cb, &n, NULL);
      rill_emitter_run (emitter, gone, count_cb, &n, NULL);
      g_object_unref (gone);
      rill_emitter_drop_gone (emitter);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (n, ==, i + 1);
      rill_emitter_run (emitter, alive, count_cb, &n, NULL);
      rill_emitter_drop_gone (emitter);
      g_assert_finalize_object (alive);
      rill_emitter_drop_gone (emitter);
      g_assert_false (g_main_context_pending (NULL));
    }
  rill_emitter_unref (emitter);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    n)
{
  (*(guint *) n)++;
}

/* Several changes of a property are one notification, until that is given; without a handler there is none. */
static void
test_notify (void)
{
  RillEmitter *emitter = rill_emitter_new ();
  GObject *action = G_OBJECT (g_simple_action_new ("action", NULL));
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (action), "enabled");
  guint n = 0;

  rill_emitter_notify (emitter, action, pspec);
  g_assert_false (g_main_context_pending (NULL));
  g_signal_connect (action, "notify::enabled", G_CALLBACK (notify_cb), &n);
  for (guint i = 1; i < 4; i++)
    {
      rill_emitter_notify (emitter, action, pspec);
      rill_emitter_notify (emitter, action, pspec);
      g_assert_cmpuint (n, ==, i - 1);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (n, ==, i);
    }
  g_assert_finalize_object (action);
  rill_emitter_unref (emitter);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emitter/drop-gone", test_drop_gone);
  g_test_add_func ("/emitter/notify", test_notify);
  return g_test_run ();
}
