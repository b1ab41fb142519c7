#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""examples/python/export.py beside the real service and a real Redis."""

import json
import subprocess
import unittest

import stage

SCRIPT = stage.EXAMPLES / "python" / "export.py"


class Export(unittest.TestCase):
    def setUp(self):
        self.redis = stage.Redis()
        self.addCleanup(self.redis.close)
        self.socket = self.redis.url.removeprefix("unix://")
        self.service = stage.Service(1000, options=["--engine", "redis", "--redis-url",
                                                    self.redis.url, "--redis-timeout-ms", "5000"])
        self.addCleanup(self.service.close)
        self.check("ada")
        self.stream = self.wait_for_stream()
        self.app_id = self.stream.split("{")[1].rstrip("}")

    def ask_redis(self, *words):
        return subprocess.check_output(["redis-cli", "-s", self.socket, *words], text=True)

    def wait_for_stream(self):
        stage.wait_for(lambda: self.ask_redis("KEYS", "sluice:log:*").strip(), "a stream")
        return self.ask_redis("KEYS", "sluice:log:*").strip()

    def check(self, user):
        stage.post(self.service.url + "/check", self.service.key,
                   {"user_id": user, "route_key": "/a"})

    def log(self):
        fields = {"X-API-Key": self.service.key}
        return json.loads(stage.get(self.service.url + "/logs/latest", fields)[2])

    def export(self, count, *after):
        script = subprocess.Popen(["/usr/bin/python3", "-B", SCRIPT, self.socket, self.app_id,
                                   *after], text=True, stdout=subprocess.PIPE)
        try:
            return [json.loads(script.stdout.readline()) for _ in range(count)]
        finally:
            stage.end(script)
            script.stdout.close()

    def test_each_decision_is_a_line(self):
        for user in "bob", "cem":
            self.check(user)

        lines = self.export(3)

        self.assertEqual([line["user_id"] for line in lines], ["ada", "bob", "cem"])
        self.assertEqual([line["id"] for line in lines],
                         [entry["id"] for entry in reversed(self.log())])

    def test_it_goes_on_behind_a_line(self):
        self.check("bob")

        first = self.export(1)[0]
        second = self.export(1, first["after"])[0]

        self.assertEqual((first["user_id"], second["user_id"]), ("ada", "bob"))

    def test_an_entry_that_is_there_twice_is_one_line(self):
        entry = self.ask_redis("XRANGE", self.stream, "-", "+").splitlines()
        self.ask_redis("XADD", self.stream, "*", "e", entry[2], "o", entry[4])
        self.check("bob")

        lines = self.export(2)

        self.assertEqual([line["user_id"] for line in lines], ["ada", "bob"])


if __name__ == "__main__":
    unittest.main()
