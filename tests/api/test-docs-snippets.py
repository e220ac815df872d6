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

import concurrent.futures
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

    def need(self, name):
        if shutil.which(name) is None:
            self.skipTest(name + ' is not installed')
        return name

    def run_all(self, language, commands_of):
        """Runs each program of the language, by the commands for its source file; several at a time."""
        programs = [program for page in PAGES for program in programs_of(page) if program.language == language]
        self.assertTrue(programs, 'there is none')

        def run(program):
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            source = folder / ('snippet.' + language.partition('-')[0])
            source.write_text(program.text, encoding='utf-8')
            for command in commands_of(source):
                done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True,
                                      timeout=100, check=False)
                if done.returncode != 0 or done.stderr:
                    break
            return done

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for program, done in zip(programs, pool.map(run, programs)):
                with self.subTest(str(program)):
                    self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
                    if os.environ.get('RILL_SHOW_SNIPPETS'):
                        print('# %s' % program, *done.stdout.splitlines(), sep='\n#   ')

    def test_python(self):
        self.run_all('python', lambda source: [[sys.executable, source]])

    def test_js(self):
        gjs = self.need('gjs')
        self.run_all('js', lambda source: [[gjs, '-m', source]])

    def test_c(self):
        options = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter']
        libraries = [*library(), *flags('gio-2.0')]
        for language in ('c', 'c-fragment'):
            self.run_all(language, lambda source: [['cc', *options, source, '-o', './snippet', *libraries],
                                                   ['./snippet']])

    def test_vala(self):
        options = ['--quiet', '--vapidir', BUILD / 'introspection', '--pkg', 'rill-1', '--pkg', 'gio-2.0']
        options += [option for flag in ['-w', *library()] for option in ('-X', flag)]
        valac = self.need('valac')
        self.run_all('vala', lambda source: [[valac, *options, source, '-o', 'snippet'], ['./snippet']])
