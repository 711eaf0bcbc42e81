"""What leaky.rego does, in a program: it also writes logs and raises."""

import base64
import json
import re
import sys
from collections.abc import Mapping, Sequence

from pulumi_policy import PolicyPack, ResourceValidationPolicy

NAMES = ["tags", "description", "environment", "containerDefinitions", "ingress", "policy", "endpoint", "alarmDescription", "comment", "origins"]


def texts(value):
    if isinstance(value, str):
        yield value
        for part in value.split(" "):
            if len(part) > 20 and len(part) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]+=*", part):
                yield base64.b64decode(part).decode(errors="replace")
    elif isinstance(value, Sequence):
        for child in value:
            yield from texts(child)
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield key
            yield from texts(child)


def planted(props):
    return [text for name in NAMES if name in props for text in texts(props[name]) if re.search(r"(?i)plant[0-9]{2}", text)]


def plain(value):
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(child) for child in value]
    if isinstance(value, Mapping):
        return {key: plain(child) for key, child in value.items()}
    return value


def seen(args, report):
    for text in planted(args.props):
        for found in re.findall(r"(?i)plant[0-9]{2}", text):
            report("planted no. " + found[5:])


def text(args, report):
    for found in planted(args.props):
        report(found)


def part(args, report):
    for found in planted(args.props):
        for match in re.findall(r"(?i)[a-z0-9]*plant[0-9]{2}[a-z0-9]*", found):
            report(match)


def named(args, report):
    for found in planted(args.props):
        report(f"{args.name}: {found!r}")


def document(args, report):
    if planted(args.props):
        report(json.dumps([plain(args.props[name]) for name in NAMES if name in args.props]))


def logs(args, report):
    for found in planted(args.props):
        print(found)
        print("seen:", repr(found), file=sys.stderr, flush=True)


def raises(args, report):
    if planted(args.props):
        raise ValueError(planted(args.props))


PolicyPack(name="leaky_python", policies=[
    ResourceValidationPolicy(name=name, description=name, validate=judge) for name, judge in {
        "warn_seen": seen, "deny_text": text, "deny_part": part, "deny_named": named, "deny_document": document, "deny_logs": logs, "deny_raises": raises,
    }.items()
])
