"""A next hop that takes less than a message needs: Postfix without 8BITMIME. What arrives there says
the same, read by Python's email package; what cannot be made to say the same bounces."""
import email
import email.policy

import pytest

from harness.receivers import PostfixReceiver, running


class SevenBitPostfix(PostfixReceiver):
    settings = {"smtpd_discard_ehlo_keywords": "8bitmime, chunking, smtputf8"}


@pytest.fixture
def receiver(tmp_path):
    with running(SevenBitPostfix(tmp_path / "receiver")) as started:
        yield started


@pytest.fixture
def server(malleposte_towards, receiver):
    return malleposte_towards(receiver.port)


def parts(content):
    """(type, charset, file name, content) of each part that has no parts."""
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    return [(part.get_content_type(), part.get_content_charset(), part.get_filename(),
             part.get_payload(decode=True))
            for part in message.walk() if not part.is_multipart()]


MIXED = """\
From: Anna <anna@example.org>
Subject: =?utf-8?q?Caf=C3=A9?=
DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=x; b=x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_outer"
Content-Transfer-Encoding: 8bit

This is for old readers.
--=_outer
Content-Type: multipart/alternative; boundary="=_inner"

--=_inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

.Un café au lait, s'il vous plaît = 3 €.  
.
From there on

--=_inner
Content-Type: text/html; charset=utf-8

<p>郵便馬車は手紙を速く、そして安全に運んだ。</p>
--=_inner--

--=_outer
Content-Type: message/rfc822

From: bo@example.org
Subject: inside
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

À bientôt

--=_outer
Content-Type: application/octet-stream; name="data"
Content-Disposition: attachment; filename="data"
Content-Transfer-Encoding: base64

AAECAwQF
--=_outer--
""".replace("\n", "\r\n").encode()


# clause: 6152-3-d 6152-3-e 6152-3-f
def test_every_part_of_eight_bit_mail_arrives(server, receiver):
    server.send("anna@example.org", "bert@example.com", MIXED, options=["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert mail.content.isascii(), mail.content
    assert parts(mail.content) == parts(MIXED)
    assert b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=x; b=x\r\n" \
        in mail.content
    server.wait_empty()


def test_a_large_mail_is_converted(server, receiver):
    line = "Cette ligne est répétée très souvent.\r\n".encode()
    content = (b"Subject: large\r\nMIME-Version: 1.0\r\n"
               b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + line * 250_000)
    server.send("anna@example.org", "bert@example.com", content, options=["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert mail.content.isascii()
    assert parts(mail.content) == parts(content)
    server.wait_empty()


def test_seven_bit_mail_is_not_touched(server, receiver):
    content = MIXED.decode().encode("ascii", "ignore")
    server.send("anna@example.org", "bert@example.com", content, options=["BODY=8BITMIME"])
    mail, = receiver.wait(1)
    assert mail.content.endswith(content)
    server.wait_empty()


def test_signed_mail_bounces(server, receiver, sink):
    content = MIXED.replace(b"multipart/alternative", b"multipart/signed")
    server.send("anna@example.org", "bert@example.com", content, options=["BODY=8BITMIME"])
    report = sink().mail_to("anna@example.org")
    message = email.message_from_bytes(report.content, policy=email.policy.default)
    text, status, *_ = message.get_payload()
    fields = status.get_payload()[1]
    assert fields["Action"] == "failed" and fields["Status"] == "5.6.3"
    shown = " ".join(text.get_content().split())
    assert "signed or encrypted" in shown and f"127.0.0.1:{receiver.port}" in shown, shown
    assert receiver.mails() == []
    server.wait_empty()
