"""2xx: what DKIM signs of a message: fields, body, the part of a body; and its keys."""

import base64

from rules_test import MESSAGE, NAME, RsaKey, der, der_number, with_body
from signatures import BAD_HEADER, NO_KEY, ours, taken
from world import (ALTERED, CHEN, EVE, MATCHES, MISMATCH, RSA, dkim, faulty, replaced, signed,
                   split, unreadable)

NO_NAMES = ("neutral", "h= is no list of field names")
SEVERAL = faulty("several_froms", "the message has several From fields")
BAD_BODY = ("neutral", "the body has a CR or LF alone")
BAD_KEY = ("permerror", "the key record is malformed")
P = RSA.record().partition("p=")[2]


def fields():
    taken(200, "from-not-signed", "From is not in h=", "A signature that leaves out From is void.",
          ("permerror", "From is not signed"))
    taken(201, "names-in-capitals", "From among others, in other case",
          "Names in h= have no case.", MATCHES)
    taken(202, "no-from-to-sign", "no From field", "A message without From has no signature.",
          ("permerror", "the message has no From field"),
          dmarc=faulty("no_from", "the message has no From field"))
    taken(203, "unreadable-from-is-signed", "a From field that cannot be read",
          "DKIM does not read what it signs.", MATCHES, dmarc=unreadable("bad_syntax"))
    taken(204, "h-empty", "h=''", "h= names a field.", NO_NAMES)
    taken(205, "h-colon-at-end", "h='from:'", "h= has no empty name.", NO_NAMES)
    taken(206, "h-blank-in-name", "h='fr om'", "No name has a blank.", NO_NAMES)
    taken(207, "absent-field", "fields that are not there",
          "A field that is not there may be signed as absent.", MATCHES)
    taken(208, "absent-field-added", "a field that was added where none was",
          "A field that was signed as absent cannot be added.", MISMATCH)
    taken(209, "over-signed", "more instances named than are there",
          "h= may name more instances than there are.", MATCHES)
    taken(210, "over-signed-from", "a second From although From is named twice",
          "Over-signing From keeps others out.", MISMATCH, dmarc=SEVERAL)
    ours(211, "subject-on-top", "A Subject on top of a signed one is not seen by DKIM.",
         "RFC 6376 section 8.15", b"Subject: Buy this\r\n" + signed(), MATCHES, sender=EVE)
    ours(212, "over-signed-subject", "Over-signing Subject keeps others out.", CHEN,
         b"Subject: Buy this\r\n" + signed(h="from:subject:subject"), MISMATCH, sender=EVE)
    ours(213, "to-on-top", "Whoever repeats a signed message chooses what it does not sign.",
         CHEN, b"To: carl@ours.test\r\n" + signed(), MATCHES, sender=EVE)
    content = b"Content-Type: multipart/mixed; boundary=x\r\n"
    ours(214, "content-type-on-top", "A field that is not signed may change what is shown.", CHEN,
         content + signed(), MATCHES, sender=EVE)
    ours(215, "over-signed-content-type", "Over-signing Content-Type keeps others out.",
         "RFC 6376 section 8.15", content + signed(h="from:subject:content-type"), MISMATCH,
         sender=EVE)
    taken(216, "subject-below", "a second Subject below the signed one",
          "Of several fields the lowest is signed.", MISMATCH)
    taken(217, "upper-of-two-altered", "the lower of two", "Of two fields the upper is not signed.",
          MATCHES)
    taken(218, "two-of-two", "both, from the bottom up",
          "Two fields are signed where h= names both.", MATCHES)
    taken(219, "two-in-other-order", "both, in other order",
          "The order of signed fields is signed.", MISMATCH)
    taken(220, "unsigned-field-altered", "a field that is not signed was altered",
          "A field that is not signed may change.", MATCHES)
    taken(221, "signed-field-altered", "a signed field was altered",
          "A signed field may not change.", MISMATCH)
    taken(222, "signed-field-removed", "a signed field was removed",
          "A signed field may not be removed.", MISMATCH)
    taken(223, "every-field-and-one-more", "all fields and one more",
          "h= may name every field there is, and one more.",
          MATCHES, dmarc=["dmarc none: b.c has no DMARC record, nor has what is above",
                          "author b.c", "organization b.c"])
    taken(224, "malformed-line-between", "a field without a name between",
          "A line that is no field is not signed.", MATCHES)
    ours(225, "trace-fields-on-top", "What servers put on top changes nothing.",
         "RFC 6376 section 5.4.1",
         b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n" + signed(), MATCHES)


def canonical_headers():
    taken(226, "simple-simple", "simple/simple", "Simple passes what nobody changed.", MATCHES)
    taken(227, "relaxed-simple", "relaxed/simple", "Header and body have methods of their own.",
          MATCHES)
    taken(228, "simple-relaxed", "simple/relaxed",
          "A simple header may stand before a relaxed body.", MATCHES)
    taken(229, "c-of-header-alone", "relaxed alone: the body is simple",
          "Where c= names one method, the body is simple.", ALTERED)
    taken(230, "c-missing", "no c=: simple/simple", "Without c= header and body are simple.",
          ALTERED)
    taken(231, "c-unknown", "c='nowsp'", "A method is simple or relaxed.",
          ("neutral", "c= is no canonicalization that we know"))
    taken(232, "c-in-capitals", "c='Relaxed'", "Names of methods have a case.",
          ("neutral", "c= is no canonicalization that we know"))
    taken(233, "relaxed-unfolds", "relaxed: names, folding and white space",
          "Relaxed takes all white space for a blank, and names in any case.", MATCHES)
    taken(234, "relaxed-keeps-blanks", "relaxed: white space that was none",
          "Relaxed takes no white space away.", MISMATCH)
    taken(235, "simple-keeps-blanks", "simple: not even white space", "Simple changes no blank.",
          MISMATCH)
    taken(236, "simple-keeps-case", "simple: not even the name", "Simple changes no letter.",
          MISMATCH)
    ours(237, "simple-keeps-folds", "Simple changes no fold.", "RFC 6376 section 3.4.1",
         replaced(signed(c="simple"), b"two  words", b"two\r\n  words"), MISMATCH)
    taken(238, "relaxed-tab-before-colon", "relaxed: a tab before the colon of a signed field",
          "Relaxed takes away what stands before a colon.", MATCHES)
    taken(239, "simple-tab-before-colon", "simple: a tab before the colon of a signed field",
          "Simple signs a tab before the colon.", MATCHES)
    taken(240, "simple-blank-before-colon", "simple: a blank before the colon",
          "Simple signs a blank before the colon.", MATCHES)
    taken(241, "relaxed-vertical-tab", "relaxed: a vertical tab is no white space",
          "A vertical tab is no white space.", MATCHES)
    taken(242, "simple-vertical-tab", "simple: a vertical tab",
          "To simple a vertical tab is an octet like any other.", MATCHES)
    ours(243, "eight-bit-field", "Fields are octets.", "RFC 6376 section 3.4.2",
         signed(message=replaced(MESSAGE, b"two", b"\xff\xc3\xbc")), MATCHES)
    taken(244, "nul-in-header", "b'a\\x00b' in the header", "A header with a NUL is not judged.",
          BAD_HEADER)
    taken(245, "lf-in-header", "b'a\\nb' in the header", "A header with a LF alone is not judged.",
          BAD_HEADER)
    taken(246, "cr-in-header", "b'a\\rb' in the header", "A header with a CR alone is not judged.",
          BAD_HEADER)


def bodies():
    taken(247, "empty-body-simple", "no line, simple", "To simple an empty body is one CRLF.",
          MATCHES)
    taken(248, "empty-body-relaxed", "no line, relaxed", "To relaxed an empty body is nothing.",
          MATCHES)
    taken(249, "empty-lines-only", "empty lines, simple", "A body of empty lines is empty.",
          MATCHES)
    taken(250, "no-last-crlf-simple", "a missing last CRLF, simple",
          "To simple a last line has a CRLF.", MATCHES)
    taken(251, "no-last-crlf-relaxed", "a missing last CRLF, relaxed",
          "To relaxed a last line has a CRLF.", MATCHES)
    taken(252, "empty-lines-added", "empty lines at the end were added",
          "Empty lines at the end do not count.", MATCHES)
    taken(253, "line-added", "a line was added", "A line that was added at the end counts.",
          ALTERED)
    taken(254, "relaxed-line-ends", "relaxed: white space at the end of lines was added",
          "Relaxed takes away white space at the end of lines.", MATCHES)
    ours(255, "relaxed-line-begins", "Relaxed keeps white space at the begin of lines.",
         "RFC 6376 section 3.4.4", replaced(signed(), b"First", b" First"), ALTERED)
    taken(256, "relaxed-blank-lost", "relaxed: white space that is no longer",
          "Relaxed takes no white space away between words.", ALTERED)
    taken(257, "simple-line-ends", "simple: white space", "Simple changes nothing within lines.",
          ALTERED)
    taken(258, "relaxed-blank-lines", "lines of white space, relaxed",
          "To relaxed lines of white space are empty.", MATCHES)
    ours(259, "simple-blank-lines", "To simple lines of white space are lines.",
         "RFC 6376 section 3.4.3",
         signed(c="relaxed/simple", message=with_body(b"a\r\n")) + b" \r\n", ALTERED)
    taken(260, "nul-in-body", "a NUL, relaxed", "A body is octets.", MATCHES)
    taken(261, "cr-in-body", "b'a\\rb' in the body", "A body with a CR alone is not judged.",
          BAD_BODY)
    taken(262, "lf-in-body", "b'a\\nb' in the body", "A body with a LF alone is not judged.",
          BAD_BODY)
    taken(263, "another-body", "another body", "What counts is the hash of the body that came.",
          ALTERED)
    taken(264, "no-empty-line", "a body without its header's end",
          "A message that ends with its header has an empty body.", MATCHES)


def lengths():
    size = len(split(MESSAGE)[1].replace(b"  ", b" ").replace(b" \r", b"\r").rstrip()) + 2
    part = f"l= leaves a part of the body unsigned: {size} of {size + 14} octets"
    taken(265, "l-of-all", "l= of all", "l= may name all of the body.", MATCHES)
    taken(266, "l-of-less", "l= of less", "A body that is signed in part never passes.",
          ("policy", f"l= leaves a part of the body unsigned: {size - 1} of {size} octets"))
    taken(267, "l-zero", "l=0", "A body that is not signed at all never passes.",
          ("policy", f"l= leaves a part of the body unsigned: 0 of {size} octets"))
    taken(268, "l-and-text-behind", "l= and text behind it",
          "What was appended to a signed body is not signed.", ("policy", part), source=CHEN)
    taken(269, "l-and-empty-lines", "l= and empty lines behind it",
          "Empty lines at the end are no part of a body.", MATCHES)
    taken(270, "l-of-more", "l= of more", "A body is not shorter than what was signed of it.",
          ("neutral", "l= is greater than the body"))
    taken(271, "l-beyond-64-bits", "l=2**64", "A number that is too large does not wrap.",
          ("neutral", "l= is greater than the body"))
    taken(272, "l-no-number", "l=-1", "A length is a number.", ("neutral", "l= is no number"))
    taken(273, "l-of-altered-body", "l= of all of another body", "l= does not replace the hash.",
          ALTERED)


def keys():
    def of(number, name, rule, record, due, section="3.6.1", **more):
        records = [record] if isinstance(record, (str, bytes)) else record
        ours(number, name, rule, f"RFC 6376 section {section}", signed(), due,
             keys={NAME: records}, **more)

    of(274, "key-without-version", "A key may lack its version.", f"p={P}", MATCHES)
    of(275, "key-version-not-first", "A version stands first.", f"p={P}; v=DKIM1",
       ("permerror", "the key is of a version that we do not know"))
    of(276, "key-of-another-version", "A key of another version is none.", f"v=DKIM2; p={P}",
       ("permerror", "the key is of a version that we do not know"))
    of(277, "key-revoked", "A key without data is revoked.", "v=DKIM1; p=",
       ("permerror", "the key is revoked"))
    of(278, "key-without-p", "A record without p= is no key.", "v=DKIM1; k=rsa", BAD_KEY)
    of(279, "key-tag-twice", "A tag stands in a record once.", f"v=DKIM1; p={P}; p={P}", BAD_KEY,
       "3.2")
    of(280, "key-no-base64", "The data of a key are base64.", "v=DKIM1; p=abc*", BAD_KEY)
    of(281, "key-of-another-kind", "A key of an unknown kind is none.", f"v=DKIM1; k=dsa; p={P}",
       ("permerror", "the key is for another algorithm"))
    taken(282, "rsa-key-for-ed25519", "RSA for a signature of Ed25519",
          "A key of RSA verifies no signature by Ed25519.",
          dkim("permerror", "the key is for another algorithm", a="ed25519-sha256"))
    of(283, "key-plain", "The data of an RSA key may be an RSAPublicKey.",
       "p=" + base64.b64encode(RSA.plain()).decode(), MATCHES)
    of(284, "key-even", "A number that is no modulus is no key.",
       "p=" + base64.b64encode(der(0x30, der_number(RSA.modulus + 1), der_number(65537))).decode(),
       BAD_KEY)
    of(285, "key-h-lists-ours", "h= of a key is a list.", f"v=DKIM1; h=sha1 : sha256; p={P}",
       MATCHES)
    of(286, "key-h-other", "A key for other hashes is not for this one.", f"v=DKIM1; h=sha1; p={P}",
       ("permerror", "the key is for other hashes"))
    of(287, "key-s-other", "A key for other services is not for mail.",
       f"v=DKIM1; s=tlsrpt; p={P}", ("permerror", "the key is for other services"))
    of(288, "key-s-any", "A key for all services is for mail.", f"v=DKIM1; s=*; p={P}", MATCHES)
    strict = {NAME: [f"v=DKIM1; t=s; p={P}"]}
    ours(289, "key-t-s-subdomain", "With t=s the identity is of the domain itself.",
         "RFC 6376 section 3.6.1", signed(i="@mail.example.org"),
         dkim("permerror", "the key is not for identities of subdomains", i="@mail.example.org"),
         keys=strict)
    ours(290, "key-t-s-same", "With t=s an identity of the domain itself passes.",
         "RFC 6376 section 3.6.1",
         signed(i="ann@EXAMPLE.org"), dkim(*MATCHES, i="ann@EXAMPLE.org"), keys=strict)
    of(291, "key-testing", "A key that is only tried is a key.", f"v=DKIM1; t=y; p={P}",
       dkim(*MATCHES, testing=True))
    of(292, "key-notes", "Notes and unknown tags are ignored.", f"v=DKIM1; n=a note; g=*; p={P}",
       MATCHES)
    taken(293, "no-key", "no key", "A name that does not exist has no key.", NO_KEY)
    taken(294, "key-dead", "the DNS fails", "A key that nobody can ask for may be there.",
          ("temperror", "the key could not be asked for: no answer in 5 s"))
    of(295, "several-keys", "A selector has one key.", [RSA.record(), RsaKey(1032).record()],
       ("permerror", "there are several keys"), "3.6.2.2")
    of(296, "key-among-texts", "Other texts are no keys.", ["v=spf1 -all", RSA.record(), "x"],
       MATCHES, "3.6.2.2")
    of(297, "key-and-revocation", "A revocation counts, whatever stands beside it.",
       [RSA.record(), "v=DKIM1; p="], ("permerror", "the key is revoked"), "6.1.2")
    taken(298, "no-text", "a name without TXT", "A name without a text has no key.", NO_KEY)
    taken(299, "ed25519-key-in-der", "Ed25519 as RSA has it",
          "A key of Ed25519 is 32 octets and no more.",
          dkim(*BAD_KEY, s="ed", a="ed25519-sha256"))


def make():
    for area in [fields, canonical_headers, bodies, lengths, keys]:
        area()
