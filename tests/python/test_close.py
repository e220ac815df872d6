# SPDX-License-Identifier: MIT
"""The end: of sessions with everything alive, of references within handlers and callbacks, of the interpreter."""

import subprocess
import sys
import textwrap
import weakref

from support import IO, Gio, Rill, RillTest, data_of, iterate

READ, WRITE = Rill.MapFlags.READ, Rill.MapFlags.WRITE
SIZE = 1 << 20

# What each script of its own begins with.
PROLOGUE = '''
import sys
import gi
gi.require_version('Rill', '1')
from gi.repository import GLib, Rill

session = Rill.Session()
memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)
buffer = memory.create_buffer_from_bytes(bytes(1 << 20))
other = memory.create_buffer(1 << 20)
program = session.create_program_from_glsl("""#version 450
layout (local_size_x = 64) in;
layout (set = 0, binding = 0) buffer Data { uint data[]; };
void main () { for (uint i = 0; i < 200; i++) data[gl_GlobalInvocationID.x] += i; }
""", 'busy.comp', None)
node = session.create_compute_node(program)
node.bind('Data', buffer)
node.set_global_size(1 << 18, 1, 1)
commands = session.create_command_buffer()
commands.dispatch(node)
'''


class Close(RillTest):

    def open(self):
        session = self.open_session()
        memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)
        return session, memory, memory.create_buffer_from_bytes(bytes(SIZE))

    def test_everything_alive(self):
        session, memory, buffer = self.open()
        mapping = buffer.map(READ)
        view = memoryview(mapping.get_bytes().get_data())
        results = []
        other = memory.create_buffer(SIZE)
        for _ in range(5):
            other.write_bytes_async(0, bytes(SIZE), None, lambda _, result: results.append(result))
        session.close()
        session.close()
        iterate(lambda: len(results) == 5)
        self.assertEqual(bytes(view[:4]), bytes(4))
        for thing in (memory, buffer, mapping, other):
            self.assertTrue(thing.get_closed())
        for call in (lambda: memory.create_buffer(1), buffer.read_bytes, mapping.get_bytes, session.wait_idle):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()

    def test_any_order(self):
        for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
            things = self.open()
            for index in order:
                things[index].close()
            things = list(things)
            for index in order:
                things[index] = None

    def test_closed_by_a_handler(self):
        session, memory, buffer = self.open()
        closed = []
        buffer.connect('notify::closed', lambda *_: (closed.append(buffer), session.close()))
        memory.connect('notify::closed', lambda *_: closed.append(memory))
        session.connect('notify::closed', lambda *_: closed.append(session))
        buffer.close()
        iterate(lambda: len(closed) == 3)
        self.assertTrue(session.get_closed())

    def test_last_reference_in_a_callback(self):
        session, memory, buffer = self.open()
        references = [weakref.ref(thing) for thing in (session, memory, buffer)]
        held, done = [session, memory, buffer], []

        def read(source, result):
            done.append(data_of(source.read_bytes_finish(result)) == bytes(SIZE))
            held.clear()

        buffer.read_bytes_async(0, -1, None, read)
        del session, memory, buffer
        iterate(lambda: done)
        self.assertEqual(done, [True])
        iterate()
        self.assertEqual([reference() for reference in references], [None] * 3)

    def run_script(self, script):
        """To its end; the timeout is a watchdog."""
        return subprocess.run([sys.executable, '-c', PROLOGUE + textwrap.dedent(script)], timeout=50,
                              capture_output=True, text=True)

    def check_exit(self, script, status=0):
        ended = self.run_script(script)
        self.assertEqual((ended.returncode, ended.stderr), (status, ''))

    def test_exit_with_objects(self):
        self.check_exit('mapping = buffer.map(Rill.MapFlags.WRITE); view = memoryview(mapping.get_bytes().get_data())')

    def test_exit_after_close(self):
        self.check_exit('session.close()')

    def test_exit_in_flight(self):
        self.check_exit('''
            for _ in range(20):
                buffer.copy_to_async(0, other, 0, -1, None, lambda *_: sys.exit(5))
                buffer.read_bytes_async(0, -1, None, lambda *_: sys.exit(5))
            ''')

    def test_exit_while_the_device_computes(self):
        for _ in range(3):
            self.check_exit('commands.run_async(None, lambda *_: sys.exit(5))')

    def test_exit_closed_in_flight(self):
        self.check_exit('''
            buffer.copy_to_async(0, other, 0, -1, None, lambda *_: None)
            commands.run_async(None, lambda *_: None)
            session.close()
            ''')

    def test_exit_in_a_callback(self):
        self.check_exit('''
            loop = GLib.MainLoop()
            buffer.read_bytes_async(0, -1, None, lambda *_: sys.exit(3))
            loop.run()
            ''', 3)

