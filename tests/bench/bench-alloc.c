/* SPDX-License-Identifier: MIT */

/* What an allocation costs: the suballocator alone, whole buffers, and Vulkan's own part as the floor, on the
 * traces of alloc-trace.h. The mean is taken over a pass without any clock in it, less what the trace
 * itself takes; percentiles over a second pass. */

#include <rill.h>
#include <vulkan/vulkan.h>

#include "alloc-trace.h"
#include "bench-util.h"
#include "memory/rill-ranges-private.h"
#include "rill-vulkan.h"

#define ARENA_SIZE ((guint64) 1 << 42)
#define PAGE_SIZE (1024 * 1024)

static const char *const trace_names[] = { "churn", "mixed", "frames" };

/* An allocator under test: slots are filled and emptied as the trace says. */
typedef struct
{
  const char *name;
  gboolean (*allocate) (gpointer data, guint32 slot, guint64 size, guint64 alignment);
  void (*release) (gpointer data, guint32 slot);
} Subject;

static const char *device_name = "host";

/* Nobody reads it: what goes there must be computed. */
static volatile guint64 sink;

static guint64
count_ops (guint32 live,
           guint64 wanted)
{
  return MAX (wanted, (guint64) live * 4);
}

static double
time_trace (AllocTraceKind kind,
            guint32        live,
            guint64        ops)
{
  AllocTrace trace;
  AllocTraceOp op;
  guint64 start;

  alloc_trace_init (&trace, kind, live, ops, 42);
  start = bench_now_ns ();
  while (alloc_trace_next (&trace, &op))
    sink += op.size;
  alloc_trace_clear (&trace);
  return (double) (bench_now_ns () - start);
}

/* The first fill of the slots is no steady state and not counted. FALSE: out of memory. */
static gboolean
run_trace (const Subject  *subject,
           gpointer        data,
           AllocTraceKind  kind,
           guint32         live,
           guint64         ops,
           double         *samples,
           double         *total_ns)
{
  AllocTrace trace;
  AllocTraceOp op;
  guint64 done = 0, start = bench_now_ns ();
  gboolean good = TRUE;

  alloc_trace_init (&trace, kind, live, ops, 42);
  while (good && alloc_trace_next (&trace, &op))
    {
      guint64 op_start = samples != NULL ? bench_now_ns () : 0;

      if (op.size > 0)
        good = subject->allocate (data, op.slot, op.size, op.alignment);
      else
        subject->release (data, op.slot);
      if (samples != NULL && done >= live)
        samples[done - live] = (double) (bench_now_ns () - op_start);
      if (++done == live)
        start = bench_now_ns ();
    }
  *total_ns = (double) (bench_now_ns () - start);
  for (guint32 slot = 0; slot < live; slot++)
    if (trace.full[slot])
      subject->release (data, slot);
  alloc_trace_clear (&trace);
  return good;
}

static void
print_case (const char *subject,
            const char *trace,
            guint32     live,
            const char *what,
            double      value,
            const char *unit)
{
  g_autofree char *name = g_strdup_printf ("%s/%s/%u/%s", subject, trace, live, what);

  bench_print ("alloc", name, value, unit, device_name);
}

static void
measure (const Subject  *subject,
         gpointer        data,
         AllocTraceKind  kind,
         guint32         live,
         guint64         wanted_ops)
{
  guint64 ops = count_ops (live, wanted_ops);
  guint n = (guint) (ops - live);
  double trace_ns = time_trace (kind, live, ops) * n / ops;
  g_autofree double *samples = g_new (double, n);
  double total, ignored;

  if (!run_trace (subject, data, kind, live, ops, NULL, &total)
      || !run_trace (subject, data, kind, live, ops, samples, &ignored))
    {
      g_printerr ("bench-alloc: %s/%s/%u: out of memory\n", subject->name, trace_names[kind], live);
      return;
    }
  bench_sort (samples, n);
  print_case (subject->name, trace_names[kind], live, "mean", (total - trace_ns) / n, "ns/op");
  print_case (subject->name, trace_names[kind], live, "p50", bench_percentile (samples, n, 50), "ns/op");
  print_case (subject->name, trace_names[kind], live, "p99", bench_percentile (samples, n, 99), "ns/op");
  print_case (subject->name, trace_names[kind], live, "max", samples[n - 1], "ns/op");
}

/* The suballocator alone, in one endless block or in pages that are added on demand. */
typedef struct
{
  RillRanges *suballocator;
  RillRange *slots;
  guint32 n_blocks;
  gboolean grows;
} Offsets;

static gboolean
offsets_allocate (gpointer data,
                  guint32  slot,
                  guint64  size,
                  guint64  alignment)
{
  Offsets *offsets = data;

  while (!rill_ranges_allocate (offsets->suballocator, size, alignment, &offsets->slots[slot]))
    {
      if (!offsets->grows)
        return FALSE;
      rill_ranges_add_block (offsets->suballocator, offsets->n_blocks++, PAGE_SIZE);
    }
  return TRUE;
}

static void
offsets_release (gpointer data,
                 guint32  slot)
{
  Offsets *offsets = data;

  rill_ranges_release (offsets->suballocator, &offsets->slots[slot]);
}

static void
measure_offsets (AllocTraceKind kind,
                 guint32        live)
{
  const Subject subject = { "suballocator", offsets_allocate, offsets_release };
  Offsets offsets = { .suballocator = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL), .slots = g_new (RillRange, live) };

  rill_ranges_add_block (offsets.suballocator, 0, ARENA_SIZE);
  measure (&subject, &offsets, kind, live, 1000000);
  rill_ranges_free (offsets.suballocator);
  g_free (offsets.slots);
}

/* At the end of a churn, but before what is left is released. */
static void
measure_pages (guint32 live)
{
  Offsets offsets = { .suballocator = rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL), .slots = g_new (RillRange, live), .grows = TRUE };
  guint64 ops = count_ops (live, 1000000);
  guint n_used = 0;
  AllocTrace trace;
  AllocTraceOp op;
  guint64 start = bench_now_ns ();

  alloc_trace_init (&trace, ALLOC_TRACE_CHURN, live, ops, 42);
  while (alloc_trace_next (&trace, &op))
    if (op.size > 0)
      offsets_allocate (&offsets, op.slot, op.size, op.alignment);
    else
      offsets_release (&offsets, op.slot);
  print_case ("suballocator", "churn-1MiB-pages", live, "mean",
              ((double) (bench_now_ns () - start) - time_trace (ALLOC_TRACE_CHURN, live, ops)) / ops, "ns/op");
  for (guint32 i = 0; i < offsets.n_blocks; i++)
    n_used += rill_ranges_get_block_used (offsets.suballocator, i) > 0;
  print_case ("suballocator", "churn-1MiB-pages", live, "pages", n_used, "pages");
  print_case ("suballocator", "churn-1MiB-pages", live, "reserved-over-used",
              (double) n_used * PAGE_SIZE / rill_ranges_get_used (offsets.suballocator), "ratio");
  alloc_trace_clear (&trace);
  rill_ranges_free (offsets.suballocator);
  g_free (offsets.slots);
}

typedef struct
{
  RillMemory *memory;
  RillBuffer **slots;
} Buffers;

static gboolean
buffers_allocate (gpointer data,
                  guint32  slot,
                  guint64  size,
                  guint64  alignment)
{
  Buffers *buffers = data;

  buffers->slots[slot] = rill_memory_create_buffer (buffers->memory, size, RILL_BUFFER_USAGE_NONE, NULL);
  return buffers->slots[slot] != NULL;
}

static void
buffers_release (gpointer data,
                 guint32  slot)
{
  Buffers *buffers = data;

  g_clear_object (&buffers->slots[slot]);
}

/* Vulkan's own part of a buffer, which no library can do without. */
typedef struct
{
  VkDevice device;
  VkBuffer *slots;
} Handles;

static gboolean
handles_allocate (gpointer data,
                  guint32  slot,
                  guint64  size,
                  guint64  alignment)
{
  Handles *handles = data;
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  };

  return vkCreateBuffer (handles->device, &info, NULL, &handles->slots[slot]) == VK_SUCCESS;
}

static void
handles_release (gpointer data,
                 guint32  slot)
{
  Handles *handles = data;

  vkDestroyBuffer (handles->device, handles->slots[slot], NULL);
}

static void
measure_buffers (RillSession    *session,
                 AllocTraceKind  kind,
                 guint32         live)
{
  const Subject buffer = { "buffer", buffers_allocate, buffers_release };
  const Subject handle = { "vkCreateBuffer", handles_allocate, handles_release };
  g_autoptr (GError) error = NULL;
  g_autoptr (RillMemory) memory = rill_session_create_memory (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                              RILL_MEMORY_DEFAULT_PAGE_SIZE, FALSE, &error);
  Buffers buffers = { memory, g_new0 (RillBuffer *, live) };
  Handles handles = { rill_session_get_vk_device (session), g_new0 (VkBuffer, live) };

  if (memory == NULL)
    g_printerr ("bench-alloc: %s\n", error->message);
  else
    {
      measure (&buffer, &buffers, kind, live, 100000);
      measure (&handle, &handles, kind, live, 100000);
    }
  g_free (buffers.slots);
  g_free (handles.slots);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);

  for (int kind = ALLOC_TRACE_CHURN; kind <= ALLOC_TRACE_FRAMES; kind++)
    for (guint32 live = 1000; live <= 1000000; live *= 10)
      measure_offsets ((AllocTraceKind) kind, live);
  measure_pages (10000);
  measure_pages (100000);

  if (session == NULL)
    {
      g_printerr ("bench-alloc: %s\n", error->message);
      return 1;
    }
  device_name = rill_device_get_name (rill_session_get_device (session));
  for (guint32 live = 1000; live <= 100000; live *= 10)
    {
      measure_buffers (session, ALLOC_TRACE_CHURN, live);
      measure_buffers (session, ALLOC_TRACE_FRAMES, live);
    }
  rill_session_close (session);
  return 0;
}
