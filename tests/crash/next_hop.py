"""The next hop of a crash test, a process of its own: refuses nobody-*, defers later-* the first
time, takes its time now and then, and writes down what it took."""
import asyncio
import hashlib
import random
import re
import time

from harness.mail import without_received
from harness.ledger import Arrived, report_recipients

REPLIES = {b"RSET": b"250 2.0.0 Ok\r\n", b"NOOP": b"250 2.0.0 Ok\r\n",
           b"HELO": b"250 hop.test\r\n",
           b"EHLO": b"250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n"
                    b"250 ENHANCEDSTATUSCODES\r\n"}


class Session(asyncio.Protocol):
    def __init__(self, hop):
        self.hop = hop
        self.data = bytearray()
        self.in_data = False
        self.waiting = False  # for the delayed answer to a dot

    def connection_made(self, transport):
        self.transport = transport
        self.reset()
        transport.write(b"220 hop.test ESMTP\r\n")

    def reset(self):
        self.sender, self.recipients = None, []

    def data_received(self, octets):
        self.data += octets
        self.advance()

    def advance(self):
        out = []
        while not self.waiting:
            if self.in_data:
                end = 0 if self.data.startswith(b".\r\n") else self.data.find(b"\r\n.\r\n") + 2
                if end == 1:
                    break
                raw = bytes(self.data[:end])
                del self.data[: end + 3]
                self.in_data = False
                self.end_of_data(raw)
                continue
            end = self.data.find(b"\r\n")
            if end < 0:
                break
            line = bytes(self.data[:end])
            del self.data[: end + 2]
            reply = self.command(line)
            out.append(reply)
            if reply.startswith(b"221"):
                self.transport.write(b"".join(out))
                self.transport.close()
                return
        if out:
            self.transport.write(b"".join(out))

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"MAIL":
            self.reset()
            self.sender = address(line)
            return b"250 2.1.0 Ok\r\n"
        if verb == b"RCPT":
            recipient = address(line)
            if recipient.startswith("nobody-"):
                return b"550 5.1.1 No such user\r\n"
            if recipient.startswith("later-") and recipient not in self.hop.seen:
                self.hop.seen.add(recipient)
                return b"450 4.2.1 Later\r\n"
            self.recipients.append(recipient)
            return b"250 2.1.5 Ok\r\n"
        if verb == b"DATA":
            if not self.recipients:
                return b"554 5.5.1 No valid recipients\r\n"
            self.in_data = True
            return b"354 Go ahead\r\n"
        if verb == b"QUIT":
            return b"221 2.0.0 Bye\r\n"
        return REPLIES.get(verb, b"502 5.5.2 What?\r\n")

    def end_of_data(self, raw):
        if self.hop.draw.random() < 0.05:
            self.waiting = True
            delay_s = self.hop.draw.uniform(0.001, 0.05)
            asyncio.get_running_loop().call_later(delay_s, self.late, raw)
        else:
            self.take(raw)

    def late(self, raw):
        self.waiting = False
        if not self.transport.is_closing():
            self.take(raw)
            self.advance()

    def take(self, raw):
        content = raw.replace(b"\r\n..", b"\r\n.")
        if content.startswith(b".."):
            content = content[1:]
        reported = report_recipients(content) if self.sender == "" else ()
        if self.sender == "":
            identifier = re.search(rb"(?im)^Message-ID: *(\S+)", content)
        else:
            content = without_received(content)
            identifier = re.search(rb"(?m)^X-Ledger: (\S+)\r$", content)
        self.hop.arrived.append(Arrived(
            identifier[1].decode() if identifier else "?", self.sender, tuple(self.recipients),
            hashlib.sha256(content).hexdigest(), time.monotonic(), reported))
        self.hop.count.value = len(self.hop.arrived)
        self.reset()
        self.transport.write(b"250 2.0.0 Ok\r\n")


def address(line):
    return line[line.find(b"<") + 1 : line.find(b">")].decode()


class NextHop:
    """`run` is the process: until something comes through `pipe`, to which the list of all that
    arrived is then the answer. `count` is shared."""

    def __init__(self, count, seed):
        self.count = count
        self.draw = random.Random(seed)
        self.arrived = []
        self.seen = set()

    async def serve(self, pipe, port):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Session(self), "127.0.0.1", port, backlog=512)
        asked = asyncio.Event()
        loop.add_reader(pipe.fileno(), asked.set)
        pipe.send("listening")
        await asked.wait()
        server.close()
        pipe.send(self.arrived)


def run(pipe, count, seed, port):
    asyncio.run(NextHop(count, seed).serve(pipe, port))
