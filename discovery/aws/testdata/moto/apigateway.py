import json

from compare import policy, resource

API, ACCESS, STAGE, SETTINGS = (
    "aws:apigateway/restApi:RestApi", "aws:apigateway/restApiPolicy:RestApiPolicy", "aws:apigateway/stage:Stage", "aws:apigateway/methodSettings:MethodSettings")
DOMAIN, HTTP, HTTP_STAGE, HTTP_DOMAIN = (
    "aws:apigateway/domainName:DomainName", "aws:apigatewayv2/api:Api", "aws:apigatewayv2/stage:Stage", "aws:apigatewayv2/domainName:DomainName")

EXPLAINED = {}

INVOKE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}]}


def seed(aws):
    v1, v2 = aws("apigateway"), aws("apigatewayv2")
    api = v1.create_rest_api(
        name="orders", description="of the shop", apiKeySource="AUTHORIZER", binaryMediaTypes=["image/png"], minimumCompressionSize=1024,
        endpointConfiguration={"types": ["REGIONAL"]}, policy=json.dumps(INVOKE), tags={"owner": "shop"}, disableExecuteApiEndpoint=True)["id"]
    root = v1.get_resources(restApiId=api)["items"][0]["id"]
    v1.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    v1.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = v1.create_deployment(restApiId=api)["id"]
    v1.create_stage(
        restApiId=api, stageName="prod", deploymentId=deployment, description="live", cacheClusterEnabled=True, cacheClusterSize="1.6",
        variables={"a": "b"}, tracingEnabled=True, tags={"owner": "shop"})
    v1.update_stage(restApiId=api, stageName="prod", patchOperations=[
        {"op": "replace", "path": "/*/*/caching/enabled", "value": "true"}, {"op": "replace", "path": "/*/*/caching/dataEncrypted", "value": "true"},
        {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"}])
    v1.create_stage(restApiId=api, stageName="test", deploymentId=deployment)
    v1.create_domain_name(
        domainName="api.example.com", regionalCertificateArn="arn:aws:acm:us-east-1:123456789012:certificate/c", endpointConfiguration={"types": ["REGIONAL"]},
        securityPolicy="TLS_1_2", tags={"owner": "shop"})
    http = v2.create_api(
        Name="front", ProtocolType="HTTP", Description="of the shop", Version="1", Tags={"owner": "shop"},
        CorsConfiguration={"AllowOrigins": ["*"], "AllowMethods": ["POST", "GET"], "MaxAge": 5, "AllowCredentials": False})["ApiId"]
    v2.create_stage(
        ApiId=http, StageName="prod", AutoDeploy=True, Description="live", StageVariables={"a": "b"}, Tags={"owner": "shop"},
        AccessLogSettings={"DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:g", "Format": "$context.requestId"},
        DefaultRouteSettings={"DetailedMetricsEnabled": True, "ThrottlingBurstLimit": 5})
    v2.create_domain_name(DomainName="front.example.com", Tags={"owner": "shop"}, DomainNameConfigurations=[
        {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c", "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}])


def arn(path):
    return "arn:aws:apigateway:us-east-1::" + path


def some(of, *names):
    """The fields of an answer that are there, by Pulumi's names: the same, if nothing else is said."""
    return {name: of[name] for name in names if of.get(name) is not None and of.get(name) != ""}


def lower(of):
    return {k[0].lower() + k[1:]: v for k, v in (of or {}).items()}


def expected(aws):
    yield from rest(aws("apigateway"))
    yield from http(aws("apigatewayv2"))


def rest(v1):
    for a in v1.get_rest_apis()["items"]:
        access, endpoint = a.get("policy"), a["endpointConfiguration"]
        if access:
            access = policy(json.loads(f'"{access}"') if access.startswith("{\\") else access)
        yield resource(API, a["id"], a["name"], {
            "region": "us-east-1", "arn": arn("/restapis/" + a["id"]), "policy": access, "tags": a.get("tags"),
            "disableExecuteApiEndpoint": a.get("disableExecuteApiEndpoint", False), "binaryMediaTypes": sorted(a.get("binaryMediaTypes", [])),
            "minimumCompressionSize": str(a["minimumCompressionSize"]) if a.get("minimumCompressionSize") is not None else None,
            "endpointConfiguration": {"types": endpoint["types"][0], **some(endpoint, "ipAddressType", "vpcEndpointIds")},
            **some(a, "name", "description", "apiKeySource", "endpointAccessMode", "securityPolicy"),
        })
        if access:
            yield resource(ACCESS, a["id"], a["name"], {"region": "us-east-1", "restApiId": a["id"], "policy": access})
        for s in v1.get_stages(restApiId=a["id"])["item"]:
            ident = a["id"] + "/" + s["stageName"]
            yield resource(STAGE, ident, s["stageName"], {
                "region": "us-east-1", "arn": arn(f"/restapis/{a['id']}/stages/{s['stageName']}"), "restApi": a["id"], "deployment": s["deploymentId"],
                "cacheClusterEnabled": s.get("cacheClusterEnabled", False), "cacheClusterSize": s.get("cacheClusterSize") if s.get("cacheClusterEnabled") else None,
                "xrayTracingEnabled": s.get("tracingEnabled", False), "tags": s.get("tags"), "variables": s.get("variables"),
                **some(s, "stageName", "description", "documentationVersion", "clientCertificateId", "accessLogSettings"),
            })
            for path, m in s.get("methodSettings", {}).items():
                path = path.replace("~1", "/").lstrip("/")
                yield resource(SETTINGS, ident + "/" + path, s["stageName"] + "/" + path, {
                    "region": "us-east-1", "restApi": a["id"], "stageName": s["stageName"], "methodPath": path, "settings": dict({
                        "cacheDataEncrypted": False, "cacheTtlInSeconds": 0, "cachingEnabled": False, "dataTraceEnabled": False, "metricsEnabled": False,
                        "requireAuthorizationForCacheControl": False, "throttlingBurstLimit": 0, "throttlingRateLimit": 0.0}, **m)})
    for d in v1.get_domain_names()["items"]:
        endpoint = d["endpointConfiguration"]
        yield resource(DOMAIN, d["domainName"], d["domainName"], {
            "region": "us-east-1", "arn": arn("/domainnames/" + d["domainName"]), "tags": d.get("tags"),
            "endpointConfiguration": {"types": endpoint["types"][0], **some(endpoint, "ipAddressType")},
            **some(d, "domainName", "securityPolicy", "regionalCertificateArn", "certificateArn", "certificateName", "regionalCertificateName"),
        })


def http(v2):
    for a in v2.get_apis()["Items"]:
        cors = lower(a.get("CorsConfiguration"))
        cors = {k: sorted(v) if isinstance(v, list) else v for k, v in cors.items() if v != []}
        yield resource(HTTP, a["ApiId"], a["Name"], {
            "region": "us-east-1", "arn": arn("/apis/" + a["ApiId"]), "corsConfiguration": cors, "tags": a.get("Tags"),
            **some(lower(a), "name", "description", "version", "apiKeySelectionExpression", "routeSelectionExpression", "protocolType", "disableExecuteApiEndpoint", "ipAddressType"),
        })
        for s in v2.get_stages(ApiId=a["ApiId"])["Items"]:
            yield resource(HTTP_STAGE, a["ApiId"] + "/" + s["StageName"], s["StageName"], {
                "region": "us-east-1", "arn": arn(f"/apis/{a['ApiId']}/stages/{s['StageName']}"), "apiId": a["ApiId"], "name": s["StageName"],
                "accessLogSettings": lower(s.get("AccessLogSettings")), "defaultRouteSettings": lower(s.get("DefaultRouteSettings")), "tags": s.get("Tags"),
                **some(lower(s), "description", "deploymentId", "clientCertificateId", "autoDeploy", "stageVariables"),
            })
    for d in v2.get_domain_names()["Items"]:
        c = d["DomainNameConfigurations"][0]
        yield resource(HTTP_DOMAIN, d["DomainName"], d["DomainName"], {
            "region": "us-east-1", "arn": arn("/domainnames/" + d["DomainName"]), "domainName": d["DomainName"], "tags": d.get("Tags"),
            "domainNameConfiguration": {k: v for k, v in {
                "certificateArn": c.get("CertificateArn"), "endpointType": c.get("EndpointType"), "hostedZoneId": c.get("HostedZoneId"),
                "ipAddressType": c.get("IpAddressType"), "ownershipVerificationCertificateArn": c.get("OwnershipVerificationCertificateArn"),
                "securityPolicy": c.get("SecurityPolicy"), "targetDomainName": c.get("ApiGatewayDomainName")}.items() if v},
        })
