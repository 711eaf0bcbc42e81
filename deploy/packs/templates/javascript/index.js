"use strict";
const { PolicyPack } = require("@pulumi/policy");

// Types as the Pulumi provider calls them: 'insights resources types' lists those
// that scans find. Comparing them needs no provider package.
const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const tagged = ["aws:s3/bucket:Bucket", "aws:ec2/instance:Instance", "aws:rds/instance:Instance"];

function fromEverywhere(rule) {
    return (rule.cidrBlocks || []).includes("0.0.0.0/0") || (rule.ipv6CidrBlocks || []).includes("::/0");
}

function covers(rule, port) {
    return rule.protocol === "-1" || (rule.protocol === "tcp" && rule.fromPort <= port && port <= rule.toPort);
}

const adminPorts = {
    name: "admin-ports",
    displayName: "Ports of administrators are closed to the internet",
    description: "Security groups let nobody in from everywhere on the ports that administrators use.",
    enforcementLevel: "mandatory",
    severity: "high",
    remediationSteps: "Allow the addresses that need it, or use Session Manager.",
    configSchema: { properties: { ports: { type: "array", items: { type: "integer" }, default: [22, 3389] } } },
    validateResource: (args, reportViolation) => {
        if (args.type !== securityGroup) {
            args.notApplicable();
        }
        const rules = args.props.ingress || [];
        for (const port of args.getConfig().ports) {
            if (rules.some(rule => fromEverywhere(rule) && covers(rule, port))) {
                reportViolation(`port ${port} is open to the internet`);
            }
        }
    },
};

const requiredTags = {
    name: "required-tags",
    displayName: "Required tags are there",
    description: "Buckets, instances and databases have the tags that say whose they are.",
    enforcementLevel: "advisory",
    severity: "medium",
    remediationSteps: "Tag the resource.",
    configSchema: { properties: { tags: { type: "array", items: { type: "string" }, default: ["owner"] } } },
    validateResource: (args, reportViolation) => {
        if (!tagged.includes(args.type)) {
            args.notApplicable();
        }
        const tags = args.props.tags || {};
        for (const tag of args.getConfig().tags) {
            if (!tags[tag]) {
                reportViolation(`tag ${tag} is missing`);
            }
        }
    },
};

new PolicyPack("my-pack", { policies: [adminPorts, requiredTags] });
