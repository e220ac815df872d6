# SPDX-License-Identifier: MIT
"""What the tests in Python share."""

import contextlib
import unittest

import gi

gi.require_version('Rill', '1')

from gi.repository import Gio, GLib, GObject, Rill

MAIN = GLib.MainContext.default()

VULKAN = Rill.vulkan_error_quark()
IO = Gio.io_error_quark()


def iterate(until=None):
    """Runs what is pending in the main context; with a condition, until it holds."""
    while until is not None and not until():
        MAIN.iteration(True)
    while MAIN.pending():
        MAIN.iteration(False)


def call_async(method, *arguments):
    """Calls something_async() and waits; what to give to something_finish()."""
    results = []
    method(*arguments, callback=lambda source, result: results.append(result))
    iterate(lambda: results)
    return results[0]


def data_of(gbytes):
    return gbytes.get_data() or b''


class RillTest(unittest.TestCase):
    """A session for each class, with validation: every message of it fails the test."""

    @classmethod
    def setUpClass(cls):
        cls.messages = []
        cls.session = cls.open_session()
        cls.device = cls.session.get_device()
        # Memory of which nothing is assumed, and memory that the host can map.
        cls.memory = cls.session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
        cls.host_memory = cls.session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)

    @classmethod
    def tearDownClass(cls):
        cls.session.close()
        iterate()
        messages, cls.messages = cls.messages, []
        del cls.session, cls.device, cls.memory, cls.host_memory
        if messages:
            raise AssertionError(messages)

    @classmethod
    def open_session(cls):
        messages = cls.messages
        session = Rill.Session(flags=Rill.SessionFlags.VALIDATION)
        session.connect('validation-message', lambda _, *message: messages.append(message))
        return session

    def tearDown(self):
        iterate()
        messages = self.messages[:]
        self.messages.clear()
        self.assertEqual(messages, [])

    @contextlib.contextmanager
    def raises(self, domain, code):
        with self.assertRaises(GLib.Error) as caught:
            yield
        self.assertTrue(caught.exception.matches(domain, code), repr(caught.exception))
        self.assertGreater(len(caught.exception.message), 10)

    def assert_same(self, one, other):
        """Equality of what two ways of reading a property give."""
        if isinstance(one, Rill.AllocationInfo):
            for field in ('page', 'offset', 'left_padding', 'size'):
                self.assertEqual(getattr(one, field), getattr(other, field))
        elif isinstance(one, GLib.Bytes):
            self.assertEqual(data_of(one), data_of(other))
        else:
            self.assertEqual(one, other)

    def check_properties(self, thing, **expected):
        """Each property reads the same as such, by its getter and as an attribute."""
        names = set()
        for pspec in GObject.list_properties(thing):
            name = pspec.name.replace('-', '_')
            names.add(name)
            getter = getattr(thing, 'get_' + name, None) or getattr(thing, 'dup_' + name)
            value = getter()
            self.assert_same(thing.get_property(pspec.name), value)
            self.assert_same(getattr(thing, name), value)
            if name in expected:
                self.assert_same(value, expected[name])
        self.assertEqual(set(expected) - names, set())
