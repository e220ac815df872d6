// SPDX-License-Identifier: MIT
// Memories, their pages and what is created in them.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';

import {checkProperties, equal, iterate, ok, openSession, refuses, run, test,
    throws} from './tap.js';

const {BUSY, CLOSED, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED} = Gio.IOErrorEnum;
const {UINT8, UNORM8} = Rill.ChannelType;
const PAGE = 1 << 20;

function createMemory(session = openSession()) {
    return session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, PAGE);
}

test('properties', () => {
    const session = openSession();
    const memory = createMemory(session);
    checkProperties(memory, {session, page_size: PAGE, page_count: 0, used_size: 0,
        reserved_size: 0, closed: false});
    equal(memory.flags, memory.memory_type.flags);
    equal(memory.mappable, (memory.flags & Rill.MemoryPropertyFlags.HOST_VISIBLE) !== 0);
    const buffer = memory.create_buffer(1000);
    checkProperties(memory, {page_count: 1, used_size: buffer.allocation_info.size,
        reserved_size: PAGE});
    memory.close();
    checkProperties(memory, {closed: true});
});

test('pages are signalled in the main context', () => {
    const memory = createMemory();
    const added = [], removed = [], counts = [];
    memory.connect('page-added', (_, index, size) => added.push([index, size]));
    memory.connect('page-removed', (_, index) => removed.push(index));
    memory.connect('notify::page-count', object => counts.push(object.page_count));
    const buffers = [memory.create_buffer(PAGE), memory.create_buffer(PAGE + 1)];
    equal([added, removed, counts], [[], [], []]);
    iterate();
    equal(added, [[0, PAGE], [1, buffers[1].allocation_info.size]]);
    equal(counts, [2], 'notifications are coalesced');
    buffers.forEach(buffer => buffer.close());
    ok(memory.trim());
    iterate();
    equal(removed.sort(), [0, 1]);
    equal([memory.page_count, memory.reserved_size], [0, 0]);
});

test('limit and priority', () => {
    const memory = createMemory();
    const notified = [];
    memory.connect('notify', (_, pspec) => notified.push(pspec.name));
    checkProperties(memory, {size_limit: 0, priority: 0.5});
    ok(memory.set_size_limit(PAGE * 3 / 2));
    ok(memory.set_priority(0.75));
    iterate();
    equal(notified, ['size-limit', 'priority']);
    checkProperties(memory, {size_limit: PAGE * 3 / 2, priority: 0.75});
    const buffers = [memory.create_buffer(PAGE), memory.create_buffer(PAGE / 4)];
    equal(memory.reserved_size, memory.size_limit);
    throws(Rill.VulkanError, Rill.VulkanError.OUT_OF_DEVICE_MEMORY,
        () => memory.create_buffer(PAGE));
    throws(Gio.IOErrorEnum, BUSY, () => memory.set_size_limit(0));
    throws(Gio.IOErrorEnum, BUSY, () => memory.set_priority(0.25));
    buffers.forEach(buffer => buffer.close());
    ok(memory.trim());
    for (const wrong of [-0.5, 1.5, NaN])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => memory.set_priority(wrong));
    ok(memory.set_size_limit(0));
    equal([memory.size_limit, memory.priority], [0, 0.75]);
});

test('strategy', () => {
    const {GENERAL, LINEAR} = Rill.AllocationStrategy;
    const memory = createMemory();
    checkProperties(memory, {strategy: GENERAL});
    ok(memory.set_strategy(LINEAR));
    checkProperties(memory, {strategy: LINEAR});
    const offsets = Array.from({length: 10}, () => memory.create_buffer(1000))
        .map(buffer => buffer.allocation_info.offset);
    equal(offsets, offsets.slice().sort((a, b) => a - b));
    throws(Gio.IOErrorEnum, BUSY, () => memory.set_strategy(GENERAL));
});

test('mappable pages', () => {
    const memory = openSession().create_memory(Rill.MemoryPropertyFlags.HOST_VISIBLE);
    const buffer = memory.create_buffer(64);
    equal(memory.is_page_mappable(buffer.allocation_info.page), true);
    equal(memory.is_page_mappable(1000), false);
});

test('statistics', () => {
    const memory = createMemory();
    const buffers = [1, 2, 3].map(() => memory.create_buffer(1000));
    const statistics = memory.calculate_statistics();
    equal(statistics.page_count, 1);
    equal(statistics.object_count, buffers.length);
    equal(statistics.reserved_size, PAGE);
    equal(statistics.used_size, memory.used_size);
    ok(statistics.free_range_count >= 1);
    ok(statistics.free_size <= PAGE - statistics.used_size);
    ok(statistics.largest_free_size <= statistics.free_size);
    equal(statistics.copy().object_count, buffers.length);
    buffers[0].close();
    const {fragmentation, free_size: free, largest_free_size: largest} =
        memory.calculate_statistics();
    ok(Math.abs(fragmentation - (1 - largest / free)) < 1e-9 && statistics.fragmentation === 0);
});

test('statistics of a page', () => {
    const memory = createMemory();
    const buffers = [memory.create_buffer(PAGE), memory.create_buffer(1000)];
    const statistics = memory.calculate_page_statistics(1);
    equal([statistics.page_count, statistics.object_count], [1, 1]);
    equal(statistics.used_size, buffers[1].allocation_info.size);
    throws(Gio.IOErrorEnum, NOT_FOUND, () => memory.calculate_page_statistics(2));
});

test('pages', () => {
    const memory = createMemory();
    const buffer = memory.create_buffer(1000);
    const [page] = memory.pages;
    checkProperties(page, {memory, index: 0, size: PAGE, mappable: memory.mappable, live: true,
        object_count: 1, used_size: buffer.allocation_info.size,
        free_size: memory.calculate_statistics().free_size});
    const seen = [];
    page.connect('notify::live', () => seen.push(page.live));
    ok(!memory.create_buffer(2 * PAGE).closed);
    iterate();
    const sizes = [];
    for (const item of memory.get_pages())
        sizes.push(item.size);
    equal(sizes, [PAGE, 2 * PAGE]);
    memory.close();
    checkProperties(page, {live: false, object_count: 0, used_size: 0, free_size: 0});
    iterate();
    equal([memory.pages.get_n_items(), seen], [0, [false]]);
    equal([page.index, page.mappable, page.memory === memory], [0, memory.mappable, true]);
});

test('dumps', () => {
    const memory = createMemory();
    const buffer = memory.create_buffer(PAGE / 2);
    buffer.name = 'Größe <網點>';
    const dump = JSON.parse(memory.to_json());
    const [pool] = Object.values(dump.DefaultPools);
    const parts = pool.Blocks[0].Suballocations;
    equal(parts.reduce((sum, {Size}) => sum + Size, 0), PAGE);
    const {allocation_info: info} = buffer;
    const part = parts.find(({Kind}) => Kind === 'buffer');
    equal([part.Name, part.Offset, part.Size], ['Größe <網點>', info.offset, info.size]);
    equal(dump.Memory.UsedBytes, memory.used_size);
    ok(memory.to_svg().includes('Größe &lt;網點&gt;\nbuffer, '));
    memory.close();
    throws(Gio.IOErrorEnum, CLOSED, () => memory.to_json());
    throws(Gio.IOErrorEnum, CLOSED, () => memory.to_svg());
});

test('explain the choice of a memory', () => {
    const session = openSession();
    const memory = createMemory(session);
    ok(session.explain_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
        .endsWith(`Type ${memory.memory_type.index} is chosen.`));
    ok(session.explain_memory(Rill.MemoryPropertyFlags.PROTECTED, true)
        .includes('No type will do'));
    session.close();
    throws(Gio.IOErrorEnum, CLOSED, () => session.explain_memory(0));
});

test('create a buffer', () => {
    const memory = createMemory();
    equal(memory.create_buffer(100).size, 100);
    equal(memory.create_buffer(100, Rill.BufferUsageFlags.UNIFORM).usage,
        Rill.BufferUsageFlags.UNIFORM);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => memory.create_buffer(0));
    throws(Gio.IOErrorEnum, NOT_SUPPORTED, () => memory.create_buffer(2 ** 52));
    refuses(() => memory.create_buffer(100, 1 << 30));
    refuses(() => memory.create_buffer(-1));
    refuses(() => memory.create_buffer());
});

test('create a buffer like another', () => {
    const memory = createMemory();
    equal(memory.create_buffer_like(memory.create_buffer(100)).size, 100);
    const image = memory.create_image([3, 5, 3], UINT8);
    const buffer = memory.create_buffer_like(image, Rill.BufferUsageFlags.TRANSFER_DST);
    equal([buffer.size, buffer.usage], [45, Rill.BufferUsageFlags.TRANSFER_DST]);
    const foreign = createMemory().create_buffer(64);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => memory.create_buffer_like(foreign));
    refuses(() => memory.create_buffer_like(null));
});

test('create from bytes', () => {
    const memory = createMemory();
    const bytes = Uint8Array.from([0, 1, 2, 3, 4, 5]);
    equal(memory.create_buffer_from_bytes(bytes).read_bytes().toArray(), bytes);
    equal(memory.create_image_from_bytes(bytes, [2, 1, 3], UINT8).read_bytes().toArray(), bytes);
    const view = memory.create_image_view_from_bytes(bytes, [2, 3], UINT8);
    equal(view.image.read_bytes().toArray(), bytes);
    equal(view.sampled, false);
    const sampled = memory.create_image_view_from_bytes(bytes, [2, 3], UNORM8,
        Rill.ImageUsageFlags.NONE,
        Rill.FilterMode.LINEAR, Rill.AddressMode.REPEAT, true, true);
    equal(sampled.filter_mode, Rill.FilterMode.LINEAR);
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => memory.create_buffer_from_bytes(new Uint8Array()));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT,
        () => memory.create_image_from_bytes(bytes, [2, 2], UINT8));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => memory.create_image_view_from_bytes(bytes,
        [2, 3], UINT8, Rill.ImageUsageFlags.NONE, Rill.FilterMode.LINEAR,
        Rill.AddressMode.CLAMP_TO_EDGE, false, true));
});

test('create an image', () => {
    const memory = createMemory();
    equal(memory.create_image([4, 6], Rill.ChannelType.FLOAT32).get_shape(), [4, 6]);
    equal(memory.create_image([4], UINT8, Rill.ImageUsageFlags.STORAGE).usage,
        Rill.ImageUsageFlags.STORAGE);
    for (const shape of [[], [0], [4, 0], [1, 1, 5], [1, 1, 1, 1, 1]])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => memory.create_image(shape, UINT8));
    throws(Gio.IOErrorEnum, NOT_SUPPORTED, () => memory.create_image([1, 2 ** 31], UINT8));
});

test('what is undefined is left out', () => {
    const session = openSession();
    equal(session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, undefined).page_size,
        Rill.MEMORY_DEFAULT_PAGE_SIZE);
    const memory = createMemory(session);
    equal(memory.create_buffer(100, undefined).read_bytes(0, undefined, undefined).get_size(), 100);
    ok(memory.compact(undefined));
});

test('close', () => {
    const memory = createMemory();
    const buffer = memory.create_buffer(64);
    memory.close();
    memory.close();
    ok(memory.closed && buffer.closed);
    throws(Gio.IOErrorEnum, CLOSED, () => memory.create_buffer(64));
    throws(Gio.IOErrorEnum, CLOSED, () => memory.create_image([4], UINT8));
    throws(Gio.IOErrorEnum, CLOSED, () => memory.trim());
    throws(Gio.IOErrorEnum, CLOSED, () => memory.calculate_statistics());
    throws(Gio.IOErrorEnum, CLOSED, () => buffer.read_bytes());
});

run();
