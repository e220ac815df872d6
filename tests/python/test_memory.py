# SPDX-License-Identifier: MIT
"""Memories, their pages and what is created in them."""

import json
import math
from xml.etree import ElementTree

from support import IO, VULKAN, RillTest, data_of, iterate
from gi.repository import Gio, Rill


PAGE = 1 << 20


class Memories(RillTest):

    def create(self, page_size=PAGE):
        return self.session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL, page_size)

    def test_properties(self):
        memory = self.create()
        self.check_properties(memory, session=self.session, page_size=PAGE, page_count=0,
                              used_size=0, reserved_size=0,
                              closed=False)
        self.assertEqual(memory.get_flags(), memory.get_memory_type().get_flags())
        self.assertEqual(memory.get_mappable(),
                         bool(int(memory.get_flags()) & Rill.MemoryPropertyFlags.HOST_VISIBLE))
        buffer = memory.create_buffer(1000)
        self.check_properties(memory, page_count=1, used_size=buffer.get_allocation_info().size,
                              reserved_size=PAGE)
        memory.close()
        self.check_properties(memory, closed=True)

    def test_pages_are_signalled_in_the_main_context(self):
        memory = self.create()
        added, removed, counts = [], [], []
        memory.connect('page-added', lambda _, index, size: added.append((index, size)))
        memory.connect('page-removed', lambda _, index: removed.append(index))
        memory.connect('notify::page-count', lambda thing, _: counts.append(thing.get_page_count()))
        first = memory.create_buffer(PAGE)
        second = memory.create_buffer(PAGE + 1)
        self.assertEqual((added, removed, counts), ([], [], []))
        iterate()
        self.assertEqual(added, [(0, PAGE), (1, second.get_allocation_info().size)])
        self.assertEqual(counts, [2], 'notifications are coalesced')
        first.close()
        second.close()
        self.assertTrue(memory.trim())
        iterate()
        self.assertEqual(sorted(removed), [0, 1])
        self.assertEqual(memory.get_page_count(), 0)
        self.assertEqual(memory.get_reserved_size(), 0)

    def test_limit_and_priority(self):
        memory = self.create()
        notified = []
        memory.connect('notify', lambda _, pspec: notified.append(pspec.name))
        self.check_properties(memory, size_limit=0, priority=0.5)
        self.assertTrue(memory.set_size_limit(PAGE * 3 // 2))
        self.assertTrue(memory.set_priority(0.75))
        iterate()
        self.assertEqual(notified, ['size-limit', 'priority'])
        self.check_properties(memory, size_limit=PAGE * 3 // 2, priority=0.75)
        buffers = [memory.create_buffer(PAGE), memory.create_buffer(PAGE // 4)]
        self.assertEqual(memory.get_reserved_size(), memory.get_size_limit())
        with self.raises(VULKAN, Rill.VulkanError.OUT_OF_DEVICE_MEMORY):
            memory.create_buffer(PAGE)
        with self.raises(IO, Gio.IOErrorEnum.BUSY):
            memory.set_size_limit(0)
        with self.raises(IO, Gio.IOErrorEnum.BUSY):
            memory.set_priority(0.25)
        for buffer in buffers:
            buffer.close()
        self.assertTrue(memory.trim())
        for wrong in (-0.5, 1.5, math.nan):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                memory.set_priority(wrong)
        self.assertTrue(memory.set_size_limit(2 ** 63))
        self.assertEqual(memory.get_size_limit(), 2 ** 63)
        self.assertEqual(memory.get_priority(), 0.75)

    def test_any_name_is_json(self):
        memory = self.create()
        buffers = [memory.create_buffer(100) for i in range(1, 33)]
        for i, buffer in enumerate(buffers, 1):
            buffer.set_name(f'{chr(i)}"\\')
        names = {part['Name'] for pool in json.loads(memory.to_json())['DefaultPools'].values()
                 for block in pool['Blocks'].values()
                 for part in block['Suballocations'] if 'Name' in part}
        self.assertEqual(names, {f'{chr(i)}"\\' for i in range(1, 33) if i != 0x1f})

    def test_strategy(self):
        memory = self.create()
        self.check_properties(memory, strategy=Rill.AllocationStrategy.GENERAL)
        self.assertTrue(memory.set_strategy(Rill.AllocationStrategy.LINEAR))
        self.check_properties(memory, strategy=Rill.AllocationStrategy.LINEAR)
        buffers = [memory.create_buffer(1000) for i in range(10)]
        offsets = [buffer.get_allocation_info().offset for buffer in buffers]
        self.assertEqual(offsets, sorted(offsets))
        with self.raises(IO, Gio.IOErrorEnum.BUSY):
            memory.set_strategy(Rill.AllocationStrategy.GENERAL)

    def test_is_page_mappable(self):
        memory = self.host_memory
        buffer = memory.create_buffer(64)
        page = buffer.get_allocation_info().page
        self.assertTrue(memory.is_page_mappable(page))
        self.assertFalse(memory.is_page_mappable(page + 1000))

    def test_calculate_statistics(self):
        memory = self.create()
        buffers = [memory.create_buffer(1000) for i in range(3)]
        statistics = memory.calculate_statistics()
        self.assertEqual(statistics.page_count, 1)
        self.assertEqual(statistics.object_count, len(buffers))
        self.assertGreaterEqual(statistics.free_range_count, 1)
        self.assertEqual(statistics.reserved_size, PAGE)
        self.assertEqual(statistics.used_size, memory.get_used_size())
        self.assertLessEqual(statistics.free_size, PAGE - statistics.used_size)
        self.assertLessEqual(statistics.largest_free_size, statistics.free_size)
        self.assertEqual(statistics.copy().object_count, len(buffers))
        buffers[0].close()
        statistics = memory.calculate_statistics()
        self.assertAlmostEqual(statistics.fragmentation,
                               1 - statistics.largest_free_size / statistics.free_size)
        self.assertGreater(statistics.fragmentation, 0)

    def test_calculate_page_statistics(self):
        memory = self.create()
        buffers = [memory.create_buffer(PAGE), memory.create_buffer(1000)]
        statistics = memory.calculate_page_statistics(1)
        self.assertEqual((statistics.page_count, statistics.object_count), (1, 1))
        self.assertEqual(statistics.used_size, buffers[1].get_allocation_info().size)
        self.assertEqual(memory.calculate_page_statistics(0).fragmentation, 0)
        with self.raises(IO, Gio.IOErrorEnum.NOT_FOUND):
            memory.calculate_page_statistics(2)

    def test_pages(self):
        memory = self.create()
        buffer = memory.create_buffer(1000)
        pages = memory.get_pages()
        self.assertIsInstance(pages, Gio.ListStore)
        [page] = pages
        self.check_properties(page, memory=memory, index=0, size=PAGE,
                              mappable=memory.get_mappable(), live=True, object_count=1,
                              used_size=buffer.get_allocation_info().size,
                              free_size=memory.calculate_statistics().free_size)
        seen = []
        page.connect('notify::live', lambda page, _: seen.append(page.get_live()))
        large_buffer = memory.create_buffer(2 * PAGE)
        iterate()
        self.assertEqual([page.get_size() for page in memory.pages], [PAGE, 2 * PAGE])
        memory.close()
        self.assertFalse(page.get_live())
        self.assertEqual((page.get_object_count(), page.get_used_size(), page.get_free_size()),
                         (0, 0, 0))
        iterate()
        self.assertEqual((len(pages), seen), (0, [False]))
        self.assertTrue(large_buffer.get_closed())
        self.assertEqual((page.get_index(), page.get_mappable()), (0, memory.get_mappable()))
        self.assertEqual(page.get_memory(), memory)

    def test_to_json(self):
        memory = self.create()
        buffer = memory.create_buffer(1000)
        buffer.set_name('Größe 網點')
        dump = json.loads(memory.to_json())
        [pool] = dump['DefaultPools'].values()
        parts = pool['Blocks']['0']['Suballocations']
        self.assertEqual(sum(part['Size'] for part in parts), PAGE)
        [part] = [part for part in parts if part['Kind'] == 'buffer']
        info = buffer.get_allocation_info()
        self.assertEqual((part['Name'], part['Offset'], part['Size']),
                         ('Größe 網點', info.offset, info.size))
        self.assertEqual(dump['Memory']['UsedBytes'], memory.get_used_size())

    def test_to_svg(self):
        memory = self.create()
        buffer = memory.create_buffer(PAGE // 2)
        buffer.set_name('<half> & half')
        picture = ElementTree.fromstring(memory.to_svg())
        titles = [title.text for title in picture.iter('{http://www.w3.org/2000/svg}title')]
        self.assertEqual(len(titles), 2)
        self.assertTrue(titles[0].startswith('<half> & half\nbuffer, '), titles)
        self.assertTrue(titles[1].startswith('free, '), titles)

    def test_explain_memory(self):
        flags = Rill.MemoryPropertyFlags
        memory = self.create()
        text = self.session.explain_memory(flags.DEVICE_LOCAL)
        self.assertTrue(text.endswith('Type %d is chosen.' % memory.get_memory_type().get_index()))
        text = self.session.explain_memory(flags.PROTECTED, exact_flags_match=True)
        self.assertIn('No type will do', text)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.session.explain_memory(flags(1 << 20))

    def test_create_buffer(self):
        self.assertEqual(self.memory.create_buffer(100).get_size(), 100)
        usage = Rill.BufferUsageFlags.UNIFORM
        self.assertEqual(self.memory.create_buffer(100, usage).get_usage(), usage)
        self.assertEqual(self.memory.create_buffer(size=100, usage=usage).get_usage(), usage)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.memory.create_buffer(0)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.memory.create_buffer(100, Rill.BufferUsageFlags(1 << 30))
        with self.raises(IO, Gio.IOErrorEnum.NOT_SUPPORTED):
            self.memory.create_buffer(2 ** 63)
        with self.assertRaises(OverflowError):
            self.memory.create_buffer(-1)

    def test_create_buffer_like(self):
        buffer = self.memory.create_buffer(100)
        self.assertEqual(self.memory.create_buffer_like(buffer).get_size(), 100)
        image = self.memory.create_image([3, 5, 3], Rill.ChannelType.UINT8)
        like = self.memory.create_buffer_like(image, Rill.BufferUsageFlags.TRANSFER_DST)
        self.assertEqual(like.get_size(), 45)
        self.assertEqual(like.get_usage(), Rill.BufferUsageFlags.TRANSFER_DST)
        other = Rill.Session()
        foreign = other.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL).create_buffer(64)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.memory.create_buffer_like(foreign)
        other.close()

    def test_create_buffer_from_bytes(self):
        buffer = self.memory.create_buffer_from_bytes(b'0123456789')
        self.assertEqual(buffer.get_size(), 10)
        self.assertEqual(data_of(buffer.read_bytes()), b'0123456789')
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.memory.create_buffer_from_bytes(b'')

    def test_create_image(self):
        image = self.memory.create_image([4, 6], Rill.ChannelType.FLOAT32)
        self.assertEqual(list(image.get_shape()), [4, 6])
        image = self.memory.create_image((4, 6, 2), Rill.ChannelType.UINT8,
                                         Rill.ImageUsageFlags.STORAGE)
        self.assertEqual(image.get_usage(), Rill.ImageUsageFlags.STORAGE)
        for shape in ([], [0], [4, 0], [1, 1, 5], [1, 1, 1, 1, 1]):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                self.memory.create_image(shape, Rill.ChannelType.UINT8)
        with self.raises(IO, Gio.IOErrorEnum.NOT_SUPPORTED):
            self.memory.create_image([1, 2 ** 31], Rill.ChannelType.UINT8)

    def test_create_image_from_bytes(self):
        image = self.memory.create_image_from_bytes(bytes(range(12)), [2, 2, 3],
                                                    Rill.ChannelType.UINT8)
        self.assertEqual(data_of(image.read_bytes()), bytes(range(12)))
        for wrong in (b'', bytes(11), bytes(13)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                self.memory.create_image_from_bytes(wrong, [2, 2, 3], Rill.ChannelType.UINT8)

    def test_create_image_view_from_bytes(self):
        view = self.memory.create_image_view_from_bytes(bytes(range(4)), [2, 2],
                                                        Rill.ChannelType.UINT8)
        self.assertFalse(view.get_sampled())
        self.assertEqual(data_of(view.get_image().read_bytes()), bytes(range(4)))
        view = self.memory.create_image_view_from_bytes(
            bytes(4), [2, 2], Rill.ChannelType.UNORM8, Rill.ImageUsageFlags.NONE,
            Rill.FilterMode.LINEAR, Rill.AddressMode.REPEAT, True, True)
        self.assertEqual(view.get_filter_mode(), Rill.FilterMode.LINEAR)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.memory.create_image_view_from_bytes(bytes(4), [2, 2], Rill.ChannelType.UINT8,
                                                     filter_mode=Rill.FilterMode.LINEAR,
                                                     sampled=True)

    def test_what_fails_leaves_nothing(self):
        memory = self.create()
        for wrong in (lambda: memory.create_image_from_bytes(bytes(1), [2], Rill.ChannelType.UINT8),
                      lambda: memory.create_image_view_from_bytes(
                          bytes(4), [2, 2], Rill.ChannelType.UINT8,
                          filter_mode=Rill.FilterMode.LINEAR, sampled=True)):
            with self.assertRaises(Exception):
                wrong()
        self.session.wait_idle()
        self.assertEqual(memory.get_used_size(), 0)

    def test_close(self):
        memory = self.create()
        buffer = memory.create_buffer(64)
        image = memory.create_image([2], Rill.ChannelType.UINT8)
        memory.close()
        memory.close()
        for thing in (memory, buffer, image):
            self.assertTrue(thing.get_closed())
        for call in (lambda: memory.create_buffer(64),
                     lambda: memory.create_buffer_from_bytes(b'x'),
                     lambda: memory.create_buffer_like(buffer),
                     lambda: memory.create_image([2], Rill.ChannelType.UINT8),
                     lambda: memory.create_image_from_bytes(b'xy', [2], Rill.ChannelType.UINT8),
                     lambda: memory.create_image_view_from_bytes(b'xy', [2],
                                                                 Rill.ChannelType.UINT8),
                     lambda: memory.trim(), lambda: memory.calculate_statistics(),
                     lambda: buffer.read_bytes()):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()
        self.assertFalse(memory.is_page_mappable(0))


