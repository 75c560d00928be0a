"""Real mail servers that send all their mail to 127.0.0.1:`to`, with every extension they know."""
from harness.peers import Postfix
from harness.receivers import Exim, PostfixReceiver


class PostfixSender(PostfixReceiver):
    port = 2800

    def __init__(self, directory, to):
        self.to = to
        super().__init__(directory)

    def start(self):
        self.postfix = Postfix(self.root, self.port, relayhost=f"[127.0.0.1]:{self.to}")
        self.process = self.postfix.process


class EximSender(Exim):
    port = 2810

    def __init__(self, directory, to):
        self.to = to
        super().__init__(directory)

    def start(self):
        self.root.write("etc/exim4/exim4.conf", f"""
primary_hostname = exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.port}
acl_smtp_rcpt = accept
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
log_file_path = /var/log/exim4/%slog
spool_directory = /var/spool/exim4
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1::{self.to}
  self = send
  transport = onward
begin transports
onward:
  driver = smtp
begin retry
* * F,1h,1m
""")
        self.popen("/usr/sbin/exim4", "-bdf", "-q1m")


SENDERS = {"postfix": PostfixSender, "exim": EximSender}
