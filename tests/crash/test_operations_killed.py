"""kill -9 while an operator is at the queue: what was answered is in force after every start, and
what was deleted can be brought back."""
import json
import os
import random
import subprocess
import time

from harness.mail import simple
from harness.server import BINARY

KILLS = 150 if "MALLEPOSTE_LONG_TESTS" in os.environ else 30
MAILS = 12
UNDO_S = 60


def words(draw):
    """A command on messages, and what it makes of each."""
    return draw.choice([
        (["hold"], {"held": True}),
        (["release"], {"held": False}),
        (["delete"], {"deleted": True}),
        (["delete"], {"deleted": True}),
        (["undelete"], {"deleted": False}),
        (["undelete"], {"deleted": False}),
        (["reroute", "--to", f"[192.0.2.{draw.randrange(1, 250)}]"], None),
        (["reroute"], {"next_hop": ""}),
    ])


class Queue:
    """What each message may be, as (held, deleted, next hop): one value each, until somebody is
    killed before he answered."""

    def __init__(self, ids):
        self.may = {one: {"held": {False}, "deleted": {False}, "next_hop": {""}} for one in ids}
        self.deleted_at = {}

    def said(self, ids, change, sure):
        for one in ids:
            for field, value in change.items():
                known = self.may[one][field]
                self.may[one][field] = {value} if sure else known | {value}
            if change.get("deleted"):
                self.deleted_at.setdefault(one, time.time())

    def compare(self, found):
        for one, may in list(self.may.items()):
            if one not in found:
                assert True in may["deleted"] and \
                    time.time() - self.deleted_at[one] > UNDO_S - 2, f"{one} is lost"
                del self.may[one]
                continue
            message = found[one]
            is_ = {"deleted": message["state"] == "deleting", "next_hop": message.get("next_hop", "")}
            if not is_["deleted"]:
                is_["held"] = message["state"] == "held"
                self.deleted_at.pop(one, None)
            for field, value in is_.items():
                assert value in may[field], f"{one}: {field} is {value}, expected {may[field]}"
                may[field] = {value}


def test_what_was_answered_is_in_force(malleposte, capsys):
    seed = int(os.environ.get("MALLEPOSTE_SEED", random.randrange(1 << 30)))
    print(f"MALLEPOSTE_SEED={seed}")
    draw = random.Random(seed)
    server = malleposte(deliveries_suspended=True, smart_relay="[127.0.0.1]:2600")
    for number in range(MAILS):
        server.send("anna@example.org", f"r{number}@example.com", simple(f"number {number}"))
    queue = Queue([message["id"] for message in server.queue()])
    orders, answered = {}, 0  # reason -> whether it must be there
    for number in range(KILLS):
        ids = draw.sample(sorted(queue.may), min(len(queue.may), draw.randrange(1, 5)))
        command, change = words(draw)
        if draw.random() < 0.25:
            reason = f"order-{number}"
            command, change = ["orders", "suspend", "example.net", "--reason", reason], None
            orders[reason] = None
        elif command[0] == "reroute" and change is None:
            command, change = ["queue", *command, *ids], {"next_hop": command[2]}
        else:
            command = ["queue", *command, *ids]
        if command[1] == "delete":
            command.append("--yes")
        asked = subprocess.Popen([BINARY, "--config", str(server.config), *command],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Right after the answer, or at any time before: the chance moment of the kill is what is tested.
        if draw.random() < 0.5:
            asked.wait(timeout=60)
        else:
            time.sleep(draw.uniform(0, 0.2))
        server.kill()
        asked.communicate(timeout=60)
        sure = asked.returncode == 0
        answered += sure
        if command[0] == "orders":
            orders[reason] = True if sure else None
        else:
            queue.said(ids, change, sure)
        server.start()
        queue.compare({message["id"]: message for message in server.queue()})
        given = json.loads(server.cli("orders", "list", "--json"))["orders"]
        there = {one["reason"] for one in given}
        assert len({one["number"] for one in given}) == len(given)
        for reason, must in list(orders.items()):
            assert reason in there or not must, f"{reason} was given and is lost"
            orders[reason] = reason in there
        assert there <= {reason for reason, must in orders.items() if must}
    server.cli("queue", "undelete")
    server.cli("queue", "release")
    assert {message["state"] for message in server.queue()} <= {"active"}
    accounts = server.accounts()
    assert accounts["queued"] + accounts["deleted"] == MAILS == accounts["accepted"]
    with capsys.disabled():
        print(f"\n{KILLS} kills, {answered} operations answered before, "
              f"{accounts['deleted']} mails deleted, {len(given)} orders in force")
