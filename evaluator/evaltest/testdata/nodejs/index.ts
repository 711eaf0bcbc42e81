import { PolicyPack, ResourceValidationArgs, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";

type Judge = (props: any, report: (message: string) => void, args: ResourceValidationArgs) => void;

const mandatory = { enforcementLevel: "mandatory" as const };

// on is a policy for one type of resources.
function on(type: string, name: string, judge: Judge, more: Partial<ResourceValidationPolicy> = mandatory): ResourceValidationPolicy {
    return {
        name,
        description: `What ${name} says.`,
        validateResource: (args, report) => {
            if (args.type !== type) {
                args.notApplicable(`only for ${type}`);
            }
            judge(args.props, report, args);
        },
        ...more,
    };
}

const onBucket = (name: string, judge: Judge, more?: Partial<ResourceValidationPolicy>) => on("aws:s3/bucket:Bucket", name, judge, more);

function toNumber(value: any): number {
    if (isNaN(Number(value))) {
        throw new Error(`${value} is no number`);
    }
    return Number(value);
}

// contains looks for a value anywhere below another.
function contains(value: any, wanted: string): boolean {
    return value === wanted || (value instanceof Object && Object.values(value).some(v => contains(v, wanted)));
}

const weak = (policy: any) => policy?.version !== undefined && policy.version !== "2012-10-17";

const policies: ResourceValidationPolicy[] = [
    onBucket("deny_public", (bucket, report) => {
        if (bucket.acl === "public-read") {
            report(`bucket ${bucket.bucket} is public`);
        }
    }, {
        ...mandatory,
        displayName: "No public buckets",
        severity: "high",
        remediationSteps: "Make it private.",
        framework: { name: "CIS", version: "3.0.0", reference: "2.1.4", specification: "https://example.com/cis" },
        url: "https://example.com/public",
        tags: ["storage", "public"],
    }),
    // Several messages of one policy are one finding.
    on("aws:ec2/securityGroup:SecurityGroup", "deny_ports", (group, report) => {
        for (const rule of group.ingress ?? []) {
            if (rule.cidr === "0.0.0.0/0") {
                report(`port ${rule.port} is open`);
            }
        }
    }),
    onBucket("deny_nested", (bucket, report) => {
        if (Array.isArray(bucket.rules) && bucket.rules.some((r: any) => !r.encrypted)) {
            report("a rule is not encrypted");
        }
    }),
    onBucket("warn_tag", (bucket, report, args) => {
        const tag = args.getConfig<{ tag: string }>().tag;
        if (!bucket.tags?.[tag]) {
            report(`tag ${tag} is missing`);
        }
    }, { configSchema: { properties: { tag: { type: "string", default: "owner" } } } }),
    // Breaks on a number that is none.
    onBucket("deny_throws", (bucket, report) => {
        if (bucket.number !== undefined && toNumber(bucket.number) < 0) {
            report("never");
        }
    }),
    on("aws:lambda/function:Function", "deny_secret", (fn, report) => {
        report(`password is ${fn.environment.PASSWORD}`);
    }),
    // How many properties there are is not what they are.
    onBucket("deny_whole", (bucket, report) => {
        if (Object.keys(bucket).length > 8) {
            report("too many properties");
        }
    }),

    // What follows asks for an unknown in the ways that are easy to get wrong.

    onBucket("deny_default", (bucket, report) => {
        if (bucket.versioning?.enabled !== true) {
            report("not versioned");
        }
    }),
    onBucket("deny_helper", (bucket, report) => {
        if (weak(bucket.policy)) {
            report("weak policy");
        }
    }),
    // The branch taken hangs on the value.
    onBucket("deny_branch", (bucket, report) => {
        if (bucket.storage?.days >= 90) {
            report("cold storage");
        }
    }),
    // All of a list, and none of a list.
    onBucket("deny_every", (bucket, report) => {
        if (Array.isArray(bucket.rules) && !bucket.rules.every((r: any) => r.encrypted === true)) {
            report("not every rule is encrypted");
        }
    }),
    onBucket("deny_count", (bucket, report) => {
        if (Array.isArray(bucket.rules) && bucket.rules.filter((r: any) => r.port === 22).length > 0) {
            report("a rule opens port 22");
        }
    }),
    onBucket("deny_alias", (bucket, report, args) => {
        if (args.props.acl === "public-read") {
            report("public by another name");
        }
    }),
    // Which property is read is known only at run time.
    onBucket("deny_dynamic", (bucket, report) => {
        if (bucket.watch !== undefined && bucket[bucket.watch] === "on") {
            report("watched property is on");
        }
    }),
    // All properties at once: their names, their values, their number, a copy.
    onBucket("deny_keys", (bucket, report) => {
        if ("website" in bucket) {
            report("is a website");
        }
    }),
    onBucket("deny_search", (bucket, report) => {
        if (contains(bucket, "forbidden")) {
            report("a forbidden word");
        }
    }),
    onBucket("deny_equal", (bucket, report) => {
        const names = Object.keys(bucket);
        if (names.length === 2 && names.includes("bucket") && bucket.number === "1") {
            report("nothing but a name");
        }
    }),
    onBucket("deny_copy", (bucket, report) => {
        const copy = { ...bucket, seen: true };
        if (copy.acl === "public-read") {
            report("public in a copy");
        }
    }),
    // The condition is known, the message is not.
    onBucket("deny_message", (bucket, report) => {
        if (bucket.logging === "off") {
            report(`no logging, owner ${bucket.owner}`);
        }
    }),
    // Known conditions decide.
    onBucket("deny_guarded", (bucket, report) => {
        if (bucket.logging === "off" && bucket.acl === "public-read") {
            report("public and off");
        }
    }),
    // Breaks, if it ever comes to that.
    onBucket("deny_late", (bucket, report) => {
        if (bucket.acl === "public-read" && toNumber(bucket.number) < 0) {
            report("public with a low number");
        }
    }),
    // Either of two, of which one may be known.
    {
        name: "deny_either",
        description: "What deny_either says.",
        enforcementLevel: "mandatory",
        validateResource: [
            (args, report) => {
                if (args.type === "aws:s3/bucket:Bucket" && args.props.acl === "public-read") {
                    report("public");
                }
            },
            (args, report) => {
                if (args.type === "aws:s3/bucket:Bucket" && args.props.logging === "off") {
                    report("no logging");
                }
            },
        ],
    },
];

const never: StackValidationPolicy = {
    name: "stack_deny",
    description: "Never asked.",
    enforcementLevel: "mandatory",
    validateStack: (_, report) => report("asked"),
};

new PolicyPack("conformance", { policies: [...policies, never] });
