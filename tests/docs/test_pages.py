#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reading a page, and noticing a wrong output. No service is started."""

import unittest

from pages import Block, Unclear, blocks_of, prints
from run_blocks import run_block
from session import Session


def page(*lines):
    return "\n".join(lines) + "\n"


ONE = page("# Title", "```sh", "echo a", "```", "```json", "a", "```")


class Blocks(unittest.TestCase):
    def test_commands_have_what_the_next_block_shows(self):
        [block] = blocks_of(ONE)

        self.assertEqual((block.line, block.text, block.expected), (2, "echo a\n", "a\n"))

    def test_commands_before_other_commands_have_nothing_to_show(self):
        first, second = blocks_of(page("```sh", "a", "```", "text", "```sh", "b", "```"))

        self.assertIsNone(first.expected)
        self.assertIsNone(second.expected)

    def test_what_stands_under_another_heading_is_not_shown_by_the_commands(self):
        [block] = blocks_of(page("```sh", "a", "```", "## Next", "```json", "{}", "```"))

        self.assertIsNone(block.expected)

    def test_the_reason_for_not_running_is_kept(self):
        [block] = blocks_of(page("<!-- not run: builds -->", "```sh", "./dev run", "```"))

        self.assertEqual(block.not_run, "builds")

    def test_a_reason_that_is_not_on_the_line_before_is_none(self):
        [block] = blocks_of(page("<!-- not run: builds -->", "", "```sh", "a", "```"))

        self.assertEqual(block.not_run, "")

    def test_other_languages_are_not_run(self):
        self.assertEqual(blocks_of(page("```yaml", "listen: x", "```")), [])

    def test_a_block_without_a_language_that_follows_no_commands_is_unclear(self):
        with self.assertRaises(Unclear):
            blocks_of(page("```", "what is this", "```"))

    def test_a_language_that_nobody_knows_is_unclear(self):
        with self.assertRaises(Unclear):
            blocks_of(page("```shell", "ls", "```"))

    def test_what_would_change_the_machine_is_never_run(self):
        for commands in ("sudo ls", "ls >/etc/sluice", "docker compose up"):
            with self.assertRaises(Unclear):
                blocks_of(page("```sh", commands, "```"))

    def test_a_block_without_an_end_is_unclear(self):
        with self.assertRaises(Unclear):
            blocks_of(page("```sh", "ls"))


class Printed(unittest.TestCase):
    def test_the_same_text_is_right(self):
        self.assertTrue(prints("a\nb\n", "a\nb\n"))

    def test_another_text_is_wrong(self):
        self.assertFalse(prints('{"allowed":true}\n', '{"allowed":false}\n'))

    def test_a_line_too_many_or_too_few_is_wrong(self):
        self.assertFalse(prints("a\n", "a\nb\n"))
        self.assertFalse(prints("a\nb\n", "a\n"))

    def test_an_ellipsis_stands_for_anything_within_its_line(self):
        self.assertTrue(prints('{"key":"slk_…","n":1}\n', '{"key":"slk_abc","n":1}\n'))
        self.assertFalse(prints('{"key":"slk_…","n":1}\n', '{"key":"slk_abc","n":2}\n'))
        self.assertFalse(prints("a…b\n", "a\nb\n"))

    def test_a_line_of_an_ellipsis_stands_for_any_number_of_lines(self):
        for printed in ("a\nz\n", "a\nb\nz\n", "a\nb\nc\nz\n"):
            self.assertTrue(prints("a\n…\nz\n", printed))
        self.assertFalse(prints("a\n…\nz\n", "a\nb\n"))

    def test_signs_of_patterns_are_plain_text(self):
        self.assertFalse(prints("a.c\n", "abc\n"))

    def test_lines_of_a_head_may_be_left_out_but_not_swapped(self):
        answer = "HTTP/1.1 429 Too Many Requests\nDate: x\nRetry-After: 58\nServer: y\n\n{}\n"

        self.assertTrue(prints("HTTP/1.1 429 Too Many Requests\nRetry-After: 58\n\n{}\n", answer))
        self.assertFalse(prints("HTTP/1.1 200 OK\nRetry-After: 58\n", answer))
        self.assertFalse(prints("HTTP/1.1 429 Too Many Requests\nRetry-After: 5\n", answer))
        self.assertFalse(prints("HTTP/1.1 429 Too Many Requests\nServer: y\nDate: x\n", answer))


class Ran:
    """A session in which all commands have the same result."""

    def __init__(self, status, printed):
        self.done = status, printed

    def run(self, _):
        return self.done


class Runs(unittest.TestCase):
    shown = Block(1, "sh", "curl", expected="a\n")
    silent = Block(1, "sh", "curl")

    def test_a_wrong_output_is_a_fault_that_shows_both(self):
        fault = run_block(Ran(0, "b\n"), self.shown)

        self.assertIn("a\n", fault)
        self.assertIn("b\n", fault)

    def test_a_right_output_is_none_whatever_the_status(self):
        self.assertIsNone(run_block(Ran(78, "a\n"), self.shown))

    def test_where_nothing_is_shown_the_commands_must_succeed(self):
        problem = '{"type":"urn:sluice:problem:bad-key"}'

        self.assertIsNone(run_block(Ran(0, "whatever"), self.silent))
        self.assertIsNotNone(run_block(Ran(1, ""), self.silent))
        self.assertIsNotNone(run_block(Ran(0, problem), self.silent))


class Ports(unittest.TestCase):
    text = "curl http://127.0.0.1:8080/livez redis://127.0.0.1:6379/0 http://localhost:8081/"

    def setUp(self):
        self.session = Session("sluice", "", self.text)

    def test_every_port_is_another_on_the_way_in_and_itself_on_the_way_out(self):
        inward = self.session.inward(self.text)

        for port in ("8080", "6379", "8081"):
            self.assertNotIn(f":{port}/", inward)
        self.assertEqual(self.session.outward(inward), self.text)

    def test_ports_are_different(self):
        self.assertEqual(len(set(self.session.ports.values())), 3)


if __name__ == "__main__":
    unittest.main()
