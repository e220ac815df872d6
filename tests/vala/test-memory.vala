// SPDX-License-Identifier: MIT
// Memories, their pages and what is created in them.

const int PAGE = 1 << 20;

Rill.Memory create (Rill.Session session) throws GLib.Error {
  return session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE);
}

void test_properties (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  assert (memory.session == session);
  assert (memory.flags == memory.memory_type.flags);
  assert (memory.mappable == (Rill.MemoryPropertyFlags.HOST_VISIBLE in memory.flags));
  assert (memory.page_size == PAGE);
  assert (memory.page_count == 0);
  assert (memory.used_size == 0);
  assert (memory.reserved_size == 0);
  var buffer = memory.create_buffer (1000);
  assert (memory.page_count == 1);
  assert (memory.used_size == buffer.allocation_info.size);
  assert (memory.reserved_size == PAGE);
  assert (memory.is_page_mappable (0) == memory.mappable);
  assert (!memory.is_page_mappable (1));
}

void test_pages (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  string seen = "";
  memory.page_added.connect ((index, size) => {
    seen += "+%u:%d ".printf (index, (int) (size / PAGE));
  });
  memory.page_removed.connect ((index) => seen += "-%u ".printf (index));
  memory.notify["page-count"].connect (() => seen += "n%u ".printf (memory.page_count));
  var buffer = memory.create_buffer (PAGE);
  var large_buffer = memory.create_buffer (3 * PAGE);
  assert_cmpstr (seen, CompareOperator.EQ, "");
  iterate ();
  assert_cmpstr (seen, CompareOperator.EQ, "+0:1 n2 +1:3 ");
  seen = "";
  large_buffer.close ();
  buffer.close ();
  assert (memory.trim ());
  iterate ();
  assert_cmpstr (seen, CompareOperator.EQ, "-1 n0 -0 ");
}

void test_limit (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  assert (memory.size_limit == 0 && memory.priority == 0.5f);
  assert (memory.set_size_limit (PAGE + PAGE / 2));
  assert (memory.set_priority (0.75f));
  assert (memory.size_limit == PAGE + PAGE / 2 && memory.priority == 0.75f);
  var buffer = memory.create_buffer (PAGE);
  var second_buffer = memory.create_buffer (PAGE / 4);
  assert (memory.reserved_size == memory.size_limit);
  try {
    memory.create_buffer (PAGE);
    assert_not_reached ();
  } catch (Rill.VulkanError.OUT_OF_DEVICE_MEMORY error) {
  }
  expect_io (IOError.BUSY, () => { memory.set_size_limit (0); });
  expect_io (IOError.BUSY, () => { memory.set_priority (0.25f); });
  expect_io (IOError.INVALID_ARGUMENT, () => { memory.set_priority (float.NAN); });
  second_buffer.close ();
  buffer.close ();
  assert (memory.trim ());
  assert (memory.set_size_limit (0));
}

void test_strategy (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  assert (memory.strategy == Rill.AllocationStrategy.GENERAL);
  assert (memory.set_strategy (Rill.AllocationStrategy.LINEAR));
  assert (memory.strategy == Rill.AllocationStrategy.LINEAR);
  var buffer = memory.create_buffer (1000);
  var next_buffer = memory.create_buffer (1000);
  assert (next_buffer.allocation_info.offset > buffer.allocation_info.offset);
  expect_io (IOError.BUSY, () => memory.set_strategy (Rill.AllocationStrategy.GENERAL));
}

void test_statistics (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  Rill.Buffer[] buffers = { memory.create_buffer (1000), memory.create_buffer (1000) };
  var statistics = memory.calculate_statistics ();
  assert (statistics.page_count == 1);
  assert (statistics.object_count == buffers.length);
  assert (statistics.free_range_count >= 1);
  assert (statistics.reserved_size == PAGE);
  assert (statistics.used_size == memory.used_size);
  assert (statistics.free_size <= PAGE - statistics.used_size);
  assert (statistics.largest_free_size <= statistics.free_size);
  assert (statistics.copy ().object_count == buffers.length);
  assert (statistics.fragmentation == 0.0);
  buffers[0].close ();
  statistics = memory.calculate_page_statistics (0);
  double part = (double) statistics.largest_free_size / (double) statistics.free_size;
  assert (Math.fabs (statistics.fragmentation - (1.0 - part)) < 1e-9);
  expect_io (IOError.NOT_FOUND, () => { memory.calculate_page_statistics (1); });
}

void test_page_list (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  var buffer = memory.create_buffer (1000);
  var pages = memory.pages;
  assert (pages is ListStore);
  assert (pages.get_n_items () == 1);
  var page = (Rill.MemoryPage) pages.get_item (0);
  assert (page.memory == memory);
  assert (page.index == 0);
  assert (page.size == PAGE);
  assert (page.mappable == memory.mappable);
  assert (page.live);
  assert (page.object_count == 1);
  assert (page.used_size == buffer.allocation_info.size);
  assert (page.free_size == memory.calculate_statistics ().free_size);
  int notified = 0;
  page.notify["live"].connect (() => notified++);
  memory.close ();
  assert (!page.live);
  assert (page.object_count == 0 && page.used_size == 0 && page.free_size == 0);
  iterate ();
  assert (notified == 1);
  assert (pages.get_n_items () == 0);
}

void test_dumps (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  var buffer = memory.create_buffer (PAGE / 2);
  buffer.name = "Größe <網點>";
  assert ("\"Name\" : \"Größe <網點>\"" in memory.to_json ());
  assert ("Größe &lt;網點&gt;\nbuffer, " in memory.to_svg ());
  memory.close ();
  expect_io (IOError.CLOSED, () => { memory.to_json (); });
  expect_io (IOError.CLOSED, () => { memory.to_svg (); });
}

void test_explanation (Rill.Session session) throws GLib.Error {
  var flags = Rill.MemoryPropertyFlags.DEVICE_LOCAL;
  var memory = create (session);
  var end = "Type %u is chosen.".printf (memory.memory_type.index);
  assert (session.explain_memory (flags).has_suffix (end));
  flags = Rill.MemoryPropertyFlags.PROTECTED;
  assert ("No type will do" in session.explain_memory (flags, true));
  expect_io (IOError.INVALID_ARGUMENT, () => {
    session.explain_memory ((Rill.MemoryPropertyFlags) (1 << 20));
  });
}

void test_create (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  uint8[] data = { 0, 1, 2, 3, 4, 5 };
  assert (memory.create_buffer (100).size == 100);
  var usage = Rill.BufferUsageFlags.UNIFORM;
  assert (memory.create_buffer (100, usage).usage == usage);
  assert_data (memory.create_buffer_from_bytes (bytes_of (data)).read_bytes (), data);
  var image = memory.create_image ({ 2, 1, 3 }, Rill.ChannelType.UINT8);
  assert (memory.create_buffer_like (image).size == 6);
  image = memory.create_image_from_bytes (bytes_of (data), { 2, 1, 3 }, Rill.ChannelType.UINT8);
  assert_data (image.read_bytes (), data);
  var view = memory.create_image_view_from_bytes (bytes_of (data), { 2, 3 },
                                                  Rill.ChannelType.UINT8);
  assert_data (view.image.read_bytes (), data);

  expect_io (IOError.INVALID_ARGUMENT, () => { memory.create_buffer (0); });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    memory.create_buffer (1, (Rill.BufferUsageFlags) (1 << 30));
  });
  expect_io (IOError.NOT_SUPPORTED, () => { memory.create_buffer (1ull << 62); });
  expect_io (IOError.INVALID_ARGUMENT, () => { memory.create_buffer_from_bytes (bytes_of ({})); });
  expect_io (IOError.INVALID_ARGUMENT, () => { memory.create_image ({}, Rill.ChannelType.UINT8); });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    memory.create_image ({ 4, 0 }, Rill.ChannelType.UINT8);
  });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    memory.create_image_from_bytes (bytes_of (data), { 7 }, Rill.ChannelType.UINT8);
  });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    memory.create_image_view_from_bytes (bytes_of (data), { 2, 3 }, Rill.ChannelType.UINT8,
                                         Rill.ImageUsageFlags.NONE, Rill.FilterMode.LINEAR,
                                         Rill.AddressMode.REPEAT, true, true);
  });
}

void test_close (Rill.Session session) throws GLib.Error {
  var memory = create (session);
  var buffer = memory.create_buffer (64);
  memory.close ();
  memory.close ();
  assert (memory.closed && buffer.closed);
  expect_io (IOError.CLOSED, () => { memory.create_buffer (64); });
  expect_io (IOError.CLOSED, () => { memory.create_image ({ 4 }, Rill.ChannelType.UINT8); });
  expect_io (IOError.CLOSED, () => { memory.trim (); });
  expect_io (IOError.CLOSED, () => { memory.calculate_statistics (); });
  expect_io (IOError.CLOSED, () => { buffer.read_bytes (); });
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/memory/properties", test_properties);
  SessionTest.add ("/memory/pages", test_pages);
  SessionTest.add ("/memory/limit", test_limit);
  SessionTest.add ("/memory/statistics", test_statistics);
  SessionTest.add ("/memory/page-list", test_page_list);
  SessionTest.add ("/memory/dumps", test_dumps);
  SessionTest.add ("/memory/explanation", test_explanation);
  SessionTest.add ("/memory/strategy", test_strategy);
  SessionTest.add ("/memory/create", test_create);
  SessionTest.add ("/memory/close", test_close);
  return Test.run ();
}
