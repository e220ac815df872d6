/* SPDX-License-Identifier: MIT */
#include "compute/rill-glsl-private.h"

#include <shaderc/shaderc.h>
#include <string.h>

#include "core/rill-error-private.h"

/* A file that includes itself ends here, once or twice over. */
#define MAX_INCLUDE_DEPTH 64
#define MAX_INCLUDES 10000

#define UNNAMED "shader"

/* The compiler asserts, or shows all its declarations on the standard output, for what is older. */
#define MIN_VERSION 310

typedef struct
{
  const char *name;         /* (nullable) of the source; NULL: it lies in no folder */
  const char * const *dirs; /* (nullable) */
  guint count;
  char *failure;            /* (owned) (nullable) why the last one "in quotes" failed */
} IncludeContext;

typedef struct
{
  shaderc_include_result result;
  char *name;    /* (owned) */
  char *content; /* (owned) */
} Include;

/* Process-wide and never released: to set the compiler up takes 70 times as long as to use it. */
static shaderc_compiler_t
get_compiler (GError **error)
{
  static GMutex lock;
  static shaderc_compiler_t compiler;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (compiler == NULL)
    compiler = shaderc_compiler_initialize ();
  if (compiler == NULL)
    g_set_error_literal (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                         "Could not start the GLSL compiler");
  return compiler;
}

static void
include_fail (Include *include,
              char    *text)
{
  include->name = g_strdup ("");
  include->content = text;
}

/* FALSE when there is no such file; any other failure is the include's content. */
static gboolean
include_load (Include    *include,
              const char *path)
{
  g_autoptr (GError) error = NULL;
  gsize length;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_DIR))
    return FALSE;
  if (!g_file_get_contents (path, &include->content, &length, &error))
    include_fail (include, g_strdup (error->message));
  else if (memchr (include->content, '\0', length) != NULL)
    {
      g_free (include->content);
      include_fail (include, g_strdup_printf ("“%s” is no text", path));
    }
  else
    include->name = g_strdup (path);
  return TRUE;
}

static void
include_search (Include        *include,
                IncludeContext *context,
                const char     *requested,
                const char     *folder)
{
  g_autoptr (GString) searched = g_string_new (NULL);

  if (folder != NULL)
    {
      g_autofree char *path = g_build_filename (folder, requested, NULL);
      if (include_load (include, path))
        return;
      g_string_append_printf (searched, "“%s”", folder);
    }
  for (gsize i = 0; context->dirs != NULL && context->dirs[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (context->dirs[i], requested, NULL);
      if (include_load (include, path))
        return;
      g_string_append_printf (searched, "%s“%s”", searched->len > 0 ? ", " : "", context->dirs[i]);
    }
  if (searched->len > 0)
    include_fail (include, g_strdup_printf ("not found in %s", searched->str));
  else
    include_fail (include, g_strdup ("not found: there is no folder to search"));
}

static shaderc_include_result *
resolve_cb (void       *user_data,
            const char *requested,
            int         type,
            const char *requesting,
            size_t      depth)
{
  IncludeContext *context = user_data;
  Include *include = g_new0 (Include, 1);
  g_autofree char *folder = NULL;
  g_autofree char *failure = g_steal_pointer (&context->failure);

  if (depth == 1)
    requesting = context->name;
  if (type == shaderc_include_type_relative && requesting != NULL)
    folder = g_path_get_dirname (requesting);

  if (failure != NULL && type == shaderc_include_type_standard)
    include_fail (include, g_steal_pointer (&failure)); /* the compiler tries again like this */
  else if (depth > MAX_INCLUDE_DEPTH)
    include_fail (include, g_strdup_printf ("nested more than %u deep", MAX_INCLUDE_DEPTH));
  else if (++context->count > MAX_INCLUDES)
    include_fail (include, g_strdup_printf ("more than %u files are included", MAX_INCLUDES));
  else if (g_path_is_absolute (requested))
    {
      if (!include_load (include, requested))
        include_fail (include, g_strdup ("not found"));
    }
  else
    include_search (include, context, requested, folder);

  if (*include->name == '\0')
    {
      /* The compiler asserts that its messages are of one line each. */
      g_strdelimit (include->content, "\n\r", ' ');
      if (type == shaderc_include_type_relative)
        context->failure = g_strdup (include->content);
    }
  g_strdelimit (include->name, "\n\r", ' ');
  include->result = (shaderc_include_result) {
    .source_name = include->name,
    .source_name_length = strlen (include->name),
    .content = include->content,
    .content_length = strlen (include->content),
    .user_data = include,
  };
  return &include->result;
}

static void
release_cb (void                   *user_data,
            shaderc_include_result *result)
{
  Include *include = result->user_data;

  g_free (include->name);
  g_free (include->content);
  g_free (include);
}

/* Of a comment of one line, into which a backslash takes the next line. */
static const char *
find_line_end (const char *text)
{
  for (; *text != '\0' && *text != '\n' && *text != '\r'; text++)
    if (*text == '\\' && text[1] != '\0')
      text += text[1] == '\r' && text[2] == '\n' ? 2 : 1;
  return text;
}

/* Past white space and comments, as the compiler sees them; counts lines. */
static const char *
skip_space (const char *text,
            guint      *line)
{
  while (TRUE)
    {
      const char *end = NULL;

      if (g_str_has_prefix (text, "//"))
        end = find_line_end (text);
      else if (g_str_has_prefix (text, "/*"))
        {
          end = strstr (text + 2, "*/");
          end = end != NULL ? end + 2 : text + strlen (text);
        }
      else if (*text != '\0' && strchr (" \t\r\n", *text) != NULL)
        end = text + 1;
      else
        return text;
      for (; text < end; text++)
        *line += *text == '\n';
    }
}

/* What "#version 450" says, 0 for anything else. */
static guint64
parse_version (const char *text)
{
  gsize blanks;

  if (*text != '#')
    return 0;
  text++;
  text += strspn (text, " \t");
  if (!g_str_has_prefix (text, "version"))
    return 0;
  text += strlen ("version");
  blanks = strspn (text, " \t");
  return blanks > 0 && g_ascii_isdigit (text[blanks]) ? g_ascii_strtoull (text + blanks, NULL, 10)
                                                      : 0;
}

static gboolean
check_version (const char  *source,
               const char  *name,
               GError     **error)
{
  guint line = 1;
  guint64 version = parse_version (skip_space (source, &line));

  /* The compiler's own number wraps, down to an old version. */
  if (version >= MIN_VERSION && version <= G_MAXINT)
    return TRUE;
  g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
               "Could not compile “%s”: %s:%u: error: '#version' : a compute shader starts with "
               "'#version 430' or later, or with '#version 310 es'",
               name, name, line);
  return FALSE;
}

static GBytes *
take_result (shaderc_compilation_result_t   result,
             const char                    *name,
             GError                       **error)
{
  GBytes *bytes = NULL;

  if (result == NULL)
    g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
                 "Could not compile “%s”: the GLSL compiler is out of memory", name);
  else if (shaderc_result_get_compilation_status (result) != shaderc_compilation_status_success)
    {
      const char *message = shaderc_result_get_error_message (result);
      g_autofree char *text = g_utf8_make_valid (message != NULL ? message : "", -1);
      g_strchomp (text);
      g_set_error (error, RILL_VULKAN_ERROR, RILL_VULKAN_ERROR_SHADER_COMPILATION,
                   "Could not compile “%s”: %s", name, *text != '\0' ? text : "no reason is given");
    }
  else
    bytes = g_bytes_new (shaderc_result_get_bytes (result), shaderc_result_get_length (result));
  shaderc_result_release (result);
  return bytes;
}

/* So that the compiler refuses what the device would, and its gl_Max… constants are true. */
static void
set_limits (shaderc_compile_options_t      options,
            const VkPhysicalDeviceLimits  *limits)
{
  static const shaderc_limit sizes[] = {
    shaderc_limit_max_compute_work_group_size_x,
    shaderc_limit_max_compute_work_group_size_y,
    shaderc_limit_max_compute_work_group_size_z,
  };
  static const shaderc_limit counts[] = {
    shaderc_limit_max_compute_work_group_count_x,
    shaderc_limit_max_compute_work_group_count_y,
    shaderc_limit_max_compute_work_group_count_z,
  };

  for (guint i = 0; i < 3; i++)
    {
      shaderc_compile_options_set_limit (options, sizes[i],
                                         (int) MIN (limits->maxComputeWorkGroupSize[i], G_MAXINT));
      shaderc_compile_options_set_limit (options, counts[i],
                                         (int) MIN (limits->maxComputeWorkGroupCount[i], G_MAXINT));
    }
}

GBytes *
rill_glsl_compile (const VkPhysicalDeviceLimits  *limits,
                   const char                    *source,
                   const char                    *name,
                   const char * const            *include_dirs,
                   GError                       **error)
{
  IncludeContext context = { .name = name, .dirs = include_dirs };
  g_autofree char *label = g_utf8_make_valid (name != NULL && *name != '\0' ? name : UNNAMED, -1);
  gsize length = strlen (source);
  shaderc_compiler_t compiler;
  shaderc_compile_options_t options;
  shaderc_compilation_result_t result;

  g_strdelimit (label, "\n\r", ' '); /* the compiler would assert */
  if (length > G_MAXINT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Could not compile “%s”: a source of %" G_GSIZE_FORMAT
                   " bytes is over the limit of %d",
                   label, length, G_MAXINT);
      return NULL;
    }
  if (!check_version (source, label, error))
    return NULL;
  compiler = get_compiler (error);
  if (compiler == NULL)
    return NULL;

  options = shaderc_compile_options_initialize ();
  shaderc_compile_options_set_target_env (options, shaderc_target_env_vulkan,
                                          shaderc_env_version_vulkan_1_3);
  shaderc_compile_options_set_target_spirv (options, shaderc_spirv_version_1_6);
  /* Optimisation here would take away the names and the bindings that happen to be unused; the
   * driver optimises anyway. */
  shaderc_compile_options_set_optimization_level (options, shaderc_optimization_level_zero);
  set_limits (options, limits);
  shaderc_compile_options_set_include_callbacks (options, resolve_cb, release_cb, &context);
  result = shaderc_compile_into_spv (compiler, source, length, shaderc_compute_shader, label,
                                     "main", options);
  shaderc_compile_options_release (options);
  g_free (context.failure);
  return take_result (result, label, error);
}
