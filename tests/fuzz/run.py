#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a fuzz target: for ever, or as a test for a number of seconds.

usage: run.py PROGRAM CORPUS [--seconds N] [libFuzzer's ARGUMENT ...]

What is found is kept beside the program: new inputs in grown/ (not those of a test, which begins
with the corpus alone), inputs that fail in crashes/.
"""

import base64
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

# Seconds that one input may take, on a machine that is busy.
TIMEOUT = 30
# A longer input is not printed.
MAX_PRINTED = 64 * 1024
# A failure's last lines that a test prints.
MAX_LINES = 150


class Target:
    def __init__(self, program, corpus):
        self.program = pathlib.Path(program).resolve()
        self.corpus = pathlib.Path(corpus).resolve()
        self.name = self.program.name.removeprefix('fuzz-')
        self.crashes = self.program.parent / 'crashes' / self.name

    def command(self, grown, arguments):
        command = [self.program, '-timeout=%d' % TIMEOUT, '-print_final_stats=1',
                   '-artifact_prefix=%s/' % self.crashes]
        dictionary = self.corpus.parent.parent / (self.name + '.dict')
        if dictionary.exists():
            command.append('-dict=%s' % dictionary)
        inputs = [argument for argument in arguments if not argument.startswith('-')]
        if not inputs:
            inputs = [grown, self.corpus]
        return command + [argument for argument in arguments if argument.startswith('-')] + inputs

    def start(self, grown, arguments, **options):
        self.crashes.mkdir(parents=True, exist_ok=True)
        grown.mkdir(parents=True, exist_ok=True)
        self.started = time.time()
        environment = dict(os.environ)
        # Without llvm-symbolizer, which clang does not bring along, frames would have no names.
        for name, setting in (('ASAN_OPTIONS', 'allow_addr2line=1'),
                              ('UBSAN_OPTIONS', 'allow_addr2line=1:print_stacktrace=1')):
            environment[name] = ':'.join(filter(None, (setting, environment.get(name))))
        return subprocess.Popen([str(part) for part in self.command(grown, arguments)],
                                env=environment, **options)

    def failures(self):
        """Of this run: the paths of the inputs that failed, each with the input as a line."""
        for path in sorted(self.crashes.iterdir()):
            if path.stat().st_mtime < self.started - 1 or path.name.startswith('slow-unit-'):
                continue
            data = path.read_bytes()
            yield '%s fails for the input %s' % (self.name, path)
            if len(data) <= MAX_PRINTED:
                yield 'base64 of the input: %s' % base64.b64encode(data).decode()


def run_for_ever(target, arguments):
    grown = target.program.parent / 'grown' / target.name
    process = target.start(grown, arguments)
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:  # libFuzzer hears it too, and sums up
            pass
    for line in target.failures():
        print(line)
    return status


def run_as_test(target, seconds, arguments):
    with tempfile.TemporaryDirectory() as folder:
        process = target.start(pathlib.Path(folder), arguments + ['-max_total_time=%d' % seconds],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               encoding='utf-8', errors='replace')
        output, _ = process.communicate()
    executions = re.search(r'^stat::number_of_executed_units:\s*(\d+)', output, re.MULTILINE)
    n_executions = int(executions.group(1)) if executions else 0
    passed = process.returncode == 0 and n_executions > 0
    print('1..1')
    if not passed:
        for line in output.splitlines()[-MAX_LINES:]:
            print(line, file=sys.stderr)
        for line in target.failures():
            print(line, file=sys.stderr)
    print('# fuzz: %s: %d executions in %d s' % (target.name, n_executions,
                                                 time.time() - target.started))
    print('%s 1 - %s' % ('ok' if passed else 'not ok', target.name))
    return 0 if passed else 1


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__.strip())
    target = Target(*arguments[:2])
    arguments = arguments[2:]
    if arguments[:1] == ['--seconds']:
        return run_as_test(target, int(arguments[1]), arguments[2:])
    return run_for_ever(target, arguments)


if __name__ == '__main__':
    sys.exit(main())
