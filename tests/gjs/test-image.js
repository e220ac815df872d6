// SPDX-License-Identifier: MIT
// Images, their views and their transfers.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Rill from 'gi://Rill?version=1';

import {cancelled, checkProperties, equal, iterate, ok, openSession, refuses, rejects, run, test,
    throws}
    from './tap.js';

const {CANCELLED, CLOSED, INVALID_ARGUMENT} = Gio.IOErrorEnum;
const {UINT8, UNORM8} = Rill.ChannelType;
const SHAPE = [5, 7, 3];
const PIXELS = Uint8Array.from({length: 105}, (_, i) => i);

function createMemory(session = openSession()) {
    return session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
}

test('properties', () => {
    const memory = createMemory();
    const image = memory.create_image(SHAPE, UINT8);
    const {SAMPLED, STORAGE, TRANSFER_DST, TRANSFER_SRC} = Rill.ImageUsageFlags;
    checkProperties(image, {memory, closed: false, name: null, width: 7, height: 5, depth: 1,
        channels: 3,
        channel_type: UINT8, usage: STORAGE | SAMPLED | TRANSFER_SRC | TRANSFER_DST,
        layout: Rill.ImageLayout.GENERAL, tiling: Rill.ImageTiling.OPTIMAL, minimum_size: 105});
    ok([3, 4].includes(image.storage_channels));
    ok(image.size >= 105);
    equal(image.mappable, memory.mappable);
    image.set_name('picture');
    equal(image.dup_name(), 'picture');
    equal(image.name, 'picture');
});

test('shapes', () => {
    const memory = createMemory();
    for (const [shape, ...extent] of [[[7], 7, 1, 1, 1], [[5, 7], 7, 5, 1, 1],
        [[5, 7, 2], 7, 5, 1, 2],
        [[3, 5, 7, 4], 7, 5, 3, 4], [[1, 9, 3], 9, 1, 1, 3]]) {
        const image = memory.create_image(shape, UINT8);
        equal(image.get_shape(), shape);
        equal([image.width, image.height, image.depth, image.channels], extent);
        const bytes = Uint8Array.from({length: image.minimum_size}, (_, i) => i);
        image.write_bytes(bytes);
        equal(image.read_bytes().toArray(), bytes);
    }
});

test('write and read', () => {
    const image = createMemory().create_image(SHAPE, UINT8);
    for (const source of [PIXELS, new GLib.Bytes(PIXELS)]) {
        ok(image.clear());
        equal(image.read_bytes().toArray(), new Uint8Array(105));
        ok(image.write_bytes(source));
        ok(image.read_bytes() instanceof GLib.Bytes);
        equal(image.read_bytes(null).toArray(), PIXELS);
    }
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => image.write_bytes(PIXELS.subarray(1)));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => image.write_bytes(new Uint8Array()));
    throws(Gio.IOErrorEnum, CANCELLED, () => image.read_bytes(cancelled()));
    for (const wrong of [Float32Array.from(PIXELS), [...PIXELS], 'text', null])
        refuses(() => image.write_bytes(wrong));
    equal(image.read_bytes().toArray(), PIXELS);
});

test('promises', async () => {
    const image = createMemory().create_image(SHAPE, UINT8);
    equal(await image.write_bytes_async(PIXELS), true);
    equal((await image.read_bytes_async()).toArray(), PIXELS);
    await rejects(Gio.IOErrorEnum, INVALID_ARGUMENT, image.write_bytes_async(PIXELS.subarray(1)));
    await rejects(Gio.IOErrorEnum, CANCELLED, image.read_bytes_async(cancelled()));
    const written = await new Promise(resolve =>
        image.write_bytes_async(PIXELS, (_, result) => resolve(image.write_bytes_finish(result))));
    equal(written, true);
    const bytes = await new Promise(resolve =>
        image.read_bytes_async((_, result) => resolve(image.read_bytes_finish(result))));
    equal(bytes.toArray(), PIXELS);
});

test('addresses', () => {
    const session = openSession();
    const image = createMemory(session).create_image(SHAPE, UINT8);
    const hostMemory = session.create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    const mapping = hostMemory.create_buffer_from_bytes(PIXELS).map(Rill.MapFlags.READ);
    ok(image.write_address(mapping.get_address(), 105));
    equal(image.read_bytes().toArray(), PIXELS);
    const writer = hostMemory.create_buffer(105).map(Rill.MapFlags.WRITE);
    ok(image.read_address(writer.get_address(), 105));
    equal(writer.get_bytes().toArray(), PIXELS);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => image.write_address(0, 105));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => image.read_address(0, 105));
});

test('copy', () => {
    const memory = createMemory();
    const image = memory.create_image_from_bytes(PIXELS, SHAPE, UINT8);
    const target = memory.create_image(SHAPE, UINT8);
    ok(image.copy_to(target));
    equal(target.read_bytes().toArray(), PIXELS);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => image.copy_to(memory.create_image([7, 5, 3], UINT8)));
});

test('layouts', () => {
    const image = createMemory().create_image_from_bytes(PIXELS, SHAPE, UINT8);
    const layout = Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL;
    const notified = [];
    image.connect('notify::layout', object => notified.push(object.layout));
    ok(image.change_layout(layout));
    iterate();
    equal(notified, [layout]);
    equal(image.read_bytes().toArray(), PIXELS);
    equal(image.layout, layout);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => image.change_layout(Rill.ImageLayout.UNDEFINED));
});

test('views', () => {
    const image = createMemory().create_image([4, 4, 4], UNORM8);
    const {CLAMP_TO_EDGE, MIRRORED_REPEAT, REPEAT} = Rill.AddressMode;
    const {LINEAR, NEAREST} = Rill.FilterMode;
    const view = image.create_view();
    checkProperties(view, {image, filter_mode: NEAREST, address_mode_u: CLAMP_TO_EDGE,
        address_mode_v: CLAMP_TO_EDGE, address_mode_w: CLAMP_TO_EDGE,
        normalized_coordinates: false, sampled: false, closed: false});
    const sampledView = image.create_view(LINEAR, REPEAT, true, true);
    checkProperties(sampledView, {filter_mode: LINEAR, address_mode_u: REPEAT,
        address_mode_v: REPEAT, address_mode_w: REPEAT,
        normalized_coordinates: true, sampled: true});
    const mixedView = image.create_view_with_address_modes(LINEAR, REPEAT, MIRRORED_REPEAT,
        CLAMP_TO_EDGE, true, true);
    checkProperties(mixedView,
        {address_mode_u: REPEAT, address_mode_v: MIRRORED_REPEAT, address_mode_w: CLAMP_TO_EDGE});
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => image.create_view(NEAREST, REPEAT, false, true));
    view.close();
    view.close();
    equal([view.closed, image.closed], [true, false]);
});

test('close', async () => {
    const memory = createMemory();
    const image = memory.create_image(SHAPE, UINT8);
    const other = memory.create_image(SHAPE, UINT8);
    const view = image.create_view();
    image.close();
    equal([image.closed, view.closed], [true, true]);
    for (const func of [() => image.write_bytes(PIXELS), () => image.read_bytes(),
        () => image.clear(),
        () => image.copy_to(other), () => other.copy_to(image), () => image.create_view(),
        () => image.change_layout(Rill.ImageLayout.GENERAL)])
        throws(Gio.IOErrorEnum, CLOSED, func);
    await rejects(Gio.IOErrorEnum, CLOSED, image.read_bytes_async());
});

run();
