// SPDX-License-Identifier: MIT
// Objects that were never initialised: every method answers, with an error or with nothing.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Rill from 'gi://Rill?version=1';

import {checkProperties, equal, ok, rejects, run, test, throws} from './tap.js';

const {NOT_INITIALIZED} = Gio.IOErrorEnum;
const BYTES = Uint8Array.of(1, 2, 3, 4);
const {UINT8} = Rill.ChannelType;

function uninitialized(func) {
    throws(Gio.IOErrorEnum, NOT_INITIALIZED, func);
}

test('getters', () => {
    for (const name of ['Device', 'MemoryType', 'Memory', 'MemoryPage', 'Buffer', 'Image', 'ImageView',
        'Mapping', 'Suballocator', 'Transfer', 'Program', 'ComputeNode', 'CommandBuffer',
        'Duration']) {
        const object = new Rill[name]();
        checkProperties(object);
        for (const {name: property, value_type: type} of object.constructor.list_properties()) {
            const value = object[property.replaceAll('-', '_')];
            const {TYPE_OBJECT, TYPE_STRING} = GObject;
            if (value instanceof Gio.ListStore)
                equal(value.get_n_items(), 0, `${name}.${property}`);
            else if ([TYPE_OBJECT, TYPE_STRING].some(base => GObject.type_is_a(type, base)))
                equal(value, null, `${name}.${property}`);
        }
        object.close?.();
        object.close?.();
        object.run_dispose();
    }
});

test('memory', () => {
    const memory = new Rill.Memory();
    uninitialized(() => memory.create_buffer(4));
    uninitialized(() => memory.create_buffer_from_bytes(BYTES));
    uninitialized(() => memory.create_buffer_like(new Rill.Buffer()));
    uninitialized(() => memory.create_image([4], UINT8));
    uninitialized(() => memory.create_image_from_bytes(BYTES, [4], UINT8));
    uninitialized(() => memory.create_image_view_from_bytes(BYTES, [4], UINT8));
    uninitialized(() => memory.set_strategy(Rill.AllocationStrategy.LINEAR));
    uninitialized(() => memory.trim());
    uninitialized(() => memory.set_size_limit(1));
    uninitialized(() => memory.set_priority(1));
    uninitialized(() => memory.calculate_statistics());
    uninitialized(() => memory.calculate_page_statistics(0));
    uninitialized(() => memory.to_json());
    uninitialized(() => memory.to_svg());
    equal(memory.is_page_mappable(0), false);
});

test('suballocator', () => {
    const suballocator = new Rill.Suballocator();
    uninitialized(() => suballocator.allocate(1, 1));
    uninitialized(() => suballocator.free(1));
    uninitialized(() => suballocator.lookup(1));
    uninitialized(() => suballocator.calculate_statistics());
    suballocator.clear();
    suballocator.walk(() => ok(false));
});

test('buffer', async () => {
    const buffer = new Rill.Buffer();
    const target = new Rill.Buffer();
    uninitialized(() => buffer.write_bytes(0, BYTES));
    uninitialized(() => buffer.read_bytes());
    uninitialized(() => buffer.write_address(0, 0, 0));
    uninitialized(() => buffer.read_address(0, 0, 0));
    uninitialized(() => buffer.copy_to(0, target, 0));
    uninitialized(() => buffer.fill(0, -1, 0));
    uninitialized(() => buffer.map(Rill.MapFlags.READ));
    uninitialized(() => buffer.map_range(Rill.MapFlags.READ, 0));
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, buffer.write_bytes_async(0, BYTES));
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, buffer.read_bytes_async());
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, buffer.copy_to_async(0, target, 0));
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, buffer.map_async(Rill.MapFlags.READ));
    equal(buffer.get_allocation_info(), null);
    buffer.set_name('nothing');
    equal(buffer.dup_name(), 'nothing');
});

test('image', async () => {
    const image = new Rill.Image();
    uninitialized(() => image.write_bytes(BYTES));
    uninitialized(() => image.read_bytes());
    uninitialized(() => image.write_address(0, 0));
    uninitialized(() => image.read_address(0, 0));
    uninitialized(() => image.copy_to(new Rill.Image()));
    uninitialized(() => image.clear());
    uninitialized(() => image.change_layout(Rill.ImageLayout.GENERAL));
    uninitialized(() => image.create_view());
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, image.write_bytes_async(BYTES));
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, image.read_bytes_async());
    ok(!image.get_shape()?.length);
});

test('mapping', () => {
    const mapping = new Rill.Mapping();
    uninitialized(() => mapping.get_bytes());
    uninitialized(() => mapping.get_address());
});

test('compute', async () => {
    const node = new Rill.ComputeNode();
    const commands = new Rill.CommandBuffer();
    const duration = new Rill.Duration();
    const buffer = new Rill.Buffer();
    const image = new Rill.Image();
    uninitialized(() => node.bind('x', buffer));
    uninitialized(() => node.bind_range('x', buffer, 0));
    uninitialized(() => node.set_local_size(1));
    uninitialized(() => node.set_grid_size(1));
    uninitialized(() => node.set_global_size(1));
    uninitialized(() => node.set_push_constants(BYTES));
    uninitialized(() => node.set_specialization_constant(0, new GLib.Variant('i', 1)));
    equal(node.get_local_size(), [0, 0, 0]);
    equal(node.get_grid_size(), [0, 0, 0]);
    uninitialized(() => commands.reset());
    uninitialized(() => commands.dispatch(node));
    uninitialized(() => commands.copy_buffer(buffer, 0, buffer, 0));
    uninitialized(() => commands.fill_buffer(buffer, 0, -1, 0));
    uninitialized(() => commands.copy_image(image, image));
    uninitialized(() => commands.copy_buffer_to_image(buffer, 0, image));
    uninitialized(() => commands.copy_image_to_buffer(image, buffer, 0));
    uninitialized(() => commands.clear_image(image));
    uninitialized(() => commands.change_image_layout(image, Rill.ImageLayout.GENERAL));
    uninitialized(() => commands.barrier());
    uninitialized(() => commands.begin_duration(duration));
    uninitialized(() => commands.end_duration(duration));
    uninitialized(() => commands.run());
    await rejects(Gio.IOErrorEnum, NOT_INITIALIZED, commands.run_async());
    uninitialized(() => duration.get_nanoseconds());
});

run();
