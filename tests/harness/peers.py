"""Real neighbours: Postfix and NSD, run from build/peers (see tests/peers/setup) in an overlay that
is gone with the test, so that each test finds them fresh. More mail servers: harness/receivers.py."""
import os
import signal
import socket
import struct
import subprocess

from harness import ROOT, namespace, until

PEERS = ROOT / "build" / "peers"
LOWER = PEERS / "root"  # Postfix and NSD


class PeersRoot:
    """One throw-away copy of a layer of build/peers over its base, mounted in this test's mount
    namespace."""

    def __init__(self, directory, layer="root"):
        assert (PEERS / "version").exists(), \
            "build/peers is missing or not whole: run tests/peers/setup as root (./dev test)"
        self.directory = directory
        directory.mkdir(parents=True)
        self.root = directory / "root"
        namespace.mount("tmpfs", directory, "tmpfs", options="mode=755")
        for name in ("upper", "work", "root"):
            (directory / name).mkdir()
        namespace.mount("overlay", self.root, "overlay",
                        options=f"lowerdir={PEERS / layer}:{PEERS / 'base'},upperdir={directory}/upper,"
                                f"workdir={directory}/work")
        namespace.mount("/dev", self.root / "dev", flags=namespace.MS_BIND)
        namespace.mount("proc", self.root / "proc", "proc")
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        self.processes = []
        self.before_close = []

    def write(self, path, text):
        (self.root / path).write_text(text)

    def popen(self, *command, **options):
        process = subprocess.Popen(["chroot", str(self.root), *command], **{
            "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL, **options})
        self.processes.append(process)
        return process

    def run(self, *command):
        done = subprocess.run(["chroot", str(self.root), *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}"
        return done.stdout

    def close(self):
        for stop in self.before_close:
            stop()
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        namespace.unmount(self.root)
        namespace.unmount(self.directory)


class Postfix:
    """Postfix listening on `host`:`port`. `settings` are lines of its main.cf."""

    def __init__(self, root, port=2700, host="127.0.0.1", **settings):
        self.root = root
        self.host = host
        self.port = port
        defaults = {
            "compatibility_level": "3.6", "myhostname": "postfix.test", "mydestination": "",
            "alias_maps": "", "local_recipient_maps": "", "mynetworks": "127.0.0.0/8",
            # Only addresses of an interface may stand here; `host` may be any of 127.0.0.0/8.
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "biff": "no",
            "maillog_file": "/var/log/mail.log", "smtpd_peername_lookup": "no",
            "smtpd_tls_security_level": "none", "smtp_tls_security_level": "none",
            "local_header_rewrite_clients": "", "smtp_line_length_limit": "0",
            "minimal_backoff_time": "2s", "maximal_backoff_time": "4s", "queue_run_delay": "2s",
        }
        root.write("etc/postfix/main.cf", "".join(
            f"{name} = {value}\n" for name, value in {**defaults, **settings}.items()))
        master = (root.root / "etc/postfix/master.cf.dist").read_text().splitlines(True)
        root.write("etc/postfix/master.cf", "".join(
            line.replace("smtp      inet", f"{host}:{port} inet", 1) for line in master))
        for name in ("hosts", "resolv.conf", "services", "nsswitch.conf"):
            os.makedirs(root.root / "var/spool/postfix/etc", exist_ok=True)
            (root.root / "var/spool/postfix/etc" / name).write_bytes(
                (root.root / "etc" / name).read_bytes())
        self.process = root.popen("/usr/sbin/postfix", "start-fg")
        until(self._greets, "Postfix's greeting")
        self.master_pid = int((root.root / "var/spool/postfix/pid/master.pid").read_text())
        root.before_close.append(self.stop)

    def _greets(self):
        assert self.process.poll() is None, self.log()
        try:
            with socket.create_connection((self.host, self.port), 5) as connection:
                return connection.recv(100).startswith(b"220")
        except ConnectionRefusedError:
            return False

    def stop(self):
        """Its master is in a session of its own, below the start script: it ends them both."""
        if self.process.poll() is None:
            os.kill(self.master_pid, signal.SIGTERM)
            self.process.wait(30)

    def log(self):
        file = self.root.root / "var/log/mail.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def source(self, port, *options):
        """smtp-source towards 127.0.0.1:port."""
        return self.root.run("/usr/sbin/smtp-source", *options, f"inet:127.0.0.1:{port}")


class Nsd:
    """NSD on port 53 of `host` with the zones {name: lines}; SOA and NS are added."""

    def __init__(self, root, zones, host="127.0.0.1"):
        self.host = host
        config = ["server:", f"  ip-address: {host}", "  port: 53", '  username: ""',
                  "  rrl-ratelimit: 0", '  database: ""', '  zonesdir: "/"', '  pidfile: ""',
                  '  xfrdfile: "/tmp/xfrd"', '  zonelistfile: "/tmp/zonelist"',
                  "  server-count: 1", "remote-control:", "  control-enable: no"]
        for name, lines in zones.items():
            config += ["zone:", f'  name: "{name}"', f'  zonefile: "/tmp/{name}.zone"']
            text = f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns.{name}. root.{name}. 1 60 60 60 1\n" \
                   f"@ NS ns.{name}.\nns A 127.0.0.1\n" + "".join(f"{line}\n" for line in lines)
            root.write(f"tmp/{name}.zone", text)
        root.write("etc/nsd/test.conf", "\n".join(config) + "\n")
        root.run("/usr/sbin/nsd-checkconf", "/etc/nsd/test.conf")
        self.log = open(root.directory / "nsd.log", "wb")
        self.process = root.popen("/usr/sbin/nsd", "-d", "-c", "/etc/nsd/test.conf",
                                  stderr=self.log)
        first = next(iter(zones))
        until(lambda: self._answers(first), "an answer of NSD")

    def _answers(self, zone):
        assert self.process.poll() is None, "NSD ended"
        labels = b"".join(bytes([len(part)]) + part.encode() for part in zone.split("."))
        question = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + labels + b"\0" + b"\0\6\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.5)
            client.connect((self.host, 53))
            try:
                client.send(question)
                return client.recv(512)[3] & 15 == 0
            except (ConnectionRefusedError, TimeoutError):
                return False
