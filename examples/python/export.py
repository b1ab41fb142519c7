#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the log of an app that is in Redis as lines of JSON, and goes on with what comes.

usage: export.py HOST:PORT|SOCKET APP_ID [AFTER]

AFTER is the `after` of the last line that was kept: it goes on behind it. docs/log.md has the
format. Vector runs it as an `exec` source; `| kcat -P -t decisions` sends it to Kafka.
"""
import json
import socket
import sys


def connect(address):
    if address.startswith("/"):
        redis = socket.socket(socket.AF_UNIX)
        redis.connect(address)
        return redis.makefile("rwb")
    return socket.create_connection(address.rsplit(":", 1)).makefile("rwb")


def ask(redis, *words):
    redis.write(b"*%d\r\n" % len(words))
    redis.writelines(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    redis.flush()
    return answer(redis)


def answer(redis):
    line = redis.readline()
    if line[:1] == b"*":
        return [answer(redis) for _ in range(int(line[1:]))]
    if line[:1] == b"$":
        return redis.read(int(line[1:]) + 2)[:-2]
    sys.exit(line.decode().strip() or "redis has closed the connection")


def export(redis, app_id, after):
    newest = {}  # of each instance: an entry that was sent twice comes again
    while True:
        streams = ask(redis, b"XREAD", b"COUNT", b"100", b"BLOCK", b"0",
                      b"STREAMS", b"sluice:log:{%s}" % app_id, after)
        for after, (_, entry, _, origin) in streams[0][1]:
            instance, number = origin.decode().split("-")
            if int(number) > newest.get(instance, 0):
                newest[instance] = int(number)
                yield {"after": after.decode(), "id": origin.decode(), **json.loads(entry)}


if __name__ == "__main__":
    app_id, after = sys.argv[2].encode(), (sys.argv[3:] or ["0"])[0].encode()
    for entry in export(connect(sys.argv[1]), app_id, after):
        print(json.dumps(entry), flush=True)
