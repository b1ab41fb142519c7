# SPDX-License-Identifier: MIT
"""An LLM gateway that limits requests and tokens: python3 gateway.py [PORT]

Before the model is called, one check asks the limits of the user, of the organisation, and of all
callers together (sluice.yaml). What the call will use is not known then, so it is estimated.
"""
import http.client
import http.server
import json
import os
import sys
import threading
import urllib.parse

ROUTE = "/v1/chat"
FIELDS = ("Retry-After", "RateLimit", "RateLimit-Policy")
BYTES_PER_TOKEN = 4
TOKENS_DEFAULT = 1000  # of an answer whose length the caller does not bound
BODY_BYTES_MAX = 1 << 20
UNDECIDED = 503, [], {}


def estimate(call):
    """The most that the call may use, in tokens: its prompt about, and its longest answer."""
    prompt = sum(len(message["content"].encode()) for message in call["messages"])
    return -(-prompt // BYTES_PER_TOKEN) + int(call.get("max_tokens", TOKENS_DEFAULT))


def complete(call):
    """A toy. In a real gateway: the request to the model."""
    return {"choices": [{"message": {"role": "assistant", "content": "hello"}}]}


class Sluice:
    """One kept connection for each thread."""

    def __init__(self, timeout_s):
        self.url = urllib.parse.urlsplit(os.environ.get("SLUICE_URL", "http://127.0.0.1:8080"))
        self.key = os.environ["SLUICE_API_KEY"]
        self.timeout_s = timeout_s
        self.kept = threading.local()

    def check(self, subjects, tokens):
        """The status, the fields to pass on, and the answer."""
        check = {"route_key": ROUTE, "subjects": subjects, "costs": {"tokens": tokens}}
        connection = getattr(self.kept, "connection", None)
        reused = connection is not None
        try:
            if not reused:
                connection = self.kept.connection = http.client.HTTPConnection(
                    self.url.netloc, timeout=self.timeout_s)
            try:
                return self.send(connection, check)
            except ConnectionError:  # Closed while idle: once more. Never after a time-out.
                connection.close()
                if not reused:
                    raise
                return self.send(connection, check)
        except (OSError, http.client.HTTPException, ValueError):
            self.kept.connection = None
            connection.close()
            return UNDECIDED

    def send(self, connection, check):
        head = {"X-API-Key": self.key, "Content-Type": "application/json"}
        connection.request("POST", "/check", json.dumps(check), head)
        answer = connection.getresponse()
        fields = [(name, answer.headers[name]) for name in FIELDS if name in answer.headers]
        return answer.status, fields, json.loads(answer.read())


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fail_open = os.environ.get("FAIL", "open") == "open"
    sluice = Sluice(int(os.environ.get("TIMEOUT_MS", "250")) / 1000)

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            return self.refuse(413, "a body of at most 1 MiB is needed")
        try:
            call = json.loads(self.rfile.read(int(length)))
            tokens = estimate(call)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            return self.refuse(400, "no chat")
        # A toy: believes any name. In a real gateway they come from the caller's key.
        org, user = self.headers.get("X-Org"), self.headers.get("X-User")
        if not org or not user:
            return self.refuse(401, "who calls?")

        status, fields, answer = self.sluice.check({"org": org, "user": user}, tokens)
        if status == 429:
            return self.refuse(429, "too many", fields, denied_by=answer.get("denied_by", []))
        if status in (400, 413, 422):  # Sluice cannot accept these names, or this cost.
            return self.refuse(400, "the call cannot be counted")
        if status != 200:
            print(f"sluice has not decided: {status}", file=sys.stderr)
            if not self.fail_open:
                return self.refuse(503, "limits are not known", [("Retry-After", "1")])
            fields = []
        return self.answer(200, complete(call), fields)

    def refuse(self, status, why, fields=(), **more):
        self.answer(status, {"error": why, **more}, fields)

    def answer(self, status, value, fields):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        for name, text in [("Content-Type", "application/json"), *fields]:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    server = http.server.ThreadingHTTPServer((os.environ.get("LISTEN", "127.0.0.1"), port), Gateway)
    print(f"listening on http://{server.server_address[0]}:{server.server_port}", flush=True)
    server.serve_forever()
