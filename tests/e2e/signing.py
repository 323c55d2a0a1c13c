# SPDX-License-Identifier: Apache-2.0
"""Mail signed by dkimpy, and the records of the keys.

The keys are those of tests/auth/dkim, whose signer signs what dkimpy does not.
"""
import base64
import sys

import dkim

import harness

sys.path.insert(0, str(harness.SOURCE / "tests/auth/dkim"))
import signer  # pylint: disable=wrong-import-position
from signer import Ed25519Key, RsaKey, der, der_number  # pylint: disable=wrong-import-position

SIGNED_FIELDS = ("from", "to", "subject")


def private(key):
    """As dkimpy takes it."""
    if isinstance(key, Ed25519Key):
        return base64.b64encode(bytes(key.key))
    p, q = key.primes
    numbers = (0, key.modulus, signer.EXPONENT, key.private, p, q, key.private % (p - 1),
               key.private % (q - 1), pow(q, -1, p))
    text = base64.encodebytes(der(0x30, *map(der_number, numbers)))  # RFC 8017 section A.1.2
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + text + b"-----END RSA PRIVATE KEY-----\n"


def sign(message, key, domain, selector, fields=SIGNED_FIELDS, **options):
    """The message with a signature on top. `options` are those of dkim.DKIM.sign."""
    one = dkim.DKIM(message)
    one.should_not_sign = ()
    return one.sign(selector.encode(), domain.encode(), private(key), key.algorithm.encode(),
                    include_headers=[name.encode() for name in fields], **options) + message


def record(name, text, size=200):
    """A line of a zone: a TXT record in strings of that size."""
    strings = " ".join(f'"{text[at:at + size]}"' for at in range(0, len(text), size))
    return f"{name} TXT {strings}\n"


def key_record(selector, domain, key, **options):
    """`domain` as the zone has it."""
    return record(f"{selector}._domainkey.{domain}", key.record(), **options)
