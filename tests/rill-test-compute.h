/* SPDX-License-Identifier: MIT */
#pragma once

/* Shorthands for the tests of compute/: what they make must succeed. */

#include "rill-test-util.h"

#include <string.h>

#define GLSL(body) "#version 460\n" body

static inline RillMemory *
rill_test_device_memory_new (RillSession *session)
{
  return rill_test_memory_new (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                               RILL_MEMORY_DEFAULT_PAGE_SIZE);
}

static inline RillProgram *
rill_test_program_new (RillSession *session,
                       const char  *source)
{
  GError *error = NULL;
  RillProgram *program =
    rill_session_create_program_from_glsl (session, source, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_PROGRAM (program));
  return program;
}

static inline RillComputeNode *
rill_test_node_new (RillSession *session,
                    const char  *source)
{
  g_autoptr (RillProgram) program = rill_test_program_new (session, source);
  GError *error = NULL;
  RillComputeNode *node = rill_session_create_compute_node (session, program, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_COMPUTE_NODE (node));
  return node;
}

static inline void
rill_test_bind (RillComputeNode *node,
                const char      *name,
                gpointer         object)
{
  GError *error = NULL;
  gboolean bound = rill_compute_node_bind (node, name, object, &error);

  g_assert_no_error (error);
  g_assert_true (bound);
}

static inline RillCommandBuffer *
rill_test_command_buffer_new (RillSession *session)
{
  GError *error = NULL;
  RillCommandBuffer *command_buffer = rill_session_create_command_buffer (session, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_COMMAND_BUFFER (command_buffer));
  return command_buffer;
}

static inline void
rill_test_dispatch (RillCommandBuffer *command_buffer,
                    RillComputeNode   *node)
{
  GError *error = NULL;
  gboolean recorded = rill_command_buffer_dispatch (command_buffer, node, &error);

  g_assert_no_error (error);
  g_assert_true (recorded);
}

static inline void
rill_test_run (RillCommandBuffer *command_buffer)
{
  GError *error = NULL;
  gboolean done = rill_command_buffer_run (command_buffer, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (done);
}

/* Runs the node once. */
static inline void
rill_test_run_node (RillSession     *session,
                    RillComputeNode *node)
{
  g_autoptr (RillCommandBuffer) command_buffer = rill_test_command_buffer_new (session);

  rill_test_dispatch (command_buffer, node);
  rill_test_run (command_buffer);
}

static inline RillBuffer *
rill_test_data_buffer_new (RillMemory    *memory,
                           gconstpointer  data,
                           gsize          size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  GError *error = NULL;
  RillBuffer *buffer =
    rill_memory_create_buffer_from_bytes (memory, bytes, RILL_BUFFER_USAGE_NONE, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_BUFFER (buffer));
  return buffer;
}

static inline void
rill_test_read (RillBuffer *buffer,
                gpointer    data,
                gsize       size)
{
  GError *error = NULL;
  gboolean read = rill_buffer_read_data (buffer, 0, data, size, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (read);
}

static inline guint32
rill_test_read_uint (RillBuffer *buffer,
                     guint64     index)
{
  guint32 value = 0;
  GError *error = NULL;

  rill_buffer_read_data (buffer, index * sizeof (value), (guint8 *) &value, sizeof (value), NULL,
                         &error);
  g_assert_no_error (error);
  return value;
}

static inline RillImage *
rill_test_image_new (RillMemory      *memory,
                     const guint     *shape,
                     gsize            n_dims,
                     RillChannelType  type)
{
  GError *error = NULL;
  RillImage *image =
    rill_memory_create_image (memory, shape, n_dims, type, RILL_IMAGE_USAGE_NONE, &error);

  g_assert_no_error (error);
  g_assert_true (RILL_IS_IMAGE (image));
  return image;
}

/* The call fails with the error, whose message has the text. */
#define rill_test_assert_failure(call, domain, code, text) \
  G_STMT_START \
  { \
    GError *failure = NULL; \
    g_assert_false (call); \
    g_assert_error (failure, domain, code); \
    if (strstr (failure->message, text) == NULL) \
      g_error ("“%s” is not in “%s”", text, failure->message); \
    g_clear_error (&failure); \
  } \
  G_STMT_END
