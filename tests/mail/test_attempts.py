"""Every attempt is remembered and has a class: in `queue show`, the API, the log and the figures."""
import datetime
import json
import re
import urllib.request

from harness import until
from harness.mail import simple
from harness.server import UI_PORT

HOP = "[127.0.0.1]:2600"


def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{UI_PORT}{path}", timeout=10) as answer:
        return answer.read().decode()


def one_more_attempt(server, attempts):
    """Tries now, and waits until that many have failed in all."""
    server.cli("queue", "flush", "--yes")
    return server.wait_queue(lambda q: q and q[0]["attempts"] == attempts, f"attempt {attempts}")[0]


def test_all_attempts_are_shown_also_after_a_kill(malleposte, sink):
    hop = sink()
    hop.close()
    server = malleposte(smart_relay=HOP)
    server.send("anna@example.org", "bert@example.com", simple())
    message = server.wait_queue(lambda q: q and q[0]["attempts"] == 1, "a deferral")[0]
    assert message["recipients"][0]["class"] == "network"
    hop.open()
    hop.on_rcpt = lambda _address: "450 4.2.0 Greylisted, come back in 300 seconds"
    assert one_more_attempt(server, 2)["recipients"][0]["class"] == "greylisted"
    server.kill()
    server.start()
    hop.on_rcpt = lambda _address: "452 4.2.2 The mailbox is over quota"
    one_more_attempt(server, 3)
    server.stop()
    server.start()

    shown = json.loads(server.cli("queue", "show", message["id"], "--json"))
    recipient = shown["recipients"][0]
    assert (recipient["attempts"], recipient["attempts_left_out"]) == (3, 0)
    assert recipient["class"] == "mailbox_full"
    first, second, third = recipient["history"]
    assert (first["class"], first["code"], first["status"]) == ("network", 0, "4.4.1")
    assert (second["class"], second["code"], second["status"], second["text"]) == \
        ("greylisted", 450, "4.2.0", "Greylisted, come back in 300 seconds")
    assert (third["class"], third["code"], third["status"]) == ("mailbox_full", 452, "4.2.2")
    assert all(attempt["address"] == "127.0.0.1:2600" for attempt in recipient["history"])
    times = [datetime.datetime.fromisoformat(attempt[name].replace("Z", "+00:00"))
             for attempt in recipient["history"] for name in ("began", "ended")]
    assert times == sorted(times)

    assert shown.pop("why")[0]["clauses"][0].startswith("deferred: 127.0.0.1:2600 said 452 4.2.2")
    assert json.loads(get(f"/api/v1/queue/messages/{message['id']}")) == shown
    assert server.queue("--class", "mailbox_full") and not server.queue("--class", "network")
    text = server.cli("queue", "show", message["id"])
    for number, word in ((1, "network"), (2, "greylisted"), (3, "mailbox_full")):
        assert re.search(rf"^attempt {number} +\S+Z to \S+Z {word}$", text, re.M), text
    assert "127.0.0.1[127.0.0.1:2600]: 452 4.2.2 The mailbox is over quota" in text


def test_the_class_is_in_log_events_and_figures(malleposte, sink, tmp_path):
    hop = sink()
    hop.on_rcpt = lambda a: {"gone@example.com": "550 5.1.1 No such user",
                             "spam@example.com": "550 5.7.1 This looks like spam",
                             "busy@example.com": "421 4.7.0 Too many connections"}.get(a)
    logs = tmp_path / "logs"
    logs.mkdir()
    server = malleposte(smart_relay=HOP, logs_enabled=True, log=logs, maillog_filename="maillog")
    for who in ("good", "gone", "spam"):
        server.send("anna@example.org", f"{who}@example.com", simple())
    hop.wait(3)  # with two DSNs: the site is left alone from now on
    server.send("anna@example.org", "busy@example.com", simple())
    server.wait_queue(lambda q: [m["recipients"][0]["class"] for m in q] == ["rate_limited"],
                      "one deferral, everything else done")
    hop.mail_to("anna@example.org")

    until(lambda: 'result="sent",class="delivered"} 3' in get("/metrics"),  # one mail, two DSNs
          "the deliveries in the figures")
    figures = get("/metrics")
    for result, word in (("bounced", "unknown_user"), ("bounced", "spam_block"),
                         ("deferred", "rate_limited")):
        assert f'malleposte_deliveries_total{{result="{result}",class="{word}"}} 1\n' in figures

    def lines(name):
        return (logs / name).read_text().splitlines()

    until(lambda: sum(" status=" in line for line in lines("maillog")) == 6, "all outcomes in the log")
    ends = {re.search(r"to=<(\w+)@", line)[1]: line.rsplit(") ", 1)[-1]
            for line in lines("maillog") if " status=" in line and "status=sent" not in line}
    assert ends == {"gone": "class=unknown_user", "spam": "class=spam_block",
                    "busy": "class=rate_limited"}
    # What scripts look for in these lines stands where it stood.
    assert any(re.search(r"to=<gone@example\.com>, relay=[^,]+, delay=[\d.]+, dsn=5\.1\.1, "
                         r"status=bounced \(550 5\.1\.1 No such user\)", line)
               for line in lines("maillog"))
    events = [json.loads(line) for line in lines("maillog.events.jsonl")]
    assert {(e["recipient"], e["class"]) for e in events
            if e["event"] == "outcome" and e["recipient"].endswith(".com")} == \
        {("good@example.com", "delivered"), ("gone@example.com", "unknown_user"),
         ("spam@example.com", "spam_block"), ("busy@example.com", "rate_limited")}
