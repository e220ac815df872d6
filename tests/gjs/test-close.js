// SPDX-License-Identifier: MIT
// The end: of sessions with everything alive, within handlers and callbacks, and of the interpreter.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';
import System from 'system';

import {equal, iterate, ok, openSession, rejects, run, test, throws} from './tap.js';

const {CLOSED} = Gio.IOErrorEnum;
const SIZE = 2 ** 20;

// What each script of its own begins with.
const PROLOGUE = `
import Rill from 'gi://Rill?version=1';
import System from 'system';

const session = new Rill.Session();
const memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
const buffer = memory.create_buffer(2 ** 20);
const other = memory.create_buffer(2 ** 20);
const program = session.create_program_from_glsl(\`#version 450
layout (local_size_x = 64) in;
layout (set = 0, binding = 0) buffer Data { uint data[]; };
void main () { for (uint i = 0; i < 200; i++) data[gl_GlobalInvocationID.x] += i; }
\`, 'busy.comp', null);
const node = session.create_compute_node(program);
node.bind('Data', buffer);
node.set_global_size(2 ** 18, 1, 1);
const commands = session.create_command_buffer();
commands.dispatch(node);
`;

function open() {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    return [session, memory, memory.create_buffer_from_bytes(new Uint8Array(SIZE))];
}

// To its end, without a word on standard error.
function checkExit(script, status = 0) {
    const [file, stream] = Gio.File.new_tmp('rill-XXXXXX.js');
    stream.close(null);
    file.replace_contents(`${PROLOGUE}${script}`, null, false, Gio.FileCreateFlags.NONE, null);
    const child = Gio.Subprocess.new(['timeout', '50', 'gjs', '-m', file.get_path()],
        Gio.SubprocessFlags.STDERR_PIPE | Gio.SubprocessFlags.STDOUT_SILENCE);
    const [, , stderr] = child.communicate_utf8(null, null);
    file.delete(null);
    equal(stderr, '');
    ok(child.get_if_exited(), 'it was killed');
    equal(child.get_exit_status(), status);
}

test('everything alive', async () => {
    const [session, memory, buffer] = open();
    const mapping = buffer.map(Rill.MapFlags.READ);
    const view = mapping.get_bytes().toArray();
    const promise = memory.create_buffer(SIZE).write_bytes_async(0, new Uint8Array(SIZE)).catch(() => {});
    session.close();
    session.close();
    await promise;
    equal(view.subarray(0, 4), new Uint8Array(4));
    for (const thing of [memory, buffer, mapping])
        ok(thing.get_closed());
    throws(Gio.IOErrorEnum, CLOSED, () => memory.create_buffer(1));
    throws(Gio.IOErrorEnum, CLOSED, () => buffer.read_bytes());
    await rejects(Gio.IOErrorEnum, CLOSED, buffer.read_bytes_async());
});

test('any order', () => {
    for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
        const things = open();
        order.forEach(index => things[index].close());
        System.gc();
    }
});

test('closed by a handler', () => {
    const [session, memory, buffer] = open();
    const closed = [];
    buffer.connect('notify::closed', () => {
        closed.push('buffer');
        session.close();
    });
    memory.connect('notify::closed', () => closed.push('memory'));
    buffer.close();
    iterate();
    equal(closed, ['buffer', 'memory']);
    ok(session.closed);
});

test('exit with objects', () => checkExit('buffer.map(Rill.MapFlags.WRITE).get_bytes().toArray();'));

test('exit after close', () => checkExit('session.close();'));

test('exit in flight', () => checkExit(`
    for (let i = 0; i < 20; i++) {
        buffer.copy_to_async(0, other, 0, -1, null).catch(() => {});
        buffer.read_bytes_async().catch(() => {});
    }
    System.exit(0);`));

test('exit while the device computes', () => checkExit('commands.run_async(null).catch(() => {}); System.exit(0);'));

test('exit in a callback', () => checkExit('await buffer.read_bytes_async(); System.exit(3);', 3));

run();
