#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docker/compose.yaml as it stands there: two instances, a Redis, and callers behind a proxy.

Without SLUICE_IMAGE, a file of `docker save`, the image is made of SLUICE_BINARY and this machine's
libraries. Redis' image is always made like that, so no registry is needed. What the callers saw is
printed.
"""

import http.client
import os
import pathlib
import tarfile
import tempfile
import unittest

import engine
import stage
from engine import docker

CALLERS = 8
ENOUGH = 1000
LIMIT = 10 ** 9
ENDS = {"kill": "exited 137", "stop": "exited 0"}
BODY = {"user_id": "ada", "route_key": "/search"}


class Context(unittest.TestCase):
    """What a build sends to the engine."""

    def test_what_was_built_stays_at_home(self):
        for kit in engine.kits():
            with self.subTest(**kit), tempfile.NamedTemporaryFile() as archive:
                image = stage.tag("context")
                docker("build", "-q", "-t", image, "-f", "-", stage.TREE,
                       input="FROM scratch\nCOPY . /\nCMD [\"none\"]\n", env={**os.environ, **kit})
                container = docker("create", image)
                docker("export", "-o", archive.name, container)
                docker("rm", container)
                docker("rmi", image)
                with tarfile.open(archive.name) as copied:
                    names = {pathlib.PurePath(name).parts[0] for name in copied.getnames()}

                self.assertIn("src", names)
                self.assertFalse(names & {".git", "build", "data", "node_modules"})


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = stage.build_redis()
        cls.addClassCleanup(docker, "rmi", cls.redis)
        saved = os.environ.get("SLUICE_IMAGE")
        if saved is not None:
            cls.sluice = docker("load", "-q", "-i", saved).removeprefix("Loaded image: ")
        else:
            cls.sluice = stage.build_sluice(os.environ["SLUICE_BINARY"])
            cls.addClassCleanup(docker, "rmi", cls.sluice)

    def setUp(self):
        self.composed = stage.Composed(engine.composes()[0], self.sluice, self.redis)
        self.addCleanup(self.composed.down)
        self.composed.up()
        self.instances = self.composed.instances()

    def test_callers_lose_what_a_killed_instance_was_answering_and_nothing_else(self):
        app = self.post("/register", {"name": "demo"}, {"X-Admin-Token": stage.TOKEN})[1]
        self.fields = {"X-API-Key": app["api_key"]}
        self.post("/policy", {"route_key": BODY["route_key"], "limit": LIMIT,
                              "window_seconds": 86400}, self.fields)
        self.assertEqual(self.remaining(1), LIMIT)  # The other instance knows all of it at once.

        killed = self.seen_while("kill", 0)
        docker("start", self.instances[0])
        engine.wait_for(lambda: self.remaining(0) is not None, "it is back")
        stopped = self.seen_while("stop", 1)

        print(f"{CALLERS} callers, two instances. One was killed: {dict(killed)}. "
              f"One was stopped: {dict(stopped)}.", flush=True)
        self.assertLessEqual(set(killed), {200, 502})
        self.assertLessEqual(killed[502], CALLERS)
        self.assertEqual(set(stopped), {200})
        # An answer was charged once. A check without one may have been charged.
        answered = killed[200] + stopped[200]
        charged = LIMIT - self.remaining(0)
        self.assertTrue(answered <= charged <= answered + killed[502], (charged, answered))

    def seen_while(self, what, instance):
        """What callers see, from before `docker kill` or `docker stop` until after it."""
        proxy = stage.Nginx(*map(self.composed.address, self.instances))
        self.addCleanup(proxy.close)
        load = stage.Load(proxy.socket, BODY, self.fields, CALLERS)
        self.addCleanup(load.end)
        load.more(ENOUGH)
        docker(what, self.instances[instance])
        load.more(ENOUGH)
        load.end()
        self.assertEqual(self.composed.status(self.instances[instance]), ENDS[what])
        return load.seen

    def post(self, path, body, fields, instance=0):
        address = self.composed.address(self.instances[instance])
        connection = http.client.HTTPConnection(address, timeout=engine.PATIENCE_S)
        try:
            return stage.post(connection, path, body, fields)
        finally:
            connection.close()

    def remaining(self, instance):
        """What is left of the limit, or None if the instance cannot say so yet."""
        try:
            return self.post("/check", {**BODY, "cost": 0}, self.fields, instance)[1]["remaining"]
        except (OSError, KeyError):
            return None


if __name__ == "__main__":
    engine.begin(network=False)
    if stage.NGINX is None:
        engine.skip("nginx is not installed")
    if not engine.composes():
        engine.skip("no compose is installed")
    unittest.main(verbosity=2)
