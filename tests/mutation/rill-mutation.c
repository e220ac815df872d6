/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char rill_mutation_unused[RILL_MUTATION_SITES + 1];

unsigned char *rill_mutation_reached = rill_mutation_unused;
unsigned rill_mutation_chosen;

static void __attribute__ ((constructor))
rill_mutation_init (void)
{
  const char *chosen = getenv ("RILL_MUTATION");
  const char *coverage = getenv ("RILL_MUTATION_COVERAGE");
  size_t size = RILL_MUTATION_SITES + 1;
  void *map = MAP_FAILED;
  int file;

  if (chosen != NULL)
    rill_mutation_chosen = (unsigned) atoi (chosen);
  if (coverage == NULL)
    return;
  file = open (coverage, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0 && ftruncate (file, (off_t) size) == 0)
    map = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file >= 0)
    close (file);
  if (map == MAP_FAILED)
    abort ();
  rill_mutation_reached = map;
}
