"""HAProxy as a load balancer in front of the server: from build/peers in a root of its own."""
import socket

from harness import until
from harness.peers import PeersRoot

ADDRESS = "127.0.0.9"  # its own, towards clients and server
PORTS = {1: 2626, 2: 2627}  # by the version of the PROXY protocol
CONFIG = """\
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen version1
  bind 127.0.0.9:2626
  source 127.0.0.9
  server it 127.0.0.1:2525 send-proxy
listen version2
  bind 127.0.0.9:2627
  source 127.0.0.9
  option smtpchk EHLO health.test
  server it 127.0.0.1:2525 send-proxy-v2 check check-send-proxy inter 100ms
"""


class HaProxy:
    def __init__(self, directory):
        self.root = PeersRoot(directory, "haproxy")
        self.root.write("etc/haproxy/haproxy.cfg", CONFIG)
        self.log = open(directory / "haproxy.log", "wb")
        self.process = self.root.popen("/usr/sbin/haproxy", "-f", "/etc/haproxy/haproxy.cfg", "-db",
                                       stdout=self.log, stderr=self.log)
        until(self._greets, "HAProxy, and the server behind it")

    def _greets(self):
        assert self.process.poll() is None, "HAProxy ended by itself"
        try:
            with socket.create_connection((ADDRESS, PORTS[2]), 5) as wire:
                return wire.recv(3) == b"220"
        except OSError:
            return False

    def close(self):
        self.root.close()
        self.log.close()
