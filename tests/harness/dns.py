"""A DNS server for what a real one cannot do: silence, lies, rubbish. UDP only: by TCP nobody
answers."""
import socket
import struct
import threading

TYPES = {1: "A", 2: "NS", 5: "CNAME", 15: "MX", 28: "AAAA"}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode("latin-1")
                    for label in name.rstrip(".").split(".") if label) + b"\0"


def a(address):
    return 1, socket.inet_pton(socket.AF_INET, address)


def aaaa(address):
    return 28, socket.inet_pton(socket.AF_INET6, address)


def mx(preference, host):
    return 15, struct.pack("!H", preference) + wire_name(host)


class Question:
    def __init__(self, octets):
        self.octets = octets
        labels, at = [], 12
        while octets[at]:
            labels.append(octets[at + 1 : at + 1 + octets[at]].decode("latin-1").lower())
            at += 1 + octets[at]
        self.name = ".".join(labels)
        self.type = TYPES.get(struct.unpack("!H", octets[at + 1 : at + 3])[0], "?")
        self.section = octets[12 : at + 5]

    def answer(self, *records, rcode=NOERROR, truncated=False, ttl=60, owner=b"\xc0\x0c",
               id_change=0):
        """A whole answer; `records` are (type, data) of the name that was asked."""
        number = struct.unpack("!H", self.octets[:2])[0] ^ id_change
        flags = 0x8180 | rcode | (0x200 if truncated else 0)
        return struct.pack("!HHHHHH", number, flags, 1, len(records), 0, 0) + self.section + \
            b"".join(owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data
                     for kind, data in records)


class ScriptedDns:
    """answers(question) gives the octets to send, (seconds, octets) to send them later, or None for
    silence."""

    def __init__(self, answers, host="127.0.0.5", port=53):
        self.answers = answers
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((host, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            octets, client = self._socket.recvfrom(4096)
            if not octets:  # close()
                return
            question = Question(octets)
            self.asked.append((question.name, question.type))
            answer = self.answers(question)
            if isinstance(answer, tuple):
                threading.Timer(answer[0], self._socket.sendto, (answer[1], client)).start()
            elif answer is not None:
                self._socket.sendto(answer, client)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
