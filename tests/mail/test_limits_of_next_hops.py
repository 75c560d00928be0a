"""Real next hops that take less at once than we have."""
from harness.mail import bulk, simple, without_received

RETRY = {"retry_first": "1h"}  # what is deferred stays: these tests need no retry


def test_recipients_beyond_a_hosts_number_go_in_further_transactions(malleposte, postfix, sink):
    behind = sink()
    neighbour = postfix(relayhost="[127.0.0.1]:2600", smtpd_recipient_limit="10")
    server = malleposte(smart_relay=f"[127.0.0.1]:{neighbour.port}", **RETRY)
    recipients = [f"u{number}@example.com" for number in range(35)]
    server.send("anna@example.org", recipients, simple())
    server.wait_empty()
    mails = behind.wait(4)
    assert sorted(r for mail in mails for r in mail.recipients) == sorted(recipients)
    assert [len(mail.recipients) for mail in mails if len(mail.recipients) > 10] == []
    assert server.accounts()["delivered"] == 35


def test_what_the_first_host_finds_too_large_goes_to_the_second(malleposte, postfix, sink):
    second = sink(port=2601)
    neighbour = postfix(relayhost="[127.0.0.1]:2600", message_size_limit="100000")
    first = sink()
    server = malleposte(smart_relay=f"[127.0.0.1]:{neighbour.port}, [127.0.0.1]:2601", **RETRY)
    large = bulk(200_000, "large")
    server.send("anna@example.org", "bert@example.com", simple())
    server.send("anna@example.org", "bert@example.com", large)
    assert without_received(second.wait(1)[0].content) == large
    assert without_received(first.wait(1)[0].content, 2) == simple()
    server.wait_empty()
    second.close()
    server.send("anna@example.org", "bert@example.com", large)
    message, = server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
    assert "takes at most 100000" in message["reason"] and "refused" in message["reason"]
    server.cli("queue", "delete", "--yes")
