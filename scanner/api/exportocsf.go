package api

import (
	"context"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ocsfVersion is the version of the schema that findings are written in.
const ocsfVersion = "1.8.0"

// findings writes violations as Compliance Findings: a policy that fails on a
// resource is a finding of status Fail: new while it is open, in progress when
// somebody works on it, suppressed when a waiver covers it; an update when it came
// back. One that was fixed is resolved, with status Pass where the resource or the policy came to pass, and
// Other where nobody knows: gone, out of scope, the pack withdrawn.
type findings struct {
	lines
	service Service
	version string
	packs   map[schemas.PackRef]map[string]schemas.Policy // by name and version
}

func (f *findings) row(ctx context.Context, v any) error {
	x := v.(*schemas.Violation)
	p, err := f.policy(ctx, x)
	if err != nil {
		return err
	}
	return f.Encode(f.finding(x, p))
}

// policy is what the violation's pack says of its policy; nothing of a local pack
// or one that is not there any more.
func (f *findings) policy(ctx context.Context, v *schemas.Violation) (schemas.Policy, error) {
	ref := schemas.PackRef{Name: v.Pack, Version: v.PackVersion}
	if f.packs[ref] == nil {
		f.packs[ref] = map[string]schemas.Policy{}
		m := schemas.PackManifest{}
		if !v.Local {
			var err error
			if m, err = f.service.GetPack(ctx, v.Pack, v.PackVersion); err != nil && schemas.CodeOf(err) != schemas.CodeNotFound {
				return schemas.Policy{}, err
			}
		}
		for _, p := range m.Policies {
			f.packs[ref][p.Name] = p
		}
	}
	return f.packs[ref][v.Policy], nil
}

// Values of the schema's enumerations: schema.ocsf.io, class compliance_finding.
const (
	ocsfFindings   = 2
	ocsfCompliance = 2003
	ocsfCreate     = 1
	ocsfUpdate     = 2
	ocsfClose      = 3
	ocsfNew        = 1
	ocsfInProgress = 2
	ocsfSuppressed = 3
	ocsfResolved   = 4
	ocsfPass       = 1
	ocsfFail       = 3
	ocsfOther      = 99
	ocsfAWSAccount = 10
)

// ocsfSeverities are severity ids and names, by Severity.Rank.
var ocsfSeverities = []struct {
	id   int
	name string
}{{0, "Unknown"}, {2, "Low"}, {3, "Medium"}, {4, "High"}, {5, "Critical"}}

func (f *findings) finding(v *schemas.Violation, p schemas.Policy) object {
	activity, activityName, status, statusName, at := ocsfCreate, "Create", ocsfNew, "New", v.LastSeen
	if v.Reopened > 0 {
		activity, activityName = ocsfUpdate, "Update"
	}
	switch {
	case v.Waiver != "":
		status, statusName = ocsfSuppressed, "Suppressed"
	case v.Triage != nil && v.Triage.Status == schemas.TriageInProgress:
		status, statusName = ocsfInProgress, "In Progress"
	}
	if v.State == schemas.ViolationFixed {
		activity, activityName, status, statusName, at = ocsfClose, "Close", ocsfResolved, "Resolved", v.FixedAt
	}
	severity := ocsfSeverities[v.Severity.Rank()]
	cloud := object{"provider": "AWS", "region": v.Region, "account": object{"uid": string(v.AccountID), "name": v.Account, "type": "AWS Account", "type_id": ocsfAWSAccount}}
	resource := object{"uid": v.ID, "type": v.Type, "region": v.Region, "data": object{"urn": v.URN}}
	if v.Name != "" {
		resource["name"] = v.Name
	}
	if v.AccountID.Valid() {
		cloud["account"].(object)["uid"] = v.AccountID.AWSAccount()
		cloud["cloud_partition"], resource["cloud_partition"] = v.AccountID.Partition(), v.AccountID.Partition()
	}
	info := object{
		"uid": v.Finding, "title": title(v, p), "types": []any{v.Policy},
		"first_seen_time": v.FirstSeen.UnixMilli(), "last_seen_time": v.LastSeen.UnixMilli(), "created_time": v.OpenedAt.UnixMilli(),
	}
	if p.Description != "" {
		info["desc"] = p.Description
	}
	out := object{
		"category_uid": ocsfFindings, "category_name": "Findings", "class_uid": ocsfCompliance, "class_name": "Compliance Finding",
		"activity_id": activity, "activity_name": activityName, "type_uid": ocsfCompliance*100 + activity, "type_name": "Compliance Finding: " + activityName,
		"status_id": status, "status": statusName, "severity_id": severity.id, "severity": severity.name, "time": at.UnixMilli(),
		"message": strings.Join(v.Messages, "\n"), "compliance": compliance(v, p), "finding_info": info, "cloud": cloud, "resources": []any{resource},
		"metadata": object{"version": ocsfVersion, "profiles": []any{"cloud"}, "product": object{"name": "insights-scanner", "vendor_name": "insights-scanner", "version": f.version}},
		"unmapped": object{"pack": v.Pack, "pack_version": v.PackVersion, "policy": v.Policy, "level": v.Level, "policy_group": v.Group, "reopened": v.Reopened, "local": v.Local},
	}
	if v.Waiver != "" {
		unmapped := out["unmapped"].(object)
		unmapped["waiver"], unmapped["waived_until"] = v.Waiver, v.WaivedUntil.UTC().Format(time.RFC3339)
	}
	if p.RemediationSteps != "" {
		out["remediation"] = object{"desc": p.RemediationSteps}
		if p.URL != "" {
			out["remediation"].(object)["references"] = []any{p.URL}
		}
	}
	return out
}

func title(v *schemas.Violation, p schemas.Policy) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return v.Policy
}

func compliance(v *schemas.Violation, p schemas.Policy) object {
	out := object{"control": v.Policy, "status_id": ocsfFail, "status": "Fail"}
	switch {
	case v.State != schemas.ViolationFixed:
	case v.FixCause == schemas.FixResourceChanged, v.FixCause == schemas.FixPolicyChanged:
		out["status_id"], out["status"], out["status_code"] = ocsfPass, "Pass", string(v.FixCause)
	default:
		out["status_id"], out["status"], out["status_code"] = ocsfOther, "Other", string(v.FixCause)
	}
	if len(v.Messages) > 0 {
		out["status_details"] = v.Messages
	}
	standards, requirements := []any{}, []any{}
	for _, c := range p.Controls {
		standard := strings.TrimSpace(c.Framework + " " + c.Version)
		standards, requirements = append(standards, standard), append(requirements, standard+" "+c.ID)
	}
	if len(standards) > 0 {
		out["standards"], out["requirements"] = standards, requirements
	}
	return out
}
