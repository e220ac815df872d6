// SPDX-License-Identifier: MIT
// Buffers, their transfers and mappings.

const uint8[] DATA = { 10, 11, 12, 13, 14, 15, 16, 17 };

Rill.Buffer create (Rill.Session session, uint8[] data = DATA) throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.HOST_VISIBLE);
  return memory.create_buffer_from_bytes (bytes_of (data));
}

void test_properties (Rill.Session session) throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.HOST_VISIBLE);
  var buffer = memory.create_buffer (100, Rill.BufferUsageFlags.STORAGE);
  assert (buffer.memory == memory);
  assert (buffer.size == 100);
  assert (buffer.mappable);
  assert (!buffer.closed);
  assert (buffer.usage == Rill.BufferUsageFlags.STORAGE);
  assert (buffer.name == null);
  var info = buffer.allocation_info;
  assert (info.size >= 100);
  assert (info.offset >= info.left_padding);
  assert (info.copy ().offset == buffer.get_allocation_info ().offset);
  int notified = 0;
  buffer.notify["name"].connect (() => notified++);
  buffer.set_name ("weights");
  assert (buffer.dup_name () == "weights");
  buffer.name = "biases";
  assert (buffer.name == "biases");
  iterate ();
  assert (notified == 1);
  bool relocated = false;
  buffer.relocated.connect (() => relocated = true);
  buffer.relocated ();
  assert (relocated);
}

void test_bytes (Rill.Session session) throws GLib.Error {
  var buffer = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL).create_buffer (8);
  assert (buffer.write_bytes (0, bytes_of (DATA)));
  assert_data (buffer.read_bytes (), DATA);
  assert_data (buffer.read_bytes (2), DATA[2:8]);
  assert_data (buffer.read_bytes (2, 3), DATA[2:5]);
  assert_data (buffer.read_bytes (8), {});
  buffer.write_bytes (1, bytes_of ({ 1, 2 }), null);
  assert_data (buffer.read_bytes (0, 4), { 10, 1, 2, 13 });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.write_bytes (1, bytes_of (DATA)); });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.read_bytes (0, 9); });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.read_bytes (0, -2); });
  expect_io (IOError.CANCELLED, () => { buffer.write_bytes (0, bytes_of (DATA), cancelled ()); });
}

void test_data (Rill.Session session) throws GLib.Error {
  var buffer = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL).create_buffer (8);
  assert (buffer.write_data (0, DATA));
  var into = new uint8[4];
  assert (buffer.read_data (2, into));
  assert_cmpmem (into, DATA[2:6]);
  assert (buffer.write_data (8, {}));
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.write_data (1, DATA); });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.read_data (5, into); });
}

void test_copy_and_fill (Rill.Session session) throws GLib.Error {
  var buffer = create (session);
  var other_buffer = create (session);
  assert (other_buffer.fill (0, -1, 7));
  assert (buffer.copy_to (1, other_buffer, 2, 3));
  assert_data (other_buffer.read_bytes (), { 7, 7, 11, 12, 13, 7, 7, 7 });
  assert (buffer.copy_to (0, other_buffer, 0));
  assert_data (other_buffer.read_bytes (), DATA);
  assert (other_buffer.fill (1, 2, 0));
  assert_data (other_buffer.read_bytes (0, 4), { 10, 0, 0, 13 });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.copy_to (0, other_buffer, 1); });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.fill (7, 2, 0); });
}

async void transfer (Rill.Session session) throws GLib.Error {
  var buffer = create (session, { 0, 0, 0, 0, 0, 0, 0, 0 });
  assert (yield buffer.write_bytes_async (0, bytes_of (DATA)));
  assert_data (yield buffer.read_bytes_async (), DATA);
  assert_data (yield buffer.read_bytes_async (2, 3), DATA[2:5]);
  var other_buffer = create (session, { 0, 0, 0, 0, 0, 0, 0, 0 });
  assert (yield buffer.copy_to_async (0, other_buffer, 0));
  assert_data (other_buffer.read_bytes (), DATA);
  try {
    yield buffer.write_bytes_async (0, bytes_of (DATA), cancelled ());
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
  }
  try {
    yield buffer.read_bytes_async (0, 9);
    assert_not_reached ();
  } catch (IOError.INVALID_ARGUMENT error) {
  }
}

void test_async (Rill.Session session) throws GLib.Error {
  transfer.begin (session, complete);
  transfer.end (wait_complete ());
}

void test_close (Rill.Session session) throws GLib.Error {
  var buffer = create (session);
  buffer.close ();
  buffer.close ();
  assert (buffer.closed);
  assert (buffer.size == 8);
  expect_io (IOError.CLOSED, () => { buffer.read_bytes (); });
  expect_io (IOError.CLOSED, () => { buffer.write_data (0, DATA); });
  expect_io (IOError.CLOSED, () => { buffer.map (Rill.MapFlags.READ); });
}

void test_mapping (Rill.Session session) throws GLib.Error {
  var buffer = create (session);
  var mapping = buffer.map (Rill.MapFlags.READ | Rill.MapFlags.WRITE);
  assert (mapping.buffer == buffer);
  assert (mapping.flags == (Rill.MapFlags.READ | Rill.MapFlags.WRITE));
  assert (mapping.offset == 0);
  assert (mapping.size == 8);
  assert (!mapping.closed);
  var bytes = mapping.get_bytes ();
  assert ((uintptr) bytes.get_data () == mapping.get_address ());
  ((uint8[]) bytes.get_data ())[0] = 99;
  expect_io (IOError.BUSY, () => { buffer.read_bytes (); });
  mapping.close ();
  mapping.close ();
  assert (mapping.closed);
  expect_io (IOError.CLOSED, () => { mapping.get_bytes (); });
  expect_io (IOError.CLOSED, () => { mapping.get_address (); });
  assert_data (buffer.read_bytes (0, 2), { 99, 11 });
  mapping = buffer.map_range (Rill.MapFlags.READ, 2, 4);
  assert_data (mapping.get_bytes (), DATA[2:6]);
  expect_io (IOError.BUSY, () => { buffer.write_data (0, DATA); });
  mapping = buffer.map_range (Rill.MapFlags.READ, 3);
  assert (mapping.size == 5);
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.map_range (Rill.MapFlags.READ, 9); });
  expect_io (IOError.INVALID_ARGUMENT, () => { buffer.map (Rill.MapFlags.NONE); });
}

async void map (Rill.Session session) throws GLib.Error {
  var buffer = create (session);
  var mapping = yield buffer.map_async (Rill.MapFlags.WRITE);
  try {
    yield buffer.map_async (Rill.MapFlags.READ, 1);
    assert_not_reached ();
  } catch (IOError.TIMED_OUT error) {
  }
  mapping.close ();
}

void test_map_async (Rill.Session session) throws GLib.Error {
  map.begin (session, complete);
  map.end (wait_complete ());
}

void test_view_outlives (Rill.Session session) throws GLib.Error {
  var other_session = new Rill.Session ();
  var bytes = create (other_session).map (Rill.MapFlags.READ).get_bytes ();
  other_session.close ();
  other_session = null;
  assert_data (bytes, DATA);
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/buffer/properties", test_properties);
  SessionTest.add ("/buffer/bytes", test_bytes);
  SessionTest.add ("/buffer/data", test_data);
  SessionTest.add ("/buffer/copy-and-fill", test_copy_and_fill);
  SessionTest.add ("/buffer/async", test_async);
  SessionTest.add ("/buffer/close", test_close);
  SessionTest.add ("/buffer/mapping", test_mapping);
  SessionTest.add ("/buffer/map-async", test_map_async);
  SessionTest.add ("/buffer/view-outlives", test_view_outlives);
  return Test.run ();
}
