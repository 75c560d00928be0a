"""A next hop that does what no real one does, over real sockets: late, endless, hostile, closing and
lost at every stage. The exhaustive version, in virtual time, is src/deliver/mischief_test.cc."""
import ctypes
import email
import email.policy
import os
import socket
import threading

import pytest

from harness import until
from harness.mail import bulk, simple, without_received
from harness.sink import hang_up

HOP = "[127.0.0.1]:2600"
FAST = {"retry_first": "1s", "retry_max": "2s"}
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")
RECIPIENTS = ["a@example.com", "b@example.com"]


def once(stage, act):
    """A Sink.instead that acts at the first reply of that stage."""
    left = [stage]

    def instead(now, connection):
        if now not in left:
            return False
        left.clear()
        act(connection)
        return True

    return instead


def saying(octets):
    return lambda connection: connection.sendall(octets)


def reason(server):
    """What was said of the only message that is deferred."""
    def deferred(queue):
        return [message for message in queue if message["state"] == "deferred"]
    message, = deferred(server.wait_queue(deferred, "a deferral"))
    return message["recipients"][0]["reply"]


def all_came_once(hop, server, contents):
    hop.wait(len(contents))
    server.wait_empty()
    assert sorted(without_received(mail.content) for mail in hop.mails) == sorted(contents)
    assert all(mail.recipients == RECIPIENTS for mail in hop.mails)


# --- 421 and lost, at each stage -----------------------------------------------------------------

ENDS = {
    "421": lambda connection: (connection.sendall(b"421 4.3.2 Going down\r\n"),
                               hang_up(connection)),
    "421-and-stays": saying(b"421 4.3.2 Going down\r\n"),
    "lost": hang_up,
    "reset": lambda connection: hang_up(connection, reset=True),
    "half-a-reply": lambda connection: (connection.sendall(b"250-2.0"), hang_up(connection)),
    "half-closed": lambda connection: connection.shutdown(socket.SHUT_WR),
}


@pytest.mark.parametrize("end,pipelining", [
    *((end, True) for end in ENDS), ("421", False), ("lost", False),
], ids=[*ENDS, "421-plain", "lost-plain"])
def test_the_end_at_each_stage_loses_and_doubles_nothing(malleposte, sink, end, pipelining):
    hop = sink(extensions=("PIPELINING", "8BITMIME") if pipelining else ())
    server = malleposte(smart_relay=HOP, **FAST)
    contents = []
    for number, stage in enumerate(STAGES):
        # Two at once: the second is on its way behind the first, or finds its connection gone.
        hop.instead = once(stage, ENDS[end])
        for part in "ab":
            contents.append(simple(f"{end} at {stage} {number}{part}"))
            server.send("anna@example.org", RECIPIENTS, contents[-1])
        all_came_once(hop, server, contents)


def test_a_kept_connection_that_has_gone_costs_no_attempt(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP, retry_first="1h")
    for number in range(3):
        server.send("anna@example.org", RECIPIENTS, simple(str(number)))
        hop.wait(number + 1)
        server.wait_empty()  # our side has heard of it too
        for one in list(hop._open_sockets):  # the host ends the connection that we keep
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ended before
    assert hop.sessions == 3


# --- late ----------------------------------------------------------------------------------------

def test_replies_octet_by_octet_are_replies(malleposte, sink):
    hop = sink()
    pause = threading.Event()

    def slowly(stage, connection):
        if stage not in ("EHLO", "RSET"):
            return False
        for octet in b"250-hop\r\n250-PIPELINING\r\n250 8BITMIME\r\n":
            connection.sendall(bytes([octet]))
            pause.wait(0.005)
        return True

    hop.instead = slowly
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", RECIPIENTS, simple())
    all_came_once(hop, server, [simple()])


# clause: 5321-4.1.1.10-d
def test_a_host_that_never_says_good_bye_is_not_waited_for(malleposte, sink):
    hop = sink()
    gone = threading.Event()

    def silent(stage, _connection):
        if stage == "gone":
            gone.set()
        return stage == "QUIT"

    hop.instead = silent
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", RECIPIENTS, simple())
    hop.wait(1)
    assert gone.wait(30), "the connection was kept"
    assert hop.commands[-1] == "QUIT"


# clause: 2920-3.1-d
def test_a_host_that_stops_reading_holds_nobody_else(malleposte, sink, tmp_path):
    stuck, good = sink(), sink(port=2601)
    reading = threading.Event()

    def stop_reading(connection):
        connection.sendall(b"354 Go ahead\r\n")
        reading.wait(60)
        hang_up(connection)

    stuck.instead = once("DATA", stop_reading)
    (tmp_path / "routes").write_text("stuck.example [127.0.0.1]:2600\n* [127.0.0.1]:2601\n")
    server = malleposte(routes=tmp_path / "routes", **FAST)
    large = bulk(20_000_000, "stuck")
    server.send("anna@example.org", "a@stuck.example", large)
    until(lambda: "DATA" in stuck.commands, "DATA")
    for number in range(20):
        server.send("anna@example.org", RECIPIENTS, simple(str(number)))
    good.wait(20)
    assert server.resident_bytes < 150_000_000
    reading.set()
    assert without_received(stuck.wait(1)[0].content) == large
    server.wait_empty()


# --- endless and hostile -------------------------------------------------------------------------

def without_end(piece):
    """Says the piece again and again until the other side has had enough."""
    def act(connection):
        try:
            while True:
                connection.sendall(piece)
        except OSError:
            hang_up(connection)
    return act


HOSTILE = {
    "endless-line": (without_end(b"2" * 4096), "4.5.0"),
    "endless-reply": (without_end(b"250-and another thing\r\n"), "4.5.0"),
    "many-replies": (without_end(b"250 Ok\r\n"), "4."),
    "nul": (saying(b"250 O\0k\r\n"), "4.5.0"),
    "http": (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"), "4.5.0"),
    "noise": (saying(bytes(range(256)) * 8 + b"\r\n"), "4.5.0"),
    "mixed-codes": (saying(b"250-Ok\r\n550 No\r\n"), "4.5.0"),
    "six-hundred": (saying(b"650 Ok\r\n"), "4.5.0"),
    "wrong-class": (saying(b"354 Go ahead\r\n"), "4.5.0"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_reply_is_a_deferral(malleposte, sink, kind):
    act, status = HOSTILE[kind]
    hop = sink()
    server = malleposte(smart_relay=HOP, retry_first="1h")
    for stage in ("greeting", "EHLO", "RCPT", "dot"):
        if (kind, stage) == ("many-replies", "dot"):
            continue  # the first of them is an acceptance
        hop.instead = once(stage, act)
        server.send("anna@example.org", RECIPIENTS, simple(stage))
        server.cli("queue", "flush", "--yes")  # a site that has failed is left alone for a while
        assert status in reason(server), (stage, reason(server))
        assert hop.mails == []
        server.cli("queue", "delete", "--yes")
    assert server.resident_peak_bytes < 150_000_000


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "dot"])
def test_a_refusal_full_of_tricks_is_quoted_harmlessly(malleposte, sink, stage):
    hop = sink()
    tricks = b"550-5.7.1 \x1b[2J\xc3\xa9\xff\t\x07rm\r\n550-5.7.1 .\n550 5.7.1 Subject: you won\r\n"

    hop.instead = once(stage, saying(tricks))
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "a@example.com", simple("hello"))
    report = hop.mail_to("anna@example.org")
    parsed = email.message_from_bytes(report.content, policy=email.policy.default)
    assert parsed["Subject"] != "you won"
    assert all(octet in b"\r\n\t" or 32 <= octet < 127 for octet in report.content), report.content
    assert b"5.7.1" in report.content and b"you won" in report.content
    server.wait_empty()


def test_an_ehlo_answer_of_64_kilobytes_is_lived_with(malleposte, sink):
    hop = sink(extensions=("PIPELINING", "8BITMIME", *(f"X-{n:03} " + "y" * 380 for n in range(160))))
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", RECIPIENTS, simple())
    all_came_once(hop, server, [simple()])
    assert hop.mails[0].mail_line.startswith("MAIL FROM:<anna@example.org>")


def test_line_feeds_alone_end_a_reply_too(malleposte, sink):
    hop = sink()
    hop.instead = lambda stage, connection: \
        stage == "EHLO" and (connection.sendall(b"250-hop\n250 PIPELINING\n") or True)
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", RECIPIENTS, simple())
    all_came_once(hop, server, [simple()])


# --- sockets -------------------------------------------------------------------------------------

def established(server):
    """(local port, peer port, TCP_NODELAY) of the server's TCP connections, asked of the sockets
    themselves."""
    pidfd_getfd = 438
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(server.process.pid)
    found = []
    for name in os.listdir(f"/proc/{server.process.pid}/fd"):
        if not os.readlink(f"/proc/{server.process.pid}/fd/{name}").startswith("socket:"):
            continue
        fd = libc.syscall(pidfd_getfd, process, int(name), 0)
        assert fd >= 0, os.strerror(ctypes.get_errno())
        with socket.socket(fileno=fd) as one:
            if one.family not in (socket.AF_INET, socket.AF_INET6) \
                    or one.type != socket.SOCK_STREAM:
                continue
            try:
                peer = one.getpeername()[1]
            except OSError:
                continue  # a listener
            found.append((one.getsockname()[1], peer,
                          one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
    os.close(process)
    return found


def test_small_writes_are_never_held_back(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    with server.connect() as client:
        client.ask("EHLO client.test")
        server.send("anna@example.org", RECIPIENTS, simple())
        hop.wait(1)
        both = until(lambda: (lambda all_: all_ if {2525} & {o[0] for o in all_} and
                              {2600} & {o[1] for o in all_} else None)(established(server)),
                     "a connection in each direction")
        assert all(no_delay for _, _, no_delay in both), both
