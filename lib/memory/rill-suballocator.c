/* SPDX-License-Identifier: MIT */
/* Stand-in until the real one lands: first fit. */
#include "memory/rill-suballocator-private.h"
typedef struct { guint32 block; guint64 offset, size, padding; } Used;
typedef struct { guint32 block; guint64 size; } Block;
struct _RillSuballocator { GArray *used; GArray *blocks; guint64 total; };
RillSuballocator *rill_suballocator_new (void) { RillSuballocator *s = g_new0 (RillSuballocator, 1); s->used = g_array_new (0, 0, sizeof (Used)); s->blocks = g_array_new (0, 0, sizeof (Block)); return s; }
void rill_suballocator_free (RillSuballocator *s) { g_array_unref (s->used); g_array_unref (s->blocks); g_free (s); }
void rill_suballocator_add_block (RillSuballocator *s, guint32 block, guint64 size) { Block b = { block, size }; g_array_append_val (s->blocks, b); }
void rill_suballocator_remove_block (RillSuballocator *s, guint32 block) { for (guint i = 0; i < s->blocks->len; i++) if (g_array_index (s->blocks, Block, i).block == block) { g_array_remove_index (s->blocks, i); return; } }
gboolean rill_suballocator_allocate (RillSuballocator *s, guint64 size, guint64 alignment, RillRange *range) {
  for (guint i = 0; i < s->blocks->len; i++) { Block b = g_array_index (s->blocks, Block, i); guint64 at = 0; gboolean moved = TRUE;
    while (moved) { moved = FALSE; for (guint j = 0; j < s->used->len; j++) { Used u = g_array_index (s->used, Used, j); if (u.block == b.block && at < u.offset + u.size && u.offset < at + size) { at = (u.offset + u.size + alignment - 1) / alignment * alignment; moved = TRUE; } } }
    if (at + size <= b.size) { Used u = { b.block, at, size, 0 }; g_array_append_val (s->used, u); *range = (RillRange) { b.block, 0, at, 0, size }; s->total += size; return TRUE; } }
  return FALSE; }
gboolean rill_suballocator_release (RillSuballocator *s, const RillRange *r) { gboolean empty = TRUE; for (guint j = 0; j < s->used->len; j++) { Used u = g_array_index (s->used, Used, j); if (u.block == r->block && u.offset == r->offset) { s->total -= u.size; g_array_remove_index (s->used, j); break; } }
  for (guint j = 0; j < s->used->len; j++) if (g_array_index (s->used, Used, j).block == r->block) empty = FALSE; return empty; }
guint64 rill_suballocator_get_used (RillSuballocator *s) { return s->total; }
guint64 rill_suballocator_get_block_used (RillSuballocator *s, guint32 block) { guint64 t = 0; for (guint j = 0; j < s->used->len; j++) if (g_array_index (s->used, Used, j).block == block) t += g_array_index (s->used, Used, j).size; return t; }
void rill_suballocator_calculate_block_statistics (RillSuballocator *s, guint32 block, RillBlockStatistics *st) { *st = (RillBlockStatistics) { .used = rill_suballocator_get_block_used (s, block) }; }
