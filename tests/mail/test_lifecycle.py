"""Starting, stopping, configuration, exit statuses."""
import os
import signal
import smtplib
import socket
import subprocess
import threading
import urllib.request

from harness import until
from harness.mail import simple, without_received
from harness.server import BINARY, UI_PORT
from harness.sink import dawdle

HOP = "[127.0.0.1]:2600"


def test_everything_queued_survives_restarts(malleposte, sink):
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    for number in range(20):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    before = server.queue()
    server.stop()
    server.start()
    assert server.queue() == before
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    mails = hop.wait(20)
    assert sorted(without_received(m.content) for m in mails) == \
        sorted(simple(f"number {number}") for number in range(20))
    server.wait_empty()


def test_sigterm_with_open_sessions_and_a_slow_delivery(malleposte, sink):
    """Past its final dot a delivery is not cut off, so that nobody gets it twice."""
    hop = sink()
    hop.before_dot_reply = dawdle(3)
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait_for(lambda: "DATA" in hop.commands, "a delivery under way")
    with server.connect() as idle, server.connect() as busy:
        busy.ask("EHLO client.test")
        busy.ask("MAIL FROM:<anna@example.org>")
        idle.ask("NOOP")
        server.stop(within_s=45)
    server.set(deliveries_suspended=True)
    server.start()
    assert server.queue() == [] and len(hop.mails) == 1


def test_stale_control_socket_is_no_obstacle(malleposte):
    server = malleposte()
    server.kill()
    assert (server.data / "control.sock").exists()
    server.start()
    server.queue()
    assert os.stat(server.data / "control.sock").st_mode & 0o777 == 0o600


def test_control_socket_below_a_long_path(malleposte, tmp_path):
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)
    deep.mkdir(parents=True)
    server = malleposte(volume_data=deep, deliveries_suspended=True)
    server.send("anna@example.org", "bert@example.com", simple())
    assert len(server.queue()) == 1


def test_two_servers_never_share_a_volume(malleposte):
    first = malleposte(deliveries_suspended=True)
    second = malleposte(started=False, volume_data=first.data, smtp_port=2526, ui_port=8026)
    second.launch()
    assert second.process.wait(30) == 1
    second.process = None
    assert "in use" in second.output() or "lock" in second.output(), second.output()
    first.send("anna@example.org", "bert@example.com", simple())


def test_unprivileged(malleposte, sink):
    hop = sink()
    server = malleposte(started=False, smart_relay=HOP)
    os.chmod(server.directory, 0o755)
    os.chown(server.data, 65534, 65534)
    path = server.directory
    while path != path.parent and str(path) != "/tmp":
        os.chmod(path, 0o755)
        path = path.parent
    server.start("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait(1)
    server.wait_empty()


def test_check_names_all_that_is_wrong_with_file_and_line(malleposte):
    server = malleposte(started=False)
    server.config.write_text('hostname = "mx.malleposte.test"\nsmtp_port = 99999\n'
                             'no_such_property = "x"\nsmtpd_trusted_networks = "300.0.0.0/8"\n'
                             'retry_first = "soon"\n')
    done = server.run("check")
    said = done.stdout + done.stderr
    assert done.returncode == 78
    for line, name in ((2, "smtp_port"), (3, "no_such_property"), (4, "smtpd_trusted_networks"),
                       (5, "retry_first")):
        assert any(f"malleposte.toml:{line}" in one and name in one for one in said.splitlines()), \
            (name, said)
    assert server.run("run").returncode == 78


def test_documented_start_error_for_the_ui_port(malleposte):
    server = malleposte(started=False, ui_port=0)
    done = server.run("run")
    assert done.returncode == 78
    assert "Error: ui_port value must be between 1 and 65535" in done.stderr.splitlines()


def test_exit_statuses(malleposte):
    server = malleposte(started=False)
    assert server.run("check").returncode == 0
    assert server.run("properties").returncode == 0
    assert server.run("no-such-command").returncode == 2
    assert server.run("queue", "list", "--no-such-option").returncode == 2
    assert server.run("queue", "list").returncode == 1  # no server is running
    assert server.run("check", "--set", "mode=none").returncode in (0, 78)
    assert server.run("run", "--set", "mode=none").returncode == 78


def test_taken_port_is_the_documented_error(malleposte):
    with socket.create_server(("127.0.0.1", 2525)):
        server = malleposte(started=False)
        done = server.run("run")
        assert done.returncode == 1
        assert any(line.startswith("Error: failed to start the Postfix MTA server. ")
                   for line in done.stderr.splitlines()), done.stderr


def test_precedence_set_environment_file_default(malleposte):
    server = malleposte(started=False, message_size_limit="3MB")

    def shown(*arguments, **environment):
        done = subprocess.run([BINARY, "--config", str(server.config), "properties", *arguments],
                              stdout=subprocess.PIPE, text=True, timeout=30, check=True,
                              env={**os.environ, **environment})
        return next(line for line in done.stdout.splitlines() if "message_size_limit" in line)

    assert "3MB" in shown()
    assert "4MB" in shown(MALLEPOSTE_MESSAGE_SIZE_LIMIT="4MB")
    assert "5MB" in shown("--set", "message_size_limit=5MB",
                          MALLEPOSTE_MESSAGE_SIZE_LIMIT="4MB")


def test_thirteen_documented_properties(malleposte):
    text = malleposte(started=False).cli("properties")
    for name in ("hostname", "logs_enabled", "maillog_filename", "smtpd_trusted_networks",
                 "smart_relay", "cc_mta", "username", "password", "ui_port", "ssl_disabled",
                 "ssl_key_file", "ssl_cert_file", "timezone"):
        assert name in text, name


def test_started_ok_is_announced(malleposte):
    server = malleposte()
    until(lambda: "started_ok" in server.said.read_text(), "the event started_ok")


def test_metrics_and_queue_over_http(malleposte):
    server = malleposte(deliveries_suspended=True)
    server.send("anna@example.org", "bert@example.com", simple())

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}{path}", timeout=10) as answer:
            return answer.read().decode()

    assert "malleposte_" in get("/metrics")
    assert '"total":1' in get("/api/v1/queue/messages").replace(" ", "")
    get("/")


def test_sighup_is_no_end(malleposte):
    server = malleposte(deliveries_suspended=True)
    server.process.send_signal(signal.SIGHUP)
    server.send("anna@example.org", "bert@example.com", simple())
    assert server.process.poll() is None


def test_reload_loses_neither_connection_nor_message(malleposte, sink):
    """Sessions that are open keep what they began with, new ones get what is new, mail flows on."""
    hop = sink()
    server = malleposte(smart_relay=HOP, message_size_limit="3MB")
    sent, failures = [], []

    def flow():
        try:
            with smtplib.SMTP("127.0.0.1", 2525, local_hostname="flow.test", timeout=60) as client:
                while not enough.is_set():
                    client.sendmail("flow@example.org", [f"f{len(sent)}@example.com"], simple())
                    sent.append(f"f{len(sent)}@example.com")
        except Exception as failure:  # told by the test, not by a thread
            failures.append(failure)

    enough = threading.Event()
    flowing = threading.Thread(target=flow)
    with server.connect() as idle, server.connect() as busy:
        idle.ask("EHLO idle.test")
        busy.ask("EHLO busy.test")
        busy.ask("MAIL FROM:<anna@example.org>")
        busy.ask("RCPT TO:<bert@example.com>")
        busy.ask("DATA")
        content = simple("through reloads")
        busy.write(content[:20])
        flowing.start()
        for number in range(4, 9):
            server.reload(message_size_limit=f"{number}MB", retry_first=f"{number}m")
            with server.connect() as fresh:
                fresh.write(b"EHLO fresh.test\r\n")
                assert f"250 SIZE {number << 20}" in fresh.reply()
        busy.write(content[20:] + b".\r\n")
        assert busy.reply()[0].startswith("250 ")
        idle.write(b"EHLO idle.test\r\n")
        assert f"250 SIZE {3 << 20}" in idle.reply()
    enough.set()
    flowing.join()
    assert not failures and sent
    mails = hop.wait(len(sent) + 1)
    server.wait_empty()
    assert sorted(r for m in mails for r in m.recipients) == sorted([*sent, "bert@example.com"])


def test_sigterm_under_load_loses_nothing_and_doubles_nothing(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    kept, stopping = [], threading.Event()

    def flow(name):
        try:
            with smtplib.SMTP("127.0.0.1", 2525, local_hostname="load.test", timeout=60) as client:
                for number in range(100_000):
                    address = f"{name}-{number}@example.com"
                    client.sendmail("load@example.org", [address], simple())
                    kept.append(address)
        except (smtplib.SMTPException, OSError):
            assert stopping.is_set()

    flows = [threading.Thread(target=flow, args=(f"flow{n}",)) for n in range(5)]
    for one in flows:
        one.start()
    hop.wait(50)
    stopping.set()
    server.stop()
    for one in flows:
        one.join()
    assert "ending: waits for " in server.output()
    server.start()
    server.wait_empty()
    arrived = sorted(r for m in hop.mails for r in m.recipients)
    assert len(arrived) == len(set(arrived)), "a recipient got it twice"
    assert set(kept) <= set(arrived)


def test_a_second_sigterm_waits_for_no_peer_and_a_third_changes_nothing(malleposte, sink):
    """A delivery hangs behind its final dot, and mail hangs in its data. The first signal waits for
    them; the second gives them up: both stay where they are."""
    hop = sink()
    hung = threading.Event()
    over = threading.Event()

    def hang():
        hung.set()
        over.wait()

    hop.before_dot_reply = hang
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", simple())
    assert hung.wait(30)
    with server.connect() as busy:
        busy.ask("EHLO busy.test")
        busy.ask("MAIL FROM:<anna@example.org>")
        busy.ask("RCPT TO:<carl@example.com>")
        busy.ask("DATA")
        busy.write(b"Subject: half")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: "ending: waits for " in server.said.read_text(), "the end to begin")
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0, server.output()  # the first alone would take 30 s
        assert busy.closed_by_server()
    server.process = None
    said = server.output()
    assert said.count("again: waits for nobody") == 1 and "is in doubt" in said, said
    over.set()
    server.set(deliveries_suspended=True)
    server.start()
    assert [m["recipients"][0]["address"] for m in server.queue()] == ["bert@example.com"]


def test_classic_mail_log(malleposte, sink, tmp_path):
    hop = sink()
    hop.on_rcpt = lambda a: "550 5.1.1 Nobody" if "nobody" in a else None
    logs = tmp_path / "logs"
    logs.mkdir()
    server = malleposte(smart_relay=HOP, logs_enabled=True, log=logs,
                        maillog_filename="mail/maillog")
    server.send("anna@example.org", ["bert@example.com", "nobody@example.com"], simple())
    server.wait_empty()
    hop.mail_to("anna@example.org")
    file = logs / "mail" / "maillog"
    until(lambda: file.exists() and "status=bounced" in file.read_text(), "lines in the mail log")
    text = file.read_text()
    sent = next(line for line in text.splitlines() if "to=<bert@example.com>" in line)
    assert "status=sent (" in sent and "dsn=2.0.0" in sent and "delay=" in sent
    assert "relay=" in sent and ":2600" in sent
    assert any("to=<nobody@example.com>" in line and "dsn=5.1.1" in line
               for line in text.splitlines())


def test_records_are_json_lines(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", simple())
    hop.wait(1)
    server.wait_empty()
    server.stop()
    assert any("bert@example.com" in str(record) for record in server.records())
