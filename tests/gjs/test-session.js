// SPDX-License-Identifier: MIT
// Devices and sessions.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Rill from 'gi://Rill?version=1';
import System from 'system';

import {cancelled, checkProperties, equal, iterate, ok, openSession, refuses, rejects, run, test,
    throws}
    from './tap.js';

const {CANCELLED, CLOSED, INVALID_ARGUMENT, NOT_SUPPORTED} = Gio.IOErrorEnum;

test('devices', () => {
    const devices = [...Rill.Device.enumerate()];
    ok(devices.length > 0);
    for (const [index, device] of devices.entries()) {
        checkProperties(device, {index});
        ok(device.name.length > 0);
        ok(Object.values(Rill.DeviceType).includes(device.device_type));
        ok(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(device.uuid), device.uuid);
        ok(device.vendor_id > 0);
        ok(device.device_id >= 0);
        ok(device.pci_bus === null || device.pci_bus.length > 0);
        ok(device.driver_name.length > 0);
        ok(device.driver_version.length > 0);
        ok(/^1\.\d+\.\d+$/.test(device.api_version), device.api_version);
    }
});

test('memory types', () => {
    const [device] = [...Rill.Device.enumerate()];
    const memoryTypes = [...device.memory_types];
    ok(memoryTypes.length > 0);
    for (const [index, memoryType] of memoryTypes.entries()) {
        checkProperties(memoryType, {index});
        ok(memoryType.heap_index >= 0);
        ok(memoryType.flags >= 0);
        ok(memoryType.heap_size > 0);
        ok(memoryType.heap_budget <= memoryType.heap_size);
        ok(memoryType.heap_usage >= 0);
    }
});

test('the constructor opens', () => {
    const session = openSession();
    checkProperties(session, {flags: Rill.SessionFlags.VALIDATION, closed: false});
    ok(session.device instanceof Rill.Device);
    equal(session.transfers.get_n_items(), 0);
    ok(session.wait_idle());
    ok(session.wait_idle(null));

    const others = [new Rill.Session(), new Rill.Session({device: session.device}),
        Rill.Session.new(),
        Rill.Session.new(session.device, Rill.SessionFlags.NONE, null)];
    for (const other of others) {
        ok(other instanceof Rill.Session);
        equal(other.flags, Rill.SessionFlags.NONE);
        equal(other.device.uuid, session.device.uuid);
        ok(other.wait_idle());
        other.close();
    }
});

test('budget', () => {
    const session = openSession();
    const seen = [];
    session.connect('budget-low', (_, memoryType) => seen.push(memoryType.index));
    checkProperties(session, {budget_threshold: 0.9});
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, 1 << 20);
    ok(session.set_budget_threshold(0));
    const buffers = [memory.create_buffer(1 << 20), memory.create_buffer(1 << 20)];
    equal(seen, []);
    iterate();
    equal(seen, [memory.memory_type.index]);
    ok(memory.memory_type.heap_usage >= buffers[0].size + buffers[1].size);
    for (const wrong of [-0.5, 1.5, NaN])
        throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => session.set_budget_threshold(wrong));
    equal(session.budget_threshold, 0);
});

test('the constructor throws', () => {
    throws(Gio.IOErrorEnum, CANCELLED,
        () => Rill.Session.new(null, Rill.SessionFlags.NONE, cancelled()));
    refuses(() => new Rill.Session({flags: 1 << 20}));
    refuses(() => new Rill.Session({device: 'a device'}));
});

test('open asynchronously', async () => {
    const session = await Rill.Session.open_async();
    ok(session.wait_idle());
    session.close();
    const other = await Rill.Session.open_async(session.device, Rill.SessionFlags.NONE, null);
    equal(other.device.uuid, session.device.uuid);
    other.close();
    await rejects(Gio.IOErrorEnum, CANCELLED,
        Rill.Session.open_async(null, Rill.SessionFlags.NONE, cancelled()));
});

test('open with a callback', async () => {
    const session = await new Promise((resolve, reject) => {
        Rill.Session.open_async((_, result) => {
            try {
                resolve(Rill.Session.open_finish(result));
            } catch (error) {
                reject(error);
            }
        });
    });
    ok(session.wait_idle());
    session.close();
});

test('create a memory', () => {
    const session = openSession();
    const {DEVICE_LOCAL, HOST_CACHED, HOST_VISIBLE, LAZILY_ALLOCATED} = Rill.MemoryPropertyFlags;
    const memory = session.create_memory(HOST_VISIBLE);
    equal(memory.page_size, Rill.MEMORY_DEFAULT_PAGE_SIZE);
    ok(memory.flags & HOST_VISIBLE);
    equal(session.create_memory(memory.flags, 4096, true).page_size, 4096);
    throws(Gio.IOErrorEnum, NOT_SUPPORTED,
        () => session.create_memory(LAZILY_ALLOCATED | HOST_CACHED, 0, true));
    throws(Gio.IOErrorEnum, INVALID_ARGUMENT, () => session.create_memory(DEVICE_LOCAL, 2 ** 60));
});

test('memories for a usage', () => {
    const session = openSession();
    const {DEVICE_ONLY, DOWNLOAD, UPLOAD} = Rill.MemoryUsage;
    for (const usage of [DEVICE_ONLY, DOWNLOAD, UPLOAD]) {
        const memory = session.get_memory_for_usage(usage);
        equal(memory, session.get_memory_for_usage(usage));
        equal(memory.session, session);
    }
});

test('close', () => {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL);
    const buffer = memory.create_buffer(64);
    const notified = [];
    session.connect('notify::closed', object => notified.push(object.closed));
    session.close();
    session.close();
    equal(notified, [], 'notified in close()');
    iterate();
    equal(notified, [true]);
    ok(session.closed && memory.closed && buffer.closed);
    throws(Gio.IOErrorEnum, CLOSED, () => session.wait_idle());
    throws(Gio.IOErrorEnum, CLOSED,
        () => session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL));
    throws(Gio.IOErrorEnum, CLOSED, () => session.get_memory_for_usage(Rill.MemoryUsage.UPLOAD));
    throws(Gio.IOErrorEnum, CLOSED, () => memory.create_buffer(64));
    throws(Gio.IOErrorEnum, CLOSED, () => buffer.read_bytes());
});

test('signals', () => {
    const session = openSession();
    const seen = [];
    const other = new Rill.Session();
    other.connect('validation-message', (_, severity, id, text) => seen.push(severity, id, text));
    other.connect('device-lost', object => seen.push(object === other));
    other.emit('validation-message', Rill.ValidationSeverity.ERROR, 'VUID-x', 'text');
    other.emit('device-lost');
    equal(seen, [Rill.ValidationSeverity.ERROR, 'VUID-x', 'text', true]);
    other.close();
    session.close();
});

test('error domains', () => {
    const session = openSession();
    equal(GLib.quark_to_string(Rill.VulkanError.quark()), 'rill-vulkan-error-quark');
    equal(Rill.vulkan_error_quark(), Rill.VulkanError.quark());
    throws(Rill.VulkanError, Rill.VulkanError.SHADER_COMPILATION,
        () => session.create_program_from_glsl('no shader'));
    try {
        session.create_program_from_glsl('no shader');
    } catch (error) {
        ok(!error.matches(Gio.IOErrorEnum, Rill.VulkanError.SHADER_COMPILATION));
        ok(!(error instanceof Gio.IOErrorEnum));
    }
});

test('what the collector takes is closed', () => {
    const session = openSession();
    const memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, 1 << 20);
    for (let i = 0; i < 100; i++)
        memory.create_buffer(1000);
    ok(memory.used_size > 0);
    // Wrappers on the stack may be held conservatively.
    System.gc();
    session.wait_idle();
    ok(memory.calculate_statistics().object_count < 10,
        `${memory.calculate_statistics().object_count} are left`);
});

test('objects that are not sessions', () => {
    refuses(() => Rill.Session.prototype.wait_idle.call(new GObject.Object(), null));
});

run();
