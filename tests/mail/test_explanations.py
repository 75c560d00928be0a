"""Why mail waits, where it would go, what would happen to it: `why`, `route`, `test`, `sites`."""
import json

from harness import until
from harness.mail import simple

ROUTES = "# where to\nexample.com [127.0.0.1]:2600\n.example.net [127.0.0.1]:2601\n"


def test_why_a_message_waits_follows_the_routes_file(malleposte, sink, tmp_path):
    hop = sink()
    hop.on_rcpt = lambda address: "451 4.7.1 Come back later"
    routes = tmp_path / "routes"
    routes.write_text(ROUTES)
    server = malleposte(routes=routes, retry_first="20m")
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_queue(lambda queue: queue and queue[0]["state"] == "deferred", "the deferral")
    identifier = server.queue()[0]["id"]

    said = server.cli("why", identifier)
    assert "deferred: [127.0.0.1]:2600" in said or "deferred: 127.0.0.1" in said, said
    for part in ("said 451 4.7.1 Come back later", "attempt 1, next ", "backoff ", "window ",
                 " line 2 (example.com)", "expires "):
        assert part in said, (part, said)
    assert " line 2 (example.com)" in server.cli("queue", "show", identifier)
    assert " line 2 (example.com)" in server.cli("why", "bert@example.com")
    assert "1 message waits" in server.cli("why", "example.com")
    assert "nothing waits" in server.cli("why", "other.example")
    told = json.loads(server.cli("why", identifier, "--json"))
    assert told["messages"][0]["recipients"][0]["text"] in said

    routes.write_text("# one\n# more\n" + ROUTES)
    server.reload()
    assert " line 4 (example.com)" in server.cli("why", identifier)
    routes.write_text("* [127.0.0.1]:2602\n")
    server.reload()
    assert " line 1 (*)" in server.cli("why", identifier)
    assert " line 1 (*)" in server.cli("route", "bert@example.com")
    server.reload(deliveries_suspended=True)
    assert "deliveries are suspended" in server.cli("why", identifier)


def test_route_and_sites(malleposte, sink, tmp_path):
    hop = sink()
    hop.on_rcpt = lambda address: "451 4.7.1 Come back later"
    routes = tmp_path / "routes"
    routes.write_text(ROUTES)
    server = malleposte(routes=routes, retry_first="20m")
    route = json.loads(server.cli("route", "bert@a.example.net", "--json"))
    assert route["next_hops"][0]["next_hop"] == "[127.0.0.1]:2601" and route["site"] is None
    server.send("anna@example.org", "bert@example.com", simple())
    server.wait_queue(lambda queue: queue and queue[0]["state"] == "deferred", "the deferral")
    route = json.loads(server.cli("route", "bert@example.com", "--json"))
    assert "[127.0.0.1]:2600" in route["site"]["name"]
    assert "[127.0.0.1]:2600" in server.cli("sites")
    assert json.loads(server.cli("sites", "--json"))["sites"][0]["most"] >= 1


def test_what_is_told_of_a_message_is_what_happens(malleposte, tmp_path):
    """The rehearsal and a real session get the same answers, and nothing is changed by the first."""
    routes = tmp_path / "routes"
    routes.write_text(ROUTES)
    server = malleposte(deliveries_suspended=True, routes=routes,
                        smtpd_trusted_networks="192.0.2.0/24", relay_domains="example.com")

    def told(client, sender, recipient):
        done = server.run("test", "--client", client, "--from", sender, "--to", recipient, "--json")
        return done.returncode, json.loads(done.stdout)

    status, good = told("127.0.0.1", "anna@example.org", "bert@example.com")
    assert status == 0 and good["accepted"] and "relay_domains has example.com" in str(good)
    assert good["way"]["next_hops"][0]["next_hop"] == "[127.0.0.1]:2600"
    status, bad = told("127.0.0.1", "anna@example.org", "bert@other.example")
    assert status == 1 and not bad["accepted"] and bad["way"] is None
    assert "smtpd_trusted_networks has not 127.0.0.1" in str(bad)
    assert told("192.0.2.7", "anna@example.org", "bert@other.example")[0] == 0

    for answer in (good, bad):
        with server.connect() as client:
            assert answer["steps"][0]["reply"] == client.banner
            for step in answer["steps"][1:]:
                client.write(step["command"].encode() + b"\r\n")
                assert step["reply"] == client.reply()
    assert server.queue() == []
    text = server.run("test", "--client", "127.0.0.1", "--from", "<>", "--to", "a@other.example")
    assert "553 5.7.1" in text.stdout and "relay_domains has not other.example" in text.stdout


def test_each_operation_is_recorded_with_who_did_it(malleposte):
    server = malleposte(deliveries_suspended=True)
    server.send("anna@example.org", "bert@example.com", simple())
    server.cli("queue", "hold", "--domain", "example.com", "--reason", "their disk is full")
    until(lambda: "queue hold of domain=example.com by uid 0 (root): 1 messages, since their disk "
          "is full" in server.said.read_text(), "the event of the hold")


def test_the_life_of_the_queue(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay="[127.0.0.1]:2600")
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait(1)
    server.wait_empty()
    status = json.loads(server.cli("status", "--json"))
    assert status["queue_time"]["recipients"] == 1 and status["queue_time"]["p99"] > 0
    assert status["oldest"] is None
    assert "time in queue" in server.cli("status")
    server.set(deliveries_suspended=True)
    server.stop()
    server.start()
    server.send("anna@example.org", "bert@example.com", simple())
    assert json.loads(server.cli("status", "--json"))["oldest"]["id"] == server.queue()[0]["id"]
