"""3xx: DMARC of whole messages: whose record, which policy, what is aligned."""

from rules_test import RsaKey
from world import (ANN, EVE, MATCHES, MISMATCH, SHEN, STRANGER, Sender, case, dead, dkim, fails,
                   is_open, key, message, missing, no_record, nodata, passes, policy, replaced,
                   signed, txt)


def letter(author="ann@example.org"):
    return message(f"From: Ann <{author}>", "To: bob@ours.test", "Subject: Hello")


PLAIN = letter()


def at(client, mail_from, record="v=spf1 ip4:192.0.2.1 -all", result="pass", why=None):
    """A session of a domain that has a record of SPF."""
    domain = mail_from.partition("@")[2]
    due = why or f"ip4:192.0.2.1 of {domain} matches the client"
    return Sender(client, "mail.example.org", mail_from, [txt(domain, record)],
                  f"{result} {domain}: {due}", missing("mail.example.org"))


def published(number, name, rule, section, record, due, sender=EVE, text=PLAIN, zone=()):
    """Nothing that passes is aligned, so that all depends on the record."""
    lines = [record] if isinstance(record, str) else record
    case(number, name, rule, f"RFC 9989 section {section}", text, due, sender=sender,
         zone=[txt("_dmarc.example.org", *lines), *zone])


def of_domain(number, name, rule, section, text, due, *more, zone=(), sender=EVE, dkims=()):
    case(number, name, rule, section if " " in section else f"RFC 9989 section {section}", text,
         *dkims, due, *more, sender=sender, zone=zone)


def results():
    section = "5.3.5"
    of_domain(301, "dkim-passes", "One aligned signature that passes suffices.", section,
              signed(message=PLAIN), passes(), zone=[policy(), key()], dkims=[dkim(*MATCHES)])
    of_domain(302, "spf-passes", "SPF of an aligned domain suffices.", section, PLAIN,
              passes("spf"), zone=[policy()], sender=ANN)
    of_domain(303, "both-pass", "Of two that are aligned the signature is named.", section,
              signed(message=PLAIN), passes(), zone=[policy(), key()], sender=ANN,
              dkims=[dkim(*MATCHES)])
    of_domain(304, "neither", "What is neither signed nor authorized fails.", section, PLAIN,
              fails(), zone=[policy()])
    of_domain(305, "both-pass-for-another", "That both pass for another domain is nothing.",
              section, signed(message=PLAIN, d="example.net"), fails(),
              zone=[policy(), key(domain="example.net")], dkims=[dkim(*MATCHES, d="example.net")])
    of_domain(306, "spf-saves-bad-signature", "A signature that fails does not spoil SPF.",
              section, replaced(signed(message=PLAIN), b"Hello\r\n\r\n", b"Hi\r\n\r\n"),
              passes("spf"), zone=[policy(), key()], sender=ANN, dkims=[dkim(*MISMATCH)])
    forwarder = at("192.0.2.66", "ann@example.org", result="fail",
                   why="-all of example.org matches the client")
    of_domain(307, "dkim-saves-forwarded", "SPF that fails does not spoil a signature.", section,
              signed(message=PLAIN), passes(), zone=[policy(), key()], sender=forwarder,
              dkims=[dkim(*MATCHES)])
    for number, result, qualifier in [(308, "softfail", "~"), (309, "neutral", "?")]:
        of_domain(number, f"spf-{result}", f"The result {result} of SPF authorizes nothing.",
                  "RFC 9989 section 4.4.2", PLAIN, fails(), zone=[policy()],
                  sender=at("192.0.2.66", "ann@example.org",
                            f"v=spf1 ip4:192.0.2.1 {qualifier}all", result,
                            f"{qualifier}all of example.org matches the client"))
    short = dkim("policy", "the key is too short: 512 bits")
    of_domain(310, "short-key", "A signature that we do not accept authenticates nothing.",
              "RFC 8301 section 3.2", signed(RsaKey(512), PLAIN), fails(),
              zone=[policy(), key(RsaKey(512).record())], dkims=[short])
    of_domain(311, "part-of-a-body", "A body that is signed in part authenticates nothing.",
              "RFC 6376 section 8.2", signed(message=PLAIN, l="3"), fails(),
              zone=[policy(), key()],
              dkims=[dkim("policy", "l= leaves a part of the body unsigned: 3 of 8 octets")])
    of_domain(312, "helo-alone", "HELO authenticates nobody while MAIL FROM has a domain.", "4.4.2",
              PLAIN, fails(), zone=[policy()],
              sender=Sender("192.0.2.1", "mail.example.org", "x@example.net",
                            [txt("mail.example.org", "v=spf1 ip4:192.0.2.1 -all")],
                            missing("example.net"), "pass mail.example.org: ip4:192.0.2.1 of "
                            "mail.example.org matches the client"))
    bounce = Sender("192.0.2.1", "mail.example.org", "",
                    [txt("mail.example.org", "v=spf1 ip4:192.0.2.1 -all")],
                    *["pass mail.example.org: ip4:192.0.2.1 of mail.example.org matches the "
                      "client"] * 2)
    of_domain(313, "bounce", "HELO stands in for a null reverse-path.", "RFC 7208 section 2.4",
              PLAIN, passes("spf", "mail.example.org"), zone=[policy()], sender=bounce)


def policies():
    published(314, "policy-quarantine", "A domain may ask for quarantine.", "4.7",
              "v=DMARC1; p=quarantine", fails(policy="quarantine"))
    published(315, "policy-none", "A domain may ask for nothing.", "4.7", "v=DMARC1; p=none",
              fails(policy="none"))
    published(316, "testing", "A domain that only tries asks for one step less.", "4.7",
              "v=DMARC1; p=reject; t=y", fails(policy="quarantine", testing=True))
    published(317, "testing-quarantine", "Trying quarantine asks for nothing.", "4.7",
              "v=DMARC1; p=quarantine; t=y", fails(policy="none", testing=True))
    published(318, "pct-is-history", "pct= is a tag like any that is not known.", "9.3",
              "v=DMARC1; p=reject; pct=0", fails())
    published(319, "policy-in-capitals", "Values have no case.", "4.7", "v=DMARC1; p=Reject",
              fails())
    flaw = "example.org: p is none of none, quarantine and reject"
    published(320, "policy-unknown", "A policy that nobody knows is no policy.", "4.10.1",
              "v=DMARC1; p=block", ["dmarc none: " + flaw, "author example.org",
                                    "organization example.org",
               "record example.org"])
    published(321, "policy-unknown-with-reports",
              "A policy that nobody knows is none where somebody wants reports.", "4.10.1",
              "v=DMARC1; p=block; rua=mailto:a@example.org", fails(policy="none"))
    published(322, "record-of-another-version", "Another version is no record.", "4.10",
              "v=DMARC2; p=reject", no_record())
    published(323, "version-not-first", "A version that is not first is none.", "4.8",
              "p=reject; v=DMARC1", no_record())
    published(324, "version-in-small-letters", "The version has a case.", "4.8",
              "v=dmarc1; p=reject", no_record())
    published(325, "several-records", "Several records are none.", "4.10",
              ["v=DMARC1; p=reject", "v=DMARC1; p=none"],
              ["dmarc none: example.org has several DMARC records", "author example.org",
               "organization example.org"])
    published(326, "other-texts", "Other texts are dropped before records are counted.", "4.10",
              ["v=spf1 -all", "v=DMARC1; p=reject", "x"], fails())
    published(327, "tag-twice", "A record that names a tag twice is none.",
              "4.7", "v=DMARC1; p=reject; p=none",
              ["dmarc none: example.org: p is given twice", "author example.org",
               "organization example.org"])
    published(328, "bad-tag-is-ignored", "A tag that is malformed costs nothing but itself.", "4.7",
              "v=DMARC1; p=reject; adkim; =s; sp 1", fails())
    case(329, "no-record", "Without a record there is no DMARC.", "RFC 9989 section 4.10.1", PLAIN,
         no_record(), sender=EVE)


def above():
    org = {"organization": "example.org", "record": "example.org"}
    sub, new = "news.example.org", "nobody.example.org"
    text, ghost = letter(f"ann@{sub}"), letter(f"ann@{new}")
    there = [nodata(sub, "MX")]

    def below(number, name, rule, record, due, letter=text, zone=there, section="4.10.1"):
        published(number, name, rule, section, record, due, text=letter, zone=zone)

    below(330, "p-for-subdomains", "Without sp= the policy is that of p=.", "v=DMARC1; p=reject",
          fails(sub, **org))
    below(331, "sp-for-subdomains", "sp= is the policy of subdomains.",
          "v=DMARC1; p=none; sp=reject", fails(sub, "reject of sp", **org))
    below(332, "sp-not-for-the-domain", "sp= is not the policy of the domain itself.",
          "v=DMARC1; p=reject; sp=none", fails(), letter=PLAIN)
    below(333, "np-for-what-does-not-exist", "np= is the policy of names that do not exist.",
          "v=DMARC1; p=none; np=reject", fails(new, "reject of np", **org), ghost)
    below(334, "np-not-for-what-exists", "np= is not the policy of names that exist.",
          "v=DMARC1; p=none; np=reject", fails(sub, "none", **org))
    below(335, "sp-where-np-is-not", "Without np= the policy is that of sp=.",
          "v=DMARC1; p=none; sp=quarantine", fails(new, "quarantine of sp", **org), ghost)
    below(336, "np-dead", "Where nobody knows whether a name exists, nobody knows the policy.",
          "v=DMARC1; p=none; np=reject",
          is_open(f"{sub} MX: no answer in 5 s", None, author=sub, **org), zone=[dead(sub, "MX")],
          section="5.3.6")
    below(337, "own-record-of-a-subdomain", "A record of the author domain itself applies.",
          "v=DMARC1; p=reject; sp=reject",
          fails(sub, "none", organization="example.org"),
          zone=[*there, policy("v=DMARC1; p=none", sub)])
    below(338, "psd-no-is-the-organization", "psd=n ends the walk.", "v=DMARC1; p=reject",
          fails(sub, "none", organization=sub, record=sub),
          zone=[*there, policy("v=DMARC1; p=none; psd=n", sub)], section="4.10.2")
    case(339, "record-of-a-suffix",
         "The record of a public suffix domain applies to what has none.",
         "RFC 9989 section 4.10.1", PLAIN, fails(record="org", policy="reject of sp"), sender=EVE,
         zone=[policy("v=DMARC1; p=none; sp=reject; psd=y", "org"), nodata("example.org", "MX")])
    deep = "a.b.c.d.e.f.g.h.example.org"
    case(340, "walk-jumps", "Of a long name seven labels are asked for, and always one less.",
         "RFC 9989 section 4.10", letter(f"ann@{deep}"), fails(deep, **org), sender=EVE,
         zone=[policy(), policy("v=DMARC1; p=none", "b.c.d.e.f.g.h.example.org")])
    case(341, "walk-finds-the-highest", "The organizational domain is the shortest with a record.",
         "RFC 9989 section 4.10.2", letter("ann@a.b.example.org"),
         fails("a.b.example.org", **org), sender=EVE,
         zone=[policy(), policy("v=DMARC1; p=none", "b.example.org")])


def relaxed(number, name, rule, author, domain, due, record="v=DMARC1; p=reject", zone=(),
            source="RFC 9989 section 4.4.1", **tags):
    """A signature of `domain` that passes."""
    case(number, name, rule, source, signed(message=letter(f"ann@{author}"), d=domain, **tags),
         dkim(*MATCHES, d=domain, i=tags.get("i", "")), due,
         zone=[policy(record), key(domain=domain), *zone])


def alignment():
    org = {"organization": "example.org", "record": "example.org"}
    sub, sister = "news.example.org", "shop.example.org"
    strict = "v=DMARC1; p=reject; adkim=s"
    relaxed(342, "dkim-of-a-subdomain", "Relaxed: a subdomain is aligned.", "example.org", sub,
            passes(domain=sub))
    relaxed(343, "dkim-of-a-subdomain-strict", "adkim=s: a subdomain is not aligned.",
            "example.org", sub, fails(), strict)
    relaxed(344, "dkim-of-the-domain-above", "Relaxed: the organizational domain is aligned.", sub,
            "example.org", passes(author=sub, **org))
    relaxed(345, "dkim-of-a-sister", "Relaxed: what has the same organizational domain is aligned.",
            sub, sister, passes(domain=sister, author=sub, **org))
    relaxed(346, "dkim-of-a-sister-strict", "adkim=s: a sister is not aligned.", sub, sister,
            fails(sub, **org), strict)
    relaxed(347, "dkim-of-itself-strict", "adkim=s: the domain itself is aligned.", sub, sub,
            passes(domain=sub, author=sub, **org), strict)
    relaxed(348, "identity-is-not-aligned", "What is aligned is d=, not i=.", sub, "example.org",
            fails(sub, **org), strict, i=f"@{sub}")
    relaxed(349, "strictness-of-spf", "aspf= says nothing of signatures.", "example.org", sub,
            passes(domain=sub), "v=DMARC1; p=reject; aspf=s")
    mail = at("192.0.2.1", "bounce@bounces.example.org")
    case(350, "spf-of-a-subdomain", "Relaxed: SPF of a subdomain is aligned.",
         "RFC 9989 section 4.4.2", PLAIN, passes("spf", "bounces.example.org"), sender=mail,
         zone=[policy()])
    case(351, "spf-of-a-subdomain-strict", "aspf=s: SPF of a subdomain is not aligned.",
         "RFC 9989 section 4.4.2", PLAIN, fails(), sender=mail,
         zone=[policy("v=DMARC1; p=reject; aspf=s")])
    relaxed(352, "same-end", "A name that ends in the same letters is not aligned.", "example.org",
            "anexample.org", fails(), source=SHEN)
    relaxed(353, "below-psd-no", "What is below psd=n is of another organization.", sub,
            "example.org", fails(sub, organization=sub, record=sub),
            zone=[policy("v=DMARC1; p=reject; psd=n", sub)], source="RFC 9989 section 4.10.2")


def suffixes():
    """Public suffixes are no organization, whether or not they say so."""
    uk = {"organization": "co.uk", "record": "co.uk"}
    suffix = [policy("v=DMARC1; p=reject", "co.uk")]
    relaxed(354, "both-below-a-suffix", "Two names below a public suffix are not aligned.",
            "a.co.uk", "b.co.uk", fails("a.co.uk", **uk), zone=suffix,
            source="A guard of ours: RFC 7489 section 3.2")
    relaxed(355, "signed-by-a-suffix", "A public suffix signs for nobody below it.", "a.co.uk",
            "co.uk", fails("a.co.uk", **uk), zone=suffix,
            source="A guard of ours: RFC 7489 section 3.2")
    relaxed(356, "one-letter", "A label of one letter is a label.", "x.com", "attacker.com",
            fails("x.com"), zone=[policy(domain="x.com")], source="A fault of libopendmarc 1.4.2")
    relaxed(357, "suffix-that-says-no", "A name of the list that says psd=n is an organization.",
            "a.co.uk", "b.co.uk", passes(domain="b.co.uk", author="a.co.uk", **uk),
            zone=[policy("v=DMARC1; p=reject; psd=n", "co.uk")],
            source="RFC 9989 section 4.10.2")
    relaxed(358, "author-is-a-suffix", "A public suffix may write mail of its own.", "co.uk",
            "co.uk", passes(domain="co.uk", author="co.uk"), zone=suffix,
            source="RFC 9989 section 4.10.2")
    relaxed(359, "private-suffix", "Names below a private suffix belong to different people.",
            "a.github.io", "b.github.io",
            fails("a.github.io", organization="github.io", record="github.io"),
            zone=[policy(domain="github.io")], source="A fault of libopendmarc 1.4.2")


def failures():
    section = "RFC 9989 section 5.3.6"
    slow = dkim("temperror", "the key could not be asked for: no answer in 5 s")
    gone = dead("sel._domainkey.example.org", "TXT")
    case(360, "record-dead", "Where nobody can ask for the record, DMARC is open.", section, PLAIN,
         is_open("_dmarc.example.org TXT: no answer in 5 s", None, organization="", record=""),
         sender=EVE, zone=[dead("_dmarc.example.org", "TXT")])
    case(361, "above-dead", "A record of the domain itself needs nothing above it.", section,
         PLAIN, fails(organization=""), sender=STRANGER,
         zone=[policy(), dead("_dmarc.org", "TXT")])
    case(362, "key-dead", "An aligned signature that nobody can check leaves DMARC open.", section,
         signed(message=PLAIN), slow, is_open(), zone=[policy(), gone])
    case(363, "key-dead-of-another", "A signature that is not aligned leaves nothing open.",
         section, signed(message=PLAIN, d="example.net"),
         dkim("temperror", "the key could not be asked for: no answer in 5 s", d="example.net"),
         fails(), zone=[policy(), dead("sel._domainkey.example.net", "TXT")])
    case(364, "key-dead-and-spf", "What passes beside a dead key leaves nothing open.", section,
         signed(message=PLAIN), slow, passes("spf"), sender=ANN, zone=[policy(), gone])
    open_spf = Sender("192.0.2.1", "mail.example.org", "ann@example.org",
                      [dead("example.org", "TXT")],
                      "temperror example.org: example.org TXT: no answer in 5 s",
                      missing("mail.example.org"))
    case(365, "spf-dead", "Aligned SPF that nobody can check leaves DMARC open.", section, PLAIN,
         is_open("SPF of example.org could not be checked"), sender=open_spf, zone=[policy()])
    other = Sender("192.0.2.1", "mail.example.org", "eve@example.net",
                   [dead("example.net", "TXT")],
                   "temperror example.net: example.net TXT: no answer in 5 s",
                   missing("mail.example.org"))
    case(366, "spf-dead-of-another", "SPF of another domain leaves nothing open.", section, PLAIN,
         fails(), sender=other, zone=[policy()])
    broken = at("192.0.2.1", "ann@example.org", "v=spf1 ipv4:192.0.2.1", "permerror",
                'example.org: "ipv4:192.0.2.1": no such mechanism')
    case(367, "spf-broken", "A record of SPF that cannot be read leaves nothing open.",
         "RFC 9989 section 4.4.2", PLAIN, fails(), sender=broken, zone=[policy()])


def make():
    for area in [results, policies, above, alignment, suffixes, failures]:
        area()
