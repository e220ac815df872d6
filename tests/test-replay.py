# SPDX-License-Identifier: MIT
"""rill-bench-alloc replays what RILL_TRACE has recorded.

Run by tests/python/tap.py. RILL_BENCH_ALLOC names the program.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PAGE = 4096


class Replay(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / 'trace'

    def run_program(self, text, *options):
        self.path.write_text(text, encoding='utf-8')
        return subprocess.run([os.environ['RILL_BENCH_ALLOC'], *options, str(self.path)],
                              capture_output=True, encoding='utf-8', timeout=50)

    def replay(self, text, *options):
        """The figures by their names."""
        result = self.run_program(text, *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        figures = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertLessEqual({figure['bench'] for figure in figures}, {'alloc'})
        return {figure['case']: figure['value'] for figure in figures}

    def test_pages(self):
        # Three of a page each; one is kept when all have gone; one is larger than a page.
        lines = ['rill-trace 1', f'm 1 {PAGE} general']
        lines += [f'a 1 {i} 0 {PAGE} 16' for i in range(3)]
        lines += [f'f 1 {i} 0' for i in range(3)]
        lines += ['a 1 7 0 1000 256', f'a 1 8 0 {3 * PAGE} 1', 'f 1 8 0']
        figures = self.replay('\n'.join(lines) + '\n')
        for strategy in ('general', 'linear'):
            name = f'replay/trace/memory-1/{strategy}/{PAGE}/'
            self.assertEqual(figures[name + 'pages-added'], 3)
            self.assertAlmostEqual(figures[name + 'peak-reserved'], 4 * PAGE, delta=PAGE / 100)
            self.assertGreater(figures[name + 'mean'], 0)
            self.assertGreaterEqual(figures[name + 'peak-reserved-over-used'], 1)

    def test_strategies_differ(self):
        # Every second goes, and as many of its size come: LINEAR looks for no gaps.
        lines = ['rill-trace 1', f'm 2 {PAGE} linear']
        lines += [f'a 2 0 {64 * i} 64 64' for i in range(64)]
        lines += [f'f 2 0 {128 * i}' for i in range(16)]
        lines += [f'a 2 1 {64 * i} 64 64' for i in range(16)]
        figures = self.replay('\n'.join(lines) + '\n')
        self.assertEqual(figures[f'replay/trace/memory-2/general/{PAGE}/pages-added'], 1)
        self.assertGreaterEqual(figures[f'replay/trace/memory-2/linear/{PAGE}/pages-added'], 1)

    def test_page_size(self):
        figures = self.replay(f'rill-trace 1\nm 1 {PAGE} general\na 1 0 0 100 1\n',
                              '--page-size=65536')
        self.assertEqual({int(name.split('/')[4]) for name in figures}, {PAGE, 65536})

    def test_nothing(self):
        self.assertEqual(self.replay('rill-trace 1\n'), {})

    def test_wrong(self):
        head = f'rill-trace 1\nm 1 {PAGE} general\n'
        for text in ('', 'something else\n', 'rill-trace 2\n', head + 'x 1 2\n', head + 'a 1 0 0 0 1\n',
                     head + 'a 1 0 0 100 3\n', head + 'a 1 0 0 100\n', head + 'a 2 0 0 100 1\n',
                     head + 'f 1 0 0\n', head + 'a 1 0 0 100 1\nf 1 0 4\n', head + 'm 0 4096 general\n',
                     head + 'm 99999999 4096 general\n', head + f'a 1 0 0 {2 ** 64 - 1} 1\n'):
            with self.subTest(text):
                result = self.run_program(text)
                self.assertEqual((result.returncode, result.stdout), (1, ''))
                self.assertRegex(result.stderr, r'trace:\d+: this is no (trace|line)')

    def test_options(self):
        for options in (['--page-size=-1', str(self.path)], ['--page-size=4096'], ['--none']):
            with self.subTest(options):
                result = subprocess.run([os.environ['RILL_BENCH_ALLOC'], *options], timeout=50,
                                        capture_output=True, encoding='utf-8')
                self.assertEqual((result.returncode, result.stdout), (2, ''))
                self.assertRegex(result.stderr, '^rill-bench-alloc: ')

    def test_missing(self):
        result = subprocess.run([os.environ['RILL_BENCH_ALLOC'], str(self.path)], timeout=50,
                                capture_output=True, encoding='utf-8')
        self.assertEqual(result.returncode, 1)
        self.assertIn('trace', result.stderr)
