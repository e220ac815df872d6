# SPDX-License-Identifier: MIT
"""Images, their views and their transfers."""

import numpy as np
from support import IO, RillTest, call_async, data_of, iterate
from gi.repository import Gio, GLib, Rill


UINT8 = Rill.ChannelType.UINT8
PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


class Images(RillTest):

    def create(self, shape=(5, 7, 3), channel_type=UINT8, **arguments):
        return self.memory.create_image(shape, channel_type, **arguments)

    def test_properties(self):
        image = self.create()
        usage = Rill.ImageUsageFlags
        self.check_properties(
            image, memory=self.memory, closed=False, name=None, width=7, height=5, depth=1,
            channels=3, channel_type=UINT8,
            usage=usage.STORAGE | usage.SAMPLED | usage.TRANSFER_SRC | usage.TRANSFER_DST,
            layout=Rill.ImageLayout.GENERAL, tiling=Rill.ImageTiling.OPTIMAL, minimum_size=105)
        self.assertIn(image.get_storage_channels(), (3, 4))
        self.assertGreaterEqual(image.get_size(), 105)
        self.assertGreaterEqual(image.get_allocation_info().size, image.get_size())
        self.assertEqual(image.get_mappable(), self.memory.get_mappable())

    def test_shapes(self):
        for shape, extent in (([7], (7, 1, 1, 1)), ([5, 7], (7, 5, 1, 1)),
                              ([5, 7, 2], (7, 5, 1, 2)),
                              ([3, 5, 7, 4], (7, 5, 3, 4)), ([1, 9], (9, 1, 1, 1)),
                              ([1, 9, 3], (9, 1, 1, 3))):
            image = self.create(shape)
            self.assertEqual(list(image.get_shape()), shape)
            self.assertEqual(
                (image.get_width(), image.get_height(), image.get_depth(), image.get_channels()),
                extent)
            self.assertEqual(image.get_minimum_size(), np.prod(shape))
            data = np.arange(np.prod(shape), dtype=np.uint8)
            image.write_bytes(data)
            self.assertEqual(data_of(image.read_bytes()), data.tobytes())

    def test_name(self):
        image = self.create()
        image.set_name('picture')
        self.assertEqual(image.dup_name(), 'picture')

    def test_write_and_read(self):
        image = self.create()
        for source in (PIXELS, PIXELS.tobytes(), bytearray(PIXELS.tobytes()),
                       GLib.Bytes.new(PIXELS.tobytes()),
                       memoryview(PIXELS)):
            image.clear()
            self.assertTrue(image.write_bytes(source))
            self.assertIsInstance(image.read_bytes(), GLib.Bytes)
            self.assertEqual(data_of(image.read_bytes()), PIXELS.tobytes())

    def test_write_takes_bytes_never_values(self):
        pixels = np.linspace(-1, 1, 35, dtype=np.float32).reshape(5, 7)
        image = self.create((5, 7), Rill.ChannelType.FLOAT32)
        image.write_bytes(pixels)
        self.assertEqual(data_of(image.read_bytes()), pixels.tobytes())
        image = self.memory.create_image_from_bytes(pixels, pixels.shape, Rill.ChannelType.FLOAT32)
        self.assertEqual(data_of(image.read_bytes()), pixels.tobytes())
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.create((5, 7)).write_bytes(pixels)

    def test_write_refuses(self):
        image = self.create()
        image.clear()
        for wrong in (b'', bytes(104), bytes(106), PIXELS[1:]):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                image.write_bytes(wrong)
        for wrong in ('text', None, 5, [1, 2], PIXELS[:, ::2], PIXELS.T):
            with self.assertRaises((TypeError, ValueError, BufferError)):
                image.write_bytes(wrong)
            with self.assertRaises((TypeError, ValueError, BufferError)):
                image.write_bytes_async(wrong, None, None)
        self.assertEqual(data_of(image.read_bytes()), bytes(105))

    def test_async(self):
        image = self.create()
        result = call_async(image.write_bytes_async, PIXELS, None)
        self.assertTrue(image.write_bytes_finish(result))
        result = call_async(image.read_bytes_async, None)
        self.assertEqual(data_of(image.read_bytes_finish(result)), PIXELS.tobytes())
        result = call_async(image.write_bytes_async, b'short', None)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            image.write_bytes_finish(result)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        result = call_async(image.read_bytes_async, cancellable)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            image.read_bytes_finish(result)

    def test_addresses(self):
        image = self.create()
        self.assertTrue(image.write_address(PIXELS.ctypes.data, PIXELS.nbytes))
        to = np.zeros_like(PIXELS)
        self.assertTrue(image.read_address(to.ctypes.data, to.nbytes))
        self.assertTrue((to == PIXELS).all())
        for call in (image.write_address, image.read_address):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call(0, to.nbytes)
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call(to.ctypes.data, to.nbytes - 1)

    def test_copy_to(self):
        image = self.memory.create_image_from_bytes(PIXELS, PIXELS.shape, UINT8)
        to = self.create()
        self.assertTrue(image.copy_to(to))
        self.assertEqual(data_of(to.read_bytes()), PIXELS.tobytes())
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            image.copy_to(self.create((7, 5, 3)))

    def test_clear(self):
        image = self.memory.create_image_from_bytes(PIXELS, PIXELS.shape, UINT8)
        self.assertTrue(image.clear())
        self.assertEqual(data_of(image.read_bytes()), bytes(105))

    def test_change_layout(self):
        image = self.memory.create_image_from_bytes(PIXELS, PIXELS.shape, UINT8)
        notified = []
        image.connect('notify::layout', lambda thing, _: notified.append(thing.get_layout()))
        layout = Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL
        self.assertTrue(image.change_layout(layout))
        self.assertEqual(image.get_layout(), layout)
        iterate()
        self.assertEqual(notified, [layout])
        self.assertEqual(data_of(image.read_bytes()), PIXELS.tobytes())
        self.assertEqual(image.get_layout(), layout, 'a transfer takes the image back')
        for wrong in (Rill.ImageLayout.UNDEFINED, Rill.ImageLayout.PREINITIALIZED,
                      Rill.ImageLayout.COLOR_ATTACHMENT_OPTIMAL):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                image.change_layout(wrong)

    def test_close(self):
        image = self.create()
        view = image.create_view()
        image.close()
        image.close()
        self.assertTrue(image.get_closed())
        self.assertTrue(view.get_closed())
        for call in (lambda: image.write_bytes(PIXELS), lambda: image.read_bytes(),
                     lambda: image.clear(),
                     lambda: image.copy_to(self.create()), lambda: self.create().copy_to(image),
                     lambda: image.change_layout(Rill.ImageLayout.GENERAL),
                     lambda: image.create_view()):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()


class Views(RillTest):

    def test_properties(self):
        image = self.memory.create_image([4, 4, 4], Rill.ChannelType.UNORM8)
        edge = Rill.AddressMode.CLAMP_TO_EDGE
        view = image.create_view()
        self.check_properties(view, image=image, filter_mode=Rill.FilterMode.NEAREST,
                              address_mode_u=edge,
                              address_mode_v=edge, address_mode_w=edge,
                              normalized_coordinates=False, sampled=False,
                              closed=False)
        repeat = Rill.AddressMode.REPEAT
        view = image.create_view(Rill.FilterMode.LINEAR, repeat, True, True)
        self.check_properties(view, filter_mode=Rill.FilterMode.LINEAR, address_mode_u=repeat,
                              address_mode_v=repeat,
                              address_mode_w=repeat, normalized_coordinates=True, sampled=True)
        self.assertEqual(view.get_image(), image)
        self.assertTrue(view.get_sampled())
        self.assertTrue(view.get_normalized_coordinates())
        self.assertEqual(view.get_filter_mode(), Rill.FilterMode.LINEAR)

    def test_address_modes(self):
        image = self.memory.create_image([4, 4, 4], Rill.ChannelType.UNORM8)
        modes = Rill.AddressMode
        view = image.create_view_with_address_modes(Rill.FilterMode.LINEAR, modes.REPEAT,
                                                    modes.MIRRORED_REPEAT,
                                                    modes.CLAMP_TO_EDGE, True, True)
        self.assertEqual(view.get_address_mode_u(), modes.REPEAT)
        self.assertEqual(view.get_address_mode_v(), modes.MIRRORED_REPEAT)
        self.assertEqual(view.get_address_mode_w(), modes.CLAMP_TO_EDGE)

    def test_rules(self):
        image = self.memory.create_image([4, 4], UINT8)
        storage = self.memory.create_image([4, 4], UINT8, Rill.ImageUsageFlags.STORAGE)
        for call in (lambda: image.create_view(Rill.FilterMode.LINEAR, sampled=True),
                     lambda: image.create_view(address_mode=Rill.AddressMode.REPEAT, sampled=True),
                     lambda: storage.create_view(sampled=True)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call()

    def test_close(self):
        view = self.memory.create_image([4, 4], UINT8).create_view()
        notified = []
        view.connect('notify::closed', lambda thing, _: notified.append(thing.get_closed()))
        view.close()
        view.close()
        self.assertTrue(view.get_closed())
        self.assertFalse(view.get_image().get_closed())
        iterate()
        self.assertEqual(notified, [True])
