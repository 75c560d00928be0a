"""A day in the life of an outage, among real next hops: one is down, one slow, one greylists, one
takes few connections and says 421, one refuses some recipients; the server is killed in the middle,
and the operator does what operators do. An outside ledger accounts for every recipient, and while
nothing moves the queue's own figures are compared with it."""
import collections
import hashlib
import json
import random
import time

import pytest

from harness import ledger, until
from harness.greylist import Greylist
from harness.outage import MX_PORT, NextHop, arrivals

HOSTS = {name: f"127.0.0.{n}" for n, name in
         enumerate(("home", "down", "slow", "grey", "limiting", "refusing", "spare"), 2)}
NOBODY = "/^nobody-/ 550 5.1.1 No such user here\n"
LATER = "/^later-/ 450 4.2.1 Come back later\n"
GREYLIST_PORT, GREYLISTED_S = 10023, 4
SLOW_S = 1  # that long the slow host considers a mail, also one whose sender is gone meanwhile
SICK = ("down", "slow", "grey", "limiting", "refusing")
# Three domains at each host: they share a site.
DOMAINS = {f"{host}{n}.day.test": host for host in SICK for n in range(3)}
SUSPENDED, BOUNCED, REROUTED = "slow2.day.test", "down2.day.test", "down0.day.test"
MESSAGES, SENDERS = 300, 40
HELD, DELETED, UNDELETED = (f"s{n}@sender.test" for n in (1, 2, 3))


@pytest.fixture
def next_hop(tmp_path, sink):
    made = []

    def make(name, access=NOBODY, **settings):
        made.append(NextHop(tmp_path / name, sink, HOSTS[name], access, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def greylist():
    service = Greylist(GREYLIST_PORT, GREYLISTED_S)
    yield service
    service.close()


def mails(draw):
    """(id, sender, recipients, content) of every message of the day."""
    for number in range(MESSAGES):
        identifier = f"{number}x{draw.getrandbits(24):06x}"
        domains = draw.sample(sorted(DOMAINS), draw.choice((1, 1, 2, 3)))
        kinds = [draw.choice(["ok"] * 6 + ["nobody", "later"]) for _ in domains]
        body = b"".join(b"%064x\r\n" % draw.getrandbits(256) for _ in range(draw.randrange(1, 60)))
        yield (identifier, f"s{number % SENDERS}@sender.test",
               tuple(f"{kind}-{identifier}@{domain}" for kind, domain in zip(kinds, domains)),
               b"X-Ledger: %s\r\nSubject: a day\r\n\r\n%s" % (identifier.encode(), body))


def domain_of(address):
    return address.rsplit("@", 1)[1]


class Day:
    def __init__(self, server, relays, home):
        self.server, self.relays, self.home = server, relays, home
        self.sent, self.kills, self.deleted = [], [], set()
        self.sites_compared = set()

    def send(self, mail):
        identifier, sender, recipients, content = mail
        code, _ = self.server.send(sender, recipients, content)
        assert code == 250
        self.sent.append(ledger.Sent(identifier, sender, recipients,
                                     hashlib.sha256(content).hexdigest(), True))

    def kill(self):
        self.kills.append(time.monotonic())
        self.server.kill()
        self.server.start()

    def waiting(self):
        """Recipients that are queued -> their message, as the queue lists it."""
        return {one["address"]: message for message in self.server.queue()
                for one in message["recipients"] if one["state"] not in ("delivered", "bounced")}

    def arrived(self):
        return [one for relay in self.relays for one in arrivals(relay.sink, 2)] + \
            list(arrivals(self.home, 1))

    def agree(self, given_back=ledger.is_refused):
        """The ledger, the server's accounts and the queue; waits for what next hops pass on."""
        queued, accounts = self.waiting(), self.server.accounts()
        until(lambda: len({(one.id, r) for one in self.arrived() for r in one.recipients})
              >= accounts["delivered"], "what the next hops took")
        seen = self.arrived()
        wrong = ledger.complaints(self.sent, seen, self.kills, queued, self.deleted, given_back,
                                  SLOW_S + 5) + \
            ledger.account_complaints(accounts, self.sent, seen, queued, self.deleted)
        assert not wrong, f"{len(wrong)} complaints: " + "; ".join(wrong[:20])
        return queued, accounts, ledger.duplicates(seen)

    def figures_agree(self):
        """What the queue says of itself, while nothing moves, is what waits."""
        queued = self.waiting()
        by_domain = collections.Counter(map(domain_of, queued))
        told = json.loads(self.server.cli("queue", "ages", "--json", "--limit", "1000"))
        assert {one["domain"]: one["recipients"] for one in told["destinations"]} == by_domain
        for one in told["destinations"]:
            assert sum(one["by_age"]) == one["recipients"]
            oldest = min(m["arrived"] for a, m in queued.items() if domain_of(a) == one["domain"])
            assert one["oldest"] == oldest
        listed = self.server.queue()
        by_state = collections.Counter(message["state"] for message in listed)
        for state, count in by_state.items():
            assert len(self.server.queue("--state", state)) == count
        for sender in {message["sender"] for message in listed}:
            ids = {message["id"] for message in listed if message["sender"] == sender}
            assert {m["id"] for m in self.server.queue("--sender", sender or "<>")} == ids
        for host in SICK:
            domains = {domain for domain, of in DOMAINS.items() if of == host}
            ids = {message["id"] for address, message in queued.items()
                   if domain_of(address) in domains}
            asked = [self.server.queue("--domain", domain) for domain in sorted(domains)]
            assert {message["id"] for found in asked for message in found} == ids
            # What an order has kept from being tried has no site yet.
            site = self.site(host)
            known = domains - {SUSPENDED}
            if site and known <= set(site["domains"]):
                of_site = {m["id"] for a, m in queued.items() if domain_of(a) in known}
                assert {m["id"] for m in self.server.queue("--site", site["name"])} == of_site
                self.sites_compared.add(host)
        assert "down" in self.sites_compared
        return by_domain, by_state

    def sites(self):
        return json.loads(self.server.cli("sites", "--json"))["sites"]

    def site(self, host):
        return next((site for site in self.sites() if f"{host}.day.test" in site["name"]), None)

    def rests(self):
        return not any(site["waiting"] or site["connections"] for site in self.sites())


def test_a_day_of_outage_is_accounted_for_and_explained(malleposte, sink, next_hop, dns, greylist,
                                                        capsys):
    draw = random.Random(5)
    relays = [next_hop("slow", smtpd_end_of_data_restrictions=f"sleep {SLOW_S}"),
              next_hop("grey", smtpd_relay_restrictions="permit_mynetworks",
                       smtpd_end_of_data_restrictions="", smtpd_data_restrictions="",
                       smtpd_helo_required="no",
                       smtpd_client_restrictions="", smtpd_sender_restrictions=
                       f"check_policy_service inet:127.0.0.1:{GREYLIST_PORT}",
                       smtpd_delay_reject="yes"),
              next_hop("limiting", smtpd_client_connection_count_limit=1,
                       smtpd_client_connection_rate_limit=20, anvil_rate_time_unit="5s",
                       smtpd_client_event_limit_exceptions=""),
              next_hop("refusing", NOBODY + LATER),
              next_hop("spare")]
    home = sink(host=HOSTS["home"], port=MX_PORT)
    dns({"day.test": [f"{name} A {address}" for name, address in HOSTS.items()] + [
            f"{domain}. MX 10 {host}" for domain, host in DOMAINS.items()],
         "sender.test": ["@ MX 10 home.day.test."]})
    server = malleposte(mx_port=MX_PORT, allow_loopback_mx=True, retry_first="1s", retry_max="3s")
    day = Day(server, relays, home)
    refusing = relays[3]

    server.cli("orders", "suspend", SUSPENDED, "--reason", "they asked us to wait")
    server.cli("orders", "hold", HELD, "--reason", "looks like spam")
    began = time.monotonic()
    todays = list(mails(draw))
    for mail in todays[:MESSAGES // 2]:
        day.send(mail)
    day.kill()
    for mail in todays[MESSAGES // 2:]:
        day.send(mail)

    def must_wait(address, message):
        return (DOMAINS.get(domain_of(address)) == "down" or domain_of(address) == SUSPENDED
                or message["state"] == "held"
                or (address.startswith("later-") and DOMAINS[domain_of(address)] == "refusing"))

    # All is done that can be done, and what cannot be is there for the reason that it has.
    until(lambda: all(must_wait(*one) for one in day.waiting().items()),
          "all that can be delivered", patience_s=240, pause_s=0.5)
    outage_s = time.monotonic() - began
    server.reload(deliveries_suspended=True)
    until(day.rests, "rest", patience_s=60)
    queued, during, doubled = day.agree()
    by_domain, by_state = day.figures_agree()
    held = [message for message in server.queue() if message["sender"] == HELD]
    assert held and all(message["state"] == "held" for message in held)
    assert "they asked us to wait" in server.cli("why", SUSPENDED)
    assert "refused" in server.cli("why", REROUTED).lower()
    assert "Connection" in relays[2].postfix.log() and greylist.first

    # The operator acts.
    of_deleted = {a for a, m in queued.items() if m["sender"] == DELETED}
    assert of_deleted
    server.cli("queue", "delete", "--sender", DELETED, "--now", "--yes")
    server.cli("queue", "delete", "--sender", UNDELETED, "--yes")
    assert {m["state"] for m in server.queue("--sender", UNDELETED)} == {"deleting"}
    day.kill()
    server.cli("queue", "undelete", "--sender", UNDELETED, "--yes")
    day.deleted |= of_deleted
    server.cli("orders", "bounce", BOUNCED, "--reason", "gone for good")
    server.cli("queue", "reroute", "--domain", REROUTED, "--to", f"[{HOSTS['spare']}]:{MX_PORT}",
               "--yes")
    before = len(list(arrivals(relays[4].sink, 2)))
    server.reload(deliveries_suspended=False)

    def given_back(address):
        return ledger.is_refused(address) or domain_of(address) == BOUNCED
    until(lambda: not any(domain_of(address) in (BOUNCED, REROUTED) and message["state"] != "held"
                          for address, message in day.waiting().items()),
          "what was bounced and re-routed", patience_s=90, pause_s=0.2)
    rerouted = len(list(arrivals(relays[4].sink, 2))) - before
    assert rerouted > 0

    # All heal.
    healed = time.monotonic()
    refusing.refuse(NOBODY, reload=True)
    relays.append(next_hop("down"))
    for order in json.loads(server.cli("orders", "list", "--json"))["orders"]:
        if order["kind"] != "bounce":
            server.cli("orders", "cancel", str(order["number"]))
    server.cli("queue", "release", "--sender", HELD, "--yes")
    until(lambda: server.queue() == [], "the queue to drain", patience_s=120, pause_s=0.2)
    drained_s = time.monotonic() - healed
    _, after, doubled = day.agree(given_back)
    times = json.loads(server.cli("status", "--json"))["queue_time"]

    with capsys.disabled():
        print(f"\n{MESSAGES} messages to {sum(len(one.recipients) for one in day.sent)} recipients "
              f"of {len(DOMAINS)} domains at {len(SICK)} hosts\n"
              f"outage, after {outage_s:.0f} s: {sum(by_domain.values())} recipients waiting, "
              f"{dict(by_state)}; accounts: {ledger.as_text(during)}\n"
              f"{len(of_deleted)} deleted, {rerouted} messages re-routed; "
              f"healed, drained in {drained_s:.0f} s: {doubled} doubled by kills; "
              f"accounts: {ledger.as_text(after)}\ntime in queue: {times}")
