/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* As g_task_return_error(), or g_task_return_boolean() where @error (taken) is NULL, but always from the task's
 * main context. GTask calls back at once where that context is just dispatching: a program would be
 * called in the middle of whatever call of its own has found that the task is done. */
void rill_task_return (GTask  *task,
                       GError *error);
