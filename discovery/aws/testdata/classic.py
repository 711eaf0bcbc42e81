#!/usr/bin/env python3
"""Write the property paths of classic AWS types for golden_test.go.

    npm pack @pulumi/aws@7.48.0 && tar xzf pulumi-aws-7.48.0.tgz
    python3 classic.py package classic-7.48.0.json

Reads the TypeScript declarations of the npm package, takes the types that the
output names already, and writes it anew: by type the dotted paths of its inputs
and outputs, "*" for the keys of a map.
"""

import json
import pathlib
import re
import sys


def fields(text, interface, indent):
    """The fields of an interface: name to type, comments left out."""
    m = re.search(r"interface %s \{(.*?)\n%s\}" % (re.escape(interface), indent), text, re.S)
    if not m:
        return {}
    body = re.sub(r"/\*\*.*?\*/", "", m.group(1), flags=re.S)
    body = re.sub(r"\{\s*\[key: string\]:[^;}]*;\s*\}", "{ [key: string] }", body)
    return dict(re.findall(r"(\w+)\??:\s*([^;]*);", body))


def paths(found, prefix, inputs, out, depth=0):
    for name, kind in found.items():
        out.add(prefix + name)
        nested = re.search(r"inputs\.(\w+)\.(\w+)", kind)
        if nested and depth < 6:
            paths(fields(inputs[nested.group(1)], nested.group(2), "    "), prefix + name + ".", inputs, out, depth + 1)
        elif "[key: string]" in kind:
            out.add(prefix + name + ".*")


def main(package, output):
    declared = (package / "types" / "input.d.ts").read_text()
    inputs = dict(re.findall(r"export declare namespace (\w+) \{(.*?)\n\}", declared, re.S))
    types = json.loads(output.read_text())
    for token in types:
        _, module, name = token.split(":")
        text = (package / (module + ".d.ts")).read_text()
        out = set()
        paths(fields(text, name + "State", "") | fields(text, name + "Args", ""), "", inputs, out)
        types[token] = " ".join(sorted(out))
    output.write_text(json.dumps(types, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
