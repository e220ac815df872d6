/* SPDX-License-Identifier: MIT */

/* In words, what rill-memory-choice.c thinks: the verdicts are its own, so the two cannot differ. */

#include "core/rill-error-private.h"
#include "memory/rill-memory-private.h"
#include "rill-enum-types.h"

/* A device may have flags that are newer than the library. */
static char *
flags_to_string (VkMemoryPropertyFlags flags)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (RILL_TYPE_MEMORY_PROPERTY_FLAGS);
  VkMemoryPropertyFlags known = flags & klass->mask;
  VkMemoryPropertyFlags unknown = flags & ~klass->mask;
  g_autofree char *text = rill_memory_flags_to_string ((RillMemoryPropertyFlags) known);

  if (unknown == 0)
    return g_steal_pointer (&text);
  return known == 0 ? g_strdup_printf ("0x%x", unknown) : g_strdup_printf ("%s | 0x%x", text, unknown);
}

static void
append_left_out (GString                 *text,
                 const RillMemoryVerdict *verdict,
                 gboolean                 exact)
{
  g_autofree char *missing = flags_to_string (verdict->missing);
  g_autofree char *more = flags_to_string (exact ? verdict->extra : verdict->special);
  gboolean has_more = (exact ? verdict->extra : verdict->special) != 0;

  g_string_append (text, "left out: ");
  if (verdict->missing != 0)
    g_string_append_printf (text, "it lacks %s%s", missing, has_more ? ", and " : "");
  if (has_more)
    g_string_append_printf (text, exact ? "it has %s as well, and the match is to be exact"
                                        : "%s is for special purposes, and was not asked for",
                            more);
}

/* By what the best type was preferred. */
static void
append_behind (GString                 *text,
               const RillMemoryVerdict *verdict,
               guint                    best,
               const RillMemoryVerdict *best_verdict)
{
  g_string_append_printf (text, "would do, but type %u is preferred: ", best);
  if (verdict->windowed != best_verdict->windowed)
    g_string_append (text, "this one is DEVICE_LOCAL and HOST_VISIBLE together, and not both were asked for");
  else if (verdict->uncached != best_verdict->uncached)
    g_string_append (text, "this one is not HOST_CACHED, so the host would read it slowly");
  else if (verdict->rank != best_verdict->rank)
    g_string_append_printf (text, "this one has more flags that were not asked for, %d instead of %d",
                            __builtin_popcount (verdict->extra), __builtin_popcount (best_verdict->extra));
  else
    g_string_append (text, "the two are alike, and that one comes first");
}

static void
append_chosen (GString                 *text,
               RillContext             *context,
               guint                    index,
               const RillMemoryVerdict *verdict,
               guint                    n_fitting)
{
  RillMemoryPropertyFlags disabled = rill_memory_get_disabled_flags (context, index);
  g_autofree char *extra = flags_to_string (verdict->extra);

  g_string_append (text, n_fitting == 1 ? "chosen: no other one will do" : "chosen");
  if (verdict->extra != 0)
    g_string_append_printf (text, "; it also is %s", extra);
  if (disabled != RILL_MEMORY_PROPERTY_NONE)
    {
      g_autofree char *flags = rill_memory_flags_to_string (disabled);
      g_string_append_printf (text, "; but %s needs a feature of the device that Rill does not enable",
                              flags);
    }
}

static void
append_type (GString     *text,
             RillContext *context,
             guint        index)
{
  const VkMemoryType *type = &context->memory.memoryTypes[index];
  const VkMemoryHeap *heap = &context->memory.memoryHeaps[type->heapIndex];
  g_autofree char *flags = flags_to_string (type->propertyFlags);
  g_autofree char *size = rill_format_size (heap->size);

  g_string_append_printf (text, "\nType %u [%s] in heap %u (%s, %s): ", index, flags, type->heapIndex, size,
                          heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT ? "the device's" : "the host's");
}

static void
append_result (GString     *text,
               RillContext *context,
               gint         best)
{
  if (best < 0)
    g_string_append (text, "\nNo type will do, so no memory can be created.");
  else if (rill_memory_get_disabled_flags (context, (guint) best) != RILL_MEMORY_PROPERTY_NONE)
    g_string_append_printf (text, "\nType %d is chosen, but no memory can be created of it.", best);
  else
    g_string_append_printf (text, "\nType %d is chosen.", best);
}

char *
rill_memory_explain_choice (RillContext              *context,
                            RillMemoryPropertyFlags   flags,
                            gboolean                  exact_flags_match,
                            GError                  **error)
{
  GError *local_error = NULL;
  gint best = rill_memory_find_type (context, flags, exact_flags_match, &local_error);
  RillMemoryVerdict verdicts[VK_MAX_MEMORY_TYPES];
  guint n_fitting = 0;
  g_autofree char *asked = rill_memory_flags_to_string (flags);
  g_autoptr (GString) text = g_string_new (NULL);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return NULL;
    }
  g_string_append_printf (text, "Asked of “%s” is memory %s [%s].", context->properties.deviceName,
                          exact_flags_match ? "with exactly" : "that contains", asked);
  for (guint i = 0; i < context->memory.memoryTypeCount; i++)
    {
      rill_memory_judge_type (context, i, flags, exact_flags_match, &verdicts[i]);
      n_fitting += verdicts[i].fits != FALSE;
    }
  for (guint i = 0; i < context->memory.memoryTypeCount; i++)
    {
      append_type (text, context, i);
      if (!verdicts[i].fits)
        append_left_out (text, &verdicts[i], exact_flags_match);
      else if ((gint) i == best)
        append_chosen (text, context, i, &verdicts[i], n_fitting);
      else
        append_behind (text, &verdicts[i], (guint) best, &verdicts[best]);
    }
  append_result (text, context, best);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * rill_session_explain_memory:
 * @session: a session
 * @flags: property flags that the memory type must have
 * @exact_flags_match: whether the memory type must have no other flags than @flags
 * @error: return location for an error
 *
 * Explains in words which memory type [method@Session.create_memory] chooses for the same arguments, and why.
 *
 * The text is for people: it has a line for what was asked, one for each type of the device with its flags
 * and its heap, and one for the result. That no type matches is a result as well, not an error.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for unknown flags; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED,
 * %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the explanation
 */
char *
rill_session_explain_memory (RillSession              *session,
                             RillMemoryPropertyFlags   flags,
                             gboolean                  exact_flags_match,
                             GError                  **error)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL)
    return NULL;
  return rill_memory_explain_choice (context, flags, exact_flags_match, error);
}
