"""0xx: who a message says it is from, where mail programs and checks disagree."""

from world import (ANN, CHEN, EVE, MATCHES, SHEN, Sender, case, dkim, fails, faulty, field, key,
                   message, missing, no_record, passes, policy, replaced, signed, txt, unreadable)

BOTH = [policy(), policy("v=DMARC1; p=none", "example.net")]
NOBODY = faulty("no_from", "the message has no From field")
SEVERAL = faulty("several_froms", "the message has several From fields")
SEVERAL_DOMAINS = faulty("several_domains", "the From field has mailboxes of several domains")
SYNTAX = unreadable("bad_syntax")
LOOKALIKE = faulty("bad_from", "a line looks like a From field and is none")
NO_MAILBOX = unreadable("no_mailbox")
BAD_DOMAIN = unreadable("bad_domain")
AS_EVE = passes("spf", "example.net", "none", author="example.net")
AS_ANN = fails()
EVES = dkim(*MATCHES, d="example.net")


def written(number, name, rule, source, fields, due, zone=BOTH):
    """Eve sends it, by a server that SPF of her own domain authorizes."""
    header = [fields] if isinstance(fields, (str, bytes)) else fields
    case(number, name, rule, source, message(*header, "To: bob@ours.test", "Subject: Hello"), due,
         sender=EVE, zone=zone)


def names():
    """What stands before the address."""
    written(1, "from-addr-spec", "An address alone is a mailbox.", "RFC 5322 section 3.4",
            "From: ann@example.org", AS_ANN)
    written(2, "from-name-addr", "A name may stand before the address.", "RFC 5322 section 3.4",
            "From: Ann <ann@example.org>", AS_ANN)
    written(3, "from-name-quoted-address", "An address in a quoted name is no address.", CHEN,
            'From: "ann@example.org" <eve@example.net>', AS_EVE)
    written(4, "from-name-bare-address", "An at-sign in a name that is not quoted is no grammar.",
            "RFC 5322 section 3.2.5", "From: ann@example.org <eve@example.net>", SYNTAX)
    written(5, "from-name-quoted-angle", "An angle address in a quoted name is no address.", CHEN,
            'From: "Ann <ann@example.org>" <eve@example.net>', AS_EVE)
    written(6, "from-name-escaped-quote", "A quote behind a backslash does not end a quoted name.",
            "RFC 5322 section 3.2.4", 'From: "a\\" <ann@example.org>, \\"" <eve@example.net>',
            AS_EVE)
    written(7, "from-name-quote-open", "A quoted name that does not end is no grammar.",
            "RFC 5322 section 3.2.4", 'From: "Ann <ann@example.org>', SYNTAX)
    written(8, "from-name-dots", "A name may have dots, as the obsolete grammar allows.",
            "RFC 5322 section 4.1", "From: Ann B. Cee <ann@example.org>", AS_ANN)
    written(9, "from-name-encoded-word", "An encoded word in a name is never decoded.",
            "RFC 2047 section 6.2", "From: =?utf-8?B?YW5uQGV4YW1wbGUub3Jn?= <eve@example.net>",
            AS_EVE)
    written(10, "from-encoded-word-alone", "An encoded word that hides an address is no address.",
            CHEN, "From: =?utf-8?B?YW5uQGV4YW1wbGUub3Jn?=", SYNTAX)
    written(11, "from-encoded-word-and-list",
            "An encoded word is no member of a list of mailboxes.", CHEN,
            "From: =?utf-8?B?PGFubkBleGFtcGxlLm9yZz4=?=,<eve@example.net>", SYNTAX)
    written(12, "from-encoded-word-local-part",
            "An encoded word in a local part is an atom like any other.", "RFC 2047 section 5",
            "From: =?utf-8?Q?ann=40example.org=3E=00?=@example.net", AS_EVE)


def comments():
    written(13, "from-comment-before", "An address in a comment is no address.", CHEN,
            "From: (ann@example.org) eve@example.net", AS_EVE)
    written(14, "from-comment-behind", "An address in a comment behind the mailbox is no address.",
            CHEN, "From: eve@example.net (ann@example.org)", AS_EVE)
    written(15, "from-comment-angle", "An angle address in a comment is no address.", CHEN,
            "From: Eve (<ann@example.org>) <eve@example.net>", AS_EVE)
    written(16, "from-comment-in-domain", "A comment between the labels is no part of the domain.",
            "RFC 5322 section 4.4", "From: ann@example(.net).org", AS_ANN)
    written(17, "from-comment-nested", "Comments nest.", "RFC 5322 section 3.2.2",
            "From: (a (b) <ann@example.org>) eve@example.net", AS_EVE)
    written(18, "from-comment-escaped", "A parenthesis behind a backslash does not end a comment.",
            "RFC 5322 section 3.2.2", "From: (\\) ann@example.org,) eve@example.net", AS_EVE)
    written(19, "from-comment-open", "A comment that does not end is no grammar.",
            "RFC 5322 section 3.2.2", "From: ann@example.org (and so on", SYNTAX)
    written(20, "from-comment-closed-only", "A parenthesis that closes nothing is no grammar.",
            "RFC 5322 section 3.2.2", "From: ann@example.org) eve@example.net", SYNTAX)


def local_parts():
    written(21, "from-local-part-quoted-at", "An at-sign in a quoted local part ends nothing.",
            CHEN, 'From: "eve@example.net"@example.org', AS_ANN)
    written(22, "from-local-part-quoted-angle", "A quoted local part may hold an angle address.",
            CHEN, 'From: <"eve@example.net> "@example.org>', AS_ANN)
    written(23, "from-local-part-escaped-quote",
            "A quote behind a backslash does not end a local part.", "RFC 5322 section 3.2.4",
            'From: "a\\"@example.org,b"@example.net', AS_EVE)
    written(24, "from-local-part-backslash", "A backslash outside quotes is no grammar.", CHEN,
            "From: eve@example.net\\,ann@example.org", SYNTAX)
    written(25, "from-local-part-utf8", "A local part may be UTF-8.", "RFC 6532 section 3.2",
            "From: änn@example.org", AS_ANN)
    written(26, "from-local-part-right-to-left",
            "Marks that turn the direction of writing change nothing of the domain.", SHEN,
            "From: \u202egro.elpmaxe\u202dnna@example.net", AS_EVE)
    written(27, "from-local-part-control", "An address has no control characters.",
            "RFC 5322 section 3.2.3", "From: ann\x01@example.org", SYNTAX)
    written(28, "from-two-at-signs", "An address has one at-sign.", "RFC 5322 section 3.4.1",
            "From: ann@example.org@example.net", SYNTAX)
    written(29, "from-no-at-sign", "A local part alone is no address.", "RFC 5322 section 3.4.1",
            "From: ann", SYNTAX)
    written(30, "from-percent", "A percent sign routes nothing.", "RFC 5321 section F.2",
            "From: ann%example.org@example.net", AS_EVE)


def angles():
    written(31, "from-route", "What stands in a source route is ignored.", CHEN,
            "From: <@example.net,@mail.example.net:ann@example.org>", AS_ANN)
    written(32, "from-route-of-victim", "The domain of a route is not that of the author.", CHEN,
            "From: <@example.org:eve@example.net>", AS_EVE)
    written(33, "from-angle-twice", "A mailbox has one angle address.", "RFC 5322 section 3.4",
            "From: <ann@example.org><eve@example.net>", SYNTAX)
    written(34, "from-angle-and-text", "Behind an angle address nothing follows but a comma.",
            "RFC 5322 section 3.4", "From: <ann@example.org> eve@example.net", SYNTAX)
    written(35, "from-angle-nested", "Angle addresses do not nest.", "RFC 5322 section 3.4",
            "From: <<ann@example.org>>", SYNTAX)
    written(36, "from-angle-open", "An angle address ends.", "RFC 5322 section 3.4",
            "From: Ann <ann@example.org", SYNTAX)
    written(37, "from-angle-empty", "An empty angle address beside a mailbox is no grammar.", CHEN,
            "From: <>,<ann@example.org>", SYNTAX)
    written(38, "from-angle-of-name-only", "An angle address without a domain is none.",
            "RFC 5322 section 3.4", "From: ann@example.org <eve>", SYNTAX)


def lists():
    written(39, "from-two-of-one-domain", "Several mailboxes of one domain are that domain's.",
            "RFC 9989 section 5.3.1", "From: ann@example.org, Bob <bob@EXAMPLE.org>", AS_ANN)
    written(40, "from-two-of-two-domains", "Mailboxes of several domains have no author domain.",
            "RFC 9989 section 5.3.1", "From: eve@example.net, ann@example.org", SEVERAL_DOMAINS)
    written(41, "from-subdomain-beside", "A subdomain is another domain.",
            "RFC 9989 section 5.3.1", "From: ann@example.org, ann@mail.example.org",
            SEVERAL_DOMAINS)
    written(42, "from-empty-members", "Empty members of a list are no mailboxes.",
            "RFC 5322 section 4.4", "From: ,,ann@example.org,", AS_ANN)
    written(43, "from-semicolon", "A semicolon separates nothing outside a group.", SHEN,
            "From: ann@example.org; eve@example.net", SYNTAX)
    written(44, "from-blank-between", "A blank separates nothing.", SHEN,
            "From: ann@example.org eve@example.net", SYNTAX)
    written(45, "from-group", "The mailboxes of a group count.", "RFC 6854 section 2.1",
            "From: Friends: ann@example.org;", AS_ANN)
    written(46, "from-group-empty", "An empty group has no author domain.", "RFC 6854 section 2.1",
            "From: undisclosed-senders:;", NO_MAILBOX)
    written(47, "from-group-of-two-domains", "A group may hide nobody's domain.", CHEN,
            "From: Friends: eve@example.net, ann@example.org;", SEVERAL_DOMAINS)
    written(48, "from-group-and-mailbox", "A group and a mailbox stand in one list.",
            "RFC 6854 section 2.1", "From: ann@example.org:; , eve@example.net", SYNTAX)
    written(49, "from-group-nested", "Groups do not nest.", "RFC 5322 section 3.4",
            "From: a:b:ann@example.org;;", SYNTAX)
    written(50, "from-group-of-address", "The name of a group may look like an address in quotes.",
            "RFC 5322 section 3.4", 'From: "ann@example.org": eve@example.net;', AS_EVE)


def fields():
    both = ["From: eve@example.net", "From: ann@example.org"]
    written(51, "several-from", "A message with several From fields has no author domain.", CHEN,
            both, SEVERAL)
    written(52, "several-from-of-one-domain",
            "Nor has one whose From fields name the same mailbox.",
            "RFC 5322 section 3.6", ["From: ann@example.org"] * 2, SEVERAL)
    written(53, "several-from-in-other-case", "Names of fields have no case.",
            "RFC 5322 section 1.2.2", ["FROM: eve@example.net", "from: ann@example.org"], SEVERAL)
    written(54, "several-from-blank-before-colon", "A blank before the colon hides no From field.",
            CHEN, ["From : eve@example.net", "From: ann@example.org"], SEVERAL)
    written(55, "from-blank-before-colon", "A From field with a blank before the colon is one.",
            "RFC 5322 section 4.5.2", "From : ann@example.org", AS_ANN)
    written(56, "from-tab-before-colon", "A tab before the colon is a blank.",
            "RFC 5322 section 4.5.2", ["From\t: eve@example.net", "From: ann@example.org"], SEVERAL)
    written(57, "from-folded-name",
            "No field has a fold before its colon, but some show it as one.",
            CHEN, ["X: a", "From\r\n : ann@example.org"], LOOKALIKE)
    written(58, "from-folded-name-beside",
            "Beside a From field, what is folded before its colon may be what is shown.", CHEN,
            ["X: a", "From\r\n : ann@example.org", "From: eve@example.net"], LOOKALIKE)
    written(59, "from-in-continuation", "A line that begins with a blank begins no field.", CHEN,
            ["Subject: a\r\n From: ann@example.org", "From: eve@example.net"], AS_EVE)
    written(60, "first-line-blank",
            "A message whose first line begins with a blank has no header.", CHEN,
            [" From: eve@example.net", "From: ann@example.org"], NOBODY)
    written(61, "from-in-body", "A From field behind the empty line is no field.",
            "RFC 5322 section 2.1", ["X: a\r\n\r\nFrom: ann@example.org"], NOBODY)
    written(62, "from-missing", "A message without From has no author domain.",
            "RFC 9989 section 5.3.1", "Sender: ann@example.org", NOBODY)
    written(63, "from-empty", "An empty From field has no mailbox.", "RFC 5322 section 3.6.2",
            "From:", NO_MAILBOX)
    written(64, "from-folded", "A From field may be folded wherever it has blanks.",
            "RFC 5322 section 2.2.3", "From:\r\n\tAnn\r\n <\r\n\tann@\r\n example.org>", AS_ANN)
    written(65, "from-sender", "Sender is not the author.", "RFC 9989 section 5.3.1",
            ["Sender: eve@example.net", "From: ann@example.org"], AS_ANN)
    written(66, "from-resent", "Resent-From is not the author.", "RFC 9989 section 5.3.1",
            ["Resent-From: eve@example.net", "From: ann@example.org"], AS_ANN)
    written(67, "from-mbox-line", "The line of an mbox file is no From field.",
            "RFC 5322 section 2.2", ["From ann@example.org Mon Jan  1 00:00:00 2024",
                                     "From: eve@example.net"], AS_EVE)
    written(68, "from-nul-in-name",
            "A NUL in the name of a field may hide it from nobody but us.", SHEN,
            ["X: a", b"From\0: ann@example.org", "From: eve@example.net"], LOOKALIKE)
    written(69, "from-nul", "A NUL ends no address.", SHEN,
            b"From: ann@example.org\0@example.net", SYNTAX)
    written(70, "from-nul-in-domain", "A NUL in a domain is no domain.", SHEN,
            b"From: ann@example.org\0.example.net", SYNTAX)
    written(71, "from-results", "What a message says of its own checks is not believed.",
            "RFC 8601 section 1.2", ["Authentication-Results: mx.ours.test; dmarc=pass "
                                     "header.from=example.org", "From: ann@example.org"], AS_ANN)


def domains():
    written(72, "from-domain-capitals", "Domains have no case.", "RFC 4343 section 2",
            "From: ann@ExAmPlE.ORG", AS_ANN)
    written(73, "from-domain-dot-at-end", "A domain does not end in a dot.",
            "RFC 5322 section 3.4.1", "From: ann@example.org.", SYNTAX)
    written(74, "from-domain-two-dots", "A domain has no empty label.", "RFC 5322 section 3.4.1",
            "From: ann@example..org", SYNTAX)
    written(75, "from-domain-literal", "An address literal is no author domain.",
            "RFC 9989 section 5.3.1", "From: ann@[192.0.2.66]",
            faulty("no_domain", "the From field has an address instead of a domain"))
    written(76, "from-domain-literal-name", "A literal with a name in it is none.", SHEN,
            "From: ann@[example.org]", BAD_DOMAIN)
    written(77, "from-domain-one-label", "A domain of one label has no record above it.",
            "RFC 9989 section 4.10", "From: ann@localhost", no_record("localhost"))
    written(78, "from-domain-long-label", "A label has at most 63 octets.",
            "RFC 1035 section 2.3.4", f"From: ann@{'x' * 64}.example.org", BAD_DOMAIN)
    written(79, "from-domain-hyphen", "A label does not begin with a hyphen.",
            "RFC 1123 section 2.1", "From: ann@-.example.org", BAD_DOMAIN)
    written(80, "from-domain-semicolon", "Marks that some take for an end are no part of a domain.",
            SHEN, "From: ann@example.org;.example.net", SYNTAX)
    written(81, "from-domain-parenthesis", "A parenthesis in a domain begins a comment.", CHEN,
            "From: ann@example.org(.example.net", SYNTAX)
    written(82, "from-domain-quoted", "A domain has no quotes.", "RFC 5322 section 3.4.1",
            'From: ann@"example.org".example.net', SYNTAX)
    written(83, "from-domain-trailing-fold", "White space inside a domain is no part of it.",
            "RFC 5322 section 4.4", "From: ann@example .\r\n org", AS_ANN)


def international():
    puny = "xn--bcher-kva.example"
    ours = [*BOTH, policy(domain=puny), key(domain=puny)]
    plain = message("From: Ann <ann@bücher.example>", "To: bob@ours.test", "Subject: Hello")
    aligned = passes("dkim", puny, author=puny)
    case(84, "u-label", "An author domain in U-labels is compared as A-labels.",
         "RFC 9989 section 5.3.1", signed(message=plain, d=puny), dkim(*MATCHES, d=puny), aligned,
         zone=ours)
    case(85, "u-label-capitals", "Capitals in U-labels mean the same domain.",
         "UTS 46 section 4", signed(message=replaced(plain, "bücher".encode(), "BÜCHER".encode()),
                                    d=puny), dkim(*MATCHES, d=puny), aligned, zone=ours)
    case(86, "u-label-decomposed", "A letter and its accent mean the same as both in one.",
         "UTS 46 section 4", signed(message=replaced(plain, "ü".encode(), "u\u0308".encode()),
                                    d=puny), dkim(*MATCHES, d=puny), aligned, zone=ours)
    written(87, "ideographic-full-stop", "An ideographic full stop separates labels.", SHEN,
            "From: ann@example\u3002org", AS_ANN)
    written(88, "fullwidth-letters", "Fullwidth letters mean those of ASCII.", SHEN,
            "From: ann@ｅｘａｍｐｌｅ.org", AS_ANN)
    written(89, "soft-hyphen", "A soft hyphen is no part of a domain.", "UTS 46 section 4",
            "From: ann@exam\u00adple.org", AS_ANN)
    written(90, "homograph", "A domain that looks like another is not that domain.", SHEN,
            "From: ann@ехample.org", no_record("xn--ample-ywe6i.org"))
    written(91, "not-utf8", "A domain that is not UTF-8 is none.",
            "RFC 6532 section 3.1", b"From: ann@ex\xe4mple.org", BAD_DOMAIN)
    written(92, "right-to-left-domain", "Marks of direction are no letters of a domain.", SHEN,
            "From: ann@\u202egro.elpmaxe", BAD_DOMAIN)
    written(93, "a-label-in-from", "An A-label in From is taken as it stands.",
            "RFC 5890 section 2.3.2", f"From: ann@{puny}", fails(puny), [*BOTH,
                                                                         policy(domain=puny)])


def chains():
    """Identities that are each true, and not of one sender."""
    plain = message("From: Ann <ann@example.org>", "To: bob@ours.test", "Subject: Hello")
    eves = key(domain="example.net")
    case(94, "own-signature-other-author", "A signature of another domain vouches for nobody else.",
         CHEN, signed(message=plain, d="example.net"), EVES, fails(), sender=EVE,
         zone=[*BOTH, eves])
    text = field(d="example.net") + "; i=ann@example.org"
    case(95, "i-of-the-author", "An i= outside of d= makes a signature void.", CHEN,
         signed(message=plain, text=text),
         dkim("permerror", "i= is not within d=", d="example.net", i="ann@example.org"), fails(),
         sender=EVE, zone=[*BOTH, eves])
    nobody = Sender("192.0.2.66", "mail.example.net", "eve@nobody.example.org",
                    [txt("mail.example.net", "v=spf1 ip4:192.0.2.66 -all")],
                    missing("nobody.example.org"),
                    "pass mail.example.net: ip4:192.0.2.66 of mail.example.net matches the client")
    case(96, "helo-of-the-attacker",
         "Where MAIL FROM is a name that does not exist, HELO does not stand in for it.", CHEN,
         plain, fails(), sender=nobody, zone=BOTH)
    twice = b"From: eve@example.net\r\n" + signed(message=plain)
    case(97, "from-on-top-of-a-signed-one", "A From field on top of a signed one is not signed.",
         CHEN, twice, dkim(*MATCHES), SEVERAL, zone=[*BOTH, key()])
    display = replaced(plain, b"Ann <ann@example.org>", b'"ann@example.org" <ann@attack.example>')
    case(98, "all-pass-for-the-attacker", "DMARC says nothing of the name that is shown.", SHEN,
         signed(message=display, d="attack.example"), dkim(*MATCHES, d="attack.example"),
         passes("dkim", "attack.example", author="attack.example"),
         zone=[policy(domain="attack.example"), key(domain="attack.example")])
    case(99, "author-and-sender-are-one", "What is sent by the author's own server passes.",
         "RFC 9989 section 5.3.5", plain, passes("spf"), sender=ANN, zone=BOTH)


def make():
    for area in [names, comments, local_parts, angles, lists, fields, domains, international,
                 chains]:
        area()
