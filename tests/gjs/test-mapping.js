// SPDX-License-Identifier: MIT
// Mappings of buffers.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';
import System from 'system';

import {cancelled, checkProperties, equal, iterate, ok, openSession, rejects, run, test,
    throws} from './tap.js';

const {BUSY, CANCELLED, CLOSED, INVALID_ARGUMENT, TIMED_OUT} = Gio.IOErrorEnum;
const {READ, WRITE} = Rill.MapFlags;
const DATA = Uint8Array.from({length: 64}, (_, i) => i);

function createBuffer(session = openSession()) {
    const memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    return memory.create_buffer_from_bytes(DATA);
}

test('properties', () => {
    const buffer = createBuffer();
    const mapping = buffer.map(READ | WRITE);
    checkProperties(mapping, {buffer, flags: READ | WRITE, offset: 0, size: 64, closed: false});
    mapping.close();
    checkProperties(mapping, {closed: true});
    checkProperties(buffer.map_range(READ, 8), {offset: 8, size: 56});
});

test('reading', () => {
    const mapping = createBuffer().map_range(READ, 10, 4);
    ok(mapping.get_bytes() instanceof GLib.Bytes);
    equal(mapping.get_bytes().toArray(), Uint8Array.of(10, 11, 12, 13));
    ok(mapping.get_address() > 0);
});

test('writing through the view', () => {
    const buffer = createBuffer();
    const mapping = buffer.map(WRITE);
    const view = mapping.get_bytes().toArray();
    view.set([7, 8, 9]);
    new Float32Array(view.buffer)[1] = 1.5;
    mapping.close();
    const bytes = buffer.read_bytes().toArray();
    equal(bytes.slice(0, 4), Uint8Array.of(7, 8, 9, 3));
    equal(new Float32Array(bytes.buffer)[1], 1.5);
});

test('asynchronously', async () => {
    const buffer = createBuffer();
    const mapping = await buffer.map_async(READ);
    equal(mapping.get_bytes().toArray(), DATA);
    mapping.close();
    const holder = buffer.map(WRITE);
    const promise = buffer.map_async(READ, 0, null);
    iterate();
    holder.get_bytes().toArray()[0] = 9;
    holder.close();
    const reader = await promise;
    equal(reader.get_bytes().toArray()[0], 9);
    reader.close();
    const last = await new Promise(resolve =>
        buffer.map_async(WRITE, (_, result) => resolve(buffer.map_finish(result))));
    equal(last.flags, WRITE);
    last.close();
});

test('promises that are rejected', async () => {
    const buffer = createBuffer();
    const holder = buffer.map(WRITE);
    await rejects(Gio.IOErrorEnum, TIMED_OUT, buffer.map_async(READ, 1));
    await rejects(Gio.IOErrorEnum, CANCELLED, buffer.map_async(READ, 0, cancelled()));
    holder.close();
    await rejects(Gio.IOErrorEnum, INVALID_ARGUMENT, buffer.map_async(Rill.MapFlags.NONE));
});

test('busy', () => {
    // Where the memory is not coherent, a mapping has whole atoms, of which no device has larger ones than 256.
    const memory = openSession().create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    const buffer = memory.create_buffer_from_bytes(new Uint8Array(1024));
    const reader = buffer.map_range(READ, 0, 16);
    const second = buffer.map_range(READ, 8, 16);
    ok(buffer.read_bytes());
    throws(Gio.IOErrorEnum, BUSY, () => buffer.map_range(WRITE, 15, 1));
    throws(Gio.IOErrorEnum, BUSY, () => buffer.write_bytes(15, DATA.subarray(0, 1)));
    throws(Gio.IOErrorEnum, BUSY, () => buffer.fill(0, -1, 0));
    buffer.write_bytes(512, DATA.subarray(0, 1));
    reader.close();
    second.close();
    const writer = buffer.map_range(WRITE, 0, 16);
    throws(Gio.IOErrorEnum, BUSY, () => buffer.read_bytes());
    throws(Gio.IOErrorEnum, BUSY, () => buffer.map(READ));
    equal(buffer.read_bytes(512, 1).toArray(), Uint8Array.of(0));
    writer.close();
    ok(buffer.read_bytes());
});

test('bad arguments', () => {
    const buffer = createBuffer();
    for (const func of [() => buffer.map(Rill.MapFlags.NONE), () => buffer.map_range(READ, 65),
        () => buffer.map_range(READ, 0, 65), () => buffer.map_range(READ, 0, -2)])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, func);
});

test('close', () => {
    const mapping = createBuffer().map(READ);
    const notified = [];
    mapping.connect('notify::closed', object => notified.push(object.closed));
    mapping.close();
    mapping.close();
    iterate();
    equal(notified, [true]);
    throws(Gio.IOErrorEnum, CLOSED, () => mapping.get_bytes());
    throws(Gio.IOErrorEnum, CLOSED, () => mapping.get_address());
});

test('a view outlives everything', () => {
    const session = openSession();
    const view = createBuffer(session).map(READ).get_bytes().toArray();
    session.close();
    System.gc();
    equal(view, DATA);
});

run();
