// SPDX-License-Identifier: MIT
// Suballocators, which need no device.

import Gio from 'gi://Gio';
import Rill from 'gi://Rill?version=1';

import {checkProperties, equal, ok, run, test, throws} from './tap.js';

const {INVALID_ARGUMENT, NO_SPACE} = Gio.IOErrorEnum;
const {GENERAL, LINEAR} = Rill.AllocationStrategy;
const SIZE = 1 << 20;

function refuses(code, func) {
    throws(Gio.IOErrorEnum, code, func);
}

test('properties', () => {
    const suballocator = Rill.Suballocator.new(SIZE, LINEAR);
    checkProperties(suballocator, {size: SIZE, strategy: LINEAR, used_size: 0, range_count: 0});
    suballocator.allocate(1000, 1);
    checkProperties(suballocator, {used_size: 1000, range_count: 1});
});

test('numbers that are none', () => {
    for (const size of [0, NaN, null, 0.5])
        refuses(INVALID_ARGUMENT, () => Rill.Suballocator.new(size, GENERAL));
    const suballocator = Rill.Suballocator.new(SIZE, GENERAL);
    for (const size of [0, NaN, undefined])
        refuses(INVALID_ARGUMENT, () => suballocator.allocate(size, 1));
    for (const alignment of [0, NaN, 3, 2.5e3])
        refuses(INVALID_ARGUMENT, () => suballocator.allocate(1, alignment));
    for (const handle of [0, NaN, 1.5, 2 ** 53])
        refuses(INVALID_ARGUMENT, () => suballocator.free(handle));
    equal(suballocator.used_size, 0);
});

test('defaults', () => {
    const suballocator = Rill.Suballocator.new(1000);
    checkProperties(suballocator, {size: 1000, strategy: GENERAL});
    equal([suballocator.allocate(10)[1], suballocator.allocate(10, undefined)[1]], [0, 10]);
});

test('allocate and free', () => {
    const suballocator = Rill.Suballocator.new(2 ** 50, GENERAL);
    const [handle, offset] = suballocator.allocate(2 ** 40, 256);
    const [other, otherOffset] = suballocator.allocate(1000, 2 ** 41);
    ok(Number.isSafeInteger(handle) && handle > 0);
    equal(offset % 256, 0);
    equal(otherOffset % 2 ** 41, 0);
    equal(suballocator.lookup(other), [true, otherOffset, 1000]);
    ok(suballocator.free(handle));
    refuses(INVALID_ARGUMENT, () => suballocator.free(handle));
    refuses(INVALID_ARGUMENT, () => suballocator.lookup(handle));
    refuses(NO_SPACE, () => suballocator.allocate(2 ** 50, 1));
    equal(suballocator.range_count, 1);
});

test('handles are exact', () => {
    const suballocator = Rill.Suballocator.new(SIZE, GENERAL);
    for (let i = 0; i < 1000; i++)
        suballocator.free(suballocator.allocate(10, 1)[0]);
    equal(suballocator.range_count, 0);
});

test('clear', () => {
    const suballocator = Rill.Suballocator.new(SIZE, LINEAR);
    const handles = Array.from({length: 100}, () => suballocator.allocate(1000, 1)[0]);
    suballocator.clear();
    equal(suballocator.used_size, 0);
    refuses(INVALID_ARGUMENT, () => suballocator.free(handles[50]));
    equal(suballocator.allocate(SIZE, 1)[1], 0);
});

test('walk and statistics', () => {
    const suballocator = Rill.Suballocator.new(SIZE, GENERAL);
    const handles = [1, 2, 3].map(() => suballocator.allocate(100, 16)[0]);
    suballocator.free(handles[1]);
    const parts = [];
    suballocator.walk((offset, size, used, handle) => {
        parts.push([offset, size, used, handle]);
        if (handle === handles[0])
            suballocator.free(handle);
    });
    equal(parts, [[0, 100, true, handles[0]], [100, 112, false, 0], [212, 12, true, 0],
        [224, 100, true, handles[2]], [324, SIZE - 324, false, 0]]);
    const statistics = suballocator.calculate_statistics();
    equal([statistics.page_count, statistics.object_count, statistics.free_range_count],
        [1, 1, 2]);
    equal([statistics.reserved_size, statistics.used_size, statistics.free_size,
        statistics.largest_free_size], [SIZE, 100, SIZE - 112, SIZE - 324]);
});

run();
