# SPDX-License-Identifier: MIT
"""The end: of sessions with everything alive, of the last references, and of the interpreter."""

import ctypes
import gc
import itertools
import subprocess
import sys
import textwrap
import threading
import time

from support import IO, RillTest, data_of, iterate
from gi.repository import Gio, Rill

READ = Rill.MapFlags.READ
CLOSED = Gio.IOErrorEnum.CLOSED
SIZE = 1 << 16
PAGE = 1 << 20
DATA = bytes(range(256)) * (SIZE // 256)

SHADER = '''#version 460
layout (local_size_x = 64) in;
layout (set = 0, binding = 0) buffer Data { uint data[]; };
layout (constant_id = 0) const uint n_steps = 1000;
void main ()
{
  uint value = data[gl_GlobalInvocationID.x % 64];
  for (uint i = 0; i < n_steps; i++)
    value = value * 1664525u + 1013904223u;
  data[gl_GlobalInvocationID.x % 64] = value;
}
'''

# A program has one object of every kind.
PROLOGUE = '''
import sys
import threading
import gi
gi.require_version('Rill', '1')
from gi.repository import GLib, Rill

SHADER = """%s"""
PAGE = 1 << 22
MEBIBYTE = bytes(1 << 20)


class Scene:
    def __init__(self):
        self.session = Rill.Session(flags=Rill.SessionFlags.VALIDATION)
        self.session.connect('validation-message', print)
        self.memory = self.session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE, PAGE)
        self.buffer = self.memory.create_buffer_from_bytes(MEBIBYTE)
        self.other = self.memory.create_buffer(1 << 20)
        self.image = self.session.create_memory(
            Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE).create_image((9, 9), Rill.ChannelType.UINT8)
        self.view = self.image.create_view()
        self.mapping = self.memory.create_buffer(4096).map(Rill.MapFlags.WRITE)
        self.bytes = self.mapping.get_bytes()
        self.node = self.session.create_compute_node(
            self.session.create_program_from_glsl(SHADER, None, None), None)
        self.node.bind('Data', self.buffer)
        self.node.set_global_size(4096)
        self.commands = self.session.create_command_buffer()
        for n_steps in range(1000, 1012):
            # Each is another pipeline, which a processor has to compile.
            self.node.set_specialization_constant(0, GLib.Variant('u', n_steps))
            self.commands.dispatch(self.node)

    def start(self):
        """Work of all kinds, whose ends nobody waits for."""
        self.commands.run_async(None, self.done)
        for _ in range(10):
            self.buffer.write_bytes_async(0, MEBIBYTE, None, self.done)
            self.buffer.copy_to_async(0, self.other, 0, -1, None, self.done)
            self.other.read_bytes_async(0, -1, None, self.done)
            self.image.read_bytes_async(None, self.done)
        self.other.map_async(Rill.MapFlags.READ, 0, None, self.done)

    def done(self, source, result):
        pass


scene = Scene()
''' % SHADER


class Scene:
    """A session with an object of every kind."""

    def __init__(self, test):
        self.session = test.open_session()
        self.memory = self.session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE)
        self.buffer = self.memory.create_buffer_from_bytes(DATA)
        self.image = self.memory.create_image((16, 16, 4), Rill.ChannelType.UINT8)
        self.view = self.image.create_view()
        self.host_memory = self.session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE, PAGE)
        self.host_buffer = self.host_memory.create_buffer_from_bytes(DATA)
        self.mapping = self.host_buffer.map(READ)
        self.program = self.session.create_program_from_glsl(SHADER, None, None)
        self.node = self.session.create_compute_node(self.program, None)
        self.node.bind('Data', self.buffer)
        self.duration = self.session.create_duration()
        self.commands = self.session.create_command_buffer()
        self.commands.dispatch(self.node)
        self.gone = []
        self.names = [name for name, thing in vars(self).items() if hasattr(thing, 'weak_ref')]
        for name in self.names:
            getattr(self, name).weak_ref(self.gone.append, name)

    def things(self):
        return [getattr(self, name) for name in self.names if hasattr(self, name)]

    def drop(self, *names):
        for name in names or self.names:
            if hasattr(self, name):
                delattr(self, name)


class Close(RillTest):

    def setUp(self):
        self.scene = Scene(self)

    def check_gone(self, scene):
        """Every object is finalised: none waits for a collection, or is held for ever."""
        scene.drop()
        for _ in range(5000):
            if len(scene.gone) == len(scene.names):
                break
            iterate()
            time.sleep(0.001)
        self.assertEqual(sorted(scene.gone), sorted(scene.names))

    def tearDown(self):
        self.check_gone(self.scene)
        super().tearDown()

    def test_session(self):
        scene = self.scene
        notified = []
        scene.session.connect('notify::closed', lambda thing, _: notified.append(thing.closed))
        scene.mapping.close()
        scene.session.close()
        scene.session.close()
        for thing in scene.things():
            self.assertTrue(thing.closed)
        for memory in (scene.memory, scene.host_memory):
            self.assertEqual((memory.page_count, memory.reserved_size, memory.used_size), (0, 0, 0))
        iterate()
        self.assertEqual(notified, [True])
        for call in (scene.session.wait_idle, scene.memory.trim, scene.buffer.read_bytes,
                     scene.image.read_bytes, scene.image.create_view, scene.commands.run,
                     scene.mapping.get_bytes, scene.duration.get_nanoseconds):
            with self.raises(IO, CLOSED):
                call()

    def test_orders(self):
        things = 'session', 'memory', 'buffer', 'commands'
        for order in itertools.permutations(things):
            scene = Scene(self)
            for name in order:
                getattr(scene, name).close()
            scene.drop(*order)
            self.check_gone(scene)

    def test_the_session_goes_first(self):
        scene = self.scene
        scene.drop('session', 'memory')
        gc.collect()
        self.assertEqual(data_of(scene.buffer.read_bytes()), DATA)
        self.assertEqual(scene.gone, [])

    def test_a_cycle(self):
        """What is only in a cycle of Python's goes with a collection."""
        scene = self.scene
        cycle = [scene.session, scene.buffer, lambda: cycle]
        scene.buffer.connect('notify::name', lambda *_: cycle)
        scene.drop()
        del cycle
        gc.collect()
        self.check_gone(scene)

    def test_in_flight(self):
        scene = self.scene
        results = []
        calls = ((scene.buffer.write_bytes_async, 0, DATA), (scene.buffer.read_bytes_async, 0, -1),
                 (scene.image.read_bytes_async,), (scene.commands.run_async,))
        for method, *arguments in 5 * calls[:3] + calls[3:]:
            method(*arguments, cancellable=None, callback=lambda *result: results.append(result))
        scene.session.close()
        self.assertEqual(results, [])
        iterate(lambda: len(results) == 16)
        for source, result in results:
            if result.had_error():
                with self.raises(IO, CLOSED):
                    result.propagate_boolean()
        results.clear()

    def test_threads(self):
        """Calls in threads end with what was asked, or with CLOSED."""
        scene = self.scene
        errors = []
        rounds = []

        def work(call):
            try:
                while True:
                    call()
                    rounds.append(call)
            except Exception as error:
                errors.append(error)

        calls = (lambda: scene.buffer.read_bytes(), lambda: scene.buffer.write_bytes(0, DATA),
                 lambda: scene.image.clear(None), lambda: scene.commands.run(None),
                 lambda: scene.memory.create_buffer(SIZE))
        threads = [threading.Thread(target=work, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        while len(rounds) < 20:
            time.sleep(0.001)
        scene.session.close()
        for thread in threads:
            thread.join()
        self.assertEqual(len(errors), len(calls))
        for error in errors:
            self.assertTrue(error.matches(IO, CLOSED), error)
        errors.clear()
        del work, calls, threads, thread

    def test_views(self):
        """What a mapping shows stays where it is, whatever is closed and dropped."""
        scene = self.scene
        window = (ctypes.c_uint8 * SIZE).from_address(scene.mapping.get_address())
        window.owner = scene.mapping.get_bytes()
        view = memoryview(window)[16:]
        scene.session.close()
        self.assertEqual(bytes(view), DATA[16:])
        scene.drop(*set(scene.names) - {'host_buffer', 'host_memory', 'session'})
        gc.collect()
        del window
        scene.drop()
        iterate()
        self.assertEqual(bytes(view), DATA[16:])
        self.assertEqual({'host_buffer', 'host_memory', 'session'} & set(scene.gone), set())
        del view

    def check_handlers(self, act):
        """In the handler of each signal."""
        def provoke_page(scene):
            scene.memory.create_buffer(scene.memory.page_size + 1)

        def provoke_name(scene):
            scene.buffer.name = 'last words'

        triggers = [('memory', 'page-added', provoke_page), ('memory', 'page-removed', provoke_page),
                    ('buffer', 'notify::name', provoke_name)]
        triggers += [(name, 'notify::closed', None) for name in self.scene.names]
        for name, signal, provoke in triggers:
            scene = Scene(self)
            calls = []

            def handle(*_, scene=scene, calls=calls):
                calls.append(signal)
                if len(calls) == 1:
                    act(scene)

            getattr(scene, name).connect(signal, handle)
            scene.commands.run_async(None, None)
            if provoke:
                provoke(scene)
            else:
                getattr(scene, name).close()
            self.assertEqual(calls, [])
            iterate(lambda: calls)
            self.check_gone(scene)

    def test_close_in_handlers(self):
        self.check_handlers(lambda scene: scene.session.close())

    def test_drop_in_handlers(self):
        self.check_handlers(lambda scene: scene.drop())

    def test_drop_in_callbacks(self):
        for start in (lambda scene, done: scene.buffer.write_bytes_async(0, DATA, None, done),
                      lambda scene, done: scene.buffer.read_bytes_async(0, -1, None, done),
                      lambda scene, done: scene.image.read_bytes_async(None, done),
                      lambda scene, done: scene.host_buffer.map_async(READ, 0, None, done),
                      lambda scene, done: scene.commands.run_async(None, done)):
            for act in (lambda scene: scene.drop(), lambda scene: scene.session.close()):
                scene = Scene(self)
                done = []

                def callback(source, result, scene=scene, act=act):
                    act(scene)
                    self.assertFalse(result.had_error())
                    done.append(True)

                start(scene, callback)
                iterate(lambda: done)
                del callback
                self.check_gone(scene)

    def test_drop_in_a_weak_callback(self):
        scene = self.scene
        scene.view.weak_ref(lambda: scene.drop())
        scene.drop('view')

    def test_drop_in_a_thread(self):
        scene = self.scene
        scene.commands.run_async(None, None)
        thread = threading.Thread(target=scene.drop)
        thread.start()
        thread.join()


class Exit(RillTest):
    """Of the interpreter: with status 0, without a word, in finite time."""

    def check(self, script, status=0):
        # The timeout is for what would never end.
        ended = subprocess.run([sys.executable, '-c', PROLOGUE + textwrap.dedent(script)], timeout=50,
                               capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stderr, ended.stdout), (status, '', ''))

    def test_with_objects(self):
        self.check('')

    def test_after_close(self):
        self.check('scene.session.close()')

    def test_in_flight(self):
        self.check('scene.start()')

    def test_in_flight_and_dropped(self):
        self.check('''
            scene.start()
            del scene
            ''')

    def test_in_flight_and_closed(self):
        self.check('''
            scene.start()
            scene.session.close()
            ''')

    def test_while_the_device_computes(self):
        self.check('scene.commands.run_async(None, scene.done)')

    def test_in_a_callback(self):
        self.check('''
            scene.buffer.read_bytes_async(0, -1, None, lambda *_: sys.exit(3))
            GLib.MainLoop().run()
            ''', 3)

    def test_in_a_handler(self):
        self.check('''
            scene.session.connect('notify::closed', lambda *_: sys.exit(3))
            scene.start()
            scene.session.close()
            GLib.MainLoop().run()
            ''', 3)

    def test_close_at_exit(self):
        self.check('''
            import atexit
            atexit.register(scene.session.close)
            scene.start()
            ''')

    def test_in_cycles(self):
        self.check('''
            scene.cycle = scene
            scene.buffer.connect('notify::closed', scene.done)
            scene.buffer.close()
            scene.start()
            del scene
            ''')

    def test_with_a_daemon(self):
        self.check('''
            def work():
                while True:
                    scene.buffer.read_bytes()

            threading.Thread(target=work, daemon=True).start()
            scene.commands.run(None)
            ''')

    def test_while_it_opens(self):
        self.check('Rill.Session.open_async(None, Rill.SessionFlags.NONE, None, lambda *_: None)')
