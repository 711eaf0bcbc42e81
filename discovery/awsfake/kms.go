package awsfake

import (
	"fmt"
	"strconv"
	"strings"
)

var kmsOperations = map[string]jsonOperation{
	"ListKeys": listKeys, "DescribeKey": describeKey, "GetKeyPolicy": keyPolicy, "GetKeyRotationStatus": keyRotation, "ListAliases": listAliases,
}

func keyID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func aliasName(i int) string { return fmt.Sprintf("alias/key-%06d", i) }

func (q *request) keyARN(id string) string {
	return "arn:aws:kms:" + q.region + ":" + q.pop.AccountID + ":key/" + id
}

func listKeys(q *request, in input) (any, *fault) {
	return q.kmsPage(in, 1000, "key", "Keys", func(i int) any {
		if q.gone(keyID(i)) {
			return nil
		}
		return map[string]any{"KeyId": keyID(i), "KeyArn": q.keyARN(keyID(i))}
	})
}

func listAliases(q *request, in input) (any, *fault) {
	return q.kmsPage(in, 100, "alias", "Aliases", func(i int) any {
		if q.gone(aliasName(i)) {
			return nil
		}
		target := i
		if q.touched(aliasName(i)) {
			target++
		}
		return map[string]any{
			"AliasName": aliasName(i), "AliasArn": "arn:aws:kms:" + q.region + ":" + q.pop.AccountID + ":" + aliasName(i), "TargetKeyId": keyID(target),
		}
	})
}

// kmsPage is one page of a list; item gives nil for what is not there.
func (q *request) kmsPage(in input, limit int, kind, field string, item func(i int) any) (any, *fault) {
	if in.number("Limit") > limit {
		return nil, &fault{status: 400, code: "ValidationException", message: fmt.Sprintf("Limit must be at most %d", limit)}
	}
	from, to, next := q.window(in.text("Marker"), in.number("Limit"), limit, q.pop.more(kind))
	list := []any{}
	for i := from; i < to; i++ {
		if v := item(i); v != nil {
			list = append(list, v)
		}
	}
	return paged(map[string]any{field: list, "Truncated": next != ""}, "NextMarker", next), nil
}

// key is the key that a request names.
func (q *request) key(in input) (i int, id string, f *fault) {
	id = in.text("KeyId")
	i, err := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
	if err != nil || keyID(i) != id || i >= q.pop.more("key") || q.gone(id) {
		return 0, id, &fault{status: 400, code: "NotFoundException", message: "Key '" + q.keyARN(id) + "' does not exist"}
	}
	return i, id, nil
}

func describeKey(q *request, in input) (any, *fault) {
	_, id, f := q.key(in)
	if f != nil {
		return nil, f
	}
	return map[string]any{"KeyMetadata": map[string]any{
		"AWSAccountId": q.pop.AccountID, "KeyId": id, "Arn": q.keyARN(id), "Description": "data", "Enabled": true, "KeyState": "Enabled",
		"KeyManager": "CUSTOMER", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
		"Origin": "AWS_KMS", "MultiRegion": false,
	}}, nil
}

func keyPolicy(q *request, in input) (any, *fault) {
	if _, _, f := q.key(in); f != nil {
		return nil, f
	}
	root := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, q.pop.AccountID)
	return map[string]any{"Policy": root, "PolicyName": "default"}, nil
}

func keyRotation(q *request, in input) (any, *fault) {
	i, id, f := q.key(in)
	if f != nil {
		return nil, f
	}
	answer := map[string]any{"KeyId": id, "KeyRotationEnabled": i%2 == 0}
	if i%2 == 0 {
		answer["RotationPeriodInDays"] = 365
	}
	if q.touched(id) {
		answer["RotationPeriodInDays"] = 90
	}
	return answer, nil
}
