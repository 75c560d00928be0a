"""The queue by the command line: list, show, flush, hold, release, delete, bounce."""
import datetime
import json

import pytest

from harness.mail import simple, without_received

HOP = "[127.0.0.1]:2600"


@pytest.fixture
def full(malleposte):
    """A server with five mails that it does not deliver."""
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    for number in range(3):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    server.send("otto@example.org", ["x@example.net", "y@example.com"], simple("to two"))
    server.send("", "bert@example.net", simple("from nobody"))
    return server


def test_list_as_json(full):
    before = datetime.datetime.now(datetime.timezone.utc)
    messages = full.queue()
    assert len(messages) == 5
    first = messages[0]
    assert set(first) >= {"id", "sender", "size", "arrived", "state", "attempts", "next_attempt",
                          "reason", "recipients"}
    assert first["sender"] == "anna@example.org" and first["attempts"] == 0
    assert first["size"] >= len(simple("number 0"))
    assert set(first["recipients"][0]) >= {"address", "state", "reply"}
    arrived = datetime.datetime.fromisoformat(first["arrived"].replace("Z", "+00:00"))
    assert abs((before - arrived).total_seconds()) < 60
    assert len({message["id"] for message in messages}) == 5


@pytest.mark.parametrize("filters,count", [
    (["--sender", "anna@example.org"], 3), (["--sender", "ANNA@EXAMPLE.ORG"], 3),
    (["--recipient", "y@example.com"], 1), (["--domain", "example.net"], 2),
    (["--domain", "example.com", "--sender", "otto@example.org"], 1),
    (["--state", "held"], 0), (["--older-than", "1h"], 0), (["--domain", "nowhere.example"], 0),
])
def test_filters(full, filters, count):
    assert len(full.queue(*filters)) == count


def test_pages_by_limit_and_total(full):
    page = json.loads(full.cli("queue", "list", "--json", "--limit", "2"))
    assert page["total"] == 5 and len(page["messages"]) == 2 and page["next"]
    assert json.loads(full.cli("queue", "list", "--json", "--limit", "5"))["next"] is None


def test_list_and_show_for_people(full):
    text = full.cli("queue", "list")
    assert "r1@example.com" in text and "anna@example.org" in text
    identifier = full.queue("--recipient", "x@example.net")[0]["id"]
    shown = full.cli("queue", "show", identifier)
    assert identifier in shown and "x@example.net" in shown and "y@example.com" in shown
    assert full.run("queue", "show", "no-such-id").returncode == 1


def test_hold_survives_kill_and_release_delivers(malleposte, sink):
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    server.send("anna@example.org", "held@example.com", simple("held"))
    server.send("anna@example.org", "free@example.com", simple("free"))
    server.cli("queue", "hold", "--recipient", "held@example.com", "--yes")
    assert [m["state"] for m in server.queue("--recipient", "held@example.com")] == ["held"]
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    assert hop.wait(1)[0].recipients == ["free@example.com"]
    server.wait_queue(lambda queue: len(queue) == 1, "the free one to go")
    assert server.queue()[0]["state"] == "held"
    server.cli("queue", "flush", "--yes")  # flush is no release
    assert server.queue()[0]["state"] == "held"
    server.cli("queue", "release", "--recipient", "held@example.com", "--yes")
    assert without_received(hop.wait(2)[1].content) == simple("held")
    server.wait_empty()


def test_delete_asks_first_and_is_durable(full):
    refused = full.run("queue", "delete", "--sender", "anna@example.org", given="n\n")
    assert "3" in refused.stdout + refused.stderr
    assert len(full.queue()) == 5
    full.run("queue", "delete", "--sender", "anna@example.org")  # nobody there to say yes
    assert len(full.queue()) == 5
    full.cli("queue", "delete", "--sender", "anna@example.org", "--yes")
    full.kill()
    full.start()
    # For a minute it can be brought back.
    deleted = full.queue("--state", "deleting")
    assert [message["sender"] for message in deleted] == 3 * ["anna@example.org"]
    assert all("can be brought back until" in message["reason"] for message in deleted)
    full.cli("queue", "flush", "--yes")
    assert len(full.queue("--state", "active")) == 2
    full.cli("queue", "delete", "--sender", "anna@example.org", "--now", "--yes")
    assert len(full.queue()) == 2


def test_bounce_tells_the_sender(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda a: "450 4.2.0 Later" if a.endswith("@example.com") else None
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", simple("to bounce"))
    server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
    server.cli("queue", "bounce", "--recipient", "bert@example.com", "--yes")
    report = hop.mail_to("anna@example.org")
    assert report.sender == "" and b"bert@example.com" in report.content
    server.wait_empty()


def test_flush_tries_deferred_mail_now(malleposte, sink):
    hop = sink()
    hop.close()
    server = malleposte(smart_relay=HOP)  # the next try would be in 5 minutes
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_queue(lambda q: q and q[0]["state"] == "deferred", "a deferral")
    hop.open()
    server.cli("queue", "flush", "--yes")
    hop.wait(1)
    server.wait_empty()


def test_status(full):
    assert "5" in full.cli("status")
    json.loads(full.cli("status", "--json"))
