#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The benchmark's own arithmetic. Nothing is started here."""

import dataclasses
import pathlib
import re
import socket
import types
import unittest

import bench
import report
from loads import Meters
from peers import Hello, Nginx, Webdis
from rows import CLAIMS, ROWS, Claim
from services import blanks_filled, http_request
from sluice import Sluice

SOURCES = pathlib.Path(__file__).resolve().parents[2]


def repeats(figure, *values):
    return [{figure: value} for value in values]


class Claims(unittest.TestCase):
    claim = Claim("at most twice", "a", "cpu_us", 2.0, "b")

    def missed(self, *values):
        return report.is_missed(self.claim, values)

    def test_a_ratio_is_of_one_repeat(self):
        results = {"a": repeats("cpu_us", 10, 30), "b": repeats("cpu_us", 5, 10)}

        self.assertEqual(report.ratios(self.claim, results), [2, 3])

    def test_without_a_row_beside_it_the_figure_itself_counts(self):
        alone = dataclasses.replace(self.claim, beside="")

        self.assertEqual(report.ratios(alone, {"a": repeats("cpu_us", 7, 8)}), [7, 8])

    def test_the_bound_itself_holds(self):
        self.assertFalse(self.missed(2.0, 2.0, 2.0))

    def test_two_misses_of_three_are_not_enough(self):
        self.assertFalse(self.missed(3, 3, 1))
        self.assertTrue(self.missed(3, 3, 3))

    def test_most_of_many_repeats_have_to_miss(self):
        self.assertFalse(self.missed(3, 3, 3, 3, 1, 1, 1, 1))
        self.assertTrue(self.missed(3, 3, 3, 3, 3, 1, 1, 1, 1))

    def test_a_single_repeat_can_miss(self):
        self.assertTrue(self.missed(3))

    def test_a_claim_whose_rows_were_not_run_is_left_out(self):
        text, missed = report.claims_table([self.claim], {"a": repeats("cpu_us", 9)})

        self.assertNotIn(self.claim.text, text)
        self.assertEqual(missed, [])

    def test_a_missed_claim_is_returned_and_shown(self):
        results = {"a": repeats("cpu_us", 9), "b": repeats("cpu_us", 3)}

        text, missed = report.claims_table([self.claim], results)

        self.assertIn("MISSED", text)
        self.assertEqual(missed, [self.claim])

    def test_both_rows_of_a_missed_claim_are_measured_again(self):
        rows = [types.SimpleNamespace(name=name) for name in "abcd"]
        claims = [self.claim, dataclasses.replace(self.claim, row="c")]
        results = {"a": repeats("cpu_us", 9), "b": repeats("cpu_us", 3), "c": repeats("cpu_us", 3)}

        again = report.rows_to_repeat(rows, claims, results)

        self.assertEqual([row.name for row in again], ["a", "b"])

    def test_a_claim_without_figures_is_not_measured_again(self):
        rows = [types.SimpleNamespace(name="a")]

        self.assertEqual(report.rows_to_repeat(rows, [self.claim], {"a": []}), [])

    def test_every_claim_is_about_rows_that_there_are(self):
        names = [row.name for row in ROWS]

        for claim in CLAIMS:
            self.assertIn(claim.row, names)
            self.assertIn(claim.beside or claim.row, names)
        self.assertEqual(len(names), len(set(names)))


class Tables(unittest.TestCase):
    def test_the_median_is_shown_with_the_ends(self):
        self.assertEqual(report.spread([3, 1000, 2], 1), "3.0 (2.0..1,000.0)")
        self.assertEqual(report.spread([], 1), "-")

    def test_figures_are_aligned_to_the_right(self):
        text = report.table(["name", "n"], [["a", "1"], ["bb", "10"]])

        self.assertEqual(text.splitlines(), ["name   n", "----  --", "a      1", "bb    10"])


class Order(unittest.TestCase):
    def test_each_repeat_has_every_row_once(self):
        rows = list(range(7))

        for repeat in range(5):
            self.assertEqual(sorted(bench.in_turn(rows, repeat, 5)), rows)

    def test_repeats_begin_elsewhere_and_turn_round(self):
        self.assertEqual(bench.in_turn([1, 2, 3, 4], 0, 2), [1, 2, 3, 4])
        self.assertEqual(bench.in_turn([1, 2, 3, 4], 1, 2), [2, 1, 4, 3])


class Meter:
    """Of a process that is not there."""

    def __init__(self, used_us):
        self.used_us = used_us

    def cpu_us(self):
        return self.used_us

    def resident_bytes(self):
        return 0


class Requests(unittest.TestCase):
    def test_a_filled_template_has_the_length_it_announces(self):
        request = http_request("/check", [], '{"user_id":"u@number:100000@"}')

        head, body = blanks_filled(request).split("\r\n\r\n")

        self.assertEqual(body, '{"user_id":"u0000000"}')
        self.assertIn(f"Content-Length: {len(body)}", head)

    def test_equal_arrangements_share_a_service(self):
        self.assertEqual(Sluice(), Sluice())
        self.assertNotEqual(Sluice(), Sluice(label="another"))
        self.assertEqual(len({Hello(), Hello(), Nginx()}), 2)

    def test_a_cluster_is_named_by_two_of_its_nodes(self):
        service = Sluice(engine="redis", masters=3)
        service.redis_ports = [7001, 7002, 7003]

        self.assertEqual(service.redis_url(), "redis-cluster://127.0.0.1:7001,127.0.0.1:7002")

    def test_the_nodes_of_a_cluster_are_one_redis_together(self):
        service = Sluice(engine="redis", masters=2)
        service.processes = {"redis 1": Meter(200), "redis 2": Meter(100), "service": Meter(500)}
        service.redis_counts = lambda: (100, 10)
        meters = Meters(service)
        for process in service.processes.values():
            process.used_us *= 2

        figures = meters.figures(100)

        self.assertEqual((figures["redis_us"], figures["nodes_us"]), (3, [2, 1]))
        self.assertEqual(figures["cpu_us"], 5)

    def test_whoever_serves_no_socket_with_a_path_is_asked_at_the_port(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for service in (Sluice(), Hello(), Nginx(), Webdis()):
                service.port = listener.getsockname()[1]

                service.connect(5).close()


class Floor(unittest.TestCase):
    def pool(self, path):
        text = (SOURCES / path).read_text()
        return re.search(r"#define CONNECTION_POOL_BYTES +(.*)", text)[1]

    def test_its_connections_have_as_much_memory_as_the_services(self):
        self.assertEqual(self.pool("tests/bench/hello.c"), self.pool("src/http/http_server.c"))


if __name__ == "__main__":
    unittest.main()
