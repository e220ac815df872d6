#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes out each step of the library that nobody misses until it is gone, and sees what misses it.

usage: mutate.py [--list] [--kind KIND …] [--site ID …] [--suite SUITE …] [--jobs N] [--again] [--table]

See README.md beside this file.
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.dont_write_bytecode = True

import kinds  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import sites  # noqa: E402

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
SETUP = ('-Dwerror=false', '-Dintrospection=disabled', '-Dvapi=disabled', '-Ddocs=disabled',
         '-Dexamples=disabled')
SANITIZE = ('-Db_sanitize=address', '-Db_lundef=false')


def say(text):
    print(text, file=sys.stderr, flush=True)


def call(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f'mutate.py: {" ".join(map(str, command))} has failed:\n{result.stdout[-6000:]}')
    return result.stdout


def write_if_changed(path, data, mode=None):
    """Leaves the time of a file that has this content, so that it is not built again."""
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if mode is not None:
        path.chmod(mode)


def list_files(source):
    if not (source / '.git').exists():
        return {path.relative_to(source) for path in source.rglob('*') if path.is_file()}
    listed = subprocess.run(
        ['git', '-C', source, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        stdout=subprocess.PIPE, check=True).stdout
    return {Path(os.fsdecode(name)) for name in listed.split(b'\0')
            if name and (source / os.fsdecode(name)).is_file()}


def copy_tree(source, target, replaced):
    """Makes the copy the same as the checkout, except for what is replaced."""
    wanted = list_files(source)
    for path in wanted:
        data = replaced.get(path)
        if data is None:
            data = (source / path).read_bytes()
        write_if_changed(target / path, data, (source / path).stat().st_mode)
    for path in target.rglob('*'):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()


def configure(tree, build, *options):
    if not (build / 'build.ninja').exists():
        call('meson', 'setup', build, tree, *SETUP, *options)


class Work:
    """The work folder: a copy of the checkout, one with all sites, and its build."""

    def __init__(self, folder):
        self.folder = folder
        self.plain = folder / 'plain'
        self.tree = folder / 'tree'
        self.build = folder / 'build'
        self.coverage = folder / 'coverage'
        self.known_sites = folder / 'sites.json'

    def find_sites(self):
        copy_tree(SOURCE, self.plain, {})
        build = self.folder / 'build-plain'
        configure(self.plain, build)
        call('ninja', '-C', build, 'lib/rill-enum-types.h')
        return sites.find_sites(build, self.plain / 'lib')

    def build_all(self, files):
        """Writes and builds the tree with the sites."""
        replaced = {}
        header = HERE / 'rill-mutation.h'
        n_sites = sum(len(file.sites) for file in files.values())
        runtime = (f'#define RILL_MUTATION_SITES {n_sites}\n#include "{header}"\n'
                   f'#include "{HERE / "rill-mutation.c"}"\n').encode()
        home = self.plain / 'lib' / 'core' / 'rill-debug.c'
        for path in {*files, home}:
            file = files.get(path) or sites.File(path)
            data = sites.rewrite(file, header)
            replaced[path.relative_to(self.plain)] = data + runtime if path == home else data
        copy_tree(self.plain, self.tree, replaced)
        configure(self.tree, self.build, *SANITIZE)
        call('ninja', '-C', self.build)
        found = [site.to_json() for file in files.values() for site in file.sites]
        self.known_sites.write_text(json.dumps(found))
        shutil.rmtree(self.coverage, ignore_errors=True)

    def load_sites(self):
        return [sites.Site.from_json(fields) for fields in json.loads(self.known_sites.read_text())]


class Results:
    """What became of each site, kept in a file after every one."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.sites = json.loads(path.read_text()) if path.exists() else {}

    def get(self, site):
        known = self.sites.get(site.id)
        return known if known and known['text'] == site.text else None

    def put(self, site, entry):
        with self.lock:
            self.sites[site.id] = {
                'kind': site.kind, 'file': site.path.name, 'function': site.function,
                'line': site.line, 'text': site.text, **entry,
            }
            self.save()

    def save(self):
        temporary = self.path.with_suffix('.new')
        temporary.write_text(json.dumps(self.sites, indent=1, sort_keys=True) + '\n')
        temporary.replace(self.path)

    def drop_absent(self, known):
        self.sites = {key: value for key, value in self.sites.items() if key in known}
        self.save()


def check_site(site, tests, results, options):
    """Runs what comes to the site until one fails."""
    known = results.get(site)
    if known and known['status'] == 'caught' and not options.again:
        return known
    tried = set(known.get('tried', ())) if known and not options.again else set()
    reaching = [test for test in tests if site.number in test.reached]
    reaching.sort(key=lambda test: runner.get_order(test, site, results.sites))
    entry = {'status': 'survived' if reaching else 'not reached', 'tried': sorted(tried)}
    for test in [test for test in reaching if test.name not in tried][:options.limit]:
        outcome = test.run_mutation(site.number)
        if outcome.failed:
            entry = {'status': 'caught', 'test': test.name, 'suite': test.suite,
                     'how': outcome.how, 'detail': outcome.detail}
            break
        tried.add(test.name)
        entry['tried'] = sorted(tried)
    if site.id in kinds.EQUIVALENT and entry['status'] != 'caught':
        entry['status'] = 'equivalent'
    results.put(site, entry)
    return entry


def check_all(chosen, tests, results, options):
    n_done = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = {pool.submit(check_site, site, tests, results, options): site
                   for site in chosen}
        try:
            for future in concurrent.futures.as_completed(futures):
                site, entry = futures[future], future.result()
                n_done += 1
                by = f' by {entry["test"]}: {entry["how"]}' if entry['status'] == 'caught' else ''
                say(f'{n_done}/{len(chosen)} {site.id}: {entry["status"]}{by}')
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            runner.stop_all()
            raise


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--list', action='store_true', help='print the sites and run nothing')
    parser.add_argument('--kind', action='append', choices=kinds.KINDS, help='only these kinds')
    parser.add_argument('--site', action='append', help='only these, by id or number')
    parser.add_argument('--suite', action='append', help='only tests of these suites')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='sites at the same time')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N tests for a site')
    parser.add_argument('--again', action='store_true', help='also what results are known for')
    parser.add_argument('--no-build', action='store_true', help='use the copy, the build and the coverage of before')
    parser.add_argument('--table', action='store_true', help='write the results into doc/testing.md')
    parser.add_argument('--work', type=Path, help='folder to work in',
                        default=Path(tempfile.gettempdir()) / 'rill-mutation')
    return parser.parse_args()


def main():
    options = parse_arguments()
    work = Work(options.work.resolve())
    work.folder.mkdir(parents=True, exist_ok=True)
    results = Results(work.folder / 'results.json')
    if options.table:
        report.write_table(SOURCE / 'doc' / 'testing.md', results.sites)
        return 0

    if options.no_build:
        found = work.load_sites()
    else:
        files = work.find_sites()
        found = [site for file in files.values() for site in file.sites]
    chosen = [site for site in found
              if (not options.kind or site.kind in options.kind)
              and (not options.site or site.id in options.site or str(site.number) in options.site)]
    if options.list:
        for site in chosen:
            print(f'{site.number}\t{site.kind}\t{site.id}\t{site.path.name}:{site.line}\t{site.text}')
        return 0
    if not chosen:
        sys.exit('mutate.py: there is no such site; --list prints all')

    results.drop_absent({site.id for site in found})
    if not options.no_build:
        work.build_all(files)
    tests = runner.load_tests(work.build, options.suite)
    say(f'{len(found)} sites, {len(tests)} tests')
    runner.measure(tests, work.coverage, len(found), options.jobs, say)
    check_all(chosen, tests, results, options)
    survived = report.summarize(chosen, results.sites)
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
