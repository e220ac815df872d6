// SPDX-License-Identifier: MIT
// Tests of one file, reported in the Test Anything Protocol.
//
//     import {equal, openSession, run, test} from './tap.js';
//     test('what it shows', async () => equal(1 + 1, 2));
//     run();

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Rill from 'gi://Rill?version=1';
import System from 'system';

const tests = [];
const sessions = [];
let messages = [];

export function test(name, func) {
    tests.push([name, func]);
}

// Assertions

export function ok(condition, text = 'expected to be true') {
    if (!condition)
        throw new Error(text);
}

// A text that two values share if they are equal: arrays, bytes and structures by what is in them.
function textOf(value) {
    if (value instanceof GLib.Bytes)
        return `bytes ${value.toArray().join()}`;
    if (value instanceof Uint8Array)
        return `bytes ${value.join()}`;
    if (value instanceof Rill.AllocationInfo)
        return textOf(['info', value.page, value.offset, value.left_padding, value.size]);
    if (Array.isArray(value))
        return `[${value.map(textOf).join()}]`;
    return `${typeof value} ${String(value)}`;
}

export function equal(actual, expected, text = '') {
    const same = actual instanceof GObject.Object || expected instanceof GObject.Object
        ? actual === expected : textOf(actual) === textOf(expected);
    ok(same, `${text} ${textOf(actual)} is not ${textOf(expected)}`);
}

function checkError(error, domain, code) {
    ok(error instanceof domain && error.matches(domain, code),
        `another error: ${error}\n${error.stack}`);
    equal(error.code, code);
    ok(error.message.length > 10, `a message that says nothing: ${error.message}`);
}

export function throws(domain, code, func) {
    try {
        func();
    } catch (error) {
        checkError(error, domain, code);
        return;
    }
    throw new Error(`no error: ${func}`);
}

// What GJS refuses before the library sees it.
export function refuses(func) {
    try {
        func();
    } catch (error) {
        ok(error instanceof Error, `an error of the library: ${error}`);
        return;
    }
    throw new Error(`no error: ${func}`);
}

export async function rejects(domain, code, promise) {
    try {
        await promise;
    } catch (error) {
        checkError(error, domain, code);
        return;
    }
    throw new Error('no error from a promise');
}

export function cancelled() {
    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    return cancellable;
}

// Each property reads the same by both of its names and by its getter.
export function checkProperties(object, expected = {}) {
    const names = object.constructor.list_properties().map(pspec => pspec.name);
    ok(names.length > 0);
    for (const name of names) {
        const underscores = name.replaceAll('-', '_');
        const getter = object[`get_${underscores}`] ?? object[`dup_${underscores}`];
        const value = getter.call(object);
        equal(object[underscores], value, underscores);
        equal(object[name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())], value, name);
        if (underscores in expected)
            equal(value, expected[underscores], underscores);
    }
    for (const name in expected)
        ok(names.includes(name.replaceAll('_', '-')), `there is no property ${name}`);
}

// The main context

export function iterate() {
    const context = GLib.MainContext.default();
    while (context.pending())
        context.iteration(false);
}

// A session with validation, whose every message fails the test; closed when the test is over.
export function openSession() {
    const session = new Rill.Session({flags: Rill.SessionFlags.VALIDATION});
    session.connect('validation-message', (_, ...message) => messages.push(message.join(' ')));
    sessions.push(session);
    return session;
}

function closeSessions() {
    for (const session of sessions.splice(0))
        session.close();
    iterate();
    const text = messages.join('\n');
    messages = [];
    equal(text, '', 'validation:');
}

async function runTests() {
    let failed = 0;
    print(`1..${tests.length}`);
    for (const [index, [name, func]] of tests.entries()) {
        const errors = [];
        try {
            await func();
        } catch (error) {
            errors.push(error);
        }
        try {
            closeSessions();
        } catch (error) {
            errors.push(error);
        }
        for (const error of errors)
            print(`${error}\n${error.stack}`.replace(/^/gm, '# '));
        print(`${errors.length ? 'not ok' : 'ok'} ${index + 1} - ${name}`);
        failed += errors.length;
    }
    return failed;
}

export function run() {
    const loop = new GLib.MainLoop(null, false);
    let status = 1;
    runTests().then(failed => (status = failed ? 1 : 0)).finally(() => loop.quit());
    loop.run();
    System.exit(status);
}
