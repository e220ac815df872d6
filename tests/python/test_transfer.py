# SPDX-License-Identifier: MIT
"""The list of transfers in flight."""

import threading

from support import IO, RillTest, iterate
from gi.repository import Gio, Rill


SIZE = 4 << 20

# One after another they take a good part of a second.
N_DISPATCHES = 5000
SLOW = '''
#version 450
layout(set = 0, binding = 0) buffer Target { uint data[]; } target;
void main() {
  uint value = target.data[0];
  for (uint i = 0; i < 60000; i++)
    value = value * 1664525 + 1013904223;
  target.data[0] = value;
}
'''


class Transfers(RillTest):

    def keep_busy(self, buffer, done):
        program = self.session.create_program_from_glsl(SLOW, 'slow.comp')
        node = self.session.create_compute_node(program)
        node.bind('target', buffer)
        node.set_grid_size(1, 1, 1)
        commands = self.session.create_command_buffer()
        for _ in range(N_DISPATCHES):
            commands.dispatch(node)
        commands.run_async(None, lambda commands, result: done.append(commands.run_finish(result)))

    def test_a_long_transfer_is_listed(self):
        """However fast the machine is: it begins with what the device is not yet done with."""
        buffer = self.memory.create_buffer(SIZE)
        buffer.write_bytes(0, bytes(SIZE))
        transfers = self.session.get_transfers()
        seen, results, threads, done = [], [], set(), []

        def changed(model, position, removed, added):
            threads.add(threading.current_thread())
            if added:
                transfer = model[position]
                transfer.connect('notify::progress',
                                 lambda *arguments: threads.add(threading.current_thread()))
                seen.append(transfer)

        handler = transfers.connect('items-changed', changed)
        self.keep_busy(buffer, done)
        buffer.read_bytes_async(0, -1, None, lambda _, result: results.append(result))
        iterate(lambda: seen or results)
        transfers.disconnect(handler)
        self.assertTrue(seen)
        transfer = seen[0]
        self.assertIsInstance(transfer, Rill.Transfer)
        self.assertEqual(transfer.get_resource(), buffer)
        self.assertEqual(transfer.get_direction(), Rill.TransferDirection.DOWNLOAD)
        self.assertEqual(transfer.get_bytes_total(), SIZE)
        self.assertLess(transfer.get_bytes_done(), SIZE)
        self.assertTrue(0 <= transfer.get_progress() < 1)
        transfer.get_cancellable().cancel()
        iterate(lambda: results)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            buffer.read_bytes_finish(results[0])
        iterate(lambda: len(transfers) == 0)
        self.check_properties(transfer, resource=buffer, bytes_total=SIZE)
        self.assertEqual(threads, {threading.main_thread()})
        iterate(lambda: done)
        self.assertEqual(done, [True])

    def test_a_short_transfer_is_not(self):
        seen = []
        transfers = self.session.get_transfers()
        handler = transfers.connect('items-changed', lambda *arguments: seen.append(arguments))
        self.memory.create_buffer(4 << 20).write_bytes(0, bytes(4 << 20))
        iterate()
        transfers.disconnect(handler)
        self.assertEqual(seen, [])
