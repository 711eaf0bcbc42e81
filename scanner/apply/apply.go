// Package apply keeps accounts, groups, enrolments, waivers and mapping files of
// frameworks as code: it reads files
// that say what there should be ([Parse]), compares them with what there is
// ([Compare]), and brings the difference about ([Plan.Run]). [Export] writes what
// there is as such a file.
//
// A file is YAML or JSON. Its keys are those of the API's JSON:
//
//	accounts:
//	  - name: prod
//	    roleArn: arn:aws:iam::123456789012:role/insights-reader
//	groups:
//	  - name: production
//	    accounts: [prod, dev/eu-west-1]
//	    selector: env=prod
//	    packs:
//	      - pack: aws_foundations
//	        version: latest
package apply

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Service is the part of api.Service that this package uses.
type Service interface {
	ListAccounts(ctx context.Context) ([]schemas.Account, error)
	ListGroups(ctx context.Context) ([]schemas.Group, error)
	ListPacks(ctx context.Context) ([]schemas.PackManifest, error)

	AddAccount(ctx context.Context, a schemas.Account) (schemas.Account, error)
	UpdateAccount(ctx context.Context, account string, a schemas.Account) (schemas.Account, error)
	RemoveAccount(ctx context.Context, account string) error
	CreateGroup(ctx context.Context, name string) (schemas.Group, error)
	DeleteGroup(ctx context.Context, name string) error
	AddGroupAccount(ctx context.Context, group, account string) (schemas.Group, error)
	RemoveGroupAccount(ctx context.Context, group, account string) (schemas.Group, error)
	SelectGroupAccounts(ctx context.Context, group, selector string) (schemas.Group, error)
	EnrolPack(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error)
	WithdrawPack(ctx context.Context, group, pack string) (schemas.Group, error)

	ListWaivers(ctx context.Context, all bool) ([]schemas.Waiver, error)
	AddWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error)
	UpdateWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error)
	RemoveWaiver(ctx context.Context, name string) error
	FrameworkFiles(ctx context.Context) ([]schemas.Framework, error)
	PutFramework(ctx context.Context, f schemas.Framework) (schemas.Framework, error)
	RemoveFramework(ctx context.Context, name string) error
}

// Rules are the checks of who keeps accounts, groups and packs, so that a file
// is refused before anything is written; see package policy. Errors list every
// problem.
type Rules struct {
	Account func(a schemas.Account) error
	Group   func(name string) error
	// Selector checks a label selector and gives its canonical form.
	Selector func(text string) (string, error)
	// Config checks the configuration of a pack and gives its canonical form.
	Config func(m schemas.PackManifest, given map[string]map[string]any) (map[string]map[string]any, error)
	// NewWaiver checks the terms of a waiver that there is not yet.
	NewWaiver func(t schemas.WaiverTerms) error
}

// State is what there is.
type State struct {
	Accounts []schemas.Account
	Groups   []schemas.Group
	Packs    []schemas.PackManifest // every version, newest first per pack

	Waivers    []schemas.Waiver
	Frameworks []schemas.Framework // mapping files
}

// Read reads what there is.
func Read(ctx context.Context, s Service) (State, error) {
	var st State
	var err error
	if st.Accounts, err = s.ListAccounts(ctx); err != nil {
		return st, err
	}
	if st.Groups, err = s.ListGroups(ctx); err != nil {
		return st, err
	}
	if st.Packs, err = s.ListPacks(ctx); err != nil {
		return st, err
	}
	if st.Waivers, err = s.ListWaivers(ctx, false); err != nil {
		return st, err
	}
	st.Frameworks, err = s.FrameworkFiles(ctx)
	return st, err
}
