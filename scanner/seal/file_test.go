package seal_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestKeyRingFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "on", "the", "way", "keyring.json")
	r := must(t)(seal.Create(path))
	check := func(name string, mode os.FileMode) {
		t.Helper()
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != mode {
			t.Fatalf("%s: mode %v, %v; want %04o", name, info.Mode(), err, mode)
		}
	}
	check(path, 0o600)
	check(filepath.Dir(path), 0o700)
	must(t)(seal.Rotate(path))
	check(path, 0o600)
	wantEqual(t, opened(t, must(t)(seal.Load(path)), r.Seal(variables("hunter22"), function)), variables("hunter22"))

	use := map[string]func(string) (*seal.Ring, error){"load": seal.Load, "load or create": seal.LoadOrCreate, "rotate": seal.Rotate}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o660, 0o604, 0o611, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for name, do := range use {
			_, err := do(path)
			if schemas.CodeOf(err) != schemas.CodeDenied || !strings.Contains(hintOf(err), "chmod 600 "+path) {
				t.Errorf("%s with mode %04o: %v", name, mode, err)
			}
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		must(t)(seal.Load(path))
	}
	onlyFile(t, path)
}

// onlyFile checks that nothing was left beside the ring: temporary files hold keys too.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("found %v (%v), want only %s", entries, err, filepath.Base(path))
	}
}

func TestKeyRingIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	_, path := newRing(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = seal.Create(path)
	wantCode(t, err, schemas.CodeConflict, path)
	must(t)(seal.LoadOrCreate(path))
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the ring has changed (%v)", err)
	}
	// Also what is no ring is not ours to replace.
	other := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = seal.Create(other)
	wantCode(t, err, schemas.CodeConflict)
	_, err = seal.LoadOrCreate(other)
	wantCode(t, err, schemas.CodeInvalid)
	if raw, _ := os.ReadFile(other); string(raw) != "mine" {
		t.Error("a foreign file was replaced")
	}
}

// together runs n calls at the same moment.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestOneOfManyCreatesWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keyring.json")
	rings, errs := [16]*seal.Ring{}, [16]error{}
	together(len(rings), func(i int) { rings[i], errs[i] = seal.Create(path) })
	stays := must(t)(seal.Load(path))
	won := 0
	for i, r := range rings {
		if errs[i] != nil {
			wantCode(t, errs[i], schemas.CodeConflict)
			continue
		}
		won++
		wantEqual(t, opened(t, stays, r.Seal(variables("hunter22"), function)), variables("hunter22"))
	}
	if won != 1 {
		t.Errorf("%d of %d created the ring", won, len(rings))
	}
	onlyFile(t, path)
}

func TestLoadOrCreateAgree(t *testing.T) {
	t.Parallel()
	// Whether two find none before one creates it is a matter of luck: several rounds.
	for range 50 {
		path := filepath.Join(t.TempDir(), "keyring.json")
		rings, errs := [8]*seal.Ring{}, [8]error{}
		together(len(rings), func(i int) { rings[i], errs[i] = seal.LoadOrCreate(path) })
		for i, r := range rings {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			wantEqual(t, opened(t, rings[0], r.Seal(variables("hunter22"), function)), variables("hunter22"))
		}
		onlyFile(t, path)
	}
}

// A key that one rotation added and another one dropped would take what it has
// sealed with it.
func TestRotationsDoNotLoseEachOthersKeys(t *testing.T) {
	t.Parallel()
	r, path := newRing(t)
	rings, errs := [8]*seal.Ring{}, [8]error{}
	together(len(rings), func(i int) { rings[i], errs[i] = seal.Rotate(path) })
	last := must(t)(seal.Load(path))
	for i, r := range append(rings[:], r) {
		if i < len(errs) && errs[i] != nil {
			t.Fatal(errs[i])
		}
		wantEqual(t, opened(t, last, r.Seal(variables("hunter22"), function)), variables("hunter22"))
	}
	onlyFile(t, path)
}

func TestMissingKeyRing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keyring.json")
	_, err := seal.Load(path)
	wantCode(t, err, schemas.CodeNotFound, path)
	_, err = seal.Rotate(path)
	wantCode(t, err, schemas.CodeNotFound, path)
	_, err = seal.Load(t.TempDir())
	if err == nil {
		t.Error("a directory was read as a ring")
	}
}

// ringFile is the documented form of a key ring file.
type ringFile struct {
	Version int                 `json:"version"`
	Keys    []map[string]string `json:"keys"`
	MACKey  string              `json:"macKey"`
}

func TestDamagedKeyRing(t *testing.T) {
	t.Parallel()
	_, path := newRing(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		damage func(*ringFile)
		raw    string
		text   string
	}{
		"empty":            {raw: " ", text: "not JSON"},
		"cut short":        {raw: string(raw[:len(raw)/2]), text: "not JSON"},
		"no JSON":          {raw: "keys: secret", text: "not JSON"},
		"another kind":     {raw: `{"version":1,"keys":"` + secretKey + `"}`, text: "not JSON"},
		"no version":       {damage: func(f *ringFile) { f.Version = 0 }, text: "version: 0"},
		"newer version":    {damage: func(f *ringFile) { f.Version = 2 }, text: "version: 2"},
		"no keys":          {damage: func(f *ringFile) { f.Keys = nil }, text: "keys: at least one"},
		"no mac key":       {damage: func(f *ringFile) { f.MACKey = "" }, text: "macKey: must be 32 bytes"},
		"short mac key":    {damage: func(f *ringFile) { f.MACKey = f.MACKey[:20] }, text: "macKey: must be 32 bytes"},
		"short key":        {damage: func(f *ringFile) { f.Keys[0]["key"] = f.Keys[0]["key"][:20] }, text: "keys[0].key: must be 32 bytes"},
		"key no base64":    {damage: func(f *ringFile) { f.Keys[0]["key"] = "?" + f.Keys[0]["key"][1:] }, text: "keys[0].key: must be 32 bytes"},
		"no id":            {damage: func(f *ringFile) { f.Keys[0]["id"] = "" }, text: "keys[0].id: must be a word"},
		"id with a colon":  {damage: func(f *ringFile) { f.Keys[0]["id"] = "a:b" }, text: "keys[0].id: must be a word"},
		"id twice":         {damage: func(f *ringFile) { f.Keys = append(f.Keys, f.Keys[0]) }, text: "keys[1].id: is used twice"},
		"id and key mixed": {damage: func(f *ringFile) { k := f.Keys[0]; k["id"], k["key"] = k["key"], k["id"] }, text: "keys[0].key: must be 32 bytes"},
		"several problems": {damage: func(f *ringFile) { f.Version, f.MACKey = 7, "" }, text: "macKey: must be 32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f ringFile
			if err := json.Unmarshal(raw, &f); err != nil {
				t.Fatal(err)
			}
			secrets := []string{f.MACKey, f.Keys[0]["key"], secretKey}
			text := c.raw
			if c.damage != nil {
				c.damage(&f)
				damaged, _ := json.Marshal(f)
				text = string(damaged)
			}
			path := filepath.Join(t.TempDir(), "keyring.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, errLoad := seal.Load(path)
			_, errRotate := seal.Rotate(path)
			_, errEnv := seal.FromEnv(text)
			for _, err := range []error{errLoad, errRotate, errEnv} {
				wantCode(t, err, schemas.CodeInvalid, c.text)
				for _, s := range secrets {
					if strings.Contains(err.Error(), s[:16]) {
						t.Errorf("%v tells a key", err)
					}
				}
			}
			if after, _ := os.ReadFile(path); string(after) != text {
				t.Error("the damaged ring was changed")
			}
		})
	}
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	r, path := newRing(t)
	must(t)(seal.Rotate(path))
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inBase64 := base64.StdEncoding.EncodeToString(raw)
	for _, value := range []string{string(raw), inBase64, " " + inBase64 + " \n"} {
		got := must(t)(seal.FromEnv(value))
		wantEqual(t, opened(t, got, r.Seal(variables("hunter22"), function)), variables("hunter22"))
	}
	for _, value := range []string{"", "hunter22", base64.StdEncoding.EncodeToString([]byte("hunter22"))} {
		_, err := seal.FromEnv(value)
		wantCode(t, err, schemas.CodeInvalid, "environment")
		if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v tells the value", err)
		}
	}
}
