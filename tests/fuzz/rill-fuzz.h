/* SPDX-License-Identifier: MIT */
#pragma once

/* What the targets share: libFuzzer's entry points, and numbers taken from an input. */

#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>

int   LLVMFuzzerInitialize    (int           *argc,
                               char        ***argv);
int   LLVMFuzzerTestOneInput  (const guint8  *data,
                               gsize          size);
gsize LLVMFuzzerCustomMutator (guint8        *data,
                               gsize          size,
                               gsize          max_size,
                               guint          seed);
/* libFuzzer's own mutations. */
gsize LLVMFuzzerMutate        (guint8        *data,
                               gsize          size,
                               gsize          max_size);

static inline void
fuzz_trap_cb (int signal_number)
{
  abort ();
}

/* GLib's criticals and warnings fail, also where a single input is run by hand. They end in a trap,
 * for which libFuzzer would not write the input down. */
static inline void
fuzz_init (void)
{
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  signal (SIGTRAP, fuzz_trap_cb);
}

typedef struct
{
  const guint8 *data;
  gsize size;
} FuzzInput;

/* Zeros after the end, so that every input means something. */
static inline guint64
fuzz_take (FuzzInput *input,
           guint      n_bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < n_bytes && input->size > 0; i++, input->data++, input->size--)
    value |= (guint64) *input->data << (8 * i);
  return value;
}

static inline guint8
fuzz_take_byte (FuzzInput *input)
{
  return (guint8) fuzz_take (input, 1);
}

/* From a few bits up to 64, each length as likely as the others: a byte for the length, one for the
 * bits after the highest. */
static inline guint64
fuzz_take_size (FuzzInput *input)
{
  guint length = fuzz_take_byte (input) & 63;
  guint64 mantissa = 256u | fuzz_take_byte (input);

  return length >= 8 ? mantissa << (length - 8) : mantissa >> (8 - length);
}

/* A refusal has an error of one of the codes, with a text that can be shown. */
static inline void
fuzz_assert_error (const GError *error,
                   GQuark        domain,
                   int           code,
                   int           other_code)
{
  g_assert_nonnull (error);
  if (error->domain != domain || (error->code != code && error->code != other_code))
    g_error ("%s, %d: %s", g_quark_to_string (error->domain), error->code, error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpstr (error->message, !=, "");
}
