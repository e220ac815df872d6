# SPDX-License-Identifier: MIT
"""Includes point one way, private headers stay private, and the umbrella header is complete."""

import re
import unittest

from common import (BUILD, LAYERS, LIB, SOURCE, is_private, public_headers, quoted_includes,
                    without_comments)


def layer_of(path):
    """Place of a file or of an include in the order of layers; -1 for the include root."""
    folder = str(path).rpartition('/')[0]
    return LAYERS.index(folder) if folder in LAYERS else -1


class Includes(unittest.TestCase):
    def sources(self):
        found = sorted(list(LIB.rglob('*.c')) + list(LIB.rglob('*.h')))
        self.assertTrue(found)
        return found

    def test_folders_are_layers(self):
        folders = {path.name for path in LIB.iterdir() if path.is_dir()}
        self.assertEqual(folders - set(LAYERS), set(), 'folders of lib/ that are no layer')

    def test_direction(self):
        wrong = []
        for path in self.sources():
            name = path.relative_to(LIB)
            if name.name in ('rill.h', 'rill-vulkan.h', 'rill-vulkan.c'):
                continue
            for include in quoted_includes(path):
                if layer_of(include) > layer_of(name) or include in ('rill.h', 'rill-vulkan.h'):
                    wrong.append('%s includes %s, which stands above it' % (name, include))
        self.assertEqual(wrong, [])

    def test_paths_start_at_the_root(self):
        wrong = []
        for path in self.sources():
            for include in quoted_includes(path):
                if not (LIB / include).exists() and not (BUILD / 'lib' / include).exists():
                    wrong.append('%s: "%s"' % (path.relative_to(LIB), include))
        self.assertEqual(wrong, [])

    def test_public_headers_include_no_private_one(self):
        wrong = []
        for path in public_headers():
            if any(include.endswith('-private.h') for include in quoted_includes(path)):
                wrong.append(str(path))
        self.assertEqual(wrong, [])

    def test_vulkan_stays_out_of_public_headers(self):
        wrong = []
        for path in public_headers():
            text = without_comments(path.read_text())
            if path.name != 'rill-vulkan.h' and re.search(r'<vulkan/|\bVk[A-Z]', text):
                wrong.append(path.name)
        self.assertEqual(wrong, [])

    def test_umbrella_is_complete(self):
        included = set(quoted_includes(LIB / 'rill.h'))
        expected = set()
        for path in public_headers():
            root = LIB if LIB in path.parents else BUILD / 'lib'
            expected.add(str(path.relative_to(root)))
        expected -= {'rill.h', 'rill-vulkan.h'}
        self.assertEqual(sorted(expected - included), [], 'public headers that rill.h leaves out')
        self.assertEqual(sorted(included - expected), [], 'headers of rill.h that do not exist')

    def test_headers_are_guarded(self):
        wrong = []
        for path in self.sources():
            if path.suffix == '.h' and '#pragma once' not in path.read_text():
                wrong.append(path.name)
        self.assertEqual(wrong, [])


class Listed(unittest.TestCase):
    """What meson.build forgets would be neither built nor tested, and nobody would notice."""

    def missing(self, names, build_file):
        text = re.sub(r'#.*', '', (SOURCE / build_file).read_text())
        listed = set(re.findall(r"'([^']*)'", text))
        return sorted(name for name in names if name not in listed)

    def test_sources(self):
        names = [str(path.relative_to(LIB)) for path in LIB.rglob('*.c')]
        names += [str(path.relative_to(LIB)) for path in LIB.rglob('*.h') if not is_private(path)]
        self.assertEqual(self.missing(names, 'lib/meson.build'), [])

    def test_tests(self):
        tests = SOURCE / 'tests'
        names = [path.stem.removeprefix('test-') for path in tests.glob('test-*.c')]
        names += [path.stem for path in tests.glob('api/test[_-]*.py')]
        names += [path.stem for path in tests.glob('python/test_*.py')]
        names += [path.stem for path in tests.glob('gjs/test-*.js')]
        names += [path.stem for path in tests.glob('vala/test-*.vala')]
        names += ['bench/' + path.name for path in tests.glob('bench/*.c')]
        self.assertEqual(self.missing(names, 'tests/meson.build'), [])

    def test_examples(self):
        examples = SOURCE / 'examples'
        names = [path.stem for path in list(examples.glob('*.c')) + list(examples.glob('*.vala'))]
        self.assertEqual(self.missing(names, 'examples/meson.build'), [])
