/* SPDX-License-Identifier: MIT */
#pragma once

/* What the rewritten sources of the library call. All sites are in one build; RILL_MUTATION=N in the
 * environment takes out the N-th, and RILL_MUTATION_COVERAGE=FILE marks in FILE, a byte each, which
 * were come to. The file is mapped and shared: what a process that aborts has marked stays. */

#include <stddef.h>

extern unsigned char *rill_mutation_reached;
extern unsigned rill_mutation_chosen;

static inline int
rill_mutation_is (unsigned site)
{
  rill_mutation_reached[site] = 1;
  return site == rill_mutation_chosen;
}

#define RILL_MUTATION(site) __builtin_expect (rill_mutation_is (site), 0)

/* In place of a function that frees. */
static inline void
rill_mutation_nothing (void)
{
}

/* Declared after a variable with a cleanup attribute, so that it leaves the scope before that. */
typedef struct
{
  unsigned site;
  unsigned char *address;
  size_t size;
} RillMutationKept;

static inline void
rill_mutation_keep (RillMutationKept *kept)
{
  size_t i;

  /* There is nothing to clean up in a variable that is empty, or was emptied. */
  for (i = 0; i < kept->size && kept->address[i] == 0; i++)
    ;
  if (i == kept->size || !rill_mutation_is (kept->site))
    return;
  for (i = 0; i < kept->size; i++)
    kept->address[i] = 0;
}

#define RILL_MUTATION_KEEP(site, variable) \
  __attribute__ ((cleanup (rill_mutation_keep), unused)) RillMutationKept \
  rill_mutation_kept_##site = { site, (unsigned char *) &(variable), sizeof (variable) }
