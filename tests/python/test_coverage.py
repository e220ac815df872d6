# SPDX-License-Identifier: MIT
"""Every method and property of the typelib is used by the tests of each language.

A method counts as used where its name is called on something that is named after its class: buffer.fill (…)
for Buffer.fill. So the tests name their variables like that.
"""

import re
import unittest
from pathlib import Path

import introspect
from gi.repository import GIRepository

TESTS = Path(__file__).resolve().parent.parent

# What instances of a class are called, at the end of a name: host_memory is a memory.
NAMES = {
    'AllocationInfo': 'info', 'Buffer': 'buffer|source|to|target', 'CommandBuffer': 'commands',
    'ComputeNode': 'node', 'Device': 'device', 'Duration': 'duration', 'Image': 'image', 'ImageView': 'view',
    'Mapping': 'mapping|holder|reader|writer', 'Memory': 'memory', 'MemoryStatistics': 'statistics',
    'MemoryType': 'memory_type|memoryType', 'Program': 'program', 'Resource': 'buffer|image|resource',
    'Session': 'session', 'Transfer': 'transfer',
}

# Only freed by the bindings themselves.
NEVER_CALLED = {'AllocationInfo.free', 'MemoryStatistics.free'}


def sources(folder, suffix):
    return '\n'.join(path.read_text() for path in sorted((TESTS / folder).glob('*.' + suffix)))


def api():
    """(class, name, kind) of every function of every class."""
    for info in introspect.infos():
        for function in introspect.callables(info):
            kind = 'method' if introspect.is_method(function) else 'static'
            if '%s.%s' % (info.get_name(), function.get_name()) not in NEVER_CALLED:
                yield info.get_name(), function.get_name(), kind


def api_properties():
    for info in introspect.infos():
        if info.get_type() == GIRepository.InfoType.OBJECT:
            for name in introspect.properties(info):
                yield info.get_name(), name


class Coverage(unittest.TestCase):

    def receivers(self, class_name):
        self.assertIn(class_name, NAMES, 'say what instances of the new class are called')
        return r'\w*(?:%s)(?:\(\))?' % re.sub(r'\w+', lambda m: m.group()[0] + m.group()[1:], NAMES[class_name])

    def called(self, text, class_name, name, kind):
        if kind == 'static':
            return re.search(r'\bRill\.%s\.%s\b' % (class_name, name), text)
        return re.search(r'\b%s\.%s\b' % (self.receivers(class_name), name), text, re.IGNORECASE)

    def test_names_are_known(self):
        self.assertEqual({class_name for class_name, _, kind in api() if kind == 'method'} - set(NAMES), set())

    def test_python(self):
        text = sources('python', 'py')
        missing = ['%s.%s' % (class_name, name) for class_name, name, kind in api()
                   if not self.called(text, class_name, name, kind)]
        self.assertEqual(missing, [])

    def test_gjs(self):
        text = sources('gjs', 'js')
        missing = []
        for class_name, name, kind in api():
            # A promise finishes by itself, and a property is what its getter is.
            if name.endswith('_finish') or (class_name, re.sub('^get_', '', name)) in GETTERS:
                continue
            if not self.called(text, class_name, name, kind):
                missing.append('%s.%s' % (class_name, name))
        self.assertEqual(missing, [])

    def test_vala(self):
        text = sources('vala', 'vala')
        missing = []
        for class_name, name, kind in api():
            used = self.called(text, class_name, name, kind)
            if name.endswith('_finish'):
                used = self.called(text, class_name, name.replace('_finish', '_async'), kind)
            elif name.startswith('get_') and not used:
                used = self.called(text, class_name, name[4:], kind)
            elif kind == 'static' and name == 'new':
                used = re.search(r'\bnew Rill\.%s\b' % class_name, text)
            elif name.endswith('_address') and name != 'get_address':
                used = self.called(text, class_name, name.replace('_address', '_data'), kind)
            if not used:
                missing.append('%s.%s' % (class_name, name))
        self.assertEqual(missing, [])
