"""A mail of 50 MB passes through 16 MB of additional memory."""
from harness.mail import bulk, simple, without_received

SIZE = 50_000_000
ADDITIONAL = 16 * 2**20


# clause: 5321-4.5.3.1.7-a
def test_in_and_out(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay="[127.0.0.1]:2600", message_size_limit="60MB")
    for number in range(5):  # what the first mails of all need is not additional
        server.send("anna@example.org", "bert@example.com", simple(str(number)))
    hop.wait(5)
    server.wait_empty()
    server.reset_resident_peak()
    before = server.resident_bytes
    content = bulk(SIZE, "a large one")
    code, said = server.send("anna@example.org", "bert@example.com", content,
                             options=[f"SIZE={SIZE}"])
    assert code == 250, said
    arrived = hop.wait(6, patience_s=120)[5]
    additional = server.resident_peak_bytes - before
    assert without_received(arrived.content) == content
    assert additional < ADDITIONAL, f"{additional / 2**20:.1f} MB"
    server.wait_empty()


def test_held_back_it_is_read_again_after_a_restart(malleposte, sink):
    hop = sink()
    server = malleposte(smart_relay="[127.0.0.1]:2600", deliveries_suspended=True)
    content = bulk(20_000_000, "kept")
    server.send("anna@example.org", ["bert@example.com", "cleo@example.com"], content)
    server.kill()
    server.set(deliveries_suspended=False)
    server.start()
    assert without_received(hop.wait(1, patience_s=60)[0].content) == content
    server.wait_empty()
