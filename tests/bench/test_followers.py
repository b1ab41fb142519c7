#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the benchmark counts of the log's readers, and of h2load's answers. No program is started
here."""

import itertools
import socket
import threading
import unittest

import followers
import h2load
from followers import EVENT, Follower, Followers
from loads import Spoilt

ENTRY = b"id: 0123456789abcdef-1\n" + EVENT + b"data: {}\n\n"


class Streams:
    """A service whose log has a decision, then another one, and so on, for whoever asks."""

    def __init__(self, status=b"200 OK", entries=1):
        self.status, self.entries = status, entries
        self.asked = []
        self.ends = []

    def connect(self, timeout_s):
        here, there = socket.socketpair()
        here.settimeout(timeout_s)
        self.ends.append(there)
        threading.Thread(target=self._answer, args=(there,)).start()
        return here

    def _answer(self, there):
        self.asked.append(there.recv(1000))
        there.sendall(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        there.sendall(ENTRY * self.entries)

    def close(self):
        for end in self.ends:
            end.close()


class Events(unittest.TestCase):
    def counted(self, *pieces):
        follower = Follower.__new__(Follower)
        follower.events, follower.rest = 0, b""
        for piece in pieces:
            follower.take(piece)
        return follower.events

    def test_each_is_counted_once_wherever_the_pieces_end(self):
        text = ENTRY * 3

        for cut, other in itertools.combinations(range(len(text)), 2):
            self.assertEqual(self.counted(text[:cut], text[cut:other], text[other:]), 3)

    def test_a_gap_or_a_heartbeat_is_no_decision(self):
        self.assertEqual(self.counted(b": heartbeat\n\nevent: gap\ndata: {}\n\n"), 0)


class Reading(unittest.TestCase):
    def follow(self, count, **options):
        service = Streams(**options)
        self.addCleanup(service.close)
        return service, Followers(service, ["key a", "key b"], count)

    def test_all_but_the_first_read_and_the_apps_take_turns(self):
        service, several = self.follow(4, entries=5)

        with several as reading:
            self.assertEqual(reading.wait_for_events([5, 5]), 15)

        self.assertEqual([follower.events for follower in several.followers], [0, 5, 5, 5])
        self.assertEqual(sum(b"key a" in asked for asked in service.asked), 2)

    def test_without_readers_there_is_nothing_to_wait_for(self):
        _, nobody = self.follow(0)

        with nobody as reading:
            self.assertEqual(reading.wait_for_events([5, 5]), 0)

    def test_a_reader_that_is_refused_spoils_the_figures(self):
        _, refused = self.follow(1, status=b"429 Too Many Requests")

        with self.assertRaisesRegex(Spoilt, "429"):
            refused.__enter__()

    def test_events_that_do_not_come_spoil_the_figures(self):
        _, hungry = self.follow(2, entries=4)
        patience, followers.PATIENCE_S = followers.PATIENCE_S, 0.01
        self.addCleanup(setattr, followers, "PATIENCE_S", patience)

        with hungry as reading, self.assertRaises(Spoilt):
            reading.wait_for_events([5, 5])


class Answers(unittest.TestCase):
    def test_a_percentile_is_the_time_that_so_many_kept(self):
        lines = [f"1795270335042999\t200\t{time_us}\n" for time_us in range(100_000, 0, -1000)]

        self.assertEqual(h2load.percentile_ms(lines, 50), 50)
        self.assertEqual(h2load.percentile_ms(lines, 99), 99)
        self.assertEqual(h2load.percentile_ms(lines[:1], 99), 100)


if __name__ == "__main__":
    unittest.main()
