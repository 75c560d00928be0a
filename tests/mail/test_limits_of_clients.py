"""Limits that clients reach, over sockets: the answer, the end of the session, and the figure."""
import socket
import urllib.request

from harness import until
from harness.server import HOST, PORT, UI_PORT

STRANGER = ("127.0.0.2", 0)
START = b"HELO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@ours.test>\r\nDATA\r\n"


def stranger():
    return socket.create_connection((HOST, PORT), 60, STRANGER)


def figures():
    with urllib.request.urlopen(f"http://{HOST}:{UI_PORT}/metrics", timeout=20) as answer:
        return dict(one.rsplit(" ", 1) for one in answer.read().decode().splitlines()
                    if not one.startswith("#"))


def reached(limit):
    return float(figures()[f'malleposte_limits_reached_total{{limit="{limit}"}}'])


def test_slow_clients_are_told_so_and_ended(malleposte):
    malleposte(relay_domains="ours.test", smtpd_trusted_networks="", idle_timeout="2s",
               command_timeout="1s", data_rate_minimum=1000, data_rate_window="1s")
    with stranger() as silent, stranger() as trickling, stranger() as slow:
        trickling.sendall(b"EHL")
        slow.sendall(START + b"Subject: x\r\n")
        assert silent.makefile("rb").read().endswith(
            b"421 4.4.2 You were silent for too long.\r\n")
        assert trickling.makefile("rb").read().endswith(
            b"421 4.4.2 The end of your command did not come in time.\r\n")
        assert slow.makefile("rb").read().endswith(
            b"421 4.4.2 Your message comes in too slowly.\r\n")
    assert [reached(limit) for limit in ("idle_time", "command_time", "data_rate")] == [1, 1, 1]


def test_sessions_have_limits_and_trusted_clients_come_last(malleposte):
    server = malleposte(relay_domains="ours.test", smtpd_trusted_networks="127.0.0.1",
                        session_limit=10, reserved_session_percent=50, sessions_per_address=2,
                        sessions_per_network=3)
    until(lambda: any(one["event"] == "disconnected" for one in server.records()),
          "the end of the connection that saw it listening: it would count")
    opened = []

    def banner(source):
        wire = socket.create_connection((HOST, PORT), 60, (source, 0))
        opened.append(wire)
        return wire.makefile("rb").readline()

    def notices():
        return [one for one in server.cli("status").splitlines() if "Too much to do" in one]

    assert banner("127.0.0.2").startswith(b"220 ") and banner("127.0.0.2").startswith(b"220 ")
    assert banner("127.0.0.2") == b"421 4.7.0 You have too many connections open.\r\n"
    assert banner("127.0.0.3").startswith(b"220 ")
    assert banner("127.0.0.4") == b"421 4.7.0 Your network has too many connections open.\r\n"
    assert banner("127.0.1.4").startswith(b"220 ") and banner("127.0.1.5").startswith(b"220 ")
    assert banner("127.0.2.4") == (
        b"421 4.3.2 Almost all lines are busy, please call again later.\r\n")
    until(notices, "the notice")
    for _ in range(5):
        assert banner("127.0.0.1").startswith(b"220 ")
    assert banner("127.0.0.1") == b"421 4.3.2 All lines are busy, please call again later.\r\n"
    for wire in opened:
        wire.close()
    until(lambda: not notices(), "the end of the notice")
    for limit in ("sessions", "reserved_sessions", "sessions_per_address", "sessions_per_network"):
        assert reached(limit) == 1, limit


def test_what_a_client_sends_has_limits(malleposte):
    malleposte(relay_domains="ours.test", smtpd_trusted_networks="", command_line_limit=1024,
               line_length_limit=998, header_field_limit=50, header_size_limit="4KB",
               mistake_limit=3, junk_command_limit=10)

    def answer(octets):
        with stranger() as wire:
            wire.sendall(octets)
            wire.shutdown(socket.SHUT_WR)
            return wire.makefile("rb").read().splitlines()[-1].decode()

    assert answer(b"NOOP " + b"x" * 2000 + b"\r\n") == "500 5.5.2 The line is too long."
    assert answer(START + b"\r\n" + b"x" * 998 + b"\r\n.\r\n").startswith("250 ")
    assert answer(START + b"\r\n" + b"x" * 999 + b"\r\n.\r\n") == (
        "554 5.6.0 The message has a line that is longer than I may take.")
    assert answer(START + b"X: y\r\n" * 51 + b"\r\n.\r\n") == (
        "552 5.6.0 The header of the message has more fields than I may take.")
    assert answer(START + b"X: y\r\n" + b" 1234567890\r\n" * 400 + b"\r\n.\r\n") == (
        "552 5.3.4 The header of the message is bigger than I may take.")
    assert answer(b"WHAT\r\n" * 4) == "421 4.7.0 Too many mistakes; good bye."
    assert answer(b"NOOP\r\n" * 11) == "421 4.7.0 Too many commands without a mail; good bye."
    for limit in ("command_line", "line_length", "header_fields", "header_size", "mistakes",
                  "junk_commands"):
        assert reached(limit) == 1, limit
