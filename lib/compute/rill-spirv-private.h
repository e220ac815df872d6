/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-context-private.h"

/* Checks of words that may come from anywhere, before a driver or the reflection sees them:
 * SPIR-V's own rules (SHADER_COMPILATION, with the validator's text), then the capabilities that
 * the device lacks (FEATURE_NOT_PRESENT). The bytes are aligned to words. */
gboolean rill_spirv_check                 (RillContext  *context,
                                           GBytes       *spirv,
                                           GError      **error);
/* FALSE when the entry point's LocalSizeId names something else than constants, which the
 * reflection could not stand. For checked words. */
gboolean rill_spirv_has_plain_local_size  (GBytes       *spirv,
                                           const char   *entry_point);
/* The value of the constant with this SpecId, or FALSE where the module's default holds. */
typedef gboolean (*RillSpirvConstantFunc) (guint32  spec_id,
                                           guint32 *value,
                                           gpointer data);
/* Bytes that the entry point's shared variables take at least. For checked words. */
guint64  rill_spirv_get_shared_size       (GBytes                *spirv,
                                           const char            *entry_point,
                                           RillSpirvConstantFunc  get_constant,
                                           gpointer               data);
