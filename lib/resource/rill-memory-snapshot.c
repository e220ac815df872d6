/* SPDX-License-Identifier: MIT */
#include "resource/rill-memory-snapshot-private.h"

#include "core/rill-format-private.h"
#include "resource/rill-buffer-private.h"
#include "resource/rill-image-private.h"
#include "rill-enum-types.h"

const char *
rill_part_kind_get_name (RillPartKind kind)
{
  static const char * const names[] = {
    [RILL_PART_BUFFER] = "buffer",
    [RILL_PART_IMAGE] = "image",
    [RILL_PART_HELD] = "held",
    [RILL_PART_PADDING] = "padding",
    [RILL_PART_FREE] = "free",
  };

  return names[kind];
}

static char *
flags_to_string (GType       type,
                 const char *prefix,
                 guint       flags)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (type);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    if (flags & klass->values[i].value)
      g_string_append_printf (text, "%s%s", text->len > 0 ? " | " : "",
                              klass->values[i].value_name + strlen (prefix));
  return g_string_free (text, FALSE);
}

/* Many objects have few sets of flags. */
static const char *
get_usage_names (RillMemorySnapshot *self,
                 gboolean            is_image,
                 guint               usage)
{
  gpointer key = GUINT_TO_POINTER (usage | (is_image ? 1u << 31 : 0));
  char *names = g_hash_table_lookup (self->usages, key);

  if (names != NULL)
    return names;
  names = is_image ? flags_to_string (RILL_TYPE_IMAGE_USAGE_FLAGS, "RILL_IMAGE_USAGE_", usage)
                   : flags_to_string (RILL_TYPE_BUFFER_USAGE_FLAGS, "RILL_BUFFER_USAGE_", usage);
  g_hash_table_insert (self->usages, key, names);
  return names;
}

static void
describe_image (RillObjectRecord *record,
                RillImage        *image)
{
  gsize n_dims;
  g_autofree guint *dims = rill_image_get_shape (image, &n_dims);

  record->is_image = TRUE;
  record->usage = rill_image_get_usage (image);
  record->channel_type = rill_channel_type_get_name (rill_image_get_channel_type (image));
  record->n_dims = (guint) n_dims;
  memcpy (record->dims, dims, n_dims * sizeof *dims);
}

/* Under the lock of the memory's children. */
static void
add_object (RillChild *child,
            gpointer   data)
{
  RillMemorySnapshot *self = data;
  gpointer resource = child->object;
  RillResourceState *state = rill_resource_get_state (resource);
  RillObjectRecord record = { 0 };
  gboolean released;

  g_mutex_lock (&state->lock);
  released = state->released;
  if (!released)
    {
      record.page = state->allocation.range.block;
      record.offset = state->allocation.range.offset;
      record.left_padding = state->allocation.range.left_padding;
      record.size = state->allocation.range.size;
      record.closed = state->closed;
      record.name = state->name != NULL ? g_utf8_make_valid (state->name, -1) : NULL;
    }
  g_mutex_unlock (&state->lock);
  if (released)
    return;
  if (RILL_IS_IMAGE (resource))
    describe_image (&record, resource);
  else
    record.usage = rill_buffer_get_usage (resource);
  record.usage_names = get_usage_names (self, record.is_image, record.usage);
  g_array_append_val (self->objects, record);
}

static gint
compare_objects (gconstpointer a,
                 gconstpointer b)
{
  const RillObjectRecord *x = a;
  const RillObjectRecord *y = b;

  if (x->page != y->page)
    return x->page < y->page ? -1 : 1;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

static void
add_part (RillMemorySnapshot     *self,
          RillPartKind            kind,
          guint64                 offset,
          guint64                 size,
          const RillObjectRecord *object)
{
  const RillSnapshotPart part = { .kind = kind, .offset = offset, .size = size, .object = object };

  self->sums[kind].count++;
  self->sums[kind].size += size;
  g_array_append_val (self->parts, part);
}

/* The object that ends with the range, if there is one; @next goes past those that are passed. */
static const RillObjectRecord *
find_object (RillMemorySnapshot    *self,
             guint                 *next,
             guint                  page,
             const RillRangeRecord *range)
{
  for (; *next < self->objects->len; (*next)++)
    {
      const RillObjectRecord *object = &g_array_index (self->objects, RillObjectRecord, *next);
      if (object->page > page || (object->page == page && object->offset >= range->offset + range->size))
        return NULL;
      if (object->page == page && object->offset >= range->offset
          && object->offset + object->size == range->offset + range->size)
        return object;
    }
  return NULL;
}

/* The pages were recorded before the objects: of what came or went in between there is only the one or the
 * other. */
static void
add_range (RillMemorySnapshot    *self,
           guint                 *next,
           guint                  page,
           const RillRangeRecord *range)
{
  const RillObjectRecord *object;
  guint64 padding;
  RillPartKind kind;

  if (!range->used)
    {
      add_part (self, RILL_PART_FREE, range->offset, range->size, NULL);
      return;
    }
  object = find_object (self, next, page, range);
  if (object == NULL)
    {
      add_part (self, RILL_PART_HELD, range->offset, range->size, NULL);
      return;
    }
  padding = object->offset - range->offset;
  if (padding > 0)
    add_part (self, RILL_PART_PADDING, range->offset, padding, NULL);
  kind = object->closed ? RILL_PART_HELD : object->is_image ? RILL_PART_IMAGE : RILL_PART_BUFFER;
  add_part (self, kind, object->offset, object->size, object);
}

static void
add_pages (RillMemorySnapshot *self,
           GArray             *ranges)
{
  guint range = 0;
  guint next = 0;

  for (guint i = 0; i < self->page_records->len; i++)
    {
      const RillPageRecord *record = &g_array_index (self->page_records, RillPageRecord, i);
      RillSnapshotPage page = { .page = record };
      guint n_before = self->parts->len;

      for (guint j = 0; j < record->n_ranges; j++, range++)
        add_range (self, &next, record->index, &g_array_index (ranges, RillRangeRecord, range));
      page.n_parts = self->parts->len - n_before;
      g_array_append_val (self->pages, page);
      rill_memory_statistics_add (&self->statistics, &record->statistics);
    }
  /* Only now do the parts move no more. */
  for (guint i = 0, n = 0; i < self->pages->len; i++)
    {
      RillSnapshotPage *page = &g_array_index (self->pages, RillSnapshotPage, i);
      page->parts = (const RillSnapshotPart *) (gpointer) self->parts->data + n;
      n += page->n_parts;
    }
}

static void
object_clear (gpointer object)
{
  g_free (((RillObjectRecord *) object)->name);
}

RillMemorySnapshot *
rill_memory_snapshot_new (RillMemory  *memory,
                          GError     **error)
{
  g_autoptr (RillContext) context = rill_memory_ref_context (memory, error);
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (RillRangeRecord));
  RillMemoryType *type = rill_memory_get_memory_type (memory);
  RillMemorySnapshot *self;

  if (context == NULL)
    return NULL;
  rill_context_collect (context);
  self = g_new0 (RillMemorySnapshot, 1);
  self->device = g_utf8_make_valid (context->properties.deviceName, -1);
  self->flags = rill_memory_flags_to_string (rill_memory_get_flags (memory));
  self->type_index = rill_memory_type_get_index (type);
  self->heap_index = rill_memory_type_get_heap_index (type);
  self->page_size = rill_memory_get_page_size (memory);
  self->pages = g_array_new (FALSE, FALSE, sizeof (RillSnapshotPage));
  self->page_records = g_array_new (FALSE, FALSE, sizeof (RillPageRecord));
  self->parts = g_array_new (FALSE, FALSE, sizeof (RillSnapshotPart));
  self->objects = g_array_new (FALSE, FALSE, sizeof (RillObjectRecord));
  g_array_set_clear_func (self->objects, object_clear);
  self->usages = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  rill_pages_record (rill_memory_peek_pages (memory), self->page_records, ranges);
  rill_memory_foreach_child (memory, add_object, self);
  g_array_sort (self->objects, compare_objects);
  add_pages (self, ranges);
  return self;
}

void
rill_memory_snapshot_free (RillMemorySnapshot *self)
{
  g_free (self->device);
  g_free (self->flags);
  g_array_unref (self->pages);
  g_array_unref (self->page_records);
  g_array_unref (self->parts);
  g_array_unref (self->objects);
  g_hash_table_unref (self->usages);
  g_free (self);
}
