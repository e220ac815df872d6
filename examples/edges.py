#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""edges INPUT OUTPUT.png: finds the edges of a picture on the GPU.

The same program stands beside this one in C, JavaScript and Vala.
"""

import os
import sys
import time

import gi

gi.require_version('GdkPixbuf', '2.0')
gi.require_version('Rill', '1')

import numpy as np
from gi.repository import GdkPixbuf, GLib, Rill


def load_shader():
    """The shader lies in the folder that RILL_EXAMPLES_DIR names, or beside the program."""
    folder = os.environ.get('RILL_EXAMPLES_DIR') or os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(folder, 'edges.comp'), encoding='utf-8') as file:
        return file.read()


def load_picture(path):
    """The picture as an array [height, width, 3] without gaps between the rows."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_file(path)
    shape = pixbuf.get_height(), pixbuf.get_width(), pixbuf.get_n_channels()
    strides = pixbuf.get_rowstride(), pixbuf.get_n_channels(), 1
    pixels = np.ndarray(shape, np.uint8, pixbuf.read_pixel_bytes().get_data(), strides=strides)
    return np.ascontiguousarray(pixels[:, :, :3])


def save_picture(path, edges):
    """gdk-pixbuf writes no grey PNG: red, green and blue are the value."""
    height, width = edges.shape
    rgb = GLib.Bytes.new(edges.repeat(3).tobytes())
    pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(rgb, GdkPixbuf.Colorspace.RGB, False, 8,
                                             width, height, width * 3)
    pixbuf.savev(path, 'png', [], [])


def run_shader(session, picture, edges):
    """The time that the device takes, in nanoseconds."""
    program = session.create_program_from_glsl(load_shader(), 'edges.comp')
    node = session.create_compute_node(program)
    node.bind('picture', picture)
    node.bind('edges', edges)
    node.set_global_size(edges.width, edges.height)

    commands = session.create_command_buffer()
    duration = session.create_duration()
    commands.begin_duration(duration)
    commands.dispatch(node)
    commands.end_duration(duration)
    commands.run()
    return duration.get_nanoseconds()


def print_rate(label, size, seconds):
    rate = GLib.format_size(int(size / max(seconds, 1e-6)))
    print('%s %s, %s/s' % (label, GLib.format_size(size), rate))


def find_edges(session, pixels):
    """The edges, an array [height, width]."""
    memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL)
    picture = memory.create_image(pixels.shape, Rill.ChannelType.UINT8)
    edges = memory.create_image(pixels.shape[:2], Rill.ChannelType.UINT8)

    start = time.monotonic()
    picture.write_bytes(pixels)
    session.wait_idle()
    uploaded = time.monotonic() - start

    gpu_time = run_shader(session, picture, edges)

    start = time.monotonic()
    result = edges.read_bytes()
    downloaded = time.monotonic() - start

    pages = memory.page_count
    used = GLib.format_size(memory.used_size)
    print('Device:  ', session.device.name)
    print('Memory:   %u page%s, %s used' % (pages, '' if pages == 1 else 's', used))
    print_rate('Upload:  ', pixels.nbytes, uploaded)
    print_rate('Download:', result.get_size(), downloaded)
    print('GPU time: %.3f ms' % (gpu_time / 1e6))
    return np.frombuffer(result.get_data(), np.uint8).reshape(pixels.shape[:2])


def main():
    if len(sys.argv) != 3:
        sys.exit('usage: edges INPUT OUTPUT.png')
    _, path, output = sys.argv
    try:
        pixels = load_picture(path)
        edges = find_edges(Rill.Session(), pixels)
        save_picture(output, edges)
    except GLib.Error as error:
        sys.exit('edges: ' + error.message)
    except OSError as error:
        sys.exit('edges: %s' % error)
    height, width = edges.shape
    print('Wrote %s: %u × %u pixels' % (output, width, height))


if __name__ == '__main__':
    main()
