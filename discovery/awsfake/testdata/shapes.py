"""Holds raw answers of AWS services against botocore's shapes.

botocore ignores what it does not know; here that is a problem, as are required
members that are missing, wrong types, timestamps, and values that an enumeration,
a pattern or a length does not allow.
"""

import json
import re
from xml.etree import ElementTree

NUMBERS = {"integer", "long"}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def problems_of(protocol, operation, body, headers):
    """The problems of the body of a good answer, as texts."""
    shape, out = operation.output_shape, []
    if shape is None or operation.http.get("method") == "HEAD":
        return out
    payload = shape.serialization.get("payload")
    if payload:
        content = shape.members[payload]
        if content.type_name in ("string", "blob"):
            return out
        if protocol == "rest-xml":
            element(out, content, root(out, body, content.serialization.get("name", content.name), namespace(operation, content)), payload)
            return out
        shape = content
    if protocol in ("json", "rest-json"):
        value(out, shape, json.loads(body), "", in_body_only=not payload)
    elif protocol == "query":
        envelope = root(out, body, operation.name + "Response", namespace(operation))
        children = {local(c) for c in envelope}
        if children != {operation.name + "Result", "ResponseMetadata"}:
            out.append(f"the envelope holds {sorted(children)}")
        for result in (c for c in envelope if local(c) == operation.name + "Result"):
            element(out, shape, result, "")
        if not [c.text for m in envelope if local(m) == "ResponseMetadata" for c in m if local(c) == "RequestId" and c.text]:
            out.append("no RequestId")
    elif protocol == "ec2":
        envelope = root(out, body, operation.name + "Response", f"http://ec2.amazonaws.com/doc/{operation.service_model.api_version}/")
        if not [c for c in envelope if local(c) == "requestId"]:
            out.append("no requestId")
        element(out, shape, envelope, "", beside={"requestId"})
    elif body:
        element(out, shape, root(out, body, None, namespace(operation)), "")
    return out


def namespace(operation, shape=None):
    model = operation.service_model.metadata
    own = (shape.serialization.get("namespace") or {}) if shape is not None else {}
    uri = own.get("uri") or model.get("xmlNamespace") or (operation.output_shape.serialization.get("namespace") or {}).get("uri")
    return uri or {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}.get(operation.service_model.service_name)


def local(node):
    return node.tag.rpartition("}")[2]


def root(out, body, name, uri):
    node = ElementTree.fromstring(body)
    if name and local(node) != name:
        out.append(f"the root is {local(node)}, not {name}")
    if uri and node.tag.rpartition("}")[0].lstrip("{") != uri:
        out.append(f"the namespace is {node.tag}, not of {uri}")
    return node


def wire_name(name, shape):
    return shape.serialization.get("name", name)


def value(out, shape, raw, where, in_body_only=False):
    """Compares a JSON value."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(raw, dict):
            return out.append(f"{where}: {raw!r} is no structure")
        members = {wire_name(n, s): s for n, s in shape.members.items() if not (in_body_only and "location" in s.serialization)}
        for key, inner in raw.items():
            if key in members:
                value(out, members[key], inner, f"{where}.{key}")
            else:
                out.append(f"{where}.{key} is not in the shape {shape.name}")
        required(out, shape, set(raw), where)
    elif kind == "list":
        if not isinstance(raw, list):
            return out.append(f"{where}: {raw!r} is no list")
        for inner in raw:
            value(out, shape.member, inner, where + "[]")
    elif kind == "map":
        if not isinstance(raw, dict):
            return out.append(f"{where}: {raw!r} is no map")
        for key, inner in raw.items():
            value(out, shape.key, key, where + "{}")
            value(out, shape.value, inner, f"{where}.{key}")
    elif kind == "timestamp":
        written = shape.serialization.get("timestampFormat", "unixTimestamp")
        good = isinstance(raw, (int, float)) if written == "unixTimestamp" else isinstance(raw, str) and ISO.fullmatch(raw)
        if not good or isinstance(raw, bool):
            out.append(f"{where}: {raw!r} is no timestamp ({written})")
    elif kind in ("integer", "long", "boolean", "double", "float"):
        types = {"boolean": bool, "double": (int, float), "float": (int, float)}.get(kind, int)
        if not isinstance(raw, types) or kind != "boolean" and isinstance(raw, bool):
            out.append(f"{where}: {raw!r} is no {kind}")
        else:
            bounds(out, shape, raw, where)
    elif not isinstance(raw, str):
        out.append(f"{where}: {raw!r} is no {kind}")
    else:
        text(out, shape, raw, where)
    return None


def element(out, shape, node, where, beside=frozenset()):
    """Compares an XML element."""
    kind = shape.type_name
    if kind == "structure":
        members, seen = {}, set()
        for name, member in shape.members.items():
            if "location" not in member.serialization:
                wire = wire_name(name, member)
                if member.serialization.get("flattened") and member.type_name == "list":
                    wire = wire_name(wire, member.member)
                members[wire] = member
        for child in node:
            key = local(child)
            if key in beside:
                continue
            if key not in members:
                out.append(f"{where}.{key} is not in the shape {shape.name}")
                continue
            member = members[key]
            if key in seen and not member.serialization.get("flattened"):
                out.append(f"{where}.{key} is there twice")
            seen.add(key)
            if member.serialization.get("flattened") and member.type_name == "list":
                member = member.member
            element(out, member, child, f"{where}.{key}")
        for name in node.attrib:
            seen.add(name.replace(XSI, "xsi:"))
            if name.replace(XSI, "xsi:") not in members:
                out.append(f"{where}.{name} is not in the shape {shape.name}")
        required(out, shape, seen, where)
        if (node.text or "").strip():
            out.append(f"{where}: text {node.text!r} in a structure")
    elif kind == "list":
        for child in node:
            if local(child) != wire_name("member", shape.member):
                out.append(f"{where}: an item is {local(child)}, not {wire_name('member', shape.member)}")
            element(out, shape.member, child, where + "[]")
    elif kind == "map":
        key, val = wire_name("key", shape.key), wire_name("value", shape.value)
        for entry in node:
            if local(entry) != "entry" or [local(c) for c in entry] != [key, val]:
                out.append(f"{where}: a map has {local(entry)} of {[local(c) for c in entry]}")
                continue
            element(out, shape.key, entry[0], where + "{}")
            element(out, shape.value, entry[1], f"{where}.{entry[0].text}")
    else:
        scalar(out, shape, node, where)


def scalar(out, shape, node, where):
    raw, kind = node.text or "", shape.type_name
    if len(node):
        out.append(f"{where}: a {kind} holds elements")
    elif kind == "boolean":
        if raw not in ("true", "false"):
            out.append(f"{where}: {raw!r} is no boolean")
    elif kind in NUMBERS:
        if not re.fullmatch(r"-?\d+", raw):
            out.append(f"{where}: {raw!r} is no {kind}")
        else:
            bounds(out, shape, int(raw), where)
    elif kind in ("double", "float"):
        float(raw)
    elif kind == "timestamp":
        if not ISO.fullmatch(raw):
            out.append(f"{where}: {raw!r} is no timestamp")
    elif kind == "string":
        text(out, shape, raw, where)


def required(out, shape, seen, where):
    for name in shape.required_members:
        member = shape.members[name]
        wire = wire_name(name, member)
        if member.serialization.get("flattened") and member.type_name == "list":
            wire = wire_name(wire, member.member)
        if wire not in seen and "location" not in member.serialization and member.type_name not in ("list", "map"):
            out.append(f"{where}.{wire} is required and missing")


def bounds(out, shape, number, where):
    if number < shape.metadata.get("min", number) or number > shape.metadata.get("max", number):
        out.append(f"{where}: {number} is out of bounds of {shape.name}")


def text(out, shape, raw, where):
    if shape.enum and raw not in shape.enum:
        out.append(f"{where}: {raw!r} is none of {shape.name}")
    if len(raw) < shape.metadata.get("min", 0) or len(raw) > shape.metadata.get("max", len(raw)):
        out.append(f"{where}: {raw!r} is too short or too long for {shape.name}")
    pattern = shape.metadata.get("pattern")
    if pattern:
        try:
            good = re.search(pattern, raw)
        except re.error:  # Java's
            return
        if not good:
            out.append(f"{where}: {raw!r} is not like {shape.name}, {pattern}")


def problems_of_error(protocol, service_model, code, status, body, headers):
    """The problems of a refusal: its envelope, and what the model says of its code."""
    out = []
    shapes = {s.metadata.get("error", {}).get("code", s.name): s for s in service_model.error_shapes}
    shape = shapes.get(code)
    if protocol in ("json", "rest-json"):
        raw = json.loads(body)
        if protocol == "json" and raw.pop("__type", None) != code:
            out.append("__type is not the code")
        if headers.get("x-amzn-errortype") != code:
            out.append("X-Amzn-ErrorType is not the code")
        if shape is not None and shape.members:
            value(out, shape, raw, "error", in_body_only=True)
        elif set(raw) - {"message", "Message", "Type", "ErrorCode"}:
            out.append(f"an error has {sorted(raw)}")
        if not (raw.get("message") or raw.get("Message")):
            out.append("an error has no message")
    else:
        node = ElementTree.fromstring(body)
        inner, want = {
            "ec2": (node.find("Errors/Error"), {"Response", "Errors", "RequestID"}),
            "query": (node.find("Error"), {"ErrorResponse", "Error", "RequestId"}),
        }.get(protocol, (node, {"Error", "Code", "Message", "RequestId", "HostId"}))
        if protocol == "rest-xml" and node.tag == "ErrorResponse":
            inner, want = node.find("Error"), {"ErrorResponse", "Error", "RequestId", "HostId"}
        unknown = ({node.tag} | {c.tag for c in node}) - want
        if unknown or inner is None:
            out.append(f"an error's envelope has {sorted(unknown)}")
        elif {c.tag for c in inner} - {"Code", "Message", "Type", "RequestId", "HostId"} or not inner.findtext("Message"):
            out.append(f"an error has {[c.tag for c in inner]}")
    modelled = shape.metadata.get("error", {}).get("httpStatusCode") if shape is not None else None
    if modelled and modelled != status:
        out.append(f"the status is {status}, the model says {modelled}")
    return out
