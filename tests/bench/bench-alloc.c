/* SPDX-License-Identifier: MIT */

/* What an allocation costs: the suballocator alone, whole buffers, and as their floor Vulkan's own part and a
 * bare GObject, on the traces of alloc-trace.h. The mean is taken over a pass without any clock in it, less
 * what the trace itself takes; percentiles over a second pass. With threads it is the time of all by the
 * operations of all, and as long with twice the threads where they only wait for each other. */

#include <rill.h>
#include <vulkan/vulkan.h>

#include <locale.h>

#include "alloc-trace.h"
#include "bench-replay.h"
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
  void (*report) (gpointer data, const char *trace, guint32 live); /* (nullable): while all is there */
} Subject;

#define MAX_THREADS 4

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

static void
release_all (const Subject    *subject,
             gpointer          data,
             const AllocTrace *trace)
{
  for (guint32 slot = 0; slot < trace->live; slot++)
    if (trace->full[slot])
      subject->release (data, slot);
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
  if (good && samples == NULL && subject->report != NULL)
    subject->report (data, trace_names[kind], live);
  release_all (subject, data, &trace);
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

  g_printerr ("bench-alloc: %s/%s/%u\n", subject->name, trace_names[kind], live);
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

/* The suballocator alone, in one endless range. */
typedef struct
{
  RillSuballocator *suballocator;
  guint64 *slots; /* handles */
} Offsets;

static gboolean
offsets_allocate (gpointer data,
                  guint32  slot,
                  guint64  size,
                  guint64  alignment)
{
  Offsets *offsets = data;
  guint64 offset;

  offsets->slots[slot] = rill_suballocator_allocate (offsets->suballocator, size, alignment, &offset, NULL);
  return offsets->slots[slot] != 0;
}

static void
offsets_release (gpointer data,
                 guint32  slot)
{
  Offsets *offsets = data;

  rill_suballocator_free (offsets->suballocator, offsets->slots[slot], NULL);
}

static void
measure_offsets (RillAllocationStrategy strategy,
                 AllocTraceKind         kind,
                 guint32                live)
{
  gboolean linear = strategy == RILL_ALLOCATION_STRATEGY_LINEAR;
  const Subject subject = { linear ? "suballocator-linear" : "suballocator", offsets_allocate, offsets_release, NULL };
  Offsets offsets = { rill_suballocator_new (ARENA_SIZE, strategy, NULL), g_new (guint64, live) };

  measure (&subject, &offsets, kind, live, 1000000);
  g_object_unref (offsets.suballocator);
  g_free (offsets.slots);
}

/* The same in pages that are added on demand, as a memory has them. */
typedef struct
{
  RillRanges *ranges;
  RillRange *slots;
  guint32 n_blocks;
} Pages;

static void
pages_allocate (Pages   *pages,
                guint32  slot,
                guint64  size,
                guint64  alignment)
{
  while (!rill_ranges_allocate (pages->ranges, size, alignment, &pages->slots[slot]))
    rill_ranges_add_block (pages->ranges, pages->n_blocks++, PAGE_SIZE);
}

/* At the end of a churn, but before what is left is released. */
static void
measure_pages (guint32 live)
{
  Pages pages = { rill_ranges_new (RILL_ALLOCATION_STRATEGY_GENERAL), g_new (RillRange, live), 0 };
  guint64 ops = count_ops (live, 1000000);
  guint n_used = 0;
  AllocTrace trace;
  AllocTraceOp op;
  guint64 start = bench_now_ns ();

  alloc_trace_init (&trace, ALLOC_TRACE_CHURN, live, ops, 42);
  while (alloc_trace_next (&trace, &op))
    if (op.size > 0)
      pages_allocate (&pages, op.slot, op.size, op.alignment);
    else
      rill_ranges_release (pages.ranges, &pages.slots[op.slot]);
  print_case ("suballocator", "churn-1MiB-pages", live, "mean",
              ((double) (bench_now_ns () - start) - time_trace (ALLOC_TRACE_CHURN, live, ops)) / ops, "ns/op");
  for (guint32 i = 0; i < pages.n_blocks; i++)
    n_used += rill_ranges_get_block_used (pages.ranges, i) > 0;
  print_case ("suballocator", "churn-1MiB-pages", live, "pages", n_used, "pages");
  print_case ("suballocator", "churn-1MiB-pages", live, "reserved-over-used",
              (double) n_used * PAGE_SIZE / rill_ranges_get_used (pages.ranges), "ratio");
  alloc_trace_clear (&trace);
  rill_ranges_free (pages.ranges);
  g_free (pages.slots);
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

static void
buffers_report (gpointer    data,
                const char *trace,
                guint32     live)
{
  Buffers *buffers = data;

  print_case ("buffer", trace, live, "pages", rill_memory_get_page_count (buffers->memory), "pages");
  print_case ("buffer", trace, live, "reserved-over-used",
              (double) rill_memory_get_reserved_size (buffers->memory) / rill_memory_get_used_size (buffers->memory),
              "ratio");
}

static const Subject buffer_subject = { "buffer", buffers_allocate, buffers_release, buffers_report };

/* What no GObject can do without. */
static gboolean
objects_allocate (gpointer data,
                  guint32  slot,
                  guint64  size,
                  guint64  alignment)
{
  GObject **slots = data;

  slots[slot] = g_object_new (G_TYPE_OBJECT, NULL);
  return TRUE;
}

static void
objects_release (gpointer data,
                 guint32  slot)
{
  GObject **slots = data;

  g_clear_object (&slots[slot]);
}

static const Subject object_subject = { "GObject", objects_allocate, objects_release, NULL };

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

static RillMemory *
create_memory (RillSession *session)
{
  g_autoptr (GError) error = NULL;
  RillMemory *memory = rill_session_create_memory (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                   RILL_MEMORY_DEFAULT_PAGE_SIZE, FALSE, &error);

  if (memory == NULL)
    g_error ("bench-alloc: %s", error->message);
  return memory;
}

/* The mixed trace has objects that are large, and with many live only large devices have the room. */
static gboolean
is_room (RillMemory     *memory,
         AllocTraceKind  kind,
         guint32         live)
{
  const guint64 mean_size = 400 << 10;

  return kind != ALLOC_TRACE_MIXED
         || mean_size * live * 2 <= rill_memory_type_get_heap_size (rill_memory_get_memory_type (memory));
}

static void
measure_buffers (RillSession    *session,
                 AllocTraceKind  kind,
                 guint32         live)
{
  const Subject handle = { "vkCreateBuffer", handles_allocate, handles_release, NULL };
  g_autoptr (RillMemory) memory = create_memory (session);
  Buffers buffers = { memory, g_new0 (RillBuffer *, live) };
  Handles handles = { rill_session_get_vk_device (session), g_new0 (VkBuffer, live) };
  g_autofree GObject **objects = g_new0 (GObject *, live);

  if (is_room (memory, kind, live))
    {
      measure (&buffer_subject, &buffers, kind, live, 400000);
      measure (&handle, &handles, kind, live, 400000);
      measure (&object_subject, objects, kind, live, 400000);
    }
  g_free (buffers.slots);
  g_free (handles.slots);
}

/* One of several that run the same trace, each with its own slots. */
typedef struct
{
  const Subject *subject;
  gpointer data;
  guint32 live;
  guint64 ops;
  AllocTrace trace;
  gint *n_waiting; /* (atomic) */
} Worker;

static gboolean
work (Worker  *worker,
      guint64  n)
{
  AllocTraceOp op;

  while (n-- > 0 && alloc_trace_next (&worker->trace, &op))
    if (op.size == 0)
      worker->subject->release (worker->data, op.slot);
    else if (!worker->subject->allocate (worker->data, op.slot, op.size, op.alignment))
      return FALSE;
  return TRUE;
}

static gpointer
run_worker (gpointer data)
{
  Worker *worker = data;

  if (!work (worker, worker->live))
    g_error ("bench-alloc: out of memory");
  g_atomic_int_add (worker->n_waiting, -1);
  while (g_atomic_int_get (worker->n_waiting) > 0)
    g_thread_yield ();
  if (!work (worker, worker->ops))
    g_error ("bench-alloc: out of memory");
  return NULL;
}

/* All threads begin to count once all have filled their slots. */
static double
time_workers (Worker *workers,
              guint   n)
{
  GThread *threads[MAX_THREADS];
  gint n_waiting = (gint) n + 1;
  guint64 start;

  for (guint i = 0; i < n; i++)
    {
      workers[i].n_waiting = &n_waiting;
      alloc_trace_init (&workers[i].trace, ALLOC_TRACE_CHURN, workers[i].live, workers[i].live + workers[i].ops, 42 + i);
      threads[i] = g_thread_new ("bench", run_worker, &workers[i]);
    }
  while (g_atomic_int_get (&n_waiting) > 1)
    g_usleep (100);
  start = bench_now_ns ();
  g_atomic_int_set (&n_waiting, 0);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  start = bench_now_ns () - start;
  for (guint i = 0; i < n; i++)
    {
      release_all (workers[i].subject, workers[i].data, &workers[i].trace);
      alloc_trace_clear (&workers[i].trace);
    }
  return (double) start;
}

static void
measure_threads (RillSession *session,
                 guint32      live,
                 guint        n,
                 gboolean     one_memory)
{
  const guint64 ops = 500000;
  RillMemory *memories[MAX_THREADS];
  Buffers buffers[MAX_THREADS];
  Worker of_buffers[MAX_THREADS], of_objects[MAX_THREADS];
  g_autofree char *what = g_strdup_printf (one_memory ? "threads-%u/mean" : "threads-%u-own-memories/mean", n);

  g_printerr ("bench-alloc: buffer/churn/%u/%s\n", live, what);
  for (guint i = 0; i < n; i++)
    {
      memories[i] = one_memory && i > 0 ? g_object_ref (memories[0]) : create_memory (session);
      buffers[i] = (Buffers) { memories[i], g_new0 (RillBuffer *, live / n) };
      of_buffers[i] = (Worker) { &buffer_subject, &buffers[i], .live = live / n, .ops = ops / n };
      of_objects[i] = (Worker) { &object_subject, buffers[i].slots, .live = live / n, .ops = ops / n };
    }
  print_case ("buffer", "churn", live, what, time_workers (of_buffers, n) / ops, "ns/op");
  if (one_memory)
    print_case ("GObject", "churn", live, what, time_workers (of_objects, n) / ops, "ns/op");
  for (guint i = 0; i < n; i++)
    {
      g_free (buffers[i].slots);
      g_object_unref (memories[i]);
    }
}

static int
run_all (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);

  for (int kind = ALLOC_TRACE_CHURN; kind <= ALLOC_TRACE_FRAMES; kind++)
    for (guint32 live = 1000; live <= 1000000; live *= 10)
      measure_offsets (RILL_ALLOCATION_STRATEGY_GENERAL, (AllocTraceKind) kind, live);
  for (guint32 live = 1000; live <= 1000000; live *= 10)
    measure_offsets (RILL_ALLOCATION_STRATEGY_LINEAR, ALLOC_TRACE_FRAMES, live);
  measure_pages (10000);
  measure_pages (100000);

  if (session == NULL)
    {
      g_printerr ("bench-alloc: %s\n", error->message);
      return 1;
    }
  device_name = rill_device_get_name (rill_session_get_device (session));
  for (guint32 live = 1000; live <= 100000; live *= 10)
    for (int kind = ALLOC_TRACE_CHURN; kind <= ALLOC_TRACE_FRAMES; kind++)
      measure_buffers (session, (AllocTraceKind) kind, live);
  for (guint n = 1; n <= MAX_THREADS; n++)
    {
      measure_threads (session, 10000, n, TRUE);
      measure_threads (session, 10000, n, FALSE);
    }
  rill_session_close (session);
  return 0;
}

int
main (int   argc,
      char *argv[])
{
  gint64 page_size = 0;
  g_auto (GStrv) traces = NULL;
  const GOptionEntry entries[] = {
    { "page-size", 0, 0, G_OPTION_ARG_INT64, &page_size, "Replay in pages of so many bytes too", "BYTES" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &traces, NULL, "[TRACE …]" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, "Measures what allocations cost. With files that RILL_TRACE has made, "
                                         "replays those instead, without a device.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  if (page_size < 0 || (page_size > 0 && traces == NULL))
    {
      g_printerr ("%s: --page-size is a number of bytes, to replay a TRACE with\n", g_get_prgname ());
      return 2;
    }
  if (traces == NULL)
    return run_all ();
  for (guint i = 0; traces[i] != NULL; i++)
    if (!bench_replay (traces[i], (guint64) MAX (0, page_size), &error))
      {
        g_printerr ("%s: %s\n", g_get_prgname (), error->message);
        return 1;
      }
  return 0;
}
