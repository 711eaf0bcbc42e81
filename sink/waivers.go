package sink

import (
	"maps"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// waived is an expression over rows of violations: the name of the waiver that
// covers an open one, of several the one that ends last, or ”. ids are the
// accounts that are asked about, none for all; with asOf the rows were open at
// the time that is asked about, whatever they are now.
func waived(rec schemas.Record, ids []string, asOf bool) (expression string, args []any) {
	list := slices.Clone(rec.Waivers)
	slices.SortFunc(list, func(a, b schemas.Waiver) int {
		if c := b.ExpiresAt.Compare(a.ExpiresAt); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	parts := []string{"state != 'open', ''"}
	if asOf {
		parts[0] = "0, ''"
	}
	for _, v := range list {
		if !concerns(v, ids) {
			continue
		}
		w := &where{}
		covers(w, v.Selector, rec, ids)
		parts = append(parts, w.String()+", ?")
		args = append(append(args, w.args...), v.Name)
	}
	if len(parts) == 1 {
		return nobody, nil
	}
	return "multiIf(" + strings.Join(parts, ", ") + ", '')", args
}

// nobody is the expression without a waiver.
const nobody = "''"

// concerns tells whether a waiver can cover anything in the accounts.
func concerns(v schemas.Waiver, ids []string) bool {
	return len(ids) == 0 || len(v.Selector.Accounts) == 0 || slices.ContainsFunc(v.Selector.Accounts, func(m schemas.Member) bool {
		return slices.Contains(ids, string(m.Account()))
	})
}

// covers are the conditions of a selector; see schemas.WaiverSelector.
func covers(w *where, s schemas.WaiverSelector, rec schemas.Record, ids []string) {
	if len(s.Accounts) > 0 {
		some := &where{}
		for _, m := range s.Accounts {
			if m.Region() == "" {
				some.add("account_id = ?", string(m.Account()))
			} else {
				some.add("account_id = ? AND region = ?", string(m.Account()), m.Region())
			}
		}
		w.add("("+strings.Join(some.parts, " OR ")+")", some.args...)
	}
	like(w, "pack", s.Packs)
	like(w, "policy", s.Policies)
	like(w, "type", s.Types)
	if len(s.URNs) > 0 {
		urn, args := urnColumn(rec)
		likeAny(w, urn, args, s.URNs)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		tagged := &where{}
		tagged.add("NOT tombstone")
		if len(ids) > 0 {
			tagged.add("account_id IN ?", ids)
		}
		tagged.add("mapContains(tags, ?)", key)
		if v := s.Tags[key]; v != "*" {
			tagged.add("tags[?] = ?", key, v)
		}
		w.add("(account_id, type, region, id) IN (SELECT account_id, type, region, id FROM @db.resources FINAL WHERE "+tagged.String()+")", tagged.args...)
	}
}

// urnColumn is the URN of a row as schemas.Key.URN writes it, with the name that
// the account has now.
func urnColumn(rec schemas.Record) (string, []any) {
	account, args := "account", []any(nil)
	if len(rec.Names) > 0 {
		ids, names := []string{}, []string{}
		for _, id := range slices.Sorted(maps.Keys(rec.Names)) {
			ids, names = append(ids, string(id)), append(names, rec.Names[id])
		}
		account, args = "transform(toString(account_id), ?, ?, toString(account))", []any{ids, names}
	}
	return "concat('urn:insights:', " + account + ", '/', region, '::aws::', type, '::', id)", args
}

func like(w *where, column string, patterns []string) {
	if len(patterns) > 0 {
		likeAny(w, column, nil, patterns)
	}
}

// likeAny holds when a text matches one of the patterns, in which * is any text
// and ? any character.
func likeAny(w *where, text string, args []any, patterns []string) {
	var parts []string
	var all []any
	for _, p := range patterns {
		parts = append(parts, text+" LIKE ?")
		all = append(append(all, args...), likePattern(p))
	}
	w.add("("+strings.Join(parts, " OR ")+")", all...)
}

// likePattern is a pattern as LIKE has it.
func likePattern(p string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%", "?", "_").Replace(p)
}
