/* SPDX-License-Identifier: MIT */
#include "compute/rill-compute-node-private.h"

#include "compute/rill-workgroups-private.h"

/* The number in "name[3]", or FALSE. */
static gboolean
parse_index (const char *bracket,
             guint       count,
             guint64    *index)
{
  g_autofree char *digits = g_strndup (bracket + 1, strlen (bracket) - 2);

  return g_ascii_string_to_unsigned (digits, 10, 0, count - 1, index, NULL);
}

static void
set_not_found_error (RillComputeNode  *self,
                     const char       *name,
                     GError          **error)
{
  g_auto (GStrv) names = rill_compute_node_get_binding_names (self);
  g_autofree char *list = g_strjoinv ("”, “", names);

  if (*list != '\0')
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "“%s” has no binding “%s”; it has “%s”",
                 self->entry_point, name, list);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "“%s” has no binding “%s”: it has none at all", self->entry_point, name);
}

/* The binding and the element that "name" or "name[3]" means. */
static gboolean
find_element (RillComputeNode    *self,
              const char         *name,
              const RillBinding **binding,
              guint              *element,
              GError            **error)
{
  const char *bracket = g_str_has_suffix (name, "]") ? strrchr (name, '[') : NULL;
  g_autofree char *base = bracket != NULL ? g_strndup (name, bracket - name) : g_strdup (name);
  gint index = rill_reflection_find_binding (self->reflection, base);
  const RillDescriptor *descriptor;
  guint64 number = 0;

  if (index < 0)
    {
      set_not_found_error (self, name, error);
      return FALSE;
    }
  *binding = rill_reflection_binding (self->reflection, index);
  descriptor = rill_reflection_descriptor (self->reflection, (*binding)->descriptor);
  if (bracket != NULL ? !parse_index (bracket, descriptor->count, &number) : descriptor->count > 1)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not bind “%s”: “%s” has the elements “%s[0]” to “%s[%u]”", name, base,
                   base, base, descriptor->count - 1);
      return FALSE;
    }
  *element = descriptor->first_element + (guint) number;
  return TRUE;
}

static gboolean
bind_element (RillComputeNode  *self,
              const char       *name,
              GObject          *object,
              guint64           offset,
              gint64            size,
              GError          **error)
{
  const RillBinding *binding;
  RillBound bound, old;
  guint element;

  if (!find_element (self, name, &binding, &element, error)
      || !rill_binding_check (self->context, self->reflection, binding, name, object, offset, size,
                              &bound, error))
    return FALSE;

  g_object_ref (object);
  g_mutex_lock (&self->lock);
  old = self->bounds[element];
  self->bounds[element] = bound;
  self->serial++;
  g_mutex_unlock (&self->lock);
  g_clear_object (&old.object);
  return TRUE;
}

/**
 * rill_compute_node_bind:
 * @self: a compute node
 * @name: name of a variable of the shader, for an element of an array as in `images[3]`
 * @resource_or_view: a [class@Buffer], an [class@Image], which stands for its default view, or an
 *   [class@ImageView]
 * @error: return location for an error
 *
 * Binds a resource to a variable of the shader, in place of what was bound to it before.
 *
 * Storage and uniform buffers (`buffer`, `uniform` blocks) take a whole [class@Buffer]; storage
 * images (`image2D`, `uimage2D`, …) an [class@Image] or a view that is not sampled; samplers
 * (`sampler2D`, `usampler3D`, …) a sampled view. The node holds a reference.
 *
 * Shaders see an image as it is stored: `rgba8ui` for three channels of UINT8. A storage image
 * without a declared format takes any image of its dimension and component type.
 *
 * Errors: %G_IO_ERROR_NOT_FOUND for an unknown name, with those that there are;
 * %G_IO_ERROR_INVALID_ARGUMENT for a resource of another kind, dimension, component type, format,
 * usage or session than the shader expects, or too small for what it declares;
 * %G_IO_ERROR_NOT_SUPPORTED for a buffer over the device's limit for one binding
 * (`maxStorageBufferRange`, `maxUniformBufferRange`), of which [method@ComputeNode.bind_range]
 * binds a part; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_bind (RillComputeNode  *self,
                        const char       *name,
                        GObject          *resource_or_view,
                        GError          **error)
{
  gboolean bound;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (G_IS_OBJECT (resource_or_view), FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  bound = bind_element (self, name, resource_or_view, 0, -1, error);
  rill_compute_node_end_configure (self);
  return bound;
}

/**
 * rill_compute_node_bind_range:
 * @self: a compute node
 * @name: name of a block of the shader, for an element of an array as in `blocks[3]`
 * @buffer: a buffer
 * @offset: start of the range in bytes, a multiple of the device's
 *   `minStorageBufferOffsetAlignment` or `minUniformBufferOffsetAlignment` (at most 256)
 * @size: size of the range in bytes; -1 for the rest of the buffer
 * @error: return location for an error
 *
 * Binds a part of a buffer to a variable of the shader, which sees nothing else of it.
 *
 * Errors are those of [method@ComputeNode.bind], and %G_IO_ERROR_INVALID_ARGUMENT for a range that
 * does not lie in the buffer or is not aligned.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_bind_range (RillComputeNode  *self,
                              const char       *name,
                              RillBuffer       *buffer,
                              guint64           offset,
                              gint64            size,
                              GError          **error)
{
  gboolean bound;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (RILL_IS_BUFFER (buffer), FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  bound = bind_element (self, name, G_OBJECT (buffer), offset, size, error);
  rill_compute_node_end_configure (self);
  return bound;
}

static void
set_constant_value (RillComputeNode *self,
                    guint            constant,
                    const guint8     bytes[8])
{
  RillConstantValue *value = &self->constants[constant];
  RillPipeline *old = NULL;

  g_mutex_lock (&self->lock);
  if (!value->set || memcmp (value->bytes, bytes, sizeof (value->bytes)) != 0)
    {
      value->set = TRUE;
      memcpy (value->bytes, bytes, sizeof (value->bytes));
      old = g_steal_pointer (&self->pipeline);
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, rill_pipeline_unref);
}

/* Dimensions that share a constant cannot differ, and those without one cannot change. */
static gboolean
check_settable (RillComputeNode  *self,
                const guint       size[3],
                GError          **error)
{
  const gint *constants = self->reflection->local_size_constants;
  const guint *fixed = self->reflection->local_size;

  for (guint i = 0; i < 3; i++)
    {
      if (constants[i] < 0 && size[i] != fixed[i])
        {
          g_set_error (
            error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
            "Could not set a local size of %u × %u × %u: in dimension %c the shader fixes "
            "it to %u, as it names no constant (local_size_%c_id)",
            size[0], size[1], size[2], 'x' + (int) i, fixed[i], 'x' + (int) i);
          return FALSE;
        }
      for (guint j = 0; j < i; j++)
        if (constants[i] >= 0 && constants[i] == constants[j] && size[i] != size[j])
          {
            g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "Could not set a local size of %u × %u × %u: in dimensions %c and %c the "
                         "shader takes it from the same constant",
                         size[0], size[1], size[2], 'x' + (int) j, 'x' + (int) i);
            return FALSE;
          }
    }
  return TRUE;
}

static gboolean
set_local_size (RillComputeNode  *self,
                const guint       size[3],
                GError          **error)
{
  if (!rill_workgroups_check_local (self->context, size, error)
      || !check_settable (self, size, error))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    if (self->reflection->local_size_constants[i] >= 0)
      {
        guint8 bytes[8] = { 0 };
        memcpy (bytes, &size[i], sizeof (size[i]));
        set_constant_value (self, self->reflection->local_size_constants[i], bytes);
      }
  return TRUE;
}

/**
 * rill_compute_node_set_local_size:
 * @self: a compute node
 * @x: invocations of a workgroup in the first dimension
 * @y: in the second
 * @z: in the third
 * @error: return location for an error
 *
 * Sets how many invocations a workgroup has.
 *
 * That is the value of the constants which the shader names by `local_size_x_id` and so on. A
 * shader with a fixed local size accepts only that one. See "Workgroup" and "LocalSizeId" in the
 * Vulkan specification.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0, and where the shader fixes another size;
 * %G_IO_ERROR_NOT_SUPPORTED over the device's limits (`maxComputeWorkGroupSize`,
 * `maxComputeWorkGroupInvocations`); %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_set_local_size (RillComputeNode  *self,
                                  guint             x,
                                  guint             y,
                                  guint             z,
                                  GError          **error)
{
  const guint size[3] = { x, y, z };
  gboolean set;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  set = set_local_size (self, size, error);
  rill_compute_node_end_configure (self);
  return set;
}

static void
return_sizes (const guint64  sizes[3],
              guint         *x,
              guint         *y,
              guint         *z)
{
  if (x != NULL)
    *x = (guint) MIN (sizes[0], G_MAXUINT);
  if (y != NULL)
    *y = (guint) MIN (sizes[1], G_MAXUINT);
  if (z != NULL)
    *z = (guint) MIN (sizes[2], G_MAXUINT);
}

/**
 * rill_compute_node_get_local_size:
 * @self: a compute node
 * @x: (out) (optional): invocations of a workgroup in the first dimension
 * @y: (out) (optional): in the second
 * @z: (out) (optional): in the third
 *
 * Gets how many invocations a workgroup has: as set, or as the shader declares.
 */
void
rill_compute_node_get_local_size (RillComputeNode *self,
                                  guint           *x,
                                  guint           *y,
                                  guint           *z)
{
  guint64 sizes[3] = { 0 };

  g_return_if_fail (RILL_IS_COMPUTE_NODE (self));

  if (self->reflection != NULL)
    {
      g_mutex_lock (&self->lock);
      for (guint i = 0; i < 3; i++)
        sizes[i] = rill_workgroups_get_local (self->reflection, self->constants, i);
      g_mutex_unlock (&self->lock);
    }
  return_sizes (sizes, x, y, z);
}

static gboolean
check_not_empty (const guint   size[3],
                 const char   *what,
                 GError      **error)
{
  if (size[0] > 0 && size[1] > 0 && size[2] > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "A %s size of %u × %u × %u is empty",
               what, size[0], size[1], size[2]);
  return FALSE;
}

static void
set_size (RillComputeNode *self,
          const guint      size[3],
          gboolean         is_global)
{
  g_mutex_lock (&self->lock);
  memcpy (self->size, size, sizeof (self->size));
  self->is_global = is_global;
  g_mutex_unlock (&self->lock);
}

/**
 * rill_compute_node_set_grid_size:
 * @self: a compute node
 * @x: workgroups in the first dimension
 * @y: in the second
 * @z: in the third
 * @error: return location for an error
 *
 * Sets how many workgroups a dispatch runs.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0; %G_IO_ERROR_NOT_SUPPORTED over the device's limit
 * (`maxComputeWorkGroupCount`); %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_set_grid_size (RillComputeNode  *self,
                                 guint             x,
                                 guint             y,
                                 guint             z,
                                 GError          **error)
{
  const guint size[3] = { x, y, z };
  const guint64 grid[3] = { x, y, z };
  gboolean valid;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  valid = check_not_empty (size, "grid", error)
          && rill_workgroups_check_grid (self->context, grid, error);
  if (valid)
    set_size (self, size, FALSE);
  rill_compute_node_end_configure (self);
  return valid;
}

/**
 * rill_compute_node_set_global_size:
 * @self: a compute node
 * @x: invocations in the first dimension
 * @y: in the second
 * @z: in the third
 * @error: return location for an error
 *
 * Sets how many invocations a dispatch runs at least.
 *
 * When the node is dispatched, each is divided by the local size, and rounded up to whole
 * workgroups: the shader leaves out those that are too many.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST. Too many workgroups for the device
 * are an error of the dispatch, because the local size may still change.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_set_global_size (RillComputeNode  *self,
                                   guint             x,
                                   guint             y,
                                   guint             z,
                                   GError          **error)
{
  const guint size[3] = { x, y, z };
  gboolean valid;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  valid = check_not_empty (size, "global", error);
  if (valid)
    set_size (self, size, TRUE);
  rill_compute_node_end_configure (self);
  return valid;
}

/**
 * rill_compute_node_get_grid_size:
 * @self: a compute node
 * @x: (out) (optional): workgroups in the first dimension
 * @y: (out) (optional): in the second
 * @z: (out) (optional): in the third
 *
 * Gets how many workgroups a dispatch runs: as set, or as many as the global size takes.
 */
void
rill_compute_node_get_grid_size (RillComputeNode *self,
                                 guint           *x,
                                 guint           *y,
                                 guint           *z)
{
  guint64 sizes[3] = { 0 };

  g_return_if_fail (RILL_IS_COMPUTE_NODE (self));

  if (self->reflection != NULL)
    {
      g_mutex_lock (&self->lock);
      rill_workgroups_get_grid (self->reflection, self->constants, self->size, self->is_global,
                                sizes);
      g_mutex_unlock (&self->lock);
    }
  return_sizes (sizes, x, y, z);
}

static gboolean
set_push_constants (RillComputeNode  *self,
                    GBytes           *bytes,
                    GError          **error)
{
  GBytes *old;

  if (g_bytes_get_size (bytes) != self->reflection->push_constants_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not set %" G_GSIZE_FORMAT " bytes of push constants: “%s” has %u",
                   g_bytes_get_size (bytes), self->entry_point,
                   self->reflection->push_constants_size);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  old = self->push_constants;
  self->push_constants = g_bytes_ref (bytes);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, g_bytes_unref);
  return TRUE;
}

/**
 * rill_compute_node_set_push_constants:
 * @self: a compute node
 * @bytes: the values, laid out as the shader's block says (`std430` unless it says otherwise)
 * @error: return location for an error
 *
 * Sets the shader's push constants, all of them at once.
 *
 * A reference of @bytes is taken. See "Push Constants" in the Vulkan specification.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT unless the size is
 * [property@ComputeNode:push-constants-size]; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED,
 * %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_set_push_constants (RillComputeNode  *self,
                                      GBytes           *bytes,
                                      GError          **error)
{
  gboolean set;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  set = set_push_constants (self, bytes, error);
  rill_compute_node_end_configure (self);
  return set;
}

static gboolean
check_constant_type (const RillConstant  *constant,
                     GVariant            *value,
                     GError             **error)
{
  if (constant->variant_type == NULL)
    g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "Could not set the specialisation constant %u: it has the type %s, which no GVariant has",
      constant->id, constant->type_name);
  else if (!g_variant_is_of_type (value, G_VARIANT_TYPE (constant->variant_type)))
    g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "Could not set the specialisation constant %u: it has the type %s, for which a GVariant of "
      "type “%s” is needed, not “%s”",
      constant->id, constant->type_name, constant->variant_type, g_variant_get_type_string (value));
  else
    return TRUE;
  return FALSE;
}

/* As the shader wants it; the types match. */
static void
get_constant_bytes (const RillConstant *constant,
                    GVariant           *value,
                    guint8              bytes[8])
{
  memset (bytes, 0, 8);
  if (*constant->variant_type == 'b')
    {
      VkBool32 boolean = g_variant_get_boolean (value) ? VK_TRUE : VK_FALSE;
      memcpy (bytes, &boolean, sizeof (boolean));
    }
  else if (*constant->variant_type == 'd' && constant->size == sizeof (float))
    {
      float single = (float) g_variant_get_double (value);
      memcpy (bytes, &single, sizeof (single));
    }
  else
    memcpy (bytes, g_variant_get_data (value), constant->size);
}

static gboolean
set_specialization_constant (RillComputeNode  *self,
                             guint             constant_id,
                             GVariant         *value,
                             GError          **error)
{
  gint index = rill_reflection_find_constant (self->reflection, constant_id);
  const RillConstant *constant;
  guint8 bytes[8];

  if (index < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” has no specialisation constant %u", self->entry_point, constant_id);
      return FALSE;
    }
  constant = rill_reflection_constant (self->reflection, index);
  if (!check_constant_type (constant, value, error))
    return FALSE;
  get_constant_bytes (constant, value, bytes);
  set_constant_value (self, (guint) index, bytes);
  return TRUE;
}

/**
 * rill_compute_node_set_specialization_constant:
 * @self: a compute node
 * @constant_id: the shader's number of the constant (`constant_id`)
 * @value: its value: of type `b` for `bool`, `i` for `int`, `u` for `uint`, `d` for `float` and
 *   `double`, `x` and `t` for 64-bit, `y`, `n` and `q` for smaller integers
 * @error: return location for an error
 *
 * Sets a specialisation constant of the shader, which has its default until then.
 *
 * If @value is floating, it is consumed. See "Specialization Constants" in the Vulkan
 * specification.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a number that the shader does not have and for a value
 * of another type; %G_IO_ERROR_NOT_SUPPORTED for `int8_t` and `float16_t`, which no
 * [struct@GLib.Variant] has; %G_IO_ERROR_BUSY, %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: %TRUE on success
 */
gboolean
rill_compute_node_set_specialization_constant (RillComputeNode  *self,
                                               guint             constant_id,
                                               GVariant         *value,
                                               GError          **error)
{
  g_autoptr (GVariant) sunk = NULL;
  gboolean set;

  g_return_val_if_fail (RILL_IS_COMPUTE_NODE (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  sunk = g_variant_ref_sink (value);
  if (!rill_compute_node_begin_configure (self, error))
    return FALSE;
  set = set_specialization_constant (self, constant_id, sunk, error);
  rill_compute_node_end_configure (self);
  return set;
}
