package apply

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// exported is what there is in the form of a file. Lists are there also when
// they are empty: applied with prune, they empty those of another installation.
type exported struct {
	Accounts []exportedAccount `json:"accounts"`
	Groups   []exportedGroup   `json:"groups"`
}

type exportedAccount struct {
	schemas.Account
	CreatedAt *time.Time `json:"createdAt,omitempty"` // hides the account's
}

type exportedGroup struct {
	Name     string              `json:"name"`
	Accounts *[]string           `json:"accounts,omitempty"` // none for the default group
	Selector *string             `json:"selector,omitempty"` // as accounts
	Packs    []exportedEnrolment `json:"packs"`
}

type exportedEnrolment struct {
	Pack    string                    `json:"pack"`
	Version string                    `json:"version"`
	Config  map[string]map[string]any `json:"config,omitempty"`
}

// Export is a file, in JSON, that says what there is. Parse reads it, and
// comparing it with what there is gives no changes.
func Export(st State) ([]byte, error) {
	out := exported{Accounts: []exportedAccount{}, Groups: []exportedGroup{}}
	names := map[schemas.AccountID]string{}
	for _, a := range st.Accounts {
		names[a.ID] = a.Name
		if a.Found != nil {
			continue // its organization makes it known again
		}
		out.Accounts = append(out.Accounts, exportedAccount{Account: a})
	}
	for _, g := range st.Groups {
		e := exportedGroup{Name: g.Name, Packs: []exportedEnrolment{}}
		if g.Name != schemas.DefaultAccountsGroup {
			members := []string{}
			for _, m := range g.Accounts {
				if name, ok := names[m.Account()]; ok { // else its account was removed at this moment
					members = append(members, string(schemas.NewMember(schemas.AccountID(name), m.Region())))
				}
			}
			e.Accounts, e.Selector = &members, &g.Selector
		}
		for _, p := range g.Packs {
			e.Packs = append(e.Packs, exportedEnrolment{p.Pack, p.Version, p.Config})
		}
		out.Groups = append(out.Groups, e)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "write what there is: %w", err)
	}
	return b.Bytes(), nil
}
