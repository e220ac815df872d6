/* SPDX-License-Identifier: MIT */
#pragma once

/* The fault sweep: scenarios, of which every Vulkan call that can fail is made to fail, one at a
 * time. The simulation layer makes them fail; see doc/simulation.md. */

#include "rill-test-util.h"

#include <vulkan/vulkan.h>

/* How long what the library's threads still hold is waited for. */
#define FAULTS_SETTLE_US (10 * G_USEC_PER_SEC)

/* test-faults-layer.c: the calls that can fail, and which of them is to. */

/* NULL: none is. */
typedef struct
{
  const char *call;   /* "lose": the device is lost at a submission */
  guint n;
  gboolean all_after;
  VkResult result;
} Fault;

typedef struct
{
  const char *name;
  const VkResult *errors; /* to VK_SUCCESS */
} FaultCall;

/* FALSE: the program runs without the simulation layer. */
gboolean    faults_open       (void);
/* @also is for the layer too: nothing, or settings that begin with a comma. Counts begin anew. */
void        faults_arm        (const Fault *fault, /* (nullable) */
                               const char  *also);
gboolean    faults_hit        (void);
guint       faults_get_calls  (const char  *call);
guint       faults_get_reports (void);
gint64      faults_get_alive  (void);
/* What is alive, by type: (transfer full). */
char       *faults_list_alive (void);
/* All calls that return a VkResult (element-type FaultCall). */
GArray     *faults_list_calls (void);
const char *faults_get_result_name (VkResult result);
const char *faults_get_topology (void);

/* One attempt at a scenario. */
typedef struct
{
  RillSession *session; /* (owned) (nullable) */
  RillSession *other;   /* (owned) (nullable) a second one */
  GPtrArray *errors;    /* (element-type GError) */
  GError *error;        /* where the next call puts its error, until faults_note() */
  guint pending;        /* callbacks that have not come */
  guint n_lost;         /* signals */
} FaultRun;

typedef enum
{
  FAULTS_SHARED,      /* attempts use one session, after each other */
  FAULTS_FRESH,       /* each has a session of its own, and closes it */
  FAULTS_TWO,         /* they use two sessions */
  FAULTS_NO_SESSION,  /* the scenario opens it */
} FaultSessions;

typedef struct
{
  const char *name;
  FaultSessions sessions;
  void (*run) (FaultRun *run);
  /* Settings with a fault that is always there, of which call; and the only call to be swept, which
   * is made for that failure. */
  const char *base;
  Fault base_fault;
  const char *only;
} FaultScenario;

extern const FaultScenario faults_memory_scenarios[];   /* to a name of NULL */
extern const FaultScenario faults_transfer_scenarios[];
extern const FaultScenario faults_compute_scenarios[];

/* test-faults-run.c: for scenarios. */

/* Takes what a call has said: @good or run->error. Returns @good. */
gboolean     faults_note         (FaultRun    *run,
                                  gboolean     good);
/* Of what has succeeded. */
void         faults_expect       (gboolean     condition,
                                  const char  *what);
/* Iterates until all callbacks have come. */
void         faults_wait         (FaultRun    *run);
/* A defect of the library; the sweep goes on. */
void         faults_problem      (const char  *format,
                                  ...) G_GNUC_PRINTF (1, 2);
RillSession *faults_open_session (FaultRun    *run);
/* Messages are problems, losses are counted. */
void         faults_watch        (FaultRun    *run,
                                  RillSession *session);

/* And for the sweep. */

void         faults_begin        (const char  *scenario);
void         faults_end          (void);
/* What is attempted now: for the texts of problems, and for the watchdog, which begins anew. */
void         faults_set_current  (const char  *scenario,
                                  const Fault *fault); /* (nullable) */
void         faults_wait_idle    (FaultRun    *run,
                                  RillSession *session); /* (nullable) */
/* Until no more is alive: until the library's threads have destroyed what they still have. Returns
 * what is alive then. */
gint64       faults_wait_alive   (gint64       expected);
/* Closes it, and waits for its end. */
void         faults_drop_session (RillSession **session);

#define FAULTS_DO(run, call) faults_note (run, (call))
/* To begin with; NULL when it failed. */
#define FAULTS_NEW(run, call) faults_new (run, (call))

static inline gpointer
faults_new (FaultRun *run,
            gpointer  object)
{
  faults_note (run, object != NULL);
  return object;
}

/* Shorthands; NULL when it failed. */
static inline RillMemory *
faults_memory (FaultRun                *run,
               RillMemoryPropertyFlags  flags,
               guint64                  page_size)
{
  return faults_new (run, rill_session_create_memory (run->session, flags, page_size, FALSE,
                                                      &run->error));
}

static inline RillBuffer *
faults_buffer (FaultRun   *run,
               RillMemory *memory,
               guint64     size)
{
  return memory == NULL ? NULL
                        : faults_new (run, rill_memory_create_buffer (
                            memory, size, RILL_BUFFER_USAGE_NONE, &run->error));
}
