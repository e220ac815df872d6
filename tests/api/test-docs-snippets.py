# SPDX-License-Identifier: MIT
"""The programs in README.md and in the pages of doc/ run as they stand there.

By the language of the fenced block:

- `python`, `js`, `c`, `vala`: part of a program. It begins a new one where it says how to find the library
  (`import gi`, an import from gi://Rill, `#include <rill.h>`; Vala: always), and else goes on with the last one
  of its language on the page. A program runs to its end, without a message on standard error.
- `c-fragment`: statements of a function that returns a gboolean, with `session`, a `memory` that can be mapped, a
  `buffer` of 256 bytes in it, an `image` of 8 × 8 FLOAT32 and `error` at hand; it runs too.
- `python-fragment`, `text`, `sh` and everything else is only shown.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import BUILD, SOURCE

PAGES = [SOURCE / 'README.md'] + sorted((SOURCE / 'doc').glob('*.md'))

BEGINNINGS = {
    'python': re.compile(r'^import gi$', re.MULTILINE),
    'js': re.compile(r'^import .* from .gi://Rill', re.MULTILINE),
    'c': re.compile(r'^#include <rill\.h>$', re.MULTILINE),
    'vala': re.compile(''),
}

C_FRAGMENT = '''
#include <rill.h>
#include <string.h>

static gboolean
fragment (RillSession *session, RillMemory *memory, RillBuffer *buffer, RillImage *image, GError **error)
{
%s

return TRUE;
}

int
main (void)
{
  const guint shape[] = { 8, 8 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RillSession) session = rill_session_new (NULL, RILL_SESSION_NONE, NULL, &error);
  g_autoptr (RillMemory) memory = NULL;
  g_autoptr (RillBuffer) buffer = NULL;
  g_autoptr (RillImage) image = NULL;

  if (session != NULL)
    memory = rill_session_get_memory_for_usage (session, RILL_MEMORY_USAGE_UPLOAD, &error);
  if (memory != NULL)
    buffer = rill_memory_create_buffer (memory, 256, RILL_BUFFER_USAGE_NONE, &error);
  if (buffer != NULL)
    image = rill_memory_create_image (memory, shape, 2, RILL_CHANNEL_TYPE_FLOAT32, RILL_IMAGE_USAGE_NONE, &error);
  if (image == NULL || !fragment (session, memory, buffer, image, &error))
    g_error ("%%s", error != NULL ? error->message : "FALSE without an error");
  return 0;
}
'''


class Program:
    def __init__(self, page, language, line):
        self.page = page
        self.language = language
        self.line = line
        self.blocks = []

    def __str__(self):
        return '%s:%d (%s)' % (self.page.relative_to(SOURCE), self.line, self.language)

    @property
    def text(self):
        return '\n'.join(self.blocks)


def programs_of(page):
    """The page's programs of every language, in the order in which they begin."""
    programs = []
    last = {}
    text = page.read_text(encoding='utf-8')
    for match in re.finditer(r'^```([\w-]+)\n(.*?)^```$', text, re.MULTILINE | re.DOTALL):
        language, block = match.groups()
        line = text.count('\n', 0, match.start()) + 2
        if language == 'c-fragment':
            block = C_FRAGMENT % block
        elif language not in BEGINNINGS:
            continue
        if language == 'c-fragment' or BEGINNINGS[language].search(block):
            last[language] = Program(page, language, line)
            programs.append(last[language])
        elif language not in last:
            raise AssertionError('%s:%d: the block has no beginning' % (page, line))
        last[language].blocks.append(block)
    return programs


def flags(*packages):
    command = ['pkg-config', '--cflags', '--libs', *packages]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def library():
    return ['-I%s' % (SOURCE / 'lib'), '-I%s' % (BUILD / 'lib'), '-L%s' % (BUILD / 'lib'), '-lrill-1']


class Snippets(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix='rill-snippets-'))
        self.addCleanup(shutil.rmtree, self.folder)

    def execute(self, *command):
        done = subprocess.run([str(part) for part in command], cwd=self.folder, capture_output=True, text=True,
                              timeout=50, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
        return done.stdout

    def check(self, language, *parts):
        """Each program of the language, by what makes it of a source file."""
        programs = [program for page in PAGES for program in programs_of(page) if program.language == language]
        self.assertTrue(programs, 'there is none')
        for program in programs:
            with self.subTest(str(program)):
                source = self.folder / ('snippet.' + language.partition('-')[0])
                source.write_text(program.text, encoding='utf-8')
                output = self.execute(*parts[0], source) if len(parts) == 1 else self.compile(source, *parts)
                if os.environ.get('RILL_SHOW_SNIPPETS'):
                    print('# %s' % program, *output.splitlines(), sep='\n#   ')

    def compile(self, source, compiler, libraries):
        binary = self.folder / 'snippet'
        self.execute(*compiler, source, '-o', binary, *libraries)
        return self.execute(binary)

    def need(self, name):
        if shutil.which(name) is None:
            self.skipTest(name + ' is not installed')
        return name

    def test_python(self):
        self.check('python', [sys.executable])

    def test_js(self):
        self.check('js', [self.need('gjs'), '-m'])

    def test_c(self):
        compiler = ['cc', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter']
        for language in ('c', 'c-fragment'):
            self.check(language, compiler, [*library(), *flags('gio-2.0')])

    def test_vala(self):
        compiler = [self.need('valac'), '--quiet', '--vapidir', BUILD / 'introspection',
                    '--pkg', 'rill-1', '--pkg', 'gio-2.0', '-X', '-w']
        self.check('vala', compiler, [option for flag in library() for option in ('-X', flag)])
