"""kill -9, again and again, under load: nothing acknowledged is lost, and nothing comes twice but
what was in flight."""
import multiprocessing
import os
import random
import time

import load
import next_hop

from harness import ledger, until

LONG = "MALLEPOSTE_LONG_TESTS" in os.environ
KILLS = 1000 if LONG else 200
ACKNOWLEDGED = 100_000 if LONG else 20_000
SESSIONS = 12
HOP_PORT = 2600


def process(target, *arguments):
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=target, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def test_nothing_acknowledged_is_lost(malleposte, capsys):
    seed = int(os.environ.get("MALLEPOSTE_SEED", random.randrange(1 << 30)))
    print(f"MALLEPOSTE_SEED={seed}")
    draw = random.Random(seed)
    arrived_count = multiprocessing.Value("q", 0)
    acknowledged = multiprocessing.Value("q", 0)
    hop, hop_pipe = process(next_hop.run, arrived_count, seed, HOP_PORT)
    assert hop_pipe.recv() == "listening"
    server = malleposte(started=False, smart_relay=f"[127.0.0.1]:{HOP_PORT}",
                        retry_first="1s", retry_max="2s", segment_size="4MB")
    clients, clients_pipe = process(load.run, acknowledged, seed, SESSIONS, 2525)

    kills = []
    while len(kills) < KILLS or acknowledged.value < ACKNOWLEDGED:
        server.start()
        # Every tenth life is longer, so that a delivery can come twice that had no excuse.
        time.sleep(3 if len(kills) % 10 == 9 else draw.uniform(0.05, 0.4))
        assert clients.is_alive() and hop.is_alive()
        assert server.process.poll() is None, server.output()
        if len(kills) % 10 == 5:  # under load, shortly after a crash
            sure, accounts = acknowledged.value, server.accounts()
            assert accounts["accepted"] >= sure, accounts
        kills.append(time.monotonic())
        server.kill()
        assert len(kills) < 5 * KILLS, f"only {acknowledged.value} acknowledged: too slow"
        if len(kills) % 20 == 0:
            print(f"{len(kills)} kills, {acknowledged.value} acknowledged, "
                  f"{arrived_count.value} arrived", flush=True)

    # Still under load, one last time; then the clients stop and all drains.
    server.start()
    clients_pipe.send("stop")
    sent = clients_pipe.recv()
    clients.join()
    until(lambda: server.queue() == [], "the queue to drain", patience_s=120,
          pause_s=0.5)
    hop_pipe.send("stop")
    arrived = hop_pipe.recv()
    hop.join()

    accounts = server.accounts()
    wrong = ledger.complaints(sent, arrived, kills) + \
        ledger.account_complaints(accounts, sent, arrived)
    with capsys.disabled():
        print(f"\n{len(kills)} kills, {sum(one.acknowledged for one in sent)} of {len(sent)} mails "
              f"acknowledged, {len(arrived)} arrived, {sum(bool(a.report_of) for a in arrived)} "
              f"DSNs, {ledger.duplicates(arrived)} duplicates in flight at a kill\n"
              f"the server's accounts: {ledger.as_text(accounts)}")
    assert not wrong, f"{len(wrong)} complaints (seed {seed}): " + "; ".join(wrong[:20])
