#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What each example does in front of a toy API. usage: test_examples.py python|node|go|nginx"""

import sys
import unittest

import stage

PATIENT_MS = 30000
HURRIED_MS = 200
REQUESTS = 20


class Example(unittest.TestCase):
    def given(self, fail="open", timeout_ms=PATIENT_MS, limit=1000, at_socket_file=False):
        self.service = stage.Service(limit, at_socket_file)
        self.addCleanup(self.service.close)
        self.front = FRONT(self.service, fail, timeout_ms)
        self.addCleanup(self.front.close)

    def given_stranger(self, answer=b"", closing=None):
        self.service.stop()
        stranger = stage.Stranger(self.service, answer, closing)
        self.addCleanup(stranger.close)
        return stranger

    def served(self, fields=None):
        status, headers, body = stage.get(self.front.url, fields)
        self.assertEqual((status, body), (200, "hello\n"))
        return headers

    def refused(self, status, fields=None):
        got, headers, body = stage.get(self.front.url, fields)
        self.assertEqual(got, status)
        self.assertNotIn("hello", body)
        return headers

    def test_what_is_allowed_is_served_with_the_fields(self):
        self.given()

        headers = self.served()

        self.assertIn("r=999", headers["RateLimit"])
        self.assertIn("q=1000", headers["RateLimit-Policy"])
        self.assertNotIn("Retry-After", headers)

    def test_what_is_denied_is_refused_with_the_wait(self):
        self.given(limit=3)
        for _ in range(3):
            self.served()

        headers = self.refused(429)

        self.assertIn(int(headers["Retry-After"]), range(3500, 3601))
        self.assertIn("r=0", headers["RateLimit"])
        self.assertIn("q=3", headers["RateLimit-Policy"])

    def test_a_socket_file_does_as_well(self):
        self.given("closed", limit=2, at_socket_file=True)
        for _ in range(2):
            self.served()
        self.refused(429)
        self.service.stop()
        self.refused(503)

        self.service.start()

        self.served()

    def test_open_serves_while_the_service_is_stopped_and_limits_afterwards(self):
        self.given(limit=1)
        self.served()
        self.refused(429)
        self.service.stop()

        for _ in range(3):
            self.assertNotIn("RateLimit", self.served())
        self.service.start()

        self.served()
        self.refused(429)

    def test_closed_refuses_while_the_service_is_stopped_and_serves_afterwards(self):
        self.given("closed")
        self.served()
        self.service.stop()

        for _ in range(3):
            self.assertEqual(self.refused(503)["Retry-After"], "1")
        self.service.start()

        self.served()

    def test_open_serves_when_nothing_is_said_in_time(self):
        self.given("open", HURRIED_MS)
        self.given_stranger()

        self.served()

    def test_closed_refuses_when_nothing_is_said_in_time(self):
        self.given("closed", HURRIED_MS)
        self.given_stranger()

        self.assertEqual(self.refused(503)["Retry-After"], "1")

    def test_what_timed_out_is_not_asked_again(self):
        self.given("open", HURRIED_MS)
        stranger = self.given_stranger()

        for asked in range(1, 4):
            self.served()

            self.assertEqual(stranger.checks, asked)

    def test_errors_of_the_service_are_no_decision(self):
        for status in ("401 Unauthorized", "403 Forbidden", "404 Not Found", "503 Unavailable"):
            answer = f"HTTP/1.1 {status}\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n".encode()
            for fail in ("open", "closed"):
                with self.subTest(status=status, fail=fail):
                    self.given(fail)
                    self.given_stranger(answer)

                    if fail == "open":
                        self.assertNotIn("Retry-After", self.served())
                    else:
                        self.assertEqual(self.refused(503)["Retry-After"], "1")

    def test_one_connection_is_kept_for_requests_that_follow_each_other(self):
        self.given()
        if not self.front.keeps_connections:
            self.skipTest("keeps none")

        for _ in range(REQUESTS):
            self.served()

        # The other one asks for the figure.
        stage.wait_for(lambda: self.service.connections() == 2, "one connection is kept")

    def test_a_connection_that_was_closed_while_idle_costs_no_request(self):
        self.given("closed")
        self.served()
        self.service.stop()
        self.service.start()

        self.served()

    def test_a_connection_that_closes_under_a_check_is_replaced_when_it_was_used_before(self):
        self.given("closed")
        stranger = self.given_stranger(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2)

        self.served()
        self.served()

        self.assertEqual(stranger.checks, 3 if self.front.keeps_connections else 2)

    def test_a_new_connection_that_closes_under_a_check_is_not_replaced(self):
        self.given("closed")
        stranger = self.given_stranger(closing=1)

        self.refused(503)

        self.assertEqual(stranger.checks, 1)

    def test_subjects_are_counted_apart(self):
        self.given(limit=1)
        self.need_subjects()
        self.served({"X-User": "ada"})

        self.served({"X-User": 'grace","cost":"0'})
        self.refused(429, {"X-User": "ada"})
        self.refused(429, {"X-User": 'grace","cost":"0'})

    def test_nobody_passes_by_a_subject_that_cannot_be_taken(self):
        self.given("open")
        self.need_subjects()

        self.refused(400, {"X-User": "a" * 300})

    def need_subjects(self):
        if not self.front.subjects:
            self.skipTest("counts by address")


if __name__ == "__main__":
    available, FRONT = stage.FRONTS[sys.argv.pop(1)]
    stage.run_all(available())
