# SPDX-License-Identifier: MIT
"""WSGI middleware that asks Sluice before the application serves. Copy this file."""
import collections
import http.client
import functools
import json
import os
import socket
import sys
import urllib.parse

FIELDS = ("Retry-After", "RateLimit", "RateLimit-Policy")


def remote_address(environ):
    return {"ip": environ["REMOTE_ADDR"]}


class SocketFile(http.client.HTTPConnection):
    def __init__(self, path, **options):
        super().__init__("localhost", **options)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection,
               "unix": SocketFile}


class Sluice:
    def __init__(self, application, fail_open=True, timeout_s=0.25, subject=remote_address):
        url = urllib.parse.urlsplit(os.environ.get("SLUICE_URL", "http://127.0.0.1:8080"))
        self.connect = functools.partial(CONNECTIONS[url.scheme], url.netloc or url.path)
        self.key = os.environ["SLUICE_API_KEY"]
        self.application, self.subject = application, subject
        self.fail_open, self.timeout_s = fail_open, timeout_s
        self.idle = collections.deque(maxlen=16)  # For all threads; above 16 the oldest is closed.

    def __call__(self, environ, start_response):
        path = urllib.parse.quote(environ.get("PATH_INFO", "").encode("latin-1")) or "/"
        check = {"route_key": path[:200], **self.subject(environ)}
        try:
            status, fields = self.check(check)
        except (OSError, http.client.HTTPException) as fault:
            status, fields = repr(fault), []
        if status in (400, 413, 422):  # Sluice cannot accept this subject.
            return self.refuse(start_response, "400 Bad Request", [])
        if status == 429:
            return self.refuse(start_response, "429 Too Many Requests", fields)
        if status != 200:
            print(f"sluice has not decided: {status}", file=sys.stderr)
            if not self.fail_open:
                wait = [("Retry-After", "1")]
                return self.refuse(start_response, "503 Service Unavailable", wait)
            fields = []
        return self.application(
            environ, lambda line, own, *more: start_response(line, [*own, *fields], *more))

    def check(self, check):
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = self.connect(timeout=self.timeout_s)
        reused = connection.sock is not None
        try:
            answer = self.send(connection, check)
        except ConnectionError:  # Closed while idle: once more. Never after a time-out, see README.
            connection.close()
            if not reused:
                raise
            answer = self.send(connection, check)
        self.idle.append(connection)
        return answer

    def send(self, connection, check):
        head = {"X-API-Key": self.key, "Content-Type": "application/json"}
        connection.request("POST", "/check", json.dumps(check), head)
        answer = connection.getresponse()
        answer.read()
        fields = answer.headers
        return answer.status, [(name, fields[name]) for name in FIELDS if name in fields]

    def refuse(self, start_response, line, fields):
        start_response(line, [("Content-Type", "text/plain"), *fields])
        return [f"{line}\n".encode()]
