"""4xx: SPF of both identities, iprev and null MX, and what they lead to in DMARC."""

from world import Sender, case, dead, fails, is_open, message, missing, passes, policy, records, txt

LETTER = message("From: Ann <ann@example.org>", "To: bob@ours.test", "Subject: Hello")
CLIENT = "192.0.2.1"
HELO = "mail.example.org"
REVERSE = "1.2.0.192.in-addr.arpa"
BACK = "the name leads back to the address"
SILENT = missing(HELO)
ALL = "-all of example.org matches the client"


def dmarc_of(result):
    if result == "pass":
        return passes("spf")
    return is_open("SPF of example.org could not be checked") if result == "temperror" else fails()


def of_record(number, name, rule, section, record, result, why, zone=(), client=CLIENT, **more):
    """SPF of example.org, which is the author domain; `record`: one, or several."""
    texts = [record] if isinstance(record, (str, bytes)) else record
    sender = Sender(client, HELO, "ann@example.org", [txt("example.org", *texts)],
                    f"{result} example.org: {why}", SILENT, **more)
    case(number, name, rule, f"RFC 7208 section {section}", LETTER, dmarc_of(result), sender=sender,
         zone=[policy(), *zone])


def matches(term, domain="example.org"):
    return f"{term} of {domain} matches the client"


def results():
    of_record(401, "spf-pass", "A client that the record names passes.", "4.6.2",
              "v=spf1 ip4:192.0.2.0/24 -all", "pass", matches("ip4:192.0.2.0/24"))
    of_record(402, "spf-fail", "A client that the record forbids fails.", "8.4", "v=spf1 -all",
              "fail", ALL)
    of_record(403, "spf-softfail", "A domain may say that a client is hardly one of its own.",
              "8.5", "v=spf1 ~all",
              "softfail", matches("~all"))
    of_record(404, "spf-neutral", "A domain may say nothing of a client.", "8.2", "v=spf1 ?all",
              "neutral",
              matches("?all"))
    of_record(405, "spf-no-match", "Where no term matches, the domain says nothing.", "4.7",
              "v=spf1 ip4:192.0.2.9", "neutral", "no term of example.org matches the client")
    of_record(406, "spf-first-match", "The first term that matches counts.", "4.6.2",
              "v=spf1 -ip4:192.0.2.1 +all", "fail", matches("-ip4:192.0.2.1"))
    of_record(407, "spf-no-record", "A domain without a record says nothing.", "4.5",
              ["v=spf10 -all", "v=DMARC1; p=reject"], "none", "example.org has no SPF record")
    of_record(408, "spf-several-records", "A domain with several records has none that counts.",
              "4.5", ["v=spf1 -all", "v=spf1 +all"], "permerror",
              "example.org has several SPF records")
    of_record(409, "spf-bad-term", "A mistake anywhere spoils the record, whatever matches first.",
              "4.6", "v=spf1 ip4:192.0.2.1 foo:bar -all", "permerror",
              'example.org: "foo:bar": no such mechanism')
    of_record(410, "spf-bad-address", "An address is written in full.", "5.6",
              "v=spf1 ip4:192.0.2 -all", "permerror", 'example.org: "ip4:192.0.2": bad argument')
    of_record(411, "spf-bad-prefix", "A prefix is no longer than an address.", "5.6",
              "v=spf1 ip4:192.0.2.0/33 -all", "permerror",
              'example.org: "ip4:192.0.2.0/33": bad argument')
    of_record(412, "spf-unknown-modifier", "A modifier that nobody knows is ignored.", "6",
              "v=spf1 foo=bar ip4:192.0.2.1 -all", "pass", matches("ip4:192.0.2.1"))
    of_record(413, "spf-names-have-no-case", "Versions, mechanisms and modifiers have no case.",
              "4.6.1", "V=SPF1 IP4:192.0.2.1 -ALL", "pass", matches("IP4:192.0.2.1"))
    of_record(414, "spf-octets", "A record is ASCII.", "3.1", b"v=spf1 ip4:192.0.2.1 \xe4=x",
              "permerror", 'example.org: "?=x": no such mechanism')


def mechanisms():
    of_record(415, "spf-a", "a: the client has an address of the domain.", "5.3", "v=spf1 a -all",
              "pass", matches("a"), [records("example.org", "A", CLIENT)])
    of_record(416, "spf-a-network", "a: a prefix widens every address.", "5.3",
              "v=spf1 a:www.example.org/24 -all", "pass", matches("a:www.example.org/24"),
              [records("www.example.org", "A", "192.0.2.200")])
    of_record(417, "spf-mx", "mx: the client has an address of a mail exchange.", "5.4",
              "v=spf1 mx -all", "pass", matches("mx"),
              [records("example.org", "MX", "10:a.example.org", "20:b.example.org"),
               records("a.example.org", "A", "192.0.2.8"),
               records("b.example.org", "A", CLIENT)])
    of_record(418, "spf-ptr", "ptr: a name of the client leads back and is of the domain.", "5.5",
              "v=spf1 ptr -all", "pass", matches("ptr"),
              [records(REVERSE, "PTR", HELO), records(HELO, "A", CLIENT)],
              iprev_due=f"pass {HELO}: {BACK}")
    of_record(419, "spf-ip6", "ip6: no address of IPv4 matches.", "5.6", "v=spf1 ip6:::/0 -all",
              "fail", ALL)
    of_record(420, "spf-ip6-client", "ip6: the client is in a network.", "5.6",
              "v=spf1 ip6:2001:db8::/32 -all", "pass", matches("ip6:2001:db8::/32"),
              client="2001:db8::1")
    of_record(421, "spf-mapped-client", "A mapped address is one of IPv4.", "5",
              "v=spf1 ip4:192.0.2.1 -all", "pass", matches("ip4:192.0.2.1"),
              client="::ffff:192.0.2.1")
    of_record(422, "spf-exists", "exists: the name that the macros make has an address.", "5.7",
              "v=spf1 exists:%{ir}.%{l}._spf.%{d} -all", "pass",
              matches("exists:%{ir}.%{l}._spf.%{d}"),
              [records("1.2.0.192.ann._spf.example.org", "A", "127.0.0.2")])
    of_record(423, "spf-bad-macro", "A macro that nobody knows spoils the record.", "7.1",
              "v=spf1 exists:%{z}.example.org -all", "permerror",
              'example.org: "exists:%{z}.example.org": bad argument')
    inner = "v=spf1 ip4:192.0.2.1 -all"
    of_record(424, "spf-include", "include: what passes there matches here.", "5.2",
              "v=spf1 include:_spf.example.net -all", "pass", matches("include:_spf.example.net"),
              [txt("_spf.example.net", inner)])
    of_record(425, "spf-include-fails", "include: what fails there does not match here.", "5.2",
              "v=spf1 include:_spf.example.net ~all", "softfail", matches("~all"),
              [txt("_spf.example.net", "v=spf1 -all")])
    of_record(426, "spf-include-of-nothing", "include: without a record there is nothing to take.",
              "5.2", "v=spf1 include:_spf.example.net ~all", "permerror",
              "include: _spf.example.net does not exist")
    of_record(427, "spf-include-broken", "include: a record that is broken spoils this one.",
              "5.2", "v=spf1 include:_spf.example.net ~all", "permerror",
              '_spf.example.net: "foo": no such mechanism',
              [txt("_spf.example.net", "v=spf1 foo")])
    of_record(428, "spf-include-itself", "include: a record that includes itself has an end.",
              "4.6.4", "v=spf1 include:example.org -all", "permerror",
              "more than 10 terms ask the DNS")
    of_record(429, "spf-redirect", "redirect: where nothing matches, another record counts.",
              "6.1", "v=spf1 redirect=_spf.example.net", "fail",
              matches("-all", "_spf.example.net"), [txt("_spf.example.net", "v=spf1 -all")])
    of_record(430, "spf-redirect-of-nothing", "redirect: without a record nobody knows.", "6.1",
              "v=spf1 redirect=_spf.example.net", "permerror",
              "the redirect of example.org has no SPF record")
    of_record(431, "spf-redirect-and-all", "redirect: nothing comes behind all.", "6.1",
              "v=spf1 ?all redirect=_spf.example.net", "neutral", matches("?all"),
              [txt("_spf.example.net", inner)])
    of_record(432, "spf-redirect-twice", "redirect: it stands in a record once.", "6",
              "v=spf1 redirect=a.example.net redirect=b.example.net", "permerror",
              'example.org: "redirect=b.example.net": a second time')
    of_record(433, "spf-explanation", "exp: what it says changes no result.", "6.2",
              "v=spf1 -all exp=why.example.org", "fail", ALL,
              [txt("why.example.org", "%{i} may pass")])


def failures():
    dying = Sender(CLIENT, HELO, "ann@example.org", [dead("example.org", "TXT")],
                   "temperror example.org: example.org TXT: no answer in 5 s", SILENT)
    case(434, "spf-record-dead", "A record that nobody can ask for may say anything.",
         "RFC 7208 section 4.4", LETTER, dmarc_of("temperror"), sender=dying, zone=[policy()])
    of_record(435, "spf-term-dead", "A term that nobody can ask for may match.", "5",
              "v=spf1 a:www.example.org -all", "temperror",
              "www.example.org A: no answer in 5 s", [dead("www.example.org", "A")])
    of_record(436, "spf-term-dead-behind", "What stands behind the term that matches is not asked.",
              "4.6.2", "v=spf1 ip4:192.0.2.1 a:www.example.org -all", "pass",
              matches("ip4:192.0.2.1"), [dead("www.example.org", "A")])
    of_record(437, "spf-ptr-dead", "ptr: where the DNS fails it does not match.", "5.5",
              "v=spf1 ptr ip4:192.0.2.1 -all", "pass", matches("ip4:192.0.2.1"),
              [dead(REVERSE, "PTR")], iprev_due=f"temperror: {REVERSE}: no answer in 5 s")


def identity(number, name, rule, source, helo, mail_from, zone, mailfrom_due, helo_due, dmarc,
             letter=LETTER, **more):
    sender = Sender(CLIENT, helo, mail_from, zone, mailfrom_due, helo_due, **more)
    case(number, name, rule, source, letter, dmarc, sender=sender, zone=[policy()])


def identities():
    ours = txt(HELO, "v=spf1 ip4:192.0.2.1 -all")
    passed = f"pass {HELO}: ip4:192.0.2.1 of {HELO} matches the client"
    section = "RFC 7208 section 2."
    identity(438, "helo-passes-mailfrom-fails", "That HELO passes saves no MAIL FROM that fails.",
             section + "4", HELO, "ann@example.org", [ours, txt("example.org", "v=spf1 -all")],
             f"fail example.org: {ALL}", passed, fails())
    identity(439, "helo-fails-mailfrom-passes", "That HELO fails spoils no MAIL FROM that passes.",
             section + "3", HELO, "ann@example.org",
             [txt(HELO, "v=spf1 -all"), txt("example.org", "v=spf1 +all")],
             "pass example.org: +all of example.org matches the client",
             f"fail {HELO}: -all of {HELO} matches the client", passes("spf"))
    identity(440, "null-sender", "With a null reverse-path HELO is the sender.", section + "4",
             HELO, "", [ours], passed, passed, passes("spf", HELO))
    identity(441, "null-sender-of-another",
             "The HELO of a null reverse-path is aligned as a sender would be.",
             "RFC 9989 section 4.4.2", "mail.example.net", "",
             [txt("mail.example.net", "v=spf1 +all")],
             *["pass mail.example.net: +all of mail.example.net matches the client"] * 2, fails())
    identity(442, "helo-literal", "An address literal has no record.", section + "3", "[192.0.2.1]",
             "ann@example.org", [], missing("example.org"),
             "none [192.0.2.1]: not the name of a domain in the DNS", fails())
    identity(443, "helo-one-label", "A name of one label has no record.", "RFC 7208 section 4.3",
             "localhost", "ann@example.org", [txt("localhost", "v=spf1 +all")],
             missing("example.org"), "none localhost: not the name of a domain in the DNS", fails())
    identity(444, "mailfrom-literal", "A sender at an address literal has no record.",
             "RFC 7208 section 4.3", HELO, "ann@[192.0.2.1]", [],
             "none [192.0.2.1]: not the name of a domain in the DNS", SILENT, fails())
    puny = "xn--bcher-kva.example"
    identity(445, "mailfrom-u-label", "A sender's U-labels are asked for as A-labels.",
             "RFC 8616 section 4", HELO, "ann@bücher.example", [txt(puny, "v=spf1 +all")],
             f"pass {puny}: +all of {puny} matches the client", SILENT, fails())
    identity(446, "mailfrom-in-capitals", "A sender's domain has no case.", "RFC 4343 section 2",
             HELO, "Ann@EXAMPLE.org", [txt("example.org", "v=spf1 +all")],
             "pass example.org: +all of example.org matches the client", SILENT, passes("spf"))
    identity(447, "mailfrom-subdomain", "A record is of one name, and of none below it.",
             "RFC 7208 section 3.1", HELO, "ann@news.example.org",
             [txt("example.org", "v=spf1 +all")], missing("news.example.org"), SILENT, fails())
    identity(448, "mailfrom-quoted", "A quoted local part is one word of a macro.",
             "RFC 7208 section 7.3", HELO, '"a b"@example.org',
             [txt("example.org", "v=spf1 exists:%{l}._spf.%{d} -all"),
              records("a\\032b._spf.example.org", "A", "127.0.0.2")],
             "pass example.org: exists:%{l}._spf.%{d} of example.org matches the client", SILENT,
             passes("spf"))


def client(number, name, rule, zone, iprev, address=CLIENT):
    sender = Sender(address, HELO, "ann@example.org", [], missing("example.org"), SILENT, iprev)
    case(number, name, rule, "RFC 8601 section 3", LETTER, fails(), sender=sender,
         zone=[policy(), *zone])


def reverse():
    client(449, "iprev-pass", "A name of the client that leads back confirms it.",
           [records(REVERSE, "PTR", HELO), records(HELO, "A", CLIENT)], f"pass {HELO}: {BACK}")
    client(450, "iprev-fail", "A name that leads elsewhere confirms nothing.",
           [records(REVERSE, "PTR", HELO), records(HELO, "A", "192.0.2.9")],
           "fail: no name leads back to the address")
    client(451, "iprev-second-name", "Of several names one that leads back suffices.",
           [records(REVERSE, "PTR", "a.example.net", HELO), records(HELO, "A", CLIENT)],
           f"pass {HELO}: {BACK}")
    client(452, "iprev-no-name", "A client may have no name.", [],
           "permerror: the address has no name")
    client(453, "iprev-dead", "Where nobody can ask for the name, nobody knows it.",
           [dead(REVERSE, "PTR")], f"temperror: {REVERSE}: no answer in 5 s")
    client(454, "iprev-dead-address", "Where nobody can ask where a name leads, nobody knows it.",
           [records(REVERSE, "PTR", HELO), dead(HELO, "A")], f"temperror: {HELO}: no answer in 5 s")
    long = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    client(455, "iprev-ip6", "A client of IPv6 is looked for by its 32 digits.",
           [records(long, "PTR", HELO), records(HELO, "AAAA", "2001:db8::1")],
           f"pass {HELO}: {BACK}", "2001:db8::1")


def exchanges():
    def takes(number, name, rule, zone, null_mx, section="3", mail_from="ann@example.org"):
        domain = mail_from.partition("@")[2]
        spf = missing(HELO if not mail_from else domain)
        if domain.startswith("["):
            spf = f"none {domain}: not the name of a domain in the DNS"
        identity(number, name, rule, f"RFC 7505 section {section}", HELO, mail_from, zone, spf,
                 SILENT, fails(), null_mx_due=null_mx)

    takes(456, "null-mx", "A domain whose only MX is the root takes no mail.",
          [records("example.org", "MX", "0:.")], "yes")
    takes(457, "null-mx-beside-others", "The root beside other exchanges is no null MX.",
          [records("example.org", "MX", "0:.", "10:mx.example.org")], "no")
    takes(458, "mx", "A domain with an MX takes mail.",
          [records("example.org", "MX", "10:mx.example.org")], "no")
    takes(459, "mx-dead", "Where nobody can ask for the MX, nobody knows.",
          [dead("example.org", "MX")], "unknown")
    takes(460, "null-mx-of-above", "The MX of another name says nothing.",
          [records("example.org", "MX", "0:.")], "no", mail_from="ann@news.example.org")
    takes(461, "null-mx-of-literal", "An address literal has no MX.", [], "no", "4.2",
          "ann@[192.0.2.1]")
    takes(462, "null-mx-of-bounce", "A null reverse-path has no MX.",
          [records(HELO, "MX", "0:.")], "no", "4.2", "")


def make():
    for area in [results, mechanisms, failures, identities, reverse, exchanges]:
        area()
