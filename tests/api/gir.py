#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a GIR file: one sorted line for everything that a binding sees.

usage: gir.py FILE.gir      writes the lines to standard output
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CALLABLES = ('constructor', 'function', 'method', 'virtual-method', 'callback')
CONTAINERS = ('class', 'interface', 'record', 'union', 'enumeration', 'bitfield')


def tag(element):
    return element.tag.replace(CORE, '').replace(GLIB, 'glib:')


def children(element, *names):
    return [child for child in element if tag(child) in names]


def child(element, name):
    return next(iter(children(element, name)), None)


def load(path):
    """The namespace element of a GIR file."""
    return ElementTree.parse(path).getroot().find(CORE + 'namespace')


def is_type_struct(element):
    return element.get(GLIB + 'is-gtype-struct-for') is not None


def walk(namespace):
    """Every documented thing with its qualified name: (kind, name, element, parent element)."""
    for element in namespace:
        kind = tag(element)
        if is_type_struct(element) or kind in ('function-macro', 'docsection', 'alias'):
            continue
        if kind in CALLABLES or kind in ('constant',) + CONTAINERS:
            yield kind, element.get('name'), element, namespace
        if kind in CONTAINERS:
            for member in element:
                kind = tag(member)
                if kind in CALLABLES or kind in ('property', 'field', 'member', 'glib:signal'):
                    separator = '::' if kind == 'glib:signal' else '.'
                    name = element.get('name') + separator + member.get('name')
                    yield kind, name, member, element


def parameters(element, with_instance=False):
    names = ('parameter', 'instance-parameter') if with_instance else ('parameter',)
    group = child(element, 'parameters')
    return [] if group is None else children(group, *names)


def type_of(element):
    return next(iter(children(element, 'type', 'array', 'varargs')), None)


def type_text(element, siblings=()):
    """How a type reads: 'Gio.Cancellable', 'guint8[length=size]', 'GLib.List<Buffer>', 'none'."""
    if element is None:
        return 'none'
    if tag(element) == 'varargs':
        return '...'
    inner = ', '.join(type_text(e, siblings) for e in children(element, 'type', 'array'))
    if tag(element) == 'type':
        name = element.get('name', 'gpointer')
        return '%s<%s>' % (name, inner) if inner else name
    if element.get('name'):  # GLib.PtrArray and its like
        return '%s<%s>' % (element.get('name'), inner)
    length = element.get('length')
    if length is not None:
        index = int(length)
        bound = 'length=' + (siblings[index].get('name') if index < len(siblings) else length)
    elif element.get('fixed-size') is not None:
        bound = element.get('fixed-size')
    elif element.get('zero-terminated', '1') == '1':
        bound = 'zero-terminated'
    else:
        bound = '?'
    return '%s[%s]' % (inner, bound)


def value_text(element, siblings):
    text = type_text(type_of(element), siblings)
    if element.get('nullable') == '1' or element.get('allow-none') == '1':
        text += '?'
    if element.get('transfer-ownership') not in (None, 'none'):
        text += ' (%s)' % element.get('transfer-ownership')
    return text


def callable_text(element):
    siblings = parameters(element)
    arguments = []
    for parameter in siblings:
        text = parameter.get('name', '') + ': ' + value_text(parameter, siblings)
        direction = parameter.get('direction', 'in')
        if direction != 'in':
            caller = ' caller-allocates' if parameter.get('caller-allocates') == '1' else ''
            text = direction + caller + ' ' + text
        if parameter.get('scope'):
            text += ' scope ' + parameter.get('scope')
        arguments.append(text)
    text = '(%s)' % ', '.join(arguments)
    returned = child(element, 'return-value')
    result = 'none' if returned is None else value_text(returned, siblings)
    if result != 'none':
        text += ' -> ' + result
    if element.get('throws') == '1':
        text += ' throws'
    return text


def property_text(element):
    access = ['read'] if element.get('readable', '1') == '1' else []
    if element.get('writable') == '1':
        access.append('construct-only' if element.get('construct-only') == '1' else 'write')
    accessors = [key + ' ' + element.get(key) for key in ('getter', 'setter') if element.get(key)]
    return ': %s [%s]' % (value_text(element, ()), ', '.join(access + accessors))


def container_text(element):
    bases = [element.get('parent')] if element.get('parent') else []
    bases += [interface.get('name') for interface in children(element, 'implements')]
    text = ': ' + ', '.join(bases) if bases else ''
    for key in ('abstract', 'final', GLIB + 'error-domain'):
        if element.get(key):
            text += ' [%s %s]' % (key.replace(GLIB, ''), element.get(key))
    return text.replace(' 1]', ']')


def lines(namespace):
    """The API as a sorted list of lines, each of which names what it is about."""
    result = []
    for kind, name, element, _ in walk(namespace):
        if kind in CALLABLES or kind == 'glib:signal':
            text = callable_text(element)
        elif kind == 'property':
            text = property_text(element)
        elif kind == 'field':
            if element.get('private') == '1' or type_of(element) is None:
                continue
            text = ': ' + type_text(type_of(element))
        elif kind == 'constant':
            text = ': %s = %s' % (type_text(type_of(element)), element.get('value'))
        elif kind == 'member':
            text = ' = %s %s' % (element.get('value'), element.get(GLIB + 'nick'))
        else:
            text = container_text(element)
        if element.get('introspectable') == '0':
            text += ' (skip)'
        if element.get('deprecated') == '1':
            text += ' (deprecated)'
        result.append('%s %s%s' % (kind.replace('glib:', ''), name, text))
    return sorted(result)


def is_pointer(element):
    """Whether a parameter or a return value is passed by pointer in C."""
    kind = type_of(element)
    if kind is None or tag(kind) == 'varargs' or kind.get('name') == 'none':
        return False
    if tag(kind) == 'array':
        return True
    return re.search(r'\*|^gpointer$|^gconstpointer$', kind.get(C + 'type', '')) is not None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    print('\n'.join(lines(load(sys.argv[1]))))


if __name__ == '__main__':
    main()
