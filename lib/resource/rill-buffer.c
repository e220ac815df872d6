/* SPDX-License-Identifier: MIT */
#include "resource/rill-buffer-private.h"

#include "core/rill-error-private.h"
#include "resource/rill-image.h"
#include "rill-enum-types.h"

/**
 * RillBuffer:
 *
 * A buffer is a range of bytes in device memory (`VkBuffer`).
 *
 * Buffers are made by [method@Memory.create_buffer] and its kin. Their content is undefined until it is
 * written. Bytes go in and out by [method@Buffer.write_bytes] and [method@Buffer.read_bytes] in any
 * memory, and by [method@Buffer.map] in memory that the host can map.
 *
 * Every method may be called from any thread.
 */

#define KNOWN_USAGE 0x1ffu
#define DEFAULT_USAGE                                                                              \
  (RILL_BUFFER_USAGE_STORAGE | RILL_BUFFER_USAGE_TRANSFER_SRC | RILL_BUFFER_USAGE_TRANSFER_DST)

/* Legal for every buffer, and what the library's own transfers and kernels need. */
#define ADDED_USAGE                                                                                \
  (VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT                            \
   | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)

struct _RillBuffer
{
  RillResource parent_instance;

  RillBufferUsageFlags usage;
};

typedef enum
{
  PROP_USAGE = 1,
} RillBufferProperty;

static GParamSpec *properties[PROP_USAGE + 1];

G_DEFINE_FINAL_TYPE (RillBuffer, rill_buffer, RILL_TYPE_RESOURCE)

static void
rill_buffer_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  switch ((RillBufferProperty) prop_id)
    {
    case PROP_USAGE:
      g_value_set_flags (value, rill_buffer_get_usage (RILL_BUFFER (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rill_buffer_class_init (RillBufferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = rill_buffer_get_property;

  /**
   * RillBuffer:usage: (getter get_usage)
   *
   * What the buffer was created for.
   */
  properties[PROP_USAGE] = g_param_spec_flags (
    "usage", NULL, NULL, RILL_TYPE_BUFFER_USAGE_FLAGS, RILL_BUFFER_USAGE_NONE,
    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
rill_buffer_init (RillBuffer *self)
{
}

VkBuffer
rill_buffer_get_handle (RillBuffer *self)
{
  return (VkBuffer) (guintptr) rill_resource_get_state (self)->handle;
}

gboolean
rill_buffer_check_usage (RillBuffer            *self,
                         RillBufferUsageFlags   usage,
                         GError               **error)
{
  g_autofree char *has = NULL;
  g_autofree char *needs = NULL;

  if ((self->usage & usage) == usage)
    return TRUE;
  has = g_flags_to_string (RILL_TYPE_BUFFER_USAGE_FLAGS, self->usage);
  needs = g_flags_to_string (RILL_TYPE_BUFFER_USAGE_FLAGS, usage);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The buffer was created for %s, not for %s", has,
               needs);
  return FALSE;
}

guint8 *
rill_buffer_get_map (RillBuffer *self)
{
  RillResourceState *state = rill_resource_get_state (self);
  RillPage *page = state->allocation.page;

  return page != NULL && page->map != NULL ? page->map + state->allocation.range.offset : NULL;
}

static gboolean
check_size (RillContext  *context,
            guint64       size,
            GError      **error)
{
  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "Could not create a buffer of 0 bytes: a size is at least 1");
      return FALSE;
    }
  if (size > context->max_buffer_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Could not create a buffer of %" G_GUINT64_FORMAT " bytes: the device's limit is %"
                   G_GUINT64_FORMAT " bytes (maxBufferSize)",
                   size, context->max_buffer_size);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_usage_flags (RillBufferUsageFlags   usage,
                   GError               **error)
{
  if ((usage & ~KNOWN_USAGE) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Could not create a buffer: unknown usage 0x%x",
               usage & ~KNOWN_USAGE);
  return FALSE;
}

static gboolean
create_handle (RillContext           *context,
               guint64                size,
               RillBufferUsageFlags   usage,
               VkBuffer              *handle,
               GError               **error)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = usage | ADDED_USAGE,
    .sharingMode = context->n_families > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
    .queueFamilyIndexCount = context->n_families > 1 ? context->n_families : 0,
    .pQueueFamilyIndices = context->families,
  };
  RillDriverPass pass = rill_driver_gate_enter (context->gate, RILL_DRIVER_CALL_CREATE_BUFFER);
  VkResult result = vkCreateBuffer (context->device, &info, NULL, handle);

  rill_driver_gate_leave (context->gate, pass);
  return rill_context_check (context, result, error, "vkCreateBuffer",
                             "Could not create a buffer of %" G_GUINT64_FORMAT " bytes", size);
}

/* Vulkan promises one alignment and one set of types to all buffers of a usage, and a size of no more than
 * what is asked rounded up to the alignment. So a usage is asked for once; here are the alignment's exponent
 * and above it the types, which are never none. */
#define EXPONENT_BITS 6

/* From here on to ask costs nothing beside the buffer, and the answer may be less than the promise. */
#define LARGE_SIZE (G_GUINT64_CONSTANT (1) << 20)

G_STATIC_ASSERT (G_N_ELEMENTS (((RillContext *) NULL)->buffer_requirements) == KNOWN_USAGE + 1);

static guint64 *
get_known_requirements (RillContext          *context,
                        RillBufferUsageFlags  usage)
{
  return &context->buffer_requirements[usage | ADDED_USAGE];
}

static void
note_requirements (RillContext                *context,
                   RillBufferUsageFlags        usage,
                   const VkMemoryRequirements *requirements)
{
  guint64 exponent = (guint64) g_bit_storage (requirements->alignment) - 1;

  __atomic_store_n (get_known_requirements (context, usage),
                    (guint64) requirements->memoryTypeBits << EXPONENT_BITS | exponent, __ATOMIC_RELAXED);
}

/* FALSE if the driver must be asked: for a usage that is new; and where the buffer may get an allocation of
 * its own, as it may wish for one and need less than what it is rounded up to. */
static gboolean
find_requirements (RillMemory             *memory,
                   guint64                 size,
                   RillBufferUsageFlags    usage,
                   VkMemoryRequirements   *requirements)
{
  guint64 limit = MIN (rill_memory_get_page_size (memory) / 2, LARGE_SIZE);
  guint64 known =
    __atomic_load_n (get_known_requirements (rill_memory_get_context (memory), usage), __ATOMIC_RELAXED);

  if (known == 0 || size > limit)
    return FALSE;
  requirements->memoryTypeBits = (guint32) (known >> EXPONENT_BITS);
  requirements->alignment = (VkDeviceSize) 1 << (known & ((1 << EXPONENT_BITS) - 1));
  requirements->size = (size + requirements->alignment - 1) & ~(requirements->alignment - 1);
  return requirements->size <= limit;
}

/* What is known goes before the answer: so one buffer takes as much as the next. */
static gboolean
create_and_ask (RillMemory             *memory,
                guint64                 size,
                RillBufferUsageFlags    usage,
                RillAllocationRequest  *request,
                GError                **error)
{
  RillContext *context = rill_memory_get_context (memory);
  VkMemoryDedicatedRequirements dedicated = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
  };
  VkMemoryRequirements2 requirements = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
    .pNext = &dedicated,
  };
  VkBufferMemoryRequirementsInfo2 requirements_info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
  };

  if (!create_handle (context, size, usage, &request->buffer, error))
    return FALSE;
  requirements_info.buffer = request->buffer;
  vkGetBufferMemoryRequirements2 (context->device, &requirements_info, &requirements);
  request->requirements = requirements.memoryRequirements;
  request->dedicated_required = dedicated.requiresDedicatedAllocation;
  request->dedicated_preferred = dedicated.prefersDedicatedAllocation;
  if (dedicated.requiresDedicatedAllocation)
    return TRUE;
  note_requirements (context, usage, &request->requirements);
  find_requirements (memory, size, usage, &request->requirements);
  return TRUE;
}

gboolean
rill_buffer_create_twin (RillBuffer             *self,
                         RillAllocationRequest  *request,
                         GError                **error)
{
  *request = (RillAllocationRequest) { .what = "a buffer" };
  return create_and_ask (rill_resource_get_memory (RILL_RESOURCE (self)),
                         rill_resource_get_size (RILL_RESOURCE (self)), self->usage, request, error);
}

/* The range first: it holds the device, so nothing else need be asked or held. */
static gboolean
create_in_range (RillBuffer             *self,
                 RillMemory             *memory,
                 guint64                 size,
                 RillAllocationRequest  *request,
                 GError                **error)
{
  VkBuffer handle = VK_NULL_HANDLE;
  RillAllocation allocation;

  if (!rill_resource_reserve (self, memory, VK_OBJECT_TYPE_BUFFER, size, request, &allocation, error))
    return FALSE;
  if (create_handle (rill_memory_get_context (memory), size, self->usage, &handle, error))
    return rill_resource_bind (self, (guint64) (guintptr) handle, request, &allocation, error);
  rill_resource_abandon (self, &allocation);
  return FALSE;
}

static gboolean
create_and_place (RillBuffer             *self,
                  RillMemory             *memory,
                  guint64                 size,
                  RillAllocationRequest  *request,
                  GError                **error)
{
  g_autoptr (RillContext) context = rill_memory_ref_context (memory, error);

  return context != NULL && create_and_ask (memory, size, self->usage, request, error)
         && rill_resource_reserve_and_bind (self, memory, VK_OBJECT_TYPE_BUFFER,
                                            (guint64) (guintptr) request->buffer, size, request, error);
}

/**
 * rill_memory_create_buffer:
 * @memory: a memory
 * @size: size in bytes, at least 1
 * @usage: what the buffer is used for; %RILL_BUFFER_USAGE_NONE for storage and transfers
 * @error: return location for an error
 *
 * Creates a buffer in a memory.
 *
 * Its content is undefined. Using it otherwise than it was created for is an error; transfers by
 * [method@Buffer.write_bytes] and [method@Buffer.read_bytes] always work.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a size of 0 or an unknown usage; %G_IO_ERROR_NOT_SUPPORTED for
 * a size over the device's `maxBufferSize` or a usage that the memory's type does not allow;
 * %RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY and others of [error@VulkanError];
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: (transfer full): the buffer
 */
RillBuffer *
rill_memory_create_buffer (RillMemory            *memory,
                           guint64                size,
                           RillBufferUsageFlags   usage,
                           GError               **error)
{
  RillAllocationRequest request = { .what = "a buffer" };
  RillBuffer *self;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);

  if (!rill_memory_check_open (memory, error) || !check_usage_flags (usage, error)
      || !check_size (rill_memory_get_context (memory), size, error))
    return NULL;
  if (usage == RILL_BUFFER_USAGE_NONE)
    usage = DEFAULT_USAGE;

  self = g_object_new (RILL_TYPE_BUFFER, NULL);
  self->usage = usage;
  if (!(find_requirements (memory, size, usage, &request.requirements)
          ? create_in_range (self, memory, size, &request, error)
          : create_and_place (self, memory, size, &request, error)))
    g_clear_object (&self);
  return self;
}

/**
 * rill_memory_create_buffer_like:
 * @memory: a memory
 * @other: a resource of the same session
 * @usage: what the buffer is used for; %RILL_BUFFER_USAGE_NONE for storage and transfers
 * @error: return location for an error
 *
 * Creates a buffer of the size of another resource.
 *
 * An image counts with the bytes of its texels on the host, its [property@Image:minimum-size]. Nothing
 * is copied.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a resource of another session, and those of
 * [method@Memory.create_buffer].
 *
 * Returns: (transfer full): the buffer
 */
RillBuffer *
rill_memory_create_buffer_like (RillMemory            *memory,
                                RillResource          *other,
                                RillBufferUsageFlags   usage,
                                GError               **error)
{
  guint64 size;

  g_return_val_if_fail (RILL_IS_MEMORY (memory), NULL);
  g_return_val_if_fail (RILL_IS_RESOURCE (other), NULL);

  if (!rill_memory_check_open (memory, error) || !rill_resource_check_open (other, error)
      || !rill_resource_check_session (other, rill_memory_get_context (memory), error))
    return NULL;
  size = RILL_IS_IMAGE (other) ? rill_image_get_minimum_size (RILL_IMAGE (other)) : rill_resource_get_size (other);
  return rill_memory_create_buffer (memory, size, usage, error);
}

/**
 * rill_buffer_get_usage: (get-property usage)
 * @self: a buffer
 *
 * Gets what the buffer was created for.
 *
 * Returns: the usage that was asked for, with the default set in place of %RILL_BUFFER_USAGE_NONE
 */
RillBufferUsageFlags
rill_buffer_get_usage (RillBuffer *self)
{
  g_return_val_if_fail (RILL_IS_BUFFER (self), RILL_BUFFER_USAGE_NONE);

  return self->usage;
}
