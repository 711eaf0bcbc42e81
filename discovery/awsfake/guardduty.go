package awsfake

import (
	"fmt"
	"net/http"
)

// detectorPage is the largest page that GuardDuty gives.
const detectorPage = 50

var guarddutyRoutes = []restRoute{
	{pattern: "GET /detector", operation: "ListDetectors", answer: listDetectors},
	{pattern: "GET /detector/{id}", operation: "GetDetector", answer: getDetector},
}

func detectorID(i int) string { return fmt.Sprintf("d%031d", i) }

// listDetectors may list several, though a region of AWS has one.
func listDetectors(q *request) *fault {
	form := q.r.URL.Query()
	if f := tooMany(number(form.Get("maxResults")), detectorPage, "BadRequestException", "maxResults"); f != nil {
		return f
	}
	from, to, next := q.window(form.Get("nextToken"), number(form.Get("maxResults")), detectorPage, q.pop.more("detector"))
	ids := []string{}
	q.each(from, to, detectorID, func(i int) { ids = append(ids, detectorID(i)) })
	return q.reply(paged(map[string]any{"detectorIds": ids}, "nextToken", next))
}

func getDetector(q *request) *fault {
	id := q.r.PathValue("id")
	i, ok := q.index(id, "d", q.pop.more("detector"))
	if !ok {
		return &fault{status: http.StatusBadRequest, code: "BadRequestException", message: "The request is rejected because the input detectorId is not owned by the current account."}
	}
	on := map[bool]string{true: "ENABLED", false: "DISABLED"}
	frequency := "SIX_HOURS"
	if q.touched(id) {
		frequency = "ONE_HOUR"
	}
	s3 := on[i%2 == 0]
	return q.reply(map[string]any{
		"status": "ENABLED", "findingPublishingFrequency": frequency, "serviceRole": "arn:aws:iam::" + q.pop.AccountID + ":role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
		"features": []any{
			map[string]any{"name": "CLOUD_TRAIL", "status": "ENABLED"},
			map[string]any{"name": "S3_DATA_EVENTS", "status": s3},
			map[string]any{"name": "RUNTIME_MONITORING", "status": "DISABLED", "additionalConfiguration": []any{map[string]any{"name": "EKS_ADDON_MANAGEMENT", "status": "DISABLED"}}},
		},
		"tags": map[string]any{"owner": "team"},
	})
}
