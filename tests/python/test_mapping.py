# SPDX-License-Identifier: MIT
"""Mappings of buffers."""

import ctypes
import gc

from support import IO, RillTest, call_async, data_of, iterate
from gi.repository import Gio, GLib, Rill


READ = Rill.MapFlags.READ
WRITE = Rill.MapFlags.WRITE


class Mappings(RillTest):

    def create(self, data=bytes(range(64))):
        return self.host_memory.create_buffer_from_bytes(data)

    def test_properties(self):
        buffer = self.create()
        mapping = buffer.map(READ | WRITE)
        self.check_properties(mapping, buffer=buffer, flags=READ | WRITE, offset=0, size=64,
                              closed=False)
        mapping.close()
        self.check_properties(mapping, closed=True)
        mapping = buffer.map_range(READ, 8)
        self.check_properties(mapping, offset=8, size=56)
        mapping.close()

    def test_reading(self):
        mapping = self.create().map_range(READ, 10, 4)
        self.assertIsInstance(mapping.get_bytes(), GLib.Bytes)
        self.assertEqual(data_of(mapping.get_bytes()), bytes((10, 11, 12, 13)))
        self.assertEqual(ctypes.string_at(mapping.get_address(), mapping.get_size()),
                         bytes((10, 11, 12, 13)))
        mapping.close()

    def test_writing(self):
        buffer = self.create()
        mapping = buffer.map(WRITE)
        ctypes.memmove(mapping.get_address(), b'abc', 3)
        mapping.close()
        self.assertEqual(data_of(buffer.read_bytes(0, 4)), b'abc\3')

    def test_async(self):
        buffer = self.create()
        result = call_async(buffer.map_async, READ, 0, None)
        mapping = buffer.map_finish(result)
        self.assertEqual(data_of(mapping.get_bytes()), bytes(range(64)))
        mapping.close()

    def test_async_waits(self):
        buffer = self.create()
        holder = buffer.map(WRITE)
        results = []
        buffer.map_async(READ, callback=lambda _, result: results.append(result))
        iterate()
        self.assertEqual(results, [])
        ctypes.memmove(holder.get_address(), b'abc', 3)
        holder.close()
        iterate(lambda: results)
        mapping = buffer.map_finish(results[0])
        self.assertEqual(data_of(mapping.get_bytes())[:3], b'abc')
        mapping.close()

    def test_async_errors(self):
        buffer = self.create()
        holder = buffer.map(WRITE)
        result = call_async(buffer.map_async, READ, 1, None)
        with self.raises(IO, Gio.IOErrorEnum.TIMED_OUT):
            buffer.map_finish(result)
        cancellable = Gio.Cancellable()
        results = []
        buffer.map_async(READ, 0, cancellable, lambda _, result: results.append(result))
        cancellable.cancel()
        iterate(lambda: results)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            buffer.map_finish(results[0])
        holder.close()

    def test_busy(self):
        # Where the memory is not coherent, a mapping has whole atoms, of which no device has larger ones than 256.
        buffer = self.create(bytes(1024))
        reader = buffer.map_range(READ, 0, 16)
        second = buffer.map_range(READ, 8, 16)
        self.assertEqual(data_of(buffer.read_bytes(0, 1)), b'\0')
        for call in (lambda: buffer.map_range(WRITE, 15, 1), lambda: buffer.write_bytes(15, b'x'),
                     lambda: buffer.fill(0, -1, 0), lambda: self.create().copy_to(0, buffer, 0)):
            with self.raises(IO, Gio.IOErrorEnum.BUSY):
                call()
        buffer.write_bytes(512, b'x')
        reader.close()
        second.close()
        writer = buffer.map_range(WRITE, 0, 16)
        for call in (lambda: buffer.map_range(READ, 15, 1), lambda: buffer.map(READ),
                     lambda: buffer.read_bytes(),
                     lambda: buffer.write_bytes(15, b'x'),
                     lambda: buffer.copy_to(0, self.create(), 0, 64)):
            with self.raises(IO, Gio.IOErrorEnum.BUSY):
                call()
        self.assertEqual(data_of(buffer.read_bytes(512, 1)), b'x')
        writer.close()
        self.assertEqual(len(data_of(buffer.read_bytes())), 1024)

    def test_bad_arguments(self):
        buffer = self.create()
        for call in (lambda: buffer.map(Rill.MapFlags.NONE), lambda: buffer.map(Rill.MapFlags(8)),
                     lambda: buffer.map_range(READ, 65), lambda: buffer.map_range(READ, 0, 65),
                     lambda: buffer.map_range(READ, 0, -2)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call()

    def test_memory_that_cannot_be_mapped(self):
        buffer = self.memory.create_buffer(64)
        if buffer.get_mappable():
            buffer.map(READ).close()
        else:
            with self.raises(IO, Gio.IOErrorEnum.NOT_SUPPORTED):
                buffer.map(READ)

    def test_close(self):
        mapping = self.create().map(READ)
        notified = []
        mapping.connect('notify::closed', lambda thing, _: notified.append(thing.get_closed()))
        mapping.close()
        mapping.close()
        iterate()
        self.assertEqual(notified, [True])
        for call in (mapping.get_bytes, mapping.get_address):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()

    def test_a_view_outlives_everything(self):
        session = self.open_session()
        memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)
        mapping = memory.create_buffer_from_bytes(b'still there').map(READ)
        view = mapping.get_bytes()
        mapping.close()
        session.close()
        del mapping, memory, session
        gc.collect()
        self.assertEqual(data_of(view), b'still there')

    def test_dropping_a_mapping_ends_the_access(self):
        buffer = self.create()
        mapping = buffer.map(WRITE)
        del mapping
        self.assertTrue(buffer.write_bytes(0, b'x'))
