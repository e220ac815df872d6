/* SPDX-License-Identifier: MIT */
#include "rill-test-gate.h"

#include "rill-vulkan.h"

#define SIZE (16 * 1024 * 1024)

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  (*count)++;
}

static void
test_properties (void)
{
  RillSession *session = rill_test_session_new ();
  g_autoptr (RillDevice) device = NULL;
  g_autoptr (GListModel) transfers = NULL;
  RillSessionFlags flags;
  gboolean closed;

  g_object_get (session, "device", &device, "flags", &flags, "closed", &closed, "transfers",
                &transfers, NULL);
  g_assert_true (RILL_IS_DEVICE (device));
  g_assert_true (rill_session_get_device (session) == device);
  g_assert_cmpuint (flags, ==, RILL_SESSION_VALIDATION);
  g_assert_cmpuint (rill_session_get_flags (session), ==, flags);
  g_assert_false (closed);
  g_assert_false (rill_session_get_closed (session));
  g_assert_true (rill_session_get_transfers (session) == transfers);
  g_assert_cmpuint (g_list_model_get_n_items (transfers), ==, 0);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_session_end (session);
}

/* A list view finds the type of the rows by the model. */
static void
test_transfers_item_type (void)
{
  RillSession *session = g_object_new (RILL_TYPE_SESSION, NULL);
  GListModel *transfers = rill_session_get_transfers (session);

  g_assert_cmpstr (g_type_name (g_list_model_get_item_type (transfers)), ==,
                   g_type_name (RILL_TYPE_TRANSFER));
  g_assert_finalize_object (session);
}

static void
test_devices (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) devices = rill_device_enumerate (&error);

  g_assert_no_error (error);
  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (RillDevice) device = g_list_model_get_item (devices, i);
      RillSession *session = rill_session_new (device, RILL_SESSION_NONE, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (rill_session_get_device (session) == device);
      g_assert_cmpuint (rill_session_get_flags (session), ==, RILL_SESSION_NONE);
      rill_test_session_end (session);
    }
}

static void
test_bad_arguments (void)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  RillTestAsync async = { NULL };

  g_cancellable_cancel (cancelled);
  for (guint bit = 1; bit < 31; bit++)
    {
      g_assert_null (rill_session_new (NULL, (RillSessionFlags) (1u << bit), NULL, &error));
      rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "flags");
    }
  g_assert_null (rill_session_new (NULL, RILL_SESSION_NONE, cancelled, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");

  rill_session_open_async (NULL, (RillSessionFlags) 0x40, NULL, rill_test_async_cb, &async);
  g_assert_null (async.result);
  result = rill_test_wait (&async);
  g_assert_null (rill_session_open_finish (result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "0x40");
}

static void
test_open_async (void)
{
  RillTestAsync async = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  RillSession *session;

  rill_session_open_async (NULL, RILL_SESSION_VALIDATION, NULL, rill_test_async_cb, &async);
  g_assert_null (async.result);
  result = rill_test_wait (&async);
  session = rill_session_open_finish (result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);
  g_signal_connect (session, "validation-message", G_CALLBACK (rill_test_message_cb), NULL);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_session_end (session);
}

static void
test_open_async_cancelled (void)
{
  RillTestAsync async = { NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  rill_session_open_async (NULL, RILL_SESSION_NONE, cancellable, rill_test_async_cb, &async);
  g_cancellable_cancel (cancellable);
  result = rill_test_wait (&async);
  g_assert_null (rill_session_open_finish (result, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
}

/* The context of open_async and of the session's signals: the one where it was called. */
static void
test_open_async_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  RillTestAsync async = { NULL };
  RillSession *session;
  guint n_closed = 0;

  g_main_context_push_thread_default (context);
  rill_session_open_async (NULL, RILL_SESSION_NONE, NULL, rill_test_async_cb, &async);
  g_main_context_pop_thread_default (context);
  while (async.result == NULL)
    {
      rill_test_iterate ();
      g_assert_null (async.result);
      g_main_context_iteration (context, FALSE);
    }
  result = rill_test_wait (&async);
  session = rill_session_open_finish (result, NULL);
  g_signal_connect (session, "notify::closed", G_CALLBACK (count_cb), &n_closed);
  rill_session_close (session);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 0);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (n_closed, ==, 1);
  g_clear_object (&result);
  g_assert_finalize_object (session);
}

static gboolean
never_cb (gpointer data)
{
  g_assert_not_reached ();
}

static void
set_cb (gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
}

/* Smaller ones are no objects. */
#define TRANSFER_SIZE (4 * 1024 * 1024)

/* Transfers that are over before anybody would want to see them. */
static void
transfer_in (RillSession  *session,
             GMainContext *context)
{
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, TRANSFER_SIZE);
  RillBuffer *buffer = rill_test_buffer_new (memory, TRANSFER_SIZE);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (TRANSFER_SIZE, 1);

  for (guint i = 0; i < 10; i++)
    {
      RillTestAsync async = { NULL };

      rill_buffer_write_bytes_async (buffer, 0, bytes, NULL, rill_test_async_cb, &async);
      while (async.result == NULL)
        g_main_context_iteration (context, TRUE);
      g_object_unref (async.result);
    }
  g_object_unref (buffer);
  g_object_unref (memory);
}

/* That context ends with the session, also with a signal that nobody was there to deliver. */
static void
test_context_ends (void)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = g_timeout_source_new (G_MAXUINT);
  GError *error = NULL;
  RillSession *session;
  guint n_closed = 0;
  gint ended = FALSE;

  g_source_set_callback (source, never_cb, &ended, set_cb);
  g_source_attach (source, context);
  g_source_unref (source);
  g_main_context_push_thread_default (context);
  session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  g_assert_no_error (error);
  transfer_in (session, context);
  g_main_context_pop_thread_default (context);
  g_signal_connect (session, "notify::closed", G_CALLBACK (count_cb), &n_closed);
  rill_session_close (session);
  rill_test_finalize_soon (session);
  g_main_context_unref (context);
  g_assert_true (g_atomic_int_get (&ended));
  g_assert_cmpuint (n_closed, ==, 0);
}

static void
assert_unusable (RillSession *session,
                 GQuark       domain,
                 gint         code,
                 const char  *part)
{
  g_autoptr (GBytes) spirv = g_bytes_new_static ("\0\0\0\0", 4);
  GError *error = NULL;

  g_assert_false (rill_session_wait_idle (session, NULL, &error));
  rill_test_assert_error (error, domain, code, part);
  g_assert_null (
    rill_session_create_memory (session, RILL_MEMORY_PROPERTY_NONE, 4096, FALSE, &error));
  rill_test_assert_error (error, domain, code, part);
  g_assert_null (rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_UPLOAD, &error));
  rill_test_assert_error (error, domain, code, part);
  g_assert_null (rill_session_create_program_from_bytes (session, spirv, &error));
  rill_test_assert_error (error, domain, code, part);
  g_assert_null (rill_session_create_command_buffer (session, &error));
  rill_test_assert_error (error, domain, code, part);
}

static void
test_uninitialized (void)
{
  RillSession *session = g_object_new (RILL_TYPE_SESSION, NULL);
  GError *error = NULL;

  assert_unusable (session, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "session was not initialised");
  g_assert_null (rill_session_get_device (session));
  g_assert_cmpuint (rill_session_get_flags (session), ==, 0);
  g_assert_false (rill_session_get_closed (session));
  g_assert_cmpuint (g_list_model_get_n_items (rill_session_get_transfers (session)), ==, 0);
  g_assert_null (rill_session_get_vk_device (session));
  rill_session_close (session);
  g_assert_false (rill_session_get_closed (session));

  /* It can still be initialised, once; then it is as any other. */
  g_assert_true (g_initable_init (G_INITABLE (session), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_initable_init (G_INITABLE (session), NULL, &error));
  g_assert_nonnull (rill_session_get_device (session));
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  rill_test_session_end (session);
}

static void
test_close (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);
  RillMapping *mapping = rill_buffer_map (buffer, RILL_MAP_READ, NULL);
  guint n_closed = 0;
  GError *error = NULL;

  g_signal_connect (session, "notify::closed", G_CALLBACK (count_cb), &n_closed);
  rill_session_close (session);
  rill_session_close (session);
  g_assert_true (rill_session_get_closed (session));
  g_assert_true (rill_memory_get_closed (memory));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  g_assert_true (rill_mapping_get_closed (mapping));
  g_assert_cmpuint (rill_mapping_get_address (mapping, &error), ==, 0);
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  assert_unusable (session, G_IO_ERROR, G_IO_ERROR_CLOSED, "session is closed");
  g_assert_nonnull (rill_session_get_device (session));
  g_assert_null (rill_session_get_vk_device (session));
  g_assert_cmpuint (n_closed, ==, 0);
  rill_test_iterate ();
  g_assert_cmpuint (n_closed, ==, 1);

  g_object_unref (mapping);
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
}

/* An init after the close does not open it again. */
static void
test_init_after_close (void)
{
  RillSession *session = rill_test_session_new ();

  rill_session_close (session);
  g_initable_init (G_INITABLE (session), NULL, NULL);
  g_assert_true (rill_session_get_closed (session));
  assert_unusable (session, G_IO_ERROR, G_IO_ERROR_CLOSED, "session is closed");
  rill_test_session_end (session);
}

/* Objects hold what they were made from: dropping the session first is no error. */
static void
test_dropped_first (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  gpointer weak = session;

  g_object_add_weak_pointer (G_OBJECT (session), &weak);
  g_object_unref (session);
  g_object_unref (memory);
  rill_test_write (buffer, 0, bytes);
  rill_test_assert_content (buffer, 0, bytes);
  g_assert_nonnull (weak);
  g_object_unref (buffer);
  for (guint i = 0; i < 5000 && g_atomic_pointer_get (&weak) != NULL; i++)
    g_usleep (1000);
  g_assert_null (weak);
  rill_test_iterate ();
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* Finalizers may run on any thread, as they do where there is a garbage collector. */
static void
test_dropped_in_thread (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);

  g_object_unref (session);
  g_object_unref (memory);
  g_thread_join (g_thread_new ("unref", unref_thread, buffer));
  rill_test_iterate ();
}

static void
test_two_sessions (void)
{
  RillSession *one = rill_test_session_new ();
  RillSession *two = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (two, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);

  rill_session_close (one);
  g_assert_false (rill_session_get_closed (two));
  g_assert_false (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  g_assert_true (rill_buffer_fill (buffer, 0, -1, 3, NULL, NULL));
  g_object_unref (buffer);
  rill_test_session_end (one);
  g_assert_true (rill_session_wait_idle (two, NULL, NULL));
  rill_test_finalize_soon (memory);
  rill_test_session_end (two);
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

/* wait_idle waits for all that was submitted; its cancellable ends the wait, not the work. */
static void
test_wait_idle (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, SIZE);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE / 2);
  RillBuffer *from = rill_test_buffer_new (memory, SIZE / 2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RillTestGate *gate;
  RillSyncPoint last;
  GThread *thread;
  GError *error = NULL;

  g_cancellable_cancel (cancellable);
  /* Though there is nothing to wait for. */
  g_assert_false (rill_session_wait_idle (session, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_cancellable_reset (cancellable);

  gate = rill_test_gate_new (session);
  g_assert_true (rill_buffer_copy_to (from, 0, buffer, 0, -1, NULL, NULL));
  rill_context_get_last (gate->context, &last);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_false (rill_session_wait_idle (session, cancellable, &error));
  rill_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_thread_join (thread);
  g_assert_false (rill_context_is_reached (gate->context, &last));

  thread = rill_test_gate_open_later (gate);
  g_assert_true (rill_session_wait_idle (session, NULL, NULL));
  g_assert_true (rill_context_is_reached (gate->context, &last));
  g_thread_join (thread);
  rill_test_gate_free (gate);
  g_object_unref (from);
  g_object_unref (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

/* Closing a session waits for what was submitted, closing anything else does not. */
static void
test_close_waits (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, SIZE);
  RillBuffer *buffer = rill_test_buffer_new (memory, SIZE / 2);
  RillBuffer *from = rill_test_buffer_new (memory, SIZE / 2);
  RillTestGate *gate = rill_test_gate_new (session);
  RillSyncPoint last;
  GThread *thread;

  g_assert_true (rill_buffer_copy_to (from, 0, buffer, 0, -1, NULL, NULL));
  rill_context_get_last (gate->context, &last);
  rill_resource_close (RILL_RESOURCE (buffer));
  /* Until the device has done with it. */
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, SIZE);
  rill_memory_close (memory);
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 1);
  g_assert_false (rill_context_is_reached (gate->context, &last));

  thread = rill_test_gate_open_later (gate);
  rill_session_close (session);
  g_assert_true (rill_context_is_reached (gate->context, &last));
  g_assert_cmpuint (rill_memory_get_page_count (memory), ==, 0);
  g_thread_join (thread);
  rill_test_gate_free (gate);
  g_object_unref (from);
  g_object_unref (buffer);
  rill_test_finalize_soon (memory);
  rill_test_session_end (session);
}

typedef struct
{
  GThread *thread;
  guint n_messages;
  RillValidationSeverity severity;
  char *id;
  char *text;
} Messages;

static void
message_cb (RillSession            *session,
            RillValidationSeverity  severity,
            const char             *id,
            const char             *text,
            Messages               *messages)
{
  g_assert_true (g_thread_self () == messages->thread);
  messages->n_messages++;
  messages->severity = severity;
  g_free (messages->id);
  g_free (messages->text);
  messages->id = g_strdup (id);
  messages->text = g_strdup (text);
}

static gpointer
provoke_thread (gpointer data)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  };
  VkDevice device = rill_session_get_vk_device (data);
  VkBuffer buffer = VK_NULL_HANDLE;

  if (vkCreateBuffer (device, &info, NULL, &buffer) == VK_SUCCESS) /* its size is 0 */
    vkDestroyBuffer (device, buffer, NULL);
  return NULL;
}

/* Messages arrive in the session's thread, also those that other threads provoke, and with the
 * VUID. */
static void
test_validation_message (void)
{
  RillSession *session = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, NULL);
  RillSession *silent = rill_session_new (NULL, RILL_SESSION_NONE, NULL, NULL);
  Messages messages = { .thread = g_thread_self () };

  g_signal_connect (session, "validation-message", G_CALLBACK (message_cb), &messages);
  g_signal_connect (silent, "validation-message", G_CALLBACK (rill_test_message_cb), NULL);
  g_thread_join (g_thread_new ("provoke", provoke_thread, session));
  g_assert_cmpuint (messages.n_messages, ==, 0);
  rill_test_iterate ();
  g_assert_cmpuint (messages.n_messages, ==, 1);
  g_assert_cmpint (messages.severity, ==, RILL_VALIDATION_SEVERITY_ERROR);
  g_assert_cmpstr (messages.id, ==, "VUID-VkBufferCreateInfo-size-00912");
  g_assert_nonnull (strstr (messages.text, "size"));
  g_free (messages.id);
  g_free (messages.text);
  rill_test_session_end (silent);
  rill_test_session_end (session);
}

/* What the layer says when the device ends is still heard: here of a buffer that nobody destroyed.
 */
static void
test_validation_at_end (void)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = 4,
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  };
  RillSession *session = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, NULL);
  Messages messages = { .thread = g_thread_self () };
  VkBuffer buffer = VK_NULL_HANDLE;

  g_signal_connect (session, "validation-message", G_CALLBACK (message_cb), &messages);
  g_assert_cmpint (vkCreateBuffer (rill_session_get_vk_device (session), &info, NULL, &buffer), ==,
                   VK_SUCCESS);
  rill_session_close (session);
  rill_test_iterate ();
  g_assert_cmpuint (messages.n_messages, >, 0);
  g_free (messages.id);
  g_free (messages.text);
  rill_test_session_end (session);
}

static void
lost_cb (RillSession *session,
         guint       *count)
{
  (*count)++;
}

static gpointer
lose_thread (gpointer data)
{
  rill_context_mark_lost (data);
  rill_context_mark_lost (data);
  return NULL;
}

/* A lost device: told of once, in the session's thread; every later call reports it. */
static void
test_device_lost (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);
  RillContext *context = rill_session_ref_context (session, NULL);
  g_autoptr (GBytes) bytes = rill_test_bytes_new (1000, 1);
  GError *error = NULL;
  guint n_lost = 0;

  g_signal_connect (session, "device-lost", G_CALLBACK (lost_cb), &n_lost);
  g_thread_join (g_thread_new ("lose", lose_thread, context));
  rill_context_unref (context);
  g_assert_cmpuint (n_lost, ==, 0);
  rill_test_iterate ();
  g_assert_cmpuint (n_lost, ==, 1);

  assert_unusable (session, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST,
                   "VK_ERROR_DEVICE_LOST");
  g_assert_null (rill_memory_create_buffer (memory, 1, RILL_BUFFER_USAGE_NONE, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "new session");
  g_assert_false (rill_buffer_write_bytes (buffer, 0, bytes, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  g_assert_null (rill_buffer_read_bytes (buffer, 0, -1, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  g_assert_false (rill_buffer_fill (buffer, 0, -1, 0, NULL, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  g_assert_null (rill_buffer_map (buffer, RILL_MAP_READ, &error));
  rill_test_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_DEVICE_LOST, "");
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
  rill_test_iterate ();
  g_assert_cmpuint (n_lost, ==, 1);
}

static void
close_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    session)
{
  rill_session_close (session);
}

/* Closing inside a handler. */
static void
test_close_in_handler (void)
{
  RillSession *session = rill_test_session_new ();
  RillMemory *memory = rill_test_memory_new (session, RILL_MEMORY_PROPERTY_NONE, 64 * 1024);
  RillBuffer *buffer = rill_test_buffer_new (memory, 1000);

  g_signal_connect (buffer, "notify::name", G_CALLBACK (close_cb), session);
  rill_resource_set_name (RILL_RESOURCE (buffer), "fuse");
  rill_test_iterate ();
  g_assert_true (rill_session_get_closed (session));
  g_assert_true (rill_resource_get_closed (RILL_RESOURCE (buffer)));
  g_object_unref (buffer);
  g_object_unref (memory);
  rill_test_session_end (session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/properties", test_properties);
  g_test_add_func ("/session/transfers-item-type", test_transfers_item_type);
  g_test_add_func ("/session/devices", test_devices);
  g_test_add_func ("/session/bad-arguments", test_bad_arguments);
  g_test_add_func ("/session/open-async", test_open_async);
  g_test_add_func ("/session/open-async-cancelled", test_open_async_cancelled);
  g_test_add_func ("/session/open-async-context", test_open_async_context);
  g_test_add_func ("/session/context-ends", test_context_ends);
  g_test_add_func ("/session/uninitialized", test_uninitialized);
  g_test_add_func ("/session/close", test_close);
  g_test_add_func ("/session/init-after-close", test_init_after_close);
  g_test_add_func ("/session/dropped-first", test_dropped_first);
  g_test_add_func ("/session/dropped-in-thread", test_dropped_in_thread);
  g_test_add_func ("/session/two-sessions", test_two_sessions);
  g_test_add_func ("/session/wait-idle", test_wait_idle);
  g_test_add_func ("/session/close-waits", test_close_waits);
  g_test_add_func ("/session/validation-message", test_validation_message);
  g_test_add_func ("/session/validation-at-end", test_validation_at_end);
  g_test_add_func ("/session/device-lost", test_device_lost);
  g_test_add_func ("/session/close-in-handler", test_close_in_handler);
  return g_test_run ();
}
