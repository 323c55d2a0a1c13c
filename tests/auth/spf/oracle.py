"""pyspf over the zones of a test, and what it does otherwise than we do.

Each row of CORRECTIONS is one kind of disagreement: a name, and why ours is right. Corrected, with
the names of some rows, is pyspf without these; so a disagreement is explained by the rows that
make it go away, and one that stays with all of them is a fault of somebody.
"""

import re
import socket
import sys

import spf

CORRECTIONS = {
    "voids": "RFC 7208 section 4.6.4 limits terms that ask for what does not exist, each counted "
             "once. pyspf counts questions: those for the hosts of one MX, and repeated ones. "
             "Neither counts the client's own names here.",
    "client-names": "Section 5.5: an error of the DNS while the client's names are looked up means "
                    "no match, in section 7.3 \"unknown\". In pyspf it ends in temperror.",
    "validated": "Section 7.3: %{p} prefers names of the <domain>, which an include or a redirect "
                 "changes. pyspf keeps the first.",
    "redirect-count": "Section 4.6.4 counts what is evaluated. pyspf counts a redirect where it "
                      "stands, although a mechanism matches before.",
    "self-include": "pyspf refuses a record that includes itself even when that include is never "
                    "reached; the grammar does not.",
    "macros": "The grammar of section 7.1, and joining by dots whatever a value was split at. "
              "pyspf skips what it cannot read in %{}, refuses %% at an end, misses a lone % "
              "behind %%, and keeps the delimiters of all letters but l and s.",
    "truncation": "Section 7.3: labels go until a name fits. pyspf drops one, from explanations "
                  "too.",
    "modifiers": "Section 6: names of modifiers in any case; only redirect and exp at most once.",
    "characters": "Section 7.1: a term holds visible ASCII only, an explanation blanks too. pyspf "
                  "looks at the last label.",
    "postmaster": "Section 4.3: it stands for a missing local-part, in %{s} too.",
    "mx-order": "A host of an MX that matches is enough. pyspf asks for all of them first, and so "
                "meets failures and void names behind it.",
}

MACRO = re.compile(r"%(?:[%_-]|\{([a-zA-Z])(\d*)([rR]?)([-.+,/_=]*)\})")
ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}


class Hosts(list):
    """Whose addresses are not asked for yet."""


class Corrected(spf.query):
    def __init__(self, corrections, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.corrections = corrections
        self.term_was_void = False
        if self.on("postmaster"):
            self.s = f"{self.l}@{self.o}"

    def on(self, name):
        return name in self.corrections

    def check0(self, record, recursion):
        if record and self.on("characters") and re.search(r"[^ -~]", record):
            raise spf.PermError("not visible ASCII")
        if record and self.on("modifiers"):
            record = self.unified(record)
        return super().check0(record, recursion)

    def get_explanation(self, spec):
        text = super().get_explanation(spec)
        bad = text and self.on("characters") and re.search(r"[^ -~]", text)
        return None if bad else text

    @staticmethod
    def unified(record):
        terms = []
        for number, term in enumerate(record.split(" ")):
            found = spf.RE_MODIFIER.match(term)
            # "v=spf1" looks like one.
            if found and number:
                name = found[1].lower()
                name = name if name in ("redirect", "exp") else f"x{number}"
                term = f"{name}={term[found.end():]}"
            terms.append(term)
        return " ".join(terms)

    def check_lookups(self):
        self.term_was_void = False
        # Only the loop over the mechanisms knows this name.
        evaluating = "cidrlength" in sys._getframe(1).f_locals
        if evaluating or not self.on("redirect-count"):
            super().check_lookups()

    def dns_spf(self, domain):
        self.term_was_void = False
        redirected = domain is sys._getframe(1).f_locals.get("redirect")
        if redirected and self.on("redirect-count"):
            super().check_lookups()
        return super().dns_spf(domain)

    def dns(self, name, qtype, cnames=None, ignore_void=False):
        if not self.on("voids"):
            return super().dns(name, qtype, cnames, ignore_void)
        before = self.void_lookups
        self.void_lookups = -1000  # counted here
        try:
            result = super().dns(name, qtype, cnames, ignore_void)
        finally:
            was_void, self.void_lookups = self.void_lookups > -1000, before
        if was_void and not self.term_was_void:
            self.term_was_void = True
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("void terms")
        return result

    def getp(self):
        if self.on("validated"):
            self.p = None
        return self.uncounted(super().getp)

    def uncounted(self, function):
        """What asks for the client's names counts no voids."""
        saved = self.void_lookups, self.term_was_void
        if self.on("voids"):
            self.term_was_void = True
        try:
            return function()
        finally:
            if self.on("voids"):
                self.void_lookups, self.term_was_void = saved

    def validated_ptrs(self):
        if not self.on("client-names") and not self.on("voids"):
            return super().validated_ptrs()
        try:
            names = self.dns_ptr(self.i)[:spf.MAX_PTR]
        except spf.TempError:
            if not self.on("client-names"):
                raise
            return []
        return [name for name in names if self.uncounted(lambda n=name: self.is_valid(n))]

    def is_valid(self, name):
        try:
            return self.cidrmatch(self.dns_a(name, self.A), self.cidrmax)
        except spf.TempError:
            if not self.on("client-names"):
                raise
            return False

    def validate_mechanism(self, mech):
        try:
            return super().validate_mechanism(mech)
        except spf.PermError as error:
            if "trivial recursion" not in error.msg or not self.on("self-include"):
                raise
        return mech, "include", self.d, self.cidrmax, spf.RESULTS.get(mech[0], "pass")

    def dns_mx(self, domainname):
        if not self.on("mx-order"):
            return super().dns_mx(domainname)
        hosts = sorted(self.dns(domainname, "MX"))
        if len(hosts) > spf.MAX_MX:
            raise spf.PermError("too many hosts")
        return Hosts(host for _, host in hosts)

    def cidrmatch(self, ipaddrs, n):
        if isinstance(ipaddrs, Hosts):
            return any(self.cidrmatch(self.dns_a(host, self.A), n) for host in ipaddrs)
        return super().cidrmatch(ipaddrs, n)

    def expand_domain(self, arg):
        if self.on("macros"):
            self.check_macros(arg)
        return super().expand_domain(arg)

    @staticmethod
    def check_macros(text):
        rest = MACRO.sub("", text)
        bad_number = any(found[2] and not int(found[2]) for found in MACRO.finditer(text))
        if "%" in rest or bad_number:
            raise spf.PermError("bad macro")

    def expand(self, s, stripdot=True):
        if not self.on("macros") and not self.on("truncation"):
            return super().expand(s, stripdot)
        if not self.on("macros"):
            result = self.without_cut(s, stripdot)
        else:
            self.check_macros(s)
            result = MACRO.sub(lambda found: self.expanded(found, stripdot), s)
        if stripdot:
            result = result.removesuffix(".")
            while len(result) > 253 and "." in result:
                result = result.partition(".")[2]
                if not self.on("truncation"):
                    break
        elif not self.on("truncation") and len(result) > 253 and "." in result:
            result = result.partition(".")[2]
        return result

    def without_cut(self, s, stripdot):
        """As pyspf expands, piece by piece, so that nothing is long enough to be cut."""
        pieces, end = [], 0
        super().expand(s, stripdot)  # its complaints
        for found in spf.RE_CHAR.finditer(s):
            pieces += [s[end:found.start()], super().expand(found[0], False)]
            end = found.end()
        return "".join([*pieces, s[end:]])

    def expanded(self, found, stripdot):
        if not found[1]:
            return ESCAPES[found[0]]
        letter = found[1].lower()
        if letter not in "slodipvh" + ("" if stripdot else "crt"):
            raise spf.PermError("no such letter")
        if letter == "p":
            self.getp()
        value = getattr(self, letter)
        if found[0] != f"%{{{found[1]}}}":
            value = spf.expand_one(value, found[0][3:-1].lower(), ".")
        return spf.urllibparse.quote(value, "~") if found[1].isupper() else value


def lookup_in(zone):
    """What pyspf asks instead of the DNS."""
    def lookup(name, qtype, strict=True, timeout=None):
        name = name.lower().removesuffix(".")
        records = zone.names.get(name, [])
        if not any(kind == qtype for kind, _ in records) and ("TIMEOUT", None) in records:
            raise spf.TempError("DNS no answer")
        for kind, value in records:
            if kind == "AAAA":
                value = socket.inet_pton(socket.AF_INET6, value)
            elif kind == "TXT":
                value = (value,)
            if kind in (qtype, "CNAME"):
                yield (name, kind), value
    return lookup


def judge(zone, case, corrections=()):
    """(result, explanation) of pyspf; the explanation only of a fail."""
    spf.DNSLookup = lookup_in(zone)
    query = Corrected(frozenset(corrections), i=case.client, s=case.mail_from, h=case.helo)
    query.set_default_explanation("DEFAULT")
    result, _, explanation = query.check()
    return result, explanation if result == "fail" else ""


def explain(zone, case, verdict):
    """The corrections that make pyspf say `verdict`: one if one is enough, else as few as can be
    taken away one by one. None when not even all of them do."""
    for name in CORRECTIONS:
        if judge(zone, case, [name]) == verdict:
            return [name]
    needed = list(CORRECTIONS)
    if judge(zone, case, needed) != verdict:
        return None
    for name in CORRECTIONS:
        fewer = [other for other in needed if other != name]
        if judge(zone, case, fewer) == verdict:
            needed = fewer
    return needed
