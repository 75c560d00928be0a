"""Dovecot reads mailboxes by IMAP, as a person would: run from build/peers in a root of its own."""
import imaplib
import os

from harness import namespace, until
from harness.peers import PeersRoot

PORT = 1143
CONFIG = """\
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
mail_location = maildir:/mail/%d/%n
first_valid_uid = 1
service imap-login {
  inet_listener imap {
    port = 1143
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=8 gid=8 home=/tmp
}
"""


class Dovecot:
    """Serves the Maildirs DOMAIN/USER below `mailboxes`, which belong to the user with the id 8."""

    def __init__(self, directory, mailboxes):
        self.root = PeersRoot(directory, "dovecot")
        self.root.write("etc/dovecot/dovecot.conf", CONFIG)
        (self.root.root / "mail").mkdir()
        namespace.mount(mailboxes, self.root.root / "mail", flags=namespace.MS_BIND)
        self.root.before_close.append(lambda: namespace.unmount(self.root.root / "mail"))
        self.process = self.root.popen("/usr/sbin/dovecot", "-F")
        until(self._serves, "Dovecot's greeting")

    def _serves(self):
        assert self.process.poll() is None, self.log()
        try:
            imaplib.IMAP4("127.0.0.1", PORT).logout()
            return True
        except (OSError, imaplib.IMAP4.abort):
            return False

    def log(self):
        path = self.root.root / "var/log/dovecot.log"
        return path.read_text() if path.exists() else ""

    def mails(self, user):
        """What IMAP gives of user's INBOX: the octets of each mail."""
        with imaplib.IMAP4("127.0.0.1", PORT) as client:
            client.login(user, "secret")
            client.select("INBOX")
            _, (numbers,) = client.search(None, "ALL")
            return [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers.split()]

    def close(self):
        self.root.close()


def make_mailboxes(directory, *addresses):
    """Maildirs DOMAIN/USER below `directory`."""
    for address in addresses:
        user, domain = address.split("@")
        for name in ("tmp", "new", "cur"):
            (directory / domain / user / name).mkdir(parents=True)
        for place in (directory / domain / user, *(directory / domain / user).iterdir()):
            os.chown(place, 8, 8)
    return directory
