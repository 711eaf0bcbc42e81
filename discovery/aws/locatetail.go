package aws

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// guess is what an ARN may name: a type with an identifier.
type guess struct{ name, id string }

// guesses are the types of the long tail whose ARNs are like one, by what service-spec says
// that they are like, with what may identify the resource.
func guesses(a arn.ARN) (list []guess) {
	for _, name := range tailTypes() {
		typ := cfn.Lookup(name)
		service, pattern, _ := strings.Cut(typ.ARN, ":")
		parts, fits := wildcards(pattern, a.Resource)
		if typ.ARN == "" || service != a.Service || !fits {
			continue
		}
		if id := identified(typ, a, parts); id != "" {
			list = append(list, guess{name, id})
		}
		if whole := (guess{name, a.String()}); len(typ.ID) == 1 && !slices.Contains(list, whole) {
			list = append(list, whole) // of some types the ARN is called a name or an id
		}
	}
	return list
}

// identified puts the identifier of a type together; "" when the ARN has too few parts. A
// single one is the last part, as of things that are below others.
func identified(typ *cfn.Type, a arn.ARN, parts []string) string {
	var id []string
	if len(typ.ID) == 1 && len(parts) > 1 {
		parts = parts[len(parts)-1:]
	}
	for _, name := range typ.ID {
		switch {
		case strings.HasSuffix(name, "Arn"):
			id = append(id, a.String())
		case strings.HasSuffix(name, "AccountId"):
			id = append(id, a.AccountID)
		case len(parts) == 0:
			return ""
		default:
			id, parts = append(id, parts[0]), parts[1:]
		}
	}
	return strings.Join(id, "|")
}

// wildcards are what stands for the "*" of a pattern in a text that is like it. A part of an
// ARN does not hold the marks between parts, but for the last one: names may have slashes.
func wildcards(pattern, text string) (parts []string, fits bool) {
	head, rest, starred := strings.Cut(pattern, "*")
	if text, fits = strings.CutPrefix(text, head); !fits || !starred {
		return nil, fits && text == ""
	}
	if rest == "" {
		return []string{text}, text != ""
	}
	end := strings.IndexAny(text, "/:")
	if end <= 0 || text[end] != rest[0] {
		return nil, false
	}
	more, fits := wildcards(rest, text[end:])
	return append([]string{text[:end]}, more...), fits
}

// locateTail asks Cloud Control for what an ARN may name; what it knows is where it is.
func (p *Provider) locateTail(ctx context.Context, a schemas.Account, parsed arn.ARN) (unit schemas.UnitKey, keys []schemas.Key, err error) {
	list := guesses(parsed)
	if len(list) == 0 {
		return unit, nil, schemas.Errorf(schemas.CodeNotFound, "nothing is known of ARNs like %s", parsed)
	}
	if a.ReadsTail() == schemas.TailOff {
		return unit, nil, schemas.Errorf(schemas.CodeInvalid, "%s is of the long tail of types (%s), which is not read in account %s", parsed, list[0].name, a.Name).
			WithHint("Have it read with 'insights account update %s --tail daily'.", a.Name)
	}
	acc, err := p.access(ctx, a)
	if err != nil {
		return unit, nil, err
	}
	for _, g := range list {
		region := cmp.Or(parsed.Region, homeRegion(acc.identity.partition))
		if _, global := globalHomes[cfn.Service(g.name)]; global {
			region = schemas.GlobalRegion
		}
		unit = schemas.UnitKey{Region: region, Service: schemas.ServiceTail}
		t := &tailRun{r: p.openTail(acc, schemas.Unit{Account: a, Unit: unit})}
		_, err := t.get(ctx, g.name, g.id)
		switch {
		case err == nil:
			return unit, []schemas.Key{{Region: region, Type: cfn.Token(g.name), ID: g.id}}, nil
		case ctx.Err() != nil:
			return unit, nil, ctx.Err()
		case !isNotFound(err, notHere...) || handlerRefused(err):
			return unit, nil, unreachable(cmp.Or(refusedAction(err), ccGet), err, "Allow "+ccGet+" and what it calls, or scan all of cloudcontrol.")
		}
	}
	return unit, nil, schemas.Errorf(schemas.CodeNotFound, "Cloud Control does not know %s by its ARN (as %s)", parsed, strings.Join(typesOf(list), ", ")).
		WithHint("If it is there, name it by its id as REGION|TYPE|ID: 'insights scan start %s --resource \"%s|%s|ID\"'.", a.Name, unit.Region, cfn.Token(list[0].name))
}

// notHere are Cloud Control's answers that a guess was wrong: there is no such resource, no such
// type in the region, no direct read of it, or its identifiers are otherwise.
var notHere = []string{"ResourceNotFoundException", "TypeNotFoundException", "UnsupportedActionException", "InvalidRequestException"}

func typesOf(list []guess) (names []string) {
	for _, g := range list {
		if !slices.Contains(names, g.name) {
			names = append(names, g.name)
		}
	}
	return names
}
