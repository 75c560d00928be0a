"""An outage among real next hops: of some domains the first host is dead or swallows all packets, the
second is slow and takes few connections, the third refuses some recipients. A ledger outside accounts
for every recipient of every message, during the outage and after it."""
import hashlib
import random
import time

import pytest

from harness import ledger, until
from harness.outage import MX_PORT, NextHop, Swallower, arrivals

DEAD, SLOW, REFUSING, HOME, SWALLOWING = (f"127.0.0.{n}" for n in range(2, 7))
MESSAGES = 240
NOBODY = "/^nobody-/ 550 5.1.1 No such user here\n"
LATER = "/^later-/ 450 4.2.1 Come back later\n"
DOMAINS = {  # which hosts, in order
    "d0.out.test": ("dead", "slow", "refusing"),
    "d1.out.test": ("swallowing", "slow", "refusing"),
    "d2.out.test": ("dead", "refusing"),
    "d3.out.test": ("refusing", "slow"),
    "d4.out.test": ("dead",),
    "d5.out.test": ("swallowing",),
}
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


def test_every_recipient_is_accounted_for_through_an_outage(malleposte, sink, next_hop, dns, capsys):
    draw = random.Random(3)
    slow = next_hop("slow", SLOW, NOBODY, smtpd_client_connection_count_limit=6,
                    smtpd_client_event_limit_exceptions="",
                    smtpd_end_of_data_restrictions="sleep 1")
    refusing = next_hop("refusing", REFUSING, NOBODY + LATER)
    home = sink(host=HOME, port=MX_PORT)
    swallower = Swallower(SWALLOWING)
    hosts = {"dead": DEAD, "slow": SLOW, "refusing": REFUSING, "swallowing": SWALLOWING}
    dns({"out.test": [f"{name} A {address}" for name, address in hosts.items()] + [
            f"{domain}. MX {10 * (place + 1)} {host}" for domain, order in DOMAINS.items()
            for place, host in enumerate(order)],
         "sender.test": ["@ MX 10 home", f"home A {HOME}"]})
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

    def arrived(*further):
        return [*arrivals(slow.sink, 2), *arrivals(refusing.sink, 2), *arrivals(home, 1), *further]

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
    by_hop = {name: sum(len(a.recipients) for a in arrivals(hop, relays)) for name, hop, relays in
              (("slow", slow.sink, 2), ("refusing", refusing.sink, 2), ("home", home, 1))}
    assert all(by_hop.values()) and queued > 0, by_hop
    assert "Connection concurrency limit exceeded" in slow.postfix.log()

    # All heal.
    healed = time.monotonic()
    refusing.refuse(NOBODY, reload=True)
    first = next_hop("first", DEAD, NOBODY)
    swallower.close()
    last = sink(host=SWALLOWING, port=MX_PORT)
    last.on_rcpt = lambda to: "550 5.1.1 No such user here" if to.startswith("nobody-") else None
    until(lambda: server.queue() == [], "the queue to drain", patience_s=120, pause_s=0.2)
    drained_s = time.monotonic() - healed
    _, seen, after = agrees(lambda: [*arrivals(first.sink, 2), *arrivals(last, 1)])

    with capsys.disabled():
        print(f"\n{MESSAGES} messages to {sum(len(one.recipients) for one in sent)} recipients of "
              f"{len(DOMAINS)} domains\n"
              f"outage, after {outage_s:.0f} s: {by_hop['slow']} at the slow host, "
              f"{by_hop['refusing']} at the refusing one, {by_hop['home']} DSNs, {queued} waiting; "
              f"accounts: {ledger.as_text(during)}\n"
              f"healed, drained in {drained_s:.0f} s: {ledger.duplicates(seen)} duplicates; "
              f"accounts: {ledger.as_text(after)}")
