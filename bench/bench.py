#!/usr/bin/python3 -B
"""`./dev bench`: Malleposte and Postfix side by side on this machine, in one run, with ratios.

Both run as they come, with all that is on by default: syncs, logs, Received fields. Their queues
lie on the same disk. smtp-source and smtp-sink (Postfix's own load tools) are client and next hop.
Repetitions are interleaved and the median counts. Everything shares the machine's cores, so run it
when nothing else does, and read ratios rather than rates.
"""
import argparse
import contextlib
import datetime
import os
import pathlib
import platform
import re
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from servers import (ROOT, SESSIONS, SINK_PORT, SIZE, Bench, CountingSink, MalleposteUnderLoad,
                     PostfixUnderLoad, cpu_s, source)
import queue_bench
import sick_sites
from harness import namespace, until
from harness.mail import bulk, simple
from harness.server import UI_PORT
from harness.sink import Sink

REPORT = ROOT / "docs" / "performance.md"


# --- the measurements ----------------------------------------------------------------------------

def accept(bench, kind, count):
    """Delivery held: accepted messages a second, CPU milliseconds a message."""
    server = kind(bench, held=True)
    try:
        source(bench, kind.port, 200)
        cpu, start = cpu_s(server.root_pid), time.monotonic()
        source(bench, kind.port, count)
        seconds = time.monotonic() - start
        return {"rate": count / seconds, "cpu": (cpu_s(server.root_pid) - cpu) * 1000 / count}
    finally:
        server.stop()


def through(bench, kind, count, kept=True):
    """From smtp-source through to smtp-sink: messages a second until the last has arrived."""
    sink = CountingSink(bench)
    server = kind(bench, held=False)
    try:
        source(bench, kind.port, 200)
        sink.wait(200)
        cpu, start = cpu_s(server.root_pid), time.monotonic()
        source(bench, kind.port, count, kept=kept)
        sink.wait(200 + count)
        seconds = time.monotonic() - start
        return {"rate": count / seconds, "cpu": (cpu_s(server.root_pid) - cpu) * 1000 / count}
    finally:
        server.stop()
        sink.stop()


def through_one_each(bench, kind, count):
    """The same with a connection for every message."""
    return through(bench, kind, count, kept=False)


class Arrivals:
    """The mails at one server's next hop: number -> when its content was there."""

    def __init__(self, port):
        self.times = {}
        self.changed = threading.Condition()
        self.sink = Sink(port=port)
        self.sink.on_data = self.note

    def note(self, mail):
        if number := re.search(rb"number (\d+)", mail.content):
            with self.changed:
                self.times[int(number[1])] = time.perf_counter()
                self.changed.notify_all()

    def wait(self, number):
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.times, 30)
        return self.times[number]


def latency(bench, disks, repetitions, count):
    """One mail after the other on an idle server: from our dot to the 250, and to the next hop; our
    syncs a message; and the milliseconds of one write and sync of that size without any server. All
    of it is done in turn, mail by mail, as a p99 is made of the disk's worst moments: so all meet
    the same ones. `disks` gives each server's directory."""
    kinds = (MalleposteUnderLoad, PostfixUnderLoad)
    waits = {kind: {"answered": [], "delivered": []} for kind in kinds}
    alone, syncs = [], []
    for _ in range(repetitions):
        arrivals = {kind: Arrivals(SINK_PORT + index) for index, kind in enumerate(kinds)}
        servers = []
        try:
            for kind in kinds:
                servers.append(kind(bench, held=False, hop=arrivals[kind].sink.port,
                                    disk=disks[kind]))
                source(bench, kind.port, 100)  # what a server does at its start is not idle
            bare = BareSync(disks[MalleposteUnderLoad])
            time.sleep(2)
            before = counted_syncs()
            for number in range(count):
                alone.append(bare.once())
                time.sleep(0.02)
                for kind in kinds:
                    answered, delivered = one_mail(kind.port, number, arrivals[kind])
                    waits[kind]["answered"].append(answered)
                    waits[kind]["delivered"].append(delivered)
                    time.sleep(0.02)  # idle again
            syncs.append((counted_syncs() - before) / count)
        finally:
            for server in servers:
                server.stop()
            for arrival in arrivals.values():
                arrival.sink.close()
    results = {kind: {name: quantiles(values) for name, values in waits[kind].items()}
               for kind in kinds}
    return results, quantiles(alone), statistics.median(syncs)


def quantiles(values):
    values = sorted(values)
    return {"p50": values[len(values) // 2], "p99": values[len(values) * 99 // 100]}


class BareSync:
    """A file that is there already, and one piece of it after the other written and synced."""

    def __init__(self, directory):
        self.file = os.open(directory / "bare", os.O_RDWR | os.O_CREAT, 0o600)
        os.write(self.file, bytes(16 << 20))
        os.fsync(self.file)
        self.at = 0

    def once(self):
        start = time.perf_counter()
        os.pwrite(self.file, b"x" * 2048, self.at)
        os.fdatasync(self.file)
        self.at += 2048
        return (time.perf_counter() - start) * 1000


@contextlib.contextmanager
def disks_in_memory(names):
    """A directory for each name, on a file system of its own in an image in memory: the same way
    through the kernel as to a disk, and a device without moods."""
    loops = []
    with tempfile.TemporaryDirectory() as memory:
        memory = pathlib.Path(memory)
        namespace.mount("none", memory, kind="tmpfs")
        try:
            for name in names:
                image, place = memory / f"{name}.img", memory / name
                with image.open("wb") as file:
                    file.truncate(1 << 30)
                subprocess.run(["mkfs.ext4", "-q", image], check=True)
                loop = subprocess.run(["losetup", "-f", "--show", image], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout.strip()
                loops.append((loop, place))
                place.mkdir()
                namespace.mount(loop, place, kind="ext4")
            yield {name: memory / name for name in names}
        finally:
            for loop, place in reversed(loops):
                if os.path.ismount(place):
                    namespace.unmount(place)
                subprocess.run(["losetup", "-d", loop], check=True)
            namespace.unmount(memory)


def one_mail(port, number, arrivals):
    """Milliseconds from the dot to the answer and to the next hop."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test") as client:
        client.ehlo()
        client.mail("anna@bench.test")
        client.rcpt("bert@sink.test")
        client.docmd("DATA")
        client.send(simple(f"number {number}", "x" * 900 + "\r\n") + b".\r\n")
        start = time.perf_counter()
        code, _ = client.getreply()
        answered = time.perf_counter() - start
        assert code == 250
    return answered * 1000, (arrivals.wait(number) - start) * 1000


def counted_syncs():
    with urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}/metrics") as answer:
        text = answer.read().decode()
    return float(re.search(r"(?m)^malleposte_spool_syncs_total (\S+)$", text)[1])


def syncs(bench, count):
    """Syncs a message at 64 sessions with delivery held, by the server's count and by strace's."""
    server = MalleposteUnderLoad(bench, held=True)
    trace = bench.directory / "strace"
    try:
        before = counted_syncs()
        source(bench, 2525, count, sessions=64)
        counted = (counted_syncs() - before) / count
        # A small batch goes by pwrite64 over a descriptor with O_DSYNC; nothing else calls that.
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, "-e",
                                   "trace=fsync,fdatasync,sync_file_range,pwrite64", "-p",
                                   str(server.root_pid)])
        until(lambda: "TracerPid:\t0" not in
              pathlib.Path(f"/proc/{server.root_pid}/status").read_text(), "strace")
        before = counted_syncs()
        source(bench, 2525, count, sessions=64)
        counted_traced = counted_syncs() - before
        tracer.terminate()
        tracer.wait()
        seen = len(re.findall(r"(?:sync\w*|pwrite64)\(", trace.read_text()))
        return {"counted": counted, "traced": seen / count,
                "counted while traced": counted_traced / count}
    finally:
        server.stop()


def memory(bench):
    """Additional resident memory while a mail of 50 MB comes in and goes out, MB."""
    sink = Sink(port=SINK_PORT, keep=False)
    server = MalleposteUnderLoad(bench, held=False)
    malleposte = server.server
    try:
        for number in range(20):
            malleposte.send("anna@bench.test", "bert@sink.test", simple(str(number)))
        sink.wait(20)
        malleposte.wait_empty()
        idle = malleposte.resident_bytes
        malleposte.reset_resident_peak()
        malleposte.send("anna@bench.test", "bert@sink.test", bulk(50_000_000, "large"))
        sink.wait(21, patience_s=120)
        return {"additional": (malleposte.resident_peak_bytes - idle) / 1e6, "idle": idle / 1e6}
    finally:
        server.stop()
        sink.close()


# --- the table -----------------------------------------------------------------------------------

def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def interleaved(measure, bench, repetitions, counts):
    results = {kind: [] for kind in counts}
    for _ in range(repetitions):
        for kind, count in counts.items():
            results[kind].append(measure(bench, kind, count))
            shown = ", ".join(f"{key} {value:.3g}" for key, value in results[kind][-1].items())
            print(f"  {measure.__name__}: {kind.name}: {shown}", file=sys.stderr, flush=True)
    return [medians(results[kind]) for kind in (MalleposteUnderLoad, PostfixUnderLoad)]


def rows(bench, repetitions, scale):
    def counts(ours, theirs):
        return {MalleposteUnderLoad: int(ours * scale), PostfixUnderLoad: int(theirs * scale)}

    ours, theirs = interleaved(accept, bench, repetitions, counts(40_000, 6_000))
    yield ("accept, delivery held, msg/s", f"{ours['rate']:.0f}", f"{theirs['rate']:.0f}",
           f"{ours['rate'] / theirs['rate']:.1f} x", ">= 8 x")
    yield ("accept: CPU a message, ms", f"{ours['cpu']:.3f}", f"{theirs['cpu']:.3f}",
           f"{theirs['cpu'] / ours['cpu']:.1f} x less", "")
    for measure, text, rate, cpu, loads in (
            (through, "end to end", 12, 18, counts(20_000, 3_000)),
            (through_one_each, "end to end, one a connection", 3, 15, counts(10_000, 3_000))):
        ours, theirs = interleaved(measure, bench, repetitions, loads)
        yield (f"{text}, msg/s", f"{ours['rate']:.0f}", f"{theirs['rate']:.0f}",
               f"{ours['rate'] / theirs['rate']:.1f} x", f">= {rate} x")
        yield (f"{text}: CPU a message, ms", f"{ours['cpu']:.3f}", f"{theirs['cpu']:.3f}",
               f"{theirs['cpu'] / ours['cpu']:.1f} x less", f">= {cpu} x less")
    yield from idle(bench, repetitions, int(1_000 * scale))
    result = syncs(bench, int(20_000 * scale))
    yield ("syncs a message, 64 sessions", f"{result['counted']:.3f}", "", "", "<= 0.1")
    yield ("the same below strace: counted / seen",
           f"{result['counted while traced']:.3f} / {result['traced']:.3f}", "", "", "equal")
    result = memory(bench)
    yield ("50 MB mail: additional memory, MB", f"{result['additional']:.1f}", "", "", "<= 16")
    yield ("resident at idle, MB", f"{result['idle']:.1f}", "", "", "")


def idle(bench, repetitions, count):
    kinds = {"malleposte": MalleposteUnderLoad, "postfix": PostfixUnderLoad}
    here = {kind: bench.directory for kind in kinds.values()}
    yield from idle_rows("idle", *latency(bench, here, repetitions, count))
    with disks_in_memory(kinds) as places:
        disks = {kinds[name]: place for name, place in places.items()}
        yield from idle_rows("idle, disk in memory", *latency(bench, disks, repetitions, count))


def idle_rows(title, results, alone, synced):
    ours, theirs = results[MalleposteUnderLoad], results[PostfixUnderLoad]
    for name, text in (("answered", "dot to 250"), ("delivered", "dot to next hop")):
        for quantile in ("p50", "p99"):
            one, other = ours[name][quantile], theirs[name][quantile]
            yield (f"{title}: {text}, {quantile}, ms", f"{one:.2f}", f"{other:.2f}",
                   f"{other / one:.1f} x faster", ">= 2 x" if quantile == "p99" else "")
    yield (f"{title}: a sync without a server, p50 / p99, ms",
           f"{alone['p50']:.2f} / {alone['p99']:.2f}", "", "", "")
    yield (f"{title}: syncs a relayed message", f"{synced:.2f}", "", "", "<= 2")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "describe", "--always",
                             "--dirty"], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    now = datetime.datetime.now(datetime.timezone.utc)
    return (f"{now:%Y-%m-%d}, commit {commit or 'unknown'}; {model}, {os.cpu_count()} cores, "
            f"Linux {platform.release()}")


def main():
    options = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    options.add_argument("--reps", type=int, default=3, help="repetitions, of which the median")
    options.add_argument("--quick", action="store_true", help="a tenth of the load, once")
    options.add_argument("--queue", type=int, nargs="?", const=1_000_000, metavar="N",
                         help="with N messages in the queue, instead of all else")
    options.add_argument("--record", action="store_true", help="append to docs/performance.md")
    options.add_argument("--sick", action="store_true",
                         help="instead: what sick next hops cost the healthy ones")
    chosen = options.parse_args()
    repetitions, scale = (1, 0.1) if chosen.quick else (chosen.reps, 1)

    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"This machine is busy (load {load:.1f}): the figures will not mean much.",
              file=sys.stderr)
    namespace.enter_new()
    directory = ROOT / "build" / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(directory, pathlib.Path(scratch))
        try:
            table = list(
                queue_bench.table(bench, chosen.queue) if chosen.queue else
                sick_sites.rows(bench, repetitions) if chosen.sick else
                rows(bench, repetitions, scale))
        finally:
            bench.peers.close()
    head = [("", "Malleposte", "Postfix", "ratio", "wanted")]
    widths = [max(len(row[column]) for row in head + table) for column in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in head + table]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    text = "\n".join(lines)
    what = (f"{chosen.queue} messages in the queue, Postfix a tenth of them" if chosen.queue else
            f"{SIZE} byte messages, {SESSIONS} kept connections, median of {repetitions} "
            "interleaved repetitions")
    print(f"\n{machine()}; {what}\n\n{text}")
    if chosen.record:
        with REPORT.open("a") as report:
            report.write(f"\n## {machine()}\n\n{what}.\n\n{text}\n")
        print(f"\nAppended to {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
