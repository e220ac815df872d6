/* SPDX-License-Identifier: MIT */
#include "core/rill-task-private.h"

typedef struct
{
  GTask *task;   /* (owned) */
  GError *error; /* (owned) (nullable) until it is returned */
} Result;

static void
result_free (gpointer data)
{
  Result *result = data;

  g_object_unref (result->task);
  g_free (result);
}

static gboolean
return_cb (gpointer user_data)
{
  Result *result = user_data;

  if (result->error != NULL)
    g_task_return_error (result->task, result->error);
  else
    g_task_return_boolean (result->task, TRUE);
  return G_SOURCE_REMOVE;
}

void
rill_task_return (GTask  *task,
                  GError *error)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Result *result = g_new (Result, 1);

  *result = (Result) { g_object_ref (task), error };
  g_source_set_static_name (source, "[rill] result");
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, return_cb, result, result_free);
  g_source_attach (source, g_task_get_context (task));
}
