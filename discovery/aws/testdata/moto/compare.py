#!/usr/bin/env python3
"""Seed a moto server and say what a scan of it has to find.

    python compare.py --endpoint http://127.0.0.1:PORT SERVICE...

Beside this file each service that is compared has a module with

    seed(aws)      makes resources of every type and with every property that moto
                   keeps; aws("sqs") is its boto3 client, aws("sqs", region) another one
    expected(aws)  yields resource(type, id, name, properties, unknown=[...]) for every
                   resource of the account, the properties taken from what boto3
                   shows of it, in Pulumi's names; unknown are the paths that are not read,
                   and demand those that are read on demand, with what they then are
    EXPLAINED      {type: {property: why a scan says something else}}

Prints {service: {"resources": [...], "explained": {...}}}. It shares no line with
the program: what it says of a property is a second opinion.
"""

import argparse
import copy
import importlib
import json

import boto3
from botocore.config import Config

HOME = "us-east-1"
ACCOUNT = "123456789012"


UNTOLD = "(untold)"  # of what moto leaves out


def resource(kind, ident, name, properties, region=HOME, unknown=(), demand=None):
    """One resource; properties without a value (None, "", [], {}) are not there.

    A path of demand may lead into a property ("options.export"); that into a list has
    a value for each of its elements.
    """
    kept = {k: v for k, v in properties.items() if valued(v)}
    return {"type": kind, "id": ident, "name": name, "region": region, "properties": kept, "unknown": unknown, "demand": demand or {}}


def told(r):
    """The resource as a scan tells it, and as "more" with everything on demand."""
    unknown, demand, more = list(r["unknown"]), r.pop("demand"), copy.deepcopy(r["properties"])
    for path, value in demand.items():
        if value != UNTOLD and valued(value):
            put(more, path.split("."), value)
    untold = [path for path, value in demand.items() if value == UNTOLD]
    return dict(r, unknown=sorted([*unknown, *demand]), more=more, moreUnknown=sorted([*unknown, *untold]))


def valued(v):
    return v is not None and v != "" and v != [] and v != {}


def put(into, path, value):
    if len(path) == 1:
        into[path[0]] = value
    elif isinstance(into.get(path[0]), list):
        for element, v in zip(into[path[0]], value):
            if valued(v):
                put(element, path[1:], v)
    else:
        put(into.setdefault(path[0], {}), path[1:], value)


class AWS:
    """Clients of one endpoint, made once per service and region."""

    def __init__(self, endpoint):
        self.endpoint, self.clients = endpoint, {}

    def __call__(self, service, region=HOME):
        key = (service, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id="seed", aws_secret_access_key="seed",
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))
        return self.clients[key]


def tags(list_, key="Key", value="Value"):
    return {t[key]: t.get(value, "") for t in list_ or []}


def policy(text):
    """A policy document without blanks, None when there is none."""
    return json.dumps(json.loads(text), separators=(",", ":")) if text else None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--endpoint", required=True)
    p.add_argument("services", nargs="+")
    a = p.parse_args()
    aws, out = AWS(a.endpoint), {}
    for name in a.services:
        module = importlib.import_module(name)
        module.seed(aws)
        out[name] = {"resources": [told(r) for r in module.expected(aws)], "explained": module.EXPLAINED}
    print(json.dumps(out, default=str))


if __name__ == "__main__":
    main()
