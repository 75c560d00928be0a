"""The files of the queue: a spool of an earlier version, damage, summaries, a copy and its return."""
import json
import pathlib
import re
import signal
import subprocess
import urllib.request

import pytest

from harness import until
from harness.mail import awkward, bulk, simple, without_received
from harness.server import UI_PORT

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


def test_spool_verify_and_dump(malleposte):
    server = malleposte(deliveries_suspended=True)
    for number in range(5):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    server.stop()
    server.cli("spool", "verify")
    dump = server.cli("spool", "dump")
    assert "r0@example.com" in dump and "r4@example.com" in dump


def segments(server):
    return sorted(path for path in server.data.rglob("segment-*") if "corrupt" not in path.parts)


def damage(server, text):
    """Changes one octet wherever the text stands in the log."""
    places = 0
    for path in segments(server):
        place = path.read_bytes().find(text)
        if place >= 0:
            with path.open("r+b") as file:
                file.seek(place)
                file.write(text[:1].swapcase())
            places += 1
    assert places == 1


def told_of_damage(server):
    """By a notice, the figures and the events."""
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}/metrics").read().decode()
    notices = json.loads(server.cli("status", "--json"))["notices"]
    return ("malleposte_spool_damaged_records_total 1\n" in metrics
            and any(notice["id"] == "spool-damaged" for notice in notices)
            and any(record["event"] == "alert" and "damaged" in record["text"]
                    for record in server.records()))


def ten(server, size=54_000):
    for number in range(10):
        server.send("anna@example.org", f"r{number}@example.com",
                    simple(f"number {number}", f"mark-{number}\r\n" + "x\r\n" * (size // 3)))


ALL_BUT_2 = [f"r{number}@example.com" for number in range(10) if number != 2]


def test_a_damaged_record_is_set_aside_at_the_start_and_the_rest_flows(malleposte, sink):
    """One octet of one mail's content is other than it was: that mail is not delivered changed, and
    the others are delivered."""
    hop = sink()
    # A segment so full that the cleaner leaves it where it is.
    server = malleposte(deliveries_suspended=True, smart_relay=HOP, segment_size="1MB")
    ten(server)
    server.stop()
    server.start()  # seals the segment: what is damaged now cannot be taken for a torn end
    server.stop()
    damage(server, b"mark-2")
    verify = server.run("spool", "verify")
    assert verify.returncode == 1, verify.stdout + verify.stderr
    server.set(deliveries_suspended=False)
    server.start()
    hop.wait(9)
    server.wait_empty()
    assert sorted(mail.recipients[0] for mail in hop.mails) == ALL_BUT_2
    until(lambda: told_of_damage(server), "an alarm")
    kept = list((server.data / "spool" / "corrupt").iterdir())
    assert len(kept) == 1 and b"Mark-2" in kept[0].read_bytes()


@pytest.mark.parametrize("size", [54_000, 200_000], ids=["in one record", "in chunks"])
def test_a_message_found_damaged_at_its_delivery_is_held_and_the_rest_flows(malleposte, sink, size):
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    ten(server, size)
    damage(server, b"mark-2")
    server.set(deliveries_suspended=False)
    server.process.send_signal(signal.SIGHUP)
    hop.wait(9)
    held, = server.wait_queue(lambda queue: [message["state"] for message in queue] == ["held"],
                              "the damaged one to be held")
    assert re.search("is damaged|cannot be read", held["reason"])
    assert sorted(mail.recipients[0] for mail in hop.mails) == ALL_BUT_2
    until(lambda: told_of_damage(server), "an alarm")
    kept = (server.data / "spool" / "corrupt").glob(f"message-{held['id']}-*")
    assert any(b"Mark-2" in path.read_bytes() for path in kept)
    # It stays so until somebody decides.
    server.cli("queue", "delete", held["id"], "--yes")
