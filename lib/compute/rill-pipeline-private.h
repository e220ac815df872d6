/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-reflection-private.h"
#include "session/rill-context-private.h"

/* What a descriptor set is made by: shared by a node and the pipelines of it. */
typedef struct
{
  gatomicrefcount ref_count;
  RillContext *context;             /* (owned) */
  VkDescriptorSetLayout *sets;      /* (owned) */
  guint n_sets;
  VkPipelineLayout handle;
} RillPipelineLayout;

/* Held by a node and by the recordings that run it; destroyed with its last user. */
typedef struct
{
  gatomicrefcount ref_count;
  RillPipelineLayout *layout;       /* (owned) */
  VkPipeline handle;
} RillPipeline;

/* Value of a specialisation constant. */
typedef struct
{
  gboolean set;
  guint8 bytes[8];
} RillConstantValue;

RillPipelineLayout *rill_pipeline_layout_new   (RillContext              *context,
                                                const RillReflection     *reflection,
                                                GError                  **error);
RillPipelineLayout *rill_pipeline_layout_ref   (RillPipelineLayout       *self);
void                rill_pipeline_layout_unref (RillPipelineLayout       *self);

/* @values: one for each constant of the reflection. */
RillPipeline       *rill_pipeline_new          (RillPipelineLayout       *layout,
                                                GBytes                   *spirv,
                                                const char               *entry_point,
                                                const RillReflection     *reflection,
                                                const RillConstantValue  *values,
                                                GError                  **error);
RillPipeline       *rill_pipeline_ref          (RillPipeline             *self);
void                rill_pipeline_unref        (RillPipeline             *self);

VkDescriptorType    rill_binding_kind_get_type (RillBindingKind           kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillPipelineLayout, rill_pipeline_layout_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillPipeline, rill_pipeline_unref)
