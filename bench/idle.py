"""How long one mail takes at a server that has nothing else to do: from the client's dot to the 250, and
to its next hop.

A p99 is made of the worst moments, so all that could be somebody else's is kept out or shared: client and
next hops are processes of their own, nobody collects garbage meanwhile, both servers and a bare sync
take their turns mail by mail and so meet the same moods of the disk, and the whole is done once more on
a file system in memory."""
import contextlib
import gc
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
CLIENT, SINK = (ROOT / "build" / "bin" / name for name in ("idle_client", "idle_sink"))
ZRAM = pathlib.Path("/sys/class/zram-control")


def rows(bench, repetitions, count):
    here = {kind: bench.directory for kind in KINDS}
    yield from rows_of("idle", *latency(bench, here, repetitions, count))
    with disks_in_memory([kind.name for kind in KINDS]) as places:
        disks = {kind: places[kind.name] for kind in KINDS}
        yield from rows_of("idle, disk in memory", *latency(bench, disks, repetitions, count))


def rows_of(title, waits, alone, synced):
    ours, theirs = (waits[kind] for kind in KINDS)
    for name, text in (("answered", "dot to 250"), ("delivered", "dot to next hop")):
        for percent in (50, 99):
            one, other = quantile(ours[name], percent), quantile(theirs[name], percent)
            yield (f"{title}: {text}, p{percent}, ms", f"{one:.2f}", f"{other:.2f}",
                   f"{other / one:.1f} x faster", ">= 2 x" if percent == 99 else "")
    yield (f"{title}: a sync without a server, p50 / p99, ms",
           f"{quantile(alone, 50):.2f} / {quantile(alone, 99):.2f}", "", "", "")
    yield (f"{title}: syncs a relayed message", f"{synced:.2f}", "", "", "<= 2")


def quantile(values, percent):
    return sorted(values)[len(values) * percent // 100]


def latency(bench, disks, repetitions, count):
    """Milliseconds of all mails by server, those of one write and sync of that size without any
    server, and our syncs a message. `disks` gives each server's directory."""
    waits = {kind: {"answered": [], "delivered": []} for kind in KINDS}
    alone, syncs = [], []
    for repetition in range(repetitions):
        with contextlib.ExitStack() as stack:
            arrivals = {kind: stack.enter_context(contextlib.closing(Arrivals(SINK_PORT + index)))
                        for index, kind in enumerate(KINDS)}
            servers = {}
            for kind in KINDS:
                servers[kind] = kind(bench, held=False, hop=arrivals[kind].port, disk=disks[kind])
                stack.callback(servers[kind].stop)
                source(bench, kind.port, 100)  # what a server does at its start is not idle
            ours = servers[MalleposteUnderLoad]
            client = stack.enter_context(contextlib.closing(Client()))
            bare = stack.enter_context(contextlib.closing(BareSync(disks[MalleposteUnderLoad])))
            time.sleep(2)
            gc.collect()
            gc.disable()
            stack.callback(gc.enable)
            before = ours.syncs
            for number in range(count):
                alone.append(bare.once())
                time.sleep(PAUSE_S)
                for kind in KINDS:
                    answered, delivered = client.bring(kind.port, number, arrivals[kind])
                    waits[kind]["answered"].append(answered)
                    waits[kind]["delivered"].append(delivered)
                    time.sleep(PAUSE_S)
            syncs.append((ours.syncs - before) / count)
        shown = ", ".join(f"{kind.name} {quantile(waits[kind]['answered'], 99):.2f}"
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

    def close(self):
        os.close(self.file)


@contextlib.contextmanager
def disks_in_memory(names):
    """A directory for each name, on a file system and a block device of its own in memory: the same way
    through the kernel as to a disk, and a device without moods. zram does its work where it is asked
    to; a loop device, for kernels without zram, has threads, whose waking is mood enough."""
    with contextlib.ExitStack() as stack:
        memory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not ZRAM.exists():
            namespace.mount("none", memory, kind="tmpfs")
            stack.callback(namespace.unmount, memory)
        places = {}
        for name in names:
            device = stack.enter_context(zram() if ZRAM.exists() else loop(memory / f"{name}.img"))
            subprocess.run(["mkfs.ext4", "-q", device], check=True)
            places[name] = memory / name
            places[name].mkdir()
            namespace.mount(device, places[name], kind="ext4")
            stack.callback(namespace.unmount, places[name])
        yield places


@contextlib.contextmanager
def zram():
    number = (ZRAM / "hot_add").read_text().strip()
    try:
        pathlib.Path(f"/sys/block/zram{number}/disksize").write_text("1G")
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
def loop(image):
    with image.open("wb") as file:
        file.truncate(1 << 30)
    device = subprocess.run(["losetup", "-f", "--show", image], check=True, stdout=subprocess.PIPE,
                            text=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
