#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sums up a run of `meson test`: what was skipped and why, what failed, how many tests passed in each suite, how many
faults were injected, what the programs that failed said at their ends, and last `N passed, N failed`.

usage: summary.py testlog.json [FAILURE ...]      a FAILURE was found elsewhere, and counts

Single tests count where a program reports them in the Test Anything Protocol, else whole programs. A
test that was skipped for want of a driver, or without saying why, counts as failed.
"""

import json
import re
import sys

RESULT = re.compile(r'(ok|not ok)\b\s*\d*\s*-?\s*([^#]*)(?:#\s*(skip|todo)\S*\s*(.*))?', re.IGNORECASE)
FAULTS = re.compile(r'# faults injected: (\d+)$')
N_LAST_LINES = 20
NO_DRIVER = re.compile(r'\bno (vulkan )?driver\b|INCOMPATIBLE_DRIVER', re.IGNORECASE)


class Summary:
    def __init__(self):
        self.n_passed = 0
        self.n_faults = 0
        self.suites = {}
        self.failed = []
        self.skipped = []
        self.last_words = []

    def skip(self, name, reason):
        reason = reason.strip()
        if not reason:
            self.failed.append(name + ' (skipped without a reason)')
        elif NO_DRIVER.search(reason):
            self.failed.append(name + ': ' + reason)
        else:
            self.skipped.append(name + ': ' + reason)

    def add_lines(self, program, lines):
        """Counts a program's TAP lines; returns how many results it reported and how many failed."""
        n_results = n_failed = 0
        for line in lines:
            plan = re.match(r'1\.\.0\s*#\s*skip\S*\s*(.*)', line, re.IGNORECASE)
            if plan:
                self.skip(program, plan.group(1))
                n_results += 1
                continue
            faults = FAULTS.match(line)
            if faults:
                self.n_faults += int(faults.group(1))
            match = RESULT.match(line)
            if not match:
                continue
            status, name, directive, reason = match.groups()
            name = '%s %s' % (program, name.strip())
            n_results += 1
            if directive and directive.lower() == 'skip':
                self.skip(name, reason)
            elif status == 'ok' or directive:
                self.n_passed += 1
            else:
                n_failed += 1
                self.failed.append(name)
        return n_results, n_failed

    def add(self, test):
        n_passed, n_failed = self.n_passed, len(self.failed)
        self.add_test(test)
        if len(self.failed) > n_failed:
            self.add_last_words(test)
        suite = test['name'].rpartition(' / ')[0].split(':')[-1] or 'other'
        self.suites[suite] = self.suites.get(suite, 0) + self.n_passed - n_passed

    def add_last_words(self, test):
        self.last_words.append('%s, with status %s:' % (test['name'].split(' / ')[-1], test.get('returncode')))
        for stream in ('stdout', 'stderr'):
            lines = [line for line in (test.get(stream) or '').splitlines() if not line.startswith('ok ')]
            self.last_words += ['  ' + line for line in lines[-N_LAST_LINES:]]

    def add_test(self, test):
        program = test['name'].split(' / ')[-1]
        result = test['result']
        # Only lines of the protocol count: a program without it prints what it likes.
        lines = (test.get('stdout') or '').splitlines()
        is_tap = any(re.match(r'1\.\.\d+', line) for line in lines)
        n_results, n_failed = self.add_lines(program, lines) if is_tap else (0, 0)

        if result in ('FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS') and n_failed == 0:
            self.failed.append('%s (%s)' % (program, result.lower()))
        elif n_results == 0 and result == 'SKIP':
            lines = (test.get('stderr') or test.get('stdout') or '').strip().splitlines()
            self.skip(program, lines[-1] if lines else '')
        elif n_results == 0 and result in ('OK', 'EXPECTEDFAIL'):
            self.n_passed += 1


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    summary = Summary()
    summary.failed += sys.argv[2:]
    with open(sys.argv[1], encoding='utf-8') as log:
        for line in log:
            summary.add(json.loads(line))

    if not summary.n_passed and not summary.failed:
        summary.failed.append('no test has run')
    for title, names in (('Skipped', summary.skipped), ('Failed', summary.failed),
                         ('What failed said last', summary.last_words)):
        if names:
            print('\n%s:' % title)
            for name in names:
                print('  ' + name)
    print('\nPassed: ' + ', '.join('%s %d' % item for item in sorted(summary.suites.items())))
    if summary.n_faults:
        print('Faults injected: %d' % summary.n_faults)
    print('\n%d passed, %d failed' % (summary.n_passed, len(summary.failed)))
    return 1 if summary.failed else 0


if __name__ == '__main__':
    sys.exit(main())
