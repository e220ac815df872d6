/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory/rill-memory-page.h"
#include "memory/rill-pages-statistics-private.h"

RillMemoryPage *rill_memory_page_new         (RillMemory           *memory,
                                              const RillPageRecord *record);
/* Whether it stands for the page of the record, not for another one that had its index. */
gboolean        rill_memory_page_is          (RillMemoryPage       *self,
                                              const RillPageRecord *record);
/* In the main context, when it has left the list. */
void            rill_memory_page_notify_live (RillMemoryPage       *self);
