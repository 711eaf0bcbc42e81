#!/usr/bin/env python3
"""Run moto as the demo and the end-to-end test need it.

    python deploy/demo/emulator.py [--parent PID]

Listens on a free loopback port, prints its URL on standard output and logs
requests to standard error. Ends with SIGTERM, and with --parent also when that
process is gone, however it ended: nothing is left behind after a kill -9.
Ctrl-C is ignored, so that a scan that is being interrupted can still finish its
calls; whoever started this ends it.

Five settings make moto's account hold what was put into it, and nothing else, for
as long as it runs: its certificates would be validated after a minute;
without MOTO_EC2_LOAD_DEFAULT_AMIS=false it has thousands of Amazon's images,
whose snapshots it counts as the account's own; its DescribeSnapshots does not
look at OwnerIds and RestorableByUserIds, so that every snapshot would be public;
the key of AWS that encrypts volumes by default would be a key of the account; and
it does not know CloudTrail's event data stores, of which there are none.
And moto gets two lists that it lacks: of a function's URLs, of which it can show
one, and of a cluster's add-ons, of which it has none; and AppFlow, which has nothing.
Its API Gateway loads a validator of OpenAPI documents, which nobody here gives it:
an empty module takes the place. Where it checks signatures,
it takes the query of a GET for its body too, and would find each of them wrong.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
import types

# Read when moto is imported.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ["MOTO_ACM_VALIDATION_WAIT"] = "86400"

for name in ("openapi_spec_validator", "openapi_spec_validator.validation", "openapi_spec_validator.validation.exceptions"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["openapi_spec_validator"].validate = None
sys.modules["openapi_spec_validator.validation.exceptions"].OpenAPIValidationError = ValueError

from moto.awslambda import urls as lambda_urls  # noqa: E402
from moto.awslambda.exceptions import GenericResourcNotFound  # noqa: E402
from moto.awslambda.responses import LambdaResponse  # noqa: E402
from moto.cloudtrail.responses import CloudTrailResponse  # noqa: E402
from moto.ec2.models.elastic_block_store import EBSBackend  # noqa: E402
from moto.ec2.responses.elastic_block_store import ElasticBlockStore  # noqa: E402
from moto.eks import urls as eks_urls  # noqa: E402
from moto.iam.access_control import IAMRequestBase  # noqa: E402
from moto.kms.models import kms_backends  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

describe_all_snapshots = ElasticBlockStore.describe_snapshots


def describe_snapshots(self):
    """moto's answer, without what OwnerIds and RestorableByUserIds leave out."""
    answer = describe_all_snapshots(self)
    owners, users = self._get_param("OwnerIds", []), self._get_param("RestorableByUserIds", [])

    def asked_for(snapshot):
        owned = not owners or snapshot.owner_id in [self.current_account if o == "self" else o for o in owners]
        restorable = not users or snapshot.create_volume_permission_groups.union(
            snapshot.create_volume_permission_userids).intersection(users)
        return owned and restorable

    answer.result["Snapshots"] = [s for s in answer.result["Snapshots"] if asked_for(s)]
    return answer


ElasticBlockStore.describe_snapshots = describe_snapshots
create_default_encryption_key = EBSBackend._create_default_encryption_key


def default_encryption_key(self):
    """moto's key, as one that AWS manages."""
    arn = create_default_encryption_key(self)
    kms_backends[self.account_id][self.region_name].describe_key(arn).key_manager = "AWS"
    return arn


EBSBackend._create_default_encryption_key = default_encryption_key
CloudTrailResponse.list_event_data_stores = lambda self: '{"EventDataStores": []}'


def list_function_url_configs(self):
    """The one URL that moto knows of a function, as the list that AWS has."""
    function = self.backend.get_function(self.path.split("/")[-2])
    try:
        urls = [function.get_url_config().to_dict()]
    except GenericResourcNotFound:
        urls = []
    return json.dumps({"FunctionUrlConfigs": urls})


LambdaResponse.list_function_url_configs = list_function_url_configs
lambda_urls.url_paths[r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/urls$"] = LambdaResponse.dispatch
eks_urls.url_paths["{0}/clusters/(?P<name>[^/]+)/addons$"] = lambda *_: (200, {}, json.dumps({"addons": []}))


signed_request = IAMRequestBase._create_aws_request


def without_body(self):
    """The request whose signature is checked; a GET has no body."""
    if self._method == "GET":
        self._data = {}
    return signed_request(self)


IAMRequestBase._create_aws_request = without_body


def with_appflow(app):
    """The application, and AppFlow without flows and profiles."""

    def answer(environ, start):
        if "/appflow/aws4_request" not in environ.get("HTTP_AUTHORIZATION", ""):
            return app(environ, start)
        start("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]

    return answer


def end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--parent", type=int, help="end when this process, which started the program, is gone")
    a = p.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if a.parent:
        threading.Thread(target=end_with, args=[a.parent], daemon=True).start()
    server = make_server("127.0.0.1", 0, with_appflow(DomainDispatcherApplication(create_backend_app)), threaded=True,
                         request_handler=MotoRequestHandler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
