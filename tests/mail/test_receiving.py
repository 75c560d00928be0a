"""What a client is told: the documented texts, pipelining, sizes, the one end of data."""
import socket

import pytest

from harness.mail import bulk, simple, without_received

HOP = "[127.0.0.1]:2600"


@pytest.fixture
def held(malleposte):
    """A server that accepts and delivers nothing."""
    return malleposte(deliveries_suspended=True)


def test_documented_reply_texts(held):
    with held.connect() as client:
        assert client.banner[0].startswith("220 mx.malleposte.test ")
        assert client.ask("HELO client.test").startswith("250 mx.malleposte.test")
        assert client.ask("MAIL FROM:<anna@example.org>") == "250 2.1.0 Sender accepted."
        assert client.ask("RCPT TO:<bert@example.com>") == "250 2.1.5 Recipient accepted."
        assert client.ask("DATA") == "354 End your message with a period."
        client.write(simple() + b".\r\n")
        assert client.reply()[0].startswith("250 2.0.0 ")
        assert client.ask("QUIT") == "221 2.0.0 Good bye."
        assert client.closed_by_server()


def test_ehlo_offers_the_four_extensions(held):
    with held.connect() as client:
        client.write(b"EHLO client.test\r\n")
        offered = {line[4:].split(" ")[0] for line in client.reply()[1:]}
        assert {"PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"} <= offered
        assert "STARTTLS" not in offered  # ssl_disabled = yes is the default


@pytest.mark.parametrize("trusted,domains,recipient,accepted", [
    ("127.0.0.0/8", "", "bert@anywhere.example", True),
    ("", "", "bert@anywhere.example", False),
    ("192.0.2.0/24, ::1/128", "", "bert@anywhere.example", False),
    ("", "example.org", "bert@example.org", True),
    ("", "example.org", "bert@EXAMPLE.ORG", True),
    ("", "example.org", "bert@sub.example.org", False),
    ("", ".example.org", "bert@sub.example.org", True),
    ("", ".example.org", "bert@example.org", False),
    ("", "example.org, .example.net", "bert@a.b.example.net", True),
    ("", "example.org", "bert@badexample.org", False),
])
def test_relaying(malleposte, trusted, domains, recipient, accepted):
    server = malleposte(deliveries_suspended=True, smtpd_trusted_networks=trusted,
                        relay_domains=domains)
    with server.connect() as client:
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<anna@example.org>")
        assert client.ask(f"RCPT TO:<{recipient}>") == (
            "250 2.1.5 Recipient accepted." if accepted else
            "553 5.7.1 Sorry, that domain isn't in my list of allowed rcpthosts.")


# clause: 2920-3.2-a
def test_everything_pipelined_in_one_write_is_answered_in_order(held):
    with held.connect() as client:
        client.ask("EHLO client.test")
        client.write(b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<bert@example.com>\r\n"
                     b"RCPT TO:<no address\r\nDATA\r\n" + simple() + b".\r\n"
                     b"MAIL FROM:<anna@example.org>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
        codes = [client.reply()[0][:3] for _ in range(9)]
        assert codes[:2] == ["250", "250"] and codes[2][0] == "5"
        assert codes[3:] == ["354", "250", "250", "250", "250", "221"]
    assert len(held.queue()) == 1


def test_one_octet_at_a_time(held):
    with held.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in (b"EHLO client.test\r\nMAIL FROM:<anna@example.org>\r\n"
                      b"RCPT TO:<bert@example.com>\r\nDATA\r\n" + simple() + b".\r\nQUIT\r\n"):
            client.write(bytes([octet]))
        codes = [client.reply()[0][:3] for _ in range(6)]
        assert codes == ["250", "250", "250", "354", "250", "221"]
    assert len(held.queue()) == 1


# clause: 5321-4.1.1.4-e
@pytest.mark.parametrize("wrong_end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r",
                                       b"\r.\r\n", b"\0.\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n"])
def test_only_crlf_dot_crlf_ends_the_data(held, wrong_end):
    """Or else a second mail could be smuggled past the neighbour that relayed the first."""
    with held.connect() as client:
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<anna@example.org>")
        client.ask("RCPT TO:<bert@example.com>")
        client.ask("DATA")
        client.write(b"Subject: outer\r\n\r\nouter" + wrong_end +
                     b"MAIL FROM:<eve@example.org>\r\nRCPT TO:<bert@example.com>\r\nDATA\r\n"
                     b"Subject: inner\r\n\r\ninner\r\n.\r\n")
        assert client.reply()[0][0] in "25"
        client.write(b"NOOP\r\n")
        assert client.reply()[0].startswith("250 ")
    assert len(held.queue()) <= 1
    assert all(message["sender"] == "anna@example.org" for message in held.queue())


# clause: 5321-2.3.8-b 5321-2.3.8-c
def test_no_bare_newline_reaches_the_next_hop(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    server_said = None
    with server.connect() as client:
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<anna@example.org>")
        client.ask("RCPT TO:<bert@example.com>")
        client.ask("DATA")
        client.write(b"Subject: bare\r\n\r\none\ntwo\rthree\r\n.\r\n")
        server_said = client.reply()[0]
    if server_said.startswith("250"):
        raw = hop.wait(1)[0].raw.replace(b"\r\n", b"")
        assert b"\n" not in raw and b"\r" not in raw


def test_too_large_is_refused_at_mail_and_at_the_end(malleposte):
    server = malleposte(deliveries_suspended=True, message_size_limit="1MB")
    with server.connect() as client:
        client.ask("EHLO client.test")
        assert client.ask("MAIL FROM:<anna@example.org> SIZE=100000000").startswith("552 5.3.4")
        client.ask("MAIL FROM:<anna@example.org>")
        client.ask("RCPT TO:<bert@example.com>")
        client.ask("DATA")
        client.write(bulk(3_000_000, "too large") + b".\r\n")
        assert client.reply()[0].startswith("552 5.3.4")
        assert client.ask("NOOP").startswith("250")
    assert server.queue() == []


# clause: 5321-4.5.4.2-a
def test_listens_on_every_address_given(malleposte):
    server = malleposte(in_="127.0.0.1, 127.0.0.5, ::1", deliveries_suspended=True,
                        smtpd_trusted_networks="127.0.0.0/8, ::1/128")
    for host in ("127.0.0.1", "127.0.0.5", "::1"):
        with server.connect(host=host) as client:
            client.ask("EHLO client.test")
            assert client.ask("MAIL FROM:<anna@example.org>").startswith("250")
            assert client.ask("RCPT TO:<bert@example.com>").startswith("250")


def test_each_listener_offers_what_it_is_to_offer(malleposte):
    server = malleposte(in_="127.0.0.1, 127.0.0.5", deliveries_suspended=True,
                        ehlo_withheld="CHUNKING@127.0.0.5, ETRN")
    here, there = set(), set()
    for host, offered in (("127.0.0.1", here), ("127.0.0.5", there)):
        with server.connect(host=host) as client:
            client.write(b"EHLO client.test\r\n")
            offered.update(line[4:].split()[0] for line in client.reply()[1:])
            client.write(b"BDAT 1 LAST\r\nx")
            refused, = client.reply()
            assert refused.startswith("503" if host == "127.0.0.1" else "502"), refused
    assert here - there == {"CHUNKING", "BINARYMIME"} and not there - here
    assert "ETRN" not in here and "DSN" in there


# clause: 5321-4.5.5-c 5321-7.2-a
def test_null_sender_and_many_recipients(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    recipients = [f"r{number}@example.com" for number in range(100)]
    server.send("", recipients, simple())
    mails = hop.wait(1)
    hop.wait_for(lambda: sum(len(m.recipients) for m in hop.mails) >= 100, "all recipients")
    assert sorted(one for mail in hop.mails for one in mail.recipients) == sorted(recipients)
    assert mails[0].sender == "" and without_received(mails[0].content) == simple()


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(held):
    client = held.connect()
    client.ask("EHLO client.test")
    client.ask("MAIL FROM:<anna@example.org>")
    client.ask("RCPT TO:<bert@example.com>")
    client.ask("DATA")
    client.write(bulk(300_000, "half"))
    client.close()
    held.send("anna@example.org", "bert@example.com", simple())
    assert len(held.queue()) == 1
