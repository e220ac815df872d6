/* SPDX-License-Identifier: MIT */

/* Eight threads do everything with objects of shared memories, and hand the objects to each
 * other, knowing what must be in them. What every thread does is decided by its seed. */

#include "rill-test-stress.h"
#include "rill-test-vulkan.h"

#define N_THREADS 8
#define N_OPERATIONS 400
#define N_BORROWED 3 /* memories that come and go, at once; some devices have few allocations */
#define CELL 256
#define N_CELLS 4
#define PART 8192
#define MIB (1024 * 1024)

static const char source[] =
  GLSL ("layout (local_size_x = 64) in;\n"
        "layout (push_constant) uniform Parameters { uint n; uint added; } parameters;\n"
        "layout (binding = 0) buffer Words { uint data[]; } words;\n"
        "void main ()\n"
        "{\n"
        "  uint i = gl_GlobalInvocationID.x;\n"
        "  if (i < parameters.n)\n"
        "    words.data[i] = 3 * words.data[i] + parameters.added;\n"
        "}\n");

/* TRUE also where another has it, which is legal for what is shared, and only for that. */
static gboolean
shared (Worker   *self,
        gboolean  done,
        GError  **error)
{
  if (done)
    g_atomic_int_inc (&self->stress->n_shared);
  else if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_BUSY))
    return FALSE;
  else
    g_atomic_int_inc (&self->stress->n_busy);
  g_clear_error (error);
  return TRUE;
}

/* Copying and computing */

static gboolean
run (Worker             *self,
     RillCommandBuffer  *command_buffer,
     GError            **error)
{
  RillTestAsync async = { NULL };
  gboolean done;

  if (random_below (self, 2) == 0)
    return rill_command_buffer_run (command_buffer, NULL, error);
  rill_command_buffer_run_async (command_buffer, NULL, rill_test_async_cb, &async);
  done = rill_command_buffer_run_finish (command_buffer, wait_async (self, &async), error);
  g_object_unref (async.result);
  return done;
}

static gboolean
copy_content (Worker        *self,
              RillResource  *from,
              RillResource  *to,
              GError       **error)
{
  g_autoptr (RillCommandBuffer) command_buffer = NULL;
  gboolean is_image = RILL_IS_IMAGE (from), recorded;

  if (random_below (self, 2) == 0)
    return is_image
             ? rill_image_copy_to (RILL_IMAGE (from), RILL_IMAGE (to), NULL, error)
             : rill_buffer_copy_to (RILL_BUFFER (from), 0, RILL_BUFFER (to), 0, -1, NULL, error);

  command_buffer = rill_session_create_command_buffer (self->stress->session, error);
  if (command_buffer == NULL)
    return FALSE;
  watch (command_buffer, &self->stress->n_alive);
  if (is_image)
    recorded = rill_command_buffer_copy_image (command_buffer, RILL_IMAGE (from), RILL_IMAGE (to),
                                               error);
  else
    recorded = rill_command_buffer_copy_buffer (command_buffer, RILL_BUFFER (from), 0,
                                                RILL_BUFFER (to), 0, -1, error);
  return recorded && run (self, command_buffer, error);
}

/* The copy takes the place of the item. */
static gboolean
copy (Worker  *self,
      Item   **slot,
      GError **error)
{
  Item *item = *slot;
  gboolean is_image = RILL_IS_IMAGE (item->resource);
  RillResource *resource;

  if (is_image)
    {
      gsize n_dims;
      g_autofree guint *shape = rill_image_get_shape (RILL_IMAGE (item->resource), &n_dims);
      resource = (RillResource *) rill_memory_create_image (
        self->stress->memories[1], shape, n_dims,
        rill_image_get_channel_type (RILL_IMAGE (item->resource)), RILL_IMAGE_USAGE_NONE, error);
    }
  else
    resource = (RillResource *) rill_memory_create_buffer_like (
      self->stress->memories[random_below (self, 2)], item->resource, RILL_BUFFER_USAGE_NONE,
      error);
  if (resource == NULL)
    return FALSE;

  *slot = item_new (self, resource, item->content);
  if (!copy_content (self, item->resource, resource, error))
    {
      item_free (item);
      return FALSE;
    }
  item_discard (self, item);
  return verify (self, *slot, error);
}

/* From the image that all threads copy from. */
static gboolean
copy_picture (Worker  *self,
              Item   **slot,
              GError **error)
{
  const Picture *picture = &pictures[0];
  RillImage *image = rill_memory_create_image (self->stress->memories[1], picture->shape,
                                               picture->n_dims, picture->type,
                                               RILL_IMAGE_USAGE_NONE, error);

  if (image == NULL)
    return FALSE;
  item_discard (self, *slot);
  *slot = item_new (self, image, self->stress->painted);
  return copy_content (self, RILL_RESOURCE (self->stress->picture), RILL_RESOURCE (image), error)
         && verify (self, *slot, error);
}

static gboolean
dispatch (Worker  *self,
          Item    *item,
          GError **error)
{
  gsize size = g_bytes_get_size (item->content);
  const guint32 parameters[] = { (guint32) (size / 4), g_rand_int (self->rand) };
  g_autoptr (GBytes) pushed = g_bytes_new (parameters, sizeof parameters);
  guint32 *words = g_memdup2 (g_bytes_get_data (item->content, NULL), size);
  g_autoptr (GBytes) content = NULL;
  g_autoptr (RillCommandBuffer) command_buffer = NULL;

  for (guint32 i = 0; i < parameters[0]; i++)
    words[i] = 3 * words[i] + parameters[1];
  content = g_bytes_new_take (words, size);
  set_content (item, content);

  command_buffer = rill_session_create_command_buffer (self->stress->session, error);
  if (command_buffer == NULL)
    return FALSE;
  watch (command_buffer, &self->stress->n_alive);
  return rill_compute_node_bind (self->node, "words", G_OBJECT (item->resource), error)
         && rill_compute_node_set_push_constants (self->node, pushed, error)
         && rill_compute_node_set_global_size (self->node, parameters[0], 1, 1, error)
         && rill_command_buffer_dispatch (command_buffer, self->node, error)
         && run (self, command_buffer, error) && verify (self, item, error);
}

/* What is shared at the same time */

static gboolean
use_part (Worker  *self,
          GError **error)
{
  RillBuffer *parts = self->stress->parts;
  guint64 offset = (guint64) self->index * 2 * PART;
  g_autoptr (GBytes) bytes = random_bytes (self, PART);
  g_autoptr (GBytes) content = NULL;

  if (!write_buffer (self, parts, offset, bytes, error)
      || !rill_buffer_copy_to (parts, offset, parts, offset + PART, PART, NULL, error))
    return FALSE;
  content = rill_buffer_read_bytes (parts, offset + PART, PART, NULL, error);
  g_assert_true (content == NULL || g_bytes_equal (content, bytes));
  return content != NULL;
}

/* Who has a cell to write has it alone. */
static gboolean
use_contested (Worker  *self,
               GError **error)
{
  guint64 offset = (guint64) random_below (self, N_CELLS) * CELL;
  RillMapFlags flags = random_below (self, 3) == 0 ? RILL_MAP_WRITE : RILL_MAP_READ;
  g_autoptr (RillMapping) mapping =
    rill_buffer_map_range (self->stress->contested, flags, offset, CELL, error);
  guint8 *cell;

  if (mapping == NULL)
    return shared (self, FALSE, error);
  cell = (guint8 *) rill_mapping_get_address (mapping, error);
  if (cell == NULL)
    return FALSE;
  g_thread_yield ();
  for (guint i = 1; i < CELL; i++)
    g_assert_cmpuint (cell[i], ==, cell[0]);
  if (flags == RILL_MAP_WRITE)
    memset (cell, (int) random_below (self, 256), CELL);
  return shared (self, TRUE, error);
}

/* One node for all. What it computes is looked at where each has its own. */
static gboolean
use_shared_node (Worker  *self,
                 Item    *item,
                 GError **error)
{
  RillComputeNode *node = self->stress->node;
  const guint32 parameters[] = { 0, self->index };
  g_autoptr (GBytes) pushed = g_bytes_new (parameters, sizeof parameters);
  g_autoptr (RillCommandBuffer) command_buffer =
    rill_session_create_command_buffer (self->stress->session, error);

  if (command_buffer == NULL)
    return FALSE;
  watch (command_buffer, &self->stress->n_alive);
  if (!RILL_IS_BUFFER (item->resource))
    return TRUE;
  return shared (self, rill_compute_node_bind (node, "words", G_OBJECT (self->stress->parts), error)
                         && rill_compute_node_set_push_constants (node, pushed, error)
                         && rill_compute_node_set_global_size (node, 64, 1, 1, error)
                         && rill_command_buffer_dispatch (command_buffer, node, error)
                         && rill_command_buffer_run (command_buffer, NULL, error), error);
}

/* Another may be measuring again by the time that it is looked at. */
static gboolean
measure (Worker  *self,
         GError **error)
{
  RillDuration *duration = self->stress->duration;
  g_autoptr (RillCommandBuffer) command_buffer =
    rill_session_create_command_buffer (self->stress->session, error);

  if (command_buffer == NULL)
    return FALSE;
  watch (command_buffer, &self->stress->n_alive);
  return rill_command_buffer_begin_duration (command_buffer, duration, error)
         && rill_command_buffer_end_duration (command_buffer, duration, error)
         && run (self, command_buffer, error)
         && shared (self, rill_duration_get_nanoseconds (duration, error) >= 0, error);
}

/* What tells of objects that others work with. Only when the session has been closed is nothing
 * there. */
static gboolean
look (Worker  *self,
      GError **error)
{
  Stress *stress = self->stress;
  RillMemory *memory = stress->memories[random_below (self, 2)];
  guint64 reserved_size = rill_memory_get_reserved_size (memory);
  guint64 used_size = rill_memory_get_used_size (memory);
  guint page_count = rill_memory_get_page_count (memory);
  g_autofree char *old_name = rill_resource_dup_name (RILL_RESOURCE (stress->parts));
  g_autofree char *name = g_strdup_printf ("parts of %u", self->index);
  g_autoptr (RillAllocationInfo) info =
    rill_resource_get_allocation_info (RILL_RESOURCE (stress->parts));
  g_autoptr (RillMemoryStatistics) statistics = rill_memory_calculate_statistics (memory, error);

  if (statistics == NULL)
    return FALSE;
  g_assert_cmpuint (reserved_size, >, 0);
  g_assert_cmpuint (used_size, >, 0);
  g_assert_cmpuint (page_count, >, 0);
  g_assert_nonnull (info);
  g_assert_cmpuint (statistics->used_size + statistics->free_size, <=, statistics->reserved_size);
  g_assert_true (old_name == NULL || g_str_has_prefix (old_name, "parts of "));
  rill_resource_set_name (RILL_RESOURCE (stress->parts), name);
  return rill_memory_trim (memory, error)
         && (random_below (self, 2) == 0
             || rill_session_wait_idle (stress->session, NULL, error));
}

static gboolean
compile (Worker  *self,
         GError **error)
{
  RillProgram *program =
    rill_session_create_program_from_glsl (self->stress->session, source, NULL, NULL, error);

  if (program == NULL)
    return FALSE;
  watch (program, &self->stress->n_alive);
  g_async_queue_push (self->stress->trash, program);
  return TRUE;
}

/* A memory that is dropped before its buffer, both by other threads. */
static gboolean
use_own_memory (Worker  *self,
                GError **error)
{
  Stress *stress = self->stress;
  RillMemory *memory;
  Item *item;

  if (g_atomic_int_get (&stress->n_borrowed) >= N_BORROWED)
    return TRUE;
  memory = rill_session_create_memory (stress->session, RILL_MEMORY_PROPERTY_HOST_VISIBLE, PART,
                                       FALSE, error);
  if (memory == NULL)
    return FALSE;
  watch (memory, &stress->n_borrowed);
  item = create_buffer (self, memory, error);
  if (item != NULL && random_below (self, 4) == 0)
    rill_memory_close (memory);
  g_async_queue_push (stress->trash, memory);
  if (item == NULL)
    return FALSE;
  if (rill_resource_get_closed (item->resource))
    item_discard (self, item);
  else
    g_async_queue_push (stress->exchange, item);
  return TRUE;
}

/* Another's item for one's own. */
static gboolean
swap (Worker  *self,
      Item   **slot,
      GError **error)
{
  g_async_queue_push (self->stress->exchange, g_steal_pointer (slot));
  *slot = g_async_queue_try_pop (self->stress->exchange);
  return *slot == NULL || verify (self, *slot, error);
}

static gboolean
close_item (Worker  *self,
            Item   **slot,
            GError **error)
{
  Item *item = g_steal_pointer (slot);
  GError *closed = NULL;

  if (random_below (self, 2) == 0)
    {
      rill_resource_close (item->resource);
      g_assert_false (verify (self, item, &closed));
      rill_test_assert_error (closed, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
    }
  if (random_below (self, 2) == 0)
    item_discard (self, item);
  else
    item_free (item);
  return TRUE;
}

/* Threads */

static void
empty_trash (Stress *stress)
{
  GObject *object;

  while ((object = g_async_queue_try_pop (stress->trash)) != NULL)
    g_object_unref (object);
}

static gboolean
operate (Worker  *self,
         GError **error)
{
  Item **slot = &self->items[random_below (self, N_KEPT)];

  empty_trash (self->stress);
  if (*slot == NULL)
    return create (self, slot, error);
  switch (random_below (self, 16))
    {
    case 0:
      return close_item (self, slot, error);
    case 1:
      return use_own_memory (self, error);
    case 2:
      return copy (self, slot, error);
    case 3:
      return copy_picture (self, slot, error);
    case 4:
    case 5:
      return RILL_IS_BUFFER ((*slot)->resource) ? dispatch (self, *slot, error)
                                                : verify (self, *slot, error);
    case 6:
    case 7:
      return map (self, *slot, error);
    case 8:
      return use_part (self, error);
    case 9:
      return use_contested (self, error);
    case 10:
      return use_shared_node (self, *slot, error);
    case 11:
      return measure (self, error);
    case 12:
      return look (self, error);
    case 13:
      return random_below (self, 5) > 0 || compile (self, error);
    case 14:
      return rewrite (self, *slot, error) && verify (self, *slot, error);
    default:
      return swap (self, slot, error);
    }
}

/* FALSE at the first error, which may only be that the session is closed. */
static gboolean
goes_on (Worker *self,
         GError *error)
{
  if (error == NULL)
    return TRUE;
  if (!self->stress->closes)
    g_assert_no_error (error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_error_free (error);
  g_atomic_int_inc (&self->stress->n_closed);
  return FALSE;
}

static void
work (Worker *self)
{
  GError *error = NULL;

  self->node = rill_session_create_compute_node (self->stress->session, self->stress->program, NULL,
                                                 &error);
  if (self->node != NULL)
    watch (self->node, &self->stress->n_alive);
  for (guint i = 0; goes_on (self, error); i++)
    {
      if (self->stress->closes && self->index == 0 && i == N_OPERATIONS / 2)
        rill_session_close (self->stress->session);
      if (!self->stress->closes && i == N_OPERATIONS)
        break;
      g_assert_true (operate (self, &error) == (error == NULL));
    }
}

static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;

  self->rand = g_rand_new_with_seed (self->seed);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  work (self);
  for (guint i = 0; i < N_KEPT; i++)
    if (self->items[i] != NULL)
      g_async_queue_push (self->stress->exchange, self->items[i]);
  if (self->node != NULL)
    g_async_queue_push (self->stress->trash, self->node);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_rand_free (self->rand);
  return NULL;
}

/* Fixture */

static void
count_cb (gpointer  object,
          gpointer  pspec,
          guint    *count)
{
  (*count)++;
}

static RillMemory *
memory_new (Stress                  *stress,
            RillMemoryPropertyFlags  flags)
{
  RillMemory *memory = rill_test_memory_new (stress->session, flags, MIB);

  g_signal_connect (memory, "notify", G_CALLBACK (count_cb), &stress->n_notified);
  return memory;
}

static void
set_up (Stress        *stress,
        gconstpointer  data)
{
  const Picture *picture = &pictures[0];
  GError *error = NULL;

  memset (&rill_test_vulkan, 0, sizeof rill_test_vulkan);
  stress->closes = GPOINTER_TO_INT (data);
  stress->session = rill_test_session_new ();
  stress->memories[0] = memory_new (stress, RILL_MEMORY_PROPERTY_HOST_VISIBLE);
  stress->memories[1] = memory_new (stress, RILL_MEMORY_PROPERTY_DEVICE_LOCAL);
  stress->program = rill_test_program_new (stress->session, source);
  stress->node =
    rill_session_create_compute_node (stress->session, stress->program, NULL, &error);
  g_assert_no_error (error);
  stress->duration = rill_session_create_duration (stress->session, &error);
  g_assert_no_error (error);
  stress->painted = rill_test_bytes_new (picture->size, 1);
  stress->picture = rill_memory_create_image_from_bytes (
    stress->memories[1], stress->painted, picture->shape, picture->n_dims, picture->type,
    RILL_IMAGE_USAGE_NONE, &error);
  g_assert_no_error (error);
  stress->parts = rill_test_buffer_new (stress->memories[1], N_THREADS * 2 * PART);
  g_signal_connect (stress->parts, "notify", G_CALLBACK (count_cb), &stress->n_notified);
  stress->contested = rill_test_buffer_new (stress->memories[0], N_CELLS * CELL);
  g_assert_true (rill_buffer_fill (stress->contested, 0, -1, 1, NULL, NULL));
  stress->exchange = g_async_queue_new ();
  stress->trash = g_async_queue_new ();
}

static void
assert_empty (Stress     *stress,
              RillMemory *memory)
{
  g_autoptr (RillMemoryStatistics) statistics = NULL;
  GError *error = NULL;

  /* What the library's threads hold is about to go. */
  for (guint i = 0; i < 30000 && rill_memory_get_used_size (memory) > 0; i++)
    g_usleep (1000);
  g_assert_cmpuint (rill_memory_get_used_size (memory), ==, 0);
  if (stress->closes)
    return;
  g_assert_true (rill_memory_trim (memory, NULL));
  statistics = rill_memory_calculate_statistics (memory, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (statistics->object_count, ==, 0);
  g_assert_cmpuint (statistics->page_count, ==, 0);
  g_assert_cmpuint (statistics->reserved_size, ==, 0);
}

/* Everything that was made is gone, in the library and in Vulkan. */
static void
tear_down (Stress        *stress,
           gconstpointer  data)
{
  Item *item;

  while ((item = g_async_queue_try_pop (stress->exchange)) != NULL)
    item_free (item);
  empty_trash (stress);
  g_async_queue_unref (stress->exchange);
  g_async_queue_unref (stress->trash);
  rill_test_iterate ();
  if (!stress->closes)
    g_assert_true (rill_session_wait_idle (stress->session, NULL, NULL));
  for (guint i = 0; i < 30000 && (stress->n_alive > 0 || stress->n_borrowed > 0); i++)
    g_usleep (1000);
  g_assert_cmpint (g_atomic_int_get (&stress->n_alive), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&stress->n_borrowed), ==, 0);

  rill_test_finalize_soon (stress->node);
  rill_test_finalize_soon (stress->duration);
  rill_test_finalize_soon (stress->picture);
  rill_test_finalize_soon (stress->parts);
  rill_test_finalize_soon (stress->contested);
  g_bytes_unref (stress->painted);
  g_object_unref (stress->program);
  for (guint i = 0; i < G_N_ELEMENTS (stress->memories); i++)
    {
      assert_empty (stress, stress->memories[i]);
      rill_test_finalize_soon (stress->memories[i]);
    }
  rill_test_session_end (stress->session);
  g_assert_cmpint (rill_test_vulkan.memories, ==, 0);
  g_assert_cmpint (rill_test_vulkan.buffers, ==, 0);
  g_assert_cmpint (rill_test_vulkan.images, ==, 0);
  g_assert_cmpint (rill_test_vulkan.devices, ==, 0);
}

static void
run_workers (Stress *stress)
{
  Worker workers[N_THREADS] = { 0 };

  for (guint i = 0; i < N_THREADS; i++)
    {
      workers[i].stress = stress;
      workers[i].index = i;
      workers[i].seed = (guint32) g_test_rand_int ();
      g_test_message ("thread %u: seed %u", i, workers[i].seed);
    }
  for (guint i = 0; i < N_THREADS; i++)
    workers[i].thread = g_thread_new ("stress", worker_thread, &workers[i]);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (workers[i].thread);
}

/* No call fails, but where another has what only one may have. */
static void
test_operations (Stress        *stress,
                 gconstpointer  data)
{
  run_workers (stress);
  rill_test_iterate ();
  g_assert_cmpuint (stress->n_notified, >, 0);
  g_assert_cmpint (stress->n_shared, >, 0);
  g_test_message ("%d uses of what one at a time may use, %d refused", stress->n_shared,
                  stress->n_busy);
}

/* One thread closes the session: each of them ends with CLOSED, and nothing else. */
static void
test_close (Stress        *stress,
            gconstpointer  data)
{
  run_workers (stress);
  g_assert_cmpint (stress->n_closed, ==, N_THREADS);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/stress/operations", Stress, GINT_TO_POINTER (FALSE), set_up, test_operations,
              tear_down);
  g_test_add ("/stress/close", Stress, GINT_TO_POINTER (TRUE), set_up, test_close, tear_down);
  return g_test_run ();
}
