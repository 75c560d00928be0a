"""An outage among real next hops: of some domains the first host is dead or swallows all packets, the
second is slow and takes few connections, the third refuses some recipients; others are well. A ledger
outside accounts for every recipient of every message and knows at which host each mail came, during the
outage and after it."""
import contextlib
import hashlib
import random
import re
import time

import pytest

from harness import ledger, until
from harness.outage import MX_PORT, NextHop, Swallower, arrivals, kept
from harness.receivers import RECEIVERS, running

HOSTS = {name: f"127.0.0.{n}" for n, name in
         enumerate(("dead", "slow", "refusing", "home", "swallowing", *RECEIVERS), 2)}
MESSAGES = 400
NOBODY = "/^nobody-/ 550 5.1.1 No such user here\n"
LATER = "/^later-/ 450 4.2.1 Come back later\n"
DOMAINS = {  # which hosts, in order
    "d0.out.test": ("dead", "slow", "refusing"),
    "d1.out.test": ("swallowing", "slow", "refusing"),
    "d2.out.test": ("dead", "refusing"),
    "d3.out.test": ("refusing", "slow"),
    "d4.out.test": ("dead",),
    "d5.out.test": ("swallowing",),
    "d6.out.test": ("postfix",),
    "d7.out.test": ("exim",),
    "d8.out.test": ("dead", "opensmtpd"),
    "d9.out.test": ("swallowing", "haraka"),
}
ALL_ILL = ("d0.out.test", "d1.out.test")
UNREACHABLE = ("d4.out.test", "d5.out.test")
REFUSED = ("d2.out.test", "d3.out.test")  # later-* at these, as long as the outage lasts


@pytest.fixture
def next_hop(tmp_path, sink):
    made = []

    def make(name, *arguments, **settings):
        made.append(NextHop(tmp_path / name, sink, *arguments, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def healthy(tmp_path):
    """One of each kind."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(running(kind(
            tmp_path / name, HOSTS[name], MX_PORT,
            domains=[domain for domain, hosts in DOMAINS.items() if name in hosts])))
            for name, kind in RECEIVERS.items()}


def mails(draw):
    """(id, sender, recipients, content) of every message of the test."""
    for number in range(MESSAGES):
        identifier = f"{number}x{draw.getrandbits(24):06x}"
        domains = draw.sample(sorted(DOMAINS), draw.randrange(1, 4))
        kinds = [draw.choice(["ok"] * 6 + ["nobody", "later"]) for _ in domains]
        body = b"".join(b"%064x\r\n" % draw.getrandbits(256) for _ in range(draw.randrange(1, 60)))
        yield (identifier, f"s-{identifier}@sender.test",
               tuple(f"{kind}-{identifier}@{domain}" for kind, domain in zip(kinds, domains)),
               b"X-Ledger: %s\r\nSubject: outage\r\n\r\n.\r\n..dots\r\n%s" % (
                   identifier.encode(), body))


def waiting(server):
    return {one["address"] for message in server.queue() for one in message["recipients"]
            if one["state"] not in ("delivered", "bounced")}


def domain_of(address):
    return address.rsplit("@", 1)[1]


def came_as_told(at_host, server, delivered):
    """That each mail came at a host of its domain, and at the one that the server says it was."""
    def told():
        sent = [record for record in server.records()
                if record["event"] == "outcome" and record["status"] == "sent"]
        return sent if len(sent) >= delivered else None
    address = {one["recipient"]: one["address"] for one in until(told, "the records of deliveries")}
    for host, recipients in at_host.items():
        elsewhere = [one for one in recipients if host not in DOMAINS[domain_of(one)]]
        assert not elsewhere, f"{elsewhere[:5]} came at the {host} host"
        other = {one: address[one] for one in recipients
                 if address[one] != f"{HOSTS[host]}:{MX_PORT}"}
        assert not other, f"came at the {host} host, and it is said: {list(other.items())[:5]}"


def test_every_recipient_is_accounted_for_through_an_outage(malleposte, sink, next_hop, healthy, dns,
                                                            capsys):
    draw = random.Random(3)
    slow = next_hop("slow", HOSTS["slow"], NOBODY, smtpd_client_connection_count_limit=6,
                    smtpd_client_event_limit_exceptions="",
                    smtpd_end_of_data_restrictions="sleep 1")
    refusing = next_hop("refusing", HOSTS["refusing"], NOBODY + LATER)
    home = sink(host=HOSTS["home"], port=MX_PORT)
    swallower = Swallower(HOSTS["swallowing"])
    dns({"out.test": [f"{name} A {address}" for name, address in HOSTS.items()] + [
            f"{domain}. MX {10 * (place + 1)} {host}" for domain, order in DOMAINS.items()
            for place, host in enumerate(order)],
         "sender.test": ["@ MX 10 home.out.test."]})
    server = malleposte(mx_port=MX_PORT, allow_loopback_mx=True, retry_first="1s", retry_max="2s")

    began = time.monotonic()
    sent = []
    for identifier, sender, recipients, content in mails(draw):
        code, _ = server.send(sender, recipients, content)
        assert code == 250
        sent.append(ledger.Sent(identifier, sender, recipients,
                                hashlib.sha256(content).hexdigest(), True))
        if len(sent) == MESSAGES // 2:  # a restart in the middle of it loses and doubles nothing
            server.stop()
            server.start()

    def at_hosts():
        return {"slow": list(arrivals(slow.sink, 2)), "refusing": list(arrivals(refusing.sink, 2)),
                **{name: list(kept(one)) for name, one in healthy.items()}}

    def arrived(*further):
        return [*sum(at_hosts().values(), []), *arrivals(home, 1), *further]

    # During the outage all is done that can be done, and the rest is visible.
    def nothing_else_waits():
        return all(one.endswith(UNREACHABLE) or (one.startswith("later-") and one.endswith(REFUSED))
                   for one in waiting(server))
    until(nothing_else_waits, "all that can be delivered", patience_s=180, pause_s=0.5)
    outage_s = time.monotonic() - began

    def agrees(others):
        """Waits until the next hops have passed on what they took, then compares."""
        queued = waiting(server)
        accounts = server.accounts()
        until(lambda: len({(one.id, r) for one in arrived(*others()) for r in one.recipients})
              >= accounts["delivered"], "what the next hops took")
        seen = arrived(*others())
        wrong = ledger.complaints(sent, seen, [], queued) + \
            ledger.account_complaints(accounts, sent, seen, queued)
        assert not wrong, f"{len(wrong)} complaints: " + "; ".join(wrong[:20])
        return len(queued), seen, accounts

    queued, seen, during = agrees(lambda: ())
    at_host = {host: [r for one in came for r in one.recipients]
               for host, came in at_hosts().items()}
    reports = len(list(arrivals(home, 1)))
    assert all(at_host.values()) and reports and queued > 0, at_host
    came_as_told(at_host, server, during["delivered"])
    assert "Connection concurrency limit exceeded" in slow.postfix.log()
    # Where the first is dead and the second has no place, the third is asked, and its word counts.
    rejected = set(re.findall(r"reject: RCPT from \S+ \d+ \S+ <[^>]*@([^>]+)>",
                              refusing.postfix.log()))
    for domain in ALL_ILL:
        for host in ("slow", "refusing"):
            assert any(domain_of(one) == domain for one in at_host[host]), (domain, host)
        assert domain in rejected

    # All heal.
    healed = time.monotonic()
    refusing.refuse(NOBODY, reload=True)
    first = next_hop("first", HOSTS["dead"], NOBODY)
    swallower.close()
    last = sink(host=HOSTS["swallowing"], port=MX_PORT)
    last.on_rcpt = lambda to: "550 5.1.1 No such user here" if to.startswith("nobody-") else None
    until(lambda: server.queue() == [], "the queue to drain", patience_s=120, pause_s=0.2)
    drained_s = time.monotonic() - healed
    _, seen, after = agrees(lambda: [*arrivals(first.sink, 2), *arrivals(last, 1)])

    at = [f"{len(recipients)} at {host}" for host, recipients in at_host.items()]
    with capsys.disabled():
        print(f"\n{MESSAGES} messages to {sum(len(one.recipients) for one in sent)} recipients of "
              f"{len(DOMAINS)} domains\n"
              f"outage, after {outage_s:.0f} s: {', '.join(at)}; {reports} DSNs, {queued} "
              f"waiting; accounts: {ledger.as_text(during)}\n"
              f"healed, drained in {drained_s:.0f} s: {ledger.duplicates(seen)} duplicates; "
              f"accounts: {ledger.as_text(after)}")
