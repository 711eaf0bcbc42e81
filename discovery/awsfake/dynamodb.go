package awsfake

import (
	"fmt"
	"strings"
)

var dynamodbOperations = map[string]jsonOperation{"ListTables": listTables, "DescribeTable": describeTable, "DescribeContinuousBackups": continuousBackups, "DescribeTimeToLive": timeToLive}

func tableName(i int) string { return fmt.Sprintf("table-%06d", i) }

func (q *request) tableARN(name string) string {
	return "arn:aws:dynamodb:" + q.region + ":" + q.pop.AccountID + ":table/" + name
}

// listTables goes on behind a name, the last one of the page before.
func listTables(q *request, in input) (any, *fault) {
	if in.number("Limit") > 100 {
		return nil, &fault{status: 400, code: "ValidationException", message: "Limit must be at most 100"}
	}
	token := ""
	if start := in.text("ExclusiveStartTableName"); start != "" {
		token = fmt.Sprint(number(strings.TrimPrefix(start, "table-")) + 1)
	}
	from, to, next := q.window(token, in.number("Limit"), 100, q.pop.more("table"))
	names := []string{}
	q.each(from, to, tableName, func(i int) { names = append(names, tableName(i)) })
	answer := map[string]any{"TableNames": names}
	if next != "" {
		answer["LastEvaluatedTableName"] = tableName(to - 1)
	}
	return answer, nil
}

// table is the table that a request names.
func (q *request) table(in input, code string) (i int, name string, f *fault) {
	name = in.text("TableName")
	i = number(strings.TrimPrefix(name, "table-"))
	if tableName(i) != name || i >= q.pop.more("table") || q.gone(name) {
		return 0, name, &fault{status: 400, code: code, message: "Requested resource not found: Table: " + name + " not found"}
	}
	return i, name, nil
}

func describeTable(q *request, in input) (any, *fault) {
	i, name, f := q.table(in, "ResourceNotFoundException")
	if f != nil {
		return nil, f
	}
	table := map[string]any{
		"TableName": name, "TableArn": q.tableARN(name), "TableStatus": "ACTIVE",
		"AttributeDefinitions":  []any{map[string]any{"AttributeName": "id", "AttributeType": "S"}},
		"KeySchema":             []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}},
		"BillingModeSummary":    map[string]any{"BillingMode": "PAY_PER_REQUEST"},
		"ProvisionedThroughput": map[string]any{"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
		// Changed tables have their protection turned over.
		"DeletionProtectionEnabled": (i%2 == 0) != q.touched(name),
	}
	if i%2 == 0 {
		table["Replicas"] = q.replicas()
	}
	return map[string]any{"Table": table}, nil
}

// replicas are in every region, the own one too.
func (q *request) replicas() []any {
	list := make([]any, len(q.pop.Regions))
	for i, r := range q.pop.Regions {
		list[i] = map[string]any{"RegionName": r, "ReplicaStatus": "ACTIVE"}
	}
	return list
}

func continuousBackups(q *request, in input) (any, *fault) {
	i, _, f := q.table(in, "TableNotFoundException")
	if f != nil {
		return nil, f
	}
	recovery := map[string]any{"PointInTimeRecoveryStatus": "DISABLED"}
	if i%2 == 0 {
		recovery = map[string]any{"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}
	}
	return map[string]any{"ContinuousBackupsDescription": map[string]any{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}}, nil
}

func timeToLive(q *request, in input) (any, *fault) {
	i, _, f := q.table(in, "ResourceNotFoundException")
	if f != nil {
		return nil, f
	}
	ttl := map[string]any{"TimeToLiveStatus": "DISABLED"}
	if i%2 == 0 {
		ttl = map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
	}
	return map[string]any{"TimeToLiveDescription": ttl}, nil
}
