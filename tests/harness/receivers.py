"""Mail servers as next hops that keep what they get as files: Postfix, Exim, OpenSMTPD and Haraka,
each in a root of its own. What arrives can be compared octet by octet below the trace fields that
the server puts on top. Each refuses the recipient nobody@ and takes all others."""
import contextlib
import dataclasses
import socket

from harness import until
from harness.mail import split_received
from harness.peers import PeersRoot, Postfix

REFUSED = "nobody@example.com"


@dataclasses.dataclass
class Arrived:
    """A mail as it lies there; a server may keep one for each recipient."""
    recipients: list
    content: bytes  # CRLF lines, from our Received field on


class Receiver:
    """`name` is its layer in build/peers; `port` on 127.0.0.1."""
    name = ""
    port = 0
    refusal = ""  # its words for REFUSED
    name_in_notices = ""

    def __init__(self, directory):
        self.root = PeersRoot(directory, self.name)
        # Its own resolver is not what is tested: nothing of it asks DNS.
        self.root.write("etc/resolv.conf", "lookup file\noptions timeout:1 attempts:1\n")
        self.output = open(directory / "output.log", "wb")
        try:
            self.start()
            until(self._greets, f"the greeting of {self.name}")
        except BaseException:
            print(f"--- what {self.name} said\n{self.log()}")
            self.close()
            raise

    def start(self):
        raise NotImplementedError

    def files(self):
        """[(path, recipients or None when they stand in the mail)]"""
        maildir = self.root.root / "var/mail/kept"
        return [(path, None) for path in sorted(maildir.glob("new/*"))]

    def popen(self, *command, **options):
        self.process = self.root.popen(*command, **{"stdout": self.output, "stderr": self.output,
                                                    **options})

    def mails(self):
        return [self._read(path, recipients) for path, recipients in self.files()]

    def wait(self, recipients):
        """Until mails for so many recipients have arrived."""
        return until(lambda: (lambda mails: mails if sum(len(mail.recipients) for mail in mails)
                              >= recipients else None)(self.mails()),
                     f"mail for {recipients} recipients at {self.name}", pause_s=0.1)

    def _read(self, path, recipients):
        content = path.read_bytes()
        if recipients is None:
            content = content.replace(b"\n", b"\r\n")
        named = []
        while content[:9].lower() != b"received:":
            field, content = content.split(b"\r\n", 1)
            name, value = field.split(b":", 1)
            if name.lower() in (b"x-original-to", b"envelope-to", b"delivered-to"):
                named += [one.strip().decode() for one in value.split(b",") if one.strip()]
            while content[:1] in (b" ", b"\t"):  # Envelope-to is folded
                field, content = content.split(b"\r\n", 1)
                named += [one.strip().decode() for one in field.split(b",") if one.strip()]
        recipients = named if recipients is None else recipients
        return Arrived(sorted(set(recipients)), split_received(content)[1])

    def _greets(self):
        assert self.process.poll() is None, f"{self.name} ended: {self.log()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                return connection.recv(100).startswith(b"220")
        except (ConnectionRefusedError, TimeoutError):
            return False

    def log(self):
        text = (self.root.directory / "output.log").read_text(errors="replace")
        for name in ("log/exim4/mainlog", "log/exim4/paniclog"):
            if (self.root.root / "var" / name).exists():
                text += (self.root.root / "var" / name).read_text(errors="replace")
        return text

    def close(self):
        self.root.close()
        self.output.close()


class PostfixReceiver(Receiver):
    """Its notices go to 127.0.0.1:2600."""
    name, port = "root", 2700
    refusal = "No such person"
    name_in_notices = "postfix.test"
    settings = {}  # further ones

    def start(self):
        (self.root.root / "var/mail/kept").mkdir(parents=True)
        self.root.run("/bin/chown", "2000:2000", "/var/mail/kept")
        self.postfix = Postfix(self.root, self.port, **{
            "virtual_mailbox_domains": "example.com", "virtual_mailbox_base": "/var/mail",
            "virtual_mailbox_maps": "static:kept/", "virtual_uid_maps": "static:2000",
            "virtual_gid_maps": "static:2000", "virtual_mailbox_limit": "0",
            "message_size_limit": "50000000", "relayhost": "[127.0.0.1]:2600",
            "smtpd_recipient_restrictions":
                f"check_recipient_access inline:{{ {{ {REFUSED} = 550 5.1.1 {self.refusal} }} }}",
            "smtpd_relay_restrictions": "reject_unauth_destination", **self.settings})
        self.process = self.postfix.process

    def log(self):
        return self.postfix.log()


class Exim(Receiver):
    """It keeps its notices like other mail."""
    name, port = "exim", 2710
    refusal = "No such person"
    name_in_notices = "exim.test"

    def start(self):
        self.root.write("etc/exim4/exim4.conf", f"""
primary_hostname = exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.port}
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
dsn_advertise_hosts = *
message_size_limit = 50M
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
log_file_path = /var/log/exim4/%slog
spool_directory = /var/spool/exim4
begin acl
rcpt:
  deny local_parts = nobody
       message = {self.refusal}
  accept
data:
  accept
begin routers
all:
  driver = accept
  transport = kept
begin transports
kept:
  driver = appendfile
  directory = /var/mail/kept
  maildir_format
  envelope_to_add
  batch_max = 1000
  user = Debian-exim
begin retry
* * F,1h,1m
""")
        (self.root.root / "var/mail/kept").mkdir(parents=True)
        self.root.run("/bin/chown", "Debian-exim", "/var/mail/kept")
        self.popen("/usr/sbin/exim4", "-bdf", "-q1m")


class OpenSmtpd(Receiver):
    name, port = "opensmtpd", 2720
    refusal = "Invalid recipient"

    def start(self):
        self.root.run("/usr/sbin/useradd", "-m", "keeper")
        self.root.write("etc/smtpd.conf", f"""
smtp max-message-size "50M"
table keeper {{ "@" = keeper }}
listen on 127.0.0.1 port {self.port} hostname opensmtpd.test
action "keep" maildir "/var/mail/kept" virtual <keeper>
match from any for rcpt-to "{REFUSED}" reject
match from any for any action "keep"
""")
        (self.root.root / "var/mail/kept").mkdir(parents=True)
        self.root.run("/bin/chown", "keeper", "/var/mail/kept")
        self.popen("/usr/sbin/smtpd", "-d")


class Haraka(Receiver):
    name, port = "haraka", 2730
    refusal = "No such person"

    def start(self):
        plugin = f"""
const fs = require('fs')
exports.hook_rcpt = (next, _connection, [rcpt]) =>
  rcpt.user === 'nobody' ? next(DENY, '{self.refusal}') : next(OK)
exports.hook_queue = (next, {{ transaction }}) => {{
  const path = '/var/mail/kept/' + transaction.uuid
  const file = fs.createWriteStream(path)
  file.on('error', () => next(DENYSOFT))
  file.on('close', () => {{
    fs.writeFileSync(path + '.tmp', transaction.rcpt_to.map(rcpt => rcpt.address()).join('\\n'))
    fs.renameSync(path + '.tmp', path + '.to')
    next(OK)
  }})
  transaction.message_stream.pipe(file)
}}
"""
        home = self.root.root / "var/haraka"
        for name in ("config", "plugins", "queue"):
            (home / name).mkdir(parents=True)
        (self.root.root / "var/mail/kept").mkdir(parents=True)
        # It breaks lines of the greatest length (RFC 5321 4.5.3.1.6) unless told not to.
        usual = self.root.root / "opt/haraka/node_modules/Haraka/config/connection.ini"
        (home / "config/connection.ini").write_text(
            usual.read_text().replace("data_line_length=992", "data_line_length=2000"))
        (home / "config/smtp.ini").write_text(f"listen=127.0.0.1:{self.port}\n")
        (home / "config/me").write_text("haraka.test\n")
        (home / "config/plugins").write_text("keep\n")
        (home / "config/databytes").write_text("50000000\n")
        (home / "plugins/keep.js").write_text(plugin)
        self.popen("/usr/bin/node", "/opt/haraka/node_modules/Haraka/bin/haraka", "-c",
                   "/var/haraka")

    def files(self):
        kept = self.root.root / "var/mail/kept"
        return [(path.with_suffix(""), path.read_text().split("\n"))
                for path in sorted(kept.glob("*.to"))]


RECEIVERS = {"postfix": PostfixReceiver, "exim": Exim, "opensmtpd": OpenSmtpd, "haraka": Haraka}


@contextlib.contextmanager
def running(neighbour):
    """One of these, or of the senders: shows what it said, and closes it."""
    try:
        yield neighbour
    finally:
        print(f"--- what {neighbour.name} said\n{neighbour.log()[-8000:]}")
        neighbour.close()
