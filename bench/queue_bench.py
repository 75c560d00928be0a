"""`./dev bench --queue [N]`: a queue of N deferred messages (1,000,000), each from a sender of its own
and to one of N / 10 domains, tried once and told to come later: memory, how quickly it is looked
at, what it costs new mail, and how soon after `kill -9` the first message goes out. Postfix beside
it with N / 10."""
import multiprocessing
import pathlib
import shutil
import socket
import statistics
import sys
import time
import urllib.parse
import urllib.request

from harness import until
from harness.server import UI_PORT, Malleposte
from harness.sink import Sink
from servers import CountingSink, PostfixUnderLoad, source

SIZE, AT_ONCE, CLIENTS = 1024, 100, 4
LATER, HOP = 2599, 2600  # the one answers 450 to each RCPT, the other may say nothing at all
FIRST = "first.test"  # its mail goes to HOP


def fill(port, first, last, domains):
    """One client: bursts of whole messages, without waiting in between (PIPELINING, CHUNKING)."""
    content = b"Subject: bench\r\n\r\n" + b"x" * (SIZE - 18)
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        answers = client.makefile("rb")
        answers.readline()
        client.sendall(b"EHLO bench.test\r\n")
        while answers.readline()[3:4] == b"-":
            pass
        for begin in range(first, last, AT_ONCE):
            burst = b"".join(
                b"MAIL FROM:<s%d@d%d.sender.test>\r\nRCPT TO:<r%d@d%d.test>\r\nBDAT %d LAST\r\n%s"
                % (n, n, n, n % domains, len(content), content)
                for n in range(begin, min(begin + AT_ONCE, last)))
            client.sendall(burst)
            for _ in range(3 * (min(begin + AT_ONCE, last) - begin)):
                answer = answers.readline()
                assert answer.startswith(b"250"), answer


def filled(port, count, domains):
    """Seconds to send so many messages."""
    step = -(-count // CLIENTS)
    start = time.monotonic()
    clients = [multiprocessing.Process(target=fill, args=(port, first, min(first + step, count),
                                                          domains))
               for first in range(0, count, step)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
        assert client.exitcode == 0
    return time.monotonic() - start


class Silence:
    """Takes connections at HOP and says nothing, so that what goes there is still on its way when
    the server is killed."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", HOP))
        return self

    def __exit__(self, *_):
        self.listener.close()


def milliseconds(call, times=5):
    """Of the quickest call: what the queue costs, not what else happens on the machine."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        took.append((time.perf_counter() - start) * 1000)
    return min(took)


def get(path, **query):
    url = f"http://127.0.0.1:{UI_PORT}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def tell(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def malleposte(directory, count, accept):
    """The rows of Malleposte. `accept()` gives a rate of accepting, messages a second, while nothing
    is delivered."""
    domains = max(count // 10, 1)
    directory = pathlib.Path(directory) / "queue"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    routes = directory / "routes"
    routes.write_text(f"{FIRST} [127.0.0.1]:{HOP}\n* [127.0.0.1]:{LATER}\n")
    server = Malleposte(directory / "server", routes=routes, retry_first="1d", retry_max="1d",
                        queue_memory_limit="2GB", session_limit=20_000,
                        deliveries_suspended=True).start()
    figures = {}
    try:
        before = accept()
        server.stop()
        empty(server, deliveries_suspended=False)
        figures["filling, msg/s"] = count / filled(2525, count, domains)
        tell(f"filled with {figures['filling, msg/s']:.0f} msg/s")

        def deferred():
            return int(get("queue/count", state="deferred").split(b":")[1].split(b"}")[0])
        until(lambda: deferred() >= count, "every message to be tried", patience_s=600, pause_s=1)
        figures["resident, MB"] = server.resident_bytes / 2**20
        figures["resident at most, MB"] = server.resident_peak_bytes / 2**20
        for name, path, query in (
                ("first page, ms", "queue/messages", {"limit": 50}),
                ("count, ms", "queue/count", {}),
                ("count by domain, ms", "queue/count", {"domain": f"d{domains // 2}.test"}),
                ("count by sender, ms", "queue/count",
                 {"sender": f"s{count // 2}@d{count // 2}.sender.test"}),
                ("page by recipient, ms", "queue/messages",
                 {"recipient": f"r{count // 2}@d{count // 2 % domains}.test"}),
                ("count by state, ms", "queue/count", {"state": "deferred"}),
                ("count by age, ms", "queue/count", {"older_than": "1h"}),
                ("count by class, ms", "queue/count", {"class": "network"})):
            figures[name] = milliseconds(lambda: get(path, **query))
        server.reload(deliveries_suspended=True)
        figures["accept, full queue"] = accept()
        server.reload(deliveries_suspended=False)
        with Silence():
            server.send("anna@bench.test", f"first@{FIRST}", b"Subject: first\r\n\r\n")
            until(lambda: b'"active"' in get("queue/messages", domain=FIRST), "the first to leave")
            server.kill()
        figures["restart to first delivery, s"], figures["after it resident at most, MB"] = \
            restart(server.launch, lambda: server.resident_peak_bytes)
        server.kill()
        empty(server, deliveries_suspended=True)
        figures["accept, empty queue"] = (before + accept()) / 2  # the disk has its moods
    finally:
        server.end()
        shutil.rmtree(directory, ignore_errors=True)
    tell("Malleposte: " + ", ".join(f"{name} {value:.1f}" for name, value in figures.items()))
    return figures


def empty(server, **properties):
    """Starts it anew with nothing in its queue."""
    shutil.rmtree(server.data)
    server.data.mkdir()
    server.set(**properties)
    server.start()


def restart(launch, peak=lambda: 0):
    """Seconds from there until the first mail is at the next hop."""
    sink = Sink(port=HOP)
    try:
        start = time.monotonic()
        launch()
        sink.wait(1, patience_s=300)
        return time.monotonic() - start, peak() / 2**20
    finally:
        sink.close()


def postfix(under_load, count, send):
    """The rows of Postfix, where it has the same. `under_load(**settings)` starts it, `send(port,
    count, recipient)` sends with smtp-source."""
    one = under_load(relayhost=f"[127.0.0.1]:{LATER}", maximal_backoff_time="1d",
                     minimal_backoff_time="1d",
                     transport_maps=f"inline:{{{{{FIRST} = smtp:[127.0.0.1]:{HOP}}}}}")
    figures = {}
    try:
        start = time.monotonic()
        for sent in range(0, count, 10_000):
            send(one.port, min(10_000, count - sent), "rcpt@sink.test")
        figures["filling, msg/s"] = count / (time.monotonic() - start)
        active = one.mounted / "active", one.mounted / "incoming"
        until(lambda: not any(path.is_file() for place in active for path in place.rglob("*")),
              "Postfix to have tried every message", patience_s=900, pause_s=2)
        one.peers.run("/usr/sbin/postqueue", "-p")
        figures["first page, ms"] = milliseconds(
            lambda: one.peers.run("/usr/sbin/postqueue", "-p"), times=2)
        with Silence():
            send(one.port, 1, f"first@{FIRST}")
            until(lambda: any(path.is_file() for path in active[0].rglob("*")), "it to be active")
            one.server.stop()
        figures["restart to first delivery, s"], _ = restart(
            lambda: one.peers.run("/usr/sbin/postfix", "start"))
    finally:
        one.stop()
    return figures


WANTED = {"resident, MB": "<= 192", "resident at most, MB": "<= 192",
          "after it resident at most, MB": "<= 192", "restart to first delivery, s": "< 10",
          **{name: "< 50" for name in (
              "first page, ms", "count, ms", "count by domain, ms", "count by sender, ms",
              "page by recipient, ms", "count by state, ms", "count by age, ms",
              "count by class, ms")}}


def table(bench, count):
    def accept_rate(messages=20_000, times=9):
        rates = []
        for _ in range(1 + times):
            start = time.monotonic()
            source(bench, 2525, messages)
            rates.append(messages / (time.monotonic() - start))
        return statistics.median(rates[1:])  # single ones differ by a third

    later = CountingSink(bench, port=LATER, options=("-r", "RCPT"))
    ours = malleposte(bench.directory, count, accept_rate)
    theirs = postfix(
        lambda **settings: PostfixUnderLoad(bench, held=False, **settings), count // 10,
        lambda port, messages, to: source(bench, port, messages, min(messages, 50), recipient=to))
    later.stop()
    yield from rows(ours, theirs)


def rows(ours, theirs):
    full, empty = ours.pop("accept, full queue"), ours.pop("accept, empty queue")
    for name, value in ours.items():
        other = theirs.get(name)
        ratio = ""
        if other:
            more = value > other
            ratio = f"{value / other if more else other / value:.1f} x {'more' if more else 'less'}"
        yield (name, f"{value:.1f}", f"{other:.1f}" if other else "", ratio, WANTED.get(name, ""))
    yield ("accept with it, msg/s", f"{full:.0f}", "", "", "")
    yield ("accept with an empty queue, msg/s", f"{empty:.0f}", "", f"{full / empty:.2f}",
           ">= 0.90")
