"""What senders and the postmaster are told of mail that was not delivered: failures, warnings, many
notices as one report, notices that fail themselves."""
import email
import email.policy
import json
import urllib.request

from harness import until
from harness.mail import simple
from harness.server import UI_PORT

HOP = "[127.0.0.1]:2600"
FAST = {"retry_first": "1s", "retry_max": "2s"}
AT_ONCE = 50  # notices to one address that are not gathered


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def blocks(status_part):
    """The fields of a delivery status: of the message, and of each recipient."""
    assert status_part.get_content_type() == "message/delivery-status"
    first, *others = status_part.get_payload()
    return first, [one for one in others if one.items()]


def figure(name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}/metrics").read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith(name))


def no_user(address):
    return "550 5.1.1 No such user here" if address.startswith("nobody") else None


# --- failures ------------------------------------------------------------------------------------

def test_a_person_can_tell_what_happened(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda a: no_user(a) or ("552 5.2.2 Over quota" if "full" in a else None)
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org",
                ["nobody1@example.com", "full@example.com", "nobody2@example.com"], simple())
    report = parsed(hop.mail_to("anna@example.org"))
    assert report["Subject"] == "Undelivered mail returned to sender"
    text, status, header = report.get_payload()
    told = text.get_content().replace("\r\n", "\n")
    # Those with whom the same happened stand together.
    assert ("<nobody1@example.com>\n<nobody2@example.com>\n"
            "    There is no mailbox of that name in this domain.\n"
            "    The host 127.0.0.1 (127.0.0.1:2600) said:\n"
            "    550 5.1.1 No such user here\n") in told
    assert "<full@example.com>\n    The mailbox is full.\n" in told
    _, recipients = blocks(status)
    assert [one["Status"] for one in recipients] == ["5.1.1", "5.2.2", "5.1.1"]
    assert {one["Remote-MTA"] for one in recipients} == {"dns; [127.0.0.1]"}
    assert header.get_content_type() == "text/rfc822-headers"


def test_expiry_is_told_as_such(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda a: "450 4.2.0 Not now" if a == "bert@example.com" else None
    server = malleposte(smart_relay=HOP, queue_lifetime="3s", **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    text, status, _ = parsed(hop.mail_to("anna@example.org")).get_payload()
    told = " ".join(text.get_content().split())
    assert "in the time allowed: it was tried for " in told and "450 4.2.0 Not now" in told
    _, (recipient,) = blocks(status)
    assert (recipient["Action"], recipient["Status"]) == ("failed", "4.4.7")


def test_small_messages_come_back_whole_if_so_configured(malleposte, sink):
    hop = sink()
    hop.on_rcpt = no_user
    server = malleposte(smart_relay=HOP, bounce_returns="message")
    content = simple("eight bits", "Gr\u00fc\u00dfe\r\n.\r\n..\r\n")
    server.send("anna@example.org", "nobody@example.com", content)
    *_, original = parsed(hop.wait(1)[0]).get_payload()
    assert original.get_content_type() == "message/rfc822"
    inside, = original.get_payload()
    assert inside["Subject"] == "eight bits"
    head, body = content.split(b"\r\n\r\n", 1)  # between them the Message-ID and Date that it lacked
    assert head in hop.mails[0].content and b"\r\n\r\n" + body in hop.mails[0].content
    assert "BODY=8BITMIME" in hop.mails[0].mail_line
    server.send("anna@example.org", "nobody@example.com", simple("large", "x" * 70 + "\r\n") * 600)
    *_, original = parsed(hop.wait(2)[1]).get_payload()
    assert original.get_content_type() == "text/rfc822-headers"
    server.wait_empty()


def test_a_bounce_by_the_operator_says_so(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP, deliveries_suspended=True)
    server.send("anna@example.org", "bert@example.com", simple("about the house"))
    server.cli("queue", "bounce", "--yes")
    server.set(deliveries_suspended=False)
    server.stop()
    server.start()
    text, status, header = parsed(hop.mail_to("anna@example.org")).get_payload()
    assert "<bert@example.com>\r\n    returned by the operator\r\n" in \
        text.get_payload(decode=True).decode()
    _, (recipient,) = blocks(status)
    assert recipient["Diagnostic-Code"] == "X-Malleposte; returned by the operator"
    assert "about the house" in header.as_string()
    assert server.accounts()["bounced"] == 1


# --- warnings ------------------------------------------------------------------------------------

def test_one_warning_also_across_a_restart(malleposte, sink):
    hop = sink()
    late = ["bert@example.com"]
    hop.on_rcpt = lambda address: "451 4.7.1 Come back later" if address in late else None
    server = malleposte(smart_relay=HOP, delay_warning_after="2s", **FAST)
    server.send("anna@example.org", ["bert@example.com", "cleo@example.com"], simple("slow"))
    warning = hop.mail_to("anna@example.org")
    assert warning.sender == ""
    report = parsed(warning)
    assert report["Subject"] == "Delayed mail (still being tried)"
    text, status, header = report.get_payload()
    assert "YOU DO NOT NEED TO SEND YOUR MESSAGE AGAIN" in text.get_content()
    _, (recipient,) = blocks(status)
    assert recipient["Final-Recipient"] == "rfc822; bert@example.com"
    assert (recipient["Action"], recipient["Status"]) == ("delayed", "4.7.1")
    assert recipient["Diagnostic-Code"] == "smtp; 451 4.7.1 Come back later"
    assert email.utils.parsedate_to_datetime(recipient["Will-Retry-Until"]) > \
        email.utils.parsedate_to_datetime(recipient["Last-Attempt-Date"])
    assert "slow" in header.as_string()

    server.wait_queue(lambda queue: len(queue) == 1, "the warning to be gone")
    server.kill()
    server.start()
    before = server.queue()[0]["attempts"]
    server.wait_queue(lambda queue: queue[0]["attempts"] >= before + 2, "two more attempts")
    late.clear()
    server.wait_empty()
    assert [mail.recipients[0] for mail in hop.mails].count("anna@example.org") == 1
    assert server.accounts()["generated"] == 1


def test_no_warning_when_they_are_off_or_nobody_is_there(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda a: "451 4.7.1 Later" if a == "bert@example.com" else None
    server = malleposte(smart_relay=HOP, delay_warning_after="", **FAST)
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_queue(lambda queue: queue[0]["attempts"] >= 3, "attempts")
    server.stop()
    server.set(delay_warning_after="1s")
    server.start()
    server.cli("queue", "delete", "--yes")
    server.send("", "bert@example.com", simple())
    server.wait_queue(lambda queue: queue[-1]["sender"] == "" and queue[-1]["attempts"] >= 3,
                      "attempts")
    assert hop.mails == []


# --- many notices as one -------------------------------------------------------------------------

def test_past_the_bound_notices_are_gathered_into_one_report(malleposte, sink):
    hop = sink()
    hop.on_rcpt = no_user
    server = malleposte(smart_relay=HOP)
    for number in range(AT_ONCE + 7):
        server.send("anna@example.org", [f"nobody{number}@example.com", f"none{number}@example.com"],
                    simple(f"number {number}"))
    queue = server.wait_queue(lambda q: len(q) == 7 and {m["state"] for m in q} == {"scheduled"},
                              "seven scheduled notices")
    assert {m["recipients"][0]["address"] for m in queue} == {"anna@example.org"}
    assert all(m["next_attempt"] and "report" in m["reason"] for m in queue)
    hop.wait_for(lambda: sum(m.sender == "" for m in hop.mails) == AT_ONCE, "the first notices")
    assert figure("malleposte_dsns_gathered_total") == 7

    server.kill()
    server.start()
    assert len(server.queue("--state", "scheduled")) == 7
    held, deleted = queue[0]["id"], queue[1]["id"]
    server.cli("queue", "hold", held, "--yes")
    server.cli("queue", "delete", deleted, "--yes")
    server.cli("queue", "flush", "--yes")
    hop.wait_for(lambda: sum(m.sender == "" for m in hop.mails) == AT_ONCE + 1, "the report")
    last = [m for m in hop.mails if m.sender == ""][-1]
    assert last.recipients == ["anna@example.org"]
    report = parsed(last)
    assert report["Subject"] == "Undelivered mail: 5 notices in one"
    assert report["Auto-Submitted"] == "auto-replied"
    text, *statuses = report.iter_parts()
    assert len(statuses) == 5
    named = {one["Final-Recipient"].split("; ")[1] for part in statuses for one in blocks(part)[1]}
    assert len(named) == 5
    told = text.get_content()
    for address in named:
        assert f"<{address}> failed:" in told and "No such user here" in told
    queue = server.wait_queue(lambda q: len(q) == 2, "only the held and the deleted one left")
    assert {m["id"]: m["state"] for m in queue} == {held: "held", deleted: "deleting"}
    found = server.accounts()
    assert found["replaced"] == 5
    assert found["generated"] == AT_ONCE + 7 + 1
    # Alone it goes out as what it is.
    server.cli("queue", "release", held, "--yes")
    server.cli("queue", "flush", "--yes")
    server.wait_queue(lambda q: [m["id"] for m in q] == [deleted], "only the deleted one left")
    assert parsed([m for m in hop.mails if m.sender == ""][-1])["Subject"] == \
        "Undelivered mail returned to sender"
    server.accounts()


# --- notices that fail themselves ----------------------------------------------------------------

def test_a_failed_notice_is_told_to_root_address(malleposte, sink):
    hop = sink()
    hop.on_rcpt = no_user
    server = malleposte(smart_relay=HOP, root_address="root@example.net")
    server.send("nobody-here@example.org", "nobody@example.com", simple("forged"))
    report = hop.wait(1)[0]
    assert report.sender == "" and report.recipients == ["root@example.net"]
    assert parsed(report)["Subject"] == "Undeliverable notice (double bounce)"
    _, status, header = parsed(report).get_payload()
    _, (recipient,) = blocks(status)
    assert recipient["Final-Recipient"] == "rfc822; nobody-here@example.org"
    assert "Undelivered mail returned to sender" in header.as_string()
    server.wait_empty()
    assert figure('malleposte_dsns_total{kind="double_bounce"}') == 1
    assert figure("malleposte_failures_untold_total") == 0
    assert server.accounts()["generated"] == 2


def test_where_it_ends(malleposte, sink):
    hop = sink()
    hop.on_rcpt = no_user
    server = malleposte(smart_relay=HOP, root_address="nobody-reads@example.net")
    server.send("nobody-here@example.org", "nobody@example.com", simple())
    server.wait_empty()
    assert hop.mails == []
    assert figure("malleposte_failures_untold_total") == 1
    # Records are written a moment after what they tell of.
    until(lambda: any("nobody is told" in json.dumps(record) for record in server.records()),
          "the record of it")
    assert server.accounts()["generated"] == 2
