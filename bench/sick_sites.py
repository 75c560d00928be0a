"""What sick next hops cost the healthy ones: mail to 10,000 domains, each with a next hop of its own,
of which one in a hundred is dead (no connection ever comes about) and one in a hundred slow (every
reply takes 5 s). Compared is how fast the healthy ones are served with and without the sick."""
import asyncio
import contextlib
import shutil
import socket
import threading
import time

from servers import CountingSink
from harness.server import Malleposte

DOMAINS, MESSAGES_EACH = 10_000, 3
HEALTHY_PORT, DEAD_PORT, SLOW_PORT = 2600, 2601, 2602
REPLY_S = 5
SESSIONS = 20


def address(number):
    return f"127.{number >> 16 & 127 | 64}.{number >> 8 & 255}.{number & 255}"


def port_of(number):
    return {50: DEAD_PORT, 99: SLOW_PORT}.get(number % 100, HEALTHY_PORT)


@contextlib.contextmanager
def dead_hosts():
    """All addresses at DEAD_PORT: the queue of connections is full for ever."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("0.0.0.0", DEAD_PORT), backlog=0))
        filling = True
        while filling:
            try:
                stack.enter_context(socket.create_connection(("127.0.0.1", DEAD_PORT), 0.5))
            except TimeoutError:
                filling = False
        yield listener


class SlowHosts:
    """All addresses at SLOW_PORT: they take mail, with REPLY_S before each reply."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "0.0.0.0", SLOW_PORT))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    async def serve(self, reader, writer):
        in_data = False
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.say(writer, b"220 slow.test\r\n")
            while True:
                line = (await reader.readuntil(b"\n")).rstrip()
                if in_data and line != b".":
                    continue
                was_data, in_data = in_data, line.upper() == b"DATA"
                await self.say(writer, b"354 go on\r\n" if in_data else b"250 ok\r\n")
                assert not (was_data and in_data)
        writer.close()

    async def say(self, writer, reply):
        await asyncio.sleep(REPLY_S)
        writer.write(reply)
        await writer.drain()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


async def session(numbers):
    """Sends a mail to each of these domains, the next ahead of the answers to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", 2525)

    async def answers(count):
        for _ in range(count):
            while (line := await reader.readuntil(b"\n"))[3:4] == b"-":
                pass
            assert line[:1] in b"23", line
    await answers(1)
    writer.write(b"EHLO client.test\r\n")
    await answers(1)
    for number in numbers:
        writer.write(b"MAIL FROM:<s%d@sender.test>\r\nRCPT TO:<r@d%d.test>\r\nDATA\r\n"
                     % (number, number))
        await answers(3)
        writer.write(b"Subject: %d\r\n\r\n%s\r\n.\r\n" % (number, b"x" * 900))
        await answers(1)
    writer.close()


async def send_all(numbers):
    await asyncio.gather(*(session(numbers[part::SESSIONS]) for part in range(SESSIONS)))


def goodput(bench, sick):
    """Messages a second to the healthy next hops, until they have all that is for them."""
    directory = bench.directory / "malleposte"
    routes = bench.directory / "routes"
    routes.write_text("".join(f"d{n}.test [{address(n)}]:{port_of(n)}\n" for n in range(DOMAINS)))
    healthy = [n for n in range(DOMAINS) if port_of(n) == HEALTHY_PORT]
    numbers = (list(range(DOMAINS)) if sick else healthy) * MESSAGES_EACH
    sink = CountingSink(bench, "0.0.0.0")
    shutil.rmtree(directory, ignore_errors=True)
    server = Malleposte(directory, routes=routes, deliveries_suspended=True).start()
    try:
        asyncio.run(send_all(numbers))
        server.stop()
        server.set(deliveries_suspended=False)
        began = time.monotonic()
        server.start()
        sink.wait(len(healthy) * MESSAGES_EACH)
        return len(healthy) * MESSAGES_EACH / (time.monotonic() - began)
    finally:
        server.kill()
        sink.stop()


def rows(bench, repetitions):
    with dead_hosts():
        slow = SlowHosts()
        try:
            runs = [(goodput(bench, False), goodput(bench, True)) for _ in range(repetitions)]
        finally:
            slow.close()
    without, with_sick = (sorted(run)[len(run) // 2] for run in zip(*runs))
    yield (f"to {DOMAINS} next hops: messages a second to the healthy", f"{without:.0f}", "", "", "")
    yield ("the same with 1 % dead and 1 % slow", f"{with_sick:.0f}", "",
           f"{100 * with_sick / without:.0f} %", ">= 95 %")
