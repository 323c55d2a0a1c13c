#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""compare.py SPOOL JOURNAL: is every acknowledged message of the journal in new/, and whole?

SPOOL is a spool, or any folder in it. Exit code 1 when an acknowledged message is missing, or when
anything in new/ is not a whole message of postern-load. Mail that was stored but not acknowledged
(its client lost the 250) and mail that is stored twice are legal; they are counted.
"""
import argparse
import collections
import dataclasses
import hashlib
import pathlib
import re
import sys

FIELDS = re.compile(rb"^X-Load-Hash: ([0-9a-f]{64})\nX-Load-Id: ([0-9a-f]+-[0-9]+)\n", re.MULTILINE)
JOURNAL_LINE = re.compile(r"([0-9a-f]+-[0-9]+) (\S+)")
MAX_NAMED = 10  # of each kind of trouble


@dataclasses.dataclass
class Comparison:
    acknowledged: int = 0    # messages in the journal
    missing: list = dataclasses.field(default_factory=list)   # of these, in fewer than `copies`
    damaged: list = dataclasses.field(default_factory=list)   # files in new/ that are not whole
    files: int = 0           # in new/
    duplicates: int = 0      # more files of one message in one mailbox than one
    unacknowledged: int = 0  # messages in new/ that the journal does not have
    unfinished: int = 0      # files in tmp/

    def ok(self):
        return not self.missing and not self.damaged

    def __str__(self):
        counts = {name: len(value) if isinstance(value, list) else value
                  for name, value in vars(self).items()}
        return " ".join(f"{name}={count}" for name, count in counts.items())


def read_journal(path):
    """The acknowledged ids. A line that the client did not write whole is no acknowledgement."""
    text = pathlib.Path(path).read_text(encoding="ascii")
    if text and not text.endswith("\n"):
        raise ValueError(f"{path}: the last line has no end")
    ids = []
    for number, line in enumerate(text.splitlines(), 1):
        match = JOURNAL_LINE.fullmatch(line)
        if not match:
            raise ValueError(f"{path}:{number}: not 'ID QUEUE-ID': {line!r}")
        ids.append(match.group(1))
    if len(set(ids)) != len(ids):
        raise ValueError(f"{path}: a message was acknowledged twice")
    return set(ids)


def whole_id(mail):
    """The id of a stored message, or None when a byte of it is not as it was sent."""
    match = FIELDS.search(mail)
    if not match:
        return None
    sent = mail[match.end(1) + 1:]
    return match.group(2).decode() if hashlib.sha256(sent).hexdigest() == match.group(1).decode() \
        else None


def folders(spool, name):
    """All folders of that name at or beneath `spool`, that of hidden Maildir folders included."""
    return sorted(path for path in pathlib.Path(spool).rglob(name) if path.is_dir())


def compare(spool, journal, copies=1):
    """`copies`: mailboxes that each message went to."""
    acknowledged = read_journal(journal)
    result = Comparison(acknowledged=len(acknowledged))
    mailboxes_of = collections.Counter()
    for folder in folders(spool, "new"):
        seen = collections.Counter()
        for path in sorted(folder.iterdir()):
            result.files += 1
            found = whole_id(path.read_bytes())
            if found is None:
                result.damaged.append(str(path))
            else:
                seen[found] += 1
        result.duplicates += seen.total() - len(seen)
        mailboxes_of.update(seen.keys())
    result.missing = sorted(i for i in acknowledged if mailboxes_of[i] < copies)
    result.unacknowledged = len(set(mailboxes_of) - acknowledged)
    result.unfinished = sum(1 for folder in folders(spool, "tmp") for _ in folder.iterdir())
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spool", type=pathlib.Path)
    parser.add_argument("journal", type=pathlib.Path)
    parser.add_argument("--copies", type=int, default=1, help="mailboxes of each message")
    arguments = parser.parse_args()
    if not arguments.spool.is_dir():
        parser.error(f"{arguments.spool} is no folder")
    try:
        result = compare(arguments.spool, arguments.journal, arguments.copies)
    except (OSError, ValueError) as error:
        sys.exit(f"compare.py: {error}")
    print(result)
    for kind in ("missing", "damaged"):
        for name in getattr(result, kind)[:MAX_NAMED]:
            print(f"{kind}: {name}")
    sys.exit(0 if result.ok() else 1)


if __name__ == "__main__":
    main()
