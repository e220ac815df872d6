# SPDX-License-Identifier: MIT
"""What the typelib says: for tests that are about everything in it."""

import gi

gi.require_version('GIRepository', '2.0')
gi.require_version('Rill', '1')

from gi.repository import GIRepository, Rill  # Rill is loaded by its import

REPOSITORY = GIRepository.Repository.get_default()
TAGS = GIRepository.TypeTag
FLAGS = GIRepository.FunctionInfoFlags
DIRECTION_IN = GIRepository.Direction.IN


def infos():
    return [REPOSITORY.get_info('Rill', i) for i in range(REPOSITORY.get_n_infos('Rill'))]


def classes():
    """Names of the GObject types."""
    return [info.get_name() for info in infos() if info.get_type() == GIRepository.InfoType.OBJECT]


def callables(info):
    """The functions of an object, a structure or an enumeration."""
    kind = info.get_type()
    if kind == GIRepository.InfoType.OBJECT:
        n, get = GIRepository.object_info_get_n_methods, GIRepository.object_info_get_method
    elif kind == GIRepository.InfoType.STRUCT:
        n, get = GIRepository.struct_info_get_n_methods, GIRepository.struct_info_get_method
    elif kind in (GIRepository.InfoType.ENUM, GIRepository.InfoType.FLAGS):
        n, get = GIRepository.enum_info_get_n_methods, GIRepository.enum_info_get_method
    else:
        return []
    return [get(info, i) for i in range(n(info))]


def properties(info):
    n = GIRepository.object_info_get_n_properties(info)
    return [GIRepository.object_info_get_property(info, i).get_name() for i in range(n)]


def is_method(function):
    return bool(GIRepository.function_info_get_flags(function) & FLAGS.IS_METHOD)


def throws(function):
    return bool(GIRepository.function_info_get_flags(function) & FLAGS.THROWS)


def arguments(function):
    """Types of what Python passes: neither lengths of arrays nor what goes with a callback."""
    args = [GIRepository.callable_info_get_arg(function, i)
            for i in range(GIRepository.callable_info_get_n_args(function))]
    hidden = set()
    for arg in args:
        kind = GIRepository.arg_info_get_type(arg)
        hidden.add(GIRepository.type_info_get_array_length(kind))
        hidden.add(GIRepository.arg_info_get_closure(arg))
    return [GIRepository.arg_info_get_type(arg) for i, arg in enumerate(args)
            if i not in hidden and GIRepository.arg_info_get_direction(arg) == DIRECTION_IN]


def type_name(kind):
    """'Buffer' for a type of ours, 'Gio.Cancellable' for another's, 'guint64' for a basic one."""
    if GIRepository.type_info_get_tag(kind) != TAGS.INTERFACE:
        return GIRepository.type_tag_to_string(GIRepository.type_info_get_tag(kind))
    interface = GIRepository.type_info_get_interface(kind)
    namespace = interface.get_namespace()
    return interface.get_name() if namespace == 'Rill' else namespace + '.' + interface.get_name()
