"""The neighbours themselves, without Malleposte: when these fail, look at the machine."""
import smtplib

from harness.mail import awkward, without_received


def test_sink_keeps_every_octet(sink):
    hop = sink()
    with smtplib.SMTP("127.0.0.1", hop.port) as client:
        client.sendmail("a@example.org", ["b@example.com"], awkward())
    mail, = hop.wait(1)
    assert (mail.sender, mail.recipients, mail.content) == \
        ("a@example.org", ["b@example.com"], awkward())


def test_postfix_relays_what_nsd_names(sink, postfix, dns):
    hop = sink(port=25, host="127.0.0.2")
    dns({"example.com": ["@ MX 10 mx", "mx A 127.0.0.2"]})
    neighbour = postfix(inet_interfaces="127.0.0.1")
    neighbour.source(neighbour.port, "-m", "3", "-l", "2000", "-f", "a@example.org",
                     "-t", "b@example.com")
    assert len(hop.wait(3)) == 3
    with smtplib.SMTP("127.0.0.1", neighbour.port) as client:
        client.sendmail("a@example.org", ["b@example.com"], awkward())
    assert without_received(hop.wait(4)[3].content) == awkward()
