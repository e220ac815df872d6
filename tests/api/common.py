# SPDX-License-Identifier: MIT
"""Where the tests of the API find the sources and what was built; set by tests/meson.build."""

import difflib
import os
import re
from pathlib import Path

SOURCE = Path(os.environ['RILL_SOURCE_ROOT'])
BUILD = Path(os.environ['RILL_BUILD_ROOT'])
LIB = SOURCE / 'lib'
API = SOURCE / 'tests' / 'api'

# Each folder may include what stands before it.
LAYERS = ['core', 'session', 'memory', 'resource', 'transfer', 'compute', 'group']

RENEW = 'If the change is meant, run `./dev api-baseline` and commit the result.'


def is_private(path):
    return path.name.endswith('-private.h')


def public_headers():
    """Headers that are installed, the generated ones among them."""
    generated = [BUILD / 'lib' / name for name in ('rill-enum-types.h', 'rill-version.h')]
    return sorted(path for path in LIB.rglob('*.h') if not is_private(path)) + generated


def quoted_includes(path):
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', path.read_text(), re.MULTILINE)


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*', ' ', text, flags=re.DOTALL)


def difference(expected, actual, name):
    """Unified diff of two lists of lines without context; empty when they are equal."""
    rows = difflib.unified_diff(expected, actual, name, 'this build', n=0, lineterm='')
    return '\n'.join(row for row in rows if not row.startswith('@@'))
