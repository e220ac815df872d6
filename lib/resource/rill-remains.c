/* SPDX-License-Identifier: MIT */

/* What a resource leaves when it is closed or has moved. */

#include "resource/rill-resource-private.h"

void
rill_remains_destroy_handle (RillContext  *context,
                             VkObjectType  object_type,
                             guint64       handle)
{
  RillDriverPass pass;

  if (object_type != VK_OBJECT_TYPE_BUFFER)
    {
      vkDestroyImage (context->device, (VkImage) (guintptr) handle, NULL);
      return;
    }
  pass = rill_driver_gate_enter (context->gate, RILL_DRIVER_CALL_DESTROY_BUFFER);
  vkDestroyBuffer (context->device, (VkBuffer) (guintptr) handle, NULL);
  rill_driver_gate_leave (context->gate, pass);
}

void
rill_remains_destroy_views (RillContext     *context,
                            RillRetiredView *retired)
{
  RillRetiredView *next;

  for (; retired != NULL; retired = next)
    {
      next = retired->next;
      vkDestroySampler (context->device, retired->sampler, NULL);
      vkDestroyImageView (context->device, retired->view, NULL);
      g_free (retired);
    }
}

void
rill_remains_destroy (RillRemains *remains,
                      RillChild   *child)
{
  RillContext *context = rill_memory_get_context (remains->memory);

  rill_remains_destroy_views (context, remains->retired);
  if (remains->view != VK_NULL_HANDLE)
    vkDestroyImageView (context->device, remains->view, NULL);
  rill_remains_destroy_handle (context, remains->object_type, remains->handle);
  rill_memory_release (remains->memory, &remains->allocation, child);
}

static void
remains_clear (RillRemains *remains)
{
  rill_remains_destroy (remains, NULL);
  g_object_unref (remains->memory);
}

static void
remains_free (gpointer data)
{
  remains_clear (data);
  g_free (data);
}

void
rill_remains_release (RillRemains         *self,
                      const RillSyncPoint *last)
{
  RillContext *context = rill_memory_get_context (self->memory);

  if (rill_context_is_reached (context, last))
    remains_clear (self);
  else
    rill_context_defer (context, last, remains_free, g_memdup2 (self, sizeof (*self)));
}
