// SPDX-License-Identifier: MIT
// The list of transfers in flight.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';

import {checkProperties, equal, ok, openSession, rejects, run, test} from './tap.js';

const SIZE = 2 ** 22;

// One after another they take a good part of a second.
const N_DISPATCHES = 5000;
const SLOW = `
#version 450
layout(set = 0, binding = 0) buffer Target { uint data[]; } target;
void main() {
  uint value = target.data[0];
  for (uint i = 0; i < 60000; i++)
    value = value * 1664525 + 1013904223;
  target.data[0] = value;
}
`;

function keepBusy(session, buffer) {
    const node = session.create_compute_node(session.create_program_from_glsl(SLOW, 'slow.comp'));
    node.bind('target', buffer);
    node.set_grid_size(1, 1, 1);
    const commands = session.create_command_buffer();
    for (let i = 0; i < N_DISPATCHES; i++)
        commands.dispatch(node);
    return commands.run_async();
}

function nextListed(transfers) {
    return new Promise(resolve => {
        const handler = transfers.connect('items-changed', (_, position, removed, added) => {
            if (added) {
                transfers.disconnect(handler);
                resolve(transfers.get_item(position));
            }
        });
    });
}

// However fast the machine is: it begins with what the device is not yet done with.
test('a long transfer is listed', async () => {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    const buffer = memory.create_buffer(SIZE);
    buffer.write_bytes(0, new Uint8Array(SIZE));
    const busy = keepBusy(session, buffer);
    const listed = nextListed(session.transfers);
    const read = buffer.read_bytes_async();
    const transfer = await Promise.race([listed, read.then(() => null)]);
    ok(transfer !== null);
    equal(transfer.resource, buffer);
    equal(transfer.direction, Rill.TransferDirection.DOWNLOAD);
    equal(transfer.bytes_total, SIZE);
    ok(transfer.bytes_done < SIZE);
    ok(transfer.progress >= 0 && transfer.progress < 1);
    transfer.cancellable.cancel();
    await rejects(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, read);
    checkProperties(transfer, {resource: buffer, bytes_total: SIZE});
    await busy;
});

run();
