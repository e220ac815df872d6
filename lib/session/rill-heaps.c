/* SPDX-License-Identifier: MIT */
#include "session/rill-heaps-private.h"

/* Without a word of the driver's: the rest is for what others have on the device. */
#define BUDGET_PERCENT 80

struct _RillHeaps
{
  guint ref_count;                    /* under the list's lock */
  char *device;                       /* (owned) */
  guint64 usage[VK_MAX_MEMORY_HEAPS]; /* (atomic) */
};

/* (element-type RillHeaps) One for each device in use; few, so a search is no loss. */
static GMutex known_lock;
static GQueue known = G_QUEUE_INIT;

RillHeaps *
rill_heaps_get (const char *device)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&known_lock);
  RillHeaps *self;

  for (GList *l = known.head; l != NULL; l = l->next)
    {
      self = l->data;
      if (g_str_equal (self->device, device))
        {
          self->ref_count++;
          return self;
        }
    }
  self = g_new0 (RillHeaps, 1);
  self->ref_count = 1;
  self->device = g_strdup (device);
  g_queue_push_tail (&known, self);
  return self;
}

RillHeaps *
rill_heaps_ref (RillHeaps *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&known_lock);

  self->ref_count++;
  return self;
}

void
rill_heaps_unref (RillHeaps *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&known_lock);

  if (--self->ref_count > 0)
    return;
  g_queue_remove (&known, self);
  g_free (self->device);
  g_free (self);
}

void
rill_heaps_add (RillHeaps *self,
                guint      heap,
                guint64    size)
{
  __atomic_fetch_add (&self->usage[heap], size, __ATOMIC_RELAXED);
}

void
rill_heaps_remove (RillHeaps *self,
                   guint      heap,
                   guint64    size)
{
  __atomic_fetch_sub (&self->usage[heap], size, __ATOMIC_RELAXED);
}

RillHeapState
rill_heaps_query (RillHeaps        *self,
                  VkPhysicalDevice  physical_device,
                  gboolean          has_budget,
                  guint             heap,
                  guint64           heap_size)
{
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budgets = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
  };
  VkPhysicalDeviceMemoryProperties2 memory = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    .pNext = &budgets,
  };
  RillHeapState state = {
    .budget = heap_size / 100 * BUDGET_PERCENT,
    .usage = __atomic_load_n (&self->usage[heap], __ATOMIC_RELAXED),
  };

  if (!has_budget)
    return state;
  vkGetPhysicalDeviceMemoryProperties2 (physical_device, &memory);
  state.budget = budgets.heapBudget[heap];
  if (budgets.heapUsage[heap] > 0) /* some drivers count nothing */
    state.usage = budgets.heapUsage[heap];
  return state;
}
