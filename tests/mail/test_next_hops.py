"""Postfix, Exim, OpenSMTPD and Haraka as next hops: what they have taken is, octet by octet, what
was given to us, and what they refuse comes back in their words."""
import email
import email.policy
import smtplib

import pytest

from harness.mail import as_given, awkward, bulk, dated, simple
from harness.receivers import RECEIVERS, REFUSED, running
from harness.server import HOST, PORT


@pytest.fixture(params=RECEIVERS)
def receiver(request, tmp_path):
    with running(RECEIVERS[request.param](tmp_path / "receiver")) as started:
        yield started


@pytest.fixture
def server(malleposte_towards, receiver):
    return malleposte_towards(receiver.port)


def test_awkward_content_arrives_as_it_was(server, receiver):
    content = dated(awkward(100_000))
    server.send("anna@example.org", "bert@example.com", content, options=["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert mail.recipients == ["bert@example.com"]
    assert as_given(mail.content) == content
    server.wait_empty()


def test_a_large_mail_arrives_whole(server, receiver):
    content = dated(bulk(1_000_000, "large"))
    server.send("anna@example.org", "bert@example.com", content)
    mail, = receiver.wait(1)
    assert as_given(mail.content) == content
    server.wait_empty()


def test_many_recipients_each_get_it_once(server, receiver):
    recipients = [f"r{number}@example.com" for number in range(150)]
    content = dated(simple("to many"))
    server.send("anna@example.org", recipients, content)
    mails = receiver.wait(len(recipients))
    assert sorted(one for mail in mails for one in mail.recipients) == sorted(recipients)
    assert {as_given(mail.content) for mail in mails} == {content}
    server.wait_empty()


def connections_opened():
    """By TCP in this network namespace, which is the test's own."""
    with open("/proc/self/net/snmp") as file:
        names, values = [line.split() for line in file if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


# clause: 5321-4.1.4-k
def test_several_messages_share_a_connection_and_stay_apart(server, receiver):
    before = connections_opened()
    contents = [dated(awkward(2_000, seed)) for seed in range(40)]
    with smtplib.SMTP(HOST, PORT, local_hostname="client.test", timeout=60) as client:
        for number, content in enumerate(contents):
            client.sendmail("anna@example.org", [f"r{number}@example.com"], content)
    mails = receiver.wait(len(contents))
    got = {mail.recipients[0]: as_given(mail.content) for mail in mails}
    assert got == {f"r{number}@example.com": content for number, content in enumerate(contents)}
    assert len(mails) == len(contents)
    server.wait_empty()
    assert connections_opened() - before < len(contents) / 2


# clause: 5321-4.4-s
def test_a_refused_recipient_comes_back_in_the_words_of_the_next_hop(server, receiver, sink):
    hop = sink()
    content = dated(simple("for two"))
    server.send("anna@example.org", ["bert@example.com", REFUSED], content)
    mail, = receiver.wait(1)
    assert mail.recipients == ["bert@example.com"] and as_given(mail.content) == content
    report = hop.mail_to("anna@example.org")
    assert report.sender == ""
    message = email.message_from_bytes(report.content, policy=email.policy.default)
    text, status, _ = message.get_payload()
    fields = status.get_payload()[1]
    assert REFUSED in fields["Final-Recipient"]
    assert fields["Action"] == "failed" and fields["Status"].startswith("5.")
    said = " ".join(fields["Diagnostic-Code"].split())
    assert "550" in said and receiver.refusal in said, said
    shown = " ".join(text.get_content().split())
    assert receiver.refusal in shown and f"127.0.0.1:{receiver.port}" in shown, shown
    server.wait_empty()
