"""dkimpy over a message, and what it does otherwise than we do.

Each row of CORRECTIONS is one kind of disagreement: a name, and why ours is right. Corrected, with
the names of some rows, is dkimpy without these; so a disagreement is explained by the rows that
make it go away, and one that stays with all of them is a fault of somebody.

Only whether a signature passes is compared: dkimpy has no other results.
"""

import base64
import re

import dkim
import dkim.canonicalization
import dkim.crypto

from signer import RSA_ALGORITHM, der, der_number

CORRECTIONS = {
    "sha1": "RFC 8301 section 3.1: rsa-sha1 never verifies.",
    "from": "RFC 6376 section 5.4: From is signed in every signature, and is there. dkimpy does "
            "not look.",
    "length": "l= of a part of the body is our policy, of more than the body against section 3.5. "
              "dkimpy hashes what there is.",
    "grammar": "Sections 3.2 and 3.5: names of tags, domains, selectors, lists of fields, numbers "
               "and base64 are checked. dkimpy looks for the worst only.",
    "identity": "Section 2.11: i= is quoted-printable, and has a domain. dkimpy compares it "
                "undecoded, by its end.",
    "time": "A clock may be wrong by 300 seconds, not by ten hours; x= is later than t= (section "
            "3.5). dkimpy does not compare the two.",
    "query": "Section 3.5: q= is a list. dkimpy knows one value.",
    "key": "Section 3.6.1: h=, s= and t=s of a key count, v= stands first, the grammar is that of "
           "tag lists, and base64 and DER of p= are strict. dkimpy swallows its own error about "
           "s=, and knows neither h= nor t=s nor the name of an algorithm in DER.",
    "key-type": "Section 6.1.2: the key is for the algorithm of a=. dkimpy goes by the key alone.",
    "key-size": "RFC 8301 section 3.2: 4096 bits have to be enough.",
    "deleted-b": "Section 3.7: all white space around the value of b= is deleted, and nothing "
                 "else. dkimpy looks for \"b=\" behind white space anywhere, not for a first tag, "
                 "and keeps what stands between the value and a semicolon.",
    "white-space": "Section 2.8: blanks, tabs and line breaks. dkimpy strips vertical tabs and "
                   "form feeds, too; and what stands at the end of a signature, when simple.",
    "u-labels": "RFC 8616 section 5: d=, s= and the domain of i= may be U-labels, and the key is "
                "at their A-labels. dkimpy asks for it by the octets.",
    "last-line": "Section 3.4.4: white space at the end of all lines is ignored, of one without a "
                 "CRLF, too. dkimpy keeps it.",
    "fields": "A line that is no field, or one with white space before its colon, is no reason not "
              "to judge (RFC 5322 section 4.5). dkimpy gives up.",
    "more-from": "Section 5.4.2: h= says which instances of From are signed. dkimpy adds one, so "
                 "that a second From breaks every signature; we refuse such a message (RFC 5322 "
                 "section 3.6).",
    "itself": "Section 3.5: the signature is none of the fields that it signs. dkimpy takes it for "
              "one.",
}

LABEL = re.compile(rb"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
REQUIRED_TAGS = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256", b"rsa-sha1")
METHOD = rb"(?:simple|relaxed)"
QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
SIGNATURE = b"dkim-signature"
CLOCK_SKEW = 300


class Refused(Exception):
    """By a rule that dkimpy does not have."""


def require(condition, why):
    if not condition:
        raise Refused(why)


def squeezed(value):
    return re.sub(rb"[ \t\r\n]", b"", value)


def members(value):
    return [squeezed(member) for member in value.split(b":")]


def check_base64(value):
    require(squeezed(value), "base64")
    data = base64.b64decode(squeezed(value), validate=True)
    require(base64.b64encode(data) == squeezed(value), "base64")
    return data


def strict_tags(text, is_signature):
    """Section 3.2; RFC 8616 section 5"""
    require(re.fullmatch(rb"(?:[\t -~\x80-\xff]|\r\n(?=[ \t]))*", text), "octets")
    if not text.isascii():
        require(is_signature and not re.search("[\x80-\x9f]", text.decode()), "octets")
    specs = text.split(b";")
    if len(specs) > 1 and not squeezed(specs[-1]):
        specs.pop()
    tags = {}
    for spec in specs:
        name, equals, value = spec.partition(b"=")
        name = name.strip(b" \t\r\n")
        require(equals and re.fullmatch(rb"[A-Za-z][A-Za-z0-9_]*", name), "tag")
        require(name not in tags, "twice")
        tags[name] = value.strip(b" \t\r\n")
    return tags


def a_label(label):
    if label.isascii():
        return label
    require(re.fullmatch(r"(?!-)[^\0-,./:-@[-`{-\x7f]+(?<!-)", label.decode()), "u-label")
    return label.decode().encode("idna")


def a_labels(name):
    return b".".join(map(a_label, name.split(b"."))).lower()


def is_domain(value, least):
    name = a_labels(value)
    labels = name.split(b".")
    return len(name) <= 253 and len(labels) >= least and all(map(LABEL.fullmatch, labels))


def identity_of(tags):
    value = squeezed(tags.get(b"i", b"@" + tags[b"d"]))
    require(not re.search(rb"=(?![0-9A-F]{2})", value), "quoted-printable")
    return re.sub(rb"=(..)", lambda found: bytes([int(found[1], 16)]), value)


class FieldName(bytes):
    """With the white space before its colon, but for comparisons."""

    def lower(self):
        return bytes(self).strip(b" \t").lower()


class FieldNames(list):
    """Of h=, without the From that dkimpy adds."""

    def append(self, name):
        pass


def split_fields(message):
    """All lines with a name and a colon, as (name, value); a header ends at its empty line."""
    header = re.split(rb"(?:^|(?<=\n))\r\n", message, maxsplit=1)[0]
    lines = re.findall(rb"[^\n]+\n(?:[ \t][^\n]*\n)*", header)
    pairs = [line.partition(b":")[::2] for line in lines]
    return [(FieldName(name), value) for name, value in pairs
            if re.fullmatch(rb"[!-9;-~]+[ \t]*", name)]


def value_without_b(value):
    specs = value.removesuffix(b"\r\n").split(b";")
    return b";".join(spec.partition(b"=")[0] + b"=" if squeezed(spec.partition(b"=")[0]) == b"b"
                     else spec for spec in specs) + b"\r\n"


def relaxed_fields(headers):
    return [(name.lower().strip(b" \t"),
             re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n")
            for name, value in headers]


class Corrected(dkim.DKIM):
    def __init__(self, message, now, corrections):
        super().__init__(message=None, minkey=1024)
        self.corrections, self.now = corrections, now
        self.fields = split_fields(message)
        self.headers, self.body = self.fields, message.partition(b"\r\n\r\n")[2]
        if "fields" not in corrections:
            self.headers, self.body = dkim.rfc822_parse(message)
        if self.on("last-line") and self.body and not self.body.endswith(b"\r\n"):
            self.body += b"\r\n"
        self.signatures = [field for field in self.fields if field[0].lower() == SIGNATURE]

    def on(self, name):
        return name in self.corrections

    def passes(self, index, lookup):
        """What dkimpy says, with these corrections."""
        tags = self.check(index)

        def record(name, timeout):  # pylint: disable=unused-argument
            found = lookup(a_labels(name) if self.on("u-labels") else name)
            return found and self.checked_key(found, tags)
        return self.verify(index, record)

    def check(self, index):
        """The rules that stand before any hash."""
        value = self.signatures[index][1].removesuffix(b"\r\n")
        tags = dkim.parse_tag_value(value)
        for name in ("grammar", "sha1", "from", "identity", "time", "length"):
            if self.on(name):
                getattr(self, "check_" + name)(tags, index)
        return tags

    def check_grammar(self, _, index):
        tags = strict_tags(self.signatures[index][1].removesuffix(b"\r\n"), True)
        require(all(name in tags for name in REQUIRED_TAGS), "missing")
        require(tags[b"v"] == b"1" and tags[b"a"] in ALGORITHMS, "version")
        require(is_domain(tags[b"d"], 2) and is_domain(tags[b"s"], 1), "names")
        check_base64(tags[b"b"])
        require(tags[b"a"] == b"rsa-sha1" or len(check_base64(tags[b"bh"])) == 32, "hash")
        for name in tags[b"h"].split(b":"):
            require(re.fullmatch(rb"[!-9<-~]+", name.strip(b" \t\r\n")), "fields")
        require(re.fullmatch(METHOD + rb"(?:/" + METHOD + rb")?", tags.get(b"c", b"simple")), "c=")
        for name, most in ((b"t", 12), (b"x", 12), (b"l", 76)):
            require(re.fullmatch(rb"\d{1,%d}" % most, tags.get(name, b"0")), "number")

    @staticmethod
    def check_sha1(tags, _):
        require(tags[b"a"] != b"rsa-sha1", "sha1")

    def check_from(self, tags, _):
        require(b"from" in members(tags[b"h"].lower()), "from")
        require(any(name.lower() == b"from" for name, _ in self.fields), "no from")

    @staticmethod
    def check_identity(tags, _):
        domain = identity_of(tags).rpartition(b"@")
        require(domain[1] and is_domain(domain[2], 2), "identity")
        require(b"@" not in domain[0] or QUOTED.fullmatch(domain[0]), "local part")
        require((b"." + a_labels(domain[2])).endswith(b"." + a_labels(tags[b"d"])), "domain")

    def check_time(self, tags, _):
        time, expiry = int(tags.get(b"t", b"0")), int(tags.get(b"x", b"9" * 13))
        require(time <= self.now + CLOCK_SKEW and expiry + CLOCK_SKEW >= self.now, "clock")
        require(time < expiry or b"t" not in tags, "order")

    def check_length(self, tags, _):
        policy = dkim.CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple"))
        whole = len(policy.canonicalize_body(self.body))
        require(int(tags.get(b"l", whole)) == whole, "length")

    def checked_key(self, record, tags):
        if self.on("key"):
            key = strict_tags(record, False)
            check_key(key, tags)
            record = b"v=DKIM1; k=%s; p=%s" % (key.get(b"k", b"rsa"), squeezed(key[b"p"]))
        key = dkim.parse_tag_value(record)
        is_rsa = key.get(b"k", b"rsa") == b"rsa"
        if self.on("key-type"):
            require(is_rsa == (tags[b"a"] != b"ed25519-sha256"), "type")
        if self.on("key-size") and is_rsa:
            rsa = dkim.crypto.parse_public_key(base64.b64decode(key[b"p"]))
            require(rsa["modulus"].bit_length() <= 4096, "size")
        return record

    def verify_headerprep(self, idx=0):
        sig, names, signatures = super().verify_headerprep(idx)
        # Which is taken by its number.
        own, place = self.signatures[idx], [None] * idx
        if self.on("more-from"):
            names = FieldNames(names)
        if self.on("itself"):
            others = [one for at, one in enumerate(self.signatures) if at != idx]
            rest = [one for one in self.headers if one[0].lower() != SIGNATURE]
            self.headers = rest + [tuple(one) for one in others]
        return sig, names, [*place, own] if self.on("fields") else signatures

    def without_dkimpys(self):
        """Puts what is ours in the place of functions of dkimpy, or theirs back."""
        dkim.hash_headers = self.hash_headers
        relaxed = relaxed_fields if self.on("white-space") else RELAXED_FIELDS
        dkim.canonicalization.Relaxed.canonicalize_headers = staticmethod(relaxed)
        dkim.validate_signature_fields = self.validate
        dkim.time.time = lambda: self.now

    def validate(self, sig):
        sig = dict(sig)
        if self.on("query"):
            require(b"dns/txt" in members(sig.get(b"q", b"dns/txt")), "query")
            sig.pop(b"q", None)
        if self.on("identity"):
            sig.pop(b"i", None)
        VALIDATE(sig)

    def hash_headers(self, hasher, policy, headers, names, sigheader, sig):
        if not self.on("deleted-b") and not self.on("white-space"):
            return HASH_HEADERS(hasher, policy, headers, names, sigheader, sig)
        value = (value_without_b(sigheader[1]) if self.on("deleted-b")
                 else dkim.RE_BTAG.sub(b"\\1", sigheader[1]))
        signed = dkim.select_headers(headers, names)
        own = policy.canonicalize_headers([(sigheader[0], value)])[0]
        end = own[1].removesuffix(b"\r\n") if self.on("white-space") else own[1].rstrip()
        for name, text in [*signed, (own[0], end)]:
            hasher.update(name + b":" + text)
        return signed


def check_key(key, tags):
    require(key.get(b"v", b"DKIM1") == b"DKIM1", "version")
    require(b"v" not in key or next(iter(key)) == b"v", "version")
    require(b"sha256" in members(key.get(b"h", b"sha256")), "hash")
    require({b"*", b"email"} & set(members(key.get(b"s", b"*"))), "service")
    if b"s" in members(key.get(b"t", b"")):
        require(a_labels(identity_of(tags).rpartition(b"@")[2]) == a_labels(tags[b"d"]),
                "subdomain")
    data = check_base64(key[b"p"])
    if key.get(b"k", b"rsa") == b"rsa":
        rsa = dkim.crypto.parse_public_key(data)
        check_der(data, rsa["modulus"], rsa["publicExponent"])


def check_der(data, modulus, exponent):
    """One of the two forms, as it is written."""
    require(modulus % 2 and exponent % 2 and 1 < exponent < 2**64, "numbers")
    plain = der(0x30, der_number(modulus), der_number(exponent))
    info = der(0x30, der(0x30, RSA_ALGORITHM), der(3, b"\0", plain))
    require(data in (plain, info), "der")


HASH_HEADERS = dkim.hash_headers
RELAXED_FIELDS = dkim.canonicalization.Relaxed.canonicalize_headers
VALIDATE = dkim.validate_signature_fields


def judge(message, now, lookup, count, corrections=()):
    """Whether each of `count` signatures passes. lookup: name -> record or None."""
    results = []
    for index in range(count):
        try:
            signer = Corrected(message, now, frozenset(corrections))
            signer.without_dkimpys()
            results.append(bool(signer.passes(index, lookup)))
        except Exception:  # pylint: disable=broad-except
            # It has one of its own for each thing that it does not expect, and others.
            results.append(False)
    return results


def explain(message, now, lookup, index, passed):
    """The corrections that make dkimpy say the same: one if one is enough, else as few as can be
    taken away one by one. None when not even all of them do."""
    def agrees(names):
        return judge(message, now, lookup, index + 1, names)[index] == passed

    for name in CORRECTIONS:
        if agrees([name]):
            return [name]
    needed = list(CORRECTIONS)
    if not agrees(needed):
        return None
    for name in CORRECTIONS:
        fewer = [other for other in needed if other != name]
        if agrees(fewer):
            needed = fewer
    return needed
