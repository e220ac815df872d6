# SPDX-License-Identifier: MIT
"""The tests: how one is run, what it comes to, and how it failed."""

import collections
import concurrent.futures
import json
import mmap
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

# A test in which no thread has run for this long, but for looking around, hangs.
STILL_SECONDS = 6
STILL_TICKS = 10
TICKS = os.sysconf('SC_CLK_TCK')
RUNNING = set()
CASE = re.compile(rb'^(?:not )?ok \d+ (/\S+)', re.M)

# What the drivers, the layers and LLVM keep for good is not the library's.
FOREIGN_LEAKS = ('libvulkan_', 'libvulkan.so', 'libVkLayer_', 'libLLVM')

# How a failure shows, the first that is found: (how, pattern)
SIGNS = (
    ('leak', re.compile(r'(ERROR: LeakSanitizer: .*|SUMMARY: \w+: .* leaked.*)')),
    ('memory error', re.compile(r'ERROR: AddressSanitizer: ([\w-]+)')),
    ('validation message', re.compile(r'validation: ([\w-]*)')),
    ('simulation layer', re.compile(r'((?:rill.)?simulation: .*)')),
    ('assertion', re.compile(r'ERROR:[^:]+:(\d+:.*)')),
    ('critical', re.compile(r'-(?:CRITICAL|WARNING) \*\*: (?:[\d:.]+: )?(.*)')),
    ('error', re.compile(r'-ERROR \*\*: (?:[\d:.]+: )?(.*)')),
    ('assertion', re.compile(r'^not ok (.*)', re.M)),
)


class Outcome:
    """How a run ended."""

    def __init__(self, failed, seconds, cpu_seconds, output):
        self.failed = failed
        self.seconds = seconds
        self.cpu_seconds = cpu_seconds
        self.output = output
        self.how = ''
        self.detail = ''

    def fail(self, how, detail):
        self.failed = True
        self.how = how
        self.detail = detail


def sample(group):
    """The processor time that a group of processes has used, and whether one is running now."""
    ticks, running = 0, False
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rsplit(')', 1)[1].split()
            if int(fields[2]) != group:
                continue
            ticks += int(fields[11]) + int(fields[12])
            for task in (stat.parent / 'task').iterdir():
                running |= (task / 'stat').read_text().rsplit(')', 1)[1].split()[0] in 'RD'
        except (OSError, IndexError):
            continue
    return ticks, running


def poll(process):
    """Has the process ended? Then its exit status is set, and its processor time is returned."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def watch(process, cpu_limit, limit):
    """Waits for the process. Returns its processor time and, where it does not end, why."""
    start = time.monotonic()
    samples = collections.deque(maxlen=int(STILL_SECONDS / 0.5))
    while True:
        used = poll(process)
        passed = time.monotonic() - start
        if used is not None:
            return used, ''
        time.sleep(0.02 if passed < 2 else 0.5)
        if passed < 2:
            continue
        samples.append(sample(process.pid))
        used = samples[-1][0] / TICKS
        if used > cpu_limit:
            return used, f'used the processor for more than {cpu_limit:.0f} s'
        if passed > limit:
            return used, f'did not end within {limit:.0f} s'
        # On a machine that is busy, what makes progress is seen waiting for a processor.
        if (len(samples) == samples.maxlen and samples[-1][0] - samples[0][0] < STILL_TICKS
                and sum(running for _, running in samples) < 2):
            return used, 'all threads wait'


def describe(code, output):
    for how, pattern in SIGNS:
        match = pattern.search(output)
        if match:
            return how, ' '.join(match.group(1).split())[:160]
    if code < 0:
        return 'crash', signal.Signals(-code).name
    return 'failure', f'exit status {code}'


def make_sanitizer_env(folder):
    # Nothing is unloaded, or the stack of a leak could not be told to be a driver's.
    keep = folder / 'keep-modules.so'
    source = Path(__file__).resolve().parent.parent / 'sanitize' / 'keep-modules.c'
    subprocess.run([os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-o', keep, source], check=True)
    suppressions = folder / 'leaks.supp'
    suppressions.write_text(''.join(f'leak:{name}\n' for name in FOREIGN_LEAKS))
    return {
        'ASAN_OPTIONS': 'detect_leaks=1:exitcode=99:abort_on_error=0:verify_asan_link_order=0',
        'G_SLICE': 'always-malloc',
        'LD_PRELOAD': str(keep),
        'LSAN_OPTIONS': f'suppressions={suppressions}:print_suppressions=0:exitcode=99',
    }


class Marks:
    """The coverage of one run, split among the cases of a GTest program as it names them.

    The program goes on while its output is read, so what is marked between two names may be of either.
    """

    def __init__(self, path, n_sites):
        self.path = path
        self.n_sites = n_sites
        self.cases = collections.defaultdict(set)
        self.left = set()
        self.line = b''

    def take(self):
        with open(self.path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as marks:
            taken = marks[:]
            marks[:] = bytes(len(taken))
        return {number for number in range(1, self.n_sites + 1) if taken[number]}

    def see(self, output):
        lines, newline, rest = (self.line + output).rpartition(b'\n')
        self.line = rest
        names = [name.decode() for name in CASE.findall(lines + newline)]
        if names and self.path.exists():
            taken = self.take()
            for name in names:
                self.cases[name] |= taken | self.left
            self.left = taken

    def end(self):
        """What belongs to no case is anything's."""
        rest = self.left | self.take() if self.path.exists() else set()
        for sites in self.cases.values():
            sites |= rest
        return rest.union(*self.cases.values())


def read_all(pipe, output, marks):
    while chunk := os.read(pipe.fileno(), 65536):
        output.extend(chunk)
        if marks is not None:
            marks.see(chunk)


class Test:
    """One test of the build, as Meson would run it."""

    def __init__(self, entry, env):
        self.name = entry['name']
        self.suite = entry['suite'][0].split(':')[-1] if entry['suite'] else ''
        self.command = entry['cmd']
        self.folder = entry['workdir']
        self.env = {**env, **entry['env']}
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.reached = frozenset()
        self.cases = {}
        self.good = {}

    def to_json(self):
        return {'seconds': self.seconds, 'cpu_seconds': self.cpu_seconds,
                'reached': sorted(self.reached),
                'cases': {name: sorted(numbers) for name, numbers in self.cases.items()}}

    def from_json(self, known):
        self.seconds = known['seconds']
        self.cpu_seconds = known['cpu_seconds']
        self.reached = frozenset(known['reached'])
        self.cases = {name: set(numbers) for name, numbers in known['cases'].items()}

    def choose_cases(self, site):
        """The cases of a GTest program that come to the site; none for all."""
        cases = [name for name, numbers in self.cases.items() if site in numbers]
        return () if len(cases) > len(self.cases) * 2 // 3 else tuple(cases)

    def run(self, extra, cases=(), marks=None):
        for _ in range(3):
            outcome = self.run_once(extra, cases, marks)
            # Killed by somebody else, for want of memory maybe: that says nothing.
            if outcome.detail != 'SIGKILL':
                break
        return outcome

    def run_once(self, extra, cases, marks):
        env = {**os.environ, **self.env, **extra}
        command = self.command + [word for name in cases for word in ('-p', name)]
        limits = (300, 900) if marks else (5 + 4 * self.cpu_seconds, 60 + 10 * self.seconds)
        output = bytearray()
        start = time.monotonic()
        with subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              start_new_session=True) as process:
            RUNNING.add(process.pid)
            reader = threading.Thread(target=read_all, args=(process.stdout, output, marks))
            reader.start()
            cpu_seconds, stuck = watch(process, *limits)
            # What the test has started goes too, and with it the other end of the pipe.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            RUNNING.discard(process.pid)
            reader.join()
        text = output.decode(errors='replace')
        outcome = Outcome(False, seconds=time.monotonic() - start, cpu_seconds=cpu_seconds, output=text)
        if stuck:
            outcome.fail('hang', stuck)
        elif process.returncode != 0 or re.search(r'^not ok (?!.*# TODO)', text, re.M):
            outcome.fail(*describe(process.returncode, text))
        return outcome

    def run_mutation(self, site):
        """Runs what comes to the site, without it. Some cases alone must pass with it."""
        cases = self.choose_cases(site)
        outcome = self.run({'RILL_MUTATION': str(site)}, cases)
        if outcome.failed and cases:
            if cases not in self.good:
                self.good[cases] = not self.run({}, cases).failed
            if not self.good[cases]:
                outcome = self.run({'RILL_MUTATION': str(site)})
        return outcome


def stop_all():
    for group in list(RUNNING):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass


def load_tests(build, suites):
    listed = json.loads(subprocess.run(['meson', 'introspect', '--tests', build],
                                       stdout=subprocess.PIPE, check=True).stdout)
    env = make_sanitizer_env(build.parent)
    tests = [Test(entry, env) for entry in listed]
    return [test for test in tests
            if test.suite not in ('api', 'doc') and (not suites or test.suite in suites)]


def measure_one(test, folder, n_sites):
    path = folder / (test.name + '.marks')
    path.unlink(missing_ok=True)
    marks = Marks(path, n_sites)
    outcome = test.run({'RILL_MUTATION_COVERAGE': str(path)}, marks=marks)
    if outcome.failed:
        (folder / (test.name + '.log')).write_text(outcome.output)
        return outcome
    test.reached = frozenset(marks.end())
    test.cases = dict(marks.cases)
    test.seconds = outcome.seconds
    test.cpu_seconds = outcome.cpu_seconds
    return outcome


def measure(tests, folder, n_sites, jobs, say):
    """Runs each test as it is: it must pass, and marks the sites that it comes to."""
    folder.mkdir(parents=True, exist_ok=True)
    known_path = folder / 'known.json'
    known = json.loads(known_path.read_text()) if known_path.exists() else {}
    left = [test for test in tests if test.name not in known]
    for test in tests:
        if test.name in known:
            test.from_json(known[test.name])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(measure_one, test, folder, n_sites): test for test in left}
        for future in concurrent.futures.as_completed(futures):
            test, outcome = futures[future], future.result()
            if outcome.failed:
                say(f'{test.name} fails as it is and is left out: {outcome.how}: {outcome.detail}'
                    f' ({folder / (test.name + ".log")})')
            else:
                say(f'{test.name}: {test.seconds:.1f} s, {len(test.reached)} sites')
            known[test.name] = test.to_json()
            known_path.write_text(json.dumps(known))


SLOW_SECONDS = 20

# Where a step of the kind is missed first.
FIRST_SUITES = {
    'flush': ('non-coherent',),
    'invalidate': ('non-coherent',),
    'barrier': ('gpu', 'integrated', 'non-coherent'),
    'wait': ('small-heap', 'non-coherent', 'integrated'),
    'rounding': ('non-coherent', 'integrated', 'discrete'),
}
OTHER_SUITES = ('unit', 'gpu', 'staging')


def get_order(test, site, known):
    """First what has caught a neighbour, then where such a step is missed first, then what is fast. What
    takes long comes last."""
    suites = FIRST_SUITES.get(site.kind, ()) + OTHER_SUITES
    rank = suites.index(test.suite) if test.suite in suites else len(suites)
    likely = 2
    slow = test.seconds > SLOW_SECONDS
    for entry in known.values():
        if entry.get('test') == test.name and entry['kind'] == site.kind:
            if entry['file'] == site.path.name and entry['function'] == site.function:
                return (slow, 0, rank, test.seconds)
            if entry['file'] == site.path.name or entry['text'] == site.text:
                likely = 1
    return (slow, likely, rank, test.seconds)
