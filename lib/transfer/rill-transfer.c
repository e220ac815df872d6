/* SPDX-License-Identifier: MIT */
#include "transfer/rill-transfer-private.h"

#include "resource/rill-resource-private.h"
#include "rill-enum-types.h"

/**
 * RillTransfer:
 *
 * A transfer in flight.
 *
 * The transfers that have run for 100 ms or longer are in the list [property@Session:transfers], until they
 * end. Their properties are notified at most 30 times a second, so that a progress bar can be bound to
 * them directly.
 */

/* Below this no transfer takes long enough to be looked at. */
#define MIN_SIZE (1024 * 1024)
#define SHOW_AFTER_MS 100
#define NOTIFY_EVERY_US (1000 * 1000 / 30)

struct _RillTransfer
{
  GObject parent_instance;

  GListStore *store;         /* (owned) (nullable): the session's list */
  GWeakRef resource;         /* whoever transfers holds it; the list must not */
  RillEmitter *emitter;      /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) */
  RillTransferDirection direction;
  guint64 bytes_total;
  guint64 bytes_done; /* (atomic) */

  GSource *show_source; /* (owned) */
  gint ended;           /* (atomic) */
  gint64 started;
  gint64 notified;      /* only the transferring thread */
};

typedef enum
{
  PROP_RESOURCE = 1,
  PROP_DIRECTION,
  PROP_BYTES_TOTAL,
  PROP_BYTES_DONE,
  PROP_PROGRESS,
  PROP_CANCELLABLE,
} RillTransferProperty;

static GParamSpec *properties[PROP_CANCELLABLE + 1];

G_DEFINE_FINAL_TYPE (RillTransfer, rill_transfer, G_TYPE_OBJECT)

static void
rill_transfer_finalize (GObject *object)
{
  RillTransfer *self = RILL_TRANSFER (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->emitter, rill_emitter_unref);
  g_weak_ref_clear (&self->resource);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rill_transfer_parent_class)->finalize (object);
}

static void
rill_transfer_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  RillTransfer *self = RILL_TRANSFER (object);

  switch ((RillTransferProperty) prop_id)
    {
    case PROP_RESOURCE:
      g_value_take_object (value, rill_transfer_get_resource (self));
      break;
    case PROP_DIRECTION:
      g_value_set_enum (value, rill_transfer_get_direction (self));
      break;
    case PROP_BYTES_TOTAL:
      g_value_set_uint64 (value, rill_transfer_get_bytes_total (self));
      break;
    case PROP_BYTES_DONE:
      g_value_set_uint64 (value, rill_transfer_get_bytes_done (self));
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, rill_transfer_get_progress (self));
      break;
    case PROP_CANCELLABLE:
      g_value_set_object (value, rill_transfer_get_cancellable (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_transfer_class_init (RillTransferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = rill_transfer_finalize;
  object_class->get_property = rill_transfer_get_property;

  /**
   * RillTransfer:resource: (getter get_resource)
   *
   * What the bytes go to or come from.
   */
  properties[PROP_RESOURCE] = g_param_spec_object ("resource", NULL, NULL, RILL_TYPE_RESOURCE, flags);
  /**
   * RillTransfer:direction: (getter get_direction)
   *
   * Where the bytes go.
   */
  properties[PROP_DIRECTION] = g_param_spec_enum ("direction", NULL, NULL, RILL_TYPE_TRANSFER_DIRECTION,
                                                  RILL_TRANSFER_DIRECTION_UPLOAD, flags);
  /**
   * RillTransfer:bytes-total: (getter get_bytes_total)
   *
   * Bytes of the whole transfer.
   */
  properties[PROP_BYTES_TOTAL] = g_param_spec_uint64 ("bytes-total", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillTransfer:bytes-done: (getter get_bytes_done)
   *
   * Bytes that have been taken or have arrived.
   */
  properties[PROP_BYTES_DONE] = g_param_spec_uint64 ("bytes-done", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * RillTransfer:progress: (getter get_progress)
   *
   * The part that is done, from 0 to 1.
   */
  properties[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0.0, 1.0, 0.0, flags);
  /**
   * RillTransfer:cancellable: (getter get_cancellable)
   *
   * Cancels the transfer between two of its chunks.
   */
  properties[PROP_CANCELLABLE] = g_param_spec_object ("cancellable", NULL, NULL, G_TYPE_CANCELLABLE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_transfer_init (RillTransfer *self)
{
  g_weak_ref_init (&self->resource, NULL);
}

/* In the main context. */
static void
show_cb (gpointer transfer)
{
  RillTransfer *self = transfer;

  if (!g_atomic_int_get (&self->ended))
    g_list_store_append (self->store, self);
}

/* In the main context as well, after show_cb() where both run: only the list holds the transfer by then. */
static void
hide_cb (gpointer transfer,
         gpointer data)
{
  RillTransfer *self = transfer;
  guint position;

  if (g_list_store_find (self->store, self, &position))
    g_list_store_remove (self->store, position);
}

RillTransfer *
rill_transfer_begin (gpointer               resource,
                     RillTransferDirection  direction,
                     guint64                bytes_total,
                     GCancellable          *cancellable)
{
  RillTransfer *self;

  if (bytes_total < MIN_SIZE)
    return NULL;
  self = g_object_new (RILL_TYPE_TRANSFER, NULL);
  g_weak_ref_set (&self->resource, resource);
  self->store = g_object_ref (
    rill_session_get_transfer_store (rill_memory_get_session (rill_resource_get_memory (resource))));
  self->emitter = rill_emitter_ref (rill_resource_get_context (resource)->emitter);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : g_cancellable_new ();
  self->direction = direction;
  self->bytes_total = bytes_total;
  self->started = g_get_monotonic_time ();
  self->notified = self->started;
  self->show_source = rill_emitter_run_later (self->emitter, self, SHOW_AFTER_MS, show_cb);
  return self;
}

void
rill_transfer_advance (RillTransfer *self,
                       guint64       bytes)
{
  gint64 now;

  if (self == NULL)
    return;
  __atomic_fetch_add (&self->bytes_done, bytes, __ATOMIC_RELAXED);
  now = g_get_monotonic_time ();
  if (now - self->notified < NOTIFY_EVERY_US && rill_transfer_get_bytes_done (self) < self->bytes_total)
    return;
  self->notified = now;
  rill_emitter_notify (self->emitter, self, properties[PROP_BYTES_DONE]);
  rill_emitter_notify (self->emitter, self, properties[PROP_PROGRESS]);
}

void
rill_transfer_end (RillTransfer *self)
{
  if (self == NULL)
    return;
  g_atomic_int_set (&self->ended, TRUE);
  g_source_destroy (self->show_source);
  g_clear_pointer (&self->show_source, g_source_unref);
  if (g_get_monotonic_time () - self->started >= SHOW_AFTER_MS * 1000)
    rill_emitter_run (self->emitter, self, hide_cb, NULL, NULL);
  g_object_unref (self);
}

/**
 * rill_transfer_get_resource: (get-property resource)
 * @self: a transfer
 *
 * Gets what the bytes go to or come from.
 *
 * Returns: (transfer full) (nullable): the buffer or image; %NULL once the transfer has ended and it is gone,
 *   or if the transfer was never initialised
 */
RillResource *
rill_transfer_get_resource (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), NULL);

  return g_weak_ref_get (&self->resource);
}

/**
 * rill_transfer_get_direction: (get-property direction)
 * @self: a transfer
 *
 * Gets where the bytes go.
 *
 * Returns: the direction
 */
RillTransferDirection
rill_transfer_get_direction (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), RILL_TRANSFER_DIRECTION_UPLOAD);

  return self->direction;
}

/**
 * rill_transfer_get_bytes_total: (get-property bytes-total)
 * @self: a transfer
 *
 * Gets the size of the whole transfer.
 *
 * Returns: bytes
 */
guint64
rill_transfer_get_bytes_total (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), 0);

  return self->bytes_total;
}

/**
 * rill_transfer_get_bytes_done: (get-property bytes-done)
 * @self: a transfer
 *
 * Gets how much has been taken or has arrived.
 *
 * Returns: bytes
 */
guint64
rill_transfer_get_bytes_done (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), 0);

  return __atomic_load_n (&self->bytes_done, __ATOMIC_RELAXED);
}

/**
 * rill_transfer_get_progress: (get-property progress)
 * @self: a transfer
 *
 * Gets the part that is done.
 *
 * Returns: from 0 to 1
 */
double
rill_transfer_get_progress (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), 0.0);

  if (self->bytes_total == 0)
    return 0.0;
  return (double) rill_transfer_get_bytes_done (self) / (double) self->bytes_total;
}

/**
 * rill_transfer_get_cancellable: (get-property cancellable)
 * @self: a transfer
 *
 * Gets what cancels the transfer.
 *
 * It is the one that the transfer was started with, or one of its own. What was transferred before stays.
 *
 * Returns: (transfer none) (nullable): the cancellable; %NULL if the transfer was never initialised
 */
GCancellable *
rill_transfer_get_cancellable (RillTransfer *self)
{
  g_return_val_if_fail (RILL_IS_TRANSFER (self), NULL);

  return self->cancellable;
}
