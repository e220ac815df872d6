# SPDX-License-Identifier: MIT
"""Devices and sessions."""

import math
import unittest

from support import IO, VULKAN, RillTest, call_async, iterate
from gi.repository import Gio, GLib, GObject, Rill


class Devices(unittest.TestCase):

    def test_enumerate(self):
        devices = Rill.Device.enumerate()
        self.assertIsInstance(devices, Gio.ListModel)
        self.assertGreater(len(devices), 0)
        for index, device in enumerate(devices):
            self.assertIsInstance(device, Rill.Device)
            self.assertEqual(device.get_index(), index)


class DeviceProperties(RillTest):

    def test_device(self):
        for device in Rill.Device.enumerate():
            self.check_properties(device)
            self.assertNotEqual(device.get_name(), '')
            self.assertIsInstance(device.get_device_type(), Rill.DeviceType)
            self.assertRegex(device.get_uuid(), r'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
            self.assertGreater(device.get_vendor_id(), 0)
            self.assertGreaterEqual(device.get_device_id(), 0)
            self.assertNotEqual(device.get_pci_bus(), '')
            self.assertNotEqual(device.get_driver_name(), '')
            self.assertNotEqual(device.get_driver_version(), '')
            self.assertRegex(device.get_api_version(), r'^1\.[0-9]+\.[0-9]+$')

    def test_memory_types(self):
        memory_types = self.device.get_memory_types()
        self.assertGreater(len(memory_types), 0)
        for index, memory_type in enumerate(memory_types):
            self.check_properties(memory_type)
            self.assertEqual(memory_type.get_index(), index)
            self.assertGreaterEqual(memory_type.get_heap_index(), 0)
            self.assertIsInstance(memory_type.get_flags(), Rill.MemoryPropertyFlags)
            self.assertGreater(memory_type.get_heap_size(), 0)
            self.assertLessEqual(memory_type.get_heap_budget(), memory_type.get_heap_size())
            self.assertGreaterEqual(memory_type.get_heap_usage(), 0)


class Sessions(RillTest):

    def test_properties(self):
        self.check_properties(self.session, flags=Rill.SessionFlags.VALIDATION, closed=False)
        self.assertIsInstance(self.session.get_device(), Rill.Device)
        self.assertIsInstance(self.session.get_transfers(), Gio.ListModel)
        self.assertEqual(len(self.session.get_transfers()), 0)

    def test_budget(self):
        session = self.open_session()
        seen, notified = [], []
        session.connect('budget-low', lambda _, memory_type: seen.append(memory_type))
        session.connect('notify::budget-threshold', lambda thing, _: notified.append(
            thing.get_budget_threshold()))
        self.check_properties(session, budget_threshold=0.9)
        memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, 1 << 20)
        self.assertTrue(session.set_budget_threshold(0.0))
        first = memory.create_buffer(1 << 20)
        second = memory.create_buffer(1 << 20)
        self.assertEqual((seen, notified), ([], []))
        iterate()
        self.assertEqual((seen, notified), ([memory.get_memory_type()], [0.0]))
        self.assertGreaterEqual(memory.get_memory_type().get_heap_usage(),
                                first.get_size() + second.get_size())
        for wrong in (-0.5, 1.5, math.nan):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                session.set_budget_threshold(wrong)
        self.assertEqual(session.get_budget_threshold(), 0)

    def test_the_constructor_opens(self):
        session = Rill.Session()
        self.assertIsInstance(session, Rill.Session)
        self.assertEqual(session.get_flags(), Rill.SessionFlags.NONE)
        self.assertFalse(session.get_closed())
        self.assertTrue(session.wait_idle())
        session.close()

    def test_the_constructor_takes_a_device(self):
        for session in (Rill.Session(self.device),
                        Rill.Session(device=self.device, flags=Rill.SessionFlags.NONE),
                        Rill.Session.new(self.device, Rill.SessionFlags.NONE)):
            self.assertIs(type(session), Rill.Session)
            self.assertEqual(session.get_device(), self.device)
            self.assertTrue(session.wait_idle())
            session.close()

    def test_the_constructor_raises(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            Rill.Session(cancellable=cancellable)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            Rill.Session(flags=Rill.SessionFlags(1 << 20))
        with self.assertRaises(TypeError):
            Rill.Session('a device')

    def test_open_async(self):
        result = call_async(Rill.Session.open_async, self.device, Rill.SessionFlags.NONE, None)
        session = Rill.Session.open_finish(result)
        self.assertEqual(session.get_device(), self.device)
        session.close()

    def test_open_async_is_cancelled(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        result = call_async(Rill.Session.open_async, None, Rill.SessionFlags.NONE, cancellable)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            Rill.Session.open_finish(result)

    def test_wait_idle(self):
        self.assertTrue(self.session.wait_idle())
        self.assertTrue(self.session.wait_idle(None))

    def test_close(self):
        session = Rill.Session()
        memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
        buffer = memory.create_buffer(64)
        program = session.create_program_from_glsl('#version 450\nvoid main() {}')
        notified = []
        session.connect('notify::closed', lambda thing, _: notified.append(thing.get_closed()))
        session.close()
        session.close()
        self.assertEqual(notified, [], 'notified in close()')
        iterate()
        self.assertEqual(notified, [True])
        for thing in (session, memory, buffer, program):
            self.assertTrue(thing.get_closed())
        for call in (lambda: session.wait_idle(),
                     lambda: session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL),
                     lambda: session.get_memory_for_usage(Rill.MemoryUsage.UPLOAD),
                     lambda: session.create_program_from_glsl('#version 450\nvoid main() {}'),
                     lambda: session.create_command_buffer(),
                     lambda: session.create_duration(),
                     lambda: memory.create_buffer(64),
                     lambda: memory.calculate_statistics(),
                     lambda: buffer.read_bytes()):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()

    def test_it_is_finalised(self):
        session = Rill.Session()
        buffer = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL).create_buffer(64)
        gone = []
        session.weak_ref(lambda: gone.append(True))
        del session
        self.assertEqual(gone, [], 'a buffer holds its session')
        del buffer
        self.assertEqual(gone, [True])

    def test_create_memory(self):
        flags = Rill.MemoryPropertyFlags
        memory = self.session.create_memory(flags.HOST_VISIBLE)
        self.assertEqual(memory.get_page_size(), Rill.MEMORY_DEFAULT_PAGE_SIZE)
        self.assertEqual(memory.get_flags() & flags.HOST_VISIBLE, flags.HOST_VISIBLE)
        exact = self.session.create_memory(memory.get_flags(), page_size=1 << 20,
                                           exact_flags_match=True)
        self.assertEqual(exact.get_flags(), memory.get_flags())
        self.assertEqual(exact.get_page_size(), 1 << 20)
        with self.raises(IO, Gio.IOErrorEnum.NOT_SUPPORTED):
            self.session.create_memory(flags.LAZILY_ALLOCATED | flags.HOST_CACHED, 0, True)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.session.create_memory(flags.DEVICE_LOCAL, 2 ** 64 - 1)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.session.create_memory(flags(1 << 30))

    def test_get_memory_for_usage(self):
        for usage in (Rill.MemoryUsage.DEVICE_ONLY, Rill.MemoryUsage.UPLOAD,
                      Rill.MemoryUsage.DOWNLOAD):
            memory = self.session.get_memory_for_usage(usage)
            self.assertEqual(memory, self.session.get_memory_for_usage(usage))
            self.assertEqual(memory.get_session(), self.session)
            if usage != Rill.MemoryUsage.DEVICE_ONLY:
                self.assertTrue(memory.get_mappable())

    def test_signals(self):
        """They come from the library; here it is seen what a handler gets."""
        session = Rill.Session()
        seen = []
        session.connect('validation-message', lambda *arguments: seen.append(arguments))
        session.connect('device-lost', lambda *arguments: seen.append(arguments))
        session.emit('validation-message', Rill.ValidationSeverity.ERROR, 'VUID-x', 'text')
        session.emit('device-lost')
        self.assertEqual(seen, [(session, Rill.ValidationSeverity.ERROR, 'VUID-x', 'text'),
                                (session,)])
        session.close()

    def test_error_domains(self):
        self.assertEqual(GLib.quark_to_string(VULKAN), 'rill-vulkan-error-quark')
        self.assertEqual(Rill.VulkanError.quark(), VULKAN)
        with self.assertRaises(GLib.Error) as caught:
            self.session.create_program_from_glsl('no shader')
        error = caught.exception
        self.assertEqual(error.domain, 'rill-vulkan-error-quark')
        self.assertTrue(error.matches(VULKAN, Rill.VulkanError.SHADER_COMPILATION))
        self.assertFalse(error.matches(IO, Rill.VulkanError.SHADER_COMPILATION))


class Overrides(unittest.TestCase):

    def test_final_types_are_the_overrides(self):
        for name in ('Session', 'Memory', 'Buffer', 'Image', 'ComputeNode', 'CommandBuffer'):
            self.assertIs(GObject.type_from_name('Rill' + name).pytype, getattr(Rill, name))
