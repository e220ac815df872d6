# SPDX-License-Identifier: MIT
"""The shared library exports its public functions and nothing else."""

import os
import re
import subprocess
import unittest

from common import API, RENEW, difference, public_headers, without_comments

LIBRARY = os.environ['RILL_LIBRARY']


def symbols(*options):
    """Names in the library's table of dynamic symbols, without their versions."""
    output = subprocess.run(['nm', '--dynamic', *options, LIBRARY],
                            check=True, capture_output=True, text=True).stdout
    return sorted(line.split()[-1].split('@')[0] for line in output.splitlines())


def declared():
    """Functions that public headers declare."""
    names = set()
    for path in public_headers():
        text = without_comments(path.read_text())
        for statement in re.findall(r'\bRILL_API\s+(.*?)(?:;|\n\s*\n|\n(?=RILL_API\b))', text, re.DOTALL):
            macro = re.match(r'G_DECLARE_\w+_TYPE\s*\(\s*\w+\s*,\s*(\w+)', statement)
            function = re.search(r'\b(rill_\w+)\s*\(', statement)
            if macro:
                names.add(macro.group(1) + '_get_type')
            elif function:
                names.add(function.group(1))
    return names


class Symbols(unittest.TestCase):
    maxDiff = None

    def test_prefix(self):
        wrong = [name for name in symbols('--defined-only') if not name.startswith('rill_')]
        self.assertEqual(wrong, [])

    def test_baseline(self):
        expected = (API / 'symbols.txt').read_text().split()
        text = difference(expected, symbols('--defined-only'), 'tests/api/symbols.txt')
        if text:
            self.fail('\n' + text + '\n' + RENEW)

    def test_exported_are_declared(self):
        self.assertEqual(sorted(set(symbols('--defined-only')) - declared()), [])

    def test_declared_are_exported(self):
        self.assertEqual(sorted(declared() - set(symbols('--defined-only'))), [])

    def test_spirv_tools_are_our_own(self):
        """libshaderc.so exports the same names: none of them may be taken from there."""
        self.assertEqual([name for name in symbols('--undefined-only') if name.startswith('spv')
                          and not name.startswith('spvc_')], [])


if __name__ == '__main__':
    print('\n'.join(symbols('--defined-only')))
