#!/usr/bin/python3 -B
"""`./dev bench`: Malleposte and Postfix side by side on this machine, in one run, with ratios.

Both run as they come, with all that is on by default: syncs, logs, Received fields. Their queues
lie on the same disk. smtp-source and smtp-sink (Postfix's own load tools) are client and next hop.
Repetitions are interleaved and the median counts. Everything shares the machine's cores, so run it
when nothing else does, and read ratios rather than rates.
"""
import argparse
import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

from servers import (ROOT, SESSIONS, SINK_PORT, SIZE, Bench, CountingSink, MalleposteUnderLoad,
                     PostfixUnderLoad, cpu_s, source)
import idle
import queue_bench
import sick_sites
from harness import namespace, until
from harness.mail import bulk, simple
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


def syncs(bench, count):
    """Syncs a message at 64 sessions with delivery held, by the server's count and by strace's."""
    server = MalleposteUnderLoad(bench, held=True)
    trace = bench.directory / "strace"
    try:
        before = server.syncs
        source(bench, 2525, count, sessions=64)
        counted = (server.syncs - before) / count
        # A small batch goes by pwrite64 over a descriptor with O_DSYNC; nothing else calls that.
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, "-e",
                                   "trace=fsync,fdatasync,sync_file_range,pwrite64", "-p",
                                   str(server.root_pid)])
        until(lambda: "TracerPid:\t0" not in
              pathlib.Path(f"/proc/{server.root_pid}/status").read_text(), "strace")
        before = server.syncs
        source(bench, 2525, count, sessions=64)
        counted_traced = server.syncs - before
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

    # First, as a disk takes its time to recover from load.
    yield from idle.rows(bench, repetitions, int(1_000 * scale))
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
    result = syncs(bench, int(20_000 * scale))
    yield ("syncs a message, 64 sessions", f"{result['counted']:.3f}", "", "", "<= 0.1")
    yield ("the same below strace: counted / seen",
           f"{result['counted while traced']:.3f} / {result['traced']:.3f}", "", "", "equal")
    result = memory(bench)
    yield ("50 MB mail: additional memory, MB", f"{result['additional']:.1f}", "", "", "<= 16")
    yield ("resident at idle, MB", f"{result['idle']:.1f}", "", "", "")


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
    options.add_argument("--idle", action="store_true",
                         help="only: how long a mail takes when there is nothing else to do")
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
                idle.rows(bench, repetitions, int(1_000 * scale)) if chosen.idle else
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
