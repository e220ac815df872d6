/* SPDX-License-Identifier: MIT */
#include "compute/rill-program-private.h"

#include "compute/rill-glsl-private.h"
#include "compute/rill-reflection-private.h"
#include "compute/rill-spirv-private.h"

/**
 * RillProgram:
 *
 * A program is a module of compute shaders in SPIR-V, of which a [class@ComputeNode] runs one entry
 * point.
 *
 * It is made from SPIR-V or from GLSL, which is compiled when the program is created. Before any
 * driver sees them, the module's words are validated and the capabilities that it declares are
 * compared with what the device has.
 *
 * Every method may be called from any thread.
 */

struct _RillProgram
{
  GObject parent_instance;

  RillSession *session; /* (owned) (nullable) NULL: never initialised */
  RillContext *context; /* (owned) (nullable) weak once closed */
  RillChild child;
  GBytes *spirv;        /* (owned) (nullable) */
  char **entry_points;  /* (owned) (nullable) */

  gint closed;          /* (atomic) */
};

typedef enum
{
  PROP_SESSION = 1,
  PROP_SPIRV,
  PROP_ENTRY_POINTS,
  PROP_CLOSED,
} RillProgramProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

G_DEFINE_FINAL_TYPE (RillProgram, rill_program, G_TYPE_OBJECT)

gboolean
rill_program_check_open (RillProgram  *self,
                         GError      **error)
{
  if (self->context == NULL)
    g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
      "The RillProgram was not initialised: make it with a method of RillSession");
  else if (g_atomic_int_get (&self->closed))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The program is closed");
  else
    return rill_context_check_lost (self->context, error);
  return FALSE;
}

RillContext *
rill_program_get_context (RillProgram *self)
{
  return self->context;
}

/* SPIR-V is read as words, but the bytes may lie anywhere. */
static GBytes *
align_bytes (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  if ((guintptr) data % sizeof (guint32) == 0)
    return g_bytes_ref (bytes);
  return g_bytes_new (data, size);
}

static RillProgram *
create_program (RillSession  *session,
                RillContext  *context,
                GBytes       *bytes,
                GError      **error)
{
  g_autoptr (GBytes) spirv = align_bytes (bytes);
  RillProgram *self;
  char **entry_points;

  if (!rill_spirv_check (context, spirv, error))
    return NULL;
  entry_points = rill_reflection_list_entry_points (spirv, error);
  if (entry_points == NULL)
    return NULL;

  self = g_object_new (RILL_TYPE_PROGRAM, NULL);
  self->session = g_object_ref (session);
  self->context = rill_context_ref (context);
  self->spirv = g_steal_pointer (&spirv);
  self->entry_points = entry_points;
  if (!rill_session_add_child (session, &self->child, self,
                               (void (*) (GObject *)) rill_program_close))
    rill_program_close (self);
  return self;
}

static void
rill_program_dispose (GObject *object)
{
  RillProgram *self = RILL_PROGRAM (object);

  rill_program_close (self);
  if (self->session != NULL && !rill_session_leave (self->session, &self->child))
    return;
  G_OBJECT_CLASS (rill_program_parent_class)->dispose (object);
}

static void
rill_program_finalize (GObject *object)
{
  RillProgram *self = RILL_PROGRAM (object);

  g_clear_pointer (&self->spirv, g_bytes_unref);
  g_clear_pointer (&self->entry_points, g_strfreev);
  g_clear_pointer (&self->context, rill_context_unref_weak);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (rill_program_parent_class)->finalize (object);
}

static void
rill_program_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  RillProgram *self = RILL_PROGRAM (object);

  switch ((RillProgramProperty) prop_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, rill_program_get_session (self));
      break;
    case PROP_SPIRV:
      g_value_set_boxed (value, rill_program_get_spirv (self));
      break;
    case PROP_ENTRY_POINTS:
      g_value_take_boxed (value, rill_program_get_entry_points (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, rill_program_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_program_class_init (RillProgramClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = rill_program_dispose;
  object_class->finalize = rill_program_finalize;
  object_class->get_property = rill_program_get_property;

  /**
   * RillProgram:session: (getter get_session)
   *
   * The session that the program belongs to.
   */
  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, RILL_TYPE_SESSION, flags);
  /**
   * RillProgram:spirv: (getter get_spirv)
   *
   * The module's SPIR-V.
   */
  properties[PROP_SPIRV] = g_param_spec_boxed ("spirv", NULL, NULL, G_TYPE_BYTES, flags);
  /**
   * RillProgram:entry-points: (getter get_entry_points)
   *
   * Names of the module's compute shaders.
   */
  properties[PROP_ENTRY_POINTS] =
    g_param_spec_boxed ("entry-points", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * RillProgram:closed: (getter get_closed)
   *
   * Whether the program was closed.
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_program_init (RillProgram *self)
{
}

/**
 * rill_session_create_program_from_glsl:
 * @session: a session
 * @source: source of a compute shader in GLSL, with a `#version` of 430 or later, or of 310 es
 * @name: (nullable): name of the source in the compiler's messages, usually that of its file; %NULL
 *   for “shader”
 * @include_dirs: (nullable) (array zero-terminated=1): folders that are searched for included files
 * @error: return location for an error
 *
 * Compiles a compute shader and makes a program of it.
 *
 * The target is Vulkan 1.3 with SPIR-V 1.6, the entry point is `main`. `#include "file"` is looked
 * for next to the file that includes it (for @source itself: next to @name, unless that is %NULL),
 * then in @include_dirs; `#include <file>` in @include_dirs only. The SPIR-V is not optimised,
 * which the driver does; so every name, and every binding that is declared, is known to
 * [class@ComputeNode].
 *
 * Errors: %RILL_VULKAN_ERROR_SHADER_COMPILATION with the compiler's messages, also for an included
 * file that is not found; %RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT for a capability that the
 * device lacks; %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the program
 */
RillProgram *
rill_session_create_program_from_glsl (RillSession         *session,
                                       const char          *source,
                                       const char          *name,
                                       const char * const  *include_dirs,
                                       GError             **error)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (GBytes) spirv = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);
  g_return_val_if_fail (source != NULL, NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL)
    return NULL;
  spirv = rill_glsl_compile (&context->properties.limits, source, name, include_dirs, error);
  return spirv != NULL ? create_program (session, context, spirv, error) : NULL;
}

/**
 * rill_session_create_program_from_bytes:
 * @session: a session
 * @spirv: a module in SPIR-V of up to version 1.6, in this machine's byte order
 * @error: return location for an error
 *
 * Makes a program of SPIR-V.
 *
 * The names for [method@ComputeNode.bind] come from the module's debug information (`OpName`),
 * which compilers leave out when they are asked to. What has no name, or one that is taken, is
 * called by its set and binding, as in `0.1`.
 *
 * Errors: %RILL_VULKAN_ERROR_SHADER_COMPILATION for what is not valid SPIR-V for Vulkan 1.3, with
 * the validator's message, and for a module without a compute shader;
 * %RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT for a capability that the device lacks;
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the program
 */
RillProgram *
rill_session_create_program_from_bytes (RillSession  *session,
                                        GBytes       *spirv,
                                        GError      **error)
{
  g_autoptr (RillContext) context = NULL;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);
  g_return_val_if_fail (spirv != NULL, NULL);

  context = rill_session_ref_context (session, error);
  return context != NULL ? create_program (session, context, spirv, error) : NULL;
}

/**
 * rill_session_create_program_from_file:
 * @session: a session
 * @file: a file with a module in SPIR-V
 * @error: return location for an error
 *
 * Makes a program of a file of SPIR-V, which usually is called `….spv`.
 *
 * Blocks while the file is read. Errors are those of
 * [method@Session.create_program_from_bytes] and, from reading, %G_IO_ERROR_NOT_FOUND and any
 * other of [error@Gio.IOErrorEnum].
 *
 * Returns: (transfer full): the program
 */
RillProgram *
rill_session_create_program_from_file (RillSession  *session,
                                       GFile        *file,
                                       GError      **error)
{
  g_autoptr (RillContext) context = NULL;
  g_autoptr (GBytes) spirv = NULL;
  RillProgram *self;

  g_return_val_if_fail (RILL_IS_SESSION (session), NULL);
  g_return_val_if_fail (G_IS_FILE (file), NULL);

  context = rill_session_ref_context (session, error);
  if (context == NULL)
    return NULL;
  spirv = g_file_load_bytes (file, NULL, NULL, error);
  if (spirv == NULL)
    return NULL;
  self = create_program (session, context, spirv, error);
  if (self == NULL)
    {
      g_autofree char *name = g_file_get_parse_name (file);
      g_prefix_error (error, "Could not make a program of “%s”: ", name);
    }
  return self;
}

/**
 * rill_program_get_session: (get-property session)
 * @self: a program
 *
 * Gets the session that the program belongs to.
 *
 * Returns: (transfer none) (nullable): the session; %NULL if the program was never initialised
 */
RillSession *
rill_program_get_session (RillProgram *self)
{
  g_return_val_if_fail (RILL_IS_PROGRAM (self), NULL);

  return self->session;
}

/**
 * rill_program_get_spirv: (get-property spirv)
 * @self: a program
 *
 * Gets the module's SPIR-V, also of a closed program.
 *
 * Returns: (transfer none) (nullable): the words; %NULL if the program was never initialised
 */
GBytes *
rill_program_get_spirv (RillProgram *self)
{
  g_return_val_if_fail (RILL_IS_PROGRAM (self), NULL);

  return self->spirv;
}

/**
 * rill_program_get_entry_points: (get-property entry-points)
 * @self: a program
 *
 * Gets the names of the module's compute shaders (`OpEntryPoint` with the execution model
 * `GLCompute`).
 *
 * Returns: (transfer full) (array zero-terminated=1): the names; none if the program was never
 *   initialised
 */
char **
rill_program_get_entry_points (RillProgram *self)
{
  g_return_val_if_fail (RILL_IS_PROGRAM (self), NULL);

  return self->entry_points != NULL ? g_strdupv (self->entry_points) : g_new0 (char *, 1);
}

/**
 * rill_program_get_closed: (get-property closed)
 * @self: a program
 *
 * Gets whether the program was closed.
 *
 * Returns: %TRUE after [method@Program.close], also when its session was closed
 */
gboolean
rill_program_get_closed (RillProgram *self)
{
  g_return_val_if_fail (RILL_IS_PROGRAM (self), FALSE);

  return g_atomic_int_get (&self->closed);
}

/**
 * rill_program_close:
 * @self: a program
 *
 * Closes the program: no more nodes can be made from it. Those that there are go on.
 *
 * Does not block. Closing again does nothing.
 */
void
rill_program_close (RillProgram *self)
{
  g_return_if_fail (RILL_IS_PROGRAM (self));

  if (self->context == NULL || !g_atomic_int_compare_and_exchange (&self->closed, FALSE, TRUE))
    return;
  rill_emitter_notify (self->context->emitter, self, properties[PROP_CLOSED]);
  rill_context_weaken (self->context);
}
