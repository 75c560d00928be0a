"""The files of the queue: a spool of an earlier version, damage, summaries, a copy and its return."""
import json
import pathlib
import subprocess

from harness import until
from harness.mail import awkward, bulk, simple, without_received

HOP = "[127.0.0.1]:2600"
HERE = pathlib.Path(__file__).parent


def unpack(server, name):
    subprocess.run(["tar", "-xf", HERE / f"{name}.tar.xz", "-C", server.data], check=True)
    return json.loads((HERE / f"{name}.json").read_text())


def shown(queue):
    """What no version may change of a queue."""
    return [{name: message[name] for name in ("id", "sender", "size", "arrived", "state",
                                              "attempts", "recipients")} for message in queue]


def test_a_spool_of_version_2_is_taken_over(malleposte, sink):
    """spool-2 was written by the last program that wrote version 2: delivered, deferred and bounced
    mail, a large one in chunks, held, deleted, and some not tried yet."""
    hop = sink()
    server = malleposte(started=False, deliveries_suspended=True, smart_relay=HOP,
                        segment_size="1MB", queue_lifetime="3650d")
    before = unpack(server, "spool-2")
    server.start()
    assert shown(server.queue()) == shown(before["queue"])
    assert server.accounts() == before["accounts"]
    # And again, now that both versions stand side by side; then all of it is delivered.
    server.send("anna@example.org", "bert@example.com", simple("of version 3"))
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    server.cli("queue", "release", "--yes")
    server.cli("queue", "flush", "--yes")
    server.wait_empty()
    assert sorted(without_received(mail.content) for mail in hop.mails) == sorted(
        [simple("deferred"), awkward(3000), bulk(300_000, "large"), simple("held"),
         simple("from nobody"), simple("not tried yet"), simple("of version 3")])
    assert "0 damaged" in server.cli("spool", "verify")
