#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the benchmark reads the answers of other services. A stand-in replaces each binary."""

import json
import pathlib
import tempfile
import unittest

from loads import Spoilt
from rivals import LOAD, RECIPES, Rival, rivals_in
from rows import rows_beside
from services import blanks_filled

# Listens where a binary of this name would, and gives the same answers. It finds the closed limit
# by its name in the body.
STAND_IN = '''#!/usr/bin/python3
import http.server, os, pathlib, sys

name = pathlib.Path(sys.argv[0]).name
after = {{"throttlecrab-server": "--http-port", "limitador-server": "-P"}}.get(name)
port = (sys.argv[sys.argv.index(after) + 1] if after
        else os.environ.get("GUBER_HTTP_ADDRESS", os.environ.get("PORT", "")).rpartition(":")[2])
answers = {{
    "throttlecrab-server": [(200, '{{"allowed":true}}'), (200, '{{"allowed":false}}')],
    "limitador-server": [(200, "null"), (429, "null")],
    "gubernator": [(200, '{{"responses":[{{"status": "UNDER_LIMIT"}}]}}'),
                   (200, '{{"responses":[{{"status": "OVER_LIMIT"}}]}}')],
    "ratelimit": [(200, '{{"overallCode": "OK"}}'), (429, '{{"overallCode": "OVER_LIMIT"}}')],
}}[name]
closed = 0

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global closed
        body = self.rfile.read(int(self.headers["Content-Length"]))
        closed += b"closed" in body
        status, text = answers[{denies} and b"closed" in body and closed > 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass

http.server.HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
'''


class Rivals(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def put(self, binary, denies=True):
        path = self.scratch / binary
        path.write_text(STAND_IN.format(denies=denies))
        path.chmod(0o755)

    def start(self, recipe):
        rival = Rival(str(self.scratch), recipe)
        self.addCleanup(rival.stop)
        rival.start(None, self.scratch / recipe.name)
        return rival

    def test_each_is_started_and_its_answers_are_told_apart(self):
        for recipe in RECIPES:
            with self.subTest(recipe.name):
                self.put(recipe.binary)
                rival = self.start(recipe)

                self.assertIn(rival.allowed, rival.ask(LOAD))
                self.assertIn(rival.denied, rival.send(recipe.closed))

    def test_one_that_never_denies_is_not_measured(self):
        for recipe in RECIPES:
            with self.subTest(recipe.name):
                self.put(recipe.binary, denies=False)

                with self.assertRaises(Spoilt):
                    self.start(recipe)

    def test_every_body_is_json_with_a_user_drawn_for_each_request(self):
        for recipe in RECIPES:
            with self.subTest(recipe.name):
                self.assertIn("u0000000", blanks_filled(recipe.open))
                json.loads(blanks_filled(recipe.open))
                json.loads(recipe.closed)

    def test_one_whose_binary_is_not_there_is_named_as_left_out(self):
        self.put("limitador-server")

        rivals, left_out = rivals_in(self.scratch)

        self.assertEqual([rival.recipe.name for rival in rivals],
                         ["limitador, memory", "limitador, redis"])
        self.assertEqual(left_out,
                         ["throttlecrab, memory", "gubernator, one node", "ratelimit, redis"])

    def test_sluice_stands_first_among_those_with_the_same_store(self):
        self.put("limitador-server")

        rows, _ = rows_beside(self.scratch)

        self.assertEqual([row.name for row in rows],
                         ["sluice, memory", "limitador, memory", "sluice, redis",
                          "limitador, redis"])


if __name__ == "__main__":
    unittest.main()
