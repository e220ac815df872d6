// SPDX-License-Identifier: MIT
// Buffers and their transfers.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';

import {cancelled, checkProperties, equal, iterate, ok, openSession, refuses, rejects, run, test,
    throws}
    from './tap.js';

const {CANCELLED, CLOSED, INVALID_ARGUMENT} = Gio.IOErrorEnum;
const DATA = Uint8Array.from({length: 64}, (_, i) => i * 7 % 251);

function createMemories(session = openSession()) {
    return [session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL),
        session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE)];
}

test('properties', () => {
    const [, memory] = createMemories();
    const buffer = memory.create_buffer(100, Rill.BufferUsageFlags.STORAGE);
    checkProperties(buffer, {memory, size: 100, mappable: true, closed: false, name: null,
        usage: Rill.BufferUsageFlags.STORAGE});
    const info = buffer.allocation_info;
    ok(info.size >= 100);
    ok(info.offset >= info.left_padding);
    equal(info.copy(), info);
    equal(buffer.get_allocation_info(), info);
});

test('name', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(100);
    const seen = [];
    buffer.connect('notify::name', object => seen.push(object.dup_name()));
    buffer.set_name('weights');
    iterate();
    buffer.name = 'biases';
    iterate();
    buffer.name = null;
    iterate();
    equal(seen, ['weights', 'biases', null]);
});

test('relocated', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(100);
    let seen = null;
    buffer.connect('relocated', object => (seen = object));
    buffer.emit('relocated');
    equal(seen, buffer);
});

test('write and read', () => {
    for (const memory of createMemories()) {
        const buffer = memory.create_buffer(64);
        ok(buffer.write_bytes(0, DATA));
        ok(buffer.read_bytes() instanceof GLib.Bytes);
        equal(buffer.read_bytes().toArray(), DATA);
        equal(buffer.read_bytes(10).toArray(), DATA.slice(10));
        equal(buffer.read_bytes(10, 3).toArray(), DATA.slice(10, 13));
        equal(buffer.read_bytes(10, 3, null).toArray(), DATA.slice(10, 13));
        equal(buffer.read_bytes(0, -1).toArray(), DATA);
        equal(buffer.read_bytes(64).toArray(), new Uint8Array());
        buffer.write_bytes(5, Uint8Array.of(1, 2, 3), null);
        buffer.write_bytes(64, new Uint8Array());
        equal(buffer.read_bytes(4, 5).toArray(), Uint8Array.of(DATA[4], 1, 2, 3, DATA[8]));
    }
});

test('what bytes are', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    buffer.write_bytes(0, new GLib.Bytes(DATA));
    equal(buffer.read_bytes().toArray(), DATA);
    buffer.fill(0, -1, 0);
    buffer.write_bytes(0, DATA.subarray(8, 16));
    equal(buffer.read_bytes(0, 9).toArray(), Uint8Array.of(...DATA.slice(8, 16), 0));

    // The bytes of other arrays, through a view: of the arrays themselves it would be the values.
    const floats = Float32Array.of(1.75, 2.5, 200.9);
    buffer.write_bytes(0, new Uint8Array(floats.buffer));
    equal([...new Float32Array(buffer.read_bytes(0, 12).toArray().buffer)], [...floats]);
    buffer.fill(0, -1, 7);
    for (const wrong of [floats, Uint32Array.of(1), [1, 2, 3], DATA.buffer,
        new DataView(DATA.buffer), 'text', 5, {},
        null, undefined]) {
        refuses(() => buffer.write_bytes(0, wrong));
        refuses(() => memory.create_buffer_from_bytes(wrong));
        refuses(() => buffer.write_bytes_async(0, wrong, null, () => {}));
    }
    equal(buffer.read_bytes().toArray(), new Uint8Array(64).fill(7));
});

test('what is read can be written to', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer_from_bytes(DATA);
    const copy = buffer.read_bytes().toArray();
    copy.fill(0);
    equal(buffer.read_bytes().toArray(), DATA);
});

test('bounds', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    const target = memory.create_buffer(64);
    buffer.fill(0, -1, 7);
    for (const func of [() => buffer.write_bytes(0, new Uint8Array(65)),
        () => buffer.write_bytes(64, DATA),
        () => buffer.write_bytes(65, new Uint8Array()), () => buffer.read_bytes(0, 65),
        () => buffer.read_bytes(65),
        () => buffer.read_bytes(0, -2), () => buffer.read_bytes(2 ** 53),
        () => buffer.fill(60, 5, 0),
        () => buffer.copy_to(0, target, 1), () => buffer.copy_to(0, buffer, 1, 2)])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, func);
    refuses(() => buffer.read_bytes(-1));
    equal(buffer.read_bytes().toArray(), new Uint8Array(64).fill(7));
});

test('promises', async () => {
    for (const memory of createMemories()) {
        const buffer = memory.create_buffer(64);
        equal(await buffer.write_bytes_async(0, DATA), true);
        equal((await buffer.read_bytes_async()).toArray(), DATA);
        equal((await buffer.read_bytes_async(8, 16)).toArray(), DATA.slice(8, 24));
        equal((await buffer.read_bytes_async(8, 16, null)).toArray(), DATA.slice(8, 24));
        const target = memory.create_buffer(64);
        equal(await buffer.copy_to_async(0, target, 0), true);
        equal(target.read_bytes().toArray(), DATA);
    }
});

test('promises that are rejected', async () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    const {IOErrorEnum} = Gio;
    await rejects(IOErrorEnum, CANCELLED, buffer.write_bytes_async(0, DATA, cancelled()));
    await rejects(IOErrorEnum, CANCELLED, buffer.read_bytes_async(0, -1, cancelled()));
    await rejects(IOErrorEnum, INVALID_ARGUMENT, buffer.write_bytes_async(1, DATA));
    await rejects(IOErrorEnum, INVALID_ARGUMENT, buffer.read_bytes_async(0, 65));
    await rejects(IOErrorEnum, INVALID_ARGUMENT,
        buffer.copy_to_async(0, memory.create_buffer(1), 0));
});

test('callbacks', async () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    await new Promise(resolve => {
        buffer.write_bytes_async(0, DATA, (object, result) => {
            equal(object, buffer);
            equal(buffer.write_bytes_finish(result), true);
            resolve();
        });
    });
    const bytes = await new Promise(resolve => {
        buffer.read_bytes_async(0, -1, null,
            (_, result) => resolve(buffer.read_bytes_finish(result)));
    });
    equal(bytes.toArray(), DATA);
    const target = memory.create_buffer(64);
    const copied = await new Promise(resolve => {
        buffer.copy_to_async(0, target, 0, (_, result) => resolve(buffer.copy_to_finish(result)));
    });
    equal(copied, true);
    equal(target.read_bytes().toArray(), DATA);
});

test('an asynchronous write does not need its input any more', async () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(1 << 20);
    const source = new Uint8Array(1 << 20).fill(5);
    const promise = buffer.write_bytes_async(0, source);
    source.fill(6);
    await promise;
    ok(buffer.read_bytes().toArray().every(value => value === 5));
});

test('cancelled', () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    throws(Gio.IOErrorEnum, CANCELLED, () => buffer.write_bytes(0, DATA, cancelled()));
    throws(Gio.IOErrorEnum, CANCELLED, () => buffer.read_bytes(0, -1, cancelled()));
    throws(Gio.IOErrorEnum, CANCELLED, () => buffer.fill(0, -1, 0, cancelled()));
});

test('addresses', () => {
    // Of a mapping, which is all the addresses that JavaScript has.
    const [memory, hostMemory] = createMemories();
    const buffer = memory.create_buffer(64);
    const mapping = hostMemory.create_buffer_from_bytes(DATA).map(Rill.MapFlags.READ);
    ok(buffer.write_address(0, mapping.get_address(), 64));
    equal(buffer.read_bytes().toArray(), DATA);
    const writer = hostMemory.create_buffer(64).map(Rill.MapFlags.WRITE);
    ok(buffer.read_address(0, writer.get_address(), 64));
    equal(writer.get_bytes().toArray(), DATA);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => buffer.write_address(0, 0, 4));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => buffer.read_address(0, 0, 4));
    // A mistake that GJS lets pass: NaN is 0.
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => buffer.write_address(0, DATA, 4));
});

test('copy and fill', () => {
    const session = openSession();
    for (const memory of createMemories(session)) {
        const buffer = memory.create_buffer_from_bytes(DATA);
        const target = memory.create_buffer(64);
        ok(target.fill(0, -1, 0xab));
        ok(buffer.copy_to(3, target, 5, 7));
        equal(target.read_bytes().toArray(),
            Uint8Array.of(...Array(5).fill(0xab), ...DATA.slice(3, 10), ...Array(52).fill(0xab)));
        ok(buffer.copy_to(0, target, 0));
        equal(target.read_bytes().toArray(), DATA);
    }
    equal('write_data' in Rill.Buffer.prototype, false);
});

test('close', async () => {
    const [memory] = createMemories();
    const buffer = memory.create_buffer(64);
    const other = memory.create_buffer(64);
    buffer.close();
    buffer.close();
    checkProperties(buffer, {closed: true, size: 64, memory});
    for (const func of [() => buffer.write_bytes(0, DATA), () => buffer.read_bytes(),
        () => buffer.fill(0, -1, 0),
        () => buffer.copy_to(0, other, 0), () => other.copy_to(0, buffer, 0),
        () => buffer.map(Rill.MapFlags.READ)])
        throws(Gio.IOErrorEnum, CLOSED, func);
    await rejects(Gio.IOErrorEnum, CLOSED, buffer.read_bytes_async());
});

run();
