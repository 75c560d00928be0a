"""Postfix and Exim as clients: they make use of what is offered, and what they were given is what
arrives, content and requests alike."""
import pytest

from harness.client import send
from harness.mail import awkward
from harness.receivers import running
from harness.senders import SENDERS
from harness.server import PORT
from harness.wiretap import Wiretap

TAP = 2791
INTERNATIONAL = ("From: Zoë <anna@example.org>\r\nTo: Jörg <jörg@example.com>\r\n"
                 "Date: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
                 "Subject: 中文\r\n\r\nGrüße.\r\n").encode()


@pytest.fixture
def tap():
    made = Wiretap(TAP, PORT)
    yield made
    made.close()


@pytest.fixture(params=sorted(SENDERS))
def sender(request, tmp_path, tap):
    with running(SENDERS[request.param](tmp_path / "sender", tap.port)) as started:
        yield started


def give(sender, content, mail_options, recipient, rcpt_options=()):
    code, said = send(sender.port, "anna@example.org", recipient, content, mail_options,
                      rcpt_options)
    assert code == 250, (code, said)


def the_line(tap, verb):
    line, = [line for line in tap.commands() if line.startswith(verb + " ")]
    return line


def test_content_and_requests_arrive(malleposte, sink, sender, tap):
    hop = sink()
    server = malleposte(smart_relay="[127.0.0.1]:2600")
    content = awkward(50_000)
    give(sender, content, ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159"], "bert@example.com",
         ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;Bert+2Bx@example.com"])
    mail, = hop.wait(1)
    assert mail.content.endswith(content)
    assert {"RET=HDRS", "ENVID=QQ314159"} <= set(the_line(tap, "MAIL").split())
    assert {"NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;Bert+2Bx@example.com"} <= \
        set(the_line(tap, "RCPT").split())
    if sender.name == "exim":  # Postfix sends by DATA only
        chunks = [line for line in tap.commands() if line.startswith("BDAT ")]
        assert len(chunks) > 1 and chunks[-1].endswith(" LAST")
        assert "DATA" not in tap.commands()
    server.wait_empty()


def test_international_mail_is_taken(malleposte, sender, tap):
    server = malleposte(smart_relay="[127.0.0.1]:2600", deliveries_suspended=True)
    give(sender, INTERNATIONAL, ["SMTPUTF8", "BODY=8BITMIME"], "jörg@example.com")
    server.wait_queue(lambda messages: len(messages) == 1, "the mail")
    message, = server.queue()
    assert message["sender"] == "anna@example.org"
    assert [one["address"] for one in message["recipients"]] == ["jörg@example.com"]
    assert "SMTPUTF8" in the_line(tap, "MAIL").split()
