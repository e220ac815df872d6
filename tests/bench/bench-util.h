/* SPDX-License-Identifier: MIT */
#pragma once

/* Figures of benchmarks: one JSON object on a line each. */

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline guint64
bench_now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * 1000000000u + (guint64) now.tv_nsec;
}

static inline int
bench_compare (const void *a,
               const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static inline void
bench_sort (double *samples,
            guint   n)
{
  qsort (samples, n, sizeof (*samples), bench_compare);
}

/* Of sorted samples. */
static inline double
bench_percentile (const double *samples,
                  guint         n,
                  double        percent)
{
  return samples[MIN (n - 1, (guint) (percent / 100.0 * n))];
}

/* Names of devices hold nothing worse than quotes and backslashes. */
static inline void
bench_print_string (const char *string)
{
  putchar ('"');
  for (; *string != '\0'; string++)
    {
      if (*string == '"' || *string == '\\')
        putchar ('\\');
      if ((guchar) *string >= 0x20)
        putchar (*string);
    }
  putchar ('"');
}

static inline void
bench_print (const char *bench,
             const char *name,
             double      value,
             const char *unit,
             const char *device)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  printf ("{\"bench\": \"%s\", \"case\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"device\": ", bench, name,
          g_ascii_formatd (number, sizeof (number), "%.4g", value), unit);
  bench_print_string (device);
  puts ("}");
  fflush (stdout);
}
