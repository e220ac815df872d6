/* SPDX-License-Identifier: MIT */
#include "memory/rill-memory-choice-private.h"

#include "core/rill-error-private.h"
#include "rill-enum-types.h"

#define KNOWN_FLAGS 0x1ffu

/* What every type may have. Other flags are of types for special purposes, or of vendors, some of
 * which slow every access down: those are used when asked for. */
#define PLAIN_FLAGS                                                                                \
  (VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT                      \
   | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT)

/* Vulkan forbids to allocate of types whose feature was not enabled, and does not say so itself. */
#define DISABLED_FLAGS                                                                             \
  (VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD                  \
   | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD | VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV)

#define DEVICE_AND_HOST                                                                            \
  (VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)

/* Ranks by the order of design: no device memory in the host's window unless both were asked for, cached
 * memory for plain host access, then the fewest extra flags. */
void
rill_memory_judge_type (RillContext             *context,
                        guint                    index,
                        RillMemoryPropertyFlags  flags,
                        gboolean                 exact_flags_match,
                        RillMemoryVerdict       *verdict)
{
  VkMemoryPropertyFlags type = context->memory.memoryTypes[index].propertyFlags;
  VkMemoryPropertyFlags asked = (VkMemoryPropertyFlags) flags;

  *verdict = (RillMemoryVerdict) {
    .missing = asked & ~type,
    .extra = type & ~asked,
    .special = type & ~(asked | PLAIN_FLAGS),
    .windowed = (type & DEVICE_AND_HOST) == DEVICE_AND_HOST && (asked & DEVICE_AND_HOST) != DEVICE_AND_HOST,
    .uncached = asked & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT && !(asked & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)
                && !(type & VK_MEMORY_PROPERTY_HOST_CACHED_BIT),
  };
  verdict->fits = verdict->missing == 0 && (exact_flags_match ? verdict->extra : verdict->special) == 0;
  verdict->rank = (verdict->windowed ? 1u << 16 : 0) + (verdict->uncached ? 1u << 8 : 0)
                  + (guint) __builtin_popcount (verdict->extra);
}

gint
rill_memory_find_type (RillContext              *context,
                       RillMemoryPropertyFlags   flags,
                       gboolean                  exact_flags_match,
                       GError                  **error)
{
  VkMemoryPropertyFlags unknown = (VkMemoryPropertyFlags) flags & ~KNOWN_FLAGS;
  guint best_rank = G_MAXUINT;
  gint best = -1;

  if (unknown != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not choose a memory type: unknown property flags 0x%x", unknown);
      return -1;
    }
  for (guint i = 0; i < context->memory.memoryTypeCount; i++)
    {
      RillMemoryVerdict verdict;
      rill_memory_judge_type (context, i, flags, exact_flags_match, &verdict);
      if (!verdict.fits || verdict.rank >= best_rank)
        continue;
      best = (gint) i;
      best_rank = verdict.rank;
    }
  return best;
}

gint
rill_memory_choose_type (RillContext              *context,
                         RillMemoryPropertyFlags   flags,
                         gboolean                  exact_flags_match,
                         GError                  **error)
{
  GError *local_error = NULL;
  gint best = rill_memory_find_type (context, flags, exact_flags_match, &local_error);
  g_autofree char *asked_text = NULL;
  g_autofree char *types = NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return -1;
    }
  if (best >= 0)
    return best;

  asked_text = rill_memory_flags_to_string (flags);
  types = rill_memory_types_to_string (context, G_MAXUINT32);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Could not create a memory: the device “%s” has no memory type %s [%s]; it has %s",
               context->properties.deviceName, exact_flags_match ? "with exactly" : "that contains", asked_text,
               types);
  return -1;
}

RillMemoryPropertyFlags
rill_memory_get_disabled_flags (RillContext *context,
                                guint        index)
{
  return (RillMemoryPropertyFlags) (context->memory.memoryTypes[index].propertyFlags & DISABLED_FLAGS);
}

char *
rill_memory_flags_to_string (RillMemoryPropertyFlags flags)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (RILL_TYPE_MEMORY_PROPERTY_FLAGS);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    {
      const GFlagsValue *value = &klass->values[i];
      if (value->value == 0 || !(flags & value->value))
        continue;
      if (text->len > 0)
        g_string_append (text, " | ");
      g_string_append (text, value->value_name + strlen ("RILL_MEMORY_PROPERTY_"));
    }
  if (text->len == 0)
    g_string_append (text, "none");
  return g_string_free (text, FALSE);
}

char *
rill_memory_types_to_string (RillContext *context,
                             guint32      type_bits)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < context->memory.memoryTypeCount; i++)
    {
      g_autofree char *flags = NULL;
      if (!(type_bits & (1u << i)))
        continue;
      flags = rill_memory_flags_to_string (
        (RillMemoryPropertyFlags) (context->memory.memoryTypes[i].propertyFlags & KNOWN_FLAGS));
      g_string_append_printf (text, "%s[%s]", text->len > 0 ? ", " : "", flags);
    }
  if (text->len == 0)
    g_string_append (text, "none");
  return g_string_free (text, FALSE);
}
