/* SPDX-License-Identifier: MIT */
#include "transfer/rill-submission-private.h"

#include "core/rill-error-private.h"

#define MAX_TRANSITIONS 16

static void
record_barrier (VkCommandBuffer       command,
                VkPipelineStageFlags2 to_stage,
                VkAccessFlags2        to_access)
{
  const VkMemoryBarrier2 barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
    .dstStageMask = to_stage,
    .dstAccessMask = to_access,
  };
  const VkDependencyInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .memoryBarrierCount = 1,
    .pMemoryBarriers = &barrier,
  };

  vkCmdPipelineBarrier2 (command, &info);
}

void
rill_command_barrier (VkCommandBuffer command)
{
  record_barrier (command, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                  VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
}

static void
record_host_barrier (VkCommandBuffer command)
{
  record_barrier (command, VK_PIPELINE_STAGE_2_HOST_BIT,
                  VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT);
}

typedef struct
{
  VkCommandBuffer command;
  VkImageMemoryBarrier2 barriers[MAX_TRANSITIONS];
  guint n;
} Transitions;

static void
flush_transitions (Transitions *transitions)
{
  const VkDependencyInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
    .imageMemoryBarrierCount = transitions->n,
    .pImageMemoryBarriers = transitions->barriers,
  };

  if (transitions->n > 0)
    vkCmdPipelineBarrier2 (transitions->command, &info);
  transitions->n = 0;
}

static void
add_transition (Transitions   *transitions,
                VkImage        image,
                VkImageLayout  from,
                VkImageLayout  to)
{
  if (from == to)
    return;
  if (transitions->n == MAX_TRANSITIONS)
    flush_transitions (transitions);
  transitions->barriers[transitions->n++] = (VkImageMemoryBarrier2) {
    .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
    .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
    .oldLayout = from,
    .newLayout = to,
    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
    .image = image,
    .subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
  };
}

void
rill_command_change_layout (VkCommandBuffer command,
                            VkImage         image,
                            VkImageLayout   from,
                            VkImageLayout   to)
{
  Transitions transitions = { .command = command };

  add_transition (&transitions, image, from, to);
  flush_transitions (&transitions);
}

/* TRUE for the first use of an image: the others have the same layouts. */
static gboolean
is_first_image_use (RillSubmission *self,
                    guint           index)
{
  if (!RILL_IS_IMAGE (self->uses[index].resource))
    return FALSE;
  for (guint i = 0; i < index; i++)
    if (self->uses[i].resource == self->uses[index].resource)
      return FALSE;
  return TRUE;
}

static VkImageLayout
get_final_layout (const RillUse *use)
{
  VkImageLayout now = rill_image_get_vk_layout_locked (use->resource);

  if (use->final_layout != VK_IMAGE_LAYOUT_UNDEFINED)
    return use->final_layout;
  return now != VK_IMAGE_LAYOUT_UNDEFINED ? now : VK_IMAGE_LAYOUT_GENERAL;
}

static void
record_images_to_general (RillSubmission *self)
{
  Transitions transitions = { .command = self->command };

  for (guint i = 0; i < self->n_uses; i++)
    if (is_first_image_use (self, i))
      add_transition (&transitions, rill_image_get_handle (self->uses[i].resource),
                      rill_image_get_vk_layout_locked (self->uses[i].resource), VK_IMAGE_LAYOUT_GENERAL);
  flush_transitions (&transitions);
}

static void
record_images_to_final (RillSubmission  *self,
                        VkCommandBuffer  command)
{
  Transitions transitions = { .command = command };

  for (guint i = 0; i < self->n_uses; i++)
    if (is_first_image_use (self, i))
      add_transition (&transitions, rill_image_get_handle (self->uses[i].resource),
                      VK_IMAGE_LAYOUT_GENERAL, get_final_layout (&self->uses[i]));
  flush_transitions (&transitions);
}

static gboolean
needs_epilogue (RillSubmission *self)
{
  for (guint i = 0; i < self->n_uses; i++)
    if (is_first_image_use (self, i) && get_final_layout (&self->uses[i]) != VK_IMAGE_LAYOUT_GENERAL)
      return TRUE;
  return self->to_host;
}

/* A change of layout rewrites an image even where the commands only read it. */
static gboolean
is_write (const RillUse *use)
{
  return use->write || RILL_IS_IMAGE (use->resource);
}

/* Takes the marks of the first @n uses back; with @value what they did is noted. */
static void
unmark_uses (RillSubmission *self,
             guint           n,
             guint64         value)
{
  for (guint i = 0; i < n; i++)
    {
      const RillUse *use = &self->uses[i];
      RillResourceState *state = rill_resource_get_state (use->resource);

      g_mutex_lock (&state->lock);
      if (value > 0)
        rill_sync_note (&state->sync, self->queue->index, value, is_write (use));
      if (--state->submitting == 0)
        rill_resource_wake_waiting_locked (state);
      g_mutex_unlock (&state->lock);
      rill_resource_unpin (use->resource);
    }
}

/* Marks one use. Sets *waited when a host access of the library's own had to end first: then nothing
 * is marked and no lock is held, and all is to be checked anew. */
static gboolean
mark_use (RillSubmission  *self,
          guint            index,
          gboolean        *waited,
          GError         **error)
{
  const RillUse *use = &self->uses[index];
  RillResourceState *state = rill_resource_get_state (use->resource);
  RillHostAccess *conflict;

  if (!rill_resource_pin (use->resource, error))
    return FALSE;
  g_mutex_lock (&state->lock);
  conflict = rill_resource_find_conflict_locked (state, use->offset, use->size, use->write);
  if (conflict == NULL && !rill_resource_flush_locked (state, error))
    {
      g_mutex_unlock (&state->lock);
      rill_resource_unpin (use->resource);
      return FALSE;
    }
  if (conflict == NULL)
    {
      state->submitting++;
      rill_sync_get_dependencies (&state->sync, is_write (use), &self->wait);
      g_mutex_unlock (&state->lock);
      return TRUE;
    }
  if (conflict->mapping)
    {
      rill_resource_set_busy_error (use->resource, conflict, error);
      g_mutex_unlock (&state->lock);
      rill_resource_unpin (use->resource);
      return FALSE;
    }

  g_mutex_unlock (&state->lock);
  unmark_uses (self, index, 0);
  g_mutex_unlock (&self->context->submit_lock);
  rill_resource_wait_host_access (use->resource);
  rill_resource_unpin (use->resource);
  *waited = TRUE;
  return FALSE;
}

/* Takes the submit lock and marks all uses. */
static gboolean
mark_uses (RillSubmission  *self,
           GError         **error)
{
  gboolean waited;

  do
    {
      waited = FALSE;
      self->wait = (RillSyncPoint) { { 0 } };
      g_mutex_lock (&self->context->submit_lock);
      for (guint i = 0; i < self->n_uses && !waited; i++)
        if (!mark_use (self, i, &waited, error) && !waited)
          {
            unmark_uses (self, i, 0);
            g_mutex_unlock (&self->context->submit_lock);
            return FALSE;
          }
    }
  while (waited);
  return TRUE;
}

gboolean
rill_submission_begin (RillSubmission  *self,
                       RillContext     *context,
                       RillQueue       *queue,
                       const RillUse   *uses,
                       guint            n_uses,
                       GError         **error)
{
  *self = (RillSubmission) { .context = context, .queue = queue, .uses = uses, .n_uses = n_uses };
  if (!rill_context_check_lost (context, error) || !mark_uses (self, error))
    return FALSE;
  self->command = rill_queue_begin_locked (queue, error);
  if (self->command == VK_NULL_HANDLE)
    {
      rill_submission_abort (self);
      return FALSE;
    }
  for (guint i = 0; i < n_uses; i++)
    self->to_host |= uses[i].write && rill_resource_get_mappable (uses[i].resource);
  rill_command_barrier (self->command);
  record_images_to_general (self);
  return TRUE;
}

static gboolean
submit (RillSubmission   *self,
        VkCommandBuffer   recorded,
        guint64          *value,
        GError          **error)
{
  VkCommandBuffer last = VK_NULL_HANDLE;
  VkCommandBuffer command = self->command;

  if (recorded != VK_NULL_HANDLE && needs_epilogue (self))
    {
      last = rill_queue_begin_locked (self->queue, error);
      if (last == VK_NULL_HANDLE)
        {
          rill_queue_discard_locked (self->queue, g_steal_pointer (&self->command));
          return FALSE;
        }
      command = last;
    }
  if (recorded == VK_NULL_HANDLE || last != VK_NULL_HANDLE)
    {
      record_images_to_final (self, command);
      if (self->to_host)
        record_host_barrier (command);
    }
  return rill_queue_submit_locked (self->queue, g_steal_pointer (&self->command), recorded, last, &self->wait,
                                   value, error);
}

gboolean
rill_submission_submit (RillSubmission   *self,
                        VkCommandBuffer   recorded,
                        RillSyncPoint    *point,
                        GError          **error)
{
  if (!submit (self, recorded, &self->value, error))
    return FALSE;
  for (guint i = 0; i < self->n_uses; i++)
    if (is_first_image_use (self, i))
      rill_image_set_vk_layout_locked (self->uses[i].resource, get_final_layout (&self->uses[i]));
  if (point != NULL)
    {
      *point = (RillSyncPoint) { { 0 } };
      point->values[self->queue->index] = self->value;
    }
  return TRUE;
}

void
rill_submission_finish (RillSubmission *self)
{
  unmark_uses (self, self->n_uses, self->value);
  g_mutex_unlock (&self->context->submit_lock);
}

gboolean
rill_submission_end (RillSubmission   *self,
                     VkCommandBuffer   recorded,
                     RillSyncPoint    *point,
                     GError          **error)
{
  gboolean submitted = rill_submission_submit (self, recorded, point, error);

  rill_submission_finish (self);
  return submitted;
}

void
rill_submission_abort (RillSubmission *self)
{
  rill_queue_discard_locked (self->queue, g_steal_pointer (&self->command));
  unmark_uses (self, self->n_uses, 0);
  g_mutex_unlock (&self->context->submit_lock);
}
