"""A listener between the server under test and a neighbour, which writes down what is said. What
passes is not changed, nor cut otherwise than TCP does."""
import socket
import threading


class Wiretap:
    """Connections to 127.0.0.1:`port` go on to 127.0.0.1:`to`."""

    def __init__(self, port, to):
        self.port, self.to = port, to
        self.sent = []  # octets of each connection, towards the neighbour
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def commands(self):
        """All command lines; a chunk is left out, content sent by DATA is not."""
        lines = []
        for octets in list(self.sent):
            rest = bytes(octets)
            while b"\r\n" in rest:
                line, rest = rest.split(b"\r\n", 1)
                lines.append(line.decode("utf-8", "surrogateescape"))
                if line.startswith(b"BDAT "):
                    rest = rest[int(line.split()[1]):]
        return lines

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            theirs = socket.create_connection(("127.0.0.1", self.to))
            self.sent.append(bytearray())
            for source, target, log in ((ours, theirs, self.sent[-1]), (theirs, ours, None)):
                threading.Thread(target=self._pass, args=(source, target, log),
                                 daemon=True).start()

    @staticmethod
    def _pass(source, target, log):
        try:
            while octets := source.recv(65536):
                if log is not None:
                    log += octets
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has gone; the other learns it from its own
