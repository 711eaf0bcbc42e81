package awsfake

import (
	"fmt"
	"strings"
)

var sfnOperations = map[string]jsonOperation{"ListStateMachines": listStateMachines, "DescribeStateMachine": describeStateMachine}

func stateMachineName(i int) string { return fmt.Sprintf("machine-%06d", i) }

func (q *request) stateMachineARN(name string) string {
	return "arn:aws:states:" + q.region + ":" + q.pop.AccountID + ":stateMachine:" + name
}

func listStateMachines(q *request, in input) (any, *fault) {
	list := []any{}
	from, to, next := q.window(in.text("nextToken"), in.number("maxResults"), 1000, q.pop.more("stateMachine"))
	q.each(from, to, stateMachineName, func(i int) {
		list = append(list, map[string]any{"stateMachineArn": q.stateMachineARN(stateMachineName(i)), "name": stateMachineName(i), "type": "STANDARD", "creationDate": 1735689600})
	})
	return paged(map[string]any{"stateMachines": list}, "nextToken", next), nil
}

// Every second state machine logs and is traced.
func describeStateMachine(q *request, in input) (any, *fault) {
	arn := in.text("stateMachineArn")
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	i, ok := q.index(name, "machine-", q.pop.more("stateMachine"))
	if !ok {
		return nil, &fault{status: 400, code: "StateMachineDoesNotExist", message: "State Machine Does Not Exist: '" + arn + "'"}
	}
	definition := `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`
	if q.touched(name) {
		definition = `{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}`
	}
	return map[string]any{
		"stateMachineArn": arn, "name": name, "type": "STANDARD", "status": "ACTIVE", "creationDate": 1735689600, "definition": definition,
		"roleArn":              "arn:aws:iam::" + q.pop.AccountID + ":role/machine",
		"loggingConfiguration": map[string]any{"level": []string{"ALL", "OFF"}[i%2], "includeExecutionData": i%2 == 0},
		"tracingConfiguration": map[string]any{"enabled": i%2 == 0},
	}, nil
}
