/* SPDX-License-Identifier: MIT */
#pragma once

/* Sessions for tests: with validation, any message of which fails the test. */

#include <rill.h>

#include <string.h>

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

/* The error is the one expected and its message contains @part; it is cleared. */
#define rill_test_assert_error(error, domain, code, part) \
  G_STMT_START \
  { \
    g_assert_error (error, domain, code); \
    if (strstr ((error)->message, part) == NULL) \
      g_error ("%s: “%s” is not in “%s”", G_STRLOC, part, (error)->message); \
    g_clear_error (&(error)); \
  } \
  G_STMT_END

/* Iterates the main context until the condition holds. */
#define rill_test_iterate_until(condition)                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      if (!g_main_context_iteration (NULL, FALSE))                                                 \
        g_usleep (100);                                                                            \
  }                                                                                                \
  G_STMT_END

/* TRUE where the suite runs with RILL_DEBUG=staging: every transfer goes through the ring. */
static inline gboolean
rill_test_is_staging (void)
{
  const char *debug = g_getenv ("RILL_DEBUG");

  return debug != NULL && strstr (debug, "staging") != NULL;
}

static inline RillMemory *
rill_test_memory_new (RillSession             *session,
                      RillMemoryPropertyFlags  flags,
                      guint64                  page_size)
{
  GError *error = NULL;
  RillMemory *memory = rill_session_create_memory (session, flags, page_size, FALSE, &error);

  g_assert_no_error (error);
  return memory;
}

static inline RillBuffer *
rill_test_buffer_new (RillMemory *memory,
                      guint64     size)
{
  GError *error = NULL;
  RillBuffer *buffer = rill_memory_create_buffer (memory, size, RILL_BUFFER_USAGE_NONE, &error);

  g_assert_no_error (error);
  return buffer;
}

/* Bytes that differ from their neighbours and from those of another seed. */
static inline GBytes *
rill_test_bytes_new (gsize size,
                     guint seed)
{
  guint8 *data = g_malloc (MAX (1, size));
  guint32 state = seed * 2654435761u + 1;

  for (gsize i = 0; i < size; i++)
    {
      state = state * 1664525u + 1013904223u;
      data[i] = (guint8) (state >> 24);
    }
  return g_bytes_new_take (data, size);
}

static inline void
rill_test_write (RillBuffer *buffer,
                 guint64     offset,
                 GBytes     *bytes)
{
  GError *error = NULL;
  gboolean written = rill_buffer_write_bytes (buffer, offset, bytes, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (written);
}

/* The buffer has the bytes at the offset. */
static inline void
rill_test_assert_content (RillBuffer *buffer,
                          guint64     offset,
                          GBytes     *bytes)
{
  GError *error = NULL;
  GBytes *content =
    rill_buffer_read_bytes (buffer, offset, (gint64) g_bytes_get_size (bytes), NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (content, bytes));
  g_bytes_unref (content);
}

/* The last reference but for those that the library's threads are about to drop. */
static inline void
rill_test_finalize_soon (gpointer object)
{
  gpointer weak = object;

  g_object_add_weak_pointer (object, &weak);
  g_object_unref (object);
  for (guint i = 0; i < 5000 && g_atomic_pointer_get (&weak) != NULL; i++)
    g_usleep (1000);
  g_assert_null (weak);
}
