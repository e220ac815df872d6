// SPDX-License-Identifier: MIT

/* Makes Rill feel at home in GJS. Names and meanings are those of C, with these conveniences:
 *
 * - new Rill.Session({device, flags}) opens the session, or throws.
 * - Arguments at the end that C lets be NULL, or that have a usual value, can be left out.
 * - Asynchronous methods return a promise, unless their last argument is a callback.
 */

const {Gio} = imports.gi;

/* Values of the arguments at the end, by class and method; what is not here is as GJS makes it. */
function getDefaults(Rill) {
    const filter = Rill.FilterMode.NEAREST;
    const address = Rill.AddressMode.CLAMP_TO_EDGE;
    const bufferUsage = Rill.BufferUsageFlags.NONE;
    const imageUsage = Rill.ImageUsageFlags.NONE;

    return {
        Session: {
            create_memory: [Rill.MEMORY_DEFAULT_PAGE_SIZE, false],
            explain_memory: [false],
            create_program_from_glsl: [null, null],
            create_compute_node: [null],
            wait_idle: [null],
        },
        Memory: {
            create_buffer: [bufferUsage],
            create_buffer_like: [bufferUsage],
            create_buffer_from_bytes: [bufferUsage],
            create_image: [imageUsage],
            create_image_from_bytes: [imageUsage],
            create_image_view_from_bytes: [imageUsage, filter, address, false, false],
            compact: [null],
            compact_async: [null],
        },
        Suballocator: {
            allocate: [1],
        },
        Buffer: {
            write_bytes: [null],
            write_bytes_async: [null],
            write_address: [null],
            read_bytes: [0, -1, null],
            read_bytes_async: [0, -1, null],
            read_address: [null],
            copy_to: [-1, null],
            copy_to_async: [-1, null],
            fill: [null],
            map_range: [-1],
            map_async: [0, null],
        },
        Image: {
            write_bytes: [null],
            write_bytes_async: [null],
            write_address: [null],
            read_bytes: [null],
            read_bytes_async: [null],
            read_address: [null],
            copy_to: [null],
            clear: [null],
            change_layout: [null],
            create_view: [filter, address, false, false],
            create_view_with_address_modes: [false, false],
        },
        ComputeNode: {
            bind_range: [-1],
            set_local_size: [1, 1],
            set_grid_size: [1, 1],
            set_global_size: [1, 1],
        },
        CommandBuffer: {
            copy_buffer: [-1],
            run: [null],
            run_async: [null],
        },
    };
}

/* Appends what is missing, also what is undefined; what has no default is left to GJS to complain of. */
function complete(args, length, defaults) {
    while (args.length > 0 && args[args.length - 1] === undefined)
        args.pop();
    const missing = length - args.length;

    if (missing <= 0 || missing > defaults.length)
        return args;
    return [...args, ...defaults.slice(-missing)];
}

function addDefaults(object, name, defaults) {
    const method = object[name];
    const {length} = method;

    object[name] = function (...args) {
        return method.apply(this, complete(args, length, defaults));
    };
}

function promisify(object, name, defaults) {
    const length = object[name].length - 1; // without the callback

    Gio._promisify(object, name);
    const method = object[name];
    object[name] = function (...args) {
        const callback = typeof args[args.length - 1] === 'function' ? [args.pop()] : [];
        return method.call(this, ...complete(args, length, defaults), ...callback);
    };
}

function _init() {
    const Rill = this;

    const init = Rill.Session.prototype._init;
    Rill.Session.prototype._init = function (properties = {}) {
        init.call(this, properties);
        this.init(null);
    };
    addDefaults(Rill.Session, 'new', [null, Rill.SessionFlags.NONE, null]);
    addDefaults(Rill.Suballocator, 'new', [Rill.AllocationStrategy.GENERAL]);
    promisify(Rill.Session, 'open_async', [null, Rill.SessionFlags.NONE, null]);

    for (const [className, methods] of Object.entries(getDefaults(Rill))) {
        for (const [name, defaults] of Object.entries(methods)) {
            const add = name.endsWith('_async') ? promisify : addDefaults;
            add(Rill[className].prototype, name, defaults);
        }
    }
}
