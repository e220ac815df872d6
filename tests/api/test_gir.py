# SPDX-License-Identifier: MIT
"""The GIR: equal to its baseline, and free of what the scanner lets pass but bindings trip over."""

import os
import re
import unittest

import gir
from common import API, LIB, RENEW, difference

NAMESPACE = gir.load(os.environ['RILL_GIR'])

# Basic types whose pointer means an array or an out parameter, which the scanner guesses wrong.
NUMBERS = {
    'gboolean', 'gchar', 'guchar', 'gdouble', 'gfloat', 'gint', 'guint', 'gint8', 'guint8', 'gint16',
    'guint16', 'gint32', 'guint32', 'gint64', 'guint64', 'glong', 'gulong', 'gsize', 'gssize',
}


def callables():
    """Every function that a binding can call, with its name."""
    for kind, name, element, _ in gir.walk(NAMESPACE):
        if kind in gir.CALLABLES and element.get('introspectable', '1') == '1':
            yield name, element


def comments():
    """Text of the documentation comment of each C function."""
    found = {}
    for path in LIB.rglob('*.c'):
        for comment in re.findall(r'/\*\*\n(.*?)\*/', path.read_text(), re.DOTALL):
            name = re.match(r'\s*\*\s*(rill_\w+):', comment)
            if name:
                found[name.group(1)] = comment
    return found


class Baseline(unittest.TestCase):
    maxDiff = None

    def test_baseline(self):
        expected = (API / 'Rill-1.gir.baseline').read_text().splitlines()
        text = difference(expected, gir.lines(NAMESPACE), 'tests/api/Rill-1.gir.baseline')
        if text:
            self.fail('\n' + text + '\n' + RENEW)


class Lint(unittest.TestCase):
    maxDiff = None

    def test_everything_is_documented(self):
        missing = []
        for kind, name, element, _ in gir.walk(NAMESPACE):
            if kind == 'field' or kind == 'record' and element.get('disguised') == '1':
                continue
            if gir.child(element, 'doc') is None:
                missing.append('%s %s' % (kind.replace('glib:', ''), name))
        self.assertEqual(missing, [])

    def test_parameters_are_documented(self):
        missing = []
        for name, element in callables():
            for parameter in gir.parameters(element, with_instance=True):
                if gir.child(parameter, 'doc') is None:
                    missing.append('%s: @%s' % (name, parameter.get('name')))
        self.assertEqual(missing, [])

    def test_transfer_of_parameters(self):
        missing = []
        for name, element in callables():
            for parameter in gir.parameters(element, with_instance=True):
                if gir.is_pointer(parameter) and parameter.get('transfer-ownership') is None:
                    missing.append('%s: @%s' % (name, parameter.get('name')))
        self.assertEqual(missing, [])

    def test_transfer_of_return_values(self):
        """The scanner guesses: only the comment shows that somebody has thought about it."""
        missing = []
        texts = comments()
        for name, element in callables():
            returned = gir.child(element, 'return-value')
            if returned is None or not gir.is_pointer(returned):
                continue
            comment = texts.get(element.get(gir.C + 'identifier'), '')
            if not re.search(r'\*\s*Returns:.*\(transfer (full|none|container|floating)\)', comment):
                missing.append(name)
        self.assertEqual(missing, [])

    def test_arrays_have_a_length(self):
        wrong = []
        for name, element in callables():
            siblings = gir.parameters(element)
            for value in siblings + gir.children(element, 'return-value'):
                text = gir.type_text(gir.type_of(value), siblings)
                if '[?]' in text or re.match(r'(\w+)\[zero-terminated\]', text) and \
                        text not in ('utf8[zero-terminated]', 'filename[zero-terminated]'):
                    wrong.append('%s: %s %s' % (name, text, value.get('name', 'returned')))
        self.assertEqual(wrong, [])

    def test_pointers_to_numbers_are_annotated(self):
        """A `const guint8 *` without (array) is one byte, a `guint *` without (out) an integer."""
        wrong = []
        for name, element in callables():
            for value in gir.parameters(element) + gir.children(element, 'return-value'):
                kind = gir.type_of(value)
                if kind is not None and gir.tag(kind) == 'type' and kind.get('name') in NUMBERS \
                        and '*' in kind.get(gir.C + 'type', '') and value.get('direction', 'in') == 'in':
                    wrong.append('%s: %s %s' % (name, kind.get(gir.C + 'type'), value.get('name', 'returned')))
        self.assertEqual(wrong, [])

    def test_no_bare_pointers_to_call_with(self):
        """GJS dies of what is not a pointer in a gpointer parameter."""
        wrong = []
        for name, element in callables():
            for value in gir.parameters(element):
                kind = gir.type_of(value)
                closure = any(p.get('closure') == str(i) for p in gir.parameters(element)
                              for i, q in enumerate(gir.parameters(element)) if q is value)
                if kind is not None and kind.get('name') in ('gpointer', 'gconstpointer') and not closure:
                    wrong.append('%s: @%s' % (name, value.get('name')))
        self.assertEqual(wrong, [])

    def test_no_caller_allocates(self):
        """Vala passes a pointer to a pointer."""
        wrong = []
        for name, element in callables():
            for value in gir.parameters(element):
                kind = gir.type_of(value)
                if value.get('caller-allocates') == '1' and kind.get('name') not in NUMBERS:
                    wrong.append('%s: @%s' % (name, value.get('name')))
        self.assertEqual(wrong, [])

    def test_flags_stay_below_bit_31(self):
        wrong = []
        for kind, name, element, parent in gir.walk(NAMESPACE):
            if kind == 'member' and gir.tag(parent) == 'bitfield' and int(element.get('value')) >= 1 << 31:
                wrong.append(name)
        self.assertEqual(wrong, [])

    def test_names_are_identifiers(self):
        wrong = [name for kind, name, element, _ in gir.walk(NAMESPACE)
                 if re.search(r'(^|\.)[0-9]', name)]
        self.assertEqual(wrong, [])

    def test_no_method_is_named_like_a_property(self):
        """GJS and Vala lose the method."""
        wrong = []
        for element in gir.children(NAMESPACE, 'class', 'interface'):
            methods = {method.get('name') for method in gir.children(element, 'method')}
            for item in gir.children(element, 'property'):
                if item.get('name').replace('-', '_') in methods:
                    wrong.append('%s.%s' % (element.get('name'), item.get('name')))
        self.assertEqual(wrong, [])

    def test_properties_have_a_getter(self):
        """One without is [NoAccessorMethod] in Vala."""
        wrong = []
        for element in gir.children(NAMESPACE, 'class', 'interface'):
            for item in gir.children(element, 'property'):
                if item.get('readable', '1') == '1' and item.get('getter') is None:
                    wrong.append('%s:%s' % (element.get('name'), item.get('name')))
        self.assertEqual(wrong, [])

    def test_async_functions_have_a_finish(self):
        missing = []
        for kind, name, element, parent in gir.walk(NAMESPACE):
            if kind in ('method', 'function') and name.endswith('_async'):
                names = {member.get('name') for member in parent}
                if element.get('name').removesuffix('_async') + '_finish' not in names:
                    missing.append(name)
        self.assertEqual(missing, [])
