# SPDX-License-Identifier: MIT
"""What became of the sites, as a summary and as the table of doc/testing.md."""

import kinds

BEGIN = '<!-- mutation table: written by tests/mutation/mutate.py --table -->'
END = '<!-- end of mutation table -->'


def summarize(chosen, known):
    """Prints the counts and what nothing has caught. Returns how many that are."""
    counts = {}
    missed = []
    for site in chosen:
        status = known[site.id]['status']
        counts[status] = counts.get(status, 0) + 1
        if status in ('survived', 'not reached'):
            missed.append(site)
    for site in missed:
        print(f'{known[site.id]["status"]}: {site.id}  ({site.path.name}:{site.line}: {site.text})')
    print(', '.join(f'{count} {status}' for status, count in sorted(counts.items())))
    return len(missed)


def escape(text):
    return text.replace('|', '\\|')


def get_row(key, entry):
    what, number = key.split(':')[2].rsplit('#', 1)
    step = f'{what} ({number})' if number != '1' else what
    if entry['status'] == 'caught':
        by = f'{entry["test"]}: {entry["how"]}'
    elif entry['status'] == 'equivalent':
        by = 'nothing can: ' + kinds.EQUIVALENT[key]
    else:
        by = entry['status']
    return f'| {entry["function"]} | {step} | {entry["kind"]} | {escape(by)} |'


def make_table(known):
    lines = []
    files = sorted({entry['file'] for entry in known.values()})
    n_caught = sum(entry['status'] == 'caught' for entry in known.values())
    lines.append(f'{len(known)} sites, {n_caught} caught.')
    for name in files:
        rows = sorted((entry['line'], key) for key, entry in known.items() if entry['file'] == name)
        lines += ['', f'### {name}', '', '| function | step | kind | caught by |', '|---|---|---|---|']
        lines += [get_row(key, known[key]) for _, key in rows]
    return '\n'.join(lines)


def write_table(path, known):
    text = path.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    path.write_text(f'{before}{BEGIN}\n\n{make_table(known)}\n\n{END}{after}')
