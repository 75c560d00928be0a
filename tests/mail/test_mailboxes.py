"""Mail that ends here: `routes` leads a domain into Maildirs, and Dovecot reads them by IMAP."""
import contextlib
import json
import mailbox
import os
import smtplib

import pytest

from harness import namespace, until
from harness.dovecot import Dovecot, make_mailboxes
from harness.mail import awkward, dated, simple
from harness.server import PORT

STRANGER = "127.0.0.7"


@pytest.fixture
def boxes(tmp_path):
    return make_mailboxes(tmp_path / "boxes", "anna@example.org", "bert@example.org")


@pytest.fixture
def server(malleposte, boxes, tmp_path):
    routes = tmp_path / "routes"
    routes.write_text(f"example.org maildir:{boxes}/{{domain}}/{{local}}\n* [127.0.0.1]:2600\n")
    return malleposte(routes=routes, relay_domains="example.org",
                      smtpd_trusted_networks="127.0.0.1", retry_first="1s", retry_max="1s")


def new(boxes, user="anna"):
    return sorted((boxes / "example.org" / user / "new").iterdir())


def waits(server, text):
    """Until a message waits for this reason."""
    return until(lambda: any(text in message["reason"] for message in server.queue()),
                 f"mail that waits: {text}")


# clause: 5321-4.4-k 5321-4.4-n
def test_imap_gives_the_mail_as_it_came_with_its_return_path(server, boxes, tmp_path):
    content = b"Return-Path: <liar@example.net>\r\n" + dated(awkward())
    server.send("sender@example.com", ["anna@example.org", "Bert@Example.ORG"], content)
    server.wait_empty()
    with contextlib.closing(Dovecot(tmp_path / "dovecot", boxes)) as dovecot:
        for user, address in (("anna", "anna@example.org"), ("bert", "Bert@Example.ORG")):
            mail, = dovecot.mails(f"{user}@example.org")
            fields, rest = mail.split(b"Received: ", 1)
            assert fields == (f"Return-Path: <sender@example.com>\r\n"
                              f"Delivered-To: {address}\r\n").encode()
            assert rest.endswith(dated(awkward()))
            assert b"liar@example.net" not in mail


# clause: 5321-4.5.3.1.8-c
def test_a_strange_header_is_kept_as_it_came(server, boxes):
    content = (b"Received: nonsense\r\nDate: never\r\nTo: <<>>, nobody@,\r\nFrom:\r\n"
               b"no field at all\r\nReturn-Path: <this@is.text>\r\n\r\nhello\r\n")
    server.send("sender@example.com", "anna@example.org", content)
    server.wait_empty()
    assert new(boxes)[0].read_bytes().endswith(content.replace(b"\r\n", b"\n"))


def test_a_notice_in_a_mailbox_has_an_empty_return_path(server, boxes):
    server.send("", "anna@example.org", simple())
    server.wait_empty()
    mail, = mailbox.Maildir(boxes / "example.org/anna")
    assert mail["Return-Path"] == "<>"
    status = new(boxes)[0].stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (8, 8, 0o600)


def test_who_has_no_mailbox_is_refused_at_rcpt_and_no_notice_is_sent(server, boxes):
    for address in ("127.0.0.1", STRANGER):
        with smtplib.SMTP("127.0.0.1", PORT, source_address=(address, 0)) as client:
            client.ehlo()
            client.mail("sender@example.com")
            assert client.rcpt("nobody@example.org") == (
                550, b"5.1.1 Sorry, there is no mailbox here by that name.")
            assert client.rcpt('"../anna"@example.org')[0] == 550
            assert client.rcpt("anna@example.org")[0] == 250
    assert server.queue() == []


def test_the_postmaster_of_such_a_domain_needs_no_mailbox(server):
    with smtplib.SMTP("127.0.0.1", PORT, source_address=(STRANGER, 0)) as client:
        client.sendmail("sender@example.com", "postmaster@example.org", simple())
    message, = server.queue()
    assert message["state"] == "held"  # until root_address names somebody
    assert message["recipients"][0]["address"] == "postmaster@mx.malleposte.test"


def test_without_its_volume_mail_waits_and_is_not_returned(server, boxes, tmp_path):
    aside = tmp_path / "aside"
    boxes.rename(aside)
    boxes.mkdir()
    server.send("sender@example.com", "anna@example.org", simple())
    waits(server, "its volume may not be mounted")
    boxes.rmdir()
    server.send("sender@example.com", "bert@example.org", simple())
    waits(server, "No such file or directory")
    aside.rename(boxes)
    server.wait_empty()
    assert len(new(boxes)) == len(new(boxes, "bert")) == 1


def test_a_full_disk_defers_and_leaves_nothing_behind(server, boxes):
    place = boxes / "example.org/anna"
    namespace.mount("tmpfs", place, "tmpfs", options="size=64k,mode=700")
    try:
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir()
        server.send("sender@example.com", "anna@example.org", simple(body="x" * 900 + "\r\n"))
        until(lambda: new(boxes), "the first mail")
        large = "".join("y" * 98 + "\r\n" for _ in range(1000))
        server.send("sender@example.com", "anna@example.org", simple("large", large))
        waits(server, "No space left on device")
        assert server.queue()[0]["recipients"][0]["reply"].startswith("4.3.1")
        assert not list((place / "tmp").iterdir())
        namespace.mount("tmpfs", place, "tmpfs", namespace.MS_REMOUNT,
                        options="size=1m")
        server.wait_empty()
        assert len(new(boxes)) == 2
    finally:
        namespace.unmount(place)


def test_mail_that_comes_back_from_a_mailbox_is_a_loop(server, boxes):
    server.send("sender@example.com", "anna@example.org", simple())
    server.wait_empty()
    again = new(boxes)[0].read_bytes().replace(b"\n", b"\r\n")
    code, said = server.send("sender@example.com", "anna@example.org", again)
    assert code == 554 and said.startswith(b"5.4.6")


def test_a_foreign_delivered_to_is_no_loop(server, boxes):
    content = b"Delivered-To: anna@example.org\r\n" + simple()
    server.send("sender@example.com", "anna@example.org", content)
    server.wait_empty()
    assert b"Delivered-To: anna@example.org\n" in new(boxes)[0].read_bytes().split(b"Received:")[1]


def test_what_comes_back_with_others_is_a_loop_for_who_has_had_it(server, boxes, sink):
    hop = sink()
    server.send("sender@example.com", "anna@example.org", simple())
    server.wait_empty()
    again = new(boxes)[0].read_bytes().replace(b"\n", b"\r\n")
    assert server.send("sender@example.com", ["anna@example.org", "bert@example.org"], again)[0] == 250
    server.wait_empty()
    assert len(new(boxes)) == len(new(boxes, "bert")) == 1
    notice, = hop.wait(1)
    assert b"Final-Recipient: rfc822; anna@example.org\r\n" in notice.content
    assert b"Status: 5.4.6\r\n" in notice.content


# clause: 3461-5.2.3-a 3461-5.2.3-b 3461-5.2.3-c
def test_success_is_reported_as_delivered_to_who_asked_for_it(server, sink, boxes):
    hop = sink()
    with smtplib.SMTP("127.0.0.1", PORT) as client:
        for options in ([], ["NOTIFY=FAILURE,DELAY"], ["NOTIFY=NEVER"], ["NOTIFY=SUCCESS"]):
            client.sendmail("sender@example.com", "anna@example.org", simple(),
                            rcpt_options=options)
    server.wait_empty()
    assert len(new(boxes)) == 4
    notice, = hop.wait(1)
    assert b"\r\nAction: delivered\r\n" in notice.content
    assert b"Final-Recipient: rfc822; anna@example.org\r\n" in notice.content
    assert b"/example.org/anna" not in notice.content  # where that is, is nobody's business


def test_the_commands_show_the_way(server, boxes):
    pattern = f"maildir:{boxes}/{{domain}}/{{local}}"
    assert server.cli("dns", "lookup", "example.org") == \
        f"example.org: by routes line 1 (example.org), into {pattern}\n"

    def rehearsed(recipient):
        return json.loads(server.run("test", "--json", "--client", STRANGER, "--from",
                                     "a@b.example", "--to", recipient).stdout)

    last = rehearsed("nobody@example.org")["steps"][-1]
    assert last["reply"] == ["550 5.1.1 Sorry, there is no mailbox here by that name."]
    assert last["because"][-1].startswith("routes leads its domain into mailboxes")
    told = rehearsed("anna@example.org")
    assert told["accepted"] and told["way"]["mailboxes"] == pattern


def test_a_mailbox_that_is_made_by_its_owner_of_links_is_not_written(server, boxes, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    os.rmdir(boxes / "example.org/anna/new")
    os.symlink(secret, boxes / "example.org/anna/new")
    server.send("sender@example.com", "anna@example.org", simple())
    waits(server, "Too many levels of symbolic links")
    assert not list(secret.iterdir())
