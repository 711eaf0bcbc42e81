package policy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Organizer lists the organization that an account's credentials may list.
type Organizer interface {
	Organization(ctx context.Context, a schemas.Account) ([]schemas.OrganizationAccount, error)
	// OrganizationalUnits lists all organizational units, also those without accounts.
	OrganizationalUnits(ctx context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error)
}

// Sync looks at the organization of an account, named by name or id: accounts that
// it has are registered, brought up to date, or marked as left. Nothing changes
// when the organization cannot be listed whole. Errors: CodeNotFound, CodeInvalid
// for an account without an organization, and what the organizer says.
func (s *Accounts) Sync(ctx context.Context, nameOrID string) (schemas.OrganizationChanges, error) {
	by, err := s.Get(ctx, nameOrID)
	if err != nil {
		return schemas.OrganizationChanges{}, err
	}
	out := schemas.OrganizationChanges{Account: by.Name, Joined: []string{}, Left: []string{}, Changed: []string{}, Others: []string{}}
	if by.Organization == nil {
		return out, schemas.Errorf(schemas.CodeInvalid, "account %s lists no organization", by.Name).
			WithHint("insights account update %s --organization --member-role ROLE", by.Name)
	}
	listed, err := s.d.Organizer.Organization(ctx, by)
	if err != nil {
		if ctx.Err() == nil { // without its text, which may differ with every request
			s.noteProblems(ctx, by.ID, []string{fmt.Sprintf("the organization cannot be listed (%s); see why: insights account sync %s", schemas.CodeOf(err), by.Name)})
		}
		return out, err
	}
	registered, err := s.List(ctx)
	if err != nil {
		return out, err
	}
	y := &organizationSync{s: s, by: by, out: &out, held: map[schemas.AccountID]schemas.Account{}, names: map[string]bool{}}
	for _, a := range registered {
		y.held[a.ID], y.names[a.Name] = a, true
	}
	listed = eachOnce(listed)
	y.emptyUnits(listed)
	y.members = make(map[schemas.AccountID]bool, len(listed))
	for _, m := range listed {
		y.members[m.ID] = true
		if err := y.member(ctx, m); err != nil {
			return out, err
		}
	}
	if err := y.left(ctx); err != nil {
		return out, err
	}
	s.noteProblems(ctx, by.ID, out.Problems)
	return out, nil
}

// noteProblems keeps what a look could not do where people see it. That they are not
// kept does not undo the look.
func (s *Accounts) noteProblems(ctx context.Context, by schemas.AccountID, problems []string) {
	_, _ = s.put(ctx, by, func(old schemas.Account) schemas.Account {
		if old.Organization != nil {
			old.OrganizationProblems = problems
		}
		return old
	})
}

// eachOnce are the accounts in the order of their ids. One that is moved while they
// are listed may be found in both places.
func eachOnce(listed []schemas.OrganizationAccount) []schemas.OrganizationAccount {
	slices.SortStableFunc(listed, func(a, b schemas.OrganizationAccount) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return slices.CompactFunc(listed, func(a, b schemas.OrganizationAccount) bool { return a.ID == b.ID })
}

type organizationSync struct {
	s       *Accounts
	by      schemas.Account
	held    map[schemas.AccountID]schemas.Account
	names   map[string]bool
	members map[schemas.AccountID]bool
	out     *schemas.OrganizationChanges
}

// member settles one account of the organization.
func (y *organizationSync) member(ctx context.Context, m schemas.OrganizationAccount) error {
	if m.ID == y.by.ID {
		return nil
	}
	old, known := y.held[m.ID]
	why := y.leftOut(m)
	switch {
	case !known && why != "":
		return nil
	case !known:
		return y.join(ctx, m)
	case old.Found == nil || old.Found.By != y.by.ID:
		y.out.Others = append(y.out.Others, old.Name)
		return nil
	case why != "":
		return y.leave(ctx, old, why)
	}
	y.out.Total++
	now := y.account(m, old)
	if contentOf(now) == contentOf(old) {
		return nil
	}
	y.out.Changed = append(y.out.Changed, old.Name)
	return y.write(ctx, old.ID, func(old schemas.Account) schemas.Account { return y.account(m, old) })
}

// write changes a member as it is by now: listing takes minutes, in which people may
// have changed, removed or taken it.
func (y *organizationSync) write(ctx context.Context, id schemas.AccountID, change func(old schemas.Account) schemas.Account) error {
	a, err := y.s.put(ctx, id, func(old schemas.Account) schemas.Account {
		if old.Found == nil || old.Found.By != y.by.ID {
			return old
		}
		return change(old)
	})
	if is(err, schemas.CodeNotFound) {
		return nil
	}
	if err == nil && y.s.d.Synced != nil {
		y.s.d.Synced(ctx, a)
	}
	return err
}

// inUnit tells whether a member is in an organizational unit, by id or path, or below.
func inUnit(m schemas.OrganizationAccount, ou string) bool {
	path := strings.Trim(ou, "/")
	return slices.Contains(m.OUIDs, ou) || m.OU == path || strings.HasPrefix(m.OU, path+"/")
}

// emptyUnits tells of units that have no account: their names may be mistyped.
func (y *organizationSync) emptyUnits(listed []schemas.OrganizationAccount) {
	for _, ou := range y.by.Organization.OUs {
		if !slices.ContainsFunc(listed, func(m schemas.OrganizationAccount) bool { return inUnit(m, ou) }) {
			y.out.Problems = append(y.out.Problems, "no account is in the organizational unit "+ou)
		}
	}
}

// leftOut is why an account is not to be scanned, "" for those that are.
func (y *organizationSync) leftOut(m schemas.OrganizationAccount) string {
	o := y.by.Organization
	switch {
	case !m.Active:
		return "it is suspended or closed"
	case slices.Contains(o.Exclude, m.ID.AWSAccount()):
		return "it is excluded"
	case len(o.OUs) > 0 && !slices.ContainsFunc(o.OUs, func(ou string) bool { return inUnit(m, ou) }):
		return "it is in none of the organizational units"
	}
	for k, v := range o.Tags {
		if has, ok := m.Tags[k]; !ok || has != v {
			return "it lacks the tag " + k + "=" + v
		}
	}
	return ""
}

func (y *organizationSync) join(ctx context.Context, m schemas.OrganizationAccount) error {
	a := y.account(m, schemas.Account{Provider: y.by.Provider})
	a.Name = y.name(m)
	if err := y.s.check(a); err != nil {
		y.out.Problems = append(y.out.Problems, fmt.Sprintf("%s: %v", m.ID, err))
		return nil
	}
	a.CreatedAt = y.s.d.Now().UTC().Truncate(time.Millisecond)
	rev, err := y.s.d.Accounts.Create(ctx, string(a.ID), a)
	if is(err, schemas.CodeConflict) {
		return nil // added by somebody at this moment
	}
	if err == nil {
		err = y.s.keepName(ctx, a, rev)
	}
	if is(err, schemas.CodeConflict) {
		return nil // the next look gives it another name
	}
	if err != nil {
		return err
	}
	y.names[a.Name] = true
	y.out.Total++
	y.out.Joined = append(y.out.Joined, a.Name)
	if y.s.d.Synced != nil {
		y.s.d.Synced(ctx, a)
	}
	return y.s.d.Resolver.Resolve(ctx, a.ID)
}

// account is a member as it is to be registered: read as the organization says,
// with the name and the labels that people gave it.
func (y *organizationSync) account(m schemas.OrganizationAccount, old schemas.Account) schemas.Account {
	a, o := old, y.by.Organization
	a.ID, a.RoleARN, a.ExternalID = m.ID, o.RoleARN(m.ID.Partition(), m.ID.AWSAccount()), o.ExternalID
	follow(&a, y.by)
	labels := foundLabels(m, y.by.Name)
	a.Labels = maps.Clone(labels)
	for k, v := range old.Labels {
		if old.Found == nil || old.Found.Labels[k] != v {
			a.Labels[k] = v
		}
	}
	a.Found = &schemas.Found{By: y.by.ID, OU: m.OU, Labels: labels}
	return a
}

// follow sets what accounts that are found have from the one that lists them.
func follow(a *schemas.Account, by schemas.Account) {
	a.Regions, a.Services, a.SessionPolicies = by.Regions, by.Services, by.SessionPolicies
	a.Profile, a.Endpoint, a.Schedule, a.Caps, a.MaxShare = by.Profile, by.Endpoint, by.Schedule, by.Caps, by.MaxShare
	a.Tail, a.TailShare, a.AWSConfig = by.Tail, by.TailShare, by.AWSConfig
}

const whyLeft = "it left the organization"

// left marks the accounts that were found and are not listed any more. The
// organization is listed again before: one that was moved to where a look had been
// already is in neither place for it.
func (y *organizationSync) left(ctx context.Context) error {
	var missing []schemas.Account
	for _, id := range slices.Sorted(maps.Keys(y.held)) {
		a := y.held[id]
		if a.Found == nil || a.Found.By != y.by.ID || y.members[id] || a.Found.Left() && a.Found.Why == whyLeft {
			continue
		}
		missing = append(missing, a)
	}
	if len(missing) == 0 {
		return nil
	}
	again, err := y.s.d.Organizer.Organization(ctx, y.by)
	if err != nil {
		return err
	}
	for _, a := range missing {
		if slices.ContainsFunc(again, func(m schemas.OrganizationAccount) bool { return m.ID == a.ID }) {
			continue
		}
		if err := y.leave(ctx, a, whyLeft); err != nil {
			return err
		}
	}
	return nil
}

// leave marks an account: it is not scanned from now on.
func (y *organizationSync) leave(ctx context.Context, a schemas.Account, why string) error {
	if a.Found.Left() && a.Found.Why == why {
		return nil
	}
	if !a.Found.Left() {
		y.out.Left = append(y.out.Left, a.Name)
	}
	err := y.write(ctx, a.ID, func(old schemas.Account) schemas.Account {
		found := *old.Found
		if !found.Left() {
			found.LeftAt = y.s.d.Now().UTC().Truncate(time.Millisecond)
		}
		found.Why = why
		old.Found, old.Schedule = &found, schemas.Schedule{}
		return old
	})
	if err != nil {
		return err
	}
	return y.s.stopScan(ctx, a.ID)
}

// stopScan cancels the scan of an account, if one runs.
func (s *Accounts) stopScan(ctx context.Context, a schemas.AccountID) error {
	scan, err := s.d.Running(ctx, a)
	if err != nil || scan == "" || s.d.Cancel == nil {
		return err
	}
	if err := s.d.Cancel(ctx, scan); err != nil && !is(err, schemas.CodeConflict) {
		return err
	}
	return nil
}

var notInName = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// name is a free one for a member.
func (y *organizationSync) name(m schemas.OrganizationAccount) string {
	ou := m.OU[strings.LastIndexByte(m.OU, '/')+1:]
	name := strings.NewReplacer("{name}", m.Name, "{account}", m.ID.AWSAccount(), "{ou}", ou).
		Replace(cmp.Or(y.by.Organization.Name, "{name}"))
	name = strings.TrimLeft(notInName.ReplaceAllString(name, "-"), "_.-")
	name = strings.TrimRight(name[:min(len(name), 80)], "-")
	if name == "" || schemas.AccountID(name).Valid() {
		return m.ID.AWSAccount()
	}
	if y.names[name] {
		name += "-" + m.ID.AWSAccount()
	}
	return name
}

// Labels of found accounts beside their tags.
const (
	labelOrganization = "insights/organization" // name of the account that lists it
	labelOU           = "insights/ou"           // name of the unit that it is in
	labelOUPath       = "insights/ou-path"      // names from the root, joined by dots
)

var notInLabel = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// labelText is a text as a selector can name it.
func labelText(s string) string {
	s = strings.Trim(notInLabel.ReplaceAllString(s, "-"), "_.-")
	return strings.TrimRight(s[:min(len(s), 63)], "_.-")
}

// foundLabels are the tags of a member and where it is, in the characters that
// selectors take.
func foundLabels(m schemas.OrganizationAccount, by string) map[string]string {
	labels := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(m.Tags)) {
		if key := labelText(k); key != "" {
			labels[key] = labelText(m.Tags[k])
		}
	}
	labels[labelOrganization] = labelText(by)
	if m.OU != "" {
		labels[labelOU] = labelText(m.OU[strings.LastIndexByte(m.OU, '/')+1:])
		labels[labelOUPath] = labelText(strings.ReplaceAll(m.OU, "/", "."))
	}
	return labels
}

// letGo makes accounts that an account found ordinary ones.
func (s *Accounts) letGo(ctx context.Context, by schemas.AccountID) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Found == nil || a.Found.By != by {
			continue
		}
		_, err := s.put(ctx, a.ID, func(old schemas.Account) schemas.Account {
			if old.Found != nil && old.Found.By == by {
				old.Found = nil
			}
			return old
		})
		if err != nil && !is(err, schemas.CodeNotFound) {
			return err
		}
	}
	return nil
}

// checkFollows refuses other settings of an account that was found.
func checkFollows(old, a schemas.Account, by string) error {
	if old.Found == nil {
		return nil
	}
	if a.Organization == nil && !readsOtherwise(old, a) && a.Schedule == old.Schedule && reflect.DeepEqual(a.MaxShare, old.MaxShare) && maps.Equal(a.Caps, old.Caps) {
		return nil
	}
	return schemas.Errorf(schemas.CodeConflict, "account %s is read as the organization of account %s says; only its name and labels can be changed", old.Name, by).
		WithHint("change %s, or exclude it there and register it by itself: insights account update %s --exclude-account %s", by, by, old.ID.AWSAccount())
}
