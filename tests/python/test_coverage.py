# SPDX-License-Identifier: MIT
"""Every function and property of the typelib is used by the tests of each language.

It is looked for in their text: a method counts as used where its name stands behind something that
is called like an instance of its class, as in host_buffer.fill. So the tests name their variables
like that.
"""

import re
import unittest
from pathlib import Path

import introspect
from gi.repository import GIRepository

TESTS = Path(__file__).resolve().parent.parent

# How the name of an instance ends.
NAMES = {
    'AllocationInfo': 'info', 'Buffer': 'buffer', 'CommandBuffer': 'commands',
    'ComputeNode': 'node', 'Device': 'device', 'Duration': 'duration', 'Image': 'image',
    'ImageView': 'view', 'Mapping': 'mapping', 'Memory': 'memory', 'MemoryStatistics': 'statistics',
    'MemoryPage': 'page', 'MemoryType': 'memory_?type', 'Program': 'program',
    'Resource': '(?:buffer|image|resource)', 'Session': 'session', 'Suballocator': 'suballocator',
    'Transfer': 'transfer',
}

# What only bindings call.
UNUSED = {'AllocationInfo.free', 'MemoryStatistics.free'}

# What Vala does not have, see introspection/vala, or calls VulkanError.quark.
NOT_IN_VALA = {'Buffer.read_address', 'Buffer.write_address', 'Image.read_address',
               'Image.write_address', 'vulkan_error_quark'}


class Api:
    """A function or a property of the typelib."""

    def __init__(self, container, name, is_method, getter_of=None):
        self.container = container
        self.name = name
        self.is_method = is_method
        self.getter_of = getter_of

    def __repr__(self):
        return '.'.join(filter(None, (self.container, self.name)))

    def is_in(self, text, name=None):
        """Whether a text uses it, or what else it is called there."""
        if self.is_method:
            pattern = r'(?i:\b\w*%s)\.%s\b' % (NAMES[self.container], name or self.name)
        else:
            pattern = r'\bRill\.%s\b' % re.escape(name or repr(self))
        return re.search(pattern, text) is not None

    def is_checked_in(self, text):
        """Whether a text has the properties of an instance compared with their getters."""
        pattern = r'(?i:check_?properties\(\s*[\w.]*%s)\b' % NAMES[self.container]
        return re.search(pattern, text) is not None


# What it has in their place.
ONLY_IN_VALA = [Api('Buffer', 'read_data', True), Api('Buffer', 'write_data', True)]


def properties():
    for info in introspect.infos():
        if info.get_type() == GIRepository.InfoType.OBJECT:
            for name in introspect.properties(info):
                yield Api(info.get_name(), name.replace('-', '_'), True)


def functions():
    found = {(api.container, api.name) for api in properties()}
    for info in introspect.infos():
        if info.get_type() == GIRepository.InfoType.FUNCTION:
            yield Api(None, info.get_name(), False)
        for function in introspect.callables(info):
            name = re.sub('^(get|dup)_', '', function.get_name())
            getter_of = name if (info.get_name(), name) in found else None
            api = Api(info.get_name(), function.get_name(), introspect.is_method(function),
                      getter_of)
            if repr(api) not in UNUSED:
                yield api


def text_of(folder, suffix):
    paths = set((TESTS / folder).glob('*' + suffix)) - {Path(__file__).resolve()}
    return '\n'.join(path.read_text() for path in paths)


class Coverage(unittest.TestCase):
    maxDiff = None

    def test_python(self):
        text = text_of('python', '.py')
        self.assertEqual([api for api in functions() if not (
            api.is_in(text) or api.getter_of and api.is_checked_in(text))], [])
        self.assertEqual([api for api in properties() if not api.is_checked_in(text)], [])

    def test_gjs(self):
        text = text_of('gjs', '.js')
        self.assertEqual([api for api in functions() if not (
            api.is_in(text) or api.getter_of and api.is_checked_in(text))], [])
        self.assertEqual([api for api in properties() if not api.is_checked_in(text)], [])

    def test_vala(self):
        text = text_of('vala', '.vala')
        missing = [api for api in functions() if repr(api) not in NOT_IN_VALA and not (
            api.is_in(text)
            # yield finishes by itself, a property is its getter, and a constructor comes after new.
            or api.is_in(text, re.sub('_finish$', '_async',
                                      api.name if api.is_method else repr(api)))
            or api.getter_of and api.is_in(text, api.getter_of)
            or api.name == 'new' and re.search(r'\bnew Rill\.%s\b' % api.container, text))]
        missing += [api for api in ONLY_IN_VALA if not api.is_in(text)]
        self.assertEqual(missing, [])
        self.assertEqual([api for api in properties() if not api.is_in(text)], [])

    def test_every_class_has_a_name(self):
        self.assertEqual({api.container for api in functions() if api.is_method} - set(NAMES),
                         set())

    def test_it_would_see_a_gap(self):
        api = Api('Buffer', 'fill', True)
        self.assertTrue(api.is_in('hostBuffer.fill(0)'))
        self.assertFalse(api.is_in('image.fill(0)'))
        self.assertFalse(api.is_in('buffer.fill_more(0)'))
        self.assertFalse(Api('Session', 'open_async', False).is_in('Rill.Session.open_finish'))
