#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""examples/python/grants.py in front of the real service. usage: test_grants.py memory|redis"""

import os
import subprocess
import sys

import stage

sys.path.insert(0, str(stage.EXAMPLES / "python"))
import grants  # noqa: E402

POLICY = """
apps:
  - name: toy
    api_key_env: TOY_API_KEY
    policies:
      - route_key: "*"
        by: org
        {rule}
"""
ROUTE, CALLER = "/v1/search", {"org": "acme"}
# A client in a process of its own: decides so many times and says how often it let pass.
CLIENT = """
import sys
sys.path.insert(0, sys.argv[1])
from grants import Grants
shared = Grants("/v1/search", {"org": "acme"}, timeout_s=30)
print(sum(shared.allow() for _ in range(int(sys.argv[2]))))
shared.close()
"""


class Clients(stage.OnEngine):
    def given(self, limit, rule="limit: {limit}\n        window_seconds: 86400"):
        self.serve(POLICY.format(rule=rule.format(limit=limit)))
        os.environ.update(SLUICE_URL=self.service.url, SLUICE_API_KEY=self.service.key)

    def client(self, **options):
        client = grants.Grants(ROUTE, CALLER, timeout_s=stage.PATIENCE_S, **options)
        self.addCleanup(client.close)
        return client

    def in_other_processes(self, count, decisions):
        """How many each of these clients let pass; all of them at once."""
        command = ["/usr/bin/python3", "-B", "-c", CLIENT, stage.EXAMPLES / "python",
                   str(decisions)]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                   for _ in range(count)]
        return [int(client.communicate(timeout=stage.PATIENCE_S)[0]) for client in clients]

    def requests(self):
        figures = stage.get(self.service.url + "/metrics")[2].splitlines()
        return sum(int(line.split()[1]) for line in figures
                   if line.startswith("sluice_http_requests_total{")
                   and ('"/check"' in line or '"/charge"' in line))

    def left(self):
        looking = grants.Grants(ROUTE, CALLER, timeout_s=stage.PATIENCE_S)
        answer = looking.post("/check", {"cost": 0})
        looking.close()
        return answer["remaining"]

    def test_a_hundred_thousand_decisions_cost_few_requests(self):
        self.given(1_000_000)
        client = self.client()

        passed = sum(client.allow() for _ in range(100_000))
        client.close()

        self.assertEqual(passed, 100_000)
        self.assertLess(self.requests(), 500)
        self.assertEqual(self.left(), 900_000)

    def test_a_denied_client_asks_no_more(self):
        self.given(1200)
        client = self.client()

        passed = sum(client.allow() for _ in range(100_000))

        self.assertEqual(passed, 1200)
        self.assertLess(self.requests(), 10)

    def test_four_clients_at_once_let_no_more_pass_than_the_limit(self):
        self.given(60_000)

        passed = self.in_other_processes(4, 25_000)

        self.assertEqual(sum(passed), 60_000 - self.left())
        self.assertLess(self.requests(), 500)

    def test_what_is_given_back_is_there_for_others(self):
        self.given(1000)
        first = self.client(units=1000)
        self.assertTrue(first.allow())
        self.assertEqual(self.left(), 0)

        first.close()

        self.assertEqual(self.left(), 999)
        self.assertEqual(self.in_other_processes(1, 2000), [999])

    def test_a_fast_bucket_costs_few_requests_too(self):
        self.given(500, "algorithm: token_bucket\n        rate: 500/s")
        client = self.client()

        passed = sum(client.allow() for _ in range(500))

        self.assertEqual(passed, 500)
        self.assertLess(self.requests(), 100)

    def test_a_policy_that_is_switched_off_lets_all_pass(self):
        self.given(5, "is_active: false\n        limit: 5\n        window_seconds: 60")
        client = self.client()

        self.assertEqual(sum(client.allow() for _ in range(1000)), 1000)

    def test_without_an_answer_nothing_passes(self):
        self.given(1000)
        client = self.client()
        self.service.stop()

        self.assertFalse(client.allow())


if __name__ == "__main__":
    stage.OnEngine.run_all()
