#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: MIT

// edges INPUT OUTPUT.png: finds the edges of a picture on the GPU. The same program stands beside
// this one in C, Python and Vala.

import GdkPixbuf from 'gi://GdkPixbuf?version=2.0';
import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';
import System from 'system';

// The shader lies in the folder that RILL_EXAMPLES_DIR names, or beside the program.
function loadShader() {
    const [program] = GLib.filename_from_uri(import.meta.url);
    const folder = GLib.getenv('RILL_EXAMPLES_DIR') ?? GLib.path_get_dirname(program);
    const [, source] = GLib.file_get_contents(GLib.build_filenamev([folder, 'edges.comp']));
    return new TextDecoder().decode(source);
}

// The picture as rows of RGB without gaps, and its shape [height, width, 3].
function loadPicture(path) {
    const pixbuf = GdkPixbuf.Pixbuf.new_from_file(path);
    const {width, height, rowstride, n_channels: nChannels} = pixbuf;
    const pixels = pixbuf.read_pixel_bytes().toArray();
    const rgb = new Uint8Array(height * width * 3);
    let to = 0;
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            for (let c = 0; c < 3; c++)
                rgb[to++] = pixels[y * rowstride + x * nChannels + c];
        }
    }
    return [rgb, [height, width, 3]];
}

// gdk-pixbuf writes no grey PNG: red, green and blue are the value.
function savePicture(path, edges, [height, width]) {
    const rgb = new Uint8Array(edges.length * 3);
    for (let i = 0; i < edges.length; i++)
        rgb.fill(edges[i], i * 3, i * 3 + 3);
    const pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(rgb, GdkPixbuf.Colorspace.RGB, false, 8,
        width, height, width * 3);
    pixbuf.savev(path, 'png', [], []);
}

// The time that the device takes, in nanoseconds.
function runShader(session, picture, edges) {
    const program = session.create_program_from_glsl(loadShader(), 'edges.comp');
    const node = session.create_compute_node(program);
    node.bind('picture', picture);
    node.bind('edges', edges);
    node.set_global_size(edges.width, edges.height);

    const commands = session.create_command_buffer();
    const duration = session.create_duration();
    commands.begin_duration(duration);
    commands.dispatch(node);
    commands.end_duration(duration);
    commands.run();
    return duration.get_nanoseconds();
}

function printRate(label, size, microseconds) {
    const rate = GLib.format_size(Math.floor(size * 1e6 / Math.max(microseconds, 1)));
    print(`${label} ${GLib.format_size(size)}, ${rate}/s`);
}

// The edges, a byte for each pixel.
function findEdges(session, pixels, shape) {
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    const picture = memory.create_image(shape, Rill.ChannelType.UINT8);
    const edges = memory.create_image(shape.slice(0, 2), Rill.ChannelType.UINT8);

    let start = GLib.get_monotonic_time();
    picture.write_bytes(pixels);
    session.wait_idle();
    const uploaded = GLib.get_monotonic_time() - start;

    const gpuTime = runShader(session, picture, edges);

    start = GLib.get_monotonic_time();
    const result = edges.read_bytes().toArray();
    const downloaded = GLib.get_monotonic_time() - start;

    print(`Device:   ${session.device.name}`);
    print(`Memory:   ${memory.page_count} page${memory.page_count === 1 ? '' : 's'}, ` +
        `${GLib.format_size(memory.used_size)} used`);
    printRate('Upload:  ', pixels.length, uploaded);
    printRate('Download:', result.length, downloaded);
    print(`GPU time: ${(gpuTime / 1e6).toFixed(3)} ms`);
    return result;
}

function main([input, output, ...rest]) {
    if (output === undefined || rest.length > 0) {
        printerr('usage: edges INPUT OUTPUT.png');
        return 1;
    }
    try {
        const [pixels, shape] = loadPicture(input);
        const edges = findEdges(new Rill.Session(), pixels, shape);
        savePicture(output, edges, shape);
        print(`Wrote ${output}: ${shape[1]} × ${shape[0]} pixels`);
        return 0;
    } catch (error) {
        if (!(error instanceof GLib.Error))
            throw error;
        printerr(`edges: ${error.message}`);
        return 1;
    }
}

System.exit(main(System.programArgs));
