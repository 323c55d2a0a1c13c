"""6xx: forms of DKIM signatures that RFC 6376 allows and nobody writes, which libopendkim takes for
others or refuses."""

from rules_test import NOW, field
from signatures import ours, taken
from world import ALTERED, ED25519, EVE, MATCHES, MISMATCH, dkim, replaced, signed

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


def make():
    for area in [tags, identities, times, header]:
        area()
