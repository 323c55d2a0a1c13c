"""7xx: what becomes of a message by the settings."""

from policies import PLAIN, letter
from world import (ANN, EVE, MATCHES, MISMATCH, STRANGER, Sender, case, dead, dkim, fails, faulty,
                   is_open, key, message, missing, no_record, passes, policy, replaced, signed, txt)

OURS = "policy::decide"
NO_ANSWER = "the key could not be asked for: no answer in 5 s"
LIST = dkim(*MATCHES, d="lists.example.net")
LIST_KEY = key(domain="lists.example.net")
TILL = "2023-11-14"  # the day of the messages
BY_LIST = f"- lists.example.net {TILL} The list alters subjects."
BY_NETWORK = f"192.0.2.0/24 - {TILL} The list alters subjects."


def spf(result, mechanism, domain="example.net"):
    return Sender("192.0.2.66", "mail.example.net", f"eve@{domain}",
                  [txt(domain, f"v=spf1 {mechanism}")],
                  f"{result} {domain}: {mechanism} of {domain} matches the client",
                  missing("mail.example.net"))


DEAD_SPF = Sender("192.0.2.66", "mail.example.net", "eve@example.net",
                  [dead("example.net", "TXT")],
                  "temperror example.net: example.net TXT: no answer in 5 s",
                  missing("mail.example.net"))
DEAD_RECORD = is_open("_dmarc.example.org TXT: no answer in 5 s", "", organization="", record="")


def failing(number, name, rule, record="v=DMARC1; p=reject", asked="reject", sender=EVE,
            **settings):
    """Nothing authenticates example.org."""
    case(number, name, rule, OURS, PLAIN, fails(policy=asked), sender=sender,
         zone=[policy(record)], **settings)


def of_dmarc():
    failing(701, "on-reject-quarantine", "What a domain wants refused may go into quarantine.",
            on_reject="quarantine")
    failing(702, "on-reject-quarantine-of-none", "Who asks for nothing gets nothing.",
            "v=DMARC1; p=none", "none", on_reject="quarantine")
    failing(703, "not-enforced", "DMARC that is not enforced is only recorded.", enforce="false")
    case(704, "not-enforced-several-from", "Without one author there is nothing to enforce, yet "
         "it is refused.", OURS, message("From: ann@example.org", "From: eve@example.net"),
         faulty("several_froms", "the message has several From fields"), sender=EVE,
         enforce="false")
    case(705, "record-dead-accept", "What nobody can know may be let through.", OURS, PLAIN,
         DEAD_RECORD, sender=EVE, zone=[dead("_dmarc.example.org", "TXT")],
         on_temporary_error="accept")
    case(706, "record-dead-not-enforced", "What is not enforced need not be known.", OURS, PLAIN,
         DEAD_RECORD, sender=EVE, zone=[dead("_dmarc.example.org", "TXT")], enforce="false")
    case(707, "key-dead-policy-none", "What could not be refused is not put off.", OURS,
         signed(message=PLAIN), dkim("temperror", NO_ANSWER), is_open(policy="none"),
         zone=[policy("v=DMARC1; p=none"), dead("sel._domainkey.example.org", "TXT")])


def of_spf():
    def plain(number, name, rule, sender, **settings):
        case(number, name, rule, OURS, PLAIN, no_record(), sender=sender, **settings)

    plain(711, "spf-fail-refused", "SPF alone may refuse.", spf("fail", "-all"), on_fail="reject")
    plain(712, "spf-fail-marked", "SPF alone need not refuse.", spf("fail", "-all"))
    plain(713, "spf-softfail-delivered", "A softfail refuses nothing.", spf("softfail", "~all"),
          on_fail="reject")
    plain(714, "spf-dead-deferred", "A check that could refuse is waited for.", DEAD_SPF,
          on_fail="reject")
    plain(715, "spf-dead-accept", "What nobody can know may be let through.", DEAD_SPF,
          on_fail="reject", on_temporary_error="accept")
    plain(716, "spf-dead-marked", "A check that could not refuse is not waited for.", DEAD_SPF)
    failing(717, "spf-fail-before-dmarc", "Of two refusals that of SPF is told.",
            sender=spf("fail", "-all"), on_fail="reject")
    failing(718, "dmarc-fail-beside-dead-spf", "A refusal that is sure is not put off.",
            sender=DEAD_SPF, on_fail="reject")


def of_spoofing():
    def guarded(number, name, rule, text, *due, domain="example.org", **more):
        case(number, name, rule, OURS, text, *due,
             **{"sender": EVE, "spoof_protection": [domain], **more})

    sub = "news.example.org"
    gone = dead("sel._domainkey.example.org", "TXT")
    guarded(721, "spoofed", "A domain of ours without a record may be guarded.", PLAIN,
            no_record())
    guarded(722, "spoofed-not-by-spf", "SPF of exactly that domain is enough.", PLAIN, no_record(),
            sender=ANN)
    guarded(723, "spoofed-not-by-dkim", "A signature of exactly that domain is enough.",
            signed(message=PLAIN), dkim(*MATCHES), no_record(), zone=[key()])
    guarded(724, "spoofed-by-subdomain", "Without a record a subdomain is another domain.",
            signed(message=PLAIN, d=sub), dkim(*MATCHES, d=sub), no_record(),
            zone=[key(domain=sub)])
    guarded(725, "spoofed-subdomain-with-record", "With a record it is aligned.",
            signed(message=PLAIN, d=sub), dkim(*MATCHES, d=sub), passes(domain=sub),
            zone=[policy(), key(domain=sub)])
    guarded(726, "spoofed-key-dead", "A signature that may be ours is waited for.",
            signed(message=PLAIN), dkim("temperror", NO_ANSWER), no_record(), zone=[gone])
    guarded(727, "spoofed-key-dead-accept", "What nobody can know may be let through.",
            signed(message=PLAIN), dkim("temperror", NO_ANSWER), no_record(), zone=[gone],
            on_temporary_error="accept")
    guarded(728, "spoofed-policy-none", "The guard does not ask for a policy.", PLAIN,
            fails(policy="none"), zone=[policy("v=DMARC1; p=none")])
    guarded(729, "spoofed-not-enforced", "The guard does not ask whether DMARC is enforced.", PLAIN,
            fails(), zone=[policy()], enforce="false")
    guarded(730, "spoofed-and-exception", "The guard knows no exception.", PLAIN, fails(),
            zone=[policy()], exception=[BY_NETWORK])
    guarded(731, "spoofed-below", "A subdomain of what is guarded is not guarded.",
            letter(f"ann@{sub}"), no_record(sub, organization=sub))
    guarded(732, "spoofed-on-reject-quarantine", "The guard refuses what DMARC would put aside.",
            PLAIN, fails(), zone=[policy()], on_reject="quarantine")
    guarded(733, "spoofed-record-dead", "A guard that DMARC could satisfy waits for it.", PLAIN,
            DEAD_RECORD, zone=[dead("_dmarc.example.org", "TXT")], enforce="false")


def of_exceptions():
    by_list = signed(message=PLAIN, d="lists.example.net")

    def excepted(number, name, rule, text, *due, zone=(), **more):
        case(number, name, rule, OURS, text, *due, zone=[policy(), *zone], **more)

    failing(741, "exception-of-network", "A network may be excepted, to the end of its last day.",
            exception=[BY_NETWORK])
    failing(742, "exception-over", "An exception has an end.",
            exception=["192.0.2.0/24 - 2023-11-13 The list alters subjects."])
    failing(743, "exception-of-another-network", "Another network is not excepted.",
            exception=[f"198.51.100.0/24 - {TILL} The list alters subjects."])
    failing(744, "exception-from-quarantine", "Quarantine is excepted too.",
            "v=DMARC1; p=quarantine", "quarantine", exception=[BY_NETWORK])
    excepted(745, "exception-of-signer", "A signer may be excepted.", by_list, LIST, fails(),
             zone=[LIST_KEY], exception=[BY_LIST])
    excepted(746, "exception-of-forged-signer", "A signature that fails excepts nothing.",
             replaced(by_list, b"b=", b"b=AAAA"),
             dkim(*MISMATCH, d="lists.example.net"), fails(), zone=[LIST_KEY], exception=[BY_LIST])
    excepted(747, "exception-of-both", "Where both are given, both must hold.", by_list, LIST,
             fails(), zone=[LIST_KEY],
             exception=[f"198.51.100.0/24 lists.example.net {TILL} The list alters subjects."])
    slow = dkim("temperror", NO_ANSWER, d="lists.example.net")
    gone = dead("sel._domainkey.lists.example.net", "TXT")
    excepted(748, "exception-open", "An exception that nobody can check is waited for.", by_list,
             slow, fails(), zone=[gone], exception=[BY_LIST])
    excepted(749, "exception-open-accept", "What may be excepted is neither refused nor let by.",
             by_list, slow, fails(), zone=[gone], exception=[BY_LIST], on_temporary_error="accept")
    excepted(750, "exception-open-and-another", "One that holds makes it needless to wait.",
             by_list, slow, fails(), zone=[gone], exception=[BY_LIST, BY_NETWORK])
    case(751, "exception-and-dead-record", "What is excepted needs no policy.", OURS, PLAIN,
         DEAD_RECORD, sender=EVE, zone=[dead("_dmarc.example.org", "TXT")], exception=[BY_NETWORK])
    failing(752, "exception-not-of-spf", "What is excepted from DMARC may fail by SPF.",
            sender=spf("fail", "-all"), on_fail="reject", exception=[BY_NETWORK])
    case(753, "exception-not-of-author", "What has no author is not excepted.", OURS,
         message("To: bob@ours.test"), faulty("no_from", "the message has no From field"),
         sender=STRANGER, exception=[BY_NETWORK])
    excepted(754, "exception-of-both-that-hold", "Where both hold, the exception does.", by_list,
             LIST, fails(), zone=[LIST_KEY],
             exception=[f"192.0.2.0/24 lists.example.net {TILL} The list alters subjects."])


def make():
    of_dmarc()
    of_spf()
    of_spoofing()
    of_exceptions()
