"""A next hop made for tests: records the octets of every mail exactly, and refuses, defers, dawdles
or hangs up as told."""
import dataclasses
import socket
import socketserver
import struct
import threading
import time

from harness import PATIENCE_S


@dataclasses.dataclass
class Mail:
    helo: str
    mail_line: str  # the whole command, parameters included
    rcpt_lines: list  # only accepted ones
    raw: bytes  # as it came, dots still doubled, without the final dot line
    session: int
    at: float = dataclasses.field(default_factory=time.monotonic)  # of its final dot

    @property
    def sender(self):
        return _path(self.mail_line)

    @property
    def recipients(self):
        return [_path(line) for line in self.rcpt_lines]

    @property
    def content(self):
        lines = self.raw.split(b"\r\n")
        return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def _path(line):
    return line[line.find("<") + 1 : line.rfind(">", 0, (line.find("> ") + 1) or None)]


class Sink:
    """on_rcpt, on_mail and on_data give the reply to a recipient (an address), a sender or a whole
    Mail; None means 250. `banner` is the greeting; on_connect may return False to hang up.

    `instead`, for all that no real server does, is asked before every reply with the stage
    ("greeting", a verb, "dot" or "gone" for the end of the session) and the socket. When it returns
    True it has said what it wanted, and the command was not done. It may hang_up()."""

    def __init__(self, port=2600, host="127.0.0.1", extensions=("PIPELINING", "8BITMIME",
                 "SIZE 200000000", "ENHANCEDSTATUSCODES"), keep=True):
        self.address = (host, port)
        self.port = port
        self.extensions = extensions
        self.on_mail = self.on_rcpt = lambda _address: None
        self.on_data = lambda _mail: None
        self.on_connect = lambda: True
        self.instead = lambda _stage, _socket: False
        self.before_dot_reply = lambda: None  # runs between the dot and its answer
        self.banner = "220 sink.test ESMTP"
        self.ehlo_refused = False
        self.keep = keep
        self.mails = []
        self.refused = []  # Mail that on_data did not take
        self.sessions = 0
        self.commands = []
        self._changed = threading.Condition()
        self._server = None
        self.open()

    def open(self):
        sink = self

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128
            address_family = socket.AF_INET6 if ":" in sink.address[0] else socket.AF_INET

            def process_request(self, request, client_address):
                sink._open_sockets.add(request)
                super().process_request(request, client_address)

            def handle_error(self, request, client_address):
                pass  # the other side went away: a test decides whether that is wrong

        class Session(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                with sink._changed:
                    sink.sessions += 1
                    number = sink.sessions
                try:
                    sink._talk(self.rfile, self.wfile, number, self.request)
                finally:
                    sink.instead("gone", self.request)

        self._open_sockets = set()
        self._server = Server(self.address, Session)
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        """Stops listening and drops all sessions: the next hop is down. open() brings it back."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            for one in self._open_sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self._server = None

    def wait(self, count, patience_s=PATIENCE_S):
        """The mails, once there are at least `count`."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.mails) >= count, patience_s)
            assert arrived, f"{len(self.mails)} of {count} mails came to the sink"
            return list(self.mails)

    def wait_for(self, condition, what, patience_s=PATIENCE_S):
        with self._changed:
            assert self._changed.wait_for(condition, patience_s), f"waited in vain for {what}"

    def mail_to(self, address, patience_s=PATIENCE_S):
        """The first mail to `address`, once it is there."""
        found = []
        self.wait_for(lambda: found.extend(m for m in self.mails if address in m.recipients)
                      or found, f"a mail to {address}", patience_s)
        return found[0]

    def _talk(self, read, write, number, connection):
        def say(*lines):
            write.write("".join(f"{line}\r\n" for line in lines).encode())

        if not self.on_connect():
            return
        if not self.instead("greeting", connection):
            say(self.banner)
        helo, mail_line, rcpt_lines = "", None, []
        while line := read.readline(70000):
            command = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.commands.append(command)
            verb = command.split(" ")[0].split(":")[0].upper()
            if self.instead(verb, connection):
                continue
            if verb == "EHLO" and not self.ehlo_refused:
                helo = command
                names = ["sink.test", *self.extensions]
                say(*(f"250{'-' if i + 1 < len(names) else ' '}{n}" for i, n in enumerate(names)))
            elif verb == "HELO":
                helo = command
                say("250 sink.test")
            elif verb == "MAIL":
                reply = self.on_mail(_path(command))
                if reply is None:
                    mail_line, rcpt_lines = command, []
                say(reply or "250 2.1.0 Ok")
            elif verb == "RCPT":
                reply = "503 5.5.1 MAIL first" if mail_line is None else self.on_rcpt(_path(command))
                if reply is None:
                    rcpt_lines.append(command)
                say(reply or "250 2.1.5 Ok")
            elif verb == "DATA":
                if not rcpt_lines:
                    say("554 5.5.1 No valid recipients")
                    continue
                say("354 Go ahead")
                raw = self._read_data(read)
                if raw is None:
                    return
                mail = Mail(helo, mail_line, rcpt_lines, raw, number)
                mail_line, rcpt_lines = None, []
                self.before_dot_reply()
                if self.instead("dot", connection):
                    continue
                reply = self.on_data(mail)
                if reply == "drop":
                    return
                with self._changed:
                    if not self.keep:
                        mail.raw = b""
                    (self.refused if reply and reply[0] != "2" else self.mails).append(mail)
                    self._changed.notify_all()
                say(reply or "250 2.0.0 Ok")
            elif verb == "RSET":
                mail_line, rcpt_lines = None, []
                say("250 2.0.0 Ok")
            elif verb == "NOOP":
                say("250 2.0.0 Ok")
            elif verb == "QUIT":
                say("221 2.0.0 Bye")
                return
            else:
                say("502 5.5.2 Not implemented")

    def _read_data(self, read):
        lines = []
        size = 0
        fresh = True  # the line before ended in CRLF
        while True:
            line = read.readline(1 << 16)
            if not line:
                return None
            if line == b".\r\n" and fresh:
                return b"".join(lines) if self.keep else b""
            fresh = line.endswith(b"\r\n")
            size += len(line)
            if self.keep:
                lines.append(line)


def hang_up(connection, reset=False):
    """For Sink.instead: ends the session without another word, with a reset if so wanted."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise ConnectionAbortedError


def dawdle(seconds):
    """For Sink.before_dot_reply: a slow neighbour (the only sleeps here are of neighbours)."""
    return lambda: time.sleep(seconds)
