"""Mail servers that send what they are given to Malleposte: Postfix and Exim, each in a root of its
own. They take mail from anywhere and offer their clients all they can do."""
from harness import until
from harness.peers import PeersRoot, Postfix
from harness.receivers import Exim
from harness.server import PORT


class PostfixSender:
    name, port = "postfix", 2800

    def __init__(self, directory):
        self.root = PeersRoot(directory)
        self.postfix = Postfix(self.root, self.port, **{
            "myhostname": "sender.test", "relayhost": f"[127.0.0.1]:{PORT}",
            "smtp_dns_support_level": "disabled", "smtputf8_enable": "yes",
            "message_size_limit": "50000000"})

    def log(self):
        return self.postfix.log()

    def close(self):
        self.root.close()


class EximSender(Exim):
    port = 2810
    refused = ""
    routers = f"""
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = relay
"""
    transports = f"""
relay:
  driver = smtp
  port = {PORT}
  allow_localhost
"""

    def sent(self):
        """The lines of its log about what it has delivered."""
        return [line for line in self.log().splitlines() if " => " in line]

    def wait_sent(self):
        return until(self.sent, "a delivery in Exim's log", pause_s=0.1)


SENDERS = {"postfix": PostfixSender, "exim": EximSender}
