package aws_foundations

import rego.v1

# Policy documents, as IAM and S3 give them: JSON text.

# statements are those of a document, which may have a single one without a list.
statements(text) := listed(json.unmarshal(text).Statement)

# anyone is true of a principal that is anybody, of this account or not.
anyone(principal) if principal == "*"

anyone(principal) if "*" in listed(principal.AWS)

# opens is true of a statement that allows something to anyone. A principal that
# is only excepted leaves everybody else.
opens(statement) if {
	statement.Effect == "Allow"
	anyone(statement.Principal)
	not narrowed(statement)
}

opens(statement) if {
	statement.Effect == "Allow"
	statement.NotPrincipal
	not narrowed(statement)
}

# Condition keys that say who asks or from where, in lower case as AWS ignores it.
origins := {
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner",
	"aws:sourcevpc", "aws:sourcevpce", "aws:userid", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
	"kms:calleraccount",
}

# Operators that a request must satisfy. Those with IfExists or ForAllValues let
# a request pass that lacks the key, and the negated ones leave all others.
requiring := {"arnequals", "arnlike", "ipaddress", "stringequals", "stringequalsignorecase", "stringlike"}

# narrowed is true of a statement whose conditions fix the origin of requests.
narrowed(statement) if {
	some operator, keys in statement.Condition
	trim_prefix(lower(operator), "foranyvalue:") in requiring
	some key, values in keys
	lower(key) in origins
	every value in listed(values) {
		not boundless(value)
		not of_any_account(lower(key), value)
	}
}

boundless(value) if trim(value, "*?") == ""

boundless(value) if endswith(value, "/0")

# An ARN that fixes at most partition, service and region.
boundless(value) if {
	parts := split(value, ":")
	parts[0] == "arn"
	every part in array.slice(parts, 4, count(parts)) { trim(part, "*?/") == "" }
}

# Names of roles and users are only worth something together with their account.
of_any_account("aws:principalarn", value) if trim(split(value, ":")[4], "*?") == ""

# administers is true of a statement that allows everything on everything.
administers(statement) if {
	statement.Effect == "Allow"
	some action in listed(statement.Action)
	trim(action, "*:") == ""
	some resource in listed(statement.Resource)
	trim(resource, "*") == ""
}

# named is how messages call a document's n-th statement.
named(_, statement) := sprintf("statement %q", [statement.Sid]) if statement.Sid != ""

named(n, statement) := sprintf("statement %d", [n + 1]) if object.get(statement, "Sid", "") == ""

# actions is how messages list what a statement is about.
actions(statement) := concat(", ", listed(statement.Action))

actions(statement) := sprintf("everything but %s", [concat(", ", listed(statement.NotAction))]) if statement.NotAction
