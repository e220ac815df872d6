/* SPDX-License-Identifier: MIT */
#include "compute/rill-command-recording-private.h"

#include "compute/rill-commands-private.h"
#include "compute/rill-descriptors-private.h"
#include "core/rill-error-private.h"
#include "transfer/rill-engine-private.h"

struct _RillRecording
{
  gatomicrefcount ref_count;
  RillContext *context;       /* (owned) */
  VkCommandPool pool;
  VkCommandBuffer command_buffer;
  gboolean written;           /* the command buffer has the commands as they are */
  RillSyncPoint point;        /* of the last submission */

  RillCommands commands;
  RillDescriptors descriptors;
  GHashTable *node_sets;      /* (owned) RillComputeNode → NodeSets */
  GHashTable *objects;        /* (owned) set of what is held */
  GPtrArray *views;           /* (owned) (element-type RillImageView), held as objects */
  GPtrArray *resources;       /* (owned) (element-type RillResource), held as objects */
  GHashTable *resource_index; /* (owned) resource → index + 1 */
  GArray *uses;               /* (owned) (element-type RillUse) */
  GHashTable *use_index;      /* (owned) UseKey → index + 1 */
  GPtrArray *measuring;       /* (owned) (element-type RillDuration) begun and not ended */
  GPtrArray *measured;        /* (owned) (element-type RillTimestamps) ended, held by commands */
};

typedef struct
{
  guint64 serial; /* of the node's bindings */
  guint first_set;
} NodeSets;

/* Ranges are kept apart, because a mapping between two of them is no conflict. */
typedef struct
{
  gpointer resource;
  guint64 offset;
  guint64 size;
} UseKey;

static guint
use_key_hash (gconstpointer data)
{
  const UseKey *key = data;

  return g_direct_hash (key->resource) ^ g_int64_hash (&key->offset) * 31
         ^ g_int64_hash (&key->size) * 17;
}

static gboolean
use_key_equal (gconstpointer a,
               gconstpointer b)
{
  const UseKey *x = a;
  const UseKey *y = b;

  return x->resource == y->resource && x->offset == y->offset && x->size == y->size;
}

/* The containers that are new after each reset. */
static void
create_lists (RillRecording *self)
{
  rill_commands_init (&self->commands);
  self->node_sets = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->objects = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->views = g_ptr_array_new ();
  self->resources = g_ptr_array_new ();
  self->resource_index = g_hash_table_new (NULL, NULL);
  self->uses = g_array_new (FALSE, FALSE, sizeof (RillUse));
  self->use_index = g_hash_table_new_full (use_key_hash, use_key_equal, g_free, NULL);
  self->measuring = g_ptr_array_new ();
  self->measured = g_ptr_array_new ();
}

static void
free_lists (RillRecording *self)
{
  for (guint i = 0; i < self->resources->len; i++)
    rill_resource_end_recording (self->resources->pdata[i]);
  rill_commands_clear (&self->commands);
  g_hash_table_unref (self->node_sets);
  g_ptr_array_unref (self->views);
  g_ptr_array_unref (self->resources);
  g_hash_table_unref (self->resource_index);
  g_array_unref (self->uses);
  g_hash_table_unref (self->use_index);
  g_ptr_array_unref (self->measuring);
  g_ptr_array_unref (self->measured);
  g_hash_table_unref (self->objects);
}

static void
recording_free (gpointer data)
{
  RillRecording *self = data;

  vkDestroyCommandPool (self->context->device, self->pool, NULL);
  rill_descriptors_clear (&self->descriptors);
  free_lists (self);
  rill_context_unref (self->context);
  g_free (self);
}

static gboolean
create_command_buffer (RillRecording  *self,
                       GError        **error)
{
  const VkCommandPoolCreateInfo pool_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .queueFamilyIndex = self->context->compute_queue->family,
  };
  VkCommandBufferAllocateInfo allocate_info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  VkDevice device = self->context->device;

  if (!rill_context_check (self->context,
                           vkCreateCommandPool (device, &pool_info, NULL, &self->pool), error,
                           "vkCreateCommandPool", "Could not create a command buffer"))
    return FALSE;
  allocate_info.commandPool = self->pool;
  return rill_context_check (
    self->context, vkAllocateCommandBuffers (device, &allocate_info, &self->command_buffer), error,
    "vkAllocateCommandBuffers", "Could not create a command buffer");
}

RillRecording *
rill_recording_new (RillContext  *context,
                    GError      **error)
{
  RillRecording *self = g_new0 (RillRecording, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = rill_context_ref (context);
  rill_descriptors_init (&self->descriptors, context);
  create_lists (self);
  if (!create_command_buffer (self, error))
    g_clear_pointer (&self, rill_recording_unref);
  return self;
}

RillRecording *
rill_recording_ref (RillRecording *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rill_recording_unref (RillRecording *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    rill_context_defer (self->context, &self->point, recording_free, self);
}

gboolean
rill_recording_is_empty (RillRecording *self)
{
  return self->commands.commands->len == 0 && self->uses->len == 0;
}

gboolean
rill_recording_is_reached (RillRecording *self)
{
  return rill_context_is_reached (self->context, &self->point);
}

void
rill_recording_clear (RillRecording *self)
{
  free_lists (self);
  create_lists (self);
  rill_descriptors_reset (&self->descriptors);
  self->written = FALSE;
}

static void
hold (RillRecording *self,
      gpointer       object)
{
  if (!g_hash_table_contains (self->objects, object))
    g_hash_table_add (self->objects, g_object_ref (object));
}

static guint
get_resource_index (RillRecording *self,
                    gpointer       resource)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (self->resource_index, resource));

  if (index > 0)
    return index - 1;
  hold (self, resource);
  rill_resource_begin_recording (resource);
  g_ptr_array_add (self->resources, resource);
  g_hash_table_insert (self->resource_index, resource, GUINT_TO_POINTER (self->resources->len));
  self->commands.n_resources = self->resources->len;
  return self->resources->len - 1;
}

/* Of images the whole is used: @offset and @size are 0. */
static RillUse *
get_use (RillRecording *self,
         gpointer       resource,
         guint64        offset,
         guint64        size)
{
  const UseKey key = { resource, offset, size };
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (self->use_index, &key));

  if (index == 0)
    {
      const RillUse use = { .resource = resource, .offset = offset, .size = size };
      g_array_append_val (self->uses, use);
      index = self->uses->len;
      g_hash_table_insert (self->use_index, g_memdup2 (&key, sizeof (key)),
                           GUINT_TO_POINTER (index));
    }
  return &g_array_index (self->uses, RillUse, index - 1);
}

/* Accesses come after their command. */
static void
add_access (RillRecording *self,
            gpointer       resource,
            guint64        offset,
            guint64        size,
            gboolean       write)
{
  RillCommands *commands = &self->commands;
  const RillCommandAccess access = {
    .resource = get_resource_index (self, resource),
    .write = write,
  };

  get_use (self, resource, offset, size)->write |= write;
  g_array_append_val (commands->accesses, access);
  g_array_index (commands->commands, RillCommand, commands->commands->len - 1).n_accesses++;
}

static void
add_command (RillRecording *self,
             RillCommand    command)
{
  command.first_access = self->commands.accesses->len;
  g_array_append_val (self->commands.commands, command);
  self->written = FALSE;
}

static void
unpin_bounds (const RillDispatch *dispatch,
              guint               n)
{
  for (guint i = 0; i < n; i++)
    if (dispatch->bounds[i].object != NULL)
      rill_resource_unpin (rill_bound_get_resource (&dispatch->bounds[i]));
}

static gboolean
pin_bounds (const RillDispatch  *dispatch,
            GError             **error)
{
  for (guint i = 0; i < dispatch->reflection->n_elements; i++)
    if (dispatch->bounds[i].object != NULL
        && !rill_resource_pin (rill_bound_get_resource (&dispatch->bounds[i]), error))
      {
        unpin_bounds (dispatch, i);
        return FALSE;
      }
  return TRUE;
}

/* Once the resources are among those of the recording, they keep their handles without a pin. */
static gboolean
make_sets (RillRecording       *self,
           const RillDispatch  *dispatch,
           VkDescriptorSet     *sets,
           GError             **error)
{
  guint n = dispatch->reflection->n_elements;
  gboolean made;

  if (dispatch->pipeline->layout->n_sets == 0)
    return TRUE;
  if (!pin_bounds (dispatch, error))
    return FALSE;
  made = rill_descriptors_make_sets (&self->descriptors, dispatch, sets, error);
  for (guint i = 0; made && i < n; i++)
    if (dispatch->bounds[i].object != NULL)
      get_resource_index (self, rill_bound_get_resource (&dispatch->bounds[i]));
  unpin_bounds (dispatch, n);
  return made;
}

/* Sets are made anew only when something else is bound. */
static gboolean
ensure_sets (RillRecording       *self,
             RillComputeNode     *node,
             const RillDispatch  *dispatch,
             guint               *first_set,
             GError             **error)
{
  NodeSets *cached = g_hash_table_lookup (self->node_sets, node);
  guint n_sets = dispatch->pipeline->layout->n_sets;
  g_autofree VkDescriptorSet *sets = NULL;

  if (cached != NULL && cached->serial == dispatch->serial)
    {
      *first_set = cached->first_set;
      return TRUE;
    }
  sets = g_new0 (VkDescriptorSet, n_sets + 1);
  if (!make_sets (self, dispatch, sets, error))
    return FALSE;
  *first_set = self->commands.sets->len;
  g_array_append_vals (self->commands.sets, sets, n_sets);
  cached = g_new (NodeSets, 1);
  *cached = (NodeSets) { .serial = dispatch->serial, .first_set = *first_set };
  g_hash_table_replace (self->node_sets, node, cached);
  return TRUE;
}

static void
add_dispatch_accesses (RillRecording      *self,
                       const RillDispatch *dispatch)
{
  for (guint i = 0; i < dispatch->reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (dispatch->reflection, i);

      for (guint j = 0; descriptor->used && j < descriptor->count; j++)
        {
          const RillBound *bound = &dispatch->bounds[descriptor->first_element + j];

          if (RILL_IS_IMAGE_VIEW (bound->object)
              && !g_hash_table_contains (self->objects, bound->object))
            {
              hold (self, bound->object);
              g_ptr_array_add (self->views, bound->object);
            }
          add_access (self, rill_bound_get_resource (bound), bound->offset, bound->size,
                      descriptor->writes);
        }
    }
}

gboolean
rill_recording_add_dispatch (RillRecording       *self,
                             RillComputeNode     *node,
                             const RillDispatch  *dispatch,
                             GError             **error)
{
  RillCommand command = { .kind = RILL_COMMAND_DISPATCH };
  guint size = dispatch->reflection->push_constants_size;

  if (!ensure_sets (self, node, dispatch, &command.u.dispatch.first_set, error))
    return FALSE;
  hold (self, node);
  command.u.dispatch.pipeline = rill_pipeline_ref (dispatch->pipeline);
  memcpy (command.u.dispatch.grid, dispatch->grid, sizeof (dispatch->grid));
  if (size > 0)
    {
      const guint8 padding[3] = { 0 };
      command.u.dispatch.push_offset = self->commands.push_constants->len;
      command.u.dispatch.push_size = (size + 3) / 4 * 4;
      g_byte_array_append (self->commands.push_constants,
                           g_bytes_get_data (dispatch->push_constants, NULL), size);
      g_byte_array_append (self->commands.push_constants, padding,
                           command.u.dispatch.push_size - size);
    }
  add_command (self, command);
  add_dispatch_accesses (self, dispatch);
  return TRUE;
}

static void
add_copy (RillRecording   *self,
          RillCommandKind  kind,
          gpointer         from,
          guint64          from_offset,
          gpointer         to,
          guint64          to_offset,
          guint64          size)
{
  const RillCommand command = {
    .kind = kind,
    .u.copy = {
      .from = from,
      .to = to,
      .from_offset = from_offset,
      .to_offset = to_offset,
      .size = size,
    },
  };

  add_command (self, command);
  add_access (self, from, from_offset, RILL_IS_BUFFER (from) ? size : 0, FALSE);
  add_access (self, to, to_offset, RILL_IS_BUFFER (to) ? size : 0, TRUE);
}

void
rill_recording_add_copy_buffer (RillRecording *self,
                                RillBuffer    *from,
                                guint64        from_offset,
                                RillBuffer    *to,
                                guint64        to_offset,
                                guint64        size)
{
  add_copy (self, RILL_COMMAND_COPY_BUFFER, from, from_offset, to, to_offset, size);
}

void
rill_recording_add_fill_buffer (RillRecording *self,
                                RillBuffer    *buffer,
                                guint64        offset,
                                guint64        size,
                                guint8         value)
{
  const RillCommand command = {
    .kind = RILL_COMMAND_FILL_BUFFER,
    .u.fill = { .to = buffer, .offset = offset, .size = size, .value = value },
  };

  add_command (self, command);
  add_access (self, buffer, offset, size, TRUE);
}

void
rill_recording_add_copy_image (RillRecording *self,
                               RillImage     *from,
                               RillImage     *to)
{
  add_copy (self, RILL_COMMAND_COPY_IMAGE, from, 0, to, 0, 0);
}

void
rill_recording_add_copy_buffer_to_image (RillRecording *self,
                                         RillBuffer    *from,
                                         guint64        from_offset,
                                         guint64        size,
                                         RillImage     *to)
{
  add_copy (self, RILL_COMMAND_COPY_BUFFER_TO_IMAGE, from, from_offset, to, 0, size);
}

void
rill_recording_add_copy_image_to_buffer (RillRecording *self,
                                         RillImage     *from,
                                         RillBuffer    *to,
                                         guint64        to_offset,
                                         guint64        size)
{
  add_copy (self, RILL_COMMAND_COPY_IMAGE_TO_BUFFER, from, 0, to, to_offset, size);
}

void
rill_recording_add_clear_image (RillRecording *self,
                                RillImage     *image)
{
  const RillCommand command = { .kind = RILL_COMMAND_CLEAR_IMAGE, .u.fill.to = image };

  add_command (self, command);
  add_access (self, image, 0, 0, TRUE);
}

void
rill_recording_add_barrier (RillRecording *self)
{
  add_command (self, (RillCommand) { .kind = RILL_COMMAND_BARRIER });
}

void
rill_recording_add_timestamp (RillRecording  *self,
                              RillDuration   *duration,
                              RillTimestamps *timestamps,
                              gboolean        end)
{
  const RillCommand command = {
    .kind = RILL_COMMAND_TIMESTAMP,
    .u.timestamp = { .timestamps = timestamps, .end = end },
  };

  hold (self, duration);
  add_command (self, command);
  if (end)
    {
      g_ptr_array_remove (self->measuring, duration);
      g_ptr_array_add (self->measured, timestamps);
    }
  else
    g_ptr_array_add (self->measuring, duration);
}

gboolean
rill_recording_is_measuring (RillRecording *self,
                             RillDuration  *duration)
{
  return duration != NULL ? g_ptr_array_find (self->measuring, duration, NULL)
                          : self->measuring->len > 0;
}

void
rill_recording_set_final_layout (RillRecording   *self,
                                 RillImage       *image,
                                 RillImageLayout  layout)
{
  RillUse *use;

  get_resource_index (self, image);
  use = get_use (self, image, 0, 0);
  use->final_layout = (VkImageLayout) layout;
  use->write = TRUE;
}

gboolean
rill_recording_wait_turn (RillRecording  *self,
                          GCancellable   *cancellable,
                          GError        **error)
{
  for (guint i = 0; i < self->resources->len; i++)
    if (!rill_engine_wait_turn (g_ptr_array_index (self->resources, i), cancellable, error))
      return FALSE;
  return TRUE;
}

gboolean
rill_recording_must_wait (RillRecording *self)
{
  for (guint i = 0; i < self->resources->len; i++)
    {
      RillResourceState *state = rill_resource_get_state (g_ptr_array_index (self->resources, i));
      gboolean busy = g_atomic_int_get (&state->queued) > 0;

      g_mutex_lock (&state->lock);
      for (RillHostAccess *access = state->host_accesses; access != NULL; access = access->next)
        busy |= !access->mapping;
      g_mutex_unlock (&state->lock);
      if (busy)
        return TRUE;
    }
  return FALSE;
}

GPtrArray *
rill_recording_get_resources (RillRecording *self)
{
  return self->resources;
}

static gboolean
write_command_buffer (RillRecording  *self,
                      GError        **error)
{
  const VkCommandBufferBeginInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO };

  if (self->written)
    return TRUE;
  if (!rill_context_check (self->context, vkResetCommandPool (self->context->device, self->pool, 0),
                           error, "vkResetCommandPool", "Could not run a command buffer")
      || !rill_context_check (self->context, vkBeginCommandBuffer (self->command_buffer, &info),
                              error, "vkBeginCommandBuffer", "Could not run a command buffer"))
    return FALSE;
  rill_commands_write (&self->commands, self->command_buffer);
  self->written =
    rill_context_check (self->context, vkEndCommandBuffer (self->command_buffer), error,
                        "vkEndCommandBuffer", "Could not run a command buffer");
  return self->written;
}

static void
prefix_resource_error (gpointer   resource,
                       GError   **error)
{
  g_autofree char *name = rill_resource_dup_name (resource);

  if (name != NULL)
    g_prefix_error (error, "Could not run a command buffer with “%s”: ", name);
  else
    g_prefix_error (error, "Could not run a command buffer: ");
}

/* A pin keeps an image's views as well. */
static gboolean
pin_resources (RillRecording  *self,
               guint          *n_pinned,
               GError        **error)
{
  for (*n_pinned = 0; *n_pinned < self->resources->len; (*n_pinned)++)
    {
      gpointer resource = g_ptr_array_index (self->resources, *n_pinned);
      if (!rill_resource_pin (resource, error))
        {
          prefix_resource_error (resource, error);
          return FALSE;
        }
    }
  for (guint i = 0; i < self->views->len; i++)
    {
      RillImageView *view = g_ptr_array_index (self->views, i);
      if (!rill_image_view_check_open (view, error))
        {
          prefix_resource_error (rill_image_view_get_image (view), error);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
rill_recording_submit (RillRecording  *self,
                       RillSyncPoint  *point,
                       GError        **error)
{
  RillSubmission submission;
  gboolean submitted = FALSE;
  guint n_pinned;

  for (guint i = 0; i < self->measured->len; i++)
    rill_timestamps_announce (g_ptr_array_index (self->measured, i));
  if (pin_resources (self, &n_pinned, error) && write_command_buffer (self, error)
      && rill_submission_begin (&submission, self->context, self->context->compute_queue,
                                (const RillUse *) self->uses->data, self->uses->len, error))
    submitted = rill_submission_end (&submission, self->command_buffer, point, error);
  if (submitted)
    self->point = *point;
  for (guint i = 0; i < self->measured->len; i++)
    rill_timestamps_note (g_ptr_array_index (self->measured, i), submitted ? point : NULL);
  for (guint i = 0; i < n_pinned; i++)
    rill_resource_unpin (g_ptr_array_index (self->resources, i));
  return submitted;
}
