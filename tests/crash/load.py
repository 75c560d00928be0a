"""The clients of a crash test, a process of its own: sessions that send without end, come back when
the server is gone, and write down what was acknowledged."""
import asyncio
import hashlib
import random

from harness.ledger import Sent

LARGE = 0.02  # share of mails above 64 KB


class Load:
    def __init__(self, acknowledged, seed, sessions):
        self.acknowledged = acknowledged  # shared count
        self.draw = random.Random(seed)
        self.sessions = sessions
        self.sent = []
        self.text = b"".join(b"%064x\r\n" % self.draw.getrandbits(256) for _ in range(8000))
        self.stopping = asyncio.Event()

    def mail(self):
        identifier = f"{len(self.sent)}x{self.draw.getrandbits(24):06x}"
        dice = self.draw.random()
        recipients = [f"ok-{identifier}@hop.test"]
        if dice < 0.05:
            recipients = [f"nobody-{identifier}@hop.test"]
        elif dice < 0.10:
            recipients = [f"later-{identifier}@hop.test"]
        elif dice < 0.25:
            recipients += [f"two-{identifier}@other.test", f"later-{identifier}@hop.test",
                           f"nobody-{identifier}@other.test"][: self.draw.randrange(1, 4)]
        size = self.draw.randrange(70_000, 250_000) if self.draw.random() < LARGE \
            else self.draw.randrange(200, 5_000)
        start = self.draw.randrange(0, len(self.text) - size) // 66 * 66
        body = self.text[start : start + size // 66 * 66]
        content = b"X-Ledger: %s\r\nSubject: crash\r\n\r\n.\r\n..dots\r\n%s" % (
            identifier.encode(), body)
        return (identifier, f"s-{identifier}@sender.test", tuple(recipients), content)

    async def session(self, port):
        while not self.stopping.is_set():
            writer = None
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                await self.talk(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.005)
            finally:
                if writer:
                    writer.close()

    async def talk(self, reader, writer):
        async def reply():
            while True:
                line = await reader.readuntil(b"\n")
                if line[3:4] != b"-":
                    return line
        await reply()
        writer.write(b"EHLO client.test\r\n")
        await reply()
        while not self.stopping.is_set():
            identifier, sender, recipients, content = self.mail()
            place = len(self.sent)
            record = Sent(identifier, sender, recipients,
                          hashlib.sha256(content).hexdigest(), False)
            self.sent.append(record)
            writer.write(b"MAIL FROM:<%s>\r\n%sDATA\r\n" % (sender.encode(), b"".join(
                b"RCPT TO:<%s>\r\n" % one.encode() for one in recipients)))
            replies = [await reply() for _ in range(len(recipients) + 2)]
            if replies[-1][:3] != b"354":
                writer.write(b"RSET\r\n")
                await reply()
                continue
            assert all(one[:3] == b"250" for one in replies[:-1]), replies
            writer.write(b"." + content if content.startswith(b".") else
                         content.replace(b"\r\n.", b"\r\n.."))
            writer.write(b".\r\n")
            await writer.drain()
            if (await reply())[:3] == b"250":
                self.sent[place] = Sent(identifier, sender, recipients, record.digest, True)
                self.acknowledged.value += 1

    async def work(self, pipe, port):
        asyncio.get_running_loop().add_reader(pipe.fileno(), self.stopping.set)
        tasks = [asyncio.create_task(self.session(port)) for _ in range(self.sessions)]
        # A session that raises (a reply that must not be) ends the test; see test_kill.py.
        done, _ = await asyncio.wait([*tasks, asyncio.create_task(self.stopping.wait())],
                                     return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
        await asyncio.wait(tasks, timeout=5)
        pipe.send(self.sent)


def run(pipe, acknowledged, seed, sessions, port):
    async def main():
        await Load(acknowledged, seed, sessions).work(pipe, port)
    asyncio.run(main())
