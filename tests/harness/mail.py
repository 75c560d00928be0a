"""Mails for tests, and what must be the same when they arrive."""
import hashlib
import random
import re


def simple(subject="test", body="Hello.\r\n"):
    return (f"From: Anna <anna@example.org>\r\nTo: Bert <bert@example.com>\r\n"
            f"Subject: {subject}\r\n\r\n{body}").encode()


def dated(content):
    """With the fields that are added where they are missing."""
    return (b"Date: Thu, 26 Nov 2026 12:00:00 +0000\r\n"
            b"Message-ID: <1@example.org>\r\n" + content)


def awkward(size=20_000, seed=1):
    """A mail with all that breaks careless relays: lines of dots, empty lines, 8-bit octets, lines
    of the greatest length, spaces at ends, a folded field, no known charset."""
    draw = random.Random(seed)
    lines = [b"From: anna@example.org", b"To: bert@example.com", b"Subject: awkward",
             b"\tfolded  ", b"X-Empty:", b"", b".", b"..", b"...", b". .", b"From here it goes on",
             b"", b"", b"trailing space ", b"\ttab\t", bytes(range(0xa0, 0x100)), b"x" * 998,
             b"." + b"y" * 997]
    length = sum(len(line) + 2 for line in lines)
    while length < size:
        line = bytes(draw.choice(b"abc .\t\xc3\xa9") for _ in range(draw.randrange(0, 120)))
        lines.append(line)
        length += len(line) + 2
    return b"\r\n".join(lines) + b"\r\n"


def bulk(size, mark):
    """A large mail whose content is told apart by `mark`."""
    head = f"From: anna@example.org\r\nSubject: bulk {mark}\r\n\r\n".encode()
    line = (hashlib.sha256(str(mark).encode()).hexdigest() + "\r\n").encode()
    body = line * ((size - len(head)) // len(line) + 1)
    return head + body[: size - len(head) - 2] + b"\r\n"


def split_received(content):
    """(the first Received field, everything after it); fails when there is none on top. What is
    added to a header together with that field (Message-ID and Date, which have its id and its time)
    is left out."""
    assert content[:9].lower() == b"received:", content[:80]
    end = content.find(b"\r\n") + 2
    while content[end : end + 1] in (b" ", b"\t"):
        end = content.find(b"\r\n", end) + 2
    field, rest = content[:end], content[end:]
    made = re.search(rb"\sby (\S+) with \S+ id (\w+)(?:\s.*)?; ([^;]*)\r\n$", field, re.S)
    if made:
        host, identifier, date = made.groups()
        rest = rest.replace(b"Message-ID: <%s@%s>\r\n" % (identifier, host), b"", 1)
        rest = rest.replace(b"Date: %s\r\n" % date, b"", 1)
    return field, rest


def as_given(content, hops=1):
    """What a mail was that went through us, and through hops - 1 others before: below our Received
    field and theirs."""
    ours, content = split_received(content)
    assert b"by mx.malleposte.test" in ours, ours
    return without_received(content, hops - 1)


def without_received(content, count=1):
    for _ in range(count):
        content = split_received(content)[1]
    return content
