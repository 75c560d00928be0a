"""The ledger sees what it is there to see."""
import dataclasses

import pytest

from harness.ledger import Arrived, Sent, account_complaints, complaints, report_recipients

SENT = Sent("m1", "s-m1@sender.test", ("ok-m1@hop.test", "nobody-m1@hop.test"), "d1", True)
MAIL = Arrived("m1", "s-m1@sender.test", ("ok-m1@hop.test",), "d1", at=10.0)
REPORT = Arrived("<r1@mx>", "", ("s-m1@sender.test",), "x", at=11.0,
                 report_of=("nobody-m1@hop.test",))
KILLS = [10.1, 12.0]


def again(one, at, **changes):
    return dataclasses.replace(one, at=at, **changes)


@pytest.mark.parametrize("arrived", [
    [MAIL, REPORT],
    [MAIL, again(MAIL, 10.2), REPORT],  # in flight at the kill of 10.1
    [MAIL, again(REPORT, 11.9), again(REPORT, 12.1)],  # the DSN was
], ids=["once", "mail-in-flight", "dsn-in-flight"])
def test_nothing_wrong(arrived):
    assert complaints([SENT], arrived, KILLS) == []


@pytest.mark.parametrize("arrived,word", [
    ([REPORT], "never came"),
    ([MAIL], "0 DSNs"),
    ([MAIL, REPORT, again(REPORT, 11.1, id="<r2@mx>")], "2 DSNs"),
    ([MAIL, again(MAIL, 10.05), REPORT], "without a kill"),
    ([again(MAIL, 8.0), again(MAIL, 10.2), REPORT], "without a kill"),
    ([again(MAIL, 10.0, digest="other"), REPORT], "other content"),
    ([again(MAIL, 10.0, recipients=("eve@hop.test",)), MAIL, REPORT], "not its recipient"),
    ([MAIL, REPORT, again(MAIL, 10.0, id="m2")], "never sent"),
    ([MAIL, again(REPORT, 11.0, recipients=("eve@hop.test",))], "went to"),
])
def test_each_wrong_is_seen(arrived, word):
    assert any(word in one for one in complaints([SENT], arrived, KILLS))


@pytest.mark.parametrize("seen_late_s,excused", [(1.0, False), (3.0, True)])
def test_what_is_passed_on_slowly_was_in_flight_before_it_is_seen(seen_late_s, excused):
    arrived = [again(MAIL, 12.1), again(MAIL, 12.5), REPORT]
    wrong = complaints([SENT], arrived, [10.1], seen_late_s=seen_late_s)
    assert (wrong == []) == excused, wrong


def test_what_waits_is_neither_delivered_nor_reported():
    queued = ("ok-m1@hop.test", "nobody-m1@hop.test")
    assert complaints([SENT], [], [], queued) == []
    assert any("still in the queue" in one for one in complaints([SENT], [MAIL], [], queued))
    assert any("still in the queue" in one for one in complaints([SENT], [REPORT], [], queued))


ACCOUNTS = {"accepted": 2, "generated": 1, "delivered": 2, "bounced": 1, "expired": 0, "deleted": 0,
            "discarded": 0, "replaced": 0, "queued": 0}


def test_accounts_agree_with_the_ledger():
    assert account_complaints(ACCOUNTS, [SENT], [MAIL, again(MAIL, 10.2), REPORT]) == []
    waiting = {**ACCOUNTS, "delivered": 1, "queued": 1}
    assert account_complaints(waiting, [SENT], [REPORT], ["ok-m1@hop.test"]) == []


@pytest.mark.parametrize("changes,word", [
    ({"accepted": 3}, "4 recipients came and 3"),
    ({"accepted": 1, "delivered": 1}, "1 accepted"),  # balances, but something was forgotten
    ({"accepted": 3, "delivered": 3}, "3 accepted"),
    ({"delivered": 1, "expired": 1}, "1 delivered"),
    ({"bounced": 0, "delivered": 3}, "0 bounced"),
    ({"generated": 0, "delivered": 1}, "0 generated"),
    ({"delivered": 1, "queued": 1}, "1 queued"),
])
def test_each_wrong_account_is_seen(changes, word):
    wrong = account_complaints({**ACCOUNTS, **changes}, [SENT], [MAIL, REPORT])
    assert any(word in one for one in wrong), wrong


def test_unacknowledged_mail_may_be_lost_but_not_changed():
    unsure = dataclasses.replace(SENT, acknowledged=False)
    assert complaints([unsure], [], KILLS) == []
    assert complaints([unsure], [again(MAIL, 10.0, digest="other")], KILLS) != []


def test_recipients_of_a_dsn():
    assert report_recipients(b"Final-Recipient: rfc822;a@b\r\nAction: failed\r\n\r\n"
                             b"Final-Recipient: rfc822; c@d\r\n") == ("a@b", "c@d")
