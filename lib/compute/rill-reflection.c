/* SPDX-License-Identifier: MIT */
#include "compute/rill-reflection-private.h"

#include <spirv_cross/spirv_cross_c.h>
#include <string.h>

#include "compute/rill-shader-format-private.h"
#include "compute/rill-spirv-private.h"
#include "core/rill-error-private.h"

/* Far above the limits of any device: it bounds what is allocated for a module from anywhere. */
#define MAX_ELEMENTS (1u << 20)

typedef struct
{
  RillReflection *self;
  const char *entry_point;
  spvc_context context;
  spvc_compiler compiler;
  GHashTable *used; /* set of ids of variables that the entry point uses */
} Reflector;

typedef struct
{
  spvc_basetype base;
  const char *name;
  const char *variant_type;
  guint size;
} ConstantType;

static const ConstantType constant_types[] = {
  { SPVC_BASETYPE_BOOLEAN, "bool", "b", sizeof (VkBool32) },
  { SPVC_BASETYPE_INT8, "int8_t", NULL, 1 },
  { SPVC_BASETYPE_UINT8, "uint8_t", "y", 1 },
  { SPVC_BASETYPE_INT16, "int16_t", "n", 2 },
  { SPVC_BASETYPE_UINT16, "uint16_t", "q", 2 },
  { SPVC_BASETYPE_INT32, "int", "i", 4 },
  { SPVC_BASETYPE_UINT32, "uint", "u", 4 },
  { SPVC_BASETYPE_INT64, "int64_t", "x", 8 },
  { SPVC_BASETYPE_UINT64, "uint64_t", "t", 8 },
  { SPVC_BASETYPE_FP16, "float16_t", NULL, 2 },
  { SPVC_BASETYPE_FP32, "float", "d", 4 },
  { SPVC_BASETYPE_FP64, "double", "d", 8 },
};

static const struct
{
  spvc_resource_type type;
  RillBindingKind kind;
} supported_types[] = {
  { SPVC_RESOURCE_TYPE_STORAGE_BUFFER, RILL_BINDING_STORAGE_BUFFER },
  { SPVC_RESOURCE_TYPE_UNIFORM_BUFFER, RILL_BINDING_UNIFORM_BUFFER },
  { SPVC_RESOURCE_TYPE_STORAGE_IMAGE, RILL_BINDING_STORAGE_IMAGE },
  { SPVC_RESOURCE_TYPE_SAMPLED_IMAGE, RILL_BINDING_SAMPLED_IMAGE },
};

static const struct
{
  spvc_resource_type type;
  const char *name;
} refused_types[] = {
  { SPVC_RESOURCE_TYPE_SEPARATE_IMAGE, "an image without its sampler (a texture2D and the like)" },
  { SPVC_RESOURCE_TYPE_SEPARATE_SAMPLERS, "a sampler without its image" },
  { SPVC_RESOURCE_TYPE_SUBPASS_INPUT, "a subpass input" },
  { SPVC_RESOURCE_TYPE_ATOMIC_COUNTER, "an atomic counter" },
  { SPVC_RESOURCE_TYPE_ACCELERATION_STRUCTURE, "an acceleration structure" },
};

static gboolean
check_result (Reflector    *reflector,
              spvc_result   result,
              GError      **error)
{
  g_autofree char *text = NULL;

  if (result == SPVC_SUCCESS)
    return TRUE;
  if (result == SPVC_ERROR_OUT_OF_MEMORY)
    {
      g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                           "Could not look into a shader: out of memory");
      return FALSE;
    }
  text = g_utf8_make_valid (spvc_context_get_last_error_string (reflector->context), -1);
  g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
               "Could not look into a shader: %s", text);
  return FALSE;
}

static gboolean
refuse (Reflector   *reflector,
        const char  *name,
        const char  *what,
        GError     **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "The entry point “%s” uses %s as “%s”, which Rill cannot bind",
               reflector->entry_point, what, name);
  return FALSE;
}

static gboolean
open_compiler (Reflector  *reflector,
               GBytes     *spirv,
               GError    **error)
{
  gsize size;
  const SpvId *words = g_bytes_get_data (spirv, &size);
  spvc_parsed_ir ir;

  if (spvc_context_create (&reflector->context) != SPVC_SUCCESS)
    {
      g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                           "Could not look into a shader: out of memory");
      return FALSE;
    }
  return check_result (
           reflector,
           spvc_context_parse_spirv (reflector->context, words, size / sizeof (SpvId), &ir), error)
         && check_result (reflector,
                          spvc_context_create_compiler (reflector->context, SPVC_BACKEND_NONE, ir,
                                                        SPVC_CAPTURE_MODE_TAKE_OWNERSHIP,
                                                        &reflector->compiler),
                          error);
}

static void
close_compiler (Reflector *reflector)
{
  if (reflector->context != NULL)
    spvc_context_destroy (reflector->context);
}

static GPtrArray *
list_entry_points (Reflector  *reflector,
                   GError    **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const spvc_entry_point *entry_points;
  size_t n;

  if (!check_result (
        reflector, spvc_compiler_get_entry_points (reflector->compiler, &entry_points, &n), error))
    return NULL;
  for (size_t i = 0; i < n; i++)
    if (entry_points[i].execution_model == SpvExecutionModelGLCompute
        && g_utf8_validate (entry_points[i].name, -1, NULL)) /* SPIR-V's names are UTF-8 */
      g_ptr_array_add (names, g_strdup (entry_points[i].name));
  if (names->len == 0)
    {
      g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                           "The module has no compute shader");
      return NULL;
    }
  g_ptr_array_add (names, NULL);
  return g_steal_pointer (&names);
}

char **
rill_reflection_list_entry_points (GBytes  *spirv,
                                   GError **error)
{
  Reflector reflector = { NULL };
  GPtrArray *names = NULL;

  if (open_compiler (&reflector, spirv, error))
    names = list_entry_points (&reflector, error);
  close_compiler (&reflector);
  return names != NULL ? (char **) g_ptr_array_free (names, FALSE) : NULL;
}

static gboolean
select_entry_point (Reflector  *reflector,
                    GBytes     *spirv,
                    GError    **error)
{
  g_autoptr (GPtrArray) names = list_entry_points (reflector, error);
  g_autofree char *list = NULL;

  if (names == NULL)
    return FALSE;
  if (!g_strv_contains ((const char * const *) names->pdata, reflector->entry_point))
    {
      list = g_strjoinv ("”, “", (char **) names->pdata);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The program has no compute entry point “%s”; it has “%s”",
                   reflector->entry_point, list);
      return FALSE;
    }
  if (!rill_spirv_has_plain_local_size (spirv, reflector->entry_point))
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "The local size of the entry point “%s” is computed from specialisation constants, "
        "which Rill does not follow",
        reflector->entry_point);
      return FALSE;
    }
  /* It aborts the process for a name that is not there. */
  return check_result (reflector,
                       spvc_compiler_set_entry_point (reflector->compiler, reflector->entry_point,
                                                      SpvExecutionModelGLCompute),
                       error);
}

static const ConstantType *
find_constant_type (Reflector        *reflector,
                    spvc_constant_id  id)
{
  spvc_constant constant = spvc_compiler_get_constant_handle (reflector->compiler, id);
  spvc_type type =
    spvc_compiler_get_type_handle (reflector->compiler, spvc_constant_get_type (constant));

  for (gsize i = 0; i < G_N_ELEMENTS (constant_types); i++)
    if (constant_types[i].base == spvc_type_get_basetype (type))
      return &constant_types[i];
  return NULL;
}

static gboolean
reflect_constants (Reflector  *reflector,
                   GError    **error)
{
  const spvc_specialization_constant *constants;
  size_t n;

  if (!check_result (
        reflector, spvc_compiler_get_specialization_constants (reflector->compiler, &constants, &n),
        error))
    return FALSE;
  for (size_t i = 0; i < n; i++)
    {
      const ConstantType *type = find_constant_type (reflector, constants[i].id);
      RillConstant constant;

      /* Several constants may go by one number, as glslang does with the local size. */
      if (type == NULL
          || rill_reflection_find_constant (reflector->self, constants[i].constant_id) >= 0)
        continue;
      constant = (RillConstant) {
        .id = constants[i].constant_id,
        .type_name = type->name,
        .variant_type = type->variant_type,
        .size = type->size,
      };
      if (type->size == sizeof (guint32))
        constant.default_uint = spvc_constant_get_scalar_u32 (
          spvc_compiler_get_constant_handle (reflector->compiler, constants[i].id), 0, 0);
      g_array_append_val (reflector->self->constants, constant);
    }
  return TRUE;
}

static void
reflect_local_size (Reflector *reflector)
{
  spvc_specialization_constant ids[3];
  spvc_constant_id vector = spvc_compiler_get_work_group_size_specialization_constants (
    reflector->compiler, &ids[0], &ids[1], &ids[2]);

  for (guint i = 0; i < 3; i++)
    {
      gint constant = -1;

      if (ids[i].id != 0
          && spvc_compiler_has_decoration (reflector->compiler, ids[i].id, SpvDecorationSpecId))
        constant = rill_reflection_find_constant (reflector->self, ids[i].constant_id);
      reflector->self->local_size_constants[i] = constant;
      if (constant >= 0)
        reflector->self->local_size[i] =
          rill_reflection_constant (reflector->self, constant)->default_uint;
      else if (vector != 0) /* the WorkgroupSize variable of older modules goes first */
        reflector->self->local_size[i] = spvc_constant_get_scalar_u32 (
          spvc_compiler_get_constant_handle (reflector->compiler, vector), 0, i);
      else
        reflector->self->local_size[i] = spvc_compiler_get_execution_mode_argument_by_index (
          reflector->compiler, SpvExecutionModeLocalSize, i);
    }
}

static gint
find_name (const RillReflection *self,
           const char           *name)
{
  for (guint i = 0; i < self->bindings->len; i++)
    if (strcmp (rill_reflection_binding (self, i)->name, name) == 0)
      return (gint) i;
  return -1;
}

/* Such as "0.1": what a variable without a name is called by. */
static gboolean
is_place (const char *name)
{
  const char *rest = name + strspn (name, "0123456789");

  return rest > name && *rest == '.' && rest[1] != '\0'
         && rest[1 + strspn (rest + 1, "0123456789")] == '\0';
}

static void
set_names (Reflector                     *reflector,
           const spvc_reflected_resource *resource,
           RillBinding                   *binding,
           const RillDescriptor          *descriptor)
{
  const char *name = spvc_compiler_get_name (reflector->compiler, resource->id);
  const char *block_name = NULL;
  g_autofree char *valid = NULL;

  if (descriptor->kind == RILL_BINDING_STORAGE_BUFFER
      || descriptor->kind == RILL_BINDING_UNIFORM_BUFFER)
    block_name = spvc_compiler_get_name (reflector->compiler, resource->base_type_id);
  if (name == NULL || *name == '\0')
    name = g_steal_pointer (&block_name);
  if (name != NULL && *name != '\0')
    valid = g_utf8_make_valid (name, -1);
  if (valid == NULL || is_place (valid) || find_name (reflector->self, valid) >= 0)
    binding->name = g_strdup_printf ("%u.%u", descriptor->set, descriptor->binding);
  else
    binding->name = g_steal_pointer (&valid);
  if (block_name != NULL && *block_name != '\0' && strcmp (block_name, binding->name) != 0)
    binding->block_name = g_utf8_make_valid (block_name, -1);
}

static gboolean
reflect_buffer (Reflector                     *reflector,
                const spvc_reflected_resource *resource,
                RillBinding                   *binding,
                GError                       **error)
{
  const SpvDecoration *decorations;
  size_t n, size;

  if (!check_result (reflector,
                     spvc_compiler_get_declared_struct_size (
                       reflector->compiler,
                       spvc_compiler_get_type_handle (reflector->compiler, resource->base_type_id),
                       &size),
                     error)
      || !check_result (reflector,
                        spvc_compiler_get_buffer_block_decorations (reflector->compiler,
                                                                    resource->id, &decorations, &n),
                        error))
    return FALSE;
  binding->minimum_size = size;
  for (size_t i = 0; i < n; i++)
    {
      binding->reads &= decorations[i] != SpvDecorationNonReadable;
      binding->writes &= decorations[i] != SpvDecorationNonWritable;
    }
  return TRUE;
}

static gboolean
reflect_component (Reflector    *reflector,
                   spvc_type     image,
                   RillBinding  *binding)
{
  spvc_type type =
    spvc_compiler_get_type_handle (reflector->compiler, spvc_type_get_image_sampled_type (image));

  switch ((int) spvc_type_get_basetype (type))
    {
    case SPVC_BASETYPE_FP32:
      binding->component = RILL_COMPONENT_FLOAT;
      return TRUE;
    case SPVC_BASETYPE_INT32:
      binding->component = RILL_COMPONENT_INT;
      return TRUE;
    case SPVC_BASETYPE_UINT32:
      binding->component = RILL_COMPONENT_UINT;
      return TRUE;
    case SPVC_BASETYPE_INT64:
      binding->component = RILL_COMPONENT_INT64;
      return TRUE;
    case SPVC_BASETYPE_UINT64:
      binding->component = RILL_COMPONENT_UINT64;
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
reflect_image (Reflector                     *reflector,
               const spvc_reflected_resource *resource,
               RillBinding                   *binding,
               GError                       **error)
{
  spvc_type type = spvc_compiler_get_type_handle (reflector->compiler, resource->base_type_id);
  SpvImageFormat format = spvc_type_get_image_storage_format (type);

  switch ((int) spvc_type_get_image_dimension (type))
    {
    case SpvDim1D:
      binding->image_type = VK_IMAGE_TYPE_1D;
      break;
    case SpvDim2D:
      binding->image_type = VK_IMAGE_TYPE_2D;
      break;
    case SpvDim3D:
      binding->image_type = VK_IMAGE_TYPE_3D;
      break;
    case SpvDimBuffer:
      return refuse (reflector, resource->name, "a texel buffer", error);
    default:
      return refuse (reflector, resource->name, "a cube or another special image", error);
    }
  if (spvc_type_get_image_arrayed (type))
    return refuse (reflector, resource->name, "an image with layers", error);
  if (spvc_type_get_image_multisampled (type))
    return refuse (reflector, resource->name, "an image with several samples", error);
  /* 1 says that comparisons take place; glslang marks only shadow samplers. */
  if (spvc_type_get_image_is_depth (type))
    return refuse (reflector, resource->name, "a shadow sampler", error);
  if (!reflect_component (reflector, type, binding))
    return refuse (reflector, resource->name, "an image of an unusual component type", error);

  binding->format = rill_shader_format_get_vk_format (format);
  if (format != SpvImageFormatUnknown && binding->format == VK_FORMAT_UNDEFINED)
    return refuse (reflector, resource->name, "an image of an unknown format", error);
  binding->reads =
    !spvc_compiler_has_decoration (reflector->compiler, resource->id, SpvDecorationNonReadable);
  binding->writes =
    !spvc_compiler_has_decoration (reflector->compiler, resource->id, SpvDecorationNonWritable);
  return TRUE;
}

static gboolean
reflect_count (Reflector                     *reflector,
               const spvc_reflected_resource *resource,
               guint                         *count,
               GError                       **error)
{
  spvc_type type = spvc_compiler_get_type_handle (reflector->compiler, resource->type_id);
  guint n_dims = spvc_type_get_num_array_dimensions (type);

  *count = 1;
  if (n_dims == 0)
    return TRUE;
  if (n_dims > 1)
    return refuse (reflector, resource->name, "an array of arrays", error);
  if (!spvc_type_array_dimension_is_literal (type, 0))
    return refuse (reflector, resource->name, "an array whose length is a specialisation constant",
                   error);
  *count = spvc_type_get_array_dimension (type, 0);
  if (*count == 0)
    return refuse (reflector, resource->name, "an array without a length", error);
  return TRUE;
}

/* Merges the descriptor with one of the same set and binding. */
static gboolean
place_descriptor (Reflector       *reflector,
                  RillDescriptor  *descriptor,
                  guint           *index,
                  GError         **error)
{
  RillReflection *self = reflector->self;

  for (*index = 0; *index < self->descriptors->len; (*index)++)
    {
      RillDescriptor *other = rill_reflection_descriptor (self, *index);

      if (other->set != descriptor->set || other->binding != descriptor->binding)
        continue;
      if (other->kind != descriptor->kind || other->count != descriptor->count)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "The entry point “%s” shares the binding %u of set %u between variables of "
                       "different kinds or lengths, which Rill cannot bind",
                       reflector->entry_point, descriptor->binding, descriptor->set);
          return FALSE;
        }
      other->writes |= descriptor->writes;
      return TRUE;
    }
  if (descriptor->count > MAX_ELEMENTS - self->n_elements)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "The entry point “%s” has an array of %u elements at binding %u of set %u: "
                   "Rill binds up to %u elements in all",
                   reflector->entry_point, descriptor->count, descriptor->binding, descriptor->set,
                   MAX_ELEMENTS);
      return FALSE;
    }
  descriptor->first_element = self->n_elements;
  self->n_elements += descriptor->count;
  g_array_append_val (self->descriptors, *descriptor);
  return TRUE;
}

static gboolean
reflect_binding (Reflector                     *reflector,
                 const spvc_reflected_resource *resource,
                 RillBindingKind                kind,
                 gboolean                       used,
                 GError                       **error)
{
  RillBinding binding = {
    .used = used,
    .reads = TRUE,
    .writes = kind == RILL_BINDING_STORAGE_BUFFER || kind == RILL_BINDING_STORAGE_IMAGE,
  };
  RillDescriptor descriptor = {
    .set =
      spvc_compiler_get_decoration (reflector->compiler, resource->id, SpvDecorationDescriptorSet),
    .binding =
      spvc_compiler_get_decoration (reflector->compiler, resource->id, SpvDecorationBinding),
    .kind = kind,
    .used = used,
  };
  gboolean is_buffer = kind == RILL_BINDING_STORAGE_BUFFER || kind == RILL_BINDING_UNIFORM_BUFFER;

  if (!reflect_count (reflector, resource, &descriptor.count, error)
      || (is_buffer && !reflect_buffer (reflector, resource, &binding, error))
      || (!is_buffer && !reflect_image (reflector, resource, &binding, error)))
    return FALSE;
  binding.writes &= kind != RILL_BINDING_SAMPLED_IMAGE;
  descriptor.writes = used && binding.writes;
  if (!place_descriptor (reflector, &descriptor, &binding.descriptor, error))
    return FALSE;
  set_names (reflector, resource, &binding, &descriptor);
  g_array_append_val (reflector->self->bindings, binding);
  return TRUE;
}

static gboolean
list_used (Reflector       *reflector,
           spvc_resources  *resources,
           GError         **error)
{
  spvc_set used;

  return check_result (reflector,
                       spvc_compiler_get_active_interface_variables (reflector->compiler, &used),
                       error)
         && check_result (reflector,
                          spvc_compiler_create_shader_resources_for_active_variables (
                            reflector->compiler, resources, used),
                          error);
}

static gboolean
is_texel_buffer (Reflector                     *reflector,
                 const spvc_reflected_resource *resource)
{
  spvc_type type = spvc_compiler_get_type_handle (reflector->compiler, resource->base_type_id);

  return spvc_type_get_basetype (type) == SPVC_BASETYPE_IMAGE
         && spvc_type_get_image_dimension (type) == SpvDimBuffer;
}

static gboolean
reflect_used (Reflector       *reflector,
              spvc_resources   resources,
              GError         **error)
{
  const spvc_reflected_resource *list;
  size_t n;

  for (gsize i = 0; i < G_N_ELEMENTS (refused_types); i++)
    {
      if (!check_result (
            reflector,
            spvc_resources_get_resource_list_for_type (resources, refused_types[i].type, &list, &n),
            error))
        return FALSE;
      if (n > 0)
        return refuse (
          reflector, list[0].name,
          is_texel_buffer (reflector, &list[0]) ? "a texel buffer" : refused_types[i].name, error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (supported_types); i++)
    {
      if (!check_result (reflector,
                         spvc_resources_get_resource_list_for_type (
                           resources, supported_types[i].type, &list, &n),
                         error))
        return FALSE;
      for (size_t j = 0; j < n; j++)
        g_hash_table_add (reflector->used, GUINT_TO_POINTER (list[j].id));
    }

  if (!check_result (reflector,
                     spvc_resources_get_resource_list_for_type (
                       resources, SPVC_RESOURCE_TYPE_PUSH_CONSTANT, &list, &n),
                     error))
    return FALSE;
  if (n > 0)
    {
      size_t size;
      if (!check_result (
            reflector,
            spvc_compiler_get_declared_struct_size (
              reflector->compiler,
              spvc_compiler_get_type_handle (reflector->compiler, list[0].base_type_id), &size),
            error))
        return FALSE;
      reflector->self->push_constants_size = (guint) size;
    }
  return TRUE;
}

/* Those that the entry point uses, or the others: what it does not use cannot be wrong. */
static gboolean
reflect_resources (Reflector       *reflector,
                   spvc_resources   resources,
                   gboolean         used,
                   GError         **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (supported_types); i++)
    {
      const spvc_reflected_resource *list;
      size_t n;

      if (!check_result (reflector,
                         spvc_resources_get_resource_list_for_type (
                           resources, supported_types[i].type, &list, &n),
                         error))
        return FALSE;
      for (size_t j = 0; j < n; j++)
        if (g_hash_table_contains (reflector->used, GUINT_TO_POINTER (list[j].id)) == used
            && !reflect_binding (reflector, &list[j], supported_types[i].kind, used,
                                 used ? error : NULL)
            && used)
          return FALSE;
    }
  return TRUE;
}

static gint
compare_bindings (gconstpointer a,
                  gconstpointer b,
                  gpointer      user_data)
{
  const RillReflection *self = user_data;
  const RillDescriptor *x =
    rill_reflection_descriptor (self, ((const RillBinding *) a)->descriptor);
  const RillDescriptor *y =
    rill_reflection_descriptor (self, ((const RillBinding *) b)->descriptor);

  if (x->set != y->set)
    return x->set < y->set ? -1 : 1;
  return x->binding < y->binding ? -1 : x->binding > y->binding;
}

static gboolean
reflect_bindings (Reflector  *reflector,
                  GError    **error)
{
  RillReflection *self = reflector->self;
  spvc_resources used, all;

  if (!list_used (reflector, &used, error) || !reflect_used (reflector, used, error)
      || !check_result (reflector,
                        spvc_compiler_create_shader_resources (reflector->compiler, &all), error)
      || !reflect_resources (reflector, all, TRUE, error)
      || !reflect_resources (reflector, all, FALSE, error))
    return FALSE;
  g_array_sort_with_data (self->bindings, compare_bindings, self);
  return TRUE;
}

static void
binding_clear (gpointer data)
{
  RillBinding *binding = data;

  g_free (binding->name);
  g_free (binding->block_name);
}

RillReflection *
rill_reflection_new (GBytes      *spirv,
                     const char  *entry_point,
                     GError     **error)
{
  g_autoptr (RillReflection) self = g_new0 (RillReflection, 1);
  Reflector reflector = { .self = self, .entry_point = entry_point };
  gboolean success;

  self->bindings = g_array_new (FALSE, TRUE, sizeof (RillBinding));
  g_array_set_clear_func (self->bindings, binding_clear);
  self->descriptors = g_array_new (FALSE, TRUE, sizeof (RillDescriptor));
  self->constants = g_array_new (FALSE, TRUE, sizeof (RillConstant));
  reflector.used = g_hash_table_new (NULL, NULL);

  success = open_compiler (&reflector, spirv, error)
            && select_entry_point (&reflector, spirv, error)
            && reflect_constants (&reflector, error) && reflect_bindings (&reflector, error);
  if (success)
    reflect_local_size (&reflector);
  close_compiler (&reflector);
  g_hash_table_unref (reflector.used);
  return success ? g_steal_pointer (&self) : NULL;
}

void
rill_reflection_free (RillReflection *self)
{
  g_array_unref (self->bindings);
  g_array_unref (self->descriptors);
  g_array_unref (self->constants);
  g_free (self);
}

gint
rill_reflection_find_binding (const RillReflection *self,
                              const char           *name)
{
  gint index = find_name (self, name);

  if (index >= 0)
    return index;
  for (guint i = 0; i < self->bindings->len; i++)
    if (g_strcmp0 (rill_reflection_binding (self, i)->block_name, name) == 0)
      return (gint) i;
  return -1;
}

gint
rill_reflection_find_constant (const RillReflection *self,
                               guint                 id)
{
  for (guint i = 0; i < self->constants->len; i++)
    if (rill_reflection_constant (self, i)->id == id)
      return (gint) i;
  return -1;
}

const char *
rill_binding_kind_get_name (RillBindingKind kind)
{
  static const char * const names[RILL_N_BINDING_KINDS] = {
    "storage buffer",
    "uniform buffer",
    "storage image",
    "sampled image",
  };

  return names[kind];
}
