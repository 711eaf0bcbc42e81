#!/usr/bin/env python3
"""Write what public packs ask of AWS resources, for publicpacks_test.go.

    npm pack @pulumi/aws@7.48.0 && tar xzf pulumi-aws-7.48.0.tgz
    git clone https://github.com/pulumi/compliance-policies
    git clone https://github.com/pulumi/pulumi-policy-aws
    git clone https://github.com/pulumi/templates-policy
    python3 publicpacks.py package compliance-policies pulumi-policy-aws templates-policy > publicpacks.json

Reads the sources of the packs (TypeScript, JavaScript, Rego, Python) and lists for every
policy of single resources the properties that it looks at: accesses to the variable that
the resource is bound to, and to what was taken from it by const, for and forEach. Types
are those of the classic provider; a class that 7.48.0 has no longer keeps its old token.
Policies of stacks are not evaluated for accounts and left out; one that asks for no
property, since that the resource is there is what it reports, has "".
"""

import json
import pathlib
import re
import subprocess
import sys

METHODS = {
    "length", "forEach", "map", "some", "every", "find", "filter", "includes", "indexOf", "toLowerCase", "toUpperCase", "toString", "push", "sort", "join",
    "startsWith", "endsWith", "split", "trim", "match", "isArray", "keys", "values", "entries",
}
ACCESS = re.compile(r"(?<![\w.])(\w+)((?:!?\??\.\w+|!?\[\d+\]|!?\[\"\w+\"\])+)")


def token(package, module, name):
    """The token of a class, from the package or, when it has none, by the rule."""
    file = package / module / (name[0].lower() + name[1:] + ".js")
    found = re.search(r"__pulumiType = '([^']+)'", file.read_text()) if file.exists() else None
    return found.group(1) if found else f"aws:{module}/{name[0].lower() + name[1:]}:{name}"


def block(text, start, open_="(", close=")"):
    """The text from a bracket to the one that closes it."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == open_) - (text[i] == close)
        if depth == 0:
            return text[start:i + 1]
    return text[start:]


def path(accessed):
    names = []
    for name in re.findall(r"\w+", accessed):
        if name in METHODS:
            break
        if not name.isdigit():
            names.append(name)
    return names


def properties(body, variable):
    """The property paths that the body of a policy asks for."""
    bound, found = {variable: []}, set()
    taken = [
        r"(?:const|let)\s+(\w+)\s*=\s*((?:\w+)(?:!?\??\.\w+|!?\[\d+\])*)\s*[;,]",
        r"(?:const|let)\s+(\w+)\s+of\s+((?:\w+)(?:!?\??\.\w+)*)",
        r"((?:\w+)(?:!?\??\.\w+)+)!?\??\.(?:forEach|map|some|every|find|filter)\(\s*(?:async\s*)?\(?\s*(\w+)",
    ]
    for _ in range(4):  # what is taken from what was taken
        for n, pattern in enumerate(taken):
            for m in re.finditer(pattern, body):
                name, source = (m.group(2), m.group(1)) if n == 2 else (m.group(1), m.group(2))
                head, _, rest = re.sub(r"[?!]", "", source).partition(".")
                if head in bound and name not in bound:
                    bound[name] = bound[head] + path(rest)
    for head, rest in ACCESS.findall(body):
        if head in bound:
            names = bound[head] + path(rest)
            if names:
                found.add(".".join(names))
    # What stands only on the way to something is not asked for by itself.
    return sorted(p for p in found if not any(q.startswith(p + ".") for q in found))


def typescript(text, package, pack):
    imported = {}
    for names, module in re.findall(r"import \{([^}]*)\} from \"@pulumi/aws/(\w+)\"", text):
        for name in names.split(","):
            imported[name.strip()] = module
    for m in re.finditer(r"validateResourceOfType\(", text):
        call = block(text, m.end() - 1)
        head = re.match(r"\(\s*([\w.]+)\s*,\s*(?:async\s*)?\(?\s*(\w+)", call)
        if not head or "validateStackResourcesOfType" in text[m.start() - 40:m.start()]:
            continue
        kind, variable = head.group(1), head.group(2)
        *_, module, name = ["", imported.get(kind.split(".")[-1], "")] + kind.split(".")[-2:] if "." in kind else ["", imported[kind], kind]
        policy = re.findall(r"name:\s*\"([^\"]+)\"", text[:m.start()])[-1]
        for p in properties(call, variable) or [""]:
            yield pack, policy, token(package, module, name), p


def rego(text, pack):
    for rule in re.finditer(r"^(\w+)\[msg\] \{(.*?)^\}", text, re.S | re.M):
        kind = re.search(r"input\.type == \"([^\"]+)\"", rule.group(2)).group(1)
        for p in sorted(set(re.findall(r"input\.(\w+)", rule.group(2))) - {"type", "__name"}):
            yield pack, rule.group(1), kind, p


def python(text, pack):
    for kind in re.findall(r"resource_type == \"(aws:[^\"]+)\"", text):
        for p in sorted(set(re.findall(r"args\.props\[\"(\w+)\"\]", text))):
            yield pack, re.search(r"name=\"([^\"]+)\"", text).group(1), kind, p


def commit(repo):
    return subprocess.run(["git", "-C", repo, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def main(package, compliance, guard, templates):
    rows, read = [], {}

    def files(repo, pattern):
        for line in subprocess.run(["git", "-C", repo, "ls-tree", "-r", "--name-only", "HEAD"], check=True, capture_output=True, text=True).stdout.split():
            if re.fullmatch(pattern, line):
                yield line, subprocess.run(["git", "-C", repo, "show", "HEAD:" + line], check=True, capture_output=True, text=True).stdout

    for name, text in files(compliance, r"vendor-aws/aws/\w+/\w+/\w+\.ts"):
        if not name.endswith("index.ts"):
            rows += typescript(text, package, "compliance-policies")
    for name, text in files(guard, r"src/\w+\.ts"):
        rows += typescript(text, package, "awsguard")
    for name, text in files(templates, r"aws-(typescript|javascript)/index\.[tj]s"):
        rows += typescript(text.replace("policy.validate", "validate"), package, "templates-policy/" + name.split("/")[0])
    for name, text in files(templates, r"aws-opa/policy\.rego"):
        rows += rego(text, "templates-policy/aws-opa")
    for name, text in files(templates, r"aws-python/__main__\.py"):
        rows += python(text, "templates-policy/aws-python")
    sources = {name: commit(repo) for name, repo in (
        ("github.com/pulumi/compliance-policies", compliance), ("github.com/pulumi/pulumi-policy-aws", guard), ("github.com/pulumi/templates-policy", templates))}
    lines = ",\n  ".join(json.dumps(row) for row in sorted(set(rows)))
    print('{\n "sources": ' + json.dumps(sources) + ',\n "asked": [\n  ' + lines + "\n ]\n}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:5])
