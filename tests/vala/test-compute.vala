// SPDX-License-Identifier: MIT
// Programs, compute nodes, command buffers and durations.

const string SHADER = """
#version 450
layout(local_size_x_id = 0, local_size_y_id = 1) in;
layout(constant_id = 7) const int OFFSET = 100;
layout(set = 0, binding = 0) readonly buffer Source { int data[]; } source;
layout(set = 0, binding = 1) buffer Target { int data[]; } target;
layout(push_constant) uniform Constants { int factor; };
void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i < source.data.length())
    target.data[i] = source.data[i] * factor + OFFSET;
}
""";

const int N = 64;

Bytes bytes_of_ints (int[] values) {
  unowned uint8[] view = (uint8[]) values;
  view.length = (int) (values.length * sizeof (int));
  return new Bytes (view);
}

void assert_ints (Rill.Buffer buffer, int factor, int offset) throws GLib.Error {
  var bytes = buffer.read_bytes ();
  unowned int[] values = (int[]) bytes.get_data ();
  for (int i = 0; i < N; i++)
    assert (values[i] == i * factor + offset);
}

// A node that works on two buffers.
class Scale {
  public Rill.Memory memory;
  public Rill.Buffer source_buffer;
  public Rill.Buffer target_buffer;
  public Rill.Program program;
  public Rill.ComputeNode node;
  public Rill.CommandBuffer commands;

  public Scale (Rill.Session session) throws GLib.Error {
    var values = new int[N];
    for (int i = 0; i < N; i++)
      values[i] = i;
    memory = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    source_buffer = memory.create_buffer_from_bytes (bytes_of_ints (values));
    target_buffer = memory.create_buffer (source_buffer.size);
    program = session.create_program_from_glsl (SHADER, "scale.comp");
    node = session.create_compute_node (program);
    node.set_local_size (32);
    node.bind ("source", source_buffer);
    node.bind ("target", target_buffer);
    node.set_push_constants (bytes_of_ints ({ 3 }));
    node.set_global_size (N);
    commands = session.create_command_buffer ();
  }
}

void test_programs (Rill.Session session) throws GLib.Error {
  var program = session.create_program_from_glsl (SHADER, "scale.comp", { "." });
  assert (program.session == session);
  assert (program.entry_points.length == 1 && program.entry_points[0] == "main");
  assert (program.spirv.length > 100);
  assert (!program.closed);
  assert (session.create_program_from_bytes (program.spirv).entry_points[0] == "main");
  FileIOStream stream;
  var file = File.new_tmp ("rill-XXXXXX.spv", out stream);
  stream.output_stream.write_all (program.spirv.get_data (), null);
  stream.close ();
  assert (session.create_program_from_file (file).spirv.compare (program.spirv) == 0);
  file.delete ();
  expect_io (IOError.NOT_FOUND, () => { session.create_program_from_file (file); });
  expect (Rill.VulkanError.quark (), Rill.VulkanError.SHADER_COMPILATION, () => {
    session.create_program_from_bytes (bytes_of ({ 1, 2, 3 }));
  });
  program.close ();
  assert (program.closed);
  expect_io (IOError.CLOSED, () => { session.create_compute_node (program); });
}

void test_nodes (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var node = session.create_compute_node (scale.program, "main");
  uint x, y, z;
  assert (node.program == scale.program);
  assert (node.entry_point == "main");
  assert (string.joinv (" ", node.binding_names) == "source target");
  assert (node.push_constants_size == 4);
  assert (!node.closed);
  assert (node.set_local_size (8, 4));
  node.get_local_size (out x, out y, out z);
  assert (x == 8 && y == 4 && z == 1);
  assert (node.set_grid_size (5, 6, 7));
  node.get_grid_size (out x, out y, out z);
  assert (x == 5 && y == 6 && z == 7);
  assert (node.set_global_size (17, 8));
  node.get_grid_size (out x, out y, out z);
  assert (x == 3 && y == 2 && z == 1);
  assert (node.bind_range ("target", scale.target_buffer, 0));
  expect_io (IOError.NOT_FOUND, () => { node.bind ("nothing", scale.target_buffer); });
  expect_io (IOError.INVALID_ARGUMENT, () => { node.bind ("target", session); });
  expect_io (IOError.INVALID_ARGUMENT, () => { node.set_local_size (0); });
  expect_io (IOError.INVALID_ARGUMENT, () => { node.set_push_constants (bytes_of ({ 1 })); });
  expect_io (IOError.INVALID_ARGUMENT, () => { node.set_specialization_constant (7, "x"); });
  node.close ();
  node.close ();
  assert (node.closed);
  expect_io (IOError.CLOSED, () => { node.bind ("target", scale.target_buffer); });
}

void test_run (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var commands = scale.commands;
  assert (commands.session == session);
  assert (commands.dispatch (scale.node));
  assert (commands.run ());
  assert_ints (scale.target_buffer, 3, 100);
  assert (scale.node.set_specialization_constant (7, -5));
  assert (commands.reset ());
  assert (commands.dispatch (scale.node));
  assert (commands.run ());
  assert_ints (scale.target_buffer, 3, -5);
  expect_io (IOError.CANCELLED, () => { commands.run (cancelled ()); });
}

async void run (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var commands = scale.commands;
  commands.dispatch (scale.node);
  assert (yield commands.run_async ());
  assert_ints (scale.target_buffer, 3, 100);
  try {
    yield commands.run_async (cancelled ());
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
  }
}

void test_run_async (Rill.Session session) throws GLib.Error {
  run.begin (session, complete);
  run.end (wait_complete ());
}

void test_order (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var commands = scale.commands;
  assert (commands.fill_buffer (scale.source_buffer, 0, -1, 0));
  assert (commands.dispatch (scale.node));
  assert (commands.barrier ());
  assert (commands.copy_buffer (scale.target_buffer, 0, scale.source_buffer, 0));
  assert (commands.run ());
  assert_ints (scale.source_buffer, 0, 100);
}

void test_images (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  uint8[] data = { 1, 2, 3, 4, 5, 6 };
  var image = scale.memory.create_image_from_bytes (bytes_of (data), { 2, 3 },
                                                    Rill.ChannelType.UINT8);
  var copied_image = scale.memory.create_image ({ 2, 3 }, Rill.ChannelType.UINT8);
  var cleared_image = scale.memory.create_image ({ 2, 3 }, Rill.ChannelType.UINT8);
  var buffer = scale.memory.create_buffer (64);
  var commands = scale.commands;
  assert (commands.copy_image_to_buffer (image, buffer, 4));
  assert (commands.copy_buffer_to_image (buffer, 4, copied_image));
  assert (commands.copy_image (copied_image, cleared_image));
  assert (commands.copy_image (cleared_image, image));
  assert (commands.clear_image (cleared_image));
  assert (commands.change_image_layout (image, Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL));
  assert (commands.run ());
  assert (image.layout == Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL);
  assert_data (image.read_bytes (), data);
  assert_data (copied_image.read_bytes (), data);
  assert_data (cleared_image.read_bytes (), new uint8[6]);
}

void test_durations (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var duration = session.create_duration ();
  assert (duration.session == session);
  assert (!duration.closed);
  expect_io (IOError.NOT_INITIALIZED, () => { duration.get_nanoseconds (); });
  var commands = scale.commands;
  assert (commands.begin_duration (duration));
  assert (commands.dispatch (scale.node));
  assert (commands.end_duration (duration));
  assert (commands.run ());
  assert (duration.get_nanoseconds () >= 0);
  duration.close ();
  assert (duration.closed);
  expect_io (IOError.CLOSED, () => { duration.get_nanoseconds (); });
}

void test_close (Rill.Session session) throws GLib.Error {
  var scale = new Scale (session);
  var commands = scale.commands;
  commands.close ();
  commands.close ();
  assert (commands.closed);
  expect_io (IOError.CLOSED, () => { commands.dispatch (scale.node); });
  expect_io (IOError.CLOSED, () => { commands.run (); });
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/compute/programs", test_programs);
  SessionTest.add ("/compute/nodes", test_nodes);
  SessionTest.add ("/compute/run", test_run);
  SessionTest.add ("/compute/run-async", test_run_async);
  SessionTest.add ("/compute/order", test_order);
  SessionTest.add ("/compute/images", test_images);
  SessionTest.add ("/compute/durations", test_durations);
  SessionTest.add ("/compute/close", test_close);
  return Test.run ();
}
