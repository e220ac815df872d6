#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: MIT

// y = a x + y for 16 Mi floats on the GPU, checked against the CPU.

import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';
import System from 'system';

const N = 16 * 1024 * 1024;

function loadShader() {
    const [program] = GLib.filename_from_uri(import.meta.url);
    const folder = GLib.getenv('RILL_EXAMPLES_DIR') ?? GLib.path_get_dirname(program);
    return new TextDecoder().decode(GLib.file_get_contents(`${folder}/saxpy.comp`)[1]);
}

function saxpy(a, x, y) {
    const session = new Rill.Session();
    const memory = session.get_memory_for_usage(Rill.MemoryUsage.DEVICE_ONLY);
    // The bytes of the floats, not their values.
    const xBuffer = memory.create_buffer_from_bytes(new Uint8Array(x.buffer));
    const yBuffer = memory.create_buffer_from_bytes(new Uint8Array(y.buffer));

    const program = session.create_program_from_glsl(loadShader(), 'saxpy.comp');
    const node = session.create_compute_node(program);
    node.bind('x', xBuffer);
    node.bind('y', yBuffer);
    node.set_push_constants(new Uint8Array(Float32Array.of(a).buffer));
    node.set_global_size(N / 4);

    const commands = session.create_command_buffer();
    commands.dispatch(node);
    commands.run();
    return [session.device.name, new Float32Array(yBuffer.read_bytes().toArray().buffer)];
}

function main() {
    const a = 0.5;
    const x = new Float32Array(N).map((_, i) => i % 1000);
    const y = new Float32Array(N).map((_, i) => i % 7);
    const [device, result] = saxpy(a, x, y);
    const wrong = result.reduce((count, value, i) => count + (value !== a * x[i] + y[i]), 0);
    print(`${device}: ${wrong} of ${N} elements differ`);
    return wrong === 0 ? 0 : 1;
}

let status = 1;
try {
    status = main();
} catch (error) {
    printerr(`saxpy: ${error.message}`);
}
System.exit(status);
