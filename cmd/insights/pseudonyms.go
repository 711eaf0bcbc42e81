package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// pseudonyms takes out of documents who they are about: account ids, e-mail and
// public addresses, and names and ids of resources. The same always becomes the
// same, so that what refers to each other still does.
type pseudonyms struct {
	accounts []string          // that are known, whatever stands around them
	names    map[string]string // of resources; nil keeps them
	given    map[string]string // everything else that was replaced
	counts   map[string]int    // by kind
}

func newPseudonyms(accounts []schemas.Account, keepNames bool) *pseudonyms {
	p := &pseudonyms{given: map[string]string{}, counts: map[string]int{}}
	for _, acc := range accounts {
		p.accounts = append(p.accounts, acc.ID.AWSAccount())
	}
	if !keepNames {
		p.names = map[string]string{}
	}
	return p
}

// give is the pseudonym of a text; text makes it of a number.
func (p *pseudonyms) give(kind, of string, text func(n int) string) string {
	if known, ok := p.given[of]; ok {
		return known
	}
	p.counts[kind]++
	p.given[of] = text(p.counts[kind])
	return p.given[of]
}

// value is a document without them; key is the property that it belongs to.
func (p *pseudonyms) value(v any, key string) any {
	switch v := v.(type) {
	case string:
		return p.text(v, key)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = p.value(e, key)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) { // numbers are given in this order
			name := p.digits(k)
			if strings.ContainsAny(k, ":/@.") { // no property's name
				name = p.text(k, "")
			}
			out[name] = p.value(v[k], k)
		}
		return out
	case float64:
		if text := strconv.FormatFloat(v, 'f', -1, 64); slices.Contains(p.accounts, text) {
			return json.Number(p.account(text))
		}
	}
	return v
}

var (
	mailPattern  = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)
	digitPattern = regexp.MustCompile(`[0-9]{12,}`)
	hostPattern  = regexp.MustCompile(`\bec2-[0-9]{1,3}(?:-[0-9]{1,3}){3}\b`)
	// Whole runs of what addresses are made of: a part of a longer one is none.
	ipv4Pattern = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)+(?:/[0-9]{1,2})?`)
	ipv6Pattern = regexp.MustCompile(`[A-Za-z0-9:._-]*:[A-Za-z0-9:._-]*(?:/[0-9]{1,3})?`)
)

// text is a text without them. A version may look like an address.
func (p *pseudonyms) text(s, key string) string {
	s = mailPattern.ReplaceAllStringFunc(s, func(mail string) string {
		return p.give("mail", mail, func(n int) string { return fmt.Sprintf("user%d@example.com", n) })
	})
	s = p.named(s)
	if strings.Contains(strings.ToLower(key), "version") {
		return s
	}
	s = ipv4Pattern.ReplaceAllStringFunc(ipv6Pattern.ReplaceAllStringFunc(s, p.address), p.address)
	return hostPattern.ReplaceAllStringFunc(s, func(host string) string {
		ip := strings.ReplaceAll(strings.TrimPrefix(host, "ec2-"), "-", ".")
		return "ec2-" + strings.ReplaceAll(p.address(ip), ".", "-")
	})
}

// digits replaces account ids: those that are known wherever they stand, and
// whatever has their twelve digits.
func (p *pseudonyms) digits(s string) string {
	return digitPattern.ReplaceAllStringFunc(s, func(run string) string {
		for _, known := range p.accounts {
			if strings.Contains(run, known) {
				return strings.ReplaceAll(run, known, p.account(known))
			}
		}
		if len(run) == 12 {
			return p.account(run)
		}
		return run
	})
}

func (p *pseudonyms) account(id string) string {
	return p.give("account", id, func(n int) string { return fmt.Sprintf("%012d", 100000000000+n) })
}

// address replaces a public address; of a network, one of its size takes its
// place. What is private or stands for everything stays.
func (p *pseudonyms) address(text string) string {
	host, bits, network := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.IsGlobalUnicast() || addr.IsPrivate() || shared.Contains(addr) {
		return text
	}
	to := p.give("address", host, func(n int) string {
		if addr.Is4() {
			return documentation(n)
		}
		return fmt.Sprintf("2001:db8::%x", n)
	})
	if !network {
		return to
	}
	prefix, err := netip.ParsePrefix(to + "/" + bits)
	if err != nil {
		return text
	}
	return prefix.Masked().String()
}

// shared is the address space of providers, which is nobody's.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// documentation is an address that is kept free for examples, or for benchmarks
// when those are used up.
func documentation(n int) string {
	for _, net := range []string{"203.0.113", "198.51.100", "192.0.2"} {
		if n < 255 {
			return fmt.Sprintf("%s.%d", net, n)
		}
		n -= 254
	}
	return fmt.Sprintf("198.18.%d.%d", n/256%256, n%256)
}
