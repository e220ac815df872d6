/* SPDX-License-Identifier: MIT */

/* Changes of instructions. Those of bytes alone hardly ever leave a module that the validator lets
 * pass, so nothing behind it would be reached. */

#include "rill-fuzz.h"

#include <string.h>

#define HEADER_WORDS 5
#define BOUND 3        /* word of the header: no id is as large */
#define MAX_CHANGES 4

typedef struct
{
  guint32 *words;      /* within the input: may be anywhere, and is aligned */
  gsize n_words;
  gsize max_words;
  guint64 state;       /* of random numbers */
} Module;

static guint32
pick (Module  *module,
      guint32  end)
{
  module->state = module->state * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407;
  return (guint32) (((module->state >> 32) * end) >> 32);
}

/* Words of the instruction that begins there, at least one. */
static gsize
get_length (const Module *module,
            gsize         position)
{
  gsize length = module->words[position] >> 16;

  return CLAMP (length, 1, module->n_words - position);
}

/* Where one begins; each is as likely as the others. */
static gsize
pick_instruction (Module *module)
{
  guint32 n = 0, chosen;
  gsize position = HEADER_WORDS;

  for (gsize i = HEADER_WORDS; i < module->n_words; i += get_length (module, i))
    n++;
  for (chosen = pick (module, n); chosen > 0; chosen--)
    position += get_length (module, position);
  return position;
}

static void
remove_words (Module *module,
              gsize   position,
              gsize   length)
{
  module->n_words -= length;
  memmove (module->words + position, module->words + position + length,
           (module->n_words - position) * sizeof (guint32));
}

static void
insert_words (Module        *module,
              gsize          position,
              const guint32 *words,
              gsize          length)
{
  if (length > module->max_words - module->n_words)
    return;
  memmove (module->words + position + length, module->words + position,
           (module->n_words - position) * sizeof (guint32));
  memcpy (module->words + position, words, length * sizeof (guint32));
  module->n_words += length;
}

/* An id, an operand that stands elsewhere, a small number, or anything. */
static guint32
pick_operand (Module  *module,
              guint32  old)
{
  gsize other;

  switch (pick (module, 6))
    {
    case 0:
      return pick (module, MAX (1, MIN (module->words[BOUND], 4096)));
    case 1:
      other = pick_instruction (module);
      return module->words[other + pick (module, (guint32) get_length (module, other))];
    case 2:
      return pick (module, 40);
    case 3:
      return old + 1 - 2 * pick (module, 2);
    case 4:
      return old ^ (1u << pick (module, 32));
    default:
      LLVMFuzzerMutate ((guint8 *) &old, sizeof old, sizeof old);
      return old;
    }
}

static void
change_operand (Module *module)
{
  gsize position = pick_instruction (module), length = get_length (module, position);

  if (length > 1)
    {
      guint32 *word = &module->words[position + 1 + pick (module, (guint32) length - 1)];
      *word = pick_operand (module, *word);
    }
}

/* With a result of its own, perhaps, as no id may have two instructions. */
static void
copy_instruction (Module *module)
{
  gsize from = pick_instruction (module), length = get_length (module, from);
  gsize to = pick (module, 2) != 0 ? from + length : pick_instruction (module);
  g_autofree guint32 *words = g_memdup2 (module->words + from, length * sizeof (guint32));
  gsize result = 1 + pick (module, 2);

  if (result < length && pick (module, 4) != 0)
    words[result] = module->words[BOUND]++;
  insert_words (module, to, words, length);
}

static void
move_instruction (Module *module)
{
  gsize from = pick_instruction (module), length = get_length (module, from);
  g_autofree guint32 *words = g_memdup2 (module->words + from, length * sizeof (guint32));

  remove_words (module, from, length);
  insert_words (module, module->n_words > HEADER_WORDS ? pick_instruction (module) : from, words,
                length);
}

static void
change_instruction (Module *module)
{
  gsize position = pick_instruction (module), length = get_length (module, position);
  guint32 *word = &module->words[position];
  guint32 added = 0;

  switch (pick (module, 3))
    {
    case 0: /* another operation of the same length */
      *word = (*word & 0xffff0000) | (module->words[pick_instruction (module)] & 0xffff);
      break;
    case 1: /* one operand less */
      if (length > 1)
        {
          *word -= 0x10000;
          remove_words (module, position + length - 1, 1);
        }
      break;
    default: /* one more */
      added = pick_operand (module, added);
      if (module->n_words < module->max_words)
        {
          *word += 0x10000;
          insert_words (module, position + length, &added, 1);
        }
    }
}

static void
change_module (Module *module)
{
  gsize position;

  switch (pick (module, 8))
    {
    case 0:
      position = pick_instruction (module);
      remove_words (module, position, get_length (module, position));
      break;
    case 1:
      copy_instruction (module);
      break;
    case 2:
      move_instruction (module);
      break;
    case 3:
      change_instruction (module);
      break;
    default:
      change_operand (module);
    }
}

gsize
LLVMFuzzerCustomMutator (guint8 *data,
                         gsize   size,
                         gsize   max_size,
                         guint   seed)
{
  Module module = {
    .n_words = size / sizeof (guint32),
    .max_words = max_size / sizeof (guint32),
    .state = seed,
  };
  g_autofree guint32 *words = NULL;

  if (module.n_words <= HEADER_WORDS || pick (&module, 16) == 0)
    return LLVMFuzzerMutate (data, size, max_size);
  words = g_new0 (guint32, module.max_words);
  memcpy (words, data, module.n_words * sizeof (guint32));
  module.words = words;
  for (guint n = pick (&module, MAX_CHANGES) + 1; n > 0 && module.n_words > HEADER_WORDS; n--)
    change_module (&module);
  memcpy (data, words, module.n_words * sizeof (guint32));
  return module.n_words * sizeof (guint32);
}
