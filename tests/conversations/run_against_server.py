#!/usr/bin/env python3
"""Runs the conversations over sockets against a server that is running with PROPERTIES.

    run_against_server.py HOST PORT [FILE ...]

Says which conversations went otherwise than written, and exits 1 if one did. Envelopes queued (`Q:`)
are checked when run() is given a function that tells them; content by the runner in memory."""
import pathlib
import re
import socket
import sys

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 20.0
ADDRESSES = {"trusted": "127.0.0.1", "stranger": "127.0.0.2"}
PROPERTIES = {
    "hostname": "mail.example.org", "mail_name": "example.org",
    "relay_domains": "relay.example, .subs.example", "root_address": "anna@office.example",
    "smtpd_trusted_networks": "127.0.0.1/32", "message_size_limit": "1MB",
    "bare_newline": "repair", "deliveries_suspended": "yes",
}
LINE = re.compile(r"(?:(client|delivered): (\w+)|([CSQ])(?:\*(\d+))?([:~!|])(?: (.*))?)$")
PATH = re.compile(r'<(?:"(?:\\.|[^"\\])*"|[^>"])*>')
ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)")


def unescape(text):
    plain = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
    return ESCAPE.sub(lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else plain[m[1]],
                      text.encode("latin-1"))


class Script:
    """`steps` are ("send", octets), ("expect", pattern) and ("closed", None)."""

    def __init__(self, path):
        self.name, self.client, self.steps = path.stem, "stranger", []
        self.queued = []  # (sender, [recipients], content)
        self.delivered = True  # a plain next hop can take all of it
        for number, line in enumerate(path.read_text("latin-1").split("\n"), 1):
            if not line or line.startswith("#"):
                continue
            match = LINE.match(line)
            assert match, f"{path}:{number}: not a line of a conversation"
            word, client, who, times, how, text = match.groups()
            text, times = text or "", int(times or 1)
            if word == "delivered":
                self.delivered = client != "no"
            elif word:
                self.client = client
            elif who == "C":
                octets = (unescape(text) + (b"\r\n" if how == ":" else b"")) * times
                if self.steps and self.steps[-1][0] == "send":
                    octets = self.steps.pop()[1] + octets
                self.steps.append(("send", octets))
            elif who == "S":
                self.steps += [("closed", None)] if how == "!" else [("expect", text)] * times
            elif how == ":":
                sender, *recipients = PATH.findall(text.encode("latin-1").decode("utf-8"))
                self.queued.append([sender, recipients, b""])
            else:
                self.queued[-1][2] += unescape(text) + (b"\r\n" if how == "|" else b"")


def matches(line, pattern):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), line) is not None


def converse(script, host, port, source=ADDRESSES):
    """None when all went as written, else what did not. `source` has the addresses from which the
    kinds of clients connect; without, the system chooses."""
    bound = (source[script.client], 0) if source else None
    with socket.create_connection((host, port), PATIENCE_S, bound) as wire:
        answers = wire.makefile("rb")
        for what, argument in script.steps:
            try:
                if what == "send":
                    wire.sendall(argument)
                    continue
                line = answers.readline()
            except OSError as error:
                line = b""
                if what != "closed":
                    return f"{error} instead of {argument!r}"
            if what == "closed":
                if line:
                    return f"said {line!r} instead of closing"
            elif not line.endswith(b"\r\n") or not matches(line[:-2].decode("latin-1"), argument):
                return f"said {line!r} instead of {argument!r}"
        if script.steps[-1][0] != "closed":
            wire.shutdown(socket.SHUT_WR)
            rest = answers.read()
            if rest:
                return f"said {rest!r} after the end"
    return None


def scripts():
    return sorted(HERE.glob("*.txt"))


def run(host, port, paths=None, queued=None):
    """{name: what went wrong} of the conversations that went otherwise than written. `queued()`
    gives the (sender, [recipients]) of all messages in the queue, oldest first, without brackets;
    before the call there are none."""
    wrong, expected = {}, []
    for path in paths or scripts():
        script = Script(path)
        trouble = converse(script, host, port)
        if trouble:
            wrong[script.name] = trouble
        expected += [(sender[1:-1], [recipient[1:-1] for recipient in recipients])
                     for sender, recipients, _ in script.queued]
    if queued is not None and (got := queued()) != expected:
        wrong["queue"] = f"holds {got} instead of {expected}"
    return wrong


def main(arguments):
    if len(arguments) < 2:
        print(__doc__)
        return 2
    paths = [pathlib.Path(name) for name in arguments[2:]]
    wrong = run(arguments[0], int(arguments[1]), paths)
    for name, trouble in wrong.items():
        print(f"{name}: {trouble}")
    print(f"{len(paths or scripts())} conversations, {len(wrong)} went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
