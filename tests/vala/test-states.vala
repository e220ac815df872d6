// SPDX-License-Identifier: MIT
// Objects that were never initialised, and transfers, which programs only look at.

T make<T> () {
  return Object.new (typeof (T));
}

void expect_uninitialized (Body body) {
  expect_io (IOError.NOT_INITIALIZED, body);
}

void test_session () {
  var session = make<Rill.Session> ();
  assert (session.device == null);
  assert (!session.closed);
  assert (session.transfers.get_n_items () == 0);
  expect_uninitialized (() => { session.wait_idle (); });
  expect_uninitialized (() => { session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL); });
  expect_uninitialized (() => { session.explain_memory (Rill.MemoryPropertyFlags.NONE); });
  expect_uninitialized (() => { session.create_command_buffer (); });
  expect_uninitialized (() => { session.create_duration (); });
  expect_uninitialized (() => { session.set_budget_threshold (0.5); });
  expect_uninitialized (() => { session.create_program_from_glsl (""); });
  session.close ();
}

void test_memory () {
  var memory = make<Rill.Memory> ();
  assert (memory.session == null);
  assert (memory.page_count == 0);
  assert (memory.pages.get_n_items () == 0);
  expect_uninitialized (() => { memory.create_buffer (4); });
  expect_uninitialized (() => { memory.create_image ({ 4 }, Rill.ChannelType.UINT8); });
  expect_uninitialized (() => { memory.trim (); });
  expect_uninitialized (() => { memory.set_size_limit (1); });
  expect_uninitialized (() => { memory.set_priority (1); });
  expect_uninitialized (() => { memory.calculate_statistics (); });
  expect_uninitialized (() => { memory.calculate_page_statistics (0); });
  expect_uninitialized (() => { memory.to_json (); });
  expect_uninitialized (() => { memory.to_svg (); });
  memory.close ();
}

void test_resources () {
  var buffer = make<Rill.Buffer> ();
  var image = make<Rill.Image> ();
  var view = make<Rill.ImageView> ();
  var mapping = make<Rill.Mapping> ();
  uint8[] data = { 1, 2 };
  assert (buffer.memory == null && buffer.size == 0 && buffer.get_allocation_info () == null);
  assert (view.image == null && mapping.buffer == null);
  assert (image.get_shape ().length == 0);
  expect_uninitialized (() => { buffer.write_data (0, data); });
  expect_uninitialized (() => { buffer.read_data (0, data); });
  expect_uninitialized (() => { buffer.read_bytes (); });
  expect_uninitialized (() => { buffer.map (Rill.MapFlags.READ); });
  expect_uninitialized (() => { image.write_bytes (bytes_of (data)); });
  expect_uninitialized (() => { image.read_bytes (); });
  expect_uninitialized (() => { image.create_view (); });
  expect_uninitialized (() => { mapping.get_bytes (); });
  buffer.close ();
  image.close ();
  view.close ();
  mapping.close ();
}

void test_compute () {
  var node = make<Rill.ComputeNode> ();
  var commands = make<Rill.CommandBuffer> ();
  var duration = make<Rill.Duration> ();
  var program = make<Rill.Program> ();
  assert (node.program == null && commands.session == null);
  assert (duration.session == null && program.spirv == null);
  assert (program.entry_points.length == 0);
  expect_uninitialized (() => { node.set_grid_size (1); });
  expect_uninitialized (() => { commands.dispatch (node); });
  expect_uninitialized (() => { commands.run (); });
  expect_uninitialized (() => { duration.get_nanoseconds (); });
  node.close ();
  commands.close ();
  duration.close ();
  program.close ();
}

void test_transfer () {
  var transfer = make<Rill.Transfer> ();
  assert (transfer.resource == null);
  assert (transfer.direction == Rill.TransferDirection.UPLOAD);
  assert (transfer.bytes_total == 0);
  assert (transfer.bytes_done == 0);
  assert (transfer.progress == 0);
  assert (transfer.cancellable == null);
}

const int SIZE = 1 << 22;

// One after another they take a good part of a second.
const int N_DISPATCHES = 5000;
const string SLOW = """
#version 450
layout(set = 0, binding = 0) buffer Target { uint data[]; } target;
void main() {
  uint value = target.data[0];
  for (uint i = 0; i < 60000; i++)
    value = value * 1664525 + 1013904223;
  target.data[0] = value;
}
""";

Rill.CommandBuffer make_slow (Rill.Session session, Rill.Buffer buffer) throws GLib.Error {
  var node = session.create_compute_node (session.create_program_from_glsl (SLOW, "slow.comp"));
  node.bind ("target", buffer);
  node.set_grid_size (1);
  var commands = session.create_command_buffer ();
  for (int i = 0; i < N_DISPATCHES; i++)
    commands.dispatch (node);
  return commands;
}

// It is listed however fast the machine is: it begins with what the device is not yet done with.
void test_transfer_in_flight (Rill.Session session) throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL);
  var buffer = memory.create_buffer_from_bytes (bytes_of (new uint8[SIZE]));
  var slow = make_slow (session, buffer);
  bool listed = false;
  var handler = session.transfers.items_changed.connect ((position, removed, added) => {
    if (added == 0)
      return;
    listed = true;
    var transfer = (Rill.Transfer) session.transfers.get_item (position);
    assert (transfer.resource == buffer);
    assert (transfer.direction == Rill.TransferDirection.DOWNLOAD);
    assert (transfer.bytes_total == SIZE);
    assert (transfer.bytes_done < SIZE);
    assert (transfer.progress >= 0 && transfer.progress < 1);
    transfer.cancellable.cancel ();
  });
  slow.run_async.begin ();
  buffer.read_bytes_async.begin (0, -1, null, complete);
  try {
    buffer.read_bytes_async.end (wait_complete ());
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
    assert (listed);
  }
  session.transfers.disconnect (handler);
  session.wait_idle ();
}

int main (string[] args) {
  Test.init (ref args);
  Test.add_func ("/states/session", test_session);
  Test.add_func ("/states/memory", test_memory);
  Test.add_func ("/states/resources", test_resources);
  Test.add_func ("/states/compute", test_compute);
  Test.add_func ("/states/transfer", test_transfer);
  SessionTest.add ("/states/transfer-in-flight", test_transfer_in_flight);
  return Test.run ();
}
