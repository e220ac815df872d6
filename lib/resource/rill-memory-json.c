/* SPDX-License-Identifier: MIT */
#include "resource/rill-memory-dump.h"

#include "resource/rill-memory-snapshot-private.h"

#include <json-glib/json-glib.h>

/* The keys are in the style of the Vulkan Memory Allocator's dumps, whose tool reads "General" and
 * "DefaultPools"; the library's own stand among them. */

static void
set_int (JsonObject *object,
         const char *key,
         guint64     value)
{
  json_object_set_int_member (object, key, (gint64) value);
}

static void
set_statistics (JsonObject                 *object,
                const RillMemoryStatistics *statistics)
{
  set_int (object, "TotalBytes", statistics->reserved_size);
  set_int (object, "UsedBytes", statistics->used_size);
  set_int (object, "UnusedBytes", statistics->free_size);
  set_int (object, "LargestUnusedBytes", statistics->largest_free_size);
  set_int (object, "Allocations", statistics->object_count);
  set_int (object, "UnusedRanges", statistics->free_range_count);
  json_object_set_double_member (object, "Fragmentation", statistics->fragmentation);
}

static const char *
get_type (const RillSnapshotPart *part)
{
  if (part->kind == RILL_PART_FREE)
    return "FREE";
  if (part->object == NULL)
    return "UNKNOWN";
  return part->object->is_image ? "IMAGE_OPTIMAL" : "BUFFER";
}

/* json-glib 1.6 writes the last of the control characters as it is, which is no JSON. */
static void
set_name (JsonObject *json,
          const char *name)
{
  g_autofree char *copy = g_strdelimit (g_strdup (name), "\x1f", ' ');

  json_object_set_string_member (json, "Name", copy);
}

static void
set_object (JsonObject             *json,
            const RillObjectRecord *object)
{
  json_object_set_string_member (json, "UsageFlags", object->usage_names);
  if (object->name != NULL)
    set_name (json, object->name);
  set_int (json, "LeftPadding", object->left_padding);
  if (object->is_image)
    {
      JsonArray *shape = json_array_sized_new (object->n_dims);
      for (guint i = 0; i < object->n_dims; i++)
        json_array_add_int_element (shape, object->dims[i]);
      json_object_set_array_member (json, "Shape", shape);
      json_object_set_string_member (json, "ChannelType", object->channel_type);
    }
}

static JsonObject *
make_part (const RillSnapshotPart *part)
{
  JsonObject *json = json_object_new ();

  set_int (json, "Offset", part->offset);
  json_object_set_string_member (json, "Type", get_type (part));
  set_int (json, "Size", part->size);
  if (part->kind != RILL_PART_FREE)
    set_int (json, "Usage", part->object != NULL ? part->object->usage : 0);
  json_object_set_string_member (json, "Kind", rill_part_kind_get_name (part->kind));
  if (part->object != NULL)
    set_object (json, part->object);
  return json;
}

static JsonObject *
make_block (const RillSnapshotPage *page)
{
  JsonObject *block = json_object_new ();
  JsonArray *parts = json_array_sized_new (page->n_parts);

  set_statistics (block, &page->page->statistics);
  for (guint i = 0; i < page->n_parts; i++)
    json_array_add_object_element (parts, make_part (&page->parts[i]));
  json_object_set_array_member (block, "Suballocations", parts);
  return block;
}

/* A page of one object's own has one part. */
static JsonObject *
make_dedicated (const RillSnapshotPage *page)
{
  JsonObject *allocation = make_part (&page->parts[0]);

  set_int (allocation, "Page", page->page->index);
  return allocation;
}

static JsonObject *
make_pools (const RillMemorySnapshot *snapshot)
{
  JsonObject *pools = json_object_new ();
  JsonObject *pool = json_object_new ();
  JsonObject *blocks = json_object_new ();
  JsonArray *dedicated = json_array_new ();
  g_autofree char *name = g_strdup_printf ("Type %u", snapshot->type_index);

  for (guint i = 0; i < snapshot->pages->len; i++)
    {
      const RillSnapshotPage *page = &g_array_index (snapshot->pages, RillSnapshotPage, i);
      g_autofree char *index = g_strdup_printf ("%u", page->page->index);
      if (page->page->own)
        json_array_add_object_element (dedicated, make_dedicated (page));
      else
        json_object_set_object_member (blocks, index, make_block (page));
    }
  set_int (pool, "PreferredBlockSize", snapshot->page_size);
  json_object_set_object_member (pool, "Blocks", blocks);
  json_object_set_array_member (pool, "DedicatedAllocations", dedicated);
  json_object_set_object_member (pools, name, pool);
  return pools;
}

static JsonObject *
make_general (const RillMemorySnapshot *snapshot)
{
  JsonObject *general = json_object_new ();

  json_object_set_string_member (general, "API", "Vulkan");
  json_object_set_string_member (general, "GPU", snapshot->device);
  json_object_set_string_member (general, "Library", "Rill " RILL_VERSION_S);
  return general;
}

static JsonObject *
make_memory (const RillMemorySnapshot *snapshot)
{
  JsonObject *memory = json_object_new ();

  set_int (memory, "MemoryType", snapshot->type_index);
  set_int (memory, "Heap", snapshot->heap_index);
  json_object_set_string_member (memory, "Flags", snapshot->flags);
  set_int (memory, "PageSize", snapshot->page_size);
  set_int (memory, "Pages", snapshot->statistics.page_count);
  set_statistics (memory, &snapshot->statistics);
  return memory;
}

/**
 * rill_memory_to_json:
 * @memory: a memory
 * @error: return location for an error
 *
 * Writes down what lies in the memory: every page, and in it every object, padding and free range.
 *
 * The text is a JSON object in UTF-8. GpuMemDumpVis, the tool of the Vulkan Memory Allocator that draws such
 * dumps, reads it. The guide on memory has the list of its keys. Sizes and offsets are in bytes.
 *
 * What other threads allocate and close meanwhile may be in it or not. Takes time in the number of objects.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the text
 */
char *
rill_memory_to_json (RillMemory  *memory,
                     GError     **error)
{
  g_autoptr (RillMemorySnapshot) snapshot = NULL;
  g_autoptr (JsonGenerator) generator = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);

  snapshot = rill_memory_snapshot_new (memory, error);
  if (snapshot == NULL)
    return NULL;
  object = json_object_new ();
  json_object_set_object_member (object, "General", make_general (snapshot));
  json_object_set_object_member (object, "Memory", make_memory (snapshot));
  json_object_set_object_member (object, "DefaultPools", make_pools (snapshot));
  json_object_set_object_member (object, "CustomPools", json_object_new ());
  root = json_node_alloc ();
  json_node_take_object (json_node_init (root, JSON_NODE_OBJECT), object);
  generator = json_generator_new ();
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  json_generator_set_indent (generator, 1);
  return json_generator_to_data (generator, NULL);
}
