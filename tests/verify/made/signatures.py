"""1xx: DKIM signatures, each alone and beside others.

Messages and keys are those of rules_test.py, which knows each by its name; others are made here.
"""

from rules_test import KEYS, MESSAGE, RsaKey, all_rules
from world import (ALTERED, CHEN, ED25519, EVE, MATCHES, MISMATCH, case, dead, dkim, fails, is_open,
                   passes, policy, replaced, signed, txt)

NO_ALGORITHM = ("neutral", "a= is no algorithm that we know")
MALFORMED = ("neutral", "the tag list is malformed")
BAD_DOMAIN = ("neutral", "d= is no domain name")
BAD_SELECTOR = ("neutral", "s= is no selector")
BAD_IDENTITY = ("neutral", "i= is no identity")
FOREIGN = ("permerror", "i= is not within d=")
BAD_HEADER = ("neutral", "the header has a NUL, or a CR or LF alone")
NO_KEY = ("permerror", "there is no key")
NOTHING = dkim(*MALFORMED, d="", s="", a="")


def missing(tag, **tags):
    return dkim("neutral", f"a tag is missing: {tag}=", **tags)


def source_of(section):
    rfc, _, rest = section.rpartition(" ")
    return f"{rfc or 'RFC 6376'} section {rest}"


def zone_of(keys):
    return [dead(name, "TXT") if found is None else txt(name, *found) if found
            else f"{name} TXT unknown nodata" for name, found in keys.items()]


def result_of(line):
    return line.split()[1].removesuffix(":")


def of_domain(due):
    """DMARC of a message whose signatures are all by its author domain."""
    results = [result_of(line) for line in due]
    if "pass" in results:
        return passes()
    return is_open() if "temperror" in results else fails()


def taken(number, name, title, rule, *due, dmarc=None, source=None):
    """A rule of rules_test.py. `due`: lines, or a result and its reason."""
    one = next(one for one in all_rules() if one.name == title)
    lines = [line if isinstance(line, str) else dkim(*line) for line in due]
    signatures = [line for line in lines if line.startswith("dkim ")]
    for line, (result, part) in zip(signatures, one.expected, strict=True):
        assert result_of(line) == result and part in line, (title, line, result, part)
    facts = {"min_bits": "min_rsa_bits", "most": "max_signatures", "now": "time"}
    case(number, name, rule, source or source_of(one.section), one.message, *lines,
         dmarc or of_domain(lines), zone=[policy(), *zone_of(one.keys)],
         **{facts[option]: value for option, value in one.options.items()})


def ours(number, name, rule, source, message, *due, dmarc=None, keys=None, **more):
    lines = [line if isinstance(line, str) else dkim(*line) for line in due]
    case(number, name, rule, source, message, *lines, dmarc or of_domain(lines),
         zone=[policy(), *zone_of(keys or KEYS)], **more)


def algorithms():
    by_ed25519 = dkim(*MATCHES, s="ed", a="ed25519-sha256")
    taken(101, "rsa-sha256", "rsa-sha256", "A signature by rsa-sha256 may pass.", MATCHES)
    taken(102, "ed25519-sha256", "ed25519-sha256", "A signature by Ed25519 may pass.", by_ed25519)
    taken(103, "both-algorithms", "both in one message", "A message may be signed by both.",
          by_ed25519, MATCHES)
    taken(104, "rsa-sha1", "rsa-sha1 passes nowhere", "A signature by rsa-sha1 never passes.",
          dkim("policy", "rsa-sha1 is not accepted", a="rsa-sha1"))
    taken(105, "algorithm-unknown", "an algorithm that nobody knows",
          "A signature by an unknown algorithm is ignored.", dkim(*NO_ALGORITHM, a=""))
    taken(106, "algorithm-in-capitals", "names of algorithms have a case",
          "Values of tags have a case.", dkim(*NO_ALGORITHM, a=""))
    taken(107, "key-of-512-bits", "a key of 512 bits", "A key below 1024 bits never passes.",
          ("policy", "the key is too short: 512 bits"))
    taken(108, "key-of-1023-bits", "a key of 1023 bits", "One bit below 1024 is below.",
          ("policy", "the key is too short: 1023 bits"))
    taken(109, "key-of-2048-bits", "a key of 2048 bits", "A key of 2048 bits may pass.", MATCHES)
    taken(110, "key-below-ours", "the least that we are told to take",
          "A site may ask for longer keys.", ("policy", "the key is too short: 1024 bits"))
    taken(111, "key-of-4096-bits", "a key of 4096 bits", "A key of 4096 bits may pass.", MATCHES)
    taken(112, "key-of-4104-bits", "a key of 4104 bits", "Longer keys cost too much.",
          ("policy", "the key is longer than 4096 bits: 4104 bits"))


def tags():
    taken(113, "no-tag-list", "no tag list", "A signature is a list of tags.", NOTHING)
    taken(114, "empty-signature", "an empty field", "A signature has tags.", NOTHING)
    taken(115, "v-missing", "v= is missing", "A signature has a version.", missing("v"))
    taken(116, "a-missing", "a= is missing", "A signature has an algorithm.", missing("a", a=""))
    taken(117, "d-missing", "d= is missing", "A signature has a domain.", missing("d", d=""))
    taken(118, "s-missing", "s= is missing", "A signature has a selector.", missing("s", s=""))
    taken(119, "h-missing", "h= is missing", "A signature names fields.", missing("h"))
    taken(120, "bh-missing", "bh= is missing", "A signature has the hash of a body.", missing("bh"))
    taken(121, "b-missing", "b= is missing", "A signature has the signature proper.", missing("b"))
    taken(122, "t-missing", "t= may be missing", "The time of signing may be missing.", MATCHES)
    taken(123, "d-twice", "d= twice", "A tag stands in a list once.",
          dkim("neutral", "a tag is there twice", d="", s="", a=""))
    taken(124, "unknown-tag", "unknown tags are signed and ignored", "Unknown tags are ignored.",
          MATCHES)
    taken(125, "unknown-tag-altered", "an unknown tag that was altered", "Unknown tags are signed.",
          MISMATCH)
    taken(126, "semicolon-at-end", "a semicolon at the end", "A list may end in a semicolon.",
          MATCHES)
    taken(127, "empty-tag", "an empty tag", "A list has no empty tag.", NOTHING)
    taken(128, "tag-name-digit", "a name that begins with a digit",
          "The name of a tag begins with a letter.", NOTHING)
    taken(129, "version-of-the-future", "a version of the future",
          "A signature of another version is ignored.",
          ("neutral", "v= is no version that we know"))
    taken(130, "order-of-tags", "order of tags", "Tags stand in any order.", MATCHES)
    taken(131, "odd-folding", "odd folding", "Tags may be folded around all their marks.", MATCHES)
    taken(132, "blank-lines", "lines of white space only",
          "A fold may leave a line of white space only.", MATCHES)
    taken(133, "field-name-case", "the field's name in other case", "The field's name has no case.",
          MATCHES)
    taken(134, "blank-before-colon", "white space before the colon",
          "White space may stand before the colon.", MATCHES)
    taken(135, "b-blank-before-equals", "b= with white space before the =",
          "White space may stand between the name of b= and its sign.", MATCHES)
    taken(136, "tag-ends-in-b", "an unknown tag that ends in b",
          "An unknown tag is signed with its value, though its name may end in b.", MATCHES)
    taken(137, "tag-in-capitals", "a tag that differs from a known one in case",
          "Names of tags have a case: D= is not d=.", MATCHES)


def domains():
    def bad(number, name, rule, source, value, shown=""):
        ours(number, name, rule, source, signed(d=value), dkim(*BAD_DOMAIN, d=shown))

    taken(138, "d-in-capitals", "d= in other case", "The domain has no case.", MATCHES)
    taken(139, "d-dot-at-end", "d= with a dot at the end", "The domain does not end in a dot.",
          dkim(*BAD_DOMAIN, d=""))
    bad(140, "d-one-label", "A top-level domain signs nothing.", "RFC 6376 section 3.5", "org")
    bad(141, "d-empty", "The domain is not empty.", "RFC 6376 section 3.5", "")
    bad(142, "d-empty-label", "The domain has no empty label.", "RFC 6376 section 3.5",
        "example..org")
    bad(143, "d-at-sign", "The domain is no address.", "RFC 6376 section 3.5", "ann@example.org")
    bad(144, "d-hyphen", "No label ends in a hyphen.", "RFC 5321 section 4.1.2", "a-.example.org")
    bad(145, "d-parenthesis", "A parenthesis hides no other domain behind the victim's.",
        CHEN, "example.org(.example.net")
    bad(146, "d-quote", "A quote hides no other domain behind the victim's.",
        CHEN, "example.org'@example.net")
    taken(147, "d-underscore", "d= with an underscore",
          "No mail domain has an underscore, but a name of the DNS may, and the signer's is one.",
          dkim(*MATCHES, d="a_b.example.org"), dmarc=passes("dkim", "a_b.example.org"))
    ours(148, "d-nul", "A NUL does not end the domain.", CHEN,
         replaced(signed(), b"d=example.org", b"d=example.org\0.example.net"),
         dkim(*MALFORMED, d="", s="", a=""))


def selectors():
    def bad(number, name, rule, value, source="RFC 6376 section 3.1"):
        ours(number, name, rule, source, signed(s=value), dkim(*BAD_SELECTOR, s=""))

    taken(149, "selector-of-labels", "a selector of several labels",
          "A selector may have several labels.", dkim(*MATCHES, s="a.b-2"))
    taken(150, "selector-in-capitals", "a selector in other case", "A selector has no case.",
          MATCHES)
    bad(151, "selector-empty", "A selector is not empty.", "")
    bad(152, "selector-empty-label", "A selector has no empty label.", "a..b")
    bad(153, "selector-slash", "A selector has letters, digits and hyphens.", "../sel")
    ours(154, "selector-nul", "A NUL in the selector does not lead to another's key.",
         CHEN,
         replaced(signed(), b"s=sel;", b"s=sel._domainkey.example.net.\0.x;"),
         dkim(*MALFORMED, d="", s="", a=""),
         keys={"sel._domainkey.example.net": KEYS["sel._domainkey.example.org"]})
    ours(155, "selector-of-another-domain", "A selector leads nowhere but below the domain.",
         CHEN, signed(s="sel._domainkey.example.net"),
         dkim(*NO_KEY, s="sel._domainkey.example.net"),
         keys={"sel._domainkey.example.net": KEYS["sel._domainkey.example.org"]})
    taken(156, "key-name-too-long", "a name of a key that cannot be asked",
          "A name that is too long has no key.", dkim(*NO_KEY, s=".".join(["x" * 60] * 4)))


def identities():
    def identity(number, name, rule, value, due=MATCHES, source="RFC 6376 section 3.5"):
        shown = "" if due is BAD_IDENTITY else value
        ours(number, name, rule, source, signed(i=value), dkim(*due, i=shown))

    identity(157, "i-without-local-part", "An identity may lack its local part.", "@example.org")
    identity(158, "i-subdomain", "An identity may be of a subdomain.", "ann@mail.example.org")
    identity(159, "i-elsewhere", "An identity of another domain makes the signature void.",
             "ann@example.net", FOREIGN, "RFC 6376 section 6.1.1")
    ours(160, "i-above", "An identity of the domain above makes the signature void.",
         "RFC 6376 section 6.1.1",
         signed(d="mail.example.org", i="@example.org"),
         dkim(*FOREIGN, d="mail.example.org", i="@example.org"))
    identity(161, "i-same-letters", "An i= that ends in the letters of d= is not within it.",
             "@xexample.org", FOREIGN,
             "RFC 6376 section 6.1.1")
    identity(162, "i-same-begin", "An i= that begins with d= is not within it.",
             "@example.org.example.net",
             FOREIGN, "RFC 6376 section 6.1.1")
    identity(163, "i-no-at-sign", "An identity has an at-sign.", "ann", BAD_IDENTITY)
    identity(164, "i-quoted-printable", "An identity is written in quoted-printable.",
             "=61nn@example.org")
    identity(165, "i-bad-quoted-printable", "An escape has two digits.", "a=6@example.org",
             BAD_IDENTITY, "RFC 6376 section 2.11")
    identity(166, "i-in-capitals", "The domain of an identity has no case.", "ann@A.Example.ORG")


def times():
    taken(167, "expired", "x=: expired", "A signature that has expired never passes.",
          ("policy", "the signature has expired"))
    taken(168, "expired-within-skew", "x=: within the skew", "Clocks may differ by five minutes.",
          MATCHES)
    taken(169, "future", "t=: the future", "A signature of the future never passes.",
          ("policy", "the signature is from the future"))
    taken(170, "future-within-skew", "t=: within the skew", "Clocks may run ahead.", MATCHES)
    taken(171, "x-not-later", "x= is t=", "A signature expires after it was made.",
          ("neutral", "x= is not later than t="))
    taken(172, "x-without-t", "x= without t=",
          "A signature may expire without saying when it was made.",
          MATCHES)
    taken(173, "t-no-number", "t=now", "A time is a number.", ("neutral", "t= is no time"))
    taken(174, "x-no-number", "x=-1", "An expiry is a number.", ("neutral", "x= is no time"))
    taken(175, "judged-as-of-then", "a message of long ago, judged as of then",
          "What counts is the time at which the message came.", MATCHES)


def values():
    taken(176, "b-folded", "b= folded anywhere", "Base64 may be folded anywhere.", MATCHES)
    taken(177, "b-no-base64", "b=****", "A signature is base64.", ("neutral", "b= is no base64"))
    taken(178, "bh-no-base64", "bh=abc", "The hash of a body is base64.",
          ("neutral", "bh= is no hash in base64"))
    taken(179, "bh-of-another-length", "bh= of another length", "A hash has its own length.",
          ("neutral", "bh= is no hash in base64"))
    taken(180, "b-of-another-length", "b= of another length", "A signature has the key's length.",
          MISMATCH)
    taken(181, "q-known-among-others", "q=x:dns/txt", "One known way to the key suffices.", MATCHES)
    taken(182, "q-unknown", "q=http", "Without a known way to the key there is none.",
          ("neutral", "q= has no method that we know"))
    eves_key = RsaKey(1032)
    ours(183, "forged-by-another-key", "Who names another's domain and selector needs its key.",
         "RFC 6376 section 6.1.3", signed(eves_key), MISMATCH, sender=EVE)
    ours(184, "moved-from-another-message", "A signature belongs to one message.",
         "RFC 6376 section 6.1.3",
         signed().partition(b"From:")[0] + replaced(MESSAGE, b"two  words", b"other words"),
         MISMATCH, sender=EVE)


def several():
    good = signed()
    bad = dkim("neutral", "a tag is missing: v=", s="", d="", a="rsa-sha256")
    ours(185, "malformed-above", "A malformed signature takes no other with it.",
         "RFC 6376 section 6.1", b"DKIM-Signature: a=rsa-sha256\r\n" + good, bad, MATCHES)
    ours(186, "malformed-below", "A malformed signature below another takes nothing from it.",
         "RFC 6376 section 6.1",
         signed(message=b"DKIM-Signature: a=rsa-sha256\r\n" + MESSAGE), MATCHES, bad)
    taken(187, "mismatch-between", "a mismatch between two that pass",
          "A signature that fails takes no other with it.", MATCHES, MISMATCH, MATCHES)
    taken(188, "altered-below", "a body that was altered between two",
          "A forwarder that alters the body signs anew.", MATCHES, ALTERED)
    taken(189, "dead-beside-good", "a temporary error beside one that passes",
          "A key that nobody can ask for takes no other signature with it.",
          dkim("temperror", "the key could not be asked for: no answer in 5 s", s="slow"), MATCHES)
    taken(190, "same-twice", "the same one twice", "The same signature twice passes twice.",
          MATCHES, MATCHES)
    lists = {**KEYS, "sel._domainkey.example.net": KEYS["sel._domainkey.example.org"]}
    ours(191, "list-signs-anew", "A list that alters and signs vouches for itself alone.",
         "RFC 7960 section 3.2.3", signed(d="example.net", message=replaced(good, b"Second",
                                                                            b"2.")),
         dkim(*MATCHES, d="example.net"), ALTERED, dmarc=fails(), keys=lists)
    ours(192, "list-alters-nothing", "A list that alters nothing leaves the signature whole.",
         "RFC 7960 section 3.2.3", signed(d="example.net", message=good),
         dkim(*MATCHES, d="example.net"), MATCHES, keys=lists)
    taken(193, "none", "none", "A message without signatures has no verdict of DKIM.")
    taken(194, "signs-another", "it signs the one below", "A signature may sign another.", MATCHES,
          MATCHES)
    taken(195, "signs-an-altered-one", "the one below was altered",
          "A signature of another fails with it when that one is altered.", MISMATCH, MISMATCH)
    taken(196, "signs-by-number", "one was put on top",
          "Of several signatures one is signed from the bottom up.", MATCHES, MATCHES, MATCHES)
    taken(197, "signs-a-malformed-one", "it signs one that is malformed",
          "A signature may sign what is no signature.", MATCHES, NOTHING)
    taken(198, "signs-itself", "it names itself", "No signature signs itself, whatever h= names.",
          MATCHES)
    eds = dkim(*MISMATCH, s="ed", a="ed25519-sha256")
    ours(199, "ed25519-altered", "Ed25519 fails where RSA would.", "RFC 8463 section 3",
         replaced(signed(ED25519), b"two  words", b"other words"), eds)


def make():
    for area in [algorithms, tags, domains, selectors, identities, times, values, several]:
        area()
