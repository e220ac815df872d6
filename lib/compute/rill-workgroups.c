/* SPDX-License-Identifier: MIT */
#include "compute/rill-workgroups-private.h"

guint
rill_workgroups_get_local (const RillReflection    *reflection,
                           const RillConstantValue *values,
                           guint                    dimension)
{
  gint constant = reflection->local_size_constants[dimension];
  guint32 value;

  if (constant < 0 || !values[constant].set)
    return reflection->local_size[dimension];
  memcpy (&value, values[constant].bytes, sizeof (value));
  return value;
}

void
rill_workgroups_get_grid (const RillReflection    *reflection,
                          const RillConstantValue *values,
                          const guint              size[3],
                          gboolean                 is_global,
                          guint64                  grid[3])
{
  for (guint i = 0; i < 3; i++)
    {
      guint local = is_global ? MAX (1, rill_workgroups_get_local (reflection, values, i)) : 1;
      grid[i] = ((guint64) size[i] + local - 1) / local;
    }
}

gboolean
rill_workgroups_check_local (RillContext  *context,
                             const guint   size[3],
                             GError      **error)
{
  const VkPhysicalDeviceLimits *limits = &context->properties.limits;
  guint64 invocations = 1;

  for (guint i = 0; i < 3; i++)
    {
      if (size[i] == 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "A local size of %u × %u × %u is empty", size[0], size[1], size[2]);
          return FALSE;
        }
      if (size[i] > limits->maxComputeWorkGroupSize[i])
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "A local size of %u × %u × %u is over the device's limit of %u × %u × %u "
                       "(maxComputeWorkGroupSize)",
                       size[0], size[1], size[2], limits->maxComputeWorkGroupSize[0],
                       limits->maxComputeWorkGroupSize[1], limits->maxComputeWorkGroupSize[2]);
          return FALSE;
        }
      invocations *= size[i]; /* the limits of a dimension are far below 2^21 */
      if (invocations > limits->maxComputeWorkGroupInvocations)
        {
          g_set_error (
            error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
            "A local size of %u × %u × %u has more than %u invocations, the device's limit "
            "(maxComputeWorkGroupInvocations)",
            size[0], size[1], size[2], limits->maxComputeWorkGroupInvocations);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
rill_workgroups_check_grid (RillContext    *context,
                            const guint64   grid[3],
                            GError        **error)
{
  const guint32 *limits = context->properties.limits.maxComputeWorkGroupCount;

  for (guint i = 0; i < 3; i++)
    if (grid[i] > limits[i])
      {
        g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "A grid of %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT
          " workgroups is over the device's limit of %u × %u × %u (maxComputeWorkGroupCount)",
          grid[0], grid[1], grid[2], limits[0], limits[1], limits[2]);
        return FALSE;
      }
  return TRUE;
}
