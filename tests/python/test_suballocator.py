# SPDX-License-Identifier: MIT
"""Suballocators, which need no device."""

from support import IO, RillTest
from gi.repository import Gio, Rill

SIZE = 1 << 20
GENERAL = Rill.AllocationStrategy.GENERAL
LINEAR = Rill.AllocationStrategy.LINEAR


class Suballocators(RillTest):

    def test_properties(self):
        suballocator = Rill.Suballocator.new(SIZE, LINEAR)
        self.check_properties(suballocator, size=SIZE, strategy=LINEAR, used_size=0, range_count=0)
        suballocator.allocate(1000, 1)
        self.check_properties(suballocator, used_size=1000, range_count=1)

    def test_defaults(self):
        suballocator = Rill.Suballocator(1000)
        self.assertIsInstance(suballocator, Rill.Suballocator)
        self.check_properties(suballocator, size=1000, strategy=GENERAL)
        self.assertEqual(Rill.Suballocator(size=5, strategy=LINEAR).get_strategy(), LINEAR)
        self.assertEqual([suballocator.allocate(10)[1] for i in range(3)], [0, 10, 20])
        with self.assertRaises(TypeError):
            Rill.Suballocator()

    def test_fragmentation(self):
        suballocator = Rill.Suballocator(1000)
        handles = [suballocator.allocate(100)[0] for i in range(10)]
        for handle in handles[::2]:
            suballocator.free(handle)
        self.assertAlmostEqual(suballocator.calculate_statistics().fragmentation, 0.8)

    def test_new_refuses(self):
        for size in 0, 1 << 63, (1 << 64) - 1:
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                Rill.Suballocator.new(size, GENERAL)
        for size in -1, 1 << 64:
            with self.assertRaises((OverflowError, ValueError)):
                Rill.Suballocator.new(size, GENERAL)
        with self.assertRaises(TypeError):
            Rill.Suballocator.new(float('nan'), GENERAL)

    def test_allocate_and_free(self):
        suballocator = Rill.Suballocator.new(1 << 50, GENERAL)
        handle, offset = suballocator.allocate(1 << 40, 256)
        other, other_offset = suballocator.allocate(1000, 1 << 41)
        self.assertTrue(0 < handle < 1 << 53)
        self.assertEqual(offset % 256, 0)
        self.assertEqual(other_offset % (1 << 41), 0)
        self.assertEqual(suballocator.lookup(other), (other_offset, 1000))
        self.assertTrue(suballocator.free(handle))
        for stale in handle, 0, (1 << 64) - 1:
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                suballocator.free(stale)
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                suballocator.lookup(stale)
        self.assertEqual(suballocator.get_range_count(), 1)

    def test_allocate_refuses(self):
        suballocator = Rill.Suballocator.new(SIZE, GENERAL)
        for size, alignment in (0, 1), (1, 0), (1, 3):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                suballocator.allocate(size, alignment)
        with self.raises(IO, Gio.IOErrorEnum.NO_SPACE):
            suballocator.allocate(SIZE + 1, 1)
        with self.raises(IO, Gio.IOErrorEnum.NO_SPACE):
            suballocator.allocate((1 << 64) - 1, 1)

    def test_clear(self):
        suballocator = Rill.Suballocator.new(SIZE, LINEAR)
        handles = [suballocator.allocate(1000, 1)[0] for i in range(100)]
        suballocator.clear()
        self.assertEqual(suballocator.get_used_size(), 0)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            suballocator.free(handles[50])
        self.assertEqual(suballocator.allocate(SIZE, 1)[1], 0)

    def test_walk_and_statistics(self):
        suballocator = Rill.Suballocator.new(SIZE, GENERAL)
        handles = [suballocator.allocate(100, 16)[0] for i in range(4)]
        suballocator.free(handles[1])
        parts = []

        def see(offset, size, used, handle):
            parts.append((offset, size, used, handle))
            if handle == handles[0]:
                suballocator.free(handle)

        suballocator.walk(see)
        self.assertEqual(parts, [
            (0, 100, True, handles[0]), (100, 112, False, 0), (212, 12, True, 0),
            (224, 100, True, handles[2]), (324, 12, True, 0), (336, 100, True, handles[3]),
            (436, SIZE - 436, False, 0)])
        statistics = suballocator.calculate_statistics()
        self.assertEqual(
            (statistics.page_count, statistics.object_count, statistics.free_range_count,
             statistics.reserved_size, statistics.used_size, statistics.free_size,
             statistics.largest_free_size),
            (1, 2, 2, SIZE, 200, SIZE - 224, SIZE - 436))
