"""Asks every operation of an awsfake with botocore and tells what is wrong with the answers.

    walk.py ENDPOINT < operations.json

operations.json is awsfake.Operations(). A line of output is a problem, as JSON;
the last one is how many answers were looked at.
"""

import copy
import json
import sys
import urllib.request

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

import parameters
import shapes

ENDPOINT = sys.argv[1]
# How an awsfake goes wrong, and the codes that this is told with.
FAULTS = {
    "throttled": {"limits": {}},  # filled with every service
    "denied": {"denials": [{"action": "*"}]},
    "denied by an organization": {"denials": [{"action": "*", "policy": "service control policy", "explicit": True}]},
    "failing": {"failEvery": 1},
    "broken": {"fail": 1.0},
    "clock": {"skew": 3600 * 10**9},
    "not enabled": {"disabled": [parameters.REGION]},
    "expired": {"sessionCalls": 1},
}
checked, served = 0, json.load(sys.stdin)
clients, needed = {}, set()


def say(api, operation, case, problem):
    key = (f"{api}:{operation}", problem)
    if key in parameters.EXPLAINED:
        needed.add(key)
        return
    print(json.dumps({"operation": f"{api}:{operation}", "case": case, "problem": problem}), flush=True)


def set_faults(faults):
    body = json.dumps({"pageSize": 2, **faults}).encode()
    urllib.request.urlopen(urllib.request.Request(ENDPOINT + "/_awsfake/faults", body, method="PUT")).read()


def without_account(request, **_):
    """S3 Control puts the account before the host name, which has no name here."""
    request.url = request.url.replace(f"//{parameters.ACCOUNT}.", "//")


def client_of(api, protocol):
    """A client that speaks the protocol of awsfake, where a service has several, and keeps raw answers."""
    if api in clients:
        return clients[api]
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_with(service, kind, api_version=None):
        model = load(service, kind, api_version)
        if kind == "service-2" and protocol in model["metadata"].get("protocols", []):
            model = copy.copy(model)
            model["metadata"] = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
        return model

    loader.load_service_model = load_with
    client = session.create_client(
        api, region_name=parameters.REGION, aws_access_key_id="AKIAFAKE", aws_secret_access_key="fake", aws_session_token=TOKEN,
        endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False),
    )
    client.raw = []
    client.meta.events.register("before-parse", lambda response_dict, **_: client.raw.append(response_dict))
    client.meta.events.register("before-send", without_account)
    clients[api] = client
    return client


def ask(o, case, arguments, pages=False):
    """Asks once, or for all pages; True for a good answer."""
    global checked
    api, name, protocol = o["api"], o["operation"], o["protocol"]
    client = client_of(api, protocol)
    method = next(m for m, op in client.meta.method_to_api_mapping.items() if op == name)
    model = client.meta.service_model
    del client.raw[:]
    good = True
    try:
        if pages and client.can_paginate(method):
            for number, _ in enumerate(client.get_paginator(method).paginate(**arguments)):
                if number > 20:
                    say(api, name, case, "the pages do not end")
                    break
        else:
            getattr(client, method)(**arguments)
    except ClientError as e:
        good = False
        raw, error = client.raw.pop(), e.response["Error"]
        checked += 1
        if raw["status_code"] != 502 and model.operation_model(name).http.get("method") != "HEAD":
            for p in shapes.problems_of_error(protocol, model, error["Code"], raw["status_code"], raw["body"], raw["headers"]):
                say(api, name, f"{case}: {error['Code']}", p)
            if not e.response["ResponseMetadata"].get("RequestId"):
                say(api, name, case, "an error has no request id")
    for raw in client.raw:
        checked += 1
        for p in sorted(set(shapes.problems_of(protocol, model.operation_model(name), raw["body"], raw["headers"]))):
            say(api, name, case, p)
    return good


TOKEN = None
for o in served:
    full, sets = f"{o['api']}:{o['operation']}", parameters.PARAMETERS.get(o["api"], {}).get(o["operation"], [{}])
    set_faults({})
    answered = [ask(o, json.dumps(s), s, pages=True) for s in sets]
    if answered[0] == (full in parameters.NEVER):
        say(o["api"], o["operation"], "", "answered although it never should" if answered[0] else "its first parameters found nothing")

client = client_of("sts", "query")
clients, TOKEN = {}, client.assume_role(RoleArn=f"arn:aws:iam::{parameters.ACCOUNT}:role/r", RoleSessionName="scan")["Credentials"]["SessionToken"]
FAULTS["throttled"]["limits"] = {o["service"]: {"rate": 0, "burst": 1} for o in served}
for case, faults in FAULTS.items():
    set_faults(faults)
    for o in served:
        arguments = parameters.PARAMETERS.get(o["api"], {}).get(o["operation"], [{}])[0]
        good = [ask(o, case, arguments) for _ in range(2 if case == "throttled" else 1)][-1]
        if good and not (case.startswith("denied") and o["operation"] == "GetCallerIdentity"):
            say(o["api"], o["operation"], case, "answered as if nothing were wrong")
for operation, problem in parameters.EXPLAINED.keys() - needed:
    print(json.dumps({"operation": operation, "case": "explained", "problem": "nothing needs the explanation of " + problem}))
print(json.dumps({"checked": checked}))
