/* SPDX-License-Identifier: MIT */
#pragma once

/* Sessions for tests: with validation, any message of which fails the test. */

#include <rill.h>

static inline void
rill_test_message_cb (RillSession            *session,
                      RillValidationSeverity  severity,
                      const char             *id,
                      const char             *text,
                      gpointer                user_data)
{
  g_error ("validation: %s: %s", id, text);
}

static inline RillSession *
rill_test_session_new (void)
{
  GError *error = NULL;
  RillSession *session = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, &error);

  if (session == NULL)
    g_error ("no session to test with: %s", error->message);
  g_signal_connect (session, "validation-message", G_CALLBACK (rill_test_message_cb), NULL);
  return session;
}

/* Delivers what waits in the main context: signals, notifications and completions. */
static inline void
rill_test_iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static inline void
rill_test_session_end (RillSession *session)
{
  rill_session_close (session);
  rill_test_iterate ();
  g_assert_finalize_object (session);
}

typedef struct
{
  GAsyncResult *result;
} RillTestAsync;

/* A GAsyncReadyCallback for a RillTestAsync. */
static inline void
rill_test_async_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  RillTestAsync *async = user_data;

  async->result = g_object_ref (result);
}

/* Iterates until the callback has come. */
static inline GAsyncResult *
rill_test_wait (RillTestAsync *async)
{
  while (async->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&async->result);
}
