#!/usr/bin/env python3
"""The next hop of `./dev run --demo`: takes every mail and keeps each as a file.

An SMTP server for one machine and a few mails: no authentication, no limits. The first lines of a
file are the envelope (X-Envelope-From, X-Envelope-To), then the mail as it came.
"""
import argparse
import pathlib
import signal
import socketserver
import sys
import time


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, TimeoutError):
            pass

    def talk(self):
        sender, recipients = None, []
        self.say("220 demo.localhost ESMTP Demo next hop")
        while line := self.rfile.readline(4096):
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = command[:10].upper()
            if verb.startswith("EHLO"):
                self.say("250-demo.localhost")
                self.say("250-PIPELINING")
                self.say("250-8BITMIME")
                self.say("250-SIZE 104857600")
                self.say("250 ENHANCEDSTATUSCODES")
            elif verb.startswith("MAIL FROM:"):
                sender, recipients = path(command), []
                self.say("250 2.1.0 Ok")
            elif verb.startswith("RCPT TO:"):
                recipients.append(path(command))
                self.say("250 2.1.5 Ok")
            elif verb.startswith("DATA"):
                if sender is None or not recipients:
                    self.say("503 5.5.1 MAIL and RCPT first")
                    continue
                self.say("354 End with a dot")
                name = self.server.keep(sender, recipients, self.content())
                self.say(f"250 2.0.0 Kept as {name}")
                sender, recipients = None, []
            elif verb.startswith("QUIT"):
                self.say("221 2.0.0 Bye")
                return
            else:
                if verb.startswith(("HELO", "RSET")):
                    sender, recipients = None, []
                self.say("250 2.0.0 Ok")

    def content(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise ConnectionError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def path(command):
    return command[command.find("<") + 1 : command.find(">")]


class NextHop(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port, directory):
        super().__init__(("127.0.0.1", port), Session)
        self.directory = directory
        self.kept = 0

    def keep(self, sender, recipients, content):
        self.kept += 1
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{self.kept:04d}.eml"
        envelope = f"X-Envelope-From: <{sender}>\r\n"
        envelope += "".join(f"X-Envelope-To: <{one}>\r\n" for one in recipients)
        (self.directory / name).write_bytes(envelope.encode() + content)
        to = ", ".join(recipients)
        print(f"\nArrived at the demo's next hop: mail from <{sender}> to {to}, kept as "
              f"{self.directory}/{name}\n", flush=True)
        return name


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, default=2526)
    options.add_argument("--directory", type=pathlib.Path, default=pathlib.Path("var/demo"))
    chosen = options.parse_args()
    chosen.directory.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with NextHop(chosen.port, chosen.directory) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
