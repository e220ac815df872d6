# SPDX-License-Identifier: MIT
"""Finds the sites in the library's sources by libclang, and rewrites a copy of them."""

import json
import re
import shlex
import sys
from pathlib import Path

import kinds

try:
    from clang.cindex import CursorKind, Index
except ImportError:
    sys.exit('mutate.py: libclang for Python is missing: apt install python3-clang, '
             'and run with the Python that has it (/usr/bin/python3)')

BODY_LAST = (CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.CASE_STMT,
             CursorKind.DEFAULT_STMT, CursorKind.LABEL_STMT, CursorKind.SWITCH_STMT)
CALLEE = re.compile(r'[\w>.()-]*?(\w+) \(')
LOCKER = re.compile(r'g_autoptr \(G\w*Locker\)')


class Site:
    """A step: the text from start to end of a file, in a function."""

    def __init__(self, kind, path, function, line, start, end, text, what):
        self.kind = kind
        self.path = path
        self.function = function
        self.line = line
        self.start = start
        self.end = end
        self.text = ' '.join(text.split())
        self.what = what
        self.instead = None
        self.form = 'statement'
        self.number = 0
        self.id = ''


    def to_json(self):
        return {**self.__dict__, 'path': str(self.path)}

    @classmethod
    def from_json(cls, fields):
        site = cls.__new__(cls)
        site.__dict__.update(fields, path=Path(fields['path']))
        return site


class File:
    """One source or header, with what was found in it."""

    def __init__(self, path):
        self.path = path
        self.source = path.read_bytes()
        self.sites = []
        self.ranges = set()

    def text(self, start, end):
        return self.source[start:end].decode(errors='replace')

    def add(self, site):
        if (site.start, site.end, site.form) not in self.ranges:
            self.ranges.add((site.start, site.end, site.form))
            self.sites.append(site)


def extent(cursor):
    return cursor.extent.start.offset, cursor.extent.end.offset


class Finder:
    """Walks the functions of one translation unit."""

    def __init__(self, files, root):
        self.files = files
        self.root = root
        self.seen = set()
        self.file = None
        self.function = None

    def walk_unit(self, unit):
        for cursor in unit.cursor.get_children():
            if cursor.kind != CursorKind.FUNCTION_DECL or not cursor.is_definition():
                continue
            where = cursor.location
            path = Path(where.file.name).resolve() if where.file else None
            if path is None or self.root not in path.parents or (path, where.offset) in self.seen:
                continue
            start = extent(cursor)[0]
            self.seen.add((path, where.offset))
            self.file = self.files.setdefault(path, None) or File(path)
            self.files[path] = self.file
            # What a macro such as G_DEFINE_TYPE makes has no text of its own here.
            if not re.match(r'[A-Z_0-9]+ \(', self.file.text(start, start + 80)):
                self.function = cursor.spelling
                self.walk(cursor, None)

    def walk(self, cursor, covered):
        children = list(cursor.get_children())
        for index, child in enumerate(children):
            inner = covered
            if child.extent.start.file is not None:
                if self.is_statement(cursor, children, index):
                    inner = self.check_statement(child) or covered
                self.check_expression(cursor, child, index, covered)
            self.walk(child, inner)

    @staticmethod
    def is_statement(parent, children, index):
        if parent.kind == CursorKind.COMPOUND_STMT:
            return True
        if parent.kind == CursorKind.IF_STMT:
            return index > 0
        if parent.kind == CursorKind.DO_STMT:
            return index == 0
        return parent.kind in BODY_LAST and index == len(children) - 1

    def new_site(self, kind, child, start, end, what, form):
        site = Site(kind, self.file.path, self.function, child.extent.start.line, start, end,
                    self.file.text(start, end), what)
        site.form = form
        self.file.add(site)
        return site

    def check_statement(self, child):
        """Returns the kind where the statement is a site."""
        start, end = extent(child)
        text = self.file.text(start, end)
        if child.kind == CursorKind.DECL_STMT:
            self.check_declaration(child, text)
            return None
        rest = self.file.text(end, end + 40)
        semicolon = re.match(r'\s*;', rest)
        if text.endswith(';'):
            end, text = end - 1, text[:-1]
            semicolon = re.match(';', ';')
        if not semicolon:
            return None
        name = CALLEE.match(text)
        found = None
        if name and not kinds.NOT_SITES.match(name.group(1)):
            if re.match(r'G_OBJECT_CLASS \(\w+_parent_class\)->(dispose|finalize) \(', text):
                found = ('cleanup', text.split('->')[1].split(' ')[0])
            for rule in kinds.CALLS:
                if found is None and rule.names.match(name.group(1)):
                    found = (rule.kind, name.group(1))
                    if rule.instead and '{' in rule.instead:
                        return None  # an expression
        for kind, pattern in kinds.STATEMENTS:
            if found is None and pattern.match(text):
                found = (kind, text.split(' ')[0])
        if found is None:
            return None
        self.new_site(found[0], child, start, end, found[1], 'statement')
        return found[0]

    def check_declaration(self, child, text):
        auto = re.match(r'(?:static )?(g_auto(?:ptr|free)?\b(?: \(\w+\))?)', text)
        if not auto:
            return
        kind = 'unlock' if LOCKER.match(text) else 'cleanup'
        end = extent(child)[1]
        if not text.endswith(';'):
            end = self.file.source.index(b';', end) + 1
        for variable in child.get_children():
            if variable.kind != CursorKind.VAR_DECL:
                continue
            site = Site(kind, self.file.path, self.function, variable.location.line,
                        variable.location.offset, end, f'{auto.group(1)} {variable.spelling}',
                        variable.spelling)
            site.form = 'declaration'
            self.file.add(site)

    def check_expression(self, parent, child, index, covered):
        start, end = extent(child)
        if child.kind == CursorKind.CALL_EXPR:
            self.check_call(child, start, end)
        elif child.kind == CursorKind.BINARY_OPERATOR:
            self.check_operator(child, start, end)
        elif parent.kind == CursorKind.CALL_EXPR and index > 0 and covered != 'cleanup':
            self.check_notify(child, start, end)

    def check_call(self, child, start, end):
        text = self.file.text(start, end)
        if not text.startswith(child.spelling + ' (') or not child.spelling:
            return
        if kinds.NOT_SITES.match(child.spelling):
            return
        for rule in kinds.CALLS:
            if rule.names.match(child.spelling):
                if rule.instead is None:
                    return
                arguments = [self.file.text(*extent(a)) for a in child.get_arguments()]
                # A statement is left out as such.
                if (start, end, 'statement') in self.file.ranges:
                    return
                site = self.new_site(rule.kind, child, start, end, child.spelling, 'expression')
                site.instead = rule.instead.format(*arguments)
                return

    def check_operator(self, child, start, end):
        text = self.file.text(start, end)
        for kind, pattern, instead in kinds.EXPRESSIONS:
            match = pattern.match(text)
            if match:
                site = self.new_site(kind, child, start, end, 'rounding', 'expression')
                site.instead = match.expand(instead)
                return

    def check_notify(self, child, start, end):
        text = self.file.text(start, end)
        if not kinds.DESTROY_NOTIFY.match(text):
            return
        name = text.split(' ')[-1]
        if not self.names_function(child, name):
            return
        site = self.new_site('cleanup', child, start, end, name, 'notify')
        site.instead = text[:-len(name)] + f'(__typeof__ (&{name})) rill_mutation_nothing'

    def names_function(self, cursor, name):
        if cursor.kind == CursorKind.DECL_REF_EXPR and cursor.spelling == name:
            return cursor.referenced.kind == CursorKind.FUNCTION_DECL
        return any(self.names_function(child, name) for child in cursor.get_children())


def parse_command(entry):
    """The arguments of a compiler call that libclang has use for."""
    arguments = []
    skip = False
    for argument in shlex.split(entry['command'])[1:]:
        if skip or argument in ('-o', '-MF', '-MQ', '-MT'):
            skip = not skip
        elif argument.startswith(('-I', '-D', '-std', '-include', '-isystem', '-pthread')):
            arguments.append(argument)
    return arguments + ['-working-directory=' + entry['directory']]


def find_sites(build, library):
    """All sites under the folder `library`, in the order of their files and lines, numbered from 1."""
    files = {}
    finder = Finder(files, library.resolve())
    index = Index.create()
    done = set()
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        path = Path(entry['directory'], entry['file']).resolve()
        if library.resolve() not in path.parents or path in done:
            continue
        done.add(path)
        unit = index.parse(str(path), args=parse_command(entry))
        for diagnostic in unit.diagnostics:
            if diagnostic.severity >= 3:
                sys.exit(f'mutate.py: {path}: {diagnostic.spelling}')
        finder.walk_unit(unit)
    found = {path: file for path, file in sorted(files.items()) if file}
    number = 0
    for file in found.values():
        counts = {}
        file.sites.sort(key=lambda site: (site.start, -site.end))
        for site in file.sites:
            number += 1
            site.number = number
            key = f'{site.path.name}:{site.function}:{site.what}'
            counts[key] = counts.get(key, 0) + 1
            site.id = f'{key}#{counts[key]}'
    return found


def rewrite(file, header):
    """The text of the file with all its sites."""
    insertions = []
    for site in file.sites:
        size = site.end - site.start
        if site.form == 'declaration':
            insertions.append((site.end, 1, 0, f' RILL_MUTATION_KEEP ({site.number}, {site.what});'))
            continue
        if site.form == 'statement':
            before, after = f'{{ if (!RILL_MUTATION ({site.number})) ', ' }'
            end = file.source.index(b';', site.end) + 1
        else:
            before, after = f'(RILL_MUTATION ({site.number}) ? {site.instead} : ', ')'
            end = site.end
        # Of those that begin at one place the longer comes first, of those that end there, last.
        insertions.append((site.start, 2, -size, before))
        insertions.append((end, 0, size, after))
    source = file.source
    text = b''
    last = 0
    for offset, _, _, insertion in sorted(insertions, key=lambda i: i[:3]):
        text += source[last:offset] + insertion.encode()
        last = offset
    text += source[last:]
    if not file.sites:
        return source
    first, rest = text.split(b'\n', 1)
    # In place of the licence, so that line numbers stay.
    assert first.startswith(b'/*') and first.endswith(b'*/'), file.path
    if file.path.suffix == '.h':
        rest = rest.replace(b'#pragma once', f'#pragma once /**/\n#include "{header}"\n#line 3'.encode(), 1)
        return first + b'\n' + rest
    return f'#include "{header}"\n'.encode() + rest
