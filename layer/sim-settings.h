/* SPDX-License-Identifier: MIT */
#pragma once

#include "sim-types.h"

#define SIM_MAX_FAULTS 8

/* What memory the device seems to have. */
typedef enum
{
  SIM_TOPOLOGY_NONE, /* its own */
  SIM_TOPOLOGY_DISCRETE,
  SIM_TOPOLOGY_HOST_VISIBLE,
  SIM_TOPOLOGY_INTEGRATED,
  SIM_TOPOLOGY_NON_COHERENT,
} SimTopology;

typedef struct
{
  guint call;          /* SimCall */
  guint first;         /* 1: the first call fails */
  gboolean all_after;  /* and every later one */
  VkResult result;
} SimFault;

/* The parts that describe a device are taken by each instance at its creation; those that let
 * things happen (late to count_file) hold for the whole process at once. */
typedef struct
{
  SimTopology topology;
  guint64 granularity;      /* bufferImageGranularity; 0: the device's */
  guint64 atom;             /* nonCoherentAtomSize; 0: the device's, 256 if NON_COHERENT */
  guint64 small_heap;       /* bytes of the device-local heap; 0: as the topology has it */
  guint few_allocations;    /* maxMemoryAllocationCount; 0: the device's */
  gboolean split_queues;    /* a second, transfer-only family */
  gboolean report_overlaps; /* of resources that live in the same memory */

  gboolean late;            /* submissions are held until something waits for them */
  SimFault faults[SIM_MAX_FAULTS];
  guint n_faults;
  guint lose;               /* the submission at which the device is lost; 0: none */
  guint delay_ms;           /* how long the device takes before it begins each submission */
  char *count_file;         /* where counts are written at exit; "-" is standard error */
} SimSettings;

/* The words of RILL_SIMULATION, between commas, semicolons or white space. */
gboolean sim_settings_parse (const char   *text,
                             SimSettings  *settings,
                             GError      **error);
void     sim_settings_copy  (const SimSettings *self,
                             SimSettings       *copy);
void     sim_settings_clear (SimSettings  *settings);
