// SPDX-License-Identifier: MIT
// Memories are compacted, and their objects do not notice.

const uint64 PAGE = 256 * 1024;

// Buffers that are each alone in a page of the memory.
Rill.Buffer[] make_sparse (Rill.Memory memory, uint n_pages) throws GLib.Error {
  Rill.Buffer[] buffers = {};
  Rill.Buffer[] fillers = {};
  for (uint i = 0; i < n_pages; i++) {
    var data = new uint8[1000];
    Memory.set (data, (int) i, data.length);
    buffers += memory.create_buffer_from_bytes (new Bytes (data));
    fillers += memory.create_buffer (PAGE - 1500);
  }
  foreach (var filler in fillers)
    filler.close ();
  memory.session.wait_idle ();
  memory.trim ();
  assert (memory.page_count == n_pages);
  return buffers;
}

Rill.Memory create (Rill.Session session) throws GLib.Error {
  return session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE);
}

void assert_compact (Rill.Memory memory, Rill.Buffer[] buffers) throws GLib.Error {
  assert (memory.page_count == 1);
  for (uint i = 0; i < buffers.length; i++) {
    assert (buffers[i].allocation_info.page == buffers[0].allocation_info.page);
    var bytes = buffers[i].read_bytes ();
    assert (bytes.length == 1000 && bytes[0] == i && bytes[999] == i);
  }
}

void test_compact (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  var buffers = make_sparse (memory, 4);
  uint n_relocated = 0;
  foreach (var buffer in buffers)
    buffer.relocated.connect (() => n_relocated++);
  assert (memory.compact ());
  assert_compact (memory, buffers);
  iterate ();
  assert (n_relocated == 3);
}

void test_async (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  var buffers = make_sparse (memory, 3);
  memory.compact_async.begin (null, complete);
  assert (memory.compact_async.end (wait_complete ()));
  assert_compact (memory, buffers);
}

void test_errors (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  make_sparse (memory, 2);
  expect_io (IOError.CANCELLED, () => { memory.compact (cancelled ()); });
  memory.close ();
  expect_io (IOError.CLOSED, () => { memory.compact (); });
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/compaction/compact", test_compact);
  SessionTest.add ("/compaction/async", test_async);
  SessionTest.add ("/compaction/errors", test_errors);
  return Test.run ();
}
