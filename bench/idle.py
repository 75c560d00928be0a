"""How long one mail takes at a server that has nothing else to do: from the client's dot to the 250, and
to its next hop.

A p99 is made of the worst moments, so all that could be somebody else's is kept out or shared. Client and
next hops are processes of their own. Both servers and a bare sync work in turns, each of which begins
with all that the one before it left to write on the disk. A disk has moods, in which now and then nothing
comes back for a while, for anybody; they make the p99 of all mails together and say nothing of a server.
So each turn has a p99 of its own, and the median of all turns counts."""
import contextlib
import functools
import gc
import math
import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from servers import ROOT, SINK_PORT, MalleposteUnderLoad, PostfixUnderLoad, source
from harness import namespace, until

KINDS = (MalleposteUnderLoad, PostfixUnderLoad)
PAUSE_S = 0.02  # idle again
TURN_MAILS = 100
SETTLED_S = 0.2  # after a sync of all file systems
DISK_BYTES = 1 << 30
CLIENT, SINK = (ROOT / "build" / "bin" / name for name in ("idle_client", "idle_sink"))
ZRAM = pathlib.Path("/sys/class/zram-control")


def rows(bench, repetitions, count):
    names = [kind.name for kind in KINDS]
    with contextlib.ExitStack() as stack:
        yield from rows_of("idle", *latency(bench, {name: bench.directory for name in names},
                                            repetitions, count))
        if not has_journal(bench.directory):
            disks = stack.enter_context(file_systems(
                names, lambda name: loop(bench.directory / f"{name}.img", "--direct-io=on")))
            yield from rows_of("idle, with a journal", *latency(bench, disks, repetitions, count))
    with disks_in_memory(names) as disks:
        yield from rows_of("idle, disk in memory", *latency(bench, disks, repetitions, count))


def rows_of(title, waits, alone, synced):
    ours, theirs = (waits[kind] for kind in KINDS)
    for name, text in (("answered", "dot to 250"), ("delivered", "dot to next hop")):
        for percent in (50, 99):
            one, other = of_turns(ours[name], percent), of_turns(theirs[name], percent)
            yield (f"{title}: {text}, p{percent}, ms", f"{one:.2f}", f"{other:.2f}",
                   f"{other / one:.1f} x faster", ">= 2 x" if percent == 99 else "")
    yield (f"{title}: a sync without a server, p50 / p99, ms",
           f"{of_turns(alone, 50):.2f} / {of_turns(alone, 99):.2f}", "", "", "")
    yield (f"{title}: syncs a relayed message", f"{synced:.2f}", "", "", "<= 2")


def of_turns(values, percent):
    """The median of the turns' quantiles (nearest rank)."""
    turns = [sorted(values[at:at + TURN_MAILS]) for at in range(0, len(values), TURN_MAILS)]
    return statistics.median(turn[math.ceil(len(turn) * percent / 100) - 1] for turn in turns)


def latency(bench, disks, repetitions, count):
    """Milliseconds of all mails by server, those of one write and sync of that size without any
    server, turn after turn, and our syncs a message. `disks` gives each server's directory by its
    name."""
    waits = {kind: {"answered": [], "delivered": []} for kind in KINDS}
    alone, syncs = [], []

    def bring(number, client, kind, arrivals):
        answered, delivered = client.bring(kind.port, number, arrivals)
        waits[kind]["answered"].append(answered)
        waits[kind]["delivered"].append(delivered)

    for repetition in range(repetitions):
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(contextlib.closing(Client()))
            workers, servers = [], {}
            for index, kind in enumerate(KINDS):
                hop = stack.enter_context(contextlib.closing(Arrivals(SINK_PORT + index)))
                servers[kind] = kind(bench, held=False, hop=hop.port, disk=disks[kind.name])
                stack.callback(servers[kind].stop)
                source(bench, kind.port, 100)  # what a server does at its start is not idle
                workers.append(functools.partial(bring, client=client, kind=kind, arrivals=hop))
            bare = stack.enter_context(contextlib.closing(BareSync(disks[KINDS[0].name])))
            workers.append(lambda number: alone.append(bare.once()))
            ours = servers[MalleposteUnderLoad]
            time.sleep(2)
            gc.collect()
            gc.disable()
            stack.callback(gc.enable)
            before = ours.syncs
            for first in range(0, count, TURN_MAILS):
                for worker in workers:
                    os.sync()
                    time.sleep(SETTLED_S)
                    for number in range(first, first + TURN_MAILS):
                        worker(number)
                        time.sleep(PAUSE_S)
                workers.append(workers.pop(0))
            syncs.append((ours.syncs - before) / count)
        shown = ", ".join(f"{kind.name} {of_turns(waits[kind]['answered'], 99):.2f}"
                          for kind in KINDS)
        print(f"  idle {repetition + 1}: p99 to the 250 so far: {shown}", file=sys.stderr,
              flush=True)
    return waits, alone, statistics.median(syncs)


class Client:
    """Brings the mails (idle_client.cc)."""

    def __init__(self):
        self.process = subprocess.Popen([CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)

    def bring(self, port, number, arrivals):
        """Milliseconds from the dot to the answer and to the next hop."""
        print(port, number, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, "the client has ended"
        sent, answered = (int(word) / 1e9 for word in line.split())
        return (answered - sent) * 1000, (arrivals.wait(number) - sent) * 1000

    def close(self):
        self.process.communicate()


class Arrivals:
    """The next hop of one server (idle_sink.cc)."""

    def __init__(self, port):
        self.port = port
        self.process = subprocess.Popen([SINK, str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def wait(self, number):
        """When that mail was there."""
        for line in self.process.stdout:
            seen, at = line.split()
            if int(seen) == number:
                return int(at) / 1e9
        raise AssertionError(f"the next hop at port {self.port} has ended")

    def close(self):
        self.process.communicate()


class BareSync:
    """A file that is there already, and one piece of it after the other written and synced in the way
    that our journal does it."""

    def __init__(self, directory):
        path = directory / "bare"
        path.write_bytes(bytes(16 << 20))
        self.file = os.open(path, os.O_WRONLY | os.O_DIRECT | os.O_DSYNC)
        os.fsync(self.file)
        self.piece = mmap.mmap(-1, 4096)  # O_DIRECT wants it aligned, and no disk wants more
        self.at = 0

    def once(self):
        start = time.perf_counter()
        os.pwrite(self.file, self.piece, self.at)
        self.at += len(self.piece)
        return (time.perf_counter() - start) * 1000

    def close(self):
        os.close(self.file)


def has_journal(directory):
    """Whether its file system has one, as ext4 has in most installations: without it a sync costs
    Postfix less than it costs there, and us more."""
    device = os.stat(directory).st_dev
    name = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    return not pathlib.Path("/proc/fs/ext4", name).exists() or any(
        pathlib.Path("/proc/fs/jbd2").glob(f"{name}-*"))


@contextlib.contextmanager
def disks_in_memory(names):
    """The same way through the kernel as to a disk, and a device without moods. zram does its work
    where it is asked to; a loop device, for kernels without zram, has threads, whose waking is mood
    enough."""
    with contextlib.ExitStack() as stack:
        memory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not ZRAM.exists():
            namespace.mount("none", memory, kind="tmpfs")
            stack.callback(namespace.unmount, memory)
        yield stack.enter_context(file_systems(
            names, lambda name: zram() if ZRAM.exists() else loop(memory / f"{name}.img")))


@contextlib.contextmanager
def file_systems(names, device_for):
    """A directory for each name, on an ext4 and a block device of its own."""
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = {}
        for name in names:
            device = stack.enter_context(device_for(name))
            # Nothing is left to be initialised while we measure.
            subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0",
                            device], check=True)
            places[name] = scratch / name
            places[name].mkdir()
            namespace.mount(device, places[name], kind="ext4")
            stack.callback(namespace.unmount, places[name])
        yield places


@contextlib.contextmanager
def zram():
    number = (ZRAM / "hot_add").read_text().strip()
    try:
        pathlib.Path(f"/sys/block/zram{number}/disksize").write_text(str(DISK_BYTES))
        yield f"/dev/zram{number}"
    finally:
        # The file system may let go of it a moment after it was unmounted.
        until(lambda: done(lambda: (ZRAM / "hot_remove").write_text(number)), "the device's release")


def done(act):
    try:
        act()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def loop(image, *options):
    try:
        with image.open("wb") as file:
            for _ in range(DISK_BYTES >> 20):
                file.write(bytes(1 << 20))
            os.fsync(file.fileno())
        device = subprocess.run(["losetup", *options, "-f", "--show", image], check=True,
                                stdout=subprocess.PIPE, text=True).stdout.strip()
        try:
            yield device
        finally:
            subprocess.run(["losetup", "-d", device], check=True)
    finally:
        image.unlink(missing_ok=True)
