# METADATA
# title: Conformance
package conformance

import rego.v1

# METADATA
# title: No public buckets
# custom:
#   severity: high
#   remediation: Make it private.
#   controls:
#     - {framework: CIS, version: 3.0.0, id: 2.1.4, specification: "https://example.com/cis"}
#   url: https://example.com/public
#   tags: [storage, public]
deny_public contains msg if {
	input.type == "aws:s3/bucket:Bucket"
	input.acl == "public-read"
	msg := sprintf("bucket %s is public", [input.bucket])
}

# Several messages of one policy are one finding.
deny_ports contains {"msg": msg} if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some r in input.ingress
	r.cidr == "0.0.0.0/0"
	msg := sprintf("port %d is open", [r.port])
}

# The negation of a nested value that is unknown.
deny_nested contains "a rule is not encrypted" if {
	input.type == "aws:s3/bucket:Bucket"
	some r in input.rules
	not r.encrypted
}

# No type is asked for: what it can fire on has to be found out.
warn_tag contains msg if {
	is_bucket
	tag := object.get(data.config, ["warn_tag", "tag"], "owner")
	not object.get(input, ["tags", tag], false)
	msg := sprintf("tag %s is missing", [tag])
}

is_bucket if startswith(input.type, "aws:s3/bucket:")

# Breaks on a number that is none.
deny_throws contains "never" if {
	input.type == "aws:s3/bucket:Bucket"
	to_number(input.number) < 0
}

deny_secret contains msg if {
	input.type == "aws:lambda/function:Function"
	msg := sprintf("password is %s", [input.environment.PASSWORD])
}

# A document as a whole hides what is unknown in it.
deny_whole contains "too many properties" if {
	input.type == "aws:s3/bucket:Bucket"
	count(input.properties) > 8
}

# What follows asks for an unknown in the ways that are easy to get wrong.

on_bucket if input.type == "aws:s3/bucket:Bucket"

# A helper decides: true only if the property says so.
default versioned := false

versioned if input.versioning.enabled == true

deny_default contains "not versioned" if {
	on_bucket
	not versioned
}

# A function judges the value it is given.
weak(policy) if policy.version != "2012-10-17"

deny_helper contains "weak policy" if {
	on_bucket
	weak(input.policy)
}

# The branch taken hangs on the value.
tier := "hot" if {
	input.storage.days < 30
} else := "warm" if {
	input.storage.days < 90
} else := "cold"

deny_branch contains "cold storage" if {
	on_bucket
	tier == "cold"
}

# All of a list, and none of a list.
deny_every contains "not every rule is encrypted" if {
	on_bucket
	not every_encrypted
}

every_encrypted if {
	every r in input.rules {
		r.encrypted == true
	}
}

deny_count contains "a rule opens port 22" if {
	on_bucket
	count([r | some r in input.rules; r.port == 22]) > 0
}

# The same property under its other names.
deny_alias contains "public by another name" if {
	on_bucket
	input.properties.acl == "public-read"
	input.props.acl == input.__props.acl
}

# Which property is read is known only at run time.
deny_dynamic contains "watched property is on" if {
	on_bucket
	input[input.watch] == "on"
}

# All properties at once: their names, their number, their values, a copy.
deny_keys contains "is a website" if {
	on_bucket
	"website" in object.keys(input.properties)
}

deny_search contains "a forbidden word" if {
	on_bucket
	walk(input.properties, [_, "forbidden"])
}

deny_equal contains "nothing but a name" if {
	on_bucket
	input.properties == {"bucket": input.bucket, "number": "1"}
}

deny_copy contains "public in a copy" if {
	on_bucket
	copy := json.patch(input.properties, [{"op": "add", "path": "/seen", "value": true}])
	copy.acl == "public-read"
}

# The condition is known, the message is not.
deny_message contains msg if {
	on_bucket
	input.logging == "off"
	msg := sprintf("no logging, owner %s", [input.owner])
}

# Known conditions decide, before or after the unknown one.
deny_guarded contains "public and off" if {
	on_bucket
	input.acl == "public-read"
	input.logging == "off"
}

# Breaks, if it ever comes to that.
deny_late contains "public with a low number" if {
	on_bucket
	input.acl == "public-read"
	to_number(input.number) < 0
}

# Either of two, of which one may be known.
deny_either contains "public" if {
	on_bucket
	input.acl == "public-read"
}

deny_either contains "no logging" if {
	on_bucket
	input.logging == "off"
}

stack_deny contains "never asked" if count(input.resources) >= 0
