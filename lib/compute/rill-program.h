/* SPDX-License-Identifier: MIT */
#pragma once

#include "session/rill-session.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_PROGRAM (rill_program_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillProgram, rill_program, RILL, PROGRAM, GObject)

RILL_API
RillProgram *rill_session_create_program_from_glsl  (RillSession         *session,
                                                     const char          *source,
                                                     const char          *name,
                                                     const char * const  *include_dirs,
                                                     GError             **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillProgram *rill_session_create_program_from_bytes (RillSession         *session,
                                                     GBytes              *spirv,
                                                     GError             **error) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
RillProgram *rill_session_create_program_from_file  (RillSession         *session,
                                                     GFile               *file,
                                                     GError             **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
RillSession *rill_program_get_session               (RillProgram         *self);
RILL_API
GBytes      *rill_program_get_spirv                 (RillProgram         *self);
RILL_API
char       **rill_program_get_entry_points          (RillProgram         *self) G_GNUC_WARN_UNUSED_RESULT;
RILL_API
gboolean     rill_program_get_closed                (RillProgram         *self);
RILL_API
void         rill_program_close                     (RillProgram         *self);

G_END_DECLS
