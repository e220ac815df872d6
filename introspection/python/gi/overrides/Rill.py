# SPDX-License-Identifier: MIT
"""Makes Rill feel at home in Python. Names and meanings are those of C, with these conveniences:

- Rill.Session() opens the session, or raises GLib.Error.
- Where C takes a GLib.Bytes, every object with the buffer protocol will do: bytes, bytearray,
  memoryview, array.array, a contiguous NumPy array of any type. Its bytes are taken as they lie in
  memory, and synchronous writes of them make no copy.
- Arguments at the end that C lets be NULL, or that have a usual value, can be left out.
- Properties are attributes: buffer.size, and buffer.name = 'weights'.
"""

import contextlib
import ctypes

from gi.repository import GLib, GObject

from ..module import get_introspection_module
from ..overrides import override

Rill = get_introspection_module('Rill')

__all__ = []


class _PyBuffer(ctypes.Structure):
    """Py_buffer, as Python's stable ABI fixes it."""

    _fields_ = [
        ('buf', ctypes.c_void_p),
        ('obj', ctypes.c_void_p),
        ('len', ctypes.c_ssize_t),
        ('itemsize', ctypes.c_ssize_t),
        ('readonly', ctypes.c_int),
        ('ndim', ctypes.c_int),
        ('format', ctypes.c_char_p),
        ('shape', ctypes.c_void_p),
        ('strides', ctypes.c_void_p),
        ('suboffsets', ctypes.c_void_p),
        ('internal', ctypes.c_void_p),
    ]


_PyBUF_SIMPLE = 0
# Prototypes of our own, because argtypes of ctypes.pythonapi are everybody's.
_get_buffer = ctypes.PYFUNCTYPE(
    ctypes.c_int, ctypes.py_object, ctypes.POINTER(_PyBuffer), ctypes.c_int)(
    ('PyObject_GetBuffer', ctypes.pythonapi))
_release_buffer = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_PyBuffer))(
    ('PyBuffer_Release', ctypes.pythonapi))


@contextlib.contextmanager
def _pinned(data):
    """Address and size of an object's bytes, which stay where they are inside the block.

    Raises TypeError for what has no bytes, BufferError or ValueError for what is not contiguous.
    """
    view = _PyBuffer()
    _get_buffer(data, view, _PyBUF_SIMPLE)
    try:
        yield view.buf or 0, view.len
    finally:
        _release_buffer(view)


def _to_bytes(data):
    """A GLib.Bytes, which may be used after the call: a copy, unless it is one already."""
    if isinstance(data, GLib.Bytes):
        return data
    with _pinned(data) as (address, size):
        return GLib.Bytes.new(ctypes.string_at(address, size))


@contextlib.contextmanager
def _closed_on_error(resource):
    """Python's reference may live on in a traceback; the device's memory should not."""
    try:
        yield resource
    except BaseException:
        resource.close()
        raise


class Session(Rill.Session):

    def __new__(cls, device=None, flags=Rill.SessionFlags.NONE, cancellable=None):
        return Rill.Session.new(device, flags, cancellable)

    def __init__(self, device=None, flags=Rill.SessionFlags.NONE, cancellable=None):
        """Opens a session on a device, or on the default device."""

    def create_memory(self, flags, page_size=Rill.MEMORY_DEFAULT_PAGE_SIZE,
                      exact_flags_match=False):
        return super().create_memory(flags, page_size, exact_flags_match)

    def explain_memory(self, flags, exact_flags_match=False):
        if not isinstance(exact_flags_match, bool):  # such as a page size
            raise TypeError(f'exact_flags_match is True or False, not {exact_flags_match!r}')
        return super().explain_memory(flags, exact_flags_match)

    def create_program_from_bytes(self, spirv):
        return super().create_program_from_bytes(_to_bytes(spirv))


class Suballocator(Rill.Suballocator):

    def __new__(cls, size, strategy=Rill.AllocationStrategy.GENERAL):
        return Rill.Suballocator.new(size, strategy)

    def __init__(self, size, strategy=Rill.AllocationStrategy.GENERAL):
        """Divides a range of numbers."""

    def allocate(self, size, alignment=1):
        return super().allocate(size, alignment)

    def lookup(self, handle):
        _, offset, size = super().lookup(handle)
        return offset, size


class Memory(Rill.Memory):

    def create_buffer(self, size, usage=Rill.BufferUsageFlags.NONE):
        return super().create_buffer(size, usage)

    def create_buffer_like(self, other, usage=Rill.BufferUsageFlags.NONE):
        return super().create_buffer_like(other, usage)

    def create_buffer_from_bytes(self, bytes, usage=Rill.BufferUsageFlags.NONE):
        if isinstance(bytes, GLib.Bytes):
            return super().create_buffer_from_bytes(bytes, usage)
        with _pinned(bytes) as (address, size), \
                _closed_on_error(super().create_buffer(size, usage)) as buffer:
            buffer.write_address(0, address, size)
            return buffer

    def create_image(self, shape, channel_type, usage=Rill.ImageUsageFlags.NONE):
        return super().create_image(shape, channel_type, usage)

    def create_image_from_bytes(self, bytes, shape, channel_type, usage=Rill.ImageUsageFlags.NONE):
        if isinstance(bytes, GLib.Bytes):
            return super().create_image_from_bytes(bytes, shape, channel_type, usage)
        with _pinned(bytes) as (address, size), \
                _closed_on_error(super().create_image(shape, channel_type, usage)) as image:
            image.write_address(address, size)
            return image

    def create_image_view_from_bytes(self, bytes, shape, channel_type,
                                     usage=Rill.ImageUsageFlags.NONE,
                                     filter_mode=Rill.FilterMode.NEAREST,
                                     address_mode=Rill.AddressMode.CLAMP_TO_EDGE,
                                     normalized_coordinates=False, sampled=False):
        image_arguments = bytes, shape, channel_type, usage
        view_arguments = filter_mode, address_mode, normalized_coordinates, sampled
        if isinstance(bytes, GLib.Bytes):
            return super().create_image_view_from_bytes(*image_arguments, *view_arguments)
        with _closed_on_error(self.create_image_from_bytes(*image_arguments)) as image:
            return image.create_view(*view_arguments)

    def compact_async(self, cancellable=None, callback=None, *user_data):
        super().compact_async(cancellable, callback, *user_data)


class Buffer(Rill.Buffer):

    def write_bytes(self, offset, bytes, cancellable=None):
        if isinstance(bytes, GLib.Bytes):
            return super().write_bytes(offset, bytes, cancellable)
        with _pinned(bytes) as (address, size):
            return self.write_address(offset, address, size, cancellable)

    def write_bytes_async(self, offset, bytes, cancellable=None, callback=None, *user_data):
        super().write_bytes_async(offset, _to_bytes(bytes), cancellable, callback, *user_data)

    def read_bytes(self, offset=0, size=-1, cancellable=None):
        return super().read_bytes(offset, size, cancellable)

    def read_bytes_async(self, offset=0, size=-1, cancellable=None, callback=None, *user_data):
        super().read_bytes_async(offset, size, cancellable, callback, *user_data)

    def copy_to(self, offset, to, to_offset, size=-1, cancellable=None):
        return super().copy_to(offset, to, to_offset, size, cancellable)

    def copy_to_async(self, offset, to, to_offset, size=-1, cancellable=None, callback=None,
                      *user_data):
        super().copy_to_async(offset, to, to_offset, size, cancellable, callback, *user_data)

    def map_range(self, flags, offset, size=-1):
        return super().map_range(flags, offset, size)

    def map_async(self, flags, timeout_ms=0, cancellable=None, callback=None, *user_data):
        super().map_async(flags, timeout_ms, cancellable, callback, *user_data)


class Image(Rill.Image):

    def write_bytes(self, bytes, cancellable=None):
        if isinstance(bytes, GLib.Bytes):
            return super().write_bytes(bytes, cancellable)
        with _pinned(bytes) as (address, size):
            return self.write_address(address, size, cancellable)

    def write_bytes_async(self, bytes, cancellable=None, callback=None, *user_data):
        super().write_bytes_async(_to_bytes(bytes), cancellable, callback, *user_data)

    def create_view(self, filter_mode=Rill.FilterMode.NEAREST,
                    address_mode=Rill.AddressMode.CLAMP_TO_EDGE, normalized_coordinates=False,
                    sampled=False):
        return super().create_view(filter_mode, address_mode, normalized_coordinates, sampled)

    def create_view_with_address_modes(self, filter_mode, address_mode_u, address_mode_v,
                                       address_mode_w, normalized_coordinates=False, sampled=False):
        return super().create_view_with_address_modes(
            filter_mode, address_mode_u, address_mode_v, address_mode_w, normalized_coordinates,
            sampled)


class ComputeNode(Rill.ComputeNode):

    def bind_range(self, name, buffer, offset, size=-1):
        return super().bind_range(name, buffer, offset, size)

    def set_local_size(self, x, y=1, z=1):
        return super().set_local_size(x, y, z)

    def set_grid_size(self, x, y=1, z=1):
        return super().set_grid_size(x, y, z)

    def set_global_size(self, x, y=1, z=1):
        return super().set_global_size(x, y, z)

    def set_push_constants(self, bytes):
        return super().set_push_constants(_to_bytes(bytes))


class CommandBuffer(Rill.CommandBuffer):

    def copy_buffer(self, from_, from_offset, to, to_offset, size=-1):
        return super().copy_buffer(from_, from_offset, to, to_offset, size)


for _class in (Session, Suballocator, Memory, Buffer, Image, ComputeNode, CommandBuffer):
    globals()[_class.__name__] = override(_class)
    __all__.append(_class.__name__)


def _make_attribute(pspec):
    def get(self):
        return self.get_property(pspec.name)

    def set(self, value):
        self.set_property(pspec.name, value)

    writable = GObject.ParamFlags.WRITABLE | GObject.ParamFlags.CONSTRUCT_ONLY
    is_writable = pspec.flags & writable == GObject.ParamFlags.WRITABLE
    return property(get, set if is_writable else None)


def _add_attributes(cls):
    """Makes attributes of the properties that the class itself brings."""
    for pspec in GObject.list_properties(cls):
        if pspec.owner_type != cls.__gtype__:
            continue
        setattr(cls, pspec.name.replace('-', '_'), _make_attribute(pspec))


for _name in ('Device', 'MemoryType', 'Session', 'Memory', 'MemoryPage', 'Suballocator',
              'Resource', 'Buffer', 'Image', 'ImageView', 'Mapping', 'Transfer', 'Program',
              'ComputeNode', 'CommandBuffer', 'Duration'):
    _add_attributes(getattr(Rill, _name))
