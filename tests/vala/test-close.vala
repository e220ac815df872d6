// SPDX-License-Identifier: MIT
// The end of sessions, with everything alive, and within handlers and asynchronous methods.

const int SIZE = 1 << 20;

Rill.Memory create_memory (Rill.Session session) throws GLib.Error {
  return session.create_memory (Rill.MemoryPropertyFlags.HOST_VISIBLE);
}

void test_everything_alive (Rill.Session session) throws GLib.Error {
  var memory = create_memory (session);
  var buffer = memory.create_buffer_from_bytes (bytes_of (new uint8[SIZE]));
  var image = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL)
    .create_image ({ 4, 4 }, Rill.ChannelType.UINT8);
  var view = image.create_view ();
  var mapping = buffer.map (Rill.MapFlags.READ);
  var bytes = mapping.get_bytes ();
  uint n_closed = 0;
  mapping.notify["closed"].connect (() => n_closed++);
  view.notify["closed"].connect (() => n_closed++);
  for (int i = 0; i < 5; i++)
    memory.create_buffer (SIZE).write_bytes_async.begin (0, bytes, null, null);
  session.close ();
  assert (session.closed && memory.closed && buffer.closed && image.closed && view.closed && mapping.closed);
  assert (n_closed == 0);
  iterate ();
  assert (n_closed == 2);
  assert (bytes.get (SIZE - 1) == 0);
  expect_io (IOError.CLOSED, () => { memory.create_buffer (1); });
  expect_io (IOError.CLOSED, () => { buffer.read_bytes (); });
  expect_io (IOError.CLOSED, () => { image.create_view (); });
  expect_io (IOError.CLOSED, () => { mapping.get_bytes (); });
  expect_io (IOError.CLOSED, () => { session.wait_idle (); });
}

void test_closed_by_a_handler (Rill.Session session) throws GLib.Error {
  var memory = create_memory (session);
  var buffer = memory.create_buffer (SIZE);
  bool called = false;
  buffer.notify["closed"].connect (() => {
    session.close ();
    called = true;
  });
  buffer.close ();
  assert (!memory.closed);
  iterate ();
  assert (called && memory.closed && session.closed);
}

class Holder {
  public Rill.Session? session;
  public Rill.Memory? memory;
  public Rill.Buffer? buffer;
  public bool done = false;

  public async void read () throws GLib.Error {
    var bytes = yield this.buffer.read_bytes_async ();
    this.buffer = null;
    this.memory = null;
    this.session = null;
    this.done = bytes.length == SIZE;
  }
}

void test_last_references_in_a_method () {
  try {
    var holder = new Holder ();
    holder.session = new Rill.Session (null, Rill.SessionFlags.VALIDATION);
    holder.memory = create_memory (holder.session);
    holder.buffer = holder.memory.create_buffer (SIZE);
    WeakRef session = WeakRef (holder.session);
    WeakRef buffer = WeakRef (holder.buffer);
    holder.read.begin ();
    while (!holder.done)
      MainContext.default ().iteration (true);
    /* A thread that has just done the work may hold them a little longer. */
    while (session.get () != null || buffer.get () != null)
      iterate ();
  } catch (GLib.Error error) {
    GLib.error ("%s", error.message);
  }
}

void test_dropped_in_a_thread (Rill.Session session) throws GLib.Error {
  Rill.Memory? memory = create_memory (session);
  Rill.Buffer? buffer = memory.create_buffer (SIZE);
  WeakRef dropped = WeakRef (buffer);
  buffer.fill (0, -1, 7);
  var thread = new Thread<bool> ("drop", () => {
    buffer = null;
    memory = null;
    return true;
  });
  assert (thread.join ());
  while (dropped.get () != null)
    iterate ();
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/close/everything-alive", test_everything_alive);
  SessionTest.add ("/close/closed-by-a-handler", test_closed_by_a_handler);
  Test.add_func ("/close/last-references-in-a-method", test_last_references_in_a_method);
  SessionTest.add ("/close/dropped-in-a-thread", test_dropped_in_a_thread);
  return Test.run ();
}
