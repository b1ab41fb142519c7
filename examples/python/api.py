# SPDX-License-Identifier: MIT
"""A toy API behind the middleware: python3 api.py [PORT]"""
import os
import socketserver
import sys
import wsgiref.simple_server

from sluice import Sluice, remote_address


def api(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello\n"]


def subject(environ):
    """A toy: counts any user name. In a real API use a name that has been verified."""
    user = environ.get("HTTP_X_USER")
    return {"user_id": user} if user else remote_address(environ)


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


limited = Sluice(api, fail_open=os.environ.get("FAIL", "open") == "open",
                 timeout_s=int(os.environ.get("TIMEOUT_MS", "250")) / 1000, subject=subject)
port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
address = os.environ.get("LISTEN", "127.0.0.1")
server = wsgiref.simple_server.make_server(address, port, limited, server_class=Server)
print(f"listening on http://{address}:{server.server_port}", flush=True)
server.serve_forever()
