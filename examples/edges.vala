// SPDX-License-Identifier: MIT

// edges INPUT OUTPUT.png: finds the edges of a picture on the GPU. The same program stands beside
// this one in C, Python and JavaScript.

// The shader lies in the folder that RILL_EXAMPLES_DIR names, or beside the program.
string load_shader (string program) throws GLib.Error {
  var program_path = Environment.find_program_in_path (program) ?? program;
  var folder = Environment.get_variable ("RILL_EXAMPLES_DIR") ?? Path.get_dirname (program_path);
  string source;
  FileUtils.get_contents (Path.build_filename (folder, "edges.comp"), out source);
  return source;
}

// The picture as rows of RGB without gaps; its shape is [height, width, 3].
uint8[] load_picture (string path, out uint[] shape) throws GLib.Error {
  shape = {};
  var pixbuf = new Gdk.Pixbuf.from_file (path);
  size_t width = pixbuf.width, height = pixbuf.height;
  size_t rowstride = pixbuf.rowstride, n_channels = pixbuf.n_channels;
  unowned uint8[] pixels = pixbuf.get_pixels_with_length ();
  var rgb = new uint8[height * width * 3];
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++)
      for (size_t c = 0; c < 3; c++)
        rgb[(y * width + x) * 3 + c] = pixels[y * rowstride + x * n_channels + c];
  shape = { (uint) height, (uint) width, 3 };
  return rgb;
}

// gdk-pixbuf writes no grey PNG: red, green and blue are the value.
void save_picture (string path, uint8[] edges, uint[] shape) throws GLib.Error {
  var rgb = new uint8[edges.length * 3];
  for (int i = 0; i < rgb.length; i++)
    rgb[i] = edges[i / 3];
  int width = (int) shape[1], height = (int) shape[0];
  var pixbuf = new Gdk.Pixbuf.from_bytes (new Bytes.take ((owned) rgb), Gdk.Colorspace.RGB, false,
                                          8, width, height, width * 3);
  pixbuf.savev (path, "png", {}, {});
}

// The time that the device takes, in nanoseconds.
int64 run_shader (Rill.Session session, string shader, Rill.Image picture, Rill.Image edges)
  throws GLib.Error {
  var program = session.create_program_from_glsl (shader, "edges.comp");
  var node = session.create_compute_node (program);
  node.bind ("picture", picture);
  node.bind ("edges", edges);
  node.set_global_size (edges.width, edges.height);

  var commands = session.create_command_buffer ();
  var duration = session.create_duration ();
  commands.begin_duration (duration);
  commands.dispatch (node);
  commands.end_duration (duration);
  commands.run ();
  return duration.get_nanoseconds ();
}

void print_rate (string label, uint64 size, int64 microseconds) {
  stdout.printf ("%s %s, %s/s\n", label, GLib.format_size (size),
                 GLib.format_size (size * 1000000 / int64.max (microseconds, 1)));
}

// The edges, a byte for each pixel.
uint8[] find_edges (Rill.Session session, string shader, uint8[] pixels, uint[] shape)
  throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL);
  var picture = memory.create_image (shape, Rill.ChannelType.UINT8);
  var edges = memory.create_image (shape[0:2], Rill.ChannelType.UINT8);

  var start = get_monotonic_time ();
  picture.write_bytes (new Bytes.static (pixels));
  session.wait_idle ();
  var uploaded = get_monotonic_time () - start;

  var gpu_time = run_shader (session, shader, picture, edges);

  start = get_monotonic_time ();
  var result = edges.read_bytes ();
  var downloaded = get_monotonic_time () - start;

  uint pages = memory.page_count;
  stdout.printf ("Device:   %s\n", session.device.name);
  stdout.printf ("Memory:   %u page%s, %s used\n", pages, pages == 1 ? "" : "s",
                 GLib.format_size (memory.used_size));
  print_rate ("Upload:  ", pixels.length, uploaded);
  print_rate ("Download:", result.length, downloaded);
  stdout.printf ("GPU time: %.3f ms\n", gpu_time / 1e6);
  return Bytes.unref_to_data ((owned) result);
}

int main (string[] args) {
  if (args.length != 3) {
    stderr.printf ("usage: edges INPUT OUTPUT.png\n");
    return 1;
  }
  try {
    uint[] shape;
    var pixels = load_picture (args[1], out shape);
    var session = new Rill.Session ();
    var edges = find_edges (session, load_shader (args[0]), pixels, shape);
    save_picture (args[2], edges, shape);
    stdout.printf ("Wrote %s: %u × %u pixels\n", args[2], shape[1], shape[0]);
    return 0;
  } catch (GLib.Error error) {
    stderr.printf ("edges: %s\n", error.message);
    return 1;
  }
}
