"""The extensions with real servers on both sides: Postfix or Exim sends to us, we send to Postfix or
Exim. What the first was given and what the last has taken and reported are compared."""
import email
import email.policy

import pytest

from harness import until
from harness.client import send
from harness.mail import as_given, awkward, dated, simple, split_received
from harness.receivers import RECEIVERS, REFUSED, running
from harness.senders import SENDERS
from harness.server import PORT

OFFERS = ("PIPELINING", "8BITMIME", "SIZE 200000000", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN")


@pytest.fixture(params=SENDERS)
def sender(request, tmp_path):
    with running(SENDERS[request.param](tmp_path / "sender", PORT)) as started:
        yield started


@pytest.fixture(params=["postfix", "exim"])
def receiver(request, tmp_path):
    with running(RECEIVERS[request.param](tmp_path / "receiver")) as started:
        yield started


@pytest.fixture
def server(malleposte_towards, receiver):
    return malleposte_towards(receiver.port)


def submit(sender, content, recipient, mail_options=(), rcpt_options=()):
    code, said = send(sender.port, "anna@example.org", recipient, content, mail_options,
                      rcpt_options)
    assert code == 250, (code, said)


def report_of(receiver, hop):
    """What the receiver tells the sender of all mail: Exim keeps it, Postfix sends it to the sink."""
    if receiver.name != "exim":
        return hop.mail_to("anna@example.org").content
    report, = until(lambda: [mail for mail in receiver.mails()
                             if mail.recipients == ["anna@example.org"]], "Exim's notice",
                    pause_s=0.1)
    return report.content


def fields_of(report):
    """The per-message and the first recipient's fields of a DSN, and all of it."""
    message = email.message_from_bytes(report, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report"
    for_message, for_recipient, *_ = message.get_payload()[1].get_payload()
    return for_message, for_recipient, message


def test_content_passes_through_all_three_as_it_was(server, sender, receiver, sink):
    content = dated(awkward(60_000))
    submit(sender, content, ["bert@example.com"], ["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert mail.recipients == ["bert@example.com"]
    assert as_given(mail.content, hops=2) == content
    server.wait_empty()


def test_an_address_in_another_script_passes_through_all_three(server, sender, receiver, sink):
    content = dated("From: Anna <anna@example.org>\r\nTo: Bjørn <bjørn@example.com>\r\n"
                    "Subject: Grüße, こんにちは\r\n\r\nHello.\r\n".encode())
    submit(sender, content, ["bjørn@example.com"], ["BODY=8BITMIME", "SMTPUTF8"])
    mail, = receiver.wait(1)
    assert mail.recipients == ["bjørn@example.com"]
    assert as_given(mail.content, hops=2) == content
    ours, _ = split_received(mail.content)
    assert b"with UTF8SMTP" in ours, ours
    server.wait_empty()


def test_the_last_reports_success_with_what_the_first_was_asked(server, sender, receiver, sink):
    hop = sink(extensions=OFFERS)
    submit(sender, dated(simple("please confirm")), ["bert@example.com"],
           ["RET=HDRS", "ENVID=batch-7"],
           ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Bert@before.example"])
    receiver.wait(1)
    for_message, for_recipient, message = fields_of(report_of(receiver, hop))
    assert for_recipient["Action"] == "delivered"
    assert for_recipient["Status"].startswith("2.")
    assert for_message["Original-Envelope-ID"] == "batch-7", message
    assert for_recipient["Original-Recipient"].replace(" ", "") == "rfc822;Bert@before.example"
    assert "bert@example.com" in for_recipient["Final-Recipient"]
    assert "mx.malleposte.test" not in for_message["Reporting-MTA"]
    server.wait_empty()
    # Everybody before it has passed the duty on, and said nothing.
    assert len(hop.mails) == (0 if receiver.name == "exim" else 1)


def test_we_report_a_failure_with_what_the_first_was_asked(server, sender, receiver, sink):
    hop = sink(extensions=OFFERS)
    submit(sender, dated(simple("to nobody")), [REFUSED], ["RET=FULL", "ENVID=batch-8"],
           ["NOTIFY=FAILURE", "ORCPT=rfc822;somebody@example.com"])
    report = hop.mail_to("anna@example.org")
    for_message, for_recipient, message = fields_of(report.content)
    assert "mx.malleposte.test" in for_message["Reporting-MTA"]
    assert for_message["Original-Envelope-ID"] == "batch-8"
    assert for_recipient["Original-Recipient"].replace(" ", "") == "rfc822;somebody@example.com"
    assert REFUSED in for_recipient["Final-Recipient"]
    assert for_recipient["Action"] == "failed"
    returned = message.get_payload()[2]
    assert returned.get_content_type() == "message/rfc822"
    assert returned.get_payload(0)["Subject"] == "to nobody"
    server.wait_empty()


def test_nobody_is_told_who_did_not_want_to_know(server, sender, receiver, sink):
    hop = sink(extensions=OFFERS)
    submit(sender, dated(simple("to nobody")), [REFUSED], rcpt_options=["NOTIFY=NEVER"])
    server.wait_queue(lambda queue: not queue and server.accounts()["bounced"] == 1, "the bounce")
    # Behind it comes one that is told of: nothing was under way before it.
    submit(sender, dated(simple("once more")), [REFUSED], rcpt_options=["NOTIFY=FAILURE"])
    hop.mail_to("anna@example.org")
    assert len(hop.mails) == 1
