/* SPDX-License-Identifier: MIT */

/* Images, views and transfers of any shape, type and usage by the public API on a device. */

#include "rill-fuzz.h"

#include <rill.h>

#include <string.h>

/* Larger images are left out: to poison and clear their memory would take most of the time. */
#define MAX_SIZE (1u << 20)
#define MAX_TEXEL_SIZE 32
#define N_MEMORIES 3
#define MAX_VIEWS 3

static RillSession *session;
static RillMemory *memories[N_MEMORIES];

static void
open_session (void)
{
  static const guint64 page_sizes[N_MEMORIES] = { RILL_MEMORY_DEFAULT_PAGE_SIZE, 0, 1u << 16 };
  g_autoptr (GError) error = NULL;

  session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  if (session == NULL)
    g_error ("no session to test with: %s", error->message);
  for (guint i = 0; i < N_MEMORIES; i++)
    {
      memories[i] = rill_session_create_memory (session, RILL_MEMORY_PROPERTY_DEVICE_LOCAL,
                                                page_sizes[i], FALSE, &error);
      g_assert_no_error (error);
    }
}

/* As the caller asked for it. */
typedef struct
{
  guint dims[6];
  gsize n_dims;
  RillChannelType type;
  RillImageUsageFlags usage;
} Request;

/* Mostly small; else around the limits of devices and of numbers. */
static guint
take_extent (FuzzInput *input)
{
  guint8 code = fuzz_take_byte (input);

  if (code < 208)
    return code;
  if (code < 240)
    return (1u << (code - 208)) + (guint) fuzz_take_byte (input) - 128;
  return code == 240 ? (guint) fuzz_take (input, 4) : 1;
}

static void
take_request (FuzzInput *input,
              Request   *request)
{
  guint8 type = fuzz_take_byte (input);

  request->type = (RillChannelType) (type < 240 ? type % 15 : fuzz_take (input, 4));
  request->usage = (RillImageUsageFlags) fuzz_take (input, 2);
  if (request->usage < 0xc000) /* so that most are legal */
    request->usage &= 0xff;
  request->n_dims = fuzz_take_byte (input) % 7;
  for (gsize i = 0; i < request->n_dims; i++)
    request->dims[i] = take_extent (input);
  if (request->n_dims >= 3 && request->n_dims <= 4 && request->dims[request->n_dims - 1] >= 16)
    request->dims[request->n_dims - 1] = request->dims[request->n_dims - 1] % 4 + 1;
}

static guint64
count_texels (const Request *request)
{
  guint64 n_texels = 1;

  for (gsize i = 0; i < MIN (request->n_dims, request->n_dims == 4 ? 3 : 2); i++)
    if (!g_uint64_checked_mul (&n_texels, n_texels, request->dims[i]))
      return G_MAXUINT64;
  return n_texels;
}

/* No device that is known has images of this extent, whatever their type. */
static gboolean
is_over_any_limit (const Request *request)
{
  for (gsize i = 0; i < MIN (request->n_dims, 6); i++)
    if (request->dims[i] > 1u << 17)
      return TRUE;
  return FALSE;
}

static gboolean
is_invalid (const Request *request)
{
  const guint attachments = RILL_IMAGE_USAGE_COLOR_ATTACHMENT
                            | RILL_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT
                            | RILL_IMAGE_USAGE_INPUT_ATTACHMENT;

  if (request->n_dims < 1 || request->n_dims > 4 || (guint) request->type > RILL_CHANNEL_TYPE_SRGB8
      || request->usage > 0xff)
    return TRUE;
  for (gsize i = 0; i < request->n_dims; i++)
    if (request->dims[i] < 1)
      return TRUE;
  if (request->n_dims >= 3 && request->dims[request->n_dims - 1] > 4)
    return TRUE;
  if (request->usage & RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT
      && ((request->usage & attachments) == 0
          || (request->usage & ~(attachments | RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT)) != 0))
    return TRUE;
  return count_texels (request) > G_MAXUINT64 / MAX_TEXEL_SIZE;
}

static guint
get_channel_size (RillChannelType type)
{
  static const guint8 sizes[] = { 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 1, 2, 1 };

  G_STATIC_ASSERT (G_N_ELEMENTS (sizes) == RILL_CHANNEL_TYPE_SRGB8 + 1);
  return sizes[type];
}

static void
check_image (RillImage     *image,
             const Request *request)
{
  g_autoptr (RillAllocationInfo) info = rill_resource_get_allocation_info (RILL_RESOURCE (image));
  gsize n_dims;
  g_autofree guint *shape = rill_image_get_shape (image, &n_dims);
  guint channels = request->n_dims >= 3 ? request->dims[request->n_dims - 1] : 1;

  g_assert_cmpmem (shape, n_dims * sizeof *shape, request->dims,
                   request->n_dims * sizeof *request->dims);
  g_assert_cmpint (rill_image_get_channel_type (image), ==, request->type);
  g_assert_cmpuint (rill_image_get_channels (image), ==, channels);
  g_assert_cmpuint (rill_image_get_storage_channels (image), >=, channels);
  g_assert_cmpuint (rill_image_get_storage_channels (image), <=, 4);
  if (request->usage != RILL_IMAGE_USAGE_NONE)
    g_assert_cmpuint (rill_image_get_usage (image), ==, request->usage);
  g_assert_cmpint (rill_image_get_layout (image), ==, RILL_IMAGE_LAYOUT_GENERAL);
  g_assert_cmpuint (rill_image_get_minimum_size (image), ==,
                    count_texels (request) * channels * get_channel_size (request->type));
  g_assert_cmpuint (rill_resource_get_size (RILL_RESOURCE (image)), >=,
                    rill_image_get_minimum_size (image));
  g_assert_nonnull (info);
  g_assert_cmpuint (info->size, >=, rill_resource_get_size (RILL_RESOURCE (image)));
}

static RillImage *
create_image (RillMemory    *memory,
              const Request *request)
{
  g_autoptr (GError) error = NULL;
  RillImage *image = rill_memory_create_image (memory, request->dims, request->n_dims,
                                               request->type, request->usage, &error);

  g_assert_cmpint (image != NULL, ==, error == NULL);
  if (is_invalid (request))
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, G_IO_ERROR_INVALID_ARGUMENT);
  else if (image == NULL)
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_NOT_SUPPORTED);
  else
    check_image (image, request);
  return image;
}

typedef struct
{
  guint filter;
  guint modes[3];
  gboolean normalized;
  gboolean sampled;
} ViewRequest;

static gboolean
is_clamped (guint mode)
{
  return mode == RILL_ADDRESS_MODE_CLAMP_TO_EDGE || mode == RILL_ADDRESS_MODE_CLAMP_TO_BORDER;
}

static gboolean
is_integer (RillChannelType type)
{
  return get_channel_size (type) == 8
         || (type <= RILL_CHANNEL_TYPE_INT32 && type != RILL_CHANNEL_TYPE_FLOAT16);
}

static gboolean
is_view_invalid (RillImage         *image,
                 const ViewRequest *request)
{
  RillImageUsageFlags usage = rill_image_get_usage (image);
  gsize n_dims;
  g_autofree guint *shape = rill_image_get_shape (image, &n_dims);

  if (request->filter > RILL_FILTER_MODE_LINEAR)
    return TRUE;
  for (guint i = 0; i < 3; i++)
    if (request->modes[i] > RILL_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE)
      return TRUE;
  if (!request->normalized && !(is_clamped (request->modes[0]) && is_clamped (request->modes[1])))
    return TRUE;
  if (!request->sampled)
    return (usage & RILL_IMAGE_USAGE_STORAGE) == 0;
  return (usage & RILL_IMAGE_USAGE_SAMPLED) == 0 || (!request->normalized && n_dims == 4)
         || (request->filter == RILL_FILTER_MODE_LINEAR
             && is_integer (rill_image_get_channel_type (image)));
}

static RillImageView *
create_view (RillImage *image,
             FuzzInput *input)
{
  guint64 code = fuzz_take (input, 2);
  const ViewRequest request = {
    .filter = code & 3,
    .modes = { code >> 2 & 7, code >> 5 & 7, code >> 8 & 7 },
    .normalized = code >> 11 & 1,
    .sampled = code >> 12 & 1,
  };
  g_autoptr (GError) error = NULL;
  RillImageView *view = rill_image_create_view_with_address_modes (
    image, (RillFilterMode) request.filter, (RillAddressMode) request.modes[0],
    (RillAddressMode) request.modes[1], (RillAddressMode) request.modes[2], request.normalized,
    request.sampled, &error);

  g_assert_cmpint (view != NULL, ==, error == NULL);
  if (is_view_invalid (image, &request))
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, G_IO_ERROR_INVALID_ARGUMENT);
  else if (view == NULL)
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_NOT_SUPPORTED);
  else
    g_assert_true (rill_image_view_get_image (view) == image);
  return view;
}

static gboolean
can_transfer (RillImage *image)
{
  return (rill_image_get_usage (image) & RILL_IMAGE_USAGE_TRANSIENT_ATTACHMENT) == 0;
}

static GBytes *
make_bytes (gsize  size,
            guint8 seed)
{
  guint8 *data = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (seed + i * 167 + (i >> 8));
  return g_bytes_new_take (data, size);
}

/* Success, or the refusal that is expected. */
static gboolean
check_done (gboolean  done,
            gboolean  allowed,
            int       code,
            GError   *error)
{
  g_assert_cmpint (done, ==, error == NULL);
  g_assert_cmpint (done, ==, allowed);
  if (!done)
    fuzz_assert_error (error, G_IO_ERROR, code, code);
  g_clear_error (&error);
  return done;
}

static void
check_content (RillImage *image,
               GBytes    *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = rill_image_read_bytes (image, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, expected));
}

/* Texels that no operation changes on their way: sRGB and floats are copied as they are too. */
static void
transfer (RillImage *image,
          FuzzInput *input)
{
  gsize size = (gsize) rill_image_get_minimum_size (image);
  guint8 seed = fuzz_take_byte (input);
  g_autoptr (GBytes) bytes = make_bytes (size, seed);
  GError *error = NULL;
  gboolean done;

  if (seed & 1)
    {
      g_autoptr (GBytes) wrong = make_bytes (size + (seed & 2) - 1, 0);
      done = rill_image_write_bytes (image, wrong, NULL, &error);
      g_assert_false (done);
      fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, G_IO_ERROR_NOT_SUPPORTED);
      g_clear_error (&error);
    }
  done = rill_image_write_bytes (image, bytes, NULL, &error);
  if (check_done (done, can_transfer (image), G_IO_ERROR_NOT_SUPPORTED, error))
    check_content (image, bytes);
}

static void
clear (RillImage *image)
{
  gsize size = (gsize) rill_image_get_minimum_size (image);
  g_autoptr (GBytes) zeros = g_bytes_new_take (g_malloc0 (size), size);
  GError *error = NULL;
  gboolean done = rill_image_clear (image, NULL, &error);

  if (check_done (done, can_transfer (image), G_IO_ERROR_NOT_SUPPORTED, error))
    check_content (image, zeros);
}

static void
change_layout (RillImage *image,
               FuzzInput *input)
{
  guint8 code = fuzz_take_byte (input);
  guint layout = code < 240 ? code % 10 : (guint) fuzz_take (input, 4);
  g_autoptr (GError) error = NULL;

  if (rill_image_change_layout (image, (RillImageLayout) layout, NULL, &error))
    g_assert_cmpint (rill_image_get_layout (image), ==, layout);
  else
    fuzz_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, G_IO_ERROR_INVALID_ARGUMENT);
}

/* To an image of the same extent, type and usage, in another memory. */
static void
copy (RillImage     *image,
      const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RillImage) other = create_image (memories[0], request);
  g_autoptr (GBytes) bytes = NULL;

  if (other == NULL || !can_transfer (image))
    return;
  g_assert_true (rill_image_clear (image, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (rill_image_copy_to (image, other, NULL, &error));
  g_assert_no_error (error);
  bytes = rill_image_read_bytes (image, NULL, &error);
  g_assert_no_error (error);
  check_content (other, bytes);
}

static void
use_image (RillImage     *image,
           const Request *request,
           FuzzInput     *input)
{
  RillImageView *views[MAX_VIEWS] = { NULL };
  guint8 what = fuzz_take_byte (input);

  for (guint i = 0; i < (what & 3); i++)
    views[i] = create_view (image, input);
  if (what & 4)
    change_layout (image, input);
  if (what & 8)
    transfer (image, input);
  if (what & 16)
    clear (image);
  if (what & 32)
    copy (image, request);
  if (what & 64)
    rill_resource_close (RILL_RESOURCE (image));
  for (guint i = 0; i < MAX_VIEWS; i++)
    {
      if (views[i] != NULL && what & 128)
        rill_image_view_close (views[i]);
      g_clear_object (&views[i]);
    }
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  fuzz_init ();
  open_session ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input = { data, size };
  RillMemory *memory = memories[fuzz_take_byte (&input) % N_MEMORIES];
  g_autoptr (RillImage) image = NULL;
  Request request;

  take_request (&input, &request);
  if (!is_invalid (&request) && count_texels (&request) > MAX_SIZE / MAX_TEXEL_SIZE
      && !is_over_any_limit (&request))
    return 0;
  image = create_image (memory, &request);
  if (image != NULL)
    use_image (image, &request, &input);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return 0;
}
