package seal

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// form is what a credential looks like wherever it stands, and texts of which one
// is in every text that holds it. Looking for them first spares most texts the
// expression, which is slow on long policy documents.
type form struct {
	needles []string
	re      *regexp.Regexp
}

func looks(re string, needles ...string) form { return form{needles, regexp.MustCompile(re)} }

// minForm is shorter than every credential that has a form.
const minForm = 20

// forms are keys in PEM, and tokens whose issuers gave them a form of their own.
// Access key ids are in it because they name their secret's owner, and leak
// together with it.
var forms = []form{
	looks(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^-]*`, "PRIVATE KEY"),
	looks(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`, "AKIA", "ASIA"),
	// In profiles, shells and JSON, also JSON inside JSON. A key may end in "/" or
	// "+", which are no word characters.
	looks(`(?i:secret)_?(?:[aA]ccess|ACCESS)_?(?i:key)\\?["']?\s*[:=]\s*\\?["']?[A-Za-z0-9/+]{40}(?:[^A-Za-z0-9/+=]|$)`, "ccess", "CCESS"),
	looks(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}`, "eyJ"), // JSON web tokens
	looks(`\bgh[pousr]_[A-Za-z0-9]{36,}\b`, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
	looks(`\bgithub_pat_[A-Za-z0-9_]{50,}\b`, "github_pat_"),
	looks(`\bglpat-[A-Za-z0-9_-]{20,}`, "glpat-"),
	looks(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`, "xox"),
	looks(`\bxapp-[0-9]-[A-Za-z0-9-]{20,}`, "xapp-"),
	looks(`hooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]+`, "hooks.slack"),
	looks(`\b[sr]k_(?:live|test)_[A-Za-z0-9]{20,}\b`, "k_live_", "k_test_"), // Stripe
	looks(`\bwhsec_[A-Za-z0-9+/]{24,}`, "whsec_"),
	looks(`\bAIza[A-Za-z0-9_-]{35}\b`, "AIza"),
	looks(`\bya29\.[A-Za-z0-9_-]{30,}`, "ya29."),
	looks(`\bnpm_[A-Za-z0-9]{36}\b`, "npm_"),
	looks(`\bpypi-[A-Za-z0-9_-]{50,}`, "pypi-"),
	looks(`\bdckr_[op]at_[A-Za-z0-9_-]{20,}`, "dckr_"),
	looks(`\bpul-[a-f0-9]{40}\b`, "pul-"),
	looks(`\bins_[A-Za-z0-9_-]{43}`, "ins_"), // our own API tokens
	looks(`\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}`, "SG."),
	looks(`\bkey-[0-9a-f]{32}\b`, "key-"),                  // Mailgun
	looks(`\bhv[bs]\.[A-Za-z0-9_-]{24,}`, "hv"),            // Vault
	looks(`\bglsa_[A-Za-z0-9_]{32,}`, "glsa_"),             // Grafana
	looks(`\bsk-(?:[a-z0-9]+-)?[A-Za-z0-9_-]{32,}`, "sk-"), // OpenAI, Anthropic
	looks(`\bhf_[A-Za-z0-9]{34}\b`, "hf_"),
	looks(`\bdop_v1_[a-f0-9]{64}\b`, "dop_v1_"),
	looks(`\bdapi[a-f0-9]{32}\b`, "dapi"), // Databricks
	looks(`\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b`, "shp"),
	looks(`\bATATT3[A-Za-z0-9_=-]{60,}`, "ATATT3"),
	looks(`\bNRAK-[A-Z0-9]{27}\b`, "NRAK-"),
	looks(`\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b`, "AGE-SECRET"),
	looks(`\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}=*`, "AccountKey=", "AccessKey="), // Azure
}

// assigned are in every text that assignment matches.
var assigned = []string{"assw", "ASSW", "assphrase", "ASSPHRASE", "ecret", "ECRET", "oken", "OKEN", "ey", "EY", "redential", "REDENTIAL"}

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// connection finds URLs with a password, also without a user, as Redis has them.
// It is read off the text, not parsed: a password that nobody escaped, or a
// placeholder in its stead, makes no valid URL.
var connection = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/"'@:]*:([^\s"'@]+)@[^\s"']+`)

// assignment finds password=…, "apiKey": "…" and the like. What stands after a
// colon is no name: arn:aws:secretsmanager:…:secret:name assigns nothing.
var assignment = regexp.MustCompile(`(?i)(?:^|[^a-z0-9:])[a-z0-9_.-]*(?:` + secretWords + `)\\?["']?\s*[:=]\s*\\?["']?([^\s"',;&\\{}()]{6,})`)

// authorization finds what is sent as an HTTP header.
var authorization = regexp.MustCompile(`(?i)\b(?:basic|bearer)\s+([a-z0-9+/_.=~-]{16,})`)

const secretWords = `password|passwd|passphrase|secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|secret[-_ ]?key|credentials?`

// secretName is the name of something whose value is a secret; secretEnds are how
// such names end, in lower case.
var (
	secretName = regexp.MustCompile(`(?i)(?:` + secretWords + `|\bpwd)$`)
	secretEnds = []string{"ord", "swd", "ase", "ret", "ken", "key", "ial", "als", "pwd"}
)

// requestName is the name of what makes a request unique, and is no secret.
var requestName = regexp.MustCompile(`(?i)(?:creation|client|request|idempotency|next|continuation)[-_ ]?token$`)

// placeholder is what stands where a password will be filled in, or stood.
var placeholder = regexp.MustCompile(`^(?:\$\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_]+|<[^>]*>|\*+|x+)$`)

// secretAccessKey is the form of an AWS secret access key alone: 40 characters
// of base64.
var secretAccessKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)

// looksSecret tells whether a text holds a credential.
func looksSecret(s string) bool { return len(findSecrets(s)) > 0 }

// findSecrets are the parts of a text that are secret. A text in base64 that
// holds any is secret as a whole.
func findSecrets(s string) []string {
	if len(s) < 8 {
		return nil
	}
	found := plainSecrets(s)
	if text := decoded(s); text != "" && len(plainSecrets(text)) > 0 {
		found = append(found, s)
	}
	return found
}

func plainSecrets(s string) (found []string) {
	for _, f := range forms {
		if len(s) >= minForm && containsAny(s, f.needles) {
			found = append(found, f.re.FindAllString(s, -1)...)
		}
	}
	if looksSecretAccessKey(s) {
		found = append(found, s)
	}
	if strings.Contains(s, "://") && strings.Contains(s, "@") {
		found = append(found, groups(connection, s, anyText)...)
	}
	if strings.ContainsAny(s, ":=") && containsAny(s, assigned) {
		found = append(found, groups(assignment, s, looksChosen)...)
	}
	if strings.Contains(s, " ") {
		found = append(found, groups(authorization, s, looksChosen)...)
	}
	return found
}

// groups are the first groups of all matches, without placeholders.
func groups(re *regexp.Regexp, s string, is func(string) bool) (found []string) {
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		if !placeholder.MatchString(m[1]) && is(m[1]) {
			found = append(found, m[1])
		}
	}
	return found
}

// isReference tells whether a text says where a secret is, not what it is.
func isReference(s string) bool {
	return strings.HasPrefix(s, "arn:") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "${") || strings.HasPrefix(s, "{{")
}

// namedSecret tells whether the value of a name is a secret: a tag called
// db-password has one, unless it only says that there is one.
func namedSecret(name, value string) bool {
	if len(name) < 3 || len(value) < minRedact || !slices.Contains(secretEnds, strings.ToLower(name[len(name)-3:])) {
		return false
	}
	return secretName.MatchString(name) && !requestName.MatchString(name) && !placeholder.MatchString(value) && !isReference(value) && !saysOnly[strings.ToLower(value)]
}

var saysOnly = map[string]bool{
	"true": true, "false": true, "none": true, "null": true, "required": true, "optional": true, "enabled": true, "disabled": true, "managed": true, "default": true,
}

// looksSecretAccessKey wants upper case, lower case and digits, as 40 random
// characters have, and paths, names and hashes in hexadecimal seldom do.
func looksSecretAccessKey(s string) bool {
	return len(s) == 40 && secretAccessKey.MatchString(s) && !strings.HasPrefix(s, "/") && looksRandom(s)
}

func looksRandom(s string) bool {
	return strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && strings.ContainsAny(s, "0123456789")
}

// looksChosen wants a digit beside letters: words after "token:" are prose.
func looksChosen(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ContainsFunc(s, unicode.IsLetter) && !isReference(s)
}

func anyText(string) bool { return true }

// decoded is the text that a text in base64 stands for, "" when there is none.
func decoded(s string) string {
	if len(s) < 16 || len(s)%4 != 0 || strings.ContainsAny(s, " :{}") {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(raw) {
		return ""
	}
	return string(raw)
}
