# SPDX-License-Identifier: MIT
"""Takes many units with one check and hands them out itself. Copy this file.

What is in hand counts as used, so all callers together never get more than the limit. A caller that
ends without close() takes what it has with it.
"""
import http.client
import json
import os
import threading
import time
import urllib.parse


class Grants:
    def __init__(self, route_key, subjects, units=500, timeout_s=1):
        url = urllib.parse.urlsplit(os.environ.get("SLUICE_URL", "http://127.0.0.1:8080"))
        self.connection = http.client.HTTPConnection(url.netloc, timeout=timeout_s)
        self.asked = {"route_key": route_key, "subjects": subjects}
        self.units, self.lock = units, threading.Lock()
        self.left = 0
        self.until = self.again = 0.0  # What is left counts until then; it asks again from then on.

    def allow(self):
        """Whether one more may pass. Sluice is asked only if nothing is in hand."""
        with self.lock:
            now = time.monotonic()
            if now >= self.until:
                self.left = 0  # Its window is over.
            if self.left == 0 and now >= self.again:
                self.take(now)
            if self.left == 0:
                return False
            self.left -= 1
            return True

    def take(self, now):
        try:
            answer = self.post("/check", {"cost": self.units, "partial": True})
        except (OSError, http.client.HTTPException, ValueError):
            answer = {}  # It may have been charged, so it is not asked once more.
        self.left = answer.get("granted", 0)
        lasts = answer.get("reset_in") or 1  # Whole seconds, rounded up.
        self.until = now + max(lasts - 1, lasts / 2)
        self.again = now + (0 if self.left else answer.get("retry_after_ms") or 1000) / 1000

    def close(self):
        """Gives back what is in hand."""
        with self.lock:
            if self.left > 0 and time.monotonic() < self.until:
                self.post("/charge", {"cost": -self.left})
            self.left = self.units = 0
            self.connection.close()

    def post(self, path, more):
        head = {"X-API-Key": os.environ["SLUICE_API_KEY"], "Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps({**self.asked, **more}), head)
        return json.loads(self.connection.getresponse().read())
