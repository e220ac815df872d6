/* SPDX-License-Identifier: MIT */
#include "compute/rill-command-buffer-private.h"

#include "core/rill-task-private.h"
#include "transfer/rill-engine-private.h"

/* An asynchronous run. Held by whoever will carry it on, and by the source that cancels it. */
typedef struct
{
  gatomicrefcount ref_count;
  RillContext *context;     /* (owned) */
  GTask *task;              /* (owned) */
  RillRecording *recording; /* (owned) (nullable) until submitted */
  GSource *cancelling;      /* (owned) (nullable) */
  gint returned;            /* (atomic) the task has got its result */
} AsyncRun;

static gboolean
check_runnable (RillRecording  *recording,
                GError        **error)
{
  if (!rill_recording_is_measuring (recording, NULL))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "Could not run a command buffer: a duration was begun, but not ended");
  return FALSE;
}

/**
 * rill_command_buffer_run:
 * @self: a command buffer
 * @cancellable: (nullable): a cancellable: ends the wait, not the work
 * @error: return location for an error
 *
 * Runs what is recorded, and waits until the device is done.
 *
 * Blocks the calling thread. It is ordered after all earlier work on the resources, and before all
 * that is called later. When the wait is cancelled, the work goes on, and the command buffer is
 * busy until it ends. Running nothing succeeds at once.
 *
 * Errors: %G_IO_ERROR_BUSY while it runs or is recorded by another thread, and where a buffer that
 * it uses is mapped; %G_IO_ERROR_CLOSED, also for what it uses; %G_IO_ERROR_INVALID_ARGUMENT when a
 * duration was not ended; %G_IO_ERROR_CANCELLED, %G_IO_ERROR_NOT_INITIALIZED and those of
 * [error@VulkanError]. After an error the recording is as before.
 *
 * Returns: %TRUE when all has been done
 */
gboolean
rill_command_buffer_run (RillCommandBuffer  *self,
                         GCancellable       *cancellable,
                         GError            **error)
{
  g_autoptr (RillContext) context = NULL;
  RillRecording *recording;
  RillSyncPoint point = { { 0 } };
  gboolean submitted;

  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  recording = rill_command_buffer_acquire (self, TRUE, error);
  if (recording == NULL)
    return FALSE;
  context = rill_context_ref (rill_command_buffer_get_context (self)); /* the recording holds it */
  submitted = check_runnable (recording, error);
  if (submitted && !rill_recording_is_empty (recording))
    submitted = rill_recording_wait_turn (recording, cancellable, error)
                && rill_recording_submit (recording, &point, error);
  rill_command_buffer_release (self, recording);
  return submitted && rill_context_wait (context, &point, -1, cancellable, error);
}

static AsyncRun *
async_run_ref (AsyncRun *run)
{
  g_atomic_ref_count_inc (&run->ref_count);
  return run;
}

static void
async_run_unref (gpointer data)
{
  AsyncRun *run = data;

  if (!g_atomic_ref_count_dec (&run->ref_count))
    return;
  g_clear_pointer (&run->cancelling, g_source_unref);
  g_object_unref (run->task);
  rill_context_unref (run->context);
  g_free (run);
}

/* The first result counts. Takes the error, NULL for success. */
static void
async_run_return (AsyncRun *run,
                  GError   *error)
{
  if (!g_atomic_int_compare_and_exchange (&run->returned, FALSE, TRUE))
    g_clear_error (&error);
  else
    rill_task_return (run->task, error);
  if (run->cancelling != NULL)
    g_source_destroy (run->cancelling);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  async_run_return (user_data, error);
  return G_SOURCE_REMOVE;
}

/* The device is done, or lost. Takes the reference. */
static void
done_cb (gpointer data)
{
  AsyncRun *run = data;
  GError *error = NULL;

  rill_context_check_lost (run->context, &error);
  async_run_return (run, error);
  async_run_unref (run);
}

static void
async_run_release (AsyncRun *run)
{
  rill_command_buffer_release (g_task_get_source_object (run->task),
                               g_steal_pointer (&run->recording));
}

/* Takes the reference. */
static void
async_run_submit (AsyncRun *run)
{
  RillSyncPoint point;
  GError *error = NULL;
  gboolean submitted = FALSE;

  if (!g_atomic_int_get (&run->returned)
      && !g_cancellable_set_error_if_cancelled (g_task_get_cancellable (run->task), &error))
    submitted = rill_recording_submit (run->recording, &point, &error);
  async_run_release (run);
  if (submitted)
    {
      rill_context_defer (run->context, &point, done_cb, run);
      return;
    }
  async_run_return (run, error);
  async_run_unref (run);
}

/* In the session's transfer thread. */
static void
queued_func (GTask *queued)
{
  async_run_submit (async_run_ref (g_task_get_task_data (queued)));
  g_task_return_boolean (queued, TRUE);
}

/* In that thread, or in the caller's: the session was closed before it came to queued_func(). */
static void
queued_closed_func (GTask *queued)
{
  AsyncRun *run = g_task_get_task_data (queued);

  async_run_release (run);
  async_run_return (run, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                              "The session is closed"));
  g_task_return_boolean (queued, TRUE);
}

/* After all that is queued on the resources, and before all that comes later on any of them. */
static void
async_run_queue (AsyncRun *run)
{
  GPtrArray *resources = rill_recording_get_resources (run->recording);
  g_autoptr (GTask) queued = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_source_tag (queued, rill_command_buffer_run_async);
  g_task_set_task_data (queued, run, async_run_unref);
  rill_engine_queue_task_with (run->context, queued, resources->pdata, resources->len, queued_func,
                               queued_closed_func);
}

static AsyncRun *
async_run_new (RillContext   *context,
               GTask         *task,
               RillRecording *recording)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  AsyncRun *run = g_new0 (AsyncRun, 1);

  g_atomic_ref_count_init (&run->ref_count);
  run->context = rill_context_ref (context);
  run->task = g_object_ref (task);
  run->recording = recording;
  if (cancellable != NULL)
    {
      run->cancelling = g_cancellable_source_new (cancellable);
      g_source_set_static_name (run->cancelling, "[rill] cancelled run");
      g_source_set_callback (run->cancelling, G_SOURCE_FUNC (cancelled_cb), async_run_ref (run),
                             async_run_unref);
      g_source_attach (run->cancelling, g_task_get_context (task));
    }
  return run;
}

/**
 * rill_command_buffer_run_async:
 * @self: a command buffer
 * @cancellable: (nullable): a cancellable: ends the wait, not the work
 * @callback: (scope async): called when the device is done
 * @user_data: data for @callback
 *
 * Runs what is recorded, without blocking.
 *
 * When asynchronous transfers were called before on what it uses, it runs after them. Until it is
 * done the command buffer is busy; when it is cancelled before it began, it does not run. The
 * errors are those of [method@CommandBuffer.run], and %G_IO_ERROR_CLOSED when the session is closed
 * before it began.
 */
void
rill_command_buffer_run_async (RillCommandBuffer   *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  RillRecording *recording;
  AsyncRun *run;
  GError *error = NULL;

  g_return_if_fail (RILL_IS_COMMAND_BUFFER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rill_command_buffer_run_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  recording = rill_command_buffer_acquire (self, TRUE, &error);
  if (recording == NULL || !check_runnable (recording, &error)
      || rill_recording_is_empty (recording))
    {
      if (recording != NULL)
        rill_command_buffer_release (self, recording);
      if (error != NULL)
        g_task_return_error (task, error);
      else
        g_task_return_boolean (task, TRUE);
      return;
    }

  run = async_run_new (rill_command_buffer_get_context (self), task, recording);
  if (rill_recording_must_wait (recording))
    async_run_queue (run);
  else
    async_run_submit (run);
}

/**
 * rill_command_buffer_run_finish:
 * @self: a command buffer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@CommandBuffer.run_async].
 *
 * Returns: %TRUE when all has been done
 */
gboolean
rill_command_buffer_run_finish (RillCommandBuffer  *self,
                                GAsyncResult       *result,
                                GError            **error)
{
  g_return_val_if_fail (RILL_IS_COMMAND_BUFFER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
