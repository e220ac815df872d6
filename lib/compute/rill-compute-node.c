/* SPDX-License-Identifier: MIT */
#include "compute/rill-compute-node-private.h"

#include "compute/rill-program-private.h"
#include "compute/rill-spirv-private.h"
#include "compute/rill-workgroups-private.h"
#include "core/rill-error-private.h"

/**
 * RillComputeNode:
 *
 * A compute node is one entry point of a [class@Program], with what its shader is to work on.
 *
 * What the shader declares is bound by name: a buffer, an image or a view. For a block it is the
 * name of the instance (`a` in `buffer A { float data[]; } a`) or of the block (`A`, which is the
 * only one where the instance has none), for an image its own. The elements of an array are called
 * `images[0]`, `images[1]` and so on. Only what the entry point uses has to be bound; what is
 * declared besides may be.
 *
 * How much is run is said by the number of workgroups, or by the number of invocations, of which
 * the workgroups' local size must then cover all: the shader itself leaves out those that are too
 * many.
 *
 * [method@CommandBuffer.dispatch] records the node as it is at that moment. What is set later
 * counts for later recordings.
 *
 * Methods may be called from any thread, but only one thread at a time may configure a node: where
 * two do, one gets %G_IO_ERROR_BUSY.
 */

typedef enum
{
  PROP_PROGRAM = 1,
  PROP_ENTRY_POINT,
  PROP_BINDING_NAMES,
  PROP_PUSH_CONSTANTS_SIZE,
  PROP_CLOSED,
} RillComputeNodeProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillComputeNode, rill_compute_node, G_TYPE_OBJECT)

/* What a closed node holds no longer. */
typedef struct
{
  RillPipelineLayout *layout;
  RillPipeline *pipeline;
  RillBound *bounds;
  GBytes *push_constants;
} Holdings;

static void
take_holdings_locked (RillComputeNode *self,
                      Holdings        *holdings)
{
  *holdings = (Holdings) { NULL };
  if (!self->closed || self->busy)
    return;
  holdings->layout = g_steal_pointer (&self->layout);
  holdings->pipeline = g_steal_pointer (&self->pipeline);
  holdings->bounds = g_steal_pointer (&self->bounds);
  holdings->push_constants = g_steal_pointer (&self->push_constants);
}

static void
clear_bounds (RillBound *bounds,
              guint      n)
{
  if (bounds != NULL)
    for (guint i = 0; i < n; i++)
      g_clear_object (&bounds[i].object);
  g_free (bounds);
}

static void
drop_holdings (RillComputeNode *self,
               Holdings        *holdings)
{
  g_clear_pointer (&holdings->pipeline, rill_pipeline_unref);
  g_clear_pointer (&holdings->layout, rill_pipeline_layout_unref);
  g_clear_pointer (&holdings->push_constants, g_bytes_unref);
  clear_bounds (g_steal_pointer (&holdings->bounds), self->reflection->n_elements);
}

gboolean
rill_compute_node_begin_configure (RillComputeNode  *self,
                                   GError          **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->context == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                         "The RillComputeNode was not initialised: make it with a method of "
                         "RillSession");
  else if (self->closed)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The compute node is closed");
  else if (self->busy)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         "The compute node is being configured by another thread");
  else if (rill_context_check_lost (self->context, error))
    {
      self->busy = TRUE;
      return TRUE;
    }
  return FALSE;
}

void
rill_compute_node_end_configure (RillComputeNode *self)
{
  Holdings holdings;

  g_mutex_lock (&self->lock);
  self->busy = FALSE;
  take_holdings_locked (self, &holdings);
  g_mutex_unlock (&self->lock);
  drop_holdings (self, &holdings);
}

static gboolean
check_element (RillComputeNode    *self,
               const RillBinding  *binding,
               guint               index,
               GError            **error)
{
  const RillDescriptor *descriptor
    = rill_reflection_descriptor (self->reflection, binding->descriptor);
  const RillBound *bound = &self->bounds[descriptor->first_element + index];
  g_autofree char *name = NULL;

  if (bound->object != NULL
      && (RILL_IS_IMAGE_VIEW (bound->object)
            ? rill_image_view_check_open (RILL_IMAGE_VIEW (bound->object), error)
            : rill_resource_check_open (bound->object, error)))
    return TRUE;

  name = descriptor->count > 1 ? g_strdup_printf ("%s[%u]", binding->name, index)
                               : g_strdup (binding->name);
  if (bound->object == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Could not dispatch “%s”: nothing is bound to “%s”", self->entry_point, name);
  else
    g_prefix_error (error, "Could not dispatch “%s”: “%s”: ", self->entry_point, name);
  return FALSE;
}

static gboolean
check_bound (RillComputeNode  *self,
             GError          **error)
{
  for (guint i = 0; i < self->reflection->bindings->len; i++)
    {
      const RillBinding *binding = rill_reflection_binding (self->reflection, i);
      guint count = rill_reflection_descriptor (self->reflection, binding->descriptor)->count;

      for (guint j = 0; j < count && binding->used; j++)
        if (!check_element (self, binding, j, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
check_complete (RillComputeNode  *self,
                GError          **error)
{
  guint64 grid[3];
  guint local[3];

  if (!check_bound (self, error))
    return FALSE;
  if (self->reflection->push_constants_size > 0 && self->push_constants == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not dispatch “%s”: its %u bytes of push constants are not set",
                   self->entry_point, self->reflection->push_constants_size);
      return FALSE;
    }
  for (guint i = 0; i < 3; i++)
    local[i] = rill_workgroups_get_local (self->reflection, self->constants, i);
  rill_workgroups_get_grid (self->reflection, self->constants, self->size, self->is_global, grid);
  if (rill_workgroups_check_local (self->context, local, error)
      && rill_workgroups_check_grid (self->context, grid, error))
    return TRUE;
  g_prefix_error (error, "Could not dispatch “%s”: ", self->entry_point);
  return FALSE;
}

static gboolean
get_constant_cb (guint32   spec_id,
                 guint32  *value,
                 gpointer  data)
{
  RillComputeNode *self = data;
  gint index = rill_reflection_find_constant (self->reflection, spec_id);

  if (index < 0 || !self->constants[index].set)
    return FALSE;
  memcpy (value, self->constants[index].bytes, sizeof (*value));
  return TRUE;
}

static gboolean
check_shared_size (RillComputeNode  *self,
                   GError          **error)
{
  guint limit = self->context->properties.limits.maxComputeSharedMemorySize;
  guint64 size = rill_spirv_get_shared_size (rill_program_get_spirv (self->program),
                                             self->entry_point, get_constant_cb, self);

  if (size <= limit)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not dispatch “%s”: its shared variables take %" G_GUINT64_FORMAT
               " bytes, over the device's limit of %u bytes (maxComputeSharedMemorySize)",
               self->entry_point, size, limit);
  return FALSE;
}

/* Made without the lock, as that can take long. */
static gboolean
ensure_pipeline (RillComputeNode  *self,
                 GError          **error)
{
  RillPipeline *pipeline;

  if (self->pipeline != NULL)
    return TRUE;
  if (!check_shared_size (self, error))
    return FALSE;
  pipeline = rill_pipeline_new (self->layout, rill_program_get_spirv (self->program),
                                self->entry_point, self->reflection, self->constants, error);
  if (pipeline == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  self->pipeline = pipeline;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
take_snapshot (RillComputeNode *self,
               RillDispatch    *dispatch)
{
  guint64 grid[3];

  rill_workgroups_get_grid (self->reflection, self->constants, self->size, self->is_global, grid);
  *dispatch = (RillDispatch) {
    .pipeline = rill_pipeline_ref (self->pipeline),
    .reflection = self->reflection,
    .bounds = g_memdup2 (self->bounds, sizeof (RillBound) * self->reflection->n_elements),
    .serial = self->serial,
    .push_constants = self->push_constants != NULL ? g_bytes_ref (self->push_constants) : NULL,
  };
  for (guint i = 0; i < 3; i++)
    dispatch->grid[i] = (guint) grid[i];
  for (guint i = 0; i < self->reflection->descriptors->len; i++)
    {
      const RillDescriptor *descriptor = rill_reflection_descriptor (self->reflection, i);
      RillBound *bounds = &dispatch->bounds[descriptor->first_element];

      for (guint j = 0; j < descriptor->count; j++)
        bounds[j].object = descriptor->used ? g_object_ref (bounds[j].object) : NULL;
    }
}

gboolean
rill_compute_node_prepare (RillComputeNode  *self,
                           RillContext      *context,
                           RillDispatch     *dispatch,
                           GError          **error)
{
  gboolean prepared = FALSE;

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  if (self->context != context)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The compute node belongs to another session");
  else
    prepared = check_complete (self, error) && ensure_pipeline (self, error);
  if (prepared)
    take_snapshot (self, dispatch);
  rill_compute_node_end_configure (self);
  return prepared;
}

void
rill_dispatch_clear (RillDispatch *self)
{
  if (self->bounds != NULL)
    clear_bounds (g_steal_pointer (&self->bounds), self->reflection->n_elements);
  g_clear_pointer (&self->pipeline, rill_pipeline_unref);
  g_clear_pointer (&self->push_constants, g_bytes_unref);
}

static void
rill_compute_node_dispose (GObject *object)
{
  RillComputeNode *self = RILL_COMPUTE_NODE (object);

  rill_compute_node_close (self);
  if (self->session != NULL && !rill_session_leave (self->session, &self->child))
    return;
  G_OBJECT_CLASS (rill_compute_node_parent_class)->dispose (object);
}

static void
rill_compute_node_finalize (GObject *object)
{
  RillComputeNode *self = RILL_COMPUTE_NODE (object);

  g_free (self->constants);
  g_free (self->entry_point);
  g_clear_pointer (&self->reflection, rill_reflection_free);
  g_clear_object (&self->program);
  g_clear_pointer (&self->context, rill_context_unref_weak);
  g_clear_object (&self->session);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (rill_compute_node_parent_class)->finalize (object);
}

static void
rill_compute_node_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  RillComputeNode *self = RILL_COMPUTE_NODE (object);

  switch ((RillComputeNodeProperty) prop_id)
    {
    case PROP_PROGRAM:
      g_value_set_object (value, rill_compute_node_get_program (self));
      break;
    case PROP_ENTRY_POINT:
      g_value_set_string (value, rill_compute_node_get_entry_point (self));
      break;
    case PROP_BINDING_NAMES:
      g_value_take_boxed (value, rill_compute_node_get_binding_names (self));
      break;
    case PROP_PUSH_CONSTANTS_SIZE:
      g_value_set_uint (value, rill_compute_node_get_push_constants_size (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_compute_node_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_compute_node_class_init (RillComputeNodeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_compute_node_dispose;
  object_class->finalize = rill_compute_node_finalize;
  object_class->get_property = rill_compute_node_get_property;

  /**
   * RillComputeNode:program: (getter get_program)
   *
   * The program that the node runs.
   */
  properties[PROP_PROGRAM] = g_param_spec_object ("program", NULL, NULL, RILL_TYPE_PROGRAM, flags);
  /**
   * RillComputeNode:entry-point: (getter get_entry_point)
   *
   * Name of the shader in the program.
   */
  properties[PROP_ENTRY_POINT] = g_param_spec_string ("entry-point", NULL, NULL, NULL, flags);
  /**
   * RillComputeNode:binding-names: (getter get_binding_names)
   *
   * Names of what can be bound.
   */
  properties[PROP_BINDING_NAMES] = g_param_spec_boxed ("binding-names", NULL, NULL, G_TYPE_STRV,
                                                       flags);
  /**
   * RillComputeNode:push-constants-size: (getter get_push_constants_size)
   *
   * Bytes of the shader's push constants; 0 if it has none.
   */
  properties[PROP_PUSH_CONSTANTS_SIZE]
    = g_param_spec_uint ("push-constants-size", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * RillComputeNode:closed: (getter get_closed)
   *
   * Whether the node was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_compute_node_init (RillComputeNode *self)
{
  g_mutex_init (&self->lock);
}

/* A local size that nothing can change is refused before anything else is done with it. */
static gboolean
check_fixed_local_size (RillContext           *context,
                        const RillReflection  *reflection,
                        GError               **error)
{
  for (guint i = 0; i < 3; i++)
    if (reflection->local_size_constants[i] >= 0)
      return TRUE;
  if (rill_workgroups_check_local (context, reflection->local_size, error))
    return TRUE;
  g_prefix_error (error, "Could not create a compute node: ");
  return FALSE;
}

static gboolean
check_program (RillProgram  *program,
               RillContext  *context,
               GError      **error)
{
  if (!rill_program_check_open (program, error))
    return FALSE;
  if (rill_program_get_context (program) == context)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "The program belongs to another session");
  return FALSE;
}

/**
 * rill_session_create_compute_node:
 * @session: a session
 * @program: a program of the session
 * @entry_point: (nullable): name of a compute shader in the program; %NULL for `main`
 * @error: return location for an error
 *
 * Creates a node that runs an entry point of a program.
 *
 * Nothing is bound yet, one workgroup is to run. The pipeline is made with the first dispatch. The
 * program may be closed afterwards.
 *
 * Errors: %G_IO_ERROR_NOT_FOUND for an entry point that is not there, with those that are;
 * %G_IO_ERROR_NOT_SUPPORTED for a shader that uses what cannot be bound (separate samplers, texel
 * buffers, images with layers, arrays without a length, …) or more than the device allows;
 * %G_IO_ERROR_INVALID_ARGUMENT for a program of another session; %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED and those of [error@VulkanError].
 *
 * Returns: (transfer full): the node
 */
RillComputeNode *
rill_session_create_compute_node (RillSession  *session,
                                  RillProgram  *program,
                                  const char   *entry_point,
                                  GError      **error)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (RillReflection) reflection = NULL;
  RillPipelineLayout *layout;
  RillComputeNode *self;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);
  g_return_val_if_fail (RILL_IS_PROGRAM (program), NULL);

  if (entry_point == NULL)
    entry_point = "main";
  context = rill_session_ref_context (session, error);
  if (context == NULL || !check_program (program, context, error))
    return NULL;
  reflection = rill_reflection_new (rill_program_get_spirv (program), entry_point, error);
  if (reflection == NULL || !check_fixed_local_size (context, reflection, error))
    return NULL;
  layout = rill_pipeline_layout_new (context, reflection, error);
  if (layout == NULL)
    return NULL;

  self = g_object_new (RILL_TYPE_COMPUTE_NODE, NULL);
  self->session = g_object_ref (session);
  self->context = g_steal_pointer (&context);
  self->program = g_object_ref (program);
  self->entry_point = g_strdup (entry_point);
  self->bounds = g_new0 (RillBound, reflection->n_elements + 1);
  self->constants = g_new0 (RillConstantValue, reflection->constants->len + 1);
  self->reflection = g_steal_pointer (&reflection);
  self->layout = layout;
  for (guint i = 0; i < 3; i++)
    self->size[i] = 1;
  if (!rill_session_add_child (session, &self->child, self,
                               (void (*) (GObject *)) rill_compute_node_close))
    rill_compute_node_close (self);
  return self;
}

/**
 * rill_compute_node_get_program: (get-property program)
 * @self: a compute node
 *
 * Gets the program that the node runs.
 *
 * Returns: (transfer none) (nullable): the program; %NULL if the node was never initialised
 */
RillProgram *
rill_compute_node_get_program (RillComputeNode *self)
{
  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), NULL);

  return self->program;
}

/**
 * rill_compute_node_get_entry_point: (get-property entry-point)
 * @self: a compute node
 *
 * Gets the name of the shader in the program.
 *
 * Returns: (transfer none) (nullable): the name; %NULL if the node was never initialised
 */
const char *
rill_compute_node_get_entry_point (RillComputeNode *self)
{
  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), NULL);

  return self->entry_point;
}

/**
 * rill_compute_node_get_binding_names: (get-property binding-names)
 * @self: a compute node
 *
 * Gets the names of what can be bound, in the order of the shader's sets and bindings, those that
 * the entry point does not use included.
 *
 * A block with an instance name goes by that one here. Arrays stand with each of their elements.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 */
char **
rill_compute_node_get_binding_names (RillComputeNode *self)
{
  GPtrArray *names;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), NULL);

  names = g_ptr_array_new ();
  for (guint i = 0; self->reflection != NULL && i < self->reflection->bindings->len; i++)
    {
      const RillBinding *binding = rill_reflection_binding (self->reflection, i);
      guint count = rill_reflection_descriptor (self->reflection, binding->descriptor)->count;

      for (guint j = 0; j < count; j++)
        g_ptr_array_add (names, count > 1 ? g_strdup_printf ("%s[%u]", binding->name, j)
                                          : g_strdup (binding->name));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/**
 * rill_compute_node_get_push_constants_size: (get-property push-constants-size)
 * @self: a compute node
 *
 * Gets the size of the shader's block of push constants.
 *
 * Returns: the size in bytes, from the block's start to the end of its last member; 0 if the shader
 *   has none
 */
guint
rill_compute_node_get_push_constants_size (RillComputeNode *self)
{
  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), 0);

  return self->reflection != NULL ? self->reflection->push_constants_size : 0;
}

/**
 * rill_compute_node_get_closed: (get-property closed)
 * @self: a compute node
 *
 * Gets whether the node was closed.
 *
 * Returns: %TRUE after [method@ComputeNode.close], also when its session was closed
 */
gboolean
rill_compute_node_get_closed (RillComputeNode *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);
  return self->closed;
}

/**
 * rill_compute_node_close:
 * @self: a compute node
 *
 * Closes the node: it drops what is bound to it and can be configured and recorded no more.
 *
 * A command buffer that it is recorded in goes on to run. Does not block. Closing again does
 * nothing.
 */
void
rill_compute_node_close (RillComputeNode *self)
{
  Holdings holdings;
  gboolean was_closed;

  g_return_if_fail (RILL_IS_COMPUTE_NODE (self));

  if (self->context == NULL)
    return;
  g_mutex_lock (&self->lock);
  was_closed = self->closed;
  self->closed = TRUE;
  take_holdings_locked (self, &holdings);
  g_mutex_unlock (&self->lock);
  drop_holdings (self, &holdings);
  if (was_closed)
    return;
  rill_emitter_notify (self->context->emitter, self, properties[PROP_CLOSED]);
  rill_context_weaken (self->context);
}
