/* SPDX-License-Identifier: MIT */

/* Command buffers that a session submits are used again, also those of work that has failed. */

#include "rill-test-compute.h"

#include "session/rill-session-private.h"
#include "transfer/rill-submission-private.h"

#include <dlfcn.h>
#include <vulkan/vulkan.h>

#define SIZE 4096
#define N_ROUNDS 30

/* What one submission may have, and another one beside it. */
#define FEW 6

static gint n_alive;              /* (atomic) command buffers */
static const char *failing;       /* (nullable) the call that fails, once */
static guint n_good;              /* before it does */
static const char *also_failing;  /* (nullable) after that */

#define REAL(name) ((PFN_##name) dlsym (RTLD_NEXT, #name))

static gboolean
fails (const char *call)
{
  if (g_strcmp0 (failing, call) == 0 && n_good-- == 0)
    failing = NULL;
  else if (failing == NULL && g_strcmp0 (also_failing, call) == 0)
    also_failing = NULL;
  else
    return FALSE;
  return TRUE;
}

/* The program takes precedence over the loader. */
VKAPI_ATTR VkResult VKAPI_CALL
vkAllocateCommandBuffers (VkDevice                           device,
                          const VkCommandBufferAllocateInfo *info,
                          VkCommandBuffer                   *command_buffers)
{
  VkResult result = REAL (vkAllocateCommandBuffers) (device, info, command_buffers);

  if (result == VK_SUCCESS)
    g_atomic_int_add (&n_alive, (gint) info->commandBufferCount);
  return result;
}

VKAPI_ATTR void VKAPI_CALL
vkFreeCommandBuffers (VkDevice               device,
                      VkCommandPool          pool,
                      uint32_t               n,
                      const VkCommandBuffer *command_buffers)
{
  g_atomic_int_add (&n_alive, -(gint) n);
  REAL (vkFreeCommandBuffers) (device, pool, n, command_buffers);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkBeginCommandBuffer (VkCommandBuffer                 command_buffer,
                      const VkCommandBufferBeginInfo *info)
{
  if (fails ("vkBeginCommandBuffer"))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  return REAL (vkBeginCommandBuffer) (command_buffer, info);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkResetCommandBuffer (VkCommandBuffer           command_buffer,
                      VkCommandBufferResetFlags flags)
{
  if (fails ("vkResetCommandBuffer"))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  return REAL (vkResetCommandBuffer) (command_buffer, flags);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkQueueSubmit2 (VkQueue              queue,
                uint32_t             n,
                const VkSubmitInfo2 *infos,
                VkFence              fence)
{
  if (fails ("vkQueueSubmit2"))
    return VK_ERROR_OUT_OF_HOST_MEMORY;
  return REAL (vkQueueSubmit2) (queue, n, infos, fence);
}

typedef struct
{
  RillSession *session;
  RillMemory *memory;
  RillBuffer *buffer;
  RillCommandBuffer *commands;
  gint n_before;
} Fixture;

/* The device writes what the host may map: so there are commands behind those that were recorded too. */
static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  GError *error = NULL;

  fixture->session = rill_test_session_new ();
  fixture->memory = rill_test_memory_new (fixture->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 1024 * 1024);
  fixture->buffer = rill_test_buffer_new (fixture->memory, SIZE);
  fixture->commands = rill_test_command_buffer_new (fixture->session);
  rill_command_buffer_fill_buffer (fixture->commands, fixture->buffer, 0, -1, 3, &error);
  g_assert_no_error (error);
  rill_test_run (fixture->commands);
  fixture->n_before = g_atomic_int_get (&n_alive);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpint (g_atomic_int_get (&n_alive), <=, fixture->n_before + FEW);
  g_object_unref (fixture->commands);
  g_object_unref (fixture->buffer);
  g_object_unref (fixture->memory);
  rill_test_session_end (fixture->session);
}

static void
test_run (Fixture       *fixture,
          gconstpointer  data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    rill_test_run (fixture->commands);
  g_assert_cmpuint (rill_test_read_uint (fixture->buffer, 0), ==, 0x03030303);
}

static void
test_copy (Fixture       *fixture,
           gconstpointer  data)
{
  RillBuffer *from = rill_test_buffer_new (fixture->memory, SIZE);
  GError *error = NULL;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      rill_buffer_copy_to (from, 0, fixture->buffer, 0, -1, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (rill_session_wait_idle (fixture->session, NULL, NULL));
    }
  g_object_unref (from);
}

/* Work that is given up while it is recorded. */
static void
test_abort (Fixture       *fixture,
            gconstpointer  data)
{
  const RillUse use = { .resource = fixture->buffer, .size = SIZE, .write = TRUE };
  g_autoptr (RillContext) context = rill_session_ref_context (fixture->session, NULL);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      RillSubmission submission;
      GError *error = NULL;

      g_assert_true (rill_submission_begin (&submission, context, context->compute_queue, &use, 1, &error));
      g_assert_no_error (error);
      rill_submission_abort (&submission);
    }
  rill_test_run (fixture->commands);
}

typedef struct
{
  const char *name;
  const char *failing;
  guint n_good;
  const char *also_failing;
} Failure;

/* In a reset there is no error to tell; the command buffer goes. */
static const Failure failures[] = {
  { "begin", "vkBeginCommandBuffer", 0, NULL },
  { "begin-and-reset", "vkBeginCommandBuffer", 0, "vkResetCommandBuffer" },
  { "begin-the-last", "vkBeginCommandBuffer", 1, NULL },
  { "submit", "vkQueueSubmit2", 0, NULL },
  { "submit-and-reset", "vkQueueSubmit2", 0, "vkResetCommandBuffer" },
};

static void
test_failure (Fixture       *fixture,
              gconstpointer  data)
{
  const Failure *failure = data;
  GError *error = NULL;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      failing = failure->failing;
      n_good = failure->n_good;
      also_failing = failure->also_failing;
      g_assert_false (rill_command_buffer_run (fixture->commands, NULL, &error));
      rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY, failure->failing);
      error = NULL;
      g_assert_null (failing);
      g_assert_null (also_failing);
    }
  rill_test_run (fixture->commands);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/recycling/run", Fixture, NULL, set_up, test_run, tear_down);
  g_test_add ("/recycling/copy", Fixture, NULL, set_up, test_copy, tear_down);
  g_test_add ("/recycling/abort", Fixture, NULL, set_up, test_abort, tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strdup_printf ("/recycling/%s", failures[i].name);

      g_test_add (path, Fixture, &failures[i], set_up, test_failure, tear_down);
    }
  return g_test_run ();
}
