"""A signer of our own, that signs whatever it is told: fields and tags in any form, by RFC 6376.

It shares nothing with the verifiers that are compared.
"""

import base64
import hashlib
import re

from keys import KEYS

EXPONENT = 65537
RSA_ALGORITHM = bytes.fromhex("06092a864886f70d0101010500")
# RFC 8017 section 9.2, note 1
DIGESTS = {"sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
           "sha1": bytes.fromhex("3021300906052b0e03021a05000414")}
FOLD = re.compile(rb"\r\n(?=[ \t])")


def der(tag, *values):
    value = b"".join(values)
    size = len(value)
    length = bytes([size]) if size < 128 else (
        bytes([0x81, size]) if size < 256 else bytes([0x82, size >> 8, size & 255]))
    return bytes([tag]) + length + value


def der_number(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


class RsaKey:
    algorithm = "rsa-sha256"

    def __init__(self, bits, digest="sha256"):
        p, q = (int(prime, 16) for prime in KEYS[bits])
        self.modulus = p * q
        self.private = pow(EXPONENT, -1, (p - 1) * (q - 1))
        self.primes = p, q
        self.digest = digest
        self.algorithm = f"rsa-{digest}"

    def plain(self):
        """RSAPublicKey"""
        return der(0x30, der_number(self.modulus), der_number(EXPONENT))

    def info(self):
        """SubjectPublicKeyInfo"""
        return der(0x30, der(0x30, RSA_ALGORITHM), der(3, b"\0", self.plain()))

    def record(self):
        return "v=DKIM1; k=rsa; p=" + base64.b64encode(self.info()).decode()

    def sign(self, data):
        """EMSA-PKCS1-v1_5, and the private key by its primes"""
        size = (self.modulus.bit_length() + 7) // 8
        end = b"\0" + DIGESTS[self.digest] + hashlib.new(self.digest, data).digest()
        text = int.from_bytes(b"\0\1" + b"\xff" * (size - 2 - len(end)) + end, "big")
        p, q = self.primes
        at_p, at_q = (pow(text, self.private % (prime - 1), prime) for prime in (p, q))
        signature = at_q + (at_p - at_q) * pow(q, -1, p) % p * q
        return signature.to_bytes(size, "big")


class Ed25519Key:
    algorithm = "ed25519-sha256"
    digest = "sha256"

    def __init__(self, seed=1):
        # Here, so that whoever signs by RSA needs no more than Python itself.
        import nacl.signing  # pylint: disable=import-outside-toplevel
        self.key = nacl.signing.SigningKey(bytes([seed]) * 32)

    def public(self):
        return bytes(self.key.verify_key)

    def record(self):
        return "v=DKIM1; k=ed25519; p=" + base64.b64encode(self.public()).decode()

    def sign(self, data):
        return self.key.sign(hashlib.sha256(data).digest()).signature


def split(message):
    """The fields, each with its CRLF, and the body."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = re.findall(rb"[^\r\n][^\n]*\n(?:[ \t][^\n]*\n)*", header + b"\r\n")
    return fields, body


def name_of(field):
    return field.partition(b":")[0].strip(b" \t").lower()


def canonical_field(field, method):
    """Section 3.4.1 and 3.4.2"""
    if method == "simple":
        return field
    name, _, value = field.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", FOLD.sub(b"", value.removesuffix(b"\r\n"))).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def canonical_body(body, method):
    """Section 3.4.3 and 3.4.4"""
    lines = body.split(b"\r\n")
    if method == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return b"" if method == "relaxed" else b"\r\n"
    return b"\r\n".join(lines) + b"\r\n"


def methods(tags):
    header, _, body = re.sub(r"\s", "", tags.get("c", "simple")).partition("/")
    return header, body or "simple"


def without_b(field):
    """Section 3.7: the value of b= is deleted, with all white space around it."""
    begin, _, value = field.partition(b":")
    specs = value.removesuffix(b"\r\n").split(b";")
    emptied = [spec.partition(b"=")[0] + b"=" if spec.partition(b"=")[0].strip() == b"b" else spec
               for spec in specs]
    return begin + b":" + b";".join(emptied) + b"\r\n"


def parse(field):
    specs = (spec.partition("=") for spec in field.partition(b":")[2].decode().split(";"))
    return {name.strip(): value.strip() for name, _, value in specs}


def signed_data(fields, field, tags, header_method):
    """What is hashed: the named fields from the bottom up, then the signature (section 3.7)."""
    left = [one for one in fields if one is not field]
    data = b""
    for name in tags.get("h", "").split(":"):
        wanted = re.sub(r"\s", "", name).lower().encode()
        found = next((one for one in reversed(left) if name_of(one) == wanted), None)
        if found is not None:
            left = [one for one in left if one is not found]
            data += canonical_field(found, header_method)
    return data + canonical_field(without_b(field), header_method).removesuffix(b"\r\n")


def folded(text, width=60):
    return "\r\n ".join(text[at:at + width] for at in range(0, len(text), width))


def sign(message, key, field, body=None):
    """`message` with a signature on top. `field` is its text without the CRLF, with {a}, {bh} and
    {b} for what is to be computed. `body` stands in for the one that is hashed."""
    fields, own_body = split(message)
    tags = parse(field.encode())
    header_method, body_method = methods(tags)
    text = canonical_body(own_body if body is None else body, body_method)
    if "l" in tags and tags["l"].isdigit():
        text = text[:int(tags["l"])]
    body_hash = base64.b64encode(hashlib.new(key.digest, text).digest()).decode()
    known = field.replace("{a}", key.algorithm).replace("{bh}", body_hash)
    # Twice the same field would be one.
    empty = bytes(known.replace("{b}", "").encode() + b"\r\n")
    data = signed_data(fields, empty, parse(empty), header_method)
    signature = folded(base64.b64encode(key.sign(data)).decode())
    return known.replace("{b}", signature).encode() + b"\r\n" + message
