"""Operations on the queue and standing orders, at the command line of the running server: what they do,
that a kill does not undo them, and what is said of them."""
import json

from harness import until
from harness.mail import simple

HOP, OTHER = "[127.0.0.1]:2600", "[127.0.0.1]:2601"


def order(server, *arguments):
    """Gives an order; its number."""
    return str(json.loads(server.cli("orders", *arguments, "--json"))["number"])


def addresses(messages):
    return sorted(one["address"] for message in messages for one in message["recipients"])


def killed(server):
    server.kill()
    return server.start()


def test_what_was_deleted_comes_back_within_a_minute_also_after_a_kill(malleposte, sink):
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    for name in ("back", "gone", "stays"):
        server.send("anna@example.org", f"{name}@example.com", simple(name))
    said = server.cli("queue", "delete", "--recipient", "back@example.com", "--yes")
    assert "1 message deleted" in said and "queue undelete" in said
    server.cli("queue", "delete", "--recipient", "gone@example.com", "--now", "--yes")
    assert addresses(server.queue()) == ["back@example.com", "stays@example.com"]
    assert [m["state"] for m in server.queue("--recipient", "back@example.com")] == ["deleting"]
    killed(server)
    assert "brought back" in server.cli("queue", "undelete", "--recipient", "back@example.com")
    server.set(deliveries_suspended=False)
    killed(server)
    assert sorted(m.recipients[0] for m in hop.wait(2)) == ["back@example.com", "stays@example.com"]
    server.wait_empty()
    assert server.accounts()["deleted"] == 1


def test_a_suspended_destination_waits_for_its_cancel(malleposte, sink):
    """The order means what is there and what comes, and survives a kill."""
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    server.send("anna@example.org", "before@example.com", simple())
    number = order(server, "suspend", "example.com", "--reason", "their disk is full")
    until(lambda: f"order {number} given by uid 0 (root): suspend example.com" in
          server.said.read_text(), "its event")
    server.set(deliveries_suspended=False)
    killed(server)
    server.send("anna@example.org", "after@example.com", simple())
    server.send("anna@example.org", "free@example.net", simple())
    assert hop.wait(1)[0].recipients == ["free@example.net"]
    server.wait_queue(lambda queue: len(queue) == 2, "the free one to go")
    for said in (server.cli("why", "after@example.com"), server.cli("why", "example.com"),
                 server.cli("test", "--client", "127.0.0.1", "--from", "a@example.org", "--to",
                            "b@example.com")):
        assert f"suspended by order {number} (suspend example.com) of uid 0 (root): their disk" \
            in said, said
    assert "their disk is full" in server.cli("orders", "list")
    assert len(hop.mails) == 1
    server.cli("orders", "cancel", number)
    assert server.run("orders", "cancel", number).returncode == 1
    assert sorted(m.recipients[0] for m in hop.wait(3)[1:]) == ["after@example.com",
                                                               "before@example.com"]
    server.wait_empty()
    until(lambda: f"order {number} cancelled by uid 0 (root)" in server.said.read_text(), "its event")


def test_a_held_sender_and_a_bounced_destination(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    order(server, "hold", "spam@example.org", "--reason", "looks like spam")
    order(server, "bounce", ".gone.example", "--reason", "gone for good")
    server.send("spam@example.org", "a@example.com", simple())
    server.send("anna@example.org", "b@sub.gone.example", simple())
    assert "gone for good" in hop.mail_to("anna@example.org").content.decode()
    server.wait_queue(lambda queue: [m["state"] for m in queue] == ["held"], "the held one alone")
    assert "held by order" in server.cli("why", "a@example.com")
    server.cli("queue", "release")
    hop.mail_to("a@example.com")
    server.wait_empty()


def test_rerouted_mail_goes_elsewhere_and_says_so(malleposte, sink):
    spare = sink(port=2601)
    server = malleposte(smart_relay=HOP, retry_first="20m", queue_lifetime="5d")
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_queue(lambda queue: queue and queue[0]["state"] == "deferred", "the deferral")
    identifier = server.queue()[0]["id"]
    server.cli("queue", "lifetime", "--to", "2h", "--yes")
    assert "lifetime given by the operator" in server.cli("why", identifier)
    server.cli("queue", "hold")
    server.cli("queue", "reroute", "--to", OTHER, "--reason", "it is down", "--yes")
    killed(server)
    assert f"route: {OTHER}, re-routed by the operator" in server.cli("why", identifier)
    assert json.loads(server.cli("queue", "show", identifier, "--json"))["lifetime"] == 7200
    server.cli("queue", "release")
    server.cli("queue", "flush")
    assert spare.wait(1)[0].recipients == ["bert@example.com"]
    server.wait_empty()


def test_filters_by_age_size_reply_and_site(malleposte, sink):
    hop = sink()
    hop.on_rcpt = lambda address: "451 4.7.1 Greylisted here" if "grey" in address else \
        "452 4.2.2 Mailbox full"
    server = malleposte(smart_relay=HOP, retry_first="20m")
    server.send("anna@example.org", "grey@example.com", simple())
    server.send("anna@example.org", "full@example.net", simple() + b"x" * 60 + b"\r\n" +
                (b"y" * 70 + b"\r\n") * 1000)
    server.wait_queue(lambda queue: [m["state"] for m in queue] == ["deferred"] * 2, "two deferrals")
    assert addresses(server.queue("--reply", "GREYLISTED")) == ["grey@example.com"]
    assert addresses(server.queue("--larger-than", "64KB")) == ["full@example.net"]
    assert addresses(server.queue("--smaller-than", "64KB")) == ["grey@example.com"]
    assert len(server.queue("--younger-than", "1h")) == 2 and not server.queue("--older-than", "1h")
    site = json.loads(server.cli("sites", "--json"))["sites"][0]["name"]
    assert len(server.queue("--site", site)) == 2
    assert server.run("queue", "list", "--site", "no.such.site").returncode == 1
    ages = json.loads(server.cli("queue", "ages", "--json"))["destinations"]
    assert {one["domain"]: one["recipients"] for one in ages} == {"example.com": 1,
                                                                  "example.net": 1}
