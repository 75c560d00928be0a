"""kill -9 while mail goes into mailboxes: what was acknowledged is there once, also what was being
written when the kill came."""
import mailbox
import os
import random
import re
import smtplib
import threading
import time

from harness.dovecot import make_mailboxes
from harness.mail import simple
from harness.server import PORT

KILLS = 100 if "MALLEPOSTE_LONG_TESTS" in os.environ else 15
USERS = ["anna", "bert", "carl"]
SENDERS = 3


class Senders:
    """Send a mail after the other, each to one or all users, and never the same again."""

    def __init__(self, seed):
        self.lock = threading.Lock()
        self.number = 0
        self.acknowledged = {}  # number -> its users
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(random.Random(seed + i),))
                        for i in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def send(self, draw):
        while not self.ended.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", PORT, timeout=60) as client:
                    while not self.ended.is_set():
                        with self.lock:
                            self.number += 1
                            number = self.number
                        users = USERS if draw.random() < 0.3 else [draw.choice(USERS)]
                        body = "x" * draw.choice([10, 1000, 70, 98]) + "\r\n"
                        body *= draw.choice([1, 1, 1000])
                        client.sendmail("sender@example.com", [f"{u}@example.org" for u in users],
                                        simple(f"number {number}", body))
                        self.acknowledged[number] = users
            except (OSError, smtplib.SMTPException):
                time.sleep(0.01)  # it is down, and will be back

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def test_what_was_acknowledged_is_in_the_mailbox_once(malleposte, tmp_path, capsys):
    seed = int(os.environ.get("MALLEPOSTE_SEED", random.randrange(1 << 30)))
    print(f"MALLEPOSTE_SEED={seed}")
    draw = random.Random(seed)
    boxes = make_mailboxes(tmp_path / "boxes", *(f"{user}@example.org" for user in USERS))
    routes = tmp_path / "routes"
    routes.write_text(f"example.org maildir:{boxes}/{{domain}}/{{local}}\n")
    server = malleposte(routes=routes, retry_first="1s", retry_max="1s")
    senders = Senders(seed)
    try:
        for _ in range(KILLS):
            time.sleep(draw.uniform(0.05, 0.5))  # the chance moment of the kill is what is tested
            server.kill()
            server.start()
    finally:
        senders.end()
    server.wait_empty()
    found = 0
    for user in USERS:
        place = boxes / "example.org" / user
        assert not list((place / "tmp").iterdir())
        numbers = [int(re.search(r"number (\d+)", mail["Subject"])[1])
                   for mail in mailbox.Maildir(place)]
        assert len(numbers) == len(set(numbers)), "a mail is there twice"
        lost = {number for number, users in senders.acknowledged.items() if user in users} \
            - set(numbers)
        assert not lost, f"{user} lacks {sorted(lost)[:10]}"
        found += len(numbers)
    accounts = server.accounts()  # which have balanced after each start too, see Malleposte.start
    assert accounts["accepted"] == accounts["delivered"] == found, accounts
    assert accounts["queued"] == accounts["bounced"] == 0
    with capsys.disabled():
        print(f"\n{KILLS} kills, {len(senders.acknowledged)} of {senders.number} mails "
              f"acknowledged, {found} in the mailboxes, each once")
