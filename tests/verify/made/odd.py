"""6xx: forms of DKIM signatures that RFC 6376 allows and nobody writes, and those of RFC 8616. To
libopendkim they are others, or malformed."""

from rules_test import NOW, field
from signatures import ours, taken
from world import (ALTERED, ED25519, EVE, MATCHES, MISMATCH, SHEN, case, dkim, fails, key, message,
                   passes, policy, replaced, signed)

BY_ED25519 = dkim(*MATCHES, s="ed", a="ed25519-sha256")


def tags():
    odd_b = field(b=None) + "; b\t\r\n = {b}"
    ours(600, "b-folded-before-equals", "White space before the sign of b= may be folded.",
         "RFC 6376 section 3.2", signed(text=odd_b), MATCHES)
    ours(601, "b-folded-before-equals-simple", "Simple signs the name of b= with its white space.",
         "RFC 6376 section 3.7", signed(text=odd_b.replace("relaxed/relaxed", "simple/simple")),
         MATCHES)
    ours(602, "b-folded-before-equals-ed25519", "The same holds for Ed25519.", "RFC 8463 section 3",
         signed(ED25519, text=odd_b.replace("s=sel", "s=ed")), BY_ED25519)
    ours(603, "odd-b-and-altered-field", "A signature of an odd form fails with what it signs.",
         "RFC 6376 section 6.1.3", replaced(signed(text=odd_b), b"two  words", b"other words"),
         MISMATCH, sender=EVE)
    ours(604, "odd-b-and-altered-body", "A signature of an odd form fails with its body.",
         "RFC 6376 section 6.1.3", replaced(signed(text=odd_b), b"First", b"Worst"), ALTERED,
         sender=EVE)
    ours(605, "odd-b-and-l-of-less", "A signature of an odd form with l= of less is not accepted.",
         "RFC 6376 section 8.2", signed(text=odd_b + "; l=5"),
         ("policy", "l= leaves a part of the body unsigned: 5 of 27 octets"), sender=EVE)
    taken(606, "tag-ends-in-b-altered", "relaxed: zb= is signed",
          "An unknown tag whose name ends in b is signed.", MISMATCH)
    taken(607, "capital-b", "simple: B= is an unknown tag",
          "Names of tags have a case: B= is not b=.", MATCHES)
    ours(608, "odd-beside-others", "One of an odd form takes no other with it.",
         "RFC 6376 section 6.1", signed(ED25519, message=signed(text=odd_b, message=signed())),
         BY_ED25519, MATCHES, MATCHES)


def identities():
    taken(609, "i-of-512-octets", f"i={('x' * 500 + '@example.org')[-26:]!r}",
          "An identity may be long.", dkim(*MATCHES, i="x" * 188 + "@example.org"))
    quoted = '"a@b"@example.org'
    taken(610, "i-quoted-at-sign", f"i={quoted!r}", "A quoted local part may have an at-sign.",
          dkim(*MATCHES, i=quoted))
    ours(611, "i-quoted-domain", "Of two at-signs the one behind the quotes counts.",
         "RFC 6376 section 3.5", signed(i='"a@example.org"@example.net'),
         dkim("permerror", "i= is not within d=", i='"a@example.org"@example.net'), sender=EVE)
    ours(612, "i-two-at-signs", "Without quotes there is one at-sign.", "RFC 6376 section 3.5",
         signed(i="a@example.org@example.org"), ("neutral", "i= is no identity"), sender=EVE)


def times():
    taken(613, "t-of-1970", "t=0", "A time may be long ago.", MATCHES)
    taken(614, "t-of-1970-x-of-now", "t=0 and x= within the skew",
          "A clock may be wrong by 300 seconds, whatever t= is.", MATCHES)
    taken(615, "t-of-1970-beside-x-of-now", "t=0 beside x= within the skew",
          "A time of one signature is nothing to another.", MATCHES, MATCHES)
    ours(616, "x-before-1998", "What expired before 1998 has expired.", "RFC 6376 section 6.1.1",
         signed(t="700000000", x="800000000"), ("policy", "the signature has expired"))
    taken(617, "judged-as-of-1995", "a message of 1995, judged as of then",
          "A message is judged as of the time when it came.", MATCHES)
    ours(618, "t-of-2038", "A time beyond all clocks of 32 bits is one like others.",
         "RFC 6376 section 3.5", signed(t="4000000000", x="4000000100"), MATCHES, time=4000000100)
    assert NOW < 4000000000


def header():
    taken(619, "form-feed", "relaxed: b'words \\x0c'", "A form feed is no white space.", MATCHES)
    taken(620, "vertical-tab-for-a-blank", "relaxed: a vertical tab that was a blank",
          "A vertical tab does not stand for a blank.", MISMATCH)
    taken(621, "signs-more-than-there-are", "it names more than there are",
          "A signature may name signatures that are not there.", MATCHES, MATCHES)
    taken(622, "signs-none-and-one-on-top", "it names itself, and one was put on top",
          "Who names one that is not there lets nobody add one.", MATCHES, MISMATCH)
    taken(623, "signs-itself-with-malformed", "the malformed one was altered",
          "What is signed must not be altered, though it is no signature.", MISMATCH,
          dkim("neutral", "the tag list is malformed", d="", s="", a=""))
    taken(624, "h-of-12000-octets", "h= of 12000 octets", "All names of a long h= are signed.",
          MATCHES)


def international():
    puny, section = "xn--bcher-kva.example", "RFC 8616 section 5"
    plain = message("From: Jürgen <jürgen@bücher.example>", "To: bob@ours.test", "Subject: Grüße")
    ascii_plain = replaced(plain, "@bücher".encode(), b"@xn--bcher-kva")
    aligned, failed = passes("dkim", puny, author=puny), fails(puny)
    matches, mismatch = dkim(*MATCHES, d=puny), dkim(*MISMATCH, d=puny)

    def u_case(number, name, rule, text, due, verdict=aligned, zone=(), source=section, **facts):
        case(number, name, rule, source, text, due, verdict,
             zone=[policy(domain=puny), key(domain=puny), *zone], **facts)

    good = signed(message=plain, d="bücher.example")
    u_case(625, "d-of-u-labels", "A domain may sign by its U-labels.", good, matches)
    u_case(626, "d-of-u-labels-author-of-a-labels", "U-labels and A-labels are one domain.",
           signed(message=ascii_plain, d="bücher.example"), matches)
    u_case(627, "d-in-capitals-and-decomposed", "Other spellings of U-labels are one domain.",
           signed(message=plain, d="BU\u0308CHER.example", c="simple"), matches)
    u_case(628, "d-respelled", "The octets of d= are signed, not the domain that they mean.",
           replaced(good, "d=bücher".encode(), b"d=xn--bcher-kva"), mismatch, failed,
           source="RFC 6376 section 3.7")
    u_case(629, "d-of-u-labels-altered-field", "A signature of U-labels fails with what it signs.",
           replaced(good, "Grüße".encode(), "Grösse".encode()), mismatch, failed, sender=EVE,
           source="RFC 6376 section 6.1.3")
    look = "xn--bher-0ra631c.example"
    u_case(630, "d-homograph", "A d= that looks like the author's domain is not that domain.",
           signed(message=plain, d="b\u00fc\u0441her.example"), dkim(*MATCHES, d=look), failed,
           [key(domain=look)], SHEN, sender=EVE)
    u_case(631, "d-not-utf8", "A signature that is not UTF-8 is no grammar.",
           replaced(good, "d=bücher".encode(), b"d=b\xfccher"),
           dkim("neutral", "the tag list is malformed", d="", s="", a=""), failed,
           source="RFC 6532 section 3.1")
    u_case(632, "d-underscore-in-u-label", "No U-label has an underscore.",
           signed(message=plain, d="bü_cher.example"), dkim("neutral", "d= is no domain name",
                                                            d=""), failed,
           source="RFC 5891 section 4.2.3.1")
    u_case(633, "selector-of-u-labels", "Each label of a selector may be a U-label.",
           signed(message=plain, d="bücher.example", s="a_1.schlüssel"),
           dkim(*MATCHES, d=puny, s="a_1.xn--schlssel-95a"),
           zone=[key(domain=puny, selector="a_1.xn--schlssel-95a")])
    u_case(634, "i-of-u-labels", "An identity in U-labels is within a domain in A-labels.",
           signed(message=plain, d=puny, i="jürgen@post.bücher.example"),
           dkim(*MATCHES, d=puny, i=f"j=C3=BCrgen@post.{puny}"))
    u_case(635, "i-of-u-labels-elsewhere", "An identity of other U-labels makes a signature void.",
           signed(message=plain, d=puny, i="jürgen@buch.example"),
           dkim("permerror", "i= is not within d=", d=puny, i="j=C3=BCrgen@buch.example"), failed,
           source="RFC 6376 section 6.1.1")
    u_case(636, "unknown-tag-of-utf8", "An unknown tag may have UTF-8.",
           signed(message=plain, d=puny, y1="Grüße", z="From:Jürgen"), matches)
    by_ed25519 = dkim(*MATCHES, d=puny, s="ed", a="ed25519-sha256")
    u_case(637, "d-of-u-labels-ed25519", "The same holds for Ed25519, and beside others.",
           signed(ED25519, message=good, d="bücher.example"), [by_ed25519, matches],
           zone=[key(ED25519.record(), "ed", puny)])


def make():
    for area in [tags, identities, times, header, international]:
        area()
