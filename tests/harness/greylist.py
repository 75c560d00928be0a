"""A policy service for Postfix (SMTPD_POLICY_README) that greylists."""
import socketserver
import threading
import time

WORDS = "Greylisted, come back later"


class Greylist:
    """A recipient is taken `after_s` after it was first asked for; that may be changed."""

    def __init__(self, port, after_s):
        self.after_s = after_s
        self.first = {}
        greylist = self

        class Service(socketserver.StreamRequestHandler):
            def handle(self):
                asked = {}
                for line in self.rfile:
                    name, _, value = line.decode().rstrip("\n").partition("=")
                    asked[name] = value
                    if name == "":
                        action = greylist.action(asked["recipient"])
                        self.wfile.write(b"action=%s\n\n" % action.encode())
                        asked = {}

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Service)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def action(self, recipient):
        now = time.monotonic()
        since = now - self.first.setdefault(recipient, now)
        return "dunno" if since >= self.after_s else f"defer 4.2.0 {WORDS}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
