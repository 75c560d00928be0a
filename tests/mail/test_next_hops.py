"""Postfix, Exim, OpenSMTPD and Haraka as next hops: what they have taken is, octet by octet, what
was given to us, what they refuse comes back in their words, and what they do not take now they get
later."""
import email
import email.policy
import smtplib

import pytest

from harness import until
from harness.mail import as_given, awkward, bulk, dated, simple
from harness.receivers import DEFERRAL, LATER, RECEIVERS, REFUSED, running
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


# clause: 5321-4.2.1-b
def test_each_of_several_recipients_has_the_outcome_that_the_next_hop_gave_it(
        malleposte_towards, receiver, sink):
    """One is taken, one refused, one deferred and taken later: each once."""
    hop = sink()
    server = malleposte_towards(receiver.port, retry_first="1s", retry_max="2s")
    content = dated(simple("for three"))
    server.send("anna@example.org", [LATER, REFUSED, "bert@example.com"], content)
    message, = server.wait_queue(
        lambda queue: len(queue) == 1 and {r["state"] for r in queue[0]["recipients"]} ==
        {"deferred", "bounced", "delivered"},
        "three outcomes, and the notice to go")
    told = {one["address"]: one for one in message["recipients"]}
    assert {address: one["state"] for address, one in told.items()} == \
        {LATER: "deferred", REFUSED: "bounced", "bert@example.com": "delivered"}
    assert told[LATER]["class"] == "greylisted"
    assert DEFERRAL in told[LATER]["reply"] and "45" in told[LATER]["reply"], told[LATER]
    assert [one.recipients for one in receiver.wait(1)] == [["bert@example.com"]]
    _, status, _ = email.message_from_bytes(hop.mail_to("anna@example.org").content).get_payload()
    assert [fields["Final-Recipient"].split("; ")[1] for fields in status.get_payload()[1:]] == \
        [REFUSED]
    receiver.take_later()
    mails = receiver.wait(2)
    server.wait_empty()
    assert sorted(mail.recipients for mail in mails) == [["bert@example.com"], [LATER]]
    assert {as_given(mail.content) for mail in mails} == {content}
    assert {mail.sender for mail in mails} == {"anna@example.org"}
    accounts = server.accounts()
    assert (accounts["accepted"], accounts["delivered"], accounts["bounced"]) == (3, 3, 1)


@pytest.fixture(params=RECEIVERS)
def small_receiver(request, tmp_path):
    with running(RECEIVERS[request.param](tmp_path / "receiver", connections=1)) as started:
        yield started


def test_a_next_hop_that_greets_with_421_gets_the_mail_when_it_has_a_place_again(
        malleposte_towards, small_receiver):
    server = malleposte_towards(small_receiver.port)
    content = dated(simple("through a crowd"))
    with small_receiver.crowded():
        server.send("anna@example.org", "bert@example.com", content)
        message, = server.wait_queue(lambda queue: queue and queue[0]["state"] == "deferred",
                                     "a deferral")
        recipient, = message["recipients"]
        assert recipient["class"] == "rate_limited"
        assert "421" in message["reason"] and small_receiver.crowd in message["reason"], message

    # It may take a moment until it has seen that the others have gone.
    def arrived():
        server.cli("queue", "flush", "--yes")
        return small_receiver.mails()
    mail, = until(arrived, "the mail", pause_s=0.2)
    assert mail.recipients == ["bert@example.com"] and as_given(mail.content) == content
    server.wait_empty()
