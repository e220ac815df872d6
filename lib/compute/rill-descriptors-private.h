/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-compute-node-private.h"

/* The descriptor sets of one recording: pools that grow. Used by one thread at a time. */
typedef struct
{
  RillContext *context; /* (unowned) */
  GArray *pools;        /* (element-type VkDescriptorPool) each larger than the one before */
  guint pool_size;      /* sets in the last of them */
} RillDescriptors;

void     rill_descriptors_init      (RillDescriptors     *self,
                                     RillContext         *context);
void     rill_descriptors_clear     (RillDescriptors     *self);
/* Takes all sets back; no work uses them. */
void     rill_descriptors_reset     (RillDescriptors     *self);
/* Makes the sets of the pipeline's layout, with what is bound; @sets has room for all of them. The resources
 * are pinned, so that their handles are there until they are written. */
gboolean rill_descriptors_make_sets (RillDescriptors     *self,
                                     const RillDispatch  *dispatch,
                                     VkDescriptorSet     *sets,
                                     GError             **error);
