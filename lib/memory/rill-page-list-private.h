/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory.h"

/* The list behind Memory's property "pages". It is made when it is first asked for, and follows the pages
 * in the session's main context only, however often they change before that is iterated. */

/* Under the lock of the pages: they have changed. */
void rill_page_list_update_locked (RillMemory *memory);
