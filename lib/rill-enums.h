/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RillVulkanError:
 * @RILL_VULKAN_ERROR_FAILED: any other failure; the message names the `VkResult`
 * @RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY: a host memory allocation has failed
 * @RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY: a device memory allocation has failed
 * @RILL_VULKAN_ERROR_INITIALIZATION_FAILED: an object could not be initialised; also: no Vulkan
 *   driver was found
 * @RILL_VULKAN_ERROR_DEVICE_LOST: the device has been lost; only a new session helps
 * @RILL_VULKAN_ERROR_MEMORY_MAP_FAILED: mapping of a memory object has failed
 * @RILL_VULKAN_ERROR_LAYER_NOT_PRESENT: a requested layer is not present
 * @RILL_VULKAN_ERROR_EXTENSION_NOT_PRESENT: a requested extension is not supported
 * @RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT: a requested feature is not supported
 * @RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER: the device or driver is too old
 * @RILL_VULKAN_ERROR_TOO_MANY_OBJECTS: too many objects of the type have been created, such as
 *   memory allocations
 * @RILL_VULKAN_ERROR_FORMAT_NOT_SUPPORTED: a format is not supported on this device
 * @RILL_VULKAN_ERROR_FRAGMENTED_POOL: a pool allocation has failed due to fragmentation
 * @RILL_VULKAN_ERROR_OUT_OF_POOL_MEMORY: a pool memory allocation has failed
 * @RILL_VULKAN_ERROR_INVALID_EXTERNAL_HANDLE: an external handle is not valid for the given type
 * @RILL_VULKAN_ERROR_FRAGMENTATION: a descriptor pool creation has failed due to fragmentation
 * @RILL_VULKAN_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS: a requested address is not available
 * @RILL_VULKAN_ERROR_UNKNOWN: an unknown error of the driver
 * @RILL_VULKAN_ERROR_SHADER_COMPILATION: a shader could not be compiled or is not valid SPIR-V;
 *   the message is the compiler's
 *
 * Error codes of the %RILL_VULKAN_ERROR domain: what Vulkan, the device or a shader refuses.
 *
 * The codes are the names of Vulkan's error codes of type `VkResult` without their prefix; a
 * result that has no code of its
 * own here is %RILL_VULKAN_ERROR_FAILED, and the error's message names it. See "Return Codes" in
 * the Vulkan specification.
 */
typedef enum
{
  RILL_VULKAN_ERROR_FAILED,
  RILL_VULKAN_ERROR_OUT_OF_HOST_MEMORY,
  RILL_VULKAN_ERROR_OUT_OF_DEVICE_MEMORY,
  RILL_VULKAN_ERROR_INITIALIZATION_FAILED,
  RILL_VULKAN_ERROR_DEVICE_LOST,
  RILL_VULKAN_ERROR_MEMORY_MAP_FAILED,
  RILL_VULKAN_ERROR_LAYER_NOT_PRESENT,
  RILL_VULKAN_ERROR_EXTENSION_NOT_PRESENT,
  RILL_VULKAN_ERROR_FEATURE_NOT_PRESENT,
  RILL_VULKAN_ERROR_INCOMPATIBLE_DRIVER,
  RILL_VULKAN_ERROR_TOO_MANY_OBJECTS,
  RILL_VULKAN_ERROR_FORMAT_NOT_SUPPORTED,
  RILL_VULKAN_ERROR_FRAGMENTED_POOL,
  RILL_VULKAN_ERROR_OUT_OF_POOL_MEMORY,
  RILL_VULKAN_ERROR_INVALID_EXTERNAL_HANDLE,
  RILL_VULKAN_ERROR_FRAGMENTATION,
  RILL_VULKAN_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS,
  RILL_VULKAN_ERROR_UNKNOWN,
  RILL_VULKAN_ERROR_SHADER_COMPILATION,
} RillVulkanError;

/**
 * RillSessionFlags:
 * @RILL_SESSION_NONE: nothing special
 * @RILL_SESSION_VALIDATION: load the Khronos validation layer and report its messages by
 *   [signal@Session::validation-message]
 *
 * How a [class@Session] is opened.
 */
typedef enum /*< flags >*/
{
  RILL_SESSION_NONE = 0,
  RILL_SESSION_VALIDATION = 1 << 0,
} RillSessionFlags;

/**
 * RillValidationSeverity:
 * @RILL_VALIDATION_SEVERITY_WARNING: a use of Vulkan that may be a mistake
 * @RILL_VALIDATION_SEVERITY_ERROR: a use of Vulkan that is not valid
 *
 * Severity of a message of the validation layer (`VkDebugUtilsMessageSeverityFlagBitsEXT`).
 */
typedef enum
{
  RILL_VALIDATION_SEVERITY_WARNING,
  RILL_VALIDATION_SEVERITY_ERROR,
} RillValidationSeverity;

/**
 * RillDeviceType:
 * @RILL_DEVICE_TYPE_OTHER: none of the others
 * @RILL_DEVICE_TYPE_INTEGRATED_GPU: typically embedded in or tightly coupled with the host
 * @RILL_DEVICE_TYPE_DISCRETE_GPU: typically a separate processor with memory of its own
 * @RILL_DEVICE_TYPE_VIRTUAL_GPU: typically a virtual node in a virtualisation environment
 * @RILL_DEVICE_TYPE_CPU: running on the same processors as the host
 *
 * Kind of a device (`VkPhysicalDeviceType`).
 */
typedef enum
{
  RILL_DEVICE_TYPE_OTHER = 0,
  RILL_DEVICE_TYPE_INTEGRATED_GPU = 1,
  RILL_DEVICE_TYPE_DISCRETE_GPU = 2,
  RILL_DEVICE_TYPE_VIRTUAL_GPU = 3,
  RILL_DEVICE_TYPE_CPU = 4,
} RillDeviceType;

/**
 * RillMemoryPropertyFlags:
 * @RILL_MEMORY_PROPERTY_NONE: no property
 * @RILL_MEMORY_PROPERTY_DEVICE_LOCAL: the most efficient for access by the device
 * @RILL_MEMORY_PROPERTY_HOST_VISIBLE: can be mapped for access by the host
 * @RILL_MEMORY_PROPERTY_HOST_COHERENT: neither flush nor invalidation is needed for host access
 * @RILL_MEMORY_PROPERTY_HOST_CACHED: cached on the host: fast to read
 * @RILL_MEMORY_PROPERTY_LAZILY_ALLOCATED: only for transient attachments; backed when needed
 * @RILL_MEMORY_PROPERTY_PROTECTED: only for protected queue operations
 * @RILL_MEMORY_PROPERTY_DEVICE_COHERENT: device accesses are automatically made available and
 *   visible (AMD)
 * @RILL_MEMORY_PROPERTY_DEVICE_UNCACHED: not cached on the device (AMD)
 * @RILL_MEMORY_PROPERTY_RDMA_CAPABLE: accessible by external devices through remote direct
 *   access (NVIDIA)
 *
 * Properties of a memory type (`VkMemoryPropertyFlagBits`); the values are Vulkan's.
 */
typedef enum /*< flags >*/
{
  RILL_MEMORY_PROPERTY_NONE = 0,
  RILL_MEMORY_PROPERTY_DEVICE_LOCAL = 1 << 0,
  RILL_MEMORY_PROPERTY_HOST_VISIBLE = 1 << 1,
  RILL_MEMORY_PROPERTY_HOST_COHERENT = 1 << 2,
  RILL_MEMORY_PROPERTY_HOST_CACHED = 1 << 3,
  RILL_MEMORY_PROPERTY_LAZILY_ALLOCATED = 1 << 4,
  RILL_MEMORY_PROPERTY_PROTECTED = 1 << 5,
  RILL_MEMORY_PROPERTY_DEVICE_COHERENT = 1 << 6,
  RILL_MEMORY_PROPERTY_DEVICE_UNCACHED = 1 << 7,
  RILL_MEMORY_PROPERTY_RDMA_CAPABLE = 1 << 8,
} RillMemoryPropertyFlags;

/**
 * RillAllocationStrategy:
 * @RILL_ALLOCATION_STRATEGY_GENERAL: for objects that come and go in any order: the free range that fits best
 * @RILL_ALLOCATION_STRATEGY_LINEAR: for temporaries that are freed all at once, or in the order in which they
 *   were allocated, or in the reverse order: each behind the one before, as in an arena, a ring or a stack. Any
 *   other order is allowed; the room is used again when its neighbours are free too, or the ring comes round.
 *
 * How the place of a new range is chosen; see [class@Suballocator] and [property@Memory:strategy].
 */
typedef enum
{
  RILL_ALLOCATION_STRATEGY_GENERAL = 0,
  RILL_ALLOCATION_STRATEGY_LINEAR = 1,
} RillAllocationStrategy;

/**
 * RillMemoryUsage:
 * @RILL_MEMORY_USAGE_DEVICE_ONLY: used by the device; fastest there, perhaps not accessible by
 *   the host
 * @RILL_MEMORY_USAGE_UPLOAD: written in sequence by the host, read by the device
 * @RILL_MEMORY_USAGE_DOWNLOAD: written by the device, read back by the host: cached
 *
 * What a memory is for, instead of its properties; see [method@Session.get_memory_for_usage].
 */
typedef enum
{
  RILL_MEMORY_USAGE_DEVICE_ONLY,
  RILL_MEMORY_USAGE_UPLOAD,
  RILL_MEMORY_USAGE_DOWNLOAD,
} RillMemoryUsage;

/**
 * RillBufferUsageFlags:
 * @RILL_BUFFER_USAGE_NONE: the default set
 * @RILL_BUFFER_USAGE_TRANSFER_SRC: source of transfers
 * @RILL_BUFFER_USAGE_TRANSFER_DST: destination of transfers
 * @RILL_BUFFER_USAGE_UNIFORM_TEXEL: uniform texel buffer
 * @RILL_BUFFER_USAGE_STORAGE_TEXEL: storage texel buffer
 * @RILL_BUFFER_USAGE_UNIFORM: uniform buffer
 * @RILL_BUFFER_USAGE_STORAGE: storage buffer
 * @RILL_BUFFER_USAGE_INDEX: index buffer
 * @RILL_BUFFER_USAGE_VERTEX: vertex buffer
 * @RILL_BUFFER_USAGE_INDIRECT: parameters of indirect commands
 *
 * What a buffer is used for (`VkBufferUsageFlagBits`); the values are Vulkan's.
 *
 * %RILL_BUFFER_USAGE_NONE means STORAGE | TRANSFER_SRC | TRANSFER_DST.
 */
typedef enum /*< flags >*/
{
  RILL_BUFFER_USAGE_NONE = 0,
  RILL_BUFFER_USAGE_TRANSFER_SRC = 1 << 0,
  RILL_BUFFER_USAGE_TRANSFER_DST = 1 << 1,
  RILL_BUFFER_USAGE_UNIFORM_TEXEL = 1 << 2,
  RILL_BUFFER_USAGE_STORAGE_TEXEL = 1 << 3,
  RILL_BUFFER_USAGE_UNIFORM = 1 << 4,
  RILL_BUFFER_USAGE_STORAGE = 1 << 5,
  RILL_BUFFER_USAGE_INDEX = 1 << 6,
  RILL_BUFFER_USAGE_VERTEX = 1 << 7,
  RILL_BUFFER_USAGE_INDIRECT = 1 << 8,
} RillBufferUsageFlags;

/**
 * RillImageUsageFlags:
 * @RILL_IMAGE_USAGE_NONE: the default set
 * @RILL_IMAGE_USAGE_TRANSFER_SRC: source of transfers
 * @RILL_IMAGE_USAGE_TRANSFER_DST: destination of transfers
 * @RILL_IMAGE_USAGE_SAMPLED: read through a sampler
 * @RILL_IMAGE_USAGE_STORAGE: storage image: loads and stores by a shader
 * @RILL_IMAGE_USAGE_COLOR_ATTACHMENT: colour attachment
 * @RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT: depth and stencil attachment
 * @RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT: attachment whose contents need no memory to last; it
 *   cannot be transferred
 * @RILL_IMAGE_USAGE_INPUT_ATTACHMENT: input attachment
 *
 * What an image is used for (`VkImageUsageFlagBits`); the values are Vulkan's.
 *
 * %RILL_IMAGE_USAGE_NONE means STORAGE | SAMPLED | TRANSFER_SRC | TRANSFER_DST, without STORAGE
 * for %RILL_CHANNEL_TYPE_SRGB8.
 */
typedef enum /*< flags >*/
{
  RILL_IMAGE_USAGE_NONE = 0,
  RILL_IMAGE_USAGE_TRANSFER_SRC = 1 << 0,
  RILL_IMAGE_USAGE_TRANSFER_DST = 1 << 1,
  RILL_IMAGE_USAGE_SAMPLED = 1 << 2,
  RILL_IMAGE_USAGE_STORAGE = 1 << 3,
  RILL_IMAGE_USAGE_COLOR_ATTACHMENT = 1 << 4,
  RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT = 1 << 5,
  RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT = 1 << 6,
  RILL_IMAGE_USAGE_INPUT_ATTACHMENT = 1 << 7,
} RillImageUsageFlags;

/**
 * RillMapFlags:
 * @RILL_MAP_NONE: no access; not valid for a mapping
 * @RILL_MAP_READ: shared: reading; what would write the range is refused while it is open
 * @RILL_MAP_WRITE: exclusive: every other use of the range is refused while it is open
 *
 * Access that a [class@Mapping] gives.
 */
typedef enum /*< flags >*/
{
  RILL_MAP_NONE = 0,
  RILL_MAP_READ = 1 << 0,
  RILL_MAP_WRITE = 1 << 1,
} RillMapFlags;

/**
 * RillChannelType:
 * @RILL_CHANNEL_TYPE_UINT8: 8-bit unsigned integer (`R8_UINT` …)
 * @RILL_CHANNEL_TYPE_INT8: 8-bit signed integer (`R8_SINT` …)
 * @RILL_CHANNEL_TYPE_UINT16: 16-bit unsigned integer (`R16_UINT` …)
 * @RILL_CHANNEL_TYPE_INT16: 16-bit signed integer (`R16_SINT` …)
 * @RILL_CHANNEL_TYPE_FLOAT16: 16-bit float (`R16_SFLOAT` …)
 * @RILL_CHANNEL_TYPE_UINT32: 32-bit unsigned integer (`R32_UINT` …)
 * @RILL_CHANNEL_TYPE_INT32: 32-bit signed integer (`R32_SINT` …)
 * @RILL_CHANNEL_TYPE_FLOAT32: 32-bit float (`R32_SFLOAT` …)
 * @RILL_CHANNEL_TYPE_UINT64: 64-bit unsigned integer (`R64_UINT` …)
 * @RILL_CHANNEL_TYPE_INT64: 64-bit signed integer (`R64_SINT` …)
 * @RILL_CHANNEL_TYPE_FLOAT64: 64-bit float (`R64_SFLOAT` …)
 * @RILL_CHANNEL_TYPE_UNORM8: 8-bit, 0 to 255 read as 0.0 to 1.0 (`R8_UNORM` …)
 * @RILL_CHANNEL_TYPE_UNORM16: 16-bit, 0 to 65535 read as 0.0 to 1.0 (`R16_UNORM` …)
 * @RILL_CHANNEL_TYPE_SRGB8: 8-bit sRGB, decoded to linear when sampled (`R8_SRGB` …)
 *
 * Type of one channel of an image, with the suffix of the Vulkan formats that it stands for.
 */
typedef enum
{
  RILL_CHANNEL_TYPE_UINT8,
  RILL_CHANNEL_TYPE_INT8,
  RILL_CHANNEL_TYPE_UINT16,
  RILL_CHANNEL_TYPE_INT16,
  RILL_CHANNEL_TYPE_FLOAT16,
  RILL_CHANNEL_TYPE_UINT32,
  RILL_CHANNEL_TYPE_INT32,
  RILL_CHANNEL_TYPE_FLOAT32,
  RILL_CHANNEL_TYPE_UINT64,
  RILL_CHANNEL_TYPE_INT64,
  RILL_CHANNEL_TYPE_FLOAT64,
  RILL_CHANNEL_TYPE_UNORM8,
  RILL_CHANNEL_TYPE_UNORM16,
  RILL_CHANNEL_TYPE_SRGB8,
} RillChannelType;

/**
 * RillImageLayout:
 * @RILL_IMAGE_LAYOUT_UNDEFINED: contents are not kept; never the target of a change
 * @RILL_IMAGE_LAYOUT_GENERAL: every kind of access
 * @RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL: colour attachment
 * @RILL_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL: depth and stencil attachment
 * @RILL_IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL: depth and stencil attachment that is only
 *   read
 * @RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL: sampled or input attachment, only read
 * @RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL: source of transfers
 * @RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL: destination of transfers
 * @RILL_IMAGE_LAYOUT_PREINITIALIZED: written by the host before its first use; never the target
 *   of a change
 * @RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_STENCIL_ATTACHMENT_OPTIMAL: depth only read, stencil
 *   attachment
 * @RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_STENCIL_READ_ONLY_OPTIMAL: depth attachment, stencil only
 *   read
 * @RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL: depth attachment
 * @RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL: depth, only read
 * @RILL_IMAGE_LAYOUT_STENCIL_ATTACHMENT_OPTIMAL: stencil attachment
 * @RILL_IMAGE_LAYOUT_STENCIL_READ_ONLY_OPTIMAL: stencil, only read
 * @RILL_IMAGE_LAYOUT_READ_ONLY_OPTIMAL: any access that only reads
 * @RILL_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL: any attachment
 *
 * Layout of an image (`VkImageLayout`, those of Vulkan's core); the values are Vulkan's.
 */
typedef enum
{
  RILL_IMAGE_LAYOUT_UNDEFINED = 0,
  RILL_IMAGE_LAYOUT_GENERAL = 1,
  RILL_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL = 2,
  RILL_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL = 3,
  RILL_IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL = 4,
  RILL_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL = 5,
  RILL_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL = 6,
  RILL_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL = 7,
  RILL_IMAGE_LAYOUT_PREINITIALIZED = 8,
  RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_STENCIL_ATTACHMENT_OPTIMAL = 1000117000,
  RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_STENCIL_READ_ONLY_OPTIMAL = 1000117001,
  RILL_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL = 1000241000,
  RILL_IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL = 1000241001,
  RILL_IMAGE_LAYOUT_STENCIL_ATTACHMENT_OPTIMAL = 1000241002,
  RILL_IMAGE_LAYOUT_STENCIL_READ_ONLY_OPTIMAL = 1000241003,
  RILL_IMAGE_LAYOUT_READ_ONLY_OPTIMAL = 1000314000,
  RILL_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL = 1000314001,
} RillImageLayout;

/**
 * RillImageTiling:
 * @RILL_IMAGE_TILING_OPTIMAL: as the device likes it best
 * @RILL_IMAGE_TILING_LINEAR: row after row
 *
 * Arrangement of an image's texels in memory (`VkImageTiling`); the values are Vulkan's.
 */
typedef enum
{
  RILL_IMAGE_TILING_OPTIMAL = 0,
  RILL_IMAGE_TILING_LINEAR = 1,
} RillImageTiling;

/**
 * RillFilterMode:
 * @RILL_FILTER_MODE_NEAREST: the nearest texel
 * @RILL_FILTER_MODE_LINEAR: a weighted average of the texels around
 *
 * How a sampler reads between texels (`VkFilter`); the values are Vulkan's.
 */
typedef enum
{
  RILL_FILTER_MODE_NEAREST = 0,
  RILL_FILTER_MODE_LINEAR = 1,
} RillFilterMode;

/**
 * RillAddressMode:
 * @RILL_ADDRESS_MODE_REPEAT: the image is repeated
 * @RILL_ADDRESS_MODE_MIRRORED_REPEAT: the image is repeated, every second time mirrored
 * @RILL_ADDRESS_MODE_CLAMP_TO_EDGE: the texel at the edge
 * @RILL_ADDRESS_MODE_CLAMP_TO_BORDER: transparent black
 * @RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE: mirrored once, then the texel at the edge
 *
 * How a sampler reads outside of an image (`VkSamplerAddressMode`); the values are Vulkan's.
 */
typedef enum
{
  RILL_ADDRESS_MODE_REPEAT = 0,
  RILL_ADDRESS_MODE_MIRRORED_REPEAT = 1,
  RILL_ADDRESS_MODE_CLAMP_TO_EDGE = 2,
  RILL_ADDRESS_MODE_CLAMP_TO_BORDER = 3,
  RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE = 4,
} RillAddressMode;

/**
 * RillTransferDirection:
 * @RILL_TRANSFER_DIRECTION_UPLOAD: from the host to the device
 * @RILL_TRANSFER_DIRECTION_DOWNLOAD: from the device to the host
 * @RILL_TRANSFER_DIRECTION_COPY: from device memory to device memory
 *
 * Direction of a [class@Transfer].
 */
typedef enum
{
  RILL_TRANSFER_DIRECTION_UPLOAD,
  RILL_TRANSFER_DIRECTION_DOWNLOAD,
  RILL_TRANSFER_DIRECTION_COPY,
} RillTransferDirection;

G_END_DECLS
