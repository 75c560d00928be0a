"""Mail servers as next hops that keep what they get as files: Postfix, Exim, OpenSMTPD and Haraka,
each in a root of its own. What arrives can be compared octet by octet below the trace fields that
the server puts on top. Each refuses recipients whose name begins with nobody, defers LATER until
take_later(), refuses at the greeting while it is crowded(), and takes all others."""
import contextlib
import dataclasses
import math
import socket

from harness import greylist, until
from harness.mail import split_received
from harness.peers import PeersRoot, Postfix

REFUSED = "nobody@example.com"
LATER = "later@example.com"
DEFERRAL = greylist.WORDS
GREYLIST_PORT = 10024  # Postfix asks there
TAKEN = "var/mail/taken"  # once it is there, so says a server that looks, LATER is taken


@dataclasses.dataclass
class Arrived:
    """A mail as it lies there; a server may keep one for each recipient."""
    recipients: list
    content: bytes  # CRLF lines, from our Received field on
    sender: str


class Receiver:
    """`name` is its layer in build/peers; `connections`, how many it takes at once, must be 1 where it
    is to be crowded(). It takes mail for `domains`, and knows no others."""
    name = ""
    port = 0
    refusal = ""  # its words for REFUSED
    crowd = "oo many"  # of those for a connection too many
    name_in_notices = ""

    def __init__(self, directory, host="127.0.0.1", port=None, connections=200,
                 domains=("example.com",)):
        self.host = host
        self.port = port or self.port
        self.connections = connections
        self.domains = domains
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

    def take_later(self):
        """LATER is taken from now on."""
        self.root.write(TAKEN, "")

    @contextlib.contextmanager
    def crowded(self):
        """Somebody else has the one connection that there is: all others are refused."""
        assert self.connections == 1
        held = until(self._greeted, "the one connection")
        with held:
            yield

    def files(self):
        """[(path, envelope, sender first, or None when it stands in the mail)]"""
        maildir = self.root.root / "var/mail/kept"
        return [(path, None) for path in sorted(maildir.glob("new/*"))]

    def popen(self, *command, **options):
        self.process = self.root.popen(*command, **{"stdout": self.output, "stderr": self.output,
                                                    **options})

    def mails(self):
        return [self._read(path, envelope) for path, envelope in self.files()]

    def wait(self, recipients):
        """Until mails for so many recipients have arrived."""
        return until(lambda: (lambda mails: mails if sum(len(mail.recipients) for mail in mails)
                              >= recipients else None)(self.mails()),
                     f"mail for {recipients} recipients at {self.name}", pause_s=0.1)

    def _read(self, path, envelope):
        content = path.read_bytes()
        if envelope is None:
            content = content.replace(b"\n", b"\r\n")
        sender, named = "", []
        while content[:9].lower() != b"received:":
            field, content = content.split(b"\r\n", 1)
            name, value = field.split(b":", 1)
            while content[:1] in (b" ", b"\t"):  # Envelope-to is folded
                field, content = content.split(b"\r\n", 1)
                value += field
            if name.lower() in (b"x-original-to", b"envelope-to", b"delivered-to"):
                named += [one.strip().decode() for one in value.split(b",") if one.strip()]
            elif name.lower() == b"return-path":
                sender = value.strip().decode()[1:-1]
        if envelope is not None:
            sender, *named = envelope
        return Arrived(sorted(set(named)), split_received(content)[1], sender)

    def _greets(self):
        assert self.process.poll() is None, f"{self.name} ended: {self.log()}"
        if greeted := self._greeted():
            greeted.close()
        return greeted is not None

    def _greeted(self):
        """A connection that was greeted, if one is to be had just now."""
        try:
            connection = socket.create_connection((self.host, self.port), 5)
            if connection.recv(100).startswith(b"220"):
                return connection
            connection.close()
        except (ConnectionRefusedError, TimeoutError):
            pass
        return None

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
        self.greylist = greylist.Greylist(GREYLIST_PORT, math.inf)
        self.root.before_close.append(self.greylist.close)
        self.root.write("etc/postfix/recipients",
                        f"/^nobody/ 550 5.1.1 {self.refusal}\n/^{LATER}$/ greylisted\n")
        self.postfix = Postfix(self.root, self.port, self.host, **{
            "virtual_mailbox_domains": ", ".join(self.domains), "virtual_mailbox_base": "/var/mail",
            "virtual_mailbox_maps": "static:kept/", "virtual_uid_maps": "static:2000",
            "virtual_gid_maps": "static:2000", "virtual_mailbox_limit": "0",
            "message_size_limit": "50000000", "relayhost": "[127.0.0.1]:2600",
            "smtpd_recipient_restrictions":
                "check_recipient_access regexp:/etc/postfix/recipients",
            "smtpd_restriction_classes": "greylisted",
            "greylisted": f"check_policy_service inet:127.0.0.1:{GREYLIST_PORT}",
            "smtpd_client_connection_count_limit": str(self.connections),
            "smtpd_client_event_limit_exceptions": "",
            "smtpd_relay_restrictions": "reject_unauth_destination", **self.settings})
        self.process = self.postfix.process

    def take_later(self):
        self.greylist.after_s = 0

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
local_interfaces = {self.host}
daemon_smtp_ports = {self.port}
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
dsn_advertise_hosts = *
message_size_limit = 50M
smtp_accept_max = {self.connections}
smtp_accept_queue_per_connection = 0
log_file_path = /var/log/exim4/%slog
spool_directory = /var/spool/exim4
begin acl
rcpt:
  deny local_parts = ^nobody
       message = {self.refusal}
  defer local_parts = later
        !condition = ${{if exists{{/{TAKEN}}}}}
        message = 450 4.2.0 {DEFERRAL}
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
  return_path_add
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
    # Its tables may never be empty: it would take them for another kind.
    no_crowd, no_later = "192.0.2.1\n", "later@example.net\n"
    refusal = "Invalid recipient"

    def start(self):
        self.root.run("/usr/sbin/useradd", "-m", "keeper")
        self.root.write("etc/crowd", self.no_crowd)
        self.root.write("etc/later", f"{LATER}\n")
        self.root.write("etc/smtpd.conf", f"""
smtp max-message-size "50M"
table keeper {{ "@" = keeper }}
table crowd file:/etc/crowd
table later file:/etc/later
filter "crowd" phase connect match src <crowd> disconnect "421 4.7.0 Too many connections"
filter "later" phase rcpt-to match rcpt-to <later> reject "450 4.2.0 {DEFERRAL}"
filter "both" chain {{ "crowd", "later" }}
listen on {self.host} port {self.port} hostname opensmtpd.test filter "both"
action "keep" maildir "/var/mail/kept" virtual <keeper>
match from any for rcpt-to regex "^nobody" reject
match from any for any action "keep"
""")
        (self.root.root / "var/mail/kept").mkdir(parents=True)
        self.root.run("/bin/chown", "keeper", "/var/mail/kept")
        self.popen("/usr/sbin/smtpd", "-d")

    def _table(self, name, text):
        self.root.write(f"etc/{name}", text)
        self.root.run("/usr/sbin/smtpctl", "update", "table", name)

    def take_later(self):
        self._table("later", self.no_later)

    @contextlib.contextmanager
    def crowded(self):
        """It counts no connections: it is told that this one is too many."""
        self._table("crowd", "127.0.0.1\n")
        yield
        self._table("crowd", self.no_crowd)


class Haraka(Receiver):
    name, port = "haraka", 2730
    refusal = "No such person"

    def start(self):
        plugin = f"""
const fs = require('fs')
const open = new Set()
exports.hook_connect = (next, connection) =>
  open.add(connection).size > {self.connections} ?
    next(DENYSOFTDISCONNECT, 'Too many connections') : next()
exports.hook_disconnect = (next, connection) => {{
  open.delete(connection)
  next()
}}
exports.hook_rcpt = (next, _connection, [rcpt]) => {{
  if (rcpt.user.startsWith('nobody')) return next(DENY, '{self.refusal}')
  if (rcpt.user === 'later' && !fs.existsSync('/{TAKEN}')) return next(DENYSOFT, '{DEFERRAL}')
  next(OK)
}}
exports.hook_queue = (next, {{ transaction }}) => {{
  const path = '/var/mail/kept/' + transaction.uuid
  const file = fs.createWriteStream(path)
  file.on('error', () => next(DENYSOFT))
  file.on('close', () => {{
    const envelope = [transaction.mail_from, ...transaction.rcpt_to]
    fs.writeFileSync(path + '.tmp', envelope.map(one => one.address()).join('\\n'))
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
        (home / "config/smtp.ini").write_text(f"listen={self.host}:{self.port}\n")
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
