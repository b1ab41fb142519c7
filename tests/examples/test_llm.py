#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gateway of examples/llm in front of the real service. usage: test_llm.py memory|redis"""

import http.client
import json
import urllib.parse

import stage

BYTES_PER_TOKEN = 4
PATIENT_MS = 30000
# Small, and for a day, so that time gives nothing back.
CHANGES = {"rate: 60/m": "rate: 3/d", "rate: 200000/h": "rate: 5000/d",
           "rate: 1000000/m": "rate: 8000/d", "LLM_API_KEY": "TOY_API_KEY"}


def policies():
    text = (stage.EXAMPLES / "llm/sluice.yaml").read_text()
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Gateway(stage.OnEngine):
    def given(self, fail="open"):
        self.serve(policies())
        self.front = stage.Program(
            ["/usr/bin/python3", "-B", stage.EXAMPLES / "llm/gateway.py"], self.service, fail,
            PATIENT_MS)
        self.addCleanup(self.front.close)

    def call(self, org, user, tokens, prompt=100):
        """The gateway estimates `tokens`: some for the prompt, the others for the answer."""
        prompt = min(prompt, tokens)
        body = {"messages": [{"role": "user", "content": "x" * BYTES_PER_TOKEN * prompt}],
                "max_tokens": tokens - prompt}
        return self.post(body, {"X-Org": org, "X-User": user})

    def post(self, body, fields):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.front.url).netloc,
                                                timeout=stage.PATIENCE_S)
        try:
            connection.request("POST", "/v1/chat", json.dumps(body), fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def served(self, org, user, tokens):
        status, fields, answer = self.call(org, user, tokens)
        self.assertEqual((status, answer["choices"][0]["message"]["content"]), (200, "hello"))
        return self.left(fields)

    def denied(self, org, user, tokens, by):
        status, fields, answer = self.call(org, user, tokens)
        self.assertEqual((status, answer.get("denied_by")), (429, by))
        self.assertNotIn("choices", answer)
        return fields

    def left(self, fields):
        """What each limit has left, as the answer tells the caller."""
        items = [item.split(";") for item in fields.get("RateLimit", "").split(", ")]
        return {name.strip('"'): int(left.removeprefix("r=")) for name, left, _ in items}

    def test_three_limits_count_by_three_sets_of_subjects(self):
        self.given()

        self.assertEqual(self.served("acme", "ada", 1000),
                         {"user-requests": 2, "org-tokens": 4000, "pool": 7000})
        self.assertEqual(self.served("acme", "bob", 1000),
                         {"user-requests": 2, "org-tokens": 3000, "pool": 6000})
        # Another user, because the organisation is another one.
        self.assertEqual(self.served("globex", "ada", 1000),
                         {"user-requests": 2, "org-tokens": 4000, "pool": 5000})

    def test_each_limit_denies_at_its_own_number(self):
        self.given()
        for _ in range(3):
            self.served("acme", "ada", 1000)

        self.denied("acme", "ada", 1, ["user-requests"])
        self.denied("acme", "bob", 2001, ["org-tokens"])
        self.denied("acme", "ada", 2001, ["user-requests", "org-tokens"])
        self.assertEqual(self.served("acme", "bob", 2000)["org-tokens"], 0)

    def test_a_pool_that_is_used_up_denies_every_organisation(self):
        self.given()
        self.served("acme", "ada", 5000)
        self.served("globex", "eve", 3000)

        self.denied("globex", "eve", 1, ["pool"])
        self.denied("initech", "sam", 1, ["pool"])

    def test_a_denial_charges_none(self):
        self.given()
        for _ in range(20):
            self.denied("acme", "ada", 5001, ["org-tokens"])

        self.assertEqual(self.served("acme", "ada", 5000),
                         {"user-requests": 2, "org-tokens": 0, "pool": 3000})
        for _ in range(20):
            self.denied("globex", "eve", 3001, ["pool"])
        self.assertEqual(self.served("globex", "eve", 3000),
                         {"user-requests": 2, "org-tokens": 2000, "pool": 0})

    def test_a_denial_tells_the_wait_unless_none_helps(self):
        self.given()
        self.assertNotIn("Retry-After", self.denied("acme", "ada", 5001, ["org-tokens"]))
        self.served("acme", "ada", 5000)

        fields = self.denied("acme", "ada", 1, ["org-tokens"])

        self.assertIn(int(fields["Retry-After"]), range(80_000, 86_401))
        self.assertIn('"org-tokens";q=5000;qu="tokens";w=86400', fields["RateLimit-Policy"])
        self.assertEqual(self.left(fields), {"user-requests": 2, "org-tokens": 0, "pool": 3000})

    def test_open_serves_while_the_service_is_stopped(self):
        self.given("open")
        self.service.stop()

        status, fields, _ = self.call("acme", "ada", 5001)

        self.assertEqual(status, 200)
        self.assertNotIn("RateLimit", fields)

    def test_closed_refuses_while_the_service_is_stopped_and_serves_afterwards(self):
        self.given("closed")
        self.service.stop()
        status, fields, _ = self.call("acme", "ada", 1)
        self.assertEqual((status, fields["Retry-After"]), (503, "1"))

        self.service.start()

        self.served("acme", "ada", 1)

    def test_nobody_passes_who_cannot_be_counted(self):
        self.given("open")

        self.assertEqual(self.call("acme" * 100, "ada", 1)[0], 400)
        self.assertEqual(self.post({"messages": []}, {"X-Org": "acme"})[0], 401)
        self.assertEqual(self.post({"messages": [], "max_tokens": -5},
                                   {"X-Org": "acme", "X-User": "ada"})[0], 400)
        self.assertEqual(self.post(["no chat"], {"X-Org": "acme", "X-User": "ada"})[0], 400)


if __name__ == "__main__":
    stage.OnEngine.run_all()
