"""The files of the queue: a spool of an earlier version, damage, summaries, a copy and its return."""
import json
import mailbox
import os
import pathlib
import re
import socket
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
    assert server.accounts()["discarded"] == 1
    until(lambda: told_of_damage(server), "an alarm")
    kept = list((server.data / "spool" / "corrupt").iterdir())
    assert len(kept) == 1 and b"Mark-2" in kept[0].read_bytes()


@pytest.mark.parametrize("size", [54_000, 200_000], ids=["in one record", "in chunks"])
def test_a_message_found_damaged_at_its_delivery_is_held_and_the_rest_flows(malleposte, sink, size):
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    ten(server, size)
    damage(server, b"mark-2")
    server.reload(deliveries_suspended=False)
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


def binary(server, content, recipient):
    with server.connect() as client:
        for line in ("EHLO client.test", "MAIL FROM:<anna@example.org> BODY=BINARYMIME RET=HDRS "
                     "ENVID=a+2Bb", f"RCPT TO:<{recipient}> NOTIFY=FAILURE,DELAY "
                     "ORCPT=rfc822;Bert+2B1@example.com"):
            assert client.ask(line).startswith("250")
        client.write(b"BDAT %d LAST\r\n" % len(content) + content)
        assert client.reply()[-1].startswith("250")


def attempts(server):
    """By recipient of the oldest message that waits for its next attempt."""
    oldest = server.queue("--sender", "anna@example.org")[0]["id"]
    shown = json.loads(server.cli("queue", "show", oldest, "--json"))
    return {r["address"]: r["attempts"] for r in shown["recipients"] if r["state"] == "deferred"}


def test_export_and_import_give_back_the_same_queue(malleposte, sink, tmp_path):
    """With mail that breaks careless mboxes, deferred, held and partly delivered, to another
    server."""
    hop = sink()
    hop.on_rcpt = lambda a: "451 4.7.1 Later" if a.startswith("later") else None
    server = malleposte(smart_relay=HOP, retry_first="30d", retry_max="30d",
                        queue_lifetime="300d", recipient_limit=6000)
    # One of two recipients is tried once more than the other.
    server.cli("orders", "suspend", "other.example", "--reason", "a test")
    quotes = b"Subject: x\r\n\r\nFrom me\r\n>From you\r\n" + b">" * 997 + b"\r\nFrom\r\n\r\n"
    server.send("anna@example.org", ["later0@example.com", "later0@other.example",
                                     "now@example.com"], quotes)
    server.send("anna@example.org", "later1@example.com", awkward(), options=["BODY=8BITMIME"])
    server.send("anna@example.org", "later2@example.com", bulk(1_500_000, "large"))
    binary(server, b"Subject: b\r\n\r\nbare\nlines\0\rFrom \nFrom no end", "later3@example.com")
    server.send("anna@example.org", [f"later{i}@d{i % 3000}.example" for i in range(5000)],
                simple("to many"))
    server.wait_queue(lambda queue: len(queue) == 5 and all(m["attempts"] for m in queue),
                      "all to be deferred")
    server.cli("queue", "hold", "--recipient", "later1@example.com", "--yes")
    server.cli("queue", "flush", "--recipient", "later0@example.com", "--yes")
    server.wait_queue(lambda queue: queue[0]["attempts"] == 2, "another attempt")
    server.cli("orders", "cancel", "1")
    tried = {"later0@example.com": 2, "later0@other.example": 1}
    until(lambda: attempts(server) == tried, "the other recipient to be tried")
    before = server.queue()

    file = tmp_path / "queue.mbox"
    assert server.cli("spool", "export", "--to", file) == f"5 messages are in {file}.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert server.run("spool", "export", "--to", file).returncode == 1  # it is never written over
    assert server.run("spool", "export", "--sender", "nobody@example.org").stdout == ""
    # Any mail reader opens it.
    subjects = [message["subject"].split("\n")[0] for message in mailbox.mbox(file)]
    assert subjects == ["x", "awkward", "bulk large", "b", "to many"]
    # What is in the queue is skipped.
    assert server.cli("spool", "import", file) == \
        "0 messages are back in the queue, 5 were there already.\n"

    other = malleposte(smart_relay=HOP, smtp_port=2526, ui_port=8026, deliveries_suspended=True,
                       queue_lifetime="300d")
    other.send("otto@example.org", "x@example.com", simple("of its own"))
    assert other.cli("spool", "import", file) == \
        "5 messages are back in the queue, 0 were there already.\n"
    assert other.cli("spool", "import", file) == \
        "0 messages are back in the queue, 5 were there already.\n"
    other.kill()
    other.start()

    def left(queue):
        return [(m["id"], m["sender"], m["size"], m["arrived"], m["state"], m["attempts"],
                 m["next_attempt"], [r["address"] for r in m["recipients"]
                                     if r["state"] == m["state"]])
                for m in queue if m["sender"] == "anna@example.org"]
    assert left(other.queue()) == left(before)
    assert attempts(other) == tried

    # The same goes out of the one as of the other.
    hop.on_rcpt = lambda a: None
    sent = {}
    for one in (server, other):
        hop.mails.clear()
        one.reload(deliveries_suspended=False)
        one.cli("queue", "release", "--yes")
        one.cli("queue", "flush", "--yes")
        one.wait_empty()
        sent[one] = sorted((mail.raw, re.sub("SIZE=\\d+", "", mail.mail_line),
                            sorted(mail.rcpt_lines))
                           for mail in hop.mails if mail.sender == "anna@example.org")
    assert sum(len(recipients) for _, _, recipients in sent[server]) == 5005
    assert sent[other] == sent[server]


def test_an_import_brings_back_what_has_just_been_deleted(malleposte, tmp_path):
    """It is in the queue still, for as long as that can be taken back, and would then be gone."""
    server = malleposte(deliveries_suspended=True)
    for number in range(2):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    file = tmp_path / "queue.mbox"
    server.cli("spool", "export", "--to", file)
    server.cli("queue", "delete", "--recipient", "r1@example.com", "--yes")
    assert sorted(m["state"] for m in server.queue()) == ["active", "deleting"]
    assert server.cli("spool", "import", file) == \
        "1 messages are back in the queue, 1 were there already.\n"
    server.kill()
    server.start()
    assert [m["state"] for m in server.queue()] == ["active", "active"]


def test_an_import_says_in_which_line_it_is_wrong_and_keeps_what_came_before(malleposte, tmp_path):
    server = malleposte(deliveries_suspended=True)
    for number in range(3):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    mbox = server.cli("spool", "export")
    other = malleposte(deliveries_suspended=True, smtp_port=2526, ui_port=8026)
    file = tmp_path / "changed.mbox"
    file.write_text(mbox.replace("r1@example.com", "nobody at all"))
    line = file.read_text().split("\n").index(
        next(one for one in file.read_text().split("\n") if "nobody at all" in one)) + 1
    done = other.run("spool", "import", file)
    assert done.returncode == 1
    assert [m["recipients"][0]["address"] for m in other.queue()] == ["r0@example.com"]
    assert f"line {line}: \"address\" is no address; 1 messages came back before." in done.stderr
    assert other.run("spool", "import", tmp_path / "missing").returncode == 1


def test_an_export_under_way_does_not_keep_the_server_from_ending(malleposte):
    server = malleposte(deliveries_suspended=True)
    for number in range(3):
        server.send("anna@example.org", f"r{number}@example.com", bulk(3_000_000, number))
    with socket.socket(socket.AF_UNIX) as reader:
        os.chdir(server.data)  # its name may be too long
        reader.connect("control.sock")
        reader.sendall(b"GET /api/v1/queue/export HTTP/1.1\r\nHost: h\r\n\r\n")
        assert reader.recv(1000).startswith(b"HTTP/1.1 200")
        server.stop()  # asserts exit status 0
    server.start()
    assert len(server.queue()) == 3


def test_a_large_message_costs_an_export_and_an_import_no_memory(malleposte, tmp_path):
    server = malleposte(deliveries_suspended=True, message_size_limit="50MB")
    server.send("anna@example.org", "bert@example.com", bulk(30_000_000, "large"))
    other = malleposte(deliveries_suspended=True, smtp_port=2526, ui_port=8026)
    file = tmp_path / "large.mbox"
    for one, command in ((server, ("export", "--to")), (other, ("import",))):
        before = one.resident_bytes
        one.reset_resident_peak()
        one.cli("spool", *command, file)
        assert one.resident_peak_bytes - before < 8 * 2**20
    assert other.queue()[0]["size"] == server.queue()[0]["size"]
