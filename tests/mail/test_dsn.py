"""What a client asks for with DSN (RFC 3461), and in which language and alphabet it is told: all that
comes back is read by Python's own parser of mail."""
import email
import email.header
import email.policy
import itertools
import smtplib

import pytest

from harness.server import HOST, PORT

HOP = "[127.0.0.1]:2600"
EVENTS = ("NEVER", "SUCCESS", "FAILURE", "DELAY")


def send(content, sender="anna@example.org", mail_options=(), recipients=()):
    """`recipients`: pairs of an address and its options."""
    with smtplib.SMTP(HOST, PORT, local_hostname="client.test", timeout=60) as client:
        client.ehlo()
        assert client.has_extn("dsn")
        code, said = client.mail(sender, list(mail_options))
        assert code == 250, (code, said)
        for address, options in recipients:
            code, said = client.rcpt(address, list(options))
            assert code == 250, (code, said)
        code, said = client.data(content)
        assert code == 250, (code, said)


def by_name(address):
    """What the next hop says of a recipient."""
    if address.startswith("fails"):
        return "550 5.1.1 No such user here"
    return "450 4.2.0 Not now" if address.startswith("late") else None


def mail(extra="", body="Hello.\r\n"):
    return f"{extra}From: Anna <anna@example.org>\r\nSubject: test\r\n\r\n{body}".encode()


def read(notice):
    """A DSN taken apart, and everything about it that holds for any."""
    report = email.message_from_bytes(notice.content, policy=email.policy.default)
    assert not report.defects
    assert notice.sender == ""
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["MIME-Version"] == "1.0"
    assert email.utils.parsedate_to_datetime(report["Date"])
    text, status, original = report.get_payload()
    assert not text.defects
    assert text["Content-Language"] == report["Content-Language"]
    assert all(len(line) <= 998 for line in notice.content.split(b"\r\n"))
    message, *recipients = status.get_payload()
    recipients = [one for one in recipients if one.items()]
    assert recipients
    # RFC 3464 2.2, 2.3: what has to be there.
    assert message["Reporting-MTA"].startswith("dns; ")
    assert message["Received-From-MTA"] == "dns; client.test ([127.0.0.1])"
    assert email.utils.parsedate_to_datetime(message["Arrival-Date"])
    for one in recipients:
        assert one["Action"] in ("failed", "delayed", "relayed")
        expected = {"failed": "45", "delayed": "4", "relayed": "2"}[one["Action"]]
        kind, subject, detail = one["Status"].split(".")
        assert kind in expected and subject.isdigit() and detail.isdigit()
        assert one["Diagnostic-Code"].startswith("smtp; ")
        assert email.utils.parsedate_to_datetime(one["Last-Attempt-Date"])
        assert (one["Will-Retry-Until"] is not None) == (one["Action"] == "delayed")
    return report, text, message, recipients, original


def notices(hop):
    return [one for one in hop.mails if one.sender == ""]


# RFC 3461 4.1, 5.2: NOTIFY in every combination that a client may send, for mail that fails, is late,
# and is passed on to a host that does not report.
# clause: 3461-5.2.2-b 3461-5.2.2-c 3461-5.2.2-d 3461-5.2.2-e 3461-5.2.2-f 3461-6.3-a 3461-6.2-b
def test_each_notify_is_told_exactly_what_it_asks_for(malleposte, sink):
    hop = sink()
    hop.on_rcpt = by_name
    server = malleposte(smart_relay=HOP, delay_warning_after="1s", retry_first="1s",
                        retry_max="2s")
    asked = [()] + [("NEVER",)] + [some for n in (1, 2, 3)
                                   for some in itertools.combinations(EVENTS[1:], n)]
    recipients = []
    for number, events in enumerate(asked):
        options = [f"NOTIFY={','.join(events)}"] if events else []
        recipients += [(f"{kind}{number}@example.com", options)
                       for kind in ("fails", "late", "good")]
    send(mail(), recipients=recipients, mail_options=["ENVID=check+2B1"])
    hop.wait_for(lambda: len(notices(hop)) == 3, "one notice of each kind")
    server.wait_queue(lambda queue: len(queue) == 1, "only what is late left")
    server.cli("queue", "delete", "--yes")
    assert [message["state"] for message in server.queue()] == ["deleting"]
    told = {}
    for notice in notices(hop):
        assert notice.recipients == ["anna@example.org"]
        _, _, message, fields, original = read(notice)
        assert message["Original-Envelope-Id"] == "check+1"
        assert original.get_content_type() == "text/rfc822-headers"
        for one in fields:
            address = one["Final-Recipient"].removeprefix("rfc822; ")
            told.setdefault(address, []).append(one["Action"])
    expected = {}
    for number, events in enumerate(asked):
        if "FAILURE" in events or not events:
            expected[f"fails{number}@example.com"] = ["failed"]
        if "DELAY" in events or not events:
            expected[f"late{number}@example.com"] = ["delayed"]
        if "SUCCESS" in events:
            expected[f"good{number}@example.com"] = ["relayed"]
    assert told == expected


def test_a_next_hop_with_dsn_reports_itself(malleposte, sink):
    hop = sink()
    hop.extensions = [*hop.extensions, "DSN"]
    server = malleposte(smart_relay=HOP)
    send(mail(), recipients=[("bert@example.com", ["NOTIFY=SUCCESS"])])
    hop.wait(1)
    server.wait_empty()
    assert notices(hop) == []


# clause: 3461-5.2-a
def test_nobody_is_told_of_mail_from_nobody(malleposte, sink):
    hop = sink()
    hop.on_rcpt = by_name
    server = malleposte(smart_relay=HOP, root_address="root@example.net")
    send(mail(), sender="", recipients=[("good@example.com", ["NOTIFY=SUCCESS,FAILURE"]),
                                        ("fails@example.com", ["NOTIFY=SUCCESS,FAILURE"])])
    server.wait_empty()
    assert [one.recipients for one in hop.mails] == [["good@example.com"]]


# RFC 3461 4.3; RFC 3464 2.3.1.
# clause: 3461-6.2-a 3461-6.3-b 3461-6.3-f
@pytest.mark.parametrize("ret, whole", [("RET=FULL", True), ("RET=HDRS", False), (None, False)])
def test_ret_and_orcpt_come_back_as_asked(malleposte, sink, ret, whole):
    hop = sink()
    hop.on_rcpt = by_name
    malleposte(smart_relay=HOP)
    send(mail(), mail_options=[ret] if ret else [],
         recipients=[("fails@example.com", ["ORCPT=rfc822;Bert+2BOld@Example.COM"])])
    _, _, message, (recipient,), original = read(hop.mail_to("anna@example.org"))
    assert message["Original-Envelope-Id"] is None
    assert recipient["Original-Recipient"] == "rfc822; Bert+Old@Example.COM"
    assert recipient["Final-Recipient"] == "rfc822; fails@example.com"
    assert original.get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")
    assert ("Hello." in original.as_string()) == whole


# --- Languages -----------------------------------------------------------------------------------

TOLD = {
    "fr": ("Message non remis, retourné à l'expéditeur",
           "Il n'y a pas de boîte aux lettres de ce nom dans ce domaine.",
           "Le serveur 127.0.0.1 (127.0.0.1:2600) a répondu :"),
    "ja": ("配達できなかったメールをお返しします",
           "このドメインに、その名前のメールボックスはありません。",
           "サーバー 127.0.0.1 (127.0.0.1:2600) の応答："),
    "en": ("Undelivered mail returned to sender",
           "There is no mailbox of that name in this domain.",
           "The host 127.0.0.1 (127.0.0.1:2600) said:"),
}


@pytest.mark.parametrize("header, language", [
    ("Accept-Language: fr-FR, en;q=0.5", "fr"),
    ("Accept-Language: en;q=0.3,\r\n ja;q=0.9, fr;q=0.8", "ja"),
    ("Content-Language: ja", "ja"),
    ("Content-Language: fr\r\nAccept-Language: en", "en"),
    ("Content-Language: de", "en"),
])
def test_a_sender_is_told_in_its_language(malleposte, sink, header, language):
    hop = sink()
    hop.on_rcpt = by_name
    malleposte(smart_relay=HOP)
    send(mail(header + "\r\n"), recipients=[("fails@example.com", [])])
    notice = hop.mail_to("anna@example.org")
    assert notice.content.isascii(), "it passes anywhere"
    report, text, _, (recipient,), _ = read(notice)
    subject, what, host = TOLD[language]
    assert report["Subject"] == subject
    assert report["Content-Language"] == language
    told = text.get_content().replace("\r\n", "\n")
    assert f"<fails@example.com>\n    {what}\n    {host}\n    550 5.1.1 No such user here\n" in told
    assert recipient["Status"] == "5.1.1"
    assert all(len(line.encode("euc-jp")) <= 72 for line in told.splitlines()
               if language == "ja"), told


# --- Other alphabets (RFC 6533) ------------------------------------------------------------------

def test_an_ascii_sender_is_told_of_a_recipient_in_another_alphabet_in_ascii(malleposte, sink):
    hop = sink()
    malleposte(smart_relay=HOP)  # the hop has no SMTPUTF8
    send(mail("X-Note: caf\u00e9\r\n"), mail_options=["SMTPUTF8", "BODY=8BITMIME"],
         recipients=[("用户@例子.example", [])])
    notice = hop.mail_to("anna@example.org")
    assert notice.content.isascii()
    assert "SMTPUTF8" not in notice.mail_line
    report = email.message_from_bytes(notice.content, policy=email.policy.default)
    text, status, original = report.get_payload()
    assert "<用户@例子.example>" in text.get_content()
    recipient = status.get_payload()[1]
    assert recipient["Final-Recipient"] == \
        r"utf-8; \x{7528}\x{6237}@\x{4F8B}\x{5B50}.example"
    assert recipient["Status"] == "5.6.7"
    assert original.get_content_type() == "message/global-headers"
    assert original["Content-Transfer-Encoding"] in ("quoted-printable", "base64")


def test_a_sender_in_another_alphabet_is_told_in_utf8(malleposte, sink):
    hop = sink()
    hop.extensions = [*hop.extensions, "SMTPUTF8"]
    hop.on_rcpt = by_name
    malleposte(smart_relay=HOP)
    send(mail("X-Note: caf\u00e9\r\n"), sender="アンナ@例え.example",
         mail_options=["SMTPUTF8", "BODY=8BITMIME"],
         recipients=[("fails-é@例子.example", [r"ORCPT=utf-8;fails-\x{E9}@old.example"])])
    notice = hop.mail_to("アンナ@例え.example")
    assert "SMTPUTF8" in notice.mail_line and "BODY=8BITMIME" in notice.mail_line
    report = email.message_from_bytes(notice.content, policy=email.policy.SMTPUTF8)
    assert str(report["To"]) == "アンナ@例え.example"
    text, status, original = report.get_payload()
    assert status.get_content_type() == "message/global-delivery-status"
    assert "Final-Recipient: utf-8; fails-é@例子.example\r\n" in notice.content.decode()
    assert "Original-Recipient: utf-8; fails-é@old.example\r\n" in notice.content.decode()
    assert "<fails-é@例子.example>" in text.get_content()
    assert original.get_content_type() == "message/global-headers"
    assert "X-Note: caf\u00e9\r\n" in notice.content.decode()
