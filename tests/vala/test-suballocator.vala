// SPDX-License-Identifier: MIT
// Suballocators, which need no device.

const int SIZE = 1 << 20;

void test_properties () throws GLib.Error {
  var suballocator = new Rill.Suballocator (SIZE, Rill.AllocationStrategy.LINEAR);
  assert (suballocator.size == SIZE);
  assert (suballocator.strategy == Rill.AllocationStrategy.LINEAR);
  assert (suballocator.used_size == 0);
  suballocator.allocate (1000, 1, null);
  assert (suballocator.used_size == 1000);
  assert (suballocator.range_count == 1);
}

void test_allocate () throws GLib.Error {
  var suballocator = new Rill.Suballocator (((uint64) 1) << 50, Rill.AllocationStrategy.GENERAL);
  uint64 offset, found_offset, found_size;
  uint64 handle = suballocator.allocate (((uint64) 1) << 40, 256, out offset);
  assert (handle > 0 && handle < ((uint64) 1) << 53);
  assert (offset % 256 == 0);
  assert (suballocator.lookup (handle, out found_offset, out found_size));
  assert (found_offset == offset);
  assert (found_size == ((uint64) 1) << 40);
  assert (suballocator.free (handle));
  expect_io (IOError.INVALID_ARGUMENT, () => suballocator.free (handle));
  expect_io (IOError.INVALID_ARGUMENT, () => suballocator.allocate (1, 3, null));
  expect_io (IOError.NO_SPACE, () => suballocator.allocate (((uint64) 1) << 51, 1, null));
}

void test_clear () throws GLib.Error {
  var suballocator = new Rill.Suballocator (SIZE, Rill.AllocationStrategy.LINEAR);
  for (int i = 0; i < 100; i++)
    suballocator.allocate (1000, 1, null);
  suballocator.clear ();
  assert (suballocator.used_size == 0);
  uint64 offset;
  suballocator.allocate (SIZE, 1, out offset);
  assert (offset == 0);
}

void test_walk () throws GLib.Error {
  var suballocator = new Rill.Suballocator (SIZE, Rill.AllocationStrategy.GENERAL);
  uint64 first = suballocator.allocate (100, 16, null);
  suballocator.allocate (100, 16, null);
  string seen = "";
  suballocator.walk ((offset, size, used, handle) => {
    string kind = handle == first ? "first" : handle != 0 ? "range" : used ? "padding" : "free";
    seen += "%d+%d %s ".printf ((int) offset, (int) size, kind);
    if (handle == first) {
      try {
        suballocator.free (handle);
      } catch (GLib.Error e) {
        assert_not_reached ();
      }
    }
  });
  assert_cmpstr (seen, CompareOperator.EQ, "0+100 first 100+12 padding 112+100 range 212+1048364 free ");
  var statistics = suballocator.calculate_statistics ();
  assert (statistics.object_count == 1);
  assert (statistics.used_size == 100);
  assert (statistics.reserved_size == SIZE);
}

void run (Body body) {
  try {
    body ();
  } catch (GLib.Error error) {
    GLib.error ("%s", error.message);
  }
}

int main (string[] args) {
  Test.init (ref args);
  Test.add_func ("/suballocator/properties", () => run (test_properties));
  Test.add_func ("/suballocator/allocate", () => run (test_allocate));
  Test.add_func ("/suballocator/clear", () => run (test_clear));
  Test.add_func ("/suballocator/walk", () => run (test_walk));
  return Test.run ();
}
