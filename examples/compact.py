#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compacts a memory that most objects have left, and draws it before and after.

    compact.py BEFORE.svg AFTER.svg
"""

import random
import sys

import gi

gi.require_version('Rill', '1')
from gi.repository import Gio, Rill


def fill(memory, n, chance):
    """Buffers and images of many sizes, with their content."""
    objects = []
    for i in range(n):
        if chance.random() < 0.8:
            size = int(2 ** chance.uniform(8, 16))
            content = chance.randbytes(size)
            thing = memory.create_buffer_from_bytes(content)
        else:
            height, width = chance.randrange(8, 160), chance.randrange(8, 160)
            content = chance.randbytes(height * width * 4)
            thing = memory.create_image_from_bytes(content, (height, width, 4),
                                                   Rill.ChannelType.UINT8)
        thing.name = f'{"image" if isinstance(thing, Rill.Image) else "buffer"} {i}'
        objects.append((thing, content))
    return objects


def save(text, path):
    stream = Gio.File.new_for_commandline_arg(path)
    stream.replace_contents(text.encode(), None, False, Gio.FileCreateFlags.NONE, None)


def main(before, after):
    chance = random.Random(3)
    session = Rill.Session()
    memory = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, 1 << 20)
    objects = fill(memory, 400, chance)
    kept = chance.sample(objects, len(objects) // 4)
    for thing, content in objects:
        if (thing, content) not in kept:
            thing.close()
    session.wait_idle()
    memory.trim()

    pages = memory.page_count
    save(memory.to_svg(), before)
    memory.compact()
    save(memory.to_svg(), after)
    for thing, content in kept:
        assert thing.read_bytes().get_data() == content, f'{thing.name} is not what it was'
    print(f'{len(kept)} objects, {memory.used_size} bytes: {pages} pages before, '
          f'{memory.page_count} after')
    session.close()


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
