// SPDX-License-Identifier: MIT

// y = a x + y for 16 Mi floats on the GPU, checked against the CPU.

const int N = 16 * 1024 * 1024;

// A view of the bytes, not a copy of the values: the array must live longer.
Bytes bytes_of (float[] values) {
  unowned uint8[] view = (uint8[]) values;
  view.length = (int) (values.length * sizeof (float));
  return new Bytes.static (view);
}

string load_shader (string program) throws GLib.Error {
  var path = Environment.find_program_in_path (program) ?? program;
  var folder = Environment.get_variable ("RILL_EXAMPLES_DIR") ?? Path.get_dirname (path);
  string source;
  FileUtils.get_contents (Path.build_filename (folder, "saxpy.comp"), out source);
  return source;
}

int saxpy (string source, float a, float[] x, float[] y) throws GLib.Error {
  var session = new Rill.Session ();
  var memory = session.get_memory_for_usage (Rill.MemoryUsage.DEVICE_ONLY);
  var x_buffer = memory.create_buffer_from_bytes (bytes_of (x));
  var y_buffer = memory.create_buffer_from_bytes (bytes_of (y));

  var node = session.create_compute_node (session.create_program_from_glsl (source, "saxpy.comp"));
  node.bind ("x", x_buffer);
  node.bind ("y", y_buffer);
  float[] constants = { a };
  node.set_push_constants (bytes_of (constants));
  node.set_global_size (N / 4);

  var commands = session.create_command_buffer ();
  commands.dispatch (node);
  commands.run ();

  var bytes = y_buffer.read_bytes ();
  unowned float[] result = (float[]) bytes.get_data ();
  int wrong = 0;
  for (int i = 0; i < N; i++)
    wrong += result[i] != a * x[i] + y[i] ? 1 : 0;
  stdout.printf ("%s: %d of %d elements differ\n", session.device.name, wrong, N);
  return wrong;
}

int main (string[] args) {
  var x = new float[N], y = new float[N];
  for (int i = 0; i < N; i++) {
    x[i] = i % 1000; y[i] = i % 7;
  }
  try {
    return saxpy (load_shader (args[0]), 0.5f, x, y) == 0 ? 0 : 1;
  } catch (GLib.Error error) {
    stderr.printf ("saxpy: %s\n", error.message);
    return 1;
  }
}
