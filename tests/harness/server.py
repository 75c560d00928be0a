"""build/malleposte under test: started with a configuration and data of its own, driven by its
command line and by SMTP, stopped by its pid."""
import json
import os
import signal
import socket
import subprocess

from harness import ROOT, client, ledger, until

BINARY = os.environ.get("MALLEPOSTE", str(ROOT / "build" / "malleposte"))
HOST, PORT, UI_PORT = "127.0.0.1", 2525, 8025


def toml(properties):
    def value(v):
        if isinstance(v, bool):
            return '"yes"' if v else '"no"'
        if isinstance(v, (list, tuple)):
            v = ", ".join(v)
        return str(v) if isinstance(v, int) else json.dumps(str(v))
    return "".join(f"{name} = {value(v)}\n" for name, v in properties.items())


class Malleposte:
    def __init__(self, directory, **properties):
        """`directory` holds configuration, data and what it says. `in_` stands for `in`."""
        self.directory = directory
        self.config = directory / "malleposte.toml"
        self.data = directory / "data"
        self.said = directory / "stderr.log"
        self.properties = {
            "hostname": "mx.malleposte.test", "in": HOST, "smtp_port": PORT, "ui": HOST,
            "ui_port": UI_PORT, "volume_data": self.data, "dns_servers": "127.0.0.1:53",
        }
        self.process = None
        self.killed = False  # and not started since
        directory.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)
        self.set(**properties)

    def set(self, **properties):
        """Changes the configuration file; None takes a property out."""
        for name, value in properties.items():
            name = name.rstrip("_")
            if value is None:
                self.properties.pop(name, None)
            else:
                self.properties[name] = value
        self.config.write_text(toml(self.properties))

    # --- life ---------------------------------------------------------------------------------

    def launch(self, *wrapper, arguments=()):
        """Starts the process, perhaps below a program such as strace, and returns at once."""
        assert self.process is None
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [*map(str, wrapper), BINARY, "run", "--config", str(self.config), *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.directory)
        return self

    def start(self, *wrapper, arguments=()):
        """Until it listens. After a kill its accounts must balance from the first moment on."""
        self.launch(*wrapper, arguments=arguments)
        host = self.properties["in"]
        host = host[0] if isinstance(host, (list, tuple)) else host.split(",")[0]
        self.wait_listening(host, self.properties["smtp_port"])
        if self.killed:
            until(lambda: self.run("status").returncode == 0, "its control socket")
            self.accounts()
        self.killed = False
        return self

    def wait_listening(self, host=HOST, port=PORT):
        def connects():
            assert self.process.poll() is None, \
                f"malleposte ended with {self.process.returncode}:\n{self.output()}"
            try:
                socket.create_connection((host, port), 5).close()
                return True
            except ConnectionRefusedError:
                return False
        until(connects, f"a listener on {host} port {port}", pause_s=0.005)
        return self

    def stop(self, within_s=45):
        """SIGTERM; the promise is an end within 45 s, with exit status 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(within_s)
        self.process = None
        assert status == 0, f"exit status {status} after SIGTERM:\n{self.output()}"

    def reload(self, **properties):
        """SIGHUP with these, and the wait for its event."""
        before = self.said.read_text().count("reload: ")
        self.set(**properties)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.said.read_text().count("reload: ") > before, "the event of the reload")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self.killed = True

    @property
    def traced(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return "TracerPid:\t0\n" not in file.read()

    def end(self):
        """After a test, in whatever state it is: where it still runs its accounts must balance. Says
        what it said when it had crashed."""
        if self.process is None:
            return
        crashed = self.process.poll()
        wrong = None
        if crashed is None:
            try:
                self.accounts()
            except Exception as failure:  # whatever it is, the server has to be ended
                wrong = failure
            self.process.terminate()
            try:
                self.process.wait(45)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                self.process = None
                raise AssertionError("malleposte was still there 45 s after SIGTERM")
        self.process = None
        assert crashed is None, f"malleposte ended by itself with {crashed}:\n{self.output()}"
        assert wrong is None, wrong

    def output(self):
        return self.said.read_text(errors="replace")[-8000:]

    def records(self):
        """The JSON event lines so far."""
        lines = self.said.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    @property
    def resident_bytes(self):
        return self._status("VmRSS")

    @property
    def resident_peak_bytes(self):
        return self._status("VmHWM")

    def reset_resident_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def _status(self, field):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))

    # --- command line -------------------------------------------------------------------------

    def run(self, *arguments, given=None):
        """One command of the command line, whatever its exit status."""
        return subprocess.run([BINARY, "--config", str(self.config), *arguments], text=True,
                              input=given, stdin=None if given is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def cli(self, *arguments):
        """One command that must succeed; what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}"
        return done.stdout

    def queue(self, *filters):
        """All queued messages, as `queue list --json` gives them."""
        listed = json.loads(self.cli("queue", "list", "--json", "--limit", "100000", *filters))
        assert listed["total"] == len(listed["messages"])
        return listed["messages"]

    def accounts(self):
        """What became of recipients since the spool was made. It balances, whenever it is asked."""
        found = json.loads(self.cli("status", "--json"))["accounts"]
        wrong = ledger.imbalance(found)
        assert not wrong, f"{wrong[0]}: {ledger.as_text(found)}"
        return found

    def wait_queue(self, condition, what):
        return until(lambda: (lambda q: [q] if condition(q) else None)(self.queue()), what,
                     pause_s=0.1)[0]

    def wait_empty(self):
        self.wait_queue(lambda queue: not queue, "an empty queue")

    # --- SMTP ---------------------------------------------------------------------------------

    def send(self, sender, recipients, content, port=PORT, options=()):
        return client.send(port, sender, recipients, content, options)

    def connect(self, port=PORT, host=HOST):
        return Dialogue(host, port)


class Dialogue:
    """A connection on which a test speaks SMTP itself, octet by octet."""

    def __init__(self, host=HOST, port=PORT):
        self.socket = socket.create_connection((host, port), 60)
        self.file = self.socket.makefile("rb")
        self.banner = self.reply()

    def write(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        """One reply, all its lines; empty when the server has closed."""
        lines = []
        while line := self.file.readline():
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return lines

    def ask(self, line):
        """Sends one command line; the last line of the reply."""
        self.write(line.encode() + b"\r\n")
        reply = self.reply()
        assert reply, f"the server closed after {line!r}"
        return reply[-1]

    def closed_by_server(self):
        return self.file.readline() == b""

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
