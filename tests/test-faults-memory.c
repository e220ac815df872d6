/* SPDX-License-Identifier: MIT */

/* Scenarios without transfers: sessions, memories, objects of every kind, mappings. */

#include "test-faults.h"

#include "session/rill-instance-private.h"

#define PAGE_SIZE (64 * 1024)

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FaultRun *run = user_data;

  run->session = FAULTS_NEW (run, rill_session_open_finish (result, &run->error));
  if (run->session != NULL)
    faults_watch (run, run->session);
  run->pending--;
}

/* The first of all: the instance for enumeration is made as well. */
static void
run_open (FaultRun *run)
{
  rill_instance_drop_shared ();
  run->session = faults_open_session (run);
}

static void
run_open_async (FaultRun *run)
{
  run->pending++;
  rill_session_open_async (NULL, RILL_SESSION_VALIDATION, NULL, opened_cb, run);
}

static void
run_memory (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE_SIZE);
  g_autoptr (RillMemory) apart = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, 0);
  g_autoptr (RillBuffer) shared = faults_buffer (run, memory, 1000);
  g_autoptr (RillBuffer) large = faults_buffer (run, memory, 2 * PAGE_SIZE);
  g_autoptr (RillBuffer) own = faults_buffer (run, apart, 4321);
  g_autoptr (RillBuffer) like = NULL;

  if (memory != NULL && own != NULL)
    like = FAULTS_NEW (run, rill_memory_create_buffer_like (memory, RILL_RESOURCE (own),
                                                            RILL_BUFFER_USAGE_VERTEX,
                                                            &run->error));
  if (shared != NULL)
    rill_resource_set_name (RILL_RESOURCE (shared), "shared");
  if (large != NULL)
    rill_resource_close (RILL_RESOURCE (large));
}

static void
run_usage (FaultRun *run)
{
  for (guint usage = RILL_MEMORY_USAGE_DEVICE_ONLY; usage <= RILL_MEMORY_USAGE_DOWNLOAD; usage++)
    {
      g_autoptr (RillMemory) memory =
        FAULTS_NEW (run, rill_session_get_memory_for_usage (run->session, usage, &run->error));
      g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, 100);
    }
}

static RillImage *
new_image (FaultRun            *run,
           RillMemory          *memory,
           RillChannelType      type,
           RillImageUsageFlags  usage,
           gsize                n_dims,
           const guint         *shape)
{
  return FAULTS_NEW (run, rill_memory_create_image (memory, shape, n_dims, type, usage,
                                                    &run->error));
}

static void
run_images (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                 4 * PAGE_SIZE);
  g_autoptr (RillImage) row = NULL;
  g_autoptr (RillImage) photograph = NULL;
  g_autoptr (RillImage) volume = NULL;
  g_autoptr (RillImage) target = NULL;

  if (memory == NULL)
    return;
  row = new_image (run, memory, RILL_CHANNEL_TYPE_FLOAT32, RILL_IMAGE_USAGE_NONE, 1,
                   (guint[]) { 100 });
  photograph = new_image (run, memory, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE, 3,
                          (guint[]) { 20, 30, 3 });
  volume = new_image (run, memory, RILL_CHANNEL_TYPE_UINT16, RILL_IMAGE_USAGE_STORAGE, 4,
                      (guint[]) { 3, 4, 5, 2 });
  target = new_image (run, memory, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_COLOR_ATTACHMENT, 3,
                      (guint[]) { 8, 8, 4 });
  if (volume != NULL)
    rill_resource_set_name (RILL_RESOURCE (volume), "volume");
}

static void
run_views (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                 4 * PAGE_SIZE);
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImageView) nearest = NULL;
  g_autoptr (RillImageView) linear = NULL;

  if (memory != NULL)
    image = new_image (run, memory, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE, 3,
                       (guint[]) { 6, 7, 3 });
  if (image == NULL)
    return;
  nearest = FAULTS_NEW (run, rill_image_create_view (image, RILL_FILTER_MODE_NEAREST,
                                                     RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE,
                                                     &run->error));
  linear = FAULTS_NEW (run, rill_image_create_view_with_address_modes (
                              image, RILL_FILTER_MODE_LINEAR, RILL_ADDRESS_MODE_REPEAT,
                              RILL_ADDRESS_MODE_MIRRORED_REPEAT, RILL_ADDRESS_MODE_CLAMP_TO_BORDER,
                              TRUE, TRUE, &run->error));
  if (linear != NULL)
    rill_image_view_close (linear);
}

/* Writes through a mapping, and reads what was written through another. */
static void
map_and_check (FaultRun   *run,
               RillBuffer *buffer)
{
  g_autoptr (RillMapping) write =
    FAULTS_NEW (run, rill_buffer_map (buffer, RILL_MAP_READ | RILL_MAP_WRITE, &run->error));
  g_autoptr (RillMapping) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) content = NULL;
  guintptr address;

  if (write == NULL)
    return;
  address = rill_mapping_get_address (write, &run->error);
  if (!FAULTS_DO (run, address != 0))
    return;
  memset ((gpointer) address, 0x5a, rill_mapping_get_size (write));
  rill_mapping_close (write);

  content = FAULTS_NEW (run, rill_buffer_read_bytes (buffer, 0, -1, NULL, &run->error));
  read = FAULTS_NEW (run, rill_buffer_map_range (buffer, RILL_MAP_READ, 10, 500, &run->error));
  if (read != NULL)
    bytes = FAULTS_NEW (run, rill_mapping_get_bytes (read, &run->error));
  if (bytes != NULL)
    faults_expect (((const guint8 *) g_bytes_get_data (bytes, NULL))[499] == 0x5a,
                   "a mapping shows what was not written");
  if (content != NULL)
    faults_expect (((const guint8 *) g_bytes_get_data (content, NULL))[777] == 0x5a,
                   "what was written through a mapping has not arrived");
}

static void
mapped_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FaultRun *run = user_data;
  g_autoptr (RillMapping) mapping =
    rill_buffer_map_finish (RILL_BUFFER (source), result, &run->error);

  FAULTS_DO (run, mapping != NULL);
  run->pending--;
}

/* In the type of memory that caches, which need not be coherent, after work of the device. */
static void
run_map (FaultRun *run)
{
  g_autoptr (RillMemory) memory =
    FAULTS_NEW (run, rill_session_get_memory_for_usage (run->session, RILL_MEMORY_USAGE_DOWNLOAD,
                                                        &run->error));
  g_autoptr (RillBuffer) buffer = faults_buffer (run, memory, 1000);
  g_autoptr (RillBuffer) from = faults_buffer (run, memory, 1000);

  if (buffer == NULL || from == NULL)
    return;
  FAULTS_DO (run, rill_buffer_fill (from, 0, -1, 1, NULL, &run->error));
  FAULTS_DO (run, rill_buffer_copy_to (from, 0, buffer, 0, -1, NULL, &run->error));
  map_and_check (run, buffer);
  FAULTS_DO (run, rill_buffer_copy_to (from, 0, buffer, 0, 100, NULL, &run->error));
  run->pending++;
  rill_buffer_map_async (buffer, RILL_MAP_READ, 0, NULL, mapped_cb, run);
  faults_wait (run);
}

/* A page whose last object goes is kept, the others are released. */
static void
run_trim (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL, PAGE_SIZE);
  RillBuffer *buffers[3];
  g_autoptr (RillBuffer) last = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    buffers[i] = faults_buffer (run, memory, PAGE_SIZE * 3 / 4);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    g_clear_object (&buffers[i]);
  if (memory == NULL)
    return;
  faults_expect (rill_memory_get_page_count (memory) <= 1, "more than one empty page is kept");
  FAULTS_DO (run, rill_memory_trim (memory, &run->error));
  faults_expect (rill_memory_get_page_count (memory) == 0, "an empty page was not trimmed");
  last = faults_buffer (run, memory, 100);
  rill_memory_close (memory);
}

/* Where memory has run out, an empty page of another memory makes room. */
static void
run_full (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE_SIZE);
  g_autoptr (RillMemory) other = faults_memory (run, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PAGE_SIZE);
  g_autoptr (RillBuffer) buffer = NULL;
  RillBuffer *gone = faults_buffer (run, other, 100);

  g_clear_object (&gone);
  buffer = faults_buffer (run, memory, 100);
}

/* What stays, buffers and an image with a view, is alone in its page. */
static void
make_sparse (FaultRun    *run,
             RillMemory  *memory,
             RillBuffer  *buffers[3],
             RillImage  **image)
{
  RillBuffer *fillers[3] = { NULL };

  for (guint i = 0; i < 3 && memory != NULL; i++)
    {
      buffers[i] = faults_buffer (run, memory, 5000);
      fillers[i] = faults_buffer (run, memory, 4 * PAGE_SIZE - 3 * 5000);
      if (buffers[i] != NULL)
        FAULTS_DO (run, rill_buffer_fill (buffers[i], 0, -1, (guint8) (i + 1), NULL, &run->error));
    }
  if (memory != NULL)
    *image = new_image (run, memory, RILL_CHANNEL_TYPE_UNORM8, RILL_IMAGE_USAGE_NONE, 3,
                        (guint[]) { 20, 30, 3 });
  if (*image != NULL)
    FAULTS_DO (run, rill_image_clear (*image, NULL, &run->error));
  for (guint i = 0; i < 3; i++)
    g_clear_object (&fillers[i]);
}

/* Whether it has succeeded or not, everything is as it was. */
static void
run_compact (FaultRun *run)
{
  g_autoptr (RillMemory) memory = faults_memory (run, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                 4 * PAGE_SIZE);
  RillBuffer *buffers[3] = { NULL };
  g_autoptr (RillImage) image = NULL;
  g_autoptr (RillImageView) view = NULL;

  make_sparse (run, memory, buffers, &image);
  if (image != NULL)
    view = FAULTS_NEW (run, rill_image_create_view (image, RILL_FILTER_MODE_NEAREST,
                                                    RILL_ADDRESS_MODE_CLAMP_TO_EDGE, FALSE, FALSE,
                                                    &run->error));
  if (memory != NULL)
    FAULTS_DO (run, rill_memory_compact (memory, NULL, &run->error));
  for (guint i = 0; i < 3; i++)
    {
      guint8 data[5000] = { 0 };

      if (buffers[i] != NULL && run->errors->len == 0
          && FAULTS_DO (run, rill_buffer_read_data (buffers[i], 0, data, sizeof data, NULL,
                                                    &run->error)))
        faults_expect (data[0] == i + 1 && data[4999] == i + 1, "a buffer has lost its content");
      g_clear_object (&buffers[i]);
    }
  if (image != NULL && run->errors->len == 0)
    {
      g_autoptr (GBytes) content = FAULTS_NEW (run, rill_image_read_bytes (image, NULL,
                                                                           &run->error));
      faults_expect (content == NULL
                       || ((const guint8 *) g_bytes_get_data (content, NULL))[1799] == 0,
                     "an image has lost its content");
    }
}

const FaultScenario faults_memory_scenarios[] = {
  { .name = "open", .sessions = FAULTS_NO_SESSION, .run = run_open },
  { .name = "open-async", .sessions = FAULTS_NO_SESSION, .run = run_open_async },
  { .name = "memory", .run = run_memory },
  { .name = "usage", .run = run_usage },
  { .name = "images", .run = run_images },
  { .name = "views", .run = run_views },
  { .name = "map", .run = run_map },
  { .name = "trim", .run = run_trim },
  { .name = "full", .run = run_full },
  { .name = "compact", .run = run_compact },
  { .name = NULL },
};
