// SPDX-License-Identifier: MIT
// Programs, compute nodes, command buffers and durations.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';

import {cancelled, checkProperties, equal, iterate, ok, openSession, refuses, rejects, run, test,
    throws}
    from './tap.js';

const {CANCELLED, CLOSED, INVALID_ARGUMENT, NOT_FOUND, NOT_INITIALIZED} = Gio.IOErrorEnum;
const {SHADER_COMPILATION} = Rill.VulkanError;

const SCALE = `
#version 450
layout(local_size_x_id = 0, local_size_y_id = 1) in;
layout(constant_id = 7) const int OFFSET = 100;
layout(set = 0, binding = 0) readonly buffer Source { int data[]; } source;
layout(set = 0, binding = 1) buffer Target { int data[]; } target;
layout(push_constant) uniform Constants { int factor; };
void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i < source.data.length())
    target.data[i] = source.data[i] * factor + OFFSET;
}
`;

const INPUT = Int32Array.from({length: 64}, (_, i) => i);

function bytesOf(...numbers) {
    return new Uint8Array(Int32Array.from(numbers).buffer);
}

function intsOf(buffer) {
    return [...new Int32Array(buffer.read_bytes().toArray().buffer)];
}

// A session with a node that works on two buffers.
function prepare() {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    const program = session.create_program_from_glsl(SCALE, 'scale.comp');
    const source = memory.create_buffer_from_bytes(bytesOf(...INPUT));
    const target = memory.create_buffer(256);
    const node = session.create_compute_node(program);
    node.set_local_size(32);
    node.bind('source', source);
    node.bind('target', target);
    node.set_push_constants(bytesOf(3));
    node.set_global_size(64);
    return {session, memory, program, source, target, node,
        commands: session.create_command_buffer()};
}

test('programs', () => {
    const session = openSession();
    const program = session.create_program_from_glsl(SCALE);
    checkProperties(program, {session, entry_points: ['main'], closed: false});
    const spirv = program.spirv.toArray();
    equal(new Uint32Array(spirv.slice(0, 4).buffer)[0], 0x07230203);
    equal(session.create_program_from_bytes(spirv).entry_points, ['main']);
    equal(session.create_program_from_bytes(program.get_spirv()).entry_points, ['main']);
    throws(Rill.VulkanError, SHADER_COMPILATION,
        () => session.create_program_from_glsl('#version 450\nwrong'));
    throws(Rill.VulkanError, SHADER_COMPILATION,
        () => session.create_program_from_bytes(Uint8Array.of(1, 2, 3)));
    refuses(() => session.create_program_from_bytes(new Uint32Array(spirv.buffer)));

    const [file, stream] = Gio.File.new_tmp('rill-XXXXXX.spv');
    stream.close(null);
    file.replace_contents(spirv, null, false, Gio.FileCreateFlags.NONE, null);
    equal(session.create_program_from_file(file).spirv, program.spirv);
    file.delete(null);
    throws(Gio.IOErrorEnum, NOT_FOUND, () => session.create_program_from_file(file));

    program.close();
    program.close();
    equal(program.closed, true);
    throws(Gio.IOErrorEnum, CLOSED, () => session.create_compute_node(program));
});

test('nodes', () => {
    const {session, program, source, target} = prepare();
    const node = session.create_compute_node(program);
    checkProperties(node, {program, entry_point: 'main', binding_names: ['source', 'target'],
        push_constants_size: 4, closed: false});
    throws(Gio.IOErrorEnum, NOT_FOUND, () => session.create_compute_node(program, 'other'));

    ok(node.set_local_size(8, 4));
    equal(node.get_local_size(), [8, 4, 1]);
    ok(node.set_grid_size(5));
    equal(node.get_grid_size(), [5, 1, 1]);
    ok(node.set_grid_size(5, 6, 7));
    equal(node.get_grid_size(), [5, 6, 7]);
    ok(node.set_global_size(17, 8));
    equal(node.get_grid_size(), [3, 2, 1]);
    for (const func of [() => node.set_local_size(0), () => node.set_grid_size(0),
        () => node.set_global_size(0),
        () => node.set_local_size(8, 4, 2)])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, func);

    ok(node.bind('source', source));
    ok(node.bind_range('target', target, 0));
    ok(node.bind_range('target', target, 0, 64));
    throws(Gio.IOErrorEnum, NOT_FOUND, () => node.bind('nothing', source));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => node.bind('source', session));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => node.bind_range('source', source, 256, 65));
    ok(node.set_push_constants(new GLib.Bytes(bytesOf(1))));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => node.set_push_constants(bytesOf(1, 2)));
    refuses(() => node.set_push_constants(Float32Array.of(1)));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => node.set_specialization_constant(7, new GLib.Variant('s', 'x')));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => node.set_specialization_constant(6, new GLib.Variant('i', 1)));

    node.close();
    node.close();
    equal(node.closed, true);
    throws(Gio.IOErrorEnum, CLOSED, () => node.bind('source', source));
    throws(Gio.IOErrorEnum, CLOSED, () => node.set_push_constants(bytesOf(1)));
});

test('dispatch', () => {
    const {commands, node, session, target} = prepare();
    checkProperties(commands, {session, closed: false});
    ok(commands.dispatch(node));
    ok(commands.run());
    equal(intsOf(target), [...INPUT.map(value => value * 3 + 100)]);
    node.set_specialization_constant(7, new GLib.Variant('i', -5));
    ok(commands.reset());
    commands.dispatch(node);
    ok(commands.run(null));
    equal(intsOf(target), [...INPUT.map(value => value * 3 - 5)]);
});

test('run asynchronously', async () => {
    const {commands, node, target} = prepare();
    commands.dispatch(node);
    equal(await commands.run_async(), true);
    equal(intsOf(target), [...INPUT.map(value => value * 3 + 100)]);
    await new Promise(resolve =>
        commands.run_async((_, result) => resolve(commands.run_finish(result))));
    await rejects(Gio.IOErrorEnum, CANCELLED, commands.run_async(cancelled()));
    throws(Gio.IOErrorEnum, CANCELLED, () => commands.run(cancelled()));
});

test('what is recorded is ordered', () => {
    const {commands, node, source, target} = prepare();
    ok(commands.fill_buffer(source, 0, -1, 0));
    ok(commands.dispatch(node));
    ok(commands.barrier());
    ok(commands.copy_buffer(target, 0, source, 128, 128));
    ok(commands.copy_buffer(target, 0, source, 0));
    ok(commands.run());
    equal(intsOf(source), Array(64).fill(100));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => commands.copy_buffer(source, 1000, target, 0));
});

test('images', () => {
    const {commands, memory} = prepare();
    const bytes = Uint8Array.from({length: 30}, (_, i) => i);
    const create = () => memory.create_image([6, 5], Rill.ChannelType.UINT8);
    const image = memory.create_image_from_bytes(bytes, [6, 5], Rill.ChannelType.UINT8);
    const [copy, back, cleared] = [create(), create(), create()];
    const buffer = memory.create_buffer(64);
    ok(commands.copy_image(image, copy));
    ok(commands.copy_image_to_buffer(copy, buffer, 4));
    ok(commands.copy_buffer_to_image(buffer, 4, back));
    ok(commands.clear_image(cleared));
    ok(commands.change_image_layout(image, Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL));
    equal(image.layout, Rill.ImageLayout.GENERAL);
    ok(commands.run());
    equal(image.layout, Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL);
    equal(copy.read_bytes().toArray(), bytes);
    equal(back.read_bytes().toArray(), bytes);
    equal(cleared.read_bytes().toArray(), new Uint8Array(30));
});

test('durations', () => {
    const {commands, node, session} = prepare();
    const duration = session.create_duration();
    checkProperties(duration, {session, closed: false});
    throws(Gio.IOErrorEnum, NOT_INITIALIZED, () => duration.get_nanoseconds());
    ok(commands.begin_duration(duration));
    ok(commands.dispatch(node));
    ok(commands.end_duration(duration));
    ok(commands.run());
    ok(duration.get_nanoseconds() >= 0);
    duration.close();
    equal(duration.closed, true);
    throws(Gio.IOErrorEnum, CLOSED, () => duration.get_nanoseconds());
});

test('close', () => {
    const {commands, node, target} = prepare();
    let notified = 0;
    commands.connect('notify::closed', () => notified++);
    commands.close();
    commands.close();
    iterate();
    equal([commands.closed, notified], [true, 1]);
    for (const func of [() => commands.dispatch(node), () => commands.run(), () => commands.reset(),
        () => commands.barrier(), () => commands.fill_buffer(target, 0, -1, 0)])
        throws(Gio.IOErrorEnum, CLOSED, func);
});

run();
