package awsfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

var acmOperations = map[string]jsonOperation{"ListCertificates": listCertificates, "DescribeCertificate": certificateDetail}

// certificateARN has the index where ACM has a random number.
func (q *request) certificateARN(i int) string {
	return fmt.Sprintf("arn:aws:acm:%s:%s:certificate/00000000-0000-0000-0000-%012d", q.region, q.pop.AccountID, i)
}

// keyAlgorithm is RSA_2048 of every other certificate. The list leaves out others
// unless they are asked for, as ACM does.
func keyAlgorithm(i int) string {
	if i%2 == 0 {
		return "RSA_2048"
	}
	return "EC_prime256v1"
}

func (q *request) certificate(i int) map[string]any {
	eligible := "ELIGIBLE"
	if q.touched(q.certificateARN(i)) {
		eligible = "INELIGIBLE"
	}
	return map[string]any{
		"CertificateArn": q.certificateARN(i), "DomainName": fmt.Sprintf("app-%06d.example.com", i), "Status": "ISSUED", "Type": "AMAZON_ISSUED",
		"KeyAlgorithm": keyAlgorithm(i), "NotBefore": 1735689600, "NotAfter": 1767225600, "RenewalEligibility": eligible,
	}
}

func listCertificates(q *request, in input) (any, *fault) {
	size := in.number("MaxItems")
	if size > 1000 {
		return nil, &fault{status: http.StatusBadRequest, code: "ValidationException", message: "MaxItems is over 1000"}
	}
	asked := map[string]bool{}
	if includes, ok := in["Includes"].(map[string]any); ok {
		for _, t := range input(includes).list("keyTypes") {
			asked[t] = true
		}
	}
	from, to, next := q.window(in.text("NextToken"), size, 1000, q.pop.more("certificate"))
	list := []any{}
	for i := from; i < to; i++ {
		if q.gone(q.certificateARN(i)) || len(asked) == 0 && i%2 != 0 || len(asked) > 0 && !asked[keyAlgorithm(i)] {
			continue
		}
		c := q.certificate(i)
		c["SubjectAlternativeNameSummaries"], c["HasAdditionalSubjectAlternativeNames"] = []any{c["DomainName"]}, false
		list = append(list, c)
	}
	return paged(map[string]any{"CertificateSummaryList": list}, "NextToken", next), nil
}

// certificateDetail writes RSA-2048 where the list has RSA_2048, as ACM does.
func certificateDetail(q *request, in input) (any, *fault) {
	arn := in.text("CertificateArn")
	i, err := strconv.Atoi(arn[strings.LastIndexByte(arn, '-')+1:])
	if err != nil || i >= q.pop.more("certificate") || q.certificateARN(i) != arn || q.gone(arn) {
		return nil, &fault{status: http.StatusBadRequest, code: "ResourceNotFoundException", message: "Could not find certificate " + arn + "."}
	}
	c := q.certificate(i)
	c["KeyAlgorithm"] = strings.Replace(keyAlgorithm(i), "RSA_", "RSA-", 1)
	c["SubjectAlternativeNames"] = []any{c["DomainName"]}
	c["Options"] = map[string]any{"CertificateTransparencyLoggingPreference": "ENABLED"}
	c["DomainValidationOptions"] = []any{map[string]any{
		"DomainName": c["DomainName"], "ValidationDomain": c["DomainName"], "ValidationStatus": "SUCCESS", "ValidationMethod": "DNS",
		"ResourceRecord": map[string]any{"Name": "_x." + c["DomainName"].(string) + ".", "Type": "CNAME", "Value": "_y.acm-validations.aws."},
	}}
	return map[string]any{"Certificate": c}, nil
}
