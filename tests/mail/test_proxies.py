"""Behind HAProxy, which speaks the PROXY protocol, and behind a filter that speaks XCLIENT and
XFORWARD: with what arrives at the next hop and what stands in the logs."""
import contextlib
import smtplib
import socket

from harness import until
from harness.haproxy import ADDRESS as PROXY
from harness.haproxy import PORTS, HaProxy
from harness.mail import simple
from harness.server import HOST, PORT


def line(source, destination):
    return (f"PROXY TCP4 {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n").encode()


def send_through(port, source, recipient):
    """The answer to RCPT, or to the dot when that was 250."""
    with smtplib.SMTP(PROXY, port, local_hostname="client.test", timeout=60,
                      source_address=(source, 0)) as client:
        client.ehlo()
        client.mail("a@example.org")
        code, said = client.rcpt(recipient)
        return client.data(simple())[0] if code == 250 else code


def server_behind_proxy(malleposte):
    return malleposte(proxy_protocol_clients=PROXY, smtpd_trusted_networks="127.0.0.5",
                      relay_domains="ours.test", smart_relay="[127.0.0.1]:2600")


def test_clients_behind_haproxy_are_who_they_are(malleposte, sink, tmp_path):
    hop = sink()
    server = server_behind_proxy(malleposte)
    with contextlib.closing(HaProxy(tmp_path / "haproxy")):
        for number, port in enumerate(PORTS.values()):
            assert send_through(port, "127.0.0.5", "b@elsewhere.test") == 250  # trusted
            assert send_through(port, "127.0.0.6", "b@ours.test") == 250       # a stranger
            assert send_through(port, "127.0.0.6", "b@elsewhere.test") == 553
            mails = hop.wait(2 * number + 2)[-2:]
            traces = [mail.content.split(b"\r\n", 1)[0] for mail in mails]
            for address in (b"[127.0.0.5]", b"[127.0.0.6]"):
                assert sum(address in trace for trace in traces) == 1
        server.wait_empty()
        vouched = until(lambda: (lambda seen: seen if len(seen) == 6 else None)(
            [record for record in server.records() if record["event"] == "vouched"
             and record["peer"].split(":")[0] in ("127.0.0.5", "127.0.0.6")]),
            "all six in the log")
        assert {record["how"] for record in vouched} == {"proxy"}
        assert all(record["told"].startswith(f"by={PROXY}:") for record in vouched)
        # HAProxy looks for itself whether we are well (LOCAL in the header): that is HAProxy's own.
        until(lambda: any(record["event"] == "disconnected" and record["commands"] > 0
                          and record["peer"].startswith(f"{PROXY}:")
                          for record in server.records()), "its looking after us")


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
