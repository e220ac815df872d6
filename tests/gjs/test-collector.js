// SPDX-License-Identifier: MIT
// Objects that are dropped by the garbage collector. A memory's used size tells what is alive: it
// counts the buffers and images that nobody has finalised yet.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Rill from 'gi://Rill?version=1';
import System from 'system';

import {equal, iterate, ok, openSession, rejects, run, test, throws} from './tap.js';

const {BUSY, CLOSED} = Gio.IOErrorEnum;
const {READ, WRITE} = Rill.MapFlags;
const {HOST_VISIBLE} = Rill.MemoryPropertyFlags;
const {UINT8} = Rill.ChannelType;
const SIZE = 64 * 1024;

const DOUBLE = `
#version 450
layout(local_size_x = 64) in;
layout(binding = 0) buffer Words { uint data[]; } words;
void main() {
  words.data[gl_GlobalInvocationID.x] *= 2;
}
`;

function dataOf(seed, size = SIZE) {
    return Uint8Array.from({length: size}, (_, i) => i * 7 + seed);
}

// What the main loop and the library's threads let go of is collected in turns.
function collectUntil(condition, text) {
    for (let i = 0; i < 2000; i++) {
        System.gc();
        iterate();
        if (condition())
            return;
        GLib.usleep(1000);
    }
    throw new Error(`still not: ${text}`);
}

function collectAllOf(memory) {
    collectUntil(() => memory.used_size === 0, `nothing in the memory, but ${memory.used_size}`);
}

// What tells whether an object with a property `closed` is alive: a binding holds it weakly.
const action = new Gio.SimpleAction({name: 'target-of-bindings'});

function watch(object) {
    return object.bind_property('closed', action, 'enabled', GObject.BindingFlags.DEFAULT);
}

function collectWatched(bindings) {
    const alive = () => bindings.filter(binding => binding.dup_source()).length;
    collectUntil(() => alive() === 0, 'nothing alive');
}

test('what nobody holds', () => {
    const session = openSession();
    const memory = session.create_memory(HOST_VISIBLE, 1 << 20);
    const images = session.get_memory_for_usage(Rill.MemoryUsage.DEVICE_ONLY);
    for (let round = 0; round < 3; round++) {
        (() => {
            for (let i = 0; i < 100; i++)
                memory.create_buffer_from_bytes(dataOf(i, 1000));
            for (let i = 0; i < 10; i++)
                images.create_image([8, 8, 4], UINT8).create_view();
        })();
        ok(memory.used_size >= 100 * 1000 || round > 0);
        collectAllOf(memory);
        collectAllOf(images);
    }
    ok(memory.trim());
    equal(memory.page_count, 0);
});

test('what is held', () => {
    const memory = openSession().create_memory(HOST_VISIBLE);
    const kept = memory.create_buffer_from_bytes(dataOf(1));
    kept.label = 'a property of the wrapper alone';
    (() => memory.create_buffer_from_bytes(dataOf(2)))();
    collectUntil(() => memory.used_size === SIZE, 'one buffer');
    equal(kept.label, 'a property of the wrapper alone');
    equal(kept.read_bytes().toArray(), dataOf(1));
});

test('a memory before its buffers', () => {
    const session = openSession();
    const buffer = (() => session.create_memory(HOST_VISIBLE)
        .create_buffer_from_bytes(dataOf(3)))();
    System.gc();
    iterate();
    equal(buffer.read_bytes().toArray(), dataOf(3));
    equal(buffer.memory.used_size, SIZE);
    equal(buffer.memory.session, session);
});

test('a mapping gives back its range', () => {
    const memory = openSession().create_memory(HOST_VISIBLE);
    const buffer = memory.create_buffer_from_bytes(dataOf(4));
    (() => buffer.map(WRITE).get_bytes().toArray().set([9]))();
    collectUntil(() => {
        try {
            return buffer.map(READ).get_bytes().toArray()[0] === 9;
        } catch (error) {
            ok(error.matches(Gio.IOErrorEnum, BUSY), String(error));
            return false;
        }
    }, 'a mapping to read');
});

test('a view outlives all', () => {
    const [view, array] = (() => {
        const memory = openSession().create_memory(HOST_VISIBLE);
        const bytes = memory.create_buffer_from_bytes(dataOf(5)).map(READ).get_bytes();
        return [bytes, bytes.toArray()];
    })();
    for (let i = 0; i < 3; i++) {
        System.gc();
        iterate();
        equal(view.toArray(), dataOf(5));
        equal(array, dataOf(5));
    }
});

test('while transfers are in flight', async () => {
    const memory = openSession().create_memory(HOST_VISIBLE);
    const promises = (() => {
        const started = [];
        for (let i = 0; i < 40; i++) {
            const buffer = memory.create_buffer(SIZE);
            buffer.round = i;
            started.push(buffer.write_bytes_async(0, dataOf(i)));
            started.push(buffer.read_bytes_async());
            if (i % 8 === 0)
                System.gc();
        }
        return started;
    })();
    System.gc();
    const results = await Promise.all(promises);
    for (let i = 0; i < 40; i++) {
        ok(results[2 * i]);
        equal(results[2 * i + 1].toArray(), dataOf(i), `round ${i}`);
    }
    collectAllOf(memory);
});

test('while copies are in flight', () => {
    const session = openSession();
    const memory = session.create_memory(HOST_VISIBLE);
    const last = (() => {
        let from = memory.create_buffer_from_bytes(dataOf(6));
        for (let i = 0; i < 30; i++) {
            const to = memory.create_buffer(SIZE);
            from.copy_to(0, to, 0);
            from = to;
            if (i % 5 === 0)
                System.gc();
        }
        return from;
    })();
    collectUntil(() => memory.used_size === SIZE, 'the last buffer');
    equal(last.read_bytes().toArray(), dataOf(6));
});

test('while the device computes', async () => {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    const words = new Uint32Array(SIZE / 4).fill(1);
    const [buffer, promises] = (() => {
        const computed = memory.create_buffer_from_bytes(new Uint8Array(words.buffer));
        const started = [];
        for (let i = 0; i < 10; i++) {
            const program = session.create_program_from_glsl(DOUBLE);
            const node = session.create_compute_node(program);
            node.bind('words', computed);
            node.set_global_size(words.length);
            const commands = session.create_command_buffer();
            commands.dispatch(node);
            started.push(commands.run_async());
            System.gc();
        }
        return [computed, started];
    })();
    System.gc();
    await Promise.all(promises);
    const bytes = buffer.read_bytes().toArray();
    ok(new Uint32Array(bytes.buffer).every(word => word === 1 << 10));
});

test('nobody waits for it', () => {
    const session = openSession();
    const memory = session.create_memory(HOST_VISIBLE);
    (() => {
        for (let i = 0; i < 20; i++) {
            const buffer = memory.create_buffer(SIZE);
            buffer.write_bytes_async(0, dataOf(i), null, () => {});
            buffer.read_bytes_async(0, -1, null, () => {});
        }
    })();
    collectAllOf(memory);
});

// The closures hold their objects, which the collector sees through. A closure of a memory must not
// hold a buffer, though: the buffer's hold on its memory is not JavaScript's.
test('handlers go with their objects', () => {
    const session = openSession();
    const bindings = (() => Array.from({length: 5}, () => {
        const memory = session.create_memory(HOST_VISIBLE, 4096);
        memory.connect('page-added', () => memory.page_size);
        memory.connect('notify::page-count', () => memory.trim());
        return watch(memory);
    }))();
    collectWatched(bindings);
});

test('signals of what is gone', () => {
    const session = openSession();
    let nCalls = 0;
    const count = () => nCalls++;
    const bindings = (() => Array.from({length: 5}, () => {
        const memory = session.create_memory(HOST_VISIBLE, 4096);
        const buffer = memory.create_buffer(4096);
        memory.connect('page-added', count);
        memory.connect('notify::page-count', count);
        buffer.connect('notify::closed', count);
        memory.create_buffer(4096);
        buffer.close();
        return watch(memory);
    }))();
    System.gc();
    collectWatched(bindings);
    const nThen = nCalls;
    iterate();
    equal(nCalls, nThen);
});

test('after the session was closed', async () => {
    const session = openSession();
    const memory = session.create_memory(HOST_VISIBLE);
    let promise = null;
    const view = (() => {
        const buffers = [];
        for (let i = 0; i < 20; i++) {
            const buffer = memory.create_buffer_from_bytes(dataOf(i));
            buffer.copy_to(0, memory.create_buffer(SIZE), 0);
            buffers.push(buffer);
        }
        const node = session.create_compute_node(session.create_program_from_glsl(DOUBLE));
        node.bind('words', buffers[0]);
        promise = buffers[1].read_bytes_async();
        const bytes = buffers[2].map(READ).get_bytes();
        session.close();
        throws(Gio.IOErrorEnum, CLOSED, () => buffers[3].read_bytes());
        return bytes;
    })();
    // It had been submitted, or it had not.
    await promise.then(bytes => equal(bytes.toArray(), dataOf(1)),
        error => rejects(Gio.IOErrorEnum, CLOSED, Promise.reject(error)));
    promise = null;
    collectUntil(() => memory.used_size <= SIZE, 'the view alone');
    equal(view.toArray(), dataOf(2));
});

test('sessions that nobody closes', () => {
    const bindings = (() => Array.from({length: 5}, (_, i) => {
        const session = new Rill.Session();
        const memory = session.create_memory(HOST_VISIBLE);
        const buffer = memory.create_buffer(SIZE);
        session.connect('device-lost', () => session.close());
        buffer.write_bytes_async(0, dataOf(i), null, () => {});
        if (i % 2 === 0)
            buffer.copy_to(0, memory.create_buffer(SIZE), 0);
        return watch(session);
    }))();
    collectWatched(bindings);
});

run();
