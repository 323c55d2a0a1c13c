"""What becomes of a message, by the verdicts that are due and the settings of the case.

This is a second hand at the rules of policy::decide. It knows of them what postern.conf(5) says.
"""

import datetime
import ipaddress

REPLIES = {
    "no_from": "550 5.6.0 The message has no From field",
    "several_froms": "550 5.6.0 The message has several From fields",
    "bad_from": "550 5.6.0 The From field cannot be read",
    "no_domain": "550 5.6.0 The From field has an address literal in place of a domain",
    "several_domains": "550 5.6.0 The From field has mailboxes of several domains",
    "null_mx": "550 5.7.27 The sender's domain takes no mail (null MX): ",
    "spf_fail": "550 5.7.23 SPF: this client may not send mail of ",
    "spf_open": "451 4.4.3 SPF cannot be checked now, try again later: ",
    "spoofed": "550 5.7.1 Not authenticated as mail of the From domain, which is ours: ",
    "spoof_open": "451 4.4.3 The From domain cannot be authenticated now, try again later: ",
    "dmarc_fail": "550 5.7.1 DMARC: refused as the policy of the From domain asks: ",
    "dmarc_open": "451 4.4.3 DMARC cannot be checked now, try again later: ",
}


def a_labels(domain):
    try:
        return domain.lower().encode("idna").decode()
    except UnicodeError:
        return domain


class Exceptions:
    """Which of them the session and the signatures meet, and which they may meet."""

    def __init__(self, settings, signers):
        self.holding = [self.told(one) for one in settings.get("exception", [])
                        if self.meets(one, settings, signers["pass"])]
        self.possible = any(self.meets(one, settings, signers["pass"] | signers["temperror"])
                            for one in settings.get("exception", []))

    @staticmethod
    def meets(exception, settings, signers):
        network, domain, until, _ = exception.split(" ", 3)
        came = datetime.datetime.fromtimestamp(int(settings["time"]), datetime.timezone.utc)
        client = ipaddress.ip_address(settings["client"])
        return (came.date() <= datetime.date.fromisoformat(until)
                and (network == "-" or client in ipaddress.ip_network(network))
                and (domain == "-" or domain in signers))

    @staticmethod
    def told(exception):
        network, domain, until, why = exception.split(" ", 3)
        return (("" if network == "-" else f"from {network}, ")
                + ("" if domain == "-" else f"signed by {domain}, ") + f"until {until}: {why}")


class Message:
    """The verdicts, read from the lines of `expected`."""

    def __init__(self, lines, settings):
        self.settings = settings
        parts = [line.partition(": ")[0].split(" ") for line in lines]
        self.one = {words[0]: words[1] for words in parts if words[0] != "dkim"}
        self.spf = self.one["mailfrom"]
        self.signers = {"pass": set(), "temperror": set()}
        for words in parts:
            if words[0] == "dkim" and words[1] in self.signers:
                self.signers[words[1]] |= {a_labels(word[2:]) for word in words
                                           if word.startswith("d=")}
        self.exceptions = Exceptions(settings, self.signers)

    def sets(self, name, value, fallback):
        return self.settings.get(name, fallback) == value

    def sender(self):
        domain = self.settings["mail_from"].strip("<>").rpartition("@")[2]
        return a_labels(domain) if domain else self.settings["helo"]

    def author(self):
        return self.one.get("author", "")

    def stands_behind(self, result):
        """Whether the author domain itself is authenticated, or may be."""
        identities = set(self.signers[result])
        if self.spf == result:
            identities.add(self.sender())
        return self.one["dmarc"] == result or self.author() in identities

    def refuses_spoofing(self):
        return self.author() in self.settings.get("spoof_protection", [])

    def asks(self):
        """Of DMARC: none, quarantine, reject, or open."""
        policy = self.one.get("policy")
        if self.sets("enforce", "false", "true") or policy == "none":
            return "none"
        if self.one["dmarc"] == "temperror":
            return "open"
        if self.one["dmarc"] != "fail" or policy is None:
            return "none"
        return self.settings.get("on_reject", "reject") if policy == "reject" else policy

    def refusal(self):
        """For good."""
        if "fault" in self.one:
            return REPLIES[self.one["fault"]]
        if self.one["null_mx"] == "yes":
            return REPLIES["null_mx"] + self.sender()
        if self.spf == "fail" and self.sets("on_fail", "reject", "mark"):
            return REPLIES["spf_fail"] + self.sender()
        if self.refuses_spoofing() and not any(map(self.stands_behind, ["pass", "temperror"])):
            return REPLIES["spoofed"] + self.author()
        if self.asks() == "reject" and not self.exceptions.possible:
            return REPLIES["dmarc_fail"] + self.author()
        return None

    def is_for_quarantine(self):
        if self.exceptions.possible:  # whether it holds is open: neither refused nor let through
            return (not self.exceptions.holding and self.asks() in ["reject", "quarantine"]
                    and self.sets("on_temporary_error", "accept", "defer"))
        return self.asks() == "quarantine"

    def delay(self):
        if self.sets("on_temporary_error", "accept", "defer"):
            return None
        if self.asks() != "none" and not self.exceptions.holding:
            return REPLIES["dmarc_open"] + self.author()
        if self.spf == "temperror" and self.sets("on_fail", "reject", "mark"):
            return REPLIES["spf_open"] + self.sender()
        if self.refuses_spoofing() and not self.stands_behind("pass"):
            return REPLIES["spoof_open"] + self.author()
        return None


def disposition(lines, settings):
    """The lines that say it."""
    message = Message(lines, settings)
    if refusal := message.refusal():
        return [f"disposition reject {refusal}"]
    if message.is_for_quarantine():
        return ["disposition quarantine"]
    if delay := message.delay():
        return [f"disposition defer {delay}"]
    if message.asks() != "none" and message.exceptions.holding:
        return ["disposition deliver", f"exception {message.exceptions.holding[0]}"]
    return ["disposition deliver"]
