"""The outside ledger of a crash test or an outage: what was acknowledged, what arrived when, and what
of it, and of the server's own accounts, is wrong. Pure, so that tests/crash/test_ledger.py can show
that it sees each kind of loss."""
import collections
import dataclasses
import re

# From the next hop's 250 to our durable outcome: 10 ms of waiting for company, a sync, and
# generously what two busy cores and a busy disk add. Only a delivery younger than this may come
# twice.
IN_FLIGHT_S = 1.5


@dataclasses.dataclass(frozen=True)
class Sent:
    """A mail that a client handed over: whether its dot was answered 250."""
    id: str
    sender: str
    recipients: tuple
    digest: str
    acknowledged: bool


@dataclasses.dataclass(frozen=True)
class Arrived:
    """A mail that the next hop answered 250. `report_of` are the recipients a DSN speaks of."""
    id: str  # the mail's mark; for a DSN its Message-ID
    sender: str
    recipients: tuple
    digest: str
    at: float
    report_of: tuple = ()


def is_refused(recipient):
    return recipient.startswith("nobody-")


def report_recipients(content):
    return tuple(one.decode() for one in
                 re.findall(rb"(?im)^Final-Recipient: *rfc822; *(\S+?)\r?$", content))


def complaints(sent, arrived, kills, queued=(), deleted=(), refused=is_refused,
               seen_late_s=IN_FLIGHT_S):
    """All that is wrong, as sentences. `kills` are the times of the kills, ascending; times are of
    one clock. An arrival is seen at most `seen_late_s` after the next hop took it. `queued` are the
    recipients that the server says are still in its queue, `deleted` those that the operator
    removed, `refused` tells whose mail comes back to its sender."""
    wrong = []
    known = {one.id: one for one in sent}
    deliveries = collections.defaultdict(list)  # (id, recipient) -> times
    reports = collections.defaultdict(set)  # refused recipient -> Message-IDs of DSNs
    for one in arrived:
        if one.report_of or one.sender == "":
            for recipient in one.report_of:
                reports[recipient].add(one.id)
                origin = known.get(recipient.split("@")[0].rsplit("-", 1)[-1])
                if not origin or recipient not in origin.recipients:
                    wrong.append(f"a DSN of {recipient}, to whom nothing was sent")
                elif one.recipients != (origin.sender,):
                    wrong.append(f"the DSN of {recipient} went to {one.recipients}")
            if not one.report_of:
                wrong.append(f"a mail from nobody that reports nothing: {one.id}")
        elif one.id not in known:
            wrong.append(f"{one.id} arrived and was never sent")
            continue
        else:
            origin = known[one.id]
            if one.digest != origin.digest:
                wrong.append(f"{one.id} arrived with other content")
            if one.sender != origin.sender:
                wrong.append(f"{one.id} arrived with the sender {one.sender}")
        for recipient in one.recipients:
            deliveries[one.id, recipient].append(one.at)
            if one.id in known and recipient not in known[one.id].recipients:
                wrong.append(f"{one.id} arrived for {recipient}, who is not its recipient")

    for one in sent:
        for recipient in one.recipients:
            if recipient in queued:
                if deliveries[one.id, recipient] or reports[recipient]:
                    wrong.append(f"{one.id} is done for {recipient} and still in the queue")
            elif recipient in deleted:
                if deliveries[one.id, recipient] or reports[recipient]:
                    wrong.append(f"{one.id} was deleted for {recipient}, and not only that")
            elif refused(recipient):
                count = len(reports[recipient])
                if count > 1 or (one.acknowledged and count != 1):
                    wrong.append(f"{one.id}: {count} DSNs for {recipient}, refused")
            elif one.acknowledged and not deliveries[one.id, recipient]:
                wrong.append(f"{one.id} was acknowledged and never came to {recipient}")

    for (identifier, recipient), times in deliveries.items():
        times.sort()
        for first, second in zip(times, times[1:]):
            if not any(-seen_late_s < kill - first < IN_FLIGHT_S and kill < second
                       for kill in kills):
                wrong.append(f"{identifier} came twice to {recipient} without a kill that "
                             f"explains it: at {first:.3f} and {second:.3f}")
    return wrong


ACCOUNTS_IN = ("accepted", "generated")
ACCOUNTS_OUT = ("delivered", "bounced", "expired", "deleted", "discarded", "replaced", "queued")


def imbalance(accounts):
    """What is wrong with the server's accounts among themselves."""
    came, went = (sum(accounts[name] for name in names) for names in (ACCOUNTS_IN, ACCOUNTS_OUT))
    return [] if came == went else [f"{came} recipients came and {went} are accounted for"]


def account_complaints(accounts, sent, arrived, queued=(), deleted=()):
    """What is wrong with the server's accounts, compared with what was seen from outside; while
    nothing is on its way."""
    wrong = imbalance(accounts)

    def compare(name, low, high=None):
        high = low if high is None else high
        if not low <= accounts[name] <= high:
            wrong.append(f"the server says {accounts[name]} {name}, the ledger {low}"
                         + (f" to {high}" if high > low else ""))

    known = {recipient for one in sent for recipient in one.recipients}
    compare("accepted", sum(len(one.recipients) for one in sent if one.acknowledged),
            sum(len(one.recipients) for one in sent))
    compare("generated", len({one.id for one in arrived if one.report_of})
            + sum(one not in known for one in queued))
    compare("delivered", len({(one.id, r) for one in arrived for r in one.recipients}))
    compare("bounced", len({recipient for one in arrived for recipient in one.report_of}))
    compare("queued", len(queued))
    compare("deleted", len(deleted))
    for name in ("expired", "discarded", "replaced"):
        compare(name, 0)
    return wrong


def as_text(accounts):
    return ", ".join(f"{accounts[name]} {name}" for name in ACCOUNTS_IN + ACCOUNTS_OUT
                     if accounts[name])


def duplicates(arrived):
    """How many deliveries were repetitions."""
    seen = collections.Counter((one.id, r) for one in arrived for r in one.recipients)
    return sum(count - 1 for count in seen.values())
