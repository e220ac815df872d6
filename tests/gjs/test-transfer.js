// SPDX-License-Identifier: MIT
// The list of transfers in flight.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';

import {checkProperties, equal, ok, openSession, rejects, run, test} from './tap.js';

const GIB = 2 ** 30;

// Reads as much, to memory that nobody has touched, until the transfer is in the list. False if it
// was over too soon for that.
async function readAndCancel(session, size) {
    // The host's heap is large everywhere, the device's own need not be.
    let memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    if (memory.get_memory_type().get_heap_size() < GIB)
        memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    const buffer = memory.create_buffer(size);
    const promise = buffer.read_bytes_async();
    const listed = new Promise(resolve => {
        const {transfers} = session;
        const handler = transfers.connect('items-changed', (_, position, removed, added) => {
            if (added) {
                transfers.disconnect(handler);
                resolve(transfers.get_item(position));
            }
        });
    });
    const transfer = await Promise.race([listed, promise.then(() => null)]);
    if (transfer === null) {
        buffer.close();
        return false;
    }
    equal(transfer.resource, buffer);
    equal(transfer.direction, Rill.TransferDirection.DOWNLOAD);
    equal(transfer.bytes_total, size);
    ok(transfer.bytes_done <= size);
    ok(transfer.progress >= 0 && transfer.progress <= 1);
    transfer.cancellable.cancel();
    const late = await promise.then(() => true, () => false);
    if (late) {
        buffer.close();
        return false;
    }
    await rejects(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, promise);
    checkProperties(transfer, {resource: buffer, bytes_total: size});
    buffer.close();
    return true;
}

test('a long transfer is listed', async () => {
    const session = openSession();
    let listed = false;
    for (const size of [GIB / 2, GIB, 2 * GIB - 4])
        listed ||= await readAndCancel(session, size);
    ok(listed);
});

run();
