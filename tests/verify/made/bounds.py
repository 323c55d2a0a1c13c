"""5xx: what is more, longer or deeper than anybody needs."""

from senders import ALL, CLIENT, HELO, LETTER, REVERSE, SILENT, dmarc_of, matches, of_record
from signatures import ours, taken
from world import (MATCHES, RSA, Sender, case, dkim, fails, faulty, is_open, key, message, missing,
                   passes, policy, records, signed, txt, unreadable)

SURPLUS = ("policy", "the message has too many signatures")
TOO_MANY_FIELDS = ("policy", "h= names more than 256 fields")
TOO_LONG = ("policy", "the signature is longer than 16384 octets, or has more than 100 tags")
A_LIMIT = "A limit of ours: "


def signatures():
    taken(501, "eleven-signatures", "more than ten",
          "Ten signatures are judged, from the top.", *[MATCHES] * 10, *[SURPLUS] * 2)
    taken(502, "max-signatures", "more than we are told to take",
          "A site may have fewer judged.", MATCHES, *[SURPLUS] * 11)
    bad = dkim("neutral", "a tag is missing: d=", d="", s="")
    taken(503, "malformed-signatures", "malformed ones do not count",
          "A signature that cannot be read takes no place.", *[bad] * 12, MATCHES)
    taken(504, "hundred-and-twenty-signatures", "120",
          "Of a hundred signatures there is a verdict, the others are counted.", MATCHES,
          *[bad] * 99, "unlisted 20")
    taken(505, "long-signature", "more than 16384 octets",
          "A signature is at most 16384 octets.",
          dkim(*TOO_LONG, d="", s="", a=""))
    taken(506, "nearly-long-signature", "nearly 16384 octets",
          "A signature of nearly 16384 octets is judged.", MATCHES)
    taken(507, "hundred-tags", "100 tags", "A signature may have 100 tags.", MATCHES)
    taken(508, "hundred-and-one-tags", "more than 100 tags", "A signature has at most 100 tags.",
          dkim(*TOO_LONG, d="", s="", a=""))
    taken(509, "fields-256", "256 fields", "A signature may name 256 fields.", MATCHES)
    taken(510, "fields-257", "257 fields", "A signature names at most 256 fields.", TOO_MANY_FIELDS)
    taken(511, "h-of-4096-octets", "h= of 4096 octets", "h= may be longer than its library takes.",
          MATCHES)
    ours(512, "i-of-513-octets", "An identity has at most 512 octets.", "RFC 6376 section 3.5",
         signed(i="x" * 501 + "@example.org"), ("neutral", "i= is no identity"))
    taken(513, "field-of-100-kb", "a field of 100 kB", "A signed field may be long.", MATCHES)
    taken(514, "long-line", "a long line, relaxed", "A line of the body may be long.", MATCHES)
    taken(515, "three-sign-others", "three that sign others",
          "Any number of signatures may sign others.", *[MATCHES] * 4)
    p = RSA.record().partition("p=")[2]
    name = "sel._domainkey.example.org"
    ours(516, "long-key-record", "A record of a key has at most 8192 octets.",
         "RFC 6376 section 3.6.1", signed(),
         ("permerror", "the key record is malformed"), keys={name: [f"n={'x' * 8500}; p={p}"]})


def spf():
    def terms(count):
        return "v=spf1 " + " ".join(f"a:a{n}.example.org" for n in range(count)) + " -all"

    def hosts(count):
        return [records(f"a{n}.example.org", "A", "192.0.2.9") for n in range(count)]

    of_record(517, "ten-terms", "Ten terms may ask the DNS.", "4.6.4", terms(10), "fail", ALL,
              hosts(10))
    of_record(518, "eleven-terms", "An eleventh term that asks the DNS is an error.", "4.6.4",
              terms(11), "permerror",
              "more than 10 terms ask the DNS", hosts(11))
    of_record(519, "two-void", "Two terms may ask for what does not exist.", "4.6.4", terms(2),
              "fail", ALL)
    of_record(520, "three-void", "A third term that asks for what does not exist is an error.",
              "4.6.4", terms(3), "permerror",
              "more than 2 terms ask for what does not exist")
    exchanges = records("example.org", "MX", *(f"{n}:a{n}.example.org" for n in range(11)))
    of_record(521, "eleven-exchanges", "mx: an eleventh exchange is an error.", "4.6.4",
              "v=spf1 mx -all", "permerror", "example.org MX: more than 10 hosts",
              [exchanges, *hosts(11)])
    of_record(522, "long-spf-record", "A record may be longer than one string of the DNS.", "3.3",
              "v=spf1 " + "ip4:198.51.100.1 " * 60 + "ip4:192.0.2.1 -all", "pass",
              matches("ip4:192.0.2.1"))


def client():
    names = [f"h{n}.example.net" for n in range(10)]
    sender = Sender(CLIENT, HELO, "ann@example.org", [], missing("example.org"), SILENT,
                    "fail: no name leads back to the address")
    case(523, "eleven-names", "Ten names of a client are looked at.", "RFC 7208 section 4.6.4",
         LETTER, fails(), sender=sender,
         zone=[policy(), records(REVERSE, "PTR", *names, HELO), records(HELO, "A", CLIENT)])


def authors():
    def written(number, name, rule, source, value, due):
        case(number, name, rule, source, message(f"From: {value}"), due, zone=[policy()])

    written(524, "hundred-mailboxes", "From may name 100 mailboxes.", A_LIMIT + "100 mailboxes",
            ",\r\n ".join(["ann@example.org"] * 100), fails())
    written(525, "hundred-and-one-mailboxes", "From names at most 100 mailboxes.",
            A_LIMIT + "100 mailboxes", ",\r\n ".join(["ann@example.org"] * 101),
            unreadable("too_many"))
    written(526, "long-from", "From has at most 32 KiB.", A_LIMIT + "32 KiB",
            f"({'x' * 32768}) ann@example.org", unreadable("too_long"))
    written(527, "deep-comments", "Comments may nest 20 times.", A_LIMIT + "20 comments",
            "(" * 20 + ")" * 20 + " ann@example.org", fails())
    written(528, "deeper-comments", "Comments nest at most 20 times.", A_LIMIT + "20 comments",
            "(" * 21 + ")" * 21 + " ann@example.org", unreadable("too_deep"))


def policies():
    for number, name, rule, count in [
            (529, "ten-domains", "Of ten domains the organization is looked for.", 10),
            (535, "eleven-domains", "The organization of an eleventh domain is not looked for.",
             11)]:
        domains = [f"s{n}.example.org" for n in range(count)]
        text = LETTER
        for domain in reversed(domains):
            text = signed(message=text, d=domain, h="from")
        case(number, name, rule, A_LIMIT + "10 domains", text,
             *[dkim(*MATCHES, d=domain) for domain in domains],
             passes(domain=domains[-1]) if count == 10 else fails(), max_signatures=count,
             zone=[policy(), *(key(domain=domain) for domain in domains),
                   *(policy("v=DMARC1; p=none; psd=n", domain) for domain in domains[:-1])])
    tags = "".join(f"; x{chr(97 + n // 26)}{chr(97 + n % 26)}=1" for n in range(64))
    case(530, "sixty-five-tags", "A record of DMARC has at most 64 tags.", A_LIMIT + "64 tags",
         LETTER, ["dmarc none: example.org: more than 64 tags", "author example.org",
                  "organization example.org"],
         zone=[policy(f"v=DMARC1; p=reject{tags}")])


def cutoffs():
    """What is still open when no more may be asked."""
    name = "sel._domainkey.example.org"
    record = txt("example.org", "v=spf1 ip4:192.0.2.1 -all")
    late = "the checks were not done within auth.deadline"
    sender = Sender(CLIENT, HELO, "ann@example.org", [record], f"temperror example.org: {late}",
                    SILENT, null_mx_due="unknown")
    case(531, "sender-too-late", "SPF that is not done in time is open, and so is DMARC.",
         "RFC 7208 section 4.6.4", LETTER, dmarc_of("temperror"), sender=sender, zone=[policy()],
         cutoff_sender="deadline")
    rounds = "the checks ask the DNS more than 20 times in a row"
    case(532, "message-too-many-rounds", "Keys and policies that are not asked for are open.",
         A_LIMIT + "20 rounds", signed(),
         dkim("temperror", f"the key could not be asked for: {rounds}"),
         is_open(f"_dmarc.example.org TXT: {rounds}", None, organization="", record=""),
         zone=[policy(), key()], cutoff_message="rounds")
    memory = "the answers to the checks take too much memory"
    greedy = Sender(CLIENT, HELO, "ann@example.org", [record],
                    "pass example.org: ip4:192.0.2.1 of example.org matches the client",
                    f"temperror {HELO}: {memory}", f"temperror: {memory}")
    case(533, "client-too-greedy", "What a client makes us ask takes nothing from the sender.",
         A_LIMIT + "68 KiB", LETTER, passes("spf"), sender=greedy, zone=[policy()],
         cutoff_client="memory")
    case(534, "too-late-but-no-author", "A message without author domain needs no answer.",
         "RFC 9989 section 5.3.1", message("To: bob@ours.test"),
         faulty("no_from", "the message has no From field"), sender=sender,
         cutoff_sender="deadline", cutoff_message="deadline")


def make():
    for area in [signatures, spf, client, authors, policies, cutoffs]:
        area()
