"""Parses each message of a JSON list as strictly as Python can, and prints its subject."""
import json
import sys
from email import message_from_bytes, policy

STRICT = policy.SMTP.clone(raise_on_defect=True, utf8=False)
# RFC 5322, 3.6, and RFC 2045, 4.
NEEDED = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version"]

ids = set()
for text in json.load(sys.stdin):
    raw = text.replace("\n", "\r\n").encode("ascii")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")), "a line is too long"
    message = message_from_bytes(raw, policy=STRICT)
    for name in NEEDED:
        values = message.get_all(name, [])
        assert len(values) == 1 and values[0], f"{name}: {values}"
        assert not values[0].defects, f"{name}: {values[0].defects}"
    assert message["Date"].datetime.tzinfo is not None
    assert message["MIME-Version"].major == 1
    left, _, right = str(message["Message-ID"]).strip("<>").partition("@")
    assert left and right == "xn--bcher-kva.example", message["Message-ID"]
    assert message["Message-ID"] not in ids, "not unique"
    ids.add(message["Message-ID"])
    [address] = message["From"].addresses
    assert str(address) == "latchkey@xn--bcher-kva.example", address
    assert [part for part in message.walk() if part.get_content_maintype() == "text"]
    for part in message.walk():
        assert not part.defects, part.defects
        if not part.is_multipart():
            assert part.get_content().strip()
    print(message["Subject"])
