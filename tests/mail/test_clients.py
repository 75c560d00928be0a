"""Real clients send; what arrives at the next hop is, after our Received field, octet for octet
what they sent."""
import pathlib
import re
import smtplib
import subprocess

import pytest

from harness.mail import awkward, bulk, simple, split_received, without_received

HOP = "[127.0.0.1]:2600"


@pytest.fixture
def relay(malleposte, sink):
    """A server whose next hop is a sink: (server, sink)."""
    hop = sink()
    return malleposte(smart_relay=HOP), hop


def run(*command, given=None):
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120)
    assert done.returncode == 0, (command, done.stdout.decode(errors="replace"))
    return done.stdout


@pytest.mark.parametrize("content", [
    simple(), awkward(), awkward(size=400_000, seed=2), b"", b"\r\n", b".\r\n", b"no header\r\n",
    bulk(65_536, "just 64 KB"), bulk(65_537, "just above"), bulk(3_000_000, "many chunks"),
], ids=["simple", "awkward", "awkward-large", "empty", "empty-line", "dot", "no-header", "64K",
        "64K+1", "3MB"])
def test_smtplib(relay, content):
    server, hop = relay
    with smtplib.SMTP("127.0.0.1", 2525) as client:
        client.sendmail("anna@example.org", ["bert@example.com"], content)
    mail, = hop.wait(1)
    expected = content if content.endswith(b"\r\n") else content + b"\r\n"
    assert without_received(mail.content) == expected
    assert mail.sender == "anna@example.org" and mail.recipients == ["bert@example.com"]
    server.wait_empty()


def test_swaks(relay, tmp_path):
    server, hop = relay
    said = run("swaks", "--server", "127.0.0.1:2525", "--from", "anna@example.org",
               "--to", "bert@example.com,cleo@example.com", "--header", "Subject: by swaks")
    sent = b"".join(line[4:] + b"\r\n" for line in said.splitlines()
                    if line.startswith(b" -> "))
    mail, = hop.wait(1)
    assert mail.recipients == ["bert@example.com", "cleo@example.com"]
    content = without_received(mail.raw)
    assert b"Subject: by swaks\r\n" in content
    assert content in sent


def test_msmtp(relay):
    _, hop = relay
    run("msmtp", "--host=127.0.0.1", "--port=2525", "--from=anna@example.org",
        "--set-date-header=off", "--set-msgid-header=off", "bert@example.com",
        given=simple("by msmtp").replace(b"\r\n", b"\n"))
    mail, = hop.wait(1)
    assert without_received(mail.content) == simple("by msmtp")


def test_curl(relay, tmp_path):
    _, hop = relay
    file = tmp_path / "mail.eml"
    file.write_bytes(awkward())
    run("curl", "-sS", "smtp://127.0.0.1:2525", "--mail-from", "anna@example.org",
        "--mail-rcpt", "bert@example.com", "--upload-file", str(file))
    mail, = hop.wait(1)
    assert without_received(mail.content) == awkward()


@pytest.mark.parametrize("kept", [(), ("-d",)], ids=["connection-a-mail", "connections-kept"])
def test_smtp_source(relay, peers_root, kept):
    server, hop = relay
    mails, size = 300, 4000
    said = peers_root.run("/usr/sbin/smtp-source", *kept, "-s", "20", "-m", str(mails), "-l",
                          str(size), "-f", "anna@example.org", "-t", "bert@example.com",
                          "inet:127.0.0.1:2525")
    assert "fatal" not in said
    arrived = hop.wait(mails)
    identifiers = {re.search(rb"Message-Id: (\S+)", mail.content)[1] for mail in arrived}
    assert len(identifiers) == mails == len(arrived)
    server.wait_empty()


def test_postfix_as_sender(relay, postfix):
    server, hop = relay
    neighbour = postfix(relayhost="[127.0.0.1]:2525", smtp_dns_support_level="disabled")
    with smtplib.SMTP("127.0.0.1", neighbour.port) as client:
        client.sendmail("anna@example.org", ["bert@example.com", "cleo@example.net"], awkward())
    mail, = hop.wait(1)
    received, rest = split_received(mail.content)
    assert b"postfix.test" in received
    assert without_received(rest) == awkward()
    assert sorted(mail.recipients) == ["bert@example.com", "cleo@example.net"]


def test_postfix_as_next_hop(malleposte, sink, postfix):
    hop = sink()
    neighbour = postfix(relayhost="[127.0.0.1]:2600", smtp_dns_support_level="disabled")
    server = malleposte(smart_relay=f"[127.0.0.1]:{neighbour.port}")
    server.send("anna@example.org", ["bert@example.com", "cleo@example.net"], awkward())
    mail, = hop.wait(1)
    by_postfix, rest = split_received(mail.content)
    assert b"mx.malleposte.test" in by_postfix
    assert without_received(rest) == awkward()
    server.wait_empty()


# clause: 5321-4.4-a 5321-4.4-c
def test_received_field_tells_the_envelope(relay):
    server, hop = relay
    server.send("anna@example.org", ["bert@example.com"], simple())
    field = split_received(hop.wait(1)[0].content)[0].decode()
    assert re.search(r"^Received: from client\.test \(.*\[127\.0\.0\.1\].*\)", field), field
    assert re.search(r"\sby mx\.malleposte\.test\s", field), field
    assert re.search(r"\swith ESMTP\b", field), field
    assert re.search(r"; \w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\s*$", field), field
    assert all(len(line) <= 998 for line in field.split("\r\n"))


# clause: 6152-3-c 5321-2.4-d
def test_eight_bit_mail_keeps_its_octets_and_its_body_parameter(relay):
    server, hop = relay
    server.send("anna@example.org", ["bert@example.com"], awkward(), options=["BODY=8BITMIME"])
    mail, = hop.wait(1)
    assert "BODY=8BITMIME" in mail.mail_line.upper()
    assert without_received(mail.content) == awkward()


# clause: 5321-2.2.1-d 5321-3.2-b 5321-2.3.4-a
def test_next_hop_without_ehlo_gets_plain_smtp(malleposte, sink):
    hop = sink(extensions=())
    hop.ehlo_refused = True
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", ["bert@example.com"], simple())
    mail, = hop.wait(1)
    assert mail.helo.startswith("HELO ") and " " not in mail.mail_line.split(">", 1)[1].strip()
    assert without_received(mail.content) == simple()
