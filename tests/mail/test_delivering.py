"""The way out: MX, deferral and retry, refusal and the DSN that tells of it."""
import email
import email.policy
import re

import pytest

from harness.mail import bulk, simple, without_received

HOP = "[127.0.0.1]:2600"
FAST = {"retry_first": "1s", "retry_max": "2s"}


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def report_fields(mail):
    """The fields of a DSN: (per message, [per recipient])."""
    report = parsed(mail)
    assert report.get_content_type() == "multipart/report", report.get_content_type()
    assert report.get_param("report-type") == "delivery-status"
    text, status, original = report.get_payload()
    assert text.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    assert original.get_content_type() in ("message/rfc822", "text/rfc822-headers",
                                           "message/rfc822-headers")
    first, *others = status.get_payload()
    return first, [one for one in others if one.items()], text.get_content(), original


@pytest.fixture
def mx(malleposte, dns):
    """mx(zones, **properties): a server that asks NSD and delivers by MX to port 2600."""
    def make(zones, **properties):
        dns(zones)
        return malleposte(dns_servers="127.0.0.1:53", mx_port=2600, allow_loopback_mx=True,
                          **FAST, **properties)
    return make


# --- by MX ---------------------------------------------------------------------------------------

def test_lowest_preference_first_the_next_when_it_is_away(mx, sink):
    first, second = sink(host="127.0.0.2"), sink(host="127.0.0.3")
    server = mx({"example.com": ["@ MX 20 b", "@ MX 10 a", "a A 127.0.0.2", "b A 127.0.0.3"]})
    server.send("anna@example.org", "bert@example.com", simple("one"))
    assert without_received(first.wait(1)[0].content) == simple("one")
    first.close()
    server.send("anna@example.org", "bert@example.com", simple("two"))
    assert without_received(second.wait(1)[0].content) == simple("two")
    server.wait_empty()
    assert len(first.mails) == 1


# clause: 5321-5.1-a
def test_without_mx_the_address_record_is_the_next_hop(mx, sink):
    hop = sink(host="127.0.0.2")
    server = mx({"example.com": ["@ A 127.0.0.2"]})
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait(1)
    server.wait_empty()


def test_ipv6_mx(mx, sink):
    hop = sink(host="::1")
    server = mx({"example.com": ["@ MX 10 six", "six AAAA ::1"]})
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait(1)
    server.wait_empty()


def test_names_under_test_are_asked_of_the_servers_given(mx, sink):
    hop = sink(host="127.0.0.2")
    server = mx({"real.test": ["@ MX 10 mx", "mx A 127.0.0.2"]})
    server.send("anna@example.org", "bert@real.test", simple())
    hop.wait(1)


# clause: 7505-4.1-a 5321-5.1-d
@pytest.mark.parametrize("recipient,status", [
    ("bert@null.example", r"5\.1\.10"),  # RFC 7505: the domain takes no mail
    ("bert@missing.example", r"5\.1\.2"),  # NXDOMAIN
], ids=["null-mx", "nxdomain"])
def test_a_domain_without_mail_bounces_to_the_senders_mx(mx, sink, recipient, status):
    hop = sink(host="127.0.0.2")
    server = mx({"example": ["null MX 0 ."],
                 "example.org": ["@ MX 10 mx", "mx A 127.0.0.2"]})
    server.send("anna@example.org", recipient, simple())
    report = hop.wait(1)[0]
    assert report.sender == "" and report.recipients == ["anna@example.org"]
    _, (fields,), _, _ = report_fields(report)
    assert recipient in fields["Final-Recipient"]
    assert re.fullmatch(status, fields["Status"]), fields["Status"]
    server.wait_empty()


# clause: 5321-5.1-e
def test_mx_without_answer_from_dns_is_deferred(malleposte):
    server = malleposte(dns_servers="127.0.0.9:53", **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    queue = server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
    assert queue[0]["recipients"][0]["state"] == "deferred"


def test_routes_choose_the_next_hop_by_domain(malleposte, sink, tmp_path):
    exact, under, rest = sink(port=2601), sink(port=2602), sink(port=2603)
    (tmp_path / "routes").write_text("# where to\nexample.com [127.0.0.1]:2601\n"
                                     ".example.com [127.0.0.1]:2602\n\n* [127.0.0.1]:2603\n")
    server = malleposte(routes=tmp_path / "routes")
    for domain in ("example.com", "sub.example.com", "example.net"):
        server.send("anna@example.org", f"bert@{domain}", simple())
    assert exact.wait(1)[0].recipients == ["bert@example.com"]
    assert under.wait(1)[0].recipients == ["bert@sub.example.com"]
    assert rest.wait(1)[0].recipients == ["bert@example.net"]


def test_several_smart_relays_are_tried_in_order(malleposte, sink):
    second = sink(port=2602)
    server = malleposte(smart_relay="[127.0.0.1]:2601, [127.0.0.1]:2602")
    server.send("anna@example.org", "bert@example.com", simple())
    second.wait(1)


# --- deferred, then delivered ----------------------------------------------------------------

def test_away_then_back(malleposte, sink):
    hop = sink()
    hop.close()
    server = malleposte(smart_relay=HOP, **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    message, = server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
    assert message["attempts"] >= 1 and message["next_attempt"] and message["reason"]
    hop.open()
    assert without_received(hop.wait(1)[0].content) == simple()
    server.wait_empty()


# clause: 5321-4.2.1-a 5321-4.5.4.1-a
@pytest.mark.parametrize("where", ["banner", "mail", "rcpt", "dot"])
def test_a_temporary_refusal_is_tried_again(malleposte, sink, where):
    hop = sink()
    answers = {"left": 2}

    def twice(_):
        answers["left"] -= 1
        return "451 4.7.1 Later, please" if answers["left"] >= 0 else None

    if where == "banner":
        hop.banner = "421 4.3.2 Not now"
    else:
        setattr(hop, {"mail": "on_mail", "rcpt": "on_rcpt", "dot": "on_data"}[where], twice)
    server = malleposte(smart_relay=HOP, **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    if where == "banner":
        message, = server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
        assert "Not now" in message["reason"]
        hop.banner = "220 sink.test ESMTP"
    hop.wait(1)
    server.wait_empty()
    assert len(hop.mails) == 1


# clause: 5321-4.2.1-b
def test_only_the_deferred_recipient_is_tried_again(malleposte, sink):
    hop = sink()
    left = {"slow@example.com": 1}

    def on_rcpt(address):
        if left.get(address, 0) > 0:
            left[address] -= 1
            return "450 4.2.1 Mailbox busy"
        return None

    hop.on_rcpt = on_rcpt
    server = malleposte(smart_relay=HOP, **FAST)
    server.send("anna@example.org", ["bert@example.com", "slow@example.com"], simple())
    mails = hop.wait(2)
    assert [mail.recipients for mail in mails] == [["bert@example.com"], ["slow@example.com"]]
    server.wait_empty()


def test_a_next_hop_that_drops_the_connection_at_the_dot(malleposte, sink):
    hop = sink()
    drops = ["drop"]
    hop.on_data = lambda _mail: drops.pop() if drops else None
    server = malleposte(smart_relay=HOP, **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    assert without_received(hop.wait(1)[0].content) == simple()
    server.wait_empty()


# --- refused: the DSN --------------------------------------------------------------------------

# clause: 5321-4.4-w 5321-3.6.3-a
def test_dsn_says_who_why_and_what(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda address: "550 5.1.1 No such user here" if "nobody" in address else None
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", ["bert@example.com", "nobody@example.com"],
                simple("about the house"))
    assert hop.mail_to("bert@example.com").recipients == ["bert@example.com"]
    report = hop.mail_to("anna@example.org")
    assert report.sender == "" and report.recipients == ["anna@example.org"]
    message, (fields,), text, original = report_fields(report)
    assert message["Reporting-MTA"].replace(" ", "") == "dns;mx.malleposte.test"
    assert fields["Final-Recipient"].replace(" ", "") == "rfc822;nobody@example.com"
    assert fields["Action"] == "failed" and fields["Status"] == "5.1.1"
    assert "550 5.1.1 No such user here" in fields["Diagnostic-Code"]
    assert "nobody@example.com" in text and "bert@example.com" not in text
    assert "about the house" in original.as_string()
    head = parsed(report)
    assert head["From"] and head["To"] and head["Date"] and head["Message-ID"]
    assert head["Auto-Submitted"] == "auto-replied"
    server.wait_empty()


# clause: 5321-4.2.5-d 5321-4.4-v
def test_refused_at_the_dot_all_recipients_in_one_dsn(malleposte, sink):
    hop = sink()
    hop.on_data = lambda mail: None if mail.sender == "" else "554 5.7.1 Not that"
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", ["bert@example.com", "cleo@example.com"], simple())
    _, fields, _, _ = report_fields(hop.wait(1)[0])
    assert sorted(one["Final-Recipient"].split(";")[1].strip() for one in fields) == \
        ["bert@example.com", "cleo@example.com"]
    assert {one["Status"] for one in fields} == {"5.7.1"}
    server.wait_empty()
    assert len(hop.mails) == 1


# clause: 5321-6.1-e
def test_no_bounce_for_a_bounce(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda _address: "550 5.1.1 Nobody at all"
    server = malleposte(smart_relay=HOP)
    server.send("", "bert@example.com", simple())
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_empty()
    assert hop.mails == []


def test_expired_mail_comes_back(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda a: "450 4.2.0 Full" if a == "bert@example.com" else None
    server = malleposte(smart_relay=HOP, queue_lifetime="3s", **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    report = hop.mail_to("anna@example.org")
    _, (fields,), _, _ = report_fields(report)
    assert fields["Action"] == "failed"
    assert "450 4.2.0 Full" in fields["Diagnostic-Code"]
    server.wait_empty()


def test_next_hop_that_takes_less_than_our_size(malleposte, sink):
    hop = sink(extensions=("PIPELINING", "SIZE 100000", "ENHANCEDSTATUSCODES"))
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", bulk(200_000, "too large for it"))
    report = hop.mail_to("anna@example.org")
    _, (fields,), _, _ = report_fields(report)
    assert fields["Status"].startswith("5.")
    assert len(report.content) < 100_000


def test_the_next_hop_is_never_ourselves(malleposte, dns):
    dns({"loop.example": ["@ MX 10 mx", "mx A 127.0.0.1"]})
    server = malleposte(dns_servers="127.0.0.1:53", mx_port=2525, allow_loopback_mx=True)
    server.send("", "bert@loop.example", simple())
    server.wait_empty()
