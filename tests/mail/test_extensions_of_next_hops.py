"""Postfix and Exim as next hops with CHUNKING, SMTPUTF8 and DSN: what they are told is what the
client asked of us, what they have taken is what was given to us, and the notices that they send are
those that were asked for."""
import email
import email.policy
import smtplib

import pytest

from harness import until
from harness.client import send
from harness.mail import as_given, awkward, bulk, dated, simple
from harness.receivers import RECEIVERS, running
from harness.server import HOST, PORT
from harness.wiretap import Wiretap

TAP = 2790
SENDER = "anna@example.org"
INTERNATIONAL = ("From: Zoë <anna@example.org>\r\nTo: Jörg <jörg@example.com>\r\n"
                 "Date: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
                 "Subject: 中文\r\n\r\nGrüße.\r\n.\r\n").encode()


@pytest.fixture(params=["postfix", "exim"])
def receiver(request, tmp_path):
    with running(RECEIVERS[request.param](tmp_path / "receiver")) as started:
        yield started


@pytest.fixture
def tap(receiver):
    made = Wiretap(TAP, receiver.port)
    yield made
    made.close()


@pytest.fixture
def server(malleposte_towards, tap):
    return malleposte_towards(tap.port)


def give(content, mail_options, recipient, rcpt_options=()):
    code, said = send(PORT, SENDER, recipient, content, mail_options, rcpt_options)
    assert code == 250, (code, said)


def the_line(tap, verb):
    line, = [line for line in tap.commands() if line.upper().startswith(verb)]
    return line


@pytest.mark.parametrize("content", [simple("small"), awkward(100_000), bulk(1_000_000, "large")],
                         ids=["small", "awkward", "large"])
# clause: 3030-3-a 3030-2-k
def test_the_content_goes_as_one_chunk_and_arrives_as_it_was(server, receiver, tap, content):
    content = dated(content)
    server.send(SENDER, "bert@example.com", content, options=["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert as_given(mail.content) == content
    ours = len(mail.content) - len(content)
    assert the_line(tap, "BDAT") == f"BDAT {len(content) + ours} LAST"
    assert "DATA" not in tap.commands()
    server.wait_empty()


def test_many_messages_by_bdat_stay_apart(server, receiver, tap):
    contents = [dated(awkward(2_000, seed)) for seed in range(40)]
    with smtplib.SMTP(HOST, PORT, local_hostname="client.test", timeout=60) as client:
        for number, content in enumerate(contents):
            client.sendmail(SENDER, [f"r{number}@example.com"], content)
    mails = receiver.wait(len(contents))
    got = {mail.recipients[0]: as_given(mail.content) for mail in mails}
    assert got == {f"r{number}@example.com": content for number, content in enumerate(contents)}
    assert len(mails) == len(contents)
    assert "DATA" not in tap.commands()
    server.wait_empty()


# clause: 6531-3.4-a 6531-1.1-a 6152-3-c
def test_an_international_mail_goes_on_as_it_came(server, receiver, tap):
    give(INTERNATIONAL, ["SMTPUTF8", "BODY=8BITMIME"], "jörg@example.com")
    mail, = receiver.wait(1)
    assert as_given(mail.content) == INTERNATIONAL
    assert mail.recipients == ["jörg@example.com"]
    assert "SMTPUTF8" in the_line(tap, "MAIL").split()
    assert the_line(tap, "RCPT").startswith("RCPT TO:<jörg@example.com>")
    server.wait_empty()


def notice_of(receiver, hop):
    """The notice to SENDER: Postfix sends it on, Exim keeps it with the other mail."""
    if receiver.name == "exim":
        content = until(lambda: next((mail.content for mail in receiver.mails()
                                      if SENDER in mail.recipients), None), "a notice of Exim")
    else:
        content = hop.mail_to(SENDER).content
    return email.message_from_bytes(content, policy=email.policy.default)


# clause: 3461-5.2.1-a 3461-5.2.1-c 3461-5.2.1-e 3461-5.2.1-g
def test_the_success_that_was_asked_for_is_told_by_the_next_hop(server, receiver, tap, sink):
    hop = sink()
    content = dated(simple("with a notice"))
    give(content, ["RET=HDRS", "ENVID=id+2B1"], "bert@example.com",
         ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Bert+2Bx@before.example"])
    mail = until(lambda: next((mail for mail in receiver.mails()
                               if "bert@example.com" in mail.recipients), None), "the mail")
    assert as_given(mail.content) == content
    assert the_line(tap, "MAIL").split()[-2:] == ["RET=HDRS", "ENVID=id+2B1"]
    assert the_line(tap, "RCPT").split()[-2:] == \
        ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Bert+2Bx@before.example"]

    notice = notice_of(receiver, hop)
    assert notice.get_content_type() == "multipart/report"
    _, status, returned = notice.get_payload()
    whole, one = status.get_payload()
    assert receiver.name_in_notices in whole["Reporting-MTA"]
    # Exim 4.96 writes both as they came, in xtext.
    plain = {name: fields[name].replace(" ", "").replace("+2B", "+")
             for name, fields in (("Original-Envelope-Id", whole), ("Original-Recipient", one))}
    assert plain == {"Original-Envelope-Id": "id+1",
                     "Original-Recipient": "rfc822;Bert+x@before.example"}
    assert one["Action"].split()[0] in ("delivered", "relayed")
    assert one["Status"].startswith("2.")
    assert "text/rfc822-headers" == returned.get_content_type(), "RET=HDRS"
    server.wait_empty()
    assert not [mail for mail in hop.mails if "mx.malleposte.test" in
                str(email.message_from_bytes(mail.content)["From"])], "we have told of it too"


# clause: 3461-5.2.1-b 3461-5.2.1-d 3461-5.2.1-f
def test_nothing_is_asked_of_the_next_hop_that_nobody_asked_for(server, receiver, tap):
    server.send(SENDER, "bert@example.com", simple("plain"))
    receiver.wait(1)
    for word in ("RET=", "ENVID=", "NOTIFY=", "ORCPT=", "SMTPUTF8", "BODY="):
        assert word not in the_line(tap, "MAIL") + the_line(tap, "RCPT")
    server.wait_empty()
