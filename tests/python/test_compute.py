# SPDX-License-Identifier: MIT
"""Programs, compute nodes, command buffers and durations."""

import os
import tempfile

import numpy as np
from support import IO, VULKAN, RillTest, call_async, data_of, iterate
from gi.repository import Gio, GLib, Rill


SCALE = '''
#version 450
layout(local_size_x_id = 0, local_size_y_id = 1) in;
layout(constant_id = 7) const int OFFSET = 100;
layout(set = 0, binding = 0) readonly buffer Source { int data[]; } source;
layout(set = 0, binding = 1) buffer Target { int data[]; } target;
layout(push_constant) uniform Constants { int factor; };
void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i < source.data.length())
    target.data[i] = source.data[i] * factor + OFFSET;
}
'''

IMAGE = '''
#version 450
layout(local_size_x = 4, local_size_y = 4) in;
layout(set = 0, binding = 0) uniform sampler2D photo;
layout(set = 0, binding = 1, r32f) uniform writeonly image2D result;
void main() {
  ivec2 at = ivec2(gl_GlobalInvocationID.xy);
  if (all(lessThan(at, imageSize(result))))
    imageStore(result, at, texture(photo, vec2(at) + 0.5));
}
'''

INPUT = np.arange(64, dtype=np.int32)


class Programs(RillTest):

    def test_from_glsl(self):
        program = self.session.create_program_from_glsl(SCALE)
        self.check_properties(program, session=self.session, entry_points=['main'], closed=False)
        self.assertEqual(data_of(program.get_spirv())[:4], (0x07230203).to_bytes(4, 'little'))
        with self.raises(VULKAN, Rill.VulkanError.SHADER_COMPILATION):
            self.session.create_program_from_glsl('#version 450\nvoid main() { wrong }',
                                                  'wrong.comp')

    def test_compiler_messages_name_the_source(self):
        with self.assertRaisesRegex(GLib.Error, 'wrong.comp'):
            self.session.create_program_from_glsl('#version 450\nvoid main() { wrong }',
                                                  name='wrong.comp')

    def test_include(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'part.glsl'), 'w', encoding='utf-8') as file:
                file.write('void main() {}\n')
            source = ('#version 450\n#extension GL_GOOGLE_include_directive : require\n'
                      '#include "part.glsl"\n')
            program = self.session.create_program_from_glsl(source, 'whole.comp', [folder])
            self.assertEqual(program.get_entry_points(), ['main'])
            with self.raises(VULKAN, Rill.VulkanError.SHADER_COMPILATION):
                self.session.create_program_from_glsl(source, 'whole.comp', include_dirs=[])

    def test_from_bytes(self):
        spirv = self.session.create_program_from_glsl(SCALE).get_spirv()
        for source in (spirv, data_of(spirv), bytearray(data_of(spirv)),
                       np.frombuffer(data_of(spirv), np.uint32)):
            program = self.session.create_program_from_bytes(source)
            self.assertEqual(program.get_entry_points(), ['main'])
        for wrong in (b'', b'abc', bytes(64), data_of(spirv)[:-4]):
            with self.raises(VULKAN, Rill.VulkanError.SHADER_COMPILATION):
                self.session.create_program_from_bytes(wrong)

    def test_from_file(self):
        spirv = data_of(self.session.create_program_from_glsl(SCALE).get_spirv())
        with tempfile.NamedTemporaryFile() as file:
            file.write(spirv)
            file.flush()
            program = self.session.create_program_from_file(Gio.File.new_for_path(file.name))
            self.assertEqual(data_of(program.get_spirv()), spirv)
        with self.raises(IO, Gio.IOErrorEnum.NOT_FOUND):
            self.session.create_program_from_file(Gio.File.new_for_path('/nowhere/at-all.spv'))

    def test_close(self):
        program = self.session.create_program_from_glsl(SCALE)
        program.close()
        program.close()
        self.assertTrue(program.get_closed())
        with self.raises(IO, Gio.IOErrorEnum.CLOSED):
            self.session.create_compute_node(program)


class ComputeTest(RillTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.session.create_program_from_glsl(SCALE, 'scale.comp')

    @classmethod
    def tearDownClass(cls):
        del cls.program
        super().tearDownClass()

    def create_node(self, source, target, factor=3):
        node = self.session.create_compute_node(self.program)
        node.set_local_size(32)
        node.bind('source', source)
        node.bind('target', target)
        node.set_push_constants(np.int32(factor))
        node.set_global_size(source.get_size() // 4)
        return node

    def create_buffers(self):
        return self.memory.create_buffer_from_bytes(INPUT), self.memory.create_buffer(INPUT.nbytes)

    def ints_of(self, buffer):
        return np.frombuffer(data_of(buffer.read_bytes()), np.int32).tolist()


class Nodes(ComputeTest):

    def test_properties(self):
        node = self.session.create_compute_node(self.program)
        self.check_properties(node, program=self.program, entry_point='main',
                              binding_names=['source', 'target'],
                              push_constants_size=4, closed=False)
        self.assertEqual(self.session.create_compute_node(self.program, 'main').get_entry_point(),
                         'main')
        with self.raises(IO, Gio.IOErrorEnum.NOT_FOUND):
            self.session.create_compute_node(self.program, 'other')

    def test_sizes(self):
        node = self.session.create_compute_node(self.program)
        node.set_local_size(8, 4)
        self.assertEqual(tuple(node.get_local_size()), (8, 4, 1))
        self.assertTrue(node.set_grid_size(5))
        self.assertEqual(tuple(node.get_grid_size()), (5, 1, 1))
        self.assertTrue(node.set_grid_size(5, 6, 7))
        self.assertEqual(tuple(node.get_grid_size()), (5, 6, 7))
        self.assertTrue(node.set_global_size(17, 8))
        self.assertEqual(tuple(node.get_grid_size()), (3, 2, 1))
        for call in (node.set_local_size, node.set_grid_size, node.set_global_size):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call(0)
        with self.raises(IO, Gio.IOErrorEnum.NOT_SUPPORTED):
            node.set_local_size(2 ** 32 - 1)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            node.set_local_size(8, 4, 2)

    def test_bind(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        self.assertTrue(node.bind('source', source))
        self.assertTrue(node.bind_range('target', target, 0))
        self.assertTrue(node.bind_range('target', target, 0, 64))
        with self.raises(IO, Gio.IOErrorEnum.NOT_FOUND):
            node.bind('nothing', source)
        image = self.memory.create_image([2, 2], Rill.ChannelType.UINT8)
        for wrong in (image, image.create_view(), self.session, Gio.Cancellable()):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                node.bind('source', wrong)
        for wrong in ((256, 65), (1, 4), (0, -2)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                node.bind_range('source', source, *wrong)

    def test_push_constants(self):
        node = self.session.create_compute_node(self.program)
        for value in (b'1234', bytearray(4), np.float32(1), GLib.Bytes.new(b'1234')):
            self.assertTrue(node.set_push_constants(value))
        for wrong in (b'', b'123', b'12345'):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                node.set_push_constants(wrong)
        with self.assertRaises(TypeError):
            node.set_push_constants(5)

    def test_specialization_constants(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        self.assertTrue(node.set_specialization_constant(7, GLib.Variant('i', -5)))
        commands = self.session.create_command_buffer()
        commands.dispatch(node)
        commands.run()
        self.assertEqual(self.ints_of(target), (INPUT * 3 - 5).tolist())
        for constant_id, value in ((6, GLib.Variant('i', 1)), (7, GLib.Variant('s', 'x')),
                                   (7, GLib.Variant('d', 1))):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                node.set_specialization_constant(constant_id, value)

    def test_close(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        notified = []
        node.connect('notify::closed', lambda thing, _: notified.append(thing.get_closed()))
        node.close()
        node.close()
        self.assertTrue(node.get_closed())
        iterate()
        self.assertEqual(notified, [True])
        for call in (lambda: node.bind('source', source),
                     lambda: node.bind_range('source', source, 0),
                     lambda: node.set_local_size(1), lambda: node.set_grid_size(1),
                     lambda: node.set_global_size(1),
                     lambda: node.set_push_constants(b'1234'),
                     lambda: node.set_specialization_constant(7, GLib.Variant('i', 1)),
                     lambda: self.session.create_command_buffer().dispatch(node)):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()


class CommandBuffers(ComputeTest):

    def test_properties(self):
        commands = self.session.create_command_buffer()
        self.check_properties(commands, session=self.session, closed=False)

    def test_dispatch(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        commands = self.session.create_command_buffer()
        self.assertTrue(commands.dispatch(node))
        self.assertTrue(commands.run())
        self.assertEqual(self.ints_of(target), (INPUT * 3 + 100).tolist())

    def test_run_async(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        commands = self.session.create_command_buffer()
        commands.dispatch(node)
        result = call_async(commands.run_async, None)
        self.assertTrue(commands.run_finish(result))
        self.assertEqual(self.ints_of(target), (INPUT * 3 + 100).tolist())
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        result = call_async(commands.run_async, cancellable)
        with self.raises(IO, Gio.IOErrorEnum.CANCELLED):
            commands.run_finish(result)

    def test_what_is_recorded_is_ordered(self):
        """No barrier but those that the library sets."""
        source, target = self.create_buffers()
        commands = self.session.create_command_buffer()
        self.assertTrue(commands.fill_buffer(target, 0, -1, 0))
        self.assertTrue(commands.copy_buffer(source, 0, target, 128, 128))
        self.assertTrue(commands.dispatch(self.create_node(target, source)))
        self.assertTrue(commands.barrier())
        self.assertTrue(commands.dispatch(self.create_node(source, target, -1)))
        self.assertTrue(commands.copy_buffer(target, 0, source, 0))
        self.assertTrue(commands.run())
        expected = 100 - (np.concatenate((np.zeros(32, np.int32), INPUT[:32])) * 3 + 100)
        self.assertEqual(self.ints_of(target), expected.tolist())
        self.assertEqual(self.ints_of(source), expected.tolist())

    def test_images(self):
        pixels = np.arange(6 * 5, dtype=np.uint8).reshape(6, 5)
        image = self.memory.create_image_from_bytes(pixels, pixels.shape, Rill.ChannelType.UINT8)
        other = self.memory.create_image(pixels.shape, Rill.ChannelType.UINT8)
        cleared = self.memory.create_image(pixels.shape, Rill.ChannelType.UINT8)
        buffer = self.memory.create_buffer(64)
        back = self.memory.create_image(pixels.shape, Rill.ChannelType.UINT8)
        layout = Rill.ImageLayout.SHADER_READ_ONLY_OPTIMAL
        commands = self.session.create_command_buffer()
        self.assertTrue(commands.copy_image(image, other))
        self.assertTrue(commands.copy_image_to_buffer(other, buffer, 4))
        self.assertTrue(commands.copy_buffer_to_image(buffer, 4, back))
        self.assertTrue(commands.clear_image(cleared))
        self.assertTrue(commands.change_image_layout(image, layout))
        self.assertEqual(image.get_layout(), Rill.ImageLayout.GENERAL, 'only submission changes it')
        self.assertTrue(commands.run())
        self.assertEqual(image.get_layout(), layout)
        self.assertEqual(data_of(buffer.read_bytes(4, 30)), pixels.tobytes())
        for copy in (other, back):
            self.assertEqual(data_of(copy.read_bytes()), pixels.tobytes())
        self.assertEqual(data_of(cleared.read_bytes()), bytes(30))

    def test_a_sampled_image(self):
        pixels = np.array([[0, 51], [102, 255]], np.uint8)
        view = self.memory.create_image_view_from_bytes(
            pixels, pixels.shape, Rill.ChannelType.UNORM8, filter_mode=Rill.FilterMode.LINEAR,
            sampled=True)
        result = self.memory.create_image([3, 3], Rill.ChannelType.FLOAT32)
        node = self.session.create_compute_node(self.session.create_program_from_glsl(IMAGE))
        node.bind('photo', view)
        node.bind('result', result)
        node.set_global_size(3, 3)
        commands = self.session.create_command_buffer()
        commands.dispatch(node)
        commands.run()
        seen = np.frombuffer(data_of(result.read_bytes()), np.float32).reshape(3, 3)
        np.testing.assert_allclose(seen[:2, :2], pixels / 255, atol=1e-6)
        self.assertEqual(seen[2, 2], 1)

    def test_duration(self):
        source, target = self.create_buffers()
        duration = self.session.create_duration()
        self.check_properties(duration, session=self.session, closed=False)
        with self.raises(IO, Gio.IOErrorEnum.NOT_INITIALIZED):
            duration.get_nanoseconds()
        commands = self.session.create_command_buffer()
        self.assertTrue(commands.begin_duration(duration))
        commands.dispatch(self.create_node(source, target))
        self.assertTrue(commands.end_duration(duration))
        commands.run()
        self.assertGreaterEqual(duration.get_nanoseconds(), 0)
        duration.close()
        duration.close()
        self.assertTrue(duration.get_closed())
        with self.raises(IO, Gio.IOErrorEnum.CLOSED):
            duration.get_nanoseconds()

    def test_reset(self):
        source, target = self.create_buffers()
        target.fill(0, -1, 0)
        commands = self.session.create_command_buffer()
        commands.dispatch(self.create_node(source, target))
        self.assertTrue(commands.reset())
        self.assertTrue(commands.fill_buffer(target, 0, 4, 1))
        self.assertTrue(commands.run())
        self.assertEqual(self.ints_of(target), [0x01010101] + [0] * 63)

    def test_bad_arguments(self):
        source, target = self.create_buffers()
        commands = self.session.create_command_buffer()
        for call in (lambda: commands.copy_buffer(source, 1000, target, 0),
                     lambda: commands.fill_buffer(source, 0, 300, 0),
                     lambda: commands.copy_buffer(source, 0, target, 8, 256)):
            with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
                call()
        session = self.open_session()
        foreign = session.create_memory(Rill.MemoryPropertyFlags.DEVICE_LOCAL).create_buffer(64)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            commands.fill_buffer(foreign, 0, -1, 0)
        with self.raises(IO, Gio.IOErrorEnum.INVALID_ARGUMENT):
            self.create_node(source, target).bind('source', foreign)
        session.close()

    def test_close(self):
        source, target = self.create_buffers()
        node = self.create_node(source, target)
        commands = self.session.create_command_buffer()
        commands.close()
        commands.close()
        self.assertTrue(commands.get_closed())
        for call in (lambda: commands.dispatch(node), lambda: commands.run(),
                     lambda: commands.reset(),
                     lambda: commands.barrier(), lambda: commands.fill_buffer(target, 0, -1, 0)):
            with self.raises(IO, Gio.IOErrorEnum.CLOSED):
                call()
