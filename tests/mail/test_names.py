"""Where mail goes by DNS, in good zones and in hostile ones: every domain gets the outcome that it
deserves, within bounded time, and the mail of healthy domains goes on meanwhile."""
import contextlib
import json
import random
import smtplib
import subprocess
import time
import urllib.request

import pytest

from harness import until
from harness.dns import NXDOMAIN, SERVFAIL, ScriptedDns, a, aaaa, mx
from harness.mail import simple
from harness.server import HOST, UI_PORT

HEALTHY = "192.0.2.10"  # no loopback address
OURS = "192.0.2.1"


def outcome(server, recipient):
    """What came of the first attempt at a recipient: "sent", "4.4.3 the MX of ... "."""
    def first():
        return [record for record in server.records()
                if record["event"] == "outcome" and record["recipient"] == recipient]
    record = until(first, f"an outcome of {recipient}", patience_s=60, pause_s=0.1)[0]
    return record["status"] if record["status"] == "sent" \
        else f"{record['status']} {record['dsn']} {record['reply']}"


def went_meanwhile(server, good, others):
    """Whether the good domains had their outcome before the last of the others had, by the log."""
    told = [record["recipient"] for record in server.records() if record["event"] == "outcome"]
    return max(told.index(f"bert@{domain}") for domain in good) < \
        max(told.index(f"bert@{domain}") for domain in others)


def send(server, *domains):
    """From the null sender: nobody is told of failures."""
    for domain in domains:
        server.send("", f"bert@{domain}", simple(domain))


@contextlib.contextmanager
def within(server, octets):
    """However odd what DNS says, it takes no more memory than that."""
    before = server.resident_bytes
    server.reset_resident_peak()
    yield
    assert server.resident_peak_bytes - before < octets


@pytest.fixture
def outside(sink):
    """Addresses on this host that are no loopback addresses; at HEALTHY everything is taken."""
    for address in (OURS, HEALTHY):
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    return sink(host=HEALTHY, port=2525)


@pytest.fixture
def by_mx(malleposte, outside):
    """A server that looks for mail servers outside, at its own port."""
    return lambda **properties: malleposte(in_=["127.0.0.1", OURS], mx_port=2525,
                                           **{"retry_first": "1h", **properties})


@pytest.fixture
def scripted():
    servers = []

    def make(answers):
        servers.append(ScriptedDns(answers))
        return servers[-1]

    yield make
    for one in servers:
        one.close()


# --- Zones of a real DNS server ------------------------------------------------------------------

ZONES = {
    "good.example": ["@ MX 10 mx", f"mx A {HEALTHY}"],
    "example": [
        # Where it leads back to this machine.
        "localhost-mx MX 10 localhost.",
        "zero MX 10 zero-host", "zero-host A 0.0.0.0",
        "loopback MX 10 loopback-host", "loopback-host A 127.0.0.9",
        "mapped MX 10 mapped-host", "mapped-host AAAA ::ffff:127.0.0.1",
        "nowhere MX 10 nowhere-host", "nowhere-host A 255.255.255.255",
        "ourselves MX 10 us", "ourselves MX 20 healthy", f"us A {OURS}", f"healthy A {HEALTHY}",
        # Backup: what is behind us is not for us.
        "backup MX 10 dead", "backup MX 20 us", "backup MX 30 healthy", "dead A 192.0.2.77",
        # Aliases.
        "alias CNAME good.example.",
        "alias-of-host CNAME healthy",
        "mx-alias MX 10 alias-host", "alias-host CNAME healthy",
        "loop-a CNAME loop-b", "loop-b CNAME loop-a",
        "mx-loop MX 10 loop-a",
        "dangling CNAME missing",
        # No mail, no host.
        "null MX 0 .",
        "null-and-more MX 0 .", "null-and-more MX 10 healthy",
        "no-host MX 10 missing",
        "half MX 10 missing", "half MX 20 healthy",
        "numeric MX 10 192.0.2.10.",
        "only-text TXT \"no host here\"",
        # Odd and many.
        "odd MX 10 od\\032d", "odd-and-good MX 10 od\\032d", "odd-and-good MX 20 healthy",
        *[f"thousand MX {1000 - number} host{number}" for number in range(999)],
        "thousand MX 1 healthy",
        *[f"monster MX 10 {'x' * 60}{number}" for number in range(1000)],  # more than DNS can say
        *[f"crowd A 192.0.3.{number}" for number in range(1, 200)],  # none of them is there
    ],
}
OUTCOMES = {
    "localhost-mx": "bounced 5.4.6 ", "zero": "bounced 5.4.6 ", "mapped": "bounced 5.4.6 ",
    "loopback": "bounced 5.4.6 the mail server of loopback.example has a loopback address",
    "nowhere": "bounced 5.4.4 ",
    "ourselves": "bounced 5.4.6 mail for ourselves.example loops back to this server",
    "alias": "sent", "alias-of-host": "sent", "mx-alias": "sent",
    "loop-a": "deferred 4.4.3 ", "mx-loop": "deferred 4.4.3 ",
    "dangling": "bounced 5.1.2 ", "missing": "bounced 5.1.2 ",
    "null": "bounced 5.1.10 ", "null-and-more": "sent",
    "no-host": "bounced 5.4.4 ", "half": "sent",
    "numeric": "deferred 4.4.3 ", "only-text": "bounced 5.4.4 ",
    "crowd": "deferred 4.4.1 ",
    "odd": "deferred 4.4.3 ", "odd-and-good": "sent",
    "thousand": "sent", "monster": "deferred 4.4.3 ",
}


def test_every_kind_of_zone_has_its_outcome(by_mx, dns, outside):
    dns(ZONES)
    server = by_mx()
    with within(server, 16e6):
        send(server, *(f"{name}.example" for name in OUTCOMES), "good.example")
        assert outcome(server, "bert@good.example") == "sent"
        got = {name: outcome(server, f"bert@{name}.example") for name in OUTCOMES}
        assert {name: got[name] for name in OUTCOMES
                if not got[name].startswith(OUTCOMES[name])} == {}
    assert sorted(mail.recipients[0] for mail in outside.mails) == sorted(
        ["bert@good.example"] + [f"bert@{name}.example" for name in OUTCOMES
                                 if OUTCOMES[name] == "sent"])


def test_a_backup_never_hands_mail_to_those_behind_it(by_mx, dns, outside):
    dns(ZONES)
    server = by_mx()
    send(server, "backup.example")
    assert "connect to 192.0.2.77:2525" in outcome(server, "bert@backup.example")
    assert outside.mails == []


def test_mail_for_names_that_no_server_answers_for_waits(malleposte, scripted):
    """Refused everywhere: it says nothing about the domain."""
    server = malleposte(dns_servers="127.0.0.9:53", retry_first="1h")
    send(server, "good.example")
    assert outcome(server, "bert@good.example").startswith("deferred 4.4.3 the MX of good.example ")


# --- What no real DNS server does ----------------------------------------------------------------

def rubbish(question):
    """Nothing that is an answer."""
    draw = random.Random(question.name + question.type)
    octets = question.octets
    return [
        b"", octets[:2], octets[:12], octets[:2] + draw.randbytes(200),
        question.answer(mx(10, "healthy.example"))[:-3],
        question.answer((15, b"\0\1")), question.answer((15, b"\0\1" + b"\xc0\xff")),
        # A name that points to itself.
        question.answer((15, b"\0\1" + b"\xc0" + bytes([12 + len(question.section) + 14]))),
        question.answer(mx(10, "healthy.example"), id_change=1),
        with_a_false_count(question),
    ][int(question.name.split(".")[0].removeprefix("rubbish"))]


def with_a_false_count(question):
    """Says that 65,535 records follow."""
    octets = bytearray(question.answer(mx(10, "healthy.example")))
    octets[6:8] = b"\xff\xff"
    return bytes(octets)


def answers(question):
    """Healthy names, and names that say what is wrong with them."""
    name, kind = question.name, question.type
    if name == "healthy.example":
        return question.answer(a(HEALTHY)) if kind == "A" else question.answer()
    if name.startswith(("good", "fine")):
        return question.answer(mx(10, "healthy.example")) if kind == "MX" else question.answer()
    if name.startswith("silent"):
        return None
    if name.startswith("rubbish"):
        return rubbish(question)
    if name == "other-owner.example":  # speaks of a name that nobody asked for
        return question.answer(mx(10, "healthy.example"), owner=b"\5other\0")
    if name.startswith("truncated"):  # and nobody answers by TCP
        return question.answer(truncated=True)
    if name == "servfail.example":  # but it has an address
        if kind == "MX":
            return question.answer(rcode=SERVFAIL)
        return question.answer(*[a(HEALTHY)] if kind == "A" else [])
    if name == "mute-mx.example":  # the same
        if kind == "MX":
            return None
        return question.answer(*[a(HEALTHY)] if kind == "A" else [])
    if name in ("aaaa-servfail.example", "aaaa-silent.example", "aaaa-nxdomain.example"):
        if kind == "MX":
            return question.answer(mx(10, name))
        if kind == "A":
            return question.answer(a(HEALTHY))
        return {"aaaa-servfail": question.answer(rcode=SERVFAIL), "aaaa-silent": None,
                "aaaa-nxdomain": question.answer(rcode=NXDOMAIN)}[name.split(".")[0]]
    if name == "slow-hosts.example":
        return question.answer(*[mx(10 + n, f"silent-host{n}.example") for n in range(19)],
                               mx(90, "healthy.example"))
    if name == "first-silent.example":
        return question.answer(mx(10, "silent.example"), mx(20, "healthy.example"))
    if name == "all-silent.example":
        return question.answer(*[mx(10, f"silent-host{n}.example") for n in range(20)])
    return question.answer(rcode=NXDOMAIN)


@pytest.fixture
def scripted_server(by_mx, scripted):
    scripted(answers)
    return lambda **properties: by_mx(dns_servers="127.0.0.5:53", **properties)


def test_an_mx_that_fails_is_never_replaced_by_the_address(scripted_server, outside):
    server = scripted_server()
    send(server, "servfail.example", "mute-mx.example")
    assert outcome(server, "bert@servfail.example") == \
        "deferred 4.4.3 the MX of servfail.example cannot be looked up: SERVFAIL"
    assert outcome(server, "bert@mute-mx.example").startswith(
        "deferred 4.4.3 the MX of mute-mx.example cannot be looked up: ")
    assert outside.mails == []


@pytest.mark.parametrize("domain", ["aaaa-servfail", "aaaa-silent", "aaaa-nxdomain"])
def test_one_family_of_addresses_is_enough(scripted_server, domain):
    server = scripted_server()
    send(server, f"{domain}.example")
    assert outcome(server, f"bert@{domain}.example") == "sent"


def test_hosts_that_cannot_be_looked_up_are_passed_over(scripted_server):
    """Nineteen time-outs one after the other would be longer than all that a next hop may take."""
    server = scripted_server()
    with within(server, 16e6):
        send(server, "slow-hosts.example", "first-silent.example", "all-silent.example")
        assert outcome(server, "bert@slow-hosts.example") == "sent"
        assert outcome(server, "bert@first-silent.example") == "sent"
        assert outcome(server, "bert@all-silent.example").startswith("deferred 4.4.3 ")


def test_a_server_that_has_to_find_out_first_is_waited_for(by_mx, outside, scripted):
    """As a resolver that asks others: every question for a name is answered once it knows."""
    known_at = {}

    def slowly(question):
        now = time.monotonic()
        wait = known_at.setdefault((question.name, question.type), now + 3) - now
        return (max(wait, 0), answers(question))

    scripted(slowly)
    server = by_mx(dns_servers="127.0.0.5:53")
    send(server, "good.example")
    assert outcome(server, "bert@good.example") == "sent"


def test_rubbish_instead_of_answers_is_no_answer(scripted_server, outside):
    server = scripted_server()
    names = [f"rubbish{number}.example" for number in range(10)] + ["truncated.example"]
    with within(server, 16e6):
        send(server, *names, "other-owner.example", "good.example")
        assert outcome(server, "bert@good.example") == "sent"
        for name in names:
            assert outcome(server, f"bert@{name}").startswith("deferred 4.4.3 "), name
        assert outcome(server, "bert@other-owner.example").startswith("bounced 5.4.4 ")
    assert went_meanwhile(server, ["good.example"], names)
    assert len(outside.mails) == 1


def test_many_silent_domains_hold_up_none_that_work(scripted_server, outside):
    """More than there are connections in all."""
    server = scripted_server()
    send(server, "good.example")
    outside.wait(1)
    silent = [f"silent{number}.example" for number in range(250)]
    with smtplib.SMTP("127.0.0.1", 2525, local_hostname="client.test") as client:
        for name in silent:
            client.sendmail("", f"bert@{name}", simple(name))
        client.sendmail("", "cleo@good.example", simple())
    outside.mail_to("cleo@good.example")
    waiting = [message for message in server.queue() if message["state"] == "active"]
    assert waiting, "the silent ones were not in the way"
    assert server.resident_peak_bytes < 100e6
    send(server, "fine.example")  # new names are found as well, in their turn
    assert outcome(server, "bert@fine.example") == "sent"
    server.wait_queue(lambda queue: all(message["state"] == "deferred" for message in queue),
                      "an outcome of each")


def test_a_hundred_silent_domains_hold_up_nobody_else(scripted_server, outside):
    server = scripted_server()
    silent = [f"silent{number}.example" for number in range(100)]
    good = [f"good{number}.example" for number in range(50)]
    with within(server, 16e6):
        send(server, *silent)
        send(server, *good)
        arrived = outside.wait(len(good))
        assert sorted(mail.recipients[0] for mail in arrived) == \
            sorted(f"bert@{one}" for one in good)
        for name in silent:
            assert outcome(server, f"bert@{name}").startswith("deferred 4.4.3 "), name
    assert went_meanwhile(server, good, silent)
    assert len(server.queue()) == len(silent)


# --- How a next hop is written -------------------------------------------------------------------

@pytest.mark.parametrize("next_hop,at", [
    ("relay.example", ("127.0.0.3", 2600)), ("relay.example:2601", ("127.0.0.3", 2601)),
    ("[relay.example]", ("127.0.0.4", 2600)), ("[relay.example]:2601", ("127.0.0.4", 2601)),
    ("[127.0.0.3]", ("127.0.0.3", 2600)), ("[127.0.0.3]:2601", ("127.0.0.3", 2601)),
    ("[ipv6:::1]", ("::1", 2600)), ("[ipv6:::1]:2601", ("::1", 2601)),
    ("[::1]:2601", ("::1", 2601)), ("six.example", ("::1", 2600)), ("[six.example]", ("::1", 2600)),
])
def test_each_way_to_write_a_next_hop(malleposte, dns, sink, next_hop, at):
    dns({"relay.example": ["@ MX 10 mx", "@ A 127.0.0.4", "mx A 127.0.0.3"],
         "six.example": ["@ AAAA ::1"]})
    hop = sink(host=at[0], port=at[1])
    server = malleposte(smart_relay=next_hop, mx_port=2600, allow_loopback_mx=True)
    send(server, "example.com")
    hop.wait(1)
    server.wait_empty()


@pytest.fixture
def two_hosts(malleposte, dns, sink):
    """(the best host of example.com, the other one, a server)"""
    best, other = sink(host="127.0.0.3"), sink(host="127.0.0.4")
    dns({"example.com": ["@ MX 10 a", "@ MX 20 b", "a A 127.0.0.3", "b A 127.0.0.4"]})
    return best, other, malleposte(mx_port=2600, allow_loopback_mx=True)


@pytest.mark.parametrize("banner", ["421 4.3.2 Not now", "554 5.7.1 Not from you"])
def test_a_host_that_refuses_at_the_door_lets_the_next_be_tried(two_hosts, banner):
    best, other, server = two_hosts
    best.banner = banner
    send(server, "example.com")
    other.wait(1)
    server.wait_empty()
    assert best.sessions > 0 and best.mails == []


@pytest.mark.parametrize("reply", ["451 4.3.0 Not now", "421 4.3.2 Not now", "550 5.7.1 Not from you"])
def test_a_host_that_greets_and_then_refuses_lets_the_next_be_tried(two_hosts, reply):
    best, other, server = two_hosts
    best.instead = lambda stage, connection: \
        stage in ("EHLO", "HELO") and (connection.sendall(f"{reply}\r\n".encode()) or True)
    send(server, "example.com")
    other.wait(1)
    server.wait_empty()
    asked = [command.split(" ")[0] for command in best.commands]
    # Only one that refuses EHLO for good may know HELO.
    assert asked[:2] == (["EHLO", "HELO"] if reply[0] == "5" else ["EHLO", "QUIT"])[:len(asked)]
    assert asked and "MAIL" not in asked


def test_a_host_that_knows_no_ehlo_is_greeted_with_helo(two_hosts):
    best, other, server = two_hosts
    best.ehlo_refused = True
    send(server, "example.com")
    mail, = best.wait(1)
    server.wait_empty()
    assert mail.helo == "HELO mx.malleposte.test" and other.sessions == 0


# clause: 5321-5.1-k
def test_both_families_of_a_host_are_tried(malleposte, dns, sink):
    """IPv6 first; what does not answer there is reached by IPv4."""
    dns({"example.com": ["@ MX 10 mx", "mx AAAA ::1", "mx A 127.0.0.3"]})
    server = malleposte(mx_port=2600, allow_loopback_mx=True)
    four = sink(host="127.0.0.3")
    send(server, "example.com")
    four.wait(1)
    six = sink(host="::1")
    server.wait_empty()
    server.stop()
    server.start()
    send(server, "example.com")
    six.wait(1)


# --- dns lookup, dns flush -----------------------------------------------------------------------

def test_lookup_shows_what_a_delivery_would_do(by_mx, dns):
    dns(ZONES)
    server = by_mx()
    way = json.loads(server.cli("dns", "lookup", "--json", "half.example"))
    next_hop, = way["next_hops"]
    assert way["rule"] == "MX" and way["failure"] is None
    assert next_hop["tried"] == \
        [{"preference": 20, "host": "healthy.example", "address": f"{HEALTHY}:2525"}]
    assert next_hop["skipped"] == [{"preference": 10, "host": "missing.example", "address": "",
                                    "why": "does not exist"}]
    shown = server.cli("dns", "lookup", "Half.Example")
    assert shown.splitlines()[:2] == ["half.example: by MX",
                                      f"  1.  {HEALTHY}:2525  healthy.example  preference 20"]
    backup = server.cli("dns", "lookup", "backup.example")
    assert "this server itself" in backup and "no nearer to the domain than this server" in backup
    failed = server.run("dns", "lookup", "ourselves.example")
    assert failed.returncode == 1
    assert "5.4.6 mail for ourselves.example loops back to this server" in failed.stdout
    assert "mail is returned to its sender" in failed.stdout
    assert server.run("dns", "lookup", "no domain").returncode == 1


def test_lookup_follows_the_routes(malleposte, dns, tmp_path):
    dns({"relay.example": ["@ MX 10 mx", "mx A 192.0.2.10"]})
    (tmp_path / "routes").write_text("example.com relay.example, [192.0.2.11]:2601\n")
    server = malleposte(routes=tmp_path / "routes", mx_port=2600)
    way = json.loads(server.cli("dns", "lookup", "--json", "example.com"))
    assert way["rule"] == "routes line 1 (example.com)"
    assert [(hop["next_hop"], [host["address"] for host in hop["tried"]])
            for hop in way["next_hops"]] == \
        [("relay.example", ["192.0.2.10:2600"]), ("[192.0.2.11]:2601", ["192.0.2.11:2601"])]


def test_flush_forgets_what_dns_said(by_mx, scripted):
    said = {"host": "old.example"}
    dns = scripted(lambda question: question.answer(mx(10, said["host"]))
                   if question.type == "MX" else question.answer(a(HEALTHY)))
    server = by_mx(dns_servers="127.0.0.5:53")

    def host():
        way = json.loads(server.cli("dns", "lookup", "--json", "good.example"))
        return way["next_hops"][0]["tried"][0]["host"]

    assert host() == "old.example"
    said["host"] = "new.example"
    assert host() == "old.example", "asked again before its time"
    assert server.cli("dns", "flush") == "What was learnt of DNS is forgotten.\n"
    assert host() == "new.example"
    assert dns.asked.count(("good.example", "MX")) == 2
    with urllib.request.urlopen(f"http://{HOST}:{UI_PORT}/metrics") as answer:
        figures = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines()
                       if line.startswith("malleposte_"))
    assert float(figures["malleposte_dns_questions_total"]) >= 9  # the cached ones too
    assert figures["malleposte_dns_failures_total"] == "0"
    assert figures["malleposte_dns_lookups"] == figures["malleposte_dns_lookups_waiting"] == "0"
    assert figures['malleposte_limit{name="dns_lookups"}'] == "1000"
