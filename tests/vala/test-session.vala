// SPDX-License-Identifier: MIT
// Devices and sessions.

void check_device (Rill.Device device, uint index) {
  assert (device.index == index);
  assert (device.name != "");
  assert (device.device_type >= Rill.DeviceType.OTHER && device.device_type <= Rill.DeviceType.CPU);
  assert (device.uuid.length == 36);
  assert (device.vendor_id > 0);
  assert (device.device_id >= 0);
  assert (device.get_pci_bus () == device.pci_bus);
  assert (device.driver_name != "");
  assert (device.driver_version != "");
  assert (device.api_version.has_prefix ("1."));
  assert (device.memory_types.get_n_items () > 0);
}

void test_devices (Rill.Session session) throws GLib.Error {
  var devices = Rill.Device.enumerate ();
  assert (devices.get_n_items () > 0);
  for (uint i = 0; i < devices.get_n_items (); i++)
    check_device ((Rill.Device) devices.get_item (i), i);
}

void test_memory_types (Rill.Session session) throws GLib.Error {
  var memory_types = session.device.memory_types;
  for (uint i = 0; i < memory_types.get_n_items (); i++) {
    var memory_type = (Rill.MemoryType) memory_types.get_item (i);
    assert (memory_type.index == i);
    assert (memory_type.heap_index < 16);
    assert (memory_type.flags == memory_type.get_flags ());
    assert (memory_type.heap_size > 0);
    assert (memory_type.heap_budget <= memory_type.heap_size);
    assert (memory_type.heap_usage <= memory_type.heap_size);
  }
}

void test_constructor (Rill.Session session) throws GLib.Error {
  assert (session.flags == Rill.SessionFlags.VALIDATION);
  assert (!session.closed);
  assert (session.transfers.get_n_items () == 0);
  assert (session.wait_idle ());
  var other_session = new Rill.Session ();
  assert (other_session.flags == Rill.SessionFlags.NONE);
  assert (other_session.wait_idle ());
  other_session.close ();
  other_session = new Rill.Session (session.device);
  assert (other_session.device == session.device);
  other_session.close ();
  expect_io (IOError.CANCELLED, () => {
    new Rill.Session (null, Rill.SessionFlags.NONE, cancelled ());
  });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    new Rill.Session (null, (Rill.SessionFlags) 1024);
  });
}

void test_budget (Rill.Session session) throws GLib.Error {
  string seen = "";
  assert (session.budget_threshold == 0.9);
  session.budget_low.connect ((memory_type) => seen += "%u ".printf (memory_type.index));
  session.notify["budget-threshold"].connect (() => seen += "n ");
  var memory = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL, 1 << 20);
  assert (session.set_budget_threshold (0));
  var buffer = memory.create_buffer (1 << 20);
  var second_buffer = memory.create_buffer (1 << 20);
  assert_cmpstr (seen, CompareOperator.EQ, "");
  iterate ();
  assert_cmpstr (seen, CompareOperator.EQ, "n %u ".printf (memory.memory_type.index));
  assert (memory.memory_type.heap_usage >= buffer.size + second_buffer.size);
  expect_io (IOError.INVALID_ARGUMENT, () => { session.set_budget_threshold (1.5); });
  expect_io (IOError.INVALID_ARGUMENT, () => { session.set_budget_threshold (double.NAN); });
  assert (session.budget_threshold == 0);
}

async void open_other (Rill.Session session) throws GLib.Error {
  var other_session = yield Rill.Session.open_async ();
  assert (other_session.wait_idle ());
  other_session.close ();
  other_session = yield Rill.Session.open_async (session.device, Rill.SessionFlags.NONE);
  assert (other_session.device == session.device);
  other_session.close ();
  try {
    yield Rill.Session.open_async (null, Rill.SessionFlags.NONE, cancelled ());
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
  }
}

void test_open (Rill.Session session) throws GLib.Error {
  open_other.begin (session, complete);
  open_other.end (wait_complete ());
}

void test_create_memory (Rill.Session session) throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.HOST_VISIBLE);
  assert (memory.page_size == Rill.MEMORY_DEFAULT_PAGE_SIZE);
  assert (Rill.MemoryPropertyFlags.HOST_VISIBLE in memory.flags);
  assert (session.create_memory (memory.flags, 4096, true).page_size == 4096);
  expect_io (IOError.NOT_SUPPORTED, () => {
    var flags = Rill.MemoryPropertyFlags.LAZILY_ALLOCATED | Rill.MemoryPropertyFlags.HOST_CACHED;
    session.create_memory (flags, 0, true);
  });
  expect_io (IOError.INVALID_ARGUMENT, () => {
    session.create_memory (Rill.MemoryPropertyFlags.NONE, uint64.MAX);
  });
  memory = session.get_memory_for_usage (Rill.MemoryUsage.UPLOAD);
  assert (memory == session.get_memory_for_usage (Rill.MemoryUsage.UPLOAD));
}

void test_close (Rill.Session session) throws GLib.Error {
  var memory = session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL);
  var buffer = memory.create_buffer (64);
  int notified = 0;
  session.notify["closed"].connect (() => notified++);
  session.close ();
  session.close ();
  assert (notified == 0);
  iterate ();
  assert (notified == 1);
  assert (session.closed && memory.closed && buffer.closed);
  expect_io (IOError.CLOSED, () => { session.wait_idle (); });
  expect_io (IOError.CLOSED,
             () => { session.create_memory (Rill.MemoryPropertyFlags.DEVICE_LOCAL); });
  expect_io (IOError.CLOSED, () => { session.get_memory_for_usage (Rill.MemoryUsage.UPLOAD); });
  expect_io (IOError.CLOSED, () => { memory.create_buffer (64); });
  expect_io (IOError.CLOSED, () => { buffer.read_bytes (); });
}

void test_signals (Rill.Session session) throws GLib.Error {
  var other_session = new Rill.Session ();
  string seen = "";
  other_session.validation_message.connect ((severity, id, text) => {
    seen += "%d %s %s ".printf (severity, id, text);
  });
  other_session.device_lost.connect (() => seen += "lost");
  other_session.validation_message (Rill.ValidationSeverity.ERROR, "VUID-x", "text");
  other_session.device_lost ();
  assert_cmpstr (seen, CompareOperator.EQ, "1 VUID-x text lost");
  other_session.close ();
}

void test_error_domain (Rill.Session session) throws GLib.Error {
  assert_cmpstr (Rill.VulkanError.quark ().to_string (), CompareOperator.EQ,
                 "rill-vulkan-error-quark");
  try {
    session.create_program_from_glsl ("no shader");
    assert_not_reached ();
  } catch (Rill.VulkanError.SHADER_COMPILATION error) {
    assert (error.message != "");
  } catch (GLib.Error error) {
    assert_not_reached ();
  }
}

int main (string[] args) {
  Test.init (ref args);
  SessionTest.add ("/session/devices", test_devices);
  SessionTest.add ("/session/memory-types", test_memory_types);
  SessionTest.add ("/session/constructor", test_constructor);
  SessionTest.add ("/session/budget", test_budget);
  SessionTest.add ("/session/open", test_open);
  SessionTest.add ("/session/create-memory", test_create_memory);
  SessionTest.add ("/session/close", test_close);
  SessionTest.add ("/session/signals", test_signals);
  SessionTest.add ("/session/error-domain", test_error_domain);
  return Test.run ();
}
