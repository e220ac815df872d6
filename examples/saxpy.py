#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""y = a x + y for 16 Mi floats on the GPU, checked against the CPU."""

import os
import sys

import gi

gi.require_version('Rill', '1')

import numpy as np
from gi.repository import GLib, Rill

N = 16 * 1024 * 1024


def load_shader():
    folder = os.environ.get('RILL_EXAMPLES_DIR') or os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(folder, 'saxpy.comp'), encoding='utf-8') as file:
        return file.read()


def saxpy(a, x, y):
    session = Rill.Session()
    memory = session.get_memory_for_usage(Rill.MemoryUsage.DEVICE_ONLY)
    x_buffer = memory.create_buffer_from_bytes(x)
    y_buffer = memory.create_buffer_from_bytes(y)

    program = session.create_program_from_glsl(load_shader(), 'saxpy.comp')
    node = session.create_compute_node(program)
    node.bind('x', x_buffer)
    node.bind('y', y_buffer)
    node.set_push_constants(a)
    node.set_global_size(N // 4)

    commands = session.create_command_buffer()
    commands.dispatch(node)
    commands.run()
    return session.device.name, np.frombuffer(y_buffer.read_bytes().get_data(), np.float32)


def main():
    a = np.float32(0.5)
    x = (np.arange(N) % 1000).astype(np.float32)
    y = (np.arange(N) % 7).astype(np.float32)
    try:
        device, result = saxpy(a, x, y)
    except (GLib.Error, OSError) as error:
        sys.exit('saxpy: %s' % error)
    wrong = np.count_nonzero(result != a * x + y)
    print('%s: %d of %d elements differ' % (device, wrong, N))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
