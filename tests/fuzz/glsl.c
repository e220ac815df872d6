/* SPDX-License-Identifier: MIT */

/* Text from anywhere as GLSL: SPIR-V or an error with the compiler's words, and none of its debug
 * output, which it writes to the program's own. */

#include "rill-fuzz.h"

#include "compute/rill-glsl-private.h"
#include "core/rill-error-private.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PRINTED 200

static int own_output;
static int caught_output;

static void
catch_output (void)
{
  fflush (stdout);
  dup2 (caught_output, STDOUT_FILENO);
}

static void
check_output (void)
{
  char text[MAX_PRINTED + 1] = "";

  fflush (stdout);
  dup2 (own_output, STDOUT_FILENO);
  if (pread (caught_output, text, MAX_PRINTED, 0) > 0)
    g_error ("the compiler has written to the standard output: %s", text);
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  own_output = dup (STDOUT_FILENO);
  caught_output = memfd_create ("output", 0);
  g_assert_cmpint (own_output, >=, 0);
  g_assert_cmpint (caught_output, >=, 0);
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const VkPhysicalDeviceLimits limits = {
    .maxComputeWorkGroupSize = { 1024, 1024, 64 },
    .maxComputeWorkGroupCount = { 65535, 65535, 65535 },
  };
  static const char * const no_folders[] = { NULL };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) spirv = NULL;

  catch_output ();
  spirv = rill_glsl_compile (&limits, text, NULL, no_folders, &error);
  check_output ();
  g_assert_cmpint (spirv != NULL, ==, error == NULL);
  if (spirv == NULL)
    fuzz_assert_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                       RILL_VULKAN_ERROR_SHADER_COMPILATION);
  else
    g_assert_cmpuint (g_bytes_get_size (spirv) % sizeof (guint32), ==, 0);
  return 0;
}
