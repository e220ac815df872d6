/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <vulkan/vulkan.h>

typedef enum
{
  RILL_BINDING_STORAGE_BUFFER,
  RILL_BINDING_UNIFORM_BUFFER,
  RILL_BINDING_STORAGE_IMAGE,
  RILL_BINDING_SAMPLED_IMAGE, /* with its sampler: a sampler2D and the like */
} RillBindingKind;

#define RILL_N_BINDING_KINDS (RILL_BINDING_SAMPLED_IMAGE + 1)

/* What a shader takes the components of a texel for. */
typedef enum
{
  RILL_COMPONENT_FLOAT,
  RILL_COMPONENT_INT,
  RILL_COMPONENT_UINT,
  RILL_COMPONENT_INT64,
  RILL_COMPONENT_UINT64,
} RillComponent;

/* One variable of the shader. */
typedef struct
{
  char *name;           /* (owned) */
  char *block_name;     /* (owned) (nullable) where it is another name */
  guint descriptor;     /* index; variables that share a binding share the descriptor */
  gboolean used;        /* by the entry point */
  guint64 minimum_size; /* buffers: bytes of what is declared, without a runtime array */
  VkImageType image_type;
  RillComponent component;
  VkFormat format;      /* storage images: as declared, or VK_FORMAT_UNDEFINED */
  gboolean reads;
  gboolean writes;
} RillBinding;

/* One VkDescriptorSetLayoutBinding; the elements of all are counted through. */
typedef struct
{
  guint set;
  guint binding;
  RillBindingKind kind;
  guint count;
  guint first_element;
  gboolean used;
  gboolean writes;      /* reading goes without saying */
} RillDescriptor;

typedef struct
{
  guint id;
  const char *type_name;    /* "float" */
  const char *variant_type; /* of the GVariant that sets it, or NULL if none can */
  guint size;
  guint default_uint;       /* of 32-bit constants */
} RillConstant;

typedef struct
{
  GArray *bindings;          /* (element-type RillBinding) */
  GArray *descriptors;       /* (element-type RillDescriptor) */
  GArray *constants;         /* (element-type RillConstant) */
  guint n_elements;
  guint push_constants_size; /* bytes, 0: none */
  guint local_size[3];       /* fixed, or the constants' defaults */
  gint local_size_constants[3]; /* index of a constant, or -1 */
} RillReflection;

/* For checked SPIR-V. Any thread. */
char          **rill_reflection_list_entry_points (GBytes                *spirv,
                                                   GError               **error);
RillReflection *rill_reflection_new               (GBytes                *spirv,
                                                   const char            *entry_point,
                                                   GError               **error);
void            rill_reflection_free              (RillReflection        *self);

#define rill_reflection_binding(self, i) (&g_array_index ((self)->bindings, RillBinding, i))
#define rill_reflection_descriptor(self, i) \
  (&g_array_index ((self)->descriptors, RillDescriptor, i))
#define rill_reflection_constant(self, i) (&g_array_index ((self)->constants, RillConstant, i))

/* -1 if there is none. */
gint            rill_reflection_find_binding      (const RillReflection  *self,
                                                   const char            *name);
gint            rill_reflection_find_constant     (const RillReflection  *self,
                                                   guint                  id);
/* "storage buffer" */
const char     *rill_binding_kind_get_name        (RillBindingKind        kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillReflection, rill_reflection_free)
