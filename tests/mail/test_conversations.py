"""The conversations of tests/conversations, over sockets, against the running server, with what is
queued checked in what then arrives."""
import importlib.util
import pathlib

from harness.mail import without_received

HERE = pathlib.Path(__file__).resolve().parent.parent / "conversations"
_spec = importlib.util.spec_from_file_location("conversations", HERE / "run_against_server.py")
conversations = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conversations)


def ended(content):
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def test_conversations(malleposte, sink):
    hop = sink()
    server = malleposte(**{**conversations.PROPERTIES, "deliveries_suspended": "no",
                           "smart_relay": "[127.0.0.1]:2600"})

    def arrived(since):
        return {(mail.sender, recipient, without_received(mail.content))
                for mail in hop.mails[since:] for recipient in mail.recipients
                if mail.content.startswith(b"Received:")}  # not the DSNs that were asked for

    wrong = {}
    everything = set()
    for path in conversations.scripts():
        script = conversations.Script(path)
        if not script.delivered:
            continue
        since = len(hop.mails)
        trouble = conversations.converse(script, "127.0.0.1", 2525)
        if trouble:
            wrong[script.name] = trouble
            continue
        # What came by BDAT may lack its last line end; DATA gives it one.
        expected = {(sender[1:-1], recipient[1:-1], ended(content))
                    for sender, recipients, content in script.queued for recipient in recipients}
        everything |= expected
        hop.wait_for(lambda: expected <= arrived(since), f"what {script.name} queued")
    assert wrong == {}
    server.wait_empty()
    assert arrived(0) == everything


def test_conversations_of_strangers_go_the_same_over_ipv6(malleposte):
    malleposte(**{**conversations.PROPERTIES, "in": "127.0.0.1, ::1"})
    wrong = {}
    for path in conversations.scripts():
        script = conversations.Script(path)
        if script.client == "stranger":
            trouble = conversations.converse(script, "::1", 2525, None)
            if trouble:
                wrong[script.name] = trouble
    assert wrong == {}
