# SPDX-License-Identifier: MIT
"""How pages are read, and what counts as a difference."""

import unittest

import pages

PAGE = """Text.

```sh
one
```
```json
{"a":…}
```

<!-- not run: because -->
```sh
two
```

```
no output of anything
```

```sh
three
```
"""


class Reading(unittest.TestCase):
    def test_command_blocks_have_what_is_shown_behind_them(self):
        one, two, three = pages.read(PAGE)

        self.assertEqual((one.commands, one.shown, one.why_not), ("one\n", ['{"a":…}'], ""))
        self.assertEqual((two.commands, two.shown, two.why_not), ("two\n", [], "because"))
        self.assertEqual((three.commands, three.shown, three.line), ("three\n", [], 19))


class Comparing(unittest.TestCase):
    def test_what_differs_from_run_to_run_is_passed_over(self):
        self.assertEqual(pages.difference(['{"a":…,"b":2}', "x"], ['{"a":71,"b":2}', "x"]), "")

    def test_another_value_is_a_difference(self):
        self.assertIn("shown is", pages.difference(['{"a":…,"b":2}'], ['{"a":71,"b":3}']))

    def test_lines_that_are_missing_or_too_many_are_a_difference(self):
        self.assertIn("2 lines are shown", pages.difference(["a", "b"], ["a"]))
        self.assertIn("1 lines are shown", pages.difference(["a"], ["a", "b"]))

    def test_where_nothing_is_shown_anything_may_come(self):
        self.assertEqual(pages.difference([], ["a"]), "")


if __name__ == "__main__":
    unittest.main()
