/* SPDX-License-Identifier: MIT */
#include "resource/rill-memory-dump.h"

#include "core/rill-error-private.h"
#include "resource/rill-memory-snapshot-private.h"

/* In units of the picture, which are pixels unless it is scaled. */
#define WIDTH 1000
#define MARGIN 20
#define BAR_WIDTH (WIDTH - 2 * MARGIN)
#define BAR_HEIGHT 26
#define PAGE_HEIGHT 58 /* with the line above the bar, and the gap */
#define TEXT_SIZE 12
#define LINE_HEIGHT 20
#define SWATCH 12

/* More pages get no line of text each, and lower bars, as many programs draw no higher picture. */
#define MAX_PAGES_WITH_TEXT 400
#define MAX_HEIGHT 30000
#define LOW_PAGE_HEIGHT 9
#define MIN_PAGE_HEIGHT 2

/* What is thinner is drawn together with its neighbours, or not at all. */
#define THIN 0.5
#define INVISIBLE 0.05
#define SEPARATED 3.0 /* from here on there is room for a line between neighbours */

typedef struct
{
  const char *fill;
  const char *text;  /* colour of text on it */
  const char *label; /* in the legend */
} Style;

static const Style styles[RILL_N_PART_KINDS] = {
  [RILL_PART_BUFFER] = { "#2f6fb3", "#ffffff", "buffers" },
  [RILL_PART_IMAGE] = { "#f0a02c", "#1d2329", "images" },
  [RILL_PART_HELD] = { "#a3407f", "#ffffff", "closed, still held" },
  [RILL_PART_PADDING] = { "#59626d", "#ffffff", "padding" },
  [RILL_PART_FREE] = { "#e3e8ee", "#59626d", "free" },
};

/* A bar while it is drawn, and the parts that are too thin to be drawn alone. */
typedef struct
{
  GString *svg;
  GString *labels; /* drawn last, as they lie above the parts */
  guint page;
  double scale;    /* units per byte */
  gint y;
  gint height;
  guint n_thin;
  const RillSnapshotPart *first_thin;
  guint64 thin_end;
  guint64 thin_sizes[RILL_N_PART_KINDS];
} Bar;

/* Decimal points whatever the locale. */
static void
append_number (GString    *svg,
               const char *before,
               double      value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (svg, before);
  g_string_append (svg, g_ascii_formatd (text, sizeof text, "%.2f", value));
}

/* XML has no way to write most control characters, not even an escape. */
static void
append_escaped (GString    *svg,
                const char *text,
                const char *end)
{
  for (; text < end; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);
      if (c == '&')
        g_string_append (svg, "&amp;");
      else if (c == '<')
        g_string_append (svg, "&lt;");
      else if (c == '>')
        g_string_append (svg, "&gt;");
      else if ((c < 0x20 && c != '\n') || c == 0x7f || (c & 0xfffe) == 0xfffe)
        g_string_append_unichar (svg, 0xfffd);
      else
        g_string_append_unichar (svg, c);
    }
}

/* Without a font nothing is exact: these are those of a wide one. */
static double
estimate_width (gunichar c,
                gint     size)
{
  if (g_unichar_iswide (c))
    return 1.1 * size;
  return (g_unichar_isupper (c) || c > 0x2000 ? 0.78 : 0.63) * size;
}

static double
estimate_text (const char *text,
               gint        size)
{
  double width = 0.0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += estimate_width (g_utf8_get_char (text), size);
  return width;
}

/* As much as there is room for. */
static void
append_fitting (GString    *svg,
                const char *text,
                gint        size,
                double      room)
{
  double width = estimate_width (0x2026, size);
  const char *end = text;

  if (estimate_text (text, size) <= room)
    {
      append_escaped (svg, text, text + strlen (text));
      return;
    }
  for (; width + estimate_width (g_utf8_get_char (end), size) <= room; end = g_utf8_next_char (end))
    width += estimate_width (g_utf8_get_char (end), size);
  append_escaped (svg, text, end);
  g_string_append (svg, "…");
}

static void
append_line (GString    *svg,
             double      x,
             gint        y,
             const char *attributes,
             gint        size,
             const char *text)
{
  append_number (svg, "<text x=\"", x);
  g_string_append_printf (svg, "\" y=\"%d\" font-size=\"%d\" %s>", y, size, attributes);
  append_fitting (svg, text, size, BAR_WIDTH);
  g_string_append (svg, "</text>\n");
}

static char *
describe_shape (const RillObjectRecord *object)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < object->n_dims; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? " × " : "", object->dims[i]);
  return g_string_free (text, FALSE);
}

static void
append_object (GString                *text,
               const RillObjectRecord *object)
{
  if (object->is_image)
    {
      g_autofree char *shape = describe_shape (object);
      g_string_append_printf (text, "\n%s %s", shape, object->channel_type);
    }
  g_string_append_printf (text, "\n%s", object->usage_names);
}

/* What is shown while the pointer is over a part. */
static char *
describe_part (const Bar      *bar,
               const RillSnapshotPart *part)
{
  const RillObjectRecord *object = part->object;
  GString *text = g_string_new (NULL);
  g_autofree char *size = rill_format_size (part->size);
  const char *kind = rill_part_kind_get_name (part->kind);

  if (object != NULL && object->name != NULL)
    g_string_append_printf (text, "%s\n", object->name);
  if (object != NULL && object->closed)
    kind = object->is_image ? "closed image, still held" : "closed buffer, still held";
  else if (part->kind == RILL_PART_HELD)
    kind = "closed, still held";
  g_string_append_printf (text, "%s, %s", kind, size);
  if (part->size >= 1000)
    g_string_append_printf (text, " (%" G_GUINT64_FORMAT " bytes)", part->size);
  g_string_append_printf (text, "\npage %u, offset %" G_GUINT64_FORMAT, bar->page, part->offset);
  if (object != NULL)
    {
      g_string_append_printf (text, "\n%" G_GUINT64_FORMAT " bytes of padding before it",
                              object->left_padding);
      append_object (text, object);
    }
  return g_string_free (text, FALSE);
}

static void
append_rect (Bar          *bar,
             guint64       offset,
             guint64       size,
             RillPartKind  kind,
             const char   *title)
{
  double width = (double) size * bar->scale;

  if (width < INVISIBLE)
    return;
  append_number (bar->svg, "<rect x=\"", MARGIN + (double) offset * bar->scale);
  append_number (bar->svg, "\" width=\"", width);
  g_string_append_printf (bar->svg, "\" y=\"%d\" height=\"%d\" fill=\"%s\"", bar->y, bar->height,
                          styles[kind].fill);
  if (width >= SEPARATED)
    g_string_append (bar->svg, " stroke=\"#ffffff\" stroke-width=\"0.8\"");
  g_string_append (bar->svg, "><title>");
  append_escaped (bar->svg, title, title + strlen (title));
  g_string_append (bar->svg, "</title></rect>\n");
}

static void
append_label (Bar            *bar,
              const RillSnapshotPart *part)
{
  gboolean is_named = part->object != NULL && part->object->name != NULL;
  g_autofree char *size = rill_format_size (part->size);
  const char *label = is_named ? part->object->name : size;
  double width = (double) part->size * bar->scale;
  double room = width - 8.0;

  if (bar->height < BAR_HEIGHT || (is_named ? room < 40.0 : room < estimate_text (label, TEXT_SIZE)))
    return;
  append_number (bar->labels, "<text x=\"", MARGIN + ((double) part->offset * bar->scale) + width / 2.0);
  g_string_append_printf (bar->labels, "\" y=\"%d\" fill=\"%s\">", bar->y + 17, styles[part->kind].text);
  append_fitting (bar->labels, label, TEXT_SIZE, room);
  g_string_append (bar->labels, "</text>\n");
}

static void
append_part (Bar            *bar,
             const RillSnapshotPart *part)
{
  g_autofree char *title = describe_part (bar, part);

  append_rect (bar, part->offset, part->size, part->kind, title);
  append_label (bar, part);
}

static char *
describe_thin (const Bar *bar)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%u ranges", bar->n_thin);
  for (guint i = 0; i < RILL_N_PART_KINDS; i++)
    if (bar->thin_sizes[i] > 0)
      {
        g_autofree char *size = rill_format_size (bar->thin_sizes[i]);
        g_string_append_printf (text, "\n%s: %s", styles[i].label, size);
      }
  g_string_append_printf (text, "\npage %u, from offset %" G_GUINT64_FORMAT, bar->page,
                          bar->first_thin->offset);
  return g_string_free (text, FALSE);
}

/* They have the colour of what there is most of. */
static void
flush_thin (Bar *bar)
{
  g_autofree char *title = NULL;
  RillPartKind kind = RILL_PART_BUFFER;

  if (bar->n_thin == 0)
    return;
  for (guint i = 0; i < RILL_N_PART_KINDS; i++)
    if (bar->thin_sizes[i] > bar->thin_sizes[kind])
      kind = (RillPartKind) i;
  title = bar->n_thin == 1 ? describe_part (bar, bar->first_thin) : describe_thin (bar);
  append_rect (bar, bar->first_thin->offset, bar->thin_end - bar->first_thin->offset, kind, title);
  bar->n_thin = 0;
  memset (bar->thin_sizes, 0, sizeof bar->thin_sizes);
}

static void
add_thin (Bar            *bar,
          const RillSnapshotPart *part)
{
  if (bar->n_thin++ == 0)
    bar->first_thin = part;
  bar->thin_end = part->offset + part->size;
  bar->thin_sizes[part->kind] += part->size;
  if ((double) (bar->thin_end - bar->first_thin->offset) * bar->scale >= THIN)
    flush_thin (bar);
}

static void
append_bar (GString                *svg,
            const RillSnapshotPage *page,
            double                  scale,
            gint                    y,
            gint                    height)
{
  g_autoptr (GString) labels = g_string_new (NULL);
  Bar bar = {
    .svg = svg,
    .labels = labels,
    .page = page->page->index,
    .scale = scale,
    .y = y,
    .height = height,
  };

  for (guint i = 0; i < page->n_parts; i++)
    {
      const RillSnapshotPart *part = &page->parts[i];
      if ((double) part->size * scale < THIN)
        {
          add_thin (&bar, part);
          continue;
        }
      flush_thin (&bar);
      append_part (&bar, part);
    }
  flush_thin (&bar);
  append_number (svg, "<rect x=\"", MARGIN);
  append_number (svg, "\" width=\"", MAX (1.0, (double) page->page->size * scale));
  g_string_append_printf (svg, "\" y=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#1d2329\" "
                          "stroke-width=\"0.8\"/>\n",
                          y, height);
  if (labels->len > 0)
    g_string_append_printf (svg, "<g text-anchor=\"middle\" font-size=\"%d\" pointer-events=\"none\">\n"
                            "%s</g>\n",
                            TEXT_SIZE, labels->str);
}

static guint
get_percent (double part)
{
  return (guint) (part * 100.0 + 0.5);
}

/* Of a page, or of all. */
static void
append_statistics (GString                    *text,
                   const RillMemoryStatistics *statistics)
{
  g_autofree char *used = rill_format_size (statistics->used_size);
  g_autofree char *free = rill_format_size (statistics->free_size);
  g_autofree char *largest = rill_format_size (statistics->largest_free_size);

  if (statistics->object_count == 0)
    g_string_append (text, "no object, ");
  else
    g_string_append_printf (text, "%u object%s of %s, ", statistics->object_count,
                            statistics->object_count == 1 ? "" : "s", used);
  if (statistics->free_range_count == 0)
    g_string_append (text, "nothing free");
  else if (statistics->free_range_count == 1)
    g_string_append_printf (text, "%s free in one range", free);
  else
    g_string_append_printf (text, "%s free in %u ranges, the largest of %s, fragmentation %u %%", free,
                            statistics->free_range_count, largest, get_percent (statistics->fragmentation));
}

static char *
describe_page (const RillPageRecord *page)
{
  GString *text = g_string_new (NULL);
  g_autofree char *size = rill_format_size (page->size);

  g_string_append_printf (text, "page %u, %s: ", page->index, size);
  if (page->own)
    g_string_append (text, "of one object's own");
  else
    append_statistics (text, &page->statistics);
  return g_string_free (text, FALSE);
}

static char *
describe_totals (const RillMemorySnapshot *snapshot)
{
  GString *text = g_string_new (NULL);
  g_autofree char *size = rill_format_size (snapshot->statistics.reserved_size);

  g_string_append_printf (text, "%u page%s, %s: ", snapshot->statistics.page_count,
                          snapshot->statistics.page_count == 1 ? "" : "s", size);
  append_statistics (text, &snapshot->statistics);
  return g_string_free (text, FALSE);
}

static gint
append_legend (GString                  *svg,
               const RillMemorySnapshot *snapshot,
               gint                      y)
{
  double x = MARGIN;

  for (guint i = 0; i < RILL_N_PART_KINDS; i++)
    {
      const RillPartSum *sum = &snapshot->sums[i];
      g_autofree char *size = rill_format_size (sum->size);
      g_autofree char *text = sum->count == 0
                                ? g_strdup (styles[i].label)
                                : g_strdup_printf ("%s: %u, %s", styles[i].label, sum->count, size);
      double width = SWATCH + 6 + estimate_text (text, TEXT_SIZE);

      if (x + width > WIDTH - MARGIN)
        {
          x = MARGIN;
          y += LINE_HEIGHT;
        }
      append_number (svg, "<rect x=\"", x);
      g_string_append_printf (svg, "\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#1d2329\" "
                              "stroke-width=\"0.5\"/>\n",
                              y - SWATCH + 2, SWATCH, SWATCH, styles[i].fill);
      append_line (svg, x + SWATCH + 6, y, "fill=\"#1d2329\"", TEXT_SIZE, text);
      x += width + 14;
    }
  return y + LINE_HEIGHT;
}

/* What a place in a bar is worth: offsets in the largest page. */
static gint
append_scale (GString *svg,
              guint64  largest,
              gint     y)
{
  static const char * const anchors[] = { "start", "middle", "middle", "middle", "end" };

  for (guint i = 0; i < G_N_ELEMENTS (anchors); i++)
    {
      guint64 offset = (guint64) ((double) largest * i / 4.0);
      g_autofree char *size = i == 0 ? g_strdup ("0") : rill_format_size (offset);
      g_autofree char *attributes = g_strdup_printf ("fill=\"#59626d\" text-anchor=\"%s\"", anchors[i]);
      double x = MARGIN + BAR_WIDTH * (double) i / 4.0;

      append_line (svg, x, y, attributes, 11, size);
      append_number (svg, "<path d=\"M", x);
      g_string_append_printf (svg, " %dv6\" stroke=\"#59626d\" stroke-width=\"0.8\"/>\n", y + 4);
    }
  return y + 10;
}

static guint64
get_largest_size (const RillMemorySnapshot *snapshot)
{
  guint64 largest = 1;

  for (guint i = 0; i < snapshot->pages->len; i++)
    largest = MAX (largest, g_array_index (snapshot->pages, RillSnapshotPage, i).page->size);
  return largest;
}

static gint
append_pages (GString                  *svg,
              const RillMemorySnapshot *snapshot,
              gint                      y)
{
  guint64 largest = get_largest_size (snapshot);
  double scale = BAR_WIDTH / (double) largest;
  guint n_pages = snapshot->pages->len;
  gboolean low = n_pages > MAX_PAGES_WITH_TEXT;
  gint height = low ? CLAMP (MAX_HEIGHT / (gint) n_pages, MIN_PAGE_HEIGHT, LOW_PAGE_HEIGHT) : PAGE_HEIGHT;

  if (n_pages == 0)
    {
      append_line (svg, MARGIN, y, "fill=\"#59626d\"", TEXT_SIZE, "There is no page.");
      return y + LINE_HEIGHT;
    }
  y = append_scale (svg, largest, y);
  for (guint i = 0; i < n_pages; i++, y += height)
    {
      const RillSnapshotPage *page = &g_array_index (snapshot->pages, RillSnapshotPage, i);
      g_autofree char *text = low ? NULL : describe_page (page->page);
      if (low)
        {
          append_bar (svg, page, scale, y + 1, height - 1 - height / 6);
          continue;
        }
      append_line (svg, MARGIN, y + LINE_HEIGHT, "fill=\"#1d2329\"", TEXT_SIZE, text);
      append_bar (svg, page, scale, y + LINE_HEIGHT + 6, BAR_HEIGHT);
    }
  return y;
}

static char *
draw (const RillMemorySnapshot *snapshot)
{
  g_autoptr (GString) body = g_string_new (NULL);
  GString *svg = g_string_new (NULL);
  g_autofree char *title = g_strdup_printf ("Memory of type %u: %s", snapshot->type_index, snapshot->flags);
  g_autofree char *page_size = rill_format_size (snapshot->page_size);
  g_autofree char *device = g_strdup_printf ("%s, heap %u; page size %s", snapshot->device,
                                             snapshot->heap_index, page_size);
  g_autofree char *totals = describe_totals (snapshot);
  gint y;

  append_line (body, MARGIN, 32, "font-weight=\"bold\" fill=\"#1d2329\"", 16, title);
  append_line (body, MARGIN, 52, "fill=\"#59626d\"", TEXT_SIZE, device);
  append_line (body, MARGIN, 78, "fill=\"#1d2329\"", TEXT_SIZE, totals);
  y = append_legend (body, snapshot, 104);
  y = append_pages (body, snapshot, y + 12);

  g_string_append_printf (svg,
                          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                          "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n"
                          "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                          WIDTH, y + MARGIN, WIDTH, y + MARGIN, WIDTH, y + MARGIN);
  g_string_append_len (svg, body->str, (gssize) body->len);
  g_string_append (svg, "</svg>\n");
  return g_string_free (svg, FALSE);
}

/**
 * rill_memory_to_svg:
 * @memory: a memory
 * @error: return location for an error
 *
 * Draws what lies in the memory: a bar for each page, as long as the page is large.
 *
 * Buffers, images, padding and free ranges have colours of their own, and so have closed objects whose
 * range is not free yet. A browser shows the name, the kind, the size, the offset and the padding of what
 * the pointer is over. Neighbours that are too thin to be seen are drawn as one. The text is an SVG image
 * that needs no other file.
 *
 * What other threads allocate and close meanwhile may be in it or not. Takes time in the number of objects.
 *
 * Errors: %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED, %RILL_VULKAN_ERROR_DEVICE_LOST.
 *
 * Returns: (transfer full): the text
 */
char *
rill_memory_to_svg (RillMemory  *memory,
                    GError     **error)
{
  g_autoptr (RillMemorySnapshot) snapshot = NULL;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);

  snapshot = rill_memory_snapshot_new (memory, error);
  return snapshot != NULL ? draw (snapshot) : NULL;
}
