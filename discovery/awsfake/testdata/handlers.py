#!/usr/bin/env python3
"""Write what CloudFormation's schemas say of handlers, for registry.go.

    python3 handlers.py aws-cloudformation-schema ../handlers.txt.gz

Reads a directory of resource schemas, a file each, as CloudformationSchema.zip and the
repository of pulumi-aws-native have them, and writes a line for each type that discovery/cfn
knows, too.
"""

import gzip
import json
import pathlib
import sys


def path(pointer):
    return pointer.removeprefix("/properties/").replace("/", ".")


def line(schema):
    handlers = schema.get("handlers", {})
    read, listed = handlers.get("read"), handlers.get("list")
    actions = {h: set((handlers.get(h) or {}).get("permissions", [])) for h in ("read", "list")}
    of = (listed or {}).get("handlerSchema", {})
    keys = of.get("required", [])
    for one in of.get("oneOf", []) + of.get("anyOf", []):
        keys = keys or one.get("required", [])
    what = "n" if not handlers else "r" if listed is None else "l"
    if what == "l" and read is not None and not keys and actions["read"] <= actions["list"]:
        what = "f"
    hidden = [path(p) for p in schema.get("writeOnlyProperties", [])]
    return "|".join([schema["typeName"], what, ",".join(keys), ",".join(hidden), ",".join(sorted(actions["read"] | actions["list"]))])


def main(source, target):
    schemas = [json.loads(f.read_text()) for f in sorted(source.glob("*.json"))]
    types = pathlib.Path(__file__).parents[2] / "cfn" / "types.txt.gz"
    known = {text.partition("|")[0] for text in gzip.open(types, "rt")}
    lines = sorted(line(s) for s in schemas if s["typeName"] in known)
    with gzip.GzipFile(target, "wb", mtime=0) as out:
        out.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
