"""A disk that is full, and one that fails: new mail waits outside, nothing accepted is lost."""
import re
import smtplib
import subprocess

import pytest

from harness import namespace, until
from harness.mail import bulk, simple, without_received

HOP = "[127.0.0.1]:2600"


@pytest.fixture
def small_volume(tmp_path):
    """A file system of 16 MB. Asked for before the server, it is there until the server has ended."""
    directory = tmp_path / "volume"
    directory.mkdir()
    namespace.mount("tmpfs", directory, "tmpfs", options="size=16m,mode=755")
    yield directory
    namespace.unmount(directory)


def takes_mail(server):
    with server.connect() as client:
        client.ask("EHLO client.test")
        if not client.ask("MAIL FROM:<anna@example.org>").startswith("250"):
            return False
    return server.send("anna@example.org", "again@example.com", simple())[0] == 250


def test_full_disk(small_volume, malleposte, sink):
    hop = sink()
    server = malleposte(volume_data=small_volume, segment_size="1MB", deliveries_suspended=True,
                        smart_relay=HOP)
    accepted, refusal = [], None
    for number in range(400):
        content = bulk(100_000, number)
        try:
            code, said = server.send("anna@example.org", f"r{number}@example.com", content)
        except AssertionError as at_mail:
            code, said = at_mail.args[0]
        except smtplib.SMTPResponseException as refused:
            code, said = refused.smtp_code, refused.smtp_error
        if code == 250:
            accepted.append(content)
        else:
            refusal = code, said
            break
    assert refusal and refusal[0] == 452 and refusal[1].startswith(b"4.3.1"), refusal
    assert len(accepted) > 40  # a good part of the volume was used for mail
    assert len(server.queue()) == len(accepted)

    # Neither a restart nor a kill on the full disk loses any of it, and all is delivered.
    server.stop()
    server.start()
    assert len(server.queue()) == len(accepted)
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    mails = hop.wait(len(accepted), patience_s=60)
    assert sorted(without_received(mail.content) for mail in mails) == sorted(accepted)
    server.wait_empty()

    # With room again, mail is taken again.
    until(lambda: takes_mail(server), "mail to be taken again")
    hop.mail_to("again@example.com")


def test_full_disk_still_tells_of_refused_mail(small_volume, malleposte, sink):
    """Outcomes and DSNs have their reserve."""
    hop = sink()
    hop.on_rcpt = lambda a: None if a.startswith("anna") else "550 5.1.1 Nobody"
    server = malleposte(volume_data=small_volume, segment_size="1MB", deliveries_suspended=True,
                        smart_relay=HOP)
    count = 0
    while True:
        try:
            code, _ = server.send(f"anna{count}@example.org", "nobody@example.com",
                                  bulk(60_000, count))
        except AssertionError as at_mail:
            code = at_mail.args[0][0]
        if code != 250:
            assert code in (451, 452)
            break
        count += 1
    server.stop()
    server.set(deliveries_suspended=False)
    server.start()
    reports = hop.wait(count, patience_s=60)
    assert sorted(mail.recipients[0] for mail in reports) == \
        sorted(f"anna{number}@example.org" for number in range(count))
    server.wait_empty()


# What is written past the page cache, and what happens when the device does not take it so.
PAST_THE_CACHE = "pwrite64"
NOT_PAST_THE_CACHE = f"{PAST_THE_CACHE}:error=EINVAL"


@pytest.mark.parametrize("faults", [
    [NOT_PAST_THE_CACHE, "fdatasync:error=EIO:when=1"],
    [NOT_PAST_THE_CACHE, "fdatasync:error=EIO:when=4"],
    [NOT_PAST_THE_CACHE, "fdatasync:error=EIO:when=6..7"],
    [NOT_PAST_THE_CACHE, "pwritev:error=EIO:when=3"],
    [NOT_PAST_THE_CACHE, "pwritev:error=ENOSPC:when=5..6"],
    [f"{PAST_THE_CACHE}:error=EIO:when=1"],
    [f"{PAST_THE_CACHE}:error=EIO:when=2..5", "fdatasync:error=EIO:when=1..2"],
], ids=" and ".join)
def test_a_disk_that_fails_once(malleposte, sink, faults):
    """The answer is 250 or 451; what got 250 is there after a kill."""
    hop = sink()
    server = malleposte(deliveries_suspended=True, smart_relay=HOP)
    server.send("anna@example.org", "first@example.com", simple("before the fault"))
    trace = server.directory / "strace"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, "-e",
                               f"trace=fdatasync,pwritev,{PAST_THE_CACHE}",
                               *(word for fault in faults for word in ("-e", f"inject={fault}")),
                               "-p", str(server.process.pid)])
    until(lambda: server.traced, "strace")
    answers = {simple("before the fault"): 250}
    for number in range(12):
        content = simple(f"number {number}")
        try:
            answers[content] = server.send("anna@example.org", f"r{number}@example.com",
                                           content)[0]
        except AssertionError as at_mail:
            answers[content] = at_mail.args[0][0]
        server.queue()  # takes so long that the next one comes in a lull: past the cache
    tracer.terminate()
    tracer.wait()
    for fault in faults:
        met = re.search(rf"{fault.split(':')[0]}\(.*INJECTED", trace.read_text())
        assert met, f"{fault} was not met"
    assert set(answers.values()) <= {250, 451, 452}, answers
    until(lambda: takes_mail(server), "mail to be taken again")
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    kept = [content for content, code in answers.items() if code == 250]
    hop.wait(len(kept))
    server.wait_empty()
    arrived = {without_received(mail.content) for mail in hop.mails
               if mail.recipients != ["again@example.com"]}
    assert set(kept) <= arrived <= set(answers)
