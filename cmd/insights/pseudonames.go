package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

var (
	idPattern   = regexp.MustCompile(`^([a-z]+-)([0-9a-f]{8}|[0-9a-f]{17})$`)
	uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	arnPattern  = regexp.MustCompile(`arn:aws[a-z-]*:([a-z0-9-]*):[a-z0-9-]*:([0-9]{12}|aws|):[^\s"'\\,|]*`)
	wordPattern = regexp.MustCompile(`[^\s"'\\:/,;|(){}\[\]<>]+`)
	// keptPattern are names that AWS gives, or that mean something to policies.
	keptPattern = regexp.MustCompile(`^(?:(?i:default.*|aws|root|global|local|true|false|none|null|all|enabled|disabled|private|public)|AWSServiceRoleFor.*|AWSReservedSSO_.*|[a-z]{2}(?:-[a-z]+)+-[0-9][a-z]?|.{1,2}|[0-9.]+|<.*>|\$.*)$`)
	// distinctive names are no words of a language: they are replaced in any text.
	distinctive = regexp.MustCompile(`^.*[0-9_.-].*$`)
)

// learn notes what a resource is called. An id may be made of several names: the
// last is its own, the others are those of other resources.
func (p *pseudonyms) learn(r schemas.Resource) {
	if p.names == nil {
		return
	}
	kind := strings.ToLower(r.Type[strings.LastIndex(r.Type, ":")+1:])
	for _, text := range []string{r.ID, r.Name} {
		words := wordPattern.FindAllString(text, -1)
		for len(words) > 0 && strings.Trim(words[len(words)-1], "0123456789") == "" {
			words = words[:len(words)-1] // a revision
		}
		if !strings.HasPrefix(text, "arn:") {
			p.name(kind, text)
		}
		if len(words) > 1 && !strings.Contains(text, ":aws:policy/") {
			p.name(kind, words[len(words)-1])
		}
	}
}

func (p *pseudonyms) name(kind, name string) {
	if p.names[name] != "" || keptPattern.MatchString(name) || p.id(name) != "" {
		return
	}
	p.counts[kind]++
	p.names[name] = fmt.Sprintf("%s-%d", kind, p.counts[kind])
}

// id is the pseudonym of what AWS numbers, "" for anything else.
func (p *pseudonyms) id(word string) string {
	if m := idPattern.FindStringSubmatch(word); m != nil {
		return p.give(m[1], word, func(n int) string { return fmt.Sprintf("%s%0*x", m[1], len(m[2]), n) })
	}
	if uuidPattern.MatchString(word) {
		return p.give("uuid", word, func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) })
	}
	return ""
}

// named is a text without names, ids and account ids.
func (p *pseudonyms) named(s string) string {
	if p.names == nil {
		return p.digits(s)
	}
	if whole := p.names[s]; whole != "" {
		return whole
	}
	var out strings.Builder
	at := 0
	for _, m := range arnPattern.FindAllStringIndex(s, -1) {
		out.WriteString(wordPattern.ReplaceAllStringFunc(s[at:m[0]], p.word))
		out.WriteString(p.arn(s[m[0]:m[1]]))
		at = m[1]
	}
	out.WriteString(wordPattern.ReplaceAllStringFunc(s[at:], p.word))
	return out.String()
}

// arn replaces the names in an ARN. Policies of AWS itself are the same in every
// account.
func (p *pseudonyms) arn(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if parts[4] == "aws" {
		return arn
	}
	parts[4] = p.digits(parts[4])
	first := true
	plain := parts[2] == "s3" || parts[2] == "sns" || parts[2] == "sqs" // no kind in front of the name
	several := strings.ContainsAny(parts[5], ":/")
	parts[5] = wordPattern.ReplaceAllStringFunc(parts[5], func(w string) string {
		kind := first && several && !plain
		first = false
		if to := p.names[w]; to != "" && !kind {
			return to
		}
		return p.word(w)
	})
	return strings.Join(parts, ":")
}

// word replaces ids, distinctive names and account ids in a word. A name may be a
// part of a host's: of those that begin at one place the longest counts.
func (p *pseudonyms) word(w string) string {
	parts := strings.Split(w, ".")
	host := strings.Contains(w, ".amazonaws.com") // begins with a name, if with anything
	var out []string
	for i := 0; i < len(parts); {
		to, next := p.digits(parts[i]), i+1
		for j := len(parts); j > i; j-- {
			name := strings.Join(parts[i:j], ".")
			known := p.id(name)
			if known == "" && (distinctive.MatchString(name) || host && i == 0) {
				known = p.names[name]
			}
			if known != "" {
				to, next = known, j
				break
			}
		}
		out, i = append(out, to), next
	}
	return strings.Join(out, ".")
}
