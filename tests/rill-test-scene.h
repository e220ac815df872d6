/* SPDX-License-Identifier: MIT */
#pragma once

/* A session with one object of every kind, for tests of how they end; and calls on them. */

#include "rill-test-compute.h"
#include "rill-test-vulkan.h"

#include "session/rill-context-private.h"
#include "session/rill-session-private.h"

#define SCENE_PAGE (256 * 1024)
#define SCENE_SIZE (64 * 1024)

/* In the order in which they are made: each holds some of those before it. */
typedef enum
{
  SESSION,
  MEMORY,
  BUFFER,
  TARGET,
  IMAGE,
  VIEW,
  HOST_MEMORY,
  HOST_BUFFER,
  MAPPING,
  PROGRAM,
  NODE,
  DURATION,
  COMMANDS,
  N_OBJECTS,
} Kind;

static void (*const closers[N_OBJECTS]) (gpointer object) = {
  [SESSION] = (void (*) (gpointer)) rill_session_close,
  [MEMORY] = (void (*) (gpointer)) rill_memory_close,
  [BUFFER] = (void (*) (gpointer)) rill_resource_close,
  [TARGET] = (void (*) (gpointer)) rill_resource_close,
  [IMAGE] = (void (*) (gpointer)) rill_resource_close,
  [VIEW] = (void (*) (gpointer)) rill_image_view_close,
  [HOST_MEMORY] = (void (*) (gpointer)) rill_memory_close,
  [HOST_BUFFER] = (void (*) (gpointer)) rill_resource_close,
  [MAPPING] = (void (*) (gpointer)) rill_mapping_close,
  [PROGRAM] = (void (*) (gpointer)) rill_program_close,
  [NODE] = (void (*) (gpointer)) rill_compute_node_close,
  [DURATION] = (void (*) (gpointer)) rill_duration_close,
  [COMMANDS] = (void (*) (gpointer)) rill_command_buffer_close,
};

/* A session with one object of every kind, and the bytes that the buffers were filled with. */
typedef struct
{
  gpointer objects[N_OBJECTS]; /* (owned) (nullable) */
  GWeakRef weak[N_OBJECTS];
  GBytes *bytes;
} Scene;

/* The layer's messages, also those at the end of a device whose session is gone. */

static gint n_messages; /* (atomic) */
static gint n_provoked; /* (atomic) that the test itself is about to cause */
static PFN_vkDebugUtilsMessengerCallbackEXT library_callback;

static VkBool32 VKAPI_PTR
heard_cb (VkDebugUtilsMessageSeverityFlagBitsEXT      severity,
          VkDebugUtilsMessageTypeFlagsEXT             types,
          const VkDebugUtilsMessengerCallbackDataEXT *data,
          void                                       *user_data)
{
  if (g_atomic_int_get (&n_provoked) > 0)
    g_atomic_int_add (&n_provoked, -1);
  else
    {
      g_printerr ("%s\n", data->pMessage);
      g_atomic_int_inc (&n_messages);
    }
  return library_callback (severity, types, data, user_data);
}

static VkResult VKAPI_PTR
create_messenger (VkInstance                                instance,
                  const VkDebugUtilsMessengerCreateInfoEXT *info,
                  const VkAllocationCallbacks              *allocator,
                  VkDebugUtilsMessengerEXT                 *messenger)
{
  VkDebugUtilsMessengerCreateInfoEXT heard = *info;
  PFN_vkCreateDebugUtilsMessengerEXT create =
    (PFN_vkCreateDebugUtilsMessengerEXT) rill_test_real (vkGetInstanceProcAddr) (
      instance, "vkCreateDebugUtilsMessengerEXT");

  library_callback = info->pfnUserCallback;
  heard.pfnUserCallback = heard_cb;
  return create (instance, &heard, allocator, messenger);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr (VkInstance  instance,
                       const char *name)
{
  if (strcmp (name, "vkCreateDebugUtilsMessengerEXT") == 0)
    return (PFN_vkVoidFunction) create_messenger;
  return rill_test_real (vkGetInstanceProcAddr) (instance, name);
}

/* Long enough that a submission is still running when the test goes on. */
static const char shader[] =
  GLSL ("layout (local_size_x = 64) in;\n"
        "layout (constant_id = 0) const uint n_steps = 1000;\n"
        "layout (set = 0, binding = 0) buffer Data { uint data[]; };\n"
        "layout (set = 0, binding = 1, rgba8ui) uniform readonly uimage2D view;\n"
        "layout (set = 0, binding = 2, rgba8ui) uniform readonly uimage2D image;\n"
        "void main ()\n"
        "{\n"
        "  uint value = imageLoad (view, ivec2 (0, 0)).x + imageLoad (image, ivec2 (0, 0)).x;\n"
        "  for (uint i = 0; i < n_steps; i++)\n"
        "    value = value * 1664525u + 1013904223u;\n"
        "  data[gl_GlobalInvocationID.x % 64] = value;\n"
        "}\n");

static inline void
record (Scene *scene)
{
  RillCommandBuffer *commands = rill_test_command_buffer_new (scene->objects[SESSION]);

  scene->objects[COMMANDS] = commands;
  g_assert_true (rill_command_buffer_begin_duration (commands, scene->objects[DURATION], NULL));
  rill_test_dispatch (commands, scene->objects[NODE]);
  g_assert_true (rill_command_buffer_end_duration (commands, scene->objects[DURATION], NULL));
  g_assert_true (rill_command_buffer_copy_buffer (commands, scene->objects[BUFFER], 0,
                                                  scene->objects[TARGET], 0, -1, NULL));
}

/* With @staging all transfers go through the ring. */
static inline Scene *
scene_new (gboolean staging)
{
  const guint shape[] = { 64, 64, 4 };
  Scene *scene = g_new0 (Scene, 1);
  gpointer *objects = scene->objects;
  g_autoptr (RillContext) context = NULL;

  memset (&rill_test_vulkan, 0, sizeof (rill_test_vulkan));
  g_atomic_int_set (&n_messages, 0);
  scene->bytes = rill_test_bytes_new (SCENE_SIZE, 1);
  objects[SESSION] = rill_session_new (NULL, RILL_SESSION_VALIDATION, NULL, NULL);
  g_assert_nonnull (objects[SESSION]);
  context = rill_session_ref_context (objects[SESSION], NULL);
  context->debug = staging ? RILL_DEBUG_STAGING : 0;
  objects[MEMORY] =
    rill_test_memory_new (objects[SESSION], RILL_MEMORY_PROPERTY_DEVICE_LOCAL, SCENE_PAGE);
  objects[BUFFER] = rill_test_buffer_new (objects[MEMORY], SCENE_SIZE);
  objects[TARGET] = rill_test_buffer_new (objects[MEMORY], SCENE_SIZE);
  objects[IMAGE] = rill_test_image_new (objects[MEMORY], shape, 3, RILL_CHANNEL_TYPE_UINT8);
  objects[VIEW] = rill_image_create_view (objects[IMAGE], RILL_FILTER_MODE_NEAREST,
                                          RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, NULL);
  objects[HOST_MEMORY] =
    rill_test_memory_new (objects[SESSION], RILL_MEMORY_PROPERTY_HOST_VISIBLE, SCENE_PAGE);
  objects[HOST_BUFFER] = rill_test_buffer_new (objects[HOST_MEMORY], SCENE_SIZE);
  rill_test_write (objects[BUFFER], 0, scene->bytes);
  rill_test_write (objects[HOST_BUFFER], 0, scene->bytes);
  objects[MAPPING] = rill_buffer_map (objects[HOST_BUFFER], RILL_MAP_READ, NULL);
  objects[PROGRAM] = rill_test_program_new (objects[SESSION], shader);
  objects[NODE] = rill_session_create_compute_node (objects[SESSION], objects[PROGRAM], NULL, NULL);
  rill_test_bind (objects[NODE], "Data", objects[BUFFER]);
  rill_test_bind (objects[NODE], "view", objects[VIEW]);
  rill_test_bind (objects[NODE], "image", objects[IMAGE]);
  g_assert_true (rill_compute_node_set_grid_size (objects[NODE], 64, 1, 1, NULL));
  objects[DURATION] = rill_session_create_duration (objects[SESSION], NULL);
  record (scene);
  for (guint i = 0; i < N_OBJECTS; i++)
    {
      g_assert_nonnull (objects[i]);
      g_weak_ref_init (&scene->weak[i], objects[i]);
    }
  return scene;
}

static inline gboolean
is_closed (gpointer object)
{
  gboolean closed;

  g_object_get (object, "closed", &closed, NULL);
  return closed;
}

static inline void
scene_drop (Scene *scene)
{
  for (guint i = 0; i < N_OBJECTS; i++)
    g_clear_object (&scene->objects[i]);
}

static inline gboolean
is_all_gone (Scene *scene)
{
  for (guint i = 0; i < N_OBJECTS; i++)
    {
      g_autoptr (GObject) object = g_weak_ref_get (&scene->weak[i]);
      if (object != NULL)
        return FALSE;
    }
  return g_atomic_int_get (&rill_test_vulkan.devices) == 0;
}

/* Iterates until what threads are about to do has been done. */
#define scene_wait_for(condition) \
  G_STMT_START \
  { \
    for (guint waited = 0; waited < 5000 && !(condition); waited++) \
      { \
        rill_test_iterate (); \
        g_usleep (1000); \
      } \
    rill_test_iterate (); \
    g_assert_true (condition); \
  } \
  G_STMT_END

/* Nobody holds anything any more, but for the library's threads and pending completions: all is
 * finalised, the device has all back, and the layer has seen nothing wrong until the very end. */
static inline void
scene_end (Scene *scene)
{
  scene_drop (scene);
  scene_wait_for (is_all_gone (scene));
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);
  g_assert_cmpint (n_messages, ==, 0);
  for (guint i = 0; i < N_OBJECTS; i++)
    g_weak_ref_clear (&scene->weak[i]);
  g_bytes_unref (scene->bytes);
  g_free (scene);
}

/* Calls that return when they have done what is asked. One thread may be in each of them. */

typedef gboolean (*CallFunc) (Scene *scene, GError **error);

static inline gboolean
call_transfer (Scene   *scene,
               GError **error)
{
  g_autoptr (GBytes) content = NULL;

  if (rill_buffer_write_bytes (scene->objects[BUFFER], 0, scene->bytes, NULL, error)
      && rill_buffer_copy_to (scene->objects[BUFFER], 0, scene->objects[TARGET], 0, -1, NULL, error)
      && rill_buffer_fill (scene->objects[BUFFER], 1, 1000, 7, NULL, error))
    content = rill_buffer_read_bytes (scene->objects[TARGET], 0, -1, NULL, error);
  return content != NULL;
}

static inline gboolean
call_image (Scene   *scene,
            GError **error)
{
  g_autoptr (GBytes) texels = NULL;
  g_autoptr (RillImageView) view = NULL;

  if (rill_image_clear (scene->objects[IMAGE], NULL, error))
    texels = rill_image_read_bytes (scene->objects[IMAGE], NULL, error);
  if (texels != NULL)
    view = rill_image_create_view (scene->objects[IMAGE], RILL_FILTER_MODE_NEAREST,
                                   RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE, error);
  return view != NULL;
}

static inline gboolean
call_create (Scene   *scene,
             GError **error)
{
  const guint shape[] = { 5, 7 };
  g_autoptr (RillBuffer) buffer = rill_memory_create_buffer (
    scene->objects[MEMORY], SCENE_PAGE, RILL_BUFFER_USAGE_NONE, error);
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillMemory) memory = NULL;

  if (buffer != NULL)
    image = rill_memory_create_image (scene->objects[MEMORY], shape, 2, RILL_CHANNEL_TYPE_UINT8,
                                      RILL_IMAGE_USAGE_NONE, error);
  if (image != NULL)
    memory = rill_session_create_memory (scene->objects[SESSION], RILL_MEMORY_PROPERTY_NONE, 4096,
                                         FALSE, error);
  return memory != NULL;
}

static inline gboolean
call_memory (Scene   *scene,
             GError **error)
{
  g_autoptr (RillMemoryStatistics) statistics = NULL;

  if (rill_memory_trim (scene->objects[MEMORY], error)
      && rill_session_wait_idle (scene->objects[SESSION], NULL, error))
    statistics = rill_memory_calculate_statistics (scene->objects[HOST_MEMORY], error);
  return statistics != NULL;
}

static inline gboolean
call_map (Scene   *scene,
          GError **error)
{
  g_autoptr (RillMapping) mapping =
    rill_buffer_map (scene->objects[HOST_BUFFER], RILL_MAP_READ, error);
  g_autoptr (GBytes) view = mapping != NULL ? rill_mapping_get_bytes (mapping, error) : NULL;

  g_assert_true (view == NULL || g_bytes_equal (view, scene->bytes));
  return view != NULL;
}

static inline gboolean
call_run (Scene   *scene,
          GError **error)
{
  return rill_command_buffer_reset (scene->objects[COMMANDS], error)
         && rill_compute_node_bind (scene->objects[NODE], "Data", scene->objects[BUFFER], error)
         && rill_command_buffer_dispatch (scene->objects[COMMANDS], scene->objects[NODE], error)
         && rill_command_buffer_run (scene->objects[COMMANDS], NULL, error);
}

static inline gboolean
call_compute (Scene   *scene,
              GError **error)
{
  g_autoptr (RillComputeNode) node = rill_session_create_compute_node (
    scene->objects[SESSION], scene->objects[PROGRAM], NULL, error);
  g_autoptr (RillDuration) duration = NULL;
  g_autoptr (RillCommandBuffer) commands = NULL;

  if (node != NULL)
    duration = rill_session_create_duration (scene->objects[SESSION], error);
  if (duration != NULL)
    commands = rill_session_create_command_buffer (scene->objects[SESSION], error);
  return commands != NULL && rill_command_buffer_begin_duration (commands, duration, error);
}

static const CallFunc calls[] = { call_transfer, call_image, call_create, call_memory, call_map,
                                  call_run, call_compute };

/* One asynchronous call on a scene. */
typedef struct
{
  void (*start) (Scene               *scene,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             data);
  gboolean (*finish) (gpointer source, GAsyncResult *result, GError **error);
} Operation;

static inline void
start_write (Scene               *scene,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             data)
{
  rill_buffer_write_bytes_async (scene->objects[BUFFER], 0, scene->bytes, cancellable, callback,
                                 data);
}

static inline void
start_read (Scene               *scene,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             data)
{
  rill_buffer_read_bytes_async (scene->objects[BUFFER], 0, -1, cancellable, callback, data);
}

static inline gboolean
finish_read (gpointer       source,
             GAsyncResult  *result,
             GError       **error)
{
  g_autoptr (GBytes) bytes = rill_buffer_read_bytes_finish (source, result, error);

  return bytes != NULL;
}

static inline void
start_copy (Scene               *scene,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             data)
{
  rill_buffer_copy_to_async (scene->objects[BUFFER], 0, scene->objects[TARGET], 0, -1, cancellable,
                             callback, data);
}

static inline void
start_map (Scene               *scene,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             data)
{
  rill_buffer_map_async (scene->objects[HOST_BUFFER], RILL_MAP_READ, 0, cancellable, callback,
                         data);
}

static inline gboolean
finish_map (gpointer       source,
            GAsyncResult  *result,
            GError       **error)
{
  g_autoptr (RillMapping) mapping = rill_buffer_map_finish (source, result, error);

  return mapping != NULL;
}

static inline void
start_image_write (Scene               *scene,
                   GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             data)
{
  g_autoptr (GBytes) texels = g_bytes_new_from_bytes (scene->bytes, 0, 64 * 64 * 4);

  rill_image_write_bytes_async (scene->objects[IMAGE], texels, cancellable, callback, data);
}

static inline void
start_image_read (Scene               *scene,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             data)
{
  rill_image_read_bytes_async (scene->objects[IMAGE], cancellable, callback, data);
}

static inline gboolean
finish_image_read (gpointer       source,
                   GAsyncResult  *result,
                   GError       **error)
{
  g_autoptr (GBytes) bytes = rill_image_read_bytes_finish (source, result, error);

  return bytes != NULL;
}

static inline void
start_run (Scene               *scene,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             data)
{
  rill_command_buffer_run_async (scene->objects[COMMANDS], cancellable, callback, data);
}

typedef gboolean (*FinishFunc) (gpointer source, GAsyncResult *result, GError **error);

typedef enum
{
  RUN, /* refused while another one is going on */
  WRITE,
  READ,
  COPY,
  MAP,
  IMAGE_WRITE,
  IMAGE_READ,
  N_OPERATIONS,
} OperationKind;

static const Operation operations[N_OPERATIONS] = {
  [RUN] = { start_run, (FinishFunc) rill_command_buffer_run_finish },
  [WRITE] = { start_write, (FinishFunc) rill_buffer_write_bytes_finish },
  [READ] = { start_read, finish_read },
  [COPY] = { start_copy, (FinishFunc) rill_buffer_copy_to_finish },
  [MAP] = { start_map, finish_map },
  [IMAGE_WRITE] = { start_image_write, (FinishFunc) rill_image_write_bytes_finish },
  [IMAGE_READ] = { start_image_read, finish_image_read },
};

/* What has become of calls. */
typedef struct
{
  guint n_started;
  guint n_done;
  guint n_failed;
} Outcome;

typedef struct
{
  const Operation *operation;
  Outcome *outcome;
  gint allowed; /* code that it may end with, other than CLOSED */
} Call;

static inline void
call_done_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Call *call = data;
  GError *error = NULL;

  call->outcome->n_done++;
  if (!call->operation->finish (source, result, &error))
    {
      call->outcome->n_failed++;
      if (!g_error_matches (error, G_IO_ERROR, call->allowed))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_error_free (error);
    }
  g_free (call);
}

static inline void
scene_start (Scene         *scene,
             OperationKind  kind,
             GCancellable  *cancellable,
             Outcome       *outcome)
{
  const Call call = {
    .operation = &operations[kind],
    .outcome = outcome,
    .allowed = cancellable != NULL ? G_IO_ERROR_CANCELLED : G_IO_ERROR_CLOSED,
  };

  outcome->n_started++;
  call.operation->start (scene, cancellable, call_done_cb, g_memdup2 (&call, sizeof (call)));
}

/* Of each kind, in a row. */
#define SCENE_N_TRANSFERS 12

static inline void
scene_start_all (Scene        *scene,
                 GCancellable *cancellable,
                 Outcome      *outcome)
{
  scene_start (scene, RUN, cancellable, outcome);
  for (guint n = 0; n < SCENE_N_TRANSFERS; n++)
    for (guint kind = WRITE; kind < N_OPERATIONS; kind++)
      scene_start (scene, kind, cancellable, outcome);
}

static inline gpointer
scene_cancel_thread (gpointer cancellable)
{
  g_usleep (5000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Leaves the device with pipelines that a processor has to compile one after the other. */
static inline void
scene_leave_running (Scene *scene)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread;

  for (guint i = 0; i < 8; i++)
    {
      g_assert_true (rill_compute_node_set_specialization_constant (
        scene->objects[NODE], 0, g_variant_new_uint32 (2000 + i), NULL));
      rill_test_dispatch (scene->objects[COMMANDS], scene->objects[NODE]);
    }
  thread = g_thread_new ("cancel", scene_cancel_thread, cancellable);
  rill_command_buffer_run (scene->objects[COMMANDS], cancellable, NULL);
  g_thread_join (thread);
}
