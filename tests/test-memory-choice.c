/* SPDX-License-Identifier: MIT */

/* The choice of a memory type, on tables of types that real and imagined devices have. */

#include <rill.h>

#include "memory/rill-memory-choice-private.h"
#include "rill-enum-types.h"

#include <string.h>

enum
{
  DL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
  HV = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT,
  HC = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  CA = VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
  LAZY = VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT,
  PROTECTED = VK_MEMORY_PROPERTY_PROTECTED_BIT,
  COHERENT_AMD = VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD,
  UNCACHED_AMD = VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD,
  RDMA = VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV,
  FUTURE = 1 << 12,
  END = -1, /* of a table */
  REFUSED = -1,
};

typedef struct
{
  gint asked;
  gboolean exact;
  gint expected;
} Choice;

static RillContext *
make_context (const gint *types)
{
  RillContext *context = g_new0 (RillContext, 1);

  g_strlcpy (context->properties.deviceName, "Table", sizeof context->properties.deviceName);
  for (guint i = 0; types[i] != END; i++)
    context->memory.memoryTypes[context->memory.memoryTypeCount++].propertyFlags =
      (guint32) types[i];
  return context;
}

/* The explanation is of the same choice. */
static void
check_explanation (RillContext             *context,
                   RillMemoryPropertyFlags  asked,
                   gboolean                 exact,
                   gint                     index)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = rill_memory_explain_choice (context, asked, exact, &error);
  g_autofree char *result = index < 0 ? g_strdup ("\nNo type will do, so no memory can be created.")
                                      : g_strdup_printf ("\nType %d is chosen", index);
  g_autofree char *line = g_strdup_printf ("\nType %d [", index);
  const char *found = index < 0 ? NULL : strstr (text, line);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, result));
  if (index >= 0)
    g_assert_true (g_str_has_prefix (strstr (found, "): "), "): chosen"));
  else
    g_assert_null (strstr (text, "): chosen"));
}

static void
check (const gint   *types,
       const Choice *choices,
       guint         n_choices)
{
  g_autofree RillContext *context = make_context (types);

  for (guint i = 0; i < n_choices; i++)
    {
      g_autoptr (GError) error = NULL;
      RillMemoryPropertyFlags asked = (RillMemoryPropertyFlags) choices[i].asked;
      gint index = rill_memory_choose_type (context, asked, choices[i].exact, &error);

      if (index != choices[i].expected)
        g_error ("flags 0x%x, %s: type %d, expected %d (%s)", choices[i].asked,
                 choices[i].exact ? "exact" : "not exact", index, choices[i].expected,
                 error != NULL ? error->message : "no error");
      if (index < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      else
        g_assert_no_error (error);
      check_explanation (context, asked, choices[i].exact, index);
    }
}

static void
test_h200 (void)
{
  static const gint types[] = { 0, DL, HV | HC, HV | HC | CA, DL | HV | HC, END };
  static const Choice choices[] = {
    { 0, FALSE, 0 },
    { DL, FALSE, 1 },
    { HV, FALSE, 3 },
    { HV | HC, FALSE, 2 },
    { HV | CA, FALSE, 3 },
    { HV | HC | CA, FALSE, 3 },
    { HC, FALSE, 2 },
    { CA, FALSE, 3 },
    { DL | HV, FALSE, 4 },
    { DL | HV | HC, FALSE, 4 },
    { DL | HC, FALSE, 4 },
    { DL | CA, FALSE, REFUSED },
    { DL | HV | CA, FALSE, REFUSED },
    { LAZY, FALSE, REFUSED },
    { PROTECTED, FALSE, REFUSED },
    { 0, TRUE, 0 },
    { DL, TRUE, 1 },
    { HV | HC, TRUE, 2 },
    { HV | HC | CA, TRUE, 3 },
    { DL | HV | HC, TRUE, 4 },
    { HV, TRUE, REFUSED },
    { DL | HV, TRUE, REFUSED },
    { HV | CA, TRUE, REFUSED },
    { DL | HV | HC | CA, TRUE, REFUSED },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

static void
test_lavapipe (void)
{
  static const gint types[] = { DL | HV | HC | CA, END };
  static const Choice choices[] = {
    { 0, FALSE, 0 },
    { DL, FALSE, 0 },
    { HV, FALSE, 0 },
    { HV | CA, FALSE, 0 },
    { DL | HV | HC | CA, FALSE, 0 },
    { LAZY, FALSE, REFUSED },
    { DL | HV | HC | CA, TRUE, 0 },
    { DL, TRUE, REFUSED },
    { HV | HC, TRUE, REFUSED },
    { 0, TRUE, REFUSED },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

static void
test_discrete (void)
{
  static const gint types[] = { 0, DL, HV | HC, HV | HC | CA, END };
  static const Choice choices[] = {
    { 0, FALSE, 0 },
    { DL, FALSE, 1 },
    { HV, FALSE, 3 },
    { HV | HC, FALSE, 2 },
    { DL | HV, FALSE, REFUSED },
    { DL | HV, TRUE, REFUSED },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

static void
test_integrated (void)
{
  static const gint types[] = { DL | HV | HC, DL | HV | HC | CA, END };
  static const Choice choices[] = {
    { 0, FALSE, 0 },
    { DL, FALSE, 0 },
    { HV, FALSE, 1 },
    { DL | HV, FALSE, 1 },
    { HV | HC, FALSE, 0 },
    { DL | HV | HC, FALSE, 0 },
    { CA, FALSE, 1 },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

static void
test_non_coherent (void)
{
  static const gint types[] = { DL, HV | HC, HV | CA, END };
  static const Choice choices[] = {
    { HV, FALSE, 2 },
    { HV | HC, FALSE, 1 },
    { HV | CA, FALSE, 2 },
    { HV | HC | CA, FALSE, REFUSED },
    { HC, FALSE, 1 },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

/* A rule decides only where those before it do not. */
static void
test_order_of_rules (void)
{
  static const gint window_first[] = { DL | HV | CA, DL | HV, HV | HC, END };
  static const Choice window_choices[] = {
    { HV, FALSE, 2 },      /* rule 1 before 2 */
    { DL, FALSE, 1 },      /* rule 3: both are in the window */
    { 0, FALSE, 2 },       /* rule 1 before 3 */
    { DL | HV, FALSE, 0 }, /* rule 2 before 3 */
  };
  static const gint cached_last[] = { HV, HV | HC, HV | HC | CA | DL, HV | HC | CA, HV | CA, END };
  static const Choice cached_choices[] = {
    { HV, FALSE, 4 },      /* rule 2, then 3 */
    { HV | HC, FALSE, 1 }, /* rule 3 */
    { HC, FALSE, 1 },
    { HV, TRUE, 0 },
  };
  static const gint equal[] = { HV | HC, DL, HV | HC, DL, 0, 0, END };
  static const Choice equal_choices[] = {
    { HV, FALSE, 0 }, { DL, FALSE, 1 },     { 0, FALSE, 4 },
    { DL, TRUE, 1 },  { HV | HC, TRUE, 0 }, { 0, TRUE, 4 },
  };

  check (window_first, window_choices, G_N_ELEMENTS (window_choices));
  check (cached_last, cached_choices, G_N_ELEMENTS (cached_choices));
  check (equal, equal_choices, G_N_ELEMENTS (equal_choices));
}

static void
test_special (void)
{
  static const gint types[] = {
    DL | PROTECTED,
    DL | LAZY,
    DL | COHERENT_AMD | UNCACHED_AMD,
    DL | RDMA,
    HV | HC | COHERENT_AMD | UNCACHED_AMD,
    DL,
    HV | HC,
    END,
  };
  static const Choice choices[] = {
    { 0, FALSE, 5 },
    { DL, FALSE, 5 },
    { HV, FALSE, 6 },
    { HV | HC, FALSE, 6 },
    { PROTECTED, FALSE, 0 },
    { DL | PROTECTED, FALSE, 0 },
    { LAZY, FALSE, 1 },
    { DL | COHERENT_AMD | UNCACHED_AMD, FALSE, 2 },
    { HV | COHERENT_AMD | UNCACHED_AMD, FALSE, 4 },
    { RDMA, FALSE, 3 },
    { HV | PROTECTED, FALSE, REFUSED },
    { DL | PROTECTED | LAZY, FALSE, REFUSED },
    { DL | PROTECTED, TRUE, 0 },
    { DL | RDMA, TRUE, 3 },
    { PROTECTED, TRUE, REFUSED },
  };
  static const gint nothing_else[] = { DL | PROTECTED, DL | LAZY, DL | UNCACHED_AMD, DL | RDMA,
                                       END };
  static const Choice refused[] = { { DL, FALSE, REFUSED },
                                    { 0, FALSE, REFUSED },
                                    { DL, TRUE, REFUSED } };

  check (types, choices, G_N_ELEMENTS (choices));
  check (nothing_else, refused, G_N_ELEMENTS (refused));
}

/* What a later version of Vulkan or a vendor adds is as special as what is known to be. */
static void
test_unknown_type (void)
{
  static const gint types[] = { DL | FUTURE, HV | HC | FUTURE, DL, HV | HC, END };
  static const Choice choices[] = {
    { 0, FALSE, 2 }, { DL, FALSE, 2 }, { HV, FALSE, 3 }, { DL, TRUE, 2 }, { HV | HC, TRUE, 3 },
  };

  check (types, choices, G_N_ELEMENTS (choices));
}

static void
test_last_type (void)
{
  gint types[VK_MAX_MEMORY_TYPES + 1] = { 0 };
  const Choice choices[] = { { DL, FALSE, VK_MAX_MEMORY_TYPES - 1 },
                             { 0, FALSE, 0 },
                             { HV, FALSE, REFUSED } };

  types[VK_MAX_MEMORY_TYPES - 1] = DL;
  types[VK_MAX_MEMORY_TYPES] = END;
  check (types, choices, G_N_ELEMENTS (choices));
}

static void
assert_refused (RillContext *context,
                gint         asked,
                gboolean     exact,
                gint         code,
                const char  *part)
{
  g_autoptr (GError) error = NULL;
  gint index = rill_memory_choose_type (context, (RillMemoryPropertyFlags) asked, exact, &error);

  g_assert_cmpint (index, ==, -1);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_errors (void)
{
  static const gint types[] = { 0, DL, HV | HC | CA, END };
  g_autofree RillContext *context = make_context (types);

  for (guint bit = 9; bit < 31; bit++)
    {
      assert_refused (context, 1 << bit, FALSE, G_IO_ERROR_INVALID_ARGUMENT, "flags 0x");
      assert_refused (context, DL | 1 << bit, TRUE, G_IO_ERROR_INVALID_ARGUMENT, "flags 0x");
    }
  /* Names what was asked, and every set that there is. */
  assert_refused (context, HV | LAZY, FALSE, G_IO_ERROR_NOT_SUPPORTED,
                  "[HOST_VISIBLE | LAZILY_ALLOCATED]");
  assert_refused (context, HV, TRUE, G_IO_ERROR_NOT_SUPPORTED, "[none]");
  assert_refused (context, HV, TRUE, G_IO_ERROR_NOT_SUPPORTED, "[DEVICE_LOCAL]");
  assert_refused (context, HV, TRUE, G_IO_ERROR_NOT_SUPPORTED,
                  "[HOST_VISIBLE | HOST_COHERENT | HOST_CACHED]");
  assert_refused (context, HV, TRUE, G_IO_ERROR_NOT_SUPPORTED, "Table");
}

/* Whether the line of a type says so. */
static void
assert_explained (const gint *types,
                  gint        asked,
                  gboolean    exact,
                  guint       index,
                  const char *expected)
{
  g_autofree RillContext *context = make_context (types);
  g_autofree char *text =
    rill_memory_explain_choice (context, (RillMemoryPropertyFlags) asked, exact, NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_true (g_str_has_prefix (lines[0], "Asked of “Table” is memory "));
  g_assert_cmpuint (g_strv_length (lines), ==, context->memory.memoryTypeCount + 2);
  if (!g_str_has_suffix (lines[index + 1], expected))
    g_error ("“%s” is not the end of “%s”", expected, lines[index + 1]);
}

static void
test_explanation (void)
{
  static const gint types[] = {
    0, DL, HV | HC, HV | HC | CA, DL | HV | HC, DL | PROTECTED, DL | FUTURE, DL, END
  };
  static const gint protected_only[] = { HV, DL | PROTECTED, END };

  assert_explained (types, HV, FALSE, 0, ": left out: it lacks HOST_VISIBLE");
  assert_explained (types, HV, FALSE, 2,
                    ": would do, but type 3 is preferred: this one is not HOST_CACHED, so the host "
                    "would read it slowly");
  assert_explained (types, HV, FALSE, 3, ": chosen; it also is HOST_COHERENT | HOST_CACHED");
  assert_explained (types, HV, FALSE, 4,
                    ": would do, but type 3 is preferred: this one is DEVICE_LOCAL and "
                    "HOST_VISIBLE together, and not "
                    "both were asked for");
  assert_explained (types, HV | HC, FALSE, 3,
                    ": would do, but type 2 is preferred: this one has more flags that were not asked for, 1 "
                    "instead of 0");
  assert_explained (types, DL, FALSE, 5,
                    ": left out: PROTECTED is for special purposes, and was not asked for");
  assert_explained (types, DL, FALSE, 6, ": left out: 0x1000 is for special purposes, and was not asked for");
  assert_explained (types, DL, FALSE, 7,
                    ": would do, but type 1 is preferred: the two are alike, and that one comes first");
  assert_explained (types, DL | HV, FALSE, 4, ": chosen: no other one will do; it also is HOST_COHERENT");
  assert_explained (types, HV, TRUE, 2,
                    ": left out: it has HOST_COHERENT as well, and the match is to be exact");
  assert_explained (
    types, HV | CA, TRUE, 4,
    ": left out: it lacks HOST_CACHED, and it has DEVICE_LOCAL | HOST_COHERENT as well, and the "
    "match is to be exact");
  assert_explained (
    protected_only, PROTECTED, FALSE, 1,
    ": chosen: no other one will do; it also is DEVICE_LOCAL; but PROTECTED needs a feature of the "
    "device that Rill does not enable");
  assert_explained (protected_only, PROTECTED, FALSE, 2,
                    "Type 1 is chosen, but no memory can be created of it.");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-choice/h200", test_h200);
  g_test_add_func ("/memory-choice/lavapipe", test_lavapipe);
  g_test_add_func ("/memory-choice/discrete", test_discrete);
  g_test_add_func ("/memory-choice/integrated", test_integrated);
  g_test_add_func ("/memory-choice/non-coherent", test_non_coherent);
  g_test_add_func ("/memory-choice/order-of-rules", test_order_of_rules);
  g_test_add_func ("/memory-choice/special", test_special);
  g_test_add_func ("/memory-choice/unknown-type", test_unknown_type);
  g_test_add_func ("/memory-choice/last-type", test_last_type);
  g_test_add_func ("/memory-choice/errors", test_errors);
  g_test_add_func ("/memory-choice/explanation", test_explanation);
  return g_test_run ();
}
