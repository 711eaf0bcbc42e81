package seal_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// kinds has a value of every kind of JSON, as it is after decoding.
var kinds = map[string]any{
	"text": "hunter22", "html": `a<b>&"c"`, "other letters": "pässwörd \U0001F511", "lines": "a\nb\tc", "number": 42.5, "whole": float64(1 << 52),
	"truth": true, "list": []any{"a", 1.0, nil, false}, "object": map[string]any{"k": "v", "deep": map[string]any{"n": nil}},
	"empty list": []any{}, "empty object": map[string]any{}, "zero": 0.0, "no": false,
}

func TestEveryKindComesBack(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for name, v := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := stored(t, r.Seal(variables(v), function))
			if !isSealed(at(out, "environment", "variables", "v")) {
				t.Fatalf("not sealed: %v", out)
			}
			wantEqual(t, opened(t, r, out), variables(v))
		})
	}
}

func TestFormOfASealedValue(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	s := sealed(t, r, "hunter22")
	if len(s) != 3 || s[signature] != secret {
		t.Errorf("got %v", s)
	}
	form := regexp.MustCompile(`^v1:[0-9a-f]{8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+=*$`)
	if c, _ := s["ciphertext"].(string); !form.MatchString(c) {
		t.Errorf("ciphertext %q", c)
	}
	if mac, _ := s["mac"].(string); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(mac) {
		t.Errorf("mac %q", mac)
	}
	if again := sealed(t, r, "hunter22"); again["ciphertext"] == s["ciphertext"] {
		t.Error("a nonce was used twice")
	}
}

// The mac is what hashes go by: the same value has the same one for ever.
func TestMACStaysTheSame(t *testing.T) {
	t.Parallel()
	r, path := newRing(t)
	want := sealed(t, r, "hunter22")["mac"]
	for name, ring := range map[string]*seal.Ring{
		"another nonce": r,
		"reloaded":      must(t)(seal.Load(path)),
		"rotated":       must(t)(seal.Rotate(path)),
		"rotated again": must(t)(seal.Rotate(path)),
	} {
		if got := sealed(t, ring, "hunter22")["mac"]; got != want {
			t.Errorf("%s: mac %v, want %v", name, got, want)
		}
	}
	if sealed(t, r, "hunter23")["mac"] == want {
		t.Error("another value has the same mac")
	}
	foreign, _ := newRing(t)
	if sealed(t, foreign, "hunter22")["mac"] == want {
		t.Error("a mac can be made without the key")
	}
}

func TestRotationDoesNotMoveContentHashes(t *testing.T) {
	t.Parallel()
	r, path := newRing(t)
	hash := func(r *seal.Ring, v any) string {
		t.Helper()
		p := r.Seal(map[string]any{"environment": map[string]any{"variables": map[string]any{"v": v}}, "timeout": 3}, function)
		h, err := schemas.HashContent(stored(t, p), nil, r.MAC)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	want := hash(r, "hunter22")
	if got := hash(must(t)(seal.Rotate(path)), "hunter22"); got != want {
		t.Error("rotation made the resource changed")
	}
	if hash(r, "hunter22") != want {
		t.Error("another nonce made the resource changed")
	}
	if hash(r, "hunter23") == want {
		t.Error("a changed secret is not seen")
	}
}

func TestMACReplacesOnlySecrets(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	s := sealed(t, r, "hunter22")
	got := r.MAC(map[string]any{"a": []any{s, "b"}, "c": 1})
	wantEqual(t, got, map[string]any{"a": []any{map[string]any{"sealed": s["mac"]}, "b"}, "c": 1})
}

func TestRotatedRingOpensOldValues(t *testing.T) {
	t.Parallel()
	r, path := newRing(t)
	old := r.Seal(variables("first"), function)
	rotated := must(t)(seal.Rotate(path))
	wantEqual(t, opened(t, rotated, old), variables("first"))
	fresh := rotated.Seal(variables("second"), function)
	wantEqual(t, opened(t, must(t)(seal.Load(path)), fresh), variables("second"))
	// Who still has the ring of before is told what is missing.
	_, _, err := r.Open(fresh)
	wantCode(t, err, schemas.CodeInvalid, "not in the key ring")
}

func TestForeignRingCannotOpen(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	foreign, _ := newRing(t)
	plain, secrets, err := foreign.Open(r.Seal(variables("hunter22"), function))
	wantCode(t, err, schemas.CodeInvalid)
	if plain != nil || secrets != nil {
		t.Errorf("returned %v, %v beside the error", plain, secrets)
	}
	if hint := hintOf(err); !strings.Contains(hint, "secrets.keyFile") {
		t.Errorf("hint %q does not say what to do", hint)
	}
}

func TestTamperedValuesAreRefused(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	// flip changes one character of base64 or hex in the middle of a part.
	flip := func(s string) string {
		c := byte('A')
		if s[len(s)/2] == c {
			c = 'B'
		}
		return s[:len(s)/2] + string(c) + s[len(s)/2+1:]
	}
	part := func(n int, change func(string) string) func(map[string]any) {
		return func(m map[string]any) {
			p := strings.Split(m["ciphertext"].(string), ":")
			p[n] = change(p[n])
			m["ciphertext"] = strings.Join(p, ":")
		}
	}
	other := sealed(t, r, "hunter23")
	for name, tamper := range map[string]func(map[string]any){
		"version":         part(0, func(string) string { return "v2" }),
		"key":             part(1, func(string) string { return "00000000" }),
		"nonce":           part(2, flip),
		"short nonce":     part(2, func(string) string { return "AAAA" }),
		"no nonce":        part(2, func(string) string { return "?" }),
		"ciphertext":      part(3, flip),
		"cut short":       part(3, func(s string) string { return s[:8] }),
		"no base64":       part(3, func(string) string { return "?" }),
		"a part too few":  func(m map[string]any) { m["ciphertext"] = "v1:00000000:AAAA" },
		"nothing":         func(m map[string]any) { m["ciphertext"] = "" },
		"mac":             func(m map[string]any) { m["mac"] = strings.Repeat("0", 32) },
		"mac of another":  func(m map[string]any) { m["mac"] = other["mac"] },
		"value exchanged": func(m map[string]any) { m["ciphertext"] = other["ciphertext"] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sealed(t, r, "hunter22")
			tamper(s)
			plain, secrets, err := r.Open(map[string]any{"fine": sealed(t, r, "fine"), "v": s})
			wantCode(t, err, schemas.CodeInvalid, "open a secret")
			if plain != nil || secrets != nil {
				t.Errorf("returned %v, %v beside the error", plain, secrets)
			}
			for _, word := range []string{"hunter22", "hunter23"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("%v tells a secret", err)
				}
			}
		})
	}
}
