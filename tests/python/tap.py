#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the unittest cases of one file and reports them in the Test Anything Protocol.

usage: tap.py FILE [NAME ...]      NAME: Class or Class.test_method
"""

import faulthandler
import importlib.util
import os
import sys
import traceback
import unittest


def diagnostics(text):
    """On standard error, because Meson shows a failed test's standard output only without TAP."""
    print(text.rstrip('\n'), file=sys.stderr, flush=True)


class TapResult(unittest.TestResult):
    """One line per test; a failed subtest fails its test."""

    def __init__(self):
        super().__init__()
        self.n_reported = 0
        self.n_failed = 0
        self.subtest_failed = False

    def report(self, passed, test, directive=''):
        self.n_reported += 1
        self.n_failed += not passed
        # A test knows its class, what stands in for a fixture that failed does not.
        name = '.'.join(test.id().split('.')[1:]) if isinstance(test, unittest.TestCase) else str(test)
        print('ok' if passed else 'not ok', self.n_reported, '-', name.replace('#', '') + directive)
        sys.stdout.flush()

    def fail(self, test, error):
        diagnostics(''.join(traceback.format_exception(*error)))
        self.report(False, test)

    def startTest(self, test):
        super().startTest(test)
        self.subtest_failed = False

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is None:
            return
        diagnostics(str(subtest))
        diagnostics(''.join(traceback.format_exception(*error)))
        if not self.subtest_failed:
            self.subtest_failed = True
            self.report(False, test)

    def addSuccess(self, test):
        self.report(True, test)

    def addError(self, test, error):
        self.fail(test, error)

    def addFailure(self, test, error):
        self.fail(test, error)

    def addSkip(self, test, reason):
        self.report(True, test, ' # SKIP ' + reason)

    def addExpectedFailure(self, test, error):
        self.report(True, test, ' # expected to fail')

    def addUnexpectedSuccess(self, test):
        diagnostics('passed, but was expected to fail')
        self.report(False, test)


def load(path):
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0].replace('-', '_')
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    faulthandler.enable()
    try:
        module = load(sys.argv[1])
    except unittest.SkipTest as skip:
        print('1..0 # SKIP', skip)
        return 0
    except Exception:
        diagnostics(traceback.format_exc())
        print('Bail out! Could not load', sys.argv[1])
        return 1

    loader = unittest.defaultTestLoader
    if sys.argv[2:]:
        suite = loader.loadTestsFromNames(sys.argv[2:], module)
    else:
        suite = loader.loadTestsFromModule(module)
    result = TapResult()
    suite.run(result)
    if result.n_reported == 0:
        print('Bail out! No test in', sys.argv[1])
        return 1
    print('1..%d' % result.n_reported)
    return 1 if result.n_failed else 0


if __name__ == '__main__':
    sys.exit(main())
