# SPDX-License-Identifier: MIT
"""doc/reference-table.md and doc/defects.md are complete, and what they name exists.

The last column names tests and code, in backquotes:

- `memory:/memory/page-sizes`: a test of tests/test-memory.c, as the built program lists it;
- `test_memory.Memories.test_close`: of tests/python/, tests/api/ or tests/;
- `test-memory.js: name`: of tests/gjs/; `test-memory.vala:/path`: of tests/vala/, as the program lists it;
- `example-edges-c`: a test of Meson's by its name;
- `lib/memory/rill-page.c: get_atoms()`: a function or macro that is defined there, or another word of that file.

That every test is there is checked here. That it ran is the summary's matter: it counts what failed and names
what was skipped. With a log, this file as a program says which named tests are not among those that passed:

usage: test-tables.py testlog.json
"""

import ast
import json
import os
import re
import subprocess
import sys
import unittest

if __name__ == '__main__':
    os.environ.setdefault('RILL_SOURCE_ROOT', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
    os.environ.setdefault('RILL_BUILD_ROOT', os.path.join(os.environ['RILL_SOURCE_ROOT'], 'build'))

from common import BUILD, SOURCE

TABLES = {name: SOURCE / 'doc' / (name + '.md') for name in ('reference-table', 'defects')}
GIR = BUILD / 'introspection' / 'Rill-1.gir'

# Rows of things that come later have this in place of a test.
LATER = 'later'

# Every name, default and value of the documents that the library was asked to cover.
REFERENCE = {
    'Lluvia, Memory': '''
        createSession enableDebug getSupportedMemoryPropertyFlags createMemory pageSize exactFlagsMatch
        DeviceLocal HostVisible HostCoherent HostCached LazilyAllocated
        memoryFlags isMappable pageCount createBuffer createImage allocationInfo page offset leftPadding size
        33554432''',
    'Lluvia, Buffer': '''
        SessionDescriptor enableDebug createBuffer usageFlags StorageBuffer TransferDst TransferSrc''',
    'Lluvia, Python API of Memory': '''
        createBuffer createBufferFromHost createBufferLike createImage createImageFromHost createImageViewFromHost
        isPageMappable
        IndexBuffer IndirectBuffer StorageBuffer StorageTexelBuffer TransferDst TransferSrc UniformBuffer
        UniformTexelBuffer VertexBuffer
        TransferSrc TransferDst Sampled Storage ColorAttachment DepthStencilAttachment TransientAttachment
        InputAttachment
        shape channelType Uint8 usageFlags filterMode addressMode normalizedCoordinates sampled Nearest Linear
        Repeat MirroredRepeat ClampToEdge ClampToBorder MirrorClampToEdge ValueError RuntimeError dtype''',
    'vulkano, Buffers': '''
        StandardMemoryAllocator new_default BufferCreateInfo BufferUsage UNIFORM_BUFFER AllocationCreateInfo
        MemoryUsage Upload Download DeviceOnly from_data from_iter BufferContents AnyBitPattern bytemuck
        read write''',
    'vkdispatch, Buffers': '''
        Buffer asbuffer read write _destroy float32 index __init__''',
}


def rows_of(text):
    """The cells of the rows of Markdown's tables, without their heads."""
    rows = []
    for line in text.splitlines():
        if line.startswith('|') and not re.match(r'^\|[\s:|-]+\|$', line):
            rows.append([cell.strip().replace('\0', '|')
                         for cell in line.strip().strip('|').replace(r'\|', '\0').split('|')])
        elif line.startswith('|'):
            rows.pop()
    return rows


def sections_of(path):
    """{heading: rows}"""
    parts = re.split(r'^## (.*)$', path.read_text(encoding='utf-8'), flags=re.MULTILINE)
    return {title.strip(): rows_of(text) for title, text in zip(parts[1::2], parts[2::2])}


def spans_of(cell):
    return re.findall(r'`([^`]+)`', cell)


class Names:
    """What can be named, found out when it is first asked for."""

    def __init__(self):
        self.listed = {}

    def list_program(self, program):
        if program not in self.listed:
            path = BUILD / 'tests' / program
            output = ''
            if path.exists():
                output = subprocess.run([str(path), '-l'], capture_output=True, text=True, timeout=50,
                                        check=False).stdout
            self.listed[program] = set(output.split('\n'))
        return self.listed[program]

    def has_python(self, module, name):
        for folder in ('python', 'api', '.'):
            for path in (SOURCE / 'tests' / folder).glob('test*.py'):
                if path.stem.replace('-', '_') == module and name in python_tests(path):
                    return True
        return False

    def has_gjs(self, file, name):
        path = SOURCE / 'tests' / 'gjs' / file
        quoted = r'''(['"`])%s\1''' % re.escape(name)
        return path.exists() and re.search(quoted, path.read_text(encoding='utf-8')) is not None

    def has_meson_test(self, name):
        path = BUILD / 'meson-info' / 'intro-tests.json'
        return any(test['name'] == name for test in json.loads(path.read_text(encoding='utf-8')))

    def has_code(self, file, name):
        """A function or macro is to be defined there, any other name to occur."""
        path = SOURCE / file
        if not path.exists():
            return False
        pattern = r'(?<!\w)%s(?!\w)' % re.escape(name.removesuffix('()'))
        if name.endswith('()') and path.suffix == '.c':
            pattern = r'^(#define )?%s ?\(' % re.escape(name.removesuffix('()'))
        return re.search(pattern, path.read_text(encoding='utf-8'), re.MULTILINE) is not None


def python_tests(path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    return {'%s.%s' % (node.name, function.name)
            for node in tree.body if isinstance(node, ast.ClassDef)
            for function in node.body if isinstance(function, ast.FunctionDef)}


FORMS = (
    (r'(lib/\S+|introspection/\S+|tests/\S+|examples/\S+|dev|meson\.build): (.+)', lambda names, m: names.has_code(*m)),
    (r'(test-[\w-]+\.js): (.+)', lambda names, m: names.has_gjs(*m)),
    (r'(test-[\w-]+)\.vala:(/\S+)', lambda names, m: m[1] in names.list_program('vala-' + m[0])),
    (r'([a-z][\w-]*):(/\S+)', lambda names, m: m[1] in names.list_program('test-' + m[0])),
    (r'(test_\w+)\.(\w+\.test_\w+)', lambda names, m: names.has_python(*m)),
    (r'((?:example|doc|api)-[\w-]+)', lambda names, m: names.has_meson_test(*m)),
)


def find(names, span):
    """TRUE or FALSE; None when the span is in none of the forms."""
    for pattern, has in FORMS:
        match = re.fullmatch(pattern, span)
        if match:
            return has(names, match.groups())
    return None


def is_test(span):
    return not re.fullmatch(FORMS[0][0], span)


class Tables(unittest.TestCase):
    maxDiff = None

    def rows(self, name):
        rows = [row for rows in sections_of(TABLES[name]).values() for row in rows]
        self.assertTrue(rows)
        return rows

    def check_last_cells(self, name):
        names, wrong = Names(), []
        for row in self.rows(name):
            spans = spans_of(row[-1])
            if not spans and LATER not in row[-1].lower():
                wrong.append('%s: names neither a test nor code' % row[0])
            for span in spans:
                found = find(names, span)
                if found is None:
                    wrong.append('%s: “%s” is in no form that is known' % (row[0], span))
                elif not found:
                    wrong.append('%s: there is no “%s”' % (row[0], span))
        self.assertEqual(wrong, [])

    def test_reference_table_names_what_exists(self):
        self.check_last_cells('reference-table')

    def test_defects_name_what_exists(self):
        self.check_last_cells('defects')

    def test_tables_have_one_shape(self):
        for name in TABLES:
            for title, rows in sections_of(TABLES[name]).items():
                self.assertLessEqual(len({len(row) for row in rows}), 1, '%s, %s' % (name, title))

    def test_reference_is_complete(self):
        sections = sections_of(TABLES['reference-table'])
        missing = []
        for title, words in REFERENCE.items():
            self.assertIn(title, sections)
            named = set(re.findall(r'\w+', ' '.join(row[0] for row in sections[title])))
            missing += ['%s: %s' % (title, word) for word in words.split() if word not in named]
        self.assertEqual(missing, [])

    def test_reference_names_a_test_in_each_row(self):
        without = [row[0] for row in self.rows('reference-table')
                   if LATER not in row[-1].lower() and not any(map(is_test, spans_of(row[-1])))]
        self.assertEqual(without, [])

    def test_symbols_exist(self):
        """Functions, types and constants of C that the second column names."""
        text = ''.join(path.read_text(encoding='utf-8') for path in (SOURCE / 'lib').rglob('rill*.h'))
        wrong = []
        for row in self.rows('reference-table'):
            for symbol in re.findall(r'\b(?:rill_\w+|Rill[A-Z]\w+|RILL_\w+)', row[1]):
                if not re.search(r'\b%s\b' % symbol, text) and LATER not in row[-1].lower():
                    wrong.append('%s: %s' % (row[0], symbol))
        self.assertEqual(wrong, [])

    def test_defects_are_complete(self):
        numbers = [row[0] for row in self.rows('defects')]
        self.assertEqual(numbers, ['P%d' % (i + 1) for i in range(len(numbers))])
        self.assertEqual(len(numbers), 41)


def results_of(log):
    """Names of the tests that passed in a log of Meson's: `program path` and `program`."""
    passed = set()
    with open(log, encoding='utf-8') as file:
        for line in file:
            test = json.loads(line)
            program = test['name'].split(' / ')[-1]
            if test['result'] == 'OK':
                passed.add(program)
            for name in re.findall(r'^ok\s+\d+\s*-?\s*([^#\n]*?)\s*$', test.get('stdout') or '', re.MULTILINE):
                passed.add(program + ' ' + name)
    return passed


def logged_name(span):
    """What results_of() calls a test."""
    if match := re.fullmatch(r'(test-[\w-]+)\.js: (.+)', span):
        return 'gjs-%s %s' % (match[1].removeprefix('test-'), match[2])
    if match := re.fullmatch(r'(test-[\w-]+)\.vala:(/\S+)', span):
        return 'vala-%s %s' % (match[1].removeprefix('test-'), match[2])
    if match := re.fullmatch(r'([a-z][\w-]*):(/\S+)', span):
        return '%s %s' % match.groups()
    if match := re.fullmatch(r'test_examples\.((\w+)\.test_\w+)', span):
        return 'example-%s %s' % (match[2].lower(), match[1])
    if match := re.fullmatch(r'test_(\w+)\.(\w+\.test_\w+)', span):
        folder = 'api' if (SOURCE / 'tests' / 'api' / ('test_%s.py' % match[1])).exists() else 'python'
        return '%s-%s %s' % (folder, match[1].replace('_', '-'), match[2])
    return span


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    passed = results_of(sys.argv[1])
    spans = {span for path in TABLES.values() for rows in sections_of(path).values() for row in rows
             for span in spans_of(row[-1]) if is_test(span)}
    absent = sorted(span for span in spans if logged_name(span) not in passed)
    for span in absent:
        print('named in a table, but has not passed:', span)
    return 1 if absent else 0


if __name__ == '__main__':
    sys.exit(main())
