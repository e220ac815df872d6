/* SPDX-License-Identifier: MIT */
#include "sim-layer.h"

#include "rill-simulation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SIM_EXPORT int         rill_simulation_configure       (const char *text);
SIM_EXPORT uint64_t    rill_simulation_get_calls       (const char *entry_point);
SIM_EXPORT uint64_t    rill_simulation_get_faults      (void);
SIM_EXPORT int64_t     rill_simulation_get_alive       (const char *type);
SIM_EXPORT uint64_t    rill_simulation_get_reports     (void);
SIM_EXPORT const char *rill_simulation_get_entry_point (unsigned int     index,
                                                        const VkResult **errors);

/* The settings are read once, and changed only by rill_simulation_configure(). What every call asks
 * for stands beside them, to be read without the lock. */
static struct
{
  GMutex lock;
  gboolean read;         /* RILL_SIMULATION has been */
  gboolean valid;
  SimSettings settings;
  GHashTable *alive;     /* name of a handle's type to gint64 in a pointer */

  gint armed;            /* (atomic) there are faults */
  gint late;             /* (atomic) */
  gint delay_ms;         /* (atomic) */
  gint lose_in;          /* (atomic) submissions until the device is lost; 0: never */
  gint n_injected;       /* (atomic) */
  gint n_reports;        /* (atomic) */
  gint calls[SIM_N_CALLS]; /* (atomic) */
} faults;

static gint
compare_entry_points (const void *name,
                      const void *entry)
{
  return strcmp (name, ((const SimEntryPoint *) entry)->name);
}

const SimEntryPoint *
sim_entry_point_find (const char *name)
{
  return bsearch (name, sim_entry_points, sim_n_entry_points, sizeof sim_entry_points[0],
                  compare_entry_points);
}

gboolean
sim_call_find (const char *name,
               SimCall    *call)
{
  const SimEntryPoint *entry = sim_entry_point_find (name);

  if (entry != NULL)
    {
      *call = entry->call;
      return TRUE;
    }
  /* Those that sim-layer.c has written by hand. */
  for (guint i = 0; i < SIM_N_CALLS; i++)
    if (strcmp (sim_calls[i].name, name) == 0)
      {
        *call = i;
        return TRUE;
      }
  return FALSE;
}

static void
take_settings (SimSettings *settings)
{
  sim_settings_clear (&faults.settings);
  faults.settings = *settings;
  faults.read = TRUE;
  faults.valid = TRUE;
  for (guint i = 0; i < SIM_N_CALLS; i++)
    g_atomic_int_set (&faults.calls[i], 0);
  g_atomic_int_set (&faults.n_injected, 0);
  g_atomic_int_set (&faults.n_reports, 0);
  g_atomic_int_set (&faults.late, settings->late);
  g_atomic_int_set (&faults.delay_ms, (gint) settings->delay_ms);
  g_atomic_int_set (&faults.lose_in, (gint) settings->lose);
  g_atomic_int_set (&faults.armed, settings->n_faults > 0);
}

static gboolean
configure (const char *text,
           const char *what)
{
  g_autoptr (GError) error = NULL;
  SimSettings settings;

  if (!sim_settings_parse (text, &settings, &error))
    {
      g_printerr ("VK_LAYER_RILL_simulation: %s: %s\n", what, error->message);
      return FALSE;
    }
  take_settings (&settings);
  return TRUE;
}

gboolean
sim_faults_copy_settings (SimSettings *settings)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&faults.lock);

  if (!faults.read)
    {
      const char *text = g_getenv ("RILL_SIMULATION");

      faults.read = TRUE;
      configure (text != NULL ? text : "", "RILL_SIMULATION");
    }
  if (!faults.valid)
    return FALSE;
  sim_settings_copy (&faults.settings, settings);
  return TRUE;
}

gboolean
sim_faults_is_late (void)
{
  return g_atomic_int_get (&faults.late);
}

guint
sim_faults_get_delay (void)
{
  return (guint) g_atomic_int_get (&faults.delay_ms);
}

gboolean
sim_faults_lose_now (void)
{
  if (g_atomic_int_get (&faults.lose_in) <= 0 || g_atomic_int_add (&faults.lose_in, -1) != 1)
    return FALSE;
  g_atomic_int_inc (&faults.n_injected);
  return TRUE;
}

void
sim_call_count (SimCall call)
{
  g_atomic_int_inc (&faults.calls[call]);
}

static gboolean
find_fault (SimCall   call,
            guint     n,
            VkResult *result)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&faults.lock);

  for (guint i = 0; i < faults.settings.n_faults; i++)
    {
      const SimFault *fault = &faults.settings.faults[i];

      if (fault->call == call && (n == fault->first || (fault->all_after && n > fault->first)))
        {
          *result = fault->result;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
sim_call_begin (SimCall    call,
                SimDevice *device,
                VkResult  *result)
{
  guint n = 1 + (guint) g_atomic_int_add (&faults.calls[call], 1);

  if (device != NULL && sim_calls[call].can_lose && g_atomic_int_get (&device->lost))
    {
      *result = VK_ERROR_DEVICE_LOST;
      return FALSE;
    }
  if (G_LIKELY (!g_atomic_int_get (&faults.armed)) || !find_fault (call, n, result))
    return TRUE;
  g_atomic_int_inc (&faults.n_injected);
  sim_call_end (device, *result);
  return FALSE;
}

void
sim_call_end (SimDevice *device,
              VkResult   result)
{
  if (G_UNLIKELY (result == VK_ERROR_DEVICE_LOST) && device != NULL)
    sim_queues_lose (device);
}

static void
add_alive (const char *kind,
           gint64      n)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&faults.lock);
  gintptr alive;

  if (faults.alive == NULL)
    faults.alive = g_hash_table_new (g_str_hash, g_str_equal);
  alive = (gintptr) g_hash_table_lookup (faults.alive, kind) + (gintptr) n;
  g_hash_table_insert (faults.alive, (gpointer) kind, (gpointer) alive);
}

void
sim_balance_created (const char *kind,
                     guint       n,
                     const void *handles,
                     gsize       size,
                     VkResult    result)
{
  static const guint8 null[sizeof (guint64)];
  guint n_created = 0;

  /* Pipelines and shaders may be made in part; of everything else an error leaves nothing. Handles
   * that come later are not there to be looked at. */
  if (result < 0 && strcmp (kind, "VkPipeline") != 0 && strcmp (kind, "VkShaderEXT") != 0)
    return;
  if (result == VK_OPERATION_DEFERRED_KHR)
    n_created = n;
  else
    for (guint i = 0; i < n; i++)
      n_created += memcmp ((const guint8 *) handles + i * size, null, size) != 0;
  add_alive (kind, n_created);
}

void
sim_balance_destroyed (const char *kind,
                       gboolean    any)
{
  if (any)
    add_alive (kind, -1);
}

void
sim_faults_count_report (void)
{
  g_atomic_int_inc (&faults.n_reports);
}

int
rill_simulation_configure (const char *text)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&faults.lock);

  return text != NULL && configure (text, text) ? 0 : -1;
}

uint64_t
rill_simulation_get_calls (const char *entry_point)
{
  SimCall call;

  return entry_point != NULL && sim_call_find (entry_point, &call)
           ? (guint) g_atomic_int_get (&faults.calls[call])
           : 0;
}

uint64_t
rill_simulation_get_faults (void)
{
  return (guint) g_atomic_int_get (&faults.n_injected);
}

uint64_t
rill_simulation_get_reports (void)
{
  return (guint) g_atomic_int_get (&faults.n_reports);
}

int64_t
rill_simulation_get_alive (const char *type)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&faults.lock);
  GHashTableIter iter;
  gpointer n;
  gint64 sum = 0;

  if (faults.alive == NULL)
    return 0;
  if (type != NULL)
    return (gintptr) g_hash_table_lookup (faults.alive, type);
  g_hash_table_iter_init (&iter, faults.alive);
  while (g_hash_table_iter_next (&iter, NULL, &n))
    sum += (gintptr) n;
  return sum;
}

const char *
rill_simulation_get_entry_point (unsigned int     index,
                                 const VkResult **errors)
{
  if (index >= SIM_N_CALLS)
    return NULL;
  if (errors != NULL)
    *errors = sim_calls[index].errors;
  return sim_calls[index].name;
}

/* A program may end without destroying its instance. */
__attribute__ ((destructor)) static void
write_counts (void)
{
  const char *path = faults.settings.count_file;
  FILE *file;

  if (path == NULL)
    return;
  file = strcmp (path, "-") == 0 ? stderr : fopen (path, "a");
  if (file == NULL)
    {
      g_printerr ("VK_LAYER_RILL_simulation: count=%s: %s\n", path, g_strerror (errno));
      return;
    }
  for (guint i = 0; i < SIM_N_CALLS; i++)
    if (faults.calls[i] != 0)
      fprintf (file, "%s %u\n", sim_calls[i].name, (guint) faults.calls[i]);
  if (file != stderr)
    fclose (file);
}
