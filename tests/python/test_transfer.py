# SPDX-License-Identifier: MIT
"""The list of transfers in flight."""

import threading

from support import IO, RillTest, iterate
from gi.repository import Gio, Rill


GIB = 1 << 30


class Transfers(RillTest):

    def read_and_cancel(self, size):
        """Reads as much, to memory that nobody has touched, until the transfer is in the list.

        False if it was over too soon for that.
        """
        # The host's heap is large everywhere, the device's own need not be.
        is_small = self.memory.get_memory_type().get_heap_size() < GIB
        buffer = (self.host_memory if is_small else self.memory).create_buffer(size)
        transfers = self.session.get_transfers()
        seen, results, threads = [], [], set()

        def changed(model, position, removed, added):
            threads.add(threading.current_thread())
            if added:
                transfer = model[position]
                transfer.connect('notify::progress',
                                 lambda *arguments: threads.add(threading.current_thread()))
                seen.append(transfer)

        handler = transfers.connect('items-changed', changed)
        buffer.read_bytes_async(0, -1, None, lambda _, result: results.append(result))
        iterate(lambda: seen or results)
        transfers.disconnect(handler)
        if not seen:
            buffer.read_bytes_finish(results[0])
            buffer.close()
            return False

        transfer = seen[0]
        self.assertIsInstance(transfer, Rill.Transfer)
        self.assertEqual(transfer.get_resource(), buffer)
        self.assertEqual(transfer.get_direction(), Rill.TransferDirection.DOWNLOAD)
        self.assertEqual(transfer.get_bytes_total(), size)
        self.assertLessEqual(transfer.get_bytes_done(), size)
        self.assertTrue(0 <= transfer.get_progress() <= 1)
        transfer.get_cancellable().cancel()
        iterate(lambda: results)
        if not results[0].had_error():
            buffer.close()
            return False  # it was over before it could be cancelled
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            buffer.read_bytes_finish(results[0])
        iterate(lambda: len(transfers) == 0)
        self.check_properties(transfer, resource=buffer, bytes_total=size)
        self.assertLess(transfer.get_bytes_done(), size)
        self.assertEqual(threads, {threading.main_thread()})
        buffer.close()
        return True

    def test_a_long_transfer_is_listed(self):
        self.assertTrue(any(self.read_and_cancel(size) for size in (GIB // 2, GIB, 2 * GIB - 4)))

    def test_a_short_transfer_is_not(self):
        seen = []
        transfers = self.session.get_transfers()
        handler = transfers.connect('items-changed', lambda *arguments: seen.append(arguments))
        self.memory.create_buffer(4 << 20).write_bytes(0, bytes(4 << 20))
        iterate()
        transfers.disconnect(handler)
        self.assertEqual(seen, [])
