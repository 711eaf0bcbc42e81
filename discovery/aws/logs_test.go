package aws

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	fullLogGroup = `{"logGroups":[{"logGroupName":"/aws/lambda/f","arn":"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",` +
		`"logGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f","retentionInDays":30,"kmsKeyId":"arn:aws:kms:k",` +
		`"logGroupClass":"INFREQUENT_ACCESS","deletionProtectionEnabled":true},` +
		// As it was answered before logGroupArn came.
		`{"logGroupName":"old","arn":"arn:aws:logs:us-east-1:123456789012:log-group:old:*"}]}`
	fullMetricFilter = `{"metricFilters":[{"filterName":"root","logGroupName":"trail","filterPattern":"","applyOnTransformedLogs":true,"metricTransformations":[` +
		`{"metricName":"root","metricNamespace":"Audit","metricValue":"$.size","defaultValue":0.5,"unit":"Bytes","dimensions":{"ip":"$.sourceIPAddress"}}]}]}`
)

func logGroupsAndFilters(groups, filters int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"logGroup": groups, "logMetricFilter": filters}})
}

func TestGoldenLogGroups(t *testing.T) {
	t.Parallel()
	golden(t, "logs", logGroupsAndFilters(2, 1).read(t, logsService, home).sorted())
	golden(t, "logs-full", newAccount(awsfake.Population{}).says("logs:DescribeLogGroups", fullLogGroup).says("logs:DescribeMetricFilters", fullMetricFilter).read(t, logsService, home).sorted())
	golden(t, "logs-tags-denied", logGroupsAndFilters(1, 0).fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, logsService, home).sorted())
	golden(t, "logs-tags-failed", logGroupsAndFilters(1, 0).fails("tagging:GetResources", http.StatusInternalServerError, jsonError("InternalServiceException")).read(t, logsService, home).sorted())
	golden(t, "logs-silent", newAccount(awsfake.Population{}).says("logs:DescribeLogGroups", `{"logGroups":[{"logGroupName":"g"}]}`).
		says("logs:DescribeMetricFilters", `{"metricFilters":[{"filterName":"f","logGroupName":"g"}]}`).read(t, logsService, home).sorted())
}

// A filter is known by its group and its name.
func TestMetricFilterWithoutAGroup(t *testing.T) {
	t.Parallel()
	s := newAccount(awsfake.Population{}).says("logs:DescribeMetricFilters", `{"metricFilters":[{"filterName":"f"}]}`).read(t, logsService, home)
	if e := s.scopes[typeLogMetricFilter]; e.State != schemas.ScopeFailed || s.count(typeLogMetricFilter) != 0 {
		t.Errorf("%+v", e)
	}
}

func TestVerifyLogGroupsAndFilters(t *testing.T) {
	t.Parallel()
	key := func(token, id string) schemas.Key { return schemas.Key{Region: home, Type: token, ID: id} }
	for _, c := range []struct {
		there, gone schemas.Key
		removed     string
		operation   string
	}{
		{key(typeLogGroup, "log-group-000000"), key(typeLogGroup, "log-group-000001"), "log-group-000001", "logs:DescribeLogGroups"},
		{key(typeLogMetricFilter, "log-group-000000:filter-000000"), key(typeLogMetricFilter, "log-group-000000:filter-000001"), "filter-000001", "logs:DescribeMetricFilters"},
		{key(typeLogMetricFilter, "log-group-000000:filter-000000"), key(typeLogMetricFilter, "log-group-000001:filter-000001"), "", "logs:DescribeMetricFilters"}, // its group is gone
	} {
		a := logGroupsAndFilters(2, 2)
		want, _ := a.read(t, logsService, home).one(c.there.Type, c.there.ID)
		a.fake.SetFaults(awsfake.Faults{Removed: []string{c.removed}})
		emitted, gone, err := a.verify(t, logsService, c.there, c.gone)
		if err != nil || len(emitted) != 1 || !reflect.DeepEqual(emitted[0], want) || !slices.Equal(gone, []schemas.Key{c.gone}) {
			t.Errorf("%s: emitted %v, gone %v, %v; listed %v", c.there.Type, emitted, gone, err, want)
		}
		a.fails(c.operation, http.StatusBadRequest, jsonError("AccessDeniedException"))
		if emitted, gone, err := a.verify(t, logsService, c.there, c.gone); err == nil || len(emitted)+len(gone) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", c.there.Type, emitted, gone, err)
		}
	}
	// A group whose name only begins like the one that is asked for is another one.
	a := newAccount(awsfake.Population{}).says("logs:DescribeLogGroups", `{"logGroups":[{"logGroupName":"app-2"}]}`).
		says("logs:DescribeMetricFilters", `{"metricFilters":[{"filterName":"f-2","logGroupName":"app"}]}`)
	for _, k := range []schemas.Key{key(typeLogGroup, "app"), key(typeLogMetricFilter, "app:f")} {
		if emitted, gone, err := a.verify(t, logsService, k); err != nil || len(emitted) != 0 || len(gone) != 1 {
			t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
		}
	}
	if n := a.count("tagging:GetResources"); n != 0 {
		t.Errorf("asked %d times for the tags of others", n)
	}
}
