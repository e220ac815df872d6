/* SPDX-License-Identifier: MIT */
#include "resource/rill-relocation-private.h"

#include "resource/rill-buffer-private.h"
#include "resource/rill-image-view-private.h"

static gboolean
is_movable_locked (RillResourceState *state,
                   guint              n_pins)
{
  return !state->closed && state->pins == n_pins && state->submitting == n_pins
         && state->recordings == 0 && state->host_accesses == NULL && !state->handle_given;
}

gboolean
rill_relocation_is_movable (gpointer resource)
{
  RillResourceState *state = rill_resource_get_state (resource);
  g_autoptr (GMutexLocker) locker = NULL;

  if (RILL_IS_IMAGE (resource) && !rill_image_check_transfer (resource, NULL))
    return FALSE;
  locker = g_mutex_locker_new (&state->lock);
  return is_movable_locked (state, 0) && !state->allocation.page->own;
}

guint64
rill_relocation_get_alignment (gpointer resource)
{
  RillContext *context = rill_resource_get_context (resource);
  VkMemoryRequirements requirements;

  if (!rill_resource_pin (resource, NULL))
    return 0;
  if (RILL_IS_BUFFER (resource))
    vkGetBufferMemoryRequirements (context->device, rill_buffer_get_handle (resource), &requirements);
  else
    vkGetImageMemoryRequirements (context->device, rill_image_get_handle (resource), &requirements);
  rill_resource_unpin (resource);
  return requirements.alignment;
}

static gboolean
create_twin (RillRelocation  *self,
             guint            page,
             GError         **error)
{
  RillResourceState *state = rill_resource_get_state (self->resource);
  RillAllocationRequest request;

  if (RILL_IS_BUFFER (self->resource) ? !rill_buffer_create_twin (self->resource, &request, error)
                                      : !rill_image_create_twin (self->resource, &request, error))
    return FALSE;
  self->twin.object_type = state->object_type;
  self->twin.handle = RILL_IS_BUFFER (self->resource) ? (guint64) (guintptr) request.buffer
                                                      : (guint64) (guintptr) request.image;
  return rill_resource_place (state->memory, page, self->twin.object_type, self->twin.handle, &request,
                              &self->twin.allocation, &self->largest, error);
}

static RillImageView *
get_image_view (RillRelocation *self,
                guint           i)
{
  const RillChild *child = self->children->pdata[i];

  return RILL_IS_IMAGE_VIEW (child->object) ? RILL_IMAGE_VIEW (child->object) : NULL;
}

/* The default view, and those of the program. */
static gboolean
create_twin_views (RillRelocation  *self,
                   VkImageView      default_view,
                   GError         **error)
{
  VkImage twin = (VkImage) (guintptr) self->twin.handle;

  if (default_view != VK_NULL_HANDLE)
    {
      self->twin.view = rill_image_create_twin_view (self->resource, twin, FALSE, error);
      if (self->twin.view == VK_NULL_HANDLE)
        return FALSE;
    }
  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    {
      RillImageView *view = get_image_view (self, i);

      if (view == NULL)
        continue;
      self->twin_views[i] = rill_image_create_twin_view (
        self->resource, twin, rill_image_view_get_sampled (view), error);
      if (self->twin_views[i] == VK_NULL_HANDLE)
        return FALSE;
    }
  return TRUE;
}

static GPtrArray *
hold_all (RillChildren *children)
{
  g_autoptr (GArray) refs = rill_children_list (children);
  GPtrArray *held = g_ptr_array_new ();

  for (guint i = 0; i < refs->len; i++)
    {
      RillChild *child = rill_children_hold (children, &g_array_index (refs, RillChildRef, i));
      if (child != NULL)
        g_ptr_array_add (held, child);
    }
  return held;
}

RillRelocationResult
rill_relocation_begin (RillRelocation  *self,
                       gpointer         resource,
                       guint            page,
                       GError         **error)
{
  RillResourceState *state = rill_resource_get_state (resource);
  const RillSyncPoint now = { { 0 } };
  GError *local_error = NULL;
  VkImageView default_view;
  gboolean movable;

  g_mutex_lock (&state->lock);
  movable = is_movable_locked (state, 0);
  *self = (RillRelocation) { .resource = resource, .n_pinned = state->n_pinned };
  default_view = state->view;
  g_mutex_unlock (&state->lock);
  if (!movable)
    return RILL_RELOCATION_PINNED;

  if (!create_twin (self, page, &local_error))
    {
      if (local_error == NULL)
        return RILL_RELOCATION_NO_ROOM;
      g_propagate_error (error, local_error);
      return RILL_RELOCATION_FAILED;
    }
  self->twin.memory = g_object_ref (state->memory);
  if (RILL_IS_IMAGE (resource) && state->children != NULL)
    {
      self->children = hold_all (state->children);
      self->twin_views = g_new0 (VkImageView, self->children->len + 1);
    }
  if (create_twin_views (self, default_view, error))
    return RILL_RELOCATION_READY;
  rill_relocation_clear (self, &now);
  return RILL_RELOCATION_FAILED;
}

static void
retire (RillRelocation *self,
        VkImageView     view)
{
  RillRetiredView *retired;

  if (view == VK_NULL_HANDLE)
    return;
  retired = g_new (RillRetiredView, 1);
  *retired = (RillRetiredView) { .view = view, .next = self->twin.retired };
  self->twin.retired = retired;
}

static void
exchange_locked (RillRelocation    *self,
                 RillResourceState *state)
{
  RillRemains old = {
    .memory = self->twin.memory,
    .allocation = state->allocation,
    .object_type = state->object_type,
    .handle = state->handle,
    .view = state->view,
    .retired = g_steal_pointer (&state->retired),
  };
  RillContext *context = rill_memory_get_context (state->memory);

  state->allocation = self->twin.allocation;
  state->handle = self->twin.handle;
  state->view = self->twin.view;
  self->twin = old;
  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    if (self->twin_views[i] != VK_NULL_HANDLE)
      {
        VkImageView view = rill_image_view_exchange_locked (get_image_view (self, i), self->twin_views[i]);

        /* One that was closed has not taken the twin's. */
        retire (self, view != VK_NULL_HANDLE ? view : self->twin_views[i]);
        self->twin_views[i] = VK_NULL_HANDLE;
      }
  if (state->name != NULL)
    rill_context_set_name (context, state->object_type, state->handle, state->name);
}

gboolean
rill_relocation_exchange (RillRelocation *self)
{
  RillResourceState *state = rill_resource_get_state (self->resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&state->lock);

  if (!is_movable_locked (state, 1) || state->n_pinned != self->n_pinned + 1)
    return FALSE;
  exchange_locked (self, state);
  self->exchanged = TRUE;
  return TRUE;
}

void
rill_relocation_clear (RillRelocation      *self,
                       const RillSyncPoint *last)
{
  RillResourceState *state = rill_resource_get_state (self->resource);
  RillSyncPoint point = *last;

  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    {
      retire (self, self->twin_views[i]);
      rill_children_unhold (state->children, self->children->pdata[i]);
    }
  g_clear_pointer (&self->children, g_ptr_array_unref);
  g_clear_pointer (&self->twin_views, g_free);
  if (self->exchanged)
    {
      g_mutex_lock (&state->lock);
      rill_sync_get_dependencies (&state->sync, TRUE, &point);
      g_mutex_unlock (&state->lock);
    }
  rill_remains_release (&self->twin, &point);
  self->resource = NULL;
}
