# SPDX-License-Identifier: MIT
"""The examples in their four languages: what they write is right, and the same.

Run by tests/python/tap.py. RILL_EXAMPLES_BUILD names the folder of the programs in C and Vala.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import gi

gi.require_version('GdkPixbuf', '2.0')

import numpy as np
from gi.repository import GdkPixbuf, GLib

SOURCE = Path(__file__).resolve().parent.parent
EXAMPLES = SOURCE / 'examples'
DATA = SOURCE / 'data'
BUILT = Path(os.environ['RILL_EXAMPLES_BUILD'])


def commands(name):
    """How the example is started, by language."""
    found = {'python': [sys.executable, str(EXAMPLES / (name + '.py'))]}
    if shutil.which('gjs') and (EXAMPLES / (name + '.js')).exists():
        found['gjs'] = ['gjs', '-m', str(EXAMPLES / (name + '.js'))]
    for language, program in (('c', BUILT / name), ('vala', BUILT / (name + '-vala'))):
        if program.exists():
            found[language] = [str(program)]
    return found


def run(command, *arguments):
    environment = dict(os.environ, RILL_EXAMPLES_DIR=str(EXAMPLES))
    return subprocess.run([*command, *map(str, arguments)], env=environment,
                          stdin=subprocess.DEVNULL,
                          capture_output=True, encoding='utf-8', timeout=50)


def decode(path):
    """A picture as an array [height, width, 3] of bytes."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_file(str(path))
    data = pixbuf.get_pixels()
    rows = []
    for y in range(pixbuf.get_height()):
        start = y * pixbuf.get_rowstride()
        row = np.frombuffer(data, np.uint8, pixbuf.get_width() * pixbuf.get_n_channels(), start)
        rows.append(row.reshape(-1, pixbuf.get_n_channels())[:, :3])
    return np.stack(rows)


def encode(path, pixels):
    height, width, channels = pixels.shape
    pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(pixels.tobytes()),
                                             GdkPixbuf.Colorspace.RGB,
                                             channels == 4, 8, width, height, width * channels)
    pixbuf.savev(str(path), 'png', [], [])


def sobel(pixels):
    """What the shader computes, in double precision."""
    luma = np.pad(pixels @ np.array([0.299, 0.587, 0.114]), 1, 'edge')
    height, width = pixels.shape[:2]

    def at(x, y):
        return luma[1 + y:1 + y + height, 1 + x:1 + x + width]

    gx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
    gy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
    return np.minimum(255, np.round(np.hypot(gx, gy)))


class Examples(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def random_picture(self, height, width, channels=3):
        path = self.folder / ('%dx%dx%d.png' % (width, height, channels))
        # Dark, because otherwise most of what is random would be an edge of the greatest strength.
        pixels = np.random.default_rng(height * width).integers(0, 64, (height, width, channels),
                                                                np.uint8)
        encode(path, pixels)
        return path


class Edges(Examples):

    def check(self, path):
        expected = sobel(decode(path))
        height, width = expected.shape
        written = {}
        for language, command in commands('edges').items():
            output = self.folder / (language + '.png')
            result = run(command, path, output)
            self.assertEqual((result.returncode, result.stderr), (0, ''), language)
            self.check_report(result.stdout, output, width, height)
            written[language] = output.read_bytes()

            # An 8-bit PNG, whose channels are all the value.
            self.assertEqual(written[language][:8], b'\x89PNG\r\n\x1a\n')
            self.assertEqual(struct.unpack('>IIB', written[language][16:25]), (width, height, 8))
            edges = decode(output)
            self.assertTrue((edges == edges[:, :, :1]).all())
            difference = np.abs(edges[:, :, 0] - expected)
            self.assertLessEqual(difference.max(), 1, language)
        self.assertGreaterEqual(len(written), 2)
        for language, data in written.items():
            self.assertEqual(data, written['python'], language)
        return expected

    def check_report(self, report, output, width, height):
        for line in (r'Device: +\S', r'Memory: +[1-9][0-9]* pages?, [0-9.]+\s\S+ used',
                     r'Upload: +[0-9.]+\s\S+, [0-9.]+\s\S+/s',
                     r'Download: +[0-9.]+\s\S+, [0-9.]+\s\S+/s',
                     r'GPU time: [0-9.]+ ms'):
            self.assertRegex(report, '(?m)^%s' % line)
        self.assertIn('Wrote %s: %d × %d pixels\n' % (output, width, height), report)

    def test_photographs(self):
        for name in ('hubble_deep_field.jpg', 'astronaut.png'):
            with self.subTest(name):
                expected = self.check(DATA / name)
                self.assertGreater(len(np.unique(expected)), 200,
                                   'a picture with edges of every strength')

    def test_one_pixel(self):
        self.assertEqual(self.check(self.random_picture(1, 1)).tolist(), [[0]])

    def test_a_few_pixels(self):
        self.check(self.random_picture(2, 3))

    def test_wide_and_low(self):
        self.check(self.random_picture(3, 4001))

    def test_narrow_and_high(self):
        self.check(self.random_picture(517, 1))

    def test_alpha_is_dropped(self):
        self.check(self.random_picture(5, 7, 4))

    def test_bad_input(self):
        (self.folder / 'empty.png').write_bytes(b'')
        (self.folder / 'text.png').write_text('this is no picture\n')
        (self.folder / 'cut.png').write_bytes((DATA / 'astronaut.png').read_bytes()[:40])
        (self.folder / 'folder.png').mkdir()
        output = self.folder / 'output.png'
        cases = [(self.folder / (name + '.png'), output) for name in ('missing', 'empty', 'text',
                                                                      'cut', 'folder')]
        cases += [(), (DATA / 'astronaut.png',), (DATA / 'astronaut.png', output, output),
                  (DATA / 'astronaut.png', self.folder / 'no-such-folder' / 'output.png')]
        for language, command in commands('edges').items():
            for arguments in cases:
                with self.subTest(language=language, arguments=arguments):
                    result = run(command, *arguments)
                    self.assertEqual(result.returncode, 1)
                    self.assertRegex(result.stderr,
                                     r'\A(edges: \S[^\n]+|usage: edges INPUT OUTPUT.png)\n\Z')
                    self.assertFalse(output.exists())


class Compact(Examples):

    def test_compact(self):
        for language, command in commands('compact').items():
            with self.subTest(language):
                pictures = [self.folder / (language + when) for when in ('before.svg', 'after.svg')]
                result = run(command, *pictures)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                numbers = re.fullmatch(r'100 objects, \d+ bytes: (\d+) pages before, (\d+) after\n',
                                       result.stdout)
                self.assertIsNotNone(numbers, result.stdout)
                before, after = map(int, numbers.groups())
                self.assertLess(after, before)
                for path, n_pages in zip(pictures, (before, after)):
                    text = path.read_text(encoding='utf-8')
                    self.assertTrue(ElementTree.fromstring(text.encode()).tag.endswith('}svg'))
                    self.assertIn(f'{n_pages} pages', text)

    def test_usage(self):
        for language, command in commands('compact').items():
            with self.subTest(language):
                result = run(command, self.folder / 'only.svg')
                self.assertEqual(result.returncode, 1)
                self.assertIn('compact.py BEFORE.svg AFTER.svg', result.stderr)


class Saxpy(Examples):

    def test_saxpy(self):
        for language, command in commands('saxpy').items():
            with self.subTest(language):
                result = run(command)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                self.assertRegex(result.stdout, r'\A\S[^\n]*: 0 of 16777216 elements differ\n\Z')

    def test_they_are_short(self):
        for path in EXAMPLES.glob('saxpy.*'):
            self.assertLess(len(path.read_text().splitlines()), 60, path.name)
