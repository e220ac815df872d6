/* SPDX-License-Identifier: MIT */

/* The end of sessions and of all that was made from them: closed in any order, from anywhere and
 * with work in flight, and finalised wherever the last reference happens to go. */

#include "rill-test-gate.h"
#include "rill-test-scene.h"

#include <rill-vulkan.h>

/* Closing the session closes everything and gives the memory back at once. Again does nothing. */
static void
test_session (void)
{
  Scene *scene = scene_new (FALSE);

  rill_mapping_close (scene->objects[MAPPING]);
  for (guint n = 0; n < 2; n++)
    {
      rill_session_close (scene->objects[SESSION]);
      for (guint i = 0; i < N_OBJECTS; i++)
        g_assert_true (is_closed (scene->objects[i]));
      g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
      g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
      g_assert_cmpint (rill_test_vulkan.images, ==, 0);
      g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
      g_assert_cmpuint (rill_memory_get_page_count (scene->objects[MEMORY]), ==, 0);
      g_assert_cmpuint (rill_memory_get_used_size (scene->objects[HOST_MEMORY]), ==, 0);
      rill_test_iterate ();
    }
  scene_end (scene);
}

/* Each object by itself, then the session: nothing is closed or given back twice. */
/* The handles that a program can use beside the library hold nothing, and end with the session. */
static void
test_handles (void)
{
  Scene *scene = scene_new (FALSE);
  RillSession *session = scene->objects[SESSION];
  VkPhysicalDevice physical_device = rill_session_get_vk_physical_device (session);
  VkPhysicalDeviceProperties properties;

  g_assert_true (rill_session_get_vk_device (session) != VK_NULL_HANDLE);
  g_assert_nonnull (vkGetInstanceProcAddr (rill_session_get_vk_instance (session), "vkCreateDevice"));
  vkGetPhysicalDeviceProperties (physical_device, &properties);
  g_assert_cmpstr (properties.deviceName, ==,
                   rill_device_get_name (rill_session_get_device (session)));
  rill_mapping_close (scene->objects[MAPPING]);
  rill_session_close (session);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
  g_assert_true (rill_session_get_vk_instance (session) == VK_NULL_HANDLE);
  g_assert_true (rill_session_get_vk_physical_device (session) == VK_NULL_HANDLE);
  g_assert_true (rill_session_get_vk_device (session) == VK_NULL_HANDLE);
  scene_end (scene);
}

static void
test_each_twice (void)
{
  for (gint first = 0; first < 2; first++)
    {
      Scene *scene = scene_new (FALSE);

      for (gint i = 0; i < N_OBJECTS; i++)
        {
          guint kind = first == 0 ? (guint) i : N_OBJECTS - 1 - (guint) i;
          closers[kind] (scene->objects[kind]);
          closers[kind] (scene->objects[kind]);
          g_assert_true (is_closed (scene->objects[kind]));
        }
      g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
      g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
      scene_end (scene);
    }
}

static void
shuffle (guint   *kinds,
         guint    n,
         guint32 *state)
{
  for (guint i = n - 1; i > 0; i--)
    {
      guint j, swapped;

      *state = *state * 1664525u + 1013904223u;
      j = (*state >> 16) % (i + 1);
      swapped = kinds[i];
      kinds[i] = kinds[j];
      kinds[j] = swapped;
    }
}

/* What was dropped without being closed lives on in what holds it. */
static void
test_orders (void)
{
  guint32 state = 1;

  for (guint n = 0; n < 9; n++)
    {
      Scene *scene = scene_new (FALSE);
      g_autoptr (GBytes) view = rill_mapping_get_bytes (scene->objects[MAPPING], NULL);
      guint kinds[N_OBJECTS];

      if (n % 3 == 0)
        rill_command_buffer_run_async (scene->objects[COMMANDS], NULL, NULL, NULL);
      for (guint i = 0; i < N_OBJECTS; i++)
        kinds[i] = i;
      shuffle (kinds, N_OBJECTS, &state);
      for (guint i = 0; i < N_OBJECTS; i++)
        {
          if ((state >> (i + 3)) % 2 == 0)
            closers[kinds[i]] (scene->objects[kinds[i]]);
          g_clear_object (&scene->objects[kinds[i]]);
          g_assert_true (g_bytes_equal (view, scene->bytes));
        }
      g_clear_pointer (&view, g_bytes_unref);
      scene_end (scene);
    }
}

/* The session first and what was made from it later, then the reverse: all is open until the last
 * reference, or closed by the first. */
static void
test_dropped_in_order (void)
{
  Scene *scene = scene_new (FALSE);

  for (guint i = 0; i < N_OBJECTS; i++)
    {
      if (i == COMMANDS)
        rill_test_run (scene->objects[COMMANDS]);
      g_clear_object (&scene->objects[i]);
    }
  scene_end (scene);

  scene = scene_new (FALSE);
  for (guint i = N_OBJECTS; i-- > 0;)
    {
      g_assert_true (rill_session_wait_idle (scene->objects[SESSION], NULL, NULL));
      g_clear_object (&scene->objects[i]);
    }
  scene_end (scene);
}

/* Threads that begin at the same moment. */
typedef struct
{
  GThreadFunc func;
  gpointer data;
  gint *waiting; /* (atomic) */
} Start;

static gpointer
start_thread (gpointer data)
{
  Start *start = data;
  gpointer result;

  g_atomic_int_add (start->waiting, -1);
  while (g_atomic_int_get (start->waiting) > 0)
    g_thread_yield ();
  result = start->func (start->data);
  g_free (start);
  return result;
}

static GThread *
begin_thread (GThreadFunc  func,
              gpointer     data,
              gint        *waiting)
{
  const Start start = { func, data, waiting };

  return g_thread_new ("test", start_thread, g_memdup2 (&start, sizeof (start)));
}

typedef struct
{
  Scene *scene;
  Kind kind;
} Part;

static gpointer
close_thread (gpointer data)
{
  Part *part = data;

  closers[part->kind] (part->scene->objects[part->kind]);
  return NULL;
}

static gpointer
drop_thread (gpointer data)
{
  Part *part = data;

  g_clear_object (&part->scene->objects[part->kind]);
  return NULL;
}

/* One thread for each object, and one more that closes the session. */
static void
test_threads (gconstpointer func)
{
  for (guint n = 0; n < 3; n++)
    {
      Scene *scene = scene_new (n % 2 == 0);
      Part parts[N_OBJECTS + 1];
      GThread *threads[N_OBJECTS + 1];
      gint waiting = N_OBJECTS + 1;
      RillSession *session = g_object_ref (scene->objects[SESSION]);
      Scene closed = { .objects = { session } };

      rill_command_buffer_run_async (scene->objects[COMMANDS], NULL, NULL, NULL);
      for (guint i = 0; i < N_OBJECTS; i++)
        {
          parts[i] = (Part) { scene, i };
          threads[i] = begin_thread ((GThreadFunc) func, &parts[i], &waiting);
        }
      parts[N_OBJECTS] = (Part) { &closed, SESSION };
      threads[N_OBJECTS] = begin_thread (close_thread, &parts[N_OBJECTS], &waiting);
      for (guint i = 0; i <= N_OBJECTS; i++)
        g_thread_join (threads[i]);
      g_object_unref (session);
      scene_end (scene);
    }
}

/* Work in flight */

typedef struct
{
  Scene *scene;
  gint n_done; /* (atomic) */
  gint next;   /* (atomic) of the calls */
} Flight;

static gpointer
call_thread (gpointer data)
{
  Flight *flight = data;
  CallFunc call = calls[g_atomic_int_add (&flight->next, 1)];
  g_autoptr (GError) error = NULL;

  while (call (flight->scene, &error))
    g_atomic_int_inc (&flight->n_done);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  return NULL;
}

/* Threads that are in the middle of calls end with what was asked or with CLOSED. */
static void
test_sync_in_flight (gconstpointer staging)
{
  for (guint n = 0; n < 3; n++)
    {
      Flight flight = { .scene = scene_new (staging != NULL) };
      GThread *threads[G_N_ELEMENTS (calls)];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("call", call_thread, &flight);
      while (g_atomic_int_get (&flight.n_done) < 20)
        g_usleep (100);
      rill_session_close (flight.scene->objects[SESSION]);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      scene_end (flight.scene);
    }
}

/* Each callback comes, once, after the close. */
static void
test_async_in_flight (gconstpointer staging)
{
  for (guint n = 0; n < 6; n++)
    {
      Scene *scene = scene_new (staging != NULL);
      g_autoptr (GCancellable) cancellable = n % 2 == 1 ? g_cancellable_new () : NULL;
      Outcome outcome = { 0 };

      scene_start_all (scene, cancellable, &outcome);
      if (n % 3 == 1)
        g_usleep (2000);
      if (cancellable != NULL)
        g_cancellable_cancel (cancellable);
      rill_session_close (scene->objects[SESSION]);
      g_assert_cmpuint (outcome.n_done, ==, 0);
      if (n % 3 == 2)
        scene_drop (scene);
      rill_test_iterate_until (outcome.n_done == outcome.n_started);
      g_test_message ("%u of %u refused", outcome.n_failed, outcome.n_done);
      scene_end (scene);
      g_assert_cmpuint (outcome.n_done, ==, outcome.n_started);
    }
}

/* Work that waits at the device is waited for, whoever still holds what it uses. */
static void
test_run_in_flight (gconstpointer drop)
{
  Scene *scene = scene_new (FALSE);
  RillTestGate *gate = rill_test_gate_new (scene->objects[SESSION]);
  g_autoptr (RillSession) session = g_object_ref (scene->objects[SESSION]);
  Outcome outcome = { 0 };
  GThread *opener;

  scene_start (scene, RUN, NULL, &outcome);
  if (drop != NULL)
    scene_drop (scene);
  else
    for (guint i = N_OBJECTS; i-- > 1;)
      closers[i] (scene->objects[i]);
  g_assert_cmpint (rill_test_vulkan.buffers, >, 0);
  opener = rill_test_gate_open_later (gate);
  rill_session_close (session);
  g_thread_join (opener);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);
  rill_test_iterate_until (outcome.n_done == 1);
  g_assert_cmpuint (outcome.n_failed, ==, 0);
  rill_test_gate_free (gate);
  g_clear_object (&session);
  scene_end (scene);
}

/* What was called before, but not begun, ends with CLOSED. */
static void
test_queued (void)
{
  Scene *scene = scene_new (TRUE);
  RillTestGate *gate = rill_test_gate_new (scene->objects[SESSION]);
  Outcome outcome = { 0 };
  GThread *opener;

  scene_start (scene, READ, NULL, &outcome); /* waits for the device, in the transfer thread */
  for (guint i = 0; i < 5; i++)
    scene_start (scene, COPY, NULL, &outcome);
  opener = rill_test_gate_open_later (gate);
  rill_session_close (scene->objects[SESSION]);
  g_thread_join (opener);
  rill_test_iterate_until (outcome.n_done == 6);
  g_assert_cmpuint (outcome.n_failed, >=, 5);
  rill_test_gate_free (gate);
  scene_end (scene);
}

/* All is dropped while the device is at work: a thread of the library's has the last references. */
static void
test_device_is_last (void)
{
  for (guint n = 0; n < 3; n++)
    {
      Scene *scene = scene_new (FALSE);

      scene_leave_running (scene);
      scene_end (scene);
    }
}

/* Views */

static gpointer
read_view_thread (gpointer data)
{
  Flight *flight = data;
  gsize size;
  g_autoptr (GBytes) view = rill_mapping_get_bytes (flight->scene->objects[MAPPING], NULL);
  const guint8 *at = g_bytes_get_data (view, &size);
  const guint8 *expected = g_bytes_get_data (flight->scene->bytes, NULL);

  g_atomic_int_set (&flight->n_done, 1);
  while (g_atomic_int_get (&flight->n_done) == 1)
    g_assert_cmpmem (at, size, expected, size);
  g_assert_cmpmem (at, size, expected, size);
  return NULL;
}

/* A thread reads a view from before the close until long after; the page goes with it. */
static void
test_views (void)
{
  const Kind kinds[] = { SESSION, HOST_MEMORY, HOST_BUFFER, MAPPING };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Flight flight = { .scene = scene_new (FALSE) };
      GThread *thread = g_thread_new ("view", read_view_thread, &flight);

      while (g_atomic_int_get (&flight.n_done) == 0)
        g_thread_yield ();
      closers[kinds[i]] (flight.scene->objects[kinds[i]]);
      rill_session_close (flight.scene->objects[SESSION]);
      g_assert_cmpint (rill_test_vulkan.memories, ==, 1);
      scene_drop (flight.scene);
      g_assert_cmpint (rill_test_vulkan.memories, ==, 1);
      g_assert_cmpint (rill_test_vulkan.devices, ==, 1);
      g_atomic_int_set (&flight.n_done, 2);
      g_thread_join (thread);
      scene_end (flight.scene);
    }
}

/* Handlers and callbacks */

/* What is done in one, the first time that it is called. */
typedef struct
{
  Scene *scene;
  gboolean drop; /* all references, instead of closing the session */
  guint n_calls;
  gint done; /* (atomic) */
} Act;

static void
act_cb (Act *act)
{
  if (act->n_calls++ > 0)
    return;
  if (act->drop)
    scene_drop (act->scene);
  else if (act->scene->objects[SESSION] != NULL)
    rill_session_close (act->scene->objects[SESSION]);
  g_atomic_int_set (&act->done, TRUE);
}

typedef struct
{
  const char *signal;
  Kind kind;
  void (*provoke) (Scene *scene);
} Trigger;

static void
provoke_page (Scene *scene)
{
  g_object_unref (rill_test_buffer_new (scene->objects[MEMORY], 2 * SCENE_PAGE));
}

static void
provoke_name (Scene *scene)
{
  rill_resource_set_name (scene->objects[BUFFER], "last words");
}

static void
provoke_layout (Scene *scene)
{
  g_assert_true (rill_image_change_layout (scene->objects[IMAGE],
                                           RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, NULL, NULL));
}

static void
provoke_message (Scene *scene)
{
  const VkBufferCreateInfo info = { .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT };
  VkDevice device = rill_session_get_vk_device (scene->objects[SESSION]);
  VkBuffer buffer = VK_NULL_HANDLE;

  g_atomic_int_set (&n_provoked, 1);
  if (vkCreateBuffer (device, &info, NULL, &buffer) == VK_SUCCESS) /* its size is 0 */
    vkDestroyBuffer (device, buffer, NULL);
  g_assert_cmpint (n_provoked, ==, 0);
}

static void
provoke_loss (Scene *scene)
{
  g_autoptr (RillContext) context = rill_session_ref_context (scene->objects[SESSION], NULL);

  rill_context_mark_lost (context);
}

static const Trigger triggers[] = {
  { "page-added", MEMORY, provoke_page },
  { "page-removed", MEMORY, provoke_page },
  { "notify::page-count", MEMORY, provoke_page },
  { "notify::name", BUFFER, provoke_name },
  { "notify::layout", IMAGE, provoke_layout },
  { "validation-message", SESSION, provoke_message },
  { "device-lost", SESSION, provoke_loss },
};

/* Without @provoke the signal is that of the object's close. */
static void
act_in_handler (const Trigger *trigger,
                gboolean       drop)
{
  Scene *scene = scene_new (FALSE);
  gpointer source = scene->objects[trigger->kind];
  Act act = { .scene = scene, .drop = drop };
  gulong handler = g_signal_connect_swapped (source, trigger->signal, G_CALLBACK (act_cb), &act);

  rill_command_buffer_run_async (scene->objects[COMMANDS], NULL, NULL, NULL);
  if (trigger->provoke != NULL)
    trigger->provoke (scene);
  else
    closers[trigger->kind] (source);
  g_assert_cmpuint (act.n_calls, ==, 0);
  rill_test_iterate_until (act.n_calls > 0);
  if (!drop)
    {
      g_assert_true (rill_session_get_closed (scene->objects[SESSION]));
      rill_test_iterate ();
      g_signal_handler_disconnect (source, handler);
    }
  scene_end (scene);
}

static void
test_handlers (gconstpointer drop)
{
  for (guint i = 0; i < G_N_ELEMENTS (triggers); i++)
    act_in_handler (&triggers[i], drop != NULL);
  for (guint i = 0; i < N_OBJECTS; i++)
    act_in_handler (&(const Trigger) { "notify::closed", i, NULL }, drop != NULL);
}

/* Of a download that waits at the device, while it is shown in the list of transfers. */
typedef struct
{
  Act act;
  RillTestGate *gate;
  GThread *opener;
} TransferAct;

static void
act_in_transfer_cb (TransferAct *act)
{
  if (act->act.n_calls == 0)
    act->opener = rill_test_gate_open_later (act->gate);
  act_cb (&act->act);
}

static void
test_transfer (gconstpointer drop)
{
  Scene *scene = scene_new (TRUE);
  TransferAct act = { .act = { .scene = scene, .drop = drop != NULL },
                      .gate = rill_test_gate_new (scene->objects[SESSION]) };
  GListModel *list = rill_session_get_transfers (scene->objects[SESSION]);
  RillBuffer *large = rill_test_buffer_new (scene->objects[MEMORY], 2 * 1024 * 1024);
  gulong handler =
    g_signal_connect_swapped (list, "items-changed", G_CALLBACK (act_in_transfer_cb), &act);

  g_object_ref (list);
  rill_buffer_read_bytes_async (large, 0, -1, NULL, NULL, NULL);
  g_object_unref (large);
  rill_test_iterate_until (act.act.n_calls > 0);
  g_thread_join (act.opener);
  rill_test_gate_free (act.gate);
  scene_drop (scene);
  rill_test_iterate_until (g_list_model_get_n_items (list) == 0);
  g_signal_handler_disconnect (list, handler);
  g_object_unref (list);
  scene_end (scene);
}

static void
count_cb (guint *count)
{
  (*count)++;
}

static gboolean
never_cb (gpointer data)
{
  g_assert_not_reached ();
}

static void
context_gone_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* What waits to be told in a context that is dropped goes with it, and so does the context. */
static void
test_nobody_iterates (void)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = g_timeout_source_new_seconds (1000);
  gboolean gone = FALSE;
  guint n_calls = 0;
  Scene *scene;

  g_source_set_callback (source, never_cb, &gone, context_gone_cb);
  g_source_attach (source, context);
  g_source_unref (source);
  g_main_context_push_thread_default (context);
  scene = scene_new (FALSE);
  for (guint i = 0; i < N_OBJECTS; i++)
    g_signal_connect_swapped (scene->objects[i], "notify::closed", G_CALLBACK (count_cb), &n_calls);
  rill_session_close (scene->objects[SESSION]);
  scene_end (scene);
  g_main_context_pop_thread_default (context);
  g_assert_false (gone);
  g_main_context_unref (context);
  g_assert_true (gone);
  g_assert_cmpuint (n_calls, ==, 0);
}

typedef struct
{
  Act act;
  const Operation *operation;
} CallbackAct;

static void
act_done_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  CallbackAct *act = data;
  GError *error = NULL;

  g_assert_true (act->operation->finish (source, result, &error));
  g_assert_no_error (error);
  act_cb (&act->act);
}

/* In the callback of each asynchronous call. */
static void
test_callbacks (gconstpointer drop)
{
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      CallbackAct act = { .act = { .scene = scene_new (i % 2 == 0), .drop = drop != NULL },
                          .operation = &operations[i] };

      operations[i].start (act.act.scene, NULL, act_done_cb, &act);
      rill_test_iterate_until (act.act.n_calls > 0);
      scene_end (act.act.scene);
    }
}

static void
open_done_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr (RillSession) session = rill_session_open_finish (result, NULL);

  g_assert_true (RILL_IS_SESSION (session));
  *(gboolean *) data = TRUE;
}

/* The callback of open_async drops what it gets. */
static void
test_open (void)
{
  gboolean done = FALSE;

  memset (&rill_test_vulkan, 0, sizeof (rill_test_vulkan));
  rill_session_open_async (NULL, RILL_SESSION_VALIDATION, NULL, open_done_cb, &done);
  rill_test_iterate_until (done);
  scene_wait_for (g_atomic_int_get (&rill_test_vulkan.devices) == 0);
}

/* Nobody takes what open_async has opened. */
static void
test_open_for_nobody (void)
{
  memset (&rill_test_vulkan, 0, sizeof (rill_test_vulkan));
  rill_session_open_async (NULL, RILL_SESSION_VALIDATION, NULL, NULL, NULL);
  while (g_atomic_int_get (&rill_test_vulkan.devices) == 0)
    g_usleep (1000); /* its end needs the main loop */
  rill_test_iterate_until (g_atomic_int_get (&rill_test_vulkan.devices) == 0);
}

static void
weak_cb (gpointer  data,
         GObject  *where_the_object_was)
{
  act_cb (data);
}

/* While an object is finalised. */
static void
test_weak_notify (gconstpointer drop)
{
  for (guint kind = 0; kind < N_OBJECTS; kind++)
    {
      Scene *scene = scene_new (FALSE);
      Act act = { .scene = scene, .drop = drop != NULL };

      /* So that no other thread has the last reference. */
      g_assert_true (rill_session_wait_idle (scene->objects[SESSION], NULL, NULL));
      g_object_weak_ref (scene->objects[kind], weak_cb, &act);
      for (guint i = N_OBJECTS; i-- > (kind == SESSION ? 0 : 1);)
        g_clear_object (&scene->objects[i]);
      g_assert_cmpuint (act.n_calls, ==, 1);
      scene_end (scene);
    }
}

/* The bytes of an asynchronous write may go in a thread of the library's. */
static void
test_free_func (gconstpointer drop)
{
  for (guint n = 0; n < 2; n++)
    {
      Scene *scene = scene_new (n % 2 == 0);
      Act act = { .scene = scene, .drop = drop != NULL };
      GBytes *bytes = g_bytes_new_with_free_func (g_bytes_get_data (scene->bytes, NULL), SCENE_SIZE,
                                                  (GDestroyNotify) act_cb, &act);

      rill_buffer_write_bytes_async (scene->objects[BUFFER], 0, bytes, NULL, NULL, NULL);
      g_bytes_unref (bytes);
      rill_test_iterate_until (g_atomic_int_get (&act.done));
      scene_end (scene);
    }
}

#define ADD_BOTH(name, function, first, second) \
  G_STMT_START \
  { \
    g_test_add_data_func ("/close/" name "/" first, NULL, function); \
    g_test_add_data_func ("/close/" name "/" second, GINT_TO_POINTER (TRUE), function); \
  } \
  G_STMT_END

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/close/session", test_session);
  g_test_add_func ("/close/handles", test_handles);
  g_test_add_func ("/close/each-twice", test_each_twice);
  g_test_add_func ("/close/orders", test_orders);
  g_test_add_func ("/close/dropped-in-order", test_dropped_in_order);
  g_test_add_data_func ("/close/threads/close", close_thread, test_threads);
  g_test_add_data_func ("/close/threads/drop", drop_thread, test_threads);
  ADD_BOTH ("sync-in-flight", test_sync_in_flight, "direct", "staged");
  ADD_BOTH ("async-in-flight", test_async_in_flight, "direct", "staged");
  ADD_BOTH ("run-in-flight", test_run_in_flight, "closed", "dropped");
  g_test_add_func ("/close/queued", test_queued);
  g_test_add_func ("/close/device-is-last", test_device_is_last);
  g_test_add_func ("/close/views", test_views);
  ADD_BOTH ("handlers", test_handlers, "close", "drop");
  ADD_BOTH ("transfer", test_transfer, "close", "drop");
  g_test_add_func ("/close/nobody-iterates", test_nobody_iterates);
  ADD_BOTH ("callbacks", test_callbacks, "close", "drop");
  g_test_add_func ("/close/open-async", test_open);
  g_test_add_func ("/close/open-async/nobody", test_open_for_nobody);
  ADD_BOTH ("weak-notify", test_weak_notify, "close", "drop");
  ADD_BOTH ("free-func", test_free_func, "close", "drop");
  return g_test_run ();
}
