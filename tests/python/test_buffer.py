# SPDX-License-Identifier: MIT
"""Buffers and their transfers."""

import array
import ctypes
import mmap

import numpy as np
from support import IO, RillTest, call_async, data_of, iterate
from gi.repository import Gio, GLib, Rill


def fresh(size=64):
    return bytes(i * 7 % 251 for i in range(size))


class Buffers(RillTest):

    def test_properties(self):
        buffer = self.host_memory.create_buffer(100, Rill.BufferUsageFlags.STORAGE)
        self.check_properties(buffer, memory=self.host_memory, size=100, mappable=True,
                              closed=False, name=None,
                              usage=Rill.BufferUsageFlags.STORAGE)
        info = buffer.get_allocation_info()
        self.assertGreaterEqual(info.size, 100)
        self.assertGreaterEqual(info.offset, info.left_padding)
        self.assertEqual(info.page, 0)
        self.assert_same(info.copy(), info)
        usage = Rill.BufferUsageFlags
        self.assertEqual(self.memory.create_buffer(1).get_usage(),
                         usage.STORAGE | usage.TRANSFER_SRC | usage.TRANSFER_DST)

    def test_name(self):
        buffer = self.memory.create_buffer(100)
        seen = []
        buffer.connect('notify::name', lambda thing, _: seen.append(thing.dup_name()))
        buffer.set_name('weights')
        self.assertEqual(buffer.dup_name(), 'weights')
        iterate()
        self.assertEqual(seen, ['weights'])
        buffer.name = 'biases'
        self.assertEqual(buffer.get_property('name'), 'biases')
        buffer.set_property('name', None)
        self.assertIsNone(buffer.name)

    def test_relocated(self):
        buffer = self.memory.create_buffer(100)
        seen = []
        buffer.connect('relocated', seen.append)
        buffer.emit('relocated')
        self.assertEqual(seen, [buffer])

    def test_write_and_read(self):
        for memory in (self.memory, self.host_memory):
            buffer = memory.create_buffer(64)
            self.assertTrue(buffer.write_bytes(0, fresh()))
            self.assertIsInstance(buffer.read_bytes(), GLib.Bytes)
            self.assertEqual(data_of(buffer.read_bytes()), fresh())
            self.assertEqual(data_of(buffer.read_bytes(10)), fresh()[10:])
            self.assertEqual(data_of(buffer.read_bytes(10, 3)), fresh()[10:13])
            self.assertEqual(data_of(buffer.read_bytes(offset=10, size=3, cancellable=None)),
                             fresh()[10:13])
            self.assertEqual(data_of(buffer.read_bytes(64)), b'')
            buffer.write_bytes(5, b'abc')
            buffer.write_bytes(64, b'')
            self.assertEqual(data_of(buffer.read_bytes()), fresh()[:5] + b'abc' + fresh()[8:])

    def test_write_takes_the_bytes_of_every_buffer(self):
        """Never values that are converted to bytes."""
        floats = np.array([1.75, 2.5, 200.9], np.float32)
        mapped = mmap.mmap(-1, 16)
        mapped[:] = fresh(16)
        sources = [
            GLib.Bytes.new(fresh()), fresh(), bytearray(fresh()), memoryview(fresh()),
            memoryview(fresh())[3:9],
            array.array('i', [1, -2, 300]), (ctypes.c_uint16 * 3)(1, 2, 65535), mapped, floats,
            np.array([[1, 2], [3, 1 << 40]], np.int64), np.array([True, False]), np.zeros((3, 0)),
            np.arange(24).reshape(2, 3, 4), np.frombuffer(fresh(), np.uint8)[5:], np.float64(1.5),
            b'',
        ]
        for source in sources:
            with self.subTest(type(source)):
                is_gbytes = isinstance(source, GLib.Bytes)
                expected = data_of(source) if is_gbytes else memoryview(source).tobytes()
                buffer = self.memory.create_buffer(256)
                buffer.fill(0, -1, 0xee)
                self.assertTrue(buffer.write_bytes(8, source))
                self.assertEqual(data_of(buffer.read_bytes(0, len(expected) + 16)),
                                 b'\xee' * 8 + expected + b'\xee' * 8)
                if expected:
                    copy = self.memory.create_buffer_from_bytes(source)
                    self.assertEqual(data_of(copy.read_bytes()), expected)
                result = call_async(buffer.write_bytes_async, 16, source, None)
                self.assertTrue(buffer.write_bytes_finish(result))
                self.assertEqual(data_of(buffer.read_bytes(16, len(expected))), expected)

    def test_write_refuses_what_has_no_bytes_in_a_row(self):
        buffer = self.memory.create_buffer(256)
        buffer.fill(0, -1, 1)
        wrong = ['text', 5, None, [1, 2, 3], range(3), object(), np.arange(10)[::2],
                 np.arange(6).reshape(2, 3).T,
                 memoryview(fresh())[::2]]
        for source in wrong:
            with self.subTest(repr(source)):
                for call in (lambda: buffer.write_bytes(0, source),
                             lambda: self.memory.create_buffer_from_bytes(source),
                             lambda: buffer.write_bytes_async(0, source, None, None)):
                    with self.assertRaises((TypeError, ValueError, BufferError)):
                        call()
        self.assertEqual(data_of(buffer.read_bytes()), b'\1' * 256)

    def test_write_lets_go_of_what_it_has_taken(self):
        buffer = self.memory.create_buffer(256)
        source = bytearray(fresh(256))
        buffer.write_bytes(0, source)
        source.extend(b'not locked')
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            buffer.write_bytes(0, source)
        source.extend(b'nor now')
        source[:] = bytes(len(source))
        self.assertEqual(data_of(buffer.read_bytes()), fresh(256))

    def test_bounds(self):
        buffer = self.memory.create_buffer(64)
        buffer.fill(0, -1, 7)
        other = self.memory.create_buffer(64)
        for call in (lambda: buffer.write_bytes(0, bytes(65)), lambda: buffer.write_bytes(65, b''),
                     lambda: buffer.write_bytes(64, b'x'),
                     lambda: buffer.write_bytes(2 ** 64 - 1, b'xy'),
                     lambda: buffer.read_bytes(0, 65), lambda: buffer.read_bytes(65),
                     lambda: buffer.read_bytes(0, -2),
                     lambda: buffer.read_bytes(2 ** 64 - 1, 2), lambda: buffer.fill(0, 65, 0),
                     lambda: buffer.fill(60, 5, 0), lambda: buffer.copy_to(0, other, 1),
                     lambda: buffer.copy_to(1, other, 0, 64),
                     lambda: buffer.copy_to(0, buffer, 1, 2)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call()
        with self.assertRaises(OverflowError):
            buffer.read_bytes(-1)
        self.assertEqual(data_of(buffer.read_bytes()), b'\7' * 64)

    def test_async(self):
        for memory in (self.memory, self.host_memory):
            buffer = memory.create_buffer(64)
            result = call_async(buffer.write_bytes_async, 0, fresh(), None)
            self.assertTrue(buffer.write_bytes_finish(result))
            result = call_async(buffer.read_bytes_async, 8, 16, None)
            self.assertEqual(data_of(buffer.read_bytes_finish(result)), fresh()[8:24])

    def test_async_passes_user_data_on(self):
        buffer = self.memory.create_buffer(64)
        seen = []
        buffer.write_bytes_async(0, fresh(), None, lambda *arguments: seen.append(arguments),
                                 'user', 'data')
        buffer.read_bytes_async(0, -1, None, lambda *arguments: seen.append(arguments), 'more')
        buffer.read_bytes_async()
        iterate(lambda: len(seen) == 2)
        self.assertEqual({arguments[0] for arguments in seen}, {buffer})
        self.assertEqual({arguments[2:] for arguments in seen}, {('user', 'data'), ('more',)})
        self.session.wait_idle()

    def test_async_does_not_need_its_input_any_more(self):
        buffer = self.memory.create_buffer(1 << 20)
        source = bytearray(fresh(1 << 20))
        seen = []
        buffer.write_bytes_async(0, source, None, lambda _, result: seen.append(result))
        source[:] = bytes(len(source))
        source.clear()
        iterate(lambda: seen)
        self.assertTrue(buffer.write_bytes_finish(seen[0]))
        self.assertEqual(data_of(buffer.read_bytes()), fresh(1 << 20))

    def test_async_errors(self):
        buffer = self.memory.create_buffer(64)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        result = call_async(buffer.write_bytes_async, 0, fresh(), cancellable)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            buffer.write_bytes_finish(result)
        result = call_async(buffer.write_bytes_async, 1, fresh(), None)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            buffer.write_bytes_finish(result)
        result = call_async(buffer.read_bytes_async, 0, 65, None)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            buffer.read_bytes_finish(result)
        result = call_async(buffer.read_bytes_async, 0, -1, cancellable)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            buffer.read_bytes_finish(result)
        result = call_async(buffer.copy_to_async, 0, self.memory.create_buffer(1), 0, -1, None)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            buffer.copy_to_finish(result)

    def test_cancelled(self):
        buffer = self.memory.create_buffer(64)
        buffer.fill(0, -1, 3)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        for call in (lambda: buffer.write_bytes(0, GLib.Bytes.new(fresh()), cancellable),
                     lambda: buffer.write_bytes(0, fresh(), cancellable),
                     lambda: buffer.read_bytes(0, -1, cancellable),
                     lambda: buffer.fill(0, -1, 4, cancellable)):
            with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
                call()
        self.assertEqual(data_of(buffer.read_bytes()), b'\3' * 64)

    def test_addresses(self):
        for memory in (self.memory, self.host_memory):
            buffer = memory.create_buffer(64)
            source = np.arange(16, dtype=np.uint16)
            self.assertTrue(buffer.write_address(4, source.ctypes.data, source.nbytes))
            to = np.zeros(16, np.uint16)
            self.assertTrue(buffer.read_address(4, to.ctypes.data, to.nbytes))
            self.assertEqual(to.tolist(), source.tolist())
            self.assertTrue(buffer.write_address(0, 0, 0))
            for call in (buffer.write_address, buffer.read_address):
                with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                    call(0, 0, 4)
                with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                    call(62, to.ctypes.data, 4)

    def test_copy_to(self):
        source = self.memory.create_buffer_from_bytes(fresh())
        for memory in (self.memory, self.host_memory):
            to = memory.create_buffer(64)
            to.fill(0, -1, 0)
            self.assertTrue(source.copy_to(0, to, 0))
            self.assertEqual(data_of(to.read_bytes()), fresh())
            to.fill(0, -1, 0)
            self.assertTrue(source.copy_to(3, to, 5, 7))
            self.assertEqual(data_of(to.read_bytes()), bytes(5) + fresh()[3:10] + bytes(52))
            result = call_async(source.copy_to_async, 0, to, 0, -1, None)
            self.assertTrue(source.copy_to_finish(result))
            self.assertEqual(data_of(to.read_bytes()), fresh())

    def test_copy_to_another_session(self):
        session = self.open_session()
        memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
        source = self.memory.create_buffer_from_bytes(fresh())
        to = memory.create_buffer(64)
        self.assertTrue(source.copy_to(0, to, 0))
        self.assertEqual(data_of(to.read_bytes()), fresh())
        session.close()

    def test_fill(self):
        buffer = self.memory.create_buffer(64)
        self.assertTrue(buffer.fill(0, -1, 0xab))
        self.assertEqual(data_of(buffer.read_bytes()), b'\xab' * 64)
        self.assertTrue(buffer.fill(3, 6, 1))
        self.assertEqual(data_of(buffer.read_bytes()), b'\xab' * 3 + b'\1' * 6 + b'\xab' * 55)
        self.assertTrue(buffer.fill(64, 0, 1))

    def test_what_is_only_for_c_and_vala(self):
        for name in ('write_data', 'read_data'):
            self.assertFalse(hasattr(Rill.Buffer, name))

    def test_close(self):
        buffer = self.memory.create_buffer(64)
        other = self.memory.create_buffer(64)
        notified = []
        buffer.connect('notify::closed', lambda thing, _: notified.append(thing.closed))
        buffer.write_bytes(0, fresh())
        buffer.close()
        buffer.close()
        iterate()
        self.assertEqual(notified, [True])
        self.check_properties(buffer, closed=True, memory=self.memory, size=64)
        for call in (lambda: buffer.write_bytes(0, b'x'),
                     lambda: buffer.write_bytes(0, GLib.Bytes.new(b'x')),
                     lambda: buffer.read_bytes(), lambda: buffer.fill(0, -1, 0),
                     lambda: buffer.copy_to(0, other, 0),
                     lambda: other.copy_to(0, buffer, 0), lambda: buffer.map(Rill.MapFlags.READ),
                     lambda: self.memory.create_buffer_like(buffer)):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()
        result = call_async(buffer.read_bytes_async)
        with self.raises(IO, Gio.IOErrorEnum.CLOSED):
            buffer.read_bytes_finish(result)
