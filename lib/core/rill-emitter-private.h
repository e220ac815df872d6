/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>

/* Brings signals and notifications to the main context that was thread-default when the session
 * was made, by a source attached to it: never by g_main_context_invoke(), which would run handlers
 * in the calling thread while nobody owns the context. A pending one holds a weak reference of its
 * object; without a handler nothing is queued. Safe from any thread and with locks held. */

typedef struct _RillEmitter RillEmitter;

RillEmitter *rill_emitter_new    (void); /* takes the thread-default context */
RillEmitter *rill_emitter_ref    (RillEmitter *self);
void         rill_emitter_unref  (RillEmitter *self);
/* Drops what is pending for objects that are gone. When nothing is left, the context and the emitter hold
 * each other no longer: it may be a context that nobody iterates any more. */
void         rill_emitter_drop_gone (RillEmitter *self);

/* Repeated notifications of one property of one object are coalesced while pending. */
void         rill_emitter_notify (RillEmitter *self,
                                  gpointer     object,
                                  GParamSpec  *pspec);
/* The arguments are collected as by g_signal_emit(), for types whose GValue is copied. */
void         rill_emitter_emit   (RillEmitter *self,
                                  gpointer     object,
                                  guint        signal_id,
                                  ...);
/* Runs func (object, data) in the context; dropped when the object is gone by then. */
void         rill_emitter_run    (RillEmitter     *self,
                                  gpointer         object,
                                  void           (*func) (gpointer object, gpointer data),
                                  gpointer         data,
                                  GDestroyNotify   destroy);
/* Runs func (object) in the context after a time, once; destroy the source (transfer full) to give it up. */
GSource     *rill_emitter_run_later (RillEmitter   *self,
                                  gpointer         object,
                                  guint            delay_ms,
                                  void           (*func) (gpointer object));

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RillEmitter, rill_emitter_unref)
