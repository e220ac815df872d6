// SPDX-License-Identifier: MIT
// Images, their views and their transfers.

uint8[] pixels () {
  var result = new uint8[105];
  for (int i = 0; i < result.length; i++)
    result[i] = (uint8) i;
  return result;
}

Rill.Memory create_memory (Rill.Session session) throws GLib.Error {
  return session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL);
}

Rill.Image create (Rill.Session session) throws GLib.Error {
  return create_memory (session).create_image_from_bytes (bytes_of (pixels ()), { 5, 7, 3 },
                                                          Rill.ChannelType.UINT8);
}

void test_properties (Rill.Session session) throws GLib.Error {
  var image = create (session);
  uint[] shape = image.get_shape ();
  assert (shape.length == 3 && shape[0] == 5 && shape[1] == 7 && shape[2] == 3);
  assert (image.width == 7);
  assert (image.height == 5);
  assert (image.depth == 1);
  assert (image.channels == 3);
  assert (image.storage_channels == 3 || image.storage_channels == 4);
  assert (image.channel_type == Rill.ChannelType.UINT8);
  assert (image.usage == (Rill.ImageUsageFlags.STORAGE | Rill.ImageUsageFlags.SAMPLED
                          | Rill.ImageUsageFlags.TRANSFER_SRC | Rill.ImageUsageFlags.TRANSFER_DST));
  assert (image.layout == Rill.ImageLayout.GENERAL);
  assert (image.tiling == Rill.ImageTiling.OPTIMAL);
  assert (image.minimum_size == 105);
  assert (image.size >= 105);
}

void test_bytes (Rill.Session session) throws GLib.Error {
  var image = create (session);
  assert_data (image.read_bytes (), pixels ());
  assert (image.clear ());
  assert_data (image.read_bytes (), new uint8[105]);
  assert (image.write_bytes (bytes_of (pixels ())));
  assert_data (image.read_bytes (null), pixels ());
  expect_io (IOError.INVALID_ARGUMENT, () => { image.write_bytes (bytes_of ({ 1, 2 })); });
  expect_io (IOError.CANCELLED, () => { image.read_bytes (cancelled ()); });
  var other_image = create_memory (session).create_image ({ 5, 7, 3 }, Rill.ChannelType.UINT8);
  assert (image.copy_to (other_image));
  assert_data (other_image.read_bytes (), pixels ());
}

async void transfer (Rill.Session session) throws GLib.Error {
  var image = create (session);
  assert (yield image.write_bytes_async (bytes_of (pixels ())));
  assert_data (yield image.read_bytes_async (), pixels ());
  try {
    yield image.read_bytes_async (cancelled ());
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
  }
}

void test_async (Rill.Session session) throws GLib.Error {
  transfer.begin (session, complete);
  transfer.end (wait_complete ());
}

void test_layout (Rill.Session session) throws GLib.Error {
  var image = create (session);
  int notified = 0;
  image.notify["layout"].connect (() => notified++);
  assert (image.change_layout (Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL));
  assert (image.layout == Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL);
  iterate ();
  assert (notified == 1);
  expect_io (IOError.INVALID_ARGUMENT, () => { image.change_layout (Rill.ImageLayout.UNDEFINED); });
}

void test_views (Rill.Session session) throws GLib.Error {
  var image = create_memory (session).create_image ({ 4, 4, 4 }, Rill.ChannelType.UNORM8);
  var view = image.create_view ();
  assert (view.image == image);
  assert (view.filter_mode == Rill.FilterMode.NEAREST);
  assert (!view.normalized_coordinates && !view.sampled && !view.closed);
  view = image.create_view_with_address_modes (Rill.FilterMode.LINEAR, Rill.AddressMode.REPEAT,
                                               Rill.AddressMode.MIRRORED_REPEAT,
                                               Rill.AddressMode.CLAMP_TO_EDGE,
                                               true, true);
  assert (view.address_mode_u == Rill.AddressMode.REPEAT);
  assert (view.address_mode_v == Rill.AddressMode.MIRRORED_REPEAT);
  assert (view.address_mode_w == Rill.AddressMode.CLAMP_TO_EDGE);
  assert (view.normalized_coordinates && view.sampled);
  expect_io (IOError.INVALID_ARGUMENT, () => {
    image.create_view (Rill.FilterMode.NEAREST, Rill.AddressMode.REPEAT, false, true);
  });
  view.close ();
  view.close ();
  assert (view.closed && !image.closed);
}

void test_close (Rill.Session session) throws GLib.Error {
  var image = create (session);
  var view = image.create_view ();
  image.close ();
  assert (image.closed && view.closed);
  expect_io (IOError.CLOSED, () => { image.read_bytes (); });
  expect_io (IOError.CLOSED, () => { image.clear (); });
  expect_io (IOError.CLOSED, () => { image.create_view (); });
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/image/properties", test_properties);
  SessionTest.add ("/image/bytes", test_bytes);
  SessionTest.add ("/image/async", test_async);
  SessionTest.add ("/image/layout", test_layout);
  SessionTest.add ("/image/views", test_views);
  SessionTest.add ("/image/close", test_close);
  return Test.run ();
}
