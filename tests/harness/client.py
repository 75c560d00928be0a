"""A client that submits mail as it is, by smtplib."""
import smtplib


def send(port, sender, recipients, content, mail_options=(), rcpt_options=()):
    """Sends bytes (CRLF lines) to 127.0.0.1:port and returns the answer to the dot. What is refused
    before is an AssertionError with the answer."""
    recipients = [recipients] if isinstance(recipients, str) else recipients
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=60) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        code, said = client.mail(sender, list(mail_options))
        assert code == 250, (code, said)
        for one in recipients:
            code, said = client.rcpt(one, list(rcpt_options))
            assert code == 250, (one, code, said)
        return client.data(content)
