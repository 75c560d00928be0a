"""Real next hops that are ill, and what they were given all the same."""
import hashlib
import re
import socket

from harness import ledger
from harness.mail import without_received
from harness.peers import PeersRoot, Postfix

MX_PORT = 2600


class NextHop:
    """A Postfix in a root of its own that relays what it took to a sink, which keeps it."""

    def __init__(self, directory, make_sink, host, access, **settings):
        self.sink = make_sink(port=2600 + int(host.rsplit(".", 1)[1]))
        self.root = PeersRoot(directory)
        self.refuse(access)
        self.postfix = Postfix(self.root, MX_PORT, host, relayhost=f"[127.0.0.1]:{self.sink.port}",
                               smtpd_recipient_restrictions="check_recipient_access "
                               "regexp:/etc/postfix/refused, permit_mynetworks, reject", **settings)

    def refuse(self, access, reload=False):
        self.root.write("etc/postfix/refused", access)
        if reload:
            self.root.run("/usr/sbin/postfix", "reload")

    def close(self):
        print(f"--- {self.postfix.host} said\n{self.postfix.log()[-4000:]}")
        self.root.close()


class Swallower:
    """A host that lets no connection come about: its queue of them is full for ever."""

    def __init__(self, host):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, MX_PORT))
        self.listener.listen(0)
        self.filling = [socket.create_connection((host, MX_PORT))]
        while True:
            try:
                self.filling.append(socket.create_connection((host, MX_PORT), 0.5))
            except TimeoutError:
                break

    def close(self):
        for one in (self.listener, *self.filling):
            one.close()


def arrivals(sink, relays):
    """What a sink was given, and when, through `relays` servers that each add a Received field."""
    for mail in list(sink.mails):
        # What was made here has one Received field less.
        content = without_received(mail.content, relays - (mail.sender == ""))
        yield _arrived(mail.sender, mail.recipients, content, mail.at)


def kept(receiver):
    """What one of harness/receivers.py was given."""
    for mail in receiver.mails():
        yield _arrived(mail.sender, mail.recipients, without_received(mail.content), 0.0)


def _arrived(sender, recipients, content, at):
    is_report = sender == ""
    mark = re.search(rb"(?im)^Message-ID: *(\S+)" if is_report else rb"(?m)^X-Ledger: (\S+)\r$",
                     content)
    return ledger.Arrived(
        mark[1].decode() if mark else "?", sender, tuple(recipients),
        hashlib.sha256(content).hexdigest(), at,
        ledger.report_recipients(content) if is_report else ())
