"""The servers that a bench puts side by side, and the load tools: Postfix's smtp-source and
smtp-sink."""
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness import namespace, until
from harness.peers import LOWER, PeersRoot, Postfix
from harness.server import UI_PORT, Malleposte

SESSIONS, SIZE = 50, 1024
SINK_PORT = 2600


class MalleposteUnderLoad:
    name, port = "Malleposte", 2525

    def __init__(self, bench, held, hop=SINK_PORT, disk=None):
        directory = (disk or bench.directory) / "malleposte"
        shutil.rmtree(directory, ignore_errors=True)
        self.server = Malleposte(directory, smart_relay=f"[127.0.0.1]:{hop}",
                                 deliveries_suspended=held).start()
        self.root_pid = self.server.process.pid

    @property
    def syncs(self):
        """How many it has made, by its own count."""
        with urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}/metrics") as answer:
            text = answer.read().decode()
        return float(re.search(r"(?m)^malleposte_spool_syncs_total (\S+)$", text)[1])

    def stop(self):
        self.server.stop()


class PostfixUnderLoad:
    name, port = "Postfix", 2700

    def __init__(self, bench, held, hop=SINK_PORT, disk=None, **further):
        self.peers = bench.peers
        spool = (disk or bench.directory) / "postfix"
        shutil.rmtree(spool, ignore_errors=True)
        # Its queue is on the disk, not in the test's overlay, as the syncs must be real.
        subprocess.run(["cp", "-a", LOWER / "var/spool/postfix", spool], check=True)
        self.mounted = self.peers.root / "var/spool/postfix"
        namespace.mount(spool, self.mounted, flags=namespace.MS_BIND)
        settings = {"relayhost": f"[127.0.0.1]:{hop}", "smtp_dns_support_level": "disabled"}
        if held:
            settings["smtpd_client_restrictions"] = "static:HOLD"
        settings.update(further)
        self.server = Postfix(self.peers, port=self.port, **settings)
        self.root_pid = self.server.master_pid

    def stop(self):
        # Its last processes end a little after it: the mount waits for them.
        tree = process_tree(self.root_pid)
        self.server.stop()
        until(lambda: not any(map(runs, tree)), "Postfix's end")
        namespace.unmount(self.mounted)


def stat_fields(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def runs(pid):
    try:
        return stat_fields(pid)[0] != "Z"
    except OSError:
        return False


def process_tree(root):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(stat_fields(entry)[1]), []).append(int(entry))
            except OSError:
                pass
    tree, todo = [], [root]
    while todo:
        pid = todo.pop()
        tree.append(pid)
        todo += children.get(pid, [])
    return tree


def cpu_s(root):
    """CPU seconds of a process and its descendants, those that ended and were reaped included."""
    ticks = 0
    for pid in process_tree(root):
        try:
            ticks += sum(map(int, stat_fields(pid)[11:15]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


class CountingSink:
    """smtp-sink, which counts (-c) what it gets."""

    def __init__(self, bench, host="127.0.0.1", port=SINK_PORT, options=()):
        self.file = tempfile.TemporaryFile()
        self.process = bench.peers.popen("/usr/sbin/smtp-sink", "-u", "postfix", "-c", "-m",
                                         "2000", *options, f"{host}:{port}", "1000",
                                         stdout=self.file)
        self.bench = bench

        def listens():
            try:
                smtplib.SMTP("127.0.0.1", port, timeout=5).close()
                return True
            except ConnectionRefusedError:
                return False
        until(listens, "smtp-sink")

    def count(self):
        self.file.seek(max(0, self.file.seek(0, 2) - 200))
        counts = re.findall(rb"mesg=(\d+)", self.file.read())
        return int(counts[-1]) if counts else 0

    def wait(self, count):
        until(lambda: self.count() >= count, f"{count} mails at the sink", patience_s=300,
              pause_s=0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.bench.peers.processes.remove(self.process)


def source(bench, port, count, sessions=SESSIONS, kept=True, recipient="rcpt@sink.test"):
    """`kept`: a session sends message after message; else one, over a connection of its own."""
    said = bench.peers.run("/usr/sbin/smtp-source", "-4", *(["-d"] if kept else []),
                           "-s", str(sessions), "-m", str(count), "-l", str(SIZE),
                           "-f", "sender@bench.test", "-t", recipient, "-M", "bench.test",
                           f"inet:127.0.0.1:{port}")
    assert not re.search("fatal|warning", said), said


class Bench:
    def __init__(self, directory, scratch):
        self.directory = directory
        self.peers = PeersRoot(scratch / "peers")
