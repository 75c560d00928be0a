"""Behind a proxy that speaks the PROXY protocol, and behind a filter that speaks XCLIENT and XFORWARD:
over sockets, with what arrives at the next hop and what stands in the logs."""
import contextlib
import smtplib
import socket
import struct
import threading

from harness import until
from harness.mail import simple
from harness.server import HOST, PORT

PROXY, PROXY_PORT = "127.0.0.9", 2626


def line(source, destination):
    return (f"PROXY TCP4 {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n").encode()


def block(source, destination):
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    ports = struct.pack("!HH", source[1], destination[1])
    field = b"\x04\x00\x03abc"  # NOOP: to be skipped
    body = addresses + ports + field
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", len(body)) + body


class Proxy:
    """A load balancer: passes connections on from PROXY, each behind a header."""

    def __init__(self, header):
        self.header = header
        self.listener = socket.create_server((PROXY, PROXY_PORT))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, peer = self.listener.accept()
                threading.Thread(target=self._pass_on, args=(client, peer), daemon=True).start()

    def _pass_on(self, client, peer):
        server = socket.create_connection((HOST, PORT), 60, (PROXY, 0))
        server.sendall(self.header(peer, client.getsockname()))
        back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
        back.start()
        self._copy(client, server)
        back.join()
        client.close()
        server.close()

    @staticmethod
    def _copy(source, target):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the thread that accepts
        self.listener.close()


def send_through(source, recipient):
    """The answer to RCPT, or to the dot when that was 250."""
    with smtplib.SMTP(PROXY, PROXY_PORT, local_hostname="client.test", timeout=60,
                      source_address=(source, 0)) as client:
        client.ehlo()
        client.mail("a@example.org")
        code, said = client.rcpt(recipient)
        return client.data(simple())[0] if code == 250 else code


def server_behind_proxy(malleposte):
    return malleposte(proxy_protocol_clients=PROXY, smtpd_trusted_networks="127.0.0.5",
                      relay_domains="ours.test", smart_relay="[127.0.0.1]:2600")


def test_clients_behind_a_proxy_are_who_they_are(malleposte, sink):
    hop = sink()
    server = server_behind_proxy(malleposte)
    for number, header in enumerate((line, block)):
        proxy = Proxy(header)
        try:
            assert send_through("127.0.0.5", "b@elsewhere.test") == 250  # trusted
            assert send_through("127.0.0.6", "b@ours.test") == 250       # a stranger
            assert send_through("127.0.0.6", "b@elsewhere.test") == 553
        finally:
            proxy.close()
        mails = hop.wait(2 * number + 2)[-2:]
        assert sorted(b"[127.0.0.5]" in mail.content.split(b"\r\n", 1)[0] for mail in mails) == [
            False, True]
        assert sorted(b"[127.0.0.6]" in mail.content.split(b"\r\n", 1)[0] for mail in mails) == [
            False, True]
    server.wait_empty()
    vouched = until(lambda: (lambda seen: seen if len(seen) == 6 else None)(
        [record for record in server.records() if record["event"] == "vouched"]),
        "all six in the log")
    assert {record["how"] for record in vouched} == {"proxy"}
    assert all(record["told"].startswith(f"by={PROXY}:") for record in vouched)
    assert {record["peer"].split(":")[0] for record in vouched} == {"127.0.0.5", "127.0.0.6"}


def test_without_a_header_a_proxy_is_turned_away_and_others_gain_nothing_by_one(malleposte):
    server = server_behind_proxy(malleposte)
    with socket.create_connection((HOST, PORT), 60, (PROXY, 0)) as wire:
        wire.sendall(b"EHLO client.test\r\n")
        assert wire.makefile("rb").read() == (
            b"421 4.7.0 This connection does not begin with a PROXY header.\r\n")
    with socket.create_connection((HOST, PORT), 60, ("127.0.0.8", 0)) as wire:
        wire.sendall(line(("127.0.0.5", 1), (HOST, 25)) + b"HELO c\r\nMAIL FROM:<a@b.test>\r\n"
                     b"RCPT TO:<c@elsewhere.test>\r\nQUIT\r\n")
        said = wire.makefile("rb").read().split(b"\r\n")
        assert said[1] == b"500 5.5.1 I do not know that command."
        assert said[4].startswith(b"553 5.7.1 ")
    refused = until(lambda: [record for record in server.records()
                             if record["event"] == "refused"], "the refusal in the log")
    assert refused[0]["reply"].startswith("421 4.7.0 ")


def test_a_filter_tells_for_whom_it_speaks(malleposte, sink):
    hop = sink()
    server = malleposte(xclient_clients="127.0.0.7", xforward_clients="127.0.0.7",
                        smtpd_trusted_networks="127.0.0.5", smart_relay="[127.0.0.1]:2600")
    with smtplib.SMTP(HOST, PORT, local_hostname="filter.test", timeout=60,
                      source_address=("127.0.0.7", 0)) as client:
        client.ehlo()
        assert "xclient" in client.esmtp_features and "xforward" in client.esmtp_features
        assert client.docmd("XCLIENT", "NAME=client.test ADDR=127.0.0.5 PORT=99")[0] == 220
        client.ehlo("client.test")
        assert client.docmd("XFORWARD", "NAME=far.test ADDR=192.0.2.1 IDENT=4F3D2A1B")[0] == 250
        client.mail("a@example.org")
        assert client.rcpt("b@elsewhere.test")[0] == 250
        assert client.data(simple())[0] == 250
    mail = hop.wait(1)[0]
    assert mail.content.startswith(b"Received: from client.test (client.test [127.0.0.5])\r\n")
    assert b"192.0.2.1" not in mail.content
    until(lambda: any(record["event"] == "removed" for record in server.records()), "the log")
    vouched = {record["how"]: record for record in server.records() if record["event"] == "vouched"}
    assert vouched["xclient"]["peer"] == "127.0.0.5:99"
    assert vouched["xclient"]["told"].endswith("name=client.test addr=127.0.0.5 port=99")
    accepted = next(record for record in server.records() if record["event"] == "accepted")
    assert vouched["xforward"]["told"] == (
        f"id={accepted['id']} name=far.test addr=192.0.2.1 ident=4F3D2A1B")
