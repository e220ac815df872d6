# SPDX-License-Identifier: MIT
"""Memories are compacted, and their objects do not notice."""

import threading

from support import IO, RillTest, call_async, data_of, iterate
from gi.repository import Gio, Rill


PAGE = 256 << 10


class Compaction(RillTest):

    def make_sparse(self, n_pages):
        """A memory, and buffers that are each alone in a page of it."""
        memory = self.session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE)
        buffers, fillers = [], []
        for i in range(n_pages):
            buffers.append(memory.create_buffer_from_bytes(bytes([i]) * 1000))
            fillers.append(memory.create_buffer(PAGE - 1500))
        for filler in fillers:
            filler.close()
        self.session.wait_idle()
        memory.trim()
        self.assertEqual(memory.get_page_count(), n_pages)
        return memory, buffers

    def assert_compact(self, memory, buffers):
        self.assertEqual(memory.get_page_count(), 1)
        for i, buffer in enumerate(buffers):
            self.assertEqual(buffer.get_allocation_info().page,
                             buffers[0].get_allocation_info().page)
            self.assertEqual(data_of(buffer.read_bytes()), bytes([i]) * 1000)

    def test_compact(self):
        memory, buffers = self.make_sparse(4)
        relocated, infos = [], []
        for buffer in buffers:
            buffer.connect('relocated', relocated.append)
            buffer.connect('notify::allocation-info', lambda thing, _: infos.append(thing))
        self.assertTrue(memory.compact())
        self.assert_compact(memory, buffers)
        self.assertEqual(relocated, [])
        iterate()
        self.assertEqual(len(relocated), 3)
        self.assertEqual(relocated, infos)

    def test_compact_async(self):
        memory, buffers = self.make_sparse(3)
        result = call_async(memory.compact_async)
        self.assertTrue(memory.compact_finish(result))
        self.assert_compact(memory, buffers)

    def test_what_is_mapped_stays(self):
        memory, buffers = self.make_sparse(3)
        if not memory.get_mappable():
            self.skipTest('the device memory cannot be mapped')
        page = buffers[1].get_allocation_info().page
        mapping = buffers[1].map(Rill.MapFlags.READ)
        memory.compact()
        mapping.close()
        self.assertEqual(buffers[1].get_allocation_info().page, page)
        self.assert_compact(memory, buffers)

    def test_errors(self):
        memory, buffers = self.make_sparse(2)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            memory.compact(cancellable)
        self.assertEqual(memory.get_page_count(), 2)
        memory.close()
        with self.raises(IO, Gio.IOErrorEnum.CLOSED):
            memory.compact()
        result = call_async(memory.compact_async)
        with self.raises(IO, Gio.IOErrorEnum.CLOSED):
            memory.compact_finish(result)

    def test_objects_are_dropped_meanwhile(self):
        """A wrapper with an attribute lives as long as its object: Python is called for each reference.

        Neither thread may wait for the other with Python's lock.
        """
        memory = self.session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE)
        handles = self.session.create_command_buffer()
        scattered, fillers = [], []
        for i in range(6):
            scattered.append(memory.create_buffer(1000))
            fillers.append(memory.create_buffer(PAGE - 1500))
        for i in range(5):  # so they stay where they are, and each compaction looks at everything
            handles.copy_buffer(scattered[i], 0, scattered[i + 1], 0, 100)
        for filler in fillers:
            filler.close()
        stop = threading.Event()

        def churn():
            while not stop.is_set():
                buffers = [memory.create_buffer(1000) for i in range(20)]
                for buffer in buffers:
                    buffer.attribute = 1
                del buffers, buffer

        thread = threading.Thread(target=churn)
        thread.start()
        for i in range(200):
            memory.compact()
        stop.set()
        thread.join()
        self.assertEqual(len({buffer.get_allocation_info().page for buffer in scattered}), 6)
