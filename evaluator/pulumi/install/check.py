"""What the installer asks a Python pack's virtual environment.

check.py before DIR   prints why its Python cannot run the pack
check.py after DIR    prints what is missing in it

Nothing printed is no complaint. It runs on the environment's own Python and uses
pip's reading of versions, where there is a pip.
"""

import importlib.metadata
import os
import platform
import sys

try:
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet
except ImportError:
    SpecifierSet = None


def pyproject(directory):
    try:
        import tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib
    try:
        with open(os.path.join(directory, "pyproject.toml"), "rb") as f:
            return tomllib.load(f)
    except FileNotFoundError:
        return {}
    except ValueError as e:
        print(f"pyproject.toml: {e}")
        return {}


def before(directory):
    if SpecifierSet is None:  # poetry and uv look for themselves
        return
    wanted = pyproject(directory).get("project", {}).get("requires-python", "")
    try:
        if not SpecifierSet(wanted).contains(platform.python_version(), prereleases=True):
            print(f"pyproject.toml: the pack needs Python {wanted} (requires-python)")
    except InvalidSpecifier:
        print(f"pyproject.toml: requires-python: {wanted!r} is no range of versions")


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def requirements(path):
    """The requirements in a file and in those that it includes; what is an
    option, an address or a path is left out."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read().replace("\\\n", " ")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        line = line.split(" #")[0].strip()
        for option in ("-r", "--requirement"):
            if line.startswith(option):
                included = line[len(option):].lstrip("= ")
                yield from requirements(os.path.join(os.path.dirname(path), included))
        if not line or line[0] in "#-":
            continue
        try:
            yield Requirement(line.split(" --")[0])
        except InvalidRequirement:
            continue


def after(directory):
    for name in ("pulumi-policy", "pulumi"):
        if version(name) is None:
            print(f"the pack does not depend on {name.replace('-', '_')}")
    if SpecifierSet is None or not os.path.exists(os.path.join(directory, "requirements.lock")):
        return
    for r in requirements(os.path.join(directory, "requirements.txt")):
        if r.url or r.marker and not r.marker.evaluate({"extra": ""}):
            continue
        have = version(r.name)
        if have is None:
            print(f"stale: requirements.txt asks for {r}, requirements.lock has no {r.name}")
        elif not r.specifier.contains(have, prereleases=True):
            print(f"stale: requirements.txt asks for {r}, requirements.lock has {have}")


{"before": before, "after": after}[sys.argv[1]](sys.argv[2])
