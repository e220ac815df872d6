// SPDX-License-Identifier: MIT
// Memories are compacted, and their objects do not notice.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';

import {cancelled, equal, iterate, ok, openSession, rejects, run, test, throws} from './tap.js';

const PAGE = 256 * 1024;
const {CANCELLED, CLOSED} = Gio.IOErrorEnum;

// A memory, and buffers that are each alone in a page of it.
function makeSparse(session, nPages) {
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE);
    const buffers = [];
    const fillers = [];
    for (let i = 0; i < nPages; i++) {
        buffers.push(memory.create_buffer_from_bytes(new Uint8Array(1000).fill(i)));
        fillers.push(memory.create_buffer(PAGE - 1500));
    }
    for (const filler of fillers)
        filler.close();
    session.wait_idle(null);
    memory.trim();
    equal(memory.page_count, nPages);
    return [memory, buffers];
}

function checkCompact(memory, buffers) {
    equal(memory.page_count, 1);
    for (const [i, buffer] of buffers.entries()) {
        equal(buffer.allocation_info.page, buffers[0].allocation_info.page);
        equal(buffer.read_bytes().toArray(), new Uint8Array(1000).fill(i));
    }
}

test('compact', () => {
    const [memory, buffers] = makeSparse(openSession(), 4);
    const relocated = [];
    for (const buffer of buffers)
        buffer.connect('relocated', thing => relocated.push(thing));
    equal(memory.compact(), true);
    checkCompact(memory, buffers);
    equal(relocated.length, 0);
    iterate();
    equal(relocated.length, 3);
    ok(relocated.every(thing => buffers.includes(thing)));
});

test('compact asynchronously', async () => {
    const [memory, buffers] = makeSparse(openSession(), 3);
    equal(await memory.compact_async(), true);
    checkCompact(memory, buffers);
    await new Promise(resolve => memory.compact_async(null, (_, result) => {
        equal(memory.compact_finish(result), true);
        resolve();
    }));
});

test('errors', async () => {
    const [memory] = makeSparse(openSession(), 2);
    throws(Gio.IOErrorEnum, CANCELLED, () => memory.compact(cancelled()));
    await rejects(Gio.IOErrorEnum, CANCELLED, memory.compact_async(cancelled()));
    equal(memory.page_count, 2);
    memory.close();
    throws(Gio.IOErrorEnum, CLOSED, () => memory.compact());
    await rejects(Gio.IOErrorEnum, CLOSED, memory.compact_async());
});

run();
