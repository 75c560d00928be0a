"""Domains that share their mail servers share connections and troubles, and a site that cannot take
mail stands in nobody's way."""
import smtplib
import urllib.request

import pytest

from harness import until
from harness.mail import simple
from harness.server import HOST, PORT, UI_PORT

ZONES = {
    "one.example": ["@ MX 10 mx.provider.example."],
    "two.example": ["@ MX 5 mx.provider.example."],
    "other.example": ["@ MX 10 mx", "mx A 127.0.0.4"],
    "provider.example": ["mx A 127.0.0.3"],
}


@pytest.fixture
def server(malleposte, dns):
    dns(ZONES)
    return lambda **properties: malleposte(
        mx_port=2600, allow_loopback_mx=True, **{"retry_first": "1h", **properties})


@pytest.fixture
def provider(sink):
    return sink(host="127.0.0.3")


def sites(server):
    """How many there are, by state."""
    with urllib.request.urlopen(f"http://{HOST}:{UI_PORT}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    counts = [line.removeprefix('malleposte_sites{state="').split('"} ')
              for line in lines if line.startswith("malleposte_sites{")]
    return {state: int(float(count)) for state, count in counts}


def send(*recipients):
    with smtplib.SMTP(HOST, PORT, local_hostname="client.test", timeout=60) as client:
        for recipient in recipients:
            client.sendmail("", recipient, simple(recipient))


def test_two_domains_of_one_provider_share_a_connection(server, provider):
    started = server()
    for domain in ("one.example", "two.example", "one.example", "two.example"):
        send(f"bert@{domain}")
        started.wait_empty()
    assert sorted(mail.recipients[0] for mail in provider.wait(4)) == \
        ["bert@one.example", "bert@one.example", "bert@two.example", "bert@two.example"]
    assert provider.sessions == 1
    assert sites(started)["normal"] == 1


def test_a_provider_that_has_had_enough_is_left_alone_for_all_its_domains(server, provider, sink):
    other = sink(host="127.0.0.4")
    provider.on_mail = lambda _sender: "421 4.7.0 [TSS04] Messages from here temporarily deferred"
    started = server()
    recipients = [f"r{number}@{domain}" for number in range(100)
                  for domain in ("one.example", "two.example")]
    send(*recipients)
    until(lambda: sites(started)["backing_off"] == 1, "the provider to be left alone")
    send("bert@other.example")
    other.wait(1)
    asked = sum(command.startswith("MAIL") for command in provider.commands)
    assert 1 <= asked <= 20, "the others were not asked for one after the other"
    tried = [message for message in started.queue() if message["attempts"] > 0]
    assert 1 <= len(tried) <= 20
    assert all("[TSS04]" in message["reason"] for message in tried)
    until(lambda: any("mx:mx.provider.example asks for less mail and is tried again at" in
                      record["text"] and "temporarily deferred" in record["text"]
                      for record in started.records() if record["event"] == "log"), "the event")
    # Somebody has talked to them.
    provider.on_mail = lambda _sender: None
    started.cli("queue", "flush", "--yes")
    assert sorted(mail.recipients[0] for mail in provider.wait(200)) == sorted(recipients)
    started.wait_empty()
    assert sites(started)["backing_off"] == 0


def test_limits_of_a_destination_are_read_again_by_sighup(server, provider, tmp_path):
    limits = tmp_path / "limits"
    limits.write_text("mx:*.provider.example messages=2\n")
    started = server(destination_limits=limits)
    send(*[f"r{number}@one.example" for number in range(10)])
    started.wait_empty()
    assert provider.sessions >= 5
    limits.write_text("mx:*.provider.example messages=2 connections=none\n")
    failed = started.run("check")
    assert failed.returncode == 78
    assert f'{limits}:1: "connections=none": connections is a number from 1 to 500' in \
        failed.stdout + failed.stderr
    limits.write_text("one.example messages=1\n")
    started.reload()
    before = provider.sessions
    send(*[f"r{number}@one.example" for number in range(4)])
    started.wait_empty()
    assert provider.sessions - before == 4
