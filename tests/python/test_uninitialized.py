# SPDX-License-Identifier: MIT
"""Every method answers, whatever state its object is in: with an error, or with nothing."""

import introspect
from support import IO, RillTest, iterate
from gi.repository import Gio, GLib, GObject, Rill

NAMES = [name for name in introspect.classes() if name != 'Resource']


def uninitialized(name):
    return GObject.new(getattr(Rill, name))


class Methods(RillTest):

    def argument(self, kind):
        """A value for an argument of a type: of objects, one that was never initialised."""
        name = introspect.type_name(kind)
        if name in introspect.classes():
            return uninitialized('Buffer' if name == 'Resource' else name)
        known = {
            'array': [1], 'gboolean': True, 'utf8': 'text', 'GLib.Bytes': GLib.Bytes.new(b'1234'),
            'Gio.Cancellable': None, 'Gio.AsyncReadyCallback': None,
            'GObject.Object': Gio.Cancellable(), 'Gio.File': Gio.File.new_for_path('/nowhere'),
            'SuballocatorWalkFunc': lambda *part: None,
            'GLib.Variant': GLib.Variant('i', 1),
        }
        if name in known:
            return known[name]
        if name.startswith('gu') or name.startswith('gi'):
            return 0
        if name in ('gdouble', 'gfloat'):
            return 0.5
        return getattr(Rill, name)(1)  # an enumeration or flags

    def call(self, function, thing):
        name = function.get_name()
        kinds = introspect.arguments(function)
        arguments = [self.argument(kind) for kind in kinds]
        if name == 'create_program_from_glsl':
            arguments[2] = []
        return getattr(thing, name)(*arguments)

    def finish(self, function, thing):
        """Starts what function finishes, and finishes it."""
        results = []
        start = getattr(thing, function.get_name().replace('_finish', '_async'))
        for info in introspect.infos():
            for other in introspect.callables(info):
                if info.get_name() == type(thing).__name__ and other.get_name() == start.__name__:
                    arguments = [self.argument(kind) for kind in introspect.arguments(other)[:-1]]
        start(*arguments, callback=lambda _, result: results.append(result))
        iterate(lambda: results)
        return getattr(thing, function.get_name())(results[0])

    def methods(self, name):
        """Those of the class, and of its parent where that is ours."""
        for info in introspect.infos():
            if info.get_name() != name and not (
                    info.get_name() == 'Resource' and name in ('Buffer', 'Image')):
                continue
            for function in introspect.callables(info):
                is_async = function.get_name().endswith('_async')
                if introspect.is_method(function) and not is_async:
                    yield function

    def check(self, name, thing, code):
        for function in self.methods(name):
            with self.subTest('%s.%s' % (name, function.get_name())):
                call = self.finish if function.get_name().endswith('_finish') else self.call
                if introspect.throws(function):
                    with self.assertRaises(GLib.Error) as caught:
                        call(function, thing)
                    self.assertTrue(caught.exception.matches(IO, code), repr(caught.exception))
                else:
                    call(function, thing)

    def test_never_initialised(self):
        for name in NAMES:
            thing = uninitialized(name)
            self.check_properties(thing)
            self.check(name, thing, Gio.IOErrorEnum.NOT_INITIALIZED)
            thing.run_dispose()

    def test_their_getters(self):
        for name in NAMES:
            thing = uninitialized(name)
            for pspec in GObject.list_properties(thing):
                value = thing.get_property(pspec.name)
                if not isinstance(value, (GObject.GEnum, Gio.ListModel)):
                    self.assertFalse(value, '%s.%s' % (name, pspec.name))

    def make(self, session):
        memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)
        buffer = memory.create_buffer(64)
        device_memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
        image = device_memory.create_image([2, 2], Rill.ChannelType.UINT8)
        program = session.create_program_from_glsl('#version 450\nvoid main() {}')
        return {
            'Session': session, 'Memory': memory, 'Buffer': buffer, 'Image': image,
            'ImageView': image.create_view(),
            'Mapping': memory.create_buffer(64).map(Rill.MapFlags.READ), 'Program': program,
            'ComputeNode': session.create_compute_node(program),
            'CommandBuffer': session.create_command_buffer(),
            'Duration': session.create_duration(),
        }

    def test_closed(self):
        for name, thing in self.make(self.session).items():
            if name != 'Session':
                thing.close()
                self.assertTrue(thing.get_closed())
                self.check(name, thing, Gio.IOErrorEnum.CLOSED)

    def test_session_closed(self):
        session = self.open_session()
        for name, thing in self.make(session).items():
            session.close()
            self.assertTrue(thing.get_closed(), name)
            self.check(name, thing, Gio.IOErrorEnum.CLOSED)

    def test_disposed(self):
        """As a garbage collector may leave them."""
        session = self.open_session()
        for name, thing in reversed(list(self.make(session).items())):
            thing.run_dispose()
            self.check(name, thing, Gio.IOErrorEnum.CLOSED)
